/* The record of a reporter: class and ladder of abuse, worked case 18.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct signal outcome_signal(struct world *world, int number, enum outcome outcome)
{
    return (struct signal){
        .event_id = world_text(world, "signal", world->reports++),
        .subject_kind = SUBJECT_KIND_REPORTER,
        .subject_id = world->facts->subject_id,
        .kind = SIGNAL_KIND_REPORT_OUTCOME,
        .report_id = world_text(world, "told", number),
        .decided_at = {world->now_ms, true},
        .outcome = {(int32_t)outcome, true},
    };
}

static void tell(struct world *world, int from, int count, enum outcome outcome)
{
    for (int i = 0; i < count; i++) {
        const struct signal signal = outcome_signal(world, from + i, outcome);
        world_judge(world, "signals", &record_signal, &signal);
    }
}

static enum reporter_class last_class(const struct world *world)
{
    const struct standing *last = NULL;
    for (size_t i = 0; i < world->count; i++) {
        if (world->outputs[i].type == &record_standing) {
            last = world->outputs[i].record;
        }
    }
    return last == NULL ? REPORTER_CLASS_NORMAL : last->reporter_class;
}

static void confirm_abuse(struct world *world)
{
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_REPORT_ABUSE, AREA_OTHER_AREA);
    char text[ID_TEXT_SIZE];
    for (uint32_t i = 0; i < world->facts->cases_count; i++) {
        if (!world->facts->cases[i].outcome.set) {
            hex_format(world->facts->cases[i].case_id, text);
            verdict.case_id = bytes_of(text, sizeof(text));
        }
    }
    assert_non_null(verdict.case_id.data);
    world_clear(world);
    world_rule(world, &verdict);
}

/* Case 18. */
static void groundless_reports_climb_the_reporter_ladder(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_REPORTER, "r");
    tell(world, 0, 6, OUTCOME_CONFIRMED);
    tell(world, 100, 9, OUTCOME_GROUNDLESS);
    assert_int_equal(world_count(world, &record_standing), 0);
    tell(world, 200, 1, OUTCOME_GROUNDLESS);
    assert_int_equal(last_class(world), REPORTER_CLASS_LOW);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_REPORTER_ABUSE);
    assert_int_equal(review->abuse_count, 10);
    assert_int_equal(review->abuse_permille, 625);

    world_advance(world, T0 + DAY_MS);
    confirm_abuse(world);
    assert_non_null(world_notice(world, NOTICE_KIND_REPORTER_WARNING));
    expect_none(world);
    assert_int_equal(last_class(world), REPORTER_CLASS_NORMAL);
    assert_false(world->facts->standing_shown);

    static const struct {
        int day;
        int32_t stage;
        int end;
    } steps[] = {{40, 2, 47}, {100, 3, 130}, {160, 4, 190}};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        world_advance(world, T0 + steps[i].day * DAY_MS);
        tell(world, 300 + 100 * (int)i, 10, OUTCOME_GROUNDLESS);
        confirm_abuse(world);
        assert_non_null(world_notice(world, NOTICE_KIND_REPORTER_SUSPENDED));
        const struct review_request *end = world_review(world, REVIEW_ACTION_OPEN);
        assert_true(i < 2 ? end == NULL : end->kind == REVIEW_KIND_LADDER_END);
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_REPORTER_INTAKE_SUSPEND, steps[i].stage, 0,
                    T0 + steps[i].end * DAY_MS);
        assert_int_equal(last_class(world), REPORTER_CLASS_SUSPENDED);
    }
    world_advance(world, T0 + 191 * DAY_MS);
    assert_int_equal(last_class(world), REPORTER_CLASS_NORMAL);
    world_free(world);
}

static void share_below_the_limit_is_nothing_and_time_can_change_the_class(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_REPORTER, "r");
    tell(world, 0, 11, OUTCOME_NO_VIOLATION);
    world_advance(world, T0 + DAY_MS);
    tell(world, 100, 10, OUTCOME_GROUNDLESS); /* 10 of 21: 476 permille */
    assert_int_equal(world->count, 0);
    world_advance(world, T0 + 90 * DAY_MS); /* the others leave the window */
    assert_int_equal(last_class(world), REPORTER_CLASS_LOW);
    world_advance(world, T0 + 91 * DAY_MS);
    assert_int_equal(last_class(world), REPORTER_CLASS_NORMAL);
    /* A later outcome of the same report replaces the earlier. */
    tell(world, 500, 10, OUTCOME_GROUNDLESS);
    assert_int_equal(last_class(world), REPORTER_CLASS_LOW);
    tell(world, 500, 1, OUTCOME_CONFIRMED);
    assert_int_equal(last_class(world), REPORTER_CLASS_NORMAL);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groundless_reports_climb_the_reporter_ladder),
        cmocka_unit_test(share_below_the_limit_is_nothing_and_time_can_change_the_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
