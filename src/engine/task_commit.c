/* The transaction of a task: touched, sealed, changelog, meta and receipt, applied or dropped.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/flight.h"
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

#include <stdio.h>

void task_touch(struct task *task)
{
    struct batch *batch = &task->member->batch;
    if (!batch->open) {
        batch->open = true;
        batch->begun_at_ms = clock_monotonic_ms();
    }
    if (!task->work->dirty) {
        task->work->dirty = true;
        task->work->tally = (struct task_tally){0};
        digest_stream_clear(task->work->outputs_hash);
    }
}

static void policy_hash(const struct task *task, const struct task_head *head,
                        uint8_t hash_out[DIGEST_SIZE])
{
    const struct policies *policies = policy_feed_versions(task->member->policies);
    if (policies->count == 0) {
        memset(hash_out, 0, DIGEST_SIZE);
    } else {
        memcpy(hash_out, policies_at(policies, head->clock_ms)->hash, DIGEST_SIZE);
    }
}

void task_seal(struct task *task)
{
    struct task_work *work = task->work;
    ASSERT(work->dirty && !task->sealed->dirty);
    work->row_count = state_seal(task->state, &work->rows);
    work->barrier = task->barrier;
    work->head.commit_seq = task->committed.commit_seq + 1;
    work->head.changelog_next = task->committed.changelog_next;
    policy_hash(task, &work->head, work->policy_hash);
    if (PLANTED(APPLY_BEFORE_COMMIT)) {
        struct member *member = task->member;
        buffer_clear(&member->buffer);
        task_meta_encode(task, &work->head, member->row, &member->buffer);
        state_commit(task->state, buffer_bytes(&member->buffer), clock_monotonic_ms());
    }
    task->work = task->sealed;
    task->sealed = work;
    task->work->head = work->head;
}

static enum status produce(struct task *task, struct flight *flight, const char *topic,
                           struct bytes key, struct bytes value, struct error *error)
{
    struct stream *stream = flight->member->stream;
    const struct stream_output output = {.topic = topic,
                                         .partition = task->partition,
                                         .timestamp_ms = task->sealed->head.clock_ms,
                                         .barrier = task->sealed->barrier,
                                         .key = key,
                                         .value = value};
    return stream->ops->produce(stream, &output, error);
}

/* Timer rows are derived and not logged; returns the digest of what is. */
static enum status produce_changelog(struct task *task, struct flight *flight,
                                     uint8_t digest_out[DIGEST_SIZE], struct error *error)
{
    const struct row *rows = task->sealed->rows;
    digest_stream_clear(flight->state_hash);
    for (size_t i = 0; i < task->sealed->row_count; i++) {
        if (rows[i].key.data[0] == 't') {
            continue;
        }
        digest_stream_add(flight->state_hash, rows[i].key);
        digest_stream_add(flight->state_hash, rows[i].value);
        TRY(produce(task, flight, flight->member->changelog_name, rows[i].key, rows[i].value,
                    error));
    }
    digest_stream_get(flight->state_hash, digest_out);
    return STATUS_OK;
}

static void receipt_inputs(const struct task *task, struct receipt *receipt,
                           uint8_t hashes[TASK_RUNS_MAX][DIGEST_SIZE])
{
    const struct topology *topology = task->member->topology;
    receipt->inputs_count = task->sealed->tally.run_count;
    for (uint32_t i = 0; i < receipt->inputs_count; i++) {
        const struct input_run *run = &task->sealed->runs[i];
        digest_stream_get(run->bytes_hash, hashes[i]);
        receipt->inputs[i] =
            (struct input_range){.topic = bytes_text(topology->sources[run->source].topic->name),
                                 .partition = task->partition,
                                 .first_offset = run->first_offset,
                                 .last_offset = run->last_offset,
                                 .count = run->count,
                                 .bytes_hash = bytes_of(hashes[i], DIGEST_SIZE)};
    }
}

