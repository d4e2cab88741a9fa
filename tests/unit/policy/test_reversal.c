/* Facts taken away: everything that rested on them follows by derive and diff (domain.md E7, I.11,
 * H.15).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void strike_at(struct world *world, int64_t at_ms)
{
    world_advance(world, at_ms);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
}

/* Case 15: strikes at t, +2d, +10d. */
static struct world *three_strikes(void)
{
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    strike_at(world, T0);
    strike_at(world, T0 + 2 * DAY_MS);
    strike_at(world, T0 + 10 * DAY_MS);
    return world;
}

static void reversed_strike_shortens_the_later_step(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    world_advance(world, T0 + 12 * DAY_MS);
    world_clear(world);
    world_reverse(world, 1);
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_REVERSED));
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_CHANGED));
    const struct restriction *reverse =
        expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 5 * DAY_MS);
    assert_int_equal(reverse->state, DECISION_STATE_REVERSED);
    assert_int_equal(reverse->end_reason.value, END_REASON_APPEAL);
    const struct restriction *shorten =
        expect_step(world, RESTRICTION_OP_SHORTEN, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 13 * DAY_MS);
    assert_int_equal(shorten->end_reason.value, END_REASON_RECOMPUTED);
    assert_true(shorten->decided_at == T0 + 10 * DAY_MS);
    expect_none(world);
    /* The next strike is the third, not the fourth. */
    world_clear(world);
    strike_at(world, T0 + 20 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 13 * DAY_MS);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 27 * DAY_MS);
    world_free(world);
}

static void reversed_late_lifts_what_should_have_ended(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    world_advance(world, T0 + 14 * DAY_MS);
    world_clear(world);
    world_reverse(world, 1);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 5 * DAY_MS);
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 17 * DAY_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_RECOMPUTED);
    assert_int_equal(lift->state, DECISION_STATE_LIFTED);
    expect_none(world);
    assert_int_equal(world->facts->restrictions_count, 0);
    world_free(world);
}

static void reversed_newest_step_brings_the_one_before_back(void **state)
{
    (void)state;
    struct world *world = three_strikes(); /* the third runs to +17d */
    world_clear(world);
    strike_at(world, T0 + 11 * DAY_MS); /* s4 -> +26d supersedes it */
    const struct restriction *fourth =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 4, OC3, T0 + 26 * DAY_MS);
    world_advance(world, T0 + 12 * DAY_MS);
    world_clear(world);
    world_reverse(world, 3);
    const struct restriction *reverse =
        expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 4, OC3, T0 + 26 * DAY_MS);
    assert_true(bytes_equal(reverse->restriction_id, fourth->restriction_id));
    const struct restriction *back =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 17 * DAY_MS);
    assert_true(bytes_equal(back->prior_decision_id, fourth->supersedes));
    assert_false(bytes_equal(back->restriction_id, fourth->supersedes));
    assert_true(back->starts_at == world->now_ms && back->decided_at == world->now_ms);
    expect_none(world);
    world_free(world);
}

static void lift_by_a_person_brings_nothing_back(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    strike_at(world, T0 + 11 * DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_LIFT, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    char text[ID_TEXT_SIZE];
    hex_format(world->facts->restrictions[0].restriction_id, text);
    verdict.target_decision_id = bytes_of(text, sizeof(text));
    world_clear(world);
    world_rule(world, &verdict);
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 4, OC3, T0 + 26 * DAY_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_REVIEWER);
    expect_none(world);
    /* The strike still counts; the next step does not last as long as the lifted one would have. */
    strike_at(world, T0 + 12 * DAY_MS);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 5, OC5, T0 + 42 * DAY_MS);
    world_free(world);
}

static void reversed_warning_has_no_restriction_record(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_GROUP_CHAT);
    world_advance(world, T0 + DAY_MS);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_GROUP_CHAT);
    world_clear(world);
    world_reverse(world, 0);
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_REVERSED));
    /* s2 CH2 becomes s1 WARNING: its restriction ends. */
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 2, CH2, T0 + 2 * DAY_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_RECOMPUTED);
    expect_none(world);
    world_free(world);
}

static void reversed_ban_leaves_another_ban_in_force(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(world, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM);
    world_confirm(world, CATEGORY_FINANCIAL_FRAUD, AREA_REGULAR_CHAT);
    assert_int_equal(world->facts->restrictions_count, 2);
    world_clear(world);
    world_reverse(world, 0);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    expect_none(world);
    assert_int_equal(world->facts->restrictions_count, 1);
    assert_true(world->facts->peer_shown);
    world_reverse(world, 0);
    assert_false(world->facts->peer_shown);
    assert_int_equal(world->facts->restrictions_count, 0);
    world_free(world);
}

