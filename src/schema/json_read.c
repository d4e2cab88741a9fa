/* JSON objects to records: the line check.
 *
 * Goes on after a problem, so that one look at a line shows all of them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/json.h"

#include "base/assert.h"
#include "base/digest.h"
#include "schema/check.h"
#include "schema/fallback.h"
#include "schema/plan.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

struct reader {
    struct arena *arena;
    json_problem *problem;
    void *context;
    size_t problem_count;
    const char *schema; /* the text that has the defaults */
    bool fallback;      /* reading a default, where bytes are written as characters 0 to 255 */
    char path[256];     /* of the field at hand */
    size_t path_size;
};

static void read_record(struct reader *reader, const struct record_type *type, const json_t *json,
                        uint8_t *record);
static void read_value(struct reader *reader, const struct field_type *field, const json_t *json,
                       uint8_t *record, uint8_t *place);

size_t json_read_record(const struct record_type *type, const struct json_t *object,
                        struct arena *arena, void *record_out, json_problem *problem, void *context)
{
    struct reader reader = {
        .arena = arena, .problem = problem, .context = context, .schema = type->schema};
    read_record(&reader, type, object, record_out);
    return reader.problem_count;
}

static void add_problem(struct reader *reader, const char *format, ...) PRINTF_LIKE(2, 3);
static void add_problem(struct reader *reader, const char *format, ...)
{
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    reader->problem_count++;
    reader->problem(reader->context, reader->path_size == 0 ? "value" : reader->path, reason);
}

static void path_pop(struct reader *reader, size_t mark)
{
    reader->path_size = mark;
    reader->path[mark] = '\0';
}

static void path_append(struct reader *reader, const char *text)
{
    const size_t room = sizeof(reader->path) - 1 - reader->path_size;
    const size_t size = strlen(text);
    const size_t kept = size < room ? size : room;
    memcpy(reader->path + reader->path_size, text, kept);
    path_pop(reader, reader->path_size + kept);
}

/* Enters a field; the returned mark leaves it. A path too long for the message is cut. */
static size_t path_push_field(struct reader *reader, const char *name)
{
    const size_t mark = reader->path_size;
    path_append(reader, mark == 0 ? "" : ".");
    path_append(reader, name);
    return mark;
}

static size_t path_push_item(struct reader *reader, size_t index)
{
    const size_t mark = reader->path_size;
    char text[32];
    snprintf(text, sizeof(text), "[%zu]", index);
    path_append(reader, text);
    return mark;
}

/* Fills a field that was left out. `walk` is the record's, not started while its field is NULL. */
static void read_default(struct reader *reader, const struct record_type *type, uint32_t index,
                         struct fallback_walk *walk, uint8_t *record)
{
    if (walk->field == NULL) {
        ASSERT(fallback_start(reader->schema, type->name, walk));
    }
    const struct bytes text = fallback_find(walk, index);
    if (text.data == NULL) {
        add_problem(reader, "is missing and has no default");
        return;
    }
    json_error_t error;
    json_t *value = bytes_is(text, "null") ? json_null()
                                           : json_loadb((const char *)text.data, text.size,
                                                        JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    ASSERT(value != NULL);
    const bool outer = reader->fallback;
    const struct field_type *field = &type->fields[index];
    reader->fallback = true;
    read_value(reader, field, value, record, record + field->offset);
    reader->fallback = outer;
    json_decref(value);
}

static void report_unknown(struct reader *reader, const struct record_type *type,
                           const json_t *json)
{
    /* jansson reads through a non-const object only. */
    json_t *object = json_incref((json_t *)(uintptr_t)json);
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        bool known = false;
        for (uint32_t i = 0; i < type->field_count && !known; i++) {
            known = strcmp(type->fields[i].name, json_object_iter_key(at)) == 0;
        }
        if (!known) {
            const size_t mark = path_push_field(reader, json_object_iter_key(at));
            add_problem(reader, "is no field of %s", type->name);
            path_pop(reader, mark);
        }
    }
    json_decref(object);
}

