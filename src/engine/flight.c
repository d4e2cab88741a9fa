/* One transaction from begin to commit (exactly-once.md 2).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/flight.h"

#include "base/assert.h"
#include "base/planted.h"
#include "engine/log.h"
#include "engine/member.h"

#include <stdlib.h>

void flight_init(struct flight *flight, struct member *member)
{
    *flight = (struct flight){.member = member,
                              .row = memory_get(codec_record_size(member->codec)),
                              .state_hash = digest_stream_new()};
}

void flight_release(struct flight *flight)
{
    outputs_release(&flight->outputs);
    buffer_release(&flight->buffer);
    digest_stream_free(flight->state_hash);
    free(flight->row);
    free(flight->tasks);
}

void flight_add(struct flight *flight, struct task *task)
{
    if (flight->task_count == flight->task_capacity) {
        flight->task_capacity = flight->task_capacity == 0 ? 16 : 2 * flight->task_capacity;
        flight->tasks =
            memory_resize(flight->tasks, flight->task_capacity * sizeof(struct task *));
    }
    flight->tasks[flight->task_count++] = task;
}

/* Everything but the commit itself; a failure that is not fatal is for the abort path. */
static enum status prepare(struct flight *flight, struct error *error)
{
    struct member *member = flight->member;
    struct stream *stream = member->stream;
    TRY(stream->ops->begin(stream, error));
    TRY(outputs_produce(&flight->outputs, stream, error));
    for (size_t i = 0; i < flight->task_count; i++) {
        TRY(task_prepare(flight->tasks[i], flight, error));
    }
    TRY(stream->ops->flush(stream, error));
    for (size_t i = 0; i < flight->task_count; i++) {
        struct task *task = flight->tasks[i];
        const int64_t next =
            stream->ops->produced_next(stream, member->changelog_name, task->partition);
        ASSERT(next > 0); /* the meta record is always there */
        if (next <= task->committed.changelog_next) {
            return error_set(error, STATUS_FATAL,
                             "changelog '%s' partition %d goes on at %lld, below %lld where the last "
                             "transaction ended: it was made anew; stop every worker and restore it",
                             member->changelog_name, task->partition, (long long)next,
                             (long long)task->committed.changelog_next);
        }
        task->sealed->head.changelog_next = next;
    }
    return STATUS_OK;
}

static enum commit_outcome send(struct flight *flight, struct error *error)
{
    struct member *member = flight->member;
    const uint32_t sources = member->topology->source_count;
    size_t count = 0;
    ASSERT(flight->task_count > 0);
    char(*texts)[STREAM_METADATA_MAX] = memory_get(2 * flight->task_count * sizeof(*texts));
    struct stream_position *positions =
        memory_get(flight->task_count * sources * sizeof(*positions));
    for (size_t i = 0; i < flight->task_count; i++) {
        const struct task *task = flight->tasks[i];
        task_metadata(task, true, texts[2 * i]);
        task_metadata(task, false, texts[2 * i + 1]);
        for (uint32_t source = 0; source < sources; source++) {
            if (PLANTED(OFFSETS_OF_ONE_TASK) && i > 0) {
                continue;
            }
            positions[count++] =
                (struct stream_position){.source = source,
                                         .partition = task->partition,
                                         .next_offset = task->sealed->head.next_offset[source],
                                         .metadata = texts[2 * i + (source == 0 ? 0 : 1)]};
            if (PLANTED(OFFSET_MINUS_ONE) && positions[count - 1].next_offset > 0) {
                positions[count - 1].next_offset--;
            }
            if (PLANTED(OFFSET_PLUS_ONE) && positions[count - 1].next_offset > 0) {
                positions[count - 1].next_offset++;
            }
        }
    }
    const enum commit_outcome outcome =
        member->stream->ops->commit(member->stream, positions, count, error);
    free(positions);
    free(texts);
    return outcome;
}

void flight_run(void *argument)
{
    struct flight *flight = argument;
    struct stream *stream = flight->member->stream;
    flight->error = (struct error){.status = STATUS_OK};
    flight->status = prepare(flight, &flight->error);
    if (flight->status == STATUS_OK) {
        flight->outcome = send(flight, &flight->error);
    } else if (flight->status != STATUS_FATAL) {
        log_line(LOG_WARNING, "transaction_failed", "topology=%s reason=\"%s\"",
                 flight->member->topology->name, flight->error.text);
        flight->error = (struct error){.status = STATUS_OK};
        flight->outcome = stream->ops->abort(stream, &flight->error);
        flight->status = STATUS_OK;
    }
}
