/* The live loop under a group that takes partitions away and gives them back at any moment, and a log whose
 * writes and commits fail: every input is judged exactly once, and what comes out is what the causal
 * loop makes of the same input without faults.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/time.h"
#include "bench.h"
#include "follow.h"
#include "reports.h"

#include <unistd.h>

enum { PARTITIONS = 2, SUBJECTS = 40, SEEDS = 12, IDLE_POLLS = 300 };

enum hold { HELD, OFFERED, READING, LEAVING, LOST };

/* A cluster that passes calls on to the log, with faults. */
struct shaky {
    struct cluster cluster;
    struct cluster *inner;
    atomic_bool *stop;
    uint64_t random;
    enum hold holds[PARTITIONS];
    bool faults;
    bool open; /* a transaction is */
    unsigned idle;
    unsigned revokes, losses, aborts, restores_cut; /* that happened */
    struct follow_hooks hooks;
};

struct shaky_stream {
    struct stream stream;
    struct stream *inner;
    struct shaky *shaky;
};

static struct shaky *of(struct cluster *cluster)
{
    return (struct shaky *)(void *)cluster;
}

static struct shaky_stream *self_of(struct stream *stream)
{
    return (struct shaky_stream *)(void *)stream;
}

/* True once in `n` times. */
static bool once_in(struct shaky *shaky, unsigned n)
{
    shaky->random = shaky->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return shaky->faults && (shaky->random >> 33) % n == 0;
}

/* Takes a partition away or gives one back. */
static bool disturb(struct shaky *shaky, enum stream_event *event_out, int32_t *partition_out)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        enum hold *hold = &shaky->holds[partition];
        *partition_out = partition;
        const bool restoring = *hold == OFFERED;
        if ((*hold == READING && once_in(shaky, 60)) || (restoring && once_in(shaky, 10))) {
            const bool lost = once_in(shaky, 2);
            shaky->restores_cut += restoring;
            *hold = lost ? LOST : LEAVING;
            *event_out = lost ? STREAM_LOST : STREAM_REVOKE;
            shaky->losses += lost;
            shaky->revokes += !lost;
            return true;
        }
        if (*hold == HELD && (!shaky->faults || once_in(shaky, 20))) {
            *hold = OFFERED;
            *event_out = STREAM_ASSIGN;
            return true;
        }
    }
    return false;
}

static enum status shaky_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                              struct stream_record *record_out, int32_t *partition_out,
                              struct error *error)
{
    (void)timeout_ms;
    struct shaky_stream *self = self_of(stream);
    struct shaky *shaky = self->shaky;
    if (disturb(shaky, event_out, partition_out)) {
        return STATUS_OK;
    }
    TRY(self->inner->ops->poll(self->inner, 0, event_out, record_out, partition_out, error));
    shaky->idle = *event_out == STREAM_NOTHING ? shaky->idle + 1 : 0;
    if (shaky->idle > IDLE_POLLS && !shaky->open) {
        shaky->faults = false; /* and every partition comes back */
    }
    if (shaky->idle > 2 * IDLE_POLLS && !shaky->open) {
        atomic_store(shaky->stop, true);
    }
    return STATUS_OK;
}

static void shaky_release(struct stream *stream, struct stream_record *record)
{
    struct shaky_stream *self = self_of(stream);
    self->inner->ops->release(self->inner, record);
}

static enum status shaky_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    assert_int_equal(self->shaky->holds[partition], OFFERED);
    self->shaky->holds[partition] = READING;
    return self->inner->ops->assign(self->inner, partition, offsets, error);
}

static enum status shaky_unassign(struct stream *stream, int32_t partition, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    const enum hold hold = self->shaky->holds[partition];
    assert_true(hold == LEAVING || hold == LOST);
    assert_false(self->shaky->open); /* what belongs to the partition is settled */
    self->shaky->holds[partition] = HELD;
    return self->inner->ops->unassign(self->inner, partition, error);
}

static enum status shaky_seek(struct stream *stream, int32_t partition, const int64_t *offsets,
                              struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    return self->inner->ops->seek(self->inner, partition, offsets, error);
}

static enum status shaky_committed(struct stream *stream, int32_t partition,
                                   struct stream_committed *out, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    /* A partition whose offsets are asked for has none in the open transaction. */
    assert_true(!self->shaky->open || self->shaky->holds[partition] == OFFERED);
    return self->inner->ops->committed(self->inner, partition, out, error);
}

static enum status shaky_begin(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    self->shaky->open = true;
    return self->inner->ops->begin(self->inner, error);
}

static enum status shaky_produce(struct stream *stream, const struct stream_output *output,
                                 struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    if (once_in(self->shaky, 400)) {
        return error_set(error, STATUS_ABORT, "no record by order of the test");
    }
    return self->inner->ops->produce(self->inner, output, error);
}

static enum status shaky_flush(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    if (once_in(self->shaky, 20)) {
        return error_set(error, STATUS_ABORT, "no flush by order of the test");
    }
    return self->inner->ops->flush(self->inner, error);
}

