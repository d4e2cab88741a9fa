/* Runs a plan over a datum.
 *
 * One loop: every turn either uses up bytes of the datum, goes forward in the list of operations,
 * or counts an item of a list against its cap, so it ends on any input. No allocation and no
 * recursion; lists keep their place in a stack of fixed depth, which the compiler of the plan has
 * seen to be enough.
 *
 * The loop holds its state in local variables, which the compiler keeps in registers; `struct run`
 * holds what only lists and refusals need.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/plan.h"

#include "base/assert.h"
#include "schema/wire.h"

/* A list being read. */
struct frame {
    const struct op *list;
    uint8_t *base;            /* the struct that holds the list */
    const uint8_t *block_end; /* where the block said it ends, NULL if it did not */
    uint64_t left;            /* items of the block still to be read, this one included */
    uint32_t count;           /* items read, this one included */
};

struct run {
    const uint8_t *end;
    const struct op *op; /* the next one, set by operations that jump */
    uint8_t *base;       /* the current struct */
    enum decode_result refusal;
    uint32_t skipped_items;
    uint32_t depth;
    struct frame frames[PLAN_LIST_DEPTH_MAX];
};

static const uint8_t *run_other(const struct plan *plan, struct run *run, const struct op *op,
                                const uint8_t *at);

const char *decode_result_text(enum decode_result result)
{
    static const char *const texts[] = {
        [DECODE_OK] = "decoded",
        [DECODE_UNDECODABLE] = "the bytes are not a datum of their schema",
        [DECODE_UNKNOWN_SCHEMA] = "no single-object prefix of a known schema",
        [DECODE_BAD_FIELD] = "an enum symbol that is not known here and has no default",
        [DECODE_TOO_LARGE] = "more items than allowed",
    };
    ASSERT((size_t)result < COUNT_OF(texts));
    return texts[result];
}

/* Ends the run with another result than DECODE_UNDECODABLE. */
static const uint8_t *refuse(struct run *run, enum decode_result result)
{
    run->refusal = result;
    return NULL;
}

WIRE_INLINE void put_bytes(uint8_t *to, struct bytes value)
{
    memcpy(to, &value, sizeof(value));
}

WIRE_INLINE const uint8_t *read_boolean(const uint8_t *at, const uint8_t *end, uint8_t *to)
{
    if (at >= end || *at > 1) {
        return NULL;
    }
    memcpy(to, &(bool){*at == 1}, sizeof(bool));
    return at + 1;
}

WIRE_INLINE const uint8_t *read_int(const uint8_t *at, const uint8_t *end, int32_t *value_out)
{
    const struct wire_number number = wire_read_number(at, end);
    if (number.value > UINT32_MAX) {
        return NULL;
    }
    *value_out = (int32_t)wire_zigzag(number.value);
    return number.next;
}

WIRE_INLINE const uint8_t *read_string(const uint8_t *at, const uint8_t *end, uint8_t *to)
{
    struct bytes value = {0};
    at = wire_read_bytes(at, end, &value);
    if (at == NULL || !wire_utf8(value.data, value.size)) {
        return NULL;
    }
    put_bytes(to, value);
    return at;
}

/* The index of a symbol or branch below `count`, in zigzag form on the wire. */
WIRE_INLINE const uint8_t *read_index(const uint8_t *at, const uint8_t *end, uint32_t count,
                                      uint32_t *index_out)
{
    if (__builtin_expect(at < end && (*at & 0x81) == 0 && (uint32_t)*at >> 1 < count, 1)) {
        *index_out = (uint32_t)*at >> 1;
        return at + 1;
    }
    const struct wire_number number = wire_read_bytewise(at, end);
    if ((number.value & 1) != 0 || number.value >> 1 >= count) {
        return NULL;
    }
    *index_out = (uint32_t)(number.value >> 1);
    return number.next;
}

/* The branch of a union of two. */
WIRE_INLINE const uint8_t *read_branch(const uint8_t *at, const uint8_t *end, const struct op *op,
                                       bool *null_out)
{
    uint32_t branch = 0;
    at = read_index(at, end, 2, &branch);
    *null_out = branch == op->null_branch;
    return at;
}

