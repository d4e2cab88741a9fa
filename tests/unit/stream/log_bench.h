/* Short forms for the tests of the in-process log.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LOG_BENCH_H
#define LOG_BENCH_H

#include "base/assert.h"
#include "stream/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SUCCEED(call, error)                                                                       \
    do {                                                                                           \
        if ((call) != STATUS_OK) {                                                                 \
            fail_msg("%s: %s", #call, (error).text);                                               \
        }                                                                                          \
    } while (0)

/* Expects `call` to be refused with a text that has `part` in it. */
#define REFUSED(call, error, part)                                                                 \
    do {                                                                                           \
        assert_int_equal(call, STATUS_FATAL);                                                      \
        assert_int_equal((error).status, STATUS_FATAL);                                            \
        if (strstr((error).text, part) == NULL) {                                                  \
            fail_msg("'%s' does not say '%s'", (error).text, part);                                \
        }                                                                                          \
    } while (0)

static inline struct cluster *bench_log(const struct log_options *options)
{
    struct cluster *cluster = NULL;
    struct error error = {0};
    SUCCEED(log_open(options, &cluster, &error), error);
    return cluster;
}

static inline void bench_topic(struct cluster *cluster, const char *name, int32_t partitions)
{
    struct error error = {0};
    const struct topic_want want = {.name = name, .partitions = partitions};
    SUCCEED(cluster->ops->create(cluster, &want, 1, &error), error);
}

static inline struct stream *bench_stream(struct cluster *cluster, const char *group,
                                          const char *const *sources, uint32_t source_count)
{
    struct error error = {0};
    struct stream *stream = NULL;
    const struct stream_options options = {.group = group,
                                           .transactional_id = group,
                                           .sources = sources,
                                           .source_count = source_count};
    SUCCEED(cluster->ops->stream_open(cluster, &options, &stream, &error), error);
    return stream;
}

static inline enum stream_event bench_poll(struct stream *stream, struct stream_record *record,
                                           int32_t *partition)
{
    struct error error = {0};
    enum stream_event event = STREAM_NOTHING;
    SUCCEED(stream->ops->poll(stream, 0, &event, record, partition, &error), error);
    return event;
}

/* Takes all partitions from the start. */
static inline void bench_assign(struct stream *stream, int32_t partitions)
{
    static const int64_t start[STREAM_SOURCES_MAX] = {0};
    struct error error = {0};
    for (int32_t i = 0; i < partitions; i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(bench_poll(stream, &record, &partition), STREAM_ASSIGN);
        assert_int_equal(partition, i);
        SUCCEED(stream->ops->assign(stream, partition, start, &error), error);
    }
}

static inline struct stream_output bench_output(const char *topic, int32_t partition,
                                                const char *value)
{
    return (struct stream_output){.topic = topic,
                                  .partition = partition,
                                  .timestamp_ms = INT64_C(1750000000000),
                                  .key = bytes_text("key"),
                                  .value = bytes_text(value)};
}

static inline void bench_append(struct cluster *cluster, const char *topic, int32_t partition,
                                const char *value)
{
    const struct stream_output output = bench_output(topic, partition, value);
    struct error error = {0};
    SUCCEED(cluster->ops->append(cluster, &output, 1, &error), error);
}

static inline void bench_begin(struct stream *stream)
{
    struct error error = {0};
    SUCCEED(stream->ops->begin(stream, &error), error);
}

static inline void bench_produce(struct stream *stream, const char *topic, int32_t partition,
                                 const char *value)
{
    const struct stream_output output = bench_output(topic, partition, value);
    struct error error = {0};
    SUCCEED(stream->ops->produce(stream, &output, &error), error);
}

/* Commits the position of source 0 of a partition. */
static inline enum commit_outcome bench_commit(struct stream *stream, int32_t partition,
                                               int64_t next_offset, const char *metadata,
                                               struct error *error)
{
    const struct stream_position position = {
        .partition = partition, .next_offset = next_offset, .metadata = metadata};
    return stream->ops->commit(stream, &position, 1, error);
}

/* Records of a partition. */
static inline int64_t bench_end(struct cluster *cluster, const char *topic, int32_t partition)
{
    struct error error = {0};
    struct reader *reader = NULL;
    int64_t start = -1;
    int64_t end = -1;
    SUCCEED(cluster->ops->reader_open(cluster, topic, partition, 0, true, &reader, &error), error);
    SUCCEED(reader->ops->bounds(reader, &start, &end, &error), error);
    reader->ops->close(reader);
    assert_int_equal(start, 0);
    return end;
}

/* Expects the value at `offset` of a partition. */
static inline void bench_value(struct cluster *cluster, const char *topic, int32_t partition,
                               int64_t offset, const char *value)
{
    struct error error = {0};
    struct reader *reader = NULL;
    struct stream_record record;
    bool found = false;
    SUCCEED(cluster->ops->reader_open(cluster, topic, partition, offset, true, &reader, &error),
            error);
    SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
    assert_true(found);
    assert_int_equal(record.offset, offset);
    if (!bytes_is(record.value, value)) {
        fail_msg("'%.*s' is not '%s'", BYTES_PRINT(record.value), value);
    }
    reader->ops->release(reader, &record);
    reader->ops->close(reader);
}

#endif
