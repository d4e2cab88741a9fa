/* The transaction that another slot's worker left open when it went for good (exactly-once.md 3.4): it holds up
 * the offsets of its partitions for as long as the broker lets it. It is ended by fencing the slot's producer,
 * when the offsets have not been stable for a while and the slot's instance is not in the group: a worker that
 * lives would lose nothing but have to start again. One that is just starting ends its transaction itself.
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
    unsigned next;    /* the entry that is reused next */
    int64_t since_ms; /* offsets have not been stable since then, as seen again and again until */
    int64_t seen_ms;
    int64_t peek_ms;  /* the brokers are not asked before */
};

/* The offsets of a partition that is being taken over are not stable (or cannot be had). What fails here is tried
 * again by a later call. */
void orphan_end(struct member *member, int32_t partition);

/* The instance id of a transactional id `<application>.<topology>.<slot>.<thread>`, or false. */
bool orphan_instance(const char *prefix, const char *transactional_id, char *instance_out,
                     unsigned instance_size);

#endif
