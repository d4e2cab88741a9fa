/* OpenSSL's EVP with one context a thread; xxhash.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <xxhash.h>

/* Small pieces are held until there are many: a call of EVP costs as much as hashing a hundred bytes. */
struct digest_stream {
    EVP_MD_CTX *context;
    EVP_MD_CTX *copy;
    size_t held;
    uint8_t pieces[1024];
};

/* Created once a thread and kept for its life: EVP contexts are costly to make, cheap to reuse. */
static _Thread_local EVP_MD_CTX *context;

void digest_thread_end(void)
{
    EVP_MD_CTX_free(context);
    context = NULL;
}

static EVP_MD_CTX *thread_context(void)
{
    if (context == NULL) {
        context = EVP_MD_CTX_new();
        ASSERT(context != NULL);
        EVP_MD *method = EVP_MD_fetch(NULL, "SHA256", NULL);
        ASSERT(method != NULL);
        ASSERT(EVP_DigestInit_ex2(context, method, NULL) == 1);
        EVP_MD_free(method); /* the context holds it */
    }
    return context;
}

void digest_sha256(const struct bytes *parts, size_t count, uint8_t digest_out[DIGEST_SIZE])
{
    EVP_MD_CTX *own = thread_context();
    ASSERT(EVP_DigestInit_ex2(own, NULL, NULL) == 1);
    for (size_t i = 0; i < count; i++) {
        ASSERT(EVP_DigestUpdate(own, parts[i].data, parts[i].size) == 1);
    }
    unsigned size = 0;
    ASSERT(EVP_DigestFinal_ex(own, digest_out, &size) == 1);
    ASSERT(size == DIGEST_SIZE);
}

struct digest_stream *digest_stream_new(void)
{
    struct digest_stream *stream = memory_get(sizeof(*stream));
    stream->context = EVP_MD_CTX_new();
    stream->copy = EVP_MD_CTX_new();
    stream->held = 0;
    ASSERT(stream->context != NULL);
    ASSERT(stream->copy != NULL);
    digest_stream_clear(stream);
    return stream;
}

void digest_stream_free(struct digest_stream *stream)
{
    if (stream != NULL) {
        EVP_MD_CTX_free(stream->context);
        EVP_MD_CTX_free(stream->copy);
        free(stream);
    }
}

void digest_stream_clear(struct digest_stream *stream)
{
    ASSERT(EVP_DigestInit_ex2(stream->context, EVP_sha256(), NULL) == 1);
    stream->held = 0;
}

void digest_stream_add(struct digest_stream *stream, struct bytes value)
{
    if (value.size > sizeof(stream->pieces) - stream->held) {
        ASSERT(EVP_DigestUpdate(stream->context, stream->pieces, stream->held) == 1);
        stream->held = 0;
    }
    if (value.size > sizeof(stream->pieces)) {
        ASSERT(EVP_DigestUpdate(stream->context, value.data, value.size) == 1);
    } else if (value.size > 0) {
        memcpy(stream->pieces + stream->held, value.data, value.size);
        stream->held += value.size;
    }
}

void digest_stream_get(const struct digest_stream *stream, uint8_t digest_out[DIGEST_SIZE])
{
    unsigned size = 0;
    ASSERT(EVP_MD_CTX_copy_ex(stream->copy, stream->context) == 1);
    ASSERT(EVP_DigestUpdate(stream->copy, stream->pieces, stream->held) == 1);
    ASSERT(EVP_DigestFinal_ex(stream->copy, digest_out, &size) == 1);
    ASSERT(size == DIGEST_SIZE);
}

void digest_hmac(struct bytes key, struct bytes message, uint8_t digest_out[DIGEST_SIZE])
{
    enum { BLOCK = 64 };
    uint8_t inner[BLOCK] = {0};
    uint8_t outer[BLOCK] = {0};
    if (key.size > BLOCK) {
        digest_sha256(&key, 1, inner);
    } else if (key.size > 0) {
        memcpy(inner, key.data, key.size);
    }
    for (int i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] = inner[i] ^ 0x36;
    }
    uint8_t digest[DIGEST_SIZE];
    digest_sha256((struct bytes[]){bytes_of(inner, BLOCK), message}, 2, digest);
    digest_sha256((struct bytes[]){bytes_of(outer, BLOCK), bytes_of(digest, DIGEST_SIZE)}, 2,
                  digest_out);
}

uint64_t hash64(struct bytes value)
{
    return XXH3_64bits(value.data, value.size);
}

/* Both digits of every byte, one after the other: an id in hex is made for each record. */
#define HEX_ROW(high)                                                                              \
    high "0" high "1" high "2" high "3" high "4" high "5" high "6" high "7" high "8" high "9" high \
         "a" high "b" high "c" high "d" high "e" high "f"

static const char hex_pairs[] = HEX_ROW("0") HEX_ROW("1") HEX_ROW("2") HEX_ROW("3") HEX_ROW("4")
    HEX_ROW("5") HEX_ROW("6") HEX_ROW("7") HEX_ROW("8") HEX_ROW("9") HEX_ROW("a") HEX_ROW("b")
        HEX_ROW("c") HEX_ROW("d") HEX_ROW("e") HEX_ROW("f");

void hex_format(struct bytes value, char *text_out)
{
    for (size_t i = 0; i < value.size; i++) {
        memcpy(text_out + 2 * i, hex_pairs + (size_t)2 * value.data[i], 2);
    }
}

static int hex_digit(uint8_t symbol)
{
    if (symbol >= '0' && symbol <= '9') {
        return symbol - '0';
    }
    if (symbol >= 'a' && symbol <= 'f') {
        return symbol - 'a' + 10;
    }
    return symbol >= 'A' && symbol <= 'F' ? symbol - 'A' + 10 : -1;
}

bool hex_parse(struct bytes text, uint8_t *value_out, size_t size)
{
    if (text.size != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const int high = hex_digit(text.data[2 * i]);
        const int low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        value_out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
