/* The journal: checksummed blocks one after the other in segments.
 *
 * A segment of a directory is a file that is mapped for reading beyond its end and written with
 * pwrite(2): a block appears in the mapping as soon as it is written. A block that nothing good
 * follows in the last segment never happened (the process was killed inside the write); any other
 * bad byte is damage, and the log refuses.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE /* madvise(2): POSIX has none that drops pages */

#include "base/assert.h"
#include "base/digest.h"
#include "stream/log_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_MAGIC UINT32_C(0x6b6c6273)         /* "sblk" */
#define SEGMENT_MAGIC UINT64_C(0x676f6c6e6f6974) /* "tionlog" */
#define SEGMENT_DIGITS 20
#define MEMORY_SEGMENT_SIZE ((size_t)1 << 20)

static enum status segment_add(struct journal *journal, size_t size_min, struct error *error);
static enum status segment_load(struct journal *journal, uint64_t first, bool last,
                                journal_visit *visit, void *context, struct error *error);
static enum status names_list(const char *directory, uint64_t **firsts_out, size_t *count_out,
                              struct error *error);
static enum status segment_write(struct journal *journal, struct segment *segment,
                                 struct bytes block, struct error *error);
static uint64_t header_hash(const struct journal *journal, const uint8_t *header);
static void segment_release(struct segment *segment, bool mapped);

enum status journal_load(struct journal *journal, journal_visit *visit, void *context,
                         struct error *error)
{
    uint64_t *firsts = NULL;
    size_t count = 0;
    TRY(names_list(journal->directory, &firsts, &count, error));
    enum status status = STATUS_OK;
    if (count == 0) {
        status = error_set(error, STATUS_FATAL,
                           "log '%s' has no segments any more: restore the directory from a copy",
                           journal->directory);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = segment_load(journal, firsts[i], i + 1 == count, visit, context, error);
    }
    free(firsts);
    return status;
}

enum status journal_start(struct journal *journal, struct error *error)
{
    ASSERT(journal->segment_count == 0);
    journal->next_sequence = 1;
    return segment_add(journal, 0, error);
}

enum status journal_append(struct journal *journal, struct buffer *block, struct bytes *payload_out,
                           struct error *error)
{
    const size_t payload_size = block->size - BLOCK_HEADER_SIZE;
    ASSERT(block->size > BLOCK_HEADER_SIZE && payload_size <= BLOCK_PAYLOAD_MAX);
    if (journal->failed) {
        return error_set(error, STATUS_FATAL,
                         "cannot write to log '%s': an earlier write failed; start again",
                         journal->directory);
    }
    const struct segment *last = &journal->segments[journal->segment_count - 1];
    if (last->mapped - last->size < block->size) {
        TRY(segment_add(journal, block->size, error));
    }
    struct segment *segment = &journal->segments[journal->segment_count - 1];
    u32_put(block->data, BLOCK_MAGIC);
    u32_put(block->data + 4, (uint32_t)payload_size);
    u64_put(block->data + 8, journal->next_sequence);
    if (journal->directory != NULL) {
        u64_put(block->data + 16, hash64(bytes_of(block->data + BLOCK_HEADER_SIZE, payload_size)));
        u64_put(block->data + 24, header_hash(journal, block->data));
        TRY(segment_write(journal, segment, buffer_bytes(block), error));
    } else {
        memcpy(segment->memory + segment->size, block->data, block->size);
    }
    *payload_out = bytes_of(segment->memory + segment->size + BLOCK_HEADER_SIZE, payload_size);
    segment->size += block->size;
    journal->next_sequence++;
    return STATUS_OK;
}

void journal_forget(struct journal *journal)
{
    journal->read_size = 0;
    for (size_t i = 0; journal->directory != NULL && i < journal->segment_count; i++) {
        const struct segment *segment = &journal->segments[i];
        const int done = madvise(segment->memory, segment->size, MADV_DONTNEED);
        (void)done; /* it is only advice */
    }
}

void journal_release(struct journal *journal)
{
    for (size_t i = 0; i < journal->segment_count; i++) {
        segment_release(&journal->segments[i], journal->directory != NULL);
    }
    free(journal->segments);
    free(journal->directory);
    *journal = (struct journal){0};
}

