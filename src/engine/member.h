/* A member of a topology's consumer group: one consumer, one transactional producer, its tasks, and the
 * transaction that covers them (exactly-once.md 1: "thread").
 *
 * What is judged makes the batch; a commit seals the batch as the flight, which goes to the brokers.
 *
 * Everything of a member belongs to one thread, but for the flight while it is under way (flight.h).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_MEMBER_H
#define ENGINE_MEMBER_H

#include "base/arena.h"
#include "config/config.h"
#include "engine/checkpointer.h"
#include "engine/engine.h"
#include "engine/errand.h"
#include "engine/flight.h"
#include "engine/keys.h"
#include "engine/memory.h"
#include "engine/orphan.h"
#include "engine/policy_feed.h"
#include "engine/restore.h"
#include "engine/task.h"

#define MEMBER_TASKS_MAX 4096

/* What was judged and is not yet being committed. */
struct batch {
    bool open;           /* there is something */
    int64_t begun_at_ms; /* monotonic */
    int64_t inputs;
    struct outputs outputs;
};

struct member {
    const struct engine_options *options;
    const struct config *config;
    struct cluster *cluster;
    const struct topology *topology;
    const struct catalogue *catalogue;
    const struct codec *codec;
    struct key_ring *keys;
    struct store_memory *store_memory;
    struct stream *stream;
    struct policy_feed *policies;
    struct restores *restores;         /* partitions that are not tasks yet */
    struct checkpointer *checkpointer; /* NULL on a causal run: checkpoints are written in line */
    char group[TOPOLOGY_NAME_MAX];
    char transactional_id[256];
    char instance_id[200];
    char *source_names[TOPOLOGY_SOURCES_MAX]; /* full topic names */
    char source_ids[TOPOLOGY_SOURCES_MAX][64]; /* topic ids, "none" where unknown */
    uint64_t crash_topics[TOPOLOGY_SOURCES_MAX]; /* the sources in crash.h */
    char *changelog_name;
    char **topic_names; /* full names, in the order of topics[] */
    int32_t partition_count;
    struct task **tasks;
    size_t task_count;
    struct orphans orphans;
    struct memory memory;
    struct batch batch;
    struct flight flight;
    struct errand *errand; /* runs the flight */
    bool failed;           /* something fatal happened: no last checkpoint */
    bool rotated;          /* since the last committed transaction */
    int64_t polled_at_ms;  /* policies, monotonic */
    unsigned peers_version;    /* of the group's description that standbys were placed by */
    int64_t restored_at_ms;    /* the end of the last step, monotonic */
    int64_t full_polled_at_ms; /* records while memory is full, monotonic */
    bool took_little;          /* since then: single records, more may be there */
    bool behind;               /* the last poll left records that had come */
    int64_t wall_ms;       /* the wall clock when a record last asked for it */
    int64_t transactions;  /* committed since start */
    int64_t records;       /* judged since start */
    struct arena arena;    /* of the record in hand */
    struct buffer buffer;  /* of the output in hand */
    void *record;          /* the input in hand, decoded */
    void *row;             /* TaskMeta, AuditKey in hand */
    struct audit_payload *payload;
    struct buffer plain;  /* of the audit payload in hand */
    struct buffer sealed;
};

/* STATUS_RETRY: the brokers do not answer, or no policy version is published yet; call again. */
MUST_CHECK enum status member_open(const struct engine_options *options,
                                   const struct topology *topology, unsigned thread,
                                   struct member **member_out, struct error *error);
/* Leaves nothing open; a clean stop has committed before. */
void member_close(struct member *member);

/* Takes events and records from the stream until nothing more comes at once or `records_max` have come;
 * waits at most `timeout_ms` for the first. *count_out: records taken. */
MUST_CHECK enum status member_poll(struct member *member, int timeout_ms, size_t records_max,
                                   size_t *count_out, struct error *error);

/* A piece of the restores; a task that is ready begins. */
MUST_CHECK enum status member_restore(struct member *member, struct error *error);

/* Commits. A batch is judged while the one before it is being committed; if that is aborted, both are
 * dropped and their input is read again. STATUS_FATAL of any of these: fenced, or the store failed: leave
 * the process. */
/* Starts to commit the batch, which is not empty; no other commit is under way. */
MUST_CHECK enum status member_commit_start(struct member *member, struct error *error);
bool member_committing(const struct member *member);
/* Waits at most so long (ERRAND_FOREVER, 0: only looks) for the commit under way, if any; if it is over,
 * does all that follows from its outcome. */
MUST_CHECK enum status member_commit_wait(struct member *member, int timeout_ms,
                                          struct error *error);
/* Commits all that was judged, and waits for it. */
MUST_CHECK enum status member_commit(struct member *member, struct error *error);
/* Waits for the commit under way, drops the batch and reads its input again. */
MUST_CHECK enum status member_abort(struct member *member, struct error *error);

/* Commits idle tasks' offsets before they expire, runs checkpoints that are due, polls policies. */
MUST_CHECK enum status member_maintain(struct member *member, struct error *error);

/* Sends a tick to every partition that has a timer due by the wall clock and saw no record lately. */
MUST_CHECK enum status member_tick(struct member *member, struct error *error);

/* The full name of a topic of topics[]. */
static inline const char *member_topic(const struct member *member, const struct topic *topic)
{
    return member->topic_names[topic - topics];
}

#endif
