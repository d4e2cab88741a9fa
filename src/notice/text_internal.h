/* One text of the catalogue, taken apart into lines and pieces, and how it is rendered.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_TEXT_INTERNAL_H
#define NOTICE_TEXT_INTERNAL_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/problems.h"
#include "record/record.h"

/* How the value of a parameter is read and shown. */
enum value_form {
    VALUE_ID,   /* as it is */
    VALUE_WORD, /* symbol of an enum, shown as the language's word for it */
    VALUE_TIME, /* ms since the epoch, shown as date and time in Korea */
};

enum value_form value_form(enum param_name name);
/* The enum of a VALUE_WORD. */
const struct enum_type *value_enum(enum param_name name);

/* The value of a symbol; -1: the enum has no such symbol. */
int32_t value_symbol(const struct enum_type *type, struct bytes text);

/* The parameters of one notice, read. */
struct values {
    const struct bytes *given[PARAM_NAME_COUNT]; /* NULL: not given */
    int32_t symbol[PARAM_NAME_COUNT];            /* VALUE_WORD */
    int64_t time_ms[PARAM_NAME_COUNT];           /* VALUE_TIME */
};

/* False if a name comes twice, or a value is no symbol of its enum or no time. */
bool values_read(const struct param *params, uint32_t count, struct values *values_out);

/* When a line is part of the text. */
enum condition_rule {
    CONDITION_ABSENT, /* {!NAME} */
    CONDITION_IS,     /* {?NAME=VALUE} */
    CONDITION_IS_NOT, /* {!NAME=VALUE} */
};

struct condition {
    enum condition_rule rule;
    enum param_name name;
    struct bytes value; /* data NULL for CONDITION_ABSENT */
};

#define LINE_CONDITIONS_MAX 4

struct piece {
    struct bytes literal; /* data NULL: the value of `name` */
    enum param_name name;
};

struct line {
    struct condition conditions[LINE_CONDITIONS_MAX]; /* all must hold */
    uint32_t condition_count;
    uint32_t needs; /* set of parameters without which the line is left out */
    uint32_t piece_from;
    uint32_t piece_count;
};

struct text {
    struct bytes source; /* without the newline at its end */
    uint8_t hash[DIGEST_SIZE];
    struct line *lines;
    struct piece *pieces;
    uint32_t line_count;
    uint32_t piece_count;
};

/* Where a text comes from, for problems. */
struct text_origin {
    const char *file;
    size_t line; /* of the text's first line */
    struct bytes name;
    enum notice_kind kind;
};

/* Takes `source`, which must live as long as the text, apart; problems are added. `hash` stays. */
void text_parse(struct bytes source, const struct text_origin *origin, struct arena *arena,
                struct problems *problems, struct text *text_out);

/* What a language calls the symbols of VALUE_WORD parameters: of[name][symbol]. */
struct words {
    struct bytes *of[PARAM_NAME_COUNT];
};

/* Appends to `out` unless it is NULL; returns the size in bytes. */
size_t text_render(const struct text *text, enum language language, const struct words *words,
                   const struct values *values, struct buffer *out);

#endif
