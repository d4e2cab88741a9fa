/* The RocksDB store on a real directory: what it keeps, refuses and survives.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct store *open_store(const char *directory, struct store_memory *memory)
{
    struct error error = {0};
    struct store *store = NULL;
    CHECK_OK(store_open_rocksdb(directory, memory, &store, &error), error);
    return store;
}

static void check_refused(const char *directory, const char *because, const char *advice)
{
    struct error error = {0};
    struct store *store = NULL;
    assert_int_equal(store_open_rocksdb(directory, NULL, &store, &error), STATUS_FATAL);
    assert_null(store);
    if (strstr(error.text, because) == NULL || strstr(error.text, advice) == NULL) {
        fail_msg("'%s' should say '%s' and '%s'", error.text, because, advice);
    }
}

static void a_store_keeps_its_rows_over_a_reopening(void **unused)
{
    (void)unused;
    struct error error = {0};
    char *directory = directory_new();
    struct store_memory *memory = store_memory_new(1 << 20);
    struct store *store = open_store(directory, memory);
    check_store_get(store, "a", NULL);
    check_store_scan(store, "", "", 9, "");
    CHECK_OK(store->ops->checkpoint(store, NULL, 0, &error), error);
    CHECK_OK(WRITE_ROWS(store, &error, "a", "1", "b", "", "t1", "x", "t2", "y", "u", "z"), error);
    CHECK_OK(WRITE_ROWS(store, &error, "a", NULL, "t2", "yy"), error);
    for (int round = 0; round < 3; round++) {
        check_store_get(store, "a", NULL);
        check_store_get(store, "b", "");
        check_store_get(store, "t2", "yy");
        check_store_scan(store, "", "", 9, "b=;t1=x;t2=yy;u=z;");
        check_store_scan(store, "t", "", 9, "t1=x;t2=yy;");
        check_store_scan(store, "t", "t2", 9, "t2=yy;");
        check_store_scan(store, "t", "u", 9, "");
        check_store_scan(store, "t", "a", 1, "t1=x;");
        assert_true(store->ops->memory(store) > 0);
        store_close(store);
        store = open_store(directory, round == 0 ? NULL : memory);
    }
    store_close(store);
    store_memory_free(memory);
    store_memory_free(NULL);
    directory_remove(directory);
}

static void a_scan_of_a_prefix_of_the_highest_bytes_ends_at_the_end(void **unused)
{
    (void)unused;
    struct error error = {0};
    char *directory = directory_new();
    struct store *store = open_store(directory, NULL);
    CHECK_OK(WRITE_ROWS(store, &error, "a\xff", "1", "b", "2", "\xff", "3", "\xff\xff", "4"),
             error);
    check_store_scan(store, "a\xff", "", 9, "a\xff=1;");
    check_store_scan(store, "\xff", "", 9, "\xff=3;\xff\xff=4;");
    check_store_scan(store, "\xff\xff", "", 9, "\xff\xff=4;");
    store_close(store);
    directory_remove(directory);
}

static void missing_directories_are_made_for_their_owner_alone(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    char path[256];
    snprintf(path, sizeof(path), "%s/state/sanctions/3", directory);
    store_close(open_store(path, NULL));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    directory_remove(directory);
}

static void a_second_opening_is_refused_while_the_first_is_open(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    struct store *store = open_store(directory, NULL);
    check_refused(directory, directory, "in use by this process");
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct error error = {0};
        struct store *second = NULL;
        const enum status status = store_open_rocksdb(directory, NULL, &second, &error);
        _exit(status == STATUS_FATAL && strstr(error.text, "use by") != NULL ? 0 : 1);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    store_close(store);
    store_close(open_store(directory, NULL));
    directory_remove(directory);
}

/* In a process of its own, where this one does not hold the lock twice. */
static void another_process_is_named_as_the_holder(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        char sign = 'x';
        sign = store_open_rocksdb(directory, NULL, &store, NULL) == STATUS_OK ? 'o' : 'x';
        if (write(ready[1], &sign, 1) == 1) {
            pause();
        }
        _exit(0);
    }
    char sign = 0;
    assert_int_equal(read(ready[0], &sign, 1), 1);
    assert_int_equal(sign, 'o');
    check_refused(directory, directory, "in use by another process");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store_close(open_store(directory, NULL));
    close(ready[0]);
    close(ready[1]);
    directory_remove(directory);
}

