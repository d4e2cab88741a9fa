/* engine: poll, decode, judge, save, publish, commit; owns order, batches and the clock.
 *
 * One log line an event, `key=value`, on standard error. Never a subject, a payload or a key. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LOG_H
#define ENGINE_LOG_H

#include "base/status.h"

enum log_level {
    LOG_INFO,
    LOG_WARNING,
    LOG_ALARM, /* somebody should look now */
};

/* Lines below `level` are not written from now on: for commands that run the engine in passing. */
void log_from(enum log_level level);

/* "time=... level=... event=<event> <format...>"; `format` gives further key=value pairs. The same event
 * is written at most 20 times in 10 s; the next line after that says how many were dropped. */
void log_line(enum log_level level, const char *event, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
