/* Half of a member's part is for rows, a quarter for records on their way in, a quarter for those on their
 * way out. The block cache is small: rows that are read again are in the row caches, and a block of which one
 * row is wanted takes the room of a dozen.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/memory.h"

#include "base/assert.h"

#define MIB INT64_C(1048576)
#define QUEUE_MAX (16 * MIB) /* more hides no latency */

static int64_t lesser(int64_t left, int64_t right)
{
    return left < right ? left : right;
}

static int64_t greater(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

struct memory_plan memory_plan(const struct config *config, size_t members)
{
    ASSERT(members > 0);
    struct memory_plan plan = {.block_cache = config->memory_bytes / 32};
    const int64_t part = (config->memory_bytes - plan.block_cache) / (int64_t)members;
    plan.rows = part / 2;
    plan.batch = lesser(config->commit_bytes_max, part / 4 / MEMORY_BATCH_FACTOR);
    plan.queue = greater(MIB, lesser(QUEUE_MAX, part / 4 / 2 / MEMORY_QUEUE_FACTOR));
    plan.send = greater(2 * plan.batch, 4 * config->record_bytes_max);
    return plan;
}
