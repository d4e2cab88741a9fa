/* What holds in every scenario, whatever it expects: standings equal what is in force, a decision
 * has one audit record and at most one restriction, and no record is written twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/table.h"

static void fail_output(struct run *run, const struct moment *step, const char *says,
                        const struct output *output)
{
    const struct place place = step->looks ? step->look_place : step->place;
    struct buffer text = {0};
    output_print(run, output, &text);
    problems_add(run->failures, place.file, place.line, "%s %.*s", says,
                 BYTES_PRINT(buffer_bytes(&text)));
    buffer_release(&text);
}

static const char *text_at(const struct output *output, const char *field)
{
    return json_string_value(json_object_get(output->value, field));
}

/* Adds `key`; false: it is there already. An entry's value says nothing. */
static bool mark(struct table *table, const char *key)
{
    if (table_find(table, bytes_text(key)) != NULL) {
        return false;
    }
    table_add(table, bytes_text(key), table);
    return true;
}

static bool has_audit(const struct record_type *type)
{
    return type == &record_restriction || type == &record_standing ||
           type == &record_peer_display || type == &record_authority_report;
}

static void check_decisions(struct run *run, const struct moment *step)
{
    struct table audits = {0};
    struct table restrictions = {0};
    struct table records = {0};
    const struct output *outputs = run->outputs.items;
    for (size_t i = 0; i < run->outputs.count; i++) {
        if (outputs[i].value == NULL) {
            continue;
        }
        const char *event = text_at(&outputs[i], "event_id");
        const char *decision = text_at(&outputs[i], "decision_id");
        if (event != NULL && !mark(&records, event) && i >= run->looked) {
            fail_output(run, step, "the event_id is that of an earlier record:", &outputs[i]);
        }
        if (outputs[i].type == &record_audit && !mark(&audits, decision) && i >= run->looked) {
            fail_output(run, step, "a second audit record of one decision:", &outputs[i]);
        }
        if (outputs[i].type == &record_restriction && !mark(&restrictions, decision) &&
            i >= run->looked) {
            fail_output(run, step, "a second restriction of one decision:", &outputs[i]);
        }
    }
    for (size_t i = run->looked; i < run->outputs.count; i++) {
        if (has_audit(outputs[i].type) && outputs[i].value != NULL &&
            table_find(&audits, bytes_text(text_at(&outputs[i], "decision_id"))) == NULL) {
            fail_output(run, step, "no audit record of this decision:", &outputs[i]);
        }
    }
    table_release(&audits);
    table_release(&restrictions);
    table_release(&records);
}

/* Index of the output in `force` with this restriction_id; its length if there is none. */
static size_t find(const struct run *run, const struct list *force, const char *id)
{
    const size_t *items = force->items;
    const struct output *outputs = run->outputs.items;
    size_t i = 0;
    while (i < force->count &&
           (id == NULL || strcmp(text_at(&outputs[items[i]], "restriction_id"), id) != 0)) {
        i++;
    }
    return i;
}

static void drop(const struct run *run, struct list *force, const char *id)
{
    size_t *items = force->items;
    const size_t at = find(run, force, id);
    if (at < force->count) {
        items[at] = items[--force->count];
    }
}

/* What the restrictions of `subject` so far have put in force: the last output of each. */
static void fold(const struct run *run, const char *subject, struct list *force)
{
    const struct output *outputs = run->outputs.items;
    for (size_t i = 0; i < run->outputs.count; i++) {
        const struct output *output = &outputs[i];
        if (output->type != &record_restriction || output->value == NULL ||
            strcmp(output->subject, subject) != 0) {
            continue;
        }
        const char *op = text_at(output, "op");
        drop(run, force, text_at(output, "supersedes"));
        drop(run, force, text_at(output, "restriction_id"));
        const char *measure = text_at(output, "measure");
        if (strcmp(op, "LIFT") != 0 && strcmp(op, "REVERSE") != 0 &&
            strcmp(measure, "CONTENT_REMOVE") != 0) { /* an event, not an item */
            *(size_t *)list_push(force, sizeof(i)) = i;
        }
    }
}

static bool same_item(const struct output *restriction, const json_t *item)
{
    static const char *const fields[] = {
        "restriction_id", "measure", "target_kind", "target_id",  "area",          "ledger",
        "scopes",         "stage",   "starts_at",   "expires_at", "end_disclosed", "state"};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const json_t *own = json_object_get(restriction->value, fields[i]);
        const json_t *other = json_object_get(item, fields[i]);
        if (own != other && !json_equal(own, other)) { /* the same or both missing */
            return false;
        }
    }
    return true;
}

static void check_standing(struct run *run, const struct moment *step, const char *subject)
{
    struct list force = {0};
    const struct output *outputs = run->outputs.items;
    const struct output *standing = NULL;
    for (size_t i = 0; i < run->outputs.count; i++) {
        if (outputs[i].type == &record_standing && strcmp(outputs[i].subject, subject) == 0) {
            standing = &outputs[i];
        }
    }
    fold(run, subject, &force);
    const json_t *items =
        standing == NULL ? NULL : json_object_get(standing->value, "restrictions");
    const size_t *indexes = force.items;
    bool good = json_array_size(items) == force.count;
    for (size_t i = 0; i < force.count && good; i++) {
        bool found = false;
        for (size_t j = 0; j < json_array_size(items) && !found; j++) {
            found = same_item(&outputs[indexes[i]], json_array_get(items, j));
        }
        good = found;
    }
    if (!good) {
        const struct place place = step->looks ? step->look_place : step->place;
        struct buffer text = {0};
        for (size_t i = 0; i < force.count; i++) {
            buffer_printf(&text, "\n    in force: ");
            output_print(run, &outputs[indexes[i]], &text);
        }
        buffer_printf(&text, "\n    standing: ");
        if (standing != NULL) {
            output_print(run, standing, &text);
        }
        problems_add(run->failures, place.file, place.line,
                     "the standing of %s is not what is in force%.*s", subject,
                     BYTES_PRINT(buffer_bytes(&text)));
        buffer_release(&text);
    }
    list_release(&force);
}

void moment_check(struct run *run, const struct moment *step)
{
    struct table done = {0};
    const struct output *outputs = run->outputs.items;
    check_decisions(run, step);
    for (size_t i = run->looked; i < run->outputs.count; i++) {
        if ((outputs[i].type == &record_restriction || outputs[i].type == &record_standing) &&
            mark(&done, outputs[i].subject)) {
            check_standing(run, step, outputs[i].subject);
        }
    }
    table_release(&done);
}
