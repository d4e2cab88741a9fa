/* What users, reviewers and upstream systems send: drawn from the seed, arriving while the workers run.
 *
 * Few subjects, so that cases, strikes, ladders, appeals and timers meet; some records are bad, some come twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "broker.h"
#include "record/record.h"

#include <stdio.h>

enum { BURSTS_MIN = 8, BURSTS_MAX = 40, USERS = 5, ROOMS = 2, REPORTERS = 6, RECENT_MAX = 8 };

struct subject {
    enum subject_kind kind;
    char id[16];
};

struct recent {
    char report[32];
    struct subject subject;
    enum category category;
    enum area area;
};

/* Of one seed, that is of one process. */
static struct {
    unsigned bursts_left;
    bool begun;
    int64_t next_ms;
    unsigned serial;
    struct recent recent[RECENT_MAX];
    unsigned recent_count;
    struct buffer last_value; /* of the last record, to be sent again */
    char last_key[64];
    char last_topic[32];
} feed;

static unsigned below(unsigned count)
{
    return (unsigned)random_below(&world->inputs, count);
}

static void append_at(const char *topic, const char *key, struct bytes value, int64_t time_ms,
                      int32_t partition)
{
    char name[160];
    snprintf(name, sizeof(name), "%s%s", world->environment->config->topics_prefix, topic);
    uint8_t *kept = memory_get(value.size + 1);
    if (value.size > 0) {
        memcpy(kept, value.data, value.size);
    }
    const struct entry entry = {.kind = ENTRY_RECORD,
                                .state = ENTRY_VISIBLE,
                                .timestamp_ms = time_ms,
                                .key = key == NULL ? (struct bytes){0} : bytes_text(memory_text(key)),
                                .value = value.data == NULL ? value : bytes_of(kept, value.size)};
    if (partition < 0) {
        partition = stream_partition(entry.key, world->partitions);
    }
    trace("input", (int64_t)broker_topic(name), partition, time_ms);
    broker_append((struct place){.topic = broker_topic(name), .partition = partition}, &entry);
}

static int64_t input_time(void)
{
    return wall_ms() - (below(8) == 0 ? (int64_t)below(6 * 3600 * 1000) : 0);
}

static void send(const char *topic, const struct record_type *type, const void *record,
                 const struct subject *subject)
{
    snprintf(feed.last_key, sizeof(feed.last_key), "%s:%s",
             enum_symbol(&enum_subject_kind, (int32_t)subject->kind), subject->id);
    snprintf(feed.last_topic, sizeof(feed.last_topic), "%s", topic);
    buffer_clear(&feed.last_value);
    codec_encode(world->environment->codec, type, record, &feed.last_value);
    append_at(topic, feed.last_key, buffer_bytes(&feed.last_value), input_time(), -1);
}

static void name(char text[32], const char *kind)
{
    snprintf(text, 32, "%s-%u", kind, ++feed.serial);
}

static struct subject user(void)
{
    struct subject user = {.kind = SUBJECT_KIND_USER};
    snprintf(user.id, sizeof(user.id), "u%u", below(USERS));
    return user;
}

static struct subject room(void)
{
    struct subject room = {.kind = SUBJECT_KIND_ROOM};
    snprintf(room.id, sizeof(room.id), "r%u", below(ROOMS));
    return room;
}

static void remember(const struct recent *recent)
{
    feed.recent[feed.recent_count % RECENT_MAX] = *recent;
    feed.recent_count++;
}

static const struct recent *recall(void)
{
    const unsigned count = feed.recent_count < RECENT_MAX ? feed.recent_count : RECENT_MAX;
    return count == 0 ? NULL : &feed.recent[below(count)];
}

static void send_report(const struct recent *about, unsigned reporter, const char *content)
{
    char event[32];
    char reporter_id[16];
    name(event, "rep");
    snprintf(reporter_id, sizeof(reporter_id), "u%u", USERS - 2 + reporter);
    const struct subject place = room();
    const struct subject author = user();
    const bool of_room = about->subject.kind == SUBJECT_KIND_ROOM;
    const int64_t act_ms = wall_ms() - (int64_t)below(3600 * 1000);
    struct report report = {.event_id = bytes_text(event),
                            .occurred_at = wall_ms(),
                            .subject_kind = about->subject.kind,
                            .subject_id = bytes_text(about->subject.id),
                            .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
                            .report_kind = REPORT_KIND_BREACH,
                            .reporter_id = bytes_text(reporter_id),
                            .good_faith = true,
                            .target_kind = TARGET_KIND_CONTENT,
                            .content_ref = bytes_text(content),
                            .area = about->area,
                            .room_id = bytes_text(of_room ? about->subject.id : place.id),
                            .author_id = of_room ? bytes_text(author.id) : (struct bytes){0},
                            .act_at = act_ms,
                            .actor_role = (enum role)below(3),
                            .relation = RELATION_NON_FRIEND,
                            .sender_kind = SENDER_KIND_PERSON,
                            .category = about->category,
                            .labels_count = 1,
                            .target_age_band = AGE_BAND_ADULT,
                            .actor_age_band = AGE_BAND_ADULT,
                            .consent_state = CONSENT_STATE_UNKNOWN};
    report.labels[0] = (struct label){.category = about->category,
                                      .score = below(6) == 0 ? 500 : 950,
                                      .labeller = bytes_text("intake")};
    send("reports", &record_report, &report, &about->subject);
    struct recent recent = *about;
    snprintf(recent.report, sizeof(recent.report), "%s", event);
    remember(&recent);
}

