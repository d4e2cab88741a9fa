/* The vtables of the simulated cluster, with what the network does to their requests.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include "base/assert.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS (30 * SECOND_MS)

static const struct stream_ops client_ops;

static struct client *client_of(struct stream *stream)
{
    return (struct client *)(void *)stream;
}

bool client_alive(const struct client *client)
{
    const struct worker *worker = client->worker;
    return !client->closed && worker->alive && worker->life == client->life &&
           worker->paused_until_ms <= world->now_ms;
}

void client_event(struct client *client, enum stream_event event, int32_t partition)
{
    ASSERT(client->event_count < EVENTS_MAX);
    const unsigned at = (client->event_first + client->event_count++) % EVENTS_MAX;
    client->events[at].event = event;
    client->events[at].partition = partition;
}

void judged_add(struct judged_list *list, struct judged judged)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        list->items = memory_resize(list->items, list->capacity * sizeof(*list->items));
    }
    list->items[list->count++] = judged;
}

static struct place source_place(const struct client *client, uint32_t source, int32_t partition)
{
    return (struct place){.topic = client->sources[source], .partition = partition};
}

static bool take_event(struct client *client, enum stream_event *event_out, int32_t *partition_out)
{
    if (client->event_count == 0) {
        return false;
    }
    *event_out = client->events[client->event_first].event;
    *partition_out = client->events[client->event_first].partition;
    client->event_first = (client->event_first + 1) % EVENTS_MAX;
    client->event_count--;
    trace("event", *event_out, *partition_out, client->generation);
    return true;
}

/* The next visible entry; false: the stable end. */
static bool visible_next(const struct log_partition *partition, int64_t *next)
{
    const int64_t end = partition_stable(partition);
    while (*next < end && partition->entries[*next].state != ENTRY_VISIBLE) {
        (*next)++;
    }
    return *next < end;
}

static void record_fill(const struct log_partition *partition, int64_t offset,
                        struct stream_record *record_out)
{
    const struct entry *entry = &partition->entries[offset];
    *record_out = (struct stream_record){.offset = offset,
                                         .timestamp_ms = entry->timestamp_ms,
                                         .key = entry->key,
                                         .value = entry->value};
}

static bool take_record(struct client *client, struct stream_record *record_out)
{
    const uint32_t count = client->source_count * (uint32_t)world->partitions;
    const uint32_t from = (uint32_t)random_below(&world->schedule, count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t source = (from + i) % count % client->source_count;
        const int32_t partition = (int32_t)((from + i) % count / client->source_count);
        const struct log_partition *log =
            broker_partition(source_place(client, source, partition));
        int64_t *next = &client->next[partition][source];
        if (client->holds[partition] == HOLD_READING && visible_next(log, next)) {
            record_fill(log, *next, record_out);
            record_out->source = source;
            record_out->partition = partition;
            (*next)++;
            return true;
        }
    }
    return false;
}

static enum status client_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error)
{
    struct client *client = client_of(stream);
    step();
    if (client->fenced) {
        return error_set(error, STATUS_FATAL, "the consumer failed for good: instance id fenced");
    }
    group_sync(client);
    if (take_event(client, event_out, partition_out)) {
        return STATUS_OK;
    }
    *event_out = STREAM_NOTHING;
    if (!fault_strikes(FAULT_POLL_NOTHING) && take_record(client, record_out)) {
        *event_out = STREAM_RECORD;
    } else if (timeout_ms > 0) {
        pause_ms(1 + (int64_t)random_below(&world->schedule, (uint64_t)timeout_ms));
    }
    return STATUS_OK;
}

/* A record is released when it is judged, or dropped right before a seek or an unassign. */
static void client_release(struct stream *stream, struct stream_record *record)
{
    struct client *client = client_of(stream);
    judged_add(&client->judged[record->partition],
               (struct judged){.source = record->source, .offset = record->offset});
}

