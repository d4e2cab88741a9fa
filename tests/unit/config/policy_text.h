/* The shipped policy with a change, for tests of the loader.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_POLICY_TEXT_H
#define TEST_POLICY_TEXT_H

#include "base/buffer.h"
#include "base/problems.h"
#include "config/policy_file.h"
#include "config/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Needs those above. */
#include <cmocka.h>

#define DEFAULT_POLICY SOURCE_DIR "/config/policies/default.yaml"

/* A policy is too large for a stack in a sanitized build. */
static struct policy policy;

static inline char *default_text(void)
{
    struct buffer text = {0};
    struct problems problems = {0};
    assert_true(file_read(DEFAULT_POLICY, TREE_BYTES_MAX, &text, &problems));
    buffer_append(&text, bytes_of("", 1));
    return (char *)text.data;
}

/* Replaces the first `from` after the line that begins with `anchor`; the line of the change. */
static inline size_t change(char **text, const char *anchor, const char *from, const char *to)
{
    struct buffer line_start = {0};
    buffer_printf(&line_start, "\n%s", anchor);
    buffer_append(&line_start, bytes_of("", 1));
    const char *start = strstr(*text, (const char *)line_start.data);
    assert_non_null(start);
    const char *place = strstr(start, from);
    assert_non_null(place);
    struct buffer changed = {0};
    buffer_append(&changed, bytes_of(*text, (size_t)(place - *text)));
    buffer_append(&changed, bytes_text(to));
    buffer_append(&changed, bytes_text(place + strlen(from)));
    buffer_append(&changed, bytes_of("", 1));
    size_t line = 1;
    for (const char *c = *text; c < place; c++) {
        line += *c == '\n';
    }
    buffer_release(&line_start);
    free(*text);
    *text = (char *)changed.data;
    return line;
}

/* The problems of `text`, to be freed; "" if it is a policy. */
static inline char *policy_problems(const char *text)
{
    struct problems problems = {0};
    const bool good = policy_parse("p.yaml", bytes_text(text), &policy, &problems);
    assert_int_equal(good, problems.count == 0);
    buffer_append(&problems.text, bytes_of("", 1));
    return (char *)problems.text.data;
}

/* The problems of the default policy with one change, one a line of `expected`: the line relative
 * to the changed one, then the text, as in "-2: SPAM_AD: ...". */
static inline void assert_broken(const char *anchor, const char *from, const char *to,
                                 const char *expected)
{
    char *text = default_text();
    const size_t changed = change(&text, anchor, from, to);
    char *found = policy_problems(text);
    struct buffer wanted = {0};
    while (*expected != '\0') {
        char *end = NULL;
        const long offset = strtol(expected, &end, 10);
        const size_t size = strcspn(end, "\n");
        buffer_printf(&wanted, "p.yaml:%ld%.*s\n", (long)changed + offset, (int)size, end);
        expected = end + size + (end[size] == '\n');
    }
    buffer_append(&wanted, bytes_of("", 1));
    assert_string_equal(found, (const char *)wanted.data);
    buffer_release(&wanted);
    free(found);
    free(text);
}

#endif
