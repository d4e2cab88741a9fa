/* The parts of the in-process log: journal (bytes on disk or in memory), index (where each record
 * is), and what streams and readers share.
 *
 * A record is never copied out: the index points at its encoding inside a segment, and segments
 * stay mapped until the log is closed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef STREAM_LOG_INTERNAL_H
#define STREAM_LOG_INTERNAL_H

#include "base/table.h"
#include "stream/log.h"

/* A block: magic u32, payload size u32, sequence u64, hash of the payload u64, hash of the 24 bytes
 * before and the seed u64. All numbers little-endian. */
#define BLOCK_HEADER_SIZE 32
#define BLOCK_PAYLOAD_MAX (UINT32_C(1) << 30)
/* A segment starts with: magic u64, format u32, zero u32, first sequence u64, hash with the seed
 * u64. */
#define SEGMENT_HEADER_SIZE 32
#define SEGMENT_SIZE_DEFAULT ((size_t)64 << 20)
#define READ_SIZE_MAX ((size_t)16 << 20)
#define LOG_FORMAT 1
#define LOG_PARTITIONS_MAX 65536
#define LOG_ID_SIZE 33 /* 32 hex digits and the terminator */
/* "no key", "no value" */
#define SIZE_NULL UINT32_MAX

static inline void u32_put(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint32_t u32_get(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

static inline void u64_put(uint8_t *out, uint64_t value)
{
    u32_put(out, (uint32_t)value);
    u32_put(out + 4, (uint32_t)(value >> 32));
}

static inline uint64_t u64_get(const uint8_t *in)
{
    return u32_get(in) | (uint64_t)u32_get(in + 4) << 32;
}

struct segment {
    int file; /* open in the last segment of a directory, else -1 */
    uint8_t *memory;
    size_t size;   /* bytes that are good */
    size_t mapped; /* bytes of address space; more than `size` in the last one */
};

struct journal {
    char *directory; /* of the segment files; NULL: memory */
    uint64_t seed;   /* from the cluster id, so that another log's bytes never look like ours */
    bool sync;
    bool failed; /* what the last segment holds is no longer known: nothing is written any more */
    size_t segment_size;
    struct segment *segments;
    size_t segment_count;
    uint64_t next_sequence;
    uint64_t torn_size;
    size_t read_size; /* bytes of records read since the last journal_forget() */
};

/* Takes one block that was read from the disk; false if its payload makes no sense. */
typedef bool journal_visit(void *context, uint64_t sequence, struct bytes payload);

/* Reads and checks all segments of `journal->directory` and cuts off a torn end. */
MUST_CHECK enum status journal_load(struct journal *journal, journal_visit *visit, void *context,
                                    struct error *error);
/* Starts the first segment of a new directory. */
MUST_CHECK enum status journal_start(struct journal *journal, struct error *error);
/* Writes `block` (BLOCK_HEADER_SIZE bytes of room, then the payload) as one block. `*payload_out`
 * stays valid until journal_release(). On failure nothing of it is in the journal. */
MUST_CHECK enum status journal_append(struct journal *journal, struct buffer *block,
                                      struct bytes *payload_out, struct error *error);
/* Gives the pages of all segments back, to be read again from the files when they are wanted: what
 * is resident must not grow with the journal. Pointers stay valid. */
void journal_forget(struct journal *journal);
void journal_release(struct journal *journal);

/* The lock of a log's directory and the marker that says whose it is. */
struct directory {
    char *path;
    int lock; /* -1: not locked */
    bool created;
    char id[LOG_ID_SIZE];
};

/* Makes and locks the directory and reads its marker; `created` where there was none. */
MUST_CHECK enum status directory_open(struct directory *directory, const char *path,
                                      struct error *error);
/* Writes the marker of a new directory; from then on it is a log. */
MUST_CHECK enum status directory_mark(struct directory *directory, struct error *error);
void directory_release(struct directory *directory);
/* Makes the entries of a folder durable. */
bool folder_sync(const char *path);
/* Text of an errno for a message. */
const char *failure_text(int number);

struct log_partition {
    const uint8_t **records; /* by offset */
    size_t count;
    size_t capacity;
};

struct log_topic {
    uint32_t number;
    char *name;
    char id[64];
    int32_t partition_count;
    struct log_partition *partitions;
    char **settings; /* NULL-terminated "name=value" */
};

struct log_offset {
    bool set;
    int64_t offset;
    struct bytes metadata;
};

struct log_group {
    char *name;
    bool busy;                   /* a stream has it */
    struct log_offset **offsets; /* by topic number, then partition; NULL where never committed */
    size_t topic_count;
};

struct log_fault {
    unsigned after; /* commits until it strikes; 0: none planned */
    enum commit_outcome outcome;
    bool applied;
};

struct log {
    struct cluster cluster;
    struct directory directory; /* path NULL: memory */
    struct journal journal;
    log_tap *tap;
    void *tap_context;
    struct table topic_table;
    struct log_topic **topics; /* by number */
    size_t topic_count;
    struct table group_table;
    uint32_t barrier_max;
    size_t user_count; /* open streams and readers */
    struct log_fault fault;
    struct buffer block; /* of create() and append() */
};

/* The entries of a block's payload. */
enum entry_tag {
    ENTRY_TOPIC = 1, /* partitions u32, setting count u32, name, settings */
    ENTRY_RECORD,    /* the fields below, key, value */
    ENTRY_GROUP,     /* name */
    ENTRY_OFFSET,    /* topic u32, partition u32, next offset u64, metadata */
};

/* Where the fields of a record entry are, from its tag on. */
enum {
    RECORD_TOPIC = 1,
    RECORD_PARTITION = 5,
    RECORD_BARRIER = 9,
    RECORD_TIMESTAMP = 13,
    RECORD_KEY_SIZE = 21,
    RECORD_VALUE_SIZE = 25,
    RECORD_HEADER_SIZE = 29,
};

/* An encoded record, borrowed from its segment. */
struct log_record {
    uint32_t topic;
    int32_t partition;
    uint32_t barrier;
    int64_t timestamp_ms;
    struct bytes key;
    struct bytes value;
};

/* log_block.c: writing. A block starts empty with room for its header. */
void block_begin(struct buffer *block);
static inline bool block_empty(const struct buffer *block)
{
    return block->size <= BLOCK_HEADER_SIZE;
}
void block_add_topic(struct buffer *block, const struct topic_want *want);
/* STATUS_FATAL: unknown topic or partition, or the transaction grows too large. `*topic_out` and
 * `*partition_out` say where it goes. */
MUST_CHECK enum status block_add_record(struct buffer *block, const struct log *log,
                                        const struct stream_output *output, uint32_t barrier,
                                        struct log_partition **partition_out, struct error *error);
/* Offsets that follow belong to `group`. */
void block_add_group(struct buffer *block, const char *group);
void block_add_offset(struct buffer *block, uint32_t topic, const struct stream_position *position);

/* log_index.c: what the blocks amount to. */
struct log_topic *log_topic_find(const struct log *log, const char *name);
struct log_group *log_group_get(struct log *log, struct bytes name);
/* Takes one block into the index; with `announce` its records go to the tap. False: malformed. */
bool log_apply(struct log *log, uint64_t sequence, struct bytes payload, bool announce);
void log_index_release(struct log *log);
void log_record_read(const uint8_t *place, struct log_record *record_out);

/* log.c: writes the block and takes it into the index. */
MUST_CHECK enum status log_write(struct log *log, struct buffer *block, struct error *error);

/* log_stream.c, log_reader.c: entries of the cluster's table. */
MUST_CHECK enum status log_stream_open(struct cluster *cluster,
                                       const struct stream_options *options,
                                       struct stream **stream_out, struct error *error);
MUST_CHECK enum status log_follower_open(struct cluster *cluster, const char *topic,
                                         struct follower **follower_out, struct error *error);
MUST_CHECK enum status log_bounds(struct cluster *cluster, const char *topic, int32_t partition,
                                  int timeout_ms, int64_t *start_out, int64_t *end_out,
                                  struct error *error);
MUST_CHECK enum status log_reader_open(struct cluster *cluster, const char *topic,
                                       int32_t partition, int64_t from, bool committed,
                                       struct reader **reader_out, struct error *error);

/* Waits, as a poll that found nothing does; a signal ends it. */
void log_pause(int timeout_ms);

/* Every cluster with this table is a `struct log`. */
static inline struct log *log_of(struct cluster *cluster)
{
    return (struct log *)(void *)cluster;
}

/* Fills `record_out` from the record at `offset` of a partition. */
static inline void log_record_fill(struct log *log, const struct log_partition *partition,
                                   int64_t offset, struct stream_record *record_out)
{
    if (log->journal.read_size > READ_SIZE_MAX) {
        journal_forget(&log->journal);
    }
    struct log_record record;
    log_record_read(partition->records[offset], &record);
    log->journal.read_size += RECORD_HEADER_SIZE + record.key.size + record.value.size;
    *record_out = (struct stream_record){
        .partition = record.partition,
        .offset = offset,
        .timestamp_ms = record.timestamp_ms,
        .barrier = record.barrier,
        .key = record.key,
        .value = record.value,
    };
}

#endif
