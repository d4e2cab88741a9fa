/* The least hash of all 3-grams under each of 16 keyed functions: two texts agree in a value as
 * often as they share grams (MinHash).
 *
 * A gram is hashed once under the key (HMAC-SHA-256); the 16 functions are made of its two halves,
 * so a message costs one digest a letter.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sketch/sketch.h"

#include "base/assert.h"
#include "base/digest.h"
#include "sketch/letters.h"

/* Of 4 letters, a word that is replaced takes as many more grams with it that two of twelve words
 * hide a message; of 2, strangers share too many. */
enum { GRAM = 3 };

/* Changed with whatever changes the sketch of a text: sketches of two versions must not be
 * compared. */
#define NAME "name of a sketch key, 2"

/* Every bit of the input moves every bit of the output (the finaliser of MurmurHash3). */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ value >> 33;
}

/* Lowers the minima by one gram; a text of fewer letters is one gram. */
static void add_gram(struct bytes key, const uint32_t *letters, size_t count,
                     uint64_t least[SKETCH_VALUES])
{
    uint8_t message[GRAM * 4] = {0}; /* 32 bits a letter */
    uint8_t digest[DIGEST_SIZE];
    for (size_t i = 0; i < count; i++) {
        message[i * 4] = (uint8_t)(letters[i] >> 16);
        message[i * 4 + 1] = (uint8_t)(letters[i] >> 8);
        message[i * 4 + 2] = (uint8_t)letters[i];
    }
    digest_hmac(key, bytes_of(message, sizeof(message)), digest);
    const uint64_t start = be64_get(digest);
    const uint64_t step = be64_get(digest + 8) | 1;
    for (uint64_t i = 0; i < SKETCH_VALUES; i++) {
        const uint64_t value = mix(start + i * step);
        least[i] = value < least[i] ? value : least[i];
    }
}

enum sketch_result sketch_make(struct bytes text, struct bytes key, uint8_t sketch_out[SKETCH_SIZE])
{
    ASSERT(key.size >= SKETCH_KEY_MIN && key.size <= SKETCH_KEY_MAX);
    struct letters letters = {0};
    if (text.size > SKETCH_TEXT_MAX) {
        return SKETCH_TOO_LONG;
    }
    if (!letters_read(text, &letters)) {
        return SKETCH_NOT_UTF8;
    }
    if (letters.count == 0) {
        letters_release(&letters);
        return SKETCH_NO_LETTERS;
    }
    uint64_t least[SKETCH_VALUES];
    memset(least, 0xff, sizeof(least));
    const size_t size = letters.count < GRAM ? letters.count : (size_t)GRAM;
    for (size_t i = 0; i + size <= letters.count; i++) {
        add_gram(key, letters.items + i, size, least);
    }
    for (size_t i = 0; i < SKETCH_VALUES; i++) {
        sketch_out[i * 2] = (uint8_t)(least[i] >> 8);
        sketch_out[i * 2 + 1] = (uint8_t)least[i];
    }
    letters_release(&letters);
    return SKETCH_MADE;
}

int32_t sketch_equal(const uint8_t left[SKETCH_SIZE], const uint8_t right[SKETCH_SIZE])
{
    int32_t equal = 0;
    for (size_t i = 0; i < SKETCH_SIZE; i += 2) {
        equal += left[i] == right[i] && left[i + 1] == right[i + 1] ? 1 : 0;
    }
    return equal;
}

void sketch_key_id(struct bytes key, char id_out[SKETCH_KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    digest_hmac(key, bytes_text(NAME), digest);
    hex_format(bytes_of(digest, SKETCH_KEY_ID_SIZE / 2), id_out);
}
