/* The rarer forms: numbers byte by byte, UTF-8 that is not ASCII.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/wire.h"

struct wire_number wire_read_bytewise(const uint8_t *at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        const uint8_t byte = *at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return (struct wire_number){value, at};
        }
    }
    return (struct wire_number){0, NULL};
}

uint8_t *wire_write_bytewise(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

/* Bytes of the sequence that starts with `lead`, 0 if none does; what its first continuation may
 * be. */
static size_t sequence(uint8_t lead, uint8_t *low_out, uint8_t *high_out)
{
    *low_out = 0x80;
    *high_out = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *low_out = lead == 0xe0 ? 0xa0 : 0x80;
        *high_out = lead == 0xed ? 0x9f : 0xbf;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *low_out = lead == 0xf0 ? 0x90 : 0x80;
        *high_out = lead == 0xf4 ? 0x8f : 0xbf;
        return 4;
    }
    return 0;
}

size_t wire_utf8_length(const uint8_t *text, size_t size)
{
    if (size == 0 || text[0] < 0x80) {
        return size == 0 ? 0 : 1;
    }
    uint8_t low = 0;
    uint8_t high = 0;
    const size_t length = sequence(text[0], &low, &high);
    if (length == 0 || length > size || text[1] < low || text[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool wire_utf8_slow(const uint8_t *text, size_t size)
{
    while (size > 0) {
        const size_t length = wire_utf8_length(text, size);
        if (length == 0) {
            return false;
        }
        text += length;
        size -= length;
    }
    return true;
}
