/* The rows that a member holds, measured against the plan (config/memory.h).
 *
 * Over the plan the batch is committed, the largest pending map written, and nothing is read until there is
 * room again. One thread, the member's.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_MEMORY_H
#define ENGINE_MEMORY_H

#include "base/status.h"
#include "config/memory.h"

#include <stdbool.h>
#include <stddef.h>

struct member;
struct state;

struct memory {
    struct memory_plan plan;
    size_t used; /* bytes of rows, as of the last look */
    bool over;
    unsigned stuck; /* looks in a row after which nothing was on its way that makes room */
    int64_t told_at_ms;
};

void memory_init(struct member *member);
/* Divides the plan anew: tasks or restores came or went. */
void memory_divide(struct member *member);
/* Measures. While it is over the plan, rows that are written leave at once. */
void memory_look(struct member *member);
/* After a look. STATUS_FATAL: what the tasks hold at rest is over the plan: nothing would ever be read. */
MUST_CHECK enum status memory_check(const struct member *member, struct error *error);
/* The task's state whose checkpoint makes most room; NULL: none. */
struct state *memory_largest(const struct member *member);

#endif
