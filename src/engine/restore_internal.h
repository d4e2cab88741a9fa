/* A restore and all of a member's, inside: restore.c keeps the list and gives turns, restore_phases.c knows the
 * steps of one.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RESTORE_INTERNAL_H
#define ENGINE_RESTORE_INTERNAL_H

#include "engine/restore.h"
#include "engine/restore_timers.h"
#include "engine/task_open.h"

enum phase {
    PHASE_START,  /* the store is not open yet */
    PHASE_ASK,    /* for committed offsets, until they are stable */
    PHASE_READ,   /* the changelog */
    PHASE_DERIVE, /* timers of the rows read */
    PHASE_WRITE,  /* a checkpoint, once the writer is free */
    PHASE_PASS,   /* timers of all rows of the store, once it has them */
    PHASE_READY,
};

struct restore {
    struct task *task;
    enum phase phase;
    struct task_aim aim;
    int64_t from;
    struct buffer meta;  /* the last meta record */
    int64_t meta_next;   /* the offset after it */
    int64_t next;        /* the offset after the last record */
    size_t place;        /* of the derivation */
    bool bare;           /* no row of the store has its timer yet */
    struct timers_pass pass;
    bool reading;        /* the follower has it */
    bool standby;        /* without an end, until it is added */
    bool followed;       /* `aim` is still a standby's */
    int64_t passed_next; /* `next` as of the last checkpoint */
    bool whole;          /* all that `aim` asks for is read */
    int64_t ask_at_ms;
    int64_t begun_at_ms; /* of reading */
    int64_t written_at_ms;
    int64_t shown_at_ms;
    int64_t records;
    int64_t bytes;
};

struct restores {
    struct member *member;
    struct follower *follower; /* NULL: none is needed */
    struct restore **items;
    size_t count;
    size_t pending_max;
    bool hungry;
};

/* A piece of what its phase asks for, but for reading records and opening the store. */
MUST_CHECK enum status restore_advance(struct restores *restores, struct restore *restore,
                                       int64_t until_ms, struct error *error);
/* Takes records until one partition has something else to do. */
MUST_CHECK enum status restore_read_some(struct restores *restores, int64_t until_ms, int wait_ms,
                                         struct error *error);
/* The follower leaves the partition out from now on; legal if it does so already. */
void restore_reading_stop(struct restores *restores, struct restore *restore);

/* The one of the partition; NULL: there is none. */
struct restore *restore_of(const struct restores *restores, int32_t partition);

#endif
