/* The policy versions a member knows: the `policies` topic, read whole before the first record and
 * followed from then on (design.md 5 and 6).
 *
 * A version that comes less than seven days before it is in force, a second genesis, a changed document
 * under an old version number or a document that does not check is refused with an alarm; the versions
 * known so far stay in force.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_POLICY_FEED_H
#define ENGINE_POLICY_FEED_H

#include "policy/policy.h"
#include "schema/codec.h"
#include "stream/stream.h"

struct policy_feed;

/* Reads versions of `policy_id` from the only partition of `topic` (full name). One thread. */
MUST_CHECK enum status policy_feed_open(struct cluster *cluster, const char *topic,
                                        const char *policy_id, const struct codec *codec,
                                        struct policy_feed **feed_out, struct error *error);
void policy_feed_close(struct policy_feed *feed);

/* Takes in what is new. STATUS_RETRY: the topic cannot be read now. */
MUST_CHECK enum status policy_feed_poll(struct policy_feed *feed, struct error *error);

/* The versions admitted; count 0: none decides yet, a worker must wait. Borrowed. */
const struct policies *policy_feed_versions(const struct policy_feed *feed);

#endif
