/* Fibers: every stream thread of every worker on one thread of this process.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/assert.h"

#include <sys/mman.h>
#include <ucontext.h>

enum { FIBERS_MAX = 64, STACK_SIZE = 1 << 20, TURN_STEPS = 4 };

struct fiber {
    ucontext_t context;
    void *stack;
    struct worker *worker; /* NULL: free */
    void (*run)(void *argument);
    void *argument;
    int64_t wake_ms;
    bool over;
};

static struct fiber fibers[FIBERS_MAX];
static struct fiber *hand; /* the one that runs; NULL: the schedule itself */
static ucontext_t home;

struct worker *worker_in_hand(void)
{
    return hand == NULL ? NULL : hand->worker;
}

static void fiber_main(void)
{
    hand->run(hand->argument);
    hand->over = true;
    swapcontext(&hand->context, &home);
}

static void context_make(struct fiber *fiber)
{
    ASSERT(getcontext(&fiber->context) == 0);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    fiber->context.uc_link = &home;
    makecontext(&fiber->context, fiber_main, 0);
}

void fiber_start(struct worker *worker, void (*run)(void *argument), void *argument)
{
    struct fiber *fiber = fibers;
    while (fiber->worker != NULL) {
        fiber++;
        ASSERT(fiber < fibers + FIBERS_MAX);
    }
    if (fiber->stack == NULL) {
        fiber->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ASSERT(fiber->stack != MAP_FAILED);
    }
    fiber->worker = worker;
    fiber->run = run;
    fiber->argument = argument;
    fiber->wake_ms = world->now_ms;
    fiber->over = false;
    context_make(fiber);
}

void fibers_drop(const struct worker *worker)
{
    for (size_t i = 0; i < FIBERS_MAX; i++) {
        if (fibers[i].worker == worker) {
            fibers[i].over = true;
            if (&fibers[i] != hand) {
                fibers[i].worker = NULL;
            }
        }
    }
}

static void give_way(void)
{
    struct fiber *self = hand;
    swapcontext(&self->context, &home);
}

void step(void)
{
    if (hand == NULL) {
        return;
    }
    world->steps++;
    if (random_once_in(&world->schedule, TURN_STEPS)) {
        give_way();
    }
}

void pause_ms(int64_t ms)
{
    if (hand == NULL) {
        world->now_ms += ms;
        return;
    }
    world->steps++;
    hand->wake_ms = world->now_ms + ms;
    give_way();
}

static int64_t ready_ms(const struct fiber *fiber)
{
    const int64_t paused_ms = fiber->worker->paused_until_ms;
    return fiber->wake_ms > paused_ms ? fiber->wake_ms : paused_ms;
}

/* Any one of those that are ready; if none is, time passes until one is. */
static struct fiber *fiber_next(void)
{
    struct fiber *ready[FIBERS_MAX];
    size_t count = 0;
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < FIBERS_MAX; i++) {
        if (fibers[i].worker == NULL) {
            continue;
        }
        const int64_t at_ms = ready_ms(&fibers[i]);
        first_ms = at_ms < first_ms ? at_ms : first_ms;
        if (at_ms <= world->now_ms) {
            ready[count++] = &fibers[i];
        }
    }
    if (count > 0) {
        return ready[random_below(&world->schedule, count)];
    }
    const int64_t most_ms = world->now_ms + 10; /* the brokers have things to do as well */
    world->now_ms = first_ms < most_ms ? first_ms : most_ms;
    return NULL;
}

void schedule_turn(void)
{
    world->steps++;
    world->now_ms += (int64_t)random_below(&world->schedule, 2);
    struct fiber *fiber = fiber_next();
    if (fiber == NULL) {
        return;
    }
    world->hash = (world->hash ^ (uint64_t)(fiber - fibers)) * UINT64_C(0x100000001b3);
    hand = fiber;
    swapcontext(&home, &fiber->context);
    hand = NULL;
    if (fiber->over) {
        fiber->worker = NULL;
    }
}
