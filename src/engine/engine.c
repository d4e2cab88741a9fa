/* Running topologies: one thread in causal order over the in-process log, or stream threads on Kafka.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "config/config.h"
#include "engine/keys.h"
#include "engine/log.h"
#include "engine/loop.h"
#include "engine/member.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum status add_writer_file(struct codec *codec, const char *path, struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return error_set(error, STATUS_FATAL, "cannot open schema '%s': %s", path, strerror(errno));
    }
    struct buffer text = {0};
    char piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof(piece), file)) > 0;) {
        buffer_append(&text, bytes_of(piece, size));
    }
    fclose(file);
    struct error inner = {0};
    enum status status = codec_add_writer(codec, buffer_bytes(&text), &inner);
    if (status != STATUS_OK) {
        status = error_set(error, STATUS_FATAL, "schema '%s': %s", path, inner.text);
    }
    buffer_release(&text);
    return status;
}

static enum status add_writers(struct codec *codec, const char *path, struct error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return add_writer_file(codec, path, error);
    }
    enum status status = STATUS_OK;
    const struct dirent *entry = NULL;
    while (status == STATUS_OK && (entry = readdir(folder)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, ".avsc") == 0) {
            struct buffer file = {0};
            buffer_printf(&file, "%s/%s", path, entry->d_name);
            status = add_writer_file(codec, (const char *)file.data, error);
            buffer_release(&file);
        }
    }
    closedir(folder);
    return status;
}

enum status engine_codec(const struct config *config, struct codec **codec_out,
                         struct error *error)
{
    struct codec *codec = NULL;
    TRY(codec_new(record_types, record_type_count, &codec, error));
    for (size_t i = 0; i < config->writer_schemas.count; i++) {
        char *path = config_path(config, config->writer_schemas.items[i]);
        const enum status status = add_writers(codec, path, error);
        free(path);
        if (status != STATUS_OK) {
            codec_free(codec);
            return status;
        }
    }
    *codec_out = codec;
    return STATUS_OK;
}

void engine_beat(const struct engine_options *options)
{
    if (options->beat != NULL) {
        atomic_store(options->beat, clock_monotonic_ms());
    }
}

/* Opens a member, waiting for brokers and a first policy; says so. STATUS_RETRY: told to stop. */
static enum status open_waiting(const struct engine_options *options,
                                const struct topology *topology, unsigned thread,
                                struct member **member_out, struct error *error)
{
    for (;;) {
        engine_beat(options);
        const enum status status = member_open(options, topology, thread, member_out, error);
        if (status != STATUS_RETRY || atomic_load(options->stop)) {
            return status;
        }
        log_line(LOG_WARNING, "waiting", "topology=%s thread=%u reason=\"%s\"", topology->name,
                 thread, error->text);
        loop_sleep(options->stop, SECOND_MS);
    }
}

/* The embedded default: every topology on this thread. */
static enum status run_causal(const struct engine_options *options, struct error *error)
{
    struct member **members = memory_get(options->topology_count * sizeof(struct member *));
    size_t count = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && count < options->topology_count) {
        struct member *member = NULL;
        status = open_waiting(options, &options->topologies[count], 0, &member, error);
        if (status == STATUS_OK) {
            members[count++] = member;
        }
    }
    if (status == STATUS_OK) {
        status = loop_causal(options, members, count, error);
    }
    for (size_t i = 0; i < count; i++) {
        members[i]->failed = status == STATUS_FATAL;
        member_close(members[i]);
    }
    free(members);
    return status == STATUS_RETRY ? STATUS_OK : status; /* told to stop while waiting */
}

struct stream_thread {
    pthread_t thread;
    struct engine_options options;
    atomic_llong beat;
    const struct topology *topology;
    unsigned number;
    atomic_bool *halt;     /* = options->stop: ends every thread */
    atomic_uint *running;
    enum status status;
    struct error error;
};

static void *thread_main(void *argument)
{
    struct stream_thread *thread = argument;
    struct member *member = NULL;
    thread->status = open_waiting(&thread->options, thread->topology, thread->number, &member,
                                  &thread->error);
    if (thread->status == STATUS_OK) {
        thread->status = loop_live(&thread->options, member, &thread->error);
        member->failed = thread->status == STATUS_FATAL;
        member_close(member);
    }
    if (thread->status == STATUS_RETRY) {
        thread->status = STATUS_OK;
    }
    if (thread->status != STATUS_OK) {
        log_line(LOG_ALARM, "thread_stops", "topology=%s thread=%u reason=\"%s\"",
                 thread->topology->name, thread->number, thread->error.text);
        atomic_store(thread->halt, true); /* one failed thread ends the process: fail-stop */
    }
    keys_thread_end();
    digest_thread_end();
    atomic_store(&thread->beat, INT64_MAX); /* ended: nothing to watch */
    atomic_fetch_sub(thread->running, 1);
    return NULL;
}

/* Longer than every deadline inside a turn: the commit's, two slices, max.poll.interval.ms. */
#define SILENCE_MAX_MS (150 * SECOND_MS)

/* A call of librdkafka may never come back (send_offsets while the group coordinator is out of reach, a
 * close): nothing was committed then, and the restart fences what is left by its own id. */
static void watch(const struct stream_thread *threads, size_t count)
{
    const int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < count; i++) {
        if (now - atomic_load(&threads[i].beat) > SILENCE_MAX_MS) {
            fprintf(stderr,
                    "topology '%s' thread %u gave no sign of life for %lld s and was ended: start "
                    "again, nothing is lost\n",
                    threads[i].topology->name, threads[i].number,
                    (long long)(SILENCE_MAX_MS / SECOND_MS));
            _exit(1);
        }
    }
}

/* Passes the signal on until all threads have ended. */
static void wait_for_threads(const struct engine_options *options,
                             const struct stream_thread *threads, size_t count, atomic_bool *halt,
                             atomic_uint *running)
{
    while (atomic_load(running) > 0) {
        watch(threads, count);
        if (atomic_load(options->stop)) {
            atomic_store(halt, true);
        }
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    }
}

static enum status run_live(const struct engine_options *options, struct error *error)
{
    const size_t per_topology = (size_t)options->config->threads;
    const size_t count = per_topology * options->topology_count;
    atomic_bool halt = false; /* by the signal or by a thread that failed */
    atomic_uint running = 0;
    struct engine_options own = *options;
    own.stop = &halt;
    struct stream_thread *threads = memory_get(count * sizeof(*threads));
    memset(threads, 0, count * sizeof(*threads));
    for (size_t i = 0; i < count; i++) {
        threads[i].options = own;
        threads[i].options.beat = &threads[i].beat;
        atomic_init(&threads[i].beat, clock_monotonic_ms());
        threads[i].topology = &options->topologies[i / per_topology];
        threads[i].number = (unsigned)(i % per_topology);
        threads[i].halt = &halt;
        threads[i].running = &running;
        atomic_fetch_add(&running, 1);
        const int failure = pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]);
        ASSERT(failure == 0);
    }
    wait_for_threads(options, threads, count, &halt, &running);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i].thread, NULL);
        if (threads[i].status != STATUS_OK && status == STATUS_OK) {
            status = threads[i].status;
            *error = threads[i].error;
        }
    }
    free(threads);
    return status;
}

enum status engine_run(const struct engine_options *options, struct error *error)
{
    ASSERT(options->topology_count > 0);
    return options->causal ? run_causal(options, error) : run_live(options, error);
}
