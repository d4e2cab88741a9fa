/* A stream on Kafka: the consumer's polls and committed offsets; transactions go to the producer.
 *
 * Records come one by one, not in batches: before librdkafka 2.1.0 batches skip records around a
 * rebalance, and per record the gain is small beside judging it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

#define LEVEL_WARNING 4
#define LEVEL_ERROR 3
/* An unstable offset is asked for again by the caller, so a single question stays short. */
#define COMMITTED_TIMEOUT_MS 500
/* What is not about the record in hand is looked after by every poll that may wait, and by every so many that
 * may not: of these there are thousands in a row, and each would read the clock. */
#define SERVE_PERIOD 64
/* librdkafka before 2.3.0 crashes when it closes before its first cooperative assignment. */
#define FIRST_REBALANCE_MS 3000
/* An expelled consumer is looked after this often. */
#define REJOIN_PAUSE_MS 20

static enum status stream_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error);
static void stream_release(struct stream *stream, struct stream_record *record);
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
static bool record_take(struct kafka_stream *stream, rd_kafka_message_t *message,
                        struct stream_record *record_out);
static enum status message_failed(struct kafka_stream *stream, const rd_kafka_message_t *message,
                                  struct error *error);
static bool group_is_joined(const rd_kafka_consumer_group_metadata_t *group);

static const struct stream_ops kafka_stream_ops = {
    .poll = stream_poll,
    .release = stream_release,
    .assign = kafka_group_assign,
    .unassign = kafka_group_unassign,
    .peers = kafka_balance_peers,
    .seek = kafka_group_seek,
    .committed = stream_committed,
    .begin = stream_begin,
    .produce = stream_produce,
    .flush = stream_flush,
    .produced_next = stream_produced_next,
    .commit = stream_commit,
    .abort = stream_abort,
    .rotation_due = stream_rotation_due,
    .rotate = stream_rotate,
    .peek = kafka_orphan_peek,
    .fence = kafka_orphan_fence,
    .close = stream_close,
};

static struct kafka_stream *kafka_stream_of(struct stream *stream)
{
    return (struct kafka_stream *)(void *)stream;
}

enum status kafka_stream_open(struct cluster *cluster, const struct stream_options *options,
                              struct stream **stream_out, struct error *error)
{
    ASSERT(options->source_count >= 1 && options->source_count <= STREAM_SOURCES_MAX);
    struct kafka_stream *stream = memory_get(sizeof(*stream));
    *stream = (struct kafka_stream){
        .stream = {.ops = &kafka_stream_ops},
        .cluster = kafka_of(cluster),
        .source_count = options->source_count,
    };
    pthread_mutex_init(&stream->transactional, NULL);
    stream->rejoin.instance_id =
        memory_text(options->instance_id != NULL ? options->instance_id : "");
    stream->sources = memory_get(options->source_count * sizeof(*stream->sources));
    for (uint32_t s = 0; s < options->source_count; s++) {
        stream->sources[s] = memory_text(options->sources[s]);
    }
    /* First the producer: it ends what our predecessor left open, before we join the group. */
    enum status status =
        kafka_producer_open(stream->cluster, options->transactional_id, &stream->producer, error);
    if (status == STATUS_OK) {
        status = kafka_balance_open(stream, options->group, error);
    }
    if (status == STATUS_OK) {
        status = kafka_consumer_open(stream, error);
    }
    if (status != STATUS_OK) {
        stream_close(&stream->stream);
        return status;
    }
    *stream_out = &stream->stream;
    return STATUS_OK;
}

rd_kafka_resp_err_t kafka_subscribe(struct kafka_stream *stream)
{
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, stream->sources[0], RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t code = rd_kafka_subscribe(stream->consumer.rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code;
}

/* The group's balance; and what came for the producer, unless a transaction does that. */
static void serve(struct kafka_stream *stream)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (now_ms >= stream->balance.due_ms && !stream->rejoin.expelled) {
        kafka_balance_serve(stream, now_ms);
    }
    if (pthread_mutex_trylock(&stream->transactional) == 0) {
        kafka_producer_serve(stream->producer);
        pthread_mutex_unlock(&stream->transactional);
    }
}

