/* `sanctionctl policy diff OLD NEW`: what a version of a policy changes, for who has to announce it
 * and answer for it. The documents are compared and not the loaded policies: a path is then what
 * the owner finds in his file, and a new setting needs no code here.
 *
 * The order of keys, comments and the writing of a duration or time (7d, 168h) are no difference. A
 * list of plain values tells which came and went; one of maps (the steps of a ladder) is compared
 * place by place, counted from 0, since a step's place is its stage.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "base/digest.h"
#include "config/policy_file.h"
#include "config/tree.h"
#include "config/value.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>

struct comparison {
    bool json;
    size_t count;       /* differences printed */
    struct buffer path; /* of the nodes that are looked at */
    struct buffer line;
};

/* In one line, as a flow of YAML. */
static void value_write(const struct node *node, struct buffer *out)
{
    if (node->kind == NODE_TEXT) {
        scalar_print(node->text, out);
        return;
    }
    buffer_printf(out, node->kind == NODE_MAP ? "{" : "[");
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        buffer_printf(out, entry == node->first ? "" : ", ");
        if (entry->key != NULL) {
            scalar_print(entry->key, out);
            buffer_printf(out, ": ");
        }
        value_write(entry, out);
    }
    buffer_printf(out, node->kind == NODE_MAP ? "}" : "]");
}

static void json_value(const struct node *node, struct buffer *out)
{
    struct buffer text = {0};
    if (node == NULL) {
        buffer_printf(out, "null");
        return;
    }
    value_write(node, &text);
    json_write_string(buffer_bytes(&text), out);
    buffer_release(&text);
}

/* `old` NULL: it was added; `new` NULL: removed. */
static void tell(struct comparison *comparison, const struct node *old, const struct node *new)
{
    struct buffer *line = &comparison->line;
    const struct bytes path = buffer_bytes(&comparison->path);
    buffer_clear(line);
    if (comparison->json) {
        buffer_printf(line, "{\"path\":");
        json_write_string(path, line);
        buffer_printf(line, ",\"old\":");
        json_value(old, line);
        buffer_printf(line, ",\"new\":");
        json_value(new, line);
        buffer_printf(line, "}");
    } else {
        buffer_printf(line, "%.*s: %s", BYTES_PRINT(path),
                      old == NULL   ? "added "
                      : new == NULL ? "removed "
                                    : "");
        value_write(old != NULL ? old : new, line);
        if (old != NULL && new != NULL) {
            buffer_printf(line, " -> ");
            value_write(new, line);
        }
    }
    printf("%.*s\n", BYTES_PRINT(buffer_bytes(line)));
    comparison->count++;
}

static bool same_text(const char *old, const char *new)
{
    int64_t one = 0;
    int64_t other = 0;
    return strcmp(old, new) == 0 ||
           (duration_parse(old, &one) && duration_parse(new, &other) && one == other) ||
           (time_parse(old, &one) && time_parse(new, &other) && one == other);
}

static bool is_plain_list(const struct node *node)
{
    const struct node *entry = node->first;
    while (node->kind == NODE_LIST && entry != NULL && entry->kind == NODE_TEXT) {
        entry = entry->next;
    }
    return node->kind == NODE_LIST && entry == NULL;
}

static bool holds(const struct node *list, const char *text)
{
    const struct node *entry = list->first;
    while (entry != NULL && strcmp(entry->text, text) != 0) {
        entry = entry->next;
    }
    return entry != NULL;
}

static bool same_plain_list(const struct node *old, const struct node *new)
{
    const struct node *other = new->first;
    for (const struct node *one = old->first; one != NULL && old->count == new->count;
         one = one->next, other = other->next) {
        if (strcmp(one->text, other->text) != 0) {
            return false;
        }
    }
    return old->count == new->count;
}

/* Another order of the same values is told as a whole: a generic look cannot know that it means
 * nothing. */
static void compare_plain_lists(struct comparison *comparison, const struct node *old,
                                const struct node *new)
{
    const size_t before = comparison->count;
    const size_t own = comparison->path.size;
    buffer_printf(&comparison->path, "[]");
    for (const struct node *one = old->first; one != NULL; one = one->next) {
        if (!holds(new, one->text)) {
            tell(comparison, one, NULL);
        }
    }
    for (const struct node *one = new->first; one != NULL; one = one->next) {
        if (!holds(old, one->text)) {
            tell(comparison, NULL, one);
        }
    }
    comparison->path.size = own;
    if (comparison->count == before && !same_plain_list(old, new)) {
        tell(comparison, old, new);
    }
}

