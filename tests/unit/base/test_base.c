/* Buffers, arenas, tables, digests, problems.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/digest.h"
#include "base/problems.h"
#include "base/table.h"

#include <stdio.h>

static void null_bytes_differ_from_empty_bytes(void **state)
{
    (void)state;
    assert_false(bytes_equal((struct bytes){0}, bytes_of("", 0)));
    assert_true(bytes_equal(bytes_of("", 0), bytes_of("x", 0)));
    assert_true(bytes_compare(bytes_text("a"), bytes_text("ab")) < 0);
    assert_true(bytes_compare(bytes_text("b"), bytes_text("ab")) > 0);
}

static void a_buffer_grows_and_prints(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (int i = 0; i < 1000; i++) {
        buffer_printf(&buffer, "%d,", i);
    }
    assert_int_equal(buffer.size, 3890);
    assert_memory_equal(buffer.data, "0,1,2,", 6);
    buffer_release(&buffer);
}

static void an_arena_reuses_its_blocks(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 1; i < 2000; i++) {
            uint8_t *piece = arena_get(&arena, i);
            assert_int_equal((uintptr_t)piece % 16, 0);
            memset(piece, (int)i, i);
        }
        uint8_t *large = arena_get(&arena, 1 << 20);
        memset(large, 1, 1 << 20);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

/* Against a plain array of what should be there. */
static void a_table_finds_what_was_added_and_not_removed(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static char keys[COUNT][16];
    static bool there[COUNT];
    struct table table = {0};
    uint32_t seed = 3;
    for (int i = 0; i < COUNT; i++) {
        snprintf(keys[i], sizeof(keys[i]), "key%d", i);
    }
    for (int step = 0; step < 60000; step++) {
        seed = seed * 1664525 + 1013904223;
        const size_t i = (seed >> 8) % COUNT;
        const struct bytes key = bytes_text(keys[i]);
        assert_int_equal(table_find(&table, key) != NULL, there[i]);
        if (there[i]) {
            assert_ptr_equal(table_remove(&table, key), keys[i]);
        } else {
            table_add(&table, key, keys[i]);
        }
        there[i] = !there[i];
    }
    table_clear(&table);
    assert_null(table_find(&table, bytes_text("key1")));
    table_release(&table);
}

static void sha256_and_hmac_give_published_values(void **state)
{
    (void)state;
    uint8_t digest[DIGEST_SIZE];
    char text[2 * DIGEST_SIZE + 1] = {0};
    const struct bytes abc[] = {bytes_text("a"), bytes_text("bc")};
    digest_sha256(abc, 2, digest);
    hex_format(bytes_of(digest, DIGEST_SIZE), text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct digest_stream *stream = digest_stream_new();
    digest_stream_add(stream, bytes_text("ab"));
    digest_stream_add(stream, bytes_text("c"));
    uint8_t streamed[DIGEST_SIZE];
    digest_stream_get(stream, streamed);
    assert_memory_equal(streamed, digest, DIGEST_SIZE);
    digest_stream_clear(stream);
    digest_stream_free(stream);
    /* RFC 4231, test case 2 */
    digest_hmac(bytes_text("Jefe"), bytes_text("what do ya want for nothing?"), digest);
    hex_format(bytes_of(digest, DIGEST_SIZE), text);
    assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void a_digest_does_not_depend_on_the_pieces(void **state)
{
    (void)state;
    uint8_t text[5000];
    uint8_t whole[DIGEST_SIZE];
    uint8_t streamed[DIGEST_SIZE];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)(i * 31);
    }
    const struct bytes all = bytes_of(text, sizeof(text));
    digest_sha256(&all, 1, whole);
    struct digest_stream *stream = digest_stream_new();
    for (size_t piece = 1; piece <= sizeof(text); piece += piece < 3000 ? 7 : 400) {
        digest_stream_clear(stream);
        for (size_t at = 0; at < sizeof(text); at += piece) {
            const size_t left = sizeof(text) - at;
            digest_stream_add(stream, bytes_of(text + at, left < piece ? left : piece));
            digest_stream_get(stream, streamed); /* adding goes on */
        }
        digest_stream_add(stream, bytes_of(NULL, 0));
        digest_stream_get(stream, streamed);
        assert_memory_equal(streamed, whole, DIGEST_SIZE);
    }
    digest_stream_free(stream);
}

static void hex_refuses_what_is_no_hex(void **state)
{
    (void)state;
    uint8_t value[2];
    assert_true(hex_parse(bytes_text("0aFf"), value, 2));
    assert_int_equal(value[1], 0xff);
    assert_false(hex_parse(bytes_text("0aF"), value, 2));
    assert_false(hex_parse(bytes_text("0aFg"), value, 2));
}

static void problems_are_listed_with_their_lines(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, "a.yaml", 3, "unknown key '%s'", "x");
    problems_add(&problems, "a.yaml", 0, "is empty");
    assert_int_equal(problems.count, 2);
    assert_true(bytes_is(buffer_bytes(&problems.text),
                         "a.yaml:3: unknown key 'x'\na.yaml: is empty\n"));
    problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_bytes_differ_from_empty_bytes),
        cmocka_unit_test(a_buffer_grows_and_prints),
        cmocka_unit_test(an_arena_reuses_its_blocks),
        cmocka_unit_test(a_table_finds_what_was_added_and_not_removed),
        cmocka_unit_test(sha256_and_hmac_give_published_values),
        cmocka_unit_test(a_digest_does_not_depend_on_the_pieces),
        cmocka_unit_test(hex_refuses_what_is_no_hex),
        cmocka_unit_test(problems_are_listed_with_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
