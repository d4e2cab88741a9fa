/* A worker's connection to the simulated brokers: struct stream as librdkafka would have it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIMULATION_CLIENT_H
#define SIMULATION_CLIENT_H

#include "broker.h"

struct unsent {
    struct place place;
    struct entry entry;
    int64_t offset; /* -1: not sent */
};

enum hold { HOLD_NONE, HOLD_OFFERED, HOLD_READING, HOLD_LEAVING };

enum { EVENTS_MAX = 64 };

struct client {
    struct stream stream;
    struct worker *worker;
    unsigned life; /* of the worker, when it was opened */
    struct group *group;
    uint32_t sources[STREAM_SOURCES_MAX]; /* topics */
    uint32_t source_count;
    char instance[32];
    /* the producer */
    struct transaction *transaction;
    int32_t epoch;
    bool open;
    bool flushed;
    bool rotation_due;
    int64_t began_ms;
    struct unsent *batch;
    size_t batch_count;
    size_t batch_capacity;
    size_t sent_count;
    /* the consumer */
    int32_t generation; /* that it knows; -1: not joined */
    bool expelled;      /* the group threw it out and it does not know yet */
    bool fenced;        /* another process has its instance id */
    bool closed;
    bool told_fenced; /* the engine knows that another process has its transactional id */
    int64_t silent_since_ms; /* dead or paused; INT64_MAX: not */
    enum hold holds[PARTITIONS_MAX];
    int64_t next[PARTITIONS_MAX][STREAM_SOURCES_MAX];
    struct judged_list judged[PARTITIONS_MAX]; /* released and not yet sent with offsets */
    struct {
        enum stream_event event;
        int32_t partition;
    } events[EVENTS_MAX];
    unsigned event_first;
    unsigned event_count;
};

/* Whether its process lives and runs. */
bool client_alive(const struct client *client);
void client_event(struct client *client, enum stream_event event, int32_t partition);

extern struct cluster simulated_cluster;

void judged_add(struct judged_list *list, struct judged judged);

#endif
