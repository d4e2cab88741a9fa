/* What a start knows of a task: its store, what the group committed, whether they fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TASK_OPEN_H
#define ENGINE_TASK_OPEN_H

#include "engine/task.h"

/* Where a task has to get before it may judge. */
struct task_aim {
    struct task_mark mark; /* of the last commit */
    int64_t offsets[TOPOLOGY_SOURCES_MAX];
    int64_t from;     /* changelog offset to read from: what the store lacks, or its last meta record */
    int64_t target;   /* the offset after the last one that it needs; not above `from`: nothing is read */
    bool first_start; /* nothing was ever committed: there must be no record up to `target` */
};

/* A task without a store. task_close() also closes one that did not get far. */
struct task *task_new(struct member *member, int32_t partition);
/* Opens the store, `committed` is what it says. STATUS_FATAL: in use, corrupt, or not this task's. */
MUST_CHECK enum status task_open_store(struct task *task, struct error *error);
/* Compares the store with the group's stable offsets; a store older than the changelog's tombstones is moved
 * away. STATUS_RETRY: offsets are not stable or brokers do not answer, ask again. STATUS_FATAL: what they
 * say does not fit (E4 and exactly-once.md 3). */
MUST_CHECK enum status task_aim(struct task *task, struct task_aim *aim_out, struct error *error);
/* What a standby reads: from where its store stands; `target` is what is stable now. */
MUST_CHECK enum status task_follow(struct task *task, struct task_aim *aim_out, struct error *error);
/* The rows of the changelog up to `next` are in the store's pending map, timers included. `meta`: the record
 * before `next`; data NULL: that is no transaction's last, and the rest must be read before anything is
 * judged. */
MUST_CHECK enum status task_passed(struct task *task, struct bytes meta, int64_t next,
                                   struct error *error);
/* The same without timers: the store is bare, its next owner reads on from `next` and makes all timers then. */
#define TASK_BARE_SEQ (-1) /* its commit_seq, which no committed position has */
void task_passed_bare(struct task *task, int64_t next);
/* As task_passed() of all rows that `aim` asks for; the task may begin. `meta` is the last one read.
 * STATUS_FATAL: they end with another transaction, so it is not the changelog that the store comes from. */
MUST_CHECK enum status task_reached(struct task *task, const struct task_aim *aim, struct bytes meta,
                                    struct error *error);

#endif
