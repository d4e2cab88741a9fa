/* What should be in force against what was published: apply, change, shorten, extend, lift.
 *
 * Each difference is a decision of its own, except that a new violation's APPLY belongs to the
 * decision that confirms it. A restriction ends once: by a record of its own or by being
 * superseded.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static bool is_step(enum measure measure)
{
    return measure == MEASURE_RESTRICT_TEMP || measure == MEASURE_RESTRICT_PERM_AREA ||
           measure == MEASURE_OWNER_RESTRICT || measure == MEASURE_ROOM_BLOCK ||
           measure == MEASURE_OPEN_PROFILE_BLOCK || measure == MEASURE_REPORTER_INTAKE_SUSPEND;
}

/* The ladder step in force on a ledger, NULL if none. */
static struct restriction_fact *running_step(struct subject_state *facts, enum ledger ledger)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        const struct violation_fact *violation = violation_find(facts, item->case_number);
        if (item->ledger == ledger && is_step(item->measure) && violation != NULL &&
            violation->lane == LANE_LADDER && violation->ledger == ledger) {
            return item;
        }
    }
    return NULL;
}

static struct optional_long end_of(int64_t end_ms)
{
    return (struct optional_long){.value = end_ms == TIME_NEVER_MS ? 0 : end_ms,
                                  .set = end_ms != TIME_NEVER_MS};
}

static void state_set(struct violation_fact *violation, enum decision_state state)
{
    violation->state = (struct optional_int){.value = (int32_t)state, .set = true};
}

int32_t ledger_stage(const struct subject_state *facts, enum ledger ledger,
                     const struct violation_fact *except)
{
    int32_t stage = 0;
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const struct violation_fact *item = &facts->violations[i];
        if (item != except && item->ledger == ledger && item->lane == LANE_LADDER &&
            item->category != CATEGORY_REPORT_ACCUMULATION) {
            stage = item->stage;
        }
    }
    return stage;
}

struct ground violation_ground(const struct violation_fact *violation)
{
    return (struct ground){
        .category = violation->category,
        .severity = violation->severity,
        .lane = violation->lane,
        .area = violation->area,
        .ledger = violation->ledger,
        .source_kind = violation->source_kind,
        .automation = violation->automation,
        .act_at = violation->act_at,
    };
}

enum target_kind subject_target(const struct subject_state *facts)
{
    switch (facts->subject_kind) {
    case SUBJECT_KIND_USER:
        break;
    case SUBJECT_KIND_ROOM:
        return TARGET_KIND_ROOM;
    case SUBJECT_KIND_OPEN_PROFILE:
        return TARGET_KIND_OPEN_PROFILE;
    case SUBJECT_KIND_REPORTER:
        return TARGET_KIND_REPORTER;
    }
    return TARGET_KIND_USER;
}

enum area violation_area(const struct subject_state *facts, const struct violation_fact *violation)
{
    if (violation->lane == LANE_ONE_STRIKE) {
        return AREA_ALL;
    }
    if (violation->ledger == LEDGER_ROOM) {
        return facts->subject_kind == SUBJECT_KIND_OPEN_PROFILE ? AREA_OPEN_PROFILE
                                                                : AREA_OPEN_CHAT_ROOM;
    }
    return violation->owner ? AREA_OPEN_CHAT_ROOM : violation->area;
}

struct restriction_fact *restriction_add(struct judgement *judgement,
                                         const struct restriction_fact *restriction)
{
    struct subject_state *facts = judgement->facts;
    const int32_t wanted = judgement->policy->restrictions_max;
    const uint32_t most = wanted > 0 && (uint32_t)wanted < RESTRICTIONS_MAX
                              ? (uint32_t)wanted
                              : (uint32_t)RESTRICTIONS_MAX;
    if (facts->restrictions_count >= most) {
        return NULL;
    }
    facts->restrictions[facts->restrictions_count] = *restriction;
    return &facts->restrictions[facts->restrictions_count++];
}