WIRE_INLINE const uint8_t *read_enum(const uint8_t *at, const uint8_t *end, const struct op *op,
                                     uint8_t *to)
{
    uint32_t index = 0;
    at = read_index(at, end, op->size, &index);
    memcpy(to, &index, sizeof(index));
    return at;
}

WIRE_INLINE const uint8_t *read_fixed(const uint8_t *at, const uint8_t *end, const struct op *op,
                                      uint8_t *to)
{
    if ((size_t)(end - at) < op->size) {
        return NULL;
    }
    put_bytes(to, bytes_of(at, op->size));
    return at + op->size;
}

WIRE_INLINE const uint8_t *read_optional_string(const uint8_t *at, const uint8_t *end,
                                                const struct op *op, uint8_t *to)
{
    bool null = false;
    at = read_branch(at, end, op, &null);
    if (at == NULL) {
        return NULL;
    }
    if (null) {
        put_bytes(to, (struct bytes){0});
        return at;
    }
    return read_string(at, end, to);
}

/* Runs the operations from run->op until the end of the datum or a refusal (NULL). */
static const uint8_t *run_ops(const struct plan *plan, struct run *run, const uint8_t *at)
{
    const uint8_t *const end = run->end;
    const struct op *op = run->op;
    uint8_t *base = run->base;
    for (; at != NULL; op++) {
        int64_t number = 0;
        switch (op->code) {
        case OP_END:
            return at;
        case OP_BOOLEAN:
            at = read_boolean(at, end, base + op->offset);
            break;
        case OP_INT:
            at = read_int(at, end, (int32_t *)(void *)(base + op->offset));
            break;
        case OP_LONG: {
            const struct wire_number read = wire_read_long(at, end);
            number = wire_zigzag(read.value);
            memcpy(base + op->offset, &number, sizeof(number));
            at = read.next;
            break;
        }
        case OP_STRING:
            at = read_string(at, end, base + op->offset);
            break;
        case OP_FIXED:
            at = read_fixed(at, end, op, base + op->offset);
            break;
        case OP_ENUM:
            at = read_enum(at, end, op, base + op->offset);
            break;
        case OP_OPTIONAL_STRING:
            at = read_optional_string(at, end, op, base + op->offset);
            break;
        default: /* the rarer ones, which may jump */
            run->op = op + 1;
            at = run_other(plan, run, op, at);
            op = run->op - 1;
            base = run->base;
            break;
        }
    }
    return NULL;
}

enum decode_result plan_decode(const struct plan *plan, struct bytes datum, void *record_out)
{
    struct run run WIRE_UNINITIALIZED;
    run.end = datum.data + datum.size;
    run.op = plan->ops;
    run.base = record_out;
    run.refusal = DECODE_UNDECODABLE;
    run.skipped_items = 0;
    run.depth = 0;
    const uint8_t *at = run_ops(plan, &run, datum.data);
    return at == NULL ? run.refusal : at == run.end ? DECODE_OK : DECODE_UNDECODABLE;
}

static const uint8_t *read_long_from_int(const uint8_t *at, const uint8_t *end, uint8_t *to)
{
    int32_t value = 0;
    at = read_int(at, end, &value);
    memcpy(to, &(int64_t){value}, sizeof(int64_t));
    return at;
}

static const uint8_t *read_byte_run(const uint8_t *at, const uint8_t *end, uint8_t *to)
{
    struct bytes value = {0};
    at = wire_read_bytes(at, end, &value);
    put_bytes(to, value);
    return at;
}

static const uint8_t *read_mapped(struct run *run, const struct op *op, const uint8_t *at,
                                  int32_t *value_out)
{
    uint32_t index = 0;
    at = read_index(at, run->end, op->size, &index);
    if (at == NULL) {
        return NULL;
    }
    *value_out = op->values[index];
    return *value_out < 0 ? refuse(run, DECODE_BAD_FIELD) : at;
}

static const uint8_t *read_enum_mapped(struct run *run, const struct op *op, const uint8_t *at)
{
    int32_t value = 0;
    at = read_mapped(run, op, at, &value);
    memcpy(run->base + op->offset, &value, sizeof(value));
    return at;
}

