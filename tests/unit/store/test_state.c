/* The layered rows of a task, one behaviour at a time, on the memory store.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static const struct state_limits limits = {
    .cache_bytes = 1 << 20,
    .checkpoint_bytes = 10000,
    .checkpoint_ms = 10,
};

static struct state *open_over(struct store *store)
{
    struct error error = {0};
    struct state *state = NULL;
    CHECK_OK(state_open(store, &limits, &state, &error), error);
    return state;
}

static struct state *open_new(void)
{
    return open_over(store_open_memory());
}

static void put(struct state *state, const char *key, const char *value)
{
    state_put(state, bytes_text(key), bytes_text(value));
}

static void drop(struct state *state, const char *key)
{
    state_remove(state, bytes_text(key));
}

static void commit(struct state *state, const char *meta)
{
    state_commit(state, bytes_text(meta), 100);
}

static void checkpoint(struct state *state)
{
    struct error error = {0};
    CHECK_OK(state_checkpoint(state, &error), error);
}

static void an_aborted_change_is_gone_and_a_committed_one_stays(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    put(state, "a", "1");
    commit(state, "m1");
    put(state, "a", "2");
    put(state, "b", "2");
    check_get(state, "a", "2");
    state_abort(state);
    check_get(state, "a", "1");
    check_get(state, "b", NULL);
    state_close(state);
}

static void a_removal_hides_the_row_of_every_layer_below(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    put(state, "a", "stored");
    commit(state, "m1");
    checkpoint(state);
    drop(state, "a");
    drop(state, "never there");
    check_get(state, "a", NULL);
    state_abort(state);
    check_get(state, "a", "stored");
    drop(state, "a");
    commit(state, "m2");
    check_get(state, "a", NULL);
    check_scan(state, "", "", 9, "");
    state_checkpoint_begin(state);
    check_get(state, "a", NULL);
    state_checkpoint_write(state);
    check_get(state, "a", NULL);
    struct error error = {0};
    CHECK_OK(state_checkpoint_end(state, &error), error);
    check_get(state, "a", NULL);
    state_close(state);
}

static void an_empty_value_is_not_an_absent_one(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    put(state, "a", "");
    check_get(state, "a", "");
    commit(state, "m1");
    checkpoint(state);
    check_get(state, "a", "");
    check_scan(state, "a", "", 9, "a=;");
    state_close(state);
}

static void dirty_rows_come_sorted_and_once(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    const struct row *rows = NULL;
    put(state, "b", "1");
    put(state, "a", "1");
    put(state, "b", "22");
    drop(state, "c");
    assert_int_equal(state_dirty_bytes(state), 6);
    assert_int_equal(state_seal(state, &rows), 3);
    assert_true(bytes_is(rows[0].key, "a") && bytes_is(rows[0].value, "1"));
    assert_true(bytes_is(rows[1].key, "b") && bytes_is(rows[1].value, "22"));
    assert_true(bytes_is(rows[2].key, "c") && rows[2].value.data == NULL);
    assert_int_equal(state_dirty_bytes(state), 0);
    put(state, "0", "");
    commit(state, "m1");
    assert_int_equal(state_seal(state, &rows), 1);
    assert_true(bytes_is(rows[0].key, "0"));
    assert_int_equal(state_dirty_bytes(state), 0);
    commit(state, "m2");
    assert_int_equal(state_seal(state, &rows), 0);
    commit(state, "m3");
    state_close(state);
}

static void a_transaction_is_made_over_the_one_being_committed(void **unused)
{
    (void)unused;
    struct store *store = store_open_memory();
    struct state *state = open_over(store);
    const struct row *rows = NULL;
    put(state, "a", "0");
    put(state, "b", "0");
    put(state, "c", "0");
    commit(state, "m0");
    put(state, "a", "1");
    drop(state, "b");
    assert_int_equal(state_seal(state, &rows), 2);
    put(state, "a", "2");
    put(state, "d", "2");
    check_get(state, "a", "2");
    check_get(state, "b", NULL);
    check_scan(state, "", "", 9, "a=2;c=0;d=2;");
    assert_true(bytes_is(rows[0].value, "1")); /* what the changelog gets stays */
    commit(state, "m1");
    check_get(state, "a", "2");
    checkpoint(state);
    check_store_scan(store, "", "", 9, "a=1;c=0;m=m1;"); /* never what is being made (E1) */
    assert_int_equal(state_seal(state, &rows), 2);
    put(state, "c", "3");
    state_abort(state); /* both */
    check_scan(state, "", "", 9, "a=1;c=0;");
    put(state, "c", "4");
    commit(state, "m2");
    check_scan(state, "", "", 9, "a=1;c=4;");
    state_close(state);
}