static int64_t shaky_next(struct stream *stream, const char *topic, int32_t partition)
{
    struct shaky_stream *self = self_of(stream);
    return self->inner->ops->produced_next(self->inner, topic, partition);
}

static enum commit_outcome shaky_commit(struct stream *stream,
                                        const struct stream_position *positions, size_t count,
                                        struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct shaky *shaky = self->shaky;
    for (size_t i = 0; i < count; i++) {
        assert_int_not_equal(shaky->holds[positions[i].partition], LOST);
    }
    if (once_in(shaky, 8)) {
        const bool unknown = once_in(shaky, 2);
        log_fail_commit(shaky->inner, 1, unknown ? COMMIT_UNKNOWN : COMMIT_ABORTED,
                        unknown && once_in(shaky, 2));
    }
    shaky->open = false;
    return self->inner->ops->commit(self->inner, positions, count, error);
}

static enum commit_outcome shaky_abort(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    self->shaky->open = false;
    self->shaky->aborts++;
    return self->inner->ops->abort(self->inner, error);
}

static bool shaky_rotation_due(const struct stream *stream)
{
    const struct shaky_stream *self = (const struct shaky_stream *)(const void *)stream;
    return self->inner->ops->rotation_due(self->inner);
}

static enum status shaky_rotate(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    if (once_in(self->shaky, 2)) {
        return error_set(error, STATUS_RETRY, "no rotation by order of the test");
    }
    return self->inner->ops->rotate(self->inner, error);
}

static void shaky_stream_close(struct stream *stream)
{
    struct shaky_stream *self = self_of(stream);
    self->inner->ops->close(self->inner);
    free(self);
}

static enum status shaky_stream_open(struct cluster *cluster, const struct stream_options *options,
                                     struct stream **stream_out, struct error *error)
{
    static const struct stream_ops ops = {.poll = shaky_poll,
                                          .release = shaky_release,
                                          .assign = shaky_assign,
                                          .unassign = shaky_unassign,
                                          .seek = shaky_seek,
                                          .committed = shaky_committed,
                                          .begin = shaky_begin,
                                          .produce = shaky_produce,
                                          .flush = shaky_flush,
                                          .produced_next = shaky_next,
                                          .commit = shaky_commit,
                                          .abort = shaky_abort,
                                          .rotation_due = shaky_rotation_due,
                                          .rotate = shaky_rotate,
                                          .close = shaky_stream_close};
    struct shaky *shaky = of(cluster);
    struct shaky_stream *self = memory_get(sizeof(*self));
    *self = (struct shaky_stream){.stream = {.ops = &ops}, .shaky = shaky};
    *stream_out = &self->stream;
    TRY(shaky->inner->ops->stream_open(shaky->inner, options, &self->inner, error));
    for (int32_t partition = 0; partition < PARTITIONS; partition++) { /* we say when they come */
        enum stream_event event = STREAM_NOTHING;
        struct stream_record record = {0};
        int32_t given = -1;
        TRY(self->inner->ops->poll(self->inner, 0, &event, &record, &given, error));
        assert_int_equal(event, STREAM_ASSIGN);
    }
    return STATUS_OK;
}

static enum status shaky_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                                     int64_t from, bool committed, struct reader **reader_out,
                                     struct error *error)
{
    struct cluster *inner = of(cluster)->inner;
    return inner->ops->reader_open(inner, topic, partition, from, committed, reader_out, error);
}

static enum status shaky_describe(struct cluster *cluster, const char *topic,
                                  struct topic_facts *facts_out, struct error *error)
{
    struct cluster *inner = of(cluster)->inner;
    return inner->ops->describe(inner, topic, facts_out, error);
}

static enum status shaky_check(struct cluster *cluster, const struct topic_want *want,
                               struct buffer *differences, struct error *error)
{
    struct cluster *inner = of(cluster)->inner;
    return inner->ops->check(inner, want, differences, error);
}

static const char *shaky_id(const struct cluster *cluster)
{
    const struct shaky *shaky = (const struct shaky *)(const void *)cluster;
    return shaky->inner->ops->id(shaky->inner);
}

/* So that a restore takes many turns. */
static enum status before_read(void *context, bool *nothing_out, struct error *error)
{
    (void)error;
    *nothing_out = once_in(context, 4);
    return STATUS_OK;
}

static enum status shaky_follower_open(struct cluster *cluster, const char *topic,
                                       struct follower **follower_out, struct error *error)
{
    struct shaky *shaky = of(cluster);
    return follow_open(shaky->inner, &shaky->hooks, topic, follower_out, error);
}

static enum status shaky_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                                int timeout_ms, int64_t *start_out, int64_t *end_out,
                                struct error *error)
{
    struct cluster *inner = of(cluster)->inner;
    return inner->ops->bounds(inner, topic, partition, timeout_ms, start_out, end_out, error);
}

static const struct cluster_ops shaky_ops = {.stream_open = shaky_stream_open,
                                             .reader_open = shaky_reader_open,
                                             .follower_open = shaky_follower_open,
                                             .bounds = shaky_bounds,
                                             .describe = shaky_describe,
                                             .check = shaky_check,
                                             .id = shaky_id};

