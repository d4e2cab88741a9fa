/* A cluster whose followers a test holds up, breaks and counts; everything else passes through.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ENGINE_FOLLOW_H
#define TESTS_ENGINE_FOLLOW_H

#include "base/buffer.h"
#include "stream/stream.h"

#include <pthread.h>
#include <stdlib.h>

enum { FOLLOW_PARTITIONS = 2 };

struct follow_hooks {
    /* Whether nothing of the partition comes yet, as if its records were not stable. */
    bool (*holds)(void *context, int32_t partition);
    /* Before each read; may fail it, or say that nothing is there. */
    enum status (*before)(void *context, bool *nothing_out, struct error *error);
    void (*added)(void *context, int32_t partition, int64_t from);
    void *context;
    pthread_mutex_t *mutex; /* over the cluster, where commits come from another thread; may be NULL */
};

struct follow_stub {
    struct follower follower;
    struct follower *inner;
    const struct follow_hooks *hooks;
    bool held[FOLLOW_PARTITIONS];
    int64_t held_from[FOLLOW_PARTITIONS];
};

static inline struct follow_stub *follow_of(struct follower *follower)
{
    return (struct follow_stub *)(void *)follower;
}

static inline void follow_lock(const struct follow_stub *self)
{
    if (self->hooks->mutex != NULL) {
        pthread_mutex_lock(self->hooks->mutex);
    }
}

static inline enum status follow_unlock(const struct follow_stub *self, enum status status)
{
    if (self->hooks->mutex != NULL) {
        pthread_mutex_unlock(self->hooks->mutex);
    }
    return status;
}

static inline enum status follow_add(struct follower *follower, int32_t partition, int64_t from,
                                     struct error *error)
{
    struct follow_stub *self = follow_of(follower);
    if (self->hooks->added != NULL) {
        self->hooks->added(self->hooks->context, partition, from);
    }
    self->held[partition] =
        self->hooks->holds != NULL && self->hooks->holds(self->hooks->context, partition);
    self->held_from[partition] = from;
    if (self->held[partition]) {
        return STATUS_OK;
    }
    follow_lock(self);
    return follow_unlock(self, self->inner->ops->add(self->inner, partition, from, error));
}

static inline void follow_drop(struct follower *follower, int32_t partition)
{
    struct follow_stub *self = follow_of(follower);
    if (!self->held[partition]) {
        self->inner->ops->drop(self->inner, partition);
    }
    self->held[partition] = false;
}

static inline enum status follow_read(struct follower *follower, int timeout_ms,
                                      struct stream_record *record_out, bool *found_out,
                                      struct error *error)
{
    struct follow_stub *self = follow_of(follower);
    for (int32_t i = 0; i < FOLLOW_PARTITIONS; i++) {
        if (self->held[i] && !self->hooks->holds(self->hooks->context, i)) {
            self->held[i] = false;
            TRY(self->inner->ops->add(self->inner, i, self->held_from[i], error));
        }
    }
    bool nothing = false;
    if (self->hooks->before != NULL) {
        TRY(self->hooks->before(self->hooks->context, &nothing, error));
    }
    *found_out = false;
    if (nothing) {
        return STATUS_OK;
    }
    follow_lock(self);
    return follow_unlock(
        self, self->inner->ops->read(self->inner, timeout_ms, record_out, found_out, error));
}

static inline void follow_release(struct follower *follower, struct stream_record *record)
{
    struct follow_stub *self = follow_of(follower);
    self->inner->ops->release(self->inner, record);
}

static inline int64_t follow_position(const struct follower *follower, int32_t partition)
{
    const struct follow_stub *self = (const struct follow_stub *)(const void *)follower;
    return self->held[partition] ? self->held_from[partition]
                                 : self->inner->ops->position(self->inner, partition);
}

static inline void follow_close(struct follower *follower)
{
    struct follow_stub *self = follow_of(follower);
    self->inner->ops->close(self->inner);
    free(self);
}

/* A follower of `inner` under `hooks`, which are borrowed. */
static inline enum status follow_open(struct cluster *inner, const struct follow_hooks *hooks,
                                      const char *topic, struct follower **follower_out,
                                      struct error *error)
{
    static const struct follower_ops ops = {.add = follow_add,
                                            .drop = follow_drop,
                                            .read = follow_read,
                                            .release = follow_release,
                                            .position = follow_position,
                                            .close = follow_close};
    struct follow_stub *self = memory_get(sizeof(*self));
    *self = (struct follow_stub){.follower = {.ops = &ops}, .hooks = hooks};
    *follower_out = &self->follower;
    return inner->ops->follower_open(inner, topic, &self->inner, error);
}

#endif
