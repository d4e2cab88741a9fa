/* Inquiries and harm reports: the person concerned is told all, anybody else nothing (A4 90, H.21).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static struct ground nothing(const struct judgement *judgement)
{
    return (struct ground){
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_OTHER_AREA,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_NONE,
        .act_at = judgement->court->decided_ms,
    };
}

/* The answer says nothing about the subject: it is the same whether he is restricted or unknown. */
void third_party_refuse(struct judgement *judgement, struct bytes inquirer_id)
{
    const struct ground ground = nothing(judgement);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_REFUSE, &ground, "s3.30");
    decision_close(judgement, &decision);
    emit_person_notice(judgement, &decision, NOTICE_KIND_THIRD_PARTY_REFUSED, NULL, inquirer_id,
                       NULL, 0);
}

void inquiry_judge(struct judgement *judgement, const struct inquiry *inquiry)
{
    struct subject_state *facts = judgement->facts;
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    if (!inquiry->verified_subject) {
        third_party_refuse(judgement, inquiry->inquirer_id);
        return;
    }
    const struct ground ground = nothing(judgement);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_APPEAL, &ground, "s3.30");
    decision_close(judgement, &decision);
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        emit_statement(judgement, &decision, &facts->restrictions[i]);
    }
    if (facts->restrictions_count == 0) {
        emit_statement(judgement, &decision, NULL);
    }
    if (inquiry->wants_review) {
        emit_decision_review(judgement, &decision, REVIEW_KIND_INQUIRY, REVIEW_ACTION_OPEN, NO_CASE,
                             decision.id, (struct bytes){0});
    }
}

/* F20: customer service says until when an outage kept a step beyond its end; the next one is that shorter. */
static void credit_late_lift(struct judgement *judgement, const struct harm_report *harm)
{
    struct subject_state *facts = judgement->facts;
    if (!judgement->policy->late_lift_credit || harm->origin != HARM_ORIGIN_HARM_LIST) {
        return;
    }
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        const bool late = item->restriction_id.data != NULL && item->ends_at.set &&
                          item->ends_at.value >= harm->window_from &&
                          item->ends_at.value < harm->window_to;
        if (late && harm->window_to - item->ends_at.value > facts->late_lift) {
            facts->late_lift = harm->window_to - item->ends_at.value;
        }
    }
}

void harm_judge(struct judgement *judgement, const struct harm_report *harm)
{
    const struct ground ground = nothing(judgement);
    struct decision decision;
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_APPEAL, &ground, "s4.7");
    decision_close(judgement, &decision);
    credit_late_lift(judgement, harm);
    if (harm->notice == HARM_NOTICE_NONE) {
        return;
    }
    const struct param params[] = {{PARAM_NAME_INCIDENT, harm->incident_ref}};
    emit_person_notice(judgement, &decision,
                       harm->notice == HARM_NOTICE_INCIDENT ? NOTICE_KIND_SERVICE_INCIDENT
                                                            : NOTICE_KIND_COMPENSATION_INFO,
                       NULL, judgement->facts->subject_id, params, COUNT_OF(params));
}
