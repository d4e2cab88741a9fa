/* Blocks in a list, the newest bump pointer in `current`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "base/buffer.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK_SIZE ((size_t)256 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size;
    size_t used;
    alignas(16) uint8_t data[];
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = memory_get(sizeof(*block) + size);
    *block = (struct arena_block){.size = size};
    return block;
}

/* The next kept block that is large enough, or a new one behind the current. */
static struct arena_block *block_next(struct arena *arena, size_t size)
{
    struct arena_block *next = arena->current == NULL ? arena->first : arena->current->next;
    if (next == NULL || next->size < size) {
        struct arena_block *block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        block->next = next;
        if (arena->current == NULL) {
            arena->first = block;
        } else {
            arena->current->next = block;
        }
        next = block;
    }
    next->used = 0;
    arena->current = next;
    return next;
}

void *arena_get(struct arena *arena, size_t size)
{
    const size_t rounded = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->current;
    if (block == NULL || block->size - block->used < rounded) {
        block = block_next(arena, rounded);
    }
    void *piece = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    return piece;
}

struct bytes arena_copy(struct arena *arena, struct bytes value)
{
    uint8_t *copy = arena_get(arena, value.size);
    if (value.size > 0) {
        memcpy(copy, value.data, value.size);
    }
    return bytes_of(copy, value.size);
}

void arena_clear(struct arena *arena)
{
    arena->current = NULL;
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}
