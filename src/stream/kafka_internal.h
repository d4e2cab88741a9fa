/* The parts of a Kafka cluster: settings, handles, the watch over transactional requests, and the
 * producer that streams and append() share.
 *
 * A handle is one rd_kafka_t with a context that lives as long as librdkafka's threads may use it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_KAFKA_INTERNAL_H
#define STREAM_KAFKA_INTERNAL_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/table.h"
#include "stream/kafka.h"

/* How long a call that may be repeated waits for a broker before it says STATUS_RETRY. */
#define KAFKA_ANSWER_MS 5000
/* The time limit of questions to a group's coordinator: descriptions, and offsets from outside. librdkafka
 * aborts the process (a use after free, its #4605 and #5397, in all releases until 2.15 at least) when such a
 * request reaches its limit before the coordinator could be asked and the coordinator comes back afterwards.
 * So the limit is the longest there is: we stop waiting long before, and drop the answer with its queue. */
#define KAFKA_COORDINATOR_MS 3600000
/* How long closing one handle may take before it is left behind. */
#define KAFKA_CLOSE_MS 10000

/* ApiKeys whose requests decide about a transaction. */
enum watch_key {
    WATCH_PRODUCE,
    WATCH_ADD_PARTITIONS,
    WATCH_ADD_OFFSETS,
    WATCH_END,
    WATCH_COMMIT_OFFSETS,
    WATCH_KEY_COUNT,
};

/* What librdkafka's broker threads saw since the last watch_reset(). Atomics: the hooks run there.
 */
struct watch {
    atomic_uint sent[WATCH_KEY_COUNT];
    atomic_uint failed[WATCH_KEY_COUNT];
    atomic_uint failed_unknown; /* errors without an ApiKey */
    atomic_bool refused;        /* an InitProducerId: the coordinator still ends a transaction */
};

/* Must be called before rd_kafka_new(); `watch` must live as long as the handle. */
void watch_attach(struct watch *watch, rd_kafka_conf_t *conf);
void watch_reset(struct watch *watch);
/* Whether a commit was ever asked for on the wire. */
bool watch_end_sent(const struct watch *watch);
/* Whether the coordinator put the handle's initialisation off. */
bool watch_refused(const struct watch *watch);
/* Exactly one EndTxn, and no error that could leave a request behind (exactly-once.md 5). */
bool watch_is_clean(const struct watch *watch);

struct kafka_context {
    kafka_log *log;
    void *log_context;
    atomic_bool silent; /* the handle was left behind: nobody listens any more */
    void *owner;        /* for callbacks that run inside our own calls */
    struct watch watch;
};

struct kafka_handle {
    rd_kafka_t *rk; /* NULL: closed */
    struct kafka_context *context;
};

struct kafka_identity {
    pthread_mutex_t lock;
    char text[64];        /* "" until a broker told it */
    int64_t retention_ms; /* of offsets; 0 until a broker told it */
};

struct kafka_cluster {
    struct cluster cluster;
    struct kafka_property *properties; /* the user's */
    size_t property_count;
    size_t queue_bytes; /* 0: the default */
    size_t send_bytes;
    kafka_log *log;
    void *log_context;
    struct kafka_handle admin; /* metadata and admin requests */
    struct kafka_identity *identity;
};

/* Every cluster with this table is a `struct kafka_cluster`. */
static inline struct kafka_cluster *kafka_of(struct cluster *cluster)
{
    return (struct kafka_cluster *)(void *)cluster;
}

/* kafka_settings.c */
enum kafka_role {
    KAFKA_MEMBER,   /* consumer of a group */
    KAFKA_READER,   /* consumer without a group */
    KAFKA_FOLLOWER, /* the same of many partitions, in bulk */
    KAFKA_PRODUCER, /* transactional */
    KAFKA_ADMIN,
};

/* Whether every property is known, permitted and well-formed. */
MUST_CHECK enum status kafka_properties_check(const struct kafka_cluster *cluster,
                                              struct error *error);
/* The settings of a role: ours, over them the user's, over these `own` (which must exist). */
MUST_CHECK enum status kafka_conf_new(const struct kafka_cluster *cluster, enum kafka_role role,
                                      const struct kafka_property *own, size_t own_count,
                                      rd_kafka_conf_t **conf_out, struct error *error);
/* The user's value of a property, or NULL. */
const char *kafka_property_find(const struct kafka_cluster *cluster, const char *name);
/* As the user gave them, for messages. */
const char *kafka_servers(const struct kafka_cluster *cluster);
/* transaction.timeout.ms in force. */
int kafka_transaction_timeout_ms(const struct kafka_cluster *cluster);

/* kafka_handle.c */
/* A context for a handle to come; sets it and the callbacks for logs and errors in `conf`. */
struct kafka_context *kafka_context_new(const struct kafka_cluster *cluster, void *owner,
                                        rd_kafka_conf_t *conf);
