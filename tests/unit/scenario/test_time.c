/* Times of a scenario.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "scenario/scenario_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START INT64_C(1772355600000) /* 2026-03-01T09:00:00Z */

static void durations_add_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},
                {"+0", 0},
                {"5d", 5 * DAY_MS},
                {"+5d3h", 5 * DAY_MS + 3 * HOUR_MS},
                {"-1h30m", -(HOUR_MS + 30 * MINUTE_MS)},
                {"1ms", 1},
                {"13d23h59m59s999ms", 14 * DAY_MS - 1}};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        int64_t ms = -1;
        assert_true(delay_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
}

static void what_is_no_duration_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",    "+", "5", "d", "5x", "5d3", "1.5h", "--1d", "99999999999999d", "9999999999999d",
        "5d h"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t ms = 0;
        assert_false(delay_parse(bad[i], &ms));
    }
}

static void times_count_from_the_start_or_are_dates(void **state)
{
    (void)state;
    int64_t time = 0;
    assert_true(moment_parse("+1d", START, &time));
    assert_int_equal(time, START + DAY_MS);
    assert_true(moment_parse("-1d", START, &time));
    assert_int_equal(time, START - DAY_MS);
    assert_true(moment_parse("2026-03-01T09:00:00Z", 0, &time));
    assert_int_equal(time, START);
    assert_true(moment_parse("2000-02-29T23:59:59Z", 0, &time));
    assert_int_equal(time, INT64_C(951868799000));
    assert_false(moment_parse("2026-03-01", 0, &time));
    assert_false(moment_parse("2026-13-01T09:00:00Z", 0, &time));
    assert_false(moment_parse("2026-03-01T09:00:00Zx", 0, &time));
    assert_false(moment_parse("950", 0, &time));
}

static void a_time_is_written_as_it_is_read(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, -1, DAY_MS, 14 * DAY_MS - 1, -HOUR_MS, 61 * SECOND_MS};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        char text[64];
        int64_t back = 0;
        assert_true(moment_parse(moment_format(START + times[i], START, text), START, &back));
        assert_int_equal(back, START + times[i]);
    }
    char text[64];
    assert_string_equal(moment_format(START + 5 * DAY_MS + 3 * HOUR_MS, START, text), "+5d3h");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_add_their_units),
        cmocka_unit_test(what_is_no_duration_is_refused),
        cmocka_unit_test(times_count_from_the_start_or_are_dates),
        cmocka_unit_test(a_time_is_written_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
