/* Notice requests: to the subject about himself, to a reporter without a word about anybody else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* Ids of the customer-service taxonomy; the notification service makes links of them. */
#define CS_REPORT "report"
#define CS_RESTRICTION "restriction"

/* Declared template of each kind: its name in lower case. */
static const char *const templates[NOTICE_KIND_COUNT] = {
    [NOTICE_KIND_REPORT_RECEIPT] = "report_receipt",
    [NOTICE_KIND_REPORT_OUTCOME] = "report_outcome",
    [NOTICE_KIND_REPORT_INADMISSIBLE] = "report_inadmissible",
    [NOTICE_KIND_RESTRICTION_APPLIED] = "restriction_applied",
    [NOTICE_KIND_RESTRICTION_CHANGED] = "restriction_changed",
    [NOTICE_KIND_RESTRICTION_LIFTED] = "restriction_lifted",
    [NOTICE_KIND_RESTRICTION_REVERSED] = "restriction_reversed",
    [NOTICE_KIND_PROTECTION_APPLIED] = "protection_applied",
    [NOTICE_KIND_PROTECTION_EXTENDED] = "protection_extended",
    [NOTICE_KIND_PROTECTION_RELAXED] = "protection_relaxed",
    [NOTICE_KIND_PROTECTION_LIFTED] = "protection_lifted",
    [NOTICE_KIND_TEMPORARY_MEASURE_POSTER] = "temporary_measure_poster",
    [NOTICE_KIND_TEMPORARY_MEASURE_CLAIMANT] = "temporary_measure_claimant",
    [NOTICE_KIND_PUBLIC_MARK] = "public_mark",
    [NOTICE_KIND_OWNER_LIABILITY] = "owner_liability",
    [NOTICE_KIND_PEER_DISPLAY] = "peer_display",
    [NOTICE_KIND_PROOF_REQUEST] = "proof_request",
    [NOTICE_KIND_PROOF_REJECTED_UNMASKED] = "proof_rejected_unmasked",
    [NOTICE_KIND_APPEAL_RECEIPT] = "appeal_receipt",
    [NOTICE_KIND_APPEAL_RESULT] = "appeal_result",
    [NOTICE_KIND_DISPUTE_STATUS] = "dispute_status",
    [NOTICE_KIND_THIRD_PARTY_REFUSED] = "third_party_refused",
    [NOTICE_KIND_REPORTER_WARNING] = "reporter_warning",
    [NOTICE_KIND_REPORTER_SUSPENDED] = "reporter_suspended",
    [NOTICE_KIND_AUTHORITY_ACTION_POSTER] = "authority_action_poster",
    [NOTICE_KIND_POLICY_CHANGE] = "policy_change",
    [NOTICE_KIND_SERVICE_INCIDENT] = "service_incident",
    [NOTICE_KIND_COMPENSATION_INFO] = "compensation_info",
    [NOTICE_KIND_NOTICE_DISCLOSURE] = "notice_disclosure",
    [NOTICE_KIND_EDUCATION_TIP] = "education_tip",
};

static void param_add(struct notice_request *notice, enum param_name name, struct bytes value)
{
    if (value.data != NULL && value.size > 0) {
        ASSERT(notice->params_count < PARAMS_MAX);
        notice->params[notice->params_count++] = (struct param){.name = name, .value = value};
    }
}

static void param_number(struct judgement *judgement, struct notice_request *notice,
                         enum param_name name, int64_t value)
{
    param_add(notice, name, text_number(judgement, value));
}

static void notice_open(const struct judgement *judgement, struct notice_request *notice,
                        struct bytes event_id, struct bytes decision_hex, enum notice_kind kind,
                        struct bytes addressee)
{
    ASSERT(templates[kind] != NULL && addressee.data != NULL);
    notice->event_id = event_id;
    notice->occurred_at = judgement->court->now_ms;
    notice->subject_kind = SUBJECT_KIND_USER;
    notice->subject_id = addressee;
    notice->decision_id = decision_hex;
    notice->audience = AUDIENCE_PERSON;
    notice->kind = kind;
    notice->template = bytes_text(templates[kind]);
    notice->params_count = 0;
    notice->mandatory = kind != NOTICE_KIND_EDUCATION_TIP;
    notice->advert = false;
    notice->due_at = judgement->court->now_ms;
}

static void notice_send(struct judgement *judgement, const struct notice_request *notice)
{
    judgement->court->outbox->emit(judgement->court->outbox, &record_notice_request, notice);
}

