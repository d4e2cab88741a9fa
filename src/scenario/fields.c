/* Words of a line and fields of records: names, symbols that stand alone, paths.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"

#include <ctype.h>

/* Which fields a symbol alone may fill, in this order; a record not here: all enums in schema
 * order. */
static const struct {
    const struct record_type *type;
    const char *fields[13];
} shorthands[] = {
    {&record_report,
     {"category", "area", "relation", "actor_role", "reporter_class", "source_kind",
      "target_age_band", "sender_kind", "content_form", "language", "report_kind"}},
    {&record_chat_event, {"kind", "area", "role", "peer_relation"}},
    {&record_verdict, {"kind", "category", "area", "severity", "measure", "consent_state"}},
    {&record_authority_request,
     {"action", "authority", "rank", "order_type", "category", "area", "target_kind"}},
    {&record_restriction,
     {"op", "measure", "end_reason", "ledger", "area", "state", "target_kind", "purpose"}},
    {&record_standing, {"account_state", "reporter_class"}},
    {&record_review_request, {"kind", "action", "category", "ledger", "area", "proposed"}},
    {&record_signal, {"kind", "outcome", "measure", "category", "area", "severity"}},
    {&record_audit,
     {"action", "op", "measure", "outcome", "state", "actor_kind", "category", "ledger",
      "automation", "lane", "area", "severity"}},
};

const struct field_type *field_find(const struct record_type *type, const char *name, size_t size)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (strlen(type->fields[i].name) == size && memcmp(type->fields[i].name, name, size) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

void type_word(const struct record_type *type, char word_out[64])
{
    size_t size = 0;
    for (const char *letter = type->name; *letter != '\0'; letter++) {
        ASSERT(size < 62);
        if (isupper((unsigned char)*letter) && size > 0) {
            word_out[size++] = '-';
        }
        word_out[size++] = (char)tolower((unsigned char)*letter);
    }
    word_out[size] = '\0';
}

const struct record_type *type_of_word(const char *word)
{
    char own[64];
    for (size_t i = 0; i < record_type_count; i++) {
        type_word(record_types[i], own);
        if (strcmp(own, word) == 0) {
            return record_types[i];
        }
    }
    return NULL;
}

size_t type_index(const struct record_type *type)
{
    size_t index = 0;
    while (index < record_type_count && record_types[index] != type) {
        index++;
    }
    ASSERT(index < record_type_count);
    return index;
}

bool pair_parse(struct arena *arena, const char *word, struct pair *pair_out)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } signs[] = {{"!=", COMPARE_NOT_EQUAL}, {"<=", COMPARE_AT_MOST}, {">=", COMPARE_AT_LEAST}};
    const char *sign = strchr(word, '=');
    if (sign == NULL || sign == word) {
        return false;
    }
    *pair_out = (struct pair){.value = sign + 1};
    const char *end = sign;
    for (size_t i = 0; i < COUNT_OF(signs); i++) {
        if (strncmp(sign - 1, signs[i].text, 2) == 0) {
            pair_out->comparison = signs[i].comparison;
            end = sign - 1;
        }
    }
    pair_out->field = text_copy(arena, word, (size_t)(end - word));
    return end > word;
}

static bool has_symbol(const struct field_type *field, const char *symbol)
{
    for (uint32_t i = 0; i < field->enumeration->count; i++) {
        if (strcmp(field->enumeration->symbols[i], symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* The subject's kind comes from the subject, never from a symbol. */
static bool knows(const struct field_type *field, const char *symbol)
{
    return field->kind == FIELD_ENUM && strcmp(field->name, "subject_kind") != 0 &&
           has_symbol(field, symbol);
}

const struct field_type *field_of_symbol(const struct record_type *type, const char *symbol,
                                         field_taken *taken, const void *context)
{
    for (size_t i = 0; i < COUNT_OF(shorthands); i++) {
        if (shorthands[i].type != type) {
            continue;
        }
        for (const char *const *name = shorthands[i].fields; *name != NULL; name++) {
            const struct field_type *field = field_find(type, *name, strlen(*name));
            ASSERT(field != NULL);
            if (knows(field, symbol) && !taken(context, *name)) {
                return field;
            }
        }
        return NULL;
    }
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        if (knows(field, symbol) && !taken(context, field->name)) {
            return field;
        }
    }
    return NULL;
}

const char *path_problem(const struct record_type *type, const struct pair *pair)
{
    const char *path = pair->field;
    const struct field_type *field = NULL;
    for (;;) {
        const size_t size = strcspn(path, ".[");
        field = field_find(type, path, size);
        if (field == NULL) {
            return "no such field";
        }
        path += size;
        if (*path == '[') {
            path += strcspn(path, "]");
            path += *path == ']';
        }
        if (*path != '.') {
            break;
        }
        path++;
        if (field->kind == FIELD_BYTES && type == &record_audit) {
            type = &record_audit_payload;
        } else if (field->record != NULL && strcmp(path, "count") != 0 &&
                   field->record != &record_param) {
            type = field->record;
        } else {
            return NULL; /* a count or a parameter */
        }
    }
    if (field->kind == FIELD_ENUM && pair->value[0] != '@' && strcmp(pair->value, "null") != 0 &&
        !has_symbol(field, pair->value)) {
        return "no such symbol";
    }
    return NULL;
}
