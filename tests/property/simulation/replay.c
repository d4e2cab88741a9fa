/* A cluster without faults that gives out the committed inputs one at a time.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include "base/assert.h"
#include "client.h"
#include "engine/loop.h"
#include "engine/member.h"

#include <stdio.h>
#include <stdlib.h>

struct replayed {
    struct cluster cluster;
    struct stream stream;
    const struct group *group;
    struct output_list *outputs;
    atomic_bool stop;
    uint32_t sources[STREAM_SOURCES_MAX];
    int32_t offered;
    int32_t assigned;
    int32_t partition;
    size_t next;  /* in the partition's list */
    bool breathe; /* nothing comes now, so that every record is a turn */
    struct place changelog; /* its own: count only */
    int64_t changelog_count[PARTITIONS_MAX];
};

static struct replayed *of_stream(struct stream *stream)
{
    return (struct replayed *)(void *)((char *)stream - offsetof(struct replayed, stream));
}

void output_add(struct output_list *list, const struct output *output)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
        list->items = memory_resize(list->items, list->capacity * sizeof(*list->items));
    }
    list->items[list->count++] = *output;
}

static enum status replay_poll(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                               struct stream_record *record_out, int32_t *partition_out,
                               struct error *error)
{
    (void)timeout_ms;
    (void)error;
    struct replayed *self = of_stream(stream);
    world->now_ms++;
    *event_out = STREAM_NOTHING;
    if (self->offered < world->partitions) {
        *event_out = STREAM_ASSIGN;
        *partition_out = self->offered++;
        return STATUS_OK;
    }
    if (self->assigned < world->partitions) {
        return STATUS_OK;
    }
    self->breathe = !self->breathe;
    while (self->partition < world->partitions &&
           self->next == self->group->judged[self->partition].count) {
        self->partition++;
        self->next = 0;
    }
    if (self->partition == world->partitions) {
        atomic_store(&self->stop, true);
    } else if (!self->breathe) {
        const struct judged judged = self->group->judged[self->partition].items[self->next++];
        const struct log_partition *partition = broker_partition((struct place){
            .topic = self->sources[judged.source], .partition = self->partition});
        const struct entry *entry = &partition->entries[judged.offset];
        *event_out = STREAM_RECORD;
        *record_out = (struct stream_record){.source = judged.source,
                                             .partition = self->partition,
                                             .offset = judged.offset,
                                             .timestamp_ms = entry->timestamp_ms,
                                             .key = entry->key,
                                             .value = entry->value};
    }
    return STATUS_OK;
}

static void replay_release(struct stream *stream, struct stream_record *record)
{
    (void)stream;
    (void)record;
}

static enum status replay_assign(struct stream *stream, int32_t partition, const int64_t *offsets,
                                 struct error *error)
{
    of_stream(stream)->assigned++;
    (void)partition;
    (void)offsets;
    (void)error;
    return STATUS_OK;
}

static enum status replay_unassign(struct stream *stream, int32_t partition, struct error *error)
{
    (void)stream;
    (void)partition;
    (void)error;
    return STATUS_OK;
}

static enum status replay_committed(struct stream *stream, int32_t partition,
                                    struct stream_committed *out, struct error *error)
{
    (void)partition;
    (void)error;
    for (uint32_t i = 0; i < of_stream(stream)->group->topology->source_count; i++) {
        out[i] = (struct stream_committed){.offset = STREAM_OFFSET_NONE};
    }
    return STATUS_OK;
}

static enum status replay_begin(struct stream *stream, struct error *error)
{
    (void)stream;
    (void)error;
    return STATUS_OK;
}

static struct bytes keep(struct bytes value)
{
    if (value.data == NULL) {
        return value;
    }
    uint8_t *kept = memory_get(value.size + 1);
    memcpy(kept, value.data, value.size);
    return bytes_of(kept, value.size);
}

static enum status replay_produce(struct stream *stream, const struct stream_output *output,
                                  struct error *error)
{
    (void)error;
    struct replayed *self = of_stream(stream);
    const uint32_t topic = broker_topic(output->topic);
    const int32_t partition = output->partition >= 0
                                  ? output->partition
                                  : stream_partition(output->key, world->partitions);
    if (topic == self->changelog.topic) {
        self->changelog_count[partition]++;
    }
    const struct output made = {.place = {.topic = topic, .partition = partition},
                                .timestamp_ms = output->timestamp_ms,
                                .key = keep(output->key),
                                .value = keep(output->value)};
    output_add(self->outputs, &made);
    return STATUS_OK;
}

static enum status replay_flush(struct stream *stream, struct error *error)
{
    (void)stream;
    (void)error;
    return STATUS_OK;
}

static int64_t replay_produced_next(struct stream *stream, const char *topic, int32_t partition)
{
    (void)topic;
    return of_stream(stream)->changelog_count[partition];
}

static enum commit_outcome replay_commit(struct stream *stream,
                                         const struct stream_position *positions, size_t count,
                                         struct error *error)
{
    (void)stream;
    (void)positions;
    (void)count;
    (void)error;
    return COMMIT_DONE;
}

static enum commit_outcome replay_abort(struct stream *stream, struct error *error)
{
    (void)stream;
    (void)error;
    return COMMIT_ABORTED;
}

static bool replay_rotation_due(const struct stream *stream)
{
    (void)stream;
    return false;
}

