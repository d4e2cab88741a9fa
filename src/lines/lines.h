/* lines: JSON lines of contract.md 4 <-> records of topics.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef LINES_LINES_H
#define LINES_LINES_H

#include "base/arena.h"
#include "base/problems.h"
#include "config/config.h"
#include "policy/policy.h"
#include "record/record.h"
#include "schema/codec.h"
#include "stream/stream.h"

#include <stdio.h>

/* Lines that were read and are well, ready for cluster append(). Zero-initialise, then fill the first
 * four; all are borrowed. */
struct lines {
    const struct config *config;
    const struct codec *codec;
    int32_t partitions; /* of the keyed topics */
    bool barriers;      /* `advance` is understood (the in-process log); else it is a problem */
    struct stream_output *outputs;
    size_t count;
    size_t capacity;
    uint32_t barrier; /* of the next line */
    struct arena arena;
    struct buffer scratch;
    void *record;
};

/* Reads `file`, called `name` in problems (FILE:LINE: field: reason); all lines are checked. False: problems
 * were added and nothing of `lines` may be used. */
bool lines_read(struct lines *lines, FILE *file, const char *name, struct problems *problems);
void lines_release(struct lines *lines);

/* Appends the notice of a version to everybody (POLICY_CHANGE); its ids come from the policy's hash. `timestamp_ms`
 * as in lines_add_policy(). */
void lines_add_policy_notice(struct lines *lines, const struct policy *policy,
                             int64_t timestamp_ms);

/* Appends a policy file as a PolicyVersion record at `timestamp_ms` (< 0: when it was announced, a
 * genesis version when it takes effect). False: its problems were added. */
bool lines_add_policy(struct lines *lines, const char *path, int64_t timestamp_ms,
                      struct problems *problems);
/* The same of one that was read already; `document` is what its hash is of. */
void lines_add_policy_version(struct lines *lines, const struct policy *policy, struct bytes document,
                              int64_t timestamp_ms);

/* Takes out the lines whose value stands in the topic already (policy versions at an embedded start). */
MUST_CHECK enum status lines_drop_known(struct lines *lines, struct cluster *cluster,
                                        struct error *error);

/* Decodes the payload of an audit record into `payload` where its key is at hand. */
typedef bool lines_open_payload(void *context, const struct audit *audit,
                                struct audit_payload *payload);

/* Writes records as lines. */
struct lines_writer {
    const struct codec *codec;
    const char *prefix;       /* of topic names, left out of lines */
    lines_open_payload *open; /* NULL: payloads as hex */
    void *open_context;
    void *record;   /* codec_record_size() bytes, the owner's */
    struct buffer text; /* scratch */
};

/* Appends one line with its newline to `out`. */
void lines_write(struct lines_writer *writer, const char *topic, int32_t partition, int64_t offset,
                 int64_t timestamp_ms, struct bytes key, struct bytes value, struct buffer *out);

#endif
