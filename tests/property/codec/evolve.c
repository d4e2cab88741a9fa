/* Writer schemas that differ from the reader's in every way that still resolves.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include "base/assert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct evolution {
    struct random *random;
    struct arena *arena;
    unsigned changes;
    struct avro_type **done; /* by number: how a named type of the reader was changed */
    uint32_t made;           /* names given that the reader lacks */
    uint32_t named_count;    /* named types of the writer */
};

static const struct avro_type *change_type(struct evolution *evolution,
                                           const struct avro_type *type, bool inside);

static void add_aliases(json_t *json)
{
    size_t index = 0;
    json_t *value = NULL;
    const char *key = NULL;
    if (json_is_array(json)) {
        json_array_foreach(json, index, value)
        {
            add_aliases(value);
        }
        return;
    }
    if (!json_is_object(json)) {
        return;
    }
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *type = json_string_value(json_object_get(json, "type"));
    const bool record = type != NULL && strcmp(type, "record") == 0;
    const bool named = type != NULL && (strcmp(type, "enum") == 0 || strcmp(type, "fixed") == 0);
    json_object_foreach(json, key, value)
    {
        if (strcmp(key, "default") != 0) {
            add_aliases(value);
        }
    }
    if (name != NULL && !named) {
        char alias[128];
        snprintf(alias, sizeof(alias), "%s%s", record ? "Old" : "old_", name);
        json_object_set_new(json, "aliases", json_pack("[s]", alias));
    }
}

const char *evolve_reader(const struct record_type *reader, struct arena *arena)
{
    json_error_t error;
    json_t *json = json_loads(reader->schema, JSON_ALLOW_NUL, &error);
    ASSERT(json != NULL);
    add_aliases(json);
    char *text = json_dumps(json, JSON_COMPACT);
    ASSERT(text != NULL);
    const struct bytes kept = arena_copy(arena, bytes_of(text, strlen(text) + 1));
    free(text);
    json_decref(json);
    return (const char *)kept.data;
}

static bool may(struct evolution *evolution, enum change change, uint32_t percent)
{
    return (evolution->changes & change) != 0 && random_chance(evolution->random, percent);
}

static const char *make_name(struct evolution *evolution, const char *format)
{
    char *name = arena_get(evolution->arena, 64);
    snprintf(name, 64, "%s%u", format, evolution->made++);
    return name;
}

static struct avro_type *make_type(struct evolution *evolution, enum avro_kind kind)
{
    struct avro_type *type = arena_get(evolution->arena, sizeof(*type));
    *type = (struct avro_type){.kind = kind, .fallback = -1};
    if (kind == KIND_RECORD || kind == KIND_ENUM || kind == KIND_FIXED) {
        type->number = evolution->named_count++;
    }
    return type;
}

static const struct avro_type *make_union(struct evolution *evolution,
                                          const struct avro_type *const *branches, uint32_t count)
{
    struct avro_type *type = make_type(evolution, KIND_UNION);
    type->branches = arena_get(evolution->arena, count * sizeof(*type->branches));
    memcpy(type->branches, branches, count * sizeof(*branches));
    type->branch_count = count;
    return type;
}

/* A type that the reader has no part in. */
static const struct avro_type *make_any(struct evolution *evolution, uint32_t depth)
{
    const enum avro_kind kind =
        (enum avro_kind)random_below(evolution->random, depth > 2 ? KIND_RECORD : KIND_UNION + 1);
    struct avro_type *type = make_type(evolution, kind);
    if (kind == KIND_FIXED) {
        type->name = make_name(evolution, "Fixed");
        type->size = 1 + random_below(evolution->random, 20);
    } else if (kind == KIND_ENUM) {
        static const char *symbols[] = {"ONE", "TWO", "THREE"};
        type->name = make_name(evolution, "Enum");
        type->symbols = (struct avro_names){symbols, 1 + random_below(evolution->random, 3)};
    } else if (kind == KIND_ARRAY || kind == KIND_MAP) {
        type->item = make_any(evolution, depth + 1);
    } else if (kind == KIND_RECORD) {
        type->name = make_name(evolution, "Record");
        type->field_count = random_below(evolution->random, 4);
        type->fields = arena_get(evolution->arena, type->field_count * sizeof(*type->fields));
        for (uint32_t i = 0; i < type->field_count; i++) {
            type->fields[i] = (struct avro_field){.name = make_name(evolution, "f"),
                                                  .type = make_any(evolution, depth + 1)};
        }
    } else if (kind == KIND_UNION) {
        const struct avro_type *branches[] = {make_type(evolution, KIND_NULL),
                                              make_type(evolution, KIND_LONG),
                                              make_type(evolution, KIND_STRING)};
        return make_union(evolution, branches, 1 + random_below(evolution->random, 3));
    }
    return type;
}

/* Some symbols moved, lost or new. */
static void change_symbols(struct evolution *evolution, struct avro_type *type)
{
    const uint32_t count = type->symbols.count;
    const char **symbols = arena_get(evolution->arena, (count + 2) * sizeof(*symbols));
    memcpy(symbols, type->symbols.items, count * sizeof(*symbols));
    for (uint32_t i = count; i > 1; i--) {
        const uint32_t other = random_below(evolution->random, i);
        const char *kept = symbols[other];
        symbols[other] = symbols[i - 1];
        symbols[i - 1] = kept;
    }
    uint32_t used = count;
    if (count > 1 && random_chance(evolution->random, 40)) {
        used -= random_below(evolution->random, count - 1);
    }
    if (random_chance(evolution->random, 50)) {
        symbols[used++] = make_name(evolution, "NEW_");
    }
    type->symbols = (struct avro_names){symbols, used};
    type->fallback = -1;
}

