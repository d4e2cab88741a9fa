/* A shadow version beside the one in force (product goal 4): what it would decide about the same record and
 * facts, audited as SHADOW and without any effect.
 *
 * It judges a copy of the facts, so it shows what would differ now, not what would have become of a
 * subject under it from the start; for that there is a backtest. Only its own decisions are told, not
 * the ends of measures that another version set.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

struct shadow_outbox {
    struct outbox outbox; /* first: the callbacks cast back */
    struct outbox *real;
    const struct policy *policy;
};

static void drop(struct outbox *outbox, const struct record_type *type, const void *record)
{
    (void)outbox;
    (void)type;
    (void)record;
}

static void tell(struct outbox *outbox, const struct audit *audit,
                 const struct audit_payload *payload)
{
    const struct shadow_outbox *shadow = (const struct shadow_outbox *)outbox;
    if (audit->policy_version == shadow->policy->version) {
        struct audit told = *audit;
        told.state = DECISION_STATE_SHADOW;
        shadow->real->decide(shadow->real, &told, payload);
    }
}

/* The used part of the facts: most of the struct is room in its lists. */
static void facts_copy(struct subject_state *to, const struct subject_state *from)
{
    for (uint32_t i = 0; i < record_subject_state.field_count; i++) {
        const struct field_type *field = &record_subject_state.fields[i];
        const uint8_t *source = (const uint8_t *)from;
        uint8_t *target = (uint8_t *)to;
        const uint32_t next = i + 1 < record_subject_state.field_count
                                  ? record_subject_state.fields[i + 1].offset
                                  : (uint32_t)sizeof(*from);
        if (field->kind != FIELD_LIST) {
            memcpy(target + field->offset, source + field->offset, next - field->offset);
            continue;
        }
        uint32_t count = 0;
        memcpy(&count, source + field->count_offset, sizeof(count));
        memcpy(target + field->count_offset, &count, sizeof(count));
        memcpy(target + field->offset, source + field->offset, count * (size_t)field->size);
    }
}

void shadow_judge(const struct court *court, const struct subject_state *facts,
                  const struct policy *shadow, const struct record_type *type, const void *record)
{
    ASSERT(shadow->shadow && court->scratch != NULL && court->scratch != facts);
    struct policies policies = *court->policies;
    struct breaker breaker = *court->breaker;
    struct shadow_outbox outbox = {.outbox = {.emit = drop, .decide = tell},
                                   .real = court->outbox,
                                   .policy = shadow};
    struct court apart = *court;
    enum dead_reason reason = DEAD_REASON_BAD_FIELD;
    policies.instead = shadow;
    policies.shadow_count = 0; /* it has none of its own */
    apart.policies = &policies;
    apart.breaker = &breaker;
    apart.outbox = &outbox.outbox;
    apart.scratch = NULL;
    facts_copy(court->scratch, facts);
    /* What it refuses, the real judgement refuses too. */
    (void)judge_record(&apart, court->scratch, type, record, &reason);
}
