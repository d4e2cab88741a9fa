/* The conformance tests of a cluster.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/conformance.h"

#include "base/assert.h"
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { PARTITIONS = 2 };

/* One test's cluster, names and stream. */
struct bench {
    const struct conformance_target *target;
    struct cluster *cluster;
    struct stream *stream;
    const char *test;
    char topics[3][120]; /* 0 and 1 are the sources, 2 is written to */
    char group[120];
};

#define SUCCEED(call, error)                                                                       \
    do {                                                                                           \
        if ((call) != STATUS_OK) {                                                                 \
            fail_msg("%s: %s", #call, (error).text);                                               \
        }                                                                                          \
    } while (0)

/* The tests write old timestamps: a broker must not take the records for expired. */
static const char *const topic_settings[] = {"cleanup.policy=delete", "retention.ms=-1", NULL};

static void pause_ms(int time_ms)
{
    const struct timespec pause = {.tv_nsec = (long)time_ms * 1000000};
    nanosleep(&pause, NULL);
}

static void bench_create(struct bench *bench)
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

/* A cluster with the topics of this test and no stream yet. */
static void bench_open(struct bench *bench, const struct conformance_target *target,
                       const char *test)
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

static struct stream *stream_of_group(const struct bench *bench, const char *group)
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

static void bench_close(struct bench *bench)
{
    if (bench->stream != NULL) {
        bench->stream->ops->close(bench->stream);
    }
    bench->cluster->ops->close(bench->cluster);
}

/* The next event that is not STREAM_NOTHING, within the target's patience. */
static enum stream_event event_await(const struct bench *bench, struct stream *stream,
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

/* Takes every partition from `offsets` on (NULL: from the start). */
static void partitions_take(const struct bench *bench, struct stream *stream,
                            const int64_t (*offsets)[2])
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

static void bench_start(struct bench *bench)
{
    bench->stream = stream_of_group(bench, bench->group);
    partitions_take(bench, bench->stream, NULL);
}

static struct stream_output output_of(const char *topic, int32_t partition, const char *key,
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

static void append_text(const struct bench *bench, size_t topic, int32_t partition,
                        const char *value)
{
    const struct stream_output output = output_of(bench->topics[topic], partition, "key", value);
    struct error error = {0};
    SUCCEED(bench->cluster->ops->append(bench->cluster, &output, 1, &error), error);
}

static void begin(struct stream *stream)
{
    struct error error = {0};
    if (stream->ops->rotation_due(stream)) {
        SUCCEED(stream->ops->rotate(stream, &error), error);
    }
    SUCCEED(stream->ops->begin(stream, &error), error);
}

static void produce_text(const struct bench *bench, struct stream *stream, size_t topic,
                         int32_t partition, const char *value)
{
    const struct stream_output output = output_of(bench->topics[topic], partition, "key", value);
    struct error error = {0};
    SUCCEED(stream->ops->produce(stream, &output, &error), error);
}

static void commit(struct stream *stream, const struct stream_position *positions, size_t count)
{
    struct error error = {0};
    SUCCEED(stream->ops->flush(stream, &error), error);
    const enum commit_outcome outcome = stream->ops->commit(stream, positions, count, &error);
    if (outcome != COMMIT_DONE) {
        fail_msg("commit: outcome %d: %s", (int)outcome, error.text);
    }
}

/* Expects a record with this value from the stream and gives it back. */
static void record_expect(const struct bench *bench, uint32_t source, int32_t partition,
                          int64_t offset, const char *value)
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

static void silence_expect(const struct bench *bench, struct stream *stream)
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

static struct reader *reader_of(const struct bench *bench, size_t topic, int32_t partition,
                                int64_t from)
{
    struct reader *reader = NULL;
    struct error error = {0};
    SUCCEED(bench->cluster->ops->reader_open(bench->cluster, bench->topics[topic], partition, from,
                                             true, &reader, &error),
            error);
    return reader;
}

static void reader_expect(const struct bench *bench, struct reader *reader, const char *value)
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

/* Reads to the end of a partition of topic `topic` and expects exactly `values`. */
static void content_expect(const struct bench *bench, size_t topic, int32_t partition,
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

static void committed_get(const struct bench *bench, struct stream *stream, int32_t partition,
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

static void all_partitions_are_assigned_and_read(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "assigned");
    bench_start(&bench);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        append_text(&bench, 0, partition, "driver");
        record_expect(&bench, 0, partition, 0, "driver");
        append_text(&bench, 1, partition, "companion");
        record_expect(&bench, 1, partition, 0, "companion");
    }
    silence_expect(&bench, bench.stream);
    bench_close(&bench);
}

static void explicit_offsets_are_honoured(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "explicit");
    static const char *const values[] = {"0", "1", "2", "3", "4"};
    struct stream_output outputs[COUNT_OF(values)];
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        outputs[i] = output_of(bench.topics[0], 1, "key", values[i]);
    }
    struct error error = {0};
    SUCCEED(bench.cluster->ops->append(bench.cluster, outputs, COUNT_OF(values), &error), error);
    bench.stream = stream_of_group(&bench, bench.group);
    static const int64_t offsets[PARTITIONS][2] = {{0, 0}, {3, 0}};
    partitions_take(&bench, bench.stream, offsets);
    record_expect(&bench, 0, 1, 3, "3");
    record_expect(&bench, 0, 1, 4, "4");
    silence_expect(&bench, bench.stream);
    bench_close(&bench);
}

static void committed_offsets_and_metadata_come_back(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "committed");
    append_text(&bench, 0, 1, "input");
    bench_start(&bench);
    struct stream_committed committed[2];
    committed_get(&bench, bench.stream, 1, committed);
    assert_false(committed[0].set || committed[1].set);
    record_expect(&bench, 0, 1, 0, "input");
    char metadata[STREAM_METADATA_MAX];
    memset(metadata, 'm', sizeof(metadata) - 1);
    metadata[sizeof(metadata) - 1] = '\0';
    begin(bench.stream);
    commit(bench.stream,
           (struct stream_position[]){
               {.source = 0, .partition = 1, .next_offset = 1, .metadata = "v1 seq=23"},
               {.source = 1, .partition = 1, .next_offset = 0, .metadata = metadata}},
           2);
    bench.stream->ops->close(bench.stream);
    bench.stream = stream_of_group(&bench, bench.group);
    partitions_take(&bench, bench.stream, (const int64_t[PARTITIONS][2]){{0, 0}, {1, 0}});
    committed_get(&bench, bench.stream, 1, committed);
    assert_true(committed[0].set && committed[1].set);
    assert_int_equal(committed[0].offset, 1);
    assert_string_equal(committed[0].metadata, "v1 seq=23");
    assert_int_equal(committed[1].offset, 0);
    assert_string_equal(committed[1].metadata, metadata);
    committed_get(&bench, bench.stream, 0, committed);
    assert_false(committed[0].set || committed[1].set);
    silence_expect(&bench, bench.stream);
    bench_close(&bench);
}

