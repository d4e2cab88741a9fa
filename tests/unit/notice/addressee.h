/* One addressee and the notices step, for tests: shipped catalogue, default numbers, what was sent.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_NOTICE_ADDRESSEE_H
#define TESTS_NOTICE_ADDRESSEE_H

#include "base/time.h"
#include "notice/kind.h"
#include "notice/notice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SHIPPED SOURCE_DIR "/config/notices"
/* 2026-11-24, UTC midnight, which is 09:00 in Korea. */
#define DAY (INT64_C(20781) * DAY_MS)
#define KOREA(hour, minute) (DAY + ((hour)-9) * HOUR_MS + (minute)*MINUTE_MS)
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

static inline void on_emit(struct notice_outbox *outbox, const struct record_type *type,
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

static inline void setup(struct addressee *addressee)
{
    memset(addressee, 0, sizeof(*addressee));
    addressee->outbox.emit = on_emit;
    addressee->rules = default_rules;
    addressee->state.subject_kind = SUBJECT_KIND_USER;
    addressee->state.subject_id = bytes_text("u1");
    addressee->now_ms = KOREA(12, 0);
}

static inline void teardown(struct addressee *addressee)
{
    arena_release(&addressee->arena);
}

static inline enum notice_result take(struct addressee *addressee, const struct record_type *type,
                                      const void *record)
{
    addressee->count = 0;
    return notice_record(catalogue, &addressee->rules, &addressee->outbox, &addressee->state, type,
                         record, addressee->now_ms, &addressee->arena, &addressee->reason);
}

static inline struct notice_request request_of(struct addressee *addressee, enum notice_kind kind,
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

static inline enum notice_result request_take(struct addressee *addressee,
                                              const struct notice_request *request)
{
    return take(addressee, &record_notice_request, request);
}

static inline enum notice_result ask(struct addressee *addressee, enum notice_kind kind,
                                     const char *template)
{
    const struct notice_request request = request_of(addressee, kind, template);
    return request_take(addressee, &request);
}

static inline void param_add(struct notice_request *request, enum param_name name,
                             const char *value)
{
    request->params[request->params_count++] =
        (struct param){.name = name, .value = bytes_text(value)};
}

static inline struct notice_preference preference_of(struct addressee *addressee,
                                                     enum notice_kind kind, enum channel channel,
                                                     bool allowed)
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

static inline void choose(struct addressee *addressee, enum notice_kind kind, enum channel channel,
                          bool allowed)
{
    const struct notice_preference preference = preference_of(addressee, kind, channel, allowed);
    assert_int_equal(take(addressee, &record_notice_preference, &preference), NOTICE_DONE);
    assert_int_equal(addressee->count, 0);
}

static inline struct account_change change_of(struct addressee *addressee,
                                              enum account_change_kind kind)
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

static inline enum notice_result change(struct addressee *addressee, enum account_change_kind kind)
{
    const struct account_change record = change_of(addressee, kind);
    return take(addressee, &record_account_change, &record);
}

/* Past the first notice, so that requests give one notice each. */
static inline void disclose(struct addressee *addressee)
{
    assert_int_equal(ask(addressee, NOTICE_KIND_REPORT_RECEIPT, "report_receipt"), NOTICE_DONE);
    assert_int_equal(addressee->count, 2);
}

static inline void assert_text(const struct notice *notice, const char *text)
{
    struct buffer rendered = {0};
    assert_true(notice_render(catalogue, notice, &rendered));
    buffer_append(&rendered, bytes_of("", 1));
    assert_string_equal((const char *)rendered.data, text);
    assert_int_equal(notice->rendered_bytes, strlen(text));
    buffer_release(&rendered);
}

static inline void consent(struct addressee *addressee, enum consent_state day,
                           enum consent_state night)
{
    struct notice_preference preference =
        preference_of(addressee, NOTICE_KIND_EDUCATION_TIP, CHANNEL_PUSH, true);
    preference.ad_consent = day;
    preference.night_ad_consent = night;
    assert_int_equal(take(addressee, &record_notice_preference, &preference), NOTICE_DONE);
}

static inline const char *value_for(enum param_name name)
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
    case PARAM_NAME_ACT_KIND:
    case PARAM_NAME_AD_LABEL:
        break;
    }
    return "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww";
}

static inline int group_begin(void **unused)
{
    (void)unused;
    struct problems problems = {0};
    catalogue = catalogue_read(SHIPPED, &problems);
    problems_release(&problems);
    return catalogue == NULL ? -1 : 0;
}

static inline int group_end(void **unused)
{
    (void)unused;
    catalogue_free(catalogue);
    return 0;
}

#endif
