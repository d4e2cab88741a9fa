/* The entry of the policy module: one event of one subject (domain.md I.4, design.md 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static void begin(struct judgement *judgement, struct court *court, struct subject_state *facts)
{
    ASSERT(court->policies != NULL && court->trigger != NULL && court->outbox != NULL);
    ASSERT(facts->subject_id.data != NULL);
    judgement->court = court;
    judgement->facts = facts;
    judgement->policy = policies_at(court->policies, court->decided_ms);
    judgement->horizon_ms = policies_horizon(court->policies);
    judgement->sequence = 0;
    judgement->actor = ACTOR_KIND_ENGINE;
    judgement->timer = false;
    judgement->reviewer_ref = (struct bytes){0};
    judgement->request_id = (struct bytes){0};
    judgement->proof_id = (struct bytes){0};
    judgement->checks_count = 0;
    facts_prune(judgement);
}

/* A record that changes nothing is never passed over in silence. */
static void refuse(struct judgement *judgement, const char *rule)
{
    const struct ground ground = {
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_OTHER_AREA,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_FULL,
        .act_at = judgement->court->decided_ms,
    };
    decision_refuse(judgement, judgement->policy, &ground, rule);
}

/* What another subject's record means for a USER. */
static bool signal_to_user(struct judgement *judgement, const struct signal *signal)
{
    switch (signal->kind) {
    case SIGNAL_KIND_OWNER_LIABILITY:
        liability_arrive(judgement, signal);
        return true;
    case SIGNAL_KIND_OWNER_LIABILITY_REMOVED:
        liability_leave(judgement, signal);
        return true;
    case SIGNAL_KIND_PROOF_NEEDED:
        proof_needed(judgement, signal);
        return true;
    case SIGNAL_KIND_PROOF_ACCEPTED:
        proof_accepted(judgement, signal);
        return true;
    case SIGNAL_KIND_BEHAVIOUR_COPY:
        trip_count(judgement, CHAT_EVENT_KIND_ROOM_CREATED, signal->count, signal->area);
        return true;
    case SIGNAL_KIND_TOMBSTONE_STORE:
        tombstone_store(judgement, signal);
        return true;
    case SIGNAL_KIND_REJOIN_CHECK:
        tombstones_answer(judgement, signal);
        return true;
    case SIGNAL_KIND_REJOIN_FOUND:
        rejoin_apply(judgement, signal);
        return true;
    case SIGNAL_KIND_TICK:
        return true;
    case SIGNAL_KIND_REPORT_COPY:
    case SIGNAL_KIND_ROOM_VIOLATION:
    case SIGNAL_KIND_ROOM_VIOLATION_REMOVED:
    case SIGNAL_KIND_ROOM_SPAM_MARK:
    case SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED:
    case SIGNAL_KIND_REPORT_OUTCOME:
    case SIGNAL_KIND_ERASE:
        break;
    }
    return false;
}

static bool signal_to_other(struct judgement *judgement, const struct signal *signal)
{
    const enum subject_kind kind = judgement->facts->subject_kind;
    const bool reporter = kind == SUBJECT_KIND_REPORTER;
    const bool room = kind == SUBJECT_KIND_ROOM;
    if (reporter && signal->kind == SIGNAL_KIND_REPORT_OUTCOME) {
        reporter_outcome(judgement, signal);
    } else if (reporter && signal->kind == SIGNAL_KIND_ERASE) {
        reporter_erase(judgement);
    } else if (!reporter && signal->kind == SIGNAL_KIND_PROOF_ACCEPTED) {
        proof_accepted(judgement, signal);
    } else if (room && signal->kind == SIGNAL_KIND_ROOM_VIOLATION) {
        liability_arrive(judgement, signal);
    } else if (room && signal->kind == SIGNAL_KIND_ROOM_VIOLATION_REMOVED) {
        liability_leave(judgement, signal);
    } else if (room && signal->kind == SIGNAL_KIND_ROOM_SPAM_MARK) {
        mark_arrive(judgement, signal);
    } else if (room && signal->kind == SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED) {
        mark_leave(judgement, signal);
    } else {
        return signal->kind == SIGNAL_KIND_TICK;
    }
    return true;
}

static enum judge_result judge_signal(struct judgement *judgement, const struct signal *signal)
{
    const bool user = judgement->facts->subject_kind == SUBJECT_KIND_USER;
    if (user && judgement->facts->account_state == ACCOUNT_STATE_WITHDRAWN) {
        return JUDGE_DONE; /* nothing is kept of who is gone */
    }
    const bool known =
        user ? signal_to_user(judgement, signal) : signal_to_other(judgement, signal);
    if (!known) {
        refuse(judgement, "not-implemented");
    }
    return JUDGE_DONE;
}