static void an_aborted_transaction_is_invisible(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "aborted");
    bench_start(&bench);
    begin(bench.stream);
    produce_text(&bench, bench.stream, 2, 0, "never");
    struct error error = {0};
    SUCCEED(bench.stream->ops->flush(bench.stream, &error), error);
    assert_int_equal(bench.stream->ops->abort(bench.stream, &error), COMMIT_ABORTED);
    assert_true(bench.stream->ops->rotation_due(bench.stream));
    begin(bench.stream);
    assert_false(bench.stream->ops->rotation_due(bench.stream));
    produce_text(&bench, bench.stream, 2, 0, "seen");
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
    content_expect(&bench, 2, 0, (const char *const[]){"seen"}, 1);
    bench_close(&bench);
}

static void an_abort_without_transaction_does_nothing(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "idle");
    bench_start(&bench);
    struct error error = {0};
    assert_int_equal(bench.stream->ops->abort(bench.stream, &error), COMMIT_ABORTED);
    begin(bench.stream);
    produce_text(&bench, bench.stream, 2, 0, "seen");
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
    content_expect(&bench, 2, 0, (const char *const[]){"seen"}, 1);
    bench_close(&bench);
}

static void the_next_offset_is_known_after_the_flush(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "next");
    bench_start(&bench);
    int64_t next = 0;
    for (int round = 0; round < 3; round++) {
        begin(bench.stream);
        produce_text(&bench, bench.stream, 2, 1, "one");
        produce_text(&bench, bench.stream, 2, 1, "two");
        struct error error = {0};
        SUCCEED(bench.stream->ops->flush(bench.stream, &error), error);
        const int64_t told = bench.stream->ops->produced_next(bench.stream, bench.topics[2], 1);
        assert_true(told >= next + 2);
        next = told;
        assert_int_equal(bench.stream->ops->produced_next(bench.stream, bench.topics[2], 0),
                         STREAM_OFFSET_NONE);
        commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
        /* The record before it is the last one of this round, and nothing committed is behind it.
         */
        struct reader *reader = reader_of(&bench, 2, 1, next - 1);
        reader_expect(&bench, reader, "two");
        reader->ops->close(reader);
    }
    bench_close(&bench);
}

