/* The restores of a member: which there are, and whose turn it is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/restore_internal.h"

#include "base/assert.h"
#include "base/time.h"
#include "engine/log.h"
#include "engine/member.h"

#include <inttypes.h>
#include <stdlib.h>

struct restores *restores_new(struct member *member)
{
    struct restores *restores = memory_get(sizeof(*restores));
    *restores = (struct restores){.member = member};
    return restores;
}

struct restore *restore_of(const struct restores *restores, int32_t partition)
{
    for (size_t i = 0; i < restores->count; i++) {
        if (restores->items[i]->task->partition == partition) {
            return restores->items[i];
        }
    }
    return NULL;
}

static struct restore *begin(struct restores *restores, int32_t partition)
{
    ASSERT(restore_of(restores, partition) == NULL);
    struct restore *restore = memory_get(sizeof(*restore));
    *restore = (struct restore){.task = task_new(restores->member, partition)};
    restores->items =
        memory_resize(restores->items, (restores->count + 1) * sizeof(struct restore *));
    restores->items[restores->count++] = restore;
    return restore;
}

void restores_add(struct restores *restores, int32_t partition)
{
    struct restore *restore = restore_of(restores, partition);
    if (restore == NULL) {
        begin(restores, partition);
        return;
    }
    ASSERT(restore->standby);
    restore->standby = false;
    log_line(LOG_INFO, "standby_taken", "topology=%s partition=%d records=%" PRId64,
             restores->member->topology->name, partition, restore->records);
    if (restore->phase == PHASE_READ) { /* else once that is done */
        restore->phase = PHASE_ASK;
    }
}

void restores_follow(struct restores *restores, int32_t partition)
{
    begin(restores, partition)->standby = true;
    log_line(LOG_INFO, "standby_begins", "topology=%s partition=%d",
             restores->member->topology->name, partition);
}

bool restores_has(const struct restores *restores, int32_t partition)
{
    return restore_of(restores, partition) != NULL;
}

bool restores_follows(const struct restores *restores, int32_t partition)
{
    const struct restore *restore = restore_of(restores, partition);
    return restore != NULL && restore->standby;
}

size_t restores_awaited(const struct restores *restores)
{
    size_t count = 0;
    for (size_t i = 0; i < restores->count; i++) {
        count += !restores->items[i]->standby;
    }
    return count;
}

size_t restores_count(const struct restores *restores)
{
    return restores->count;
}

void restores_limit(struct restores *restores, size_t pending_max)
{
    restores->pending_max = pending_max;
}

size_t restores_memory(const struct restores *restores)
{
    size_t bytes = 0;
    for (size_t i = 0; i < restores->count; i++) {
        const struct state *state = restores->items[i]->task->state;
        bytes += state != NULL ? state_memory(state) : 0;
    }
    return bytes;
}

bool restores_make_room(const struct restores *restores)
{
    for (size_t i = 0; i < restores->count; i++) {
        const struct restore *restore = restores->items[i];
        const bool reads = restore->phase == PHASE_ASK || restore->phase == PHASE_READ;
        if (!restore->standby || !reads || state_pending_bytes(restore->task->state) > 0) {
            return true;
        }
    }
    return false;
}

bool restores_hungry(const struct restores *restores)
{
    return restores->count > 0 && restores->hungry;
}

/* Takes the restore out; its task stays. */
static struct task *take_out(struct restores *restores, size_t index)
{
    struct restore *restore = restores->items[index];
    struct task *task = restore->task;
    restore_reading_stop(restores, restore);
    restores->items[index] = restores->items[--restores->count];
    buffer_release(&restore->meta);
    timers_pass_release(&restore->pass);
    free(restore);
    if (restores->count == 0 && restores->follower != NULL) {
        restores->follower->ops->close(restores->follower);
        restores->follower = NULL;
    }
    return task;
}

static void give_up(struct restores *restores, size_t index)
{
    struct error ignored = {0};
    const enum status status = task_close(take_out(restores, index), false, &ignored);
    ASSERT(status == STATUS_OK); /* nothing is written by an unclean close */
}

bool restores_drop(struct restores *restores, int32_t partition)
{
    for (size_t i = 0; i < restores->count; i++) {
        if (restores->items[i]->task->partition == partition) {
            give_up(restores, i);
            return true;
        }
    }
    return false;
}

void restores_free(struct restores *restores)
{
    if (restores != NULL) {
        while (restores->count > 0) {
            give_up(restores, restores->count - 1);
        }
        free(restores->items);
        free(restores);
    }
}

/* --- turns */

/* Records come from one queue for all: none are taken while one partition cannot take its own. */
static bool can_read(const struct restores *restores)
{
    bool any = false;
    for (size_t i = 0; i < restores->count; i++) {
        const struct restore *restore = restores->items[i];
        if (restore->reading && (restore->phase == PHASE_DERIVE || restore->phase == PHASE_WRITE)) {
            return false;
        }
        any = any || restore->phase == PHASE_READ;
    }
    return any;
}

/* Whether one could go on at once without a record. */
static bool has_work(const struct restores *restores)
{
    bool any = false;
    for (size_t i = 0; i < restores->count; i++) {
        const struct restore *restore = restores->items[i];
        any = any || restore->phase == PHASE_DERIVE ||
              (restore->phase == PHASE_PASS && !state_checkpoint_running(restore->task->state));
    }
    return any;
}

enum status restores_step(struct restores *restores, int64_t budget_ms, int wait_ms,
                          struct task **ready_out, struct error *error)
{
    const int64_t until_ms = clock_monotonic_ms() + budget_ms;
    *ready_out = NULL;
    restores->hungry = restores->count > 0;
    do {
        for (size_t i = 0; i < restores->count; i++) {
            struct restore *restore = restores->items[i];
            if (restore->phase == PHASE_START) { /* takes its time */
                restore->phase = PHASE_ASK;
                return task_open_store(restore->task, error);
            }
            TRY(restore_advance(restores, restore, until_ms, error));
            if (restore->phase == PHASE_READY) {
                *ready_out = take_out(restores, i);
                return STATUS_OK;
            }
        }
        restores->hungry = can_read(restores);
        if (restores->hungry) {
            TRY(restore_read_some(restores, until_ms, has_work(restores) ? 0 : wait_ms, error));
        }
        restores->hungry = restores->hungry || has_work(restores);
    } while (restores->hungry && clock_monotonic_ms() < until_ms);
    return STATUS_OK;
}
