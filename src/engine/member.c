/* A member: opening, events of the stream, maintenance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/log.h"
#include "engine/standby.h"
#include "engine/loop.h"

#include <stdio.h>
#include <stdlib.h>

static char *full_name(const struct config *config, const char *topic)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s%s", config->topics_prefix, topic);
    return (char *)name.data;
}

/* Partition counts of all sources, changelog included, must agree: copartitioning. */
static enum status check_topics(struct member *member, struct error *error)
{
    struct cluster *cluster = member->cluster;
    const struct topology *topology = member->topology;
    for (uint32_t i = 0; i <= topology->source_count; i++) {
        const bool source = i < topology->source_count;
        const char *name = source ? member->source_names[i] : member->changelog_name;
        struct topic_facts facts = {0};
        TRY(cluster->ops->describe(cluster, name, &facts, error));
        if (!facts.exists) {
            return error_set(error, STATUS_FATAL,
                             "topic '%s' does not exist: create it with sanctionctl topics create",
                             name);
        }
        if (member->partition_count == 0) {
            member->partition_count = facts.partitions;
        }
        if (facts.partitions != member->partition_count) {
            return error_set(error, STATUS_FATAL,
                             "%s:%zu: source '%s' has %d partitions, '%s' has %d: sources of a "
                             "topology need the same number",
                             topology->file, source ? topology->sources[i].line : (size_t)0, name,
                             facts.partitions, member->source_names[0], member->partition_count);
        }
        if (source) {
            snprintf(member->source_ids[i], sizeof(member->source_ids[i]), "%s",
                     facts.id[0] == '\0' ? "none" : facts.id);
        }
    }
    for (uint32_t i = 0; i < topology->sink_count; i++) {
        char *name = full_name(member->config, topology->sinks[i]->name);
        struct topic_facts facts = {0};
        enum status status = cluster->ops->describe(cluster, name, &facts, error);
        if (status == STATUS_OK && (!facts.exists || facts.partitions != member->partition_count)) {
            status = error_set(error, STATUS_FATAL,
                               facts.exists
                                   ? "topic '%s' has another number of partitions than the "
                                     "sources: outputs keep to the partition of their subject"
                                   : "topic '%s' does not exist: create it with sanctionctl "
                                     "topics create",
                               name);
        }
        free(name);
        TRY(status);
    }
    return STATUS_OK;
}

/* The lines of a text as one line, as errors are: the last newline goes. */
static void join_lines(struct buffer *text)
{
    text->size -= text->size > 0;
    for (size_t i = 0; i < text->size; i++) {
        text->data[i] = text->data[i] == '\n' ? ';' : text->data[i];
    }
}

/* Nothing may drag stream time along: an input carries the broker's time, or the broker refuses what is more
 * than time.max_ahead ahead (design.md 6, Time). */
static enum status check_timestamps(struct member *member, struct error *error)
{
    char bound[64];
    snprintf(bound, sizeof(bound), "message.timestamp.after.max.ms=%lld",
             (long long)member->config->time_max_ahead_ms);
    const char *const append[] = {"message.timestamp.type=LogAppendTime", NULL};
    const char *const create[] = {"message.timestamp.type=CreateTime", bound, NULL};
    struct buffer differences = {0};
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < member->topology->source_count && status == STATUS_OK; i++) {
        if (member->topology->sources[i].topic->role != TOPIC_INPUT) {
            continue;
        }
        const char *const *const ways[] = {append, create};
        for (size_t way = 0; way < COUNT_OF(ways) && status == STATUS_OK; way++) {
            const struct topic_want want = {.name = member->source_names[i],
                                            .partitions = member->partition_count,
                                            .settings = ways[way]};
            buffer_clear(&differences);
            status = member->cluster->ops->check(member->cluster, &want, &differences, error);
            if (differences.size == 0) {
                break;
            }
        }
        if (status == STATUS_OK && differences.size > 0) {
            join_lines(&differences);
            status = error_set(error, STATUS_FATAL,
                               "%.*s: records from the future would drag stream time along; set "
                               "%s on the topic, or topics.check_timestamps to false",
                               BYTES_PRINT(buffer_bytes(&differences)), bound);
        }
    }
    buffer_release(&differences);
    return status;
}

