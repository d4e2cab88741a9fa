/* Exactly once on a real broker while things die: the process, the membership, the transaction, the
 * transactional id.
 *
 * Every test copies numbers through a worker and in the end expects each of them once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/time.h"
#include "scene.h"

static const struct kafka_property quick[] = {
    {"session.timeout.ms", "6000"},
    {"heartbeat.interval.ms", "500"},
    {"max.poll.interval.ms", "6000"},
    {"transaction.timeout.ms", "9000"},
    {NULL, NULL},
};

/* A worker in a process of its own, until it is killed or all that was fed is committed. */
static pid_t worker_spawn(const struct scene *scene, int kill_batch)
{
    char kill_text[16];
    char numbers_text[16];
    snprintf(kill_text, sizeof(kill_text), "%d", kill_batch);
    snprintf(numbers_text, sizeof(numbers_text), "%d", scene->numbers);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/proc/self/exe", "worker", scene->group, scene->id, scene->topics[0],
              scene->topics[1], scene->topics[2], kill_text, numbers_text, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static int worker_main(char **arguments)
{
    struct cluster *cluster = broker_open(quick);
    struct worker worker;
    struct scene scene = {.cluster = cluster, .numbers = (int)strtol(arguments[7], NULL, 10)};
    snprintf(scene.topics[2], sizeof(scene.topics[2]), "%s", arguments[5]);
    worker_open(&worker, cluster,
                &(struct worker_options){.group = arguments[1],
                                         .transactional_id = arguments[2],
                                         .instance_id = "one", /* comes back without a wait */
                                         .sources = {arguments[3], arguments[4]},
                                         .output = arguments[5],
                                         .batch_max = 50,
                                         .kill_batch = (int)strtol(arguments[6], NULL, 10)});
    scene_finish(&scene, &worker, NULL);
    worker_close(&worker);
    cluster->ops->close(cluster);
    return worker.fenced ? 3 : 0;
}

static int status_await(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_process_killed_in_mid_transaction_counts_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "killed", quick);
    scene_feed(&scene, NUMBERS);
    const int status = status_await(worker_spawn(&scene, 3));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(status_await(worker_spawn(&scene, 0)), 0);
    scene_expect_once(&scene);
    scene_close(&scene);
}

static void a_process_killed_again_and_again_counts_once(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "often", quick);
    srand(7);
    for (int round = 0; round < 5; round++) {
        scene_feed(&scene, NUMBERS);
        const pid_t pid = worker_spawn(&scene, 0);
        sleep_ms(700 + rand() % 600);
        kill(pid, SIGKILL);
        status_await(pid);
    }
    assert_int_equal(status_await(worker_spawn(&scene, 0)), 0);
    scene_expect_once(&scene);
    scene_close(&scene);
}

static void a_second_producer_with_the_id_fences_the_first(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "fenced", quick);
    scene_feed(&scene, 10);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker first;
    worker_open(&first, scene.cluster, &options);
    batch_fill(&first, 20);
    char other_group[80];
    snprintf(other_group, sizeof(other_group), "%s.other", scene.group);
    struct worker second;
    options.group = other_group;
    options.manual = false;
    worker_open(&second, scene.cluster, &options);
    assert_false(worker_commit(&first));
    assert_true(first.fenced);
    scene_finish(&scene, &second, NULL); /* takes all that the first one may not have */
    assert_false(second.fenced);
    scene_expect_once(&scene);
    worker_close(&first);
    worker_close(&second);
    scene_close(&scene);
}

static void a_transaction_that_the_broker_timed_out_is_not_taken_for_a_fence(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "late", quick);
    scene_feed(&scene, 10);
    scene.cluster->ops->close(scene.cluster);
    scene.cluster = broker_open(
        (const struct kafka_property[]){{"transaction.timeout.ms", "3000"}, {NULL, NULL}});
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker worker;
    worker_open(&worker, scene.cluster, &options);
    batch_fill(&worker, 20);
    /* Records must be with the broker, or its clock does not run. */
    struct error error = {0};
    SUCCEED(worker.stream->ops->flush(worker.stream, &error), error);
    sleep_ms(6000); /* with_kafka lets the broker look every second */
    assert_true(worker_commit(&worker));
    assert_int_equal(worker.unknown, 1);
    scene_finish(&scene, &worker, NULL);
    scene_expect_once(&scene);
    worker_close(&worker);
    scene_close(&scene);
}

