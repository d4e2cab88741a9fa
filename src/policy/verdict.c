/* Human verdicts: on cases, on what the breaker holds, on measures (domain.md I.7, I.15, F19).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

struct ground verdict_ground(const struct judgement *judgement, const struct verdict *verdict)
{
    const struct policy *policy = judgement->policy;
    return (struct ground){
        .category = verdict->category,
        .severity = SEVERITY_NONE,
        .lane = policy->categories[verdict->category].lane,
        .area = verdict->area,
        .ledger = ledger_of(policy, judgement->facts->subject_kind, verdict->area),
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_NONE,
        .act_at = verdict->act_at.set ? verdict->act_at.value : judgement->court->decided_ms,
    };
}

static void refuse(struct judgement *judgement, const struct verdict *verdict, const char *rule)
{
    const struct ground ground = verdict_ground(judgement, verdict);
    decision_refuse(judgement, judgement->policy, &ground, rule);
}

/* Verdicts that judge content and so must rest on a report or a request (rule 9). */
static bool needs_report(enum verdict_kind kind)
{
    return kind == VERDICT_KIND_CONFIRM || kind == VERDICT_KIND_DISMISS ||
           kind == VERDICT_KIND_DISMISS_GROUNDLESS || kind == VERDICT_KIND_SET_PERMANENT ||
           kind == VERDICT_KIND_CONTENT_MEASURE;
}

static struct case_fact *find_case_id(struct subject_state *facts, struct bytes text)
{
    uint8_t id[ID_SIZE];
    if (!id_parse(text, id)) {
        return NULL;
    }
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (bytes_equal(facts->cases[i].case_id, bytes_of(id, ID_SIZE))) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

static struct case_fact *find_case_of_report(struct subject_state *facts, struct bytes report_id)
{
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (bytes_equal(facts->reports[i].event_id, report_id)) {
            struct case_fact *item = case_find(facts, facts->reports[i].case_number);
            if (item != NULL && !item->outcome.set) {
                return item;
            }
        }
    }
    return NULL;
}

/* The open case a verdict is about, made from its own fields if it names none; NULL: refuse. */
static struct case_fact *resolve_case(struct judgement *judgement, const struct verdict *verdict)
{
    struct subject_state *facts = judgement->facts;
    struct case_fact *item = NULL;
    if (verdict->case_id.data != NULL) {
        item = find_case_id(facts, verdict->case_id);
        return item != NULL && !item->outcome.set ? item : NULL;
    }
    if (verdict->report_ids_count > 0) {
        item = find_case_of_report(facts, verdict->report_ids[0]);
    }
    if (item == NULL) {
        const struct ground ground = verdict_ground(judgement, verdict);
        item = case_open(judgement, policies_at(judgement->court->policies, ground.act_at),
                         verdict->category, verdict->area, ground.ledger);
    }
    return item;
}

/* What the reviewer found replaces what the reports said. */
void case_adopt(const struct judgement *judgement, struct case_fact *item,
                const struct verdict *verdict)
{
    const enum subject_kind kind = judgement->facts->subject_kind;
    item->category = verdict->category;
    item->area = kind == SUBJECT_KIND_REPORTER ? AREA_ALL : verdict->area;
    item->ledger = ledger_of(judgement->policy, kind, verdict->area);
    item->severity = verdict->severity;
    if (verdict->act_at.set) {
        item->act_at = verdict->act_at;
    }
}

static void confirm(struct judgement *judgement, const struct verdict *verdict)
{
    struct case_fact *item = resolve_case(judgement, verdict);
    if (item == NULL) {
        refuse(judgement, verdict, "i.7");
        return;
    }
    const bool purpose = item->review.set && item->review.value == REVIEW_KIND_ROOM_SPAM_PURPOSE;
    const bool requests = item->category == CATEGORY_ROOM_MULTI_REQUEST;
    case_adopt(judgement, item, verdict);
    if (purpose) {
        item->category = CATEGORY_ROOM_STAFF_AD; /* what the room is for (I.8) */
        item->ledger = LEDGER_ROOM;
    } else if (requests) {
        const int32_t number = item->number;
        room_requests_take(judgement, number);
        item = case_find(judgement->facts, number);
        ASSERT(item != NULL);
        item->category = CATEGORY_ROOM_MULTI_REQUEST;
        item->ledger = LEDGER_ROOM;
    }
    /* The ladder, not the person, chose the measure: PARTIAL (domain.md E6). */
    const struct finding finding = {.verdict = verdict, .automation = AUTOMATION_PARTIAL};
    case_confirm(judgement, item, &finding);
}

