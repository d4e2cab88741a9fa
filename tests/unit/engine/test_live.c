/* The live loop under a group that takes partitions away and gives them back at any moment, also while a
 * transaction is on its way and the next batch is judged, and a log whose writes and commits fail: every
 * input is judged exactly once, and what comes out is what the causal loop makes of the same input
 * without faults.
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
#include "config/memory.h"
#include "follow.h"
#include "reports.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { PARTITIONS = 2, SUBJECTS = 40, SEEDS = 12, SEEDS_MAX = 300, IDLE_POLLS = 300, RECORDS_MAX = 7 };

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
    unsigned polls;
    int waited_ms; /* the last poll, at most */
    unsigned revokes, losses, aborts, restores_cut; /* that happened */
    struct follow_hooks hooks;
    unsigned revokes_open, losses_open; /* while a transaction was on its way */
    /* Commits come from another thread, and the log is for one. */
    pthread_mutex_t mutex;
    pthread_cond_t polled;
    bool beside; /* commits on their thread last for some polls */
    /* A planned fault, by number of the commit; 0: none. */
    unsigned fault_at;
    enum commit_outcome fault;
    bool fault_applied;
    unsigned commits;
    unsigned judged;  /* records that were released */
    unsigned pairs;   /* commits while more records were judged than one transaction holds */
    struct chain *chain;
    bool tight; /* memory is */
    atomic_llong rows_peak;
};

/* What the receipts of the sanctions topology told so far. */
struct chain {
    int64_t commit_seq[PARTITIONS];
    int64_t next[PARTITIONS][TOPOLOGY_SOURCES_MAX];
    uint8_t hash[PARTITIONS][DIGEST_SIZE];
    unsigned inputs;
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
        const unsigned rarely = shaky->open ? 10 : 60;
        if ((*hold == READING && once_in(shaky, rarely)) || (restoring && once_in(shaky, 10))) {
            const bool lost = once_in(shaky, 2);
            shaky->restores_cut += restoring;
            *hold = lost ? LOST : LEAVING;
            *event_out = lost ? STREAM_LOST : STREAM_REVOKE;
            shaky->losses += lost;
            shaky->revokes += !lost;
            shaky->losses_open += lost && shaky->open;
            shaky->revokes_open += !lost && shaky->open;
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

static bool all_reading(const struct shaky *shaky)
{
    bool all = true;
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        all = all && shaky->holds[partition] == READING;
    }
    return all;
}

static struct stream *enter(struct shaky_stream *self)
{
    pthread_mutex_lock(&self->shaky->mutex);
    return self->inner;
}

static enum status leave(struct shaky_stream *self, enum status status)
{
    pthread_mutex_unlock(&self->shaky->mutex);
    return status;
}

static enum status poll_inner(struct shaky_stream *self, enum stream_event *event_out,
                              struct stream_record *record_out, int32_t *partition_out,
                              struct error *error)
{
    struct shaky *shaky = self->shaky;
    shaky->polls++;
    pthread_cond_broadcast(&shaky->polled);
    if (disturb(shaky, event_out, partition_out)) {
        return STATUS_OK;
    }
    TRY(self->inner->ops->poll(self->inner, 0, event_out, record_out, partition_out, error));
    shaky->idle = *event_out == STREAM_NOTHING ? shaky->idle + 1 : 0;
    if (shaky->idle > IDLE_POLLS && !shaky->open) {
        shaky->faults = false; /* and every partition comes back */
    }
    if (shaky->idle > 2 * IDLE_POLLS && !shaky->open && all_reading(shaky)) {
        atomic_store(shaky->stop, true);
    }
    return STATUS_OK;
}

static enum status shaky_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                              struct stream_record *record_out, int32_t *partition_out,
                              struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    enter(self);
    self->shaky->waited_ms = timeout_ms;
    return leave(self, poll_inner(self, event_out, record_out, partition_out, error));
}

static void shaky_release(struct stream *stream, struct stream_record *record)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    self->shaky->judged++;
    inner->ops->release(inner, record);
    pthread_mutex_unlock(&self->shaky->mutex);
}

static enum status shaky_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    assert_int_equal(self->shaky->holds[partition], OFFERED);
    self->shaky->holds[partition] = READING;
    self->shaky->idle = 0;
    return leave(self, inner->ops->assign(inner, partition, offsets, error));
}

static enum status shaky_unassign(struct stream *stream, int32_t partition, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    const enum hold hold = self->shaky->holds[partition];
    assert_true(hold == LEAVING || hold == LOST);
    assert_false(self->shaky->open); /* what belongs to the partition is settled */
    self->shaky->holds[partition] = HELD;
    return leave(self, inner->ops->unassign(inner, partition, error));
}

