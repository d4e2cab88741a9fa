/* Workers: a process with a stream thread a topology, started again after each end; and what befalls them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/assert.h"
#include "base/time.h"
#include "client.h"
#include "engine/loop.h"
#include "engine/member.h"

#include <stdio.h>

struct seat {
    struct worker *worker;
    unsigned topology;
};

static const struct topology *topology_of(const struct seat *seat)
{
    return &world->environment->topologies[seat->topology];
}

static enum status open_waiting(struct seat *seat, struct member **member_out, struct error *error)
{
    struct worker *worker = seat->worker;
    enum status status = STATUS_RETRY;
    while (status == STATUS_RETRY && !atomic_load(&worker->stop)) {
        status = member_open(&worker->options, topology_of(seat), 0, member_out, error);
        if (status == STATUS_RETRY) {
            pause_ms(SECOND_MS);
        }
    }
    return status;
}

static void told(const struct seat *seat, enum status status, const struct error *error)
{
    trace("thread_ends", (int64_t)seat->topology, (int64_t)status, 0);
    if (world->shown && status != STATUS_OK) {
        printf("         w%u %s: %s\n", seat->worker->number, topology_of(seat)->name, error->text);
    }
}

/* As engine.c's thread: one that fails ends the process. */
static void thread_run(void *argument)
{
    struct seat *seat = argument;
    struct worker *worker = seat->worker;
    struct member *member = NULL;
    struct error error = {0};
    enum status status = open_waiting(seat, &member, &error);
    if (status == STATUS_OK) {
        worker->members[seat->topology] = member;
        status = loop_live(&worker->options, member, &error);
        worker->members[seat->topology] = NULL;
        member->failed = status == STATUS_FATAL;
        member_close(member);
    }
    told(seat, status, &error);
    if (status != STATUS_OK) {
        atomic_store(&worker->stop, true);
    }
    if (--worker->running == 0) {
        worker->alive = false;
        worker->start_at_ms = world->now_ms + 10 + (int64_t)random_below(&world->faults, 1000);
    }
}

void worker_add(const char *slot)
{
    ASSERT(world->worker_count < WORKERS_MAX);
    const unsigned number = world->worker_count++;
    struct worker *worker = &world->workers[number];
    struct random *random = &world->schedule;
    worker->number = number;
    snprintf(worker->slot, sizeof(worker->slot), "%s", slot);
    snprintf(worker->state_dir, sizeof(worker->state_dir), "d%u", number);
    worker->config = *world->environment->config;
    worker->config.worker_slot = worker->slot;
    worker->config.commit_interval_ms = 5 << random_below(random, 7);
    worker->config.commit_records_max = 1 << random_below(random, 8);
    worker->config.checkpoint_interval_ms = 50 << random_below(random, 8);
    worker->config.memory_bytes = 1048576 << random_below(random, 3);
    worker->config.tick_interval_ms = 200 << random_below(random, 4);
    worker->options = (struct engine_options){.config = &worker->config,
                                              .cluster = &simulated_cluster,
                                              .codec = world->environment->codec,
                                              .catalogue = world->environment->catalogue,
                                              .topologies = world->environment->topologies,
                                              .topology_count = TOPOLOGIES,
                                              .keys = world->environment->keys,
                                              .state_dir = worker->state_dir,
                                              .stop = &worker->stop};
    worker->start_at_ms = (int64_t)random_below(random, 200);
}

static void start(struct worker *worker)
{
    worker->life++;
    worker->alive = true;
    worker->running = TOPOLOGIES;
    worker->paused_until_ms = 0;
    atomic_store(&worker->stop, false);
    trace("start", worker->number, worker->life, 0);
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        struct seat *seat = memory_get(sizeof(*seat));
        *seat = (struct seat){.worker = worker, .topology = i};
        fiber_start(worker, thread_run, seat);
    }
}

void workers_turn(void)
{
    for (unsigned i = 0; i < world->worker_count; i++) {
        struct worker *worker = &world->workers[i];
        if (!worker->alive && !worker->gone && worker->start_at_ms <= world->now_ms) {
            start(worker);
        }
    }
}

static void kill_worker(struct worker *worker)
{
    fibers_drop(worker);
    worker->alive = false;
    worker->running = 0;
    worker->start_at_ms = world->now_ms + 10 + (int64_t)random_below(&world->faults, 20000);
    for (unsigned i = 0; i < TOPOLOGIES; i++) {
        worker->members[i] = NULL;
    }
    if (fault_strikes(FAULT_STORE_EMPTY)) {
        disk_lose(worker, true);
    } else if (fault_strikes(FAULT_STORE_BACK)) {
        disk_lose(worker, false);
    }
}

/* Longer than the group waits, or than a transaction may last. */
static void pause_worker(struct worker *worker)
{
    worker->paused_until_ms = world->now_ms + 100 + (int64_t)random_below(&world->faults, 60000);
    if (!worker->gone && world->worker_count < WORKERS_MAX && fault_strikes(FAULT_REPLACE)) {
        worker->gone = true;
        worker_add(worker->slot);
    }
}

static void step_clock(struct worker *worker)
{
    worker->skew_ms = (int64_t)random_below(&world->faults, 2 * (uint64_t)HOUR_MS) - HOUR_MS;
}

void nemesis(void)
{
    struct worker *worker = &world->workers[random_below(&world->faults, world->worker_count)];
    if (!worker->alive) {
        return;
    }
    if (fault_strikes(FAULT_KILL)) {
        kill_worker(worker);
    } else if (fault_strikes(FAULT_STOP)) {
        atomic_store(&worker->stop, true);
    } else if (fault_strikes(FAULT_PAUSE)) {
        pause_worker(worker);
    } else if (fault_strikes(FAULT_CLOCK_STEP)) {
        step_clock(worker);
    } else if (fault_strikes(FAULT_REBALANCE)) {
        group_shuffle(&world->broker->groups[random_below(&world->faults, TOPOLOGIES)]);
    }
}

void workers_heal(void)
{
    for (unsigned i = 0; i < world->worker_count; i++) {
        struct worker *worker = &world->workers[i];
        worker->paused_until_ms = 0;
        worker->skew_ms = 0;
        worker->start_at_ms = world->now_ms;
    }
}
