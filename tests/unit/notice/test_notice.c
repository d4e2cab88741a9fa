/* The notices step: the worked case H22 of domain.md, and the corners around it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/notice.h"

#include "base/time.h"
#include "notice/kind.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SHIPPED SOURCE_DIR "/config/notices"
/* 2026-11-24, UTC midnight, which is 09:00 in Korea. */
#define DAY (INT64_C(20781) * DAY_MS)
#define KOREA(hour, minute) (DAY + ((hour) - 9) * HOUR_MS + (minute) * MINUTE_MS)
#define DECISION "0123456789abcdef0123456789abcdef"
#define SET(channel) (UINT64_C(1) << CHANNEL_##channel)
#define NOTICES_MAX 4

static struct catalogue *catalogue;

static const struct notice_rules default_rules = {
    .quiet_from_ms = 12 * HOUR_MS,
    .quiet_until_ms = 23 * HOUR_MS,
    .first_bytes_max = 15360,
    .later_bytes_max = 2048,
};

/* One addressee and what he was sent by the last record. */
struct addressee {
    struct notice_outbox outbox; /* first: the way back */
    struct notice_rules rules;
    struct addressee_state state;
    struct arena arena;
    int64_t now_ms;
    int number; /* of the next request or event */
    size_t count;
    struct notice notices[NOTICES_MAX];
    char event_ids[NOTICES_MAX][96];
    enum dead_reason reason;
};

static void on_emit(struct notice_outbox *outbox, const struct record_type *type,
                    const void *record)
{
    struct addressee *addressee = (struct addressee *)outbox;
    assert_ptr_equal(type, &record_notice);
    assert_true(addressee->count < NOTICES_MAX);
    struct notice *notice = &addressee->notices[addressee->count];
    *notice = *(const struct notice *)record;
    /* Borrowed for the call only. */
    char *id = addressee->event_ids[addressee->count++];
    snprintf(id, 96, "%.*s", BYTES_PRINT(notice->event_id));
    notice->event_id = bytes_text(id);
}

static void setup(struct addressee *addressee)
{
    memset(addressee, 0, sizeof(*addressee));
    addressee->outbox.emit = on_emit;
    addressee->rules = default_rules;
    addressee->state.subject_kind = SUBJECT_KIND_USER;
    addressee->state.subject_id = bytes_text("u1");
    addressee->now_ms = KOREA(12, 0);
}

static void teardown(struct addressee *addressee)
{
    arena_release(&addressee->arena);
}

static enum notice_result take(struct addressee *addressee, const struct record_type *type,
                               const void *record)
{
    addressee->count = 0;
    return notice_record(catalogue, &addressee->rules, &addressee->outbox, &addressee->state, type,
                         record, addressee->now_ms, &addressee->arena, &addressee->reason);
}

static struct notice_request request_of(struct addressee *addressee, enum notice_kind kind,
                                        const char *template)
{
    char id[96];
    snprintf(id, sizeof(id), DECISION ".%d", addressee->number++);
    return (struct notice_request){
        .event_id = arena_copy(&addressee->arena, bytes_text(id)),
        .occurred_at = addressee->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("u1"),
        .decision_id = bytes_text(DECISION),
        .audience = AUDIENCE_PERSON,
        .kind = kind,
        .template = bytes_text(template),
        .mandatory = kind != NOTICE_KIND_EDUCATION_TIP,
        .due_at = addressee->now_ms,
    };
}

static enum notice_result request_take(struct addressee *addressee,
                                       const struct notice_request *request)
{
    return take(addressee, &record_notice_request, request);
}

static enum notice_result ask(struct addressee *addressee, enum notice_kind kind,
                              const char *template)
{
    const struct notice_request request = request_of(addressee, kind, template);
    return request_take(addressee, &request);
}

static void param_add(struct notice_request *request, enum param_name name, const char *value)
{
    request->params[request->params_count++] =
        (struct param){.name = name, .value = bytes_text(value)};
}

static struct notice_preference preference_of(struct addressee *addressee, enum notice_kind kind,
                                              enum channel channel, bool allowed)
{
    char id[32];
    snprintf(id, sizeof(id), "preference-%d", addressee->number++);
    return (struct notice_preference){
        .event_id = arena_copy(&addressee->arena, bytes_text(id)),
        .occurred_at = addressee->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("u1"),
        .kind = kind,
        .channel = channel,
        .allowed = allowed,
        .ad_consent = CONSENT_STATE_UNKNOWN,
        .night_ad_consent = CONSENT_STATE_UNKNOWN,
        .text_version = bytes_text("settings-3"),
    };
}

