/* Each check of the policy loader: the line and the sentence it shows for one planted mistake.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy_text.h"

#include "base/assert.h"

static void a_change_is_announced_seven_days_ahead(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "genesis:", "true", "false");
    change(&text, "announced_at:", "2000-01-01", "2026-01-01T00:00:00Z");
    const size_t line = change(&text, "effective_at:", "2000-01-01", "2026-01-07T23:59:00Z");
    char *found = policy_problems(text);
    char wanted[512];
    snprintf(
        wanted, sizeof(wanted),
        "p.yaml:%zu: effective_at is 6 d 23 h 59 m after announced_at: users are notified of a "
        "change no less than seven (7) days before (S0:25)\n",
        line);
    assert_string_equal(found, wanted);
    free(found);
    change(&text, "effective_at:", "2026-01-07T23:59:00Z", "2026-01-08");
    found = policy_problems(text);
    assert_string_equal(found, "");
    free(found);
    free(text);
}

static void a_change_is_not_announced_afterwards(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "genesis:", "true", "false");
    const size_t line = change(&text, "announced_at:", "2000-01-01", "2026-01-01");
    char *found = policy_problems(text);
    char wanted[256];
    snprintf(wanted, sizeof(wanted),
             "p.yaml:%zu: effective_at: it is before announced_at: users are notified of a change "
             "no less than seven (7) days before (S0:25)\n",
             line + 1);
    assert_string_equal(found, wanted);
    free(found);
    free(text);
}

static void the_end_of_a_temporary_measure_is_named(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "switches:", "temporary_measure_end: REMOVE", "temporary_measure_end: RESTORE");
    char *found = policy_problems(text);
    assert_string_equal(found, "");
    assert_false(policy.temporary_measure_removes);
    free(found);
    free(text);
    assert_broken("switches:", "temporary_measure_end: REMOVE", "temporary_measure_end: REMOVED",
                  "0: temporary_measure_end 'REMOVED' is not known, did you mean 'REMOVE'");
}

/* A1 37: of the STABILITY family the whole service may be taken below the permanent stage too. */
static void the_stability_family_may_go_further(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "accumulation:", "CHAT: CH2", "CHAT: [CH2, APP_RUN]");
    change(&text, "protection:", "scopes: PROT", "scopes: [PROT, APP_RUN]");
    char *found = policy_problems(text);
    assert_string_equal(found, "");
    free(found);
    change(&text, "  REPORT_ACCUMULATION:", "STABILITY", "OTHER");
    change(&text, "  ABNORMAL_ENVIRONMENT:", "STABILITY", "OTHER");
    found = policy_problems(text);
    assert_non_null(strstr(found, ": CHAT: ALL and APP_RUN take the whole service: only lane"));
    assert_non_null(strstr(found, ": scopes: ALL and APP_RUN take the whole service: only lane"));
    free(found);
    free(text);
}

static void public_thresholds_are_not_laxer(void **state)
{
    (void)state;
    static const char *const keys[][3] = {
        {"confirm_score", "900", "951"},   {"confirm_reporters", "2", "4"},
        {"hold_score", "800", "901"},      {"ask_score", "300", "501"},
        {"ask_reporters", "2", "4"},       {"multiroom_rooms", "3", "5"},
        {"multiroom_reporters", "2", "3"}, {"burst_targets", "20", "31"},
        {"burst_reporters", "1", "3"},     {"accumulation_reporters", "10", "21"},
    };
    static const int closed[] = {950, 3, 900, 500, 3, 4, 2, 30, 2, 20};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        char from[64];
        char to[64];
        char expected[256];
        snprintf(from, sizeof(from), "%s: %s\n", keys[i][0], keys[i][1]);
        snprintf(to, sizeof(to), "%s: %s\n", keys[i][0], keys[i][2]);
        snprintf(
            expected, sizeof(expected),
            "0: '%s' of PUBLIC is %s, of PRIVATE %d: more stringent standards apply where any user "
            "has access (S0:17, F1)",
            keys[i][0], keys[i][2], closed[i]);
        assert_broken("  PUBLIC:", from, to, expected);
    }
}

