/* Whose directory it is: the marker, the lock, what an interrupted start leaves behind.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "directory.h"
#include "log_bench.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define FIRST_SEGMENT "log/00000000000000000001.log"

static struct cluster *log_in(const char *directory)
{
    return bench_log(&(struct log_options){.directory = directory});
}

static enum status log_try(const char *directory, struct error *error)
{
    struct cluster *cluster = NULL;
    *error = (struct error){0};
    const enum status status =
        log_open(&(struct log_options){.directory = directory}, &cluster, error);
    if (status == STATUS_OK) {
        cluster->ops->close(cluster);
    }
    return status;
}

/* A log that holds something. */
static char *log_new(void)
{
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    bench_topic(cluster, "out", 1);
    cluster->ops->close(cluster);
    return path;
}

static void a_directory_of_somebody_else_is_left_alone(void **state)
{
    (void)state;
    char *path = directory_new();
    struct error error = {0};
    file_write(path, "letter.txt", "dear", 4);
    REFUSED(log_try(path, &error), error, "found 'letter.txt'");
    assert_false(file_there(path, "lock") || file_there(path, "format"));
    REFUSED(log_try("/dev/null", &error), error, "cannot open directory '/dev/null'");
    REFUSED(log_try("/dev/null/log", &error), error, "cannot make directory '/dev/null/log'");
    REFUSED(log_try("", &error), error, "cannot make directory ''");
    directory_remove(path);
}

static void a_marker_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char *path = log_new();
    struct error error = {0};
    struct buffer marker = file_read(path, "format");
    static const char newer[] = "sanctiond log, format 2, cluster 0\n";
    file_write(path, "format", newer, strlen(newer));
    REFUSED(log_try(path, &error), error, "has format 2, this program knows 1");
    file_write(path, "format", "", 0);
    REFUSED(log_try(path, &error), error, "does not read as the marker");
    file_write(path, "format", "rubbish", 7);
    REFUSED(log_try(path, &error), error, "does not read as the marker");
    file_write(path, "format", marker.data, marker.size);
    assert_int_equal(log_try(path, &error), STATUS_OK);
    /* Without its marker a log that holds something is not ours to overwrite. */
    char *name = path_in(path, "format");
    assert_int_equal(unlink(name), 0);
    REFUSED(log_try(path, &error), error, "holds no log");
    free(name);
    buffer_release(&marker);
    directory_remove(path);
}

static void a_start_that_was_killed_is_begun_again(void **state)
{
    (void)state;
    char *path = directory_new();
    char *name = path_in(path, "log");
    static const uint8_t header[32] = {0};
    struct error error = {0};
    file_write(path, "lock", "1\n", 2);
    assert_int_equal(log_try(path, &error), STATUS_OK);
    directory_empty(path);
    file_write(path, "format.new", "sanct", 5);
    assert_int_equal(mkdir(name, 0755), 0);
    file_write(path, FIRST_SEGMENT, header, sizeof(header));
    assert_int_equal(log_try(path, &error), STATUS_OK);
    assert_int_equal(log_try(path, &error), STATUS_OK);
    free(name);
    directory_remove(path);
}

static void folders_on_the_way_are_made(void **state)
{
    (void)state;
    char *path = directory_new();
    char *deep = path_in(path, "one/two");
    struct error error = {0};
    assert_int_equal(log_try(deep, &error), STATUS_OK);
    assert_true(file_there(deep, "format"));
    free(deep);
    directory_remove(path);
}

static void a_second_process_is_refused(void **state)
{
    (void)state;
    char *path = directory_new();
    struct cluster *cluster = log_in(path);
    struct error error = {0};
    char expected[64];
    snprintf(expected, sizeof(expected), "in use by another process (pid %ld)", (long)getpid());
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        const bool refused =
            log_try(path, &error) == STATUS_FATAL && strstr(error.text, expected) != NULL;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    REFUSED(log_try(path, &error), error, expected); /* not twice in one process either */
    bench_topic(cluster, "out", 1);
    cluster->ops->close(cluster);
    assert_int_equal(log_try(path, &error), STATUS_OK);
    directory_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_of_somebody_else_is_left_alone),
        cmocka_unit_test(a_marker_that_does_not_fit_is_refused),
        cmocka_unit_test(a_start_that_was_killed_is_begun_again),
        cmocka_unit_test(folders_on_the_way_are_made),
        cmocka_unit_test(a_second_process_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
