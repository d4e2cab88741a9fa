/* `sanctionctl send`: JSON lines to the input topics.
 *
 * All lines are checked before the first is written; then they go in transactions of SEND_MAX records.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { SEND_MAX = 5000 };

static enum status send_all(struct program *program, const struct lines *lines)
{
    struct cluster *cluster = program->cluster;
    /* The embedded log takes all at once: one append is one barrier. */
    const size_t step = program->embedded != NULL ? lines->count : SEND_MAX;
    for (size_t sent = 0; sent < lines->count;) {
        const size_t left = lines->count - sent;
        const size_t count = left < step ? left : step;
        TRY(cluster->ops->append(cluster, lines->outputs + sent, count, &program->error));
        sent += count;
        if (isatty(STDERR_FILENO) && lines->count > SEND_MAX) {
            fprintf(stderr, "\r%zu of %zu records sent", sent, lines->count);
        }
    }
    if (isatty(STDERR_FILENO) && lines->count > SEND_MAX) {
        fputc('\n', stderr);
    }
    printf(program->json ? "{\"sent\":%zu}\n" : "%zu records sent\n", lines->count);
    return STATUS_OK;
}

enum status command_send(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count > 1) {
        return command_usage(call, "send takes one file");
    }
    const bool standard = call->word_count == 0 || strcmp(call->words[0], "-") == 0;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    int32_t partitions = 0;
    TRY(program_partitions(program, &partitions, &program->error));
    FILE *file = standard ? stdin : fopen(call->words[0], "rb");
    if (file == NULL) {
        problems_add(&program->problems, call->words[0], 0, "cannot be opened: %s",
                     strerror(errno));
        return STATUS_FATAL;
    }
    struct lines lines = {.config = program->config,
                          .codec = program->codec,
                          .partitions = partitions,
                          .barriers = program->embedded != NULL};
    const bool good = lines_read(&lines, file, standard ? "-" : call->words[0], &program->problems);
    if (!standard) {
        fclose(file);
    }
    const enum status status = good ? send_all(program, &lines) : STATUS_FATAL;
    lines_release(&lines);
    *code_out = EXIT_DONE;
    return status;
}
