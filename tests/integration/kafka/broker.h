/* What the tests on real brokers share: a cluster, topics, records in and out.
 *
 * The broker is named by BOOTSTRAP, set by with_kafka.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKER_H
#define BROKER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stream/kafka.h"

#define SUCCEED(call, error)                                                                       \
    do {                                                                                           \
        if ((call) != STATUS_OK) {                                                                 \
            fail_msg("%s: %s", #call, (error).text);                                               \
        }                                                                                          \
    } while (0)

/* `properties` end with a NULL name. */
struct cluster *broker_open(const struct kafka_property *properties);
void broker_topic(struct cluster *cluster, const char *name, int32_t partitions);
/* A record whose key and value are `number`, written to `text`. */
struct stream_output broker_number(const char *topic, int32_t partition, int number, char text[16]);
/* The committed records of a partition, as the numbers in their values; at most `max`. */
size_t broker_numbers(struct cluster *cluster, const char *topic, int32_t partition, int *numbers,
                      size_t max);
/* tools/kafka COMMAND for the cluster of this test. */
void broker_tool(const char *command);

#endif
