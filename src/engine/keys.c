/* AES-256-GCM of OpenSSL, with one context a thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/keys.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/table.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NONCE_SIZE = 12, TAG_SIZE = 16 };

struct kept_key {
    char id[KEY_ID_SIZE];
    uint8_t key[KEY_SIZE];
};

struct key_ring {
    uint8_t kek[KEY_SIZE];
    char id[KEY_ID_SIZE];
    bool seeded;
    uint8_t seed[32];
    struct table kept; /* id -> struct kept_key, owned */
};

/* Created once a thread and kept for its life, as that of digests: to look the cipher up costs more than to
 * encrypt a payload. */
static _Thread_local EVP_CIPHER_CTX *context;

void keys_thread_end(void)
{
    EVP_CIPHER_CTX_free(context); /* cleanses what is left of the last key */
    context = NULL;
}

static void context_need(void)
{
    if (context == NULL) {
        context = EVP_CIPHER_CTX_new();
        ASSERT(context != NULL);
        EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
        ASSERT(cipher != NULL);
        ASSERT(EVP_CipherInit_ex2(context, cipher, NULL, NULL, 1, NULL) == 1);
        EVP_CIPHER_free(cipher); /* the context holds it */
    }
}

/* Appends cipher and tag of `plain`; `bound` is authenticated with it. */
static void seal(const uint8_t key[KEY_SIZE], const uint8_t nonce[NONCE_SIZE], struct bytes bound,
                 struct bytes plain, struct buffer *out)
{
    context_need();
    int size = 0;
    ASSERT(EVP_EncryptInit_ex2(context, NULL, key, nonce, NULL) == 1);
    ASSERT(EVP_EncryptUpdate(context, NULL, &size, bound.data, (int)bound.size) == 1);
    uint8_t *place = buffer_reserve(out, plain.size + TAG_SIZE);
    ASSERT(EVP_EncryptUpdate(context, place, &size, plain.data, (int)plain.size) == 1);
    ASSERT((size_t)size == plain.size);
    int rest = 0;
    ASSERT(EVP_EncryptFinal_ex(context, place + size, &rest) == 1);
    ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, place + plain.size) == 1);
    out->size += plain.size + TAG_SIZE;
}

static bool unseal(const uint8_t key[KEY_SIZE], const uint8_t nonce[NONCE_SIZE], struct bytes bound,
                   struct bytes sealed, struct buffer *out)
{
    if (sealed.size < TAG_SIZE) {
        return false;
    }
    const size_t plain_size = sealed.size - TAG_SIZE;
    context_need();
    uint8_t tag[TAG_SIZE];
    memcpy(tag, sealed.data + plain_size, TAG_SIZE);
    int size = 0;
    int rest = 0;
    uint8_t *place = buffer_reserve(out, plain_size + 1);
    ASSERT(EVP_DecryptInit_ex2(context, NULL, key, nonce, NULL) == 1);
    ASSERT(EVP_DecryptUpdate(context, NULL, &size, bound.data, (int)bound.size) == 1);
    ASSERT(EVP_DecryptUpdate(context, place, &size, sealed.data, (int)plain_size) == 1);
    ASSERT(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1);
    const bool authentic = EVP_DecryptFinal_ex(context, place + size, &rest) == 1;
    out->size += authentic ? plain_size : 0;
    return authentic;
}

