/* Withdrawal, re-registration and memorial: worked cases 19 and 20 between the worlds of the
 * subjects.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void change(struct world *world, const char *event, enum account_change_kind kind,
                   const char *tag)
{
    const struct account_change record = {
        .event_id = bytes_text(event),
        .kind = kind,
        .rejoin_tag = tag == NULL ? (struct bytes){0} : bytes_text(tag),
        .erase_consent = true,
    };
    world_clear(world);
    assert_int_equal(world_judge(world, "accounts", &record_account_change, &record), JUDGE_DONE);
}

static void carry(struct world *world, const struct signal *signal)
{
    assert_non_null(signal);
    world_advance(world, signal->occurred_at);
    world_clear(world);
    assert_int_equal(world_judge(world, "signals", &record_signal, signal), JUDGE_DONE);
}

/* Withdraws `gone`, and lets `again` register with the same tag at `at_ms`. */
static void rejoin(struct world *gone, struct world *tag, struct world *again, int64_t at_ms)
{
    change(gone, "withdrawn", ACCOUNT_CHANGE_KIND_WITHDRAWN, "k");
    for (size_t i = gone->seen; i < gone->count; i++) {
        const struct signal *signal = gone->outputs[i].record;
        if (gone->outputs[i].type == &record_signal &&
            signal->kind == SIGNAL_KIND_TOMBSTONE_STORE) {
            assert_true(bytes_is(signal->subject_id, "rj.k"));
            carry(tag, signal);
        }
    }
    world_advance(again, at_ms);
    change(again, "registered", ACCOUNT_CHANGE_KIND_REGISTERED, "k");
    carry(tag, world_signal(again, SIGNAL_KIND_REJOIN_CHECK));
    const struct signal *found = world_signal(tag, SIGNAL_KIND_REJOIN_FOUND);
    world_clear(again);
    if (found != NULL) {
        carry(again, found);
    }
}

static void ban_survives_re_registration_and_is_forgotten_in_time(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        struct world *gone = world_new(SUBJECT_KIND_USER, "U");
        struct world *tag = world_new(SUBJECT_KIND_USER, "rj.k");
        struct world *again = world_new(SUBJECT_KIND_USER, "W");
        world_confirm(gone, CATEGORY_GAMBLING_DISTRIBUTION, AREA_OPEN_CHAT_ROOM);
        rejoin(gone, tag, again, T0 + (turn == 0 ? 30 : 1096) * DAY_MS);
        if (turn == 0) {
            expect_step(again, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
            assert_int_equal(again->facts->account_state, ACCOUNT_STATE_REJOINED);
        } else {
            expect_none(again);
            assert_true(judge_is_empty(tag->facts));
        }
        assert_int_equal(again->facts->violations_count, 0);
        world_free(gone);
        world_free(tag);
        world_free(again);
    }
}

static void withdrawal_lifts_erases_and_keeps_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    const struct report report =
        world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 400, "a");
    world_send(world, &report);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    change(world, "withdrawn", ACCOUNT_CHANGE_KIND_WITHDRAWN, "k");
    assert_int_equal(world_count(world, &record_notice_request), 1); /* the reporter's outcome */
    assert_non_null(world_audit(world, AUDIT_ACTION_ERASE));
    assert_true(bytes_is(world_signal(world, SIGNAL_KIND_ERASE)->subject_id, "U"));
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_ERASED);
    assert_int_equal(world->facts->violations_count + world->facts->reports_count +
                         world->facts->cases_count + world->facts->event_ids_count,
                     0);
    /* A later report is closed and not kept. */
    const struct report late =
        world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 990, "b");
    world_clear(world);
    world_send(world, &late);
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_CLOSED);
    assert_int_equal(world->facts->reports_count, 0);
    world_free(world);
}

/* A4 90: that somebody has left is a member's state too. */
static void third_party_hears_the_same_of_who_is_gone(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    struct inquiry inquiry = {.event_id = bytes_text("i1"), .inquirer_id = bytes_text("q")};
    struct appeal appeal = {.event_id = bytes_text("a1"), .appellant_id = bytes_text("q")};
    change(world, "withdrawn", ACCOUNT_CHANGE_KIND_WITHDRAWN, "k");
    world_clear(world);
    world_judge(world, "appeals", &record_inquiry, &inquiry);
    assert_true(bytes_is(world_notice(world, NOTICE_KIND_THIRD_PARTY_REFUSED)->subject_id, "q"));
    assert_int_equal(world_audit(world, AUDIT_ACTION_REFUSE)->actor_kind,
                     ACTOR_KIND_CUSTOMER_SERVICE);
    world_clear(world);
    world_judge(world, "appeals", &record_appeal, &appeal);
    assert_true(bytes_is(world_notice(world, NOTICE_KIND_THIRD_PARTY_REFUSED)->subject_id, "q"));
    /* The person himself, if he could be verified, has nothing left to be told about. */
    world_clear(world);
    inquiry.event_id = bytes_text("i2");
    inquiry.verified_subject = true;
    world_judge(world, "appeals", &record_inquiry, &inquiry);
    assert_int_equal(world_count(world, &record_notice_request), 0);
    assert_int_equal(world->facts->event_ids_count, 0);
    world_free(world);
}

static void withdrawal_without_consent_is_a_bad_field(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    const struct account_change record = {.event_id = bytes_text("w"),
                                          .kind = ACCOUNT_CHANGE_KIND_WITHDRAWN};
    assert_int_equal(world_judge(world, "accounts", &record_account_change, &record),
                     JUDGE_REFUSED);
    world_free(world);
}

