/* Proofs of identity: worked case 11, both orders, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void prove(struct world *person, const char *id, enum proof_purpose purpose, bool self,
                  bool masked, bool accepted)
{
    const struct identity_proof proof = {
        .event_id = bytes_text(id),
        .proof_id = bytes_text(id),
        .purpose = purpose,
        .requested_by_self = self,
        .masking_ok = masked,
        .accepted = accepted,
        .proof_ref = bytes_text("ref"),
    };
    world_clear(person);
    assert_int_equal(world_judge(person, "claims", &record_identity_proof, &proof), JUDGE_DONE);
}

static void accuse(struct world *suspect, enum relation relation)
{
    struct report report =
        world_report(suspect, CATEGORY_IMPERSONATION_PHISHING, AREA_REGULAR_CHAT, 930, "a");
    report.impersonated_id = bytes_text("V");
    report.relation = relation;
    world_clear(suspect);
    assert_int_equal(world_send(suspect, &report), JUDGE_DONE);
}

static void carry(struct world *world, const struct signal *signal)
{
    assert_non_null(signal);
    world_advance(world, signal->occurred_at);
    world_clear(world);
    assert_int_equal(world_judge(world, "signals", &record_signal, signal), JUDGE_DONE);
}

static void expect_ban_and_phishing_report(struct world *suspect)
{
    assert_int_equal(world_audit(suspect, AUDIT_ACTION_DECIDE)->automation, AUTOMATION_PARTIAL);
    expect_step(suspect, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    const struct authority_report *told = world_next(suspect, &record_authority_report);
    assert_int_equal(told->kind, AUTHORITY_REPORT_KIND_PHISHING);
    assert_int_equal(told->authority, AUTHORITY_KISA);
}

static void proof_first_then_a_friends_report_bans(void **state)
{
    (void)state;
    struct world *person = world_new(SUBJECT_KIND_USER, "V");
    struct world *suspect = world_new(SUBJECT_KIND_USER, "P");
    prove(person, "proof1", PROOF_PURPOSE_IMPERSONATION, true, true, true);
    const struct notice_request *notice = world_notice(person, NOTICE_KIND_PROOF_REQUEST);
    assert_true(bytes_is(notice->template, "report_needed"));
    world_advance(suspect, T0 + DAY_MS);
    accuse(suspect, RELATION_FRIEND);
    expect_none(suspect);
    suspect->seen = 0;
    carry(person, world_signal(suspect, SIGNAL_KIND_PROOF_NEEDED));
    carry(suspect, world_signal(person, SIGNAL_KIND_PROOF_ACCEPTED));
    expect_ban_and_phishing_report(suspect);
    world_free(person);
    world_free(suspect);
}

static void report_first_then_the_proof_supersedes_the_hold(void **state)
{
    (void)state;
    struct world *person = world_new(SUBJECT_KIND_USER, "V");
    struct world *suspect = world_new(SUBJECT_KIND_USER, "P");
    accuse(suspect, RELATION_NON_FRIEND);
    carry(person, world_signal(suspect, SIGNAL_KIND_PROOF_NEEDED));
    const struct restriction *hold = expect_step(
        suspect, RESTRICTION_OP_APPLY, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    world_advance(person, T0 + 10 * HOUR_MS);
    prove(person, "proof1", PROOF_PURPOSE_IMPERSONATION, true, true, true);
    assert_null(world_notice(person, NOTICE_KIND_PROOF_REQUEST));
    carry(suspect, world_signal(person, SIGNAL_KIND_PROOF_ACCEPTED));
    const struct restriction *ban = world_restriction(suspect, RESTRICTION_OP_APPLY);
    assert_true(bytes_equal(ban->supersedes, hold->restriction_id));
    expect_ban_and_phishing_report(suspect);
    world_free(person);
    world_free(suspect);
}

static void unmasked_or_foreign_proof_decides_nothing(void **state)
{
    (void)state;
    struct world *person = world_new(SUBJECT_KIND_USER, "V");
    prove(person, "proof1", PROOF_PURPOSE_IMPERSONATION, true, false, true);
    assert_non_null(world_notice(person, NOTICE_KIND_PROOF_REJECTED_UNMASKED));
    assert_int_equal(world_review(person, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_PURGE_EVIDENCE);
    prove(person, "proof2", PROOF_PURPOSE_IMPERSONATION, false, true, true);
    assert_non_null(world_notice(person, NOTICE_KIND_PROOF_REQUEST));
    prove(person, "proof3", PROOF_PURPOSE_IMPERSONATION, true, true, false);
    assert_non_null(world_notice(person, NOTICE_KIND_PROOF_REQUEST));
    assert_int_equal(person->facts->proofs_count, 0);
    world_free(person);
}

static void proof_waits_thirty_days_and_no_longer(void **state)
{
    (void)state;
    struct world *person = world_new(SUBJECT_KIND_USER, "V");
    struct world *suspect = world_new(SUBJECT_KIND_USER, "P");
    prove(person, "proof1", PROOF_PURPOSE_IMPERSONATION, true, true, true);
    world_advance(suspect, T0 + 30 * DAY_MS);
    accuse(suspect, RELATION_FRIEND);
    carry(person, world_signal(suspect, SIGNAL_KIND_PROOF_NEEDED));
    assert_null(world_signal(person, SIGNAL_KIND_PROOF_ACCEPTED));
    /* A second proof then joins the report that waits. */
    prove(person, "proof2", PROOF_PURPOSE_IMPERSONATION, true, true, true);
    carry(suspect, world_signal(person, SIGNAL_KIND_PROOF_ACCEPTED));
    expect_ban_and_phishing_report(suspect);
    /* What waited for nothing goes by itself. */
    world_advance(person, T0 + 100 * DAY_MS);
    assert_true(judge_is_empty(person->facts));
    world_free(person);
    world_free(suspect);
}

static void identity_clears_a_fraudulent_account(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world_confirm(world, CATEGORY_FRAUDULENT_ACCOUNT, AREA_OPEN_CHAT_ROOM);
    prove(world, "proof1", PROOF_PURPOSE_LIFT_FRAUDULENT_ACCOUNT, true, true, true);
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    assert_int_equal(lift->end_reason.value, END_REASON_IDENTITY_CONFIRMED);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_first_then_a_friends_report_bans),
        cmocka_unit_test(report_first_then_the_proof_supersedes_the_hold),
        cmocka_unit_test(unmasked_or_foreign_proof_decides_nothing),
        cmocka_unit_test(proof_waits_thirty_days_and_no_longer),
        cmocka_unit_test(identity_clears_a_fraudulent_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
