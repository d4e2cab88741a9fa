/* Staff ads, rooms and owners: worked cases 8 and 16, the profile of case 9. Signals are carried
 * from one subject's world to the next by hand, as the engine does.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static void role(struct world *room, const char *event, const char *member,
                 enum chat_event_kind kind, enum role value)
{
    const struct chat_event record = {
        .event_id = bytes_text(event),
        .occurred_at = room->now_ms,
        .subject_kind = SUBJECT_KIND_ROOM,
        .kind = kind,
        .area = AREA_OPEN_CHAT_ROOM,
        .member_id = bytes_text(member),
        .role = value,
        .count = 1,
    };
    assert_int_equal(world_judge(room, "chat-events", &record_chat_event, &record), JUDGE_DONE);
}

/* Room R of A; B becomes owner at +1d. */
static struct world *room_of_a_then_b(void)
{
    struct world *room = world_new(SUBJECT_KIND_ROOM, "R");
    world_advance(room, T0 - HOUR_MS);
    room->now_ms = T0 - HOUR_MS;
    role(room, "e1", "A", CHAT_EVENT_KIND_ROOM_CREATED, ROLE_OWNER);
    world_advance(room, T0);
    role(room, "e2", "C", CHAT_EVENT_KIND_ROLE_CHANGE, ROLE_ADMIN);
    world_advance(room, T0 + DAY_MS);
    role(room, "e3", "B", CHAT_EVENT_KIND_ROLE_CHANGE, ROLE_OWNER);
    return room;
}

/* C's ad of T0 in R, confirmed at +5d; `role` is what he was then. */
static const struct signal *confirm_staff_ad(struct world *sender, enum role actor_role)
{
    struct report report = world_report(sender, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 400, "r1");
    report.act_at = T0;
    report.actor_role = actor_role;
    report.room_id = bytes_text("R");
    world_send(sender, &report);
    world_advance(sender, T0 + 5 * DAY_MS);
    struct verdict verdict =
        world_verdict(sender, VERDICT_KIND_CONFIRM, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("report0");
    world_clear(sender);
    world_rule(sender, &verdict);
    return world_signal(sender, SIGNAL_KIND_ROOM_VIOLATION);
}

static void carry(struct world *world, const struct signal *signal)
{
    world_advance(world, signal->occurred_at);
    world_clear(world);
    assert_int_equal(world_judge(world, "signals", &record_signal, signal), JUDGE_DONE);
}

static void staff_ad_blocks_the_room_and_strikes_the_owner_of_that_day(void **state)
{
    (void)state;
    struct world *sender = world_new(SUBJECT_KIND_USER, "C");
    struct world *room = room_of_a_then_b();
    struct world *owner = world_new(SUBJECT_KIND_USER, "A");
    const struct signal *to_room = confirm_staff_ad(sender, ROLE_ADMIN);
    expect_step(sender, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + 6 * DAY_MS);
    assert_true(bytes_is(to_room->subject_id, "R"));
    carry(room, to_room);
    const struct notice_request *told = world_notice(room, NOTICE_KIND_RESTRICTION_APPLIED);
    assert_true(bytes_is(told->subject_id, "B"));
    const struct signal *to_owner = world_signal(room, SIGNAL_KIND_OWNER_LIABILITY);
    assert_true(bytes_is(to_owner->subject_id, "A"));
    const struct restriction *block =
        expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, T0 + 35 * DAY_MS);
    assert_int_equal(block->area, AREA_OPEN_CHAT_ROOM);
    carry(owner, to_owner);
    assert_non_null(world_notice(owner, NOTICE_KIND_OWNER_LIABILITY));
    assert_null(world_notice(owner, NOTICE_KIND_RESTRICTION_APPLIED));
    const struct restriction *step =
        expect_step(owner, RESTRICTION_OP_APPLY, MEASURE_OWNER_RESTRICT, 1, OC1, T0 + 6 * DAY_MS);
    assert_int_equal(step->ledger, LEDGER_OPEN_CHAT);
    world_free(sender);
    world_free(room);
    world_free(owner);
}

static void owner_who_posts_the_ad_himself_has_one_strike(void **state)
{
    (void)state;
    struct world *sender = world_new(SUBJECT_KIND_USER, "A");
    struct world *room = room_of_a_then_b();
    carry(room, confirm_staff_ad(sender, ROLE_OWNER));
    assert_null(world_signal(room, SIGNAL_KIND_OWNER_LIABILITY));
    expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, T0 + 35 * DAY_MS);
    world_free(sender);
    world_free(room);
}

static void members_ad_is_his_own(void **state)
{
    (void)state;
    struct world *sender = world_new(SUBJECT_KIND_USER, "C");
    assert_null(confirm_staff_ad(sender, ROLE_MEMBER));
    world_free(sender);
}