static void a_public_step_is_not_below_a_private_one(void **state)
{
    (void)state;
    assert_broken(
        "  CHAT:", "duration: 3d", "duration: 8d",
        "1: CHAT stage 4: this step is shorter than the one before: steps follow the number of "
        "violations (S0:19)\n"
        "-27: OPEN_CHAT stage 3 is below CHAT stage 3: more stringent standards apply where any "
        "user has access (S0:17, F1)\n"
        "-18: PROFILE stage 3 is below CHAT stage 3: more stringent standards apply where any "
        "user has access (S0:17, F1)\n"
        "-9: CHANNEL stage 3 is below CHAT stage 3: more stringent standards apply where any "
        "user has access (S0:17, F1)");
}

static void a_public_warning_is_not_below_a_dated_private_step(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "  PROFILE:", "{measure: RESTRICT_TEMP, duration: 1d, scopes: PF1}",
           "{measure: WARNING}");
    const size_t line =
        change(&text, "  PROFILE:", "{measure: RESTRICT_TEMP, duration: 3d, scopes: PF1}",
               "{measure: WARNING}");
    char *found = policy_problems(text);
    char wanted[512];
    snprintf(
        wanted, sizeof(wanted),
        "p.yaml:%zu: PROFILE stage 2 is below CHAT stage 2: more stringent standards apply where "
        "any user has access (S0:17, F1)\n"
        "p.yaml:%zu: PROFILE stage 2 is below BOARD stage 2: more stringent standards apply where "
        "any user has access (S0:17, F1)\n",
        line, line);
    assert_string_equal(found, wanted);
    free(found);
    free(text);
}

static void ladders_only_climb(void **state)
{
    (void)state;
    assert_broken(
        "  OPEN_CHAT:", "duration: 60d, scopes: OC5}", "duration: 29d, scopes: OC5}",
        "0: OPEN_CHAT stage 6: this step is shorter than the one before: steps follow the number "
        "of violations (S0:19)\n"
        "0: OPEN_CHAT stage 6 is below CHAT stage 6: more stringent standards apply "
        "where any user has access (S0:17, F1)\n"
        "0: OPEN_CHAT stage 6 is below BOARD stage 6: more stringent standards apply "
        "where any user has access (S0:17, F1)");
    assert_broken(
        "  OPEN_CHAT:", "duration: 15d, scopes: OC3", "duration: 15d, scopes: OC1",
        "0: OPEN_CHAT stage 4: this step gives back a scope that the one before takes: steps "
        "follow the number of violations (S0:19)");
    assert_broken(
        "  REPORTER:", "{measure: REPORTER_INTAKE_SUSPEND, duration: 30d}", "{measure: WARNING}",
        "0: REPORTER stage 3: this step is shorter than the one before: steps follow the number "
        "of violations (S0:19)\n"
        "0: REPORTER stage 3: a WARNING stands after a dated step");
}

static void steps_fit_their_ledger(void **state)
{
    (void)state;
    assert_broken(
        "  OPEN_CHAT:", "duration: 60d, scopes: OC5, review", "duration: 61d, scopes: OC5, review",
        "0: OPEN_CHAT stage 7: no dated step exceeds 60 d, longer is a person's choice (F5)");
    assert_broken("  OPEN_CHAT:", "duration: 1d", "duration: 23h",
                  "0: OPEN_CHAT stage 1: a step of OPEN_CHAT lasts from 1 d to 60 d (K1, S3:64)");
    assert_broken("  OPEN_CHAT:", "{measure: RESTRICT_TEMP, duration: 1d, scopes: OC1}",
                  "{measure: WARNING}",
                  "0: OPEN_CHAT stage 1: a step of OPEN_CHAT lasts from 1 d to 60 d (K1, S3:64)");
    assert_broken(
        "  OPEN_CHAT:", "review: LADDER_END", "review: ROOM_PERMANENT",
        "0: OPEN_CHAT stage 7: 'review' is LADDER_END, on ROOM it is ROOM_PERMANENT (E7)");
    assert_broken(
        "  CHAT:", "{measure: RESTRICT_TEMP, duration: 30d, scopes: CH5, review: LADDER_END}",
        "{measure: RESTRICT_PERM_AREA, duration: 30d, scopes: CH5}",
        "0: CHAT stage 6: a measure without end is chosen by a person only, ask for it with "
        "'review' (E7, F11)");
    assert_broken("  CHAT:", "{measure: RESTRICT_TEMP, duration: 1d, scopes: CH2}",
                  "{measure: ROOM_BLOCK, duration: 1d, scopes: CH2}",
                  "0: CHAT stage 2: this measure does not belong on this ladder (E3, E7)");
    assert_broken("  CHAT:", "{measure: WARNING}", "{measure: WARNING, scopes: CH2, duration: 1h}",
                  "0: CHAT stage 1: a WARNING has no duration\n"
                  "0: CHAT stage 1: 'scopes' has no meaning on this step");
    assert_broken("  CHAT:", "duration: 1d, scopes: CH2", "duration: 1d",
                  "0: CHAT stage 2: 'scopes' is missing: a step says what it restricts (S0:19)");
}

