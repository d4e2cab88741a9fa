/* The simulated brokers: partitions, transactions of the old protocol, a group.
 *
 * The old protocol (librdkafka's): all transactions of a producer share one epoch until it is initialised again, so
 * a request that was held up may reach a later transaction. A coordinator checks the epoch and its own state, and
 * nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SIMULATION_BROKER_H
#define SIMULATION_BROKER_H

#include "topology/topology.h"
#include "world.h"

enum { TOPICS_MAX = 32, TRANSACTION_IDS_MAX = 16, OPEN_MAX = 16, TOUCHED_MAX = 64 };

enum entry_kind { ENTRY_RECORD, ENTRY_MARKER };
enum entry_state { ENTRY_OPEN, ENTRY_VISIBLE, ENTRY_HIDDEN };

struct entry {
    enum entry_kind kind;
    enum entry_state state;
    int64_t producer;
    int64_t timestamp_ms;
    struct bytes key;
    struct bytes value;
};

struct log_partition {
    struct entry *entries;
    int64_t count;
    int64_t capacity;
    struct {
        int64_t producer;
        int64_t first;
    } open[OPEN_MAX]; /* transactions */
    unsigned open_count;
};

struct log_topic {
    char name[128];
    int32_t partition_count;
    struct log_partition partitions[PARTITIONS_MAX];
};

/* An input as it was judged. */
struct judged {
    uint32_t source;
    int64_t offset;
};

struct judged_list {
    struct judged *items;
    size_t count;
    size_t capacity;
};

/* Offsets of a partition of a group: committed, or sent in a transaction that is not over. */
struct group_offsets {
    bool set;
    int64_t offset[STREAM_SOURCES_MAX];
    char *metadata[STREAM_SOURCES_MAX];
    struct judged_list judged; /* since the last commit */
};

enum transaction_state { TRANSACTION_NONE, TRANSACTION_OPEN, TRANSACTION_ENDING, TRANSACTION_OVER };

struct place {
    uint32_t topic;
    int32_t partition;
};

/* The coordinator's view of a transactional id. */
struct transaction {
    char id[64];
    int64_t producer;
    int32_t epoch;
    enum transaction_state state;
    bool commits; /* of ENDING and OVER */
    int64_t began_ms;
    struct place touched[TOUCHED_MAX];
    unsigned touched_count;
    unsigned markers_left;
    uint32_t group; /* of `offsets` */
    struct group_offsets offsets[PARTITIONS_MAX]; /* pending */
};

struct client; /* client.h */

enum { CLIENTS_MAX = 8 };

struct group {
    char name[80];
    const struct topology *topology;
    int32_t generation;
    int64_t rebalance_at_ms; /* INT64_MAX: none is due */
    bool shuffled;           /* that one deals out anew */
    struct client *clients[CLIENTS_MAX];
    unsigned client_count;
    struct client *target[PARTITIONS_MAX];
    struct client *holder[PARTITIONS_MAX];
    struct group_offsets committed[PARTITIONS_MAX];
    struct judged_list judged[PARTITIONS_MAX]; /* every input of the partition, as committed */
};

enum request_kind { REQUEST_MARKER, REQUEST_OFFSETS_MARKER, REQUEST_END, REQUEST_PRODUCE };

/* On its way to a broker. */
struct request {
    enum request_kind kind;
    int64_t due_ms;
    uint64_t number;
    struct transaction *transaction;
    int32_t epoch;
    bool commits;
    struct place place;
    struct entry *entries; /* of REQUEST_PRODUCE */
    size_t entry_count;
};

struct broker {
    struct log_topic topics[TOPICS_MAX];
    uint32_t topic_count;
    struct transaction transactions[TRANSACTION_IDS_MAX];
    unsigned transaction_count;
    struct group groups[TOPOLOGIES];
    struct request *requests;
    size_t request_count;
    size_t request_capacity;
    uint64_t request_number;
};

enum answer {
    ANSWER_OK,
    ANSWER_AGAIN,  /* CONCURRENT_TRANSACTIONS */
    ANSWER_FENCED, /* another epoch */
    ANSWER_REFUSED, /* the state does not allow it; the generation is another */
};

struct broker *broker_new(void);
void broker_turn(void); /* what is due arrives */

uint32_t broker_topic(const char *name); /* must exist */
struct log_partition *broker_partition(struct place place);
int64_t partition_stable(const struct log_partition *partition); /* last stable offset */
void broker_append(struct place place, const struct entry *entry); /* outside any transaction */

struct transaction *broker_transaction(const char *id);
enum answer broker_initialise(struct transaction *transaction, int32_t *epoch_out);
/* Appends to a partition; opens the transaction and adds the partition to it, but for late requests. */
enum answer broker_produce(struct transaction *transaction, int32_t epoch, struct place place,
                           const struct entry *entries, size_t count, bool late, int64_t *first_out);
enum answer broker_end(struct transaction *transaction, int32_t epoch, bool commits);
/* Takes `offsets` over. */
enum answer broker_send_offsets(struct transaction *transaction, int32_t epoch, struct group *group,
                                int32_t partition, struct group_offsets *offsets);
void broker_send_later(struct request request, int64_t delay_ms);
/* Whether a transaction that is not over has offsets of the partition. */
bool broker_pending(const struct group *group, int32_t partition);
void group_commit(struct group *group, int32_t partition, struct group_offsets *offsets);
bool broker_idle(void); /* no transaction is open, nothing is on its way */

/* group.c: a group with cooperative, static members. */
void group_join(struct client *client);
void group_turn(void);
/* Brings the client up to date: its events. */
void group_sync(struct client *client);
void group_released(struct client *client, int32_t partition);
void group_shuffle(struct group *group);
void group_expel(struct client *client);

#endif
