/* Start and takeover of a task (exactly-once.md 3): open the store, compare it with the committed
 * offsets, restore what is missing from the changelog, refuse what does not fit.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static enum status directories_make(const char *path, struct error *error)
{
    char *copy = memory_text(path);
    enum status status = STATUS_OK;
    for (char *slash = copy; slash != NULL && status == STATUS_OK;) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            status = error_set(error, STATUS_FATAL, "cannot make directory '%s': %s", copy,
                               strerror(errno));
        }
        if (slash != NULL) {
            *slash = '/';
        }
    }
    free(copy);
    return status;
}

static void store_path(const struct member *member, int32_t partition, struct buffer *path)
{
    buffer_printf(path, "%s/%s/%d", member->options->state_dir, member->topology->name, partition);
}

static enum status store_open(const struct member *member, int32_t partition,
                              struct store **store_out, struct error *error)
{
    if (member->options->state_dir == NULL) {
        *store_out = store_open_memory();
        return STATUS_OK;
    }
    struct buffer path = {0};
    store_path(member, partition, &path);
    enum status status = directories_make((const char *)path.data, error);
    if (status == STATUS_OK) {
        status = store_open_rocksdb((const char *)path.data, member->store_memory, store_out, error);
    }
    buffer_release(&path);
    return status;
}

/* The caps of one task: its part of the memory cap; a quarter of it pending at most. */
static struct state_limits limits_of(const struct member *member)
{
    const int64_t parts = (int64_t)member->options->topology_count * member->partition_count;
    ASSERT(parts > 0);
    const size_t share = (size_t)(member->config->memory_bytes / parts);
    return (struct state_limits){.cache_bytes = share / 4,
                                 .checkpoint_bytes = share / 4,
                                 .checkpoint_ms = member->config->checkpoint_interval_ms};
}

/* Puts a restored row into the state and moves its timer along. */
static enum status restore_row(struct task *task, const struct stream_record *record,
                               struct buffer *meta, struct error *error)
{
    const struct member *member = task->member;
    const int64_t now = clock_monotonic_ms();
    if (bytes_is(record->key, STATE_META_KEY)) {
        buffer_clear(meta);
        buffer_append(meta, record->value);
        return STATUS_OK;
    }
    const bool has_timer =
        !PLANTED(TIMERS_FORGOTTEN) && member->topology->step->timer != NULL && record->key.size > 1 && record->key.data[0] == 's';
    const struct policies *policies = policy_feed_versions(member->policies);
    int64_t before = TIME_NEVER_MS;
    int64_t due = TIME_NEVER_MS;
    if (has_timer) {
        struct bytes old = {0};
        TRY(state_get(task->state, record->key, &old, error));
        if (old.data != NULL) {
            TRY(member->topology->step->due(task->scratch, policies, old, &before, error));
        }
        if (record->value.data != NULL) {
            TRY(member->topology->step->due(task->scratch, policies, record->value, &due, error));
        }
    }
    state_restore(task->state, record->key, record->value, now);
    if (before != due) {
        uint8_t row[9 + 256];
        const struct bytes subject = bytes_of(record->key.data + 1, record->key.size - 1);
        ASSERT(subject.size <= sizeof(row) - 9);
        row[0] = 't';
        memcpy(row + 9, subject.data, subject.size);
        if (before != TIME_NEVER_MS && !PLANTED(TIMERS_DOUBLED)) {
            be64_put(row + 1, (uint64_t)before);
            state_restore(task->state, bytes_of(row, 9 + subject.size), (struct bytes){0}, now);
        }
        if (due != TIME_NEVER_MS) {
            be64_put(row + 1, (uint64_t)due);
            state_restore(task->state, bytes_of(row, 9 + subject.size), bytes_of("", 0), now);
        }
    }
    return STATUS_OK;
}

/* Makes `meta`, the last record of a transaction in the changelog, the meta of all restored so far. */
static enum status restore_mark(struct task *task, struct bytes meta, int64_t next,
                                struct error *error)
{
    TRY(task_meta_decode(task, meta, &task->committed, error));
    task->committed.changelog_next = next;
    struct buffer stored = {0};
    task_meta_encode(task, &task->committed, task->member->row, &stored);
    state_commit(task->state, buffer_bytes(&stored), clock_monotonic_ms());
    buffer_release(&stored);
    return STATUS_OK;
}

/* One record of the changelog. After a transaction's last one, its meta, a checkpoint may be written: a
 * long restore keeps to the memory cap and goes on where it stood after a crash. */
static enum status restore_record(struct task *task, const struct stream_record *record,
                                  struct buffer *meta, struct error *error)
{
    TRY(restore_row(task, record, meta, error));
    if (bytes_is(record->key, STATE_META_KEY) &&
        state_checkpoint_due(task->state, clock_monotonic_ms())) {
        TRY(restore_mark(task, buffer_bytes(meta), record->offset + 1, error));
        TRY(state_checkpoint(task->state, error));
    }
    return STATUS_OK;
}

