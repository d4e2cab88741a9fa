/* The worked cases 1 to 6 and 25 of domain.md H, and what they say about corners.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void friend_report_in_private_chat_is_inadmissible(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_REGULAR_CHAT, 990, "r1");
    report.relation = RELATION_FRIEND;
    assert_int_equal(world_send(world, &report), JUDGE_DONE);
    assert_non_null(world_notice(world, NOTICE_KIND_REPORT_RECEIPT));
    assert_non_null(world_notice(world, NOTICE_KIND_REPORT_INADMISSIBLE));
    assert_null(world_notice(world, NOTICE_KIND_REPORT_OUTCOME));
    const struct signal *signal = world_signal(world, SIGNAL_KIND_REPORT_OUTCOME);
    assert_int_equal(signal->outcome.value, OUTCOME_INADMISSIBLE);
    assert_int_equal(signal->subject_kind, SUBJECT_KIND_REPORTER);
    assert_true(bytes_is(signal->subject_id, "r1"));
    assert_int_equal(world->facts->cases_count, 0);
    assert_int_equal(world_audit(world, AUDIT_ACTION_OUTCOME)->outcome.value, OUTCOME_INADMISSIBLE);
    world_free(world);
}

static void stranger_report_in_private_chat_asks_a_person(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_REGULAR_CHAT, 990, "r1");
    world_send(world, &report);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_non_null(review);
    assert_int_equal(review->kind, REVIEW_KIND_CONTENT);
    assert_int_equal(review->best_score, 990);
    assert_int_equal(review->reporters, 1);
    assert_int_equal(review->report_ids_count, 1);
    assert_int_equal(review->evidence_refs_count, 1);
    assert_int_equal(review->proposed.value, MEASURE_WARNING);
    assert_int_equal(review->proposed_stage, 1);
    assert_int_equal(world->facts->cases_count, 1);
    assert_int_equal(world_count(world, &record_audit), 0);
    assert_null(world_notice(world, NOTICE_KIND_REPORT_INADMISSIBLE));
    const struct notice_request *receipt = world_notice(world, NOTICE_KIND_REPORT_RECEIPT);
    assert_true(bytes_equal(receipt->decision_id, review->case_id));
    expect_none(world);
    world_free(world);
}

struct row {
    int day;
    enum area area;
    int32_t stage;
    scope_set scopes;
    int end_day;
};

/* Confirms one light act a row and expects its step; ends in between are lifts. */
static void walk(struct world *world, enum category category, const struct row *rows, size_t count)
{
    const int64_t t = world->now_ms;
    for (size_t i = 0; i < count; i++) {
        world_advance(world, t + rows[i].day * DAY_MS);
        world_clear(world);
        world_confirm(world, category, rows[i].area);
        const struct restriction *record =
            expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, rows[i].stage,
                        rows[i].scopes, t + rows[i].end_day * DAY_MS);
        assert_int_equal(record->area, rows[i].area);
        assert_true(record->decided_at == world->now_ms && record->starts_at == world->now_ms);
        assert_int_equal(record->state, DECISION_STATE_IN_FORCE);
        expect_none(world);
    }
}

static void open_chat_ladder_climbs_expires_and_supersedes(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    static const struct row rows[] = {
        {0, AREA_OPEN_CHAT_ROOM, 1, OC1, 1},      {5, AREA_OPEN_CHAT_COVER, 2, OC1, 8},
        {10, AREA_OPEN_CHAT_BOARD, 3, OC3, 17},   {20, AREA_OPEN_PROFILE, 4, OC3, 35},
        {40, AREA_OPEN_PROFILE_POST, 5, OC5, 70}, {75, AREA_OPEN_CHAT_ROOM, 6, OC5, 135},
    };
    walk(world, CATEGORY_ABUSE_SLANDER, rows, COUNT_OF(rows));

    world_advance(world, T0 + 89 * DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.act_at = (struct optional_long){T0 + 74 * DAY_MS, true};
    world_clear(world);
    world_rule(world, &verdict);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_LADDER_END);
    const struct restriction *seventh =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 7, OC5, T0 + 149 * DAY_MS);
    assert_non_null(seventh->supersedes.data);
    assert_int_equal(world->facts->restrictions_count, 1);

    world_clear(world);
    world_advance(world, T0 + 170 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 7, OC5, T0 + 149 * DAY_MS);
    expect_none(world); /* the sixth was superseded: no lift of its own */
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 173 * DAY_MS);
    world_free(world);
}

