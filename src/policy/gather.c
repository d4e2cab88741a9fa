/* Reports of several cases taken together: near-duplicates of one sender in many rooms, and the
 * requests of many users and an institution about one room (domain.md I.13, I.14).
 *
 * Confirmed, the reports leave the cases they were in for one of their own, so that one decision
 * answers them all and they count once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

struct gathering {
    bool take[REPORTS_MAX];
    int32_t reporters;
    int32_t rooms;
    int32_t institutions;
};

/* Undecided, on a lane where the ladder decides, and not left to a person. */
static bool is_open(const struct judgement *judgement, const struct report_fact *report,
                    enum ledger ledger)
{
    const struct case_fact *item = case_find(judgement->facts, report->case_number);
    return item != NULL && !item->outcome.set && !item->human && !item->forwarded &&
           item->held_decision_id.data == NULL && item->ledger == ledger && !report->silent &&
           judgement->policy->categories[item->category].lane == LANE_LADDER;
}

static bool counts(const struct report_fact *item)
{
    return item->reporter_id.data != NULL && item->source_kind != SOURCE_KIND_INSTITUTION_REPORT &&
           (item->reporter_class == REPORTER_CLASS_NORMAL ||
            item->reporter_class == REPORTER_CLASS_TRUSTED);
}

/* Distinct reporters, rooms and institutions among what is taken; reporters as I.9 counts them. */
static void count_gathering(const struct judgement *judgement, struct gathering *gathering)
{
    const struct subject_state *facts = judgement->facts;
    const struct report_fact *reporters[REPORTS_MAX];
    const struct report_fact *rooms[REPORTS_MAX];
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        if (!gathering->take[i]) {
            continue;
        }
        gathering->institutions += item->source_kind == SOURCE_KIND_INSTITUTION_REPORT ? 1 : 0;
        bool new_room = item->room_id.data != NULL;
        for (int32_t k = 0; k < gathering->rooms && new_room; k++) {
            new_room = !bytes_equal(rooms[k]->room_id, item->room_id);
        }
        if (new_room) {
            rooms[gathering->rooms++] = item;
        }
        int32_t burst = 0;
        bool new_reporter = counts(item);
        for (int32_t k = 0; k < gathering->reporters && new_reporter; k++) {
            new_reporter = !bytes_equal(reporters[k]->reporter_id, item->reporter_id);
            burst +=
                within(reporters[k]->at, item->at, judgement->policy->counted_window_ms) ? 1 : 0;
        }
        if (new_reporter && burst < judgement->policy->counted_per_window) {
            reporters[gathering->reporters++] = item;
        }
    }
}

static bool is_empty(const struct subject_state *facts, int32_t case_number)
{
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (facts->reports[i].case_number == case_number) {
            return false;
        }
    }
    return true;
}

/* Moves what is taken; a case left empty closes its review and is no more. */
static void move_reports(struct judgement *judgement, const struct gathering *gathering,
                         int32_t number)
{
    struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        if (gathering->take[i]) {
            facts->reports[i].case_number = number;
        }
    }
    for (uint32_t i = facts->cases_count; i > 0; i--) {
        struct case_fact *item = &facts->cases[i - 1];
        if (item->outcome.set) {
            continue;
        }
        if (item->number != number && item->review.value != REVIEW_KIND_ROOM_SPAM_PURPOSE &&
            is_empty(facts, item->number)) {
            case_close_review(judgement, item);
            case_remove(facts, item);
        } else {
            case_recount(judgement, item);
        }
    }
}

static struct case_fact *open_case_of(struct subject_state *facts, enum category category)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        if (facts->cases[i].category == category && !facts->cases[i].outcome.set) {
            return &facts->cases[i];
        }
    }
    return NULL;
}

/* One case for all of them, confirmed without a person. */
static void confirm_gathering(struct judgement *judgement, const struct gathering *gathering,
                              enum category category, enum area area, enum ledger ledger)
{
    struct subject_state *facts = judgement->facts;
    struct case_fact *item = open_case_of(facts, category);
    if (item == NULL || item->ledger != ledger) {
        item = case_open(judgement, judgement->policy, category, area, ledger);
    }
    if (item == NULL) {
        return; /* the row is full of open cases: each goes its own way */
    }
    const int32_t number = item->number;
    const struct finding finding = {.automation = AUTOMATION_FULL};
    move_reports(judgement, gathering, number);
    item = case_find(facts, number);
    ASSERT(item != NULL);
    item->human = false;
    case_confirm(judgement, item, &finding);
}

