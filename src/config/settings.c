/* The rows, and one value of a row. The only defaults and ranges of the settings.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/settings.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "config/value.h"

#include <stdlib.h>

#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define AT(field) offsetof(struct config, field)

/* Rows of one group (the part before the first dot) stand together. */
const struct setting settings[] = {
    {"application", SETTING_ID, AT(application), "sanctiond", 1, 64, false,
     "Prefix of consumer groups and transactional ids; one name per deployment on a cluster."},
    {"worker.slot", SETTING_ID, AT(worker_slot), "0", 1, 64, false,
     "Name of this worker, unique in the deployment and the same after a restart."},
    {"threads", SETTING_NUMBER, AT(threads), "2", 1, 256, false,
     "Stream threads per topology; more than the partitions of a topic stay idle."},
    {"share.dir", SETTING_TEXT, AT(share_dir), SANCTIOND_SHARE_DIR, 1, 4096, false,
     "Folder that holds topologies/, config/ and schemas/; other relative paths start here."},
    {"topologies", SETTING_FILES, AT(topologies),
     "topologies/sanctions.yaml,topologies/notices.yaml", 1, 16, false,
     "Topology files this worker runs, each a consumer group of its own."},
    {"state.dir", SETTING_TEXT, AT(state_dir), "/var/lib/sanctiond", 1, 4096, false,
     "Folder of the local state; on Kafka it may be lost, it is then restored from the changelog."},
    {"topics.prefix", SETTING_ID, AT(topics_prefix), "sanctions.", 0, 100, false,
     "Put before every logical topic name."},
    {"topics.partitions", SETTING_NUMBER, AT(topics_partitions), "4", 1, 10000, false,
     "Partitions of topics that are created; cannot be changed once there is state."},
    {"topics.replication_factor", SETTING_NUMBER, AT(topics_replication), "0", 0, 16, false,
     "Replicas of topics that are created; 0 takes the broker's default."},
    {"topics.input_timestamps", SETTING_STAMPS, AT(input_timestamps), "create", 0, 0, false,
     "Timestamps of input topics: create (by the writer, at most 1 h ahead) or append (by the "
     "broker)."},
    {"topics.check_timestamps", SETTING_FLAG, AT(check_timestamps), "true", 0, 0, false,
     "Refuse to start on Kafka while an input topic lets records from the future in."},
    {"policy.files", SETTING_FILES, AT(policy_files), "config/policies/default.yaml", 0, 64, false,
     "Policy files published on an embedded start; elsewhere use sanctionctl policy publish."},
    {"policy.id", SETTING_ID, AT(policy_id), "default", 1, 64, false,
     "Which policy of the policies topic decides."},
    {"notices.catalogue", SETTING_TEXT, AT(notices_dir), "config/notices", 1, 4096, false,
     "Folder of the notice templates."},
    {"schemas.writers", SETTING_FILES, AT(writer_schemas), "", 0, 256, false,
     "Schema files or folders of further writers whose records are read."},
    {"commit.interval", SETTING_DURATION, AT(commit_interval_ms), "100ms", 1, 10 * SECOND_MS, false,
     "Time between transactions, a second longer while input waits; most of the latency."},
    {"commit.records_max", SETTING_NUMBER, AT(commit_records_max), "10000", 1, 1000000, false,
     "Input records of one transaction at most."},
    {"commit.bytes_max", SETTING_SIZE, AT(commit_bytes_max), "16MiB", 64 * KIB, GIB, false,
     "Changed state and outputs of one transaction; the batch behind it may hold as much."},
    {"memory.max", SETTING_SIZE, AT(memory_bytes), "256MiB", 16 * MIB, 1024 * GIB, false,
     "Memory of rows, queues and caches, all tasks together; the program itself comes on top."},
    {"checkpoint.interval", SETTING_DURATION, AT(checkpoint_interval_ms), "10s", 100,
     10 * MINUTE_MS, false,
     "Time between writes of the local state; a crash replays at most this much."},
    {"standby.replicas", SETTING_NUMBER, AT(standby_replicas), "0", 0, 8, false,
     "Other workers that keep a copy of each task's state, for a takeover without a restore."},
    {"time.max_ahead", SETTING_DURATION, AT(time_max_ahead_ms), "1h", SECOND_MS, DAY_MS, false,
     "A record further ahead of the wall clock than this is a dead letter."},
    {"time.tick_interval", SETTING_DURATION, AT(tick_interval_ms), "1s", 0, HOUR_MS, false,
     "Time between tick records on an idle partition, so that due lifts fire; 0 sends none."},
    {"records.bytes_max", SETTING_SIZE, AT(record_bytes_max), "1MiB", KIB, 64 * MIB, false,
     "A larger input record is a dead letter."},
    {"dead_letters.payload", SETTING_FLAG, AT(dead_letter_payload), "false", 0, 0, false,
     "Whether dead letters carry the refused bytes; they may hold personal data."},
    {"embedded.sync", SETTING_FLAG, AT(log_sync), "false", 0, 0, false,
     "Whether an embedded run survives power loss too, not only a killed process."},
    {"audit.seed", SETTING_SEED, AT(audit_seed), "", 0, 0, true,
     "64 hex digits that make data keys reproducible; embedded runs for tests and demos only."},
    {"audit.key_file", SETTING_TEXT, AT(audit_key_file), "", 0, 4096, false,
     "File of the key-encryption key; an embedded run makes one in its folder if none is named."},
};
const size_t setting_count = COUNT_OF(settings);