/* Takes `conf` and `context`. */
MUST_CHECK enum status kafka_handle_open(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                         struct kafka_context *context,
                                         struct kafka_handle *handle_out, struct error *error);
/* Closes within KAFKA_CLOSE_MS, else leaves the handle behind and returns false: what its callbacks
 * use must then stay. `leave`: leaves its group first. */
bool kafka_handle_close(struct kafka_handle *handle, bool leave);
void kafka_say(const struct kafka_cluster *cluster, int level, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Whether the same request may succeed later by itself. */
bool kafka_error_passes(rd_kafka_resp_err_t code);
/* STATUS_RETRY if `code` passes, else STATUS_FATAL. */
static inline enum status kafka_status_of(rd_kafka_resp_err_t code)
{
    return kafka_error_passes(code) ? STATUS_RETRY : STATUS_FATAL;
}
void kafka_pause(int milliseconds);

/* kafka_producer.c: one transactional id and, at a time, one producer for it. */
struct kafka_producer;
/* STATUS_RETRY: no broker answered in time; nothing is left. */
MUST_CHECK enum status kafka_producer_open(const struct kafka_cluster *cluster,
                                           const char *transactional_id,
                                           struct kafka_producer **producer_out,
                                           struct error *error);
MUST_CHECK enum status kafka_producer_begin(struct kafka_producer *producer, struct error *error);
MUST_CHECK enum status kafka_producer_produce(struct kafka_producer *producer,
                                              const struct stream_output *output,
                                              struct error *error);
MUST_CHECK enum status kafka_producer_flush(struct kafka_producer *producer, struct error *error);
int64_t kafka_producer_next(const struct kafka_producer *producer, const char *topic,
                            int32_t partition);
/* `offsets` NULL: a transaction of records only, outside any group. */
enum commit_outcome kafka_producer_commit(struct kafka_producer *producer,
                                          const rd_kafka_topic_partition_list_t *offsets,
                                          const rd_kafka_consumer_group_metadata_t *group,
                                          struct error *error);
enum commit_outcome kafka_producer_abort(struct kafka_producer *producer, struct error *error);
/* Whether the transactional id is still ours: sends `offsets` in a transaction that is aborted in any
 * case. STATUS_FATAL: another producer has the id. Between transactions only. */
MUST_CHECK enum status kafka_producer_probe(struct kafka_producer *producer,
                                            const rd_kafka_topic_partition_list_t *offsets,
                                            const rd_kafka_consumer_group_metadata_t *group,
                                            struct error *error);
bool kafka_producer_open_transaction(const struct kafka_producer *producer);
bool kafka_producer_rotation_due(const struct kafka_producer *producer);
/* STATUS_RETRY: goes on where it stood when called again. */
MUST_CHECK enum status kafka_producer_rotate(struct kafka_producer *producer, struct error *error);
/* Serves delivery reports. */
void kafka_producer_serve(struct kafka_producer *producer);
void kafka_producer_close(struct kafka_producer *producer);

/* kafka_topic.c: the topics a producer writes to and where its records went. */
struct kafka_slot {
    unsigned transaction; /* in which `next` was set */
    int64_t next;
};
struct kafka_topic {
    char *name;
    rd_kafka_topic_t *handle;
    struct kafka_slot *slots; /* by partition */
    size_t slot_count;
};
struct kafka_topics {
    struct table table; /* name -> struct kafka_topic */
};
/* Asks for the topic's metadata at its first use, so that the first record need not wait for it.
 * STATUS_RETRY: no broker answered. */
MUST_CHECK enum status kafka_topic_get(struct kafka_topics *topics, rd_kafka_t *rk,
                                       const char *name, struct kafka_topic **topic_out,
                                       struct error *error);
/* Notes that the record at `offset` was written in `transaction`. */
void kafka_topic_note(struct kafka_topic *topic, int32_t partition, int64_t offset,
                      unsigned transaction);
int64_t kafka_topic_next(const struct kafka_topics *topics, const char *name, int32_t partition,
                         unsigned transaction);
/* Before their producer is closed. */
void kafka_topics_release(struct kafka_topics *topics);

/* kafka_settle.c: whether the broker really ended a transaction. */
struct kafka_trace {
    char *topic;
    int32_t partition;
    int64_t next; /* after the last record of the transaction */
};
struct kafka_traces {
    struct kafka_trace *items;
    size_t count;
};
/* Adds where the records of `transaction` went, as far as it is known. */
void kafka_traces_collect(struct kafka_traces *traces, const struct kafka_topics *topics,
                          unsigned transaction);
/* Drops the traces that the last stable offset has passed. STATUS_RETRY: some are left, and `error`
 * names one. */
MUST_CHECK enum status kafka_traces_settle(struct kafka_traces *traces,
                                           const struct kafka_cluster *cluster,
                                           struct error *error);
void kafka_traces_release(struct kafka_traces *traces);

/* kafka_group.c: the partitions a stream holds, and what the group does to them. */
enum task_state {
    TASK_NONE,     /* not ours */
    TASK_OFFERED,  /* assigned by the group, not yet read */
    TASK_READING,  /* in the consumer's assignment */
    TASK_REVOKED,  /* the group takes it back, our caller has not answered yet */
    TASK_RELEASED, /* answered; others of the same revocation have not */
};

struct kafka_task {
    enum task_state state;
    bool reading;                     /* still in the consumer's assignment */
    int64_t next[STREAM_SOURCES_MAX]; /* by source: the lowest offset still wanted */
};

struct kafka_event {
    enum stream_event event;
    int32_t partition;
};

/* kafka_balance.c: partitions that the group forgot. */
struct kafka_balance {
    char *group;
    /* What the last answer about a settled group said; `version` 0: none yet. */
    unsigned version;
    char **names; /* instance ids, NULL: a member has none */
    size_t name_count;
    size_t own;
    size_t *owners; /* by partition */
    rd_kafka_queue_t *queue; /* of the admin handle */
    int64_t due_ms;          /* when to ask, or to look for the answer */
    int32_t partitions;      /* of the driver */
    unsigned sightings;      /* of a gap, in a row */
    bool asked;              /* an answer is on the way */
    int64_t asked_at_ms;
};

/* kafka_rejoin.c: a consumer that the group expelled, and the next one. */
struct kafka_rejoin {
    char *instance_id; /* "" for a dynamic member */
    bool expelled;     /* the handle is dead: nothing is polled from it */
    int64_t due_ms;    /* when to join again; 0: the partitions are not given up yet */
    int64_t joined_ms; /* the last rejoin */
    unsigned in_a_row; /* each soon after the one before */
    char reason[256];
};

struct kafka_stream {
    struct stream stream;
    struct kafka_cluster *cluster;
    char **sources;
    uint32_t source_count;
    struct kafka_handle consumer;
    pthread_mutex_t transactional; /* over the producer: polls serve it between calls of a transaction */
    struct kafka_producer *producer;
    struct kafka_task *tasks; /* by partition */
    size_t task_count;
    struct kafka_event *events; /* to be handed out before the consumer is asked again */
    size_t event_count;
    size_t event_next;
    size_t event_capacity;
    size_t revocations_open; /* revoked partitions not yet answered */
    bool closing;
    bool joined; /* a first rebalance was seen */
    bool eager;  /* the assignor of the group, as last told */
    struct kafka_balance balance;
    struct kafka_rejoin rejoin;
    uint32_t source_last;
    unsigned poll_count;
    struct error failure; /* of a rebalance; status OK: none */
};

/* The rebalance callback; the context's owner is the stream. */
void kafka_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque);
/* Entries of the stream's table. */
MUST_CHECK enum status kafka_group_assign(struct stream *stream, int32_t partition,
                                          const int64_t *offsets, struct error *error);
