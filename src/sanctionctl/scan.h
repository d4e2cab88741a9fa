/* Reads all that a topic holds now, partition by partition, with progress on a terminal.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_SCAN_H
#define SANCTIONCTL_SCAN_H

#include "sanctionctl/command.h"

/* One record, borrowed. `start`: first offset that the partition still holds. *stop_out true:
 * enough. */
typedef enum status scan_visit(void *context, int32_t partition, int64_t start,
                               const struct stream_record *record, bool *stop_out,
                               struct error *error);

/* `topic` is a logical name. STATUS_FATAL: no such topic, unreadable, or stopped by a signal. */
MUST_CHECK enum status scan_topic(struct program *program, const char *topic, scan_visit *visit,
                                  void *context);

/* The full name of a topic, in `name`. */
const char *scan_topic_name(const struct program *program, const char *topic, char name[512]);

#endif
