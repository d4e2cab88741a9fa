/* A stream of the in-process log: one group, its cursors and its transaction.
 *
 * The records of a transaction are encoded as they are produced, straight into the block that its
 * commit writes. Reading goes round the cursors (one a partition and source); a cursor stops at its
 * window of records not yet released.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "stream/log_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct cursor {
    int64_t next;        /* offset to be read */
    uint32_t read_ahead; /* records given out and not released */
    uint32_t epoch;      /* plus one when the cursor moves: releases from before do not count */
};

/* A partition this transaction has written to. */
struct touched {
    const struct log_partition *partition;
    size_t count; /* records of this transaction */
    size_t base;  /* the partition's end at flush() */
    bool told;    /* produced_next() gave out an offset that must hold */
};

struct log_stream {
    struct stream stream;
    struct log *log;
    struct log_group *group;
    struct log_topic **sources;
    uint32_t source_count;
    int32_t partition_count;
    int32_t announced;      /* partitions below were given out by STREAM_ASSIGN */
    bool *assigned;         /* by partition */
    struct cursor *cursors; /* partition * source_count + source */
    size_t rotor;           /* the cursor that is read now */
    uint32_t run;           /* records read from it in a row */
    bool open;              /* a transaction is */
    bool flushed;
    bool rotation_due;
    struct buffer block;
    struct touched *touched;
    size_t touched_count;
    size_t touched_capacity;
};

static enum status stream_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error);
static void stream_release(struct stream *stream, struct stream_record *record);
static enum status stream_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                 struct error *error);
static enum status stream_unassign(struct stream *stream, int32_t partition, struct error *error);
static bool stream_peers(const struct stream *stream, struct stream_peers *peers_out);
static enum status stream_seek(struct stream *stream, int32_t partition, const int64_t *offsets,
                               struct error *error);
static enum status stream_committed(struct stream *stream, int32_t partition,
                                    struct stream_committed *out, struct error *error);
static enum status stream_begin(struct stream *stream, struct error *error);
static enum status stream_produce(struct stream *stream, const struct stream_output *output,
                                  struct error *error);
static enum status stream_flush(struct stream *stream, struct error *error);
static int64_t stream_produced_next(struct stream *stream, const char *topic, int32_t partition);
static enum commit_outcome stream_commit(struct stream *stream,
                                         const struct stream_position *positions, size_t count,
                                         struct error *error);
static enum commit_outcome stream_abort(struct stream *stream, struct error *error);
static bool stream_rotation_due(const struct stream *stream);
static enum status stream_rotate(struct stream *stream, struct error *error);
static void stream_close(struct stream *stream);
static enum status sources_find(struct log *log, const struct stream_options *options,
                                struct log_topic **sources, struct error *error);

static const struct stream_ops stream_table = {
    .poll = stream_poll,
    .release = stream_release,
    .assign = stream_assign,
    .unassign = stream_unassign,
    .peers = stream_peers,
    .seek = stream_seek,
    .committed = stream_committed,
    .begin = stream_begin,
    .produce = stream_produce,
    .flush = stream_flush,
    .produced_next = stream_produced_next,
    .commit = stream_commit,
    .abort = stream_abort,
    .rotation_due = stream_rotation_due,
    .rotate = stream_rotate,
    .close = stream_close,
};

enum status log_stream_open(struct cluster *cluster, const struct stream_options *options,
                            struct stream **stream_out, struct error *error)
{
    ASSERT(options->source_count > 0 && options->source_count <= STREAM_SOURCES_MAX);
    struct log *log = log_of(cluster);
    struct log_topic *sources[STREAM_SOURCES_MAX] = {NULL};
    TRY(sources_find(log, options, sources, error));
    struct log_group *group = log_group_get(log, bytes_text(options->group));
    if (group->busy) {
        return error_set(error, STATUS_FATAL,
                         "cannot open a second stream of group '%s': the in-process log gives all "
                         "partitions to one; set threads=1",
                         options->group);
    }
    group->busy = true;
    log->user_count++;
    const size_t partitions = (size_t)sources[0]->partition_count;
    struct log_stream *self = memory_get(sizeof(*self));
    *self = (struct log_stream){
        .stream = {.ops = &stream_table},
        .log = log,
        .group = group,
        .source_count = options->source_count,
        .partition_count = sources[0]->partition_count,
        .sources = memory_get(options->source_count * sizeof(struct log_topic *)),
        .assigned = memory_get(partitions * sizeof(bool)),
        .cursors = memory_get(partitions * options->source_count * sizeof(struct cursor)),
    };
    memcpy(self->sources, sources, options->source_count * sizeof(struct log_topic *));
    memset(self->assigned, 0, partitions * sizeof(bool));
    memset(self->cursors, 0, partitions * options->source_count * sizeof(struct cursor));
    *stream_out = &self->stream;
    return STATUS_OK;
}

