/* The timers of one task, in order of (due time, key).
 *
 * Each is a row "t" + big-endian due time + key of the task's state, so timers survive what the state
 * survives. In memory lies a window of the earliest ones; it is refilled from the rows and thrown away on
 * an abort. A timer that was moved leaves its old entry in the window: the rows say which is set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TIMERS_H
#define ENGINE_TIMERS_H

#include "base/status.h"
#include "store/state.h"

struct timer {
    int64_t due_ms;
    struct bytes key; /* borrowed until the next call */
};

struct timers;
/* `state` must outlive the timers. */
struct timers *timers_new(struct state *state);
void timers_free(struct timers *timers);

/* The key's timer moves from `before_ms` to `due_ms`; TIME_NEVER_MS: none. */
void timers_move(struct timers *timers, struct bytes key, int64_t before_ms, int64_t due_ms);

/* The earliest timer. *found_out false: there is none. */
MUST_CHECK enum status timers_first(struct timers *timers, struct timer *timer_out,
                                    bool *found_out, struct error *error);
/* Whether the timer that timers_first() gave is still set; one that is not leaves the window. */
MUST_CHECK enum status timers_check(struct timers *timers, const struct timer *timer, bool *set_out,
                                    struct error *error);
/* Takes the timer that timers_first() gave out of the window, and its row. */
void timers_take(struct timers *timers, const struct timer *timer);

/* Forgets the window (after an abort or a restore); the rows are the truth. */
void timers_forget(struct timers *timers);

#endif