static void name_things(struct member *member, unsigned thread)
{
    const struct config *config = member->config;
    const struct topology *topology = member->topology;
    if (topology->group[0] != '\0') {
        snprintf(member->group, sizeof(member->group), "%s", topology->group);
    } else {
        snprintf(member->group, sizeof(member->group), "%s.%s", config->application,
                 topology->name);
    }
    snprintf(member->transactional_id, sizeof(member->transactional_id), "%s.%s.%s.%u",
             config->application, topology->name, config->worker_slot, thread);
    snprintf(member->instance_id, sizeof(member->instance_id), "%s-%u", config->worker_slot,
             thread);
    for (uint32_t i = 0; i < topology->source_count; i++) {
        const struct topology_source *source = &topology->sources[i];
        member->source_names[i] = source->name[0] != '\0' ? memory_text(source->name)
                                                          : full_name(config, source->topic->name);
        member->crash_topics[i] = crash_topic(member->source_names[i]);
    }
    member->changelog_name = full_name(config, topology->changelog->name);
    member->topic_names = memory_get(topic_count * sizeof(*member->topic_names));
    for (size_t i = 0; i < topic_count; i++) {
        member->topic_names[i] = full_name(config, topics[i].name);
    }
}

/* Idle tasks commit their offsets again in a quarter of the shortest time that is let through. */
#define OFFSETS_AGAIN_MS (STREAM_RETENTION_MIN_MS / 4)

/* Offsets of sources that the group does not subscribe to expire while it is stable. */
static enum status check_retention(struct cluster *cluster, struct error *error)
{
    if (cluster->ops->offsets_retention == NULL) {
        return STATUS_OK;
    }
    int64_t retention_ms = 0;
    TRY(cluster->ops->offsets_retention(cluster, &retention_ms, error));
    return retention_ms >= STREAM_RETENTION_MIN_MS
               ? STATUS_OK
               : error_set(error, STATUS_FATAL,
                           "the brokers keep offsets for %lld minutes: those of a quiet topic would "
                           "expire; set offsets.retention.minutes to 1440 or more",
                           (long long)(retention_ms / MINUTE_MS));
}

static enum status connect(struct member *member, struct error *error)
{
    struct cluster *cluster = member->cluster;
    TRY(check_retention(cluster, error));
    TRY(check_topics(member, error));
    if (!member->options->causal && member->config->check_timestamps) {
        TRY(check_timestamps(member, error));
    }
    char *policies = full_name(member->config, "policies");
    const enum status status =
        policy_feed_open(cluster, policies, member->config->policy_id, member->codec,
                         &member->policies, error);
    free(policies);
    TRY(status);
    TRY(policy_feed_poll(member->policies, error));
    if (policy_feed_versions(member->policies)->count == 0) { /* before it joins the group */
        return error_set(error, STATUS_RETRY,
                         "no version of policy '%s' is published: use sanctionctl policy publish",
                         member->config->policy_id);
    }
    const struct stream_options options = {.group = member->group,
                                           .transactional_id = member->transactional_id,
                                           .instance_id = member->instance_id,
                                           .sources = (const char *const *)member->source_names,
                                           .source_count = member->topology->source_count};
    return cluster->ops->stream_open(cluster, &options, &member->stream, error);
}

