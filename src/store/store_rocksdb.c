/* Rows in RocksDB, written by sorted files that it takes in whole.
 *
 * A checkpoint is one SST file, meta included: it is written and synced beside the store, then
 * ingested, which links it in, syncs the directory and commits it with one record in the MANIFEST.
 * Nothing goes through memtable or write-ahead log. After a kill the store therefore has the file
 * or has it not, and a disk that is full fails the file, not the store.
 *
 * Every read verifies checksums, and every error of RocksDB becomes STATUS_FATAL with what to do.
 *
 * Thread: RocksDB allows reads beside a checkpoint; each checkpoint has a writer of its own.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "store/key_range.h"
#include "store/store.h"
#include "store/store_directory.h"

#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>

#define OWN_CACHE_BYTES ((size_t)8 << 20)
#define BLOCK_BYTES ((size_t)4096)
#define FILTER_BITS 10
/* Files of 6 cannot be read by RocksDB 7: a directory could not go back to Debian 12. */
#define FORMAT_VERSION 5
/* Each checkpoint spans all keys, so that a compaction of level 0 rewrites the next level whole.
 * Waiting for 16 files instead of 8 took a quarter off the CPU of a changed row and cost gets
 * nothing to speak of: one bloom probe a file. Writes never stall on their number, for none goes
 * through the memtable. */
#define LEVEL0_FILES 16
/* While it is filled: more would cost memory, an open file each, and the pass over them. */
#define LEVEL0_FILES_FILLED 128

struct store_memory {
    rocksdb_cache_t *cache;
};

struct rocksdb_store {
    struct store store;
    rocksdb_t *database;
    struct store_memory *own_memory; /* NULL: the process' */
    rocksdb_options_t *options;
    rocksdb_options_t *file_options; /* of checkpoint files */
    rocksdb_readoptions_t *read_options;
    rocksdb_envoptions_t *file_environment;
    rocksdb_ingestexternalfileoptions_t *ingest_options;
    char *directory;
    char *checkpoint_path;
    bool filling; /* compaction has not started */
};

static const struct store_ops rocksdb_ops;

struct store_memory *store_memory_new(size_t block_cache_bytes)
{
    struct store_memory *memory = memory_get(sizeof(*memory));
    memory->cache = rocksdb_cache_create_lru(block_cache_bytes);
    return memory;
}

void store_memory_free(struct store_memory *memory)
{
    if (memory != NULL) {
        rocksdb_cache_destroy(memory->cache);
        free(memory);
    }
}

/* RocksDB gives texts, not codes. */
static const char *advice_of(const char *text)
{
    static const struct {
        const char *part;
        const char *advice;
    } advices[] = {
        {"While lock file", "it is in use by another process; stop that one first"},
        {"lock hold by", "it is in use by this process already"},
        {"No space left", "free space and start again; nothing is lost"},
        {"quota exceeded", "free space and start again; nothing is lost"},
        {"File too large", "raise the limit of file sizes and start again; nothing is lost"},
        {"Too many open files", "raise the limit of open files and start again; nothing is lost"},
        {"Permission denied", "make it readable and writable for this user"},
        {"Corruption", "move the directory away; it is rebuilt from the changelog"},
        {"No such file", "move the directory away; it is rebuilt from the changelog"},
        {"IO error", "check the disk, free space and start again; nothing is lost"},
    };
    for (size_t i = 0; i < COUNT_OF(advices); i++) {
        if (strstr(text, advices[i].part) != NULL) {
            return advices[i].advice;
        }
    }
    return "move the directory away; it is rebuilt from the changelog";
}

/* What every call of RocksDB that can fail goes through. `failure` is freed. */
static enum status outcome(const char *what, const char *directory, char *failure,
                           struct error *error)
{
    if (failure == NULL) {
        return STATUS_OK;
    }
    const enum status status = error_set(error, STATUS_FATAL, "cannot %s store '%s': %s: %.240s",
                                         what, directory, advice_of(failure), failure);
    rocksdb_free(failure);
    return status;
}

static void set_tables(rocksdb_options_t *options, rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *tables = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(tables, cache);
    rocksdb_block_based_options_set_block_size(tables, BLOCK_BYTES);
    rocksdb_block_based_options_set_format_version(tables, FORMAT_VERSION);
    rocksdb_block_based_options_set_filter_policy(
        tables, rocksdb_filterpolicy_create_bloom_full(FILTER_BITS)); /* owned by it */
    rocksdb_block_based_options_set_data_block_index_type(
        tables, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 0);
    rocksdb_options_set_block_based_table_factory(options, tables);
    rocksdb_block_based_options_destroy(tables);
}

static rocksdb_options_t *table_options_new(rocksdb_cache_t *cache)
{
    rocksdb_options_t *options = rocksdb_options_create();
    set_tables(options, cache);
    /* At the bottom too: zstd there doubled the CPU of a changed row for a few percent of space. */
    rocksdb_options_set_compression(options, rocksdb_lz4_compression);
    rocksdb_options_set_paranoid_checks(options, 1);
    return options;
}

