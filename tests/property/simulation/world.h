/* The simulated world of one seed: time, chance, fibers, workers, disks and the broker.
 *
 * Everything runs on one thread. A stream thread of a worker is a fiber; it gives way at every call of the
 * stream's and the store's vtables, so that a kill, a rebalance or another worker can come in between. Nothing
 * here is freed: a seed runs in a process of its own (seeds.c).
 *
 * Chance comes from one random stream a subsystem, all from the seed; nothing depends on addresses, on the real
 * clock or on the order of a table. world->hash is over everything that happened: the same seed, the same hash.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"
#include "config/config.h"
#include "engine/engine.h"
#include "base/planted.h"
#include "stream/stream.h"

#include <stdatomic.h>
#include <stddef.h>

enum {
    PARTITIONS_MAX = 3,
    WORKERS_MAX = 8, /* those that took a paused one's place included */
    TOPOLOGIES = 2,
};

/* What can go wrong; each seed draws how often, many of them not at all. */
enum fault {
    FAULT_PRODUCE,         /* a record is refused */
    FAULT_FLUSH,           /* a batch is not delivered in time */
    FAULT_LATE_PRODUCE,    /* it is not delivered in time, but later */
    FAULT_OFFSETS_REFUSED, /* sending the offsets fails */
    FAULT_COMMIT_TWICE,    /* EndTxn is sent again since the first one is held up; both arrive */
    FAULT_COMMIT_MUTE,     /* EndTxn takes effect, nothing is heard of it */
    FAULT_COMMIT_LOST,     /* EndTxn is lost or late, nothing is heard of it */
    FAULT_ABORT_LOST,      /* the same with an abort */
    FAULT_MARKER_SLOW,     /* markers reach their partitions late */
    FAULT_ROTATE_RETRY,    /* the brokers do not answer a new producer */
    FAULT_UNSTABLE,        /* committed offsets cannot be read now */
    FAULT_OFFSETS_MISSING, /* the group says that nothing was ever committed */
    FAULT_POLL_NOTHING,    /* records come later than they could */
    FAULT_STORE_READ,
    FAULT_STORE_WRITE,
    FAULT_REBALANCE, /* tasks are dealt out anew */
    FAULT_EXPEL,     /* the group takes a living member for dead */
    FAULT_KILL,
    FAULT_STOP,
    FAULT_PAUSE,
    FAULT_REPLACE,     /* of a pause: another process takes the slot meanwhile */
    FAULT_STORE_BACK,  /* of a kill: the directory is as of an earlier checkpoint */
    FAULT_STORE_EMPTY, /* of a kill: the directory is gone */
    FAULT_CLOCK_STEP,
    FAULT_COUNT,
};

struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
/* 0 to count - 1. */
uint64_t random_below(struct random *random, uint64_t count);
bool random_once_in(struct random *random, uint64_t count);

struct member;
struct fiber;
struct broker;
struct disk;

/* A process. */
struct worker {
    unsigned number;
    char slot[16];
    char state_dir[16];
    struct config config;
    struct engine_options options;
    atomic_bool stop;
    bool alive;
    bool gone; /* not started again: another process has its slot */
    unsigned life; /* processes so far */
    unsigned running; /* fibers */
    int64_t paused_until_ms;
    int64_t start_at_ms;
    int64_t skew_ms; /* of its wall clock */
    struct member *members[TOPOLOGIES]; /* NULL: not open */
};

/* What every seed needs and none changes. */
struct environment {
    struct config *config;
    struct codec *codec;
    struct catalogue *catalogue;
    struct topology topologies[TOPOLOGIES];
    struct key_ring *keys;
    struct stream_output policy;
    const char *source_dir;
};

struct world {
    const struct environment *environment;
    uint64_t seed;
    uint64_t hash;
    bool shown; /* the trace goes to standard output */
    struct random schedule;
    struct random faults;
    struct random inputs;
    int64_t now_ms;  /* monotonic */
    int64_t date_ms; /* what the wall clock shows at now_ms = 0 */
    uint64_t steps;
    bool healing; /* no more faults */
    int32_t partitions;
    unsigned rates[FAULT_COUNT]; /* once in so many; 0: never */
    uint64_t counts[FAULT_COUNT];
    struct worker workers[WORKERS_MAX];
    unsigned worker_count;
    struct broker *broker;
    struct disk *disks;
    char violation[512]; /* ""; the first one is kept */
};

/* The one global: what stands in for the clock, the log and the disks has no other way to it. */
extern struct world *world;

void world_new(const struct environment *environment, uint64_t seed, bool shown);
/* Runs until everything is through, or something is wrong. */
void world_run(void);

/* Whether the fault comes now. */
bool fault_strikes(enum fault fault);
const char *fault_name(enum fault fault);

/* Something that must not be. */
void violate(const char *format, ...) PRINTF_LIKE(1, 2);
/* A line of the trace; all of it goes into the hash. */
void trace(const char *what, int64_t a, int64_t b, int64_t c);

int64_t wall_ms(void); /* without any worker's skew */

/* schedule.c: fibers. */
void fiber_start(struct worker *worker, void (*run)(void *argument), void *argument);
/* The fiber in hand gives way, now and then; everywhere else it does nothing. */
void step(void);
/* Gives way until `ms` later. */
void pause_ms(int64_t ms);
struct worker *worker_in_hand(void); /* NULL outside fibers */
/* Runs the next fiber. */
void schedule_turn(void);
/* Drops everything in memory of a worker. */
void fibers_drop(const struct worker *worker);

/* worker.c */
void worker_add(const char *slot);
void workers_turn(void); /* starts what is due */
void nemesis(void);      /* kills, pauses, stops, steps of clocks */
void workers_heal(void);

/* disk.c: the stores of all workers, by path. */
void disk_lose(const struct worker *worker, bool all);

/* inputs.c */
void inputs_turn(void);
bool inputs_done(void);

/* oracle.c */
bool oracle_quiet(void); /* all is through */
void oracle_check(void);

#endif
