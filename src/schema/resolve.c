/* Schema resolution: (writer schema, reader) to a list of operations.
 *
 * Follows the Avro specification. What can be known is decided here: a pair that does not resolve
 * is refused. What depends on the datum (a union branch or a symbol that the reader cannot take)
 * becomes an operation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/plan.h"

#include "base/assert.h"

#include <stdlib.h>

/* Items of a set without a max of its own: a writer may know more symbols than we do. */
#define SET_ITEMS_MAX 64

static enum status compile_value(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target);
static enum status compile_union(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target);
static enum status compile_plain(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target);

static enum status plan_compile(struct plan *plan, const struct avro_schema *writer,
                                const struct avro_schema *reader, struct error *error)
{
    struct compiler compiler = {.tables = &plan->tables, .error = error};
    const struct field_type whole = {
        .name = plan->reader->name, .kind = FIELD_RECORD, .record = plan->reader};
    const struct target target = {&whole, 0, reader->type, false};
    enum status status = compile_value(&compiler, writer->type, &target);
    if (status == STATUS_OK) {
        status = compiler_add(&compiler, (struct op){.code = OP_END});
    }
    plan->ops = compiler.ops;
    return status;
}

enum status plan_new(struct bytes writer_schema, const struct record_type *reader,
                     struct plan **plan_out, struct error *error)
{
    struct avro_schema ours = {0};
    struct avro_schema theirs = {0};
    struct plan *plan = memory_get(sizeof(*plan));
    *plan = (struct plan){.reader = reader};
    enum status status = reader_load(reader, &ours, error);
    if (status == STATUS_OK) {
        status = avro_parse(writer_schema, &theirs, error);
    }
    if (status == STATUS_OK) {
        struct error reason = {0};
        status = plan_compile(plan, &theirs, &ours, &reason);
        if (status != STATUS_OK) {
            (void)error_set(error, status, "record '%s' cannot be read: %s", reader->name,
                            reason.text);
        }
    }
    if (status == STATUS_OK) {
        plan->fingerprint = avro_fingerprint(&theirs);
        *plan_out = plan;
        plan = NULL;
    }
    plan_free(plan);
    avro_release(&ours);
    avro_release(&theirs);
    return status;
}

void plan_free(struct plan *plan)
{
    if (plan != NULL) {
        free(plan->ops);
        arena_release(&plan->tables);
        free(plan);
    }
}

uint64_t plan_fingerprint(const struct plan *plan)
{
    return plan->fingerprint;
}

const struct record_type *plan_reader(const struct plan *plan)
{
    return plan->reader;
}

static enum status mismatch(struct compiler *compiler, const struct avro_type *writer,
                            const struct target *target)
{
    return error_set(compiler->error, STATUS_FATAL, "'%s' is written as %s%s%s, which does not fit",
                     target->field->name, avro_kind_name(writer->kind),
                     writer->name == NULL ? "" : " ", writer->name == NULL ? "" : writer->name);
}

/* The same unqualified name, or an alias of the reader. */
static bool names_match(const struct avro_type *writer, const struct avro_type *reader)
{
    return strcmp(avro_short_name(writer->name), avro_short_name(reader->name)) == 0 ||
           avro_names_have(&reader->aliases, writer->name);
}

static uint32_t field_find(const struct avro_type *writer, const char *name)
{
    uint32_t i = 0;
    while (i < writer->field_count && strcmp(writer->fields[i].name, name) != 0) {
        i++;
    }
    return i;
}

#define NO_FIELD UINT32_MAX

/* Which field of the reader takes each one of the writer: by its name, else by the first alias that
 * the writer has and no name has claimed. */
static void fields_match(const struct avro_type *writer, const struct avro_type *reader,
                         uint32_t *takers)
{
    for (uint32_t i = 0; i < writer->field_count; i++) {
        takers[i] = NO_FIELD;
    }
    for (uint32_t i = 0; i < reader->field_count; i++) {
        const uint32_t found = field_find(writer, reader->fields[i].name);
        if (found < writer->field_count) {
            takers[found] = i;
        }
    }
    for (uint32_t i = 0; i < reader->field_count; i++) {
        const struct avro_field *field = &reader->fields[i];
        bool taken = field_find(writer, field->name) < writer->field_count;
        for (uint32_t alias = 0; !taken && alias < field->aliases.count; alias++) {
            const uint32_t found = field_find(writer, field->aliases.items[alias]);
            if (found < writer->field_count && takers[found] == NO_FIELD) {
                takers[found] = i;
                taken = true;
            }
        }
    }
}

static struct target field_target(const struct target *record, uint32_t index)
{
    const struct field_type *field = &record->field->record->fields[index];
    return (struct target){field, record->offset + field->offset, record->type->fields[index].type,
                           false};
}

