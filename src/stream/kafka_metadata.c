/* What a cluster says about a topic: whether it exists, its partitions, its id.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include "base/assert.h"
#include "base/time.h"

static enum status layout_of(const struct rd_kafka_metadata_topic *topic, const char *name,
                             struct kafka_layout *layout_out, struct error *error);
#if RD_KAFKA_VERSION >= 0x020300ff
static enum status topic_id_get(struct kafka_cluster *cluster, const char *name, char *id_out,
                                size_t id_size, struct error *error);
#endif

enum status kafka_describe(struct cluster *cluster, const char *topic,
                           struct topic_facts *facts_out, struct error *error)
{
    struct kafka_layout layout;
    TRY(kafka_layout_get(kafka_of(cluster), topic, &layout, error));
    struct topic_facts facts = {.exists = layout.exists, .partitions = layout.partitions};
#if RD_KAFKA_VERSION >= 0x020300ff
    if (facts.exists) {
        TRY(topic_id_get(kafka_of(cluster), topic, facts.id, sizeof(facts.id), error));
    }
#endif
    *facts_out = facts;
    return STATUS_OK;
}

enum status kafka_layout_get(struct kafka_cluster *cluster, const char *name,
                             struct kafka_layout *layout_out, struct error *error)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(cluster->admin.rk, name, NULL);
    if (handle == NULL) {
        return error_set(error, STATUS_FATAL, "cannot ask for topic '%s': %s", name,
                         rd_kafka_err2str(rd_kafka_last_error()));
    }
    rd_kafka_poll(cluster->admin.rk, 0);
    const struct rd_kafka_metadata *metadata = NULL;
    const rd_kafka_resp_err_t code =
        rd_kafka_metadata(cluster->admin.rk, 0, handle, &metadata, KAFKA_ANSWER_MS);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_status_of(code), "cannot ask '%s' for topic '%s': %s",
                         kafka_servers(cluster), name, rd_kafka_err2str(code));
    }
    ASSERT(metadata->topic_cnt == 1);
    const enum status status = layout_of(&metadata->topics[0], name, layout_out, error);
    rd_kafka_metadata_destroy(metadata);
    return status;
}

static enum status layout_of(const struct rd_kafka_metadata_topic *topic, const char *name,
                             struct kafka_layout *layout_out, struct error *error)
{
    if (topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        *layout_out = (struct kafka_layout){.exists = false};
        return STATUS_OK;
    }
    /* A topic without leaders exists all the same. */
    if (topic->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
        topic->err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
        return error_set(error, kafka_status_of(topic->err), "cannot ask for topic '%s': %s", name,
                         rd_kafka_err2str(topic->err));
    }
    *layout_out = (struct kafka_layout){
        .exists = true,
        .partitions = topic->partition_cnt,
        .replicas = topic->partition_cnt > 0 ? topic->partitions[0].replica_cnt : 0,
        .has_leader = topic->partition_cnt > 0,
    };
    for (int i = 0; i < topic->partition_cnt; i++) {
        layout_out->has_leader = layout_out->has_leader && topic->partitions[i].leader >= 0;
    }
    return STATUS_OK;
}

#if RD_KAFKA_VERSION >= 0x020300ff
static enum status topic_id_read(rd_kafka_event_t *event, char *id_out, size_t id_size,
                                 const char *name, struct error *error)
{
    if (event == NULL) {
        return error_set(error, STATUS_RETRY, "cannot ask for the id of topic '%s': no answer",
                         name);
    }
    const rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return error_set(error, kafka_status_of(code), "cannot ask for the id of topic '%s': %s",
                         name, rd_kafka_event_error_string(event));
    }
    size_t count = 0;
    const rd_kafka_TopicDescription_t **topics =
        rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
    /* A broker without DescribeTopics of ids, or a topic deleted just now: no id is no error. */
    id_out[0] = '\0';
    if (count == 1 && rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0])) ==
                          RD_KAFKA_RESP_ERR_NO_ERROR) {
        const rd_kafka_Uuid_t *id = rd_kafka_TopicDescription_topic_id(topics[0]);
        const char *text = id != NULL ? rd_kafka_Uuid_base64str(id) : NULL;
        if (text != NULL && strlen(text) < id_size) {
            memcpy(id_out, text, strlen(text) + 1);
        }
    }
    return STATUS_OK;
}

static enum status topic_id_get(struct kafka_cluster *cluster, const char *name, char *id_out,
                                size_t id_size, struct error *error)
{
    const char *names[] = {name};
    rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(cluster->admin.rk);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(cluster->admin.rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    char text[128];
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_ANSWER_MS, text, sizeof(text));
    rd_kafka_DescribeTopics(cluster->admin.rk, topics, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_ANSWER_MS + 1000);
    const enum status status = topic_id_read(event, id_out, id_size, name, error);
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    rd_kafka_TopicCollection_destroy(topics);
    return status;
}
#endif
