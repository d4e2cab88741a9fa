/* policy: facts + policy + now -> standing, diff, reasons; pure: no I/O, clock, allocation, logs,
 * floats.
 *
 * One version of an operation policy, as the loader (config/policy_file.h) made it from a YAML file
 * and checked it. Every number of the domain is here (domain.md E7), none in code. Immutable; any
 * thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/time.h"
#include "record/record.h"

#define POLICY_NAME_MAX 65      /* an id and its terminator */
#define POLICY_STEPS_MAX 8      /* stages of one ladder */
#define POLICY_LEGAL_REFS_MAX 8 /* of one category */
#define POLICY_DSA_KEYWORDS_MAX 2
#define POLICY_BASES_MAX 16    /* legal bases of authority requests */
#define POLICY_VERSIONS_MAX 64 /* versions a worker keeps, all policies together */
/* Modifications are "notified no less than seven (7) days before" (rule 25): the one number that is no policy
 * data, for it binds the policy itself. */
#define POLICY_NOTICE_MS (7 * DAY_MS)

/* Who can see an area (domain.md E1, G0): PUBLIC is never judged less strictly than PRIVATE. */
enum area_class {
    AREA_CLASS_PRIVATE,
    AREA_CLASS_PUBLIC,
    AREA_CLASS_NONE,
};
#define AREA_CLASS_COUNT 3

/* Families of categories (domain.md E6). */
enum category_family {
    CATEGORY_FAMILY_USER_SAFETY,
    CATEGORY_FAMILY_OBJECTIONABLE,
    CATEGORY_FAMILY_GOODS,
    CATEGORY_FAMILY_STABILITY,
    CATEGORY_FAMILY_RIGHTS,
    CATEGORY_FAMILY_ELECTION,
    CATEGORY_FAMILY_REPORTING,
    CATEGORY_FAMILY_OTHER,
};
#define CATEGORY_FAMILY_COUNT 8

/* A set of scopes (bit = enum scope). */
typedef uint64_t scope_set; /* the one typedef: a set reads better by its name */

struct policy_area {
    enum area_class class;            /* NONE: OTHER_AREA, ALL */
    enum ledger ledger;               /* NONE: a person decides */
    bool in_scope;                    /* false: another policy's area, forwarded (OTHER_POLICY) */
    char policy_doc[POLICY_NAME_MAX]; /* "" or the document that governs it */
};

struct policy_category {
    enum lane lane; /* what a report may do by itself */
    enum severity severity;
    enum category_family family;
    bool child;      /* CHILD_*: a person is always asked, priority 0 */
    bool spam;       /* SPAM_*: illegal purpose and clusters */
    bool human_only; /* OTHER_THREAT, ELECTION_DISINFO: asks at the first report, decides nothing */
    bool severity_by_verdict; /* OTHER_THREAT, SYSTEM_ABUSE: the verdict's severity decides */
    bool human_confirm;       /* lane O and P: a person confirms before anything permanent */
    bool room_subject;        /* may be the category of a ROOM or OPEN_PROFILE violation */
    bool staff_ad; /* of an OWNER or ADMIN in an open room: also ROOM_STAFF_AD of the room */
    bool authority_report; /* confirmed: AuthorityReport of report_kind to report_authority */
    enum authority report_authority;
    enum authority_report_kind report_kind;
    char item_page[POLICY_NAME_MAX];
    char rule[POLICY_NAME_MAX]; /* rule id shown in audit and notices, e.g. "s0.19" */
    uint32_t legal_ref_count;
    char legal_refs[POLICY_LEGAL_REFS_MAX][POLICY_NAME_MAX];
    char dsa_category[POLICY_NAME_MAX];
    uint32_t dsa_keyword_count;
    char dsa_keywords[POLICY_DSA_KEYWORDS_MAX][POLICY_NAME_MAX];
};

/* A strike: its weight on the ladder and how long it counts. */
struct policy_severity {
    int32_t weight;    /* 0: no ladder (CRITICAL, NONE) */
    int64_t window_ms; /* active while decided_at <= now < decided_at + window */
};

/* What happens at one stage. */
struct policy_step {
    enum measure measure;
    int64_t duration_ms; /* 0: WARNING (no restriction) */
    scope_set scopes;
    bool review; /* also ReviewRequest of review_kind */
    enum review_kind review_kind;
};

struct policy_ladder {
    uint32_t step_count;                        /* 0: the ledger has no ladder */
    struct policy_step steps[POLICY_STEPS_MAX]; /* [stage - 1] */
    /* ROOM and REPORTER count each violation with this weight and window whatever its severity;
     * weight 0: by severity. */
    int32_t fixed_weight;
    int64_t fixed_window_ms;
};

/* Evidence thresholds of one area class. Scores 0 to 1000; reporters are distinct, NORMAL or
 * TRUSTED. */
