/* How the entries of a block are written. log_index.c reads them.
 *
 * An entry is a tag byte and its fields, little-endian; texts carry their size in front. Topics are
 * named by number: the order of their creation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/log_internal.h"

static void text_append(struct buffer *block, const char *text)
{
    const size_t size = strlen(text);
    u32_put(buffer_reserve(block, 4), (uint32_t)size);
    block->size += 4;
    buffer_append(block, bytes_of(text, size));
}

static void tag_append(struct buffer *block, enum entry_tag tag)
{
    *buffer_reserve(block, 1) = (uint8_t)tag;
    block->size++;
}

void block_begin(struct buffer *block)
{
    buffer_clear(block);
    memset(buffer_reserve(block, BLOCK_HEADER_SIZE), 0, BLOCK_HEADER_SIZE);
    block->size = BLOCK_HEADER_SIZE;
}

void block_add_topic(struct buffer *block, const struct topic_want *want)
{
    tag_append(block, ENTRY_TOPIC);
    u32_put(buffer_reserve(block, 4), (uint32_t)want->partitions);
    block->size += 4;
    uint32_t settings = 0;
    while (want->settings != NULL && want->settings[settings] != NULL) {
        settings++;
    }
    u32_put(buffer_reserve(block, 4), settings);
    block->size += 4;
    text_append(block, want->name);
    for (uint32_t i = 0; i < settings; i++) {
        text_append(block, want->settings[i]);
    }
}

static uint32_t size_of(struct bytes value)
{
    return value.data == NULL ? SIZE_NULL : (uint32_t)value.size;
}

static void record_encode(uint8_t *out, uint32_t topic, int32_t partition, uint32_t barrier,
                          const struct stream_output *output)
{
    out[0] = ENTRY_RECORD;
    u32_put(out + RECORD_TOPIC, topic);
    u32_put(out + RECORD_PARTITION, (uint32_t)partition);
    u32_put(out + RECORD_BARRIER, barrier);
    u64_put(out + RECORD_TIMESTAMP, (uint64_t)output->timestamp_ms);
    u32_put(out + RECORD_KEY_SIZE, size_of(output->key));
    u32_put(out + RECORD_VALUE_SIZE, size_of(output->value));
    out += RECORD_HEADER_SIZE;
    if (output->key.size > 0) {
        memcpy(out, output->key.data, output->key.size);
    }
    if (output->value.size > 0) {
        memcpy(out + output->key.size, output->value.data, output->value.size);
    }
}

enum status block_add_record(struct buffer *block, const struct log *log,
                             const struct stream_output *output, uint32_t barrier,
                             struct log_partition **partition_out, struct error *error)
{
    const struct log_topic *topic = log_topic_find(log, output->topic);
    if (topic == NULL) {
        return error_set(error, STATUS_FATAL,
                         "cannot write to topic '%s': it does not exist; create it first",
                         output->topic);
    }
    const int32_t partition = output->partition == -1
                                  ? stream_partition(output->key, topic->partition_count)
                                  : output->partition;
    if (partition < 0 || partition >= topic->partition_count) {
        return error_set(error, STATUS_FATAL,
                         "cannot write to partition %d of topic '%s': it has %d partitions",
                         partition, topic->name, topic->partition_count);
    }
    const size_t room = BLOCK_PAYLOAD_MAX - (block->size - BLOCK_HEADER_SIZE);
    if (output->key.size > room || output->value.size > room - output->key.size ||
        room - output->key.size - output->value.size < RECORD_HEADER_SIZE) {
        return error_set(error, STATUS_FATAL,
                         "cannot write to topic '%s': the transaction is larger than %u bytes; "
                         "write less at once",
                         topic->name, (unsigned)BLOCK_PAYLOAD_MAX);
    }
    const size_t size = RECORD_HEADER_SIZE + output->key.size + output->value.size;
    record_encode(buffer_reserve(block, size), topic->number, partition, barrier, output);
    block->size += size;
    *partition_out = &topic->partitions[partition];
    return STATUS_OK;
}

void block_add_group(struct buffer *block, const char *group)
{
    tag_append(block, ENTRY_GROUP);
    text_append(block, group);
}

void block_add_offset(struct buffer *block, uint32_t topic, const struct stream_position *position)
{
    tag_append(block, ENTRY_OFFSET);
    uint8_t *out = buffer_reserve(block, 16);
    u32_put(out, topic);
    u32_put(out + 4, (uint32_t)position->partition);
    u64_put(out + 8, (uint64_t)position->next_offset);
    block->size += 16;
    text_append(block, position->metadata == NULL ? "" : position->metadata);
}
