/* Reports of several cases taken together: worked cases 7 and 9, spam marks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static const uint8_t sketches[3][32] = {
    {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8},
    {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9}, /* 12 of 16 */
    {9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2,
     1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, /* 1 of 16 */
};

static void ad(struct world *world, enum area area, const char *room, const char *reporter,
               int sketch, enum role actor_role)
{
    struct report report = world_report(world, CATEGORY_SPAM_AD, area, 700, reporter);
    report.room_id = bytes_text(room);
    report.sketch = bytes_of(sketches[sketch], 32);
    report.sketch_key = bytes_text("k1");
    report.actor_role = actor_role;
    assert_int_equal(world_send(world, &report), JUDGE_DONE);
    world_advance(world, world->now_ms + HOUR_MS);
}

static size_t count_signals(const struct world *world, enum signal_kind kind)
{
    size_t count = 0;
    for (size_t i = world->seen; i < world->count; i++) {
        const struct signal *signal = world->outputs[i].record;
        count += world->outputs[i].type == &record_signal && signal->kind == kind ? 1 : 0;
    }
    return count;
}

static void same_words_in_three_open_rooms_are_one_severe_strike(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    ad(world, AREA_OPEN_CHAT_ROOM, "o1", "a", 0, ROLE_MEMBER);
    ad(world, AREA_OPEN_CHAT_ROOM, "o2", "b", 1, ROLE_MEMBER);
    ad(world, AREA_OPEN_CHAT_ROOM, "o4", "x", 2, ROLE_MEMBER); /* other words */
    expect_none(world);
    world_clear(world);
    ad(world, AREA_OPEN_CHAT_ROOM, "o3", "a", 0, ROLE_MEMBER);
    assert_int_equal(count_signals(world, SIGNAL_KIND_ROOM_SPAM_MARK), 3);
    assert_int_equal(count_signals(world, SIGNAL_KIND_REPORT_OUTCOME), 3);
    assert_int_equal(world_audit(world, AUDIT_ACTION_DECIDE)->category,
                     CATEGORY_SPAM_REPEAT_MULTIROOM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1,
                T0 + 3 * HOUR_MS + 3 * DAY_MS);
    /* The other words stay in their case, before a person, with one reporter. */
    assert_int_equal(world->facts->cases[0].category, CATEGORY_SPAM_AD);
    assert_int_equal(world->facts->cases[0].reporters, 1);
    assert_true(world->facts->cases[0].review.set);
    world_clear(world);
    world_reverse(world, 0);
    assert_int_equal(count_signals(world, SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED), 3);
    world_free(world);
}

static void private_rooms_need_four_and_an_emptied_case_closes_its_review(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    ad(world, AREA_GROUP_CHAT, "g1", "a", 0, ROLE_MEMBER);
    ad(world, AREA_GROUP_CHAT, "g2", "b", 0, ROLE_MEMBER);
    ad(world, AREA_GROUP_CHAT, "g3", "c", 0, ROLE_MEMBER);
    expect_none(world);
    world_clear(world);
    ad(world, AREA_GROUP_CHAT, "g4", "d", 0, ROLE_MEMBER);
    assert_non_null(world_review(world, REVIEW_ACTION_CLOSE));
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, CH2,
                T0 + 3 * HOUR_MS + DAY_MS);
    assert_int_equal(world->facts->cases_count, 1);
    world_free(world);
}

static void staff_ad_in_many_rooms_is_a_violation_of_each(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    ad(world, AREA_OPEN_CHAT_ROOM, "o1", "a", 0, ROLE_ADMIN);
    ad(world, AREA_OPEN_CHAT_ROOM, "o2", "b", 0, ROLE_ADMIN);
    world_clear(world);
    ad(world, AREA_OPEN_CHAT_ROOM, "o3", "c", 0, ROLE_ADMIN);
    assert_int_equal(count_signals(world, SIGNAL_KIND_ROOM_VIOLATION), 3);
    world_free(world);
}

static void mark(struct world *room, const char *event, const char *sender, const char *cause,
                 enum signal_kind kind)
{
    const struct signal signal = {
        .event_id = bytes_text(event),
        .kind = kind,
        .from_kind = SUBJECT_KIND_USER,
        .from_id = bytes_text(sender),
        .cause_decision_id = bytes_text(cause),
        .area = AREA_OPEN_CHAT_ROOM,
        .decided_at = {room->now_ms, true},
    };
    world_judge(room, "signals", &record_signal, &signal);
}

#define CAUSE_1 "00000000000000000000000000000001"
#define CAUSE_2 "00000000000000000000000000000002"

