/* stream: source and sink behind a vtable: Kafka and the in-process log; offsets, rebalance, transactions.
 *
 * A `cluster` is where topics live (a Kafka cluster, or the log in a directory or in memory). A `stream`
 * is one stream thread's connection to it: one consumer in the topology's group and one transactional
 * producer, as exactly-once.md 2 describes. A `reader` reads one partition without a group (restore,
 * policies, tail).
 *
 * A partition number of a topology is one task: it brings the same partition of every source (source 0 is
 * the driver whose assignment decides). All calls on one stream come from one thread, but that a
 * transaction (begin to commit or abort, one call at a time) may be made by another one beside poll,
 * release, assign and committed; none is under way at seek, unassign, rotation_due, rotate and close.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/status.h"

/* Offsets' metadata is text without NUL of at most this many bytes (exactly-once.md 1). */
#define STREAM_METADATA_MAX 1024
#define STREAM_SOURCES_MAX 16
#define STREAM_OFFSET_NONE INT64_C(-1)
/* A cluster that keeps offsets for less is refused: those of quiet sources would expire (exactly-once.md 1). */
#define STREAM_RETENTION_MIN_MS (24 * 60 * 60 * INT64_C(1000))

/* A record as it was read. key.data NULL: null key; value.data NULL: null value (tombstone). */
struct stream_record {
    uint32_t source; /* index in stream_options.sources; 0 from a reader */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1: the record has none */
    uint32_t barrier;     /* in-process log: records of a lower barrier come first; Kafka: 0 */
    struct bytes key;
    struct bytes value;
    void *handle; /* of the implementation; given back by stream_release() */
};

/* A record to be written. */
struct stream_output {
    const char *topic;    /* full name, prefix included */
    int32_t partition;    /* -1: murmur2 of the key, as Kafka's Java client */
    int64_t timestamp_ms; /* CreateTime; a LogAppendTime topic overrides it on Kafka */
    uint32_t barrier;     /* in-process log: barrier of the record that caused it; Kafka: ignored */
    struct bytes key;
    struct bytes value;
};

enum stream_event {
    STREAM_NOTHING, /* nothing within the timeout */
    STREAM_RECORD,  /* *record_out is filled and must be released */
    STREAM_ASSIGN,  /* *partition_out became ours: answer with stream_assign() */
    STREAM_REVOKE,  /* commit or abort, close the task, then stream_unassign() */
    STREAM_LOST,    /* it may be another's already: abort, close the task, then stream_unassign() */
};

/* What became of a transaction (exactly-once.md 5). */
enum commit_outcome {
    COMMIT_DONE,
    COMMIT_ABORTED, /* nothing of it is visible: drop the overlay, seek back, go on */
    COMMIT_UNKNOWN, /* may or may not be committed: stream_rotate(), fetch offsets, compare commit_seq */
    COMMIT_FENCED,  /* another producer has our transactional id: leave the process */
};

/* The committed position of one source of a partition. */
struct stream_committed {
    bool set;
    int64_t offset;
    char metadata[STREAM_METADATA_MAX]; /* "" if none */
};

/* One source's next offset (last processed + 1) and the metadata to commit with it. */
struct stream_position {
    uint32_t source;
    int32_t partition;
    int64_t next_offset;
    const char *metadata;
};

struct stream_options {
    const char *group;            /* consumer group = topology's application id */
    const char *transactional_id; /* belongs to this slot and thread for ever */
    const char *instance_id;      /* static membership; NULL: none */
    const char *const *sources;   /* full topic names; [0] is the driver */
    uint32_t source_count;
};

/* The group as it was last seen settled; borrowed until the next poll. */
struct stream_peers {
    unsigned version;         /* another one after every look */
    const char *const *names; /* instance ids of the members */
    size_t count;
    size_t own;           /* our place among them */
    const size_t *owners; /* by partition of the driver: the owner's place; SIZE_MAX: none */
    int32_t partitions;
};

struct stream;
struct stream_ops {
    enum status (*poll)(struct stream *stream, int timeout_ms, enum stream_event *event_out,
                        struct stream_record *record_out, int32_t *partition_out,
                        struct error *error);
    void (*release)(struct stream *stream, struct stream_record *record);
    /* Starts reading `partition`: offsets[s] is the first offset to read of source s. */
    enum status (*assign)(struct stream *stream, int32_t partition, const int64_t *offsets,
                          struct error *error);
    enum status (*unassign)(struct stream *stream, int32_t partition, struct error *error);
    /* Goes back to offsets[s] of each source and forgets what was read ahead (an abort does not rewind). */
    enum status (*seek)(struct stream *stream, int32_t partition, const int64_t *offsets,
                        struct error *error);
    /* Stable committed offsets of every source (out[source]). STATUS_RETRY: still unstable. */
    enum status (*committed)(struct stream *stream, int32_t partition,
                             struct stream_committed *out, struct error *error);
    enum status (*begin)(struct stream *stream, struct error *error);
    enum status (*produce)(struct stream *stream, const struct stream_output *output,
                           struct error *error);
    /* Waits until everything produced is with the broker, then next_offset() is known.
     * STATUS_ABORT: something was not delivered. */
    enum status (*flush)(struct stream *stream, struct error *error);
    /* Offset after the last record this transaction produced to (topic, partition); NONE if none. */
    int64_t (*produced_next)(struct stream *stream, const char *topic, int32_t partition);
    /* Sends the positions and commits. Never returns COMMIT_ABORTED with the transaction open. */
    enum commit_outcome (*commit)(struct stream *stream, const struct stream_position *positions,
                                  size_t count, struct error *error);
    /* Ends the open transaction, if any, without effect. COMMIT_ABORTED or COMMIT_FENCED. */
    enum commit_outcome (*abort)(struct stream *stream, struct error *error);
    /* Whether the last transaction was unclean: rotate before the next begin (exactly-once.md 5). */
    bool (*rotation_due)(const struct stream *stream);
    /* A new producer with the same transactional id; ends what is left of the old one. */
    enum status (*rotate)(struct stream *stream, struct error *error);
    /* What the driver's offset was before a transaction that is still open and may change it.
     * STATUS_RETRY: no answer. NULL like fence. */
    enum status (*peek)(struct stream *stream, int32_t partition,
                        struct stream_committed *driver_out, struct error *error);
    /* Ends what the owner of another transactional id left open, unless its instance is in the group
     * (*fenced_out false). STATUS_RETRY: no answer. NULL: nothing is ever left open. */
    enum status (*fence)(struct stream *stream, const char *transactional_id,
                         const char *instance_id, bool *fenced_out, struct error *error);
    /* False: not seen yet, or a member has no instance id. Never waits for a broker. */
    bool (*peers)(const struct stream *stream, struct stream_peers *peers_out);
    /* Leaves the group and closes. */
    void (*close)(struct stream *stream);
};
struct stream {
    const struct stream_ops *ops;
};

