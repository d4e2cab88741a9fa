/* The world: chance, faults, violations, the trace, and the run of a seed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "broker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct world *world;

/* Steps after which a run that is not through has come to a stop. */
enum { STEPS_MAX = 500000 };
#define START_DATE_MS INT64_C(1772355600000)

uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(struct random *random, uint64_t count)
{
    ASSERT(count > 0);
    return random_next(random) % count;
}

bool random_once_in(struct random *random, uint64_t count)
{
    return count > 0 && random_below(random, count) == 0;
}

static struct random stream_of(uint64_t seed, uint64_t number)
{
    struct random random = {.state = seed * UINT64_C(0xd1342543de82ef95) + number};
    random_next(&random);
    return random;
}

const char *fault_name(enum fault fault)
{
    static const char *const names[] = {
        [FAULT_PRODUCE] = "produce",
        [FAULT_FLUSH] = "flush",
        [FAULT_LATE_PRODUCE] = "late_produce",
        [FAULT_OFFSETS_REFUSED] = "offsets_refused",
        [FAULT_COMMIT_TWICE] = "commit_twice",
        [FAULT_COMMIT_MUTE] = "commit_mute",
        [FAULT_COMMIT_LOST] = "commit_lost",
        [FAULT_ABORT_LOST] = "abort_lost",
        [FAULT_MARKER_SLOW] = "marker_slow",
        [FAULT_ROTATE_RETRY] = "rotate_retry",
        [FAULT_UNSTABLE] = "unstable",
        [FAULT_OFFSETS_MISSING] = "offsets_missing",
        [FAULT_POLL_NOTHING] = "poll_nothing",
        [FAULT_STORE_READ] = "store_read",
        [FAULT_STORE_WRITE] = "store_write",
        [FAULT_REBALANCE] = "rebalance",
        [FAULT_EXPEL] = "expel",
        [FAULT_KILL] = "kill",
        [FAULT_STOP] = "stop",
        [FAULT_PAUSE] = "pause",
        [FAULT_REPLACE] = "replace",
        [FAULT_STORE_BACK] = "store_back",
        [FAULT_STORE_EMPTY] = "store_empty",
        [FAULT_CLOCK_STEP] = "clock_step",
    };
    _Static_assert(COUNT_OF(names) == FAULT_COUNT, "every fault has a name");
    return names[fault];
}

bool fault_strikes(enum fault fault)
{
    if (world->healing || !random_once_in(&world->faults, world->rates[fault])) {
        return false;
    }
    world->counts[fault]++;
    trace(fault_name(fault), (int64_t)world->counts[fault], 0, 0);
    return true;
}

void violate(const char *format, ...)
{
    if (world->violation[0] != '\0') {
        return;
    }
    va_list list;
    va_start(list, format);
    vsnprintf(world->violation, sizeof(world->violation), format, list);
    va_end(list);
    if (world->shown) {
        printf("%8" PRId64 " VIOLATION %s\n", world->now_ms, world->violation);
    }
}

void trace(const char *what, int64_t a, int64_t b, int64_t c)
{
    const struct worker *worker = worker_in_hand();
    const int64_t who = worker == NULL ? -1 : (int64_t)worker->number;
    const int64_t numbers[] = {world->now_ms, who, a, b, c, (int64_t)hash64(bytes_text(what))};
    uint64_t hash = world->hash;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        hash = (hash ^ (uint64_t)numbers[i]) * UINT64_C(0x100000001b3);
        hash ^= hash >> 29;
    }
    world->hash = hash;
    if (world->shown) {
        printf("%8" PRId64 " w%" PRId64 " %s %" PRId64 " %" PRId64 " %" PRId64 "\n", world->now_ms,
               who, what, a, b, c);
    }
}

int64_t wall_ms(void)
{
    return world->date_ms + world->now_ms;
}

/* How often a fault comes where it comes at all: once in between `often` and `often` * 16. */
static unsigned rate_draw(struct random *random, unsigned often)
{
    return random_once_in(random, 2) ? 0 : often << random_below(random, 5);
}

static void rates_draw(struct random *random)
{
    static const unsigned often[] = {
        [FAULT_PRODUCE] = 40,         [FAULT_FLUSH] = 8,       [FAULT_LATE_PRODUCE] = 8,
        [FAULT_OFFSETS_REFUSED] = 6,  [FAULT_COMMIT_TWICE] = 3, [FAULT_COMMIT_MUTE] = 6,
        [FAULT_COMMIT_LOST] = 6,      [FAULT_ABORT_LOST] = 2,  [FAULT_MARKER_SLOW] = 4,
        [FAULT_ROTATE_RETRY] = 2,     [FAULT_UNSTABLE] = 3,    [FAULT_OFFSETS_MISSING] = 4,
        [FAULT_POLL_NOTHING] = 3,     [FAULT_STORE_READ] = 15, [FAULT_STORE_WRITE] = 6,
        [FAULT_REBALANCE] = 100,      [FAULT_EXPEL] = 500,     [FAULT_KILL] = 200,
        [FAULT_STOP] = 300,          [FAULT_PAUSE] = 300,     [FAULT_REPLACE] = 2,
        [FAULT_STORE_BACK] = 2,       [FAULT_STORE_EMPTY] = 3, [FAULT_CLOCK_STEP] = 200,
    };
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        world->rates[i] = rate_draw(random, often[i]);
    }
}

void world_new(const struct environment *environment, uint64_t seed, bool shown)
{
    world = memory_get(sizeof(*world));
    memset(world, 0, sizeof(*world));
    world->environment = environment;
    world->seed = seed;
    world->shown = shown;
    world->schedule = stream_of(seed, 1);
    world->faults = stream_of(seed, 2);
    world->inputs = stream_of(seed, 3);
    struct random shape = stream_of(seed, 4);
    world->date_ms = START_DATE_MS + (int64_t)random_below(&shape, (uint64_t)DAY_MS);
    world->partitions = 1 + (int32_t)random_below(&shape, PARTITIONS_MAX);
    if (!random_once_in(&shape, 10)) {
        rates_draw(&shape);
    }
    world->broker = broker_new();
    const unsigned workers = 2 + (unsigned)random_below(&shape, 3);
    for (unsigned i = 0; i < workers; i++) {
        char slot[16];
        snprintf(slot, sizeof(slot), "s%u", i);
        worker_add(slot);
    }
}

static void heal(void)
{
    trace("heal", 0, 0, 0);
    world->healing = true;
    world->date_ms += 40 * DAY_MS; /* long enough for many timers */
    workers_heal();
}

void world_run(void)
{
    int64_t looked_at = 0;
    while (world->violation[0] == '\0') {
        workers_turn();
        broker_turn();
        group_turn();
        inputs_turn();
        nemesis();
        schedule_turn();
        if (!world->healing && inputs_done()) {
            heal();
        }
        if (world->healing && world->now_ms - looked_at >= 500) {
            looked_at = world->now_ms;
            if (oracle_quiet()) {
                oracle_check();
                return;
            }
        }
        if (world->steps > STEPS_MAX) {
            violate("no progress: not through after %d steps", STEPS_MAX);
        }
    }
}
