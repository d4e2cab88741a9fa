/* The record of a reporter: outcomes of his reports, his class, and when a person looks at abuse
 * (I.10).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#include "base/digest.h"

static bool decides(enum outcome outcome)
{
    return outcome == OUTCOME_CONFIRMED || outcome == OUTCOME_NO_VIOLATION ||
           outcome == OUTCOME_NOT_ESTABLISHED || outcome == OUTCOME_GROUNDLESS;
}

static bool counts(const struct subject_state *facts, const struct policy *policy,
                   const struct outcome_fact *item, int64_t now_ms)
{
    return item->at > now_ms - policy->reporter_window_ms && item->at <= now_ms &&
           !(facts->abuse_decided_at.set && item->at <= facts->abuse_decided_at.value);
}

static void count_at(const struct subject_state *facts, const struct policy *policy, int64_t now_ms,
                     int32_t *groundless_out, int32_t *decided_out)
{
    *groundless_out = 0;
    *decided_out = 0;
    for (uint32_t i = 0; i < facts->outcomes_count; i++) {
        const struct outcome_fact *item = &facts->outcomes[i];
        if (counts(facts, policy, item, now_ms)) {
            (*decided_out)++;
            *groundless_out += item->outcome == OUTCOME_GROUNDLESS ? 1 : 0;
        }
    }
}

void reporter_count(const struct judgement *judgement, int32_t *groundless_out,
                    int32_t *decided_out)
{
    count_at(judgement->facts, judgement->policy, judgement->court->decided_ms, groundless_out,
             decided_out);
}

/* Both limits of an abusive reporter. */
static bool is_low(const struct policy *policy, int32_t groundless, int32_t decided)
{
    return groundless >= policy->reporter_groundless_min && decided > 0 &&
           groundless * 1000 / decided >= policy->reporter_groundless_permille;
}

enum reporter_class reporter_class_now(const struct judgement *judgement)
{
    const struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (facts->restrictions[i].measure == MEASURE_REPORTER_INTAKE_SUSPEND) {
            return REPORTER_CLASS_SUSPENDED;
        }
    }
    int32_t groundless = 0;
    int32_t decided = 0;
    reporter_count(judgement, &groundless, &decided);
    return is_low(judgement->policy, groundless, decided) ? REPORTER_CLASS_LOW
                                                          : REPORTER_CLASS_NORMAL;
}

static struct ground abuse_ground(const struct judgement *judgement)
{
    return (struct ground){
        .category = CATEGORY_REPORT_ABUSE,
        .severity = SEVERITY_NONE,
        .lane = LANE_LADDER,
        .area = AREA_ALL,
        .ledger = LEDGER_REPORTER,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_FULL,
        .act_at = judgement->court->decided_ms,
    };
}

static struct case_fact *open_abuse_case(struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (facts->cases[i].category == CATEGORY_REPORT_ABUSE && !facts->cases[i].outcome.set) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

void abuse_checks(struct judgement *judgement)
{
    const struct policy *policy = judgement->policy;
    int32_t groundless = 0;
    int32_t decided = 0;
    reporter_count(judgement, &groundless, &decided);
    const int32_t permille = decided > 0 ? groundless * 1000 / decided : 0;
    check_add(judgement, "reporter.groundless", groundless, policy->reporter_groundless_min,
              groundless >= policy->reporter_groundless_min);
    check_add(judgement, "reporter.permille", permille, policy->reporter_groundless_permille,
              permille >= policy->reporter_groundless_permille);
}

void reporter_refresh(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const struct policy *policy = judgement->policy;
    const enum reporter_class class = reporter_class_now(judgement);
    if (class == facts->reporter_class) {
        return;
    }
    abuse_checks(judgement);
    const struct ground ground = abuse_ground(judgement);
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, "i.10");
    decision_close(judgement, &decision);
    emit_standing(judgement, &decision);
}

