/* An errand: one call at a time, beside its owner or in its owner's wait.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/errand.h"

#include <pthread.h>
#include <stdatomic.h>

struct work {
    atomic_bool may_end;
    atomic_int runs;
    pthread_t thread; /* that ran it last */
};

static void work_do(void *context)
{
    struct work *work = context;
    work->thread = pthread_self();
    while (!atomic_load(&work->may_end)) {}
    atomic_fetch_add(&work->runs, 1);
}

static void a_call_runs_beside_until_it_is_over(void **state)
{
    (void)state;
    struct work work = {.may_end = false};
    struct errand *errand = errand_new(true);
    assert_false(errand_busy(errand));
    assert_true(errand_wait(errand, ERRAND_FOREVER)); /* nothing was posted */
    errand_post(errand, work_do, &work);
    assert_false(errand_wait(errand, 0));
    assert_false(errand_wait(errand, 5));
    assert_true(errand_busy(errand));
    assert_int_equal(atomic_load(&work.runs), 0);
    atomic_store(&work.may_end, true);
    assert_true(errand_wait(errand, ERRAND_FOREVER));
    assert_false(errand_busy(errand));
    assert_int_equal(atomic_load(&work.runs), 1);
    assert_false(pthread_equal(work.thread, pthread_self()));
    errand_post(errand, work_do, &work);
    while (!errand_wait(errand, 1)) {}
    assert_int_equal(atomic_load(&work.runs), 2);
    errand_free(errand);
}

static void the_end_waits_for_the_call_under_way(void **state)
{
    (void)state;
    struct work work = {.may_end = true};
    struct errand *errand = errand_new(true);
    errand_post(errand, work_do, &work);
    errand_free(errand);
    assert_int_equal(atomic_load(&work.runs), 1);
    errand_free(NULL);
}

static void a_call_that_is_not_beside_runs_in_the_wait(void **state)
{
    (void)state;
    struct work work = {.may_end = true};
    struct errand *errand = errand_new(false);
    errand_post(errand, work_do, &work);
    assert_true(errand_busy(errand));
    assert_int_equal(atomic_load(&work.runs), 0);
    assert_true(errand_wait(errand, 0));
    assert_int_equal(atomic_load(&work.runs), 1);
    assert_true(pthread_equal(work.thread, pthread_self()));
    errand_post(errand, work_do, &work);
    errand_free(errand); /* never waited for: never run */
    assert_int_equal(atomic_load(&work.runs), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_runs_beside_until_it_is_over),
        cmocka_unit_test(the_end_waits_for_the_call_under_way),
        cmocka_unit_test(a_call_that_is_not_beside_runs_in_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
