/* Rounds of changes that follow from their number, so that a store can be checked by the number in
 * its meta alone.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_STORE_ROUNDS_H
#define TEST_STORE_ROUNDS_H

#include "check.h"

enum { ROUND_KEYS = 400, ROUND_CHANGES = 60, ROUND_VALUE_MAX = 4096 };

static inline struct bytes round_key(size_t index, char place[16])
{
    snprintf(place, 16, "%c%04zu", index % 2 == 0 ? 's' : 'a', index);
    return bytes_text(place);
}

/* The value names its round and is long enough that a checkpoint takes a while. */
static inline struct bytes round_value(uint64_t round, size_t index, char place[ROUND_VALUE_MAX])
{
    uint64_t seed = round * 1000003 + index + 1;
    const size_t size = 32 + random_below(&seed, ROUND_VALUE_MAX - 32);
    memset(place, 0, 32);
    snprintf(place, 32, "%llu", (unsigned long long)round);
    for (size_t i = 32; i < size; i++) {
        place[i] = (char)random_next(&seed);
    }
    return bytes_of(place, size);
}

/* rounds[index] becomes the round of the row's value, 0 if the row is removed. */
static inline void round_apply(uint64_t round, uint64_t rounds[ROUND_KEYS])
{
    uint64_t seed = round * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (size_t i = 0; i < ROUND_CHANGES; i++) {
        const size_t index = random_below(&seed, ROUND_KEYS);
        rounds[index] = random_below(&seed, 5) == 0 ? 0 : round;
    }
}

/* Puts the round's changes, commits them with the round as meta. */
static inline void round_commit(struct state *state, uint64_t round)
{
    char key[32];
    char value[ROUND_VALUE_MAX];
    uint64_t touched[ROUND_KEYS];
    memset(touched, 0xff, sizeof(touched));
    round_apply(round, touched);
    for (size_t i = 0; i < ROUND_KEYS; i++) {
        if (touched[i] == round) {
            state_put(state, round_key(i, key), round_value(round, i, value));
        } else if (touched[i] == 0) {
            state_remove(state, round_key(i, key));
        }
    }
    snprintf(key, sizeof(key), "%llu", (unsigned long long)round);
    state_commit(state, bytes_text(key), 1);
}

/* The round of the stored meta; 0: none. */
static inline uint64_t round_stored(const struct state *state)
{
    char text[32] = {0};
    const struct bytes meta = state_stored_meta(state);
    if (meta.data != NULL) {
        memcpy(text, meta.data, meta.size < sizeof(text) ? meta.size : sizeof(text) - 1);
    }
    return strtoull(text, NULL, 10);
}

struct round_check {
    uint64_t rounds[ROUND_KEYS];
    size_t seen;
};

static inline bool round_check_row(void *context, struct bytes key, struct bytes value)
{
    struct round_check *check = context;
    char place[ROUND_VALUE_MAX];
    char number[8] = {0};
    assert_int_equal(key.size, 5);
    memcpy(number, key.data + 1, 4);
    const size_t index = strtoul(number, NULL, 10);
    assert_true(index < ROUND_KEYS && check->rounds[index] != 0);
    assert_true(bytes_equal(value, round_value(check->rounds[index], index, place)));
    check->seen++;
    return true;
}

/* Every row is of the round that the meta names, and none is missing. */
static inline uint64_t round_check_all(struct state *state)
{
    struct error error = {0};
    struct round_check check = {0};
    const uint64_t round = round_stored(state);
    size_t expected = 0;
    for (uint64_t i = 1; i <= round; i++) {
        round_apply(i, check.rounds);
    }
    for (size_t i = 0; i < ROUND_KEYS; i++) {
        expected += check.rounds[i] != 0;
    }
    CHECK_OK(state_scan(state, bytes_text(""), bytes_text(""), SIZE_MAX, round_check_row, &check,
                        &error),
             error);
    assert_int_equal(check.seen, expected);
    return round;
}

static inline struct state *round_open(const char *directory)
{
    static const struct state_limits limits = {.cache_bytes = 1 << 18, .checkpoint_bytes = 1};
    struct error error = {0};
    struct store *store = NULL;
    struct state *state = NULL;
    CHECK_OK(store_open_rocksdb(directory, NULL, &store, &error), error);
    CHECK_OK(state_open(store, &limits, &state, &error), error);
    CHECK_OK(state_start_compaction(state, &error), error);
    return state;
}

#endif
