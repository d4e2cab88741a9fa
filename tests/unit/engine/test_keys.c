/* Audit keys: wrapping, sealing, files.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t seed[32] = {1, 2, 3};

static void a_wrapped_key_opens_for_its_subject_only(void **state)
{
    (void)state;
    struct key_ring *ring = key_ring_random();
    uint8_t key[KEY_SIZE];
    uint8_t again[KEY_SIZE];
    uint8_t wrapped[WRAPPED_SIZE];
    key_make(ring, bytes_text("USER:u1"), bytes_text("d1"), key, wrapped);
    assert_true(key_unwrap(ring, bytes_text("USER:u1"), bytes_of(wrapped, sizeof(wrapped)), again));
    assert_memory_equal(key, again, KEY_SIZE);
    assert_false(
        key_unwrap(ring, bytes_text("USER:u2"), bytes_of(wrapped, sizeof(wrapped)), again));
    struct key_ring *other = key_ring_random();
    assert_false(
        key_unwrap(other, bytes_text("USER:u1"), bytes_of(wrapped, sizeof(wrapped)), again));
    wrapped[20] ^= 1;
    assert_false(
        key_unwrap(ring, bytes_text("USER:u1"), bytes_of(wrapped, sizeof(wrapped)), again));
    key_ring_free(other);
    key_ring_free(ring);
}

static void a_seed_gives_the_same_keys(void **state)
{
    (void)state;
    struct key_ring *left = key_ring_seeded(seed);
    struct key_ring *right = key_ring_seeded(seed);
    uint8_t keys[2][KEY_SIZE];
    uint8_t wrapped[2][WRAPPED_SIZE];
    key_make(left, bytes_text("USER:u1"), bytes_text("d1"), keys[0], wrapped[0]);
    key_make(right, bytes_text("USER:u1"), bytes_text("d1"), keys[1], wrapped[1]);
    assert_memory_equal(keys[0], keys[1], KEY_SIZE);
    assert_memory_equal(wrapped[0], wrapped[1], WRAPPED_SIZE);
    key_make(right, bytes_text("USER:u2"), bytes_text("d1"), keys[1], wrapped[1]);
    assert_memory_not_equal(keys[0], keys[1], KEY_SIZE);
    /* After an erasure another decision is the first: what was erased stays closed. */
    key_make(right, bytes_text("USER:u1"), bytes_text("d2"), keys[1], wrapped[1]);
    assert_memory_not_equal(keys[0], keys[1], KEY_SIZE);
    key_ring_free(left);
    key_ring_free(right);
}

static void a_sealed_payload_opens_with_its_key_and_decision_only(void **state)
{
    (void)state;
    uint8_t key[KEY_SIZE] = {9};
    const struct bytes decision = bytes_text("00112233445566778899aabbccddeeff");
    struct buffer sealed = {0};
    struct buffer plain = {0};
    key_seal(key, decision, bytes_text("payload"), &sealed);
    assert_int_equal(sealed.size, strlen("payload") + SEALED_EXTRA);
    assert_true(key_open(key, decision, buffer_bytes(&sealed), &plain));
    assert_true(bytes_is(buffer_bytes(&plain), "payload"));
    buffer_clear(&plain);
    assert_false(key_open(key, bytes_text("other"), buffer_bytes(&sealed), &plain));
    key[0] = 8;
    assert_false(key_open(key, decision, buffer_bytes(&sealed), &plain));
    assert_int_equal(plain.size, 0);
    buffer_release(&sealed);
    buffer_release(&plain);
}

static void a_key_file_is_made_once_and_must_be_private(void **state)
{
    (void)state;
    char path[] = "/tmp/sanctiond-key-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    unlink(path);
    struct error error = {0};
    struct key_ring *ring = NULL;
    assert_int_equal(key_ring_open(path, false, &ring, &error), STATUS_FATAL);
    assert_int_equal(key_ring_open(path, true, &ring, &error), STATUS_OK);
    struct key_ring *again = NULL;
    assert_int_equal(key_ring_open(path, true, &again, &error), STATUS_OK);
    assert_true(bytes_equal(key_ring_id(ring), key_ring_id(again)));
    key_ring_free(again);
    chmod(path, 0644);
    assert_int_equal(key_ring_open(path, false, &again, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "open to others"));
    FILE *bad = fopen(path, "w");
    fputs("not a key", bad);
    fclose(bad);
    assert_int_equal(key_ring_open(path, false, &again, &error), STATUS_FATAL);
    key_ring_free(ring);
    unlink(path);
}

static void a_kept_key_is_found_by_its_id(void **state)
{
    (void)state;
    struct key_ring *ring = key_ring_random();
    uint8_t key[KEY_SIZE] = {4};
    char id[KEY_ID_SIZE];
    key_id(key, id);
    assert_null(key_ring_find(ring, bytes_of(id, sizeof(id))));
    key_ring_keep(ring, key);
    key_ring_keep(ring, key);
    assert_memory_equal(key_ring_find(ring, bytes_of(id, sizeof(id))), key, KEY_SIZE);
    key_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrapped_key_opens_for_its_subject_only),
        cmocka_unit_test(a_seed_gives_the_same_keys),
        cmocka_unit_test(a_sealed_payload_opens_with_its_key_and_decision_only),
        cmocka_unit_test(a_key_file_is_made_once_and_must_be_private),
        cmocka_unit_test(a_kept_key_is_found_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
