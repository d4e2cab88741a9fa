/* The transaction that another slot's worker left open when it went for good (exactly-once.md 3.4): it holds up
 * the partition's offsets and the readers of its records for as long as the broker lets it. It is ended by
 * fencing the slot's producer, when the slot's instance is not in the group any more and only then: a worker
 * that lives would lose nothing but have to start again.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ORPHAN_H
#define ENGINE_ORPHAN_H

#include <stdbool.h>
#include <stdint.h>

struct member;

/* What a member remembers of it, so that many partitions of one lost worker are one question. */
struct orphans {
    struct {
        char id[256];
        int64_t again_ms; /* monotonic: not asked before */
    } known[8];
    unsigned next; /* the entry that is reused next */
    int64_t peek_ms;
};

/* Of a partition that is being taken over, by the metadata of its committed offset. NULL: the offset is not
 * stable, the brokers are asked what it was before. What fails is tried again by the next call. */
void orphan_end(struct member *member, int32_t partition, const char *metadata);

/* The instance id of a transactional id `<application>.<topology>.<slot>.<thread>`, or false. */
bool orphan_instance(const char *prefix, const char *transactional_id, char *instance_out,
                     unsigned instance_size);

#endif
