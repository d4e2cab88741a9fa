/* The text in the offsets' metadata.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/task.h"

static void a_mark_is_read_back(void **state)
{
    (void)state;
    struct task_mark mark = {0};
    assert_true(task_mark_parse("v1 seq=12 next=340 id=sanctiond.sanctions.0.0", &mark));
    assert_int_equal(mark.commit_seq, 12);
    assert_int_equal(mark.changelog_next, 340);
    assert_int_equal(mark.source_count, 0);
    assert_true(task_mark_parse("v1 seq=12 next=340 id=x src=5,0,17", &mark));
    assert_int_equal(mark.source_count, 3);
    assert_int_equal(mark.source_offset[0], 5);
    assert_int_equal(mark.source_offset[2], 17);
}

static void foreign_metadata_is_no_mark(void **state)
{
    (void)state;
    struct task_mark mark = {0};
    assert_false(task_mark_parse("", &mark));
    assert_false(task_mark_parse("v2 seq=12 next=340 id=x", &mark));
    assert_false(task_mark_parse("v1 next=340", &mark));
    assert_false(task_mark_parse("v1 seq=x next=340", &mark));
    assert_false(task_mark_parse("v1 seq=-1 next=340", &mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_read_back),
        cmocka_unit_test(foreign_metadata_is_no_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
