/* A scenario file on disk, read and, if it is well, run on the engine.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SCENARIO_BENCH_H
#define TESTS_SCENARIO_BENCH_H

#include "base/assert.h"
#include "engine/engine.h"
#include "engine/log.h"
#include "scenario/scenario_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char folder[64];
    char path[96];
    struct config *config;
    struct codec *codec;
    struct catalogue *catalogue;
    struct topology topologies[2];
    struct scenario_set *set;
    struct problems problems;
    struct problems failures;
    atomic_bool stop;
};

static inline void bench_write(const struct bench *bench, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", bench->folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static inline void bench_open(struct bench *bench)
{
    struct error error = {0};
    *bench = (struct bench){.folder = "/tmp/scenario.XXXXXX"};
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof(bench->path), "%s/a.scenario", bench->folder);
    log_from(LOG_ALARM);
    bench->config = config_new();
    assert_int_equal(engine_codec(bench->config, &bench->codec, &error), STATUS_OK);
    bench->set = scenario_set_new(bench->codec);
}

/* Reads `text` as a.scenario. */
static inline bool bench_read(struct bench *bench, const char *text)
{
    bench_write(bench, "a.scenario", text);
    return scenario_read(bench->set, bench->path, &bench->problems);
}

/* Reads and runs the first scenario; how many failures it has. */
static inline size_t bench_run(struct bench *bench, const char *text)
{
    assert_true(bench_read(bench, text));
    char *folder = config_path(bench->config, bench->config->notices_dir);
    bench->catalogue = catalogue_read(folder, &bench->problems);
    assert_non_null(bench->catalogue);
    free(folder);
    assert_int_equal(bench->config->topologies.count, COUNT_OF(bench->topologies));
    for (size_t i = 0; i < COUNT_OF(bench->topologies); i++) {
        char *path = config_path(bench->config, bench->config->topologies.items[i]);
        assert_true(topology_read(path, &bench->topologies[i], &bench->problems));
        bench->topologies[i].file = bench->config->topologies.items[i];
        free(path);
    }
    const struct scenario_environment environment = {.config = bench->config,
                                                     .codec = bench->codec,
                                                     .catalogue = bench->catalogue,
                                                     .topologies = bench->topologies,
                                                     .topology_count = COUNT_OF(bench->topologies),
                                                     .stop = &bench->stop};
    scenario_run(bench->set, 0, &environment, &bench->failures);
    return bench->failures.count;
}

static inline bool bench_says(struct buffer *text, const char *expected)
{
    buffer_append(text, bytes_of("", 1));
    text->size--;
    return strstr((const char *)text->data, expected) != NULL;
}

static inline void bench_close(struct bench *bench)
{
    char command[160];
    scenario_set_free(bench->set);
    catalogue_free(bench->catalogue);
    codec_free(bench->codec);
    config_free(bench->config);
    problems_release(&bench->problems);
    problems_release(&bench->failures);
    snprintf(command, sizeof(command), "%s/a.scenario", bench->folder);
    unlink(command);
    snprintf(command, sizeof(command), "%s/b.inc", bench->folder);
    unlink(command);
    rmdir(bench->folder);
}

#endif
