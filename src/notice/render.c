/* Rendering a text: its lines, with the words and times of a language put in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/text_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

/* Korea keeps UTC+9 all the year. */
#define KOREA_AHEAD_MS (9 * HOUR_MS)
/* Longest: "24 September 2026, 16:30:05 KST", in Korean with three-byte syllables. */
#define TIME_TEXT_MAX 80

struct civil {
    int64_t year;
    int month; /* 1 to 12 */
    int day;
    int hour;
    int minute;
    int second;
};

static bool line_is_shown(const struct line *line, const struct values *values);
static size_t piece_render(const struct piece *piece, enum language language,
                           const struct words *words, const struct values *values,
                           struct buffer *out);

static size_t append(struct buffer *out, struct bytes value)
{
    if (out != NULL) {
        buffer_append(out, value);
    }
    return value.size;
}

size_t text_render(const struct text *text, enum language language, const struct words *words,
                   const struct values *values, struct buffer *out)
{
    size_t size = 0;
    bool first = true;
    for (uint32_t i = 0; i < text->line_count; i++) {
        const struct line *line = &text->lines[i];
        if (!line_is_shown(line, values)) {
            continue;
        }
        if (!first) {
            size += append(out, bytes_text("\n"));
        }
        first = false;
        for (uint32_t j = 0; j < line->piece_count; j++) {
            const struct piece *piece = &text->pieces[line->piece_from + j];
            size += piece_render(piece, language, words, values, out);
        }
    }
    return size;
}

static bool condition_holds(const struct condition *condition, const struct values *values)
{
    const struct bytes *given = values->given[condition->name];
    const bool equal = given != NULL && bytes_equal(*given, condition->value);
    switch (condition->rule) {
    case CONDITION_ABSENT:
        return given == NULL;
    case CONDITION_IS:
        return equal;
    case CONDITION_IS_NOT:
        return !equal;
    }
    ASSERT(false);
    return false;
}

static bool line_is_shown(const struct line *line, const struct values *values)
{
    for (uint32_t name = 0; name < PARAM_NAME_COUNT; name++) {
        if ((line->needs >> name & 1) != 0 && values->given[name] == NULL) {
            return false;
        }
    }
    for (uint32_t i = 0; i < line->condition_count; i++) {
        if (!condition_holds(&line->conditions[i], values)) {
            return false;
        }
    }
    return true;
}

/* Days since the epoch to a date: years from 1 March, so that the leap day comes last. */
static struct civil civil_of(int64_t time_ms)
{
    const int64_t local_ms = time_ms + KOREA_AHEAD_MS;
    const int64_t days = local_ms / DAY_MS + 719468; /* since 0000-03-01 */
    const int64_t era = days / 146097;               /* 400 years */
    const int64_t day_of_era = days % 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153; /* 0: March */
    const int64_t seconds = local_ms % DAY_MS / SECOND_MS;
    return (struct civil){
        .year = era * 400 + year_of_era + (month >= 10),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(day_of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(seconds / 3600),
        .minute = (int)(seconds / 60 % 60),
        .second = (int)(seconds % 60),
    };
}

/* Seconds are shown only where there are some: an end is never told earlier than it is. */
static size_t time_render(int64_t time_ms, enum language language, struct buffer *out)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    const struct civil civil = civil_of(time_ms);
    char second[8] = "";
    if (civil.second != 0) {
        snprintf(second, sizeof(second), ":%02d", civil.second);
    }
    char text[TIME_TEXT_MAX];
    int size = 0;
    if (language == LANGUAGE_KO) {
        size = snprintf(text, sizeof(text), "%" PRId64 "년 %d월 %d일 %02d:%02d%s(한국 시간)",
                        civil.year, civil.month, civil.day, civil.hour, civil.minute, second);
    } else {
        size = snprintf(text, sizeof(text), "%d %s %" PRId64 ", %02d:%02d%s KST", civil.day,
                        months[civil.month - 1], civil.year, civil.hour, civil.minute, second);
    }
    ASSERT(size > 0 && (size_t)size < sizeof(text));
    return append(out, bytes_of(text, (size_t)size));
}

static size_t piece_render(const struct piece *piece, enum language language,
                           const struct words *words, const struct values *values,
                           struct buffer *out)
{
    if (piece->literal.data != NULL) {
        return append(out, piece->literal);
    }
    ASSERT(values->given[piece->name] != NULL);
    switch (value_form(piece->name)) {
    case VALUE_ID:
        return append(out, *values->given[piece->name]);
    case VALUE_WORD:
        return append(out, words->of[piece->name][values->symbol[piece->name]]);
    case VALUE_TIME:
        return time_render(values->time_ms[piece->name], language, out);
    }
    ASSERT(false);
    return 0;
}
