/* What is kept of an addressee: account, choices, duplicates, erasure.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "addressee.h"

static void language_and_platform_follow_the_account(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
    record.language = LANGUAGE_EN;
    record.platform = PLATFORM_IOS;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    disclose(&u);
    assert_int_equal(u.notices[0].language, LANGUAGE_EN);
    assert_int_equal(u.notices[1].language, LANGUAGE_EN);
    assert_int_equal(u.notices[1].platform, PLATFORM_IOS);
    /* A change that does not know them keeps them. */
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_LINKED), NOTICE_DONE);
    assert_int_equal(ask(&u, NOTICE_KIND_PEER_DISPLAY, "peer_display"), NOTICE_DONE);
    assert_int_equal(u.notices[0].language, LANGUAGE_EN);
    assert_int_equal(u.notices[0].platform, PLATFORM_IOS);
    assert_text(&u.notices[0], "You cannot chat with this person now.");
    record = change_of(&u, ACCOUNT_CHANGE_KIND_DEVICE);
    record.language = LANGUAGE_OTHER;
    record.platform = PLATFORM_ANDROID;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    assert_int_equal(ask(&u, NOTICE_KIND_PEER_DISPLAY, "peer_display"), NOTICE_DONE);
    assert_int_equal(u.notices[0].language, LANGUAGE_EN);
    assert_int_equal(u.notices[0].platform, PLATFORM_ANDROID);
    teardown(&u);
}

static void choice_is_kept_with_its_time_and_text_version(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    char version[] = "settings-9";
    struct notice_preference preference =
        preference_of(&u, NOTICE_KIND_POLICY_CHANGE, CHANNEL_EMAIL, true);
    preference.occurred_at = u.now_ms - 5;
    preference.text_version = bytes_text(version);
    assert_int_equal(take(&u, &record_notice_preference, &preference), NOTICE_DONE);
    version[0] = 'X'; /* the record's memory is gone after the call */
    assert_int_equal(u.state.preferences_count, 1);
    assert_true(bytes_is(u.state.preferences[0].text_version, "settings-9"));
    assert_int_equal(u.state.preferences[0].chosen_at, u.now_ms - 5);
    teardown(&u);
}

static void duplicate_request_gives_nothing(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    const struct notice_request request =
        request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    const struct addressee_state before = u.state;
    u.now_ms += 14 * DAY_MS - 1;
    assert_int_equal(request_take(&u, &request), NOTICE_DUPLICATE);
    assert_int_equal(u.count, 0);
    assert_memory_equal(&before, &u.state, sizeof(before));
    u.now_ms += 1;
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_int_equal(u.state.events_count, 1);
    teardown(&u);
}

static void duplicate_choice_does_not_undo_a_later_one(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    const struct notice_preference refusal =
        preference_of(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, false);
    assert_int_equal(take(&u, &record_notice_preference, &refusal), NOTICE_DONE);
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, true);
    assert_int_equal(take(&u, &record_notice_preference, &refusal), NOTICE_DUPLICATE);
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.notices[0].channels, SET(IN_APP) | SET(PUSH));
    teardown(&u);
}

static void one_event_id_in_two_topics_is_no_duplicate(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct notice_request request = request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    request.event_id = bytes_text("same");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_LINKED);
    record.event_id = bytes_text("same");
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DUPLICATE);
    teardown(&u);
}

static void event_ids_are_bounded_and_the_oldest_goes(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    const struct notice_request first =
        request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    assert_int_equal(request_take(&u, &first), NOTICE_DONE);
    const struct notice_request second =
        request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    assert_int_equal(request_take(&u, &second), NOTICE_DONE);
    const size_t max = sizeof(u.state.events) / sizeof(u.state.events[0]);
    for (size_t i = 0; i < max - 1; i++) {
        assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    }
    assert_int_equal(u.state.events_count, max);
    assert_int_equal(request_take(&u, &second), NOTICE_DUPLICATE);
    assert_int_equal(request_take(&u, &first), NOTICE_DONE);
    assert_int_equal(request_take(&u, &second), NOTICE_DONE);
    teardown(&u);
}

static void memorial_is_told_nothing(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_MEMORIAL), NOTICE_DONE);
    assert_int_equal(ask(&u, NOTICE_KIND_RESTRICTION_LIFTED, "restriction_lifted"),
                     NOTICE_SUPPRESSED);
    assert_int_equal(u.count, 0);
    /* Its family cannot take it back. */
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_MEMORIAL_DENIED), NOTICE_DONE);
    assert_int_equal(u.state.account_state, ACCOUNT_STATE_MEMORIAL);
    teardown(&u);
}

static void denied_memorial_stays_denied(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_MEMORIAL_DENIED), NOTICE_DONE);
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_MEMORIAL), NOTICE_DONE);
    assert_int_equal(u.state.account_state, ACCOUNT_STATE_MEMORIAL_DENIED);
    disclose(&u);
    teardown(&u);
}

static void withdrawal_forgets_all_but_itself(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, false);
    consent(&u, CONSENT_STATE_GIVEN, CONSENT_STATE_GIVEN);
    disclose(&u);
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_WITHDRAWN);
    record.erase_consent = false;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    assert_int_equal(u.state.account_state, ACCOUNT_STATE_ACTIVE);

    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_WITHDRAWN), NOTICE_DONE);
    struct addressee_state gone;
    memset(&gone, 0, sizeof(gone));
    gone.subject_kind = SUBJECT_KIND_USER;
    gone.subject_id = u.state.subject_id;
    gone.account_state = ACCOUNT_STATE_WITHDRAWN;
    assert_memory_equal(&gone, &u.state, sizeof(gone));
    assert_false(notice_is_empty(&u.state));

    /* Late records neither reach the addressee nor leave a trace. */
    assert_int_equal(ask(&u, NOTICE_KIND_RESTRICTION_LIFTED, "restriction_lifted"),
                     NOTICE_SUPPRESSED);
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, false);
    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_DEVICE), NOTICE_DONE);
    assert_memory_equal(&gone, &u.state, sizeof(gone));

    assert_int_equal(change(&u, ACCOUNT_CHANGE_KIND_REGISTERED), NOTICE_DONE);
    disclose(&u);
    teardown(&u);
}

static void addressee_without_facts_is_empty(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    assert_true(notice_is_empty(&u.state));
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
    record.language = LANGUAGE_KO;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    assert_false(notice_is_empty(&u.state));
    teardown(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(language_and_platform_follow_the_account),
        cmocka_unit_test(choice_is_kept_with_its_time_and_text_version),
        cmocka_unit_test(duplicate_request_gives_nothing),
        cmocka_unit_test(duplicate_choice_does_not_undo_a_later_one),
        cmocka_unit_test(one_event_id_in_two_topics_is_no_duplicate),
        cmocka_unit_test(event_ids_are_bounded_and_the_oldest_goes),
        cmocka_unit_test(memorial_is_told_nothing),
        cmocka_unit_test(denied_memorial_stays_denied),
        cmocka_unit_test(withdrawal_forgets_all_but_itself),
        cmocka_unit_test(addressee_without_facts_is_empty),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
