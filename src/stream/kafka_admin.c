/* Making topics and comparing them with what they must look like.
 *
 * "replication.factor=N" among a topic's settings is ours: it goes into the creation, not into the
 * topic's configuration. Without it the broker's default holds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"

#define REQUEST_TIMEOUT_MS 15000
#define VISIBLE_TIMEOUT_MS 15000
#define VISIBLE_PAUSE_MS 50
#define SETTING_NAME_MAX 128

/* The two halves of "name=value"; the name is copied to be terminated. */
struct setting_text {
    char name[SETTING_NAME_MAX];
    const char *value;
};

static struct setting_text setting_split(const char *text);
static int replication_of(const struct topic_want *want);
static enum status new_topic_make(const struct topic_want *want, rd_kafka_NewTopic_t **topic_out,
                                  struct error *error);
static enum status creation_run(struct kafka_cluster *cluster, rd_kafka_NewTopic_t **topics,
                                size_t count, struct error *error);
static enum status creation_result(rd_kafka_event_t *event, struct error *error);
static enum status visible_wait(struct kafka_cluster *cluster, const struct topic_want *want,
                                struct error *error);
static void settings_compare(const struct topic_want *want, const rd_kafka_ConfigEntry_t **entries,
                             size_t count, struct buffer *differences);
static bool value_equal(const char *left, const char *right);

enum status kafka_create(struct cluster *cluster, const struct topic_want *wants, size_t count,
                         struct error *error)
{
    struct kafka_cluster *kafka = kafka_of(cluster);
    rd_kafka_NewTopic_t **topics = memory_get((count + 1) * sizeof(*topics));
    size_t missing = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct kafka_layout layout;
        status = kafka_layout_get(kafka, wants[i].name, &layout, error);
        if (status == STATUS_OK && !layout.exists) {
            status = new_topic_make(&wants[i], &topics[missing], error);
            missing += status == STATUS_OK;
        }
    }
    if (status == STATUS_OK && missing > 0) {
        status = creation_run(kafka, topics, missing, error);
    }
    rd_kafka_NewTopic_destroy_array(topics, missing);
    free(topics);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = visible_wait(kafka, &wants[i], error);
    }
    return status;
}

enum status kafka_check(struct cluster *cluster, const struct topic_want *want,
                        struct buffer *differences, struct error *error)
{
    struct kafka_cluster *kafka = kafka_of(cluster);
    struct kafka_layout layout;
    TRY(kafka_layout_get(kafka, want->name, &layout, error));
    if (!layout.exists) {
        buffer_printf(differences, "topic '%s' does not exist\n", want->name);
        return STATUS_OK;
    }
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, want->name);
    rd_kafka_event_t *event = NULL;
    const enum status status =
        kafka_settings_get(kafka, resource, REQUEST_TIMEOUT_MS, &event, error);
    rd_kafka_ConfigResource_destroy(resource);
    TRY(status);
    size_t count = 0;
    const rd_kafka_ConfigResource_t **results = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &count);
    ASSERT(count == 1);
    if (layout.partitions != want->partitions) {
        buffer_printf(differences, "topic '%s' has %d partitions, it must have %d\n", want->name,
                      (int)layout.partitions, (int)want->partitions);
    }
    const int replication = replication_of(want);
    if (replication > 0 && layout.replicas != replication) {
        buffer_printf(differences, "topic '%s': replication.factor is %d, it must be %d\n",
                      want->name, layout.replicas, replication);
    }
    size_t entry_count = 0;
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(results[0], &entry_count);
    settings_compare(want, entries, entry_count, differences);
    rd_kafka_event_destroy(event);
    return STATUS_OK;
}

static struct setting_text setting_split(const char *text)
{
    struct setting_text setting;
    const char *equals = strchr(text, '=');
    ASSERT(equals != NULL && (size_t)(equals - text) < sizeof(setting.name));
    memcpy(setting.name, text, (size_t)(equals - text));
    setting.name[equals - text] = '\0';
    setting.value = equals + 1;
    return setting;
}

/* -1: the broker's default. */
static int replication_of(const struct topic_want *want)
{
    for (size_t i = 0; want->settings != NULL && want->settings[i] != NULL; i++) {
        const struct setting_text setting = setting_split(want->settings[i]);
        if (strcmp(setting.name, "replication.factor") == 0) {
            return (int)strtol(setting.value, NULL, 10);
        }
    }
    return -1;
}

static enum status new_topic_make(const struct topic_want *want, rd_kafka_NewTopic_t **topic_out,
                                  struct error *error)
{
    char text[256];
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(want->name, want->partitions,
                                                       replication_of(want), text, sizeof(text));
    if (topic == NULL) {
        return error_set(error, STATUS_FATAL, "cannot create topic '%s': %s", want->name, text);
    }
    for (size_t i = 0; want->settings != NULL && want->settings[i] != NULL; i++) {
        const struct setting_text setting = setting_split(want->settings[i]);
        if (strcmp(setting.name, "replication.factor") == 0) {
            continue;
        }
        const rd_kafka_resp_err_t code =
            rd_kafka_NewTopic_set_config(topic, setting.name, setting.value);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_NewTopic_destroy(topic);
            return error_set(error, STATUS_FATAL, "cannot create topic '%s' with '%s': %s",
                             want->name, want->settings[i], rd_kafka_err2str(code));
        }
    }
    *topic_out = topic;
    return STATUS_OK;
}

