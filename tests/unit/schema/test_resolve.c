/* Schema resolution, one field at a time: what is read from which writer, and what is refused when.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* A reader "R" with the one field "v" at offset 0. */
struct one {
    struct field_type field;
    struct record_type type;
    char schema[1024];
};

static struct one *one(struct one *one, struct field_type field, const char *type,
                       const char *attributes)
{
    one->field = field;
    one->field.name = "v";
    snprintf(one->schema, sizeof(one->schema),
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"v\",\"type\":%s%s}]}",
             type, attributes);
    one->type = (struct record_type){"R", 512, 1, &one->field, one->schema};
    return one;
}

/* A writer "R" with one field: its name and its type. */
static const char *writer(char *out, size_t size, const char *name, const char *type)
{
    snprintf(out, size,
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":"
             "[{\"name\":\"%.20s\",\"type\":%.900s}]}",
             name, type);
    return out;
}

static enum decode_result decode(const struct record_type *reader, const char *schema,
                                 struct bytes datum, struct buffer *json)
{
    struct error error = {0};
    OWNED(plan) plan = NULL;
    if (plan_new(bytes_text(schema), reader, &plan, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    void *record = memory_get(reader->size);
    memset(record, 0xa5, reader->size);
    const enum decode_result result = plan_decode(plan, datum, record);
    if (result == DECODE_OK) {
        json_write_record(reader, record, json);
        buffer_append(json, bytes_of("", 1));
    }
    free(record);
    return result;
}

/* Reads `datum`, written by the schema, as `expected` (the JSON of the record). */
static void reads(const struct record_type *reader, const char *schema, struct bytes datum,
                  const char *expected)
{
    struct buffer json = {0};
    assert_int_equal(decode(reader, schema, datum, &json), DECODE_OK);
    assert_string_equal((const char *)json.data, expected);
    buffer_release(&json);
}

static void refuses(const struct record_type *reader, const char *schema, struct bytes datum,
                    enum decode_result expected)
{
    struct buffer json = {0};
    assert_int_equal(decode(reader, schema, datum, &json), expected);
    buffer_release(&json);
}

/* The two schemas do not resolve and the message has `part`. */
static void no_plan(const struct record_type *reader, const char *schema, const char *part)
{
    struct error error = {0};
    struct plan *plan = NULL;
    assert_int_equal(plan_new(bytes_text(schema), reader, &plan, &error), STATUS_FATAL);
    assert_null(plan);
    if (strstr(error.text, part) == NULL) {
        fail_msg("'%s' has no '%s'", error.text, part);
    }
}

#define RAW(text) bytes_of(text, sizeof(text) - 1)
#define W(name, type) writer((char[1024]){0}, 1024, name, type)
#define V(type) W("v", type)

static const struct field_type a_long = {.kind = FIELD_LONG};
static const struct field_type an_int = {.kind = FIELD_INT};
static const struct field_type a_string = {.kind = FIELD_STRING};
static const struct field_type some_bytes = {.kind = FIELD_BYTES};
static const struct field_type maybe_string = {.kind = FIELD_STRING, .nullable = true};
static const struct field_type maybe_long = {.kind = FIELD_LONG, .nullable = true};
static const struct field_type a_color = {.kind = FIELD_ENUM, .enumeration = &color_type};
static const struct field_type color_set = {.kind = FIELD_SET, .enumeration = &color_type};

static const char *const plain_symbols[] = {"A", "B"};
static const struct enum_type plain_type = {"Plain", plain_symbols, 2, -1};
static const struct field_type a_plain = {.kind = FIELD_ENUM, .enumeration = &plain_type};

static void an_int_is_read_as_long(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", "");
    reads(&r.type, V("\"int\""), RAW("\x09"), "{\"v\":-5}");
    reads(&r.type, V("\"int\""), RAW("\xff\xff\xff\xff\x0f"), "{\"v\":-2147483648}");
    refuses(&r.type, V("\"int\""), RAW("\x80\x80\x80\x80\x10"), DECODE_UNDECODABLE);
    reads(&r.type, V("\"long\""), RAW("\x80\x80\x80\x80\x10"), "{\"v\":2147483648}");
}

static void other_promotions_of_numbers_are_refused(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", "");
    no_plan(&r.type, V("\"float\""), "'v' is written as float");
    no_plan(&r.type, V("\"boolean\""), "boolean");
    one(&r, an_int, "\"int\"", "");
    no_plan(&r.type, V("\"long\""), "'v' is written as long");
    no_plan(&r.type, V("\"string\""), "string");
}

static void string_and_bytes_are_read_as_each_other(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_string, "\"string\"", "");
    reads(&r.type, V("\"bytes\""), RAW("\x04hi"), "{\"v\":\"hi\"}");
    refuses(&r.type, V("\"bytes\""), RAW("\x04h\xff"), DECODE_UNDECODABLE);
    one(&r, some_bytes, "\"bytes\"", "");
    reads(&r.type, V("\"string\""), RAW("\x04hi"), "{\"v\":\"6869\"}");
    reads(&r.type, V("\"bytes\""), RAW("\x04h\xff"), "{\"v\":\"68ff\"}");
    refuses(&r.type, V("\"string\""), RAW("\x04h\xff"), DECODE_UNDECODABLE);
}

static void a_value_is_read_into_a_nullable_field(void **state)
{
    (void)state;
    struct one r;
    one(&r, maybe_string, "[\"null\",\"string\"]", "");
    reads(&r.type, V("\"string\""), RAW("\x04hi"), "{\"v\":\"hi\"}");
    reads(&r.type, V("\"null\""), RAW(""), "{\"v\":null}");
    reads(&r.type, V("[\"null\",\"string\"]"), RAW("\x02\x00"), "{\"v\":\"\"}");
    reads(&r.type, V("[\"string\",\"null\"]"), RAW("\x02"), "{\"v\":null}");
    one(&r, maybe_long, "[\"null\",\"long\"]", "");
    reads(&r.type, V("\"int\""), RAW("\x02"), "{\"v\":1}");
    reads(&r.type, V("[\"int\",\"null\"]"), RAW("\x00\x03"), "{\"v\":-2}");
    reads(&r.type, V("[\"int\",\"null\"]"), RAW("\x02"), "{\"v\":null}");
    reads(&r.type, V("\"null\""), RAW(""), "{\"v\":null}");
}

static void null_for_a_field_that_takes_none_is_undecodable(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_string, "\"string\"", "");
    reads(&r.type, V("[\"null\",\"string\"]"), RAW("\x02\x04hi"), "{\"v\":\"hi\"}");
    refuses(&r.type, V("[\"null\",\"string\"]"), RAW("\x00"), DECODE_UNDECODABLE);
    no_plan(&r.type, V("\"null\""), "null");
    no_plan(&r.type, V("[\"null\",\"int\"]"), "union");
    one(&r, maybe_string, "[\"null\",\"string\"]", "");
    no_plan(&r.type, V("[\"null\",\"int\"]"), "'v' is written as int");
}