static enum status sources_find(struct log *log, const struct stream_options *options,
                                struct log_topic **sources, struct error *error)
{
    for (uint32_t i = 0; i < options->source_count; i++) {
        sources[i] = log_topic_find(log, options->sources[i]);
        if (sources[i] == NULL) {
            return error_set(error, STATUS_FATAL,
                             "cannot read topic '%s': it does not exist; create it first",
                             options->sources[i]);
        }
        if (sources[i]->partition_count != sources[0]->partition_count) {
            return error_set(error, STATUS_FATAL,
                             "topic '%s' has %d partitions but topic '%s' has %d: all sources of "
                             "a topology must have as many",
                             sources[0]->name, sources[0]->partition_count, sources[i]->name,
                             sources[i]->partition_count);
        }
    }
    return STATUS_OK;
}

static struct log_stream *self_of(struct stream *stream)
{
    return (struct log_stream *)stream;
}

static struct cursor *cursor_at(struct log_stream *self, int32_t partition, uint32_t source)
{
    ASSERT(partition >= 0 && partition < self->partition_count);
    ASSERT(source < self->source_count);
    return &self->cursors[(size_t)partition * self->source_count + source];
}

void log_pause(int timeout_ms)
{
    if (timeout_ms > 0) {
        /* Nothing can arrive meanwhile; a signal ends the pause early. */
        const struct timespec pause = {
            .tv_sec = timeout_ms / 1000,
            .tv_nsec = (long)(timeout_ms % 1000) * 1000000,
        };
        nanosleep(&pause, NULL);
    }
}

static bool cursor_ready(const struct log_stream *self, size_t index)
{
    const size_t partition = index / self->source_count;
    const struct cursor *cursor = &self->cursors[index];
    return self->assigned[partition] && cursor->read_ahead < LOG_WINDOW &&
           cursor->next <
               (int64_t)self->sources[index % self->source_count]->partitions[partition].count;
}

/* The next cursor that may be read: the current one until its run is a window long, then the
 * others. */
static bool cursor_find(struct log_stream *self)
{
    if (self->run < LOG_WINDOW && cursor_ready(self, self->rotor)) {
        return true;
    }
    const size_t count = (size_t)self->partition_count * self->source_count;
    for (size_t i = 0; i < count; i++) {
        self->rotor = self->rotor + 1 == count ? 0 : self->rotor + 1;
        if (cursor_ready(self, self->rotor)) {
            self->run = 0;
            return true;
        }
    }
    return false;
}

static enum status stream_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    if (self->announced < self->partition_count) {
        *partition_out = self->announced++;
        *event_out = STREAM_ASSIGN;
        return STATUS_OK;
    }
    if (!cursor_find(self)) {
        log_pause(timeout_ms);
        *event_out = STREAM_NOTHING;
        return STATUS_OK;
    }
    struct cursor *cursor = &self->cursors[self->rotor];
    const uint32_t source = (uint32_t)(self->rotor % self->source_count);
    const size_t partition = self->rotor / self->source_count;
    log_record_fill(self->log, &self->sources[source]->partitions[partition], cursor->next,
                    record_out);
    record_out->source = source;
    record_out->handle = (void *)(uintptr_t)cursor->epoch;
    cursor->next++;
    cursor->read_ahead++;
    self->run++;
    *event_out = STREAM_RECORD;
    return STATUS_OK;
}

static void stream_release(struct stream *stream, struct stream_record *record)
{
    struct cursor *cursor = cursor_at(self_of(stream), record->partition, record->source);
    if (record->handle == (void *)(uintptr_t)cursor->epoch) {
        ASSERT(cursor->read_ahead > 0);
        cursor->read_ahead--;
    }
    record->key = (struct bytes){0};
    record->value = (struct bytes){0};
}

