/* The rows of a task in key order: four ordered maps merged into the scan of the store.
 *
 * The store pushes its rows; before each the rows of the maps with smaller keys are visited, and a
 * row in a map hides the one of the same key below it. Maps are ordered only for first bytes of
 * keys that have been scanned: the rows of subjects, looked up by key alone, pay nothing.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "store/key_range.h"
#include "store/state_internal.h"

#define LAYERS 4

struct merge {
    const struct row_order *orders[LAYERS]; /* overlay, sealed, pending, frozen: the first hides the rest */
    struct row_cursor cursors[LAYERS];
    struct bytes prefix;
    size_t left; /* rows that may still be visited */
    store_visit *visit;
    void *context;
};

static void order_first(struct state *state, uint8_t first)
{
    if (!state->ordered.has[first]) {
        state->ordered.has[first] = true;
        row_map_order(&state->overlay, first);
        row_map_order(&state->sealed, first);
        row_map_order(&state->pending, first);
        row_map_order(&state->frozen, first);
    }
}

static const struct held_row *layer_row(const struct merge *merge, size_t layer)
{
    const struct held_row *row = row_order_at(merge->orders[layer], merge->cursors[layer]);
    return row != NULL && key_has_prefix(held_key(row), merge->prefix) ? row : NULL;
}

/* The smallest key of the maps, from the uppermost map that has it; NULL: none is left. */
static const struct held_row *merge_head(const struct merge *merge)
{
    const struct held_row *head = NULL;
    for (size_t i = 0; i < LAYERS; i++) {
        const struct held_row *row = layer_row(merge, i);
        if (row != NULL && (head == NULL || bytes_compare(held_key(row), held_key(head)) < 0)) {
            head = row;
        }
    }
    return head;
}

/* Every map goes past the key. */
static void merge_pass(struct merge *merge, struct bytes key)
{
    for (size_t i = 0; i < LAYERS; i++) {
        const struct held_row *row = layer_row(merge, i);
        if (row != NULL && bytes_equal(held_key(row), key)) {
            row_order_next(merge->orders[i], &merge->cursors[i]);
        }
    }
}

/* False: the scan is over. */
static bool visit_row(struct merge *merge, struct bytes key, struct bytes value)
{
    ASSERT(merge->left > 0);
    merge->left--;
    return merge->visit(merge->context, key, value) && merge->left > 0;
}

/* Takes the head of the maps; a removed row is passed over. False: the scan is over. */
static bool visit_head(struct merge *merge, const struct held_row *head)
{
    merge_pass(merge, held_key(head));
    return head->removed || visit_row(merge, held_key(head), held_value(head));
}

static bool on_store_row(void *context, struct bytes key, struct bytes value)
{
    struct merge *merge = context;
    const struct held_row *head = NULL;
    while ((head = merge_head(merge)) != NULL && bytes_compare(held_key(head), key) < 0) {
        if (!visit_head(merge, head)) {
            merge->left = 0;
            return false;
        }
    }
    bool goes_on = true;
    if (head != NULL && bytes_equal(held_key(head), key)) {
        goes_on = visit_head(merge, head);
    } else if (!bytes_is(key, STATE_META_KEY)) {
        goes_on = visit_row(merge, key, value);
    }
    merge->left = goes_on ? merge->left : 0;
    return goes_on;
}

enum status state_scan(struct state *state, struct bytes prefix, struct bytes from, size_t limit,
                       store_visit *visit, void *context, struct error *error)
{
    if (limit == 0) {
        return STATUS_OK;
    }
    const int first = prefix.size > 0 ? prefix.data[0] : 0;
    const int last = prefix.size > 0 ? prefix.data[0] : 255;
    for (int i = first; i <= last; i++) {
        order_first(state, (uint8_t)i);
    }
    struct merge merge = {
        .orders = {&state->overlay.order, &state->sealed.order, &state->pending.order,
                   &state->frozen.order},
        .prefix = prefix,
        .left = limit,
        .visit = visit,
        .context = context,
    };
    for (size_t i = 0; i < LAYERS; i++) {
        merge.cursors[i] = row_order_seek(merge.orders[i], key_range_start(prefix, from));
    }
    TRY(state->store->ops->scan(state->store, prefix, from, on_store_row, &merge, error));
    const struct held_row *head = NULL;
    while (merge.left > 0 && (head = merge_head(&merge)) != NULL) {
        if (!visit_head(&merge, head)) {
            break;
        }
    }
    return STATUS_OK;
}

enum status state_stored_rows(struct state *state, struct bytes prefix, struct bytes from,
                              store_visit *visit, void *context, struct error *error)
{
    ASSERT(prefix.size > 0); /* not the meta */
    return state->store->ops->scan(state->store, prefix, from, visit, context, error);
}
