/* Appeals: once for each decision, inside the window, decided by somebody else (domain.md I.16,
 * F15).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define APPEALS_MAX COUNT_OF(((struct subject_state *)NULL)->appeals)

static struct appeal_fact *appeal_find(struct subject_state *facts, const struct target *target)
{
    const struct case_fact *decided = case_find(facts, target->number);
    const struct bytes hold_id = decided != NULL ? decided->hold_id : (struct bytes){0};
    for (uint32_t i = 0; i < facts->appeals_count; i++) {
        struct appeal_fact *item = &facts->appeals[i];
        const bool of_hold = hold_id.data != NULL && bytes_equal(item->decision_id, hold_id);
        if (item->case_number == target->number &&
            (target->violation ? !of_hold : bytes_equal(item->decision_id, target->id))) {
            return item;
        }
    }
    return NULL;
}

/* Room for one more: the oldest decided one gives way. */
static struct appeal_fact *appeal_place(struct subject_state *facts)
{
    for (uint32_t i = 0; facts->appeals_count == APPEALS_MAX && i < APPEALS_MAX; i++) {
        if (!facts->appeals[i].open) {
            facts->appeals_count--;
            memmove(&facts->appeals[i], &facts->appeals[i + 1],
                    (facts->appeals_count - i) * sizeof(facts->appeals[0]));
        }
    }
    return facts->appeals_count < APPEALS_MAX ? &facts->appeals[facts->appeals_count++] : NULL;
}

/* Who appeals against the outcome of his report is told nothing of a decision on somebody else, and
 * what is a success to the one is none to the other: he has texts of his own. */
static void tell_result(struct judgement *judgement, struct decision *decision,
                        struct bytes appellant_id, enum outcome outcome, bool reporter)
{
    const struct param params[] = {
        {PARAM_NAME_DECISION,
         reporter ? (struct bytes){0} : id_text(judgement, decision->prior_id)},
        {PARAM_NAME_CASE, decision->case_hex.data != NULL ? decision->case_hex : decision->id_hex},
        {PARAM_NAME_OUTCOME, bytes_text(enum_symbol(&enum_outcome, (int32_t)outcome))},
    };
    emit_person_notice(judgement, decision, NOTICE_KIND_APPEAL_RESULT,
                       reporter ? "appeal_result_report" : NULL, appellant_id, params,
                       COUNT_OF(params));
}

/* Late, repeated, or about nothing that is kept. */
static void appeal_inadmissible(struct judgement *judgement, const struct appeal *appeal,
                                const struct target *target, const char *rule)
{
    struct decision decision;
    target_decision(judgement, &decision, target, rule);
    decision.audit.outcome = (struct optional_int){OUTCOME_INADMISSIBLE, true};
    decision_close(judgement, &decision);
    tell_result(judgement, &decision, appeal->appellant_id, OUTCOME_INADMISSIBLE,
                appeal->kind == APPEAL_KIND_REPORTER_APPEAL || target->outcome);
}

/* The switch of F15: while an appeal is open its measure waits, and goes on if the appeal is rejected. */
static void suspend(struct judgement *judgement, const struct target *target, bool open)
{
    struct subject_state *facts = judgement->facts;
    const int32_t number = target->number;
    if (target->violation != (violation_find(facts, number) != NULL)) {
        return; /* a hold that ended: what runs of the case is another decision */
    }
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *row = &facts->restrictions[i];
        const struct policy *policy =
            policy_version(judgement->court->policies, row->policy_version, row->decided_at);
        const enum decision_state from =
            open ? DECISION_STATE_IN_FORCE : DECISION_STATE_SUSPENDED_BY_APPEAL;
        if (row->case_number == number && row->state == from &&
            (!open || (policy->appeal_suspends & BIT(row->measure)) != 0)) {
            struct ground ground = restriction_ground(judgement, row);
            ground.automation = open ? AUTOMATION_FULL : AUTOMATION_NONE;
            struct decision decision;
            measure_change(judgement, &decision, row, &ground, "f15", row->expires_at, row->scopes,
                           open ? DECISION_STATE_SUSPENDED_BY_APPEAL : DECISION_STATE_IN_FORCE);
            return;
        }
    }
}

/* Whoever made the first decision does not decide on the appeal. */
static struct bytes first_reviewer(struct subject_state *facts, const struct target *target)
{
    if (target->violation) {
        return violation_find(facts, target->number)->reviewer_ref;
    }
    const struct restriction_fact *row = measure_numbered(facts, target->number);
    return row != NULL ? row->reviewer_ref : (struct bytes){0};
}

