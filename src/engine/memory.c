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
