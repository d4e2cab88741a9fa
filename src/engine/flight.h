/* A transaction on its way to the brokers: what a batch came to, and what became of it.
 *
 * The member's thread fills it and takes its result; in between flight_run() owns it and may run on
 * another thread beside the judging of the next batch. What it touches of the member: stream calls of
 * the transaction, names, settings and the sealed part of its tasks, none of which the member changes
 * meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_FLIGHT_H
#define ENGINE_FLIGHT_H

#include "base/digest.h"
#include "engine/outputs.h"

struct member;
struct task;

struct flight {
    struct member *member;
    struct outputs outputs;
    struct task **tasks; /* whose transaction it is */
    size_t task_count;
    size_t task_capacity;
    bool rotated; /* the producer is new: told in the receipts */

    /* Scratch of flight_run(). */
    struct buffer buffer;
    void *row;
    struct digest_stream *state_hash;

    /* The result. STATUS_OK: see outcome; else the process ends and the next start settles it. */
    enum status status;
    enum commit_outcome outcome;
    struct error error;
};

void flight_init(struct flight *flight, struct member *member);
void flight_release(struct flight *flight);

void flight_add(struct flight *flight, struct task *task);
/* Begin, produce, flush, offsets, commit; an abort where one of them asks for it. The argument is the
 * flight. */
void flight_run(void *flight);

#endif