static void dispute_delays_the_erasure_not_the_withdrawal(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    struct dispute dispute = {.event_id = bytes_text("d1"), .state = DISPUTE_STATE_OPENED};
    world_judge(world, "appeals", &record_dispute, &dispute);
    change(world, "withdrawn", ACCOUNT_CHANGE_KIND_WITHDRAWN, "k");
    assert_null(world_audit(world, AUDIT_ACTION_ERASE));
    assert_int_equal(world->facts->restrictions_count, 0);
    assert_int_equal(world->facts->violations_count, 1);
    world_advance(world, T0 + 50 * DAY_MS);
    dispute.event_id = bytes_text("d2");
    dispute.state = DISPUTE_STATE_CLOSED_SETTLED;
    world_judge(world, "appeals", &record_dispute, &dispute);
    assert_non_null(world_audit(world, AUDIT_ACTION_ERASE));
    assert_int_equal(world->facts->violations_count, 0);
    world_free(world);
}

static void crime_against_a_child_keeps_out_of_open_chat(void **state)
{
    (void)state;
    struct world *gone = world_new(SUBJECT_KIND_USER, "U");
    struct world *tag = world_new(SUBJECT_KIND_USER, "rj.k");
    struct world *again = world_new(SUBJECT_KIND_USER, "W");
    world_confirm(gone, CATEGORY_CHILD_GROOMING, AREA_OPEN_CHAT_ROOM);
    char ban[ID_TEXT_SIZE];
    hex_format(gone->facts->restrictions[0].restriction_id, ban);
    struct verdict lift =
        world_verdict(gone, VERDICT_KIND_LIFT, CATEGORY_CHILD_GROOMING, AREA_OPEN_CHAT_ROOM);
    lift.target_decision_id = bytes_of(ban, sizeof(ban));
    world_rule(gone, &lift);
    assert_int_equal(gone->facts->restrictions_count, 0);
    rejoin(gone, tag, again, T0 + 30 * DAY_MS);
    const struct restriction *record = expect_step(
        again, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_AREA, 0, SCOPE(OPEN_CHAT_USE), 0);
    assert_int_equal(record->ledger, LEDGER_OPEN_CHAT);
    world_free(gone);
    world_free(tag);
    world_free(again);
}

/* I.21: nobody is there to execute it on, and the authority learns so at the deadline. */
static void order_about_a_withdrawn_user_is_reported_as_not_executed(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    change(world, "gone", ACCOUNT_CHANGE_KIND_WITHDRAWN, NULL);
    const struct authority_request request = {
        .event_id = bytes_text("e1"),
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = world->facts->subject_id,
        .request_id = bytes_text("q1"),
        .action = AUTHORITY_ACTION_KIND_ORDER,
        .authority = AUTHORITY_NEC,
        .rank = AUTHORITY_RANK_BINDING,
        .legal_basis = bytes_text("kr.election.82-4"),
        .order_type = ORDER_TYPE_DELETE,
        .target_kind = TARGET_KIND_CONTENT,
        .content_ref = bytes_text("c1"),
        .area = AREA_OPEN_CHAT_ROOM,
        .category = CATEGORY_ELECTION_DISINFO,
        .document_ref = bytes_text("d1"),
    };
    world_clear(world);
    world_judge(world, "authority-requests", &record_authority_request, &request);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    assert_int_equal(world_count(world, &record_authority_report), 0);
    world_advance(world, T0 + HOUR_MS - 1);
    assert_int_equal(world_count(world, &record_authority_report), 0);
    world_advance(world, T0 + HOUR_MS);
    const struct authority_report *report = world_next(world, &record_authority_report);
    assert_int_equal(report->kind, AUTHORITY_REPORT_KIND_NOT_EXECUTED);
    assert_true(bytes_is(report->request_id, "q1"));
    assert_false(report->executed_at.set);
    assert_int_equal(world->facts->orders_count, 0);
    world_free(world);
}

static void memorial_freezes_closes_and_silences(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    const struct report report =
        world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 400, "a");
    world_send(world, &report);
    change(world, "memorial", ACCOUNT_CHANGE_KIND_MEMORIAL, NULL);
    assert_int_equal(world_signal(world, SIGNAL_KIND_REPORT_OUTCOME)->outcome.value,
                     OUTCOME_CLOSED);
    const struct restriction *frozen =
        expect_step(world, RESTRICTION_OP_CHANGE, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    assert_int_equal(frozen->state, DECISION_STATE_FROZEN_MEMORIAL);
    world_clear(world);
    world_advance(world, T0 + DAY_MS);
    assert_int_equal(world_count(world, &record_notice_request), 0);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    world_clear(world);
    world_confirm(world, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM);
    expect_none(world); /* no new strike or ban */
    world_free(world);
}

static void memorial_that_was_denied_is_refused(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    change(world, "denied", ACCOUNT_CHANGE_KIND_MEMORIAL_DENIED, NULL);
    change(world, "memorial", ACCOUNT_CHANGE_KIND_MEMORIAL, NULL);
    assert_non_null(world_audit(world, AUDIT_ACTION_REFUSE));
    assert_int_equal(world->facts->account_state, ACCOUNT_STATE_MEMORIAL_DENIED);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ban_survives_re_registration_and_is_forgotten_in_time),
        cmocka_unit_test(withdrawal_lifts_erases_and_keeps_nothing),
        cmocka_unit_test(third_party_hears_the_same_of_who_is_gone),
        cmocka_unit_test(withdrawal_without_consent_is_a_bad_field),
        cmocka_unit_test(dispute_delays_the_erasure_not_the_withdrawal),
        cmocka_unit_test(crime_against_a_child_keeps_out_of_open_chat),
        cmocka_unit_test(order_about_a_withdrawn_user_is_reported_as_not_executed),
        cmocka_unit_test(memorial_freezes_closes_and_silences),
        cmocka_unit_test(memorial_that_was_denied_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
