/* A growable run of bytes, owned. Memory that cannot be had ends the process: a worker that goes on
 * without it would have to guess.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include "base/bytes.h"
#include "base/status.h"

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

void buffer_release(struct buffer *buffer);

/* Makes room for `size` more bytes and returns where they go; `buffer->size` is not changed. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t size);

void buffer_append(struct buffer *buffer, struct bytes value);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

static inline void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
}

/* Borrowed until the next change of the buffer. */
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data != NULL ? buffer->data : (const uint8_t *)"", buffer->size);
}

/* malloc and realloc that end the process on failure; sizes above PTRDIFF_MAX assert. */
void *memory_get(size_t size);
void *memory_resize(void *memory, size_t size);
char *memory_text(const char *text);

#endif
