/* A step: what a topology does with a record of one key. A const table of functions, pure but for the
 * calls of `struct step_io`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_STEP_H
#define TOPOLOGY_STEP_H

#include "base/arena.h"
#include "base/status.h"
#include "notice/catalogue.h"
#include "policy/judge.h"
#include "schema/codec.h"

/* The rows and outputs of the task, as the engine hands them to a step. */
struct step_io {
    /* The row of a key; value_out->data NULL: absent. Borrowed until the next call. */
    enum status (*get)(void *context, struct bytes key, struct bytes *value_out,
                       struct error *error);
    void (*put)(void *context, struct bytes key, struct bytes value);
    void (*remove)(void *context, struct bytes key);
    /* The time at which `key` needs step->timer(); TIME_NEVER_MS: never. `before` is what it was. */
    void (*timer)(void *context, struct bytes key, int64_t before_ms, int64_t due_ms);
    /* An output record, keyed by its subject; `tombstone`: a null value under that key. */
    void (*emit)(void *context, const struct record_type *type, const void *record,
                 bool tombstone);
    /* A decision: the engine adds chain, key and cipher and writes the Audit record. One with
     * AUDIT_ACTION_ERASE is the subject's last under its key, which the engine then destroys. */
    void (*decide)(void *context, const struct audit *audit, const struct audit_payload *payload);
};

/* One call of a step. */
struct step_call {
    const struct step_io *io;
    void *io_context; /* first argument of its functions */
    struct bytes key; /* Kafka key, "kind:id" */
    const struct policies *policies;
    const struct catalogue *catalogue;
    const struct trigger *trigger;
    struct breaker *breaker;
    struct arena *arena;
    int64_t now_ms;
    int64_t decided_ms;
};

enum step_result {
    STEP_DONE,
    STEP_DUPLICATE,
    STEP_REFUSED, /* *reason_out is the dead letter's */
};

struct codec;
struct step {
    const char *name;
    const struct record_type *state; /* of the rows */
    bool keyed_by_addressee;         /* else by subject */
    /* Scratch memory of one task; `codec` encodes the rows. */
    void *(*open)(const struct codec *codec);
    void (*close)(void *scratch);
    enum status (*record)(void *scratch, const struct step_call *call,
                          const struct record_type *type, const void *record,
                          enum step_result *result_out, enum dead_reason *reason_out,
                          struct error *error);
    /* When the timer of a restored row is due; TIME_NEVER_MS: it has none. STATUS_FATAL: corrupt row. */
    enum status (*due)(void *scratch, const struct policies *policies, struct bytes row,
                       int64_t *due_out, struct error *error);
    /* Fires the timer of call->key at call->decided_ms; it is not set any more. NULL: the step has no
     * timers. */
    enum status (*timer)(void *scratch, const struct step_call *call, struct error *error);
};

extern const struct step step_sanctions;
extern const struct step step_notices;

/* Splits a key "KIND:id" whose form was checked; the id is borrowed from it. */
void step_subject(struct bytes key, enum subject_kind *kind_out, struct bytes *id_out);

/* STATUS_FATAL: a row of the state that cannot be read, with what to do. */
enum status step_row_failed(enum decode_result result, struct error *error);

/* NULL if there is no such step. */
const struct step *step_find(struct bytes name);

#endif
