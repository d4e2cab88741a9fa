/* A transactional producer: one transaction at a time, its outcome classified, the producer
 * replaced when a request of the last transaction could still be on its way.
 *
 * Follows exactly-once.md 2, 5 and 7.3. All calls from one thread; all of them come back, except
 * that rd_kafka_send_offsets_to_transaction() may block for as long as the group's coordinator is
 * unreachable (librdkafka stores its deadline and never reads it): whoever runs this thread needs a
 * watchdog. Ending the process there is safe: no EndTxn was sent, and the next start fences.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

/* One slice of a resumable call is longer than a request may take, so that its failure comes out
 * inside the call. */
#define SLICE_MARGIN_MS 2000
#define RETRY_PAUSE_MS 20
/* How often an initialisation is looked after. */
#define INIT_SLICE_MS 50
#define QUEUE_FULL_PAUSE_MS 10
/* The broker looks for transactions out of time every 10 s. */
#define SETTLE_MARGIN_MS 15000
#define LEVEL_NOTICE 5

/* What an error of a transactional call asks for. */
enum reply {
    REPLY_OK,
    REPLY_AGAIN,
    REPLY_ABORT,
    REPLY_FATAL,
};

struct kafka_producer {
    const struct kafka_cluster *cluster;
    char *transactional_id;
    struct kafka_handle handle;
    struct kafka_topics topics;
    bool initialised; /* the broker gave the handle its epoch */
    bool ready;       /* and what the last transaction left is settled */
    bool rotate_due;
    bool in_transaction;
    unsigned transaction; /* number of the last one begun */
    int64_t began_ms;
    int timeout_ms; /* transaction.timeout.ms; also how long we try */
    int slice_ms;
    size_t failures; /* records of this transaction not delivered */
    struct error failure;
    bool committed;             /* the last transaction */
    struct kafka_traces traces; /* of failed transactions that must be seen to have ended */
    int64_t settle_deadline_ms;
    rd_kafka_resp_err_t last_code; /* of the last reply that was not OK */
    char last_text[256];
};

static enum status producer_make(struct kafka_producer *producer, struct error *error);
static enum status producer_init(struct kafka_producer *producer, struct error *error);
static enum status producer_settle(struct kafka_producer *producer, struct error *error);
static void producer_unmake(struct kafka_producer *producer);
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
static enum status produce_failed(struct kafka_producer *producer,
                                  const struct stream_output *output, rd_kafka_resp_err_t code,
                                  struct error *error);
static enum reply reply_of(struct kafka_producer *producer, rd_kafka_error_t *failure);
static enum reply offsets_send(struct kafka_producer *producer,
                               const rd_kafka_topic_partition_list_t *offsets,
                               const rd_kafka_consumer_group_metadata_t *group);
static enum commit_outcome transaction_end(struct kafka_producer *producer, struct error *error);
static enum commit_outcome outcome_of_fatal(struct kafka_producer *producer, const char *what,
                                            struct error *error);
static bool is_fenced(const struct kafka_producer *producer);

enum status kafka_producer_open(const struct kafka_cluster *cluster, const char *transactional_id,
                                struct kafka_producer **producer_out, struct error *error)
{
    struct kafka_producer *producer = memory_get(sizeof(*producer));
    *producer = (struct kafka_producer){
        .cluster = cluster,
        .transactional_id = memory_text(transactional_id),
        .timeout_ms = kafka_transaction_timeout_ms(cluster),
        .committed = true,
    };
    const char *socket = kafka_property_find(cluster, "socket.timeout.ms");
    const int socket_ms = socket != NULL                     ? (int)strtol(socket, NULL, 10)
                          : producer->timeout_ms / 3 < 10000 ? producer->timeout_ms / 3
                                                             : 10000;
    producer->slice_ms = socket_ms + SLICE_MARGIN_MS;
    const enum status status = kafka_producer_rotate(producer, error);
    if (status != STATUS_OK) {
        kafka_producer_close(producer);
        return status;
    }
    *producer_out = producer;
    return STATUS_OK;
}

