/* JSON lines in and out: what is refused with FILE:LINE: field: reason (domain.md I.29), what keys, barriers
 * and partitions the rest gets, and that a written line is read again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "engine/engine.h"
#include "lines/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
    struct config *config;
    struct codec *codec;
    struct lines lines;
    struct problems problems;
};

static void bench_open(struct bench *bench, bool barriers)
{
    struct error error = {0};
    *bench = (struct bench){.config = config_new()};
    assert_int_equal(engine_codec(bench->config, &bench->codec, &error), STATUS_OK);
    bench->lines = (struct lines){
        .config = bench->config, .codec = bench->codec, .partitions = 4, .barriers = barriers};
}

static void bench_close(struct bench *bench)
{
    lines_release(&bench->lines);
    problems_release(&bench->problems);
    codec_free(bench->codec);
    config_free(bench->config);
}

static bool read_named(struct bench *bench, const char *name, const char *text)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs(text, file);
    rewind(file);
    const bool good = lines_read(&bench->lines, file, name, &bench->problems);
    fclose(file);
    return good;
}

static bool read_text(struct bench *bench, const char *text)
{
    return read_named(bench, "in.jsonl", text);
}

/* The text of all problems of one read. */
static const char *problems_of(struct bench *bench, const char *text)
{
    problems_release(&bench->problems);
    const bool good = read_text(bench, text);
    buffer_append(&bench->problems.text, bytes_of("", 1));
    assert_int_equal(good, bench->problems.count == 0);
    return (const char *)bench->problems.text.data;
}

#define HEAD "{\"topic\":\"accounts\",\"type\":\"AccountChange\",\"timestamp\":1772355600000,"
#define VALUE                                                                                      \
    "\"value\":{\"event_id\":\"e1\",\"occurred_at\":1772355600000,\"subject_kind\":\"USER\","     \
    "\"subject_id\":\"u1\",\"kind\":\"DEVICE\",\"erase_consent\":false,\"requested_by\":\"SELF\"}"
#define GOOD HEAD VALUE "}\n"

static void every_bad_line_is_told_with_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *says;
    } cases[] = {
        {"{\n", "in.jsonl:2: line: "},
        {"[]\n", "in.jsonl:2: line: must be an object"},
        {"{\"topic\":\"nowhere\",\"timestamp\":1,\"key\":\"k\",\"raw\":\"\"}\n",
         "in.jsonl:2: topic: no such topic"},
        {"{\"topic\":\"signals\",\"timestamp\":1,\"key\":\"k\",\"raw\":\"\"}\n",
         "in.jsonl:2: topic: is no input topic"},
        {"{\"topic\":\"reports\",\"timestamp\":1,\"raw\":\"00\"}\n",
         "in.jsonl:2: key: is needed beside raw"},
        {"{\"topic\":\"reports\",\"timestamp\":1,\"key\":\"k\",\"raw\":\"0\"}\n",
         "in.jsonl:2: raw: must be a string of hex digits"},
        {"{\"topic\":\"reports\",\"key\":\"k\",\"raw\":\"00\"}\n",
         "in.jsonl:2: timestamp: is missing"},
        {"{\"topic\":\"reports\",\"type\":\"Report\",\"timestamp\":1,\"value\":null}\n",
         "in.jsonl:2: key: is needed beside a null value"},
        {HEAD VALUE ",\"partition\":4}\n", "in.jsonl:2: partition: there is no such partition"},
        {HEAD VALUE ",\"key\":7}\n", "in.jsonl:2: key: must be a string or null"},
        {HEAD VALUE ",\"colour\":1}\n", "in.jsonl:2: colour: unknown field of a line"},
        {HEAD "\"value\":{}}\n", "in.jsonl:2: value.event_id: "},
        {"{\"topic\":\"accounts\",\"type\":\"TaskMeta\",\"timestamp\":1,\"value\":{}}\n",
         "in.jsonl:2: value."},
        {"{\"advance\":1}\n", "in.jsonl:2: advance: must lie between 2000 and 2100"},
        {"{\"publish_policy\":\"x.yaml\",\"timestamp\":-1}\n",
         "in.jsonl:2: timestamp: must lie between 2000 and 2100"},
        {"{\"publish_policy\":\"absent.yaml\",\"timestamp\":1772355600000}\n", "absent.yaml"},
    };
    struct bench bench;
    bench_open(&bench, true);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[2048];
        snprintf(text, sizeof(text), "%s%s", GOOD, cases[i].line);
        const char *told = problems_of(&bench, text);
        if (strstr(told, cases[i].says) == NULL) {
            print_message("case %zu: %s", i, told);
        }
        assert_non_null(strstr(told, cases[i].says));
    }
    bench_close(&bench);
}

