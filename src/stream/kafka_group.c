/* The partitions of a stream: what the group assigns and takes back, and what the consumer reads.
 *
 * The group knows only the driver source. Its assignments are acknowledged at once, with nothing to
 * read, so that a long restore does not hold up the other members; a partition is read, in every
 * source, from the moment our caller answers. A revocation is acknowledged only when all of its
 * partitions are answered: until then the group gives none of them to anybody, and our generation
 * can still commit for them.
 *
 * With an eager assignor (partition.assignment.strategy=range) the whole list is set each time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"

#define LEVEL_WARNING 4
#define SEEK_DEADLINE_MS 10000
#define SEEK_PAUSE_MS 20

static void offer(struct kafka_stream *stream, const rd_kafka_topic_partition_list_t *partitions);
static void revoke(struct kafka_stream *stream, const rd_kafka_topic_partition_list_t *partitions,
                   bool lost);
static enum status revocation_finish(struct kafka_stream *stream, struct error *error);
static struct kafka_task *task_get(struct kafka_stream *stream, int32_t partition);
static void event_push(struct kafka_stream *stream, enum stream_event event, int32_t partition);
static bool is_eager(struct kafka_stream *stream);
static rd_kafka_topic_partition_list_t *list_of(const struct kafka_stream *stream,
                                                int32_t partition);
static enum status assignment_set(struct kafka_stream *stream, struct error *error);
static enum status assignment_change(struct kafka_stream *stream,
                                     rd_kafka_topic_partition_list_t *list, bool add,
                                     struct error *error);
static rd_kafka_resp_err_t seek_try(struct kafka_stream *stream,
                                    rd_kafka_topic_partition_list_t *list, struct error *error);

/* Runs inside rd_kafka_consumer_poll() and, on another thread while ours waits for it, inside
 * rd_kafka_consumer_close(). */
void kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    const struct kafka_context *context = opaque;
    struct kafka_stream *stream = context->owner;
    stream->joined = true;
    kafka_balance_rebalanced(stream, clock_monotonic_ms());
    if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        offer(stream, partitions);
    } else if (event == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        revoke(stream, partitions, rd_kafka_assignment_lost(rk) != 0);
    } else {
        kafka_say(stream->cluster, LEVEL_WARNING, "rebalance failed: %s", rd_kafka_err2str(event));
        rd_kafka_assign(rk, NULL);
    }
    /* Our caller hears of it before it gets another record. */
    rd_kafka_yield(rk);
}

enum status kafka_group_assign(struct stream *base, int32_t partition, const int64_t *offsets,
                               struct error *error)
{
    struct kafka_stream *stream = (struct kafka_stream *)(void *)base;
    struct kafka_task *task = kafka_task_find(stream, partition);
    ASSERT(task != NULL);
    if (task->state == TASK_REVOKED) {
        return STATUS_OK; /* taken back in the meantime; its event is on the way */
    }
    ASSERT(task->state == TASK_OFFERED);
    for (uint32_t s = 0; s < stream->source_count; s++) {
        ASSERT(offsets[s] >= 0);
        task->next[s] = offsets[s];
    }
    task->state = TASK_READING;
    task->reading = true;
    if (is_eager(stream)) {
        return assignment_set(stream, error);
    }
    return assignment_change(stream, list_of(stream, partition), true, error);
}

enum status kafka_group_unassign(struct stream *base, int32_t partition, struct error *error)
{
    struct kafka_stream *stream = (struct kafka_stream *)(void *)base;
    struct kafka_task *task = kafka_task_find(stream, partition);
    ASSERT(task != NULL && task->state != TASK_NONE && task->state != TASK_RELEASED);
    if (task->state == TASK_REVOKED) {
        task->state = TASK_RELEASED;
        return --stream->revocations_open == 0 ? revocation_finish(stream, error) : STATUS_OK;
    }
    /* Given up by our caller's own choice; the group still counts it as ours. */
    const bool reading = task->reading;
    task->state = TASK_NONE;
    task->reading = false;
    if (!reading) {
        return STATUS_OK;
    }
    return is_eager(stream) ? assignment_set(stream, error)
                            : assignment_change(stream, list_of(stream, partition), false, error);
}

