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

/* Room for one more case: a decided one without a violation gives way. */
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
            if (item->outcome.set && (pass == 1 || violation_find(facts, item->number) == NULL)) {
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

int64_t case_lapses_at(const struct policies *policies, const struct case_fact *item)
{
    if (item->outcome.set || item->review.set || item->held_decision_id.data != NULL) {
        return TIME_NEVER_MS;
    }
    const struct policy *policy = policies_at(policies, item->opened_at);
    return item->opened_at +
           (item->impersonated_id.data != NULL ? policy->proof_wait_ms : policy->case_wait_ms);
}

void case_lapse(struct judgement *judgement, struct case_fact *item)
{
    ASSERT(!item->outcome.set);
    case_dismiss(judgement, item, OUTCOME_NOT_ESTABLISHED, "e7.wait");
}

void case_reopen(struct case_fact *item)
{
    ASSERT(item->outcome.set);
    item->outcome = (struct optional_int){0};
    item->decided_at = (struct optional_long){0};
}
