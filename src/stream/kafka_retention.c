/* How long the brokers keep the offsets of a group that nobody commits again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

#define LEVEL_WARNING 4
#define SETTING "offsets.retention.minutes"

static enum status ask(struct kafka_cluster *cluster, int64_t *ms_out, struct error *error);
static enum status ask_broker(struct kafka_cluster *cluster, int32_t broker, int64_t *ms_out,
                              struct error *error);

/* A broker does not change it while it runs, so it is asked once. */
enum status kafka_offsets_retention(struct cluster *base, int64_t *ms_out, struct error *error)
{
    struct kafka_cluster *cluster = kafka_of(base);
    struct kafka_identity *identity = cluster->identity;
    pthread_mutex_lock(&identity->lock);
    int64_t known_ms = identity->retention_ms;
    pthread_mutex_unlock(&identity->lock);
    if (known_ms == 0) {
        TRY(ask(cluster, &known_ms, error));
        pthread_mutex_lock(&identity->lock);
        identity->retention_ms = known_ms;
        pthread_mutex_unlock(&identity->lock);
    }
    *ms_out = known_ms;
    return STATUS_OK;
}

/* The shortest of all: any broker may come to keep the group's offsets. One that does not answer is left
 * out, unless none does. */
static enum status ask(struct kafka_cluster *cluster, int64_t *ms_out, struct error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(cluster->admin.rk, 0, NULL, &metadata, KAFKA_ANSWER_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_status_of(code), "no broker answers at '%s': %s",
                         kafka_servers(cluster), rd_kafka_err2str(code));
    }
    enum status status = error_set(error, STATUS_RETRY, "no broker is known yet");
    int64_t shortest_ms = INT64_MAX;
    for (int i = 0; i < metadata->broker_cnt; i++) {
        int64_t ms = 0;
        struct error unanswered = {0};
        if (ask_broker(cluster, metadata->brokers[i].id, &ms, &unanswered) != STATUS_OK) {
            kafka_say(cluster, LEVEL_WARNING, SETTING " of broker %d is not known: %s",
                      (int)metadata->brokers[i].id, unanswered.text);
            *error = status == STATUS_OK ? *error : unanswered;
            continue;
        }
        status = STATUS_OK;
        if (ms < STREAM_RETENTION_MIN_MS) {
            kafka_say(cluster, LEVEL_WARNING, SETTING " of broker %d is %lld",
                      (int)metadata->brokers[i].id, (long long)(ms / MINUTE_MS));
        }
        shortest_ms = ms < shortest_ms ? ms : shortest_ms;
    }
    rd_kafka_metadata_destroy(metadata);
    *ms_out = shortest_ms;
    return status;
}

/* Who may not look is told, and trusted. */
static enum status ask_broker(struct kafka_cluster *cluster, int32_t broker, int64_t *ms_out,
                              struct error *error)
{
    char name[16];
    snprintf(name, sizeof(name), "%d", (int)broker);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, name);
    rd_kafka_event_t *event = NULL;
    const enum status status =
        kafka_settings_get(cluster, resource, KAFKA_ANSWER_MS, &event, error);
    rd_kafka_ConfigResource_destroy(resource);
    if (status == STATUS_FATAL) {
        kafka_say(cluster, LEVEL_WARNING,
                  "cannot see whether " SETTING " is long enough, make sure that it is 1440 or more: "
                  "%s", error->text);
        *ms_out = INT64_MAX;
        return STATUS_OK;
    }
    TRY(status);
    size_t count = 0;
    const rd_kafka_ConfigResource_t **results = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(results[0], &count);
    *ms_out = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), SETTING) == 0) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);
            *ms_out = value != NULL ? strtoll(value, NULL, 10) * 60 * SECOND_MS : INT64_MAX;
        }
    }
    rd_kafka_event_destroy(event);
    return STATUS_OK;
}
