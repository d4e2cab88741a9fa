/* Conformance of a stream: assignment, offsets, transactions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "conformance/bench.h"

#include <stdio.h>

void all_partitions_are_assigned_and_read(const struct conformance_target *target)
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

void explicit_offsets_are_honoured(const struct conformance_target *target)
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

void committed_offsets_and_metadata_come_back(const struct conformance_target *target)
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

void an_aborted_transaction_is_invisible(const struct conformance_target *target)
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

void an_abort_without_transaction_does_nothing(const struct conformance_target *target)
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

void the_next_offset_is_known_after_the_flush(const struct conformance_target *target)
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

void a_seek_delivers_again(const struct conformance_target *target)
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

void a_seek_forgets_what_was_read_ahead(const struct conformance_target *target)
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

void timestamps_are_kept(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "timestamps");
    static const int64_t times_ms[] = {TIME_MIN_MS, INT64_C(1750000000123), 1,
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

void partition_minus_one_is_murmur2(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "murmur2");
    bench_start(&bench);
    begin(bench.stream);
    size_t expected[PARTITIONS] = {0};
    struct error error = {0};
    for (int i = 0; i < 40; i++) {
        char key[32];
        snprintf(key, sizeof(key), "user:%d", i);
        const struct stream_output output = output_of(bench.topics[2], -1, key, key);
        SUCCEED(bench.stream->ops->produce(bench.stream, &output, &error), error);
        expected[stream_partition(bytes_text(key), PARTITIONS)]++;
    }
    commit(bench.stream, &(struct stream_position){.partition = 0, .next_offset = 0}, 1);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        assert_true(expected[partition] > 0);
        char values[40][32];
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

void a_transaction_spans_topics_and_offsets(const struct conformance_target *target)
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

void two_groups_do_not_know_each_other(const struct conformance_target *target)
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
