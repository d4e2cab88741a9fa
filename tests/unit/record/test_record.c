/* The generated tables: do they say where each field of each struct lies?
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "record/record.h"

#define IS(left, right) __builtin_types_compatible_p(__typeof__(left), right)
#define MEMBER(type, name) (((struct type *)NULL)->name)

static const struct field_type *field_of(const struct record_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    fail_msg("record '%s' has no field '%s'", type->name, name);
    return NULL;
}

/* Bytes that the field takes up in the struct, from its offset on. */
static size_t field_extent(const struct field_type *field)
{
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return field->nullable ? sizeof(struct optional_boolean) : sizeof(bool);
    case FIELD_INT:
    case FIELD_ENUM:
        return field->nullable ? sizeof(struct optional_int) : sizeof(int32_t);
    case FIELD_LONG:
        return field->nullable ? sizeof(struct optional_long) : sizeof(int64_t);
    case FIELD_SET:
        return sizeof(uint64_t);
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_FIXED:
        return sizeof(struct bytes);
    case FIELD_LIST:
        return (size_t)field->size * field->max;
    case FIELD_RECORD:
        return field->record->size;
    }
    return 0;
}

static void check_enum(const struct enum_type *type)
{
    assert_non_null(type->name);
    assert_true(type->count > 0);
    assert_in_range(type->fallback + 1, 0, type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        assert_string_equal(enum_symbol(type, (int32_t)i), type->symbols[i]);
        for (uint32_t j = 0; j < i; j++) {
            assert_string_not_equal(type->symbols[i], type->symbols[j]);
        }
    }
    assert_string_equal(enum_symbol(type, -1), "?");
    assert_string_equal(enum_symbol(type, (int32_t)type->count), "?");
}

static void check_record(const struct record_type *type);

static void check_field(const struct field_type *field)
{
    const bool enumeration = field->kind == FIELD_ENUM || field->kind == FIELD_SET;
    const bool record = field->kind == FIELD_RECORD
                        || (field->kind == FIELD_LIST && field->item == FIELD_RECORD);

    assert_int_equal(enumeration, field->enumeration != NULL);
    assert_int_equal(record, field->record != NULL);
    if (enumeration) {
        check_enum(field->enumeration);
    }
    if (field->kind == FIELD_SET) {
        assert_in_range(field->enumeration->count, 1, 64);
    }
    if (field->kind == FIELD_LIST) {
        assert_true(field->item == FIELD_RECORD || field->item == FIELD_STRING);
        assert_true(field->max > 0);
        assert_int_equal(field->size,
                         record ? field->record->size : (uint32_t)sizeof(struct bytes));
        assert_true(field->count_offset + sizeof(uint32_t) <= field->offset);
    }
    if (field->kind == FIELD_FIXED) {
        assert_true(field->size > 0);
    }
    if (record) {
        check_record(field->record);
    }
}

/* Fields follow each other in schema order, without overlap, inside the struct. */
static void check_record(const struct record_type *type)
{
    size_t end = 0;

    assert_true(type->field_count > 0);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        const size_t start = field->kind == FIELD_LIST ? field->count_offset : field->offset;

        check_field(field);
        assert_true(start >= end);
        end = field->offset + field_extent(field);
    }
    assert_true(end <= type->size);
    assert_true(type->size - end < sizeof(uint64_t));
}

static void every_field_of_every_record_lies_inside_its_struct(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < record_type_count; i++) {
        check_record(record_types[i]);
    }
}

static void records_are_listed_once_in_order_of_name(void **state)
{
    (void)state;
    assert_true(record_type_count >= 27);
    for (uint32_t i = 1; i < record_type_count; i++) {
        assert_true(strcmp(record_types[i - 1]->name, record_types[i]->name) < 0);
    }
}

static FILE *open_schema(const char *name)
{
    static const char *const folders[] = {"", "state/"};
    char path[512];

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        (void)snprintf(path, sizeof(path), SOURCE_DIR "/schemas/%s%s.avsc", folders[i], name);
        FILE *file = fopen(path, "r");

        if (file != NULL) {
            return file;
        }
    }
    fail_msg("no schema file of record '%s'", name);
    return NULL;
}

/* The file without blanks between tokens. */
static void read_compact(FILE *file, struct buffer *out)
{
    bool quoted = false;
    bool escaped = false;
    int byte = 0;

    while ((byte = fgetc(file)) != EOF) {
        const char text = (char)byte;

        quoted = text == '"' && !escaped ? !quoted : quoted;
        escaped = text == '\\' && !escaped;
        if (quoted || strchr(" \t\r\n", text) == NULL) {
            buffer_append(out, bytes_of(&text, 1));
        }
    }
}

