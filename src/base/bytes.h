/* base: bytes, buffer, arena, time type, error, assert, digest, table; no domain words.
 *
 * A borrowed run of bytes: never freed by its holder, valid as long as what it points into.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* `data` NULL means absent (null); an empty run that is present has a non-NULL `data`. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes left, struct bytes right)
{
    if (left.size != right.size || (left.data == NULL) != (right.data == NULL)) {
        return false;
    }
    return left.size == 0 || memcmp(left.data, right.data, left.size) == 0;
}

/* Byte order, shorter first on a tie: the order of keys in a store. */
static inline int bytes_compare(struct bytes left, struct bytes right)
{
    const size_t common = left.size < right.size ? left.size : right.size;
    const int order = common == 0 ? 0 : memcmp(left.data, right.data, common);
    return order != 0 ? order : (left.size > right.size) - (left.size < right.size);
}

static inline bool bytes_is(struct bytes value, const char *text)
{
    return bytes_equal(value, bytes_text(text));
}

/* For printf's "%.*s". */
#define BYTES_PRINT(value) (int)(value).size, (const char *)(value).data

#endif
