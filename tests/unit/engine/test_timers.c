/* The timers of a task: order, windows, moves, aborts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "engine/timers.h"

#include <stdio.h>
#include <stdlib.h>

struct bench {
    struct state *state;
    struct timers *timers;
};

static void open_bench(struct bench *bench)
{
    const struct state_limits limits = {
        .cache_bytes = 1 << 20, .checkpoint_bytes = 1 << 20, .checkpoint_ms = 10000};
    struct error error = {0};
    assert_int_equal(state_open(store_open_memory(), &limits, &bench->state, &error), STATUS_OK);
    bench->timers = timers_new(bench->state);
}

static void close_bench(struct bench *bench)
{
    timers_free(bench->timers);
    state_close(bench->state);
}

/* Takes the first timer that is set; false: none. */
static bool take(struct bench *bench, int64_t *due_out, char key_out[64])
{
    for (;;) {
        struct timer timer = {0};
        bool found = false;
        bool set = false;
        struct error error = {0};
        assert_int_equal(timers_first(bench->timers, &timer, &found, &error), STATUS_OK);
        if (!found) {
            return false;
        }
        *due_out = timer.due_ms;
        snprintf(key_out, 64, "%.*s", BYTES_PRINT(timer.key));
        assert_int_equal(timers_check(bench->timers, &timer, &set, &error), STATUS_OK);
        if (set) {
            timers_take(bench->timers, &timer);
            return true;
        }
    }
}

static void timers_come_by_due_time_then_key(void **state)
{
    (void)state;
    struct bench bench = {0};
    open_bench(&bench);
    timers_move(bench.timers, bytes_text("USER:b"), TIME_NEVER_MS, 300);
    timers_move(bench.timers, bytes_text("USER:a"), TIME_NEVER_MS, 300);
    timers_move(bench.timers, bytes_text("USER:c"), TIME_NEVER_MS, 200);
    int64_t due = 0;
    char key[64];
    assert_true(take(&bench, &due, key));
    assert_int_equal(due, 200);
    assert_string_equal(key, "USER:c");
    assert_true(take(&bench, &due, key));
    assert_string_equal(key, "USER:a");
    assert_true(take(&bench, &due, key));
    assert_string_equal(key, "USER:b");
    assert_false(take(&bench, &due, key));
    close_bench(&bench);
}

static void a_timer_set_after_the_first_look_is_seen(void **state)
{
    (void)state;
    struct bench bench = {0};
    open_bench(&bench);
    timers_move(bench.timers, bytes_text("USER:a"), TIME_NEVER_MS, 500);
    struct timer timer = {0};
    bool found = false;
    assert_int_equal(timers_first(bench.timers, &timer, &found, NULL), STATUS_OK);
    timers_move(bench.timers, bytes_text("USER:b"), TIME_NEVER_MS, 100);
    int64_t due = 0;
    char key[64];
    assert_true(take(&bench, &due, key));
    assert_int_equal(due, 100);
    close_bench(&bench);
}

static void an_abort_brings_back_what_was_there(void **state)
{
    (void)state;
    struct bench bench = {0};
    open_bench(&bench);
    timers_move(bench.timers, bytes_text("USER:a"), TIME_NEVER_MS, 500);
    state_commit(bench.state, bytes_text("meta"), 0);
    int64_t due = 0;
    char key[64];
    assert_true(take(&bench, &due, key));
    timers_move(bench.timers, bytes_text("USER:b"), TIME_NEVER_MS, 50);
    state_abort(bench.state);
    timers_forget(bench.timers);
    assert_true(take(&bench, &due, key));
    assert_int_equal(due, 500);
    assert_false(take(&bench, &due, key));
    close_bench(&bench);
}

/* A moved timer used to come up at its old time too, and cost an empty transaction there. */
static void a_moved_timer_comes_once_at_its_new_time(void **state)
{
    (void)state;
    struct bench bench = {0};
    open_bench(&bench);
    struct timer timer = {0};
    bool found = false;
    assert_int_equal(timers_first(bench.timers, &timer, &found, NULL), STATUS_OK);
    timers_move(bench.timers, bytes_text("USER:a"), TIME_NEVER_MS, 100);
    timers_move(bench.timers, bytes_text("USER:a"), 100, 300);
    timers_move(bench.timers, bytes_text("USER:a"), 300, 100);
    timers_move(bench.timers, bytes_text("USER:a"), 100, 200);
    timers_move(bench.timers, bytes_text("USER:b"), TIME_NEVER_MS, 100);
    timers_move(bench.timers, bytes_text("USER:b"), 100, TIME_NEVER_MS);
    int64_t due = 0;
    char key[64];
    assert_true(take(&bench, &due, key));
    assert_string_equal(key, "USER:a");
    assert_int_equal(due, 200);
    assert_false(take(&bench, &due, key));
    close_bench(&bench);
}

/* More timers than the window holds, moved about: what comes out is every key once, in order. */
static void many_timers_come_in_order(void **state)
{
    (void)state;
    enum { COUNT = 30000 };
    struct bench bench = {0};
    open_bench(&bench);
    int64_t *dues = calloc(COUNT, sizeof(*dues));
    uint32_t seed = 7;
    char key[64];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            seed = seed * 1664525 + 1013904223;
            const int64_t due = 1000 + seed % 1000000;
            const int size = snprintf(key, sizeof(key), "USER:%d", i);
            timers_move(bench.timers, bytes_of(key, (size_t)size),
                        dues[i] == 0 ? TIME_NEVER_MS : dues[i], due);
            dues[i] = due;
            if (i % 5000 == 0) {
                struct timer timer = {0};
                bool found = false;
                assert_int_equal(timers_first(bench.timers, &timer, &found, NULL), STATUS_OK);
            }
        }
        state_commit(bench.state, bytes_text("meta"), 0);
    }
    int64_t last = 0;
    int seen = 0;
    int64_t due = 0;
    while (take(&bench, &due, key)) {
        const int i = atoi(key + 5);
        assert_true(due >= last);
        assert_int_equal(due, dues[i]);
        last = due;
        seen++;
    }
    assert_int_equal(seen, COUNT);
    free(dues);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_by_due_time_then_key),
        cmocka_unit_test(a_timer_set_after_the_first_look_is_seen),
        cmocka_unit_test(an_abort_brings_back_what_was_there),
        cmocka_unit_test(a_moved_timer_comes_once_at_its_new_time),
        cmocka_unit_test(many_timers_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
