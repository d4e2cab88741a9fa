/* A configuration: made of defaults, a file over them, assignments over that.
 *
 * A file is applied to a copy, which replaces the configuration only if the whole file is good.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/table.h"
#include "config/settings.h"
#include "config/value.h"

#include <stdlib.h>
#include <unistd.h>

#define NAME_SIZE_MAX 256
#define GUESSES_MAX 100

/* What has been set by the file that is being read. */
struct reading {
    struct config *config;
    const char *file;
    struct problems *problems;
    struct table names; /* dotted name -> node that set it */
    struct arena arena; /* the names */
};

static struct config *config_copy(const struct config *config);
static void field_copy(const struct setting *setting, struct config *to, const struct config *from);
static void read_map(struct reading *reading, const struct node *map, const char *prefix);
static void read_value(struct reading *reading, const struct node *node, const char *name);
static bool is_known_once(struct reading *reading, const struct node *node, const char *name);
static bool is_group(const char *name);
static bool text_of(const struct node *node, struct buffer *out);
static void apply(struct config *config, const char *name, const char *text,
                  const struct setting_place *place);
static char *paths_of_command_line(const struct setting *setting, const char *text);
static void unknown_add(const char *name, const struct setting_place *place);
static bool is_kafka(const char *name);

struct config *config_new(void)
{
    struct config *config = memory_get(sizeof(*config));
    *config = (struct config){0};
    struct problems problems = {0};
    const struct setting_place place = {.file = "defaults", .problems = &problems};
    for (size_t i = 0; i < setting_count; i++) {
        setting_apply(&settings[i], config, settings[i].initial, &place);
    }
    ASSERT(problems.count == 0);
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < setting_count; i++) {
        void *field = (char *)config + settings[i].offset;
        if (settings[i].type == SETTING_TEXT || settings[i].type == SETTING_ID) {
            free(*(char **)field);
        } else if (settings[i].type == SETTING_FILES) {
            config_list_clear(field);
        }
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        free(config->kafka[i].name);
        free(config->kafka[i].value);
        free(config->kafka[i].file);
    }
    free(config->kafka);
    free(config);
}

void config_read_file(struct config *config, const char *path, struct problems *problems)
{
    const size_t before = problems->count;
    struct buffer text = {0};
    struct tree tree = {0};
    struct config *copy = config_copy(config);
    struct reading reading = {.config = copy, .file = path, .problems = problems};
    if (file_read(path, TREE_BYTES_MAX, &text, problems)) {
        tree_parse(path, buffer_bytes(&text), &tree, problems);
    }
    if (tree.root != NULL && tree.root->kind == NODE_MAP) {
        read_map(&reading, tree.root, "");
    }
    if (problems->count == before) {
        const struct config old = *config;
        *config = *copy;
        *copy = old;
    }
    config_free(copy);
    table_release(&reading.names);
    arena_release(&reading.arena);
    tree_release(&tree);
    buffer_release(&text);
}

void config_set(struct config *config, const char *assignment, struct problems *problems)
{
    const struct setting_place place = {.file = "--set", .problems = problems};
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || equals - assignment >= NAME_SIZE_MAX) {
        problems_add(problems, "--set", 0, "'%.100s' is no KEY=VALUE", assignment);
        return;
    }
    char name[NAME_SIZE_MAX];
    memcpy(name, assignment, (size_t)(equals - assignment));
    name[equals - assignment] = '\0';
    const struct setting *setting = setting_find(name);
    if (setting == NULL) {
        apply(config, name, equals + 1, &place);
        return;
    }
    char *text = paths_of_command_line(setting, equals + 1);
    setting_apply(setting, config, text, &place);
    free(text);
}

void config_check(const struct config *config, struct problems *problems)
{
    const char *name = "configuration";
    if (config->commit_bytes_max > config->memory_bytes) {
        problems_add(problems, name, 0, "'commit.bytes_max' must not be above 'memory.max'");
    }
    if (config->record_bytes_max > config->commit_bytes_max) {
        problems_add(problems, name, 0, "'records.bytes_max' must not be above 'commit.bytes_max'");
    }
    if (config->standby_replicas > 0 && config->threads > 1) {
        problems_add(problems, name, 0,
                     "'standby.replicas' needs 'threads' to be 1: two threads of a worker cannot "
                     "share the state of a partition");
    }
    if (config->checkpoint_interval_ms < config->commit_interval_ms) {
        problems_add(problems, name, 0,
                     "'checkpoint.interval' must not be shorter than 'commit.interval'");
    }
    for (size_t i = 0; i < config->topologies.count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->topologies.items[i], config->topologies.items[j]) == 0) {
                problems_add(problems, name, 0, "'topologies' names '%.200s' twice",
                             config->topologies.items[i]);
            }
        }
    }
}

