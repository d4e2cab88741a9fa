/* sanctionctl: the operator's tool. Table of subcommands, argv, exit codes (contract.md 5).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "base/time.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 1024 };

static const struct {
    const char *group; /* first word */
    const char *verb;  /* second word; NULL: none */
    command_run *run;
    const char *arguments;
    const char *says;
} commands[] = {
    {"topics", "create", command_topics_create, "", "makes all topics with the right settings"},
    {"topics", "check", command_topics_check, "", "reports every difference of the topics"},
    {"topology", "show", command_topology_show, "", "draws the topologies"},
    {"topology", "check", command_topology_check, "FILE...", "checks topology files"},
    {"send", NULL, command_send, "[FILE]", "JSON lines (or standard input) to the input topics"},
    {"tail", NULL, command_tail, "TOPIC... [--from-beginning] [--max N]",
     "records of topics as JSON lines"},
    {"standing", NULL, command_standing, "KIND:ID", "what is in force for a subject, and why"},
    {"explain", NULL, command_explain, "DECISION [--lang ko|en]",
     "how a decision came about, for a reviewer"},
    {"audit", "verify", command_audit_verify, "", "checks the hash chains of the audit"},
    {"audit", "export", command_audit_export, "[--from T] [--to T] [--notices KIND]",
     "decisions as JSON lines without references, or notices with their disclosure"},
    {"audit", "report", command_audit_report, "[--from T] [--to T] [--late 1m] [--weekly]",
     "whose lifts, notices and answers were late; weekly: appeals per rule"},
    {"dlq", "list", command_dlq_list, "[ID...] [--reason REASON]...",
     "the records that were set aside, and why"},
    {"dlq", "redrive", command_dlq_redrive, "ID... | --reason REASON...",
     "puts such records back at the end of their topic"},
    {"fingerprint", NULL, command_fingerprint, "KEY_FILE [--lines]",
     "the sketch of a message on standard input, for the intake"},
    {"policy", "check", command_policy_check, "FILE...", "all problems of policy files"},
    {"policy", "show", command_policy_show, "FILE",
     "a policy as people read it: ladders, thresholds, category -> measures"},
    {"policy", "test", command_policy_test, "FILE...", "runs scenarios on the engine"},
    {"policy", "diff", command_policy_diff, "OLD NEW", "what a version of a policy file changes"},
    {"policy", "shadow", command_policy_shadow, "[--from T] [--to T]",
     "what a shadow version decided beside the one in force"},
    {"policy", "backtest", command_policy_backtest, "OLD NEW [--input FILE]...",
     "who would stand elsewhere had NEW been in force, from the input topics or JSON lines"},
    {"policy", "publish", command_policy_publish, "FILE", "a policy version to all workers"},
};

static void print_usage(FILE *file)
{
    fputs("usage: sanctionctl SUBCOMMAND [--config FILE] [--set KEY=VALUE]... [--embedded DIR] "
          "[--json]\n\n",
          file);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        fprintf(file, "  %s%s%s %-*s %s\n", commands[i].group, commands[i].verb == NULL ? "" : " ",
                commands[i].verb == NULL ? "" : commands[i].verb,
                38 - (int)strlen(commands[i].group) -
                    (commands[i].verb == NULL ? 0 : (int)strlen(commands[i].verb) + 1),
                commands[i].arguments, commands[i].says);
    }
    fputs("\nexit: 0 done, 1 refused or failed or differences found, 2 bad command line or input\n",
          file);
}

static atomic_bool stopped; /* a signal handler has no other way in */

static void on_signal(int number)
{
    static const char text[] = "stopped at once by a second signal\n";
    (void)number;
    if (atomic_exchange(&stopped, true)) {
        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
            /* nobody reads it: the exit code says enough */
        }
        _exit(EXIT_REFUSED);
    }
}

bool command_stopped(void)
{
    return atomic_load(&stopped);
}

const atomic_bool *command_stop(void)
{
    return &stopped;
}

const char *command_time(int64_t time_ms, char text[32])
{
    if (time_ms == TIME_NEVER_MS) {
        return "no end";
    }
    const time_t seconds = (time_t)(time_ms / SECOND_MS);
    struct tm calendar = {0};
    gmtime_r(&seconds, &calendar);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &calendar);
    return text;
}

enum status command_usage(struct command_call *call, const char *text)
{
    problems_add(&call->program->problems, "command line", 0, "%s", text);
    return STATUS_FATAL;
}

static int run_command(size_t index, const char **words, size_t word_count,
                       struct program *program)
{
    const size_t own = commands[index].verb == NULL ? 1 : 2;
    struct command_call call = {
        .program = program, .words = words + own, .word_count = word_count - own};
    int code = EXIT_DONE;
    enum status status = STATUS_FATAL;
    if (program_configure(program)) {
        status = commands[index].run(&call, &code);
    }
    const int ended = program_end(program, status);
    return ended != EXIT_DONE ? ended : code;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    struct program program = {0};
    const char *words[WORDS_MAX];
    size_t count = 0;
    program_options(&program, argc, argv, 1, words, WORDS_MAX, &count);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (count >= 1 && strcmp(words[0], commands[i].group) == 0 &&
            (commands[i].verb == NULL ||
             (count >= 2 && strcmp(words[1], commands[i].verb) == 0))) {
            return run_command(i, words, count, &program);
        }
    }
    if (count > 0) {
        problems_add(&program.problems, "command line", 0, "unknown subcommand '%s%s%s'", words[0],
                     count > 1 ? " " : "", count > 1 ? words[1] : "");
    }
    print_usage(stderr);
    const int code = program_end(&program, STATUS_OK);
    return code == EXIT_DONE ? EXIT_BAD_INPUT : code;
}