/* The reader's fields that no writer's field fills. */
static enum status compile_missing(struct compiler *compiler, const struct target *target,
                                   const uint32_t *takers, uint32_t taker_count)
{
    for (uint32_t i = 0; i < target->type->field_count; i++) {
        bool filled = false;
        for (uint32_t taker = 0; taker < taker_count; taker++) {
            filled = filled || takers[taker] == i;
        }
        const struct avro_field *field = &target->type->fields[i];
        if (filled) {
            continue;
        }
        if (field->fallback == NULL) {
            return error_set(compiler->error, STATUS_FATAL,
                             "the writer has no field '%s' and it has no default", field->name);
        }
        const struct target part = field_target(target, i);
        TRY(default_compile(compiler, &part, field->fallback));
    }
    return STATUS_OK;
}

static enum status compile_record(struct compiler *compiler, const struct avro_type *writer,
                                  const struct target *target)
{
    if (writer->kind != KIND_RECORD || !names_match(writer, target->type)) {
        return mismatch(compiler, writer, target);
    }
    uint32_t *takers = memory_get(writer->field_count * sizeof(*takers));
    fields_match(writer, target->type, takers);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < writer->field_count; i++) {
        struct target part = {0};
        if (takers[i] != NO_FIELD) {
            part = field_target(target, takers[i]);
        }
        status =
            compile_value(compiler, writer->fields[i].type, takers[i] == NO_FIELD ? NULL : &part);
    }
    if (status == STATUS_OK) {
        status = compile_missing(compiler, target, takers, writer->field_count);
    }
    free(takers);
    return status;
}

/* The reader's value of each symbol of the writer, -1 for none. `same_out`: they are the same
 * numbers. */
static const int32_t *symbol_values(struct compiler *compiler, const struct avro_type *writer,
                                    const struct enum_type *reader, bool *same_out)
{
    const uint32_t count = writer->symbols.count;
    int32_t *values = arena_get(compiler->tables, count * sizeof(*values));
    *same_out = true;
    for (uint32_t i = 0; i < count; i++) {
        values[i] = reader->fallback;
        for (uint32_t symbol = 0; symbol < reader->count; symbol++) {
            if (strcmp(writer->symbols.items[i], reader->symbols[symbol]) == 0) {
                values[i] = (int32_t)symbol;
                break;
            }
        }
        *same_out = *same_out && values[i] == (int32_t)i;
    }
    return values;
}

static enum status compile_enum(struct compiler *compiler, const struct avro_type *writer,
                                const struct target *target)
{
    if (writer->kind != KIND_ENUM || !names_match(writer, reader_value_type(target->type))) {
        return mismatch(compiler, writer, target);
    }
    bool same = false;
    struct op op = {.offset = target->offset, .size = writer->symbols.count};
    op.values = symbol_values(compiler, writer, target->field->enumeration, &same);
    op.code = target->set_item ? OP_SET_ADD : same ? OP_ENUM : OP_ENUM_MAP;
    return compiler_add(compiler, op);
}

/* An array or map: `head`, then the operations of an item until OP_LIST_NEXT. */
static enum status compile_items(struct compiler *compiler, const struct avro_type *writer,
                                 struct op head, const struct target *item)
{
    if (compiler->list_depth == PLAN_LIST_DEPTH_MAX) {
        return error_set(compiler->error, STATUS_FATAL, "arrays are nested deeper than %d",
                         PLAN_LIST_DEPTH_MAX);
    }
    compiler->list_depth++;
    const uint32_t start = compiler->count;
    TRY(compiler_add(compiler, head));
    if (writer->kind == KIND_MAP) {
        TRY(compiler_add(compiler, (struct op){.code = OP_SKIP_STRING}));
    }
    TRY(compile_value(compiler, writer->item, item));
    TRY(compiler_add(compiler, (struct op){.code = OP_LIST_NEXT, .jump = start + 1}));
    compiler->ops[start].jump = compiler->count;
    compiler->list_depth--;
    return STATUS_OK;
}

static enum status compile_set(struct compiler *compiler, const struct avro_type *writer,
                               const struct target *target)
{
    if (writer->kind != KIND_ARRAY) {
        return mismatch(compiler, writer, target);
    }
    const struct field_type *field = target->field;
    if (writer->item->kind == KIND_ENUM && names_match(writer->item, target->type->item)) {
        const uint32_t count = writer->item->symbols.count;
        const uint32_t max = count > SET_ITEMS_MAX ? count : SET_ITEMS_MAX;
        bool same = false;
        struct op op = {.code = OP_SET, .offset = target->offset, .size = count};
        op.max = field->max != 0 ? field->max : max;
        op.values = symbol_values(compiler, writer->item, field->enumeration, &same);
        return compiler_add(compiler, op);
    }
    /* Items of another kind: a union with the enum in it resolves, all else is refused inside. */
    const struct target item = {field, target->offset, target->type->item, true};
    TRY(compiler_add(compiler, (struct op){.code = OP_STORE_LONG, .offset = target->offset}));
    return compile_items(compiler, writer, (struct op){.code = OP_SKIP_LIST}, &item);
}