static void choose(struct addressee *addressee, enum notice_kind kind, enum channel channel,
                   bool allowed)
{
    const struct notice_preference preference =
        preference_of(addressee, kind, channel, allowed);
    assert_int_equal(take(addressee, &record_notice_preference, &preference), NOTICE_DONE);
    assert_int_equal(addressee->count, 0);
}

static struct account_change change_of(struct addressee *addressee, enum account_change_kind kind)
{
    char id[32];
    snprintf(id, sizeof(id), "account-%d", addressee->number++);
    return (struct account_change){
        .event_id = arena_copy(&addressee->arena, bytes_text(id)),
        .occurred_at = addressee->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("u1"),
        .kind = kind,
        .erase_consent = true,
        .language = LANGUAGE_UNKNOWN,
        .platform = PLATFORM_COMMON,
    };
}

static enum notice_result change(struct addressee *addressee, enum account_change_kind kind)
{
    const struct account_change record = change_of(addressee, kind);
    return take(addressee, &record_account_change, &record);
}

/* Past the first notice, so that requests give one notice each. */
static void disclose(struct addressee *addressee)
{
    assert_int_equal(ask(addressee, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_int_equal(addressee->count, 2);
}

static void assert_text(const struct notice *notice, const char *text)
{
    struct buffer rendered = {0};
    assert_true(notice_render(catalogue, notice, &rendered));
    buffer_append(&rendered, bytes_of("", 1));
    assert_string_equal((const char *)rendered.data, text);
    assert_int_equal(notice->rendered_bytes, strlen(text));
    buffer_release(&rendered);
}

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
    assert_string_equal(u.event_ids[0], DECISION ".1014");
    assert_string_equal(u.event_ids[1], DECISION ".1015");
    struct notice_request request = request_of(&u, NOTICE_KIND_POLICY_CHANGE, "policy_change");
    request.event_id = bytes_text("policy-2");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_int_equal(strlen(u.event_ids[0]), 32 + 5);
    assert_string_equal(u.event_ids[0] + 32, ".1001");
    request.event_id = bytes_text(DECISION ".x");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_string_equal(u.event_ids[0] + 32, ".1001");
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

static void consent(struct addressee *addressee, enum consent_state day, enum consent_state night)
{
    struct notice_preference preference =
        preference_of(addressee, NOTICE_KIND_EDUCATION_TIP, CHANNEL_PUSH, true);
    preference.ad_consent = day;
    preference.night_ad_consent = night;
    assert_int_equal(take(addressee, &record_notice_preference, &preference), NOTICE_DONE);
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

static const char *value_for(enum param_name name)
{
    switch (name) {
    case PARAM_NAME_MEASURE:
        return "RESTRICT_PERM_ALL";
    case PARAM_NAME_CATEGORY:
        return "ADOLESCENT_PROHIBITED_GOODS";
    case PARAM_NAME_AREA:
        return "ALL";
    case PARAM_NAME_AUTHORITY:
        return "KMCSC";
    case PARAM_NAME_OUTCOME:
        return "FORWARDED";
    case PARAM_NAME_STARTS_AT:
    case PARAM_NAME_EXPIRES_AT:
    case PARAM_NAME_APPEAL_DEADLINE:
    case PARAM_NAME_OBJECTION_DEADLINE:
    case PARAM_NAME_EFFECTIVE_AT:
        return "1795476605000";
    case PARAM_NAME_RULE:
    case PARAM_NAME_STAGE:
    case PARAM_NAME_DECISION:
    case PARAM_NAME_CASE:
    case PARAM_NAME_ITEM_PAGE:
    case PARAM_NAME_LEGAL_REF:
    case PARAM_NAME_APPEAL_PAGE:
    case PARAM_NAME_CS_CATEGORY:
    case PARAM_NAME_POLICY_VERSION:
    case PARAM_NAME_INCIDENT:
    case PARAM_NAME_CONTENT:
        break;
    }
    return "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";
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

static void text_leaves_out_lines_without_their_value(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
    record.language = LANGUAGE_EN;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    disclose(&u);
    struct notice_request request =
        request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "RESTRICT_TEMP");
    param_add(&request, PARAM_NAME_CATEGORY, "SPAM_AD");
    param_add(&request, PARAM_NAME_AREA, "OPEN_CHAT_ROOM");
    param_add(&request, PARAM_NAME_STAGE, "3");
    param_add(&request, PARAM_NAME_EXPIRES_AT, "1795505400000");
    param_add(&request, PARAM_NAME_ITEM_PAGE, "item.spam");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: restriction of use\n"
                "Reason: commercial advertising\n"
                "Area: open chat room\n"
                "Stage: 3\n"
                "Until: 24 November 2026, 16:30 KST\n"
                "The criteria are on this page: item.spam");
    request = request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "WARNING");
    param_add(&request, PARAM_NAME_STAGE, "0");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: warning\n"
                "Nothing is restricted now, but further breaches may lead to a restriction.");
    request = request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "RESTRICT_PERM_ALL");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: permanent restriction of the whole KakaoTalk service\n"
                "No end is set for this measure.");
    teardown(&u);
}

