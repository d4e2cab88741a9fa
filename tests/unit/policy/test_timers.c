/* Timers that fire late: a fact that comes with a time of its own can make an end that has passed, at the very
 * instant of an earlier timer of the same subject.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct signal signal_at(struct world *world, enum signal_kind kind, int64_t decided_ms)
{
    return (struct signal){
        .event_id = world_text(world, "signal", world->reports++),
        .occurred_at = world->now_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = world->facts->subject_id,
        .kind = kind,
        .from_kind = SUBJECT_KIND_ROOM,
        .from_id = bytes_text("R"),
        .cause_decision_id = bytes_text("00112233445566778899aabbccddeeff"),
        .category = CATEGORY_SPAM_AD,
        .area = AREA_OPEN_CHAT_ROOM,
        .severity = SEVERITY_LIGHT,
        .act_at = {decided_ms - SECOND_MS, true},
        .decided_at = {decided_ms, true},
        .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
        .policy_version = 1,
    };
}

/* As the engine judges a signal: the facts have the time of its cause. */
static void carry(struct world *world, const struct signal *signal)
{
    const struct trigger trigger = {
        .topic = bytes_text("signals"), .offset = world->offset++, .cause = signal->event_id};
    struct court court = world_court(world, &trigger);
    enum dead_reason reason = DEAD_REASON_COUNT;
    court.decided_ms = signal->decided_at.value;
    assert_int_equal(judge_record(&court, world->facts, &record_signal, signal, &reason),
                     JUDGE_DONE);
    world_check(world);
}

/* A measure that outlived another account: it ends as it would have. */
static void rejoin(struct world *world, int64_t end_ms)
{
    struct signal signal = signal_at(world, SIGNAL_KIND_REJOIN_FOUND, T0 + MINUTE_MS);
    signal.measure = (struct optional_int){MEASURE_RESTRICT_TEMP, true};
    signal.scopes = SCOPE(SEND);
    signal.expires_at = (struct optional_long){end_ms, true};
    carry(world, &signal);
}

/* Bug: the ids of a timer are made from its due time and a number from 0, so two firings at one due time gave
 * two decisions one id. */
static void two_firings_of_one_due_time_make_different_decisions(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    const struct signal signal = signal_at(world, SIGNAL_KIND_OWNER_LIABILITY, T0);
    carry(world, &signal);
    rejoin(world, T0 + DAY_MS); /* two decisions at one due time */
    rejoin(world, T0 + 2 * DAY_MS);
    world_advance(world, T0 + 3 * DAY_MS);
    /* world_check, in each of these: no event id comes twice. */
    rejoin(world, T0 + DAY_MS);
    world_clear(world);
    world_advance(world, T0 + 3 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, SCOPE(SEND), T0 + DAY_MS);
    rejoin(world, T0 + 2 * DAY_MS);
    rejoin(world, T0 + HOUR_MS);
    world_clear(world);
    world_advance(world, T0 + 3 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, SCOPE(SEND), T0 + HOUR_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, SCOPE(SEND),
                T0 + 2 * DAY_MS);
    world_free(world);
}

static void account(struct world *world, const char *event, enum account_change_kind kind)
{
    const struct account_change record = {.event_id = bytes_text(event), .kind = kind, .erase_consent = true};
    assert_int_equal(world_judge(world, "accounts", &record_account_change, &record), JUDGE_DONE);
}

/* Bug: an erased subject that came back began to number its timers anew (simulation, seed 309249). */
static void neither_do_two_with_an_erasure_between_them(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "U");
    rejoin(world, T0 + DAY_MS);
    world_clear(world);
    world_advance(world, T0 + 3 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, SCOPE(SEND), T0 + DAY_MS);
    account(world, "gone", ACCOUNT_CHANGE_KIND_WITHDRAWN);
    account(world, "back", ACCOUNT_CHANGE_KIND_REGISTERED);
    rejoin(world, T0 + DAY_MS);
    world_clear(world);
    world_advance(world, T0 + 4 * DAY_MS);
    expect_step(world, RESTRICTION_OP_LIFT, MEASURE_RESTRICT_TEMP, 0, SCOPE(SEND), T0 + DAY_MS);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_firings_of_one_due_time_make_different_decisions),
        cmocka_unit_test(neither_do_two_with_an_erasure_between_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