static void rooms_and_reporters_count_alike(void **state)
{
    (void)state;
    assert_broken("  ROOM:", "    weight: 1\n    window: 365d\n", "",
                  "-1: ROOM: 'weight' and 'window' are needed, its violations count alike (E7)");
    assert_broken("  CHAT:", "    steps:", "    weight: 1\n    window: 1d\n    steps:",
                  "-1: CHAT: 'weight' and 'window' come from the severities (E7)");
    assert_broken("  REPORTER:", "      - {measure: WARNING}\n", "",
                  "0: REPORTER stage 1: reports are refused only after a prior warning (44-13)");
}

static void scopes_are_no_wider_than_their_lane(void **state)
{
    (void)state;
    assert_broken(
        "  OPEN_CHAT:", "duration: 60d, scopes: OC5, review",
        "duration: 60d, scopes: [OC5, APP_RUN], review",
        "0: OPEN_CHAT stage 7: ALL and APP_RUN are wider than lane LADDER allows: a ladder covers "
        "the area of the violation only (S0:19)");
    const char *wide =
        "ALL and APP_RUN take the whole service: only lane ONE_STRIKE and the STABILITY family "
        "go that far, everything else is the minimum range (S0:19, S0:45)";
    char expected[512];
    snprintf(expected, sizeof(expected), "0: hold_scopes: %s", wide);
    assert_broken("clocks:", "hold_scopes: HOLD", "hold_scopes: [HOLD, ALL]", expected);
    snprintf(expected, sizeof(expected), "0: minor_scopes: %s", wide);
    assert_broken("clocks:", "minor_scopes: MINOR", "minor_scopes: BAN", expected);
}

static void withdraw_is_refused_by_name(void **state)
{
    (void)state;
    assert_broken("scope_sets:", "OC1: [SEND,", "OC1: [WITHDRAW, SEND,",
                  "0: WITHDRAW is no scope: nobody is ever kept from leaving the service (F8)");
}

static void scope_sets_are_known_before_they_are_used(void **state)
{
    (void)state;
    assert_broken("scope_sets:", "OC3: [OC1,", "OC3: [OC9,",
                  "0: scope 'OC9' is not known, did you mean 'OC1'");
    assert_broken("scope_sets:", "CN1: [COMMENT]", "LIKE: [COMMENT]\n  CN1: [COMMENT]",
                  "0: 'LIKE' is a scope, a set needs another name");
    assert_broken("scope_sets:", "BAN: [ALL]", "BAN: []",
                  "0: 'BAN' wants names of scopes, found an empty list");
    assert_broken("  OPEN_CHAT:", "scopes: OC1", "scopes: OCX",
                  "0: scope 'OCX' is not known, did you mean 'OC1'");
}