static rocksdb_options_t *options_new(rocksdb_cache_t *cache, bool filling)
{
    rocksdb_options_t *options = table_options_new(cache);
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    rocksdb_options_set_level0_file_num_compaction_trigger(options, filling ? LEVEL0_FILES_FILLED
                                                                            : LEVEL0_FILES);
    rocksdb_options_set_level0_slowdown_writes_trigger(options, LEVEL0_FILES_FILLED);
    rocksdb_options_set_level0_stop_writes_trigger(options, LEVEL0_FILES_FILLED);
    rocksdb_options_compaction_readahead_size(options, 0); /* RocksDB 9 would hold 2 MB of every file */
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_write_buffer_size(options, (size_t)64 << 10); /* never written to */
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_info_log_level(options, 2); /* warnings */
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_max_log_file_size(options, (size_t)1 << 20);
    rocksdb_options_set_max_manifest_file_size(options, (size_t)4 << 20);
    return options;
}

static struct rocksdb_store *rocksdb_store_new(const char *directory, struct store_memory *memory)
{
    struct rocksdb_store *rocksdb = memory_get(sizeof(*rocksdb));
    *rocksdb = (struct rocksdb_store){.store = {.ops = &rocksdb_ops}};
    if (memory == NULL) {
        memory = store_memory_new(OWN_CACHE_BYTES);
        rocksdb->own_memory = memory;
    }
    rocksdb->filling = store_directory_is_new(directory);
    rocksdb->options = options_new(memory->cache, rocksdb->filling);
    rocksdb->file_options = table_options_new(memory->cache);
    rocksdb->read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(rocksdb->read_options, 1);
    rocksdb->file_environment = rocksdb_envoptions_create();
    rocksdb->ingest_options = rocksdb_ingestexternalfileoptions_create();
    rocksdb_ingestexternalfileoptions_set_move_files(rocksdb->ingest_options, 1);
    rocksdb->directory = memory_text(directory);
    rocksdb->checkpoint_path = store_directory_checkpoint(directory);
    return rocksdb;
}

/* Also a store that never opened. */
static void rocksdb_store_free(struct rocksdb_store *rocksdb)
{
    if (rocksdb->database != NULL) {
        rocksdb_close(rocksdb->database);
    }
    rocksdb_ingestexternalfileoptions_destroy(rocksdb->ingest_options);
    rocksdb_envoptions_destroy(rocksdb->file_environment);
    rocksdb_readoptions_destroy(rocksdb->read_options);
    rocksdb_options_destroy(rocksdb->file_options);
    rocksdb_options_destroy(rocksdb->options);
    store_memory_free(rocksdb->own_memory);
    free(rocksdb->directory);
    free(rocksdb->checkpoint_path);
    free(rocksdb);
}

static enum status open_database(struct rocksdb_store *rocksdb, struct error *error)
{
    char *failure = NULL;
    rocksdb->database = rocksdb_open(rocksdb->options, rocksdb->directory, &failure);
    TRY(outcome("open", rocksdb->directory, failure, error));
    return store_directory_clean(rocksdb->directory, error); /* only now: the lock is held */
}

enum status store_open_rocksdb(const char *directory, struct store_memory *memory,
                               struct store **store_out, struct error *error)
{
    TRY(store_directory_check(directory, error));
    struct rocksdb_store *rocksdb = rocksdb_store_new(directory, memory);
    const enum status status = open_database(rocksdb, error);
    if (status != STATUS_OK) {
        rocksdb_store_free(rocksdb);
        return status;
    }
    *store_out = &rocksdb->store;
    return STATUS_OK;
}

static struct rocksdb_store *rocksdb_of(struct store *store)
{
    ASSERT(store->ops == &rocksdb_ops);
    return (struct rocksdb_store *)store;
}

/* RocksDB's bytes are char. */
static const char *text_of(struct bytes value)
{
    return value.size > 0 ? (const char *)value.data : "";
}

static enum status rocksdb_store_get(struct store *store, struct bytes key, struct buffer *value,
                                     bool *found_out, struct error *error)
{
    struct rocksdb_store *rocksdb = rocksdb_of(store);
    char *failure = NULL;
    rocksdb_pinnableslice_t *slice = rocksdb_get_pinned(rocksdb->database, rocksdb->read_options,
                                                        text_of(key), key.size, &failure);
    TRY(outcome("read", rocksdb->directory, failure, error));
    if (slice != NULL) {
        size_t size = 0;
        const char *data = rocksdb_pinnableslice_value(slice, &size);
        buffer_append(value, bytes_of(data, size));
        rocksdb_pinnableslice_destroy(slice);
    }
    *found_out = slice != NULL;
    return STATUS_OK;
}

/* The least key above all with this prefix; false: there is none. */
static bool key_range_end(struct bytes prefix, struct buffer *end)
{
    size_t size = prefix.size;
    while (size > 0 && prefix.data[size - 1] == UINT8_MAX) {
        size--;
    }
    if (size > 0) {
        buffer_append(end, bytes_of(prefix.data, size));
        end->data[size - 1]++;
    }
    return size > 0;
}

