/* The shipped policy holds the numbers of domain.md E1, E2, E7 and I.21; canonical form and hash.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy_text.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"

#define BIT(scope) (UINT64_C(1) << SCOPE_##scope)
#define OC1 (BIT(SEND) | BIT(POST) | BIT(COMMENT))
#define OC3 (OC1 | BIT(CREATE_ROOM) | BIT(INVITE) | BIT(JOIN))
#define OC5 (OC3 | BIT(OPEN_CHAT_USE))
#define CH2 (BIT(SEND_TO_STRANGER) | BIT(BULK_SEND))
#define CH4 (CH2 | BIT(CREATE_GROUP) | BIT(INVITE) | BIT(FRIEND_ADD))
#define CH5 (CH4 | BIT(SEND))
#define BD2 (BIT(POST) | BIT(COMMENT))
#define PF1 (BIT(PROFILE_DEFAULT_IMAGE) | BIT(RECOMMEND_EXPOSURE))
#define PF4 (PF1 | BIT(SEARCH_EXPOSURE) | BIT(ID_QR_EXPOSURE))
#define CN1 BIT(COMMENT)
#define CN4 (CN1 | BIT(POST) | BIT(LIKE))
#define RM (BIT(SEND) | BIT(POST) | BIT(JOIN) | BIT(SEARCH_EXPOSURE) | BIT(RECOMMEND_EXPOSURE))

static int load_default(void **state)
{
    (void)state;
    struct problems problems = {0};
    const bool good = policy_read(DEFAULT_POLICY, &policy, NULL, &problems);
    if (!good) {
        fprintf(stderr, "%.*s", BYTES_PRINT(buffer_bytes(&problems.text)));
    }
    problems_release(&problems);
    return good ? 0 : -1;
}

static void the_head_is_version_one_and_genesis(void **state)
{
    (void)state;
    assert_string_equal(policy.id, "default");
    assert_int_equal(policy.version, 1);
    assert_true(policy.genesis);
    assert_false(policy.shadow);
    assert_int_equal(policy.effective_at_ms, TIME_MIN_MS);
    assert_true(policy.network_act_duties);
    assert_false(policy.late_lift_credit);
    assert_true(policy.temporary_measure_removes);
}

static void areas_have_the_class_and_ledger_of_e1(void **state)
{
    (void)state;
    static const struct {
        enum area area;
        enum area_class class;
        enum ledger ledger;
    } rows[] = {
        {AREA_REGULAR_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT},
        {AREA_GROUP_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT},
        {AREA_SECRET_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT},
        {AREA_OPEN_CHAT_ROOM, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT},
        {AREA_OPEN_CHAT_COVER, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT},
        {AREA_OPEN_CHAT_BOARD, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT},
        {AREA_OPEN_PROFILE, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT},
        {AREA_OPEN_PROFILE_POST, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT},
        {AREA_TALK_PROFILE, AREA_CLASS_PUBLIC, LEDGER_PROFILE},
        {AREA_TALK_BOARD, AREA_CLASS_PRIVATE, LEDGER_BOARD},
        {AREA_TALK_CHANNEL, AREA_CLASS_PUBLIC, LEDGER_CHANNEL},
        {AREA_CHANNEL_COMMENT, AREA_CLASS_PUBLIC, LEDGER_CHANNEL},
        {AREA_OTHER_AREA, AREA_CLASS_NONE, LEDGER_NONE},
        {AREA_ALL, AREA_CLASS_NONE, LEDGER_NONE},
    };
    assert_int_equal(COUNT_OF(rows), AREA_COUNT);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_int_equal(policy.areas[rows[i].area].class, rows[i].class);
        assert_int_equal(policy.areas[rows[i].area].ledger, rows[i].ledger);
        assert_true(policy.areas[rows[i].area].in_scope);
    }
}

/* Lane and severity letters of E2, in the order of the enum. */
static void categories_have_the_lane_and_severity_of_e2(void **state)
{
    (void)state;
    static const char lanes[] = "OOOOOOOHOOOOOOPPLLLLLLLLLLLLLLLLLLLLLUCCCALH";
    static const char severities[] = "CCCCCCCSCCCCCCC-SSLLSLSLLSLLSLLLSSSL------LL";
    static const char letters[LANE_COUNT] = {
        [LANE_ONE_STRIKE] = 'O', [LANE_LADDER] = 'L',        [LANE_AUTHORITY] = 'A',
        [LANE_PROOF] = 'P',      [LANE_CONTENT_FIRST] = 'C', [LANE_PROTECTION] = 'U',
        [LANE_HUMAN] = 'H',
    };
    static const char grades[SEVERITY_COUNT] = {
        [SEVERITY_LIGHT] = 'L',
        [SEVERITY_SEVERE] = 'S',
        [SEVERITY_CRITICAL] = 'C',
        [SEVERITY_NONE] = '-',
    };
    assert_int_equal(strlen(lanes), CATEGORY_NONE);
    assert_int_equal(strlen(severities), CATEGORY_NONE);
    for (int i = 0; i < CATEGORY_NONE; i++) {
        const struct policy_category *category = &policy.categories[i];
        if (letters[category->lane] != lanes[i] || grades[category->severity] != severities[i]) {
            fail_msg("%s: %c %c", enum_category.symbols[i], letters[category->lane],
                     grades[category->severity]);
        }
        assert_int_equal(category->human_confirm, lanes[i] == 'O' || lanes[i] == 'P');
        assert_true(category->rule[0] != '\0' && category->item_page[0] != '\0');
    }
}