const char *config_kafka(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->kafka_count; i++) {
        if (strcmp(config->kafka[i].name, name) == 0) {
            return config->kafka[i].value;
        }
    }
    return NULL;
}

char *config_path(const struct config *config, const char *path)
{
    if (path[0] == '/') {
        return memory_text(path);
    }
    struct buffer joined = {0};
    buffer_printf(&joined, "%s/%s", config->share_dir, path);
    buffer_append(&joined, bytes_of("", 1));
    return (char *)joined.data;
}

static struct config *config_copy(const struct config *config)
{
    struct config *copy = config_new();
    for (size_t i = 0; i < setting_count; i++) {
        field_copy(&settings[i], copy, config);
    }
    copy->kafka_count = config->kafka_count;
    copy->kafka = memory_get(config->kafka_count * sizeof(*copy->kafka));
    for (size_t i = 0; i < config->kafka_count; i++) {
        copy->kafka[i] = (struct config_property){.name = memory_text(config->kafka[i].name),
                                                  .value = memory_text(config->kafka[i].value),
                                                  .file = memory_text(config->kafka[i].file),
                                                  .line = config->kafka[i].line};
    }
    return copy;
}

static void field_copy(const struct setting *setting, struct config *to, const struct config *from)
{
    void *target = (char *)to + setting->offset;
    const void *source = (const char *)from + setting->offset;
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_ID:
        free(*(char **)target);
        *(char **)target = memory_text(*(char *const *)source);
        break;
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        *(int64_t *)target = *(const int64_t *)source;
        break;
    case SETTING_FLAG:
        *(bool *)target = *(const bool *)source;
        break;
    case SETTING_FILES: {
        const struct config_list *list = source;
        config_list_clear(target);
        for (size_t i = 0; i < list->count; i++) {
            config_list_add(target, list->items[i]);
        }
        break;
    }
    case SETTING_STAMPS:
        to->input_timestamps = from->input_timestamps;
        break;
    case SETTING_SEED:
        to->audit_seed_set = from->audit_seed_set;
        memcpy(to->audit_seed, from->audit_seed, sizeof(to->audit_seed));
        break;
    }
}

/* Nested maps and dotted keys mean the same: the names are joined with dots. */
static void read_map(struct reading *reading, const struct node *map, const char *prefix)
{
    for (const struct node *node = map->first; node != NULL; node = node->next) {
        char name[NAME_SIZE_MAX];
        const size_t used = strlen(prefix) + strlen(node->key) + 2;
        if (used > sizeof(name)) {
            problems_add(reading->problems, reading->file, node->line, "a name is too long");
            continue;
        }
        char *end = name;
        if (prefix[0] != '\0') {
            memcpy(end, prefix, strlen(prefix));
            end += strlen(prefix);
            *end++ = '.';
        }
        memcpy(end, node->key, strlen(node->key) + 1);
        const bool empty_group = node->kind == NODE_TEXT && node->empty && is_group(name);
        if (empty_group) {
            continue; /* "kafka:" with everything below it commented out */
        }
        if (node->kind == NODE_MAP && setting_find(name) == NULL &&
            (is_kafka(name) || is_group(name))) {
            read_map(reading, node, name);
        } else {
            read_value(reading, node, name);
        }
    }
}

static void read_value(struct reading *reading, const struct node *node, const char *name)
{
    const struct setting_place place = {
        .file = reading->file, .line = node->line, .problems = reading->problems};
    if (!is_known_once(reading, node, name)) {
        return;
    }
    const struct setting *setting = setting_find(name);
    const bool list_fits = is_kafka(name) || (setting != NULL && setting->type == SETTING_FILES);
    if (node->kind == NODE_MAP || (node->kind == NODE_LIST && !list_fits)) {
        problems_add(reading->problems, reading->file, node->line, "'%s' wants one value, found %s",
                     name, node_kind_name(node));
        return;
    }
    struct buffer text = {0};
    if (text_of(node, &text)) {
        apply(reading->config, name, (const char *)text.data, &place);
    } else {
        problems_add(reading->problems, reading->file, node->line,
                     "'%s' has no value, write \"\" for an empty one", name);
    }
    buffer_release(&text);
}

