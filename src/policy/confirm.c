/* From a case to a violation, a hold or an end without either; and accumulation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/confirm_internal.h"

/* The version that judges a case before its act is chosen: that of its earliest act. */
static const struct policy *case_policy(const struct judgement *judgement,
                                        const struct case_fact *item, int64_t *act_ms_out)
{
    const struct subject_state *facts = judgement->facts;
    int64_t act_ms = item->act_at.set ? item->act_at.value : item->opened_at;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number == item->number && report->act_at < act_ms) {
            act_ms = report->act_at;
        }
    }
    *act_ms_out = act_ms;
    return policies_at(judgement->court->policies, act_ms);
}

static enum source_kind case_source(const struct subject_state *facts, int32_t case_number)
{
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].case_number == case_number) {
            return facts->reports[i].source_kind;
        }
    }
    return SOURCE_KIND_NONE;
}

/* The new outcome of every report of a case; a notice only with the first one of each. */
static void tell_reporters(struct judgement *judgement, struct decision *decision,
                           int32_t case_number, enum outcome outcome)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        struct report_fact *report = &facts->reports[i];
        const bool forwarded = report->outcome.set && report->outcome.value == OUTCOME_FORWARDED;
        if (report->case_number == case_number && !forwarded) {
            emit_outcome(judgement, decision, report, outcome, !report->outcome.set);
        }
    }
}

static void case_decide(struct judgement *judgement, struct case_fact *item, enum outcome outcome)
{
    ASSERT(outcome < OUTCOME_COUNT);
    item->outcome = (struct optional_int){(int32_t)outcome, true};
    item->decided_at = (struct optional_long){judgement->court->decided_ms, true};
    item->held_decision_id = (struct bytes){0};
    if (judgement->facts->subject_kind == SUBJECT_KIND_REPORTER &&
        item->category == CATEGORY_REPORT_ABUSE) {
        judgement->facts->abuse_decided_at = item->decided_at;
    }
}

/* Reviews that a decided case leaves behind. */
static void close_reviews(struct judgement *judgement, struct case_fact *item)
{
    struct review_fact *held =
        review_find(judgement->facts, REVIEW_KIND_BREAKER_HELD, item->number);
    case_close_review(judgement, item);
    if (held != NULL) {
        review_close(judgement, held);
    }
}

/* A hold with nothing in its place any more. */
static void end_hold(struct judgement *judgement, int32_t case_number, enum end_reason reason,
                     const char *rule)
{
    struct restriction_fact *hold =
        restriction_of(judgement->facts, case_number, MEASURE_PROVISIONAL_HOLD);
    if (hold != NULL) {
        restriction_end(judgement, hold, reason, rule);
    }
}

static void open_case_decision(struct judgement *judgement, struct decision *decision,
                               struct case_fact *item, const struct policy *policy,
                               enum audit_action action, const struct ground *ground,
                               const char *rule)
{
    decision_open(judgement, decision, policy, action, ground, rule);
    decision->case_hex = id_text(judgement, item->case_id);
    decision->audit.stage_from = ledger_stage(judgement->facts, item->ledger, NULL);
    decision->audit.stage_to = decision->audit.stage_from;
    decision_reports(judgement, decision, item->number);
    if (item->category == CATEGORY_REPORT_ABUSE) {
        abuse_checks(judgement);
    }
}

/* The act that was chosen, and what the reviewer says it rests on where the case has no reports of
 * its own. */
static void decision_act(struct decision *decision, const struct act *act,
                         const struct verdict *verdict)
{
    struct audit_payload *payload = &decision->payload;
    if (act->content_ref.data != NULL) {
        decision->content_ref = act->content_ref;
    }
    if (verdict == NULL || payload->report_ids_count > 0) {
        return;
    }
    for (uint32_t i = 0; i < verdict->report_ids_count; i++) {
        payload->report_ids[payload->report_ids_count++] = verdict->report_ids[i];
    }
}

static struct ground act_ground(const struct judgement *judgement, const struct case_fact *item,
                                const struct act *act, const struct finding *finding)
{
    const struct policy_category *category = &act->policy->categories[item->category];
    return (struct ground){
        .category = item->category,
        .severity = act->severity,
        .lane = act->lane == LANE_ONE_STRIKE ? LANE_ONE_STRIKE : category->lane,
        .area = act->area,
        .ledger = act->lane == LANE_ONE_STRIKE ? LEDGER_NONE : item->ledger,
        .source_kind = case_source(judgement->facts, item->number),
        .automation = finding->automation,
        .act_at = act->at_ms,
    };
}

