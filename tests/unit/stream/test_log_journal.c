/* The journal on disk: what a kill leaves, what damage is, who may open a directory, a full disk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"
#include "log_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define FIRST_SEGMENT "log/00000000000000000001.log"

static const char *const in_only[] = {"in"};

static struct cluster *log_in(const char *directory)
{
    return bench_log(&(struct log_options){.directory = directory});
}

static enum status log_try(const char *directory, struct error *error)
{
    struct cluster *cluster = NULL;
    *error = (struct error){0};
    const enum status status =
        log_open(&(struct log_options){.directory = directory}, &cluster, error);
    if (status == STATUS_OK) {
        cluster->ops->close(cluster);
    }
    return status;
}

/* A log with `count` transactions: a record in "out" and the position of "in"; each block's end. */
static char *log_with(size_t count, size_t *ends)
{
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    bench_topic(cluster, "in", 1);
    bench_topic(cluster, "out", 1);
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%zu", i);
        struct error error = {0};
        bench_begin(stream);
        bench_produce(stream, "out", 0, text);
        assert_int_equal(bench_commit(stream, 0, (int64_t)i, text, &error), COMMIT_DONE);
        struct buffer content = file_read(path, FIRST_SEGMENT);
        ends[i] = content.size;
        buffer_release(&content);
    }
    stream->ops->close(stream);
    cluster->ops->close(cluster);
    return path;
}

/* Expects `count` whole transactions of log_with(). */
static void transactions_expect(struct cluster *cluster, int64_t count)
{
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct stream_committed committed = {0};
    struct error error = {0};
    SUCCEED(stream->ops->committed(stream, 0, &committed, &error), error);
    assert_int_equal(bench_end(cluster, "out", 0), count);
    assert_int_equal(committed.offset, count - 1);
    char text[32];
    snprintf(text, sizeof(text), "%lld", (long long)count - 1);
    assert_string_equal(committed.metadata, text);
    bench_value(cluster, "out", 0, count - 1, text);
    stream->ops->close(stream);
}

static void a_log_that_is_opened_again_is_the_one_closed(void **state)
{
    (void)state;
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    struct error error = {0};
    const struct topic_want wants[] = {
        {.name = "in",
         .partitions = 2,
         .settings = (const char *const[]){"cleanup.policy=compact", "retention.ms=-1", NULL}},
        {.name = "out", .partitions = 1}};
    SUCCEED(cluster->ops->create(cluster, wants, 2, &error), error);
    const struct stream_output outputs[] = {
        {.topic = "in", .partition = 1, .timestamp_ms = -1, .value = bytes_text("")},
        {.topic = "in", .partition = 1, .timestamp_ms = 7, .barrier = 5, .key = bytes_text("")}};
    SUCCEED(cluster->ops->append(cluster, outputs, 2, &error), error);
    char id[100];
    snprintf(id, sizeof(id), "%s", cluster->ops->id(cluster));
    assert_int_equal(strlen(id), 32);
    struct topic_facts facts[2] = {0};
    SUCCEED(cluster->ops->describe(cluster, "in", &facts[0], &error), error);
    SUCCEED(cluster->ops->describe(cluster, "out", &facts[1], &error), error);
    assert_string_not_equal(facts[0].id, facts[1].id);
    cluster->ops->close(cluster);

    cluster = log_in(path);
    assert_string_equal(cluster->ops->id(cluster), id);
    struct topic_facts again = {0};
    SUCCEED(cluster->ops->describe(cluster, "in", &again, &error), error);
    assert_string_equal(again.id, facts[0].id);
    assert_int_equal(again.partitions, 2);
    struct buffer differences = {0};
    SUCCEED(cluster->ops->check(cluster, &wants[0], &differences, &error), error);
    assert_int_equal(differences.size, 0);
    struct topic_want other = wants[0];
    other.settings = (const char *const[]){"cleanup.policy=delete", "min.insync.replicas=2", NULL};
    SUCCEED(cluster->ops->check(cluster, &other, &differences, &error), error);
    assert_string_equal((const char *)differences.data,
                        "topic 'in': cleanup.policy is compact, it must be delete\n"
                        "topic 'in': min.insync.replicas is not set, it must be 2\n");
    buffer_release(&differences);
    struct reader *reader = NULL;
    struct stream_record record;
    bool found = false;
    SUCCEED(cluster->ops->reader_open(cluster, "in", 1, 0, true, &reader, &error), error);
    SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
    assert_true(found && record.key.data == NULL && bytes_is(record.value, ""));
    assert_int_equal(record.timestamp_ms, -1);
    assert_int_equal(record.barrier, 1);
    SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
    assert_true(found && record.value.data == NULL && bytes_is(record.key, ""));
    assert_int_equal(record.timestamp_ms, 7);
    assert_int_equal(record.barrier, 6);
    reader->ops->close(reader);
    cluster->ops->close(cluster);
    directory_remove(path);
}

