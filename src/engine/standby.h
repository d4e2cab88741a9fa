/* Standbys: copies of a task's state on other workers, so that a takeover replays only the changelog's tail.
 *
 * Every member finds out by itself which partitions it follows: rendezvous hashing over the members of the
 * group as the brokers tell them, the partition's owner left out. A member that comes or goes moves only its
 * own part. Until all have seen the same group there may be a copy too many or too few, which is harmless.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_STANDBY_H
#define ENGINE_STANDBY_H

#include "base/status.h"
#include "stream/stream.h"

struct member;

/* Whether the member at place `own` follows `partition`, given `replicas` copies. */
bool standby_is_ours(const struct stream_peers *peers, int32_t partition, size_t replicas);

/* Begins and ends standbys where the group has changed. */
MUST_CHECK enum status standby_review(struct member *member, struct error *error);

#endif
