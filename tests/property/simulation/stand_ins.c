/* What stands in for the engine's own clock, log, pauses and checkpoint thread: the same functions, linked before
 * base/time.c, engine/log.c and engine/checkpointer.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "engine/checkpointer.h"
#include "engine/log.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t clock_monotonic_ms(void)
{
    return world->now_ms;
}

int64_t clock_wall_ms(void)
{
    const struct worker *worker = worker_in_hand();
    return wall_ms() + (worker == NULL ? 0 : worker->skew_ms);
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)left;
    pause_ms(1 + (int64_t)time->tv_sec * SECOND_MS + time->tv_nsec / 1000000);
    return 0;
}

void log_from(enum log_level level)
{
    (void)level;
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    trace(event, (int64_t)level, 0, 0);
    if (world->shown) {
        va_list list;
        va_start(list, format);
        printf("         ");
        vprintf(format, list);
        printf("\n");
        va_end(list);
    }
}

/* The writer beside writes when its member looks, or is told to wait: at any later moment, that is. */
struct checkpointer {
    struct state *state; /* NULL: idle */
};

struct checkpointer *checkpointer_new(void)
{
    struct checkpointer *checkpointer = memory_get(sizeof(*checkpointer));
    *checkpointer = (struct checkpointer){.state = NULL};
    return checkpointer;
}

void checkpointer_free(struct checkpointer *checkpointer)
{
    free(checkpointer);
}

bool checkpointer_busy(const struct checkpointer *checkpointer)
{
    return checkpointer->state != NULL;
}

void checkpointer_start(struct checkpointer *checkpointer, struct state *state)
{
    ASSERT(!checkpointer_busy(checkpointer));
    state_checkpoint_begin(state);
    checkpointer->state = state;
}

enum status checkpointer_wait(struct checkpointer *checkpointer, struct error *error)
{
    struct state *state = checkpointer->state;
    if (state == NULL) {
        return STATUS_OK;
    }
    state_checkpoint_write(state);
    checkpointer->state = NULL;
    return state_checkpoint_end(state, error);
}

enum status checkpointer_poll(struct checkpointer *checkpointer, struct error *error)
{
    return random_once_in(&world->schedule, 3) ? checkpointer_wait(checkpointer, error) : STATUS_OK;
}
