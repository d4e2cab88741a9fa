/* store: the rows of one task behind a vtable: RocksDB, memory, failing.
 *
 * A store is only ever written by whole checkpoints (design.md 6, Store; exactly-once.md 1): rows
 * in key order with the task's meta as one of them, taken in atomically. After a crash it holds
 * exactly one earlier checkpoint. Every failure is a status: an ignored one would read as "no
 * violations".
 *
 * Thread: get, scan and start_compaction from one thread at a time, a checkpoint may run beside them from
 * another.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/* One row of a checkpoint; value.data NULL deletes the key. */
struct row {
    struct bytes key;
    struct bytes value;
};

/* Called for each row of a scan in key order; false ends the scan. The bytes are borrowed for the
 * call. */
typedef bool store_visit(void *context, struct bytes key, struct bytes value);

struct store;

struct store_ops {
    /* Appends the value of `key` to `value` (a cleared buffer) if present. */
    enum status (*get)(struct store *store, struct bytes key, struct buffer *value, bool *found_out,
                       struct error *error);
    /* Rows with key >= from and starting with `prefix`, in key order. */
    enum status (*scan)(struct store *store, struct bytes prefix, struct bytes from,
                        store_visit *visit, void *context, struct error *error);
    /* Takes in `rows` (strictly ascending keys) atomically: all or, on failure, none. */
    enum status (*checkpoint)(struct store *store, const struct row *rows, size_t count,
                              struct error *error);
    /* A store that was made anew is filled: from now on the files of checkpoints are merged every few. Before,
     * while a state is read from nothing, what is merged would be merged over and over. Legal at any time; NULL:
     * no files. */
    enum status (*start_compaction)(struct store *store, struct error *error);
    /* Bytes of memory the store holds that are not shared with others. */
    size_t (*memory)(struct store *store);
    void (*close)(struct store *store);
};

/* The first member of each implementation. */
struct store {
    const struct store_ops *ops;
};

/* NULL is legal. */
static inline void store_close(struct store *store)
{
    if (store != NULL) {
        store->ops->close(store);
    }
}

/* Memory that all RocksDB stores of a process share: one block cache. */
struct store_memory;
struct store_memory *store_memory_new(size_t block_cache_bytes);
void store_memory_free(struct store_memory *memory);

/* Opens (creates) the RocksDB store in `directory`, takes its lock and removes the files of an
 * unfinished checkpoint. STATUS_FATAL: in use by another process, corrupt, or the disk failed; the
 * text says which and what to do. `memory` may be NULL (own small cache) and must outlive the
 * store. */
MUST_CHECK enum status store_open_rocksdb(const char *directory, struct store_memory *memory,
                                          struct store **store_out, struct error *error);

/* Rows in memory only, for `--embedded :memory:` and tests. */
struct store *store_open_memory(void);

/* For tests: passes every call on to `inner` (taken over, closed with it) except call number `nth`
 * (from 1, counting get, scan and checkpoint together), which fails once with STATUS_FATAL. 0:
 * none. */
struct store *store_open_failing(struct store *inner, unsigned nth);
/* Calls made so far. */
unsigned store_failing_calls(const struct store *store);

#endif