enum status kafka_group_seek(struct stream *base, int32_t partition, const int64_t *offsets,
                             struct error *error)
{
    struct kafka_stream *stream = (struct kafka_stream *)(void *)base;
    struct kafka_task *task = kafka_task_find(stream, partition);
    ASSERT(task != NULL && task->state != TASK_NONE);
    for (uint32_t s = 0; s < stream->source_count; s++) {
        ASSERT(offsets[s] >= 0);
        task->next[s] = offsets[s];
    }
    if (task->state != TASK_READING) {
        return STATUS_OK;
    }
    /* Just assigned partitions may not be ready for it yet. */
    const int64_t deadline_ms = clock_monotonic_ms() + SEEK_DEADLINE_MS;
    for (;;) {
        rd_kafka_topic_partition_list_t *list = list_of(stream, partition);
        const rd_kafka_resp_err_t code = seek_try(stream, list, error);
        rd_kafka_topic_partition_list_destroy(list);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return STATUS_OK;
        }
        if (kafka_is_expelled(stream)) {
            return STATUS_OK; /* the partition is lost; its event is on the way */
        }
        if ((code != RD_KAFKA_RESP_ERR__STATE && !kafka_error_passes(code)) ||
            clock_monotonic_ms() > deadline_ms) {
            return STATUS_FATAL;
        }
        kafka_pause(SEEK_PAUSE_MS);
    }
}

void kafka_group_lose_all(struct kafka_stream *stream)
{
    for (size_t p = 0; p < stream->task_count; p++) {
        struct kafka_task *task = &stream->tasks[p];
        if (task->state == TASK_OFFERED || task->state == TASK_READING) {
            task->state = TASK_REVOKED;
            stream->revocations_open++;
            event_push(stream, STREAM_LOST, (int32_t)p);
        }
    }
}

void kafka_group_answer_all(struct kafka_stream *stream)
{
    stream->closing = true;
    stream->event_count = 0;
    stream->event_next = 0;
    if (stream->revocations_open > 0) {
        struct error error;
        stream->revocations_open = 0;
        if (revocation_finish(stream, &error) != STATUS_OK) {
            kafka_say(stream->cluster, LEVEL_WARNING, "while closing: %s", error.text);
        }
    }
}

static void offer(struct kafka_stream *stream, const rd_kafka_topic_partition_list_t *partitions)
{
    for (int i = 0; i < partitions->cnt && !stream->closing; i++) {
        const int32_t partition = partitions->elems[i].partition;
        struct kafka_task *task = task_get(stream, partition);
        if (task->state == TASK_NONE) {
            task->state = TASK_OFFERED;
            event_push(stream, STREAM_ASSIGN, partition);
        }
    }
    struct error error;
    const enum status status =
        is_eager(stream)
            ? assignment_set(stream, &error)
            : assignment_change(stream, rd_kafka_topic_partition_list_new(0), true, &error);
    if (status != STATUS_OK) {
        stream->failure = error;
    }
}

static void revoke(struct kafka_stream *stream, const rd_kafka_topic_partition_list_t *partitions,
                   bool lost)
{
    for (int i = 0; i < partitions->cnt; i++) {
        const int32_t partition = partitions->elems[i].partition;
        struct kafka_task *task = task_get(stream, partition);
        if (task->state == TASK_NONE || task->state == TASK_RELEASED) {
            continue;
        }
        if (stream->closing) {
            task->state = TASK_RELEASED;
            continue;
        }
        /* Lost while its ordinary revocation is not answered yet: one answer is enough, and its
         * commit fails by the generation. */
        if (task->state != TASK_REVOKED) {
            task->state = TASK_REVOKED;
            stream->revocations_open++;
            event_push(stream, lost ? STREAM_LOST : STREAM_REVOKE, partition);
        }
    }
    struct error error;
    if (stream->revocations_open == 0 && revocation_finish(stream, &error) != STATUS_OK) {
        stream->failure = error;
    }
}

/* Acknowledges a revocation: nothing of the released partitions is read any more. */
static enum status revocation_finish(struct kafka_stream *stream, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (size_t p = 0; p < stream->task_count; p++) {
        struct kafka_task *task = &stream->tasks[p];
        if (task->state != TASK_REVOKED && task->state != TASK_RELEASED) {
            continue;
        }
        for (uint32_t s = 0; s < stream->source_count && task->reading; s++) {
            rd_kafka_topic_partition_list_add(list, stream->sources[s], (int32_t)p);
        }
        task->state = TASK_NONE;
        task->reading = false;
    }
    if (!kafka_is_expelled(stream) && !is_eager(stream)) {
        return assignment_change(stream, list, false, error);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (stream->rejoin.expelled) {
        return STATUS_OK; /* there is nobody to answer to */
    }
    for (size_t p = 0; p < stream->task_count; p++) {
        stream->tasks[p].state = TASK_NONE;
        stream->tasks[p].reading = false;
    }
    const rd_kafka_resp_err_t code = rd_kafka_assign(stream->consumer.rk, NULL);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || kafka_is_expelled(stream)
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "cannot give partitions back to the group: %s",
                           rd_kafka_err2str(code));
}

