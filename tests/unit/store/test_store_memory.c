/* The memory store and the failing store.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static void a_new_store_is_empty(void **unused)
{
    (void)unused;
    struct store *store = store_open_memory();
    check_store_get(store, "a", NULL);
    check_store_scan(store, "", "", 9, "");
    store_close(store);
    store_close(NULL);
}

static void a_checkpoint_puts_replaces_and_removes(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = store_open_memory();
    CHECK_OK(WRITE_ROWS(store, &error, "a", "1", "b", "2", "c", ""), error);
    CHECK_OK(WRITE_ROWS(store, &error, "a", NULL, "b", "22 and longer than before", "z", NULL),
             error);
    check_store_get(store, "a", NULL);
    check_store_get(store, "b", "22 and longer than before");
    check_store_get(store, "c", "");
    assert_true(store->ops->memory(store) > 0);
    store_close(store);
}

static void a_scan_keeps_to_its_prefix_and_starts_at_from(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = store_open_memory();
    CHECK_OK(WRITE_ROWS(store, &error, "a", "0", "t", "1", "t1", "2", "t2", "3", "u", "4"), error);
    check_store_scan(store, "", "", 9, "a=0;t=1;t1=2;t2=3;u=4;");
    check_store_scan(store, "t", "", 9, "t=1;t1=2;t2=3;");
    check_store_scan(store, "t", "a", 9, "t=1;t1=2;t2=3;");
    check_store_scan(store, "t", "t1", 9, "t1=2;t2=3;");
    check_store_scan(store, "t", "t11", 9, "t2=3;");
    check_store_scan(store, "t", "u", 9, "");
    check_store_scan(store, "t", "", 2, "t=1;t1=2;");
    store_close(store);
}

static bool get_beside(void *context, struct bytes key, struct bytes value)
{
    (void)key;
    (void)value;
    check_store_get(context, "a", "0");
    return true;
}

static void a_visitor_may_get_rows(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = store_open_memory();
    CHECK_OK(WRITE_ROWS(store, &error, "a", "0", "t", "1"), error);
    CHECK_OK(store->ops->scan(store, bytes_text(""), bytes_text(""), get_beside, store, &error),
             error);
    store_close(store);
}

static void the_failing_store_fails_at_the_chosen_call_only(void **unused)
{
    (void)unused;
    struct error error = {0};
    for (unsigned nth = 0; nth <= 3; nth++) {
        struct store *store = store_open_failing(store_open_memory(), nth);
        struct buffer value = {0};
        struct listing listing = {.limit = 9};
        bool found = false;
        assert_int_equal(WRITE_ROWS(store, &error, "a", "0") != STATUS_OK, nth == 1);
        assert_int_equal(
            store->ops->get(store, bytes_text("a"), &value, &found, &error) != STATUS_OK, nth == 2);
        assert_int_equal(store->ops->scan(store, bytes_text(""), bytes_text(""), list_row, &listing,
                                          &error) != STATUS_OK,
                         nth == 3);
        assert_int_equal(store_failing_calls(store), 3);
        if (nth > 0) {
            assert_int_equal(error.status, STATUS_FATAL);
            assert_non_null(strstr(error.text, "by request"));
        }
        check_store_get(store, "a", nth == 1 ? NULL : "0");
        assert_true(store->ops->memory(store) > 0 || nth == 1);
        buffer_release(&value);
        buffer_release(&listing.text);
        store_close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_store_is_empty),
        cmocka_unit_test(a_checkpoint_puts_replaces_and_removes),
        cmocka_unit_test(a_scan_keeps_to_its_prefix_and_starts_at_from),
        cmocka_unit_test(a_visitor_may_get_rows),
        cmocka_unit_test(the_failing_store_fails_at_the_chosen_call_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
