/* From a text to the letters that carry its message: NFKC, lower case, look-alikes put right,
 * Hangul taken apart into consonants and vowels as they sound, particles, polite formulas and
 * everything but letters left out, each number folded to one 0, each run of a symbol to one.
 *
 * Nothing here looks at words: spacing is the first thing a sender changes, so a rule that needs it
 * would make two texts of one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sketch/letters.h"

#include "base/assert.h"
#include "base/buffer.h"
#include "sketch/look_alike.h"

#include <stdlib.h>
#include <utf8proc.h>

#define SYLLABLE_FIRST 0xAC00
#define SYLLABLE_LAST 0xD7A3
#define NUMBER '0'

enum { VOWELS = 21, FINALS = 28, FORMULA_LETTERS_MAX = 32, KEPT_MIN = 12 };

/* As they sound: doubled as plain, the silent one not at all. 0: none. */
static const uint32_t initials[] = {0x3131, 0x3131, 0x3134, 0x3137, 0x3137, 0x3139, 0x3141,
                                    0x3142, 0x3142, 0x3145, 0x3145, 0,      0x3148, 0x3148,
                                    0x314A, 0x314B, 0x314C, 0x314D, 0x314E};
/* Those that are taken for each other: a, eo, o, u, i, e. */
static const uint32_t vowels[] = {0x314F, 0x3154, 0x314F, 0x3154, 0x3153, 0x3154, 0x3153,
                                  0x3154, 0x3157, 0x314F, 0x3154, 0x3154, 0x3157, 0x315C,
                                  0x3153, 0x3154, 0x3163, 0x315C, 0x315C, 0x3163, 0x3163};
static const uint32_t finals[][2] = {
    {0, 0},           {0x3131, 0},      {0x3131, 0},      {0x3131, 0x3145}, {0x3134, 0},
    {0x3134, 0x3148}, {0x3134, 0},      {0x3137, 0},      {0x3139, 0},      {0x3139, 0x3131},
    {0x3139, 0x3141}, {0x3139, 0x3142}, {0x3139, 0x3145}, {0x3139, 0x314C}, {0x3139, 0x314D},
    {0x3139, 0},      {0x3141, 0},      {0x3142, 0},      {0x3142, 0x3145}, {0x3145, 0},
    {0x3145, 0},      {0x3147, 0},      {0x3148, 0},      {0x314A, 0},      {0x314B, 0},
    {0x314C, 0},      {0x314D, 0},      {0x314E, 0},
};
_Static_assert(COUNT_OF(vowels) == VOWELS && COUNT_OF(finals) == FINALS, "the modern alphabet");

/* Particles of one syllable, wherever they stand: which word one belongs to only spacing could say. */
static const uint32_t particles[] = {
    0xC740 /* 은 */, 0xB294 /* 는 */, 0xC774 /* 이 */, 0xAC00 /* 가 */, 0xC744 /* 을 */,
    0xB97C /* 를 */, 0xC5D0 /* 에 */, 0xC758 /* 의 */, 0xB3C4 /* 도 */, 0xB9CC /* 만 */,
    0xC640 /* 와 */, 0xACFC /* 과 */, 0xB85C /* 로 */,
};

/* What messages of every kind end or go on with: strangers would be alike by it. Longest first. */
static const char *const formulas[] = {
    "드리겠습니다", "부탁드립니다", "시기바랍니다", "부탁드려요",
    "바랍니다",     "드릴게요",     "드립니다",     "하십시오",
    "주십시오",     "습니다",       "합니다",       "입니다",
    "됩니다",       "주세요",       "주시면",       "드려요",
    "드리고",       "하세요",       "할게요",       "있어요",
    "해요",         "돼요",         "니다",         "세요",
};

void letters_release(struct letters *letters)
{
    free(letters->items);
    *letters = (struct letters){0};
}

/* A symbol that is none, or the one before again, adds nothing: runs are folded. */
static void put(struct letters *letters, uint32_t symbol)
{
    if (symbol != 0 && (letters->count == 0 || letters->items[letters->count - 1] != symbol)) {
        letters->items[letters->count++] = symbol;
    }
}

static bool is_particle(uint32_t point)
{
    for (size_t i = 0; i < COUNT_OF(particles); i++) {
        if (particles[i] == point) {
            return true;
        }
    }
    return false;
}

static void put_syllable(struct letters *letters, uint32_t point)
{
    const uint32_t place = point - SYLLABLE_FIRST;
    put(letters, initials[place / (VOWELS * FINALS)]);
    put(letters, vowels[place / FINALS % VOWELS]);
    put(letters, finals[place % FINALS][0]);
    put(letters, finals[place % FINALS][1]);
}

