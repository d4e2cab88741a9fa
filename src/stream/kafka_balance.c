/* Whether every partition of the driver has an owner, and a rebalance where one has none.
 *
 * A cooperative rebalance takes two rounds: first partitions are taken back, then they are given
 * away. When all members die in between and come back under their static ids, the coordinator finds
 * the group stable and hands out the halves of the first round again: what was taken back stays
 * without an owner, for ever. So every member looks now and then at what the group was told. Where
 * a gap is seen twice, one member leaves the group and joins it anew, which the coordinator cannot
 * take for a mere comeback: first the member with the fewest partitions, then, should the gap stay,
 * the next one. It gives its partitions back in the ordinary way before it leaves.
 *
 * A rebalance under way may look like a gap (a member is slow to give back). Then the rebalance
 * that we force is not needed, but does no harm.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/kafka_internal.h"

#include <stdlib.h>

#include "base/assert.h"

#define LEVEL_WARNING 4
#define PERIOD_MS 30000
/* From a rebalance to the first look, and from a gap to the next. */
#define AGAIN_MS 4000
/* How often the answer is looked for. */
#define ANSWER_PAUSE_MS 50
/* When a question is put anew: the old one may wait for a coordinator that has become another's, which
 * librdkafka remembers for minutes. */
#define FORGET_MS 60000
/* How long a broker may take to show that it is there. */
#define PROBE_MS 300
#define SIGHTINGS_MIN 2

/* What a description of the group says, seen from one member. */
struct view {
    int32_t covered; /* partitions that have an owner */
    unsigned rank;   /* how many members act before us */
    bool is_member;  /* else we have just come or gone */
};

static void names_release(struct kafka_balance *balance);
static void peers_note(struct kafka_balance *balance,
                       const rd_kafka_ConsumerGroupDescription_t *group, const char *own_id,
                       const char *driver);
static bool answer_take(struct kafka_stream *stream, rd_kafka_event_t *event,
                        struct view *view_out);
static void view_fill(const struct kafka_stream *stream,
                      const rd_kafka_ConsumerGroupDescription_t *group, const char *own_id,
                      struct view *view_out);
static int32_t owned_mark(const struct kafka_stream *stream,
                          const rd_kafka_MemberDescription_t *member, bool *marks);
static void join_anew(struct kafka_stream *stream);

enum status kafka_balance_open(struct kafka_stream *stream, const char *group, struct error *error)
{
    struct kafka_balance *balance = &stream->balance;
    *balance = (struct kafka_balance){.group = memory_text(group), .due_ms = INT64_MAX};
    struct kafka_layout layout;
    TRY(kafka_layout_get(stream->cluster, stream->sources[0], &layout, error));
    balance->partitions = layout.exists ? layout.partitions : 0;
    balance->queue = rd_kafka_queue_new(stream->cluster->admin.rk);
    return STATUS_OK;
}

void kafka_balance_rebalanced(struct kafka_stream *stream, int64_t now_ms)
{
    stream->balance.sightings = 0;
    stream->balance.due_ms = now_ms + AGAIN_MS;
}

void kafka_balance_serve(struct kafka_stream *stream, int64_t now_ms)
{
    struct kafka_balance *balance = &stream->balance;
    if (!balance->asked) {
        balance->asked = kafka_group_describe(stream, balance->queue);
        balance->asked_at_ms = now_ms;
        balance->due_ms = now_ms + (balance->asked ? ANSWER_PAUSE_MS : AGAIN_MS);
        return;
    }
    rd_kafka_event_t *event = rd_kafka_queue_poll(balance->queue, 0);
    if (event == NULL && now_ms - balance->asked_at_ms >= FORGET_MS) {
        rd_kafka_queue_destroy(balance->queue);
        balance->queue = rd_kafka_queue_new(stream->cluster->admin.rk);
        balance->asked = false;
    }
    if (event == NULL) {
        balance->due_ms = now_ms + ANSWER_PAUSE_MS;
        return;
    }
    balance->asked = false;
    struct view view;
    const bool told = answer_take(stream, event, &view);
    rd_kafka_event_destroy(event);
    if (!told || stream->revocations_open > 0 || view.covered >= balance->partitions) {
        balance->sightings = 0;
        balance->due_ms = now_ms + PERIOD_MS;
        return;
    }
    balance->due_ms = now_ms + AGAIN_MS;
    if (++balance->sightings < SIGHTINGS_MIN + view.rank) {
        return;
    }
    kafka_say(stream->cluster, LEVEL_WARNING,
              "%d of %d partitions of topic '%s' have no owner though group '%s' is stable: "
              "leaving and joining it anew for a rebalance",
              (int)(balance->partitions - view.covered), (int)balance->partitions,
              stream->sources[0], balance->group);
    balance->sightings = 0;
    balance->due_ms = now_ms + PERIOD_MS;
    join_anew(stream);
}

void kafka_balance_close(struct kafka_stream *stream)
{
    /* An answer that comes later is dropped with its queue. */
    if (stream->balance.queue != NULL) {
        rd_kafka_queue_destroy(stream->balance.queue);
    }
    free(stream->balance.group);
    names_release(&stream->balance);
    free(stream->balance.owners);
    stream->balance = (struct kafka_balance){.due_ms = INT64_MAX};
}

