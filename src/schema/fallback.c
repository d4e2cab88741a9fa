/* A walk over valid JSON text: it checks nothing but where values end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/fallback.h"

#include "base/assert.h"

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
        at++;
    }
    return at;
}

/* Behind the string that starts at `at`. Most of a schema is text, so strchr() makes the walk fast.
 */
static const char *skip_string(const char *at)
{
    for (const char *end = strchr(at + 1, '"');; end = strchr(end + 1, '"')) {
        ASSERT(end != NULL);
        size_t escapes = 0;
        while (end[-1 - (ptrdiff_t)escapes] == '\\') {
            escapes++;
        }
        if (escapes % 2 == 0) {
            return end + 1;
        }
    }
}

/* Behind the value that starts at `at`. */
static const char *skip_value(const char *at)
{
    uint32_t depth = 0;
    do {
        at = skip_space(at);
        ASSERT(*at != '\0');
        if (*at == '"') {
            at = skip_string(at);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            depth--;
            at++;
        } else if (*at == ',' || *at == ':') {
            at++;
        } else { /* a number or a word */
            while (*at != ',' && *at != '}' && *at != ']' && *at > ' ') {
                at++;
            }
        }
    } while (depth > 0);
    return at;
}

/* The element behind one that ends at `at`, NULL if it was the last. */
static const char *next_element(const char *at)
{
    at = skip_space(at);
    return *at == ',' ? skip_space(at + 1) : NULL;
}

/* The first element of an array, NULL if it is empty. */
static const char *first_element(const char *array)
{
    const char *at = skip_space(array + 1);
    return *at == ']' ? NULL : at;
}

/* The value of a member of an object, NULL if it has none of that name. */
static const char *member(const char *object, const char *name)
{
    const size_t size = strlen(name);
    const char *at = skip_space(object + 1);
    if (*at == '}') {
        return NULL;
    }
    while (at != NULL) {
        const char *end = skip_string(at);
        const char *value = skip_space(skip_space(end) + 1);
        if ((size_t)(end - at) == size + 2 && memcmp(at + 1, name, size) == 0) {
            return value;
        }
        at = next_element(skip_value(value));
    }
    return NULL;
}

/* Whether a string is the name, with or without a namespace. */
static bool is_name(const char *string, const char *name)
{
    const size_t size = strlen(name);
    if (string == NULL) {
        return false;
    }
    const char *end = skip_string(string) - 1;
    if ((size_t)(end - string) <= size || memcmp(end - size, name, size) != 0) {
        return false;
    }
    const char before = *(end - size - 1);
    return before == '"' || before == '.';
}

/* The fields of the record of that name in a type, NULL if it is not defined there. */
static const char *find_fields(const char *type, const char *record)
{
    if (type == NULL || (*type != '{' && *type != '[')) {
        return NULL;
    }
    const char *found = NULL;
    if (*type == '[') {
        for (const char *at = first_element(type); at != NULL && found == NULL;
             at = next_element(skip_value(at))) {
            found = find_fields(at, record);
        }
        return found;
    }
    const char *fields = member(type, "fields");
    if (fields != NULL) {
        return is_name(member(type, "name"), record) ? fields : find_fields(fields, record);
    }
    found = find_fields(member(type, "type"), record);
    return found != NULL ? found : find_fields(member(type, "items"), record);
}

bool fallback_start(const char *schema, const char *record, struct fallback_walk *walk_out)
{
    ASSERT(schema != NULL);
    const char *fields = find_fields(skip_space(schema), record);
    const char *first = fields == NULL ? NULL : first_element(fields);
    if (first == NULL) {
        return false;
    }
    *walk_out = (struct fallback_walk){.field = first};
    return true;
}

struct bytes fallback_find(struct fallback_walk *walk, uint32_t index)
{
    ASSERT(walk->index <= index);
    for (; walk->index < index; walk->index++) {
        walk->field = next_element(skip_value(walk->field));
        ASSERT(walk->field != NULL);
    }
    const char *value = member(walk->field, "default");
    if (value == NULL) {
        return (struct bytes){0};
    }
    return bytes_of(value, (size_t)(skip_value(value) - value));
}