static void any_union_is_read_branch_by_branch(void **state)
{
    (void)state;
    struct one r;
    const char *wide =
        "[\"string\",\"int\",\"null\",\"bytes\",{\"type\":\"map\",\"values\":\"int\"}]";
    one(&r, maybe_string, "[\"null\",\"string\"]", "");
    reads(&r.type, V(wide), RAW("\x00\x02x"), "{\"v\":\"x\"}");
    reads(&r.type, V(wide), RAW("\x04"), "{\"v\":null}");
    reads(&r.type, V(wide), RAW("\x06\x02y"), "{\"v\":\"y\"}");
    refuses(&r.type, V(wide), RAW("\x02\x02"), DECODE_UNDECODABLE);
    refuses(&r.type, V(wide), RAW("\x08\x00"), DECODE_UNDECODABLE);
    refuses(&r.type, V(wide), RAW("\x0a"), DECODE_UNDECODABLE);
    refuses(&r.type, V(wide), RAW("\x01"), DECODE_UNDECODABLE);
    one(&r, a_long, "\"long\"", "");
    reads(&r.type, V("[\"int\",\"long\"]"), RAW("\x00\x08"), "{\"v\":4}");
    reads(&r.type, V("[\"int\",\"long\"]"), RAW("\x02\x08"), "{\"v\":4}");
    reads(&r.type, V("[\"long\"]"), RAW("\x00\x08"), "{\"v\":4}");
}