static void shuffle_fields(struct evolution *evolution, struct avro_type *type)
{
    for (uint32_t i = type->field_count; i > 1; i--) {
        const uint32_t other = random_below(evolution->random, i);
        const struct avro_field kept = type->fields[other];
        type->fields[other] = type->fields[i - 1];
        type->fields[i - 1] = kept;
    }
}

static const char *prefixed(struct evolution *evolution, const char *prefix, const char *name)
{
    char *text = arena_get(evolution->arena, 128);
    snprintf(text, 128, "%s%s", prefix, name);
    return text;
}

static void change_record(struct evolution *evolution, const struct avro_type *reader,
                          struct avro_type *type)
{
    type->fields =
        arena_get(evolution->arena, (2 * (size_t)reader->field_count + 1) * sizeof(*type->fields));
    type->field_count = 0;
    for (uint32_t i = 0; i < reader->field_count; i++) {
        const struct avro_field *field = &reader->fields[i];
        if (may(evolution, CHANGE_ADD, 10)) {
            type->fields[type->field_count++] = (struct avro_field){
                .name = make_name(evolution, "new_"), .type = make_any(evolution, 0)};
        }
        if (field->fallback != NULL && may(evolution, CHANGE_REMOVE, 15)) {
            continue;
        }
        const char *name = may(evolution, CHANGE_RENAME, 15)
                               ? prefixed(evolution, "old_", field->name)
                               : field->name;
        type->fields[type->field_count++] =
            (struct avro_field){.name = name, .type = change_type(evolution, field->type, false)};
    }
    if (may(evolution, CHANGE_ORDER, 50)) {
        shuffle_fields(evolution, type);
    }
}

static const struct avro_type *change_named(struct evolution *evolution,
                                            const struct avro_type *type)
{
    struct avro_type *changed = evolution->done[type->number];
    if (changed != NULL) {
        return changed;
    }
    changed = make_type(evolution, type->kind);
    *changed = *type;
    changed->aliases = (struct avro_names){0};
    evolution->done[type->number] = changed;
    if (type->kind == KIND_ENUM && may(evolution, CHANGE_SYMBOLS, 30)) {
        change_symbols(evolution, changed);
    } else if (type->kind == KIND_RECORD) {
        if (may(evolution, CHANGE_RENAME, 20)) {
            const char *name = avro_short_name(type->name);
            char *renamed = arena_get(evolution->arena, 128);
            snprintf(renamed, 128, "%.*sOld%s", (int)(name - type->name), type->name, name);
            changed->name = renamed;
        }
        change_record(evolution, type, changed);
    }
    return changed;
}

static const struct avro_type *change_union(struct evolution *evolution,
                                            const struct avro_type *type)
{
    const uint32_t null_at = type->branches[0]->kind == KIND_NULL ? 0 : 1;
    const struct avro_type *null = type->branches[null_at];
    const struct avro_type *value = change_type(evolution, type->branches[1 - null_at], true);
    if (may(evolution, CHANGE_NULL, 25)) {
        return random_chance(evolution->random, 20) ? null : value;
    }
    if (may(evolution, CHANGE_UNION, 25)) {
        struct avro_type *map = make_type(evolution, KIND_MAP);
        map->item = null;
        const struct avro_type *branches[] = {value, null, map};
        return make_union(evolution, branches, 2 + random_below(evolution->random, 2));
    }
    const struct avro_type *branches[] = {null_at == 0 ? null : value, null_at == 0 ? value : null};
    return make_union(evolution, branches, 2);
}

/* `inside`: already in a union, which may not hold another. */
static const struct avro_type *change_type(struct evolution *evolution,
                                           const struct avro_type *type, bool inside)
{
    const struct avro_type *changed = type;
    if (type->kind == KIND_UNION) {
        return change_union(evolution, type);
    }
    if (type->name != NULL) {
        changed = change_named(evolution, type);
    } else if (type->kind == KIND_LONG && may(evolution, CHANGE_NUMBER, 20)) {
        changed = make_type(evolution, KIND_INT);
    } else if (type->kind == KIND_STRING && may(evolution, CHANGE_TEXT, 15)) {
        changed = make_type(evolution, KIND_BYTES);
    } else if (type->kind == KIND_BYTES && may(evolution, CHANGE_TEXT, 15)) {
        changed = make_type(evolution, KIND_STRING);
    } else if (type->kind == KIND_ARRAY) {
        struct avro_type *array = make_type(evolution, KIND_ARRAY);
        array->item = change_type(evolution, type->item, false);
        changed = array;
    }
    if (!inside && may(evolution, CHANGE_UNION, 10)) {
        const struct avro_type *branches[] = {changed, make_type(evolution, KIND_NULL)};
        return make_union(evolution, branches, 1 + random_below(evolution->random, 2));
    }
    return changed;
}

void evolve_writer(struct random *random, const struct avro_schema *reader, unsigned changes,
                   struct buffer *out)
{
    struct arena arena = {0};
    struct evolution evolution = {
        .random = random, .arena = &arena, .changes = changes, .named_count = reader->named_count};
    evolution.done = arena_get(&arena, reader->named_count * sizeof(*evolution.done));
    memset(evolution.done, 0, reader->named_count * sizeof(*evolution.done));
    struct avro_schema writer = {0};
    writer.type = change_type(&evolution, reader->type, true);
    writer.named_count = evolution.named_count;
    avro_canonical(&writer, out);
    buffer_append(out, bytes_of("", 1));
    arena_release(&arena);
}
