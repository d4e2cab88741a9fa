/* Writes checkpoints beside processing, one at a time, on a thread of its own.
 *
 * The member's thread begins and ends a checkpoint; only state_checkpoint_write() runs here. All calls
 * come from the member's thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CHECKPOINTER_H
#define ENGINE_CHECKPOINTER_H

#include "store/state.h"

struct checkpointer;
struct checkpointer *checkpointer_new(void);
/* Nothing may be running: checkpointer_wait() first. */
void checkpointer_free(struct checkpointer *checkpointer);

/* Whether a checkpoint is running or not yet ended. */
bool checkpointer_busy(const struct checkpointer *checkpointer);

/* Freezes what is pending in `state` and writes it beside. The checkpointer must not be busy. */
void checkpointer_start(struct checkpointer *checkpointer, struct state *state);

/* Ends a checkpoint that is written; STATUS_OK if none is. */
MUST_CHECK enum status checkpointer_poll(struct checkpointer *checkpointer, struct error *error);

/* Waits for the running checkpoint, if any, and ends it. */
MUST_CHECK enum status checkpointer_wait(struct checkpointer *checkpointer, struct error *error);

#endif
