/* A follower on Kafka: many partitions of one topic through one handle and one queue, without a group.
 *
 * All partitions forward to one queue, so that librdkafka's bound on queued bytes holds for all of them
 * together. Before 2.2.0 its fetcher sleeps up to a second once that queue was full, whatever becomes of
 * the queue meanwhile; any request to the broker wakes it up. So a question about an offset goes out whenever
 * half a queue has been taken, on a thread of its own, since the answer comes behind that of a fetch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"

#define WAKE_VERSION 0x020200ff /* has fetch.queue.backoff.ms */
#define WAKE_PAUSE_MS 50

struct followed {
    int64_t position;
    bool active;
    bool at_end; /* as of the last look */
};

struct kafka_follower {
    struct follower follower;
    struct kafka_handle handle;
    rd_kafka_topic_t *topic;
    rd_kafka_queue_t *queue;
    struct kafka_waker *waker; /* NULL: needs none */
    char *name;
    struct followed *partitions;
    size_t partition_count;
    size_t bytes;      /* read since the fetcher was woken up */
    size_t wake_bytes; /* half the queue */
    int64_t woken_at_ms;
    size_t woken; /* the partition whose leader was asked last */
};

static enum status follower_add(struct follower *base, int32_t partition, int64_t from,
                                struct error *error);
static void follower_drop(struct follower *base, int32_t partition);
static enum status follower_read(struct follower *base, int timeout_ms,
                                 struct stream_record *record_out, bool *found_out,
                                 struct error *error);
static void follower_release(struct follower *base, struct stream_record *record);
static int64_t follower_position(const struct follower *base, int32_t partition);
static void follower_close(struct follower *base);
static struct followed *followed_find(const struct kafka_follower *follower, int32_t partition);
static size_t half_queue(const rd_kafka_conf_t *conf);
static bool record_take(struct kafka_follower *follower, rd_kafka_message_t *message,
                        struct stream_record *record_out);
static enum status notice_take(const struct kafka_follower *follower,
                               const rd_kafka_message_t *message, struct error *error);
static void wake(struct kafka_follower *follower);

static const struct follower_ops kafka_follower_ops = {
    .add = follower_add,
    .drop = follower_drop,
    .read = follower_read,
    .release = follower_release,
    .position = follower_position,
    .close = follower_close,
};

static struct kafka_follower *kafka_follower_of(struct follower *follower)
{
    return (struct kafka_follower *)(void *)follower;
}

enum status kafka_follower_open(struct cluster *cluster, const char *topic,
                                struct follower **follower_out, struct error *error)
{
    const struct kafka_property own[] = {
        {"isolation.level", "read_committed"},
        {"enable.partition.eof", "true"},
    };
    rd_kafka_conf_t *conf = NULL;
    TRY(kafka_conf_new(kafka_of(cluster), KAFKA_FOLLOWER, own, COUNT_OF(own), &conf, error));
    struct kafka_context *context = kafka_context_new(kafka_of(cluster), NULL, conf);
    struct kafka_follower *follower = memory_get(sizeof(*follower));
    *follower = (struct kafka_follower){.follower = {.ops = &kafka_follower_ops},
                                        .wake_bytes = half_queue(conf)};
    const enum status status =
        kafka_handle_open(RD_KAFKA_CONSUMER, conf, context, &follower->handle, error);
    if (status != STATUS_OK) {
        free(follower);
        return status;
    }
    follower->name = memory_text(topic);
    follower->topic = rd_kafka_topic_new(follower->handle.rk, topic, NULL);
    if (follower->topic == NULL) {
        error_set(error, STATUS_FATAL, "cannot read topic '%s': %s", topic,
                  rd_kafka_err2str(rd_kafka_last_error()));
        follower_close(&follower->follower);
        return STATUS_FATAL;
    }
    follower->queue = rd_kafka_queue_new(follower->handle.rk);
    if (rd_kafka_version() < WAKE_VERSION) {
        follower->waker = kafka_waker_new(follower->handle.rk, topic);
    }
    *follower_out = &follower->follower;
    return STATUS_OK;
}

static enum status follower_add(struct follower *base, int32_t partition, int64_t from,
                                struct error *error)
{
    struct kafka_follower *follower = kafka_follower_of(base);
    ASSERT(partition >= 0 && from >= 0);
    const size_t needed = (size_t)partition + 1;
    if (needed > follower->partition_count) {
        follower->partitions =
            memory_resize(follower->partitions, needed * sizeof(*follower->partitions));
        for (size_t i = follower->partition_count; i < needed; i++) {
            follower->partitions[i] = (struct followed){.active = false};
        }
        follower->partition_count = needed;
    }
    struct followed *followed = &follower->partitions[partition];
    ASSERT(!followed->active);
    if (rd_kafka_consume_start_queue(follower->topic, partition, from, follower->queue) != 0) {
        return error_set(error, STATUS_FATAL, "cannot read topic '%s' partition %d: %s",
                         follower->name, (int)partition, rd_kafka_err2str(rd_kafka_last_error()));
    }
    *followed = (struct followed){.position = from, .active = true};
    return STATUS_OK;
}

/* What is still queued of it is discarded by librdkafka. */
static void follower_drop(struct follower *base, int32_t partition)
{
    struct kafka_follower *follower = kafka_follower_of(base);
    struct followed *followed = followed_find(follower, partition);
    ASSERT(followed != NULL);
    followed->active = false;
    rd_kafka_consume_stop(follower->topic, partition);
}

