/* Options, configuration, clusters.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "program/program.h"

#include "base/assert.h"
#include "config/memory.h"
#include "engine/engine.h"
#include "engine/log.h"
#include "stream/kafka.h"
#include "topology/wants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool in_memory(const struct program *program)
{
    return program->embedded != NULL && strcmp(program->embedded, ":memory:") == 0;
}

/* The argument of an option, or a problem. */
static const char *argument(struct program *program, int argc, char **argv, int *index)
{
    if (*index + 1 >= argc) {
        problems_add(&program->problems, "command line", 0, "%s: needs an argument", argv[*index]);
        return NULL;
    }
    return argv[++*index];
}

static void take_once(struct program *program, int argc, char **argv, int *index,
                      const char **value)
{
    if (*value != NULL) {
        problems_add(&program->problems, "command line", 0, "%s: stands twice", argv[*index]);
    }
    const char *taken = argument(program, argc, argv, index);
    *value = taken != NULL ? taken : *value;
}

void program_options(struct program *program, int argc, char **argv, int first,
                     const char **rest_out, size_t rest_max, size_t *rest_count_out)
{
    program->config = config_new();
    const char **sets = memory_get((size_t)argc * sizeof(*sets));
    size_t set_count = 0;
    size_t rest = 0;
    for (int i = first; i < argc; i++) {
        const char *value = NULL;
        if (strcmp(argv[i], "--config") == 0) {
            take_once(program, argc, argv, &i, &program->config_file);
        } else if (strcmp(argv[i], "--embedded") == 0) {
            take_once(program, argc, argv, &i, &program->embedded);
        } else if (strcmp(argv[i], "--set") == 0) {
            value = argument(program, argc, argv, &i);
            if (value != NULL) {
                sets[set_count++] = value;
            }
        } else if (strcmp(argv[i], "--json") == 0) {
            program->json = true;
        } else if (rest + 1 < rest_max) {
            rest_out[rest++] = argv[i];
        } else {
            problems_add(&program->problems, "command line", 0, "%s: too many arguments", argv[i]);
        }
    }
    rest_out[rest] = NULL;
    *rest_count_out = rest;
    if (program->config_file != NULL) {
        config_read_file(program->config, program->config_file, &program->problems);
    }
    for (size_t i = 0; i < set_count; i++) {
        config_set(program->config, sets[i], &program->problems);
    }
    free(sets);
}

bool program_configure(struct program *program)
{
    if (program->problems.count == 0) {
        config_check(program->config, &program->problems);
    }
    return program->problems.count == 0 &&
           engine_codec(program->config, &program->codec, &program->error) == STATUS_OK;
}

char *program_embedded_path(const struct program *program, const char *name)
{
    if (program->embedded == NULL || in_memory(program)) {
        return NULL;
    }
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", program->embedded, name);
    return (char *)path.data;
}

static void on_kafka_log(void *context, int level, const char *text)
{
    (void)context;
    log_line(level <= 3 ? LOG_WARNING : LOG_INFO, "kafka", "text=\"%s\"", text);
}

/* All that librdkafka refuses, each with its line. */
static bool properties_check(struct program *program)
{
    bool good = true;
    for (size_t i = 0; i < program->config->kafka_count; i++) {
        const struct config_property *given = &program->config->kafka[i];
        struct error refused = {0};
        if (kafka_property_check(
                &(struct kafka_property){.name = given->name, .value = given->value}, &refused) !=
            STATUS_OK) {
            problems_add(&program->problems, given->file, given->line, "%s", refused.text);
            good = false;
        }
    }
    return good;
}

static enum status connect_kafka(struct program *program, struct error *error)
{
    const struct config *config = program->config;
    if (!properties_check(program)) {
        return STATUS_FATAL;
    }
    struct kafka_property *properties =
        memory_get((config->kafka_count + 1) * sizeof(*properties));
    for (size_t i = 0; i < config->kafka_count; i++) {
        properties[i] =
            (struct kafka_property){.name = config->kafka[i].name, .value = config->kafka[i].value};
    }
    const size_t members = (size_t)config->threads * config->topologies.count;
    const struct memory_plan plan = memory_plan(config, members > 0 ? members : 1);
    const struct kafka_options options = {.properties = properties,
                                          .property_count = config->kafka_count,
                                          .queue_bytes = (size_t)plan.queue,
                                          .send_bytes = (size_t)plan.send,
                                          .log = on_kafka_log};
    const enum status status = kafka_open(&options, &program->cluster, error);
    free(properties);
    return status;
}