static void embedded_schema_is_that_of_the_file(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < record_type_count; i++) {
        struct buffer text = {0};
        FILE *file = open_schema(record_types[i]->name);

        read_compact(file, &text);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(text.size, strlen(record_types[i]->schema));
        assert_memory_equal(text.data, record_types[i]->schema, text.size);
        buffer_release(&text);
    }
}

static void plain_fields_have_the_c_type_of_their_kind(void **state)
{
    (void)state;
    const struct field_type *good_faith = field_of(&record_report, "good_faith");
    const struct field_type *revision = field_of(&record_standing, "revision");
    const struct field_type *stage = field_of(&record_restriction, "stage");

    assert_true(IS(MEMBER(report, good_faith), bool));
    assert_int_equal(good_faith->kind, FIELD_BOOLEAN);
    assert_int_equal(good_faith->offset, offsetof(struct report, good_faith));
    assert_true(IS(MEMBER(standing, revision), int64_t));
    assert_int_equal(revision->kind, FIELD_LONG);
    assert_int_equal(revision->offset, offsetof(struct standing, revision));
    assert_true(IS(MEMBER(restriction, stage), int32_t));
    assert_int_equal(stage->kind, FIELD_INT);
    assert_int_equal(stage->offset, offsetof(struct restriction, stage));
    assert_false(good_faith->nullable || revision->nullable || stage->nullable);
}

static void nullable_fields_point_at_the_value_of_their_optional(void **state)
{
    (void)state;
    const struct field_type *expires = field_of(&record_restriction, "expires_at");
    const struct field_type *measure = field_of(&record_verdict, "measure");

    assert_true(IS(MEMBER(restriction, expires_at), struct optional_long));
    assert_int_equal(expires->kind, FIELD_LONG);
    assert_true(expires->nullable);
    assert_int_equal(expires->offset, offsetof(struct restriction, expires_at.value));
    assert_true(IS(MEMBER(verdict, measure), struct optional_int));
    assert_int_equal(measure->kind, FIELD_ENUM);
    assert_true(measure->nullable);
    assert_int_equal(measure->offset, offsetof(struct verdict, measure.value));
    assert_ptr_equal(measure->enumeration, &enum_measure);
}

static void strings_bytes_and_fixed_are_borrowed_runs(void **state)
{
    (void)state;
    const struct field_type *reporter = field_of(&record_report, "reporter_id");
    const struct field_type *tag = field_of(&record_account_change, "rejoin_tag");
    const struct field_type *document = field_of(&record_policy_version, "document");
    const struct field_type *payload = field_of(&record_dead_letter, "payload");
    const struct field_type *salt = field_of(&record_audit_payload, "salt");
    const struct field_type *sketch = field_of(&record_report, "sketch");

    assert_true(IS(MEMBER(report, reporter_id), struct bytes));
    assert_int_equal(reporter->kind, FIELD_STRING);
    assert_int_equal(reporter->format, FORMAT_ID);
    assert_true(reporter->nullable);
    assert_int_equal(reporter->max, 0);
    assert_int_equal(tag->max, 60);
    assert_int_equal(document->kind, FIELD_BYTES);
    assert_int_equal(document->format, FORMAT_NONE);
    assert_int_equal(document->max, 1048576);
    assert_true(payload->nullable);
    assert_int_equal(payload->offset, offsetof(struct dead_letter, payload));
    assert_int_equal(salt->kind, FIELD_FIXED);
    assert_int_equal(salt->size, 16);
    assert_int_equal(sketch->size, 32);
    assert_true(sketch->nullable);
    assert_true(IS(MEMBER(report, sketch), struct bytes));
}

static void enums_are_32_bits_in_schema_order(void **state)
{
    (void)state;
    const struct field_type *area = field_of(&record_report, "area");

    assert_true(IS(MEMBER(report, area), enum area));
    assert_int_equal(area->kind, FIELD_ENUM);
    assert_int_equal(area->offset, offsetof(struct report, area));
    assert_ptr_equal(area->enumeration, &enum_area);
    assert_int_equal(AREA_REGULAR_CHAT, 0);
    assert_int_equal(enum_area.count, AREA_COUNT);
    assert_string_equal(enum_symbol(&enum_area, AREA_ALL), "ALL");
    assert_string_equal(enum_symbol(&enum_category, CATEGORY_FLOODING), "FLOODING");
    assert_string_equal(enum_symbol(&enum_restriction_op, RESTRICTION_OP_APPLY), "APPLY");
    assert_int_equal(CATEGORY_NONE, CATEGORY_COUNT - 1);
    assert_int_equal(LANE_NONE, LANE_COUNT - 1);
    assert_int_equal(SOURCE_KIND_NONE, SOURCE_KIND_COUNT - 1);
    assert_int_equal(MEASURE_REPORTER_INTAKE_SUSPEND, MEASURE_COUNT - 1);
}

