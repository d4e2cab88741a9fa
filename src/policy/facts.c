/* The lists of a subject's row: finding, inserting in order, dropping what nothing can need any
 * more.
 *
 * Kept: event ids for the duplicate horizon; a report for that horizon, and as long as its case is
 * open or its violation is kept; a case as long as it is open, its outcome or hold may be appealed,
 * or a report or violation of it is kept; a violation while its strike counts, its measure runs, it
 * may still be appealed or its act is not stale, and as long as a later one in whose step it counted;
 * a measure that rests on no case while it may be appealed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#include "base/digest.h"

#define ENDED_MAX COUNT_OF(((struct subject_state *)NULL)->ended)

static uint32_t bound(int32_t wanted, size_t most)
{
    ASSERT(most > 0);
    return wanted > 0 && (size_t)wanted < most ? (uint32_t)wanted : (uint32_t)most;
}

bool event_seen(struct judgement *judgement, struct bytes event_id)
{
    struct subject_state *facts = judgement->facts;
    const int64_t hash = (int64_t)(hash64(event_id) * UINT64_C(0x9E3779B97F4A7C15) +
                                   hash64(judgement->court->trigger->topic));
    const struct event_fact *const end = facts->event_ids + facts->event_ids_count;
    for (const struct event_fact *item = facts->event_ids; item < end; item++) {
        if (item->hash == hash) {
            return true;
        }
    }
    const uint32_t most = bound(judgement->policy->event_ids_max, EVENT_IDS_MAX);
    while (facts->event_ids_count >= most) {
        LIST_REMOVE(facts->event_ids, facts->event_ids_count, 0);
    }
    facts->event_ids[facts->event_ids_count++] =
        (struct event_fact){.hash = hash, .at = judgement->court->decided_ms};
    return false;
}

struct case_fact *case_find(struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (facts->cases[i].number == number) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

void case_remove(struct subject_state *facts, struct case_fact *item)
{
    const size_t place = (size_t)(item - facts->cases);
    ASSERT(place < facts->cases_count);
    for (uint32_t i = facts->asked_count; i > 0; i--) {
        if (facts->asked[i - 1].number == item->number) {
            LIST_REMOVE(facts->asked, facts->asked_count, i - 1);
        }
    }
    LIST_REMOVE(facts->cases, facts->cases_count, place);
}

struct violation_fact *violation_find(struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        if (facts->violations[i].number == number) {
            return &facts->violations[i];
        }
    }
    return NULL;
}

struct violation_fact *violation_insert(struct subject_state *facts,
                                        const struct violation_fact *violation)
{
    ASSERT(facts->violations_count < VIOLATIONS_MAX);
    uint32_t place = facts->violations_count;
    while (place > 0 && facts->violations[place - 1].decided_at > violation->decided_at) {
        facts->violations[place] = facts->violations[place - 1];
        place--;
    }
    facts->violations[place] = *violation;
    facts->violations_count++;
    return &facts->violations[place];
}

void violation_drop(struct subject_state *facts, struct violation_fact *violation)
{
    const size_t place = (size_t)(violation - facts->violations);
    ASSERT(place < facts->violations_count);
    LIST_REMOVE(facts->violations, facts->violations_count, place);
}

struct restriction_fact *restriction_of(struct subject_state *facts, int32_t case_number,
                                        enum measure measure)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        struct restriction_fact *item = &facts->restrictions[i];
        if (item->case_number == case_number && item->measure == measure) {
            return item;
        }
    }
    return NULL;
}

void restriction_drop(struct subject_state *facts, struct restriction_fact *restriction)
{
    const size_t place = (size_t)(restriction - facts->restrictions);
    ASSERT(place < facts->restrictions_count);
    for (uint32_t i = facts->claims_count; i > 0; i--) {
        if (facts->claims[i - 1].number == restriction->case_number) {
            LIST_REMOVE(facts->claims, facts->claims_count, i - 1);
        }
    }
    LIST_REMOVE(facts->restrictions, facts->restrictions_count, place);
}

/* Until when a violation is kept for its own sake; TIME_NEVER_MS while its measure runs without end. */
static int64_t violation_needed_until(const struct policies *policies,
                                    const struct violation_fact *violation)
{
    const struct policy *policy =
        policy_version(policies, violation->policy_version, violation->act_at);
    int64_t until = violation->decided_at + policy->appeal_window_ms;
    if (violation->expires_at > until) {
        until = violation->expires_at;
    }
    /* Its act gives no second strike as long as it is not stale, whatever it is found to be then (F16). */
    for (int i = 0; i < SEVERITY_COUNT && violation->weight > 0; i++) {
        const int64_t stale = violation->act_at + policy->severities[i].window_ms;
        until = stale > until ? stale : until;
    }
    if (violation->state.set && violation->state.value == DECISION_STATE_IN_FORCE) {
        if (!violation->ends_at.set) {
            return TIME_NEVER_MS;
        }
        /* A day more than its end: the timer that ends it needs the fact. */
        const int64_t end = violation->ends_at.value + DAY_MS;
        until = end > until ? end : until;
    }
    return until;
}

