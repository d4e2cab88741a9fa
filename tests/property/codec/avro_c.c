/* The codec against avro-c, with what avro-c gets right.
 *
 * Every record type: random records encode to the same bytes, avro-c's bytes decode to the same
 * record, and its JSON reads back as the same bytes. Schema pairs: added and reordered fields, int
 * for long, a value for a union; avro-c has no defaults and aliases and mistakes reordered symbols,
 * so these are left to the comparison with fastavro.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "random.h"
#include "record/record.h"
#include "schema/check.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <avro.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEED = 20261124, RECORDS = 60, PAIRS = 25, DATA = 4, LIST_MAX = 6 };

static void fill_record(const struct record_type *type, const uint8_t *record, avro_value_t *out);

#define MUST(call) assert_int_equal(call, 0)

static const void *at(const uint8_t *place)
{
    return place;
}

static bool is_null(const struct field_type *field, const uint8_t *place)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return !((const struct optional_boolean *)at(place))->set;
    case FIELD_INT:
    case FIELD_ENUM:
        return !((const struct optional_int *)at(place))->set;
    case FIELD_LONG:
        return !((const struct optional_long *)at(place))->set;
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
    case FIELD_SET:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
    return ((const struct bytes *)at(place))->data == NULL;
}

static void fill_bytes(const struct field_type *field, struct bytes bytes, avro_value_t *out)
{
    if (field->kind == FIELD_FIXED) {
        MUST(avro_value_set_fixed(out, (void *)(uintptr_t)bytes.data, bytes.size));
    } else if (field->kind == FIELD_BYTES) {
        MUST(avro_value_set_bytes(out, (void *)(uintptr_t)bytes.data, bytes.size));
    } else {
        char text[256]; /* avro-c wants the terminator counted */
        assert_true(bytes.size < sizeof(text));
        memcpy(text, bytes.data, bytes.size);
        text[bytes.size] = '\0';
        MUST(avro_value_set_string_len(out, text, bytes.size + 1));
    }
}

static void fill_value(const struct field_type *field, const uint8_t *record, const uint8_t *place,
                       avro_value_t *out);

static void fill_items(const struct field_type *field, const uint8_t *record, avro_value_t *out)
{
    uint32_t count = 0;
    memcpy(&count, record + field->count_offset, sizeof(count));
    const struct field_type item = {.kind = field->item, .record = field->record};
    for (uint32_t i = 0; i < count; i++) {
        avro_value_t part;
        MUST(avro_value_append(out, &part, NULL));
        fill_value(&item, record, record + field->offset + (size_t)i * field->size, &part);
    }
}

static void fill_set(uint64_t set, avro_value_t *out)
{
    for (; set != 0; set &= set - 1) {
        avro_value_t part;
        MUST(avro_value_append(out, &part, NULL));
        MUST(avro_value_set_enum(&part, __builtin_ctzll(set)));
    }
}

static void fill_value(const struct field_type *field, const uint8_t *record, const uint8_t *place,
                       avro_value_t *out)
{
    avro_value_t branch = *out;
    if (field->nullable) {
        MUST(avro_value_set_branch(out, is_null(field, place) ? 0 : 1, &branch));
        if (is_null(field, place)) {
            MUST(avro_value_set_null(&branch));
            return;
        }
    }
    switch (field->kind) {
    case FIELD_BOOLEAN:
        MUST(avro_value_set_boolean(&branch, *(const bool *)place));
        return;
    case FIELD_INT:
        MUST(avro_value_set_int(&branch, *(const int32_t *)at(place)));
        return;
    case FIELD_LONG:
        MUST(avro_value_set_long(&branch, *(const int64_t *)at(place)));
        return;
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        fill_bytes(field, *(const struct bytes *)at(place), &branch);
        return;
    case FIELD_ENUM:
        MUST(avro_value_set_enum(&branch, *(const int32_t *)at(place)));
        return;
    case FIELD_SET:
        fill_set(*(const uint64_t *)at(place), &branch);
        return;
    case FIELD_LIST:
        fill_items(field, record, &branch);
        return;
    case FIELD_RECORD:
        fill_record(field->record, place, &branch);
        return;
    }
}

