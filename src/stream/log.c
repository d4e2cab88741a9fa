/* The in-process log as a cluster: open and close, topics, append.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "stream/log_internal.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_SIZE 249 /* as Kafka's topic names */

static enum status log_describe(struct cluster *cluster, const char *topic,
                                struct topic_facts *facts_out, struct error *error);
static enum status log_create(struct cluster *cluster, const struct topic_want *wants, size_t count,
                              struct error *error);
static enum status log_check(struct cluster *cluster, const struct topic_want *want,
                             struct buffer *differences, struct error *error);
static enum status log_append(struct cluster *cluster, const struct stream_output *outputs,
                              size_t count, struct error *error);
static const char *log_id(const struct cluster *cluster);
static void log_close(struct cluster *cluster);
static enum status directory_load(struct log *log, const struct log_options *options,
                                  struct error *error);

static const struct cluster_ops log_ops = {
    .stream_open = log_stream_open,
    .reader_open = log_reader_open,
    .follower_open = log_follower_open,
    .bounds = log_bounds,
    .describe = log_describe,
    .create = log_create,
    .check = log_check,
    .append = log_append,
    .id = log_id,
    .close = log_close,
};

enum status log_open(const struct log_options *options, struct cluster **cluster_out,
                     struct error *error)
{
    struct log *log = memory_get(sizeof(*log));
    *log = (struct log){
        .cluster = {.ops = &log_ops},
        .directory = {.lock = -1},
        .journal = {.segment_size = SEGMENT_SIZE_DEFAULT, .sync = options->sync},
        .tap = options->tap,
        .tap_context = options->tap_context,
    };
    if (options->segment_size > SEGMENT_HEADER_SIZE) {
        log->journal.segment_size = options->segment_size;
    }
    const enum status status = options->directory == NULL ? journal_start(&log->journal, error)
                                                          : directory_load(log, options, error);
    if (status != STATUS_OK) {
        log_close(&log->cluster);
        return status;
    }
    *cluster_out = &log->cluster;
    return STATUS_OK;
}

bool cluster_is_log(const struct cluster *cluster)
{
    return cluster->ops == &log_ops;
}

uint64_t log_torn_bytes(const struct cluster *cluster)
{
    ASSERT(cluster_is_log(cluster));
    return ((const struct log *)(const void *)cluster)->journal.torn_size;
}

void log_fail_commit(struct cluster *cluster, unsigned nth, enum commit_outcome outcome,
                     bool applied)
{
    ASSERT(cluster_is_log(cluster));
    ASSERT(outcome != COMMIT_DONE);
    ASSERT(IMPLIES(applied, outcome == COMMIT_UNKNOWN));
    log_of(cluster)->fault =
        (struct log_fault){.after = nth, .outcome = outcome, .applied = applied};
}

enum status log_write(struct log *log, struct buffer *block, struct error *error)
{
    const uint64_t sequence = log->journal.next_sequence;
    struct bytes payload = {0};
    TRY(journal_append(&log->journal, block, &payload, error));
    ASSERT(log_apply(log, sequence, payload, true));
    return STATUS_OK;
}

static bool block_visit(void *context, uint64_t sequence, struct bytes payload)
{
    return log_apply(context, sequence, payload, false);
}

static enum status directory_load(struct log *log, const struct log_options *options,
                                  struct error *error)
{
    TRY(directory_open(&log->directory, options->directory, error));
    struct buffer path = {0};
    buffer_printf(&path, "%s/log", options->directory);
    log->journal.directory = (char *)path.data;
    log->journal.seed = hash64(bytes_text(log->directory.id));
    log->journal.next_sequence = 1;
    if (!log->directory.created) {
        return journal_load(&log->journal, block_visit, log, error);
    }
    TRY(journal_start(&log->journal, error));
    return directory_mark(&log->directory, error);
}

static enum status log_describe(struct cluster *cluster, const char *topic,
                                struct topic_facts *facts_out, struct error *error)
{
    (void)error;
    const struct log_topic *found = log_topic_find(log_of(cluster), topic);
    *facts_out = (struct topic_facts){.exists = found != NULL};
    if (found != NULL) {
        facts_out->partitions = found->partition_count;
        memcpy(facts_out->id, found->id, sizeof(facts_out->id));
    }
    return STATUS_OK;
}

