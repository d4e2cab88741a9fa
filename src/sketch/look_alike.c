/* Letters that stand for other letters they look like.
 *
 * Only what Korean spammers write: a table of every confusable letter there is would be ten
 * thousand rows that no message holds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sketch/look_alike.h"

#include "base/assert.h"

struct pair {
    uint32_t from;
    uint32_t to;
};

/* Beside a lone consonant: the vowel that is meant. */
static const struct pair vowels[] = {
    {'r', 0x314F}, {'F', 0x314F}, {'k', 0x314F}, {'H', 0x3150}, {'l', 0x3163}, {'I', 0x3163},
    {'1', 0x3163}, {'|', 0x3163}, {'T', 0x315C}, {'-', 0x3161}, {'_', 0x3161}, {0x4E28, 0x3163},
    {0x3021, 0x3163}, {0x2502, 0x3163}, {0x30C8, 0x314F}, {0x535C, 0x314F}, {0x4E00, 0x3161},
    {0x30FC, 0x3161},
};
/* Beside a lone vowel: the consonant that is meant. */
static const struct pair consonants[] = {
    {'7', 0x3131}, {'L', 0x3134}, {'C', 0x3137}, {'2', 0x3139}, {'Z', 0x3139},
    {'O', 0x3147}, {'0', 0x3147}, {'o', 0x3147}, {'E', 0x314C}, {0x53E3, 0x3141},
    {0x30ED, 0x3141}, {0x4EBA, 0x3145},
};
/* Inside a Latin word. i, l and 1 look so alike that they are all i. */
static const struct pair words[] = {
    {'0', 'o'}, {'1', 'i'}, {'|', 'i'}, {'3', 'e'}, {'4', 'a'}, {'5', 's'}, {'7', 't'}, {'@', 'a'}, {'$', 's'},
};
/* Inside a number. */
static const struct pair numbers[] = {
    {'o', '0'}, {'O', '0'}, {'l', '1'}, {'I', '1'}, {'i', '1'},
};
static const struct pair latin[] = {
    {0x03B1, 'a'}, {0x03B5, 'e'}, {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'},
    {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'u'}, {0x03C7, 'x'}, {0x0430, 'a'}, {0x0432, 'b'},
    {0x0435, 'e'}, {0x043A, 'k'}, {0x043C, 'm'}, {0x043D, 'h'}, {0x043E, 'o'}, {0x0440, 'p'},
    {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'},
    {0x0458, 'j'}, {0x04CF, 'i'}, {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'}, {0x0131, 'i'},
    {'l', 'i'},
};

static uint32_t find(const struct pair *pairs, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (pairs[i].from == point) {
            return pairs[i].to;
        }
    }
    return 0;
}

/* A consonant or vowel written by itself, in either of its two blocks. */
static bool is_consonant(uint32_t point)
{
    return (point >= 0x3131 && point <= 0x314E) || (point >= 0x1100 && point <= 0x1112);
}

static bool is_vowel(uint32_t point)
{
    return (point >= 0x314F && point <= 0x3163) || (point >= 0x1161 && point <= 0x1175);
}

static bool is_latin(uint32_t point)
{
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z');
}

static bool is_digit(uint32_t point)
{
    return point >= '0' && point <= '9';
}

/* What the letter between `before` and `after` is meant to be; 0: nothing that tells. */
static uint32_t meant(uint32_t before, uint32_t point, uint32_t after)
{
    uint32_t found = 0;
    if (is_consonant(before)) {
        found = find(vowels, COUNT_OF(vowels), point);
    }
    if (found == 0 && is_vowel(after)) {
        found = find(consonants, COUNT_OF(consonants), point);
    }
    if (found == 0 && is_latin(before) && is_latin(after)) {
        found = find(words, COUNT_OF(words), point);
    }
    if (found == 0 && (is_digit(before) || (is_digit(after) && !is_latin(before)))) {
        found = find(numbers, COUNT_OF(numbers), point);
    }
    return found == 0 ? point : found;
}

void look_alikes_fold(uint32_t *points, size_t count)
{
    /* In place: a letter already put right says more about the next one than it did before. A run of
     * one consonant is laughter and waits for no vowel. */
    for (size_t i = 0; i < count; i++) {
        const bool run = i > 1 && points[i - 2] == points[i - 1];
        const uint32_t before = i > 0 && !run ? points[i - 1] : 0;
        points[i] = meant(before, points[i], i + 1 < count ? points[i + 1] : 0);
    }
}

uint32_t look_alike_latin(uint32_t point)
{
    /* Regional indicators, and letters in squares and circles that NFKC leaves. */
    static const uint32_t blocks[] = {0x1F150, 0x1F170, 0x1F1E6};
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        if (point >= blocks[i] && point < blocks[i] + 26) {
            return 'a' + (point - blocks[i]);
        }
    }
    const uint32_t found = find(latin, COUNT_OF(latin), point);
    return found == 0 ? point : found;
}
