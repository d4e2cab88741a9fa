/* The audit chain as its verifier sees it: what is edited, taken out, put in, moved or cut off
 * shows.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/audit_chain.h"

#include "base/buffer.h"
#include "engine/keys.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 5 };

static const uint8_t data_key[KEY_SIZE] = {7, 7, 7};

/* A chain as the engine writes it, to be spoilt by a test. */
struct bench {
    struct codec *codec;
    struct plan *older; /* payloads are written under this schema */
    struct audit_verifier *verifier;
    struct buffer values[RECORDS];
    uint8_t heads[RECORDS][DIGEST_SIZE];
    struct buffer plain;
    bool erased;
};

static void fill(const struct record_type *type, void *record)
{
    static const uint8_t zero[64] = {0};
    memset(record, 0, type->size);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        struct bytes value = {0};
        if (field->nullable || (field->kind != FIELD_STRING && field->kind != FIELD_BYTES &&
                                field->kind != FIELD_FIXED)) {
            continue;
        }
        value = field->kind == FIELD_STRING
                    ? bytes_text("x")
                    : bytes_of(zero, field->kind == FIELD_FIXED ? field->size : 0);
        memcpy((uint8_t *)record + field->offset, &value, sizeof(value));
    }
}

/* Record `number` after the head `prev`, with a payload of `extra` evidence refs. */
static void write_record(struct bench *bench, int number, const char *decision,
                         const uint8_t prev[DIGEST_SIZE], struct buffer *value_out,
                         uint8_t head_out[DIGEST_SIZE])
{
    struct audit audit;
    struct audit_payload *payload = memory_get(sizeof(*payload));
    struct buffer plain = {0};
    struct buffer sealed = {0};
    struct buffer datum = {0};
    uint8_t salt[SALT_SIZE];
    uint8_t hash[DIGEST_SIZE];
    char id[KEY_ID_SIZE];
    fill(&record_audit, &audit);
    fill(&record_audit_payload, payload);
    audit.decision_id = bytes_text(decision);
    audit.stage_to = number;
    key_id(data_key, id);
    key_salt(data_key, audit.decision_id, salt);
    payload->salt = bytes_of(salt, SALT_SIZE);
    payload->trigger_offset = number;
    /* Long payloads too: their length takes more than one byte. */
    payload->evidence_refs_count = (uint32_t)number % 3 * 8;
    for (uint32_t i = 0; i < payload->evidence_refs_count; i++) {
        payload->evidence_refs[i] = bytes_text("evidence-of-some-length-0123456789");
    }
    if (bench->older != NULL) {
        const uint64_t fingerprint = plan_fingerprint(bench->older);
        buffer_append(&plain, bytes_of("\xc3\x01", 2));
        buffer_append(&plain, bytes_of(&fingerprint, sizeof(fingerprint)));
        codec_encode_datum(bench->codec, &record_audit_payload, payload, &plain);
        buffer_append(&plain, bytes_of("\x54", 1)); /* the field that is no more */
    } else {
        codec_encode(bench->codec, &record_audit_payload, payload, &plain);
    }
    const struct bytes parts[] = {payload->salt, buffer_bytes(&plain)};
    digest_sha256(parts, 2, hash);
    audit.prev_hash = bytes_of(prev, DIGEST_SIZE);
    audit.payload_hash = bytes_of(hash, DIGEST_SIZE);
    audit.dek_id = bytes_of(id, KEY_ID_SIZE);
    audit.payload = bytes_of("", 0);
    codec_encode_datum(bench->codec, &record_audit, &audit, &datum);
    const struct bytes whole = buffer_bytes(&datum);
    uint8_t head[DIGEST_SIZE];
    digest_sha256(&whole, 1, head);
    key_seal(data_key, audit.decision_id, buffer_bytes(&plain), &sealed);
    audit.payload = buffer_bytes(&sealed);
    codec_encode(bench->codec, &record_audit, &audit, value_out);
    memcpy(head_out, head, DIGEST_SIZE);
    buffer_release(&plain);
    buffer_release(&sealed);
    buffer_release(&datum);
    free(payload);
}

