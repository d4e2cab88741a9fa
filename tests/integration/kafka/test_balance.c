/* Partitions that the group forgot find an owner again.
 *
 * All members die after the first round of a cooperative rebalance: one has given partitions back,
 * nobody has them yet. They come back under their static ids long before their sessions end, so the
 * coordinator has no reason for another rebalance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "scene.h"

enum { MEMBERS = 2, HEAL_MS = 180000, SETTLE_MS = 2000 };

/* Sessions that outlive the test: nobody is put out of the group. */
static const struct kafka_property patient[] = {
    {"session.timeout.ms", "45000"},
    {"heartbeat.interval.ms", "500"},
    {NULL, NULL},
};

/* The names of a member are made of its number. */
static void member_open(const struct scene *scene, struct cluster *cluster, int number,
                        struct worker *worker)
{
    char id[80];
    char instance[16];
    snprintf(id, sizeof(id), "%s.%d", scene->id, number);
    snprintf(instance, sizeof(instance), "0-%d", number);
    struct worker_options options = scene_options(scene);
    options.transactional_id = id;
    options.instance_id = instance;
    worker_open(worker, cluster, &options);
}

/* Dies when the first member hears what it must give back. */
static void child_run(const struct scene *scene)
{
    struct cluster *cluster = broker_open(patient);
    struct worker workers[MEMBERS];
    const int64_t end_ms = clock_monotonic_ms() + 180000;
    member_open(scene, cluster, 0, &workers[0]);
    while (worker_owned_count(&workers[0]) < PARTITIONS && clock_monotonic_ms() < end_ms) {
        worker_turn(&workers[0], 50);
    }
    member_open(scene, cluster, 1, &workers[1]);
    while (clock_monotonic_ms() < end_ms) {
        enum stream_event event = STREAM_NOTHING;
        struct stream_record record;
        int32_t partition = -1;
        struct error error = {0};
        struct stream *stream = workers[0].stream;
        if (stream->ops->poll(stream, 20, &event, &record, &partition, &error) != STATUS_OK) {
            break;
        }
        if (event == STREAM_REVOKE) {
            kill(getpid(), SIGKILL);
        }
        worker_turn(&workers[1], 20);
    }
    _exit(1);
}

/* In a process that has no threads of librdkafka yet. */
static void rebalance_cut(struct scene *scene)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        execl("/proc/self/exe", "child", scene->group, scene->id, scene->topics[0],
              scene->topics[1], scene->topics[2], (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int owned(const struct worker *workers)
{
    return worker_owned_count(&workers[0]) + worker_owned_count(&workers[1]);
}

static void turns(struct worker *workers, int owned_max, int time_ms)
{
    const int64_t end_ms = clock_monotonic_ms() + time_ms;
    while (owned(workers) < owned_max && clock_monotonic_ms() < end_ms) {
        worker_turn(&workers[0], 20);
        worker_turn(&workers[1], 20);
    }
}

static void partitions_without_an_owner_are_assigned_again(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "forgotten", patient);
    rebalance_cut(&scene);
    scene_feed(&scene, NUMBERS);
    struct worker workers[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        member_open(&scene, scene.cluster, i, &workers[i]);
    }
    turns(workers, PARTITIONS, SETTLE_MS);
    assert_int_equal(owned(workers), PARTITIONS / 2); /* else this test shows nothing */
    turns(workers, PARTITIONS, HEAL_MS);
    assert_int_equal(owned(workers), PARTITIONS);
    for (int p = 0; p < PARTITIONS; p++) {
        assert_true(workers[0].owned[p] != workers[1].owned[p]);
    }
    scene_feed(&scene, NUMBERS);
    scene_finish(&scene, &workers[0], &workers[1]);
    scene_expect_once(&scene);
    for (int i = 0; i < MEMBERS; i++) {
        assert_false(workers[i].fenced);
        worker_close(&workers[i]);
    }
    scene_close(&scene);
}

static int child_main(char **arguments)
{
    struct scene scene = {.cluster = NULL};
    snprintf(scene.group, sizeof(scene.group), "%s", arguments[1]);
    snprintf(scene.id, sizeof(scene.id), "%s", arguments[2]);
    for (int i = 0; i < 3; i++) {
        snprintf(scene.topics[i], sizeof(scene.topics[i]), "%s", arguments[3 + i]);
    }
    child_run(&scene);
    return 1;
}

int main(int argument_count, char **arguments)
{
    if (argument_count == 6 && strcmp(arguments[0], "child") == 0) {
        return child_main(arguments);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_without_an_owner_are_assigned_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
