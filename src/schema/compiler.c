/* The list of operations while it grows, and the defaults of fields that a writer lacks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/plan.h"

#include "base/assert.h"
#include "schema/wire.h"

#include <jansson.h>
#include <stdlib.h>

static enum status store_value(struct compiler *compiler, const struct target *target,
                               const struct json_t *value);

enum status compiler_step(struct compiler *compiler)
{
    if (compiler->steps == PLAN_OP_COUNT_MAX) {
        return error_set(compiler->error, STATUS_FATAL, "schema is too large to compile");
    }
    compiler->steps++;
    return STATUS_OK;
}

enum status compiler_add(struct compiler *compiler, struct op op)
{
    TRY(compiler_step(compiler));
    if (compiler->count == compiler->capacity) {
        compiler->capacity = compiler->capacity == 0 ? 64 : compiler->capacity * 2;
        compiler->ops = memory_resize(compiler->ops, compiler->capacity * sizeof(*compiler->ops));
    }
    compiler->ops[compiler->count++] = op;
    return STATUS_OK;
}

void compiler_release(struct compiler *compiler)
{
    free(compiler->ops);
    compiler->ops = NULL;
}

enum status compiler_add_null(struct compiler *compiler, const struct field_type *field,
                              uint32_t offset)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        TRY(compiler_add(compiler, (struct op){.code = OP_STORE_BOOLEAN, .offset = offset}));
        break;
    case FIELD_INT:
    case FIELD_ENUM:
        TRY(compiler_add(compiler, (struct op){.code = OP_STORE_INT, .offset = offset}));
        break;
    case FIELD_LONG:
        TRY(compiler_add(compiler, (struct op){.code = OP_STORE_LONG, .offset = offset}));
        break;
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        return compiler_add(compiler, (struct op){.code = OP_STORE_BYTES, .offset = offset});
    case FIELD_SET:
    case FIELD_LIST:
    case FIELD_RECORD:
        ASSERT(false);
    }
    return compiler_add(compiler, (struct op){.code = OP_STORE_BOOLEAN,
                                              .offset = reader_set_offset(field, offset)});
}

enum status compiler_add_set(struct compiler *compiler, const struct field_type *field,
                             uint32_t offset)
{
    if (field->kind == FIELD_STRING || field->kind == FIELD_BYTES || field->kind == FIELD_FIXED) {
        return STATUS_OK;
    }
    return compiler_add(compiler, (struct op){.code = OP_STORE_BOOLEAN,
                                              .offset = reader_set_offset(field, offset),
                                              .number = 1});
}

enum status default_compile(struct compiler *compiler, const struct target *target,
                            const struct json_t *value)
{
    const struct field_type *field = target->field;
    if (!field->nullable) {
        return store_value(compiler, target, value);
    }
    /* The default of a union is one of its first branch. */
    const bool null_first = target->type->branches[0]->kind == KIND_NULL;
    if (null_first != json_is_null(value)) {
        return error_set(compiler->error, STATUS_FATAL,
                         "the default of '%s' does not fit the first type of its union",
                         field->name);
    }
    if (null_first) {
        return compiler_add_null(compiler, field, target->offset);
    }
    TRY(store_value(compiler, target, value));
    return compiler_add_set(compiler, field, target->offset);
}

static enum status unfit(struct compiler *compiler, const struct target *target)
{
    return error_set(compiler->error, STATUS_FATAL, "the default of '%s' does not fit its type",
                     target->field->name);
}

bool latin_bytes(struct arena *arena, const struct json_t *value, struct bytes *bytes_out)
{
    const uint8_t *text = (const uint8_t *)json_string_value(value);
    const size_t size = json_string_length(value);
    uint8_t *bytes = arena_get(arena, size);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < 0x80) {
            bytes[count++] = text[i];
        } else if ((text[i] & 0xfc) == 0xc0) { /* jansson gives well-formed UTF-8 only */
            bytes[count++] = (uint8_t)((text[i] & 3) << 6 | (text[i + 1] & 0x3f));
            i++;
        } else {
            return false;
        }
    }
    *bytes_out = bytes_of(bytes, count);
    return true;
}

static enum status store_bytes(struct compiler *compiler, const struct target *target,
                               const struct json_t *value)
{
    struct bytes bytes = {0};
    if (!json_is_string(value)) {
        return unfit(compiler, target);
    }
    if (target->field->kind == FIELD_STRING) {
        bytes = arena_copy(compiler->tables,
                           bytes_of(json_string_value(value), json_string_length(value)));
    } else if (!latin_bytes(compiler->tables, value, &bytes)) {
        return unfit(compiler, target);
    }
    if ((target->field->kind == FIELD_FIXED && bytes.size != target->field->size) ||
        bytes.size > UINT32_MAX) {
        return unfit(compiler, target);
    }
    return compiler_add(compiler, (struct op){.code = OP_STORE_BYTES,
                                              .offset = target->offset,
                                              .size = (uint32_t)bytes.size,
                                              .data = bytes.data});
}

