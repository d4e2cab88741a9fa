/* The steps of one restore.
 *
 * Rows go into the pending map as they come. Timers are rows too, derived from the rows of subjects
 * (restore_timers.h): of a tail once for every changed row, before a checkpoint and at the end; of a state read
 * from nothing in one pass over the store when all is in it. Until then such a store is *bare*.
 *
 * A checkpoint in the middle of a restore holds a piece of the changelog that need not end with a
 * transaction: its meta is that of transaction 0 and an offset to go on from, so that no committed position
 * can be equal to it. After a transaction's last record it is that transaction's own. A bare one has the number
 * TASK_BARE_SEQ, wherever it ends, and the last transaction's meta is read again after it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/restore_internal.h"

#include "base/assert.h"
#include "base/time.h"
#include "engine/log.h"
#include "engine/member.h"

#include <inttypes.h>

enum {
    ASK_AGAIN_MS = 500,
    SHOW_MS = 1000,
    CLOCK_EVERY = 64,    /* records between two looks at the clock */
    DERIVE_SLOTS = 1024, /* the same, places of the pending map */
    PASS_ROWS = 4096,    /* and rows of the store: each time its files are opened for it */
};

/* --- the beginning */

static enum status reading_start(struct restores *restores, struct restore *restore,
                                 struct error *error)
{
    struct cluster *cluster = restores->member->cluster;
    if (restores->follower == NULL) {
        TRY(cluster->ops->follower_open(cluster, restores->member->changelog_name,
                                        &restores->follower, error));
    }
    const int64_t now = clock_monotonic_ms();
    TRY(restores->follower->ops->add(restores->follower, restore->task->partition, restore->from,
                                     error));
    restore->reading = true;
    restore->next = restore->from;
    restore->passed_next = restore->from;
    restore->begun_at_ms = now;
    restore->written_at_ms = now;
    restore->shown_at_ms = now;
    restore->phase = PHASE_READ;
    return STATUS_OK;
}

static enum status without_offsets(const struct restore *restore, struct error *error)
{
    return error_set(error, STATUS_FATAL,
                     "group '%s' has no committed offset for partition %d, but changelog '%s' "
                     "holds state: its offsets expired or the group was deleted; restore the "
                     "offsets", restore->task->member->group, restore->task->partition,
                     restore->task->member->changelog_name);
}

/* Whether what is read now goes into a store whose rows have no timers. */
static bool is_bare(const struct restore *restore)
{
    const struct task *task = restore->task;
    const bool has_state = state_stored_meta(task->state).data != NULL;
    return task->member->topology->step->timer != NULL && !restore->aim.first_start &&
           (has_state ? task->committed.commit_seq == TASK_BARE_SEQ
                      : restore->aim.from < restore->aim.target);
}

/* An open transaction that may hold offsets of the partition, or brokers that are away, are waited for. */
static enum status ask(struct restores *restores, struct restore *restore, struct error *error)
{
    const int64_t now = clock_monotonic_ms();
    if (now < restore->ask_at_ms) {
        return STATUS_OK;
    }
    /* A standby asks nobody: all that is committed belongs to it. */
    struct task_aim aim;
    const enum status status = restore->standby ? task_follow(restore->task, &aim, error)
                                                : task_aim(restore->task, &aim, error);
    if (status == STATUS_RETRY) {
        restore->ask_at_ms = now + ASK_AGAIN_MS;
        if (now - restore->shown_at_ms >= SHOW_MS) {
            restore->shown_at_ms = now;
            log_line(LOG_WARNING, "task_waits", "topology=%s partition=%d reason=\"%s\"",
                     restores->member->topology->name, restore->task->partition, error->text);
        }
        return STATUS_OK;
    }
    TRY(status);
    restore->aim = aim; /* until now a former standby has read on without an end */
    restore->followed = restore->standby;
    if (restore->reading) { /* it was a standby; aim.from is its last checkpoint, which it has passed */
        if (restore->aim.first_start && restore->records > 0) {
            return without_offsets(restore, error);
        }
        restore->phase = restore->aim.from >= restore->aim.target ? PHASE_READY : PHASE_READ;
        return STATUS_OK;
    }
    restore->from = restore->aim.from;
    restore->bare = is_bare(restore);
    if (restore->standby && !restore->bare) {
        TRY(state_start_compaction(restore->task->state, error));
        restore->aim.target = INT64_MAX;
    }
    if (restore->from >= restore->aim.target) { /* nothing to read */
        restore->next = restore->from;
        restore->whole = true;
        restore->phase = restore->bare ? PHASE_PASS : PHASE_READY;
        return STATUS_OK;
    }
    return reading_start(restores, restore, error);
}

