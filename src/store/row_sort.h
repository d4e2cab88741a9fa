/* The rows of a map in key order, for a changelog or a checkpoint.
 *
 * Private to the module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_ROW_SORT_H
#define STORE_ROW_SORT_H

#include "store/row_map.h"
#include "store/store.h"

/* Writes the map's `count` rows to `rows`; key and value are borrowed from the map. */
void row_sort(const struct row_map *map, struct row *rows);

#endif
