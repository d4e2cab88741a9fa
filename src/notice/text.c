/* Taking a text of the catalogue apart, once, when it is read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/text_internal.h"

#include "base/assert.h"
#include "notice/kind.h"

struct parser {
    const struct text_origin *origin;
    struct problems *problems;
    struct text *text;
    size_t line_number; /* of the line at hand */
};

static void line_parse(struct parser *parser, struct bytes source);
static void links_check(struct parser *parser, struct bytes source);

static size_t count_of(struct bytes source, uint8_t wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < source.size; i++) {
        count += source.data[i] == wanted;
    }
    return count;
}

void text_parse(struct bytes source, const struct text_origin *origin, struct arena *arena,
                struct problems *problems, struct text *text_out)
{
    while (source.size > 0 && source.data[source.size - 1] == '\n') {
        source.size--;
    }
    text_out->source = source;
    text_out->line_count = 0;
    text_out->piece_count = 0;
    const size_t lines = count_of(source, '\n') + 1;
    /* A placeholder and the literal behind it for each brace, a literal in front of each line. */
    const size_t pieces = lines + 2 * count_of(source, '{');
    text_out->lines = arena_get(arena, lines * sizeof(*text_out->lines));
    text_out->pieces = arena_get(arena, pieces * sizeof(*text_out->pieces));
    struct parser parser = {origin, problems, text_out, origin->line};
    struct bytes rest = source;
    for (size_t i = 0; i < lines; i++) {
        const uint8_t *end = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
        const size_t size = end == NULL ? rest.size : (size_t)(end - rest.data);
        const struct bytes line = bytes_of(rest.data, size);
        links_check(&parser, line);
        line_parse(&parser, line);
        parser.line_number++;
        rest =
            end == NULL ? bytes_of(rest.data + size, 0) : bytes_of(end + 1, rest.size - size - 1);
    }
    ASSERT(text_out->line_count == lines && text_out->piece_count <= pieces);
}

static void complain(struct parser *parser, const char *what, struct bytes thing)
{
    problems_add(parser->problems, parser->origin->file, parser->line_number,
                 "template '%.*s': %s '%.*s'", BYTES_PRINT(parser->origin->name), what,
                 BYTES_PRINT(thing));
}

/* Pages are ids that the notification service turns into links (domain.md G2). */
static void links_check(struct parser *parser, struct bytes source)
{
    static const char *const marks[] = {"://", "www.", "http", ".com", ".kr", "mailto:"};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        const size_t size = strlen(marks[i]);
        for (size_t from = 0; from + size <= source.size; from++) {
            if (memcmp(source.data + from, marks[i], size) == 0) {
                complain(parser, "a text may hold no link, but has", bytes_text(marks[i]));
                return;
            }
        }
    }
}

/* Reads a parameter's name; false after a complaint. */
static bool name_parse(struct parser *parser, struct bytes text, enum param_name *name_out)
{
    const int32_t name = value_symbol(&enum_param_name, text);
    if (name < 0) {
        complain(parser, "unknown placeholder", text);
        return false;
    }
    *name_out = (enum param_name)name;
    if (!kind_may_hold(parser->origin->kind, *name_out)) {
        complain(parser, "its kind may not hold the placeholder", text);
        return false;
    }
    return true;
}

/* Whether a parameter of that name can have the value at all. */
static bool value_is_possible(enum param_name name, struct bytes value)
{
    switch (value_form(name)) {
    case VALUE_ID:
        return value.size > 0;
    case VALUE_WORD:
        return value_symbol(value_enum(name), value) >= 0;
    case VALUE_TIME:
        return false; /* no text depends on one instant */
    }
    ASSERT(false);
    return false;
}

/* Reads NAME or NAME=VALUE; false after a complaint. */
static bool condition_inside_parse(struct parser *parser, struct bytes inside, bool negated,
                                   struct condition *condition_out)
{
    const uint8_t *equals = inside.size == 0 ? NULL : memchr(inside.data, '=', inside.size);
    const size_t size = equals == NULL ? inside.size : (size_t)(equals - inside.data);
    *condition_out = (struct condition){.rule = CONDITION_ABSENT};
    if (!name_parse(parser, bytes_of(inside.data, size), &condition_out->name)) {
        return false;
    }
    if (equals == NULL) {
        if (!negated) {
            complain(parser, "a condition needs '=VALUE':", inside);
        }
        return negated;
    }
    condition_out->rule = negated ? CONDITION_IS_NOT : CONDITION_IS;
    condition_out->value = bytes_of(equals + 1, inside.size - size - 1);
    if (!value_is_possible(condition_out->name, condition_out->value)) {
        complain(parser, "impossible value in the condition", inside);
        return false;
    }
    return true;
}

/* Reads a condition from the start of `source`; returns how many bytes it takes, 0: none. */
static size_t condition_parse(struct parser *parser, struct bytes source, struct line *line)
{
    if (source.size < 2 || source.data[0] != '{' ||
        (source.data[1] != '!' && source.data[1] != '?')) {
        return 0;
    }
    const uint8_t *end = memchr(source.data, '}', source.size);
    if (end == NULL) {
        complain(parser, "no '}' after", source);
        return source.size;
    }
    const size_t size = (size_t)(end - source.data) + 1;
    struct condition condition;
    if (!condition_inside_parse(parser, bytes_of(source.data + 2, size - 3), source.data[1] == '!',
                                &condition)) {
        return size;
    }
    if (line->condition_count == LINE_CONDITIONS_MAX) {
        complain(parser, "too many conditions in", source);
    } else {
        line->conditions[line->condition_count++] = condition;
    }
    return size;
}

static void piece_add(struct parser *parser, struct line *line, struct piece piece)
{
    parser->text->pieces[parser->text->piece_count++] = piece;
    line->piece_count++;
}

/* One literal or placeholder from the start of `source`; returns how many bytes it takes. */
static size_t piece_parse(struct parser *parser, struct bytes source, struct line *line)
{
    if (source.data[0] != '{') {
        const uint8_t *next = memchr(source.data, '{', source.size);
        const size_t size = next == NULL ? source.size : (size_t)(next - source.data);
        if (memchr(source.data, '}', size) != NULL) {
            complain(parser, "no '{' before '}' in", bytes_of(source.data, size));
        }
        piece_add(parser, line, (struct piece){.literal = bytes_of(source.data, size)});
        return size;
    }
    const uint8_t *end = memchr(source.data, '}', source.size);
    if (end == NULL) {
        complain(parser, "no '}' after", source);
        return source.size;
    }
    const size_t size = (size_t)(end - source.data) + 1;
    enum param_name name = PARAM_NAME_COUNT;
    if (name_parse(parser, bytes_of(source.data + 1, size - 2), &name)) {
        piece_add(parser, line, (struct piece){.name = name});
        line->needs |= UINT32_C(1) << name;
    }
    return size;
}

static void line_parse(struct parser *parser, struct bytes source)
{
    struct line *line = &parser->text->lines[parser->text->line_count++];
    *line = (struct line){.piece_from = parser->text->piece_count};
    struct bytes rest = source;
    for (size_t size = 1; size > 0 && rest.size > 0;) {
        size = condition_parse(parser, rest, line);
        rest = bytes_of(rest.data + size, rest.size - size);
    }
    while (rest.size > 0) {
        const size_t size = piece_parse(parser, rest, line);
        rest = bytes_of(rest.data + size, rest.size - size);
    }
}