static void stale_act_is_confirmed_without_strike(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_advance(world, T0 + 171 * DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.act_at = (struct optional_long){T0 + 80 * DAY_MS, true};
    world_rule(world, &verdict);
    expect_none(world);
    assert_int_equal(world->facts->violations_count, 0);
    world->seen = 0;
    assert_int_equal(world_audit(world, AUDIT_ACTION_OUTCOME)->outcome.value, OUTCOME_CONFIRMED);
    /* An act of just under the window is still a strike. */
    verdict.event_id = bytes_text("verdict-b");
    verdict.act_at.value = world->now_ms - 90 * DAY_MS + 1;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, world->now_ms + DAY_MS);
    world_free(world);
}

static void private_ladder_warns_first_and_shows_peers_when_sending_stops(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_GROUP_CHAT);
    expect_none(world);
    world->seen = 0;
    assert_int_equal(world_audit(world, AUDIT_ACTION_DECIDE)->measure.value, MEASURE_WARNING);
    assert_non_null(world_notice(world, NOTICE_KIND_RESTRICTION_APPLIED));
    assert_non_null(world_notice(world, NOTICE_KIND_EDUCATION_TIP));
    assert_int_equal(world_count(world, &record_standing), 0);
    static const struct row rows[] = {
        {10, AREA_SECRET_CHAT, 2, CH2, 11},
        {20, AREA_GROUP_CHAT, 3, CH2, 23},
        {30, AREA_SECRET_CHAT, 4, CH4, 37},
        {50, AREA_GROUP_CHAT, 5, CH5, 80},
    };
    walk(world, CATEGORY_ABUSE_SLANDER, rows, COUNT_OF(rows));
    assert_true(world->facts->peer_shown);
    world_clear(world);
    world_advance(world, T0 + 80 * DAY_MS);
    assert_int_equal(world_peer(world), 0);
    world_advance(world, T0 + 85 * DAY_MS);
    world_clear(world);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_GROUP_CHAT);
    assert_int_equal(world_peer(world), 1);
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_LADDER_END);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 6, CH5, T0 + 115 * DAY_MS);
    world_free(world);
}

static void severe_first_act_skips_the_warning(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "q");
    world_confirm(world, CATEGORY_JUVENILE_HARMFUL, AREA_REGULAR_CHAT);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, CH2, T0 + DAY_MS);
    world_free(world);
}

static void ledgers_do_not_leak(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 3; i++) {
        world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
        world_advance(world, world->now_ms + 10 * DAY_MS);
    }
    const int64_t t = world->now_ms;
    world_clear(world);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_CHANNEL_COMMENT);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, CN1, t + DAY_MS);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_TALK_PROFILE);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, PF1, t + DAY_MS);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_TALK_BOARD);
    expect_none(world); /* BOARD s1 is a WARNING */
    assert_int_equal(world->facts->restrictions_count, 2);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 4, OC3, t + 15 * DAY_MS);
    world_free(world);
}

