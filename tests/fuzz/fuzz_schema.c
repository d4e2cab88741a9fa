/* Parses any bytes as a schema, compiles it against a reader and decodes the rest with it.
 *
 * The first byte picks the reader; the schema goes up to a NUL, what follows is a datum. The
 * canonical form of a schema must be a schema of the same canonical form. The specification has one
 * hole there, which is left out: a type without namespace inside one with a namespace would take
 * that one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "record/record.h"
#include "schema/avro.h"
#include "schema/codec.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The walk of has_name() takes a shared type again each time: few of them keep it short. */
enum { NAMED_MAX = 12 };

/* Whether any named type has a namespace (`dotted`), or has none. */
static bool has_name(const struct avro_type *type, bool dotted)
{
    if (type->name != NULL && (strchr(type->name, '.') != NULL) == dotted) {
        return true;
    }
    bool found = type->item != NULL && has_name(type->item, dotted);
    for (uint32_t i = 0; i < type->field_count && !found; i++) {
        found = has_name(type->fields[i].type, dotted);
    }
    for (uint32_t i = 0; i < type->branch_count && !found; i++) {
        found = has_name(type->branches[i], dotted);
    }
    return found;
}

static void check_canonical(const struct avro_schema *schema)
{
    struct avro_schema again = {0};
    struct buffer first = {0};
    struct buffer second = {0};
    avro_canonical(schema, &first);
    ASSERT(avro_parse(buffer_bytes(&first), &again, NULL) == STATUS_OK);
    avro_canonical(&again, &second);
    ASSERT(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    avro_release(&again);
    buffer_release(&first);
    buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct record_type *reader = record_types[data[0] % record_type_count];
    const uint8_t *end = memchr(data + 1, '\0', size - 1);
    const size_t text_size = end == NULL ? size - 1 : (size_t)(end - data) - 1;
    const struct bytes text = bytes_of(data + 1, text_size);
    const struct bytes datum =
        end == NULL ? bytes_of(data + size, 0) : bytes_of(end + 1, size - text_size - 2);
    struct avro_schema schema = {0};
    struct error error = {0};
    if (avro_parse(text, &schema, &error) == STATUS_OK && schema.named_count <= NAMED_MAX &&
        !(has_name(schema.type, true) && has_name(schema.type, false))) {
        check_canonical(&schema);
    }
    avro_release(&schema);
    OWNED(plan) plan = NULL;
    if (plan_new(text, reader, &plan, &error) == STATUS_OK) {
        void *record = memory_get(reader->size);
        (void)plan_decode(plan, datum, record);
        free(record);
    }
    return 0;
}
