/* Rows held in memory: one allocation a row, found by hash, walked in key order where asked for.
 *
 * Private to the module. A map owns its rows; moving a row from one map to another moves the
 * pointer. Rows whose first key byte is in `ordered` are also kept in key order (row_order.h); the
 * others cost nothing for it. One thread, but finding and walking the slots is safe beside another
 * reader.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ROW_MAP_H
#define STORE_ROW_MAP_H

#include "base/bytes.h"
#include "store/row_order.h"

struct held_row {
    uint64_t hash; /* hash64 of the key */
    uint32_t key_size;
    uint32_t value_size;
    uint32_t capacity; /* the value may grow to this in place */
    bool removed;      /* a deletion: no value */
    bool used;         /* read since an eviction came by */
    uint8_t data[];    /* key, then value */
};

static inline struct bytes held_key(const struct held_row *row)
{
    return bytes_of(row->data, row->key_size);
}

/* data NULL if removed. */
static inline struct bytes held_value(const struct held_row *row)
{
    return row->removed ? bytes_of(NULL, 0) : bytes_of(row->data + row->key_size, row->value_size);
}

/* Copies both; value.data NULL: removed. */
struct held_row *held_new(struct bytes key, uint64_t hash, struct bytes value);
/* Bytes of memory of a row and of its place in a map. */
size_t held_bytes(const struct held_row *row);

/* The first key bytes whose rows are kept in order. */
struct first_bytes {
    bool has[256];
};

#define ROW_MAP_SPREADS 6

struct row_slot {
    uint64_t hash;
    struct held_row *row;
};

struct row_map {
    struct row_slot *slots; /* power of two, linear probing, row NULL: free */
    size_t slot_count;
    uint64_t spread; /* slot = upper bits of hash * spread */
    unsigned shift;  /* 64 - log2(slot_count) */
    size_t count;
    size_t bytes;   /* sum of held_bytes() */
    size_t payload; /* sum of key and value sizes */
    size_t hand;    /* slot at which the last eviction or pop began to look */
    struct row_order order;
    const struct first_bytes *ordered; /* NULL: none */
};

/* `number` < ROW_MAP_SPREADS. Maps between which rows are moved need different ones: rows that come
 * in the order of one map's slots would else pile up in one region of the other's, in runs of any
 * length. */
void row_map_init(struct row_map *map, size_t number, const struct first_bytes *ordered);
/* The places of a key in maps that are about to be searched come from memory all at once. */
void row_map_ask(const struct row_map *const *maps, size_t count, uint64_t hash);
struct held_row *row_map_find(const struct row_map *map, struct bytes key, uint64_t hash);
/* Owns `row` from now on; a row of the same key is freed. */
void row_map_take(struct row_map *map, struct held_row *row);
/* Copies key and value in, over the row of the same key; either may point into that row. */
void row_map_put(struct row_map *map, struct bytes key, uint64_t hash, struct bytes value);
/* No row is legal. */
void row_map_drop(struct row_map *map, struct bytes key, uint64_t hash);
/* Frees a row that was not used of late (second chance); the map is not empty. */
void row_map_evict(struct row_map *map);
/* Takes any row out, for its new owner; the map is not empty and keeps no order. */
struct held_row *row_map_pop(struct row_map *map);
/* Every row of `from` goes over its namesake in `to`; `from` is empty then. */
void row_map_move(struct row_map *from, struct row_map *to);
/* Puts the rows with this first byte in order; the caller has just added it to `ordered`. */
void row_map_order(struct row_map *map, uint8_t first);
void row_map_clear(struct row_map *map);
/* Also the memory of the map itself; it can be used again. */
void row_map_release(struct row_map *map);
size_t row_map_memory(const struct row_map *map);

#endif