static void second_marked_sender_asks_what_the_room_is_for(void **state)
{
    (void)state;
    struct world *room = world_new(SUBJECT_KIND_ROOM, "o1");
    mark(room, "s1", "u1", CAUSE_1, SIGNAL_KIND_ROOM_SPAM_MARK);
    mark(room, "s2", "u1", CAUSE_1, SIGNAL_KIND_ROOM_SPAM_MARK);
    assert_int_equal(room->count, 0);
    mark(room, "s3", "u2", CAUSE_2, SIGNAL_KIND_ROOM_SPAM_MARK);
    const struct review_request *review = world_review(room, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_ROOM_SPAM_PURPOSE);
    struct verdict verdict =
        world_verdict(room, VERDICT_KIND_CONFIRM, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = review->case_id;
    world_rule(room, &verdict);
    assert_int_equal(world_audit(room, AUDIT_ACTION_DECIDE)->category, CATEGORY_ROOM_STAFF_AD);
    expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, T0 + 30 * DAY_MS);
    world_free(room);
}

static void removed_mark_closes_the_question(void **state)
{
    (void)state;
    struct world *room = world_new(SUBJECT_KIND_ROOM, "o1");
    mark(room, "s1", "u1", CAUSE_1, SIGNAL_KIND_ROOM_SPAM_MARK);
    mark(room, "s2", "u2", CAUSE_2, SIGNAL_KIND_ROOM_SPAM_MARK);
    world_clear(room);
    mark(room, "s3", "u2", CAUSE_2, SIGNAL_KIND_ROOM_SPAM_MARK_REMOVED);
    assert_int_equal(world_review(room, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_ROOM_SPAM_PURPOSE);
    assert_int_equal(room->facts->cases_count, 0);
    world_free(room);
}

static void request(struct world *room, const char *reporter)
{
    const struct report report =
        world_report(room, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, reporter);
    assert_int_equal(world_send(room, &report), JUDGE_DONE);
    world_advance(room, room->now_ms + HOUR_MS);
}

static void five_reporters_and_an_institution_block_the_room(void **state)
{
    (void)state;
    static const char *const reporters[] = {"a", "b", "c", "d", "e"};
    struct world *room = world_new(SUBJECT_KIND_ROOM, "Q");
    for (int i = 0; i < 5; i++) {
        request(room, reporters[i]);
    }
    expect_none(room);
    const struct authority_request kisa = {
        .event_id = bytes_text("k1"),
        .request_id = bytes_text("k1"),
        .action = AUTHORITY_ACTION_KIND_REPORT,
        .authority = AUTHORITY_KISA,
        .legal_basis = bytes_text("kr.election.82-4"),
        .area = AREA_OPEN_CHAT_ROOM,
        .category = CATEGORY_AD_SENDING_SERVICE,
    };
    world_clear(room);
    world_judge(room, "authority-requests", &record_authority_request, &kisa);
    assert_int_equal(count_signals(room, SIGNAL_KIND_REPORT_OUTCOME), 5);
    const struct audit *audit = world_audit(room, AUDIT_ACTION_DECIDE);
    assert_int_equal(audit->category, CATEGORY_ROOM_MULTI_REQUEST);
    assert_int_equal(audit->automation, AUTOMATION_FULL);
    expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, room->now_ms + 30 * DAY_MS);
    world_free(room);
}

static void twenty_reporters_alone_ask_once_and_a_confirm_decides_their_reports(void **state)
{
    (void)state;
    struct world *room = world_new(SUBJECT_KIND_ROOM, "Q");
    char reporters[22][8];
    struct bytes case_id = {0};
    for (int i = 0; i < 22; i++) {
        (void)snprintf(reporters[i], sizeof(reporters[i]), "r%d", i);
        world_clear(room);
        request(room, reporters[i]);
        for (size_t k = room->seen; k < room->count; k++) {
            const struct review_request *review = room->outputs[k].record;
            if (room->outputs[k].type == &record_review_request &&
                review->category == CATEGORY_ROOM_MULTI_REQUEST) {
                assert_int_equal(i, 19);
                assert_int_equal(review->action, REVIEW_ACTION_OPEN);
                case_id = review->case_id;
            }
        }
    }
    struct verdict verdict =
        world_verdict(room, VERDICT_KIND_CONFIRM, CATEGORY_ROOM_MULTI_REQUEST, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = case_id;
    world_clear(room);
    world_rule(room, &verdict);
    assert_int_equal(count_signals(room, SIGNAL_KIND_REPORT_OUTCOME), 22);
    expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, room->now_ms + 30 * DAY_MS);
    world_free(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_words_in_three_open_rooms_are_one_severe_strike),
        cmocka_unit_test(private_rooms_need_four_and_an_emptied_case_closes_its_review),
        cmocka_unit_test(staff_ad_in_many_rooms_is_a_violation_of_each),
        cmocka_unit_test(second_marked_sender_asks_what_the_room_is_for),
        cmocka_unit_test(removed_mark_closes_the_question),
        cmocka_unit_test(five_reporters_and_an_institution_block_the_room),
        cmocka_unit_test(twenty_reporters_alone_ask_once_and_a_confirm_decides_their_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
