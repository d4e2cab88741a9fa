/* The defaults of a record's fields, found in the text of its own schema without parsing it.
 *
 * A line that leaves fields out needs their defaults, and parsing the schema for each line would
 * cost many times the line. The text is ours and valid (the codec has parsed it), so a walk over it
 * will do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_FALLBACK_H
#define SCHEMA_FALLBACK_H

#include "base/bytes.h"

/* A walk over the fields of one record, in schema order. */
struct fallback_walk {
    const char *field; /* the field at hand in the text */
    uint32_t index;
};

/* Starts at the first field of the record of that name, which is `schema` itself or defined in it.
 * False: there is no such record, or it has no field. */
bool fallback_start(const char *schema, const char *record, struct fallback_walk *walk_out);

/* The JSON text of the default of the field with this index, not before the walk's; absent if it
 * has none. */
struct bytes fallback_find(struct fallback_walk *walk, uint32_t index);

#endif