static enum status client_seek(struct stream *stream, int32_t partition, const int64_t *offsets,
                               struct error *error)
{
    (void)error;
    struct client *client = client_of(stream);
    for (uint32_t i = 0; i < client->source_count; i++) {
        client->next[partition][i] = offsets[i];
    }
    client->judged[partition].count = 0;
    trace("seek", partition, offsets[0], 0);
    return STATUS_OK;
}

static enum status client_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                 struct error *error)
{
    struct client *client = client_of(stream);
    ASSERT(client->holds[partition] == HOLD_OFFERED || client->holds[partition] == HOLD_LEAVING);
    if (client->holds[partition] == HOLD_OFFERED) { /* else it must be given up, only nobody knows yet */
        client->holds[partition] = HOLD_READING;
    }
    return client_seek(stream, partition, offsets, error);
}

static enum status client_unassign(struct stream *stream, int32_t partition, struct error *error)
{
    (void)error;
    struct client *client = client_of(stream);
    ASSERT(client->holds[partition] == HOLD_LEAVING);
    client->judged[partition].count = 0;
    group_released(client, partition);
    return STATUS_OK;
}

static enum status client_committed(struct stream *stream, int32_t partition,
                                    struct stream_committed *out, struct error *error)
{
    struct client *client = client_of(stream);
    step();
    if (broker_pending(client->group, partition) || fault_strikes(FAULT_UNSTABLE)) {
        pause_ms(100);
        return error_set(error, STATUS_RETRY, "offsets are unstable");
    }
    const struct group_offsets *committed = &client->group->committed[partition];
    const bool known = committed->set && !fault_strikes(FAULT_OFFSETS_MISSING);
    for (uint32_t i = 0; i < client->source_count; i++) {
        out[i] = (struct stream_committed){.set = known, .offset = STREAM_OFFSET_NONE};
        if (known) {
            out[i].offset = committed->offset[i];
            snprintf(out[i].metadata, sizeof(out[i].metadata), "%s", committed->metadata[i]);
        }
    }
    return STATUS_OK;
}

static enum status client_begin(struct stream *stream, struct error *error)
{
    (void)error;
    struct client *client = client_of(stream);
    step();
    ASSERT(!client->open);
    ASSERT(!client->rotation_due || PLANTED(ROTATION_OFF));
    client->open = true;
    client->rotation_due = false;
    client->began_ms = world->now_ms;
    client->batch_count = 0;
    client->sent_count = 0;
    client->flushed = false;
    return STATUS_OK;
}

static struct bytes bytes_keep(struct bytes value)
{
    if (value.data == NULL) {
        return value;
    }
    uint8_t *kept = memory_get(value.size + 1);
    memcpy(kept, value.data, value.size);
    return bytes_of(kept, value.size);
}

/* Sends what is in the batch, one partition's run after the other. */
static enum answer batch_send(struct client *client)
{
    while (client->sent_count < client->batch_count) {
        struct unsent *unsent = &client->batch[client->sent_count];
        int64_t first = 0;
        const enum answer answer = broker_produce(client->transaction, client->epoch, unsent->place,
                                                  &unsent->entry, 1, false, &first);
        if (answer != ANSWER_OK) {
            return answer;
        }
        unsent->offset = first;
        client->sent_count++;
    }
    return ANSWER_OK;
}

static enum status client_produce(struct stream *stream, const struct stream_output *output,
                                  struct error *error)
{
    struct client *client = client_of(stream);
    ASSERT(client->open);
    if (fault_strikes(FAULT_PRODUCE)) {
        return error_set(error, STATUS_ABORT, "cannot write");
    }
    if (client->batch_count == client->batch_capacity) {
        client->batch_capacity = client->batch_capacity == 0 ? 64 : 2 * client->batch_capacity;
        client->batch =
            memory_resize(client->batch, client->batch_capacity * sizeof(*client->batch));
    }
    const uint32_t topic = broker_topic(output->topic);
    const int32_t partition =
        output->partition >= 0
            ? output->partition
            : stream_partition(output->key, world->broker->topics[topic].partition_count);
    client->batch[client->batch_count++] =
        (struct unsent){.place = {.topic = topic, .partition = partition},
                        .entry = {.timestamp_ms = output->timestamp_ms,
                                  .key = bytes_keep(output->key),
                                  .value = bytes_keep(output->value)},
                        .offset = -1};
    client->flushed = false;
    if (random_once_in(&world->schedule, 8)) {
        step();
        batch_send(client);
    }
    return STATUS_OK;
}

