/* Defaults found in the text of a schema.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"
#include "schema/avro.h"
#include "schema/fallback.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char schema[] =
    " {\"doc\" : \"fields: {\\\"name\\\": \\\\\", \"type\":\"record\" ,\"name\":\"R\",\"fields\": "
    "[ "
    "{\"name\":\"a\",\"type\":\"int\",\"default\": -1.5e3 , \"doc\":\"]}\"},"
    "{\"name\":\"b\",\"type\":[\"null\",{\"type\":\"record\",\"name\":\"n.S\",\"fields\":["
    "{\"type\":\"int\",\"default\":7,\"name\":\"x\"}]}],\"default\":null},"
    "{\"name\":\"c\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"T\","
    "\"fields\":[{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"y\",\"type\":\"string\","
    "\"default\":\"q\\\"\\\\\"}]}},\"default\":[{\"x\":1},[ ]]},"
    "{\"name\":\"default\",\"type\":{\"type\":\"record\",\"name\":\"Empty\",\"fields\":[]},"
    "\"default\":{}},"
    "{\"name\":\"e\",\"type\":\"boolean\",\"default\":true}"
    "]}";

static void default_is(struct fallback_walk *walk, uint32_t index, const char *expected)
{
    const struct bytes text = fallback_find(walk, index);
    if (expected == NULL) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    if (!bytes_is(text, expected)) {
        fail_msg("'%.*s' is not '%s'", BYTES_PRINT(text), expected);
    }
}

static void defaults_are_found_in_order(void **state)
{
    (void)state;
    struct fallback_walk walk = {0};
    assert_true(fallback_start(schema, "R", &walk));
    default_is(&walk, 0, "-1.5e3");
    default_is(&walk, 1, "null");
    default_is(&walk, 2, "[{\"x\":1},[ ]]");
    default_is(&walk, 2, "[{\"x\":1},[ ]]");
    default_is(&walk, 3, "{}");
    default_is(&walk, 4, "true");
    assert_true(fallback_start(schema, "R", &walk));
    default_is(&walk, 4, "true");
}

static void nested_records_are_found_by_name(void **state)
{
    (void)state;
    struct fallback_walk walk = {0};
    assert_true(fallback_start(schema, "S", &walk));
    default_is(&walk, 0, "7");
    assert_true(fallback_start(schema, "T", &walk));
    default_is(&walk, 0, NULL);
    default_is(&walk, 1, "\"q\\\"\\\\\"");
    assert_false(fallback_start(schema, "Empty", &walk));
    assert_false(fallback_start(schema, "U", &walk));
    assert_false(fallback_start(schema, ".S", &walk));
    assert_false(fallback_start("\"int\"", "R", &walk));
}

/* The walk and the parser see the same, in every record of every schema. */
static void check_record_type(const char *text, const struct record_type *type,
                              const struct avro_type *parsed)
{
    struct fallback_walk walk = {0};
    assert_true(fallback_start(text, type->name, &walk));
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct bytes found = fallback_find(&walk, i);
        const json_t *expected = parsed->fields[i].fallback;
        assert_int_equal(found.data != NULL, expected != NULL);
        if (expected != NULL) {
            json_error_t error;
            json_t *value = json_loadb((const char *)found.data, found.size,
                                       JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
            assert_non_null(value);
            assert_true(json_equal(value, expected));
            json_decref(value);
        }
        const struct field_type *field = &type->fields[i];
        if (field->kind == FIELD_RECORD) {
            check_record_type(text, field->record, parsed->fields[i].type);
        } else if (field->kind == FIELD_LIST && field->item == FIELD_RECORD) {
            check_record_type(text, field->record, parsed->fields[i].type->item);
        }
    }
}

static void the_walk_finds_what_the_parser_finds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < record_type_count; i++) {
        struct avro_schema parsed = {0};
        const char *text = record_types[i]->schema;
        assert_int_equal(avro_parse(bytes_text(text), &parsed, NULL), STATUS_OK);
        check_record_type(text, record_types[i], parsed.type);
        avro_release(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_found_in_order),
        cmocka_unit_test(nested_records_are_found_by_name),
        cmocka_unit_test(the_walk_finds_what_the_parser_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
