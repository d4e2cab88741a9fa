/* `sanctionctl topology show` and `topology check`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "topology/topology.h"

#include <stdio.h>
#include <stdlib.h>

enum status command_topology_show(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    const struct config *config = program->config;
    struct buffer text = {0};
    for (size_t i = 0; i < config->topologies.count; i++) {
        char *path = config_path(config, config->topologies.items[i]);
        struct topology topology;
        if (topology_read(path, &topology, &program->problems)) {
            topology.file = config->topologies.items[i];
            topology_draw(&topology, &text);
        }
        free(path);
    }
    fwrite(buffer_bytes(&text).data, 1, text.size, stdout);
    buffer_release(&text);
    *code_out = EXIT_DONE;
    return program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}

enum status command_topology_check(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count == 0) {
        return command_usage(call, "topology check needs a file");
    }
    for (size_t i = 0; i < call->word_count; i++) {
        struct topology topology;
        if (topology_read(call->words[i], &topology, &program->problems)) {
            printf("%s: topology '%s' is well\n", call->words[i], topology.name);
        }
    }
    *code_out = EXIT_DONE;
    return program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}
