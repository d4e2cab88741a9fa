/* Checkpoints of a task: pending rows and meta, frozen, written, kept as cached rows.
 *
 * Between begin and end the frozen map is only read, by the task's thread and by the writer's; the
 * writer reads meta_frozen and writes result and error, nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "store/row_sort.h"
#include "store/state_internal.h"

#include <stdlib.h>

/* Commits without a row (a tick, an idle task) leave only a newer meta. A crash before it is stored
 * costs nothing but the look at an empty piece of changelog, so it may wait so many times longer.
 */
#define META_AGE_FACTOR 30

/* Rows that leave the last checkpoint with a commit: at least so many, and at most so many commits.
 */
#define RETIRE_MIN 4096
#define RETIRE_PARTS 16

static bool is_old(int64_t since_ms, int64_t now_ms, int64_t age_ms)
{
    return since_ms != TIME_NEVER_MS && now_ms - since_ms >= age_ms;
}

bool state_checkpoint_due(const struct state *state, int64_t now_monotonic_ms)
{
    if (state->running || state->meta.size == 0) {
        return false;
    }
    const int64_t age_ms = state->limits.checkpoint_ms;
    return (state->pending.count > 0 && state->pending.bytes >= state->limits.checkpoint_bytes) ||
           is_old(state->rows_since_ms, now_monotonic_ms, age_ms) ||
           is_old(state->meta_since_ms, now_monotonic_ms, age_ms * META_AGE_FACTOR);
}

bool state_checkpoint_running(const struct state *state)
{
    return state->running;
}

void state_checkpoint_begin(struct state *state)
{
    ASSERT(!state->running);
    state_retire(state, SIZE_MAX); /* what was not yet done */
    state->running = true;
    state->is_written = false;
    state->result = STATUS_OK;
    /* What a failed checkpoint left is older than what is pending, so pending goes over it. */
    if (PLANTED(OVERLAY_SPILLED)) {
        row_map_move(&state->overlay, &state->pending);
    }
    if (state->frozen.count == 0) {
        const struct row_map empty = state->frozen;
        state->frozen = state->pending;
        state->pending = empty;
    } else {
        row_map_move(&state->pending, &state->frozen);
    }
    ASSERT(IMPLIES(state->frozen.count > 0, state->meta.size > 0)); /* a commit comes first */
    buffer_clear(&state->meta_frozen);
    if (state->frozen.count > 0 || state->meta_since_ms != TIME_NEVER_MS) {
        buffer_append(&state->meta_frozen, buffer_bytes(&state->meta));
    }
    state->frozen_since_ms = state->rows_since_ms;
    state->rows_since_ms = TIME_NEVER_MS;
    state->meta_since_ms = TIME_NEVER_MS;
}

/* Moves the rows above `meta` up by one and puts it in its place. */
static void insert_meta(struct row *rows, size_t count, struct bytes meta)
{
    const struct bytes key = bytes_text(STATE_META_KEY);
    size_t place = count;
    while (place > 0 && bytes_compare(rows[place - 1].key, key) > 0) {
        rows[place] = rows[place - 1];
        place--;
    }
    ASSERT(place == 0 || bytes_compare(rows[place - 1].key, key) < 0);
    rows[place] = (struct row){.key = key, .value = meta};
}

void state_checkpoint_write(struct state *state)
{
    ASSERT(state->running && !state->is_written);
    if (state->meta_frozen.size > 0) {
        const size_t count = state->frozen.count;
        struct row *rows = memory_get((count + 1) * sizeof(*rows));
        row_sort(&state->frozen, rows);
        insert_meta(rows, count, buffer_bytes(&state->meta_frozen));
        if (PLANTED(META_FIRST)) {
            const struct row meta = {.key = bytes_text(STATE_META_KEY),
                                     .value = buffer_bytes(&state->meta_frozen)};
            state->result =
                state->store->ops->checkpoint(state->store, &meta, 1, &state->error);
        }
        state->result = state->store->ops->checkpoint(state->store, rows, count + 1, &state->error);
        free(rows);
    }
    state->is_written = true;
}

void state_retire(struct state *state, size_t count)
{
    struct row_map *written = &state->written;
    for (; count > 0 && written->count > 0; count--) {
        struct held_row *row = row_map_pop(written);
        if (row->removed || state_is_scanned(state, held_key(row))) {
            row_map_drop(&state->cache, held_key(row), row->hash);
            free(row);
        } else if (!state_cache_put(state, row)) {
            free(row);
        }
    }
    if (written->count == 0) {
        row_map_release(written);
    }
}

/* What was written is what the store now has. The rows go to the cache, or are freed, a piece with
 * each commit: a million at once would hold up the task for half a second. */
static void keep_written(struct state *state)
{
    ASSERT(state->written.count == 0);
    const struct row_map empty = state->written;
    state->written = state->frozen;
    state->written.ordered = NULL;
    row_order_release(&state->written.order);
    state->frozen = empty;
    state->frozen.ordered = &state->ordered;
    const size_t step = state->written.count / RETIRE_PARTS;
    state->written_step = step > RETIRE_MIN ? step : RETIRE_MIN;
}

enum status state_checkpoint_end(struct state *state, struct error *error)
{
    ASSERT(state->running && state->is_written);
    state->running = false;
    if (state->result != STATUS_OK && !PLANTED(CHECKPOINT_ERROR_IGNORED)) {
        /* Due again at once; it is for the caller to stop instead. */
        state->rows_since_ms = state->frozen_since_ms;
        state->meta_since_ms = 0;
        return error_set(error, state->result, "%s", state->error.text);
    }
    if (state->meta_frozen.size > 0) {
        buffer_clear(&state->meta_stored);
        buffer_append(&state->meta_stored, buffer_bytes(&state->meta_frozen));
    }
    keep_written(state);
    return STATUS_OK;
}

enum status state_checkpoint(struct state *state, struct error *error)
{
    state_checkpoint_begin(state);
    state_checkpoint_write(state);
    return state_checkpoint_end(state, error);
}
