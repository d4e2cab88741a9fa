/* The notices step: the worked case H22 of domain.md, what is declared, and the budget.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "addressee.h"

static void h22_first_notice_comes_with_the_disclosure_at_once(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.now_ms = KOREA(22, 0);
    choose(&u, NOTICE_KIND_REPORT_RECEIPT, CHANNEL_PUSH, false);
    choose(&u, NOTICE_KIND_RESTRICTION_LIFTED, CHANNEL_PUSH, false);
    u.now_ms = KOREA(23, 10);

    assert_int_equal(ask(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied"), NOTICE_DONE);
    assert_int_equal(u.count, 2);
    assert_int_equal(u.notices[0].kind, NOTICE_KIND_NOTICE_DISCLOSURE);
    assert_int_equal(u.notices[1].kind, NOTICE_KIND_RESTRICTION_APPLIED);
    for (size_t i = 0; i < 2; i++) {
        assert_true(u.notices[i].first);
        assert_false(u.notices[i].quiet);
        assert_false(u.notices[i].deliver_after.set);
        assert_true(u.notices[i].mandatory);
        assert_int_equal(u.notices[i].channels, SET(IN_APP) | SET(PUSH));
        assert_true(bytes_is(u.notices[i].disclosure_version, "disclosure-2026-11"));
    }
    assert_true(u.notices[0].rendered_bytes + u.notices[1].rendered_bytes <= 15360);

    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_int_equal(u.notices[0].channels, SET(IN_APP));
    assert_false(u.notices[0].first);
    assert_true(u.notices[0].rendered_bytes <= 2048);

    assert_int_equal(ask(&u, NOTICE_KIND_RESTRICTION_LIFTED, "restriction_lifted"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_int_equal(u.notices[0].channels, SET(IN_APP));

    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_true(u.notices[0].quiet);
    assert_false(u.notices[0].mandatory);
    assert_true(u.notices[0].deliver_after.set);
    assert_int_equal(u.notices[0].deliver_after.value, KOREA(24 + 8, 0));

    choose(&u, NOTICE_KIND_EDUCATION_TIP, CHANNEL_PUSH, false);
    choose(&u, NOTICE_KIND_EDUCATION_TIP, CHANNEL_IN_APP, false);
    assert_int_equal(ask(&u, NOTICE_KIND_EDUCATION_TIP, "education_tip"), NOTICE_SUPPRESSED);
    assert_int_equal(u.count, 0);
    teardown(&u);
}

static void notice_repeats_the_request_and_fills_its_own_fields(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct notice_request request =
        request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "RESTRICT_TEMP");
    param_add(&request, PARAM_NAME_EXPIRES_AT, "1795476600000");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    const struct notice *notice = &u.notices[1];
    assert_int_equal(notice->occurred_at, u.now_ms);
    assert_int_equal(notice->subject_kind, SUBJECT_KIND_USER);
    assert_true(bytes_is(notice->subject_id, "u1"));
    assert_true(bytes_is(notice->decision_id, DECISION));
    assert_true(bytes_is(notice->template, "restriction_applied"));
    assert_int_equal(notice->params_count, 2);
    assert_int_equal(notice->params[0].name, PARAM_NAME_MEASURE);
    assert_int_equal(notice->language, LANGUAGE_KO);
    assert_int_equal(notice->platform, PLATFORM_COMMON);
    assert_int_equal(notice->audience, AUDIENCE_PERSON);
    assert_false(notice->advert);
    assert_int_equal(notice->template_hash.size, DIGEST_SIZE);
    assert_int_equal(u.notices[0].params_count, 0);
    assert_true(bytes_is(u.notices[0].decision_id, DECISION));
    teardown(&u);
}

static void event_ids_are_the_decision_and_a_number_of_their_own(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.number = 7;
    disclose(&u);
    assert_string_equal(u.event_ids[0], DECISION ".1000000014");
    assert_string_equal(u.event_ids[1], DECISION ".1000000015");
    struct notice_request request = request_of(&u, NOTICE_KIND_POLICY_CHANGE, "policy_change");
    request.event_id = bytes_text("policy-2");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_int_equal(strlen(u.event_ids[0]), 32 + 11);
    assert_string_equal(u.event_ids[0] + 32, ".1000000001");
    request.event_id = bytes_text(DECISION ".x");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_string_equal(u.event_ids[0] + 32, ".1000000001");
    assert_memory_not_equal(u.event_ids[0], DECISION, 32);
    teardown(&u);
}

static void event_ids_never_exceed_64_bytes(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    char decision[65];
    for (size_t size = 1; size <= 60; size++) {
        memset(decision, 'd', size);
        decision[size] = 0;
        char id[80];
        snprintf(id, sizeof(id), "%s.999", decision);
        struct notice_request request =
            request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
        request.decision_id = bytes_text(decision);
        request.event_id = bytes_text(id);
        assert_int_equal(request_take(&u, &request), NOTICE_DONE);
        for (size_t i = 0; i < u.count; i++) {
            assert_true(strlen(u.event_ids[i]) <= 64);
        }
    }
    teardown(&u);
}

static void template_hash_is_of_name_language_and_text(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    assert_int_equal(ask(&u, NOTICE_KIND_PEER_DISPLAY, "peer_display"), NOTICE_DONE);
    const struct bytes text = bytes_text("peer_display\nKO\n지금은 대화할 수 없는 상대입니다.");
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(&text, 1, digest);
    assert_memory_equal(u.notices[0].template_hash.data, digest, DIGEST_SIZE);
    teardown(&u);
}

static void first_notice_is_first_only_once_and_is_remembered(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    assert_true(u.state.disclosed_at.set);
    assert_int_equal(u.state.disclosed_at.value, u.now_ms);
    u.now_ms += 400 * DAY_MS;
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_false(u.notices[0].first);
    assert_true(bytes_is(u.notices[0].disclosure_version, "disclosure-2026-11"));
    teardown(&u);
}

static void earlier_disclosure_version_stays_with_who_got_it(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.state.disclosure_version = bytes_text("disclosure-2025-01");
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_true(bytes_is(u.notices[0].disclosure_version, "disclosure-2025-01"));
    teardown(&u);
}

static void asking_for_the_disclosure_itself_sends_it_once(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    assert_int_equal(ask(&u, NOTICE_KIND_NOTICE_DISCLOSURE, "notice_disclosure"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_true(u.notices[0].first);
    assert_true(bytes_is(u.notices[0].template, "notice_disclosure"));
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_OUTCOME, "report_outcome"), NOTICE_DONE);
    assert_int_equal(u.count, 1);
    assert_false(u.notices[0].first);
    teardown(&u);
}

static void mandatory_advert_is_undeclared(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct notice_request request = request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    request.advert = true;
    assert_int_equal(request_take(&u, &request), NOTICE_REFUSED);
    assert_int_equal(u.reason, DEAD_REASON_NOTICE_UNDECLARED);
    teardown(&u);
}

static void undeclared_template_is_refused_and_changes_nothing(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    static const struct {
        enum notice_kind kind;
        const char *template;
    } cases[] = {
        {NOTICE_KIND_REPORT_RECEIPT, "nothing"},
        {NOTICE_KIND_REPORT_RECEIPT, "report_outcome"},
        {NOTICE_KIND_REPORT_RECEIPT, "report_receipt.short"},
        {NOTICE_KIND_REPORT_RECEIPT, "REPORT_RECEIPT"},
        {NOTICE_KIND_RESTRICTION_CHANGED, "statement"},
    };
    const struct addressee_state before = u.state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        u.reason = DEAD_REASON_UNDECODABLE;
        assert_int_equal(ask(&u, cases[i].kind, cases[i].template), NOTICE_REFUSED);
        assert_int_equal(u.reason, DEAD_REASON_NOTICE_UNDECLARED);
        assert_int_equal(u.count, 0);
    }
    assert_memory_equal(&before, &u.state, sizeof(before));
    teardown(&u);
}

static void forbidden_parameter_is_undeclared(void **unused)
{
    (void)unused;
    static const struct {
        enum notice_kind kind;
        const char *template;
    } cases[] = {
        {NOTICE_KIND_REPORT_RECEIPT, "report_receipt"},
        {NOTICE_KIND_REPORT_OUTCOME, "report_outcome"},
        {NOTICE_KIND_REPORT_INADMISSIBLE, "report_inadmissible"},
        {NOTICE_KIND_PEER_DISPLAY, "peer_display"},
        {NOTICE_KIND_THIRD_PARTY_REFUSED, "third_party_refused"},
        {NOTICE_KIND_REPORTER_WARNING, "reporter_warning"},
        {NOTICE_KIND_REPORTER_SUSPENDED, "reporter_suspended"},
        {NOTICE_KIND_PROTECTION_APPLIED, "protection_applied"},
        {NOTICE_KIND_PROTECTION_EXTENDED, "protection_extended"},
        {NOTICE_KIND_PROTECTION_RELAXED, "protection_relaxed"},
        {NOTICE_KIND_PROTECTION_LIFTED, "protection_lifted"},
        {NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied"},
    };
    struct addressee u;
    setup(&u);
    disclose(&u);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (uint32_t name = 0; name < PARAM_NAME_COUNT; name++) {
            struct notice_request request = request_of(&u, cases[i].kind, cases[i].template);
            param_add(&request, (enum param_name)name, value_for((enum param_name)name));
            const bool allowed = kind_may_hold(cases[i].kind, (enum param_name)name);
            assert_int_equal(request_take(&u, &request), allowed ? NOTICE_DONE : NOTICE_REFUSED);
            assert_int_equal(u.count, allowed ? 1 : 0);
            if (!allowed) {
                assert_int_equal(u.reason, DEAD_REASON_NOTICE_UNDECLARED);
            }
        }
    }
    teardown(&u);
}

static void value_that_cannot_be_read_is_a_bad_field(void **unused)
{
    (void)unused;
    static const struct {
        enum param_name name;
        const char *value;
    } cases[] = {
        {PARAM_NAME_MEASURE, "MUTE"},
        {PARAM_NAME_MEASURE, ""},
        {PARAM_NAME_EXPIRES_AT, "soon"},
        {PARAM_NAME_EXPIRES_AT, ""},
        {PARAM_NAME_EXPIRES_AT, "-1"},
        {PARAM_NAME_EXPIRES_AT, "17954766000001795476600000"},
        {PARAM_NAME_EXPIRES_AT, "253402300800000"},
        {PARAM_NAME_DECISION, ""},
    };
    struct addressee u;
    setup(&u);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notice_request request =
            request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
        param_add(&request, cases[i].name, cases[i].value);
        assert_int_equal(request_take(&u, &request), NOTICE_REFUSED);
        assert_int_equal(u.reason, DEAD_REASON_BAD_FIELD);
    }
    struct notice_request twice =
        request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&twice, PARAM_NAME_RULE, "a");
    param_add(&twice, PARAM_NAME_RULE, "b");
    assert_int_equal(request_take(&u, &twice), NOTICE_REFUSED);
    assert_int_equal(u.reason, DEAD_REASON_BAD_FIELD);
    assert_true(notice_is_empty(&u.state));
    teardown(&u);
}

static void over_budget_takes_the_short_form(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    u.rules.later_bytes_max = 150;
    struct notice_request request = request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    param_add(&request, PARAM_NAME_CASE, "c1");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_true(bytes_is(u.notices[0].template, "report_receipt.short"));
    assert_text(&u.notices[0],
                "[신고 접수] 신고가 접수되었습니다. 확인 후 결과를 알려 드립니다.\n접수 번호: c1");
    teardown(&u);
}

static void budget_is_met_exactly(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    const int32_t size = u.notices[0].rendered_bytes;
    u.rules.later_bytes_max = size;
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_true(bytes_is(u.notices[0].template, "report_receipt"));
    u.rules.later_bytes_max = size - 1;
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_true(bytes_is(u.notices[0].template, "report_receipt.short"));
    teardown(&u);
}

static void still_over_budget_is_a_dead_letter_and_changes_nothing(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    u.rules.first_bytes_max = 100;
    const struct addressee_state before = u.state;
    struct notice_request request = request_of(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt");
    assert_int_equal(request_take(&u, &request), NOTICE_REFUSED);
    assert_int_equal(u.reason, DEAD_REASON_NOTICE_OVER_BUDGET);
    assert_int_equal(u.count, 0);
    assert_memory_equal(&before, &u.state, sizeof(before));
    /* The same request, redriven with room, is no duplicate. */
    u.rules.first_bytes_max = 15360;
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    u.rules.later_bytes_max = 10;
    assert_int_equal(ask(&u, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_REFUSED);
    assert_int_equal(u.reason, DEAD_REASON_NOTICE_OVER_BUDGET);
    teardown(&u);
}

