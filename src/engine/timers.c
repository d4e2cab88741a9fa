/* A binary heap over the earliest rows.
 *
 * `bound` is the last row that was loaded: every row up to it is in the heap, none behind it. A timer
 * set later goes into the heap if it lies within the bound.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/timers.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/planted.h"
#include "base/time.h"

#include <stdlib.h>

enum { LOAD_COUNT = 4096, HEAP_MAX = 4 * LOAD_COUNT, PREFIX_SIZE = 9 };

/* A row key, owned, and the time in it: rows are in order of time, so that most comparisons need not look
 * at the key. */
struct entry {
    int64_t due_ms;
    uint8_t *row;
    size_t size;
};

struct timers {
    struct state *state;
    struct entry *heap;
    size_t count;
    size_t capacity;
    bool loaded;         /* heap and bound are valid */
    bool whole;          /* there is no row beyond the heap */
    struct buffer bound; /* last loaded row */
    struct buffer row;   /* scratch */
    size_t visited;
};

struct timers *timers_new(struct state *state)
{
    struct timers *timers = memory_get(sizeof(*timers));
    *timers = (struct timers){.state = state};
    return timers;
}

static struct bytes row_of(const struct entry *entry)
{
    return bytes_of(entry->row, entry->size);
}

static int64_t due_of(struct bytes row)
{
    ASSERT(row.size > PREFIX_SIZE);
    return (int64_t)be64_get(row.data + 1);
}

static bool before(const struct timers *timers, size_t left, size_t right)
{
    const struct entry *a = &timers->heap[left];
    const struct entry *b = &timers->heap[right];
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : bytes_compare(row_of(a), row_of(b)) < 0;
}

static void swap(struct timers *timers, size_t left, size_t right)
{
    const struct entry kept = timers->heap[left];
    timers->heap[left] = timers->heap[right];
    timers->heap[right] = kept;
}

static void heap_push(struct timers *timers, struct bytes row)
{
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity == 0 ? 64 : 2 * timers->capacity;
        timers->heap = memory_resize(timers->heap, timers->capacity * sizeof(*timers->heap));
    }
    uint8_t *copy = memory_get(row.size);
    memcpy(copy, row.data, row.size);
    size_t at = timers->count++;
    timers->heap[at] = (struct entry){.due_ms = due_of(row), .row = copy, .size = row.size};
    while (at > 0 && before(timers, at, (at - 1) / 2)) {
        swap(timers, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static void heap_pop(struct timers *timers)
{
    ASSERT(timers->count > 0);
    free(timers->heap[0].row);
    timers->heap[0] = timers->heap[--timers->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < timers->count; child++) {
            least = before(timers, child, least) ? child : least;
        }
        if (least == at) {
            return;
        }
        swap(timers, at, least);
        at = least;
    }
}

void timers_forget(struct timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        free(timers->heap[i].row);
    }
    timers->count = 0;
    timers->loaded = false;
    timers->whole = false;
    buffer_clear(&timers->bound);
}

void timers_free(struct timers *timers)
{
    if (timers != NULL) {
        timers_forget(timers);
        free(timers->heap);
        buffer_release(&timers->bound);
        buffer_release(&timers->row);
        free(timers);
    }
}

/* The row key of a timer, in timers->row. */
static struct bytes row_make(struct timers *timers, struct bytes key, int64_t due_ms)
{
    uint8_t due[8];
    be64_put(due, (uint64_t)due_ms);
    buffer_clear(&timers->row);
    buffer_append(&timers->row, bytes_text("t"));
    buffer_append(&timers->row, bytes_of(due, sizeof(due)));
    buffer_append(&timers->row, key);
    return buffer_bytes(&timers->row);
}

void timers_move(struct timers *timers, struct bytes key, int64_t before_ms, int64_t due_ms)
{
    if (before_ms == due_ms) {
        return;
    }
    if (before_ms != TIME_NEVER_MS) { /* its heap entry, if any, is skipped when it comes up */
        state_remove(timers->state, row_make(timers, key, before_ms));
    }
    if (due_ms == TIME_NEVER_MS) {
        return;
    }
    ASSERT(due_ms > 0);
    const struct bytes row = row_make(timers, key, due_ms);
    state_put(timers->state, row, bytes_of("", 0));
    const bool within = timers->loaded &&
                        (timers->whole || bytes_compare(row, buffer_bytes(&timers->bound)) <= 0);
    if (within) {
        heap_push(timers, row);
        if (timers->count > HEAP_MAX) { /* too many to keep: load the earliest again */
            timers_forget(timers);
        }
    }
}

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    (void)value;
    struct timers *timers = context;
    heap_push(timers, key);
    buffer_clear(&timers->bound);
    buffer_append(&timers->bound, key);
    timers->visited++;
    return true;
}

/* Loads the earliest rows behind the bound. */
static enum status load(struct timers *timers, struct error *error)
{
    struct buffer from = {0};
    buffer_append(&from, timers->loaded ? buffer_bytes(&timers->bound) : bytes_text("t"));
    if (timers->loaded) {
        buffer_append(&from, bytes_of("", 1)); /* the first key after the bound */
    }
    timers->visited = 0;
    const enum status status =
        state_scan(timers->state, bytes_text("t"), buffer_bytes(&from), LOAD_COUNT, on_row, timers,
                   error);
    buffer_release(&from);
    TRY(status);
    timers->loaded = true;
    timers->whole = timers->visited < LOAD_COUNT;
    return STATUS_OK;
}

enum status timers_first(struct timers *timers, struct timer *timer_out, bool *found_out,
                         struct error *error)
{
    if (!timers->loaded || (timers->count == 0 && !timers->whole)) {
        TRY(load(timers, error));
    }
    *found_out = timers->count > 0;
    if (timers->count > 0) {
        const struct bytes row = row_of(&timers->heap[0]);
        timer_out->due_ms = timers->heap[0].due_ms;
        timer_out->key = bytes_of(row.data + PREFIX_SIZE, row.size - PREFIX_SIZE);
    }
    return STATUS_OK;
}

enum status timers_check(struct timers *timers, const struct timer *timer, bool *set_out,
                         struct error *error)
{
    ASSERT(timers->count > 0);
    ASSERT(timer->key.data == timers->heap[0].row + PREFIX_SIZE);
    struct bytes value = {0};
    TRY(state_get(timers->state, row_of(&timers->heap[0]), &value, error));
    *set_out = value.data != NULL;
    if (!*set_out) {
        heap_pop(timers);
    }
    return STATUS_OK;
}

void timers_take(struct timers *timers, const struct timer *timer)
{
    ASSERT(timers->count > 0);
    ASSERT(timer->key.data == timers->heap[0].row + PREFIX_SIZE);
    if (!PLANTED(TIMER_LEFT)) {
        state_remove(timers->state, row_of(&timers->heap[0]));
    }
    heap_pop(timers);
}
