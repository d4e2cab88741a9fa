/* A cluster that passes everything on but followers, which follow.h lets a test disturb.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ENGINE_LENS_H
#define TESTS_ENGINE_LENS_H

#include "follow.h"

struct lens {
    struct cluster cluster;
    struct cluster *inner;
    struct follow_hooks hooks;
};

static inline struct cluster *inner_of(struct cluster *cluster)
{
    return ((struct lens *)(void *)cluster)->inner;
}

static inline enum status lens_stream_open(struct cluster *cluster, const struct stream_options *options,
                                    struct stream **stream_out, struct error *error)
{
    struct cluster *inner = inner_of(cluster);
    return inner->ops->stream_open(inner, options, stream_out, error);
}

static inline enum status lens_reader_open(struct cluster *cluster, const char *topic, int32_t partition,
                                    int64_t from, bool committed, struct reader **reader_out,
                                    struct error *error)
{
    struct cluster *inner = inner_of(cluster);
    return inner->ops->reader_open(inner, topic, partition, from, committed, reader_out, error);
}

static inline enum status lens_follower_open(struct cluster *cluster, const char *topic,
                                      struct follower **follower_out, struct error *error)
{
    struct lens *lens = (struct lens *)(void *)cluster;
    return follow_open(lens->inner, &lens->hooks, topic, follower_out, error);
}

static inline enum status lens_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                               int timeout_ms, int64_t *start_out, int64_t *end_out,
                               struct error *error)
{
    struct cluster *inner = inner_of(cluster);
    return inner->ops->bounds(inner, topic, partition, timeout_ms, start_out, end_out, error);
}

static inline enum status lens_describe(struct cluster *cluster, const char *topic,
                                 struct topic_facts *facts_out, struct error *error)
{
    struct cluster *inner = inner_of(cluster);
    return inner->ops->describe(inner, topic, facts_out, error);
}

static inline const char *lens_id(const struct cluster *cluster)
{
    const struct lens *lens = (const struct lens *)(const void *)cluster;
    return lens->inner->ops->id(lens->inner);
}

static const struct cluster_ops lens_ops = {.stream_open = lens_stream_open,
                                            .reader_open = lens_reader_open,
                                            .follower_open = lens_follower_open,
                                            .bounds = lens_bounds,
                                            .describe = lens_describe,
                                            .id = lens_id};

#endif
