/* The sections of an explanation. Every symbol stands beside its word, so that what is read here
 * can be looked up in records, policies and code.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/explain_text.h"

#include "base/assert.h"
#include "base/digest.h"
#include "sanctionctl/explain_lines.h"
#include "sanctionctl/explain_words.h"

#include <inttypes.h>
#include <stdio.h>

static void tell_closed(const struct teller *teller, enum payload_key key);
static void tell_decision(const struct teller *teller);
static void tell_subject(const struct teller *teller);
static void tell_rule(const struct teller *teller);
static void tell_facts(const struct teller *teller);
static void tell_checks(const struct teller *teller);
static void tell_strikes(const struct teller *teller);
static void tell_grounds(const struct teller *teller);
static void tell_people(const struct teller *teller);
static void tell_trigger(const struct teller *teller);

void explain_print(const struct explanation *explanation, const struct catalogue *catalogue,
                   enum language language)
{
    const struct teller teller = {.audit = explanation->audit,
                                  .payload = explanation->payload,
                                  .catalogue = catalogue,
                                  .language = language};
    printf("%s %.*s (audit %d:%" PRId64 ")\n", teller_say(&teller, "결정", "Decision"),
           BYTES_PRINT(explanation->audit->decision_id), explanation->partition,
           explanation->offset);
    if (explanation->payload == NULL) {
        tell_closed(&teller, explanation->key);
    }
    tell_decision(&teller);
    if (explanation->payload != NULL) {
        tell_subject(&teller);
    }
    tell_rule(&teller);
    tell_facts(&teller);
    if (explanation->payload != NULL) {
        tell_checks(&teller);
        tell_strikes(&teller);
        tell_grounds(&teller);
    }
    tell_people(&teller);
    if (explanation->payload != NULL) {
        tell_trigger(&teller);
    }
}

/* Why only the clear part can be told. */
static void tell_closed(const struct teller *teller, enum payload_key key)
{
    const char *text = NULL;
    switch (key) {
    case PAYLOAD_KEY_ERASED:
        text =
            teller_say(teller,
                       "이 결정의 대상과 근거는 삭제되었습니다(데이터 키 폐기). 남아 있는 공개 "
                       "부분만 표시합니다.",
                       "What this decision says of its subject and rests on was erased (its data "
                       "key is destroyed); only the clear part is left.");
        break;
    case PAYLOAD_KEY_LOCKED:
        text = teller_say(teller,
                          "이 결정의 암호화된 부분은 다른 키 파일로 잠겨 있어 표시할 수 "
                          "없습니다(audit.key_file을 확인하세요).",
                          "The encrypted part is locked by another key file: give that one as "
                          "audit.key_file.");
        break;
    case PAYLOAD_KEY_AT_HAND:
        text = teller_say(teller,
                          "이 결정의 암호화된 부분이 키로 열리지 않습니다. 손상되었을 수 있으므로 "
                          "sanctionctl audit verify로 확인하세요.",
                          "The encrypted part does not open with its key; it may be damaged: run "
                          "sanctionctl audit verify.");
        break;
    }
    puts(text);
}

/* data NULL: not given. */
static struct bytes fact_find(const struct audit_payload *payload, enum param_name name)
{
    for (uint32_t i = 0; i < payload->facts_params_count; i++) {
        if (payload->facts_params[i].name == name) {
            return payload->facts_params[i].value;
        }
    }
    return (struct bytes){0};
}

/* A fact that was told as a symbol; nothing if it was not. */
static void tell_named(const struct teller *teller, const char *ko, const char *en,
                       const struct enum_type *type, enum param_name name)
{
    const struct bytes value = fact_find(teller->payload, name);
    for (uint32_t i = 0; i < type->count; i++) {
        if (bytes_is(value, type->symbols[i])) {
            teller_line_symbol(teller, ko, en, type, (int32_t)i);
        }
    }
}

/* Whether the decision ended the measure that it names. */
static bool is_ended(const struct audit *audit)
{
    return audit->op.set &&
           (audit->op.value == RESTRICTION_OP_LIFT || audit->op.value == RESTRICTION_OP_REVERSE);
}

static void tell_scopes(const struct teller *teller)
{
    uint64_t left = teller->payload->scopes;
    if (left == 0) {
        return;
    }
    if (is_ended(teller->audit)) {
        teller_label(teller, "이 조치로 더는 제한되지 않는 기능",
                     "Functions it no longer takes away");
    } else {
        teller_label(teller, "제한되는 기능", "Functions taken away");
    }
    for (uint32_t scope = 0; scope < enum_scope.count; scope++) {
        if ((left >> scope & 1) != 0) {
            left &= ~(UINT64_C(1) << scope);
            teller_print_symbol(teller, &enum_scope, (int32_t)scope);
            fputs(left != 0 ? ", " : "\n", stdout);
        }
    }
}