static void dismiss(struct judgement *judgement, const struct verdict *verdict,
                    enum outcome outcome)
{
    struct case_fact *item = resolve_case(judgement, verdict);
    if (item == NULL) {
        refuse(judgement, verdict, "i.7");
        return;
    }
    case_dismiss(judgement, item, outcome, NULL);
}

static struct case_fact *find_held(struct subject_state *facts, const struct verdict *verdict)
{
    uint8_t id[ID_SIZE];
    if (!id_parse(verdict->target_decision_id, id)) {
        return NULL;
    }
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (bytes_equal(facts->cases[i].held_decision_id, bytes_of(id, ID_SIZE))) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

static void close_held(struct judgement *judgement, struct case_fact *item)
{
    struct review_fact *review =
        review_find(judgement->facts, REVIEW_KIND_BREAKER_HELD, item->number);
    item->held_decision_id = (struct bytes){0};
    if (review != NULL) {
        review_close(judgement, review);
    }
}

/* The step starts now (F19). */
static void release_held(struct judgement *judgement, const struct verdict *verdict)
{
    struct case_fact *item = find_held(judgement->facts, verdict);
    if (item == NULL) {
        refuse(judgement, verdict, "i.7");
        return;
    }
    const bool hold = item->held_hold;
    const struct finding finding = {
        .automation = AUTOMATION_PARTIAL,
        .released = true,
    };
    close_held(judgement, item);
    item->held_hold = false;
    if (hold) {
        case_hold(judgement, item, true);
    } else {
        case_confirm(judgement, item, &finding);
    }
}

static void cancel_held(struct judgement *judgement, const struct verdict *verdict)
{
    struct case_fact *item = find_held(judgement->facts, verdict);
    if (item == NULL) {
        refuse(judgement, verdict, "i.7");
    } else {
        case_dismiss(judgement, item, OUTCOME_NO_VIOLATION, NULL);
    }
}

static struct restriction_fact *find_restriction(struct subject_state *facts, struct bytes text)
{
    uint8_t id[ID_SIZE];
    if (!id_parse(text, id)) {
        return NULL;
    }
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        if (bytes_equal(item->restriction_id, bytes_of(id, ID_SIZE)) ||
            bytes_equal(item->decision_id, bytes_of(id, ID_SIZE))) {
            return item;
        }
    }
    return NULL;
}

/* A person ends a measure; nothing that it superseded comes back. */
static void lift(struct judgement *judgement, const struct verdict *verdict)
{
    struct restriction_fact *row = find_restriction(judgement->facts, verdict->target_decision_id);
    if (row == NULL) {
        refuse(judgement, verdict, "i.7");
    } else {
        restriction_end(judgement, row, END_REASON_REVIEWER, "reviewer.lift");
    }
}

/* The newest step of the ladder that a review names, whether it still runs or not. */
static struct violation_fact *last_step(struct subject_state *facts, enum ledger ledger)
{
    for (uint32_t i = facts->violations_count; i > 0; i--) {
        struct violation_fact *item = &facts->violations[i - 1];
        if (item->ledger == ledger && item->lane == LANE_LADDER &&
            item->restriction_id.data != NULL && item->category != CATEGORY_REPORT_ACCUMULATION) {
            return item;
        }
    }
    return NULL;
}

/* The ledger of an open review with this case id; LEDGER_NONE: no such review. */
static enum ledger reviewed_ledger(struct subject_state *facts, struct bytes case_text)
{
    uint8_t id[ID_SIZE];
    if (!id_parse(case_text, id)) {
        return LEDGER_NONE;
    }
    const struct bytes case_id = bytes_of(id, ID_SIZE);
    for (uint32_t i = 0; i < facts->reviews_count; i++) {
        if (bytes_equal(facts->reviews[i].case_id, case_id)) {
            return facts->reviews[i].ledger;
        }
    }
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (bytes_equal(facts->cases[i].case_id, case_id) && facts->cases[i].review.set) {
            return facts->cases[i].ledger;
        }
    }
    return LEDGER_NONE;
}

