/* `sanctionctl topics create` and `topics check`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/time.h"
#include "schema/json.h"
#include "topology/wants.h"

#include <stdio.h>

/* Waits for a broker that does not answer, saying so, until told to stop. */
static enum status again(const struct program *program, enum status status)
{
    if (status == STATUS_RETRY && !command_stopped()) {
        fprintf(stderr, "waiting: %s\n", program->error.text);
        return STATUS_RETRY;
    }
    return status == STATUS_RETRY ? STATUS_FATAL : status;
}

enum status command_topics_create(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count > 0) {
        return command_usage(call, "topics create takes no arguments");
    }
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY) {
        status = again(program, program_create_topics(program, &program->error));
    }
    TRY(status);
    printf(program->json ? "{\"topics\":%zu}\n" : "%zu topics are there\n", topic_count);
    *code_out = EXIT_DONE;
    return STATUS_OK;
}

/* Adds a line if the brokers forget offsets too soon. */
static enum status check_retention(struct program *program, struct buffer *differences)
{
    struct cluster *cluster = program->cluster;
    int64_t retention_ms = INT64_MAX;
    enum status status = STATUS_OK;
    do {
        status = cluster->ops->offsets_retention == NULL
                     ? STATUS_OK
                     : again(program, cluster->ops->offsets_retention(cluster, &retention_ms,
                                                                      &program->error));
    } while (status == STATUS_RETRY);
    if (status == STATUS_OK && retention_ms < STREAM_RETENTION_MIN_MS) {
        buffer_printf(differences, "brokers: offsets.retention.minutes is %lld, it must be 1440 or more\n",
                      (long long)(retention_ms / MINUTE_MS));
    }
    return status;
}

/* `text` is a line a difference. */
static void print_differences(struct bytes text, bool json)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; count++) {
        const uint8_t *line = text.data + at;
        const size_t size = (size_t)((const uint8_t *)memchr(line, '\n', text.size - at) - line);
        struct buffer out = {0};
        if (json) {
            json_write_string(bytes_of(line, size), &out);
        }
        printf(json ? "{\"difference\":%.*s}\n" : "%.*s\n",
               BYTES_PRINT(json ? buffer_bytes(&out) : bytes_of(line, size)));
        buffer_release(&out);
        at += size + 1;
    }
    if (json) {
        printf("{\"topics\":%zu,\"differences\":%zu}\n", topic_count, count);
    } else if (count == 0) {
        printf("%zu topics are as they should be\n", topic_count);
    }
}

enum status command_topics_check(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count > 0) {
        return command_usage(call, "topics check takes no arguments");
    }
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    struct topic_shape *shapes = topic_shapes_new(program->config);
    struct buffer differences = {0};
    enum status status = check_retention(program, &differences);
    for (size_t i = 0; i < topic_count && status == STATUS_OK; i++) {
        const struct topic_want want = {.name = shapes[i].name,
                                        .partitions = shapes[i].partitions,
                                        .settings = shapes[i].settings};
        do {
            status = again(program, program->cluster->ops->check(program->cluster, &want,
                                                                 &differences, &program->error));
        } while (status == STATUS_RETRY);
    }
    if (status == STATUS_OK) {
        print_differences(buffer_bytes(&differences), program->json);
        *code_out = differences.size == 0 ? EXIT_DONE : EXIT_REFUSED;
    }
    buffer_release(&differences);
    topic_shapes_free(shapes);
    return status;
}
