/* Audit payloads for people: the keys of `audit-keys`, unwrapped with the deployment's key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "program/program.h"

#include "base/table.h"

#include <stdio.h>
#include <stdlib.h>

/* The newest key of a subject, as long as no tombstone came after it. */
struct subject_key {
    char subject[128]; /* key of the record */
    char id[KEY_ID_SIZE];
    uint8_t key[KEY_SIZE];
    bool unwrapped;
};

struct program_payloads {
    struct key_ring *keys;
    struct audit_opener opener;
    struct table subjects; /* subject -> struct subject_key, owned */
    struct table locked;   /* id -> those that the deployment's key does not unwrap; borrowed */
};

/* A tombstone takes the key away although the topic may not have been compacted yet: what was
 * erased stays closed. */
static void keep(struct program_payloads *payloads, struct program *program,
                 const struct stream_record *record, void *scratch)
{
    const struct record_type *type = NULL;
    const struct audit_key *stored = scratch;
    if (record->key.data == NULL || record->key.size > sizeof(((struct subject_key *)0)->subject)) {
        return;
    }
    free(table_remove(&payloads->subjects, record->key));
    if (record->value.data == NULL ||
        codec_decode(program->codec, record->value, &type, scratch) != DECODE_OK ||
        type != &record_audit_key || stored->dek_id.size != KEY_ID_SIZE) {
        return;
    }
    struct subject_key *held = memory_get(sizeof(*held));
    memcpy(held->subject, record->key.data, record->key.size);
    memcpy(held->id, stored->dek_id.data, KEY_ID_SIZE);
    held->unwrapped = key_unwrap(payloads->keys, record->key, stored->wrapped_key, held->key);
    table_add(&payloads->subjects, bytes_of(held->subject, record->key.size), held);
}

/* Once all of the topic was read. */
static void keep_all(struct program_payloads *payloads)
{
    for (size_t i = 0; i < payloads->subjects.count; i++) {
        struct subject_key *held = payloads->subjects.entries[i].value;
        if (held == NULL) {
            continue;
        }
        const struct bytes id = bytes_of(held->id, KEY_ID_SIZE);
        if (held->unwrapped) {
            key_ring_keep(payloads->keys, held->key);
        } else if (table_find(&payloads->locked, id) == NULL) {
            table_add(&payloads->locked, id, held);
        }
    }
}

static enum status load_partition(struct program_payloads *payloads, struct program *program,
                                  const char *topic, int32_t partition, struct error *error)
{
    struct cluster *cluster = program->cluster;
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, topic, partition, 0, true, &reader, error));
    int64_t start = 0;
    int64_t end = 0;
    enum status status = reader->ops->bounds(reader, &start, &end, error);
    void *scratch = memory_get(codec_record_size(program->codec));
    while (status == STATUS_OK && reader->ops->position(reader) < end) {
        struct stream_record record = {0};
        bool found = false;
        status = reader->ops->read(reader, 1000, &record, &found, error);
        if (status == STATUS_OK && found) {
            keep(payloads, program, &record, scratch);
            reader->ops->release(reader, &record);
        }
    }
    free(scratch);
    reader->ops->close(reader);
    return status;
}

static enum status load(struct program_payloads *payloads, struct program *program,
                        struct error *error)
{
    TRY(program_keys(program, &payloads->keys, error));
    payloads->opener = (struct audit_opener){.codec = program->codec, .keys = payloads->keys};
    char topic[512];
    snprintf(topic, sizeof(topic), "%saudit-keys", program->config->topics_prefix);
    int32_t partitions = 0;
    TRY(program_partitions(program, &partitions, error));
    for (int32_t partition = 0; partition < partitions; partition++) {
        TRY(load_partition(payloads, program, topic, partition, error));
    }
    keep_all(payloads);
    return STATUS_OK;
}

enum status program_payloads_open(struct program *program, struct program_payloads **payloads_out,
                                  struct error *error)
{
    struct program_payloads *payloads = memory_get(sizeof(*payloads));
    *payloads = (struct program_payloads){0};
    const enum status status = load(payloads, program, error);
    if (status != STATUS_OK) {
        program_payloads_close(payloads);
        return status;
    }
    *payloads_out = payloads;
    return STATUS_OK;
}

void program_payloads_close(struct program_payloads *payloads)
{
    if (payloads != NULL) {
        for (size_t i = 0; i < payloads->subjects.count; i++) {
            free(payloads->subjects.entries[i].value);
        }
        table_release(&payloads->subjects);
        table_release(&payloads->locked);
        key_ring_free(payloads->keys);
        audit_opener_release(&payloads->opener);
        free(payloads);
    }
}

enum payload_key program_payload_key(const struct program_payloads *payloads,
                                     const struct audit *audit)
{
    if (key_ring_find(payloads->keys, audit->dek_id) != NULL) {
        return PAYLOAD_KEY_AT_HAND;
    }
    return table_find(&payloads->locked, audit->dek_id) != NULL ? PAYLOAD_KEY_LOCKED
                                                                 : PAYLOAD_KEY_ERASED;
}

bool program_payload_open(void *context, const struct audit *audit, struct audit_payload *payload)
{
    struct program_payloads *payloads = context;
    return audit_opener_open(&payloads->opener, audit, payload);
}

enum audit_opened program_payload_plain(struct program_payloads *payloads, const struct audit *audit,
                                        struct bytes *plain_out)
{
    return audit_opener_plain(&payloads->opener, audit, plain_out);
}