static void read_record(struct reader *reader, const struct record_type *type, const json_t *json,
                        uint8_t *record)
{
    if (!json_is_object(json)) {
        add_problem(reader, "must be an object");
        return;
    }
    size_t known = 0;
    struct fallback_walk walk = {0};
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        const json_t *value = json_object_get(json, field->name);
        const size_t mark = path_push_field(reader, field->name);
        if (value == NULL) {
            read_default(reader, type, i, &walk, record);
        } else {
            read_value(reader, field, value, record, record + field->offset);
            known++;
        }
        path_pop(reader, mark);
    }
    if (known < json_object_size(json)) {
        report_unknown(reader, type, json);
    }
}

static void read_number(struct reader *reader, const struct field_type *field, const json_t *json,
                        uint8_t *place)
{
    const long long number = json_integer_value(json);
    if (!json_is_integer(json)) {
        add_problem(reader, "must be an integer");
    } else if (field->kind == FIELD_LONG) {
        memcpy(place, &(int64_t){number}, sizeof(int64_t));
    } else if (number < INT32_MIN || number > INT32_MAX) {
        add_problem(reader, "must be an integer from %d to %d", INT32_MIN, INT32_MAX);
    } else {
        memcpy(place, &(int32_t){(int32_t)number}, sizeof(int32_t));
    }
}

static void read_string(struct reader *reader, const struct field_type *field, const json_t *json,
                        uint8_t *place)
{
    if (!json_is_string(json)) {
        add_problem(reader, "must be a string");
        return;
    }
    const struct bytes text = bytes_of(json_string_value(json), json_string_length(json));
    if (field->format == FORMAT_ID && !check_id(text)) {
        add_problem(reader, "must be an id: 1 to 64 characters of A-Z a-z 0-9 . _ -");
        return;
    }
    if (field->max != 0 && text.size > field->max) {
        add_problem(reader, "is longer than %u bytes", field->max);
        return;
    }
    const struct bytes kept = arena_copy(reader->arena, text);
    memcpy(place, &kept, sizeof(kept));
}

/* Bytes of a default. */
static void read_characters(struct reader *reader, const struct field_type *field,
                            const json_t *json, uint8_t *place)
{
    struct bytes value = {0};
    ASSERT(json_is_string(json) && latin_bytes(reader->arena, json, &value));
    ASSERT(field->kind != FIELD_FIXED || value.size == field->size);
    memcpy(place, &value, sizeof(value));
}

static void read_hex(struct reader *reader, const struct field_type *field, const json_t *json,
                     uint8_t *place)
{
    const bool fixed = field->kind == FIELD_FIXED;
    const size_t length = json_string_length(json);
    if (!json_is_string(json)) {
        add_problem(reader, "must be a string of hex digits");
        return;
    }
    if (fixed && length != (size_t)field->size * 2) {
        add_problem(reader, "must have %u hex digits, not %zu", field->size * 2, length);
        return;
    }
    if (!fixed && field->max != 0 && length / 2 > field->max) {
        add_problem(reader, "is longer than %u bytes", field->max);
        return;
    }
    uint8_t *value = arena_get(reader->arena, length / 2);
    if (!hex_parse(bytes_of(json_string_value(json), length), value, length / 2)) {
        add_problem(reader, "must be pairs of hex digits");
        return;
    }
    const struct bytes kept = bytes_of(value, length / 2);
    memcpy(place, &kept, sizeof(kept));
}

/* The value of a symbol, or a problem and -1. */
static int32_t read_symbol(struct reader *reader, const struct enum_type *enumeration,
                           const json_t *json)
{
    const char *symbol = json_string_value(json);
    if (symbol == NULL) {
        add_problem(reader, "must be a symbol of %s", enumeration->name);
        return -1;
    }
    for (uint32_t i = 0; i < enumeration->count; i++) {
        if (strcmp(enumeration->symbols[i], symbol) == 0) {
            return (int32_t)i;
        }
    }
    add_problem(reader, "'%.100s' is no symbol of %s", symbol, enumeration->name);
    return -1;
}

