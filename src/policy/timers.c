/* What time alone does to a subject: measures end, cases lapse, a reporter's class changes, rows
 * go.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* The restriction that ends first at or before now; NULL: none. */
static struct restriction_fact *next_end(struct subject_state *facts, int64_t now_ms)
{
    struct restriction_fact *first = NULL;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        if (item->expires_at.set && item->expires_at.value <= now_ms &&
            (first == NULL || item->expires_at.value < first->expires_at.value)) {
            first = item;
        }
    }
    return first;
}

static void end_by_time(struct judgement *judgement, struct restriction_fact *row)
{
    if (claim_end(judgement, row)) {
        return;
    }
    if (row->measure != MEASURE_PROVISIONAL_HOLD) {
        restriction_end(judgement, row, END_REASON_EXPIRED, "expired");
        return;
    }
    const struct policy *policy =
        policy_version(judgement->court->policies, row->policy_version, row->decided_at);
    /* The hold of a stolen account (severity NONE) had its proof. */
    const bool proof = policy->categories[row->category].lane == LANE_PROOF &&
                       policy->categories[row->category].severity != SEVERITY_NONE;
    restriction_end(judgement, row, proof ? END_REASON_PROOF_MISSING : END_REASON_HOLD_EXPIRED,
                    proof ? "proof-missing" : "hold-expired");
}

static struct case_fact *next_lapse(const struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (case_lapses_at(judgement->court->policies, facts, &facts->cases[i]) <=
            judgement->court->decided_ms) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

void timers_fire(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    /* Each turn ends a restriction in force, an open case or the wait of a report: the loops are bounded. */
    for (struct restriction_fact *row = next_end(facts, now_ms); row != NULL;
         row = next_end(facts, now_ms)) {
        end_by_time(judgement, row);
    }
    for (struct case_fact *item = next_lapse(judgement); item != NULL;
         item = next_lapse(judgement)) {
        case_lapse(judgement, item);
    }
    orders_fire(judgement);
    if (facts->subject_kind == SUBJECT_KIND_REPORTER) {
        reporter_refresh(judgement);
        reporter_prune(judgement);
    }
}

int64_t judge_next_timer(const struct policies *policies, const struct subject_state *facts)
{
    int64_t next = TIME_NEVER_MS;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        if (item->expires_at.set && item->expires_at.value < next) {
            next = item->expires_at.value;
        }
    }
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        const int64_t lapse = case_lapses_at(policies, facts, &facts->cases[i]);
        next = lapse < next ? lapse : next;
    }
    const int64_t order = orders_next_timer(facts);
    next = order < next ? order : next;
    const int64_t reporter = reporter_next_timer(policies, facts);
    next = reporter < next ? reporter : next;
    /* Only what waits for nothing else is cleared away by a timer of its own. */
    return next != TIME_NEVER_MS ? next : facts_purge_at(policies, facts);
}
