/* Offsets that expire: an idle task commits its own again in time, and those of other sources that went
 * nevertheless are told by the driver's. A changelog that lost what the group committed is no start.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "bench.h"
#include "engine/member.h"

#include <unistd.h>

#define INPUT SOURCE_DIR "/tests/unit/engine/faults.jsonl"

static struct engine_options options_of(struct bench *bench)
{
    return (struct engine_options){.config = bench->config,
                                   .cluster = bench->cluster,
                                   .codec = bench->codec,
                                   .catalogue = bench->catalogue,
                                   .topologies = bench->topologies,
                                   .topology_count = 2,
                                   .keys = bench->keys,
                                   .causal = true,
                                   .drain = true,
                                   .stop = &bench->stop};
}

/* The bench's cluster with some of its calls replaced. */
static struct {
    const struct cluster_ops *inner;
    struct cluster_ops ops;
    const struct stream_ops *stream_inner;
    struct stream_ops stream_ops;
    bool forgets_driver_list; /* what the driver's metadata says of the others */
    int64_t retention_ms;
    const struct follower_ops *follower_inner;
    struct follower_ops follower_ops;
    int64_t followed; /* records read from changelogs */
} veil;

static void veil_set(struct bench *bench)
{
    veil.inner = bench->cluster->ops;
    veil.ops = *bench->cluster->ops;
    bench->cluster->ops = &veil.ops;
}

static void veil_lift(struct bench *bench)
{
    bench->cluster->ops = veil.inner;
}

/* Only the driver still has an offset. */
static enum status expired_committed(struct stream *stream, int32_t partition,
                                     struct stream_committed *out, struct error *error)
{
    TRY(veil.stream_inner->committed(stream, partition, out, error));
    for (uint32_t i = 1; i < 8; i++) { /* sources of `sanctions` */
        out[i] = (struct stream_committed){.offset = STREAM_OFFSET_NONE};
    }
    char *list = strstr(out[0].metadata, " src=");
    if (veil.forgets_driver_list && list != NULL) {
        *list = '\0';
    }
    return STATUS_OK;
}

static enum status expired_stream_open(struct cluster *cluster,
                                       const struct stream_options *options,
                                       struct stream **stream_out, struct error *error)
{
    TRY(veil.inner->stream_open(cluster, options, stream_out, error));
    if (options->source_count == 8) {
        veil.stream_inner = (*stream_out)->ops;
        veil.stream_ops = *(*stream_out)->ops;
        veil.stream_ops.committed = expired_committed;
        (*stream_out)->ops = &veil.stream_ops;
    }
    return STATUS_OK;
}

static void a_source_whose_offset_expired_goes_on_where_the_driver_says(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(bench.topologies[0].source_count, 8);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    const unsigned commits = bench.commits;
    assert_true(commits > 0);

    veil_set(&bench);
    veil.ops.stream_open = expired_stream_open;
    if (bench_run(&bench, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(bench.commits, commits); /* nothing was taken twice */

    veil.forgets_driver_list = true;
    assert_int_equal(bench_run(&bench, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "has no start position"));
    veil.forgets_driver_list = false;
    veil_lift(&bench);
    bench_close(&bench);
}

static void an_idle_task_commits_its_offsets_in_a_quarter_of_the_retention(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    const struct engine_options options = options_of(&bench);
    struct member *member = NULL;
    size_t polled = 0;
    assert_int_equal(member_open(&options, &bench.topologies[0], 0, &member, &error), STATUS_OK);
    assert_int_equal(member_poll(member, 0, 1, &polled, &error), STATUS_OK);
    assert_int_equal(member->task_count, 2);
    const unsigned commits = bench.commits;
    struct task *task = member->tasks[0];
    const struct task_head before = task->committed;

    task->committed_at_ms = clock_monotonic_ms() - STREAM_RETENTION_MIN_MS / 4 + MINUTE_MS;
    assert_int_equal(member_maintain(member, &error), STATUS_OK);
    assert_int_equal(member_commit(member, &error), STATUS_OK);
    assert_int_equal(bench.commits, commits);

    task->committed_at_ms = clock_monotonic_ms() - STREAM_RETENTION_MIN_MS / 4;
    assert_int_equal(member_maintain(member, &error), STATUS_OK);
    assert_int_equal(member_commit(member, &error), STATUS_OK);
    assert_int_equal(bench.commits, commits + 1);
    assert_int_equal(task->committed.commit_seq, before.commit_seq + 1);
    assert_memory_equal(task->committed.next_offset, before.next_offset,
                        sizeof(before.next_offset));
    /* Every source, those that did not move too. */
    struct stream_committed committed[TOPOLOGY_SOURCES_MAX];
    assert_int_equal(
        member->stream->ops->committed(member->stream, task->partition, committed, &error),
        STATUS_OK);
    for (uint32_t i = 0; i < bench.topologies[0].source_count; i++) {
        struct task_mark mark;
        assert_true(committed[i].set);
        assert_int_equal(committed[i].offset, before.next_offset[i]);
        assert_true(task_mark_parse(committed[i].metadata, &mark));
        assert_int_equal(mark.commit_seq, before.commit_seq + 1);
    }
    assert_int_equal(member_maintain(member, &error), STATUS_OK);
    assert_int_equal(member_commit(member, &error), STATUS_OK);
    assert_int_equal(bench.commits, commits + 1);
    member_close(member);
    bench_close(&bench);
}

static enum status short_retention(struct cluster *cluster, int64_t *ms_out, struct error *error)
{
    (void)cluster;
    (void)error;
    *ms_out = veil.retention_ms;
    return STATUS_OK;
}

static void brokers_that_forget_offsets_within_a_day_are_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    veil_set(&bench);
    veil.ops.offsets_retention = short_retention;
    veil.retention_ms = DAY_MS - MINUTE_MS;
    assert_int_equal(bench_run(&bench, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "keep offsets for 1439 minutes"));
    assert_int_equal(bench.commits, 0);
    veil.retention_ms = DAY_MS;
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    veil_lift(&bench);
    bench_close(&bench);
}

/* The changelog was deleted and made anew: another, empty topic stands in for it. */
static const char *anew(const char *topic)
{
    return strstr(topic, "sanctions-changelog") != NULL ? "sanctions.authority-reports" : topic;
}

static enum status anew_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                               int timeout_ms, int64_t *start_out, int64_t *end_out,
                               struct error *error)
{
    return veil.inner->bounds(cluster, anew(topic), partition, timeout_ms, start_out, end_out, error);
}

