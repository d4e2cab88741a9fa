/* Rows that come from a changelog: straight to pending, and looked through once before they are written.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "store/state_internal.h"

void state_restore(struct state *state, struct bytes key, struct bytes value,
                   int64_t now_monotonic_ms)
{
    ASSERT(!bytes_is(key, STATE_META_KEY));
    if (state->rows_since_ms == TIME_NEVER_MS) {
        state->rows_since_ms = now_monotonic_ms;
    }
    row_map_put(&state->pending, key, hash64(key), value);
}

size_t state_pending_bytes(const struct state *state)
{
    return state->pending.bytes;
}

/* The row as it was before all that is pending. It is not kept: the pending one hides it. */
static enum status get_below(struct state *state, const struct held_row *above,
                             struct bytes *value_out, struct error *error)
{
    const struct bytes key = held_key(above);
    const struct held_row *row = row_map_find(&state->frozen, key, above->hash);
    if (row == NULL) {
        row = row_map_find(&state->written, key, above->hash);
    }
    if (row == NULL) {
        row = row_map_find(&state->cache, key, above->hash);
    }
    if (row != NULL) {
        *value_out = held_value(row);
        return STATUS_OK;
    }
    bool found = false;
    buffer_clear(&state->scratch);
    if (state->meta_stored.size > 0) { /* else the store is empty */
        TRY(state->store->ops->get(state->store, key, &state->scratch, &found, error));
    }
    *value_out = found ? buffer_bytes(&state->scratch) : bytes_of(NULL, 0);
    return STATUS_OK;
}

enum status state_restored(struct state *state, char first, size_t *place, size_t slots,
                           state_change *change, void *context, bool *end_out,
                           struct error *error)
{
    const struct row_map *pending = &state->pending;
    for (; slots > 0 && *place < pending->slot_count; slots--, (*place)++) {
        const struct held_row *row = pending->slots[*place].row;
        if (row == NULL || row->data[0] != (uint8_t)first) {
            continue;
        }
        struct bytes before = {0};
        TRY(get_below(state, row, &before, error));
        TRY(change(context, held_key(row), before, held_value(row), error));
    }
    *end_out = *place >= pending->slot_count;
    return STATUS_OK;
}
