/* memory.max divided over all that a worker holds.
 *
 * Beside it remain the program with its libraries, some 40 MiB, and the filters and indexes of RocksDB's
 * files, about two bytes a row on disk: to read them through the block cache cost 40 % more CPU.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_MEMORY_H
#define CONFIG_MEMORY_H

#include "config/config.h"

/* In bytes. librdkafka counts keys and values in its queues and holds some three times as much where
 * records are small; a batch is there up to four times: judged, sealed, and both as librdkafka sends them. */
#define MEMORY_QUEUE_FACTOR 3
#define MEMORY_BATCH_FACTOR 4

struct memory_plan {
    int64_t block_cache; /* RocksDB's, one for the process */
    /* Of each member: */
    int64_t rows;  /* of all its tasks and restores, in every layer of their states */
    int64_t batch; /* changed rows and outputs that force a transaction; commit.bytes_max at most */
    int64_t queue; /* of its consumer; the reader of its restores has another one */
    int64_t send;  /* of its producer; never too small for a record */
};

/* `members`: stream threads, those of all topologies together; > 0. */
struct memory_plan memory_plan(const struct config *config, size_t members);

#endif
