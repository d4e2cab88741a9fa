/* Checking audit chains.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/audit_chain.h"

#include "base/assert.h"
#include "base/buffer.h"
#include "base/table.h"
#include "engine/audit_payload.h"

#include <stdio.h>
#include <stdlib.h>

/* Decision ids are kept in blocks that never move: the table borrows its keys. */
#define ID_SIZE 16
#define BLOCK_IDS 4096

struct id_block {
    struct id_block *next;
    uint8_t ids[BLOCK_IDS][ID_SIZE];
};

struct audit_verifier {
    const struct codec *codec;
    audit_open_payload *open;
    void *context;
    struct audit_chain *chains;
    size_t count;
    struct table ids;
    struct id_block *blocks;
    size_t block_used;
    struct audit_payload *payload;
    void *record;
};

static struct audit_chain *chain_of(struct audit_verifier *verifier, int32_t partition,
                                    struct bytes key);
static enum audit_fault check_payload(struct audit_verifier *verifier, struct audit_chain *chain,
                                      const struct audit *audit);
static bool is_new(struct audit_verifier *verifier, struct bytes decision_id);

const char *audit_fault_text(enum audit_fault fault)
{
    switch (fault) {
    case AUDIT_SOUND:
        return "sound";
    case AUDIT_UNREADABLE:
        return "not a whole Audit record";
    case AUDIT_FOREIGN_KEY:
        return "its key is not that of a chain of this partition";
    case AUDIT_LINK:
        return "prev_hash is not the hash of the record before it: one of the two was changed, or "
               "a record was taken out, put in or moved here";
    case AUDIT_PAYLOAD_DAMAGED:
        return "the payload does not open with its key: it was changed";
    case AUDIT_PAYLOAD_CHANGED:
        return "payload_hash is not the hash of the payload";
    case AUDIT_PAYLOAD_UNKNOWN:
        return "the payload is of a schema that is not known here: put its AuditPayload.avsc into the folder of "
               "schemas.writers";
    case AUDIT_TWICE:
        return "the decision id stands in the audit twice";
    case AUDIT_CUT:
        return "the chain ends before the record that the engine's state names as its last: the "
               "end "
               "was cut off or changed";
    }
    ASSERT(false);
    return "";
}

struct audit_verifier *audit_verifier_new(const struct codec *codec, audit_open_payload *open,
                                          void *context)
{
    struct audit_verifier *verifier = memory_get(sizeof(*verifier));
    *verifier = (struct audit_verifier){
        .codec = codec,
        .open = open,
        .context = context,
        .payload = memory_get(sizeof(*verifier->payload)),
        .record = memory_get(codec_record_size(codec)),
    };
    return verifier;
}

void audit_verifier_free(struct audit_verifier *verifier)
{
    if (verifier == NULL) {
        return;
    }
    while (verifier->blocks != NULL) {
        struct id_block *next = verifier->blocks->next;
        free(verifier->blocks);
        verifier->blocks = next;
    }
    table_release(&verifier->ids);
    free(verifier->chains);
    free(verifier->payload);
    free(verifier->record);
    free(verifier);
}

void audit_verifier_expect(struct audit_verifier *verifier, struct bytes key, int32_t partition,
                           struct bytes head)
{
    ASSERT(head.size == DIGEST_SIZE && key.size < sizeof(verifier->chains->key));
    struct audit_chain *chain = chain_of(verifier, partition, key);
    memcpy(chain->expected, head.data, DIGEST_SIZE);
    chain->expects = true;
    chain->reached = memcmp(chain->head, chain->expected, DIGEST_SIZE) == 0;
}

bool audit_link(struct bytes value, struct bytes payload, uint8_t link_out[DIGEST_SIZE])
{
    const uintptr_t start = (uintptr_t)value.data;
    const uintptr_t place = (uintptr_t)payload.data;
    size_t prefix = 1; /* bytes of the length before the payload: a zigzag varint */
    for (size_t length = payload.size * 2; length >= 128; length /= 128) {
        prefix++;
    }
    if (value.data == NULL || payload.data == NULL || value.size < CODEC_PREFIX_SIZE ||
        place < start + CODEC_PREFIX_SIZE + prefix || place > start + value.size ||
        payload.size > start + value.size - place) {
        return false;
    }
    const size_t head = (size_t)(place - start) - prefix;
    const size_t tail = (size_t)(place - start) + payload.size;
    const struct bytes parts[] = {
        bytes_of(value.data + CODEC_PREFIX_SIZE, head - CODEC_PREFIX_SIZE),
        bytes_of("", 1), /* the length of no payload */
        bytes_of(value.data + tail, value.size - tail)};
    digest_sha256(parts, COUNT_OF(parts), link_out);
    return true;
}

/* "topology:partition" of the partition that it lies in. */
static bool key_fits(struct bytes key, int32_t partition)
{
    char end[16];
    const int size = snprintf(end, sizeof(end), ":%d", partition);
    ASSERT(size > 0 && (size_t)size < sizeof(end));
    return key.data != NULL && key.size > (size_t)size &&
           key.size < sizeof(((struct audit_chain *)0)->key) &&
           memcmp(key.data + key.size - (size_t)size, end, (size_t)size) == 0;
}

