/* When and by which channels a notice travels: choices, quiet window, advertising.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "addressee.h"

static void refused_first_notice_discloses_nothing(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    choose(&u, NOTICE_KIND_EDUCATION_TIP, CHANNEL_PUSH, false);
    choose(&u, NOTICE_KIND_EDUCATION_TIP, CHANNEL_IN_APP, false);
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_SUPPRESSED);
    assert_null(u.state.disclosure_version.data);
    disclose(&u);
    teardown(&u);
}

static void optional_first_notice_at_night_is_disclosed_at_once(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.now_ms = KOREA(23, 0);
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
    assert_int_equal(u.count, 2);
    assert_false(u.notices[0].deliver_after.set);
    assert_true(u.notices[1].deliver_after.set);
    teardown(&u);
}

static void preference_holds_for_its_kind_and_channel_only(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, false);
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_SMS, true);
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.notices[0].channels, SET(IN_APP) | SET(SMS));
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_int_equal(u.notices[0].channels, SET(IN_APP) | SET(PUSH));
    choose(&u, NOTICE_KIND_REPORT_OUTCOME, CHANNEL_PUSH, true);
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.notices[0].channels, SET(IN_APP) | SET(PUSH) | SET(SMS));
    teardown(&u);
}

static void mandatory_notice_is_in_the_app_whatever_was_refused(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    for (uint32_t kind = 0; kind < NOTICE_KIND_COUNT; kind++) {
        for (uint32_t channel = 0; channel < CHANNEL_COUNT; channel++) {
            choose(&u, (enum notice_kind)kind, (enum channel)channel, false);
        }
    }
    assert_int_equal(u.state.preferences_count, NOTICE_KIND_COUNT * CHANNEL_COUNT);
    assert_int_equal(ask(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied"), NOTICE_DONE);
    assert_int_equal(u.count, 2);
    assert_int_equal(u.notices[0].channels, SET(IN_APP));
    assert_int_equal(u.notices[1].channels, SET(IN_APP));
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_SUPPRESSED);
    teardown(&u);
}

static void optional_notice_takes_what_is_left(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    choose(&u, NOTICE_KIND_EDUCATION_TIP, CHANNEL_IN_APP, false);
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
    assert_int_equal(u.notices[0].channels, SET(PUSH));
    teardown(&u);
}

static void request_cannot_make_an_optional_kind_mandatory_or_back(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.now_ms = KOREA(23, 0);
    disclose(&u);
    struct notice_request tip = request_of(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip");
    tip.mandatory = true;
    assert_int_equal(request_take(&u, &tip), NOTICE_DONE);
    assert_false(u.notices[0].mandatory);
    assert_true(u.notices[0].deliver_after.set);
    struct notice_request receipt = request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    receipt.mandatory = false;
    assert_int_equal(request_take(&u, &receipt), NOTICE_DONE);
    assert_true(u.notices[0].mandatory);
    assert_false(u.notices[0].deliver_after.set);
    teardown(&u);
}

static void quiet_window_starts_at_21_and_ends_at_8(void **unused)
{
    (void)unused;
    static const struct {
        int64_t now_ms;
        int64_t after_ms; /* 0: at once */
    } cases[] = {
        {KOREA(21, 0) - 1, 0},
        {KOREA(21, 0), KOREA(24 + 8, 0)},
        {KOREA(24, 0), KOREA(24 + 8, 0)},
        {KOREA(24 + 8, 0) - 1, KOREA(24 + 8, 0)},
        {KOREA(24 + 8, 0), 0},
        {KOREA(24 + 9, 0), 0},
    };
    struct addressee u;
    setup(&u);
    disclose(&u);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u.now_ms = cases[i].now_ms;
        assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
        assert_int_equal(u.notices[0].deliver_after.set, cases[i].after_ms != 0);
        assert_true(u.notices[0].quiet);
        if (cases[i].after_ms != 0) {
            assert_int_equal(u.notices[0].deliver_after.value, cases[i].after_ms);
        }
        assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
        assert_false(u.notices[0].quiet);
        assert_false(u.notices[0].deliver_after.set);
    }
    teardown(&u);
}

