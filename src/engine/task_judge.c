/* From a record to a judgement: the checks of bad input, the clock, timers, the step.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/member.h"

#include "base/assert.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/log.h"
#include "schema/check.h"

#include <stdlib.h>

int64_t record_time(const struct stream_record *record)
{
    return record->timestamp_ms >= TIME_MIN_MS && record->timestamp_ms < TIME_MAX_MS
               ? record->timestamp_ms
               : 0;
}

const struct stream_record *queue_first(const struct record_queue *queue)
{
    return queue->count == 0 ? NULL : &queue->records[queue->first & (queue->capacity - 1)];
}

static void queue_grow(struct record_queue *queue)
{
    const size_t capacity = queue->capacity == 0 ? 64 : 2 * queue->capacity;
    struct stream_record *records = memory_get(capacity * sizeof(*records));
    for (size_t i = 0; i < queue->count; i++) {
        records[i] = queue->records[(queue->first + i) & (queue->capacity - 1)];
    }
    free(queue->records);
    queue->records = records;
    queue->capacity = capacity;
    queue->first = 0;
}

void task_queue(struct task *task, const struct stream_record *record)
{
    struct record_queue *queue = &task->queues[record->source];
    if (queue->count == queue->capacity) {
        queue_grow(queue);
    }
    queue->records[(queue->first + queue->count) & (queue->capacity - 1)] = *record;
    queue->count++;
    task->queued |= UINT32_C(1) << record->source;
}

static void queue_pop(struct task *task, uint32_t source)
{
    struct record_queue *queue = &task->queues[source];
    struct stream *stream = task->member->stream;
    struct stream_record record = *queue_first(queue);
    queue->first++;
    queue->count--;
    if (queue->count == 0) {
        task->queued &= ~(UINT32_C(1) << source);
    }
    stream->ops->release(stream, &record);
}

void task_drop_queues(struct task *task)
{
    while (task->queued != 0) {
        queue_pop(task, (uint32_t)__builtin_ctz(task->queued));
    }
}

_Static_assert(TOPOLOGY_SOURCES_MAX <= 32, "a bit a source");

bool task_head_source(const struct task *task, uint32_t *source_out)
{
    const struct stream_record *best = NULL;
    for (uint32_t left = task->queued; left != 0; left &= left - 1) {
        const uint32_t source = (uint32_t)__builtin_ctz(left);
        const struct stream_record *record = queue_first(&task->queues[source]);
        if (best == NULL || record->barrier < best->barrier ||
            (record->barrier == best->barrier && record_time(record) < record_time(best))) {
            best = record;
            *source_out = source;
        }
    }
    return best != NULL;
}

/* One run a source and transaction: inside a transaction sources are merged by time and rank. */
static void tally_input(struct task *task, const struct stream_record *record)
{
    struct task_tally *tally = &task->work->tally;
    struct input_run *run = NULL;
    for (uint32_t i = 0; i < tally->run_count && run == NULL; i++) {
        run = task->work->runs[i].source == record->source ? &task->work->runs[i] : NULL;
    }
    if (run == NULL) {
        ASSERT(tally->run_count < TASK_RUNS_MAX);
        run = &task->work->runs[tally->run_count++];
        run->source = record->source;
        run->first_offset = record->offset;
        run->count = 0;
        digest_stream_clear(run->bytes_hash);
    }
    run->last_offset = record->offset;
    run->count++;
    digest_stream_add(run->bytes_hash, record->key);
    digest_stream_add(run->bytes_hash, record->value);
}

struct verdict_on_input {
    bool good;
    enum dead_reason reason;
    bool timed; /* its timestamp may move the clock */
    const struct record_type *type;
};

static struct verdict_on_input bad(enum dead_reason reason, bool timed)
{
    return (struct verdict_on_input){.good = false, .reason = reason, .timed = timed};
}

