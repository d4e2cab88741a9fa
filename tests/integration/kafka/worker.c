/* A small engine over one stream.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "broker.h"

#define PATIENCE_MS 180000

static void partition_open(struct worker *worker, int32_t partition);
static void record_take(struct worker *worker, struct stream_record *record);
static void batch_rewind(struct worker *worker);
static void batch_resolve(struct worker *worker);
static void rotate(struct worker *worker);
static void committed_get(struct worker *worker, int32_t partition, struct stream_committed out[2]);

void worker_open(struct worker *worker, struct cluster *cluster,
                 const struct worker_options *options)
{
    *worker = (struct worker){.options = *options, .cluster = cluster};
    const struct stream_options stream_options = {.group = options->group,
                                                  .transactional_id = options->transactional_id,
                                                  .instance_id = options->instance_id,
                                                  .sources = options->sources,
                                                  .source_count = 2};
    struct error error = {0};
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY && clock_monotonic_ms() < end_ms) {
        status = cluster->ops->stream_open(cluster, &stream_options, &worker->stream, &error);
    }
    SUCCEED(status, error);
}

bool worker_turn(struct worker *worker, int timeout_ms)
{
    enum stream_event event = STREAM_NOTHING;
    struct stream_record record;
    int32_t partition = -1;
    struct error error = {0};
    struct stream *stream = worker->stream;
    SUCCEED(stream->ops->poll(stream, timeout_ms, &event, &record, &partition, &error), error);
    switch (event) {
    case STREAM_NOTHING:
        if (!worker->options.manual) {
            worker_commit(worker);
        }
        return false;
    case STREAM_RECORD:
        record_take(worker, &record);
        return true;
    case STREAM_ASSIGN:
        partition_open(worker, partition);
        return true;
    case STREAM_REVOKE:
        worker_commit(worker);
        break;
    case STREAM_LOST:
        /* The transaction covers the other partitions too. */
        worker->lost++;
        worker->owned[partition] = false;
        if (worker->batch_size > 0) {
            stream->ops->abort(stream, &error);
            batch_rewind(worker);
        }
        break;
    }
    worker->owned[partition] = false;
    SUCCEED(stream->ops->unassign(stream, partition, &error), error);
    return true;
}

bool worker_commit(struct worker *worker)
{
    if (worker->batch_size == 0 || worker->fenced) {
        return !worker->fenced;
    }
    struct stream_position positions[2 * WORKER_PARTITIONS_MAX];
    char metadata[2 * WORKER_PARTITIONS_MAX][32];
    size_t count = 0;
    for (int32_t p = 0; p < WORKER_PARTITIONS_MAX; p++) {
        for (uint32_t s = 0; s < 2 && worker->owned[p]; s++) {
            snprintf(metadata[count], sizeof(metadata[count]), "seq=%d", worker->batch_count);
            positions[count] = (struct stream_position){.source = s,
                                                        .partition = p,
                                                        .next_offset = worker->next[p][s],
                                                        .metadata = metadata[count]};
            count++;
        }
    }
    struct error error = {0};
    struct stream *stream = worker->stream;
    enum commit_outcome outcome = COMMIT_ABORTED;
    if (stream->ops->flush(stream, &error) != STATUS_OK) {
        outcome = stream->ops->abort(stream, &error);
    } else {
        if (++worker->batch_count == worker->options.kill_batch) {
            kill(getpid(), SIGKILL);
        }
        outcome = stream->ops->commit(stream, positions, count, &error);
    }

    if (outcome != COMMIT_DONE) {
        fprintf(stderr, "    outcome %d: %s\n", (int)outcome, error.text);
    }
    switch (outcome) {
    case COMMIT_DONE:
        memcpy(worker->committed, worker->next, sizeof(worker->next));
        worker->total += (size_t)worker->batch_size;
        break;
    case COMMIT_ABORTED:
        worker->aborted++;
        batch_rewind(worker);
        break;
    case COMMIT_UNKNOWN:
        worker->unknown++;
        batch_resolve(worker);
        break;
    case COMMIT_FENCED:
        worker->fenced = true;
        break;
    }
    worker->batch_size = 0;
    return !worker->fenced;
}

void worker_run(struct worker *worker, int idle_ms)
{
    int64_t last_ms = clock_monotonic_ms();
    while (clock_monotonic_ms() - last_ms < idle_ms && !worker->fenced && !worker->stuck) {
        if (worker_turn(worker, 50)) {
            last_ms = clock_monotonic_ms();
        }
    }
}

