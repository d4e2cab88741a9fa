/* Opening and reading audit payloads.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/audit_payload.h"

enum decode_result audit_payload_read(const struct codec *codec, struct bytes plain,
                                      struct audit_payload *payload_out)
{
    const struct plan *plan = codec_plan(codec, plain);
    return plan == NULL || plan_reader(plan) != &record_audit_payload
               ? DECODE_UNKNOWN_SCHEMA
               : plan_decode(plan, bytes_of(plain.data + CODEC_PREFIX_SIZE, plain.size - CODEC_PREFIX_SIZE),
                             payload_out);
}

enum audit_opened audit_opener_plain(struct audit_opener *opener, const struct audit *audit,
                                     struct bytes *plain_out)
{
    const uint8_t *key = key_ring_find(opener->keys, audit->dek_id);
    buffer_clear(&opener->plain);
    if (key == NULL) {
        return AUDIT_NO_KEY;
    }
    if (!key_open(key, audit->decision_id, audit->payload, &opener->plain)) {
        return AUDIT_NOT_OPENED;
    }
    *plain_out = buffer_bytes(&opener->plain);
    return AUDIT_OPENED;
}

bool audit_opener_open(void *context, const struct audit *audit, struct audit_payload *payload_out)
{
    struct audit_opener *opener = context;
    struct bytes plain = {0};
    return audit_opener_plain(opener, audit, &plain) == AUDIT_OPENED &&
           audit_payload_read(opener->codec, plain, payload_out) == DECODE_OK;
}

void audit_opener_release(struct audit_opener *opener)
{
    buffer_release(&opener->plain);
}
