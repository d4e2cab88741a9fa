/* Requests become notices: declared, wanted, disclosed first, in size, out of the quiet window.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/notice.h"

#include "base/assert.h"
#include "base/time.h"
#include "notice/catalogue_internal.h"
#include "notice/kind.h"
#include "notice/state_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* Number of a request's notices inside its decision: above those of the decision's own records,
 * which a case with a million reports counts far. */
#define NUMBER_FIRST INT64_C(1000000000)
#define NUMBER_DIGITS_MAX 9

/* One request on its way. */
struct making {
    const struct catalogue *catalogue;
    const struct notice_rules *rules;
    const struct language_file *file;
    const struct notice_request *request;
    const struct notice_template *template;
    const struct addressee_state *state;
    int64_t now_ms;
    struct values values;
    uint64_t channels;
    char event_ids[2][DIGEST_SIZE * 2 + 16]; /* of the disclosure, of the notice */
    struct notice disclosure;
    struct notice notice;
};

static enum notice_result request_take(struct making *making, struct notice_outbox *outbox,
                                       struct addressee_state *state, enum dead_reason *reason_out);

enum notice_result notice_record(const struct catalogue *catalogue,
                                 const struct notice_rules *rules, struct notice_outbox *outbox,
                                 struct addressee_state *state, const struct record_type *type,
                                 const void *record, int64_t now_ms, struct arena *arena,
                                 enum dead_reason *reason_out)
{
    ASSERT(type == &record_notice_request || type == &record_notice_preference ||
           type == &record_account_change);
    if (type == &record_account_change) {
        return state_take_account(state, record, now_ms);
    }
    if (type == &record_notice_preference) {
        return state_take_preference(state, record, now_ms, arena);
    }
    const struct notice_request *request = record;
    struct making making = {
        .catalogue = catalogue,
        .rules = rules,
        .file = catalogue_file(catalogue, state->language.set ? (enum language)state->language.value
                                                              : LANGUAGE_UNKNOWN),
        .request = request,
        .state = state,
        .now_ms = now_ms,
    };
    return request_take(&making, outbox, state, reason_out);
}

bool notice_is_empty(const struct addressee_state *state)
{
    return !state->language.set && !state->platform.set &&
           state->account_state == ACCOUNT_STATE_ACTIVE && state->disclosure_version.data == NULL &&
           state->preferences_count == 0 && !state->ad_consent.set &&
           !state->night_ad_consent.set && state->events_count == 0;
}

/* Splits SHORT_SUFFIX off. */
static bool name_is_short(struct bytes *name)
{
    const size_t size = sizeof(SHORT_SUFFIX) - 1;
    if (name->size < size || memcmp(name->data + name->size - size, SHORT_SUFFIX, size) != 0) {
        return false;
    }
    name->size -= size;
    return true;
}

bool notice_render(const struct catalogue *catalogue, const struct notice *notice,
                   struct buffer *out)
{
    const struct language_file *file = catalogue_file(catalogue, notice->language);
    struct bytes name = notice->template;
    const size_t which = name_is_short(&name) ? TEXT_SHORT : TEXT_FULL;
    const struct notice_template *template = catalogue_find(file, name);
    struct values values;
    if (template == NULL || !values_read(notice->params, notice->params_count, &values)) {
        return false;
    }
    catalogue_render(file, &template->texts[which], notice->advert, &values, out);
    return true;
}

static bool request_is_declared(const struct making *making)
{
    const struct notice_request *request = making->request;
    if (making->template == NULL || making->template->kind != request->kind) {
        return false;
    }
    /* What cannot be refused must not advertise. */
    if (request->advert && kind_is_mandatory(request->kind)) {
        return false;
    }
    for (uint32_t i = 0; i < request->params_count; i++) {
        if (!kind_may_hold(request->kind, request->params[i].name)) {
            return false;
        }
    }
    return true;
}

