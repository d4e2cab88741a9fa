/* A thread that asks the broker something, so that librdkafka's fetcher wakes up.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/time.h"

#define ANSWER_MS 100

struct kafka_waker {
    rd_kafka_t *rk;
    char *topic;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int32_t wanted; /* partition to ask about; -1: none */
    bool stop;
    bool done; /* the thread is past its last call */
    bool left; /* nobody joins the thread: it frees this */
};

static void waker_free(struct kafka_waker *waker)
{
    pthread_cond_destroy(&waker->changed);
    pthread_mutex_destroy(&waker->lock);
    free(waker->topic);
    free(waker);
}

/* Any answer will do, none is no error: without brokers there is nothing to fetch. */
static void *waker_run(void *context)
{
    struct kafka_waker *waker = context;
    pthread_mutex_lock(&waker->lock);
    while (!waker->stop) {
        const int32_t partition = waker->wanted;
        if (partition < 0) {
            pthread_cond_wait(&waker->changed, &waker->lock);
            continue;
        }
        waker->wanted = -1;
        pthread_mutex_unlock(&waker->lock);
        int64_t end = 0;
        kafka_end(waker->rk, waker->topic, partition, ANSWER_MS, &end);
        pthread_mutex_lock(&waker->lock);
    }
    waker->done = true;
    const bool left = waker->left;
    pthread_mutex_unlock(&waker->lock);
    if (left) {
        waker_free(waker);
    }
    return NULL;
}

struct kafka_waker *kafka_waker_new(rd_kafka_t *rk, const char *topic)
{
    struct kafka_waker *waker = memory_get(sizeof(*waker));
    *waker = (struct kafka_waker){.rk = rk, .topic = memory_text(topic), .wanted = -1};
    ASSERT(pthread_mutex_init(&waker->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&waker->changed, NULL) == 0);
    ASSERT(pthread_create(&waker->thread, NULL, waker_run, waker) == 0);
    return waker;
}

void kafka_waker_wake(struct kafka_waker *waker, int32_t partition)
{
    pthread_mutex_lock(&waker->lock);
    waker->wanted = partition;
    pthread_cond_signal(&waker->changed);
    pthread_mutex_unlock(&waker->lock);
}

bool kafka_waker_close(struct kafka_waker *waker)
{
    const int64_t deadline_ms = clock_monotonic_ms() + KAFKA_CLOSE_MS;
    pthread_mutex_lock(&waker->lock);
    waker->stop = true;
    pthread_cond_signal(&waker->changed);
    while (!waker->done && clock_monotonic_ms() < deadline_ms) {
        pthread_mutex_unlock(&waker->lock);
        kafka_pause(1);
        pthread_mutex_lock(&waker->lock);
    }
    const bool done = waker->done;
    waker->left = !done;
    const pthread_t thread = waker->thread;
    pthread_mutex_unlock(&waker->lock);
    if (!done) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    waker_free(waker);
    return true;
}
