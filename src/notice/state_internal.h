/* What is kept of one addressee, and how records change it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_STATE_INTERNAL_H
#define NOTICE_STATE_INTERNAL_H

#include "notice/notice.h"

/* Event ids are unique at their writer, so each topic has its own. */
enum event_source {
    EVENT_REQUEST,
    EVENT_ACCOUNT,
};

/* Whether the event id was taken in during the last 14 days. */
bool state_has_event(const struct addressee_state *state, enum event_source source,
                     struct bytes event_id, int64_t now_ms);

/* Remembers it and forgets what is older; of a full list, the oldest. Nothing of a withdrawn
 * account. */
void state_add_event(struct addressee_state *state, enum event_source source, struct bytes event_id,
                     int64_t now_ms);

enum notice_result state_take_account(struct addressee_state *state,
                                      const struct account_change *change, int64_t now_ms);
enum notice_result state_take_preference(struct addressee_state *state,
                                         const struct notice_preference *preference, int64_t now_ms,
                                         struct arena *arena);

/* A memorial is told nothing; nobody is behind a withdrawn account. */
bool state_is_silent(const struct addressee_state *state);

/* IN_APP and PUSH, changed by what the addressee chose; IN_APP always if mandatory. */
uint64_t state_channels(const struct addressee_state *state, enum notice_kind kind, bool mandatory);

/* Whether a consent was given and is not older than 2 years. */
bool state_consents(struct optional_int consent, struct optional_long consent_at, int64_t now_ms);

#endif