/* Whom a notice about a measure on this subject goes to; data NULL: nobody is known. */
static struct bytes addressee_of(const struct judgement *judgement, int32_t case_number)
{
    switch (judgement->facts->subject_kind) {
    case SUBJECT_KIND_USER:
    case SUBJECT_KIND_REPORTER:
        return judgement->facts->subject_id;
    case SUBJECT_KIND_OPEN_PROFILE:
        return profile_user(judgement->facts, case_number);
    case SUBJECT_KIND_ROOM:
        break;
    }
    /* A room's notices go to the present owner (domain.md I.28). */
    return owner_at(judgement->facts, judgement->court->decided_ms);
}

/* What only the person concerned may read. */
static void restriction_params(struct judgement *judgement, const struct decision *decision,
                               const struct restriction_fact *restriction,
                               struct notice_request *notice)
{
    const struct policy_category *category = &decision->policy->categories[restriction->category];
    param_add(notice, PARAM_NAME_MEASURE,
              bytes_text(enum_symbol(&enum_measure, (int32_t)restriction->measure)));
    param_add(notice, PARAM_NAME_CATEGORY,
              bytes_text(enum_symbol(&enum_category, (int32_t)restriction->category)));
    param_add(notice, PARAM_NAME_RULE, decision->audit.rule);
    param_add(notice, PARAM_NAME_AREA,
              bytes_text(enum_symbol(&enum_area, (int32_t)restriction->area)));
    param_number(judgement, notice, PARAM_NAME_STAGE, restriction->stage);
    param_number(judgement, notice, PARAM_NAME_STARTS_AT, restriction->starts_at);
    if (restriction->expires_at.set && restriction->end_disclosed) {
        param_number(judgement, notice, PARAM_NAME_EXPIRES_AT, restriction->expires_at.value);
    }
    param_add(notice, PARAM_NAME_DECISION, decision->id_hex);
    if (category->legal_ref_count > 0) {
        param_add(notice, PARAM_NAME_LEGAL_REF, bytes_text(category->legal_refs[0]));
    }
    param_number(judgement, notice, PARAM_NAME_POLICY_VERSION, decision->policy->version);
}

/* What every addressee may read. */
static void common_params(struct judgement *judgement, const struct decision *decision,
                          enum category category, const char *cs_category,
                          struct notice_request *notice)
{
    const struct policy *policy = decision->policy;
    param_add(notice, PARAM_NAME_CASE,
              decision->case_hex.data != NULL ? decision->case_hex : decision->id_hex);
    param_add(notice, PARAM_NAME_ITEM_PAGE, bytes_text(policy->categories[category].item_page));
    param_number(judgement, notice, PARAM_NAME_APPEAL_DEADLINE,
                 judgement->court->now_ms + policy->appeal_window_ms);
    param_add(notice, PARAM_NAME_APPEAL_PAGE, bytes_text(APPEAL_PAGE));
    param_add(notice, PARAM_NAME_CS_CATEGORY, bytes_text(cs_category));
}

void emit_restriction_notice(struct judgement *judgement, struct decision *decision,
                             enum notice_kind kind, const struct restriction_fact *restriction)
{
    const struct bytes addressee = addressee_of(judgement, restriction->case_number);
    if (addressee.data == NULL || judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL ||
        judgement->facts->account_state == ACCOUNT_STATE_WITHDRAWN) {
        return; /* nobody is there to read it */
    }
    const bool reporter = judgement->facts->subject_kind == SUBJECT_KIND_REPORTER;
    if (reporter && kind == NOTICE_KIND_RESTRICTION_APPLIED) {
        kind = restriction->measure == MEASURE_WARNING ? NOTICE_KIND_REPORTER_WARNING
                                                       : NOTICE_KIND_REPORTER_SUSPENDED;
    }
    const struct violation_fact *violation =
        violation_find(judgement->facts, restriction->case_number);
    if (violation != NULL && violation->owner && kind == NOTICE_KIND_RESTRICTION_APPLIED &&
        restriction->measure != MEASURE_RESTRICT_PERM_AREA) { /* that one a person chose */
        kind = NOTICE_KIND_OWNER_LIABILITY;
    }
    if (restriction->measure == MEASURE_USER_PROTECTION && kind == NOTICE_KIND_RESTRICTION_LIFTED) {
        kind = NOTICE_KIND_PROTECTION_LIFTED;
    }
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, kind, addressee);
    if (!reporter) {
        restriction_params(judgement, decision, restriction, &notice);
    }
    common_params(judgement, decision, restriction->category, CS_RESTRICTION, &notice);
    notice_send(judgement, &notice);
}

