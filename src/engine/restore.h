/* Restores: partitions on their way from "assigned" to "ready", beside tasks at work (exactly-once.md 3).
 *
 * All restores of a member share one follower of the changelog. A step does a bounded piece of work: asks
 * for committed offsets, takes records of any partition, derives timers, has a checkpoint written. A restore
 * that is killed goes on where its last checkpoint stands.
 *
 * Everything belongs to the member's thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESTORE_H
#define ENGINE_RESTORE_H

#include "engine/task.h"

struct restores;
struct restores *restores_new(struct member *member);
/* Drops those that are not ready. */
void restores_free(struct restores *restores);

/* Begins with a partition that is neither a task nor being restored. One that is followed goes on from where
 * it stands. */
void restores_add(struct restores *restores, int32_t partition);
/* A standby: follows the changelog of a partition that another worker owns, without an end. The partition is
 * neither a task nor being restored nor followed. */
void restores_follow(struct restores *restores, int32_t partition);
bool restores_has(const struct restores *restores, int32_t partition);
bool restores_follows(const struct restores *restores, int32_t partition);
/* Gives a partition up; no checkpoint of it may be running. False: it is not being restored. */
bool restores_drop(struct restores *restores, int32_t partition);
/* Standbys included. */
size_t restores_count(const struct restores *restores);
/* Without standbys: those whose task somebody waits for. */
size_t restores_awaited(const struct restores *restores);
/* How much each may have pending before it writes a checkpoint. */
void restores_limit(struct restores *restores, size_t pending_max);
/* Bytes of the rows of all. */
size_t restores_memory(const struct restores *restores);
/* Whether one of them will write a checkpoint or become a task, after which there is more room. */
bool restores_make_room(const struct restores *restores);
/* Whether the last step ended for want of time, not of work. */
bool restores_hungry(const struct restores *restores);

/* Goes on for about `budget_ms`, waiting for records not longer than `wait_ms`. *ready_out: a task at its
 * committed position, the caller's from now on; NULL: none yet. STATUS_FATAL: something does not fit, the
 * text says what to do. */
MUST_CHECK enum status restores_step(struct restores *restores, int64_t budget_ms, int wait_ms,
                                     struct task **ready_out, struct error *error);

#endif