enum status member_open(const struct engine_options *options, const struct topology *topology,
                        unsigned thread, struct member **member_out, struct error *error)
{
    struct member *member = memory_get(sizeof(*member));
    *member = (struct member){.options = options,
                              .config = options->config,
                              .cluster = options->cluster,
                              .topology = topology,
                              .catalogue = options->catalogue,
                              .codec = options->codec,
                              .keys = options->keys,
                              .store_memory = options->store_memory};
    member->record = memory_get(codec_record_size(member->codec));
    member->row = memory_get(codec_record_size(member->codec));
    member->payload = memory_get(sizeof(*member->payload));
    flight_init(&member->flight, member);
    member->errand = errand_new(!options->causal && !options->in_turn);
    member->checkpointer = options->causal ? NULL : checkpointer_new();
    member->restores = restores_new(member);
    memory_init(member);
    name_things(member, thread);
    const enum status status = connect(member, error);
    if (status != STATUS_OK) {
        member_close(member);
        return status;
    }
    *member_out = member;
    return STATUS_OK;
}

/* A checkpoint that runs beside must be over before a state is closed. */
static enum status settle_checkpoint(struct member *member, struct error *error)
{
    return member->checkpointer == NULL ? STATUS_OK
                                        : checkpointer_wait(member->checkpointer, error);
}

void member_close(struct member *member)
{
    errand_free(member->errand); /* what it still commits is settled by the next start */
    struct error late = {0};
    if (settle_checkpoint(member, &late) != STATUS_OK) {
        log_line(LOG_ALARM, "checkpoint_failed", "reason=\"%s\"", late.text);
    }
    checkpointer_free(member->checkpointer);
    restores_free(member->restores);
    for (size_t i = 0; i < member->task_count; i++) {
        struct error error = {0};
        if (task_close(member->tasks[i], !member->failed, &error) != STATUS_OK) {
            log_line(LOG_ALARM, "checkpoint_failed", "reason=\"%s\"", error.text);
        }
    }
    if (member->stream != NULL) {
        member->stream->ops->close(member->stream);
    }
    policy_feed_close(member->policies);
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        free(member->source_names[i]);
    }
    free(member->changelog_name);
    for (size_t i = 0; i < topic_count; i++) {
        free(member->topic_names[i]);
    }
    free(member->topic_names);
    free(member->tasks);
    free(member->record);
    free(member->row);
    free(member->payload);
    outputs_release(&member->batch.outputs);
    flight_release(&member->flight);
    arena_release(&member->arena);
    buffer_release(&member->buffer);
    buffer_release(&member->plain);
    buffer_release(&member->sealed);
    free(member);
}

static struct task *find_task(const struct member *member, int32_t partition, size_t *index_out)
{
    for (size_t i = 0; i < member->task_count; i++) {
        if (member->tasks[i]->partition == partition) {
            *index_out = i;
            return member->tasks[i];
        }
    }
    return NULL;
}

/* The task begins to judge. */
static enum status adopt(struct member *member, struct task *task, struct error *error)
{
    task_begin(task);
    member->tasks =
        memory_resize(member->tasks, (member->task_count + 1) * sizeof(*member->tasks));
    member->tasks[member->task_count++] = task;
    memory_divide(member);
    log_line(LOG_INFO, "task_assigned", "topology=%s partition=%d commit_seq=%lld",
             member->topology->name, task->partition, (long long)task->committed.commit_seq);
    return member->stream->ops->assign(member->stream, task->partition, task->committed.next_offset,
                                       error);
}

/* What restores may take of a turn: beside tasks at work as much as these took, within bounds; they wait for
 * records only alone. */
enum { RESTORE_MIN_MS = 10, RESTORE_MAX_MS = 100, RESTORE_WAIT_MS = 5 };

static int64_t restore_budget(const struct member *member)
{
    const int64_t took = clock_monotonic_ms() - member->restored_at_ms;
    if (member->task_count == 0 || took > RESTORE_MAX_MS) {
        return RESTORE_MAX_MS;
    }
    return took > RESTORE_MIN_MS ? took : RESTORE_MIN_MS;
}