static void segment_release(struct segment *segment, bool mapped)
{
    if (segment->memory != NULL && mapped) {
        munmap(segment->memory, segment->mapped);
    } else {
        free(segment->memory);
    }
    if (segment->file >= 0) {
        close(segment->file);
    }
    *segment = (struct segment){.file = -1};
}

/* The hash over the first 24 bytes of a block's or segment's header, and the seed. */
static uint64_t header_hash(const struct journal *journal, const uint8_t *header)
{
    uint8_t text[32];
    memcpy(text, header, 24);
    u64_put(text + 24, journal->seed);
    return hash64(bytes_of(text, sizeof(text)));
}

static void segment_path(const struct journal *journal, uint64_t first, struct buffer *path)
{
    buffer_clear(path);
    buffer_printf(path, "%s/%0*llu.log", journal->directory, SEGMENT_DIGITS,
                  (unsigned long long)first);
}

static struct segment *segment_push(struct journal *journal)
{
    journal->segments =
        memory_resize(journal->segments, (journal->segment_count + 1) * sizeof(*journal->segments));
    struct segment *segment = &journal->segments[journal->segment_count++];
    *segment = (struct segment){.file = -1};
    return segment;
}

static enum status segment_fail(struct journal *journal, const char *verb, uint64_t first,
                                int number, struct error *error)
{
    return error_set(error, STATUS_FATAL, "cannot %s segment %llu of log '%s': %s%s", verb,
                     (unsigned long long)first, journal->directory, failure_text(number),
                     number == ENOSPC || number == EDQUOT || number == EFBIG
                         ? "; free space and start again, nothing is lost"
                         : "");
}

static enum status segment_map(struct journal *journal, struct segment *segment, uint64_t first,
                               struct error *error)
{
    void *memory = mmap(NULL, segment->mapped, PROT_READ, MAP_SHARED, segment->file, 0);
    if (memory == MAP_FAILED) {
        return segment_fail(journal, "map", first, errno, error);
    }
    segment->memory = memory;
    return STATUS_OK;
}

/* All of `data` at `at`, or a failure. */
static bool write_whole(int file, struct bytes data, size_t at)
{
    size_t done = 0;
    while (done < data.size) {
        const ssize_t size = pwrite(file, data.data + done, data.size - done, (off_t)(at + done));
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {
            errno = size == 0 ? ENOSPC : errno;
            return false;
        }
        done += (size_t)size;
    }
    return true;
}

static enum status segment_write_header(struct journal *journal, struct segment *segment,
                                        uint64_t first, struct error *error)
{
    uint8_t header[SEGMENT_HEADER_SIZE] = {0};
    u64_put(header, SEGMENT_MAGIC);
    u32_put(header + 8, LOG_FORMAT);
    u64_put(header + 16, first);
    u64_put(header + 24, header_hash(journal, header));
    if (!write_whole(segment->file, bytes_of(header, sizeof(header)), 0) ||
        (journal->sync && (fsync(segment->file) != 0 || !folder_sync(journal->directory)))) {
        return segment_fail(journal, "write", first, errno, error);
    }
    segment->size = SEGMENT_HEADER_SIZE;
    return STATUS_OK;
}

