/* What a checkpoint costs a row, compaction included, and what reads cost: rows like subjects'
 * standings.
 *
 * CPU time is that of all threads, RocksDB's compactions among them. The directory is the argument,
 * or a new one below /tmp.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    SUBJECTS = 1000000,
    PER_CHECKPOINT = 100000,
    ROUNDS = 2, /* how often every subject is written */
    PER_COMMIT = 5000,
    VALUE_BYTES = 280,
    GETS = 200000,
    HOT = 10000,
};

#define CACHE_BYTES ((size_t)32 << 20)

struct bench {
    struct state *state;
    uint64_t seed;
    uint8_t value[VALUE_BYTES];
};

struct moment {
    double cpu_us; /* of all threads */
    double wall_us;
    double own_us; /* CPU of this thread */
};

static double time_us(struct timeval time)
{
    return (double)time.tv_sec * 1e6 + (double)time.tv_usec;
}

static double clock_us(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static struct moment moment_now(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (struct moment){
        .cpu_us = time_us(usage.ru_utime) + time_us(usage.ru_stime),
        .wall_us = clock_us(CLOCK_MONOTONIC),
        .own_us = clock_us(CLOCK_THREAD_CPUTIME_ID),
    };
}

static void print(const char *name, struct moment start, size_t count)
{
    const struct moment end = moment_now();
    printf("%-34s %8.2f us CPU %8.2f us wall\n", name, (end.cpu_us - start.cpu_us) / (double)count,
           (end.wall_us - start.wall_us) / (double)count);
}

static void must(enum status status, const struct error *error)
{
    if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", error->text);
        exit(1);
    }
}

static uint64_t random_next(struct bench *bench)
{
    bench->seed ^= bench->seed << 13;
    bench->seed ^= bench->seed >> 7;
    bench->seed ^= bench->seed << 17;
    return bench->seed;
}

/* Pseudonyms: their order is not that of their numbers. */
static struct bytes subject_key(uint64_t subject, char place[48])
{
    uint8_t number[8];
    be64_put(number, subject);
    snprintf(place, 48, "sUSER:%016llx",
             (unsigned long long)hash64(bytes_of(number, sizeof(number))));
    return bytes_text(place);
}

/* Half of a standing repeats from subject to subject, half does not. */
static struct bytes subject_value(struct bench *bench)
{
    for (size_t i = 0; i < VALUE_BYTES / 2; i += 4) {
        const uint64_t number = random_next(bench);
        memcpy(bench->value + i, &number, 4);
    }
    return bytes_of(bench->value, VALUE_BYTES);
}

/* The CPU this thread spent outside the write of the checkpoint. */
static double put_all(struct bench *bench, uint64_t from, uint64_t to, uint64_t stride)
{
    struct error error = {0};
    const struct moment start = moment_now();
    for (uint64_t i = from; i < to; i++) {
        char place[48];
        state_put(bench->state, subject_key(i * stride % SUBJECTS, place), subject_value(bench));
        if ((i + 1) % PER_COMMIT == 0) {
            state_commit(bench->state, bytes_text("meta"), 0);
        }
    }
    state_checkpoint_begin(bench->state);
    const struct moment write = moment_now();
    state_checkpoint_write(bench->state);
    const struct moment end = moment_now();
    must(state_checkpoint_end(bench->state, &error), &error);
    return moment_now().own_us - end.own_us + write.own_us - start.own_us;
}

static void bench_checkpoints(struct bench *bench)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const struct moment start = moment_now();
        double other_us = 0;
        for (uint64_t i = 0; i < SUBJECTS; i += PER_CHECKPOINT) {
            other_us += put_all(bench, i, i + PER_CHECKPOINT, round == 0 ? 1 : 7919);
        }
        if (round + 1 == ROUNDS) {
            sleep(2); /* the compactions still to come are part of the price */
        }
        const struct moment end = moment_now();
        const char *what = round == 0 ? "new" : "changed";
        printf("%-8sput, commit and end            %8.2f us CPU\n", what, other_us / SUBJECTS);
        printf("%-8scheckpoint and compaction      %8.2f us CPU %8.2f us wall, all\n", what,
               (end.cpu_us - start.cpu_us - other_us) / SUBJECTS,
               (end.wall_us - start.wall_us) / SUBJECTS);
    }
}

static void bench_gets(struct bench *bench, const char *name, uint64_t first, uint64_t bound)
{
    struct error error = {0};
    const struct moment start = moment_now();
    for (size_t i = 0; i < GETS; i++) {
        char place[48];
        struct bytes value = {0};
        must(state_get(bench->state, subject_key(first + random_next(bench) % bound, place), &value,
                       &error),
             &error);
        ASSERT((value.data != NULL) == (first < SUBJECTS));
    }
    print(name, start, GETS);
}

/* The price of making random keys and values, which the others pay too. */
static void bench_nothing(struct bench *bench)
{
    char place[48];
    size_t sum = 0;
    const struct moment start = moment_now();
    for (uint64_t i = 0; i < SUBJECTS; i++) {
        sum += (size_t)subject_key(i, place).data[9] + (size_t)subject_value(bench).data[0];
    }
    print(sum > 0 ? "key and value alone" : "", start, SUBJECTS);
}

static void bench_layers(struct bench *bench)
{
    char place[48];
    const struct moment start = moment_now();
    for (uint64_t i = 0; i < PER_CHECKPOINT; i++) {
        state_put(bench->state, subject_key(i, place), subject_value(bench));
    }
    print("put into the overlay", start, PER_CHECKPOINT);
    const struct row *rows = NULL;
    const struct moment sort = moment_now();
    const size_t count = state_seal(bench->state, &rows);
    print("dirty rows in key order", sort, count);
    const struct moment commit = moment_now();
    state_commit(bench->state, bytes_text("meta"), 0);
    print("commit", commit, count);
    struct error error = {0};
    const struct moment begin = moment_now();
    state_checkpoint_begin(bench->state);
    print("checkpoint begin", begin, count);
    state_checkpoint_write(bench->state);
    const struct moment end = moment_now();
    must(state_checkpoint_end(bench->state, &error), &error);
    print("checkpoint end", end, count);
}

int main(int argument_count, char **arguments)
{
    char made[] = "/tmp/bench-store-XXXXXX";
    const char *directory = argument_count > 1 ? arguments[1] : mkdtemp(made);
    struct error error = {0};
    struct store *store = NULL;
    struct store_memory *memory = store_memory_new((size_t)64 << 20);
    const struct state_limits limits = {
        .cache_bytes = CACHE_BYTES,
        .checkpoint_bytes = SIZE_MAX,
        .checkpoint_ms = 1000,
    };
    struct bench bench = {.seed = 88172645463325252u};
    must(store_open_rocksdb(directory, memory, &store, &error), &error);
    must(state_open(store, &limits, &bench.state, &error), &error);
    must(state_start_compaction(bench.state, &error), &error);
    bench_nothing(&bench);
    bench_checkpoints(&bench);
    bench_gets(&bench, "get, any subject", 0, SUBJECTS);
    bench_gets(&bench, "get, first of hot subjects", 0, HOT);
    bench_gets(&bench, "get, hot subjects", 0, HOT);
    bench_gets(&bench, "get, absent", (uint64_t)1 << 40, (uint64_t)1 << 40);
    bench_layers(&bench);
    printf("%-34s %8.1f MB state %8.1f MB store\n", "memory",
           (double)state_memory(bench.state) / 1e6, (double)store->ops->memory(store) / 1e6);
    state_close(bench.state);
    store_memory_free(memory);
    return 0;
}