static void files_of_an_unfinished_checkpoint_are_removed_at_open(void **unused)
{
    (void)unused;
    struct error error = {0};
    char *directory = directory_new();
    char leftover[256];
    struct store *store = open_store(directory, NULL);
    CHECK_OK(WRITE_ROWS(store, &error, "a", "1"), error);
    store_close(store);
    snprintf(leftover, sizeof(leftover), "%s/checkpoint/rows.sst", directory);
    file_write(leftover, bytes_text("half a file"));
    store = open_store(directory, NULL);
    assert_int_equal(access(leftover, F_OK), -1);
    check_store_get(store, "a", "1");
    store_close(store);
    directory_remove(directory);
}

static bool has_suffix(const char *path, const char *suffix)
{
    const size_t size = strlen(path);
    return size >= strlen(suffix) && strcmp(path + size - strlen(suffix), suffix) == 0;
}

/* A crash between the ingestion and the removal of the first name leaves two names of one file; a
 * writer that opened the old name for truncation would wipe what the store reads. */
static void link_first_table(const char *path, void *context)
{
    if (has_suffix(path, ".sst") && access(context, F_OK) != 0) {
        assert_int_equal(link(path, context), 0);
    }
}

static void a_checkpoint_file_that_is_also_the_stores_own_is_not_overwritten(void **unused)
{
    (void)unused;
    struct error error = {0};
    char *directory = directory_new();
    char leftover[256];
    snprintf(leftover, sizeof(leftover), "%s/checkpoint/rows.sst", directory);
    struct store *store = open_store(directory, NULL);
    CHECK_OK(WRITE_ROWS(store, &error, "a", "1", "b", "2"), error);
    directory_each(directory, false, link_first_table, leftover);
    assert_int_equal(access(leftover, F_OK), 0);
    CHECK_OK(WRITE_ROWS(store, &error, "b", "3"), error);
    store_close(store);
    store = open_store(directory, NULL);
    check_store_scan(store, "", "", 9, "a=1;b=3;");
    store_close(store);
    directory_remove(directory);
}

static void a_foreign_directory_is_refused_and_left_alone(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    char path[256];
    snprintf(path, sizeof(path), "%s/letter.txt", directory);
    file_write(path, bytes_text("dear"));
    check_refused(directory, "letter.txt", "name another directory");
    snprintf(path, sizeof(path), "%s/LOCK", directory);
    assert_int_equal(access(path, F_OK), -1);
    directory_empty(directory);
    file_write(path, bytes_text("")); /* a creation that was cut short */
    store_close(open_store(directory, NULL));
    directory_remove(directory);
}

static void a_path_that_cannot_be_made_is_refused_with_its_reason(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    char path[256];
    snprintf(path, sizeof(path), "%s/file", directory);
    file_write(path, bytes_text(""));
    check_refused(path, "cannot open directory", "Not a directory");
    strcat(path, "/below");
    check_refused(path, "cannot make directory", "Not a directory");
    directory_remove(directory);
}

static struct bytes number_key(size_t number, char place[32])
{
    snprintf(place, 32, "sUSER:u%06zu", number * 7);
    return bytes_text(place);
}

static struct bytes number_value(size_t number, char place[256])
{
    for (size_t i = 0; i < 200; i++) {
        place[i] = (char)('a' + (number * 31 + i * number) % 26);
    }
    return bytes_of(place, 100 + number % 100);
}

/* In `files` checkpoints, so that there are tables on more than one level. */
static void write_numbers(struct store *store, size_t count, size_t files)
{
    struct error error = {0};
    struct row *rows = memory_get(count * sizeof(*rows));
    char(*keys)[32] = memory_get(count * sizeof(*keys));
    char(*values)[256] = memory_get(count * sizeof(*values));
    for (size_t file = 0; file < files; file++) {
        size_t size = 0;
        for (size_t i = file; i < count; i += files) {
            rows[size].key = number_key(i, keys[size]);
            rows[size].value = number_value(i, values[size]);
            size++;
        }
        CHECK_OK(store->ops->checkpoint(store, rows, size, &error), error);
    }
    free(rows);
    free(keys);
    free(values);
}

struct tally {
    size_t right;
    size_t failed;
    size_t next; /* number expected next in a scan */
    size_t scanned;
};

static bool check_next(void *context, struct bytes key, struct bytes value)
{
    struct tally *tally = context;
    char key_place[32];
    char value_place[256];
    assert_true(bytes_equal(key, number_key(tally->next, key_place)));
    assert_true(bytes_equal(value, number_value(tally->next, value_place)));
    tally->next++;
    return true;
}

