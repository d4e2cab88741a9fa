/* What the principles of the operation policy demand, said where it is broken, with the principle.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "config/policy_load.h"
#include "config/value.h"

#define SCOPE_BIT(scope) (UINT64_C(1) << SCOPE_##scope)
#define SERVICE_SCOPES (SCOPE_BIT(ALL) | SCOPE_BIT(APP_RUN))

static void check_notice_period(struct loading *loading);
static void check_areas(struct loading *loading);
static void check_evidence(struct loading *loading);
static void check_categories(struct loading *loading);
static void check_category(struct loading *loading, const struct node *node, int32_t symbol);
static void check_named_categories(struct loading *loading);
static void check_scopes(struct loading *loading);
static void check_numbers(struct loading *loading);
static void add(struct loading *loading, const struct node *node, const char *text);
static const struct node *at(struct loading *loading, enum section section, const char *key);

void check_policy(struct loading *loading)
{
    const bool *sound = loading->sound;
    if (loading->head_sound) {
        check_notice_period(loading);
    }
    if (sound[SECTION_AREAS]) {
        check_areas(loading);
    }
    if (sound[SECTION_EVIDENCE]) {
        check_evidence(loading);
    }
    if (sound[SECTION_CATEGORIES] && sound[SECTION_SEVERITIES]) {
        check_categories(loading);
    }
    if (sound[SECTION_SCOPE_SETS] && sound[SECTION_LADDERS]) {
        check_ladders(loading);
        if (sound[SECTION_AREAS]) {
            check_classes(loading);
        }
    }
    if (sound[SECTION_SCOPE_SETS]) {
        check_scopes(loading);
    }
    check_numbers(loading);
}

/* A1 25: what changes is told first. Whether this is the first version is known only where all are.
 */
static void check_notice_period(struct loading *loading)
{
    const struct policy *policy = loading->policy;
    const int64_t ahead_ms = policy->effective_at_ms - policy->announced_at_ms;
    if (policy->genesis || ahead_ms >= POLICY_NOTICE_MS) {
        return;
    }
    const struct node *node = node_find(loading->root, "effective_at");
    if (ahead_ms < 0) {
        add(loading, node,
            "it is before announced_at: users are notified of a change no less than seven (7) days "
            "before (S0:25)");
        return;
    }
    problems_add(loading->reader.problems, loading->reader.name, node->line,
                 "effective_at is %lld d %lld h %lld m after announced_at: users are notified of a "
                 "change no less than seven (7) days before (S0:25)",
                 (long long)(ahead_ms / DAY_MS), (long long)(ahead_ms % DAY_MS / HOUR_MS),
                 (long long)(ahead_ms % HOUR_MS / MINUTE_MS));
}

static void check_areas(struct loading *loading)
{
    for (int i = 0; i < AREA_COUNT; i++) {
        const struct policy_area *area = &loading->policy->areas[i];
        const struct node *node = at(loading, SECTION_AREAS, enum_area.symbols[i]);
        if (area->ledger == LEDGER_ROOM || area->ledger == LEDGER_REPORTER) {
            add(loading, node,
                "an area keeps strikes of users: ROOM and REPORTER are no ledgers of one");
        }
        if ((area->class == AREA_CLASS_NONE) != (area->ledger == LEDGER_NONE)) {
            add(loading, node,
                "an area with a ledger needs a class and one without has none: strikes follow the "
                "standard of who can see the area (S0:15, S0:17)");
        }
        if (!area->in_scope && area->policy_doc[0] == '\0') {
            add(loading, node, "an area out of scope needs the policy_doc that governs it (S0:9)");
        }
    }
    if (loading->policy->areas[AREA_ALL].ledger != LEDGER_NONE ||
        loading->policy->areas[AREA_OTHER_AREA].ledger != LEDGER_NONE) {
        add(loading, loading->sections[SECTION_AREAS],
            "ALL and OTHER_AREA have no ledger: a person decides about an unknown area (S0:9)");
    }
}

#define THRESHOLD(name)                                                                            \
    {                                                                                              \
#name, offsetof(struct policy_evidence, name)                                              \
    }

