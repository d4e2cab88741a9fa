/* murmur2 with the seed and the sign rule of Kafka's Java client, so that every producer agrees on
 * the partition of a key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include "base/assert.h"

#define MURMUR_FACTOR UINT32_C(0x5bd1e995)
#define MURMUR_SEED UINT32_C(0x9747b28c)

static uint32_t murmur2(struct bytes key)
{
    uint32_t hash = MURMUR_SEED ^ (uint32_t)key.size;
    const uint8_t *at = key.data;
    size_t left = key.size;
    for (; left >= 4; left -= 4, at += 4) {
        uint32_t word =
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        word *= MURMUR_FACTOR;
        word ^= word >> 24;
        hash = hash * MURMUR_FACTOR ^ word * MURMUR_FACTOR;
    }
    if (left > 0) {
        uint32_t rest = 0;
        for (size_t i = 0; i < left; i++) {
            rest |= (uint32_t)at[i] << (8 * i);
        }
        hash = (hash ^ rest) * MURMUR_FACTOR;
    }
    hash = (hash ^ hash >> 13) * MURMUR_FACTOR;
    return hash ^ hash >> 15;
}

int32_t stream_partition(struct bytes key, int32_t partition_count)
{
    ASSERT(partition_count > 0);
    return (int32_t)(murmur2(key) & INT32_MAX) % partition_count;
}
