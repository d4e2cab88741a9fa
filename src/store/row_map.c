/* Open addressing with linear probing; a removal moves the run behind it up, so there are no marks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "store/row_map.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <stdlib.h>

#define SLOTS_MIN 64
/* What malloc and the slots take beside the row. */
#define ROW_OVERHEAD (16 + 2 * sizeof(struct row_slot))

void row_map_init(struct row_map *map, size_t number, const struct first_bytes *ordered)
{
    /* Odd and without pattern. */
    static const uint64_t spreads[] = {
        UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd1342543de82ef95), UINT64_C(0xaf251af3b0f025b5),
        UINT64_C(0xb564ef22ec7aece5), UINT64_C(0xc2b2ae3d27d4eb4f), UINT64_C(0x8cb92ba72f3d8dd7),
    };
    _Static_assert(COUNT_OF(spreads) == ROW_MAP_SPREADS, "one number a map of a state");
    ASSERT(number < COUNT_OF(spreads));
    *map = (struct row_map){.spread = spreads[number], .ordered = ordered};
}

struct held_row *held_new(struct bytes key, uint64_t hash, struct bytes value)
{
    ASSERT(key.size > 0 && key.size < UINT32_MAX / 2);
    ASSERT(value.size < UINT32_MAX / 2);
    const size_t needed = sizeof(struct held_row) + key.size + value.size;
    const size_t size = (needed + 15) & ~(size_t)15;
    struct held_row *row = memory_get(size);
    *row = (struct held_row){
        .hash = hash,
        .key_size = (uint32_t)key.size,
        .value_size = (uint32_t)value.size,
        .capacity = (uint32_t)(size - sizeof(struct held_row) - key.size),
        .removed = value.data == NULL,
    };
    memcpy(row->data, key.data, key.size);
    if (value.size > 0) {
        memcpy(row->data + key.size, value.data, value.size);
    }
    return row;
}

size_t held_bytes(const struct held_row *row)
{
    return sizeof(*row) + row->key_size + row->capacity + ROW_OVERHEAD;
}

static size_t payload(const struct held_row *row)
{
    return (size_t)row->key_size + row->value_size;
}

static bool is_ordered(const struct row_map *map, const struct held_row *row)
{
    return map->ordered != NULL && map->ordered->has[row->data[0]];
}

static size_t home_of(const struct row_map *map, uint64_t hash)
{
    return (size_t)(hash * map->spread >> map->shift);
}

/* Rows lie anywhere: whoever goes through many of them asks for each this many places before its turn. */
enum { AHEAD = 8 };

static void ask_for_slot(const struct row_map *map, uint64_t hash)
{
    if (map->count > 0) {
        __builtin_prefetch(&map->slots[home_of(map, hash)]);
    }
}

void row_map_ask(const struct row_map *const *maps, size_t count, uint64_t hash)
{
    for (size_t i = 0; i < count; i++) {
        ask_for_slot(maps[i], hash);
    }
}

/* The slot of the key, or the free slot where it would go. */
static size_t slot_of(const struct row_map *map, struct bytes key, uint64_t hash)
{
    const size_t mask = map->slot_count - 1;
    size_t slot = home_of(map, hash);
    while (map->slots[slot].row != NULL &&
           (map->slots[slot].hash != hash || !bytes_equal(held_key(map->slots[slot].row), key))) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

struct held_row *row_map_find(const struct row_map *map, struct bytes key, uint64_t hash)
{
    return map->count == 0 ? NULL : map->slots[slot_of(map, key, hash)].row;
}

static void resize(struct row_map *map, size_t slot_count)
{
    ASSERT(map->spread != 0); /* row_map_init() came first */
    struct row_slot *old = map->slots;
    const size_t old_count = map->slot_count;
    map->slots = memory_get(slot_count * sizeof(*map->slots));
    memset(map->slots, 0, slot_count * sizeof(*map->slots));
    map->slot_count = slot_count;
    map->shift = 64 - (unsigned)__builtin_ctzll(slot_count);
    map->hand = 0;
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].row != NULL) {
            size_t slot = home_of(map, old[i].hash);
            while (map->slots[slot].row != NULL) {
                slot = (slot + 1) & (slot_count - 1);
            }
            map->slots[slot] = old[i];
        }
    }
    free(old);
}

static void count_in(struct row_map *map, const struct held_row *row)
{
    map->count++;
    map->bytes += held_bytes(row);
    map->payload += payload(row);
}

static void count_out(struct row_map *map, const struct held_row *row)
{
    ASSERT(map->count > 0);
    map->count--;
    map->bytes -= held_bytes(row);
    map->payload -= payload(row);
}

void row_map_take(struct row_map *map, struct held_row *row)
{
    if ((map->count + 1) * 4 > map->slot_count * 3) {
        resize(map, map->slot_count == 0 ? SLOTS_MIN : map->slot_count * 2);
    }
    const size_t slot = slot_of(map, held_key(row), row->hash);
    struct held_row *old = map->slots[slot].row;
    ASSERT(old != row);
    map->slots[slot] = (struct row_slot){.hash = row->hash, .row = row};
    if (is_ordered(map, row)) {
        row_order_put(&map->order, row);
    }
    if (old != NULL) {
        count_out(map, old);
        free(old);
    }
    count_in(map, row);
}

