/* Taking a fact away: what rested on it is derived anew without it (design.md 2.1).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* The reporters' outcome is replaced; they are told by signal, one notice a report was sent before.
 */
static void replace_outcomes(struct judgement *judgement, struct decision *decision,
                             int32_t case_number)
{
    struct subject_state *facts = judgement->facts;
    struct case_fact *item = case_find(facts, case_number);
    if (item != NULL) {
        item->outcome = (struct optional_int){OUTCOME_NO_VIOLATION, true};
        item->decided_at = (struct optional_long){judgement->court->decided_ms, true};
    }
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        struct report_fact *report = &facts->reports[i];
        if (report->case_number == case_number) {
            emit_outcome(judgement, decision, report, OUTCOME_NO_VIOLATION, false);
        }
    }
}

/* The restriction as last published, whether it still runs or not. */
static struct restriction_fact published(const struct judgement *judgement,
                                         const struct violation_fact *violation)
{
    const struct subject_state *facts = judgement->facts;
    return (struct restriction_fact){
        .restriction_id = violation->restriction_id,
        .decision_id = violation->step_decision_id,
        .case_number = violation->number,
        .measure = (enum measure)violation->measure.value,
        .target_kind = subject_target(facts),
        .area = violation_area(facts, violation),
        .ledger = violation->ledger,
        .scopes = violation->scopes,
        .stage = violation->stage,
        .category = violation->category,
        .policy_version = violation->policy_version,
        .source_kind = violation->source_kind,
        .automation = violation->automation,
        .decided_at = violation->starts_at, /* of the step, which may have come back since (I.11) */
        .starts_at = violation->starts_at,
        .expires_at = violation->ends_at,
        .end_disclosed = true,
    };
}

void violation_reverse(struct judgement *judgement, struct violation_fact *violation,
                       enum end_reason reason, const char *rule)
{
    struct subject_state *facts = judgement->facts;
    const struct violation_fact gone = *violation;
    const bool ran = gone.state.set && gone.state.value == DECISION_STATE_IN_FORCE;
    struct restriction_fact row = published(judgement, &gone);
    struct ground ground = violation_ground(&gone);
    ground.automation = AUTOMATION_NONE;
    struct decision decision;
    decision_open(judgement, &decision,
                  policy_version(judgement->court->policies, gone.policy_version, gone.act_at),
                  AUDIT_ACTION_END, &ground, rule);
    decision.case_hex = id_text(judgement, gone.case_id);
    decision.audit.outcome = (struct optional_int){OUTCOME_NO_VIOLATION, true};
    decision.audit.state = DECISION_STATE_REVERSED;
    decision.audit.stage_from = ledger_stage(facts, gone.ledger, NULL);
    decision_reports(judgement, &decision, gone.number);
    if (ran) {
        struct restriction_fact *running =
            restriction_of(facts, gone.number, (enum measure)gone.measure.value);
        if (running != NULL) {
            row = *running;
            restriction_drop(facts, running);
        }
    }
    violation_drop(facts, violation);
    decision.audit.stage_to = ledger_stage(facts, gone.ledger, NULL);
    decision_strikes(judgement, &decision, gone.ledger);
    const struct restriction_change change = {.op = RESTRICTION_OP_REVERSE,
                                              .prior_decision_id = row.decision_id,
                                              .ends = true,
                                              .end_reason = reason};
    decision.prior_id = row.decision_id;
    row.state = DECISION_STATE_REVERSED;
    row.decision_id = decision.id;
    decision.audit.measure = gone.measure;
    if (gone.restriction_id.data == NULL) {
        decision_close(judgement, &decision); /* a WARNING, or a strike that restricted nothing */
    } else {
        decision.audit.op = (struct optional_int){RESTRICTION_OP_REVERSE, true};
        decision.payload.restriction_id = id_text(judgement, row.restriction_id);
        decision.payload.expires_at = row.expires_at;
        decision.payload.scopes = row.scopes;
        decision_close(judgement, &decision);
        emit_restriction(judgement, &decision, &row, &change);
    }
    if (ran) {
        emit_standing(judgement, &decision);
    }
    if (gone.measure.set) {
        emit_restriction_notice(judgement, &decision, NOTICE_KIND_RESTRICTION_REVERSED, &row);
    }
    replace_outcomes(judgement, &decision, gone.number);
    liability_remove(judgement, &decision, &gone);
    ladders_settle(judgement, ran ? gone.ledger : LEDGER_NONE);
}

