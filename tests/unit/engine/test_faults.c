/* The whole engine on the in-process log with faults injected at every commit and every store call: what
 * comes out is what comes out without faults, or the engine stops and a restart completes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/problems.h"
#include "engine/engine.h"
#include "lines/lines.h"
#include "stream/log.h"

#include <stdio.h>
#include <stdlib.h>

struct bench {
    struct config *config;
    struct codec *codec;
    struct catalogue *catalogue;
    struct topology topologies[2];
    struct key_ring *keys;
    struct cluster *cluster;
    struct lines_writer writer;
    struct buffer output; /* every committed output record, as lines */
    atomic_bool stop;
    unsigned commits;
};

static void on_committed(void *context, const char *topic, int32_t partition, int64_t offset,
                         const struct stream_output *record)
{
    struct bench *bench = context;
    const char *name = topic + strlen(bench->config->topics_prefix);
    if (strcmp(name, "receipts") == 0) {
        bench->commits++; /* one a transaction here */
        return;           /* a receipt says whether the producer was rotated */
    }
    if (strcmp(name, "sanctions-changelog") != 0 && strcmp(name, "notices-changelog") != 0) {
        lines_write(&bench->writer, topic, partition, offset, record->timestamp_ms, record->key,
                    record->value, &bench->output);
    }
}

static void create_topics(struct bench *bench)
{
    struct topic_want wants[32];
    char names[32][128];
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < topic_count; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%s", bench->config->topics_prefix, topics[i].name);
        wants[i] = (struct topic_want){
            .name = names[i], .partitions = topics[i].one_partition ? 1 : 2, .settings = none};
    }
    struct error error = {0};
    assert_int_equal(bench->cluster->ops->create(bench->cluster, wants, topic_count, &error),
                     STATUS_OK);
}

static void append_input(struct bench *bench)
{
    struct problems problems = {0};
    struct lines lines = {
        .config = bench->config, .codec = bench->codec, .partitions = 2, .barriers = true};
    assert_true(lines_add_policy(&lines, SOURCE_DIR "/config/policies/default.yaml", -1, &problems));
    FILE *file = fopen(SOURCE_DIR "/tests/unit/engine/faults.jsonl", "rb");
    assert_non_null(file);
    const bool good = lines_read(&lines, file, "faults.jsonl", &problems);
    if (!good) {
        print_message("%.*s", BYTES_PRINT(buffer_bytes(&problems.text)));
    }
    assert_true(good);
    fclose(file);
    struct error error = {0};
    assert_int_equal(
        bench->cluster->ops->append(bench->cluster, lines.outputs, lines.count, &error), STATUS_OK);
    lines_release(&lines);
}

static void bench_open(struct bench *bench)
{
    static const uint8_t seed[32] = {7};
    struct problems problems = {0};
    struct error error = {0};
    *bench = (struct bench){.config = config_new()};
    assert_int_equal(engine_codec(bench->config, &bench->codec, &error), STATUS_OK);
    bench->catalogue = catalogue_read(SOURCE_DIR "/config/notices", &problems);
    assert_non_null(bench->catalogue);
    assert_true(topology_read(SOURCE_DIR "/topologies/sanctions.yaml", &bench->topologies[0],
                              &problems));
    assert_true(
        topology_read(SOURCE_DIR "/topologies/notices.yaml", &bench->topologies[1], &problems));
    bench->keys = key_ring_seeded(seed);
    bench->writer = (struct lines_writer){.codec = bench->codec,
                                          .prefix = bench->config->topics_prefix,
                                          .record = memory_get(codec_record_size(bench->codec))};
    const struct log_options options = {.tap = on_committed, .tap_context = bench};
    assert_int_equal(log_open(&options, &bench->cluster, &error), STATUS_OK);
    create_topics(bench);
    append_input(bench);
    bench->commits = 0;
    buffer_clear(&bench->output);
}

static void bench_close(struct bench *bench)
{
    bench->cluster->ops->close(bench->cluster);
    key_ring_free(bench->keys);
    catalogue_free(bench->catalogue);
    codec_free(bench->codec);
    config_free(bench->config);
    free(bench->writer.record);
    buffer_release(&bench->writer.text);
    buffer_release(&bench->output);
}

static enum status bench_run(struct bench *bench, struct error *error)
{
    const struct engine_options options = {.config = bench->config,
                                           .cluster = bench->cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 2,
                                           .keys = bench->keys,
                                           .causal = true,
                                           .drain = true,
                                           .stop = &bench->stop};
    return engine_run(&options, error);
}

/* The output and number of transactions of a run without faults. */
static struct buffer baseline(unsigned *commits_out)
{
    struct bench bench;
    struct error error = {0};
    bench_open(&bench);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    struct buffer output = bench.output;
    bench.output = (struct buffer){0};
    *commits_out = bench.commits;
    bench_close(&bench);
    assert_true(output.size > 1000);
    return output;
}

static void expect_output(const struct bench *bench, const struct buffer *expected, unsigned nth)
{
    if (!bytes_equal(buffer_bytes(&bench->output), buffer_bytes(expected))) {
        print_message("output differs with the fault at commit %u\n", nth);
    }
    assert_true(bytes_equal(buffer_bytes(&bench->output), buffer_bytes(expected)));
}

static void run_with_fault(const struct buffer *expected, unsigned nth, enum commit_outcome outcome,
                           bool applied)
{
    struct bench bench;
    struct error error = {0};
    bench_open(&bench);
    log_fail_commit(bench.cluster, nth, outcome, applied);
    const enum status status = bench_run(&bench, &error);
    if (outcome == COMMIT_FENCED) {
        assert_int_equal(status, STATUS_FATAL);
        assert_non_null(strstr(error.text, "fenced"));
        assert_int_equal(bench_run(&bench, &error), STATUS_OK); /* the restart completes it */
    } else {
        assert_int_equal(status, STATUS_OK);
    }
    expect_output(&bench, expected, nth);
    bench_close(&bench);
}

static void every_commit(enum commit_outcome outcome, bool applied)
{
    unsigned commits = 0;
    struct buffer expected = baseline(&commits);
    assert_true(commits > 20);
    for (unsigned nth = 1; nth <= commits; nth++) {
        run_with_fault(&expected, nth, outcome, applied);
    }
    buffer_release(&expected);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    unsigned commits = 0;
    struct buffer left = baseline(&commits);
    struct buffer right = baseline(&commits);
    assert_true(bytes_equal(buffer_bytes(&left), buffer_bytes(&right)));
    buffer_release(&left);
    buffer_release(&right);
}

static void an_aborted_commit_anywhere_changes_nothing(void **state)
{
    (void)state;
    every_commit(COMMIT_ABORTED, false);
}

static void an_unknown_commit_that_took_effect_is_applied_once(void **state)
{
    (void)state;
    every_commit(COMMIT_UNKNOWN, true);
}

static void an_unknown_commit_without_effect_is_done_again(void **state)
{
    (void)state;
    every_commit(COMMIT_UNKNOWN, false);
}

static void a_fenced_engine_stops_and_a_restart_completes(void **state)
{
    (void)state;
    every_commit(COMMIT_FENCED, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(an_aborted_commit_anywhere_changes_nothing),
        cmocka_unit_test(an_unknown_commit_that_took_effect_is_applied_once),
        cmocka_unit_test(an_unknown_commit_without_effect_is_done_again),
        cmocka_unit_test(a_fenced_engine_stops_and_a_restart_completes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