void key_id(const uint8_t key[KEY_SIZE], char id_out[KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    digest_hmac(bytes_of(key, KEY_SIZE), bytes_text("sanctiond key id"), digest);
    hex_format(bytes_of(digest, KEY_ID_SIZE / 2), id_out);
}

static struct key_ring *ring_new(const uint8_t kek[KEY_SIZE])
{
    struct key_ring *ring = memory_get(sizeof(*ring));
    *ring = (struct key_ring){0};
    memcpy(ring->kek, kek, KEY_SIZE);
    key_id(kek, ring->id);
    return ring;
}

struct key_ring *key_ring_random(void)
{
    uint8_t kek[KEY_SIZE];
    ASSERT(RAND_bytes(kek, KEY_SIZE) == 1);
    return ring_new(kek);
}

struct key_ring *key_ring_seeded(const uint8_t seed[32])
{
    uint8_t kek[DIGEST_SIZE];
    digest_hmac(bytes_of(seed, 32), bytes_text("key-encryption key"), kek);
    struct key_ring *ring = ring_new(kek);
    ring->seeded = true;
    memcpy(ring->seed, seed, sizeof(ring->seed));
    return ring;
}

/* Writes a new key to `path`, which must be free: a process killed in between leaves `path` whole or absent,
 * and of two that come at once one wins. */
static enum status key_file_write(const char *path, const char *fresh, struct error *error)
{
    uint8_t kek[KEY_SIZE];
    char text[2 * KEY_SIZE + 1];
    ASSERT(RAND_bytes(kek, KEY_SIZE) == 1);
    hex_format(bytes_of(kek, KEY_SIZE), text);
    text[2 * KEY_SIZE] = '\n';
    const int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return error_set(error, STATUS_FATAL, "cannot create key file '%s': %s", path,
                         strerror(errno));
    }
    const bool written = write(file, text, sizeof(text)) == (ssize_t)sizeof(text) &&
                         fsync(file) == 0 && (link(fresh, path) == 0 || errno == EEXIST);
    const int failure = errno;
    close(file);
    unlink(fresh);
    return written ? STATUS_OK
                   : error_set(error, STATUS_FATAL, "cannot write key file '%s': %s", path,
                               strerror(failure));
}

static enum status key_file_create(const char *path, struct error *error)
{
    struct buffer fresh = {0};
    buffer_printf(&fresh, "%s.%ld", path, (long)getpid());
    unlink((const char *)fresh.data); /* of a killed process that had our number */
    const enum status status = key_file_write(path, (const char *)fresh.data, error);
    buffer_release(&fresh);
    return status;
}

static enum status key_file_read(const char *path, uint8_t kek_out[KEY_SIZE], struct error *error)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return error_set(error, STATUS_FATAL, "cannot read key file '%s': %s", path,
                         strerror(errno));
    }
    struct stat facts = {0};
    uint8_t text[2 * KEY_SIZE];
    const bool complete = fstat(file, &facts) == 0 &&
                          read(file, text, sizeof(text)) == (ssize_t)sizeof(text) &&
                          hex_parse(bytes_of(text, sizeof(text)), kek_out, KEY_SIZE);
    close(file);
    if (!complete) {
        return error_set(error, STATUS_FATAL, "key file '%s' must hold %d hex digits", path,
                         2 * KEY_SIZE);
    }
    if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return error_set(error, STATUS_FATAL,
                         "key file '%s' is open to others: give it mode 0600 or 0400", path);
    }
    return STATUS_OK;
}

enum status key_ring_open(const char *path, bool create, struct key_ring **ring_out,
                          struct error *error)
{
    if (create && access(path, F_OK) != 0) {
        TRY(key_file_create(path, error));
    }
    uint8_t kek[KEY_SIZE];
    TRY(key_file_read(path, kek, error));
    *ring_out = ring_new(kek);
    return STATUS_OK;
}

void key_ring_free(struct key_ring *ring)
{
    if (ring == NULL) {
        return;
    }
    key_ring_forget(ring);
    table_release(&ring->kept);
    OPENSSL_cleanse(ring, sizeof(*ring));
    free(ring);
}

struct bytes key_ring_id(const struct key_ring *ring)
{
    return bytes_of(ring->id, KEY_ID_SIZE);
}

