/* Reading a topology file with libyaml's document API, so that every problem has its line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "topology/topology.h"

#include "base/assert.h"

#include <stdio.h>
#include <yaml.h>

struct parse {
    const char *file;
    yaml_document_t document;
    struct topology *topology;
    struct problems *problems;
};

static size_t line_of(const yaml_node_t *node)
{
    return node->start_mark.line + 1;
}

static struct bytes scalar(const yaml_node_t *node)
{
    return bytes_of(node->data.scalar.value, node->data.scalar.length);
}

/* The node if it is of this type, else a problem and NULL. */
static const yaml_node_t *expect(struct parse *parse, const yaml_node_t *node,
                                 yaml_node_type_t type, const char *what)
{
    if (node->type == type) {
        return node;
    }
    problems_add(parse->problems, parse->file, line_of(node), "%s must be a %s", what,
                 type == YAML_SCALAR_NODE     ? "name"
                 : type == YAML_SEQUENCE_NODE ? "list"
                                              : "map");
    return NULL;
}

/* A text of 1 to `size` - 1 bytes, with terminator in `out`. */
static void read_text(struct parse *parse, const yaml_node_t *node, const char *what, char *out,
                      size_t size)
{
    if (expect(parse, node, YAML_SCALAR_NODE, what) == NULL) {
        return;
    }
    if (scalar(node).size == 0 || scalar(node).size >= size) {
        problems_add(parse->problems, parse->file, line_of(node),
                     "%s: a name of 1 to %zu bytes is needed", what, size - 1);
        return;
    }
    memcpy(out, scalar(node).data, scalar(node).size);
}

static bool read_elsewhere(struct parse *parse, const yaml_node_t *node)
{
    if (expect(parse, node, YAML_SCALAR_NODE, "dead_letters") == NULL) {
        return false;
    }
    if (!bytes_is(scalar(node), "here") && !bytes_is(scalar(node), "elsewhere")) {
        problems_add(parse->problems, parse->file, line_of(node),
                     "dead_letters must be here or elsewhere");
    }
    return bytes_is(scalar(node), "elsewhere");
}

static const struct topic *read_topic(struct parse *parse, const yaml_node_t *node)
{
    if (expect(parse, node, YAML_SCALAR_NODE, "a topic") == NULL) {
        return NULL;
    }
    const struct topic *topic = topic_find(scalar(node));
    if (topic == NULL) {
        problems_add(parse->problems, parse->file, line_of(node), "unknown topic '%.*s'",
                     BYTES_PRINT(scalar(node)));
    }
    return topic;
}

static void read_record(struct parse *parse, const yaml_node_t *node,
                        struct topology_source *source)
{
    if (expect(parse, node, YAML_SCALAR_NODE, "a record") == NULL || source->topic == NULL) {
        return;
    }
    for (size_t i = 0; source->topic->records[i] != NULL; i++) {
        if (bytes_is(scalar(node), source->topic->records[i]->name)) {
            source->records[source->record_count++] = source->topic->records[i];
            return;
        }
    }
    problems_add(parse->problems, parse->file, line_of(node),
                 "topic '%s' carries no record '%.*s'", source->topic->name,
                 BYTES_PRINT(scalar(node)));
}

static void read_records(struct parse *parse, const yaml_node_t *node,
                         struct topology_source *source)
{
    if (expect(parse, node, YAML_SEQUENCE_NODE, "records") == NULL) {
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        if (source->record_count == TOPIC_RECORDS_MAX) {
            problems_add(parse->problems, parse->file, line_of(node), "too many records");
            return;
        }
        read_record(parse, yaml_document_get_node(&parse->document, *item), source);
    }
}

static void check_source(struct parse *parse, const struct topology_source *source)
{
    const struct topology *topology = parse->topology;
    if (source->topic == NULL) {
        problems_add(parse->problems, parse->file, source->line, "source without a known topic");
        return;
    }
    if (source->record_count == 0) {
        problems_add(parse->problems, parse->file, source->line,
                     "source '%s' reads no record it carries", source->topic->name);
    }
    if (source->topic->role == TOPIC_OUTPUT || source->topic->role == TOPIC_CHANGELOG ||
        source->topic->one_partition) {
        problems_add(parse->problems, parse->file, source->line, "topic '%s' cannot be a source",
                     source->topic->name);
    }
    for (uint32_t i = 0; i < topology->source_count; i++) {
        if (topology->sources[i].topic == source->topic) {
            problems_add(parse->problems, parse->file, source->line,
                         "source '%s' is listed twice", source->topic->name);
        }
    }
}

