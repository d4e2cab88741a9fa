/* Ladders: each step fits its ledger, steps only climb, and PUBLIC never stands below PRIVATE.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "config/policy_load.h"
#include "config/value.h"

static void check_weight(struct loading *loading, enum ledger ledger);
static void check_measure(struct loading *loading, enum ledger ledger, uint32_t index);
static void check_duration(struct loading *loading, enum ledger ledger, uint32_t index);
static void check_step_scopes(struct loading *loading, enum ledger ledger, uint32_t index);
static void check_climb(struct loading *loading, enum ledger ledger, uint32_t index);
static void check_pair(struct loading *loading, enum ledger open, enum ledger closed);
static bool has_class(const struct policy *policy, enum ledger ledger, enum area_class class);
static const struct policy_step *step_at(const struct policy_ladder *ladder, uint32_t stage);
static const struct node *step_node(struct loading *loading, enum ledger ledger, uint32_t index);
static void add(struct loading *loading, enum ledger ledger, uint32_t index, const char *text);

void check_ladders(struct loading *loading)
{
    for (int i = 0; i < LEDGER_NONE; i++) {
        const enum ledger ledger = (enum ledger)i;
        check_weight(loading, ledger);
        for (uint32_t j = 0; j < loading->policy->ladders[i].step_count; j++) {
            check_measure(loading, ledger, j);
            check_duration(loading, ledger, j);
            check_step_scopes(loading, ledger, j);
            if (j > 0) {
                check_climb(loading, ledger, j);
            }
        }
    }
}

/* A1 11, F1: each ledger of a PUBLIC area against each of a PRIVATE one. */
void check_classes(struct loading *loading)
{
    const struct policy *policy = loading->policy;
    for (int i = 0; i <= LEDGER_CHANNEL; i++) {
        for (int j = 0; j <= LEDGER_CHANNEL; j++) {
            if (has_class(policy, (enum ledger)i, AREA_CLASS_PUBLIC) &&
                has_class(policy, (enum ledger)j, AREA_CLASS_PRIVATE)) {
                check_pair(loading, (enum ledger)i, (enum ledger)j);
            }
        }
    }
}

/* Users' ledgers count by severity; ROOM and REPORTER count each violation alike. */
static void check_weight(struct loading *loading, enum ledger ledger)
{
    const struct policy_ladder *ladder = &loading->policy->ladders[ledger];
    const bool fixed = ledger == LEDGER_ROOM || ledger == LEDGER_REPORTER;
    const struct node *node =
        node_find(loading->sections[SECTION_LADDERS], enum_ledger.symbols[ledger]);
    const bool weight = ladder->fixed_weight > 0;
    const bool window = ladder->fixed_window_ms > 0;
    if (weight != fixed || window != fixed) {
        problems_add(loading->reader.problems, loading->reader.name, node->line,
                     fixed ? "%s: 'weight' and 'window' are needed, its violations count alike (E7)"
                           : "%s: 'weight' and 'window' come from the severities (E7)",
                     node->key);
    }
}

static void check_measure(struct loading *loading, enum ledger ledger, uint32_t index)
{
    const struct policy_step *step = &loading->policy->ladders[ledger].steps[index];
    enum measure dated = MEASURE_RESTRICT_TEMP;
    enum review_kind review = REVIEW_KIND_LADDER_END;
    if (ledger == LEDGER_ROOM) {
        dated = MEASURE_ROOM_BLOCK;
        review = REVIEW_KIND_ROOM_PERMANENT;
    } else if (ledger == LEDGER_REPORTER) {
        dated = MEASURE_REPORTER_INTAKE_SUSPEND;
    }
    const bool warning = step->measure == MEASURE_WARNING;
    if (step->measure == MEASURE_RESTRICT_PERM_AREA || step->measure == MEASURE_RESTRICT_PERM_ALL) {
        add(loading, ledger, index,
            "a measure without end is chosen by a person only, ask for it with "
            "'review' (E7, F11)");
    } else if (step->measure != dated && (!warning || ledger == LEDGER_ROOM)) {
        add(loading, ledger, index, "this measure does not belong on this ladder (E3, E7)");
    }
    if (step->review && step->review_kind != review) {
        add(loading, ledger, index, "'review' is LADDER_END, on ROOM it is ROOM_PERMANENT (E7)");
    }
    if (ledger == LEDGER_REPORTER && index == 0 && !warning) {
        add(loading, ledger, index, "reports are refused only after a prior warning (44-13)");
    }
}

