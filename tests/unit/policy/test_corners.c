/* Corners of domain.md F and I: admissibility, thresholds, verdicts, breaker, versions, bounds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j",
                                    "k", "l", "m", "n", "o", "q", "r", "s", "t", "u"};

static enum judge_result send(struct world *world, enum category category, enum area area,
                              int32_t score, const char *reporter)
{
    const struct report report = world_report(world, category, area, score, reporter);
    return world_send(world, &report);
}

static enum outcome last_outcome(const struct world *world)
{
    const struct signal *last = NULL;
    for (size_t i = world->seen; i < world->count; i++) {
        if (world->outputs[i].type == &record_signal) {
            last = world->outputs[i].record;
        }
    }
    return last == NULL ? OUTCOME_COUNT : (enum outcome)last->outcome.value;
}

static void bad_fields_are_refused_and_leave_no_trace(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 400, "a");
    report.act_at = world->now_ms + 1;
    assert_int_equal(world_send(world, &report), JUDGE_REFUSED);
    report.act_at = world->now_ms;
    report.reporter_id = (struct bytes){0};
    assert_int_equal(world_send(world, &report), JUDGE_REFUSED);
    report.reporter_id = bytes_text("a");
    report.category = CATEGORY_NONE;
    assert_int_equal(world_send(world, &report), JUDGE_REFUSED);
    report.category = CATEGORY_ABUSE_SLANDER;
    report.labels[0].score = 1001;
    assert_int_equal(world_send(world, &report), JUDGE_REFUSED);
    report.labels[0].score = 1000;
    report.source_kind = SOURCE_KIND_BEHAVIOUR_SIGNAL;
    assert_int_equal(world_send(world, &report), JUDGE_REFUSED);
    assert_int_equal(world->count, 0);
    assert_true(judge_is_empty(world->facts));
    world_free(world);
}

static void verdict_on_content_without_report_is_no_report(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.request_id = (struct bytes){0};
    const struct trigger trigger = {.topic = bytes_text("verdicts")};
    struct court court = world_court(world, &trigger);
    enum dead_reason reason = DEAD_REASON_COUNT;
    assert_int_equal(judge_record(&court, world->facts, &record_verdict, &verdict, &reason),
                     JUDGE_REFUSED);
    assert_int_equal(reason, DEAD_REASON_NO_REPORT);
    assert_int_equal(world->count, 0);
    world_free(world);
}

static void report_without_good_faith_or_by_a_suspended_reporter_is_inadmissible(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 990, "a");
    report.good_faith = false;
    world_send(world, &report);
    assert_int_equal(last_outcome(world), OUTCOME_INADMISSIBLE);
    report = world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 990, "b");
    report.reporter_class = REPORTER_CLASS_SUSPENDED;
    world_clear(world);
    world_send(world, &report);
    assert_int_equal(last_outcome(world), OUTCOME_INADMISSIBLE);
    /* A CHILD_* report of his still asks a person; it neither holds nor counts. */
    report = world_report(world, CATEGORY_CHILD_GROOMING, AREA_OPEN_CHAT_ROOM, 990, "b");
    report.reporter_class = REPORTER_CLASS_SUSPENDED;
    world_clear(world);
    world_send(world, &report);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->priority, 0);
    assert_int_equal(review->reporters, 0);
    expect_none(world);
    world_free(world);
}

static void internal_detection_is_for_fraudulent_accounts_alone(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 990, NULL);
    report.source_kind = SOURCE_KIND_INTERNAL_DETECTION;
    world_send(world, &report);
    assert_int_equal(world_audit(world, AUDIT_ACTION_OUTCOME)->outcome.value, OUTCOME_INADMISSIBLE);
    report = world_report(world, CATEGORY_FRAUDULENT_ACCOUNT, AREA_OPEN_CHAT_ROOM, 990, NULL);
    report.source_kind = SOURCE_KIND_INTERNAL_DETECTION;
    world_clear(world);
    world_send(world, &report);
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_ONE_STRIKE_CONFIRM);
    expect_none(world);
    assert_int_equal(world_count(world, &record_notice_request), 0);
    world_free(world);
}