static void categories_have_their_traits(void **state)
{
    (void)state;
    for (int i = 0; i < CATEGORY_NONE; i++) {
        const struct policy_category *category = &policy.categories[i];
        const char *name = enum_category.symbols[i];
        const bool spam = strncmp(name, "SPAM_", 5) == 0;
        assert_int_equal(category->child, strncmp(name, "CHILD_", 6) == 0);
        assert_int_equal(category->spam, spam);
        assert_int_equal(category->staff_ad, spam);
        assert_int_equal(category->human_only,
                         i == CATEGORY_OTHER_THREAT || i == CATEGORY_ELECTION_DISINFO);
        assert_int_equal(category->severity_by_verdict,
                         i == CATEGORY_OTHER_THREAT || i == CATEGORY_SYSTEM_ABUSE);
        assert_int_equal(category->authority_report,
                         category->child || i == CATEGORY_IMPERSONATION_PHISHING);
    }
    const struct policy_category *phishing = &policy.categories[CATEGORY_IMPERSONATION_PHISHING];
    assert_int_equal(phishing->report_kind, AUTHORITY_REPORT_KIND_PHISHING);
    assert_int_equal(phishing->report_authority, AUTHORITY_KISA);
    const struct policy_category *child = &policy.categories[CATEGORY_CHILD_SEXUAL_CRIME];
    assert_int_equal(child->report_kind, AUTHORITY_REPORT_KIND_CHILD_SAFETY);
    assert_int_equal(child->report_authority, AUTHORITY_POLICE);
    assert_string_equal(child->rule, "s0.19");
    assert_string_equal(child->dsa_category, "PROTECTION_OF_MINORS");
    assert_string_equal(child->dsa_keywords[0], "CHILD_SEXUAL_ABUSE_MATERIAL");
    assert_int_equal(policy.categories[CATEGORY_FINANCIAL_FRAUD].dsa_keyword_count, 2);
    assert_string_equal(policy.categories[CATEGORY_HATE_SPEECH].legal_refs[0],
                        "kr.network.44-7.1.2-2");
    assert_int_equal(policy.categories[CATEGORY_ABNORMAL_ENVIRONMENT].dsa_category[0], 0);
}

static void families_are_those_of_e6(void **state)
{
    (void)state;
    static const int counts[CATEGORY_FAMILY_COUNT] = {
        [CATEGORY_FAMILY_USER_SAFETY] = 10, [CATEGORY_FAMILY_OBJECTIONABLE] = 6,
        [CATEGORY_FAMILY_GOODS] = 6,        [CATEGORY_FAMILY_STABILITY] = 16,
        [CATEGORY_FAMILY_RIGHTS] = 3,       [CATEGORY_FAMILY_ELECTION] = 1,
        [CATEGORY_FAMILY_REPORTING] = 1,    [CATEGORY_FAMILY_OTHER] = 1,
    };
    int found[CATEGORY_FAMILY_COUNT] = {0};
    for (int i = 0; i < CATEGORY_NONE; i++) {
        found[policy.categories[i].family]++;
    }
    for (int i = 0; i < CATEGORY_FAMILY_COUNT; i++) {
        assert_int_equal(found[i], counts[i]);
    }
    assert_int_equal(policy.categories[CATEGORY_DRUGS].family, CATEGORY_FAMILY_GOODS);
    assert_int_equal(policy.categories[CATEGORY_LEWD_DISTRIBUTION].family,
                     CATEGORY_FAMILY_OBJECTIONABLE);
}