static void appeal_open(struct judgement *judgement, const struct appeal *appeal,
                        const struct target *target)
{
    struct subject_state *facts = judgement->facts;
    struct appeal_fact *item = appeal_place(facts);
    if (item == NULL) {
        appeal_inadmissible(judgement, appeal, target, "limit.appeals");
        return;
    }
    *item = (struct appeal_fact){
        .appeal_id = text_keep(judgement, appeal->appeal_id),
        .case_number = target->number,
        .decision_id = target->id,
        .appellant_id = text_keep(judgement, appeal->appellant_id),
        .excluded_reviewer_ref = first_reviewer(facts, target),
        .open = true,
        .outcome_only = target->outcome,
        .at = judgement->court->decided_ms,
    };
    struct decision decision;
    target_decision(judgement, &decision, target, "i.16");
    decision_close(judgement, &decision);
    const struct param params[] = {
        {PARAM_NAME_DECISION, target->outcome ? (struct bytes){0} : id_text(judgement, target->id)},
        {PARAM_NAME_CASE, decision.case_hex},
    };
    emit_person_notice(judgement, &decision, NOTICE_KIND_APPEAL_RECEIPT,
                       target->outcome ? "appeal_receipt_report" : NULL, appeal->appellant_id,
                       params, COUNT_OF(params));
    emit_decision_review(judgement, &decision, REVIEW_KIND_APPEAL, REVIEW_ACTION_OPEN,
                         target->number, target->id, item->excluded_reviewer_ref);
    suspend(judgement, target, true);
}

/* Objections to a measure on content: the poster's to a claim, anybody's to an order. */
static void objection_judge(struct judgement *judgement, const struct appeal *appeal)
{
    struct subject_state *facts = judgement->facts;
    const bool rights = appeal->kind == APPEAL_KIND_RIGHTS_OBJECTION;
    uint8_t id[ID_SIZE];
    struct target target = {0};
    struct restriction_fact *row = NULL;
    for (uint32_t i = 0; id_parse(appeal->target_decision_id, id) && i < facts->restrictions_count;
         i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        const bool named = bytes_equal(item->restriction_id, bytes_of(id, ID_SIZE)) ||
                           bytes_equal(item->decision_id, bytes_of(id, ID_SIZE));
        const enum measure measure = rights ? MEASURE_TEMPORARY_MEASURE : MEASURE_AUTHORITY_ACTION;
        row = named && item->measure == measure ? item : row;
    }
    if (row == NULL || row->objected) {
        appeal_inadmissible(judgement, appeal, &target,
                            row == NULL ? "appeal.unknown" : "appeal.repeated");
        return;
    }
    struct decision decision;
    target_decision(judgement, &decision, &target, rights ? "b2.44-2" : "b2.82-4");
    decision.payload.request_id = row->request_id;
    if (rights) {
        decision_close(judgement, &decision);
    } else if (!objection_forward(judgement, &decision, row)) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.late");
        return;
    }
    row->objected = true;
    const struct param params[] = {{PARAM_NAME_CASE, decision.id_hex},
                                   {PARAM_NAME_DECISION, appeal->target_decision_id}};
    emit_person_notice(judgement, &decision, NOTICE_KIND_APPEAL_RECEIPT, NULL, appeal->appellant_id,
                       params, COUNT_OF(params));
}

/* For a room its present owner appeals, if he is known (I.16). */
static bool is_not_owner(const struct judgement *judgement, const struct appeal *appeal)
{
    const struct subject_state *facts = judgement->facts;
    const struct bytes owner = owner_at(facts, judgement->court->decided_ms);
    return facts->subject_kind == SUBJECT_KIND_ROOM && owner.data != NULL &&
           !bytes_equal(owner, appeal->appellant_id);
}

/* A reporter appeals against the outcome of his report; a decision on somebody else is not his to undo. */
static bool is_anothers(const struct judgement *judgement, const struct appeal *appeal,
                        const struct target *target)
{
    return appeal->kind == APPEAL_KIND_REPORTER_APPEAL && !target->outcome &&
           judgement->facts->subject_kind != SUBJECT_KIND_REPORTER;
}

