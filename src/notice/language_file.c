/* One language file: YAML -> words and templates, with every problem of the file at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/catalogue_internal.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

/* With SHORT_SUFFIX a name is still an id of 64 bytes. */
#define NAME_MAX_BYTES (64 - (sizeof(SHORT_SUFFIX) - 1))
/* libyaml counts lines from 0. */
#define LINES_FROM_ONE 1

struct reader {
    struct language_file *file;
    struct arena *arena;
    struct problems *problems;
    yaml_document_t *document;
};

/* A key of a mapping, where it stands, and its value. */
struct pair {
    struct bytes key;
    size_t line;
    yaml_node_t *value;
};

/* Takes one pair of a mapping. */
typedef void pair_reader(struct reader *reader, const struct pair *pair, void *context);

static void root_pair(struct reader *reader, const struct pair *pair, void *context);
static void document_read(struct reader *reader);
static void templates_sort(struct language_file *file);

void language_file_read(struct language_file *file, struct arena *arena, struct problems *problems)
{
    FILE *input = fopen(file->path, "rb");
    if (input == NULL) {
        problems_add(problems, file->path, 0, "cannot open: %s", strerror(errno));
        return;
    }
    yaml_parser_t parser;
    yaml_document_t document;
    ASSERT(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_input_file(&parser, input);
    if (yaml_parser_load(&parser, &document) == 0) {
        problems_add(problems, file->path, parser.problem_mark.line + LINES_FROM_ONE, "no YAML: %s",
                     parser.problem != NULL ? parser.problem : "cannot be read");
    } else {
        struct reader reader = {file, arena, problems, &document};
        document_read(&reader);
        yaml_document_delete(&document);
        templates_sort(file);
    }
    yaml_parser_delete(&parser);
    fclose(input);
}

static size_t line_of(const yaml_node_t *node)
{
    return node->start_mark.line + LINES_FROM_ONE;
}

static void complain(struct reader *reader, size_t line, const char *what, struct bytes thing)
{
    problems_add(reader->problems, reader->file->path, line, "%s '%.*s'", what, BYTES_PRINT(thing));
}

/* Borrowed from the document; data NULL: not a scalar. */
static struct bytes scalar_of(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE) {
        return (struct bytes){0};
    }
    return bytes_of(node->data.scalar.value, node->data.scalar.length);
}

static bool key_is_repeated(struct reader *reader, const yaml_node_t *mapping,
                            const yaml_node_pair_t *pair, struct bytes key)
{
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        if (bytes_equal(scalar_of(yaml_document_get_node(reader->document, other->key)), key)) {
            return true;
        }
    }
    return false;
}

/* Calls `read` for each pair of the mapping `name`. */
static void mapping_read(struct reader *reader, const yaml_node_t *node, const char *name,
                         pair_reader *read, void *context)
{
    if (node->type != YAML_MAPPING_NODE) {
        complain(reader, line_of(node), "keys and values are needed in", bytes_text(name));
        return;
    }
    for (const yaml_node_pair_t *at = node->data.mapping.pairs.start;
         at < node->data.mapping.pairs.top; at++) {
        const yaml_node_t *key_node = yaml_document_get_node(reader->document, at->key);
        const struct pair pair = {
            .key = scalar_of(key_node),
            .line = line_of(key_node),
            .value = yaml_document_get_node(reader->document, at->value),
        };
        if (pair.key.data == NULL) {
            complain(reader, pair.line, "a key must be a word in", bytes_text(name));
        } else if (key_is_repeated(reader, node, at, pair.key)) {
            complain(reader, pair.line, "comes a second time:", pair.key);
        } else {
            read(reader, &pair, context);
        }
    }
}

/* A copy of the scalar, or data NULL after a complaint. */
static struct bytes text_get(struct reader *reader, const struct pair *pair)
{
    const struct bytes value = scalar_of(pair->value);
    if (value.data == NULL || value.size == 0) {
        complain(reader, pair->line, "a text is needed for", pair->key);
        return (struct bytes){0};
    }
    return arena_copy(reader->arena, value);
}

static bool is_id(struct bytes text, size_t size_max)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0 || strchr(allowed, text.data[i]) == NULL) {
            return false;
        }
    }
    return text.size > 0 && text.size <= size_max;
}