enum status kafka_producer_begin(struct kafka_producer *producer, struct error *error)
{
    ASSERT(!producer->in_transaction);
    ASSERT(!kafka_producer_rotation_due(producer) || PLANTED(ROTATION_OFF));
    watch_reset(&producer->handle.context->watch);
    producer->failures = 0;
    const enum reply reply = reply_of(producer, rd_kafka_begin_transaction(producer->handle.rk));
    if (reply != REPLY_OK) {
        producer->rotate_due = true;
        return error_set(error, STATUS_FATAL, "cannot begin a transaction of '%s': %s",
                         producer->transactional_id, producer->last_text);
    }
    producer->transaction++;
    producer->committed = false;
    producer->began_ms = clock_monotonic_ms();
    producer->in_transaction = true;
    return STATUS_OK;
}

enum status kafka_producer_produce(struct kafka_producer *producer,
                                   const struct stream_output *output, struct error *error)
{
    ASSERT(producer->in_transaction);
    struct kafka_topic *topic = NULL;
    const enum status status =
        kafka_topic_get(&producer->topics, producer->handle.rk, output->topic, &topic, error);
    if (status != STATUS_OK) {
        /* The transaction is open: whoever tries again must replay it. */
        return status == STATUS_RETRY ? STATUS_ABORT : status;
    }
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic->handle},
        {.vtype = RD_KAFKA_VTYPE_PARTITION,
         .u.i32 = output->partition >= 0 ? output->partition : RD_KAFKA_PARTITION_UA},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = output->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = (void *)(uintptr_t)output->key.data, .size = output->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)(uintptr_t)output->value.data, .size = output->value.size}},
    };
    int64_t deadline_ms = TIME_NEVER_MS; /* of a full queue */
    for (;;) {
        rd_kafka_error_t *failure = rd_kafka_produceva(producer->handle.rk, parts, COUNT_OF(parts));
        if (failure == NULL) {
            return STATUS_OK;
        }
        const rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
        rd_kafka_error_destroy(failure);
        const int64_t now_ms = clock_monotonic_ms();
        if (deadline_ms == TIME_NEVER_MS) {
            deadline_ms = now_ms + producer->timeout_ms;
        }
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || now_ms > deadline_ms) {
            return produce_failed(producer, output, code, error);
        }
        rd_kafka_poll(producer->handle.rk, QUEUE_FULL_PAUSE_MS);
    }
}

enum status kafka_producer_flush(struct kafka_producer *producer, struct error *error)
{
    ASSERT(producer->in_transaction);
    const int64_t deadline_ms = clock_monotonic_ms() + producer->timeout_ms;
    while (rd_kafka_flush(producer->handle.rk, producer->slice_ms) != RD_KAFKA_RESP_ERR_NO_ERROR &&
           clock_monotonic_ms() < deadline_ms) {}
    if (producer->failures > 0) {
        return error_set(error, producer->failure.status, "%s", producer->failure.text);
    }
    const int left = rd_kafka_outq_len(producer->handle.rk);
    if (left > 0) {
        return error_set(error, STATUS_ABORT, "%d records were not delivered within %d ms", left,
                         producer->timeout_ms);
    }
    return STATUS_OK;
}

int64_t kafka_producer_next(const struct kafka_producer *producer, const char *topic,
                            int32_t partition)
{
    return kafka_topic_next(&producer->topics, topic, partition, producer->transaction);
}

enum commit_outcome kafka_producer_commit(struct kafka_producer *producer,
                                          const rd_kafka_topic_partition_list_t *offsets,
                                          const rd_kafka_consumer_group_metadata_t *group,
                                          struct error *error)
{
    ASSERT(producer->in_transaction);
    if (kafka_producer_flush(producer, error) != STATUS_OK) {
        return kafka_producer_abort(producer, error);
    }
    if (offsets == NULL) {
        return transaction_end(producer, error);
    }
    switch (offsets_send(producer, offsets, group)) {
    case REPLY_OK:
        return transaction_end(producer, error);
    case REPLY_AGAIN:
    case REPLY_ABORT:
        /* No EndTxn was sent, so nothing of it is committed. */
        error_set(error, STATUS_ABORT, "offsets were refused: %s", producer->last_text);
        return kafka_producer_abort(producer, error);
    case REPLY_FATAL:
        return outcome_of_fatal(producer, "offsets were refused", error);
    }
    ASSERT(false);
}

