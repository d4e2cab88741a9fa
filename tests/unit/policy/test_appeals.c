/* Appeals, disputes and inquiries: worked cases 15 and 21, corners of I.16.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void strike_at(struct world *world, int64_t at_ms)
{
    world_advance(world, at_ms);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
}

static struct world *three_strikes(void)
{
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    strike_at(world, T0);
    strike_at(world, T0 + 2 * DAY_MS);
    strike_at(world, T0 + 10 * DAY_MS);
    return world;
}

static struct bytes hex_of(struct world *world, struct bytes id)
{
    char *text = arena_get(&world->arena, ID_TEXT_SIZE);
    hex_format(id, text);
    return bytes_of(text, ID_TEXT_SIZE);
}

static void appeal(struct world *world, const char *event, struct bytes decision_id)
{
    const struct appeal record = {
        .event_id = bytes_text(event),
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("p"),
        .appeal_id = bytes_text(event),
        .kind = APPEAL_KIND_APPEAL,
        .target_decision_id = decision_id,
        .appellant_id = bytes_text("p"),
        .requested_by = REQUESTER_SELF,
        .verified_subject = true,
    };
    assert_int_equal(world_judge(world, "appeals", &record_appeal, &record), JUDGE_DONE);
}

static struct verdict appeal_verdict(struct world *world, enum verdict_kind kind,
                                     struct bytes decision_id, const char *reviewer)
{
    struct verdict verdict =
        world_verdict(world, kind, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.target_decision_id = decision_id;
    verdict.reviewer_ref = bytes_text(reviewer);
    return verdict;
}

static const struct param *find_param(const struct notice_request *notice, enum param_name name)
{
    for (uint32_t i = 0; i < notice->params_count; i++) {
        if (notice->params[i].name == name) {
            return &notice->params[i];
        }
    }
    return NULL;
}

static void overturned_appeal_reverses_and_recomputes(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    const struct bytes second = hex_of(world, world->facts->violations[1].decision_id);
    world_advance(world, T0 + 11 * DAY_MS);
    world_clear(world);
    appeal(world, "appeal1", second);
    assert_non_null(world_notice(world, NOTICE_KIND_APPEAL_RECEIPT));
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_APPEAL);
    assert_true(bytes_is(review->excluded_reviewer_ref, "reviewer1"));
    expect_none(world); /* the measure goes on */
    world_advance(world, T0 + 12 * DAY_MS);
    world_clear(world);
    const struct verdict verdict =
        appeal_verdict(world, VERDICT_KIND_APPEAL_OVERTURN, second, "reviewer2");
    world_rule(world, &verdict);
    const struct notice_request *result = world_notice(world, NOTICE_KIND_APPEAL_RESULT);
    assert_true(bytes_is(find_param(result, PARAM_NAME_OUTCOME)->value, "NO_VIOLATION"));
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_REVERSED));
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_CHANGED));
    assert_int_equal(world_review(world, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_APPEAL);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 5 * DAY_MS);
    expect_step(world, RESTRICTION_OP_SHORTEN, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 13 * DAY_MS);
    expect_none(world);
    world_clear(world);
    strike_at(world, T0 + 20 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 13 * DAY_MS);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 27 * DAY_MS);
    world_free(world);
}

static void first_reviewer_or_no_appeal_is_refused(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    const struct bytes third = hex_of(world, world->facts->violations[2].restriction_id);
    struct verdict verdict =
        appeal_verdict(world, VERDICT_KIND_APPEAL_OVERTURN, third, "reviewer2");
    world_clear(world);
    world_rule(world, &verdict);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    expect_none(world);
    appeal(world, "appeal1", third);
    verdict = appeal_verdict(world, VERDICT_KIND_APPEAL_OVERTURN, third, "reviewer1");
    world_clear(world);
    world_rule(world, &verdict);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    expect_none(world);
    verdict = appeal_verdict(world, VERDICT_KIND_APPEAL_REJECT, third, "reviewer3");
    world_clear(world);
    world_rule(world, &verdict);
    assert_non_null(world_notice(world, NOTICE_KIND_APPEAL_RESULT));
    expect_none(world);
    world_free(world);
}

