/* Bugs planted on purpose: a test that must find a kind of bug is shown that it does.
 *
 * PLANTED(name) is 0 in everything that is installed or shipped. Only what is compiled with SANCTIOND_PLANTED
 * (tests/planted) asks for the one bug that the test switched on: see tests/planted/planted.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_PLANTED_H
#define BASE_PLANTED_H

enum planted {
    PLANTED_NONE,
    /* transactions */
    PLANTED_ROTATION_OFF,        /* the producer is never made anew: requests of one epoch overtake each other */
    PLANTED_APPLY_BEFORE_COMMIT, /* rows become pending before the outcome is known */
    PLANTED_DROP_ON_UNKNOWN,     /* an unknown outcome counts as an abort */
    PLANTED_APPLY_ON_UNKNOWN,    /* an unknown outcome counts as a commit */
    PLANTED_OFFSETS_OUTSIDE,     /* offsets are committed apart from the transaction, before it */
    PLANTED_OFFSET_MINUS_ONE,    /* the offset of the last record instead of the next one is committed */
    PLANTED_OFFSET_PLUS_ONE,     /* the committed offset skips a record */
    PLANTED_OFFSETS_OF_ONE_TASK, /* only the first task of a transaction has its offsets in it */
    PLANTED_REWIND_SKIPPED,      /* an abort does not go back to the committed offsets */
    PLANTED_OVERLAY_KEPT,        /* an abort keeps the rows of the transaction */
    PLANTED_TIMERS_KEPT,         /* an abort does not bring back the timers that fired */
    PLANTED_AUDIT_HEAD_KEPT,     /* an abort keeps the head of the audit chain */
    PLANTED_REVOKE_UNCOMMITTED,  /* a task is given up in mid transaction, its outputs stay in it */
    PLANTED_FENCE_IGNORED,       /* a fenced member goes on with a new epoch */
    /* restart and takeover */
    PLANTED_RESTORE_TO_LSO,      /* the restore ends at the last stable offset, not at the committed one */
    PLANTED_RESTORE_SKIPPED,     /* a state that lies behind is taken as it is */
    PLANTED_EMPTY_START,         /* a missing offset counts as a first start */
    PLANTED_TIMERS_FORGOTTEN,    /* restored rows set no timers */
    PLANTED_TIMERS_DOUBLED,      /* a restored row leaves its earlier timer behind */
    PLANTED_CLOCK_FORGOTTEN,     /* stream time starts anew with the task */
    PLANTED_BREAKER_FORGOTTEN,   /* the breaker counts anew with the task */
    /* store */
    PLANTED_STORE_ERROR_IGNORED, /* a failed read reads as "no row" */
    PLANTED_CHECKPOINT_ERROR_IGNORED, /* a failed checkpoint counts as written */
    PLANTED_META_FIRST,          /* a checkpoint writes its meta before its rows */
    PLANTED_OVERLAY_SPILLED,     /* a checkpoint takes rows along that are not committed */
    /* judging */
    PLANTED_TIMER_LEFT,          /* a timer that fired stays set */
    PLANTED_TIMER_LATE,          /* timers fire after the record that passes them */
    PLANTED_TICK_SKIPPED,        /* nothing moves the clock of a quiet partition */
    PLANTED_WALL_CLOCK,          /* stream time is the wall clock */
    PLANTED_DEAD_LETTER_DROPPED, /* a bad input leaves no dead letter */
    /* evidence */
    PLANTED_RECEIPT_UNCHAINED,   /* a receipt does not name the one before */
    PLANTED_RECEIPT_GAP,         /* a receipt leaves an input out */
    PLANTED_AUDIT_UNCHAINED,     /* an audit record does not name the one before */
    PLANTED_COUNT,
};

#ifdef SANCTIOND_PLANTED
extern enum planted planted_bug; /* set before any thread starts */
#define PLANTED(name) (planted_bug == PLANTED_##name)
#else
#define PLANTED(name) 0
#endif

#endif
