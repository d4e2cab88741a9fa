/* The workers' disks: stores that outlive their process, by path.
 *
 * A checkpoint is taken in whole or not at all, also by a kill in the midst of it. A killed worker may find its
 * directory as it was one checkpoint before, or gone.
 *
 * Stands in for store_open_rocksdb() of src/store, and for mkdir() and rename() under the linker's --wrap.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "store/store.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct disk {
    struct disk *next;
    char path[96];
    struct store *rows;
    const struct worker *worker; /* that has it open; NULL: none */
    unsigned life;
    struct row *undo; /* the rows that the last checkpoint wrote over */
    size_t undo_count;
};

struct disk_store {
    struct store store;
    struct disk *disk;
};

static const struct store_ops disk_ops;

static struct disk *disk_find(const char *path)
{
    struct disk *disk = world->disks;
    while (disk != NULL && strcmp(disk->path, path) != 0) {
        disk = disk->next;
    }
    return disk;
}

static struct disk *disk_get(const char *path)
{
    struct disk *disk = disk_find(path);
    if (disk == NULL) {
        disk = memory_get(sizeof(*disk));
        *disk = (struct disk){.next = world->disks, .rows = store_open_memory()};
        snprintf(disk->path, sizeof(disk->path), "%s", path);
        world->disks = disk;
    }
    return disk;
}

enum status store_open_rocksdb(const char *directory, struct store_memory *memory,
                               struct store **store_out, struct error *error)
{
    (void)memory;
    struct disk *disk = disk_get(directory);
    if (disk->worker != NULL && disk->worker->alive && disk->worker->life == disk->life) {
        return error_set(error, STATUS_FATAL, "store '%s' is in use", directory);
    }
    disk->worker = worker_in_hand();
    disk->life = disk->worker == NULL ? 0 : disk->worker->life;
    struct disk_store *store = memory_get(sizeof(*store));
    *store = (struct disk_store){.store = {.ops = &disk_ops}, .disk = disk};
    *store_out = &store->store;
    return STATUS_OK;
}

static struct disk *disk_of(struct store *store)
{
    return ((struct disk_store *)(void *)store)->disk;
}

static enum status disk_read(struct store *store, struct bytes key, struct buffer *value,
                             bool *found_out, struct error *error)
{
    if (fault_strikes(FAULT_STORE_READ)) {
        return error_set(error, STATUS_FATAL, "cannot read store: checksum");
    }
    struct store *rows = disk_of(store)->rows;
    return rows->ops->get(rows, key, value, found_out, error);
}

static enum status disk_scan(struct store *store, struct bytes prefix, struct bytes from,
                             store_visit *visit, void *context, struct error *error)
{
    if (fault_strikes(FAULT_STORE_READ)) {
        return error_set(error, STATUS_FATAL, "cannot scan store: checksum");
    }
    struct store *rows = disk_of(store)->rows;
    return rows->ops->scan(rows, prefix, from, visit, context, error);
}

static struct bytes keep(struct bytes value)
{
    uint8_t *kept = memory_get(value.size + 1);
    memcpy(kept, value.data, value.size);
    return bytes_of(kept, value.size);
}

/* Keeps what the rows are about to replace. */
static void undo_keep(struct disk *disk, const struct row *rows, size_t count)
{
    disk->undo = memory_get((count + 1) * sizeof(*disk->undo));
    disk->undo_count = count;
    for (size_t i = 0; i < count; i++) {
        struct buffer value = {0};
        bool found = false;
        const enum status status =
            disk->rows->ops->get(disk->rows, rows[i].key, &value, &found, NULL);
        ASSERT(status == STATUS_OK);
        disk->undo[i].key = keep(rows[i].key);
        disk->undo[i].value = found ? keep(buffer_bytes(&value)) : bytes_of(NULL, 0);
        buffer_release(&value);
    }
}

static enum status disk_checkpoint(struct store *store, const struct row *rows, size_t count,
                                   struct error *error)
{
    step();
    if (fault_strikes(FAULT_STORE_WRITE)) {
        return error_set(error, STATUS_FATAL, "cannot write checkpoint: no space left");
    }
    struct disk *disk = disk_of(store);
    undo_keep(disk, rows, count);
    trace("checkpoint", (int64_t)count, 0, 0);
    TRY(disk->rows->ops->checkpoint(disk->rows, rows, count, error));
    step();
    return STATUS_OK;
}

static size_t disk_memory(struct store *store)
{
    (void)store;
    return 0;
}

static void disk_close(struct store *store)
{
    disk_of(store)->worker = NULL;
    free(store);
}

static const struct store_ops disk_ops = {.get = disk_read,
                                          .scan = disk_scan,
                                          .checkpoint = disk_checkpoint,
                                          .memory = disk_memory,
                                          .close = disk_close};

void disk_lose(const struct worker *worker, bool all)
{
    const size_t size = strlen(worker->state_dir);
    for (struct disk *disk = world->disks; disk != NULL; disk = disk->next) {
        if (strncmp(disk->path, worker->state_dir, size) != 0 || disk->path[size] != '/') {
            continue;
        }
        if (all) {
            disk->rows = store_open_memory();
        } else if (disk->undo_count > 0) {
            const enum status status =
                disk->rows->ops->checkpoint(disk->rows, disk->undo, disk->undo_count, NULL);
            ASSERT(status == STATUS_OK);
        }
        disk->undo_count = 0;
    }
}

int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    (void)path;
    (void)mode;
    return 0;
}

int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    struct disk *disk = disk_get(from);
    snprintf(disk->path, sizeof(disk->path), "%s", to);
    return 0;
}
