/* Memory of one batch: taken in pieces, given back all at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena_block;

/* Zero-initialise. One thread. */
struct arena {
    struct arena_block *first;   /* oldest block */
    struct arena_block *current; /* where the next piece comes from */
    size_t used;                 /* bytes handed out since the last clear */
};

/* Aligned to 16 bytes; never NULL. */
void *arena_get(struct arena *arena, size_t size);
struct bytes arena_copy(struct arena *arena, struct bytes value);

/* Forgets every piece; keeps the blocks for the next batch. */
void arena_clear(struct arena *arena);
void arena_release(struct arena *arena);

#endif