/* Confirmed, but no strike: stale, struck before, or a lane without a ladder. */
static void confirm_plain(struct judgement *judgement, struct case_fact *item,
                          const struct act *act, const struct finding *finding)
{
    const struct ground ground = act_ground(judgement, item, act, finding);
    const int32_t number = item->number;
    struct decision decision;
    open_case_decision(judgement, &decision, item, act->policy, AUDIT_ACTION_OUTCOME, &ground,
                       NULL);
    decision_act(&decision, act, finding->verdict);
    decision.audit.outcome = (struct optional_int){OUTCOME_CONFIRMED, true};
    decision.payload.smaller_scope = bytes_text(act->why_not);
    decision_strikes(judgement, &decision, item->ledger);
    decision_close(judgement, &decision);
    case_decide(judgement, item, OUTCOME_CONFIRMED);
    tell_reporters(judgement, &decision, number, OUTCOME_CONFIRMED);
    close_reviews(judgement, item);
    end_hold(judgement, number, END_REASON_REVIEWER, "confirmed.no-strike");
}

/* Room for one more violation: the oldest that neither runs nor counts gives way. */
static bool strikes_make_room(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int32_t wanted = judgement->policy->strikes_max;
    const uint32_t most = wanted > 0 && (uint32_t)wanted < VIOLATIONS_MAX
                              ? (uint32_t)wanted
                              : (uint32_t)VIOLATIONS_MAX;
    for (int pass = 0; pass < 2 && facts->violations_count >= most; pass++) {
        for (uint32_t i = 0; i < facts->violations_count; i++) {
            struct violation_fact *item = &facts->violations[i];
            const bool runs = item->state.set && item->state.value == DECISION_STATE_IN_FORCE;
            const bool counts = item->expires_at > judgement->court->decided_ms;
            if (!runs && (pass == 1 || !counts)) {
                violation_drop(facts, item);
                break;
            }
        }
    }
    return facts->violations_count < most;
}

static struct violation_fact make_violation(const struct judgement *judgement,
                                            const struct case_fact *item, const struct act *act,
                                            const struct finding *finding)
{
    const int64_t decided_ms = judgement->court->decided_ms;
    const bool strike = act->lane == LANE_LADDER;
    /* Rule 57: staff advertise with their own account or another's; which, only a reviewer finds. */
    const bool linked =
        finding->verdict != NULL && finding->verdict->linked_account_id.data != NULL;
    const bool staff = judgement->facts->subject_kind == SUBJECT_KIND_USER &&
                       (act->role != ROLE_MEMBER || linked) && act->room_id.data != NULL &&
                       act->policy->categories[item->category].staff_ad &&
                       act->policy->areas[act->area].ledger == LEDGER_OPEN_CHAT;
    return (struct violation_fact){
        .number = item->number,
        .case_id = item->case_id,
        .category = item->category,
        .severity = act->severity,
        .lane = act->lane,
        .area = act->area,
        .ledger = strike ? item->ledger : LEDGER_NONE,
        .weight = act->weight,
        .act_at = act->at_ms,
        .decided_at = decided_ms,
        .expires_at = strike ? decided_ms + act->window_ms : decided_ms,
        .credited = strike ? judgement->facts->late_lift : 0,
        .policy_version = act->policy->version,
        .source_kind = case_source(judgement->facts, item->number),
        .automation = finding->automation,
        .reviewer_ref = judgement->reviewer_ref,
        .staff = staff,
        .content_ref = act->content_ref,
        .room_id = act->room_id,
        .author_id = act->author_id,
    };
}

/* The breaker is open: no fact, no strike, no notice; a person lets it go or not. */
static void hold_back(struct judgement *judgement, struct case_fact *item,
                      const struct policy *policy, const struct ground *ground,
                      enum measure measure, bool hold)
{
    struct decision decision;
    open_case_decision(judgement, &decision, item, policy, AUDIT_ACTION_HOLD, ground, "breaker");
    decision.audit.measure = (struct optional_int){(int32_t)measure, true};
    decision.audit.op = (struct optional_int){RESTRICTION_OP_APPLY, true};
    decision.audit.state = DECISION_STATE_HELD;
    check_add(judgement, "breaker.applied", judgement->court->breaker->applied[item->category],
              judgement->policy->breaker_apply_max, false);
    decision_close(judgement, &decision);
    item->held_decision_id = decision.id;
    item->held_hold = hold;
    item->automation = ground->automation;
    if (!hold) {
        case_close_review(judgement, item);
    }
    review_open_held(judgement, &decision, item);
}

/* What the violation at `number` does now; NULL in `step_out` for a ban. */
static bool derive_one(const struct judgement *judgement, int32_t number,
                       struct ladder_state *ladder, const struct step **step_out)
{
    struct subject_state *facts = judgement->facts;
    const struct violation_fact *violation = violation_find(facts, number);
    *step_out = NULL;
    if (violation->lane == LANE_ONE_STRIKE) {
        return true;
    }
    ladder_derive(judgement->court->policies, facts, violation->ledger,
                  judgement->court->decided_ms, ladder);
    const size_t place = (size_t)(violation - facts->violations);
    *step_out = &ladder->steps[place];
    return ladder->current == (int32_t)place;
}