/* domain.md G, Rules. */
static void unknown_symbols_fall_back_where_the_rules_say_so(void **state)
{
    (void)state;
    assert_int_equal(enum_area.fallback, AREA_OTHER_AREA);
    assert_int_equal(enum_category.fallback, CATEGORY_OTHER_THREAT);
    assert_int_equal(enum_reporter_class.fallback, REPORTER_CLASS_NORMAL);
    assert_int_equal(enum_role.fallback, ROLE_MEMBER);
    assert_int_equal(enum_platform.fallback, PLATFORM_COMMON);
    assert_int_equal(enum_tri.fallback, TRI_UNKNOWN);
    assert_int_equal(enum_chat_event_kind.fallback, CHAT_EVENT_KIND_UNKNOWN);
    assert_int_equal(enum_verdict_kind.fallback, -1);
    assert_int_equal(enum_subject_kind.fallback, -1);
    assert_int_equal(enum_source_kind.fallback, -1);
}

static void sets_are_bits_of_their_enum(void **state)
{
    (void)state;
    const struct field_type *scopes = field_of(&record_restriction, "scopes");
    const struct field_type *channels = field_of(&record_notice, "channels");

    assert_true(IS(MEMBER(restriction, scopes), uint64_t));
    assert_int_equal(scopes->kind, FIELD_SET);
    assert_int_equal(scopes->offset, offsetof(struct restriction, scopes));
    assert_ptr_equal(scopes->enumeration, &enum_scope);
    assert_int_equal(channels->kind, FIELD_SET);
    assert_ptr_equal(channels->enumeration, &enum_channel);
}

static void lists_lie_inside_the_struct_behind_their_count(void **state)
{
    (void)state;
    const struct field_type *labels = field_of(&record_report, "labels");
    const struct field_type *ids = field_of(&record_verdict, "report_ids");

    assert_int_equal(labels->kind, FIELD_LIST);
    assert_int_equal(labels->item, FIELD_RECORD);
    assert_int_equal(labels->max, 8);
    assert_int_equal(labels->size, sizeof(struct label));
    assert_int_equal(labels->offset, offsetof(struct report, labels));
    assert_int_equal(labels->count_offset, offsetof(struct report, labels_count));
    assert_ptr_equal(labels->record, &record_label);
    assert_true(IS(MEMBER(report, labels_count), uint32_t));
    assert_int_equal(sizeof(MEMBER(report, labels)), 8 * sizeof(struct label));
    assert_int_equal(ids->item, FIELD_STRING);
    assert_int_equal(ids->format, FORMAT_ID);
    assert_int_equal(ids->max, 32);
    assert_int_equal(ids->size, sizeof(struct bytes));
    assert_null(ids->record);
}

static void records_inside_others_have_no_schema_of_their_own(void **state)
{
    (void)state;
    assert_null(record_label.schema);
    assert_null(record_standing_item.schema);
    assert_null(record_input_range.schema);
    assert_non_null(record_report.schema);
    assert_string_equal(record_standing_item.name, "StandingItem");
    assert_int_equal(record_standing_item.field_count, 13);
    assert_int_equal(record_standing_item.size, sizeof(struct standing_item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_every_record_lies_inside_its_struct),
        cmocka_unit_test(records_are_listed_once_in_order_of_name),
        cmocka_unit_test(embedded_schema_is_that_of_the_file),
        cmocka_unit_test(plain_fields_have_the_c_type_of_their_kind),
        cmocka_unit_test(nullable_fields_point_at_the_value_of_their_optional),
        cmocka_unit_test(strings_bytes_and_fixed_are_borrowed_runs),
        cmocka_unit_test(enums_are_32_bits_in_schema_order),
        cmocka_unit_test(unknown_symbols_fall_back_where_the_rules_say_so),
        cmocka_unit_test(sets_are_bits_of_their_enum),
        cmocka_unit_test(lists_lie_inside_the_struct_behind_their_count),
        cmocka_unit_test(records_inside_others_have_no_schema_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
