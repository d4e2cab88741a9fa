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
        .decided_at = violation->decided_at,
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