static void read_source(struct parse *parse, const yaml_node_t *node)
{
    if (expect(parse, node, YAML_MAPPING_NODE, "a source") == NULL) {
        return;
    }
    struct topology_source source = {.line = line_of(node)};
    const yaml_node_t *records = NULL;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&parse->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&parse->document, pair->value);
        if (expect(parse, key, YAML_SCALAR_NODE, "a key") == NULL) {
            continue;
        }
        if (bytes_is(scalar(key), "topic")) {
            source.topic = read_topic(parse, value);
        } else if (bytes_is(scalar(key), "records")) {
            records = value;
        } else if (bytes_is(scalar(key), "dead_letters")) {
            source.told_elsewhere = read_elsewhere(parse, value);
        } else if (bytes_is(scalar(key), "name")) {
            read_text(parse, value, "name", source.name, sizeof(source.name));
        } else {
            problems_add(parse->problems, parse->file, line_of(key),
                         "unknown key '%.*s' of a source", BYTES_PRINT(scalar(key)));
        }
    }
    if (records != NULL) {
        read_records(parse, records, &source);
    }
    check_source(parse, &source);
    struct topology *topology = parse->topology;
    if (topology->source_count == TOPOLOGY_SOURCES_MAX) {
        problems_add(parse->problems, parse->file, source.line, "more than %d sources",
                     TOPOLOGY_SOURCES_MAX);
        return;
    }
    topology->sources[topology->source_count++] = source;
}

static void read_sink(struct parse *parse, const yaml_node_t *node)
{
    const struct topic *topic = read_topic(parse, node);
    if (topic == NULL) {
        return;
    }
    if (topic->role == TOPIC_INPUT || topic->role == TOPIC_CHANGELOG) {
        problems_add(parse->problems, parse->file, line_of(node), "topic '%s' cannot be a sink",
                     topic->name);
    } else if (parse->topology->sink_count == TOPOLOGY_SINKS_MAX) {
        problems_add(parse->problems, parse->file, line_of(node), "more than %d sinks",
                     TOPOLOGY_SINKS_MAX);
    } else {
        parse->topology->sinks[parse->topology->sink_count++] = topic;
    }
}

static void read_list(struct parse *parse, const yaml_node_t *node, const char *what,
                      void (*read)(struct parse *parse, const yaml_node_t *node))
{
    if (expect(parse, node, YAML_SEQUENCE_NODE, what) == NULL) {
        return;
    }
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        read(parse, yaml_document_get_node(&parse->document, *item));
    }
}

static void read_name(struct parse *parse, const yaml_node_t *node)
{
    read_text(parse, node, "topology", parse->topology->name, sizeof(parse->topology->name));
}

static void read_group(struct parse *parse, const yaml_node_t *node)
{
    read_text(parse, node, "group", parse->topology->group, sizeof(parse->topology->group));
}

static void read_step(struct parse *parse, const yaml_node_t *node)
{
    if (expect(parse, node, YAML_SCALAR_NODE, "step") == NULL) {
        return;
    }
    parse->topology->step = step_find(scalar(node));
    if (parse->topology->step == NULL) {
        problems_add(parse->problems, parse->file, line_of(node), "unknown step '%.*s'",
                     BYTES_PRINT(scalar(node)));
    }
}

static void read_changelog(struct parse *parse, const yaml_node_t *node)
{
    const struct topic *topic = read_topic(parse, node);
    if (topic != NULL && topic->role != TOPIC_CHANGELOG) {
        problems_add(parse->problems, parse->file, line_of(node), "topic '%s' is no changelog",
                     topic->name);
    }
    parse->topology->changelog = topic;
}

static void read_sources(struct parse *parse, const yaml_node_t *node)
{
    read_list(parse, node, "sources", read_source);
}

static void read_sinks(struct parse *parse, const yaml_node_t *node)
{
    read_list(parse, node, "sinks", read_sink);
}

/* The store is checked against the step's state once both are known. */
static void read_store(struct parse *parse, const yaml_node_t *node)
{
    expect(parse, node, YAML_SCALAR_NODE, "store");
}