/* A1 11: no threshold of PUBLIC is above that of PRIVATE. */
static void check_evidence(struct loading *loading)
{
    static const struct {
        const char *key;
        size_t offset;
    } thresholds[] = {
        THRESHOLD(confirm_score),       THRESHOLD(confirm_reporters),
        THRESHOLD(hold_score),          THRESHOLD(ask_score),
        THRESHOLD(ask_reporters),       THRESHOLD(multiroom_rooms),
        THRESHOLD(multiroom_reporters), THRESHOLD(burst_targets),
        THRESHOLD(burst_reporters),     THRESHOLD(accumulation_reporters),
    };
    const struct policy_evidence *evidence = loading->policy->evidence;
    const struct node *node = at(loading, SECTION_EVIDENCE, "PUBLIC");
    for (size_t i = 0; i < COUNT_OF(thresholds); i++) {
        int32_t open = 0;
        int32_t closed = 0;
        memcpy(&open, (const char *)&evidence[AREA_CLASS_PUBLIC] + thresholds[i].offset,
               sizeof(open));
        memcpy(&closed, (const char *)&evidence[AREA_CLASS_PRIVATE] + thresholds[i].offset,
               sizeof(closed));
        if (open > closed) {
            problems_add(
                loading->reader.problems, loading->reader.name,
                node_find(node, thresholds[i].key)->line,
                "'%s' of PUBLIC is %d, of PRIVATE %d: more stringent standards apply where "
                "any user has access (S0:17, F1)",
                thresholds[i].key, open, closed);
        }
    }
}

static void check_categories(struct loading *loading)
{
    for (int32_t i = 0; i < CATEGORY_NONE; i++) {
        check_category(loading, at(loading, SECTION_CATEGORIES, enum_category.symbols[i]), i);
    }
    check_named_categories(loading);
}

/* Lane and severity must fit. */
static void check_category(struct loading *loading, const struct node *node, int32_t symbol)
{
    const struct policy_category *category = &loading->policy->categories[symbol];
    const bool critical = category->severity == SEVERITY_CRITICAL;
    const bool weighs = loading->policy->severities[category->severity].weight > 0;
    switch (category->lane) {
    case LANE_ONE_STRIKE:
        if (!critical) {
            add(loading, node,
                "lane ONE_STRIKE needs severity CRITICAL: only clearly illegal acts "
                "end the whole service at once (S0:19)");
        }
        break;
    case LANE_LADDER:
        if (!weighs && symbol != CATEGORY_REPORT_ACCUMULATION) {
            add(loading, node,
                "lane LADDER needs severity LIGHT or SEVERE: restrictions follow the "
                "number of violations, in phases (S0:19)");
        }
        break;
    case LANE_PROOF:
        if (weighs) {
            add(loading, node,
                "lane PROOF has severity CRITICAL or NONE: without proof there is no "
                "strike (S3:18)");
        }
        break;
    case LANE_AUTHORITY:
    case LANE_CONTENT_FIRST:
    case LANE_PROTECTION:
        if (category->severity != SEVERITY_NONE) {
            add(loading, node,
                "lanes AUTHORITY, CONTENT_FIRST and PROTECTION have severity NONE: "
                "they carry no strike (F12, S0:49, F2)");
        }
        break;
    case LANE_HUMAN:
        if (!weighs) {
            add(loading, node,
                "lane HUMAN needs severity LIGHT or SEVERE: a verdict goes through "
                "the same ladder (S0:29)");
        }
        break;
    case LANE_NONE:
        break;
    }
    if (category->human_confirm && category->lane != LANE_ONE_STRIKE &&
        category->lane != LANE_PROOF) {
        add(loading, node, "'human_confirm' belongs to lanes ONE_STRIKE and PROOF only (F11)");
    }
    if (category->staff_ad && !category->spam) {
        add(loading, node, "trait 'staff_ad' belongs to spam only (S1:22)");
    }
}

/* What the settled decisions say of single categories. */
static void check_named_categories(struct loading *loading)
{
    static const enum category children[] = {CATEGORY_CHILD_SEXUAL_CRIME, CATEGORY_CHILD_GROOMING};
    const struct policy_category *categories = loading->policy->categories;
    for (size_t i = 0; i < COUNT_OF(children); i++) {
        if (!categories[children[i]].child) {
            add(loading, at(loading, SECTION_CATEGORIES, enum_category.symbols[children[i]]),
                "trait 'child' is missing: a person is always asked about CHILD_* (E7)");
        }
    }
    if (categories[CATEGORY_FRAUDULENT_ACCOUNT].lane == LANE_ONE_STRIKE &&
        !categories[CATEGORY_FRAUDULENT_ACCOUNT].human_confirm) {
        add(loading, at(loading, SECTION_CATEGORIES, "FRAUDULENT_ACCOUNT"),
            "'human_confirm' must be true: what our own detection finds is always confirmed by a "
            "person (F2)");
    }
    if (categories[CATEGORY_ELECTION_DISINFO].lane != LANE_AUTHORITY) {
        add(loading, at(loading, SECTION_CATEGORIES, "ELECTION_DISINFO"),
            "lane AUTHORITY is needed: truth in an election is not ours to judge (S3:42)");
    }
    if (categories[CATEGORY_OTHER_THREAT].lane != LANE_HUMAN) {
        add(loading, at(loading, SECTION_CATEGORIES, "OTHER_THREAT"),
            "lane HUMAN is needed: what is not listed is judged by a person (S0:29)");
    }
}

