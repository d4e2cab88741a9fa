/* Nodes -> numbers, times, symbols.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"

#include "base/assert.h"
#include "config/value.h"

#define GUESSES_MAX 100

static bool read_entry(const struct reader *reader, const struct node *node,
                       const struct entry *entry, void *target);
static bool read_number(const struct reader *reader, const struct node *node,
                        const struct entry *entry, const char *text, void *target);
static bool read_duration(const struct reader *reader, const struct node *node,
                          const struct entry *entry, const char *text, void *target);
static bool refuse_form(const struct reader *reader, const struct node *node,
                        const struct entry *entry, const char *text, const char *wanted);
static bool check_keys(const struct reader *reader, const struct node *map,
                       const struct entry *entries, size_t count);

bool read_entries(const struct reader *reader, const struct node *map, const struct entry *entries,
                  size_t count, void *target)
{
    bool good = check_keys(reader, map, entries, count);
    for (size_t i = 0; i < count; i++) {
        const struct node *node = node_find(map, entries[i].key);
        if (node == NULL) {
            if (!entries[i].optional) {
                problems_add(reader->problems, reader->name, map->line, "'%s' is missing%s%s%s",
                             entries[i].key, map->key != NULL ? " in '" : "",
                             map->key != NULL ? map->key : "", map->key != NULL ? "'" : "");
                good = false;
            }
        } else if (entries[i].type != ENTRY_OTHER) {
            good = read_entry(reader, node, &entries[i], target) && good;
        }
    }
    return good;
}

bool read_is_map(const struct reader *reader, const struct node *node, const char *what)
{
    if (node->kind == NODE_MAP) {
        return true;
    }
    problems_add(reader->problems, reader->name, node->line, "'%s' wants a map, found %s", what,
                 node_kind_name(node));
    return false;
}

bool read_is_list(const struct reader *reader, const struct node *node, const char *what)
{
    if (node->kind == NODE_LIST) {
        return true;
    }
    problems_add(reader->problems, reader->name, node->line, "'%s' wants a list, found %s", what,
                 node_kind_name(node));
    return false;
}

const char *read_text(const struct reader *reader, const struct node *node, const char *what)
{
    if (node->kind == NODE_TEXT && !node->empty) {
        return node->text;
    }
    problems_add(reader->problems, reader->name, node->line, "'%s' wants one value, found %s", what,
                 node_kind_name(node));
    return NULL;
}

bool read_symbol(const struct reader *reader, const struct node *node, const char *text,
                 const struct enum_type *symbols, int64_t first, int64_t last, int32_t *value_out)
{
    struct nearest nearest = {.text = text};
    for (int64_t i = first; i <= last; i++) {
        if (strcmp(symbols->symbols[i], text) == 0) {
            *value_out = (int32_t)i;
            return true;
        }
        if (read_may_guess(reader)) {
            nearest_offer(&nearest, symbols->symbols[i]);
        }
    }
    read_unknown(reader, node, symbols->name, text, nearest.best);
    return false;
}

bool read_symbols(const struct reader *reader, const struct node *node,
                  const struct enum_type *symbols, uint64_t *set_out)
{
    ASSERT(symbols->count <= 64);
    const struct node *item = node->kind == NODE_LIST ? node->first : node;
    bool good = true;
    uint64_t set = 0;
    while (item != NULL) {
        const char *text = read_text(reader, item, node->key != NULL ? node->key : symbols->name);
        int32_t value = 0;
        if (text == NULL ||
            !read_symbol(reader, item, text, symbols, 0, (int64_t)symbols->count - 1, &value)) {
            good = false;
        } else {
            set |= UINT64_C(1) << value;
        }
        item = node->kind == NODE_LIST ? item->next : NULL;
    }
    if (good) {
        *set_out = set;
    }
    return good;
}

bool read_id(const struct reader *reader, const struct node *node, const char *what,
             char *target_out)
{
    const char *text = read_text(reader, node, what);
    if (text == NULL) {
        return false;
    }
    if (!id_is_valid(text)) {
        problems_add(reader->problems, reader->name, node->line,
                     "'%s' wants a name of 1 to 64 letters, digits, '.', '_', '-', found '%.100s'",
                     what, text);
        return false;
    }
    memcpy(target_out, text, strlen(text) + 1);
    return true;
}

void read_unknown(const struct reader *reader, const struct node *node, const char *what,
                  const char *text, const char *best)
{
    if (best != NULL) {
        problems_add(reader->problems, reader->name, node->line,
                     "%s '%.100s' is not known, did you mean '%s'", what, text, best);
    } else {
        problems_add(reader->problems, reader->name, node->line, "%s '%.100s' is not known", what,
                     text);
    }
}

bool read_may_guess(const struct reader *reader)
{
    return reader->problems->count < GUESSES_MAX;
}

static bool read_entry(const struct reader *reader, const struct node *node,
                       const struct entry *entry, void *target)
{
    const char *text = read_text(reader, node, entry->key);
    if (text == NULL) {
        return false;
    }
    void *place = (char *)target + entry->offset;
    int32_t value = 0;
    switch (entry->type) {
    case ENTRY_NUMBER:
        return read_number(reader, node, entry, text, place);
    case ENTRY_DURATION:
        return read_duration(reader, node, entry, text, place);
    case ENTRY_TIME:
        return time_parse(text, place) ||
               refuse_form(reader, node, entry, text,
                           "a UTC time from 2000 to 2099 such as 2026-01-31 or "
                           "2026-01-31T09:00:00Z");
    case ENTRY_TIME_OF_DAY:
        return time_of_day_parse(text, place) ||
               refuse_form(reader, node, entry, text, "a UTC time of day such as 21:30");
    case ENTRY_FLAG:
        return flag_parse(text, place) || refuse_form(reader, node, entry, text, "true or false");
    case ENTRY_ID:
        return read_id(reader, node, entry->key, place);
    case ENTRY_SYMBOL:
        if (!read_symbol(reader, node, text, entry->symbols, entry->min, entry->max, &value)) {
            return false;
        }
        memcpy(place, &value, sizeof(value));
        return true;
    case ENTRY_OTHER:
        break;
    }
    return true;
}

static bool read_number(const struct reader *reader, const struct node *node,
                        const struct entry *entry, const char *text, void *target)
{
    int64_t value = 0;
    if (!number_parse(text, &value)) {
        return refuse_form(reader, node, entry, text, "a whole number");
    }
    if (value < entry->min || value > entry->max) {
        problems_add(reader->problems, reader->name, node->line,
                     "'%s' is %lld, it must be from %lld to %lld", entry->key, (long long)value,
                     (long long)entry->min, (long long)entry->max);
        return false;
    }
    ASSERT(value >= INT32_MIN && value <= INT32_MAX);
    *(int32_t *)target = (int32_t)value;
    return true;
}

static bool read_duration(const struct reader *reader, const struct node *node,
                          const struct entry *entry, const char *text, void *target)
{
    int64_t value_ms = 0;
    if (!duration_parse(text, &value_ms)) {
        return refuse_form(reader, node, entry, text,
                           "a duration with its unit such as 60s or 14d");
    }
    if (value_ms < entry->min || value_ms > entry->max) {
        struct buffer range = {0};
        duration_format(entry->min, &range);
        buffer_printf(&range, " to ");
        duration_format(entry->max, &range);
        problems_add(reader->problems, reader->name, node->line,
                     "'%s' is %.30s, it must be from %.*s", entry->key, text,
                     BYTES_PRINT(buffer_bytes(&range)));
        buffer_release(&range);
        return false;
    }
    *(int64_t *)target = value_ms;
    return true;
}

static bool refuse_form(const struct reader *reader, const struct node *node,
                        const struct entry *entry, const char *text, const char *wanted)
{
    problems_add(reader->problems, reader->name, node->line, "'%s' wants %s, found '%.100s'",
                 entry->key, wanted, text);
    return false;
}

static bool check_keys(const struct reader *reader, const struct node *map,
                       const struct entry *entries, size_t count)
{
    bool good = true;
    for (const struct node *node = map->first; node != NULL; node = node->next) {
        struct nearest nearest = {.text = node->key};
        bool known = false;
        for (size_t i = 0; i < count && !known; i++) {
            known = strcmp(entries[i].key, node->key) == 0;
            if (read_may_guess(reader)) {
                nearest_offer(&nearest, entries[i].key);
            }
        }
        if (!known) {
            read_unknown(reader, node, "key", node->key, nearest.best);
            good = false;
        }
    }
    return good;
}
