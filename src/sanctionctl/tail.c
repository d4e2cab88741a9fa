/* `sanctionctl tail`: committed records of topics as JSON lines.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "topology/topics.h"

#include <stdio.h>
#include <stdlib.h>

enum { TOPICS_MAX = 32 };

struct tail {
    struct program *program;
    const char *topics[TOPICS_MAX];
    size_t topic_count;
    bool from_beginning;
    int64_t records_max; /* -1: no end */
    int64_t records;
    struct reader **readers;
    char **names; /* full topic name of each reader */
    int32_t *partitions;
    size_t reader_count;
    struct lines_writer writer;
    struct program_payloads *payloads;
    struct buffer out;
};

static enum status parse(struct tail *tail, struct command_call *call)
{
    tail->records_max = -1;
    for (size_t i = 0; i < call->word_count; i++) {
        const char *word = call->words[i];
        if (strcmp(word, "--from-beginning") == 0) {
            tail->from_beginning = true;
        } else if (strcmp(word, "--max") == 0) {
            char *end = NULL;
            const char *number = i + 1 < call->word_count ? call->words[++i] : "";
            tail->records_max = strtoll(number, &end, 10);
            if (end == number || *end != '\0' || tail->records_max < 0) {
                return command_usage(call, "--max needs a number");
            }
        } else if (topic_find(bytes_text(word)) == NULL) {
            problems_add(&call->program->problems, "command line", 0, "no such topic '%s'", word);
        } else if (tail->topic_count < TOPICS_MAX) {
            tail->topics[tail->topic_count++] = word;
        }
    }
    if (tail->topic_count == 0 && call->program->problems.count == 0) {
        return command_usage(call, "tail needs a topic");
    }
    return call->program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}

static enum status open_reader(struct tail *tail, const char *name, int32_t partition)
{
    struct program *program = tail->program;
    struct cluster *cluster = program->cluster;
    struct reader *reader = NULL;
    int64_t start = 0;
    int64_t end = 0;
    TRY(cluster->ops->reader_open(cluster, name, partition, 0, true, &reader, &program->error));
    const enum status status = reader->ops->bounds(reader, &start, &end, &program->error);
    reader->ops->close(reader);
    TRY(status);
    TRY(cluster->ops->reader_open(cluster, name, partition, tail->from_beginning ? start : end,
                                  true, &reader, &program->error));
    const size_t count = tail->reader_count + 1;
    tail->readers = memory_resize(tail->readers, count * sizeof(struct reader *));
    tail->names = memory_resize(tail->names, count * sizeof(char *));
    tail->partitions = memory_resize(tail->partitions, count * sizeof(*tail->partitions));
    tail->readers[tail->reader_count] = reader;
    tail->names[tail->reader_count] = memory_text(name);
    tail->partitions[tail->reader_count] = partition;
    tail->reader_count = count;
    return STATUS_OK;
}

static enum status open_topic(struct tail *tail, const char *topic)
{
    struct program *program = tail->program;
    char name[512];
    snprintf(name, sizeof(name), "%s%s", program->config->topics_prefix, topic);
    struct topic_facts facts = {0};
    TRY(program->cluster->ops->describe(program->cluster, name, &facts, &program->error));
    if (!facts.exists) {
        return error_set(&program->error, STATUS_FATAL,
                         "topic '%s' does not exist: create it with sanctionctl topics create",
                         name);
    }
    for (int32_t partition = 0; partition < facts.partitions; partition++) {
        TRY(open_reader(tail, name, partition));
    }
    return STATUS_OK;
}

static bool is_full(const struct tail *tail)
{
    return tail->records_max >= 0 && tail->records >= tail->records_max;
}

/* Everything that one reader has now. */
static enum status read_some(struct tail *tail, size_t index, int timeout_ms, bool *any_out)
{
    struct reader *reader = tail->readers[index];
    bool found = true;
    while (found && !is_full(tail) && !command_stopped()) {
        struct stream_record record = {0};
        TRY(reader->ops->read(reader, timeout_ms, &record, &found, &tail->program->error));
        if (found) {
            *any_out = true;
            tail->records++;
            buffer_clear(&tail->out);
            lines_write(&tail->writer, tail->names[index], tail->partitions[index], record.offset,
                        record.timestamp_ms, record.key, record.value, &tail->out);
            reader->ops->release(reader, &record);
            if (fwrite(tail->out.data, 1, tail->out.size, stdout) != tail->out.size) {
                return error_set(&tail->program->error, STATUS_FATAL, "cannot write output");
            }
        }
    }
    return STATUS_OK;
}

/* The embedded log is ours alone, so its end is the end; a Kafka topic is followed. */
static enum status read_all(struct tail *tail)
{
    const bool follow = tail->program->embedded == NULL;
    bool any = true;
    while ((follow || any) && !is_full(tail) && !command_stopped()) {
        any = false;
        for (size_t i = 0; i < tail->reader_count; i++) {
            TRY(read_some(tail, i, follow ? 20 : 0, &any));
        }
        fflush(stdout);
    }
    return STATUS_OK;
}

static enum status run(struct tail *tail)
{
    struct program *program = tail->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    for (size_t i = 0; i < tail->topic_count; i++) {
        TRY(open_topic(tail, tail->topics[i]));
        if (strcmp(tail->topics[i], "audit") == 0) {
            TRY(program_payloads_open(program, &tail->payloads, &program->error));
        }
    }
    tail->writer = (struct lines_writer){.codec = program->codec,
                                         .prefix = program->config->topics_prefix,
                                         .open = tail->payloads == NULL ? NULL
                                                                        : program_payload_open,
                                         .open_context = tail->payloads,
                                         .record = memory_get(codec_record_size(program->codec))};
    return read_all(tail);
}

enum status command_tail(struct command_call *call, int *code_out)
{
    struct tail tail = {.program = call->program};
    TRY(parse(&tail, call));
    const enum status status = run(&tail);
    for (size_t i = 0; i < tail.reader_count; i++) {
        tail.readers[i]->ops->close(tail.readers[i]);
        free(tail.names[i]);
    }
    free(tail.readers);
    free(tail.names);
    free(tail.partitions);
    free(tail.writer.record);
    buffer_release(&tail.writer.text);
    buffer_release(&tail.out);
    program_payloads_close(tail.payloads);
    *code_out = EXIT_DONE;
    return status;
}
