/* What one subject's violation means for another: staff ads for the room, rooms and profiles for
 * their owner at the time of the act (domain.md F16, I.14). Each goes by signal and is a fact at
 * the time of its cause; a cause that is reversed takes it away again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define ROLES_MAX COUNT_OF(((struct subject_state *)NULL)->roles)

/* The owner at a time by the room's history; data NULL: not known. */
struct bytes owner_at(const struct subject_state *facts, int64_t at_ms)
{
    struct bytes owner = {0};
    for (uint32_t i = 0; i < facts->roles_count; i++) {
        if (facts->roles[i].role == ROLE_OWNER && facts->roles[i].at <= at_ms) {
            owner = facts->roles[i].member_id;
        }
    }
    return owner;
}

struct bytes profile_user(const struct subject_state *facts, int32_t case_number)
{
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number == case_number && report->author_id.data != NULL) {
            return report->author_id;
        }
    }
    return (struct bytes){0};
}

bool profile_user_disputed(const struct subject_state *facts, int32_t case_number)
{
    const struct bytes user = profile_user(facts, case_number);
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number == case_number && report->author_id.data != NULL &&
            !bytes_equal(report->author_id, user)) {
            return true;
        }
    }
    return false;
}

/* Who makes many rooms is a matter of his own record. */
static void copy_behaviour(struct judgement *judgement, const struct chat_event *event)
{
    const struct bytes id = id_text(judgement, id_next(judgement, judgement->policy));
    const struct signal signal = {
        .event_id = id_numbered(judgement, id, 0),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = event->member_id,
        .kind = SIGNAL_KIND_BEHAVIOUR_COPY,
        .from_kind = SUBJECT_KIND_ROOM,
        .from_id = judgement->facts->subject_id,
        .category = CATEGORY_ABNORMAL_ENVIRONMENT,
        .area = event->area,
        .severity = SEVERITY_NONE,
        .decided_at = {judgement->court->decided_ms, true},
        .source_kind = SOURCE_KIND_BEHAVIOUR_SIGNAL,
        .count = event->count < 1 ? 1 : event->count,
    };
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, &signal);
}

void role_add(struct judgement *judgement, const struct chat_event *event)
{
    struct subject_state *facts = judgement->facts;
    if (event->member_id.data == NULL) {
        return;
    }
    const int64_t now_ms = judgement->court->decided_ms;
    const int64_t at_ms = event->occurred_at < now_ms ? event->occurred_at : now_ms;
    if (facts->roles_count == ROLES_MAX) {
        /* The oldest admin goes first: who owned the room when is what liability rests on. */
        uint32_t place = 0;
        while (place + 1 < ROLES_MAX && facts->roles[place].role == ROLE_OWNER) {
            place++;
        }
        place = place + 1 == ROLES_MAX ? 0 : place;
        facts->roles_count--;
        memmove(&facts->roles[place], &facts->roles[place + 1],
                (facts->roles_count - place) * sizeof(facts->roles[0]));
    }
    if (event->kind == CHAT_EVENT_KIND_ROOM_CREATED) {
        copy_behaviour(judgement, event);
    }
    uint32_t place = facts->roles_count++;
    while (place > 0 && facts->roles[place - 1].at > at_ms) {
        facts->roles[place] = facts->roles[place - 1];
        place--;
    }
    facts->roles[place] = (struct role_fact){
        .member_id = text_keep(judgement, event->member_id),
        .role = event->kind == CHAT_EVENT_KIND_ROOM_CREATED ? ROLE_OWNER : event->role,
        .at = at_ms,
    };
}

static struct signal signal_about(struct judgement *judgement, const struct decision *decision,
                                  const struct violation_fact *violation, enum signal_kind kind,
                                  enum subject_kind to_kind, struct bytes to_id)
{
    return (struct signal){
        .occurred_at = judgement->court->now_ms,
        .subject_kind = to_kind,
        .subject_id = to_id,
        .kind = kind,
        .from_kind = judgement->facts->subject_kind,
        .from_id = judgement->facts->subject_id,
        .cause_decision_id = id_text(judgement, violation->decision_id),
        .case_id = id_text(judgement, violation->case_id),
        .category = violation->category,
        .area = violation->area,
        .severity =
            violation->severity == SEVERITY_CRITICAL ? SEVERITY_SEVERE : violation->severity,
        .act_at = {violation->act_at, true},
        .decided_at = {judgement->court->decided_ms, true},
        .author_id = judgement->facts->subject_kind == SUBJECT_KIND_USER
                         ? judgement->facts->subject_id
                         : violation->author_id,
        .reporter_class = REPORTER_CLASS_NORMAL,
        .source_kind = violation->source_kind,
        .policy_version = decision->policy->version,
    };
}