/* A step is derived from all that counted at its time, also from what has run out since: a strike
 * that went before its last step would make that step smaller. */
static int64_t violation_keep_until(const struct policies *policies,
                                    const struct subject_state *facts,
                                    const struct violation_fact *item)
{
    const struct violation_fact *const end = facts->violations + facts->violations_count;
    int64_t until = violation_needed_until(policies, item);
    for (const struct violation_fact *later = item + 1; later < end; later++) {
        if (later->ledger == item->ledger && later->decided_at < item->expires_at) {
            const int64_t needed = violation_needed_until(policies, later);
            until = needed > until ? needed : until;
        }
    }
    return until;
}

bool is_appealed(const struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->appeals_count; i++) {
        if (facts->appeals[i].open && facts->appeals[i].case_number == number) {
            return true;
        }
    }
    return false;
}

/* An open appeal or dispute keeps what it may still take away. */
static bool is_disputed(const struct subject_state *facts, int32_t number)
{
    return facts->legal_holds > 0 || is_appealed(facts, number);
}

/* A deadline is met at its very time (I.1). */
static int64_t appealable_until(const struct policies *policies, int64_t decided_ms)
{
    return decided_ms + policies_at(policies, decided_ms)->appeal_window_ms + 1;
}

void ended_keep(struct subject_state *facts, const struct restriction_fact *restriction)
{
    const int32_t number = restriction->case_number;
    if (violation_find(facts, number) != NULL || case_find(facts, number) != NULL) {
        return; /* these remember it */
    }
    for (uint32_t i = 0; facts->ended_count == ENDED_MAX && i < ENDED_MAX; i++) {
        if (!is_appealed(facts, facts->ended[i].case_number)) {
            LIST_REMOVE(facts->ended, facts->ended_count, i);
        }
    }
    ASSERT(facts->ended_count < ENDED_MAX); /* fewer appeals are kept */
    facts->ended[facts->ended_count++] = *restriction;
}

static void prune_ended(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = facts->ended_count; i > 0; i--) {
        const struct restriction_fact *item = &facts->ended[i - 1];
        if (appealable_until(judgement->court->policies, item->decided_at) <=
                judgement->court->decided_ms &&
            !is_disputed(facts, item->case_number)) {
            LIST_REMOVE(facts->ended, facts->ended_count, i - 1);
        }
    }
}

static int64_t report_keep_until(const struct judgement *judgement,
                                 const struct report_fact *report)
{
    struct subject_state *facts = judgement->facts;
    const struct case_fact *item = case_find(facts, report->case_number);
    if (item != NULL && !item->outcome.set) {
        return TIME_NEVER_MS;
    }
    if (violation_find(facts, report->case_number) != NULL) {
        return TIME_NEVER_MS; /* it goes with its violation */
    }
    const int64_t last = report->decided_at.set && report->decided_at.value > report->at
                             ? report->decided_at.value
                             : report->at;
    const int64_t until = last + judgement->horizon_ms;
    const int64_t request_until = report->at + judgement->policy->room_request_window_ms;
    return report->source_kind == SOURCE_KIND_INSTITUTION_REPORT && request_until > until
               ? request_until
               : until;
}

