/* @NAME.FIELD: fields of events and outputs that have a name, and the case of a report.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"

#include <stdlib.h>

/* The value of the parameter `name` in a list of {name, value}. */
static json_t *parameter_at(const json_t *list, const char *name, size_t size)
{
    json_t *item = NULL;
    size_t index = 0;
    json_array_foreach(list, index, item)
    {
        const char *own = json_string_value(json_object_get(item, "name"));
        if (own != NULL && strlen(own) == size && memcmp(own, name, size) == 0) {
            return json_object_get(item, "value");
        }
    }
    return NULL;
}

json_t *json_at(const json_t *value, const char *path)
{
    const json_t *at = value;
    char name[128];
    while (at != NULL && *path != '\0') {
        const size_t size = strcspn(path, ".[");
        if (size >= sizeof(name)) {
            return NULL;
        }
        memcpy(name, path, size);
        name[size] = '\0';
        path += size;
        if (size > 0) {
            at = json_is_array(at) ? parameter_at(at, name, size) : json_object_get(at, name);
        }
        if (*path == '[') {
            char *end = NULL;
            at = json_array_get(at, strtoul(path + 1, &end, 10));
            path = *end == ']' ? end + 1 : end;
        }
        path += *path == '.';
    }
    return (json_t *)(uintptr_t)at; /* jansson hands out what it borrows without const */
}

const struct event *event_find(const struct scenario *scenario, const char *name, size_t size)
{
    const struct moment *steps = scenario->steps.items;
    for (size_t i = 0; i < scenario->steps.count; i++) {
        const struct event *events = steps[i].events.items;
        for (size_t j = 0; j < steps[i].events.count; j++) {
            if (events[j].name != NULL && strlen(events[j].name) == size &&
                memcmp(events[j].name, name, size) == 0) {
                return &events[j];
            }
        }
    }
    return NULL;
}

static bool holds_text(const json_t *list, const char *text)
{
    json_t *item = NULL;
    size_t index = 0;
    json_array_foreach(list, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* The case that this output says the report is in; NULL: it does not say. */
static json_t *case_in(const struct output *output, const struct event *report)
{
    json_t *value = NULL;
    if (output->type == &record_review_request &&
        holds_text(json_object_get(output->value, "report_ids"), report->name)) {
        value = json_object_get(output->value, "case_id");
    } else if (output->type == &record_signal &&
               is_text(json_object_get(output->value, "report_id"), report->name)) {
        value = json_object_get(output->value, "case_id");
    }
    return json_is_string(value) ? value : NULL;
}

/* Whether a review says that the case is about another subject than the report. */
static bool is_foreign(const struct run *run, const struct event *report, const char *case_id)
{
    const struct output *outputs = run->outputs.items;
    const json_t *subject = json_object_get(report->value, "subject_id");
    for (size_t i = 0; i < run->outputs.count; i++) {
        if (outputs[i].type == &record_review_request &&
            is_text(json_object_get(outputs[i].value, "case_id"), case_id)) {
            return !json_equal(json_object_get(outputs[i].value, "subject_id"), subject);
        }
    }
    return false;
}

/* The case of the receipt that the reporter got at the report's time; NULL if he got several. */
static json_t *case_of_receipt(const struct run *run, const struct event *report)
{
    const struct output *outputs = run->outputs.items;
    const char *reporter = json_string_value(json_object_get(report->value, "reporter_id"));
    json_t *found = NULL;
    for (size_t i = 0; i < run->outputs.count && reporter != NULL; i++) {
        const json_t *value = outputs[i].value;
        json_t *named = json_at(value, "params.CASE");
        if (outputs[i].type != &record_notice_request || !json_is_string(named) ||
            !is_text(json_object_get(value, "kind"), "REPORT_RECEIPT") ||
            !is_text(json_object_get(value, "subject_id"), reporter) ||
            json_integer_value(json_object_get(value, "occurred_at")) != report->time_ms ||
            is_foreign(run, report, json_string_value(named))) {
            continue;
        }
        if (found != NULL && !json_equal(found, named)) {
            return NULL;
        }
        found = named;
    }
    return found;
}

static bool is_through(const struct run *run, const struct event *event)
{
    const struct event *const *sent = run->sent.items;
    for (size_t i = 0; i < run->through; i++) {
        if (sent[i] == event) {
            return true;
        }
    }
    return false;
}

static json_t *case_of(const struct run *run, const struct event *report)
{
    const struct output *outputs = run->outputs.items;
    json_t *value = NULL;
    if (!is_through(run, report)) {
        return NULL;
    }
    for (size_t i = 0; i < run->outputs.count && value == NULL; i++) {
        value = case_in(&outputs[i], report);
    }
    return json_incref(value != NULL ? value : case_of_receipt(run, report));
}

static const struct output *output_find(const struct run *run, const char *name, size_t size)
{
    const struct named *names = run->names.items;
    for (size_t i = run->names.count; i > 0; i--) {
        if (strlen(names[i - 1].name) == size && memcmp(names[i - 1].name, name, size) == 0) {
            return (const struct output *)run->outputs.items + names[i - 1].output;
        }
    }
    return NULL;
}

json_t *reference_find(const struct run *run, const char *text)
{
    ASSERT(text[0] == '@');
    const char *name = text + 1;
    const size_t size = strcspn(name, ".");
    const char *path = name[size] == '.' ? name + size + 1 : "";
    const struct output *output = output_find(run, name, size);
    const struct event *event = event_find(run->scenario, name, size);
    json_t *value = NULL;
    if (output != NULL) {
        value = json_at(output->value, *path == '\0' ? "event_id" : path);
    } else if (event != NULL && strcmp(path, "case") == 0) {
        return case_of(run, event);
    } else if (event != NULL) {
        value = json_at(event->value, *path == '\0' ? "event_id" : path);
    }
    return json_incref(value);
}

json_t *references_replace(const struct run *run, const json_t *value, struct buffer *missing_out)
{
    if (json_is_string(value) && json_string_value(value)[0] == '@') {
        json_t *found = reference_find(run, json_string_value(value));
        if (found == NULL) {
            buffer_clear(missing_out);
            buffer_append(missing_out, bytes_text(json_string_value(value)));
        }
        return found;
    }
    if (!json_is_object(value) && !json_is_array(value)) {
        return json_deep_copy(value);
    }
    json_t *copy = json_deep_copy(value);
    const char *name = NULL;
    json_t *item = NULL;
    size_t index = 0;
    json_object_foreach(copy, name, item)
    {
        json_t *changed = references_replace(run, item, missing_out);
        if (changed == NULL || json_object_set_new(copy, name, changed) != 0) {
            json_decref(copy);
            return NULL;
        }
    }
    json_array_foreach(copy, index, item)
    {
        json_t *changed = references_replace(run, item, missing_out);
        if (changed == NULL || json_array_set_new(copy, index, changed) != 0) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}