/* Reads the changelog up to `target`; waits while its last stable offset is below (window 5). */
static enum status restore_read(struct task *task, struct reader *reader, int64_t target,
                                struct buffer *meta, struct error *error)
{
    const struct member *member = task->member;
    int64_t shown_at = clock_monotonic_ms();
    int64_t rows = 0;
    while (reader->ops->position(reader) < target) {
        if (atomic_load(member->options->stop)) {
            return error_set(error, STATUS_RETRY, "stopped while restoring");
        }
        engine_beat(member->options);
        struct stream_record record = {0};
        bool found = false;
        TRY(reader->ops->read(reader, 200, &record, &found, error));
        if (found) {
            enum status status = STATUS_OK;
            if (record.offset < target) {
                status = restore_record(task, &record, meta, error);
                rows++;
            }
            reader->ops->release(reader, &record);
            TRY(status);
        }
        if ((!found || rows % 256 == 0) && clock_monotonic_ms() - shown_at > SECOND_MS) {
            shown_at = clock_monotonic_ms();
            log_line(LOG_INFO, "restoring", "topology=%s partition=%d offset=%" PRId64
                     " target=%" PRId64, member->topology->name, task->partition,
                     reader->ops->position(reader), target);
        }
    }
    log_line(LOG_INFO, "restored", "topology=%s partition=%d records=%" PRId64 " target=%" PRId64,
             member->topology->name, task->partition, rows, target);
    return STATUS_OK;
}

/* The changelog must reach what the group committed, stable or not yet; a shorter one is waited for in
 * vain. */
static enum status check_end(const struct task *task, int64_t target, struct error *error)
{
    const struct member *member = task->member;
    struct reader *reader = NULL;
    int64_t start = 0;
    int64_t end = 0;
    TRY(member->cluster->ops->reader_open(member->cluster, member->changelog_name, task->partition,
                                          target, false, &reader, error));
    const enum status status = reader->ops->bounds(reader, &start, &end, error);
    reader->ops->close(reader);
    TRY(status);
    if (end < target) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d ends at %" PRId64 ", the group committed up to "
                         "%" PRId64 ": it was cut or made anew; keep it as evidence and restore it",
                         member->changelog_name, task->partition, end, target);
    }
    return STATUS_OK;
}

static enum status restore_from(struct task *task, struct reader *reader, int64_t from,
                                const struct task_mark *mark, struct error *error)
{
    int64_t start = 0;
    int64_t end = 0;
    TRY(reader->ops->bounds(reader, &start, &end, error));
    if (start > from) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d begins at %" PRId64 ", the state needs it "
                         "from %" PRId64 ": records were deleted; restore the topic, nothing else "
                         "holds them", task->member->changelog_name, task->partition, start, from);
    }
    TRY(check_end(task, mark->changelog_next, error));
    struct buffer meta = {0};
    const bool short_of = PLANTED(RESTORE_TO_LSO) && end < mark->changelog_next;
    enum status status =
        restore_read(task, reader, short_of ? end : mark->changelog_next, &meta, error);
    if (short_of && status == STATUS_OK) {
        const enum status marked =
            meta.size > 0 ? restore_mark(task, buffer_bytes(&meta), end, error) : STATUS_OK;
        task->committed.commit_seq = mark->commit_seq;
        buffer_release(&meta);
        return marked;
    }
    if (status == STATUS_OK && meta.size == 0) {
        status = error_set(error, STATUS_FATAL,
                           "changelog '%s' partition %d holds no meta record up to %" PRId64
                           ": it is not the changelog of this group's offsets",
                           task->member->changelog_name, task->partition, mark->changelog_next);
    }
    if (status == STATUS_OK) {
        status = restore_mark(task, buffer_bytes(&meta), mark->changelog_next, error);
    }
    buffer_release(&meta);
    TRY(status);
    if (task->committed.commit_seq != mark->commit_seq) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d ends at transaction %" PRId64
                         ", the group committed %" PRId64 ": keep both as evidence and restore "
                         "the topic", task->member->changelog_name, task->partition,
                         task->committed.commit_seq, mark->commit_seq);
    }
    return STATUS_OK;
}

static enum status restore(struct task *task, int64_t from, const struct task_mark *mark,
                           struct error *error)
{
    struct cluster *cluster = task->member->cluster;
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, task->member->changelog_name, task->partition, from,
                                  true, &reader, error));
    const enum status status = restore_from(task, reader, from, mark, error);
    reader->ops->close(reader);
    return status;
}

