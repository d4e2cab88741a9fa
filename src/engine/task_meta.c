/* How far a task got: TaskMeta in store and changelog, the text in the offsets' metadata.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { META_VERSION = 1 };

static void breaker_write(const struct breaker *breaker, struct task_meta *meta)
{
    meta->breaker_hour = breaker->hour;
    for (int32_t i = 0; i < CATEGORY_COUNT; i++) {
        if (breaker->applied[i] != 0 || breaker->applied_all[i] != 0) {
            meta->breaker[meta->breaker_count++] =
                (struct breaker_count){.category = i,
                                       .applied = breaker->applied[i],
                                       .applied_all = breaker->applied_all[i]};
        }
    }
}

void task_meta_encode(const struct task *task, const struct task_head *head, void *row,
                      struct buffer *out)
{
    const struct member *member = task->member;
    struct task_meta *meta = row;
    memset(meta, 0, sizeof(*meta));
    meta->version = META_VERSION;
    meta->cluster_id = bytes_text(member->cluster->ops->id(member->cluster));
    meta->topology = bytes_text(member->topology->name);
    meta->partition = task->partition;
    meta->partition_count = member->partition_count;
    meta->commit_seq = head->commit_seq;
    meta->changelog_next_offset = head->changelog_next;
    meta->clock = head->clock_ms;
    meta->sources_count = member->topology->source_count;
    for (uint32_t i = 0; i < meta->sources_count; i++) {
        meta->sources[i] = (struct task_source){.topic = bytes_text(member->source_names[i]),
                                                .topic_id = bytes_text(member->source_ids[i]),
                                                .next_offset = head->next_offset[i]};
    }
    meta->receipt_hash = bytes_of(head->receipt_hash, DIGEST_SIZE);
    meta->audit_hash = bytes_of(head->audit_hash, DIGEST_SIZE);
    meta->wall_time = clock_wall_ms();
    breaker_write(&head->breaker, meta);
    codec_encode(member->codec, &record_task_meta, meta, out);
}

static enum status identity_check(const struct task *task, const struct task_meta *meta,
                                  struct error *error)
{
    const struct member *member = task->member;
    const char *remedy = "give this worker its own empty state.dir, or restore the old cluster";
    if (meta->version != META_VERSION) {
        return error_set(error, STATUS_FATAL, "state of version %d, this build knows %d: use the "
                         "build that wrote it, or an empty state.dir", meta->version, META_VERSION);
    }
    if (!bytes_is(meta->cluster_id, member->cluster->ops->id(member->cluster))) {
        return error_set(error, STATUS_FATAL, "state of cluster '%.*s', but this is cluster '%s': %s",
                         BYTES_PRINT(meta->cluster_id), member->cluster->ops->id(member->cluster),
                         remedy);
    }
    if (!bytes_is(meta->topology, member->topology->name) || meta->partition != task->partition) {
        return error_set(error, STATUS_FATAL,
                         "state of '%.*s' partition %d found in the place of '%s' partition %d: %s",
                         BYTES_PRINT(meta->topology), meta->partition, member->topology->name,
                         task->partition, remedy);
    }
    if (meta->partition_count != member->partition_count) {
        return error_set(error, STATUS_FATAL,
                         "topics have %d partitions, the state was made with %d: subjects would "
                         "change their partition; bring the topics back to %d partitions",
                         member->partition_count, meta->partition_count, meta->partition_count);
    }
    return STATUS_OK;
}

/* The index of a source by its topic; source_count if the topology does not read it any more. */
static uint32_t source_index(const struct member *member, struct bytes topic)
{
    uint32_t i = 0;
    while (i < member->topology->source_count && !bytes_is(topic, member->source_names[i])) {
        i++;
    }
    return i;
}