static enum status shaky_seek(struct stream *stream, int32_t partition, const int64_t *offsets,
                              struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    return leave(self, inner->ops->seek(inner, partition, offsets, error));
}

static enum status shaky_committed(struct stream *stream, int32_t partition,
                                   struct stream_committed *out, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    /* A partition whose offsets are asked for has none in the open transaction. */
    assert_true(!self->shaky->open || self->shaky->holds[partition] == OFFERED);
    return leave(self, inner->ops->committed(inner, partition, out, error));
}

static enum status shaky_begin(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    self->shaky->open = true;
    return leave(self, inner->ops->begin(inner, error));
}

static enum status shaky_produce(struct stream *stream, const struct stream_output *output,
                                 struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    if (once_in(self->shaky, 400)) {
        return leave(self, error_set(error, STATUS_ABORT, "no record by order of the test"));
    }
    return leave(self, inner->ops->produce(inner, output, error));
}

static enum status shaky_flush(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    if (once_in(self->shaky, 20)) {
        return leave(self, error_set(error, STATUS_ABORT, "no flush by order of the test"));
    }
    return leave(self, inner->ops->flush(inner, error));
}

static int64_t shaky_next(struct stream *stream, const char *topic, int32_t partition)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    const int64_t next = inner->ops->produced_next(inner, topic, partition);
    pthread_mutex_unlock(&self->shaky->mutex);
    return next;
}

/* The brokers take their time: some polls long, but not for ever where nobody polls. */
static void wait_for_polls(struct shaky *shaky)
{
    const unsigned until = shaky->polls + (unsigned)(shaky->random >> 40) % 20;
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 10 * 1000 * 1000;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    while ((int)(until - shaky->polls) > 0 &&
           pthread_cond_timedwait(&shaky->polled, &shaky->mutex, &deadline) == 0) {}
}

/* What the test wants to become of this commit. */
static void plan_fault(struct shaky *shaky)
{
    if (++shaky->commits == shaky->fault_at) {
        log_fail_commit(shaky->inner, 1, shaky->fault, shaky->fault_applied);
    } else if (once_in(shaky, 8)) {
        const bool unknown = once_in(shaky, 2);
        log_fail_commit(shaky->inner, 1, unknown ? COMMIT_UNKNOWN : COMMIT_ABORTED,
                        unknown && once_in(shaky, 2));
    }
}

static enum commit_outcome shaky_commit(struct stream *stream,
                                        const struct stream_position *positions, size_t count,
                                        struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct shaky *shaky = self->shaky;
    struct stream *inner = enter(self);
    shaky->pairs += shaky->judged > shaky->chain->inputs + RECORDS_MAX;
    if (shaky->beside) {
        wait_for_polls(shaky);
    }
    bool fenced = false; /* the generation of a partition that was lost is over */
    for (size_t i = 0; i < count; i++) {
        fenced = fenced || shaky->holds[positions[i].partition] == LOST;
    }
    if (!fenced) {
        plan_fault(shaky);
    }
    shaky->open = false;
    const enum commit_outcome outcome =
        fenced ? inner->ops->abort(inner, error)
               : inner->ops->commit(inner, positions, count, error);
    pthread_mutex_unlock(&shaky->mutex);
    return outcome;
}

static enum commit_outcome shaky_abort(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    self->shaky->open = false;
    self->shaky->aborts++;
    const enum commit_outcome outcome = inner->ops->abort(inner, error);
    pthread_mutex_unlock(&self->shaky->mutex);
    return outcome;
}

static bool shaky_rotation_due(const struct stream *stream)
{
    const struct shaky_stream *self = (const struct shaky_stream *)(const void *)stream;
    return self->inner->ops->rotation_due(self->inner);
}

static enum status shaky_rotate(struct stream *stream, struct error *error)
{
    struct shaky_stream *self = self_of(stream);
    struct stream *inner = enter(self);
    assert_false(self->shaky->open);
    if (once_in(self->shaky, 2)) {
        return leave(self, error_set(error, STATUS_RETRY, "no rotation by order of the test"));
    }
    return leave(self, inner->ops->rotate(inner, error));
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
    struct shaky *shaky = of(cluster);
    pthread_mutex_lock(&shaky->mutex);
    const enum status status = shaky->inner->ops->reader_open(shaky->inner, topic, partition, from,
                                                              committed, reader_out, error);
    pthread_mutex_unlock(&shaky->mutex);
    return status;
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
    struct shaky *shaky = context;
    pthread_mutex_lock(&shaky->mutex);
    *nothing_out = once_in(shaky, 4);
    pthread_mutex_unlock(&shaky->mutex);
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
    struct shaky *shaky = of(cluster);
    pthread_mutex_lock(&shaky->mutex);
    const enum status status = shaky->inner->ops->bounds(shaky->inner, topic, partition, timeout_ms,
                                                         start_out, end_out, error);
    pthread_mutex_unlock(&shaky->mutex);
    return status;
}