/* Behaviour is kept for its window only. */
static void prune_behaviour(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    if (facts->targets_count > 0 && facts->targets[facts->targets_count - 1].at <=
                                        now_ms - judgement->policy->burst_window_ms) {
        facts->targets_count = 0;
    }
    if (facts->trips_count > 0 && facts->trips[facts->trips_count - 1].at <=
                                      now_ms - judgement->policy->protection.trip_window_ms) {
        facts->trips_count = 0;
    }
}

static void prune_events(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t from = judgement->court->decided_ms - judgement->horizon_ms;
    uint32_t old = 0;
    while (old < facts->event_ids_count && facts->event_ids[old].at <= from) {
        old++;
    }
    if (old > 0) {
        facts->event_ids_count -= old;
        memmove(facts->event_ids, facts->event_ids + old,
                facts->event_ids_count * sizeof(facts->event_ids[0]));
    }
}

static void prune_violations(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const struct policies *policies = judgement->court->policies;
    const int64_t now_ms = judgement->court->decided_ms;
    for (uint32_t i = facts->violations_count; i > 0; i--) {
        struct violation_fact *item = &facts->violations[i - 1];
        if (violation_needed_until(policies, item) <= now_ms &&
            violation_keep_until(policies, facts, item) <= now_ms &&
            !is_disputed(facts, item->number)) {
            violation_drop(facts, item);
        }
    }
}

/* The report goes and its case stays, for an appeal: that may still find when the act was. */
static void remember_act(struct subject_state *facts, const struct report_fact *report)
{
    struct case_fact *item = case_find(facts, report->case_number);
    if (item != NULL && !report->request &&
        (!item->act_at.set || report->act_at < item->act_at.value)) {
        item->act_at = (struct optional_long){report->act_at, true};
    }
}

static void prune_reports(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t from = judgement->court->decided_ms - judgement->horizon_ms;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (item->at > from || report_keep_until(judgement, item) > judgement->court->decided_ms) {
            if (kept != i) {
                facts->reports[kept] = *item;
            }
            kept++;
        } else {
            remember_act(facts, item);
        }
    }
    facts->reports_count = kept;
}

/* As long as its outcome or its hold may be appealed. */
static int64_t case_keep_until(const struct policies *policies, const struct case_fact *item)
{
    const int64_t hold =
        item->hold_id.data == NULL ? -1 : appealable_until(policies, item->hold_at.value);
    const int64_t outcome =
        item->outcome.set ? appealable_until(policies, item->decided_at.value) : -1;
    return hold > outcome ? hold : outcome;
}

static bool case_is_needed(const struct judgement *judgement, const struct case_fact *item)
{
    struct subject_state *facts = judgement->facts;
    if (case_keep_until(judgement->court->policies, item) > judgement->court->decided_ms ||
        is_disputed(facts, item->number)) {
        return true;
    }
    if (!item->outcome.set || violation_find(facts, item->number) != NULL) {
        return true;
    }
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].case_number == item->number) {
            return true;
        }
    }
    return false;
}

static bool is_measure(const struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (facts->restrictions[i].case_number == number) {
            return true;
        }
    }
    for (uint32_t i = 0; i < facts->ended_count; i++) {
        if (facts->ended[i].case_number == number) {
            return true;
        }
    }
    return false;
}

/* An appeal is kept until it is decided, and as long as what it is about. */
static void prune_appeals(struct subject_state *facts)
{
    for (uint32_t i = facts->appeals_count; i > 0; i--) {
        const int32_t number = facts->appeals[i - 1].case_number;
        if (!facts->appeals[i - 1].open && violation_find(facts, number) == NULL &&
            case_find(facts, number) == NULL && !is_measure(facts, number)) {
            LIST_REMOVE(facts->appeals, facts->appeals_count, i - 1);
        }
    }
}

