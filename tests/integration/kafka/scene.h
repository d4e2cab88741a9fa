/* The stage of a fault test: a cluster, two sources full of numbers, an output.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SCENE_H
#define SCENE_H

#include "worker.h"

enum { PARTITIONS = 4, NUMBERS = 200 };

/* One test's names; 0 and 1 are the sources, 2 the output. */
struct scene {
    struct cluster *cluster;
    char topics[3][64];
    char group[64];
    char id[64];
    int numbers; /* a partition and source */
};

/* `properties` end with a NULL name. */
void scene_open(struct scene *scene, const char *test, const struct kafka_property *properties);
/* `count` more numbers into each partition of each source. */
void scene_feed(struct scene *scene, int count);
struct worker_options scene_options(const struct scene *scene);
/* How many were fed. */
size_t scene_numbers(const struct scene *scene);
/* Each number of each source is in the output once, or will soon be. */
void scene_expect_once(const struct scene *scene);
/* None is there twice; returns how many are there. */
size_t scene_expect_no_double(const struct scene *scene);
/* Lets the workers of the scene copy what is left, until all is in the output; `other` may be NULL.
 * Ends early if `worker` is stuck or fenced. */
void scene_finish(const struct scene *scene, struct worker *worker, struct worker *other);
void scene_close(struct scene *scene);

/* Takes at least `count` records into an open transaction. */
void batch_fill(struct worker *worker, int count);
void sleep_ms(int time_ms);

#endif