static void keys_come_from_the_value_unless_given(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    assert_true(read_text(&bench, GOOD HEAD VALUE ",\"key\":\"USER:u2\"}\n" HEAD VALUE
                                  ",\"key\":null}\n" HEAD VALUE ",\"key\":\"\",\"partition\":3}\n"));
    const struct stream_output *outputs = bench.lines.outputs;
    assert_int_equal(bench.lines.count, 4);
    assert_string_equal(outputs[0].topic, "sanctions.accounts");
    assert_true(bytes_is(outputs[0].key, "USER:u1"));
    assert_int_equal(outputs[0].partition, -1); /* by the key */
    assert_true(bytes_is(outputs[1].key, "USER:u2"));
    assert_null(outputs[2].key.data);
    assert_int_equal(outputs[2].partition, 0);
    assert_non_null(outputs[3].key.data);
    assert_int_equal(outputs[3].key.size, 0);
    assert_int_equal(outputs[3].partition, 3);
    bench_close(&bench);
}

static void raw_bytes_and_tombstones_pass_as_they_are(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    assert_true(read_text(&bench,
                          "{\"topic\":\"reports\",\"timestamp\":-1,\"key\":null,\"raw\":\"C301ff\"}\n"
                          "{\"topic\":\"reports\",\"timestamp\":5,\"key\":\"k\",\"raw\":\"\"}\n"
                          "{\"topic\":\"reports\",\"type\":\"Report\",\"timestamp\":5,"
                          "\"key\":\"USER:u1\",\"value\":null}\n"));
    const struct stream_output *outputs = bench.lines.outputs;
    assert_int_equal(outputs[0].timestamp_ms, -1);
    assert_true(bytes_equal(outputs[0].value, bytes_of("\xc3\x01\xff", 3)));
    assert_non_null(outputs[1].value.data); /* empty, not null */
    assert_int_equal(outputs[1].value.size, 0);
    assert_null(outputs[2].value.data);
    bench_close(&bench);
}

/* An advance is a barrier of its own and ticks every partition once, each key on its partition. */
static void an_advance_is_a_barrier_with_a_tick_everywhere(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    assert_true(read_text(&bench, GOOD "\n  \n{\"advance\":1772355700000}\n" GOOD));
    const struct stream_output *outputs = bench.lines.outputs;
    assert_int_equal(bench.lines.count, 6);
    assert_int_equal(outputs[0].barrier, 0);
    for (int32_t partition = 0; partition < 4; partition++) {
        const struct stream_output *tick = &outputs[1 + partition];
        assert_int_equal(tick->barrier, 1);
        assert_int_equal(tick->timestamp_ms, 1772355700000);
        assert_int_equal(tick->partition, partition);
        assert_int_equal(stream_partition(tick->key, 4), partition);
    }
    assert_int_equal(outputs[5].barrier, 2);
    bench_close(&bench);
    bench_open(&bench, false); /* Kafka has no barriers */
    assert_non_null(strstr(problems_of(&bench, "{\"advance\":1772355700000}\n"),
                           "in.jsonl:1: advance: works on the embedded log only"));
    bench_close(&bench);
}