static void reversal_replaces_the_outcome_of_every_report_of_the_case(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report first =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 920, "a");
    const struct report second =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 920, "b");
    world_send(world, &first);
    world_send(world, &second);
    struct report late = world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 920, "c");
    late.content_ref = first.content_ref;
    late.act_at = first.act_at;
    world_clear(world);
    world_send(world, &late); /* the act was decided: answered at once (I.4) */
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_CONFIRMED);
    expect_none(world);
    world_clear(world);
    world_reverse(world, 0);
    size_t told = 0;
    for (size_t i = world->seen; i < world->count; i++) {
        if (world->outputs[i].type == &record_signal) {
            const struct signal *signal = world->outputs[i].record;
            assert_int_equal(signal->outcome.value, OUTCOME_NO_VIOLATION);
            told++;
        }
    }
    assert_int_equal(told, 3);
    world_free(world);
}

static void permanent_step_stays_until_its_strike_is_reversed(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 7; i++) {
        strike_at(world, T0 + i * DAY_MS);
    }
    const struct review_request *review = NULL;
    for (size_t i = 0; i < world->count; i++) {
        if (world->outputs[i].type == &record_review_request) {
            review = world->outputs[i].record;
        }
    }
    assert_int_equal(review->kind, REVIEW_KIND_LADDER_END);
    struct verdict verdict = world_verdict(world, VERDICT_KIND_SET_PERMANENT,
                                           CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = review->case_id;
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(world_review(world, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_LADDER_END);
    const struct restriction *permanent =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_AREA, 7, OC5, 0);
    assert_non_null(permanent->supersedes.data);
    /* Later strikes count but publish nothing. */
    world_clear(world);
    strike_at(world, T0 + 30 * DAY_MS);
    expect_none(world);
    assert_int_equal(ladder_weight(world->facts, LEDGER_OPEN_CHAT, world->now_ms), 8);
    world_clear(world);
    world_reverse(world, 6);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_PERM_AREA, 7, OC5, 0);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 7, OC5, T0 + 90 * DAY_MS);
    expect_none(world);
    world_free(world);
}

static void reduced_step_is_never_lengthened_by_a_recompute(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    struct violation_fact *third = &world->facts->violations[2];
    third->reduced = true;
    third->reduced_expires_at = (struct optional_long){T0 + 12 * DAY_MS, true};
    third->reduced_scopes = SCOPE(SEND);
    struct ladder_state ladder;
    ladder_derive(&world->policies, world->facts, LEDGER_OPEN_CHAT, world->now_ms, &ladder);
    assert_int_equal(ladder.current, 2);
    assert_true(ladder.steps[2].end_ms == T0 + 12 * DAY_MS);
    assert_true(ladder.steps[2].scopes == SCOPE(SEND));
    violation_drop(world->facts, &world->facts->violations[0]);
    ladder_derive(&world->policies, world->facts, LEDGER_OPEN_CHAT, world->now_ms, &ladder);
    assert_true(ladder.steps[1].end_ms == T0 + 12 * DAY_MS);
    assert_int_equal(ladder.steps[1].stage, 2);
    world_free(world);
}

static void fact_that_arrives_late_gives_the_standing_of_a_prompt_one(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    strike_at(world, T0 + 5 * DAY_MS);
    const struct violation_fact late = {
        .number = 100,
        .lane = LANE_LADDER,
        .category = CATEGORY_ABUSE_SLANDER,
        .ledger = LEDGER_OPEN_CHAT,
        .weight = 2,
        .act_at = T0 + DAY_MS,
        .decided_at = T0 + 2 * DAY_MS,
        .expires_at = T0 + 90 * DAY_MS,
        .policy_version = 1,
    };
    const struct violation_fact *placed = violation_insert(world->facts, &late);
    assert_ptr_equal(placed, &world->facts->violations[0]);
    struct ladder_state ladder;
    ladder_derive(&world->policies, world->facts, LEDGER_OPEN_CHAT, world->now_ms, &ladder);
    assert_int_equal(ladder.current, 1);
    assert_int_equal(ladder.steps[0].stage, 2);
    assert_int_equal(ladder.steps[1].stage, 3);
    assert_true(ladder.steps[1].end_ms == T0 + 12 * DAY_MS);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reversed_strike_shortens_the_later_step),
        cmocka_unit_test(reversed_late_lifts_what_should_have_ended),
        cmocka_unit_test(reversed_newest_step_brings_the_one_before_back),
        cmocka_unit_test(lift_by_a_person_brings_nothing_back),
        cmocka_unit_test(reversed_warning_has_no_restriction_record),
        cmocka_unit_test(reversed_ban_leaves_another_ban_in_force),
        cmocka_unit_test(reversal_replaces_the_outcome_of_every_report_of_the_case),
        cmocka_unit_test(permanent_step_stays_until_its_strike_is_reversed),
        cmocka_unit_test(reduced_step_is_never_lengthened_by_a_recompute),
        cmocka_unit_test(fact_that_arrives_late_gives_the_standing_of_a_prompt_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