/* Several reporters on one message, mostly enough to confirm it. */
static void reports(void)
{
    static const enum category categories[] = {CATEGORY_ABUSE_SLANDER, CATEGORY_HATE_SPEECH,
                                               CATEGORY_SPAM_AD,       CATEGORY_FLOODING,
                                               CATEGORY_DRUGS,         CATEGORY_GAMBLING_DISTRIBUTION};
    static const enum area areas[] = {AREA_OPEN_CHAT_ROOM, AREA_OPEN_CHAT_ROOM, AREA_REGULAR_CHAT,
                                      AREA_TALK_PROFILE};
    struct recent about = {.category = categories[below(COUNT_OF(categories))],
                           .area = areas[below(COUNT_OF(areas))]};
    char content[32];
    about.subject = below(4) == 0 ? room() : user();
    snprintf(content, sizeof(content), "m-%u", below(20));
    const unsigned count = 1 + below(4);
    const unsigned first = below(REPORTERS);
    for (unsigned i = 0; i < count; i++) {
        send_report(&about, (first + i) % REPORTERS, content);
    }
}

/* A decision that was published, and whose it was. */
static bool published(struct restriction *restriction_out)
{
    char topic[160];
    snprintf(topic, sizeof(topic), "%srestrictions", world->environment->config->topics_prefix);
    const struct log_partition *partition = broker_partition(
        (struct place){.topic = broker_topic(topic), .partition = (int32_t)below((unsigned)world->partitions)});
    const int64_t end = partition_stable(partition);
    if (end == 0) {
        return false;
    }
    const struct entry *entry = &partition->entries[random_below(&world->inputs, (uint64_t)end)];
    const struct codec *codec = world->environment->codec;
    void *record = memory_get(codec_record_size(codec));
    const struct record_type *type = NULL;
    if (entry->state != ENTRY_VISIBLE || entry->value.data == NULL ||
        codec_decode(codec, entry->value, &type, record) != DECODE_OK) {
        return false;
    }
    *restriction_out = *(const struct restriction *)record;
    return true;
}

static struct subject subject_of(const struct restriction *restriction)
{
    struct subject subject = {.kind = restriction->subject_kind};
    snprintf(subject.id, sizeof(subject.id), "%.*s", BYTES_PRINT(restriction->subject_id));
    return subject;
}

static void verdict(void)
{
    static const enum verdict_kind kinds[] = {
        VERDICT_KIND_CONFIRM,      VERDICT_KIND_CONFIRM,         VERDICT_KIND_DISMISS,
        VERDICT_KIND_SET_PERMANENT, VERDICT_KIND_LIFT,           VERDICT_KIND_APPEAL_REJECT,
        VERDICT_KIND_APPEAL_OVERTURN, VERDICT_KIND_DISMISS_GROUNDLESS};
    char event[32];
    const struct recent *recent = recall();
    if (recent == NULL) {
        return;
    }
    name(event, "ver");
    struct subject subject = recent->subject;
    struct verdict verdict = {.event_id = bytes_text(event),
                              .occurred_at = wall_ms(),
                              .kind = kinds[below(COUNT_OF(kinds))],
                              .category = recent->category,
                              .severity = (enum severity)below(3),
                              .area = recent->area,
                              .consent_state = CONSENT_STATE_UNKNOWN,
                              .reviewer_ref = bytes_text("reviewer-1"),
                              .report_ids_count = 1};
    verdict.report_ids[0] = bytes_text(recent->report);
    struct restriction decided;
    if (verdict.kind >= VERDICT_KIND_SET_PERMANENT && published(&decided)) {
        verdict.target_decision_id = decided.decision_id;
        subject = subject_of(&decided);
    }
    verdict.subject_kind = subject.kind;
    verdict.subject_id = bytes_text(subject.id);
    send("verdicts", &record_verdict, &verdict, &subject);
}

static void appeal(void)
{
    struct restriction decided;
    if (!published(&decided)) {
        return;
    }
    char event[32];
    name(event, "app");
    const struct subject subject = subject_of(&decided);
    const struct appeal appeal = {.event_id = bytes_text(event),
                                  .occurred_at = wall_ms(),
                                  .subject_kind = subject.kind,
                                  .subject_id = bytes_text(subject.id),
                                  .appeal_id = bytes_text(event),
                                  .kind = APPEAL_KIND_APPEAL,
                                  .target_decision_id = decided.decision_id,
                                  .appellant_id = bytes_text(subject.id),
                                  .requested_by = REQUESTER_SELF,
                                  .verified_subject = true};
    send("appeals", &record_appeal, &appeal, &subject);
}