static const uint8_t *read_set_item(struct run *run, const struct op *op, const uint8_t *at,
                                    uint64_t *set)
{
    int32_t value = 0;
    at = read_mapped(run, op, at, &value);
    if (at != NULL) {
        *set |= UINT64_C(1) << value;
    }
    return at;
}

static const uint8_t *add_set_item(struct run *run, const struct op *op, const uint8_t *at)
{
    uint64_t set = 0;
    memcpy(&set, run->base + op->offset, sizeof(set));
    at = read_set_item(run, op, at, &set);
    memcpy(run->base + op->offset, &set, sizeof(set));
    return at;
}

/* The head of a block: how many items follow, 0 for the end of the list; where they end if the
 * writer says so by a negative count. */
static const uint8_t *read_block(const struct run *run, const uint8_t *at, uint64_t *count_out,
                                 const uint8_t **end_out)
{
    const struct wire_number head = wire_read_number(at, run->end);
    const int64_t count = wire_zigzag(head.value);
    *end_out = NULL;
    if (head.next == NULL || count >= 0) {
        *count_out = (uint64_t)count;
        return head.next;
    }
    const struct wire_number size = wire_read_number(head.next, run->end);
    if (size.next == NULL || (size.value & 1) != 0 ||
        size.value >> 1 > (uint64_t)(run->end - size.next)) {
        return NULL;
    }
    *count_out = 0 - (uint64_t)count;
    *end_out = size.next + (size.value >> 1);
    return size.next;
}

static const uint8_t *read_set(struct run *run, const struct op *op, const uint8_t *at)
{
    uint64_t set = 0;
    uint64_t total = 0;
    for (;;) {
        uint64_t count = 0;
        const uint8_t *block_end = NULL;
        at = read_block(run, at, &count, &block_end);
        if (at == NULL || count == 0) {
            break;
        }
        if (count > op->max - total) {
            return refuse(run, DECODE_TOO_LARGE);
        }
        total += count;
        for (; count > 0 && at != NULL; count--) {
            at = read_set_item(run, op, at, &set);
        }
        if (at == NULL || (block_end != NULL && at != block_end)) {
            return NULL;
        }
    }
    memcpy(run->base + op->offset, &set, sizeof(set));
    return at;
}

/* Counts the items of a block against the list's cap. */
static bool block_admit(struct run *run, struct frame *frame)
{
    if (frame->list->code == OP_SKIP_LIST) {
        if (frame->left > PLAN_SKIPPED_ITEMS_MAX - run->skipped_items) {
            return false;
        }
        run->skipped_items += (uint32_t)frame->left;
        return true;
    }
    return frame->left <= frame->list->max - frame->count;
}

/* Makes the next item of the innermost list the current struct. */
static void item_enter(struct run *run, struct frame *frame)
{
    if (frame->list->code == OP_LIST) {
        run->base = frame->base + frame->list->offset + (size_t)frame->count * frame->list->size;
    }
    frame->count++;
}

static void list_leave(const struct plan *plan, struct run *run, const struct frame *frame)
{
    run->base = frame->base;
    if (frame->list->code == OP_LIST) {
        memcpy(run->base + frame->list->value_offset, &frame->count, sizeof(frame->count));
    }
    run->op = plan->ops + frame->list->jump;
    run->depth--;
}

/* Reads the head of the next block and enters its first item, or leaves the list. */
static const uint8_t *block_enter(const struct plan *plan, struct run *run, struct frame *frame,
                                  const uint8_t *at)
{
    at = read_block(run, at, &frame->left, &frame->block_end);
    if (at == NULL) {
        return NULL;
    }
    if (frame->left == 0) {
        list_leave(plan, run, frame);
        return at;
    }
    if (!block_admit(run, frame)) {
        return refuse(run, DECODE_TOO_LARGE);
    }
    item_enter(run, frame);
    return at;
}

static const uint8_t *list_start(const struct plan *plan, struct run *run, const struct op *op,
                                 const uint8_t *at)
{
    ASSERT(run->depth < PLAN_LIST_DEPTH_MAX);
    struct frame *frame = &run->frames[run->depth++];
    frame->list = op;
    frame->base = run->base;
    frame->count = 0;
    return block_enter(plan, run, frame, at);
}

