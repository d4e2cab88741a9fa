/* Dense entries, an index of slots beside them (linear probing), rebuilt when it is three quarters full.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include "base/assert.h"
#include "base/buffer.h"
#include "base/digest.h"

#include <stdlib.h>

void table_release(struct table *table)
{
    free(table->entries);
    free(table->slots);
    *table = (struct table){0};
}

void table_clear(struct table *table)
{
    if (table->count > 0) {
        memset(table->slots, 0, table->slot_count * sizeof(*table->slots));
    }
    table->count = 0;
    table->live = 0;
}

static void slot_fill(struct table *table, size_t index)
{
    const size_t mask = table->slot_count - 1;
    size_t slot = table->entries[index].hash & mask;
    while (table->slots[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    table->slots[slot] = (uint32_t)index + 1;
}

/* Drops removed entries and rebuilds the slots for at least `live` + 1 entries. */
static void rebuild(struct table *table)
{
    size_t kept = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (table->entries[i].value != NULL) {
            table->entries[kept++] = table->entries[i];
        }
    }
    ASSERT(kept == table->live);
    table->count = kept;
    size_t slots = 16;
    while (slots * 3 / 8 < kept + 1) {
        slots *= 2;
    }
    ASSERT(slots < UINT32_MAX);
    if (slots != table->slot_count) {
        free(table->slots);
        table->slots = memory_get(slots * sizeof(*table->slots));
        table->slot_count = slots;
        table->capacity = slots * 3 / 4;
        table->entries =
            memory_resize(table->entries, table->capacity * sizeof(*table->entries));
    }
    memset(table->slots, 0, slots * sizeof(*table->slots));
    for (size_t i = 0; i < kept; i++) {
        slot_fill(table, i);
    }
}

static struct table_entry *entry_find(const struct table *table, struct bytes key, uint64_t hash)
{
    if (table->count == 0) {
        return NULL;
    }
    const size_t mask = table->slot_count - 1;
    for (size_t slot = hash & mask; table->slots[slot] != 0; slot = (slot + 1) & mask) {
        struct table_entry *entry = &table->entries[table->slots[slot] - 1];
        if (entry->hash == hash && entry->value != NULL && bytes_equal(entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

void *table_find_hashed(const struct table *table, struct bytes key, uint64_t hash)
{
    const struct table_entry *entry = entry_find(table, key, hash);
    return entry == NULL ? NULL : entry->value;
}

void *table_find(const struct table *table, struct bytes key)
{
    return table->count == 0 ? NULL : table_find_hashed(table, key, hash64(key));
}

void table_add_hashed(struct table *table, struct bytes key, uint64_t hash, void *value)
{
    ASSERT(value != NULL);
    if (table->count == table->capacity) {
        rebuild(table);
    }
    table->entries[table->count] = (struct table_entry){.key = key, .hash = hash, .value = value};
    slot_fill(table, table->count);
    table->count++;
    table->live++;
}

void table_add(struct table *table, struct bytes key, void *value)
{
    table_add_hashed(table, key, hash64(key), value);
}

void *table_remove(struct table *table, struct bytes key)
{
    if (table->count == 0) {
        return NULL;
    }
    struct table_entry *entry = entry_find(table, key, hash64(key));
    if (entry == NULL) {
        return NULL;
    }
    void *value = entry->value;
    entry->value = NULL; /* its slot stays as a tombstone until the next rebuild */
    table->live--;
    return value;
}
