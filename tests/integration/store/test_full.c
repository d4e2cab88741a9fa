/* A disk that fills up, at different fills: the checkpoint fails with what to do, the rows stay
 * readable, and after space is made the store goes on from its last checkpoint.
 *
 * Needs a small file system of its own and so root; without it the test says that it was skipped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"
#include "rounds.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { TRIALS = 8 };

static void fill(const char *directory, size_t size)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/ballast", directory);
    char *zeros = memory_get(size);
    memset(zeros, 1, size);
    file_write(path, bytes_of(zeros, size));
    free(zeros);
}

/* In a process of its own, for RocksDB could abort: 0 if all went as it should. */
static int write_until_full(const char *directory)
{
    struct state *state = round_open(directory);
    struct error error = {0};
    uint64_t round = round_stored(state) + 1;
    for (;; round++) {
        round_commit(state, round);
        if (state_checkpoint(state, &error) != STATUS_OK) {
            break;
        }
    }
    printf("round %llu: %s\n", (unsigned long long)round, error.text);
    fflush(stdout);
    if (error.status != STATUS_FATAL || strstr(error.text, "free space") == NULL ||
        round_stored(state) != round - 1) {
        return 2;
    }
    /* What failed is still in memory: every row reads as of the last commit. */
    struct bytes value = {0};
    char key[16];
    for (size_t i = 0; i < ROUND_KEYS; i++) {
        if (state_get(state, round_key(i, key), &value, &error) != STATUS_OK) {
            return 3;
        }
    }
    state_close(state);
    return 0;
}

static void run_child(const char *directory)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        _exit(write_until_full(directory));
    }
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

static void a_full_disk_stops_the_store_and_loses_nothing(void **unused)
{
    (void)unused;
    char *mounted = directory_new();
    if (mount("tmpfs", mounted, "tmpfs", 0, "size=12m") != 0) {
        printf("SKIPPED: cannot mount a tmpfs on '%s': %s; run as root\n", mounted,
               strerror(errno));
        directory_remove(mounted);
        skip();
    }
    char store[256];
    char ballast[256];
    snprintf(store, sizeof(store), "%s/store", mounted);
    snprintf(ballast, sizeof(ballast), "%s/ballast", mounted);
    uint64_t before = 0;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        fill(mounted, 5000000 + trial * 77777);
        run_child(store);
        assert_int_equal(unlink(ballast), 0);
        struct state *state = round_open(store);
        const uint64_t stored = round_check_all(state);
        assert_true(stored >= before);
        round_commit(state, stored + 1);
        struct error error = {0};
        CHECK_OK(state_checkpoint(state, &error), error);
        before = round_check_all(state);
        assert_int_equal(before, stored + 1);
        state_close(state);
    }
    directory_empty(mounted);
    assert_int_equal(umount(mounted), 0);
    directory_remove(mounted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_stops_the_store_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
