/* Schema text to tree, on jansson.
 *
 * Recursion follows the nesting of the text, which AVRO_DEPTH_MAX bounds.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "schema/avro.h"

#include "base/assert.h"
#include "base/table.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

struct parser {
    struct avro_schema *schema;
    struct table named;    /* full name -> struct named */
    const char *namespace; /* of the enclosing named type; "" none */
    uint32_t depth;
    char path[200]; /* of the element at hand, for messages */
    size_t path_size;
    struct error *error;
};

/* A named type; `open` while its own definition is being read: a reference then is a recursion. */
struct named {
    struct avro_type type;
    bool open;
};

static const char *const kind_names[] = {
    [KIND_NULL] = "null",   [KIND_BOOLEAN] = "boolean", [KIND_INT] = "int",
    [KIND_LONG] = "long",   [KIND_FLOAT] = "float",     [KIND_DOUBLE] = "double",
    [KIND_BYTES] = "bytes", [KIND_STRING] = "string",   [KIND_RECORD] = "record",
    [KIND_ENUM] = "enum",   [KIND_FIXED] = "fixed",     [KIND_ARRAY] = "array",
    [KIND_MAP] = "map",     [KIND_UNION] = "union",
};
_Static_assert(COUNT_OF(kind_names) == KIND_UNION + 1, "a name for every kind");

static enum status parse_type(struct parser *parser, json_t *json,
                              const struct avro_type **type_out);

enum status avro_parse(struct bytes text, struct avro_schema *schema, struct error *error)
{
    if (text.size > AVRO_TEXT_SIZE_MAX) {
        return error_set(error, STATUS_FATAL, "schema is over %zu bytes", AVRO_TEXT_SIZE_MAX);
    }
    json_error_t problem;
    schema->json = json_loadb((const char *)text.data, text.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &problem);
    if (schema->json == NULL) {
        return error_set(error, STATUS_FATAL, "schema is not JSON: line %d column %d: %s",
                         problem.line, problem.column, problem.text);
    }
    struct parser parser = {.schema = schema, .namespace = "", .error = error};
    const enum status status = parse_type(&parser, schema->json, &schema->type);
    table_release(&parser.named);
    return status;
}

void avro_release(struct avro_schema *schema)
{
    json_decref(schema->json);
    arena_release(&schema->arena);
    *schema = (struct avro_schema){0};
}

const char *avro_kind_name(enum avro_kind kind)
{
    return kind_names[kind];
}

const char *avro_short_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

