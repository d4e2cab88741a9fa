/* What an Audit record seals: an AuditPayload with its schema's fingerprint, so that what an older version
 * sealed can be read as long as that schema is known (`schemas.writers`).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_AUDIT_PAYLOAD_H
#define ENGINE_AUDIT_PAYLOAD_H

#include "engine/keys.h"
#include "record/record.h"
#include "schema/codec.h"

/* The opened bytes of a payload; `payload_out` borrows from them. DECODE_UNKNOWN_SCHEMA: also what is no
 * AuditPayload. */
enum decode_result audit_payload_read(const struct codec *codec, struct bytes plain,
                                      struct audit_payload *payload_out);

/* Opens payloads with the keys of a ring. Codec and keys are borrowed. One thread. */
struct audit_opener {
    const struct codec *codec;
    const struct key_ring *keys;
    struct buffer plain; /* of the payload opened last */
};

enum audit_opened {
    AUDIT_OPENED,
    AUDIT_NO_KEY,
    AUDIT_NOT_OPENED, /* the key is there, the payload does not open with it */
};
/* The opened bytes, unread; borrowed from the opener until the next call. Not set unless AUDIT_OPENED. */
enum audit_opened audit_opener_plain(struct audit_opener *opener, const struct audit *audit,
                                     struct bytes *plain_out);
/* A lines_open_payload: `context` is the opener; the payload borrows from it until the next call. False: its
 * key is not at hand, or it is not to be read. */
bool audit_opener_open(void *context, const struct audit *audit, struct audit_payload *payload_out);
void audit_opener_release(struct audit_opener *opener);

#endif