/* --- reading */

void restore_reading_stop(struct restores *restores, struct restore *restore)
{
    if (restore->reading) {
        restores->follower->ops->drop(restores->follower, restore->task->partition);
        restore->reading = false;
    }
}

static void show(const struct restore *restore, const char *event, int64_t now)
{
    const struct member *member = restore->task->member;
    const int64_t whole = restore->aim.target - restore->from;
    const int64_t done = restore->next - restore->from;
    log_line(LOG_INFO, event,
             "topology=%s partition=%d records=%" PRId64 " bytes=%" PRId64 " percent=%" PRId64
             " target=%" PRId64 " ms=%" PRId64, member->topology->name, restore->task->partition,
             restore->records, restore->bytes, done >= whole ? 100 : 100 * done / whole,
             restore->aim.target, now - restore->begun_at_ms);
}

static void show_at_times(struct restore *restore, int64_t now)
{
    if (now - restore->shown_at_ms >= SHOW_MS && !restore->standby) {
        restore->shown_at_ms = now;
        show(restore, "restoring", now);
    }
}

static enum status take_record(struct restore *restore, const struct stream_record *record,
                               int64_t now, struct error *error)
{
    if (record->offset >= restore->aim.target) {
        return STATUS_OK;
    }
    if (restore->aim.first_start) {
        return without_offsets(restore, error);
    }
    restore->records++;
    restore->bytes += (int64_t)(record->key.size + record->value.size);
    restore->next = record->offset + 1;
    if (bytes_is(record->key, STATE_META_KEY)) {
        buffer_clear(&restore->meta);
        buffer_append(&restore->meta, record->value);
        restore->meta_next = restore->next;
    } else {
        state_restore(restore->task->state, record->key, record->value, now);
    }
    return STATUS_OK;
}

/* Whether memory or age asks for a checkpoint before more is read. */
static bool is_full(const struct restores *restores, const struct restore *restore, int64_t now)
{
    return state_pending_bytes(restore->task->state) >= restores->pending_max ||
           (now - restore->written_at_ms >= restores->member->config->checkpoint_interval_ms &&
            restore->next > restore->passed_next);
}

/* The meta of the last transaction is needed at the end, also by one who goes on after a kill. */
static void pass_bare(struct restore *restore)
{
    const bool ends = restore->meta.size > 0 && restore->meta_next == restore->next;
    restore->passed_next = restore->next;
    task_passed_bare(restore->task, ends ? restore->next - 1 : restore->next);
}

/* The rows read are to be written, or are the last ones. */
static void derive_begin(struct restore *restore)
{
    restore->place = 0;
    restore->phase = restore->bare ? PHASE_WRITE : PHASE_DERIVE;
    if (restore->bare) {
        pass_bare(restore);
    }
}

enum status restore_read_some(struct restores *restores, int64_t until_ms, int wait_ms,
                              struct error *error)
{
    struct follower *follower = restores->follower;
    int64_t now = clock_monotonic_ms();
    for (unsigned count = 1;; count++) {
        struct stream_record record = {0};
        bool found = false;
        TRY(follower->ops->read(follower, count == 1 ? wait_ms : 0, &record, &found, error));
        if (!found) {
            restores->hungry = false;
            return STATUS_OK;
        }
        struct restore *restore = restore_of(restores, record.partition);
        const enum status status = take_record(restore, &record, now, error);
        follower->ops->release(follower, &record);
        TRY(status);
        if (restore->next >= restore->aim.target) {
            return STATUS_OK; /* ends below */
        }
        if (is_full(restores, restore, now)) {
            derive_begin(restore);
            return STATUS_OK;
        }
        if (count % CLOCK_EVERY == 0) {
            now = clock_monotonic_ms();
            if (now >= until_ms) {
                return STATUS_OK;
            }
        }
    }
}

/* A restore below its target waits here: the last stable offset may lag behind (window 5). */
static void reading_check(struct restores *restores, struct restore *restore)
{
    state_trim(restore->task->state); /* the rows of a finished checkpoint */
    const int64_t now = clock_monotonic_ms();
    const int64_t position =
        restores->follower->ops->position(restores->follower, restore->task->partition);
    if (position >= restore->aim.target) {
        restore_reading_stop(restores, restore);
        restore->whole = true;
        derive_begin(restore);
    } else if (restore->standby && is_full(restores, restore, now)) { /* by age: nothing may come for long */
        derive_begin(restore);
    } else {
        show_at_times(restore, now);
    }
}