void row_map_put(struct row_map *map, struct bytes key, uint64_t hash, struct bytes value)
{
    struct held_row *row = row_map_find(map, key, hash);
    if (row == NULL || row->capacity < value.size) {
        row_map_take(map, held_new(key, hash, value));
        return;
    }
    map->payload -= payload(row);
    if (value.size > 0) {
        memmove(row->data + row->key_size, value.data, value.size);
    }
    row->value_size = (uint32_t)value.size;
    row->removed = value.data == NULL;
    map->payload += payload(row);
}

/* Empties the slot and closes the gap: a row further on moves up unless that is before its home. */
static void slot_clear(struct row_map *map, size_t slot)
{
    const size_t mask = map->slot_count - 1;
    size_t next = slot;
    for (;;) {
        next = (next + 1) & mask;
        if (map->slots[next].row == NULL) {
            break;
        }
        const size_t home = home_of(map, map->slots[next].hash);
        if (((next - home) & mask) >= ((next - slot) & mask)) {
            map->slots[slot] = map->slots[next];
            slot = next;
        }
    }
    map->slots[slot] = (struct row_slot){0};
}

static void slot_free(struct row_map *map, size_t slot)
{
    struct held_row *row = map->slots[slot].row;
    if (is_ordered(map, row)) {
        row_order_remove(&map->order, held_key(row));
    }
    count_out(map, row);
    slot_clear(map, slot);
    free(row);
}

void row_map_drop(struct row_map *map, struct bytes key, uint64_t hash)
{
    if (map->count > 0) {
        const size_t slot = slot_of(map, key, hash);
        if (map->slots[slot].row != NULL) {
            slot_free(map, slot);
        }
    }
}

/* A hand that swept the slots in order would leave none behind and twice the rows ahead of it, in
 * runs of any length; so it jumps, and comes by every slot once a round all the same. */
static size_t hand_next(struct row_map *map)
{
    const uint64_t multiplier = UINT64_C(0x5851f42d4c957f2d); /* 1 modulo 4: the full period */
    map->hand = (size_t)(map->hand * multiplier + 1) & (map->slot_count - 1);
    return map->hand;
}

void row_map_evict(struct row_map *map)
{
    ASSERT(map->count > 0);
    for (size_t slot = hand_next(map);; slot = (slot + 1) & (map->slot_count - 1)) {
        struct held_row *row = map->slots[slot].row;
        if (row != NULL && !row->used) {
            slot_free(map, slot);
            return;
        }
        if (row != NULL) {
            row->used = false;
        }
    }
}

/* In the order of the slots: what a gap pulls up lies ahead of the hand, so one round finds all. */
struct held_row *row_map_pop(struct row_map *map)
{
    ASSERT(map->count > 0 && map->ordered == NULL);
    while (map->slots[map->hand].row == NULL) {
        map->hand = (map->hand + 1) & (map->slot_count - 1);
    }
    struct held_row *row = map->slots[map->hand].row;
    count_out(map, row);
    slot_clear(map, map->hand);
    return row;
}

/* Slots far too many for what was in them are given back, or every later clearing would pay for one
 * large batch. */
static void forget(struct row_map *map)
{
    if (map->slot_count > SLOTS_MIN * 16 && map->count < map->slot_count / 16) {
        free(map->slots);
        map->slots = NULL;
        map->slot_count = 0;
    } else if (map->count > 0) {
        memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
    }
    row_order_release(&map->order);
    map->count = 0;
    map->bytes = 0;
    map->payload = 0;
    map->hand = 0;
}

void row_map_move(struct row_map *from, struct row_map *to)
{
    ASSERT(from != to);
    size_t moved = 0;
    for (size_t i = 0; moved < from->count; i++) {
        const struct row_slot *ahead = &from->slots[(i + AHEAD) & (from->slot_count - 1)];
        if (ahead->row != NULL) {
            __builtin_prefetch(ahead->row);
            ask_for_slot(to, ahead->hash);
        }
        if (from->slots[i].row != NULL) {
            row_map_take(to, from->slots[i].row);
            moved++;
        }
    }
    forget(from);
}

void row_map_order(struct row_map *map, uint8_t first)
{
    ASSERT(map->ordered != NULL && map->ordered->has[first]);
    size_t seen = 0;
    for (size_t i = 0; seen < map->count; i++) {
        struct held_row *row = map->slots[i].row;
        if (row != NULL) {
            seen++;
            if (row->data[0] == first) {
                row_order_put(&map->order, row);
            }
        }
    }
}

void row_map_clear(struct row_map *map)
{
    size_t freed = 0;
    for (size_t i = 0; freed < map->count; i++) {
        if (map->slots[i].row != NULL) {
            free(map->slots[i].row);
            freed++;
        }
    }
    forget(map);
}

void row_map_release(struct row_map *map)
{
    row_map_clear(map);
    free(map->slots);
    map->slots = NULL;
    map->slot_count = 0;
}

size_t row_map_memory(const struct row_map *map)
{
    /* ROW_OVERHEAD already holds two slots a row. */
    const size_t slots = map->slot_count * sizeof(*map->slots);
    const size_t counted = map->count * 2 * sizeof(*map->slots);
    return map->bytes + (slots > counted ? slots - counted : 0) + row_order_memory(&map->order);
}
