/* Rows in key order: an array of chunks, each a sorted array of borrowed row pointers.
 *
 * Private to the module. An insertion finds chunk and place by two binary searches and moves at
 * most a chunk; a walk is as fast as an array. Zero-initialise. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ROW_ORDER_H
#define STORE_ROW_ORDER_H

#include "base/bytes.h"

struct held_row;
struct row_chunk;

struct row_order {
    struct row_chunk **chunks; /* none is empty */
    size_t count;
    size_t capacity;
};

/* Takes the place of a row of the same key. */
void row_order_put(struct row_order *order, struct held_row *row);
/* No such row is legal. */
void row_order_remove(struct row_order *order, struct bytes key);
void row_order_release(struct row_order *order);
size_t row_order_memory(const struct row_order *order);

/* A place in the order, valid until it changes. */
struct row_cursor {
    size_t chunk;
    size_t index;
};

/* At the first row with a key not below this one. */
struct row_cursor row_order_seek(const struct row_order *order, struct bytes key);
/* NULL at the end. */
struct held_row *row_order_at(const struct row_order *order, struct row_cursor cursor);
void row_order_next(const struct row_order *order, struct row_cursor *cursor);

#endif
