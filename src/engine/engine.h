/* The engine: topologies run over a cluster until they are drained or told to stop.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "config/config.h"
#include "engine/keys.h"
#include "notice/catalogue.h"
#include "schema/codec.h"
#include "stream/stream.h"
#include "topology/topology.h"

#include <stdatomic.h>

struct store_memory;

/* All borrowed for the run. */
struct engine_options {
    const struct config *config;
    struct cluster *cluster;
    const struct codec *codec;
    const struct catalogue *catalogue;
    const struct topology *topologies;
    size_t topology_count;
    struct key_ring *keys;
    struct store_memory *store_memory; /* NULL: none shared */
    const char *state_dir;             /* NULL: state in memory only */
    bool causal; /* the in-process log: all topologies on this thread, records in causal order (I.2), one
                    transaction a record, so that the result depends on the input alone */
    bool in_turn; /* not causal: a commit runs on its stream thread, at the end of the turn after the one
                     that began it, so that a run has one order of events: tests and simulation */
    bool drain;  /* stop when every input, signal and notice request is through */
    const atomic_bool *stop; /* set by a signal: commit and end */
    atomic_llong *rows_peak; /* most bytes of rows that a member ever held; NULL: nobody asks */
    atomic_llong *beat; /* of one stream thread, set by engine_run(): monotonic time of its last sign of
                           life; NULL: nobody watches */
};

/* A sign of life of this stream thread: called in every turn and every loop that waits. */
void engine_beat(const struct engine_options *options);

/* STATUS_OK: drained, or stopped cleanly. */
MUST_CHECK enum status engine_run(const struct engine_options *options, struct error *error);

/* All record types that a worker reads or writes, for codec_new(). */
MUST_CHECK enum status engine_codec(const struct config *config, struct codec **codec_out,
                                    struct error *error);

#endif
