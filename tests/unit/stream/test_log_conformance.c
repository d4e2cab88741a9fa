/* The in-process log does what every cluster must do, in memory and in a directory.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "conformance/conformance.h"
#include "stream/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "directory.h"

static struct cluster *log_of_directory(void *context)
{
    struct cluster *cluster = NULL;
    struct error error = {0};
    if (log_open(&(struct log_options){.directory = context}, &cluster, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return cluster;
}

static void a_log_in_memory_conforms(void **state)
{
    (void)state;
    conformance_run(&(struct conformance_target){
        .open = log_of_directory, .prefix = "memory", .patience_ms = 1000, .quiet_ms = 1});
}

static void a_log_in_a_directory_conforms(void **state)
{
    (void)state;
    char *path = directory_new();
    conformance_run(&(struct conformance_target){.open = log_of_directory,
                                                 .context = path,
                                                 .prefix = "directory",
                                                 .patience_ms = 1000,
                                                 .quiet_ms = 1});
    directory_remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_in_memory_conforms),
        cmocka_unit_test(a_log_in_a_directory_conforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