/* Nothing was ever committed: only then an empty start is right (E4). */
static enum status start_empty(struct task *task, bool has_state, struct error *error)
{
    const struct member *member = task->member;
    struct cluster *cluster = member->cluster;
    if (PLANTED(EMPTY_START)) {
        return STATUS_OK;
    }
    if (has_state) {
        return error_set(error, STATUS_FATAL,
                         "group '%s' has no committed offset for partition %d, but there is state: "
                         "its offsets expired or the group was deleted; restore the offsets, or "
                         "use a new group and an empty state.dir", member->group, task->partition);
    }
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, member->changelog_name, task->partition, 0, true,
                                  &reader, error));
    int64_t start = 0;
    int64_t end = 0;
    enum status status = reader->ops->bounds(reader, &start, &end, error);
    bool found = false;
    while (status == STATUS_OK && !found && reader->ops->position(reader) < end) {
        struct stream_record record = {0};
        status = reader->ops->read(reader, 200, &record, &found, error);
        if (status == STATUS_OK && found) {
            reader->ops->release(reader, &record);
        }
    }
    reader->ops->close(reader);
    TRY(status);
    if (found) {
        return error_set(error, STATUS_FATAL,
                         "group '%s' has no committed offset for partition %d, but changelog '%s' "
                         "holds state: its offsets expired or the group was deleted; restore the "
                         "offsets", member->group, task->partition, member->changelog_name);
    }
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        TRY(cluster->ops->reader_open(cluster, member->source_names[i], task->partition, 0, true,
                                      &reader, error));
        status = reader->ops->bounds(reader, &start, &end, error);
        reader->ops->close(reader);
        TRY(status);
        task->committed.next_offset[i] = start;
    }
    return STATUS_OK;
}

/* The position of every source from what the group committed; all must tell the same transaction. */
static enum status positions_of(const struct task *task, const struct stream_committed *committed,
                                struct task_mark *mark_out, int64_t *offsets_out,
                                struct error *error)
{
    const struct member *member = task->member;
    struct task_mark driver = {0};
    if (!task_mark_parse(committed[0].metadata, &driver)) {
        return error_set(error, STATUS_FATAL,
                         "offset of '%s' partition %d in group '%s' was not committed by this "
                         "engine: another program uses the group; choose another application",
                         member->source_names[0], task->partition, member->group);
    }
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        struct task_mark mark = {0};
        if (!committed[i].set) { /* expired while the group was stable: the driver knows it */
            if (i >= driver.source_count) {
                return error_set(error, STATUS_FATAL,
                                 "source '%s' is new in the topology and has no start position in "
                                 "group '%s': commit one for each partition first",
                                 member->source_names[i], member->group);
            }
            offsets_out[i] = driver.source_offset[i];
        } else if (!task_mark_parse(committed[i].metadata, &mark) ||
                   mark.commit_seq != driver.commit_seq ||
                   mark.changelog_next != driver.changelog_next) {
            return error_set(error, STATUS_FATAL,
                             "sources '%s' and '%s' of partition %d disagree about the last "
                             "transaction of group '%s': offsets were changed from outside",
                             member->source_names[0], member->source_names[i], task->partition,
                             member->group);
        } else {
            offsets_out[i] = committed[i].offset;
        }
    }
    *mark_out = driver;
    return STATUS_OK;
}

/* delete.retention.ms of a changelog: tombstones older than this may be gone. */
#define TOMBSTONES_MS (7 * DAY_MS)

static enum status state_begin(struct task *task, struct error *error)
{
    struct member *member = task->member;
    struct store *store = NULL;
    TRY(store_open(member, task->partition, &store, error));
    const struct state_limits limits = limits_of(member);
    TRY(state_open(store, &limits, &task->state, error));
    task->timers = timers_new(task->state);
    return STATUS_OK;
}

/* A directory so far behind that rows deleted meanwhile would come back: it is moved away and the state
 * restored in full (exactly-once.md 3.6). */
static enum status start_anew(struct task *task, struct error *error)
{
    const struct member *member = task->member;
    struct buffer path = {0};
    struct buffer aside = {0};
    store_path(member, task->partition, &path);
    buffer_printf(&aside, "%s.stale.%" PRId64, (const char *)path.data, clock_wall_ms());
    timers_free(task->timers);
    state_close(task->state);
    task->timers = NULL;
    task->state = NULL;
    enum status status = STATUS_OK;
    if (rename((const char *)path.data, (const char *)aside.data) != 0) {
        status = error_set(error, STATUS_FATAL, "cannot move the stale state '%s' away: %s",
                           (const char *)path.data, strerror(errno));
    } else {
        log_line(LOG_WARNING, "state_stale", "topology=%s partition=%d moved_to=%s",
                 member->topology->name, task->partition, (const char *)aside.data);
        task->committed = (struct task_head){.commit_seq = 0};
        status = state_begin(task, error);
    }
    buffer_release(&path);
    buffer_release(&aside);
    return status;
}

