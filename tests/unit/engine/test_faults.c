/* The whole engine on the in-process log with faults injected at every commit and every store call: what
 * comes out is what comes out without faults, or the engine stops and a restart completes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

#define INPUT SOURCE_DIR "/tests/unit/engine/faults.jsonl"

/* The output and number of transactions of a run without faults. */
static struct buffer baseline(unsigned *commits_out)
{
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    struct buffer output = bench.output;
    bench.output = (struct buffer){0};
    *commits_out = bench.commits;
    bench_close(&bench);
    assert_true(output.size > 1000);
    return output;
}

static void expect_output(const struct bench *bench, const struct buffer *expected, unsigned nth)
{
    if (!bytes_equal(buffer_bytes(&bench->output), buffer_bytes(expected))) {
        print_message("output differs with the fault at commit %u\n", nth);
    }
    assert_true(bytes_equal(buffer_bytes(&bench->output), buffer_bytes(expected)));
}

/* Whether a receipt told of a rotation. */
static bool run_with_fault(const struct buffer *expected, unsigned nth, enum commit_outcome outcome,
                           bool applied)
{
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    log_fail_commit(bench.cluster, nth, outcome, applied);
    const enum status status = bench_run(&bench, &error);
    if (outcome == COMMIT_FENCED) {
        assert_int_equal(status, STATUS_FATAL);
        assert_non_null(strstr(error.text, "fenced"));
        assert_int_equal(bench_run(&bench, &error), STATUS_OK); /* the restart completes it */
    } else {
        assert_int_equal(status, STATUS_OK);
    }
    buffer_append(&bench.receipts, bytes_of("", 1));
    const bool rotated = strstr((const char *)bench.receipts.data, "\"rotated\":true") != NULL;
    expect_output(&bench, expected, nth);
    bench_close(&bench);
    return rotated;
}

static void every_commit(enum commit_outcome outcome, bool applied)
{
    unsigned commits = 0;
    struct buffer expected = baseline(&commits);
    assert_true(commits > 20);
    unsigned rotated = 0;
    for (unsigned nth = 1; nth <= commits; nth++) {
        rotated += run_with_fault(&expected, nth, outcome, applied);
    }
    /* All but those that were the last of their producer, and a fence ends the process. */
    assert_true(outcome == COMMIT_FENCED ? rotated == 0 : rotated > commits / 2);
    buffer_release(&expected);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    unsigned commits = 0;
    struct buffer left = baseline(&commits);
    struct buffer right = baseline(&commits);
    assert_true(bytes_equal(buffer_bytes(&left), buffer_bytes(&right)));
    buffer_release(&left);
    buffer_release(&right);
}

static void an_aborted_commit_anywhere_changes_nothing(void **state)
{
    (void)state;
    every_commit(COMMIT_ABORTED, false);
}

static void an_unknown_commit_that_took_effect_is_applied_once(void **state)
{
    (void)state;
    every_commit(COMMIT_UNKNOWN, true);
}

static void an_unknown_commit_without_effect_is_done_again(void **state)
{
    (void)state;
    every_commit(COMMIT_UNKNOWN, false);
}

static void a_fenced_engine_stops_and_a_restart_completes(void **state)
{
    (void)state;
    every_commit(COMMIT_FENCED, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(an_aborted_commit_anywhere_changes_nothing),
        cmocka_unit_test(an_unknown_commit_that_took_effect_is_applied_once),
        cmocka_unit_test(an_unknown_commit_without_effect_is_done_again),
        cmocka_unit_test(a_fenced_engine_stops_and_a_restart_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
