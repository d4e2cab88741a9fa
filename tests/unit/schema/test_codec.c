/* Decoding and encoding whole records: round trips, damaged bytes, the single-object prefix.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"
#include "schema/avro.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RAW(text) bytes_of(text, sizeof(text) - 1)

struct fixture {
    struct codec *codec;
    struct sample sample;
    struct sample decoded;
    struct buffer payload;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error = {0};
    const struct record_type *types[] = {&sample_type};
    if (fixture == NULL || codec_new(types, 1, &fixture->codec, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return -1;
    }
    sample_fill(&fixture->sample);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    codec_free(fixture->codec);
    buffer_release(&fixture->payload);
    free(fixture);
    return 0;
}

static enum decode_result decode(struct fixture *fixture, struct bytes payload)
{
    const struct record_type *type = NULL;
    memset(&fixture->decoded, 0x5a, sizeof(fixture->decoded));
    return codec_decode(fixture->codec, payload, &type, &fixture->decoded);
}

static void json_is(const struct sample *sample, const char *expected)
{
    struct buffer json = {0};
    json_write_record(&sample_type, sample, &json);
    buffer_append(&json, bytes_of("", 1));
    assert_string_equal((const char *)json.data, expected);
    buffer_release(&json);
}

static void a_record_comes_back_as_it_was_written(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
    json_is(&fixture->decoded, SAMPLE_JSON);
    struct buffer again = {0};
    codec_encode(fixture->codec, &sample_type, &fixture->decoded, &again);
    assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&fixture->payload)));
    buffer_release(&again);
}

/* Pinned to what the specification says, so that a mistake made both ways is seen. */
static void the_bytes_are_those_of_the_specification(void **state)
{
    struct fixture *fixture = *state;
    codec_encode_datum(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    const struct bytes expected =
        RAW("\x01"                     /* flag */
            "\xff\x88\x0f"             /* number -123456 */
            "\xf6\xa1\xbf\xe9\xd6\x66" /* moment */
            "\x0a"
            "caf\xc3\xa9"                                  /* text */
            "\x06\x00\xff\x80"                             /* blob */
            "\x01\x02\x03\x04"                             /* digest */
            "\x02"                                         /* color GREEN */
            "\x04\x00\x04\x00"                             /* colors: 2 items, end */
            "\x02\x01"                                     /* maybe_flag */
            "\x00\xff\xff\xff\xff\x0f"                     /* maybe_number: [int, null] */
            "\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* maybe_moment */
            "\x02\x00"                                     /* maybe_color */
            "\x02\x0e"
            "a.b-c_9"                                  /* maybe_text */
            "\x02\x00"                                 /* maybe_blob: empty, not null */
            "\x02\xaa\xbb\xcc\xdd"                     /* maybe_digest */
            "\xfe\xff\xff\xff\x0f"                     /* point.x */
            "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* point.y */
            "\x08\x02"
            "a\x02"
            "b\x02"
            "c\x02"
            "d\x00" /* names */
            "\x06"  /* items */
            "\x04i1\x02\x04\x04t1\x04t2\x00"
            "\x04i2\x04\x00"
            "\x04i3\x06\x02\x04t3\x00"
            "\x00");
    assert_int_equal(fixture->payload.size, expected.size);
    assert_memory_equal(fixture->payload.data, expected.data, expected.size);
}

static void absent_values_come_back_absent(void **state)
{
    struct fixture *fixture = *state;
    struct sample *sample = &fixture->sample;
    sample->maybe_flag.set = false;
    sample->maybe_number.set = false;
    sample->maybe_moment.set = false;
    sample->maybe_color.set = false;
    sample->maybe_text = sample->maybe_blob = sample->maybe_digest = (struct bytes){0};
    sample->names_count = 0;
    sample->items_count = 0;
    sample->colors = 0;
    codec_encode(fixture->codec, &sample_type, sample, &fixture->payload);
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
    const struct sample *decoded = &fixture->decoded;
    assert_false(decoded->maybe_flag.set || decoded->maybe_number.set ||
                 decoded->maybe_moment.set || decoded->maybe_color.set);
    assert_null(decoded->maybe_text.data);
    assert_null(decoded->maybe_blob.data);
    assert_null(decoded->maybe_digest.data);
    /* The value of an absent number is 0, so that records compare. */
    assert_int_equal(decoded->maybe_number.value, 0);
    assert_true(decoded->maybe_moment.value == 0);
    assert_int_equal(decoded->names_count + decoded->items_count, 0);
    assert_true(decoded->colors == 0);
}

static void no_truncation_decodes(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    for (size_t size = 0; size < fixture->payload.size; size++) {
        /* A copy of the exact size, so that a sanitizer sees a read behind it. */
        uint8_t *copy = memory_get(size);
        memcpy(copy, fixture->payload.data, size);
        assert_int_equal(decode(fixture, bytes_of(copy, size)),
                         size < CODEC_PREFIX_SIZE ? DECODE_UNKNOWN_SCHEMA : DECODE_UNDECODABLE);
        free(copy);
    }
}

static void no_changed_byte_crashes(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    static const uint8_t values[] = {0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xff};
    for (size_t at = CODEC_PREFIX_SIZE; at < fixture->payload.size; at++) {
        const uint8_t kept = fixture->payload.data[at];
        for (size_t i = 0; i < COUNT_OF(values); i++) {
            fixture->payload.data[at] = values[i];
            if (decode(fixture, buffer_bytes(&fixture->payload)) == DECODE_OK) {
                struct buffer again = {0};
                codec_encode(fixture->codec, &sample_type, &fixture->decoded, &again);
                buffer_release(&again);
            }
        }
        fixture->payload.data[at] = kept;
    }
}

static void bytes_left_over_are_undecodable(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    buffer_append(&fixture->payload, RAW("\0"));
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_UNDECODABLE);
}