void appeal_judge(struct judgement *judgement, const struct appeal *appeal)
{
    struct target target;
    const bool known = target_find(judgement, appeal->target_decision_id, appeal->case_id, &target);
    judgement->actor = ACTOR_KIND_CUSTOMER_SERVICE;
    const struct policy *policy =
        policies_at(judgement->court->policies, known ? target.decided_ms : 0);
    if (!appeal->verified_subject) {
        third_party_refuse(judgement, appeal->appellant_id);
    } else if (appeal->kind == APPEAL_KIND_RIGHTS_OBJECTION ||
               appeal->kind == APPEAL_KIND_AUTHORITY_OBJECTION) {
        objection_judge(judgement, appeal);
    } else if (!known) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.unknown");
    } else if (is_anothers(judgement, appeal, &target)) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.of-another");
    } else if (is_not_owner(judgement, appeal)) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.not-owner");
    } else if (judgement->court->decided_ms > target.decided_ms + policy->appeal_window_ms) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.late");
    } else if (appeal_find(judgement->facts, &target) != NULL) {
        appeal_inadmissible(judgement, appeal, &target, "appeal.repeated");
    } else {
        appeal_open(judgement, appeal, &target);
    }
}

/* The verdict's own decision: result to the appellant, review closed. */
static void appeal_close(struct judgement *judgement, struct appeal_fact *item,
                         const struct target *target, enum outcome outcome, const char *rule)
{
    struct decision decision;
    item->open = false;
    target_decision(judgement, &decision, target, rule);
    decision.audit.outcome = (struct optional_int){(int32_t)outcome, true};
    decision_close(judgement, &decision);
    if (outcome != OUTCOME_CLOSED ||
        !bytes_equal(item->appellant_id, judgement->facts->subject_id)) {
        /* unless it is he who went */
        tell_result(judgement, &decision, item->appellant_id, outcome, item->outcome_only);
    }
    emit_decision_review(judgement, &decision, REVIEW_KIND_APPEAL, REVIEW_ACTION_CLOSE,
                         target->number, target->id, item->excluded_reviewer_ref);
}

static void overturn(struct judgement *judgement, const struct verdict *verdict,
                     struct appeal_fact *item, const struct target *target)
{
    struct subject_state *facts = judgement->facts;
    appeal_close(judgement, item, target,
                 target->outcome ? OUTCOME_CONFIRMED : OUTCOME_NO_VIOLATION, "appeal.overturn");
    if (target->violation || target->hold) {
        target_reverse(judgement, target, END_REASON_APPEAL, "appeal.overturn");
    } else {
        /* The outcome was that there is no violation: it is one, as this reviewer found it. */
        struct case_fact *decided = case_find(facts, target->number);
        const struct finding finding = {.verdict = verdict, .automation = AUTOMATION_PARTIAL};
        case_reopen(decided);
        case_adopt(judgement, decided, verdict);
        case_confirm(judgement, decided, &finding);
    }
}

/* The running measure that an appeal is about; NULL: it has ended, or restricts nothing. */
static struct restriction_fact *running_of(struct subject_state *facts, const struct target *target,
                                           const struct violation_fact *violation)
{
    if (target->violation) {
        return violation->measure.set
                   ? restriction_of(facts, target->number, (enum measure)violation->measure.value)
                   : NULL;
    }
    for (uint32_t i = 0; i < facts->restrictions_count && violation == NULL; i++) {
        if (facts->restrictions[i].case_number == target->number) {
            return &facts->restrictions[i];
        }
    }
    return NULL;
}

/* Whether the verdict makes the measure smaller in its end, scopes or kind, and wider in none.
 * Where no violation is established there is no other kind of measure to go over to. */
static bool reduces(const struct restriction_fact *row, const struct verdict *verdict,
                    bool violation)
{
    const bool other = verdict->measure.set && verdict->measure.value != (int32_t)row->measure;
    const scope_set scopes = verdict->scopes != 0 ? verdict->scopes : row->scopes;
    const bool narrower = (scopes & ~row->scopes) == 0 || (row->scopes & BIT(SCOPE_ALL)) != 0;
    const bool sooner =
        !row->expires_at.set ||
        (verdict->expires_at.set && verdict->expires_at.value <= row->expires_at.value) ||
        (!verdict->expires_at.set && !other);
    const bool changes = other || scopes != row->scopes || verdict->expires_at.set;
    return narrower && sooner && changes && (violation || !other);
}

static void reduce_row(const struct judgement *judgement, const struct verdict *verdict,
                       struct restriction_fact *row)
{
    const bool other = verdict->measure.set && verdict->measure.value != (int32_t)row->measure;
    if (other) {
        row->measure = (enum measure)verdict->measure.value;
        row->area = verdict->area;
        row->ledger = ledger_of(judgement->policy, judgement->facts->subject_kind, verdict->area);
    }
    row->scopes = verdict->scopes != 0 ? verdict->scopes : row->scopes;
    row->expires_at = verdict->expires_at.set ? verdict->expires_at : row->expires_at;
    row->state =
        row->state == DECISION_STATE_SUSPENDED_BY_APPEAL ? DECISION_STATE_IN_FORCE : row->state;
    if (row->measure == MEASURE_TEMPORARY_MEASURE) {
        row->objected = true; /* its end came sooner for the poster: the content comes back then */
    }
}

