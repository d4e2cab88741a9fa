/* An unknown first transaction, and a group that says nothing was ever committed: that may be wrong (E4).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

#define INPUT SOURCE_DIR "/tests/unit/engine/faults.jsonl"

/* The in-process log's calls, but that the driver's offset is missing. */
static const struct cluster_ops *whole_cluster;
static const struct stream_ops *whole_stream;
static struct cluster_ops cluster_without_offset;
static struct stream_ops stream_without_offset;

static enum status committed_missing(struct stream *stream, int32_t partition,
                                     struct stream_committed *out, struct error *error)
{
    TRY(whole_stream->committed(stream, partition, out, error));
    out[0].set = false;
    return STATUS_OK;
}

static enum status open_stream(struct cluster *cluster, const struct stream_options *options,
                               struct stream **stream_out, struct error *error)
{
    TRY(whole_cluster->stream_open(cluster, options, stream_out, error));
    whole_stream = (*stream_out)->ops;
    stream_without_offset = *whole_stream;
    stream_without_offset.committed = committed_missing;
    (*stream_out)->ops = &stream_without_offset;
    return STATUS_OK;
}

static void lose_offset(struct bench *bench)
{
    whole_cluster = bench->cluster->ops;
    cluster_without_offset = *whole_cluster;
    cluster_without_offset.stream_open = open_stream;
    bench->cluster->ops = &cluster_without_offset;
}

static struct buffer baseline(void)
{
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    struct buffer output = bench.output;
    bench.output = (struct buffer){0};
    bench_close(&bench);
    return output;
}

/* Found by the simulation (seed 494 of its first day): the transaction was done a second time. */
static void a_first_transaction_that_took_effect_is_not_repeated(void **state)
{
    (void)state;
    struct buffer expected = baseline();
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    log_fail_commit(bench.cluster, 1, COMMIT_UNKNOWN, true);
    lose_offset(&bench);
    assert_int_equal(bench_run(&bench, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "no committed offset"));
    bench.cluster->ops = whole_cluster;
    assert_int_equal(bench_run(&bench, &error), STATUS_OK); /* the restart completes it */
    assert_true(bytes_equal(buffer_bytes(&bench.output), buffer_bytes(&expected)));
    bench_close(&bench);
    buffer_release(&expected);
}

static void a_first_transaction_without_effect_is_done_again(void **state)
{
    (void)state;
    struct buffer expected = baseline();
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    log_fail_commit(bench.cluster, 1, COMMIT_UNKNOWN, false);
    lose_offset(&bench);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&bench.output), buffer_bytes(&expected)));
    bench.cluster->ops = whole_cluster;
    bench_close(&bench);
    buffer_release(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_transaction_that_took_effect_is_not_repeated),
        cmocka_unit_test(a_first_transaction_without_effect_is_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
