/* Rooms that confirmed spammers used: enough different senders, and a person is asked what the room
 * is for (domain.md I.13, ROOM_SPAM_PURPOSE).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

#define MARKS_MAX COUNT_OF(((struct subject_state *)NULL)->marks)

static int32_t count_senders(const struct judgement *judgement)
{
    const struct subject_state *facts = judgement->facts;
    int32_t count = 0;
    for (uint32_t i = 0; i < facts->marks_count; i++) {
        bool counts = within(facts->marks[i].at, judgement->court->decided_ms,
                             judgement->policy->spam_mark_window_ms);
        for (uint32_t k = 0; k < i && counts; k++) {
            counts = !bytes_equal(facts->marks[k].sender_id, facts->marks[i].sender_id);
        }
        count += counts ? 1 : 0;
    }
    return count;
}

void marks_prune(struct judgement *judgement)
{
    struct subject_state *facts = judgement->facts;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->marks_count; i++) {
        if (within(facts->marks[i].at, judgement->court->decided_ms,
                   judgement->policy->spam_mark_window_ms)) {
            facts->marks[kept++] = facts->marks[i];
        }
    }
    facts->marks_count = kept;
}

static struct case_fact *purpose_case(struct subject_state *facts)
{
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        struct case_fact *item = &facts->cases[i];
        if (!item->outcome.set && item->review.set &&
            item->review.value == REVIEW_KIND_ROOM_SPAM_PURPOSE) {
            return item;
        }
    }
    return NULL;
}

void mark_arrive(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t cause[ID_SIZE];
    marks_prune(judgement);
    if (!id_parse(signal->cause_decision_id, cause) ||
        judgement->policy->areas[signal->area].class != AREA_CLASS_PUBLIC) {
        return; /* a private room is nobody's to judge */
    }
    if (facts->marks_count == MARKS_MAX) {
        facts->marks_count--;
        memmove(&facts->marks[0], &facts->marks[1], facts->marks_count * sizeof(facts->marks[0]));
    }
    facts->marks[facts->marks_count++] = (struct mark_fact){
        .sender_id = text_keep(judgement, signal->from_id),
        .cause_decision_id = arena_copy(judgement->court->arena, bytes_of(cause, ID_SIZE)),
        .at = judgement->court->decided_ms,
    };
    if (count_senders(judgement) < judgement->policy->spam_mark_senders) {
        return;
    }
    struct case_fact *item = purpose_case(facts);
    if (item == NULL) {
        item = case_open(judgement, judgement->policy, CATEGORY_ROOM_STAFF_AD, AREA_OPEN_CHAT_ROOM,
                         LEDGER_ROOM);
    }
    if (item != NULL) {
        item->human = true;
        case_ask(judgement, item, REVIEW_KIND_ROOM_SPAM_PURPOSE);
    }
}

/* The sender's decision is gone: so is his mark, and a question that rested on it. */
void mark_leave(struct judgement *judgement, const struct signal *signal)
{
    struct subject_state *facts = judgement->facts;
    uint8_t cause[ID_SIZE];
    if (!id_parse(signal->cause_decision_id, cause)) {
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < facts->marks_count; i++) {
        if (!bytes_equal(facts->marks[i].cause_decision_id, bytes_of(cause, ID_SIZE))) {
            facts->marks[kept++] = facts->marks[i];
        }
    }
    facts->marks_count = kept;
    struct case_fact *item = purpose_case(facts);
    if (item != NULL && count_senders(judgement) < judgement->policy->spam_mark_senders) {
        case_close_review(judgement, item);
        case_remove(facts, item);
    }
}
