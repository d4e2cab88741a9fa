/* Rows in memory: a map kept in key order under one lock.
 *
 * Invariant: a checkpoint is seen whole or not at all, for it holds the lock. It cannot fail.
 *
 * Thread: any; the lock is recursive because the visitor of a scan may get rows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "store/key_range.h"
#include "store/row_map.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

struct memory_store {
    struct store store;
    pthread_mutex_t lock;
    struct row_map rows;
    struct first_bytes all; /* every row is kept in order */
};

static const struct store_ops memory_ops;

struct store *store_open_memory(void)
{
    struct memory_store *memory = memory_get(sizeof(*memory));
    *memory = (struct memory_store){.store = {.ops = &memory_ops}};
    memset(memory->all.has, true, sizeof(memory->all.has));
    row_map_init(&memory->rows, 0, &memory->all);
    pthread_mutexattr_t recursive;
    ASSERT(pthread_mutexattr_init(&recursive) == 0);
    ASSERT(pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE) == 0);
    ASSERT(pthread_mutex_init(&memory->lock, &recursive) == 0);
    pthread_mutexattr_destroy(&recursive);
    return &memory->store;
}

static struct memory_store *memory_of(struct store *store)
{
    ASSERT(store->ops == &memory_ops);
    return (struct memory_store *)store;
}

static struct memory_store *memory_lock(struct store *store)
{
    struct memory_store *memory = memory_of(store);
    ASSERT(pthread_mutex_lock(&memory->lock) == 0);
    return memory;
}

static void memory_unlock(struct memory_store *memory)
{
    ASSERT(pthread_mutex_unlock(&memory->lock) == 0);
}

static enum status memory_store_get(struct store *store, struct bytes key, struct buffer *value,
                                    bool *found_out, struct error *error)
{
    (void)error;
    struct memory_store *memory = memory_lock(store);
    const struct held_row *row = row_map_find(&memory->rows, key, hash64(key));
    if (row != NULL) {
        buffer_append(value, held_value(row));
    }
    *found_out = row != NULL;
    memory_unlock(memory);
    return STATUS_OK;
}

static enum status memory_store_scan(struct store *store, struct bytes prefix, struct bytes from,
                                     store_visit *visit, void *context, struct error *error)
{
    (void)error;
    struct memory_store *memory = memory_lock(store);
    const struct row_order *order = &memory->rows.order;
    struct row_cursor cursor = row_order_seek(order, key_range_start(prefix, from));
    const struct held_row *row = NULL;
    while ((row = row_order_at(order, cursor)) != NULL && key_has_prefix(held_key(row), prefix)) {
        if (!visit(context, held_key(row), held_value(row))) {
            break;
        }
        row_order_next(order, &cursor);
    }
    memory_unlock(memory);
    return STATUS_OK;
}

static enum status memory_store_checkpoint(struct store *store, const struct row *rows,
                                           size_t count, struct error *error)
{
    (void)error;
    struct memory_store *memory = memory_lock(store);
    for (size_t i = 0; i < count; i++) {
        ASSERT(IMPLIES(i > 0, bytes_compare(rows[i - 1].key, rows[i].key) < 0));
        const uint64_t hash = hash64(rows[i].key);
        if (rows[i].value.data == NULL) {
            row_map_drop(&memory->rows, rows[i].key, hash);
        } else {
            row_map_put(&memory->rows, rows[i].key, hash, rows[i].value);
        }
    }
    memory_unlock(memory);
    return STATUS_OK;
}

static size_t memory_store_memory(struct store *store)
{
    struct memory_store *memory = memory_lock(store);
    const size_t size = row_map_memory(&memory->rows);
    memory_unlock(memory);
    return size;
}

static void memory_store_close(struct store *store)
{
    struct memory_store *memory = memory_of(store);
    row_map_release(&memory->rows);
    ASSERT(pthread_mutex_destroy(&memory->lock) == 0);
    free(memory);
}

static const struct store_ops memory_ops = {
    .get = memory_store_get,
    .scan = memory_store_scan,
    .checkpoint = memory_store_checkpoint,
    .memory = memory_store_memory,
    .close = memory_store_close,
};