static void account(void)
{
    static const enum account_change_kind kinds[] = {
        ACCOUNT_CHANGE_KIND_REGISTERED, ACCOUNT_CHANGE_KIND_DEVICE, ACCOUNT_CHANGE_KIND_AGE_BAND,
        ACCOUNT_CHANGE_KIND_WITHDRAWN};
    char event[32];
    char tag[16];
    name(event, "acc");
    const struct subject subject = user();
    snprintf(tag, sizeof(tag), "tag%u", below(2)); /* persons with several accounts, one after the other */
    const struct account_change change = {.event_id = bytes_text(event),
                                          .occurred_at = wall_ms(),
                                          .subject_kind = SUBJECT_KIND_USER,
                                          .subject_id = bytes_text(subject.id),
                                          .kind = kinds[below(COUNT_OF(kinds))],
                                          .rejoin_tag = bytes_text(tag),
                                          .erase_consent = below(2) == 0,
                                          .requested_by = REQUESTER_SELF,
                                          .age_band = AGE_BAND_ADULT,
                                          .language = LANGUAGE_KO};
    send("accounts", &record_account_change, &change, &subject);
}

static void behaviour(void)
{
    static const enum chat_event_kind kinds[] = {CHAT_EVENT_KIND_INVITE, CHAT_EVENT_KIND_POST,
                                                 CHAT_EVENT_KIND_FRIEND_ADD, CHAT_EVENT_KIND_CALL};
    char event[32];
    char peer[16];
    name(event, "evt");
    const struct subject subject = user();
    snprintf(peer, sizeof(peer), "p%u", below(20));
    const struct chat_event act = {.event_id = bytes_text(event),
                                   .occurred_at = wall_ms(),
                                   .subject_kind = SUBJECT_KIND_USER,
                                   .subject_id = bytes_text(subject.id),
                                   .kind = kinds[below(COUNT_OF(kinds))],
                                   .area = AREA_OPEN_CHAT_ROOM,
                                   .peer_id = bytes_text(peer),
                                   .peer_relation = RELATION_NON_FRIEND,
                                   .count = below(3) == 0 ? 120 : 1};
    send("chat-events", &record_chat_event, &act, &subject);
}

/* Who owns and runs a room: he may be liable for it. */
static void ownership(void)
{
    char event[32];
    name(event, "evt");
    const struct subject subject = room();
    const struct subject person = user();
    const struct chat_event change = {.event_id = bytes_text(event),
                                      .occurred_at = wall_ms(),
                                      .subject_kind = SUBJECT_KIND_ROOM,
                                      .subject_id = bytes_text(subject.id),
                                      .kind = below(2) == 0 ? CHAT_EVENT_KIND_ROOM_CREATED
                                                            : CHAT_EVENT_KIND_ROLE_CHANGE,
                                      .area = AREA_OPEN_CHAT_ROOM,
                                      .room_id = bytes_text(subject.id),
                                      .member_id = bytes_text(person.id),
                                      .role = (enum role)below(3),
                                      .peer_relation = RELATION_UNKNOWN,
                                      .count = 1};
    send("chat-events", &record_chat_event, &change, &subject);
}

/* What ends as a dead letter. */
static void bad(void)
{
    static const uint8_t rubbish[] = {0xc3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const int32_t partition = (int32_t)below((unsigned)world->partitions);
    switch (below(4)) {
    case 0:
        append_at("reports", "USER:u1", bytes_of(rubbish, sizeof(rubbish)), input_time(), -1);
        break;
    case 1:
        append_at("reports", NULL, bytes_of(rubbish, sizeof(rubbish)), input_time(), partition);
        break;
    case 2:
        append_at("verdicts", "USER:u2", (struct bytes){0}, input_time(), -1);
        break;
    case 3:
        append_at("accounts", "USER:u3", bytes_of(rubbish, sizeof(rubbish)), 1, -1);
        break;
    }
}

static void again(void)
{
    if (feed.last_value.size > 0) {
        append_at(feed.last_topic, feed.last_key, buffer_bytes(&feed.last_value), input_time(), -1);
    }
}

static void burst(void)
{
    static void (*const makers[])(void) = {reports, reports, reports, reports,   verdict, verdict,
                                           appeal,  account, account, behaviour, ownership, bad,
                                           again};
    const unsigned count = 1 + below(3);
    for (unsigned i = 0; i < count; i++) {
        makers[below(COUNT_OF(makers))]();
    }
}

void inputs_turn(void)
{
    if (!feed.begun) {
        feed.begun = true;
        feed.bursts_left = BURSTS_MIN + below(BURSTS_MAX - BURSTS_MIN);
    }
    if (feed.bursts_left == 0 || world->now_ms < feed.next_ms) {
        return;
    }
    feed.bursts_left--;
    burst();
    feed.next_ms = world->now_ms + (int64_t)below(below(3) == 0 ? 3000 : 300);
    if (below(3) == 0) { /* hours and days pass */
        world->date_ms += (int64_t)below(below(4) == 0 ? 5 * 24 * 3600 * 1000u : 6 * 3600 * 1000u);
    }
}

bool inputs_done(void)
{
    return feed.begun && feed.bursts_left == 0 && world->now_ms > feed.next_ms + 2000;
}