/* --- timers */

static enum status finish(struct restore *restore, struct error *error)
{
    if (!restore->aim.first_start) {
        TRY(task_reached(restore->task, &restore->aim, buffer_bytes(&restore->meta), error));
        if (restore->aim.target - restore->from > 1) { /* else the store had it all */
            show(restore, "restored", clock_monotonic_ms());
        }
    }
    restore->phase = PHASE_READY;
    return STATUS_OK;
}

/* The meta of the last record read, unless more of its transaction is to come. */
static struct bytes meta_passed(const struct restore *restore)
{
    return restore->meta_next == restore->next ? buffer_bytes(&restore->meta) : (struct bytes){0};
}

static enum status derive(struct restore *restore, int64_t until_ms, struct error *error)
{
    struct task *task = restore->task;
    bool end = task->member->topology->step->timer == NULL;
    while (!end && clock_monotonic_ms() < until_ms) {
        TRY(timers_of_pending(task, &restore->place, DERIVE_SLOTS, &end, error));
    }
    if (!end) {
        return STATUS_OK;
    }
    if (restore->whole) {
        return finish(restore, error);
    }
    TRY(task_passed(task, meta_passed(restore), restore->next, error));
    restore->passed_next = restore->next;
    restore->phase = PHASE_WRITE;
    return STATUS_OK;
}

/* A standby reads on from here; one that was taken meanwhile asks for its position. */
static enum status dress(struct restore *restore, struct error *error)
{
    TRY(state_start_compaction(restore->task->state, error));
    restore->bare = false;
    restore->whole = false;
    timers_pass_release(&restore->pass);
    TRY(task_passed(restore->task, meta_passed(restore), restore->next, error));
    restore->phase = PHASE_ASK;
    return STATUS_OK;
}

/* Begins when the last rows read are in the store. */
static enum status pass_store(struct restores *restores, struct restore *restore, int64_t until_ms,
                              struct error *error)
{
    struct task *task = restore->task;
    if (task->member->checkpointer != NULL) {
        TRY(checkpointer_poll(task->member->checkpointer, error));
    }
    if (state_checkpoint_running(task->state)) {
        return STATUS_OK;
    }
    state_trim(task->state);
    show_at_times(restore, clock_monotonic_ms());
    bool end = false;
    while (!end && clock_monotonic_ms() < until_ms) {
        TRY(timers_of_store(task, &restore->pass, PASS_ROWS, &end, error));
        pass_bare(restore);
        if (!end && state_pending_bytes(task->state) >= restores->pending_max) {
            restore->phase = PHASE_WRITE;
            return STATUS_OK;
        }
    }
    if (!end) {
        return STATUS_OK;
    }
    return restore->followed ? dress(restore, error) : finish(restore, error);
}

static enum status write_checkpoint(struct restore *restore, struct error *error)
{
    struct checkpointer *checkpointer = restore->task->member->checkpointer;
    if (checkpointer == NULL) {
        TRY(state_checkpoint(restore->task->state, error));
    } else {
        TRY(checkpointer_poll(checkpointer, error));
        if (checkpointer_busy(checkpointer)) {
            return STATUS_OK;
        }
        checkpointer_start(checkpointer, restore->task->state);
    }
    restore->written_at_ms = clock_monotonic_ms();
    const bool taken = restore->followed && !restore->standby;
    restore->phase = restore->whole ? PHASE_PASS : taken ? PHASE_ASK : PHASE_READ;
    return STATUS_OK;
}

/* --- a turn */

enum status restore_advance(struct restores *restores, struct restore *restore, int64_t until_ms,
                            struct error *error)
{
    switch (restore->phase) {
    case PHASE_ASK:
        return ask(restores, restore, error);
    case PHASE_READ:
        reading_check(restores, restore);
        return STATUS_OK;
    case PHASE_DERIVE:
        return derive(restore, until_ms, error);
    case PHASE_WRITE:
        return write_checkpoint(restore, error);
    case PHASE_PASS:
        return pass_store(restores, restore, until_ms, error);
    case PHASE_START:
    case PHASE_READY:
        break;
    }
    ASSERT(false);
    return STATUS_FATAL;
}