enum commit_outcome kafka_producer_abort(struct kafka_producer *producer, struct error *error)
{
    if (!producer->in_transaction) {
        return COMMIT_ABORTED;
    }
    const int64_t deadline_ms = clock_monotonic_ms() + producer->timeout_ms;
    enum reply reply = REPLY_AGAIN;
    while (reply == REPLY_AGAIN && clock_monotonic_ms() < deadline_ms) {
        reply =
            reply_of(producer, rd_kafka_abort_transaction(producer->handle.rk, producer->slice_ms));
        if (reply == REPLY_AGAIN) {
            kafka_pause(RETRY_PAUSE_MS);
        }
    }
    /* Whatever became of it, the rotation's init_transactions ends what is left. */
    producer->in_transaction = false;
    producer->rotate_due = true;
    if (reply == REPLY_FATAL && is_fenced(producer)) {
        error_set(error, STATUS_FATAL, "another producer uses the transactional id '%s': %s",
                  producer->transactional_id, producer->last_text);
        return COMMIT_FENCED;
    }
    return COMMIT_ABORTED;
}

enum status kafka_producer_probe(struct kafka_producer *producer,
                                 const rd_kafka_topic_partition_list_t *offsets,
                                 const rd_kafka_consumer_group_metadata_t *group,
                                 struct error *error)
{
    TRY(kafka_producer_begin(producer, error));
    const enum reply reply =
        reply_of(producer, rd_kafka_send_offsets_to_transaction(producer->handle.rk, offsets, group,
                                                                producer->slice_ms));
    const enum commit_outcome outcome =
        reply == REPLY_FATAL ? outcome_of_fatal(producer, "a probe was refused", error)
                             : kafka_producer_abort(producer, error);
    return outcome == COMMIT_FENCED ? STATUS_FATAL : STATUS_OK;
}

bool kafka_producer_open_transaction(const struct kafka_producer *producer)
{
    return producer->in_transaction;
}

bool kafka_producer_rotation_due(const struct kafka_producer *producer)
{
    return producer->rotate_due || !producer->ready;
}

enum status kafka_producer_rotate(struct kafka_producer *producer, struct error *error)
{
    /* A handle that is not ready yet is a rotation that STATUS_RETRY interrupted. */
    if (producer->ready || producer->handle.rk == NULL) {
        if (!producer->committed) {
            kafka_traces_collect(&producer->traces, &producer->topics, producer->transaction);
        }
        producer_unmake(producer);
        TRY(producer_make(producer, error));
        producer->settle_deadline_ms = 0;
    }
    if (!producer->initialised) {
        TRY(producer_init(producer, error));
        producer->initialised = true;
    }
    TRY(producer_settle(producer, error));
    producer->ready = true;
    producer->rotate_due = false;
    return STATUS_OK;
}

void kafka_producer_serve(struct kafka_producer *producer)
{
    if (producer->handle.rk != NULL) {
        rd_kafka_poll(producer->handle.rk, 0);
    }
}

void kafka_producer_close(struct kafka_producer *producer)
{
    producer_unmake(producer);
    kafka_traces_release(&producer->traces);
    free(producer->transactional_id);
    free(producer);
}

static enum status producer_make(struct kafka_producer *producer, struct error *error)
{
    const struct kafka_property own[] = {{"transactional.id", producer->transactional_id}};
    rd_kafka_conf_t *conf = NULL;
    TRY(kafka_conf_new(producer->cluster, KAFKA_PRODUCER, own, COUNT_OF(own), &conf, error));
    struct kafka_context *context = kafka_context_new(producer->cluster, producer, conf);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    watch_attach(&context->watch, conf);
    return kafka_handle_open(RD_KAFKA_PRODUCER, conf, context, &producer->handle, error);
}

/* Ends what the last owner of the id left open, and fences it. The coordinator refuses until that has
 * ended, some 20 ms, while librdkafka asks again after half a second, whatever its settings: a new
 * handle asks at once. */