static void fill_record(const struct record_type *type, const uint8_t *record, avro_value_t *out)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        avro_value_t part;
        MUST(avro_value_get_by_index(out, i, &part, NULL));
        fill_value(&type->fields[i], record, record + type->fields[i].offset, &part);
    }
}

/* avro-c's idea of a type: schema, class, one value. */
struct oracle {
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
};

static void oracle_init(struct oracle *oracle, const char *schema)
{
    MUST(avro_schema_from_json_length(schema, strlen(schema), &oracle->schema));
    oracle->class = avro_generic_class_from_schema(oracle->schema);
    assert_non_null(oracle->class);
    MUST(avro_generic_value_new(oracle->class, &oracle->value));
}

static void oracle_release(struct oracle *oracle)
{
    avro_value_decref(&oracle->value);
    avro_value_iface_decref(oracle->class);
    avro_schema_decref(oracle->schema);
}

static struct bytes oracle_encode(struct oracle *oracle, struct buffer *out)
{
    size_t size = 0;
    MUST(avro_value_sizeof(&oracle->value, &size));
    buffer_clear(out);
    avro_writer_t writer =
        avro_writer_memory((const char *)buffer_reserve(out, size + 1), (int64_t)size + 1);
    MUST(avro_value_write(writer, &oracle->value));
    out->size = (size_t)avro_writer_tell(writer);
    avro_writer_free(writer);
    return buffer_bytes(out);
}

static void no_problem(void *context, const char *field, const char *reason)
{
    (void)context;
    fail_msg("%s: %s", field, reason);
}

/* The record is well by all checks, and its JSON reads back as the same bytes. */
static void compare_json(const struct codec *codec, const struct record_type *type,
                         const void *record, struct bytes datum)
{
    struct arena arena = {0};
    struct buffer text = {0};
    struct buffer again = {0};
    json_error_t error;
    uint8_t *read = memory_get(type->size);
    assert_null(check_record(type, record));
    json_write_record(type, record, &text);
    json_t *object = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        fail_msg("%s: %.*s", error.text, BYTES_PRINT(buffer_bytes(&text)));
    }
    assert_int_equal(json_read_record(type, object, &arena, read, no_problem, NULL), 0);
    codec_encode_datum(codec, type, read, &again);
    assert_true(bytes_equal(buffer_bytes(&again), datum));
    json_decref(object);
    free(read);
    buffer_release(&text);
    buffer_release(&again);
    arena_release(&arena);
}

static void compare_records(struct random *random, const struct codec *codec,
                            const struct record_type *type)
{
    struct oracle oracle;
    struct arena arena = {0};
    struct buffer ours = {0};
    struct buffer theirs = {0};
    struct buffer before = {0};
    struct buffer after = {0};
    OWNED(plan) plan = NULL;
    struct error error;
    assert_int_equal(plan_new(bytes_text(type->schema), type, &plan, &error), STATUS_OK);
    uint8_t *record = memory_get(type->size);
    uint8_t *decoded = memory_get(type->size);
    oracle_init(&oracle, type->schema);
    for (int i = 0; i < RECORDS; i++) {
        arena_clear(&arena);
        buffer_clear(&ours);
        buffer_clear(&before);
        buffer_clear(&after);
        random_record(random, type, LIST_MAX, &arena, record);
        codec_encode_datum(codec, type, record, &ours);
        MUST(avro_value_reset(&oracle.value));
        fill_record(type, record, &oracle.value);
        const struct bytes encoded = oracle_encode(&oracle, &theirs);
        assert_true(bytes_equal(buffer_bytes(&ours), encoded));
        assert_int_equal(plan_decode(plan, encoded, decoded), DECODE_OK);
        json_write_record(type, record, &before);
        json_write_record(type, decoded, &after);
        assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
        compare_json(codec, type, record, encoded);
    }
    oracle_release(&oracle);
    free(record);
    free(decoded);
    buffer_release(&ours);
    buffer_release(&theirs);
    buffer_release(&before);
    buffer_release(&after);
    arena_release(&arena);
}