static void press_and_unknown_relation_leave_the_case_to_a_person(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_LEWD_DISTRIBUTION, AREA_OPEN_CHAT_ROOM, 990, "a");
    report.publisher_is_press = true;
    world_send(world, &report);
    assert_non_null(world_review(world, REVIEW_ACTION_OPEN));
    expect_none(world);
    report = world_report(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 10, "a");
    report.relation = RELATION_UNKNOWN;
    world_clear(world);
    world_send(world, &report);
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_CONTENT);
    for (int i = 1; i < 5; i++) {
        world_advance(world, world->now_ms + HOUR_MS);
        send(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 990, names[i]);
    }
    expect_none(world); /* thresholds are met, but one such report leaves it to a person */
    world_free(world);
}

static void burst_of_reporters_counts_three_a_minute(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 6; i++) {
        send(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 10, names[i]);
        world_advance(world, world->now_ms + SECOND_MS);
    }
    assert_int_equal(world->facts->cases[0].reporters, 3);
    /* The fourth counts with his next report, once the first minute is over. */
    world_advance(world, T0 + MINUTE_MS);
    send(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 10, names[3]);
    assert_int_equal(world->facts->cases[0].reporters, 4);
    send(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 10, names[3]);
    assert_int_equal(world->facts->cases[0].reporters, 4);
    world_free(world);
}

static void low_reporters_count_nothing_but_their_labels_do(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int i = 0; i < 5; i++) {
        struct report report =
            world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 950, names[i]);
        report.reporter_class = REPORTER_CLASS_LOW;
        world_send(world, &report);
        world_advance(world, world->now_ms + HOUR_MS);
    }
    assert_int_equal(world->facts->cases[0].reporters, 0);
    assert_int_equal(world->facts->cases[0].best_score, 950);
    expect_none(world);
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "x");
    world_advance(world, world->now_ms + HOUR_MS);
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "y");
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, world->now_ms + DAY_MS);
    world_free(world);
}

static void best_label_at_the_ask_score_names_the_category(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report = world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 200, "a");
    report.labels_count = 3;
    report.labels[1] = (struct label){.category = CATEGORY_HATE_SPEECH, .score = 300};
    report.labels[2] = (struct label){.category = CATEGORY_DISGUST, .score = 300};
    world_send(world, &report);
    assert_int_equal(world->facts->cases[0].category, CATEGORY_HATE_SPEECH);
    report.event_id = bytes_text("block");
    report.source_kind = SOURCE_KIND_BLOCK_REPORT;
    report.content_ref = bytes_text("other");
    world_send(world, &report);
    assert_int_equal(world->facts->cases[1].category, CATEGORY_FLOODING);
    assert_int_equal(world->facts->cases[1].best_score, 0);
    assert_int_equal(world->facts->cases[1].reporters, 1);
    world_free(world);
}

static void minor_target_or_withdrawn_consent_raises_light_to_severe(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report = world_report(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 950, "a");
    report.consent_state = CONSENT_STATE_WITHDRAWN;
    world_send(world, &report);
    send(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 950, "b");
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1,
                world->now_ms + 3 * DAY_MS);
    world_free(world);
    world = world_new(SUBJECT_KIND_USER, "p");
    report = world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 950, "a");
    report.target_age_band = AGE_BAND_A14_18;
    world_send(world, &report);
    send(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 950, "b");
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1,
                world->now_ms + 3 * DAY_MS);
    world_free(world);
}

