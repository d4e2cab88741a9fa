/* `sanctionctl topology show` and `topology check`.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "schema/json.h"
#include "topology/topology.h"

#include <stdio.h>
#include <stdlib.h>

static void write_topic(const struct topic *topic, struct buffer *out)
{
    json_write_string(bytes_text(topic->name), out);
}

/* Sources in their merge rank, the driver first. */
static void write_json(const struct topology *topology, struct buffer *out)
{
    buffer_append(out, bytes_text("{\"topology\":"));
    json_write_string(bytes_text(topology->name), out);
    buffer_append(out, bytes_text(",\"file\":"));
    json_write_string(bytes_text(topology->file), out);
    buffer_append(out, bytes_text(",\"sources\":["));
    for (uint32_t i = 0; i < topology->source_count; i++) {
        buffer_append(out, bytes_text(i > 0 ? "," : ""));
        write_topic(topology->sources[i].topic, out);
    }
    buffer_append(out, bytes_text("],\"changelog\":"));
    write_topic(topology->changelog, out);
    buffer_append(out, bytes_text(",\"sinks\":["));
    for (uint32_t i = 0; i < topology->sink_count; i++) {
        buffer_append(out, bytes_text(i > 0 ? "," : ""));
        write_topic(topology->sinks[i], out);
    }
    buffer_append(out, bytes_text("]}\n"));
}

static void print_good(const char *file, const struct topology *topology, bool json)
{
    struct buffer out = {0};
    if (json) {
        buffer_append(&out, bytes_text("{\"file\":"));
        json_write_string(bytes_text(file), &out);
        buffer_printf(&out, ",\"topology\":\"%s\"}\n", topology->name);
    } else {
        buffer_printf(&out, "%s: topology '%s' is well\n", file, topology->name);
    }
    fwrite(out.data, 1, out.size, stdout);
    buffer_release(&out);
}

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
            if (program->json) {
                write_json(&topology, &text);
            } else {
                topology_draw(&topology, &text);
            }
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
            print_good(call->words[i], &topology, program->json);
        }
    }
    *code_out = EXIT_DONE;
    return program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}