static enum status stream_poll(struct stream *base, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error)
{
    struct kafka_stream *stream = kafka_stream_of(base);
    if (stream->poll_count++ % SERVE_PERIOD == 0 || timeout_ms > 0) {
        serve(stream);
    }
    const int64_t deadline_ms = timeout_ms > 0 ? clock_monotonic_ms() + timeout_ms : 0;
    int wait_ms = timeout_ms;
    for (;;) {
        if (stream->event_next < stream->event_count) {
            const struct kafka_event event = stream->events[stream->event_next++];
            *event_out = event.event;
            *partition_out = event.partition;
            return STATUS_OK;
        }
        if (stream->failure.status != STATUS_OK) {
            return error_set(error, stream->failure.status, "%s", stream->failure.text);
        }
        if (stream->rejoin.expelled) {
            TRY(kafka_rejoin(stream, error));
            if (stream->event_next == stream->event_count && stream->rejoin.expelled) {
                kafka_pause(wait_ms < REJOIN_PAUSE_MS ? wait_ms : REJOIN_PAUSE_MS);
                *event_out = STREAM_NOTHING;
                return STATUS_OK;
            }
            continue;
        }
        rd_kafka_message_t *message = rd_kafka_consumer_poll(stream->consumer.rk, wait_ms);
        if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (record_take(stream, message, record_out)) {
                *event_out = STREAM_RECORD;
                return STATUS_OK;
            }
        } else if (message != NULL) {
            const enum status status = message_failed(stream, message, error);
            rd_kafka_message_destroy(message);
            TRY(status);
        } else if (stream->event_next == stream->event_count) {
            *event_out = STREAM_NOTHING;
            return STATUS_OK;
        }
        const int64_t left_ms = timeout_ms > 0 ? deadline_ms - clock_monotonic_ms() : 0;
        wait_ms = left_ms > 0 ? (int)left_ms : 0;
    }
}

static void stream_release(struct stream *stream, struct stream_record *record)
{
    (void)stream;
    rd_kafka_message_destroy(record->handle);
    *record = (struct stream_record){.handle = NULL};
}