enum status member_restore(struct member *member, struct error *error)
{
    const bool alone = member->task_count == 0;
    struct task *task = NULL;
    while (restores_count(member->restores) > 0) {
        TRY(restores_step(member->restores, restore_budget(member), alone ? RESTORE_WAIT_MS : 0,
                          &task, error));
        member->restored_at_ms = clock_monotonic_ms();
        if (task == NULL) {
            break;
        }
        TRY(adopt(member, task, error));
    }
    return STATUS_OK;
}

/* Causal order is that of all tasks, so all are there before the first record is judged. */
static enum status restore_whole(struct member *member, struct error *error)
{
    while (restores_count(member->restores) > 0) {
        if (atomic_load(member->options->stop)) {
            return error_set(error, STATUS_RETRY, "stopped while restoring");
        }
        engine_beat(member->options);
        TRY(member_restore(member, error));
    }
    return STATUS_OK;
}

static enum status on_assign(struct member *member, int32_t partition, struct error *error)
{
    restores_add(member->restores, partition);
    memory_divide(member);
    return member->options->causal ? restore_whole(member, error) : STATUS_OK;
}

static enum status on_revoke(struct member *member, int32_t partition, bool lost,
                             struct error *error)
{
    TRY(member_commit_wait(member, ERRAND_FOREVER, error));
    if (!PLANTED(REVOKE_UNCOMMITTED)) {
        TRY(lost ? member_abort(member, error) : member_commit(member, error));
    }
    TRY(settle_checkpoint(member, error));
    size_t index = 0;
    struct task *task = find_task(member, partition, &index);
    if (task != NULL) {
        member->tasks[index] = member->tasks[--member->task_count];
        TRY(task_close(task, true, error));
    } else {
        restores_drop(member->restores, partition);
    }
    memory_divide(member);
    log_line(LOG_INFO, "task_revoked", "topology=%s partition=%d lost=%d", member->topology->name,
             partition, lost);
    return member->stream->ops->unassign(member->stream, partition, error);
}

static void on_record(struct member *member, struct stream_record *record, int64_t now_ms)
{
    size_t index = 0;
    struct task *task = find_task(member, record->partition, &index);
    if (task == NULL) { /* was revoked while it was on its way */
        member->stream->ops->release(member->stream, record);
        return;
    }
    task->active_at_ms = now_ms;
    task_queue(task, record);
}

enum status member_poll(struct member *member, int timeout_ms, size_t records_max,
                        size_t *count_out, struct error *error)
{
    int64_t now_ms = 0; /* of the first record, near enough for the others: they come without waiting */
    *count_out = 0;
    for (;;) {
        enum stream_event event = STREAM_NOTHING;
        struct stream_record record = {0};
        int32_t partition = -1;
        TRY(member->stream->ops->poll(member->stream, timeout_ms, &event, &record, &partition, error));
        timeout_ms = 0; /* an event makes work of its own */
        switch (event) {
        case STREAM_NOTHING:
            return STATUS_OK;
        case STREAM_RECORD:
            now_ms = *count_out == 0 ? clock_monotonic_ms() : now_ms;
            on_record(member, &record, now_ms);
            if (++*count_out >= records_max) {
                return STATUS_OK;
            }
            break;
        case STREAM_ASSIGN:
            TRY(on_assign(member, partition, error));
            break;
        case STREAM_REVOKE:
            TRY(on_revoke(member, partition, false, error));
            break;
        case STREAM_LOST:
            TRY(on_revoke(member, partition, true, error));
            break;
        }
    }
}

/* A first transaction comes at once, and again if it was aborted: from then on a missing offset is never taken
 * for a first start (E4), and a restart knows its position without asking every topic where it begins. */
static bool offsets_due(const struct task *task, int64_t now)
{
    const bool first = task->committed.commit_seq == 0 && !task->member->options->causal;
    return (first || now - task->committed_at_ms >= OFFSETS_AGAIN_MS) && !task->sealed->dirty;
}

