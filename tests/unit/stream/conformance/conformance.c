/* The list of the conformance tests.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/conformance.h"

#include "conformance/bench.h"

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }
const struct conformance_test conformance_tests[] = {
    TEST(all_partitions_are_assigned_and_read),
    TEST(explicit_offsets_are_honoured),
    TEST(committed_offsets_and_metadata_come_back),
    TEST(an_aborted_transaction_is_invisible),
    TEST(an_abort_without_transaction_does_nothing),
    TEST(the_next_offset_is_known_after_the_flush),
    TEST(a_seek_delivers_again),
    TEST(a_seek_forgets_what_was_read_ahead),
    TEST(null_and_empty_are_not_the_same),
    TEST(timestamps_are_kept),
    TEST(partition_minus_one_is_murmur2),
    TEST(a_transaction_spans_topics_and_offsets),
    TEST(an_append_is_visible_as_a_whole),
    TEST(two_groups_do_not_know_each_other),
    TEST(a_reader_tells_its_bounds),
    TEST(a_reader_starts_where_it_is_told),
    TEST(a_follower_reads_what_it_was_given),
    TEST(what_exists_is_left_alone),
    TEST(differences_of_a_topic_are_told),
    TEST(a_missing_topic_is_described_as_missing),
};
const size_t conformance_test_count = COUNT_OF(conformance_tests);

void conformance_run(const struct conformance_target *target)
{
    for (size_t i = 0; i < conformance_test_count; i++) {
        print_message("  %s\n", conformance_tests[i].name);
        conformance_tests[i].run(target);
    }
}
