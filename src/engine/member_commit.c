/* The transaction of a member: from the batch to its outcome, and what to do when nobody knows it
 * (exactly-once.md 2, 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/log.h"

#include <stdlib.h>

/* The batch begins anew. */
static void batch_clear(struct member *member)
{
    outputs_clear(&member->batch.outputs);
    member->batch.open = false;
    member->batch.inputs = 0;
}

/* Goes back to the committed position of every task: an abort does not rewind the consumer. */
static enum status rewind_all(struct member *member, struct error *error)
{
    batch_clear(member);
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        task_drop(task);
        task_drop_queues(task);
        if (PLANTED(REWIND_SKIPPED)) {
            continue;
        }
        TRY(member->stream->ops->seek(member->stream, task->partition, task->committed.next_offset,
                                      error));
    }
    return STATUS_OK;
}

/* Waits until a new producer is there; brokers may be away. */
static enum status rotate(struct member *member, struct error *error)
{
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY) {
        engine_beat(member->options);
        status = member->stream->ops->rotate(member->stream, error);
        if (status == STATUS_RETRY) {
            log_line(LOG_WARNING, "rotation_waits", "reason=\"%s\"", error->text);
            if (atomic_load(member->options->stop)) {
                return error_set(error, STATUS_FATAL,
                                 "stopped while the brokers were away: the next start settles the "
                                 "last transaction");
            }
        }
    }
    member->rotated = status == STATUS_OK;
    return status;
}

/* A new producer if the last transaction asks for one (exactly-once.md 5); before every begin. */
static enum status rotate_if_due(struct member *member, struct error *error)
{
    return member->stream->ops->rotation_due(member->stream) && !PLANTED(ROTATION_OFF)
               ? rotate(member, error)
               : STATUS_OK;
}

/* At once, so that nothing of the last transaction holds readers up; but a stop does not wait for brokers:
 * the next start does the same. */
static enum status rotate_unless_stopped(struct member *member, struct error *error)
{
    return atomic_load(member->options->stop) ? STATUS_OK : rotate_if_due(member, error);
}

static enum status settle_aborted(struct member *member, struct error *error)
{
    TRY(rewind_all(member, error));
    return rotate_unless_stopped(member, error);
}

static enum status settle_done(struct member *member, struct error *error)
{
    const int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < member->flight.task_count; i++) {
        task_apply(member->flight.tasks[i], now);
    }
    if (member->options->causal) { /* the payloads of the transaction were shown */
        key_ring_forget(member->keys);
    }
    member->transactions++;
    member->rotated = false;
    return rotate_unless_stopped(member, error);
}

/* A missing offset is no proof that nothing was ever committed (E4); an empty changelog is. */
static enum status check_no_commit(const struct task *task, struct error *error)
{
    const struct member *member = task->member;
    struct reader *reader = NULL;
    TRY(member->cluster->ops->reader_open(member->cluster, member->changelog_name, task->partition,
                                          0, true, &reader, error));
    int64_t start = 0;
    int64_t end = 0;
    bool found = false;
    enum status status = reader->ops->bounds(reader, &start, &end, error);
    while (status == STATUS_OK && !found && reader->ops->position(reader) < end &&
           !atomic_load(member->options->stop)) {
        struct stream_record record = {0};
        engine_beat(member->options);
        status = reader->ops->read(reader, 200, &record, &found, error);
        if (status == STATUS_OK && found) {
            reader->ops->release(reader, &record);
        }
    }
    const bool whole = found || reader->ops->position(reader) >= end;
    reader->ops->close(reader);
    if (status != STATUS_OK || found || !whole) {
        return error_set(error, STATUS_FATAL,
                         "group '%s' has no committed offset for partition %d, which does not say what "
                         "became of a transaction: changelog '%s' %s; the next start settles it",
                         member->group, task->partition, member->changelog_name,
                         found ? "holds state" : "could not be read");
    }
    return STATUS_OK;
}

/* What the group says about a task of the unknown transaction. */
static enum status task_outcome(struct task *task, bool *committed_out, struct error *error)
{
    struct member *member = task->member;
    const struct task_head *flown = &task->sealed->head;
    const uint32_t count = member->topology->source_count;
    struct stream_committed *committed = memory_get(count * sizeof(*committed));
    enum status status = STATUS_OK;
    do { /* once also on a stop */
        engine_beat(member->options);
        status = member->stream->ops->committed(member->stream, task->partition, committed, error);
    } while (status == STATUS_RETRY && !atomic_load(member->options->stop));
    if (status == STATUS_RETRY) {
        status = error_set(error, STATUS_FATAL,
                           "stopped while the outcome of a transaction was unknown: the next start "
                           "resolves it");
    }
    struct task_mark mark = {.commit_seq = 0};
    if (status == STATUS_OK && committed[0].set &&
        !task_mark_parse(committed[0].metadata, &mark)) {
        mark.commit_seq = -1;
    }
    if (status == STATUS_OK && !committed[0].set) {
        status = check_no_commit(task, error);
    }
    free(committed);
    TRY(status);
    *committed_out =
        mark.commit_seq == flown->commit_seq && mark.changelog_next == flown->changelog_next;
    if (!*committed_out && mark.commit_seq != task->committed.commit_seq) {
        return error_set(error, STATUS_FATAL,
                         "partition %d of group '%s' is at transaction %lld, neither ours nor the "
                         "one before: another worker owns it",
                         task->partition, member->group, (long long)mark.commit_seq);
    }
    return STATUS_OK;
}