bool program_connect(struct program *program, log_tap *tap, void *tap_context)
{
    if (program->embedded == NULL) {
        if (config_kafka(program->config, "bootstrap.servers") == NULL) {
            problems_add(&program->problems, "command line", 0,
                         "no cluster: set kafka.bootstrap.servers, or use --embedded DIR");
            return false;
        }
        return connect_kafka(program, &program->error) == STATUS_OK;
    }
    const struct log_options options = {.directory =
                                            in_memory(program) ? NULL : program->embedded,
                                        .sync = program->config->log_sync,
                                        .tap = tap,
                                        .tap_context = tap_context};
    return log_open(&options, &program->cluster, &program->error) == STATUS_OK;
}

bool program_read_settings(struct program *program, struct catalogue **catalogue_out,
                           struct topology **topologies_out)
{
    const struct config *config = program->config;
    const size_t count = config->topologies.count;
    struct topology *topologies = memory_get((count + 1) * sizeof(*topologies));
    char *folder = config_path(config, config->notices_dir);
    *catalogue_out = catalogue_read(folder, &program->problems);
    free(folder);
    for (size_t i = 0; i < count; i++) {
        char *path = config_path(config, config->topologies.items[i]);
        if (topology_read(path, &topologies[i], &program->problems)) {
            topologies[i].file = config->topologies.items[i];
        }
        free(path);
    }
    *topologies_out = topologies;
    return program->problems.count == 0 && *catalogue_out != NULL;
}

enum status program_create_topics(struct program *program, struct error *error)
{
    struct topic_shape *shapes = topic_shapes_new(program->config);
    struct topic_want *wants = memory_get(topic_count * sizeof(*wants));
    for (size_t i = 0; i < topic_count; i++) {
        wants[i] = (struct topic_want){.name = shapes[i].name,
                                       .partitions = shapes[i].partitions,
                                       .settings = shapes[i].settings};
    }
    const enum status status =
        program->cluster->ops->create(program->cluster, wants, topic_count, error);
    free(wants);
    topic_shapes_free(shapes);
    return status;
}

enum status program_partitions(struct program *program, int32_t *partitions_out,
                               struct error *error)
{
    char name[512];
    struct topic_facts facts = {0};
    snprintf(name, sizeof(name), "%sreports", program->config->topics_prefix);
    TRY(program->cluster->ops->describe(program->cluster, name, &facts, error));
    if (!facts.exists) {
        return error_set(error, STATUS_FATAL,
                         "topic '%s' does not exist: create it with sanctionctl topics create",
                         name);
    }
    *partitions_out = facts.partitions;
    return STATUS_OK;
}

enum status program_keys(struct program *program, struct key_ring **ring_out, struct error *error)
{
    const struct config *config = program->config;
    if (config->audit_seed_set) {
        if (program->embedded == NULL) {
            return error_set(error, STATUS_FATAL,
                             "audit.seed is for embedded runs: on Kafka give audit.key_file");
        }
        *ring_out = key_ring_seeded(config->audit_seed);
        return STATUS_OK;
    }
    if (config->audit_key_file[0] != '\0') {
        return key_ring_open(config->audit_key_file, false, ring_out, error);
    }
    if (in_memory(program)) {
        *ring_out = key_ring_random();
        return STATUS_OK;
    }
    struct buffer path = {0};
    buffer_printf(&path, "%s/audit.key",
                  program->embedded != NULL ? program->embedded : config->state_dir);
    if (program->embedded == NULL) {
        log_line(LOG_WARNING, "audit_key",
                 "path=%s reason=\"audit.key_file is not set; workers on several machines must "
                 "share one\"",
                 (const char *)path.data);
        if (mkdir(config->state_dir, 0700) != 0 && errno != EEXIST) {
            log_line(LOG_WARNING, "state_dir", "path=%s reason=\"%s\"", config->state_dir,
                     strerror(errno));
        }
    }
    const enum status status = key_ring_open((const char *)path.data, true, ring_out, error);
    buffer_release(&path);
    return status;
}

/* The cluster is closed first: what it logs meanwhile must not come after the last word. */
int program_end(struct program *program, enum status status)
{
    int code = EXIT_DONE;
    if (program->cluster != NULL) {
        program->cluster->ops->close(program->cluster);
    }
    codec_free(program->codec);
    config_free(program->config);
    if (program->problems.count > 0) {
        fwrite(program->problems.text.data, 1, program->problems.text.size, stderr);
        fprintf(stderr, "%zu problem%s, nothing done\n", program->problems.count,
                program->problems.count == 1 ? "" : "s");
        code = EXIT_BAD_INPUT;
    } else if (status != STATUS_OK) {
        fprintf(stderr, "%s\n", program->error.text[0] != '\0' ? program->error.text : "failed");
        code = EXIT_REFUSED;
    }
    problems_release(&program->problems);
    return code;
}
