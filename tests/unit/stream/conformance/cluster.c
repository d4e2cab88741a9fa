/* Conformance of a cluster: topics, readers, appends.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "conformance/bench.h"

#include <stdio.h>

void null_and_empty_are_not_the_same(const struct conformance_target *target)
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

void an_append_is_visible_as_a_whole(const struct conformance_target *target)
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

void a_reader_tells_its_bounds(const struct conformance_target *target)
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

void a_reader_starts_where_it_is_told(const struct conformance_target *target)
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

/* The next record, which must be of the partition and have the value. */
static void follower_expect(const struct bench *bench, struct follower *follower,
                            int32_t partition, const char *value)
{
    const int64_t end_ms = clock_monotonic_ms() + bench->target->patience_ms;
    struct stream_record record;
    struct error error = {0};
    bool found = false;
    while (!found && clock_monotonic_ms() < end_ms) {
        SUCCEED(follower->ops->read(follower, 100, &record, &found, &error), error);
    }
    assert_true(found);
    assert_int_equal(record.partition, partition);
    assert_true(bytes_is(record.value, value));
    assert_int_equal(follower->ops->position(follower, partition), record.offset + 1);
    follower->ops->release(follower, &record);
}

static void follower_add(struct follower *follower, int32_t partition, int64_t from)
{
    struct error error = {0};
    SUCCEED(follower->ops->add(follower, partition, from, &error), error);
    assert_int_equal(follower->ops->position(follower, partition), from);
}

void a_follower_reads_what_it_was_given(const struct conformance_target *target)
{
    struct bench bench;
    bench_open(&bench, target, "follow");
    const struct stream_output outputs[] = {
        output_of(bench.topics[2], 0, "key", "a0"), output_of(bench.topics[2], 0, "key", "a1"),
        output_of(bench.topics[2], 1, "key", "b0"), output_of(bench.topics[2], 1, NULL, "b1")};
    struct error error = {0};
    struct follower *follower = NULL;
    SUCCEED(bench.cluster->ops->append(bench.cluster, outputs, COUNT_OF(outputs), &error), error);
    SUCCEED(bench.cluster->ops->follower_open(bench.cluster, bench.topics[2], &follower, &error),
            error);
    follower_add(follower, 0, 1);
    follower_expect(&bench, follower, 0, "a1"); /* and nothing of the other partition */
    follower_add(follower, 1, 0);
    follower_expect(&bench, follower, 1, "b0");
    follower_expect(&bench, follower, 1, "b1");
    follower->ops->drop(follower, 1);
    append_text(&bench, 2, 1, "b2");
    append_text(&bench, 2, 0, "a2");
    follower_expect(&bench, follower, 0, "a2");
    int64_t start = -1;
    int64_t end = -1;
    SUCCEED(bench.cluster->ops->bounds(bench.cluster, bench.topics[2], 0, 5000, &start, &end,
                                       &error),
            error);
    assert_int_equal(start, 0);
    assert_true(end >= 3); /* Kafka counts its control records too */
    /* Reading on, if only past control records, it arrives at the end; what was dropped stays away. */
    const int64_t end_ms = clock_monotonic_ms() + target->patience_ms;
    while (follower->ops->position(follower, 0) < end && clock_monotonic_ms() < end_ms) {
        struct stream_record record;
        bool found = false;
        SUCCEED(follower->ops->read(follower, 100, &record, &found, &error), error);
        assert_false(found);
    }
    assert_int_equal(follower->ops->position(follower, 0), end);
    follower_add(follower, 1, 0); /* from the beginning again */
    follower_expect(&bench, follower, 1, "b0");
    follower->ops->close(follower);
    bench_close(&bench);
}

void what_exists_is_left_alone(const struct conformance_target *target)
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

void differences_of_a_topic_are_told(const struct conformance_target *target)
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

void a_missing_topic_is_described_as_missing(const struct conformance_target *target)
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
