/* Quicksort on seven bytes of the key at a time.
 *
 * Keys share long prefixes ("USER:"), so comparing whole keys through two pointers would cost more
 * than the checkpoint they are sorted for. The next seven bytes and how many of them there are lie
 * beside each pointer as one number; rows equal in it are sorted by the seven after those.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/row_sort.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <stdlib.h>

#define STEP 7
#define SMALL 12
/* Rows lie anywhere in memory: each is asked for this many turns before its own. */
#define AHEAD 8

struct item {
    uint64_t part; /* key bytes [depth, depth + 7), then their number; 8 if the key goes on */
    const struct held_row *row;
};

static uint64_t part_at(const struct held_row *row, size_t depth)
{
    const size_t left = row->key_size - depth;
    const size_t size = left < STEP ? left : STEP;
    uint64_t part = 0;
    for (size_t i = 0; i < size; i++) {
        part |= (uint64_t)row->data[depth + i] << (56 - 8 * i);
    }
    return part | (left > STEP ? STEP + 1 : left);
}

static bool goes_on(const struct item *item)
{
    return (item->part & 0xff) == STEP + 1;
}

static void swap(struct item *left, struct item *right)
{
    const struct item kept = *left;
    *left = *right;
    *right = kept;
}

static bool is_below(const struct item *left, const struct item *right, size_t depth)
{
    if (left->part != right->part) {
        return left->part < right->part;
    }
    if (!goes_on(left)) {
        return false; /* the same key twice: a map has none */
    }
    const size_t from = depth + STEP;
    return bytes_compare(bytes_of(left->row->data + from, left->row->key_size - from),
                         bytes_of(right->row->data + from, right->row->key_size - from)) < 0;
}

static void sort_small(struct item *items, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && is_below(&items[j], &items[j - 1], depth); j--) {
            swap(&items[j], &items[j - 1]);
        }
    }
}

/* The middle one of three at places that no order of insertion favours. */
static uint64_t pivot_of(const struct item *items, size_t count)
{
    const size_t step = count * 2654435761u % count;
    const uint64_t a = items[step].part;
    const uint64_t b = items[count / 2].part;
    const uint64_t c = items[count - 1].part;
    return a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
}

/* Recursion: into the two smaller of three pieces by value, the largest goes round the loop; by
 * depth, once every seven bytes of key. */
static void sort_items(struct item *items, size_t count, size_t depth);

static void sort_equal(struct item *items, size_t count, size_t depth)
{
    if (count > 1 && goes_on(&items[0])) {
        for (size_t i = 0; i < count; i++) {
            items[i].part = part_at(items[i].row, depth + STEP);
        }
        sort_items(items, count, depth + STEP);
    }
}

static void sort_items(struct item *items, size_t count, size_t depth)
{
    while (count > SMALL) {
        const uint64_t pivot = pivot_of(items, count);
        size_t below = 0;
        size_t above = count;
        for (size_t i = 0; i < above;) {
            if (items[i].part < pivot) {
                swap(&items[i++], &items[below++]);
            } else if (items[i].part > pivot) {
                swap(&items[i], &items[--above]);
            } else {
                i++;
            }
        }
        sort_equal(items + below, above - below, depth);
        if (below < count - above) {
            sort_items(items, below, depth);
            items += above;
            count -= above;
        } else {
            sort_items(items + above, count - above, depth);
            count = below;
        }
    }
    sort_small(items, count, depth);
}

void row_sort(const struct row_map *map, struct row *rows)
{
    struct item *items = memory_get(map->count * sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; count < map->count; i++) {
        const struct held_row *row = map->slots[i].row;
        const struct held_row *ahead = map->slots[(i + AHEAD) & (map->slot_count - 1)].row;
        if (ahead != NULL) {
            __builtin_prefetch(ahead->data);
        }
        if (row != NULL) {
            items[count++] = (struct item){.part = part_at(row, 0), .row = row};
        }
    }
    sort_items(items, count, 0);
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(items[i + AHEAD < count ? i + AHEAD : i].row);
        rows[i] = (struct row){.key = held_key(items[i].row), .value = held_value(items[i].row)};
        ASSERT(IMPLIES(i > 0, bytes_compare(rows[i - 1].key, rows[i].key) < 0));
    }
    free(items);
}
