/* Statements -> scenarios with their steps.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdlib.h>

#define START_MS INT64_C(1772355600000) /* 2026-03-01T09:00:00Z */

struct parser {
    struct scenario_set *set;
    struct problems *problems;
    struct scenario *scenario; /* NULL: none yet */
    struct moment *step;       /* NULL: none yet in this scenario */
    bool expecting;            /* lines are expectations */
};

static void problem(const struct parser *parser, const struct statement *statement,
                    const char *format, const char *text)
{
    char line[512];
    const char *mark = strstr(format, "%s");
    snprintf(line, sizeof(line), "%.*s%s%s", (int)(mark - format), format, text, mark + 2);
    problems_add(parser->problems, statement->place.file, statement->place.line, "%s", line);
}

static void read_complete(struct parser *parser, const struct statement *statement,
                          struct heading *heading)
{
    for (size_t i = 1; i < statement->count; i++) {
        const struct record_type *type = type_of_word(statement->words[i]);
        if (type == NULL || topic_of_output(type) == NULL) {
            problem(parser, statement, "complete: '%s' is no output record", statement->words[i]);
        } else {
            heading->complete[type_index(type)] = true;
        }
    }
}

/* policy, start, partitions, complete. False: it is another statement. */
static bool read_heading(struct parser *parser, const struct statement *statement)
{
    struct heading *heading =
        parser->scenario != NULL ? &parser->scenario->heading : &parser->set->heading;
    const char *word = statement->words[0];
    const char *value = statement->count > 1 ? statement->words[1] : "";
    if (strcmp(word, "complete") == 0) {
        read_complete(parser, statement, heading);
        return true;
    }
    if (strcmp(word, "policy") == 0) {
        policy_source_parse(&parser->set->arena, statement, &heading->policy, parser->problems);
    } else if (strcmp(word, "start") == 0) {
        if (!moment_parse(value, START_MS, &heading->start_ms)) {
            problem(parser, statement, "start: '%s' is no time such as 2026-03-01T09:00:00Z",
                    value);
        }
    } else if (strcmp(word, "partitions") == 0) {
        heading->partitions = strtoll(value, NULL, 10);
        if (heading->partitions < 1 || heading->partitions > 1000) {
            problem(parser, statement, "partitions: '%s' is no number from 1 to 1000", value);
        }
    } else {
        return false;
    }
    if (statement->count != 2 && strcmp(word, "policy") != 0) {
        problem(parser, statement, "%s: needs one value", word);
    } else if (parser->step != NULL) {
        problem(parser, statement, "%s: must stand before the first step", word);
    }
    return true;
}

static void begin_scenario(struct parser *parser, const struct statement *statement)
{
    parser->scenario = list_push(&parser->set->scenarios, sizeof(*parser->scenario));
    parser->scenario->place = statement->place;
    parser->scenario->title = statement->rest;
    parser->scenario->heading = parser->set->heading;
    parser->step = NULL;
    parser->expecting = false;
}

/* A step at the time of the second word. */
static bool begin_step(struct parser *parser, const struct statement *statement)
{
    const char *text = statement->count == 2 ? statement->words[1] : "";
    const int64_t before = parser->step == NULL ? INT64_MIN : parser->step->time_ms;
    int64_t time_ms = 0;
    if (!moment_parse(text, parser->scenario->heading.start_ms, &time_ms)) {
        problem(parser, statement, "%s: needs a time such as +5d3h", statement->words[0]);
        return false;
    }
    if (time_ms < before) {
        problem(parser, statement, "%s: steps must not go back in time", text);
        return false;
    }
    parser->step = list_push(&parser->scenario->steps, sizeof(*parser->step));
    parser->step->place = statement->place;
    parser->step->time_ms = time_ms;
    parser->step->given = strcmp(statement->words[0], "given") == 0;
    parser->expecting = false;
    return true;
}

static void begin_look(struct parser *parser, const struct statement *statement)
{
    if (statement->count > 1) {
        if (!begin_step(parser, statement)) {
            return;
        }
    } else if (parser->step == NULL || parser->step->looks || parser->step->given) {
        problem(parser, statement, "%s: needs a time, or a step with events before it", "expect");
        return;
    }
    parser->step->looks = true;
    parser->step->look_place = statement->place;
    parser->expecting = true;
}