/* A pending transactional commit is waited for inside the call, which then times out. */
static enum status stream_committed(struct stream *base, int32_t partition,
                                    struct stream_committed *out, struct error *error)
{
    struct kafka_stream *stream = kafka_stream_of(base);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)stream->source_count);
    for (uint32_t s = 0; s < stream->source_count; s++) {
        rd_kafka_topic_partition_list_add(list, stream->sources[s], partition);
    }
    rd_kafka_resp_err_t code = rd_kafka_committed(stream->consumer.rk, list, COMMITTED_TIMEOUT_MS);
    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        code = list->elems[i].err;
    }
    enum status status = STATUS_OK;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        status = error_set(error, kafka_status_of(code),
                           "cannot read the committed offsets of partition %d: %s", (int)partition,
                           rd_kafka_err2str(code));
    }
    for (uint32_t s = 0; s < stream->source_count && status == STATUS_OK; s++) {
        const rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_find(list, stream->sources[s], partition);
        ASSERT(entry != NULL);
        status = kafka_committed_read(entry, &out[s], error);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

static struct kafka_producer *transaction_enter(struct stream *base)
{
    struct kafka_stream *stream = kafka_stream_of(base);
    pthread_mutex_lock(&stream->transactional);
    return stream->producer;
}

static enum status transaction_leave(struct stream *base, enum status status)
{
    pthread_mutex_unlock(&kafka_stream_of(base)->transactional);
    return status;
}

static enum status stream_begin(struct stream *stream, struct error *error)
{
    struct kafka_producer *producer = transaction_enter(stream);
    return transaction_leave(stream, kafka_producer_begin(producer, error));
}

static enum status stream_produce(struct stream *stream, const struct stream_output *output,
                                  struct error *error)
{
    struct kafka_producer *producer = transaction_enter(stream);
    return transaction_leave(stream, kafka_producer_produce(producer, output, error));
}

static enum status stream_flush(struct stream *stream, struct error *error)
{
    struct kafka_producer *producer = transaction_enter(stream);
    return transaction_leave(stream, kafka_producer_flush(producer, error));
}

static int64_t stream_produced_next(struct stream *stream, const char *topic, int32_t partition)
{
    const int64_t next = kafka_producer_next(transaction_enter(stream), topic, partition);
    pthread_mutex_unlock(&kafka_stream_of(stream)->transactional);
    return next;
}

static enum commit_outcome stream_commit(struct stream *base,
                                         const struct stream_position *positions, size_t count,
                                         struct error *error)
{
    struct kafka_stream *stream = kafka_stream_of(base);
    /* A commit without offsets is not fenced by the group, and librdkafka skips logical ones. */
    ASSERT(count > 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        ASSERT(positions[i].source < stream->source_count && positions[i].next_offset >= 0);
        rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(
            list, stream->sources[positions[i].source], positions[i].partition);
        entry->offset = positions[i].next_offset;
        if (positions[i].metadata != NULL && positions[i].metadata[0] != '\0') {
            ASSERT(strlen(positions[i].metadata) < STREAM_METADATA_MAX);
            entry->metadata = memory_text(positions[i].metadata); /* freed by the list */
            entry->metadata_size = strlen(positions[i].metadata);
        }
    }
    /* Never kept across a poll: a stale generation is fenced, an empty one would not be. */
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(stream->consumer.rk);
    struct kafka_producer *producer = transaction_enter(base);
    enum commit_outcome outcome;
    if (group == NULL || !group_is_joined(group)) {
        error_set(error, STATUS_ABORT, "cannot commit: we are not a member of the group now");
        outcome = kafka_producer_abort(producer, error);
    } else if (PLANTED(OFFSETS_OUTSIDE)) {
        rd_kafka_commit(stream->consumer.rk, list, 0);
        outcome = kafka_producer_commit(producer, NULL, NULL, error);
    } else {
        outcome = kafka_producer_commit(producer, list, group, error);
    }
    pthread_mutex_unlock(&stream->transactional);
    if (group != NULL) {
        rd_kafka_consumer_group_metadata_destroy(group);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return outcome;
}

static enum commit_outcome stream_abort(struct stream *stream, struct error *error)
{
    const enum commit_outcome outcome = kafka_producer_abort(transaction_enter(stream), error);
    pthread_mutex_unlock(&kafka_stream_of(stream)->transactional);
    return outcome;
}

static bool stream_rotation_due(const struct stream *stream)
{
    return kafka_producer_rotation_due(
        ((const struct kafka_stream *)(const void *)stream)->producer);
}

static enum status stream_rotate(struct stream *stream, struct error *error)
{
    return kafka_producer_rotate(kafka_stream_of(stream)->producer, error);
}

static void stream_close(struct stream *base)
{
    struct kafka_stream *stream = kafka_stream_of(base);
    if (stream->producer != NULL) {
        kafka_producer_close(stream->producer); /* the next start ends an open transaction */
    }
    bool closed = true;
    if (stream->consumer.rk != NULL) {
        kafka_group_answer_all(stream);
        const int64_t deadline_ms = clock_monotonic_ms() + FIRST_REBALANCE_MS;
        const bool expelled = kafka_is_expelled(stream);
        while (!kafka_consumer_may_close(stream) && !expelled && clock_monotonic_ms() < deadline_ms) {
            rd_kafka_message_t *message = rd_kafka_consumer_poll(stream->consumer.rk, 50);
            if (message != NULL) {
                rd_kafka_message_destroy(message);
            }
        }
        closed = kafka_consumer_close(stream, !expelled);
    }
    if (!closed) {
        /* Its callbacks still use the stream, so that stays too. */
        kafka_say(stream->cluster, LEVEL_WARNING,
                  "the consumer could not be closed and was left behind");
        return;
    }
    pthread_mutex_destroy(&stream->transactional);
    kafka_balance_close(stream);
    for (uint32_t s = 0; s < stream->source_count; s++) {
        free(stream->sources[s]);
    }
    free(stream->sources);
    free(stream->rejoin.instance_id);
    free(stream->tasks);
    free(stream->events);
    free(stream);
}

/* librdkafka before 2.3.0 aborts the process when a consumer goes between its join and its first assignment. */
bool kafka_consumer_may_close(const struct kafka_stream *stream)
{
    return stream->joined || rd_kafka_version() >= 0x020300ff;
}

bool kafka_consumer_close(struct kafka_stream *stream, bool leave)
{
    if (kafka_consumer_may_close(stream)) {
        return kafka_handle_close(&stream->consumer, leave);
    }
    atomic_store(&stream->consumer.context->silent, true);
    stream->consumer = (struct kafka_handle){.rk = NULL};
    return false;
}

enum status kafka_consumer_open(struct kafka_stream *stream, struct error *error)
{
    const struct kafka_property own[] = {
        {"group.id", stream->balance.group},
        {"group.instance.id", stream->rejoin.instance_id},
    };
    rd_kafka_conf_t *conf = NULL;
    TRY(kafka_conf_new(stream->cluster, KAFKA_MEMBER, own,
                       stream->rejoin.instance_id[0] != '\0' ? 2 : 1, &conf, error));
    struct kafka_context *context = kafka_context_new(stream->cluster, stream, conf);
    rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalance);
    TRY(kafka_handle_open(RD_KAFKA_CONSUMER, conf, context, &stream->consumer, error));
    rd_kafka_poll_set_consumer(stream->consumer.rk);
    const rd_kafka_resp_err_t code = kafka_subscribe(stream);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "cannot subscribe to topic '%s': %s",
                           stream->sources[0], rd_kafka_err2str(code));
}