static void times_are_shown_as_in_korea(void **unused)
{
    (void)unused;
    static const struct {
        const char *value;
        const char *text;
    } cases[] = {
        {"1795505400000", "시작: 2026년 11월 24일 16:30(한국 시간)"},
        {"1795505405999", "시작: 2026년 11월 24일 16:30:05(한국 시간)"},
        {"0", "시작: 1970년 1월 1일 09:00(한국 시간)"},
        {"951750000000", "시작: 2000년 2월 29일 00:00(한국 시간)"},
        {"4107510000000", "시작: 2100년 3월 1일 00:00(한국 시간)"},
        {"1798729200000", "시작: 2027년 1월 1일 00:00(한국 시간)"},
        {"1798729199999", "시작: 2026년 12월 31일 23:59:59(한국 시간)"},
        {"253402300799999", "시작: 10000년 1월 1일 08:59:59(한국 시간)"},
    };
    struct addressee u;
    setup(&u);
    disclose(&u);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notice_request request =
            request_of(&u, NOTICE_KIND_RESTRICTION_CHANGED, "restriction_changed");
        param_add(&request, PARAM_NAME_STARTS_AT, cases[i].value);
        assert_int_equal(request_take(&u, &request), NOTICE_DONE);
        struct buffer text = {0};
        assert_true(notice_render(catalogue, &u.notices[0], &text));
        buffer_append(&text, bytes_of("", 1));
        assert_non_null(strstr((const char *)text.data, cases[i].text));
        buffer_release(&text);
    }
    teardown(&u);
}

static void render_refuses_what_the_catalogue_does_not_know(void **unused)
{
    (void)unused;
    struct buffer text = {0};
    struct notice notice = {.language = LANGUAGE_KO, .template = bytes_text("nothing")};
    assert_false(notice_render(catalogue, &notice, &text));
    notice.template = bytes_text(".short");
    assert_false(notice_render(catalogue, &notice, &text));
    notice.template = bytes_text("restriction_applied");
    notice.params_count = 1;
    notice.params[0] = (struct param){.name = PARAM_NAME_MEASURE, .value = bytes_text("MUTE")};
    assert_false(notice_render(catalogue, &notice, &text));
    assert_int_equal(text.size, 0);
    buffer_release(&text);
}

/* The largest values of every parameter that the kind may hold, in two rounds: 16 fit a request. */
static void largest_take(struct addressee *addressee, enum notice_kind kind, const char *template,
                         uint32_t from)
{
    struct notice_request request = request_of(addressee, kind, template);
    for (uint32_t i = 0; i < PARAM_NAME_COUNT && request.params_count < 16; i++) {
        const enum param_name name = (enum param_name)((from + i) % PARAM_NAME_COUNT);
        if (kind_may_hold(kind, name)) {
            param_add(&request, name, value_for(name));
        }
    }
    assert_int_equal(request_take(addressee, &request), NOTICE_DONE);
    assert_int_equal(addressee->count, 1);
    const struct notice *notice = &addressee->notices[0];
    assert_true(notice->rendered_bytes <= 2048);
    assert_true(bytes_is(notice->template, template)); /* the full text, not the short one */
    struct buffer text = {0};
    assert_true(notice_render(catalogue, notice, &text));
    assert_int_equal(text.size, notice->rendered_bytes);
    assert_null(memchr(text.data, '{', text.size));
    buffer_release(&text);
}

