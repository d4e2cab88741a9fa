/* The ladders: facts -> what should be in force on each ledger. Pure; knows nothing of what was
 * published but what a person changed (lifted, reduced, made permanent).
 *
 * The walk goes through the violations of a ledger by the time they were decided. Each gives a step
 * by the sum of the weights that count at its time; it runs from its own time and never ends before
 * the one it supersedes. So a violation that is no longer there has no effect on anything later.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static bool counts_at(const struct violation_fact *item, int64_t at_ms)
{
    return item->decided_at <= at_ms && at_ms < item->expires_at;
}

int32_t ladder_weight(const struct subject_state *facts, enum ledger ledger, int64_t now_ms)
{
    int32_t weight = 0;
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger == ledger && item->lane == LANE_LADDER && counts_at(item, now_ms)) {
            weight += item->weight;
        }
    }
    return weight;
}

/* Weights up to and including the violation at `place`, at its own time. */
static int32_t weight_at(const struct subject_state *facts, enum ledger ledger, uint32_t place)
{
    const int64_t at_ms = facts->violations[place].decided_at;
    int32_t weight = 0;
    for (uint32_t i = 0; i <= place; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger == ledger && item->lane == LANE_LADDER && counts_at(item, at_ms)) {
            weight += item->weight;
        }
    }
    return weight;
}

static struct step accumulation_step(const struct policy *policy, const struct violation_fact *item)
{
    return (struct step){
        .measure = MEASURE_RESTRICT_TEMP,
        .scopes = policy->accumulation_scopes[item->ledger],
        .end_ms = item->decided_at + policy->accumulation_duration_ms,
        .restricts = true,
    };
}

static enum measure step_measure(const struct subject_state *facts, const struct policy_step *row,
                                 const struct violation_fact *item)
{
    if (item->permanent && facts->subject_kind == SUBJECT_KIND_USER) {
        return MEASURE_RESTRICT_PERM_AREA;
    }
    if (item->ledger == LEDGER_ROOM && row->measure != MEASURE_WARNING) {
        return facts->subject_kind == SUBJECT_KIND_OPEN_PROFILE ? MEASURE_OPEN_PROFILE_BLOCK
                                                                : MEASURE_ROOM_BLOCK;
    }
    return item->owner && row->measure == MEASURE_RESTRICT_TEMP ? MEASURE_OWNER_RESTRICT
                                                                : row->measure;
}

/* The step of the table, from the violation's own time. */
static struct step ladder_step(const struct subject_state *facts, const struct policy *policy,
                               const struct violation_fact *item, int32_t weight)
{
    const struct policy_ladder *ladder = &policy->ladders[item->ledger];
    ASSERT(ladder->step_count <= POLICY_STEPS_MAX);
    if (ladder->step_count == 0 || weight < 1) {
        return (struct step){0};
    }
    const int32_t last = (int32_t)ladder->step_count;
    const int32_t stage = weight < last ? weight : last;
    const struct policy_step *row = &ladder->steps[stage - 1];
    const int64_t credit_ms = item->credited < row->duration_ms ? item->credited : row->duration_ms;
    return (struct step){
        .row = row,
        .measure = step_measure(facts, row, item),
        .scopes = row->scopes,
        .stage = stage,
        .end_ms = item->decided_at + row->duration_ms - credit_ms,
        .restricts = row->measure != MEASURE_WARNING,
    };
}

/* What a person or an appeal did to the step. */
static void apply_reviewers(const struct violation_fact *item, struct step *step)
{
    if (item->reduced) {
        if (item->reduced_expires_at.set && item->reduced_expires_at.value < step->end_ms) {
            step->end_ms = item->reduced_expires_at.value;
        }
        step->scopes &= item->reduced_scopes;
    }
    if (item->permanent) {
        step->end_ms = TIME_NEVER_MS;
        step->restricts = true;
    }
}

/* Lifted by a person while it ran, so nothing later superseded it and nothing before it comes back.
 */
static bool was_lifted(const struct violation_fact *item)
{
    return item->state.set && item->state.value == DECISION_STATE_LIFTED;
}

/* The step of one violation, given the one that runs when it is decided (NULL: none). */
static struct step derive_step(const struct policies *policies, const struct subject_state *facts,
                               uint32_t place, const struct step *running)
{
    const struct violation_fact *item = &facts->violations[place];
    const struct policy *policy = policy_version(policies, item->policy_version, item->act_at);
    struct step step =
        item->category == CATEGORY_REPORT_ACCUMULATION
            ? accumulation_step(policy, item)
            : ladder_step(facts, policy, item, weight_at(facts, item->ledger, place));
    if (step.restricts && running != NULL && running->end_ms > item->decided_at &&
        running->end_ms != TIME_NEVER_MS && step.end_ms < running->end_ms) {
        step.end_ms = running->end_ms;
    }
    apply_reviewers(item, &step);
    return step;
}

void ladder_derive(const struct policies *policies, const struct subject_state *facts,
                   enum ledger ledger, int64_t now_ms, struct ladder_state *ladder_out)
{
    ASSERT(ledger < LEDGER_NONE && facts->violations_count <= VIOLATIONS_MAX);
    int32_t current = -1;
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item->ledger != ledger || item->lane != LANE_LADDER) {
            continue;
        }
        const struct step *running = current >= 0 ? &ladder_out->steps[current] : NULL;
        ladder_out->steps[i] = derive_step(policies, facts, i, running);
        if (was_lifted(item)) {
            current = -1;
        } else if (ladder_out->steps[i].restricts &&
                   !(running != NULL && running->end_ms == TIME_NEVER_MS)) {
            /* What a person made permanent stays; later strikes count but change nothing. */
            current = (int32_t)i;
        }
    }
    if (current >= 0 && ladder_out->steps[current].end_ms <= now_ms) {
        current = -1;
    }
    ladder_out->current = current;
    ASSERT(current < (int32_t)facts->violations_count);
}

bool peer_shown(const struct subject_state *facts)
{
    const scope_set everything = BIT(SCOPE_ALL) | BIT(SCOPE_APP_RUN);
    const scope_set talk = BIT(SCOPE_SEND) | BIT(SCOPE_RECEIVE);
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        if (item->target_kind != TARGET_KIND_USER ||
            item->state == DECISION_STATE_SUSPENDED_BY_APPEAL) {
            continue;
        }
        if ((item->scopes & everything) != 0 ||
            ((item->scopes & talk) != 0 &&
             (item->ledger == LEDGER_CHAT || item->area == AREA_ALL))) {
            return true;
        }
    }
    return false;
}
