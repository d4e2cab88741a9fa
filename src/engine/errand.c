/* One thread, one slot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/errand.h"

#include "base/assert.h"
#include "base/buffer.h"
#include "base/digest.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum phase {
    PHASE_IDLE,
    PHASE_RUNNING,
    PHASE_OVER,
    PHASE_STOP,
};

struct errand {
    bool beside;
    bool posted; /* the owner's view of it */
    errand_call *call;
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex; /* over phase */
    pthread_cond_t changed;
    enum phase phase;
};

static void *thread_main(void *argument)
{
    struct errand *errand = argument;
    pthread_mutex_lock(&errand->mutex);
    while (errand->phase != PHASE_STOP) {
        if (errand->phase == PHASE_RUNNING) {
            pthread_mutex_unlock(&errand->mutex);
            errand->call(errand->context);
            pthread_mutex_lock(&errand->mutex);
            errand->phase = PHASE_OVER;
            pthread_cond_broadcast(&errand->changed);
        } else {
            pthread_cond_wait(&errand->changed, &errand->mutex);
        }
    }
    pthread_mutex_unlock(&errand->mutex);
    digest_thread_end();
    return NULL;
}

struct errand *errand_new(bool beside)
{
    struct errand *errand = memory_get(sizeof(*errand));
    *errand = (struct errand){.beside = beside, .phase = PHASE_IDLE};
    if (beside) {
        pthread_condattr_t monotonic;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_mutex_init(&errand->mutex, NULL);
        pthread_cond_init(&errand->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        const int failure = pthread_create(&errand->thread, NULL, thread_main, errand);
        ASSERT(failure == 0);
    }
    return errand;
}

static void phase_set(struct errand *errand, enum phase phase)
{
    pthread_mutex_lock(&errand->mutex);
    errand->phase = phase;
    pthread_cond_broadcast(&errand->changed);
    pthread_mutex_unlock(&errand->mutex);
}

void errand_free(struct errand *errand)
{
    if (errand == NULL) {
        return;
    }
    if (errand->beside) {
        errand_wait(errand, ERRAND_FOREVER);
        phase_set(errand, PHASE_STOP);
        pthread_join(errand->thread, NULL);
        pthread_cond_destroy(&errand->changed);
        pthread_mutex_destroy(&errand->mutex);
    }
    free(errand);
}

void errand_post(struct errand *errand, errand_call *call, void *context)
{
    ASSERT(!errand->posted);
    errand->call = call;
    errand->context = context;
    errand->posted = true;
    if (errand->beside) {
        phase_set(errand, PHASE_RUNNING);
    }
}

bool errand_busy(const struct errand *errand)
{
    return errand->posted;
}

static bool over_in_time(struct errand *errand, int timeout_ms)
{
    if (timeout_ms == 0) { /* the owner looks often */
        return errand->phase == PHASE_OVER;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const long nanoseconds = until.tv_nsec + (long)(timeout_ms % 1000) * 1000000;
    until.tv_sec += timeout_ms / 1000 + nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    int late = 0;
    while (errand->phase == PHASE_RUNNING && late == 0) {
        late = pthread_cond_timedwait(&errand->changed, &errand->mutex, &until);
    }
    return errand->phase == PHASE_OVER;
}

static bool over(struct errand *errand, int timeout_ms)
{
    pthread_mutex_lock(&errand->mutex);
    while (timeout_ms == ERRAND_FOREVER && errand->phase == PHASE_RUNNING) {
        pthread_cond_wait(&errand->changed, &errand->mutex);
    }
    const bool is_over = over_in_time(errand, timeout_ms == ERRAND_FOREVER ? 0 : timeout_ms);
    errand->phase = is_over ? PHASE_IDLE : errand->phase;
    pthread_mutex_unlock(&errand->mutex);
    return is_over;
}

bool errand_wait(struct errand *errand, int timeout_ms)
{
    if (!errand->posted) {
        return true;
    }
    if (!errand->beside) {
        errand->call(errand->context);
    } else if (!over(errand, timeout_ms)) {
        return false;
    }
    errand->posted = false;
    return true;
}
