/* What all blocks together amount to: topics, where each record is, the offsets of the groups.
 *
 * The same code takes in a block that was just written and one that was found at the start, so a
 * log that is opened again is the log that was closed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/digest.h"
#include "stream/log_internal.h"

#include <stdlib.h>

/* The part of a payload that is not read yet. */
struct input {
    const uint8_t *at;
    size_t left;
};

static bool input_take(struct input *input, size_t size, const uint8_t **out)
{
    if (input->left < size) {
        return false;
    }
    *out = input->at;
    input->at += size;
    input->left -= size;
    return true;
}

static bool input_text(struct input *input, struct bytes *text_out)
{
    const uint8_t *size_at = NULL;
    const uint8_t *text = NULL;
    if (!input_take(input, 4, &size_at) || !input_take(input, u32_get(size_at), &text)) {
        return false;
    }
    *text_out = bytes_of(text, u32_get(size_at));
    return memchr(text, '\0', text_out->size) == NULL;
}

static char *text_copy(struct bytes text)
{
    char *copy = memory_get(text.size + 1);
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

struct log_topic *log_topic_find(const struct log *log, const char *name)
{
    return table_find(&log->topic_table, bytes_text(name));
}

static void topic_free(struct log_topic *topic)
{
    for (int32_t i = 0; i < topic->partition_count; i++) {
        free(topic->partitions[i].records);
    }
    for (char **setting = topic->settings; *setting != NULL; setting++) {
        free(*setting);
    }
    free(topic->partitions);
    free(topic->settings);
    free(topic->name);
    free(topic);
}

/* Stable for the life of the topic, another one if it is ever created anew elsewhere. */
static void topic_identify(const struct log *log, uint64_t sequence, struct log_topic *topic)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s %s %llu", log->cluster.ops->id(&log->cluster), topic->name,
                  (unsigned long long)sequence);
    uint8_t hash[8];
    be64_put(hash, hash64(buffer_bytes(&text)));
    hex_format(bytes_of(hash, sizeof(hash)), topic->id);
    buffer_release(&text);
}

static struct log_topic *topic_new(struct log *log, struct bytes name, uint32_t partitions,
                                   uint32_t setting_count)
{
    struct log_topic *topic = memory_get(sizeof(*topic));
    *topic = (struct log_topic){
        .number = (uint32_t)log->topic_count,
        .name = text_copy(name),
        .partition_count = (int32_t)partitions,
        .partitions = memory_get(partitions * sizeof(*topic->partitions)),
        .settings = memory_get((setting_count + (size_t)1) * sizeof(*topic->settings)),
    };
    memset(topic->partitions, 0, partitions * sizeof(*topic->partitions));
    topic->settings[0] = NULL;
    return topic;
}

static bool apply_topic(struct log *log, uint64_t sequence, struct input *input)
{
    const uint8_t *head = NULL;
    struct bytes name = {0};
    if (!input_take(input, 8, &head) || !input_text(input, &name)) {
        return false;
    }
    const uint32_t partitions = u32_get(head);
    const uint32_t setting_count = u32_get(head + 4);
    if (partitions == 0 || partitions > LOG_PARTITIONS_MAX || setting_count > input->left ||
        table_find(&log->topic_table, name) != NULL) {
        return false;
    }
    struct log_topic *topic = topic_new(log, name, partitions, setting_count);
    for (uint32_t i = 0; i < setting_count; i++) {
        struct bytes setting = {0};
        if (!input_text(input, &setting)) {
            topic_free(topic);
            return false;
        }
        topic->settings[i] = text_copy(setting);
        topic->settings[i + 1] = NULL;
    }
    topic_identify(log, sequence, topic);
    log->topics = memory_resize(log->topics, (log->topic_count + 1) * sizeof(*log->topics));
    log->topics[log->topic_count++] = topic;
    table_add(&log->topic_table, bytes_text(topic->name), topic);
    return true;
}

void log_record_read(const uint8_t *place, struct log_record *record_out)
{
    const uint32_t key_size = u32_get(place + RECORD_KEY_SIZE);
    const uint32_t value_size = u32_get(place + RECORD_VALUE_SIZE);
    const uint8_t *key = place + RECORD_HEADER_SIZE;
    const size_t key_room = key_size == SIZE_NULL ? 0 : key_size;
    *record_out = (struct log_record){
        .topic = u32_get(place + RECORD_TOPIC),
        .partition = (int32_t)u32_get(place + RECORD_PARTITION),
        .barrier = u32_get(place + RECORD_BARRIER),
        .timestamp_ms = (int64_t)u64_get(place + RECORD_TIMESTAMP),
        .key = bytes_of(key_size == SIZE_NULL ? NULL : key, key_room),
        .value = bytes_of(value_size == SIZE_NULL ? NULL : key + key_room,
                          value_size == SIZE_NULL ? 0 : value_size),
    };
}