struct expectation_parser {
    struct parser *parser;
    const struct statement *statement;
    struct expectation *expectation;
    struct list pairs;
};

static bool pair_taken(const void *context, const char *field)
{
    const struct expectation_parser *reader = context;
    const struct pair *pairs = reader->pairs.items;
    for (size_t i = 0; i < reader->pairs.count; i++) {
        if (strcmp(pairs[i].field, field) == 0) {
            return true;
        }
    }
    return false;
}

static void add_pair(struct expectation_parser *reader, const struct pair *pair)
{
    *(struct pair *)list_push(&reader->pairs, sizeof(*pair)) = *pair;
}

static void read_expected_word(struct expectation_parser *reader, const char *word)
{
    struct expectation *expectation = reader->expectation;
    struct pair pair = {0};
    if (strcmp(word, "null") == 0) {
        expectation->tombstone = true;
    } else if (strchr(word, '=') == NULL) {
        const struct field_type *field =
            field_of_symbol(expectation->type, word, pair_taken, reader);
        if (field == NULL) {
            problem(reader->parser, reader->statement,
                    "'%s' is no symbol of a field that is still free", word);
            return;
        }
        add_pair(reader, &(struct pair){.field = field->name, .value = word});
    } else if (!pair_parse(&reader->parser->set->arena, word, &pair)) {
        problem(reader->parser, reader->statement, "'%s': write FIELD=VALUE", word);
    } else if (strcmp(pair.field, "as") == 0) {
        expectation->name = pair.value;
    } else {
        const char *reason = path_problem(expectation->type, &pair);
        if (reason != NULL) {
            problems_add(reader->parser->problems, reader->statement->place.file,
                         reader->statement->place.line, "%s: %s in %s", word, reason,
                         expectation->type->name);
        }
        add_pair(reader, &pair);
    }
}

/* The record that a word of an expectation names; words that stand for more add a pair. */
static const struct record_type *expected_type(struct expectation_parser *reader, const char *word)
{
    if (strcmp(word, "outcome") == 0) {
        add_pair(reader, &(struct pair){.field = "kind", .value = "REPORT_OUTCOME"});
        return &record_signal;
    }
    const struct record_type *type = type_of_word(word);
    return type != NULL && topic_of_output(type) != NULL ? type : NULL;
}

static void read_expectation(struct parser *parser, const struct statement *statement)
{
    static const struct {
        const char *word;
        enum expectation_kind kind;
    } kinds[] = {{"no", EXPECT_NONE}, {"only", EXPECT_ONLY}, {"now", EXPECT_NOW}};
    struct expectation expectation = {.place = statement->place};
    struct expectation_parser reader = {
        .parser = parser, .statement = statement, .expectation = &expectation};
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (at == 0 && strcmp(statement->words[0], kinds[i].word) == 0) {
            expectation.kind = kinds[i].kind;
            at++;
        }
    }
    const char *word = at < statement->count ? statement->words[at++] : "";
    expectation.type = expected_type(&reader, word);
    if (expectation.type == NULL) {
        problem(parser, statement, "'%s' is no output record such as restriction", word);
        return;
    }
    if (at < statement->count && strchr(statement->words[at], ':') != NULL &&
        strchr(statement->words[at], '=') == NULL) {
        expectation.subject = statement->words[at++];
    }
    for (; at < statement->count; at++) {
        read_expected_word(&reader, statement->words[at]);
    }
    expectation.pairs =
        arena_get(&parser->set->arena, (reader.pairs.count + 1) * sizeof(*expectation.pairs));
    if (reader.pairs.count > 0) {
        memcpy(expectation.pairs, reader.pairs.items,
               reader.pairs.count * sizeof(*expectation.pairs));
    }
    expectation.pair_count = reader.pairs.count;
    list_release(&reader.pairs);
    *(struct expectation *)list_push(&parser->step->expectations, sizeof(expectation)) =
        expectation;
}

/* In order of time; of the same time in order of the file. */
static void insert_event(struct list *events, const struct event *event)
{
    list_push(events, sizeof(*event));
    struct event *items = events->items;
    size_t at = events->count - 1;
    for (; at > 0 && items[at - 1].time_ms > event->time_ms; at--) {
        items[at] = items[at - 1];
    }
    items[at] = *event;
}

