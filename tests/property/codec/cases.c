/* Writes cases for another implementation to judge: schema pairs, data, and what our codec made of
 * them.
 *
 * One JSON object a line: a reader schema, a writer schema with its fingerprint, and data; each
 * datum with the result of decoding it and, if that is 0, the record encoded by the reader's schema
 * and as JSON.
 *
 * Usage: codec_cases SEED PAIRS_PER_TYPE > FILE
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "random.h"
#include "record/record.h"
#include "schema/codec.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>

enum { DATA_PER_PAIR = 5 };

static void put_text(struct buffer *out, const char *text)
{
    buffer_append(out, bytes_text(text));
}

static void put_hex(struct buffer *out, struct bytes value)
{
    put_text(out, "\"");
    hex_format(value, (char *)buffer_reserve(out, 2 * value.size));
    out->size += 2 * value.size;
    put_text(out, "\"");
}

/* One datum and what came of it. */
static void write_datum(struct random *random, const struct plan *plan, const struct codec *codec,
                        const struct avro_schema *writer, struct buffer *out)
{
    const struct record_type *reader = plan_reader(plan);
    struct buffer datum = {0};
    random_datum(random, writer->type, &datum);
    put_text(out, "{\"datum\":");
    put_hex(out, buffer_bytes(&datum));
    void *record = memory_get(reader->size);
    memset(record, 0x5a, reader->size);
    const enum decode_result result = plan_decode(plan, buffer_bytes(&datum), record);
    buffer_printf(out, ",\"result\":%d", (int)result);
    if (result == DECODE_OK) {
        struct buffer again = {0};
        codec_encode_datum(codec, reader, record, &again);
        put_text(out, ",\"expected\":");
        put_hex(out, buffer_bytes(&again));
        put_text(out, ",\"json\":");
        json_write_record(reader, record, out);
        buffer_release(&again);
    }
    put_text(out, "}");
    free(record);
    buffer_release(&datum);
}

static bool write_pair(struct random *random, const struct record_type *type, struct buffer *out)
{
    struct arena arena = {0};
    struct error error = {0};
    struct record_type reader = *type;
    reader.schema = evolve_reader(type, &arena);
    struct avro_schema ours = {0};
    struct avro_schema theirs = {0};
    struct buffer text = {0};
    OWNED(plan) plan = NULL;
    OWNED(codec) codec = NULL;
    const struct record_type *types[] = {&reader};
    enum status status = codec_new(types, 1, &codec, &error);
    if (status == STATUS_OK) {
        status = avro_parse(bytes_text(reader.schema), &ours, &error);
    }
    if (status == STATUS_OK) {
        evolve_writer(random, &ours, CHANGE_ALL, &text);
        status = avro_parse(bytes_of(text.data, text.size - 1), &theirs, &error);
    }
    if (status == STATUS_OK) {
        status = plan_new(bytes_of(text.data, text.size - 1), &reader, &plan, &error);
    }
    if (status == STATUS_OK) {
        put_text(out, "{\"reader\":");
        json_write_string(bytes_text(reader.schema), out);
        put_text(out, ",\"writer\":");
        json_write_string(bytes_of(text.data, text.size - 1), out);
        buffer_printf(out, ",\"fingerprint\":\"%016llx\",\"data\":[",
                      (unsigned long long)plan_fingerprint(plan));
        for (int i = 0; i < DATA_PER_PAIR; i++) {
            put_text(out, i == 0 ? "" : ",");
            write_datum(random, plan, codec, &theirs, out);
        }
        put_text(out, "]}\n");
    } else {
        fprintf(stderr, "codec_cases: %s: %s\n%s\n", type->name, error.text,
                text.data == NULL ? "" : (const char *)text.data);
    }
    avro_release(&ours);
    avro_release(&theirs);
    buffer_release(&text);
    arena_release(&arena);
    return status == STATUS_OK;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: codec_cases SEED PAIRS_PER_TYPE\n");
        return 2;
    }
    struct random random = {strtoull(arguments[1], NULL, 10)};
    const long pairs = strtol(arguments[2], NULL, 10);
    struct buffer out = {0};
    bool well = true;
    for (uint32_t i = 0; i < record_type_count; i++) {
        for (long pair = 0; pair < pairs; pair++) {
            buffer_clear(&out);
            well = write_pair(&random, record_types[i], &out) && well;
            well = fwrite(out.data, 1, out.size, stdout) == out.size && well;
        }
    }
    buffer_release(&out);
    return well && fflush(stdout) == 0 ? 0 : 1;
}
