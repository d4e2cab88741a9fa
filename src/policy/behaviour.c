/* Behaviour metadata: it may start USER_PROTECTION, which is no sanction and lifts itself, and
 * enrich a reported case; alone it is never a violation (rule 14, F2, I.13, I.18).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#include "base/digest.h"

#define TARGETS_MAX COUNT_OF(((struct subject_state *)NULL)->targets)
#define TRIPS_MAX COUNT_OF(((struct subject_state *)NULL)->trips)

static void target_put(struct judgement *judgement, const struct chat_event *event, bool board)
{
    struct subject_state *facts = judgement->facts;
    const struct target_fact made = {
        .peer = (int64_t)hash64(event->peer_id),
        .board = board,
        .private_area = judgement->policy->areas[event->area].class == AREA_CLASS_PRIVATE,
        .at = judgement->court->decided_ms,
    };
    const int64_t from = made.at - judgement->policy->burst_window_ms;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->targets_count; i++) {
        const struct target_fact *item = &facts->targets[i];
        const bool same = item->peer == made.peer && item->board == made.board &&
                          item->private_area == made.private_area;
        if (!same && item->at > from) {
            facts->targets[kept++] = *item;
        }
    }
    if (kept == TARGETS_MAX) {
        kept--;
        memmove(&facts->targets[0], &facts->targets[1], kept * sizeof(facts->targets[0]));
    }
    facts->targets[kept++] = made;
    facts->targets_count = kept;
}

int32_t burst_targets(const struct judgement *judgement, const struct policy *policy,
                      enum category category, enum area_class class)
{
    const struct subject_state *facts = judgement->facts;
    const int64_t from = judgement->court->decided_ms - policy->burst_window_ms;
    int32_t count = 0;
    for (uint32_t i = 0; i < facts->targets_count; i++) {
        const struct target_fact *item = &facts->targets[i];
        count += item->at > from && item->board == (category == CATEGORY_SPAM_BOARD_LIKE_FRIEND) &&
                         item->private_area == (class == AREA_CLASS_PRIVATE)
                     ? 1
                     : 0;
    }
    return count;
}

static int32_t trip_limit(const struct policy *policy, enum chat_event_kind kind)
{
    const struct policy_protection *protection = &policy->protection;
    return kind == CHAT_EVENT_KIND_FRIEND_ADD ? protection->friend_adds
           : kind == CHAT_EVENT_KIND_JOIN     ? protection->open_chat_joins
                                              : protection->rooms_made;
}

static struct restriction_fact *protection_of(struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        if (facts->restrictions[i].measure == MEASURE_USER_PROTECTION) {
            return &facts->restrictions[i];
        }
    }
    return NULL;
}

static struct ground protection_ground(const struct judgement *judgement, enum area area)
{
    return (struct ground){
        .category = CATEGORY_ABNORMAL_ENVIRONMENT,
        .severity = SEVERITY_NONE,
        .lane = LANE_PROTECTION,
        .area = area,
        .ledger = LEDGER_NONE,
        .source_kind = SOURCE_KIND_BEHAVIOUR_SIGNAL,
        .automation = AUTOMATION_FULL,
        .act_at = judgement->court->decided_ms,
    };
}

/* By order, not by time: late reports are judged at one clock. */
static void reports_spend(struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        facts->reports[i].protected = true;
    }
}

static void protection_start(struct judgement *judgement, enum area area)
{
    struct subject_state *facts = judgement->facts;
    const struct policy *policy = judgement->policy;
    const int64_t now_ms = judgement->court->decided_ms;
    const struct ground ground = protection_ground(judgement, area);
    struct decision decision;
    if (facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        return; /* nobody is there to be protected */
    }
    decision_open(judgement, &decision, policy, AUDIT_ACTION_DECIDE, &ground, NULL);
    decision.payload.smaller_scope = bytes_text("protection");
    const struct restriction_fact made = {
        .restriction_id = decision.id,
        .decision_id = decision.id,
        .case_number = facts->next_case++,
        .measure = MEASURE_USER_PROTECTION,
        .target_kind = TARGET_KIND_USER,
        .area = AREA_ALL,
        .ledger = LEDGER_NONE,
        .scopes = policy->protection.scopes,
        .category = CATEGORY_ABNORMAL_ENVIRONMENT,
        .policy_version = policy->version,
        .source_kind = SOURCE_KIND_BEHAVIOUR_SIGNAL,
        .automation = AUTOMATION_FULL,
        .decided_at = now_ms,
        .starts_at = now_ms,
        .expires_at = {now_ms + policy->protection.duration_ms, true},
        .state = DECISION_STATE_IN_FORCE,
        .end_disclosed = false,
    };
    const struct restriction_fact *row = restriction_add(judgement, &made);
    if (row == NULL) {
        decision.audit.action = AUDIT_ACTION_REFUSE;
        decision.audit.rule = bytes_text("limit.restrictions");
        decision_close(judgement, &decision);
        return;
    }
    reports_spend(facts);
    const struct restriction_change change = {.op = RESTRICTION_OP_APPLY};
    restriction_publish(judgement, &decision, row, &change, NOTICE_KIND_PROTECTION_APPLIED, true);
}

