/* A record that crashes the process: counted over processes, quarantined at the third, and nothing else is.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"
#include "engine/crash.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define INPUT SOURCE_DIR "/tests/unit/engine/faults.jsonl"

static struct crash_watch *open_watch(const char *path, uint32_t expected)
{
    struct crash_watch *watch = NULL;
    uint32_t crashes = 99;
    struct error error = {0};
    if (crash_watch_open(path, &watch, &crashes, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(crashes, expected);
    return watch;
}

/* A process that ends with the record in hand. */
static void crash_at(const char *path, uint64_t topic, int64_t offset)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct crash_watch *watch = NULL;
        uint32_t crashes = 0;
        struct error error = {0};
        if (crash_watch_open(path, &watch, &crashes, &error) != STATUS_OK) {
            _exit(1);
        }
        crash_enter(watch, topic, offset - 1);
        crash_leave(watch);
        crash_enter(watch, topic, offset);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void the_third_crash_at_one_offset_quarantines_it(void **state)
{
    (void)state;
    char path[] = "/tmp/sanctiond-crash-XXXXXX";
    const int handle = mkstemp(path);
    assert_true(handle >= 0);
    close(handle);
    const uint64_t topic = crash_topic("reports");
    crash_watch_close(open_watch(path, 0)); /* an empty file is a new one */
    crash_at(path, topic, 7);
    crash_at(path, topic, 7);
    crash_at(path, topic, 8); /* counts anew */
    crash_at(path, topic, 7);
    crash_at(path, crash_topic("accounts"), 7); /* another record too */
    crash_at(path, topic, 7);
    crash_at(path, topic, 7);
    struct crash_watch *watch = open_watch(path, 2);
    assert_false(crash_is_quarantined(watch, topic, 7));
    crash_enter(watch, topic, 7);
    crash_watch_close(watch); /* a clean end, whatever was in hand */
    watch = open_watch(path, 0);
    assert_false(crash_is_quarantined(watch, topic, 7));
    crash_watch_close(watch);
    crash_at(path, topic, 7);
    watch = open_watch(path, 3);
    assert_true(crash_is_quarantined(watch, topic, 7));
    assert_false(crash_is_quarantined(watch, topic, 8));
    assert_false(crash_is_quarantined(watch, crash_topic("accounts"), 7));
    crash_watch_close(watch);
    watch = open_watch(path, 0); /* until its transaction is committed it may be read again */
    assert_true(crash_is_quarantined(watch, topic, 7));
    crash_watch_close(watch);
    unlink(path);
}

static const struct step *sane;
static int64_t poison; /* the input that no process survives; -1: none */
static int64_t judged;

static enum status poisoned(void *scratch, const struct step_call *call,
                            const struct record_type *type, const void *record,
                            enum step_result *result_out, enum dead_reason *reason_out,
                            struct error *error)
{
    if (judged++ == poison) {
        abort();
    }
    return sane->record(scratch, call, type, record, result_out, reason_out, error);
}

static enum status run_in(struct bench *bench, const char *state_dir, struct error *error)
{
    const struct engine_options options = {.config = bench->config,
                                           .cluster = bench->cluster,
                                           .codec = bench->codec,
                                           .catalogue = bench->catalogue,
                                           .topologies = bench->topologies,
                                           .topology_count = 1,
                                           .keys = bench->keys,
                                           .state_dir = state_dir,
                                           .causal = true,
                                           .drain = true,
                                           .stop = &bench->stop};
    return engine_run(&options, error);
}

static size_t dead_letters(const struct bench *bench)
{
    size_t count = 0;
    struct buffer text = {0};
    buffer_append(&text, buffer_bytes(&bench->output));
    buffer_append(&text, bytes_of("", 1));
    for (const char *at = (const char *)text.data;
         (at = strstr(at, "\"CRASH_QUARANTINE\"")) != NULL; at++) {
        count++;
    }
    buffer_release(&text);
    return count;
}

/* The log is in memory, so that every process begins with the same one; the file is on disk. */
static void a_record_that_no_process_survives_becomes_a_dead_letter(void **state)
{
    (void)state;
    char folder[] = "/tmp/sanctiond-crash-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, INPUT);
    sane = bench.topologies[0].step;
    struct step sick = *sane;
    sick.record = poisoned;
    bench.topologies[0].step = &sick;
    poison = 3;
    for (int i = 0; i < CRASHES_MAX; i++) {
        const pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            const struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            signal(SIGABRT, SIG_DFL);
            _exit(run_in(&bench, folder, &error) == STATUS_OK ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
    poison = -1; /* it must not come to the step at all */
    judged = 0;
    assert_int_equal(run_in(&bench, folder, &error), STATUS_OK);
    assert_int_equal(dead_letters(&bench), 1);
    const int64_t without = judged;

    buffer_clear(&bench.output);
    bench_close(&bench);
    bench_open(&bench, INPUT);
    sick.record = poisoned;
    bench.topologies[0].step = &sick;
    judged = 0;
    assert_int_equal(run_in(&bench, NULL, &error), STATUS_OK);
    assert_int_equal(dead_letters(&bench), 0);
    assert_true(without < judged);
    bench_close(&bench);
    char command[100];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_third_crash_at_one_offset_quarantines_it),
        cmocka_unit_test(a_record_that_no_process_survives_becomes_a_dead_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