/* What the receipts of the sanctions topology told so far. */
struct chain {
    int64_t commit_seq[PARTITIONS];
    int64_t next[PARTITIONS][TOPOLOGY_SOURCES_MAX];
    uint8_t hash[PARTITIONS][DIGEST_SIZE];
};

static void on_receipt(struct bench *bench, int32_t partition, const struct receipt *receipt,
                       struct bytes bytes)
{
    struct chain *chain = bench->context;
    assert_int_equal(receipt->commit_seq, ++chain->commit_seq[partition]);
    assert_memory_equal(receipt->prev_hash.data, chain->hash[partition], DIGEST_SIZE);
    digest_sha256(&bytes, 1, chain->hash[partition]);
    for (uint32_t i = 0; i < receipt->inputs_count; i++) {
        const struct input_range *input = &receipt->inputs[i];
        const struct topology *topology = &bench->topologies[0];
        uint32_t source = 0;
        while (!bytes_is(input->topic, topology->sources[source].topic->name)) {
            source++;
        }
        assert_int_equal(input->first_offset, chain->next[partition][source]);
        assert_int_equal(input->count, input->last_offset - input->first_offset + 1);
        chain->next[partition][source] = input->last_offset + 1;
    }
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The values of `restrictions`, sorted: their decisions do not depend on how transactions fell. */
static size_t restrictions_of(const struct bench *bench, struct buffer *text, char **values_out)
{
    buffer_clear(text);
    buffer_append(text, buffer_bytes(&bench->output));
    buffer_append(text, bytes_of("", 1));
    size_t count = 0;
    for (char *line = (char *)text->data; *line != '\0';) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (strncmp(line, "{\"topic\":\"restrictions\"", 23) == 0) {
            values_out[count++] = strstr(line, "\"value\":");
        }
        line = end + 1;
    }
    qsort(values_out, count, sizeof(*values_out), compare_texts);
    return count;
}

static void set(struct config *config, const char *text)
{
    struct problems problems = {0};
    config_set(config, text, &problems);
    assert_int_equal(problems.count, 0);
}

static void run_live(struct bench *bench, uint64_t seed, struct chain *chain, unsigned *cut)
{
    struct shaky shaky = {.cluster = {.ops = &shaky_ops},
                          .inner = bench->cluster,
                          .stop = &bench->stop,
                          .random = seed,
                          .faults = true};
    shaky.hooks = (struct follow_hooks){.before = before_read, .context = &shaky};
    set(bench->config, "threads=1");
    set(bench->config, "topics.check_timestamps=false");
    set(bench->config, "commit.interval=1ms");
    set(bench->config, "commit.records_max=7");
    set(bench->config, "time.tick_interval=0");
    bench->on_receipt = on_receipt;
    bench->context = chain;
    const struct engine_options options = {.config = bench->config,
                                           .cluster = &shaky.cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 1,
                                           .keys = bench->keys,
                                           .stop = &bench->stop};
    struct error error = {0};
    const enum status status = engine_run(&options, &error);
    if (status != STATUS_OK) {
        print_message("seed %llu: %s\n", (unsigned long long)seed, error.text);
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(shaky.revokes + shaky.losses > 0);
    *cut += shaky.restores_cut;
}

static void expect_all_read(const struct bench *bench, const struct chain *chain)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        for (uint32_t source = 0; source < bench->topologies[0].source_count; source++) {
            char name[256];
            struct reader *reader = NULL;
            int64_t start = 0;
            int64_t end = 0;
            struct error error = {0};
            snprintf(name, sizeof(name), "%s%s", bench->config->topics_prefix,
                     bench->topologies[0].sources[source].topic->name);
            assert_int_equal(bench->cluster->ops->reader_open(bench->cluster, name, partition, 0,
                                                              true, &reader, &error),
                             STATUS_OK);
            assert_int_equal(reader->ops->bounds(reader, &start, &end, &error), STATUS_OK);
            reader->ops->close(reader);
            assert_int_equal(chain->next[partition][source], end);
        }
    }
}

static void rebalances_and_aborts_anywhere_change_no_decision(void **state)
{
    (void)state;
    char path[] = "/tmp/sanctiond-live-XXXXXX";
    close(mkstemp(path));
    reports_write(path, SUBJECTS);
    static char *wanted[8 * SUBJECTS];
    static char *given[8 * SUBJECTS];
    struct buffer wanted_text = {0};
    struct buffer given_text = {0};
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, path);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    const size_t count = restrictions_of(&bench, &wanted_text, wanted);
    assert_int_equal(count, 2 * SUBJECTS); /* APPLY and LIFT */
    unsigned cut = 0;
    bench_close(&bench);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct chain chain = {.commit_seq = {0}};
        bench_open(&bench, path);
        run_live(&bench, seed, &chain, &cut);
        expect_all_read(&bench, &chain);
        assert_int_equal(restrictions_of(&bench, &given_text, given), count);
        for (size_t i = 0; i < count; i++) {
            assert_string_equal(given[i], wanted[i]);
        }
        bench_close(&bench);
    }
    assert_true(cut > 0);
    buffer_release(&wanted_text);
    buffer_release(&given_text);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rebalances_and_aborts_anywhere_change_no_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
