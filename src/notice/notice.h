/* Notices: one record of one addressee -> the notices that the notification service sends.
 *
 * An addressee's facts are a `struct addressee_state` (schemas/state/AddresseeState.avsc), zeroed
 * with kind and id filled for a new one. All that is emitted is a pure function of (catalogue,
 * rules, state, record, now): replay gives the same bytes.
 *
 * What holds of the emitted notices (domain.md A3, F6, H22): nobody gets a notice before or without
 * the disclosure; a mandatory notice is always in the app; an optional one or an advert is not
 * delivered in the quiet window; the first two together and each later one keep to their size; none
 * holds a parameter that its kind may not hold; a memorial or withdrawn account gets none.
 *
 * Whether a notice is mandatory is declared by its kind (notice/kind.h), whatever the request says.
 *
 * Ids: a notice made from the request `<decision>.<n>` is `<decision>.<10^9 + 2n + 1>`, the
 * disclosure before it `<decision>.<10^9 + 2n>`. Of a request with another event id, the first 16
 * bytes of its SHA-256 in hex stand for `<decision>` and n is 0.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_NOTICE_H
#define NOTICE_NOTICE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "notice/catalogue.h"

/* Numbers of the policy (domain.md E7). */
struct notice_rules {
    int64_t quiet_from_ms; /* of the UTC day; the window may span midnight; equal: no window */
    int64_t quiet_until_ms;
    int32_t first_bytes_max; /* disclosure and first notice together */
    int32_t later_bytes_max;
};

/* Where notices go. `record` is a generated struct of `type` and borrowed for the call. */
struct notice_outbox {
    void (*emit)(struct notice_outbox *outbox, const struct record_type *type, const void *record);
};

enum notice_result {
    NOTICE_DONE,       /* the state may have changed: encode it */
    NOTICE_SUPPRESSED, /* not to be sent: memorial or withdrawn account, no channel left, advert
                          without consent; the state may have changed; count it */
    NOTICE_DUPLICATE,  /* this event id was taken in before: nothing changed, count it */
    NOTICE_REFUSED,    /* bad input: dead letter with *reason_out, nothing changed or emitted */
};

/* Takes in a NoticeRequest, NoticePreference or AccountChange (`type`: record_notice_request, ...)
 * of the addressee `state` belongs to. Strings that the state keeps are copied into `arena` or
 * belong to the catalogue; both must outlive its encoding. */
enum notice_result notice_record(const struct catalogue *catalogue,
                                 const struct notice_rules *rules, struct notice_outbox *outbox,
                                 struct addressee_state *state, const struct record_type *type,
                                 const void *record, int64_t now_ms, struct arena *arena,
                                 enum dead_reason *reason_out);

/* Nothing is left that a later record could need: the row is deleted. */
bool notice_is_empty(const struct addressee_state *state);

/* Appends the text of a notice (its language, template, params and advert count). False, with
 * nothing appended, if the catalogue has no such template or a value cannot be read. */
bool notice_render(const struct catalogue *catalogue, const struct notice *notice,
                   struct buffer *out);

#endif
