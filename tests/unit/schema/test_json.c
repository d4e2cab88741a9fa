/* JSON lines: what is read, what is refused and how it is named, what is written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "schema/json.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void note(void *context, const char *field, const char *reason)
{
    buffer_printf(context, "%s: %s\n", field, reason);
}

/* Reads the text; the problems are left in `problems`, a string. */
static size_t read_text(const char *text, struct arena *arena, struct sample *sample,
                        struct buffer *problems)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_DECODE_ANY, &error);
    if (object == NULL) {
        fail_msg("%s", error.text);
    }
    memset(sample, 0x5a, sizeof(*sample));
    const size_t count = json_read_record(&sample_type, object, arena, sample, note, problems);
    buffer_append(problems, bytes_of("", 1));
    json_decref(object);
    return count;
}

/* A sample with `change` instead of or after its own fields has exactly these problems. */
static void problems_are(const char *text, const char *expected)
{
    struct arena arena = {0};
    struct buffer problems = {0};
    struct sample sample;
    const size_t count = read_text(text, &arena, &sample, &problems);
    assert_string_equal((const char *)problems.data, expected);
    size_t lines = 0;
    for (const char *at = expected; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(count, lines);
    buffer_release(&problems);
    arena_release(&arena);
}

static void writes_as(const struct sample *sample, const char *expected)
{
    struct buffer out = {0};
    json_write_record(&sample_type, sample, &out);
    buffer_append(&out, bytes_of("", 1));
    assert_string_equal((const char *)out.data, expected);
    buffer_release(&out);
}

static void string_is(struct bytes text, const char *expected)
{
    struct buffer out = {0};
    json_write_string(text, &out);
    buffer_append(&out, bytes_of("", 1));
    assert_string_equal((const char *)out.data, expected);
    buffer_release(&out);
}

static void a_record_is_written_with_all_its_fields(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    writes_as(&sample, SAMPLE_JSON);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer problems = {0};
    struct sample sample;
    assert_int_equal(read_text(SAMPLE_JSON, &arena, &sample, &problems), 0);
    writes_as(&sample, SAMPLE_JSON);
    buffer_release(&problems);
    arena_release(&arena);
}

static void fields_left_out_take_their_defaults(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer problems = {0};
    struct sample sample;
    assert_int_equal(read_text("{\"moment\":5,\"items\":[{\"name\":\"a\"}],\"point\":{\"y\":6}}",
                               &arena, &sample, &problems),
                     0);
    writes_as(&sample,
              "{\"flag\":true,\"number\":-7,\"moment\":5,\"text\":\"d\xc3\xa9j\xc3\xa0\","
              "\"blob\":\"0061ff\",\"digest\":\"01020380\",\"color\":\"GREEN\","
              "\"colors\":[\"RED\",\"OTHER\"],\"maybe_flag\":null,\"maybe_number\":12,"
              "\"maybe_moment\":null,\"maybe_color\":null,\"maybe_text\":null,\"maybe_blob\":null,"
              "\"maybe_digest\":null,\"point\":{\"x\":3,\"y\":6},\"names\":[\"n1\"],"
              "\"items\":[{\"name\":\"a\",\"score\":9,\"tags\":[]}]}");
    buffer_release(&problems);
    arena_release(&arena);
}

static void hex_of_either_case_and_repeated_symbols_are_read(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer problems = {0};
    struct sample sample;
    assert_int_equal(read_text("{\"moment\":5,\"blob\":\"aAfF\",\"digest\":\"DEADbeef\",\"colors\":"
                               "[\"GREEN\",\"RED\",\"GREEN\"],\"maybe_flag\":false}",
                               &arena, &sample, &problems),
                     0);
    assert_memory_equal(sample.blob.data, "\xaa\xff", 2);
    assert_memory_equal(sample.digest.data, "\xde\xad\xbe\xef", 4);
    assert_true(sample.colors == (1 << COLOR_GREEN | 1 << COLOR_RED));
    assert_true(sample.maybe_flag.set && !sample.maybe_flag.value);
    buffer_release(&problems);
    arena_release(&arena);
}

static void a_missing_field_without_default_is_a_problem(void **state)
{
    (void)state;
    problems_are("{}", "moment: is missing and has no default\n");
    problems_are("{\"moment\":1,\"items\":[{},{\"name\":\"n\"}],\"point\":{}}",
                 "point.y: is missing and has no default\n"
                 "items[0].name: is missing and has no default\n");
}

static void unknown_fields_are_problems(void **state)
{
    (void)state;
    problems_are("{\"moment\":1,\"Flag\":true}", "Flag: is no field of Sample\n");
    problems_are("{\"moment\":1,\"items\":[{\"name\":\"n\",\"extra\":{}}]}",
                 "items[0].extra: is no field of Item\n");
}

static void wrong_types_are_problems(void **state)
{
    (void)state;
    problems_are("[]", "value: must be an object\n");
    problems_are("null", "value: must be an object\n");
    problems_are("{\"moment\":1.0}", "moment: must be an integer\n");
    problems_are("{\"moment\":\"1\"}", "moment: must be an integer\n");
    problems_are("{\"moment\":null}", "moment: must be an integer\n");
    problems_are("{\"moment\":1,\"flag\":0}", "flag: must be true or false\n");
    problems_are("{\"moment\":1,\"number\":true}", "number: must be an integer\n");
    problems_are("{\"moment\":1,\"text\":7}", "text: must be a string\n");
    problems_are("{\"moment\":1,\"text\":null}", "text: must be a string\n");
    problems_are("{\"moment\":1,\"blob\":[]}", "blob: must be a string of hex digits\n");
    problems_are("{\"moment\":1,\"color\":1}", "color: must be a symbol of Color\n");
    problems_are("{\"moment\":1,\"colors\":\"RED\"}",
                 "colors: must be an array of symbols of Color\n");
    problems_are("{\"moment\":1,\"names\":{}}", "names: must be an array\n");
    problems_are("{\"moment\":1,\"names\":[\"a\",1]}", "names[1]: must be a string\n");
    problems_are("{\"moment\":1,\"point\":3}", "point: must be an object\n");
    problems_are("{\"moment\":1,\"items\":[null]}", "items[0]: must be an object\n");
    problems_are("{\"moment\":1,\"maybe_flag\":\"true\"}", "maybe_flag: must be true or false\n");
}

static void numbers_out_of_range_are_problems(void **state)
{
    (void)state;
    problems_are("{\"moment\":9223372036854775807,\"number\":-2147483648}", "");
    problems_are("{\"moment\":1,\"number\":2147483648}",
                 "number: must be an integer from -2147483648 to 2147483647\n");
    problems_are("{\"moment\":1,\"maybe_number\":-2147483649}",
                 "maybe_number: must be an integer from -2147483648 to 2147483647\n");
}

static void unknown_symbols_are_problems_even_with_a_fallback(void **state)
{
    (void)state;
    problems_are("{\"moment\":1,\"color\":\"BLUE\"}", "color: 'BLUE' is no symbol of Color\n");
    problems_are("{\"moment\":1,\"maybe_color\":\"red\"}",
                 "maybe_color: 'red' is no symbol of Color\n");
    problems_are("{\"moment\":1,\"colors\":[\"RED\",\"\",3]}",
                 "colors[1]: '' is no symbol of Color\ncolors[2]: must be a symbol of Color\n");
}

static void wrong_lengths_are_problems(void **state)
{
    (void)state;
    problems_are("{\"moment\":1,\"digest\":\"010203\"}", "digest: must have 8 hex digits, not 6\n");
    problems_are("{\"moment\":1,\"digest\":\"0102030g\"}", "digest: must be pairs of hex digits\n");
    problems_are("{\"moment\":1,\"blob\":\"012\"}", "blob: must be pairs of hex digits\n");
    problems_are("{\"moment\":1,\"names\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
                 "names: has more than 4 items\n");
    problems_are(
        "{\"moment\":1,\"text\":\"0123456789012345678901234567890123456789012345678901234567"
        "8901234567890123456789012345678901234567890\"}",
        "text: is longer than 100 bytes\n");
}

static void ids_have_their_form(void **state)
{
    (void)state;
    const char *reason = "must be an id: 1 to 64 characters of A-Z a-z 0-9 . _ -";
    char expected[512];
    snprintf(expected, sizeof(expected), "maybe_text: %s\nnames[0]: %s\nitems[0].name: %s\n",
             reason, reason, reason);
    problems_are("{\"moment\":1,\"maybe_text\":\"a b\",\"names\":[\"\",\"ok\"],"
                 "\"items\":[{\"name\":\"caf\xc3\xa9\"}]}",
                 expected);
}

static void every_problem_of_a_line_is_named(void **state)
{
    (void)state;
    problems_are("{\"flag\":1,\"text\":2,\"zzz\":3}", "flag: must be true or false\n"
                                                      "moment: is missing and has no default\n"
                                                      "text: must be a string\n"
                                                      "zzz: is no field of Sample\n");
}

static void absent_values_are_written_as_null(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer problems = {0};
    struct sample sample;
    const char *text =
        "{\"flag\":false,\"number\":0,\"moment\":0,\"text\":\"\",\"blob\":\"\","
        "\"digest\":\"00000000\",\"color\":\"RED\",\"colors\":[],\"maybe_flag\":null,"
        "\"maybe_number\":null,\"maybe_moment\":null,\"maybe_color\":null,\"maybe_text\":null,"
        "\"maybe_blob\":null,\"maybe_digest\":null,\"point\":{\"x\":0,\"y\":0},\"names\":[],"
        "\"items\":[]}";
    assert_int_equal(read_text(text, &arena, &sample, &problems), 0);
    writes_as(&sample, text);
    buffer_release(&problems);
    arena_release(&arena);
}

static void strings_are_escaped(void **state)
{
    (void)state;
    string_is(bytes_text(""), "\"\"");
    string_is(bytes_text("plain / \x7f caf\xc3\xa9 \xed\x95\x9c \xf0\x9f\x98\x80"),
              "\"plain / \x7f caf\xc3\xa9 \xed\x95\x9c \xf0\x9f\x98\x80\"");
    string_is(bytes_text("\"\\\n\r\t"), "\"\\\"\\\\\\n\\r\\t\"");
    string_is(bytes_of("a\0b\x1f", 4), "\"a\\u0000b\\u001f\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    string_is(bytes_of("a\xff"
                       "b",
                       3),
              "\"a\xef\xbf\xbd"
              "b\"");
    string_is(bytes_of("\xed\xa0\x80", 3), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    string_is(bytes_of("\xc3", 1), "\"\xef\xbf\xbd\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_written_with_all_its_fields),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(fields_left_out_take_their_defaults),
        cmocka_unit_test(hex_of_either_case_and_repeated_symbols_are_read),
        cmocka_unit_test(a_missing_field_without_default_is_a_problem),
        cmocka_unit_test(unknown_fields_are_problems),
        cmocka_unit_test(wrong_types_are_problems),
        cmocka_unit_test(numbers_out_of_range_are_problems),
        cmocka_unit_test(unknown_symbols_are_problems_even_with_a_fallback),
        cmocka_unit_test(wrong_lengths_are_problems),
        cmocka_unit_test(ids_have_their_form),
        cmocka_unit_test(every_problem_of_a_line_is_named),
        cmocka_unit_test(absent_values_are_written_as_null),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
