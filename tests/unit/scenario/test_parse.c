/* What a scenario file may say, and what is told of what it may not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include "base/time.h"

static const struct scenario *first(const struct bench *bench)
{
    return bench->set->scenarios.items;
}

static const struct moment *step(const struct bench *bench, size_t index)
{
    assert_true(index < first(bench)->steps.count);
    return (const struct moment *)first(bench)->steps.items + index;
}

static const struct event *event(const struct bench *bench, size_t index)
{
    assert_true(index < step(bench, 0)->events.count);
    return (const struct event *)step(bench, 0)->events.items + index;
}

static const char *text_of(const struct event *item, const char *field)
{
    const char *text = json_string_value(json_at(item->value, field));
    return text == NULL ? "" : text;
}

static void a_report_has_its_usual_values(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "scenario a title\n"
                                  "at +1h\n"
                                  "  report USER:u1 as=a1 by=r1 ABUSE_SLANDER FRIEND label=950 "
                                  "label=DISGUST:20 OPEN_CHAT_ROOM\n"
                                  "expect\n"));
    assert_string_equal(scenario_title(bench->set, 0), "a title");
    const struct event *item = event(bench, 0);
    assert_string_equal(item->name, "a1");
    assert_string_equal(item->topic->name, "reports");
    assert_string_equal(text_of(item, "reporter_id"), "r1");
    assert_string_equal(text_of(item, "relation"), "FRIEND");
    assert_string_equal(text_of(item, "area"), "OPEN_CHAT_ROOM");
    assert_string_equal(text_of(item, "sender_kind"), "PERSON");
    assert_string_equal(text_of(item, "target_kind"), "USER");
    assert_string_equal(text_of(item, "labels[0].category"), "ABUSE_SLANDER");
    assert_string_equal(text_of(item, "labels[1].category"), "DISGUST");
    assert_int_equal(json_integer_value(json_at(item->value, "act_at")),
                     first(bench)->heading.start_ms + HOUR_MS);
}

static void each_report_has_a_reporter_and_an_id_of_its_own(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "scenario x\nat +0\n"
                                  "  report USER:u1 ABUSE_SLANDER\n"
                                  "  report USER:u1 ABUSE_SLANDER content_ref=m1\n"
                                  "expect\n"));
    assert_string_not_equal(text_of(event(bench, 0), "event_id"),
                            text_of(event(bench, 1), "event_id"));
    assert_string_not_equal(text_of(event(bench, 0), "reporter_id"),
                            text_of(event(bench, 1), "reporter_id"));
    assert_string_equal(text_of(event(bench, 1), "target_kind"), "CONTENT");
}

static void a_verdict_of_a_report_has_its_category_area_and_case(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "scenario x\nat +0\n"
                                  "  report USER:u1 as=a1 HATE_SPEECH GROUP_CHAT\n"
                                  "  confirm USER:u1 of=a1\n"
                                  "  dismiss USER:u1 TALK_PROFILE of=a1\n"
                                  "expect\n"));
    assert_string_equal(text_of(event(bench, 1), "kind"), "CONFIRM");
    assert_string_equal(text_of(event(bench, 1), "category"), "HATE_SPEECH");
    assert_string_equal(text_of(event(bench, 1), "area"), "GROUP_CHAT");
    assert_string_equal(text_of(event(bench, 1), "case_id"), "@a1.case");
    assert_string_equal(text_of(event(bench, 1), "report_ids[0]"), "a1");
    assert_string_equal(text_of(event(bench, 2), "kind"), "DISMISS");
    assert_string_equal(text_of(event(bench, 2), "area"), "TALK_PROFILE");
}

static void macros_includes_and_repetition_write_lines(void **state)
{
    struct bench *bench = *state;
    bench_write(bench, "b.inc", "let rude = ABUSE_SLANDER $where\n");
    assert_true(bench_read(bench, "let where = OPEN_CHAT_BOARD\n"
                                  "include b.inc\n"
                                  "scenario x # with a comment\nat +0\n"
                                  "  +1m repeat 3..5 every 1h report USER:u# as=a# by=r# $rude\n"
                                  "expect\n"));
    assert_int_equal(step(bench, 0)->events.count, 3);
    const struct event *last = event(bench, 2);
    assert_string_equal(last->name, "a5");
    assert_string_equal(text_of(last, "subject_id"), "u5");
    assert_string_equal(text_of(last, "reporter_id"), "r5");
    assert_string_equal(text_of(last, "area"), "OPEN_CHAT_BOARD");
    assert_int_equal(last->time_ms, first(bench)->heading.start_ms + 2 * HOUR_MS + MINUTE_MS);
}

static void events_of_a_step_are_in_order_of_time(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "scenario x\nat +0\n"
                                  "  +2h report USER:u1 as=a1 ABUSE_SLANDER\n"
                                  "  report USER:u1 as=a2 ABUSE_SLANDER\n"
                                  "  +2h report USER:u1 as=a3 ABUSE_SLANDER\n"
                                  "  -1h report USER:u1 as=a4 ABUSE_SLANDER\n"
                                  "expect\n"));
    static const char *const order[] = {"a4", "a2", "a1", "a3"};
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        assert_string_equal(event(bench, i)->name, order[i]);
    }
}

static void headings_hold_for_a_scenario_or_the_file(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "complete notice\npartitions 2\n"
                                  "scenario x\nstart 2026-01-01T00:00:00Z\npartitions 3\n"
                                  "at +0\nexpect\n"
                                  "scenario y\nat +0\nexpect\n"));
    const struct scenario *scenarios = bench->set->scenarios.items;
    assert_int_equal(scenario_count(bench->set), 2);
    assert_int_equal(scenarios[0].heading.partitions, 3);
    assert_int_equal(scenarios[0].heading.start_ms, INT64_C(1767225600000));
    assert_int_equal(scenarios[1].heading.partitions, 2);
    assert_true(scenarios[1].heading.complete[type_index(&record_notice)]);
    assert_true(scenarios[1].heading.complete[type_index(&record_restriction)]);
    assert_false(scenarios[1].heading.complete[type_index(&record_audit)]);
}

static void expectations_take_symbols_signs_and_paths(void **state)
{
    struct bench *bench = *state;
    assert_true(bench_read(bench, "scenario x\nexpect +1d\n"
                                  "  restriction USER:u1 LIFT EXPIRED state=EXPIRED stage>=1 as=s\n"
                                  "  no notice USER:u1 params.EXPIRES_AT!=null\n"
                                  "  only outcome REPORTER:r1 CONFIRMED\n"
                                  "  now standing USER:u1 null\n"
                                  "  dead-letter reason=BAD_FIELD\n"));
    const struct expectation *items = step(bench, 0)->expectations.items;
    assert_int_equal(step(bench, 0)->expectations.count, 5);
    assert_string_equal(items[0].pairs[0].field, "op");
    assert_string_equal(items[0].pairs[1].field, "end_reason");
    assert_int_equal(items[0].pairs[3].comparison, COMPARE_AT_LEAST);
    assert_string_equal(items[0].pairs[3].field, "stage");
    assert_string_equal(items[0].name, "s");
    assert_int_equal(items[1].kind, EXPECT_NONE);
    assert_int_equal(items[1].pairs[0].comparison, COMPARE_NOT_EQUAL);
    assert_int_equal(items[2].kind, EXPECT_ONLY);
    assert_ptr_equal(items[2].type, &record_signal);
    assert_int_equal(items[2].pair_count, 2);
    assert_int_equal(items[3].kind, EXPECT_NOW);
    assert_true(items[3].tombstone);
    assert_null(items[4].subject);
}

static void every_problem_is_told_with_file_and_line(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"at +0\n", "a.scenario:1: 'at' stands before the first 'scenario TITLE'"},
        {"scenario x\nreport USER:u1\n",
         "a.scenario:2: 'report' stands before the first 'at TIME'"},
        {"scenario x\nat +0\n  report USER:u1\n", "scenario 'x' does not end with an 'expect'"},
        {"scenario x\nat soon\n", "a.scenario:2: at: needs a time such as +5d3h"},
        {"scenario x\nat +1d\nat +1h\nexpect\n", "a.scenario:3: +1h: steps must not go back"},
        {"scenario x\nat +0\nexpect\nexpect\n", "a.scenario:4: expect: needs a time"},
        {"scenario x\nat +0\n  frob USER:u1\nexpect\n", "a.scenario:3: 'frob' is no event"},
        {"scenario x\nat +0\n  restriction USER:u1\nexpect\n", "'restriction' is no event"},
        {"scenario x\nat +0\n  report\nexpect\n", "'report' needs a subject such as USER:u1"},
        {"scenario x\nat +0\n  report u1\nexpect\n", "'u1' is no subject such as USER:u1"},
        {"scenario x\nat +0\n  report FOO:u1\nexpect\n", "subject_kind: 'FOO' is no symbol"},
        {"scenario x\nat +0\n  report USER:u1 FRIENDO\nexpect\n",
         "'FRIENDO' is no symbol of a field"},
        {"scenario x\nat +0\n  report USER:u1 lable=3\nexpect\n", "lable: is no field of Report"},
        {"scenario x\nat +0\n  report USER:u1 room_id=a/b\nexpect\n", "a.scenario:3: room_id"},
        {"scenario x\nat +0\n  report USER:u1 act_at=soon\nexpect\n", "act_at: must be an integer"},
        {"scenario x\nat +0\n  report USER:u1 label=much\nexpect\n", "labels[0].score"},
        {"scenario x\nat +0\n  report USER:u1 stage>=1\nexpect\n", "write FIELD=VALUE"},
        {"scenario x\nat +0\n  inquiry USER:u1\nexpect\n", "inquirer_id: is missing"},
        {"scenario x\nat +0\n  report USER:u1 $rude\nexpect\n", "'$rude' is not defined"},
        {"let x 3\n", "a.scenario:1: let: write 'let NAME = WORDS'"},
        {"scenario x\nat +0\n  repeat 5..3 report USER:u1\nexpect\n",
         "a.scenario:3: repeat: write"},
        {"include nowhere.inc\n", "nowhere.inc: cannot be read"},
        {"include a.scenario\n", "a.scenario: cannot be read: includes itself"},
        {"complete report\n", "complete: 'report' is no output record"},
        {"partitions 0\n", "partitions: '0' is no number from 1 to 1000"},
        {"start today\n", "start: 'today' is no time"},
        {"scenario x\nat +0\npartitions 2\nexpect\n",
         "partitions: must stand before the first step"},
        {"scenario x\nexpect +0\n  report USER:u1\n", "'report' is no output record"},
        {"scenario x\nexpect +0\n  restriction USER:u1 foo=3\n", "foo=3: no such field"},
        {"scenario x\nexpect +0\n  restriction USER:u1 op=APLY\n", "op=APLY: no such symbol"},
        {"scenario x\nexpect +0\n  standing USER:u1 restrictions[0].foo=3\n", "no such field"},
        {"scenario x\nexpect +0\n  restriction USER:u1 APPLY LIFT\n", "'LIFT' is no symbol"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct bench bench;
        bench_open(&bench);
        assert_false(bench_read(&bench, bad[i].text));
        if (!bench_says(&bench.problems.text, bad[i].says)) {
            fail_msg("'%s' gives %s instead of '%s'", bad[i].text,
                     (const char *)bench.problems.text.data, bad[i].says);
        }
        bench_close(&bench);
    }
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
        TEST(a_report_has_its_usual_values),
        TEST(each_report_has_a_reporter_and_an_id_of_its_own),
        TEST(a_verdict_of_a_report_has_its_category_area_and_case),
        TEST(macros_includes_and_repetition_write_lines),
        TEST(events_of_a_step_are_in_order_of_time),
        TEST(headings_hold_for_a_scenario_or_the_file),
        TEST(expectations_take_symbols_signs_and_paths),
        cmocka_unit_test(every_problem_is_told_with_file_and_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