static void segments_follow_one_another(void **state)
{
    (void)state;
    char *path = directory_new();
    const struct log_options options = {.directory = path, .segment_size = 4096, .sync = true};
    struct cluster *cluster = bench_log(&options);
    bench_topic(cluster, "out", 2);
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int64_t i = 0; i < 100; i++) {
        if (i % 7 == 0) {
            cluster->ops->close(cluster);
            cluster = bench_log(&options);
        }
        bench_append(cluster, "out", 0, text);
        assert_int_equal(bench_end(cluster, "out", 0), i + 1);
    }
    /* A block that is larger than a segment gets one of its own. */
    char *large = memory_get(100001);
    memset(large, 'y', 100000);
    large[100000] = '\0';
    bench_append(cluster, "out", 1, large);
    bench_append(cluster, "out", 1, "small");
    cluster->ops->close(cluster);
    cluster = bench_log(&options);
    bench_value(cluster, "out", 0, 99, text);
    bench_value(cluster, "out", 1, 0, large);
    bench_value(cluster, "out", 1, 1, "small");
    cluster->ops->close(cluster);
    free(large);
    directory_remove(path);
}

static void a_torn_end_is_cut_off_at_every_byte(void **state)
{
    (void)state;
    size_t ends[3];
    char *path = log_with(3, ends);
    struct buffer whole = file_read(path, FIRST_SEGMENT);
    assert_int_equal(whole.size, ends[2]);
    for (size_t size = ends[1]; size < ends[2]; size++) {
        file_write(path, FIRST_SEGMENT, whole.data, size);
        struct cluster *cluster = log_in(path);
        assert_int_equal(log_torn_bytes(cluster), size - ends[1]);
        transactions_expect(cluster, 2);
        bench_append(cluster, "out", 0, "after");
        cluster->ops->close(cluster);
        cluster = log_in(path);
        assert_int_equal(log_torn_bytes(cluster), 0);
        bench_value(cluster, "out", 0, 2, "after");
        cluster->ops->close(cluster);
    }
    buffer_release(&whole);
    directory_remove(path);
}

/* A power cut may leave the right size with zeros or rubbish in it. */
static void an_end_that_never_reached_the_disk_is_cut_off(void **state)
{
    (void)state;
    size_t ends[3];
    char *path = log_with(3, ends);
    struct buffer whole = file_read(path, FIRST_SEGMENT);
    for (size_t from = ends[1]; from < ends[2]; from += 5) {
        memset(whole.data + from, from % 2 == 0 ? 0 : 0xa5, whole.size - from);
        file_write(path, FIRST_SEGMENT, whole.data, whole.size);
        struct cluster *cluster = log_in(path);
        assert_int_equal(log_torn_bytes(cluster), ends[2] - ends[1]);
        transactions_expect(cluster, 2);
        cluster->ops->close(cluster);
    }
    buffer_release(&whole);
    directory_remove(path);
}

static void a_flipped_bit_before_the_end_is_refused(void **state)
{
    (void)state;
    size_t ends[3];
    char *path = log_with(3, ends);
    struct buffer whole = file_read(path, FIRST_SEGMENT);
    for (size_t at = 0; at < ends[1]; at++) {
        whole.data[at] ^= (uint8_t)(1 << at % 8);
        file_write(path, FIRST_SEGMENT, whole.data, whole.size);
        struct error error = {0};
        REFUSED(log_try(path, &error), error, "is damaged");
        assert_non_null(strstr(error.text, path));
        struct buffer after = file_read(path, FIRST_SEGMENT);
        assert_true(bytes_equal(buffer_bytes(&after), buffer_bytes(&whole)));
        buffer_release(&after);
        whole.data[at] ^= (uint8_t)(1 << at % 8);
    }
    buffer_release(&whole);
    directory_remove(path);
}

/* Segments of three transactions each. */
static char *log_of_segments(void)
{
    char *path = directory_new();
    struct cluster *cluster =
        bench_log(&(struct log_options){.directory = path, .segment_size = 256});
    bench_topic(cluster, "out", 1);
    for (int i = 0; i < 12; i++) {
        bench_append(cluster, "out", 0, "a value of a middling length");
    }
    cluster->ops->close(cluster);
    return path;
}

