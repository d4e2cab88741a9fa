/* Watches the requests of a transactional producer on the wire, to know whether a transaction was
 * clean: librdkafka re-sends an EndTxn silently, and the delayed first one would end a later
 * transaction of the same epoch (exactly-once.md 5).
 *
 * The hooks run on librdkafka's broker threads and touch nothing but atomics.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include "base/assert.h"

#define INIT_PRODUCER_ID 22

static rd_kafka_interceptor_f_on_new_t on_new;
static rd_kafka_interceptor_f_on_request_sent_t on_request_sent;
static rd_kafka_interceptor_f_on_response_received_t on_response_received;
static int watch_key_of(int16_t api_key);
static bool error_is_clean(rd_kafka_resp_err_t code);

void watch_attach(struct watch *watch, rd_kafka_conf_t *conf)
{
    watch_reset(watch);
    const rd_kafka_resp_err_t code =
        rd_kafka_conf_interceptor_add_on_new(conf, "watch", on_new, watch);
    ASSERT(code == RD_KAFKA_RESP_ERR_NO_ERROR);
}

void watch_reset(struct watch *watch)
{
    for (int i = 0; i < WATCH_KEY_COUNT; i++) {
        atomic_store(&watch->sent[i], 0);
        atomic_store(&watch->failed[i], 0);
    }
    atomic_store(&watch->failed_unknown, 0);
    atomic_store(&watch->refused, false);
}

bool watch_end_sent(const struct watch *watch)
{
    return atomic_load(&watch->sent[WATCH_END]) > 0;
}

bool watch_refused(const struct watch *watch)
{
    return atomic_load(&watch->refused);
}

bool watch_is_clean(const struct watch *watch)
{
    unsigned failed = atomic_load(&watch->failed_unknown);
    for (int i = 0; i < WATCH_KEY_COUNT; i++) {
        failed += atomic_load(&watch->failed[i]);
    }
    /* A transaction in which nothing was produced and no offset sent ends without an EndTxn. */
    const unsigned ended = atomic_load(&watch->sent[WATCH_END]);
    const bool empty = atomic_load(&watch->sent[WATCH_ADD_PARTITIONS]) == 0 &&
                       atomic_load(&watch->sent[WATCH_ADD_OFFSETS]) == 0;
    return failed == 0 && (ended == 1 || (ended == 0 && empty));
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *watch,
                                  char *text, size_t text_size)
{
    (void)conf;
    (void)text;
    (void)text_size;
    const rd_kafka_resp_err_t code =
        rd_kafka_interceptor_add_on_request_sent(rk, "watch", on_request_sent, watch);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR ? code
                                              : rd_kafka_interceptor_add_on_response_received(
                                                    rk, "watch", on_response_received, watch);
}

static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *rk, int socket, const char *broker,
                                           int32_t broker_id, int16_t api_key, int16_t version,
                                           int32_t correlation, size_t size, void *context)
{
    (void)rk;
    (void)socket;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)correlation;
    (void)size;
    struct watch *watch = context;
    const int key = watch_key_of(api_key);
    if (key >= 0) {
        atomic_fetch_add(&watch->sent[key], 1);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Fires more than once a request for most keys, so it counts only what went wrong. */
static rd_kafka_resp_err_t on_response_received(rd_kafka_t *rk, int socket, const char *broker,
                                                int32_t broker_id, int16_t api_key, int16_t version,
                                                int32_t correlation, size_t size,
                                                int64_t round_trip, rd_kafka_resp_err_t code,
                                                void *context)
{
    (void)rk;
    (void)socket;
    (void)broker;
    (void)broker_id;
    (void)version;
    (void)correlation;
    (void)size;
    (void)round_trip;
    struct watch *watch = context;
    if (api_key == INIT_PRODUCER_ID && code == RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS) {
        atomic_store(&watch->refused, true);
    }
    if (error_is_clean(code)) {
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    const int key = watch_key_of(api_key);
    if (key >= 0) {
        atomic_fetch_add(&watch->failed[key], 1);
    } else if (api_key < 0) {
        atomic_fetch_add(&watch->failed_unknown, 1);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Index of the key, or -1 for a request that does not matter. */
static int watch_key_of(int16_t api_key)
{
    static const int16_t keys[WATCH_KEY_COUNT] = {
        [WATCH_PRODUCE] = 0, [WATCH_ADD_PARTITIONS] = 24, [WATCH_ADD_OFFSETS] = 25,
        [WATCH_END] = 26,    [WATCH_COMMIT_OFFSETS] = 28,
    };
    for (int i = 0; i < WATCH_KEY_COUNT; i++) {
        if (keys[i] == api_key) {
            return i;
        }
    }
    return -1;
}

/* No error, or an answer by which the broker says that it did nothing. */
static bool error_is_clean(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           code == RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}