enum status member_maintain(struct member *member, struct error *error)
{
    const int64_t now = clock_monotonic_ms();
    if (now - member->polled_at_ms >= SECOND_MS) {
        member->polled_at_ms = now;
        TRY(standby_review(member, error));
        const enum status status = policy_feed_poll(member->policies, error);
        if (status == STATUS_FATAL) {
            return status;
        }
    }
    if (member->checkpointer != NULL) {
        TRY(checkpointer_poll(member->checkpointer, error));
    }
    const struct state *urgent = member->memory.over ? memory_largest(member) : NULL;
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        if (restores_awaited(member->restores) == 0) { /* or it would hold those up */
            TRY(state_start_compaction(task->state, error));
        }
        if (offsets_due(task, now)) {
            task_touch(task);
        }
        if (!state_checkpoint_due(task->state, now) && task->state != urgent) {
            continue;
        }
        if (member->checkpointer == NULL) {
            TRY(state_checkpoint(task->state, error));
        } else if (!checkpointer_busy(member->checkpointer)) {
            checkpointer_start(member->checkpointer, task->state);
        }
    }
    return STATUS_OK;
}

/* A tick is addressed to USER:tick.<partition>.<n>, n such that the key falls on the partition. */
static struct bytes tick_id(const struct member *member, int32_t partition, char text[64])
{
    for (int n = 0;; n++) {
        char key[80];
        const int size = snprintf(key, sizeof(key), "USER:tick.%d.%d", partition, n);
        if (stream_partition(bytes_of(key, (size_t)size), member->partition_count) == partition) {
            memcpy(text, key + 5, (size_t)size - 5);
            return bytes_of(text, (size_t)size - 5);
        }
    }
}

static void send_tick(struct task *task, int64_t now_ms)
{
    struct member *member = task->member;
    char id_text[64];
    char key[80];
    char event_id[64];
    const struct bytes id = tick_id(member, task->partition, id_text);
    const int key_size = snprintf(key, sizeof(key), "USER:%.*s", BYTES_PRINT(id));
    const int event_size = snprintf(event_id, sizeof(event_id), "tick.%d.%lld", task->partition,
                                    (long long)now_ms);
    const struct signal tick = {.event_id = bytes_of(event_id, (size_t)event_size),
                                .occurred_at = now_ms,
                                .subject_kind = SUBJECT_KIND_USER,
                                .subject_id = id,
                                .kind = SIGNAL_KIND_TICK,
                                .from_kind = SUBJECT_KIND_USER,
                                .from_id = id,
                                .category = CATEGORY_NONE,
                                .area = AREA_OTHER_AREA,
                                .severity = SEVERITY_NONE,
                                .source_kind = SOURCE_KIND_NONE};
    task_touch(task);
    buffer_clear(&member->buffer);
    codec_encode(member->codec, &record_signal, &tick, &member->buffer);
    task->active_at_ms = clock_monotonic_ms(); /* one tick an interval */
    const struct topic *signals = topic_of_output(&record_signal);
    outputs_add(&member->batch.outputs,
                &(struct stream_output){.topic = member_topic(member, signals),
                                        .partition = task->partition,
                                        .timestamp_ms = now_ms,
                                        .barrier = task->barrier,
                                        .key = bytes_of(key, (size_t)key_size),
                                        .value = buffer_bytes(&member->buffer)});
}

enum status member_tick(struct member *member, struct error *error)
{
    if (member->topology->step->timer == NULL || member->config->tick_interval_ms == 0 ||
        PLANTED(TICK_SKIPPED)) {
        return STATUS_OK;
    }
    const int64_t wall = clock_wall_ms();
    const int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        uint32_t source = 0;
        if (now - task->active_at_ms < member->config->tick_interval_ms ||
            task_head_source(task, &source)) {
            continue;
        }
        struct timer timer = {0};
        bool found = false;
        TRY(timers_first(task->timers, &timer, &found, error));
        if (found && timer.due_ms <= wall && wall > task->work->head.clock_ms) {
            send_tick(task, wall);
        }
    }
    return STATUS_OK;
}