enum audit_fault audit_verifier_add(struct audit_verifier *verifier, int32_t partition,
                                    bool past_gone, struct bytes key, struct bytes value)
{
    const struct record_type *type = NULL;
    uint8_t link[DIGEST_SIZE];
    const struct audit *audit = verifier->record;
    if (value.data == NULL ||
        codec_decode(verifier->codec, value, &type, verifier->record) != DECODE_OK ||
        type != &record_audit || !audit_link(value, audit->payload, link)) {
        return AUDIT_UNREADABLE;
    }
    if (!key_fits(key, partition)) {
        return AUDIT_FOREIGN_KEY;
    }
    struct audit_chain *chain = chain_of(verifier, partition, key);
    if (chain->records == 0 && past_gone) {
        chain->begun_late = memcmp(audit->prev_hash.data, chain->head, DIGEST_SIZE) != 0;
        memcpy(chain->head, audit->prev_hash.data, DIGEST_SIZE);
    }
    if (memcmp(audit->prev_hash.data, chain->head, DIGEST_SIZE) != 0) {
        return AUDIT_LINK;
    }
    const enum audit_fault fault = check_payload(verifier, chain, audit);
    if (fault != AUDIT_SOUND) {
        return fault;
    }
    if (!is_new(verifier, audit->decision_id)) {
        return AUDIT_TWICE;
    }
    memcpy(chain->head, link, DIGEST_SIZE);
    chain->records++;
    chain->reached =
        chain->reached || (chain->expects && memcmp(link, chain->expected, DIGEST_SIZE) == 0);
    return AUDIT_SOUND;
}

size_t audit_verifier_count(const struct audit_verifier *verifier)
{
    return verifier->count;
}

const struct audit_chain *audit_verifier_chain(const struct audit_verifier *verifier, size_t index)
{
    ASSERT(index < verifier->count);
    return &verifier->chains[index];
}

const struct audit_chain *audit_verifier_cut(const struct audit_verifier *verifier)
{
    for (size_t i = 0; i < verifier->count; i++) {
        if (verifier->chains[i].expects && !verifier->chains[i].reached) {
            return &verifier->chains[i];
        }
    }
    return NULL;
}

static struct audit_chain *chain_of(struct audit_verifier *verifier, int32_t partition,
                                    struct bytes key)
{
    for (size_t i = 0; i < verifier->count; i++) {
        if (verifier->chains[i].partition == partition && bytes_is(key, verifier->chains[i].key)) {
            return &verifier->chains[i];
        }
    }
    verifier->chains =
        memory_resize(verifier->chains, (verifier->count + 1) * sizeof(*verifier->chains));
    struct audit_chain *chain = &verifier->chains[verifier->count++];
    *chain = (struct audit_chain){.partition = partition};
    memcpy(chain->key, key.data, key.size);
    return chain;
}

static enum audit_fault check_payload(struct audit_verifier *verifier, struct audit_chain *chain,
                                      const struct audit *audit)
{
    struct bytes plain = {0};
    const enum audit_opened opened = verifier->open == NULL
                                         ? AUDIT_NO_KEY
                                         : verifier->open(verifier->context, audit, &plain);
    if (opened == AUDIT_NO_KEY) {
        chain->closed++;
        return AUDIT_SOUND;
    }
    if (opened == AUDIT_NOT_OPENED) {
        return AUDIT_PAYLOAD_DAMAGED;
    }
    const enum decode_result result = audit_payload_read(verifier->codec, plain, verifier->payload);
    if (result != DECODE_OK) {
        return result == DECODE_UNKNOWN_SCHEMA ? AUDIT_PAYLOAD_UNKNOWN : AUDIT_PAYLOAD_DAMAGED;
    }
    uint8_t hash[DIGEST_SIZE];
    const struct bytes parts[] = {verifier->payload->salt, plain};
    digest_sha256(parts, COUNT_OF(parts), hash);
    return memcmp(hash, audit->payload_hash.data, DIGEST_SIZE) == 0 ? AUDIT_SOUND
                                                                    : AUDIT_PAYLOAD_CHANGED;
}

/* Ids that are no 32 hex digits (none of the engine's) are told apart by their hash. */
static bool is_new(struct audit_verifier *verifier, struct bytes decision_id)
{
    uint8_t id[DIGEST_SIZE];
    if (decision_id.size != 2 * ID_SIZE || !hex_parse(decision_id, id, ID_SIZE)) {
        digest_sha256(&decision_id, 1, id);
    }
    if (table_find(&verifier->ids, bytes_of(id, ID_SIZE)) != NULL) {
        return false;
    }
    if (verifier->blocks == NULL || verifier->block_used == BLOCK_IDS) {
        struct id_block *block = memory_get(sizeof(*block));
        block->next = verifier->blocks;
        verifier->blocks = block;
        verifier->block_used = 0;
    }
    uint8_t *kept = verifier->blocks->ids[verifier->block_used++];
    memcpy(kept, id, ID_SIZE);
    table_add(&verifier->ids, bytes_of(kept, ID_SIZE), kept);
    return true;
}
