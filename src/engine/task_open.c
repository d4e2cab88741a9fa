/* Start and takeover of a task (exactly-once.md 3): open the store, compare it with the committed
 * offsets, refuse what does not fit. What is missing is read by restore.c.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/task_open.h"

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

static void pass(struct task *task, int64_t next)
{
    task->committed.changelog_next = next;
    task->committed.wall_ms = clock_wall_ms();
    struct buffer stored = {0};
    task_meta_encode(task, &task->committed, task->member->row, &stored);
    state_commit(task->state, buffer_bytes(&stored), clock_monotonic_ms());
    buffer_release(&stored);
}

enum status task_passed(struct task *task, struct bytes meta, int64_t next, struct error *error)
{
    task->committed = (struct task_head){.commit_seq = 0};
    if (meta.data != NULL) {
        TRY(task_meta_decode(task, meta, &task->committed, error));
    }
    pass(task, next);
    return STATUS_OK;
}

void task_passed_bare(struct task *task, int64_t next)
{
    task->committed = (struct task_head){.commit_seq = TASK_BARE_SEQ};
    pass(task, next);
}

static void start_at(struct task *task, const struct task_aim *aim)
{
    for (uint32_t i = 0; i < task->member->topology->source_count; i++) {
        task->committed.next_offset[i] = aim->offsets[i];
    }
}

enum status task_reached(struct task *task, const struct task_aim *aim, struct bytes meta,
                         struct error *error)
{
    const char *changelog = task->member->changelog_name;
    const struct task_mark *mark = &aim->mark;
    if (PLANTED(RESTORE_TO_LSO) && aim->target < mark->changelog_next) {
        TRY(task_passed(task, meta.size > 0 ? meta : (struct bytes){0}, aim->target, error));
        task->committed.commit_seq = mark->commit_seq;
        start_at(task, aim);
        return STATUS_OK;
    }
    if (meta.size == 0) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d holds no meta record up to %" PRId64
                         ": it is not the changelog of this group's offsets",
                         changelog, task->partition, mark->changelog_next);
    }
    const struct task_head known = task->committed;
    TRY(task_passed(task, meta, mark->changelog_next, error));
    if (known.commit_seq == mark->commit_seq &&
        memcmp(known.receipt_hash, task->committed.receipt_hash, DIGEST_SIZE) != 0) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d has another transaction %" PRId64 " than the "
                         "state: it was made anew; keep both as evidence and restore the topic",
                         changelog, task->partition, mark->commit_seq);
    }
    if (task->committed.commit_seq != mark->commit_seq) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d ends at transaction %" PRId64
                         ", the group committed %" PRId64 ": keep both as evidence and restore "
                         "the topic", changelog, task->partition, task->committed.commit_seq,
                         mark->commit_seq);
    }
    start_at(task, aim);
    return STATUS_OK;
}

/* How long a question about one partition may hold up the tasks at work. */
#define BOUNDS_WAIT_MS 1000

static enum status bounds_of(const struct task *task, const char *topic, int64_t *start_out,
                             int64_t *end_out, struct error *error)
{
    struct cluster *cluster = task->member->cluster;
    return cluster->ops->bounds(cluster, topic, task->partition, BOUNDS_WAIT_MS, start_out, end_out,
                                error);
}

/* Where the changelog ends, records that are not stable yet included. */
static enum status changelog_end(const struct task *task, int64_t from, int64_t *end_out,
                                 struct error *error)
{
    const struct member *member = task->member;
    struct reader *reader = NULL;
    int64_t start = 0;
    TRY(member->cluster->ops->reader_open(member->cluster, member->changelog_name, task->partition,
                                          from, false, &reader, error));
    const enum status status = reader->ops->bounds(reader, &start, end_out, error);
    reader->ops->close(reader);
    return status;
}

/* Where the changelog is stable only below what the group committed, it must at least reach it: a shorter
 * one is waited for in vain. */