/* Asked only where a broker has answered just now: else every question would wait inside librdkafka. */
bool kafka_group_describe(const struct kafka_stream *stream, rd_kafka_queue_t *queue)
{
    rd_kafka_t *admin = stream->cluster->admin.rk;
    char text[128];
    const struct rd_kafka_metadata *metadata = NULL;
    if (rd_kafka_metadata(admin, 0, NULL, &metadata, PROBE_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_AdminOptions_set_request_timeout(options, KAFKA_COORDINATOR_MS, text, sizeof(text));
    const char *groups[] = {stream->balance.group};
    rd_kafka_DescribeConsumerGroups(admin, groups, COUNT_OF(groups), options, queue);
    rd_kafka_AdminOptions_destroy(options);
    return true;
}

/* False: it tells nothing about a settled group with us in it. */
static bool answer_take(struct kafka_stream *stream, rd_kafka_event_t *event, struct view *view_out)
{
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return false;
    }
    size_t count = 0;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) != NULL ||
        rd_kafka_ConsumerGroupDescription_state(groups[0]) !=
            RD_KAFKA_CONSUMER_GROUP_STATE_STABLE) {
        return false;
    }
    char *own_id = rd_kafka_memberid(stream->consumer.rk);
    if (own_id == NULL) {
        return false;
    }
    view_fill(stream, groups[0], own_id, view_out);
    if (view_out->is_member) {
        peers_note(&stream->balance, groups[0], own_id, stream->sources[0]);
    }
    rd_kafka_mem_free(stream->consumer.rk, own_id);
    return view_out->is_member;
}

bool kafka_balance_peers(const struct stream *base, struct stream_peers *peers_out)
{
    const struct kafka_balance *balance =
        &((const struct kafka_stream *)(const void *)base)->balance;
    if (balance->version == 0 || balance->names == NULL) {
        return false;
    }
    *peers_out = (struct stream_peers){.version = balance->version,
                                       .names = (const char *const *)balance->names,
                                       .count = balance->name_count,
                                       .own = balance->own,
                                       .owners = balance->owners,
                                       .partitions = balance->partitions};
    return true;
}

static void names_release(struct kafka_balance *balance)
{
    for (size_t i = 0; balance->names != NULL && i < balance->name_count; i++) {
        free(balance->names[i]);
    }
    free(balance->names);
    balance->names = NULL;
    balance->name_count = 0;
}

static void peers_note(struct kafka_balance *balance,
                       const rd_kafka_ConsumerGroupDescription_t *group, const char *own_id,
                       const char *driver)
{
    const size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
    names_release(balance);
    balance->version++;
    balance->owners = memory_resize(balance->owners,
                                    ((size_t)balance->partitions + 1) * sizeof(*balance->owners));
    for (int32_t i = 0; i < balance->partitions; i++) {
        balance->owners[i] = SIZE_MAX;
    }
    balance->names = memory_get((count + 1) * sizeof(*balance->names));
    for (size_t m = 0; m < count; m++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, m);
        const char *name = rd_kafka_MemberDescription_group_instance_id(member);
        if (name == NULL || name[0] == '\0') {
            names_release(balance);
            return;
        }
        balance->names[balance->name_count++] = memory_text(name);
        if (strcmp(rd_kafka_MemberDescription_consumer_id(member), own_id) == 0) {
            balance->own = m;
        }
        const rd_kafka_MemberAssignment_t *assignment =
            rd_kafka_MemberDescription_assignment(member);
        const rd_kafka_topic_partition_list_t *list =
            assignment != NULL ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        for (int i = 0; list != NULL && i < list->cnt; i++) {
            const rd_kafka_topic_partition_t *entry = &list->elems[i];
            if (strcmp(entry->topic, driver) == 0 && entry->partition >= 0 &&
                entry->partition < balance->partitions) {
                balance->owners[entry->partition] = m;
            }
        }
    }
}

static void view_fill(const struct kafka_stream *stream,
                      const rd_kafka_ConsumerGroupDescription_t *group, const char *own_id,
                      struct view *view_out)
{
    struct view view = {.covered = 0};
    const size_t count = rd_kafka_ConsumerGroupDescription_member_count(group);
    bool *marks = memory_get(((size_t)stream->balance.partitions + 1) * sizeof(*marks));
    int32_t *owned = memory_get((count + 1) * sizeof(*owned));
    memset(marks, 0, ((size_t)stream->balance.partitions + 1) * sizeof(*marks));
    int32_t own_owned = 0;
    for (size_t m = 0; m < count; m++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, m);
        owned[m] = owned_mark(stream, member, marks);
        view.covered += owned[m];
        if (strcmp(rd_kafka_MemberDescription_consumer_id(member), own_id) == 0) {
            view.is_member = true;
            own_owned = owned[m];
        }
    }
    for (size_t m = 0; m < count; m++) {
        const char *id = rd_kafka_MemberDescription_consumer_id(
            rd_kafka_ConsumerGroupDescription_member(group, m));
        view.rank += owned[m] < own_owned || (owned[m] == own_owned && strcmp(id, own_id) < 0);
    }
    free(owned);
    free(marks);
    *view_out = view;
}

/* How many partitions of the driver are the member's and nobody's before it. */
static int32_t owned_mark(const struct kafka_stream *stream,
                          const rd_kafka_MemberDescription_t *member, bool *marks)
{
    const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
    const rd_kafka_topic_partition_list_t *list =
        assignment != NULL ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
    int32_t count = 0;
    for (int i = 0; list != NULL && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (strcmp(entry->topic, stream->sources[0]) == 0 && entry->partition >= 0 &&
            entry->partition < stream->balance.partitions && !marks[entry->partition]) {
            marks[entry->partition] = true;
            count++;
        }
    }
    return count;
}

/* To subscribe again without leaving would be a comeback again. The new subscription waits inside
 * librdkafka until our partitions are given back. */
static void join_anew(struct kafka_stream *stream)
{
    rd_kafka_resp_err_t code = rd_kafka_unsubscribe(stream->consumer.rk);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = kafka_subscribe(stream);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        error_set(&stream->failure, STATUS_FATAL, "cannot join group '%s' anew: %s",
                  stream->balance.group, rd_kafka_err2str(code));
    }
}
