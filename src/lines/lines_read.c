/* JSON lines into records to append; every line is checked and every problem listed.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "lines/lines.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "schema/json.h"
#include "topology/topics.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

/* The line in hand. */
struct line {
    struct lines *lines;
    const char *file;
    size_t number;
    struct problems *problems;
    const json_t *object;
    size_t problems_before;
};

static void problem(const struct line *line, const char *field, const char *reason)
{
    problems_add(line->problems, line->file, line->number, "%s: %s", field, reason);
}

static void on_field_problem(void *context, const char *field, const char *reason)
{
    const struct line *line = context;
    problems_add(line->problems, line->file, line->number, "value.%s: %s", field, reason);
}

static void push(struct lines *lines, const struct stream_output *output)
{
    if (lines->count == lines->capacity) {
        lines->capacity = lines->capacity == 0 ? 256 : 2 * lines->capacity;
        lines->outputs =
            memory_resize(lines->outputs, lines->capacity * sizeof(*lines->outputs));
    }
    lines->outputs[lines->count++] = *output;
}

/* The full name of a topic, in the arena. */
static const char *full_name(struct lines *lines, const char *topic)
{
    buffer_clear(&lines->scratch);
    buffer_printf(&lines->scratch, "%s%s", lines->config->topics_prefix, topic);
    buffer_append(&lines->scratch, bytes_of("", 1));
    return (const char *)arena_copy(&lines->arena, buffer_bytes(&lines->scratch)).data;
}

