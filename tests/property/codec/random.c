/* Random values: of the wire, of structs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include "base/assert.h"

/* SplitMix64. */
uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

uint32_t random_below(struct random *random, uint32_t below)
{
    return below == 0 ? 0 : (uint32_t)(random_next(random) % below);
}

bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}

int64_t random_long(struct random *random)
{
    switch (random_below(random, 6)) {
    case 0:
        return 0;
    case 1:
        return random_chance(random, 50) ? INT64_MIN : INT64_MAX;
    case 2:
        return 1764000000000 + random_below(random, 1000000000);
    default:
        return (int64_t)random_next(random) >> random_below(random, 64);
    }
}

int32_t random_int(struct random *random)
{
    switch (random_below(random, 6)) {
    case 0:
        return 0;
    case 1:
        return random_chance(random, 50) ? INT32_MIN : INT32_MAX;
    default:
        return (int32_t)random_next(random) >> random_below(random, 32);
    }
}

struct bytes random_text(struct random *random, struct arena *arena, uint32_t size_max)
{
    static const char *const wide[] = {"\xc3\xa9", "\xed\x95\x9c", "\xf0\x9f\x98\x80"};
    const uint32_t size = random_below(random, size_max + 1);
    uint8_t *text = arena_get(arena, size);
    const bool ascii = random_chance(random, 80);
    for (uint32_t at = 0; at < size;) {
        const char *character = wide[random_below(random, COUNT_OF(wide))];
        if (!ascii && random_chance(random, 30) && strlen(character) <= size - at) {
            memcpy(text + at, character, strlen(character));
            at += (uint32_t)strlen(character);
        } else {
            text[at++] = (uint8_t)(' ' + random_below(random, 95));
        }
    }
    return bytes_of(text, size);
}

/* A text of FORMAT_ID. */
static struct bytes random_id(struct random *random, struct arena *arena)
{
    static const char symbols[] = "ABCXYZabcxyz0189._-";
    const uint32_t size = 1 + random_below(random, 64);
    uint8_t *text = arena_get(arena, size);
    for (uint32_t i = 0; i < size; i++) {
        text[i] = (uint8_t)symbols[random_below(random, sizeof(symbols) - 1)];
    }
    return bytes_of(text, size);
}

struct bytes random_bytes(struct random *random, struct arena *arena, uint32_t size)
{
    uint8_t *bytes = arena_get(arena, size);
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)random_next(random);
    }
    return bytes_of(bytes, size);
}

static uint64_t random_set(struct random *random, const struct enum_type *enumeration)
{
    const uint64_t all =
        enumeration->count == 64 ? UINT64_MAX : (UINT64_C(1) << enumeration->count) - 1;
    return random_next(random) & random_next(random) & all;
}

static void random_value(struct random *random, const struct field_type *field, uint32_t list_max,
                         struct arena *arena, uint8_t *record, uint8_t *place);

static void random_list(struct random *random, const struct field_type *field, uint32_t list_max,
                        struct arena *arena, uint8_t *record)
{
    const uint32_t most = field->max < list_max ? field->max : list_max;
    const uint32_t count = random_below(random, most + 1);
    const struct field_type item = {
        .kind = field->item, .format = field->format, .record = field->record};
    memcpy(record + field->count_offset, &count, sizeof(count));
    for (uint32_t i = 0; i < count; i++) {
        random_value(random, &item, list_max, arena, record,
                     record + field->offset + (size_t)i * field->size);
    }
}

/* The value alone; a nullable number's mark follows it. */
static void random_present(struct random *random, const struct field_type *field, uint32_t list_max,
                           struct arena *arena, uint8_t *record, uint8_t *place)
{
    struct bytes bytes = {0};
    switch (field->kind) {
    case FIELD_BOOLEAN:
        memcpy(place, &(bool){random_chance(random, 50)}, sizeof(bool));
        return;
    case FIELD_INT:
        memcpy(place, &(int32_t){random_int(random)}, sizeof(int32_t));
        return;
    case FIELD_LONG:
        memcpy(place, &(int64_t){random_long(random)}, sizeof(int64_t));
        return;
    case FIELD_STRING:
        bytes =
            field->format == FORMAT_ID ? random_id(random, arena) : random_text(random, arena, 70);
        break;
    case FIELD_BYTES:
        bytes = random_bytes(random, arena, random_below(random, 70));
        break;
    case FIELD_FIXED:
        bytes = random_bytes(random, arena, field->size);
        break;
    case FIELD_ENUM:
        memcpy(place, &(uint32_t){random_below(random, field->enumeration->count)},
               sizeof(uint32_t));
        return;
    case FIELD_SET:
        memcpy(place, &(uint64_t){random_set(random, field->enumeration)}, sizeof(uint64_t));
        return;
    case FIELD_LIST:
        random_list(random, field, list_max, arena, record);
        return;
    case FIELD_RECORD:
        random_record(random, field->record, list_max, arena, place);
        return;
    }
    memcpy(place, &bytes, sizeof(bytes));
}