int worker_owned_count(const struct worker *worker)
{
    int count = 0;
    for (int p = 0; p < WORKER_PARTITIONS_MAX; p++) {
        count += worker->owned[p];
    }
    return count;
}

void worker_close(struct worker *worker)
{
    worker->stream->ops->close(worker->stream);
}

static void partition_open(struct worker *worker, int32_t partition)
{
    struct stream_committed committed[2];
    committed_get(worker, partition, committed);
    for (int s = 0; s < 2; s++) {
        worker->committed[partition][s] = committed[s].set ? committed[s].offset : 0;
        worker->next[partition][s] = worker->committed[partition][s];
    }
    worker->owned[partition] = true;
    struct error error = {0};
    SUCCEED(worker->stream->ops->assign(worker->stream, partition, worker->committed[partition],
                                        &error),
            error);
}

static void record_take(struct worker *worker, struct stream_record *record)
{
    struct stream *stream = worker->stream;
    assert_true(worker->owned[record->partition]);
    assert_true(record->offset >= worker->next[record->partition][record->source]);
    if (worker->batch_size == 0) {
        rotate(worker);
        if (worker->stuck) {
            stream->ops->release(stream, record);
            return;
        }
        struct error error = {0};
        SUCCEED(stream->ops->begin(stream, &error), error);
    }
    worker->next[record->partition][record->source] = record->offset + 1;
    worker->batch_size++;
    const struct stream_output output = {.topic = worker->options.output,
                                         .partition = record->partition,
                                         .timestamp_ms = record->timestamp_ms,
                                         .key = record->key,
                                         .value = record->value};
    struct error error = {0};
    const enum status status = stream->ops->produce(stream, &output, &error);
    stream->ops->release(stream, record);
    if (status == STATUS_ABORT) {
        worker->aborted++;
        worker->fenced = stream->ops->abort(stream, &error) == COMMIT_FENCED;
        batch_rewind(worker);
        return;
    }
    SUCCEED(status, error);
    if (worker->batch_size >= worker->options.batch_max && !worker->options.manual) {
        worker_commit(worker);
    }
}

/* An abort does not rewind the consumer. */
static void batch_rewind(struct worker *worker)
{
    worker->batch_size = 0;
    memcpy(worker->next, worker->committed, sizeof(worker->next));
    for (int32_t p = 0; p < WORKER_PARTITIONS_MAX; p++) {
        struct error error = {0};
        if (worker->owned[p]) {
            SUCCEED(worker->stream->ops->seek(worker->stream, p, worker->committed[p], &error),
                    error);
        }
    }
}

/* All partitions of the transaction must tell the same. */
static void batch_resolve(struct worker *worker)
{
    rotate(worker);
    if (worker->stuck) {
        return;
    }
    int applied = 0;
    int dropped = 0;
    for (int32_t p = 0; p < WORKER_PARTITIONS_MAX; p++) {
        if (!worker->owned[p] ||
            memcmp(worker->next[p], worker->committed[p], sizeof(worker->next[p])) == 0) {
            continue;
        }
        struct stream_committed committed[2];
        committed_get(worker, p, committed);
        const int64_t offsets[2] = {committed[0].set ? committed[0].offset : 0,
                                    committed[1].set ? committed[1].offset : 0};
        const bool is_new = memcmp(offsets, worker->next[p], sizeof(offsets)) == 0;
        assert_true(is_new || memcmp(offsets, worker->committed[p], sizeof(offsets)) == 0);
        applied += is_new;
        dropped += !is_new;
    }
    assert_true(applied == 0 || dropped == 0);
    if (dropped > 0) {
        batch_rewind(worker);
    } else {
        memcpy(worker->committed, worker->next, sizeof(worker->next));
        worker->total += (size_t)worker->batch_size;
    }
}

static void rotate(struct worker *worker)
{
    struct error error = {0};
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    while (worker->stream->ops->rotation_due(worker->stream) && !worker->stuck) {
        const enum status status = worker->stream->ops->rotate(worker->stream, &error);
        if (status == STATUS_FATAL && strstr(error.text, "lost its marker") != NULL) {
            fprintf(stderr, "    %s\n", error.text);
            worker->stuck = true;
        } else if (status == STATUS_FATAL || clock_monotonic_ms() > end_ms) {
            fail_msg("rotate: %s", error.text);
        }
    }
}

static void committed_get(struct worker *worker, int32_t partition, struct stream_committed out[2])
{
    struct error error = {0};
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY && clock_monotonic_ms() < end_ms) {
        status = worker->stream->ops->committed(worker->stream, partition, out, &error);
    }
    SUCCEED(status, error);
}
