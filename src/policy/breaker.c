/* The blast-radius breaker: how many APPLY decisions of a category one task may publish in a clock
 * hour.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

/* Measures of a case that the breaker counts and gates (domain.md I.25). */
static bool gated(enum measure measure)
{
    return measure == MEASURE_RESTRICT_TEMP || measure == MEASURE_RESTRICT_PERM_AREA ||
           measure == MEASURE_RESTRICT_PERM_ALL || measure == MEASURE_PROVISIONAL_HOLD ||
           measure == MEASURE_ROOM_BLOCK || measure == MEASURE_OPEN_PROFILE_BLOCK;
}

/* The counters belong to the hour of stream time; a new hour starts them anew. */
static void turn_hour(struct breaker *breaker, int64_t now_ms)
{
    ASSERT(now_ms >= 0);
    const int64_t hour = now_ms / HOUR_MS;
    if (breaker->hour != hour) {
        *breaker = (struct breaker){.hour = hour};
    }
}

bool breaker_is_open(const struct judgement *judgement, enum category category,
                     enum measure measure, scope_set scopes)
{
    ASSERT(category < CATEGORY_COUNT);
    struct breaker *breaker = judgement->court->breaker;
    if (!gated(measure)) {
        return false;
    }
    turn_hour(breaker, judgement->court->now_ms);
    if (breaker->applied[category] >= judgement->policy->breaker_apply_max) {
        return true;
    }
    return (scopes & BIT(SCOPE_ALL)) != 0 &&
           breaker->applied_all[category] >= judgement->policy->breaker_all_max;
}

void breaker_count(struct judgement *judgement, enum category category, enum measure measure,
                   scope_set scopes)
{
    ASSERT(category < CATEGORY_COUNT);
    struct breaker *breaker = judgement->court->breaker;
    if (!gated(measure)) {
        return;
    }
    turn_hour(breaker, judgement->court->now_ms);
    breaker->applied[category]++;
    if ((scopes & BIT(SCOPE_ALL)) != 0) {
        breaker->applied_all[category]++;
    }
}
