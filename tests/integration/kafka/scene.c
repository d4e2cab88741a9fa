/* The stage of a fault test.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/time.h"
#include "broker.h"

/* Numbers of the second source start here. */
#define SECOND_SOURCE 1000000

void scene_feed(struct scene *scene, int count)
{
    const size_t all = (size_t)(PARTITIONS * 2 * count);
    struct stream_output *outputs = memory_get(all * sizeof(*outputs));
    char(*texts)[16] = memory_get(all * sizeof(*texts));
    size_t used = 0;
    for (int32_t p = 0; p < PARTITIONS; p++) {
        for (int s = 0; s < 2; s++) {
            for (int i = 0; i < count; i++, used++) {
                outputs[used] = broker_number(scene->topics[s], p,
                                              SECOND_SOURCE * s + scene->numbers + i, texts[used]);
            }
        }
    }
    struct error error = {0};
    SUCCEED(scene->cluster->ops->append(scene->cluster, outputs, all, &error), error);
    free(outputs);
    free(texts);
    scene->numbers += count;
}

void scene_open(struct scene *scene, const char *test, const struct kafka_property *properties)
{
    *scene = (struct scene){.cluster = broker_open(properties)};
    for (size_t i = 0; i < COUNT_OF(scene->topics); i++) {
        snprintf(scene->topics[i], sizeof(scene->topics[i]), "%s.%ld.%zu", test, (long)getpid(), i);
        broker_topic(scene->cluster, scene->topics[i], PARTITIONS);
    }
    snprintf(scene->group, sizeof(scene->group), "%s.%ld", test, (long)getpid());
    snprintf(scene->id, sizeof(scene->id), "%s.%ld.0", test, (long)getpid());
}

struct worker_options scene_options(const struct scene *scene)
{
    return (struct worker_options){.group = scene->group,
                                   .transactional_id = scene->id,
                                   .sources = {scene->topics[0], scene->topics[1]},
                                   .output = scene->topics[2],
                                   .batch_max = 50};
}

size_t scene_numbers(const struct scene *scene)
{
    return (size_t)(PARTITIONS * 2 * scene->numbers);
}

size_t scene_expect_no_double(const struct scene *scene)
{
    size_t total = 0;
    const size_t all = 2 * (size_t)scene->numbers;
    int *numbers = memory_get((all + 1000) * sizeof(*numbers));
    unsigned char *seen = memory_get(all);
    for (int32_t p = 0; p < PARTITIONS; p++) {
        memset(seen, 0, all);
        const size_t count =
            broker_numbers(scene->cluster, scene->topics[2], p, numbers, all + 1000);
        for (size_t i = 0; i < count; i++) {
            const int index =
                numbers[i] % SECOND_SOURCE + (numbers[i] >= SECOND_SOURCE ? scene->numbers : 0);
            assert_in_range(index, 0, all - 1);
            if (seen[index]++ > 0) {
                fail_msg("partition %d: %d came twice", (int)p, numbers[i]);
            }
        }
        total += count;
    }
    free(seen);
    free(numbers);
    return total;
}

void scene_expect_once(const struct scene *scene)
{
    /* A marker may still be on its way to a partition after the commit was answered. */
    const int64_t end_ms = clock_monotonic_ms() + 60000;
    while (scene_expect_no_double(scene) < scene_numbers(scene) && clock_monotonic_ms() < end_ms) {
        sleep_ms(200);
    }
    assert_int_equal(scene_expect_no_double(scene), scene_numbers(scene));
}

void scene_close(struct scene *scene)
{
    scene->cluster->ops->close(scene->cluster);
}

void scene_finish(const struct scene *scene, struct worker *worker, struct worker *other)
{
    const int64_t end_ms = clock_monotonic_ms() + 180000;
    worker->options.manual = false;
    while (!worker->stuck && !worker->fenced) {
        bool is_busy = worker_turn(worker, 20);
        is_busy = (other != NULL && worker_turn(other, 20)) || is_busy;
        if (!is_busy && scene_expect_no_double(scene) == scene_numbers(scene)) {
            return;
        }
        if (clock_monotonic_ms() > end_ms) {
            fail_msg("not all numbers were there within 180 s");
        }
    }
}

void batch_fill(struct worker *worker, int count)
{
    const int64_t end_ms = clock_monotonic_ms() + 90000;
    while (worker->batch_size < count && clock_monotonic_ms() < end_ms) {
        worker_turn(worker, 10);
    }
    assert_true(worker->batch_size >= count);
}

void sleep_ms(int time_ms)
{
    const struct timespec time = {.tv_sec = time_ms / 1000, .tv_nsec = time_ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}