/* What is left of the batch arrives when nobody waits for it any more. */
static void send_too_late(struct client *client)
{
    while (client->sent_count < client->batch_count) {
        const struct unsent *unsent = &client->batch[client->sent_count++];
        struct entry *entry = memory_get(sizeof(*entry));
        *entry = unsent->entry;
        broker_send_later((struct request){.kind = REQUEST_PRODUCE,
                                           .transaction = client->transaction,
                                           .epoch = client->epoch,
                                           .place = unsent->place,
                                           .entries = entry,
                                           .entry_count = 1},
                          (int64_t)random_below(&world->faults, 500));
    }
}

static enum status client_flush(struct stream *stream, struct error *error)
{
    struct client *client = client_of(stream);
    ASSERT(client->open);
    step();
    if (fault_strikes(FAULT_LATE_PRODUCE)) {
        send_too_late(client);
        return error_set(error, STATUS_ABORT, "records were not delivered in time");
    }
    if (fault_strikes(FAULT_FLUSH)) {
        return error_set(error, STATUS_ABORT, "records were not delivered");
    }
    const int64_t deadline_ms = world->now_ms + TIMEOUT_MS;
    enum answer answer = ANSWER_AGAIN;
    while ((answer = batch_send(client)) == ANSWER_AGAIN && world->now_ms < deadline_ms) {
        pause_ms(20);
    }
    if (answer != ANSWER_OK) {
        return error_set(error, STATUS_ABORT, "records were refused: %d", (int)answer);
    }
    client->flushed = true;
    return STATUS_OK;
}

static int64_t client_produced_next(struct stream *stream, const char *topic, int32_t partition)
{
    const struct client *client = client_of(stream);
    const uint32_t number = broker_topic(topic);
    for (size_t i = client->batch_count; i > 0; i--) {
        const struct unsent *unsent = &client->batch[i - 1];
        if (unsent->place.topic == number && unsent->place.partition == partition) {
            return unsent->offset + 1;
        }
    }
    return STREAM_OFFSET_NONE;
}

/* The transaction is over for the client; `clean`: no request of it can still be under way. */
static enum commit_outcome over(struct client *client, bool clean, enum commit_outcome outcome)
{
    client->open = false;
    client->rotation_due = client->rotation_due || !clean;
    client->told_fenced = client->told_fenced || outcome == COMMIT_FENCED;
    trace("outcome", outcome, client->transaction->producer, client->epoch);
    return outcome;
}

/* A fence of a transaction that is older than the broker's limit is the broker's doing. */
static enum commit_outcome fenced(struct client *client, bool ended, struct error *error)
{
    error_set(error, STATUS_FATAL, "fenced");
    if (world->now_ms - client->began_ms < TIMEOUT_MS) {
        return over(client, false, COMMIT_FENCED);
    }
    return over(client, false, ended ? COMMIT_UNKNOWN : COMMIT_ABORTED);
}

static struct request end_request(const struct client *client, bool commits)
{
    return (struct request){.kind = REQUEST_END,
                            .transaction = client->transaction,
                            .epoch = client->epoch,
                            .commits = commits};
}

static enum commit_outcome client_abort(struct stream *stream, struct error *error)
{
    struct client *client = client_of(stream);
    if (!client->open) {
        return COMMIT_ABORTED;
    }
    step();
    if (fault_strikes(FAULT_ABORT_LOST)) { /* the rotation ends it, or this does when it arrives */
        broker_send_later(end_request(client, false), (int64_t)random_below(&world->faults, 2000));
        return over(client, false, COMMIT_ABORTED);
    }
    const enum answer answer = broker_end(client->transaction, client->epoch, false);
    if (answer == ANSWER_FENCED && world->now_ms - client->began_ms < TIMEOUT_MS) {
        error_set(error, STATUS_FATAL, "another producer uses the transactional id");
        return over(client, false, COMMIT_FENCED);
    }
    return over(client, false, COMMIT_ABORTED);
}