/* Until when; says so too where a measure has no end. */
static void tell_end(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    const struct audit_payload *payload = teller->payload;
    const bool goes_on = audit->action == AUDIT_ACTION_DECIDE && audit->measure.set &&
                         audit->measure.value != MEASURE_WARNING &&
                         payload->restriction_id.data != NULL;
    if (payload->expires_at.set && is_ended(audit)) {
        teller_line_time(teller, "원래의 종료 시각", "Was to end at", payload->expires_at.value);
    } else if (payload->expires_at.set) {
        teller_line_time(teller, "종료 시각", "Until", payload->expires_at.value);
        if (audit->measure.set && audit->measure.value == MEASURE_USER_PROTECTION) {
            teller_label(teller, "본인에게 알리는 종료 시각", "End told to the person");
            puts(teller_say(teller, "없음(저절로 해제된다고만 알림)",
                            "none (that it lifts by itself)"));
        }
    } else if (goes_on) {
        teller_label(teller, "종료 시각", "Until");
        puts(teller_say(teller, "기한 없음", "no end"));
    }
}

static void tell_measure(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    if (audit->measure.set) {
        teller_line_term(teller, "조치", "Measure", PARAM_NAME_MEASURE, &enum_measure,
                         audit->measure.value);
    } else {
        teller_label(teller, "조치", "Measure");
        puts(teller_say(teller, "없음", "none"));
    }
    if (audit->op.set) {
        teller_line_symbol(teller, "조치의 변동", "What happened to it", &enum_restriction_op,
                           audit->op.value);
    }
    if (audit->outcome.set) {
        teller_line_term(teller, "처리 결과", "Outcome", PARAM_NAME_OUTCOME, &enum_outcome,
                         audit->outcome.value);
    }
    /* Without a measure there is nothing that could be in force. */
    if (audit->measure.set || audit->state != DECISION_STATE_IN_FORCE) {
        teller_line_symbol(teller, "상태", "State", &enum_decision_state, (int32_t)audit->state);
    }
    if (teller->payload != NULL) {
        tell_scopes(teller);
    }
    if (audit->stage_from != 0 || audit->stage_to != 0) {
        teller_label(teller, "단계", "Stage");
        printf("%d -> %d\n", audit->stage_from, audit->stage_to);
    }
}

static void tell_decision(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    const struct audit_payload *payload = teller->payload;
    teller_section(teller, "무엇을 결정했는가", "What was decided");
    teller_line_symbol(teller, "처리", "Action", &enum_audit_action, (int32_t)audit->action);
    tell_measure(teller);
    teller_line_symbol(teller, "원장", "Ledger", &enum_ledger, (int32_t)audit->ledger);
    teller_line_term(teller, "영역", "Area", PARAM_NAME_AREA, &enum_area, (int32_t)audit->area);
    teller_line_term(teller, "유형", "Category", PARAM_NAME_CATEGORY, &enum_category,
                     (int32_t)audit->category);
    teller_line_symbol(teller, "심각도", "Severity", &enum_severity, (int32_t)audit->severity);
    teller_line_time(teller, "기록 시각", "Written at", audit->occurred_at);
    if (audit->due_at.set) {
        teller_line_time(teller, "예정 시각", "Was due at", audit->due_at.value);
    }
    if (payload != NULL) {
        teller_line_time(teller, "결정 시각", "Decided at", payload->decided_at);
        tell_end(teller);
        teller_line_id(teller, "조치 번호", "Restriction", payload->restriction_id);
        teller_line_id(teller, "대체된 조치", "Takes the place of restriction",
                       payload->supersedes);
        teller_line_id(teller, "이전 결정", "Changes or answers decision",
                       fact_find(payload, PARAM_NAME_DECISION));
        teller_line_id(teller, "원인이 된 결정", "Follows from decision",
                       payload->cause_decision_id);
    }
}

static void tell_subject(const struct teller *teller)
{
    teller_section(teller, "대상", "On whom");
    printf("  %s:%.*s (%s)\n",
           enum_symbol(&enum_subject_kind, (int32_t)teller->payload->subject_kind),
           BYTES_PRINT(teller->payload->subject_id),
           teller_word(teller, words_of_symbol(&enum_subject_kind,
                                               (int32_t)teller->payload->subject_kind)));
}