static void a_record_may_come_in_a_union(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", "");
    const char *schema = "[\"null\",{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                         "{\"name\":\"v\",\"type\":\"long\"}]}]";
    reads(&r.type, schema, RAW("\x02\x08"), "{\"v\":4}");
    refuses(&r.type, schema, RAW("\x00"), DECODE_UNDECODABLE);
}

#define COLORS(symbols) "{\"type\":\"enum\",\"name\":\"Color\",\"symbols\":[" symbols "]}"

static void enums_are_read_by_name(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_color, SAMPLE_COLOR, "");
    const char *moved = V(COLORS("\"GREEN\",\"OTHER\",\"BLUE\",\"RED\""));
    reads(&r.type, moved, RAW("\x00"), "{\"v\":\"GREEN\"}");
    reads(&r.type, moved, RAW("\x06"), "{\"v\":\"RED\"}");
    reads(&r.type, moved, RAW("\x04"), "{\"v\":\"OTHER\"}");
    refuses(&r.type, moved, RAW("\x08"), DECODE_UNDECODABLE);
    refuses(&r.type, moved, RAW("\x01"), DECODE_UNDECODABLE);
    no_plan(&r.type, V("{\"type\":\"enum\",\"name\":\"Hue\",\"symbols\":[\"RED\"]}"), "Hue");
    no_plan(&r.type, V("\"string\""), "string");
}

static void an_unknown_symbol_without_default_is_a_bad_field(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_plain, "{\"type\":\"enum\",\"name\":\"Plain\",\"symbols\":[\"A\",\"B\"]}", "");
    const char *more = V("{\"type\":\"enum\",\"name\":\"x.Plain\",\"symbols\":[\"C\",\"B\"]}");
    reads(&r.type, more, RAW("\x02"), "{\"v\":\"B\"}");
    refuses(&r.type, more, RAW("\x00"), DECODE_BAD_FIELD);
}

static void sets_are_read_by_name(void **state)
{
    (void)state;
    struct one r;
    one(&r, color_set, "{\"type\":\"array\",\"items\":" SAMPLE_COLOR "}", "");
    const char *same = V("{\"type\":\"array\",\"items\":" COLORS("\"OTHER\",\"BLUE\",\"RED\"") "}");
    reads(&r.type, same, RAW("\x00"), "{\"v\":[]}");
    reads(&r.type, same, RAW("\x04\x04\x00\x00"), "{\"v\":[\"RED\",\"OTHER\"]}");
    reads(&r.type, same, RAW("\x02\x04\x02\x04\x00"), "{\"v\":[\"RED\"]}");
    reads(&r.type, same, RAW("\x03\x04\x04\x04\x00"), "{\"v\":[\"RED\"]}");
    refuses(&r.type, same, RAW("\x02\x06\x00"), DECODE_UNDECODABLE);
    refuses(&r.type, same, RAW("\x03\x02\x04\x04\x00"), DECODE_UNDECODABLE);
    refuses(&r.type, same, RAW("\x82\x01"), DECODE_TOO_LARGE);
    reads(&r.type, V("{\"type\":\"array\",\"items\":[\"null\"," COLORS("\"GREEN\"") "]}"),
          RAW("\x02\x02\x00\x00"), "{\"v\":[\"GREEN\"]}");
    no_plan(&r.type, V("{\"type\":\"array\",\"items\":\"int\"}"), "'v' is written as int");
    no_plan(&r.type, V(COLORS("\"GREEN\"")), "'v' is written as enum Color");
}

