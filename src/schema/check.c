/* Formats and caps of strings, field by field.
 *
 * An id is 1 to 64 bytes of [A-Za-z0-9._-]. Sixteen bytes are tested at once, since this runs for
 * every string of every record: the last sixteen overlap what was tested before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/check.h"

#include "base/assert.h"

#define ID_SIZE_MAX 64

/* Sixteen bytes, compared lane by lane; a lane of a comparison is 0 or 0xff. */
typedef uint8_t lanes __attribute__((vector_size(16)));
typedef uint64_t halves __attribute__((vector_size(16)));

static const struct field_type *check_list(const struct field_type *field, const uint8_t *record);

/* Zero in all lanes that hold a character of an id. */
static inline lanes lanes_bad(lanes text)
{
    const lanes folded = text | 0x20;
    const lanes letter = (lanes)((folded - 'a') <= 'z' - 'a');
    const lanes digit = (lanes)((text - '0') <= 9);
    const lanes sign = (lanes)((text - '-') <= 1) | (lanes)(text == '_'); /* '-' and '.' */
    return ~(letter | digit | sign);
}

static inline bool lanes_none(lanes bad)
{
    const halves both = (halves)bad;
    return (both[0] | both[1]) == 0;
}

static inline uint64_t load_8(const uint8_t *from)
{
    uint64_t value = 0;
    memcpy(&value, from, sizeof(value));
    return value;
}

/* Through registers: two small stores and one wide load would wait for each other. */
static inline lanes join(uint64_t low, uint64_t high)
{
    return (lanes)(halves){low, high};
}

static inline lanes load(const uint8_t *from)
{
    lanes text;
    memcpy(&text, from, sizeof(text));
    return text;
}

/* Fewer than eight bytes, filled up with a valid one. */
static inline uint64_t load_short(struct bytes value)
{
    uint64_t filled = 0;
    for (size_t i = 0; i < 8; i++) {
        filled = filled << 8 | (i < value.size ? value.data[i] : '0');
    }
    return filled;
}

static inline bool id_valid(struct bytes value)
{
    const size_t size = value.size;
    if (size == 0 || size > ID_SIZE_MAX) {
        return false;
    }
    if (size >= 16) {
        lanes bad = lanes_bad(load(value.data + size - 16));
        for (size_t i = 0; i + 16 < size; i += 16) {
            bad |= lanes_bad(load(value.data + i));
        }
        return lanes_none(bad);
    }
    if (size >= 8) {
        return lanes_none(lanes_bad(join(load_8(value.data), load_8(value.data + size - 8))));
    }
    const uint64_t filled = load_short(value);
    return lanes_none(lanes_bad(join(filled, filled)));
}

bool check_id(struct bytes value)
{
    return id_valid(value);
}

/* Absent values have no format. */
static bool text_valid(const struct field_type *field, const uint8_t *place)
{
    struct bytes value;
    memcpy(&value, place, sizeof(value));
    if (value.data == NULL) {
        return true;
    }
    if (field->max != 0 && value.size > field->max) {
        return false;
    }
    return field->format == FORMAT_NONE || id_valid(value);
}

const struct field_type *check_record(const struct record_type *type, const void *record)
{
    const uint8_t *base = record;
    const struct field_type *const end = type->fields + type->field_count;
    for (const struct field_type *field = type->fields; field < end; field++) {
        const struct field_type *bad = NULL;
        if ((field->format | field->max) == 0 && field->kind != FIELD_RECORD) {
            continue; /* most fields: nothing to look at */
        }
        switch (field->kind) {
        case FIELD_BOOLEAN:
        case FIELD_INT:
        case FIELD_LONG:
        case FIELD_FIXED:
        case FIELD_ENUM:
        case FIELD_SET:
            continue;
        case FIELD_STRING:
        case FIELD_BYTES:
            bad = text_valid(field, base + field->offset) ? NULL : field;
            break;
        case FIELD_LIST:
            bad = check_list(field, base);
            break;
        case FIELD_RECORD:
            bad = check_record(field->record, base + field->offset);
            break;
        }
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}

static const struct field_type *check_list(const struct field_type *field, const uint8_t *record)
{
    uint32_t count = 0;
    memcpy(&count, record + field->count_offset, sizeof(count));
    ASSERT(count <= field->max);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *item = record + field->offset + (size_t)i * field->size;
        struct bytes value;
        memcpy(&value, item, sizeof(value));
        const struct field_type *bad = NULL;
        if (field->item == FIELD_RECORD) {
            bad = check_record(field->record, item);
        } else if (field->format == FORMAT_ID && !id_valid(value)) {
            bad = field; /* its max is of items: only the format bounds a string */
        }
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}