static void a_seek_delivers_again(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "seek");
    append_text(&bench, 0, 0, "first");
    const struct stream_output two[] = {output_of(bench.topics[0], 1, "key", "one"),
                                        output_of(bench.topics[0], 1, "key", "two")};
    struct error error = {0};
    bench_start(&bench);
    record_expect(&bench, 0, 0, 0, "first");
    SUCCEED(bench.cluster->ops->append(bench.cluster, two, 2, &error), error);
    record_expect(&bench, 0, 1, 0, "one");
    static const int64_t start[2] = {0, 0};
    SUCCEED(bench.stream->ops->seek(bench.stream, 1, start, &error), error);
    record_expect(&bench, 0, 1, 0, "one");
    record_expect(&bench, 0, 1, 1, "two");
    silence_expect(&bench, bench.stream);
    bench_close(&bench);
}

static void a_seek_forgets_what_was_read_ahead(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "held");
    const struct stream_output three[] = {output_of(bench.topics[0], 0, "key", "0"),
                                          output_of(bench.topics[0], 0, "key", "1"),
                                          output_of(bench.topics[0], 0, "key", "2")};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->append(bench.cluster, three, 3, &error), error);
    bench_start(&bench);
    struct stream_record held;
    int32_t partition = -1;
    assert_int_equal(event_await(&bench, bench.stream, &held, &partition), STREAM_RECORD);
    static const int64_t to[2] = {1, 0};
    SUCCEED(bench.stream->ops->seek(bench.stream, 0, to, &error), error);
    record_expect(&bench, 0, 0, 1, "1");
    assert_true(bytes_is(held.value, "0")); /* what we hold stays whole */
    bench.stream->ops->release(bench.stream, &held);
    record_expect(&bench, 0, 0, 2, "2");
    silence_expect(&bench, bench.stream);
    bench_close(&bench);
}

static void null_and_empty_are_not_the_same(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "null");
    const struct stream_output outputs[] = {
        output_of(bench.topics[0], 0, NULL, "no key"), output_of(bench.topics[0], 0, "", "empty"),
        output_of(bench.topics[0], 0, "null", NULL), output_of(bench.topics[0], 0, "empty", "")};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->append(bench.cluster, outputs, COUNT_OF(outputs), &error), error);
    bench_start(&bench);
    for (size_t i = 0; i < COUNT_OF(outputs); i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(event_await(&bench, bench.stream, &record, &partition), STREAM_RECORD);
        assert_int_equal(record.offset, i);
        assert_true(bytes_equal(record.key, outputs[i].key));
        assert_true(bytes_equal(record.value, outputs[i].value));
        bench.stream->ops->release(bench.stream, &record);
    }
    bench_close(&bench);
}

static void timestamps_are_kept(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "timestamps");
    static const int64_t times_ms[] = {TIME_MIN_MS, INT64_C(1750000000123), 0,
                                       INT64_C(1749999999999)};
    bench_start(&bench);
    begin(bench.stream);
    struct error error = {0};
    for (size_t i = 0; i < COUNT_OF(times_ms); i++) {
        struct stream_output output = output_of(bench.topics[1], 0, "key", "value");
        output.timestamp_ms = times_ms[i];
        SUCCEED(bench.stream->ops->produce(bench.stream, &output, &error), error);
    }
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
    for (size_t i = 0; i < COUNT_OF(times_ms); i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(event_await(&bench, bench.stream, &record, &partition), STREAM_RECORD);
        assert_int_equal(record.timestamp_ms, times_ms[i]);
        bench.stream->ops->release(bench.stream, &record);
    }
    bench_close(&bench);
}