static void room_without_history_is_measured_and_nobody_is_struck(void **state)
{
    (void)state;
    struct world *room = world_new(SUBJECT_KIND_ROOM, "R");
    world_confirm(room, CATEGORY_AD_PROGRAM_SALE, AREA_OPEN_CHAT_ROOM);
    assert_int_equal(world_count(room, &record_notice_request), 0);
    assert_null(world_signal(room, SIGNAL_KIND_OWNER_LIABILITY));
    expect_step(room, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, T0 + 30 * DAY_MS);
    world_free(room);
}

/* Case 16: the reversal goes the way that the liability came. */
static void reversed_cause_reverses_the_room_and_the_owner(void **state)
{
    (void)state;
    struct world *sender = world_new(SUBJECT_KIND_USER, "C");
    struct world *room = room_of_a_then_b();
    struct world *owner = world_new(SUBJECT_KIND_USER, "A");
    carry(room, confirm_staff_ad(sender, ROLE_ADMIN));
    carry(owner, world_signal(room, SIGNAL_KIND_OWNER_LIABILITY));
    world_advance(owner, T0 + 8 * DAY_MS);
    world_clear(owner);
    world_confirm(owner, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    expect_step(owner, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 11 * DAY_MS);

    world_advance(sender, T0 + 8 * DAY_MS + 12 * HOUR_MS);
    world_clear(sender);
    world_reverse(sender, 0);
    expect_step(sender, RESTRICTION_OP_REVERSE, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + 6 * DAY_MS);
    sender->seen = 0;
    carry(room, world_signal(sender, SIGNAL_KIND_ROOM_VIOLATION_REMOVED));
    const struct signal *removed = world_signal(room, SIGNAL_KIND_OWNER_LIABILITY_REMOVED);
    expect_step(room, RESTRICTION_OP_REVERSE, MEASURE_ROOM_BLOCK, 1, RM, T0 + 35 * DAY_MS);
    carry(owner, removed);
    expect_step(owner, RESTRICTION_OP_REVERSE, MEASURE_OWNER_RESTRICT, 1, OC1, T0 + 6 * DAY_MS);
    expect_step(owner, RESTRICTION_OP_SHORTEN, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + 9 * DAY_MS);
    expect_none(owner);
    world_free(sender);
    world_free(room);
    world_free(owner);
}

static void old_act_is_no_strike_of_the_owner(void **state)
{
    (void)state;
    struct world *owner = world_new(SUBJECT_KIND_USER, "A");
    world_advance(owner, T0 + 100 * DAY_MS);
    const struct signal signal = {
        .event_id = bytes_text("s1"),
        .kind = SIGNAL_KIND_OWNER_LIABILITY,
        .cause_decision_id = bytes_text("0123456789abcdef0123456789abcdef"),
        .category = CATEGORY_ROOM_STAFF_AD,
        .area = AREA_OPEN_CHAT_ROOM,
        .severity = SEVERITY_LIGHT,
        .act_at = {T0, true},
        .decided_at = {owner->now_ms, true},
        .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
    };
    world_judge(owner, "signals", &record_signal, &signal);
    expect_none(owner);
    owner->seen = 0;
    assert_true(bytes_is(world_audit(owner, AUDIT_ACTION_OUTCOME)->rule, "stale"));
    world_free(owner);
}

/* Case 9, last sentence. */
static void profile_violation_strikes_its_user_by_the_category(void **state)
{
    (void)state;
    struct world *profile = world_new(SUBJECT_KIND_OPEN_PROFILE, "f");
    struct world *user = world_new(SUBJECT_KIND_USER, "U");
    struct report report =
        world_report(profile, CATEGORY_AD_PROGRAM_SALE, AREA_OPEN_PROFILE, 400, "r1");
    report.author_id = bytes_text("U");
    world_send(profile, &report);
    struct verdict verdict =
        world_verdict(profile, VERDICT_KIND_CONFIRM, CATEGORY_AD_PROGRAM_SALE, AREA_OPEN_PROFILE);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("report0");
    world_clear(profile);
    world_rule(profile, &verdict);
    const struct signal *signal = world_signal(profile, SIGNAL_KIND_OWNER_LIABILITY);
    assert_true(bytes_is(signal->subject_id, "U"));
    const struct restriction *block = expect_step(
        profile, RESTRICTION_OP_APPLY, MEASURE_OPEN_PROFILE_BLOCK, 1, RM, T0 + 30 * DAY_MS);
    assert_int_equal(block->area, AREA_OPEN_PROFILE);
    carry(user, signal);
    expect_step(user, RESTRICTION_OP_APPLY, MEASURE_OWNER_RESTRICT, 2, OC1, T0 + 3 * DAY_MS);
    world_free(profile);
    world_free(user);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staff_ad_blocks_the_room_and_strikes_the_owner_of_that_day),
        cmocka_unit_test(owner_who_posts_the_ad_himself_has_one_strike),
        cmocka_unit_test(members_ad_is_his_own),
        cmocka_unit_test(room_without_history_is_measured_and_nobody_is_struck),
        cmocka_unit_test(reversed_cause_reverses_the_room_and_the_owner),
        cmocka_unit_test(old_act_is_no_strike_of_the_owner),
        cmocka_unit_test(profile_violation_strikes_its_user_by_the_category),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
