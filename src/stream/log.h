/* The in-process log: a cluster in a directory or in memory, for the embedded default, scenarios,
 * backtests and the simulation.
 *
 * One journal holds everything in commit order: a transaction (records of any topics and the offsets of a
 * group) is one checksummed block, written by one write(2); a block that is torn at the end of the last
 * segment never happened. So a transaction is atomic, read_committed is all there is, and commit order
 * is file order. Offsets of a partition are dense.
 *
 * Barriers: a record is read before all records of a higher barrier. cluster append() gives its records
 * the barriers (highest barrier in the log + 1 + output.barrier); a stream's outputs carry the barrier
 * that the caller states.
 *
 * A stream reads ahead at most LOG_WINDOW unreleased records of a partition; STREAM_NOTHING means that
 * every assigned partition is at its window or its end, so the caller sees the head of each. All
 * partitions are assigned to the one stream of a group, in ascending order, by its first polls.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_LOG_H
#define STREAM_LOG_H

#include "stream/stream.h"

#define LOG_WINDOW 64

/* Called for each record of a committed transaction, in order, after it is durable. `offset` is its
 * offset in the partition. */
typedef void log_tap(void *context, const char *topic, int32_t partition, int64_t offset,
                     const struct stream_output *record);

struct log_options {
    const char *directory; /* made if missing; NULL: memory only */
    bool sync;             /* fdatasync after each transaction (survives power loss, not only kill -9) */
    log_tap *tap;          /* may be NULL */
    void *tap_context;
};

/* STATUS_FATAL: in use by another process, not a log of ours, damaged before its end, disk full. */
MUST_CHECK enum status log_open(const struct log_options *options, struct cluster **cluster_out,
                                struct error *error);

/* Whether `cluster` is an in-process log. */
bool cluster_is_log(const struct cluster *cluster);

/* For tests and simulation: the transaction number `nth` from now (1: the next) fails with `outcome`
 * (COMMIT_ABORTED, COMMIT_UNKNOWN without effect, or COMMIT_UNKNOWN with effect if `applied`). */
void log_fail_commit(struct cluster *cluster, unsigned nth, enum commit_outcome outcome,
                     bool applied);

#endif
