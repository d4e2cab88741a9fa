/* A Kafka cluster: opened without waiting for a broker, the entries of its table are in the other
 * files; append() is here.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/time.h"

/* A busy broker may answer a record twice, or a coordinator may be about to move: a transaction that
 * is known to have had no effect is tried again this long. */
#define AGAIN_MS 2000

static const char *kafka_id(const struct cluster *cluster);
static void kafka_close(struct cluster *cluster);
static enum status admin_open(struct kafka_cluster *cluster, struct error *error);
static enum status append_all(struct kafka_producer *producer, const struct stream_output *outputs,
                              size_t count, struct error *error);

static const struct cluster_ops kafka_ops = {
    .stream_open = kafka_stream_open,
    .reader_open = kafka_reader_open,
    .follower_open = kafka_follower_open,
    .bounds = kafka_bounds,
    .describe = kafka_describe,
    .create = kafka_create,
    .check = kafka_check,
    .append = kafka_append,
    .offsets_retention = kafka_offsets_retention,
    .id = kafka_id,
    .close = kafka_close,
};

enum status kafka_open(const struct kafka_options *options, struct cluster **cluster_out,
                       struct error *error)
{
    struct kafka_cluster *cluster = memory_get(sizeof(*cluster));
    *cluster = (struct kafka_cluster){
        .cluster = {.ops = &kafka_ops},
        .property_count = options->property_count,
        .queue_bytes = options->queue_bytes,
        .send_bytes = options->send_bytes,
        .log = options->log,
        .log_context = options->log_context,
    };
    cluster->identity = memory_get(sizeof(*cluster->identity));
    cluster->identity->text[0] = '\0';
    cluster->identity->retention_ms = 0;
    pthread_mutex_init(&cluster->identity->lock, NULL);
    cluster->properties = memory_get((options->property_count + 1) * sizeof(*cluster->properties));
    for (size_t i = 0; i < options->property_count; i++) {
        cluster->properties[i] = (struct kafka_property){
            .name = memory_text(options->properties[i].name),
            .value = memory_text(options->properties[i].value),
        };
    }
    enum status status = kafka_properties_check(cluster, error);
    if (status == STATUS_OK) {
        status = admin_open(cluster, error);
    }
    if (status != STATUS_OK) {
        kafka_close(&cluster->cluster);
        return status;
    }
    *cluster_out = &cluster->cluster;
    return STATUS_OK;
}

const char *kafka_version(void)
{
    static _Thread_local char text[64];
    snprintf(text, sizeof(text), "librdkafka %s", rd_kafka_version_str());
    return text;
}

/* Every call has a transactional id of its own: nothing is left to be fenced by, and an unfinished
 * transaction ends by the broker's time limit. */
enum status kafka_append(struct cluster *cluster, const struct stream_output *outputs, size_t count,
                         struct error *error)
{
    static atomic_uint calls;
    if (count == 0) {
        return STATUS_OK;
    }
    char id[96];
    snprintf(id, sizeof(id), "sanctiond-append-%ld-%lld-%lld-%u", (long)getpid(),
             (long long)clock_wall_ms(), (long long)clock_monotonic_ms(),
             atomic_fetch_add(&calls, 1));
    struct kafka_producer *producer = NULL;
    TRY(kafka_producer_open(kafka_of(cluster), id, &producer, error));
    enum status status = append_all(producer, outputs, count, error);
    const int64_t deadline_ms = clock_monotonic_ms() + AGAIN_MS;
    while (status == STATUS_RETRY && clock_monotonic_ms() < deadline_ms) {
        status = kafka_producer_rotate(producer, error);
        if (status == STATUS_OK) {
            status = append_all(producer, outputs, count, error);
        }
    }
    kafka_producer_close(producer);
    return status;
}

/* STATUS_RETRY: nothing of it is visible. */
static enum status append_all(struct kafka_producer *producer, const struct stream_output *outputs,
                              size_t count, struct error *error)
{
    enum status status = kafka_producer_begin(producer, error);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = kafka_producer_produce(producer, &outputs[i], error);
    }
    if (status != STATUS_OK) {
        kafka_producer_abort(producer, NULL);
        return status == STATUS_ABORT ? STATUS_RETRY : status;
    }
    switch (kafka_producer_commit(producer, NULL, NULL, error)) {
    case COMMIT_DONE:
        return STATUS_OK;
    case COMMIT_ABORTED:
        return error->status == STATUS_FATAL ? STATUS_FATAL : STATUS_RETRY;
    case COMMIT_UNKNOWN:
        return error_set(error, STATUS_FATAL,
                         "the commit was not answered: all %zu records are written, or none of "
                         "them; read them back before you send again",
                         count);
    case COMMIT_FENCED:
        return STATUS_FATAL;
    }
    ASSERT(false);
}

/* "" as long as no broker told it. */
static const char *kafka_id(const struct cluster *base)
{
    const struct kafka_cluster *cluster = (const struct kafka_cluster *)(const void *)base;
    struct kafka_identity *identity = cluster->identity;
    pthread_mutex_lock(&identity->lock);
    if (identity->text[0] == '\0') {
        char *text = rd_kafka_clusterid(cluster->admin.rk, KAFKA_ANSWER_MS);
        if (text != NULL) {
            snprintf(identity->text, sizeof(identity->text), "%s", text);
            rd_kafka_mem_free(cluster->admin.rk, text);
        }
    }
    pthread_mutex_unlock(&identity->lock);
    return identity->text;
}

static void kafka_close(struct cluster *base)
{
    struct kafka_cluster *cluster = kafka_of(base);
    kafka_handle_close(&cluster->admin, false);
    for (size_t i = 0; i < cluster->property_count; i++) {
        free((void *)(uintptr_t)cluster->properties[i].name);
        free((void *)(uintptr_t)cluster->properties[i].value);
    }
    free(cluster->properties);
    pthread_mutex_destroy(&cluster->identity->lock);
    free(cluster->identity);
    free(cluster);
}

/* A consumer's handle, since a producer's may make topics by asking for them. */
static enum status admin_open(struct kafka_cluster *cluster, struct error *error)
{
    rd_kafka_conf_t *conf = NULL;
    TRY(kafka_conf_new(cluster, KAFKA_ADMIN, NULL, 0, &conf, error));
    struct kafka_context *context = kafka_context_new(cluster, NULL, conf);
    return kafka_handle_open(RD_KAFKA_CONSUMER, conf, context, &cluster->admin, error);
}
