/* What stands in for the engine's own clock, log, pauses and threads: the same functions, linked before those of
 * base/time.c, engine/log.c and engine/errand.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "engine/crash.h"
#include "engine/errand.h"
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

/* A fiber gives way at calls of the stream and of the store, never with a record in hand: no kill counts. */
enum status __wrap_crash_watch_open(const char *path, struct crash_watch **watch_out,
                                    uint32_t *crashes_out, struct error *error);
enum status __wrap_crash_watch_open(const char *path, struct crash_watch **watch_out,
                                    uint32_t *crashes_out, struct error *error)
{
    (void)path;
    (void)error;
    *watch_out = NULL;
    *crashes_out = 0;
    return STATUS_OK;
}

/* A call beside runs as a fiber of its own: at any later moment, in pieces. */
struct errand {
    bool beside;
    bool posted;
    bool over;
    errand_call *call;
    void *context;
};

struct errand *errand_new(bool beside)
{
    struct errand *errand = memory_get(sizeof(*errand));
    *errand = (struct errand){.beside = beside};
    return errand;
}

void errand_free(struct errand *errand)
{
    if (errand != NULL && errand->beside) {
        errand_wait(errand, ERRAND_FOREVER);
    }
    free(errand);
}

static void errand_run(void *argument)
{
    struct errand *errand = argument;
    errand->call(errand->context);
    errand->over = true;
}

void errand_post(struct errand *errand, errand_call *call, void *context)
{
    ASSERT(!errand->posted);
    errand->posted = true;
    errand->over = false;
    errand->call = call;
    errand->context = context;
    if (errand->beside && worker_in_hand() != NULL) {
        fiber_start(worker_in_hand(), errand_run, errand);
    }
}

bool errand_busy(const struct errand *errand)
{
    return errand->posted;
}

bool errand_wait(struct errand *errand, int timeout_ms)
{
    if (!errand->posted) {
        return true;
    }
    if (!errand->beside || worker_in_hand() == NULL) { /* or in the replay */
        errand_run(errand);
    }
    const int64_t until_ms = world->now_ms + timeout_ms;
    while (!errand->over && (timeout_ms == ERRAND_FOREVER || world->now_ms < until_ms)) {
        pause_ms(1);
    }
    errand->posted = !errand->over;
    return errand->over;
}
