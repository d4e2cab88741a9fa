/* Checkpoints written by another thread while the task's own reads, scans and commits: the rows are
 * always those of the last commit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"
#include "rounds.h"

#include <pthread.h>

enum { CHECKPOINTS = 60 };

static void *write_checkpoint(void *context)
{
    state_checkpoint_write(context);
    return NULL;
}

static void check_some(struct state *state, const uint64_t rounds[ROUND_KEYS], uint64_t *seed)
{
    struct error error = {0};
    for (size_t i = 0; i < 50; i++) {
        char key[16];
        char place[ROUND_VALUE_MAX];
        struct bytes value = {0};
        const size_t index = random_below(seed, ROUND_KEYS);
        CHECK_OK(state_get(state, round_key(index, key), &value, &error), error);
        assert_true(rounds[index] == 0
                        ? value.data == NULL
                        : bytes_equal(value, round_value(rounds[index], index, place)));
    }
    struct round_check check = {0};
    memcpy(check.rounds, rounds, sizeof(check.rounds));
    CHECK_OK(state_scan(state, bytes_text("s"), bytes_text(""), SIZE_MAX, round_check_row, &check,
                        &error),
             error);
}

static void run(struct store *store, size_t checkpoints)
{
    static const struct state_limits limits = {.cache_bytes = 1 << 18, .checkpoint_bytes = 1};
    struct error error = {0};
    struct state *state = NULL;
    uint64_t rounds[ROUND_KEYS] = {0};
    uint64_t round = 0;
    uint64_t seed = 17;
    CHECK_OK(state_open(store, &limits, &state, &error), error);
    CHECK_OK(state_start_compaction(state, &error), error);
    for (size_t i = 0; i < checkpoints; i++) {
        pthread_t thread;
        round_commit(state, ++round);
        round_apply(round, rounds);
        state_checkpoint_begin(state);
        assert_int_equal(pthread_create(&thread, NULL, write_checkpoint, state), 0);
        for (size_t beside = 0; beside < 3; beside++) {
            check_some(state, rounds, &seed);
            round_commit(state, ++round);
            round_apply(round, rounds);
            assert_false(state_checkpoint_due(state, 1000000));
            assert_true(state_memory(state) > 0);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        CHECK_OK(state_checkpoint_end(state, &error), error);
        assert_int_equal(round_stored(state), round - 3);
        check_some(state, rounds, &seed);
    }
    CHECK_OK(state_checkpoint(state, &error), error);
    assert_int_equal(round_check_all(state), round);
    state_close(state);
}

static void reads_beside_a_checkpoint_into_memory_are_right(void **unused)
{
    (void)unused;
    run(store_open_memory(), CHECKPOINTS);
}

static void reads_beside_a_checkpoint_into_rocksdb_are_right(void **unused)
{
    (void)unused;
    struct error error = {0};
    struct store *store = NULL;
    char *directory = directory_new();
    CHECK_OK(store_open_rocksdb(directory, NULL, &store, &error), error);
    run(store, CHECKPOINTS);
    directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_beside_a_checkpoint_into_memory_are_right),
        cmocka_unit_test(reads_beside_a_checkpoint_into_rocksdb_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
