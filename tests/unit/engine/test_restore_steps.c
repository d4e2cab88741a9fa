/* Restores in steps: beside tasks at work, killed at any place and resumed, and what they leave on disk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "bench.h"
#include "lens.h"
#include "reports.h"
#include "store/state.h"

#include <time.h>
#include <unistd.h>

enum { SUBJECTS = 60, PATIENCE_READS = 20000 };

static enum status run(struct bench *bench, struct lens *lens, const char *state_dir, bool causal,
                       struct error *error)
{
    atomic_store(&bench->stop, false);
    const struct engine_options options = {.config = bench->config,
                                           .cluster = &lens->cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 1,
                                           .keys = bench->keys,
                                           .state_dir = state_dir,
                                           .causal = causal,
                                           .in_turn = !causal,
                                           .drain = causal,
                                           .stop = &bench->stop};
    return engine_run(&options, error);
}

static void remove_tree(const char *path)
{
    char command[600];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    struct buffer *text = context;
    if (!bytes_is(key, STATE_META_KEY)) { /* it tells the time */
        buffer_printf(text, "%zu:", key.size);
        buffer_append(text, key);
        buffer_printf(text, "%zu:", value.size);
        buffer_append(text, value);
    }
    return true;
}

/* All rows of both partitions. *timers_out: how many are of timers. */
static struct buffer rows_of(const char *state_dir, size_t *timers_out)
{
    struct buffer rows = {0};
    *timers_out = 0;
    for (int partition = 0; partition < FOLLOW_PARTITIONS; partition++) {
        char path[300];
        struct store *store = NULL;
        struct error error = {0};
        struct buffer timers = {0};
        snprintf(path, sizeof(path), "%s/sanctions/%d", state_dir, partition);
        assert_int_equal(store_open_rocksdb(path, NULL, &store, &error), STATUS_OK);
        assert_int_equal(store->ops->scan(store, (struct bytes){0}, (struct bytes){0}, on_row,
                                          &rows, &error),
                         STATUS_OK);
        assert_int_equal(store->ops->scan(store, bytes_text("t"), bytes_text("t"), on_row, &timers,
                                          &error),
                         STATUS_OK);
        *timers_out += timers.size;
        buffer_release(&timers);
        store_close(store);
    }
    return rows;
}

/* --- killed and resumed */

struct killer {
    unsigned reads;
    unsigned kill_at; /* the read that fails; 0: none */
    int64_t from[FOLLOW_PARTITIONS];
};

static enum status kill_in_time(void *context, bool *nothing_out, struct error *error)
{
    struct killer *killer = context;
    (void)nothing_out;
    if (++killer->reads == killer->kill_at) {
        return error_set(error, STATUS_FATAL, "killed by order of the test");
    }
    nanosleep(&(struct timespec){.tv_nsec = 100 * 1000}, NULL); /* checkpoints by age come in */
    return STATUS_OK;
}

static void note_from(void *context, int32_t partition, int64_t from)
{
    struct killer *killer = context;
    killer->from[partition] = from;
}

/* Restores once, killed every `step` reads until it is through; how often it went on from a checkpoint. */
static unsigned restore_with_kills(struct bench *bench, const char *state_dir, unsigned step)
{
    unsigned resumed = 0;
    for (unsigned round = 1;; round++) {
        struct killer killer = {.kill_at = step};
        struct lens lens = {.cluster = {.ops = &lens_ops},
                            .inner = bench->cluster,
                            .hooks = {.before = kill_in_time, .added = note_from, .context = &killer}};
        struct error error = {0};
        const enum status status = run(bench, &lens, state_dir, true, &error);
        resumed += round > 1 && killer.from[0] + killer.from[1] > 0;
        if (status == STATUS_OK) {
            return resumed;
        }
        assert_non_null(strstr(error.text, "by order of the test"));
        assert_true(round < 50);
    }
}

