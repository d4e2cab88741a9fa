/* sanctiond: the worker. argv, signals, exit codes (contract.md 2).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctiond/run.h"

#include "stream/kafka.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: sanctiond run --config FILE [--set KEY=VALUE]...\n"
    "       sanctiond run --embedded DIR [--config FILE] [--set KEY=VALUE]...\n"
    "                     [--input FILE|-]... [--drain] [--output FILE|-] [--output-internal]\n"
    "       sanctiond --print-config | --version | --help\n"
    "\n"
    "  --config FILE       configuration; config/sanctiond.yaml documents every setting\n"
    "  --set KEY=VALUE     overrides one setting by its dotted path\n"
    "  --embedded DIR      runs on the in-process log in DIR (:memory: keeps nothing)\n"
    "  --input FILE        JSON lines, appended to the input topics before the run\n"
    "  --drain             stops when everything is processed\n"
    "  --output FILE       every record committed to an output topic, as JSON lines\n"
    "  --output-internal   ... and to the internal topics\n"
    "\n"
    "exit: 0 done, 1 refused or failed, 2 bad command line, configuration, policy or input\n";

static int print_config(void)
{
    struct config *config = config_new();
    struct buffer text = {0};
    config_print(config, true, &text);
    fwrite(text.data, 1, text.size, stdout);
    buffer_release(&text);
    config_free(config);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "run") == 0) {
        return run_main(argc, argv);
    }
    if (argc == 2 && strcmp(argv[1], "--print-config") == 0) {
        return print_config();
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("sanctiond %s, %s\n", SANCTIOND_VERSION, kafka_version());
        return EXIT_DONE;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    if (argc >= 2) {
        fprintf(stderr, "command line: unknown subcommand '%s'\n", argv[1]);
    }
    fputs(usage, stderr);
    return EXIT_BAD_INPUT;
}