static enum status producer_init(struct kafka_producer *producer, struct error *error)
{
    const int64_t deadline_ms = clock_monotonic_ms() + KAFKA_ANSWER_MS;
    enum reply reply = REPLY_AGAIN;
    while (reply == REPLY_AGAIN && clock_monotonic_ms() < deadline_ms) {
        if (watch_refused(&producer->handle.context->watch)) {
            producer_unmake(producer);
            TRY(producer_make(producer, error));
        }
        reply = reply_of(producer, rd_kafka_init_transactions(producer->handle.rk, INIT_SLICE_MS));
    }
    if (reply == REPLY_OK) {
        return STATUS_OK;
    }
    if (reply == REPLY_AGAIN) {
        const char *servers = kafka_property_find(producer->cluster, "bootstrap.servers");
        kafka_say(producer->cluster, LEVEL_NOTICE, "waiting for Kafka at %s: %s",
                  servers != NULL ? servers : "(metadata.broker.list)", producer->last_text);
        return error_set(
            error, STATUS_RETRY, "cannot start transactions of '%s' yet: %s (is Kafka up at '%s'?)",
            producer->transactional_id, producer->last_text, servers != NULL ? servers : "");
    }
    return error_set(error, STATUS_FATAL, "cannot start transactions of '%s': %s",
                     producer->transactional_id, producer->last_text);
}

/* Waits for the broker's own time limit and its scan, and for another producer's open transaction
 * before our records, which holds the stable offset back just as long. */
static enum status producer_settle(struct kafka_producer *producer, struct error *error)
{
    const int64_t now_ms = clock_monotonic_ms();
    if (producer->settle_deadline_ms == 0) {
        producer->settle_deadline_ms = now_ms + producer->timeout_ms + SETTLE_MARGIN_MS;
    }
    struct error unsettled = {0};
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY) {
        status = kafka_traces_settle(&producer->traces, producer->cluster, &unsettled);
        if (status == STATUS_RETRY && clock_monotonic_ms() > producer->settle_deadline_ms) {
            return error_set(error, STATUS_FATAL,
                             "%s; the broker lost its marker: end it with 'kafka-transactions.sh "
                             "abort' (see find-hanging), then start again",
                             unsettled.text);
        }
        if (status == STATUS_RETRY && clock_monotonic_ms() - now_ms > KAFKA_ANSWER_MS) {
            break;
        }
        if (status == STATUS_RETRY) {
            kafka_pause(RETRY_PAUSE_MS);
        }
    }
    return status == STATUS_OK ? STATUS_OK : error_set(error, status, "%s", unsettled.text);
}

static void producer_unmake(struct kafka_producer *producer)
{
    producer->initialised = false;
    producer->ready = false;
    producer->in_transaction = false;
    if (producer->handle.rk == NULL) {
        return;
    }
    rd_kafka_purge(producer->handle.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                            RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_poll(producer->handle.rk, 0);
    kafka_topics_release(&producer->topics);
    if (!kafka_handle_close(&producer->handle, false)) {
        kafka_say(producer->cluster, LEVEL_NOTICE,
                  "the producer of '%s' did not close in time and was left behind",
                  producer->transactional_id);
    }
}

/* Inside our calls of rd_kafka_poll() and rd_kafka_flush(). A success without an offset is one that
 * the broker had seen before: where the record lies is unknown, so it counts as a failure. */
static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    const struct kafka_context *context = opaque;
    struct kafka_producer *producer = context->owner;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= 0) {
        kafka_topic_note(rd_kafka_topic_opaque(message->rkt), message->partition, message->offset,
                         producer->transaction);
        return;
    }
    if (producer->failures++ > 0) {
        return;
    }
    /* These come again however often the batch is repeated. */
    const bool permanent = message->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
                           message->err == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
                           message->err == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP ||
                           message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    error_set(&producer->failure, permanent ? STATUS_FATAL : STATUS_ABORT,
              "a record of %zu bytes for topic '%s' partition %d was not delivered: %s",
              message->len, rd_kafka_topic_name(message->rkt), (int)message->partition,
              message->err != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_err2str(message->err)
                                                         : "its offset is unknown");
}

static enum status produce_failed(struct kafka_producer *producer,
                                  const struct stream_output *output, rd_kafka_resp_err_t code,
                                  struct error *error)
{
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        return error_set(error, STATUS_FATAL,
                         "a record of %zu bytes for topic '%s' is too large: raise "
                         "'message.max.bytes' here and 'max.message.bytes' of the topic",
                         output->value.size, output->topic);
    }
    /* A transaction that failed already refuses records too; its abort says why. */
    const bool permanent = code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
                           code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
    return error_set(error, permanent ? STATUS_FATAL : STATUS_ABORT,
                     "cannot write to topic '%s' partition %d in a transaction of '%s': %s",
                     output->topic, (int)output->partition, producer->transactional_id,
                     rd_kafka_err2str(code));
}