static void a_missing_or_short_segment_is_refused(void **state)
{
    (void)state;
    char *path = log_of_segments();
    char first[] = FIRST_SEGMENT;
    struct buffer segment = file_read(path, first);
    struct error error = {0};
    file_write(path, first, segment.data, segment.size - 1);
    REFUSED(log_try(path, &error), error, "bad checksum");
    file_write(path, first, segment.data, 0);
    REFUSED(log_try(path, &error), error, "empty segment");
    char *name = path_in(path, first);
    assert_int_equal(unlink(name), 0);
    REFUSED(log_try(path, &error), error, "missing before it");
    file_write(path, first, segment.data, segment.size);
    assert_int_equal(log_try(path, &error), STATUS_OK);
    free(name);
    char *folder = path_in(path, "log");
    directory_empty(folder);
    REFUSED(log_try(path, &error), error, "no segments");
    free(folder);
    buffer_release(&segment);
    directory_remove(path);
}

static void a_segment_of_another_log_is_refused(void **state)
{
    (void)state;
    char *left = log_of_segments();
    char *right = log_of_segments();
    struct buffer segment = file_read(left, FIRST_SEGMENT);
    file_write(right, FIRST_SEGMENT, segment.data, segment.size);
    struct error error = {0};
    REFUSED(log_try(right, &error), error, "bad segment header");
    buffer_release(&segment);
    directory_remove(left);
    directory_remove(right);
}

/* Killed between making a segment's file and its first block. */
static void a_segment_that_was_just_made_is_taken_over(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 32; size += 8) {
        size_t ends[3];
        char *path = log_with(3, ends);
        static const uint8_t rubbish[32] = {0};
        /* Block 1 and 2 made the topics, 3 to 5 are the transactions. */
        file_write(path, "log/00000000000000000006.log", rubbish, size);
        struct cluster *cluster = log_in(path);
        transactions_expect(cluster, 3);
        bench_append(cluster, "out", 0, "after");
        cluster->ops->close(cluster);
        cluster = log_in(path);
        bench_value(cluster, "out", 0, 3, "after");
        cluster->ops->close(cluster);
        directory_remove(path);
    }
}