static void read_event(struct parser *parser, const struct statement *statement)
{
    struct event event = {0};
    if (event_parse(parser->set, parser->scenario, statement,
                    parser->step->time_ms + statement->offset_ms, &event, parser->problems)) {
        insert_event(&parser->step->events, &event);
    } else {
        json_decref(event.value);
    }
}

static void read_statement(struct parser *parser, const struct statement *statement)
{
    const char *word = statement->words[0];
    if (strcmp(word, "scenario") == 0) {
        begin_scenario(parser, statement);
    } else if (read_heading(parser, statement)) {
        return;
    } else if (parser->scenario == NULL) {
        problem(parser, statement, "'%s' stands before the first 'scenario TITLE'", word);
    } else if (strcmp(word, "at") == 0 || strcmp(word, "given") == 0) {
        begin_step(parser, statement);
    } else if (strcmp(word, "expect") == 0) {
        begin_look(parser, statement);
    } else if (parser->step == NULL) {
        problem(parser, statement, "'%s' stands before the first 'at TIME'", word);
    } else if (parser->expecting) {
        read_expectation(parser, statement);
    } else {
        read_event(parser, statement);
    }
}

/* What nobody looks at would look like a test. */
static void check_looks(const struct parser *parser, size_t first)
{
    const struct scenario *scenarios = parser->set->scenarios.items;
    for (size_t i = first; i < parser->set->scenarios.count; i++) {
        const struct moment *steps = scenarios[i].steps.items;
        const size_t count = scenarios[i].steps.count;
        if (count == 0 || (!steps[count - 1].looks && !steps[count - 1].given)) {
            problems_add(parser->problems, scenarios[i].place.file, scenarios[i].place.line,
                         "scenario '%s' does not end with an 'expect'", scenarios[i].title);
        }
    }
}

bool scenario_read(struct scenario_set *set, const char *path, struct problems *problems)
{
    const size_t before = problems->count;
    const size_t first = set->scenarios.count;
    struct list statements = {0};
    set->heading = (struct heading){.start_ms = START_MS};
    ASSERT(record_type_count <= COUNT_OF(set->heading.complete));
    set->heading.complete[type_index(&record_restriction)] = true;
    set->heading.complete[type_index(&record_dead_letter)] = true;
    struct parser parser = {.set = set, .problems = problems};
    if (statements_read(&set->arena, path, &statements, problems)) {
        const struct statement *items = statements.items;
        for (size_t i = 0; i < statements.count; i++) {
            read_statement(&parser, &items[i]);
        }
        check_looks(&parser, first);
    }
    list_release(&statements);
    return problems->count == before;
}

struct scenario_set *scenario_set_new(const struct codec *codec)
{
    struct scenario_set *set = memory_get(sizeof(*set));
    *set = (struct scenario_set){.codec = codec};
    return set;
}

void scenario_set_free(struct scenario_set *set)
{
    if (set == NULL) {
        return;
    }
    struct scenario *scenarios = set->scenarios.items;
    for (size_t i = 0; i < set->scenarios.count; i++) {
        struct moment *steps = scenarios[i].steps.items;
        for (size_t j = 0; j < scenarios[i].steps.count; j++) {
            struct event *events = steps[j].events.items;
            for (size_t k = 0; k < steps[j].events.count; k++) {
                json_decref(events[k].value);
            }
            list_release(&steps[j].events);
            list_release(&steps[j].expectations);
        }
        list_release(&scenarios[i].steps);
    }
    list_release(&set->scenarios);
    arena_release(&set->arena);
    free(set);
}

size_t scenario_count(const struct scenario_set *set)
{
    return set->scenarios.count;
}

static const struct scenario *get(const struct scenario_set *set, size_t index)
{
    ASSERT(index < set->scenarios.count);
    return (const struct scenario *)set->scenarios.items + index;
}

const char *scenario_title(const struct scenario_set *set, size_t index)
{
    return get(set, index)->title;
}

const char *scenario_file(const struct scenario_set *set, size_t index, size_t *line_out)
{
    *line_out = get(set, index)->place.line;
    return get(set, index)->place.file;
}
