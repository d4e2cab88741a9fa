/* Reading and changing the rows of a task.
 *
 * A row is one allocation (row_map.h) that moves by pointer: overlay, sealed, pending, frozen,
 * written, cache; it is copied when it is put and when a checkpoint writes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/state.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/planted.h"
#include "base/time.h"
#include "store/row_sort.h"
#include "store/state_internal.h"

#include <stdlib.h>

static bool is_meta(struct bytes key)
{
    return bytes_is(key, STATE_META_KEY);
}

static enum status read_meta(struct state *state, struct error *error)
{
    bool found = false;
    TRY(state->store->ops->get(state->store, bytes_text(STATE_META_KEY), &state->meta_stored,
                               &found, error));
    if (found && state->meta_stored.size == 0) {
        return error_set(error, STATUS_FATAL,
                         "cannot open store: its meta is empty; move the directory away, it is "
                         "rebuilt from the changelog");
    }
    buffer_append(&state->meta, buffer_bytes(&state->meta_stored));
    return STATUS_OK;
}

enum status state_open(struct store *store, const struct state_limits *limits,
                       struct state **state_out, struct error *error)
{
    ASSERT(store != NULL);
    ASSERT(limits->checkpoint_ms >= 0);
    struct state *state = memory_get(sizeof(*state));
    *state = (struct state){
        .store = store,
        .limits = *limits,
        .rows_since_ms = TIME_NEVER_MS,
        .meta_since_ms = TIME_NEVER_MS,
        .frozen_since_ms = TIME_NEVER_MS,
    };
    row_map_init(&state->overlay, 0, &state->ordered);
    row_map_init(&state->pending, 1, &state->ordered);
    row_map_init(&state->frozen, 2, &state->ordered);
    row_map_init(&state->written, 3, NULL);
    row_map_init(&state->cache, 4, NULL);
    row_map_init(&state->sealed, 5, &state->ordered);
    const enum status status = read_meta(state, error);
    if (status != STATUS_OK) {
        state_close(state);
        return status;
    }
    *state_out = state;
    return STATUS_OK;
}

void state_limit(struct state *state, const struct state_limits *limits)
{
    state->limits = *limits;
}

void state_trim(struct state *state)
{
    if (!state->running) {
        state_retire(state, SIZE_MAX);
    }
    while (state->cache.bytes > state->limits.cache_bytes) {
        row_map_evict(&state->cache);
    }
    buffer_release(&state->scratch);
    if (!state->is_sealed) {
        free(state->dirty);
        state->dirty = NULL;
        state->dirty_capacity = 0;
    }
}

void state_forget_cache(struct state *state)
{
    row_map_clear(&state->cache);
}

void state_close(struct state *state)
{
    if (state == NULL) {
        return;
    }
    ASSERT(!state->running || state->is_written); /* else the writer is still at it */
    row_map_release(&state->overlay);
    row_map_release(&state->sealed);
    row_map_release(&state->pending);
    row_map_release(&state->frozen);
    row_map_release(&state->written);
    row_map_release(&state->cache);
    buffer_release(&state->scratch);
    buffer_release(&state->meta);
    buffer_release(&state->meta_frozen);
    buffer_release(&state->meta_stored);
    free(state->dirty);
    store_close(state->store);
    free(state);
}

enum status state_start_compaction(struct state *state, struct error *error)
{
    const struct store_ops *ops = state->store->ops;
    return ops->start_compaction != NULL ? ops->start_compaction(state->store, error) : STATUS_OK;
}

struct bytes state_stored_meta(const struct state *state)
{
    return state->meta_stored.size == 0 ? bytes_of(NULL, 0) : buffer_bytes(&state->meta_stored);
}

bool state_cache_put(struct state *state, struct held_row *row)
{
    const size_t size = held_bytes(row);
    if (size > state->limits.cache_bytes) {
        row_map_drop(&state->cache, held_key(row), row->hash);
        return false;
    }
    while (state->cache.bytes + size > state->limits.cache_bytes) {
        row_map_evict(&state->cache);
    }
    row_map_take(&state->cache, row);
    return true;
}