struct policy_evidence {
    int32_t confirm_score; /* lane L: confirms without a person ... */
    int32_t confirm_reporters;
    int32_t hold_score; /* lanes O and P: hold and ask */
    int32_t ask_score;  /* ask a person: score or reporters */
    int32_t ask_reporters;
    int32_t multiroom_rooms;
    int32_t multiroom_reporters;
    int32_t
        burst_targets; /* SPAM_INVITE, SPAM_BOARD_LIKE_FRIEND: distinct targets in burst_window */
    int32_t burst_reporters;
    int32_t accumulation_reporters;
};

struct policy_protection {
    int32_t friend_adds;
    int32_t open_chat_joins;
    int32_t rooms_made;
    int64_t trip_window_ms;
    int64_t duration_ms;
    int64_t extension_ms;
    int64_t longest_ms; /* end <= start + longest */
    int32_t extension_reports;
    int64_t identity_end_ms; /* after an identity check: end = min(end, then + this) */
    scope_set scopes;
};

struct policy_authority_basis {
    char legal_basis[POLICY_NAME_MAX];
    uint64_t binding; /* bit = enum authority: BINDING for these ... */
    uint64_t known;   /* ... and not binding for these */
};

struct policy {
    char id[POLICY_NAME_MAX];
    int32_t version;
    int64_t announced_at_ms;
    int64_t effective_at_ms;
    bool genesis;
    bool shadow;
    uint8_t hash[32]; /* SHA-256 of the canonical document */

    bool network_act_duties;        /* F4 */
    bool late_lift_credit;          /* F20 */
    uint64_t appeal_suspends;       /* F15; bit = enum measure: suspended while an appeal is open */
    bool temporary_measure_removes; /* F13: at its end content without objection is removed */

    struct policy_area areas[AREA_COUNT];
    struct policy_category categories[CATEGORY_COUNT];
    struct policy_severity severities[SEVERITY_COUNT];
    struct policy_ladder ladders[LEDGER_COUNT];
    struct policy_evidence evidence[AREA_CLASS_COUNT]; /* PRIVATE and PUBLIC are filled */

    /* Scope sets that are no ladder step. */
    scope_set hold_scopes;
    scope_set minor_scopes;
    scope_set ban_scopes; /* lane O: {ALL} */
    scope_set accumulation_scopes[LEDGER_COUNT];

    /* Reports. */
    int32_t counted_per_window;   /* reporters counted at most ... */
    int64_t counted_window_ms;    /* ... in this window */
    int64_t duplicate_horizon_ms; /* event ids; (reporter, message); decided acts */
    int64_t case_wait_ms;         /* then NOT_ESTABLISHED */
    int64_t multiroom_window_ms;
    int32_t sketch_equal_min; /* of 16 */
    int64_t burst_window_ms;
    int64_t accumulation_window_ms;
    int64_t accumulation_duration_ms;
    int64_t room_request_window_ms; /* ROOM_MULTI_REQUEST */
    int32_t room_request_reporters;
    int32_t room_request_institutions;
    int32_t room_request_reporters_alone;
    int64_t spam_mark_window_ms; /* ROOM_SPAM_PURPOSE */
    int32_t spam_mark_senders;

    /* Clocks. */
    int64_t hold_ms;
    int64_t proof_wait_ms;
    int64_t temporary_measure_ms;
    int64_t minor_protection_ms;
    int64_t minor_renewal_before_ms;
    int64_t appeal_window_ms;
    int64_t authority_objection_ms;
    int64_t authority_execution_ms;
    int64_t tombstone_permanent_ms;

    struct policy_protection protection;

    /* Reporters. */
    int64_t reporter_window_ms;
    int32_t reporter_groundless_min;
    int32_t reporter_groundless_permille;

    /* Blast radius: APPLY per category, partition and clock hour. */
    int32_t breaker_apply_max;
    int32_t breaker_all_max;

    /* Notices. */
    int64_t quiet_from_ms; /* of the UTC day */
    int64_t quiet_until_ms;
    int32_t notice_first_bytes_max;
    int32_t notice_later_bytes_max;

    uint32_t basis_count;
    struct policy_authority_basis bases[POLICY_BASES_MAX];

    /* Bounded state: what one subject can hold (design.md 6). Each is at most the max of its list
     * in schemas/state/SubjectState.avsc, which the loader checks. */
    int32_t reports_max;
    int32_t cases_max;
    int32_t strikes_max;
    int32_t restrictions_max;
    int32_t event_ids_max;
};

/* All versions a worker knows, of one policy id, each list ascending by effective_at. */
struct policies {
    uint32_t count;
    const struct policy *versions[POLICY_VERSIONS_MAX]; /* what decides: no shadows */
    uint32_t shadow_count;
    const struct policy *shadows[POLICY_VERSIONS_MAX]; /* judged beside it, without effect */
    const struct policy *instead; /* of a shadow judgement: it judges every act; else NULL */
};

/* The version in force at `act_at_ms`; before the first effective_at the first version (I.26).
 * `policies` holds at least one version. */
const struct policy *policies_at(const struct policies *policies, int64_t act_at_ms);

/* The shadow version that is judged beside the one in force at `now_ms`: the newest; NULL: none. */
const struct policy *policies_shadow(const struct policies *policies, int64_t now_ms);

#endif
