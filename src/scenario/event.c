/* One line of a step -> one input record as a JSON object, with the usual values of what is left
 * out.
 *
 * References stay in the object until the run; the check puts something harmless in their place.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "schema/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Words that stand for a record with some of its fields. */
static const struct {
    const char *word;
    const char *type;
    const char *kind;
} aliases[] = {
    {"confirm", "verdict", "CONFIRM"},
    {"dismiss", "verdict", "DISMISS"},
};

/* What a left-out field has. $id: the event's id; $time: the event's time; $subject: the subject's
 * id. */
static const struct {
    const struct record_type *type;
    const char *field;
    const char *value;
} usual[] = {
    {&record_report, "source_kind", "USER_REPORT_POLICY"},
    {&record_report, "report_kind", "BREACH"},
    {&record_report, "reporter_id", "r.$id"},
    {&record_report, "good_faith", "true"},
    {&record_report, "act_at", "$time"},
    {&record_report, "relation", "NON_FRIEND"},
    {&record_report, "sender_kind", "PERSON"},
    {&record_report, "content_form", "TEXT"},
    {&record_report, "publisher_is_press", "false"},
    {&record_chat_event, "count", "1"},
    {&record_verdict, "severity", "LIGHT"},
    {&record_verdict, "reviewer_ref", "reviewer-1"},
    {&record_rights_claim, "claim_id", "$id"},
    {&record_rights_claim, "action", "OPEN"},
    {&record_rights_claim, "initiative", "CLAIM"},
    {&record_rights_claim, "act_at", "$time"},
    {&record_rights_claim, "prima_facie", "true"},
    {&record_rights_claim, "publisher_is_press", "false"},
    {&record_identity_proof, "proof_id", "$id"},
    {&record_identity_proof, "requested_by_self", "true"},
    {&record_identity_proof, "masking_ok", "true"},
    {&record_identity_proof, "accepted", "true"},
    {&record_identity_proof, "proof_ref", "proof.$id"},
    {&record_authority_request, "request_id", "$id"},
    {&record_authority_request, "action", "ORDER"},
    {&record_authority_request, "rank", "BINDING"},
    {&record_authority_request, "order_type", "LIMIT"},
    {&record_authority_request, "document_ref", "document.$id"},
    {&record_appeal, "appeal_id", "$id"},
    {&record_appeal, "kind", "APPEAL"},
    {&record_appeal, "appellant_id", "$subject"},
    {&record_appeal, "verified_subject", "true"},
    {&record_appeal, "requested_by", "SELF"},
    {&record_inquiry, "verified_subject", "false"},
    {&record_inquiry, "wants_review", "false"},
    {&record_dispute, "dispute_id", "$id"},
    {&record_dispute, "authority", "TDMC"},
    {&record_harm_report, "origin", "HARM_LIST"},
    {&record_harm_report, "notice", "INCIDENT"},
    {&record_account_change, "erase_consent", "true"},
    {&record_notice_preference, "text_version", "v1"},
};

struct event_parser {
    struct scenario_set *set;
    const struct scenario *scenario;
    const struct statement *statement;
    struct event *event;
    struct problems *problems;
    bool failed;
};

static void fail(struct event_parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);
static void fail(struct event_parser *parser, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    problems_add(parser->problems, parser->statement->place.file, parser->statement->place.line,
                 "%s", text);
    parser->failed = true;
}

static json_t *number_value(struct event_parser *parser, const char *text)
{
    int64_t number = 0;
    char *end = NULL;
    if (moment_parse(text, parser->scenario->heading.start_ms, &number)) {
        return json_integer(number);
    }
    number = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        return json_string(text); /* the line check says what is wrong with it */
    }
    return json_integer(number);
}

