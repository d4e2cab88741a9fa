/* The notices step: loads an addressee, has the notice made, stores the addressee again.
 *
 * An addressee's row is "s" + Kafka key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/time.h"
#include "notice/notice.h"
#include "schema/codec.h"
#include "topology/step.h"

#include <stdlib.h>

struct scratch {
    struct notice_outbox outbox; /* first: the way back to us */
    const struct codec *codec;
    const struct step_call *call;
    struct addressee_state state;
    struct buffer row;
    struct buffer key;
};

static void on_emit(struct notice_outbox *outbox, const struct record_type *type,
                    const void *record)
{
    const struct scratch *scratch = (const struct scratch *)outbox;
    scratch->call->io->emit(scratch->call->io_context, type, record, false);
}

static void *scratch_open(const struct codec *codec)
{
    struct scratch *scratch = memory_get(sizeof(*scratch));
    memset(scratch, 0, sizeof(*scratch));
    scratch->outbox.emit = on_emit;
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

static void state_begin(struct scratch *scratch, struct bytes key)
{
    enum subject_kind kind = SUBJECT_KIND_USER;
    memset(&scratch->state, 0, sizeof(scratch->state));
    step_subject(key, &kind, &scratch->state.subject_id);
    scratch->state.subject_kind = kind;
}

static enum status state_load(struct scratch *scratch, const struct step_call *call,
                              struct error *error)
{
    buffer_clear(&scratch->key);
    buffer_append(&scratch->key, bytes_text("s"));
    buffer_append(&scratch->key, call->key);
    struct bytes row = {0};
    TRY(call->io->get(call->io_context, buffer_bytes(&scratch->key), &row, error));
    if (row.data == NULL) {
        state_begin(scratch, call->key);
        return STATUS_OK;
    }
    const struct record_type *type = NULL;
    const enum decode_result result =
        codec_decode(scratch->codec, arena_copy(call->arena, row), &type, &scratch->state);
    if (result != DECODE_OK || type != &record_addressee_state) {
        return step_row_failed(result, error);
    }
    return STATUS_OK;
}

static void state_store(struct scratch *scratch, const struct step_call *call)
{
    if (notice_is_empty(&scratch->state)) {
        call->io->remove(call->io_context, buffer_bytes(&scratch->key));
        return;
    }
    buffer_clear(&scratch->row);
    codec_encode(scratch->codec, &record_addressee_state, &scratch->state, &scratch->row);
    call->io->put(call->io_context, buffer_bytes(&scratch->key), buffer_bytes(&scratch->row));
}

static enum status on_record(void *memory, const struct step_call *call,
                             const struct record_type *type, const void *record,
                             enum step_result *result_out, enum dead_reason *reason_out,
                             struct error *error)
{
    struct scratch *scratch = memory;
    scratch->call = call;
    TRY(state_load(scratch, call, error));
    const struct policy *policy = policies_at(call->policies, call->now_ms);
    const struct notice_rules rules = {.quiet_from_ms = policy->quiet_from_ms,
                                       .quiet_until_ms = policy->quiet_until_ms,
                                       .first_bytes_max = policy->notice_first_bytes_max,
                                       .later_bytes_max = policy->notice_later_bytes_max};
    switch (notice_record(call->catalogue, &rules, &scratch->outbox, &scratch->state, type, record,
                          call->now_ms, call->arena, reason_out)) {
    case NOTICE_DONE:
    case NOTICE_SUPPRESSED:
        state_store(scratch, call);
        *result_out = STEP_DONE;
        break;
    case NOTICE_DUPLICATE:
        *result_out = STEP_DUPLICATE;
        break;
    case NOTICE_REFUSED:
        *result_out = STEP_REFUSED;
        break;
    }
    return STATUS_OK;
}

const struct step step_notices = {
    .name = "notices",
    .state = &record_addressee_state,
    .keyed_by_addressee = true,
    .open = scratch_open,
    .close = scratch_close,
    .record = on_record,
};