/* Most records are older than the clock when it was last asked, and need not ask again. */
static bool timestamp_in_bounds(const struct task *task, const struct stream_record *record)
{
    struct member *member = task->member;
    if (record_time(record) == 0) {
        return false;
    }
    const int64_t ahead_ms = member->config->time_max_ahead_ms;
    if (member->options->causal || /* a closed input is as good on another day */
        record->timestamp_ms <= member->wall_ms + ahead_ms) {
        return true;
    }
    member->wall_ms = clock_wall_ms();
    return record->timestamp_ms <= member->wall_ms + ahead_ms;
}

static bool source_reads(const struct topology_source *source, const struct record_type *type)
{
    for (uint32_t i = 0; i < source->record_count; i++) {
        if (source->records[i] == type) {
            return true;
        }
    }
    return false;
}

/* Every keyed record begins with event_id, occurred_at, subject_kind, subject_id (domain.md G, H). */
void record_subject(const struct record_type *type, const void *record, struct bytes *kind_out,
                    struct bytes *id_out)
{
    const struct field_type *kind = &type->fields[2];
    const struct field_type *id = &type->fields[3];
    ASSERT(kind->enumeration == &enum_subject_kind && id->kind == FIELD_STRING);
    int32_t symbol = 0;
    memcpy(&symbol, (const uint8_t *)record + kind->offset, sizeof(symbol));
    *kind_out = bytes_text(enum_symbol(&enum_subject_kind, symbol));
    memcpy(id_out, (const uint8_t *)record + id->offset, sizeof(*id_out));
}

static bool key_fits(const struct record_type *type, const void *record, struct bytes key)
{
    struct bytes kind = {0};
    struct bytes id = {0};
    record_subject(type, record, &kind, &id);
    return key.size == kind.size + 1 + id.size && memcmp(key.data, kind.data, kind.size) == 0 &&
           key.data[kind.size] == ':' && memcmp(key.data + kind.size + 1, id.data, id.size) == 0;
}

/* Through an input topic comes a tick and nothing else: no writer but the engine speaks for a subject. */
static bool signal_fits(const struct member *member, const struct stream_record *record,
                        const struct record_type *type)
{
    const struct topic *topic = member->topology->sources[record->source].topic;
    const struct signal *signal = member->record;
    return type != &record_signal || topic->role != TOPIC_INPUT ||
           signal->kind == SIGNAL_KIND_TICK;
}

static uint64_t crash_topic_of(const struct task *task, const struct stream_record *record)
{
    return task->member->crash_topics[record->source];
}

/* From here on a crash counts as the record's, not as that of a timer that is due before it. */
static void hold(const struct task *task, const struct stream_record *record)
{
    crash_enter(task->crash, crash_topic_of(task, record), record->offset);
}

/* All that can be wrong with a record before it is judged. Fills member->record if it is good. */
static struct verdict_on_input inspect(const struct task *task, const struct stream_record *record)
{
    const struct member *member = task->member;
    if (crash_is_quarantined(task->crash, crash_topic_of(task, record), record->offset)) {
        return bad(DEAD_REASON_CRASH_QUARANTINE, timestamp_in_bounds(task, record));
    }
    if (!timestamp_in_bounds(task, record)) {
        return bad(DEAD_REASON_TIMESTAMP_OUT_OF_BOUNDS, false);
    }
    if (record->value.size > (size_t)member->config->record_bytes_max) {
        return bad(DEAD_REASON_TOO_LARGE, true);
    }
    if (record->key.data == NULL) {
        return bad(DEAD_REASON_NULL_KEY, true);
    }
    if (record->value.data == NULL) {
        return bad(DEAD_REASON_UNDECODABLE, true);
    }
    if (stream_partition(record->key, member->partition_count) != record->partition) {
        return bad(DEAD_REASON_WRONG_PARTITION, true);
    }
    const struct record_type *type = NULL;
    switch (codec_decode(member->codec, record->value, &type, member->record)) {
    case DECODE_OK:
        break;
    case DECODE_UNDECODABLE:
        return bad(DEAD_REASON_UNDECODABLE, true);
    case DECODE_UNKNOWN_SCHEMA:
        return bad(DEAD_REASON_UNKNOWN_SCHEMA, true);
    case DECODE_BAD_FIELD:
        return bad(DEAD_REASON_BAD_FIELD, true);
    case DECODE_TOO_LARGE:
        return bad(DEAD_REASON_TOO_LARGE, true);
    }
    if (!source_reads(&member->topology->sources[record->source], type)) {
        return bad(DEAD_REASON_UNKNOWN_SCHEMA, true);
    }
    if (check_record(type, member->record) != NULL) {
        return bad(DEAD_REASON_BAD_FIELD, true);
    }
    if (!signal_fits(member, record, type)) {
        return bad(DEAD_REASON_BAD_FIELD, true);
    }
    if (!key_fits(type, member->record, record->key)) {
        return bad(DEAD_REASON_KEY_MISMATCH, true);
    }
    return (struct verdict_on_input){.good = true, .timed = true, .type = type};
}

