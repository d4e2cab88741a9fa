/* The two loops that drive members: causal over a closed or followed log, live on Kafka.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include "engine/engine.h"
#include "engine/member.h"

/* All members on this thread, in the order of I.2: of the next unread record of every partition the one with
 * the lowest (barrier, timestamp, topology, source rank, partition); before it every timer due by its
 * time. Each record and each timer is a transaction of its own, so signals and notice requests are through
 * before anything later, and nothing depends on batch sizes. */
MUST_CHECK enum status loop_causal(const struct engine_options *options, struct member **members,
                                   size_t count, struct error *error);

/* One member on this thread: polls, judges what came merged by (timestamp, rank, offset) per task, commits
 * by time, records or bytes. Ends when options->stop is set. */
MUST_CHECK enum status loop_live(const struct engine_options *options, struct member *member,
                                 struct error *error);

/* Sleeps for `ms` or until `stop` is set, whatever is first (looked at every 50 ms). */
void loop_sleep(const atomic_bool *stop, int64_t ms);

#endif