static void check_duration(struct loading *loading, enum ledger ledger, uint32_t index)
{
    const struct policy_step *step = &loading->policy->ladders[ledger].steps[index];
    const bool warning = step->measure == MEASURE_WARNING;
    if (warning != (step->duration_ms == 0)) {
        add(loading, ledger, index,
            warning ? "a WARNING has no duration"
                    : "'duration' is missing: every step but a WARNING ends");
    }
    if (step->duration_ms > STEP_MAX_MS) {
        add(loading, ledger, index, "no dated step exceeds 60 d, longer is a person's choice (F5)");
    }
    if (ledger == LEDGER_OPEN_CHAT && step->duration_ms < OPEN_CHAT_STEP_MIN_MS) {
        add(loading, ledger, index, "a step of OPEN_CHAT lasts from 1 d to 60 d (K1, S3:64)");
    }
}

static void check_step_scopes(struct loading *loading, enum ledger ledger, uint32_t index)
{
    const struct policy_step *step = &loading->policy->ladders[ledger].steps[index];
    const bool needed = step->measure != MEASURE_WARNING && ledger != LEDGER_REPORTER;
    const scope_set service = UINT64_C(1) << SCOPE_ALL | UINT64_C(1) << SCOPE_APP_RUN;
    if (needed && step->scopes == 0) {
        add(loading, ledger, index, "'scopes' is missing: a step says what it restricts (S0:19)");
    }
    if (!needed && step->scopes != 0) {
        add(loading, ledger, index, "'scopes' has no meaning on this step");
    }
    if ((step->scopes & service) != 0) {
        add(loading, ledger, index,
            "ALL and APP_RUN are wider than lane LADDER allows: a ladder covers "
            "the area of the violation only (S0:19)");
    }
}

/* Compared with the step before. */
static void check_climb(struct loading *loading, enum ledger ledger, uint32_t index)
{
    const struct policy_step *before = &loading->policy->ladders[ledger].steps[index - 1];
    const struct policy_step *step = before + 1;
    if (step->duration_ms < before->duration_ms) {
        add(loading, ledger, index,
            "this step is shorter than the one before: steps follow the number "
            "of violations (S0:19)");
    }
    if ((before->scopes & ~step->scopes) != 0) {
        add(loading, ledger, index,
            "this step gives back a scope that the one before takes: steps "
            "follow the number of violations (S0:19)");
    }
    if (step->measure == MEASURE_WARNING && before->measure != MEASURE_WARNING) {
        add(loading, ledger, index, "a WARNING stands after a dated step");
    }
}

static void check_pair(struct loading *loading, enum ledger open, enum ledger closed)
{
    const struct policy_ladder *ladder = &loading->policy->ladders[open];
    const struct policy_ladder *other = &loading->policy->ladders[closed];
    const uint32_t stages =
        ladder->step_count > other->step_count ? ladder->step_count : other->step_count;
    for (uint32_t stage = 1; stage <= stages; stage++) {
        const struct policy_step *step = step_at(ladder, stage);
        const struct policy_step *lower = step_at(other, stage);
        const bool warns = step->measure == MEASURE_WARNING && lower->measure != MEASURE_WARNING;
        if (!warns && step->duration_ms >= lower->duration_ms) {
            continue;
        }
        const uint32_t index = (uint32_t)(step - ladder->steps);
        const struct node *node = step_node(loading, open, index);
        problems_add(
            loading->reader.problems, loading->reader.name, node->line,
            "%s stage %u is below %s stage %u: more stringent standards apply where any user "
            "has access (S0:17, F1)",
            enum_ledger.symbols[open], stage, enum_ledger.symbols[closed], stage);
        return; /* one is enough: the rest of the pair follows from it */
    }
}

static bool has_class(const struct policy *policy, enum ledger ledger, enum area_class class)
{
    for (int i = 0; i < AREA_COUNT; i++) {
        if (policy->areas[i].ledger == ledger && policy->areas[i].class == class) {
            return true;
        }
    }
    return false;
}

/* The last step holds for every stage above it. */
static const struct policy_step *step_at(const struct policy_ladder *ladder, uint32_t stage)
{
    ASSERT(ladder->step_count > 0);
    return &ladder->steps[stage < ladder->step_count ? stage - 1 : ladder->step_count - 1];
}

static const struct node *step_node(struct loading *loading, enum ledger ledger, uint32_t index)
{
    const struct node *ladder =
        node_find(loading->sections[SECTION_LADDERS], enum_ledger.symbols[ledger]);
    const struct node *step = node_find(ladder, "steps")->first;
    for (uint32_t i = 0; i < index; i++) {
        step = step->next;
    }
    return step;
}

static void add(struct loading *loading, enum ledger ledger, uint32_t index, const char *text)
{
    problems_add(loading->reader.problems, loading->reader.name,
                 step_node(loading, ledger, index)->line, "%s stage %u: %s",
                 enum_ledger.symbols[ledger], index + 1, text);
}