static void case_that_nobody_looks_at_lapses_after_fourteen_days(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "a");
    world_clear(world);
    world_advance(world, T0 + 14 * DAY_MS - 1);
    assert_int_equal(last_outcome(world), OUTCOME_COUNT);
    world_advance(world, T0 + 14 * DAY_MS);
    assert_int_equal(last_outcome(world), OUTCOME_NOT_ESTABLISHED);
    const struct audit *audit = world_audit(world, AUDIT_ACTION_OUTCOME);
    assert_int_equal(audit->actor_kind, ACTOR_KIND_TIMER);
    assert_true(audit->due_at.value == T0 + 14 * DAY_MS);
    /* Nothing is left when the outcome can be appealed no more. */
    world_advance(world, T0 + (14 + 184) * DAY_MS);
    assert_false(judge_is_empty(world->facts));
    world_advance(world, T0 + (14 + 184) * DAY_MS + 1);
    assert_true(judge_is_empty(world->facts));
    assert_true(judge_next_timer(&world->policies, world->facts) == TIME_NEVER_MS);
    world_free(world);
}

static void groundless_verdict_and_outcomes_reach_every_reporter(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 350, "a");
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 10, "b");
    struct verdict verdict = world_verdict(world, VERDICT_KIND_DISMISS_GROUNDLESS,
                                           CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("report1"); /* the open case that holds it */
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(world_count(world, &record_signal), 2);
    assert_int_equal(world_count(world, &record_notice_request), 2);
    assert_int_equal(last_outcome(world), OUTCOME_GROUNDLESS);
    assert_int_equal(world_review(world, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_CONTENT);
    /* A decided act: later reports of it are answered NO_VIOLATION, unless of a graver lane. */
    struct report late = world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 350, "c");
    late.content_ref = bytes_text("message0");
    world_clear(world);
    world_send(world, &late);
    assert_int_equal(last_outcome(world), OUTCOME_NO_VIOLATION);
    assert_null(world_review(world, REVIEW_ACTION_OPEN));
    late = world_report(world, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM, 350, "d");
    late.content_ref = bytes_text("message0");
    world_clear(world);
    world_send(world, &late);
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_ONE_STRIKE_CONFIRM);
    world_free(world);
}

/* The bug: a report answered at once moved the fourteen days of its act. */
static void decided_act_answers_for_fourteen_days_from_its_decision(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 950, "a");
    world_send(world, &report);
    report.event_id = bytes_text("by-b");
    report.reporter_id = bytes_text("b");
    world_send(world, &report);
    world_advance(world, T0 + 14 * DAY_MS - 1);
    report.event_id = bytes_text("by-c");
    report.reporter_id = bytes_text("c");
    world_clear(world);
    world_send(world, &report);
    assert_int_equal(last_outcome(world), OUTCOME_CONFIRMED);
    world_advance(world, T0 + 14 * DAY_MS);
    report.event_id = bytes_text("by-d");
    report.reporter_id = bytes_text("d");
    world_clear(world);
    world_send(world, &report);
    assert_int_equal(last_outcome(world), OUTCOME_COUNT);
    assert_non_null(world_review(world, REVIEW_ACTION_OPEN));
    world_free(world);
}

static void one_act_is_never_two_strikes_on_a_ledger(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 950, "a");
    world_send(world, &report);
    struct report other = report; /* the same message under another category */
    other.event_id = bytes_text("other");
    other.reporter_id = bytes_text("z");
    other.category = CATEGORY_DISGUST;
    other.labels[0].category = CATEGORY_DISGUST;
    world_send(world, &other);
    send(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM, 950, "b");
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, world->now_ms + DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_DISGUST, AREA_OPEN_CHAT_ROOM);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("other");
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(last_outcome(world), OUTCOME_CONFIRMED);
    expect_none(world);
    assert_int_equal(world->facts->violations_count, 1);
    world_free(world);
}

static void verdict_moves_a_case_to_its_category_and_area(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    send(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 400, "a");
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_HATE_SPEECH, AREA_TALK_PROFILE);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("report0");
    verdict.severity = SEVERITY_LIGHT; /* counts only upwards */
    world_rule(world, &verdict);
    const struct restriction *step =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, PF1, T0 + 3 * DAY_MS);
    assert_int_equal(step->area, AREA_TALK_PROFILE);
    assert_int_equal(step->ledger, LEDGER_PROFILE);
    world_free(world);
}