static void lane_and_severity_fit(void **state)
{
    (void)state;
    assert_broken(
        "  TERROR_EXTREMISM:", "CRITICAL", "SEVERE",
        "-2: TERROR_EXTREMISM: lane ONE_STRIKE needs severity CRITICAL: only clearly illegal acts "
        "end the whole service at once (S0:19)");
    assert_broken(
        "  SPAM_AD:", "LIGHT", "NONE",
        "-2: SPAM_AD: lane LADDER needs severity LIGHT or SEVERE: restrictions follow the number "
        "of violations, in phases (S0:19)");
    assert_broken(
        "  ACCOUNT_THEFT:", "NONE", "LIGHT",
        "-3: ACCOUNT_THEFT: lane PROOF has severity CRITICAL or NONE: without proof there is no "
        "strike (S3:18)");
    assert_broken(
        "  COPYRIGHT:", "NONE", "LIGHT",
        "-2: COPYRIGHT: lanes AUTHORITY, CONTENT_FIRST and PROTECTION have severity NONE: they "
        "carry no strike (F12, S0:49, F2)");
    assert_broken(
        "  SYSTEM_ABUSE:", "SEVERE\n", "CRITICAL\n",
        "-3: SYSTEM_ABUSE: lane HUMAN needs severity LIGHT or SEVERE: a verdict goes through the "
        "same ladder (S0:29)");
    assert_broken("  FLOODING:", "traits: [room]",
                  "traits: [room, staff_ad]\n    human_confirm: true",
                  "-4: FLOODING: 'human_confirm' belongs to lanes ONE_STRIKE and PROOF only (F11)\n"
                  "-4: FLOODING: trait 'staff_ad' belongs to spam only (S1:22)");
}

static void settled_categories_stay_settled(void **state)
{
    (void)state;
    assert_broken("  CHILD_GROOMING:", "[child, room]", "[room]",
                  "-5: CHILD_GROOMING: trait 'child' is missing: a person is always asked about "
                  "CHILD_* (E7)");
    assert_broken(
        "  FRAUDULENT_ACCOUNT:", "true", "false",
        "-4: FRAUDULENT_ACCOUNT: 'human_confirm' must be true: what our own detection finds is "
        "always confirmed by a person (F2)");
    assert_broken(
        "  ELECTION_DISINFO:", "AUTHORITY", "PROTECTION",
        "-2: ELECTION_DISINFO: lane AUTHORITY is needed: truth in an election is not ours to judge "
        "(S3:42)");
    assert_broken(
        "  OTHER_THREAT:", "HUMAN\n", "LADDER\n",
        "-1: OTHER_THREAT: lane HUMAN is needed: what is not listed is judged by a person (S0:29)");
}

static void every_category_area_and_ladder_stands_in_the_file(void **state)
{
    (void)state;
    assert_broken("areas:", "  SECRET_CHAT: {class: PRIVATE, ledger: CHAT} # 비밀채팅\n", "",
                  "-3: 'SECRET_CHAT' is missing in 'areas'");
    assert_broken("areas:", "SECRET_CHAT: {class: PRIVATE, ledger: CHAT}",
                  "SECRET_CHAT: {class: PRIVATE}", "0: 'ledger' is missing in 'SECRET_CHAT'");
    char *text = default_text();
    const size_t line = change(&text, "categories:", "categories:", "categories:");
    change(&text, "categories:", "  SPAM_AD:", "  SPAM_ADD:");
    char *found = policy_problems(text);
    char wanted[256];
    snprintf(wanted, sizeof(wanted), "p.yaml:%zu: 'SPAM_AD' is missing in 'categories'\n", line);
    assert_non_null(strstr(found, ": Category 'SPAM_ADD' is not known, did you mean 'SPAM_AD'\n"));
    assert_non_null(strstr(found, wanted));
    free(found);
    free(text);
}

static void areas_and_ledgers_fit(void **state)
{
    (void)state;
    assert_broken(
        "areas:", "SECRET_CHAT: {class: PRIVATE, ledger: CHAT}",
        "SECRET_CHAT: {class: PRIVATE, ledger: REPORTER}",
        "0: SECRET_CHAT: an area keeps strikes of users: ROOM and REPORTER are no ledgers of one");
}