/* A new end of the running protection; the notice says nothing of when. */
static void protection_move(struct judgement *judgement, struct restriction_fact *row,
                            int64_t end_ms, bool identity)
{
    struct ground ground = protection_ground(judgement, row->area);
    ground.source_kind = identity ? SOURCE_KIND_IDENTITY_PROOF : ground.source_kind;
    struct decision decision;
    decision_open(judgement, &decision, judgement->policy, AUDIT_ACTION_DECIDE, &ground,
                  identity ? "identity" : "protection.extended");
    decision.payload.smaller_scope = bytes_text("protection");
    const struct restriction_change change = {
        .op = identity ? RESTRICTION_OP_SHORTEN : RESTRICTION_OP_EXTEND,
        .prior_decision_id = row->decision_id,
        .ends = identity,
        .end_reason = END_REASON_IDENTITY_CONFIRMED,
    };
    row->decision_id = decision.id;
    row->expires_at = (struct optional_long){end_ms, true};
    restriction_publish(judgement, &decision, row, &change,
                        identity ? NOTICE_KIND_PROTECTION_RELAXED : NOTICE_KIND_PROTECTION_EXTENDED,
                        true);
}

static void protection_extend(struct judgement *judgement, struct restriction_fact *row)
{
    const struct policy_protection *protection = &judgement->policy->protection;
    const int64_t now_ms = judgement->court->decided_ms;
    if (judgement->facts->account_state == ACCOUNT_STATE_MEMORIAL) {
        return; /* what runs keeps its end (F14) */
    }
    int64_t end_ms = now_ms + protection->extension_ms;
    const int64_t longest_ms = row->starts_at + protection->longest_ms;
    end_ms = end_ms < longest_ms ? end_ms : longest_ms;
    reports_spend(judgement->facts);
    if (end_ms > row->expires_at.value) {
        protection_move(judgement, row, end_ms, false);
    }
}

/* Adds to the sliding hour; a trip uses up the events that made it. */
void trip_count(struct judgement *judgement, enum chat_event_kind kind, int32_t count,
                enum area area)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    const int64_t from = now_ms - judgement->policy->protection.trip_window_ms;
    const int32_t limit = trip_limit(judgement->policy, kind);
    int64_t sum = count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->trips_count; i++) {
        if (facts->trips[i].at > from) {
            facts->trips[kept] = facts->trips[i];
            sum += facts->trips[kept].kind == kind ? facts->trips[kept].count : 0;
            kept++;
        }
    }
    facts->trips_count = kept;
    if (limit < 1 || sum < limit) {
        if (kept == TRIPS_MAX) {
            facts->trips_count = --kept;
            memmove(&facts->trips[0], &facts->trips[1], kept * sizeof(facts->trips[0]));
        }
        facts->trips[facts->trips_count++] =
            (struct trip_fact){.kind = kind, .at = now_ms, .count = count};
        return;
    }
    check_add(judgement,
              kind == CHAT_EVENT_KIND_FRIEND_ADD ? "protection.friend-adds"
              : kind == CHAT_EVENT_KIND_JOIN     ? "protection.joins"
                                                 : "protection.rooms",
              sum, limit, true);
    kept = 0;
    for (uint32_t i = 0; i < facts->trips_count; i++) {
        if (facts->trips[i].kind != kind) {
            facts->trips[kept++] = facts->trips[i];
        }
    }
    facts->trips_count = kept;
    struct restriction_fact *row = protection_of(facts);
    if (row != NULL) {
        protection_extend(judgement, row);
    } else {
        protection_start(judgement, area);
    }
}

void protection_reported(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    struct restriction_fact *row = protection_of(facts);
    const int32_t enough = judgement->policy->protection.extension_reports;
    if (row == NULL || enough < 1) {
        return;
    }
    const struct bytes *known[REPORTS_MAX];
    int32_t count = 0;
    for (uint32_t i = 0; i < facts->reports_count && count < enough; i++) {
        const struct report_fact *report = &facts->reports[i];
        /* What I.4 answers at once counts nowhere. */
        bool counts = !report->protected && report->reporter_id.data != NULL && !report->answered &&
                      !report->silent &&
                      (report->reporter_class == REPORTER_CLASS_NORMAL ||
                       report->reporter_class == REPORTER_CLASS_TRUSTED);
        for (int32_t k = 0; k < count && counts; k++) {
            counts = !bytes_equal(*known[k], report->reporter_id);
        }
        if (counts) {
            known[count++] = &report->reporter_id;
        }
    }
    if (count >= enough) {
        check_add(judgement, "protection.reports", count, enough, true);
        protection_extend(judgement, row);
    }
}

bool protection_relax(struct judgement *judgement)
{
    struct restriction_fact *row = protection_of(judgement->facts);
    const int64_t end_ms =
        judgement->court->decided_ms + judgement->policy->protection.identity_end_ms;
    if (row == NULL || end_ms >= row->expires_at.value) {
        return false;
    }
    protection_move(judgement, row, end_ms, true);
    return true;
}

void behaviour_judge(struct judgement *judgement, const struct chat_event *event)
{
    const bool invite = event->kind == CHAT_EVENT_KIND_INVITE;
    const bool board = event->kind == CHAT_EVENT_KIND_POST || event->kind == CHAT_EVENT_KIND_LIKE ||
                       event->kind == CHAT_EVENT_KIND_FRIEND_ADD;
    const int32_t count = event->count < 1 ? 1 : event->count;
    if ((invite || board) && event->peer_id.data != NULL) {
        target_put(judgement, event, board);
        burst_evaluate(judgement, board ? CATEGORY_SPAM_BOARD_LIKE_FRIEND : CATEGORY_SPAM_INVITE);
    }
    const bool open_join = event->kind == CHAT_EVENT_KIND_JOIN &&
                           judgement->policy->areas[event->area].ledger == LEDGER_OPEN_CHAT;
    if (event->kind == CHAT_EVENT_KIND_FRIEND_ADD || open_join) {
        trip_count(judgement, event->kind, count, event->area);
    }
}
