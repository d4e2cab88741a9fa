/* Reading and admitting policy versions.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/policy_feed.h"

#include "base/assert.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "engine/log.h"

#include <stdlib.h>

enum { QUIET_MAX = 10 }; /* seconds without a record that should be there */

struct policy_feed {
    struct reader *reader;
    const struct codec *codec;
    char *policy_id;
    struct policies versions;
    struct policy *known[POLICY_VERSIONS_MAX]; /* owned */
    size_t known_count;
    void *record; /* scratch of codec_record_size() */
};

enum status policy_feed_open(struct cluster *cluster, const char *topic, const char *policy_id,
                             const struct codec *codec, struct policy_feed **feed_out,
                             struct error *error)
{
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, topic, 0, 0, true, &reader, error));
    struct policy_feed *feed = memory_get(sizeof(*feed));
    *feed = (struct policy_feed){.reader = reader, .codec = codec};
    feed->policy_id = memory_text(policy_id);
    feed->record = memory_get(codec_record_size(codec));
    *feed_out = feed;
    return STATUS_OK;
}

void policy_feed_close(struct policy_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    feed->reader->ops->close(feed->reader);
    for (size_t i = 0; i < feed->known_count; i++) {
        free(feed->known[i]);
    }
    free(feed->policy_id);
    free(feed->record);
    free(feed);
}

/* Why a version is not admitted; NULL: it is. `again`: the same version published twice, no matter. */
static const char *refusal(const struct policy_feed *feed, const struct policy *policy,
                           int64_t timestamp_ms, bool *again)
{
    *again = false;
    for (size_t i = 0; i < feed->known_count; i++) {
        if (feed->known[i]->version == policy->version) {
            *again = memcmp(feed->known[i]->hash, policy->hash, sizeof(policy->hash)) == 0;
            return *again ? NULL : "another document has this version number";
        }
        if (feed->known[i]->version > policy->version) {
            return "a later version is known already";
        }
    }
    if (feed->known_count == POLICY_VERSIONS_MAX) {
        return "too many versions";
    }
    if (policy->genesis) {
        return feed->known_count == 0 ? NULL : "only the first version can be genesis";
    }
    const int64_t announced =
        policy->announced_at_ms > timestamp_ms ? policy->announced_at_ms : timestamp_ms;
    return policy->effective_at_ms - announced >= POLICY_NOTICE_MS
               ? NULL
               : "modifications are notified no less than seven days before they are in force";
}

static void insert(const struct policy **versions, uint32_t *count, const struct policy *policy)
{
    uint32_t at = (*count)++;
    while (at > 0 && versions[at - 1]->effective_at_ms > policy->effective_at_ms) {
        versions[at] = versions[at - 1];
        at--;
    }
    versions[at] = policy;
}

static void admit(struct policy_feed *feed, const struct policy_version *record,
                  int64_t timestamp_ms)
{
    struct policy *policy = memory_get(sizeof(*policy));
    struct problems problems = {0};
    bool again = false;
    const char *why = NULL;
    if (!policy_parse("policies", record->document, policy, &problems)) {
        why = "the document does not check";
    } else if (!bytes_equal(record->policy_hash, bytes_of(policy->hash, sizeof(policy->hash)))) {
        why = "the hash is not that of the document";
    } else if (policy->version != record->version || !bytes_is(record->policy_id, policy->id)) {
        why = "record and document name different versions";
    } else {
        why = refusal(feed, policy, timestamp_ms, &again);
    }
    if (why != NULL) {
        log_line(LOG_ALARM, "policy_refused", "version=%d reason=\"%s\" problems=%zu",
                 record->version, why, problems.count);
    } else if (!again) {
        log_line(LOG_INFO, "policy_known", "version=%d effective_at=%lld shadow=%d",
                 policy->version, (long long)policy->effective_at_ms, policy->shadow);
        feed->known[feed->known_count++] = policy;
        struct policies *versions = &feed->versions;
        if (policy->shadow) {
            insert(versions->shadows, &versions->shadow_count, policy);
        } else {
            insert(versions->versions, &versions->count, policy);
        }
        policy = NULL; /* kept */
    }
    free(policy);
    problems_release(&problems);
}

static void take(struct policy_feed *feed, const struct stream_record *record)
{
    const struct record_type *type = NULL;
    const enum decode_result result =
        record->value.data == NULL
            ? DECODE_UNDECODABLE
            : codec_decode(feed->codec, record->value, &type, feed->record);
    if (result != DECODE_OK || type != &record_policy_version) {
        log_line(LOG_ALARM, "policy_refused", "offset=%lld reason=\"%s\"",
                 (long long)record->offset, decode_result_text(result));
        return;
    }
    const struct policy_version *version = feed->record;
    if (bytes_is(version->policy_id, feed->policy_id)) {
        admit(feed, version, record->timestamp_ms);
    }
}

enum status policy_feed_poll(struct policy_feed *feed, struct error *error)
{
    struct reader *reader = feed->reader;
    int64_t start = 0;
    int64_t end = 0;
    TRY(reader->ops->bounds(reader, &start, &end, error));
    for (int quiet = 0; reader->ops->position(reader) < end;) {
        struct stream_record record = {0};
        bool found = false;
        TRY(reader->ops->read(reader, 1000, &record, &found, error));
        if (found) {
            take(feed, &record);
            reader->ops->release(reader, &record);
        }
        quiet = found ? 0 : quiet + 1;
        if (quiet == QUIET_MAX) {
            return error_set(error, STATUS_RETRY, "no broker gives the records of the policies topic");
        }
    }
    return STATUS_OK;
}

const struct policies *policy_feed_versions(const struct policy_feed *feed)
{
    return &feed->versions;
}
