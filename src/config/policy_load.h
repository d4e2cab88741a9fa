/* Parts of the policy loader: reading the sections, then checking what they say together.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_POLICY_LOAD_H
#define CONFIG_POLICY_LOAD_H

#include "config/reader.h"
#include "policy/policy.h"

#define SCOPE_SETS_MAX 64

/* Longest dated step (domain.md F5) and shortest one of OPEN_CHAT (A4 98). */
#define STEP_MAX_MS (60 * DAY_MS)
#define OPEN_CHAT_STEP_MIN_MS DAY_MS
/* Least time between announcement and effect (domain.md A1 25). */

struct scope_name {
    const char *name;
    scope_set scopes;
};

enum section {
    SECTION_SWITCHES,
    SECTION_AREAS,
    SECTION_SEVERITIES,
    SECTION_SCOPE_SETS,
    SECTION_LADDERS,
    SECTION_CATEGORIES,
    SECTION_EVIDENCE,
    SECTION_CASES,
    SECTION_ACCUMULATION,
    SECTION_ROOMS,
    SECTION_CLOCKS,
    SECTION_PROTECTION,
    SECTION_REPORTERS,
    SECTION_BREAKER,
    SECTION_NOTICES,
    SECTION_AUTHORITY_BASES,
    SECTION_LIMITS,
    SECTION_COUNT,
};

/* One file on its way into a struct policy. */
struct loading {
    struct reader reader;
    const struct node *root;
    const struct node *sections[SECTION_COUNT]; /* NULL: missing or no map */
    bool sound[SECTION_COUNT];                  /* read without a problem */
    bool head_sound;
    struct policy *policy;
    size_t scope_set_count;
    struct scope_name scope_sets[SCOPE_SETS_MAX];
};

extern const struct enum_type enum_area_class;
extern const struct enum_type enum_category_family;

/* policy_sections.c, policy_categories.c: each returns false after a problem. */
bool load_head(struct loading *loading);
bool load_switches(struct loading *loading, const struct node *section);
bool load_areas(struct loading *loading, const struct node *section);
bool load_severities(struct loading *loading, const struct node *section);
bool load_scope_sets(struct loading *loading, const struct node *section);
bool load_ladders(struct loading *loading, const struct node *section);
bool load_categories(struct loading *loading, const struct node *section);
bool load_evidence(struct loading *loading, const struct node *section);
bool load_cases(struct loading *loading, const struct node *section);
bool load_accumulation(struct loading *loading, const struct node *section);
bool load_rooms(struct loading *loading, const struct node *section);
bool load_clocks(struct loading *loading, const struct node *section);
bool load_protection(struct loading *loading, const struct node *section);
bool load_reporters(struct loading *loading, const struct node *section);
bool load_breaker(struct loading *loading, const struct node *section);
bool load_notices(struct loading *loading, const struct node *section);
bool load_authority_bases(struct loading *loading, const struct node *section);
bool load_limits(struct loading *loading, const struct node *section);

/* A set of scopes at `node`: names of scopes and of sets defined above, a text or a list. */
bool load_scopes(struct loading *loading, const struct node *node, scope_set *scopes_out);

/* Reads the keys of `section` as symbols from 0 to `last`, each at most once; `read` gets each
 * entry. Symbols of `needed` (bit = value) that do not stand there are problems. */
typedef bool load_symbol(struct loading *loading, const struct node *node, int32_t symbol);
bool load_by_symbol(struct loading *loading, const struct node *section,
                    const struct enum_type *symbols, int64_t last, uint64_t needed,
                    load_symbol *read);

/* policy_check.c: what the principles of the operation policy demand of the numbers. */
void check_policy(struct loading *loading);
/* policy_check_ladders.c */
void check_ladders(struct loading *loading);
void check_classes(struct loading *loading);

#endif
