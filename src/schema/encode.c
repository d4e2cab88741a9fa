/* Compiles a record type into a list of operations on offsets and runs it.
 *
 * Room: every operation writes at most a fixed number of bytes beside the content of strings, and
 * `bound` is the sum over all operations. The run keeps at least `bound` bytes free whenever it
 * starts a pass through the list: at the start, and at each item of a list, where it jumps back.
 * Contents of strings are made room for on top of that. So no other write needs a check.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/encode.h"

#include "base/assert.h"
#include "schema/plan.h"
#include "schema/wire.h"

#include <stdlib.h>

enum write_code {
    WRITE_END,
    WRITE_BOOLEAN,
    WRITE_INT,
    WRITE_LONG,
    WRITE_BYTES, /* string or bytes */
    WRITE_FIXED,
    WRITE_ENUM,
    WRITE_SET,
    WRITE_OPTIONAL,       /* the branch by a bool; null: jump */
    WRITE_OPTIONAL_BYTES, /* string or bytes or null */
    WRITE_OPTIONAL_FIXED,
    WRITE_LIST, /* the count, then item after item; empty: jump */
    WRITE_LIST_NEXT,
};

struct encoder {
    struct op *ops; /* code: enum write_code */
    size_t bound;
};

/* A list being written. */
struct frame {
    const struct op *list;
    const uint8_t *base;
    uint32_t left;
    uint32_t index;
};

struct run {
    const struct encoder *encoder;
    struct buffer *out;
    const struct op *op;
    const uint8_t *base;
    uint32_t depth;
    struct frame frames[PLAN_LIST_DEPTH_MAX];
};

static enum status compile_record(struct compiler *compiler, const struct record_type *record,
                                  const struct avro_type *type, uint32_t offset);
static uint8_t *run_other(struct run *run, const struct op *op, uint8_t *at);
static size_t op_bound(const struct op *op);

enum status encoder_new(const struct record_type *type, struct encoder **encoder_out,
                        struct error *error)
{
    struct avro_schema schema = {0};
    struct compiler compiler = {.error = error};
    enum status status = reader_load(type, &schema, error);
    if (status == STATUS_OK) {
        status = compile_record(&compiler, type, schema.type, 0);
    }
    if (status == STATUS_OK) {
        status = compiler_add(&compiler, (struct op){.code = WRITE_END});
    }
    avro_release(&schema);
    if (status != STATUS_OK) {
        compiler_release(&compiler);
        return status;
    }
    struct encoder *encoder = memory_get(sizeof(*encoder));
    *encoder = (struct encoder){.ops = compiler.ops};
    for (uint32_t i = 0; i < compiler.count; i++) {
        encoder->bound += op_bound(&encoder->ops[i]);
    }
    *encoder_out = encoder;
    return STATUS_OK;
}

void encoder_free(struct encoder *encoder)
{
    if (encoder != NULL) {
        free(encoder->ops);
        free(encoder);
    }
}

/* Makes sure that `size` bytes and a whole pass fit behind `at`; returns where `at` is then. */
WIRE_INLINE uint8_t *room(const struct run *run, uint8_t *at, size_t size)
{
    struct buffer *out = run->out;
    const size_t used = (size_t)(at - out->data);
    if (__builtin_expect(out->capacity - used >= size + run->encoder->bound, 1)) {
        return at;
    }
    out->size = used;
    return buffer_reserve(out, size + run->encoder->bound);
}

/* A short copy without a call. */
WIRE_INLINE void copy(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size > 32) {
        memcpy(to, from, size);
    } else if (size >= 16) {
        memcpy(to, from, 16);
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else {
        for (size_t i = 0; i < size; i++) {
            to[i] = from[i];
        }
    }
}

WIRE_INLINE struct bytes get_bytes(const uint8_t *from)
{
    struct bytes value;
    memcpy(&value, from, sizeof(value));
    return value;
}

WIRE_INLINE uint8_t *write_bytes(const struct run *run, uint8_t *at, struct bytes value)
{
    ASSERT(value.data != NULL);
    at = room(run, at, value.size);
    at = wire_write_number(at, (uint64_t)value.size << 1);
    copy(at, value.data, value.size);
    return at + value.size;
}

WIRE_INLINE uint8_t *write_optional_bytes(const struct run *run, uint8_t *at, const struct op *op,
                                          struct bytes value)
{
    if (value.data == NULL) {
        *at = (uint8_t)(op->null_branch << 1);
        return at + 1;
    }
    *at = (uint8_t)((1 - op->null_branch) << 1);
    return write_bytes(run, at + 1, value);
}

WIRE_INLINE uint8_t *write_enum(uint8_t *at, const struct op *op, const uint8_t *from)
{
    uint32_t value = 0;
    memcpy(&value, from, sizeof(value));
    ASSERT(value < op->size);
    return wire_write_number(at, (uint64_t)value << 1);
}

