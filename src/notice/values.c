/* Reading the parameters of a notice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/text_internal.h"

#include "base/assert.h"

/* 9999-12-31T23:59:59.999Z. */
#define SHOWN_TIME_MAX_MS INT64_C(253402300799999)

static bool value_read(enum param_name name, struct bytes value, struct values *values);

enum value_form value_form(enum param_name name)
{
    switch (name) {
    case PARAM_NAME_MEASURE:
    case PARAM_NAME_CATEGORY:
    case PARAM_NAME_AREA:
    case PARAM_NAME_AUTHORITY:
    case PARAM_NAME_OUTCOME:
        return VALUE_WORD;
    case PARAM_NAME_STARTS_AT:
    case PARAM_NAME_EXPIRES_AT:
    case PARAM_NAME_APPEAL_DEADLINE:
    case PARAM_NAME_OBJECTION_DEADLINE:
    case PARAM_NAME_EFFECTIVE_AT:
        return VALUE_TIME;
    case PARAM_NAME_RULE:
    case PARAM_NAME_STAGE:
    case PARAM_NAME_DECISION:
    case PARAM_NAME_CASE:
    case PARAM_NAME_ITEM_PAGE:
    case PARAM_NAME_LEGAL_REF:
    case PARAM_NAME_APPEAL_PAGE:
    case PARAM_NAME_CS_CATEGORY:
    case PARAM_NAME_POLICY_VERSION:
    case PARAM_NAME_INCIDENT:
    case PARAM_NAME_CONTENT:
    case PARAM_NAME_ACT_KIND: /* these two only in audit */
    case PARAM_NAME_AD_LABEL:
        return VALUE_ID;
    }
    ASSERT(false);
    return VALUE_ID;
}

const struct enum_type *value_enum(enum param_name name)
{
    ASSERT(value_form(name) == VALUE_WORD);
    if (name == PARAM_NAME_MEASURE) {
        return &enum_measure;
    }
    if (name == PARAM_NAME_CATEGORY) {
        return &enum_category;
    }
    if (name == PARAM_NAME_AREA) {
        return &enum_area;
    }
    return name == PARAM_NAME_AUTHORITY ? &enum_authority : &enum_outcome;
}

int32_t value_symbol(const struct enum_type *type, struct bytes text)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (bytes_is(text, type->symbols[i])) {
            return (int32_t)i;
        }
    }
    return -1;
}

bool values_read(const struct param *params, uint32_t count, struct values *values_out)
{
    memset(values_out, 0, sizeof(*values_out));
    for (uint32_t i = 0; i < count; i++) {
        const enum param_name name = params[i].name;
        ASSERT((uint32_t)name < PARAM_NAME_COUNT);
        if (values_out->given[name] != NULL || !value_read(name, params[i].value, values_out)) {
            return false;
        }
        values_out->given[name] = &params[i].value;
    }
    return true;
}

static bool time_read(struct bytes value, int64_t *time_out)
{
    if (value.size == 0 || value.size > 15) {
        return false;
    }
    int64_t time_ms = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return false;
        }
        time_ms = time_ms * 10 + (value.data[i] - '0');
    }
    *time_out = time_ms;
    return time_ms <= SHOWN_TIME_MAX_MS;
}

static bool value_read(enum param_name name, struct bytes value, struct values *values)
{
    switch (value_form(name)) {
    case VALUE_ID:
        return value.size > 0;
    case VALUE_WORD:
        values->symbol[name] = value_symbol(value_enum(name), value);
        return values->symbol[name] >= 0;
    case VALUE_TIME:
        return time_read(value, &values->time_ms[name]);
    }
    ASSERT(false);
    return false;
}
