/* Records to JSON objects, compact, fields in schema order.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/json.h"

#include "base/assert.h"
#include "base/digest.h"
#include "schema/wire.h"

/* Most digits of an int64_t, and its sign. */
#define NUMBER_SIZE_MAX 20

static void write_value(const struct field_type *field, const uint8_t *record, const uint8_t *place,
                        struct buffer *out);

/* Most pieces are short: no call unless the buffer must grow. */
static inline void put(struct buffer *out, struct bytes value)
{
    if (out->capacity - out->size < value.size || value.size == 0) {
        buffer_append(out, value);
        return;
    }
    memcpy(out->data + out->size, value.data, value.size);
    out->size += value.size;
}

static inline void write_text(struct buffer *out, const char *text)
{
    put(out, bytes_text(text));
}

static inline void write_byte(struct buffer *out, char byte)
{
    put(out, bytes_of(&byte, 1));
}

void json_write_record(const struct record_type *type, const void *record, struct buffer *out)
{
    write_byte(out, '{');
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        write_text(out, i == 0 ? "\"" : ",\"");
        write_text(out, field->name); /* a name needs no escape */
        write_text(out, "\":");
        const uint8_t *base = record;
        write_value(field, base, base + field->offset, out);
    }
    write_byte(out, '}');
}

/* The escape of a byte that JSON does not take as it is. */
static void write_escape(struct buffer *out, uint8_t byte)
{
    switch (byte) {
    case '"':
        write_text(out, "\\\"");
        return;
    case '\\':
        write_text(out, "\\\\");
        return;
    case '\n':
        write_text(out, "\\n");
        return;
    case '\r':
        write_text(out, "\\r");
        return;
    case '\t':
        write_text(out, "\\t");
        return;
    default:
        buffer_printf(out, "\\u%04x", byte);
        return;
    }
}

void json_write_string(struct bytes text, struct buffer *out)
{
    write_byte(out, '"');
    size_t plain = 0; /* start of what is not written yet */
    size_t at = 0;
    while (at < text.size) {
        const uint8_t byte = text.data[at];
        const bool plain_ascii = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        const size_t length = plain_ascii ? 1 : wire_utf8_length(text.data + at, text.size - at);
        if (plain_ascii || length > 1) {
            at += length;
            continue;
        }
        put(out, bytes_of(text.data + plain, at - plain));
        if (length == 0) {
            write_text(out, "\xef\xbf\xbd"); /* U+FFFD */
        } else {
            write_escape(out, byte);
        }
        plain = ++at;
    }
    put(out, bytes_of(text.data + plain, at - plain));
    write_byte(out, '"');
}

static void write_number(struct buffer *out, int64_t number)
{
    char digits[NUMBER_SIZE_MAX];
    size_t at = sizeof(digits);
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--at] = '-';
    }
    put(out, bytes_of(digits + at, sizeof(digits) - at));
}

static void write_hex(struct buffer *out, struct bytes value)
{
    uint8_t *text = buffer_reserve(out, 2 * value.size + 2);
    text[0] = '"';
    hex_format(value, (char *)text + 1);
    text[2 * value.size + 1] = '"';
    out->size += 2 * value.size + 2;
}

static void write_symbol(struct buffer *out, const struct enum_type *enumeration, uint32_t value)
{
    ASSERT(value < enumeration->count);
    write_byte(out, '"');
    write_text(out, enumeration->symbols[value]);
    write_byte(out, '"');
}

static void write_set(struct buffer *out, const struct enum_type *enumeration, uint64_t set)
{
    write_byte(out, '[');
    for (bool first = true; set != 0; set &= set - 1, first = false) {
        write_text(out, first ? "" : ",");
        write_symbol(out, enumeration, (uint32_t)__builtin_ctzll(set));
    }
    write_byte(out, ']');
}

static void write_list(const struct field_type *field, const uint8_t *record, const uint8_t *place,
                       struct buffer *out)
{
    uint32_t count = 0;
    memcpy(&count, record + field->count_offset, sizeof(count));
    ASSERT(count <= field->max);
    const struct field_type item = {.kind = field->item, .record = field->record};
    write_byte(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        write_text(out, i == 0 ? "" : ",");
        write_value(&item, record, place + (size_t)i * field->size, out);
    }
    write_byte(out, ']');
}

/* Whether a nullable field holds null. */
static bool is_null(const struct field_type *field, const uint8_t *place)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return !((const struct optional_boolean *)(const void *)place)->set;
    case FIELD_INT:
    case FIELD_ENUM:
        return !((const struct optional_int *)(const void *)place)->set;
    case FIELD_LONG:
        return !((const struct optional_long *)(const void *)place)->set;
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        return ((const struct bytes *)(const void *)place)->data == NULL;
    case FIELD_SET:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return false;
}

static void write_value(const struct field_type *field, const uint8_t *record, const uint8_t *place,
                        struct buffer *out)
{
    if (field->nullable && is_null(field, place)) {
        write_text(out, "null");
        return;
    }
    switch (field->kind) {
    case FIELD_BOOLEAN:
        write_text(out, *(const bool *)place ? "true" : "false");
        return;
    case FIELD_INT:
        write_number(out, *(const int32_t *)(const void *)place);
        return;
    case FIELD_LONG:
        write_number(out, *(const int64_t *)(const void *)place);
        return;
    case FIELD_STRING:
        json_write_string(*(const struct bytes *)(const void *)place, out);
        return;
    case FIELD_BYTES:
    case FIELD_FIXED:
        write_hex(out, *(const struct bytes *)(const void *)place);
        return;
    case FIELD_ENUM:
        write_symbol(out, field->enumeration, *(const uint32_t *)(const void *)place);
        return;
    case FIELD_SET:
        write_set(out, field->enumeration, *(const uint64_t *)(const void *)place);
        return;
    case FIELD_LIST:
        write_list(field, record, place, out);
        return;
    case FIELD_RECORD:
        json_write_record(field->record, place, out);
        return;
    }
    ASSERT(false);
}