/* A consonant or vowel by itself; laughter and tears are none. NFKC has left one block of them. */
static void put_jamo(struct letters *letters, uint32_t point)
{
    const bool noise = point == 0x110F || point == 0x1112 || point == 0x116E || point == 0x1172;
    if (noise) {
        return;
    }
    if (point >= 0x1100 && point < 0x1100 + COUNT_OF(initials)) {
        put(letters, initials[point - 0x1100]);
    } else if (point >= 0x1161 && point < 0x1161 + VOWELS) {
        put(letters, vowels[point - 0x1161]);
    } else if (point >= 0x11A8 && point < 0x11A8 + FINALS - 1) {
        put(letters, finals[point - 0x11A8 + 1][0]);
        put(letters, finals[point - 0x11A8 + 1][1]);
    }
}

static void put_point(struct letters *letters, uint32_t point)
{
    if (point >= SYLLABLE_FIRST && point <= SYLLABLE_LAST) {
        if (!is_particle(point)) {
            put_syllable(letters, point);
        }
        return;
    }
    if (point >= 0x1100 && point <= 0x11FF) {
        put_jamo(letters, point);
        return;
    }
    const uint32_t shown = look_alike_latin(point);
    const utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)shown);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
        put(letters, shown);
    } else if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) {
        put(letters, NUMBER);
    }
}

/* The letters of a formula, which is nothing but syllables. */
static void formula_read(const char *text, struct letters *out)
{
    const uint8_t *bytes = (const uint8_t *)text;
    utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text);
    while (left > 0) {
        utf8proc_int32_t point = -1;
        const utf8proc_ssize_t size = utf8proc_iterate(bytes, left, &point);
        ASSERT(size > 0);
        put_point(out, (uint32_t)point);
        bytes += size;
        left -= size;
    }
    ASSERT(out->count <= FORMULA_LETTERS_MAX);
}

/* How many letters at `place` are a formula; 0: none is. */
static size_t formula_at(const struct letters *read, const uint32_t *place, size_t left)
{
    for (size_t i = 0; i < COUNT_OF(formulas); i++) {
        const size_t count = read[i].count;
        if (count <= left && memcmp(place, read[i].items, count * sizeof(*place)) == 0) {
            return count;
        }
    }
    return 0;
}

/* As letters, so that respelling hides no formula. A text of little else keeps them: what is left
 * of it would match everything. */
static void formulas_drop(struct letters *letters)
{
    uint32_t items[COUNT_OF(formulas)][FORMULA_LETTERS_MAX];
    struct letters read[COUNT_OF(formulas)];
    uint32_t *kept = memory_get((letters->count + 1) * sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(formulas); i++) {
        read[i] = (struct letters){.items = items[i]};
        formula_read(formulas[i], &read[i]);
    }
    for (size_t i = 0; i < letters->count;) {
        const size_t size = formula_at(read, letters->items + i, letters->count - i);
        if (size == 0) {
            kept[count++] = letters->items[i];
        }
        i += size > 0 ? size : 1;
    }
    if (count >= KEPT_MIN) {
        memcpy(letters->items, kept, count * sizeof(*kept));
        letters->count = count;
    }
    free(kept);
}

/* The text as code points with look-alikes put right, as UTF-8 again. False: it is none. */
static bool read_folded(struct bytes text, struct buffer *out)
{
    uint32_t *points = memory_get((text.size + 1) * sizeof(*points));
    size_t count = 0;
    size_t place = 0;
    while (place < text.size) {
        utf8proc_int32_t point = -1;
        const utf8proc_ssize_t size =
            utf8proc_iterate(text.data + place, (utf8proc_ssize_t)(text.size - place), &point);
        if (size <= 0) {
            free(points);
            return false;
        }
        points[count++] = (uint32_t)point;
        place += (size_t)size;
    }
    look_alikes_fold(points, count);
    for (size_t i = 0; i < count; i++) {
        utf8proc_uint8_t bytes[4];
        const utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)points[i], bytes);
        buffer_append(out, bytes_of(bytes, (size_t)size));
    }
    free(points);
    return true;
}

bool letters_read(struct bytes text, struct letters *letters_out)
{
    const utf8proc_option_t options = (utf8proc_option_t)(
        UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE |
        UTF8PROC_STRIPMARK | UTF8PROC_STABLE);
    struct buffer folded = {0};
    if (!read_folded(text, &folded)) {
        buffer_release(&folded);
        return false;
    }
    const utf8proc_ssize_t size = (utf8proc_ssize_t)folded.size;
    const utf8proc_uint8_t *data = buffer_bytes(&folded).data;
    const utf8proc_ssize_t count = utf8proc_decompose(data, size, NULL, 0, options);
    ASSERT(count >= 0);
    utf8proc_int32_t *points = memory_get(((size_t)count + 1) * sizeof(*points));
    ASSERT(utf8proc_decompose(data, size, points, count, options) == count);
    const utf8proc_ssize_t left = utf8proc_normalize_utf32(points, count, options);
    ASSERT(left >= 0 && left <= count);
    buffer_release(&folded);
    *letters_out = (struct letters){.items = memory_get(((size_t)left * 4 + 1) * sizeof(uint32_t))};
    for (utf8proc_ssize_t i = 0; i < left; i++) {
        put_point(letters_out, (uint32_t)points[i]);
    }
    free(points);
    formulas_drop(letters_out);
    return true;
}