static void signal_send(struct judgement *judgement, struct decision *decision,
                        struct signal *signal)
{
    signal->event_id = id_numbered(judgement, decision->id_hex, decision->records++);
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, signal);
}

/* Whom a violation of a room or profile strikes: not a staff member's own ad, he has his strike. */
static struct bytes liable_for(const struct subject_state *facts,
                               const struct violation_fact *violation)
{
    const struct bytes owner = facts->subject_kind == SUBJECT_KIND_ROOM
                                   ? owner_at(facts, violation->act_at)
                                   : profile_user(facts, violation->number);
    const bool own = violation->category == CATEGORY_ROOM_STAFF_AD &&
                     violation->cause_decision_id.data != NULL &&
                     bytes_equal(owner, violation->author_id);
    return own ? (struct bytes){0} : owner;
}

/* One signal to every room that the reports of a case name. */
static void signal_rooms(struct judgement *judgement, struct decision *decision,
                         const struct violation_fact *violation, enum signal_kind kind)
{
    const struct subject_state *facts = judgement->facts;
    const struct bytes *rooms[REPORTS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        bool told = report->case_number != violation->number || report->room_id.data == NULL;
        for (uint32_t k = 0; k < count && !told; k++) {
            told = bytes_equal(*rooms[k], report->room_id);
        }
        if (!told) {
            rooms[count++] = &report->room_id;
            struct signal signal = signal_about(judgement, decision, violation, kind,
                                                SUBJECT_KIND_ROOM, report->room_id);
            signal_send(judgement, decision, &signal);
        }
    }
}

/* Where a sender's violation shows: marks in every room of a cluster, staff ads in theirs. */
static void spread_user(struct judgement *judgement, struct decision *decision,
                        const struct violation_fact *violation, bool removed)
{
    const bool cluster = violation->category == CATEGORY_SPAM_REPEAT_MULTIROOM;
    const enum signal_kind kind =
        removed ? SIGNAL_KIND_ROOM_VIOLATION_REMOVED : SIGNAL_KIND_ROOM_VIOLATION;
    if (cluster) {
        signal_rooms(judgement, decision, violation,
                     removed ? SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED : SIGNAL_KIND_ROOM_SPAM_MARK);
    }
    if (violation->staff && cluster) {
        signal_rooms(judgement, decision, violation, kind);
    } else if (violation->staff) {
        struct signal signal = signal_about(judgement, decision, violation, kind, SUBJECT_KIND_ROOM,
                                            violation->room_id);
        signal_send(judgement, decision, &signal);
    }
}

void liability_spread(struct judgement *judgement, struct decision *decision,
                      struct violation_fact *violation)
{
    struct subject_state *facts = judgement->facts;
    if (violation->owner || facts->subject_kind == SUBJECT_KIND_REPORTER) {
        return;
    }
    if (facts->subject_kind == SUBJECT_KIND_USER) {
        spread_user(judgement, decision, violation, false);
        return;
    }
    violation->liable_id = liable_for(facts, violation);
    if (violation->liable_id.data != NULL) {
        struct signal signal =
            signal_about(judgement, decision, violation, SIGNAL_KIND_OWNER_LIABILITY,
                         SUBJECT_KIND_USER, violation->liable_id);
        signal_send(judgement, decision, &signal);
    }
}

void liability_remove(struct judgement *judgement, struct decision *decision,
                      const struct violation_fact *violation)
{
    if (judgement->facts->subject_kind == SUBJECT_KIND_USER) {
        spread_user(judgement, decision, violation, true);
    } else if (violation->liable_id.data != NULL) {
        struct signal signal =
            signal_about(judgement, decision, violation, SIGNAL_KIND_OWNER_LIABILITY_REMOVED,
                         SUBJECT_KIND_USER, violation->liable_id);
        signal_send(judgement, decision, &signal);
    }
}