static void a_restore_killed_anywhere_goes_on_and_ends_the_same(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-steps-XXXXXX";
    char whole[] = "/tmp/sanctiond-whole-XXXXXX";
    close(mkstemp(input));
    assert_non_null(mkdtemp(whole));
    reports_write(input, SUBJECTS);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, input);
    struct lens plain = {.cluster = {.ops = &lens_ops}, .inner = bench.cluster};
    assert_int_equal(run(&bench, &plain, whole, true, &error), STATUS_OK);
    size_t timers = 0;
    struct buffer expected = rows_of(whole, &timers);
    assert_true(expected.size > 1000);
    assert_true(timers > 0);

    bench.config->checkpoint_interval_ms = 1;
    unsigned resumed = 0;
    for (unsigned step = 150; step < 400; step += 61) {
        char again[] = "/tmp/sanctiond-again-XXXXXX";
        assert_non_null(mkdtemp(again));
        resumed += restore_with_kills(&bench, again, step);
        struct buffer rows = rows_of(again, &timers);
        assert_true(bytes_equal(buffer_bytes(&rows), buffer_bytes(&expected)));
        buffer_release(&rows);
        remove_tree(again);
    }
    assert_true(resumed > 0);
    buffer_release(&expected);
    bench_close(&bench);
    remove_tree(whole);
    unlink(input);
}

/* --- beside tasks at work */

struct beside {
    struct bench *bench;
    unsigned reads;
    int64_t receipts[FOLLOW_PARTITIONS];
    int64_t first_while_held; /* receipts of partition 0 before partition 1 was given anything */
    bool held;
};

/* Partition 1 is not stable until partition 0 has worked. */
static bool hold_one(void *context, int32_t partition)
{
    struct beside *beside = context;
    beside->held = beside->held && beside->receipts[0] < 3;
    return partition == 1 && beside->held;
}

static enum status give_up_late(void *context, bool *nothing_out, struct error *error)
{
    struct beside *beside = context;
    (void)nothing_out;
    if (++beside->reads > PATIENCE_READS) {
        return error_set(error, STATUS_FATAL, "partition 0 does nothing while partition 1 restores");
    }
    return STATUS_OK;
}

static void count_receipt(struct bench *bench, int32_t partition, const struct receipt *receipt,
                          struct bytes bytes)
{
    struct beside *beside = bench->context;
    (void)receipt;
    (void)bytes;
    beside->receipts[partition]++;
    beside->first_while_held += beside->held && partition == 0;
    assert_false(beside->held && partition == 1);
    if (beside->receipts[1] >= 2) {
        atomic_store(&bench->stop, true);
    }
}

static void stop_midway(struct bench *bench, int32_t partition, const struct receipt *receipt,
                        struct bytes bytes)
{
    (void)partition;
    (void)receipt;
    (void)bytes;
    if (bench->commits >= SUBJECTS) {
        atomic_store(&bench->stop, true);
    }
}

static void tasks_at_work_are_not_held_up(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-steps-XXXXXX";
    close(mkstemp(input));
    reports_write(input, SUBJECTS);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, input);
    struct lens plain = {.cluster = {.ops = &lens_ops}, .inner = bench.cluster};
    bench.on_receipt = stop_midway;
    assert_int_equal(run(&bench, &plain, NULL, true, &error), STATUS_OK);

    struct beside beside = {.bench = &bench, .held = true};
    struct lens lens = {.cluster = {.ops = &lens_ops},
                        .inner = bench.cluster,
                        .hooks = {.holds = hold_one, .before = give_up_late, .context = &beside}};
    bench.on_receipt = count_receipt;
    bench.context = &beside;
    bench.config->threads = 1;
    bench.config->check_timestamps = false;
    bench.config->commit_interval_ms = 1;
    bench.config->commit_records_max = 2;
    assert_int_equal(run(&bench, &lens, NULL, false, &error), STATUS_OK);
    assert_true(beside.first_while_held >= 3);
    assert_true(beside.receipts[1] >= 2);
    bench_close(&bench);
    unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_killed_anywhere_goes_on_and_ends_the_same),
        cmocka_unit_test(tasks_at_work_are_not_held_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
