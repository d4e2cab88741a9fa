/* What is checked in every scenario, with planted faults: doubled, missing and torn outputs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

static const struct moment look = {.looks = true, .look_place = {"a.scenario", 7}};

struct trial {
    struct scenario scenario;
    struct run run;
    struct problems failures;
};

static void add(struct trial *trial, const struct record_type *type, const char *subject,
                const char *text)
{
    struct output *output = list_push(&trial->run.outputs, sizeof(*output));
    json_error_t error;
    output->type = type;
    output->subject = subject;
    output->value = text == NULL ? NULL : json_loads(text, 0, &error);
    assert_true(text == NULL || output->value != NULL);
}

#define ITEM "\"restriction_id\":\"d1\",\"measure\":\"RESTRICT_TEMP\",\"stage\":1,\"expires_at\":"

static void add_apply(struct trial *trial)
{
    add(trial, &record_audit, "USER:u1", "{\"event_id\":\"d1.0\",\"decision_id\":\"d1\"}");
    add(trial, &record_restriction, "USER:u1",
        "{\"event_id\":\"d1.1\",\"decision_id\":\"d1\",\"op\":\"APPLY\"," ITEM "5}");
    add(trial, &record_standing, "USER:u1",
        "{\"event_id\":\"d1.2\",\"decision_id\":\"d1\",\"restrictions\":[{" ITEM "5}]}");
}

static size_t checked(struct trial *trial)
{
    moment_check(&trial->run, &look);
    return trial->failures.count;
}

static void sound_outputs_pass(void **state)
{
    struct trial *trial = *state;
    add_apply(trial);
    assert_int_equal(checked(trial), 0);
    add(trial, &record_audit, "USER:u1", "{\"event_id\":\"d2.0\",\"decision_id\":\"d2\"}");
    add(trial, &record_restriction, "USER:u1",
        "{\"event_id\":\"d2.1\",\"decision_id\":\"d2\",\"op\":\"LIFT\"," ITEM "5}");
    add(trial, &record_standing, "USER:u1", NULL);
    assert_int_equal(checked(trial), 0);
}

static void a_record_written_twice_is_found(void **state)
{
    struct trial *trial = *state;
    add_apply(trial);
    add(trial, &record_notice, "USER:u1", "{\"event_id\":\"d1.2\"}");
    assert_int_equal(checked(trial), 1);
    assert_true(bench_says(&trial->failures.text, "a.scenario:7: the event_id is that of"));
}

static void a_second_audit_of_a_decision_is_found(void **state)
{
    struct trial *trial = *state;
    add_apply(trial);
    add(trial, &record_audit, "USER:u1", "{\"event_id\":\"d1.9\",\"decision_id\":\"d1\"}");
    assert_int_equal(checked(trial), 1);
    assert_true(bench_says(&trial->failures.text, "a second audit record"));
}

static void a_decision_without_audit_is_found(void **state)
{
    struct trial *trial = *state;
    add(trial, &record_peer_display, "USER:u1",
        "{\"event_id\":\"d3.0\",\"decision_id\":\"d3\",\"shown\":true}");
    assert_int_equal(checked(trial), 1);
    assert_true(bench_says(&trial->failures.text, "no audit record of this decision"));
}

static void a_standing_with_another_end_is_found(void **state)
{
    struct trial *trial = *state;
    add_apply(trial);
    add(trial, &record_standing, "USER:u1",
        "{\"event_id\":\"d1.3\",\"decision_id\":\"d1\",\"restrictions\":[{" ITEM "6}]}");
    assert_int_equal(checked(trial), 1);
    assert_true(bench_says(&trial->failures.text, "the standing of USER:u1 is not what is"));
}

static void a_superseded_restriction_is_not_in_force(void **state)
{
    struct trial *trial = *state;
    add_apply(trial);
    add(trial, &record_audit, "USER:u1", "{\"event_id\":\"d2.0\",\"decision_id\":\"d2\"}");
    add(trial, &record_restriction, "USER:u1",
        "{\"event_id\":\"d2.1\",\"decision_id\":\"d2\",\"op\":\"APPLY\",\"supersedes\":\"d1\","
        "\"restriction_id\":\"d2\",\"measure\":\"RESTRICT_TEMP\"}");
    assert_int_equal(checked(trial), 1); /* the standing still holds the first */
    add(trial, &record_standing, "USER:u1",
        "{\"event_id\":\"d2.2\",\"decision_id\":\"d2\",\"restrictions\":["
        "{\"restriction_id\":\"d2\",\"measure\":\"RESTRICT_TEMP\"}]}");
    assert_int_equal(checked(trial), 1);
}

static int set_up(void **state)
{
    struct trial *trial = memory_get(sizeof(*trial));
    *trial = (struct trial){0};
    trial->run.scenario = &trial->scenario;
    trial->run.failures = &trial->failures;
    *state = trial;
    return 0;
}

static int tear_down(void **state)
{
    struct trial *trial = *state;
    struct output *outputs = trial->run.outputs.items;
    for (size_t i = 0; i < trial->run.outputs.count; i++) {
        json_decref(outputs[i].value);
    }
    list_release(&trial->run.outputs);
    problems_release(&trial->failures);
    free(trial);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sound_outputs_pass),
        TEST(a_record_written_twice_is_found),
        TEST(a_second_audit_of_a_decision_is_found),
        TEST(a_decision_without_audit_is_found),
        TEST(a_standing_with_another_end_is_found),
        TEST(a_superseded_restriction_is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
