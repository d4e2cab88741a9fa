/* A cluster in memory with the shipped topologies, policy and notices, for tests of the engine.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ENGINE_BENCH_H
#define TESTS_ENGINE_BENCH_H

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
    struct buffer output;   /* every committed output record, as lines */
    struct buffer receipts; /* receipts apart: they say whether the producer was rotated */
    void (*on_receipt)(struct bench *bench, int32_t partition, const struct receipt *receipt,
                       struct bytes bytes);
    void *context; /* of on_receipt */
    atomic_bool stop;
    unsigned commits;
};

static inline void on_committed(void *context, const char *topic, int32_t partition, int64_t offset,
                         const struct stream_output *record)
{
    struct bench *bench = context;
    const char *name = topic + strlen(bench->config->topics_prefix);
    if (strcmp(name, "receipts") == 0) {
        bench->commits++; /* one a transaction here */
        lines_write(&bench->writer, topic, partition, offset, record->timestamp_ms, record->key,
                    record->value, &bench->receipts);
        if (bench->on_receipt != NULL) { /* lines_write() has just decoded it */
            bench->on_receipt(bench, partition, bench->writer.record, record->value);
        }
        return;
    }
    if (strcmp(name, "sanctions-changelog") != 0 && strcmp(name, "notices-changelog") != 0) {
        lines_write(&bench->writer, topic, partition, offset, record->timestamp_ms, record->key,
                    record->value, &bench->output);
    }
}

static inline void create_topics(struct bench *bench)
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

/* Appends the default policy and the lines of `path`. */
static inline void append_input(struct bench *bench, const char *path)
{
    struct problems problems = {0};
    struct lines lines = {
        .config = bench->config, .codec = bench->codec, .partitions = 2, .barriers = true};
    assert_true(lines_add_policy(&lines, SOURCE_DIR "/config/policies/default.yaml", -1, &problems));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const bool good = lines_read(&lines, file, path, &problems);
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

static inline void bench_open(struct bench *bench, const char *path)
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
    append_input(bench, path);
    bench->commits = 0;
    buffer_clear(&bench->output);
}

static inline void bench_close(struct bench *bench)
{
    bench->cluster->ops->close(bench->cluster);
    key_ring_free(bench->keys);
    catalogue_free(bench->catalogue);
    codec_free(bench->codec);
    config_free(bench->config);
    free(bench->writer.record);
    buffer_release(&bench->writer.text);
    buffer_release(&bench->output);
    buffer_release(&bench->receipts);
}

static inline enum status bench_run(struct bench *bench, struct error *error)
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

#endif