static enum status creation_run(struct kafka_cluster *cluster, rd_kafka_NewTopic_t **topics,
                                size_t count, struct error *error)
{
    char text[128];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(cluster->admin.rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, REQUEST_TIMEOUT_MS, text, sizeof(text));
    rd_kafka_AdminOptions_set_operation_timeout(options, REQUEST_TIMEOUT_MS - 1000, text,
                                                sizeof(text));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(cluster->admin.rk);
    rd_kafka_CreateTopics(cluster->admin.rk, topics, count, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, REQUEST_TIMEOUT_MS + 1000);
    const enum status status = creation_result(event, error);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    return status;
}

/* Somebody else may have been faster; that is as good. */
static enum status creation_result(rd_kafka_event_t *event, struct error *error)
{
    const rd_kafka_resp_err_t failure =
        event != NULL ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (failure != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_status_of(failure), "cannot create topics: %s",
                         rd_kafka_err2str(failure));
    }
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *text = rd_kafka_topic_result_error_string(results[i]);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            return error_set(error, kafka_status_of(code), "cannot create topic '%s': %s",
                             rd_kafka_topic_result_name(results[i]),
                             text != NULL ? text : rd_kafka_err2str(code));
        }
    }
    return STATUS_OK;
}

/* A new topic takes a moment to be known by all brokers, with a leader for each partition. */
static enum status visible_wait(struct kafka_cluster *cluster, const struct topic_want *want,
                                struct error *error)
{
    const int64_t deadline_ms = clock_monotonic_ms() + VISIBLE_TIMEOUT_MS;
    for (;;) {
        struct kafka_layout layout;
        TRY(kafka_layout_get(cluster, want->name, &layout, error));
        if (layout.exists && layout.has_leader) {
            return STATUS_OK;
        }
        if (clock_monotonic_ms() > deadline_ms) {
            return error_set(error, STATUS_RETRY, "topic '%s' has partitions without a leader",
                             want->name);
        }
        kafka_pause(VISIBLE_PAUSE_MS);
    }
}

enum status kafka_settings_get(struct kafka_cluster *cluster, rd_kafka_ConfigResource_t *resource,
                               int timeout_ms, rd_kafka_event_t **event_out, struct error *error)
{
    char text[128];
    const char *name = rd_kafka_ConfigResource_name(resource);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(cluster->admin.rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, text, sizeof(text));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(cluster->admin.rk);
    rd_kafka_DescribeConfigs(cluster->admin.rk, &resource, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms + 1000);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_resp_err_t code =
        event != NULL ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        size_t count = 0;
        const rd_kafka_ConfigResource_t **results = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count);
        code = count == 1 ? rd_kafka_ConfigResource_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *event_out = event;
        return STATUS_OK;
    }
    error_set(error, kafka_status_of(code), "cannot read the settings of %s '%s': %s",
              rd_kafka_ConfigResource_type(resource) == RD_KAFKA_RESOURCE_TOPIC ? "topic" : "broker",
              name, rd_kafka_err2str(code));
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    return kafka_status_of(code);
}

static void settings_compare(const struct topic_want *want, const rd_kafka_ConfigEntry_t **entries,
                             size_t count, struct buffer *differences)
{
    for (size_t i = 0; want->settings != NULL && want->settings[i] != NULL; i++) {
        const struct setting_text setting = setting_split(want->settings[i]);
        const char *found = NULL;
        for (size_t e = 0; e < count && found == NULL; e++) {
            if (strcmp(rd_kafka_ConfigEntry_name(entries[e]), setting.name) == 0) {
                found = rd_kafka_ConfigEntry_value(entries[e]);
            }
        }
        if (strcmp(setting.name, "replication.factor") == 0) {
            continue; /* not among a topic's settings */
        }
        if (found == NULL) {
            buffer_printf(differences, "topic '%s': %s is not known to the broker\n", want->name,
                          setting.name);
        } else if (!value_equal(found, setting.value)) {
            buffer_printf(differences, "topic '%s': %s is %s, it must be %s\n", want->name,
                          setting.name, found, setting.value);
        }
    }
}

/* Lists such as "compact,delete" are sets. */
static bool value_equal(const char *left, const char *right)
{
    if (strlen(left) != strlen(right)) {
        return false;
    }
    const char *word = right;
    for (;;) {
        const size_t size = strcspn(word, ",");
        bool found = false;
        for (const char *other = left; other != NULL && !found;) {
            const size_t other_size = strcspn(other, ",");
            found = other_size == size && memcmp(other, word, size) == 0;
            other = other[other_size] == ',' ? other + other_size + 1 : NULL;
        }
        if (!found) {
            return false;
        }
        if (word[size] == '\0') {
            return true;
        }
        word += size + 1;
    }
}
