/* The schema parser, the canonical form and the fingerprint.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/avro.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* The schema is refused and the message has `part`. */
static void refuses(const char *text, const char *part)
{
    struct avro_schema schema = {0};
    struct error error = {0};
    assert_int_equal(avro_parse(bytes_text(text), &schema, &error), STATUS_FATAL);
    if (strstr(error.text, part) == NULL) {
        fail_msg("'%s' has no '%s'", error.text, part);
    }
    avro_release(&schema);
}

static void canonical_is(const char *text, const char *expected)
{
    struct avro_schema schema = {0};
    struct error error = {0};
    if (avro_parse(bytes_text(text), &schema, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    struct buffer out = {0};
    avro_canonical(&schema, &out);
    buffer_append(&out, bytes_of("", 1));
    assert_string_equal((const char *)out.data, expected);
    buffer_release(&out);
    avro_release(&schema);
}

static uint64_t fingerprint_of(const char *text)
{
    struct avro_schema schema = {0};
    assert_int_equal(avro_parse(bytes_text(text), &schema, NULL), STATUS_OK);
    const uint64_t fingerprint = avro_fingerprint(&schema);
    avro_release(&schema);
    return fingerprint;
}

static void the_fingerprint_of_nothing_is_the_polynomial(void **state)
{
    (void)state;
    assert_true(avro_crc64(bytes_text("")) == UINT64_C(0xc15d213aa4d7a795));
}

/* Values that the Avro project's own tests publish for these schemas. */
static void fingerprints_are_those_of_the_specification(void **state)
{
    (void)state;
    assert_true(fingerprint_of("\"null\"") == UINT64_C(0x63dd24e7cc258f8a));
    assert_true(fingerprint_of("\"boolean\"") == UINT64_C(0x9f42fc78a4d4f764));
    assert_true(fingerprint_of("\"int\"") == UINT64_C(0x7275d51a3f395c8f));
    assert_true(fingerprint_of("{\"type\":\"int\"}") == UINT64_C(0x7275d51a3f395c8f));
    assert_true(fingerprint_of("\"long\"") == UINT64_C(0xd054e14493f41db7));
    assert_true(fingerprint_of("\"float\"") == UINT64_C(0x4d7c02cb3ea8d790));
    assert_true(fingerprint_of("\"string\"") == UINT64_C(0x8f014872634503c7));
    assert_true(fingerprint_of("\"bytes\"") == UINT64_C(0x4fc016dac3201965));
}

static void canonical_form_keeps_only_what_identifies(void **state)
{
    (void)state;
    canonical_is("{\"type\":\"int\",\"logicalType\":\"date\"}", "\"int\"");
    canonical_is("{\"doc\":\"d\",\"fields\":[{\"doc\":\"f\",\"default\":1,\"order\":\"ignore\","
                 "\"type\":{\"type\":\"long\"},\"name\":\"a\",\"aliases\":[\"b\"]}],"
                 "\"name\":\"R\",\"namespace\":\"x.y\",\"type\":\"record\",\"aliases\":[\"Q\"]}",
                 "{\"name\":\"x.y.R\",\"type\":\"record\",\"fields\":[{\"name\":\"a\","
                 "\"type\":\"long\"}]}");
    canonical_is("[ \"null\", { \"type\" : \"array\", \"items\" : \"string\" },"
                 "{\"type\":\"map\",\"values\":{\"type\":\"fixed\",\"size\":16,\"name\":\"f\"}}]",
                 "[\"null\",{\"type\":\"array\",\"items\":\"string\"},{\"type\":\"map\",\"values\":"
                 "{\"name\":\"f\",\"type\":\"fixed\",\"size\":16}}]");
}

static void canonical_form_defines_a_name_once_and_then_refers_to_it(void **state)
{
    (void)state;
    canonical_is("{\"type\":\"record\",\"name\":\"n.R\",\"fields\":["
                 "{\"name\":\"a\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\"]}},"
                 "{\"name\":\"b\",\"type\":\"E\"},{\"name\":\"c\",\"type\":\"n.E\"}]}",
                 "{\"name\":\"n.R\",\"type\":\"record\",\"fields\":[{\"name\":\"a\",\"type\":"
                 "{\"name\":\"n.E\",\"type\":\"enum\",\"symbols\":[\"X\"]}},"
                 "{\"name\":\"b\",\"type\":\"n.E\"},{\"name\":\"c\",\"type\":\"n.E\"}]}");
}

static void names_take_the_namespace_around_them(void **state)
{
    (void)state;
    struct avro_schema schema = {0};
    const char *text =
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"a\",\"fields\":["
        "{\"name\":\"p\",\"type\":{\"type\":\"record\",\"name\":\"b.S\",\"aliases\":[\"T\",\"c.U\"]"
        ","
        "\"fields\":[{\"name\":\"q\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":1}}]}},"
        "{\"name\":\"r\",\"type\":\"b.F\"},"
        "{\"name\":\"s\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"namespace\":\"\",\"size\":2}"
        "}]}";
    assert_int_equal(avro_parse(bytes_text(text), &schema, NULL), STATUS_OK);
    assert_string_equal(schema.type->name, "a.R");
    const struct avro_type *inner = schema.type->fields[0].type;
    assert_string_equal(inner->name, "b.S");
    assert_true(avro_names_have(&inner->aliases, "b.T"));
    assert_true(avro_names_have(&inner->aliases, "c.U"));
    assert_ptr_equal(inner->fields[0].type, schema.type->fields[1].type);
    assert_string_equal(schema.type->fields[2].type->name, "F");
    assert_int_equal(schema.named_count, 4);
    avro_release(&schema);
}