/* The inputs that the positions cover leave `judged`, in the order in which they were judged. */
static void take_judged(struct client *client, int32_t partition, struct group_offsets *offsets)
{
    struct judged_list *list = &client->judged[partition];
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct judged judged = list->items[i];
        if (judged.offset < offsets->offset[judged.source]) {
            judged_add(&offsets->judged, judged);
        } else {
            list->items[kept++] = judged;
        }
    }
    list->count = kept;
}

static void offsets_take(struct client *client, const struct stream_position *positions,
                         size_t count, struct group_offsets *offsets_out)
{
    memset(offsets_out, 0, PARTITIONS_MAX * sizeof(*offsets_out));
    for (size_t i = 0; i < count; i++) {
        struct group_offsets *offsets = &offsets_out[positions[i].partition];
        offsets->set = true;
        offsets->offset[positions[i].source] = positions[i].next_offset;
        offsets->metadata[positions[i].source] = memory_text(positions[i].metadata);
    }
    for (int32_t i = 0; i < world->partitions; i++) {
        if (offsets_out[i].set) {
            take_judged(client, i, &offsets_out[i]);
        }
    }
}

static enum answer offsets_send(struct client *client, struct group_offsets *offsets)
{
    if (client->expelled || client->fenced || client->generation != client->group->generation) {
        return ANSWER_REFUSED;
    }
    for (int32_t i = 0; i < world->partitions; i++) {
        if (!offsets[i].set) {
            continue;
        }
        if (PLANTED(OFFSETS_OUTSIDE)) {
            group_commit(client->group, i, &offsets[i]);
            continue;
        }
        enum answer answer = ANSWER_AGAIN;
        while ((answer = broker_send_offsets(client->transaction, client->epoch, client->group, i,
                                             &offsets[i])) == ANSWER_AGAIN) {
            pause_ms(20);
        }
        if (answer != ANSWER_OK) {
            return answer;
        }
    }
    return ANSWER_OK;
}

static enum commit_outcome end_answered(struct client *client, enum answer answer, bool clean,
                                        struct error *error)
{
    switch (answer) {
    case ANSWER_OK:
        return over(client, clean, COMMIT_DONE);
    case ANSWER_FENCED:
        return fenced(client, true, error);
    case ANSWER_AGAIN:
    case ANSWER_REFUSED:
        break;
    }
    error_set(error, STATUS_FATAL, "the commit failed");
    return over(client, false, COMMIT_UNKNOWN);
}

static enum commit_outcome end(struct client *client, struct error *error)
{
    bool clean = true;
    if (fault_strikes(FAULT_COMMIT_LOST)) {
        if (random_once_in(&world->faults, 2)) {
            broker_send_later(end_request(client, true),
                              (int64_t)random_below(&world->faults, 1000));
        }
        error_set(error, STATUS_RETRY, "no answer");
        pause_ms((int64_t)random_below(&world->faults, 600));
        return over(client, false, COMMIT_UNKNOWN);
    }
    if (fault_strikes(FAULT_COMMIT_TWICE)) {
        broker_send_later(end_request(client, true),
                          1 + (int64_t)random_below(&world->faults, 400));
        pause_ms((int64_t)random_below(&world->faults, 100));
        clean = false;
    }
    enum answer answer = ANSWER_AGAIN;
    const int64_t deadline_ms = world->now_ms + TIMEOUT_MS;
    while ((answer = broker_end(client->transaction, client->epoch, true)) == ANSWER_AGAIN &&
           world->now_ms < deadline_ms) {
        pause_ms(20);
    }
    if (fault_strikes(FAULT_COMMIT_MUTE)) {
        error_set(error, STATUS_RETRY, "no answer");
        return over(client, false, COMMIT_UNKNOWN);
    }
    step();
    return end_answered(client, answer, clean, error);
}