MUST_CHECK enum status kafka_group_unassign(struct stream *stream, int32_t partition,
                                            struct error *error);
MUST_CHECK enum status kafka_group_seek(struct stream *stream, int32_t partition,
                                        const int64_t *offsets, struct error *error);
/* Tells our caller that every partition is lost. */
void kafka_group_lose_all(struct kafka_stream *stream);
/* Answers what is still open, since the stream is closing. */
void kafka_group_answer_all(struct kafka_stream *stream);
static inline struct kafka_task *kafka_task_find(struct kafka_stream *stream, int32_t partition)
{
    return partition >= 0 && (size_t)partition < stream->task_count ? &stream->tasks[partition]
                                                                    : NULL;
}

/* STATUS_RETRY: no broker answered. */
MUST_CHECK enum status kafka_balance_open(struct kafka_stream *stream, const char *group,
                                          struct error *error);
/* The group was balanced just now. */
void kafka_balance_rebalanced(struct kafka_stream *stream, int64_t now_ms);
bool kafka_balance_peers(const struct stream *stream, struct stream_peers *peers_out);
/* When it is due; waits 300 ms at most, and only where no broker is there. */
void kafka_balance_serve(struct kafka_stream *stream, int64_t now_ms);
/* Has the group described into `queue`, of the admin handle. False: no broker is there. */
bool kafka_group_describe(const struct kafka_stream *stream, rd_kafka_queue_t *queue);
void kafka_balance_close(struct kafka_stream *stream);

/* Whether the consumer's handle is dead because the group does not know it any more. Its calls fail
 * then, and what it still holds must not be handed out. */
bool kafka_is_expelled(struct kafka_stream *stream);
/* One step towards a new consumer, to be repeated while the stream is expelled; does not wait for the
 * group. STATUS_FATAL: another process has our slot. */