static void system_abuse_is_what_the_reviewer_says(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    send(world, CATEGORY_SYSTEM_ABUSE, AREA_OPEN_CHAT_ROOM, 990, "a");
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_HUMAN_ONLY);
    expect_none(world);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_SYSTEM_ABUSE, AREA_OPEN_CHAT_ROOM);
    verdict.severity = SEVERITY_CRITICAL;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    world_free(world);
    world = world_new(SUBJECT_KIND_USER, "p");
    verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_SYSTEM_ABUSE, AREA_OPEN_CHAT_ROOM);
    verdict.severity = SEVERITY_SEVERE;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1, T0 + 3 * DAY_MS);
    world_free(world);
}

/* Case 10 and F9. */
static void impersonation_hold_without_proof_is_missing_proof(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_IMPERSONATION_PHISHING, AREA_REGULAR_CHAT, 930, "a");
    report.impersonated_id = bytes_text("v");
    world_send(world, &report);
    assert_true(bytes_is(world_signal(world, SIGNAL_KIND_PROOF_NEEDED)->subject_id, "v"));
    assert_true(bytes_is(world_notice(world, NOTICE_KIND_PROOF_REQUEST)->subject_id, "v"));
    assert_int_equal(world_review(world, REVIEW_ACTION_OPEN)->kind, REVIEW_KIND_ONE_STRIKE_CONFIRM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    world_clear(world);
    world_advance(world, T0 + 10 * DAY_MS);
    assert_int_equal(last_outcome(world), OUTCOME_NOT_ESTABLISHED);
    const struct restriction *lift = expect_step(
        world, RESTRICTION_OP_LIFT, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    assert_int_equal(lift->end_reason.value, END_REASON_PROOF_MISSING);
    /* A later CONFIRM still confirms and replaces the outcome, by signal alone. */
    struct verdict verdict = world_verdict(world, VERDICT_KIND_CONFIRM,
                                           CATEGORY_IMPERSONATION_PHISHING, AREA_REGULAR_CHAT);
    verdict.report_ids_count = 1;
    verdict.report_ids[0] = bytes_text("report0");
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(last_outcome(world), OUTCOME_CONFIRMED);
    assert_null(world_notice(world, NOTICE_KIND_REPORT_OUTCOME));
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_PERM_ALL, 0, SCOPE(ALL), 0);
    world_free(world);
}

static void friends_impersonation_report_only_waits_for_proof(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    struct report report =
        world_report(world, CATEGORY_IMPERSONATION_PHISHING, AREA_REGULAR_CHAT, 930, "a");
    report.impersonated_id = bytes_text("v");
    report.relation = RELATION_FRIEND;
    world_send(world, &report);
    assert_non_null(world_signal(world, SIGNAL_KIND_PROOF_NEEDED));
    assert_null(world_review(world, REVIEW_ACTION_OPEN));
    expect_none(world);
    world_clear(world);
    world_advance(world, T0 + 30 * DAY_MS - 1);
    assert_int_equal(last_outcome(world), OUTCOME_COUNT);
    world_advance(world, T0 + 30 * DAY_MS);
    assert_int_equal(last_outcome(world), OUTCOME_NOT_ESTABLISHED);
    world_free(world);
}