static void a_scan_merges_every_layer_in_key_order(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct state *state = open_new();
    put(state, "t1", "store");
    put(state, "t2", "store");
    put(state, "t5", "store");
    put(state, "t7", "store");
    commit(state, "m1");
    checkpoint(state);
    put(state, "t2", "frozen");
    put(state, "t3", "frozen");
    drop(state, "t5");
    commit(state, "m2");
    state_checkpoint_begin(state);
    put(state, "t3", "pending");
    put(state, "t4", "pending");
    put(state, "t5", "pending");
    commit(state, "m3");
    drop(state, "t4");
    put(state, "t0", "overlay");
    put(state, "t8", "overlay");
    put(state, "u", "elsewhere");
    const char *all = "t0=overlay;t1=store;t2=frozen;t3=pending;t5=pending;t7=store;t8=overlay;";
    check_scan(state, "t", "", 99, all);
    check_scan(state, "t", "", 3, "t0=overlay;t1=store;t2=frozen;");
    check_scan(state, "t", "t4", 99, "t5=pending;t7=store;t8=overlay;");
    check_scan(state, "t", "t8", 99, "t8=overlay;");
    check_scan(state, "t", "t9", 99, "");
    check_scan(state, "t", "", 0, "");
    check_scan(state, "", "t71", 99, "t8=overlay;u=elsewhere;");
    state_checkpoint_write(state);
    CHECK_OK(state_checkpoint_end(state, &error), error);
    check_scan(state, "t", "", 99, all);
    state_close(state);
}

static void the_meta_of_the_last_commit_is_stored_with_its_rows(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = store_open_memory();
    struct state *state = open_over(store);
    assert_null(state_stored_meta(state).data);
    put(state, "a", "1");
    put(state, "z", "1");
    commit(state, "m1");
    state_checkpoint_begin(state);
    put(state, "a", "2");
    commit(state, "m2");
    state_checkpoint_write(state);
    assert_null(state_stored_meta(state).data);
    CHECK_OK(state_checkpoint_end(state, &error), error);
    assert_true(bytes_is(state_stored_meta(state), "m1"));
    check_store_get(store, STATE_META_KEY, "m1");
    check_store_get(store, "a", "1");
    check_get(state, "a", "2");
    check_scan(state, "", "", 9, "a=2;z=1;");
    state_close(state);
}

static void a_commit_without_rows_stores_its_meta_too(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    checkpoint(state);
    assert_null(state_stored_meta(state).data);
    commit(state, "m1");
    assert_false(state_checkpoint_due(state, 100 + limits.checkpoint_ms));
    assert_true(state_checkpoint_due(state, 100 + 30 * limits.checkpoint_ms));
    checkpoint(state);
    assert_true(bytes_is(state_stored_meta(state), "m1"));
    assert_false(state_checkpoint_due(state, 1000000));
    state_close(state);
}

static void a_checkpoint_is_due_by_age_and_by_bytes(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    assert_false(state_checkpoint_due(state, 1000));
    put(state, "a", "1");
    assert_false(state_checkpoint_due(state, 1000));
    state_commit(state, bytes_text("m1"), 1000);
    assert_false(state_checkpoint_due(state, 1009));
    put(state, "b", "1");
    state_commit(state, bytes_text("m2"), 1009);
    assert_true(state_checkpoint_due(state, 1010));
    state_checkpoint_begin(state);
    assert_false(state_checkpoint_due(state, 2000));
    state_checkpoint_write(state);
    struct error error = {0};
    CHECK_OK(state_checkpoint_end(state, &error), error);
    assert_false(state_checkpoint_due(state, 3000));
    for (char key[] = "a"; key[0] < 'k'; key[0]++) {
        char value[1000] = {0};
        state_put(state, bytes_text(key), bytes_of(value, sizeof(value)));
    }
    state_commit(state, bytes_text("m3"), 3000);
    assert_true(state_checkpoint_due(state, 3000));
    state_close(state);
}

