/* A record that crashes the process again and again at one offset: counted in a small file beside the store,
 * never in it (what the store holds was committed), until the record is quarantined.
 *
 * The file is mapped: what it says of the record in hand outlives the process, not the machine. It tells a
 * crash from a clean end, not a crash from kill -9; three of these at one and the same record are not met by
 * accident. One thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_CRASH_H
#define ENGINE_CRASH_H

#include "base/bytes.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* Crashes at one record until it is quarantined. */
#define CRASHES_MAX 3

struct crash_watch;

/* Makes the file if there is none. If the last process died over a record, *crashes_out is how often one has at
 * this record; else 0. */
MUST_CHECK enum status crash_watch_open(const char *path, struct crash_watch **watch_out,
                                        uint32_t *crashes_out, struct error *error);
/* Nothing is in hand any more. NULL: nothing. */
void crash_watch_close(struct crash_watch *watch);

/* What stands for a topic in the file. */
uint64_t crash_topic(const char *name);
/* The record is in hand until crash_leave(). `watch` may be NULL in these. */
void crash_enter(struct crash_watch *watch, uint64_t topic, int64_t offset);
void crash_leave(struct crash_watch *watch);
/* Whether the record crashed CRASHES_MAX processes in a row. */
bool crash_is_quarantined(const struct crash_watch *watch, uint64_t topic, int64_t offset);

#endif
