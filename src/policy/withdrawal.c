/* Withdrawal erases; only what must survive re-registration stays, under a tag made upstream
 * (domain.md F3, I.22). An open dispute delays the erasure, never the withdrawal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define TOMBSTONES_MAX COUNT_OF(((struct subject_state *)NULL)->tombstones)
#define TAG_PREFIX "rj."

static struct ground erase_ground(const struct judgement *judgement)
{
    return (struct ground){
        .category = CATEGORY_NONE,
        .severity = SEVERITY_NONE,
        .lane = LANE_NONE,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_NONE,
        .automation = AUTOMATION_FULL,
        .act_at = judgement->court->decided_ms,
    };
}

static struct bytes tag_subject(struct judgement *judgement, struct bytes tag)
{
    const size_t prefix = sizeof(TAG_PREFIX) - 1;
    uint8_t *text = arena_get(judgement->court->arena, prefix + tag.size);
    memcpy(text, TAG_PREFIX, prefix);
    memcpy(text + prefix, tag.data, tag.size);
    return bytes_of(text, prefix + tag.size);
}

static struct signal account_signal(struct judgement *judgement, enum signal_kind kind,
                                    enum subject_kind to_kind, struct bytes to_id)
{
    const struct bytes id = id_text(judgement, id_next(judgement, judgement->policy));
    return (struct signal){
        .event_id = id_numbered(judgement, id, 0),
        .occurred_at = judgement->court->now_ms,
        .subject_kind = to_kind,
        .subject_id = to_id,
        .kind = kind,
        .from_kind = judgement->facts->subject_kind,
        .from_id = judgement->facts->subject_id,
        .category = CATEGORY_NONE,
        .area = AREA_ALL,
        .severity = SEVERITY_NONE,
        .decided_at = {judgement->court->decided_ms, true},
        .source_kind = SOURCE_KIND_NONE,
    };
}

static void signal_send(struct judgement *judgement, const struct signal *signal)
{
    judgement->court->outbox->emit(judgement->court->outbox, &record_signal, signal);
}

static bool survives(enum measure measure)
{
    return measure == MEASURE_RESTRICT_PERM_ALL || measure == MEASURE_RESTRICT_PERM_AREA ||
           measure == MEASURE_RESTRICT_TEMP || measure == MEASURE_OWNER_RESTRICT;
}

static void store_restriction(struct judgement *judgement, const struct restriction_fact *row,
                              struct bytes subject)
{
    struct signal signal =
        account_signal(judgement, SIGNAL_KIND_TOMBSTONE_STORE, SUBJECT_KIND_USER, subject);
    const struct violation_fact *violation = violation_find(judgement->facts, row->case_number);
    signal.cause_decision_id =
        id_text(judgement, violation != NULL ? violation->decision_id : row->restriction_id);
    signal.category = row->category;
    signal.area = row->area;
    signal.measure = (struct optional_int){(int32_t)row->measure, true};
    signal.scopes = row->scopes;
    signal.expires_at = row->expires_at;
    signal.retain_until =
        (struct optional_long){row->expires_at.set ? row->expires_at.value
                                                   : judgement->court->decided_ms +
                                                         judgement->policy->tombstone_permanent_ms,
                               true};
    signal.policy_version = row->policy_version;
    signal_send(judgement, &signal);
}

/* A crime against a child keeps its author out of open chat whatever became of the measure. */
static void store_child(struct judgement *judgement, const struct violation_fact *violation,
                        struct bytes subject)
{
    struct signal signal =
        account_signal(judgement, SIGNAL_KIND_TOMBSTONE_STORE, SUBJECT_KIND_USER, subject);
    signal.cause_decision_id = id_text(judgement, violation->decision_id);
    signal.category = violation->category;
    signal.area = AREA_OPEN_CHAT_ROOM;
    signal.measure = (struct optional_int){MEASURE_RESTRICT_PERM_AREA, true};
    signal.scopes = BIT(SCOPE_OPEN_CHAT_USE);
    signal.retain_until = (struct optional_long){
        judgement->court->decided_ms + judgement->policy->tombstone_permanent_ms, true};
    signal.policy_version = violation->policy_version;
    signal_send(judgement, &signal);
}

