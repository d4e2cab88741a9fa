/* Disputes before a mediation body: a legal hold while one is open, and what its end does (A5 108).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* What a closed dispute says of the decision; not set while it is open. */
static struct optional_int dispute_outcome(enum dispute_state state)
{
    switch (state) {
    case DISPUTE_STATE_OPENED:
        break;
    case DISPUTE_STATE_CLOSED_UPHELD:
        return (struct optional_int){OUTCOME_CONFIRMED, true};
    case DISPUTE_STATE_CLOSED_REVERSED:
        return (struct optional_int){OUTCOME_NO_VIOLATION, true};
    case DISPUTE_STATE_CLOSED_SETTLED:
        return (struct optional_int){OUTCOME_CLOSED, true};
    }
    return (struct optional_int){0};
}

#define DISPUTES_MAX COUNT_OF(((struct subject_state *)NULL)->disputes)

static void dispute_open(struct judgement *judgement, struct bytes dispute_id)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->disputes_count; i++) {
        if (bytes_equal(facts->disputes[i].dispute_id, dispute_id)) {
            return; /* told twice: one close must end it */
        }
    }
    facts->legal_holds++;
    if (facts->disputes_count < DISPUTES_MAX) {
        facts->disputes[facts->disputes_count++] =
            (struct dispute_fact){.dispute_id = text_keep(judgement, dispute_id)};
    }
}

/* One that is not known by name ends a hold only if there are holds without a name. */
static void dispute_close(struct subject_state *facts, struct bytes dispute_id)
{
    for (uint32_t i = 0; i < facts->disputes_count; i++) {
        if (bytes_equal(facts->disputes[i].dispute_id, dispute_id)) {
            LIST_REMOVE(facts->disputes, facts->disputes_count, i);
            facts->legal_holds--;
            return;
        }
    }
    if (facts->legal_holds > (int32_t)facts->disputes_count) {
        facts->legal_holds--;
    }
}

/* What is reversed now does not outlive a withdrawal that came before. */
static void forget_tombstones(struct judgement *judgement, const struct target *target)
{
    const struct violation_fact *violation = violation_find(judgement->facts, target->number);
    const struct restriction_fact *row = measure_numbered(judgement->facts, target->number);
    if (target->violation) {
        tombstones_forget(judgement, violation->decision_id);
    } else if (target->hold && row != NULL) {
        tombstones_forget(judgement, row->restriction_id);
    }
}

/* The result of a dispute body may take a fact away; an open one delays an erasure. */
void dispute_judge(struct judgement *judgement, const struct dispute *dispute)
{
    struct subject_state *facts = judgement->facts;
    struct target target;
    const bool known =
        target_find(judgement, dispute->target_decision_id, (struct bytes){0}, &target);
    const bool waited = facts->legal_holds > 0;
    const bool reversed = dispute->state == DISPUTE_STATE_CLOSED_REVERSED;
    struct decision decision;
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    target_decision(judgement, &decision, &target, "dispute");
    decision.audit.authority = (struct optional_int){(int32_t)dispute->authority, true};
    decision_close(judgement, &decision);
    if (dispute->state == DISPUTE_STATE_OPENED) {
        dispute_open(judgement, dispute->dispute_id);
    } else {
        dispute_close(facts, dispute->dispute_id);
    }
    if (facts->subject_kind == SUBJECT_KIND_USER) {
        const struct optional_int outcome = dispute_outcome(dispute->state);
        const struct param params[] = {
            {PARAM_NAME_CASE, decision.case_hex.data != NULL ? decision.case_hex : decision.id_hex},
            {PARAM_NAME_DECISION, id_text(judgement, decision.prior_id)},
            {PARAM_NAME_AUTHORITY,
             bytes_text(enum_symbol(&enum_authority, (int32_t)dispute->authority))},
            {PARAM_NAME_OUTCOME, outcome.set ? bytes_text(enum_symbol(&enum_outcome, outcome.value))
                                             : (struct bytes){0}},
        };
        emit_person_notice(judgement, &decision, NOTICE_KIND_DISPUTE_STATUS, NULL,
                           facts->subject_id, params, COUNT_OF(params));
    }
    if (reversed && known) {
        forget_tombstones(judgement, &target);
        target_reverse(judgement, &target, END_REASON_REVIEWER, "dispute.reversed");
    }
    if (facts->account_state == ACCOUNT_STATE_WITHDRAWN && waited && facts->legal_holds == 0) {
        erase(judgement);
    }
    facts->rejoin_tag = facts->legal_holds == 0 ? (struct bytes){0} : facts->rejoin_tag;
}