static void strikes_weigh_one_and_two(void **state)
{
    (void)state;
    assert_int_equal(policy.severities[SEVERITY_LIGHT].weight, 1);
    assert_int_equal(policy.severities[SEVERITY_LIGHT].window_ms, 90 * DAY_MS);
    assert_int_equal(policy.severities[SEVERITY_SEVERE].weight, 2);
    assert_int_equal(policy.severities[SEVERITY_SEVERE].window_ms, 365 * DAY_MS);
    assert_int_equal(policy.severities[SEVERITY_CRITICAL].weight, 0);
    assert_int_equal(policy.severities[SEVERITY_NONE].weight, 0);
}

/* `days` 0: a WARNING. The last step asks a person. */
static void assert_ladder(enum ledger ledger, enum measure measure, const int *days,
                          const scope_set *scopes, uint32_t count, enum review_kind review)
{
    const struct policy_ladder *ladder = &policy.ladders[ledger];
    assert_int_equal(ladder->step_count, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct policy_step *step = &ladder->steps[i];
        assert_int_equal(step->measure, days[i] == 0 ? MEASURE_WARNING : measure);
        assert_int_equal(step->duration_ms, days[i] * DAY_MS);
        assert_int_equal(step->scopes, scopes != NULL && days[i] != 0 ? scopes[i] : 0);
        assert_int_equal(step->review, i == count - 1);
        assert_true(IMPLIES(step->review, step->review_kind == review));
    }
}

static void ladders_have_the_steps_of_e7(void **state)
{
    (void)state;
    static const int open[] = {1, 3, 7, 15, 30, 60, 60};
    static const int closed[] = {0, 1, 3, 7, 30, 30};
    static const int room[] = {30, 30};
    static const int reporter[] = {0, 7, 30, 30};
    const enum measure temp = MEASURE_RESTRICT_TEMP;
    const enum review_kind end = REVIEW_KIND_LADDER_END;
    assert_ladder(LEDGER_OPEN_CHAT, temp, open,
                  (const scope_set[]){OC1, OC1, OC3, OC3, OC5, OC5, OC5}, 7, end);
    assert_ladder(LEDGER_PROFILE, temp, open,
                  (const scope_set[]){PF1, PF1, PF1, PF4, PF4, PF4, PF4}, 7, end);
    assert_ladder(LEDGER_CHANNEL, temp, open,
                  (const scope_set[]){CN1, CN1, CN1, CN4, CN4, CN4, CN4}, 7, end);
    assert_ladder(LEDGER_CHAT, temp, closed, (const scope_set[]){0, CH2, CH2, CH4, CH5, CH5}, 6,
                  end);
    assert_ladder(LEDGER_BOARD, temp, closed, (const scope_set[]){0, BD2, BD2, BD2, BD2, BD2}, 6,
                  end);
    assert_ladder(LEDGER_ROOM, MEASURE_ROOM_BLOCK, room, (const scope_set[]){RM, RM}, 2,
                  REVIEW_KIND_ROOM_PERMANENT);
    assert_ladder(LEDGER_REPORTER, MEASURE_REPORTER_INTAKE_SUSPEND, reporter, NULL, 4, end);
    assert_int_equal(policy.ladders[LEDGER_ROOM].fixed_weight, 1);
    assert_int_equal(policy.ladders[LEDGER_ROOM].fixed_window_ms, 365 * DAY_MS);
    assert_int_equal(policy.ladders[LEDGER_REPORTER].fixed_weight, 1);
    assert_int_equal(policy.ladders[LEDGER_REPORTER].fixed_window_ms, 365 * DAY_MS);
    assert_int_equal(policy.ladders[LEDGER_CHAT].fixed_weight, 0);
    assert_int_equal(policy.ladders[LEDGER_NONE].step_count, 0);
}

