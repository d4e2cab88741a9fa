/* Growable bytes and checked memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *memory_get(size_t size)
{
    ASSERT(size <= PTRDIFF_MAX);
    void *memory = malloc(size > 0 ? size : 1);
    ASSERT(memory != NULL);
    return memory;
}

void *memory_resize(void *memory, size_t size)
{
    ASSERT(size <= PTRDIFF_MAX);
    void *moved = realloc(memory, size > 0 ? size : 1);
    ASSERT(moved != NULL);
    return moved;
}

char *memory_text(const char *text)
{
    const size_t size = strlen(text) + 1;
    return memcpy(memory_get(size), text, size);
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->capacity - buffer->size < size) {
        ASSERT(size <= PTRDIFF_MAX - buffer->size);
        const size_t needed = buffer->size + size;
        const size_t doubled = buffer->capacity < 64 ? 64 : buffer->capacity * 2;
        buffer->capacity = doubled > needed ? doubled : needed;
        buffer->data = memory_resize(buffer->data, buffer->capacity);
    }
    return buffer->data + buffer->size;
}

void buffer_append(struct buffer *buffer, struct bytes value)
{
    uint8_t *place = buffer_reserve(buffer, value.size);
    if (value.size > 0) {
        memcpy(place, value.data, value.size);
    }
    buffer->size += value.size;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ASSERT(size >= 0);
    char *place = (char *)buffer_reserve(buffer, (size_t)size + 1);
    vsnprintf(place, (size_t)size + 1, format, again);
    va_end(again);
    buffer->size += (size_t)size;
}