static uint8_t *run_ops(struct run *run, uint8_t *at)
{
    const struct op *op = run->op;
    const uint8_t *base = run->base;
    for (;; op++) {
        int32_t number = 0;
        int64_t long_number = 0;
        switch (op->code) {
        case WRITE_END:
            return at;
        case WRITE_INT:
            memcpy(&number, base + op->offset, sizeof(number));
            at = wire_write_number(at, wire_unzigzag(number));
            break;
        case WRITE_LONG:
            memcpy(&long_number, base + op->offset, sizeof(long_number));
            at = wire_write_long(at, wire_unzigzag(long_number));
            break;
        case WRITE_BYTES:
            at = write_bytes(run, at, get_bytes(base + op->offset));
            break;
        case WRITE_ENUM:
            at = write_enum(at, op, base + op->offset);
            break;
        case WRITE_OPTIONAL_BYTES:
            at = write_optional_bytes(run, at, op, get_bytes(base + op->offset));
            break;
        default: /* the rarer ones, which may jump */
            run->op = op + 1;
            at = run_other(run, op, at);
            op = run->op - 1;
            base = run->base;
            break;
        }
    }
}

void encoder_run(const struct encoder *encoder, struct bytes prefix, const void *record,
                 struct buffer *out)
{
    struct run run WIRE_UNINITIALIZED;
    run.encoder = encoder;
    run.out = out;
    run.op = encoder->ops;
    run.base = record;
    run.depth = 0;
    uint8_t *at = buffer_reserve(out, prefix.size + encoder->bound);
    copy(at, prefix.data, prefix.size);
    at = run_ops(&run, at + prefix.size);
    out->size = (size_t)(at - out->data);
}

static uint8_t *write_fixed(const struct run *run, const struct op *op, uint8_t *at)
{
    const struct bytes value = get_bytes(run->base + op->offset);
    if (op->code == WRITE_OPTIONAL_FIXED) {
        const bool null = value.data == NULL;
        *at++ = (uint8_t)((null ? op->null_branch : 1 - op->null_branch) << 1);
        if (null) {
            return at;
        }
    }
    ASSERT(value.data != NULL && value.size == op->size);
    copy(at, value.data, value.size);
    return at + value.size;
}

static uint8_t *write_set(const struct run *run, const struct op *op, uint8_t *at)
{
    uint64_t set = 0;
    memcpy(&set, run->base + op->offset, sizeof(set));
    ASSERT(op->size == 64 || set >> op->size == 0);
    if (set != 0) {
        const uint32_t count = (uint32_t)__builtin_popcountll(set);
        ASSERT(count <= op->max);
        at = wire_write_number(at, (uint64_t)count << 1);
        for (; set != 0; set &= set - 1) {
            at = wire_write_number(at, (uint64_t)__builtin_ctzll(set) << 1);
        }
    }
    *at = 0;
    return at + 1;
}

/* The bool at `offset` says which branch; null goes on behind the value. */
static uint8_t *write_branch(struct run *run, const struct op *op, uint8_t *at)
{
    bool set = false;
    memcpy(&set, run->base + op->offset, sizeof(set));
    *at = (uint8_t)((set ? 1 - op->null_branch : op->null_branch) << 1);
    if (!set) {
        run->op = run->encoder->ops + op->jump;
    }
    return at + 1;
}

static uint8_t *list_start(struct run *run, const struct op *op, uint8_t *at)
{
    uint32_t count = 0;
    memcpy(&count, run->base + op->value_offset, sizeof(count));
    ASSERT(count <= op->max);
    if (count == 0) {
        *at = 0;
        run->op = run->encoder->ops + op->jump;
        return at + 1;
    }
    ASSERT(run->depth < PLAN_LIST_DEPTH_MAX);
    run->frames[run->depth++] = (struct frame){.list = op, .base = run->base, .left = count};
    run->base += op->offset;
    return wire_write_number(at, (uint64_t)count << 1);
}

static uint8_t *list_next(struct run *run, const struct op *op, uint8_t *at)
{
    struct frame *frame = &run->frames[run->depth - 1];
    if (--frame->left > 0) {
        run->base += frame->list->size;
        run->op = run->encoder->ops + op->jump;
        return room(run, at, 0);
    }
    run->base = frame->base;
    run->depth--;
    *at = 0;
    return at + 1;
}

static uint8_t *run_other(struct run *run, const struct op *op, uint8_t *at)
{
    bool value = false;
    switch (op->code) {
    case WRITE_BOOLEAN:
        memcpy(&value, run->base + op->offset, sizeof(value));
        *at = value ? 1 : 0;
        return at + 1;
    case WRITE_FIXED:
    case WRITE_OPTIONAL_FIXED:
        return write_fixed(run, op, at);
    case WRITE_SET:
        return write_set(run, op, at);
    case WRITE_OPTIONAL:
        return write_branch(run, op, at);
    case WRITE_LIST:
        return list_start(run, op, at);
    case WRITE_LIST_NEXT:
        return list_next(run, op, at);
    default:
        ASSERT(false);
        return at;
    }
}