static bool integer_field(const struct line *line, const char *name, bool needed,
                          int64_t *value_out)
{
    const json_t *value = json_object_get(line->object, name);
    if (value == NULL) {
        if (needed) {
            problem(line, name, "is missing");
        }
        return false;
    }
    if (!json_is_integer(value)) {
        problem(line, name, "must be an integer");
        return false;
    }
    *value_out = json_integer_value(value);
    return true;
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static const struct topic *topic_field(const struct line *line)
{
    const json_t *value = json_object_get(line->object, "topic");
    if (!json_is_string(value)) {
        problem(line, "topic", value == NULL ? "is missing" : "must be a string");
        return NULL;
    }
    const struct topic *topic = topic_find(text_of(value));
    if (topic == NULL || topic->role != TOPIC_INPUT) {
        problem(line, "topic", topic == NULL ? "no such topic" : "is no input topic");
        return NULL;
    }
    return topic;
}

/* The key given, "kind:id" of the value, or none. */
static struct bytes key_field(const struct line *line, const struct record_type *type)
{
    struct lines *lines = line->lines;
    const json_t *value = json_object_get(line->object, "key");
    if (json_is_string(value)) {
        return arena_copy(&lines->arena, text_of(value));
    }
    if (value != NULL && !json_is_null(value)) {
        problem(line, "key", "must be a string or null");
    }
    if (value != NULL || type == NULL) {
        return (struct bytes){0};
    }
    buffer_clear(&lines->scratch);
    if (type == &record_policy_version) {
        const struct policy_version *version = lines->record;
        buffer_printf(&lines->scratch, "POLICY:%.*s", BYTES_PRINT(version->policy_id));
    } else {
        ASSERT(type->fields[2].enumeration == &enum_subject_kind);
        int32_t kind = 0;
        struct bytes id = {0};
        memcpy(&kind, (const uint8_t *)lines->record + type->fields[2].offset, sizeof(kind));
        memcpy(&id, (const uint8_t *)lines->record + type->fields[3].offset, sizeof(id));
        buffer_printf(&lines->scratch, "%s:%.*s", enum_symbol(&enum_subject_kind, kind),
                      BYTES_PRINT(id));
    }
    return arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
}

/* -1 if the line gives none and has a key. */
static int32_t partition_field(const struct line *line, const struct topic *topic, bool has_key)
{
    int64_t partition = 0;
    if (!integer_field(line, "partition", false, &partition)) {
        return has_key && !topic->one_partition ? -1 : 0;
    }
    const int32_t count = topic->one_partition ? 1 : line->lines->partitions;
    if (partition < 0 || partition >= count) {
        problem(line, "partition", "there is no such partition");
        return 0;
    }
    return (int32_t)partition;
}

/* Bytes given as hex. */
static struct bytes raw_field(const struct line *line)
{
    const json_t *raw = json_object_get(line->object, "raw");
    if (!json_is_string(raw) || json_string_length(raw) % 2 != 0) {
        problem(line, "raw", "must be a string of hex digits");
        return (struct bytes){0};
    }
    const size_t size = json_string_length(raw) / 2;
    uint8_t *bytes = arena_get(&line->lines->arena, size + 1);
    if (!hex_parse(text_of(raw), bytes, size)) {
        problem(line, "raw", "must be a string of hex digits");
    }
    if (json_object_get(line->object, "key") == NULL) {
        problem(line, "key", "is needed beside raw");
    }
    return bytes_of(bytes, size);
}

static struct bytes value_field(const struct line *line, const struct record_type *type)
{
    struct lines *lines = line->lines;
    const json_t *value = json_object_get(line->object, "value");
    if (value == NULL) {
        problem(line, "value", "is missing");
        return (struct bytes){0};
    }
    if (json_is_null(value)) {
        return (struct bytes){0}; /* a tombstone; the engine says what that means */
    }
    memset(lines->record, 0, type->size);
    struct line copy = *line;
    if (json_read_record(type, value, &lines->arena, lines->record, on_field_problem, &copy) > 0) {
        return (struct bytes){0};
    }
    buffer_clear(&lines->scratch);
    codec_encode(lines->codec, type, lines->record, &lines->scratch);
    return arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
}

static const struct record_type *type_field(const struct line *line)
{
    const json_t *value = json_object_get(line->object, "type");
    if (!json_is_string(value)) {
        problem(line, "type", value == NULL ? "is missing" : "must be a string");
        return NULL;
    }
    const struct record_type *type = codec_type(line->lines->codec, text_of(value));
    if (type == NULL) {
        problem(line, "type", "no such record");
    }
    return type;
}

static void check_names(const struct line *line, const char *const *names)
{
    const char *name = NULL;
    json_t *value = NULL;
    union {
        const json_t *borrowed;
        json_t *owned;
    } object = {.borrowed = line->object}; /* jansson iterates over non-const objects only */
    json_object_foreach(object.owned, name, value) {
        size_t i = 0;
        while (names[i] != NULL && strcmp(names[i], name) != 0) {
            i++;
        }
        if (names[i] == NULL) {
            problem(line, name, "unknown field of a line");
        }
    }
}

static void read_record_line(const struct line *line)
{
    static const char *const names[] = {"topic", "type", "timestamp", "key", "partition",
                                        "value", "raw",  NULL};
    check_names(line, names);
    struct lines *lines = line->lines;
    const struct topic *topic = topic_field(line);
    int64_t timestamp = 0;
    integer_field(line, "timestamp", true, &timestamp);
    const struct record_type *type = NULL;
    struct bytes value = {0};
    if (json_object_get(line->object, "raw") != NULL) {
        value = raw_field(line);
        if (json_object_get(line->object, "value") != NULL ||
            json_object_get(line->object, "type") != NULL) {
            problem(line, "raw", "stands instead of type and value");
        }
    } else {
        type = type_field(line);
        value = type == NULL ? (struct bytes){0} : value_field(line, type);
    }
    if (line->problems->count != line->problems_before || topic == NULL) {
        return;
    }
    if (value.data == NULL && json_object_get(line->object, "key") == NULL) {
        problem(line, "key", "is needed beside a null value");
        return;
    }
    if (type != NULL && type != &record_policy_version &&
        (type->field_count < 4 || type->fields[2].enumeration != &enum_subject_kind) &&
        json_object_get(line->object, "key") == NULL) {
        problem(line, "key", "is needed: the record names no subject");
        return;
    }
    const struct bytes key = key_field(line, type);
    const int32_t partition = partition_field(line, topic, key.data != NULL);
    push(lines, &(struct stream_output){.topic = full_name(lines, topic->name),
                                        .partition = partition,
                                        .timestamp_ms = timestamp,
                                        .barrier = lines->barrier,
                                        .key = key,
                                        .value = value});
}

/* A tick for one partition: addressed to USER:tick.<partition>.<n> with n such that the key falls there. */
static void push_tick(struct lines *lines, int32_t partition, int64_t time_ms)
{
    char id[64];
    char key[80];
    char event_id[64];
    int key_size = 0;
    for (int n = 0; n == 0 || stream_partition(bytes_of(key, (size_t)key_size),
                                               lines->partitions) != partition; n++) {
        snprintf(id, sizeof(id), "tick.%d.%d", partition, n);
        key_size = snprintf(key, sizeof(key), "USER:%s", id);
    }
    snprintf(event_id, sizeof(event_id), "tick.%d.%lld", partition, (long long)time_ms);
    const struct signal tick = {.event_id = bytes_text(event_id),
                                .occurred_at = time_ms,
                                .subject_kind = SUBJECT_KIND_USER,
                                .subject_id = bytes_text(id),
                                .kind = SIGNAL_KIND_TICK,
                                .from_kind = SUBJECT_KIND_USER,
                                .from_id = bytes_text(id),
                                .category = CATEGORY_NONE,
                                .area = AREA_OTHER_AREA,
                                .severity = SEVERITY_NONE,
                                .source_kind = SOURCE_KIND_NONE};
    buffer_clear(&lines->scratch);
    codec_encode(lines->codec, &record_signal, &tick, &lines->scratch);
    const struct bytes value = arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
    push(lines, &(struct stream_output){.topic = full_name(lines, "chat-events"),
                                        .partition = partition,
                                        .timestamp_ms = time_ms,
                                        .barrier = lines->barrier,
                                        .key = arena_copy(&lines->arena,
                                                          bytes_of(key, (size_t)key_size)),
                                        .value = value});
}

/* The ticks go through an input topic: in `signals` they would stand, by offset, before the signals that
 * the records ahead of the barrier are still to cause.
 *
 * A barrier of its own, so that all before it is through and nothing after it comes earlier (I.2). */
static void read_advance(const struct line *line)
{
    static const char *const names[] = {"advance", NULL};
    check_names(line, names);
    struct lines *lines = line->lines;
    int64_t time_ms = 0;
    if (!integer_field(line, "advance", true, &time_ms)) {
        return;
    }
    if (!lines->barriers) {
        problem(line, "advance", "works on the embedded log only");
        return;
    }
    if (time_ms < TIME_MIN_MS || time_ms >= TIME_MAX_MS) {
        problem(line, "advance", "must lie between 2000 and 2100");
        return;
    }
    lines->barrier++;
    for (int32_t partition = 0; partition < lines->partitions; partition++) {
        push_tick(lines, partition, time_ms);
    }
    lines->barrier++;
}

void lines_add_policy_version(struct lines *lines, const struct policy *policy, struct bytes document,
                              int64_t timestamp_ms)
{
    const int64_t announced = policy->genesis ? policy->effective_at_ms : policy->announced_at_ms;
    const int64_t time_ms = timestamp_ms >= 0 ? timestamp_ms : announced;
    char event_id[2 * DIGEST_SIZE + 1] = {0};
    hex_format(bytes_of(policy->hash, DIGEST_SIZE), event_id);
    const struct policy_version version = {.event_id = bytes_text(event_id),
                                           .occurred_at = time_ms,
                                           .policy_id = bytes_text(policy->id),
                                           .version = policy->version,
                                           .announced_at = policy->announced_at_ms,
                                           .effective_at = policy->effective_at_ms,
                                           .genesis = policy->genesis,
                                           .shadow = policy->shadow,
                                           .policy_hash = bytes_of(policy->hash, DIGEST_SIZE),
                                           .document = document};
    buffer_clear(&lines->scratch);
    codec_encode(lines->codec, &record_policy_version, &version, &lines->scratch);
    const struct bytes value = arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
    buffer_clear(&lines->scratch);
    buffer_printf(&lines->scratch, "POLICY:%s", policy->id);
    const struct bytes key = arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
    push(lines, &(struct stream_output){.topic = full_name(lines, "policies"),
                                        .partition = 0,
                                        .timestamp_ms = time_ms,
                                        .barrier = lines->barrier,
                                        .key = key,
                                        .value = value});
}

bool lines_add_policy(struct lines *lines, const char *path, int64_t timestamp_ms,
                      struct problems *problems)
{
    struct policy *policy = memory_get(sizeof(*policy));
    struct buffer canonical = {0};
    const bool good = policy_read(path, policy, &canonical, problems);
    if (good) {
        lines_add_policy_version(lines, policy, buffer_bytes(&canonical), timestamp_ms);
    }
    buffer_release(&canonical);
    free(policy);
    return good;
}

void lines_add_policy_notice(struct lines *lines, const struct policy *policy,
                             int64_t timestamp_ms)
{
    const int64_t time_ms = timestamp_ms >= 0 ? timestamp_ms : policy->announced_at_ms;
    char hash[2 * DIGEST_SIZE + 1] = {0};
    char event_id[DIGEST_SIZE + 3];
    char version[16];
    char effective[24];
    hex_format(bytes_of(policy->hash, DIGEST_SIZE), hash);
    const struct bytes decision_id = bytes_of(hash, DIGEST_SIZE); /* the first 32 of 64 digits */
    snprintf(event_id, sizeof(event_id), "%.*s.0", DIGEST_SIZE, hash);
    snprintf(version, sizeof(version), "%d", policy->version);
    snprintf(effective, sizeof(effective), "%lld", (long long)policy->effective_at_ms);
    const struct notice_request notice = {
        .event_id = bytes_text(event_id),
        .occurred_at = time_ms,
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("all"),
        .decision_id = decision_id,
        .audience = AUDIENCE_ALL,
        .kind = NOTICE_KIND_POLICY_CHANGE,
        .template = bytes_text("policy_change"),
        .params_count = 3,
        .params = {{PARAM_NAME_POLICY_VERSION, bytes_text(version)},
                   {PARAM_NAME_EFFECTIVE_AT, bytes_text(effective)},
                   {PARAM_NAME_ITEM_PAGE, bytes_text("operation-policy")}},
        .mandatory = true,
        .due_at = time_ms,
    };
    buffer_clear(&lines->scratch);
    codec_encode(lines->codec, &record_notice_request, &notice, &lines->scratch);
    const struct bytes value = arena_copy(&lines->arena, buffer_bytes(&lines->scratch));
    push(lines, &(struct stream_output){.topic = full_name(lines, "notice-requests"),
                                        .partition = -1,
                                        .timestamp_ms = time_ms,
                                        .barrier = lines->barrier,
                                        .key = bytes_text("USER:all"),
                                        .value = value});
}

static void read_publish(const struct line *line)
{
    static const char *const names[] = {"publish_policy", "timestamp", NULL};
    check_names(line, names);
    const json_t *file = json_object_get(line->object, "publish_policy");
    int64_t timestamp = 0;
    if (!json_is_string(file)) {
        problem(line, "publish_policy", "must be the path of a policy file");
        return;
    }
    if (!integer_field(line, "timestamp", true, &timestamp)) {
        return;
    }
    if (timestamp < TIME_MIN_MS || timestamp >= TIME_MAX_MS) {
        problem(line, "timestamp", "must lie between 2000 and 2100");
        return;
    }
    const char *path = json_string_value(file);
    const char *slash = strrchr(line->file, '/');
    struct buffer full = {0};
    if (path[0] != '/' && slash != NULL) { /* relative to the input file */
        buffer_printf(&full, "%.*s/%s", (int)(slash - line->file), line->file, path);
    } else {
        buffer_printf(&full, "%s", path);
    }
    buffer_append(&full, bytes_of("", 1));
    lines_add_policy(line->lines, (const char *)full.data, timestamp, line->problems);
    buffer_release(&full);
}

static void read_line(struct line *line, const char *text, size_t size)
{
    json_error_t error;
    json_t *object = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        problem(line, "line", object == NULL ? error.text : "must be an object");
        json_decref(object);
        return;
    }
    line->object = object;
    line->problems_before = line->problems->count;
    if (json_object_get(object, "advance") != NULL) {
        read_advance(line);
    } else if (json_object_get(object, "publish_policy") != NULL) {
        read_publish(line);
    } else {
        read_record_line(line);
    }
    json_decref(object);
}

static bool is_blank(const char *text, size_t size)
{
    return strspn(text, " \t\r\n") >= size;
}

bool lines_read(struct lines *lines, FILE *file, const char *name, struct problems *problems)
{
    const size_t before = problems->count;
    if (lines->record == NULL) {
        lines->record = memory_get(codec_record_size(lines->codec));
    }
    struct line line = {.lines = lines, .file = name, .problems = problems};
    char *text = NULL;
    size_t capacity = 0;
    for (ssize_t size; (size = getline(&text, &capacity, file)) >= 0;) {
        line.number++;
        if (!is_blank(text, (size_t)size)) {
            read_line(&line, text, (size_t)size);
        }
    }
    if (ferror(file) != 0) {
        problems_add(problems, name, 0, "cannot be read: %s", strerror(errno));
    }
    free(text);
    return problems->count == before;
}

void lines_release(struct lines *lines)
{
    free(lines->outputs);
    free(lines->record);
    arena_release(&lines->arena);
    buffer_release(&lines->scratch);
    *lines = (struct lines){0};
}