/* Common to both notices. */
static struct notice notice_start(const struct making *making, enum notice_kind kind)
{
    const struct notice_request *request = making->request;
    return (struct notice){
        .occurred_at = making->now_ms,
        .subject_kind = request->subject_kind,
        .subject_id = request->subject_id,
        .decision_id = request->decision_id,
        .audience = request->audience,
        .kind = kind,
        .mandatory = kind_is_mandatory(kind),
        .language = making->file->language,
        .platform = making->state->platform.set ? (enum platform)making->state->platform.value
                                                : PLATFORM_COMMON,
        .disclosure_version = making->state->disclosure_version.data != NULL
                                  ? making->state->disclosure_version
                                  : making->file->disclosure,
    };
}

/* Names template and text, and measures it. */
static void notice_set_text(const struct making *making, struct notice *notice,
                            const struct notice_template *template, size_t which,
                            const struct values *values)
{
    const struct text *text = &template->texts[which];
    notice->template = which == TEXT_SHORT ? template->short_name : template->name;
    notice->template_hash = bytes_of(text->hash, sizeof(text->hash));
    const size_t size = catalogue_render(making->file, text, notice->advert, values, NULL);
    notice->rendered_bytes = size > INT32_MAX ? INT32_MAX : (int32_t)size;
}

/* Chooses full or short texts of the notice, and of the disclosure if it is a pair, of together at
 * most `bytes_max`; false: too large whatever is chosen. */
static bool texts_choose(struct making *making, bool pair, int64_t bytes_max)
{
    static const struct values none;
    const struct notice_template *disclosure = catalogue_disclosure_template(making->file);
    /* The disclosure is the last to be shortened. */
    static const struct {
        size_t disclosure;
        size_t notice;
    } choices[] = {{TEXT_FULL, TEXT_FULL}, {TEXT_FULL, TEXT_SHORT}, {TEXT_SHORT, TEXT_SHORT}};
    for (size_t i = 0; i < COUNT_OF(choices); i++) {
        int64_t size = 0;
        if (pair) {
            notice_set_text(making, &making->disclosure, disclosure, choices[i].disclosure, &none);
            size += making->disclosure.rendered_bytes;
        }
        notice_set_text(making, &making->notice, making->template, choices[i].notice,
                        &making->values);
        size += making->notice.rendered_bytes;
        if (size <= bytes_max) {
            return true;
        }
    }
    return false;
}

/* When the quiet window that holds `time_ms` ends; `time_ms` itself outside of it. */
static int64_t quiet_end(const struct notice_rules *rules, int64_t time_ms)
{
    const int64_t day_ms = time_ms - time_ms % DAY_MS;
    const int64_t at = time_ms % DAY_MS;
    const int64_t from = rules->quiet_from_ms;
    const int64_t until = rules->quiet_until_ms;
    if (from <= until) {
        return at >= from && at < until ? day_ms + until : time_ms;
    }
    if (at >= from) {
        return day_ms + DAY_MS + until;
    }
    return at < until ? day_ms + until : time_ms;
}

static void notice_set_time(const struct making *making, struct notice *notice)
{
    const struct notice_request *request = making->request;
    notice->quiet = !notice->mandatory || notice->advert;
    int64_t time_ms = request->due_at > making->now_ms ? request->due_at : making->now_ms;
    const bool night_is_allowed =
        notice->advert && state_consents(making->state->night_ad_consent,
                                         making->state->night_ad_consent_at, making->now_ms);
    if (notice->quiet && !night_is_allowed) {
        time_ms = quiet_end(making->rules, time_ms);
    }
    if (time_ms > making->now_ms) {
        notice->deliver_after = (struct optional_long){.value = time_ms, .set = true};
    }
}

/* Reads n of `<decision>.<n>`; false: the event id has another form. */
static bool number_of(const struct notice_request *request, int64_t *number_out)
{
    const struct bytes id = request->event_id;
    const size_t prefix = request->decision_id.size;
    if (id.size < prefix + 2 || id.size > prefix + 1 + NUMBER_DIGITS_MAX ||
        prefix > (size_t)DIGEST_SIZE * 2 || id.data[prefix] != '.' ||
        !bytes_equal(bytes_of(id.data, prefix), request->decision_id)) {
        return false;
    }
    int64_t number = 0;
    for (size_t i = prefix + 1; i < id.size; i++) {
        if (id.data[i] < '0' || id.data[i] > '9') {
            return false;
        }
        number = number * 10 + (id.data[i] - '0');
    }
    *number_out = number;
    return true;
}

