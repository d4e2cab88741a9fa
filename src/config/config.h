/* config: files in config/ -> one const validated struct; the only defaults and ranges.
 *
 * One table row per setting (settings.c): name, type, unit, default, range, sentence. From it come
 * the parser, `--set`, `--print-config`, the check that config/sanctiond.yaml is complete, and the
 * manual. Unknown or bad settings stop the start, all reported at once with file and line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/buffer.h"
#include "base/problems.h"
#include "base/status.h"

enum input_timestamps {
    INPUT_TIMESTAMPS_CREATE,
    INPUT_TIMESTAMPS_APPEND,
};

/* A librdkafka property of `kafka:`, passed through. */
struct config_property {
    char *name;
    char *value;
    char *file; /* where it was given last; "--set" */
    size_t line;
};

/* A list of texts. */
struct config_list {
    size_t count;
    char **items;
};

struct config {
    char *application; /* application: prefix of groups and transactional ids */
    char *worker_slot; /* worker.slot: this worker's name, unique in the group, stable */
    int64_t threads;   /* threads: stream threads per topology (Kafka) */
    char *share_dir;   /* share.dir: where topologies/, config/ and schemas/ lie */
    struct config_list topologies; /* topologies: files, relative to share.dir unless absolute */
    char *state_dir;               /* state.dir */
    char *topics_prefix;           /* topics.prefix */
    int64_t topics_partitions;     /* topics.partitions */
    int64_t topics_replication;    /* topics.replication_factor; 0: the broker's default */
    enum input_timestamps input_timestamps; /* topics.input_timestamps */
    bool check_timestamps; /* topics.check_timestamps */
    struct config_list policy_files;        /* policy.files: published on an embedded start */
    char *policy_id;                        /* policy.id: which policy of the topic decides */
    char *notices_dir;                      /* notices.catalogue: folder of templates */
    struct config_list
        writer_schemas;         /* schemas.writers: files or folders of further writer schemas */
    int64_t commit_interval_ms; /* commit.interval */
    int64_t commit_records_max; /* commit.records_max: inputs of one transaction */
    int64_t commit_bytes_max;   /* commit.bytes_max: overlay and outputs that force a commit */
    int64_t memory_bytes;       /* memory.max: see memory.h */
    int64_t checkpoint_interval_ms; /* checkpoint.interval */
    int64_t standby_replicas;       /* standby.replicas: copies of each task on other workers */
    int64_t time_max_ahead_ms;      /* time.max_ahead */
    int64_t tick_interval_ms;       /* time.tick_interval: ticks to an idle partition; 0: none */
    int64_t record_bytes_max;       /* records.bytes_max: larger inputs are dead letters */
    bool dead_letter_payload;       /* dead_letters.payload */
    bool log_sync;                  /* embedded.sync: survive power loss, not only kill -9 */
    bool audit_seed_set;
    uint8_t audit_seed[32]; /* audit.seed: reproducible data keys, embedded only */
    char *audit_key_file;   /* audit.key_file: key-encryption key; "" in DIR on an embedded run */
    size_t kafka_count;
    struct config_property *kafka; /* kafka.*: librdkafka properties */
};

/* The built-in defaults. */
struct config *config_new(void);
void config_free(struct config *config);
DEFINE_CLEANUP(config)

/* Reads a YAML file over `config`; problems are added, nothing is applied half. */
void config_read_file(struct config *config, const char *path, struct problems *problems);

/* One `--set KEY=VALUE`. */
void config_set(struct config *config, const char *assignment, struct problems *problems);

/* Checks that need several settings together. */
void config_check(const struct config *config, struct problems *problems);

/* The configuration as YAML with comments: what config/sanctiond.yaml is made from. */
void config_print(const struct config *config, bool with_comments, struct buffer *out);

/* librdkafka property or NULL. */
const char *config_kafka(const struct config *config, const char *name);

/* `path` as it is if absolute, else below share.dir; the caller frees. */
char *config_path(const struct config *config, const char *path);

#endif