static void channel_and_profile_climb_their_own_scopes(void **state)
{
    (void)state;
    static const struct row profile[] = {
        {0, AREA_TALK_PROFILE, 1, PF1, 1},    {5, AREA_TALK_PROFILE, 2, PF1, 8},
        {10, AREA_TALK_PROFILE, 3, PF1, 17},  {20, AREA_TALK_PROFILE, 4, PF4, 35},
        {40, AREA_TALK_PROFILE, 5, PF4, 70},  {75, AREA_TALK_PROFILE, 6, PF4, 135},
        {89, AREA_TALK_PROFILE, 7, PF4, 149},
    };
    static const struct row channel[] = {
        {0, AREA_CHANNEL_COMMENT, 1, CN1, 1},    {5, AREA_TALK_CHANNEL, 2, CN1, 8},
        {10, AREA_CHANNEL_COMMENT, 3, CN1, 17},  {20, AREA_CHANNEL_COMMENT, 4, CN4, 35},
        {40, AREA_CHANNEL_COMMENT, 5, CN4, 70},  {75, AREA_CHANNEL_COMMENT, 6, CN4, 135},
        {89, AREA_CHANNEL_COMMENT, 7, CN4, 149},
    };
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    walk(world, CATEGORY_FLOODING, profile, COUNT_OF(profile));
    world_free(world);
    world = world_new(SUBJECT_KIND_USER, "p");
    walk(world, CATEGORY_FLOODING, channel, COUNT_OF(channel));
    world_free(world);
}

static void channel_sender_is_forwarded_to_the_other_policy(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 2; i++) {
        struct report report =
            world_report(world, CATEGORY_SPAM_AD, AREA_TALK_CHANNEL, 950, i == 0 ? "a" : "b");
        report.sender_kind = SENDER_KIND_CHANNEL;
        world_send(world, &report);
        const struct review_request *review =
            world_review(world, i == 0 ? REVIEW_ACTION_OPEN : REVIEW_ACTION_UPDATE);
        assert_int_equal(review->kind, REVIEW_KIND_OTHER_POLICY);
        assert_true(bytes_is(review->policy_doc, "talk-channel"));
        assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                         OUTCOME_FORWARDED);
        assert_non_null(world_notice(world, NOTICE_KIND_REPORT_OUTCOME));
        world_clear(world);
    }
    expect_none(world);
    world_free(world);
}

static void unknown_area_asks_and_never_strikes(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OTHER_AREA, 999, "r1");
    world_send(world, &report);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_UNKNOWN_AREA);
    assert_int_equal(review->ledger, LEDGER_NONE);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_ABUSE_SLANDER, AREA_OTHER_AREA);
    verdict.case_id = review->case_id;
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_CONFIRMED);
    assert_int_equal(world_review(world, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_UNKNOWN_AREA);
    assert_int_equal(world->facts->violations_count, 0);
    expect_none(world);
    world_free(world);
}

static void other_threat_is_a_persons_and_then_climbs_the_ladder(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    static const char *const reporters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct bytes case_id = {0};
    for (int i = 0; i < 9; i++) {
        world_advance(world, T0 + i * 2 * HOUR_MS);
        const struct report report =
            world_report(world, CATEGORY_OTHER_THREAT, AREA_OPEN_CHAT_BOARD, 999, reporters[i]);
        world_send(world, &report);
        if (i == 0) {
            const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
            assert_int_equal(review->kind, REVIEW_KIND_HUMAN_ONLY);
            case_id = review->case_id;
        }
    }
    expect_none(world);
    world_advance(world, T0 + DAY_MS);
    world_clear(world);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_OTHER_THREAT, AREA_OPEN_CHAT_BOARD);
    verdict.case_id = case_id;
    verdict.severity = SEVERITY_LIGHT;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + 2 * DAY_MS);
    world_free(world);
}

static void tenth_reporter_in_a_day_brings_accumulation_without_strike(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    static const char *const reporters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    for (int i = 0; i < 10; i++) {
        world_advance(world, T0 + i * HOUR_MS);
        const struct report report =
            world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 200, reporters[i]);
        world_send(world, &report);
        assert_int_equal(world->facts->restrictions_count, i == 9 ? 1 : 0);
        assert_int_equal(world->facts->cases[0].review.set, i >= 1);
    }
    const struct restriction *record = expect_step(
        world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 0, OC1, T0 + 9 * HOUR_MS + DAY_MS);
    assert_int_equal(record->ledger, LEDGER_OPEN_CHAT);
    world->seen = 0;
    const struct audit *audit = world_audit(world, AUDIT_ACTION_DECIDE);
    assert_int_equal(audit->category, CATEGORY_REPORT_ACCUMULATION);
    assert_int_equal(ladder_weight(world->facts, LEDGER_OPEN_CHAT, world->now_ms), 0);
    /* A ladder step supersedes it and does not end before it. */
    world_clear(world);
    world_confirm(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM);
    const struct restriction *step = expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP,
                                                 1, OC1, T0 + 9 * HOUR_MS + DAY_MS);
    assert_true(bytes_equal(step->supersedes, record->restriction_id));
    world_free(world);
}

