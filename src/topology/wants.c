/* The table of topics under a configuration.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "topology/wants.h"

#include "base/buffer.h"

#include <stdlib.h>

enum { SETTINGS_MAX = 16 };

static char *setting(const char *name, int64_t value)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s=%lld", name, (long long)value);
    return (char *)text.data;
}

static void shape_fill(const struct config *config, const struct topic *topic,
                       struct topic_shape *shape)
{
    struct buffer name = {0};
    buffer_printf(&name, "%s%s", config->topics_prefix, topic->name);
    shape->name = (char *)name.data;
    shape->partitions = topic->one_partition ? 1 : (int32_t)config->topics_partitions;
    shape->settings = memory_get(SETTINGS_MAX * sizeof(*shape->settings));
    size_t count = 0;
    for (size_t i = 0; topic->settings[i] != NULL; i++) {
        shape->settings[count++] = memory_text(topic->settings[i]);
    }
    if (topic->role == TOPIC_INPUT) { /* nothing from the future may drag the clock along */
        if (config->input_timestamps == INPUT_TIMESTAMPS_APPEND) {
            shape->settings[count++] = memory_text("message.timestamp.type=LogAppendTime");
        } else {
            shape->settings[count++] = memory_text("message.timestamp.type=CreateTime");
            shape->settings[count++] = setting("message.timestamp.after.max.ms", config->time_max_ahead_ms);
        }
    }
    if (config->topics_replication > 0) {
        shape->settings[count++] =
            setting("replication.factor", config->topics_replication);
    }
    shape->settings[count] = NULL;
}

struct topic_shape *topic_shapes_new(const struct config *config)
{
    struct topic_shape *shapes = memory_get(topic_count * sizeof(*shapes));
    for (size_t i = 0; i < topic_count; i++) {
        shape_fill(config, &topics[i], &shapes[i]);
    }
    return shapes;
}

void topic_shapes_free(struct topic_shape *shapes)
{
    for (size_t i = 0; shapes != NULL && i < topic_count; i++) {
        for (size_t j = 0; shapes[i].settings[j] != NULL; j++) {
            union {
                const char *borrowed;
                char *owned;
            } text = {.borrowed = shapes[i].settings[j]};
            free(text.owned);
        }
        free(shapes[i].settings);
        free(shapes[i].name);
    }
    free(shapes);
}