static enum audit_opened open_payload(void *context, const struct audit *audit,
                                      struct bytes *plain_out)
{
    struct bench *bench = context;
    if (bench->erased) {
        return AUDIT_NO_KEY;
    }
    buffer_clear(&bench->plain);
    const bool opened = key_open(data_key, audit->decision_id, audit->payload, &bench->plain);
    *plain_out = buffer_bytes(&bench->plain);
    return opened ? AUDIT_OPENED : AUDIT_NOT_OPENED;
}

static int setup(void **state)
{
    static const uint8_t zeros[DIGEST_SIZE] = {0};
    const struct record_type *const types[] = {&record_audit, &record_audit_payload,
                                               &record_audit_key};
    struct bench *bench = memory_get(sizeof(*bench));
    struct error error = {0};
    memset(bench, 0, sizeof(*bench));
    assert_int_equal(codec_new(types, 3, &bench->codec, &error), STATUS_OK);
    for (int i = 0; i < RECORDS; i++) {
        char decision[33];
        snprintf(decision, sizeof(decision), "%032x", 0xa0 + i);
        write_record(bench, i, decision, i == 0 ? zeros : bench->heads[i - 1], &bench->values[i],
                     bench->heads[i]);
    }
    bench->verifier = audit_verifier_new(bench->codec, open_payload, bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    audit_verifier_free(bench->verifier);
    for (int i = 0; i < RECORDS; i++) {
        buffer_release(&bench->values[i]);
    }
    buffer_release(&bench->plain);
    codec_free(bench->codec);
    free(bench);
    return 0;
}

static enum audit_fault add(struct bench *bench, int number)
{
    return audit_verifier_add(bench->verifier, 3, false, bytes_text("sanctions:3"),
                              buffer_bytes(&bench->values[number]));
}

static void add_whole(struct bench *bench, int from, int to)
{
    for (int i = from; i < to; i++) {
        assert_int_equal(add(bench, i), AUDIT_SOUND);
    }
}

/* The record as it is, decoded, with some of it changed and encoded again. */
static void edit(struct bench *bench, int number, void (*change)(struct audit *audit))
{
    struct audit *audit = memory_get(codec_record_size(bench->codec));
    const struct record_type *type = NULL;
    struct buffer before = bench->values[number];
    assert_int_equal(codec_decode(bench->codec, buffer_bytes(&before), &type, audit), DECODE_OK);
    bench->values[number] = (struct buffer){0};
    change(audit);
    codec_encode(bench->codec, &record_audit, audit, &bench->values[number]);
    buffer_release(&before);
    free(audit);
}

static void raise_stage(struct audit *audit)
{
    audit->stage_to += 1;
}

static void drop_payload(struct audit *audit)
{
    audit->payload = bytes_of("", 0);
}

static void flip_payload(struct audit *audit)
{
    static uint8_t flipped[16400];
    memcpy(flipped, audit->payload.data, audit->payload.size);
    flipped[3] ^= 1;
    audit->payload = bytes_of(flipped, audit->payload.size);
}

static void swap_payload_hash(struct audit *audit)
{
    static const uint8_t other[DIGEST_SIZE] = {1};
    audit->payload_hash = bytes_of(other, DIGEST_SIZE);
}

static void a_whole_chain_is_sound_and_has_its_head(void **state)
{
    struct bench *bench = *state;
    add_whole(bench, 0, RECORDS);
    assert_int_equal(audit_verifier_count(bench->verifier), 1);
    const struct audit_chain *chain = audit_verifier_chain(bench->verifier, 0);
    assert_string_equal(chain->key, "sanctions:3");
    assert_int_equal(chain->partition, 3);
    assert_int_equal(chain->records, RECORDS);
    assert_int_equal(chain->closed, 0);
    assert_false(chain->begun_late);
    assert_memory_equal(chain->head, bench->heads[RECORDS - 1], DIGEST_SIZE);
    assert_null(audit_verifier_cut(bench->verifier));
}

static void an_edited_record_breaks_the_link_after_it(void **state)
{
    struct bench *bench = *state;
    edit(bench, 2, raise_stage);
    add_whole(bench, 0, 3);
    assert_int_equal(add(bench, 3), AUDIT_LINK);
}

static void a_record_taken_out_breaks_the_link(void **state)
{
    struct bench *bench = *state;
    add_whole(bench, 0, 2);
    assert_int_equal(add(bench, 3), AUDIT_LINK);
}

static void the_first_record_taken_out_breaks_the_link(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(add(bench, 1), AUDIT_LINK);
}

static void a_record_put_in_breaks_the_link_after_it(void **state)
{
    struct bench *bench = *state;
    uint8_t head[DIGEST_SIZE];
    struct buffer forged = {0};
    write_record(bench, 9, "00000000000000000000000000000bad", bench->heads[1], &forged, head);
    add_whole(bench, 0, 2);
    assert_int_equal(audit_verifier_add(bench->verifier, 3, false, bytes_text("sanctions:3"),
                                        buffer_bytes(&forged)),
                     AUDIT_SOUND);
    assert_int_equal(add(bench, 2), AUDIT_LINK);
    buffer_release(&forged);
}

static void records_that_changed_places_break_the_link(void **state)
{
    struct bench *bench = *state;
    add_whole(bench, 0, 1);
    assert_int_equal(add(bench, 2), AUDIT_LINK);
}

static void a_repeated_record_breaks_the_link(void **state)
{
    struct bench *bench = *state;
    add_whole(bench, 0, 2);
    assert_int_equal(add(bench, 1), AUDIT_LINK);
}

static void a_changed_payload_is_found_though_the_links_hold(void **state)
{
    struct bench *bench = *state;
    edit(bench, 1, flip_payload);
    add_whole(bench, 0, 1);
    assert_int_equal(add(bench, 1), AUDIT_PAYLOAD_DAMAGED);
}

static void a_payload_that_is_gone_though_its_key_is_there_is_found(void **state)
{
    struct bench *bench = *state;
    edit(bench, 1, drop_payload);
    add_whole(bench, 0, 1);
    assert_int_equal(add(bench, 1), AUDIT_PAYLOAD_DAMAGED);
}

static void another_payload_hash_is_found(void **state)
{
    struct bench *bench = *state;
    edit(bench, RECORDS - 1, swap_payload_hash);
    add_whole(bench, 0, RECORDS - 1);
    assert_int_equal(add(bench, RECORDS - 1), AUDIT_PAYLOAD_CHANGED);
}

/* Of the version before the field `gone` was taken out. */
static void a_payload_of_an_older_schema_is_read_if_that_is_known(void **state)
{
    struct bench *bench = *state;
    static const char added[] = ",{\"name\":\"gone\",\"type\":\"long\"}]}";
    const struct bytes schema = bytes_text(record_audit_payload.schema);
    struct buffer older = {0};
    struct error error = {0};
    uint8_t head[DIGEST_SIZE];
    assert_memory_equal(schema.data + schema.size - 2, "]}", 2);
    buffer_append(&older, bytes_of(schema.data, schema.size - 2));
    buffer_append(&older, bytes_text(added));
    assert_int_equal(plan_new(buffer_bytes(&older), &record_audit_payload, &bench->older, &error),
                     STATUS_OK);
    buffer_clear(&bench->values[0]);
    static const uint8_t zeros[DIGEST_SIZE] = {0};
    write_record(bench, 0, "000000000000000000000000000000a0", zeros, &bench->values[0], head);
    assert_int_equal(add(bench, 0), AUDIT_PAYLOAD_UNKNOWN);

    struct audit_verifier *second = audit_verifier_new(bench->codec, open_payload, bench);
    assert_int_equal(codec_add_writer(bench->codec, buffer_bytes(&older), &error), STATUS_OK);
    assert_int_equal(audit_verifier_add(second, 3, false, bytes_text("sanctions:3"),
                                        buffer_bytes(&bench->values[0])),
                     AUDIT_SOUND);
    audit_verifier_free(second);
    plan_free(bench->older);
    buffer_release(&older);
}

static void erased_payloads_are_counted_and_the_chain_holds(void **state)
{
    struct bench *bench = *state;
    bench->erased = true;
    edit(bench, 1, drop_payload);
    edit(bench, 2, flip_payload);
    add_whole(bench, 0, RECORDS);
    assert_int_equal(audit_verifier_chain(bench->verifier, 0)->closed, RECORDS);
}

static void a_decision_id_in_two_chains_is_found(void **state)
{
    struct bench *bench = *state;
    add_whole(bench, 0, 1);
    assert_int_equal(audit_verifier_add(bench->verifier, 4, false, bytes_text("sanctions:4"),
                                        buffer_bytes(&bench->values[0])),
                     AUDIT_TWICE);
}

static void chains_of_one_partition_do_not_mix(void **state)
{
    struct bench *bench = *state;
    static const uint8_t zeros[DIGEST_SIZE] = {0};
    uint8_t head[DIGEST_SIZE];
    struct buffer other = {0};
    write_record(bench, 1, "notices-decision", zeros, &other, head);
    add_whole(bench, 0, 1);
    assert_int_equal(audit_verifier_add(bench->verifier, 3, false, bytes_text("notices:3"),
                                        buffer_bytes(&other)),
                     AUDIT_SOUND);
    add_whole(bench, 1, 2);
    assert_int_equal(audit_verifier_count(bench->verifier), 2);
    buffer_release(&other);
}

static void an_end_cut_off_shows_against_an_expected_head(void **state)
{
    struct bench *bench = *state;
    audit_verifier_expect(bench->verifier, bytes_text("sanctions:3"), 3,
                          bytes_of(bench->heads[RECORDS - 1], DIGEST_SIZE));
    add_whole(bench, 0, RECORDS - 1);
    assert_ptr_equal(audit_verifier_cut(bench->verifier), audit_verifier_chain(bench->verifier, 0));
    add_whole(bench, RECORDS - 1, RECORDS);
    assert_null(audit_verifier_cut(bench->verifier));
}

static void an_edited_last_record_shows_against_an_expected_head(void **state)
{
    struct bench *bench = *state;
    audit_verifier_expect(bench->verifier, bytes_text("sanctions:3"), 3,
                          bytes_of(bench->heads[RECORDS - 1], DIGEST_SIZE));
    edit(bench, RECORDS - 1, raise_stage);
    add_whole(bench, 0, RECORDS);
    assert_non_null(audit_verifier_cut(bench->verifier));
}

static void a_chain_may_go_on_past_an_expected_head(void **state)
{
    struct bench *bench = *state;
    audit_verifier_expect(bench->verifier, bytes_text("sanctions:3"), 3,
                          bytes_of(bench->heads[1], DIGEST_SIZE));
    add_whole(bench, 0, RECORDS);
    assert_null(audit_verifier_cut(bench->verifier));
}

static void nothing_decided_is_no_cut(void **state)
{
    struct bench *bench = *state;
    static const uint8_t zeros[DIGEST_SIZE] = {0};
    audit_verifier_expect(bench->verifier, bytes_text("sanctions:3"), 3,
                          bytes_of(zeros, DIGEST_SIZE));
    assert_null(audit_verifier_cut(bench->verifier));
}

static void a_chain_whose_first_records_expired_is_checked_from_there(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(audit_verifier_add(bench->verifier, 3, true, bytes_text("sanctions:3"),
                                        buffer_bytes(&bench->values[2])),
                     AUDIT_SOUND);
    assert_true(audit_verifier_chain(bench->verifier, 0)->begun_late);
    assert_int_equal(audit_verifier_add(bench->verifier, 3, true, bytes_text("sanctions:3"),
                                        buffer_bytes(&bench->values[4])),
                     AUDIT_LINK);
}

static void what_is_no_audit_record_of_its_partition_is_found(void **state)
{
    struct bench *bench = *state;
    const struct bytes value = buffer_bytes(&bench->values[0]);
    const struct bytes key = bytes_text("sanctions:3");
    struct audit_verifier *verifier = bench->verifier;
    assert_int_equal(audit_verifier_add(verifier, 3, false, key, (struct bytes){0}),
                     AUDIT_UNREADABLE);
    assert_int_equal(audit_verifier_add(verifier, 3, false, key, bytes_of("junk", 4)),
                     AUDIT_UNREADABLE);
    assert_int_equal(
        audit_verifier_add(verifier, 3, false, key, bytes_of(value.data, value.size - 1)),
        AUDIT_UNREADABLE);
    assert_int_equal(audit_verifier_add(verifier, 2, false, key, value), AUDIT_FOREIGN_KEY);
    assert_int_equal(audit_verifier_add(verifier, 3, false, (struct bytes){0}, value),
                     AUDIT_FOREIGN_KEY);
    assert_int_equal(audit_verifier_add(verifier, 3, false, bytes_text(":3"), value),
                     AUDIT_FOREIGN_KEY);
}

/* Whatever bit of a record is changed: it shows in the record itself or in the link after it. */
static void every_flipped_bit_is_found(void **state)
{
    struct bench *bench = *state;
    const size_t bits = bench->values[1].size * 8;
    for (size_t bit = 0; bit < bits; bit++) {
        struct audit_verifier *verifier = audit_verifier_new(bench->codec, open_payload, bench);
        enum audit_fault fault = AUDIT_SOUND;
        bench->values[1].data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        for (int i = 0; i < 3 && fault == AUDIT_SOUND; i++) {
            fault = audit_verifier_add(verifier, 3, false, bytes_text("sanctions:3"),
                                       buffer_bytes(&bench->values[i]));
        }
        bench->values[1].data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        audit_verifier_free(verifier);
        assert_int_not_equal(fault, AUDIT_SOUND);
    }
}

#define CHAIN_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_TEST(a_whole_chain_is_sound_and_has_its_head),
        CHAIN_TEST(an_edited_record_breaks_the_link_after_it),
        CHAIN_TEST(a_record_taken_out_breaks_the_link),
        CHAIN_TEST(the_first_record_taken_out_breaks_the_link),
        CHAIN_TEST(a_record_put_in_breaks_the_link_after_it),
        CHAIN_TEST(records_that_changed_places_break_the_link),
        CHAIN_TEST(a_repeated_record_breaks_the_link),
        CHAIN_TEST(a_changed_payload_is_found_though_the_links_hold),
        CHAIN_TEST(a_payload_that_is_gone_though_its_key_is_there_is_found),
        CHAIN_TEST(another_payload_hash_is_found),
        CHAIN_TEST(a_payload_of_an_older_schema_is_read_if_that_is_known),
        CHAIN_TEST(erased_payloads_are_counted_and_the_chain_holds),
        CHAIN_TEST(a_decision_id_in_two_chains_is_found),
        CHAIN_TEST(chains_of_one_partition_do_not_mix),
        CHAIN_TEST(an_end_cut_off_shows_against_an_expected_head),
        CHAIN_TEST(an_edited_last_record_shows_against_an_expected_head),
        CHAIN_TEST(a_chain_may_go_on_past_an_expected_head),
        CHAIN_TEST(nothing_decided_is_no_cut),
        CHAIN_TEST(a_chain_whose_first_records_expired_is_checked_from_there),
        CHAIN_TEST(what_is_no_audit_record_of_its_partition_is_found),
        CHAIN_TEST(every_flipped_bit_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
