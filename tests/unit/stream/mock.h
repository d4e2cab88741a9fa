/* A cluster on librdkafka's mock of one broker.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STREAM_MOCK_H
#define TESTS_STREAM_MOCK_H

#include "stream/kafka.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/assert.h"

/* ApiKeys */
enum {
    PRODUCE = 0,
    JOIN_GROUP = 11,
    HEARTBEAT = 12,
    SYNC_GROUP = 14,
    INIT_PRODUCER_ID = 22,
    ADD_OFFSETS = 25,
    END_TXN = 26,
};

struct mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
};

static inline void mock_open(struct mock *mock, const char *topic, int partitions)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text)),
                     RD_KAFKA_CONF_OK);
    mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(mock->rk);
    mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
    assert_non_null(mock->cluster);
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
}

static inline void mock_close(struct mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->rk);
}

/* The next request of this kind is answered so, once. */
static inline void mock_answer(struct mock *mock, int16_t key, rd_kafka_resp_err_t code)
{
    rd_kafka_mock_push_request_errors(mock->cluster, key, 1, code);
}

static inline struct cluster *mock_connect(struct mock *mock, kafka_log *log, void *context)
{
    const struct kafka_property properties[] = {
        {"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock->cluster)},
        {"heartbeat.interval.ms", "100"},
        {"session.timeout.ms", "4000"},
        {"transaction.timeout.ms", "9000"},
    };
    const struct kafka_options options = {.properties = properties,
                                          .property_count = COUNT_OF(properties),
                                          .log = log,
                                          .log_context = context};
    struct cluster *cluster = NULL;
    struct error error = {0};
    if (kafka_open(&options, &cluster, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return cluster;
}

#endif
