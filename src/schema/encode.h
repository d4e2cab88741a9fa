/* A record type by its own schema to Avro bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_ENCODE_H
#define SCHEMA_ENCODE_H

#include "base/buffer.h"
#include "base/status.h"
#include "record/type.h"

/* Immutable after compiling: any thread may use it. */
struct encoder;

MUST_CHECK enum status encoder_new(const struct record_type *type, struct encoder **encoder_out,
                                   struct error *error);
void encoder_free(struct encoder *encoder);
DEFINE_CLEANUP(encoder)

/* Appends prefix (which may be empty) and datum. The record fits its type, else ASSERT. */
void encoder_run(const struct encoder *encoder, struct bytes prefix, const void *record,
                 struct buffer *out);

#endif
