/* `sanctiond run`: mirrored set-up and release around engine_run().
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctiond/run.h"

#include "base/assert.h"
#include "config/memory.h"
#include "engine/engine.h"
#include "engine/log.h"
#include "stream/kafka.h"
#include "store/store.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { INPUTS_MAX = 256, REST_MAX = 1024, DRAIN_SECONDS = 9 };

/* Set by the first signal; a second one, or a drain that takes too long (no broker answers), ends the process
 * at once. The one global of the program: a signal handler has no other way in. */
static atomic_bool stop;

static void on_signal(int number)
{
    static const char text[] = "stopped before the drain was done: what is committed stays, the next "
                               "start goes on from there\n";
    if (number != SIGALRM && !atomic_exchange(&stop, true)) {
        alarm(DRAIN_SECONDS);
        return;
    }
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        /* nobody reads it: the exit code says enough */
    }
    _exit(EXIT_REFUSED);
}

struct run {
    struct program program;
    const char *inputs[INPUTS_MAX];
    size_t input_count;
    const char *output;
    bool output_internal;
    bool drain;
    FILE *output_file;
    struct lines_writer writer;
    struct audit_opener opener;
    int output_failure; /* errno of a line that could not be written; 0: none */
    struct key_ring *keys;
    struct catalogue *catalogue;
    struct topology *topologies;
    size_t topology_count;
    struct store_memory *store_memory;
    struct lines policies; /* of policy.files */
    struct lines lines;    /* of --input */
    char *state_dir;
};

static void add_input(struct run *run, const char *path)
{
    struct problems *problems = &run->program.problems;
    for (size_t i = 0; i < run->input_count; i++) {
        if (strcmp(path, "-") == 0 && strcmp(run->inputs[i], "-") == 0) {
            problems_add(problems, "command line", 0, "--input -: stands twice");
            return;
        }
    }
    if (run->input_count == INPUTS_MAX) {
        problems_add(problems, "command line", 0, "more than %d inputs", INPUTS_MAX);
    } else {
        run->inputs[run->input_count++] = path;
    }
}

static void parse_rest(struct run *run, const char **rest, size_t count)
{
    struct problems *problems = &run->program.problems;
    for (size_t i = 0; i < count; i++) {
        const bool input = strcmp(rest[i], "--input") == 0;
        const bool output = strcmp(rest[i], "--output") == 0;
        if (strcmp(rest[i], "--drain") == 0) {
            run->drain = true;
        } else if (strcmp(rest[i], "--output-internal") == 0) {
            run->output_internal = true;
        } else if (!input && !output) {
            problems_add(problems, "command line", 0, "unknown option '%s'", rest[i]);
        } else if (i + 1 == count) {
            problems_add(problems, "command line", 0, "%s: needs an argument", rest[i]);
        } else if (input) {
            add_input(run, rest[++i]);
        } else if (run->output != NULL) {
            problems_add(problems, "command line", 0, "--output: stands twice");
        } else {
            run->output = rest[++i];
        }
    }
    if (run->program.embedded == NULL &&
        (run->input_count > 0 || run->output != NULL || run->drain)) {
        problems_add(problems, "command line", 0,
                     "--input, --output and --drain need --embedded DIR; on Kafka use sanctionctl "
                     "send and tail");
    }
}

static bool is_shown(const struct run *run, const char *name)
{
    const char *prefix = run->program.config->topics_prefix;
    const size_t size = strlen(prefix);
    const struct topic *topic =
        strncmp(name, prefix, size) == 0 ? topic_find(bytes_text(name + size)) : NULL;
    if (topic == NULL || topic->role == TOPIC_INPUT) {
        return false;
    }
    return topic->role == TOPIC_OUTPUT || run->output_internal;
}

static void on_committed(void *context, const char *topic, int32_t partition, int64_t offset,
                         const struct stream_output *record)
{
    struct run *run = context;
    if (run->output_file == NULL || run->output_failure != 0 || !is_shown(run, topic)) {
        return;
    }
    struct buffer out = {0};
    lines_write(&run->writer, topic, partition, offset, record->timestamp_ms, record->key,
                record->value, &out);
    if (fwrite(out.data, 1, out.size, run->output_file) != out.size ||
        fflush(run->output_file) != 0) {
        run->output_failure = errno;
        atomic_store(&stop, true);
    }
    buffer_release(&out);
}

static bool read_files(struct run *run)
{
    run->topology_count = run->program.config->topologies.count;
    return program_read_settings(&run->program, &run->catalogue, &run->topologies);
}

/* All lines of all inputs, checked; nothing is appended yet. */
static void read_inputs(struct run *run)
{
    for (size_t i = 0; i < run->input_count && !atomic_load(&stop); i++) {
        const bool standard = strcmp(run->inputs[i], "-") == 0;
        FILE *file = standard ? stdin : fopen(run->inputs[i], "rb");
        if (file == NULL) {
            problems_add(&run->program.problems, run->inputs[i], 0, "cannot be opened: %s",
                         strerror(errno));
            continue;
        }
        lines_read(&run->lines, file, standard ? "-" : run->inputs[i], &run->program.problems);
        if (!standard) {
            fclose(file);
        }
    }
}

static enum status append_lines(struct run *run, struct lines *lines)
{
    struct cluster *cluster = run->program.cluster;
    return lines->count == 0
               ? STATUS_OK
               : cluster->ops->append(cluster, lines->outputs, lines->count, &run->program.error);
}