/* A1 18 and 37: the whole service only for clearly illegal acts and for the STABILITY family. */
static void check_scopes(struct loading *loading)
{
    const struct policy *policy = loading->policy;
    const char *text =
        "ALL and APP_RUN take the whole service: only lane ONE_STRIKE and the STABILITY "
        "family go that far, everything else is the minimum range (S0:19, S0:45)";
    const bool families = loading->sound[SECTION_CATEGORIES];
    if (loading->sound[SECTION_CLOCKS]) {
        if ((policy->hold_scopes & SERVICE_SCOPES) != 0) {
            add(loading, at(loading, SECTION_CLOCKS, "hold_scopes"), text);
        }
        if ((policy->minor_scopes & SERVICE_SCOPES) != 0) {
            add(loading, at(loading, SECTION_CLOCKS, "minor_scopes"), text);
        }
    }
    const bool stable = families && policy->categories[CATEGORY_REPORT_ACCUMULATION].family ==
                                        CATEGORY_FAMILY_STABILITY;
    for (int i = 0; i <= LEDGER_CHANNEL && loading->sound[SECTION_ACCUMULATION] && !stable; i++) {
        if ((policy->accumulation_scopes[i] & SERVICE_SCOPES) != 0) {
            const struct node *scopes = at(loading, SECTION_ACCUMULATION, "scopes");
            add(loading, node_find(scopes, enum_ledger.symbols[i]), text);
        }
    }
    const bool protects = families && policy->categories[CATEGORY_ABNORMAL_ENVIRONMENT].family ==
                                          CATEGORY_FAMILY_STABILITY;
    if (loading->sound[SECTION_PROTECTION] && !protects &&
        (policy->protection.scopes & SERVICE_SCOPES) != 0) {
        add(loading, at(loading, SECTION_PROTECTION, "scopes"), text);
    }
}

/* Numbers of one section that must fit each other. */
static void check_numbers(struct loading *loading)
{
    const struct policy *policy = loading->policy;
    if (loading->sound[SECTION_BREAKER] && policy->breaker_all_max > policy->breaker_apply_max) {
        add(loading, at(loading, SECTION_BREAKER, "all_max"),
            "'all_max' is above 'apply_max' and would never stop anything");
    }
    if (loading->sound[SECTION_PROTECTION] &&
        policy->protection.duration_ms > policy->protection.longest_ms) {
        add(loading, at(loading, SECTION_PROTECTION, "longest"),
            "'longest' is shorter than 'duration'");
    }
    if (loading->sound[SECTION_CLOCKS] &&
        policy->minor_renewal_before_ms >= policy->minor_protection_ms) {
        add(loading, at(loading, SECTION_CLOCKS, "minor_renewal_before"),
            "'minor_renewal_before' must be shorter than 'minor_protection'");
    }
    if (loading->sound[SECTION_SEVERITIES] &&
        (policy->severities[SEVERITY_LIGHT].weight > policy->severities[SEVERITY_SEVERE].weight ||
         policy->severities[SEVERITY_LIGHT].window_ms >
             policy->severities[SEVERITY_SEVERE].window_ms)) {
        add(loading, at(loading, SECTION_SEVERITIES, "SEVERE"),
            "SEVERE weighs less or counts shorter than LIGHT (S0:19)");
    }
}

static void add(struct loading *loading, const struct node *node, const char *text)
{
    problems_add(loading->reader.problems, loading->reader.name, node->line, "%s%s%s",
                 node->key != NULL ? node->key : "", node->key != NULL ? ": " : "", text);
}

/* An entry of a section that was read without a problem, so it is there. */
static const struct node *at(struct loading *loading, enum section section, const char *key)
{
    ASSERT(loading->sound[section]);
    const struct node *node = node_find(loading->sections[section], key);
    ASSERT(node != NULL);
    return node;
}
