/* What the tests on real brokers share.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <stdio.h>

#include "base/time.h"

#define PROPERTIES_MAX 16
#define PATIENCE_MS 120000

static void say(void *context, int level, const char *text)
{
    (void)context;
    if (level <= 4 || getenv("KAFKA_TEST_VERBOSE") != NULL) {
        fprintf(stderr, "    %lld [%d] %s\n", (long long)clock_monotonic_ms(), level, text);
    }
}

struct cluster *broker_open(const struct kafka_property *properties)
{
    const char *servers = getenv("BOOTSTRAP");
    if (servers == NULL) {
        fail_msg("BOOTSTRAP is not set: run this through with_kafka");
    }
    struct kafka_property all[PROPERTIES_MAX] = {{"bootstrap.servers", servers}};
    size_t count = 1;
    for (; properties[count - 1].name != NULL; count++) {
        assert_true(count < PROPERTIES_MAX);
        all[count] = properties[count - 1];
    }
    struct cluster *cluster = NULL;
    struct error error = {0};
    SUCCEED(
        kafka_open(&(struct kafka_options){.properties = all, .property_count = count, .log = say},
                   &cluster, &error),
        error);
    return cluster;
}

void broker_topic(struct cluster *cluster, const char *name, int32_t partitions)
{
    const struct topic_want want = {.name = name, .partitions = partitions};
    struct error error = {0};
    SUCCEED(cluster->ops->create(cluster, &want, 1, &error), error);
}

struct stream_output broker_number(const char *topic, int32_t partition, int number, char text[16])
{
    snprintf(text, 16, "%d", number);
    return (struct stream_output){.topic = topic,
                                  .partition = partition,
                                  .timestamp_ms = clock_wall_ms(),
                                  .key = bytes_text(text),
                                  .value = bytes_text(text)};
}

size_t broker_numbers(struct cluster *cluster, const char *topic, int32_t partition, int *numbers,
                      size_t max)
{
    struct reader *reader = NULL;
    struct error error = {0};
    SUCCEED(cluster->ops->reader_open(cluster, topic, partition, 0, true, &reader, &error), error);
    int64_t start = 0;
    int64_t end = 0;
    SUCCEED(reader->ops->bounds(reader, &start, &end, &error), error);
    const int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;
    size_t count = 0;
    while (reader->ops->position(reader) < end) {
        struct stream_record record;
        bool found = false;
        SUCCEED(reader->ops->read(reader, 200, &record, &found, &error), error);
        if (found) {
            assert_true(count < max);
            char text[16] = "";
            assert_true(record.value.size < sizeof(text));
            memcpy(text, record.value.data, record.value.size);
            numbers[count++] = (int)strtol(text, NULL, 10);
            reader->ops->release(reader, &record);
        }
        assert_true(clock_monotonic_ms() < end_ms);
    }
    reader->ops->close(reader);
    return count;
}

void broker_tool(const char *command)
{
    char line[512];
    snprintf(line, sizeof(line), "%s %s --name %s >/dev/null", getenv("KAFKA_TOOL"), command,
             getenv("KAFKA_NAME"));
    assert_int_equal(system(line), 0);
}
