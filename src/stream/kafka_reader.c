/* A reader on Kafka: one partition from an offset on, without a group and without its requests.
 *
 * It uses librdkafka's consumer that stands alone (rd_kafka_consume_start), since the one with
 * rd_kafka_assign() needs a group id and asks for its coordinator.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"

#define BOUNDS_PAUSE_MS 50

struct kafka_reader {
    struct reader reader;
    const struct kafka_cluster *cluster;
    struct kafka_handle handle;
    rd_kafka_topic_t *topic;
    char *name;
    int32_t partition;
    int64_t position;
    bool started;
};

static enum status reader_read(struct reader *reader, int timeout_ms,
                               struct stream_record *record_out, bool *found_out,
                               struct error *error);
static void reader_release(struct reader *reader, struct stream_record *record);
static enum status reader_bounds(struct reader *reader, int64_t *start_out, int64_t *end_out,
                                 struct error *error);
static int64_t reader_position(const struct reader *reader);
static void reader_close(struct reader *reader);
static enum status reader_start(struct kafka_reader *reader, bool committed, int64_t from,
                                struct error *error);
static void record_fill(struct kafka_reader *reader, rd_kafka_message_t *message,
                        struct stream_record *record_out);

static const struct reader_ops kafka_reader_ops = {
    .read = reader_read,
    .release = reader_release,
    .bounds = reader_bounds,
    .position = reader_position,
    .close = reader_close,
};

static struct kafka_reader *kafka_reader_of(struct reader *reader)
{
    return (struct kafka_reader *)(void *)reader;
}

enum status kafka_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                              int64_t from, bool committed, struct reader **reader_out,
                              struct error *error)
{
    ASSERT(partition >= 0);
    ASSERT(from >= 0);
    struct kafka_reader *reader = memory_get(sizeof(*reader));
    *reader = (struct kafka_reader){
        .reader = {.ops = &kafka_reader_ops},
        .cluster = kafka_of(cluster),
        .name = memory_text(topic),
        .partition = partition,
        .position = from,
    };
    struct kafka_layout layout;
    enum status status = kafka_layout_get(kafka_of(cluster), topic, &layout, error);
    if (status == STATUS_OK && !layout.exists) {
        status = error_set(error, STATUS_FATAL,
                           "topic '%s' does not exist: create it with sanctionctl topics create", topic);
    } else if (status == STATUS_OK && partition >= layout.partitions) {
        status =
            error_set(error, STATUS_FATAL, "topic '%s' has no partition %d", topic, (int)partition);
    }
    if (status == STATUS_OK) {
        status = reader_start(reader, committed, from, error);
    }
    if (status != STATUS_OK) {
        reader_close(&reader->reader);
        return status;
    }
    *reader_out = &reader->reader;
    return STATUS_OK;
}

static enum status reader_read(struct reader *base, int timeout_ms,
                               struct stream_record *record_out, bool *found_out,
                               struct error *error)
{
    struct kafka_reader *reader = kafka_reader_of(base);
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    int wait_ms = timeout_ms;
    rd_kafka_poll(reader->handle.rk, 0);
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consume(reader->topic, reader->partition, wait_ms);
        if (message == NULL) {
            *found_out = false;
            return STATUS_OK;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= reader->position) {
            record_fill(reader, message, record_out);
            *found_out = true;
            return STATUS_OK;
        }
        /* The end that librdkafka saw is past the control records before it. */
        const bool at_end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (at_end && message->offset > reader->position) {
            reader->position = message->offset;
        }
        enum status status = STATUS_OK;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !at_end) {
            status = kafka_message_failed(reader->name, reader->position, message, error);
        }
        rd_kafka_message_destroy(message);
        TRY(status);
        const int64_t left_ms = deadline_ms - clock_monotonic_ms();
        if (at_end || left_ms <= 0) {
            *found_out = false;
            return STATUS_OK;
        }
        wait_ms = (int)left_ms;
    }
}