static enum status stream_seek(struct stream *stream, int32_t partition, const int64_t *offsets,
                               struct error *error)
{
    struct log_stream *self = self_of(stream);
    for (uint32_t i = 0; i < self->source_count; i++) {
        const struct log_topic *topic = self->sources[i];
        ASSERT(partition >= 0 && partition < self->partition_count);
        const int64_t end = (int64_t)topic->partitions[partition].count;
        if (offsets[i] < 0 || offsets[i] > end) {
            return error_set(error, STATUS_FATAL,
                             "cannot read topic '%s' partition %d from offset %lld: it has 0 to "
                             "%lld; the state belongs to another log, or the log was cut",
                             topic->name, partition, (long long)offsets[i], (long long)end);
        }
    }
    for (uint32_t i = 0; i < self->source_count; i++) {
        struct cursor *cursor = cursor_at(self, partition, i);
        *cursor = (struct cursor){.next = offsets[i], .epoch = cursor->epoch + 1};
    }
    return STATUS_OK;
}

/* A group here has one member. */
static bool stream_peers(const struct stream *stream, struct stream_peers *peers_out)
{
    (void)stream;
    (void)peers_out;
    return false;
}

static enum status stream_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                 struct error *error)
{
    struct log_stream *self = self_of(stream);
    ASSERT(partition >= 0 && partition < self->announced);
    ASSERT(!self->assigned[partition]);
    TRY(stream_seek(stream, partition, offsets, error));
    self->assigned[partition] = true;
    return STATUS_OK;
}

static enum status stream_unassign(struct stream *stream, int32_t partition, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    ASSERT(partition >= 0 && partition < self->announced);
    self->assigned[partition] = false;
    for (uint32_t i = 0; i < self->source_count; i++) {
        struct cursor *cursor = cursor_at(self, partition, i);
        *cursor = (struct cursor){.epoch = cursor->epoch + 1};
    }
    return STATUS_OK;
}

static enum status stream_committed(struct stream *stream, int32_t partition,
                                    struct stream_committed *out, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    ASSERT(partition >= 0 && partition < self->partition_count);
    for (uint32_t i = 0; i < self->source_count; i++) {
        out[i].set = false;
        out[i].offset = STREAM_OFFSET_NONE;
        out[i].metadata[0] = '\0';
        const uint32_t number = self->sources[i]->number;
        if (number >= self->group->topic_count || self->group->offsets[number] == NULL) {
            continue;
        }
        const struct log_offset *offset = &self->group->offsets[number][partition];
        if (offset->set) {
            out[i].set = true;
            out[i].offset = offset->offset;
            memcpy(out[i].metadata, offset->metadata.data, offset->metadata.size);
            out[i].metadata[offset->metadata.size] = '\0';
        }
    }
    return STATUS_OK;
}

static enum status stream_begin(struct stream *stream, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    ASSERT(!self->open);
    ASSERT(!self->rotation_due);
    self->open = true;
    self->flushed = false;
    self->touched_count = 0;
    block_begin(&self->block);
    return STATUS_OK;
}

static struct touched *touched_find(struct log_stream *self, const struct log_partition *partition)
{
    for (size_t i = self->touched_count; i > 0; i--) {
        if (self->touched[i - 1].partition == partition) {
            return &self->touched[i - 1];
        }
    }
    return NULL;
}

static enum status stream_produce(struct stream *stream, const struct stream_output *output,
                                  struct error *error)
{
    struct log_stream *self = self_of(stream);
    ASSERT(self->open);
    struct log_partition *partition = NULL;
    TRY(block_add_record(&self->block, self->log, output, output->barrier, &partition, error));
    self->flushed = false;
    struct touched *touched = touched_find(self, partition);
    if (touched != NULL) {
        touched->count++;
        return STATUS_OK;
    }
    if (self->touched_count == self->touched_capacity) {
        self->touched_capacity = self->touched_capacity == 0 ? 16 : self->touched_capacity * 2;
        self->touched =
            memory_resize(self->touched, self->touched_capacity * sizeof(*self->touched));
    }
    self->touched[self->touched_count++] = (struct touched){.partition = partition, .count = 1};
    return STATUS_OK;
}