void emit_tip(struct judgement *judgement, struct decision *decision)
{
    const struct bytes addressee = judgement->facts->subject_id;
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, NOTICE_KIND_EDUCATION_TIP, addressee);
    param_add(&notice, PARAM_NAME_CATEGORY,
              bytes_text(enum_symbol(&enum_category, (int32_t)decision->audit.category)));
    param_add(&notice, PARAM_NAME_ITEM_PAGE,
              bytes_text(decision->policy->categories[decision->audit.category].item_page));
    param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_RESTRICTION));
    notice_send(judgement, &notice);
}

void emit_receipt(struct judgement *judgement, struct bytes id_hex, int64_t number,
                  struct bytes reporter_id)
{
    if (reporter_id.data == NULL) {
        return;
    }
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, id_hex, number), id_hex,
                NOTICE_KIND_REPORT_RECEIPT, reporter_id);
    param_add(&notice, PARAM_NAME_CASE, id_hex);
    param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_REPORT));
    notice_send(judgement, &notice);
}

void emit_reporter_notice(struct judgement *judgement, struct decision *decision,
                          enum notice_kind kind, struct bytes reporter_id, enum outcome outcome)
{
    if (reporter_id.data == NULL) {
        return;
    }
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, kind, reporter_id);
    param_add(&notice, PARAM_NAME_OUTCOME,
              bytes_text(enum_symbol(&enum_outcome, (int32_t)outcome)));
    common_params(judgement, decision, decision->audit.category, CS_REPORT, &notice);
    notice_send(judgement, &notice);
}

void emit_proof_request(struct judgement *judgement, struct bytes id_hex, int64_t number,
                        struct bytes person)
{
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, id_hex, number), id_hex,
                NOTICE_KIND_PROOF_REQUEST, person);
    param_add(&notice, PARAM_NAME_CASE, id_hex);
    param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_REPORT));
    notice_send(judgement, &notice);
}

void emit_person_notice(struct judgement *judgement, struct decision *decision,
                        enum notice_kind kind, const char *template, struct bytes addressee,
                        const struct param *params, uint32_t param_count)
{
    struct notice_request notice FILLED_BELOW;
    ASSERT(param_count + 1 <= PARAMS_MAX);
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, kind, addressee);
    if (template != NULL) {
        notice.template = bytes_text(template);
    }
    for (uint32_t i = 0; i < param_count; i++) {
        param_add(&notice, params[i].name, params[i].value);
    }
    param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_RESTRICTION));
    notice_send(judgement, &notice);
}

void emit_statement(struct judgement *judgement, struct decision *decision,
                    const struct restriction_fact *restriction)
{
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, NOTICE_KIND_RESTRICTION_APPLIED, judgement->facts->subject_id);
    notice.template = bytes_text(restriction != NULL ? "statement" : "statement_none");
    if (restriction != NULL) {
        restriction_params(judgement, decision, restriction, &notice);
        common_params(judgement, decision, restriction->category, CS_RESTRICTION, &notice);
    } else {
        param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_RESTRICTION));
    }
    notice_send(judgement, &notice);
}

void emit_proof_notice(struct judgement *judgement, struct decision *decision,
                       enum notice_kind kind, const char *template)
{
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, kind, judgement->facts->subject_id);
    if (template != NULL) {
        notice.template = bytes_text(template);
    }
    param_add(&notice, PARAM_NAME_CASE, decision->id_hex);
    param_add(&notice, PARAM_NAME_CS_CATEGORY, bytes_text(CS_REPORT));
    notice_send(judgement, &notice);
}

void emit_public_mark(struct judgement *judgement, struct decision *decision,
                      const struct restriction_fact *measure)
{
    const struct policy_category *category = &decision->policy->categories[measure->category];
    struct notice_request notice FILLED_BELOW;
    notice_open(judgement, &notice, id_numbered(judgement, decision->id_hex, decision->records++),
                decision->id_hex, NOTICE_KIND_PUBLIC_MARK, judgement->facts->subject_id);
    notice.audience = AUDIENCE_PUBLIC;
    param_add(&notice, PARAM_NAME_CONTENT, measure->target_id);
    param_add(&notice, PARAM_NAME_CASE, decision->id_hex);
    if (category->legal_ref_count > 0) {
        param_add(&notice, PARAM_NAME_LEGAL_REF,
                  bytes_text(category->legal_refs[category->legal_ref_count - 1]));
    }
    param_number(judgement, &notice, PARAM_NAME_STARTS_AT, measure->starts_at);
    if (measure->expires_at.set) {
        param_number(judgement, &notice, PARAM_NAME_EXPIRES_AT, measure->expires_at.value);
    }
    notice_send(judgement, &notice);
}