static void late_repeated_and_unknown_appeals_are_inadmissible(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    const struct bytes first = hex_of(world, world->facts->violations[0].decision_id);
    const struct bytes second = hex_of(world, world->facts->violations[1].decision_id);
    appeal(world, "appeal1", second);
    world_clear(world);
    appeal(world, "appeal2", second);
    const struct notice_request *result = world_notice(world, NOTICE_KIND_APPEAL_RESULT);
    assert_true(bytes_is(find_param(result, PARAM_NAME_OUTCOME)->value, "INADMISSIBLE"));
    assert_null(world_review(world, REVIEW_ACTION_OPEN));
    world_clear(world);
    appeal(world, "appeal3", bytes_text("00000000000000000000000000000000"));
    assert_non_null(world_notice(world, NOTICE_KIND_APPEAL_RESULT));
    world_advance(world, T0 + 184 * DAY_MS + 1);
    world_clear(world);
    appeal(world, "appeal4", first);
    result = world_notice(world, NOTICE_KIND_APPEAL_RESULT);
    assert_true(bytes_is(find_param(result, PARAM_NAME_OUTCOME)->value, "INADMISSIBLE"));
    /* The second has an open appeal, so it is kept beyond its own time. */
    world_advance(world, T0 + 400 * DAY_MS);
    assert_true(world->facts->violations_count >= 1);
    const struct verdict verdict =
        appeal_verdict(world, VERDICT_KIND_APPEAL_OVERTURN, second, "reviewer2");
    world_clear(world);
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 5 * DAY_MS);
    world_free(world);
}

static void reduced_measure_ends_sooner_and_stays_reduced(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    const struct bytes third = hex_of(world, world->facts->violations[2].restriction_id);
    appeal(world, "appeal1", third);
    struct verdict verdict = appeal_verdict(world, VERDICT_KIND_APPEAL_REDUCE, third, "reviewer2");
    verdict.expires_at = (struct optional_long){T0 + 20 * DAY_MS, true}; /* later: refused */
    world_clear(world);
    world_rule(world, &verdict);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    expect_none(world);
    verdict.event_id = bytes_text("reduce2");
    verdict.expires_at.value = T0 + 12 * DAY_MS;
    verdict.scopes = SCOPE(SEND);
    world_rule(world, &verdict);
    const struct restriction *shorten = expect_step(
        world, RESTRICTION_OP_SHORTEN, MEASURE_RESTRICT_TEMP, 3, SCOPE(SEND), T0 + 12 * DAY_MS);
    assert_int_equal(shorten->end_reason.value, END_REASON_APPEAL);
    /* A recompute neither lengthens nor widens it. */
    world_clear(world);
    world_reverse(world, 0);
    expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    expect_step(world, RESTRICTION_OP_CHANGE, MEASURE_RESTRICT_TEMP, 2, SCOPE(SEND),
                T0 + 12 * DAY_MS);
    world_advance(world, T0 + 12 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 2, SCOPE(SEND),
                T0 + 12 * DAY_MS);
    world_free(world);
}

static void ban_is_reduced_to_a_dated_measure(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(world, CATEGORY_CHILD_GROOMING, AREA_OPEN_CHAT_ROOM);
    const struct bytes ban = hex_of(world, world->facts->violations[0].restriction_id);
    appeal(world, "appeal1", ban);
    struct verdict verdict = appeal_verdict(world, VERDICT_KIND_APPEAL_REDUCE, ban, "reviewer2");
    verdict.measure = (struct optional_int){MEASURE_RESTRICT_TEMP, true};
    verdict.scopes = OC1;
    verdict.expires_at = (struct optional_long){T0 + 30 * DAY_MS, true};
    world_clear(world);
    world_rule(world, &verdict);
    const struct restriction *reduced =
        expect_step(world, RESTRICTION_OP_SHORTEN, MEASURE_RESTRICT_TEMP, 0, OC1, T0 + 30 * DAY_MS);
    assert_int_equal(reduced->ledger, LEDGER_OPEN_CHAT);
    assert_false(world->facts->peer_shown);
    /* It is no step of the ladder: a strike runs beside it. */
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    const struct restriction *step =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    assert_null(step->supersedes.data);
    world_advance(world, T0 + 2 * DAY_MS);
    world_clear(world);
    world_advance(world, T0 + 31 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, OC1, T0 + 30 * DAY_MS);
    world_free(world);
}

static void appeal_against_no_violation_may_confirm_the_case(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 400, "a");
    world_send(world, &report);
    const struct bytes case_id = hex_of(world, world->facts->cases[0].case_id);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_DISMISS, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = case_id;
    world_rule(world, &verdict);
    const struct appeal record = {
        .event_id = bytes_text("appeal1"),
        .appeal_id = bytes_text("appeal1"),
        .kind = APPEAL_KIND_APPEAL,
        .case_id = case_id,
        .appellant_id = bytes_text("a"),
        .verified_subject = true,
    };
    world_judge(world, "appeals", &record_appeal, &record);
    verdict = world_verdict(world, VERDICT_KIND_APPEAL_OVERTURN, CATEGORY_ABUSE_SLANDER,
                            AREA_OPEN_CHAT_ROOM);
    verdict.case_id = case_id;
    verdict.reviewer_ref = bytes_text("reviewer2");
    world_clear(world);
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    world_free(world);
}

