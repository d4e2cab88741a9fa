/* What comes out of a run: every committed record of an output or internal topic, as JSON.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Topics whose records a scenario may look at. */
static const struct topic *topic_shown(const struct run *run, const char *full_name)
{
    const size_t prefix = strlen(run->config.topics_prefix);
    const struct topic *topic = topic_find(bytes_text(full_name + prefix));
    return topic == NULL || topic->role == TOPIC_INPUT || topic->role == TOPIC_CHANGELOG ? NULL
                                                                                         : topic;
}

static bool is_tick(const json_t *value)
{
    const char *kind = json_string_value(json_object_get(value, "kind"));
    return kind != NULL && strcmp(kind, "TICK") == 0;
}

/* The subject of an audit record is in its payload; elsewhere it is the key. */
static const char *subject_of(struct run *run, const json_t *value, struct bytes key)
{
    const char *kind = json_string_value(json_at(value, "payload.subject_kind"));
    const char *id = json_string_value(json_at(value, "payload.subject_id"));
    if (kind == NULL || id == NULL) {
        return text_copy(&run->arena, (const char *)key.data, key.size);
    }
    struct buffer text = {0};
    buffer_printf(&text, "%s:%s", kind, id);
    const char *subject = text_copy(&run->arena, (const char *)text.data, text.size);
    buffer_release(&text);
    return subject;
}

void outputs_collect(void *context, const char *topic_name, int32_t partition, int64_t offset,
                     const struct stream_output *record)
{
    struct run *run = context;
    const struct topic *topic = topic_shown(run, topic_name);
    if (topic == NULL) {
        return;
    }
    struct buffer line = {0};
    lines_write(&run->writer, topic_name, partition, offset, record->timestamp_ms, record->key,
                record->value, &line);
    json_error_t problem;
    json_t *object = json_loadb((const char *)line.data, line.size, 0, &problem);
    buffer_release(&line);
    ASSERT(object != NULL);
    const char *name = json_string_value(json_object_get(object, "type"));
    const struct record_type *type =
        name == NULL ? NULL : codec_type(run->environment->codec, bytes_text(name));
    json_t *value = json_object_get(object, "value");
    if (type != NULL && !is_tick(value)) {
        struct output *output = list_push(&run->outputs, sizeof(*output));
        output->type = type;
        output->subject = subject_of(run, value, record->key);
        output->value = json_is_null(value) ? NULL : json_incref(value);
    }
    json_decref(object);
}

static void print_value(const struct run *run, const json_t *value, struct buffer *out)
{
    char text[64];
    if (json_is_string(value)) {
        buffer_printf(out, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        const int64_t number = json_integer_value(value);
        if (number >= TIME_MIN_MS && number < TIME_MAX_MS) {
            buffer_printf(out, "%s", moment_format(number, run->scenario->heading.start_ms, text));
        } else {
            buffer_printf(out, "%" PRId64, number);
        }
    } else if (json_is_boolean(value)) {
        buffer_printf(out, "%s", json_is_true(value) ? "true" : "false");
    } else {
        char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        buffer_printf(out, "%s", dump == NULL ? "?" : dump);
        free(dump);
    }
}

/* The time that a text of 13 digits most likely is; NULL: it is another. */
static json_t *time_in(const json_t *value)
{
    const char *text = json_string_value(value);
    return text != NULL && strlen(text) == 13 && strspn(text, "0123456789") == 13
               ? json_integer(strtoll(text, NULL, 10))
               : NULL;
}

/* Lists of words as A,B; parameters as NAME:VALUE. */
static void print_list(const struct run *run, const json_t *list, struct buffer *out)
{
    json_t *item = NULL;
    size_t index = 0;
    json_array_foreach(list, index, item)
    {
        const json_t *name = json_object_get(item, "name");
        buffer_printf(out, "%s", index == 0 ? "" : ",");
        if (name != NULL) {
            const json_t *value = json_object_get(item, "value");
            buffer_printf(out, "%s:", json_string_value(name));
            json_t *time = time_in(value);
            print_value(run, time == NULL ? value : time, out);
            json_decref(time);
        } else {
            print_value(run, item, out);
        }
    }
}

/* Identity and hashes tell a reader nothing, and the subject stands in front. */
static bool is_shown(const char *field)
{
    static const char *const hidden[] = {"event_id",      "subject_kind", "subject_id",
                                         "prev_hash",     "payload_hash", "dek_id",
                                         "template_hash", "policy_hash"};
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        if (strcmp(hidden[i], field) == 0) {
            return false;
        }
    }
    return true;
}

void output_print(const struct run *run, const struct output *output, struct buffer *out)
{
    char word[64];
    type_word(output->type, word);
    buffer_printf(out, "%s %s", word, output->subject);
    if (output->value == NULL) {
        buffer_printf(out, " null");
    }
    const char *field = NULL;
    json_t *value = NULL;
    json_object_foreach(output->value, field, value)
    {
        if (!is_shown(field) || json_is_null(value) ||
            (json_is_array(value) && json_array_size(value) == 0)) {
            continue;
        }
        buffer_printf(out, " %s=", field);
        if (json_is_array(value)) {
            print_list(run, value, out);
        } else {
            print_value(run, value, out);
        }
    }
}