static enum status get_from_store(struct state *state, struct bytes key, uint64_t hash,
                                  struct bytes *value_out, struct error *error)
{
    bool found = false;
    buffer_clear(&state->scratch);
    const enum status status =
        state->store->ops->get(state->store, key, &state->scratch, &found, error);
    if (status != STATUS_OK && !PLANTED(STORE_ERROR_IGNORED)) {
        return status;
    }
    if (!found) {
        *value_out = bytes_of(NULL, 0);
        return STATUS_OK;
    }
    *value_out = buffer_bytes(&state->scratch);
    if (state->limits.cache_bytes > 0 && !state_is_scanned(state, key)) {
        struct held_row *row = held_new(key, hash, *value_out);
        if (!state_cache_put(state, row)) {
            free(row);
        }
    }
    return STATUS_OK;
}

enum status state_get(struct state *state, struct bytes key, struct bytes *value_out,
                      struct error *error)
{
    const uint64_t hash = hash64(key);
    const struct row_map *const layers[] = {&state->overlay, &state->sealed,  &state->pending,
                                            &state->frozen,  &state->written, &state->cache};
    row_map_ask(layers, COUNT_OF(layers), hash);
    struct held_row *row = NULL;
    for (size_t i = 0; i < COUNT_OF(layers) && row == NULL; i++) {
        row = row_map_find(layers[i], key, hash);
    }
    if (row == NULL) {
        return get_from_store(state, key, hash, value_out, error);
    }
    row->used = true; /* of a sealed or frozen row too: no other thread looks at it */
    *value_out = held_value(row);
    return STATUS_OK;
}

static void change(struct state *state, struct bytes key, struct bytes value)
{
    ASSERT(!is_meta(key));
    row_map_put(&state->overlay, key, hash64(key), value);
}

void state_put(struct state *state, struct bytes key, struct bytes value)
{
    ASSERT(value.data != NULL);
    change(state, key, value);
}

void state_remove(struct state *state, struct bytes key)
{
    change(state, key, bytes_of(NULL, 0));
}

static void seal(struct state *state)
{
    ASSERT(!state->is_sealed && state->sealed.count == 0);
    const struct row_map empty = state->sealed;
    state->sealed = state->overlay;
    state->overlay = empty;
    state->is_sealed = true;
}

size_t state_seal(struct state *state, const struct row **rows_out)
{
    seal(state);
    const size_t count = state->sealed.count;
    if (count > state->dirty_capacity || count < state->dirty_capacity / 16) {
        state->dirty_capacity = count;
        state->dirty = memory_resize(state->dirty, count * sizeof(*state->dirty));
    }
    row_sort(&state->sealed, state->dirty);
    *rows_out = state->dirty;
    return count;
}

size_t state_dirty_bytes(const struct state *state)
{
    return state->overlay.payload;
}

static void since(int64_t *since_ms, int64_t now_monotonic_ms)
{
    ASSERT(now_monotonic_ms < TIME_NEVER_MS);
    if (*since_ms == TIME_NEVER_MS) {
        *since_ms = now_monotonic_ms;
    }
}

void state_commit(struct state *state, struct bytes meta, int64_t now_monotonic_ms)
{
    ASSERT(meta.size > 0); /* an empty one could not be told from none */
    if (!state->is_sealed) {
        seal(state);
    }
    state->is_sealed = false;
    if (state->sealed.count > 0) {
        since(&state->rows_since_ms, now_monotonic_ms);
    }
    row_map_move(&state->sealed, &state->pending); /* an empty one gives slots back */
    state_retire(state, state->written_step);
    since(&state->meta_since_ms, now_monotonic_ms);
    buffer_clear(&state->meta);
    buffer_append(&state->meta, meta);
}

void state_abort(struct state *state)
{
    if (PLANTED(OVERLAY_KEPT)) {
        row_map_move(&state->overlay, &state->sealed);
        const struct row_map kept = state->sealed;
        state->sealed = state->overlay;
        state->overlay = kept;
    } else {
        row_map_clear(&state->overlay);
    }
    row_map_clear(&state->sealed);
    state->is_sealed = false;
}

size_t state_memory(const struct state *state)
{
    return sizeof(*state) + row_map_memory(&state->overlay) + row_map_memory(&state->sealed) +
           row_map_memory(&state->pending) + row_map_memory(&state->frozen) +
           row_map_memory(&state->written) + row_map_memory(&state->cache) + state->scratch.capacity + state->meta.capacity +
           state->meta_frozen.capacity + state->meta_stored.capacity +
           state->dirty_capacity * sizeof(*state->dirty);
}