static void dispute_that_is_won_takes_the_fact_away(void **state)
{
    (void)state;
    struct world *world = three_strikes();
    struct dispute dispute = {
        .event_id = bytes_text("d1"),
        .dispute_id = bytes_text("d"),
        .state = DISPUTE_STATE_OPENED,
        .authority = AUTHORITY_TDMC,
        .target_decision_id = hex_of(world, world->facts->violations[2].decision_id),
    };
    world_clear(world);
    world_judge(world, "appeals", &record_dispute, &dispute);
    assert_non_null(world_notice(world, NOTICE_KIND_DISPUTE_STATUS));
    assert_int_equal(world->facts->legal_holds, 1);
    dispute.event_id = bytes_text("d2");
    dispute.state = DISPUTE_STATE_CLOSED_REVERSED;
    world_judge(world, "appeals", &record_dispute, &dispute);
    const struct restriction *reverse =
        expect_step(world, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 17 * DAY_MS);
    assert_int_equal(reverse->end_reason.value, END_REASON_REVIEWER);
    assert_int_equal(world->facts->legal_holds, 0);
    world_free(world);
}

static const struct notice_request *inquire(struct world *world, const char *event, bool verified)
{
    const struct inquiry inquiry = {
        .event_id = bytes_text(event),
        .inquirer_id = bytes_text("q"),
        .verified_subject = verified,
        .wants_review = true,
    };
    world_clear(world);
    world_judge(world, "appeals", &record_inquiry, &inquiry);
    return world_notice(world, verified ? NOTICE_KIND_RESTRICTION_APPLIED
                                        : NOTICE_KIND_THIRD_PARTY_REFUSED);
}

static void inquiry_tells_the_subject_all_and_a_third_party_nothing(void **state)
{
    (void)state;
    struct world *free_one = world_new(SUBJECT_KIND_USER, "p");
    struct world *restricted = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(restricted, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    const struct notice_request *left = inquire(free_one, "i1", false);
    const struct notice_request *right = inquire(restricted, "i1", false);
    assert_true(bytes_is(left->subject_id, "q"));
    assert_int_equal(left->params_count, right->params_count);
    assert_int_equal(left->params_count, 1);
    assert_non_null(world_audit(restricted, AUDIT_ACTION_REFUSE));
    left = inquire(free_one, "i2", true);
    right = inquire(restricted, "i2", true);
    assert_true(bytes_is(left->template, "statement_none"));
    assert_true(bytes_is(right->template, "statement"));
    assert_true(bytes_is(right->subject_id, "p"));
    assert_non_null(find_param(right, PARAM_NAME_EXPIRES_AT));
    assert_int_equal(world_review(restricted, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_INQUIRY);
    world_free(free_one);
    world_free(restricted);
}

static void harm_report_sends_the_incident_notice(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct harm_report harm = {
        .event_id = bytes_text("h1"),
        .incident_ref = bytes_text("incident-7"),
        .origin = HARM_ORIGIN_HARM_LIST,
        .notice = HARM_NOTICE_INCIDENT,
    };
    world_judge(world, "appeals", &record_harm_report, &harm);
    const struct notice_request *notice = world_notice(world, NOTICE_KIND_SERVICE_INCIDENT);
    assert_true(bytes_is(find_param(notice, PARAM_NAME_INCIDENT)->value, "incident-7"));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overturned_appeal_reverses_and_recomputes),
        cmocka_unit_test(first_reviewer_or_no_appeal_is_refused),
        cmocka_unit_test(late_repeated_and_unknown_appeals_are_inadmissible),
        cmocka_unit_test(reduced_measure_ends_sooner_and_stays_reduced),
        cmocka_unit_test(ban_is_reduced_to_a_dated_measure),
        cmocka_unit_test(appeal_against_no_violation_may_confirm_the_case),
        cmocka_unit_test(dispute_that_is_won_takes_the_fact_away),
        cmocka_unit_test(inquiry_tells_the_subject_all_and_a_third_party_nothing),
        cmocka_unit_test(harm_report_sends_the_incident_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