bool avro_names_have(const struct avro_names *names, const char *name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Fails at the element at hand. */
static enum status fail(struct parser *parser, const char *format, ...) PRINTF_LIKE(2, 3);
static enum status fail(struct parser *parser, const char *format, ...)
{
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    return error_set(parser->error, STATUS_FATAL, "schema is not valid at '%s': %s",
                     parser->path_size == 0 ? "(top)" : parser->path, reason);
}

/* Enters an element; the returned mark leaves it. A path too long for the message is cut. */
static size_t path_push(struct parser *parser, const char *name)
{
    const size_t mark = parser->path_size;
    const size_t room = sizeof(parser->path) - mark;
    const int size = snprintf(parser->path + mark, room, "%s%s", mark == 0 ? "" : ".", name);
    ASSERT(size >= 0);
    parser->path_size += (size_t)size < room ? (size_t)size : room - 1;
    return mark;
}

static void path_pop(struct parser *parser, size_t mark)
{
    parser->path_size = mark;
    parser->path[mark] = '\0';
}

/* A string without NUL; only defaults may hold one. */
static const char *text_of(const json_t *json)
{
    const char *text = json_string_value(json);
    return text == NULL || strlen(text) != json_string_length(json) ? NULL : text;
}

static const char *keep_text(struct parser *parser, const char *text)
{
    const size_t size = strlen(text) + 1;
    return memcpy(arena_get(&parser->schema->arena, size), text, size);
}

/* [A-Za-z_][A-Za-z0-9_]*, with dots between such parts if `dotted`. */
static bool name_valid(const char *name, bool dotted)
{
    bool start = true;
    for (; *name != '\0'; name++) {
        const char symbol = *name;
        const bool letter =
            (symbol >= 'A' && symbol <= 'Z') || (symbol >= 'a' && symbol <= 'z') || symbol == '_';
        if (symbol == '.' && dotted && !start) {
            start = true;
            continue;
        }
        if (!letter && (start || symbol < '0' || symbol > '9')) {
            return false;
        }
        start = false;
    }
    return !start;
}

/* The full name of `name` in `namespace`, in the arena. */
static const char *full_name(struct parser *parser, const char *namespace, const char *name)
{
    if (namespace[0] == '\0' || strchr(name, '.') != NULL) {
        return keep_text(parser, name);
    }
    const size_t size = strlen(namespace) + strlen(name) + 2;
    char *full = arena_get(&parser->schema->arena, size);
    snprintf(full, size, "%s.%s", namespace, name);
    return full;
}

/* The namespace of a full name, in the arena. */
static const char *namespace_of(struct parser *parser, const char *name)
{
    const char *dot = strrchr(name, '.');
    if (dot == NULL) {
        return "";
    }
    const size_t size = (size_t)(dot - name);
    char *namespace = arena_get(&parser->schema->arena, size + 1);
    memcpy(namespace, name, size);
    namespace[size] = '\0';
    return namespace;
}

static struct avro_type *type_new(struct parser *parser, enum avro_kind kind)
{
    struct avro_type *type = arena_get(&parser->schema->arena, sizeof(*type));
    *type = (struct avro_type){.kind = kind, .fallback = -1};
    return type;
}

/* Strings of an array attribute: aliases and symbols. Absent: none. */
static enum status parse_names(struct parser *parser, json_t *json, const char *attribute,
                               const char *namespace, uint32_t count_max, struct avro_names *out)
{
    json_t *list = json_object_get(json, attribute);
    if (list == NULL) {
        return STATUS_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > count_max) {
        return fail(parser, "'%s' is not an array of at most %u names", attribute, count_max);
    }
    const size_t count = json_array_size(list);
    const char **items = arena_get(&parser->schema->arena, count * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        const char *text = text_of(json_array_get(list, i));
        if (text == NULL || !name_valid(text, namespace != NULL)) {
            return fail(parser, "'%s' holds an element that is not a name", attribute);
        }
        items[i] = namespace == NULL ? keep_text(parser, text) : full_name(parser, namespace, text);
    }
    *out = (struct avro_names){.items = items, .count = (uint32_t)count};
    return STATUS_OK;
}

/* Reads name, namespace and aliases of a named type and registers it. */
static enum status parse_named(struct parser *parser, json_t *json, enum avro_kind kind,
                               struct named **named_out)
{
    const char *name = text_of(json_object_get(json, "name"));
    if (name == NULL || !name_valid(name, true)) {
        return fail(parser, "a %s needs a valid 'name'", kind_names[kind]);
    }
    const json_t *given = json_object_get(json, "namespace");
    const char *namespace = given == NULL ? parser->namespace : text_of(given);
    if (namespace == NULL || (namespace[0] != '\0' && !name_valid(namespace, true))) {
        return fail(parser, "'namespace' of '%s' is not a valid namespace", name);
    }
    const char *full = full_name(parser, namespace, name);
    if (table_find(&parser->named, bytes_text(full)) != NULL) {
        return fail(parser, "'%s' is defined twice", full);
    }
    struct named *named = arena_get(&parser->schema->arena, sizeof(*named));
    *named = (struct named){
        .open = true,
        .type = {
            .kind = kind, .fallback = -1, .name = full, .number = parser->schema->named_count++}};
    table_add(&parser->named, bytes_text(full), named);
    *named_out = named;
    return parse_names(parser, json, "aliases", namespace_of(parser, full), AVRO_BRANCH_COUNT_MAX,
                       &named->type.aliases);
}

static enum status parse_field(struct parser *parser, json_t *json, struct avro_field *field)
{
    const char *name = text_of(json_object_get(json, "name"));
    if (name == NULL || !name_valid(name, false)) {
        return fail(parser, "a field needs a valid 'name'");
    }
    const size_t mark = path_push(parser, name);
    json_t *type = json_object_get(json, "type");
    if (type == NULL) {
        return fail(parser, "a field needs a 'type'");
    }
    *field = (struct avro_field){.name = keep_text(parser, name),
                                 .fallback = json_object_get(json, "default")};
    TRY(parse_type(parser, type, &field->type));
    TRY(parse_names(parser, json, "aliases", NULL, AVRO_BRANCH_COUNT_MAX, &field->aliases));
    path_pop(parser, mark);
    return STATUS_OK;
}

static enum status parse_record(struct parser *parser, json_t *json,
                                const struct avro_type **type_out)
{
    struct named *named = NULL;
    TRY(parse_named(parser, json, KIND_RECORD, &named));
    json_t *list = json_object_get(json, "fields");
    if (!json_is_array(list) || json_array_size(list) > AVRO_FIELD_COUNT_MAX) {
        return fail(parser, "record '%s' needs 'fields', an array of at most %u fields",
                    named->type.name, AVRO_FIELD_COUNT_MAX);
    }
    const size_t mark = path_push(parser, avro_short_name(named->type.name));
    const char *outer = parser->namespace;
    parser->namespace = namespace_of(parser, named->type.name);
    const size_t count = json_array_size(list);
    struct avro_field *fields = arena_get(&parser->schema->arena, count * sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        TRY(parse_field(parser, json_array_get(list, i), &fields[i]));
        for (size_t other = 0; other < i; other++) {
            if (strcmp(fields[other].name, fields[i].name) == 0) {
                return fail(parser, "field '%s' appears twice", fields[i].name);
            }
        }
    }
    named->type.fields = fields;
    named->type.field_count = (uint32_t)count;
    named->open = false;
    parser->namespace = outer;
    path_pop(parser, mark);
    *type_out = &named->type;
    return STATUS_OK;
}

static enum status parse_enum(struct parser *parser, json_t *json,
                              const struct avro_type **type_out)
{
    struct named *named = NULL;
    TRY(parse_named(parser, json, KIND_ENUM, &named));
    struct avro_type *type = &named->type;
    if (json_object_get(json, "symbols") == NULL) {
        return fail(parser, "enum '%s' needs 'symbols'", type->name);
    }
    TRY(parse_names(parser, json, "symbols", NULL, AVRO_SYMBOL_COUNT_MAX, &type->symbols));
    const json_t *fallback = json_object_get(json, "default");
    const char *fallback_text = text_of(fallback);
    for (uint32_t i = 0; i < type->symbols.count; i++) {
        const char *symbol = type->symbols.items[i];
        if (avro_names_have(&(struct avro_names){type->symbols.items, i}, symbol)) {
            return fail(parser, "symbol '%s' of '%s' appears twice", symbol, type->name);
        }
        if (fallback_text != NULL && strcmp(symbol, fallback_text) == 0) {
            type->fallback = (int32_t)i;
        }
    }
    if (fallback != NULL && type->fallback < 0) {
        return fail(parser, "the default of '%s' is not one of its symbols", type->name);
    }
    named->open = false;
    *type_out = type;
    return STATUS_OK;
}

static enum status parse_fixed(struct parser *parser, json_t *json,
                               const struct avro_type **type_out)
{
    struct named *named = NULL;
    TRY(parse_named(parser, json, KIND_FIXED, &named));
    const json_t *size = json_object_get(json, "size");
    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        json_integer_value(size) > AVRO_FIXED_SIZE_MAX) {
        return fail(parser, "fixed '%s' needs a 'size' from 0 to %d", named->type.name,
                    AVRO_FIXED_SIZE_MAX);
    }
    named->type.size = (uint32_t)json_integer_value(size);
    named->open = false;
    *type_out = &named->type;
    return STATUS_OK;
}

