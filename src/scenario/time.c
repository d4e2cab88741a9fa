/* Times of a scenario: "+5d3h" after its start, or ISO 8601.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"d", DAY_MS}, {"h", HOUR_MS}, {"ms", 1}, {"m", MINUTE_MS}, {"s", SECOND_MS}};

static size_t unit_parse(const char *text, int64_t *ms_out)
{
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        const size_t size = strlen(units[i].name);
        if (strncmp(text, units[i].name, size) == 0) {
            *ms_out = units[i].ms;
            return size;
        }
    }
    return 0;
}

bool delay_parse(const char *text, int64_t *duration_out)
{
    const bool negative = *text == '-';
    text += negative || *text == '+';
    if (strcmp(text, "0") == 0) {
        *duration_out = 0;
        return true;
    }
    int64_t sum = 0;
    do {
        int64_t number = 0;
        int digits = 0;
        int64_t unit = 0;
        for (; *text >= '0' && *text <= '9' && digits < 13; digits++) {
            number = 10 * number + (*text++ - '0');
        }
        const size_t size = unit_parse(text, &unit);
        if (digits == 0 || size == 0 || number > TIME_MAX_MS / unit) {
            return false;
        }
        text += size;
        sum += number * unit;
    } while (*text != '\0' && sum <= TIME_MAX_MS);
    *duration_out = negative ? -sum : sum;
    return *text == '\0';
}

/* Days since the epoch of a date of the Gregorian calendar, by whole 400-year spans. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t span = year / 400;
    const int64_t in_span = year - 400 * span;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return span * 146097 + in_span * 365 + in_span / 4 - in_span / 100 + of_year - 719468;
}

static bool date_parse(const char *text, int64_t *time_out)
{
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second,
               &used) != 6 ||
        used != 20 || text[used] != '\0' || year < 2000 || month < 1 || month > 12 || day < 1 ||
        day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59) {
        return false;
    }
    *time_out = days_of(year, month, day) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS +
                second * SECOND_MS;
    return true;
}

bool moment_parse(const char *text, int64_t start_ms, int64_t *time_out)
{
    int64_t duration = 0;
    if (*text == '+' || *text == '-') {
        if (!delay_parse(text, &duration)) {
            return false;
        }
        *time_out = start_ms + duration;
        return true;
    }
    return date_parse(text, time_out);
}

const char *moment_format(int64_t time_ms, int64_t start_ms, char *text)
{
    int64_t left = time_ms - start_ms;
    int size = snprintf(text, 64, "%s", left < 0 ? "-" : "+");
    left = left < 0 ? -left : left;
    if (left == 0) {
        snprintf(text + size, 64 - (size_t)size, "0");
        return text;
    }
    static const size_t order[] = {0, 1, 3, 4, 2}; /* d h m s ms */
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        const int64_t unit = units[order[i]].ms;
        if (left >= unit) {
            size += snprintf(text + size, 64 - (size_t)size, "%" PRId64 "%s", left / unit,
                             units[order[i]].name);
            left %= unit;
        }
    }
    return text;
}