static void reader_release(struct reader *reader, struct stream_record *record)
{
    (void)reader;
    rd_kafka_message_destroy(record->handle);
    *record = (struct stream_record){.handle = NULL};
}

/* ListOffsets carries the handle's isolation level: a committed reader's end is the LSO. */
static enum status reader_bounds(struct reader *base, int64_t *start_out, int64_t *end_out,
                                 struct error *error)
{
    struct kafka_reader *reader = kafka_reader_of(base);
    const int64_t deadline_ms = clock_monotonic_ms() + KAFKA_ANSWER_MS;
    int64_t start = 0;
    int64_t end = 0;
    rd_kafka_resp_err_t code;
    do {
        code = kafka_start_and_end(reader->handle.rk, reader->name, reader->partition,
                                   KAFKA_ANSWER_MS, &start, &end);
        if (kafka_error_passes(code)) {
            kafka_pause(BOUNDS_PAUSE_MS);
        }
    } while (kafka_error_passes(code) && clock_monotonic_ms() < deadline_ms);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_status_of(code),
                         "cannot read the bounds of topic '%s' partition %d: %s", reader->name,
                         (int)reader->partition, rd_kafka_err2str(code));
    }
    *start_out = start;
    *end_out = end;
    return STATUS_OK;
}

static int64_t reader_position(const struct reader *reader)
{
    return ((const struct kafka_reader *)(const void *)reader)->position;
}

static void reader_close(struct reader *base)
{
    struct kafka_reader *reader = kafka_reader_of(base);
    if (reader->started) {
        rd_kafka_consume_stop(reader->topic, reader->partition);
    }
    if (reader->topic != NULL) {
        rd_kafka_topic_destroy(reader->topic);
    }
    kafka_handle_close(&reader->handle, false);
    free(reader->name);
    free(reader);
}

static enum status reader_start(struct kafka_reader *reader, bool committed, int64_t from,
                                struct error *error)
{
    const struct kafka_property own[] = {
        {"isolation.level", committed ? "read_committed" : "read_uncommitted"},
        {"enable.partition.eof", "true"},
    };
    rd_kafka_conf_t *conf = NULL;
    TRY(kafka_conf_new(reader->cluster, KAFKA_READER, own, COUNT_OF(own), &conf, error));
    struct kafka_context *context = kafka_context_new(reader->cluster, NULL, conf);
    TRY(kafka_handle_open(RD_KAFKA_CONSUMER, conf, context, &reader->handle, error));
    reader->topic = rd_kafka_topic_new(reader->handle.rk, reader->name, NULL);
    if (reader->topic == NULL ||
        rd_kafka_consume_start(reader->topic, reader->partition, from) != 0) {
        return error_set(error, STATUS_FATAL, "cannot read topic '%s' partition %d: %s",
                         reader->name, (int)reader->partition,
                         rd_kafka_err2str(rd_kafka_last_error()));
    }
    reader->started = true;
    return STATUS_OK;
}

/* Takes `message`. */
static void record_fill(struct kafka_reader *reader, rd_kafka_message_t *message,
                        struct stream_record *record_out)
{
    reader->position = message->offset + 1;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *record_out = (struct stream_record){
        .source = 0,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .key = bytes_of(message->key, message->key_len),
        .value = bytes_of(message->payload, message->len),
        .handle = message,
    };
}

enum status kafka_message_failed(const char *topic, int64_t position,
                                 const rd_kafka_message_t *message, struct error *error)
{
    const rd_kafka_resp_err_t code = message->err;
    if (kafka_error_passes(code)) {
        return STATUS_OK; /* librdkafka goes on by itself */
    }
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        return error_set(error, STATUS_FATAL, "topic '%s' partition %d has no offset %lld: %s",
                         topic, (int)message->partition, (long long)position,
                         rd_kafka_message_errstr(message));
    }
    return error_set(error, STATUS_FATAL, "cannot read topic '%s' partition %d: %s", topic,
                     (int)message->partition, rd_kafka_message_errstr(message));
}
