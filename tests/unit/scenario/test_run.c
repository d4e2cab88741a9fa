/* That a scenario fails when what comes is not what it expects, and says how.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#define LADDER                                                                                     \
    "scenario x\n"                                                                                 \
    "at +0\n"                                                                                      \
    "  report USER:u1 as=a1 by=r1 ABUSE_SLANDER OPEN_CHAT_ROOM label=600\n"                        \
    "  confirm USER:u1 of=a1\n"                                                                    \
    "expect\n"

static void what_comes_as_expected_passes(void **state)
{
    struct bench *bench = *state;
    const size_t failures =
        bench_run(bench, LADDER "  restriction USER:u1 APPLY RESTRICT_TEMP OPEN_CHAT stage=1 "
                                "scopes=POST,SEND,COMMENT expires_at=+1d as=s1\n"
                                "  standing USER:u1 restrictions.count=1 "
                                "restrictions[0].restriction_id=@s1.restriction_id\n"
                                "  notice USER:u1 params.EXPIRES_AT=+1d rendered_bytes<=15360\n"
                                "  outcome REPORTER:r1 CONFIRMED report_id=@a1\n"
                                "  no peer-display USER:u1\n"
                                "expect +1d\n"
                                "  restriction USER:u1 LIFT restriction_id=@s1.restriction_id\n"
                                "  now standing USER:u1 null\n");
    if (failures > 0) {
        fail_msg("%.*s", BYTES_PRINT(buffer_bytes(&bench->failures.text)));
    }
}

static void a_field_that_differs_is_named(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, LADDER "  restriction USER:u1 APPLY stage=2\n"), 2);
    assert_true(bench_says(&bench->failures.text,
                           "a.scenario:6: expected restriction USER:u1 op=APPLY stage=2"));
    assert_true(bench_says(&bench->failures.text, "came, but not this stage: restriction USER:u1"));
    assert_true(bench_says(&bench->failures.text, "a.scenario:5: unexpected: restriction USER:u1"));
}

static void a_restriction_that_nobody_expects_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, LADDER), 1);
    assert_true(bench_says(&bench->failures.text, "unexpected: restriction USER:u1"));
}

static void a_restriction_that_does_not_come_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "scenario x\nexpect +1d\n  restriction USER:u1 APPLY\n"), 1);
    assert_true(bench_says(&bench->failures.text, "nothing of this kind came"));
}

static void no_only_and_now_are_looked_at(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(
        bench_run(bench, LADDER "  restriction USER:u1 APPLY\n"
                                "  no notice USER:u1 RESTRICTION_APPLIED\n"
                                "  only notice USER:r1 REPORT_RECEIPT\n"
                                "  now standing USER:u1 null\n"
                                "  now standing USER:u2 revision=1\n"),
        5); /* of r1 the disclosure or outcome besides: more than one may be unexpected */
    assert_true(bench_says(&bench->failures.text, "must not come: notice USER:u1"));
    assert_true(bench_says(&bench->failures.text, "unexpected: notice USER:r1"));
    assert_true(bench_says(&bench->failures.text, "expected standing USER:u1 null"));
    assert_true(bench_says(&bench->failures.text, "expected standing USER:u2 revision=1"));
}

static void each_record_answers_one_expectation(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, LADDER "  restriction USER:u1 APPLY\n"
                                             "  restriction USER:u1 APPLY\n"),
                     1);
    assert_true(bench_says(&bench->failures.text, "but another line expects it"));
}

static void given_steps_are_not_looked_at(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench,
                               "scenario x\ngiven +0\n"
                               "  report USER:u1 as=a1 ABUSE_SLANDER OPEN_CHAT_ROOM label=600\n"
                               "  confirm USER:u1 of=a1\n"
                               "expect +1h\n"
                               "  no restriction USER:u1\n"),
                     0);
}

static void a_name_that_nothing_told_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "scenario x\nat +0\n"
                                      "  verdict USER:u1 LIFT ABUSE_SLANDER "
                                      "target_decision_id=@s1.decision_id\n"
                                      "expect\n"),
                     1);
    assert_true(bench_says(&bench->failures.text, "a.scenario:3: '@s1.decision_id' is not known"));
}

static void a_missing_policy_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "policy nowhere.yaml\nscenario x\nexpect +0\n"), 1);
    assert_true(bench_says(&bench->failures.text, "nowhere.yaml"));
}

static void an_edited_policy_decides(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "policy default categories.ABUSE_SLANDER.severity=SEVERE\n"
                                      "scenario x\nat +0\n"
                                      "  report USER:u1 as=a1 ABUSE_SLANDER OPEN_CHAT_ROOM "
                                      "label=600\n"
                                      "  confirm USER:u1 of=a1\n"
                                      "expect\n"
                                      "  restriction USER:u1 APPLY stage=2\n"),
                     0);
}

static void an_edit_of_nothing_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "policy default breaker.no_such=3 breaker.apply_max.x=3\n"
                                      "scenario x\nexpect +0\n"),
                     1);
    assert_true(bench_says(&bench->failures.text, "breaker.no_such: no value of this name"));
    assert_true(bench_says(&bench->failures.text, "breaker.apply_max.x: no value of this name"));
}

static void an_edit_that_the_loader_refuses_fails(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(bench_run(bench, "policy default breaker.apply_max=none\n"
                                      "scenario x\nexpect +0\n"),
                     1);
    assert_true(bench_says(&bench->failures.text, "apply_max"));
}

static int set_up(void **state)
{
    static struct bench bench;
    bench_open(&bench);
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    bench_close(*state);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_as_expected_passes),
        TEST(a_field_that_differs_is_named),
        TEST(a_restriction_that_nobody_expects_fails),
        TEST(a_restriction_that_does_not_come_fails),
        TEST(no_only_and_now_are_looked_at),
        TEST(each_record_answers_one_expectation),
        TEST(given_steps_are_not_looked_at),
        TEST(a_name_that_nothing_told_fails),
        TEST(a_missing_policy_fails),
        TEST(an_edited_policy_decides),
        TEST(an_edit_of_nothing_fails),
        TEST(an_edit_that_the_loader_refuses_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
