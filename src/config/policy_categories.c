/* The sections of a policy file that are lists: scope sets, ladders, categories.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "config/policy_load.h"
#include "config/value.h"

static bool scope_of(struct loading *loading, const struct node *node, scope_set *scopes_out);
static bool load_ladder(struct loading *loading, const struct node *node, int32_t symbol);
static bool load_step(struct loading *loading, const struct node *node, struct policy_step *step);
static bool load_category(struct loading *loading, const struct node *node, int32_t symbol);
static bool load_traits(struct loading *loading, const struct node *node,
                        struct policy_category *category);
static bool load_authority_report(struct loading *loading, const struct node *node,
                                  struct policy_category *category);
static bool load_dsa(struct loading *loading, const struct node *node,
                     struct policy_category *category);
static bool load_ids(struct loading *loading, const struct node *node, size_t count_max,
                     char (*ids_out)[POLICY_NAME_MAX], uint32_t *count_out);

static const char *const family_symbols[] = {
    "USER_SAFETY", "OBJECTIONABLE", "GOODS",     "STABILITY",
    "RIGHTS",      "ELECTION",      "REPORTING", "OTHER",
};
const struct enum_type enum_category_family = {"CategoryFamily", family_symbols,
                                               CATEGORY_FAMILY_COUNT, -1};
_Static_assert(COUNT_OF(family_symbols) == CATEGORY_FAMILY_COUNT, "each family has its symbol");

bool load_scope_sets(struct loading *loading, const struct node *section)
{
    bool good = true;
    for (const struct node *node = section->first; node != NULL; node = node->next) {
        scope_set scopes = 0;
        if (!load_scopes(loading, node, &scopes)) {
            good = false;
        }
        for (int i = 0; i < SCOPE_COUNT; i++) {
            if (strcmp(enum_scope.symbols[i], node->key) == 0) {
                problems_add(loading->reader.problems, loading->reader.name, node->line,
                             "'%s' is a scope, a set needs another name", node->key);
                good = false;
            }
        }
        if (loading->scope_set_count == SCOPE_SETS_MAX) {
            problems_add(loading->reader.problems, loading->reader.name, node->line,
                         "more than %d scope sets", SCOPE_SETS_MAX);
            return false;
        }
        /* A bad set is known all the same, so that its users are not reported too. */
        loading->scope_sets[loading->scope_set_count++] =
            (struct scope_name){.name = node->key, .scopes = scopes};
    }
    return good;
}

bool load_scopes(struct loading *loading, const struct node *node, scope_set *scopes_out)
{
    scope_set scopes = 0;
    bool good = true;
    if (node->kind == NODE_MAP || (node->kind == NODE_LIST && node->count == 0)) {
        problems_add(loading->reader.problems, loading->reader.name, node->line,
                     "'%s' wants names of scopes, found %s",
                     node->key != NULL ? node->key : "scopes",
                     node->kind == NODE_MAP ? "a map" : "an empty list");
        return false;
    }
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    while (item != NULL) {
        good = scope_of(loading, item, &scopes) && good;
        item = node->kind == NODE_LIST ? item->next : NULL;
    }
    if (good) {
        *scopes_out = scopes;
    }
    return good;
}

bool load_ladders(struct loading *loading, const struct node *section)
{
    return load_by_symbol(loading, section, &enum_ledger, LEDGER_NONE - 1,
                          (UINT64_C(1) << LEDGER_NONE) - 1, load_ladder);
}

bool load_categories(struct loading *loading, const struct node *section)
{
    return load_by_symbol(loading, section, &enum_category, CATEGORY_NONE - 1,
                          (UINT64_C(1) << CATEGORY_NONE) - 1, load_category);
}

