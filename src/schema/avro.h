/* A schema of the Avro specification as a tree, read from its JSON text.
 *
 * Keeps what resolution needs: names, aliases, defaults, enum defaults; drops doc, order,
 * logicalType and unknown attributes. A tree is valid when it exists: names are well-formed and
 * unique, references are resolved, unions hold no union and no kind twice. A named type is one node
 * however often it is referred to; a type that contains itself is refused, so walking a tree ends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_AVRO_H
#define SCHEMA_AVRO_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

struct json_t;

/* Caps on what a schema from outside may ask for. */
#define AVRO_TEXT_SIZE_MAX ((size_t)1024 * 1024)
#define AVRO_DEPTH_MAX 32
#define AVRO_FIELD_COUNT_MAX 1024
#define AVRO_SYMBOL_COUNT_MAX 4096
#define AVRO_BRANCH_COUNT_MAX 256
#define AVRO_FIXED_SIZE_MAX 65536

enum avro_kind {
    KIND_NULL,
    KIND_BOOLEAN,
    KIND_INT,
    KIND_LONG,
    KIND_FLOAT,
    KIND_DOUBLE,
    KIND_BYTES,
    KIND_STRING,
    KIND_RECORD,
    KIND_ENUM,
    KIND_FIXED,
    KIND_ARRAY,
    KIND_MAP,
    KIND_UNION,
};

struct avro_names {
    const char **items;
    uint32_t count;
};

struct avro_type {
    enum avro_kind kind;
    uint32_t number;           /* named types: their order of appearance, from 0 */
    const char *name;          /* named types: with namespace */
    struct avro_names aliases; /* named types: with namespace */
    uint32_t size;             /* FIXED: bytes */
    int32_t fallback;          /* ENUM: the symbol of its default, -1 none */
    struct avro_names symbols; /* ENUM */
    struct avro_field *fields; /* RECORD */
    uint32_t field_count;
    const struct avro_type **branches; /* UNION */
    uint32_t branch_count;
    const struct avro_type *item; /* ARRAY, MAP: of an item, of a value */
};

struct avro_field {
    const char *name;
    const struct avro_type *type;
    const struct json_t *fallback; /* the default, NULL if it has none */
    struct avro_names aliases;
};

/* Zero-initialise. Owns the tree and the JSON that the defaults point into. */
struct avro_schema {
    struct arena arena;
    struct json_t *json;
    const struct avro_type *type;
    uint32_t named_count;
};

/* STATUS_FATAL with the place of the first fault. Release in any case. */
MUST_CHECK enum status avro_parse(struct bytes text, struct avro_schema *schema,
                                  struct error *error);
void avro_release(struct avro_schema *schema);

/* The word of the specification: "int", "record". */
const char *avro_kind_name(enum avro_kind kind);
/* The name without its namespace. */
const char *avro_short_name(const char *name);
bool avro_names_have(const struct avro_names *names, const char *name);

/* Appends the Parsing Canonical Form, the text that identifies a schema. */
void avro_canonical(const struct avro_schema *schema, struct buffer *out);
/* CRC-64-AVRO of any bytes; of the canonical form it is the fingerprint of a schema. */
uint64_t avro_crc64(struct bytes value);
uint64_t avro_fingerprint(const struct avro_schema *schema);

#endif
