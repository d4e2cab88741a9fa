/* The file of the record in hand.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/crash.h"

#include "base/buffer.h"
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x3130687361726373) /* "scrash01" */

/* In the byte order of the machine: the file never leaves its disk. A file of zeros is a new one. */
struct crash_file {
    uint64_t magic;
    uint64_t in_hand; /* 0: nothing; 1: the record below */
    uint64_t topic;
    int64_t offset;
    uint64_t last_topic; /* of the last crash */
    int64_t last_offset;
    uint64_t crashes; /* there, in a row */
};

struct crash_watch {
    volatile struct crash_file *file; /* each store is made, and in this order */
};

static void count(volatile struct crash_file *file)
{
    if (file->in_hand == 0) {
        return;
    }
    const bool again = file->crashes > 0 && file->last_topic == file->topic &&
                       file->last_offset == file->offset;
    file->crashes = again ? file->crashes + 1 : 1;
    file->last_topic = file->topic;
    file->last_offset = file->offset;
}

static enum status map(int handle, const char *path, struct crash_watch **watch_out,
                       struct error *error)
{
    /* Room for it now, or a full disk would end the process at a store later. */
    const int failure = posix_fallocate(handle, 0, sizeof(struct crash_file));
    void *memory = failure != 0 ? MAP_FAILED
                                : mmap(NULL, sizeof(struct crash_file), PROT_READ | PROT_WRITE,
                                       MAP_SHARED, handle, 0);
    if (memory == MAP_FAILED) {
        return error_set(error, STATUS_FATAL, "cannot use '%s': %s", path,
                         strerror(failure != 0 ? failure : errno));
    }
    struct crash_watch *watch = memory_get(sizeof(*watch));
    watch->file = memory;
    *watch_out = watch;
    return STATUS_OK;
}

enum status crash_watch_open(const char *path, struct crash_watch **watch_out,
                             uint32_t *crashes_out, struct error *error)
{
    const int handle = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (handle < 0) {
        return error_set(error, STATUS_FATAL, "cannot open '%s': %s", path, strerror(errno));
    }
    struct crash_watch *watch = NULL;
    const enum status status = map(handle, path, &watch, error);
    close(handle);
    TRY(status);
    volatile struct crash_file *file = watch->file;
    *crashes_out = 0;
    if (file->magic == MAGIC) {
        const bool crashed = file->in_hand != 0;
        count(file);
        *crashes_out = crashed ? (uint32_t)file->crashes : 0;
    } else { /* new, or nothing that we wrote */
        file->crashes = 0;
    }
    file->in_hand = 0;
    file->magic = MAGIC;
    *watch_out = watch;
    return STATUS_OK;
}

void crash_watch_close(struct crash_watch *watch)
{
    if (watch != NULL) {
        crash_leave(watch);
        munmap((void *)(uintptr_t)watch->file, sizeof(struct crash_file));
        free(watch);
    }
}

uint64_t crash_topic(const char *name)
{
    uint8_t hash[DIGEST_SIZE];
    uint64_t topic = 0;
    const struct bytes text = bytes_text(name);
    digest_sha256(&text, 1, hash);
    memcpy(&topic, hash, sizeof(topic));
    return topic;
}

void crash_enter(struct crash_watch *watch, uint64_t topic, int64_t offset)
{
    if (watch != NULL) {
        watch->file->topic = topic;
        watch->file->offset = offset;
        watch->file->in_hand = 1;
    }
}

void crash_leave(struct crash_watch *watch)
{
    if (watch != NULL) {
        watch->file->in_hand = 0;
    }
}

bool crash_is_quarantined(const struct crash_watch *watch, uint64_t topic, int64_t offset)
{
    return watch != NULL && watch->file->crashes >= CRASHES_MAX &&
           watch->file->last_topic == topic && watch->file->last_offset == offset;
}