static void document_read(struct reader *reader)
{
    const yaml_node_t *root = yaml_document_get_root_node(reader->document);
    struct language_file *file = reader->file;
    if (root == NULL) {
        problems_add(reader->problems, file->path, 0, "is empty");
        return;
    }
    bool language_seen = false;
    mapping_read(reader, root, "the file", root_pair, &language_seen);
    if (!language_seen) {
        problems_add(reader->problems, file->path, 0, "'language' is missing");
    }
    if (file->disclosure.data == NULL) {
        problems_add(reader->problems, file->path, 0,
                     "'disclosure' is missing: the version of the disclosure text");
    }
    if (file->advert_label.data == NULL || file->advert_refusal.data == NULL) {
        problems_add(reader->problems, file->path, 0, "'advert' needs a 'label' and a 'refusal'");
    }
    for (uint32_t name = 0; name < PARAM_NAME_COUNT; name++) {
        if (value_form((enum param_name)name) == VALUE_WORD && file->words.of[name] == NULL) {
            problems_add(reader->problems, file->path, 0, "'words' has no '%s'",
                         enum_param_name.symbols[name]);
        }
    }
    if (file->template_count == 0) {
        problems_add(reader->problems, file->path, 0, "'templates' is missing");
    }
}

static void advert_pair(struct reader *reader, const struct pair *pair, void *context)
{
    (void)context;
    if (bytes_is(pair->key, "label")) {
        reader->file->advert_label = text_get(reader, pair);
    } else if (bytes_is(pair->key, "refusal")) {
        reader->file->advert_refusal = text_get(reader, pair);
    } else {
        complain(reader, pair->line, "unknown key", pair->key);
    }
}

struct word_list {
    const struct enum_type *type;
    struct bytes *words;
};

static void word_pair(struct reader *reader, const struct pair *pair, void *context)
{
    const struct word_list *list = context;
    const int32_t symbol = value_symbol(list->type, pair->key);
    if (symbol < 0) {
        problems_add(reader->problems, reader->file->path, pair->line,
                     "enum %s has no symbol '%.*s'", list->type->name, BYTES_PRINT(pair->key));
        return;
    }
    list->words[symbol] = text_get(reader, pair);
}

static void words_pair(struct reader *reader, const struct pair *pair, void *context)
{
    (void)context;
    const int32_t name = value_symbol(&enum_param_name, pair->key);
    if (name < 0 || value_form((enum param_name)name) != VALUE_WORD) {
        complain(reader, pair->line, "no parameter with words:", pair->key);
        return;
    }
    struct word_list list = {.type = value_enum((enum param_name)name)};
    const size_t size = list.type->count * sizeof(*list.words);
    list.words = arena_get(reader->arena, size);
    memset(list.words, 0, size);
    reader->file->words.of[name] = list.words;
    const size_t before = reader->problems->count;
    mapping_read(reader, pair->value, list.type->name, word_pair, &list);
    if (reader->problems->count > before) {
        return; /* a missing word is likely the misspelt one */
    }
    for (uint32_t i = 0; i < list.type->count; i++) {
        if (list.words[i].data == NULL) {
            problems_add(reader->problems, reader->file->path, pair->line,
                         "no word for '%s' of enum %s", list.type->symbols[i], list.type->name);
        }
    }
}

/* A template while it is read: the kind decides what its texts may hold, so they wait for it. */
struct template_parts {
    struct pair kind;
    struct pair texts[TEXT_COUNT];
};

static void template_part(struct reader *reader, const struct pair *pair, void *context)
{
    struct template_parts *parts = context;
    if (bytes_is(pair->key, "kind")) {
        parts->kind = *pair;
    } else if (bytes_is(pair->key, "text")) {
        parts->texts[TEXT_FULL] = *pair;
    } else if (bytes_is(pair->key, "short")) {
        parts->texts[TEXT_SHORT] = *pair;
    } else {
        complain(reader, pair->line, "unknown key", pair->key);
    }
}

/* SHA-256 of the name as notices show it, the language and the source, with newlines between. */
static void text_hash(const struct notice_template *template, bool is_short, enum language language,
                      struct text *text)
{
    const struct bytes parts[] = {
        template->name,   bytes_text(is_short ? SHORT_SUFFIX : ""),
        bytes_text("\n"), bytes_text(enum_language.symbols[language]),
        bytes_text("\n"), text->source,
    };
    digest_sha256(parts, COUNT_OF(parts), text->hash);
}

static void text_read(struct reader *reader, struct notice_template *template, size_t which,
                      const struct pair *pair)
{
    static const char *const keys[TEXT_COUNT] = {"text", "short"};
    if (pair->value == NULL) {
        problems_add(reader->problems, reader->file->path, template->line,
                     "template '%.*s' has no '%s'", BYTES_PRINT(template->name), keys[which]);
        return;
    }
    const struct bytes source = text_get(reader, pair);
    if (source.data == NULL) {
        return;
    }
    /* The lines of a literal block start below its mark. */
    const bool block = pair->value->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
    const struct text_origin origin = {
        .file = reader->file->path,
        .line = line_of(pair->value) + block,
        .name = template->name,
        .kind = template->kind,
    };
    struct text *text = &template->texts[which];
    text_parse(source, &origin, reader->arena, reader->problems, text);
    text_hash(template, which == TEXT_SHORT, reader->file->language, text);
}