static const struct cluster_ops shaky_ops = {.stream_open = shaky_stream_open,
                                             .reader_open = shaky_reader_open,
                                             .follower_open = shaky_follower_open,
                                             .bounds = shaky_bounds,
                                             .describe = shaky_describe,
                                             .check = shaky_check,
                                             .id = shaky_id};

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
        chain->inputs += (unsigned)input->count;
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

/* Far less than the rows of all subjects. */
#define TIGHT_BYTES (128 * 1024)

static struct shaky shaky_new(struct bench *bench, struct chain *chain)
{
    return (struct shaky){.cluster = {.ops = &shaky_ops},
                          .inner = bench->cluster,
                          .stop = &bench->stop,
                          .mutex = PTHREAD_MUTEX_INITIALIZER,
                          .polled = PTHREAD_COND_INITIALIZER,
                          .chain = chain};
}

static enum status run_live(struct bench *bench, struct shaky *shaky, const char *interval,
                            struct error *error)
{
    shaky->hooks = (struct follow_hooks){
        .before = before_read, .context = shaky, .mutex = &shaky->mutex};
    set(bench->config, "threads=1");
    set(bench->config, "topics.check_timestamps=false");
    set(bench->config, interval);
    set(bench->config, "commit.records_max=7");
    set(bench->config, "time.tick_interval=0");
    bench->on_receipt = on_receipt;
    bench->context = shaky->chain;
    atomic_store(&bench->stop, false);
    bench->config->memory_bytes = shaky->tight ? TIGHT_BYTES : bench->config->memory_bytes;
    const struct engine_options options = {.config = bench->config,
                                           .rows_peak = &shaky->rows_peak,
                                           .cluster = &shaky->cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 1,
                                           .keys = bench->keys,
                                           .in_turn = !shaky->beside,
                                           .stop = &bench->stop};
    return engine_run(&options, error);
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

/* The input, and what the causal loop makes of it. */
struct wanted {
    char path[32];
    struct buffer text;
    char *values[8 * SUBJECTS];
    size_t count;
};

static void wanted_make(struct wanted *wanted)
{
    struct bench bench;
    struct error error = {0};
    *wanted = (struct wanted){.path = "/tmp/sanctiond-live-XXXXXX"};
    close(mkstemp(wanted->path));
    reports_write(wanted->path, SUBJECTS);
    bench_open(&bench, wanted->path);
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    wanted->count = restrictions_of(&bench, &wanted->text, wanted->values);
    assert_int_equal(wanted->count, 2 * SUBJECTS); /* APPLY and LIFT */
    bench_close(&bench);
}

static void wanted_free(struct wanted *wanted)
{
    buffer_release(&wanted->text);
    unlink(wanted->path);
}

static void expect_wanted(const struct bench *bench, const struct chain *chain,
                          const struct wanted *wanted)
{
    struct buffer text = {0};
    char *values[8 * SUBJECTS];
    expect_all_read(bench, chain);
    assert_int_equal(restrictions_of(bench, &text, values), wanted->count);
    for (size_t i = 0; i < wanted->count; i++) {
        assert_string_equal(values[i], wanted->values[i]);
    }
    buffer_release(&text);
}

/* The next start: it completes what a fence, or a last commit that failed, left. */
static void run_rest(struct bench *bench, struct chain *chain)
{
    if (chain->inputs == 3 * SUBJECTS) {
        return;
    }
    struct error error = {0};
    struct shaky calm = shaky_new(bench, chain);
    assert_int_equal(run_live(bench, &calm, "commit.interval=1ms", &error), STATUS_OK);
}

/* `beside`: commits on their own thread; else between turns, so that a seed is one order of events. */
static void rebalances_and_faults(bool beside)
{
    struct wanted wanted;
    unsigned revokes_open = 0;
    unsigned losses_open = 0;
    unsigned pairs = 0;
    unsigned cut = 0;
    wanted_make(&wanted);
    /* What falls into a commit hangs on the threads' timing: more seeds until both kinds did. */
    const uint64_t seeds = beside ? SEEDS / 2 : SEEDS;
    for (uint64_t seed = 1; seed <= seeds || (beside && seed <= SEEDS_MAX &&
                                              (revokes_open == 0 || losses_open == 0)); seed++) {
        struct chain chain = {.inputs = 0};
        struct bench bench;
        struct error error = {0};
        bench_open(&bench, wanted.path);
        struct shaky shaky = shaky_new(&bench, &chain);
        shaky.random = seed;
        shaky.faults = true;
        shaky.beside = beside;
        shaky.tight = !beside && seed % 2 == 0; /* commits beside last for polls, rare while it is full */
        const enum status status = run_live(&bench, &shaky, "commit.interval=1ms", &error);
        if (status != STATUS_OK) {
            print_message("seed %llu: %s\n", (unsigned long long)seed, error.text);
        }
        assert_int_equal(status, STATUS_OK);
        assert_true(shaky.waited_ms > 0); /* who has nothing to do does not spin */
        if (shaky.tight) { /* empty maps weigh much here */
            const struct memory_plan plan = memory_plan(bench.config, 1);
            assert_true(atomic_load(&shaky.rows_peak) <= 2 * plan.rows);
        }
        run_rest(&bench, &chain);
        assert_true(shaky.revokes + shaky.losses > 0);
        revokes_open += shaky.revokes_open;
        losses_open += shaky.losses_open;
        pairs += shaky.pairs;
        cut += shaky.restores_cut;
        expect_wanted(&bench, &chain, &wanted);
        bench_close(&bench);
    }
    assert_true(pairs > 0 && cut > 0);
    assert_true(!beside || (revokes_open > 0 && losses_open > 0));
    wanted_free(&wanted);
}

static void rebalances_and_aborts_anywhere_change_no_decision(void **state)
{
    (void)state;
    rebalances_and_faults(false);
}

static void nor_do_they_while_a_commit_is_under_way(void **state)
{
    (void)state;
    rebalances_and_faults(true);
}

/* The nth commit of a run fails while the batch after it is judged; 0: none does. Returns the number of
 * commits. */
static unsigned run_with_fault(const struct wanted *wanted, unsigned nth,
                               enum commit_outcome outcome, bool applied)
{
    struct chain chain = {.inputs = 0};
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, wanted->path);
    struct shaky shaky = shaky_new(&bench, &chain);
    shaky.fault_at = nth;
    shaky.fault = outcome;
    shaky.fault_applied = applied;
    const char *interval = "commit.interval=10s"; /* full batches alone, so that every run is the same */
    const enum status status = run_live(&bench, &shaky, interval, &error);
    assert_int_equal(status, nth > 0 && outcome == COMMIT_FENCED ? STATUS_FATAL : STATUS_OK);
    const unsigned commits = shaky.commits;
    if (nth == 0) {
        assert_true(shaky.pairs > commits / 2);
    }
    assert_true(status == STATUS_OK || strstr(error.text, "fenced") != NULL);
    run_rest(&bench, &chain);
    expect_wanted(&bench, &chain, wanted);
    bench_close(&bench);
    return commits;
}