MUST_CHECK enum status kafka_rejoin(struct kafka_stream *stream, struct error *error);

/* kafka_orphan.c: entries of the stream's table. */
MUST_CHECK enum status kafka_orphan_peek(struct stream *stream, int32_t partition,
                                         struct stream_committed *driver_out, struct error *error);
MUST_CHECK enum status kafka_orphan_fence(struct stream *stream, const char *transactional_id,
                                          const char *instance_id, bool *fenced_out,
                                          struct error *error);

/* kafka_stream.c */
/* A committed offset as brokers tell it. */
MUST_CHECK enum status kafka_committed_read(const rd_kafka_topic_partition_t *entry,
                                            struct stream_committed *out, struct error *error);
/* A consumer in the group, subscribed. */
MUST_CHECK enum status kafka_consumer_open(struct kafka_stream *stream, struct error *error);
/* Whether its end is safe: it was assigned something, if only nothing. */
bool kafka_consumer_may_close(const struct kafka_stream *stream);
/* As kafka_handle_close(); one whose end is not safe is left behind at once: false. */
bool kafka_consumer_close(struct kafka_stream *stream, bool leave);
/* To the driver, the one topic that the group knows. */
rd_kafka_resp_err_t kafka_subscribe(struct kafka_stream *stream);

/* kafka_waker.c: wakes the fetcher of a handle up by a request that nobody waits for. */
struct kafka_waker;
struct kafka_waker *kafka_waker_new(rd_kafka_t *rk, const char *topic);
/* Asks the leader of `partition` something soon. */
void kafka_waker_wake(struct kafka_waker *waker, int32_t partition);
/* Before the handle is closed. False: it was still asking after KAFKA_CLOSE_MS, the handle must stay. */
bool kafka_waker_close(struct kafka_waker *waker);

/* kafka_bounds.c: what the leader says, by the handle's isolation level (read_committed: the end is the last
 * stable offset), or an error within the timeout. */
rd_kafka_resp_err_t kafka_end(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms,
                              int64_t *end_out);
rd_kafka_resp_err_t kafka_start_and_end(rd_kafka_t *rk, const char *topic, int32_t partition,
                                        int timeout_ms, int64_t *start_out, int64_t *end_out);

/* kafka_stream.c, kafka_reader.c, kafka_follower.c, kafka_bounds.c, kafka_admin.c, kafka_append.c: entries of the
 * cluster's table. */
MUST_CHECK enum status kafka_stream_open(struct cluster *cluster,
                                         const struct stream_options *options,
                                         struct stream **stream_out, struct error *error);
MUST_CHECK enum status kafka_reader_open(struct cluster *cluster, const char *topic,
                                         int32_t partition, int64_t from, bool committed,
                                         struct reader **reader_out, struct error *error);
/* An error that came in a record's place: STATUS_OK if librdkafka goes on by itself. `position`: where
 * the partition is read. */
MUST_CHECK enum status kafka_message_failed(const char *topic, int64_t position,
                                            const rd_kafka_message_t *message, struct error *error);
MUST_CHECK enum status kafka_follower_open(struct cluster *cluster, const char *topic,
                                           struct follower **follower_out, struct error *error);
MUST_CHECK enum status kafka_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                                    int timeout_ms, int64_t *start_out, int64_t *end_out,
                                    struct error *error);
MUST_CHECK enum status kafka_describe(struct cluster *cluster, const char *topic,
                                      struct topic_facts *facts_out, struct error *error);
MUST_CHECK enum status kafka_create(struct cluster *cluster, const struct topic_want *wants,
                                    size_t count, struct error *error);
MUST_CHECK enum status kafka_check(struct cluster *cluster, const struct topic_want *want,
                                   struct buffer *differences, struct error *error);
MUST_CHECK enum status kafka_append(struct cluster *cluster, const struct stream_output *outputs,
                                    size_t count, struct error *error);
/* The settings of a topic or a broker; `*event_out` is a DescribeConfigs result and must be destroyed. */
MUST_CHECK enum status kafka_settings_get(struct kafka_cluster *cluster,
                                          rd_kafka_ConfigResource_t *resource, int timeout_ms,
                                          rd_kafka_event_t **event_out, struct error *error);
/* kafka_retention.c */
MUST_CHECK enum status kafka_offsets_retention(struct cluster *cluster, int64_t *ms_out,
                                               struct error *error);
/* kafka_metadata.c */
struct kafka_layout {
    bool exists;
    int32_t partitions;
    int replicas;    /* of partition 0 */
    bool has_leader; /* every partition */
};
MUST_CHECK enum status kafka_layout_get(struct kafka_cluster *cluster, const char *topic,
                                        struct kafka_layout *layout_out, struct error *error);

#endif
