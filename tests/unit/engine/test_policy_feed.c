/* Which policy versions a worker admits: announced seven days ahead, one genesis, no document twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "engine/engine.h"
#include "engine/policy_feed.h"
#include "stream/log.h"

#include <stdio.h>
#include <stdlib.h>

#define TOPIC "sanctions.policies"
#define ANNOUNCED INT64_C(1775001600000) /* 2026-04-01 */

struct bench {
    struct config *config;
    struct codec *codec;
    struct cluster *cluster;
    struct policy_feed *feed;
    struct policy *policy;
    struct buffer document; /* the default policy, changed by edit() */
    struct policy_version version;
    uint8_t hash[DIGEST_SIZE];
};

static void feed_open(struct bench *bench)
{
    static const char *const none[] = {NULL};
    const struct topic_want want = {.name = TOPIC, .partitions = 1, .settings = none};
    const struct log_options options = {.directory = NULL};
    struct error error = {0};
    *bench = (struct bench){.config = config_new(), .policy = memory_get(sizeof(struct policy))};
    assert_int_equal(engine_codec(bench->config, &bench->codec, &error), STATUS_OK);
    assert_int_equal(log_open(&options, &bench->cluster, &error), STATUS_OK);
    assert_int_equal(bench->cluster->ops->create(bench->cluster, &want, 1, &error), STATUS_OK);
    assert_int_equal(policy_feed_open(bench->cluster, TOPIC, "default", bench->codec, &bench->feed,
                                      &error),
                     STATUS_OK);
}

static void feed_close(struct bench *bench)
{
    policy_feed_close(bench->feed);
    bench->cluster->ops->close(bench->cluster);
    codec_free(bench->codec);
    config_free(bench->config);
    buffer_release(&bench->document);
    free(bench->policy);
}

/* Replaces the line of a top-level key. */
static void edit(struct bench *bench, const char *key, const char *line)
{
    struct buffer edited = {0};
    buffer_append(&bench->document, bytes_of("", 1));
    for (char *at = (char *)bench->document.data; *at != '\0';) {
        char *end = strchr(at, '\n');
        *end = '\0';
        const bool found = strncmp(at, key, strlen(key)) == 0 && at[strlen(key)] == ':';
        buffer_printf(&edited, "%s\n", found ? line : at);
        at = end + 1;
    }
    buffer_release(&bench->document);
    bench->document = edited;
}

/* The document of a version and the record that goes with it. */
static void make(struct bench *bench, int version, bool genesis, bool shadow)
{
    char line[64];
    FILE *file = fopen(SOURCE_DIR "/config/policies/default.yaml", "rb");
    assert_non_null(file);
    buffer_clear(&bench->document);
    for (int byte = getc(file); byte != EOF; byte = getc(file)) {
        const char text = (char)byte;
        buffer_append(&bench->document, bytes_of(&text, 1));
    }
    fclose(file);
    snprintf(line, sizeof(line), "version: %d", version);
    edit(bench, "version", line);
    if (!genesis) {
        edit(bench, "genesis", "genesis: false");
        edit(bench, "announced_at", "announced_at: 2026-04-01T00:00:00Z");
        edit(bench, "effective_at", "effective_at: 2026-04-08T00:00:00Z");
    }
    if (shadow) {
        edit(bench, "shadow", "shadow: true");
    }
    struct problems problems = {0};
    const bool good =
        policy_parse("test", buffer_bytes(&bench->document), bench->policy, &problems);
    if (!good) {
        print_message("%.*s", BYTES_PRINT(buffer_bytes(&problems.text)));
    }
    assert_true(good);
    memcpy(bench->hash, bench->policy->hash, sizeof(bench->hash));
    bench->version = (struct policy_version){.event_id = bytes_text("p"),
                                             .occurred_at = ANNOUNCED,
                                             .policy_id = bytes_text("default"),
                                             .version = version,
                                             .announced_at = bench->policy->announced_at_ms,
                                             .effective_at = bench->policy->effective_at_ms,
                                             .genesis = genesis,
                                             .shadow = shadow,
                                             .policy_hash = bytes_of(bench->hash, DIGEST_SIZE),
                                             .document = buffer_bytes(&bench->document)};
}

