/* What a start makes of directories and changelogs that do not fit together.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "bench.h"
#include "base/assert.h"
#include "store/state.h"

#include <dirent.h>
#include <unistd.h>

#define INPUT SOURCE_DIR "/tests/unit/engine/faults.jsonl"

static enum status run_in(struct bench *bench, const char *state_dir, struct error *error)
{
    const struct engine_options options = {.config = bench->config,
                                           .cluster = bench->cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 2,
                                           .keys = bench->keys,
                                           .state_dir = state_dir,
                                           .causal = true,
                                           .drain = true,
                                           .stop = &bench->stop};
    return engine_run(&options, error);
}

static void remove_tree(const char *path)
{
    char command[600];
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

/* Makes the directory one transaction and `age_ms` older, with a row that the changelog knows nothing of. */
static void make_old(struct bench *bench, const char *path, int64_t age_ms)
{
    struct store *store = NULL;
    struct error error = {0};
    struct buffer stored = {0};
    struct buffer meta = {0};
    bool found = false;
    const struct record_type *type = NULL;
    struct task_meta *record = memory_get(codec_record_size(bench->codec));
    assert_int_equal(store_open_rocksdb(path, NULL, &store, &error), STATUS_OK);
    assert_int_equal(store->ops->get(store, bytes_text(STATE_META_KEY), &stored, &found, &error),
                     STATUS_OK);
    assert_true(found);
    assert_int_equal(codec_decode(bench->codec, buffer_bytes(&stored), &type, record), DECODE_OK);
    record->commit_seq--;
    record->changelog_next_offset = 0;
    record->wall_time -= age_ms;
    codec_encode(bench->codec, &record_task_meta, record, &meta);
    const struct row rows[] = {
        {.key = bytes_text(STATE_META_KEY), .value = buffer_bytes(&meta)},
        {.key = bytes_text("sUSER:ghost"), .value = bytes_text("deleted long ago")}};
    assert_int_equal(store->ops->checkpoint(store, rows, COUNT_OF(rows), &error), STATUS_OK);
    store_close(store);
    buffer_release(&stored);
    buffer_release(&meta);
    free(record);
}

static bool has_ghost(const char *path)
{
    struct store *store = NULL;
    struct error error = {0};
    struct buffer value = {0};
    bool found = false;
    assert_int_equal(store_open_rocksdb(path, NULL, &store, &error), STATUS_OK);
    assert_int_equal(store->ops->get(store, bytes_text("sUSER:ghost"), &value, &found, &error),
                     STATUS_OK);
    store_close(store);
    buffer_release(&value);
    return found;
}

static size_t stale_count(const char *path)
{
    size_t count = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += strstr(entry->d_name, ".stale.") != NULL;
    }
    closedir(folder);
    return count;
}

/* Rows deleted while a directory was away came back with it, once compaction had dropped their tombstones. */
static void a_directory_older_than_tombstones_is_rebuilt(void **state)
{
    (void)state;
    char folder[] = "/tmp/sanctiond-restore-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char topology[300];
    char task[320];
    snprintf(topology, sizeof(topology), "%s/sanctions", folder);
    snprintf(task, sizeof(task), "%s/0", topology);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(run_in(&bench, folder, &error), STATUS_OK);

    make_old(&bench, task, 6 * DAY_MS); /* young enough: goes on where it stands */
    assert_int_equal(run_in(&bench, folder, &error), STATUS_OK);
    assert_true(has_ghost(task));
    assert_int_equal(stale_count(topology), 0);

    make_old(&bench, task, 8 * DAY_MS);
    assert_int_equal(run_in(&bench, folder, &error), STATUS_OK);
    assert_false(has_ghost(task));
    assert_int_equal(stale_count(topology), 1);
    bench_close(&bench);
    remove_tree(folder);
}

/* Commits offsets for the group of `sanctions` that speak of a changelog nobody has. */
static void commit_from_elsewhere(struct bench *bench, const char *metadata)
{
    const struct topology *topology = &bench->topologies[0];
    char names[TOPOLOGY_SOURCES_MAX][256];
    const char *sources[TOPOLOGY_SOURCES_MAX];
    char group[300];
    for (uint32_t i = 0; i < topology->source_count; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%s", bench->config->topics_prefix,
                 topology->sources[i].topic->name);
        sources[i] = names[i];
    }
    snprintf(group, sizeof(group), "%s.sanctions", bench->config->application);
    const struct stream_options options = {.group = group,
                                           .transactional_id = "elsewhere",
                                           .sources = sources,
                                           .source_count = topology->source_count};
    struct stream *stream = NULL;
    struct error error = {0};
    assert_int_equal(
        bench->cluster->ops->stream_open(bench->cluster, &options, &stream, &error), STATUS_OK);
    struct stream_position positions[TOPOLOGY_SOURCES_MAX];
    for (uint32_t i = 0; i < topology->source_count; i++) {
        positions[i] = (struct stream_position){
            .source = i, .partition = 0, .next_offset = 0, .metadata = metadata};
    }
    assert_int_equal(stream->ops->begin(stream, &error), STATUS_OK);
    assert_int_equal(stream->ops->flush(stream, &error), STATUS_OK);
    assert_int_equal(stream->ops->commit(stream, positions, topology->source_count, &error),
                     COMMIT_DONE);
    stream->ops->close(stream);
}

/* A changelog that was cut or made anew was waited for without end. */
static void a_changelog_shorter_than_the_commit_is_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    commit_from_elsewhere(&bench, "v1 seq=3 next=1000 id=elsewhere src=0,0,0,0,0,0,0,0");
    assert_int_equal(run_in(&bench, NULL, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "it was cut or made anew"));
    bench_close(&bench);
}

static void offsets_of_another_program_are_refused(void **state)
{
    (void)state;
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    commit_from_elsewhere(&bench, "");
    assert_int_equal(run_in(&bench, NULL, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "was not committed by this engine"));
    bench_close(&bench);
}

/* The state is there, but the log it belongs to is another: never an empty start, never somebody else's. */
static void state_of_another_log_is_refused(void **state)
{
    (void)state;
    char folder[] = "/tmp/sanctiond-restore-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    assert_int_equal(run_in(&bench, folder, &error), STATUS_OK);
    bench_close(&bench);
    bench_open(&bench, INPUT);
    assert_int_equal(run_in(&bench, folder, &error), STATUS_FATAL);
    assert_non_null(strstr(error.text, "state"));
    bench_close(&bench);
    remove_tree(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_older_than_tombstones_is_rebuilt),
        cmocka_unit_test(a_changelog_shorter_than_the_commit_is_refused),
        cmocka_unit_test(offsets_of_another_program_are_refused),
        cmocka_unit_test(state_of_another_log_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
