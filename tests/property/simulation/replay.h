/* The reference: the same engine, one thread, no faults, on the inputs of every task in the order in which the
 * run committed them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIMULATION_REPLAY_H
#define SIMULATION_REPLAY_H

#include "broker.h"

struct output {
    struct place place;
    int64_t timestamp_ms;
    struct bytes key;
    struct bytes value;
};

struct output_list {
    struct output *items;
    size_t count;
    size_t capacity;
};
void output_add(struct output_list *list, const struct output *output);

/* Replays one topology; adds what it puts out. The member, whose tasks stand where they ended, stays open; NULL:
 * a violation was told. */
struct member *replay(const struct group *group, struct output_list *outputs);

#endif