/* An array or a map; `attribute` names the type of what it holds. */
static enum status parse_container(struct parser *parser, json_t *json, enum avro_kind kind,
                                   const char *attribute, const struct avro_type **type_out)
{
    json_t *item = json_object_get(json, attribute);
    if (item == NULL) {
        return fail(parser, "%s needs '%s'", kind_names[kind], attribute);
    }
    struct avro_type *type = type_new(parser, kind);
    const size_t mark = path_push(parser, attribute);
    TRY(parse_type(parser, item, &type->item));
    path_pop(parser, mark);
    *type_out = type;
    return STATUS_OK;
}

/* Whether a union that holds `left` may not hold `right` too. */
static bool branches_clash(const struct avro_type *left, const struct avro_type *right)
{
    if (left->name != NULL) {
        return left == right;
    }
    return left->kind == right->kind;
}

static enum status parse_union(struct parser *parser, json_t *json,
                               const struct avro_type **type_out)
{
    const size_t count = json_array_size(json);
    if (count > AVRO_BRANCH_COUNT_MAX) {
        return fail(parser, "a union holds over %d branches", AVRO_BRANCH_COUNT_MAX);
    }
    struct avro_type *type = type_new(parser, KIND_UNION);
    type->branches = arena_get(&parser->schema->arena, count * sizeof(*type->branches));
    for (size_t i = 0; i < count; i++) {
        TRY(parse_type(parser, json_array_get(json, i), &type->branches[i]));
        if (type->branches[i]->kind == KIND_UNION) {
            return fail(parser, "a union holds a union");
        }
        for (size_t other = 0; other < i; other++) {
            if (branches_clash(type->branches[other], type->branches[i])) {
                return fail(parser, "a union holds '%s' twice",
                            kind_names[type->branches[i]->kind]);
            }
        }
    }
    type->branch_count = (uint32_t)count;
    *type_out = type;
    return STATUS_OK;
}