/* Case 17. */
static void act_is_judged_by_the_version_in_force_when_it_was_done(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    default_policy(&world->versions[1]);
    world->versions[1].version = 2;
    world->versions[1].hash[0] = 2;
    world->versions[1].announced_at_ms = T0;
    world->versions[1].effective_at_ms = T0 + 7 * DAY_MS;
    world->versions[1].categories[CATEGORY_ABUSE_SLANDER].severity = SEVERITY_SEVERE;
    world->policies.versions[world->policies.count++] = &world->versions[1];
    world_advance(world, T0 + 9 * DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CONFIRM, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    verdict.act_at = (struct optional_long){T0 + 7 * DAY_MS - HOUR_MS, true};
    world_rule(world, &verdict);
    const struct restriction *first =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + 10 * DAY_MS);
    assert_int_equal(first->policy_version, 1);
    world_advance(world, T0 + 12 * DAY_MS);
    verdict.event_id = bytes_text("second");
    verdict.act_at.value = T0 + 7 * DAY_MS;
    world_clear(world);
    world_rule(world, &verdict);
    const struct restriction *second =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 3, OC3, T0 + 19 * DAY_MS);
    assert_int_equal(second->policy_version, 2);
    world_free(world);
}

/* Case 24, on one subject after the other. */
static void breaker_holds_what_is_over_the_cap_and_a_person_releases_it(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world->breaker.hour = T0 / HOUR_MS;
    world->breaker.applied[CATEGORY_SPAM_AD] = 99;
    world_confirm(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + DAY_MS);
    world_advance(world, T0 + MINUTE_MS);
    world_clear(world);
    world_confirm(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    const struct audit *held = world_audit(world, AUDIT_ACTION_HOLD);
    assert_int_equal(held->state, DECISION_STATE_HELD);
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_BREAKER_HELD);
    assert_int_equal(review->proposed.value, MEASURE_RESTRICT_TEMP);
    assert_int_equal(review->proposed_stage, 2);
    assert_int_equal(world_count(world, &record_notice_request), 0);
    expect_none(world);
    assert_int_equal(world->facts->violations_count, 1);
    world_advance(world, T0 + 3 * HOUR_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_RELEASE_HELD, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    verdict.target_decision_id = held->decision_id;
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(world_review(world, REVIEW_ACTION_CLOSE)->kind, REVIEW_KIND_BREAKER_HELD);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 2, OC1,
                T0 + 3 * HOUR_MS + 3 * DAY_MS);
    assert_int_equal(world->breaker.applied[CATEGORY_SPAM_AD], 100); /* a release is not counted */
    world_free(world);
}

static void cancelled_held_decision_is_no_violation(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world->breaker.hour = T0 / HOUR_MS;
    world->breaker.applied[CATEGORY_SPAM_AD] = 100;
    send(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 950, "a");
    send(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 950, "b");
    const struct audit *held = world_audit(world, AUDIT_ACTION_HOLD);
    assert_non_null(held);
    send(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM, 950, "c"); /* joins; nothing more */
    expect_none(world);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_CANCEL_HELD, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    verdict.target_decision_id = held->decision_id;
    world_clear(world);
    world_rule(world, &verdict);
    assert_int_equal(last_outcome(world), OUTCOME_NO_VIOLATION);
    expect_none(world);
    world_confirm(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    world->breaker = (struct breaker){0};
    world_advance(world, T0 + HOUR_MS);
    world_confirm(world, CATEGORY_SPAM_AD, AREA_OPEN_CHAT_ROOM);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 1, OC1, T0 + HOUR_MS + DAY_MS);
    world_free(world);
}

static void ban_cap_is_smaller_and_holds_are_gated(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world->breaker.hour = T0 / HOUR_MS;
    world->breaker.applied_all[CATEGORY_DRUGS] = 20;
    world_confirm(world, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM);
    assert_non_null(world_audit(world, AUDIT_ACTION_HOLD));
    world->breaker.applied[CATEGORY_FINANCIAL_FRAUD] = 100;
    world_clear(world);
    send(world, CATEGORY_FINANCIAL_FRAUD, AREA_OPEN_CHAT_ROOM, 950, "a");
    const struct audit *held = world_audit(world, AUDIT_ACTION_HOLD);
    assert_int_equal(held->measure.value, MEASURE_PROVISIONAL_HOLD);
    struct verdict verdict = world_verdict(world, VERDICT_KIND_RELEASE_HELD,
                                           CATEGORY_FINANCIAL_FRAUD, AREA_OPEN_CHAT_ROOM);
    verdict.target_decision_id = held->decision_id;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_PROVISIONAL_HOLD, 0, HOLD, T0 + 72 * HOUR_MS);
    world_free(world);
}

