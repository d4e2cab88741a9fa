/* Timers from rows, by the step's own rule.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/restore_timers.h"

#include "base/planted.h"
#include "base/time.h"
#include "engine/member.h"

static enum status due_of(struct task *task, struct bytes row, int64_t *due_out, struct error *error)
{
    *due_out = TIME_NEVER_MS;
    return row.data == NULL
               ? STATUS_OK
               : task->member->topology->step->due(
                     task->scratch, policy_feed_versions(task->member->policies), row, due_out, error);
}

static enum status change(void *context, struct bytes key, struct bytes before, struct bytes value,
                          struct error *error)
{
    struct task *task = context;
    int64_t due_before = TIME_NEVER_MS;
    int64_t due = TIME_NEVER_MS;
    TRY(due_of(task, before, &due_before, error));
    TRY(due_of(task, value, &due, error));
    if (PLANTED(TIMERS_FORGOTTEN)) {
        return STATUS_OK;
    }
    if (PLANTED(TIMERS_DOUBLED)) {
        due_before = due_before == due ? due : TIME_NEVER_MS;
    }
    timers_move(task->timers, bytes_of(key.data + 1, key.size - 1), due_before, due);
    return STATUS_OK;
}

enum status timers_of_pending(struct task *task, size_t *place, size_t slots, bool *end_out,
                              struct error *error)
{
    return state_restored(task->state, 's', place, slots, change, task, end_out, error);
}

struct walk {
    struct task *task;
    struct timers_pass *pass;
    size_t left;
    enum status status;
    struct error *error;
};

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    struct walk *walk = context;
    if (!walk->pass->cleared) {
        state_remove(walk->task->state, key);
    } else {
        walk->status = change(walk->task, key, bytes_of(NULL, 0), value, walk->error);
    }
    buffer_clear(&walk->pass->from);
    buffer_append(&walk->pass->from, key);
    buffer_append(&walk->pass->from, bytes_of("", 1)); /* the first key after it */
    return walk->status == STATUS_OK && --walk->left > 0;
}

enum status timers_of_store(struct task *task, struct timers_pass *pass, size_t count, bool *end_out,
                            struct error *error)
{
    struct walk walk = {.task = task, .pass = pass, .left = count, .error = error};
    const char *first = pass->cleared ? "s" : "t";
    TRY(state_stored_rows(task->state, bytes_text(first), buffer_bytes(&pass->from), on_row, &walk,
                          error));
    TRY(walk.status);
    const bool through = walk.left > 0;
    *end_out = through && pass->cleared;
    if (through && !pass->cleared) {
        pass->cleared = true;
        buffer_clear(&pass->from);
    }
    return STATUS_OK;
}

void timers_pass_release(struct timers_pass *pass)
{
    buffer_release(&pass->from);
    pass->cleared = false;
}
