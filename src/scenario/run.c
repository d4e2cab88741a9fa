/* Runs a scenario: its records go to a log in memory, the engine drains it, what came is looked at.
 *
 * The engine is opened anew for each run of records and restores its state from the changelog, so
 * every scenario tests that too. A record that names the case of an earlier one waits until the
 * engine has told the case.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "engine/engine.h"
#include "stream/log.h"
#include "topology/wants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum status create_topics(struct run *run)
{
    struct topic_shape *shapes = topic_shapes_new(&run->config);
    struct topic_want *wants = memory_get(topic_count * sizeof(*wants));
    for (size_t i = 0; i < topic_count; i++) {
        wants[i] = (struct topic_want){.name = shapes[i].name,
                                       .partitions = shapes[i].partitions,
                                       .settings = shapes[i].settings};
    }
    const enum status status =
        run->cluster->ops->create(run->cluster, wants, topic_count, &run->error);
    free(wants);
    topic_shapes_free(shapes);
    return status;
}

/* A scenario's problems with its own files are told where it starts. */
static void take_problems(struct run *run, struct place place, const struct problems *problems)
{
    if (problems->count > 0) {
        problems_add(run->failures, place.file, place.line, "%.*s", (int)problems->text.size - 1,
                     (const char *)problems->text.data);
    }
}

static void begin_lines(struct run *run)
{
    lines_release(&run->lines);
    run->lines = (struct lines){.config = &run->config,
                                .codec = run->environment->codec,
                                .partitions = (int32_t)run->config.topics_partitions,
                                .barriers = true};
}

static bool add_policy_file(struct run *run, struct place place, const char *path, int64_t time_ms)
{
    struct problems problems = {0};
    const bool good = lines_add_policy(&run->lines, path, time_ms, &problems);
    take_problems(run, place, &problems);
    problems_release(&problems);
    return good;
}

/* One file, as it is or with its edits. */
static bool add_policy(struct run *run, struct place place, const char *path,
                       const struct policy_source *source, int64_t time_ms)
{
    if (source->edit_count == 0) {
        return add_policy_file(run, place, path, time_ms);
    }
    struct problems problems = {0};
    char edited[POLICY_PATH_MAX] = "";
    bool good = policy_edit(path, source, run->scenario->heading.start_ms, edited, &problems);
    take_problems(run, place, &problems);
    problems_release(&problems);
    good = good && add_policy_file(run, place, edited, time_ms);
    if (edited[0] != '\0') {
        unlink(edited);
    }
    return good;
}

static bool add_policies(struct run *run, struct place place, const struct policy_source *source,
                         int64_t time_ms)
{
    if (source->file != NULL) {
        return add_policy(run, place, source->file, source, time_ms);
    }
    const struct config_list *files = &run->config.policy_files;
    bool good = true;
    for (size_t i = 0; i < files->count; i++) {
        char *path = config_path(&run->config, files->items[i]);
        good = add_policy(run, place, path, source, time_ms) && good;
        free(path);
    }
    return good;
}

static bool fail_engine(struct run *run, struct place place)
{
    problems_add(run->failures, place.file, place.line, "the engine stopped: %s", run->error.text);
    return false;
}

/* Appends what waits and lets the engine drain it. */
static bool flush(struct run *run, struct place place)
{
    const struct scenario_environment *environment = run->environment;
    if (run->lines.count > 0 &&
        run->cluster->ops->append(run->cluster, run->lines.outputs, run->lines.count,
                                  &run->error) != STATUS_OK) {
        return fail_engine(run, place);
    }
    begin_lines(run);
    run->through = run->sent.count;
    const struct engine_options options = {.config = &run->config,
                                           .cluster = run->cluster,
                                           .codec = environment->codec,
                                           .catalogue = environment->catalogue,
                                           .topologies = environment->topologies,
                                           .topology_count = environment->topology_count,
                                           .keys = run->keys,
                                           .causal = true,
                                           .drain = true,
                                           .stop = environment->stop};
    return engine_run(&options, &run->error) == STATUS_OK || fail_engine(run, place);
}

/* Adds one JSON line; it was checked when the scenario was read. */
static bool add_line(struct run *run, struct place place, const char *text)
{
    struct problems problems = {0};
    union {
        const char *borrowed;
        void *owned;
    } memory = {.borrowed = text}; /* opened for reading only */
    FILE *file = fmemopen(memory.owned, strlen(text), "rb");
    ASSERT(file != NULL);
    const bool good = lines_read(&run->lines, file, "record", &problems);
    fclose(file);
    take_problems(run, place, &problems);
    problems_release(&problems);
    return good;
}