static void fixed_must_have_the_same_size_and_name(void **state)
{
    (void)state;
    struct one r;
    one(&r, (struct field_type){.kind = FIELD_FIXED, .size = 2},
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2,\"aliases\":[\"G\"]}", "");
    reads(&r.type, V("{\"type\":\"fixed\",\"name\":\"a.F\",\"size\":2}"), RAW("hi"),
          "{\"v\":\"6869\"}");
    reads(&r.type, V("{\"type\":\"fixed\",\"name\":\"G\",\"size\":2}"), RAW("hi"),
          "{\"v\":\"6869\"}");
    refuses(&r.type, V("{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}"), RAW("h"),
            DECODE_UNDECODABLE);
    no_plan(&r.type, V("{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}"), "fixed F");
    no_plan(&r.type, V("{\"type\":\"fixed\",\"name\":\"H\",\"size\":2}"), "fixed H");
    no_plan(&r.type, V("\"bytes\""), "bytes");
}

static void a_field_is_found_by_its_aliases(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"aliases\":[\"old\",\"older\"],\"default\":7");
    reads(&r.type, W("older", "\"long\""), RAW("\x08"), "{\"v\":4}");
    reads(&r.type, W("old", "\"int\""), RAW("\x08"), "{\"v\":4}");
    reads(&r.type, W("other", "\"int\""), RAW("\x08"), "{\"v\":7}");
    /* Its own name goes before an alias, an earlier alias before a later one; the rest is skipped.
     */
    reads(&r.type,
          "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"old\",\"type\":\"string\"},"
          "{\"name\":\"v\",\"type\":\"long\"}]}",
          RAW("\x02x\x08"), "{\"v\":4}");
    reads(
        &r.type,
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"older\",\"type\":\"string\"},"
        "{\"name\":\"old\",\"type\":\"long\"}]}",
        RAW("\x02x\x08"), "{\"v\":4}");
}

static void a_record_is_found_by_its_aliases(void **state)
{
    (void)state;
    const struct field_type field = {.name = "v", .kind = FIELD_LONG};
    const struct record_type reader = {
        "R", 16, 1, &field,
        "{\"type\":\"record\",\"name\":\"R\",\"namespace\":\"n\",\"aliases\":[\"Old\",\"m.Older\"],"
        "\"fields\":[{\"name\":\"v\",\"type\":\"long\"}]}"};
    const char *fields = "\"type\":\"record\",\"fields\":[{\"name\":\"v\",\"type\":\"long\"}]}";
    char schema[256];
    snprintf(schema, sizeof(schema), "{\"name\":\"n.Old\",%s", fields);
    reads(&reader, schema, RAW("\x08"), "{\"v\":4}");
    snprintf(schema, sizeof(schema), "{\"name\":\"m.Older\",%s", fields);
    reads(&reader, schema, RAW("\x08"), "{\"v\":4}");
    snprintf(schema, sizeof(schema), "{\"name\":\"elsewhere.R\",%s", fields);
    reads(&reader, schema, RAW("\x08"), "{\"v\":4}");
    snprintf(schema, sizeof(schema), "{\"name\":\"n.Other\",%s", fields);
    no_plan(&reader, schema, "'R' is written as record n.Other");
    no_plan(&reader, "\"long\"", "'R' is written as long");
}

static void a_missing_field_without_default_is_refused(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", "");
    no_plan(&r.type, W("w", "\"long\""), "no field 'v' and it has no default");
}

/* Everything the reader has a default for, from a writer that knows one field and calls it by an
 * alias. */
