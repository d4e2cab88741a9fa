/* A store that fails once, at a chosen call: for tests of what the callers do then.
 *
 * A failed checkpoint takes in nothing, a failed scan visits nothing, as the real ones.
 *
 * Thread: as the inner store; calls are counted atomically.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdlib.h>

struct failing_store {
    struct store store;
    struct store *inner;
    unsigned nth; /* 0: none */
    atomic_uint calls;
};

static const struct store_ops failing_ops;

struct store *store_open_failing(struct store *inner, unsigned nth)
{
    ASSERT(inner != NULL);
    struct failing_store *failing = memory_get(sizeof(*failing));
    *failing = (struct failing_store){
        .store = {.ops = &failing_ops},
        .inner = inner,
        .nth = nth,
    };
    return &failing->store;
}

unsigned store_failing_calls(const struct store *store)
{
    ASSERT(store->ops == &failing_ops);
    return atomic_load(&((const struct failing_store *)store)->calls);
}

static struct failing_store *failing_of(struct store *store)
{
    ASSERT(store->ops == &failing_ops);
    return (struct failing_store *)store;
}

/* Counts the call; STATUS_FATAL if it is the chosen one. */
static enum status count_call(struct failing_store *failing, const char *what, struct error *error)
{
    const unsigned call = atomic_fetch_add(&failing->calls, 1) + 1;
    return call == failing->nth
               ? error_set(error, STATUS_FATAL, "cannot %s: call %u fails by request", what, call)
               : STATUS_OK;
}

static enum status failing_get(struct store *store, struct bytes key, struct buffer *value,
                               bool *found_out, struct error *error)
{
    struct failing_store *failing = failing_of(store);
    TRY(count_call(failing, "get", error));
    return failing->inner->ops->get(failing->inner, key, value, found_out, error);
}

static enum status failing_scan(struct store *store, struct bytes prefix, struct bytes from,
                                store_visit *visit, void *context, struct error *error)
{
    struct failing_store *failing = failing_of(store);
    TRY(count_call(failing, "scan", error));
    return failing->inner->ops->scan(failing->inner, prefix, from, visit, context, error);
}

static enum status failing_checkpoint(struct store *store, const struct row *rows, size_t count,
                                      struct error *error)
{
    struct failing_store *failing = failing_of(store);
    TRY(count_call(failing, "write checkpoint", error));
    return failing->inner->ops->checkpoint(failing->inner, rows, count, error);
}

static size_t failing_memory(struct store *store)
{
    struct failing_store *failing = failing_of(store);
    return failing->inner->ops->memory(failing->inner);
}

static void failing_close(struct store *store)
{
    struct failing_store *failing = failing_of(store);
    store_close(failing->inner);
    free(failing);
}

static const struct store_ops failing_ops = {
    .get = failing_get,
    .scan = failing_scan,
    .checkpoint = failing_checkpoint,
    .memory = failing_memory,
    .close = failing_close,
};
