/* A policy file from text to a checked struct policy.
 *
 * Sections are read one by one; a check runs if the sections it looks at were read without a
 * problem, so one run shows as much of what is wrong as can be said with certainty.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/policy_file.h"

#include "base/assert.h"
#include "base/digest.h"
#include "config/policy_load.h"
#include "config/value.h"

struct section_row {
    const char *key;
    bool (*load)(struct loading *loading, const struct node *section);
};

/* In reading order: names of scope sets are known before ladders use them. */
static const struct section_row sections[] = {
    [SECTION_SWITCHES] = {"switches", load_switches},
    [SECTION_AREAS] = {"areas", load_areas},
    [SECTION_SEVERITIES] = {"severities", load_severities},
    [SECTION_SCOPE_SETS] = {"scope_sets", load_scope_sets},
    [SECTION_LADDERS] = {"ladders", load_ladders},
    [SECTION_CATEGORIES] = {"categories", load_categories},
    [SECTION_EVIDENCE] = {"evidence", load_evidence},
    [SECTION_CASES] = {"cases", load_cases},
    [SECTION_ACCUMULATION] = {"accumulation", load_accumulation},
    [SECTION_ROOMS] = {"rooms", load_rooms},
    [SECTION_CLOCKS] = {"clocks", load_clocks},
    [SECTION_PROTECTION] = {"protection", load_protection},
    [SECTION_REPORTERS] = {"reporters", load_reporters},
    [SECTION_BREAKER] = {"breaker", load_breaker},
    [SECTION_NOTICES] = {"notices", load_notices},
    [SECTION_AUTHORITY_BASES] = {"authority_bases", load_authority_bases},
    [SECTION_LIMITS] = {"limits", load_limits},
};
_Static_assert(COUNT_OF(sections) == SECTION_COUNT, "each section has a row");

static void load_sections(struct loading *loading);
static void hash_document(const struct node *root, struct buffer *canonical, struct policy *policy);

bool policy_parse(const char *name, struct bytes text, struct policy *policy_out,
                  struct problems *problems)
{
    const size_t before = problems->count;
    struct tree tree = {0};
    struct buffer canonical = {0};
    memset(policy_out, 0, sizeof(*policy_out));
    if (tree_parse(name, text, &tree, problems)) {
        struct loading loading = {
            .reader = {.name = name, .problems = problems},
            .root = tree.root,
            .policy = policy_out,
        };
        loading.head_sound = load_head(&loading);
        load_sections(&loading);
        check_policy(&loading);
        hash_document(tree.root, &canonical, policy_out);
        if (canonical.size > TREE_BYTES_MAX) {
            problems_add(problems, name, 0, "the canonical form has more than %d bytes",
                         TREE_BYTES_MAX);
        }
    }
    buffer_release(&canonical);
    tree_release(&tree);
    return problems->count == before;
}

bool policy_read(const char *path, struct policy *policy_out, struct buffer *canonical_out,
                 struct problems *problems)
{
    struct buffer text = {0};
    const bool good = file_read(path, TREE_BYTES_MAX, &text, problems) &&
                      policy_parse(path, buffer_bytes(&text), policy_out, problems);
    if (good && canonical_out != NULL) {
        buffer_clear(canonical_out);
        const bool printed = policy_canonical(buffer_bytes(&text), canonical_out);
        ASSERT(printed);
    }
    buffer_release(&text);
    return good;
}

bool policy_canonical(struct bytes text, struct buffer *out)
{
    struct problems problems = {0};
    struct tree tree = {0};
    const bool good = tree_parse("", text, &tree, &problems);
    if (good) {
        tree_print(tree.root, out);
    }
    tree_release(&tree);
    problems_release(&problems);
    return good;
}

static void load_sections(struct loading *loading)
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        const struct node *node = node_find(loading->root, sections[i].key);
        if (node == NULL) {
            problems_add(loading->reader.problems, loading->reader.name, 0,
                         "section '%s' is missing", sections[i].key);
        } else if (read_is_map(&loading->reader, node, sections[i].key)) {
            loading->sections[i] = node;
            loading->sound[i] = sections[i].load(loading, node);
        }
    }
}

/* The head knows its own keys; the sections' are those of the table. */
bool load_head(struct loading *loading)
{
    const struct entry head[] = {
        {"policy", ENTRY_ID, false, offsetof(struct policy, id), 0, 0, NULL},
        {"version", ENTRY_NUMBER, false, offsetof(struct policy, version), 1, 1000000, NULL},
        {"genesis", ENTRY_FLAG, true, offsetof(struct policy, genesis), 0, 0, NULL},
        {"shadow", ENTRY_FLAG, true, offsetof(struct policy, shadow), 0, 0, NULL},
        {"announced_at", ENTRY_TIME, false, offsetof(struct policy, announced_at_ms), 0, 0, NULL},
        {"effective_at", ENTRY_TIME, false, offsetof(struct policy, effective_at_ms), 0, 0, NULL},
    };
    struct entry entries[COUNT_OF(head) + SECTION_COUNT];
    memcpy(entries, head, sizeof(head));
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        entries[COUNT_OF(head) + i] =
            (struct entry){.key = sections[i].key, .type = ENTRY_OTHER, .optional = true};
    }
    return read_entries(&loading->reader, loading->root, entries, COUNT_OF(entries),
                        loading->policy);
}

static void hash_document(const struct node *root, struct buffer *canonical, struct policy *policy)
{
    tree_print(root, canonical);
    const struct bytes part = buffer_bytes(canonical);
    digest_sha256(&part, 1, policy->hash);
}