/* Every read gives the right row or an error, never nothing and never something else. */
static void read_numbers(const char *directory, size_t count, struct tally *tally)
{
    struct error error = {0};
    struct store *store = NULL;
    if (store_open_rocksdb(directory, NULL, &store, &error) != STATUS_OK) {
        assert_int_equal(error.status, STATUS_FATAL);
        tally->failed++;
        return;
    }
    struct buffer value = {0};
    for (size_t i = 0; i < count; i++) {
        char key_place[32];
        char value_place[256];
        bool found = false;
        buffer_clear(&value);
        if (store->ops->get(store, number_key(i, key_place), &value, &found, &error) == STATUS_OK) {
            assert_true(found);
            assert_true(bytes_equal(buffer_bytes(&value), number_value(i, value_place)));
            tally->right++;
        } else {
            tally->failed++;
        }
    }
    buffer_release(&value);
    tally->next = 0;
    if (store->ops->scan(store, bytes_text("s"), bytes_text(""), check_next, tally, &error) ==
        STATUS_OK) {
        assert_int_equal(tally->next, count);
        tally->scanned++;
    }
    store_close(store);
}

struct copies {
    struct {
        char path[256];
        struct buffer content;
    } files[32];
    size_t count;
};

static void copy_one(const char *path, void *context)
{
    struct copies *copies = context;
    assert_true(copies->count < COUNT_OF(copies->files));
    snprintf(copies->files[copies->count].path, sizeof(copies->files[0].path), "%s", path);
    copies->files[copies->count++].content = file_read(path);
}

/* RocksDB drops, renames and adds files as it opens: each trial starts from the same ones. */
static void copies_restore(const struct copies *copies, const char *directory)
{
    char path[256];
    directory_empty(directory);
    snprintf(path, sizeof(path), "%s/checkpoint", directory);
    mkdir(path, 0700);
    for (size_t i = 0; i < copies->count; i++) {
        file_write(copies->files[i].path, buffer_bytes(&copies->files[i].content));
    }
}

static void copies_release(struct copies *copies)
{
    for (size_t i = 0; i < copies->count; i++) {
        buffer_release(&copies->files[i].content);
    }
}

static void a_flipped_byte_gives_right_rows_or_errors(void **unused)
{
    (void)unused;
    enum { ROWS = 300, FLIPS = 150 };
    char *directory = directory_new();
    struct store *store = open_store(directory, NULL);
    write_numbers(store, ROWS, 3);
    store_close(store);
    struct copies copies = {0};
    directory_each(directory, false, copy_one, &copies);
    struct tally tally = {0};
    uint64_t seed = 5;
    size_t flipped = 0;
    while (flipped < FLIPS) {
        const size_t i = random_below(&seed, copies.count);
        if (has_suffix(copies.files[i].path, ".sst")) {
            uint8_t *place = copies.files[i].content.data;
            place += random_below(&seed, copies.files[i].content.size);
            const uint8_t kept = *place;
            *place ^= (uint8_t)(1 + random_below(&seed, 255));
            copies_restore(&copies, directory);
            *place = kept;
            read_numbers(directory, ROWS, &tally);
            flipped++;
        }
    }
    printf("%zu flips: %zu rows right, %zu reads or opens failed, %zu scans whole\n", flipped,
           tally.right, tally.failed, tally.scanned);
    assert_true(tally.failed > 0);
    assert_true(tally.right > 0);
    copies_release(&copies);
    directory_remove(directory);
}

static bool is_manifest(const char *path)
{
    return strstr(path, "/MANIFEST-") != NULL;
}

static void a_lost_or_damaged_file_stops_the_opening_and_says_what_to_do(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    struct store *store = open_store(directory, NULL);
    write_numbers(store, 50, 1);
    store_close(store);
    struct copies copies = {0};
    directory_each(directory, false, copy_one, &copies);
    size_t tried = 0;
    for (size_t i = 0; i < copies.count; i++) {
        const char *path = copies.files[i].path;
        const struct buffer *content = &copies.files[i].content;
        if (!has_suffix(path, ".sst") && !has_suffix(path, "/CURRENT") && !is_manifest(path)) {
            continue;
        }
        copies_restore(&copies, directory);
        assert_int_equal(unlink(path), 0);
        check_refused(directory, directory, "rebuilt from the changelog");
        if (!is_manifest(path)) {
            copies_restore(&copies, directory);
            file_write(path, bytes_of(content->data, content->size / 2));
            check_refused(directory, directory, "rebuilt from the changelog");
        }
        tried++;
    }
    assert_int_equal(tried, 3);
    copies_release(&copies);
    directory_remove(directory);
}

