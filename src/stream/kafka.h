/* A Kafka cluster through librdkafka; the only user of <librdkafka/rdkafka.h>.
 *
 * Follows exactly-once.md 2 to 7 for the transaction loop, rotation, error classes and settings.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_KAFKA_H
#define STREAM_KAFKA_H

#include "stream/stream.h"

/* One librdkafka property, passed through from `kafka:` of the configuration. */
struct kafka_property {
    const char *name;
    const char *value;
};

/* One line for the log; any thread. `level` as syslog. */
typedef void kafka_log(void *context, int level, const char *text);

struct kafka_options {
    const struct kafka_property *properties; /* "bootstrap.servers" among them */
    size_t property_count;
    size_t queue_bytes; /* of a consumer's queue; 0: 16 MiB */
    size_t send_bytes;  /* of a producer's queue; 0: librdkafka's 1 GiB */
    kafka_log *log; /* may be NULL */
    void *log_context;
};

/* STATUS_FATAL: a property that librdkafka refuses (the text names it). Does not wait for a broker. */
MUST_CHECK enum status kafka_open(const struct kafka_options *options, struct cluster **cluster_out,
                                  struct error *error);

/* STATUS_FATAL: a property that librdkafka refuses, or that exactly once needs as it is (the text names it). */
MUST_CHECK enum status kafka_property_check(const struct kafka_property *property, struct error *error);

/* "librdkafka 2.0.2", for the start line and receipts. */
const char *kafka_version(void);

#endif