static struct violation_fact violation_of_signal(struct judgement *judgement,
                                                 const struct signal *signal,
                                                 const struct policy *policy)
{
    const bool owner = signal->kind == SIGNAL_KIND_OWNER_LIABILITY;
    const enum ledger ledger = owner ? LEDGER_OPEN_CHAT : LEDGER_ROOM;
    const struct policy_ladder *ladder = &policy->ladders[ledger];
    /* E7: an owner's strike has the weight of the category, and that of the room is ROOM_STAFF_AD. */
    const enum severity found =
        owner ? signal->severity : policy->categories[CATEGORY_ROOM_STAFF_AD].severity;
    const struct policy_severity *severity = &policy->severities[found];
    const int64_t decided_ms = judgement->court->decided_ms;
    const int64_t window_ms =
        ladder->fixed_weight > 0 ? ladder->fixed_window_ms : severity->window_ms;
    uint8_t cause[ID_SIZE] = {0};
    const bool known = id_parse(signal->cause_decision_id, cause);
    return (struct violation_fact){
        .number = judgement->facts->next_case,
        .category = owner ? signal->category : CATEGORY_ROOM_STAFF_AD,
        .severity = found,
        .lane = LANE_LADDER,
        .area = AREA_OPEN_CHAT_ROOM,
        .ledger = ledger,
        .weight = ladder->fixed_weight > 0 ? ladder->fixed_weight : severity->weight,
        .act_at = signal->act_at.value,
        .decided_at = decided_ms,
        .expires_at = decided_ms + window_ms,
        .policy_version = policy->version,
        .source_kind = signal->source_kind,
        .automation = AUTOMATION_FULL,
        .author_id = text_keep(judgement, signal->author_id),
        .owner = owner,
        .cause_decision_id = known ? arena_copy(judgement->court->arena, bytes_of(cause, ID_SIZE))
                                   : (struct bytes){0},
    };
}

/* A violation that another subject's decision brings: a strike unless it is stale by now. */
void liability_arrive(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    const struct policy *policy =
        policies_at(judgement->court->policies,
                    signal->act_at.set ? signal->act_at.value : judgement->court->decided_ms);
    const struct violation_fact made = violation_of_signal(judgement, signal, policy);
    const struct ground ground = violation_ground(&made);
    const bool frozen = facts->account_state == ACCOUNT_STATE_MEMORIAL;
    const bool stale = made.act_at <= made.decided_at - (made.expires_at - made.decided_at);
    struct decision decision;
    if (made.weight < 1 || stale || frozen || facts->violations_count >= VIOLATIONS_MAX) {
        decision_open(judgement, &decision, policy,
                      stale ? AUDIT_ACTION_OUTCOME : AUDIT_ACTION_REFUSE, &ground,
                      stale    ? "stale"
                      : frozen ? "s3.48"
                               : "limit.strikes");
        decision.payload.cause_decision_id = signal->cause_decision_id;
        decision_close(judgement, &decision);
        return;
    }
    facts->next_case++;
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, NULL);
    decision.payload.cause_decision_id = signal->cause_decision_id;
    decision.audit.outcome = (struct optional_int){OUTCOME_CONFIRMED, true};
    decision.audit.stage_from = ledger_stage(facts, made.ledger, NULL);
    struct violation_fact *violation = violation_insert(facts, &made);
    violation->case_id = decision.id;
    violation->decision_id = decision.id;
    struct ladder_state ladder;
    ladder_derive(judgement->court->policies, facts, made.ledger, judgement->court->decided_ms,
                  &ladder);
    const int32_t place = (int32_t)(violation - facts->violations);
    const struct step *step = &ladder.steps[place];
    decision.audit.stage_to = step->stage;
    decision_strikes(judgement, &decision, made.ledger);
    if (ladder.current == place) {
        violation_apply(judgement, &decision, violation, step);
    } else {
        violation_quiet(judgement, &decision, violation, step);
    }
    violation = violation_find(facts, made.number);
    ASSERT(violation != NULL);
    liability_spread(judgement, &decision, violation);
    if (step->row != NULL && step->row->review && violation->restriction_id.data != NULL) {
        review_open(judgement, &decision, step->row->review_kind, violation);
    }
    ladders_settle(judgement, LEDGER_NONE);
}

/* The cause is gone, so is what it brought. */
void liability_leave(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t cause[ID_SIZE];
    if (!id_parse(signal->cause_decision_id, cause)) {
        return;
    }
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        struct violation_fact *item = &facts->violations[i];
        if (bytes_equal(item->cause_decision_id, bytes_of(cause, ID_SIZE))) {
            violation_reverse(judgement, item, END_REASON_APPEAL, "cause-reversed");
            return;
        }
    }
}
