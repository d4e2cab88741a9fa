/* Nodes -> YAML in one fixed layout. Depth is bounded by the parser, so recursion is too.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

static void map_print(const struct node *map, int indent, bool first_indented, struct buffer *out);
static void list_print(const struct node *list, int indent, bool first_indented,
                       struct buffer *out);
static bool is_plain(const char *text);

void tree_print(const struct node *root, struct buffer *out)
{
    if (root->count == 0) {
        buffer_printf(out, "{}\n");
    } else {
        map_print(root, 0, false, out);
    }
}

void scalar_print(const char *text, struct buffer *out)
{
    if (is_plain(text)) {
        buffer_append(out, bytes_text(text));
        return;
    }
    buffer_printf(out, "\"");
    for (const char *c = text; *c != '\0'; c++) {
        buffer_printf(out, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    }
    buffer_printf(out, "\"");
}

/* The value of a key or of a dash. `indent` is that of a nested map or list. */
static void value_print(const struct node *node, int indent, bool in_list, struct buffer *out)
{
    const bool nested = node->kind != NODE_TEXT && node->count > 0;
    buffer_printf(out, nested && !in_list ? "\n" : " ");
    if (node->kind == NODE_TEXT) {
        scalar_print(node->text, out);
    } else if (!nested) {
        buffer_printf(out, node->kind == NODE_MAP ? "{}" : "[]");
    } else if (node->kind == NODE_MAP) {
        map_print(node, indent, in_list, out);
        return;
    } else {
        list_print(node, indent, in_list, out);
        return;
    }
    buffer_printf(out, "\n");
}

/* `first_indented`: the first entry follows a dash, whose two columns are its indent. */
static void map_print(const struct node *map, int indent, bool first_indented, struct buffer *out)
{
    for (const struct node *entry = map->first; entry != NULL; entry = entry->next) {
        const bool after_dash = first_indented && entry == map->first;
        buffer_printf(out, "%*s", after_dash ? 0 : indent, "");
        scalar_print(entry->key, out);
        buffer_printf(out, ":");
        value_print(entry, indent + 2, false, out);
    }
}

static void list_print(const struct node *list, int indent, bool first_indented, struct buffer *out)
{
    for (const struct node *entry = list->first; entry != NULL; entry = entry->next) {
        const bool after_dash = first_indented && entry == list->first;
        buffer_printf(out, "%*s-", after_dash ? 0 : indent, "");
        value_print(entry, indent + 2, true, out);
    }
}

/* Letters, digits and inner punctuation that YAML gives no meaning to. */
static bool is_plain(const char *text)
{
    const char *letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const size_t size = strlen(text);
    if (size == 0 || size > 100 || strchr(letters, text[0]) == NULL || text[size - 1] == ':') {
        return false;
    }
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+:-") ==
           size;
}