/* False after a complaint. */
static bool kind_read(struct reader *reader, const struct pair *template_pair,
                      const struct pair *kind_pair, enum notice_kind *kind_out)
{
    if (kind_pair->value == NULL) {
        complain(reader, template_pair->line, "no 'kind' of the template", template_pair->key);
        return false;
    }
    const struct bytes word = scalar_of(kind_pair->value);
    const int32_t kind = word.data == NULL ? -1 : value_symbol(&enum_notice_kind, word);
    if (kind < 0) {
        complain(reader, kind_pair->line, "unknown NoticeKind",
                 word.data == NULL ? bytes_text("") : word);
        return false;
    }
    *kind_out = (enum notice_kind)kind;
    return true;
}

static void template_name(struct arena *arena, struct bytes name, struct notice_template *template)
{
    const size_t suffix_size = sizeof(SHORT_SUFFIX) - 1;
    uint8_t *text = arena_get(arena, name.size + suffix_size);
    memcpy(text, name.data, name.size);
    memcpy(text + name.size, SHORT_SUFFIX, suffix_size);
    template->name = bytes_of(text, name.size);
    template->short_name = bytes_of(text, name.size + suffix_size);
}

static void template_read(struct reader *reader, const struct pair *pair, void *context)
{
    (void)context;
    const struct bytes name = pair->key;
    if (!is_id(name, NAME_MAX_BYTES) || memchr(name.data, '.', name.size) != NULL) {
        complain(reader, pair->line, "a template's name is 1 to 58 of A-Z a-z 0-9 _ -, not", name);
        return;
    }
    struct template_parts parts = {0};
    mapping_read(reader, pair->value, "a template", template_part, &parts);
    struct notice_template template = {.line = pair->line};
    template_name(reader->arena, name, &template);
    template.kind_is_known = kind_read(reader, pair, &parts.kind, &template.kind);
    for (size_t i = 0; i < TEXT_COUNT && template.kind_is_known; i++) {
        text_read(reader, &template, i, &parts.texts[i]);
    }
    reader->file->templates[reader->file->template_count++] = template;
}

static void templates_read(struct reader *reader, const yaml_node_t *node)
{
    struct language_file *file = reader->file;
    if (node->type == YAML_MAPPING_NODE) {
        const yaml_node_pair_t *first = node->data.mapping.pairs.start;
        const size_t count = (size_t)(node->data.mapping.pairs.top - first);
        file->templates = arena_get(reader->arena, count * sizeof(*file->templates));
    }
    mapping_read(reader, node, "templates", template_read, NULL);
}

static void root_pair(struct reader *reader, const struct pair *pair, void *context)
{
    struct language_file *file = reader->file;
    bool *language_seen = context;
    if (bytes_is(pair->key, "language")) {
        *language_seen = true;
        if (!bytes_is(text_get(reader, pair), enum_language.symbols[file->language])) {
            problems_add(reader->problems, file->path, pair->line,
                         "language must be '%s' in a file of this name",
                         enum_language.symbols[file->language]);
        }
    } else if (bytes_is(pair->key, "disclosure")) {
        file->disclosure = text_get(reader, pair);
        file->disclosure_line = pair->line;
        if (file->disclosure.data != NULL && !is_id(file->disclosure, 64)) {
            complain(reader, pair->line, "disclosure is no id:", file->disclosure);
        }
    } else if (bytes_is(pair->key, "advert")) {
        mapping_read(reader, pair->value, "advert", advert_pair, NULL);
    } else if (bytes_is(pair->key, "words")) {
        mapping_read(reader, pair->value, "words", words_pair, NULL);
    } else if (bytes_is(pair->key, "templates")) {
        templates_read(reader, pair->value);
    } else {
        complain(reader, pair->line, "unknown key", pair->key);
    }
}

static int template_order(const void *left, const void *right)
{
    const struct notice_template *a = left;
    const struct notice_template *b = right;
    return bytes_compare(a->name, b->name);
}

static void templates_sort(struct language_file *file)
{
    if (file->template_count > 1) {
        qsort(file->templates, file->template_count, sizeof(*file->templates), template_order);
    }
}