static void lists_at_their_bounds_stay_safe(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    world->versions[0].reports_max = 5;
    world->versions[0].event_ids_max = 8;
    world->versions[0].cases_max = 2;
    char reporters[12][8];
    for (int i = 0; i < 12; i++) {
        (void)snprintf(reporters[i], sizeof(reporters[i]), "r%d", i);
        world_clear(world);
        send(world, CATEGORY_FLOODING, AREA_GROUP_CHAT, 10, reporters[i]);
        assert_int_equal(last_outcome(world), i < 5 ? OUTCOME_COUNT : OUTCOME_CLOSED);
        world_advance(world, world->now_ms + HOUR_MS);
    }
    assert_int_equal(world->facts->reports_count, 5);
    assert_int_equal(world->facts->event_ids_count, 8);
    assert_int_equal(world->facts->cases[0].dropped, 7);
    world->versions[0].reports_max = 128;
    send(world, CATEGORY_DISGUST, AREA_GROUP_CHAT, 10, "x");
    world_clear(world);
    send(world, CATEGORY_ABUSE_SLANDER, AREA_GROUP_CHAT, 10, "y");
    assert_int_equal(last_outcome(world), OUTCOME_CLOSED);
    assert_true(bytes_is(world_audit(world, AUDIT_ACTION_OUTCOME)->rule, "limit.cases"));
    world_free(world);
}

static void strikes_beyond_the_cap_drop_the_oldest_that_counts_least(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_USER, "p");
    for (int32_t i = 0; i < (int32_t)VIOLATIONS_MAX; i++) {
        const struct violation_fact old = {
            .number = 1000 + i,
            .case_id = bytes_of("0123456789abcdef", ID_SIZE),
            .decision_id = bytes_of("0123456789abcdef", ID_SIZE),
            .category = CATEGORY_ABUSE_SLANDER,
            .lane = LANE_LADDER,
            .ledger = LEDGER_OPEN_CHAT,
            .weight = 1,
            .act_at = T0 - DAY_MS,
            .decided_at = T0 - DAY_MS,
            .expires_at = i == 7 ? T0 : T0 + 80 * DAY_MS, /* the eighth counts no more */
            .policy_version = 1,
            .state = {DECISION_STATE_EXPIRED, true},
        };
        violation_insert(world->facts, &old);
    }
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    assert_int_equal(world->facts->violations_count, VIOLATIONS_MAX);
    assert_null(violation_find(world->facts, 1007));
    assert_non_null(violation_find(world->facts, 1000));
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_RESTRICT_TEMP, 7, OC5,
                world->now_ms + 60 * DAY_MS);
    world_advance(world, T0 + HOUR_MS);
    world_confirm(world, CATEGORY_ABUSE_SLANDER, AREA_OPEN_CHAT_ROOM);
    assert_null(violation_find(world->facts, 1000)); /* all count: the oldest goes */
    world_free(world);
}

static void unknown_records_are_refused_in_audit_not_in_silence(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_ROOM, "p");
    const struct rights_claim claim = {
        .event_id = bytes_text("d1"), .claim_id = bytes_text("d"), .category = CATEGORY_DEFAMATION};
    world_judge(world, "claims", &record_rights_claim, &claim);
    assert_true(bytes_is(world_audit(world, AUDIT_ACTION_REFUSE)->rule, "g1.subject"));
    assert_int_equal(world_judge(world, "claims", &record_rights_claim, &claim), JUDGE_DUPLICATE);
    world_free(world);
}