/* A block without an end: EXTEND while it runs, APPLY once it has ended. */
static void make_permanent(struct judgement *judgement, struct violation_fact *violation)
{
    const bool runs = restriction_of(judgement->facts, violation->number,
                                     (enum measure)violation->measure.value) != NULL;
    violation->permanent = true;
    violation->reviewer_ref = text_keep(judgement, judgement->reviewer_ref); /* does not decide on an appeal */
    if (runs && violation->ledger == LEDGER_ROOM) {
        ladders_settle(judgement, LEDGER_NONE);
        return;
    }
    struct ladder_state ladder;
    ladder_derive(judgement->court->policies, judgement->facts, violation->ledger,
                  judgement->court->decided_ms, &ladder);
    const size_t place = (size_t)(violation - judgement->facts->violations);
    const struct policy *policy =
        policy_version(judgement->court->policies, violation->policy_version, violation->act_at);
    struct ground ground = violation_ground(violation);
    ground.automation = AUTOMATION_NONE;
    struct decision decision;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, "i.15");
    decision.case_hex = id_text(judgement, violation->case_id);
    decision.audit.stage_from = violation->stage;
    decision.audit.stage_to = violation->stage;
    decision_strikes(judgement, &decision, violation->ledger);
    violation_apply(judgement, &decision, violation, &ladder.steps[place]);
}

static void set_permanent(struct judgement *judgement, const struct verdict *verdict)
{
    struct subject_state *facts = judgement->facts;
    const enum ledger ledger = reviewed_ledger(facts, verdict->case_id);
    struct violation_fact *violation = ledger == LEDGER_NONE ? NULL : last_step(facts, ledger);
    if (violation == NULL || violation->permanent || facts->subject_kind == SUBJECT_KIND_REPORTER ||
        facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        refuse(judgement, verdict, "i.15");
        return;
    }
    make_permanent(judgement, violation);
    for (uint32_t i = facts->reviews_count; i > 0; i--) {
        struct review_fact *review = &facts->reviews[i - 1];
        if (review->ledger == ledger && (review->kind == REVIEW_KIND_LADDER_END ||
                                         review->kind == REVIEW_KIND_ROOM_PERMANENT)) {
            review_close(judgement, review);
        }
    }
}

static void dispatch(struct judgement *judgement, const struct verdict *verdict)
{
    switch (verdict->kind) {
    case VERDICT_KIND_CONFIRM:
        confirm(judgement, verdict);
        break;
    case VERDICT_KIND_DISMISS:
        dismiss(judgement, verdict, OUTCOME_NO_VIOLATION);
        break;
    case VERDICT_KIND_DISMISS_GROUNDLESS:
        dismiss(judgement, verdict, OUTCOME_GROUNDLESS);
        break;
    case VERDICT_KIND_SET_PERMANENT:
        set_permanent(judgement, verdict);
        break;
    case VERDICT_KIND_LIFT:
        lift(judgement, verdict);
        break;
    case VERDICT_KIND_RELEASE_HELD:
        release_held(judgement, verdict);
        break;
    case VERDICT_KIND_CANCEL_HELD:
        cancel_held(judgement, verdict);
        break;
    case VERDICT_KIND_APPEAL_REJECT:
    case VERDICT_KIND_APPEAL_REDUCE:
    case VERDICT_KIND_APPEAL_OVERTURN:
        appeal_decide(judgement, verdict);
        break;
    case VERDICT_KIND_CONTENT_MEASURE:
        content_measure(judgement, verdict);
        break;
    }
}

enum judge_result verdict_judge(struct judgement *judgement, const struct verdict *verdict,
                                enum dead_reason *reason_out)
{
    const struct trigger *trigger = judgement->court->trigger;
    const int64_t record_ms =
        trigger->timestamp_ms != 0 ? trigger->timestamp_ms : judgement->court->now_ms;
    if (verdict->category == CATEGORY_NONE ||
        (verdict->act_at.set && verdict->act_at.value > record_ms)) {
        *reason_out = DEAD_REASON_BAD_FIELD;
        return JUDGE_REFUSED;
    }
    if (needs_report(verdict->kind) && verdict->report_ids_count == 0 &&
        verdict->request_id.data == NULL) {
        *reason_out = DEAD_REASON_NO_REPORT;
        return JUDGE_REFUSED;
    }
    if (event_seen(judgement, verdict->event_id)) {
        return JUDGE_DUPLICATE;
    }
    judgement->actor = ACTOR_KIND_REVIEWER;
    judgement->reviewer_ref = verdict->reviewer_ref;
    judgement->request_id = verdict->request_id;
    if (judgement->facts->account_state == ACCOUNT_STATE_WITHDRAWN) {
        refuse(judgement, verdict, "f3");
    } else {
        dispatch(judgement, verdict);
    }
    return JUDGE_DONE;
}
