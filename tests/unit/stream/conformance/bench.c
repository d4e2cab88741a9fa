/* Topics, streams and readers of a conformance test, and waiting for what must come.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/bench.h"

#include "base/time.h"

#include <stdio.h>
#include <time.h>

/* The tests write old timestamps: a broker must not take the records for expired. */
const char *const topic_settings[] = {"cleanup.policy=delete", "retention.ms=-1", NULL};

static void pause_ms(int time_ms)
{
    const struct timespec pause = {.tv_nsec = (long)time_ms * 1000000};
    nanosleep(&pause, NULL);
}

void bench_create(struct bench *bench)
{
    struct topic_want wants[3];
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        wants[i] = (struct topic_want){
            .name = bench->topics[i], .partitions = PARTITIONS, .settings = topic_settings};
    }
    struct error error = {0};
    const int64_t end_ms = clock_monotonic_ms() + bench->target->patience_ms;
    SUCCEED(bench->cluster->ops->create(bench->cluster, wants, COUNT_OF(wants), &error), error);
    for (size_t i = 0; i < COUNT_OF(wants); i++) {
        struct topic_facts facts = {0};
        while (bench->cluster->ops->describe(bench->cluster, wants[i].name, &facts, &error) !=
                   STATUS_OK ||
               !facts.exists) {
            assert_true(clock_monotonic_ms() < end_ms);
            pause_ms(50);
        }
        assert_int_equal(facts.partitions, PARTITIONS);
    }
}

void bench_open(struct bench *bench, const struct conformance_target *target, const char *test)
{
    *bench = (struct bench){.target = target, .test = test};
    bench->cluster = target->open(target->context);
    assert_non_null(bench->cluster);
    for (size_t i = 0; i < COUNT_OF(bench->topics); i++) {
        snprintf(bench->topics[i], sizeof(bench->topics[i]), "%s.%s.%zu", target->prefix, test, i);
    }
    snprintf(bench->group, sizeof(bench->group), "%s.%s", target->prefix, test);
    bench_create(bench);
}

struct stream *stream_of_group(const struct bench *bench, const char *group)
{
    const char *const sources[] = {bench->topics[0], bench->topics[1]};
    char id[130];
    snprintf(id, sizeof(id), "%s-0", group);
    const struct stream_options options = {
        .group = group, .transactional_id = id, .sources = sources, .source_count = 2};
    struct stream *stream = NULL;
    struct error error = {0};
    SUCCEED(bench->cluster->ops->stream_open(bench->cluster, &options, &stream, &error), error);
    return stream;
}

void bench_close(struct bench *bench)
{
    if (bench->stream != NULL) {
        bench->stream->ops->close(bench->stream);
    }
    bench->cluster->ops->close(bench->cluster);
}

enum stream_event event_await(const struct bench *bench, struct stream *stream,
                              struct stream_record *record, int32_t *partition)
{
    const int64_t end_ms = clock_monotonic_ms() + bench->target->patience_ms;
    enum stream_event event = STREAM_NOTHING;
    struct error error = {0};
    while (event == STREAM_NOTHING) {
        SUCCEED(stream->ops->poll(stream, 100, &event, record, partition, &error), error);
        if (event == STREAM_NOTHING && clock_monotonic_ms() >= end_ms) {
            fail_msg("%s: nothing came within %d ms", bench->test, bench->target->patience_ms);
        }
    }
    return event;
}

void partitions_take(const struct bench *bench, struct stream *stream, const int64_t (*offsets)[2])
{
    static const int64_t start[2] = {0, 0};
    bool taken[PARTITIONS] = {false};
    struct error error = {0};
    for (int i = 0; i < PARTITIONS; i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(event_await(bench, stream, &record, &partition), STREAM_ASSIGN);
        assert_in_range(partition, 0, PARTITIONS - 1);
        assert_false(taken[partition]);
        taken[partition] = true;
        SUCCEED(stream->ops->assign(stream, partition, offsets == NULL ? start : offsets[partition],
                                    &error),
                error);
    }
}

void bench_start(struct bench *bench)
{
    bench->stream = stream_of_group(bench, bench->group);
    partitions_take(bench, bench->stream, NULL);
}

struct stream_output output_of(const char *topic, int32_t partition, const char *key,
                               const char *value)
{
    return (struct stream_output){
        .topic = topic,
        .partition = partition,
        .timestamp_ms = INT64_C(1750000000000),
        .key = key == NULL ? (struct bytes){0} : bytes_text(key),
        .value = value == NULL ? (struct bytes){0} : bytes_text(value),
    };
}