static enum commit_outcome client_commit(struct stream *stream,
                                         const struct stream_position *positions, size_t count,
                                         struct error *error)
{
    struct client *client = client_of(stream);
    ASSERT(client->open && client->flushed);
    ASSERT(count > 0);
    step();
    if (client->fenced || client->expelled || client->generation < 0 ||
        fault_strikes(FAULT_OFFSETS_REFUSED)) {
        error_set(error, STATUS_ABORT, "not a member of the group now");
        return client_abort(stream, error);
    }
    struct group_offsets offsets[PARTITIONS_MAX];
    offsets_take(client, positions, count, offsets);
    const enum answer answer = offsets_send(client, offsets);
    if (answer == ANSWER_FENCED) {
        return fenced(client, false, error);
    }
    if (answer != ANSWER_OK) {
        error_set(error, STATUS_ABORT, "offsets were refused: another generation");
        return client_abort(stream, error);
    }
    step();
    return end(client, error);
}

static bool client_rotation_due(const struct stream *stream)
{
    return ((const struct client *)(const void *)stream)->rotation_due;
}

static enum status initialise(struct client *client, struct error *error)
{
    step();
    if (client->told_fenced) {
        violate("a fenced producer of '%s' fences its successor", client->transaction->id);
    }
    if (fault_strikes(FAULT_ROTATE_RETRY)) {
        pause_ms(200);
        return error_set(error, STATUS_RETRY, "no broker answers");
    }
    if (broker_initialise(client->transaction, &client->epoch) == ANSWER_AGAIN) {
        pause_ms(20);
        return error_set(error, STATUS_RETRY, "the last transaction is not over");
    }
    return STATUS_OK;
}

static enum status client_rotate(struct stream *stream, struct error *error)
{
    struct client *client = client_of(stream);
    TRY(initialise(client, error));
    client->rotation_due = false;
    client->open = false;
    return STATUS_OK;
}

static enum status client_peek(struct stream *stream, int32_t partition,
                               struct stream_committed *driver_out, struct error *error)
{
    const struct client *client = client_of(stream);
    step();
    if (fault_strikes(FAULT_UNSTABLE)) {
        return error_set(error, STATUS_RETRY, "no broker answers");
    }
    const struct group_offsets *committed = &client->group->committed[partition];
    *driver_out = (struct stream_committed){.set = committed->set, .offset = STREAM_OFFSET_NONE};
    if (committed->set) {
        driver_out->offset = committed->offset[0];
        snprintf(driver_out->metadata, sizeof(driver_out->metadata), "%s", committed->metadata[0]);
    }
    return STATUS_OK;
}

static enum status client_fence(struct stream *stream, const char *transactional_id,
                                const char *instance_id, bool *fenced_out, struct error *error)
{
    const struct group *group = client_of(stream)->group;
    *fenced_out = false;
    step();
    for (unsigned i = 0; i < group->client_count; i++) {
        if (strcmp(group->clients[i]->instance, instance_id) == 0) {
            return STATUS_OK;
        }
    }
    step(); /* it may join meanwhile */
    int32_t epoch = 0;
    trace("fence", group - world->broker->groups, 0, 0);
    if (broker_initialise(broker_transaction(transactional_id), &epoch) != ANSWER_OK) {
        return error_set(error, STATUS_RETRY, "the transaction is not over");
    }
    *fenced_out = true;
    return STATUS_OK;
}

/* A static member does not leave. */
static void client_close(struct stream *stream)
{
    client_of(stream)->closed = true;
}

static const struct stream_ops client_ops = {
    .poll = client_poll,
    .release = client_release,
    .assign = client_assign,
    .unassign = client_unassign,
    .seek = client_seek,
    .committed = client_committed,
    .begin = client_begin,
    .produce = client_produce,
    .flush = client_flush,
    .produced_next = client_produced_next,
    .commit = client_commit,
    .abort = client_abort,
    .rotation_due = client_rotation_due,
    .rotate = client_rotate,
    .peek = client_peek,
    .fence = client_fence,
    .close = client_close,
};