static struct step_call call_of(struct task *task, struct bytes key, const struct trigger *trigger,
                                int64_t decided_ms)
{
    const struct member *member = task->member;
    return (struct step_call){.io = &task_io,
                              .io_context = task,
                              .key = key,
                              .policies = policy_feed_versions(member->policies),
                              .catalogue = member->catalogue,
                              .trigger = trigger,
                              .breaker = &task->work->head.breaker,
                              .arena = &task->member->arena,
                              .now_ms = PLANTED(WALL_CLOCK) ? clock_wall_ms() : task->work->head.clock_ms,
                              .decided_ms = decided_ms};
}

/* A signal brings the time of its cause along; a tick only moves the clock. */
static enum status judge_decoded(struct task *task, const struct stream_record *record,
                                 const struct record_type *type, enum step_result *result_out,
                                 enum dead_reason *reason_out, struct error *error)
{
    struct member *member = task->member;
    const char *topic = member->topology->sources[record->source].topic->name;
    struct trigger trigger = {
        .topic = bytes_text(topic),
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms};
    int64_t decided_ms = task->work->head.clock_ms;
    if (type == &record_signal) {
        const struct signal *signal = member->record;
        if (signal->kind == SIGNAL_KIND_TICK) {
            *result_out = STEP_DONE;
            return STATUS_OK;
        }
        trigger.cause = signal->event_id;
        if (signal->decided_at.set && signal->decided_at.value < decided_ms) {
            decided_ms = signal->decided_at.value;
        }
    }
    const struct step_call call = call_of(task, record->key, &trigger, decided_ms);
    TRY(member->topology->step->record(task->scratch, &call, type, member->record, result_out,
                                       reason_out, error));
    if (task->emit_status != STATUS_OK) {
        *error = task->emit_error;
    }
    return task->emit_status;
}

/* Timers that fire at most before a caller may commit: a long pause may leave millions due at once. */
enum { TIMERS_MAX = 256 };

/* Fires what is due before the record; timers come before a record of the same time (I.1). *more_out: some
 * are left. */
static enum status fire_before(struct task *task, const struct stream_record *record,
                               bool *more_out, struct error *error)
{
    const int64_t until_ms = record->timestamp_ms > task->work->head.clock_ms
                                 ? record->timestamp_ms
                                 : task->work->head.clock_ms;
    *more_out = false;
    if (task->member->topology->step->timer == NULL) {
        return STATUS_OK;
    }
    for (size_t fired = 0;; fired++) {
        struct timer timer = {0};
        bool found = false;
        TRY(timers_first(task->timers, &timer, &found, error));
        if (!found || timer.due_ms > until_ms) {
            return STATUS_OK;
        }
        if (fired == TIMERS_MAX) {
            *more_out = true;
            return STATUS_OK;
        }
        TRY(task_fire(task, &timer, error));
    }
}

