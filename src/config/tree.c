/* libyaml's events -> nodes. Nesting is a stack of ours, bounded, so no input recurses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#define KEY_SIZE_MAX 128

/* One open map or list. */
struct level {
    struct node *node;
    struct node *last;
    const char *key; /* MAP: key that waits for its value */
    size_t key_line;
};

struct building {
    const char *name;
    struct tree *tree;
    struct problems *problems;
    size_t depth;
    struct level levels[TREE_DEPTH_MAX];
    size_t documents;
    bool done;
};

static bool parse_events(struct building *building, yaml_parser_t *parser);
static bool take_event(struct building *building, const yaml_event_t *event);
static bool open_level(struct building *building, const yaml_event_t *event, enum node_kind kind);
static bool close_level(struct building *building);
static bool take_scalar(struct building *building, const yaml_event_t *event);
static bool take_key(struct building *building, size_t line, const char *text);
static bool refuse_extras(struct building *building, const yaml_event_t *event);
static bool attach(struct building *building, struct node *node);
static bool is_key_next(const struct building *building);
static bool is_clean_text(const unsigned char *text, size_t size);
static bool refuse(const struct building *building, size_t line, const char *what);
static size_t line_of(const yaml_event_t *event);

bool tree_parse(const char *name, struct bytes text, struct tree *tree, struct problems *problems)
{
    struct building building = {.name = name, .tree = tree, .problems = problems};
    if (text.size > TREE_BYTES_MAX) {
        problems_add(problems, name, 0, "the file has %zu bytes, at most %d are read", text.size,
                     TREE_BYTES_MAX);
        return false;
    }
    yaml_parser_t parser;
    ASSERT(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.size);
    const size_t problems_before = problems->count;
    const bool parsed = parse_events(&building, &parser);
    yaml_parser_delete(&parser);
    if (!parsed) {
        return false;
    }
    if (tree->root == NULL) {
        problems_add(problems, name, 0, "the file is empty");
        return false;
    }
    if (tree->root->kind != NODE_MAP) {
        problems_add(problems, name, tree->root->line, "the file is %s, it must be a map of keys",
                     node_kind_name(tree->root));
        return false;
    }
    return problems->count == problems_before;
}

void tree_release(struct tree *tree)
{
    arena_release(&tree->arena);
    *tree = (struct tree){0};
}

bool file_read(const char *path, size_t size_max, struct buffer *out, struct problems *problems)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        problems_add(problems, path, 0, "cannot be opened: %s", strerror(errno));
        return false;
    }
    buffer_clear(out);
    bool whole = false;
    while (!whole && out->size <= size_max) {
        const size_t piece = 16384;
        const size_t size = fread(buffer_reserve(out, piece), 1, piece, file);
        out->size += size;
        whole = size < piece;
    }
    const bool failed = ferror(file) != 0;
    const int reason = errno;
    fclose(file);
    if (failed) {
        problems_add(problems, path, 0, "cannot be read: %s", strerror(reason));
        return false;
    }
    if (out->size > size_max) {
        problems_add(problems, path, 0, "the file is larger than the %zu bytes that are read",
                     size_max);
        return false;
    }
    return true;
}

const struct node *node_find(const struct node *map, const char *key)
{
    for (const struct node *entry = map->first; entry != NULL; entry = entry->next) {
        if (entry->key != NULL && strcmp(entry->key, key) == 0) {
            return entry;
        }
    }
    return NULL;
}

const char *node_kind_name(const struct node *node)
{
    switch (node->kind) {
    case NODE_LIST:
        return "a list";
    case NODE_MAP:
        return "a map";
    case NODE_TEXT:
        break;
    }
    return node->empty ? "nothing" : "a text";
}

static bool parse_events(struct building *building, yaml_parser_t *parser)
{
    while (!building->done) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) != 1) {
            problems_add(building->problems, building->name, parser->problem_mark.line + 1,
                         "not YAML: %s%s%s",
                         parser->problem != NULL ? parser->problem : "unreadable",
                         parser->context != NULL ? ", " : "",
                         parser->context != NULL ? parser->context : "");
            return false;
        }
        const bool taken = take_event(building, &event);
        yaml_event_delete(&event);
        if (!taken) {
            return false;
        }
    }
    return true;
}