/* A WARNING, or a later strike under a permanent step. */
void violation_quiet(struct judgement *judgement, struct decision *decision,
                     struct violation_fact *violation, const struct step *step)
{
    const bool warning = step->measure == MEASURE_WARNING && step->stage > 0;
    violation->stage = step->stage;
    if (!warning) {
        decision_close(judgement, decision);
        return;
    }
    violation->measure = (struct optional_int){MEASURE_WARNING, true};
    violation->state = (struct optional_int){DECISION_STATE_EXPIRED, true};
    violation->step_decision_id = decision->id;
    decision->audit.measure = violation->measure;
    decision->payload.smaller_scope = bytes_text("smallest");
    decision_close(judgement, decision);
    const struct restriction_fact told = {
        .case_number = violation->number,
        .measure = MEASURE_WARNING,
        .area = violation->area,
        .ledger = violation->ledger,
        .stage = step->stage,
        .category = violation->category,
        .starts_at = violation->decided_at,
    };
    emit_restriction_notice(judgement, decision, NOTICE_KIND_RESTRICTION_APPLIED, &told);
    if (judgement->facts->subject_kind == SUBJECT_KIND_USER &&
        (judgement->facts->tipped & BIT(violation->ledger)) == 0) {
        judgement->facts->tipped |= BIT(violation->ledger);
        emit_tip(judgement, decision);
    }
}

/* All that follows a confirmed violation beside its restriction. */
static void confirm_follow(struct judgement *judgement, struct decision *decision,
                           struct case_fact *item, const struct step *step)
{
    const struct policy_category *category = &decision->policy->categories[item->category];
    const int32_t number = item->number;
    case_decide(judgement, item, OUTCOME_CONFIRMED);
    tell_reporters(judgement, decision, number, OUTCOME_CONFIRMED);
    if (category->authority_report) {
        emit_authority_report(judgement, decision);
    }
    close_reviews(judgement, item);
    struct violation_fact *violation = violation_find(judgement->facts, number);
    if (violation != NULL) {
        liability_spread(judgement, decision, violation);
    }
    /* Under a permanent step a later strike counts and publishes nothing, no question either (I.15). */
    if (step != NULL && step->row != NULL && step->row->review && violation != NULL &&
        violation->restriction_id.data != NULL) {
        review_open(judgement, decision, step->row->review_kind, violation);
    }
    end_hold(judgement, number, END_REASON_REVIEWER, "confirmed");
    ladders_settle(judgement, LEDGER_NONE);
    if (judgement->facts->subject_kind == SUBJECT_KIND_REPORTER) {
        reporter_refresh(judgement);
    }
}

static void confirm_violation(struct judgement *judgement, struct case_fact *item,
                              const struct act *act, const struct finding *finding)
{
    struct subject_state *facts = judgement->facts;
    const struct ground ground = act_ground(judgement, item, act, finding);
    const int32_t stage_from = ledger_stage(facts, item->ledger, NULL);
    const struct violation_fact made = make_violation(judgement, item, act, finding);
    struct violation_fact *violation = violation_insert(facts, &made);
    struct ladder_state ladder;
    const struct step *step = NULL;
    const bool applies = derive_one(judgement, made.number, &ladder, &step);
    const enum measure measure = step != NULL ? step->measure : MEASURE_RESTRICT_PERM_ALL;
    const scope_set scopes = step != NULL ? step->scopes : act->policy->ban_scopes;
    if (applies && !finding->released &&
        breaker_is_open(judgement, item->category, measure, scopes)) {
        violation_drop(facts, violation);
        hold_back(judgement, item, act->policy, &ground, measure, false);
        return;
    }
    struct decision decision;
    open_case_decision(judgement, &decision, item, act->policy, AUDIT_ACTION_DECIDE, &ground, NULL);
    decision_act(&decision, act, finding->verdict);
    violation->decision_id = decision.id;
    facts->late_lift = made.credited > 0 ? 0 : facts->late_lift;
    violation->reviewer_ref = text_keep(judgement, violation->reviewer_ref);
    decision.audit.outcome = (struct optional_int){OUTCOME_CONFIRMED, true};
    decision.audit.stage_from = stage_from;
    decision.audit.stage_to = step != NULL ? step->stage : stage_from;
    decision_strikes(judgement, &decision, item->ledger);
    if (applies) {
        if (!finding->released) {
            breaker_count(judgement, item->category, measure, scopes);
        }
        violation_apply(judgement, &decision, violation, step);
    } else {
        violation_quiet(judgement, &decision, violation, step);
    }
    confirm_follow(judgement, &decision, item, step);
}