static void store_all(struct judgement *judgement, struct bytes tag)
{
    struct subject_state *facts = judgement->facts;
    if (tag.data == NULL) {
        return; /* nothing could find it again */
    }
    const struct bytes subject = tag_subject(judgement, tag);
    bool banned = false;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *row = &facts->restrictions[i];
        if (survives(row->measure)) {
            store_restriction(judgement, row, subject);
        }
        banned = banned || row->measure == MEASURE_RESTRICT_PERM_ALL;
    }
    for (uint32_t i = 0; i < facts->violations_count && !banned; i++) {
        if (judgement->policy->categories[facts->violations[i].category].child) {
            store_child(judgement, &facts->violations[i], subject);
            return;
        }
    }
}

void erase(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const enum subject_kind kind = facts->subject_kind;
    const struct bytes id = facts->subject_id;
    const bool withdrawn = facts->account_state == ACCOUNT_STATE_WITHDRAWN;
    const struct ground ground = erase_ground(judgement);
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_ERASE, &ground, "f3");
    decision.audit.state = DECISION_STATE_ERASED;
    decision_close(judgement, &decision);
    if (facts->standing_shown) {
        facts->abuse_decided_at = (struct optional_long){0};
        facts->outcomes_count = 0;
        emit_standing(judgement, &decision);
    }
    if (kind == SUBJECT_KIND_USER) {
        emit_peer_tombstone(judgement, &decision);
        const struct signal signal =
            account_signal(judgement, SIGNAL_KIND_ERASE, SUBJECT_KIND_REPORTER, id);
        signal_send(judgement, &signal);
    }
    const int32_t timer_sequence = facts->timer_sequence;
    const uint32_t orders_count = facts->orders_count;
    judge_init(facts, kind, id);
    if (withdrawn) {
        facts->account_state = ACCOUNT_STATE_WITHDRAWN; /* later records about him are closed */
        /* A late signal may make an end that has passed again: its decision needs an id of its own. */
        facts->timer_at = (struct optional_long){judgement->court->decided_ms, timer_sequence > 0};
        facts->timer_sequence = timer_sequence;
        facts->orders_count = orders_count; /* their authorities are told all the same (I.21) */
    }
}

/* Each measure in force ends with a record of its own, before the row goes. */
static void lift_all(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    while (facts->restrictions_count > 0) {
        restriction_end(judgement, &facts->restrictions[0], END_REASON_ERASED, "f3");
    }
}

void withdraw(struct judgement *judgement, struct bytes tag)
{
    struct subject_state *facts = judgement->facts;
    ASSERT(facts->account_state != ACCOUNT_STATE_WITHDRAWN);
    facts->account_state = ACCOUNT_STATE_WITHDRAWN;
    store_all(judgement, tag);
    facts->rejoin_tag = facts->legal_holds > 0 ? text_keep(judgement, tag) : (struct bytes){0};
    appeals_close(judgement);
    lift_all(judgement);
    cases_close(judgement, "f3");
    if (facts->legal_holds == 0) {
        erase(judgement);
    }
}

void reporter_erase(struct judgement *judgement)
{
    appeals_close(judgement);
    lift_all(judgement);
    cases_close(judgement, "f3");
    erase(judgement);
}

void rejoin_check(struct judgement *judgement, struct bytes tag)
{
    const struct signal signal = account_signal(judgement, SIGNAL_KIND_REJOIN_CHECK,
                                                SUBJECT_KIND_USER, tag_subject(judgement, tag));
    signal_send(judgement, &signal);
}

void tombstones_prune(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->tombstones_count; i++) {
        if (facts->tombstones[i].retain_until > judgement->court->decided_ms) {
            facts->tombstones[kept++] = facts->tombstones[i];
        }
    }
    facts->tombstones_count = kept;
}

void tombstones_forget(struct judgement *judgement, struct bytes id)
{
    const struct subject_state *facts = judgement->facts;
    if (facts->rejoin_tag.data == NULL || id.data == NULL) {
        return;
    }
    struct signal signal = account_signal(judgement, SIGNAL_KIND_TOMBSTONE_STORE, SUBJECT_KIND_USER,
                                          tag_subject(judgement, facts->rejoin_tag));
    signal.cause_decision_id = id_text(judgement, id);
    signal_send(judgement, &signal);
}