static void missing_fields_take_their_defaults(void **state)
{
    (void)state;
    reads(&sample_type,
          "{\"type\":\"record\",\"name\":\"test.Example\",\"fields\":["
          "{\"name\":\"at\",\"type\":\"int\"}]}",
          RAW("\x02"),
          "{\"flag\":true,\"number\":-7,\"moment\":1,\"text\":\"d\xc3\xa9j\xc3\xa0\","
          "\"blob\":\"0061ff\",\"digest\":\"01020380\",\"color\":\"GREEN\","
          "\"colors\":[\"RED\",\"OTHER\"],\"maybe_flag\":null,\"maybe_number\":12,"
          "\"maybe_moment\":null,\"maybe_color\":null,\"maybe_text\":null,\"maybe_blob\":null,"
          "\"maybe_digest\":null,\"point\":{\"x\":3,\"y\":4},\"names\":[\"n1\"],"
          "\"items\":[{\"name\":\"i1\",\"score\":9,\"tags\":[]},"
          "{\"name\":\"i2\",\"score\":9,\"tags\":[\"t\"]}]}");
}

/* One default that does not fit makes the reader unusable, also where the writer has the field. */
static void defaults_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"default\":\"x\"");
    no_plan(&r.type, V("\"long\""), "default of 'v'");
    one(&r, a_long, "\"long\"", ",\"default\":1.5");
    no_plan(&r.type, V("\"long\""), "default of 'v'");
    one(&r, an_int, "\"int\"", ",\"default\":2147483648");
    no_plan(&r.type, V("\"int\""), "default of 'v'");
    one(&r, maybe_long, "[\"null\",\"long\"]", ",\"default\":3");
    no_plan(&r.type, V("\"long\""), "first type of its union");
    one(&r, maybe_long, "[\"long\",\"null\"]", ",\"default\":null");
    no_plan(&r.type, V("\"long\""), "first type of its union");
    one(&r, a_color, SAMPLE_COLOR, ",\"default\":\"BLUE\"");
    no_plan(&r.type, V(SAMPLE_COLOR), "default of 'v'");
    one(&r, some_bytes, "\"bytes\"", ",\"default\":\"\\u0100\"");
    no_plan(&r.type, V("\"bytes\""), "default of 'v'");
    one(&r, (struct field_type){.kind = FIELD_BOOLEAN}, "\"boolean\"", ",\"default\":0");
    no_plan(&r.type, V("\"boolean\""), "default of 'v'");
}

static void a_struct_table_that_disagrees_with_its_schema_is_refused(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"int\"", "");
    no_plan(&r.type, V("\"int\""), "disagrees with its schema at 'v'");
    one(&r, a_long, "[\"null\",\"long\"]", "");
    no_plan(&r.type, V("\"long\""), "disagrees");
    one(&r, maybe_long, "[\"int\",\"null\",\"long\"]", "");
    no_plan(&r.type, V("\"long\""), "disagrees");
    one(&r, a_color, COLORS("\"RED\",\"GREEN\",\"OTHER\""), "");
    no_plan(&r.type, V(SAMPLE_COLOR), "disagrees");
    one(&r, (struct field_type){.kind = FIELD_FIXED, .size = 3},
        "{\"type\":\"fixed\",\"name\":\"F\",\"size\":2}", "");
    no_plan(&r.type, V("\"int\""), "disagrees");
    one(&r, a_long, "\"long\"", "");
    r.type.name = "S";
    no_plan(&r.type, V("\"long\""), "not a record of that name");
}

