/* Reading whole topics.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/scan.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define PROGRESS_MS 200

struct scan {
    struct program *program;
    const char *topic;
    scan_visit *visit;
    void *context;
    int32_t partitions;
    bool stop;
    int64_t shown_ms; /* when progress was last shown; 0: not now */
};

const char *scan_topic_name(const struct program *program, const char *topic, char name[512])
{
    snprintf(name, 512, "%s%s", program->config->topics_prefix, topic);
    return name;
}

static void show(struct scan *scan, int32_t partition, int64_t position, int64_t end)
{
    if (scan->shown_ms != 0 && clock_monotonic_ms() - scan->shown_ms >= PROGRESS_MS) {
        fprintf(stderr, "\r\033[Kreading %s: partition %d of %d, %" PRId64 " of %" PRId64,
                scan->topic, partition + 1, scan->partitions, position, end);
        scan->shown_ms = clock_monotonic_ms();
    }
}

static enum status read_partition(struct scan *scan, struct reader *reader, int32_t partition)
{
    struct error *error = &scan->program->error;
    int64_t start = 0;
    int64_t end = 0;
    TRY(reader->ops->bounds(reader, &start, &end, error));
    while (!scan->stop && reader->ops->position(reader) < end) {
        struct stream_record record = {0};
        bool found = false;
        if (command_stopped()) {
            return error_set(error, STATUS_FATAL, "stopped before the end of topic '%s'",
                             scan->topic);
        }
        TRY(reader->ops->read(reader, 1000, &record, &found, error));
        if (found) {
            const enum status status =
                record.offset >= end
                    ? STATUS_OK
                    : scan->visit(scan->context, partition, start, &record, &scan->stop, error);
            show(scan, partition, record.offset, end);
            reader->ops->release(reader, &record);
            TRY(status);
        }
    }
    return STATUS_OK;
}

static enum status open_partition(struct scan *scan, const char *name, int32_t partition)
{
    struct cluster *cluster = scan->program->cluster;
    struct error *error = &scan->program->error;
    struct reader *reader = NULL;
    int64_t start = 0;
    int64_t end = 0;
    TRY(cluster->ops->reader_open(cluster, name, partition, 0, true, &reader, error));
    enum status status = reader->ops->bounds(reader, &start, &end, error);
    if (status == STATUS_OK && start > 0) {
        reader->ops->close(reader);
        TRY(cluster->ops->reader_open(cluster, name, partition, start, true, &reader, error));
    }
    status = status == STATUS_OK ? read_partition(scan, reader, partition) : status;
    reader->ops->close(reader);
    return status;
}

enum status scan_topic(struct program *program, const char *topic, scan_visit *visit, void *context)
{
    char name[512];
    struct topic_facts facts = {0};
    scan_topic_name(program, topic, name);
    TRY(program->cluster->ops->describe(program->cluster, name, &facts, &program->error));
    if (!facts.exists) {
        return error_set(&program->error, STATUS_FATAL,
                         "topic '%s' does not exist: create it with sanctionctl topics create",
                         name);
    }
    struct scan scan = {.program = program,
                        .topic = topic,
                        .visit = visit,
                        .context = context,
                        .partitions = facts.partitions,
                        .shown_ms = isatty(STDERR_FILENO) ? clock_monotonic_ms() : 0};
    enum status status = STATUS_OK;
    for (int32_t i = 0; i < facts.partitions && status == STATUS_OK && !scan.stop; i++) {
        status = open_partition(&scan, name, i);
    }
    if (scan.shown_ms != 0) {
        fputs("\r\033[K", stderr);
    }
    return status;
}
