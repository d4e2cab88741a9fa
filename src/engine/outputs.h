/* The outputs of a batch, kept until its transaction begins.
 *
 * While one transaction is being committed the next batch is judged and may produce nothing, for the
 * brokers know one transaction of a producer at a time. Keys and values are copied into an arena that
 * the next batch uses again. One thread at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_OUTPUTS_H
#define ENGINE_OUTPUTS_H

#include "base/arena.h"
#include "stream/stream.h"

/* Zero-initialise. */
struct outputs {
    struct arena arena;
    struct stream_output *items;
    size_t count;
    size_t capacity;
    size_t bytes; /* of keys and values */
};

/* Copies key and value; the topic's name must live as long as the output. */
void outputs_add(struct outputs *outputs, const struct stream_output *output);
/* Produces them in the order of their coming into the stream's open transaction. */
MUST_CHECK enum status outputs_produce(const struct outputs *outputs, struct stream *stream,
                                       struct error *error);
/* Forgets them; keeps the memory. */
void outputs_clear(struct outputs *outputs);
void outputs_release(struct outputs *outputs);

#endif
