/* Chunks of a fixed number of rows; a full one splits in two, an empty one is freed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/row_order.h"

#include "base/assert.h"
#include "base/buffer.h"
#include "store/row_map.h"

#include <stdlib.h>

#define CHUNK_ROWS 256

struct row_chunk {
    size_t count;
    struct held_row *rows[CHUNK_ROWS];
};

/* The last chunk that starts at or below the key, or the first. */
static size_t chunk_of(const struct row_order *order, struct bytes key)
{
    size_t low = 0;
    size_t high = order->count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (bytes_compare(held_key(order->chunks[middle]->rows[0]), key) <= 0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The first place in the chunk with a key not below this one. */
static size_t place_of(const struct row_chunk *chunk, struct bytes key)
{
    size_t low = 0;
    size_t high = chunk->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (bytes_compare(held_key(chunk->rows[middle]), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct row_chunk *chunk_add(struct row_order *order, size_t place)
{
    if (order->count == order->capacity) {
        order->capacity = order->capacity == 0 ? 8 : order->capacity * 2;
        order->chunks = memory_resize(order->chunks, order->capacity * sizeof(struct row_chunk *));
    }
    struct row_chunk *chunk = memory_get(sizeof(*chunk));
    chunk->count = 0;
    memmove(order->chunks + place + 1, order->chunks + place,
            (order->count - place) * sizeof(struct row_chunk *));
    order->chunks[place] = chunk;
    order->count++;
    return chunk;
}

/* Moves the upper half of the chunk into a new one behind it. Rows that come in ascending order
 * leave full chunks behind: at the very end the new chunk starts empty of old rows but the last. */
static void chunk_split(struct row_order *order, size_t at, size_t place)
{
    struct row_chunk *chunk = order->chunks[at];
    const bool appending = at + 1 == order->count && place == CHUNK_ROWS;
    const size_t keep = appending ? CHUNK_ROWS - 1 : CHUNK_ROWS / 2;
    struct row_chunk *upper = chunk_add(order, at + 1);
    upper->count = chunk->count - keep;
    memcpy(upper->rows, chunk->rows + keep, upper->count * sizeof(struct held_row *));
    chunk->count = keep;
}

void row_order_put(struct row_order *order, struct held_row *row)
{
    if (order->count == 0) {
        chunk_add(order, 0);
    }
    const struct bytes key = held_key(row);
    size_t at = chunk_of(order, key);
    struct row_chunk *chunk = order->chunks[at];
    size_t place = place_of(chunk, key);
    if (place < chunk->count && bytes_equal(held_key(chunk->rows[place]), key)) {
        chunk->rows[place] = row;
        return;
    }
    if (chunk->count == CHUNK_ROWS) {
        chunk_split(order, at, place);
        at += place >= chunk->count ? 1 : 0;
        place -= place >= chunk->count ? chunk->count : 0;
        chunk = order->chunks[at];
    }
    memmove(chunk->rows + place + 1, chunk->rows + place,
            (chunk->count - place) * sizeof(struct held_row *));
    chunk->rows[place] = row;
    chunk->count++;
}

void row_order_remove(struct row_order *order, struct bytes key)
{
    if (order->count == 0) {
        return;
    }
    const size_t at = chunk_of(order, key);
    struct row_chunk *chunk = order->chunks[at];
    const size_t place = place_of(chunk, key);
    if (place == chunk->count || !bytes_equal(held_key(chunk->rows[place]), key)) {
        return;
    }
    chunk->count--;
    memmove(chunk->rows + place, chunk->rows + place + 1,
            (chunk->count - place) * sizeof(struct held_row *));
    if (chunk->count == 0) {
        free(chunk);
        order->count--;
        memmove(order->chunks + at, order->chunks + at + 1,
                (order->count - at) * sizeof(struct row_chunk *));
    }
}

void row_order_release(struct row_order *order)
{
    for (size_t i = 0; i < order->count; i++) {
        free(order->chunks[i]);
    }
    free(order->chunks);
    *order = (struct row_order){0};
}

size_t row_order_memory(const struct row_order *order)
{
    return order->count * sizeof(struct row_chunk) + order->capacity * sizeof(struct row_chunk *);
}

struct row_cursor row_order_seek(const struct row_order *order, struct bytes key)
{
    if (order->count == 0) {
        return (struct row_cursor){0};
    }
    struct row_cursor cursor = {.chunk = chunk_of(order, key)};
    cursor.index = place_of(order->chunks[cursor.chunk], key);
    if (cursor.index == order->chunks[cursor.chunk]->count) {
        cursor = (struct row_cursor){.chunk = cursor.chunk + 1};
    }
    return cursor;
}

struct held_row *row_order_at(const struct row_order *order, struct row_cursor cursor)
{
    return cursor.chunk < order->count ? order->chunks[cursor.chunk]->rows[cursor.index] : NULL;
}

void row_order_next(const struct row_order *order, struct row_cursor *cursor)
{
    ASSERT(cursor->chunk < order->count);
    cursor->index++;
    if (cursor->index == order->chunks[cursor->chunk]->count) {
        *cursor = (struct row_cursor){.chunk = cursor->chunk + 1};
    }
}
