/* The text of an error, and assertions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    ASSERT(status != STATUS_OK);
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof(error->text), format, arguments);
        va_end(arguments);
        error->status = status;
    }
    return status;
}

static _Thread_local struct {
    const char *topic;
    int partition;
    long long offset;
} context;

void assert_context_set(const char *topic, int partition, long long offset)
{
    context.topic = topic;
    context.partition = partition;
    context.offset = offset;
}

_Noreturn void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "assertion failed: %s at %s:%d", condition, file, line);
    if (context.topic != NULL) {
        fprintf(stderr, ", topic '%s' partition %d offset %lld", context.topic, context.partition,
                context.offset);
    }
    fputc('\n', stderr);
    abort();
}