static const uint8_t *list_next(const struct plan *plan, struct run *run, const struct op *op,
                                const uint8_t *at)
{
    struct frame *frame = &run->frames[run->depth - 1];
    run->op = plan->ops + op->jump;
    if (--frame->left > 0) {
        item_enter(run, frame);
        return at;
    }
    if (frame->block_end != NULL && frame->block_end != at) {
        return NULL;
    }
    return block_enter(plan, run, frame, at);
}

static const uint8_t *run_optional(const struct plan *plan, struct run *run, const struct op *op,
                                   const uint8_t *at)
{
    bool null = false;
    at = read_branch(at, run->end, op, &null);
    uint8_t *to = run->base + op->offset;
    if (op->code == OP_OPTIONAL_BYTES) {
        if (null) {
            put_bytes(to, (struct bytes){0});
            run->op = plan->ops + op->jump;
        }
        return at;
    }
    memcpy(to, &(bool){!null}, sizeof(bool));
    if (null) {
        memset(run->base + op->value_offset, 0, op->size);
        run->op = plan->ops + op->jump;
    }
    return at;
}

static const uint8_t *run_union(const struct plan *plan, struct run *run, const struct op *op,
                                const uint8_t *at)
{
    uint32_t branch = 0;
    at = read_index(at, run->end, op->size, &branch);
    if (at != NULL) {
        run->op = plan->ops + op->targets[branch];
    }
    return at;
}

static void store_default(const struct run *run, const struct op *op)
{
    uint8_t *to = run->base + op->offset;
    if (op->code == OP_STORE_BOOLEAN) {
        memcpy(to, &(bool){op->number != 0}, sizeof(bool));
    } else if (op->code == OP_STORE_INT) {
        memcpy(to, &(int32_t){(int32_t)op->number}, sizeof(int32_t));
    } else if (op->code == OP_STORE_LONG) {
        memcpy(to, &op->number, sizeof(op->number));
    } else {
        put_bytes(to, bytes_of(op->data, op->size));
    }
}

/* Reads over a value that the reader does not have. */
static const uint8_t *run_skip(struct run *run, const struct op *op, const uint8_t *at)
{
    uint8_t place[sizeof(struct bytes)];
    int32_t number = 0;
    uint32_t index = 0;
    switch (op->code) {
    case OP_SKIP_BOOLEAN:
        return read_boolean(at, run->end, place);
    case OP_SKIP_INT:
        return read_int(at, run->end, &number);
    case OP_SKIP_LONG:
        return wire_read_number(at, run->end).next;
    case OP_SKIP_STRING:
        return read_string(at, run->end, place);
    case OP_SKIP_BYTES:
        return read_byte_run(at, run->end, place);
    case OP_SKIP_FIXED:
        return read_fixed(at, run->end, op, place);
    case OP_SKIP_ENUM:
        return read_index(at, run->end, op->size, &index);
    default:
        ASSERT(false);
        return NULL;
    }
}

static const uint8_t *run_other(const struct plan *plan, struct run *run, const struct op *op,
                                const uint8_t *at)
{
    switch (op->code) {
    case OP_LONG_FROM_INT:
        return read_long_from_int(at, run->end, run->base + op->offset);
    case OP_BYTES:
        return read_byte_run(at, run->end, run->base + op->offset);
    case OP_ENUM_MAP:
        return read_enum_mapped(run, op, at);
    case OP_SET:
        return read_set(run, op, at);
    case OP_SET_ADD:
        return add_set_item(run, op, at);
    case OP_OPTIONAL:
    case OP_OPTIONAL_BYTES:
        return run_optional(plan, run, op, at);
    case OP_UNION:
        return run_union(plan, run, op, at);
    case OP_JUMP:
        run->op = plan->ops + op->jump;
        return at;
    case OP_REFUSE:
        return NULL;
    case OP_LIST:
    case OP_SKIP_LIST:
        return list_start(plan, run, op, at);
    case OP_LIST_NEXT:
        return list_next(plan, run, op, at);
    case OP_STORE_BOOLEAN:
    case OP_STORE_INT:
    case OP_STORE_LONG:
    case OP_STORE_BYTES:
        store_default(run, op);
        return at;
    default:
        return run_skip(run, op, at);
    }
}