/* Refused, or the rows and the meta of one checkpoint. */
static bool check_agrees(const char *directory)
{
    struct error error = {0};
    struct store *store = NULL;
    if (store_open_rocksdb(directory, NULL, &store, &error) != STATUS_OK) {
        return false;
    }
    struct listing listing = {.limit = 99};
    CHECK_OK(store->ops->scan(store, bytes_text(""), bytes_text(""), list_row, &listing, &error),
             error);
    const struct bytes text = buffer_bytes(&listing.text);
    assert_true(bytes_is(text, "") || bytes_is(text, "a=1;m=1;z=1;") ||
                bytes_is(text, "a=2;m=2;y=2;z=1;"));
    buffer_release(&listing.text);
    store_close(store);
    return true;
}

/* RocksDB takes a record that is cut off for one that was being written: what is before it stands.
 */
static void a_damaged_manifest_is_refused_or_gives_an_earlier_checkpoint(void **unused)
{
    (void)unused;
    struct error error = {0};
    char *directory = directory_new();
    struct store *store = open_store(directory, NULL);
    CHECK_OK(WRITE_ROWS(store, &error, "a", "1", "m", "1", "z", "1"), error);
    CHECK_OK(WRITE_ROWS(store, &error, "a", "2", "m", "2", "y", "2"), error);
    store_close(store);
    struct copies copies = {0};
    directory_each(directory, false, copy_one, &copies);
    size_t opened = 0;
    size_t refused = 0;
    for (size_t i = 0; i < copies.count; i++) {
        const struct buffer *content = &copies.files[i].content;
        for (size_t at = 0; is_manifest(copies.files[i].path) && at < content->size; at += 5) {
            copies_restore(&copies, directory);
            file_write(copies.files[i].path, bytes_of(content->data, at));
            *(check_agrees(directory) ? &opened : &refused) += 1;
            content->data[at] ^= 0x40;
            copies_restore(&copies, directory);
            content->data[at] ^= 0x40;
            *(check_agrees(directory) ? &opened : &refused) += 1;
        }
    }
    printf("%zu opened at one checkpoint, %zu refused\n", opened, refused);
    assert_true(refused > 0);
    copies_release(&copies);
    directory_remove(directory);
}

/* The same as a disk that is full, without a disk to fill: writes past the limit fail. */
static void a_checkpoint_that_does_not_fit_leaves_the_store_as_it_was(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        struct error error = {0};
        struct store *store = NULL;
        signal(SIGXFSZ, SIG_IGN);
        if (store_open_rocksdb(directory, NULL, &store, &error) != STATUS_OK ||
            WRITE_ROWS(store, &error, "a", "1") != STATUS_OK) {
            _exit(2);
        }
        const struct rlimit small = {.rlim_cur = 65536, .rlim_max = 65536};
        setrlimit(RLIMIT_FSIZE, &small);
        struct row row = {bytes_text("a"), {0}};
        char *large = memory_get(1 << 20);
        uint64_t seed = 3;
        for (size_t i = 0; i < 1 << 20; i++) {
            large[i] = (char)random_next(&seed);
        }
        row.value = bytes_of(large, 1 << 20);
        const enum status status = store->ops->checkpoint(store, &row, 1, &error);
        const bool is_told = strstr(error.text, "nothing is lost") != NULL;
        check_store_get(store, "a", "1");
        const enum status again = WRITE_ROWS(store, &error, "a", "2");
        _exit(status == STATUS_FATAL && is_told && again == STATUS_OK ? 0 : 3);
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    struct store *store = open_store(directory, NULL);
    check_store_get(store, "a", "2");
    store_close(store);
    directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_keeps_its_rows_over_a_reopening),
        cmocka_unit_test(a_scan_of_a_prefix_of_the_highest_bytes_ends_at_the_end),
        cmocka_unit_test(missing_directories_are_made_for_their_owner_alone),
        cmocka_unit_test(a_second_opening_is_refused_while_the_first_is_open),
        cmocka_unit_test(another_process_is_named_as_the_holder),
        cmocka_unit_test(files_of_an_unfinished_checkpoint_are_removed_at_open),
        cmocka_unit_test(a_checkpoint_file_that_is_also_the_stores_own_is_not_overwritten),
        cmocka_unit_test(a_foreign_directory_is_refused_and_left_alone),
        cmocka_unit_test(a_path_that_cannot_be_made_is_refused_with_its_reason),
        cmocka_unit_test(a_flipped_byte_gives_right_rows_or_errors),
        cmocka_unit_test(a_lost_or_damaged_file_stops_the_opening_and_says_what_to_do),
        cmocka_unit_test(a_damaged_manifest_is_refused_or_gives_an_earlier_checkpoint),
        cmocka_unit_test(a_checkpoint_that_does_not_fit_leaves_the_store_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
