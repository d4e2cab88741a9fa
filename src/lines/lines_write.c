/* A record as one JSON line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lines/lines.h"

#include "base/assert.h"
#include "base/digest.h"
#include "schema/json.h"
#include "topology/topics.h"

#include <inttypes.h>
#include <stdlib.h>

static void write_hex(struct bytes value, struct buffer *out)
{
    buffer_append(out, bytes_text("\""));
    hex_format(value, (char *)buffer_reserve(out, 2 * value.size));
    out->size += 2 * value.size;
    buffer_append(out, bytes_text("\""));
}

/* The clear part with the payload as an object in the place of its bytes. */
static bool write_audit(struct lines_writer *writer, struct audit *audit, struct buffer *out)
{
    struct audit_payload *payload = memory_get(sizeof(*payload));
    const bool opened = writer->open(writer->open_context, audit, payload);
    if (opened) {
        static const char empty[] = "\"payload\":\"\"";
        audit->payload = bytes_of("", 0);
        buffer_clear(&writer->text);
        json_write_record(&record_audit, audit, &writer->text);
        buffer_append(&writer->text, bytes_of("", 1));
        const char *text = (const char *)writer->text.data;
        const char *place = strstr(text, empty); /* no id holds a quote */
        ASSERT(place != NULL);
        const size_t head = (size_t)(place - text) + sizeof(empty) - 3;
        buffer_append(out, bytes_of(text, head));
        json_write_record(&record_audit_payload, payload, out);
        buffer_append(out, bytes_text(text + head + 2));
    }
    free(payload);
    return opened;
}

static void write_value(struct lines_writer *writer, const struct record_type *type,
                        struct buffer *out)
{
    if (type == &record_audit && writer->open != NULL && write_audit(writer, writer->record, out)) {
        return;
    }
    json_write_record(type, writer->record, out);
}

void lines_write(struct lines_writer *writer, const char *full_topic, int32_t partition,
                 int64_t offset, int64_t timestamp_ms, struct bytes key, struct bytes value,
                 struct buffer *out)
{
    const size_t prefix = strlen(writer->prefix);
    const char *name =
        strncmp(full_topic, writer->prefix, prefix) == 0 ? full_topic + prefix : full_topic;
    const struct record_type *type = NULL;
    const bool decoded =
        value.data != NULL &&
        codec_decode(writer->codec, value, &type, writer->record) == DECODE_OK;
    const struct topic *topic = topic_find(bytes_text(name));
    if (value.data == NULL && topic != NULL && topic->records[0] != NULL) {
        type = topic->records[0];
    }
    buffer_printf(out, "{\"topic\":\"%s\"", name);
    if (type != NULL && (decoded || value.data == NULL)) {
        buffer_printf(out, ",\"type\":\"%s\"", type->name);
    }
    buffer_printf(out, ",\"timestamp\":%" PRId64 ",\"key\":", timestamp_ms);
    if (key.data == NULL) {
        buffer_append(out, bytes_text("null"));
    } else {
        json_write_string(key, out);
    }
    buffer_printf(out, ",\"partition\":%d,\"offset\":%" PRId64, partition, offset);
    if (decoded) {
        buffer_append(out, bytes_text(",\"value\":"));
        write_value(writer, type, out);
    } else if (value.data == NULL) {
        buffer_append(out, bytes_text(",\"value\":null"));
    } else {
        buffer_append(out, bytes_text(",\"raw\":"));
        write_hex(value, out);
    }
    buffer_append(out, bytes_text("}\n"));
}
