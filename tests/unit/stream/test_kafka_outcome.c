/* What became of a transaction, for every way in which its end may be answered: each row of the table in
 * tests/README.md. Against librdkafka's mock cluster, which answers what it is told to.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "mock.h"

#include "base/time.h"
#include "stream/kafka_internal.h"

#include <time.h>

enum { ADD_PARTITIONS = 24, AGAIN_MAX = 400 };
/* transaction.timeout.ms: how long a commit is tried, and how long a fence means another owner. */
enum { SHORT_MS = 3000, MEDIUM_MS = 9000, LONG_MS = 120000 };

/* A producer on a mock of its own, with a record in an open transaction. */
struct stage {
    struct mock mock;
    struct cluster *cluster;
    struct kafka_producer *producer;
    struct error error;
};

static void begin(struct stage *stage)
{
    const struct stream_output output = {
        .topic = "out", .key = bytes_text("k"), .value = bytes_text("v")};
    if (kafka_producer_begin(stage->producer, &stage->error) != STATUS_OK ||
        kafka_producer_produce(stage->producer, &output, &stage->error) != STATUS_OK) {
        fail_msg("%s", stage->error.text);
    }
}

static void stage_open(struct stage *stage, int timeout_ms)
{
    *stage = (struct stage){.error = {0}};
    mock_open(&stage->mock, "out", 1);
    char timeout[16];
    snprintf(timeout, sizeof(timeout), "%d", timeout_ms);
    const struct kafka_property properties[] = {
        {"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(stage->mock.cluster)},
        {"transaction.timeout.ms", timeout},
    };
    const struct kafka_options options = {.properties = properties,
                                          .property_count = COUNT_OF(properties)};
    if (kafka_open(&options, &stage->cluster, &stage->error) != STATUS_OK ||
        kafka_producer_open(kafka_of(stage->cluster), "outcome", &stage->producer, &stage->error) !=
            STATUS_OK) {
        fail_msg("%s", stage->error.text);
    }
    assert_false(kafka_producer_rotation_due(stage->producer));
    begin(stage);
}

static void stage_close(struct stage *stage)
{
    kafka_producer_close(stage->producer);
    stage->cluster->ops->close(stage->cluster);
    mock_close(&stage->mock);
}

static void expect(struct stage *stage, enum commit_outcome outcome, bool rotates)
{
    const enum commit_outcome found = kafka_producer_commit(stage->producer, NULL, NULL, &stage->error);
    if (found != outcome) {
        fail_msg("outcome %d, expected %d: %s", found, outcome, stage->error.text);
    }
    assert_int_equal(kafka_producer_rotation_due(stage->producer), rotates);
}

static void wait_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static void one_clean_end_is_committed(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, LONG_MS);
    expect(&stage, COMMIT_DONE, false);
    stage_close(&stage);
}

/* By these the coordinator says that it did nothing, and there were two requests: a rotation costs 20 ms. */
static void an_end_that_was_refused_for_now_is_committed_and_rotates(void **state)
{
    (void)state;
    static const rd_kafka_resp_err_t codes[] = {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
                                                RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct stage stage;
        stage_open(&stage, LONG_MS);
        mock_answer(&stage.mock, END_TXN, codes[i]);
        expect(&stage, COMMIT_DONE, true);
        stage_close(&stage);
    }
}

/* The first EndTxn is answered after its time: it was sent again, and the late one may end the next
 * transaction. */
static void an_end_that_was_sent_again_is_committed_and_rotates(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, MEDIUM_MS);
    assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(
                         stage.mock.cluster, 1, END_TXN, 1, RD_KAFKA_RESP_ERR_NO_ERROR, MEDIUM_MS / 2),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    expect(&stage, COMMIT_DONE, true);
    stage_close(&stage);
}

static void an_end_that_is_never_answered_is_unknown(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, SHORT_MS);
    for (int i = 0; i < AGAIN_MAX; i++) {
        mock_answer(&stage.mock, END_TXN, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    }
    expect(&stage, COMMIT_UNKNOWN, true);
    assert_int_equal(stage.error.status, STATUS_RETRY);
    stage_close(&stage);
}

static void what_fails_before_an_end_is_sent_is_aborted(void **state)
{
    (void)state;
    static const struct {
        int16_t key;
        rd_kafka_resp_err_t code;
    } failures[] = {{ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED},
                    {PRODUCE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE},
                    {PRODUCE, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER}};
    for (size_t i = 0; i < COUNT_OF(failures); i++) {
        struct stage stage;
        stage_open(&stage, LONG_MS);
        mock_answer(&stage.mock, failures[i].key, failures[i].code);
        expect(&stage, COMMIT_ABORTED, true);
        stage_close(&stage);
    }
}

/* It may have taken effect all the same. */
static void an_abortable_answer_to_an_end_is_unknown(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, LONG_MS);
    mock_answer(&stage.mock, END_TXN, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    expect(&stage, COMMIT_UNKNOWN, true);
    assert_int_equal(stage.error.status, STATUS_ABORT);
    stage_close(&stage);
}

static void a_young_transaction_that_is_fenced_has_another_owner(void **state)
{
    (void)state;
    static const int16_t keys[] = {ADD_PARTITIONS, END_TXN};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct stage stage;
        stage_open(&stage, LONG_MS);
        mock_answer(&stage.mock, keys[i], RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
        expect(&stage, COMMIT_FENCED, true);
        stage_close(&stage);
    }
}

/* The broker's time limit is over: it is the broker that ended the transaction. */
static void an_old_transaction_that_is_fenced_is_unknown(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, SHORT_MS);
    wait_ms(SHORT_MS + 100);
    mock_answer(&stage.mock, END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    expect(&stage, COMMIT_UNKNOWN, true);
    stage_close(&stage);
}

/* librdkafka would abort and go on with another epoch. */
static void a_producer_id_that_the_broker_forgot_is_unknown(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, LONG_MS);
    mock_answer(&stage.mock, END_TXN, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING);
    expect(&stage, COMMIT_UNKNOWN, true);
    stage_close(&stage);
}

/* After each of them a new producer of the same id goes on. */
static void after_a_rotation_the_next_one_is_clean(void **state)
{
    (void)state;
    struct stage stage;
    stage_open(&stage, LONG_MS);
    mock_answer(&stage.mock, ADD_PARTITIONS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    expect(&stage, COMMIT_ABORTED, true);
    enum status status = STATUS_RETRY;
    for (int turn = 0; status == STATUS_RETRY && turn < 60; turn++) {
        status = kafka_producer_rotate(stage.producer, &stage.error);
    }
    assert_int_equal(status, STATUS_OK);
    begin(&stage);
    expect(&stage, COMMIT_DONE, false);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_clean_end_is_committed),
        cmocka_unit_test(an_end_that_was_refused_for_now_is_committed_and_rotates),
        cmocka_unit_test(an_end_that_was_sent_again_is_committed_and_rotates),
        cmocka_unit_test(an_end_that_is_never_answered_is_unknown),
        cmocka_unit_test(what_fails_before_an_end_is_sent_is_aborted),
        cmocka_unit_test(an_abortable_answer_to_an_end_is_unknown),
        cmocka_unit_test(a_young_transaction_that_is_fenced_has_another_owner),
        cmocka_unit_test(an_old_transaction_that_is_fenced_is_unknown),
        cmocka_unit_test(a_producer_id_that_the_broker_forgot_is_unknown),
        cmocka_unit_test(after_a_rotation_the_next_one_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
