/* What state.c, state_scan.c and state_checkpoint.c share.
 *
 * Private to the module.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STATE_INTERNAL_H
#define STORE_STATE_INTERNAL_H

#include "store/row_map.h"
#include "store/state.h"

struct state {
    struct store *store;
    struct state_limits limits;

    struct row_map overlay; /* of the transaction that is being made */
    struct row_map sealed;  /* of the one that is being committed; only read until it is through */
    struct row_map pending; /* committed since the last checkpoint began */
    struct row_map frozen;  /* of the running or failed checkpoint; only read until it ends */
    struct row_map written; /* of the last checkpoint: as in the store, on their way to the cache */
    size_t written_step;    /* rows that go there with each commit */
    struct row_map cache;   /* as in the store, unless a map above has the row */
    struct first_bytes ordered; /* what scans have asked for; shared by the upper four */
    struct buffer scratch;      /* a value that the cache does not keep */

    bool is_sealed;     /* a transaction is being committed, with or without rows */
    struct row *dirty; /* the sealed rows in key order */
    size_t dirty_capacity;

    /* Empty: none yet. */
    struct buffer meta;        /* of the last commit */
    struct buffer meta_frozen; /* of the running checkpoint */
    struct buffer meta_stored;
    int64_t rows_since_ms; /* when the oldest row came; TIME_NEVER_MS: none */
    int64_t meta_since_ms; /* the same of a meta that is not in the store */

    bool running;            /* a checkpoint has begun and not ended */
    int64_t frozen_since_ms; /* rows_since_ms of the frozen rows, for a second try */
    /* The writer's until end, which asserts `is_written`. */
    bool is_written;
    enum status result;
    struct error error;
};

/* Rows that are scanned for (timers) are hardly ever got, and would take the cache from those that are. */
static inline bool state_is_scanned(const struct state *state, struct bytes key)
{
    return state->ordered.has[key.data[0]];
}

/* Keeps a copy of a row read from the store or just written to it, over an older one. False: too
 * large for the cache, which then has no row of this key. */
bool state_cache_put(struct state *state, struct held_row *row);

/* Moves up to `count` written rows on. */
void state_retire(struct state *state, size_t count);

#endif