static void scope_sets_are_those_of_e7(void **state)
{
    (void)state;
    assert_int_equal(policy.hold_scopes, OC3 | BIT(CREATE_GROUP) | BIT(FRIEND_ADD));
    assert_int_equal(policy.minor_scopes, BIT(CREATE_ROOM) | BIT(JOIN) | BIT(SEARCH_EXPOSURE));
    assert_int_equal(policy.ban_scopes, BIT(ALL));
    assert_int_equal(policy.protection.scopes,
                     BIT(CREATE_ROOM) | BIT(CREATE_GROUP) | BIT(BULK_SEND) | BIT(BE_INVITED) |
                         BIT(FRIEND_SEARCH) | BIT(FRIEND_ADD) | BIT(ID_QR_EXPOSURE) | BIT(CALL) |
                         BIT(CALENDAR_WRITE) | BIT(SUB_DEVICE) | BIT(OPEN_CHAT_USE));
    assert_int_equal(policy.accumulation_scopes[LEDGER_CHAT], CH2);
    assert_int_equal(policy.accumulation_scopes[LEDGER_OPEN_CHAT], OC1);
    assert_int_equal(policy.accumulation_scopes[LEDGER_PROFILE], PF1);
    assert_int_equal(policy.accumulation_scopes[LEDGER_BOARD], BD2);
    assert_int_equal(policy.accumulation_scopes[LEDGER_CHANNEL], CN1);
    assert_int_equal(policy.accumulation_scopes[LEDGER_ROOM], 0);
}

static void evidence_is_that_of_e7(void **state)
{
    (void)state;
    const struct policy_evidence closed = {950, 3, 900, 500, 3, 4, 2, 30, 2, 20};
    const struct policy_evidence open = {900, 2, 800, 300, 2, 3, 2, 20, 1, 10};
    assert_memory_equal(&policy.evidence[AREA_CLASS_PRIVATE], &closed, sizeof(closed));
    assert_memory_equal(&policy.evidence[AREA_CLASS_PUBLIC], &open, sizeof(open));
    assert_int_equal(policy.counted_per_window, 3);
    assert_int_equal(policy.counted_window_ms, 60 * SECOND_MS);
    assert_int_equal(policy.duplicate_horizon_ms, 14 * DAY_MS);
    assert_int_equal(policy.case_wait_ms, 14 * DAY_MS);
    assert_int_equal(policy.multiroom_window_ms, 7 * DAY_MS);
    assert_int_equal(policy.sketch_equal_min, 8);
    assert_int_equal(policy.burst_window_ms, DAY_MS);
    assert_int_equal(policy.accumulation_window_ms, DAY_MS);
    assert_int_equal(policy.accumulation_duration_ms, DAY_MS);
    assert_int_equal(policy.room_request_window_ms, 30 * DAY_MS);
    assert_int_equal(policy.room_request_reporters, 5);
    assert_int_equal(policy.room_request_institutions, 1);
    assert_int_equal(policy.room_request_reporters_alone, 20);
    assert_int_equal(policy.spam_mark_window_ms, 30 * DAY_MS);
    assert_int_equal(policy.spam_mark_senders, 2);
}

static void clocks_and_limits_are_those_of_e7(void **state)
{
    (void)state;
    assert_int_equal(policy.hold_ms, 72 * HOUR_MS);
    assert_int_equal(policy.proof_wait_ms, 30 * DAY_MS);
    assert_int_equal(policy.temporary_measure_ms, 30 * DAY_MS);
    assert_int_equal(policy.minor_protection_ms, 365 * DAY_MS);
    assert_int_equal(policy.minor_renewal_before_ms, 30 * DAY_MS);
    assert_int_equal(policy.appeal_window_ms, 184 * DAY_MS);
    assert_int_equal(policy.authority_objection_ms, 3 * DAY_MS);
    assert_int_equal(policy.authority_execution_ms, HOUR_MS);
    assert_int_equal(policy.tombstone_permanent_ms, 1095 * DAY_MS);
    assert_int_equal(policy.protection.friend_adds, 100);
    assert_int_equal(policy.protection.open_chat_joins, 60);
    assert_int_equal(policy.protection.rooms_made, 30);
    assert_int_equal(policy.protection.trip_window_ms, HOUR_MS);
    assert_int_equal(policy.protection.duration_ms, 14 * DAY_MS);
    assert_int_equal(policy.protection.extension_ms, 14 * DAY_MS);
    assert_int_equal(policy.protection.longest_ms, 56 * DAY_MS);
    assert_int_equal(policy.protection.extension_reports, 2);
    assert_int_equal(policy.protection.identity_end_ms, DAY_MS);
    assert_int_equal(policy.reporter_window_ms, 90 * DAY_MS);
    assert_int_equal(policy.reporter_groundless_min, 10);
    assert_int_equal(policy.reporter_groundless_permille, 500);
    assert_int_equal(policy.breaker_apply_max, 100);
    assert_int_equal(policy.breaker_all_max, 20);
    assert_int_equal(policy.quiet_from_ms, 12 * HOUR_MS);
    assert_int_equal(policy.quiet_until_ms, 23 * HOUR_MS);
    assert_int_equal(policy.notice_first_bytes_max, 15360);
    assert_int_equal(policy.notice_later_bytes_max, 2048);
}

