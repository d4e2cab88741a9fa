/* What a state may hold follows from how many there are: caches take half of what tasks get, their pending
 * maps a quarter, and a checkpoint holds a second one. A restore has no cache.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/memory.h"

#include "base/time.h"
#include "engine/log.h"
#include "engine/member.h"

#include <inttypes.h>

enum { TELL_MS = 10000 };

void memory_init(struct member *member)
{
    const size_t members =
        member->options->topology_count *
        (member->options->causal ? 1 : (size_t)member->config->threads);
    member->memory = (struct memory){.plan = memory_plan(member->config, members),
                                     .told_at_ms = -TELL_MS};
}

void memory_divide(struct member *member)
{
    const size_t tasks = member->task_count;
    const size_t restores = restores_count(member->restores);
    const size_t rows = (size_t)member->memory.plan.rows;
    const size_t for_restores = restores == 0 ? 0 : tasks == 0 ? rows : rows / 2;
    const size_t for_tasks = rows - for_restores;
    for (size_t i = 0; i < tasks; i++) {
        const struct state_limits limits = {.cache_bytes = for_tasks / 2 / tasks,
                                            .checkpoint_bytes = for_tasks / 4 / tasks,
                                            .checkpoint_ms = member->config->checkpoint_interval_ms};
        state_limit(member->tasks[i]->state, &limits);
    }
    /* One of them is written while all fill up, and timers come on top. */
    restores_limit(member->restores, for_restores / 4 * 3 / (restores + 1));
}

/* Whether a commit, a checkpoint or a restore is on its way, after which there is more room. */
static bool room_will_come(const struct member *member)
{
    if (member->batch.open || member_committing(member) || restores_make_room(member->restores) ||
        (member->checkpointer != NULL && checkpointer_busy(member->checkpointer))) {
        return true;
    }
    return memory_largest(member) != NULL;
}

/* Before it gives up, even caches go that are within their limit. */
static void stuck_count(struct member *member)
{
    struct memory *memory = &member->memory;
    memory->stuck = memory->over && !room_will_come(member) ? memory->stuck + 1 : 0;
    for (size_t i = 0; memory->stuck > 0 && i < member->task_count; i++) {
        state_forget_cache(member->tasks[i]->state);
    }
}

enum { STUCK_MAX = 3 };

enum status memory_check(const struct member *member, struct error *error)
{
    const struct memory *memory = &member->memory;
    if (memory->stuck < STUCK_MAX) {
        return STATUS_OK;
    }
    /* So that rows have twice of what is held at rest; in KiB, for a product must fit. */
    const int64_t needed_kib = (member->config->memory_bytes >> 10) *
                               (int64_t)(2 * memory->used / ((size_t)memory->plan.rows + 1) + 1);
    return error_set(error, STATUS_FATAL,
                     "memory.max is too small: the %zu tasks of topology '%s' hold %zu bytes at rest, "
                     "their part is %" PRId64 "; set memory.max to %" PRId64 " MiB or more, or share the "
                     "partitions among more workers",
                     member->task_count + restores_count(member->restores), member->topology->name,
                     memory->used, memory->plan.rows, (needed_kib >> 10) + 1);
}

void memory_look(struct member *member)
{
    struct memory *memory = &member->memory;
    size_t used = restores_memory(member->restores);
    for (size_t i = 0; i < member->task_count; i++) {
        struct state *state = member->tasks[i]->state;
        if (memory->over) {
            state_trim(state);
        }
        used += state_memory(state);
    }
    memory->used = used;
    memory->over = used > (size_t)memory->plan.rows;
    if (member->options->rows_peak != NULL &&
        (long long)used > atomic_load(member->options->rows_peak)) {
        atomic_store(member->options->rows_peak, (long long)used);
    }
    stuck_count(member);
    if (!memory->over) { /* looked at often: no clock for nothing */
        return;
    }
    const int64_t now = clock_monotonic_ms();
    if (now - memory->told_at_ms >= TELL_MS) {
        memory->told_at_ms = now;
        log_line(LOG_WARNING, "memory_full", "topology=%s bytes=%zu planned=%" PRId64,
                 member->topology->name, used, memory->plan.rows);
    }
}

struct state *memory_largest(const struct member *member)
{
    struct state *largest = NULL;
    for (size_t i = 0; i < member->task_count; i++) {
        struct state *state = member->tasks[i]->state;
        if (state_pending_bytes(state) > 0 &&
            (largest == NULL || state_pending_bytes(state) > state_pending_bytes(largest))) {
            largest = state;
        }
    }
    return largest;
}
