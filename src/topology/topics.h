/* topology: reads and checks a topology file; steps are const tables of functions.
 *
 * The topics of contract.md 3: one row each, from which `topics create`, `topics check`, the checks of a
 * topology file and the routing of outputs follow.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TOPICS_H
#define TOPOLOGY_TOPICS_H

#include "base/bytes.h"
#include "record/type.h"

#include <stdbool.h>

enum topic_role {
    TOPIC_INPUT,    /* written by others */
    TOPIC_INTERNAL, /* written and read by the engine */
    TOPIC_OUTPUT,   /* read by others, committed records only */
    TOPIC_CHANGELOG,
};

#define TOPIC_RECORDS_MAX 4

struct topic {
    const char *name; /* logical */
    enum topic_role role;
    bool one_partition;                                      /* policies: read whole by everybody */
    const struct record_type *records[TOPIC_RECORDS_MAX + 1]; /* NULL-terminated; none: changelog */
    const char *const *settings; /* NULL-terminated "name=value" of the Kafka topic */
};

extern const struct topic topics[];
extern const size_t topic_count;

/* NULL if there is no such topic. */
const struct topic *topic_find(struct bytes name);

/* The topic that records of an output type go to; NULL for a type that is no output. */
const struct topic *topic_of_output(const struct record_type *type);

/* The topic that takes a record type as input; NULL if none does. */
bool topic_takes(const struct topic *topic, const struct record_type *type);

#endif
