/* Which lines a topic holds already.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lines/lines.h"

static void drop_equal(struct lines *lines, const char *topic, const struct stream_record *record)
{
    size_t kept = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const struct stream_output *output = &lines->outputs[i];
        if (strcmp(output->topic, topic) != 0 || !bytes_equal(output->value, record->value)) {
            lines->outputs[kept++] = *output;
        }
    }
    lines->count = kept;
}

static enum status drop_from(struct lines *lines, const char *topic, struct reader *reader,
                             struct error *error)
{
    int64_t start = 0;
    int64_t end = 0;
    TRY(reader->ops->bounds(reader, &start, &end, error));
    while (reader->ops->position(reader) < end) {
        struct stream_record record = {0};
        bool found = false;
        TRY(reader->ops->read(reader, 1000, &record, &found, error));
        if (found) {
            drop_equal(lines, topic, &record);
            reader->ops->release(reader, &record);
        }
    }
    return STATUS_OK;
}

enum status lines_drop_known(struct lines *lines, struct cluster *cluster, struct error *error)
{
    if (lines->count == 0) {
        return STATUS_OK;
    }
    const char *topic = lines->outputs[0].topic;
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, topic, 0, 0, true, &reader, error));
    const enum status status = drop_from(lines, topic, reader, error);
    reader->ops->close(reader);
    return status;
}