static void fields_the_reader_lacks_are_skipped_whatever_they_are(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", "");
    const char *schema =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
        "{\"name\":\"a\",\"type\":\"boolean\"},{\"name\":\"b\",\"type\":\"int\"},"
        "{\"name\":\"c\",\"type\":\"long\"},{\"name\":\"d\",\"type\":\"float\"},"
        "{\"name\":\"e\",\"type\":\"double\"},{\"name\":\"f\",\"type\":\"string\"},"
        "{\"name\":\"g\",\"type\":\"bytes\"},{\"name\":\"h\",\"type\":\"null\"},"
        "{\"name\":\"i\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},"
        "{\"name\":\"j\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"X\",\"Y\"]}},"
        "{\"name\":\"k\",\"type\":[\"null\",\"E\",\"F\"]},"
        "{\"name\":\"l\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":"
        "{\"type\":\"record\",\"name\":\"S\",\"fields\":[{\"name\":\"x\",\"type\":\"string\"},"
        "{\"name\":\"y\",\"type\":[\"null\",\"boolean\"]}]}}}},"
        "{\"name\":\"v\",\"type\":\"long\"}]}";
    reads(&r.type, schema,
          RAW("\x01"
              "\x03"
              "\x80\x80\x80\x80\x80\x01"
              "ffff"
              "dddddddd"
              "\x04hi"
              "\x02\xff"
              "fix"
              "\x02"
              "\x04"
              "yes"
              "\x02\x02k"
              "\x04\x02s\x02\x01\x02t\x00\x00"
              "\x01\x0e\x02q\x02\x02r\x00\x00"
              "\x00"
              "\x08"),
          "{\"v\":4}");
}

static void skipped_values_must_be_well_formed(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"default\":4");
    refuses(&r.type, W("a", "\"boolean\""), RAW("\x02"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "\"int\""), RAW("\x80\x80\x80\x80\x10"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "\"string\""), RAW("\x02\x80"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "\"bytes\""), RAW("\x04z"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "\"double\""), RAW("1234567"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", COLORS("\"X\"")), RAW("\x02"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "[\"null\",\"int\"]"), RAW("\x04"), DECODE_UNDECODABLE);
    refuses(&r.type, W("a", "[]"), RAW("\x00"), DECODE_UNDECODABLE);
}

static void skipped_items_are_capped_even_if_they_take_no_byte(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"default\":4");
    const char *nulls = W("a", "{\"type\":\"array\",\"items\":\"null\"}");
    reads(&r.type, nulls, RAW("\x80\x80\x08\x00"), "{\"v\":4}"); /* 65536 */
    refuses(&r.type, nulls, RAW("\x82\x80\x08\x00"), DECODE_TOO_LARGE);
    refuses(&r.type, nulls, RAW("\x80\x80\x08\x02\x00"), DECODE_TOO_LARGE);
    refuses(&r.type, nulls, RAW("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), DECODE_TOO_LARGE);
    refuses(&r.type, nulls, RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00"),
            DECODE_TOO_LARGE);
    /* Inner counts add up: 300 lists of 300 nulls. */
    const char *deep =
        W("a", "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"null\"}}");
    struct buffer datum = {0};
    buffer_append(&datum, RAW("\xd8\x04"));
    for (int i = 0; i < 300; i++) {
        buffer_append(&datum, RAW("\xd8\x04\x00"));
    }
    buffer_append(&datum, RAW("\x00"));
    refuses(&r.type, deep, buffer_bytes(&datum), DECODE_TOO_LARGE);
    buffer_release(&datum);
}

static void arrays_nested_too_deep_are_refused_when_compiled(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"default\":4");
    char type[1024] = "\"int\"";
    for (int i = 0; i < 9; i++) {
        char outer[1024];
        snprintf(outer, sizeof(outer), "{\"type\":\"array\",\"items\":%.900s}", type);
        memcpy(type, outer, sizeof(type));
        if (i == 7) {
            reads(&r.type, W("a", type),
                  RAW("\x02\x02\x02\x02\x02\x02\x02\x02\x08\0\0\0\0\0\0\0\0"), "{\"v\":4}");
        }
    }
    no_plan(&r.type, W("a", type), "nested deeper");
}

