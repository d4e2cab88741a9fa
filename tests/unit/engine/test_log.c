/* Log lines: their form, and the limit of lines of one event.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int saved;
static FILE *caught;

static void catch_begin(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    caught = tmpfile();
    assert_non_null(caught);
    assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
}

/* Lines written since catch_begin() that hold `text`; the last of them in `last_out`. */
static int catch_end(const char *text, char last_out[256])
{
    int count = 0;
    char line[256];
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(caught);
    while (fgets(line, sizeof(line), caught) != NULL) {
        if (strstr(line, text) != NULL) {
            count++;
            memcpy(last_out, line, sizeof(line));
        }
    }
    fclose(caught);
    return count;
}

static void a_line_is_time_level_event_and_pairs(void **state)
{
    (void)state;
    char line[256] = "";
    catch_begin();
    log_line(LOG_ALARM, "test_form", "partition=%d", 3);
    assert_int_equal(catch_end("test_form", line), 1);
    assert_int_equal(strncmp(line, "time=20", 7), 0);
    assert_non_null(strstr(line, "Z level=alarm event=test_form partition=3\n"));
}

static void an_event_is_written_twenty_times_and_others_go_on(void **state)
{
    (void)state;
    char line[256] = "";
    catch_begin();
    for (int i = 0; i < 50; i++) {
        log_line(LOG_INFO, "test_flood", "n=%d", i);
    }
    log_line(LOG_INFO, "test_other", "n=%d", 1);
    assert_int_equal(catch_end("event=test_flood", line), 20);
    assert_non_null(strstr(line, "n=19\n"));
    catch_begin();
    log_line(LOG_INFO, "test_flood", "n=%d", 50);
    log_line(LOG_INFO, "test_other", "n=%d", 2);
    assert_int_equal(catch_end("event=test_", line), 1);
    assert_non_null(strstr(line, "event=test_other n=2\n"));
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    char line[256] = "";
    catch_begin();
    log_from(LOG_ALARM);
    log_line(LOG_INFO, "test_level", "n=%d", 1);
    log_line(LOG_WARNING, "test_level", "n=%d", 2);
    log_line(LOG_ALARM, "test_level", "n=%d", 3);
    log_from(LOG_INFO);
    log_line(LOG_INFO, "test_level", "n=%d", 4);
    assert_int_equal(catch_end("test_level", line), 2);
    assert_non_null(strstr(line, "n=4\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_time_level_event_and_pairs),
        cmocka_unit_test(an_event_is_written_twenty_times_and_others_go_on),
        cmocka_unit_test(lines_below_the_level_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