void case_confirm(struct judgement *judgement, struct case_fact *item,
                  const struct finding *finding)
{
    struct act act;
    ASSERT(!item->outcome.set);
    if (!act_choose(judgement, item, finding->verdict, &act)) {
        confirm_plain(judgement, item, &act, finding);
        return;
    }
    if (!strikes_make_room(judgement)) {
        const struct ground ground = act_ground(judgement, item, &act, finding);
        decision_refuse(judgement, act.policy, &ground, "limit.strikes");
        return;
    }
    act.content_ref = text_keep(judgement, act.content_ref);
    confirm_violation(judgement, item, &act, finding);
}

void case_dismiss(struct judgement *judgement, struct case_fact *item, enum outcome outcome,
                  const char *rule)
{
    int64_t act_ms = 0;
    const int32_t number = item->number;
    const struct policy *policy = case_policy(judgement, item, &act_ms);
    const struct ground ground = {
        .category = item->category,
        .severity = SEVERITY_NONE,
        .lane = policy->categories[item->category].lane,
        .area = item->area,
        .ledger = item->ledger,
        .source_kind = case_source(judgement->facts, number),
        .automation = judgement->reviewer_ref.data != NULL ? AUTOMATION_NONE : AUTOMATION_FULL,
        .act_at = act_ms,
    };
    struct decision decision;
    open_case_decision(judgement, &decision, item, policy, AUDIT_ACTION_OUTCOME, &ground, rule);
    decision.audit.outcome = (struct optional_int){(int32_t)outcome, true};
    decision_close(judgement, &decision);
    case_decide(judgement, item, outcome);
    tell_reporters(judgement, &decision, number, outcome);
    close_reviews(judgement, item);
    if (judgement->facts->account_state != ACCOUNT_STATE_MEMORIAL) { /* there it keeps its end (F14) */
        end_hold(judgement, number, END_REASON_NOT_ESTABLISHED, "not-established");
    }
    if (judgement->facts->subject_kind == SUBJECT_KIND_REPORTER) {
        reporter_refresh(judgement);
    }
}

void case_hold(struct judgement *judgement, struct case_fact *item, bool released)
{
    int64_t act_ms = 0;
    const struct policy *policy = case_policy(judgement, item, &act_ms);
    const int64_t now_ms = judgement->court->decided_ms;
    const struct ground ground = {
        .category = item->category,
        .severity = policy->categories[item->category].severity,
        .lane = policy->categories[item->category].lane,
        .area = item->area,
        .ledger = LEDGER_NONE,
        .source_kind = case_source(judgement->facts, item->number),
        .automation = released ? AUTOMATION_PARTIAL : AUTOMATION_FULL,
        .act_at = act_ms,
    };
    if (!released &&
        breaker_is_open(judgement, item->category, MEASURE_PROVISIONAL_HOLD, policy->hold_scopes)) {
        hold_back(judgement, item, policy, &ground, MEASURE_PROVISIONAL_HOLD, true);
        return;
    }
    struct decision decision;
    open_case_decision(judgement, &decision, item, policy, AUDIT_ACTION_DECIDE, &ground, NULL);
    decision.payload.smaller_scope = bytes_text("hold-until-person");
    const struct restriction_fact made = {
        .restriction_id = decision.id,
        .decision_id = decision.id,
        .case_number = item->number,
        .measure = MEASURE_PROVISIONAL_HOLD,
        .target_kind = TARGET_KIND_USER,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .scopes = policy->hold_scopes,
        .category = item->category,
        .policy_version = policy->version,
        .source_kind = ground.source_kind,
        .automation = ground.automation,
        .decided_at = now_ms,
        .starts_at = now_ms,
        .expires_at = {.value = now_ms + policy->hold_ms, .set = true},
        .state = DECISION_STATE_PROVISIONAL,
        .end_disclosed = true,
    };
    const struct restriction_fact *row = restriction_add(judgement, &made);
    if (row == NULL) {
        decision.audit.action = AUDIT_ACTION_REFUSE;
        decision.audit.rule = bytes_text("limit.restrictions");
        decision_close(judgement, &decision);
        return;
    }
    item->hold_at = (struct optional_long){now_ms, true};
    item->hold_id = decision.id;
    if (!released) {
        breaker_count(judgement, item->category, MEASURE_PROVISIONAL_HOLD, policy->hold_scopes);
    }
    const struct restriction_change change = {.op = RESTRICTION_OP_APPLY};
    restriction_publish(judgement, &decision, row, &change, NOTICE_KIND_RESTRICTION_APPLIED, true);
}
