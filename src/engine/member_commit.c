/* The transaction of a member: commit, abort, and what to do when nobody knows (exactly-once.md 2, 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/log.h"

#include <stdlib.h>

static void transaction_end(struct member *member)
{
    member->in_transaction = false;
    member->inputs = 0;
    member->produced_bytes = 0;
}

/* Goes back to the committed position of every task: an abort does not rewind the consumer. */
static enum status rewind_all(struct member *member, struct error *error)
{
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

enum status member_rotate(struct member *member, struct error *error)
{
    return member->stream->ops->rotation_due(member->stream) && !PLANTED(ROTATION_OFF)
               ? rotate(member, error)
               : STATUS_OK;
}

/* At once, so that nothing of the last transaction holds readers up; but a stop does not wait for brokers:
 * the next start does the same. */
static enum status rotate_unless_stopped(struct member *member, struct error *error)
{
    return atomic_load(member->options->stop) ? STATUS_OK : member_rotate(member, error);
}

static enum status settle_aborted(struct member *member, struct error *error)
{
    transaction_end(member);
    TRY(rewind_all(member, error));
    return rotate_unless_stopped(member, error);
}

static enum status settle_done(struct member *member, struct error *error)
{
    const int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < member->task_count; i++) {
        if (member->tasks[i]->dirty) {
            task_apply(member->tasks[i], now);
        }
    }
    transaction_end(member);
    if (member->options->causal) { /* the payloads of the transaction were shown */
        key_ring_forget(member->keys);
    }
    member->transactions++;
    member->rotated = false;
    return rotate_unless_stopped(member, error);
}

/* What the group says about a task of the unknown transaction. */
static enum status task_outcome(struct task *task, bool *committed_out, struct error *error)
{
    struct member *member = task->member;
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
    free(committed);
    TRY(status);
    *committed_out = mark.commit_seq == task->working.commit_seq;
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
    bool known = false;
    for (size_t i = 0; i < member->task_count; i++) {
        if (!member->tasks[i]->dirty) {
            continue;
        }
        bool answer = PLANTED(APPLY_ON_UNKNOWN);
        if (PLANTED(APPLY_ON_UNKNOWN) || PLANTED(DROP_ON_UNKNOWN)) {
            committed = answer;
            continue;
        }
        TRY(task_outcome(member->tasks[i], &answer, error));
        ASSERT(IMPLIES(known, answer == committed));
        committed = answer;
        known = true;
    }
    log_line(LOG_WARNING, "commit_resolved", "topology=%s committed=%d", member->topology->name,
             committed);
    if (!committed) {
        transaction_end(member);
        return rewind_all(member, error);
    }
    TRY(settle_done(member, error));
    member->rotated = true; /* before the next transaction, which its receipt tells */
    return STATUS_OK;
}

static enum status settle(struct member *member, enum commit_outcome outcome, struct error *error)
{
    switch (outcome) {
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

enum status member_abort(struct member *member, struct error *error)
{
    if (!member->in_transaction) {
        return STATUS_OK;
    }
    struct error reason = {0};
    const enum commit_outcome outcome = member->stream->ops->abort(member->stream, &reason);
    *error = reason;
    return settle(member, outcome, error);
}

/* Everything but the commit itself; a failure that is not fatal is for the abort path. */
static enum status prepare(struct member *member, struct error *error)
{
    for (size_t i = 0; i < member->task_count; i++) {
        if (member->tasks[i]->dirty) {
            TRY(task_prepare(member->tasks[i], error));
        }
    }
    TRY(member->stream->ops->flush(member->stream, error));
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        if (task->dirty) {
            task->working.changelog_next = member->stream->ops->produced_next(
                member->stream, member->changelog_name, task->partition);
            ASSERT(task->working.changelog_next > 0); /* the meta record is always there */
        }
    }
    return STATUS_OK;
}

static enum commit_outcome send(struct member *member, struct error *error)
{
    const uint32_t sources = member->topology->source_count;
    char(*texts)[STREAM_METADATA_MAX] = memory_get(2 * member->task_count * sizeof(*texts));
    struct stream_position *positions =
        memory_get(member->task_count * sources * sizeof(*positions));
    size_t count = 0;
    for (size_t i = 0; i < member->task_count; i++) {
        struct task *task = member->tasks[i];
        if (!task->dirty) {
            continue;
        }
        task_metadata(task, true, texts[2 * i]);
        task_metadata(task, false, texts[2 * i + 1]);
        for (uint32_t source = 0; source < sources; source++) {
            if (PLANTED(OFFSETS_OF_ONE_TASK) && count > 0 &&
                positions[0].partition != task->partition) {
                continue;
            }
            positions[count++] =
                (struct stream_position){.source = source,
                                         .partition = task->partition,
                                         .next_offset = task->working.next_offset[source],
                                         .metadata = texts[2 * i + (source == 0 ? 0 : 1)]};
            if (PLANTED(OFFSET_MINUS_ONE) && positions[count - 1].next_offset > 0) {
                positions[count - 1].next_offset--;
            }
            if (PLANTED(OFFSET_PLUS_ONE) && positions[count - 1].next_offset > 0) {
                positions[count - 1].next_offset++;
            }
        }
    }
    ASSERT(count > 0);
    const enum commit_outcome outcome =
        member->stream->ops->commit(member->stream, positions, count, error);
    free(positions);
    free(texts);
    return outcome;
}

enum status member_commit(struct member *member, struct error *error)
{
    if (!member->in_transaction) {
        return STATUS_OK;
    }
    const enum status status = prepare(member, error);
    if (status == STATUS_FATAL) {
        return status;
    }
    if (status != STATUS_OK) {
        log_line(LOG_WARNING, "transaction_failed", "topology=%s reason=\"%s\"",
                 member->topology->name, error->text);
        return member_abort(member, error);
    }
    *error = (struct error){.status = STATUS_OK};
    return settle(member, send(member, error), error);
}
