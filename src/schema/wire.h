/* Avro's wire forms, inline: variable-length numbers, lengths, UTF-8.
 *
 * A reader returns where it stopped, or NULL if the bytes are not what they must be; it never reads
 * at or behind `end`. A writer needs WIRE_NUMBER_SIZE bytes of room and returns where it stopped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_WIRE_H
#define SCHEMA_WIRE_H

#include "base/bytes.h"

/* The longest variable-length number. */
#define WIRE_NUMBER_SIZE 10

#define WIRE_INLINE static inline __attribute__((always_inline))

/* For a large local that is written before it is read: the build fills all others with zeros. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define WIRE_UNINITIALIZED __attribute__((uninitialized))
#else
#define WIRE_UNINITIALIZED
#endif

/* `next` NULL: truncated, or more than 64 bits. */
struct wire_number {
    uint64_t value;
    const uint8_t *next;
};

/* Whether `size` bytes from `text` are well-formed UTF-8 (no surrogate, nothing overlong). */
bool wire_utf8_slow(const uint8_t *text, size_t size);
/* Bytes of the first character, 0 if there is no well-formed one. */
size_t wire_utf8_length(const uint8_t *text, size_t size);

WIRE_INLINE uint64_t wire_load_8(const uint8_t *from)
{
    uint64_t value = 0;
    memcpy(&value, from, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

WIRE_INLINE void wire_store_8(uint8_t *to, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    memcpy(to, &value, sizeof(value));
}

WIRE_INLINE int64_t wire_zigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

WIRE_INLINE uint64_t wire_unzigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (0 - ((uint64_t)value >> 63));
}

/* Numbers of any length, and those close to the end. */
struct wire_number wire_read_bytewise(const uint8_t *at, const uint8_t *end);

/* Up to 8 bytes (a timestamp has 6) without a loop: the groups of 7 bits are moved together. */
WIRE_INLINE struct wire_number wire_read_long(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 8) {
        return wire_read_bytewise(at, end);
    }
    uint64_t value = wire_load_8(at);
    const uint64_t stops = ~value & UINT64_C(0x8080808080808080);
    if (stops == 0) {
        return wire_read_bytewise(at, end);
    }
    const unsigned last_bit = (unsigned)__builtin_ctzll(stops);
    value &= UINT64_C(0x7f7f7f7f7f7f7f7f) & (stops ^ (stops - 1));
    value = (value & UINT64_C(0x007f007f007f007f)) | (value & UINT64_C(0x7f007f007f007f00)) >> 1;
    value = (value & UINT64_C(0x00003fff00003fff)) | (value & UINT64_C(0x3fff00003fff0000)) >> 2;
    value = (value & UINT64_C(0x000000000fffffff)) | (value & UINT64_C(0x0fffffff00000000)) >> 4;
    return (struct wire_number){value, at + last_bit / 8 + 1};
}

WIRE_INLINE struct wire_number wire_read_number(const uint8_t *at, const uint8_t *end)
{
    if (__builtin_expect(at < end && *at < 0x80, 1)) {
        return (struct wire_number){*at, at + 1};
    }
    return wire_read_bytewise(at, end);
}

/* A length and as many bytes. */
WIRE_INLINE const uint8_t *wire_read_bytes(const uint8_t *at, const uint8_t *end,
                                           struct bytes *value_out)
{
    const struct wire_number length = wire_read_number(at, end);
    const uint64_t size = length.value >> 1;
    if (__builtin_expect(length.next == NULL || (length.value & 1) != 0 ||
                             size > (uint64_t)(end - length.next),
                         0)) {
        return NULL;
    }
    *value_out = bytes_of(length.next, (size_t)size);
    return length.next + size;
}

/* Whether all bytes are below 0x80: eight at a time, the last eight overlapping. */
WIRE_INLINE bool wire_ascii(const uint8_t *text, size_t size)
{
    uint64_t high = 0;
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            high |= wire_load_8(text + i);
        }
        high |= wire_load_8(text + size - 8);
    } else {
        for (size_t i = 0; i < size; i++) {
            high |= text[i];
        }
    }
    return (high & UINT64_C(0x8080808080808080)) == 0;
}

WIRE_INLINE bool wire_utf8(const uint8_t *text, size_t size)
{
    return __builtin_expect(wire_ascii(text, size), 1) || wire_utf8_slow(text, size);
}

uint8_t *wire_write_bytewise(uint8_t *at, uint64_t value);

/* Up to 8 bytes without a loop: the reverse of wire_read_long(). */
WIRE_INLINE uint8_t *wire_write_long(uint8_t *at, uint64_t value)
{
    if (value >> 56 != 0) {
        return wire_write_bytewise(at, value);
    }
    const unsigned size = (70 - (unsigned)__builtin_clzll(value | 1)) / 7;
    value = (value & UINT64_C(0x000000000fffffff)) | (value & UINT64_C(0x00fffffff0000000)) << 4;
    value = (value & UINT64_C(0x00003fff00003fff)) | (value & UINT64_C(0x0fffc0000fffc000)) << 2;
    value = (value & UINT64_C(0x007f007f007f007f)) | (value & UINT64_C(0x3f803f803f803f80)) << 1;
    const uint64_t more = UINT64_C(0x8080808080808080) & ((UINT64_C(1) << (8 * (size - 1))) - 1);
    wire_store_8(at, value | more);
    return at + size;
}

WIRE_INLINE uint8_t *wire_write_number(uint8_t *at, uint64_t value)
{
    if (__builtin_expect(value < 0x80, 1)) {
        *at = (uint8_t)value;
        return at + 1;
    }
    return wire_write_bytewise(at, value);
}

#endif