static enum status compile_list(struct compiler *compiler, const struct avro_type *writer,
                                const struct target *target)
{
    if (writer->kind != KIND_ARRAY) {
        return mismatch(compiler, writer, target);
    }
    const struct field_type *field = target->field;
    const struct field_type item_field = {
        .name = field->name, .kind = field->item, .record = field->record};
    const struct target item = {&item_field, 0, target->type->item, false};
    const struct op head = {.code = OP_LIST,
                            .offset = target->offset,
                            .size = field->size,
                            .max = field->max,
                            .value_offset = target->offset - field->offset + field->count_offset};
    return compile_items(compiler, writer, head, &item);
}

/* A value that the reader has no field for: read over, and as well-formed as any other. */
static enum status compile_skip(struct compiler *compiler, const struct avro_type *writer)
{
    static const uint16_t codes[] = {
        [KIND_BOOLEAN] = OP_SKIP_BOOLEAN, [KIND_INT] = OP_SKIP_INT,
        [KIND_LONG] = OP_SKIP_LONG,       [KIND_FLOAT] = OP_SKIP_FIXED,
        [KIND_DOUBLE] = OP_SKIP_FIXED,    [KIND_BYTES] = OP_SKIP_BYTES,
        [KIND_STRING] = OP_SKIP_STRING,   [KIND_FIXED] = OP_SKIP_FIXED,
        [KIND_ENUM] = OP_SKIP_ENUM,
    };
    struct op op = {0};
    switch (writer->kind) {
    case KIND_NULL:
        return STATUS_OK;
    case KIND_BOOLEAN:
    case KIND_INT:
    case KIND_LONG:
    case KIND_BYTES:
    case KIND_STRING:
        break;
    case KIND_FLOAT:
    case KIND_DOUBLE:
        op.size = writer->kind == KIND_FLOAT ? 4 : 8;
        break;
    case KIND_FIXED:
        op.size = writer->size;
        break;
    case KIND_ENUM:
        op.size = writer->symbols.count;
        break;
    case KIND_RECORD:
        for (uint32_t i = 0; i < writer->field_count; i++) {
            TRY(compile_value(compiler, writer->fields[i].type, NULL));
        }
        return STATUS_OK;
    case KIND_ARRAY:
    case KIND_MAP:
        return compile_items(compiler, writer, (struct op){.code = OP_SKIP_LIST}, NULL);
    case KIND_UNION:
        return compile_union(compiler, writer, NULL);
    }
    op.code = codes[writer->kind];
    return compiler_add(compiler, op);
}

/* A branch of a union, or OP_REFUSE if the reader cannot take it. */
static enum status compile_branch(struct compiler *compiler, const struct avro_type *branch,
                                  const struct target *target, bool *fits_out)
{
    const uint32_t mark = compiler->count;
    const uint32_t list_depth = compiler->list_depth;
    if (compile_value(compiler, branch, target) == STATUS_OK) {
        *fits_out = true;
        return STATUS_OK;
    }
    compiler->count = mark;
    compiler->list_depth = list_depth;
    *fits_out = false;
    return compiler_add(compiler, (struct op){.code = OP_REFUSE});
}

static enum status compile_union(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target)
{
    const uint32_t count = writer->branch_count;
    uint32_t *targets = arena_get(compiler->tables, count * sizeof(*targets));
    uint32_t *exits = arena_get(compiler->tables, count * sizeof(*exits));
    TRY(compiler_add(compiler, (struct op){.code = OP_UNION, .size = count, .targets = targets}));
    bool any = target == NULL;
    for (uint32_t i = 0; i < count; i++) {
        bool fits = false;
        targets[i] = compiler->count;
        TRY(compile_branch(compiler, writer->branches[i], target, &fits));
        /* That null fits says nothing about the values. */
        any = any || (fits && (writer->branches[i]->kind != KIND_NULL || count == 1));
        exits[i] = compiler->count;
        TRY(compiler_add(compiler, (struct op){.code = OP_JUMP}));
    }
    for (uint32_t i = 0; i < count; i++) {
        compiler->ops[exits[i]].jump = compiler->count;
    }
    return any ? STATUS_OK : mismatch(compiler, writer, target);
}

