/* What a step puts out: rows, timers, records, decisions with their audit, dead letters.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

#include <stdio.h>

/* Encodes `record` and puts it out; NULL record: a tombstone. */
static void put_out(struct task *task, const struct record_type *type, const void *record,
                    struct bytes key, int32_t partition)
{
    struct member *member = task->member;
    const struct topic *topic = topic_of_output(type);
    ASSERT(topic != NULL);
    struct bytes value = {0};
    buffer_clear(&member->buffer);
    if (record != NULL) {
        codec_encode(member->codec, type, record, &member->buffer);
        value = buffer_bytes(&member->buffer);
    }
    task->work->tally.outputs++;
    digest_stream_add(task->work->outputs_hash, key);
    digest_stream_add(task->work->outputs_hash, value);
    outputs_add(&member->batch.outputs,
                &(struct stream_output){.topic = member_topic(member, topic),
                                        .partition = partition,
                                        .timestamp_ms = task->work->head.clock_ms,
                                        .barrier = task->barrier,
                                        .key = key,
                                        .value = value});
}

static void keep_failure(struct task *task, enum status status, const struct error *error)
{
    if (status != STATUS_OK && task->emit_status == STATUS_OK) {
        task->emit_status = status;
        task->emit_error = *error;
    }
}

/* "kind:id" in `text`; record ids are at most 64 bytes, kinds at most 12. */
static struct bytes subject_key(struct bytes kind, struct bytes id, uint8_t text[128])
{
    ASSERT(kind.size + 1 + id.size <= 128);
    memcpy(text, kind.data, kind.size);
    text[kind.size] = ':';
    memcpy(text + kind.size + 1, id.data, id.size);
    return bytes_of(text, kind.size + 1 + id.size);
}

static void on_emit(void *context, const struct record_type *type, const void *record,
                    bool tombstone)
{
    struct task *task = context;
    uint8_t text[128];
    struct bytes kind = {0};
    struct bytes id = {0};
    record_subject(type, record, &kind, &id);
    put_out(task, type, tombstone ? NULL : record, subject_key(kind, id, text), -1);
}

static enum status on_get(void *context, struct bytes key, struct bytes *value_out,
                          struct error *error)
{
    struct task *task = context;
    return state_get(task->state, key, value_out, error);
}

static void on_put(void *context, struct bytes key, struct bytes value)
{
    struct task *task = context;
    state_put(task->state, key, value);
}

static void on_remove(void *context, struct bytes key)
{
    struct task *task = context;
    state_remove(task->state, key);
}

static void on_timer(void *context, struct bytes key, int64_t before_ms, int64_t due_ms)
{
    struct task *task = context;
    timers_move(task->timers, key, before_ms, due_ms);
}

/* A new data key for the subject: its row and its record in audit-keys. */
static void data_key_make(struct task *task, const struct audit_payload *payload,
                          struct bytes subject, struct bytes row, struct bytes decision_id,
                          uint8_t key_out[KEY_SIZE])
{
    struct member *member = task->member;
    uint8_t wrapped[WRAPPED_SIZE];
    char id[KEY_ID_SIZE];
    char event_id[KEY_ID_SIZE + 3];
    key_make(member->keys, subject, decision_id, key_out, wrapped);
    key_id(key_out, id);
    snprintf(event_id, sizeof(event_id), "%.*s.k", KEY_ID_SIZE, id);
    const struct audit_key record = {.event_id = bytes_of(event_id, KEY_ID_SIZE + 2),
                                     .occurred_at = task->work->head.clock_ms,
                                     .subject_kind = payload->subject_kind,
                                     .subject_id = payload->subject_id,
                                     .dek_id = bytes_of(id, KEY_ID_SIZE),
                                     .kek_id = key_ring_id(member->keys),
                                     .wrapped_key = bytes_of(wrapped, WRAPPED_SIZE)};
    put_out(task, &record_audit_key, &record, subject, -1);
    state_put(task->state, row, buffer_bytes(&member->buffer)); /* as just encoded */
}

/* The row of a subject's data key in `text`: "k" and the subject's key, which is *subject_out. */
static struct bytes data_key_row(const struct audit_payload *payload, uint8_t text[129],
                                 struct bytes *subject_out)
{
    text[0] = 'k';
    const struct bytes kind =
        bytes_text(enum_symbol(&enum_subject_kind, (int32_t)payload->subject_kind));
    *subject_out = subject_key(kind, payload->subject_id, text + 1);
    return bytes_of(text, subject_out->size + 1);
}

/* Erases what the audit holds of a subject: both copies of its key go. */
static void data_key_destroy(struct task *task, const struct audit_payload *payload)
{
    uint8_t text[129];
    struct bytes subject = {0};
    state_remove(task->state, data_key_row(payload, text, &subject));
    put_out(task, &record_audit_key, NULL, subject, -1);
}

static enum status data_key_get(struct task *task, const struct audit_payload *payload,
                                struct bytes decision_id, uint8_t key_out[KEY_SIZE],
                                struct error *error)
{
    struct member *member = task->member;
    uint8_t text[129];
    struct bytes subject = {0};
    const struct bytes row = data_key_row(payload, text, &subject);
    struct bytes stored = {0};
    TRY(state_get(task->state, row, &stored, error));
    if (stored.data == NULL) {
        data_key_make(task, payload, subject, row, decision_id, key_out);
    } else {
        const struct audit_key *record = member->row;
        const struct record_type *type = NULL;
        if (codec_decode(member->codec, stored, &type, member->row) != DECODE_OK ||
            type != &record_audit_key) {
            return error_set(error, STATUS_FATAL, "corrupt key row in the state of '%s' partition "
                             "%d: move its directory away, it is rebuilt from the changelog",
                             member->topology->name, task->partition);
        }
        if (!key_unwrap(member->keys, subject, record->wrapped_key, key_out)) {
            return error_set(error, STATUS_FATAL,
                             "audit keys were wrapped by key '%.*s', audit.key_file holds '%.*s': "
                             "give every worker the same key file",
                             BYTES_PRINT(record->kek_id), BYTES_PRINT(key_ring_id(member->keys)));
        }
    }
    if (member->options->causal) {
        key_ring_keep(member->keys, key_out); /* to show payloads on --output */
    }
    return STATUS_OK;
}

