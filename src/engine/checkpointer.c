/* One thread, one slot.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/checkpointer.h"

#include "base/assert.h"

#include <pthread.h>
#include <stdlib.h>

enum phase {
    PHASE_IDLE,
    PHASE_WRITING,
    PHASE_WRITTEN,
    PHASE_STOP,
};

struct checkpointer {
    pthread_t thread;
    pthread_mutex_t mutex; /* over phase */
    pthread_cond_t changed;
    enum phase phase;
    struct state *state; /* of the member's thread in IDLE and WRITTEN, of ours in WRITING */
};

static void *thread_main(void *argument)
{
    struct checkpointer *checkpointer = argument;
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->phase != PHASE_STOP) {
        if (checkpointer->phase == PHASE_WRITING) {
            pthread_mutex_unlock(&checkpointer->mutex);
            state_checkpoint_write(checkpointer->state);
            pthread_mutex_lock(&checkpointer->mutex);
            checkpointer->phase = PHASE_WRITTEN;
            pthread_cond_broadcast(&checkpointer->changed);
        } else {
            pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
        }
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    return NULL;
}

struct checkpointer *checkpointer_new(void)
{
    struct checkpointer *checkpointer = memory_get(sizeof(*checkpointer));
    *checkpointer = (struct checkpointer){.phase = PHASE_IDLE};
    pthread_mutex_init(&checkpointer->mutex, NULL);
    pthread_cond_init(&checkpointer->changed, NULL);
    ASSERT(pthread_create(&checkpointer->thread, NULL, thread_main, checkpointer) == 0);
    return checkpointer;
}

static void phase_set(struct checkpointer *checkpointer, enum phase phase)
{
    pthread_mutex_lock(&checkpointer->mutex);
    checkpointer->phase = phase;
    pthread_cond_broadcast(&checkpointer->changed);
    pthread_mutex_unlock(&checkpointer->mutex);
}

static enum phase phase_get(const struct checkpointer *checkpointer)
{
    union {
        const struct checkpointer *borrowed;
        struct checkpointer *shared;
    } pointer = {.borrowed = checkpointer}; /* a mutex is locked also for looking */
    pthread_mutex_lock(&pointer.shared->mutex);
    const enum phase phase = checkpointer->phase;
    pthread_mutex_unlock(&pointer.shared->mutex);
    return phase;
}

void checkpointer_free(struct checkpointer *checkpointer)
{
    if (checkpointer != NULL) {
        ASSERT(!checkpointer_busy(checkpointer));
        phase_set(checkpointer, PHASE_STOP);
        pthread_join(checkpointer->thread, NULL);
        pthread_cond_destroy(&checkpointer->changed);
        pthread_mutex_destroy(&checkpointer->mutex);
        free(checkpointer);
    }
}

bool checkpointer_busy(const struct checkpointer *checkpointer)
{
    return phase_get(checkpointer) != PHASE_IDLE;
}

void checkpointer_start(struct checkpointer *checkpointer, struct state *state)
{
    ASSERT(!checkpointer_busy(checkpointer));
    state_checkpoint_begin(state);
    checkpointer->state = state;
    phase_set(checkpointer, PHASE_WRITING);
}

enum status checkpointer_poll(struct checkpointer *checkpointer, struct error *error)
{
    if (phase_get(checkpointer) != PHASE_WRITTEN) {
        return STATUS_OK;
    }
    struct state *state = checkpointer->state;
    checkpointer->state = NULL;
    phase_set(checkpointer, PHASE_IDLE);
    return state_checkpoint_end(state, error);
}

enum status checkpointer_wait(struct checkpointer *checkpointer, struct error *error)
{
    pthread_mutex_lock(&checkpointer->mutex);
    while (checkpointer->phase == PHASE_WRITING) {
        pthread_cond_wait(&checkpointer->changed, &checkpointer->mutex);
    }
    pthread_mutex_unlock(&checkpointer->mutex);
    return checkpointer_poll(checkpointer, error);
}
