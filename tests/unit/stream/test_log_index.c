/* The index takes in any block without harm: a checksum proves that the bytes are the ones written,
 * not that they make sense.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "log_bench.h"
#include "stream/log_internal.h"

static uint64_t seed = 20261124;

static uint64_t random_next(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return seed >> 33;
}

/* A block with every kind of entry. */
static void block_fill(struct buffer *block, const struct log *log)
{
    struct log_partition *partition = NULL;
    struct error error = {0};
    block_begin(block);
    block_add_topic(block,
                    &(struct topic_want){.name = "fresh",
                                         .partitions = 3,
                                         .settings = (const char *const[]){"a=1", "b=2", NULL}});
    struct stream_output output = bench_output("out", 0, "value");
    SUCCEED(block_add_record(block, log, &output, 7, &partition, &error), error);
    output.key = (struct bytes){0};
    output.value = (struct bytes){0};
    SUCCEED(block_add_record(block, log, &output, 8, &partition, &error), error);
    block_add_group(block, "group");
    block_add_offset(block, 0, &(struct stream_position){.next_offset = 2, .metadata = "text"});
}

static struct cluster *log_new(void)
{
    struct cluster *cluster = bench_log(&(struct log_options){0});
    bench_topic(cluster, "out", 2);
    return cluster;
}

/* Applies a copy of exactly this size, so that a sanitizer sees a read past its end. */
static bool apply_copy(struct bytes payload)
{
    struct cluster *cluster = log_new();
    uint8_t *copy = memory_get(payload.size);
    memcpy(copy, payload.data, payload.size);
    const bool good = log_apply(log_of(cluster), 9, bytes_of(copy, payload.size), false);
    cluster->ops->close(cluster);
    free(copy);
    return good;
}

static struct buffer payload_new(void)
{
    struct cluster *cluster = log_new();
    struct buffer block = {0};
    block_fill(&block, log_of(cluster));
    cluster->ops->close(cluster);
    block.size -= BLOCK_HEADER_SIZE;
    memmove(block.data, block.data + BLOCK_HEADER_SIZE, block.size);
    return block;
}

static void a_block_in_two_pieces_makes_no_sense(void **state)
{
    (void)state;
    struct buffer payload = payload_new();
    assert_true(apply_copy(buffer_bytes(&payload)));
    size_t good = 0;
    for (size_t size = 1; size < payload.size; size++) {
        good += apply_copy(bytes_of(payload.data, size));
    }
    assert_int_equal(good, 4); /* the five entries end in four places before the end */
    buffer_release(&payload);
}

static void any_change_of_a_block_is_survived(void **state)
{
    (void)state;
    struct buffer payload = payload_new();
    struct buffer changed = {0};
    for (int round = 0; round < 3000; round++) {
        buffer_clear(&changed);
        buffer_append(&changed, buffer_bytes(&payload));
        const uint64_t changes = 1 + random_next() % 3;
        for (uint64_t i = 0; i < changes; i++) {
            changed.data[random_next() % changed.size] = (uint8_t)random_next();
        }
        apply_copy(buffer_bytes(&changed));
    }
    buffer_release(&changed);
    buffer_release(&payload);
}

static void a_transaction_has_a_largest_size(void **state)
{
    (void)state;
    struct cluster *cluster = log_new();
    static uint8_t value[1];
    struct buffer block = {0};
    struct log_partition *partition = NULL;
    struct error error = {0};
    block_begin(&block);
    struct stream_output output = bench_output("out", 0, "value");
    output.value = bytes_of(value, BLOCK_PAYLOAD_MAX); /* never read: it is refused first */
    REFUSED(block_add_record(&block, log_of(cluster), &output, 0, &partition, &error), error,
            "larger than 1073741824 bytes");
    assert_true(block_empty(&block));
    buffer_release(&block);
    cluster->ops->close(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_in_two_pieces_makes_no_sense),
        cmocka_unit_test(any_change_of_a_block_is_survived),
        cmocka_unit_test(a_transaction_has_a_largest_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