void key_make(const struct key_ring *ring, struct bytes subject, struct bytes decision_id,
              uint8_t key_out[KEY_SIZE], uint8_t wrapped_out[WRAPPED_SIZE])
{
    uint8_t nonce[DIGEST_SIZE];
    if (ring->seeded) {
        uint8_t use[DIGEST_SIZE];
        const struct bytes parts[] = {subject, decision_id};
        digest_sha256(parts, COUNT_OF(parts), use);
        digest_hmac(bytes_of(ring->seed, sizeof(ring->seed)), bytes_of(use, DIGEST_SIZE), key_out);
        digest_hmac(bytes_of(ring->kek, KEY_SIZE), bytes_of(use, DIGEST_SIZE), nonce);
    } else {
        uint8_t fresh[KEY_SIZE + NONCE_SIZE]; /* one call: most of its cost is not in the bytes */
        ASSERT(RAND_bytes(fresh, sizeof(fresh)) == 1);
        memcpy(key_out, fresh, KEY_SIZE);
        memcpy(nonce, fresh + KEY_SIZE, NONCE_SIZE);
        OPENSSL_cleanse(fresh, sizeof(fresh));
    }
    struct buffer sealed = {0};
    seal(ring->kek, nonce, subject, bytes_of(key_out, KEY_SIZE), &sealed);
    ASSERT(NONCE_SIZE + sealed.size == WRAPPED_SIZE);
    memcpy(wrapped_out, nonce, NONCE_SIZE);
    memcpy(wrapped_out + NONCE_SIZE, sealed.data, sealed.size);
    buffer_release(&sealed);
}

bool key_unwrap(const struct key_ring *ring, struct bytes subject, struct bytes wrapped,
                uint8_t key_out[KEY_SIZE])
{
    if (wrapped.size != WRAPPED_SIZE) {
        return false;
    }
    struct buffer plain = {0};
    const bool authentic =
        unseal(ring->kek, wrapped.data, subject,
               bytes_of(wrapped.data + NONCE_SIZE, wrapped.size - NONCE_SIZE), &plain);
    if (authentic) {
        ASSERT(plain.size == KEY_SIZE);
        memcpy(key_out, plain.data, KEY_SIZE);
    }
    buffer_release(&plain);
    return authentic;
}

void key_ring_keep(struct key_ring *ring, const uint8_t key[KEY_SIZE])
{
    struct kept_key *kept = memory_get(sizeof(*kept));
    key_id(key, kept->id);
    memcpy(kept->key, key, KEY_SIZE);
    const struct bytes id = bytes_of(kept->id, KEY_ID_SIZE);
    if (table_find(&ring->kept, id) != NULL) {
        free(kept);
        return;
    }
    table_add(&ring->kept, id, kept);
}

void key_ring_forget(struct key_ring *ring)
{
    for (size_t i = 0; i < ring->kept.count; i++) {
        OPENSSL_cleanse(ring->kept.entries[i].value, sizeof(struct kept_key));
        free(ring->kept.entries[i].value);
    }
    table_clear(&ring->kept);
}

const uint8_t *key_ring_find(const struct key_ring *ring, struct bytes id)
{
    const struct kept_key *kept = table_find(&ring->kept, id);
    return kept == NULL ? NULL : kept->key;
}

void key_salt(const uint8_t key[KEY_SIZE], struct bytes decision_id, uint8_t salt_out[SALT_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    digest_hmac(bytes_of(key, KEY_SIZE), decision_id, digest);
    memcpy(salt_out, digest, SALT_SIZE);
}

static void nonce_of(struct bytes decision_id, uint8_t nonce_out[DIGEST_SIZE])
{
    digest_sha256(&decision_id, 1, nonce_out);
}

void key_seal(const uint8_t key[KEY_SIZE], struct bytes decision_id, struct bytes plain,
              struct buffer *out)
{
    uint8_t nonce[DIGEST_SIZE];
    nonce_of(decision_id, nonce);
    seal(key, nonce, decision_id, plain, out);
}

bool key_open(const uint8_t key[KEY_SIZE], struct bytes decision_id, struct bytes sealed,
              struct buffer *out)
{
    uint8_t nonce[DIGEST_SIZE];
    nonce_of(decision_id, nonce);
    return unseal(key, nonce, decision_id, sealed, out);
}
