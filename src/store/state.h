/* The rows of one task as the engine sees them: overlay, cache, pending, frozen, store.
 *
 * put() and remove() change the overlay, which belongs to the transaction that is being made.
 * seal() sets its rows apart while they are committed; the next transaction is made over them
 * meanwhile. commit() moves them into the pending map once the transaction is known committed,
 * abort() drops them and all that was made over them. checkpoint() freezes the pending map and
 * writes it to the store with `meta` as of its last commit; until it succeeds reads find the rows in
 * the frozen map. Reads go overlay, sealed, pending, frozen, cache of rows read, store.
 *
 * Invariants: the store holds only committed rows (E1); overlay and sealed rows are never written to
 * it; a failed checkpoint loses nothing (its rows stay frozen and the next one takes them along).
 *
 * Every layer, the cache too, holds rows as encoded bytes and none holds decoded objects: a row
 * decodes in about 0.1 µs, far below what a second representation would cost in memory and in
 * keeping it coherent.
 *
 * Thread: one, but for state_checkpoint_write(), which may run on another between begin and end, and
 * the rows that state_seal() gave, which another may read until commit or abort.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "store/store.h"

struct state;

struct state_limits {
    size_t cache_bytes;      /* rows read from the store and kept; 0: none */
    size_t checkpoint_bytes; /* pending bytes that make a checkpoint due */
    int64_t checkpoint_ms;   /* age of the oldest pending row that makes one due */
};

/* The key under which `meta` lies in the store; no other row may have it. */
#define STATE_META_KEY "m"

/* Takes the store over, also on failure: state_close() closes it. Reads the stored meta, if any. */
MUST_CHECK enum status state_open(struct store *store, const struct state_limits *limits,
                                  struct state **state_out, struct error *error);
/* From now on; what is cached beyond leaves with the next row that comes. */
void state_limit(struct state *state, const struct state_limits *limits);
/* The store is not only filled from here on (store.h). */
MUST_CHECK enum status state_start_compaction(struct state *state, struct error *error);
/* Without a checkpoint: what is pending is left to the changelog. Not while a checkpoint is being
 * written. NULL is legal. */
void state_close(struct state *state);

/* Meta as of the last checkpoint in the store; data NULL if the store is new. Borrowed until the
 * next checkpoint ends. */
struct bytes state_stored_meta(const struct state *state);

/* `value_out` is borrowed until the next call on this state; value_out->data NULL: absent. */
MUST_CHECK enum status state_get(struct state *state, struct bytes key, struct bytes *value_out,
                                 struct error *error);

/* The overlay copies key and value. Removing an absent key is legal. */
void state_put(struct state *state, struct bytes key, struct bytes value);
void state_remove(struct state *state, struct bytes key);

/* Bytes of keys and values in the overlay. */
size_t state_dirty_bytes(const struct state *state);
/* Ends the making of a transaction: the rows of the overlay in key order (value.data NULL: removed),
 * for the changelog. Borrowed until commit or abort; changes from now on are of the next transaction.
 * One is sealed at a time. */
size_t state_seal(struct state *state, const struct row **rows_out);

/* The sealed rows become pending; where nothing is sealed, the overlay is first. `meta` (copied, not
 * empty) is the meta of this commit. */
void state_commit(struct state *state, struct bytes meta, int64_t now_monotonic_ms);
/* Drops the sealed rows and the overlay. */
void state_abort(struct state *state);
/* Rows of a restored changelog go straight to pending; value.data NULL removes. A state_commit()
 * whose meta says how far they go must come before a checkpoint of a store without meta. */
void state_restore(struct state *state, struct bytes key, struct bytes value,
                   int64_t now_monotonic_ms);
/* Of the pending rows and their places in memory. */
size_t state_pending_bytes(const struct state *state);

/* Called for a pending row: `before` is its value under all that is pending; data NULL: absent. It may put
 * and remove rows, which go to the overlay. */
typedef enum status state_change(void *context, struct bytes key, struct bytes before,
                                 struct bytes value, struct error *error);
/* Looks at the next `slots` places of the pending map from *place (0 at first) on and calls `change` for the
 * rows whose keys begin with `first`. *end_out: that was the last one. Nothing may be restored or committed
 * before. */
MUST_CHECK enum status state_restored(struct state *state, char first, size_t *place, size_t slots,
                                      state_change *change, void *context, bool *end_out,
                                      struct error *error);

/* Visits the rows with this prefix and key >= from in key order, as of now: overlay included. At
 * most `limit` rows; `visit` may stop earlier, and may get rows but change none. The first scan of
 * a prefix puts the rows of its first byte in order, which later changes of such rows keep up. */
MUST_CHECK enum status state_scan(struct state *state, struct bytes prefix, struct bytes from,
                                  size_t limit, store_visit *visit, void *context,
                                  struct error *error);

/* The same of the rows that the store has, as of its last checkpoint, whatever hides them; `visit` may put and
 * remove rows. Nothing is put in order for it. */
MUST_CHECK enum status state_stored_rows(struct state *state, struct bytes prefix, struct bytes from,
                                         store_visit *visit, void *context, struct error *error);

/* Bytes held in memory by every layer. The rows of a finished checkpoint leave for the cache with
 * the commits after it and count until then. */
size_t state_memory(const struct state *state);
/* Lets go now: the rows of the last finished checkpoint, what is cached beyond the limit, and room kept for the
 * next transaction. Values that were got before are not valid any more. */
void state_trim(struct state *state);
/* Lets all that is cached go. */
void state_forget_cache(struct state *state);

/* Whether pending rows are old or large enough for a checkpoint and none is running; also after
 * many times checkpoint_ms of commits without rows. */
bool state_checkpoint_due(const struct state *state, int64_t now_monotonic_ms);
/* begin: freezes pending. write: the slow part, on any one thread. end: on the state's thread
 * again. A failed write leaves the rows frozen; its status is returned by end. */
void state_checkpoint_begin(struct state *state);
/* Between begin and end. */
bool state_checkpoint_running(const struct state *state);
void state_checkpoint_write(struct state *state);
MUST_CHECK enum status state_checkpoint_end(struct state *state, struct error *error);
/* All three, on this thread; nothing to write is STATUS_OK. */
MUST_CHECK enum status state_checkpoint(struct state *state, struct error *error);

#endif
