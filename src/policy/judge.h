/* Judging one event of a subject: the whole of the domain's rules behind four functions.
 *
 * A subject's facts are a `struct subject_state` (schemas/state/SubjectState.avsc). Judging changes
 * the facts, derives the new standing and emits the difference as complete output records. All that
 * is emitted is a pure function of (policies, facts, event, trigger, now): replay gives the same
 * bytes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_JUDGE_H
#define POLICY_JUDGE_H

#include "base/arena.h"
#include "policy/breaker.h"
#include "policy/policy.h"

/* The record (or timer) that causes a judgement. Decision and case ids are SHA-256 over (hash of
 * the policy version that decides, subject key, topic, partition, offset, sequence), first 16 bytes
 * in hex. A timer is topic "timer", partition of the task, offset = its due time. A signal is named
 * by its event id instead of its position, which depends on how transactions fell: `cause` is that
 * id, and it takes the place of partition and offset in the hash. */
struct trigger {
    struct bytes topic; /* logical name */
    int32_t partition;
    int64_t offset;
    struct bytes cause; /* data NULL: by position */
    int64_t
        timestamp_ms; /* the record's own (act_at must not be later); 0: the clock stands for it */
};

/* Where outputs go. `record` is a generated struct of `type` and borrowed for the call. */
struct outbox {
    /* Every record but Audit. */
    void (*emit)(struct outbox *outbox, const struct record_type *type, const void *record);
    /* One decision: the clear part (chain, dek_id and payload are filled in by the receiver) and
     * the payload (salt is filled in by the receiver). Comes before the records of the decision. */
    void (*decide)(struct outbox *outbox, const struct audit *audit,
                   const struct audit_payload *payload);
};

/* Everything a judgement may look at besides the event. */
struct court {
    const struct policies *policies;
    const struct trigger *trigger;
    int64_t now_ms;     /* the task's clock */
    int64_t decided_ms; /* time of the facts made: now, a timer's due time, a signal's decided_at */
    struct breaker *breaker;
    struct outbox *outbox;
    struct arena *arena; /* strings made on the way live here until the state is encoded */
    struct subject_state *scratch; /* room for a shadow judgement; NULL: none is made */
};

enum judge_result {
    JUDGE_DONE,      /* facts may have changed: encode them */
    JUDGE_DUPLICATE, /* this event id was judged before: nothing changed, count it (I.4) */
    JUDGE_REFUSED,   /* bad input: dead letter with *reason_out, nothing changed */
};

/* A new subject's facts. Unlike zeroing the struct it does not touch the items of its lists. */
void judge_init(struct subject_state *facts, enum subject_kind kind, struct bytes id);

/* Judges one record of the subject `facts` belongs to; `type` is the record's type (record_report,
 * record_verdict, record_signal, ...), `facts` is as judge_init() leaves it (or zeroed
 * with kind and id filled) for a new subject. */
enum judge_result judge_record(struct court *court, struct subject_state *facts,
                               const struct record_type *type, const void *record,
                               enum dead_reason *reason_out);

/* Fires what is due at court->decided_ms (= the due time of the timer): one call per due time. */
void judge_timer(struct court *court, struct subject_state *facts);

/* When the subject next needs judge_timer(); TIME_NEVER_MS: never. */
int64_t judge_next_timer(const struct policies *policies, const struct subject_state *facts);

/* Nothing is left that a later judgement could need: the row is deleted. */
bool judge_is_empty(const struct subject_state *facts);

#endif
