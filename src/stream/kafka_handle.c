/* One librdkafka handle: made with its log and error callbacks, closed within a bounded time.
 *
 * Closing can hang in librdkafka (a broker that does not answer, a message that was not given
 * back), so it runs on a thread of its own; after KAFKA_CLOSE_MS the handle is left behind, mute.
 * What was committed is safe then, and the next start fences what was not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"
#include "base/time.h"

/* syslog's levels */
#define LEVEL_WARNING 4

struct farewell {
    struct kafka_handle handle;
    bool leave;
    atomic_bool done;
};

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);
static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque);
static void *farewell_run(void *context);

struct kafka_context *kafka_context_new(const struct kafka_cluster *cluster, void *owner,
                                        rd_kafka_conf_t *conf)
{
    struct kafka_context *context = memory_get(sizeof(*context));
    context->log = cluster->log;
    context->log_context = cluster->log_context;
    context->owner = owner;
    atomic_init(&context->silent, false);
    rd_kafka_conf_set_opaque(conf, context);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    return context;
}

enum status kafka_handle_open(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                              struct kafka_context *context, struct kafka_handle *handle_out,
                              struct error *error)
{
    char text[256];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));
    if (rk == NULL) {
        /* `conf` and `context` are left behind: before 2.13.0 librdkafka frees a conf's
         * interceptors twice here, and the process is about to end anyway. */
        return error_set(error, STATUS_FATAL, "kafka: cannot make a %s: %s",
                         type == RD_KAFKA_PRODUCER ? "producer" : "consumer", text);
    }
    *handle_out = (struct kafka_handle){.rk = rk, .context = context};
    return STATUS_OK;
}

bool kafka_handle_close(struct kafka_handle *handle, bool leave)
{
    if (handle->rk == NULL) {
        return true;
    }
    struct farewell *farewell = memory_get(sizeof(*farewell));
    farewell->handle = *handle;
    farewell->leave = leave;
    atomic_init(&farewell->done, false);
    pthread_t thread;
    if (pthread_create(&thread, NULL, farewell_run, farewell) != 0) {
        farewell_run(farewell);
        free(farewell->handle.context);
        free(farewell);
        *handle = (struct kafka_handle){.rk = NULL};
        return true;
    }
    const int64_t deadline_ms = clock_monotonic_ms() + KAFKA_CLOSE_MS;
    while (!atomic_load(&farewell->done)) {
        if (clock_monotonic_ms() > deadline_ms) {
            /* The context and the farewell stay: the thread uses them until it ends, if ever. */
            atomic_store(&farewell->handle.context->silent, true);
            pthread_detach(thread);
            if (!leave) {
                *handle = (struct kafka_handle){.rk = NULL};
            } /* else a rebalance during the close still needs it */
            return false;
        }
        kafka_pause(1);
    }
    pthread_join(thread, NULL);
    free(farewell->handle.context);
    free(farewell);
    *handle = (struct kafka_handle){.rk = NULL};
    return true;
}

void kafka_say(const struct kafka_cluster *cluster, int level, const char *format, ...)
{
    if (cluster->log == NULL) {
        return;
    }
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cluster->log(cluster->log_context, level, text);
}

bool kafka_error_passes(rd_kafka_resp_err_t code)
{
    static const rd_kafka_resp_err_t passing[] = {
        RD_KAFKA_RESP_ERR__TIMED_OUT,
        RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
        RD_KAFKA_RESP_ERR__TRANSPORT,
        RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
        RD_KAFKA_RESP_ERR__RESOLVE,
        RD_KAFKA_RESP_ERR__WAIT_COORD,
        RD_KAFKA_RESP_ERR__WAIT_CACHE,
        RD_KAFKA_RESP_ERR__IN_PROGRESS,
        RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
        RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
        RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS,
        RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
        RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE,
    };
    for (size_t i = 0; i < COUNT_OF(passing); i++) {
        if (passing[i] == code) {
            return true;
        }
    }
    return false;
}

void kafka_pause(int milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* On any thread of librdkafka. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    const struct kafka_context *context = rd_kafka_opaque(rk);
    /* A property of the other side is set on both on purpose. */
    const bool expected =
        strcmp(facility, "CONFWARN") == 0 && (strstr(text, "is a consumer property") != NULL ||
                                              strstr(text, "is a producer property") != NULL);
    if (context == NULL || context->log == NULL || expected || atomic_load(&context->silent)) {
        return;
    }
    char line[512];
    snprintf(line, sizeof(line), "%s: %s: %s", rd_kafka_name(rk), facility, text);
    context->log(context->log_context, level, line);
}

/* Inside our own polls. What matters to a call is returned by it; this is for the operator. A lost
 * connection is in the log already. */
static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
    const struct kafka_context *context = opaque;
    if (context->log == NULL || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
        atomic_load(&context->silent)) {
        return;
    }
    char line[512];
    snprintf(line, sizeof(line), "%s: %s: %s", rd_kafka_name(rk),
             rd_kafka_err2name((rd_kafka_resp_err_t)code), text);
    context->log(context->log_context, LEVEL_WARNING, line);
}

static void *farewell_run(void *context)
{
    struct farewell *farewell = context;
    if (farewell->leave) {
        rd_kafka_consumer_close(farewell->handle.rk);
        rd_kafka_destroy(farewell->handle.rk);
    } else {
        /* Only consumers of a group have something to say before they go. */
        rd_kafka_destroy_flags(farewell->handle.rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    atomic_store(&farewell->done, true);
    return NULL;
}
