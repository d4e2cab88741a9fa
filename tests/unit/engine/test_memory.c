/* The plan of memory.max against what the states really hold, with many times as many rows as it allows:
 * while one task restores and another works, and while both work.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "bench.h"
#include "config/memory.h"
#include "lens.h"
#include "reports.h"

#include <unistd.h>

enum { SUBJECTS = 12000, MEMORY_BYTES = 3 << 20, STALLED_READS = 3000000 };

/* How far a run got: inputs from outside are counted in the receipts. */
struct progress {
    struct bench *bench;
    int64_t records;
    int64_t stop_at;
    int64_t receipts[FOLLOW_PARTITIONS];
    int64_t reads;
    int64_t worked_while_held;
    bool held;
};

static void on_receipt(struct bench *bench, int32_t partition, const struct receipt *receipt,
                       struct bytes bytes)
{
    struct progress *progress = bench->context;
    (void)bytes;
    for (uint32_t i = 0; i < receipt->inputs_count; i++) {
        const struct input_range *input = &receipt->inputs[i];
        const bool outside =
            bytes_is(input->topic, "reports") || bytes_is(input->topic, "accounts");
        progress->records += outside ? input->count : 0;
        progress->worked_while_held += outside && progress->held ? input->count : 0;
    }
    progress->receipts[partition]++;
    if (progress->records >= progress->stop_at) {
        atomic_store(&bench->stop, true);
    }
}

/* Partition 1 waits until partition 0 has worked for a while. */
static bool hold_one(void *context, int32_t partition)
{
    struct progress *progress = context;
    progress->held = progress->held && progress->worked_while_held < 200;
    return partition == 1 && progress->held;
}

static enum status give_up_late(void *context, bool *nothing_out, struct error *error)
{
    struct progress *progress = context;
    (void)nothing_out;
    return ++progress->reads > STALLED_READS
               ? error_set(error, STATUS_FATAL, "nothing goes on beside the restore")
               : STATUS_OK;
}

static void run(struct bench *bench, struct progress *progress, int64_t stop_at)
{
    struct lens lens = {.cluster = {.ops = &lens_ops},
                        .inner = bench->cluster,
                        .hooks = {.holds = hold_one, .before = give_up_late, .context = progress}};
    atomic_llong peak = 0;
    progress->stop_at = stop_at;
    atomic_store(&bench->stop, false);
    const struct engine_options options = {.config = bench->config,
                                           .cluster = &lens.cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 1,
                                           .keys = bench->keys,
                                           .rows_peak = &peak,
                                           .in_turn = true, /* the log is for one thread */
                                           .stop = &bench->stop};
    struct error error = {0};
    const enum status status = engine_run(&options, &error);
    if (status != STATUS_OK) {
        print_message("%s\n", error.text);
    }
    assert_int_equal(status, STATUS_OK);
    const struct memory_plan plan = memory_plan(bench->config, 1);
    print_message("rows: %lld bytes of %lld planned\n", (long long)atomic_load(&peak),
                  (long long)plan.rows);
    assert_true(atomic_load(&peak) <= plan.rows + plan.rows / 4);
    assert_true(atomic_load(&peak) >= plan.rows / 2); /* else this shows nothing */
}

static void rows_keep_to_the_plan(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-memory-XXXXXX";
    close(mkstemp(input));
    reports_write(input, SUBJECTS);
    struct bench bench;
    bench_open(&bench, input);
    struct progress progress = {.bench = &bench};
    bench.on_receipt = on_receipt;
    bench.context = &progress;
    bench.config->threads = 1;
    bench.config->check_timestamps = false;
    bench.config->commit_interval_ms = 1;
    bench.config->tick_interval_ms = 0;
    bench.config->memory_bytes = MEMORY_BYTES;
    run(&bench, &progress, 2 * SUBJECTS + SUBJECTS / 2); /* both partitions work */
    progress.held = true;
    progress.worked_while_held = 0;
    run(&bench, &progress, 3 * SUBJECTS); /* from an empty store again */
    assert_true(progress.worked_while_held >= 200);
    assert_int_equal(progress.records, 3 * SUBJECTS);
    bench_close(&bench);
    unlink(input);
}

/* No row at all fits beside what two tasks hold at rest: it ends and says what would be enough. */
static void a_plan_below_what_tasks_hold_at_rest_ends_the_worker(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-memory-XXXXXX";
    close(mkstemp(input));
    reports_write(input, 10);
    struct bench bench;
    bench_open(&bench, input);
    struct progress progress = {.bench = &bench, .stop_at = 30};
    bench.on_receipt = on_receipt;
    bench.context = &progress;
    bench.config->threads = 1;
    bench.config->check_timestamps = false;
    bench.config->tick_interval_ms = 0;
    bench.config->memory_bytes = 8 << 10;
    const struct engine_options options = {.config = bench.config,
                                           .cluster = bench.cluster,
                                           .codec = bench.codec,
                                           .catalogue = bench.catalogue,
                                           .topologies = bench.topologies,
                                           .topology_count = 1,
                                           .keys = bench.keys,
                                           .in_turn = true,
                                           .stop = &bench.stop};
    struct error error = {0};
    alarm(250); /* it went on for ever once */
    assert_int_equal(engine_run(&options, &error), STATUS_FATAL);
    alarm(0);
    print_message("%s\n", error.text);
    assert_non_null(strstr(error.text, "memory.max is too small: the 2 tasks of topology 'sanctions'"));
    assert_non_null(strstr(error.text, "set memory.max to 1 MiB or more"));
    /* With what it asks for it goes on. */
    bench.config->memory_bytes = 1 << 20;
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    assert_int_equal(progress.records, 30);
    bench_close(&bench);
    unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_keep_to_the_plan),
        cmocka_unit_test(a_plan_below_what_tasks_hold_at_rest_ends_the_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