/* The file of a new segment; one that a killed process left empty is taken over. */
static enum status segment_create(struct journal *journal, struct segment *segment, uint64_t first,
                                  size_t size_min, struct error *error)
{
    struct buffer path = {0};
    segment_path(journal, first, &path);
    segment->file = open((const char *)path.data, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int number = errno;
    if (segment->file < 0) {
        buffer_release(&path);
        return segment_fail(journal, "make", first, number, error);
    }
    const size_t needed = SEGMENT_HEADER_SIZE + size_min;
    segment->mapped = needed > journal->segment_size ? needed : journal->segment_size;
    enum status status = segment_write_header(journal, segment, first, error);
    if (status == STATUS_OK) {
        status = segment_map(journal, segment, first, error);
    }
    if (status != STATUS_OK) {
        /* An empty file of the next sequence would be in the way of nothing, but it is of no use.
         */
        unlink((const char *)path.data);
    }
    buffer_release(&path);
    return status;
}

static enum status segment_add(struct journal *journal, size_t size_min, struct error *error)
{
    struct segment fresh = {.file = -1};
    if (journal->directory == NULL) {
        fresh.mapped = size_min > MEMORY_SEGMENT_SIZE ? size_min : MEMORY_SEGMENT_SIZE;
        fresh.memory = memory_get(fresh.mapped);
    } else {
        const enum status status =
            segment_create(journal, &fresh, journal->next_sequence, size_min, error);
        if (status != STATUS_OK) {
            segment_release(&fresh, true);
            return status;
        }
        journal_forget(journal);
    }
    if (journal->segment_count > 0) {
        struct segment *old = &journal->segments[journal->segment_count - 1];
        if (old->file >= 0) {
            close(old->file);
            old->file = -1;
        }
    }
    *segment_push(journal) = fresh;
    return STATUS_OK;
}

/* Writes the block, or leaves the file as it was. */
static enum status segment_write(struct journal *journal, struct segment *segment,
                                 struct bytes block, struct error *error)
{
    if (write_whole(segment->file, block, segment->size)) {
        if (!journal->sync || fdatasync(segment->file) == 0) {
            return STATUS_OK;
        }
        /* What reached the disk is unknown from here on: only a start reads it again. */
        journal->failed = true;
    }
    const int number = errno;
    if (ftruncate(segment->file, (off_t)segment->size) != 0) {
        journal->failed = true;
    }
    return segment_fail(journal, "write", journal->next_sequence, number, error);
}

/* Whether a good block header stands at `at`. */
static bool block_header_good(const struct journal *journal, const struct segment *segment,
                              size_t at)
{
    const uint8_t *header = segment->memory + at;
    return segment->size - at >= BLOCK_HEADER_SIZE && u32_get(header) == BLOCK_MAGIC &&
           u64_get(header + 24) == header_hash(journal, header);
}

static bool block_good(const struct journal *journal, const struct segment *segment, size_t at)
{
    if (!block_header_good(journal, segment, at)) {
        return false;
    }
    const uint8_t *block = segment->memory + at;
    const size_t size = u32_get(block + 4);
    return segment->size - at - BLOCK_HEADER_SIZE >= size &&
           u64_get(block + 16) == hash64(bytes_of(block + BLOCK_HEADER_SIZE, size));
}

/* Whether any block begins at or after `at`: then what is before was once whole. */
static bool block_follows(const struct journal *journal, const struct segment *segment, size_t at)
{
    const uint8_t first = BLOCK_MAGIC & 0xff;
    while (at < segment->size) {
        const uint8_t *found = memchr(segment->memory + at, first, segment->size - at);
        if (found == NULL) {
            return false;
        }
        at = (size_t)(found - segment->memory);
        if (block_header_good(journal, segment, at)) {
            return true;
        }
        at++;
    }
    return false;
}

static enum status damaged(const struct journal *journal, uint64_t first, size_t at,
                           const char *what, struct error *error)
{
    return error_set(error, STATUS_FATAL,
                     "log '%s' is damaged: %s at byte %zu of %0*llu.log: restore the directory "
                     "from a copy; nothing was changed",
                     journal->directory, what, at, SEGMENT_DIGITS, (unsigned long long)first);
}

/* Cuts the last segment off at `at`. */
static enum status segment_cut(struct journal *journal, struct segment *segment, uint64_t first,
                               size_t at, struct error *error)
{
    journal->torn_size += segment->size - at;
    if (ftruncate(segment->file, (off_t)at) != 0 || (journal->sync && fsync(segment->file) != 0)) {
        return segment_fail(journal, "cut the torn end of", first, errno, error);
    }
    segment->size = at;
    return STATUS_OK;
}

static enum status segment_scan(struct journal *journal, struct segment *segment, uint64_t first,
                                bool last, journal_visit *visit, void *context, struct error *error)
{
    size_t at = SEGMENT_HEADER_SIZE;
    while (at < segment->size) {
        if (!block_good(journal, segment, at)) {
            if (last && !block_follows(journal, segment, at + 1)) {
                return segment_cut(journal, segment, first, at, error);
            }
            return damaged(journal, first, at, "a bad checksum", error);
        }
        const uint8_t *block = segment->memory + at;
        const size_t size = u32_get(block + 4);
        if (u64_get(block + 8) != journal->next_sequence) {
            return damaged(journal, first, at, "a block out of order", error);
        }
        if (!visit(context, journal->next_sequence, bytes_of(block + BLOCK_HEADER_SIZE, size))) {
            return damaged(journal, first, at, "a block that makes no sense", error);
        }
        journal->next_sequence++;
        at += BLOCK_HEADER_SIZE + size;
    }
    return STATUS_OK;
}

static bool segment_header_good(const struct journal *journal, const struct segment *segment,
                                uint64_t first)
{
    const uint8_t *header = segment->memory;
    return segment->size >= SEGMENT_HEADER_SIZE && u64_get(header) == SEGMENT_MAGIC &&
           u32_get(header + 8) == LOG_FORMAT && u64_get(header + 16) == first &&
           u64_get(header + 24) == header_hash(journal, header);
}

static enum status segment_open(struct journal *journal, struct segment *segment, uint64_t first,
                                bool last, struct error *error)
{
    struct buffer path = {0};
    segment_path(journal, first, &path);
    segment->file = open((const char *)path.data, (last ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    const int number = errno;
    buffer_release(&path);
    struct stat facts;
    if (segment->file < 0 || fstat(segment->file, &facts) != 0) {
        return segment_fail(journal, "open", first, segment->file < 0 ? number : errno, error);
    }
    segment->size = (size_t)facts.st_size;
    segment->mapped = segment->size;
    if (last && segment->mapped < journal->segment_size) {
        segment->mapped = journal->segment_size;
    }
    if (segment->mapped == 0) {
        return damaged(journal, first, 0, "an empty segment before the last", error);
    }
    return segment_map(journal, segment, first, error);
}

static enum status segment_load(struct journal *journal, uint64_t first, bool last,
                                journal_visit *visit, void *context, struct error *error)
{
    if (first != journal->next_sequence) {
        return damaged(journal, first, 0, "a segment is missing before it, found", error);
    }
    struct segment *segment = segment_push(journal);
    TRY(segment_open(journal, segment, first, last, error));
    if (!segment_header_good(journal, segment, first)) {
        if (!last || block_follows(journal, segment, 0)) {
            return damaged(journal, first, 0, "a bad segment header", error);
        }
        /* Killed while this segment was made: it holds nothing. */
        TRY(segment_cut(journal, segment, first, 0, error));
        TRY(segment_write_header(journal, segment, first, error));
    }
    TRY(segment_scan(journal, segment, first, last, visit, context, error));
    journal_forget(journal);
    if (!last) {
        close(segment->file);
        segment->file = -1;
    }
    return STATUS_OK;
}

static int sequence_compare(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left;
    const uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* The first sequence of a segment by its file name; 0: not a segment. */
static uint64_t name_parse(const char *name)
{
    uint64_t first = 0;
    for (int i = 0; i < SEGMENT_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return 0;
        }
        first = first * 10 + (uint64_t)(name[i] - '0');
    }
    return strcmp(name + SEGMENT_DIGITS, ".log") == 0 ? first : 0;
}

static enum status names_list(const char *directory, uint64_t **firsts_out, size_t *count_out,
                              struct error *error)
{
    DIR *folder = opendir(directory);
    if (folder == NULL) {
        return error_set(error, STATUS_FATAL,
                         "cannot open log '%s': %s; restore it from a copy, or name a new directory to "
                         "start over",
                         directory, failure_text(errno));
    }
    uint64_t *firsts = NULL;
    size_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        const uint64_t first = name_parse(entry->d_name);
        if (first > 0) {
            firsts = memory_resize(firsts, (count + 1) * sizeof(*firsts));
            firsts[count++] = first;
        }
    }
    closedir(folder);
    if (count > 0) {
        qsort(firsts, count, sizeof(*firsts), sequence_compare);
    }
    *firsts_out = firsts;
    *count_out = count;
    return STATUS_OK;
}