static void a_fault_at_any_commit_of_a_pair_changes_no_decision(void **state)
{
    (void)state;
    struct wanted wanted;
    wanted_make(&wanted);
    const unsigned commits = run_with_fault(&wanted, 0, COMMIT_DONE, false);
    assert_true(commits > 15);
    for (unsigned nth = 1; nth <= commits; nth++) {
        run_with_fault(&wanted, nth, COMMIT_ABORTED, false);
        run_with_fault(&wanted, nth, COMMIT_UNKNOWN, true);
        run_with_fault(&wanted, nth, COMMIT_UNKNOWN, false);
        run_with_fault(&wanted, nth, COMMIT_FENCED, false);
    }
    wanted_free(&wanted);
}

/* From then on a missing offset is never taken for a first start. */
static void every_task_has_a_first_transaction_also_after_an_abort(void **state)
{
    (void)state;
    char path[] = "/tmp/sanctiond-live-XXXXXX";
    close(mkstemp(path));
    reports_write(path, 0);
    for (unsigned nth = 0; nth <= 2; nth++) {
        struct chain chain = {.inputs = 0};
        struct bench bench;
        struct error error = {0};
        bench_open(&bench, path);
        struct shaky shaky = shaky_new(&bench, &chain);
        shaky.fault_at = nth;
        shaky.fault = COMMIT_ABORTED;
        assert_int_equal(run_live(&bench, &shaky, "commit.interval=1ms", &error), STATUS_OK);
        assert_true(shaky.commits > 0);
        for (int32_t partition = 0; partition < PARTITIONS; partition++) {
            assert_int_equal(chain.commit_seq[partition], 1);
        }
        bench_close(&bench);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rebalances_and_aborts_anywhere_change_no_decision),
        cmocka_unit_test(nor_do_they_while_a_commit_is_under_way),
        cmocka_unit_test(a_fault_at_any_commit_of_a_pair_changes_no_decision),
        cmocka_unit_test(every_task_has_a_first_transaction_also_after_an_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