static void read_set(struct reader *reader, const struct field_type *field, const json_t *json,
                     uint8_t *place)
{
    if (!json_is_array(json)) {
        add_problem(reader, "must be an array of symbols of %s", field->enumeration->name);
        return;
    }
    uint64_t set = 0;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const size_t mark = path_push_item(reader, i);
        const int32_t value = read_symbol(reader, field->enumeration, json_array_get(json, i));
        set |= value < 0 ? 0 : UINT64_C(1) << value;
        path_pop(reader, mark);
    }
    if (field->max != 0 && (uint32_t)__builtin_popcountll(set) > field->max) {
        add_problem(reader, "has more than %u symbols", field->max);
    }
    memcpy(place, &set, sizeof(set));
}

static void read_list(struct reader *reader, const struct field_type *field, const json_t *json,
                      uint8_t *record, uint8_t *place)
{
    const size_t count = json_array_size(json);
    if (!json_is_array(json)) {
        add_problem(reader, "must be an array");
        return;
    }
    if (count > field->max) {
        add_problem(reader, "has more than %u items", field->max);
        return;
    }
    const struct field_type item = {
        .name = field->name, .kind = field->item, .format = field->format, .record = field->record};
    memcpy(record + field->count_offset, &(uint32_t){(uint32_t)count}, sizeof(uint32_t));
    for (size_t i = 0; i < count; i++) {
        const size_t mark = path_push_item(reader, i);
        read_value(reader, &item, json_array_get(json, i), record, place + i * field->size);
        path_pop(reader, mark);
    }
}

static void read_enum(struct reader *reader, const struct field_type *field, const json_t *json,
                      uint8_t *place)
{
    const int32_t value = read_symbol(reader, field->enumeration, json);
    memcpy(place, &value, sizeof(value));
}

static void read_boolean(struct reader *reader, const json_t *json, uint8_t *place)
{
    if (!json_is_boolean(json)) {
        add_problem(reader, "must be true or false");
    }
    memcpy(place, &(bool){json_is_true(json)}, sizeof(bool));
}

/* Writes null, or marks that a value follows. */
static void mark_nullable(const struct field_type *field, bool set, uint8_t *place)
{
    if (field->kind == FIELD_STRING || field->kind == FIELD_BYTES || field->kind == FIELD_FIXED) {
        memcpy(place, &(struct bytes){0}, sizeof(struct bytes));
        return;
    }
    const uint32_t set_offset = reader_set_offset(field, 0);
    memset(place, 0, set_offset);
    memcpy(place + set_offset, &set, sizeof(set));
}

static void read_value(struct reader *reader, const struct field_type *field, const json_t *json,
                       uint8_t *record, uint8_t *place)
{
    if (field->nullable) {
        mark_nullable(field, !json_is_null(json), place);
        if (json_is_null(json)) {
            return;
        }
    }
    switch (field->kind) {
    case FIELD_BOOLEAN:
        read_boolean(reader, json, place);
        return;
    case FIELD_INT:
    case FIELD_LONG:
        read_number(reader, field, json, place);
        return;
    case FIELD_STRING:
        read_string(reader, field, json, place);
        return;
    case FIELD_BYTES:
    case FIELD_FIXED:
        if (reader->fallback) {
            read_characters(reader, field, json, place);
        } else {
            read_hex(reader, field, json, place);
        }
        return;
    case FIELD_ENUM:
        read_enum(reader, field, json, place);
        return;
    case FIELD_SET:
        read_set(reader, field, json, place);
        return;
    case FIELD_LIST:
        read_list(reader, field, json, record, place);
        return;
    case FIELD_RECORD:
        read_record(reader, field->record, json, place);
        return;
    }
    ASSERT(false);
}
