/* The configuration as YAML: groups as nested maps, in the order of the table.
 *
 * What has no value of its own (no default, or one that depends on where the program was built)
 * stands as a comment, so that the printed file means the same everywhere. Secrets never leave as
 * they are.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "config/settings.h"
#include "config/value.h"

static void setting_print(const struct setting *setting, const struct config *config,
                          bool with_comments, struct buffer *out);
static void value_print(const struct setting *setting, const struct config *config,
                        struct buffer *out);
static void comment_print(const struct setting *setting, int indent, struct buffer *out);
static void range_print(const struct setting *setting, struct buffer *out);
static void list_print(const struct config_list *list, struct buffer *out);
static bool is_absent(const struct setting *setting, const struct config *config);
static size_t group_size(const char *name);
static void kafka_print(const struct config *config, bool with_comments, struct buffer *out);

void config_print(const struct config *config, bool with_comments, struct buffer *out)
{
    if (with_comments) {
        buffer_printf(
            out,
            "# Settings of sanctiond. Every setting stands here with its default; a file needs"
            "\n# only those it changes. Names may be nested as here or dotted (topics.prefix: "
            "x),\n# and --set topics.prefix=x overrides one. Durations need a unit: ms, s, m, h,"
            " d;\n# sizes are bytes or KiB, MiB, GiB. Relative paths start at share.dir.\n");
    }
    for (size_t i = 0; i < setting_count; i++) {
        const size_t size = group_size(settings[i].name);
        const bool opens = size > 0 && (i == 0 || group_size(settings[i - 1].name) != size ||
                                        strncmp(settings[i - 1].name, settings[i].name, size) != 0);
        const bool blank = with_comments && (opens || size == 0);
        buffer_printf(out, "%s", blank ? "\n" : "");
        if (opens) {
            buffer_printf(out, "%.*s:\n", (int)size, settings[i].name);
        }
        setting_print(&settings[i], config, with_comments, out);
    }
    kafka_print(config, with_comments, out);
}

static void setting_print(const struct setting *setting, const struct config *config,
                          bool with_comments, struct buffer *out)
{
    const size_t group = group_size(setting->name);
    const int indent = group > 0 ? 2 : 0;
    const bool absent = is_absent(setting, config);
    if (with_comments) {
        comment_print(setting, indent, out);
    } else if (absent) {
        return;
    }
    buffer_printf(out, "%*s%s%s:", indent, "", absent ? "# " : "",
                  setting->name + (group > 0 ? group + 1 : 0));
    if (!absent || setting->offset == offsetof(struct config, share_dir)) {
        if (!absent) {
            buffer_printf(out, " ");
            value_print(setting, config, out);
        } else {
            buffer_printf(out, " /usr/share/sanctiond");
        }
    }
    buffer_printf(out, "\n");
}

static void value_print(const struct setting *setting, const struct config *config,
                        struct buffer *out)
{
    const void *field = (const char *)config + setting->offset;
    if (setting->secret) {
        buffer_printf(out, "\"***\"");
        return;
    }
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_ID:
        scalar_print(*(char *const *)field, out);
        break;
    case SETTING_NUMBER:
        buffer_printf(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case SETTING_DURATION:
        duration_format(*(const int64_t *)field, out);
        break;
    case SETTING_SIZE:
        size_format(*(const int64_t *)field, out);
        break;
    case SETTING_FLAG:
        buffer_printf(out, "%s", *(const bool *)field ? "true" : "false");
        break;
    case SETTING_FILES:
        list_print(field, out);
        break;
    case SETTING_STAMPS:
        buffer_printf(out, "%s",
                      config->input_timestamps == INPUT_TIMESTAMPS_CREATE ? "create" : "append");
        break;
    case SETTING_SEED:
        break;
    }
}

static void comment_print(const struct setting *setting, int indent, struct buffer *out)
{
    buffer_printf(out, "%*s# %s", indent, "", setting->sentence);
    range_print(setting, out);
    buffer_printf(out, "\n");
}

static void range_print(const struct setting *setting, struct buffer *out)
{
    if (setting->type == SETTING_DURATION) {
        buffer_printf(out, " ");
        duration_format(setting->min, out);
        buffer_printf(out, " to ");
        duration_format(setting->max, out);
        buffer_printf(out, ".");
    } else if (setting->type == SETTING_SIZE) {
        buffer_printf(out, " ");
        size_format(setting->min, out);
        buffer_printf(out, " to ");
        size_format(setting->max, out);
        buffer_printf(out, ".");
    } else if (setting->type == SETTING_NUMBER) {
        buffer_printf(out, " %lld to %lld.", (long long)setting->min, (long long)setting->max);
    }
}

static void list_print(const struct config_list *list, struct buffer *out)
{
    buffer_printf(out, "[");
    for (size_t i = 0; i < list->count; i++) {
        buffer_printf(out, "%s", i > 0 ? ", " : "");
        scalar_print(list->items[i], out);
    }
    buffer_printf(out, "]");
}

static bool is_absent(const struct setting *setting, const struct config *config)
{
    if (setting->type == SETTING_SEED) {
        return !config->audit_seed_set;
    }
    if (setting->offset == offsetof(struct config, share_dir)) {
        return strcmp(config->share_dir, setting->initial) == 0;
    }
    const void *field = (const char *)config + setting->offset;
    return setting->type == SETTING_TEXT && (*(char *const *)field)[0] == '\0';
}

/* Bytes before the first dot; 0 if there is none. */
static size_t group_size(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot != NULL ? (size_t)(dot - name) : 0;
}

static void kafka_print(const struct config *config, bool with_comments, struct buffer *out)
{
    if (with_comments) {
        buffer_printf(
            out,
            "\n# Properties of librdkafka, passed through. Secrets are given as files that others"
            "\n# cannot read: sasl.password.file, ssl.key.password.file, ssl.key.pem.file.\n");
    }
    if (with_comments || config->kafka_count > 0) {
        buffer_printf(out, "kafka:\n");
    }
    if (config->kafka_count == 0 && with_comments) {
        buffer_printf(out, "  # bootstrap.servers: broker1:9092,broker2:9092\n");
    }
    for (size_t i = 0; i < config->kafka_count; i++) {
        const struct config_property *property = &config->kafka[i];
        if (kafka_is_secret(property->name)) {
            buffer_printf(out, "  # %s: *** (read from a file)\n", property->name);
        } else {
            buffer_printf(out, "  %s: ", property->name);
            scalar_print(property->value, out);
            buffer_printf(out, "\n");
        }
    }
}