static struct group *group_of(const char *name, const char *driver)
{
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        struct group *group = &world->broker->groups[i];
        const char *topic = group->topology->sources[0].topic->name;
        if (strcmp(driver + strlen(world->environment->config->topics_prefix), topic) == 0) {
            snprintf(group->name, sizeof(group->name), "%s", name);
            return group;
        }
    }
    ASSERT(false);
    return NULL;
}

static enum status cluster_stream_open(struct cluster *cluster, const struct stream_options *options,
                                       struct stream **stream_out, struct error *error)
{
    (void)cluster;
    struct client *client = memory_get(sizeof(*client));
    memset(client, 0, sizeof(*client));
    client->stream.ops = &client_ops;
    client->worker = worker_in_hand();
    client->life = client->worker->life;
    client->group = group_of(options->group, options->sources[0]);
    client->source_count = options->source_count;
    for (uint32_t i = 0; i < options->source_count; i++) {
        client->sources[i] = broker_topic(options->sources[i]);
    }
    snprintf(client->instance, sizeof(client->instance), "%s", options->instance_id);
    client->transaction = broker_transaction(options->transactional_id);
    TRY(initialise(client, error));
    group_join(client);
    *stream_out = &client->stream;
    return STATUS_OK;
}

struct log_reader {
    struct reader reader;
    struct place place;
    bool committed;
    int64_t next;
};

static struct log_reader *reader_of(struct reader *reader)
{
    return (struct log_reader *)(void *)reader;
}

static enum status reader_read(struct reader *base, int timeout_ms, struct stream_record *record_out,
                               bool *found_out, struct error *error)
{
    (void)error;
    struct log_reader *reader = reader_of(base);
    const struct log_partition *partition = broker_partition(reader->place);
    step();
    *found_out = visible_next(partition, &reader->next);
    if (*found_out) {
        record_fill(partition, reader->next++, record_out);
        record_out->partition = reader->place.partition;
    } else if (timeout_ms > 0) {
        pause_ms(1 + (int64_t)random_below(&world->schedule, (uint64_t)timeout_ms));
    }
    return STATUS_OK;
}

static void reader_release(struct reader *reader, struct stream_record *record)
{
    (void)reader;
    (void)record;
}

static enum status reader_bounds(struct reader *base, int64_t *start_out, int64_t *end_out,
                                 struct error *error)
{
    (void)error;
    const struct log_reader *reader = reader_of(base);
    const struct log_partition *partition = broker_partition(reader->place);
    step();
    *start_out = 0;
    *end_out = reader->committed ? partition_stable(partition) : partition->count;
    return STATUS_OK;
}

static int64_t reader_position(const struct reader *reader)
{
    return ((const struct log_reader *)(const void *)reader)->next;
}

static void reader_close(struct reader *reader)
{
    free(reader);
}

static enum status cluster_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                                       int64_t from, bool committed, struct reader **reader_out,
                                       struct error *error)
{
    static const struct reader_ops ops = {.read = reader_read,
                                          .release = reader_release,
                                          .bounds = reader_bounds,
                                          .position = reader_position,
                                          .close = reader_close};
    (void)cluster;
    (void)error;
    struct log_reader *reader = memory_get(sizeof(*reader));
    *reader = (struct log_reader){.reader = {.ops = &ops},
                                  .place = {.topic = broker_topic(topic), .partition = partition},
                                  .committed = committed,
                                  .next = from};
    *reader_out = &reader->reader;
    return STATUS_OK;
}

struct log_follower {
    struct follower follower;
    uint32_t topic;
    bool follows[PARTITIONS_MAX];
    int64_t next[PARTITIONS_MAX];
};

static struct log_follower *follower_of(struct follower *follower)
{
    return (struct log_follower *)(void *)follower;
}