/* Hex digits of the right number, or the hash of a word. */
static json_t *fixed_value(const struct field_type *field, const char *text)
{
    uint8_t bytes[DIGEST_SIZE];
    char digits[2 * DIGEST_SIZE];
    if (field->size != DIGEST_SIZE || hex_parse(bytes_text(text), bytes, DIGEST_SIZE)) {
        return json_string(text);
    }
    const struct bytes part = bytes_text(text);
    digest_sha256(&part, 1, bytes);
    hex_format(bytes_of(bytes, DIGEST_SIZE), digits);
    return json_stringn(digits, sizeof(digits));
}

static json_t *list_value(const char *text)
{
    json_t *items = json_array();
    if (strcmp(text, "[]") == 0) {
        return items;
    }
    for (;; text++) {
        const size_t size = strcspn(text, ",");
        json_array_append_new(items, json_stringn(text, size));
        text += size;
        if (*text == '\0') {
            return items;
        }
    }
}

/* "950" or "SPAM_AD:950"; without a category it is filled in with the claimed one at the end. */
static json_t *label_value(const char *text)
{
    const char *colon = strrchr(text, ':');
    json_t *label = json_object();
    if (colon != NULL) {
        json_object_set_new(label, "category", json_stringn(text, (size_t)(colon - text)));
    }
    char *end = NULL;
    const char *score = colon == NULL ? text : colon + 1;
    const long long number = strtoll(score, &end, 10);
    json_object_set_new(label, "score",
                        *score == '\0' || *end != '\0' ? json_string(score) : json_integer(number));
    json_object_set_new(label, "labeller", json_string("labeller-1"));
    return label;
}

static json_t *field_value(struct event_parser *parser, const struct field_type *field,
                           const char *text)
{
    if (strcmp(text, "null") == 0) {
        return json_null();
    }
    switch (field->kind) {
    case FIELD_BOOLEAN:
        return strcmp(text, "true") == 0    ? json_true()
               : strcmp(text, "false") == 0 ? json_false()
                                            : json_string(text);
    case FIELD_INT:
    case FIELD_LONG:
        return text[0] == '@' ? json_string(text) : number_value(parser, text);
    case FIELD_FIXED:
        return fixed_value(field, text);
    case FIELD_SET:
    case FIELD_LIST:
        return list_value(text);
    case FIELD_STRING:
    case FIELD_BYTES:
    case FIELD_ENUM:
    case FIELD_RECORD:
        return json_string(text);
    }
    ASSERT(false);
    return NULL;
}

static bool is_set(const void *context, const char *field)
{
    const struct event *event = context;
    return json_object_get(event->value, field) != NULL;
}

static void set_field(struct event_parser *parser, const char *name, const char *text)
{
    struct event *event = parser->event;
    const struct field_type *field = field_find(event->type, name, strlen(name));
    if (field == NULL) {
        fail(parser, "%s: is no field of %s", name, event->type->name);
        return;
    }
    /* The value of a field of an event further up is known now; of an output, only in the run. */
    const char *dot = strchr(text, '.');
    const struct event *other =
        text[0] == '@' && dot != NULL
            ? event_find(parser->scenario, text + 1, (size_t)(dot - text) - 1)
            : NULL;
    json_t *known = other != NULL ? json_at(other->value, dot + 1) : NULL;
    json_object_set_new(event->value, name,
                        known != NULL ? json_incref(known) : field_value(parser, field, text));
}

static void add_label(struct event_parser *parser, const char *text)
{
    json_t *labels = json_object_get(parser->event->value, "labels");
    if (labels == NULL) {
        labels = json_array();
        json_object_set_new(parser->event->value, "labels", labels);
    }
    json_array_append_new(labels, label_value(text));
}

/* A verdict on the case of a report: case, reports, category and area, unless the line gives them.
 */
