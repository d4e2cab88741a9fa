/* Review requests: what a person is asked, and when the question is closed.
 *
 * A case has at most one open review of its own (case_fact.review); reviews of a ladder or of a
 * decision that the breaker holds are in the list `reviews`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

enum { PRIORITY_FIRST = 0, PRIORITY_HOLD = 1, PRIORITY_OTHER = 2 };

/* Reports, references and counts of a case. */
static void fill_reports(const struct judgement *judgement, int32_t case_number,
                         struct review_request *review)
{
    const struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != case_number || case_number == NO_CASE) {
            continue;
        }
        if (review->report_ids_count < REFS_MAX) {
            review->report_ids[review->report_ids_count++] = report->event_id;
        }
        if (report->evidence_ref.data != NULL && review->evidence_refs_count < REFS_MAX) {
            review->evidence_refs[review->evidence_refs_count++] = report->evidence_ref;
        }
        review->reporters += report->counted ? 1 : 0;
        review->institution_reports +=
            report->source_kind == SOURCE_KIND_INSTITUTION_REPORT ? 1 : 0;
        if (report->source_kind == SOURCE_KIND_TRUSTED_FLAGGER) {
            review->priority = PRIORITY_FIRST;
        }
    }
}

/* Distinct rooms among the reports of a case. */
static int32_t count_rooms(const struct subject_state *facts, int32_t case_number)
{
    uint8_t places[REPORTS_MAX];
    int32_t rooms = 0;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *report = &facts->reports[i];
        if (report->case_number != case_number || report->room_id.data == NULL) {
            continue;
        }
        bool known = false;
        for (int32_t k = 0; k < rooms && !known; k++) {
            known = bytes_equal(facts->reports[places[k]].room_id, report->room_id);
        }
        if (!known) {
            places[rooms++] = (uint8_t)i;
        }
    }
    return rooms;
}

/* What a confirmation would lead to as things are. */
static void fill_proposal(const struct judgement *judgement, const struct policy *policy,
                          const struct case_fact *item, struct review_request *review)
{
    const struct policy_category *category = &policy->categories[item->category];
    const bool user = judgement->facts->subject_kind == SUBJECT_KIND_USER;
    if (user && category->severity == SEVERITY_CRITICAL) {
        review->proposed = (struct optional_int){MEASURE_RESTRICT_PERM_ALL, true};
        return;
    }
    const struct policy_ladder *ladder = &policy->ladders[item->ledger];
    if (ladder->step_count == 0 || item->forwarded ||
        (user && category->lane != LANE_LADDER && category->lane != LANE_HUMAN)) {
        return;
    }
    const enum severity severity =
        (item->raised || (category->spam && item->consent_withdrawn)) &&
                category->severity == SEVERITY_LIGHT
            ? SEVERITY_SEVERE
            : category->severity;
    int32_t stage =
        ladder_weight(judgement->facts, item->ledger, judgement->court->decided_ms) +
        (ladder->fixed_weight > 0 ? ladder->fixed_weight : policy->severities[severity].weight);
    if (stage < 1) {
        return;
    }
    stage = stage < (int32_t)ladder->step_count ? stage : (int32_t)ladder->step_count;
    review->proposed = (struct optional_int){(int32_t)ladder->steps[stage - 1].measure, true};
    review->proposed_stage = stage;
}

static void review_begin(const struct judgement *judgement, struct review_request *review,
                         struct bytes event_id, struct bytes case_hex)
{
    *review = (struct review_request){
        .event_id = event_id,
        .occurred_at = judgement->court->now_ms,
        .subject_kind = judgement->facts->subject_kind,
        .subject_id = judgement->facts->subject_id,
        .case_id = case_hex,
        .priority = PRIORITY_OTHER,
    };
}

static void review_send(struct judgement *judgement, const struct review_request *review)
{
    judgement->court->outbox->emit(judgement->court->outbox, &record_review_request, review);
}

/* REPORT_ABUSE: how many, and which part of the decided ones. */
static void fill_abuse(const struct judgement *judgement, struct review_request *review)
{
    int32_t decided = 0;
    reporter_count(judgement, &review->abuse_count, &decided);
    review->abuse_permille = decided > 0 ? review->abuse_count * 1000 / decided : 0;
}

void emit_case_review(struct judgement *judgement, struct case_fact *item,
                      enum review_action action, enum review_kind kind)
{
    const struct policy *policy = policies_at(judgement->court->policies, item->opened_at);
    const struct policy_category *category = &policy->categories[item->category];
    const struct bytes case_hex = id_text(judgement, item->case_id);
    const struct restriction_fact *hold =
        restriction_of(judgement->facts, item->number, MEASURE_PROVISIONAL_HOLD);
    struct review_request review FILLED_BELOW;
    review_begin(judgement, &review, id_numbered(judgement, case_hex, item->records++), case_hex);
    review.kind = kind;
    review.action = action;
    review.category = item->category;
    review.area = item->area;
    review.ledger = item->ledger;
    review.best_score = item->best_score;
    review.rooms = count_rooms(judgement->facts, item->number);
    const char *policy_doc = policy->areas[item->area].policy_doc;
    if (kind == REVIEW_KIND_OTHER_POLICY && policy_doc[0] != '\0') {
        review.policy_doc = bytes_text(policy_doc);
    }
    if (hold != NULL) {
        review.priority = PRIORITY_HOLD;
        review.decision_id = id_text(judgement, hold->decision_id);
        review.due_at = hold->expires_at;
    }
    fill_reports(judgement, item->number, &review);
    fill_proposal(judgement, policy, item, &review);
    if (category->child) {
        review.priority = PRIORITY_FIRST;
    }
    if (kind == REVIEW_KIND_REPORTER_ABUSE) {
        fill_abuse(judgement, &review);
    }
    review_send(judgement, &review);
}