static void a_payload_without_known_prefix_is_of_an_unknown_schema(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    assert_non_null(codec_plan(fixture->codec, buffer_bytes(&fixture->payload)));
    for (size_t i = 0; i < CODEC_PREFIX_SIZE; i++) {
        fixture->payload.data[i] ^= 0x10;
        assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_UNKNOWN_SCHEMA);
        assert_null(codec_plan(fixture->codec, buffer_bytes(&fixture->payload)));
        fixture->payload.data[i] ^= 0x10;
    }
    assert_int_equal(decode(fixture, bytes_of("", 0)), DECODE_UNKNOWN_SCHEMA);
    assert_int_equal(decode(fixture, bytes_of(NULL, 0)), DECODE_UNKNOWN_SCHEMA);
}

static void the_prefix_is_the_fingerprint_little_endian(void **state)
{
    struct fixture *fixture = *state;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    const uint64_t fingerprint =
        plan_fingerprint(codec_plan(fixture->codec, buffer_bytes(&fixture->payload)));
    struct avro_schema schema = {0};
    assert_int_equal(avro_parse(bytes_text(sample_type.schema), &schema, NULL), STATUS_OK);
    assert_true(fingerprint == avro_fingerprint(&schema));
    avro_release(&schema);
    assert_int_equal(fixture->payload.data[0], 0xc3);
    assert_int_equal(fixture->payload.data[1], 0x01);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(fixture->payload.data[2 + i], fingerprint >> (8 * i) & 0xff);
    }
}

#define OLD_SAMPLE                                                                                 \
    "{\"type\":\"record\",\"name\":\"test.Sample\",\"fields\":["                                   \
    "{\"name\":\"when\",\"type\":\"long\"},{\"name\":\"gone\",\"type\":\"string\"}]}"

static void another_version_is_read_after_it_is_added(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    struct avro_schema schema = {0};
    assert_int_equal(avro_parse(bytes_text(OLD_SAMPLE), &schema, NULL), STATUS_OK);
    const uint64_t fingerprint = avro_fingerprint(&schema);
    avro_release(&schema);
    buffer_append(&fixture->payload, RAW("\xc3\x01"));
    for (size_t i = 0; i < 8; i++) {
        buffer_append(&fixture->payload,
                      bytes_of(&(uint8_t){(uint8_t)(fingerprint >> (8 * i))}, 1));
    }
    buffer_append(&fixture->payload, RAW("\x08\x02x"));
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_UNKNOWN_SCHEMA);
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text(OLD_SAMPLE), &error), STATUS_OK);
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text(OLD_SAMPLE), &error), STATUS_OK);
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
    assert_true(fixture->decoded.moment == 4);
    assert_int_equal(fixture->decoded.number, -7);
}

static void a_writer_of_no_known_record_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    const char *other = "{\"type\":\"record\",\"name\":\"Other\",\"fields\":[]}";
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text(other), &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "'Other' is none of the records"));
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text("\"int\""), &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "'int'"));
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text("{"), &error), STATUS_FATAL);
    const char *alias = "{\"type\":\"record\",\"name\":\"test.Example\",\"fields\":["
                        "{\"name\":\"moment\",\"type\":\"long\"}]}";
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text(alias), &error), STATUS_OK);
    const char *missing = "{\"type\":\"record\",\"name\":\"Sample\",\"fields\":[]}";
    assert_int_equal(codec_add_writer(fixture->codec, bytes_text(missing), &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "'moment'"));
}

/* Many versions, so that the table of fingerprints grows. */
static void a_hundred_versions_are_told_apart(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {0};
    for (int i = 0; i < 100; i++) {
        char schema[256];
        snprintf(schema, sizeof(schema),
                 "{\"type\":\"record\",\"name\":\"Sample\",\"fields\":["
                 "{\"name\":\"moment\",\"type\":\"long\"},{\"name\":\"v%d\",\"type\":\"int\"}]}",
                 i);
        assert_int_equal(codec_add_writer(fixture->codec, bytes_text(schema), &error), STATUS_OK);
    }
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
}