static enum status check_end(const struct task *task, int64_t target, struct error *error)
{
    const struct member *member = task->member;
    int64_t end = 0;
    TRY(changelog_end(task, target, &end, error));
    if (end < target) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d ends at %" PRId64 ", the group committed up to "
                         "%" PRId64 ": it was cut or made anew; keep it as evidence and restore it",
                         member->changelog_name, task->partition, end, target);
    }
    return STATUS_OK;
}

static enum status check_changelog(const struct task *task, struct task_aim *aim,
                                   struct error *error)
{
    int64_t start = 0;
    int64_t stable = 0;
    TRY(bounds_of(task, task->member->changelog_name, &start, &stable, error));
    if (start > aim->from) {
        return error_set(error, STATUS_FATAL,
                         "changelog '%s' partition %d begins at %" PRId64 ", the state needs it "
                         "from %" PRId64 ": records were deleted; restore the topic, nothing else "
                         "holds them", task->member->changelog_name, task->partition, start,
                         aim->from);
    }
    if (PLANTED(RESTORE_TO_LSO) && stable < aim->target) {
        aim->target = stable;
    }
    if (stable >= aim->target) {
        return STATUS_OK;
    }
    if (task->committed.commit_seq == aim->mark.commit_seq) { /* lacks nothing: does not wait for that */
        aim->from = aim->target;
    }
    return check_end(task, aim->target, error);
}