static void tell_rule(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    char hash[2 * DIGEST_SIZE + 1] = {0};
    const struct words *words = words_of_rule(audit->rule);
    ASSERT(audit->policy_hash.size == DIGEST_SIZE);
    hex_format(audit->policy_hash, hash);
    teller_section(teller, "적용한 규칙", "Rule");
    teller_label(teller, "규칙", "Rule");
    printf("%.*s: ", BYTES_PRINT(audit->rule));
    if (words != NULL) {
        puts(teller_word(teller, words));
    } else { /* one of the policy file: it is that of the category */
        fputs(
            teller_say(teller, "정책이 정한 유형별 규칙, ", "the policy's rule for the category "),
            stdout);
        teller_print_term(teller, PARAM_NAME_CATEGORY, &enum_category, (int32_t)audit->category);
        putchar('\n');
    }
    teller_line_symbol(teller, "처리 경로", "Lane", &enum_lane, (int32_t)audit->lane);
    teller_label(teller, "정책", "Policy");
    printf("%.*s %s %d\n", BYTES_PRINT(audit->policy_id), teller_say(teller, "버전", "version"),
           audit->policy_version);
    teller_label(teller, "정책 해시(SHA-256)", "Policy hash (SHA-256)");
    puts(hash);
}

static void tell_facts(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    const struct audit_payload *payload = teller->payload;
    teller_section(teller, "사실", "Facts");
    teller_line_symbol(teller, "출처", "Source", &enum_source_kind, (int32_t)audit->source_kind);
    if (audit->authority.set) {
        teller_line_term(teller, "기관", "Authority", PARAM_NAME_AUTHORITY, &enum_authority,
                         audit->authority.value);
    }
    if (payload == NULL) {
        return;
    }
    const struct words *basis = words_of_facts(payload->facts_template);
    teller_label(teller, "근거", "Basis");
    if (basis != NULL) {
        puts(teller_word(teller, basis));
    } else {
        printf("%.*s\n", BYTES_PRINT(payload->facts_template));
    }
    teller_line_time(teller, "행위 시각", "Act done at", payload->act_at);
    teller_line_id(teller, "사건", "Case", fact_find(payload, PARAM_NAME_CASE));
    teller_line_id(teller, "메시지·게시물", "Message or post",
                   fact_find(payload, PARAM_NAME_CONTENT));
    teller_line_ids(teller, "신고", "Reports", payload->report_ids, payload->report_ids_count);
    teller_line_ids(teller, "증거", "Evidence", payload->evidence_refs,
                    payload->evidence_refs_count);
    if (audit->source_kind == SOURCE_KIND_RIGHTS_CLAIM) {
        teller_line_id(teller, "권리침해 신고", "Claim", payload->request_id);
    } else {
        teller_line_id(teller, "기관 요청", "Authority request", payload->request_id);
    }
    teller_line_id(teller, "기관 문서", "Authority document", payload->document_ref);
    teller_line_id(teller, "증빙", "Proof", payload->proof_id);
    teller_line_symbol(teller, "콘텐츠 형태", "Form of content", &enum_content_form,
                       (int32_t)payload->content_form);
    teller_line_symbol(teller, "콘텐츠 언어", "Language of content", &enum_language,
                       (int32_t)payload->language);
    tell_named(teller, "영리 행위", "Commercial act", &enum_act_kind, PARAM_NAME_ACT_KIND);
    tell_named(teller, "광고 표시", "Marked as advertising", &enum_tri, PARAM_NAME_AD_LABEL);
}

static void tell_checks(const struct teller *teller)
{
    const struct audit_payload *payload = teller->payload;
    teller_section(teller, "비교한 기준값(순서대로)", "Thresholds compared, in order");
    if (payload->checks_count == 0) {
        printf("  %s\n", teller->audit->actor_kind == ACTOR_KIND_REVIEWER
                             ? teller_say(teller, "없음(사람이 판단함)", "none: a person decided")
                             : teller_say(teller, "없음", "none"));
    }
    for (uint32_t i = 0; i < payload->checks_count; i++) {
        const struct check *check = &payload->checks[i];
        const struct words *words = words_of_check(check->name);
        printf("  %u. %.*s", i + 1, BYTES_PRINT(check->name));
        if (words != NULL) {
            printf(" (%s)", teller_word(teller, words));
        }
        printf(": %s %" PRId64 ", %s %" PRId64 " - %s\n", teller_say(teller, "값", "value"),
               check->value, teller_say(teller, "기준", "limit"), check->limit,
               check->passed ? teller_say(teller, "충족", "met")
                             : teller_say(teller, "미충족", "not met"));
    }
}