void append_text(const struct bench *bench, size_t topic, int32_t partition, const char *value)
{
    const struct stream_output output = output_of(bench->topics[topic], partition, "key", value);
    struct error error = {0};
    SUCCEED(bench->cluster->ops->append(bench->cluster, &output, 1, &error), error);
}

void begin(struct stream *stream)
{
    struct error error = {0};
    if (stream->ops->rotation_due(stream)) {
        SUCCEED(stream->ops->rotate(stream, &error), error);
    }
    SUCCEED(stream->ops->begin(stream, &error), error);
}

void produce_text(const struct bench *bench, struct stream *stream, size_t topic, int32_t partition,
                  const char *value)
{
    const struct stream_output output = output_of(bench->topics[topic], partition, "key", value);
    struct error error = {0};
    SUCCEED(stream->ops->produce(stream, &output, &error), error);
}

void commit(struct stream *stream, const struct stream_position *positions, size_t count)
{
    struct error error = {0};
    SUCCEED(stream->ops->flush(stream, &error), error);
    const enum commit_outcome outcome = stream->ops->commit(stream, positions, count, &error);
    if (outcome != COMMIT_DONE) {
        fail_msg("commit: outcome %d: %s", (int)outcome, error.text);
    }
}

void record_expect(const struct bench *bench, uint32_t source, int32_t partition, int64_t offset,
                   const char *value)
{
    struct stream_record record;
    int32_t changed = -1;
    assert_int_equal(event_await(bench, bench->stream, &record, &changed), STREAM_RECORD);
    assert_int_equal(record.source, source);
    assert_int_equal(record.partition, partition);
    assert_int_equal(record.offset, offset);
    assert_true(bytes_is(record.value, value));
    bench->stream->ops->release(bench->stream, &record);
}

void silence_expect(const struct bench *bench, struct stream *stream)
{
    const int64_t end_ms = clock_monotonic_ms() + bench->target->quiet_ms;
    do {
        enum stream_event event = STREAM_RECORD;
        struct stream_record record;
        int32_t partition = -1;
        struct error error = {0};
        SUCCEED(
            stream->ops->poll(stream, bench->target->quiet_ms, &event, &record, &partition, &error),
            error);
        assert_int_equal(event, STREAM_NOTHING);
    } while (clock_monotonic_ms() < end_ms);
}

struct reader *reader_of(const struct bench *bench, size_t topic, int32_t partition, int64_t from)
{
    struct reader *reader = NULL;
    struct error error = {0};
    SUCCEED(bench->cluster->ops->reader_open(bench->cluster, bench->topics[topic], partition, from,
                                             true, &reader, &error),
            error);
    return reader;
}

void reader_expect(const struct bench *bench, struct reader *reader, const char *value)
{
    const int64_t end_ms = clock_monotonic_ms() + bench->target->patience_ms;
    struct error error = {0};
    struct stream_record record;
    bool found = false;
    while (!found) {
        SUCCEED(reader->ops->read(reader, 100, &record, &found, &error), error);
        if (!found && clock_monotonic_ms() >= end_ms) {
            fail_msg("%s: the reader found nothing, expected '%s'", bench->test, value);
        }
    }
    assert_true(bytes_is(record.value, value));
    reader->ops->release(reader, &record);
}

void content_expect(const struct bench *bench, size_t topic, int32_t partition,
                    const char *const *values, size_t count)
{
    struct reader *reader = reader_of(bench, topic, partition, 0);
    for (size_t i = 0; i < count; i++) {
        reader_expect(bench, reader, values[i]);
    }
    struct error error = {0};
    struct stream_record record;
    bool found = false;
    SUCCEED(reader->ops->read(reader, bench->target->quiet_ms, &record, &found, &error), error);
    assert_false(found);
    reader->ops->close(reader);
}

void committed_get(const struct bench *bench, struct stream *stream, int32_t partition,
                   struct stream_committed *out)
{
    const int64_t end_ms = clock_monotonic_ms() + bench->target->patience_ms;
    struct error error = {0};
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY && clock_monotonic_ms() < end_ms) {
        status = stream->ops->committed(stream, partition, out, &error);
    }
    SUCCEED(status, error);
}