static void areas_without_a_ledger_have_no_class(void **state)
{
    (void)state;
    assert_broken(
        "areas:", "OTHER_AREA: {class: NONE", "OTHER_AREA: {class: PRIVATE",
        "0: OTHER_AREA: an area with a ledger needs a class and one without has none: strikes "
        "follow the standard of who can see the area (S0:15, S0:17)");
    assert_broken(
        "areas:", "TALK_BOARD: {", "TALK_BOARD: {in_scope: false, ",
        "0: TALK_BOARD: an area out of scope needs the policy_doc that governs it (S0:9)");
    assert_broken(
        "areas:", "OTHER_AREA: {class: NONE, ledger: NONE}",
        "OTHER_AREA: {class: PUBLIC, ledger: CHANNEL}",
        "-13: areas: ALL and OTHER_AREA have no ledger: a person decides about an unknown area "
        "(S0:9)");
}

static void numbers_of_a_section_fit_together(void **state)
{
    (void)state;
    assert_broken("protection:", "longest: 56d", "longest: 13d",
                  "0: longest: 'longest' is shorter than 'duration'");
    assert_broken("clocks:", "minor_renewal_before: 30d", "minor_renewal_before: 365d",
                  "0: minor_renewal_before: 'minor_renewal_before' must be shorter than "
                  "'minor_protection'");
    assert_broken("severities:", "SEVERE: {weight: 2, window: 365d}",
                  "SEVERE: {weight: 2, window: 89d}",
                  "0: SEVERE: SEVERE weighs less or counts shorter than LIGHT (S0:19)");
    assert_broken("severities:", "  LIGHT", "  CRITICAL: {weight: 3, window: 1d}\n  LIGHT",
                  "0: 'CRITICAL' has no weight: only LIGHT and SEVERE violations climb a ladder");
}

static void a_list_that_is_too_long_is_refused(void **state)
{
    (void)state;
    assert_broken("  FINANCIAL_FRAUD:", "[PHISHING, PYRAMID_SCHEMES]", "[A, B, C]",
                  "0: 'keywords' has 3 entries, at most 2 are kept");
    assert_broken("  FINANCIAL_FRAUD:", "[kr.network.44-7.1.9]", "[a, b, c, d, e, f, g, h, i]",
                  "0: 'legal' has 9 entries, at most 8 are kept");
    assert_broken("  ROOM:", "    steps:\n", "    steps: []\n    stops:\n",
                  "1: key 'stops' is not known, did you mean 'steps'\n"
                  "0: a ladder has 1 to 8 steps, found 0");
}

static void breaker_caps_are_needed(void **state)
{
    (void)state;
    assert_broken("breaker:", "  apply_max: 100\n", "", "-1: 'apply_max' is missing in 'breaker'");
    assert_broken("breaker:", "apply_max: 100", "apply_max: 0",
                  "0: 'apply_max' is 0, it must be from 1 to 1000000");
    assert_broken("breaker:", "all_max: 20", "all_max: 101",
                  "0: all_max: 'all_max' is above 'apply_max' and would never stop anything");
}

static void limits_fit_the_stored_state(void **state)
{
    (void)state;
    assert_broken("limits:", "cases: 32", "cases: 33",
                  "0: 'cases' is 33, a subject's state has room for 32");
    assert_broken("limits:", "strikes: 64", "strikes: 65",
                  "0: 'strikes' is 65, a subject's state has room for 64");
}