static struct kafka_task *task_get(struct kafka_stream *stream, int32_t partition)
{
    ASSERT(partition >= 0);
    const size_t index = (size_t)partition;
    if (index >= stream->task_count) {
        stream->tasks = memory_resize(stream->tasks, (index + 1) * sizeof(*stream->tasks));
        for (size_t i = stream->task_count; i <= index; i++) {
            stream->tasks[i] = (struct kafka_task){.state = TASK_NONE};
        }
        stream->task_count = index + 1;
    }
    return &stream->tasks[index];
}

static void event_push(struct kafka_stream *stream, enum stream_event event, int32_t partition)
{
    if (stream->event_next == stream->event_count) {
        stream->event_next = 0;
        stream->event_count = 0;
    }
    if (stream->event_count == stream->event_capacity) {
        stream->event_capacity = stream->event_capacity == 0 ? 16 : 2 * stream->event_capacity;
        stream->events =
            memory_resize(stream->events, stream->event_capacity * sizeof(*stream->events));
    }
    stream->events[stream->event_count++] =
        (struct kafka_event){.event = event, .partition = partition};
}

/* librdkafka may answer NULL while a consumer closes, and "NONE" outside a group: what held before
 * holds then. */
static bool is_eager(struct kafka_stream *stream)
{
    const char *protocol = rd_kafka_rebalance_protocol(stream->consumer.rk);
    if (protocol != NULL && strcmp(protocol, "NONE") != 0) {
        stream->eager = strcmp(protocol, "EAGER") == 0;
    }
    return stream->eager;
}

/* All sources of one partition, each at its next offset. */
static rd_kafka_topic_partition_list_t *list_of(const struct kafka_stream *stream,
                                                int32_t partition)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)stream->source_count);
    for (uint32_t s = 0; s < stream->source_count; s++) {
        rd_kafka_topic_partition_list_add(list, stream->sources[s], partition)->offset =
            stream->tasks[partition].next[s];
    }
    return list;
}

/* Eager: the consumer reads exactly what our tasks read, from where they stand. */
static enum status assignment_set(struct kafka_stream *stream, struct error *error)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(0);
    for (size_t p = 0; p < stream->task_count; p++) {
        for (uint32_t s = 0; s < stream->source_count && stream->tasks[p].reading; s++) {
            rd_kafka_topic_partition_list_add(list, stream->sources[s], (int32_t)p)->offset =
                stream->tasks[p].next[s];
        }
    }
    const rd_kafka_resp_err_t code = rd_kafka_assign(stream->consumer.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || kafka_is_expelled(stream)
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "cannot assign partitions: %s",
                           rd_kafka_err2str(code));
}

/* Cooperative. Takes `list`; an empty one acknowledges all the same. */
static enum status assignment_change(struct kafka_stream *stream,
                                     rd_kafka_topic_partition_list_t *list, bool add,
                                     struct error *error)
{
    rd_kafka_error_t *failure = add ? rd_kafka_incremental_assign(stream->consumer.rk, list)
                                    : rd_kafka_incremental_unassign(stream->consumer.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (failure == NULL) {
        return STATUS_OK;
    }
    error_set(error, STATUS_FATAL, "cannot %s partitions: %s", add ? "assign" : "unassign",
              rd_kafka_error_string(failure));
    rd_kafka_error_destroy(failure);
    return kafka_is_expelled(stream) ? STATUS_OK : STATUS_FATAL;
}

/* Without a timeout: librdkafka 2.0.2 takes it a thousand times too short. It does not wait for a
 * broker. */
static rd_kafka_resp_err_t seek_try(struct kafka_stream *stream,
                                    rd_kafka_topic_partition_list_t *list, struct error *error)
{
    rd_kafka_error_t *failure = rd_kafka_seek_partitions(stream->consumer.rk, list, -1);
    rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    rd_kafka_error_destroy(failure);
    const char *topic = stream->sources[0];
    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        code = list->elems[i].err;
        topic = list->elems[i].topic;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(error, STATUS_FATAL, "cannot go back in topic '%s' partition %d: %s", topic,
                  (int)list->elems[0].partition, rd_kafka_err2str(code));
    }
    return code;
}