static void a_policy_lies_beside_the_input_that_names_it(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    assert_true(read_named(&bench, SOURCE_DIR "/config/in.jsonl",
                           "{\"publish_policy\":\"policies/default.yaml\","
                           "\"timestamp\":1772355600000}\n"));
    assert_int_equal(bench.lines.count, 1);
    assert_string_equal(bench.lines.outputs[0].topic, "sanctions.policies");
    assert_int_equal(bench.lines.outputs[0].partition, 0);
    assert_int_equal(bench.lines.outputs[0].timestamp_ms, 1772355600000);
    assert_true(bytes_is(bench.lines.outputs[0].key, "POLICY:default"));
    bench_close(&bench);
}

/* A folder opens like a file and reads as nothing. */
static void an_input_that_cannot_be_read_is_a_problem(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    FILE *folder = fopen("/tmp", "rb");
    assert_non_null(folder);
    assert_false(lines_read(&bench.lines, folder, "/tmp", &bench.problems));
    fclose(folder);
    bench_close(&bench);
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    struct bench bench;
    struct buffer out = {0};
    bench_open(&bench, true);
    assert_true(read_text(&bench, GOOD HEAD VALUE ",\"key\":null}\n" HEAD VALUE
                                  ",\"key\":\"a\\\"b\\\\c\\u00e9\"}\n"
                                  "{\"topic\":\"reports\",\"timestamp\":5,\"key\":\"k\",\"raw\":\"00ff\"}\n"
                                  "{\"topic\":\"reports\",\"type\":\"Report\",\"timestamp\":5,"
                                  "\"key\":\"USER:u1\",\"value\":null}\n"));
    struct lines_writer writer = {.codec = bench.codec,
                                  .prefix = bench.config->topics_prefix,
                                  .record = memory_get(codec_record_size(bench.codec))};
    const size_t count = bench.lines.count;
    for (size_t i = 0; i < count; i++) {
        const struct stream_output *output = &bench.lines.outputs[i];
        lines_write(&writer, output->topic, 1, 7, output->timestamp_ms, output->key, output->value,
                    &out);
    }
    buffer_append(&out, bytes_of("", 1));
    /* A written line has an offset, which an input may not have. */
    for (char *at = (char *)out.data; (at = strstr(at, ",\"offset\":7")) != NULL;) {
        memset(at, ' ', strlen(",\"offset\":7"));
    }
    assert_true(read_text(&bench, (const char *)out.data));
    assert_int_equal(bench.lines.count, 2 * count);
    for (size_t i = 0; i < count; i++) {
        const struct stream_output *first = &bench.lines.outputs[i];
        const struct stream_output *again = &bench.lines.outputs[count + i];
        assert_string_equal(first->topic, again->topic);
        assert_int_equal(first->timestamp_ms, again->timestamp_ms);
        assert_true(bytes_equal(first->key, again->key));
        assert_true(bytes_equal(first->value, again->value));
    }
    free(writer.record);
    buffer_release(&writer.text);
    buffer_release(&out);
    bench_close(&bench);
}

/* What a line's default key rests on: a type that names a subject third has its id fourth. */
static void a_subject_kind_is_followed_by_its_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < record_type_count; i++) {
        const struct record_type *type = record_types[i];
        if (type->field_count >= 4 && type->fields[2].enumeration == &enum_subject_kind) {
            assert_int_equal(type->fields[3].kind, FIELD_STRING);
            assert_string_equal(type->fields[3].name, "subject_id");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bad_line_is_told_with_its_number),
        cmocka_unit_test(keys_come_from_the_value_unless_given),
        cmocka_unit_test(raw_bytes_and_tombstones_pass_as_they_are),
        cmocka_unit_test(an_advance_is_a_barrier_with_a_tick_everywhere),
        cmocka_unit_test(a_policy_lies_beside_the_input_that_names_it),
        cmocka_unit_test(an_input_that_cannot_be_read_is_a_problem),
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_subject_kind_is_followed_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