/* Rotate, fetch stable offsets, apply or drop by commit_seq; all tasks must give one answer (I3). */
static enum status resolve(struct member *member, struct error *error)
{
    log_line(LOG_WARNING, "commit_unknown", "topology=%s reason=\"%s\"", member->topology->name,
             error->text);
    TRY(rotate(member, error));
    bool committed = false;
    for (size_t i = 0; i < member->flight.task_count; i++) {
        bool answer = PLANTED(APPLY_ON_UNKNOWN);
        if (PLANTED(APPLY_ON_UNKNOWN) || PLANTED(DROP_ON_UNKNOWN)) {
            committed = answer;
            continue;
        }
        TRY(task_outcome(member->flight.tasks[i], &answer, error));
        ASSERT(IMPLIES(i > 0, answer == committed));
        committed = answer;
    }
    log_line(LOG_WARNING, "commit_resolved", "topology=%s committed=%d", member->topology->name,
             committed);
    if (!committed) {
        return rewind_all(member, error);
    }
    TRY(settle_done(member, error));
    member->rotated = true; /* before the next transaction, which its receipt tells */
    return STATUS_OK;
}

static enum status settle_outcome(struct member *member, struct error *error)
{
    const struct flight *flight = &member->flight;
    *error = flight->error;
    if (flight->status != STATUS_OK) {
        return flight->status;
    }
    switch (flight->outcome) {
    case COMMIT_DONE:
        return settle_done(member, error);
    case COMMIT_ABORTED:
        if (error->status == STATUS_FATAL) {
            return STATUS_FATAL;
        }
        log_line(LOG_WARNING, "transaction_aborted", "topology=%s reason=\"%s\"",
                 member->topology->name, error->text);
        return settle_aborted(member, error);
    case COMMIT_UNKNOWN:
        return resolve(member, error);
    case COMMIT_FENCED:
        if (PLANTED(FENCE_IGNORED)) {
            return settle_aborted(member, error);
        }
        return error_set(error, STATUS_FATAL,
                         "fenced: another producer uses transactional id '%s'; give every worker "
                         "its own worker.slot", member->transactional_id);
    }
    ASSERT(false);
    return STATUS_FATAL;
}

bool member_committing(const struct member *member)
{
    return errand_busy(member->errand);
}

/* A flight that never lands is the watchdog's: a turn gives signs of life only while none is under way. */
enum status member_commit_wait(struct member *member, int timeout_ms, struct error *error)
{
    if (!member_committing(member) || !errand_wait(member->errand, timeout_ms)) {
        return STATUS_OK;
    }
    engine_beat(member->options);
    const enum status status = settle_outcome(member, error);
    outputs_clear(&member->flight.outputs);
    member->flight.task_count = 0;
    return status;
}

enum status member_commit_start(struct member *member, struct error *error)
{
    struct flight *flight = &member->flight;
    ASSERT(member->batch.open && !member_committing(member));
    TRY(rotate_if_due(member, error));
    for (size_t i = 0; i < member->task_count; i++) {
        if (member->tasks[i]->work->dirty) {
            task_seal(member->tasks[i]);
            flight_add(flight, member->tasks[i]);
        }
    }
    const struct outputs empty = flight->outputs;
    flight->outputs = member->batch.outputs;
    member->batch.outputs = empty;
    flight->rotated = member->rotated;
    batch_clear(member);
    engine_beat(member->options);
    errand_post(member->errand, flight_run, flight);
    return STATUS_OK;
}

enum status member_commit(struct member *member, struct error *error)
{
    TRY(member_commit_wait(member, ERRAND_FOREVER, error));
    if (!member->batch.open) {
        return STATUS_OK;
    }
    TRY(member_commit_start(member, error));
    return member_commit_wait(member, ERRAND_FOREVER, error);
}

enum status member_abort(struct member *member, struct error *error)
{
    TRY(member_commit_wait(member, ERRAND_FOREVER, error));
    return member->batch.open ? rewind_all(member, error) : STATUS_OK;
}
