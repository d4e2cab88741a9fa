/* kill -9 at random moments of endless checkpoints: rows and meta are always of one checkpoint, and
 * of the last that was reported done or the one after it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"
#include "rounds.h"

#include <sys/wait.h>
#include <time.h>

enum { KILLS = 40, MOMENT_MAX_MS = 90 };

/* Reports each checkpoint after it is done; never returns. */
static void write_forever(const char *directory, int report)
{
    struct state *state = round_open(directory);
    for (uint64_t round = round_stored(state) + 1;; round++) {
        struct error error = {0};
        round_commit(state, round);
        if (state_checkpoint(state, &error) != STATUS_OK ||
            write(report, &round, sizeof(round)) != (ssize_t)sizeof(round)) {
            fprintf(stderr, "%s\n", error.text);
            _exit(1);
        }
    }
}

static void sleep_us(uint64_t time_us)
{
    const struct timespec time = {.tv_sec = (time_t)(time_us / 1000000),
                                  .tv_nsec = (long)(time_us % 1000000) * 1000};
    nanosleep(&time, NULL);
}

/* The last round reported before the kill, or `last`. */
static uint64_t run_and_kill(const char *directory, uint64_t time_us, uint64_t last)
{
    int report[2];
    assert_int_equal(pipe(report), 0);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(report[0]);
        write_forever(directory, report[1]);
    }
    close(report[1]);
    sleep_us(time_us);
    assert_int_equal(kill(child, SIGKILL), 0);
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    uint64_t round = 0;
    while (read(report[0], &round, sizeof(round)) == (ssize_t)sizeof(round)) {
        last = round;
    }
    close(report[0]);
    return last;
}

static void rows_and_meta_agree_after_every_kill(void **unused)
{
    (void)unused;
    char *directory = directory_new();
    uint64_t seed = (uint64_t)time(NULL) | 1;
    printf("seed %llu\n", (unsigned long long)seed);
    uint64_t stored = 0;
    size_t between = 0; /* killed after the ingestion, before the report */
    /* On a busy machine a child may be killed before its first checkpoint: more rounds then. */
    size_t kills = 0;
    for (; kills < KILLS || (stored <= KILLS && kills < 20 * KILLS); kills++) {
        const uint64_t time_us = random_below(&seed, MOMENT_MAX_MS * 1000);
        const uint64_t reported = run_and_kill(directory, time_us, stored);
        struct state *state = round_open(directory);
        stored = round_check_all(state);
        assert_true(stored == reported || stored == reported + 1);
        between += stored > reported;
        state_close(state);
    }
    printf("%zu kills, %llu checkpoints, %zu unreported ones found\n", kills,
           (unsigned long long)stored, between);
    assert_true(stored > KILLS);
    directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_and_meta_agree_after_every_kill)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
