/* The reader's side: its schema text against its struct table.
 *
 * Both are generated from one .avsc, so a difference is a fault of the build; it is refused when
 * the program starts, not met when a record is read.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/plan.h"

#include "base/assert.h"

/* Bits of the word that a set is. */
#define SET_SYMBOL_COUNT_MAX 64

static enum status check_record(const struct record_type *reader, const struct avro_type *type,
                                struct error *error);

enum status reader_load(const struct record_type *reader, struct avro_schema *schema,
                        struct error *error)
{
    ASSERT(reader->schema != NULL);
    struct error reason = {0};
    enum status status = avro_parse(bytes_text(reader->schema), schema, &reason);
    if (status == STATUS_OK && (schema->type->kind != KIND_RECORD ||
                                strcmp(avro_short_name(schema->type->name), reader->name) != 0)) {
        return error_set(error, STATUS_FATAL, "the schema of '%s' is not a record of that name",
                         reader->name);
    }
    if (status == STATUS_OK) {
        status = check_record(reader, schema->type, &reason);
    }
    if (status != STATUS_OK) {
        return error_set(error, STATUS_FATAL, "record '%s': %s", reader->name, reason.text);
    }
    return STATUS_OK;
}

const struct avro_type *reader_value_type(const struct avro_type *type)
{
    if (type->kind != KIND_UNION) {
        return type;
    }
    return type->branches[type->branches[0]->kind == KIND_NULL ? 1 : 0];
}

uint32_t reader_set_offset(const struct field_type *field, uint32_t offset)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return offset + (uint32_t)offsetof(struct optional_boolean, set);
    case FIELD_INT:
    case FIELD_ENUM:
        return offset + (uint32_t)offsetof(struct optional_int, set);
    case FIELD_LONG:
        return offset + (uint32_t)offsetof(struct optional_long, set);
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
    case FIELD_SET:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    ASSERT(false);
    return 0;
}

static bool enum_matches(const struct enum_type *table, const struct avro_type *type)
{
    if (type->kind != KIND_ENUM || table->count != type->symbols.count ||
        table->fallback != type->fallback) {
        return false;
    }
    for (uint32_t i = 0; i < table->count; i++) {
        if (strcmp(table->symbols[i], type->symbols.items[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool list_matches(const struct field_type *field, const struct avro_type *type)
{
    if (type->kind != KIND_ARRAY || field->max == 0) {
        return false;
    }
    return field->item == FIELD_RECORD
               ? type->item->kind == KIND_RECORD
               : field->item == FIELD_STRING && type->item->kind == KIND_STRING;
}

/* The kinds alone; records are followed by the caller. */
static bool kind_matches(const struct field_type *field, const struct avro_type *type)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return type->kind == KIND_BOOLEAN;
    case FIELD_INT:
        return type->kind == KIND_INT;
    case FIELD_LONG:
        return type->kind == KIND_LONG;
    case FIELD_STRING:
        return type->kind == KIND_STRING;
    case FIELD_BYTES:
        return type->kind == KIND_BYTES;
    case FIELD_FIXED:
        return type->kind == KIND_FIXED && type->size == field->size;
    case FIELD_ENUM:
        return enum_matches(field->enumeration, type);
    case FIELD_SET:
        return type->kind == KIND_ARRAY && enum_matches(field->enumeration, type->item) &&
               field->enumeration->count <= SET_SYMBOL_COUNT_MAX;
    case FIELD_LIST:
        return list_matches(field, type);
    case FIELD_RECORD:
        return type->kind == KIND_RECORD;
    }
    return false;
}

/* A nullable field is a union of null and one more, and of a kind that the struct has a null for.
 */
static bool nullable_matches(const struct field_type *field, const struct avro_type *type)
{
    if (!field->nullable) {
        return type->kind != KIND_UNION;
    }
    const bool possible =
        field->kind != FIELD_SET && field->kind != FIELD_LIST && field->kind != FIELD_RECORD;
    return possible && type->kind == KIND_UNION && type->branch_count == 2 &&
           (type->branches[0]->kind == KIND_NULL) != (type->branches[1]->kind == KIND_NULL);
}

static enum status check_default(const struct field_type *field, const struct avro_field *schema,
                                 struct error *error)
{
    if (schema->fallback == NULL) {
        return STATUS_OK;
    }
    struct arena tables = {0};
    struct compiler compiler = {.tables = &tables, .error = error};
    const struct target target = {field, field->offset, schema->type, false};
    const enum status status = default_compile(&compiler, &target, schema->fallback);
    compiler_release(&compiler);
    arena_release(&tables);
    return status;
}

static enum status check_field(const struct field_type *field, const struct avro_field *schema,
                               struct error *error)
{
    const struct avro_type *type = schema->type;
    if (strcmp(field->name, schema->name) != 0 || !nullable_matches(field, type) ||
        !kind_matches(field, reader_value_type(type))) {
        return error_set(error, STATUS_FATAL, "its struct table disagrees with its schema at '%s'",
                         schema->name);
    }
    if (field->kind == FIELD_RECORD) {
        TRY(check_record(field->record, type, error));
    } else if (field->kind == FIELD_LIST && field->item == FIELD_RECORD) {
        TRY(check_record(field->record, type->item, error));
    }
    return check_default(field, schema, error);
}

static enum status check_record(const struct record_type *reader, const struct avro_type *type,
                                struct error *error)
{
    if (reader->field_count != type->field_count) {
        return error_set(error, STATUS_FATAL,
                         "the struct table of '%s' has %u fields and its schema %u", reader->name,
                         reader->field_count, type->field_count);
    }
    for (uint32_t i = 0; i < reader->field_count; i++) {
        TRY(check_field(&reader->fields[i], &type->fields[i], error));
    }
    return STATUS_OK;
}
