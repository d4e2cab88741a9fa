/* Values of settings and policy files: what is understood, what is refused, what is printed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>

/* Needs those above. */
#include <cmocka.h>

struct pair {
    const char *text;
    int64_t value;
};

static void durations_need_a_unit(void **state)
{
    (void)state;
    static const struct pair good[] = {
        {"0", 0},
        {"0s", 0},
        {"1ms", 1},
        {"100ms", 100},
        {"60s", MINUTE_MS},
        {"5m", 5 * MINUTE_MS},
        {"72h", 3 * DAY_MS},
        {"1095d", 1095 * DAY_MS},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t value = -1;
        assert_true(duration_parse(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {
        "",
        "100",
        "ms",
        "1.5s",
        "-1s",
        "1 s",
        "1S",
        "1w",
        "1sd",
        "0x1s",
        "+1s",
        "9999999999999999999s",
        "999999999999999999d",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t value = -1;
        assert_false(duration_parse(bad[i], &value));
        assert_int_equal(value, -1);
    }
}

static void sizes_are_bytes_or_binary_units(void **state)
{
    (void)state;
    static const struct pair good[] = {
        {"0", 0}, {"512", 512}, {"64KiB", 65536}, {"16MiB", 16777216}, {"1GiB", 1073741824},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t value = -1;
        assert_true(size_parse(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {"", "1MB", "1M", "KiB", "1.5GiB", "-1", "999999999999999GiB"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t value = -1;
        assert_false(size_parse(bad[i], &value));
    }
}

static void numbers_are_whole_and_decimal(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(number_parse("-12", &value));
    assert_int_equal(value, -12);
    assert_true(number_parse("007", &value));
    assert_int_equal(value, 7);
    static const char *const bad[] = {
        "", "-", "1.0", "1e3", "0x10", " 1", "1 ", "1_000", "1234567890123456789"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(number_parse(bad[i], &value));
    }
}

static void times_are_dates_with_or_without_a_time(void **state)
{
    (void)state;
    static const struct pair good[] = {
        {"2000-01-01", TIME_MIN_MS},
        {"2000-02-29", TIME_MIN_MS + 59 * DAY_MS},
        {"2000-03-01T00:00:00Z", TIME_MIN_MS + 60 * DAY_MS},
        {"2026-11-24T07:16:30Z", INT64_C(1795504590000)},
        {"2099-12-31T23:59:59Z", TIME_MAX_MS - 1000},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t value = -1;
        assert_true(time_parse(good[i].text, &value));
        assert_int_equal(value, good[i].value);
    }
    static const char *const bad[] = {
        "",
        "1999-12-31",
        "2100-01-01",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2024-02-30",
        "2026-1-1",
        "2026-01-01T",
        "2026-01-01T00:00:00",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00+09:00",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t value = -1;
        assert_false(time_parse(bad[i], &value));
    }
}

static void a_time_of_day_has_hours_and_minutes(void **state)
{
    (void)state;
    int64_t value = 0;
    assert_true(time_of_day_parse("23:05", &value));
    assert_int_equal(value, 23 * HOUR_MS + 5 * MINUTE_MS);
    assert_false(time_of_day_parse("24:00", &value));
    assert_false(time_of_day_parse("1:00", &value));
    assert_false(time_of_day_parse("12:60", &value));
    assert_false(time_of_day_parse("12:00Z", &value));
}

static void printed_values_are_read_back(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 1, 999, 1000, 1500, 60000, 3600000, 86400000, 86400001};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct buffer text = {0};
        int64_t duration = -1;
        int64_t size = -1;
        duration_format(values[i], &text);
        buffer_append(&text, bytes_of("", 1));
        assert_true(duration_parse((const char *)text.data, &duration));
        assert_int_equal(duration, values[i]);
        buffer_clear(&text);
        size_format(values[i], &text);
        buffer_append(&text, bytes_of("", 1));
        assert_true(size_parse((const char *)text.data, &size));
        assert_int_equal(size, values[i]);
        buffer_release(&text);
    }
}

static const char *nearest_of(const char *text)
{
    struct nearest nearest = {.text = text};
    nearest_offer(&nearest, "commit.interval");
    nearest_offer(&nearest, "checkpoint.interval");
    nearest_offer(&nearest, "threads");
    return nearest.best;
}

static void the_nearest_name_is_found_and_no_far_one(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("commit.intervall"), "commit.interval");
    assert_string_equal(nearest_of("comit.interval"), "commit.interval");
    assert_string_equal(nearest_of("thread"), "threads");
    assert_null(nearest_of("colour"));
    assert_null(
        nearest_of("a-text-that-is-longer-than-every-name-which-could-be-meant-by-anybody-at-all"));
}

static void ids_have_64_bytes_at_most(void **state)
{
    (void)state;
    assert_true(id_is_valid("kr.network.44-7_A"));
    assert_true(id_is_valid("0123456789012345678901234567890123456789012345678901234567890123"));
    assert_false(id_is_valid("01234567890123456789012345678901234567890123456789012345678901234"));
    assert_false(id_is_valid(""));
    assert_false(id_is_valid("a b"));
    assert_false(id_is_valid("a/b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(sizes_are_bytes_or_binary_units),
        cmocka_unit_test(numbers_are_whole_and_decimal),
        cmocka_unit_test(times_are_dates_with_or_without_a_time),
        cmocka_unit_test(a_time_of_day_has_hours_and_minutes),
        cmocka_unit_test(printed_values_are_read_back),
        cmocka_unit_test(the_nearest_name_is_found_and_no_far_one),
        cmocka_unit_test(ids_have_64_bytes_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
