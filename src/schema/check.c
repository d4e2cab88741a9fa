/* Formats and caps of strings, field by field.
 *
 * An id is 1 to 64 bytes of [A-Za-z0-9._-]. Sixteen bytes are tested at once, since this runs for every
 * string of every record: the last sixteen overlap what was tested before.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/check.h"

#include "base/assert.h"

#define ID_SIZE_MAX 64

/* Sixteen bytes, compared lane by lane; a lane of a comparison is 0 or 0xff. */
typedef uint8_t lanes __attribute__((vector_size(16)));

static const struct field_type *check_list(const struct field_type *field, const uint8_t *record);

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
    return field->format == FORMAT_NONE || check_id(value);
}

const struct field_type *check_record(const struct record_type *type, const void *record)
{
    const uint8_t *base = record;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        const struct field_type *bad = NULL;
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
        } else if (field->format == FORMAT_ID && !check_id(value)) {
            bad = field; /* its max is of items: only the format bounds a string */
        }
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}

static bool lanes_valid(lanes text)
{
    const lanes folded = text | 0x20;
    const lanes letter = (lanes)((folded - 'a') <= 'z' - 'a');
    const lanes digit = (lanes)((text - '0') <= 9);
    const lanes sign = (lanes)((text - '-') <= 1) | (lanes)(text == '_'); /* '-' and '.' */
    const lanes all = letter | digit | sign;
    uint64_t halves[2];
    memcpy(halves, &all, sizeof(halves));
    return (halves[0] & halves[1]) == UINT64_MAX;
}

static lanes load(const uint8_t *low, const uint8_t *high)
{
    lanes text;
    memcpy(&text, low, 8);
    memcpy((uint8_t *)&text + 8, high, 8);
    return text;
}

bool check_id(struct bytes value)
{
    const size_t size = value.size;
    if (size == 0 || size > ID_SIZE_MAX) {
        return false;
    }
    if (size >= 16) {
        for (size_t i = 0; i + 16 < size; i += 16) {
            if (!lanes_valid(load(value.data + i, value.data + i + 8))) {
                return false;
            }
        }
        return lanes_valid(load(value.data + size - 16, value.data + size - 8));
    }
    if (size >= 8) {
        return lanes_valid(load(value.data, value.data + size - 8));
    }
    uint8_t padded[8];
    memset(padded, '0', sizeof(padded));
    for (size_t i = 0; i < size; i++) {
        padded[i] = value.data[i];
    }
    return lanes_valid(load(padded, padded));
}
