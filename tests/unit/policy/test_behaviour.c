/* Behaviour counters: worked case 14, protection and reported bursts.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void event(struct world *world, enum chat_event_kind kind, enum area area, int peer,
                  int count)
{
    const struct chat_event record = {
        .event_id = world_text(world, "event", world->reports++),
        .occurred_at = world->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .kind = kind,
        .area = area,
        .peer_id = world_text(world, "peer", peer),
        .count = count,
    };
    assert_int_equal(world_judge(world, "chat-events", &record_chat_event, &record), JUDGE_DONE);
}

static void report(struct world *world, enum category category, enum area area, int32_t score,
                   const char *reporter)
{
    const struct report record = world_report(world, category, area, score, reporter);
    assert_int_equal(world_send(world, &record), JUDGE_DONE);
}

/* 100 friend adds inside one hour, the last at T0. */
static struct world *protected_user(void)
{
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world->now_ms = T0 - HOUR_MS + SECOND_MS;
    for (int i = 0; i < 99; i++) {
        event(world, CHAT_EVENT_KIND_FRIEND_ADD, AREA_REGULAR_CHAT, i, 1);
    }
    assert_int_equal(world->count, 0);
    world_advance(world, T0);
    event(world, CHAT_EVENT_KIND_FRIEND_ADD, AREA_REGULAR_CHAT, 99, 1);
    return world;
}

static bool says_an_end(const struct notice_request *notice)
{
    for (uint32_t i = 0; i < notice->params_count; i++) {
        if (notice->params[i].name == PARAM_NAME_EXPIRES_AT) {
            return true;
        }
    }
    return false;
}

static void hundred_friend_adds_in_an_hour_start_a_protection(void **state)
{
    (void)state;
    struct world *world = protected_user();
    const struct notice_request *notice = world_notice(world, NOTICE_KIND_PROTECTION_APPLIED);
    assert_non_null(notice);
    assert_false(says_an_end(notice));
    const struct audit *audit = world_audit(world, AUDIT_ACTION_DECIDE);
    assert_int_equal(audit->source_kind, SOURCE_KIND_BEHAVIOUR_SIGNAL);
    assert_int_equal(audit->lane, LANE_PROTECTION);
    const struct restriction *record = expect_step(
        world, RESTRICTION_OP_APPLY, MEASURE_USER_PROTECTION, 0, PROT, T0 + 14 * DAY_MS);
    assert_false(record->end_disclosed);
    assert_int_equal(world->facts->violations_count, 0);
    assert_int_equal(world->facts->trips_count, 0); /* used up */
    world_free(world);
}

static void two_reports_extend_it_and_it_lifts_itself(void **state)
{
    (void)state;
    struct world *world = protected_user();
    world_advance(world, T0 + 5 * DAY_MS);
    world_clear(world);
    report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "a");
    report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "a");
    expect_none(world);
    report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "b");
    assert_non_null(world_notice(world, NOTICE_KIND_PROTECTION_EXTENDED));
    expect_step(world, RESTRICTION_OP_EXTEND, MEASURE_USER_PROTECTION, 0, PROT, T0 + 19 * DAY_MS);
    world_advance(world, T0 + 19 * DAY_MS);
    assert_non_null(world_notice(world, NOTICE_KIND_PROTECTION_LIFTED));
    const struct restriction *lift =
        expect_step(world, RESTRICTION_OP_LIFT, MEASURE_USER_PROTECTION, 0, PROT, T0 + 19 * DAY_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_EXPIRED);
    world_free(world);
}

static void extensions_never_pass_56_days_from_the_start(void **state)
{
    (void)state;
    struct world *world = protected_user();
    for (int day = 10; day <= 50; day += 10) {
        world_advance(world, T0 + day * DAY_MS);
        event(world, CHAT_EVENT_KIND_FRIEND_ADD, AREA_REGULAR_CHAT, 1000 + day, 100);
    }
    assert_true(world->facts->restrictions[0].expires_at.value == T0 + 56 * DAY_MS);
    world_free(world);
}

