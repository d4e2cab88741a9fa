/* The partition of a key is the one every Kafka client computes.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream.h"

#include <librdkafka/rdkafka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void known_keys_have_known_partitions(void **state)
{
    (void)state;
    /* Computed with rd_kafka_msg_partitioner_murmur2(). */
    static const struct {
        const char *key;
        int32_t of_2147483647;
        int32_t of_12;
    } known[] = {
        {"", 275646681, 9},
        {"a", 584102524, 4},
        {"ab", 316155434, 2},
        {"abc", 479470107, 3},
        {"user:1", 1791313958, 2},
        {"room:0c9fe2", 90371020, 4},
        {"reporter:x", 182918676, 0},
        {"open_profile:7d", 1101904355, 11},
        {"user:\xea\xb9\x80", 1364734384, 4},
        {"user:00000000000000000000000000000000000000000000000000000000000000", 1859284106, 2},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        assert_int_equal(stream_partition(bytes_text(known[i].key), INT32_MAX),
                         known[i].of_2147483647);
        assert_int_equal(stream_partition(bytes_text(known[i].key), 12), known[i].of_12);
    }
}

static void any_bytes_agree_with_librdkafka(void **state)
{
    (void)state;
    uint8_t key[67];
    uint64_t seed = 20261124;
    for (size_t round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof(key); i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            key[i] = (uint8_t)(seed >> 56);
        }
        const size_t size = round % (sizeof(key) + 1);
        const int32_t count = (int32_t)(1 + (seed >> 33) % (round % 2 == 0 ? 100 : INT32_MAX));
        assert_int_equal(stream_partition(bytes_of(key, size), count),
                         rd_kafka_msg_partitioner_murmur2(NULL, key, size, count, NULL, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_keys_have_known_partitions),
        cmocka_unit_test(any_bytes_agree_with_librdkafka),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