static void reduce_violation(struct violation_fact *violation, const struct restriction_fact *row)
{
    violation->reduced = true;
    violation->reduced_scopes = row->scopes;
    violation->reduced_expires_at = row->expires_at;
    violation->measure = (struct optional_int){(int32_t)row->measure, true};
    violation->scopes = row->scopes;
    violation->ends_at = row->expires_at;
    violation->step_decision_id = row->decision_id;
    if (row->expires_at.set) {
        violation->permanent = false;
    }
}

static struct restriction_change reduction(const struct restriction_fact *row,
                                           const struct verdict *verdict)
{
    const struct optional_long end = row->expires_at;
    const bool other = verdict->measure.set && verdict->measure.value != (int32_t)row->measure;
    const bool moves =
        other || (verdict->expires_at.set && (!end.set || verdict->expires_at.value < end.value));
    return (struct restriction_change){
        .op = moves ? RESTRICTION_OP_SHORTEN : RESTRICTION_OP_CHANGE,
        .prior_decision_id = row->decision_id,
        .ends = true,
        .end_reason = END_REASON_APPEAL,
    };
}

static void reduce(struct judgement *judgement, const struct verdict *verdict,
                   struct appeal_fact *item, const struct target *target)
{
    struct subject_state *facts = judgement->facts;
    struct violation_fact *violation = violation_find(facts, target->number);
    struct restriction_fact *row = running_of(facts, target, violation);
    if (row == NULL || !reduces(row, verdict, violation != NULL)) {
        const struct ground ground = verdict_ground(judgement, verdict);
        decision_refuse(judgement, judgement->policy, &ground, "i.16");
        return;
    }
    appeal_close(judgement, item, target, OUTCOME_CONFIRMED, "appeal.reduce");
    const struct restriction_change change = reduction(row, verdict);
    const struct case_fact *decided = case_find(facts, target->number);
    struct ground ground = restriction_ground(judgement, row);
    ground.automation = AUTOMATION_NONE;
    struct decision decision;
    decision_open(judgement, &decision,
                  policy_version(judgement->court->policies, row->policy_version, ground.act_at),
                  AUDIT_ACTION_DECIDE, &ground, "appeal.reduce");
    decision.case_hex = id_text(judgement, violation != NULL ? violation->case_id
                                           : decided != NULL ? decided->case_id
                                                             : (struct bytes){0});
    decision.audit.stage_from = row->stage;
    decision.audit.stage_to = row->stage;
    decision.payload.smaller_scope = bytes_text("reduced");
    reduce_row(judgement, verdict, row);
    row->decision_id = decision.id;
    if (violation != NULL) {
        reduce_violation(violation, row);
    }
    restriction_publish(judgement, &decision, row, &change,
                        row->measure == MEASURE_USER_PROTECTION ? NOTICE_KIND_PROTECTION_RELAXED
                                                                : NOTICE_KIND_RESTRICTION_CHANGED,
                        true);
}

void appeal_decide(struct judgement *judgement, const struct verdict *verdict)
{
    struct target target;
    struct appeal_fact *item = NULL;
    if (target_find(judgement, verdict->target_decision_id, verdict->case_id, &target)) {
        item = appeal_find(judgement->facts, &target);
    }
    if (item == NULL || !item->open ||
        (item->excluded_reviewer_ref.data != NULL &&
         bytes_equal(item->excluded_reviewer_ref, verdict->reviewer_ref))) {
        const struct ground ground = verdict_ground(judgement, verdict);
        decision_refuse(judgement, judgement->policy, &ground, "i.16");
        return;
    }
    if (verdict->kind == VERDICT_KIND_APPEAL_OVERTURN) {
        overturn(judgement, verdict, item, &target);
    } else if (verdict->kind == VERDICT_KIND_APPEAL_REDUCE) {
        reduce(judgement, verdict, item, &target);
    } else {
        appeal_close(judgement, item, &target,
                     target.outcome ? OUTCOME_NO_VIOLATION : OUTCOME_CONFIRMED, "appeal.reject");
        suspend(judgement, &target, false);
    }
}

void appeals_close(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->appeals_count; i++) {
        struct appeal_fact *item = &facts->appeals[i];
        if (!item->open) {
            continue;
        }
        const struct target target = {.number = item->case_number,
                                      .violation =
                                          violation_find(facts, item->case_number) != NULL,
                                      .outcome = item->outcome_only,
                                      .id = item->decision_id};
        appeal_close(judgement, item, &target, OUTCOME_CLOSED, "f3");
    }
}
