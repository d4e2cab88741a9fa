/* A transaction that a process of the group left open when it went for good: its offsets hold up the next
 * owner, its records every reader behind them, until the broker's time limit and scan. A producer with
 * its id, made and closed again, ends it at once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include "base/assert.h"

static enum status member_find(struct kafka_stream *stream, const char *instance_id,
                               bool *found_out, struct error *error);
static enum status offset_of(rd_kafka_event_t *event, struct stream_committed *out,
                             struct error *error);

enum status kafka_orphan_peek(struct stream *base, int32_t partition,
                              struct stream_committed *driver_out, struct error *error)
{
    struct kafka_stream *stream = (struct kafka_stream *)(void *)base;
    rd_kafka_t *admin = stream->cluster->admin.rk;
    char text[128];
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, stream->sources[0], partition);
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(stream->balance.group, list);
    rd_kafka_topic_partition_list_destroy(list);
    /* Not stable ones, which is the default. */
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(admin, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_COORDINATOR_MS, text, sizeof(text));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    rd_kafka_ListConsumerGroupOffsets(admin, &request, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_ANSWER_MS + 1000);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    const enum status status = offset_of(event, driver_out, error);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    return status;
}

enum status kafka_orphan_fence(struct stream *base, const char *transactional_id,
                               const char *instance_id, bool *fenced_out, struct error *error)
{
    struct kafka_stream *stream = (struct kafka_stream *)(void *)base;
    bool found = true;
    *fenced_out = false;
    TRY(member_find(stream, instance_id, &found, error));
    if (found) {
        return STATUS_OK;
    }
    struct kafka_producer *producer = NULL;
    TRY(kafka_producer_open(stream->cluster, transactional_id, &producer, error));
    kafka_producer_close(producer);
    *fenced_out = true;
    return STATUS_OK;
}

/* Whether a member of the group has the instance id now. */
static enum status member_find(struct kafka_stream *stream, const char *instance_id,
                               bool *found_out, struct error *error)
{
    rd_kafka_t *admin = stream->cluster->admin.rk;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(admin);
    enum status status = error_set(error, STATUS_RETRY, "no broker describes group '%s'",
                                   stream->balance.group);
    rd_kafka_event_t *event = NULL;
    if (kafka_group_describe(stream, queue)) {
        event = rd_kafka_queue_poll(queue, KAFKA_ANSWER_MS + 1000);
    }
    rd_kafka_queue_destroy(queue);
    size_t count = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups = NULL;
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        groups = rd_kafka_DescribeConsumerGroups_result_groups(
            rd_kafka_event_DescribeConsumerGroups_result(event), &count);
    }
    if (count == 1 && rd_kafka_ConsumerGroupDescription_error(groups[0]) == NULL) {
        status = STATUS_OK;
        *found_out = false;
        const size_t members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
        for (size_t m = 0; m < members; m++) {
            const char *id = rd_kafka_MemberDescription_group_instance_id(
                rd_kafka_ConsumerGroupDescription_member(groups[0], m));
            *found_out = *found_out || (id != NULL && strcmp(id, instance_id) == 0);
        }
    }
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    return status;
}

static enum status offset_of(rd_kafka_event_t *event, struct stream_committed *out,
                             struct error *error)
{
    size_t count = 0;
    const rd_kafka_group_result_t **groups = NULL;
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    }
    if (count != 1 || rd_kafka_group_result_error(groups[0]) != NULL) {
        return error_set(error, STATUS_RETRY, "no broker tells the offsets of the group");
    }
    const rd_kafka_topic_partition_list_t *list = rd_kafka_group_result_partitions(groups[0]);
    if (list == NULL || list->cnt != 1 ||
        list->elems[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, STATUS_RETRY, "no broker tells the offsets of the group");
    }
    return kafka_committed_read(&list->elems[0], out, error);
}