void restriction_publish(struct judgement *judgement, struct decision *decision,
                         const struct restriction_fact *restriction,
                         const struct restriction_change *change, enum notice_kind notice,
                         bool noticed)
{
    struct audit *audit = &decision->audit;
    ASSERT(decision->records == 1);
    audit->measure = (struct optional_int){(int32_t)restriction->measure, true};
    audit->op = (struct optional_int){(int32_t)change->op, true};
    audit->state = restriction->state;
    decision->payload.restriction_id = id_text(judgement, restriction->restriction_id);
    decision->payload.supersedes = id_text(judgement, change->supersedes);
    decision->payload.expires_at = restriction->expires_at;
    decision->payload.scopes = restriction->scopes;
    decision->prior_id = change->prior_decision_id;
    if (restriction->target_id.data != NULL) {
        decision->content_ref = restriction->target_id;
    }
    decision_close(judgement, decision);
    emit_restriction(judgement, decision, restriction, change);
    /* I.17: a Standing for each decision that changes it. The removal of content is an event, no item of it. */
    if (restriction->measure != MEASURE_CONTENT_REMOVE || change->supersedes.data != NULL) {
        emit_standing(judgement, decision);
    }
    if (noticed) {
        emit_restriction_notice(judgement, decision, notice, restriction);
    }
}

/* Takes the step that a new one supersedes, or the hold of the same case, out of force; its id. */
static struct bytes supersede(struct subject_state *facts, const struct violation_fact *violation)
{
    struct restriction_fact *old =
        violation->lane == LANE_LADDER ? running_step(facts, violation->ledger) : NULL;
    if (old != NULL) {
        state_set(violation_find(facts, old->case_number), DECISION_STATE_SUPERSEDED);
    } else {
        old = restriction_of(facts, violation->number, MEASURE_PROVISIONAL_HOLD);
    }
    if (old == NULL) {
        return (struct bytes){0};
    }
    const struct bytes id = old->restriction_id;
    restriction_drop(facts, old);
    return id;
}

static struct restriction_fact violation_restriction(const struct judgement *judgement,
                                                     const struct decision *decision,
                                                     const struct violation_fact *violation,
                                                     const struct step *step)
{
    const struct subject_state *facts = judgement->facts;
    return (struct restriction_fact){
        .restriction_id = decision->id,
        .decision_id = decision->id,
        .case_number = violation->number,
        .measure = step != NULL ? step->measure : MEASURE_RESTRICT_PERM_ALL,
        .target_kind = subject_target(facts),
        .area = violation_area(facts, violation),
        .ledger = step == NULL ? LEDGER_NONE : violation->ledger,
        .scopes = step != NULL ? step->scopes : decision->policy->ban_scopes,
        .stage = step != NULL ? step->stage : 0,
        .category = violation->category,
        .policy_version = violation->policy_version,
        .source_kind = violation->source_kind,
        .automation = violation->automation,
        .decided_at = judgement->court->decided_ms, /* also of a step that comes back (I.11) */
        .starts_at = judgement->court->decided_ms,
        .expires_at = end_of(step != NULL ? step->end_ms : TIME_NEVER_MS),
        .state = DECISION_STATE_IN_FORCE,
        .end_disclosed = true,
    };
}

/* What the violation remembers of its step, for a reversal after the step has ended. */
static void remember(struct violation_fact *violation, const struct restriction_fact *restriction)
{
    violation->restriction_id = restriction->restriction_id;
    violation->step_decision_id = restriction->decision_id;
    violation->measure = (struct optional_int){(int32_t)restriction->measure, true};
    violation->stage = restriction->stage;
    violation->scopes = restriction->scopes;
    violation->starts_at = restriction->starts_at;
    violation->ends_at = restriction->expires_at;
}

/* Why nothing smaller would do (rule 15). */
static const char *smaller_scope(const struct violation_fact *violation, const struct step *step,
                                 int32_t stage_from)
{
    if (step == NULL) {
        return "one-strike";
    }
    if (violation->category == CATEGORY_REPORT_ACCUMULATION) {
        return "accumulation";
    }
    if (step->stage <= 1) {
        return "smallest";
    }
    return stage_from > 0 && step->stage > violation->weight ? "active-strikes" : "severity";
}

void violation_apply(struct judgement *judgement, struct decision *decision,
                     struct violation_fact *violation, const struct step *step)
{
    struct subject_state *facts = judgement->facts;
    struct restriction_change change = {.op = RESTRICTION_OP_APPLY,
                                        .prior_decision_id = violation->step_decision_id};
    const struct restriction_fact made = violation_restriction(judgement, decision, violation, step);
    const int32_t number = violation->number;
    change.supersedes = supersede(facts, violation);
    const struct restriction_fact *row = restriction_add(judgement, &made);
    decision->payload.smaller_scope =
        bytes_text(smaller_scope(violation, step, decision->audit.stage_from));
    if (row == NULL) {
        /* Recorded, not in force: the row is full of restrictions that are. */
        decision->audit.rule = bytes_text("limit.restrictions");
        decision->audit.state = DECISION_STATE_HELD;
        decision_close(judgement, decision);
        return;
    }
    violation = violation_find(facts, number);
    ASSERT(violation != NULL);
    remember(violation, row);
    state_set(violation, DECISION_STATE_IN_FORCE);
    restriction_publish(judgement, decision, row, &change, NOTICE_KIND_RESTRICTION_APPLIED, true);
}