static enum status catch_up(struct task *task, bool has_state,
                            const struct stream_committed *committed, struct error *error)
{
    const struct member *member = task->member;
    struct task_mark mark = {0};
    int64_t offsets[TOPOLOGY_SOURCES_MAX] = {0};
    TRY(positions_of(task, committed, &mark, offsets, error));
    const int64_t local = has_state ? task->committed.commit_seq : -1;
    if (local > mark.commit_seq) {
        return error_set(error, STATUS_FATAL,
                         "state of '%s' partition %d is at transaction %" PRId64
                         ", the group at %" PRId64 ": the log was cut or offsets were reset; keep "
                         "the directory as evidence and start with an empty one",
                         member->topology->name, task->partition, local, mark.commit_seq);
    }
    if (PLANTED(RESTORE_SKIPPED)) {
        task->committed.commit_seq = mark.commit_seq;
    } else if (local < mark.commit_seq) {
        const bool stale =
            has_state && clock_wall_ms() - task->committed.wall_ms > TOMBSTONES_MS;
        if (stale) {
            TRY(start_anew(task, error));
        }
        const int64_t from = has_state && !stale ? task->committed.changelog_next : 0;
        TRY(restore(task, from, &mark, error));
    }
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        task->committed.next_offset[i] = offsets[i];
    }
    return STATUS_OK;
}

static enum status open_state(struct task *task, struct error *error)
{
    struct member *member = task->member;
    TRY(state_begin(task, error));
    task->scratch = member->topology->step->open(member->codec);
    const struct bytes meta = state_stored_meta(task->state);
    const bool has_state = meta.data != NULL;
    if (has_state) {
        TRY(task_meta_decode(task, meta, &task->committed, error));
    }
    struct stream_committed *committed =
        memory_get(member->topology->source_count * sizeof(*committed));
    enum status status =
        member->stream->ops->committed(member->stream, task->partition, committed, error);
    if (status == STATUS_OK) {
        bool any = false;
        for (uint32_t i = 0; i < member->topology->source_count; i++) {
            any = any || committed[i].set;
        }
        if (any && !committed[0].set) {
            status = error_set(error, STATUS_FATAL,
                               "group '%s' has offsets for partition %d, but none of the driver "
                               "'%s': offsets were changed from outside", member->group,
                               task->partition, member->source_names[0]);
        } else {
            status = any ? catch_up(task, has_state, committed, error)
                         : start_empty(task, has_state, error);
        }
    }
    free(committed);
    return status;
}

static void work_init(struct task_work *work)
{
    work->outputs_hash = digest_stream_new();
    for (size_t i = 0; i < TASK_RUNS_MAX; i++) {
        work->runs[i].bytes_hash = digest_stream_new();
    }
}

static void work_release(struct task_work *work)
{
    digest_stream_free(work->outputs_hash);
    for (size_t i = 0; i < TASK_RUNS_MAX; i++) {
        digest_stream_free(work->runs[i].bytes_hash);
    }
}

enum status task_open(struct member *member, int32_t partition, struct task **task_out,
                      int64_t *offsets_out, struct error *error)
{
    struct task *task = memory_get(sizeof(*task));
    *task = (struct task){.member = member, .partition = partition};
    for (size_t i = 0; i < COUNT_OF(task->works); i++) {
        work_init(&task->works[i]);
    }
    task->work = &task->works[0];
    task->sealed = &task->works[1];
    const enum status status = open_state(task, error);
    if (status != STATUS_OK) {
        struct error ignored = {0};
        const enum status closed = task_close(task, false, &ignored);
        ASSERT(closed == STATUS_OK); /* nothing is written by an unclean close */
        return status;
    }
    task->work->head = task->committed;
    task->committed_at_ms = clock_monotonic_ms();
    task->active_at_ms = task->committed_at_ms;
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        offsets_out[i] = task->committed.next_offset[i];
    }
    *task_out = task;
    return STATUS_OK;
}

enum status task_close(struct task *task, bool clean, struct error *error)
{
    task_drop_queues(task);
    enum status status = STATUS_OK;
    if (task->state != NULL) {
        state_abort(task->state);
        status = clean ? state_checkpoint(task->state, error) : STATUS_OK;
    }
    if (task->scratch != NULL) {
        task->member->topology->step->close(task->scratch);
    }
    timers_free(task->timers);
    state_close(task->state);
    for (size_t i = 0; i < COUNT_OF(task->works); i++) {
        work_release(&task->works[i]);
    }
    for (size_t i = 0; i < TOPOLOGY_SOURCES_MAX; i++) {
        free(task->queues[i].records);
    }
    free(task);
    return status;
}