static bool take_event(struct building *building, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    case YAML_STREAM_END_EVENT:
        building->done = true;
        return true;
    case YAML_DOCUMENT_START_EVENT:
        building->documents++;
        return building->documents == 1 ||
               refuse(building, line_of(event), "a second document begins, only one is read");
    case YAML_ALIAS_EVENT:
        return refuse(building, line_of(event), "an alias (*) is refused, write the value out");
    case YAML_SCALAR_EVENT:
        return refuse_extras(building, event) && take_scalar(building, event);
    case YAML_SEQUENCE_START_EVENT:
        return refuse_extras(building, event) && open_level(building, event, NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return refuse_extras(building, event) && open_level(building, event, NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_level(building);
    }
    return refuse(building, line_of(event), "unreadable");
}

/* Anchors and explicit tags carry meaning that a reader of the file does not see at the value. */
static bool refuse_extras(struct building *building, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL) {
        return refuse(building, line_of(event), "an anchor (&) is refused, write the value out");
    }
    return tag == NULL || refuse(building, line_of(event), "a tag (!) is refused");
}

static bool open_level(struct building *building, const yaml_event_t *event, enum node_kind kind)
{
    if (is_key_next(building)) {
        return refuse(building, line_of(event), "a key must be a text");
    }
    if (building->depth == TREE_DEPTH_MAX) {
        return refuse(building, line_of(event), "nested too deeply");
    }
    struct node *node = arena_get(&building->tree->arena, sizeof(*node));
    *node = (struct node){.kind = kind, .line = line_of(event)};
    if (!attach(building, node)) {
        return false;
    }
    building->levels[building->depth++] = (struct level){.node = node};
    return true;
}

static bool close_level(struct building *building)
{
    ASSERT(building->depth > 0);
    building->depth--;
    return true;
}

static bool take_scalar(struct building *building, const yaml_event_t *event)
{
    const unsigned char *value = event->data.scalar.value;
    const size_t size = event->data.scalar.length;
    if (!is_clean_text(value, size)) {
        return refuse(building, line_of(event), "a text holds a control character");
    }
    char *text = arena_get(&building->tree->arena, size + 1);
    memcpy(text, value, size);
    text[size] = '\0';
    if (is_key_next(building)) {
        return take_key(building, line_of(event), text);
    }
    struct node *node = arena_get(&building->tree->arena, sizeof(*node));
    *node = (struct node){
        .kind = NODE_TEXT,
        .line = line_of(event),
        .text = text,
        .empty = size == 0 && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
    };
    return attach(building, node);
}

static bool take_key(struct building *building, size_t line, const char *text)
{
    struct level *level = &building->levels[building->depth - 1];
    const struct node *before = node_find(level->node, text);
    if (before != NULL) {
        problems_add(building->problems, building->name, line,
                     "key '%.100s' stands a second time, the first is in line %zu", text,
                     before->line);
    }
    if (strlen(text) > KEY_SIZE_MAX) {
        return refuse(building, line, "a key is too long");
    }
    if (strcmp(text, "<<") == 0) {
        return refuse(building, line, "a merge key (<<) is refused, write the keys out");
    }
    level->key = text;
    level->key_line = line;
    return true;
}

static bool attach(struct building *building, struct node *node)
{
    if (building->depth == 0) {
        building->tree->root = node;
        return true;
    }
    struct level *level = &building->levels[building->depth - 1];
    if (level->node->count == TREE_WIDTH_MAX) {
        return refuse(building, node->line, "too many entries");
    }
    if (level->node->kind == NODE_MAP) {
        node->key = level->key;
        node->line = level->key_line; /* where a reader looks for it */
        level->key = NULL;
    }
    if (level->last == NULL) {
        level->node->first = node;
    } else {
        level->last->next = node;
    }
    level->last = node;
    level->node->count++;
    return true;
}

static bool is_key_next(const struct building *building)
{
    if (building->depth == 0) {
        return false;
    }
    const struct level *level = &building->levels[building->depth - 1];
    return level->node->kind == NODE_MAP && level->key == NULL;
}

/* No control characters, nor the line breaks and the byte order mark that hide in UTF-8: they would
 * not survive printing. libyaml has checked that it is UTF-8. */
static bool is_clean_text(const unsigned char *text, size_t size)
{
    static const char *const refused[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                          "\xef\xbb\xbf"};
    for (size_t i = 0; i < size; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
        for (size_t j = 0; text[i] >= 0x80 && j < COUNT_OF(refused); j++) {
            const size_t length = strlen(refused[j]);
            if (size - i >= length && memcmp(text + i, refused[j], length) == 0) {
                return false;
            }
        }
    }
    return true;
}

static bool refuse(const struct building *building, size_t line, const char *what)
{
    problems_add(building->problems, building->name, line, "%s", what);
    return false;
}

static size_t line_of(const yaml_event_t *event)
{
    return event->start_mark.line + 1;
}