static void event_ids_make(struct making *making)
{
    const struct notice_request *request = making->request;
    char hex[DIGEST_SIZE];
    struct bytes base = request->decision_id;
    int64_t number = 0;
    /* A longer sum would not be an id of 64 bytes any more. */
    if (!number_of(request, &number) || base.size > 64 - 1 - (NUMBER_DIGITS_MAX + 2)) {
        uint8_t digest[DIGEST_SIZE];
        digest_sha256(&request->event_id, 1, digest);
        hex_format(bytes_of(digest, sizeof(digest) / 2), hex);
        base = bytes_of(hex, sizeof(hex));
        number = 0;
    }
    for (int i = 0; i < 2; i++) {
        const int size =
            snprintf(making->event_ids[i], sizeof(making->event_ids[i]), "%.*s.%" PRId64,
                     BYTES_PRINT(base), NUMBER_FIRST + 2 * number + i);
        ASSERT(size > 0 && (size_t)size < sizeof(making->event_ids[i]));
    }
    making->disclosure.event_id = bytes_text(making->event_ids[0]);
    making->notice.event_id = bytes_text(making->event_ids[1]);
}

/* Fills the notice and, for a first one, the disclosure; false: over the budget. */
static bool notices_make(struct making *making, bool first)
{
    const struct notice_request *request = making->request;
    making->notice = notice_start(making, request->kind);
    making->notice.advert = request->advert;
    making->notice.params_count = request->params_count;
    memcpy(making->notice.params, request->params, sizeof(request->params));
    making->notice.channels = making->channels;
    making->disclosure = notice_start(making, NOTICE_KIND_NOTICE_DISCLOSURE);
    making->disclosure.channels =
        state_channels(making->state, NOTICE_KIND_NOTICE_DISCLOSURE, true);
    event_ids_make(making);
    notice_set_time(making, &making->notice);
    /* A request for the disclosure itself needs none before it. */
    const bool pair = first && request->kind != NOTICE_KIND_NOTICE_DISCLOSURE;
    making->notice.first = first;
    making->disclosure.first = pair;
    return texts_choose(making, pair,
                        first ? making->rules->first_bytes_max : making->rules->later_bytes_max);
}

static enum notice_result request_take(struct making *making, struct notice_outbox *outbox,
                                       struct addressee_state *state, enum dead_reason *reason_out)
{
    const struct notice_request *request = making->request;
    if (state_has_event(state, EVENT_REQUEST, request->event_id, making->now_ms)) {
        return NOTICE_DUPLICATE;
    }
    making->template = catalogue_find(making->file, request->template);
    if (!request_is_declared(making)) {
        *reason_out = DEAD_REASON_NOTICE_UNDECLARED;
        return NOTICE_REFUSED;
    }
    if (!values_read(request->params, request->params_count, &making->values)) {
        *reason_out = DEAD_REASON_BAD_FIELD;
        return NOTICE_REFUSED;
    }
    making->channels = state_channels(state, request->kind, kind_is_mandatory(request->kind));
    if (state_is_silent(state) || making->channels == 0 ||
        (request->advert &&
         !state_consents(state->ad_consent, state->ad_consent_at, making->now_ms))) {
        state_add_event(state, EVENT_REQUEST, request->event_id, making->now_ms);
        return NOTICE_SUPPRESSED;
    }
    const bool first = state->disclosure_version.data == NULL;
    if (!notices_make(making, first)) {
        *reason_out = DEAD_REASON_NOTICE_OVER_BUDGET;
        return NOTICE_REFUSED;
    }
    if (making->disclosure.first) {
        outbox->emit(outbox, &record_notice, &making->disclosure);
    }
    outbox->emit(outbox, &record_notice, &making->notice);
    if (first) {
        state->disclosure_version = making->file->disclosure;
        state->disclosed_at = (struct optional_long){.value = making->now_ms, .set = true};
    }
    state_add_event(state, EVENT_REQUEST, request->event_id, making->now_ms);
    return NOTICE_DONE;
}
