/* Which librdkafka properties a handle gets: ours by role, over them the user's, over these what
 * the protocol needs (exactly-once.md 7.2).
 *
 * librdkafka has one name space for consumers and producers and ignores what is meant for the other
 * side, so a user's property is set everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

#define TRANSACTION_TIMEOUT_MS 30000

struct setting {
    const char *name;
    const char *value;
    bool optional;    /* newer than 2.0.2: left out where unknown */
    bool own_balance; /* refused by librdkafka with group.protocol=consumer */
};

static const struct setting common_settings[] = {
    {.name = "client.id", .value = "sanctiond"},
    {.name = "socket.nagle.disable", .value = "true"},
    {.name = "socket.keepalive.enable", .value = "true"},
    /* The default of 10 s keeps a broker waiting that has been back for long. */
    {.name = "reconnect.backoff.max.ms", .value = "1000"},
    {.name = "allow.auto.create.topics", .value = "false"},
    {.name = "enable.metrics.push", .value = "false", .optional = true},
};

static const struct setting consumer_settings[] = {
    {.name = "enable.auto.commit", .value = "false"},
    {.name = "enable.auto.offset.store", .value = "false"},
    {.name = "auto.offset.reset", .value = "error"},
    {.name = "isolation.level", .value = "read_committed"},
    {.name = "check.crcs", .value = "true"},
    {.name = "fetch.wait.max.ms", .value = "100"},
    {.name = "fetch.max.bytes", .value = "16777216"},
    {.name = "receive.message.max.bytes", .value = "33554432"},
    {.name = "queued.max.messages.kbytes", .value = "16384"},
    {.name = "fetch.queue.backoff.ms", .value = "20", .optional = true},
};

/* A follower reads in bulk: its queue is bounded by bytes alone (queued.max.messages.kbytes above). An answer
 * that is small beside the queue comes while the one before it is worked on. */
static const struct setting follower_settings[] = {
    {.name = "queued.min.messages", .value = "1000000"},
    {.name = "max.partition.fetch.bytes", .value = "2097152"},
    {.name = "fetch.max.bytes", .value = "4194304"},
};

static const struct setting member_settings[] = {
    {.name = "partition.assignment.strategy", .value = "cooperative-sticky", .own_balance = true},
    {.name = "session.timeout.ms", .value = "10000", .own_balance = true},
    {.name = "max.poll.interval.ms", .value = "60000"},
};

static const struct setting producer_settings[] = {
    {.name = "enable.idempotence", .value = "true"},
    {.name = "acks", .value = "all"},
    {.name = "partitioner", .value = "murmur2_random"},
    {.name = "linger.ms", .value = "5"},
    {.name = "batch.size", .value = "1000000"},
    /* Half the CPU of zstd in the broker thread (tools/bench worker); Apache brokers of 4.x still offer
     * what librdkafka before 2.11.1 needs to use it. */
    {.name = "compression.type", .value = "lz4"},
    {.name = "queue.buffering.max.messages", .value = "1000000"},
    {.name = "statistics.interval.ms", .value = "10000"},
    {.name = "retry.backoff.ms", .value = "20"},
};

/* What exactly once stands on: nobody may change it. */
static const char *const protocol_properties[] = {
    "acks",
    "auto.commit.enable",
    "auto.offset.reset",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "isolation.level",
    "log.queue",
    "partitioner",
    "request.required.acks",
    "transactional.id",
};

static enum status conf_fill(const struct kafka_cluster *cluster, enum kafka_role role,
                             rd_kafka_conf_t *conf, struct error *error);
static enum status conf_apply(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                              const struct setting *settings, size_t count, struct error *error);
static enum status conf_bound(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                              const char *name, size_t bytes, struct error *error);
static enum status conf_put(rd_kafka_conf_t *conf, const char *name, const char *value,
                            struct error *error);
static enum status producer_timeouts(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                                     struct error *error);

enum status kafka_property_check(const struct kafka_property *property, struct error *error)
{
    for (size_t k = 0; k < COUNT_OF(protocol_properties); k++) {
        if (strcmp(property->name, protocol_properties[k]) == 0) {
            return error_set(error, STATUS_FATAL,
                             "kafka: '%s' cannot be set: exactly-once processing depends on "
                             "our own value, remove it",
                             protocol_properties[k]);
        }
    }
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const enum status status = conf_put(conf, property->name, property->value, error);
    rd_kafka_conf_destroy(conf);
    return status;
}

enum status kafka_properties_check(const struct kafka_cluster *cluster, struct error *error)
{
    if (kafka_property_find(cluster, "bootstrap.servers") == NULL &&
        kafka_property_find(cluster, "metadata.broker.list") == NULL) {
        return error_set(error, STATUS_FATAL,
                         "kafka: 'bootstrap.servers' is not set, give it as host:port,...");
    }
    for (size_t i = 0; i < cluster->property_count; i++) {
        TRY(kafka_property_check(&cluster->properties[i], error));
    }
    for (enum kafka_role role = KAFKA_MEMBER; role <= KAFKA_ADMIN; role++) {
        rd_kafka_conf_t *conf = NULL;
        TRY(kafka_conf_new(cluster, role, NULL, 0, &conf, error));
        rd_kafka_conf_destroy(conf);
    }
    return STATUS_OK;
}

enum status kafka_conf_new(const struct kafka_cluster *cluster, enum kafka_role role,
                           const struct kafka_property *own, size_t own_count,
                           rd_kafka_conf_t **conf_out, struct error *error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum status status = conf_fill(cluster, role, conf, error);
    for (size_t i = 0; i < cluster->property_count && status == STATUS_OK; i++) {
        status = conf_put(conf, cluster->properties[i].name, cluster->properties[i].value, error);
    }
    for (size_t i = 0; i < own_count && status == STATUS_OK; i++) {
        status = conf_put(conf, own[i].name, own[i].value, error);
    }
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    *conf_out = conf;
    return STATUS_OK;
}