enum status task_meta_decode(const struct task *task, struct bytes bytes,
                             struct task_head *head_out, struct error *error)
{
    const struct member *member = task->member;
    const struct task_meta *meta = member->row;
    const struct record_type *type = NULL;
    const enum decode_result result = codec_decode(member->codec, bytes, &type, member->row);
    if (result != DECODE_OK || type != &record_task_meta) {
        return error_set(error, STATUS_FATAL,
                         "corrupt state of '%s' partition %d: %s; move its directory away, it is "
                         "rebuilt from the changelog",
                         member->topology->name, task->partition, decode_result_text(result));
    }
    TRY(identity_check(task, meta, error));
    struct task_head head = {.commit_seq = meta->commit_seq,
                             .changelog_next = meta->changelog_next_offset,
                             .clock_ms = meta->clock,
                             .wall_ms = meta->wall_time,
                             .breaker = {.hour = meta->breaker_hour}};
    for (uint32_t i = 0; i < meta->sources_count; i++) {
        const struct task_source *source = &meta->sources[i];
        const uint32_t at = source_index(member, source->topic);
        if (at == member->topology->source_count) {
            continue;
        }
        if (!bytes_is(source->topic_id, member->source_ids[at]) &&
            !bytes_is(source->topic_id, "none") && strcmp(member->source_ids[at], "none") != 0) {
            return error_set(error, STATUS_FATAL,
                             "topic '%s' was deleted and made anew since the state was written: "
                             "offsets mean something else now; start with an empty state.dir and "
                             "a new group",
                             member->source_names[at]);
        }
        head.next_offset[at] = source->next_offset;
    }
    memcpy(head.receipt_hash, meta->receipt_hash.data, DIGEST_SIZE);
    memcpy(head.audit_hash, meta->audit_hash.data, DIGEST_SIZE);
    if (PLANTED(CLOCK_FORGOTTEN)) {
        head.clock_ms = 0;
    }
    for (uint32_t i = 0; i < meta->breaker_count && !PLANTED(BREAKER_FORGOTTEN); i++) {
        const int32_t category = meta->breaker[i].category;
        if (category >= 0 && category < CATEGORY_COUNT) {
            head.breaker.applied[category] = meta->breaker[i].applied;
            head.breaker.applied_all[category] = meta->breaker[i].applied_all;
        }
    }
    *head_out = head;
    return STATUS_OK;
}

void task_metadata(const struct task *task, bool driver, char text_out[STREAM_METADATA_MAX])
{
    const struct member *member = task->member;
    const struct task_head *head = &task->sealed->head;
    int size = snprintf(text_out, STREAM_METADATA_MAX, "v1 seq=%" PRId64 " next=%" PRId64 " id=%s",
                        head->commit_seq, head->changelog_next,
                        member->transactional_id);
    for (uint32_t i = 0; driver && i < member->topology->source_count; i++) {
        ASSERT(size > 0 && size < STREAM_METADATA_MAX - 32);
        size += snprintf(text_out + size, STREAM_METADATA_MAX - (size_t)size, "%s%" PRId64,
                         i == 0 ? " src=" : ",", head->next_offset[i]);
    }
    ASSERT(size > 0 && size < STREAM_METADATA_MAX);
}

/* Reads the number after `name` in `text`. */
static bool number_after(const char *text, const char *name, const char **end_out,
                         int64_t *number_out)
{
    const char *found = strstr(text, name);
    if (found == NULL) {
        return false;
    }
    char *end = NULL;
    const long long number = strtoll(found + strlen(name), &end, 10);
    if (end == found + strlen(name) || number < 0) {
        return false;
    }
    *end_out = end;
    *number_out = number;
    return true;
}

bool task_mark_parse(const char *text, struct task_mark *mark_out)
{
    struct task_mark mark = {0};
    const char *end = NULL;
    if (strncmp(text, "v1 ", 3) != 0 || !number_after(text, " seq=", &end, &mark.commit_seq) ||
        !number_after(text, " next=", &end, &mark.changelog_next)) {
        return false;
    }
    int64_t number = 0;
    if (number_after(text, " src=", &end, &number)) {
        mark.source_offset[mark.source_count++] = number;
        while (*end == ',' && mark.source_count < TOPOLOGY_SOURCES_MAX) {
            char *next = NULL;
            mark.source_offset[mark.source_count++] = strtoll(end + 1, &next, 10);
            end = next;
        }
    }
    *mark_out = mark;
    return true;
}