static enum status store_number(struct compiler *compiler, const struct target *target,
                                const struct json_t *value)
{
    const bool is_int = target->field->kind == FIELD_INT;
    const long long number = json_integer_value(value);
    if (!json_is_integer(value) || (is_int && (number < INT32_MIN || number > INT32_MAX))) {
        return unfit(compiler, target);
    }
    return compiler_add(compiler, (struct op){.code = is_int ? OP_STORE_INT : OP_STORE_LONG,
                                              .offset = target->offset,
                                              .number = number});
}

/* The value of a symbol, -1 if it is none. */
static int32_t symbol_find(const struct enum_type *enumeration, const struct json_t *value)
{
    const char *symbol = json_string_value(value);
    for (uint32_t i = 0; symbol != NULL && i < enumeration->count; i++) {
        if (strcmp(enumeration->symbols[i], symbol) == 0) {
            return (int32_t)i;
        }
    }
    return -1;
}

static enum status store_enum(struct compiler *compiler, const struct target *target,
                              const struct json_t *value)
{
    const int32_t number = symbol_find(target->field->enumeration, value);
    if (number < 0) {
        return unfit(compiler, target);
    }
    return compiler_add(
        compiler, (struct op){.code = OP_STORE_INT, .offset = target->offset, .number = number});
}

static enum status store_set(struct compiler *compiler, const struct target *target,
                             const struct json_t *value)
{
    uint64_t set = 0;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const int32_t number = symbol_find(target->field->enumeration, json_array_get(value, i));
        if (number < 0) {
            return unfit(compiler, target);
        }
        set |= UINT64_C(1) << number;
    }
    return compiler_add(
        compiler,
        (struct op){.code = OP_STORE_LONG, .offset = target->offset, .number = (int64_t)set});
}

static enum status store_record(struct compiler *compiler, const struct target *target,
                                const struct json_t *value)
{
    const struct record_type *record = target->field->record;
    if (!json_is_object(value)) {
        return unfit(compiler, target);
    }
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct avro_field *schema = &target->type->fields[i];
        const struct json_t *given = json_object_get(value, schema->name);
        const struct json_t *chosen = given != NULL ? given : schema->fallback;
        if (chosen == NULL) {
            return unfit(compiler, target);
        }
        const struct field_type *field = &record->fields[i];
        const struct target part = {field, target->offset + field->offset, schema->type, false};
        TRY(default_compile(compiler, &part, chosen));
    }
    return STATUS_OK;
}

static enum status store_list(struct compiler *compiler, const struct target *target,
                              const struct json_t *value)
{
    const struct field_type *field = target->field;
    const size_t count = json_array_size(value);
    if (count > field->max) {
        return unfit(compiler, target);
    }
    const struct field_type item = {
        .name = field->name, .kind = field->item, .record = field->record};
    const uint32_t count_offset = target->offset - field->offset + field->count_offset;
    TRY(compiler_add(
        compiler,
        (struct op){.code = OP_STORE_INT, .offset = count_offset, .number = (int64_t)count}));
    for (uint32_t i = 0; i < count; i++) {
        const struct target part = {&item, target->offset + i * field->size, target->type->item,
                                    false};
        TRY(store_value(compiler, &part, json_array_get(value, i)));
    }
    return STATUS_OK;
}

/* `value` as the type without null. */
static enum status store_value(struct compiler *compiler, const struct target *target,
                               const struct json_t *value)
{
    switch (target->field->kind) {
    case FIELD_BOOLEAN:
        return !json_is_boolean(value)
                   ? unfit(compiler, target)
                   : compiler_add(compiler, (struct op){.code = OP_STORE_BOOLEAN,
                                                        .offset = target->offset,
                                                        .number = json_is_true(value)});
    case FIELD_INT:
    case FIELD_LONG:
        return store_number(compiler, target, value);
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        return store_bytes(compiler, target, value);
    case FIELD_ENUM:
        return store_enum(compiler, target, value);
    case FIELD_SET:
        return json_is_array(value) ? store_set(compiler, target, value) : unfit(compiler, target);
    case FIELD_LIST:
        return json_is_array(value) ? store_list(compiler, target, value) : unfit(compiler, target);
    case FIELD_RECORD:
        return store_record(compiler, target, value);
    }
    ASSERT(false);
    return STATUS_FATAL;
}
