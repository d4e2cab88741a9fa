/* A follower gives every record of its partitions once and in order while its queue is full again and again,
 * and what was dropped and added anew from where it is told. Against librdkafka's mock cluster.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "mock.h"

#include "base/time.h"

#include <stdio.h>
#include <time.h>

/* The mock keeps 5 MB of a partition. */
enum { PARTITIONS = 6, RECORDS = 4000, VALUE_BYTES = 1000, QUEUE_BYTES = 1 << 20, PATIENCE_MS = 120000 };

static struct cluster *cluster_open(struct mock *mock)
{
    const struct kafka_property properties[] = {
        {"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock->cluster)},
    };
    const struct kafka_options options = {.properties = properties,
                                          .property_count = COUNT_OF(properties),
                                          .queue_bytes = QUEUE_BYTES};
    struct cluster *cluster = NULL;
    struct error error = {0};
    if (kafka_open(&options, &cluster, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return cluster;
}

static void fill(struct mock *mock)
{
    char text[256];
    char value[VALUE_BYTES] = {0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers",
                                       rd_kafka_mock_cluster_bootstraps(mock->cluster), text,
                                       sizeof(text)),
                     RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "batch.size", "500000", text, sizeof(text)),
                     RD_KAFKA_CONF_OK);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(producer);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, "log", NULL);
    for (int i = 0; i < RECORDS * PARTITIONS; i++) {
        snprintf(value, sizeof(value), "%d", i / PARTITIONS);
        assert_int_equal(rd_kafka_produce(topic, i % PARTITIONS, RD_KAFKA_MSG_F_COPY, value,
                                          sizeof(value), "k", 1, NULL),
                         0);
    }
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
}

/* Reads `count` records; every now and then the reader is busy with something else. */
static void take(struct follower *follower, int64_t *next, int count)
{
    struct error error = {0};
    const int64_t deadline_ms = clock_monotonic_ms() + PATIENCE_MS;
    for (int i = 0; i < count;) {
        struct stream_record record = {0};
        bool found = false;
        if (follower->ops->read(follower, 5, &record, &found, &error) != STATUS_OK) {
            fail_msg("%s", error.text);
        }
        assert_true(clock_monotonic_ms() < deadline_ms);
        if (!found) {
            continue;
        }
        assert_int_equal(record.offset, next[record.partition]);
        assert_int_equal(atoi((const char *)record.value.data), record.offset);
        next[record.partition]++;
        follower->ops->release(follower, &record);
        if (++i % 1000 == 0) {
            nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
        }
    }
}

static void everything_comes_in_order_through_a_small_queue(void **state)
{
    (void)state;
    struct mock mock;
    struct error error = {0};
    int64_t next[PARTITIONS] = {0};
    mock_open(&mock, "log", PARTITIONS);
    fill(&mock);
    struct cluster *cluster = cluster_open(&mock);
    struct follower *follower = NULL;
    assert_int_equal(cluster->ops->follower_open(cluster, "log", &follower, &error), STATUS_OK);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(follower->ops->add(follower, i, 0, &error), STATUS_OK);
    }
    const int64_t begun_ms = clock_monotonic_ms();
    take(follower, next, RECORDS * PARTITIONS / 2);
    const int64_t behind = next[2];
    assert_true(behind > 100);
    follower->ops->drop(follower, 2);
    next[2] = 50;
    assert_int_equal(follower->ops->add(follower, 2, next[2], &error), STATUS_OK);
    take(follower, next, RECORDS * PARTITIONS / 2 + (int)behind - 50);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        assert_int_equal(next[i], RECORDS);
        assert_int_equal(follower->ops->position(follower, i), RECORDS);
    }
    print_message("%d records in %lld ms\n", RECORDS * PARTITIONS,
                  (long long)(clock_monotonic_ms() - begun_ms));
    follower->ops->close(follower);
    cluster->ops->close(cluster);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_in_order_through_a_small_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