/* What an assertion that fails from now on is about. */
static void context_set(const struct task *task, const struct stream_record *record)
{
    assert_context_set(task->member->topology->sources[record->source].topic->name,
                       record->partition, (long long)record->offset);
}

static enum status judge_record_in_hand(struct task *task, const struct stream_record *record,
                                        const struct verdict_on_input *input, struct error *error)
{
    struct member *member = task->member;
    if (!input->good) {
        const bool crashed = input->reason == DEAD_REASON_CRASH_QUARANTINE;
        if ((member->topology->sources[record->source].told_elsewhere && !crashed) ||
            PLANTED(DEAD_LETTER_DROPPED)) {
            task->work->tally.dead_letters++;
            return STATUS_OK;
        }
        if (crashed) {
            log_line(LOG_ALARM, "crash_quarantine",
                     "topology=%s topic=%s partition=%d offset=%lld crashes=%d",
                     member->topology->name, member->source_names[record->source],
                     record->partition, (long long)record->offset, CRASHES_MAX);
        }
        task_dead_letter(task, record, input->reason);
        return STATUS_OK;
    }
    arena_clear(&member->arena);
    enum step_result result = STEP_DONE;
    enum dead_reason reason = DEAD_REASON_BAD_FIELD;
    TRY(judge_decoded(task, record, input->type, &result, &reason, error));
    switch (result) {
    case STEP_DONE:
        break;
    case STEP_DUPLICATE:
        task->work->tally.duplicates++;
        break;
    case STEP_REFUSED:
        task_dead_letter(task, record, reason);
        break;
    }
    return STATUS_OK;
}

enum status task_judge(struct task *task, uint32_t source, struct error *error)
{
    struct member *member = task->member;
    const struct stream_record *record = queue_first(&task->queues[source]);
    ASSERT(record != NULL);
    ASSERT(record->offset >= task->work->head.next_offset[source]);
    context_set(task, record);
    task_touch(task);
    task->barrier = record->barrier;
    hold(task, record);
    const struct verdict_on_input input = inspect(task, record);
    crash_leave(task->crash);
    if (input.timed) {
        bool more = false;
        if (!PLANTED(TIMER_LATE)) {
            TRY(fire_before(task, record, &more, error));
        }
        if (more) {
            return STATUS_OK;
        }
        task_clock(task, record->timestamp_ms);
        context_set(task, record);
    }
    tally_input(task, record);
    task->emit_status = STATUS_OK;
    hold(task, record);
    TRY(judge_record_in_hand(task, record, &input, error));
    crash_leave(task->crash);
    if (PLANTED(TIMER_LATE) && input.timed) {
        bool more = false;
        TRY(fire_before(task, record, &more, error));
    }
    task->work->head.next_offset[source] = record->offset + 1;
    member->batch.inputs++;
    member->records++;
    queue_pop(task, source);
    assert_context_set(NULL, 0, 0);
    return STATUS_OK;
}

enum status task_fire(struct task *task, const struct timer *timer, struct error *error)
{
    struct member *member = task->member;
    const int64_t due_ms = timer->due_ms;
    bool set = false;
    TRY(timers_check(task->timers, timer, &set, error));
    if (!set) {
        return STATUS_OK;
    }
    task_touch(task);
    arena_clear(&member->arena);
    const struct bytes key = arena_copy(&member->arena, timer->key);
    timers_take(task->timers, timer);
    const struct trigger trigger = {
        .topic = bytes_text("timer"), .partition = task->partition, .offset = due_ms};
    assert_context_set("timer", task->partition, (long long)due_ms);
    task_clock(task, due_ms);
    task->emit_status = STATUS_OK;
    const struct step_call call = call_of(task, key, &trigger, due_ms);
    TRY(member->topology->step->timer(task->scratch, &call, error));
    assert_context_set(NULL, 0, 0);
    if (task->emit_status != STATUS_OK) {
        *error = task->emit_error;
    }
    return task->emit_status;
}