/* The record that takes a measure back, which `running` says was in force until now. */
static void reverse_row(struct judgement *judgement, struct restriction_fact row, bool running,
                        enum end_reason reason, const char *rule)
{
    struct ground ground = restriction_ground(judgement, &row);
    struct case_fact *item = case_find(judgement->facts, row.case_number);
    const struct restriction_change change = {.op = RESTRICTION_OP_REVERSE,
                                              .prior_decision_id = row.decision_id,
                                              .ends = true,
                                              .end_reason = reason};
    struct decision decision;
    if (item != NULL && row.measure == MEASURE_PROVISIONAL_HOLD) {
        item->hold_reversed = true;
    }
    ground.automation = AUTOMATION_NONE;
    decision_open(judgement, &decision,
                  policy_version(judgement->court->policies, row.policy_version, row.decided_at),
                  AUDIT_ACTION_END, &ground, rule);
    decision.case_hex = item != NULL ? id_text(judgement, item->case_id) : (struct bytes){0};
    decision.content_ref = row.target_id;
    decision.prior_id = row.decision_id;
    decision.audit.state = DECISION_STATE_REVERSED;
    decision.audit.measure = (struct optional_int){(int32_t)row.measure, true};
    decision.audit.op = (struct optional_int){RESTRICTION_OP_REVERSE, true};
    decision.payload.restriction_id = id_text(judgement, row.restriction_id);
    decision.payload.expires_at = row.expires_at;
    decision.payload.scopes = row.scopes;
    row.state = DECISION_STATE_REVERSED;
    row.decision_id = decision.id;
    decision_close(judgement, &decision);
    emit_restriction(judgement, &decision, &row, &change);
    if (running) {
        emit_standing(judgement, &decision);
    }
    emit_restriction_notice(judgement, &decision, NOTICE_KIND_RESTRICTION_REVERSED, &row);
}

void restriction_reverse(struct judgement *judgement, struct restriction_fact *restriction,
                         enum end_reason reason, const char *rule)
{
    const struct restriction_fact row = *restriction;
    restriction_drop(judgement->facts, restriction);
    reverse_row(judgement, row, true, reason, rule);
}

void ended_reverse(struct judgement *judgement, struct restriction_fact *ended,
                   enum end_reason reason, const char *rule)
{
    struct subject_state *facts = judgement->facts;
    const struct restriction_fact row = *ended;
    LIST_REMOVE(facts->ended, facts->ended_count, (size_t)(ended - facts->ended));
    reverse_row(judgement, row, false, reason, rule);
}

void hold_reverse(struct judgement *judgement, const struct case_fact *item,
                  enum end_reason reason, const char *rule)
{
    ASSERT(item->hold_at.set && item->hold_id.data != NULL);
    const struct policy *policy =
        policies_at(judgement->court->policies, item->hold_at.value);
    const struct restriction_fact row = {
        .restriction_id = item->hold_id,
        .decision_id = item->hold_id,
        .case_number = item->number,
        .measure = MEASURE_PROVISIONAL_HOLD,
        .target_kind = TARGET_KIND_USER,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .scopes = policy->hold_scopes,
        .category = item->category,
        .policy_version = policy->version,
        .decided_at = item->hold_at.value,
        .starts_at = item->hold_at.value,
        .expires_at = {item->hold_at.value + policy->hold_ms, true},
        .end_disclosed = true,
    };
    reverse_row(judgement, row, false, reason, rule);
}