static enum status follower_read(struct follower *base, int timeout_ms,
                                 struct stream_record *record_out, bool *found_out,
                                 struct error *error)
{
    struct kafka_follower *follower = kafka_follower_of(base);
    int64_t deadline_ms = -1;
    int wait_ms = 0;
    *found_out = false;
    if (follower->bytes >= follower->wake_bytes) {
        wake(follower);
    }
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(follower->queue, wait_ms);
        if (message != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            *found_out = record_take(follower, message, record_out);
            if (*found_out) {
                return STATUS_OK;
            }
        } else if (message != NULL) {
            const enum status status = notice_take(follower, message, error);
            rd_kafka_message_destroy(message);
            TRY(status);
        } else {
            rd_kafka_poll(follower->handle.rk, 0);
            wake(follower);
        }
        const int64_t now_ms = clock_monotonic_ms(); /* not for every record */
        deadline_ms = deadline_ms < 0 ? now_ms + timeout_ms : deadline_ms;
        const int64_t left_ms = deadline_ms - now_ms;
        if (message == NULL && left_ms <= 0) {
            return STATUS_OK;
        }
        wait_ms = message != NULL || left_ms <= 0 ? 0 : (int)left_ms;
    }
}

static void follower_release(struct follower *base, struct stream_record *record)
{
    (void)base;
    rd_kafka_message_destroy(record->handle);
    *record = (struct stream_record){.handle = NULL};
}

static int64_t follower_position(const struct follower *base, int32_t partition)
{
    const struct followed *followed =
        followed_find((const struct kafka_follower *)(const void *)base, partition);
    ASSERT(followed != NULL);
    return followed->position;
}

static void follower_close(struct follower *base)
{
    struct kafka_follower *follower = kafka_follower_of(base);
    for (size_t i = 0; i < follower->partition_count; i++) {
        if (follower->partitions[i].active) {
            follower_drop(base, (int32_t)i);
        }
    }
    if (follower->waker != NULL && !kafka_waker_close(follower->waker)) {
        atomic_store(&follower->handle.context->silent, true);
        return; /* it still uses the handle, which is left behind */
    }
    if (follower->queue != NULL) {
        rd_kafka_queue_destroy(follower->queue);
    }
    if (follower->topic != NULL) {
        rd_kafka_topic_destroy(follower->topic);
    }
    kafka_handle_close(&follower->handle, false);
    free(follower->partitions);
    free(follower->name);
    free(follower);
}

/* The user may have set it. */
static size_t half_queue(const rd_kafka_conf_t *conf)
{
    char text[32] = "";
    size_t size = sizeof(text);
    const rd_kafka_conf_res_t known =
        rd_kafka_conf_get(conf, "queued.max.messages.kbytes", text, &size);
    ASSERT(known == RD_KAFKA_CONF_OK);
    return (size_t)strtoull(text, NULL, 10) * 512;
}

static struct followed *followed_find(const struct kafka_follower *follower, int32_t partition)
{
    if (partition < 0 || (size_t)partition >= follower->partition_count) {
        return NULL;
    }
    struct followed *followed = &follower->partitions[partition];
    return followed->active ? followed : NULL;
}

/* Takes `message`. False: of a partition dropped or started anew meanwhile. */
static bool record_take(struct kafka_follower *follower, rd_kafka_message_t *message,
                        struct stream_record *record_out)
{
    struct followed *followed = followed_find(follower, message->partition);
    if (followed == NULL || message->offset < followed->position) {
        rd_kafka_message_destroy(message);
        return false;
    }
    followed->position = message->offset + 1;
    followed->at_end = false;
    follower->bytes += message->len + message->key_len;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    *record_out = (struct stream_record){
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
        .key = bytes_of(message->key, message->key_len),
        .value = bytes_of(message->payload, message->len),
        .handle = message,
    };
    return true;
}

/* An end, which librdkafka saw past the control records before it, or an error. */
static enum status notice_take(const struct kafka_follower *follower,
                               const rd_kafka_message_t *message, struct error *error)
{
    struct followed *followed = followed_find(follower, message->partition);
    if (followed == NULL) { /* of a partition dropped meanwhile, or of none */
        return message->partition < 0
                   ? kafka_message_failed(follower->name, -1, message, error)
                   : STATUS_OK;
    }
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return kafka_message_failed(follower->name, followed->position, message, error);
    }
    if (message->offset > followed->position) {
        followed->position = message->offset;
    }
    followed->at_end = true;
    return STATUS_OK;
}

/* The leaders of the partitions in turn: each is asked by a fetcher of its own. */
static void wake(struct kafka_follower *follower)
{
    const bool full = follower->bytes >= follower->wake_bytes;
    follower->bytes = full ? 0 : follower->bytes;
    if (follower->waker == NULL) {
        return;
    }
    const int64_t now_ms = clock_monotonic_ms();
    if (!full && now_ms - follower->woken_at_ms < WAKE_PAUSE_MS) {
        return;
    }
    for (size_t i = 0; i < follower->partition_count; i++) {
        follower->woken = (follower->woken + 1) % follower->partition_count;
        const struct followed *followed = &follower->partitions[follower->woken];
        if (followed->active && !followed->at_end) {
            kafka_waker_wake(follower->waker, (int32_t)follower->woken);
            follower->woken_at_ms = now_ms;
            return;
        }
    }
}