/* Unknown names and a name set a second time, nested and dotted, are problems. */
static bool is_known_once(struct reading *reading, const struct node *node, const char *name)
{
    const struct setting_place place = {
        .file = reading->file, .line = node->line, .problems = reading->problems};
    if (setting_find(name) == NULL && !is_kafka(name)) {
        unknown_add(name, &place);
        return false;
    }
    const struct node *before = table_find(&reading->names, bytes_text(name));
    if (before != NULL) {
        problems_add(reading->problems, reading->file, node->line,
                     "'%s' is set a second time, the first is in line %zu", name, before->line);
        return false;
    }
    struct node *mark = arena_get(&reading->arena, sizeof(*mark));
    *mark = *node;
    table_add(&reading->names, arena_copy(&reading->arena, bytes_text(name)), mark);
    return true;
}

/* Whether settings have names that begin with `name` and a dot. */
static bool is_group(const char *name)
{
    const size_t size = strlen(name);
    for (size_t i = 0; i < setting_count; i++) {
        if (strncmp(settings[i].name, name, size) == 0 && settings[i].name[size] == '.') {
            return true;
        }
    }
    return strcmp(name, "kafka") == 0;
}

/* A text, or the texts of a list with commas between; false if one is missing or no text. */
static bool text_of(const struct node *node, struct buffer *out)
{
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    while (item != NULL) {
        if (item->kind != NODE_TEXT || item->empty) {
            return false;
        }
        buffer_printf(out, "%s%s", out->size > 0 ? "," : "", item->text);
        item = node->kind == NODE_LIST ? item->next : NULL;
    }
    buffer_append(out, bytes_of("", 1));
    return true;
}

static void apply(struct config *config, const char *name, const char *text,
                  const struct setting_place *place)
{
    const struct setting *setting = setting_find(name);
    if (setting != NULL) {
        setting_apply(setting, config, text, place);
    } else if (is_kafka(name)) {
        kafka_apply(config, name + strlen("kafka."), text, place);
    } else {
        unknown_add(name, place);
    }
}

/* On the command line a relative path of an existing file means the working directory, as it does
 * for every other program; it is made absolute here. Any other stays relative to share.dir. */
static char *paths_of_command_line(const struct setting *setting, const char *text)
{
    struct buffer out = {0};
    char *directory =
        setting->type == SETTING_FILES || setting->offset == offsetof(struct config, notices_dir)
            ? getcwd(NULL, 0)
            : NULL;
    const char *item = directory != NULL ? text : NULL;
    while (item != NULL) {
        const size_t size = strcspn(item, ",");
        struct buffer path = {0};
        buffer_printf(&path, "%.*s", (int)size, item);
        buffer_append(&path, bytes_of("", 1));
        if (size > 0 && item[0] != '/' && access((const char *)path.data, F_OK) == 0) {
            buffer_printf(&out, "%s/", directory);
        }
        buffer_printf(&out, "%s%s", (const char *)path.data, item[size] == ',' ? "," : "");
        buffer_release(&path);
        item = item[size] == ',' ? item + size + 1 : NULL;
    }
    if (directory == NULL) {
        buffer_append(&out, bytes_text(text));
    }
    free(directory);
    buffer_append(&out, bytes_of("", 1));
    return (char *)out.data;
}

static void unknown_add(const char *name, const struct setting_place *place)
{
    struct nearest nearest = {.text = name};
    for (size_t i = 0; i < setting_count && place->problems->count < GUESSES_MAX; i++) {
        nearest_offer(&nearest, settings[i].name);
    }
    if (nearest.best != NULL) {
        problems_add(place->problems, place->file, place->line,
                     "setting '%.100s' is not known, did you mean '%s'", name, nearest.best);
    } else {
        problems_add(place->problems, place->file, place->line, "setting '%.100s' is not known",
                     name);
    }
}

static bool is_kafka(const char *name)
{
    return strncmp(name, "kafka.", strlen("kafka.")) == 0;
}