/* Two messages are near-duplicates if enough of their 16 values are equal, made under one key. */
static bool similar(const struct policy *policy, const struct report_fact *left,
                    const struct report_fact *right)
{
    int32_t equal = 0;
    if (left->sketch.data == NULL || right->sketch.data == NULL ||
        left->sketch.size != right->sketch.size ||
        !bytes_equal(left->sketch_key, right->sketch_key)) {
        return false;
    }
    for (size_t i = 0; i + 1 < left->sketch.size; i += 2) {
        equal += left->sketch.data[i] == right->sketch.data[i] &&
                         left->sketch.data[i + 1] == right->sketch.data[i + 1]
                     ? 1
                     : 0;
    }
    return equal >= policy->sketch_equal_min;
}

void cluster_evaluate(struct judgement *judgement, const struct admission *admission,
                      enum area area)
{
    struct subject_state *facts = judgement->facts;
    const struct policy *policy = judgement->policy;
    const struct report_fact *newest = &facts->reports[facts->reports_count - 1];
    const struct policy_evidence *evidence = evidence_of(policy, admission->class);
    if (facts->subject_kind != SUBJECT_KIND_USER || newest->sketch.data == NULL ||
        !policy->categories[newest->category].spam ||
        !is_open(judgement, newest, admission->ledger)) {
        return;
    }
    struct gathering gathering = {0};
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        gathering.take[i] =
            policy->categories[item->category].spam &&
            within(item->at, judgement->court->decided_ms, policy->multiroom_window_ms) &&
            similar(policy, item, newest) && is_open(judgement, item, admission->ledger);
    }
    count_gathering(judgement, &gathering);
    const bool rooms = gathering.rooms >= evidence->multiroom_rooms;
    const bool reporters = gathering.reporters >= evidence->multiroom_reporters;
    if (rooms && reporters) {
        check_add(judgement, "cluster.rooms", gathering.rooms, evidence->multiroom_rooms, true);
        check_add(judgement, "cluster.reporters", gathering.reporters,
                  evidence->multiroom_reporters, true);
        confirm_gathering(judgement, &gathering, CATEGORY_SPAM_REPEAT_MULTIROOM, area,
                          admission->ledger);
    }
}

/* An institution's request counts once, whatever its category, until a person decides it (I.14). */
static bool is_unused_request(const struct judgement *judgement, const struct report_fact *report)
{
    const struct case_fact *item = case_find(judgement->facts, report->case_number);
    const bool undecided = item != NULL && !item->outcome.set && !item->forwarded &&
                           item->held_decision_id.data == NULL;
    const bool lapsed = report->outcome.set && report->outcome.value == OUTCOME_NOT_ESTABLISHED;
    return report->source_kind == SOURCE_KIND_INSTITUTION_REPORT && !report->silent &&
           (undecided || lapsed);
}

static void gather_requests(const struct judgement *judgement, struct gathering *gathering)
{
    const struct subject_state *facts = judgement->facts;
    for (uint32_t i = 0; i < facts->reports_count; i++) {
        const struct report_fact *item = &facts->reports[i];
        gathering->take[i] = within(item->at, judgement->court->decided_ms,
                                    judgement->policy->room_request_window_ms) &&
                             (is_open(judgement, item, LEDGER_ROOM) ||
                              is_unused_request(judgement, item));
    }
    count_gathering(judgement, gathering);
}

/* Many reporters and no institution: a person is asked, once in the window. */
static void ask_requests(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    const int64_t now_ms = judgement->court->decided_ms;
    if (facts->room_asked_at.set &&
        within(facts->room_asked_at.value, now_ms, judgement->policy->room_request_window_ms)) {
        return;
    }
    struct case_fact *item = case_open(judgement, judgement->policy, CATEGORY_ROOM_MULTI_REQUEST,
                                       AREA_OPEN_CHAT_ROOM, LEDGER_ROOM);
    if (item != NULL) {
        facts->room_asked_at = (struct optional_long){now_ms, true};
        item->human = true;
        case_ask(judgement, item, REVIEW_KIND_CONTENT);
    }
}

void room_requests_evaluate(struct judgement *judgement)
{
    const struct policy *policy = judgement->policy;
    if (judgement->facts->subject_kind != SUBJECT_KIND_ROOM) {
        return;
    }
    struct gathering gathering = {0};
    gather_requests(judgement, &gathering);
    if (gathering.reporters >= policy->room_request_reporters &&
        gathering.institutions >= policy->room_request_institutions) {
        check_add(judgement, "requests.reporters", gathering.reporters,
                  policy->room_request_reporters, true);
        check_add(judgement, "requests.institutions", gathering.institutions,
                  policy->room_request_institutions, true);
        confirm_gathering(judgement, &gathering, CATEGORY_ROOM_MULTI_REQUEST, AREA_OPEN_CHAT_ROOM,
                          LEDGER_ROOM);
    } else if (gathering.reporters >= policy->room_request_reporters_alone) {
        ask_requests(judgement);
    }
}

void room_requests_take(struct judgement *judgement, int32_t case_number)
{
    struct gathering gathering = {0};
    gather_requests(judgement, &gathering);
    move_reports(judgement, &gathering, case_number);
}