static void tell_strike(const struct teller *teller, const struct strike_fact *strike)
{
    teller_print_term(teller, PARAM_NAME_CATEGORY, &enum_category, (int32_t)strike->category);
    printf(", %s %d, %s\n", teller_say(teller, "가중치", "weight"), strike->weight,
           strike->counted ? teller_say(teller, "계산에 넣음", "counted")
                           : teller_say(teller, "계산에 넣지 않음", "not counted"));
    printf("     %s %.*s: ", teller_say(teller, "결정", "decision"),
           BYTES_PRINT(strike->decision_id));
    fputs(teller_say(teller, "행위 ", "act "), stdout);
    teller_print_time(teller, strike->act_at);
    fputs(teller_say(teller, ", 결정 ", ", decided "), stdout);
    teller_print_time(teller, strike->decided_at);
    fputs(teller_say(teller, ", 유효 기한 ", ", counts until "), stdout);
    teller_print_time(teller, strike->expires_at);
    putchar('\n');
}

static void tell_strikes(const struct teller *teller)
{
    const struct audit_payload *payload = teller->payload;
    int64_t weight = 0;
    teller_section(teller, "살펴본 위반", "Strikes looked at");
    if (payload->strikes_count == 0) {
        printf("  %s\n", teller_say(teller, "없음", "none"));
        return;
    }
    for (uint32_t i = 0; i < payload->strikes_count; i++) {
        printf("  %u. ", i + 1);
        tell_strike(teller, &payload->strikes[i]);
        weight += payload->strikes[i].counted ? payload->strikes[i].weight : 0;
    }
    teller_label(teller, "유효한 가중치의 합", "Weight counted");
    printf("%" PRId64 "\n", weight);
}

static void tell_grounds(const struct teller *teller)
{
    const struct audit_payload *payload = teller->payload;
    const bool given = bytes_is(payload->smaller_scope, "none") && teller->audit->op.set &&
                       !is_ended(teller->audit);
    const struct words *words =
        words_of_smaller_scope(given ? bytes_text("none.given") : payload->smaller_scope);
    teller_section(teller, "더 작은 범위로 하지 않은 이유", "Why not a smaller scope");
    if (words != NULL) {
        printf("  %s (%.*s)\n", teller_word(teller, words), BYTES_PRINT(payload->smaller_scope));
    } else {
        printf("  %.*s\n", BYTES_PRINT(payload->smaller_scope));
    }
    teller_section(teller, "법적 근거", "Legal references");
    if (payload->legal_refs_count == 0) {
        printf("  %s\n",
               teller_say(teller, "없음(운영정책에 근거함)", "none (rests on the policy alone)"));
    }
    for (uint32_t i = 0; i < payload->legal_refs_count; i++) {
        printf("  %.*s\n", BYTES_PRINT(payload->legal_refs[i]));
    }
}

static void tell_people(const struct teller *teller)
{
    const struct audit *audit = teller->audit;
    teller_section(teller, "누가 관여했는가", "Who took part");
    teller_line_symbol(teller, "결정 주체", "Acted", &enum_actor_kind, (int32_t)audit->actor_kind);
    teller_line_symbol(teller, "자동화", "Automation", &enum_automation,
                       (int32_t)audit->automation);
    teller_label(teller, "자동 탐지", "Automated detection");
    puts(audit->automated_detection ? teller_say(teller, "예", "yes")
                                    : teller_say(teller, "아니요", "no"));
    if (teller->payload != NULL) {
        teller_line_id(teller, "검토자", "Reviewer", teller->payload->reviewer_ref);
    }
}

static void tell_trigger(const struct teller *teller)
{
    const struct audit_payload *payload = teller->payload;
    teller_section(teller, "계기가 된 기록", "Record that led to it");
    if (bytes_is(payload->trigger_topic,
                 "timer")) { /* it has no offset: the time it was due is there */
        printf("  %s %d, ", teller_say(teller, "타이머, 파티션", "a timer, partition"),
               payload->trigger_partition);
        fputs(teller_say(teller, "예정 시각 ", "due at "), stdout);
        teller_print_time(teller, payload->trigger_offset);
        putchar('\n');
    } else {
        printf("  %s %.*s, %s %d, %s %" PRId64 "\n", teller_say(teller, "토픽", "topic"),
               BYTES_PRINT(payload->trigger_topic), teller_say(teller, "파티션", "partition"),
               payload->trigger_partition, teller_say(teller, "오프셋", "offset"),
               payload->trigger_offset);
    }
    teller_label(teller, "그 기록에서 나온 결정 중 순번(0부터)",
                 "Number among its decisions (from 0)");
    printf("%d\n", payload->sequence);
}