static void partition_minus_one_is_murmur2(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "murmur2");
    bench_start(&bench);
    begin(bench.stream);
    size_t expected[PARTITIONS] = {0};
    struct error error = {0};
    for (int i = 0; i < 40; i++) {
        char key[16];
        snprintf(key, sizeof(key), "user:%d", i);
        const struct stream_output output = output_of(bench.topics[2], -1, key, key);
        SUCCEED(bench.stream->ops->produce(bench.stream, &output, &error), error);
        expected[stream_partition(bytes_text(key), PARTITIONS)]++;
    }
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        assert_true(expected[partition] > 0);
        char values[40][16];
        const char *texts[40];
        size_t count = 0;
        for (int i = 0; i < 40; i++) {
            snprintf(values[count], sizeof(values[count]), "user:%d", i);
            texts[count] = values[count];
            count += stream_partition(bytes_text(texts[count]), PARTITIONS) == partition;
        }
        content_expect(&bench, 2, partition, texts, count);
    }
    bench_close(&bench);
}

static void a_transaction_spans_topics_and_offsets(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "atomic");
    append_text(&bench, 0, 0, "input");
    bench_start(&bench);
    record_expect(&bench, 0, 0, 0, "input");
    begin(bench.stream);
    produce_text(&bench, bench.stream, 1, 1, "left");
    produce_text(&bench, bench.stream, 2, 0, "right");
    struct error error = {0};
    SUCCEED(bench.stream->ops->flush(bench.stream, &error), error);
    silence_expect(&bench, bench.stream); /* open: not visible, not even to ourselves */
    content_expect(&bench, 2, 0, NULL, 0);
    struct stream_committed committed[2];
    committed_get(&bench, bench.stream, 0, committed);
    assert_false(committed[0].set);
    commit(bench.stream,
           &(struct stream_position){.partition = 0, .next_offset = 1, .metadata = "done"}, 1);
    record_expect(&bench, 1, 1, 0, "left");
    content_expect(&bench, 2, 0, (const char *const[]){"right"}, 1);
    committed_get(&bench, bench.stream, 0, committed);
    assert_true(committed[0].set);
    assert_int_equal(committed[0].offset, 1);
    assert_string_equal(committed[0].metadata, "done");
    bench_close(&bench);
}

static void an_append_is_visible_as_a_whole(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "append");
    const struct stream_output outputs[] = {output_of(bench.topics[0], 0, "a", "1"),
                                            output_of(bench.topics[2], 1, "b", "2"),
                                            output_of(bench.topics[0], 0, "c", "3")};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->append(bench.cluster, outputs, COUNT_OF(outputs), &error), error);
    content_expect(&bench, 0, 0, (const char *const[]){"1", "3"}, 2);
    content_expect(&bench, 2, 1, (const char *const[]){"2"}, 1);
    content_expect(&bench, 2, 0, NULL, 0);
    bench_close(&bench);
}

static void two_groups_do_not_know_each_other(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "groups");
    append_text(&bench, 0, 0, "shared");
    bench_start(&bench);
    char other_group[130];
    snprintf(other_group, sizeof(other_group), "%s.other", bench.group);
    struct stream *other = stream_of_group(&bench, other_group);
    partitions_take(&bench, other, NULL);
    record_expect(&bench, 0, 0, 0, "shared");
    begin(bench.stream);
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 1}, 1);
    struct stream_committed committed[2];
    committed_get(&bench, other, 0, committed);
    assert_false(committed[0].set);
    struct stream *first = bench.stream;
    bench.stream = other;
    record_expect(&bench, 0, 0, 0, "shared");
    bench.stream = first;
    committed_get(&bench, first, 0, committed);
    assert_int_equal(committed[0].offset, 1);
    other->ops->close(other);
    bench_close(&bench);
}

static void a_reader_tells_its_bounds(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "bounds");
    struct error error = {0};
    int64_t start = -1;
    int64_t end = -1;
    struct reader *reader = reader_of(&bench, 2, 0, 0);
    SUCCEED(reader->ops->bounds(reader, &start, &end, &error), error);
    assert_int_equal(start, 0);
    assert_int_equal(end, 0);
    assert_int_equal(reader->ops->position(reader), 0);
    append_text(&bench, 2, 0, "one");
    append_text(&bench, 2, 0, "two");
    reader_expect(&bench, reader, "one");
    assert_true(reader->ops->position(reader) >= 1);
    reader_expect(&bench, reader, "two");
    SUCCEED(reader->ops->bounds(reader, &start, &end, &error), error);
    assert_int_equal(start, 0);
    assert_true(end >= 2); /* Kafka counts its control records too */
    /* Reading on, if only past control records, the reader arrives at the end. */
    const int64_t end_ms = clock_monotonic_ms() + target->patience_ms;
    while (reader->ops->position(reader) < end && clock_monotonic_ms() < end_ms) {
        struct stream_record record;
        bool found = false;
        SUCCEED(reader->ops->read(reader, 100, &record, &found, &error), error);
        assert_false(found);
    }
    assert_int_equal(reader->ops->position(reader), end);
    reader->ops->close(reader);
    bench_close(&bench);
}

