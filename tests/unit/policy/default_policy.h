/* The default policy of domain.md E7 as a struct, for tests of the core without the file loader.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_DEFAULT_POLICY_H
#define TESTS_DEFAULT_POLICY_H

#include "base/assert.h"
#include "base/time.h"
#include "policy/policy.h"

#include <stdio.h>

#define SCOPE(name) (UINT64_C(1) << SCOPE_##name)
#define OC1 (SCOPE(SEND) | SCOPE(POST) | SCOPE(COMMENT))
#define OC3 (OC1 | SCOPE(CREATE_ROOM) | SCOPE(INVITE) | SCOPE(JOIN))
#define OC5 (OC3 | SCOPE(OPEN_CHAT_USE))
#define CH2 (SCOPE(SEND_TO_STRANGER) | SCOPE(BULK_SEND))
#define CH4 (CH2 | SCOPE(CREATE_GROUP) | SCOPE(INVITE) | SCOPE(FRIEND_ADD))
#define CH5 (CH4 | SCOPE(SEND))
#define BD2 (SCOPE(POST) | SCOPE(COMMENT))
#define PF1 (SCOPE(PROFILE_DEFAULT_IMAGE) | SCOPE(RECOMMEND_EXPOSURE))
#define PF4 (PF1 | SCOPE(SEARCH_EXPOSURE) | SCOPE(ID_QR_EXPOSURE))
#define CN1 (SCOPE(COMMENT))
#define CN4 (CN1 | SCOPE(POST) | SCOPE(LIKE))
#define RM                                                                                         \
    (SCOPE(SEND) | SCOPE(POST) | SCOPE(JOIN) | SCOPE(SEARCH_EXPOSURE) | SCOPE(RECOMMEND_EXPOSURE))
#define HOLD                                                                                       \
    (SCOPE(SEND) | SCOPE(POST) | SCOPE(COMMENT) | SCOPE(INVITE) | SCOPE(JOIN) |                    \
     SCOPE(CREATE_ROOM) | SCOPE(CREATE_GROUP) | SCOPE(FRIEND_ADD))

#define PROT                                                                                       \
    (SCOPE(CREATE_ROOM) | SCOPE(CREATE_GROUP) | SCOPE(BULK_SEND) | SCOPE(BE_INVITED) |             \
     SCOPE(FRIEND_SEARCH) | SCOPE(FRIEND_ADD) | SCOPE(ID_QR_EXPOSURE) | SCOPE(CALL) |              \
     SCOPE(CALENDAR_WRITE) | SCOPE(SUB_DEVICE) | SCOPE(OPEN_CHAT_USE))

static inline void policy_text(char out[POLICY_NAME_MAX], const char *text)
{
    const int size = snprintf(out, POLICY_NAME_MAX, "%s", text);
    ASSERT(size >= 0 && size < POLICY_NAME_MAX);
}

static inline void policy_area_set(struct policy *policy, enum area area, enum area_class class,
                                   enum ledger ledger)
{
    policy->areas[area] = (struct policy_area){.class = class, .ledger = ledger, .in_scope = true};
}

static inline void policy_areas_fill(struct policy *policy)
{
    policy_area_set(policy, AREA_REGULAR_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT);
    policy_area_set(policy, AREA_GROUP_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT);
    policy_area_set(policy, AREA_SECRET_CHAT, AREA_CLASS_PRIVATE, LEDGER_CHAT);
    policy_area_set(policy, AREA_OPEN_CHAT_ROOM, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT);
    policy_area_set(policy, AREA_OPEN_CHAT_COVER, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT);
    policy_area_set(policy, AREA_OPEN_CHAT_BOARD, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT);
    policy_area_set(policy, AREA_OPEN_PROFILE, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT);
    policy_area_set(policy, AREA_OPEN_PROFILE_POST, AREA_CLASS_PUBLIC, LEDGER_OPEN_CHAT);
    policy_area_set(policy, AREA_TALK_PROFILE, AREA_CLASS_PUBLIC, LEDGER_PROFILE);
    policy_area_set(policy, AREA_TALK_BOARD, AREA_CLASS_PRIVATE, LEDGER_BOARD);
    policy_area_set(policy, AREA_TALK_CHANNEL, AREA_CLASS_PUBLIC, LEDGER_CHANNEL);
    policy_area_set(policy, AREA_CHANNEL_COMMENT, AREA_CLASS_PUBLIC, LEDGER_CHANNEL);
    policy_area_set(policy, AREA_OTHER_AREA, AREA_CLASS_NONE, LEDGER_NONE);
    policy_area_set(policy, AREA_ALL, AREA_CLASS_NONE, LEDGER_NONE);
    policy_text(policy->areas[AREA_TALK_CHANNEL].policy_doc, "talk-channel");
}

static inline void policy_category_set(struct policy *policy, enum category category,
                                       enum lane lane, enum severity severity,
                                       enum category_family family)
{
    struct policy_category *item = &policy->categories[category];
    *item = (struct policy_category){
        .lane = lane,
        .severity = severity,
        .family = family,
        .human_confirm = lane == LANE_ONE_STRIKE || lane == LANE_PROOF,
        .room_subject = lane == LANE_ONE_STRIKE || lane == LANE_LADDER,
    };
    policy_text(item->item_page, "page");
    policy_text(item->rule, "rule");
}

static inline void policy_categories_fill(struct policy *policy)
{
    for (int i = 0; i < CATEGORY_COUNT; i++) {
        const enum category category = (enum category)i;
        const enum lane lane = category < CATEGORY_IMPERSONATION_PHISHING  ? LANE_ONE_STRIKE
                               : category <= CATEGORY_ACCOUNT_THEFT        ? LANE_PROOF
                               : category <= CATEGORY_REPORT_ACCUMULATION  ? LANE_LADDER
                               : category == CATEGORY_ABNORMAL_ENVIRONMENT ? LANE_PROTECTION
                               : category <= CATEGORY_COPYRIGHT            ? LANE_CONTENT_FIRST
                               : category == CATEGORY_ELECTION_DISINFO     ? LANE_AUTHORITY
                               : category == CATEGORY_REPORT_ABUSE         ? LANE_LADDER
                               : category == CATEGORY_OTHER_THREAT         ? LANE_HUMAN
                                                                           : LANE_NONE;
        const enum severity severity =
            lane == LANE_ONE_STRIKE || category == CATEGORY_IMPERSONATION_PHISHING
                ? SEVERITY_CRITICAL
            : lane == LANE_LADDER || lane == LANE_HUMAN ? SEVERITY_LIGHT
                                                        : SEVERITY_NONE;
        policy_category_set(policy, category, lane, severity, CATEGORY_FAMILY_USER_SAFETY);
    }
    static const enum category severe[] = {
        CATEGORY_PERSONAL_DATA_ABUSE,
        CATEGORY_JUVENILE_HARMFUL,
        CATEGORY_HATE_SPEECH,
        CATEGORY_ILLEGAL_GOODS,
        CATEGORY_ADOLESCENT_PROHIBITED_GOODS,
        CATEGORY_SPAM_REPEAT_MULTIROOM,
        CATEGORY_AD_SENDING_SERVICE,
        CATEGORY_AD_PROGRAM_SALE,
        CATEGORY_AD_SENDER_RECRUITMENT,
    };
    for (size_t i = 0; i < COUNT_OF(severe); i++) {
        policy->categories[severe[i]].severity = SEVERITY_SEVERE;
    }
    static const enum category spam[] = {
        CATEGORY_SPAM_AD,
        CATEGORY_SPAM_INVITE,
        CATEGORY_SPAM_REPEAT_MULTIROOM,
        CATEGORY_SPAM_BOARD_LIKE_FRIEND,
        CATEGORY_SPAM_ILLEGAL_PURPOSE,
    };
    for (size_t i = 0; i < COUNT_OF(spam); i++) {
        policy->categories[spam[i]].spam = true;
        policy->categories[spam[i]].staff_ad = true;
        policy->categories[spam[i]].family = CATEGORY_FAMILY_STABILITY;
    }
    struct policy_category *categories = policy->categories;
    static const enum category child[] = {CATEGORY_CHILD_SEXUAL_CRIME, CATEGORY_CHILD_GROOMING};
    for (size_t i = 0; i < COUNT_OF(child); i++) {
        categories[child[i]].child = true;
        categories[child[i]].authority_report = true;
        categories[child[i]].report_authority = AUTHORITY_POLICE;
        categories[child[i]].report_kind = AUTHORITY_REPORT_KIND_CHILD_SAFETY;
    }
    categories[CATEGORY_IMPERSONATION_PHISHING].authority_report = true;
    categories[CATEGORY_IMPERSONATION_PHISHING].report_authority = AUTHORITY_KISA;
    categories[CATEGORY_IMPERSONATION_PHISHING].report_kind = AUTHORITY_REPORT_KIND_PHISHING;
    categories[CATEGORY_SYSTEM_ABUSE].lane = LANE_HUMAN;
    categories[CATEGORY_SYSTEM_ABUSE].severity = SEVERITY_SEVERE;
    categories[CATEGORY_SYSTEM_ABUSE].human_confirm = false;
    categories[CATEGORY_SYSTEM_ABUSE].severity_by_verdict = true;
    categories[CATEGORY_OTHER_THREAT].severity_by_verdict = true;
    categories[CATEGORY_OTHER_THREAT].human_only = true;
    categories[CATEGORY_ELECTION_DISINFO].human_only = true;
    categories[CATEGORY_REPORT_ACCUMULATION].severity = SEVERITY_NONE;
    policy_text(categories[CATEGORY_GAMBLING_DISTRIBUTION].legal_refs[0], "kr.network.44-7.1.6");
    categories[CATEGORY_GAMBLING_DISTRIBUTION].legal_ref_count = 1;
}

static inline void policy_ladder_set(struct policy *policy, enum ledger ledger, uint32_t count,
                                     const int *days, const scope_set *scopes)
{
    struct policy_ladder *ladder = &policy->ladders[ledger];
    ladder->step_count = count;
    for (uint32_t i = 0; i < count; i++) {
        ladder->steps[i] = (struct policy_step){
            .measure = days[i] == 0 ? MEASURE_WARNING : MEASURE_RESTRICT_TEMP,
            .duration_ms = days[i] * DAY_MS,
            .scopes = scopes[i],
        };
    }
    ladder->steps[count - 1].review = true;
    ladder->steps[count - 1].review_kind = REVIEW_KIND_LADDER_END;
}

static inline void policy_ladders_fill(struct policy *policy)
{
    static const int public_days[] = {1, 3, 7, 15, 30, 60, 60};
    static const int private_days[] = {0, 1, 3, 7, 30, 30};
    static const int reporter_days[] = {0, 7, 30, 30};
    static const int room_days[] = {30, 30};
    policy_ladder_set(policy, LEDGER_OPEN_CHAT, 7, public_days,
                      (scope_set[]){OC1, OC1, OC3, OC3, OC5, OC5, OC5});
    policy_ladder_set(policy, LEDGER_PROFILE, 7, public_days,
                      (scope_set[]){PF1, PF1, PF1, PF4, PF4, PF4, PF4});
    policy_ladder_set(policy, LEDGER_CHANNEL, 7, public_days,
                      (scope_set[]){CN1, CN1, CN1, CN4, CN4, CN4, CN4});
    policy_ladder_set(policy, LEDGER_CHAT, 6, private_days,
                      (scope_set[]){0, CH2, CH2, CH4, CH5, CH5});
    policy_ladder_set(policy, LEDGER_BOARD, 6, private_days,
                      (scope_set[]){0, BD2, BD2, BD2, BD2, BD2});
    policy_ladder_set(policy, LEDGER_ROOM, 2, room_days, (scope_set[]){RM, RM});
    policy_ladder_set(policy, LEDGER_REPORTER, 4, reporter_days, (scope_set[]){0, 0, 0, 0});
    for (int i = 0; i < 2; i++) {
        policy->ladders[LEDGER_ROOM].steps[i].measure = MEASURE_ROOM_BLOCK;
    }
    for (int i = 1; i < 4; i++) {
        policy->ladders[LEDGER_REPORTER].steps[i].measure = MEASURE_REPORTER_INTAKE_SUSPEND;
    }
    policy->ladders[LEDGER_ROOM].steps[1].review_kind = REVIEW_KIND_ROOM_PERMANENT;
    policy->ladders[LEDGER_ROOM].fixed_weight = 1;
    policy->ladders[LEDGER_ROOM].fixed_window_ms = 365 * DAY_MS;
    policy->ladders[LEDGER_REPORTER].fixed_weight = 1;
    policy->ladders[LEDGER_REPORTER].fixed_window_ms = 365 * DAY_MS;
}

static inline void policy_evidence_fill(struct policy *policy)
{
    policy->evidence[AREA_CLASS_PRIVATE] = (struct policy_evidence){.confirm_score = 950,
                                                                    .confirm_reporters = 3,
                                                                    .hold_score = 900,
                                                                    .ask_score = 500,
                                                                    .ask_reporters = 3,
                                                                    .multiroom_rooms = 4,
                                                                    .multiroom_reporters = 2,
                                                                    .burst_targets = 30,
                                                                    .burst_reporters = 2,
                                                                    .accumulation_reporters = 20};
    policy->evidence[AREA_CLASS_PUBLIC] = (struct policy_evidence){.confirm_score = 900,
                                                                   .confirm_reporters = 2,
                                                                   .hold_score = 800,
                                                                   .ask_score = 300,
                                                                   .ask_reporters = 2,
                                                                   .multiroom_rooms = 3,
                                                                   .multiroom_reporters = 2,
                                                                   .burst_targets = 20,
                                                                   .burst_reporters = 1,
                                                                   .accumulation_reporters = 10};
    policy->counted_per_window = 3;
    policy->counted_window_ms = MINUTE_MS;
    policy->duplicate_horizon_ms = 14 * DAY_MS;
    policy->case_wait_ms = 14 * DAY_MS;
    policy->multiroom_window_ms = 7 * DAY_MS;
    policy->sketch_equal_min = 8;
    policy->burst_window_ms = DAY_MS;
    policy->accumulation_window_ms = DAY_MS;
    policy->accumulation_duration_ms = DAY_MS;
    policy->room_request_window_ms = 30 * DAY_MS;
    policy->room_request_reporters = 5;
    policy->room_request_institutions = 1;
    policy->room_request_reporters_alone = 20;
    policy->spam_mark_window_ms = 30 * DAY_MS;
    policy->spam_mark_senders = 2;
}

static inline void default_policy(struct policy *policy)
{
    *policy = (struct policy){
        .version = 1,
        .announced_at_ms = TIME_MIN_MS,
        .effective_at_ms = TIME_MIN_MS,
        .genesis = true,
        .network_act_duties = true,
        .hold_scopes = HOLD,
        .ban_scopes = SCOPE(ALL),
        .hold_ms = 72 * HOUR_MS,
        .proof_wait_ms = 30 * DAY_MS,
        .appeal_window_ms = 184 * DAY_MS,
        .temporary_measure_removes = true,
        .temporary_measure_ms = 30 * DAY_MS,
        .minor_protection_ms = 365 * DAY_MS,
        .minor_renewal_before_ms = 30 * DAY_MS,
        .minor_scopes = SCOPE(CREATE_ROOM) | SCOPE(JOIN) | SCOPE(SEARCH_EXPOSURE),
        .authority_objection_ms = 3 * DAY_MS,
        .authority_execution_ms = HOUR_MS,
        .tombstone_permanent_ms = 1095 * DAY_MS,
        .basis_count = 1,
        .reporter_window_ms = 90 * DAY_MS,
        .reporter_groundless_min = 10,
        .reporter_groundless_permille = 500,
        .breaker_apply_max = 100,
        .breaker_all_max = 20,
        .reports_max = 128,
        .cases_max = 32,
        .strikes_max = 64,
        .restrictions_max = 64,
        .event_ids_max = 256,
    };
    policy_text(policy->bases[0].legal_basis, "kr.election.82-4");
    policy->bases[0].binding = UINT64_C(1) << AUTHORITY_NEC;
    policy->bases[0].known = UINT64_C(1) << AUTHORITY_CANDIDATE;
    policy_text(policy->id, "default");
    policy->hash[0] = 1;
    policy_areas_fill(policy);
    policy_categories_fill(policy);
    policy_ladders_fill(policy);
    policy_evidence_fill(policy);
    policy->severities[SEVERITY_LIGHT] = (struct policy_severity){1, 90 * DAY_MS};
    policy->severities[SEVERITY_SEVERE] = (struct policy_severity){2, 365 * DAY_MS};
    policy->protection = (struct policy_protection){
        .friend_adds = 100,
        .open_chat_joins = 60,
        .rooms_made = 30,
        .trip_window_ms = HOUR_MS,
        .duration_ms = 14 * DAY_MS,
        .extension_ms = 14 * DAY_MS,
        .longest_ms = 56 * DAY_MS,
        .extension_reports = 2,
        .identity_end_ms = DAY_MS,
        .scopes = PROT,
    };
    policy->accumulation_scopes[LEDGER_OPEN_CHAT] = OC1;
    policy->accumulation_scopes[LEDGER_PROFILE] = PF1;
    policy->accumulation_scopes[LEDGER_CHANNEL] = CN1;
    policy->accumulation_scopes[LEDGER_CHAT] = CH2;
    policy->accumulation_scopes[LEDGER_BOARD] = BD2;
}

#endif
