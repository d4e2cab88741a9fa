/* A reader of the in-process log: one partition from an offset on.
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
