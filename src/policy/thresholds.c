/* What a case needs to be confirmed without a person, to be held, or to be shown to one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static enum review_kind review_kind_of(const struct judgement *judgement,
                                       const struct admission *admission)
{
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        return REVIEW_KIND_CONTENT;
    }
    const struct policy_category *category = &admission->policy->categories[admission->category];
    if (admission->route == ROUTE_UNKNOWN_AREA) {
        return REVIEW_KIND_UNKNOWN_AREA;
    }
    if (category->lane == LANE_HUMAN || category->severity_by_verdict) {
        return REVIEW_KIND_HUMAN_ONLY;
    }
    return category->lane == LANE_ONE_STRIKE || category->lane == LANE_PROOF
               ? REVIEW_KIND_ONE_STRIKE_CONFIRM
               : REVIEW_KIND_CONTENT;
}

static bool meets(struct judgement *judgement, const char *score_name, int32_t score,
                  int32_t score_min, const char *reporters_name, int32_t reporters,
                  int32_t reporters_min, bool both)
{
    const bool scored = score >= score_min;
    const bool reported = reporters >= reporters_min;
    check_add(judgement, score_name, score, score_min, scored);
    check_add(judgement, reporters_name, reporters, reporters_min, reported);
    return both ? scored && reported : scored || reported;
}

/* Confirmed without a person: lane L by score and reporters, lane O only where no person is needed.
 */
static bool confirms(struct judgement *judgement, const struct case_fact *item,
                     const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (item->human || admission->route != ROUTE_CASE || category->human_only ||
        category->severity_by_verdict || category->child) {
        return false;
    }
    if (category->lane == LANE_LADDER) {
        return meets(judgement, "confirm.score", item->best_score, evidence->confirm_score,
                     "confirm.reporters", reporters, evidence->confirm_reporters, true);
    }
    if (category->lane == LANE_ONE_STRIKE && !category->human_confirm) {
        return meets(judgement, "confirm.score", item->best_score, evidence->hold_score,
                     "confirm.reporters", reporters, 1, true);
    }
    return false;
}

/* Lanes O and P hold a user for a person, once. */
static bool holds(struct judgement *judgement, const struct case_fact *item,
                  const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (judgement->facts->subject_kind != SUBJECT_KIND_USER || admission->route != ROUTE_CASE ||
        item->no_hold || item->hold_at.set || category->severity != SEVERITY_CRITICAL ||
        category->severity_by_verdict ||
        (category->lane != LANE_ONE_STRIKE && category->lane != LANE_PROOF)) {
        return false;
    }
    return meets(judgement, "hold.score", item->best_score, evidence->hold_score, "hold.reporters",
                 reporters, 1, true);
}

static bool asks(struct judgement *judgement, const struct case_fact *item,
                 const struct admission *admission, int32_t reporters)
{
    const struct policy_category *category = &admission->policy->categories[admission->category];
    const struct policy_evidence *evidence = evidence_of(admission->policy, admission->class);
    if (category->lane == LANE_PROOF && category->severity == SEVERITY_NONE &&
        judgement->facts->account_state != ACCOUNT_STATE_MEMORIAL) {
        return false; /* ACCOUNT_THEFT: a report only asks for proof (I.19) */
    }
    if (item->review.set || item->human || admission->asks ||
        admission->route == ROUTE_UNKNOWN_AREA) {
        return true;
    }
    return meets(judgement, "ask.score", item->best_score, evidence->ask_score, "ask.reporters",
                 reporters, evidence->ask_reporters, false);
}

void lapse_checks(struct judgement *judgement, const struct case_fact *item,
                  const struct policy *policy)
{
    const struct policy_evidence *evidence = evidence_of(policy, policy->areas[item->area].class);
    meets(judgement, "ask.score", item->best_score, evidence->ask_score, "ask.reporters",
          item->reporters, evidence->ask_reporters, false);
}

static bool is_burst(enum category category)
{
    return category == CATEGORY_SPAM_INVITE || category == CATEGORY_SPAM_BOARD_LIKE_FRIEND;
}

/* Many targets in a day and somebody who reports it: no score is needed (domain.md I.13). */
static bool bursts(struct judgement *judgement, const struct case_fact *item,
                   const struct policy *policy, enum area_class class)
{
    const struct policy_evidence *evidence = evidence_of(policy, class);
    if (!is_burst(item->category) || item->human || item->forwarded ||
        item->ledger == LEDGER_NONE || judgement->facts->subject_kind != SUBJECT_KIND_USER) {
        return false;
    }
    return meets(judgement, "burst.targets",
                 burst_targets(judgement, policy, item->category, class), evidence->burst_targets,
                 "burst.reporters", item->reporters, evidence->burst_reporters, true);
}

void burst_evaluate(struct judgement *judgement, enum category category)
{
    struct subject_state *facts = judgement->facts;
    const struct finding finding = {.automation = AUTOMATION_FULL};
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        const enum area_class class = judgement->policy->areas[item->area].class;
        if (item->category == category && !item->outcome.set &&
            item->held_decision_id.data == NULL &&
            bursts(judgement, item, judgement->policy, class)) {
            case_confirm(judgement, item, &finding);
        }
    }
}

void case_evaluate(struct judgement *judgement, struct case_fact *item,
                   const struct admission *admission)
{
    const int32_t reporters = item->reporters;
    if (item->held_decision_id.data != NULL && !item->held_hold) {
        return; /* confirmed, but the breaker waits for a person */
    }
    if (confirms(judgement, item, admission, reporters) ||
        (admission->route == ROUTE_CASE &&
         bursts(judgement, item, admission->policy, admission->class))) {
        const struct finding finding = {.automation = AUTOMATION_FULL};
        case_confirm(judgement, item, &finding);
        return;
    }
    if (holds(judgement, item, admission, reporters)) {
        case_hold(judgement, item, false);
    }
    if (asks(judgement, item, admission, reporters)) {
        case_ask(judgement, item, review_kind_of(judgement, admission));
    }
}
