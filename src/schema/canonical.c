/* Parsing Canonical Form and CRC-64-AVRO, as in the Avro specification.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/avro.h"

#include "base/assert.h"

#include <stdlib.h>

/* The Rabin polynomial, which is also the fingerprint of nothing. */
#define CRC_EMPTY UINT64_C(0xc15d213aa4d7a795)

struct writer {
    struct buffer *out;
    bool *defined; /* by number: this named type has been written in full */
};

static void write_type(struct writer *writer, const struct avro_type *type);

void avro_canonical(const struct avro_schema *schema, struct buffer *out)
{
    struct writer writer = {.out = out, .defined = memory_get(schema->named_count)};
    memset(writer.defined, 0, schema->named_count);
    write_type(&writer, schema->type);
    free(writer.defined);
}

uint64_t avro_crc64(struct bytes value)
{
    uint64_t crc = CRC_EMPTY;
    for (size_t i = 0; i < value.size; i++) {
        /* Bit by bit: schemas are read at start only, so a table would buy nothing. */
        uint64_t row = (crc ^ value.data[i]) & 0xff;
        for (int bit = 0; bit < 8; bit++) {
            row = row >> 1 ^ (CRC_EMPTY & -(row & 1));
        }
        crc = crc >> 8 ^ row;
    }
    return crc;
}

uint64_t avro_fingerprint(const struct avro_schema *schema)
{
    struct buffer text = {0};
    avro_canonical(schema, &text);
    const uint64_t fingerprint = avro_crc64(buffer_bytes(&text));
    buffer_release(&text);
    return fingerprint;
}

static void write_text(struct writer *writer, const char *text)
{
    buffer_append(writer->out, bytes_text(text));
}

/* Names and symbols consist of letters that need no escape. */
static void write_quoted(struct writer *writer, const char *text)
{
    write_text(writer, "\"");
    write_text(writer, text);
    write_text(writer, "\"");
}

static void write_fields(struct writer *writer, const struct avro_type *type)
{
    write_text(writer, ",\"type\":\"record\",\"fields\":[");
    for (uint32_t i = 0; i < type->field_count; i++) {
        write_text(writer, i == 0 ? "{\"name\":" : ",{\"name\":");
        write_quoted(writer, type->fields[i].name);
        write_text(writer, ",\"type\":");
        write_type(writer, type->fields[i].type);
        write_text(writer, "}");
    }
    write_text(writer, "]");
}

static void write_symbols(struct writer *writer, const struct avro_type *type)
{
    write_text(writer, ",\"type\":\"enum\",\"symbols\":[");
    for (uint32_t i = 0; i < type->symbols.count; i++) {
        write_text(writer, i == 0 ? "" : ",");
        write_quoted(writer, type->symbols.items[i]);
    }
    write_text(writer, "]");
}

/* A named type in full where it first appears, by its name from then on. */
static void write_named(struct writer *writer, const struct avro_type *type)
{
    if (writer->defined[type->number]) {
        write_quoted(writer, type->name);
        return;
    }
    writer->defined[type->number] = true;
    write_text(writer, "{\"name\":");
    write_quoted(writer, type->name);
    if (type->kind == KIND_RECORD) {
        write_fields(writer, type);
    } else if (type->kind == KIND_ENUM) {
        write_symbols(writer, type);
    } else {
        buffer_printf(writer->out, ",\"type\":\"fixed\",\"size\":%u", type->size);
    }
    write_text(writer, "}");
}

static void write_union(struct writer *writer, const struct avro_type *type)
{
    write_text(writer, "[");
    for (uint32_t i = 0; i < type->branch_count; i++) {
        write_text(writer, i == 0 ? "" : ",");
        write_type(writer, type->branches[i]);
    }
    write_text(writer, "]");
}

static void write_type(struct writer *writer, const struct avro_type *type)
{
    switch (type->kind) {
    case KIND_NULL:
    case KIND_BOOLEAN:
    case KIND_INT:
    case KIND_LONG:
    case KIND_FLOAT:
    case KIND_DOUBLE:
    case KIND_BYTES:
    case KIND_STRING:
        write_quoted(writer, avro_kind_name(type->kind));
        return;
    case KIND_RECORD:
    case KIND_ENUM:
    case KIND_FIXED:
        write_named(writer, type);
        return;
    case KIND_ARRAY:
    case KIND_MAP:
        write_text(writer, type->kind == KIND_ARRAY ? "{\"type\":\"array\",\"items\":"
                                                    : "{\"type\":\"map\",\"values\":");
        write_type(writer, type->item);
        write_text(writer, "}");
        return;
    case KIND_UNION:
        write_union(writer, type);
        return;
    }
    ASSERT(false);
}