/* The history of a room's owner and admins. */
static bool event_is_role(const struct judgement *judgement, const struct chat_event *event)
{
    return judgement->facts->subject_kind == SUBJECT_KIND_ROOM &&
           (event->kind == CHAT_EVENT_KIND_ROOM_CREATED ||
            event->kind == CHAT_EVENT_KIND_ROLE_CHANGE);
}

/* What customer service, the legal desk and the account service send about a person. */
static void judge_service(struct judgement *judgement, const struct record_type *type,
                          const void *record)
{
    if (type == &record_appeal) {
        appeal_judge(judgement, record);
    } else if (type == &record_inquiry) {
        inquiry_judge(judgement, record);
    } else if (type == &record_dispute) {
        dispute_judge(judgement, record);
    } else if (type == &record_harm_report) {
        harm_judge(judgement, record);
    } else if (type == &record_authority_request) {
        authority_judge(judgement, record);
    } else if (type == &record_minor_protection_request) {
        minor_judge(judgement, record);
    } else if (type == &record_account_change) {
        account_judge(judgement, record);
    } else if (type != &record_notice_preference) {
        refuse(judgement, "not-implemented"); /* preferences are the other topology's */
    }
}

/* A third party's question is answered the same whoever it is about, also who is gone (A4 90). */
static bool answer_third_party(struct judgement *judgement, const struct record_type *type,
                               const void *record)
{
    const struct inquiry *inquiry = type == &record_inquiry ? record : NULL;
    const struct appeal *appeal = type == &record_appeal ? record : NULL;
    if (inquiry != NULL && !inquiry->verified_subject) {
        inquiry_judge(judgement, inquiry);
    } else if (appeal != NULL && !appeal->verified_subject) {
        appeal_judge(judgement, appeal);
    } else {
        return false;
    }
    return true;
}

/* Nothing is kept of who is gone, but that a dispute of his may still end. */
static void judge_withdrawn(struct judgement *judgement, const struct record_type *type,
                            const void *record)
{
    if (answer_third_party(judgement, type, record)) {
        return;
    }
    if (type == &record_dispute) {
        dispute_judge(judgement, record);
        return;
    }
    if (type == &record_account_change) {
        const struct account_change *change = record;
        if (change->kind == ACCOUNT_CHANGE_KIND_REGISTERED) {
            judgement->facts->account_state = ACCOUNT_STATE_ACTIVE;
            account_judge(judgement, change);
        } else {
            account_refuse(judgement, change->kind == ACCOUNT_CHANGE_KIND_WITHDRAWN
                                          ? "account.repeated"
                                          : "f3");
        }
        return;
    }
    if (type == &record_authority_request) {
        authority_judge_withdrawn(judgement, record);
        return;
    }
    if (type != &record_chat_event && type != &record_notice_preference) {
        refuse(judgement, "f3");
    }
}

/* Records about a person; of a room, a profile or a reporter they say nothing. */
static bool is_of_person(const struct record_type *type)
{
    return type == &record_rights_claim || type == &record_identity_proof ||
           type == &record_minor_protection_request || type == &record_account_change ||
           type == &record_inquiry || type == &record_harm_report;
}

static bool is_sound(const struct judgement *judgement, const struct record_type *type,
                     const void *record)
{
    if (type == &record_authority_request) {
        return authority_is_sound(judgement, record);
    }
    if (type == &record_account_change) {
        return account_is_sound(record);
    }
    if (type == &record_harm_report) {
        const struct harm_report *harm = record;
        return harm->window_from <= harm->window_to;
    }
    return type != &record_rights_claim || claim_is_sound(judgement, record);
}

/* Any record but reports, verdicts and signals: its event id is its first field. */
static enum judge_result judge_other(struct judgement *judgement, const struct record_type *type,
                                     const void *record, enum dead_reason *reason_out)
{
    const bool user = judgement->facts->subject_kind == SUBJECT_KIND_USER;
    struct bytes event_id;
    memcpy(&event_id, (const uint8_t *)record + type->fields[0].offset, sizeof(event_id));
    ASSERT(type->fields[0].kind == FIELD_STRING);
    if (!is_sound(judgement, type, record)) {
        *reason_out = DEAD_REASON_BAD_FIELD;
        return JUDGE_REFUSED;
    }
    if (event_seen(judgement, event_id)) {
        return JUDGE_DUPLICATE;
    }
    if (judgement->facts->account_state == ACCOUNT_STATE_WITHDRAWN) {
        judge_withdrawn(judgement, type, record);
    } else if (!user && is_of_person(type)) {
        refuse(judgement, "g1.subject");
    } else if (type == &record_chat_event && event_is_role(judgement, record)) {
        role_add(judgement, record);
    } else if (type == &record_chat_event && user) {
        behaviour_judge(judgement, record);
    } else if (type == &record_rights_claim) {
        claim_judge(judgement, record);
    } else if (type == &record_identity_proof) {
        proof_judge(judgement, record);
    } else {
        judge_service(judgement, type, record);
    }
    return JUDGE_DONE;
}

