/* The in-process log as a cluster: topics, streams, readers, barriers, planned failures.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "directory.h"
#include "log_bench.h"

#include <signal.h>
#include <sys/wait.h>

static const char *const in_only[] = {"in"};
static const char *const in_and_more[] = {"in", "more"};

static struct cluster *memory_log(void)
{
    struct cluster *cluster = bench_log(&(struct log_options){0});
    bench_topic(cluster, "in", 2);
    bench_topic(cluster, "more", 2);
    bench_topic(cluster, "out", 3);
    return cluster;
}

static enum status stream_try(struct cluster *cluster, const char *const *sources,
                              uint32_t source_count, struct error *error)
{
    struct stream *stream = NULL;
    const struct stream_options options = {.group = "group",
                                           .transactional_id = "group-0",
                                           .sources = sources,
                                           .source_count = source_count};
    return cluster->ops->stream_open(cluster, &options, &stream, error);
}

static void is_known_as_a_log(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    assert_true(cluster_is_log(cluster));
    assert_string_equal(cluster->ops->id(cluster), "memory");
    assert_int_equal(log_torn_bytes(cluster), 0);
    cluster->ops->close(cluster);
}

static void a_second_stream_of_a_group_is_refused(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct error error = {0};
    struct stream *first = bench_stream(cluster, "group", in_only, 1);
    REFUSED(stream_try(cluster, in_only, 1, &error), error, "group 'group'");
    first->ops->close(first);
    struct stream *second = bench_stream(cluster, "group", in_only, 1);
    bench_assign(second, 2);
    second->ops->close(second);
    cluster->ops->close(cluster);
}

static void sources_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct error error = {0};
    REFUSED(stream_try(cluster, (const char *const[]){"in", "out"}, 2, &error), error,
            "topic 'in' has 2 partitions but topic 'out' has 3");
    REFUSED(stream_try(cluster, (const char *const[]){"absent"}, 1, &error), error, "'absent'");
    cluster->ops->close(cluster);
}

static void unknown_targets_are_refused(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct error error = {0};
    struct reader *reader = NULL;
    bench_begin(stream);
    struct stream_output output = bench_output("absent", 0, "value");
    REFUSED(stream->ops->produce(stream, &output, &error), error, "'absent'");
    REFUSED(cluster->ops->append(cluster, &output, 1, &error), error, "'absent'");
    output = bench_output("out", 3, "value");
    REFUSED(stream->ops->produce(stream, &output, &error), error, "partition 3 of topic 'out'");
    output.partition = -2;
    REFUSED(stream->ops->produce(stream, &output, &error), error, "partition -2");
    REFUSED(cluster->ops->reader_open(cluster, "absent", 0, 0, true, &reader, &error), error,
            "'absent'");
    REFUSED(cluster->ops->reader_open(cluster, "out", 3, 0, true, &reader, &error), error,
            "partition 3");
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void topics_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct error error = {0};
    struct topic_want want = {.name = "none", .partitions = 0};
    REFUSED(cluster->ops->create(cluster, &want, 1, &error), error, "0 partitions");
    want = (struct topic_want){.name = "", .partitions = 1};
    REFUSED(cluster->ops->create(cluster, &want, 1, &error), error, "a name has");
    const struct topic_want twice[] = {{.name = "twice", .partitions = 1},
                                       {.name = "twice", .partitions = 2}};
    SUCCEED(cluster->ops->create(cluster, twice, 2, &error), error);
    struct topic_facts facts = {0};
    SUCCEED(cluster->ops->describe(cluster, "twice", &facts, &error), error);
    assert_int_equal(facts.partitions, 1);
    cluster->ops->close(cluster);
}

static void reads_at_most_a_window_ahead_of_each_source(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    for (int i = 0; i < LOG_WINDOW + 10; i++) {
        bench_append(cluster, "in", 0, "first");
    }
    bench_append(cluster, "more", 0, "second");
    bench_append(cluster, "in", 1, "third");
    struct stream *stream = bench_stream(cluster, "group", in_and_more, 2);
    bench_assign(stream, 2);
    struct stream_record held[LOG_WINDOW + 2];
    int32_t partition = -1;
    size_t of_first = 0;
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        assert_int_equal(bench_poll(stream, &held[i], &partition), STREAM_RECORD);
        of_first += bytes_is(held[i].value, "first");
    }
    assert_int_equal(of_first, LOG_WINDOW);
    struct stream_record record;
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_NOTHING);
    for (size_t i = 0; i < COUNT_OF(held); i++) {
        stream->ops->release(stream, &held[i]);
    }
    for (int64_t offset = LOG_WINDOW; offset < LOG_WINDOW + 10; offset++) {
        assert_int_equal(bench_poll(stream, &record, &partition), STREAM_RECORD);
        assert_int_equal(record.offset, offset);
        stream->ops->release(stream, &record);
    }
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_NOTHING);
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

/* A caller that gives each record back at once must still see every partition. */
static void no_partition_starves(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    for (int i = 0; i < 1000; i++) {
        bench_append(cluster, "in", 0, "many");
    }
    bench_append(cluster, "in", 1, "one");
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    bench_assign(stream, 2);
    bool seen = false;
    for (int i = 0; i < 2 * LOG_WINDOW; i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(bench_poll(stream, &record, &partition), STREAM_RECORD);
        seen = seen || bytes_is(record.value, "one");
        stream->ops->release(stream, &record);
    }
    assert_true(seen);
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void a_partition_is_silent_until_it_is_assigned(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    bench_append(cluster, "in", 0, "zero");
    bench_append(cluster, "in", 1, "one");
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct stream_record record;
    int32_t partition = -1;
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_ASSIGN);
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_ASSIGN);
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_NOTHING);
    struct error error = {0};
    static const int64_t start[1] = {0};
    SUCCEED(stream->ops->assign(stream, 1, start, &error), error);
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_RECORD);
    assert_true(bytes_is(record.value, "one"));
    SUCCEED(stream->ops->unassign(stream, 1, &error), error);
    stream->ops->release(stream, &record); /* given out before: must not disturb */
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_NOTHING);
    SUCCEED(stream->ops->assign(stream, 1, start, &error), error);
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_RECORD);
    assert_int_equal(record.offset, 0);
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void a_start_past_the_end_is_refused(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    bench_append(cluster, "in", 0, "value");
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct stream_record record;
    int32_t partition = -1;
    struct error error = {0};
    assert_int_equal(bench_poll(stream, &record, &partition), STREAM_ASSIGN);
    REFUSED(stream->ops->assign(stream, 0, (const int64_t[]){2}, &error), error,
            "topic 'in' partition 0 from offset 2");
    SUCCEED(stream->ops->assign(stream, 0, (const int64_t[]){1}, &error), error);
    REFUSED(stream->ops->seek(stream, 0, (const int64_t[]){-1}, &error), error, "offset -1");
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void a_poll_waits_only_if_nothing_is_there(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    bench_append(cluster, "in", 0, "value");
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    bench_assign(stream, 2);
    struct stream_record record;
    int32_t partition = -1;
    enum stream_event event = STREAM_NOTHING;
    struct error error = {0};
    int64_t begin_ms = clock_monotonic_ms();
    SUCCEED(stream->ops->poll(stream, 60000, &event, &record, &partition, &error), error);
    assert_int_equal(event, STREAM_RECORD);
    SUCCEED(stream->ops->poll(stream, 0, &event, &record, &partition, &error), error);
    assert_int_equal(event, STREAM_NOTHING);
    assert_true(clock_monotonic_ms() - begin_ms < 10000);
    begin_ms = clock_monotonic_ms();
    SUCCEED(stream->ops->poll(stream, 20, &event, &record, &partition, &error), error);
    assert_true(clock_monotonic_ms() - begin_ms >= 19);
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void barriers_count_from_the_highest_one(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct error error = {0};
    struct stream_output outputs[] = {bench_output("in", 0, "a"), bench_output("in", 1, "b"),
                                      bench_output("in", 0, "c")};
    outputs[2].barrier = 1;
    SUCCEED(cluster->ops->append(cluster, outputs, 3, &error), error);
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    bench_assign(stream, 2);
    bench_begin(stream);
    struct stream_output caused = bench_output("out", 0, "caused");
    caused.barrier = 2;
    SUCCEED(stream->ops->produce(stream, &caused, &error), error);
    assert_int_equal(bench_commit(stream, 0, 1, "", &error), COMMIT_DONE);
    bench_append(cluster, "in", 1, "d");
    static const uint32_t expected[2][2] = {{1, 2}, {1, 3}};
    for (int i = 0; i < 4; i++) {
        struct stream_record record;
        int32_t partition = -1;
        assert_int_equal(bench_poll(stream, &record, &partition), STREAM_RECORD);
        assert_int_equal(record.barrier, expected[record.partition][record.offset]);
        stream->ops->release(stream, &record);
    }
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void position_of(struct stream *stream, int32_t partition, int64_t offset)
{
    struct stream_committed committed[STREAM_SOURCES_MAX];
    struct error error = {0};
    SUCCEED(stream->ops->committed(stream, partition, committed, &error), error);
    assert_int_equal(committed[0].set, offset >= 0);
    assert_int_equal(committed[0].offset, offset);
}

static void a_commit_can_be_made_to_fail(void **state)
{
    (void)state;
    static const struct {
        enum commit_outcome outcome;
        bool applied;
    } faults[] = {{COMMIT_ABORTED, false},
                  {COMMIT_UNKNOWN, false},
                  {COMMIT_UNKNOWN, true},
                  {COMMIT_FENCED, false}};
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct cluster *cluster = memory_log();
        struct stream *stream = bench_stream(cluster, "group", in_only, 1);
        struct error error = {0};
        log_fail_commit(cluster, 2, faults[i].outcome, faults[i].applied);
        bench_begin(stream);
        bench_produce(stream, "out", 0, "before");
        assert_int_equal(bench_commit(stream, 0, 0, "", &error), COMMIT_DONE);
        assert_false(stream->ops->rotation_due(stream));
        bench_begin(stream);
        bench_produce(stream, "out", 0, "struck");
        assert_int_equal(bench_commit(stream, 1, 0, "", &error), faults[i].outcome);
        assert_true(stream->ops->rotation_due(stream));
        SUCCEED(stream->ops->rotate(stream, &error), error);
        position_of(stream, 0, 0);
        position_of(stream, 1, faults[i].applied ? 0 : -1);
        bench_begin(stream);
        bench_produce(stream, "out", 0, "after");
        assert_int_equal(bench_commit(stream, 0, 0, "", &error), COMMIT_DONE);
        assert_int_equal(bench_end(cluster, "out", 0), faults[i].applied ? 3 : 2);
        bench_value(cluster, "out", 0, 1, faults[i].applied ? "struck" : "after");
        stream->ops->close(stream);
        cluster->ops->close(cluster);
    }
}

static void an_empty_transaction_is_done(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct error error = {0};
    bench_begin(stream);
    assert_int_equal(stream->ops->commit(stream, NULL, 0, &error), COMMIT_DONE);
    assert_false(stream->ops->rotation_due(stream));
    SUCCEED(cluster->ops->append(cluster, NULL, 0, &error), error);
    stream->ops->close(stream);
    cluster->ops->close(cluster);
}

static void a_closed_stream_drops_its_transaction(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    bench_begin(stream);
    bench_produce(stream, "out", 0, "never");
    stream->ops->close(stream);
    assert_int_equal(bench_end(cluster, "out", 0), 0);
    cluster->ops->close(cluster);
}

static void two_streams_write_to_one_topic_in_turn(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    struct stream *left = bench_stream(cluster, "left", in_only, 1);
    struct stream *right = bench_stream(cluster, "right", in_only, 1);
    struct error error = {0};
    bench_begin(left);
    bench_begin(right);
    bench_produce(left, "out", 0, "left");
    bench_produce(right, "out", 0, "right");
    SUCCEED(right->ops->flush(right, &error), error);
    assert_int_equal(right->ops->produced_next(right, "out", 0), 1);
    assert_int_equal(bench_commit(right, 0, 0, "", &error), COMMIT_DONE);
    SUCCEED(left->ops->flush(left, &error), error);
    assert_int_equal(left->ops->produced_next(left, "out", 0), 2);
    assert_int_equal(left->ops->produced_next(left, "absent", 0), STREAM_OFFSET_NONE);
    assert_int_equal(bench_commit(left, 0, 0, "", &error), COMMIT_DONE);
    bench_value(cluster, "out", 0, 0, "right");
    bench_value(cluster, "out", 0, 1, "left");
    left->ops->close(left);
    right->ops->close(right);
    cluster->ops->close(cluster);
}

/* An offset that was given out must hold; in a child, since it is an assertion that says so. */
static void an_offset_given_out_is_never_another_s(void **state)
{
    (void)state;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        fclose(stderr);
        struct cluster *cluster = memory_log();
        struct stream *stream = bench_stream(cluster, "left", in_only, 1);
        struct error error = {0};
        bench_begin(stream);
        bench_produce(stream, "out", 0, "left");
        SUCCEED(stream->ops->flush(stream, &error), error);
        stream->ops->produced_next(stream, "out", 0);
        bench_append(cluster, "out", 0, "between");
        bench_commit(stream, 0, 0, "", &error);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

struct tapped {
    size_t count;
    char text[1000];
};

static void tap(void *context, const char *topic, int32_t partition, int64_t offset,
                const struct stream_output *record)
{
    struct tapped *tapped = context;
    const size_t used = strlen(tapped->text);
    snprintf(tapped->text + used, sizeof(tapped->text) - used, "%s/%d/%lld=%.*s ", topic, partition,
             (long long)offset, BYTES_PRINT(record->value));
    assert_string_equal(record->topic, topic);
    assert_int_equal(record->partition, partition);
    tapped->count++;
}

static void the_tap_sees_what_is_committed_in_order(void **state)
{
    (void)state;
    char *path = directory_new();
    struct tapped tapped = {0};
    const struct log_options options = {.directory = path, .tap = tap, .tap_context = &tapped};
    struct cluster *cluster = bench_log(&options);
    bench_topic(cluster, "in", 1);
    bench_topic(cluster, "out", 1);
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct error error = {0};
    bench_append(cluster, "in", 0, "1");
    bench_begin(stream);
    bench_produce(stream, "out", -1, "2");
    bench_produce(stream, "in", 0, "3");
    assert_int_equal(tapped.count, 1);
    assert_int_equal(bench_commit(stream, 0, 0, "", &error), COMMIT_DONE);
    bench_begin(stream);
    bench_produce(stream, "out", 0, "never");
    assert_int_equal(stream->ops->abort(stream, &error), COMMIT_ABORTED);
    assert_string_equal(tapped.text, "in/0/0=1 out/0/0=2 in/0/1=3 ");
    stream->ops->close(stream);
    cluster->ops->close(cluster);
    /* What was there before this start is not told again. */
    cluster = bench_log(&options);
    assert_int_equal(tapped.count, 3);
    bench_append(cluster, "out", 0, "4");
    assert_string_equal(tapped.text, "in/0/0=1 out/0/0=2 in/0/1=3 out/0/1=4 ");
    cluster->ops->close(cluster);
    directory_remove(path);
}

static void a_reader_handles_offsets_outside_the_partition(void **state)
{
    (void)state;
    struct cluster *cluster = memory_log();
    bench_append(cluster, "out", 0, "value");
    struct reader *reader = NULL;
    struct stream_record record;
    struct error error = {0};
    bool found = true;
    SUCCEED(cluster->ops->reader_open(cluster, "out", 0, 5, false, &reader, &error), error);
    SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
    assert_false(found);
    assert_int_equal(reader->ops->position(reader), 5);
    reader->ops->close(reader);
    SUCCEED(cluster->ops->reader_open(cluster, "out", 0, -3, false, &reader, &error), error);
    SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
    assert_true(found);
    assert_int_equal(record.offset, 0);
    assert_int_equal(reader->ops->position(reader), 1);
    reader->ops->close(reader);
    cluster->ops->close(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_known_as_a_log),
        cmocka_unit_test(a_second_stream_of_a_group_is_refused),
        cmocka_unit_test(sources_that_do_not_fit_are_refused),
        cmocka_unit_test(unknown_targets_are_refused),
        cmocka_unit_test(topics_that_make_no_sense_are_refused),
        cmocka_unit_test(reads_at_most_a_window_ahead_of_each_source),
        cmocka_unit_test(no_partition_starves),
        cmocka_unit_test(a_partition_is_silent_until_it_is_assigned),
        cmocka_unit_test(a_start_past_the_end_is_refused),
        cmocka_unit_test(a_poll_waits_only_if_nothing_is_there),
        cmocka_unit_test(barriers_count_from_the_highest_one),
        cmocka_unit_test(a_commit_can_be_made_to_fail),
        cmocka_unit_test(an_empty_transaction_is_done),
        cmocka_unit_test(a_closed_stream_drops_its_transaction),
        cmocka_unit_test(two_streams_write_to_one_topic_in_turn),
        cmocka_unit_test(an_offset_given_out_is_never_another_s),
        cmocka_unit_test(the_tap_sees_what_is_committed_in_order),
        cmocka_unit_test(a_reader_handles_offsets_outside_the_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