/* Adds the scope or the set of scopes that `node` names. */
static bool scope_of(struct loading *loading, const struct node *node, scope_set *scopes_out)
{
    const struct reader *reader = &loading->reader;
    const char *text = read_text(reader, node, "scopes");
    if (text == NULL) {
        return false;
    }
    struct nearest nearest = {.text = text};
    for (int i = 0; i < SCOPE_COUNT; i++) {
        if (strcmp(enum_scope.symbols[i], text) == 0) {
            *scopes_out |= UINT64_C(1) << i;
            return true;
        }
        if (read_may_guess(reader)) {
            nearest_offer(&nearest, enum_scope.symbols[i]);
        }
    }
    for (size_t i = 0; i < loading->scope_set_count; i++) {
        if (strcmp(loading->scope_sets[i].name, text) == 0) {
            *scopes_out |= loading->scope_sets[i].scopes;
            return true;
        }
        if (read_may_guess(reader)) {
            nearest_offer(&nearest, loading->scope_sets[i].name);
        }
    }
    if (strcmp(text, "WITHDRAW") == 0) {
        problems_add(reader->problems, reader->name, node->line,
                     "WITHDRAW is no scope: nobody is ever kept from leaving the service (F8)");
    } else {
        read_unknown(reader, node, "scope", text, nearest.best);
    }
    return false;
}

static bool load_ladder(struct loading *loading, const struct node *node, int32_t symbol)
{
    static const struct entry entries[] = {
        {"weight", ENTRY_NUMBER, true, offsetof(struct policy_ladder, fixed_weight), 1, 100, NULL},
        {"window", ENTRY_DURATION, true, offsetof(struct policy_ladder, fixed_window_ms), HOUR_MS,
         3660 * DAY_MS, NULL},
        {"steps", ENTRY_OTHER, false, 0, 0, 0, NULL},
    };
    const struct reader *reader = &loading->reader;
    struct policy_ladder *ladder = &loading->policy->ladders[symbol];
    if (!read_is_map(reader, node, node->key)) {
        return false;
    }
    bool good = read_entries(reader, node, entries, COUNT_OF(entries), ladder);
    const struct node *steps = node_find(node, "steps");
    if (steps == NULL || !read_is_list(reader, steps, "steps")) {
        return false;
    }
    if (steps->count == 0 || steps->count > POLICY_STEPS_MAX) {
        problems_add(reader->problems, reader->name, steps->line,
                     "a ladder has 1 to %d steps, found %zu", POLICY_STEPS_MAX, steps->count);
        return false;
    }
    for (const struct node *step = steps->first; step != NULL; step = step->next) {
        good = load_step(loading, step, &ladder->steps[ladder->step_count++]) && good;
    }
    return good;
}

static bool load_step(struct loading *loading, const struct node *node, struct policy_step *step)
{
    static const struct entry entries[] = {
        {"measure", ENTRY_SYMBOL, false, offsetof(struct policy_step, measure), 0,
         MEASURE_COUNT - 1, &enum_measure},
        {"duration", ENTRY_DURATION, true, offsetof(struct policy_step, duration_ms), MINUTE_MS,
         3660 * DAY_MS, NULL},
        {"scopes", ENTRY_OTHER, true, 0, 0, 0, NULL},
        {"review", ENTRY_SYMBOL, true, offsetof(struct policy_step, review_kind), 0,
         REVIEW_KIND_COUNT - 1, &enum_review_kind},
    };
    if (!read_is_map(&loading->reader, node, "steps")) {
        return false;
    }
    bool good = read_entries(&loading->reader, node, entries, COUNT_OF(entries), step);
    const struct node *scopes = node_find(node, "scopes");
    if (scopes != NULL) {
        good = load_scopes(loading, scopes, &step->scopes) && good;
    }
    step->review = node_find(node, "review") != NULL;
    return good;
}