static void random_value(struct random *random, const struct field_type *field, uint32_t list_max,
                         struct arena *arena, uint8_t *record, uint8_t *place)
{
    const bool absent = field->nullable && random_chance(random, 40);
    if (!absent) {
        random_present(random, field, list_max, arena, record, place);
    }
    if (!field->nullable) {
        return;
    }
    size_t set_offset = offsetof(struct optional_int, set);
    if (field->kind == FIELD_STRING || field->kind == FIELD_BYTES || field->kind == FIELD_FIXED) {
        if (absent) {
            memset(place, 0, sizeof(struct bytes));
        }
        return;
    }
    if (field->kind == FIELD_BOOLEAN) {
        set_offset = offsetof(struct optional_boolean, set);
    } else if (field->kind == FIELD_LONG) {
        set_offset = offsetof(struct optional_long, set);
    }
    memcpy(place + set_offset, &(bool){!absent}, sizeof(bool));
}

void random_record(struct random *random, const struct record_type *type, uint32_t list_max,
                   struct arena *arena, void *record_out)
{
    uint8_t *record = record_out;
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        random_value(random, field, list_max, arena, record, record + field->offset);
    }
}

/* Written independently of the codec: byte by byte. */
static void put_number(struct buffer *out, int64_t value)
{
    uint64_t rest = (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
    do {
        const uint8_t byte = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        buffer_append(out, bytes_of(&byte, 1));
        rest >>= 7;
    } while (rest > 0);
}

static void put_bytes(struct buffer *out, struct bytes value)
{
    put_number(out, (int64_t)value.size);
    buffer_append(out, value);
}

/* Up to three items in up to three blocks, some with their size in front. */
static void random_items(struct random *random, const struct avro_type *type, struct buffer *out)
{
    struct arena arena = {0};
    for (uint32_t left = random_below(random, 4); left > 0;) {
        const uint32_t count = 1 + random_below(random, left);
        struct buffer block = {0};
        for (uint32_t i = 0; i < count; i++) {
            if (type->kind == KIND_MAP) {
                put_bytes(&block, random_text(random, &arena, 8));
            }
            random_datum(random, type->item, &block);
        }
        const bool sized = random_chance(random, 40);
        put_number(out, sized ? -(int64_t)count : (int64_t)count);
        if (sized) {
            put_number(out, (int64_t)block.size);
        }
        buffer_append(out, buffer_bytes(&block));
        buffer_release(&block);
        left -= count;
    }
    put_number(out, 0);
    arena_release(&arena);
}

void random_datum(struct random *random, const struct avro_type *type, struct buffer *out)
{
    struct arena arena = {0};
    uint32_t branch = 0;
    switch (type->kind) {
    case KIND_NULL:
        break;
    case KIND_BOOLEAN:
        buffer_append(out, bytes_of(random_chance(random, 50) ? "\1" : "\0", 1));
        break;
    case KIND_INT:
        put_number(out, random_int(random));
        break;
    case KIND_LONG:
        put_number(out, random_long(random));
        break;
    case KIND_FLOAT:
    case KIND_DOUBLE:
        buffer_append(out, random_bytes(random, &arena, type->kind == KIND_FLOAT ? 4 : 8));
        break;
    case KIND_BYTES: /* text, so that a reader with a string can take it */
    case KIND_STRING:
        put_bytes(out, random_text(random, &arena, 70));
        break;
    case KIND_FIXED:
        buffer_append(out, random_bytes(random, &arena, type->size));
        break;
    case KIND_ENUM:
        put_number(out, random_below(random, type->symbols.count));
        break;
    case KIND_RECORD:
        for (uint32_t i = 0; i < type->field_count; i++) {
            random_datum(random, type->fields[i].type, out);
        }
        break;
    case KIND_ARRAY:
    case KIND_MAP:
        random_items(random, type, out);
        break;
    case KIND_UNION:
        branch = random_below(random, type->branch_count);
        put_number(out, branch);
        random_datum(random, type->branches[branch], out);
        break;
    }
    arena_release(&arena);
}
