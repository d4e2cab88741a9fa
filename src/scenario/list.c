/* A growing array.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"

#include <stdlib.h>

void *list_push(struct list *list, size_t item_size)
{
    ASSERT(item_size > 0);
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
        list->items = memory_resize(list->items, list->capacity * item_size);
    }
    uint8_t *item = (uint8_t *)list->items + list->count++ * item_size;
    memset(item, 0, item_size);
    return item;
}

void list_release(struct list *list)
{
    free(list->items);
    *list = (struct list){0};
}
