/* What a cluster says without a broker: bad properties are named at once, and waiting is left to
 * the caller.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/time.h"
#include "stream/kafka.h"

/* Nobody listens on the reserved port 1. */
#define NOBODY "127.0.0.1:1"

static enum status open_with(const struct kafka_property *properties, size_t count,
                             struct cluster **cluster_out, struct error *error)
{
    return kafka_open(&(struct kafka_options){.properties = properties, .property_count = count},
                      cluster_out, error);
}

static void refuse(const char *name, const char *value, const char *expected)
{
    const struct kafka_property properties[] = {{"bootstrap.servers", NOBODY}, {name, value}};
    struct cluster *cluster = NULL;
    struct error error = {0};
    assert_int_equal(open_with(properties, 2, &cluster, &error), STATUS_FATAL);
    if (strstr(error.text, expected) == NULL || strstr(error.text, name) == NULL) {
        fail_msg("'%s' does not contain '%s' and '%s'", error.text, name, expected);
    }
}

static struct cluster *accept(const char *name, const char *value)
{
    const struct kafka_property properties[] = {{"bootstrap.servers", NOBODY}, {name, value}};
    struct cluster *cluster = NULL;
    struct error error = {0};
    if (open_with(properties, 2, &cluster, &error) != STATUS_OK) {
        fail_msg("%s=%s: %s", name, value, error.text);
    }
    return cluster;
}

static void properties_of_the_protocol_are_refused(void **state)
{
    (void)state;
    refuse("enable.idempotence", "false", "cannot be set");
    refuse("transactional.id", "x", "cannot be set");
    refuse("isolation.level", "read_uncommitted", "cannot be set");
    refuse("enable.auto.commit", "true", "cannot be set");
    refuse("auto.offset.reset", "earliest", "cannot be set");
    refuse("partitioner", "random", "cannot be set");
    refuse("group.id", "x", "cannot be set");
    refuse("acks", "1", "cannot be set");
}

static void unknown_properties_and_bad_values_are_named(void **state)
{
    (void)state;
    refuse("no.such.property", "1", "does not know the property");
    refuse("compression.type", "brotli", "refused");
    refuse("max.poll.interval.ms", "soon", "refused");
}

static void a_cluster_without_servers_is_refused(void **state)
{
    (void)state;
    struct cluster *cluster = NULL;
    struct error error = {0};
    assert_int_equal(open_with(NULL, 0, &cluster, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "bootstrap.servers"));
}

static void properties_of_either_side_are_accepted(void **state)
{
    (void)state;
    static const struct kafka_property good[] = {
        {"linger.ms", "20"},          {"fetch.wait.max.ms", "500"},
        {"security.protocol", "ssl"}, {"partition.assignment.strategy", "range"},
        {"compression.type", "lz4"},  {"transaction.timeout.ms", "10000"},
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct cluster *cluster = accept(good[i].name, good[i].value);
        cluster->ops->close(cluster);
    }
}

static void without_a_broker_every_call_asks_to_be_repeated_in_time(void **state)
{
    (void)state;
    struct cluster *cluster = accept("client.id", "test");
    struct error error = {0};
    struct topic_facts facts;
    const struct topic_want want = {.name = "t", .partitions = 1};
    const char *const sources[] = {"t"};
    const struct stream_options options = {
        .group = "g", .transactional_id = "i", .sources = sources, .source_count = 1};
    struct stream *stream = NULL;
    const struct stream_output output = {.topic = "t", .timestamp_ms = 1};
    const int64_t start_ms = clock_monotonic_ms();
    assert_int_equal(cluster->ops->describe(cluster, "t", &facts, &error), STATUS_RETRY);
    assert_int_equal(cluster->ops->create(cluster, &want, 1, &error), STATUS_RETRY);
    assert_int_equal(cluster->ops->stream_open(cluster, &options, &stream, &error), STATUS_RETRY);
    assert_non_null(strstr(error.text, NOBODY));
    assert_int_equal(cluster->ops->append(cluster, &output, 1, &error), STATUS_RETRY);
    assert_true(clock_monotonic_ms() - start_ms < 4 * 7000);
    cluster->ops->close(cluster);
}

static void the_version_is_told(void **state)
{
    (void)state;
    assert_memory_equal(kafka_version(), "librdkafka ", 11);
    assert_true(strlen(kafka_version()) > 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_of_the_protocol_are_refused),
        cmocka_unit_test(unknown_properties_and_bad_values_are_named),
        cmocka_unit_test(a_cluster_without_servers_is_refused),
        cmocka_unit_test(properties_of_either_side_are_accepted),
        cmocka_unit_test(without_a_broker_every_call_asks_to_be_repeated_in_time),
        cmocka_unit_test(the_version_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