static void values_have_their_form(void **state)
{
    (void)state;
    assert_broken("  PRIVATE:", "950", "950.5",
                  "0: 'confirm_score' wants a whole number, found '950.5'");
    assert_broken("  PRIVATE:", "950", "1001",
                  "0: 'confirm_score' is 1001, it must be from 1 to 1000");
    assert_broken("clocks:", "hold: 72h", "hold: 72",
                  "0: 'hold' wants a duration with its unit such as 60s or 14d, found '72'");
    assert_broken("clocks:", "temporary_measure: 30d", "temporary_measure: 31d",
                  "0: 'temporary_measure' is 31d, it must be from 1m to 30d");
    assert_broken("announced_at:", "2000-01-01", "yesterday",
                  "0: 'announced_at' wants a UTC time from 2000 to 2099 such as 2026-01-31 or "
                  "2026-01-31T09:00:00Z, found 'yesterday'");
    assert_broken("notices:", "quiet_from: 12:00", "quiet_from: noon",
                  "0: 'quiet_from' wants a UTC time of day such as 21:30, found 'noon'");
    assert_broken("shadow:", "false", "no", "0: 'shadow' wants true or false, found 'no'");
    assert_broken(
        "policy:", "default", "a b",
        "0: 'policy' wants a name of 1 to 64 letters, digits, '.', '_', '-', found 'a b'");
    assert_broken("version:", "1", "0", "0: 'version' is 0, it must be from 1 to 1000000");
    assert_broken("breaker:", "apply_max: 100",
                  "apply_max:", "0: 'apply_max' wants one value, found nothing");
    assert_broken("areas:", "class: PRIVATE", "class: SECRET",
                  "0: AreaClass 'SECRET' is not known");
    assert_broken("reporters:", "groundless_permille", "groundless_permil",
                  "0: key 'groundless_permil' is not known, did you mean 'groundless_permille'\n"
                  "-3: 'groundless_permille' is missing in 'reporters'");
}

static void the_example_of_several_problems_at_once(void **state)
{
    (void)state;
    char *text = default_text();
    change(&text, "breaker:", "apply_max: 100", "apply_max: many");
    change(&text, "clocks:", "hold: 72h", "hold: soon");
    change(&text, "  PUBLIC:", "ask_score: 300", "ask_score: 600");
    change(&text, "shadow:", "shadow:", "shadows:");
    char *found = policy_problems(text);
    assert_non_null(strstr(found, "key 'shadows' is not known, did you mean 'shadow'"));
    assert_non_null(strstr(found, "'apply_max' wants a whole number"));
    assert_non_null(strstr(found, "'hold' wants a duration"));
    assert_non_null(strstr(found, "'ask_score' of PUBLIC is 600, of PRIVATE 500"));
    free(found);
    free(text);
}

static void authorities_are_binding_or_not(void **state)
{
    (void)state;
    assert_broken("  kr.court.order:", "{binding: [COURT]}", "{}",
                  "0: 'kr.court.order' needs authorities, each either 'binding' or 'not_binding'");
    assert_broken("  kr.court.order:", "{binding: [COURT]}",
                  "{binding: [COURT], not_binding: [COURT]}",
                  "0: 'kr.court.order' needs authorities, each either 'binding' or 'not_binding'");
    assert_broken("  kr.court.order:", "COURT", "COURTS",
                  "0: Authority 'COURTS' is not known, did you mean 'COURT'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_announced_seven_days_ahead),
        cmocka_unit_test(a_change_is_not_announced_afterwards),
        cmocka_unit_test(the_end_of_a_temporary_measure_is_named),
        cmocka_unit_test(the_stability_family_may_go_further),
        cmocka_unit_test(public_thresholds_are_not_laxer),
        cmocka_unit_test(a_public_step_is_not_below_a_private_one),
        cmocka_unit_test(a_public_warning_is_not_below_a_dated_private_step),
        cmocka_unit_test(ladders_only_climb),
        cmocka_unit_test(steps_fit_their_ledger),
        cmocka_unit_test(rooms_and_reporters_count_alike),
        cmocka_unit_test(scopes_are_no_wider_than_their_lane),
        cmocka_unit_test(withdraw_is_refused_by_name),
        cmocka_unit_test(scope_sets_are_known_before_they_are_used),
        cmocka_unit_test(lane_and_severity_fit),
        cmocka_unit_test(settled_categories_stay_settled),
        cmocka_unit_test(every_category_area_and_ladder_stands_in_the_file),
        cmocka_unit_test(areas_and_ledgers_fit),
        cmocka_unit_test(areas_without_a_ledger_have_no_class),
        cmocka_unit_test(numbers_of_a_section_fit_together),
        cmocka_unit_test(a_list_that_is_too_long_is_refused),
        cmocka_unit_test(breaker_caps_are_needed),
        cmocka_unit_test(limits_fit_the_stored_state),
        cmocka_unit_test(values_have_their_form),
        cmocka_unit_test(the_example_of_several_problems_at_once),
        cmocka_unit_test(authorities_are_binding_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
