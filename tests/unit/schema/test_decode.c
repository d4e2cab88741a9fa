/* What decoding accepts and refuses of each wire form, one field at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "schema/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RAW(text) bytes_of(text, sizeof(text) - 1)

/* Decodes `datum` of a record with the one field. */
static enum decode_result decode_field(const struct field_type *field, const char *schema_type,
                                       struct bytes datum, void *out)
{
    char schema[512];
    snprintf(schema, sizeof(schema),
             "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"v\",\"type\":%s}]}",
             schema_type);
    const struct record_type type = {"R", 512, 1, field, schema};
    OWNED(plan) plan = NULL;
    struct error error = {0};
    if (plan_new(bytes_text(schema), &type, &plan, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    uint8_t *copy = memory_get(datum.size);
    memcpy(copy, datum.data, datum.size);
    const enum decode_result result = plan_decode(plan, bytes_of(copy, datum.size), out);
    free(copy);
    return result;
}

static void numbers_are_checked(void **state)
{
    (void)state;
    const struct field_type a_long = {.name = "v", .kind = FIELD_LONG};
    const struct field_type an_int = {.name = "v", .kind = FIELD_INT};
    int64_t number = 0;
    const struct {
        struct bytes datum;
        bool well;
        int64_t value;
    } cases[] = {
        {RAW("\x00"), true, 0},
        {RAW("\x01"), true, -1},
        {RAW("\x7f"), true, -64},
        {RAW("\x80\x01"), true, 64},
        {RAW("\xff\xff\xff\xff\xff\xff\xff\x7f"), true, -(INT64_C(1) << 55)},
        {RAW("\x80\x80\x80\x80\x80\x80\x80\x80\x01"), true, INT64_C(1) << 55},
        {RAW("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true, INT64_MAX},
        {RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true, INT64_MIN},
        {RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), false, 0},             /* 65 bits */
        {RAW("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), false, 0},         /* 11 bytes */
        {RAW("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), false, 0}, /* 13 bytes */
        {RAW(""), false, 0},
        {RAW("\x80"), false, 0},
        {RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const enum decode_result result =
            decode_field(&a_long, "\"long\"", cases[i].datum, &number);
        assert_int_equal(result, cases[i].well ? DECODE_OK : DECODE_UNDECODABLE);
        assert_true(!cases[i].well || number == cases[i].value);
    }
    int32_t narrow = 0;
    assert_int_equal(decode_field(&an_int, "\"int\"", RAW("\xfe\xff\xff\xff\x0f"), &narrow),
                     DECODE_OK);
    assert_int_equal(narrow, INT32_MAX);
    assert_int_equal(decode_field(&an_int, "\"int\"", RAW("\x80\x80\x80\x80\x10"), &narrow),
                     DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&an_int, "\"int\"", RAW("\x80\x80\x80\x80\x80\x80\x01"), &narrow),
                     DECODE_UNDECODABLE);
}

static void booleans_branches_and_indices_are_checked(void **state)
{
    (void)state;
    struct optional_int place = {0};
    const struct field_type flag = {.name = "v", .kind = FIELD_BOOLEAN};
    assert_int_equal(decode_field(&flag, "\"boolean\"", RAW("\x01"), &place), DECODE_OK);
    assert_int_equal(decode_field(&flag, "\"boolean\"", RAW("\x02"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&flag, "\"boolean\"", RAW("\xff"), &place), DECODE_UNDECODABLE);
    const struct field_type number = {.name = "v", .kind = FIELD_INT, .nullable = true};
    const char *optional = "[\"null\",\"int\"]";
    assert_int_equal(decode_field(&number, optional, RAW("\x02\x02"), &place), DECODE_OK);
    assert_int_equal(decode_field(&number, optional, RAW("\x04\x02"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&number, optional, RAW("\x01\x02"), &place), DECODE_UNDECODABLE);
    const struct field_type color = {.name = "v", .kind = FIELD_ENUM, .enumeration = &color_type};
    assert_int_equal(decode_field(&color, SAMPLE_COLOR, RAW("\x04"), &place), DECODE_OK);
    assert_int_equal(decode_field(&color, SAMPLE_COLOR, RAW("\x06"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&color, SAMPLE_COLOR, RAW("\x01"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&color, SAMPLE_COLOR, RAW("\xfe\xff\xff\xff\xff\x01"), &place),
                     DECODE_UNDECODABLE);
}

static void lengths_are_checked_against_what_is_left(void **state)
{
    (void)state;
    struct bytes place = {0};
    const struct field_type text = {.name = "v", .kind = FIELD_STRING};
    assert_int_equal(decode_field(&text, "\"string\"", RAW("\x04hi"), &place), DECODE_OK);
    assert_int_equal(decode_field(&text, "\"string\"", RAW("\x06hi"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&text, "\"string\"", RAW("\x01hi"), &place), DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&text, "\"string\"",
                                  RAW("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01hi"), &place),
                     DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&text, "\"string\"",
                                  RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01hi"), &place),
                     DECODE_UNDECODABLE);
}

static void strings_must_be_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "ascii",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "abcdefgh\xea\xb0\x80",
        "\xea\xb0\x80 bcdefghijklmnop",
    };
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xe1\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "abcdefg\x80",
        "abcdefgh\x80",
        "\x80 bcdefghijk",
        "abcdefghi\xf0\x90\x80",
    };
    const struct field_type text = {.name = "v", .kind = FIELD_STRING};
    for (size_t i = 0; i < COUNT_OF(good) + COUNT_OF(bad); i++) {
        const bool well = i < COUNT_OF(good);
        const char *content = well ? good[i] : bad[i - COUNT_OF(good)];
        uint8_t datum[64];
        datum[0] = (uint8_t)(strlen(content) << 1);
        memcpy(datum + 1, content, strlen(content));
        struct bytes place = {0};
        assert_int_equal(
            decode_field(&text, "\"string\"", bytes_of(datum, 1 + strlen(content)), &place),
            well ? DECODE_OK : DECODE_UNDECODABLE);
        assert_true(!well || place.data != NULL);
    }
}

static const struct field_type two_names = {.name = "v",
                                            .kind = FIELD_LIST,
                                            .item = FIELD_STRING,
                                            .max = 2,
                                            .size = sizeof(struct bytes),
                                            .offset = 8,
                                            .count_offset = 0};

static void blocks_of_an_array_may_have_negative_counts(void **state)
{
    (void)state;
    const char *names = "{\"type\":\"array\",\"items\":\"string\"}";
    uint32_t place[128];
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x04\x02"
                                      "a\x02"
                                      "b\x00"),
                                  place),
                     DECODE_OK);
    assert_int_equal(place[0], 2);
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x03\x08\x02"
                                      "a\x02"
                                      "b\x00"),
                                  place),
                     DECODE_OK);
    assert_int_equal(place[0], 2);
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x01\x04\x02"
                                      "a\x02\x02"
                                      "b\x00"),
                                  place),
                     DECODE_OK);
    assert_int_equal(place[0], 2);
    assert_int_equal(decode_field(&two_names, names, RAW("\x00"), place), DECODE_OK);
    assert_int_equal(place[0], 0);
    /* The size of a block: too small, too large, negative, behind the end. */
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x01\x02\x02"
                                      "a\x00"),
                                  place),
                     DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x01\x06\x02"
                                      "a\x00"),
                                  place),
                     DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x01\x01\x02"
                                      "a\x00"),
                                  place),
                     DECODE_UNDECODABLE);
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x01\x7e\x02"
                                      "a\x00"),
                                  place),
                     DECODE_UNDECODABLE);
    /* No end. */
    assert_int_equal(decode_field(&two_names, names,
                                  RAW("\x02\x02"
                                      "a"),
                                  place),
                     DECODE_UNDECODABLE);
}

static void more_items_than_the_struct_holds_are_too_large(void **state)
{
    (void)state;
    const char *names = "{\"type\":\"array\",\"items\":\"string\"}";
    uint32_t place[128];
    assert_int_equal(decode_field(&two_names, names, RAW("\x06\x00\x00\x00\x00"), place),
                     DECODE_TOO_LARGE);
    assert_int_equal(decode_field(&two_names, names, RAW("\x04\x00\x00\x02\x00\x00"), place),
                     DECODE_TOO_LARGE);
    assert_int_equal(
        decode_field(&two_names, names, RAW("\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), place),
        DECODE_TOO_LARGE);
    assert_int_equal(
        decode_field(&two_names, names, RAW("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), place),
        DECODE_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(booleans_branches_and_indices_are_checked),
        cmocka_unit_test(lengths_are_checked_against_what_is_left),
        cmocka_unit_test(strings_must_be_utf8),
        cmocka_unit_test(blocks_of_an_array_may_have_negative_counts),
        cmocka_unit_test(more_items_than_the_struct_holds_are_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