static void disclosure_is_the_last_to_be_shortened(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    disclose(&u);
    const int32_t both = u.notices[0].rendered_bytes + u.notices[1].rendered_bytes;
    const int32_t disclosure = u.notices[0].rendered_bytes;
    teardown(&u);
    setup(&u);
    u.rules.first_bytes_max = both - 1;
    disclose(&u);
    assert_true(bytes_is(u.notices[0].template, "notice_disclosure"));
    assert_true(bytes_is(u.notices[1].template, "report_receipt.short"));
    teardown(&u);
    setup(&u);
    u.rules.first_bytes_max = disclosure;
    disclose(&u);
    assert_true(bytes_is(u.notices[0].template, "notice_disclosure.short"));
    assert_true(bytes_is(u.notices[1].template, "report_receipt.short"));
    assert_true(u.notices[0].rendered_bytes + u.notices[1].rendered_bytes <= disclosure);
    teardown(&u);
}

static void same_input_gives_the_same_notices(void **unused)
{
    (void)unused;
    struct addressee a;
    struct addressee b;
    setup(&a);
    setup(&b);
    disclose(&a);
    disclose(&b);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(a.event_ids[i], b.event_ids[i]);
        assert_int_equal(a.notices[i].rendered_bytes, b.notices[i].rendered_bytes);
        assert_memory_equal(a.notices[i].template_hash.data, b.notices[i].template_hash.data, 32);
    }
    assert_memory_equal(a.state.events, b.state.events, sizeof(a.state.events));
    teardown(&a);
    teardown(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h22_first_notice_comes_with_the_disclosure_at_once),
        cmocka_unit_test(notice_repeats_the_request_and_fills_its_own_fields),
        cmocka_unit_test(event_ids_are_the_decision_and_a_number_of_their_own),
        cmocka_unit_test(event_ids_never_exceed_64_bytes),
        cmocka_unit_test(template_hash_is_of_name_language_and_text),
        cmocka_unit_test(first_notice_is_first_only_once_and_is_remembered),
        cmocka_unit_test(earlier_disclosure_version_stays_with_who_got_it),
        cmocka_unit_test(asking_for_the_disclosure_itself_sends_it_once),
        cmocka_unit_test(mandatory_advert_is_undeclared),
        cmocka_unit_test(undeclared_template_is_refused_and_changes_nothing),
        cmocka_unit_test(forbidden_parameter_is_undeclared),
        cmocka_unit_test(value_that_cannot_be_read_is_a_bad_field),
        cmocka_unit_test(over_budget_takes_the_short_form),
        cmocka_unit_test(budget_is_met_exactly),
        cmocka_unit_test(still_over_budget_is_a_dead_letter_and_changes_nothing),
        cmocka_unit_test(disclosure_is_the_last_to_be_shortened),
        cmocka_unit_test(same_input_gives_the_same_notices),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
