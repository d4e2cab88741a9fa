/* Measures beside the ladders: on content by claim, order or a person; asked for by a guardian; and
 * what an account's memorial does to those in force. None carries a strike (domain.md F12 to F14,
 * I.20 to I.24).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

struct restriction_fact *measure_find(struct subject_state *facts, enum measure measure,
                                      struct bytes target_id, struct bytes request_id)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        if (item->measure == measure &&
            (target_id.data == NULL || bytes_equal(item->target_id, target_id)) &&
            (request_id.data == NULL || bytes_equal(item->request_id, request_id))) {
            return item;
        }
    }
    return NULL;
}

/* Why not a smaller scope (rule 15). */
static const char *smaller_scope(const struct restriction_fact *made)
{
    if (made->measure == MEASURE_PROVISIONAL_HOLD) {
        return "hold-until-person";
    }
    if (made->target_kind == TARGET_KIND_CONTENT) {
        return "content";
    }
    return made->measure == MEASURE_AUTHORITY_ACTION ? "ordered" : "protection";
}

void measure_apply(struct judgement *judgement, struct decision *decision,
                   struct restriction_fact *made, struct restriction_fact *superseded)
{
    struct subject_state *facts = judgement->facts;
    struct restriction_change change = {.op = RESTRICTION_OP_APPLY};
    made->restriction_id = decision->id;
    made->decision_id = decision->id;
    made->case_number = facts->next_case++;
    made->policy_version = decision->policy->version;
    made->decided_at = judgement->court->decided_ms;
    made->starts_at = judgement->court->decided_ms;
    made->state = made->measure == MEASURE_PROVISIONAL_HOLD ? DECISION_STATE_PROVISIONAL
                                                           : DECISION_STATE_IN_FORCE;
    made->source_kind = decision->audit.source_kind;
    made->automation = decision->audit.automation;
    if (superseded != NULL) {
        change.supersedes = superseded->restriction_id;
        ended_keep(facts, superseded);
        restriction_drop(facts, superseded);
    }
    decision->payload.smaller_scope = bytes_text(smaller_scope(made));
    /* The removal of content is an event: nothing of it stays in force (domain.md G2). */
    const bool event = made->measure == MEASURE_CONTENT_REMOVE;
    const struct restriction_fact *row = event ? made : restriction_add(judgement, made);
    if (event) {
        ended_keep(facts, made);
    }
    if (row == NULL) {
        decision->audit.action = AUDIT_ACTION_REFUSE;
        decision->audit.rule = bytes_text("limit.restrictions");
        decision_close(judgement, decision);
        return;
    }
    restriction_publish(judgement, decision, row, &change, NOTICE_KIND_RESTRICTION_APPLIED, false);
}

/* The one that was named for this measure: an authority's basis comes behind those of the category.
 */
static struct bytes legal_ref_of(const struct decision *decision)
{
    const struct audit_payload *payload = &decision->payload;
    return payload->legal_refs_count > 0 ? payload->legal_refs[payload->legal_refs_count - 1]
                                         : (struct bytes){0};
}

void measure_tell(struct judgement *judgement, struct decision *decision, enum notice_kind kind,
                  struct bytes addressee, const struct restriction_fact *measure)
{
    const struct param params[] = {
        {PARAM_NAME_MEASURE, bytes_text(enum_symbol(&enum_measure, (int32_t)measure->measure))},
        {PARAM_NAME_CATEGORY, bytes_text(enum_symbol(&enum_category, (int32_t)measure->category))},
        {PARAM_NAME_AREA, bytes_text(enum_symbol(&enum_area, (int32_t)measure->area))},
        {PARAM_NAME_DECISION, decision->id_hex},
        {PARAM_NAME_CASE, decision->id_hex},
        {PARAM_NAME_CONTENT, measure->target_id},
        {PARAM_NAME_STARTS_AT, text_number(judgement, measure->starts_at)},
        {PARAM_NAME_EXPIRES_AT, measure->expires_at.set
                                    ? text_number(judgement, measure->expires_at.value)
                                    : (struct bytes){0}},
        {PARAM_NAME_AUTHORITY,
         measure->authority.set ? bytes_text(enum_symbol(&enum_authority, measure->authority.value))
                                : (struct bytes){0}},
        {PARAM_NAME_OBJECTION_DEADLINE,
         measure->authority.set
             ? text_number(judgement, measure->starts_at + decision->policy->authority_objection_ms)
             : (struct bytes){0}},
        {PARAM_NAME_LEGAL_REF, legal_ref_of(decision)},
        {PARAM_NAME_ITEM_PAGE,
         bytes_text(decision->policy->categories[measure->category].item_page)},
        {PARAM_NAME_APPEAL_DEADLINE,
         text_number(judgement, judgement->court->now_ms + decision->policy->appeal_window_ms)},
        {PARAM_NAME_APPEAL_PAGE, bytes_text(APPEAL_PAGE)},
    };
    if (addressee.data != NULL && judgement->facts->account_state != ACCOUNT_STATE_MEMORIAL) {
        emit_person_notice(judgement, decision, kind, NULL, addressee, params, COUNT_OF(params));
    }
}

