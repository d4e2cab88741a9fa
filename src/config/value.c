/* Strict parsing: what is not wholly understood is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/value.h"

#include "base/assert.h"
#include "base/time.h"

#define NAME_SIZE_MAX 64 /* longer texts are compared with no name */

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"d", DAY_MS}, {"h", HOUR_MS}, {"m", MINUTE_MS}, {"s", SECOND_MS}, {"ms", 1},
};
static const struct unit size_units[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", INT64_C(1) << 20},
    {"KiB", INT64_C(1) << 10},
    {"", 1},
};

static bool digits_parse(const char **text, int64_t *value_out);
static bool unit_parse(const char *text, const struct unit *units, size_t count,
                       int64_t *value_out);
static void unit_format(int64_t value, const struct unit *units, size_t count, struct buffer *out);
static bool field_parse(const char **text, size_t digits, int64_t min, int64_t max,
                        int64_t *value_out);
static bool literal_parse(const char **text, const char *literal);
static int64_t days_of(int64_t year, int64_t month, int64_t day);
static int64_t month_days(int64_t year, int64_t month);
static size_t edit_distance(const char *left, const char *right);

bool number_parse(const char *text, int64_t *value_out)
{
    const bool negative = *text == '-';
    const char *rest = negative ? text + 1 : text;
    int64_t value = 0;
    if (!digits_parse(&rest, &value) || *rest != '\0') {
        return false;
    }
    *value_out = negative ? -value : value;
    return true;
}

bool flag_parse(const char *text, bool *value_out)
{
    const bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) {
        return false;
    }
    *value_out = yes;
    return true;
}

bool duration_parse(const char *text, int64_t *value_ms_out)
{
    if (strcmp(text, "0") == 0) {
        *value_ms_out = 0;
        return true;
    }
    return unit_parse(text, duration_units, COUNT_OF(duration_units), value_ms_out);
}

bool size_parse(const char *text, int64_t *bytes_out)
{
    return unit_parse(text, size_units, COUNT_OF(size_units), bytes_out);
}

bool time_parse(const char *text, int64_t *time_ms_out)
{
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (!field_parse(&text, 4, 2000, 2099, &year) || !literal_parse(&text, "-") ||
        !field_parse(&text, 2, 1, 12, &month) || !literal_parse(&text, "-") ||
        !field_parse(&text, 2, 1, month_days(year, month), &day)) {
        return false;
    }
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    if (*text != '\0' && (!literal_parse(&text, "T") || !field_parse(&text, 2, 0, 23, &hour) ||
                          !literal_parse(&text, ":") || !field_parse(&text, 2, 0, 59, &minute) ||
                          !literal_parse(&text, ":") || !field_parse(&text, 2, 0, 59, &second) ||
                          !literal_parse(&text, "Z") || *text != '\0')) {
        return false;
    }
    *time_ms_out = days_of(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS +
                   second * SECOND_MS;
    return true;
}

bool time_of_day_parse(const char *text, int64_t *value_ms_out)
{
    int64_t hour = 0;
    int64_t minute = 0;
    if (!field_parse(&text, 2, 0, 23, &hour) || !literal_parse(&text, ":") ||
        !field_parse(&text, 2, 0, 59, &minute) || *text != '\0') {
        return false;
    }
    *value_ms_out = hour * HOUR_MS + minute * MINUTE_MS;
    return true;
}

void duration_format(int64_t value_ms, struct buffer *out)
{
    if (value_ms == 0) {
        buffer_printf(out, "0s");
    } else {
        unit_format(value_ms, duration_units, COUNT_OF(duration_units), out);
    }
}

void size_format(int64_t bytes, struct buffer *out)
{
    if (bytes == 0) {
        buffer_printf(out, "0");
    } else {
        unit_format(bytes, size_units, COUNT_OF(size_units), out);
    }
}

bool id_is_valid(const char *text)
{
    const size_t size = strlen(text);
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return size >= 1 && size <= 64 && strspn(text, allowed) == size;
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    const size_t size = strlen(nearest->text);
    if (size > NAME_SIZE_MAX || strlen(name) > NAME_SIZE_MAX) {
        return;
    }
    const size_t distance = edit_distance(nearest->text, name);
    const size_t distance_max = 1 + size / 4; /* a slip, not another word */
    if (distance <= distance_max && (nearest->best == NULL || distance < nearest->distance)) {
        nearest->best = name;
        nearest->distance = distance;
    }
}

/* At most 18 digits, so that no sum of two values overflows. */
static bool digits_parse(const char **text, int64_t *value_out)
{
    int64_t value = 0;
    const size_t count = strspn(*text, "0123456789");
    if (count == 0 || count > 18) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + ((*text)[i] - '0');
    }
    *text += count;
    *value_out = value;
    return true;
}

static bool unit_parse(const char *text, const struct unit *units, size_t count, int64_t *value_out)
{
    int64_t count_of_units = 0;
    int64_t value = 0;
    if (!digits_parse(&text, &count_of_units)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, units[i].name) == 0) {
            if (__builtin_mul_overflow(count_of_units, units[i].factor, &value)) {
                return false;
            }
            *value_out = value;
            return true;
        }
    }
    return false;
}

static void unit_format(int64_t value, const struct unit *units, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (value % units[i].factor == 0) {
            buffer_printf(out, "%lld%s", (long long)(value / units[i].factor), units[i].name);
            return;
        }
    }
}

/* Exactly `digits` digits. */
static bool field_parse(const char **text, size_t digits, int64_t min, int64_t max,
                        int64_t *value_out)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    if (value < min || value > max) {
        return false;
    }
    *text += digits;
    *value_out = value;
    return true;
}

static bool literal_parse(const char **text, const char *literal)
{
    const size_t size = strlen(literal);
    if (strncmp(*text, literal, size) != 0) {
        return false;
    }
    *text += size;
    return true;
}

/* Days since 1970-01-01 of a date of the years 2000 to 2099, of which every fourth is a leap year.
 */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t days = TIME_MIN_MS / DAY_MS + (year - 2000) * 365 + (year - 2000 + 3) / 4;
    for (int64_t before = 1; before < month; before++) {
        days += month_days(year, before);
    }
    return days + day - 1;
}

static int64_t month_days(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    ASSERT(month >= 1 && month <= 12);
    return month == 2 && year % 4 == 0 ? 29 : days[month - 1];
}

/* Insertions, deletions, replacements; a swap of neighbours counts two. */
static size_t edit_distance(const char *left, const char *right)
{
    size_t row[NAME_SIZE_MAX + 1];
    const size_t width = strlen(right);
    for (size_t i = 0; i <= width; i++) {
        row[i] = i;
    }
    for (size_t i = 0; left[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            const size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
            const size_t added = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < added ? replaced : added;
        }
    }
    return row[width];
}
