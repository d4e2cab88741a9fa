/* Where standbys are placed, and a standby that becomes the task.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "bench.h"
#include "engine/member.h"
#include "engine/standby.h"
#include "lens.h"
#include "reports.h"

#include <unistd.h>

enum { NAMES_MAX = 6, PARTITIONS = 240, SUBJECTS = 60 };

static const char *const names[NAMES_MAX] = {"a-0", "b-0", "c-0", "d-0", "e-0", "f-0"};

/* Which members follow a partition, as a set of bits, as each of them sees it. */
static unsigned followers(size_t count, const size_t *owners, int32_t partition, size_t replicas)
{
    unsigned set = 0;
    for (size_t own = 0; own < count; own++) {
        const struct stream_peers peers = {.version = 1,
                                           .names = names,
                                           .count = count,
                                           .own = own,
                                           .owners = owners,
                                           .partitions = PARTITIONS};
        set |= standby_is_ours(&peers, partition, replicas) ? 1U << own : 0;
    }
    return set;
}

static void every_partition_has_its_copies_elsewhere(void **state)
{
    (void)state;
    size_t owners[PARTITIONS];
    unsigned load[NAMES_MAX] = {0};
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        owners[partition] = (size_t)partition % NAMES_MAX;
    }
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        for (size_t replicas = 0; replicas < NAMES_MAX; replicas++) {
            const unsigned set = followers(NAMES_MAX, owners, partition, replicas);
            assert_int_equal(__builtin_popcount(set), replicas);
            assert_false(set >> owners[partition] & 1);
        }
        const unsigned set = followers(NAMES_MAX, owners, partition, 1);
        load[__builtin_ctz(set)]++;
    }
    for (size_t i = 0; i < NAMES_MAX; i++) {
        assert_in_range(load[i], PARTITIONS / NAMES_MAX / 2, PARTITIONS / NAMES_MAX * 2);
    }
    owners[0] = SIZE_MAX; /* may be given to any of us at any moment */
    assert_int_equal(followers(NAMES_MAX, owners, 0, 1), 0);
    /* Alone there is nobody else. */
    owners[0] = 0;
    assert_int_equal(followers(1, owners, 0, 1), 0);
}

static void a_member_that_leaves_moves_only_its_own(void **state)
{
    (void)state;
    size_t owners[PARTITIONS] = {0}; /* all with the first */
    unsigned moved = 0;
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        const unsigned before = followers(NAMES_MAX, owners, partition, 1);
        const unsigned after = followers(NAMES_MAX - 1, owners, partition, 1);
        assert_true(before == after || before == 1U << (NAMES_MAX - 1));
        moved += before != after;
    }
    assert_true(moved > 0 && moved < PARTITIONS / 2);
}

/* --- takeover */

static unsigned adds;

static void count_add(void *context, int32_t partition, int64_t from)
{
    (void)context;
    (void)partition;
    (void)from;
    adds++;
}

static void stop_midway(struct bench *bench, int32_t partition, const struct receipt *receipt,
                        struct bytes bytes)
{
    (void)partition;
    (void)receipt;
    (void)bytes;
    if (bench->commits == SUBJECTS) {
        atomic_store(&bench->stop, true);
    }
}

static struct engine_options options_of(struct bench *bench, struct cluster *cluster)
{
    return (struct engine_options){.config = bench->config,
                                   .cluster = cluster,
                                   .codec = bench->codec,
                                   .catalogue = bench->catalogue,
                                   .topologies = bench->topologies,
                                   .topology_count = 1,
                                   .keys = bench->keys,
                                   .causal = true,
                                   .drain = true,
                                   .stop = &bench->stop};
}

static void work(struct bench *bench)
{
    struct error error = {0};
    atomic_store(&bench->stop, false);
    const struct engine_options options = options_of(bench, bench->cluster);
    const enum status status = engine_run(&options, &error);
    if (status != STATUS_OK) {
        print_message("%s\n", error.text);
    }
    assert_int_equal(status, STATUS_OK);
}

/* Until nothing more comes. */
static struct task *step(struct member *member)
{
    struct task *task = NULL;
    for (int i = 0; i < 50 && task == NULL; i++) {
        struct error error = {0};
        const enum status status = restores_step(member->restores, 10, 0, &task, &error);
        if (status != STATUS_OK) {
            print_message("%s\n", error.text);
        }
        assert_int_equal(status, STATUS_OK);
    }
    return task;
}