/* The last one wins, as it does in librdkafka. */
const char *kafka_property_find(const struct kafka_cluster *cluster, const char *name)
{
    for (size_t i = cluster->property_count; i > 0; i--) {
        if (strcmp(cluster->properties[i - 1].name, name) == 0) {
            return cluster->properties[i - 1].value;
        }
    }
    return NULL;
}

const char *kafka_servers(const struct kafka_cluster *cluster)
{
    const char *servers = kafka_property_find(cluster, "bootstrap.servers");
    return servers != NULL ? servers : kafka_property_find(cluster, "metadata.broker.list");
}

int kafka_transaction_timeout_ms(const struct kafka_cluster *cluster)
{
    const char *text = kafka_property_find(cluster, "transaction.timeout.ms");
    const long value = text != NULL ? strtol(text, NULL, 10) : TRANSACTION_TIMEOUT_MS;
    return value >= 1000 && value <= INT32_MAX ? (int)value : TRANSACTION_TIMEOUT_MS;
}

static enum status conf_fill(const struct kafka_cluster *cluster, enum kafka_role role,
                             rd_kafka_conf_t *conf, struct error *error)
{
    TRY(conf_apply(cluster, conf, common_settings, COUNT_OF(common_settings), error));
    switch (role) {
    case KAFKA_MEMBER:
        TRY(conf_apply(cluster, conf, member_settings, COUNT_OF(member_settings), error));
        TRY(conf_apply(cluster, conf, consumer_settings, COUNT_OF(consumer_settings), error));
        return conf_bound(cluster, conf, "queued.max.messages.kbytes", cluster->queue_bytes, error);
    case KAFKA_READER:
        return conf_apply(cluster, conf, consumer_settings, COUNT_OF(consumer_settings), error);
    case KAFKA_FOLLOWER:
        TRY(conf_apply(cluster, conf, consumer_settings, COUNT_OF(consumer_settings), error));
        TRY(conf_apply(cluster, conf, follower_settings, COUNT_OF(follower_settings), error));
        return conf_bound(cluster, conf, "queued.max.messages.kbytes", cluster->queue_bytes, error);
    case KAFKA_PRODUCER:
        TRY(producer_timeouts(cluster, conf, error));
        TRY(conf_apply(cluster, conf, producer_settings, COUNT_OF(producer_settings), error));
        return conf_bound(cluster, conf, "queue.buffering.max.kbytes", cluster->send_bytes, error);
    case KAFKA_ADMIN:
        return STATUS_OK;
    }
    ASSERT(false);
}

static enum status conf_apply(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                              const struct setting *settings, size_t count, struct error *error)
{
    const char *protocol = kafka_property_find(cluster, "group.protocol");
    const bool broker_balances = protocol != NULL && strcmp(protocol, "consumer") == 0;
    for (size_t i = 0; i < count; i++) {
        char text[256];
        /* What the user gives is not tried first: this build may not know our value. */
        if ((settings[i].own_balance && broker_balances) ||
            kafka_property_find(cluster, settings[i].name) != NULL) {
            continue;
        }
        const rd_kafka_conf_res_t result =
            rd_kafka_conf_set(conf, settings[i].name, settings[i].value, text, sizeof(text));
        if (result == RD_KAFKA_CONF_OK ||
            (result == RD_KAFKA_CONF_UNKNOWN && settings[i].optional)) {
            continue;
        }
        return error_set(error, STATUS_FATAL, "%s refuses '%s=%s': %s", kafka_version(),
                         settings[i].name, settings[i].value, text);
    }
    return STATUS_OK;
}

/* A part of the memory plan; 0: none is made. The user's own value comes over it. */
static enum status conf_bound(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                              const char *name, size_t bytes, struct error *error)
{
    if (bytes == 0 || kafka_property_find(cluster, name) != NULL) {
        return STATUS_OK;
    }
    char text[32];
    snprintf(text, sizeof(text), "%zu", (bytes + 1023) / 1024);
    return conf_put(conf, name, text, error);
}

static enum status conf_put(rd_kafka_conf_t *conf, const char *name, const char *value,
                            struct error *error)
{
    char text[256];
    switch (rd_kafka_conf_set(conf, name, value, text, sizeof(text))) {
    case RD_KAFKA_CONF_OK:
        return STATUS_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        return error_set(error, STATUS_FATAL, "kafka: %s does not know the property '%s'",
                         kafka_version(), name);
    case RD_KAFKA_CONF_INVALID:
        break;
    }
    return error_set(error, STATUS_FATAL, "kafka: the value of '%s' is refused: %s", name, text);
}

/* One setting of the user bends the three that must stay below it. */
static enum status producer_timeouts(const struct kafka_cluster *cluster, rd_kafka_conf_t *conf,
                                     struct error *error)
{
    const int transaction_ms = kafka_transaction_timeout_ms(cluster);
    const int message_ms = transaction_ms * 2 / 3 < 20000 ? transaction_ms * 2 / 3 : 20000;
    const int socket_ms = transaction_ms / 3 < 10000 ? transaction_ms / 3 : 10000;
    char text[3][16];
    snprintf(text[0], sizeof(text[0]), "%d", transaction_ms);
    snprintf(text[1], sizeof(text[1]), "%d", message_ms);
    snprintf(text[2], sizeof(text[2]), "%d", socket_ms);
    TRY(conf_put(conf, "transaction.timeout.ms", text[0], error));
    TRY(conf_put(conf, "message.timeout.ms", text[1], error));
    return conf_put(conf, "socket.timeout.ms", text[2], error);
}
