/* What the id of a decision stands for: a violation, a measure, a hold, the outcome of a case. Appeals
 * and disputes name one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static bool target_violation(struct subject_state *facts, struct bytes id, struct target *target)
{
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (bytes_equal(item->decision_id, id) || bytes_equal(item->restriction_id, id) ||
            bytes_equal(item->step_decision_id, id)) {
            target->number = item->number;
            target->decided_ms = item->decided_at;
            target->violation = true;
            return true;
        }
    }
    return false;
}

static bool is_named(const struct restriction_fact *item, struct bytes id)
{
    return bytes_equal(item->restriction_id, id) || bytes_equal(item->decision_id, id);
}

/* Of the measures that run, or have ended and rest on no case. */
static bool target_measure(struct subject_state *facts, struct bytes id, struct target *target)
{
    const struct restriction_fact *found = NULL;
    for (uint32_t i = 0; i < facts->ended_count; i++) {
        found = is_named(&facts->ended[i], id) ? &facts->ended[i] : found;
    }
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        found = is_named(&facts->restrictions[i], id) ? &facts->restrictions[i] : found;
    }
    if (found == NULL) {
        return false;
    }
    target->number = found->case_number;
    target->decided_ms = found->decided_at;
    target->violation = violation_find(facts, found->case_number) != NULL;
    target->hold = !target->violation;
    target->id = target->hold ? found->restriction_id : target->id;
    return true;
}

/* A hold that has ended. */
static bool target_hold(struct subject_state *facts, struct bytes id, struct target *target)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        const struct case_fact *item = &facts->cases[i];
        if (bytes_equal(item->hold_id, id) && !item->hold_reversed) {
            target->number = item->number;
            target->decided_ms = item->hold_at.value;
            target->hold = true; /* also where the case was confirmed since: that is another decision */
            return true;
        }
    }
    return false;
}

static bool target_case(struct subject_state *facts, struct bytes id, struct target *target)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        const struct case_fact *item = &facts->cases[i];
        if (item->outcome.set && bytes_equal(item->case_id, id)) {
            target->number = item->number;
            target->decided_ms = item->decided_at.value;
            target->violation = violation_find(facts, item->number) != NULL;
            target->outcome = !target->violation;
            return true;
        }
    }
    return false;
}

/* Of a measure that has ended since and left nothing else. */
static bool target_appealed(struct subject_state *facts, struct bytes id, struct target *target)
{
    for (uint32_t i = 0; i < facts->appeals_count; i++) {
        const struct appeal_fact *item = &facts->appeals[i];
        if (item->open && bytes_equal(item->decision_id, id)) {
            target->number = item->case_number;
            target->decided_ms = item->at;
            target->hold = true;
            return true;
        }
    }
    return false;
}

bool target_find(struct judgement *judgement, struct bytes decision_id, struct bytes case_id,
                 struct target *target_out)
{
    struct subject_state *facts = judgement->facts;
    const struct bytes text = decision_id.data != NULL ? decision_id : case_id;
    uint8_t id[ID_SIZE];
    *target_out = (struct target){0};
    if (!id_parse(text, id)) {
        return false;
    }
    target_out->id = arena_copy(judgement->court->arena, bytes_of(id, ID_SIZE));
    if (decision_id.data == NULL) {
        return target_case(facts, target_out->id, target_out);
    }
    return target_violation(facts, target_out->id, target_out) ||
           target_measure(facts, target_out->id, target_out) ||
           target_hold(facts, target_out->id, target_out) ||
           target_appealed(facts, target_out->id, target_out);
}

const struct restriction_fact *measure_numbered(const struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (facts->restrictions[i].case_number == number) {
            return &facts->restrictions[i];
        }
    }
    for (uint32_t i = 0; i < facts->ended_count; i++) {
        if (facts->ended[i].case_number == number) {
            return &facts->ended[i];
        }
    }
    return NULL;
}

static struct ground target_ground(const struct judgement *judgement, const struct target *target)
{
    const struct violation_fact *violation = violation_find(judgement->facts, target->number);
    const struct case_fact *item = case_find(judgement->facts, target->number);
    struct ground ground = {
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_OTHER_AREA,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_NONE,
        .act_at = judgement->court->decided_ms,
    };
    if (target->violation && violation != NULL) {
        ground = violation_ground(violation);
    } else if (item != NULL && target->id.data != NULL && (target->hold || target->outcome)) {
        ground.category = item->category;
        ground.lane = judgement->policy->categories[item->category].lane;
        ground.area = item->area;
        ground.ledger = item->ledger;
    }
    const struct restriction_fact *row = measure_numbered(judgement->facts, target->number);
    if (target->hold && item == NULL && row != NULL) {
        ground = restriction_ground(judgement, row);
    }
    ground.automation = AUTOMATION_NONE;
    return ground;
}

static struct bytes target_case_id(const struct judgement *judgement, const struct target *target)
{
    if (!target->violation && !target->hold && !target->outcome) {
        return (struct bytes){0}; /* nothing was found: its number 0 is that of some other case */
    }
    const struct violation_fact *violation = violation_find(judgement->facts, target->number);
    const struct case_fact *item = case_find(judgement->facts, target->number);
    return target->violation && violation != NULL ? violation->case_id
           : item != NULL                         ? item->case_id
                                                  : (struct bytes){0};
}

void target_decision(struct judgement *judgement, struct decision *decision,
                     const struct target *target, const char *rule)
{
    const struct ground ground = target_ground(judgement, target);
    decision_open(judgement, decision, judgement->policy, AUDIT_ACTION_APPEAL, &ground, rule);
    decision->case_hex = id_text(judgement, target_case_id(judgement, target));
    decision->prior_id = target->id;
}

/* A measure without a violation, or a hold, whether it runs or has ended. */
static void reverse_measure(struct judgement *judgement, int32_t number, enum end_reason reason,
                            const char *rule)
{
    struct subject_state *facts = judgement->facts;
    const bool confirmed = violation_find(facts, number) != NULL;
    for (uint32_t i = 0; i < facts->restrictions_count && !confirmed; i++) {
        if (facts->restrictions[i].case_number == number) {
            restriction_reverse(judgement, &facts->restrictions[i], reason, rule);
            return;
        }
    }
    for (uint32_t i = 0; i < facts->ended_count; i++) {
        if (facts->ended[i].case_number == number) {
            ended_reverse(judgement, &facts->ended[i], reason, rule);
            return;
        }
    }
    const struct case_fact *item = case_find(facts, number);
    if (item != NULL && item->hold_id.data != NULL && !item->hold_reversed) {
        hold_reverse(judgement, item, reason, rule);
    }
}

void target_reverse(struct judgement *judgement, const struct target *target,
                    enum end_reason reason, const char *rule)
{
    if (target->violation) {
        violation_reverse(judgement, violation_find(judgement->facts, target->number), reason,
                          rule);
    } else if (target->hold) {
        reverse_measure(judgement, target->number, reason, rule);
    }
}