/* The newest step keeps its place but not its end, stage or scopes. */
static void step_change(struct judgement *judgement, struct violation_fact *violation,
                        struct restriction_fact *row, const struct step *step)
{
    const int64_t old_end = row->expires_at.set ? row->expires_at.value : TIME_NEVER_MS;
    const bool scopes_change = row->scopes != step->scopes;
    if (violation->permanent && !row->expires_at.set) {
        return; /* what a person made permanent is changed by a person only (I.15) */
    }
    if (old_end == step->end_ms && row->stage == step->stage && !scopes_change &&
        row->measure == step->measure) {
        return;
    }
    const struct ground ground = violation_ground(violation);
    struct restriction_change change = {
        .op = step->end_ms < old_end   ? RESTRICTION_OP_SHORTEN
              : step->end_ms > old_end ? RESTRICTION_OP_EXTEND
                                       : RESTRICTION_OP_CHANGE,
        .prior_decision_id = row->decision_id,
        .ends = step->end_ms < old_end,
        .end_reason = END_REASON_RECOMPUTED,
    };
    struct decision decision;
    decision_open(
        judgement, &decision,
        policy_version(judgement->court->policies, violation->policy_version, violation->act_at),
        AUDIT_ACTION_DECIDE, &ground, NULL);
    decision.case_hex = id_text(judgement, violation->case_id);
    decision.audit.stage_from = row->stage;
    decision.audit.stage_to = step->stage;
    decision.audit.automation = AUTOMATION_FULL;
    decision.payload.smaller_scope = bytes_text("recomputed");
    decision_strikes(judgement, &decision, violation->ledger);
    row->decision_id = decision.id;
    row->measure = step->measure;
    row->scopes = step->scopes;
    row->stage = step->stage;
    row->expires_at = end_of(step->end_ms);
    remember(violation, row);
    restriction_publish(judgement, &decision, row, &change, NOTICE_KIND_RESTRICTION_CHANGED,
                        change.op != RESTRICTION_OP_CHANGE || scopes_change);
}

/* A step that nobody has seen yet, or that comes back after the newer one was reversed. */
static void step_begin(struct judgement *judgement, struct violation_fact *violation,
                       const struct step *step)
{
    const struct ground ground = violation_ground(violation);
    struct decision decision;
    decision_open(
        judgement, &decision,
        policy_version(judgement->court->policies, violation->policy_version, violation->act_at),
        AUDIT_ACTION_DECIDE, &ground, NULL);
    decision.case_hex = id_text(judgement, violation->case_id);
    decision.audit.stage_from = ledger_stage(judgement->facts, violation->ledger, NULL);
    decision.audit.stage_to = step->stage;
    decision.audit.automation = AUTOMATION_FULL;
    decision_strikes(judgement, &decision, violation->ledger);
    violation_apply(judgement, &decision, violation, step);
}

static bool may_begin(const struct violation_fact *violation, bool comeback)
{
    if (!violation->state.set) {
        return true;
    }
    return comeback && violation->state.value == DECISION_STATE_SUPERSEDED &&
           violation->category != CATEGORY_REPORT_ACCUMULATION;
}

static void ladder_settle(struct judgement *judgement, enum ledger ledger, bool comeback)
{
    struct subject_state *facts = judgement->facts;
    struct ladder_state ladder;
    ladder_derive(judgement->court->policies, facts, ledger, judgement->court->decided_ms, &ladder);
    struct restriction_fact *row = running_step(facts, ledger);
    struct violation_fact *current = ladder.current < 0 ? NULL : &facts->violations[ladder.current];
    if (current != NULL && row != NULL && row->case_number == current->number) {
        step_change(judgement, current, row, &ladder.steps[ladder.current]);
    } else if (current != NULL && may_begin(current, comeback)) {
        step_begin(judgement, current, &ladder.steps[ladder.current]);
    } else if (current == NULL && row != NULL) {
        restriction_end(judgement, row, END_REASON_RECOMPUTED, "recomputed");
    }
}

