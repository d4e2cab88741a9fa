/* The plans of all schemas this process can read, by fingerprint, and the encoders of its types.
 *
 * Two open-addressing tables with at most half their slots in use. A fingerprint is its own hash.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/codec.h"

#include "base/assert.h"
#include "schema/avro.h"
#include "schema/encode.h"
#include "schema/plan.h"

#include <stdlib.h>

struct codec_type {
    const struct record_type *type;
    struct encoder *encoder;
    uint8_t prefix[CODEC_PREFIX_SIZE];
};

struct codec {
    struct codec_type *types; /* in the order given */
    size_t type_count;
    size_t record_size;
    const struct codec_type **type_slots; /* by address of the record type */
    size_t type_slot_count;
    struct plan **plan_slots; /* by fingerprint; owned */
    size_t plan_slot_count;
    size_t plan_count;
};

static enum status add_type(struct codec *codec, const struct record_type *type,
                            struct error *error);
static void plan_insert(struct codec *codec, struct plan *plan);

enum status codec_new(const struct record_type *const *types, size_t count,
                      struct codec **codec_out, struct error *error)
{
    OWNED(codec) codec = memory_get(sizeof(*codec));
    *codec = (struct codec){.type_slot_count = 16, .plan_slot_count = 16};
    while (codec->type_slot_count < 2 * count) {
        codec->type_slot_count *= 2;
    }
    codec->types = memory_get(count * sizeof(*codec->types));
    codec->type_slots = calloc(codec->type_slot_count, sizeof(*codec->type_slots));
    codec->plan_slots = calloc(codec->plan_slot_count, sizeof(struct plan *));
    ASSERT(codec->type_slots != NULL && codec->plan_slots != NULL);
    for (size_t i = 0; i < count; i++) {
        TRY(add_type(codec, types[i], error));
    }
    *codec_out = codec;
    codec = NULL;
    return STATUS_OK;
}

void codec_free(struct codec *codec)
{
    if (codec == NULL) {
        return;
    }
    for (size_t i = 0; i < codec->type_count; i++) {
        encoder_free(codec->types[i].encoder);
    }
    for (size_t i = 0; i < codec->plan_slot_count; i++) {
        plan_free(codec->plan_slots[i]);
    }
    free(codec->types);
    free(codec->type_slots);
    free(codec->plan_slots);
    free(codec);
}

/* Whether the type takes data of that name: its own in any namespace, or an alias of it. */
static bool type_reads(const struct record_type *type, const char *writer_name)
{
    if (strcmp(type->name, avro_short_name(writer_name)) == 0) {
        return true;
    }
    struct avro_schema schema = {0};
    const bool reads = avro_parse(bytes_text(type->schema), &schema, NULL) == STATUS_OK &&
                       avro_names_have(&schema.type->aliases, writer_name);
    avro_release(&schema);
    return reads;
}

enum status codec_add_writer(struct codec *codec, struct bytes writer_schema, struct error *error)
{
    struct avro_schema writer = {0};
    const struct record_type *reader = NULL;
    enum status status = avro_parse(writer_schema, &writer, error);
    if (status == STATUS_OK && writer.type->kind == KIND_RECORD) {
        for (size_t i = 0; i < codec->type_count && reader == NULL; i++) {
            reader =
                type_reads(codec->types[i].type, writer.type->name) ? codec->types[i].type : NULL;
        }
    }
    if (status == STATUS_OK && reader == NULL) {
        status = error_set(error, STATUS_FATAL, "schema '%s' is none of the records known here",
                           writer.type->name == NULL ? avro_kind_name(writer.type->kind)
                                                     : writer.type->name);
    }
    avro_release(&writer);
    struct plan *plan = NULL;
    if (status == STATUS_OK) {
        status = plan_new(writer_schema, reader, &plan, error);
    }
    if (status == STATUS_OK) {
        plan_insert(codec, plan);
    }
    return status;
}

static uint64_t prefix_fingerprint(struct bytes payload)
{
    uint64_t fingerprint = 0;
    for (size_t i = CODEC_PREFIX_SIZE; i-- > 2;) {
        fingerprint = fingerprint << 8 | payload.data[i];
    }
    return fingerprint;
}

