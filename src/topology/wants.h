/* What every topic must look like under a configuration, for creating and checking them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TOPOLOGY_WANTS_H
#define TOPOLOGY_WANTS_H

#include "config/config.h"
#include "topology/topics.h"

/* One topic's full name, partitions and settings; the same fields as the stream's topic_want, whose header
 * this module does not see. */
struct topic_shape {
    char *name;
    int32_t partitions;
    const char **settings; /* NULL-terminated; the texts live as long as the shapes */
};

/* topic_count shapes in the order of the table; free with topic_shapes_free(). */
struct topic_shape *topic_shapes_new(const struct config *config);
void topic_shapes_free(struct topic_shape *shapes);

#endif