static void types_are_found_by_name(void **state)
{
    struct fixture *fixture = *state;
    assert_ptr_equal(codec_type(fixture->codec, bytes_text("Sample")), &sample_type);
    assert_null(codec_type(fixture->codec, bytes_text("sample")));
    assert_null(codec_type(fixture->codec, bytes_text("Sampl")));
    assert_int_equal(codec_record_size(fixture->codec), sizeof(struct sample));
}

static void encoding_appends_and_grows_the_buffer(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t large[100000];
    memset(large, 'x', sizeof(large));
    fixture->sample.text = bytes_of(large, sizeof(large));
    fixture->sample.items[2].tags[0] = bytes_of(large, 70000);
    buffer_append(&fixture->payload, RAW("before"));
    codec_encode_datum(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    assert_memory_equal(fixture->payload.data, "before", 6);
    const size_t first = fixture->payload.size;
    codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
    assert_int_equal(fixture->payload.size - first, first - 6 + CODEC_PREFIX_SIZE);
    assert_int_equal(
        decode(fixture, bytes_of(fixture->payload.data + first, fixture->payload.size - first)),
        DECODE_OK);
    assert_int_equal(fixture->decoded.text.size, sizeof(large));
    assert_int_equal(fixture->decoded.items[2].tags[0].size, 70000);
}

/* Every length around the sizes at which the copy changes its way. */
static void strings_of_every_length_come_back(void **state)
{
    struct fixture *fixture = *state;
    uint8_t text[200];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (uint8_t)('A' + i % 50);
    }
    for (size_t size = 0; size <= sizeof(text); size++) {
        buffer_clear(&fixture->payload);
        fixture->sample.text = bytes_of(text, size);
        codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
        assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
        assert_true(bytes_equal(fixture->decoded.text, fixture->sample.text));
    }
}

static void numbers_of_every_length_come_back(void **state)
{
    struct fixture *fixture = *state;
    for (int bits = 0; bits < 64; bits++) {
        for (int step = -1; step <= 1; step++) {
            for (int sign = 0; sign < 2; sign++) {
                uint64_t value = (UINT64_C(1) << bits) + (uint64_t)(int64_t)step;
                value = sign == 1 ? 0 - value : value;
                buffer_clear(&fixture->payload);
                fixture->sample.moment = (int64_t)value;
                fixture->sample.number = (int32_t)value;
                codec_encode(fixture->codec, &sample_type, &fixture->sample, &fixture->payload);
                assert_int_equal(decode(fixture, buffer_bytes(&fixture->payload)), DECODE_OK);
                assert_true(fixture->decoded.moment == (int64_t)value);
                assert_int_equal(fixture->decoded.number, (int32_t)value);
            }
        }
    }
}

/* Encodes in a process of its own, which must end by an assertion. */
static void encoding_aborts(const struct fixture *fixture, const struct sample *sample)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct buffer out = {0};
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        fclose(stderr);
        codec_encode(fixture->codec, &sample_type, sample, &out);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_record_that_does_not_fit_its_type_is_our_bug(void **state)
{
    const struct fixture *fixture = *state;
    struct sample sample = fixture->sample;
    sample.names_count = 5;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.items[1].tags_count = 4;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.digest.size = 3;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.maybe_digest.size = 5;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.color = (enum color)3;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.maybe_color.value = -1;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.colors = 8;
    encoding_aborts(fixture, &sample);
    sample = fixture->sample;
    sample.text = (struct bytes){0};
    encoding_aborts(fixture, &sample);
}

static void every_result_has_a_text(void **state)
{
    (void)state;
    for (enum decode_result result = DECODE_OK; result <= DECODE_TOO_LARGE; result++) {
        assert_true(strlen(decode_result_text(result)) > 0);
    }
}

#define WITH_CODEC(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CODEC(a_record_comes_back_as_it_was_written),
        WITH_CODEC(the_bytes_are_those_of_the_specification),
        WITH_CODEC(absent_values_come_back_absent),
        WITH_CODEC(no_truncation_decodes),
        WITH_CODEC(no_changed_byte_crashes),
        WITH_CODEC(bytes_left_over_are_undecodable),
        WITH_CODEC(a_payload_without_known_prefix_is_of_an_unknown_schema),
        WITH_CODEC(the_prefix_is_the_fingerprint_little_endian),
        WITH_CODEC(another_version_is_read_after_it_is_added),
        WITH_CODEC(a_writer_of_no_known_record_is_refused),
        WITH_CODEC(a_hundred_versions_are_told_apart),
        WITH_CODEC(types_are_found_by_name),
        WITH_CODEC(encoding_appends_and_grows_the_buffer),
        WITH_CODEC(strings_of_every_length_come_back),
        WITH_CODEC(numbers_of_every_length_come_back),
        WITH_CODEC(a_record_that_does_not_fit_its_type_is_our_bug),
        cmocka_unit_test(every_result_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