static void add_of(struct event_parser *parser, const char *report)
{
    static const char *const fields[][2] = {{"case_id", "@%s.case"},
                                            {"report_ids", "%s"},
                                            {"category", "@%s.category"},
                                            {"area", "@%s.area"}};
    char text[256];
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const char *form = fields[i][1];
        const char *mark = strstr(form, "%s");
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - form), form, report, mark + 2);
        if (!is_set(parser->event, fields[i][0])) {
            set_field(parser, fields[i][0], text);
        }
    }
}

static void read_word(struct event_parser *parser, const char *word, const char **of_out)
{
    struct event *event = parser->event;
    struct pair pair = {0};
    if (strchr(word, '=') == NULL) {
        const struct field_type *field = field_of_symbol(event->type, word, is_set, event);
        if (field == NULL) {
            fail(parser, "'%s' is no symbol of a field of %s that is still free", word,
                 event->type->name);
        } else {
            json_object_set_new(event->value, field->name, json_string(word));
        }
    } else if (!pair_parse(&parser->set->arena, word, &pair) || pair.comparison != COMPARE_EQUAL) {
        fail(parser, "'%s': write FIELD=VALUE", word);
    } else if (strcmp(pair.field, "as") == 0) {
        json_object_set_new(event->value, "event_id", json_string(pair.value));
    } else if (strcmp(pair.field, "by") == 0) {
        set_field(parser, "reporter_id", pair.value);
    } else if (strcmp(pair.field, "label") == 0) {
        add_label(parser, pair.value);
    } else if (strcmp(pair.field, "of") == 0) {
        *of_out = pair.value;
    } else {
        set_field(parser, pair.field, pair.value);
    }
}

static void add_usual(struct event_parser *parser, const char *subject_id)
{
    struct event *event = parser->event;
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        if (usual[i].type != event->type || is_set(event, usual[i].field)) {
            continue;
        }
        const char *value = usual[i].value;
        char text[128];
        if (strcmp(value, "$time") == 0) {
            json_object_set_new(event->value, usual[i].field, json_integer(event->time_ms));
            continue;
        }
        const char *mark = strchr(value, '$');
        if (mark != NULL) {
            snprintf(text, sizeof(text), "%.*s%s", (int)(mark - value), value,
                     strcmp(mark, "$id") == 0 ? event->name : subject_id);
            value = text;
        }
        set_field(parser, usual[i].field, value);
    }
    if (event->type == &record_report && !is_set(event, "target_kind")) {
        set_field(parser, "target_kind",
                  is_set(event, "content_ref")
                      ? "CONTENT"
                      : json_string_value(json_object_get(event->value, "subject_kind")));
    }
    json_t *label = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(event->value, "labels"), i, label)
    {
        if (json_object_get(label, "category") == NULL) {
            json_object_set(label, "category", json_object_get(event->value, "category"));
        }
    }
}

/* The object with every reference replaced by something that the field can hold. */
static json_t *without_references(const struct event *event)
{
    json_t *copy = json_deep_copy(event->value);
    for (uint32_t i = 0; i < event->type->field_count; i++) {
        const struct field_type *field = &event->type->fields[i];
        json_t *value = json_object_get(copy, field->name);
        json_t *item = NULL;
        size_t index = 0;
        json_array_foreach(value, index, item)
        {
            if (json_is_string(item) && json_string_value(item)[0] == '@') {
                json_array_set_new(value, index, json_string("later"));
            }
        }
        if (json_is_string(value) && json_string_value(value)[0] == '@') {
            json_object_set_new(copy, field->name,
                                field->kind == FIELD_STRING ? json_string("later")
                                : field->kind == FIELD_ENUM
                                    ? json_string(field->enumeration->symbols[0])
                                    : json_integer(0));
        }
    }
    return copy;
}

static void on_problem(void *context, const char *field, const char *reason)
{
    fail(context, "%s: %s", field, reason);
}

static void check(struct event_parser *parser)
{
    const struct event *event = parser->event;
    struct arena arena = {0};
    json_t *object = without_references(event);
    void *record = memory_get(event->type->size);
    memset(record, 0, event->type->size);
    json_read_record(event->type, object, &arena, record, on_problem, parser);
    free(record);
    json_decref(object);
    arena_release(&arena);
}

