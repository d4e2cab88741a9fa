/* The state of an addressee: account, choices, consents, and which records were taken in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/state_internal.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"

#define HORIZON_MS (14 * DAY_MS)
/* A consent to advertising is to be asked for again every 2 years (domain.md B2, Art. 50). */
#define CONSENT_MS (730 * DAY_MS)
#define BIT(channel) (UINT64_C(1) << (channel))

_Static_assert(COUNT_OF(((struct addressee_state *)NULL)->preferences) >=
                   (size_t)NOTICE_KIND_COUNT * CHANNEL_COUNT,
               "every choice there can be has a place");

static int64_t event_hash(enum event_source source, struct bytes event_id)
{
    /* The odd constant keeps one id in two topics apart. */
    const uint64_t mix = source == EVENT_REQUEST ? 0 : UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(hash64(event_id) ^ mix);
}

bool state_has_event(const struct addressee_state *state, enum event_source source,
                     struct bytes event_id, int64_t now_ms)
{
    const int64_t hash = event_hash(source, event_id);
    for (uint32_t i = 0; i < state->events_count; i++) {
        const struct addressee_event *event = &state->events[i];
        if (event->event_hash == hash && event->taken_at > now_ms - HORIZON_MS) {
            return true;
        }
    }
    return false;
}

void state_add_event(struct addressee_state *state, enum event_source source, struct bytes event_id,
                     int64_t now_ms)
{
    if (state->account_state == ACCOUNT_STATE_WITHDRAWN) {
        return;
    }
    uint32_t old = 0;
    while (old < state->events_count && state->events[old].taken_at <= now_ms - HORIZON_MS) {
        old++;
    }
    if (old == 0 && state->events_count == COUNT_OF(state->events)) {
        old = 1;
    }
    state->events_count -= old;
    memmove(state->events, state->events + old, state->events_count * sizeof(state->events[0]));
    ASSERT(state->events_count < COUNT_OF(state->events));
    state->events[state->events_count++] = (struct addressee_event){
        .event_hash = event_hash(source, event_id),
        .taken_at = now_ms,
    };
}

/* All is forgotten but that the account is gone: what is still on its way to it is not sent, and
 * makes no new state. */
static void erase(struct addressee_state *state)
{
    *state = (struct addressee_state){
        .subject_kind = state->subject_kind,
        .subject_id = state->subject_id,
        .account_state = ACCOUNT_STATE_WITHDRAWN,
    };
}

enum notice_result state_take_account(struct addressee_state *state,
                                      const struct account_change *change, int64_t now_ms)
{
    if (state_has_event(state, EVENT_ACCOUNT, change->event_id, now_ms)) {
        return NOTICE_DUPLICATE;
    }
    if (change->kind == ACCOUNT_CHANGE_KIND_WITHDRAWN) {
        /* Without consent to the erasure it is none; the sanctions step refuses the record. */
        if (change->erase_consent) {
            erase(state);
        }
        return NOTICE_DONE;
    }
    if (state->account_state == ACCOUNT_STATE_WITHDRAWN) {
        if (change->kind != ACCOUNT_CHANGE_KIND_REGISTERED) {
            return NOTICE_DONE;
        }
        state->account_state = ACCOUNT_STATE_ACTIVE;
    }
    const bool open = state->account_state == ACCOUNT_STATE_ACTIVE ||
                      state->account_state == ACCOUNT_STATE_REJOINED;
    if (open && change->kind == ACCOUNT_CHANGE_KIND_MEMORIAL) {
        state->account_state = ACCOUNT_STATE_MEMORIAL;
    } else if (open && change->kind == ACCOUNT_CHANGE_KIND_MEMORIAL_DENIED) {
        state->account_state = ACCOUNT_STATE_MEMORIAL_DENIED;
    }
    if (change->language != LANGUAGE_UNKNOWN) {
        state->language = (struct optional_int){.value = (int32_t)change->language, .set = true};
    }
    if (change->platform != PLATFORM_COMMON) {
        state->platform = (struct optional_int){.value = (int32_t)change->platform, .set = true};
    }
    state_add_event(state, EVENT_ACCOUNT, change->event_id, now_ms);
    return NOTICE_DONE;
}

/* UNKNOWN says nothing about the consent. */
static void consent_take(struct optional_int *consent, struct optional_long *consent_at,
                         enum consent_state stated, int64_t stated_at)
{
    if (stated != CONSENT_STATE_UNKNOWN) {
        *consent = (struct optional_int){.value = (int32_t)stated, .set = true};
        *consent_at = (struct optional_long){.value = stated_at, .set = true};
    }
}

static struct addressee_preference *choice_find(struct addressee_state *state,
                                                enum notice_kind kind, enum channel channel)
{
    for (uint32_t i = 0; i < state->preferences_count; i++) {
        struct addressee_preference *choice = &state->preferences[i];
        if (choice->kind == kind && choice->channel == channel) {
            return choice;
        }
    }
    return NULL;
}

enum notice_result state_take_preference(struct addressee_state *state,
                                         const struct notice_preference *preference, int64_t now_ms,
                                         struct arena *arena)
{
    if (state_has_event(state, EVENT_ACCOUNT, preference->event_id, now_ms)) {
        return NOTICE_DUPLICATE;
    }
    if (state->account_state == ACCOUNT_STATE_WITHDRAWN) {
        return NOTICE_DONE;
    }
    struct addressee_preference *choice = choice_find(state, preference->kind, preference->channel);
    if (choice == NULL) {
        ASSERT(state->preferences_count < COUNT_OF(state->preferences));
        choice = &state->preferences[state->preferences_count++];
    }
    *choice = (struct addressee_preference){
        .kind = preference->kind,
        .channel = preference->channel,
        .allowed = preference->allowed,
        .text_version = arena_copy(arena, preference->text_version),
        .chosen_at = preference->occurred_at,
    };
    const int64_t stated_at =
        preference->consent_at.set ? preference->consent_at.value : preference->occurred_at;
    consent_take(&state->ad_consent, &state->ad_consent_at, preference->ad_consent, stated_at);
    consent_take(&state->night_ad_consent, &state->night_ad_consent_at,
                 preference->night_ad_consent, stated_at);
    state_add_event(state, EVENT_ACCOUNT, preference->event_id, now_ms);
    return NOTICE_DONE;
}

bool state_is_silent(const struct addressee_state *state)
{
    return state->account_state == ACCOUNT_STATE_MEMORIAL ||
           state->account_state == ACCOUNT_STATE_WITHDRAWN;
}

uint64_t state_channels(const struct addressee_state *state, enum notice_kind kind, bool mandatory)
{
    uint64_t channels = BIT(CHANNEL_IN_APP) | BIT(CHANNEL_PUSH);
    for (uint32_t i = 0; i < state->preferences_count; i++) {
        const struct addressee_preference *choice = &state->preferences[i];
        if (choice->kind != kind) {
            continue;
        }
        if (choice->allowed) {
            channels |= BIT(choice->channel);
        } else {
            channels &= ~BIT(choice->channel);
        }
    }
    return mandatory ? channels | BIT(CHANNEL_IN_APP) : channels;
}

bool state_consents(struct optional_int consent, struct optional_long consent_at, int64_t now_ms)
{
    return consent.set && consent.value == CONSENT_STATE_GIVEN && consent_at.set &&
           consent_at.value > now_ms - CONSENT_MS;
}
