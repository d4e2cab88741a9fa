/* A topology file: sources, store, sinks and the step between them, read and checked.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include "base/problems.h"
#include "topology/step.h"
#include "topology/topics.h"

#define TOPOLOGY_SOURCES_MAX 16
#define TOPOLOGY_SINKS_MAX 32
#define TOPOLOGY_NAME_MAX 256 /* Kafka's limit for topics, with the terminator */

struct topology_source {
    const struct topic *topic;
    uint32_t record_count;
    const struct record_type *records[TOPIC_RECORDS_MAX]; /* what this topology reads of it */
    char name[TOPOLOGY_NAME_MAX]; /* full topic name where it is not prefix + logical name; else "" */
    bool told_elsewhere; /* another topology reads the topic too and writes its dead letters */
    size_t line;
};

/* Immutable after reading; any thread. */
struct topology {
    char name[65];
    char group[TOPOLOGY_NAME_MAX]; /* consumer group where it is not <application>.<name>; else "" */
    const char *file; /* borrowed from the caller's list of files */
    const struct step *step;
    uint32_t source_count;
    struct topology_source sources[TOPOLOGY_SOURCES_MAX]; /* [0] is the driver; order = merge rank */
    const struct topic *changelog;
    uint32_t sink_count;
    const struct topic *sinks[TOPOLOGY_SINKS_MAX];
};

/* Reads and checks `path`. False: every problem was added with file and line: unknown key, topic, record,
 * step or store; a record that the topic does not carry; a source twice; a sink that is an input. */
bool topology_read(const char *path, struct topology *topology_out, struct problems *problems);

/* The picture of `sanctionctl topology show`. */
void topology_draw(const struct topology *topology, struct buffer *out);

#endif
