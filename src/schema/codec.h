/* schema: Avro bytes to plain structs and back, and JSON lines to the same structs.
 *
 * A decode plan is compiled once from (writer schema, reader record type) into a flat list of
 * operations on struct offsets and run by one bounded loop: no allocation, no recursion, full
 * schema resolution (added fields with defaults, removed fields, aliases, enums by name with
 * default, promotions). Strings and bytes of a decoded struct are borrowed from the payload.
 * Encoding needs no plan from outside: a record type encodes by its own schema.
 *
 * Why our own: avro-c has no defaults or aliases, mis-maps enums, is unsafe on hostile bytes and
 * takes 500 to 600 ns a record (measured again by tests/bench/bench_codec).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCHEMA_CODEC_H
#define SCHEMA_CODEC_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"
#include "record/type.h"

/* Bytes before the datum of the single-object encoding: C3 01 and the CRC-64-AVRO, little-endian.
 */
#define CODEC_PREFIX_SIZE 10

enum decode_result {
    DECODE_OK,
    DECODE_UNDECODABLE,    /* truncated, bytes left over, bad union branch, length or boolean */
    DECODE_UNKNOWN_SCHEMA, /* no single-object prefix, or a fingerprint that is not known */
    DECODE_BAD_FIELD,      /* an enum symbol that the reader does not know and has no default for */
    DECODE_TOO_LARGE,      /* a cap on depth, items or bytes was exceeded */
};

/* Why a datum is refused, for messages and dead letters: a static text. */
const char *decode_result_text(enum decode_result result);

/* Immutable after compiling: any thread may use it. */
struct plan;

/* Compiles the plan that reads data of `writer_schema` (Avro JSON) into structs of `reader`.
 * STATUS_FATAL: the schema is not valid Avro, or the two do not resolve; `error` says where. */
MUST_CHECK enum status plan_new(struct bytes writer_schema, const struct record_type *reader,
                                struct plan **plan_out, struct error *error);
void plan_free(struct plan *plan);
DEFINE_CLEANUP(plan)

/* CRC-64-AVRO of the writer schema's canonical form. */
uint64_t plan_fingerprint(const struct plan *plan);
const struct record_type *plan_reader(const struct plan *plan);

/* Decodes one datum without prefix; `datum` must be used up. `record_out` has plan_reader()->size
 * bytes; only the fields of the reader are written, lists only up to their count. On any result but
 * DECODE_OK its content is undefined. */
enum decode_result plan_decode(const struct plan *plan, struct bytes datum, void *record_out);

/* Every schema this process can read: the records of schemas/ and further writer schemas.
 * Filled at start, then read-only: any thread. */
struct codec;

/* A codec that reads and writes the given types by their own schemas. */
MUST_CHECK enum status codec_new(const struct record_type *const *types, size_t count,
                                 struct codec **codec_out, struct error *error);
void codec_free(struct codec *codec);
DEFINE_CLEANUP(codec)

/* Makes data of one more writer schema (an older or newer version) readable: it is resolved to the
 * type of its record name. STATUS_FATAL: no such type, or it does not resolve. */
MUST_CHECK enum status codec_add_writer(struct codec *codec, struct bytes writer_schema,
                                        struct error *error);

/* The plan of a single-object payload, NULL if it has no such prefix or the fingerprint is unknown.
 */
const struct plan *codec_plan(const struct codec *codec, struct bytes payload);

/* Decodes a single-object payload into `record_out`, which must hold the largest type that can come
 * (codec_record_size()). `type_out` is set as soon as the fingerprint is known. */
enum decode_result codec_decode(const struct codec *codec, struct bytes payload,
                                const struct record_type **type_out, void *record_out);
size_t codec_record_size(const struct codec *codec);

/* Appends prefix and datum to `out`. `type` is one of the codec's types and the record fits it: a
 * list over its max, a fixed of another size or an enum out of range is our bug (ASSERT). */
void codec_encode(const struct codec *codec, const struct record_type *type, const void *record,
                  struct buffer *out);
/* The same without prefix: the form inside another record (AuditPayload) and for hashing. */
void codec_encode_datum(const struct codec *codec, const struct record_type *type,
                        const void *record, struct buffer *out);

/* The type of a record name, NULL if it is none of ours. */
const struct record_type *codec_type(const struct codec *codec, struct bytes name);

#endif