/* The usual case, null and one more type on both sides, without a jump for the value. */
static enum status compile_optional(struct compiler *compiler, const struct avro_type *writer,
                                    const struct target *target)
{
    const uint16_t null_branch = writer->branches[0]->kind == KIND_NULL ? 0 : 1;
    const struct avro_type *value = writer->branches[1 - null_branch];
    const struct field_type *field = target->field;
    struct op op = {
        .code = OP_OPTIONAL_BYTES, .null_branch = null_branch, .offset = target->offset};
    if (field->kind == FIELD_STRING && (value->kind == KIND_STRING || value->kind == KIND_BYTES)) {
        op.code = OP_OPTIONAL_STRING;
        return compiler_add(compiler, op);
    }
    if (field->kind != FIELD_STRING && field->kind != FIELD_BYTES && field->kind != FIELD_FIXED) {
        op.code = OP_OPTIONAL;
        op.size = field->kind == FIELD_BOOLEAN ? 1 : field->kind == FIELD_LONG ? 8 : 4;
        op.value_offset = target->offset;
        op.offset = reader_set_offset(field, target->offset);
    }
    const uint32_t start = compiler->count;
    TRY(compiler_add(compiler, op));
    TRY(compile_plain(compiler, value, target));
    compiler->ops[start].jump = compiler->count;
    return STATUS_OK;
}

static enum status compile_value(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target)
{
    TRY(compiler_step(compiler));
    if (target == NULL) {
        return compile_skip(compiler, writer);
    }
    const struct field_type *field = target->field;
    if (writer->kind == KIND_UNION) {
        const bool optional =
            field->nullable && writer->branch_count == 2 &&
            (writer->branches[0]->kind == KIND_NULL) != (writer->branches[1]->kind == KIND_NULL);
        return optional ? compile_optional(compiler, writer, target)
                        : compile_union(compiler, writer, target);
    }
    if (!field->nullable) {
        return compile_plain(compiler, writer, target);
    }
    if (writer->kind == KIND_NULL) {
        return compiler_add_null(compiler, field, target->offset);
    }
    TRY(compile_plain(compiler, writer, target));
    return compiler_add_set(compiler, field, target->offset);
}

static enum status compile_fixed(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target)
{
    if (writer->kind != KIND_FIXED || writer->size != target->field->size ||
        !names_match(writer, reader_value_type(target->type))) {
        return mismatch(compiler, writer, target);
    }
    return compiler_add(
        compiler, (struct op){.code = OP_FIXED, .offset = target->offset, .size = writer->size});
}

/* Kinds that one operation reads, if the writer's is `fits` or its alternative. */
static enum status compile_simple(struct compiler *compiler, const struct avro_type *writer,
                                  const struct target *target)
{
    const struct {
        bool fits;
        uint16_t code;
    } choices[] = {
        [FIELD_BOOLEAN] = {writer->kind == KIND_BOOLEAN, OP_BOOLEAN},
        [FIELD_INT] = {writer->kind == KIND_INT, OP_INT},
        [FIELD_LONG] = {writer->kind == KIND_LONG || writer->kind == KIND_INT,
                        writer->kind == KIND_INT ? OP_LONG_FROM_INT : OP_LONG},
        [FIELD_STRING] = {writer->kind == KIND_STRING || writer->kind == KIND_BYTES, OP_STRING},
        [FIELD_BYTES] = {writer->kind == KIND_STRING || writer->kind == KIND_BYTES,
                         writer->kind == KIND_STRING ? OP_STRING : OP_BYTES},
    };
    ASSERT(target->field->kind < COUNT_OF(choices));
    if (!choices[target->field->kind].fits) {
        return mismatch(compiler, writer, target);
    }
    return compiler_add(
        compiler, (struct op){.code = choices[target->field->kind].code, .offset = target->offset});
}

/* The value itself: neither side is a union here. */
static enum status compile_plain(struct compiler *compiler, const struct avro_type *writer,
                                 const struct target *target)
{
    switch (target->field->kind) {
    case FIELD_BOOLEAN:
    case FIELD_INT:
    case FIELD_LONG:
    case FIELD_STRING:
    case FIELD_BYTES:
        return compile_simple(compiler, writer, target);
    case FIELD_FIXED:
        return compile_fixed(compiler, writer, target);
    case FIELD_ENUM:
        return compile_enum(compiler, writer, target);
    case FIELD_SET:
        return target->set_item ? compile_enum(compiler, writer, target)
                                : compile_set(compiler, writer, target);
    case FIELD_LIST:
        return compile_list(compiler, writer, target);
    case FIELD_RECORD:
        return compile_record(compiler, writer, target);
    }
    ASSERT(false);
    return STATUS_FATAL;
}