static void partitions_move_between_members_and_all_sources_with_them(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "moved", quick);
    scene_feed(&scene, NUMBERS);
    struct worker_options options = scene_options(&scene);
    struct worker first;
    worker_open(&first, scene.cluster, &options);
    scene_finish(&scene, &first, NULL);
    assert_int_equal(worker_owned_count(&first), PARTITIONS);
    char id[80];
    snprintf(id, sizeof(id), "%s.1", scene.group);
    options.transactional_id = id;
    struct worker second;
    worker_open(&second, scene.cluster, &options);
    const int64_t end_ms = clock_monotonic_ms() + 90000;
    while (worker_owned_count(&second) < PARTITIONS / 2 && clock_monotonic_ms() < end_ms) {
        scene_feed(&scene, 5);
        worker_turn(&first, 20);
        worker_turn(&second, 20);
    }
    assert_int_equal(worker_owned_count(&second), PARTITIONS / 2);
    assert_int_equal(worker_owned_count(&first), PARTITIONS / 2);
    for (int p = 0; p < PARTITIONS; p++) {
        assert_true(first.owned[p] != second.owned[p]);
    }
    scene_feed(&scene, 20);
    scene_finish(&scene, &first, &second);
    worker_close(&second);
    scene_feed(&scene, 20);
    scene_finish(&scene, &first, NULL);
    assert_int_equal(worker_owned_count(&first), PARTITIONS);
    scene_expect_once(&scene);
    worker_close(&first);
    scene_close(&scene);
}

static void a_member_that_was_silent_for_too_long_commits_nothing(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "silent", quick);
    scene_feed(&scene, 10);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker first;
    worker_open(&first, scene.cluster, &options);
    batch_fill(&first, 20);
    char id[80];
    snprintf(id, sizeof(id), "%s.1", scene.group);
    options.transactional_id = id;
    options.manual = false;
    struct worker second;
    worker_open(&second, scene.cluster, &options);
    const int64_t end_ms = clock_monotonic_ms() + 90000;
    while (worker_owned_count(&second) < PARTITIONS && clock_monotonic_ms() < end_ms) {
        worker_turn(&second, 50);
    }
    assert_int_equal(worker_owned_count(&second), PARTITIONS);
    assert_true(worker_commit(&first)); /* refused, not fenced */
    assert_int_equal(first.aborted, 1);
    first.options.manual = false;
    worker_run(&second, 500);
    const int64_t lost_end_ms = clock_monotonic_ms() + 90000;
    while (worker_owned_count(&first) > 0 && clock_monotonic_ms() < lost_end_ms) {
        worker_turn(&first, 50);
        worker_turn(&second, 1);
    }
    assert_true(first.lost > 0); /* some may have been revoked before */
    scene_finish(&scene, &first, &second);
    scene_expect_once(&scene);
    worker_close(&first);
    worker_close(&second);
    scene_close(&scene);
}

/* Long before the broker would. */
static void a_transaction_left_open_by_a_slot_that_is_gone_is_ended_by_the_next_owner(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "orphan",
               (const struct kafka_property[]){{"session.timeout.ms", "6000"},
                                               {"transaction.timeout.ms", "600000"},
                                               {NULL, NULL}});
    scene_feed(&scene, NUMBERS);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker first;
    worker_open(&first, scene.cluster, &options);
    batch_fill(&first, 20);
    struct error error = {0};
    SUCCEED(first.stream->ops->flush(first.stream, &error), error);
    worker_close(&first); /* its records lie in the output, neither committed nor aborted */

    char id[80];
    snprintf(id, sizeof(id), "%s.1", scene.group);
    options.transactional_id = id;
    options.instance_id = "two";
    options.manual = false;
    struct worker second;
    worker_open(&second, scene.cluster, &options);
    const int64_t end_ms = clock_monotonic_ms() + 90000;
    while (second.total < scene_numbers(&scene) && clock_monotonic_ms() < end_ms) {
        worker_turn(&second, 50);
    }
    assert_int_equal(worker_owned_count(&second), PARTITIONS);
    assert_true(scene_expect_no_double(&scene) < scene_numbers(&scene));

    const struct stream_ops *ops = second.stream->ops;
    bool fenced = true;
    SUCCEED(ops->fence(second.stream, scene.id, "two", &fenced, &error), error);
    assert_false(fenced); /* that one is there */
    SUCCEED(ops->fence(second.stream, scene.id, "one", &fenced, &error), error);
    assert_true(fenced);
    scene_expect_once(&scene);

    struct stream_committed committed;
    SUCCEED(ops->peek(second.stream, 0, &committed, &error), error);
    assert_true(committed.set);
    assert_int_equal(committed.offset, second.committed[0][0]);
    assert_int_equal(strncmp(committed.metadata, "seq=", 4), 0);
    worker_close(&second);
    scene_close(&scene);
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 8 && strcmp(arguments[0], "worker") == 0) {
        return worker_main(arguments);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_killed_in_mid_transaction_counts_once),
        cmocka_unit_test(a_process_killed_again_and_again_counts_once),
        cmocka_unit_test(a_second_producer_with_the_id_fences_the_first),
        cmocka_unit_test(partitions_move_between_members_and_all_sources_with_them),
        cmocka_unit_test(a_member_that_was_silent_for_too_long_commits_nothing),
        cmocka_unit_test(a_transaction_left_open_by_a_slot_that_is_gone_is_ended_by_the_next_owner),
        cmocka_unit_test(a_transaction_that_the_broker_timed_out_is_not_taken_for_a_fence),
    };
    if (argument_count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