static struct bytes gambling_hold(struct world *world)
{
    const struct report report =
        world_report(world, CATEGORY_GAMBLING_DISTRIBUTION, AREA_OPEN_CHAT_ROOM, 870, "r1");
    world_send(world, &report);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_ONE_STRIKE_CONFIRM);
    assert_int_equal(review->proposed.value, MEASURE_RESTRICT_PERM_ALL);
    assert_true(review->due_at.value == T0 + 72 * HOUR_MS);
    assert_int_equal(world_peer(world), 1);
    const struct restriction *hold = expect_step(
        world, RESTRICTION_OP_APPLY, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    assert_int_equal(hold->area, AREA_ALL);
    assert_int_equal(hold->ledger, LEDGER_NONE);
    assert_int_equal(hold->state, DECISION_STATE_PROVISIONAL);
    world_clear(world);
    return review->case_id;
}

static void one_strike_is_held_and_confirmed_for_ever(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct bytes case_id = gambling_hold(world);
    world_advance(world, T0 + 5 * HOUR_MS);
    struct verdict verdict = world_verdict(world, VERDICT_KIND_CONFIRM,
                                           CATEGORY_GAMBLING_DISTRIBUTION, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = case_id;
    world_rule(world, &verdict);
    assert_int_equal(world_audit(world, AUDIT_ACTION_DECIDE)->automation, AUTOMATION_PARTIAL);
    assert_int_equal(world_peer(world), -1); /* shown before and after */
    assert_non_null(world_review(world, REVIEW_ACTION_CLOSE));
    const struct restriction *ban =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    assert_non_null(ban->supersedes.data);
    assert_int_equal(ban->area, AREA_ALL);
    expect_none(world);
    assert_int_equal(world->facts->restrictions_count, 1);
    world_free(world);
}

static void dismissed_hold_is_lifted_as_not_established(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct bytes case_id = gambling_hold(world);
    world_advance(world, T0 + 5 * HOUR_MS);
    struct verdict verdict = world_verdict(world, VERDICT_KIND_DISMISS,
                                           CATEGORY_GAMBLING_DISTRIBUTION, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = case_id;
    world_rule(world, &verdict);
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_NO_VIOLATION);
    assert_int_equal(world_peer(world), 0);
    const struct restriction *lift = expect_step(
        world, RESTRICTION_OP_LIFT, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_NOT_ESTABLISHED);
    assert_int_equal(lift->state, DECISION_STATE_LIFTED);
    /* The same verdict on a decided case is refused and changes nothing. */
    verdict.event_id = bytes_text("again");
    world_clear(world);
    world_rule(world, &verdict);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    assert_int_equal(world_count(world, &record_audit), 1);
    expect_none(world);
    world_free(world);
}

static void hold_without_verdict_lapses_and_the_review_stays(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    gambling_hold(world);
    world_advance(world, T0 + 30 * DAY_MS);
    assert_null(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME));
    assert_null(world_review(world, REVIEW_ACTION_CLOSE));
    const struct restriction *lift = expect_step(
        world, RESTRICTION_OP_LIFT, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_HOLD_EXPIRED);
    assert_true(world->facts->cases[0].review.set);
    world_free(world);
}

static void illegal_purpose_makes_spam_one_strike(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report = world_report(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 870, "r1");
    report.illegal_purpose = TRI_YES;
    world_send(world, &report);
    assert_int_equal(world->facts->cases[0].category, CATEGORY_SPAM_ILLEGAL_PURPOSE);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    world_free(world);
}