/* A record that refers to the one before twice, thirty times over, has 2^30 fields. */
static void a_schema_that_explodes_is_refused(void **state)
{
    (void)state;
    struct one r;
    one(&r, a_long, "\"long\"", ",\"default\":4");
    struct buffer text = {0};
    buffer_printf(&text,
                  "{\"type\":\"record\",\"name\":\"R\",\"fields\":["
                  "{\"name\":\"f0\",\"type\":{\"type\":\"record\",\"name\":\"S0\",\"fields\":[]}}");
    for (int i = 1; i <= 30; i++) {
        buffer_printf(
            &text,
            ",{\"name\":\"f%d\",\"type\":{\"type\":\"record\",\"name\":\"S%d\",\"fields\":["
            "{\"name\":\"a\",\"type\":\"S%d\"},{\"name\":\"b\",\"type\":\"S%d\"}]}}",
            i, i, i - 1, i - 1);
    }
    buffer_printf(&text, "]}");
    buffer_append(&text, RAW("\0"));
    no_plan(&r.type, (const char *)text.data, "too large to compile");
    buffer_release(&text);
}

static void fields_may_come_in_another_order(void **state)
{
    (void)state;
    const struct field_type fields[] = {
        {.name = "p", .kind = FIELD_LONG, .offset = 0},
        {.name = "q", .kind = FIELD_STRING, .offset = 8},
        {.name = "point", .kind = FIELD_RECORD, .record = &point_type, .offset = 24},
    };
    const struct record_type reader = {
        "R", 48, 3, fields,
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"p\",\"type\":\"long\"},"
        "{\"name\":\"q\",\"type\":\"string\"},{\"name\":\"point\",\"type\":{\"type\":\"record\","
        "\"name\":\"Point\",\"fields\":[{\"name\":\"x\",\"type\":\"int\"},"
        "{\"name\":\"y\",\"type\":\"long\"}]}}]}"};
    reads(&reader,
          "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"point\",\"type\":"
          "{\"type\":\"record\",\"name\":\"Point\",\"fields\":[{\"name\":\"y\",\"type\":\"int\"},"
          "{\"name\":\"z\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"int\"}]}},"
          "{\"name\":\"q\",\"type\":\"string\"},{\"name\":\"p\",\"type\":\"int\"}]}",
          RAW("\x02\x04\x06\x02q\x08"), "{\"p\":4,\"q\":\"q\",\"point\":{\"x\":3,\"y\":1}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_int_is_read_as_long),
        cmocka_unit_test(other_promotions_of_numbers_are_refused),
        cmocka_unit_test(string_and_bytes_are_read_as_each_other),
        cmocka_unit_test(a_value_is_read_into_a_nullable_field),
        cmocka_unit_test(null_for_a_field_that_takes_none_is_undecodable),
        cmocka_unit_test(any_union_is_read_branch_by_branch),
        cmocka_unit_test(a_record_may_come_in_a_union),
        cmocka_unit_test(enums_are_read_by_name),
        cmocka_unit_test(an_unknown_symbol_without_default_is_a_bad_field),
        cmocka_unit_test(sets_are_read_by_name),
        cmocka_unit_test(fixed_must_have_the_same_size_and_name),
        cmocka_unit_test(a_field_is_found_by_its_aliases),
        cmocka_unit_test(a_record_is_found_by_its_aliases),
        cmocka_unit_test(a_missing_field_without_default_is_refused),
        cmocka_unit_test(missing_fields_take_their_defaults),
        cmocka_unit_test(defaults_that_do_not_fit_are_refused),
        cmocka_unit_test(a_struct_table_that_disagrees_with_its_schema_is_refused),
        cmocka_unit_test(fields_the_reader_lacks_are_skipped_whatever_they_are),
        cmocka_unit_test(skipped_values_must_be_well_formed),
        cmocka_unit_test(skipped_items_are_capped_even_if_they_take_no_byte),
        cmocka_unit_test(arrays_nested_too_deep_are_refused_when_compiled),
        cmocka_unit_test(a_schema_that_explodes_is_refused),
        cmocka_unit_test(fields_may_come_in_another_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
