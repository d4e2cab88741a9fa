/* The audit chain, checked from records alone: links, payload hashes, decision ids.
 *
 * A chain is one key (`topology:partition`) of the topic `audit`; its records come in the order of
 * the log. Each link hashes the datum as it lies on the wire, payload left out, so that neither
 * erasure nor a newer schema breaks a chain.
 *
 * A record that was changed, taken out, put in or moved shows at the link after it. What was cut
 * off the end shows only against a hash from elsewhere: audit_verifier_expect().
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_AUDIT_CHAIN_H
#define ENGINE_AUDIT_CHAIN_H

#include "base/digest.h"
#include "engine/audit_payload.h"

enum audit_fault {
    AUDIT_SOUND,
    AUDIT_UNREADABLE,      /* not an Audit record, or no payload where one must be */
    AUDIT_FOREIGN_KEY,     /* the record's key is not `topology:partition` of its partition */
    AUDIT_LINK,            /* prev_hash is not the hash of the record before it */
    AUDIT_PAYLOAD_DAMAGED, /* its key is at hand and does not open it */
    AUDIT_PAYLOAD_CHANGED, /* opened, but not what payload_hash was made of */
    AUDIT_PAYLOAD_UNKNOWN, /* opened, but of a schema that is not known here */
    AUDIT_TWICE,           /* the decision id was seen before */
    AUDIT_CUT,             /* expected hash never reached: the end of the chain is missing */
};

/* A sentence without full stop; static. */
const char *audit_fault_text(enum audit_fault fault);

/* Opens a payload; its bytes are borrowed until the next call. */
typedef enum audit_opened audit_open_payload(void *context, const struct audit *audit,
                                             struct bytes *plain_out);

struct audit_chain {
    char key[128]; /* terminated */
    int32_t partition;
    int64_t records;
    int64_t closed;            /* payloads whose key is not at hand: link checked, content not */
    uint8_t head[DIGEST_SIZE]; /* hash of the last record; zeros before the first */
    uint8_t expected[DIGEST_SIZE];
    bool expects;    /* `expected` was given ... */
    bool reached;    /* ... and was the head at some time */
    bool begun_late; /* its first records are gone: the first link was taken as given */
};

/* One thread. */
struct audit_verifier;

/* `codec` and `context` are borrowed; `open` NULL: no payload is opened. */
struct audit_verifier *audit_verifier_new(const struct codec *codec, audit_open_payload *open,
                                          void *context);
void audit_verifier_free(struct audit_verifier *verifier);
DEFINE_CLEANUP(audit_verifier)

/* The chain `key` must at some time have had this head (DIGEST_SIZE bytes). Before its first
 * record. */
void audit_verifier_expect(struct audit_verifier *verifier, struct bytes key, int32_t partition,
                           struct bytes head);

/* The next record of a partition. `past_gone`: the partition's log no longer starts at its first
 * record. After a fault nothing more may be added. */
enum audit_fault audit_verifier_add(struct audit_verifier *verifier, int32_t partition,
                                    bool past_gone, struct bytes key, struct bytes value);

/* Chains in order of appearance; `index` < audit_verifier_count(). Borrowed until the next call. */
size_t audit_verifier_count(const struct audit_verifier *verifier);
const struct audit_chain *audit_verifier_chain(const struct audit_verifier *verifier, size_t index);

/* The first chain that never reached what was expected of it; NULL if there is none. */
const struct audit_chain *audit_verifier_cut(const struct audit_verifier *verifier);

/* The hash that the record after this one holds as prev_hash. False: the payload does not lie in
 * `value`. */
bool audit_link(struct bytes value, struct bytes payload, uint8_t link_out[DIGEST_SIZE]);

#endif