static void every_kind_renders_in_both_languages_within_the_budget(void **unused)
{
    (void)unused;
    static const enum language languages[] = {LANGUAGE_KO, LANGUAGE_EN};
    for (size_t i = 0; i < 2; i++) {
        struct addressee u;
        setup(&u);
        struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
        record.language = languages[i];
        assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
        disclose(&u);
        for (uint32_t kind = 0; kind < NOTICE_KIND_COUNT; kind++) {
            char template[64] = {0};
            for (size_t j = 0; enum_notice_kind.symbols[kind][j] != 0; j++) {
                const char letter = enum_notice_kind.symbols[kind][j];
                template[j] = letter == '_' ? '_' : (char)(letter + ('a' - 'A'));
            }
            if (kind == NOTICE_KIND_NOTICE_DISCLOSURE) {
                continue; /* has the first notice's budget; its short form is measured below */
            }
            for (uint32_t from = 0; from < PARAM_NAME_COUNT; from++) {
                largest_take(&u, (enum notice_kind)kind, template, from);
                assert_int_equal(u.notices[0].language, languages[i]);
            }
        }
        largest_take(&u, NOTICE_KIND_RESTRICTION_APPLIED, "statement", 0);
        largest_take(&u, NOTICE_KIND_RESTRICTION_APPLIED, "statement_none", 0);
        /* Sent again later, the disclosure too keeps to 2 048 bytes. */
        assert_int_equal(ask(&u, NOTICE_KIND_NOTICE_DISCLOSURE, "notice_disclosure"), NOTICE_DONE);
        assert_true(u.notices[0].rendered_bytes <= 2048);
        teardown(&u);
    }
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

static int group_begin(void **unused)
{
    (void)unused;
    struct problems problems = {0};
    catalogue = catalogue_read(SHIPPED, &problems);
    problems_release(&problems);
    return catalogue == NULL ? -1 : 0;
}

static int group_end(void **unused)
{
    (void)unused;
    catalogue_free(catalogue);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h22_first_notice_comes_with_the_disclosure_at_once),
        cmocka_unit_test(notice_repeats_the_request_and_fills_its_own_fields),
        cmocka_unit_test(event_ids_are_the_decision_and_a_number_of_their_own),
        cmocka_unit_test(event_ids_never_exceed_64_bytes),
        cmocka_unit_test(template_hash_is_of_name_language_and_text),
        cmocka_unit_test(language_and_platform_follow_the_account),
        cmocka_unit_test(first_notice_is_first_only_once_and_is_remembered),
        cmocka_unit_test(earlier_disclosure_version_stays_with_who_got_it),
        cmocka_unit_test(asking_for_the_disclosure_itself_sends_it_once),
        cmocka_unit_test(refused_first_notice_discloses_nothing),
        cmocka_unit_test(optional_first_notice_at_night_is_disclosed_at_once),
        cmocka_unit_test(preference_holds_for_its_kind_and_channel_only),
        cmocka_unit_test(mandatory_notice_is_in_the_app_whatever_was_refused),
        cmocka_unit_test(optional_notice_takes_what_is_left),
        cmocka_unit_test(choice_is_kept_with_its_time_and_text_version),
        cmocka_unit_test(request_cannot_make_an_optional_kind_mandatory_or_back),
        cmocka_unit_test(quiet_window_starts_at_21_and_ends_at_8),
        cmocka_unit_test(quiet_window_may_span_midnight_utc),
        cmocka_unit_test(notice_due_later_waits),
        cmocka_unit_test(advert_needs_consent_not_older_than_two_years),
        cmocka_unit_test(advert_at_night_needs_its_own_consent),
        cmocka_unit_test(advert_is_labelled_and_says_how_to_refuse),
        cmocka_unit_test(mandatory_advert_is_undeclared),
        cmocka_unit_test(undeclared_template_is_refused_and_changes_nothing),
        cmocka_unit_test(forbidden_parameter_is_undeclared),
        cmocka_unit_test(value_that_cannot_be_read_is_a_bad_field),
        cmocka_unit_test(over_budget_takes_the_short_form),
        cmocka_unit_test(budget_is_met_exactly),
        cmocka_unit_test(still_over_budget_is_a_dead_letter_and_changes_nothing),
        cmocka_unit_test(disclosure_is_the_last_to_be_shortened),
        cmocka_unit_test(duplicate_request_gives_nothing),
        cmocka_unit_test(duplicate_choice_does_not_undo_a_later_one),
        cmocka_unit_test(one_event_id_in_two_topics_is_no_duplicate),
        cmocka_unit_test(event_ids_are_bounded_and_the_oldest_goes),
        cmocka_unit_test(memorial_is_told_nothing),
        cmocka_unit_test(denied_memorial_stays_denied),
        cmocka_unit_test(withdrawal_forgets_all_but_itself),
        cmocka_unit_test(addressee_without_facts_is_empty),
        cmocka_unit_test(text_leaves_out_lines_without_their_value),
        cmocka_unit_test(times_are_shown_as_in_korea),
        cmocka_unit_test(render_refuses_what_the_catalogue_does_not_know),
        cmocka_unit_test(every_kind_renders_in_both_languages_within_the_budget),
        cmocka_unit_test(same_input_gives_the_same_notices),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
