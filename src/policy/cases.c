/* Cases: opened, shown to a person, lapsed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

struct case_fact *case_find_open(struct subject_state *facts, const struct admission *admission)
{
    const bool forwarded = admission->route == ROUTE_FORWARD;
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        if (!item->outcome.set && item->category == admission->category &&
            item->ledger == admission->ledger && item->forwarded == forwarded) {
            return item;
        }
    }
    return NULL;
}

/* Room for one more case: the oldest decided one without a violation gives way. */
static bool cases_make_room(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int32_t wanted = judgement->policy->cases_max;
    const uint32_t most =
        wanted > 0 && (uint32_t)wanted < CASES_MAX ? (uint32_t)wanted : (uint32_t)CASES_MAX;
    if (facts->cases_count < most) {
        return true;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < facts->cases_count; i++) {
            struct case_fact *item = &facts->cases[i];
            if (item->outcome.set && !is_appealed(facts, item->number) &&
                (pass == 1 || violation_find(facts, item->number) == NULL)) {
                case_remove(facts, item);
                return true;
            }
        }
    }
    return false;
}

struct case_fact *case_open(struct judgement *judgement, const struct policy *policy,
                            enum category category, enum area area, enum ledger ledger)
{
    struct subject_state *facts = judgement->facts;
    if (!cases_make_room(judgement)) {
        return NULL;
    }
    struct case_fact *item = &facts->cases[facts->cases_count++];
    *item = (struct case_fact){
        .number = facts->next_case++,
        .case_id = id_next(judgement, policy),
        .category = category,
        .area = area,
        .ledger = ledger,
        .opened_at = judgement->court->decided_ms,
        .severity = SEVERITY_NONE,
    };
    return item;
}

void case_ask(struct judgement *judgement, struct case_fact *item, enum review_kind kind)
{
    const bool open = item->review.set;
    const enum review_kind asked = open ? (enum review_kind)item->review.value : kind;
    item->review = (struct optional_int){(int32_t)asked, true};
    emit_case_review(judgement, item, open ? REVIEW_ACTION_UPDATE : REVIEW_ACTION_OPEN, asked);
}

void case_close_review(struct judgement *judgement, struct case_fact *item)
{
    if (item->review.set) {
        const enum review_kind kind = (enum review_kind)item->review.value;
        emit_case_review(judgement, item, REVIEW_ACTION_CLOSE, kind);
        item->review = (struct optional_int){0};
    }
}

void case_recount(struct judgement *judgement, struct case_fact *item)
{
    struct subject_state *facts = judgement->facts;
    item->reporters = 0;
    item->best_score = 0;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].case_number == item->number) {
            facts->reports[i].counted = false;
        }
    }
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        struct report_fact *report = &facts->reports[i];
        if (report->case_number != item->number) {
            continue;
        }
        report->counted = reporter_counts(judgement, judgement->policy, report);
        item->reporters += report->counted ? 1 : 0;
        item->raised = item->raised || report->raises;
        item->consent_withdrawn = item->consent_withdrawn || report->consent_withdrawn;
        if (!report->silent && report->score > item->best_score) {
            item->best_score = report->score;
        }
    }
}

/* A report that waits for a proof by itself, from its own time: a friend's, and any of a theft (F9, I.19). */
static bool waits_for_proof(const struct policy *policy, const struct report_fact *report)
{
    const struct policy_category *category = &policy->categories[report->category];
    return category->lane == LANE_PROOF && (report->silent || category->severity == SEVERITY_NONE);
}

static bool is_asked(const struct case_fact *item)
{
    return item->review.set || item->held_decision_id.data != NULL;
}

/* When the wait of one report of a case of lane P is over. The others wait as a case does, from the first. */
static int64_t report_lapses_at(const struct policy *policy, const struct case_fact *item,
                                const struct report_fact *report)
{
    if (report->outcome.set) {
        return TIME_NEVER_MS;
    }
    if (waits_for_proof(policy, report)) {
        return report->at + policy->proof_wait_ms;
    }
    return is_asked(item) ? TIME_NEVER_MS : report->at + policy->case_wait_ms;
}

int64_t case_lapses_at(const struct policies *policies, const struct subject_state *facts,
                       const struct case_fact *item)
{
    if (item->outcome.set) {
        return TIME_NEVER_MS;
    }
    const struct policy *policy = policies_at(policies, item->opened_at);
    if (policy->categories[item->category].lane != LANE_PROOF) {
        return is_asked(item) ? TIME_NEVER_MS : item->opened_at + policy->case_wait_ms;
    }
    int64_t first = TIME_NEVER_MS;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].case_number == item->number) {
            const int64_t at = report_lapses_at(policy, item, &facts->reports[i]);
            first = at < first ? at : first;
        }
    }
    return first;
}

/* Those whose wait is over are answered and leave the case, which goes on with the others. */
static void reports_lapse(struct judgement *judgement, struct case_fact *item, bool waiting)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    const struct policy *policy = policies_at(judgement->court->policies, item->opened_at);
    const struct ground ground = {
        .category = item->category,
        .severity = SEVERITY_NONE,
        .lane = LANE_PROOF,
        .area = item->area,
        .ledger = item->ledger,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_FULL,
        .act_at = item->opened_at,
    };
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_OUTCOME, &ground,
                  waiting ? "f9" : "e7.wait");
    decision.case_hex = id_text(judgement, item->case_id);
    decision.audit.outcome = (struct optional_int){OUTCOME_NOT_ESTABLISHED, true};
    decision_close(judgement, &decision);
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        struct report_fact *report = &facts->reports[i];
        if (report->case_number == item->number && !report->outcome.set &&
            waits_for_proof(policy, report) == waiting &&
            (!waiting || report_lapses_at(policy, item, report) <= now_ms)) {
            emit_outcome(judgement, &decision, report, OUTCOME_NOT_ESTABLISHED, true);
            report->case_number = NO_CASE;
        }
    }
    case_recount(judgement, item);
}

void case_lapse(struct judgement *judgement, struct case_fact *item)
{
    const struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    const struct policy *policy = policies_at(judgement->court->policies, item->opened_at);
    ASSERT(!item->outcome.set);
    /* Of those that wait by themselves and of the others: is there one, and is the wait of one over? */
    bool there[2] = {false, false};
    bool over[2] = {false, false};
    bool waits_on = false;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != item->number || report->outcome.set) {
            continue;
        }
        const bool waits = waits_for_proof(policy, report);
        const bool is_over = report_lapses_at(policy, item, report) <= now_ms;
        there[waits] = true;
        over[waits] = over[waits] || is_over;
        waits_on = waits_on || (waits && !is_over);
    }
    const bool stays = is_asked(item) || waits_on || (there[0] && !over[0]);
    if (policy->categories[item->category].lane != LANE_PROOF || !stays) {
        if (!is_asked(item)) {
            lapse_checks(judgement, item, policy);
        }
        case_dismiss(judgement, item, OUTCOME_NOT_ESTABLISHED, "e7.wait");
    } else {
        ASSERT(over[0] || over[1]);
        reports_lapse(judgement, item, over[1]);
    }
}

void case_reopen(struct case_fact *item)
{
    ASSERT(item->outcome.set);
    item->outcome = (struct optional_int){0};
    item->decided_at = (struct optional_long){0};
}