static void a_reader_starts_where_it_is_told(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "from");
    const struct stream_output three[] = {output_of(bench.topics[2], 0, "key", "0"),
                                          output_of(bench.topics[2], 0, "key", "1"),
                                          output_of(bench.topics[2], 0, "key", "2")};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->append(bench.cluster, three, 3, &error), error);
    struct reader *reader = reader_of(&bench, 2, 0, 1);
    assert_int_equal(reader->ops->position(reader), 1);
    reader_expect(&bench, reader, "1");
    reader_expect(&bench, reader, "2");
    reader->ops->close(reader);
    bench_close(&bench);
}

static void what_exists_is_left_alone(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "create");
    append_text(&bench, 0, 0, "kept");
    struct topic_facts before = {0};
    struct topic_facts after = {0};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->describe(bench.cluster, bench.topics[0], &before, &error), error);
    bench_create(&bench);
    SUCCEED(bench.cluster->ops->describe(bench.cluster, bench.topics[0], &after, &error), error);
    assert_string_equal(before.id, after.id);
    content_expect(&bench, 0, 0, (const char *const[]){"kept"}, 1);
    bench_close(&bench);
}

static void differences_of_a_topic_are_told(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "check");
    struct error error = {0};
    struct buffer differences = {0};
    struct topic_want want = {
        .name = bench.topics[0], .partitions = PARTITIONS, .settings = topic_settings};
    SUCCEED(bench.cluster->ops->check(bench.cluster, &want, &differences, &error), error);
    assert_int_equal(differences.size, 0);
    want.partitions = PARTITIONS + 1;
    SUCCEED(bench.cluster->ops->check(bench.cluster, &want, &differences, &error), error);
    assert_true(differences.size > 0);
    buffer_clear(&differences);
    want.partitions = PARTITIONS;
    want.settings = (const char *const[]){"cleanup.policy=compact", NULL};
    SUCCEED(bench.cluster->ops->check(bench.cluster, &want, &differences, &error), error);
    assert_true(differences.size > 0);
    buffer_release(&differences);
    bench_close(&bench);
}

static void a_missing_topic_is_described_as_missing(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "missing");
    char name[130];
    snprintf(name, sizeof(name), "%s.absent", bench.group);
    struct topic_facts facts = {.exists = true};
    struct error error = {0};
    SUCCEED(bench.cluster->ops->describe(bench.cluster, name, &facts, &error), error);
    assert_false(facts.exists);
    assert_true(strlen(bench.cluster->ops->id(bench.cluster)) > 0);
    bench_close(&bench);
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const struct conformance_test conformance_tests[] = {
    TEST(all_partitions_are_assigned_and_read),
    TEST(explicit_offsets_are_honoured),
    TEST(committed_offsets_and_metadata_come_back),
    TEST(an_aborted_transaction_is_invisible),
    TEST(an_abort_without_transaction_does_nothing),
    TEST(the_next_offset_is_known_after_the_flush),
    TEST(a_seek_delivers_again),
    TEST(a_seek_forgets_what_was_read_ahead),
    TEST(null_and_empty_are_not_the_same),
    TEST(timestamps_are_kept),
    TEST(partition_minus_one_is_murmur2),
    TEST(a_transaction_spans_topics_and_offsets),
    TEST(an_append_is_visible_as_a_whole),
    TEST(two_groups_do_not_know_each_other),
    TEST(a_reader_tells_its_bounds),
    TEST(a_reader_starts_where_it_is_told),
    TEST(what_exists_is_left_alone),
    TEST(differences_of_a_topic_are_told),
    TEST(a_missing_topic_is_described_as_missing),
};
const size_t conformance_test_count = COUNT_OF(conformance_tests);

void conformance_run(const struct conformance_target *target)
{
    for (size_t i = 0; i < conformance_test_count; i++) {
        print_message("  %s\n", conformance_tests[i].name);
        conformance_tests[i].run(target);
    }
}
