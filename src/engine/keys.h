/* Audit keys: one data key per subject, wrapped by the key-encryption key of the deployment.
 *
 * A data key is 32 random bytes (with a seed: HMAC of the subject under it), kept wrapped in the subject's
 * "k" row and in the compacted topic `audit-keys`. It encrypts the subject's audit payloads
 * (AES-256-GCM); destroying both copies erases them while the chain still verifies (design.md 6).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_KEYS_H
#define ENGINE_KEYS_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

#define KEY_SIZE 32
#define KEY_ID_SIZE 32                   /* hex digits of a key's id */
#define SEALED_EXTRA 16                  /* bytes that sealing adds: the tag */
#define WRAPPED_SIZE (12 + KEY_SIZE + 16) /* nonce, key, tag */
#define SALT_SIZE 16

/* The key-encryption key and, on request, every data key seen (to show audit payloads). One thread fills
 * and reads it; the key-encryption key alone may be read by any thread. */
struct key_ring;

/* Reads 64 hex digits from `path`; with `create` makes the file (mode 0600) if it is missing.
 * STATUS_FATAL: unreadable, wrong form, readable by others. */
MUST_CHECK enum status key_ring_open(const char *path, bool create, struct key_ring **ring_out,
                                     struct error *error);
/* A ring whose keys all follow from a 32-byte seed: the same run gives the same bytes. */
struct key_ring *key_ring_seeded(const uint8_t seed[32]);
/* A ring with a random key-encryption key, for runs that keep nothing. */
struct key_ring *key_ring_random(void);
void key_ring_free(struct key_ring *ring);
DEFINE_CLEANUP(key_ring)

/* Releases what the thread keeps for sealing and opening; call before it ends. */
void keys_thread_end(void);

/* The id of the key-encryption key: KEY_ID_SIZE hex digits. Borrowed. */
struct bytes key_ring_id(const struct key_ring *ring);

/* A new data key for `subject` ("kind:id"), plain and wrapped. `decision_id` is the first that it seals: a seed
 * makes another key after an erasure, lest what was erased opens again. */
void key_make(const struct key_ring *ring, struct bytes subject, struct bytes decision_id,
              uint8_t key_out[KEY_SIZE], uint8_t wrapped_out[WRAPPED_SIZE]);
/* False: not wrapped by this ring for this subject. */
bool key_unwrap(const struct key_ring *ring, struct bytes subject, struct bytes wrapped,
                uint8_t key_out[KEY_SIZE]);
/* The id of a data key: KEY_ID_SIZE hex digits. */
void key_id(const uint8_t key[KEY_SIZE], char id_out[KEY_ID_SIZE]);

/* Remembers a data key by its id, and finds it again (NULL: unknown). */
void key_ring_keep(struct key_ring *ring, const uint8_t key[KEY_SIZE]);
const uint8_t *key_ring_find(const struct key_ring *ring, struct bytes id);
/* Forgets all that were remembered. */
void key_ring_forget(struct key_ring *ring);

/* The salt of a decision's payload. */
void key_salt(const uint8_t key[KEY_SIZE], struct bytes decision_id, uint8_t salt_out[SALT_SIZE]);
/* Appends the sealed `plain`; the nonce is made from the decision id, which no key sees twice. */
void key_seal(const uint8_t key[KEY_SIZE], struct bytes decision_id, struct bytes plain,
              struct buffer *out);
/* False: not sealed with this key for this decision. */
bool key_open(const uint8_t key[KEY_SIZE], struct bytes decision_id, struct bytes sealed,
              struct buffer *out);

#endif
