/* One task: one partition number of a topology, all its sources, one state.
 *
 * What a commit makes durable is a `struct task_head`, kept three times: as of the last commit, as of the
 * transaction that is being committed and as of the batch that is judged meanwhile, so that an abort is an
 * assignment.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_TASK_H
#define ENGINE_TASK_H

#include "base/digest.h"
#include "engine/crash.h"
#include "engine/timers.h"
#include "policy/breaker.h"
#include "stream/stream.h"
#include "topology/topology.h"

struct flight;
struct member;

struct task_head {
    int64_t commit_seq;
    int64_t changelog_next; /* offset after the last changelog record of the commit */
    int64_t clock_ms;       /* stream time; never goes back */
    int64_t next_offset[TOPOLOGY_SOURCES_MAX];
    uint8_t receipt_hash[DIGEST_SIZE];
    uint8_t audit_hash[DIGEST_SIZE];
    int64_t wall_ms; /* when the meta it was read from was written; else 0 */
    struct breaker breaker;
};

/* Records read and not yet judged, in offset order. */
struct record_queue {
    struct stream_record *records;
    size_t first;
    size_t count;
    size_t capacity; /* power of two */
};

/* A run of inputs of one source, for the receipt. */
struct input_run {
    uint32_t source;
    int64_t first_offset;
    int64_t last_offset;
    int64_t count;
    struct digest_stream *bytes_hash;
};
#define TASK_RUNS_MAX 16 /* InputRange of Receipt */

/* What a transaction did, for its receipt. */
struct task_tally {
    uint32_t run_count;
    int64_t outputs;
    int64_t decisions;
    int64_t duplicates;
    int64_t dead_letters;
    int64_t held;
};

/* What the inputs of one transaction made of a task. */
struct task_work {
    bool dirty; /* the transaction includes this task */
    struct task_head head;
    struct task_tally tally;
    struct input_run runs[TASK_RUNS_MAX]; /* [0, tally.run_count) in use; the hashes are kept */
    struct digest_stream *outputs_hash;
    /* As it was sealed: */
    const struct row *rows; /* of the state */
    size_t row_count;
    uint32_t barrier;
    uint8_t policy_hash[DIGEST_SIZE];
};

struct task {
    struct member *member;
    int32_t partition;
    struct state *state;
    struct timers *timers;
    void *scratch; /* of the step */
    struct crash_watch *crash; /* NULL: the state is in memory */
    struct task_head committed;
    struct task_work works[2];
    struct task_work *work;   /* of the batch being judged; its head goes on from the one below */
    struct task_work *sealed; /* of the transaction being committed; of the flight while it lasts */
    struct record_queue queues[TOPOLOGY_SOURCES_MAX];
    uint32_t queued; /* bit s: queues[s] is not empty */
    int64_t committed_at_ms; /* monotonic time of the last commit */
    int64_t active_at_ms;    /* monotonic time of the last input */
    uint32_t barrier;        /* of the record in hand */
    enum status emit_status; /* of the outputs of the step's call in hand */
    struct error emit_error;
};

/* From now on the task judges; its state is at its committed position (restore.h brings it there). */
void task_begin(struct task *task);
/* Drops queues and overlay; `clean`: nothing is uncommitted, write a last checkpoint first. */
MUST_CHECK enum status task_close(struct task *task, bool clean, struct error *error);

/* Judges the first record of a source's queue, after the timers due by its time, and takes it out. Where
 * very many timers are due it fires some and leaves the record: call again, a commit may come in between. */
MUST_CHECK enum status task_judge(struct task *task, uint32_t source, struct error *error);
/* Fires the timer that timers_first() gave, if it is still set. */
MUST_CHECK enum status task_fire(struct task *task, const struct timer *timer,
                                 struct error *error);

/* The source whose next record comes first by (barrier, timestamp, rank); false: all queues are empty. */
bool task_head_source(const struct task *task, uint32_t *source_out);
const struct stream_record *queue_first(const struct record_queue *queue);
/* Takes the record, at the end of its source's queue. */
void task_queue(struct task *task, const struct stream_record *record);
/* Releases all records. */
void task_drop_queues(struct task *task);

/* The time a record counts as for order: its timestamp, 0 if it is out of bounds. */
int64_t record_time(const struct stream_record *record);

/* Subject kind (as its symbol) and id of a keyed record. */
void record_subject(const struct record_type *type, const void *record, struct bytes *kind_out,
                    struct bytes *id_out);

/* Advances stream time; never back. */
static inline void task_clock(struct task *task, int64_t time_ms)
{
    task->work->head.clock_ms = task->work->head.clock_ms > time_ms ? task->work->head.clock_ms : time_ms;
}

/* The calls that a step gets; their context is the task. */
extern const struct step_io task_io;

/* Writes a dead letter for a record of this task. */
void task_dead_letter(struct task *task, const struct stream_record *record,
                      enum dead_reason reason);

/* TaskMeta of a head, encoded into `out`; `row` is scratch of codec_record_size(). */
void task_meta_encode(const struct task *task, const struct task_head *head, void *row,
                      struct buffer *out);
/* Fills `head_out` from an encoded TaskMeta and checks that it is this task's. */
MUST_CHECK enum status task_meta_decode(const struct task *task, struct bytes meta,
                                        struct task_head *head_out, struct error *error);

/* Marks the task as part of the batch, which begins if it is empty. */
void task_touch(struct task *task);

/* What the batch did to the task is to be committed; what comes now is of the next one. */
void task_seal(struct task *task);
/* Produces changelog, meta and receipt of the sealed work. By the flight. */
MUST_CHECK enum status task_prepare(struct task *task, struct flight *flight, struct error *error);
/* Text of the offsets' metadata after flush; `driver`: with every source's offset. */
void task_metadata(const struct task *task, bool driver, char text_out[STREAM_METADATA_MAX]);
/* The sealed work is known to be committed. */
void task_apply(struct task *task, int64_t now_monotonic_ms);
/* Known not to be, and with it goes the batch made over it. */
void task_drop(struct task *task);

/* What stands in a source's committed metadata: "v1 seq=<n> next=<n> id=<text> [src=<n>,<n>,...]". */
struct task_mark {
    int64_t commit_seq;
    int64_t changelog_next;
    uint32_t source_count; /* 0: not the driver's */
    int64_t source_offset[TOPOLOGY_SOURCES_MAX];
};
bool task_mark_parse(const char *text, struct task_mark *mark_out);

#endif