static void size_limit(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The limit on a file's size does what a full disk does: a short write, then an error. */
static void a_full_disk_stops_without_half_a_transaction(void **state)
{
    (void)state;
    size_t ends[3];
    char *path = log_with(3, ends);
    struct cluster *cluster = log_in(path);
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct error error = {0};
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    size_limit(ends[2] + 40);
    bench_begin(stream);
    bench_produce(stream, "out", 0, "too much for this disk");
    const enum commit_outcome outcome = bench_commit(stream, 0, 9, "9", &error);
    const struct stream_output output = bench_output("out", 0, "again too much for this disk");
    struct error append_error = {0};
    const enum status append = cluster->ops->append(cluster, &output, 1, &append_error);
    size_limit(RLIM_INFINITY);
    signal(SIGXFSZ, before);
    assert_int_equal(outcome, COMMIT_ABORTED);
    REFUSED(error.status, error, "free space and start again, nothing is lost");
    REFUSED(append, append_error, "free space");
    struct buffer content = file_read(path, FIRST_SEGMENT);
    assert_int_equal(content.size, ends[2]);
    buffer_release(&content);
    assert_int_equal(bench_end(cluster, "out", 0), 3);
    stream->ops->close(stream);
    transactions_expect(cluster, 3);
    bench_append(cluster, "out", 0, "room again");
    cluster->ops->close(cluster);
    cluster = log_in(path);
    assert_int_equal(log_torn_bytes(cluster), 0);
    bench_value(cluster, "out", 0, 3, "room again");
    cluster->ops->close(cluster);
    directory_remove(path);
}

static void a_full_disk_makes_no_empty_segment(void **state)
{
    (void)state;
    char *path = directory_new();
    const struct log_options options = {.directory = path, .segment_size = 160};
    struct cluster *cluster = bench_log(&options);
    bench_topic(cluster, "out", 1);
    bench_append(cluster, "out", 0, "fits"); /* the next one does not fit into the segment */
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    size_limit(10);
    struct error error = {0};
    const struct stream_output output = bench_output("out", 0, "needs another segment");
    const enum status status = cluster->ops->append(cluster, &output, 1, &error);
    size_limit(RLIM_INFINITY);
    signal(SIGXFSZ, before);
    REFUSED(status, error, "free space");
    char *name = path_in(path, "log");
    DIR *folder = opendir(name);
    assert_non_null(folder);
    size_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    free(name);
    assert_int_equal(count, 3); /* ".", ".." and the first segment */
    bench_append(cluster, "out", 0, "needs another segment");
    cluster->ops->close(cluster);
    cluster = bench_log(&options);
    bench_value(cluster, "out", 0, 0, "fits");
    bench_value(cluster, "out", 0, 1, "needs another segment");
    cluster->ops->close(cluster);
    directory_remove(path);
}

/* Reading a journal through gives pages back on the way; what is held stays readable. */
static void records_stay_readable_however_much_is_read(void **state)
{
    (void)state;
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    bench_topic(cluster, "out", 1);
    char *large = memory_get(1 << 20);
    memset(large, 'z', (1 << 20) - 1);
    large[(1 << 20) - 1] = '\0';
    for (int i = 0; i < 40; i++) {
        bench_append(cluster, "out", 0, large);
    }
    struct reader *reader = NULL;
    struct stream_record held;
    struct error error = {0};
    bool found = false;
    SUCCEED(cluster->ops->reader_open(cluster, "out", 0, 0, true, &reader, &error), error);
    SUCCEED(reader->ops->read(reader, 0, &held, &found, &error), error);
    for (int i = 1; i < 40; i++) {
        struct stream_record record;
        SUCCEED(reader->ops->read(reader, 0, &record, &found, &error), error);
        assert_true(found && bytes_is(record.value, large));
        reader->ops->release(reader, &record);
    }
    assert_true(bytes_is(held.value, large));
    reader->ops->release(reader, &held);
    reader->ops->close(reader);
    free(large);
    cluster->ops->close(cluster);
    directory_remove(path);
}

/* Commits for ever: transaction i writes i to "left" and to "right" and the position i + 1. */
static _Noreturn void writer_run(const char *path)
{
    struct cluster *cluster =
        bench_log(&(struct log_options){.directory = path, .segment_size = 20000});
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct error error = {0};
    int64_t next = bench_end(cluster, "left", 0);
    for (;;) {
        char text[400];
        snprintf(text, sizeof(text), "%0*lld", (int)(1 + next % 390), (long long)next);
        bench_begin(stream);
        bench_produce(stream, "left", 0, text);
        bench_produce(stream, "right", 0, text);
        next++;
        if (bench_commit(stream, 0, next, "position", &error) != COMMIT_DONE) {
            _exit(1);
        }
    }
}

static int64_t writer_check(struct cluster *cluster)
{
    const int64_t count = bench_end(cluster, "left", 0);
    assert_int_equal(bench_end(cluster, "right", 0), count);
    struct stream *stream = bench_stream(cluster, "group", in_only, 1);
    struct stream_committed committed = {0};
    struct error error = {0};
    SUCCEED(stream->ops->committed(stream, 0, &committed, &error), error);
    assert_int_equal(committed.set ? committed.offset : 0, count);
    stream->ops->close(stream);
    for (int64_t i = count > 50 ? count - 50 : 0; i < count; i++) {
        char text[400];
        snprintf(text, sizeof(text), "%0*lld", (int)(1 + i % 390), (long long)i);
        bench_value(cluster, "left", 0, i, text);
        bench_value(cluster, "right", 0, i, text);
    }
    return count;
}

static void a_kill_never_leaves_half_a_transaction(void **state)
{
    (void)state;
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    bench_topic(cluster, "in", 1);
    bench_topic(cluster, "left", 1);
    bench_topic(cluster, "right", 1);
    cluster->ops->close(cluster);
    int64_t count = 0;
    for (int round = 0; round < 20; round++) {
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            writer_run(path);
        }
        const struct timespec pause = {.tv_nsec = 5000000 + round * 1234567};
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        cluster = bench_log(&(struct log_options){.directory = path, .segment_size = 20000});
        const int64_t now = writer_check(cluster);
        assert_true(now >= count);
        count = now;
        cluster->ops->close(cluster);
    }
    assert_true(count > 20);
    directory_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_opened_again_is_the_one_closed),
        cmocka_unit_test(segments_follow_one_another),
        cmocka_unit_test(a_torn_end_is_cut_off_at_every_byte),
        cmocka_unit_test(an_end_that_never_reached_the_disk_is_cut_off),
        cmocka_unit_test(a_flipped_bit_before_the_end_is_refused),
        cmocka_unit_test(a_missing_or_short_segment_is_refused),
        cmocka_unit_test(a_segment_of_another_log_is_refused),
        cmocka_unit_test(a_segment_that_was_just_made_is_taken_over),
        cmocka_unit_test(a_full_disk_stops_without_half_a_transaction),
        cmocka_unit_test(a_full_disk_makes_no_empty_segment),
        cmocka_unit_test(records_stay_readable_however_much_is_read),
        cmocka_unit_test(a_kill_never_leaves_half_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