static void partition_add(struct log_partition *partition, const uint8_t *place)
{
    if (partition->count == partition->capacity) {
        partition->capacity = partition->capacity == 0 ? 16 : partition->capacity * 2;
        partition->records =
            memory_resize(partition->records, partition->capacity * sizeof(*partition->records));
    }
    partition->records[partition->count++] = place;
}

static void announce_record(const struct log *log, const struct log_topic *topic,
                            const struct log_record *record)
{
    const struct stream_output output = {
        .topic = topic->name,
        .partition = record->partition,
        .timestamp_ms = record->timestamp_ms,
        .barrier = record->barrier,
        .key = record->key,
        .value = record->value,
    };
    const size_t offset = topic->partitions[record->partition].count - 1;
    log->tap(log->tap_context, topic->name, record->partition, (int64_t)offset, &output);
}

static bool apply_record(struct log *log, struct input *input, bool announce)
{
    const uint8_t *place = input->at - 1; /* its tag */
    const uint8_t *body = NULL;
    if (!input_take(input, RECORD_HEADER_SIZE - 1, &body)) {
        return false;
    }
    struct log_record record;
    log_record_read(place, &record);
    if (!input_take(input, record.key.size + record.value.size, &body) ||
        record.topic >= log->topic_count || record.partition < 0 ||
        record.partition >= log->topics[record.topic]->partition_count) {
        return false;
    }
    struct log_topic *topic = log->topics[record.topic];
    partition_add(&topic->partitions[record.partition], place);
    if (record.barrier > log->barrier_max) {
        log->barrier_max = record.barrier;
    }
    if (announce && log->tap != NULL) {
        announce_record(log, topic, &record);
    }
    return true;
}

struct log_group *log_group_get(struct log *log, struct bytes name)
{
    struct log_group *group = table_find(&log->group_table, name);
    if (group == NULL) {
        group = memory_get(sizeof(*group));
        *group = (struct log_group){.name = text_copy(name)};
        table_add(&log->group_table, bytes_text(group->name), group);
    }
    return group;
}

static struct log_offset *group_offset(const struct log *log, struct log_group *group,
                                       uint32_t topic, int32_t partition)
{
    if (topic >= group->topic_count) {
        group->offsets = memory_resize(group->offsets, log->topic_count * sizeof(*group->offsets));
        while (group->topic_count < log->topic_count) {
            group->offsets[group->topic_count++] = NULL;
        }
    }
    if (group->offsets[topic] == NULL) {
        const size_t size = (size_t)log->topics[topic]->partition_count * sizeof(**group->offsets);
        group->offsets[topic] = memory_get(size);
        memset(group->offsets[topic], 0, size);
    }
    return &group->offsets[topic][partition];
}

static bool apply_offset(const struct log *log, struct log_group *group, struct input *input)
{
    const uint8_t *head = NULL;
    struct bytes metadata = {0};
    if (group == NULL || !input_take(input, 16, &head) || !input_text(input, &metadata) ||
        metadata.size >= STREAM_METADATA_MAX) {
        return false;
    }
    const uint32_t topic = u32_get(head);
    const uint32_t partition = u32_get(head + 4);
    const uint64_t offset = u64_get(head + 8);
    if (topic >= log->topic_count || offset > INT64_MAX ||
        partition >= (uint32_t)log->topics[topic]->partition_count) {
        return false;
    }
    *group_offset(log, group, topic, (int32_t)partition) =
        (struct log_offset){.set = true, .offset = (int64_t)offset, .metadata = metadata};
    return true;
}

bool log_apply(struct log *log, uint64_t sequence, struct bytes payload, bool announce)
{
    struct input input = {.at = payload.data, .left = payload.size};
    struct log_group *group = NULL;
    const uint8_t *tag = NULL;
    while (input_take(&input, 1, &tag)) {
        bool good = false;
        if (*tag == ENTRY_RECORD) {
            good = apply_record(log, &input, announce);
        } else if (*tag == ENTRY_OFFSET) {
            good = apply_offset(log, group, &input);
        } else if (*tag == ENTRY_GROUP) {
            struct bytes name = {0};
            good = input_text(&input, &name);
            group = good ? log_group_get(log, name) : NULL;
        } else if (*tag == ENTRY_TOPIC) {
            good = apply_topic(log, sequence, &input);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

static void group_free(struct log_group *group)
{
    for (size_t i = 0; i < group->topic_count; i++) {
        free(group->offsets[i]);
    }
    free(group->offsets);
    free(group->name);
    free(group);
}

void log_index_release(struct log *log)
{
    for (size_t i = 0; i < log->topic_count; i++) {
        topic_free(log->topics[i]);
    }
    for (size_t i = 0; i < log->group_table.count; i++) {
        group_free(log->group_table.entries[i].value);
    }
    free(log->topics);
    table_release(&log->topic_table);
    table_release(&log->group_table);
}