/* Reads one partition from an offset on, alone. */
struct reader;
struct reader_ops {
    /* *found_out false: nothing more within the timeout. */
    enum status (*read)(struct reader *reader, int timeout_ms, struct stream_record *record_out,
                        bool *found_out, struct error *error);
    void (*release)(struct reader *reader, struct stream_record *record);
    /* First offset still there, and the end: last stable offset for a committed reader, high watermark
     * for an uncommitted one. */
    enum status (*bounds)(struct reader *reader, int64_t *start_out, int64_t *end_out,
                          struct error *error);
    /* Offset of the next record to be read; it passes control records too. */
    int64_t (*position)(const struct reader *reader);
    void (*close)(struct reader *reader);
};
struct reader {
    const struct reader_ops *ops;
};

/* Reads committed records of many partitions of one topic, each from an offset of its own, through one
 * connection and with one bounded queue. One thread. */
struct follower;
struct follower_ops {
    /* `partition` is not followed yet. */
    enum status (*add)(struct follower *follower, int32_t partition, int64_t from,
                       struct error *error);
    /* Nothing of the partition comes any more. */
    void (*drop)(struct follower *follower, int32_t partition);
    /* The next record of any partition, in order within it. *found_out false: nothing more within the
     * timeout. STATUS_FATAL: the text names the partition. */
    enum status (*read)(struct follower *follower, int timeout_ms, struct stream_record *record_out,
                        bool *found_out, struct error *error);
    void (*release)(struct follower *follower, struct stream_record *record);
    /* Offset of the next record to be read of a followed partition; it passes control records too. */
    int64_t (*position)(const struct follower *follower, int32_t partition);
    void (*close)(struct follower *follower);
};
struct follower {
    const struct follower_ops *ops;
};

/* What a topic must look like (contract.md 3, reliability.md 7.3). */
struct topic_want {
    const char *name; /* full name */
    int32_t partitions;
    const char *const *settings; /* NULL-terminated "name=value" topic settings */
};

struct topic_facts {
    bool exists;
    int32_t partitions;
    char id[64]; /* topic id where the cluster tells it, else "" */
};

struct cluster;
struct cluster_ops {
    enum status (*stream_open)(struct cluster *cluster, const struct stream_options *options,
                               struct stream **stream_out, struct error *error);
    enum status (*reader_open)(struct cluster *cluster, const char *topic, int32_t partition,
                               int64_t from, bool committed, struct reader **reader_out,
                               struct error *error);
    enum status (*follower_open)(struct cluster *cluster, const char *topic,
                                 struct follower **follower_out, struct error *error);
    /* First offset still there and the last stable offset. STATUS_RETRY: no answer within `timeout_ms`. */
    enum status (*bounds)(struct cluster *cluster, const char *topic, int32_t partition,
                          int timeout_ms, int64_t *start_out, int64_t *end_out,
                          struct error *error);
    /* STATUS_RETRY: no broker answers (the caller waits, says so and repeats). */
    enum status (*describe)(struct cluster *cluster, const char *topic,
                            struct topic_facts *facts_out, struct error *error);
    /* Creates what is missing; what exists is left alone. */
    enum status (*create)(struct cluster *cluster, const struct topic_want *wants, size_t count,
                          struct error *error);
    /* Adds one problem text per difference between `want` and the topic. */
    enum status (*check)(struct cluster *cluster, const struct topic_want *want,
                         struct buffer *differences, struct error *error);
    /* Writes all outputs atomically (one transaction), outside any stream. Records whose `barrier` is
     * higher than the one before start a new barrier of the in-process log: see log.h. */
    enum status (*append)(struct cluster *cluster, const struct stream_output *outputs,
                          size_t count, struct error *error);
    /* How long a group's offsets are kept that are not committed again, in ms. NULL: for ever.
     * STATUS_RETRY: no broker answers. */
    enum status (*offsets_retention)(struct cluster *cluster, int64_t *ms_out, struct error *error);
    /* Identity of the cluster for the store's meta. Borrowed. */
    const char *(*id)(const struct cluster *cluster);
    void (*close)(struct cluster *cluster);
};
struct cluster {
    const struct cluster_ops *ops;
};

/* murmur2 partition of a key as Kafka's Java client computes it. */
int32_t stream_partition(struct bytes key, int32_t partition_count);

#endif
