/* A thread that runs one blocking call at a time for its owner: no queue, so nothing piles up.
 *
 * Post, then poll or wait until it is over; the next one may be posted then. What the call works on is
 * the errand's in between. All calls come from the owner's thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ERRAND_H
#define ENGINE_ERRAND_H

#include <stdbool.h>

typedef void errand_call(void *context);

struct errand;
/* `beside`: on a thread of its own. Else the call runs inside the errand_wait() that follows, so that
 * a run has one order of events: the in-process log, tests and simulation. */
struct errand *errand_new(bool beside);
/* Waits for a call under way; one that is not beside and was not waited for does not run. NULL is legal. */
void errand_free(struct errand *errand);

/* The last call was taken by errand_wait(). */
void errand_post(struct errand *errand, errand_call *call, void *context);
/* Whether a call was posted that no errand_wait() has taken yet. */
bool errand_busy(const struct errand *errand);
/* Waits at most so long for the end of the call; 0 only looks, ERRAND_FOREVER. True: over, or nothing was
 * posted. */
#define ERRAND_FOREVER (-1)
bool errand_wait(struct errand *errand, int timeout_ms);

#endif
