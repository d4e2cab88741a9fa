/* The in-process log: a cluster in a directory or in memory, for the embedded default, scenarios,
 * backtests and the simulation.
 *
 * One journal holds everything in commit order: a transaction (records of any topics and the
 * offsets of a group) is one checksummed block, written by one write; a block that is torn at the
 * end of the last segment never happened. So a transaction is atomic, read_committed is all there
 * is, and commit order is file order. Offsets of a partition are dense.
 *
 * Barriers: a record is read before all records of a higher barrier. cluster append() gives its
 * records the barriers (highest barrier in the log + 1 + output.barrier); a stream's outputs carry
 * the barrier that the caller states. The log keeps barriers, the caller acts on them.
 *
 * A stream reads ahead at most LOG_WINDOW unreleased records of a partition of a source;
 * STREAM_NOTHING means that every assigned partition is at its window or its end, so the caller
 * sees the head of each. All partitions are assigned to the one stream of a group, in ascending
 * order, by its first polls.
 *
 * Everything of one log (streams, readers, append) is called from one thread; nothing arrives while
 * a call waits. Close streams and readers before the cluster. DIR holds `format` (the marker, with
 * the cluster id), `lock` and `log/`; open the log before anything else is put there, the rest is
 * the caller's.
 *
 * A commit that cannot be written (disk full) gives COMMIT_ABORTED with error->status STATUS_FATAL:
 * nothing of the transaction is in the log and the process must stop. Every abort and
 * COMMIT_UNKNOWN make rotation due: begin() asserts that rotate() was called. commit() asserts
 * that no other transaction or append() wrote to a partition whose produced_next() was given out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_LOG_H
#define STREAM_LOG_H

#include "stream/stream.h"

#define LOG_WINDOW 64

/* Called for each record of a committed transaction, in order, after it is durable. `offset` is its
 * offset in the partition. Must not call the log. */
typedef void log_tap(void *context, const char *topic, int32_t partition, int64_t offset,
                     const struct stream_output *record);

struct log_options {
    const char *directory; /* made if missing; NULL: memory only */
    bool sync;    /* fdatasync after each transaction: survives power loss, not only kill -9 */
    log_tap *tap; /* may be NULL */
    void *tap_context;
    size_t segment_size; /* bytes of a segment file; 0: 64 MiB */
};

/* STATUS_FATAL: in use by another process, not a log of ours, damaged before its end, disk full. */
MUST_CHECK enum status log_open(const struct log_options *options, struct cluster **cluster_out,
                                struct error *error);

/* Whether `cluster` is an in-process log. */
bool cluster_is_log(const struct cluster *cluster);

/* Bytes of a transaction that a killed process left unfinished and log_open() cut off. */
uint64_t log_torn_bytes(const struct cluster *cluster);

/* For tests and simulation: the commit number `nth` of any stream from now (1: the next) fails with
 * `outcome` (COMMIT_ABORTED, COMMIT_FENCED, COMMIT_UNKNOWN without effect, or COMMIT_UNKNOWN with
 * effect if `applied`). One is planned at a time; `nth` 0 takes it back. */
void log_fail_commit(struct cluster *cluster, unsigned nth, enum commit_outcome outcome,
                     bool applied);

#endif