static enum status produce_receipt(struct task *task, struct flight *flight,
                                   const uint8_t state_digest[DIGEST_SIZE], struct error *error)
{
    const struct member *member = task->member;
    struct task_work *work = task->sealed;
    uint8_t hashes[TASK_RUNS_MAX][DIGEST_SIZE];
    uint8_t outputs_hash[DIGEST_SIZE];
    uint8_t digest[DIGEST_SIZE];
    char event_id[DIGEST_SIZE + 2];
    char key[128];
    const int size = snprintf(key, sizeof(key), "%s:%d", member->topology->name, task->partition);
    uint8_t number[8];
    be64_put(number, (uint64_t)work->head.commit_seq);
    const struct bytes identity[] = {bytes_of(key, (size_t)size), bytes_of(number, sizeof(number))};
    digest_sha256(identity, COUNT_OF(identity), digest);
    hex_format(bytes_of(digest, DIGEST_SIZE / 2), event_id);
    memcpy(event_id + DIGEST_SIZE, ".0", 2);
    digest_stream_get(work->outputs_hash, outputs_hash);
    struct receipt *receipt = flight->row;
    *receipt = (struct receipt){.event_id = bytes_of(event_id, sizeof(event_id)),
                                .occurred_at = work->head.clock_ms,
                                .commit_seq = work->head.commit_seq,
                                .transactional_id = bytes_text(member->transactional_id),
                                .rotated = flight->rotated,
                                .changelog_next_offset = task->committed.changelog_next,
                                .stream_time = work->head.clock_ms,
                                .policy_hash = bytes_of(work->policy_hash, DIGEST_SIZE),
                                .state_digest = bytes_of(state_digest, DIGEST_SIZE),
                                .outputs_hash = bytes_of(outputs_hash, DIGEST_SIZE),
                                .prev_hash = bytes_of(task->committed.receipt_hash, DIGEST_SIZE),
                                .outputs = work->tally.outputs,
                                .decisions = work->tally.decisions,
                                .duplicates = work->tally.duplicates,
                                .dead_letters = work->tally.dead_letters,
                                .held = work->tally.held,
                                .build = bytes_text(SANCTIOND_BUILD)};
    receipt_inputs(task, receipt, hashes);
    if (PLANTED(RECEIPT_UNCHAINED)) {
        receipt->prev_hash = bytes_of(digest, DIGEST_SIZE);
    }
    if (PLANTED(RECEIPT_GAP) && receipt->inputs_count > 0) {
        receipt->inputs_count--;
    }
    buffer_clear(&flight->buffer);
    codec_encode(member->codec, &record_receipt, receipt, &flight->buffer);
    const struct bytes value = buffer_bytes(&flight->buffer);
    digest_sha256(&value, 1, work->head.receipt_hash);
    const struct topic *topic = topic_of_output(&record_receipt);
    return produce(task, flight, member_topic(member, topic), bytes_of(key, (size_t)size), value,
                   error);
}

enum status task_prepare(struct task *task, struct flight *flight, struct error *error)
{
    ASSERT(task->sealed->dirty);
    uint8_t state_digest[DIGEST_SIZE];
    TRY(produce_changelog(task, flight, state_digest, error));
    TRY(produce_receipt(task, flight, state_digest, error));
    buffer_clear(&flight->buffer);
    task_meta_encode(task, &task->sealed->head, flight->row, &flight->buffer);
    return produce(task, flight, flight->member->changelog_name, bytes_text(STATE_META_KEY),
                   buffer_bytes(&flight->buffer), error);
}

void task_apply(struct task *task, int64_t now_monotonic_ms)
{
    struct member *member = task->member;
    ASSERT(task->sealed->dirty);
    ASSERT(task->sealed->head.commit_seq == task->committed.commit_seq + 1);
    task->committed = task->sealed->head;
    buffer_clear(&member->buffer);
    task_meta_encode(task, &task->committed, member->row, &member->buffer);
    state_commit(task->state, buffer_bytes(&member->buffer), now_monotonic_ms);
    task->committed_at_ms = now_monotonic_ms;
    task->sealed->dirty = false;
}

void task_drop(struct task *task)
{
    state_abort(task->state);
    if (!PLANTED(TIMERS_KEPT)) {
        timers_forget(task->timers);
    }
    const struct task_head dropped = task->work->head;
    task->work->head = task->committed;
    if (PLANTED(AUDIT_HEAD_KEPT)) {
        memcpy(task->work->head.audit_hash, dropped.audit_hash, DIGEST_SIZE);
    }
    task->work->dirty = false;
    task->sealed->dirty = false;
}
