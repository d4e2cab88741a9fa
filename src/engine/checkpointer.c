/* An errand and the state it is about.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/checkpointer.h"

#include "base/assert.h"
#include "engine/errand.h"

#include <stdlib.h>

struct checkpointer {
    struct errand *errand;
    struct state *state; /* of the checkpoint under way */
};

struct checkpointer *checkpointer_new(void)
{
    struct checkpointer *checkpointer = memory_get(sizeof(*checkpointer));
    *checkpointer = (struct checkpointer){.errand = errand_new(true)};
    return checkpointer;
}

void checkpointer_free(struct checkpointer *checkpointer)
{
    if (checkpointer != NULL) {
        ASSERT(!checkpointer_busy(checkpointer));
        errand_free(checkpointer->errand);
        free(checkpointer);
    }
}

bool checkpointer_busy(const struct checkpointer *checkpointer)
{
    return errand_busy(checkpointer->errand);
}

static void write_checkpoint(void *state)
{
    state_checkpoint_write(state);
}

void checkpointer_start(struct checkpointer *checkpointer, struct state *state)
{
    ASSERT(!checkpointer_busy(checkpointer));
    state_checkpoint_begin(state);
    checkpointer->state = state;
    errand_post(checkpointer->errand, write_checkpoint, state);
}

static enum status end(struct checkpointer *checkpointer, int timeout_ms, struct error *error)
{
    const bool busy = checkpointer_busy(checkpointer);
    return busy && errand_wait(checkpointer->errand, timeout_ms)
               ? state_checkpoint_end(checkpointer->state, error)
               : STATUS_OK;
}

enum status checkpointer_poll(struct checkpointer *checkpointer, struct error *error)
{
    return end(checkpointer, 0, error);
}

enum status checkpointer_wait(struct checkpointer *checkpointer, struct error *error)
{
    return end(checkpointer, ERRAND_FOREVER, error);
}