static void read_policies(struct run *run)
{
    const struct config *config = run->program.config;
    for (size_t i = 0; i < config->policy_files.count; i++) {
        char *path = config_path(config, config->policy_files.items[i]);
        lines_add_policy(&run->policies, path, -1, &run->program.problems);
        free(path);
    }
}

static enum status open_output(struct run *run)
{
    if (run->output == NULL) {
        return STATUS_OK;
    }
    run->output_file = strcmp(run->output, "-") == 0 ? stdout : fopen(run->output, "wb");
    return run->output_file != NULL
               ? STATUS_OK
               : error_set(&run->program.error, STATUS_FATAL, "cannot open output '%s': %s",
                           run->output, strerror(errno));
}

/* Embedded: the topics, the policies and the input lines are there before the engine starts. All is read
 * and checked, and the output open, before the first line goes in. */
static enum status prepare_embedded(struct run *run)
{
    struct program *program = &run->program;
    TRY(program_create_topics(program, &program->error));
    int32_t partitions = 0;
    TRY(program_partitions(program, &partitions, &program->error));
    run->policies =
        (struct lines){.config = program->config, .codec = program->codec, .partitions = 1};
    run->lines = (struct lines){.config = program->config,
                                .codec = program->codec,
                                .partitions = partitions,
                                .barriers = true};
    read_policies(run);
    read_inputs(run);
    if (atomic_load(&stop)) { /* the signal may have cut an input short: none of it goes in */
        problems_release(&program->problems);
        return STATUS_OK;
    }
    if (program->problems.count > 0) {
        return STATUS_FATAL;
    }
    TRY(open_output(run));
    /* policy.files go to the policies topic unless it has this very document already. */
    TRY(lines_drop_known(&run->policies, program->cluster, &program->error));
    TRY(append_lines(run, &run->policies));
    TRY(append_lines(run, &run->lines));
    lines_release(&run->lines);
    return STATUS_OK;
}

static enum status run_engine(struct run *run)
{
    struct program *program = &run->program;
    run->state_dir = program->embedded != NULL ? program_embedded_path(program, "state")
                                               : memory_text(program->config->state_dir);
    run->store_memory =
        store_memory_new((size_t)memory_plan(program->config, 1).block_cache);
    const struct engine_options options = {.config = program->config,
                                           .cluster = program->cluster,
                                           .codec = program->codec,
                                           .catalogue = run->catalogue,
                                           .topologies = run->topologies,
                                           .topology_count = run->topology_count,
                                           .keys = run->keys,
                                           .store_memory = run->store_memory,
                                           .state_dir = run->state_dir,
                                           .causal = program->embedded != NULL,
                                           .drain = run->drain,
                                           .stop = &stop};
    log_line(LOG_INFO, "start", "version=%s library=\"%s\" mode=%s", SANCTIOND_VERSION,
             kafka_version(), program->embedded != NULL ? "embedded" : "kafka");
    TRY(engine_run(&options, &program->error));
    if (run->output_failure != 0) {
        return error_set(&program->error, STATUS_FATAL,
                         "cannot write output '%s': %s; the records are in their topics, sanctionctl "
                         "tail shows them",
                         run->output, strerror(run->output_failure));
    }
    log_line(LOG_INFO, "stop", "reason=%s", atomic_load(&stop) ? "signal" : "drained");
    return STATUS_OK;
}

static enum status make_writer(struct run *run)
{
    struct program *program = &run->program;
    TRY(program_keys(program, &run->keys, &program->error));
    run->opener = (struct audit_opener){.codec = program->codec, .keys = run->keys};
    run->writer = (struct lines_writer){.codec = program->codec,
                                        .prefix = program->config->topics_prefix,
                                        .open = audit_opener_open,
                                        .open_context = &run->opener,
                                        .record = memory_get(codec_record_size(program->codec))};
    return STATUS_OK;
}

static enum status run_all(struct run *run)
{
    struct program *program = &run->program;
    if (!program_configure(program) || !read_files(run) ||
        !program_connect(program, on_committed, run)) {
        return STATUS_FATAL;
    }
    TRY(make_writer(run));
    if (program->embedded != NULL) {
        TRY(prepare_embedded(run));
    }
    return run_engine(run);
}

static void run_release(struct run *run)
{
    lines_release(&run->policies);
    lines_release(&run->lines);
    store_memory_free(run->store_memory);
    if (run->output_file != NULL && run->output_file != stdout) {
        fclose(run->output_file);
    }
    key_ring_free(run->keys);
    catalogue_free(run->catalogue);
    audit_opener_release(&run->opener);
    free(run->topologies);
    free(run->writer.record);
    free(run->state_dir);
    buffer_release(&run->writer.text);
}

/* librdkafka's threads free what ours allocate: with an arena a thread, what they freed stays where nobody
 * allocates. */
static void arenas_limit(void)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 2);
#endif
}

int run_main(int argc, char **argv)
{
    arenas_limit();
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct run *run = memory_get(sizeof(*run));
    *run = (struct run){0};
    const char **rest = memory_get(REST_MAX * sizeof(*rest));
    size_t rest_count = 0;
    program_options(&run->program, argc, argv, 2, rest, REST_MAX, &rest_count);
    parse_rest(run, rest, rest_count);
    const enum status status = run_all(run);
    run_release(run);
    const int code = program_end(&run->program, status);
    free(rest);
    free(run);
    return code;
}
