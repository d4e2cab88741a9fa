/* What the tests of the store share: rows in short, a model to compare with, numbers from a seed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_STORE_CHECK_H
#define TEST_STORE_CHECK_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "store/row_map.h"
#include "store/row_sort.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define CHECK_OK(call, error)                                                                      \
    do {                                                                                           \
        const enum status check_status = (call);                                                   \
        if (check_status != STATUS_OK) {                                                           \
            fail_msg("%s: status %d: %s", #call, check_status, (error).text);                      \
        }                                                                                          \
    } while (0)

static inline struct bytes text_of(const char *text)
{
    return text == NULL ? bytes_of(NULL, 0) : bytes_text(text);
}

/* xorshift64*: the same steps for the same seed. */
static inline uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

static inline size_t random_below(uint64_t *seed, size_t bound)
{
    return (size_t)(random_next(seed) >> 33) % bound;
}

/* A checkpoint of up to 16 rows given as "key", "value" or NULL, ..., in key order. */
static inline enum status write_rows(struct store *store, struct error *error, size_t count,
                                     const char *const *texts)
{
    struct row rows[16];
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct row){.key = text_of(texts[2 * i]), .value = text_of(texts[2 * i + 1])};
    }
    return store->ops->checkpoint(store, rows, count, error);
}
#define WRITE_ROWS(store, error, ...)                                                              \
    write_rows(store, error, COUNT_OF(((const char *[]){__VA_ARGS__})) / 2,                        \
               (const char *const[]){__VA_ARGS__})

/* Absent if `expected` is NULL. */
static inline void check_store_get(struct store *store, const char *key, const char *expected)
{
    struct error error = {0};
    struct buffer value = {0};
    bool found = false;
    CHECK_OK(store->ops->get(store, bytes_text(key), &value, &found, &error), error);
    assert_int_equal(found, expected != NULL);
    if (expected != NULL) {
        assert_true(bytes_is(buffer_bytes(&value), expected));
    }
    buffer_release(&value);
}

/* Collects "key=value;" of each row; stops after `limit` rows. */
struct listing {
    struct buffer text;
    size_t limit;
};

static inline bool list_row(void *context, struct bytes key, struct bytes value)
{
    struct listing *listing = context;
    assert_non_null(value.data);
    buffer_printf(&listing->text, "%.*s=%.*s;", BYTES_PRINT(key), BYTES_PRINT(value));
    return --listing->limit > 0;
}

static inline void check_store_scan(struct store *store, const char *prefix, const char *from,
                                    size_t limit, const char *expected)
{
    struct error error = {0};
    struct listing listing = {.limit = limit};
    CHECK_OK(
        store->ops->scan(store, bytes_text(prefix), bytes_text(from), list_row, &listing, &error),
        error);
    buffer_append(&listing.text, bytes_of("", 1));
    assert_string_equal((const char *)listing.text.data, expected);
    buffer_release(&listing.text);
}

static inline void check_scan(struct state *state, const char *prefix, const char *from,
                              size_t limit, const char *expected)
{
    struct error error = {0};
    struct listing listing = {.limit = SIZE_MAX};
    CHECK_OK(
        state_scan(state, bytes_text(prefix), bytes_text(from), limit, list_row, &listing, &error),
        error);
    buffer_append(&listing.text, bytes_of("", 1));
    assert_string_equal((const char *)listing.text.data, expected);
    buffer_release(&listing.text);
}

static inline void check_get(struct state *state, const char *key, const char *expected)
{
    struct error error = {0};
    struct bytes value = {0};
    CHECK_OK(state_get(state, bytes_text(key), &value, &error), error);
    if (expected == NULL) {
        assert_null(value.data);
    } else {
        assert_non_null(value.data);
        assert_true(bytes_is(value, expected));
    }
}

#endif