static void room_is_blocked_by_its_own_ladder(void **state)
{
    (void)state;
    struct world *world = world_new(SUBJECT_KIND_ROOM, "room");
    world_confirm(world, CATEGORY_AD_PROGRAM_SALE, AREA_OPEN_CHAT_ROOM);
    const struct restriction *first =
        expect_step(world, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 1, RM, T0 + 30 * DAY_MS);
    assert_int_equal(first->area, AREA_OPEN_CHAT_ROOM);
    assert_int_equal(first->target_kind, TARGET_KIND_ROOM);
    world_advance(world, T0 + 40 * DAY_MS);
    world_clear(world);
    world_confirm(world, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM); /* lane O blocks a room */
    const struct review_request *review = world_review(world, REVIEW_ACTION_OPEN);
    assert_int_equal(review->kind, REVIEW_KIND_ROOM_PERMANENT);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_ROOM_BLOCK, 2, RM, T0 + 70 * DAY_MS);
    world_advance(world, T0 + 41 * DAY_MS);
    struct verdict verdict =
        world_verdict(world, VERDICT_KIND_SET_PERMANENT, CATEGORY_DRUGS, AREA_OPEN_CHAT_ROOM);
    verdict.case_id = review->case_id;
    world_rule(world, &verdict);
    expect_step(world, RESTRICTION_OP_EXTEND, MEASURE_ROOM_BLOCK, 2, RM, 0);
    world_free(world);
    world = world_new(SUBJECT_KIND_OPEN_PROFILE, "profile");
    world_confirm(world, CATEGORY_AD_PROGRAM_SALE, AREA_OPEN_PROFILE);
    expect_step(world, RESTRICTION_OP_APPLY, MEASURE_OPEN_PROFILE_BLOCK, 1, RM, T0 + 30 * DAY_MS);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_fields_are_refused_and_leave_no_trace),
        cmocka_unit_test(verdict_on_content_without_report_is_no_report),
        cmocka_unit_test(report_without_good_faith_or_by_a_suspended_reporter_is_inadmissible),
        cmocka_unit_test(internal_detection_is_for_fraudulent_accounts_alone),
        cmocka_unit_test(press_and_unknown_relation_leave_the_case_to_a_person),
        cmocka_unit_test(burst_of_reporters_counts_three_a_minute),
        cmocka_unit_test(low_reporters_count_nothing_but_their_labels_do),
        cmocka_unit_test(best_label_at_the_ask_score_names_the_category),
        cmocka_unit_test(minor_target_or_withdrawn_consent_raises_light_to_severe),
        cmocka_unit_test(case_that_nobody_looks_at_lapses_after_fourteen_days),
        cmocka_unit_test(groundless_verdict_and_outcomes_reach_every_reporter),
        cmocka_unit_test(decided_act_answers_for_fourteen_days_from_its_decision),
        cmocka_unit_test(one_act_is_never_two_strikes_on_a_ledger),
        cmocka_unit_test(verdict_moves_a_case_to_its_category_and_area),
        cmocka_unit_test(system_abuse_is_what_the_reviewer_says),
        cmocka_unit_test(impersonation_hold_without_proof_is_missing_proof),
        cmocka_unit_test(friends_impersonation_report_only_waits_for_proof),
        cmocka_unit_test(act_is_judged_by_the_version_in_force_when_it_was_done),
        cmocka_unit_test(breaker_holds_what_is_over_the_cap_and_a_person_releases_it),
        cmocka_unit_test(cancelled_held_decision_is_no_violation),
        cmocka_unit_test(ban_cap_is_smaller_and_holds_are_gated),
        cmocka_unit_test(lists_at_their_bounds_stay_safe),
        cmocka_unit_test(strikes_beyond_the_cap_drop_the_oldest_that_counts_least),
        cmocka_unit_test(unknown_records_are_refused_in_audit_not_in_silence),
        cmocka_unit_test(room_is_blocked_by_its_own_ladder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
