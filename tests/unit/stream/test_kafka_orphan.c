/* What a slot that is gone has committed is asked for while its coordinator may be away. Against librdkafka's mock
 * cluster, of two brokers.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "mock.h"

#include "stream/kafka_internal.h"

#include <time.h>

enum { COORDINATOR = 2, TURNS_MAX = 20, BACK_MS = 3000 };

static enum status peek(struct kafka_stream *stream, struct error *error)
{
    struct stream_committed driver;
    return kafka_orphan_peek(&stream->stream, 0, &driver, error);
}

static void peek_until_answered(struct kafka_stream *stream)
{
    struct error error = {0};
    enum status status = STATUS_RETRY;
    for (int turn = 0; status == STATUS_RETRY && turn < TURNS_MAX; turn++) {
        status = peek(stream, &error);
    }
    if (status != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

/* librdkafka ends the process where a question to a coordinator reaches its time limit before the coordinator
 * could be asked and the coordinator comes back afterwards (KAFKA_COORDINATOR_MS). */
static void a_coordinator_that_comes_back_late_ends_no_process(void **state)
{
    (void)state;
    char text[256];
    struct mock mock;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text)), RD_KAFKA_CONF_OK);
    mock.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(mock.rk);
    mock.cluster = rd_kafka_mock_cluster_new(mock.rk, COORDINATOR);
    assert_int_equal(rd_kafka_mock_topic_create(mock.cluster, "in", 1, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_mock_coordinator_set(mock.cluster, "group", "g", COORDINATOR),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    struct cluster *cluster = mock_connect(&mock, NULL, NULL);
    char topic[] = "in";
    char group[] = "g";
    char *sources[] = {topic};
    struct kafka_stream stream = {
        .cluster = kafka_of(cluster), .sources = sources, .balance = {.group = group}};
    peek_until_answered(&stream); /* librdkafka knows the coordinator now */
    rd_kafka_mock_broker_set_down(mock.cluster, COORDINATOR);
    struct error error = {0};
    assert_int_equal(peek(&stream, &error), STATUS_RETRY);
    assert_int_equal(peek(&stream, &error), STATUS_RETRY);
    rd_kafka_mock_broker_set_up(mock.cluster, COORDINATOR);
    nanosleep(&(struct timespec){.tv_sec = BACK_MS / 1000}, NULL);
    peek_until_answered(&stream);
    cluster->ops->close(cluster);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coordinator_that_comes_back_late_ends_no_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
