/* `sanctionctl policy test FILE...`: runs scenarios on the engine itself and says what differs.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "engine/log.h"
#include "notice/catalogue.h"
#include "scenario/scenario.h"
#include "schema/json.h"
#include "topology/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct test {
    struct program *program;
    struct scenario_set *set;
    struct scenario_environment environment;
    struct catalogue *catalogue;
    struct topology *topologies;
    atomic_bool stop;
    size_t passed;
    size_t failed;
};

static bool read_files(struct test *test, struct command_call *call)
{
    struct program *program = test->program;
    const bool good = program_read_settings(program, &test->catalogue, &test->topologies);
    for (size_t i = 0; i < call->word_count; i++) {
        scenario_read(test->set, call->words[i], &program->problems);
    }
    return good && program->problems.count == 0;
}

/* The failures of a scenario as a JSON array of lines. */
static void print_json(const struct test *test, size_t index, const struct problems *failures)
{
    struct buffer out = {0};
    size_t line = 0;
    buffer_append(&out, bytes_text("{\"file\":"));
    json_write_string(bytes_text(scenario_file(test->set, index, &line)), &out);
    buffer_printf(&out, ",\"line\":%zu,\"scenario\":", line);
    json_write_string(bytes_text(scenario_title(test->set, index)), &out);
    buffer_printf(&out, ",\"passed\":%s,\"failures\":", failures->count == 0 ? "true" : "false");
    json_write_string(buffer_bytes(&failures->text), &out);
    printf("%.*s}\n", BYTES_PRINT(buffer_bytes(&out)));
    buffer_release(&out);
}

static void print_text(const struct test *test, size_t index, const struct problems *failures)
{
    size_t line = 0;
    const char *file = scenario_file(test->set, index, &line);
    printf("%s %s:%zu: %s\n", failures->count == 0 ? "passed" : "FAILED", file, line,
           scenario_title(test->set, index));
    printf("%.*s", BYTES_PRINT(buffer_bytes(&failures->text)));
}

static void progress(const struct test *test, size_t index)
{
    if (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)) {
        fprintf(stderr, "\rscenario %zu of %zu", index + 1, scenario_count(test->set));
    }
}

static void run_all(struct test *test)
{
    for (size_t i = 0; i < scenario_count(test->set) && !command_stopped(); i++) {
        struct problems failures = {0};
        progress(test, i);
        scenario_run(test->set, i, &test->environment, &failures);
        test->passed += failures.count == 0;
        test->failed += failures.count > 0;
        if (test->program->json) {
            print_json(test, i, &failures);
        } else {
            print_text(test, i, &failures);
        }
        fflush(stdout);
        problems_release(&failures);
    }
    if (test->program->json) {
        printf("{\"passed\":%zu,\"failed\":%zu}\n", test->passed, test->failed);
    } else {
        printf("%zu passed, %zu failed\n", test->passed, test->failed);
    }
}

enum status command_policy_test(struct command_call *call, int *code_out)
{
    if (call->word_count == 0) {
        return command_usage(call, "policy test needs scenario files");
    }
    log_from(LOG_ALARM);
    struct program *program = call->program;
    struct test test = {.program = program, .set = scenario_set_new(program->codec)};
    const bool good = read_files(&test, call);
    if (good) {
        test.environment =
            (struct scenario_environment){.config = program->config,
                                          .codec = program->codec,
                                          .catalogue = test.catalogue,
                                          .topologies = test.topologies,
                                          .topology_count = program->config->topologies.count,
                                          .stop = &test.stop};
        run_all(&test);
    }
    *code_out = test.failed > 0 || command_stopped() ? EXIT_REFUSED : EXIT_DONE;
    scenario_set_free(test.set);
    catalogue_free(test.catalogue);
    free(test.topologies);
    return good ? STATUS_OK : STATUS_FATAL;
}
