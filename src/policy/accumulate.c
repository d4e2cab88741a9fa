/* REPORT_ACCUMULATION: many reporters on one ledger in a day, nothing confirmed: a short step, no
 * strike.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* Whether a report may count toward REPORT_ACCUMULATION (domain.md I.12). */
static bool accumulates(const struct report_fact *item)
{
    return (item->reporter_class == REPORTER_CLASS_NORMAL ||
            item->reporter_class == REPORTER_CLASS_TRUSTED) &&
           !item->silent && !item->answered && item->reporter_id.data != NULL &&
           item->source_kind != SOURCE_KIND_INSTITUTION_REPORT &&
           !(item->outcome.set && item->outcome.value == OUTCOME_FORWARDED);
}

/* Distinct reporters of a ledger inside the window, as far as `enough`. */
static int32_t count_accumulated(const struct judgement *judgement, const struct policy *policy,
                                 enum ledger ledger, int32_t enough)
{
    const struct subject_state *facts = judgement->facts;
    uint8_t counted[REPORTS_MAX];
    int32_t count = 0;
    for (uint32_t i = 0; i < facts->reports_count && count < enough; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (!accumulates(item) || policy->areas[item->area].ledger != ledger ||
            !within(item->at, judgement->court->decided_ms, policy->accumulation_window_ms)) {
            continue;
        }
        int32_t burst = 0;
        bool known = false;
        for (int32_t j = 0; j < count && !known; j++) {
            const struct report_fact *other = &facts->reports[counted[j]];
            known = bytes_equal(other->reporter_id, item->reporter_id);
            burst += within(other->at, item->at, policy->counted_window_ms) ? 1 : 0;
        }
        if (!known && burst < policy->counted_per_window) {
            counted[count++] = (uint8_t)i;
        }
    }
    return count;
}

/* A step runs there, or something was decided there inside the window. */
static bool ledger_is_busy(struct subject_state *facts, enum ledger ledger, int64_t now_ms,
                           int64_t window_ms)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        if (item->ledger == ledger && violation_find(facts, item->case_number) != NULL) {
            return true;
        }
    }
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger == ledger && within(item->decided_at, now_ms, window_ms)) {
            return true;
        }
    }
    /* A confirmed case is a violation also where it left no strike: stale, or of another lane. */
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        const struct case_fact *item = &facts->cases[i];
        if (item->ledger == ledger && item->outcome.set &&
            item->outcome.value == OUTCOME_CONFIRMED &&
            within(item->decided_at.value, now_ms, window_ms)) {
            return true;
        }
    }
    return false;
}

/* The reports it rests on (rule 9): those of the ledger inside the window. */
static void list_reports(const struct judgement *judgement, const struct policy *policy,
                         enum ledger ledger, struct audit_payload *payload)
{
    const struct subject_state *facts = judgement->facts;
    const int64_t from = judgement->court->decided_ms - policy->accumulation_window_ms;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->at > from && policy->areas[report->area].ledger == ledger &&
            payload->report_ids_count < REFS_MAX) {
            payload->report_ids[payload->report_ids_count++] = report->event_id;
        }
    }
}

static void accumulate(struct judgement *judgement, const struct policy *policy, enum area area,
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

void accumulation_evaluate(struct judgement *judgement, const struct admission *admission,
                           enum area area)
{
    const struct policy *policy = admission->policy;
    const struct report_fact *newest =
        &judgement->facts->reports[judgement->facts->reports_count - 1];
    if (!accumulates(newest)) {
        return; /* the record that completes it gives the time */
    }
    const int32_t enough = evidence_of(policy, admission->class)->accumulation_reporters;
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL ||
        judgement->facts->subject_kind != SUBJECT_KIND_USER || admission->route != ROUTE_CASE ||
        policy->accumulation_scopes[admission->ledger] == 0 || enough < 1 ||
        judgement->facts->reports_count < (uint32_t)enough ||
        ledger_is_busy(judgement->facts, admission->ledger, judgement->court->decided_ms,
                       policy->accumulation_window_ms)) {
        return;
    }
    const int32_t count = count_accumulated(judgement, policy, admission->ledger, enough);
    if (count >= enough) {
        check_add(judgement, "accumulation.reporters", count, enough, true);
        accumulate(judgement, policy, area, admission->ledger);
    }
}
