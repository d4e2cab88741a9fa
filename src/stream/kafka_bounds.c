/* Where a partition begins and ends.
 *
 * rd_kafka_query_watermark_offsets() is for this and outlasts its timeout for as long as the leader is away
 * (2.0.2 to 2.11). The lookup by time keeps to it, and takes these two for times: they go to the broker in
 * the same request. librdkafka asks the leader that it knew last: a new one is found by asking again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include "base/time.h"

static rd_kafka_resp_err_t offset_of(rd_kafka_t *rk, const char *topic, int32_t partition,
                                     int64_t place, int timeout_ms, int64_t *offset_out)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *entry = rd_kafka_topic_partition_list_add(list, topic, partition);
    entry->offset = place;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, timeout_ms);
    code = code == RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : code;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && entry->offset < 0) {
        code = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE; /* left out of the answer: it is still our question */
    }
    *offset_out = entry->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

rd_kafka_resp_err_t kafka_end(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms,
                              int64_t *end_out)
{
    return offset_of(rk, topic, partition, RD_KAFKA_OFFSET_END, timeout_ms, end_out);
}

rd_kafka_resp_err_t kafka_start_and_end(rd_kafka_t *rk, const char *topic, int32_t partition,
                                        int timeout_ms, int64_t *start_out, int64_t *end_out)
{
    const int64_t deadline_ms = clock_monotonic_ms() + timeout_ms;
    const rd_kafka_resp_err_t code =
        offset_of(rk, topic, partition, RD_KAFKA_OFFSET_BEGINNING, timeout_ms, start_out);
    const int64_t left_ms = deadline_ms - clock_monotonic_ms();
    return code != RD_KAFKA_RESP_ERR_NO_ERROR
               ? code
               : kafka_end(rk, topic, partition, left_ms > 0 ? (int)left_ms : 0, end_out);
}

/* The admin handle is read_committed, so the end it is told is the last stable offset. */
enum status kafka_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                         int timeout_ms, int64_t *start_out, int64_t *end_out, struct error *error)
{
    const rd_kafka_resp_err_t code = kafka_start_and_end(kafka_of(cluster)->admin.rk, topic,
                                                         partition, timeout_ms, start_out, end_out);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
               ? STATUS_OK
               : error_set(error, kafka_status_of(code),
                           "cannot read the bounds of topic '%s' partition %d: %s", topic,
                           (int)partition, rd_kafka_err2str(code));
}
