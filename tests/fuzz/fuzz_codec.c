/* Decodes any bytes as a datum of any record type, written by its own schema or by an evolved one.
 *
 * The first byte picks the plan, the rest is the datum. What decodes must encode, and decode again
 * to the same record; its checks and its JSON must not crash.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "random.h"
#include "record/record.h"
#include "schema/check.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVOLUTIONS = 3, TYPES_MAX = 60 };

/* Made once; libFuzzer has no place for it but a static. */
static struct {
    struct codec *codec;
    struct plan *plans[TYPES_MAX * (1 + EVOLUTIONS)];
    const struct plan *own[TYPES_MAX * (1 + EVOLUTIONS)]; /* of the same reader by its own schema */
    size_t count;
} state;

static void add_plan(struct bytes schema, const struct record_type *reader, const struct plan *own)
{
    struct error error = {0};
    struct plan *plan = NULL;
    if (plan_new(schema, reader, &plan, &error) != STATUS_OK) {
        fprintf(stderr, "fuzz_codec: %s\n", error.text);
        abort();
    }
    ASSERT(state.count < COUNT_OF(state.plans));
    state.plans[state.count] = plan;
    state.own[state.count] = own == NULL ? plan : own;
    state.count++;
}

static void start(void)
{
    struct error error = {0};
    ASSERT(codec_new(record_types, record_type_count, &state.codec, &error) == STATUS_OK);
    for (uint32_t i = 0; i < record_type_count; i++) {
        add_plan(bytes_text(record_types[i]->schema), record_types[i], NULL);
    }
    struct random random = {1};
    for (uint32_t i = 0; i < record_type_count * EVOLUTIONS; i++) {
        const struct record_type *reader = record_types[i % record_type_count];
        struct avro_schema schema = {0};
        struct buffer text = {0};
        ASSERT(avro_parse(bytes_text(reader->schema), &schema, &error) == STATUS_OK);
        evolve_writer(&random, &schema, CHANGE_ALL & ~CHANGE_RENAME, &text);
        add_plan(bytes_of(text.data, text.size - 1), reader, state.plans[i % record_type_count]);
        avro_release(&schema);
        buffer_release(&text);
    }
}

/* The record survives being written and read again. */
static void check_again(const struct plan *own, const void *record)
{
    const struct record_type *type = plan_reader(own);
    struct buffer datum = {0};
    struct buffer before = {0};
    struct buffer after = {0};
    void *again = memory_get(type->size);
    (void)check_record(type, record);
    codec_encode_datum(state.codec, type, record, &datum);
    ASSERT(plan_decode(own, buffer_bytes(&datum), again) == DECODE_OK);
    json_write_record(type, record, &before);
    json_write_record(type, again, &after);
    ASSERT(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    free(again);
    buffer_release(&datum);
    buffer_release(&before);
    buffer_release(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (state.count == 0) {
        start();
    }
    if (size == 0) {
        return 0;
    }
    const size_t index = data[0] % state.count;
    const struct plan *plan = state.plans[index];
    void *record = memory_get(plan_reader(plan)->size);
    const enum decode_result result = plan_decode(plan, bytes_of(data + 1, size - 1), record);
    ASSERT(result != DECODE_UNKNOWN_SCHEMA);
    if (result == DECODE_OK) {
        check_again(state.own[index], record);
    }
    free(record);
    return 0;
}