static void quiet_window_may_span_midnight_utc(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    u.rules.quiet_from_ms = 22 * HOUR_MS;
    u.rules.quiet_until_ms = 6 * HOUR_MS;
    static const struct {
        int64_t now_ms;
        int64_t after_ms;
    } cases[] = {
        {DAY + 22 * HOUR_MS - 1, 0},
        {DAY + 22 * HOUR_MS, DAY + 30 * HOUR_MS},
        {DAY + 24 * HOUR_MS, DAY + 30 * HOUR_MS},
        {DAY + 30 * HOUR_MS - 1, DAY + 30 * HOUR_MS},
        {DAY + 30 * HOUR_MS, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u.now_ms = cases[i].now_ms;
        assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
        assert_int_equal(u.notices[0].deliver_after.value, cases[i].after_ms);
    }
    u.rules.quiet_until_ms = u.rules.quiet_from_ms;
    u.now_ms = DAY + 2 * DAY_MS + 22 * HOUR_MS;
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
    assert_false(u.notices[0].deliver_after.set);
    teardown(&u);
}

static void notice_due_later_waits(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    struct notice_request request = request_of(&u, NOTICE_KIND_POLICY_CHANGE, "policy_change");
    request.due_at = KOREA(23, 0);
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_int_equal(u.notices[0].deliver_after.value, KOREA(23, 0));
    /* An optional one is moved on to the morning. */
    request = request_of(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip");
    request.due_at = KOREA(23, 0);
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_int_equal(u.notices[0].deliver_after.value, KOREA(24 + 8, 0));
    teardown(&u);
}

static enum notice_result advertise(struct addressee *addressee)
{
    struct notice_request request =
        request_of(addressee, NOTICE_KIND_EDUCATION_TIP, "education_tip");
    request.advert = true;
    return request_take(addressee, &request);
}

static void advert_needs_consent_not_older_than_two_years(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    assert_int_equal(advertise(&u), NOTICE_SUPPRESSED);
    consent(&u, CONSENT_STATE_GIVEN, CONSENT_STATE_UNKNOWN);
    const int64_t given_ms = u.now_ms;
    assert_int_equal(advertise(&u), NOTICE_DONE);
    assert_true(u.notices[0].advert);
    /* What says nothing about consent changes nothing. */
    consent(&u, CONSENT_STATE_UNKNOWN, CONSENT_STATE_UNKNOWN);
    u.now_ms = given_ms + 730 * DAY_MS - 1;
    assert_int_equal(advertise(&u), NOTICE_DONE);
    u.now_ms = given_ms + 730 * DAY_MS;
    assert_int_equal(advertise(&u), NOTICE_SUPPRESSED);
    consent(&u, CONSENT_STATE_GIVEN, CONSENT_STATE_UNKNOWN);
    assert_int_equal(advertise(&u), NOTICE_DONE);
    consent(&u, CONSENT_STATE_WITHDRAWN, CONSENT_STATE_UNKNOWN);
    assert_int_equal(advertise(&u), NOTICE_SUPPRESSED);
    consent(&u, CONSENT_STATE_NONE, CONSENT_STATE_GIVEN);
    assert_int_equal(advertise(&u), NOTICE_SUPPRESSED);
    assert_int_equal(u.count, 0);
    teardown(&u);
}

static void advert_at_night_needs_its_own_consent(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.now_ms = KOREA(22, 0);
    disclose(&u);
    consent(&u, CONSENT_STATE_GIVEN, CONSENT_STATE_UNKNOWN);
    assert_int_equal(advertise(&u), NOTICE_DONE);
    assert_int_equal(u.notices[0].deliver_after.value, KOREA(24 + 8, 0));
    consent(&u, CONSENT_STATE_UNKNOWN, CONSENT_STATE_GIVEN);
    assert_int_equal(advertise(&u), NOTICE_DONE);
    assert_false(u.notices[0].deliver_after.set);
    assert_true(u.notices[0].quiet);
    /* The consent of a tip that is no advert does not wake anybody. */
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
    assert_true(u.notices[0].deliver_after.set);
    teardown(&u);
}

static void advert_is_labelled_and_says_how_to_refuse(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    consent(&u, CONSENT_STATE_GIVEN, CONSENT_STATE_GIVEN);
    assert_int_equal(advertise(&u), NOTICE_DONE);
    struct buffer text = {0};
    assert_true(notice_render(catalogue, &u.notices[0], &text));
    assert_int_equal(text.size, u.notices[0].rendered_bytes);
    assert_memory_equal(text.data, "(광고) [", strlen("(광고) ["));
    static const char end[] = "무료로 거부하실 수 있습니다.";
    assert_memory_equal(text.data + text.size - strlen(end), end, strlen(end));
    buffer_release(&text);
    teardown(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_first_notice_discloses_nothing),
        cmocka_unit_test(optional_first_notice_at_night_is_disclosed_at_once),
        cmocka_unit_test(preference_holds_for_its_kind_and_channel_only),
        cmocka_unit_test(mandatory_notice_is_in_the_app_whatever_was_refused),
        cmocka_unit_test(optional_notice_takes_what_is_left),
        cmocka_unit_test(request_cannot_make_an_optional_kind_mandatory_or_back),
        cmocka_unit_test(quiet_window_starts_at_21_and_ends_at_8),
        cmocka_unit_test(quiet_window_may_span_midnight_utc),
        cmocka_unit_test(notice_due_later_waits),
        cmocka_unit_test(advert_needs_consent_not_older_than_two_years),
        cmocka_unit_test(advert_at_night_needs_its_own_consent),
        cmocka_unit_test(advert_is_labelled_and_says_how_to_refuse),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