static void child_report_asks_first_and_tells_the_police_on_confirmation(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report report =
        world_report(world, CATEGORY_CHILD_SEXUAL_CRIME, AREA_SECRET_CHAT, 400, "r1");
    world_send(world, &report);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->priority, 0);
    expect_none(world);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_CHILD_SEXUAL_CRIME, AREA_SECRET_CHAT);
    verdict.case_id = review->case_id;
    world_clear(world);
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    const struct authority_report *told = world_next(world, &record_authority_report);
    assert_int_equal(told->kind, AUTHORITY_REPORT_KIND_CHILD_SAFETY);
    assert_int_equal(told->authority, AUTHORITY_POLICE);
    assert_int_equal(told->evidence_refs_count, 1);
    world_free(world);
}

static void repeated_event_id_changes_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    const struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 400, "r1");
    assert_int_equal(world_send(world, &report), JUDGE_DONE);
    const size_t count = world->count;
    assert_int_equal(world_send(world, &report), JUDGE_DUPLICATE);
    assert_int_equal(world->count, count);
    assert_int_equal(world->facts->reports_count, 1);
    world_free(world);
}

static void same_reporter_and_message_is_a_duplicate_by_signal_only(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 100, "r1");
    world_send(world, &report);
    world_advance(world, T0 + 14 * DAY_MS - 1);
    world_clear(world);
    report.event_id = bytes_text("second");
    world_send(world, &report);
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_DUPLICATE);
    assert_int_equal(world->count, world->seen + 1);
    assert_int_equal(world->facts->reports_count, 1);
    world_free(world);
}

/* (d): the record that completes the threshold gives the time; strikes are the same in any order.
 */
static void reports_in_another_order_give_the_same_strikes(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct world *world = world_new(SUBJECT_KIND_USER, "p");
        const int scores[2] = {turn == 0 ? 920 : 100, turn == 0 ? 100 : 920};
        const struct report first =
            world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, scores[0], "a");
        const struct report second =
            world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, scores[1], "b");
        world_send(world, &first);
        world_advance(world, T0 + HOUR_MS);
        world_clear(world);
        world_send(world, &second);
        assert_int_equal(world_audit(world, AUDIT_ACTION_DECIDE)->automation, AUTOMATION_FULL);
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1,
                    T0 + HOUR_MS + DAY_MS);
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(friend_report_in_private_chat_is_inadmissible),
        cmocka_unit_test(stranger_report_in_private_chat_asks_a_person),
        cmocka_unit_test(open_chat_ladder_climbs_expires_and_supersedes),
        cmocka_unit_test(stale_act_is_confirmed_without_strike),
        cmocka_unit_test(private_ladder_warns_first_and_shows_peers_when_sending_stops),
        cmocka_unit_test(severe_first_act_skips_the_warning),
        cmocka_unit_test(ledgers_do_not_leak),
        cmocka_unit_test(channel_and_profile_climb_their_own_scopes),
        cmocka_unit_test(channel_sender_is_forwarded_to_the_other_policy),
        cmocka_unit_test(unknown_area_asks_and_never_strikes),
        cmocka_unit_test(other_threat_is_a_persons_and_then_climbs_the_ladder),
        cmocka_unit_test(tenth_reporter_in_a_day_brings_accumulation_without_strike),
        cmocka_unit_test(one_strike_is_held_and_confirmed_for_ever),
        cmocka_unit_test(dismissed_hold_is_lifted_as_not_established),
        cmocka_unit_test(hold_without_verdict_lapses_and_the_review_stays),
        cmocka_unit_test(illegal_purpose_makes_spam_one_strike),
        cmocka_unit_test(child_report_asks_first_and_tells_the_police_on_confirmation),
        cmocka_unit_test(repeated_event_id_changes_nothing),
        cmocka_unit_test(same_reporter_and_message_is_a_duplicate_by_signal_only),
        cmocka_unit_test(reports_in_another_order_give_the_same_strikes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
