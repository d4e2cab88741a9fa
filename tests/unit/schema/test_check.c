/* Formats and caps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "schema/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool in_id(int byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static void an_id_has_1_to_64_bytes(void **state)
{
    (void)state;
    uint8_t text[70];
    memset(text, 'z', sizeof(text));
    for (size_t size = 0; size <= sizeof(text); size++) {
        assert_int_equal(check_id(bytes_of(text, size)), size >= 1 && size <= 64);
    }
}

/* Every byte at every place of every size: whatever way the test goes, it sees it. */
static void an_id_has_no_other_byte_anywhere(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 64; size++) {
        uint8_t *text = malloc(size); /* exact, so that a sanitizer sees a read outside */
        assert_non_null(text);
        memset(text, 'm', size);
        for (size_t at = 0; at < size; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (uint8_t)byte;
                if (check_id(bytes_of(text, size)) != in_id(byte)) {
                    fail_msg("byte %d at %zu of %zu", byte, at, size);
                }
            }
            text[at] = 'm';
        }
        free(text);
    }
}

static void a_good_record_has_no_problem(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    assert_null(check_record(&sample_type, &sample));
    sample.maybe_text = (struct bytes){0};
    assert_null(check_record(&sample_type, &sample));
}

static void the_first_bad_field_is_named(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    sample.items[2].name = bytes_text("no spaces");
    assert_ptr_equal(check_record(&sample_type, &sample), &item_fields[0]);
    sample.names[3] = bytes_text("");
    assert_string_equal(check_record(&sample_type, &sample)->name, "names");
    sample.maybe_text = bytes_text("a/b");
    assert_string_equal(check_record(&sample_type, &sample)->name, "maybe_text");
}

static void items_behind_the_count_do_not_matter(void **state)
{
    (void)state;
    struct sample sample;
    sample_fill(&sample);
    sample.names_count = 2;
    sample.names[2] = (struct bytes){0};
    sample.names[3] = bytes_text("!");
    assert_null(check_record(&sample_type, &sample));
}

static void strings_and_bytes_over_their_max_are_found(void **state)
{
    (void)state;
    struct sample sample;
    uint8_t text[101] = {0};
    sample_fill(&sample);
    sample.text = bytes_of(text, 100);
    sample.blob = bytes_of(text, 100);
    assert_null(check_record(&sample_type, &sample));
    sample.blob = bytes_of(text, 101);
    assert_string_equal(check_record(&sample_type, &sample)->name, "blob");
    sample.text = bytes_of(text, 101);
    assert_string_equal(check_record(&sample_type, &sample)->name, "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_1_to_64_bytes),
        cmocka_unit_test(an_id_has_no_other_byte_anywhere),
        cmocka_unit_test(a_good_record_has_no_problem),
        cmocka_unit_test(the_first_bad_field_is_named),
        cmocka_unit_test(items_behind_the_count_do_not_matter),
        cmocka_unit_test(strings_and_bytes_over_their_max_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