static void a_failed_checkpoint_loses_nothing(void **unused)
{
    (void)unused;
    struct error error = {0};
    /* Call 1 is the meta of state_open(), call 2 the checkpoint. */
    struct store *store = store_open_failing(store_open_memory(), 2);
    struct state *state = open_over(store);
    put(state, "a", "1");
    put(state, "b", "1");
    drop(state, "c");
    commit(state, "m1");
    state_checkpoint_begin(state);
    put(state, "a", "2");
    drop(state, "b");
    put(state, "c", "2");
    commit(state, "m2");
    state_checkpoint_write(state);
    assert_int_equal(state_checkpoint_end(state, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "cannot write checkpoint"));
    assert_null(state_stored_meta(state).data);
    check_scan(state, "", "", 9, "a=2;c=2;");
    assert_true(state_checkpoint_due(state, 100 + limits.checkpoint_ms));
    checkpoint(state);
    check_store_scan(store, "", "", 9, "a=2;c=2;m=m2;");
    check_scan(state, "", "", 9, "a=2;c=2;");
    state_close(state);
}

static void a_failed_read_is_an_error_not_an_absent_row(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct bytes value = bytes_text("untouched");
    struct store *store = store_open_failing(store_open_memory(), 2);
    struct state *state = open_over(store);
    assert_int_equal(state_get(state, bytes_text("a"), &value, &error), STATUS_FATAL);
    assert_true(bytes_is(value, "untouched"));
    state_close(state);
    state = open_over(store_open_failing(store_open_memory(), 2));
    struct listing listing = {.limit = 9};
    assert_int_equal(
        state_scan(state, bytes_text(""), bytes_text(""), 9, list_row, &listing, &error),
        STATUS_FATAL);
    state_close(state);
    state = NULL;
    assert_int_equal(
        state_open(store_open_failing(store_open_memory(), 1), &limits, &state, &error),
        STATUS_FATAL);
    assert_null(state);
}

static void the_cache_spares_the_store_and_keeps_to_its_bytes(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = store_open_failing(store_open_memory(), 0);
    char text[300] = {0};
    for (size_t i = 0; i < 1000; i++) {
        char key[32];
        snprintf(key, sizeof(key), "k%04zu", i);
        const struct row row = {bytes_text(key), bytes_of(text, sizeof(text))};
        CHECK_OK(store->ops->checkpoint(store, &row, 1, &error), error);
    }
    struct state_limits small = limits;
    small.cache_bytes = 40000;
    struct state *state = NULL;
    CHECK_OK(state_open(store, &small, &state, &error), error);
    const size_t empty = state_memory(state);
    for (size_t i = 0; i < 3000; i++) {
        char key[32];
        struct bytes value = {0};
        snprintf(key, sizeof(key), "k%04zu", i % 1000);
        CHECK_OK(state_get(state, bytes_text(key), &value, &error), error);
        assert_int_equal(value.size, sizeof(text));
        const unsigned calls = store_failing_calls(store);
        CHECK_OK(state_get(state, bytes_text(key), &value, &error), error);
        assert_int_equal(store_failing_calls(store), calls);
        CHECK_OK(state_get(state, bytes_text("k0000"), &value, &error), error);
        /* The hot row is found in the cache however many cold ones pass by. */
        assert_true(store_failing_calls(store) == calls || i == 0);
        assert_true(state_memory(state) < empty + 40000 + 4096);
    }
    state_close(state);
}

static void a_value_larger_than_the_cache_is_read_all_the_same(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct state_limits none = limits;
    static char text[5000];
    memset(text, 'x', sizeof(text));
    for (size_t cache_bytes = 0; cache_bytes <= 3000; cache_bytes += 3000) {
        none.cache_bytes = cache_bytes;
        struct state *state = NULL;
        CHECK_OK(state_open(store_open_memory(), &none, &state, &error), error);
        put(state, "a", "old");
        commit(state, "m1");
        checkpoint(state);
        check_get(state, "a", "old");
        state_put(state, bytes_text("a"), bytes_of(text, sizeof(text)));
        commit(state, "m2");
        checkpoint(state);
        struct bytes value = {0};
        CHECK_OK(state_get(state, bytes_text("a"), &value, &error), error);
        assert_true(bytes_equal(value, bytes_of(text, sizeof(text))));
        state_close(state);
    }
}

static void restored_rows_are_pending_and_hidden_by_the_overlay(void **unused)
{
    (void)unused;
    struct store *store = store_open_memory();
    struct state *state = open_over(store);
    put(state, "b", "overlay");
    state_restore(state, bytes_text("a"), bytes_text("1"), 100);
    state_restore(state, bytes_text("b"), bytes_text("1"), 100);
    state_restore(state, bytes_text("a"), bytes_of(NULL, 0), 100);
    check_scan(state, "", "", 9, "b=overlay;");
    state_abort(state);
    check_scan(state, "", "", 9, "b=1;");
    assert_false(state_checkpoint_due(state, 1000)); /* no meta says yet how far they go */
    commit(state, "m1");
    assert_true(state_checkpoint_due(state, 1000));
    checkpoint(state);
    check_store_scan(store, "", "", 9, "b=1;m=m1;");
    state_close(state);
}