static bool has_ladder(const struct subject_state *facts, enum ledger ledger)
{
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        if (facts->violations[i].ledger == ledger && facts->violations[i].lane == LANE_LADDER) {
            return true;
        }
    }
    return false;
}

void ladders_settle(struct judgement *judgement, enum ledger comeback)
{
    ASSERT(comeback < LEDGER_COUNT);
    for (enum ledger ledger = LEDGER_CHAT; ledger < LEDGER_NONE; ledger++) {
        if (has_ladder(judgement->facts, ledger)) {
            ladder_settle(judgement, ledger, ledger == comeback);
        }
    }
}

/* What the end of a restriction is about. */
struct ground restriction_ground(const struct judgement *judgement,
                                 const struct restriction_fact *row)
{
    const struct violation_fact *violation = violation_find(judgement->facts, row->case_number);
    if (violation != NULL) {
        return violation_ground(violation);
    }
    const struct policy *policy =
        policy_version(judgement->court->policies, row->policy_version, row->decided_at);
    return (struct ground){
        .category = row->category,
        .severity = row->category == CATEGORY_NONE ? SEVERITY_NONE
                                                   : policy->categories[row->category].severity,
        .lane = row->category == CATEGORY_NONE ? LANE_NONE : policy->categories[row->category].lane,
        .area = row->area,
        .ledger = row->ledger,
        .source_kind = row->source_kind,
        .act_at = row->decided_at,
    };
}

static void proof_missing(struct judgement *judgement, struct decision *decision,
                          int32_t case_number)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        struct report_fact *report = &facts->reports[i];
        if (report->case_number == case_number) {
            emit_outcome(judgement, decision, report, OUTCOME_NOT_ESTABLISHED,
                         !report->outcome.set);
        }
    }
}

void restriction_end(struct judgement *judgement, struct restriction_fact *restriction,
                     enum end_reason reason, const char *rule)
{
    struct subject_state *facts = judgement->facts;
    struct restriction_fact row = *restriction;
    /* A hold is no step of what its case became: that goes on without it. */
    struct violation_fact *violation =
        row.measure == MEASURE_PROVISIONAL_HOLD ? NULL : violation_find(facts, row.case_number);
    const struct case_fact *item = case_find(facts, row.case_number);
    struct ground ground = restriction_ground(judgement, &row);
    ground.automation = judgement->reviewer_ref.data != NULL ? AUTOMATION_NONE : AUTOMATION_FULL;
    struct decision decision;
    decision_open(judgement, &decision,
                  policy_version(judgement->court->policies, row.policy_version, row.decided_at),
                  AUDIT_ACTION_END, &ground, rule);
    decision.case_hex = item != NULL ? id_text(judgement, item->case_id) : (struct bytes){0};
    decision.audit.stage_from = ledger_stage(facts, row.ledger, NULL);
    decision.audit.stage_to = decision.audit.stage_from;
    if (reason == END_REASON_RECOMPUTED) {
        decision_strikes(judgement, &decision, row.ledger);
    }
    if (reason == END_REASON_PROOF_MISSING && item != NULL && !item->outcome.set) {
        decision.audit.outcome = (struct optional_int){OUTCOME_NOT_ESTABLISHED, true};
    }
    const struct restriction_change change = {.op = RESTRICTION_OP_LIFT,
                                              .prior_decision_id = row.decision_id,
                                              .ends = true,
                                              .end_reason = reason};
    row.decision_id = decision.id;
    row.state = reason == END_REASON_EXPIRED ? DECISION_STATE_EXPIRED : DECISION_STATE_LIFTED;
    restriction_drop(facts, restriction);
    ended_keep(facts, &row);
    if (violation != NULL) {
        /* LIFTED keeps what it superseded from coming back; a step recomputed away just ended. */
        state_set(violation, reason == END_REASON_EXPIRED || reason == END_REASON_RECOMPUTED
                                 ? DECISION_STATE_EXPIRED
                                 : DECISION_STATE_LIFTED);
        violation->step_decision_id = decision.id;
    }
    restriction_publish(judgement, &decision, &row, &change, NOTICE_KIND_RESTRICTION_LIFTED,
                        facts->account_state != ACCOUNT_STATE_MEMORIAL);
    if (reason == END_REASON_PROOF_MISSING && item != NULL && !item->outcome.set) {
        proof_missing(judgement, &decision, row.case_number);
    }
}
