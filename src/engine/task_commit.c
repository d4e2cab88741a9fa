/* The transaction of a task: changelog, meta and receipt before it, apply or drop after it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"

#include <stdio.h>

enum status task_touch(struct task *task, struct error *error)
{
    struct member *member = task->member;
    if (!member->in_transaction) {
        TRY(member_rotate(member, error));
        TRY(member->stream->ops->begin(member->stream, error));
        member->in_transaction = true;
        member->begun_at_ms = clock_monotonic_ms();
    }
    if (!task->dirty) {
        task->dirty = true;
        task->tally = (struct task_tally){0};
        digest_stream_clear(task->outputs_hash);
    }
    return STATUS_OK;
}

/* Timer rows are derived and not logged; returns the digest of what is. */
static enum status produce_changelog(struct task *task, uint8_t digest_out[DIGEST_SIZE],
                                     struct error *error)
{
    struct member *member = task->member;
    const struct row *rows = NULL;
    const size_t count = state_dirty(task->state, &rows);
    digest_stream_clear(member->state_hash);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].key.data[0] == 't') {
            continue;
        }
        digest_stream_add(member->state_hash, rows[i].key);
        digest_stream_add(member->state_hash, rows[i].value);
        TRY(member_produce(member, task, member->changelog_name, task->partition,
                           task->working.clock_ms, rows[i].key, rows[i].value, error));
    }
    digest_stream_get(member->state_hash, digest_out);
    return STATUS_OK;
}

static void receipt_inputs(struct task *task, struct receipt *receipt,
                           uint8_t hashes[TASK_RUNS_MAX][DIGEST_SIZE])
{
    const struct topology *topology = task->member->topology;
    receipt->inputs_count = task->tally.run_count;
    for (uint32_t i = 0; i < task->tally.run_count; i++) {
        const struct input_run *run = &task->runs[i];
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

static const uint8_t *policy_hash(const struct task *task)
{
    static const uint8_t none[DIGEST_SIZE];
    const struct policies *policies = policy_feed_versions(task->member->policies);
    return policies->count == 0 ? none : policies_at(policies, task->working.clock_ms)->hash;
}

static enum status produce_receipt(struct task *task, const uint8_t state_digest[DIGEST_SIZE],
                                   struct error *error)
{
    struct member *member = task->member;
    uint8_t hashes[TASK_RUNS_MAX][DIGEST_SIZE];
    uint8_t outputs_hash[DIGEST_SIZE];
    uint8_t digest[DIGEST_SIZE];
    char event_id[DIGEST_SIZE + 2];
    char key[128];
    const int size = snprintf(key, sizeof(key), "%s:%d", member->topology->name, task->partition);
    uint8_t number[8];
    be64_put(number, (uint64_t)task->working.commit_seq);
    const struct bytes identity[] = {bytes_of(key, (size_t)size), bytes_of(number, sizeof(number))};
    digest_sha256(identity, COUNT_OF(identity), digest);
    hex_format(bytes_of(digest, DIGEST_SIZE / 2), event_id);
    memcpy(event_id + DIGEST_SIZE, ".0", 2);
    digest_stream_get(task->outputs_hash, outputs_hash);
    struct receipt *receipt = member->row;
    *receipt = (struct receipt){.event_id = bytes_of(event_id, sizeof(event_id)),
                                .occurred_at = task->working.clock_ms,
                                .commit_seq = task->working.commit_seq,
                                .transactional_id = bytes_text(member->transactional_id),
                                .rotated = member->rotated,
                                .changelog_next_offset = task->committed.changelog_next,
                                .stream_time = task->working.clock_ms,
                                .policy_hash = bytes_of(policy_hash(task), DIGEST_SIZE),
                                .state_digest = bytes_of(state_digest, DIGEST_SIZE),
                                .outputs_hash = bytes_of(outputs_hash, DIGEST_SIZE),
                                .prev_hash = bytes_of(task->committed.receipt_hash, DIGEST_SIZE),
                                .outputs = task->tally.outputs,
                                .decisions = task->tally.decisions,
                                .duplicates = task->tally.duplicates,
                                .dead_letters = task->tally.dead_letters,
                                .held = task->tally.held,
                                .build = bytes_text(SANCTIOND_BUILD)};
    receipt_inputs(task, receipt, hashes);
    if (PLANTED(RECEIPT_UNCHAINED)) {
        receipt->prev_hash = bytes_of(digest, DIGEST_SIZE);
    }
    if (PLANTED(RECEIPT_GAP) && receipt->inputs_count > 1) {
        receipt->inputs_count--;
    }
    buffer_clear(&member->buffer);
    codec_encode(member->codec, &record_receipt, receipt, &member->buffer);
    const struct bytes value = buffer_bytes(&member->buffer);
    digest_sha256(&value, 1, task->working.receipt_hash);
    char name[512];
    snprintf(name, sizeof(name), "%sreceipts", member->config->topics_prefix);
    return member_produce(member, task, name, task->partition, task->working.clock_ms,
                          bytes_of(key, (size_t)size), value, error);
}

enum status task_prepare(struct task *task, struct error *error)
{
    struct member *member = task->member;
    ASSERT(task->dirty);
    task->working.commit_seq = task->committed.commit_seq + 1;
    uint8_t state_digest[DIGEST_SIZE];
    TRY(produce_changelog(task, state_digest, error));
    TRY(produce_receipt(task, state_digest, error));
    if (PLANTED(APPLY_BEFORE_COMMIT)) {
        buffer_clear(&member->buffer);
        task_meta_encode(task, &task->working, &member->buffer);
        state_commit(task->state, buffer_bytes(&member->buffer), clock_monotonic_ms());
    }
    buffer_clear(&member->buffer);
    task_meta_encode(task, &task->working, &member->buffer);
    return member_produce(member, task, member->changelog_name, task->partition,
                          task->working.clock_ms, bytes_text(STATE_META_KEY),
                          buffer_bytes(&member->buffer), error);
}

void task_apply(struct task *task, int64_t now_monotonic_ms)
{
    struct member *member = task->member;
    ASSERT(task->dirty);
    ASSERT(task->working.commit_seq == task->committed.commit_seq + 1);
    task->committed = task->working;
    buffer_clear(&member->buffer);
    task_meta_encode(task, &task->committed, &member->buffer);
    state_commit(task->state, buffer_bytes(&member->buffer), now_monotonic_ms);
    task->committed_at_ms = now_monotonic_ms;
    task->dirty = false;
}

void task_drop(struct task *task)
{
    if (!PLANTED(OVERLAY_KEPT)) {
        state_abort(task->state);
    }
    if (!PLANTED(TIMERS_KEPT)) {
        timers_forget(task->timers);
    }
    const struct task_head dropped = task->working;
    task->working = task->committed;
    if (PLANTED(AUDIT_HEAD_KEPT)) {
        memcpy(task->working.audit_hash, dropped.audit_hash, DIGEST_SIZE);
    }
    task->dirty = false;
}