static const struct {
    const char *key;
    bool needed;
    void (*read)(struct parse *parse, const yaml_node_t *node);
} keys[] = {
    {"topology", true, read_name},       {"group", false, read_group},
    {"step", true, read_step},           {"store", true, read_store},
    {"sources", true, read_sources},     {"changelog", true, read_changelog},
    {"sinks", true, read_sinks},
};

static void check_store(struct parse *parse, const yaml_node_t *node)
{
    const struct step *step = parse->topology->step;
    if (step != NULL && node->type == YAML_SCALAR_NODE &&
        !bytes_is(scalar(node), step->state->name)) {
        problems_add(parse->problems, parse->file, line_of(node),
                     "store '%.*s' does not fit: step '%s' keeps '%s'", BYTES_PRINT(scalar(node)),
                     step->name, step->state->name);
    }
}

static void read_root(struct parse *parse, const yaml_node_t *root)
{
    const yaml_node_t *seen[COUNT_OF(keys)] = {NULL};
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(&parse->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(&parse->document, pair->value);
        if (expect(parse, key, YAML_SCALAR_NODE, "a key") == NULL) {
            continue;
        }
        size_t i = 0;
        while (i < COUNT_OF(keys) && !bytes_is(scalar(key), keys[i].key)) {
            i++;
        }
        if (i == COUNT_OF(keys)) {
            problems_add(parse->problems, parse->file, line_of(key), "unknown key '%.*s'",
                         BYTES_PRINT(scalar(key)));
        } else if (seen[i] != NULL) {
            problems_add(parse->problems, parse->file, line_of(key), "key '%s' stands twice",
                         keys[i].key);
        } else {
            seen[i] = value;
            keys[i].read(parse, value);
        }
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (seen[i] == NULL && keys[i].needed) {
            problems_add(parse->problems, parse->file, 0, "key '%s' is missing", keys[i].key);
        } else if (seen[i] != NULL && keys[i].read == read_store) {
            check_store(parse, seen[i]);
        }
    }
}

static void read_document(struct parse *parse, FILE *file)
{
    yaml_parser_t parser;
    ASSERT(yaml_parser_initialize(&parser) == 1);
    yaml_parser_set_input_file(&parser, file);
    if (yaml_parser_load(&parser, &parse->document) != 1) {
        problems_add(parse->problems, parse->file, parser.problem_mark.line + 1, "no valid YAML: %s",
                     parser.problem == NULL ? "unreadable" : parser.problem);
    } else {
        const yaml_node_t *root = yaml_document_get_root_node(&parse->document);
        if (root == NULL) {
            problems_add(parse->problems, parse->file, 0, "the file is empty");
        } else if (expect(parse, root, YAML_MAPPING_NODE, "a topology file") != NULL) {
            read_root(parse, root);
        }
        yaml_document_delete(&parse->document);
    }
    yaml_parser_delete(&parser);
}

bool topology_read(const char *path, struct topology *topology_out, struct problems *problems)
{
    const size_t before = problems->count;
    *topology_out = (struct topology){.file = path};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        problems_add(problems, path, 0, "cannot be opened");
        return false;
    }
    struct parse parse = {.file = path, .topology = topology_out, .problems = problems};
    read_document(&parse, file);
    fclose(file);
    return problems->count == before;
}

void topology_draw(const struct topology *topology, struct buffer *out)
{
    buffer_printf(out, "topology %s (%s)\n", topology->name, topology->file);
    for (uint32_t i = 0; i < topology->source_count; i++) {
        const struct topology_source *source = &topology->sources[i];
        buffer_printf(out, "  %-20s --", source->topic->name);
        for (uint32_t j = 0; j < source->record_count; j++) {
            buffer_printf(out, "%s%s", j == 0 ? " " : ", ", source->records[j]->name);
        }
        buffer_printf(out, "%s\n", i == 0 ? "  (driver)" : "");
    }
    buffer_printf(out, "        |\n        v\n");
    buffer_printf(out, "  [ step %s ] <--> store of %s, changelog %s\n", topology->step->name,
                  topology->step->state->name, topology->changelog->name);
    buffer_printf(out, "        |\n        v\n");
    for (uint32_t i = 0; i < topology->sink_count; i++) {
        const struct topic *topic = topology->sinks[i];
        buffer_printf(out, "  --> %-20s %s\n", topic->name,
                      topic->role == TOPIC_INTERNAL ? "(internal)" : "");
    }
}