/* Takes `message`. False: a record we do not want, because its partition is not read (any more) or
 * because it was seen before. Gaps are legal: control records and compaction leave them. */
static bool record_take(struct kafka_stream *stream, rd_kafka_message_t *message,
                        struct stream_record *record_out)
{
    const char *topic = rd_kafka_topic_name(message->rkt);
    uint32_t source = stream->source_last;
    for (uint32_t tried = 0; strcmp(stream->sources[source], topic) != 0; tried++) {
        ASSERT(tried < stream->source_count);
        source = (source + 1) % stream->source_count;
    }
    stream->source_last = source;
    struct kafka_task *task = kafka_task_find(stream, message->partition);
    if (task == NULL || task->state != TASK_READING || message->offset < task->next[source]) {
        rd_kafka_message_destroy(message);
        return false;
    }
    task->next[source] = message->offset + 1;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *record_out = (struct stream_record){
        .source = source,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .key = bytes_of(message->key, message->key_len),
        .value = bytes_of(message->payload, message->len),
        .handle = message,
    };
    return true;
}

/* What the consumer cannot get over by itself ends the stream; the rest is for the operator. */
static enum status message_failed(struct kafka_stream *stream, const rd_kafka_message_t *message,
                                  struct error *error)
{
    const char *topic = message->rkt != NULL ? rd_kafka_topic_name(message->rkt) : "";
    char text[256];
    if (kafka_is_expelled(stream)) {
        return STATUS_OK;
    }
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(stream->consumer.rk, text, sizeof(text));
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, STATUS_FATAL, "the consumer failed for good: %s", text);
    }
    const rd_kafka_resp_err_t code = message->err;
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        return error_set(error, STATUS_FATAL,
                         "topic '%s' partition %d no longer has the offset we stand at (%s): "
                         "records were deleted, or the topic was made anew",
                         topic, (int)message->partition, rd_kafka_message_errstr(message));
    }
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
        code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
        return error_set(error, STATUS_FATAL, "not allowed to read topic '%s': %s", topic,
                         rd_kafka_message_errstr(message));
    }
    kafka_say(stream->cluster, LEVEL_ERROR, "consumer: %s%s%s: %s", rd_kafka_err2name(code),
              topic[0] != '\0' ? " " : "", topic, rd_kafka_message_errstr(message));
    return STATUS_OK;
}

/* The metadata is taken by its size: librdkafka 2.0.2 does not terminate it. */
enum status kafka_committed_read(const rd_kafka_topic_partition_t *entry,
                                 struct stream_committed *out, struct error *error)
{
    *out = (struct stream_committed){.set = entry->offset >= 0, .offset = entry->offset};
    if (!out->set) {
        out->offset = STREAM_OFFSET_NONE;
        return STATUS_OK;
    }
    if (entry->metadata_size >= sizeof(out->metadata)) {
        return error_set(error, STATUS_FATAL,
                         "the committed offset of topic '%s' partition %d carries %zu bytes of "
                         "metadata, more than we write",
                         entry->topic, (int)entry->partition, entry->metadata_size);
    }
    if (entry->metadata_size > 0) {
        memcpy(out->metadata, entry->metadata, entry->metadata_size);
    }
    out->metadata[entry->metadata_size] = '\0';
    return STATUS_OK;
}

/* Whether the broker would check the commit at all: generation -1 or no member id is let through
 * (anomaly A6). */
static bool group_is_joined(const rd_kafka_consumer_group_metadata_t *group)
{
#if RD_KAFKA_VERSION >= 0x020800ff
    const char *member = rd_kafka_consumer_group_metadata_member_id(group);
    return rd_kafka_consumer_group_metadata_generation_id(group) >= 0 && member != NULL &&
           member[0] != '\0';
#else
    /* "CGMDv2:", generation in host order, group id, NUL, member id, NUL, ... */
    static const char magic[] = "CGMDv2:";
    const size_t magic_size = sizeof(magic) - 1;
    void *memory = NULL;
    size_t size = 0;
    rd_kafka_error_t *failure = rd_kafka_consumer_group_metadata_write(group, &memory, &size);
    ASSERT(failure == NULL);
    const char *text = memory;
    int32_t generation = -1;
    ASSERT(size > magic_size + sizeof(generation) && memcmp(text, magic, magic_size) == 0);
    memcpy(&generation, text + magic_size, sizeof(generation));
    const char *group_id = text + magic_size + sizeof(generation);
    const char *end = memchr(group_id, '\0', size - magic_size - sizeof(generation));
    ASSERT(end != NULL && end + 1 < text + size);
    const bool joined = generation >= 0 && end[1] != '\0';
    rd_kafka_mem_free(NULL, memory);
    return joined;
#endif
}