static void both_encode_every_record_type_alike(void **state)
{
    (void)state;
    struct random random = {SEED};
    OWNED(codec) codec = NULL;
    struct error error = {0};
    if (codec_new(record_types, record_type_count, &codec, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    for (uint32_t i = 0; i < record_type_count; i++) {
        compare_records(&random, codec, record_types[i]);
    }
}

/* Reads a datum of `writer` into the oracle's value through avro-c's resolution. */
static int oracle_resolve(struct oracle *oracle, const char *writer, struct bytes datum)
{
    avro_schema_t schema = NULL;
    avro_value_t resolved;
    MUST(avro_schema_from_json_length(writer, strlen(writer), &schema));
    avro_value_iface_t *resolver = avro_resolved_writer_new(schema, oracle->schema);
    if (resolver == NULL) {
        fail_msg("%s", avro_strerror());
    }
    MUST(avro_resolved_writer_new_value(resolver, &resolved));
    MUST(avro_value_reset(&oracle->value));
    avro_resolved_writer_set_dest(&resolved, &oracle->value);
    avro_reader_t reader = avro_reader_memory((const char *)datum.data, (int64_t)datum.size);
    const int result = avro_value_read(reader, &resolved);
    avro_reader_free(reader);
    avro_value_decref(&resolved);
    avro_value_iface_decref(resolver);
    avro_schema_decref(schema);
    return result;
}

/* What avro-c read equals our record, both as JSON: that sets have an order only here does not
 * matter. */
static void compare_resolved(struct oracle *oracle, const struct plan *own, const void *record)
{
    const struct record_type *type = plan_reader(own);
    struct buffer theirs = {0};
    struct buffer expected = {0};
    struct buffer actual = {0};
    uint8_t *again = memory_get(type->size);
    assert_int_equal(plan_decode(own, oracle_encode(oracle, &theirs), again), DECODE_OK);
    json_write_record(type, again, &expected);
    json_write_record(type, record, &actual);
    assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(&actual)));
    free(again);
    buffer_release(&theirs);
    buffer_release(&expected);
    buffer_release(&actual);
}

static void compare_pair(struct random *random, const struct plan *own, size_t *decoded_count)
{
    const struct record_type *type = plan_reader(own);
    struct oracle oracle;
    struct avro_schema reader = {0};
    struct avro_schema writer = {0};
    struct buffer text = {0};
    struct buffer datum = {0};
    struct error error = {0};
    OWNED(plan) plan = NULL;
    assert_int_equal(avro_parse(bytes_text(type->schema), &reader, &error), STATUS_OK);
    evolve_writer(random, &reader, CHANGE_ADD | CHANGE_ORDER | CHANGE_NUMBER | CHANGE_NULL, &text);
    const struct bytes schema = bytes_of(text.data, text.size - 1);
    assert_int_equal(avro_parse(schema, &writer, &error), STATUS_OK);
    assert_int_equal(plan_new(schema, type, &plan, &error), STATUS_OK);
    oracle_init(&oracle, type->schema);
    uint8_t *record = memory_get(type->size);
    for (int i = 0; i < DATA; i++) {
        buffer_clear(&datum);
        random_datum(random, writer.type, &datum);
        const enum decode_result result = plan_decode(plan, buffer_bytes(&datum), record);
        const int verdict = oracle_resolve(&oracle, (const char *)text.data, buffer_bytes(&datum));
        assert_int_equal(result == DECODE_OK, verdict == 0);
        if (result == DECODE_OK) {
            compare_resolved(&oracle, own, record);
            ++*decoded_count;
        }
    }
    free(record);
    oracle_release(&oracle);
    avro_release(&reader);
    avro_release(&writer);
    buffer_release(&text);
    buffer_release(&datum);
}

static void both_resolve_alike_what_avro_c_can_resolve(void **state)
{
    (void)state;
    struct random random = {SEED + 1};
    size_t decoded_count = 0;
    for (uint32_t i = 0; i < record_type_count; i++) {
        OWNED(plan) own = NULL;
        const struct record_type *type = record_types[i];
        assert_int_equal(plan_new(bytes_text(type->schema), type, &own, NULL), STATUS_OK);
        for (int pair = 0; pair < PAIRS; pair++) {
            compare_pair(&random, own, &decoded_count);
        }
    }
    printf("seed %d: %zu data of evolved schemas decoded\n", SEED + 1, decoded_count);
    assert_true(decoded_count > (size_t)record_type_count * PAIRS * DATA / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_encode_every_record_type_alike),
        cmocka_unit_test(both_resolve_alike_what_avro_c_can_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
