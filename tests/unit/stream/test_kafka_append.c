/* Records appended outside a stream: a transaction that had no effect is tried again, one whose outcome is
 * unknown is not. Against librdkafka's mock cluster.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "mock.h"

static const struct stream_output output = {
    .topic = "out", .key = {.data = (const uint8_t *)"k", .size = 1},
    .value = {.data = (const uint8_t *)"v", .size = 1}};

/* Records in the topic, of whatever became of their transactions. */
static int64_t written(struct cluster *cluster)
{
    struct reader *reader = NULL;
    struct error error = {0};
    int64_t start = 0;
    int64_t end = 0;
    assert_int_equal(cluster->ops->reader_open(cluster, "out", 0, 0, false, &reader, &error),
                     STATUS_OK);
    assert_int_equal(reader->ops->bounds(reader, &start, &end, &error), STATUS_OK);
    reader->ops->close(reader);
    return end;
}

/* A broker that had seen the record before does not say where it lies. */
static void a_transaction_without_effect_is_tried_again(void **state)
{
    (void)state;
    struct mock mock;
    struct error error = {0};
    mock_open(&mock, "out", 1);
    struct cluster *cluster = mock_connect(&mock, NULL, NULL);
    mock_answer(&mock, PRODUCE, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
    if (cluster->ops->append(cluster, &output, 1, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(written(cluster), 1);
    cluster->ops->close(cluster);
    mock_close(&mock);
}

static void a_transaction_of_unknown_outcome_is_not(void **state)
{
    (void)state;
    struct mock mock;
    struct error error = {0};
    mock_open(&mock, "out", 1);
    struct cluster *cluster = mock_connect(&mock, NULL, NULL);
    mock_answer(&mock, END_TXN, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_int_equal(cluster->ops->append(cluster, &output, 1, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "read them back before you send again"));
    assert_int_equal(written(cluster), 1);
    cluster->ops->close(cluster);
    mock_close(&mock);
}

/* However often it is tried. */
static void a_record_that_the_broker_refuses_for_good_is_not(void **state)
{
    (void)state;
    struct mock mock;
    struct error error = {0};
    mock_open(&mock, "out", 1);
    struct cluster *cluster = mock_connect(&mock, NULL, NULL);
    mock_answer(&mock, PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    assert_int_equal(cluster->ops->append(cluster, &output, 1, &error), STATUS_FATAL);
    assert_int_equal(written(cluster), 0);
    cluster->ops->close(cluster);
    mock_close(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_without_effect_is_tried_again),
        cmocka_unit_test(a_transaction_of_unknown_outcome_is_not),
        cmocka_unit_test(a_record_that_the_broker_refuses_for_good_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