/* The decision behind it was reversed: nobody inherits it, and who did already is told. */
static void tombstone_drop(struct judgement *judgement, struct bytes cause_hex)
{
    struct subject_state *facts = judgement->facts;
    uint8_t id[ID_SIZE];
    for (uint32_t i = id_parse(cause_hex, id) ? facts->tombstones_count : 0; i > 0; i--) {
        const struct tombstone_fact *item = &facts->tombstones[i - 1];
        if (!bytes_equal(item->decision_id, bytes_of(id, ID_SIZE))) {
            continue;
        }
        if (item->given_to.data != NULL) {
            struct signal signal = account_signal(judgement, SIGNAL_KIND_REJOIN_FOUND,
                                                  SUBJECT_KIND_USER, item->given_to);
            signal.cause_decision_id = cause_hex;
            signal_send(judgement, &signal);
        }
        LIST_REMOVE(facts->tombstones, facts->tombstones_count, i - 1);
    }
}

void tombstone_store(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t id[ID_SIZE];
    if (!signal->measure.set || !signal->retain_until.set) {
        tombstone_drop(judgement, signal->cause_decision_id);
        return;
    }
    if (facts->tombstones_count == TOMBSTONES_MAX) {
        facts->tombstones_count--;
        memmove(&facts->tombstones[0], &facts->tombstones[1],
                facts->tombstones_count * sizeof(facts->tombstones[0]));
    }
    facts->tombstones[facts->tombstones_count++] = (struct tombstone_fact){
        .measure = (enum measure)signal->measure.value,
        .category = signal->category,
        .area = signal->area,
        .scopes = signal->scopes,
        .decision_id = id_parse(signal->cause_decision_id, id)
                           ? arena_copy(judgement->court->arena, bytes_of(id, ID_SIZE))
                           : (struct bytes){0},
        .policy_version = signal->policy_version,
        .expires_at = signal->expires_at,
        .retain_until = signal->retain_until.value,
    };
}

/* Somebody with the tag registers again: what is still kept goes to his new record. */
void tombstones_answer(struct judgement *judgement, const struct signal *check)
{
    struct subject_state *facts = judgement->facts;
    tombstones_prune(judgement);
    for (uint32_t i = 0; i < facts->tombstones_count; i++) {
        struct tombstone_fact *item = &facts->tombstones[i];
        item->given_to = text_keep(judgement, check->from_id);
        struct signal signal =
            account_signal(judgement, SIGNAL_KIND_REJOIN_FOUND, SUBJECT_KIND_USER, check->from_id);
        signal.cause_decision_id = id_text(judgement, item->decision_id);
        signal.category = item->category;
        signal.area = item->area;
        signal.measure = (struct optional_int){(int32_t)item->measure, true};
        signal.scopes = item->scopes;
        signal.expires_at = item->expires_at;
        signal.retain_until = (struct optional_long){item->retain_until, true};
        signal.policy_version = item->policy_version;
        signal_send(judgement, &signal);
    }
}

/* What was inherited goes with the decision that it came from. */
static void rejoin_reverse(struct judgement *judgement, struct bytes cause_hex)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (cause_hex.data != NULL && bytes_equal(facts->restrictions[i].request_id, cause_hex)) {
            restriction_reverse(judgement, &facts->restrictions[i], END_REASON_REVIEWER,
                                "dispute.reversed");
            return;
        }
    }
}

/* The measure goes on under the new account: no strike comes with it. */
void rejoin_apply(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    if (!signal->measure.set) {
        rejoin_reverse(judgement, signal->cause_decision_id);
        return;
    }
    if (signal->expires_at.set && signal->expires_at.value <= now_ms) {
        return;
    }
    struct ground ground = erase_ground(judgement);
    ground.category = signal->category;
    ground.lane = judgement->policy->categories[signal->category].lane;
    ground.area = signal->area;
    ground.ledger = ledger_of(judgement->policy, SUBJECT_KIND_USER, signal->area);
    facts->account_state = ACCOUNT_STATE_REJOINED;
    struct decision decision;
    decision_open(judgement, &decision,
                  policy_version(judgement->court->policies, signal->policy_version, now_ms),
                  AUDIT_ACTION_DECIDE, &ground, "f3.rejoin");
    decision.payload.cause_decision_id = signal->cause_decision_id;
    struct restriction_fact made = {
        .measure = (enum measure)signal->measure.value,
        .target_kind = TARGET_KIND_USER,
        .area = signal->area,
        .ledger = ground.ledger,
        .scopes = signal->scopes,
        .category = signal->category,
        .expires_at = signal->expires_at,
        .end_disclosed = true,
        .request_id = text_keep(judgement, signal->cause_decision_id),
    };
    measure_apply(judgement, &decision, &made, NULL);
    emit_restriction_notice(judgement, &decision, NOTICE_KIND_RESTRICTION_APPLIED, &made);
}
