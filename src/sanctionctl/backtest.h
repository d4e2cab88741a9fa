/* What a policy would have decided about a history: the engine itself over a log in memory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_BACKTEST_H
#define SANCTIONCTL_BACKTEST_H

#include "engine/outputs.h"
#include "notice/catalogue.h"
#include "sanctionctl/command.h"
#include "topology/topology.h"

/* What every trial works on; all borrowed. */
struct backtest {
    struct program *program;
    const struct catalogue *catalogue;
    const struct topology *topologies;
    size_t topology_count;
    const struct stream_output *records; /* the history: each partition in its order */
    size_t record_count;
    int32_t partitions;
};

/* A measure that was begun, a warning among them. Texts lie in the trial's arena. */
struct sentence {
    const char *subject; /* KIND:ID */
    const char *rule;
    int32_t measure; /* symbols of their enumerations */
    int32_t ledger;
    int32_t area;
    int32_t category;
    int32_t stage;
    int64_t decided_ms;
    int64_t expires_ms; /* TIME_NEVER_MS: no end */
};

/* What one policy came to. Zero-initialise. */
struct trial {
    struct policy *policy;
    struct sentence *sentences; /* in order of subject, then of time */
    size_t count;
    size_t capacity;
    struct arena arena;
};

/* Judges the whole history by the policy file at `path`, as if it had always been in force. False: problems or
 * the program's error are filled. */
bool trial_run(struct trial *trial, const struct backtest *backtest, const char *path);
void trial_release(struct trial *trial);

/* Order of sentences: by subject, time, then all else. The rule does not count: under another policy the same
 * measure may have another reason. */
int sentence_compare(const struct sentence *left, const struct sentence *right);

#endif