/* Whether an earlier one of `wants` has the same name. */
static bool named_before(const struct topic_want *wants, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(wants[i].name, wants[index].name) == 0) {
            return true;
        }
    }
    return false;
}

static enum status log_create(struct cluster *cluster, const struct topic_want *wants, size_t count,
                              struct error *error)
{
    struct log *log = log_of(cluster);
    block_begin(&log->block);
    for (size_t i = 0; i < count; i++) {
        const struct topic_want *want = &wants[i];
        if (log_topic_find(log, want->name) != NULL || named_before(wants, i)) {
            continue;
        }
        const size_t size = strlen(want->name);
        if (size == 0 || size > NAME_MAX_SIZE) {
            return error_set(error, STATUS_FATAL,
                             "cannot create topic '%s': a name has 1 to %d bytes", want->name,
                             NAME_MAX_SIZE);
        }
        if (want->partitions < 1 || want->partitions > LOG_PARTITIONS_MAX) {
            return error_set(error, STATUS_FATAL,
                             "cannot create topic '%s' with %d partitions: 1 to %d are possible",
                             want->name, want->partitions, LOG_PARTITIONS_MAX);
        }
        block_add_topic(&log->block, want);
    }
    return block_empty(&log->block) ? STATUS_OK : log_write(log, &log->block, error);
}

/* The value of the setting that `wanted` ("name=value") names; NULL if the topic has none. */
static const char *setting_find(const struct log_topic *topic, const char *wanted, size_t name_size)
{
    for (char **setting = topic->settings; *setting != NULL; setting++) {
        if (strncmp(*setting, wanted, name_size) == 0 && (*setting)[name_size] == '=') {
            return *setting + name_size + 1;
        }
    }
    return NULL;
}

static void setting_check(const struct log_topic *topic, const char *wanted,
                          struct buffer *differences)
{
    const size_t name_size = strcspn(wanted, "=");
    const char *value = wanted[name_size] == '=' ? wanted + name_size + 1 : "";
    const char *found = setting_find(topic, wanted, name_size);
    if (found == NULL) {
        buffer_printf(differences, "topic '%s': %.*s is not set, it must be %s\n", topic->name,
                      (int)name_size, wanted, value);
    } else if (strcmp(found, value) != 0) {
        buffer_printf(differences, "topic '%s': %.*s is %s, it must be %s\n", topic->name,
                      (int)name_size, wanted, found, value);
    }
}

static enum status log_check(struct cluster *cluster, const struct topic_want *want,
                             struct buffer *differences, struct error *error)
{
    (void)error;
    const struct log_topic *topic = log_topic_find(log_of(cluster), want->name);
    if (topic == NULL) {
        buffer_printf(differences, "topic '%s' does not exist\n", want->name);
        return STATUS_OK;
    }
    if (topic->partition_count != want->partitions) {
        buffer_printf(differences, "topic '%s' has %d partitions, it must have %d\n", topic->name,
                      topic->partition_count, want->partitions);
    }
    for (size_t i = 0; want->settings != NULL && want->settings[i] != NULL; i++) {
        setting_check(topic, want->settings[i], differences);
    }
    return STATUS_OK;
}

static enum status log_append(struct cluster *cluster, const struct stream_output *outputs,
                              size_t count, struct error *error)
{
    struct log *log = log_of(cluster);
    block_begin(&log->block);
    for (size_t i = 0; i < count; i++) {
        const uint64_t barrier = (uint64_t)log->barrier_max + 1 + outputs[i].barrier;
        if (barrier > UINT32_MAX) {
            return error_set(error, STATUS_FATAL,
                             "cannot append: the log's barriers are used up; name a new directory");
        }
        struct log_partition *partition = NULL;
        TRY(block_add_record(&log->block, log, &outputs[i], (uint32_t)barrier, &partition, error));
    }
    return block_empty(&log->block) ? STATUS_OK : log_write(log, &log->block, error);
}

static const char *log_id(const struct cluster *cluster)
{
    const struct log *log = (const struct log *)(const void *)cluster;
    return log->directory.path == NULL ? "memory" : log->directory.id;
}

static void log_close(struct cluster *cluster)
{
    struct log *log = log_of(cluster);
    ASSERT(log->user_count == 0);
    log_index_release(log);
    journal_release(&log->journal);
    directory_release(&log->directory);
    buffer_release(&log->block);
    free(log);
}