void facts_prune(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    prune_events(judgement);
    prune_behaviour(judgement);
    if (facts->violations_count > 0) {
        prune_violations(judgement);
    }
    const int64_t from = judgement->court->decided_ms - judgement->horizon_ms;
    if (facts->reports_count > 0 && facts->reports[0].at <= from) {
        prune_reports(judgement);
    }
    for (uint32_t i = facts->cases_count; i > 0; i--) {
        struct case_fact *item = &facts->cases[i - 1];
        if (item->outcome.set && !case_is_needed(judgement, item)) {
            case_remove(facts, item);
        }
    }
    if (facts->ended_count > 0) {
        prune_ended(judgement);
    }
    if (facts->appeals_count > 0) {
        prune_appeals(facts);
    }
    if (facts->tombstones_count > 0) {
        tombstones_prune(judgement);
    }
    if (facts->marks_count > 0) {
        marks_prune(judgement);
    }
    if (facts->proofs_count > 0 || facts->wanted_proofs_count > 0) {
        proofs_prune(judgement, policies_proof_wait(judgement->court->policies));
    }
}

static bool has_violation(const struct subject_state *facts, int32_t number)
{
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        if (facts->violations[i].number == number) {
            return true;
        }
    }
    return false;
}

static int64_t later(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

/* The latest time among the reports that go by time alone; -1: none. */
static int64_t reports_purge_at(const struct policies *policies, const struct subject_state *facts)
{
    const int64_t horizon_ms = policies_horizon(policies);
    const int64_t request_ms = policies_request_window(policies);
    int64_t last = -1;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        const bool waits = has_violation(facts, item->case_number);
        const int64_t at = item->decided_at.set && item->decided_at.value > item->at
                               ? item->decided_at.value
                               : item->at;
        if (waits) {
            continue;
        }
        last = later(last, at + horizon_ms);
        if (item->source_kind == SOURCE_KIND_INSTITUTION_REPORT) {
            last = later(last, item->at + request_ms);
        }
    }
    return last;
}

int64_t facts_purge_at(const struct policies *policies, const struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (!facts->cases[i].outcome.set) {
            return TIME_NEVER_MS; /* the decision of the case looks again */
        }
    }
    for (uint32_t i = 0; i < facts->appeals_count; i++) {
        if (facts->appeals[i].open) {
            return TIME_NEVER_MS;
        }
    }
    if (facts->legal_holds > 0) {
        return TIME_NEVER_MS;
    }
    int64_t last = reports_purge_at(policies, facts);
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (!has_violation(facts, facts->cases[i].number)) {
            last = later(last, case_keep_until(policies, &facts->cases[i]));
        }
    }
    for (uint32_t i = 0; i < facts->ended_count; i++) {
        last = later(last, appealable_until(policies, facts->ended[i].decided_at));
    }
    for (uint32_t i = 0; i < facts->tombstones_count; i++) {
        last = later(last, facts->tombstones[i].retain_until);
    }
    int64_t newest = -1;
    if (facts->event_ids_count > 0) {
        newest = facts->event_ids[facts->event_ids_count - 1].at;
    }
    if (facts->targets_count > 0 && facts->targets[facts->targets_count - 1].at > newest) {
        newest = facts->targets[facts->targets_count - 1].at;
    }
    if (facts->trips_count > 0 && facts->trips[facts->trips_count - 1].at > newest) {
        newest = facts->trips[facts->trips_count - 1].at;
    }
    if (facts->proofs_count > 0) {
        last =
            later(last, facts->proofs[facts->proofs_count - 1].at + policies_proof_wait(policies));
    }
    if (facts->wanted_proofs_count > 0) {
        last = later(last, facts->wanted_proofs[facts->wanted_proofs_count - 1].at +
                               policies_proof_wait(policies));
    }
    if (newest >= 0 && newest + policies_horizon(policies) > last) {
        last = newest + policies_horizon(policies);
    }
    for (uint32_t i = 0; i < facts->violations_count; i++) {
        const int64_t until = violation_keep_until(policies, facts, &facts->violations[i]);
        last = until != TIME_NEVER_MS && until > last ? until : last;
    }
    return last < 0 ? TIME_NEVER_MS : last;
}