static void keeps_defaults_aliases_and_enum_defaults(void **state)
{
    (void)state;
    struct avro_schema schema = {0};
    const char *text = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":"
                       "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\",\"Y\"],"
                       "\"default\":\"Y\"},\"default\":\"X\",\"aliases\":[\"b\",\"c\"]},"
                       "{\"name\":\"d\",\"type\":\"null\"}]}";
    assert_int_equal(avro_parse(bytes_text(text), &schema, NULL), STATUS_OK);
    assert_non_null(schema.type->fields[0].fallback);
    assert_null(schema.type->fields[1].fallback);
    assert_int_equal(schema.type->fields[0].aliases.count, 2);
    assert_int_equal(schema.type->fields[0].type->fallback, 1);
    avro_release(&schema);
}

static void refuses_what_is_not_a_schema(void **state)
{
    (void)state;
    refuses("", "not JSON");
    refuses("{\"type\":", "line 1");
    refuses("{\"type\":\"int\",\"type\":\"int\"}", "duplicate");
    refuses("12", "a type is");
    refuses("{}", "needs a 'type'");
    refuses("\"integer\"", "not defined");
    refuses("{\"type\":\"array\"}", "needs 'items'");
    refuses("{\"type\":\"map\"}", "needs 'values'");
    refuses("{\"type\":\"record\",\"name\":\"R\"}", "needs 'fields'");
    refuses("{\"type\":\"record\",\"fields\":[]}", "valid 'name'");
    refuses("{\"type\":\"record\",\"name\":\"1R\",\"fields\":[]}", "valid 'name'");
    refuses("{\"type\":\"record\",\"name\":\"a..R\",\"fields\":[]}", "valid 'name'");
    refuses("{\"type\":\"record\",\"name\":\"R\",\"namespace\":7,\"fields\":[]}", "namespace");
    refuses("{\"type\":\"record\",\"name\":\"R\",\"aliases\":[3],\"fields\":[]}", "aliases");
    refuses("{\"type\":\"enum\",\"name\":\"E\"}", "symbols");
    refuses("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"a-b\"]}", "symbols");
    refuses("{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}", "size");
    refuses("{\"type\":\"fixed\",\"name\":\"F\",\"size\":1e3}", "size");
    refuses("{\"type\":\"fixed\",\"name\":\"F\",\"size\":4294967296}", "size");
}

static void refuses_names_and_branches_that_clash(void **state)
{
    (void)state;
    refuses("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"},"
            "{\"name\":\"a\",\"type\":\"int\"}]}",
            "'a' appears twice");
    refuses("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\",\"X\"]}", "'X'");
    refuses("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\"],\"default\":\"Y\"}", "default");
    refuses("[{\"type\":\"fixed\",\"name\":\"F\",\"size\":1},"
            "{\"type\":\"enum\",\"name\":\"F\",\"symbols\":[]}]",
            "'F' is defined twice");
    refuses("[\"int\",\"string\",\"int\"]", "'int' twice");
    refuses("[{\"type\":\"map\",\"values\":\"int\"},{\"type\":\"map\",\"values\":\"long\"}]",
            "'map' twice");
    refuses("[\"null\",[\"int\"]]", "a union holds a union");
}

static void a_message_names_the_place(void **state)
{
    (void)state;
    refuses("{\"type\":\"record\",\"name\":\"Outer\",\"fields\":[{\"name\":\"list\",\"type\":"
            "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Inner\",\"fields\":["
            "{\"name\":\"bad\",\"type\":\"strin\"}]}}}]}",
            "at 'Outer.list.items.Inner.bad': type 'strin'");
}

static void refuses_recursion(void **state)
{
    (void)state;
    refuses("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"r\",\"type\":\"R\"}]}",
            "contains itself");
    refuses("{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"next\",\"type\":"
            "[\"null\",{\"type\":\"array\",\"items\":\"R\"}]}]}",
            "recursive schemas are not supported");
}

static void refuses_deep_nesting(void **state)
{
    (void)state;
    struct buffer text = {0};
    for (int i = 0; i < 1500; i++) {
        buffer_printf(&text, "{\"type\":\"array\",\"items\":");
    }
    buffer_printf(&text, "\"int\"");
    for (int i = 0; i < 1500; i++) {
        buffer_printf(&text, "}");
    }
    buffer_append(&text, bytes_of("", 1));
    refuses((const char *)text.data, "nested deeper");
    buffer_release(&text);
}

static void refuses_a_text_over_its_cap(void **state)
{
    (void)state;
    struct buffer text = {0};
    memset(buffer_reserve(&text, AVRO_TEXT_SIZE_MAX + 2), ' ', AVRO_TEXT_SIZE_MAX + 1);
    text.data[AVRO_TEXT_SIZE_MAX + 1] = '\0';
    refuses((const char *)text.data, "is over");
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fingerprint_of_nothing_is_the_polynomial),
        cmocka_unit_test(fingerprints_are_those_of_the_specification),
        cmocka_unit_test(canonical_form_keeps_only_what_identifies),
        cmocka_unit_test(canonical_form_defines_a_name_once_and_then_refers_to_it),
        cmocka_unit_test(names_take_the_namespace_around_them),
        cmocka_unit_test(keeps_defaults_aliases_and_enum_defaults),
        cmocka_unit_test(refuses_what_is_not_a_schema),
        cmocka_unit_test(refuses_names_and_branches_that_clash),
        cmocka_unit_test(a_message_names_the_place),
        cmocka_unit_test(refuses_recursion),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(refuses_a_text_over_its_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