static enum status anew_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                                    int64_t from, bool committed, struct reader **reader_out,
                                    struct error *error)
{
    return veil.inner->reader_open(cluster, anew(topic), partition, from, committed, reader_out,
                                   error);
}

/* With a state that lacks nothing too: the changelog would go on without the rows before. */
static void a_changelog_made_anew_is_refused_though_the_state_is_current(void **state)
{
    (void)state;
    char folder[] = "/tmp/sanctiond-offsets-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    struct engine_options options = options_of(&bench);
    options.state_dir = folder;
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    veil_set(&bench);
    veil.ops.bounds = anew_bounds;
    veil.ops.reader_open = anew_reader_open;
    assert_int_equal(engine_run(&options, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "it was cut or made anew"));
    veil_lift(&bench);
    bench_close(&bench);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static enum status anew_follower_open(struct cluster *cluster, const char *topic,
                                      struct follower **follower_out, struct error *error)
{
    return veil.inner->follower_open(cluster, anew(topic), follower_out, error);
}

/* The last meta record of a partition's changelog, copied, with one bit of its receipt's hash another. */
static void other_history(struct bench *bench, int32_t partition, int64_t end, struct buffer *out)
{
    struct error error = {0};
    struct reader *reader = NULL;
    struct stream_record record = {0};
    bool found = false;
    assert_int_equal(bench->cluster->ops->reader_open(bench->cluster, "sanctions.sanctions-changelog",
                                                      partition, end - 1, true, &reader, &error),
                     STATUS_OK);
    assert_int_equal(reader->ops->read(reader, 1000, &record, &found, &error), STATUS_OK);
    assert_true(found && bytes_is(record.key, STATE_META_KEY));
    struct task_meta *meta = memory_get(codec_record_size(bench->codec));
    const struct record_type *type = NULL;
    assert_int_equal(codec_decode(bench->codec, record.value, &type, meta), DECODE_OK);
    assert_ptr_equal(type, &record_task_meta);
    uint8_t hash[DIGEST_SIZE];
    memcpy(hash, meta->receipt_hash.data, DIGEST_SIZE);
    hash[7] ^= 1;
    meta->receipt_hash = bytes_of(hash, DIGEST_SIZE);
    codec_encode(bench->codec, &record_task_meta, meta, out);
    free(meta);
    reader->ops->release(reader, &record);
    reader->ops->close(reader);
}

/* Grows the topic that stands in for the changelog past the end of the old one; where the old one had its
 * last meta record lies `last` if it is given. */
static void regrow(struct bench *bench, int32_t partition, int64_t end, struct bytes last)
{
    struct error error = {0};
    for (int64_t offset = 0; offset < end + 3; offset++) {
        const bool meta = last.data != NULL && offset == end - 1;
        const struct stream_output output = {
            .topic = "sanctions.authority-reports",
            .partition = partition,
            .key = bytes_text(meta ? STATE_META_KEY : "sUSER:somebody-else"),
            .value = meta ? last : bytes_text("a row"),
        };
        assert_int_equal(bench->cluster->ops->append(bench->cluster, &output, 1, &error), STATUS_OK);
    }
}

/* Longer than the old one, so its end tells nothing: the last record of the store is looked for. */
static void regrown(bool has_meta, const char *text)
{
    char folder[] = "/tmp/sanctiond-offsets-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    struct engine_options options = options_of(&bench);
    options.state_dir = folder;
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    for (int32_t partition = 0; partition < 2; partition++) {
        int64_t start = 0;
        int64_t end = 0;
        struct buffer meta = {0};
        assert_int_equal(bench.cluster->ops->bounds(bench.cluster, "sanctions.sanctions-changelog",
                                                    partition, 1000, &start, &end, &error),
                         STATUS_OK);
        assert_true(end > 1);
        if (has_meta) {
            other_history(&bench, partition, end, &meta);
        }
        regrow(&bench, partition, end, buffer_bytes(&meta));
        buffer_release(&meta);
    }
    const unsigned commits = bench.commits;
    veil_set(&bench);
    veil.ops.bounds = anew_bounds;
    veil.ops.reader_open = anew_reader_open;
    veil.ops.follower_open = anew_follower_open;
    assert_int_equal(engine_run(&options, &error), STATUS_FATAL);
    if (strstr(error.text, text) == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(bench.commits, commits);
    veil_lift(&bench);
    assert_int_equal(engine_run(&options, &error), STATUS_OK); /* its own changelog is as good as before */
    bench_close(&bench);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void a_changelog_made_anew_is_refused_though_it_has_outgrown_the_old_one(void **state)
{
    (void)state;
    regrown(false, "it is not the changelog of this group's offsets");
}

static void a_changelog_of_another_history_is_refused(void **state)
{
    (void)state;
    regrown(true, "than the state: it was made anew");
}

static enum status counted_read(struct follower *follower, int timeout_ms,
                                struct stream_record *record_out, bool *found_out,
                                struct error *error)
{
    TRY(veil.follower_inner->read(follower, timeout_ms, record_out, found_out, error));
    veil.followed += *found_out;
    return STATUS_OK;
}

static enum status counted_follower_open(struct cluster *cluster, const char *topic,
                                         struct follower **follower_out, struct error *error)
{
    TRY(veil.inner->follower_open(cluster, topic, follower_out, error));
    veil.follower_inner = (*follower_out)->ops;
    veil.follower_ops = *(*follower_out)->ops;
    veil.follower_ops.read = counted_read;
    (*follower_out)->ops = &veil.follower_ops;
    return STATUS_OK;
}

/* All is in the store: of each task no more is read than the meta record that shows it. */
static void a_start_after_a_clean_stop_restores_nothing(void **state)
{
    (void)state;
    char folder[] = "/tmp/sanctiond-offsets-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    struct engine_options options = options_of(&bench);
    options.state_dir = folder;
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    const unsigned commits = bench.commits;
    veil_set(&bench);
    veil.ops.follower_open = counted_follower_open;
    veil.followed = 0;
    assert_int_equal(engine_run(&options, &error), STATUS_OK);
    assert_int_equal(veil.followed, 4); /* two partitions of two topologies */
    assert_int_equal(bench.commits, commits);
    veil_lift(&bench);
    bench_close(&bench);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static int64_t anew_next(struct stream *stream, const char *topic, int32_t partition)
{
    const int64_t next = veil.stream_inner->produced_next(stream, topic, partition);
    return next < 0 ? next : 1;
}

static enum status anew_stream_open(struct cluster *cluster, const struct stream_options *options,
                                    struct stream **stream_out, struct error *error)
{
    TRY(veil.inner->stream_open(cluster, options, stream_out, error));
    veil.stream_inner = (*stream_out)->ops;
    veil.stream_ops = *(*stream_out)->ops;
    veil.stream_ops.produced_next = anew_next;
    (*stream_out)->ops = &veil.stream_ops;
    return STATUS_OK;
}

static void a_changelog_made_anew_under_a_worker_ends_it_before_the_commit(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    veil_set(&bench);
    veil.ops.stream_open = anew_stream_open;
    assert_int_equal(bench_run(&bench, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "where the last transaction ended: it was made anew"));
    assert_in_range(bench.commits, 1, 4); /* the first of a partition */
    veil_lift(&bench);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_whose_offset_expired_goes_on_where_the_driver_says),
        cmocka_unit_test(an_idle_task_commits_its_offsets_in_a_quarter_of_the_retention),
        cmocka_unit_test(brokers_that_forget_offsets_within_a_day_are_refused),
        cmocka_unit_test(a_changelog_made_anew_is_refused_though_the_state_is_current),
        cmocka_unit_test(a_changelog_made_anew_is_refused_though_it_has_outgrown_the_old_one),
        cmocka_unit_test(a_changelog_of_another_history_is_refused),
        cmocka_unit_test(a_start_after_a_clean_stop_restores_nothing),
        cmocka_unit_test(a_changelog_made_anew_under_a_worker_ends_it_before_the_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