static bool text_apply(const struct setting *setting, char **field, const char *text,
                       const struct setting_place *place);
static bool number_apply(const struct setting *setting, int64_t *field, const char *text,
                         const struct setting_place *place);
static bool files_apply(const struct setting *setting, struct config_list *field, const char *text,
                        const struct setting_place *place);
static bool stamps_apply(const struct setting *setting, enum input_timestamps *field,
                         const char *text, const struct setting_place *place);
static bool seed_apply(const struct setting *setting, struct config *config, const char *text,
                       const struct setting_place *place);
static bool refuse(const struct setting *setting, const struct setting_place *place,
                   const char *wanted, const char *text);
static void range_print(const struct setting *setting, int64_t value, struct buffer *out);

const struct setting *setting_find(const char *name)
{
    for (size_t i = 0; i < setting_count; i++) {
        if (strcmp(settings[i].name, name) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

bool setting_apply(const struct setting *setting, struct config *config, const char *text,
                   const struct setting_place *place)
{
    void *field = (char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_ID:
        return text_apply(setting, field, text, place);
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return number_apply(setting, field, text, place);
    case SETTING_FLAG:
        return flag_parse(text, field) || refuse(setting, place, "true or false", text);
    case SETTING_FILES:
        return files_apply(setting, field, text, place);
    case SETTING_STAMPS:
        return stamps_apply(setting, field, text, place);
    case SETTING_SEED:
        return seed_apply(setting, config, text, place);
    }
    return false;
}

void config_list_add(struct config_list *list, const char *item)
{
    list->items = memory_resize(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = memory_text(item);
}

void config_list_clear(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct config_list){0};
}

static bool text_apply(const struct setting *setting, char **field, const char *text,
                       const struct setting_place *place)
{
    const int64_t size = (int64_t)strlen(text);
    if (size < setting->min || size > setting->max) {
        problems_add(place->problems, place->file, place->line,
                     "'%s' has %lld bytes, it must have from %lld to %lld", setting->name,
                     (long long)size, (long long)setting->min, (long long)setting->max);
        return false;
    }
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (setting->type == SETTING_ID && strspn(text, allowed) != (size_t)size) {
        return refuse(setting, place, "letters, digits, '.', '_' and '-' only", text);
    }
    char *copy = memory_text(text);
    free(*field);
    *field = copy;
    return true;
}

static bool number_apply(const struct setting *setting, int64_t *field, const char *text,
                         const struct setting_place *place)
{
    int64_t value = 0;
    if (setting->type == SETTING_DURATION && !duration_parse(text, &value)) {
        return refuse(setting, place, "a duration with its unit (ms, s, m, h, d) such as 100ms",
                      text);
    }
    if (setting->type == SETTING_SIZE && !size_parse(text, &value)) {
        return refuse(setting, place, "a size such as 16MiB (KiB, MiB, GiB or plain bytes)", text);
    }
    if (setting->type == SETTING_NUMBER && !number_parse(text, &value)) {
        return refuse(setting, place, "a whole number", text);
    }
    if (value < setting->min || value > setting->max) {
        struct buffer range = {0};
        range_print(setting, setting->min, &range);
        buffer_printf(&range, " to ");
        range_print(setting, setting->max, &range);
        problems_add(place->problems, place->file, place->line,
                     "'%s' is %.30s, it must be from %.*s", setting->name, text,
                     BYTES_PRINT(buffer_bytes(&range)));
        buffer_release(&range);
        return false;
    }
    *field = value;
    return true;
}

/* Items with commas between; no text is no item. */
static bool files_apply(const struct setting *setting, struct config_list *field, const char *text,
                        const struct setting_place *place)
{
    struct config_list list = {0};
    bool good = true;
    for (const char *item = text; *text != '\0' && item != NULL;) {
        const size_t size = strcspn(item, ",");
        char *copy = memory_get(size + 1);
        memcpy(copy, item, size);
        copy[size] = '\0';
        good = good && size > 0;
        config_list_add(&list, copy);
        free(copy);
        item = item[size] == ',' ? item + size + 1 : NULL;
    }
    if (!good) {
        refuse(setting, place, "paths with a comma between", text);
    } else if ((int64_t)list.count < setting->min || (int64_t)list.count > setting->max) {
        problems_add(place->problems, place->file, place->line,
                     "'%s' has %zu items, it must have from %lld to %lld", setting->name,
                     list.count, (long long)setting->min, (long long)setting->max);
        good = false;
    }
    if (good) {
        config_list_clear(field);
        *field = list;
    } else {
        config_list_clear(&list);
    }
    return good;
}

static bool stamps_apply(const struct setting *setting, enum input_timestamps *field,
                         const char *text, const struct setting_place *place)
{
    if (strcmp(text, "create") == 0) {
        *field = INPUT_TIMESTAMPS_CREATE;
        return true;
    }
    if (strcmp(text, "append") == 0) {
        *field = INPUT_TIMESTAMPS_APPEND;
        return true;
    }
    return refuse(setting, place, "create or append", text);
}

static bool seed_apply(const struct setting *setting, struct config *config, const char *text,
                       const struct setting_place *place)
{
    uint8_t seed[sizeof(config->audit_seed)] = {0};
    const bool absent = *text == '\0';
    if (!absent && !hex_parse(bytes_text(text), seed, sizeof(seed))) {
        /* The value is a secret: it is not shown. */
        problems_add(place->problems, place->file, place->line, "'%s' wants %zu hex digits",
                     setting->name, 2 * sizeof(seed));
        return false;
    }
    memcpy(config->audit_seed, seed, sizeof(seed));
    config->audit_seed_set = !absent;
    return true;
}

static bool refuse(const struct setting *setting, const struct setting_place *place,
                   const char *wanted, const char *text)
{
    problems_add(place->problems, place->file, place->line, "'%s' wants %s, found '%.100s'",
                 setting->name, wanted, text);
    return false;
}

static void range_print(const struct setting *setting, int64_t value, struct buffer *out)
{
    if (setting->type == SETTING_DURATION) {
        duration_format(value, out);
    } else if (setting->type == SETTING_SIZE) {
        size_format(value, out);
    } else {
        buffer_printf(out, "%lld", (long long)value);
    }
}