static bool on_row(void *context, struct bytes key, struct bytes value)
{
    struct buffer *text = context;
    buffer_printf(text, "%zu:", key.size);
    buffer_append(text, key);
    buffer_printf(text, "%zu:", value.size);
    buffer_append(text, value);
    return true;
}

static struct buffer rows_of(struct task *task)
{
    struct buffer rows = {0};
    struct error error = {0};
    assert_int_equal(state_scan(task->state, (struct bytes){0}, (struct bytes){0}, SIZE_MAX, on_row,
                                &rows, &error),
                     STATUS_OK);
    return rows;
}

static void close_task(struct task *task)
{
    struct error error = {0};
    assert_int_equal(task_close(task, false, &error), STATUS_OK);
}

static void join(struct member *member)
{
    struct error error = {0};
    const struct stream_options options = {.group = member->group,
                                           .transactional_id = member->transactional_id,
                                           .sources = (const char *const *)member->source_names,
                                           .source_count = member->topology->source_count};
    assert_int_equal(
        member->cluster->ops->stream_open(member->cluster, &options, &member->stream, &error),
        STATUS_OK);
}

/* `checkpoint_ms`: 1 makes the standby write checkpoints all the time. */
static void take_over(int64_t checkpoint_ms)
{
    char input[] = "/tmp/sanctiond-standby-XXXXXX";
    close(mkstemp(input));
    reports_write(input, SUBJECTS);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, input);
    bench.config->checkpoint_interval_ms = checkpoint_ms;
    bench.on_receipt = stop_midway;
    work(&bench);

    const struct follow_hooks hooks = {.added = count_add};
    struct lens lens = {.cluster = {.ops = &lens_ops}, .inner = bench.cluster, .hooks = hooks};
    const struct engine_options options = options_of(&bench, &lens.cluster);
    struct member *member = NULL;
    atomic_store(&bench.stop, false);
    assert_int_equal(member_open(&options, &bench.topologies[0], 0, &member, &error), STATUS_OK);
    restores_limit(member->restores, 1 << 20);
    adds = 0;
    restores_follow(member->restores, 1);
    assert_null(step(member)); /* has all there is, and waits for more */
    assert_true(restores_follows(member->restores, 1));
    assert_int_equal(restores_awaited(member->restores), 0);
    /* The log lets one stream of a group in at a time: the owner comes and goes. */
    member->stream->ops->close(member->stream);
    work(&bench);
    join(member);
    assert_null(step(member));

    const unsigned before = adds;
    restores_add(member->restores, 1);
    assert_int_equal(restores_awaited(member->restores), 1);
    struct task *taken = step(member);
    assert_non_null(taken);
    assert_int_equal(adds, before); /* nothing was read again */
    assert_int_equal(restores_count(member->restores), 0);

    restores_add(member->restores, 1); /* from nothing */
    struct task *restored = step(member);
    assert_non_null(restored);
    assert_int_equal(adds, before + 1);
    assert_true(taken->committed.commit_seq > 1);
    assert_int_equal(taken->committed.commit_seq, restored->committed.commit_seq);
    assert_memory_equal(taken->committed.next_offset, restored->committed.next_offset,
                        sizeof(taken->committed.next_offset));
    assert_memory_equal(taken->committed.receipt_hash, restored->committed.receipt_hash,
                        DIGEST_SIZE);
    struct buffer left = rows_of(taken);
    struct buffer right = rows_of(restored);
    assert_true(left.size > 1000);
    assert_true(bytes_equal(buffer_bytes(&left), buffer_bytes(&right)));
    buffer_release(&left);
    buffer_release(&right);
    close_task(taken);
    close_task(restored);
    member_close(member);
    bench_close(&bench);
    unlink(input);
}

static void a_standby_becomes_the_task_without_reading_again(void **state)
{
    (void)state;
    take_over(10 * SECOND_MS);
}

static void so_does_one_that_writes_checkpoints(void **state)
{
    (void)state;
    take_over(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_partition_has_its_copies_elsewhere),
        cmocka_unit_test(a_member_that_leaves_moves_only_its_own),
        cmocka_unit_test(a_standby_becomes_the_task_without_reading_again),
        cmocka_unit_test(so_does_one_that_writes_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