static const struct topic *input_of(const struct record_type *type)
{
    for (size_t i = 0; i < topic_count; i++) {
        if (topics[i].role == TOPIC_INPUT && topic_takes(&topics[i], type)) {
            return &topics[i];
        }
    }
    return NULL;
}

static bool read_subject(struct event_parser *parser, const char *subject)
{
    const char *colon = strchr(subject, ':');
    if (colon == NULL) {
        fail(parser, "'%s' is no subject such as USER:u1", subject);
        return false;
    }
    json_object_set_new(parser->event->value, "subject_kind",
                        json_stringn(subject, (size_t)(colon - subject)));
    json_object_set_new(parser->event->value, "subject_id", json_string(colon + 1));
    return true;
}

/* The event's id is known before its other fields, which may be made from it. */
static void name_event(struct event_parser *parser)
{
    const struct statement *statement = parser->statement;
    struct event *event = parser->event;
    char text[128];
    char word[64];
    type_word(event->type, word);
    snprintf(text, sizeof(text), "%s.%zu.%" PRId64, word, statement->place.line,
             event->time_ms - parser->scenario->heading.start_ms);
    const char *name = text;
    for (size_t i = 2; i < statement->count; i++) {
        if (strncmp(statement->words[i], "as=", 3) == 0) {
            name = statement->words[i] + 3;
        }
    }
    event->name = text_copy(&parser->set->arena, name, strlen(name));
    json_object_set_new(event->value, "event_id", json_string(event->name));
}

static void read_record(struct event_parser *parser)
{
    const struct statement *statement = parser->statement;
    struct event *event = parser->event;
    const char *word = statement->words[0];
    const char *kind = NULL;
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        if (strcmp(aliases[i].word, word) == 0) {
            word = aliases[i].type;
            kind = aliases[i].kind;
        }
    }
    event->type = type_of_word(word);
    event->topic = event->type == NULL ? NULL : input_of(event->type);
    if (event->topic == NULL || event->type == &record_policy_version) {
        fail(parser,
             "'%s' is no event: an input record such as report, or confirm, dismiss, "
             "publish",
             word);
        return;
    }
    if (statement->count < 2) {
        fail(parser, "'%s' needs a subject such as USER:u1", word);
        return;
    }
    event->value = json_object();
    name_event(parser);
    if (!read_subject(parser, statement->words[1])) {
        return;
    }
    json_object_set_new(event->value, "occurred_at", json_integer(event->time_ms));
    if (kind != NULL) {
        set_field(parser, "kind", kind);
    }
    const char *of = NULL;
    for (size_t i = 2; i < statement->count; i++) {
        read_word(parser, statement->words[i], &of);
    }
    if (of != NULL) {
        add_of(parser, of);
    }
    add_usual(parser, strchr(statement->words[1], ':') + 1);
    if (!parser->failed) {
        check(parser);
    }
}

bool event_parse(struct scenario_set *set, const struct scenario *scenario,
                 const struct statement *statement, int64_t time_ms, struct event *event_out,
                 struct problems *problems)
{
    *event_out = (struct event){.place = statement->place, .time_ms = time_ms};
    struct event_parser parser = {.set = set,
                                  .scenario = scenario,
                                  .statement = statement,
                                  .event = event_out,
                                  .problems = problems};
    if (time_ms < TIME_MIN_MS || time_ms >= TIME_MAX_MS) {
        fail(&parser, "the time lies outside 2000 to 2100");
    }
    event_out->publish = strcmp(statement->words[0], "publish") == 0;
    if (!event_out->publish) {
        read_record(&parser);
    } else if (!policy_source_parse(&set->arena, statement, &event_out->policy, problems)) {
        parser.failed = true;
    }
    return !parser.failed;
}
