/* All problems of an input, collected and shown at once: FILE:LINE: what is wrong.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PROBLEMS_H
#define BASE_PROBLEMS_H

#include "base/buffer.h"

/* Zero-initialise. */
struct problems {
    struct buffer text; /* one line a problem, each ended by a newline */
    size_t count;
};

/* `line` 0: about the whole file. */
void problems_add(struct problems *problems, const char *file, size_t line, const char *format, ...)
    PRINTF_LIKE(4, 5);
void problems_release(struct problems *problems);

#endif
