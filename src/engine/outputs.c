/* A list over an arena.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/outputs.h"

#include "base/buffer.h"

#include <stdlib.h>

/* NULL stays NULL: a tombstone is not an empty value. */
static struct bytes keep(struct outputs *outputs, struct bytes value)
{
    return value.data == NULL ? value : arena_copy(&outputs->arena, value);
}

void outputs_add(struct outputs *outputs, const struct stream_output *output)
{
    if (outputs->count == outputs->capacity) {
        outputs->capacity = outputs->capacity == 0 ? 256 : 2 * outputs->capacity;
        outputs->items =
            memory_resize(outputs->items, outputs->capacity * sizeof(*outputs->items));
    }
    struct stream_output *kept = &outputs->items[outputs->count++];
    *kept = *output;
    kept->key = keep(outputs, output->key);
    kept->value = keep(outputs, output->value);
    outputs->bytes += output->key.size + output->value.size;
}

enum status outputs_produce(const struct outputs *outputs, struct stream *stream,
                            struct error *error)
{
    for (size_t i = 0; i < outputs->count; i++) {
        TRY(stream->ops->produce(stream, &outputs->items[i], error));
    }
    return STATUS_OK;
}

void outputs_clear(struct outputs *outputs)
{
    arena_clear(&outputs->arena);
    outputs->count = 0;
    outputs->bytes = 0;
}

void outputs_release(struct outputs *outputs)
{
    arena_release(&outputs->arena);
    free(outputs->items);
    *outputs = (struct outputs){.count = 0};
}