static bool load_category(struct loading *loading, const struct node *node, int32_t symbol)
{
    static const struct entry entries[] = {
        {"lane", ENTRY_SYMBOL, false, offsetof(struct policy_category, lane), 0, LANE_NONE - 1,
         &enum_lane},
        {"severity", ENTRY_SYMBOL, false, offsetof(struct policy_category, severity), 0,
         SEVERITY_COUNT - 1, &enum_severity},
        {"family", ENTRY_SYMBOL, false, offsetof(struct policy_category, family), 0,
         CATEGORY_FAMILY_COUNT - 1, &enum_category_family},
        {"rule", ENTRY_ID, false, offsetof(struct policy_category, rule), 0, 0, NULL},
        {"page", ENTRY_ID, false, offsetof(struct policy_category, item_page), 0, 0, NULL},
        {"human_confirm", ENTRY_FLAG, true, offsetof(struct policy_category, human_confirm), 0, 0,
         NULL},
        {"traits", ENTRY_OTHER, true, 0, 0, 0, NULL},
        {"report", ENTRY_OTHER, true, 0, 0, 0, NULL},
        {"legal", ENTRY_OTHER, true, 0, 0, 0, NULL},
        {"dsa", ENTRY_OTHER, true, 0, 0, 0, NULL},
    };
    struct policy_category *category = &loading->policy->categories[symbol];
    if (!read_is_map(&loading->reader, node, node->key)) {
        return false;
    }
    bool good = read_entries(&loading->reader, node, entries, COUNT_OF(entries), category);
    if (good && node_find(node, "human_confirm") == NULL) {
        /* Nothing permanent without a person unless the policy says otherwise (F11). */
        category->human_confirm = category->lane == LANE_ONE_STRIKE || category->lane == LANE_PROOF;
    }
    const struct node *traits = node_find(node, "traits");
    const struct node *report = node_find(node, "report");
    const struct node *legal = node_find(node, "legal");
    const struct node *dsa = node_find(node, "dsa");
    good = (traits == NULL || load_traits(loading, traits, category)) && good;
    good = (report == NULL || load_authority_report(loading, report, category)) && good;
    good = (legal == NULL || load_ids(loading, legal, POLICY_LEGAL_REFS_MAX, category->legal_refs,
                                      &category->legal_ref_count)) &&
           good;
    return (dsa == NULL || load_dsa(loading, dsa, category)) && good;
}

static bool load_traits(struct loading *loading, const struct node *node,
                        struct policy_category *category)
{
    static const char *const symbols[] = {
        "child", "spam", "human_only", "severity_by_verdict", "room", "staff_ad",
    };
    static const struct enum_type traits = {"trait", symbols, COUNT_OF(symbols), -1};
    uint64_t set = 0;
    if (!read_symbols(&loading->reader, node, &traits, &set)) {
        return false;
    }
    category->child = (set >> 0 & 1) != 0;
    category->spam = (set >> 1 & 1) != 0;
    category->human_only = (set >> 2 & 1) != 0;
    category->severity_by_verdict = (set >> 3 & 1) != 0;
    category->room_subject = (set >> 4 & 1) != 0;
    category->staff_ad = (set >> 5 & 1) != 0;
    return true;
}

static bool load_authority_report(struct loading *loading, const struct node *node,
                                  struct policy_category *category)
{
    static const struct entry entries[] = {
        {"kind", ENTRY_SYMBOL, false, offsetof(struct policy_category, report_kind), 0,
         AUTHORITY_REPORT_KIND_COUNT - 1, &enum_authority_report_kind},
        {"to", ENTRY_SYMBOL, false, offsetof(struct policy_category, report_authority), 0,
         AUTHORITY_COUNT - 1, &enum_authority},
    };
    category->authority_report = true;
    return read_is_map(&loading->reader, node, "report") &&
           read_entries(&loading->reader, node, entries, COUNT_OF(entries), category);
}

static bool load_dsa(struct loading *loading, const struct node *node,
                     struct policy_category *category)
{
    static const struct entry entries[] = {
        {"category", ENTRY_ID, false, offsetof(struct policy_category, dsa_category), 0, 0, NULL},
        {"keywords", ENTRY_OTHER, true, 0, 0, 0, NULL},
    };
    if (!read_is_map(&loading->reader, node, "dsa")) {
        return false;
    }
    const bool good = read_entries(&loading->reader, node, entries, COUNT_OF(entries), category);
    const struct node *keywords = node_find(node, "keywords");
    return (keywords == NULL || load_ids(loading, keywords, POLICY_DSA_KEYWORDS_MAX,
                                         category->dsa_keywords, &category->dsa_keyword_count)) &&
           good;
}

static bool load_ids(struct loading *loading, const struct node *node, size_t count_max,
                     char (*ids_out)[POLICY_NAME_MAX], uint32_t *count_out)
{
    if (!read_is_list(&loading->reader, node, node->key)) {
        return false;
    }
    if (node->count > count_max) {
        problems_add(loading->reader.problems, loading->reader.name, node->line,
                     "'%s' has %zu entries, at most %zu are kept", node->key, node->count,
                     count_max);
        return false;
    }
    bool good = true;
    for (const struct node *item = node->first; item != NULL; item = item->next) {
        good = read_id(&loading->reader, item, node->key, ids_out[(*count_out)++]) && good;
    }
    return good;
}