static void replay_close(struct stream *stream)
{
    (void)stream;
}

static enum status replay_stream_open(struct cluster *cluster, const struct stream_options *options,
                                      struct stream **stream_out, struct error *error)
{
    static const struct stream_ops ops = {.poll = replay_poll,
                                          .release = replay_release,
                                          .assign = replay_assign,
                                          .unassign = replay_unassign,
                                          .committed = replay_committed,
                                          .begin = replay_begin,
                                          .produce = replay_produce,
                                          .flush = replay_flush,
                                          .produced_next = replay_produced_next,
                                          .commit = replay_commit,
                                          .abort = replay_abort,
                                          .rotation_due = replay_rotation_due,
                                          .rotate = replay_begin,
                                          .close = replay_close};
    (void)error;
    struct replayed *self = (struct replayed *)(void *)cluster;
    self->stream.ops = &ops;
    for (uint32_t i = 0; i < options->source_count; i++) {
        self->sources[i] = broker_topic(options->sources[i]);
    }
    *stream_out = &self->stream;
    return STATUS_OK;
}

/* The policies are those of the run; every other topic is empty before the replay. */
struct empty_reader {
    struct reader reader;
};

static enum status empty_read(struct reader *reader, int timeout_ms,
                              struct stream_record *record_out, bool *found_out,
                              struct error *error)
{
    (void)reader;
    (void)timeout_ms;
    (void)record_out;
    (void)error;
    *found_out = false;
    return STATUS_OK;
}

static void empty_release(struct reader *reader, struct stream_record *record)
{
    (void)reader;
    (void)record;
}

static enum status empty_bounds(struct reader *reader, int64_t *start_out, int64_t *end_out,
                                struct error *error)
{
    (void)reader;
    (void)error;
    *start_out = 0;
    *end_out = 0;
    return STATUS_OK;
}

static int64_t empty_position(const struct reader *reader)
{
    (void)reader;
    return 0;
}

static void empty_close(struct reader *reader)
{
    free(reader);
}

static enum status replay_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                                      int64_t from, bool committed, struct reader **reader_out,
                                      struct error *error)
{
    static const struct reader_ops ops = {.read = empty_read,
                                          .release = empty_release,
                                          .bounds = empty_bounds,
                                          .position = empty_position,
                                          .close = empty_close};
    (void)cluster;
    const size_t size = strlen(topic);
    if (size >= 8 && strcmp(topic + size - 8, "policies") == 0) {
        return simulated_cluster.ops->reader_open(&simulated_cluster, topic, partition, from,
                                                  committed, reader_out, error);
    }
    struct empty_reader *reader = memory_get(sizeof(*reader));
    *reader = (struct empty_reader){.reader = {.ops = &ops}};
    *reader_out = &reader->reader;
    return STATUS_OK;
}

static enum status replay_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                                 int timeout_ms, int64_t *start_out, int64_t *end_out,
                                 struct error *error)
{
    (void)cluster;
    (void)topic;
    (void)partition;
    (void)timeout_ms;
    return empty_bounds(NULL, start_out, end_out, error);
}

static enum status replay_describe(struct cluster *cluster, const char *topic,
                                   struct topic_facts *facts_out, struct error *error)
{
    (void)cluster;
    return simulated_cluster.ops->describe(&simulated_cluster, topic, facts_out, error);
}

static enum status replay_check(struct cluster *cluster, const struct topic_want *want,
                                struct buffer *differences, struct error *error)
{
    (void)cluster;
    return simulated_cluster.ops->check(&simulated_cluster, want, differences, error);
}

static const char *replay_id(const struct cluster *cluster)
{
    (void)cluster;
    return "simulated";
}

static const struct cluster_ops replay_ops = {.stream_open = replay_stream_open,
                                              .reader_open = replay_reader_open,
                                              .bounds = replay_bounds,
                                              .describe = replay_describe,
                                              .check = replay_check,
                                              .id = replay_id};

static struct engine_options *options_of(struct replayed *self)
{
    struct config *config = memory_get(sizeof(*config));
    *config = *world->environment->config;
    config->tick_interval_ms = 0; /* ticks are inputs here */
    struct engine_options *options = memory_get(sizeof(*options));
    *options = (struct engine_options){.config = config,
                                       .cluster = &self->cluster,
                                       .codec = world->environment->codec,
                                       .catalogue = world->environment->catalogue,
                                       .topologies = world->environment->topologies,
                                       .topology_count = TOPOLOGIES,
                                       .keys = world->environment->keys,
                                       .state_dir = "replay",
                                       .stop = &self->stop};
    return options;
}

struct member *replay(const struct group *group, struct output_list *outputs)
{
    struct replayed *self = memory_get(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->cluster.ops = &replay_ops;
    self->group = group;
    self->outputs = outputs;
    char changelog[160];
    snprintf(changelog, sizeof(changelog), "%s%s", world->environment->config->topics_prefix,
             group->topology->changelog->name);
    self->changelog.topic = broker_topic(changelog);
    const struct engine_options *options = options_of(self);
    struct member *member = NULL;
    struct error error = {0};
    enum status status = member_open(options, group->topology, 0, &member, &error);
    if (status == STATUS_OK) {
        status = loop_live(options, member, &error);
    }
    if (status != STATUS_OK) {
        violate("the replay of '%s' stopped: %s", group->topology->name, error.text);
        return NULL;
    }
    return member;
}