static void authority_bases_are_those_of_i21(void **state)
{
    (void)state;
    static const struct policy_authority_basis bases[] = {
        {"kr.election.82-4", 1 << AUTHORITY_NEC | 1 << AUTHORITY_ELECTION_COMMITTEE,
         1 << AUTHORITY_CANDIDATE},
        {"kr.network.44-7", 1 << AUTHORITY_KMCC, 1 << AUTHORITY_KMCSC},
        {"kr.court.order", 1 << AUTHORITY_COURT, 0},
        {"kr.criminal.warrant", 1 << AUTHORITY_POLICE | 1 << AUTHORITY_PROSECUTION, 0},
        {"kr.network.50", 0, 1 << AUTHORITY_KISA | 1 << AUTHORITY_KMCC},
        {"kr.network.44-2", 0, 1 << AUTHORITY_TDMC},
    };
    assert_int_equal(policy.basis_count, COUNT_OF(bases));
    for (size_t i = 0; i < COUNT_OF(bases); i++) {
        assert_string_equal(policy.bases[i].legal_basis, bases[i].legal_basis);
        assert_int_equal(policy.bases[i].binding, bases[i].binding);
        assert_int_equal(policy.bases[i].known, bases[i].known);
    }
}

static void the_canonical_form_gives_the_same_policy_and_hash(void **state)
{
    (void)state;
    static struct policy again;
    struct buffer canonical = {0};
    struct buffer twice = {0};
    struct problems problems = {0};
    assert_true(policy_read(DEFAULT_POLICY, &policy, &canonical, &problems));
    assert_true(policy_parse("canonical", buffer_bytes(&canonical), &again, &problems));
    assert_memory_equal(&again, &policy, sizeof(policy));
    assert_true(policy_canonical(buffer_bytes(&canonical), &twice));
    assert_true(bytes_equal(buffer_bytes(&canonical), buffer_bytes(&twice)));
    uint8_t digest[DIGEST_SIZE];
    const struct bytes part = buffer_bytes(&canonical);
    digest_sha256(&part, 1, digest);
    assert_memory_equal(digest, policy.hash, sizeof(digest));
    assert_null(memchr(canonical.data, '#', canonical.size));
    buffer_release(&canonical);
    buffer_release(&twice);
    problems_release(&problems);
}

static void comments_and_layout_do_not_change_the_hash_but_a_number_does(void **state)
{
    (void)state;
    uint8_t hash[32];
    memcpy(hash, policy.hash, sizeof(hash));
    char *text = default_text();
    change(&text, "breaker:", "apply_max: 100", "'apply_max':   \"100\" # more");
    free(policy_problems(text));
    assert_memory_equal(policy.hash, hash, sizeof(hash));
    change(&text, "breaker:", "all_max: 20", "all_max: 21");
    char *found = policy_problems(text);
    assert_string_equal(found, "");
    assert_memory_not_equal(policy.hash, hash, sizeof(hash));
    free(found);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_version_one_and_genesis),
        cmocka_unit_test(areas_have_the_class_and_ledger_of_e1),
        cmocka_unit_test(categories_have_the_lane_and_severity_of_e2),
        cmocka_unit_test(categories_have_their_traits),
        cmocka_unit_test(families_are_those_of_e6),
        cmocka_unit_test(strikes_weigh_one_and_two),
        cmocka_unit_test(ladders_have_the_steps_of_e7),
        cmocka_unit_test(scope_sets_are_those_of_e7),
        cmocka_unit_test(evidence_is_that_of_e7),
        cmocka_unit_test(clocks_and_limits_are_those_of_e7),
        cmocka_unit_test(authority_bases_are_those_of_i21),
        cmocka_unit_test(the_canonical_form_gives_the_same_policy_and_hash),
        cmocka_unit_test(comments_and_layout_do_not_change_the_hash_but_a_number_does),
    };
    return cmocka_run_group_tests(tests, load_default, NULL);
}
