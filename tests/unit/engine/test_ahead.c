/* A record that is further ahead of the wall clock than time.max_ahead would drag stream time along: on a cluster
 * it becomes a dead letter and does not move the clock, one that is less far ahead is good.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "bench.h"

#include <unistd.h>

/* An input on one partition: its receipts say what became of it and where stream time stands. */
struct seen {
    struct bench *bench;
    int64_t inputs;
    int64_t dead_letters;
    int64_t stream_time;
};

static void on_receipt(struct bench *bench, int32_t partition, const struct receipt *receipt,
                       struct bytes bytes)
{
    struct seen *seen = bench->context;
    (void)partition;
    (void)bytes;
    for (uint32_t i = 0; i < receipt->inputs_count; i++) {
        seen->inputs += bytes_is(receipt->inputs[i].topic, "accounts") ? receipt->inputs[i].count : 0;
    }
    seen->dead_letters += receipt->dead_letters;
    seen->stream_time =
        receipt->stream_time > seen->stream_time ? receipt->stream_time : seen->stream_time;
    atomic_store(&bench->stop, seen->inputs >= 2);
}

static void account_write(FILE *file, int number, int64_t time_ms)
{
    fprintf(file,
            "{\"topic\":\"accounts\",\"type\":\"AccountChange\",\"timestamp\":%lld,\"value\":{"
            "\"event_id\":\"x%d\",\"occurred_at\":%lld,\"subject_kind\":\"USER\","
            "\"subject_id\":\"u1\",\"kind\":\"DEVICE\",\"erase_consent\":false,"
            "\"requested_by\":\"SELF\"}}\n",
            (long long)time_ms, number, (long long)time_ms);
}

static void what_is_too_far_ahead_is_a_dead_letter_and_moves_no_clock(void **state)
{
    (void)state;
    char input[] = "/tmp/sanctiond-ahead-XXXXXX";
    const int64_t now_ms = clock_wall_ms();
    FILE *file = fdopen(mkstemp(input), "wb");
    assert_non_null(file);
    account_write(file, 0, now_ms + 30 * MINUTE_MS);
    account_write(file, 1, now_ms + 3 * HOUR_MS);
    fclose(file);
    struct bench bench;
    bench_open(&bench, input);
    struct seen seen = {.bench = &bench};
    bench.on_receipt = on_receipt;
    bench.context = &seen;
    bench.config->threads = 1;
    bench.config->check_timestamps = false;
    bench.config->tick_interval_ms = 0;
    assert_int_equal(bench.config->time_max_ahead_ms, HOUR_MS);
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
    alarm(250);
    if (engine_run(&options, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    alarm(0);
    assert_int_equal(seen.inputs, 2);
    assert_int_equal(seen.dead_letters, 1);
    assert_int_equal(seen.stream_time, now_ms + 30 * MINUTE_MS);
    buffer_append(&bench.output, bytes_of("", 1));
    assert_non_null(strstr((const char *)bench.output.data, "TIMESTAMP_OUT_OF_BOUNDS"));
    bench_close(&bench);
    unlink(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_too_far_ahead_is_a_dead_letter_and_moves_no_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
