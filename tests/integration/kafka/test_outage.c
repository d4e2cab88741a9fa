/* What holds while brokers die: exactly once, and no call that waits for them without end.
 *
 * Most tests copy numbers through a worker and in the end expect each of them once.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "scene.h"

/* Runs tools/kafka after a while, beside the test. */
static pid_t later(int time_ms, const char *command)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sleep_ms(time_ms);
        broker_tool(command);
        _exit(0);
    }
    return pid;
}

static void finished(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static const struct kafka_property patient[] = {
    {"session.timeout.ms", "20000"},
    {"transaction.timeout.ms", "20000"},
    {NULL, NULL},
};

/* A lone broker that comes back forgets the markers of partitions without a leader yet (seen on
 * Kafka 4.3.1). Going on would make the records of an aborted transaction visible with the next
 * commit, so the stream must stop then; either way nothing may be there twice. */
static void expect_once_or_stopped(const struct scene *scene, const struct worker *worker)
{
    print_message("    aborted %d, unknown %d, lost %d%s\n", worker->aborted, worker->unknown,
                  worker->lost, worker->stuck ? ", stopped: a marker was lost" : "");
    assert_false(worker->fenced);
    if (worker->stuck) {
        scene_expect_no_double(scene);
    } else {
        scene_expect_once(scene);
    }
}

static void a_broker_that_dies_in_flight_is_waited_for(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "outage", patient);
    scene_feed(&scene, NUMBERS);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker worker;
    worker_open(&worker, scene.cluster, &options);
    for (int round = 1; round <= 2; round++) {
        batch_fill(&worker, 20);
        char kill[32];
        char start[32];
        snprintf(kill, sizeof(kill), "kill %d", round);
        snprintf(start, sizeof(start), "start-node %d", round);
        broker_tool(kill);
        const pid_t pid = later(500 * round, start); /* while the commit waits, or after it */
        worker_commit(&worker);
        for (int turn = 0; turn < 200; turn++) {
            worker_turn(&worker, 1);
        }
        worker_commit(&worker);
        finished(pid);
        scene_feed(&scene, 50);
    }
    scene_finish(&scene, &worker, NULL);
    assert_false(worker.stuck); /* there always was a leader */
    expect_once_or_stopped(&scene, &worker);
    worker_close(&worker);
    scene_close(&scene);
}

static void the_only_broker_dies_and_comes_back(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "only", patient);
    scene_feed(&scene, NUMBERS);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker worker;
    worker_open(&worker, scene.cluster, &options);
    batch_fill(&worker, 20);
    broker_tool("kill 1");
    const pid_t pid = later(500, "start-node 1");
    worker_commit(&worker);
    finished(pid);
    scene_finish(&scene, &worker, NULL);
    expect_once_or_stopped(&scene, &worker);
    worker_close(&worker);
    scene_close(&scene);
}

/* The broker comes back after the time limit of the transaction and aborts it. */
static void the_only_broker_comes_back_after_the_time_limit(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene, "marker",
               (const struct kafka_property[]){{"session.timeout.ms", "20000"},
                                               {"transaction.timeout.ms", "4000"},
                                               {NULL, NULL}});
    scene_feed(&scene, NUMBERS);
    struct worker_options options = scene_options(&scene);
    options.manual = true;
    struct worker worker;
    worker_open(&worker, scene.cluster, &options);
    batch_fill(&worker, 50);
    struct error error = {0};
    SUCCEED(worker.stream->ops->flush(worker.stream, &error), error);
    broker_tool("kill 1");
    const pid_t pid = later(5000, "start-node 1");
    worker_commit(&worker);
    finished(pid);
    scene_finish(&scene, &worker, NULL);
    expect_once_or_stopped(&scene, &worker);
    worker_close(&worker);
    scene_close(&scene);
}

enum { AWAY_MS = 30000, ANSWER_MAX_MS = 10000 };

/* While the broker is away whoever asks for bounds gets no answer, but the thread back. */
static void bounds_do_not_wait_for_a_broker_that_is_away(void **state)
{
    (void)state;
    struct cluster *cluster = broker_open((const struct kafka_property[]){{NULL, NULL}});
    broker_topic(cluster, "away", 1);
    struct reader *reader = NULL;
    struct error error = {0};
    SUCCEED(cluster->ops->reader_open(cluster, "away", 0, 0, true, &reader, &error), error);
    int64_t start = 0;
    int64_t end = 0;
    SUCCEED(reader->ops->bounds(reader, &start, &end, &error), error);
    SUCCEED(cluster->ops->bounds(cluster, "away", 0, 1000, &start, &end, &error), error);
    broker_tool("kill 1");
    const pid_t pid = later(AWAY_MS, "start-node 1");
    const int64_t away_until_ms = clock_monotonic_ms() + AWAY_MS - ANSWER_MAX_MS;
    while (clock_monotonic_ms() < away_until_ms) {
        const int64_t asked_ms = clock_monotonic_ms();
        assert_int_equal(reader->ops->bounds(reader, &start, &end, &error), STATUS_RETRY);
        assert_int_equal(cluster->ops->bounds(cluster, "away", 0, 1000, &start, &end, &error),
                         STATUS_RETRY);
        assert_true(clock_monotonic_ms() - asked_ms < ANSWER_MAX_MS);
        sleep_ms(1000);
    }
    finished(pid);
    while (reader->ops->bounds(reader, &start, &end, &error) != STATUS_OK) {
        assert_int_equal(error.status, STATUS_RETRY);
    }
    reader->ops->close(reader);
    cluster->ops->close(cluster);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest one[] = {
        cmocka_unit_test(the_only_broker_dies_and_comes_back),
        cmocka_unit_test(the_only_broker_comes_back_after_the_time_limit),
        cmocka_unit_test(bounds_do_not_wait_for_a_broker_that_is_away),
    };
    const struct CMUnitTest three[] = {
        cmocka_unit_test(a_broker_that_dies_in_flight_is_waited_for),
    };
    if (argument_count > 1) {
        cmocka_set_test_filter(arguments[1]);
    }
    return strcmp(getenv("KAFKA_NODES"), "1") == 0 ? cmocka_run_group_tests(one, NULL, NULL)
                                                   : cmocka_run_group_tests(three, NULL, NULL);
}
