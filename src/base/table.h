/* An open-addressing hash table from byte keys to pointers. Keys and values are the caller's.
 *
 * One thread. Iteration order is that of insertion without removal in between; anything that must be
 * deterministic sorts first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/bytes.h"

struct table_entry {
    struct bytes key; /* borrowed: must live as long as the entry */
    uint64_t hash;
    void *value; /* never NULL for a live entry */
};

/* Zero-initialise. */
struct table {
    struct table_entry *entries; /* `count` live or removed (value NULL) entries, dense */
    uint32_t *slots;             /* power of two; 0 empty, else entry index + 1 */
    size_t count;                /* entries in use, removed ones included */
    size_t live;                 /* entries that hold a value */
    size_t slot_count;
    size_t capacity;
};

void table_release(struct table *table);
/* Forgets all entries, keeps the memory. */
void table_clear(struct table *table);

/* NULL if absent. The `_hashed` forms take hash64(key) where the caller has it. */
void *table_find(const struct table *table, struct bytes key);
void *table_find_hashed(const struct table *table, struct bytes key, uint64_t hash);

/* The key must be absent; `value` is not NULL. */
void table_add(struct table *table, struct bytes key, void *value);
void table_add_hashed(struct table *table, struct bytes key, uint64_t hash, void *value);

/* Returns the value that was there, or NULL. */
void *table_remove(struct table *table, struct bytes key);

#endif