static enum status follower_add(struct follower *base, int32_t partition, int64_t from,
                                struct error *error)
{
    (void)error;
    struct log_follower *follower = follower_of(base);
    ASSERT(!follower->follows[partition]);
    follower->follows[partition] = true;
    follower->next[partition] = from;
    return STATUS_OK;
}

static void follower_drop(struct follower *base, int32_t partition)
{
    follower_of(base)->follows[partition] = false;
}

static enum status follower_read(struct follower *base, int timeout_ms,
                                 struct stream_record *record_out, bool *found_out,
                                 struct error *error)
{
    (void)error;
    struct log_follower *follower = follower_of(base);
    step();
    const int32_t from =
        (int32_t)random_below(&world->schedule, (uint64_t)world->partitions);
    for (int32_t i = 0; i < world->partitions; i++) {
        const int32_t p = (from + i) % world->partitions;
        const struct log_partition *partition =
            broker_partition((struct place){.topic = follower->topic, .partition = p});
        if (follower->follows[p] && visible_next(partition, &follower->next[p])) {
            record_fill(partition, follower->next[p]++, record_out);
            record_out->partition = p;
            *found_out = true;
            return STATUS_OK;
        }
    }
    *found_out = false;
    if (timeout_ms > 0) {
        pause_ms(1 + (int64_t)random_below(&world->schedule, (uint64_t)timeout_ms));
    }
    return STATUS_OK;
}

static void follower_release(struct follower *follower, struct stream_record *record)
{
    (void)follower;
    (void)record;
}

static int64_t follower_position(const struct follower *follower, int32_t partition)
{
    return ((const struct log_follower *)(const void *)follower)->next[partition];
}

static void follower_close(struct follower *follower)
{
    free(follower);
}

static enum status cluster_follower_open(struct cluster *cluster, const char *topic,
                                         struct follower **follower_out, struct error *error)
{
    static const struct follower_ops ops = {.add = follower_add,
                                            .drop = follower_drop,
                                            .read = follower_read,
                                            .release = follower_release,
                                            .position = follower_position,
                                            .close = follower_close};
    (void)cluster;
    (void)error;
    struct log_follower *follower = memory_get(sizeof(*follower));
    *follower = (struct log_follower){.follower = {.ops = &ops}, .topic = broker_topic(topic)};
    *follower_out = &follower->follower;
    return STATUS_OK;
}

static enum status cluster_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                                  int timeout_ms, int64_t *start_out, int64_t *end_out,
                                  struct error *error)
{
    (void)cluster;
    step();
    if (fault_strikes(FAULT_UNSTABLE)) {
        pause_ms(timeout_ms);
        return error_set(error, STATUS_RETRY, "no broker answers");
    }
    *start_out = 0;
    *end_out = partition_stable(
        broker_partition((struct place){.topic = broker_topic(topic), .partition = partition}));
    return STATUS_OK;
}

static enum status cluster_describe(struct cluster *cluster, const char *topic,
                                    struct topic_facts *facts_out, struct error *error)
{
    (void)cluster;
    (void)error;
    const uint32_t number = broker_topic(topic);
    *facts_out = (struct topic_facts){
        .exists = true, .partitions = world->broker->topics[number].partition_count};
    snprintf(facts_out->id, sizeof(facts_out->id), "topic-%u", number);
    return STATUS_OK;
}

static enum status cluster_check(struct cluster *cluster, const struct topic_want *want,
                                 struct buffer *differences, struct error *error)
{
    (void)cluster;
    (void)want;
    (void)differences;
    (void)error;
    return STATUS_OK;
}

static const char *cluster_id(const struct cluster *cluster)
{
    (void)cluster;
    return "simulated";
}

static const struct cluster_ops cluster_table = {.stream_open = cluster_stream_open,
                                                 .reader_open = cluster_reader_open,
                                                 .follower_open = cluster_follower_open,
                                                 .bounds = cluster_bounds,
                                                 .describe = cluster_describe,
                                                 .check = cluster_check,
                                                 .id = cluster_id};
struct cluster simulated_cluster = {.ops = &cluster_table};
