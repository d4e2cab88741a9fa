/* What a consumer of an output topic sees, for tools/bench: latency, or a count.
 *
 *   bench_probe latency BROKERS TOPIC WARM_UP_SECONDS SECONDS
 *   bench_probe count BROKERS TOPIC
 *
 * latency: from the end of the topic, read committed, the time of arrival less the record's
 * occurred_at (the stream time of the decision, that is the Kafka timestamp of the report that
 * caused it). count: the committed records there are, without transaction markers. Prints one JSON
 * object.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buffer.h"
#include "base/time.h"
#include "record/record.h"
#include "schema/codec.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

struct probe {
    rd_kafka_t *consumer;
    struct codec *codec;
    void *record;
    int partitions;
    int64_t *values; /* ms */
    size_t count;
    size_t capacity;
};

static bool probe_open(struct probe *probe, const char *brokers, const char *topic, int64_t offset);
static void probe_close(struct probe *probe);
static void latency(struct probe *probe, int64_t warm_up_ms, int64_t run_ms);
static void count(struct probe *probe);

int main(int argument_count, char **arguments)
{
    const bool is_latency = argument_count == 6 && strcmp(arguments[1], "latency") == 0;
    if (!is_latency && (argument_count != 4 || strcmp(arguments[1], "count") != 0)) {
        fprintf(stderr, "usage: bench_probe latency BROKERS TOPIC WARM_UP_SECONDS SECONDS\n"
                        "       bench_probe count BROKERS TOPIC\n");
        return 2;
    }
    struct probe probe = {0};
    if (!probe_open(&probe, arguments[2], arguments[3],
                    is_latency ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING)) {
        return 1;
    }
    if (is_latency) {
        latency(&probe, atoll(arguments[4]) * SECOND_MS, atoll(arguments[5]) * SECOND_MS);
    } else {
        count(&probe);
    }
    probe_close(&probe);
    return 0;
}

static rd_kafka_t *consumer_new(const char *brokers)
{
    const char *const properties[][2] = {
        {"bootstrap.servers", brokers},  {"group.id", "bench-probe"},
        {"enable.auto.commit", "false"}, {"isolation.level", "read_committed"},
        {"fetch.wait.max.ms", "10"},     {"enable.partition.eof", "true"},
    };
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        ASSERT(rd_kafka_conf_set(conf, properties[i][0], properties[i][1], text, sizeof(text)) ==
               RD_KAFKA_CONF_OK);
    }
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
    if (consumer == NULL) {
        fprintf(stderr, "bench_probe: %s\n", text);
        rd_kafka_conf_destroy(conf);
    }
    return consumer;
}

static bool codec_open(struct probe *probe)
{
    static const struct record_type *const types[] = {
        &record_audit,          &record_restriction,  &record_standing, &record_review_request,
        &record_notice_request, &record_peer_display, &record_notice,   &record_receipt};
    struct error error = {0};
    if (codec_new(types, COUNT_OF(types), &probe->codec, &error) != STATUS_OK) {
        fprintf(stderr, "bench_probe: %s\n", error.text);
        return false;
    }
    probe->record = memory_get(codec_record_size(probe->codec));
    return true;
}

static bool probe_open(struct probe *probe, const char *brokers, const char *topic, int64_t offset)
{
    probe->consumer = consumer_new(brokers);
    if (probe->consumer == NULL || !codec_open(probe)) {
        return false;
    }
    rd_kafka_poll_set_consumer(probe->consumer);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(probe->consumer, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(probe->consumer, 0, handle, &metadata, 10000) !=
            RD_KAFKA_RESP_ERR_NO_ERROR ||
        metadata->topics[0].partition_cnt == 0) {
        fprintf(stderr, "bench_probe: topic '%s' does not exist\n", topic);
        return false;
    }
    probe->partitions = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(probe->partitions);
    for (int i = 0; i < probe->partitions; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = offset;
    }
    rd_kafka_assign(probe->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return true;
}

static void probe_close(struct probe *probe)
{
    rd_kafka_consumer_close(probe->consumer);
    rd_kafka_destroy(probe->consumer);
    codec_free(probe->codec);
    free(probe->record);
    free(probe->values);
}

/* Every output has event_id and occurred_at first. */
static void take(struct probe *probe, const rd_kafka_message_t *message, int64_t now_ms)
{
    const struct record_type *type = NULL;
    const enum decode_result result =
        codec_decode(probe->codec, bytes_of(message->payload, message->len), &type, probe->record);
    ASSERT(result == DECODE_OK);
    const struct field_type *field = &type->fields[1];
    ASSERT(strcmp(field->name, "occurred_at") == 0);
    int64_t occurred_at = 0;
    memcpy(&occurred_at, (const uint8_t *)probe->record + field->offset, sizeof(occurred_at));
    if (probe->count == probe->capacity) {
        probe->capacity = probe->capacity == 0 ? 65536 : 2 * probe->capacity;
        probe->values = memory_resize(probe->values, probe->capacity * sizeof(*probe->values));
    }
    probe->values[probe->count++] = now_ms - occurred_at;
}

static int by_value(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left;
    const int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static long long quantile(const struct probe *probe, size_t permille)
{
    return (long long)probe->values[(probe->count - 1) * permille / 1000];
}

static void latency(struct probe *probe, int64_t warm_up_ms, int64_t run_ms)
{
    const int64_t from_ms = clock_monotonic_ms() + warm_up_ms;
    int64_t now_ms = 0;
    while ((now_ms = clock_monotonic_ms()) < from_ms + run_ms) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(probe->consumer, 50);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->payload != NULL &&
            clock_monotonic_ms() >= from_ms) {
            take(probe, message, clock_wall_ms());
        }
        rd_kafka_message_destroy(message);
    }
    if (probe->count == 0) {
        printf("{\"records\": 0}\n");
        return;
    }
    qsort(probe->values, probe->count, sizeof(*probe->values), by_value);
    printf("{\"records\": %zu, \"p50_ms\": %lld, \"p90_ms\": %lld, \"p99_ms\": %lld, "
           "\"max_ms\": %lld}\n",
           probe->count, quantile(probe, 500), quantile(probe, 900), quantile(probe, 990),
           quantile(probe, 1000));
}

static void count(struct probe *probe)
{
    size_t records = 0;
    size_t bytes = 0;
    for (int ended = 0; ended < probe->partitions;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(probe->consumer, 1000);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ended++;
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            records++;
            bytes += message->key_len + message->len;
        }
        rd_kafka_message_destroy(message);
    }
    printf("{\"records\": %zu, \"bytes\": %zu}\n", records, bytes);
}
