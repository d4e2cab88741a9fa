/* Checks of a decoded record that its schema alone cannot state.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_CHECK_H
#define SCHEMA_CHECK_H

#include "record/type.h"

/* The first field (in schema order, nested records included) whose string does not have its format
 * or is over its max; NULL if all are well. External data: a value, never an assertion. */
const struct field_type *check_record(const struct record_type *type, const void *record);

/* Whether a text that is present has FORMAT_ID. */
bool check_id(struct bytes value);

#endif
