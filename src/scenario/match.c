/* Expectations of a step against the outputs since the last look.
 *
 * In file order, each takes the first record that fits and is not taken; so of two that fit the
 * same record the more particular one stands first.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 6 };

static void failure(struct run *run, struct place place, const char *format, ...) PRINTF_LIKE(3, 4);
static void failure(struct run *run, struct place place, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    problems_add(run->failures, place.file, place.line, "%s", text);
}

/* A list as its words; items that are no words never equal one. */
static bool list_has(const json_t *list, const char *word, size_t size)
{
    json_t *item = NULL;
    size_t index = 0;
    json_array_foreach(list, index, item)
    {
        const char *text = json_string_value(item);
        if (text != NULL && strlen(text) == size && memcmp(text, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* As sets: the order of a list is that of arrival, which a scenario need not know. */
static bool list_fits(const json_t *list, const char *words)
{
    size_t count = 0;
    if (strcmp(words, "[]") == 0) {
        return json_array_size(list) == 0;
    }
    for (;; words++) {
        const size_t size = strcspn(words, ",");
        count++;
        if (!list_has(list, words, size)) {
            return false;
        }
        words += size;
        if (*words == '\0') {
            return count == json_array_size(list);
        }
    }
}

static bool number_fits(int64_t actual, enum comparison comparison, int64_t expected)
{
    switch (comparison) {
    case COMPARE_EQUAL:
        return actual == expected;
    case COMPARE_NOT_EQUAL:
        return actual != expected;
    case COMPARE_AT_MOST:
        return actual <= expected;
    case COMPARE_AT_LEAST:
        return actual >= expected;
    }
    ASSERT(false);
    return false;
}

/* A number as a scenario writes it: a time or digits. */
static bool number_of(const struct run *run, const char *text, int64_t *number_out)
{
    if (moment_parse(text, run->scenario->heading.start_ms, number_out)) {
        return true;
    }
    char *end = NULL;
    *number_out = strtoll(text, &end, 10);
    return *text != '\0' && *end == '\0';
}

static bool text_fits(const struct run *run, const json_t *actual, enum comparison comparison,
                      const char *expected)
{
    int64_t number = 0;
    int64_t own = 0;
    if (json_is_integer(actual)) {
        return number_of(run, expected, &number) &&
               number_fits(json_integer_value(actual), comparison, number);
    }
    bool equal = false;
    if (actual == NULL || json_is_null(actual)) {
        equal = strcmp(expected, "null") == 0;
    } else if (json_is_boolean(actual)) {
        equal = strcmp(expected, json_is_true(actual) ? "true" : "false") == 0;
    } else if (json_is_array(actual)) {
        equal = list_fits(actual, expected);
    } else if (json_is_string(actual)) {
        const char *text = json_string_value(actual);
        equal = strcmp(text, expected) == 0;
        if ((*expected == '+' || *expected == '-') && number_of(run, expected, &number) &&
            number_of(run, text, &own)) { /* a parameter of a notice holds digits */
            return number_fits(own, comparison, number);
        }
    }
    return comparison == COMPARE_NOT_EQUAL ? !equal : comparison == COMPARE_EQUAL && equal;
}

/* The expected text with references replaced, item by item. False: one is not known. */
static bool expected_text(const struct run *run, const char *value, struct buffer *out)
{
    for (;; value++) {
        const size_t size = strcspn(value, ",");
        if (*value == '@') {
            char text[256];
            snprintf(text, sizeof(text), "%.*s", (int)size, value);
            json_t *found = reference_find(run, text);
            if (json_is_string(found)) {
                buffer_append(out, bytes_text(json_string_value(found)));
            } else if (json_is_integer(found)) {
                buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(found));
            }
            const bool usable = json_is_string(found) || json_is_integer(found);
            json_decref(found);
            if (!usable) {
                return false;
            }
        } else {
            buffer_append(out, bytes_of(value, size));
        }
        value += size;
        buffer_append(out, *value == ',' ? bytes_text(",") : bytes_of("", 1));
        if (*value == '\0') {
            return true;
        }
    }
}

bool value_fits(const struct run *run, const json_t *actual, const struct pair *pair)
{
    if (strchr(pair->value, '@') == NULL) {
        return text_fits(run, actual, pair->comparison, pair->value);
    }
    struct buffer text = {0};
    const bool fits = expected_text(run, pair->value, &text) &&
                      text_fits(run, actual, pair->comparison, (const char *)text.data);
    buffer_release(&text);
    return fits;
}

/* restrictions.count is the number of items. */
static bool pair_fits(const struct run *run, const json_t *value, const struct pair *pair)
{
    const size_t size = strlen(pair->field);
    static const char suffix[] = ".count";
    if (size >= sizeof(suffix) && strcmp(pair->field + size - sizeof(suffix) + 1, suffix) == 0) {
        char path[128];
        snprintf(path, sizeof(path), "%.*s", (int)(size - sizeof(suffix) + 1), pair->field);
        const json_t *list = json_at(value, path);
        if (json_is_array(list)) {
            json_t *count = json_integer((json_int_t)json_array_size(list));
            const bool fits = value_fits(run, count, pair);
            json_decref(count);
            return fits;
        }
    }
    return value_fits(run, json_at(value, pair->field), pair);
}

static bool is_about(const struct expectation *expectation, const struct output *output)
{
    return output->type == expectation->type &&
           (expectation->subject == NULL || strcmp(expectation->subject, output->subject) == 0);
}

/* NULL: it fits; else the field that does not. */
static const char *misfit(const struct run *run, const struct expectation *expectation,
                          const struct output *output)
{
    if (expectation->tombstone != (output->value == NULL)) {
        return expectation->tombstone ? "a tombstone" : "a record, not a tombstone";
    }
    for (size_t i = 0; i < expectation->pair_count; i++) {
        if (!pair_fits(run, output->value, &expectation->pairs[i])) {
            return expectation->pairs[i].field;
        }
    }
    return NULL;
}

static void describe(const struct expectation *expectation, struct buffer *out)
{
    static const char *const signs[] = {[COMPARE_EQUAL] = "=",
                                        [COMPARE_NOT_EQUAL] = "!=",
                                        [COMPARE_AT_MOST] = "<=",
                                        [COMPARE_AT_LEAST] = ">="};
    char word[64];
    type_word(expectation->type, word);
    buffer_printf(out, "%s %s%s", word,
                  expectation->subject == NULL ? "of anybody" : expectation->subject,
                  expectation->tombstone ? " null" : "");
    for (size_t i = 0; i < expectation->pair_count; i++) {
        const struct pair *pair = &expectation->pairs[i];
        buffer_printf(out, " %s%s%s", pair->field, signs[pair->comparison], pair->value);
    }
}

/* "expected ...; came: ..." with the first field that differs of each record about the same. */
static void fail_missing(struct run *run, const struct expectation *expectation, size_t first)
{
    struct buffer text = {0};
    const struct output *outputs = run->outputs.items;
    describe(expectation, &text);
    int shown = 0;
    for (size_t i = first; i < run->outputs.count; i++) {
        if (!is_about(expectation, &outputs[i])) {
            continue;
        }
        if (shown++ < SHOWN_MAX) {
            const char *field = misfit(run, expectation, &outputs[i]);
            buffer_printf(&text, "\n    came, %s%s: ",
                          field == NULL ? "but another line expects it" : "but not this ",
                          field == NULL ? "" : field);
            output_print(run, &outputs[i], &text);
        }
    }
    if (shown == 0) {
        buffer_printf(&text, "\n    nothing of this kind came");
    } else if (shown > SHOWN_MAX) {
        buffer_printf(&text, "\n    and %d more", shown - SHOWN_MAX);
    }
    failure(run, expectation->place, "expected %.*s", BYTES_PRINT(buffer_bytes(&text)));
    buffer_release(&text);
}

static void fail_output(struct run *run, struct place place, const char *says,
                        const struct output *output)
{
    struct buffer text = {0};
    output_print(run, output, &text);
    failure(run, place, "%s %.*s", says, BYTES_PRINT(buffer_bytes(&text)));
    buffer_release(&text);
}

static void match_one(struct run *run, const struct expectation *expectation)
{
    struct output *outputs = run->outputs.items;
    for (size_t i = run->looked; i < run->outputs.count; i++) {
        if (!outputs[i].matched && is_about(expectation, &outputs[i]) &&
            misfit(run, expectation, &outputs[i]) == NULL) {
            outputs[i].matched = true;
            if (expectation->name != NULL) {
                struct named *named = list_push(&run->names, sizeof(*named));
                *named = (struct named){expectation->name, i};
            }
            return;
        }
    }
    fail_missing(run, expectation, run->looked);
}

/* Nobody else expects it either. */
static void match_none(struct run *run, const struct expectation *expectation)
{
    const struct output *outputs = run->outputs.items;
    for (size_t i = run->looked; i < run->outputs.count; i++) {
        if (!outputs[i].matched && is_about(expectation, &outputs[i]) &&
            misfit(run, expectation, &outputs[i]) == NULL) {
            fail_output(run, expectation->place, "must not come:", &outputs[i]);
        }
    }
}

static void match_now(struct run *run, const struct expectation *expectation)
{
    struct output *outputs = run->outputs.items;
    size_t last = run->outputs.count;
    for (size_t i = 0; i < run->outputs.count; i++) {
        last = is_about(expectation, &outputs[i]) ? i : last;
    }
    if (last == run->outputs.count) {
        if (!expectation->tombstone) {
            fail_missing(run, expectation, run->outputs.count);
        }
        return;
    }
    if (misfit(run, expectation, &outputs[last]) != NULL) {
        fail_missing(run, expectation, last);
    } else {
        outputs[last].matched = true;
    }
}

/* Whether somebody wants to know of every record like this one. */
static bool is_complete(const struct run *run, const struct moment *step,
                        const struct output *output)
{
    if (run->scenario->heading.complete[type_index(output->type)]) {
        return true;
    }
    const struct expectation *expectations = step->expectations.items;
    for (size_t i = 0; i < step->expectations.count; i++) {
        if (expectations[i].kind == EXPECT_ONLY && is_about(&expectations[i], output)) {
            return true;
        }
    }
    return false;
}

static void match_kind(struct run *run, const struct moment *step, enum expectation_kind kind)
{
    const struct expectation *expectations = step->expectations.items;
    for (size_t i = 0; i < step->expectations.count; i++) {
        if (expectations[i].kind != kind) {
            continue;
        }
        switch (kind) {
        case EXPECT_ONE:
            match_one(run, &expectations[i]);
            break;
        case EXPECT_ONLY: /* without words it only says that the other lines are all */
            if (expectations[i].pair_count > 0 || expectations[i].tombstone) {
                match_one(run, &expectations[i]);
            }
            break;
        case EXPECT_NOW:
            match_now(run, &expectations[i]);
            break;
        case EXPECT_NONE:
            match_none(run, &expectations[i]);
            break;
        }
    }
}

void moment_match(struct run *run, const struct moment *step)
{
    static const enum expectation_kind order[] = {EXPECT_ONE, EXPECT_ONLY, EXPECT_NOW, EXPECT_NONE};
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        match_kind(run, step, order[i]);
    }
    struct output *outputs = run->outputs.items;
    for (size_t i = run->looked; i < run->outputs.count; i++) {
        if (!outputs[i].matched && is_complete(run, step, &outputs[i])) {
            fail_output(run, step->look_place, "unexpected:", &outputs[i]);
        }
    }
}