static void proof_of_identity_shortens_it(void **state)
{
    (void)state;
    struct world *world = protected_user();
    world_advance(world, T0 + 6 * DAY_MS);
    struct identity_proof proof = {
        .event_id = bytes_text("proof1"),
        .proof_id = bytes_text("proof1"),
        .purpose = PROOF_PURPOSE_RELAX_PROTECTION,
        .requested_by_self = true,
        .masking_ok = true,
        .accepted = true,
        .proof_ref = bytes_text("ref"),
    };
    world_clear(world);
    world_judge(world, "claims", &record_identity_proof, &proof);
    assert_non_null(world_notice(world, NOTICE_KIND_PROTECTION_RELAXED));
    const struct restriction *shorten = expect_step(
        world, RESTRICTION_OP_SHORTEN, MEASURE_USER_PROTECTION, 0, PROT, T0 + 7 * DAY_MS);
    assert_int_equal(shorten->end_reason.value, END_REASON_IDENTITY_CONFIRMED);
    world_free(world);
}

static void invites_alone_are_nothing_and_with_a_report_a_violation(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 25; i++) {
        event(world, CHAT_EVENT_KIND_INVITE, AREA_OPEN_CHAT_ROOM, i, 1);
    }
    assert_int_equal(world->count, 0);
    report(world, CATEGORY_SPAM_INVITE, AREA_OPEN_CHAT_ROOM, 10, "a");
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    world_free(world);
}

static void event_that_completes_the_burst_gives_the_time(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    report(world, CATEGORY_SPAM_BOARD_LIKE_FRIEND, AREA_GROUP_CHAT, 10, "a");
    report(world, CATEGORY_SPAM_BOARD_LIKE_FRIEND, AREA_GROUP_CHAT, 10, "b");
    for (int i = 0; i < 29; i++) {
        event(world, CHAT_EVENT_KIND_LIKE, AREA_TALK_BOARD, i, 1);
        event(world, CHAT_EVENT_KIND_LIKE, AREA_TALK_BOARD, i, 1); /* the same target */
    }
    event(world, CHAT_EVENT_KIND_LIKE, AREA_OPEN_CHAT_BOARD, 500, 1); /* another class */
    assert_int_equal(world->facts->violations_count, 0);
    world_advance(world, T0 + HOUR_MS);
    event(world, CHAT_EVENT_KIND_POST, AREA_TALK_BOARD, 29, 1);
    assert_int_equal(world->facts->violations_count, 1);
    assert_true(world->facts->violations[0].decided_at == T0 + HOUR_MS);
    world_free(world);
}

static void rooms_made_reach_the_maker_by_signal(void **state)
{
    (void)state;
    struct world *room = world_new(SUBJECT_KIND_ROOM, "R");
    struct world *maker = world_new(SUBJECT_KIND_USER, "m");
    const struct chat_event made = {
        .event_id = bytes_text("e1"),
        .occurred_at = T0,
        .kind = CHAT_EVENT_KIND_ROOM_CREATED,
        .area = AREA_OPEN_CHAT_ROOM,
        .member_id = bytes_text("m"),
        .role = ROLE_OWNER,
        .count = 1,
    };
    world_judge(room, "chat-events", &record_chat_event, &made);
    const struct signal *copy = world_signal(room, SIGNAL_KIND_BEHAVIOUR_COPY);
    assert_true(bytes_is(copy->subject_id, "m"));
    for (int i = 0; i < 30; i++) {
        assert_int_equal(maker->facts->restrictions_count, 0);
        world_judge(maker, "signals", &record_signal, copy);
    }
    expect_step(maker, RESTRICTION_OP_APPLY, MEASURE_USER_PROTECTION, 0, PROT, T0 + 14 * DAY_MS);
    world_free(room);
    world_free(maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hundred_friend_adds_in_an_hour_start_a_protection),
        cmocka_unit_test(two_reports_extend_it_and_it_lifts_itself),
        cmocka_unit_test(extensions_never_pass_56_days_from_the_start),
        cmocka_unit_test(proof_of_identity_shortens_it),
        cmocka_unit_test(invites_alone_are_nothing_and_with_a_report_a_violation),
        cmocka_unit_test(event_that_completes_the_burst_gives_the_time),
        cmocka_unit_test(rooms_made_reach_the_maker_by_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
