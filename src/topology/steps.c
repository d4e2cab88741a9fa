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