/* Publishes the version in hand; how many decide then. */
static uint32_t publish(struct bench *bench, int64_t timestamp_ms)
{
    struct buffer value = {0};
    struct error error = {0};
    codec_encode(bench->codec, &record_policy_version, &bench->version, &value);
    const struct stream_output output = {.topic = TOPIC,
                                         .partition = 0,
                                         .timestamp_ms = timestamp_ms,
                                         .key = bytes_text("POLICY:default"),
                                         .value = buffer_bytes(&value)};
    assert_int_equal(bench->cluster->ops->append(bench->cluster, &output, 1, &error), STATUS_OK);
    assert_int_equal(policy_feed_poll(bench->feed, &error), STATUS_OK);
    buffer_release(&value);
    return policy_feed_versions(bench->feed)->count;
}

static void a_version_announced_in_time_joins_those_in_force(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    assert_int_equal(policy_feed_versions(bench.feed)->count, 0);
    make(&bench, 1, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    make(&bench, 2, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED), 2);
    const struct policies *policies = policy_feed_versions(bench.feed);
    assert_int_equal(policies_at(policies, ANNOUNCED + 7 * DAY_MS - 1)->version, 1);
    assert_int_equal(policies_at(policies, ANNOUNCED + 7 * DAY_MS)->version, 2);
    feed_close(&bench);
}

/* Seven days count from the later of announced_at and the record's timestamp (I.26). */
static void a_late_record_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    make(&bench, 1, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    make(&bench, 2, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED + 1), 1);
    assert_int_equal(publish(&bench, ANNOUNCED), 2); /* the same in time is welcome */
    feed_close(&bench);
}

static void only_the_first_version_can_be_genesis(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    make(&bench, 1, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    make(&bench, 2, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    feed_close(&bench);
}

static void a_shadow_version_is_known_and_decides_nothing(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    make(&bench, 1, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    make(&bench, 2, false, true);
    assert_int_equal(publish(&bench, ANNOUNCED), 1);
    make(&bench, 2, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED), 1); /* its number is taken */
    make(&bench, 3, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED), 2);
    feed_close(&bench);
}

static void a_document_counts_once_and_its_number_is_taken(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    make(&bench, 2, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1); /* again: no matter */
    make(&bench, 2, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED), 1); /* another document under the number */
    make(&bench, 1, false, false);
    assert_int_equal(publish(&bench, ANNOUNCED), 1); /* older than what is known */
    feed_close(&bench);
}

static void a_record_that_contradicts_its_document_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    feed_open(&bench);
    make(&bench, 1, true, false);
    bench.hash[0] ^= 1;
    assert_int_equal(publish(&bench, TIME_MIN_MS), 0);
    bench.hash[0] ^= 1;
    bench.version.version = 3;
    assert_int_equal(publish(&bench, TIME_MIN_MS), 0);
    bench.version.version = 1;
    bench.version.policy_id = bytes_text("other"); /* of somebody else: not ours to judge */
    assert_int_equal(publish(&bench, TIME_MIN_MS), 0);
    bench.version.policy_id = bytes_text("default");
    bench.version.document = bytes_text("version: 1\n");
    assert_int_equal(publish(&bench, TIME_MIN_MS), 0);
    bench.version.document = buffer_bytes(&bench.document);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    feed_close(&bench);
}

static void a_record_that_cannot_be_read_is_passed_over(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    feed_open(&bench);
    const struct stream_output outputs[] = {
        {.topic = TOPIC, .timestamp_ms = TIME_MIN_MS, .key = bytes_text("k")},
        {.topic = TOPIC, .timestamp_ms = TIME_MIN_MS, .key = bytes_text("k"),
         .value = bytes_text("no record")}};
    assert_int_equal(bench.cluster->ops->append(bench.cluster, outputs, 2, &error), STATUS_OK);
    make(&bench, 1, true, false);
    assert_int_equal(publish(&bench, TIME_MIN_MS), 1);
    feed_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_announced_in_time_joins_those_in_force),
        cmocka_unit_test(a_late_record_is_refused),
        cmocka_unit_test(only_the_first_version_can_be_genesis),
        cmocka_unit_test(a_shadow_version_is_known_and_decides_nothing),
        cmocka_unit_test(a_document_counts_once_and_its_number_is_taken),
        cmocka_unit_test(a_record_that_contradicts_its_document_is_refused),
        cmocka_unit_test(a_record_that_cannot_be_read_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
