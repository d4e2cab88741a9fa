/* Hashes: SHA-256 for identity and evidence, XXH3 for tables, hex and big-endian numbers.
 *
 * No allocation after a thread's first call; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/bytes.h"

#define DIGEST_SIZE 32

/* SHA-256 of the parts one after the other. */
void digest_sha256(const struct bytes *parts, size_t count, uint8_t digest_out[DIGEST_SIZE]);

/* Before a thread that made digests ends: gives back what they kept. */
void digest_thread_end(void);

/* SHA-256 of bytes that come piece by piece. Heap object, one thread. */
struct digest_stream;
struct digest_stream *digest_stream_new(void);
void digest_stream_free(struct digest_stream *stream);
/* Starts anew. */
void digest_stream_clear(struct digest_stream *stream);
void digest_stream_add(struct digest_stream *stream, struct bytes value);
/* The digest of what was added since the last clear; adding may go on. */
void digest_stream_get(const struct digest_stream *stream, uint8_t digest_out[DIGEST_SIZE]);

/* HMAC-SHA-256 of `message` under `key`. */
void digest_hmac(struct bytes key, struct bytes message, uint8_t digest_out[DIGEST_SIZE]);

/* XXH3, for tables in memory and for identity inside one subject; not for evidence. */
uint64_t hash64(struct bytes value);

/* Writes 2 * value.size lower-case digits, no terminator. */
void hex_format(struct bytes value, char *text_out);
/* False unless `text` is 2 * size hex digits (either case). */
bool hex_parse(struct bytes text, uint8_t *value_out, size_t size);

static inline void be64_put(uint8_t out[8], uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

static inline uint64_t be64_get(const uint8_t in[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | in[i];
    }
    return value;
}

#endif