/* payload_hash = SHA-256 of salt and plain payload (audit_payload.h); the link of the chain = SHA-256 of the
 * record with an empty payload, which holds prev_hash and payload_hash: neither depends on cipher or key. */
static enum status write_audit(struct task *task, const struct audit *clear,
                               const struct audit_payload *facts, struct error *error)
{
    struct member *member = task->member;
    uint8_t key[KEY_SIZE];
    uint8_t salt[SALT_SIZE];
    uint8_t payload_hash[DIGEST_SIZE];
    char id[KEY_ID_SIZE];
    TRY(data_key_get(task, facts, clear->decision_id, key, error));
    key_id(key, id);
    key_salt(key, clear->decision_id, salt);

    struct audit_payload *payload = member->payload;
    *payload = *facts;
    payload->salt = bytes_of(salt, SALT_SIZE);
    buffer_clear(&member->plain);
    codec_encode(member->codec, &record_audit_payload, payload, &member->plain);
    const struct bytes parts[] = {payload->salt, buffer_bytes(&member->plain)};
    digest_sha256(parts, COUNT_OF(parts), payload_hash);

    struct audit audit = *clear;
    audit.prev_hash = bytes_of(
        PLANTED(AUDIT_UNCHAINED) ? payload_hash : task->work->head.audit_hash, DIGEST_SIZE);
    audit.payload_hash = bytes_of(payload_hash, DIGEST_SIZE);
    audit.dek_id = bytes_of(id, KEY_ID_SIZE);
    audit.payload = bytes_of("", 0);
    buffer_clear(&member->buffer);
    codec_encode_datum(member->codec, &record_audit, &audit, &member->buffer);
    uint8_t link[DIGEST_SIZE];
    const struct bytes datum = buffer_bytes(&member->buffer);
    digest_sha256(&datum, 1, link);

    buffer_clear(&member->sealed);
    key_seal(key, clear->decision_id, buffer_bytes(&member->plain), &member->sealed);
    audit.payload = buffer_bytes(&member->sealed);
    char name[128];
    const int size =
        snprintf(name, sizeof(name), "%s:%d", member->topology->name, task->partition);
    put_out(task, &record_audit, &audit, bytes_of(name, (size_t)size), task->partition);
    memcpy(task->work->head.audit_hash, link, DIGEST_SIZE);
    return STATUS_OK;
}

static void on_decide(void *context, const struct audit *audit,
                      const struct audit_payload *payload)
{
    struct task *task = context;
    struct error error = {0};
    task->work->tally.decisions++;
    task->work->tally.held += audit->action == AUDIT_ACTION_HOLD;
    keep_failure(task, write_audit(task, audit, payload, &error), &error);
    if (audit->action == AUDIT_ACTION_ERASE) {
        data_key_destroy(task, payload);
    }
}

const struct step_io task_io = {
    .get = on_get,
    .put = on_put,
    .remove = on_remove,
    .timer = on_timer,
    .emit = on_emit,
    .decide = on_decide,
};

/* A larger payload is left out: the dead letter must fit its own topic. */
#define DEAD_PAYLOAD_MAX ((size_t)512 * 1024)

void task_dead_letter(struct task *task, const struct stream_record *record,
                      enum dead_reason reason)
{
    struct member *member = task->member;
    const char *topic = member->topology->sources[record->source].topic->name;
    uint8_t hash[DIGEST_SIZE];
    digest_sha256(&record->value, 1, hash);
    char key[256];
    const int size = snprintf(key, sizeof(key), "%s:%d:%lld", topic, record->partition,
                              (long long)record->offset);
    ASSERT(size > 0 && (size_t)size < sizeof(key));
    uint8_t digest[DIGEST_SIZE];
    char event_id[DIGEST_SIZE + 2];
    const struct bytes identity[] = {bytes_text(member->topology->name), bytes_text("/"),
                                     bytes_of(key, (size_t)size)};
    digest_sha256(identity, COUNT_OF(identity), digest);
    hex_format(bytes_of(digest, DIGEST_SIZE / 2), event_id);
    memcpy(event_id + DIGEST_SIZE, ".0", 2);
    const bool kept = member->config->dead_letter_payload && record->value.data != NULL &&
                      record->value.size <= DEAD_PAYLOAD_MAX;
    const struct dead_letter letter = {.event_id = bytes_of(event_id, sizeof(event_id)),
                                       .occurred_at = task->work->head.clock_ms,
                                       .reason = reason,
                                       .topic = bytes_text(topic),
                                       .partition = record->partition,
                                       .offset = record->offset,
                                       .record_timestamp = record->timestamp_ms,
                                       .bytes = (int32_t)record->value.size,
                                       .bytes_hash = bytes_of(hash, DIGEST_SIZE),
                                       .payload = kept ? record->value : (struct bytes){0}};
    task->work->tally.dead_letters++;
    put_out(task, &record_dead_letter, &letter, bytes_of(key, (size_t)size), task->partition);
}
