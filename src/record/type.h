/* record: the structs and enums of schemas/, generated; and how a struct describes itself.
 *
 * record.h and record.c are generated from schemas/ and schemas/state/ by generate.py; this header is
 * the only part written by hand. For each <Record>.avsc there is `struct <record>` (snake case), and
 * `extern const struct record_type record_<record>`; for each enum `enum <enum>` with symbols
 * `<ENUM>_<SYMBOL>` in schema order from 0, `<ENUM>_COUNT`, and
 * `extern const struct enum_type enum_<enum>`.
 *
 * How an Avro type lies in the struct:
 *   boolean, int, long          bool, int32_t, int64_t; with null: struct optional_boolean, _int, _long
 *   enum                        enum <enum> (32 bits); with null: struct optional_int
 *   string, bytes, fixed        struct bytes, borrowed from what was decoded; null: data == NULL
 *   array of an enum, "set"     uint64_t, bit = enum value; written in enum order
 *   array, "max": n             uint32_t <name>_count and <name>[n] inside the struct
 *   record                      the struct inside the struct
 *
 * Attributes beyond Avro's, on a field or its array: "max" (most items of an array, most bytes of a
 * string or bytes), "set": true, "format": "id".
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_TYPE_H
#define RECORD_TYPE_H

#include "base/bytes.h"

/* The value comes first, so that a field's offset is that of its value in both forms. */
struct optional_boolean {
    bool value;
    bool set;
};
struct optional_int {
    int32_t value;
    bool set;
};
struct optional_long {
    int64_t value;
    bool set;
};

enum field_kind {
    FIELD_BOOLEAN,
    FIELD_INT,
    FIELD_LONG,
    FIELD_STRING,
    FIELD_BYTES,
    FIELD_FIXED,
    FIELD_ENUM,
    FIELD_SET,
    FIELD_LIST,
    FIELD_RECORD,
};

/* What a string must look like; checked by schema/check.h, not by decoding. */
enum field_format {
    FORMAT_NONE,
    FORMAT_ID, /* 1 to 64 bytes [A-Za-z0-9._-] (domain.md G, Types) */
};

struct enum_type {
    const char *name;
    const char *const *symbols;
    uint32_t count;
    int32_t fallback; /* what an unknown symbol resolves to (the Avro default); -1: none */
};

struct record_type;

struct field_type {
    const char *name;
    enum field_kind kind;
    bool nullable;
    enum field_format format;
    uint32_t offset;                     /* of the value in the struct */
    uint32_t size;                       /* FIXED: bytes; LIST: bytes of one item in the struct */
    uint32_t max;                        /* LIST: most items; STRING, BYTES: most bytes, 0 no own cap */
    uint32_t count_offset;               /* LIST: of the uint32_t count in the struct */
    enum field_kind item;                /* LIST: FIELD_STRING or FIELD_RECORD */
    const struct enum_type *enumeration; /* ENUM, SET */
    const struct record_type *record;    /* RECORD, LIST of records */
};

struct record_type {
    const char *name; /* as in Avro, e.g. "Report" */
    uint32_t size;    /* sizeof the struct */
    uint32_t field_count;
    const struct field_type *fields; /* in schema order */
    const char *schema;              /* the .avsc as text; NULL for a record nested in another */
};

#endif
