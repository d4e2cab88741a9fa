/* A reader of the in-process log: one partition from an offset on; a follower: many of one topic.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "stream/log_internal.h"

#include <stdlib.h>

struct log_reader {
    struct reader reader;
    struct log *log;
    const struct log_partition *partition;
    int64_t next;
};

static enum status reader_read(struct reader *reader, int timeout_ms,
                               struct stream_record *record_out, bool *found_out,
                               struct error *error)
{
    (void)error;
    struct log_reader *self = (struct log_reader *)reader;
    *found_out = self->next < (int64_t)self->partition->count;
    if (*found_out) {
        log_record_fill(self->log, self->partition, self->next, record_out);
        self->next++;
    } else {
        log_pause(timeout_ms);
    }
    return STATUS_OK;
}

static void reader_release(struct reader *reader, struct stream_record *record)
{
    (void)reader;
    record->key = (struct bytes){0};
    record->value = (struct bytes){0};
}

static enum status reader_bounds(struct reader *reader, int64_t *start_out, int64_t *end_out,
                                 struct error *error)
{
    (void)error;
    *start_out = 0;
    *end_out = (int64_t)((struct log_reader *)reader)->partition->count;
    return STATUS_OK;
}

static int64_t reader_position(const struct reader *reader)
{
    return ((const struct log_reader *)reader)->next;
}

static void reader_close(struct reader *reader)
{
    struct log_reader *self = (struct log_reader *)reader;
    self->log->user_count--;
    free(self);
}

static const struct reader_ops reader_table = {
    .read = reader_read,
    .release = reader_release,
    .bounds = reader_bounds,
    .position = reader_position,
    .close = reader_close,
};

enum status log_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                            int64_t from, bool committed, struct reader **reader_out,
                            struct error *error)
{
    (void)committed; /* there is nothing else */
    struct log *log = log_of(cluster);
    const struct log_topic *found = log_topic_find(log, topic);
    if (found == NULL) {
        return error_set(error, STATUS_FATAL, "cannot read topic '%s': it does not exist", topic);
    }
    if (partition < 0 || partition >= found->partition_count) {
        return error_set(error, STATUS_FATAL,
                         "cannot read partition %d of topic '%s': it has %d partitions", partition,
                         topic, found->partition_count);
    }
    struct log_reader *self = memory_get(sizeof(*self));
    *self = (struct log_reader){
        .reader = {.ops = &reader_table},
        .log = log,
        .partition = &found->partitions[partition],
        .next = from > 0 ? from : 0,
    };
    log->user_count++;
    *reader_out = &self->reader;
    return STATUS_OK;
}

struct log_follower {
    struct follower follower;
    struct log *log;
    const struct log_topic *topic;
    int64_t *next; /* by partition; -1: not followed */
    int32_t turn;  /* the partition that is looked at first */
};

static struct log_follower *follower_of(struct follower *follower)
{
    return (struct log_follower *)(void *)follower;
}

static enum status follower_add(struct follower *follower, int32_t partition, int64_t from,
                                struct error *error)
{
    struct log_follower *self = follower_of(follower);
    if (partition < 0 || partition >= self->topic->partition_count) {
        return error_set(error, STATUS_FATAL, "cannot read partition %d: there are %d partitions",
                         partition, self->topic->partition_count);
    }
    ASSERT(from >= 0 && self->next[partition] < 0);
    self->next[partition] = from;
    return STATUS_OK;
}

static void follower_drop(struct follower *follower, int32_t partition)
{
    struct log_follower *self = follower_of(follower);
    ASSERT(self->next[partition] >= 0);
    self->next[partition] = -1;
}

static enum status follower_read(struct follower *follower, int timeout_ms,
                                 struct stream_record *record_out, bool *found_out,
                                 struct error *error)
{
    (void)error;
    struct log_follower *self = follower_of(follower);
    *found_out = false;
    for (int32_t i = 0; i < self->topic->partition_count; i++) {
        const int32_t at = (self->turn + i) % self->topic->partition_count;
        const struct log_partition *partition = &self->topic->partitions[at];
        if (self->next[at] >= 0 && self->next[at] < (int64_t)partition->count) {
            log_record_fill(self->log, partition, self->next[at], record_out);
            record_out->partition = at;
            self->next[at]++;
            self->turn = at;
            *found_out = true;
            return STATUS_OK;
        }
    }
    log_pause(timeout_ms);
    return STATUS_OK;
}

static void follower_release(struct follower *follower, struct stream_record *record)
{
    (void)follower;
    reader_release(NULL, record);
}

static int64_t follower_position(const struct follower *follower, int32_t partition)
{
    const struct log_follower *self = (const struct log_follower *)(const void *)follower;
    ASSERT(self->next[partition] >= 0);
    return self->next[partition];
}

static void follower_close(struct follower *follower)
{
    struct log_follower *self = follower_of(follower);
    self->log->user_count--;
    free(self->next);
    free(self);
}

static const struct follower_ops follower_table = {
    .add = follower_add,
    .drop = follower_drop,
    .read = follower_read,
    .release = follower_release,
    .position = follower_position,
    .close = follower_close,
};

enum status log_follower_open(struct cluster *cluster, const char *topic,
                              struct follower **follower_out, struct error *error)
{
    struct log *log = log_of(cluster);
    const struct log_topic *found = log_topic_find(log, topic);
    if (found == NULL) {
        return error_set(error, STATUS_FATAL, "cannot read topic '%s': it does not exist", topic);
    }
    struct log_follower *self = memory_get(sizeof(*self));
    *self = (struct log_follower){
        .follower = {.ops = &follower_table},
        .log = log,
        .topic = found,
        .next = memory_get((size_t)found->partition_count * sizeof(int64_t)),
    };
    for (int32_t i = 0; i < found->partition_count; i++) {
        self->next[i] = -1;
    }
    log->user_count++;
    *follower_out = &self->follower;
    return STATUS_OK;
}

enum status log_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                       int timeout_ms, int64_t *start_out, int64_t *end_out, struct error *error)
{
    (void)timeout_ms;
    struct reader *reader = NULL;
    TRY(log_reader_open(cluster, topic, partition, 0, true, &reader, error));
    const enum status status = reader->ops->bounds(reader, start_out, end_out, error);
    reader->ops->close(reader);
    return status;
}
