/* What the conformance tests share: one test's cluster, topics and stream, and short forms of calls
 * that must succeed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFORMANCE_BENCH_H
#define CONFORMANCE_BENCH_H

#include "base/assert.h"
#include "conformance/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { PARTITIONS = 2 };

/* One test's cluster, names and stream. */
struct bench {
    const struct conformance_target *target;
    struct cluster *cluster;
    struct stream *stream;
    const char *test;
    char topics[3][120]; /* 0 and 1 are the sources, 2 is written to */
    char group[120];
};

#define SUCCEED(call, error)                                                                       \
    do {                                                                                           \
        if ((call) != STATUS_OK) {                                                                 \
            fail_msg("%s: %s", #call, (error).text);                                               \
        }                                                                                          \
    } while (0)

/* The settings of the topics of every test. */
extern const char *const topic_settings[];

void bench_create(struct bench *bench);

/* A cluster with the topics of this test and no stream yet. */
void bench_open(struct bench *bench, const struct conformance_target *target, const char *test);

struct stream *stream_of_group(const struct bench *bench, const char *group);

void bench_close(struct bench *bench);

/* The next event that is not STREAM_NOTHING, within the target's patience. */
enum stream_event event_await(const struct bench *bench, struct stream *stream,
                              struct stream_record *record, int32_t *partition);

/* Takes every partition from `offsets` on (NULL: from the start). */
void partitions_take(const struct bench *bench, struct stream *stream, const int64_t (*offsets)[2]);

void bench_start(struct bench *bench);

struct stream_output output_of(const char *topic, int32_t partition, const char *key,
                               const char *value);

void append_text(const struct bench *bench, size_t topic, int32_t partition, const char *value);

void begin(struct stream *stream);

void produce_text(const struct bench *bench, struct stream *stream, size_t topic, int32_t partition,
                  const char *value);

void commit(struct stream *stream, const struct stream_position *positions, size_t count);

/* Expects a record with this value from the stream and gives it back. */
void record_expect(const struct bench *bench, uint32_t source, int32_t partition, int64_t offset,
                   const char *value);

void silence_expect(const struct bench *bench, struct stream *stream);

struct reader *reader_of(const struct bench *bench, size_t topic, int32_t partition, int64_t from);

void reader_expect(const struct bench *bench, struct reader *reader, const char *value);

/* Reads to the end of a partition of topic `topic` and expects exactly `values`. */
void content_expect(const struct bench *bench, size_t topic, int32_t partition,
                    const char *const *values, size_t count);

void committed_get(const struct bench *bench, struct stream *stream, int32_t partition,
                   struct stream_committed *out);

/* The tests of one file each. */
void all_partitions_are_assigned_and_read(const struct conformance_target *target);
void explicit_offsets_are_honoured(const struct conformance_target *target);
void committed_offsets_and_metadata_come_back(const struct conformance_target *target);
void an_aborted_transaction_is_invisible(const struct conformance_target *target);
void an_abort_without_transaction_does_nothing(const struct conformance_target *target);
void the_next_offset_is_known_after_the_flush(const struct conformance_target *target);
void a_seek_delivers_again(const struct conformance_target *target);
void a_seek_forgets_what_was_read_ahead(const struct conformance_target *target);
void null_and_empty_are_not_the_same(const struct conformance_target *target);
void timestamps_are_kept(const struct conformance_target *target);
void partition_minus_one_is_murmur2(const struct conformance_target *target);
void a_transaction_spans_topics_and_offsets(const struct conformance_target *target);
void an_append_is_visible_as_a_whole(const struct conformance_target *target);
void two_groups_do_not_know_each_other(const struct conformance_target *target);
void a_reader_tells_its_bounds(const struct conformance_target *target);
void a_reader_starts_where_it_is_told(const struct conformance_target *target);
void a_follower_reads_what_it_was_given(const struct conformance_target *target);
void what_exists_is_left_alone(const struct conformance_target *target);
void differences_of_a_topic_are_told(const struct conformance_target *target);
void a_missing_topic_is_described_as_missing(const struct conformance_target *target);

#endif
