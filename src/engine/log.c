/* Log lines with a rate limit per event.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/log.h"

#include "base/assert.h"
#include "base/time.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { EVENTS_MAX = 64, LINES_MAX = 20 };
#define PERIOD_MS (10 * SECOND_MS)

/* The only state of the process besides the stop flag: what is written and was lately. */
static struct {
    pthread_mutex_t mutex;
    enum log_level least;
    struct {
        const char *event;
        int64_t since_ms;
        int lines;
        int dropped;
    } events[EVENTS_MAX];
} limiter = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* -1: drop the line; else the number of lines dropped before it. */
static int admit(const char *event)
{
    const int64_t now = clock_monotonic_ms();
    size_t i = 0;
    while (i < EVENTS_MAX - 1 && limiter.events[i].event != NULL &&
           strcmp(limiter.events[i].event, event) != 0) {
        i++;
    }
    if (limiter.events[i].event == NULL || now - limiter.events[i].since_ms >= PERIOD_MS) {
        const int dropped = limiter.events[i].dropped;
        limiter.events[i].event = event;
        limiter.events[i].since_ms = now;
        limiter.events[i].lines = 1;
        limiter.events[i].dropped = 0;
        return dropped;
    }
    if (limiter.events[i].lines < LINES_MAX) {
        limiter.events[i].lines++;
        return 0;
    }
    limiter.events[i].dropped++;
    return -1;
}

void log_from(enum log_level level)
{
    pthread_mutex_lock(&limiter.mutex);
    limiter.least = level;
    pthread_mutex_unlock(&limiter.mutex);
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    static const char *const names[] = {
        [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ALARM] = "alarm"};
    pthread_mutex_lock(&limiter.mutex);
    const int dropped = level < limiter.least ? -1 : admit(event);
    if (dropped >= 0) {
        const int64_t now_ms = clock_wall_ms();
        const time_t seconds = (time_t)(now_ms / SECOND_MS);
        struct tm calendar = {0};
        gmtime_r(&seconds, &calendar);
        char when[32];
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &calendar);
        fprintf(stderr, "time=%s.%03dZ level=%s event=%s ", when, (int)(now_ms % SECOND_MS),
                names[level], event);
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        if (dropped > 0) {
            fprintf(stderr, " dropped_lines=%d", dropped);
        }
        fputc('\n', stderr);
    }
    pthread_mutex_unlock(&limiter.mutex);
}
