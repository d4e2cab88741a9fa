/* The topics a transactional producer writes to: their handles and the offsets that delivery
 * reports brought for the transaction at hand.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"

static enum status topic_warm(rd_kafka_t *rk, rd_kafka_topic_t *handle, const char *name,
                              struct error *error);

enum status kafka_topic_get(struct kafka_topics *topics, rd_kafka_t *rk, const char *name,
                            struct kafka_topic **topic_out, struct error *error)
{
    struct kafka_topic *topic = table_find(&topics->table, bytes_text(name));
    if (topic != NULL) {
        *topic_out = topic;
        return STATUS_OK;
    }
    topic = memory_get(sizeof(*topic));
    *topic = (struct kafka_topic){.name = memory_text(name)};
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(rk);
    rd_kafka_topic_conf_set_opaque(conf, topic);
    topic->handle = rd_kafka_topic_new(rk, name, conf);
    if (topic->handle == NULL) {
        rd_kafka_topic_conf_destroy(conf);
        free(topic->name);
        free(topic);
        return error_set(error, STATUS_FATAL, "cannot write to topic '%s': %s", name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    }
    /* Kept even if the topic is not there: a second handle would not get our opaque. */
    table_add(&topics->table, bytes_text(topic->name), topic);
    *topic_out = topic;
    return topic_warm(rk, topic->handle, name, error);
}

void kafka_topic_note(struct kafka_topic *topic, int32_t partition, int64_t offset,
                      unsigned transaction)
{
    ASSERT(partition >= 0);
    ASSERT(offset >= 0);
    const size_t index = (size_t)partition;
    if (index >= topic->slot_count) {
        topic->slots = memory_resize(topic->slots, (index + 1) * sizeof(*topic->slots));
        for (size_t i = topic->slot_count; i <= index; i++) {
            topic->slots[i] = (struct kafka_slot){.transaction = 0};
        }
        topic->slot_count = index + 1;
    }
    struct kafka_slot *slot = &topic->slots[index];
    if (slot->transaction != transaction || slot->next <= offset) {
        *slot = (struct kafka_slot){.transaction = transaction, .next = offset + 1};
    }
}

int64_t kafka_topic_next(const struct kafka_topics *topics, const char *name, int32_t partition,
                         unsigned transaction)
{
    const struct kafka_topic *topic = table_find(&topics->table, bytes_text(name));
    if (topic == NULL || partition < 0 || (size_t)partition >= topic->slot_count) {
        return STREAM_OFFSET_NONE;
    }
    const struct kafka_slot *slot = &topic->slots[partition];
    return slot->transaction == transaction ? slot->next : STREAM_OFFSET_NONE;
}

void kafka_topics_release(struct kafka_topics *topics)
{
    for (size_t i = 0; i < topics->table.count; i++) {
        struct kafka_topic *topic = topics->table.entries[i].value;
        if (topic != NULL) {
            rd_kafka_topic_destroy(topic->handle);
            free(topic->slots);
            free(topic->name);
            free(topic);
        }
    }
    table_release(&topics->table);
}

/* Without it the first record of a topic waits for up to a second before librdkafka 2.10.1. */
static enum status topic_warm(rd_kafka_t *rk, rd_kafka_topic_t *handle, const char *name,
                              struct error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, handle, &metadata, KAFKA_ANSWER_MS);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ASSERT(metadata->topic_cnt == 1);
        code = metadata->topics[0].err;
        rd_kafka_metadata_destroy(metadata);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return STATUS_OK;
    }
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return error_set(error, STATUS_FATAL,
                         "topic '%s' does not exist, create it with 'sanctionctl topics create'",
                         name);
    }
    return error_set(error, kafka_status_of(code), "cannot write to topic '%s': %s", name,
                     rd_kafka_err2str(code));
}