/* The status of the iterator is asked at the end: one that hits a bad block ends early. */
static enum status walk(struct rocksdb_store *rocksdb, rocksdb_iterator_t *iterator,
                        struct bytes start, store_visit *visit, void *context, struct error *error)
{
    rocksdb_iter_seek(iterator, text_of(start), start.size);
    while (rocksdb_iter_valid(iterator)) {
        size_t key_size = 0;
        size_t value_size = 0;
        const char *key = rocksdb_iter_key(iterator, &key_size);
        const char *value = rocksdb_iter_value(iterator, &value_size);
        if (!visit(context, bytes_of(key, key_size), bytes_of(value, value_size))) {
            return STATUS_OK;
        }
        rocksdb_iter_next(iterator);
    }
    char *failure = NULL;
    rocksdb_iter_get_error(iterator, &failure);
    return outcome("read", rocksdb->directory, failure, error);
}

static enum status rocksdb_store_scan(struct store *store, struct bytes prefix, struct bytes from,
                                      store_visit *visit, void *context, struct error *error)
{
    struct rocksdb_store *rocksdb = rocksdb_of(store);
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(options, 1);
    struct buffer end = {0};
    if (key_range_end(prefix, &end)) {
        rocksdb_readoptions_set_iterate_upper_bound(options, (const char *)end.data, end.size);
    }
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(rocksdb->database, options);
    const enum status status =
        walk(rocksdb, iterator, key_range_start(prefix, from), visit, context, error);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    buffer_release(&end);
    return status;
}

/* Finishing syncs the file. */
static char *write_file(struct rocksdb_store *rocksdb, rocksdb_sstfilewriter_t *writer,
                        const struct row *rows, size_t count)
{
    char *failure = NULL;
    rocksdb_sstfilewriter_open(writer, rocksdb->checkpoint_path, &failure);
    for (size_t i = 0; failure == NULL && i < count; i++) {
        const struct row *row = &rows[i];
        if (row->value.data == NULL) {
            rocksdb_sstfilewriter_delete(writer, text_of(row->key), row->key.size, &failure);
        } else {
            rocksdb_sstfilewriter_put(writer, text_of(row->key), row->key.size, text_of(row->value),
                                      row->value.size, &failure);
        }
    }
    if (failure == NULL) {
        rocksdb_sstfilewriter_finish(writer, &failure);
    }
    return failure;
}

static enum status rocksdb_store_checkpoint(struct store *store, const struct row *rows,
                                            size_t count, struct error *error)
{
    struct rocksdb_store *rocksdb = rocksdb_of(store);
    if (count == 0) {
        return STATUS_OK;
    }
    TRY(store_directory_remove(rocksdb->checkpoint_path, error));
    rocksdb_sstfilewriter_t *writer =
        rocksdb_sstfilewriter_create(rocksdb->file_environment, rocksdb->file_options);
    char *failure = write_file(rocksdb, writer, rows, count);
    rocksdb_sstfilewriter_destroy(writer);
    if (failure == NULL) {
        const char *const files[] = {rocksdb->checkpoint_path};
        rocksdb_ingest_external_file(rocksdb->database, files, 1, rocksdb->ingest_options,
                                     &failure);
    }
    if (failure != NULL) {
        /* Its space may be what is missing. Should this fail too, the next open tries again. */
        const enum status removed = store_directory_remove(rocksdb->checkpoint_path, NULL);
        (void)removed;
    }
    return outcome("write", rocksdb->directory, failure, error);
}

static enum status rocksdb_store_start_compaction(struct store *store, struct error *error)
{
    struct rocksdb_store *rocksdb = rocksdb_of(store);
    const char *const names[] = {"level0_file_num_compaction_trigger"};
    char files[16];
    const char *const values[] = {files};
    char *failure = NULL;
    if (!rocksdb->filling) {
        return STATUS_OK;
    }
    rocksdb->filling = false;
    snprintf(files, sizeof(files), "%d", LEVEL0_FILES);
    rocksdb_set_options(rocksdb->database, COUNT_OF(names), names, values, &failure);
    return outcome("open", rocksdb->directory, failure, error);
}

static size_t rocksdb_store_memory(struct store *store)
{
    struct rocksdb_store *rocksdb = rocksdb_of(store);
    static const char *const properties[] = {"rocksdb.estimate-table-readers-mem",
                                             "rocksdb.cur-size-all-mem-tables"};
    size_t sum = sizeof(*rocksdb) + (rocksdb->own_memory != NULL ? OWN_CACHE_BYTES : 0);
    for (size_t i = 0; i < COUNT_OF(properties); i++) {
        uint64_t size = 0;
        sum += rocksdb_property_int(rocksdb->database, properties[i], &size) == 0 ? size : 0;
    }
    return sum;
}

static void rocksdb_store_close(struct store *store)
{
    rocksdb_store_free(rocksdb_of(store));
}

static const struct store_ops rocksdb_ops = {
    .get = rocksdb_store_get,
    .scan = rocksdb_store_scan,
    .checkpoint = rocksdb_store_checkpoint,
    .start_compaction = rocksdb_store_start_compaction,
    .memory = rocksdb_store_memory,
    .close = rocksdb_store_close,
};
