/* What a full Report costs: decode, encode, check and JSON, beside avro-c on the same bytes.
 *
 * Prints nanoseconds a record, the best of several rounds, since a shared machine only ever adds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "record/record.h"
#include "schema/check.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <avro.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 9, RECORDS = 10000 };

struct bench {
    struct codec *codec;
    struct report report;
    struct buffer payload;
    struct report decoded;
    struct buffer out;
    struct arena arena;
    json_t *line; /* a report with what has no default only */
    avro_schema_t schema;
    avro_value_t value;
};

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The fastest of ROUNDS rounds of `step`. */
static void measure(const char *name, struct bench *bench, void (*step)(struct bench *bench))
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = now_ns();
        for (int i = 0; i < RECORDS; i++) {
            step(bench);
        }
        const double each = (now_ns() - start) / RECORDS;
        best = each < best ? each : best;
    }
    printf("%-24s %8.1f ns\n", name, best);
}

static struct bytes id(const char *text)
{
    return bytes_text(text);
}

/* A report as the chat service writes it, with two labels and a sketch. */
static void fill_report(struct report *report)
{
    static const uint8_t sketch[32] = {7, 1, 2, 3};
    *report = (struct report){
        .event_id = id("r-01J9ZK4T7Q3M8W2X5Y6V"),
        .occurred_at = 1764000000123,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = id("u.7f3a9c21b4d8e650"),
        .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
        .reporter_id = id("u.19be44a07c5d2f38"),
        .good_faith = true,
        .target_kind = TARGET_KIND_CONTENT,
        .content_ref = id("m.8812.4431.99817263"),
        .evidence_ref = id("ev.5b0c1d2e3f4a5b6c"),
        .area = AREA_OPEN_CHAT_ROOM,
        .room_id = id("room.4f2a77c1"),
        .act_at = 1763999900456,
        .actor_role = ROLE_MEMBER,
        .relation = RELATION_NON_FRIEND,
        .content_form = CONTENT_FORM_TEXT,
        .language = LANGUAGE_KO,
        .category = CATEGORY_SPAM_AD,
        .labels_count = 2,
        .labels = {{CATEGORY_SPAM_AD, 930, id("labeller.text.7")},
                   {CATEGORY_SPAM_INVITE, 310, id("labeller.text.7")}},
        .sketch = bytes_of(sketch, sizeof(sketch)),
        .sketch_key = id("sk.2026-11"),
        .act_kind = ACT_KIND_ADVERTISE,
        .illegal_purpose = TRI_NO,
        .ad_label_present = TRI_NO,
        .withdrawal_path_present = TRI_NO,
        .consent_state = CONSENT_STATE_NONE,
        .target_age_band = AGE_BAND_ADULT,
        .actor_age_band = AGE_BAND_ADULT,
    };
}

static struct bytes datum(const struct bench *bench)
{
    return bytes_of(bench->payload.data + CODEC_PREFIX_SIZE,
                    bench->payload.size - CODEC_PREFIX_SIZE);
}

static void decode(struct bench *bench)
{
    const struct record_type *type = NULL;
    ASSERT(codec_decode(bench->codec, buffer_bytes(&bench->payload), &type, &bench->decoded) ==
           DECODE_OK);
}

static void encode(struct bench *bench)
{
    buffer_clear(&bench->out);
    codec_encode(bench->codec, &record_report, &bench->report, &bench->out);
}

static void check(struct bench *bench)
{
    ASSERT(check_record(&record_report, &bench->report) == NULL);
}

static void write_json(struct bench *bench)
{
    buffer_clear(&bench->out);
    json_write_record(&record_report, &bench->report, &bench->out);
}

static void no_problem(void *context, const char *field, const char *reason)
{
    (void)context;
    fprintf(stderr, "bench_codec: %s: %s\n", field, reason);
}

static void read_json(struct bench *bench)
{
    arena_clear(&bench->arena);
    ASSERT(json_read_record(&record_report, bench->line, &bench->arena, &bench->decoded, no_problem,
                            NULL) == 0);
}

static void decode_avro_c(struct bench *bench)
{
    avro_reader_t reader =
        avro_reader_memory((const char *)datum(bench).data, (int64_t)datum(bench).size);
    ASSERT(avro_value_reset(&bench->value) == 0);
    ASSERT(avro_value_read(reader, &bench->value) == 0);
    avro_reader_free(reader);
}

static void encode_avro_c(struct bench *bench)
{
    char bytes[2048] = {0};
    avro_writer_t writer = avro_writer_memory(bytes, sizeof(bytes));
    ASSERT(avro_value_write(writer, &bench->value) == 0);
    ASSERT(avro_writer_tell(writer) == (int64_t)datum(bench).size);
    avro_writer_free(writer);
}

static json_t *short_line(void)
{
    json_error_t error;
    json_t *line =
        json_loads("{\"event_id\":\"e1\",\"occurred_at\":1764000000123,\"subject_kind\":\"USER\","
                   "\"subject_id\":\"u1\",\"source_kind\":\"BLOCK_REPORT\",\"good_faith\":true,"
                   "\"target_kind\":\"USER\",\"act_at\":1763999900456,\"publisher_is_press\":false,"
                   "\"labels\":[]}",
                   0, &error);
    ASSERT(line != NULL);
    return line;
}

int main(void)
{
    struct bench bench = {0};
    struct error error;
    const struct record_type *types[] = {&record_report};
    if (codec_new(types, 1, &bench.codec, &error) != STATUS_OK) {
        fprintf(stderr, "bench_codec: %s\n", error.text);
        return 1;
    }
    fill_report(&bench.report);
    codec_encode(bench.codec, &record_report, &bench.report, &bench.payload);
    ASSERT(avro_schema_from_json_length(record_report.schema, strlen(record_report.schema),
                                        &bench.schema) == 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(bench.schema);
    ASSERT(avro_generic_value_new(class, &bench.value) == 0);
    printf("Report of %zu bytes, %u fields; a record takes\n", datum(&bench).size,
           record_report.field_count);
    measure("decode", &bench, decode);
    measure("encode", &bench, encode);
    measure("check", &bench, check);
    measure("write JSON", &bench, write_json);
    bench.line = short_line();
    measure("read JSON, 26 defaults", &bench, read_json);
    measure("decode, avro-c", &bench, decode_avro_c);
    measure("encode, avro-c", &bench, encode_avro_c);
    avro_value_decref(&bench.value);
    avro_value_iface_decref(class);
    avro_schema_decref(bench.schema);
    json_decref(bench.line);
    arena_release(&bench.arena);
    buffer_release(&bench.payload);
    buffer_release(&bench.out);
    codec_free(bench.codec);
    return 0;
}