/* Most bytes that one operation writes beside the content of strings. */
static size_t op_bound(const struct op *op)
{
    switch ((enum write_code)op->code) {
    case WRITE_END:
        return 0;
    case WRITE_BOOLEAN:
    case WRITE_OPTIONAL:
    case WRITE_LIST_NEXT:
        return 1;
    case WRITE_INT:
    case WRITE_LONG:
    case WRITE_ENUM:
    case WRITE_LIST:
        return WIRE_NUMBER_SIZE;
    case WRITE_BYTES:
    case WRITE_OPTIONAL_BYTES:
        return 1 + WIRE_NUMBER_SIZE;
    case WRITE_FIXED:
    case WRITE_OPTIONAL_FIXED:
        return 1 + op->size;
    case WRITE_SET:
        return (size_t)(2 + op->size) * WIRE_NUMBER_SIZE;
    }
    ASSERT(false);
    return 0;
}

static enum status compile_list(struct compiler *compiler, const struct field_type *field,
                                const struct avro_type *type, uint32_t offset)
{
    if (compiler->list_depth == PLAN_LIST_DEPTH_MAX) {
        return error_set(compiler->error, STATUS_FATAL, "lists are nested deeper than %d",
                         PLAN_LIST_DEPTH_MAX);
    }
    compiler->list_depth++;
    const uint32_t start = compiler->count;
    TRY(compiler_add(compiler,
                     (struct op){.code = WRITE_LIST,
                                 .offset = offset,
                                 .size = field->size,
                                 .max = field->max,
                                 .value_offset = offset - field->offset + field->count_offset}));
    if (field->item == FIELD_RECORD) {
        TRY(compile_record(compiler, field->record, type->item, 0));
    } else {
        TRY(compiler_add(compiler, (struct op){.code = WRITE_BYTES}));
    }
    TRY(compiler_add(compiler, (struct op){.code = WRITE_LIST_NEXT, .jump = start + 1}));
    compiler->ops[start].jump = compiler->count;
    compiler->list_depth--;
    return STATUS_OK;
}

/* The one operation of a simple kind. */
static struct op simple_op(const struct field_type *field, uint32_t offset)
{
    static const uint16_t codes[] = {
        [FIELD_BOOLEAN] = WRITE_BOOLEAN, [FIELD_INT] = WRITE_INT,     [FIELD_LONG] = WRITE_LONG,
        [FIELD_STRING] = WRITE_BYTES,    [FIELD_BYTES] = WRITE_BYTES, [FIELD_FIXED] = WRITE_FIXED,
        [FIELD_ENUM] = WRITE_ENUM,       [FIELD_SET] = WRITE_SET,
    };
    ASSERT(field->kind < COUNT_OF(codes));
    struct op op = {.code = codes[field->kind], .offset = offset, .size = field->size};
    if (field->kind == FIELD_ENUM || field->kind == FIELD_SET) {
        op.size = field->enumeration->count;
        op.max = field->max != 0 ? field->max : field->enumeration->count;
    }
    return op;
}

static enum status compile_field(struct compiler *compiler, const struct field_type *field,
                                 const struct avro_type *type, uint32_t offset)
{
    if (field->kind == FIELD_RECORD) {
        return compile_record(compiler, field->record, type, offset);
    }
    if (field->kind == FIELD_LIST) {
        return compile_list(compiler, field, type, offset);
    }
    struct op op = simple_op(field, offset);
    if (!field->nullable) {
        return compiler_add(compiler, op);
    }
    const uint16_t null_branch = type->branches[0]->kind == KIND_NULL ? 0 : 1;
    if (op.code == WRITE_BYTES || op.code == WRITE_FIXED) {
        op.code = op.code == WRITE_BYTES ? WRITE_OPTIONAL_BYTES : WRITE_OPTIONAL_FIXED;
        op.null_branch = null_branch;
        return compiler_add(compiler, op);
    }
    const struct op branch = {.code = WRITE_OPTIONAL,
                              .null_branch = null_branch,
                              .offset = reader_set_offset(field, offset),
                              .jump = compiler->count + 2};
    TRY(compiler_add(compiler, branch));
    return compiler_add(compiler, op);
}

static enum status compile_record(struct compiler *compiler, const struct record_type *record,
                                  const struct avro_type *type, uint32_t offset)
{
    for (uint32_t i = 0; i < record->field_count; i++) {
        const struct field_type *field = &record->fields[i];
        TRY(compile_field(compiler, field, type->fields[i].type, offset + field->offset));
    }
    return STATUS_OK;
}
