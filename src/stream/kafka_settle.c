/* Whether the broker really ended a transaction that failed.
 *
 * A coordinator that has just been loaded skips the markers of partitions without a leader
 * (measured on Kafka 4.3.1: a cluster of one broker, killed in mid transaction). The transaction
 * then counts as ended, while in the partition it is still open: the next one of the same id would
 * continue it, and its commit would make the aborted records visible. So no transaction begins
 * before the last stable offset has passed every record of the failed one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

void kafka_traces_collect(struct kafka_traces *traces, const struct kafka_topics *topics,
                          unsigned transaction)
{
    for (size_t t = 0; t < topics->table.count; t++) {
        const struct kafka_topic *topic = topics->table.entries[t].value;
        for (size_t p = 0; topic != NULL && p < topic->slot_count; p++) {
            if (topic->slots[p].transaction != transaction) {
                continue;
            }
            traces->items =
                memory_resize(traces->items, (traces->count + 1) * sizeof(*traces->items));
            traces->items[traces->count++] = (struct kafka_trace){
                .topic = memory_text(topic->name),
                .partition = (int32_t)p,
                .next = topic->slots[p].next,
            };
        }
    }
}

enum status kafka_traces_settle(struct kafka_traces *traces, const struct kafka_cluster *cluster,
                                struct error *error)
{
    while (traces->count > 0) {
        struct kafka_trace *trace = &traces->items[traces->count - 1];
        int64_t stable = 0;
        /* The handle is read_committed, so the end it is told is the last stable offset. */
        const rd_kafka_resp_err_t code = kafka_end(cluster->admin.rk, trace->topic,
                                                   trace->partition, KAFKA_ANSWER_MS, &stable);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return error_set(error, kafka_status_of(code),
                             "cannot read the stable end of topic '%s' partition %d: %s",
                             trace->topic, (int)trace->partition, rd_kafka_err2str(code));
        }
        /* Its marker lies behind its records. */
        if (stable <= trace->next) {
            return error_set(error, STATUS_RETRY,
                             "a failed transaction is still open in topic '%s' partition %d: "
                             "stable up to offset %lld, its records end before %lld",
                             trace->topic, (int)trace->partition, (long long)stable,
                             (long long)trace->next);
        }
        free(trace->topic);
        traces->count--;
    }
    return STATUS_OK;
}

void kafka_traces_release(struct kafka_traces *traces)
{
    for (size_t i = 0; i < traces->count; i++) {
        free(traces->items[i].topic);
    }
    free(traces->items);
    *traces = (struct kafka_traces){.count = 0};
}
