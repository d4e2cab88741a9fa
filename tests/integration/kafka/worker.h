/* A small engine over one stream: copies the numbers of two sources to one topic, exactly once.
 *
 * Partition p of the sources goes to partition p of the output. Its own memory of a partition is
 * the offsets it committed last, so an unknown outcome is resolved as exactly-once.md 5 says:
 * rotate, fetch, compare.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKER_H
#define WORKER_H

#include "stream/kafka.h"

#define WORKER_PARTITIONS_MAX 8

struct worker_options {
    const char *group;
    const char *transactional_id;
    const char *instance_id; /* NULL: dynamic member */
    const char *sources[2];
    const char *output;
    int batch_max;  /* records a transaction */
    bool manual;    /* commits only by worker_commit(), and before partitions are given back */
    int kill_batch; /* kill -9 ourselves in the middle of this transaction; 0: never */
};

struct worker {
    struct worker_options options;
    struct cluster *cluster;
    struct stream *stream;
    bool owned[WORKER_PARTITIONS_MAX];
    int64_t next[WORKER_PARTITIONS_MAX][2];      /* after the last record taken */
    int64_t committed[WORKER_PARTITIONS_MAX][2]; /* after the last record committed */
    int batch_size;
    int batch_count;
    size_t total;               /* records committed */
    int aborted, unknown, lost; /* how often it happened */
    bool fenced;
    bool stuck; /* the broker lost the marker of a transaction that failed */
};

void worker_open(struct worker *worker, struct cluster *cluster,
                 const struct worker_options *options);
/* One poll, and a commit where it is due. True if something came. */
bool worker_turn(struct worker *worker, int timeout_ms);
/* Commits what was taken; true unless fenced. */
bool worker_commit(struct worker *worker);
/* Until nothing came for `idle_ms`, or fenced. */
void worker_run(struct worker *worker, int idle_ms);
int worker_owned_count(const struct worker *worker);
void worker_close(struct worker *worker);

#endif