/* Nothing was ever committed: only then an empty start is right (E4), and only if the changelog is empty. */
static enum status aim_at_nothing(struct task *task, bool has_state, struct task_aim *aim,
                                  struct error *error)
{
    const struct member *member = task->member;
    if (PLANTED(EMPTY_START)) {
        return STATUS_OK;
    }
    if (has_state) {
        return error_set(error, STATUS_FATAL,
                         "group '%s' has no committed offset for partition %d, but there is state: "
                         "its offsets expired or the group was deleted; restore the offsets, or "
                         "use a new group and an empty state.dir", member->group, task->partition);
    }
    aim->first_start = true;
    TRY(bounds_of(task, member->changelog_name, &aim->from, &aim->target, error));
    /* The first commit may be decided and its marker not be in the changelog yet (window 5). */
    TRY(changelog_end(task, aim->from, &aim->target, error));
    for (uint32_t i = 0; i < member->topology->source_count; i++) {
        int64_t end = 0;
        TRY(bounds_of(task, member->source_names[i], &aim->offsets[i], &end, error));
    }
    start_at(task, aim);
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
    /* Without a cache, which memory_divide() gives to tasks at work. */
    const struct state_limits limits = {.checkpoint_bytes = SIZE_MAX,
                                        .checkpoint_ms = member->config->checkpoint_interval_ms};
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

/* Where the meta record lies that ends the transaction before `next`. */
static int64_t last_meta(int64_t next)
{
    return next > 0 ? next - 1 : 0;
}

static enum status aim_at_mark(struct task *task, bool has_state,
                               const struct stream_committed *committed, struct task_aim *aim,
                               struct error *error)
{
    const struct member *member = task->member;
    TRY(positions_of(task, committed, &aim->mark, aim->offsets, error));
    const struct task_mark *mark = &aim->mark;
    const int64_t local = has_state ? task->committed.commit_seq : -1;
    if (local > mark->commit_seq) {
        return error_set(error, STATUS_FATAL,
                         "state of '%s' partition %d is at transaction %" PRId64
                         ", the group at %" PRId64 ": the log was cut or offsets were reset; keep "
                         "the directory as evidence and start with an empty one",
                         member->topology->name, task->partition, local, mark->commit_seq);
    }
    if (PLANTED(RESTORE_SKIPPED)) {
        task->committed.commit_seq = mark->commit_seq;
    }
    if (local == mark->commit_seq || PLANTED(RESTORE_SKIPPED)) {
        start_at(task, aim);
        /* The store lacks nothing. But a changelog that was made anew would go on without the rows before, so
         * the last record must be there: the transaction's meta, which compaction drops only for a later one. */
        aim->from =
            PLANTED(RESTORE_SKIPPED) ? mark->changelog_next : last_meta(mark->changelog_next);
        aim->target = mark->changelog_next;
        return check_changelog(task, aim, error);
    }
    const bool stale = has_state && clock_wall_ms() - task->committed.wall_ms > TOMBSTONES_MS;
    if (stale) {
        TRY(start_anew(task, error));
    }
    aim->from = has_state && !stale ? task->committed.changelog_next : 0;
    aim->target = mark->changelog_next;
    return check_changelog(task, aim, error);
}

/* Whether the last process here died over a record. */
static enum status crash_begin(struct task *task, struct error *error)
{
    const struct member *member = task->member;
    if (member->options->state_dir == NULL) {
        return STATUS_OK;
    }
    struct buffer path = {0};
    uint32_t crashes = 0;
    store_path(member, task->partition, &path);
    buffer_printf(&path, ".crash");
    const enum status status =
        crash_watch_open((const char *)path.data, &task->crash, &crashes, error);
    buffer_release(&path);
    if (status == STATUS_OK && crashes > 0) {
        log_line(LOG_WARNING, "crashed_at_record", "topology=%s partition=%d times=%u",
                 member->topology->name, task->partition, crashes);
    }
    return status;
}

enum status task_open_store(struct task *task, struct error *error)
{
    TRY(state_begin(task, error));
    TRY(crash_begin(task, error));
    task->scratch = task->member->topology->step->open(task->member->codec);
    const struct bytes meta = state_stored_meta(task->state);
    return meta.data != NULL ? task_meta_decode(task, meta, &task->committed, error) : STATUS_OK;
}

enum status task_aim(struct task *task, struct task_aim *aim_out, struct error *error)
{
    const struct member *member = task->member;
    const uint32_t count = member->topology->source_count;
    const bool has_state = state_stored_meta(task->state).data != NULL;
    struct stream_committed *committed = memory_get(count * sizeof(*committed));
    *aim_out = (struct task_aim){.from = 0};
    enum status status =
        member->stream->ops->committed(member->stream, task->partition, committed, error);
    if (status == STATUS_RETRY) {
        orphan_end(task->member, task->partition);
    }
    if (status == STATUS_OK) {
        bool any = false;
        for (uint32_t i = 0; i < count; i++) {
            any = any || committed[i].set;
        }
        if (any && !committed[0].set) {
            status = error_set(error, STATUS_FATAL,
                               "group '%s' has offsets for partition %d, but none of the driver "
                               "'%s': offsets were changed from outside", member->group,
                               task->partition, member->source_names[0]);
        } else {
            status = any ? aim_at_mark(task, has_state, committed, aim_out, error)
                         : aim_at_nothing(task, has_state, aim_out, error);
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

/* A store whose tail the changelog does not hold any more is made anew as well: the owner has its own. */
enum status task_follow(struct task *task, struct task_aim *aim_out, struct error *error)
{
    int64_t start = 0;
    int64_t stable = 0;
    const bool has_state = state_stored_meta(task->state).data != NULL;
    TRY(bounds_of(task, task->member->changelog_name, &start, &stable, error));
    *aim_out = (struct task_aim){.target = stable};
    if (has_state && (clock_wall_ms() - task->committed.wall_ms > TOMBSTONES_MS ||
                      task->committed.changelog_next < start)) {
        TRY(start_anew(task, error));
        aim_out->from = start;
        return STATUS_OK;
    }
    /* From its last meta record on, which the next owner is asked for. */
    aim_out->from = has_state ? last_meta(task->committed.changelog_next) : start;
    aim_out->from = aim_out->from < start ? start : aim_out->from;
    return STATUS_OK;
}

struct task *task_new(struct member *member, int32_t partition)
{
    struct task *task = memory_get(sizeof(*task));
    *task = (struct task){.member = member, .partition = partition};
    for (size_t i = 0; i < COUNT_OF(task->works); i++) {
        work_init(&task->works[i]);
    }
    task->work = &task->works[0];
    task->sealed = &task->works[1];
    return task;
}

void task_begin(struct task *task)
{
    task->work->head = task->committed;
    task->committed_at_ms = clock_monotonic_ms();
    task->active_at_ms = task->committed_at_ms;
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
    crash_watch_close(task->crash);
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