static bool add_record(struct run *run, const struct event *event, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    struct buffer line = {0};
    buffer_printf(&line,
                  "{\"topic\":\"%s\",\"type\":\"%s\",\"timestamp\":%" PRId64 ",\"value\":%s}",
                  event->topic->name, event->type->name, event->time_ms, text);
    buffer_append(&line, bytes_of("", 1));
    const bool good = add_line(run, event->place, (const char *)line.data);
    *(const struct event **)list_push(&run->sent, sizeof(event)) = event;
    buffer_release(&line);
    free(text);
    return good;
}

/* A record that names what no output has told yet waits until the engine has seen those before it.
 */
static bool add_when_known(struct run *run, const struct event *event, struct buffer *missing)
{
    json_t *value = references_replace(run, event->value, missing);
    if (value == NULL && run->lines.count > 0) {
        if (!flush(run, event->place)) {
            return false;
        }
        value = references_replace(run, event->value, missing);
    }
    if (value == NULL) {
        problems_add(run->failures, event->place.file, event->place.line,
                     "'%.*s' is not known: no event or output of this name has told it",
                     BYTES_PRINT(buffer_bytes(missing)));
        return false;
    }
    const bool good = add_record(run, event, value);
    json_decref(value);
    return good;
}

static bool add_event(struct run *run, const struct event *event)
{
    if (event->publish) {
        return add_policies(run, event->place, &event->policy, event->time_ms);
    }
    struct buffer missing = {0};
    const bool good = add_when_known(run, event, &missing);
    buffer_release(&missing);
    return good;
}

/* Stream time reaches the step's end, or its last record. */
static bool advance(struct run *run, const struct moment *step)
{
    const struct event *events = step->events.items;
    int64_t time_ms = step->time_ms;
    for (size_t i = 0; i < step->events.count; i++) {
        time_ms = events[i].time_ms > time_ms ? events[i].time_ms : time_ms;
    }
    char text[64];
    snprintf(text, sizeof(text), "{\"advance\":%" PRId64 "}", time_ms);
    return add_line(run, step->place, text);
}

static bool run_step(struct run *run, const struct moment *step)
{
    const struct event *events = step->events.items;
    for (size_t i = 0; i < step->events.count; i++) {
        if (!add_event(run, &events[i])) {
            return false;
        }
    }
    /* Before time goes on, everything that follows from the events is through (domain.md I.2). */
    if ((run->lines.count > 0 && !flush(run, step->place)) || !advance(run, step) ||
        !flush(run, step->place)) {
        return false;
    }
    if (step->looks) {
        moment_match(run, step);
    }
    if (step->looks || step->given) {
        moment_check(run, step);
        run->looked = run->outputs.count;
    }
    return true;
}

static enum status open_run(struct run *run)
{
    const struct log_options options = {.tap = outputs_collect, .tap_context = run};
    TRY(log_open(&options, &run->cluster, &run->error));
    run->keys = key_ring_seeded(run->config.audit_seed);
    run->opener = (struct audit_opener){.codec = run->environment->codec, .keys = run->keys};
    run->writer =
        (struct lines_writer){.codec = run->environment->codec,
                              .prefix = run->config.topics_prefix,
                              .open = audit_opener_open,
                              .open_context = &run->opener,
                              .record = memory_get(codec_record_size(run->environment->codec))};
    begin_lines(run);
    return create_topics(run);
}

static void release(struct run *run)
{
    struct output *outputs = run->outputs.items;
    for (size_t i = 0; i < run->outputs.count; i++) {
        json_decref(outputs[i].value);
    }
    if (run->cluster != NULL) {
        run->cluster->ops->close(run->cluster);
    }
    list_release(&run->outputs);
    list_release(&run->names);
    list_release(&run->sent);
    lines_release(&run->lines);
    key_ring_free(run->keys);
    audit_opener_release(&run->opener);
    free(run->writer.record);
    buffer_release(&run->writer.text);
    arena_release(&run->arena);
}

void scenario_run(const struct scenario_set *set, size_t index,
                  const struct scenario_environment *environment, struct problems *failures)
{
    ASSERT(index < set->scenarios.count);
    const struct scenario *scenario = (const struct scenario *)set->scenarios.items + index;
    struct run run = {.scenario = scenario,
                      .environment = environment,
                      .failures = failures,
                      .config = *environment->config}; /* what it points to stays borrowed */
    if (scenario->heading.partitions > 0) {
        run.config.topics_partitions = scenario->heading.partitions;
    }
    run.config.audit_seed_set = true; /* zeros if none is given: every run gives the same bytes */
    if (open_run(&run) != STATUS_OK) {
        fail_engine(&run, scenario->place);
    } else if (add_policies(&run, scenario->place, &scenario->heading.policy, -1)) {
        const struct moment *steps = scenario->steps.items;
        size_t step = 0;
        while (step < scenario->steps.count && run_step(&run, &steps[step])) {
            step++;
        }
    }
    release(&run);
}
