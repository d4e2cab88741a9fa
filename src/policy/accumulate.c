/* REPORT_ACCUMULATION: many reporters on one ledger in a day, nothing confirmed: a short step, no strike.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* The reports it rests on (rule 9): those of the ledger inside the window. */
static void list_reports(const struct judgement *judgement, const struct policy *policy,
                         enum ledger ledger, struct audit_payload *payload)
{
    const struct subject_state *facts = judgement->facts;
    const int64_t from = judgement->court->decided_ms - policy->accumulation_window_ms;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->at > from && policy->areas[report->area].ledger == ledger
            && payload->report_ids_count < REFS_MAX) {
            payload->report_ids[payload->report_ids_count++] = report->event_id;
        }
    }
}

void accumulate(struct judgement *judgement, const struct policy *policy, enum area area,
                enum ledger ledger)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    ASSERT(ledger < LEDGER_NONE);
    const struct violation_fact made = {
        .number = facts->next_case,
        .category = CATEGORY_REPORT_ACCUMULATION,
        .severity = SEVERITY_NONE,
        .lane = LANE_LADDER,
        .area = area,
        .ledger = ledger,
        .act_at = now_ms,
        .decided_at = now_ms,
        .expires_at = now_ms,
        .policy_version = policy->version,
        .source_kind = facts->reports[facts->reports_count - 1].source_kind,
        .automation = AUTOMATION_FULL,
    };
    const struct ground ground = violation_ground(&made);
    if (facts->violations_count >= VIOLATIONS_MAX) {
        decision_refuse(judgement, policy, &ground, "limit.strikes");
        return;
    }
    facts->next_case++;
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, NULL);
    struct violation_fact *violation = violation_insert(facts, &made);
    violation->case_id = decision.id;
    violation->decision_id = decision.id;
    list_reports(judgement, policy, ledger, &decision.payload);
    struct ladder_state ladder;
    ladder_derive(judgement->court->policies, facts, ledger, now_ms, &ladder);
    const size_t place = (size_t)(violation - facts->violations);
    violation_apply(judgement, &decision, violation, &ladder.steps[place]);
}
