/* The registry of steps, and what they share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "topology/step.h"

#include "base/assert.h"

const struct step *step_find(struct bytes name)
{
    static const struct step *const steps[] = {&step_sanctions, &step_notices};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (bytes_is(name, steps[i]->name)) {
            return steps[i];
        }
    }
    return NULL;
}

/* A changelog holds the same rows: of an unknown schema they would not be read from there either. */
enum status step_row_failed(enum decode_result result, struct error *error)
{
    return result == DECODE_UNKNOWN_SCHEMA
               ? error_set(error, STATUS_FATAL,
                           "a row of the state has a schema that this version does not know: name the folder "
                           "schemas/state of the version that wrote it under schemas.writers")
               : error_set(error, STATUS_FATAL,
                           "corrupt state row: %s; move the task's directory away, it is rebuilt from the "
                           "changelog", decode_result_text(result));
}

void step_subject(struct bytes key, enum subject_kind *kind_out, struct bytes *id_out)
{
    const uint8_t *colon = memchr(key.data, ':', key.size);
    ASSERT(colon != NULL);
    const struct bytes kind = bytes_of(key.data, (size_t)(colon - key.data));
    uint32_t i = 0;
    while (i < enum_subject_kind.count && !bytes_is(kind, enum_subject_kind.symbols[i])) {
        i++;
    }
    ASSERT(i < enum_subject_kind.count);
    *kind_out = (enum subject_kind)i;
    *id_out = bytes_of(colon + 1, key.size - kind.size - 1);
}