static void every_layer_counts_as_memory(void **unused)
{
    (void)unused;
    struct state *state = open_new();
    char text[4000] = {0};
    const size_t empty = state_memory(state);
    state_put(state, bytes_text("a"), bytes_of(text, sizeof(text)));
    assert_true(state_memory(state) >= empty + 4000);
    commit(state, "m1");
    assert_true(state_memory(state) >= empty + 4000);
    state_checkpoint_begin(state);
    assert_true(state_memory(state) >= empty + 4000);
    state_put(state, bytes_text("a"), bytes_of(text, sizeof(text)));
    assert_true(state_memory(state) >= empty + 8000);
    state_abort(state);
    state_checkpoint_write(state);
    struct error error = {0};
    CHECK_OK(state_checkpoint_end(state, &error), error);
    assert_true(state_memory(state) >= empty + 4000); /* cached */
    assert_true(state_memory(state) < empty + 12000);
    state_close(state);
    state_close(NULL);
}

static const char *many_value(size_t index, size_t round, size_t changed)
{
    const size_t of_round = index < changed ? round : round - 1;
    static const char *const values[] = {NULL, "one", "two", "three", "four"};
    return (index + of_round) % 4 == 0 ? NULL : values[of_round];
}

static void many_check(struct state *state, size_t count, size_t round, size_t changed)
{
    for (size_t i = 0; i < count; i += 7) {
        char key[32];
        snprintf(key, sizeof(key), "k%05zu", i);
        check_get(state, key, many_value(i, round, changed));
    }
}

/* The rows of a large checkpoint leave for the cache over several commits: reads are right all the
 * while, and the memory comes down. */
static void written_rows_retire_a_piece_with_each_commit(void **unused)
{
    (void)unused;
    enum { ROWS = 20000, ROUNDS = 4, PIECE = 2000 };
    struct error error = {0};
    struct state_limits small = limits;
    small.cache_bytes = 100000;
    struct state *state = NULL;
    CHECK_OK(state_open(store_open_memory(), &small, &state, &error), error);
    size_t full = 0;
    for (size_t round = 1; round <= ROUNDS; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            char key[32];
            snprintf(key, sizeof(key), "k%05zu", i);
            const char *value = many_value(i, round, ROWS);
            if (value == NULL) {
                drop(state, key);
            } else {
                put(state, key, value);
            }
            if ((i + 1) % PIECE == 0 && (round < 3 || i > ROWS / 2)) {
                commit(state, "m");
                many_check(state, ROWS, round, i + 1);
            }
        }
        checkpoint(state);
        full = state_memory(state);
        many_check(state, ROWS, round, ROWS);
    }
    for (size_t i = 0; i < 16; i++) {
        commit(state, "m");
        many_check(state, ROWS, ROUNDS, ROWS);
    }
    printf("%zu bytes after the checkpoint, %zu at rest\n", full, state_memory(state));
    assert_true(full > 1000000);
    assert_true(state_memory(state) < 400000); /* slots of the overlay stay */
    state_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_aborted_change_is_gone_and_a_committed_one_stays),
        cmocka_unit_test(a_removal_hides_the_row_of_every_layer_below),
        cmocka_unit_test(an_empty_value_is_not_an_absent_one),
        cmocka_unit_test(dirty_rows_come_sorted_and_once),
        cmocka_unit_test(a_transaction_is_made_over_the_one_being_committed),
        cmocka_unit_test(a_scan_merges_every_layer_in_key_order),
        cmocka_unit_test(the_meta_of_the_last_commit_is_stored_with_its_rows),
        cmocka_unit_test(a_commit_without_rows_stores_its_meta_too),
        cmocka_unit_test(a_checkpoint_is_due_by_age_and_by_bytes),
        cmocka_unit_test(a_failed_checkpoint_loses_nothing),
        cmocka_unit_test(a_failed_read_is_an_error_not_an_absent_row),
        cmocka_unit_test(the_cache_spares_the_store_and_keeps_to_its_bytes),
        cmocka_unit_test(a_value_larger_than_the_cache_is_read_all_the_same),
        cmocka_unit_test(restored_rows_are_pending_and_hidden_by_the_overlay),
        cmocka_unit_test(every_layer_counts_as_memory),
        cmocka_unit_test(written_rows_retire_a_piece_with_each_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