const struct plan *codec_plan(const struct codec *codec, struct bytes payload)
{
    if (payload.size < CODEC_PREFIX_SIZE || payload.data[0] != 0xc3 || payload.data[1] != 0x01) {
        return NULL;
    }
    const uint64_t fingerprint = prefix_fingerprint(payload);
    const size_t mask = codec->plan_slot_count - 1;
    size_t slot = (size_t)fingerprint & mask;
    while (codec->plan_slots[slot] != NULL && codec->plan_slots[slot]->fingerprint != fingerprint) {
        slot = (slot + 1) & mask;
    }
    return codec->plan_slots[slot];
}

enum decode_result codec_decode(const struct codec *codec, struct bytes payload,
                                const struct record_type **type_out, void *record_out)
{
    const struct plan *plan = codec_plan(codec, payload);
    if (plan == NULL) {
        return DECODE_UNKNOWN_SCHEMA;
    }
    *type_out = plan->reader;
    return plan_decode(plan,
                       bytes_of(payload.data + CODEC_PREFIX_SIZE, payload.size - CODEC_PREFIX_SIZE),
                       record_out);
}

size_t codec_record_size(const struct codec *codec)
{
    return codec->record_size;
}

static size_t type_slot(const struct codec *codec, const struct record_type *type)
{
    const size_t mask = codec->type_slot_count - 1;
    size_t slot = (size_t)((uintptr_t)type >> 4 ^ (uintptr_t)type >> 9) & mask;
    while (codec->type_slots[slot] != NULL && codec->type_slots[slot]->type != type) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

void codec_encode(const struct codec *codec, const struct record_type *type, const void *record,
                  struct buffer *out)
{
    const struct codec_type *entry = codec->type_slots[type_slot(codec, type)];
    ASSERT(entry != NULL);
    encoder_run(entry->encoder, bytes_of(entry->prefix, CODEC_PREFIX_SIZE), record, out);
}

void codec_encode_datum(const struct codec *codec, const struct record_type *type,
                        const void *record, struct buffer *out)
{
    const struct codec_type *entry = codec->type_slots[type_slot(codec, type)];
    ASSERT(entry != NULL);
    encoder_run(entry->encoder, bytes_of(entry->prefix, 0), record, out);
}

const struct record_type *codec_type(const struct codec *codec, struct bytes name)
{
    for (size_t i = 0; i < codec->type_count; i++) {
        if (bytes_is(name, codec->types[i].type->name)) {
            return codec->types[i].type;
        }
    }
    return NULL;
}

static enum status add_type(struct codec *codec, const struct record_type *type,
                            struct error *error)
{
    OWNED(plan) plan = NULL;
    struct encoder *encoder = NULL;
    ASSERT(codec_type(codec, bytes_text(type->name)) == NULL);
    TRY(plan_new(bytes_text(type->schema), type, &plan, error));
    TRY(encoder_new(type, &encoder, error));
    struct codec_type *entry = &codec->types[codec->type_count++];
    *entry = (struct codec_type){.type = type, .encoder = encoder, .prefix = {0xc3, 0x01}};
    for (size_t i = 2; i < CODEC_PREFIX_SIZE; i++) {
        entry->prefix[i] = (uint8_t)(plan->fingerprint >> (8 * (i - 2)));
    }
    codec->type_slots[type_slot(codec, type)] = entry;
    codec->record_size = type->size > codec->record_size ? type->size : codec->record_size;
    plan_insert(codec, plan);
    plan = NULL;
    return STATUS_OK;
}

static void plan_place(struct codec *codec, struct plan *plan)
{
    const size_t mask = codec->plan_slot_count - 1;
    size_t slot = (size_t)plan->fingerprint & mask;
    while (codec->plan_slots[slot] != NULL) {
        slot = (slot + 1) & mask;
    }
    codec->plan_slots[slot] = plan;
}

/* Takes the plan. A schema that is known already changes nothing. */
static void plan_insert(struct codec *codec, struct plan *plan)
{
    for (size_t i = 0; i < codec->plan_slot_count; i++) {
        if (codec->plan_slots[i] != NULL &&
            codec->plan_slots[i]->fingerprint == plan->fingerprint) {
            plan_free(plan);
            return;
        }
    }
    if (2 * ++codec->plan_count > codec->plan_slot_count) {
        struct plan **old = codec->plan_slots;
        const size_t old_count = codec->plan_slot_count;
        codec->plan_slot_count *= 2;
        codec->plan_slots = calloc(codec->plan_slot_count, sizeof(struct plan *));
        ASSERT(codec->plan_slots != NULL);
        for (size_t i = 0; i < old_count; i++) {
            if (old[i] != NULL) {
                plan_place(codec, old[i]);
            }
        }
        free(old);
    }
    plan_place(codec, plan);
}
