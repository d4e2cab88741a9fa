/* A consumer that the group expelled: its partitions are given up as lost, and a new consumer with
 * the same instance id joins.
 *
 * A broker that dies while it answers a static member's join may, back again, take the member's
 * retry for another process of the same instance id and fence it. librdkafka calls that fatal for
 * the handle, which is of no use any more; the process need not end. But of two real processes one
 * must end, or they would fence each other for ever. The other one took our transactional id before
 * it joined, so that our producer tells the two cases apart: offsets sent in a transaction that is
 * aborted in any case are refused for the producer's epoch before the group is asked. Should
 * somebody share only the instance id, the number of rejoins in a row is bounded.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

#define LEVEL_WARNING 4
/* Of KIP-848; librdkafka names them since 2.4.0. */
#define FENCED_MEMBER_EPOCH 110
#define UNRELEASED_INSTANCE_ID 111
/* From one attempt to the next, doubled up to the longest. */
#define PAUSE_MS 200
#define PAUSE_MAX_MS 2000
/* A member that stayed for this long starts to count anew. */
#define LASTING_MS 60000
#define IN_A_ROW_MAX 6

static enum status begin(struct kafka_stream *stream, int64_t now_ms, struct error *error);
static enum status end(struct kafka_stream *stream, int64_t now_ms, struct error *error);
static enum status producer_check(struct kafka_stream *stream, struct error *error);

bool kafka_is_expelled(struct kafka_stream *stream)
{
    struct kafka_rejoin *rejoin = &stream->rejoin;
    if (rejoin->expelled) {
        return true;
    }
    if (stream->consumer.rk == NULL) {
        return false;
    }
    const rd_kafka_resp_err_t code =
        rd_kafka_fatal_error(stream->consumer.rk, rejoin->reason, sizeof(rejoin->reason));
    rejoin->expelled = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
                       code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID ||
                       (int)code == FENCED_MEMBER_EPOCH || (int)code == UNRELEASED_INSTANCE_ID;
    return rejoin->expelled;
}

enum status kafka_rejoin(struct kafka_stream *stream, struct error *error)
{
    struct kafka_rejoin *rejoin = &stream->rejoin;
    const int64_t now_ms = clock_monotonic_ms();
    if (rejoin->due_ms == 0) {
        return begin(stream, now_ms, error);
    }
    /* The partitions are given up one by one, each with the transaction it was part of. */
    if (stream->revocations_open > 0 || now_ms < rejoin->due_ms) {
        return STATUS_OK;
    }
    if (pthread_mutex_trylock(&stream->transactional) != 0) {
        return STATUS_OK; /* a transaction still uses producer and consumer */
    }
    const enum status status = end(stream, now_ms, error);
    pthread_mutex_unlock(&stream->transactional);
    return status;
}

static enum status begin(struct kafka_stream *stream, int64_t now_ms, struct error *error)
{
    struct kafka_rejoin *rejoin = &stream->rejoin;
    rejoin->in_a_row = now_ms - rejoin->joined_ms < LASTING_MS ? rejoin->in_a_row + 1 : 1;
    if (rejoin->in_a_row > IN_A_ROW_MAX) {
        return error_set(error, STATUS_FATAL,
                         "group '%s' expelled instance '%s' %d times in a row: another process "
                         "uses its instance id; give every worker its own worker.slot: %s",
                         stream->balance.group, rejoin->instance_id, IN_A_ROW_MAX, rejoin->reason);
    }
    const int pause_ms = PAUSE_MS << (rejoin->in_a_row - 1);
    rejoin->due_ms = now_ms + (pause_ms < PAUSE_MAX_MS ? pause_ms : PAUSE_MAX_MS);
    kafka_group_lose_all(stream);
    return STATUS_OK;
}

static enum status end(struct kafka_stream *stream, int64_t now_ms, struct error *error)
{
    struct kafka_rejoin *rejoin = &stream->rejoin;
    if (stream->consumer.rk != NULL) {
        TRY(producer_check(stream, error));
        if (!kafka_consumer_close(stream, false)) {
            kafka_say(stream->cluster, LEVEL_WARNING,
                      "an expelled consumer could not be closed and was left behind");
        }
    }
    TRY(kafka_consumer_open(stream, error));
    kafka_say(stream->cluster, LEVEL_WARNING,
              "group '%s' expelled instance '%s', which joins anew: %s", stream->balance.group,
              rejoin->instance_id, rejoin->reason);
    rejoin->joined_ms = now_ms;
    rejoin->due_ms = 0;
    rejoin->expelled = false;
    stream->joined = false;
    kafka_balance_rebalanced(stream, now_ms);
    return STATUS_OK;
}

/* Whether the transactional id is still ours; else another process has our slot. A producer that
 * waits for its rotation is not asked: the end of its last transaction told it. */
static enum status producer_check(struct kafka_stream *stream, struct error *error)
{
    if (kafka_producer_rotation_due(stream->producer)) {
        return STATUS_OK;
    }
    rd_kafka_consumer_group_metadata_t *group =
        rd_kafka_consumer_group_metadata(stream->consumer.rk);
    if (group == NULL) {
        return STATUS_OK;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, stream->sources[0], 0)->offset = 0;
    const enum status status = kafka_producer_probe(stream->producer, list, group, error);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_group_metadata_destroy(group);
    return status == STATUS_OK
               ? STATUS_OK
               : error_set(error, STATUS_FATAL,
                           "another process uses the slot of instance '%s' in group '%s'; give "
                           "every worker its own worker.slot: %s",
                           stream->rejoin.instance_id, stream->balance.group, stream->rejoin.reason);
}
