/* Topology files: what is read, and every problem with its line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "topology/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct topology topology;

/* The problems of a file with this text; free. */
static char *problems_of(const char *text)
{
    char path[] = "/tmp/sanctiond-topology-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    FILE *file = fdopen(descriptor, "w");
    fputs(text, file);
    fclose(file);
    struct problems problems = {0};
    topology_read(path, &topology, &problems);
    unlink(path);
    buffer_append(&problems.text, bytes_of("", 1));
    return (char *)problems.text.data;
}

static void expect_problem(const char *text, const char *line, const char *reason)
{
    char *problems = problems_of(text);
    const char *found = strstr(problems, reason);
    if (found == NULL) {
        print_message("expected '%s' in:\n%s", reason, problems);
    }
    assert_non_null(found);
    assert_non_null(strstr(problems, line));
    free(problems);
}

static void the_shipped_topologies_are_well(void **state)
{
    (void)state;
    struct problems problems = {0};
    assert_true(topology_read(SOURCE_DIR "/topologies/sanctions.yaml", &topology, &problems));
    assert_int_equal(topology.source_count, 8);
    assert_string_equal(topology.sources[0].topic->name, "signals");
    assert_ptr_equal(topology.step, &step_sanctions);
    assert_true(topology_read(SOURCE_DIR "/topologies/notices.yaml", &topology, &problems));
    assert_ptr_equal(topology.step, &step_notices);
    assert_true(topology.sources[1].told_elsewhere);
    assert_int_equal(problems.count, 0);
}

#define HEAD "topology: t\nstep: notices\nstore: AddresseeState\nchangelog: notices-changelog\n"
#define SINKS "sinks: [notices]\n"
#define SOURCES "sources:\n  - {topic: notice-requests, records: [NoticeRequest]}\n"

static void unknown_things_are_named_with_their_line(void **state)
{
    (void)state;
    expect_problem(HEAD SINKS SOURCES "color: red\n", ":8:", "unknown key 'color'");
    expect_problem(HEAD SINKS "sources:\n  - {topic: nowhere, records: [Report]}\n", ":7:",
                   "unknown topic 'nowhere'");
    expect_problem(HEAD SINKS "sources:\n  - {topic: reports, records: [Verdict]}\n", ":7:",
                   "topic 'reports' carries no record 'Verdict'");
    expect_problem(HEAD SINKS "sources:\n  - {topic: accounts, records: [AccountChange], "
                              "dead_letters: nowhere}\n",
                   ":7:", "dead_letters must be here or elsewhere");
    expect_problem("topology: t\nstep: fly\nstore: X\nchangelog: notices-changelog\n" SINKS SOURCES,
                   ":2:", "unknown step 'fly'");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    expect_problem("topology: t\nstep: notices\nstore: SubjectState\n"
                   "changelog: notices-changelog\n" SINKS SOURCES,
                   ":3:", "store 'SubjectState' does not fit");
    expect_problem(HEAD SINKS "sources:\n  - {topic: restrictions, records: [Restriction]}\n",
                   ":7:", "topic 'restrictions' cannot be a source");
    expect_problem(HEAD SOURCES "sinks: [reports]\n", ":7:", "topic 'reports' cannot be a sink");
    expect_problem(HEAD SINKS SOURCES
                   "  - {topic: notice-requests, records: [NoticeRequest]}\n",
                   ":8:", "is listed twice");
    expect_problem("topology: t\nstep: notices\nstore: AddresseeState\nchangelog: notices\n" SINKS
                       SOURCES,
                   ":4:", "topic 'notices' is no changelog");
}

static void missing_keys_are_all_listed(void **state)
{
    (void)state;
    char *problems = problems_of("topology: t\n");
    assert_non_null(strstr(problems, "key 'step' is missing"));
    assert_non_null(strstr(problems, "key 'sources' is missing"));
    assert_non_null(strstr(problems, "key 'sinks' is missing"));
    free(problems);
    expect_problem("", "", "the file is empty");
    expect_problem("a: [", ":", "no valid YAML");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_topologies_are_well),
        cmocka_unit_test(unknown_things_are_named_with_their_line),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(missing_keys_are_all_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