static enum judge_result dispatch(struct judgement *judgement, const struct record_type *type,
                                  const void *record, enum dead_reason *reason_out)
{
    if (type == &record_report) {
        return report_judge(judgement, record, reason_out);
    }
    if (type == &record_verdict) {
        return verdict_judge(judgement, record, reason_out);
    }
    if (type == &record_signal) {
        return judge_signal(judgement, record);
    }
    return judge_other(judgement, type, record, reason_out);
}

enum judge_result judge_record(struct court *court, struct subject_state *facts,
                               const struct record_type *type, const void *record,
                               enum dead_reason *reason_out)
{
    struct judgement judgement FILLED_BELOW;
    if (court->policies->shadow_count > 0 && court->scratch != NULL) {
        const struct policy *shadow = policies_shadow(court->policies, court->now_ms);
        if (shadow != NULL) {
            shadow_judge(court, facts, shadow, type, record);
        }
    }
    begin(&judgement, court, facts);
    const enum judge_result result = dispatch(&judgement, type, record, reason_out);
    if (facts->account_state == ACCOUNT_STATE_WITHDRAWN && facts->legal_holds == 0) {
        facts->event_ids_count = 0; /* nothing is kept of who is gone (I.22) */
    }
    return result;
}

/* Ids of a timer are made from its due time and a number. One may fire at a due time that was used, when a fact
 * with a time of its own makes an end that has passed: it goes on numbering above all before it. */
static void timer_number(struct judgement *judgement)
{
    const struct subject_state *facts = judgement->facts;
    if (facts->timer_at.set && judgement->court->decided_ms <= facts->timer_at.value) {
        judgement->sequence = facts->timer_sequence;
    }
}

static void timer_remember(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t due_ms = judgement->court->decided_ms;
    if (judgement->sequence == 0) {
        return; /* no id was made: most timers only clear away */
    }
    if (!facts->timer_at.set || due_ms > facts->timer_at.value) {
        facts->timer_at = (struct optional_long){due_ms, true};
    }
    if (judgement->sequence > facts->timer_sequence) {
        facts->timer_sequence = judgement->sequence;
    }
}

void judge_timer(struct court *court, struct subject_state *facts)
{
    struct judgement judgement FILLED_BELOW;
    begin(&judgement, court, facts);
    judgement.timer = true;
    timer_number(&judgement);
    timers_fire(&judgement);
    timer_remember(&judgement);
    facts_prune(&judgement);
}

bool judge_is_empty(const struct subject_state *facts)
{
    return facts->revision == 0 && facts->account_state == ACCOUNT_STATE_ACTIVE &&
           facts->event_ids_count == 0 && facts->cases_count == 0 && facts->reports_count == 0 &&
           facts->violations_count == 0 && facts->restrictions_count == 0 &&
           facts->ended_count == 0 && facts->reviews_count == 0 && facts->outcomes_count == 0 &&
           facts->appeals_count == 0 && facts->legal_holds == 0 && facts->roles_count == 0 &&
           facts->marks_count == 0 && facts->orders_count == 0 && facts->targets_count == 0 &&
           facts->trips_count == 0 && facts->tombstones_count == 0 && facts->proofs_count == 0 &&
           facts->wanted_proofs_count == 0 && facts->claims_count == 0 &&
           !facts->abuse_decided_at.set;
}

void judge_init(struct subject_state *facts, enum subject_kind kind, struct bytes id)
{
    /* Lists are as long as their count says: their items need no zeroing. */
    for (uint32_t i = 0; i < record_subject_state.field_count; i++) {
        const struct field_type *field = &record_subject_state.fields[i];
        uint8_t *base = (uint8_t *)facts;
        if (field->kind == FIELD_LIST) {
            memset(base + field->count_offset, 0, sizeof(uint32_t));
        } else if (field->kind == FIELD_LONG) {
            memset(base + field->offset, 0,
                   field->nullable ? sizeof(struct optional_long) : sizeof(int64_t));
        } else if (field->kind == FIELD_SET) {
            memset(base + field->offset, 0, sizeof(uint64_t));
        } else if (field->kind == FIELD_BOOLEAN) {
            memset(base + field->offset, 0, sizeof(bool));
        } else if (field->kind == FIELD_INT || field->kind == FIELD_ENUM) {
            memset(base + field->offset, 0, sizeof(int32_t));
        }
    }
    facts->subject_kind = kind;
    facts->subject_id = id;
    facts->rejoin_tag = (struct bytes){0};
    ASSERT(judge_is_empty(facts));
}
