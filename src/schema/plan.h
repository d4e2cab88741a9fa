/* What a plan is inside: operations on struct offsets, run by decode.c, and their compiler.
 *
 * An operation reads one thing from the datum and puts it at `offset` of the current struct (the
 * record, or the list item being read), then the next one follows; only unions, optional values and
 * lists jump.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_PLAN_H
#define SCHEMA_PLAN_H

#include "base/arena.h"
#include "schema/avro.h"
#include "schema/codec.h"

/* Lists inside lists, maps and skipped ones included: deeper schemas are refused when compiled. */
#define PLAN_LIST_DEPTH_MAX 8
#define PLAN_OP_COUNT_MAX 65536
/* Items of skipped arrays and maps in one datum: items may take no byte, so the datum does not
 * bound them. */
#define PLAN_SKIPPED_ITEMS_MAX 65536

enum op_code {
    OP_END,             /* of the datum */
    OP_BOOLEAN,         /* bool */
    OP_INT,             /* int32_t */
    OP_LONG,            /* int64_t */
    OP_LONG_FROM_INT,   /* int64_t, written as int */
    OP_STRING,          /* struct bytes, UTF-8 */
    OP_BYTES,           /* struct bytes */
    OP_FIXED,           /* struct bytes of `size` */
    OP_ENUM,            /* the written index, below `size` */
    OP_ENUM_MAP,        /* `values` of the written index, below `size` */
    OP_SET,             /* a whole array of enums: bits, each by `values`; at most `max` items */
    OP_OPTIONAL_STRING, /* a union of null (branch `null_branch`) and string */
    OP_OPTIONAL, /* bool at `offset`: not null; if null the value of `size` bytes is 0; `jump` */
    OP_OPTIONAL_BYTES, /* if null the struct bytes is NULL and `jump` */
    OP_UNION,          /* jump to `targets` of the branch, below `size` */
    OP_JUMP,           /* end of a branch: go on at `jump` */
    OP_REFUSE,         /* a branch that the reader cannot take */
    OP_SET_ADD,        /* one item of a set: bit by `values` */
    OP_LIST,          /* array or map: item structs of `size` bytes, at most `max`; empty: `jump` */
    OP_LIST_NEXT,     /* end of an item: next one, or go on behind */
    OP_STORE_BOOLEAN, /* what the writer lacks: `number` as bool */
    OP_STORE_INT,
    OP_STORE_LONG,
    OP_STORE_BYTES, /* `data` of `size` bytes */
    OP_SKIP_BOOLEAN,
    OP_SKIP_INT,
    OP_SKIP_LONG,
    OP_SKIP_STRING,
    OP_SKIP_BYTES,
    OP_SKIP_FIXED,
    OP_SKIP_ENUM, /* index below `size` */
    OP_SKIP_LIST, /* as OP_LIST without a place */
};

struct op {
    uint16_t code;        /* enum op_code */
    uint16_t null_branch; /* OPTIONAL: 0 or 1 */
    uint32_t offset;
    uint32_t size;
    uint32_t max;
    uint32_t value_offset; /* LIST: of the uint32_t count; OPTIONAL: of the value */
    uint32_t jump;
    union {
        const int32_t *values;   /* ENUM_MAP, SET, SET_ADD: reader's value, -1 no such symbol */
        const uint32_t *targets; /* UNION */
        const uint8_t *data;     /* STORE_BYTES */
        int64_t number;          /* STORE_* */
    };
};
_Static_assert(sizeof(struct op) == 32, "two operations a cache line");

struct plan {
    struct op *ops;
    size_t op_count;
    const struct record_type *reader;
    uint64_t fingerprint; /* of the writer schema */
    struct arena tables;  /* what the operations point to */
};

/* A growing list of operations. */
struct compiler {
    struct op *ops;
    uint32_t count;
    uint32_t capacity;
    uint32_t list_depth;
    uint32_t steps; /* types looked at and operations added, those rolled back included: bounds the
                       time */
    struct arena *tables;
    struct error *error;
};

/* Appends an operation. STATUS_FATAL: the schema asks for more than PLAN_OP_COUNT_MAX steps. */
MUST_CHECK enum status compiler_add(struct compiler *compiler, struct op op);
MUST_CHECK enum status compiler_step(struct compiler *compiler);
void compiler_release(struct compiler *compiler);
/* Stores null in a nullable field. */
MUST_CHECK enum status compiler_add_null(struct compiler *compiler, const struct field_type *field,
                                         uint32_t offset);
/* Marks a nullable field that holds a value; nothing to do where the value itself says so. */
MUST_CHECK enum status compiler_add_set(struct compiler *compiler, const struct field_type *field,
                                        uint32_t offset);

/* What a value of the reader looks like in the struct: a field, or the item of a list. */
struct target {
    const struct field_type *field;
    uint32_t offset;              /* of the value in the current struct */
    const struct avro_type *type; /* the reader's schema of it, a nullable one's union included */
    bool set_item;                /* one enum of the set that the field is */
};

/* Parses the reader's schema; it agrees with its struct table field by field and its defaults are
 * well. Release `schema` in any case. */
MUST_CHECK enum status reader_load(const struct record_type *reader, struct avro_schema *schema,
                                   struct error *error);
/* The offset of the bool that says whether a number, boolean or enum is there. */
uint32_t reader_set_offset(const struct field_type *field, uint32_t offset);
/* The type of a nullable field without null, any other one as it is. */
const struct avro_type *reader_value_type(const struct avro_type *type);

/* Appends the operations that store a default; `value` is in the JSON form of defaults. */
MUST_CHECK enum status default_compile(struct compiler *compiler, const struct target *target,
                                       const struct json_t *value);
/* The bytes of a default: JSON writes them as characters 0 to 255; false if one is above. */
bool latin_bytes(struct arena *arena, const struct json_t *value, struct bytes *bytes_out);

#endif
