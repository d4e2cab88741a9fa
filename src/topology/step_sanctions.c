/* The sanctions step: loads a subject's facts, has them judged, stores them again.
 *
 * A subject's row is "s" + Kafka key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "schema/codec.h"
#include "topology/step.h"

#include <stdlib.h>

struct scratch {
    struct outbox outbox; /* first: the judge's way back to us */
    const struct codec *codec;
    const struct step_call *call;
    struct subject_state facts;
    struct subject_state shadow; /* untouched, so not in memory, unless there is a shadow version */
    struct buffer row;
    struct buffer key;
};

static void on_emit(struct outbox *outbox, const struct record_type *type, const void *record)
{
    const struct scratch *scratch = (const struct scratch *)outbox;
    bool tombstone = false;
    if (type == &record_standing) { /* I.17: nothing left is a null value */
        const struct standing *standing = record;
        tombstone = standing->restrictions_count == 0 &&
                    standing->reporter_class == REPORTER_CLASS_NORMAL &&
                    (standing->account_state == ACCOUNT_STATE_ACTIVE ||
                     standing->account_state == ACCOUNT_STATE_REJOINED ||
                     standing->account_state == ACCOUNT_STATE_WITHDRAWN);
    } else if (type == &record_peer_display) { /* of an erased user (judge: emit_peer_tombstone) */
        const struct peer_display *display = record;
        tombstone = display->decision_id.data == NULL;
    }
    scratch->call->io->emit(scratch->call->io_context, type, record, tombstone);
}

static void on_decide(struct outbox *outbox, const struct audit *audit,
                      const struct audit_payload *payload)
{
    const struct scratch *scratch = (const struct scratch *)outbox;
    scratch->call->io->decide(scratch->call->io_context, audit, payload);
}

static void *scratch_open(const struct codec *codec)
{
    struct scratch *scratch = memory_get(sizeof(*scratch));
    memset(scratch, 0, offsetof(struct scratch, shadow));
    scratch->row = (struct buffer){0};
    scratch->key = (struct buffer){0};
    scratch->outbox = (struct outbox){.emit = on_emit, .decide = on_decide};
    scratch->codec = codec;
    return scratch;
}

static void scratch_close(void *memory)
{
    struct scratch *scratch = memory;
    buffer_release(&scratch->row);
    buffer_release(&scratch->key);
    free(scratch);
}

static void facts_begin(struct scratch *scratch, struct bytes key)
{
    enum subject_kind kind = SUBJECT_KIND_USER;
    struct bytes id = {0};
    step_subject(key, &kind, &id);
    judge_init(&scratch->facts, kind, id);
}

static enum status facts_decode(struct scratch *scratch, struct bytes row, struct error *error)
{
    const struct record_type *type = NULL;
    const enum decode_result result = codec_decode(scratch->codec, row, &type, &scratch->facts);
    if (result != DECODE_OK || type != &record_subject_state) {
        return step_row_failed(result, error);
    }
    return STATUS_OK;
}

static enum status facts_load(struct scratch *scratch, const struct step_call *call,
                              struct error *error)
{
    buffer_clear(&scratch->key);
    buffer_append(&scratch->key, bytes_text("s"));
    buffer_append(&scratch->key, call->key);
    struct bytes row = {0};
    TRY(call->io->get(call->io_context, buffer_bytes(&scratch->key), &row, error));
    if (row.data == NULL) {
        facts_begin(scratch, call->key);
        return STATUS_OK;
    }
    /* The row must outlive the judgement, whose outputs may move what the state lent us. */
    return facts_decode(scratch, arena_copy(call->arena, row), error);
}

static void facts_store(struct scratch *scratch, const struct step_call *call, int64_t timer_before)
{
    const struct step_io *io = call->io;
    if (judge_is_empty(&scratch->facts)) {
        io->remove(call->io_context, buffer_bytes(&scratch->key));
        io->timer(call->io_context, call->key, timer_before, TIME_NEVER_MS);
        return;
    }
    buffer_clear(&scratch->row);
    codec_encode(scratch->codec, &record_subject_state, &scratch->facts, &scratch->row);
    io->put(call->io_context, buffer_bytes(&scratch->key), buffer_bytes(&scratch->row));
    io->timer(call->io_context, call->key, timer_before,
              judge_next_timer(call->policies, &scratch->facts));
}

static struct court court_of(struct scratch *scratch, const struct step_call *call)
{
    return (struct court){.policies = call->policies,
                          .trigger = call->trigger,
                          .now_ms = call->now_ms,
                          .decided_ms = call->decided_ms,
                          .breaker = call->breaker,
                          .outbox = &scratch->outbox,
                          .arena = call->arena,
                          .scratch = &scratch->shadow};
}

static enum status on_record(void *memory, const struct step_call *call,
                             const struct record_type *type, const void *record,
                             enum step_result *result_out, enum dead_reason *reason_out,
                             struct error *error)
{
    struct scratch *scratch = memory;
    scratch->call = call;
    TRY(facts_load(scratch, call, error));
    const int64_t timer_before = judge_next_timer(call->policies, &scratch->facts);
    struct court court = court_of(scratch, call);
    switch (judge_record(&court, &scratch->facts, type, record, reason_out)) {
    case JUDGE_DONE:
        facts_store(scratch, call, timer_before);
        *result_out = STEP_DONE;
        break;
    case JUDGE_DUPLICATE:
        *result_out = STEP_DUPLICATE;
        break;
    case JUDGE_REFUSED:
        *result_out = STEP_REFUSED;
        break;
    }
    return STATUS_OK;
}

static enum status on_due(void *memory, const struct policies *policies, struct bytes row,
                          int64_t *due_out, struct error *error)
{
    struct scratch *scratch = memory;
    TRY(facts_decode(scratch, row, error));
    *due_out = judge_next_timer(policies, &scratch->facts);
    return STATUS_OK;
}

static enum status on_timer(void *memory, const struct step_call *call, struct error *error)
{
    struct scratch *scratch = memory;
    scratch->call = call;
    TRY(facts_load(scratch, call, error));
    const int64_t due = judge_next_timer(call->policies, &scratch->facts);
    if (due > call->decided_ms) { /* a policy version that came meanwhile moved it */
        call->io->timer(call->io_context, call->key, TIME_NEVER_MS, due);
        return STATUS_OK;
    }
    struct court court = court_of(scratch, call);
    judge_timer(&court, &scratch->facts);
    /* Or it would fire for ever. */
    ASSERT(judge_next_timer(call->policies, &scratch->facts) > call->decided_ms);
    facts_store(scratch, call, TIME_NEVER_MS);
    return STATUS_OK;
}

const struct step step_sanctions = {
    .name = "sanctions",
    .state = &record_subject_state,
    .keyed_by_addressee = false,
    .open = scratch_open,
    .close = scratch_close,
    .record = on_record,
    .due = on_due,
    .timer = on_timer,
};
