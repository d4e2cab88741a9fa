/* JSON lines of contract.md 4: a record's value as a plain object.
 *
 * Enum = its symbol; null or the value; int, long = number; fixed and bytes = lower-case hex.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_JSON_H
#define SCHEMA_JSON_H

#include "base/arena.h"
#include "base/buffer.h"
#include "record/type.h"

struct json_t;

/* Reads `object` into `record_out`; strings and bytes live in `arena`. Left-out fields take the
 * schema's default. Refuses exactly what domain.md I.29 says the line check refuses: wrong JSON
 * type, unknown field, unknown symbol (no fallback on lines), wrong length of a fixed, missing
 * field without default, array longer than its bound, id form and length. Calls `problem` once for
 * every problem found, with the field's path ("labels[0].score"); returns the number of problems.
 */
typedef void json_problem(void *context, const char *field, const char *reason);
size_t json_read_record(const struct record_type *type, const struct json_t *object,
                        struct arena *arena, void *record_out, json_problem *problem,
                        void *context);

/* Appends the record as one JSON object with all fields in schema order. Strings are escaped as
 * JSON needs; bytes that are not UTF-8 are written as U+FFFD. */
void json_write_record(const struct record_type *type, const void *record, struct buffer *out);

/* Appends a JSON string with its quotes. */
void json_write_string(struct bytes text, struct buffer *out);

#endif