static void compare(struct comparison *comparison, const struct node *old, const struct node *new);

/* In the order of the old file; what is added comes after. */
static void compare_maps(struct comparison *comparison, const struct node *old,
                         const struct node *new)
{
    const size_t own = comparison->path.size;
    const char *dot = own > 0 ? "." : "";
    for (const struct node *one = old->first; one != NULL; one = one->next) {
        buffer_printf(&comparison->path, "%s%s", dot, one->key);
        compare(comparison, one, node_find(new, one->key));
        comparison->path.size = own;
    }
    for (const struct node *one = new->first; one != NULL; one = one->next) {
        if (node_find(old, one->key) == NULL) {
            buffer_printf(&comparison->path, "%s%s", dot, one->key);
            compare(comparison, NULL, one);
            comparison->path.size = own;
        }
    }
}

static void compare_places(struct comparison *comparison, const struct node *old,
                           const struct node *new)
{
    const size_t own = comparison->path.size;
    const struct node *one = old->first;
    const struct node *other = new->first;
    for (size_t i = 0; one != NULL || other != NULL; i++) {
        buffer_printf(&comparison->path, "[%zu]", i);
        compare(comparison, one, other);
        comparison->path.size = own;
        one = one != NULL ? one->next : NULL;
        other = other != NULL ? other->next : NULL;
    }
}

/* One of them is not NULL. The parser bounds the depth, so recursion is bounded too. */
static void compare(struct comparison *comparison, const struct node *old, const struct node *new)
{
    if (old == NULL || new == NULL || old->kind != new->kind) {
        tell(comparison, old, new);
    } else if (old->kind == NODE_MAP) {
        compare_maps(comparison, old, new);
    } else if (old->kind == NODE_LIST && is_plain_list(old) && is_plain_list(new)) {
        compare_plain_lists(comparison, old, new);
    } else if (old->kind == NODE_LIST) {
        compare_places(comparison, old, new);
    } else if (!same_text(old->text, new->text)) {
        tell(comparison, old, new);
    }
}

struct version {
    char hash[2 * DIGEST_SIZE + 1];
    struct tree tree;
};

/* False if it is no well policy; all of its problems are then told. */
static bool version_read(const char *path, struct version *version, struct problems *problems)
{
    struct policy *policy = memory_get(sizeof(*policy));
    struct buffer text = {0};
    const bool good = policy_read(path, policy, &text, problems);
    if (good) {
        const bool parsed = tree_parse(path, buffer_bytes(&text), &version->tree, problems);
        ASSERT(parsed);
        hex_format(bytes_of(policy->hash, DIGEST_SIZE), version->hash);
    }
    buffer_release(&text);
    free(policy);
    return good;
}

static size_t print_differences(bool json, const struct version *old, const struct version *new)
{
    struct comparison comparison = {.json = json};
    printf(json ? "{\"path\":\"hash\",\"old\":\"%s\",\"new\":\"%s\"}\n" : "hash %s -> %s\n",
           old->hash, new->hash);
    compare(&comparison, old->tree.root, new->tree.root);
    if (!json && comparison.count == 0) {
        printf("no difference\n");
    }
    buffer_release(&comparison.path);
    buffer_release(&comparison.line);
    return comparison.count;
}

enum status command_policy_diff(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    struct version old = {0};
    struct version new = {0};
    if (call->word_count != 2) {
        return command_usage(call, "policy diff needs two files: the old version, the new one");
    }
    const bool old_good = version_read(call->words[0], &old, &program->problems);
    const bool new_good = version_read(call->words[1], &new, &program->problems);
    if (old_good && new_good) {
        *code_out = print_differences(program->json, &old, &new) > 0 ? EXIT_REFUSED : EXIT_DONE;
    }
    tree_release(&old.tree);
    tree_release(&new.tree);
    return old_good && new_good ? STATUS_OK : STATUS_FATAL;
}