void emit_decision_review(struct judgement *judgement, struct decision *decision,
                          enum review_kind kind, enum review_action action, int32_t case_number,
                          struct bytes target_id, struct bytes excluded_reviewer_ref)
{
    struct review_request review FILLED_BELOW;
    review_begin(judgement, &review, id_numbered(judgement, decision->id_hex, decision->records++),
                 decision->case_hex.data != NULL ? decision->case_hex : decision->id_hex);
    review.decision_id = id_text(judgement, target_id);
    review.kind = kind;
    review.action = action;
    review.category = decision->audit.category;
    review.area = decision->audit.area;
    review.ledger = decision->audit.ledger;
    review.excluded_reviewer_ref = excluded_reviewer_ref;
    fill_reports(judgement, case_number, &review);
    review_send(judgement, &review);
}

struct review_fact *review_find(struct subject_state *facts, enum review_kind kind,
                                int32_t case_number)
{
    for (uint32_t i = 0; i < facts->reviews_count; i++) {
        if (facts->reviews[i].kind == kind && facts->reviews[i].case_number == case_number) {
            return &facts->reviews[i];
        }
    }
    return NULL;
}

static struct review_fact *review_of_ladder(struct subject_state *facts, enum review_kind kind,
                                            enum ledger ledger)
{
    for (uint32_t i = 0; i < facts->reviews_count; i++) {
        if (facts->reviews[i].kind == kind && facts->reviews[i].ledger == ledger) {
            return &facts->reviews[i];
        }
    }
    return NULL;
}

/* A place for one more; the oldest gives way at the cap. */
static struct review_fact *review_place(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    if (facts->reviews_count == REVIEWS_MAX) {
        review_close(judgement, &facts->reviews[0]);
    }
    return &facts->reviews[facts->reviews_count++];
}

/* Who may release a held decision sees what it rests on and what it would be. */
static void fill_held(const struct judgement *judgement, const struct review_fact *fact,
                      struct review_request *review)
{
    const struct case_fact *item = case_find(judgement->facts, fact->case_number);
    if (item != NULL) {
        review->best_score = item->best_score;
        review->rooms = count_rooms(judgement->facts, item->number);
        fill_proposal(judgement, policies_at(judgement->court->policies, item->opened_at), item,
                      review);
    }
}

static void send_ladder_review(struct judgement *judgement, struct review_fact *fact,
                               enum review_action action, struct bytes decision_hex, int32_t stage)
{
    const struct bytes case_hex = id_text(judgement, fact->case_id);
    struct review_request review FILLED_BELOW;
    /* `case.kind.number`: never one of the case's own `case.number`. */
    review_begin(judgement, &review,
                 id_numbered(judgement, id_numbered(judgement, case_hex, (int64_t)fact->kind),
                             fact->records++),
                 case_hex);
    review.decision_id = decision_hex;
    review.kind = fact->kind;
    review.action = action;
    review.category = fact->category;
    review.area = fact->area;
    review.ledger = fact->ledger;
    review.proposed_stage = stage;
    fill_reports(judgement, fact->case_number, &review);
    if (fact->kind == REVIEW_KIND_LADDER_END) {
        review.proposed = (struct optional_int){MEASURE_RESTRICT_PERM_AREA, true};
    }
    if (fact->kind == REVIEW_KIND_BREAKER_HELD) {
        fill_held(judgement, fact, &review);
    }
    review_send(judgement, &review);
}

void review_open(struct judgement *judgement, struct decision *decision, enum review_kind kind,
                 const struct violation_fact *violation)
{
    struct review_fact *fact = review_of_ladder(judgement->facts, kind, violation->ledger);
    const enum review_action action = fact == NULL ? REVIEW_ACTION_OPEN : REVIEW_ACTION_UPDATE;
    if (fact == NULL) {
        fact = review_place(judgement);
        *fact = (struct review_fact){
            .kind = kind,
            .ledger = violation->ledger,
            .category = violation->category,
            .area = violation->area,
            .case_id = violation->case_id,
            .case_number = violation->number,
            .opened_at = judgement->court->decided_ms,
        };
    }
    send_ladder_review(judgement, fact, action, decision->id_hex, violation->stage);
}

void review_open_held(struct judgement *judgement, struct decision *decision,
                      struct case_fact *item)
{
    struct review_fact *fact =
        review_find(judgement->facts, REVIEW_KIND_BREAKER_HELD, item->number);
    const enum review_action action = fact == NULL ? REVIEW_ACTION_OPEN : REVIEW_ACTION_UPDATE;
    if (fact == NULL) {
        fact = review_place(judgement);
        *fact = (struct review_fact){
            .kind = REVIEW_KIND_BREAKER_HELD,
            .ledger = item->ledger,
            .category = item->category,
            .area = item->area,
            .case_id = item->case_id,
            .case_number = item->number,
            .opened_at = judgement->court->decided_ms,
        };
    }
    send_ladder_review(judgement, fact, action, decision->id_hex, decision->audit.stage_to);
}

void review_close(struct judgement *judgement, struct review_fact *review)
{
    struct subject_state *facts = judgement->facts;
    const size_t place = (size_t)(review - facts->reviews);
    ASSERT(place < facts->reviews_count);
    send_ladder_review(judgement, review, REVIEW_ACTION_CLOSE, (struct bytes){0}, 0);
    facts->reviews_count--;
    memmove(&facts->reviews[place], &facts->reviews[place + 1],
            (facts->reviews_count - place) * sizeof(facts->reviews[0]));
}
