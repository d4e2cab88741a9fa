/* The entry of the policy module: one event of one subject (domain.md I.4, design.md 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

static struct judgement begin(struct court *court, struct subject_state *facts)
{
    ASSERT(court->policies != NULL && court->trigger != NULL && court->outbox != NULL);
    ASSERT(facts->subject_id.data != NULL);
    struct judgement judgement = {
        .court = court,
        .facts = facts,
        .policy = policies_at(court->policies, court->decided_ms),
        .horizon_ms = policies_horizon(court->policies),
        .actor = ACTOR_KIND_ENGINE,
    };
    facts_prune(&judgement);
    return judgement;
}

/* A record that this build does not act on is never passed over in silence. */
static void refuse_unknown(struct judgement *judgement)
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
    decision_refuse(judgement, judgement->policy, &ground, "not-implemented");
}

static enum judge_result judge_signal(struct judgement *judgement, const struct signal *signal)
{
    const enum subject_kind kind = judgement->facts->subject_kind;
    if (signal->kind == SIGNAL_KIND_REPORT_OUTCOME && kind == SUBJECT_KIND_REPORTER) {
        reporter_outcome(judgement, signal);
    } else if ((signal->kind == SIGNAL_KIND_ROOM_VIOLATION && kind == SUBJECT_KIND_ROOM) ||
               (signal->kind == SIGNAL_KIND_OWNER_LIABILITY && kind == SUBJECT_KIND_USER)) {
        liability_arrive(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_ROOM_VIOLATION_REMOVED ||
               signal->kind == SIGNAL_KIND_OWNER_LIABILITY_REMOVED) {
        liability_leave(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_ROOM_SPAM_MARK && kind == SUBJECT_KIND_ROOM) {
        mark_arrive(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED && kind == SUBJECT_KIND_ROOM) {
        mark_leave(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_PROOF_NEEDED && kind == SUBJECT_KIND_USER) {
        proof_needed(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_PROOF_ACCEPTED && kind == SUBJECT_KIND_USER) {
        proof_accepted(judgement, signal);
    } else if (signal->kind == SIGNAL_KIND_BEHAVIOUR_COPY && kind == SUBJECT_KIND_USER) {
        trip_count(judgement, CHAT_EVENT_KIND_ROOM_CREATED, signal->count, signal->area);
    } else if (signal->kind != SIGNAL_KIND_TICK) {
        refuse_unknown(judgement);
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
        if (!account_judge(judgement, record)) {
            refuse_unknown(judgement);
        }
    } else if (type != &record_notice_preference) {
        refuse_unknown(judgement); /* preferences are the other topology's */
    }
}

static bool is_sound(const struct judgement *judgement, const struct record_type *type,
                     const void *record)
{
    if (type == &record_authority_request) {
        return authority_is_sound(judgement, record);
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
    if (type == &record_chat_event && event_is_role(judgement, record)) {
        role_add(judgement, record);
    } else if (type == &record_chat_event && user) {
        behaviour_judge(judgement, record);
    } else if (type == &record_rights_claim && user) {
        claim_judge(judgement, record);
    } else if (type == &record_identity_proof && user) {
        proof_judge(judgement, record);
    } else {
        judge_service(judgement, type, record);
    }
    return JUDGE_DONE;
}

enum judge_result judge_record(struct court *court, struct subject_state *facts,
                               const struct record_type *type, const void *record,
                               enum dead_reason *reason_out)
{
    struct judgement judgement = begin(court, facts);
    if (type == &record_report) {
        return report_judge(&judgement, record, reason_out);
    }
    if (type == &record_verdict) {
        return verdict_judge(&judgement, record, reason_out);
    }
    if (type == &record_signal) {
        return judge_signal(&judgement, record);
    }
    return judge_other(&judgement, type, record, reason_out);
}

void judge_timer(struct court *court, struct subject_state *facts)
{
    struct judgement judgement = begin(court, facts);
    judgement.timer = true;
    timers_fire(&judgement);
    facts_prune(&judgement);
}

bool judge_is_empty(const struct subject_state *facts)
{
    return facts->revision == 0 && facts->account_state == ACCOUNT_STATE_ACTIVE &&
           facts->event_ids_count == 0 && facts->cases_count == 0 && facts->reports_count == 0 &&
           facts->violations_count == 0 && facts->restrictions_count == 0 &&
           facts->reviews_count == 0 && facts->outcomes_count == 0 && facts->appeals_count == 0 &&
           facts->legal_holds == 0 && facts->roles_count == 0 && facts->marks_count == 0 &&
           facts->targets_count == 0 && facts->trips_count == 0 && facts->proofs_count == 0 &&
           facts->wanted_proofs_count == 0 && !facts->abuse_decided_at.set;
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
        } else if (field->kind == FIELD_BOOLEAN) {
            memset(base + field->offset, 0, sizeof(bool));
        } else if (field->kind == FIELD_INT || field->kind == FIELD_ENUM) {
            memset(base + field->offset, 0, sizeof(int32_t));
        }
    }
    facts->subject_kind = kind;
    facts->subject_id = id;
    ASSERT(judge_is_empty(facts));
}