/* A person looks at it once both limits are met; later outcomes update the same review. */
static void ask_abuse(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    int32_t groundless = 0;
    int32_t decided = 0;
    reporter_count(judgement, &groundless, &decided);
    if (!is_low(judgement->policy, groundless, decided)) {
        return;
    }
    struct case_fact *item = open_abuse_case(facts);
    if (item == NULL) {
        item = case_open(judgement, judgement->policy, CATEGORY_REPORT_ABUSE, AREA_ALL,
                         LEDGER_REPORTER);
    }
    if (item == NULL) {
        const struct ground ground = abuse_ground(judgement);
        decision_refuse(judgement, judgement->policy, &ground, "limit.cases");
        return;
    }
    item->human = true;
    case_ask(judgement, item, REVIEW_KIND_REPORTER_ABUSE);
}

/* How long an outcome is kept: by the version of the newest, here and in reporter_next_timer(). */
static int64_t keep_ms(const struct policies *policies, const struct subject_state *facts)
{
    ASSERT(facts->outcomes_count > 0);
    const struct outcome_fact *newest = &facts->outcomes[facts->outcomes_count - 1];
    return policies_at(policies, newest->at)->reporter_window_ms;
}

void reporter_prune(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    if (facts->outcomes_count == 0) {
        return;
    }
    const int64_t from = judgement->court->decided_ms - keep_ms(judgement->court->policies, facts);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->outcomes_count; i++) {
        if (facts->outcomes[i].at > from) {
            facts->outcomes[kept++] = facts->outcomes[i];
        }
    }
    facts->outcomes_count = kept;
}

/* The last outcome of a report stands for it, at its time. */
static void outcome_put(struct subject_state *facts, int64_t report, enum outcome outcome,
                        int64_t at_ms)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->outcomes_count; i++) {
        if (facts->outcomes[i].report != report) {
            facts->outcomes[kept++] = facts->outcomes[i];
        }
    }
    facts->outcomes_count = kept;
    if (!decides(outcome)) {
        return;
    }
    if (facts->outcomes_count == OUTCOMES_MAX) {
        facts->outcomes_count--;
        memmove(&facts->outcomes[0], &facts->outcomes[1],
                facts->outcomes_count * sizeof(facts->outcomes[0]));
    }
    facts->outcomes[facts->outcomes_count++] =
        (struct outcome_fact){.report = report, .outcome = outcome, .at = at_ms};
}

void reporter_outcome(struct judgement *judgement, const struct signal *signal)
{
    ASSERT(judgement->facts->subject_kind == SUBJECT_KIND_REPORTER);
    reporter_prune(judgement);
    if (!signal->outcome.set || signal->report_id.data == NULL) {
        return;
    }
    const int64_t at_ms =
        signal->decided_at.set ? signal->decided_at.value : judgement->court->decided_ms;
    outcome_put(judgement->facts, (int64_t)hash64(signal->report_id),
                (enum outcome)signal->outcome.value, at_ms);
    reporter_refresh(judgement);
    if (decides((enum outcome)signal->outcome.value)) {
        ask_abuse(judgement);
    }
}

int64_t reporter_next_timer(const struct policies *policies, const struct subject_state *facts)
{
    int64_t first = TIME_NEVER_MS;
    int64_t last = TIME_NEVER_MS;
    int32_t groundless = 0;
    if (facts->outcomes_count == 0) {
        return TIME_NEVER_MS;
    }
    const struct policy *policy =
        policies_at(policies, facts->outcomes[facts->outcomes_count - 1].at);
    const int64_t window_ms = keep_ms(policies, facts);
    for (uint32_t i = 0; i < facts->outcomes_count; i++) {
        const struct outcome_fact *item = &facts->outcomes[i];
        const int64_t until = item->at + window_ms;
        groundless += item->outcome == OUTCOME_GROUNDLESS ? 1 : 0;
        first = until < first ? until : first;
        last = last == TIME_NEVER_MS || until > last ? until : last;
    }
    /* With too few groundless ones time cannot change the class: only the rows go, all at once. */
    return groundless >= policy->reporter_groundless_min ? first : last;
}