/* A person's measure on content (CONTENT_MEASURE): removed, demoted or hidden for a time. */
void content_measure(struct judgement *judgement, const struct verdict *verdict)
{
    struct ground ground = verdict_ground(judgement, verdict);
    const bool content =
        verdict->measure.set && (verdict->measure.value == MEASURE_CONTENT_REMOVE ||
                                 verdict->measure.value == MEASURE_CONTENT_DEMOTE ||
                                 verdict->measure.value == MEASURE_TEMPORARY_MEASURE);
    if (!content || verdict->content_ref.data == NULL ||
        (verdict->measure.value == MEASURE_TEMPORARY_MEASURE && !verdict->expires_at.set)) {
        decision_refuse(judgement, judgement->policy, &ground, "content.measure");
        return;
    }
    struct restriction_fact made = {
        .measure = (enum measure)verdict->measure.value,
        .target_kind = TARGET_KIND_CONTENT,
        .target_id = text_keep(judgement, verdict->content_ref),
        .area = verdict->area,
        .ledger = LEDGER_NONE,
        .category = verdict->category,
        .expires_at = verdict->measure.value == MEASURE_CONTENT_REMOVE ? (struct optional_long){0}
                                                                       : verdict->expires_at,
        .end_disclosed = true,
        .reviewer_ref = text_keep(judgement, verdict->reviewer_ref),
        .objected = true, /* a person's measure ends; nothing is removed at its end */
    };
    struct decision decision;
    decision_open(judgement, &decision, policies_at(judgement->court->policies, ground.act_at),
                  AUDIT_ACTION_DECIDE, &ground, NULL);
    for (uint32_t i = 0; i < verdict->report_ids_count; i++) {
        decision.payload.report_ids[decision.payload.report_ids_count++] = verdict->report_ids[i];
    }
    measure_apply(judgement, &decision, &made, NULL);
    measure_tell(judgement, &decision, NOTICE_KIND_RESTRICTION_APPLIED,
                 judgement->facts->subject_kind == SUBJECT_KIND_USER ? judgement->facts->subject_id
                                                                     : (struct bytes){0},
                 &made);
}

/* New end or scopes of a measure that its authority, guardian or account changes. */
void measure_change(struct judgement *judgement, struct decision *decision,
                    struct restriction_fact *row, const struct ground *ground, const char *rule,
                    struct optional_long end, scope_set scopes, enum decision_state state)
{
    const int64_t old_end = row->expires_at.set ? row->expires_at.value : TIME_NEVER_MS;
    const int64_t new_end = end.set ? end.value : TIME_NEVER_MS;
    const struct restriction_change change = {
        .op = new_end > old_end   ? RESTRICTION_OP_EXTEND
              : new_end < old_end ? RESTRICTION_OP_SHORTEN
                                  : RESTRICTION_OP_CHANGE,
        .prior_decision_id = row->decision_id,
    };
    decision_open(judgement, decision,
                  policy_version(judgement->court->policies, row->policy_version, row->decided_at),
                  AUDIT_ACTION_DECIDE, ground, rule);
    decision->payload.smaller_scope = bytes_text("none");
    decision->audit.stage_from = row->stage;
    decision->audit.stage_to = row->stage;
    row->decision_id = decision->id;
    row->expires_at = end;
    row->scopes = scopes;
    row->state = state;
    struct violation_fact *violation = violation_find(judgement->facts, row->case_number);
    if (violation != NULL) {
        violation->step_decision_id = decision->id;
    }
    const bool told = state != DECISION_STATE_FROZEN_MEMORIAL;
    restriction_publish(judgement, decision, row, &change, NOTICE_KIND_RESTRICTION_CHANGED, told);
}