/* A primitive's word or the name of a type defined before. */
static enum status parse_reference(struct parser *parser, const char *name,
                                   const struct avro_type **type_out)
{
    for (enum avro_kind kind = KIND_NULL; kind <= KIND_STRING; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            *type_out = type_new(parser, kind);
            return STATUS_OK;
        }
    }
    const char *full = full_name(parser, parser->namespace, name);
    const struct named *named = table_find(&parser->named, bytes_text(full));
    if (named == NULL) {
        return fail(parser, "type '%s' is not defined before its use", full);
    }
    if (named->open) {
        return fail(parser, "'%s' contains itself; recursive schemas are not supported", full);
    }
    *type_out = &named->type;
    return STATUS_OK;
}

static enum status parse_object(struct parser *parser, json_t *json,
                                const struct avro_type **type_out)
{
    json_t *type = json_object_get(json, "type");
    const char *word = text_of(type);
    if (word == NULL) {
        return type == NULL ? fail(parser, "an object needs a 'type'")
                            : parse_type(parser, type, type_out);
    }
    if (strcmp(word, "record") == 0) {
        return parse_record(parser, json, type_out);
    }
    if (strcmp(word, "enum") == 0) {
        return parse_enum(parser, json, type_out);
    }
    if (strcmp(word, "fixed") == 0) {
        return parse_fixed(parser, json, type_out);
    }
    if (strcmp(word, "array") == 0) {
        return parse_container(parser, json, KIND_ARRAY, "items", type_out);
    }
    if (strcmp(word, "map") == 0) {
        return parse_container(parser, json, KIND_MAP, "values", type_out);
    }
    return parse_reference(parser, word, type_out);
}

static enum status parse_type(struct parser *parser, json_t *json,
                              const struct avro_type **type_out)
{
    if (parser->depth == AVRO_DEPTH_MAX) {
        return fail(parser, "nested deeper than %d", AVRO_DEPTH_MAX);
    }
    parser->depth++;
    enum status status = STATUS_FATAL;
    if (json_is_string(json)) {
        status = parse_reference(parser, text_of(json), type_out);
    } else if (json_is_array(json)) {
        status = parse_union(parser, json, type_out);
    } else if (json_is_object(json)) {
        status = parse_object(parser, json, type_out);
    } else {
        status = fail(parser, "a type is a name, an object or an array");
    }
    parser->depth--;
    return status;
}