/* Consumes `failure`. The order is the contract; an error without any flag counts as fatal. */
static enum reply reply_of(struct kafka_producer *producer, rd_kafka_error_t *failure)
{
    if (failure == NULL) {
        return REPLY_OK;
    }
    const rd_kafka_resp_err_t code = rd_kafka_error_code(failure);
    /* librdkafka would abort and go on with a new epoch; that breaks exactly once (anomaly A7). */
    const bool id_lost = code == RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID ||
                         code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING;
    const enum reply reply = rd_kafka_error_is_fatal(failure) || id_lost  ? REPLY_FATAL
                             : rd_kafka_error_txn_requires_abort(failure) ? REPLY_ABORT
                             : rd_kafka_error_is_retriable(failure)       ? REPLY_AGAIN
                                                                          : REPLY_FATAL;
    producer->last_code = code;
    snprintf(producer->last_text, sizeof(producer->last_text), "%s",
             rd_kafka_error_string(failure));
    rd_kafka_error_destroy(failure);
    return reply;
}

/* Retriable, but not resumable: the same arguments every time. */
static enum reply offsets_send(struct kafka_producer *producer,
                               const rd_kafka_topic_partition_list_t *offsets,
                               const rd_kafka_consumer_group_metadata_t *group)
{
    const int64_t deadline_ms = clock_monotonic_ms() + producer->timeout_ms;
    for (;;) {
        const enum reply reply =
            reply_of(producer, rd_kafka_send_offsets_to_transaction(producer->handle.rk, offsets,
                                                                    group, producer->slice_ms));
        if (reply != REPLY_AGAIN || clock_monotonic_ms() >= deadline_ms) {
            return reply;
        }
        kafka_pause(RETRY_PAUSE_MS);
    }
}

/* The next call goes on where the last one stood; nothing else may come in between. */
static enum commit_outcome transaction_end(struct kafka_producer *producer, struct error *error)
{
    const int64_t deadline_ms = clock_monotonic_ms() + producer->timeout_ms;
    enum reply reply = REPLY_AGAIN;
    while (reply == REPLY_AGAIN && clock_monotonic_ms() < deadline_ms) {
        reply = reply_of(producer,
                         rd_kafka_commit_transaction(producer->handle.rk, producer->slice_ms));
        if (reply == REPLY_AGAIN) {
            kafka_pause(RETRY_PAUSE_MS);
        }
    }
    const struct watch *watch = &producer->handle.context->watch;
    switch (reply) {
    case REPLY_OK:
        producer->in_transaction = false;
        producer->committed = true;
        producer->rotate_due = !watch_is_clean(watch);
        return COMMIT_DONE;
    case REPLY_ABORT:
        error_set(error, STATUS_ABORT, "the commit failed: %s", producer->last_text);
        if (!watch_end_sent(watch)) {
            return kafka_producer_abort(producer, error);
        }
        break;
    case REPLY_AGAIN:
        error_set(error, STATUS_RETRY, "the commit was not answered within %d ms: %s",
                  producer->timeout_ms, producer->last_text);
        break;
    case REPLY_FATAL:
        return outcome_of_fatal(producer, "the commit failed", error);
    }
    producer->in_transaction = false;
    producer->rotate_due = true;
    return COMMIT_UNKNOWN;
}

static enum commit_outcome outcome_of_fatal(struct kafka_producer *producer, const char *what,
                                            struct error *error)
{
    const bool fenced = is_fenced(producer);
    producer->in_transaction = false;
    producer->rotate_due = true;
    error_set(error, STATUS_FATAL, "%s%s: %s", what,
              fenced ? ", another producer uses our transactional id" : "", producer->last_text);
    return fenced ? COMMIT_FENCED : COMMIT_UNKNOWN;
}

/* A fence after the broker's own time limit is the broker's doing: it ended the transaction and
 * bumped the epoch. Before it, somebody else has our id. */
static bool is_fenced(const struct kafka_producer *producer)
{
    char text[256];
    const rd_kafka_resp_err_t codes[] = {
        producer->last_code, rd_kafka_fatal_error(producer->handle.rk, text, sizeof(text))};
    if (clock_monotonic_ms() - producer->began_ms >= producer->timeout_ms) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i] == RD_KAFKA_RESP_ERR__FENCED ||
            codes[i] == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
            codes[i] == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
            return true;
        }
    }
    return false;
}
