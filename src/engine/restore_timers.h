/* Timers of restored rows: the changelog does not hold them, they follow from the rows of subjects.
 *
 * A tail of the changelog changes few rows of many, so each changed one is compared with the row below it. A
 * state that is read from nothing would pay for that with a read of the store for every record; its timers
 * are made in one pass over the store instead, once all rows are in it.
 *
 * Everything belongs to the member's thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESTORE_TIMERS_H
#define ENGINE_RESTORE_TIMERS_H

#include "engine/task.h"

/* Of the pending rows: looks at the next `slots` places of the pending map from *place (0 at first) on.
 * *end_out: that was the last one. */
MUST_CHECK enum status timers_of_pending(struct task *task, size_t *place, size_t slots, bool *end_out,
                                         struct error *error);

/* How far a pass over the store is. Zero-initialise. */
struct timers_pass {
    bool cleared;       /* no timer of an earlier life is left */
    struct buffer from; /* the next key; empty: the first one */
};

/* Of all rows of the store: first the timer rows that are there are removed, then those of every row set;
 * about `count` rows of the store in one call. Only timer rows may be pending meanwhile, and a pass that was
 * cut off begins anew. *end_out: that was the last one. */
MUST_CHECK enum status timers_of_store(struct task *task, struct timers_pass *pass, size_t count,
                                       bool *end_out, struct error *error);
/* It can begin again. */
void timers_pass_release(struct timers_pass *pass);

#endif