static enum status stream_flush(struct stream *stream, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    ASSERT(self->open);
    for (size_t i = 0; i < self->touched_count; i++) {
        self->touched[i].base = self->touched[i].partition->count;
        self->touched[i].told = false;
    }
    self->flushed = true;
    return STATUS_OK;
}

static int64_t stream_produced_next(struct stream *stream, const char *topic, int32_t partition)
{
    struct log_stream *self = self_of(stream);
    const struct log_topic *found = log_topic_find(self->log, topic);
    if (found == NULL || partition < 0 || partition >= found->partition_count) {
        return STREAM_OFFSET_NONE;
    }
    struct touched *touched = touched_find(self, &found->partitions[partition]);
    if (touched == NULL) {
        return STREAM_OFFSET_NONE;
    }
    ASSERT(self->flushed);
    touched->told = true;
    return (int64_t)(touched->base + touched->count);
}

/* The offsets that were given out hold only if nobody wrote to those partitions since flush(). */
static void told_assert(const struct log_stream *self)
{
    for (size_t i = 0; i < self->touched_count; i++) {
        const struct touched *touched = &self->touched[i];
        ASSERT(IMPLIES(touched->told, touched->base == touched->partition->count));
    }
}

static void transaction_end(struct log_stream *self, bool clean)
{
    self->open = false;
    self->flushed = false;
    self->touched_count = 0;
    if (!clean) {
        self->rotation_due = true;
    }
}

static enum commit_outcome transaction_write(struct log_stream *self, struct error *error)
{
    told_assert(self);
    if (block_empty(&self->block) || log_write(self->log, &self->block, error) == STATUS_OK) {
        transaction_end(self, true);
        return COMMIT_DONE;
    }
    transaction_end(self, false);
    return COMMIT_ABORTED;
}

/* The transaction that log_fail_commit() is about. */
static enum commit_outcome transaction_fail(struct log_stream *self, struct error *error)
{
    static const enum status statuses[] = {
        [COMMIT_ABORTED] = STATUS_ABORT,
        [COMMIT_UNKNOWN] = STATUS_ABORT,
        [COMMIT_FENCED] = STATUS_FATAL,
    };
    const struct log_fault fault = self->log->fault;
    self->log->fault = (struct log_fault){0};
    if (fault.applied && transaction_write(self, error) != COMMIT_DONE) {
        return COMMIT_ABORTED;
    }
    transaction_end(self, false);
    error_set(error, statuses[fault.outcome], "transaction failed by order of the test");
    return fault.outcome;
}

static enum commit_outcome stream_commit(struct stream *stream,
                                         const struct stream_position *positions, size_t count,
                                         struct error *error)
{
    struct log_stream *self = self_of(stream);
    ASSERT(self->open);
    if (count > 0) {
        block_add_group(&self->block, self->group->name);
    }
    for (size_t i = 0; i < count; i++) {
        const struct stream_position *position = &positions[i];
        ASSERT(position->source < self->source_count);
        ASSERT(position->partition >= 0 && position->partition < self->partition_count);
        ASSERT(position->next_offset >= 0);
        ASSERT(position->metadata == NULL || strlen(position->metadata) < STREAM_METADATA_MAX);
        block_add_offset(&self->block, self->sources[position->source]->number, position);
    }
    struct log_fault *fault = &self->log->fault;
    if (fault->after > 0 && --fault->after == 0) {
        return transaction_fail(self, error);
    }
    return transaction_write(self, error);
}

static enum commit_outcome stream_abort(struct stream *stream, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    if (self->open) {
        transaction_end(self, false);
    }
    return COMMIT_ABORTED;
}

static bool stream_rotation_due(const struct stream *stream)
{
    return ((const struct log_stream *)stream)->rotation_due;
}

static enum status stream_rotate(struct stream *stream, struct error *error)
{
    (void)error;
    struct log_stream *self = self_of(stream);
    transaction_end(self, true);
    self->rotation_due = false;
    return STATUS_OK;
}

static void stream_close(struct stream *stream)
{
    struct log_stream *self = self_of(stream);
    self->group->busy = false;
    self->log->user_count--;
    buffer_release(&self->block);
    free(self->touched);
    free(self->sources);
    free(self->assigned);
    free(self->cursors);
    free(self);
}
