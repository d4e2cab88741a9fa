/* The list of problems is one text.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/problems.h"

#include <stdarg.h>
#include <stdio.h>

void problems_add(struct problems *problems, const char *file, size_t line, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (line > 0) {
        buffer_printf(&problems->text, "%s:%zu: %s\n", file, line, text);
    } else {
        buffer_printf(&problems->text, "%s: %s\n", file, text);
    }
    problems->count++;
}

void problems_release(struct problems *problems)
{
    buffer_release(&problems->text);
    problems->count = 0;
}
