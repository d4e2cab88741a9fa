/* A small world around the core: one subject, a clock, and everything it published.
 *
 * Checks after every event what must always hold: the fold of the restrictions is the standing, a
 * restriction ends once, a decision has one audit, no event id comes twice.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/digest.h"
#include "default_policy.h"
#include "policy/judge_internal.h"

#include <stdlib.h>

#define T0 INT64_C(1767225600000) /* 2026-01-01 */
#define OUTPUTS_MAX 20000

struct output {
    const struct record_type *type; /* &record_audit: a decision */
    const void *record;
    const struct audit_payload *payload;
};

struct world {
    struct outbox outbox; /* first: the callbacks cast back */
    struct policy versions[3];
    struct policies policies;
    struct breaker breaker;
    struct arena arena;
    struct subject_state *facts;
    int64_t now_ms;
    int64_t offset;
    int64_t reports;
    size_t count;
    size_t seen; /* outputs that a test has looked at */
    size_t checked;
    struct output outputs[OUTPUTS_MAX];
};

static const void *world_copy(struct world *world, const void *record, size_t size)
{
    void *copy = arena_get(&world->arena, size);
    memcpy(copy, record, size);
    return copy;
}

static void world_emit(struct outbox *outbox, const struct record_type *type, const void *record)
{
    struct world *world = (struct world *)(void *)outbox;
    ASSERT(world->count < OUTPUTS_MAX);
    world->outputs[world->count++] =
        (struct output){.type = type, .record = world_copy(world, record, type->size)};
}

static void world_decide(struct outbox *outbox, const struct audit *audit,
                         const struct audit_payload *payload)
{
    struct world *world = (struct world *)(void *)outbox;
    ASSERT(world->count < OUTPUTS_MAX);
    world->outputs[world->count++] = (struct output){
        .type = &record_audit,
        .record = world_copy(world, audit, sizeof(*audit)),
        .payload = world_copy(world, payload, sizeof(*payload)),
    };
}

static inline struct world *world_new(enum subject_kind kind, const char *id)
{
    struct world *world = memory_get(sizeof(*world));
    memset(world, 0, sizeof(*world));
    world->outbox = (struct outbox){.emit = world_emit, .decide = world_decide};
    default_policy(&world->versions[0]);
    world->policies = (struct policies){.count = 1, .versions = {&world->versions[0]}};
    world->facts = memory_get(sizeof(*world->facts));
    memset(world->facts, 0x5a, sizeof(*world->facts)); /* items are never read before written */
    judge_init(world->facts, kind, bytes_text(id));
    world->now_ms = T0;
    return world;
}

static inline void world_free(struct world *world)
{
    arena_release(&world->arena);
    free(world->facts);
    free(world);
}

/* The restriction_ids that a Standing must show: what the records in `outputs` leave in force. */
struct fold {
    size_t count;
    const struct restriction *items[64];
};

static inline void fold_remove(struct fold *fold, struct bytes id)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (bytes_equal(fold->items[i]->restriction_id, id)) {
            fold->items[i] = fold->items[--fold->count];
            return;
        }
    }
    fail_msg("'%.*s' ends but is not in force", BYTES_PRINT(id));
}

static inline bool fold_has(const struct fold *fold, struct bytes id)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (bytes_equal(fold->items[i]->restriction_id, id)) {
            return true;
        }
    }
    return false;
}

static inline void fold_record(struct fold *fold, const struct restriction *record)
{
    if (record->supersedes.data != NULL) {
        fold_remove(fold, record->supersedes);
    }
    switch (record->op) {
    case RESTRICTION_OP_APPLY:
        if (record->measure == MEASURE_CONTENT_REMOVE) {
            break; /* an event, not a state */
        }
        assert_false(fold_has(fold, record->restriction_id));
        fold->items[fold->count++] = record;
        break;
    case RESTRICTION_OP_CHANGE:
    case RESTRICTION_OP_SHORTEN:
    case RESTRICTION_OP_EXTEND:
        fold_remove(fold, record->restriction_id);
        fold->items[fold->count++] = record;
        break;
    case RESTRICTION_OP_LIFT:
        fold_remove(fold, record->restriction_id);
        break;
    case RESTRICTION_OP_REVERSE:
        if (fold_has(fold, record->restriction_id)) {
            fold_remove(fold, record->restriction_id);
        }
        break;
    }
}

static inline void check_standing(const struct fold *fold, const struct standing *standing)
{
    assert_int_equal(fold->count, standing->restrictions_count);
    for (uint32_t i = 0; i < standing->restrictions_count; i++) {
        const struct standing_item *item = &standing->restrictions[i];
        const struct restriction *found = NULL;
        for (size_t k = 0; k < fold->count; k++) {
            if (bytes_equal(fold->items[k]->restriction_id, item->restriction_id)) {
                found = fold->items[k];
            }
        }
        assert_non_null(found);
        assert_true(bytes_equal(found->decision_id, item->decision_id));
        assert_int_equal(found->measure, item->measure);
        assert_true(found->scopes == item->scopes);
        assert_int_equal(found->stage, item->stage);
        assert_int_equal(found->ledger, item->ledger);
        assert_int_equal(found->expires_at.set, item->expires_at.set);
        assert_true(found->expires_at.value == item->expires_at.value);
    }
}

static inline struct bytes output_event_id(const struct output *output)
{
    struct bytes id;
    memcpy(&id, (const uint8_t *)output->record + output->type->fields[0].offset, sizeof(id));
    return id;
}

/* Every string that is an id has the form of one, every list fits. */
static inline void check_ids(const struct output *output)
{
    const struct bytes id = output_event_id(output);
    assert_true(id.size >= 1 && id.size <= 64);
    for (size_t i = 0; i < id.size; i++) {
        const char c = (char)id.data[i];
        assert_true((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.');
    }
}

static inline void world_check(struct world *world)
{
    struct fold fold = {0};
    int64_t revision = 0;
    struct bytes decision = {0};
    bool erased = false; /* the next standing may begin revisions, and its ids with them, anew (I.17) */
    size_t anew = 0;     /* the first standing of those that count on */
    for (size_t i = 0; i < world->count; i++) {
        const struct output *output = &world->outputs[i];
        const bool is_standing = output->type == &record_standing;
        if (erased && is_standing && ((const struct standing *)output->record)->revision == 1) {
            erased = false;
            anew = i;
            revision = 0;
        }
        if (i >= world->checked) {
            check_ids(output);
            for (size_t k = 0; k < i; k++) {
                const bool before = is_standing && k < anew && world->outputs[k].type == &record_standing;
                assert_true(before || !bytes_equal(output_event_id(output),
                                                   output_event_id(&world->outputs[k])));
            }
        }
        if (output->type == &record_audit) {
            const struct audit *audit = output->record;
            decision = audit->decision_id;
            erased = erased || audit->action == AUDIT_ACTION_ERASE;
        } else if (output->type == &record_restriction) {
            const struct restriction *record = output->record;
            assert_true(bytes_equal(record->decision_id, decision));
            fold_record(&fold, record);
        } else if (output->type == &record_standing) {
            const struct standing *standing = output->record;
            assert_true(standing->revision == ++revision);
            assert_true(bytes_equal(standing->decision_id, decision));
            check_standing(&fold, standing);
        }
    }
    world->checked = world->count;
}

static inline struct court world_court(struct world *world, const struct trigger *trigger)
{
    return (struct court){
        .policies = &world->policies,
        .trigger = trigger,
        .now_ms = world->now_ms,
        .decided_ms = world->now_ms,
        .breaker = &world->breaker,
        .outbox = &world->outbox,
        .arena = &world->arena,
    };
}

/* Fires every timer due up to and including `to_ms`, then the clock stands there. */
static inline void world_advance(struct world *world, int64_t to_ms)
{
    int64_t before = -1;
    for (;;) {
        const int64_t due = judge_next_timer(&world->policies, world->facts);
        if (due > to_ms) {
            break;
        }
        assert_true(due > before); /* a timer that fires again at its own time would never end */
        before = due;
        world->now_ms = due > world->now_ms ? due : world->now_ms;
        const struct trigger trigger = {.topic = bytes_text("timer"), .offset = due};
        struct court court = world_court(world, &trigger);
        court.decided_ms = due;
        judge_timer(&court, world->facts);
    }
    world->now_ms = to_ms > world->now_ms ? to_ms : world->now_ms;
    world_check(world);
}

static inline enum judge_result world_judge(struct world *world, const char *topic,
                                            const struct record_type *type, const void *record)
{
    world_advance(world, world->now_ms);
    const struct trigger trigger = {.topic = bytes_text(topic), .offset = world->offset++};
    struct court court = world_court(world, &trigger);
    enum dead_reason reason = DEAD_REASON_COUNT;
    const enum judge_result result = judge_record(&court, world->facts, type, record, &reason);
    world_check(world);
    return result;
}

/* Takes the violation at `place` away, as an overturned appeal does. */
static inline void world_reverse(struct world *world, uint32_t place)
{
    world_advance(world, world->now_ms);
    const struct trigger trigger = {.topic = bytes_text("verdicts"), .offset = world->offset++};
    struct court court = world_court(world, &trigger);
    struct judgement judgement = {
        .court = &court,
        .facts = world->facts,
        .policy = policies_at(&world->policies, world->now_ms),
        .horizon_ms = policies_horizon(&world->policies),
        .actor = ACTOR_KIND_REVIEWER,
        .reviewer_ref = bytes_text("reviewer2"),
    };
    ASSERT(place < world->facts->violations_count);
    violation_reverse(&judgement, &world->facts->violations[place], END_REASON_APPEAL, "appeal");
    world_check(world);
}

static inline struct bytes world_text(struct world *world, const char *prefix, int64_t number)
{
    char text[48];
    const int size = snprintf(text, sizeof(text), "%s%lld", prefix, (long long)number);
    return arena_copy(&world->arena, bytes_of(text, (size_t)size));
}

/* A report by a stranger with good faith, about a message of its own, one second old. */
static inline struct report world_report(struct world *world, enum category category,
                                         enum area area, int32_t score, const char *reporter)
{
    const int64_t number = world->reports++;
    struct report report = {
        .event_id = world_text(world, "report", number),
        .occurred_at = world->now_ms,
        .subject_kind = world->facts->subject_kind,
        .subject_id = world->facts->subject_id,
        .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
        .reporter_id = reporter == NULL ? (struct bytes){0} : bytes_text(reporter),
        .good_faith = true,
        .content_ref = world_text(world, "message", number),
        .evidence_ref = world_text(world, "evidence", number),
        .area = area,
        .act_at = world->now_ms - SECOND_MS,
        .actor_role = ROLE_MEMBER,
        .relation = RELATION_NON_FRIEND,
        .sender_kind = SENDER_KIND_PERSON,
        .content_form = CONTENT_FORM_TEXT,
        .language = LANGUAGE_KO,
        .category = category,
        .act_kind = ACT_KIND_UNKNOWN,
        .illegal_purpose = TRI_UNKNOWN,
        .ad_label_present = TRI_UNKNOWN,
        .withdrawal_path_present = TRI_UNKNOWN,
        .consent_state = CONSENT_STATE_UNKNOWN,
        .target_age_band = AGE_BAND_UNKNOWN,
        .actor_age_band = AGE_BAND_UNKNOWN,
    };
    if (score >= 0) {
        report.labels_count = 1;
        report.labels[0] =
            (struct label){.category = category, .score = score, .labeller = bytes_text("l")};
    }
    return report;
}

static inline enum judge_result world_send(struct world *world, const struct report *report)
{
    return world_judge(world, "reports", &record_report, report);
}

static inline struct verdict world_verdict(struct world *world, enum verdict_kind kind,
                                           enum category category, enum area area)
{
    return (struct verdict){
        .event_id = world_text(world, "verdict", world->reports++),
        .occurred_at = world->now_ms,
        .subject_kind = world->facts->subject_kind,
        .subject_id = world->facts->subject_id,
        .kind = kind,
        .request_id = bytes_text("request"),
        .category = category,
        .severity = SEVERITY_NONE,
        .area = area,
        .consent_state = CONSENT_STATE_UNKNOWN,
        .reviewer_ref = bytes_text("reviewer1"),
    };
}

static inline enum judge_result world_rule(struct world *world, const struct verdict *verdict)
{
    return world_judge(world, "verdicts", &record_verdict, verdict);
}

/* CONFIRM of an act that the reviewer found himself, at the clock. */
static inline void world_confirm(struct world *world, enum category category, enum area area)
{
    const struct verdict verdict = world_verdict(world, VERDICT_KIND_CONFIRM, category, area);
    assert_int_equal(world_rule(world, &verdict), JUDGE_DONE);
}

/* The next output of the type that no test has looked at; NULL: none. */
static inline const void *world_next(struct world *world, const struct record_type *type)
{
    for (size_t i = world->seen; i < world->count; i++) {
        if (world->outputs[i].type == type) {
            world->seen = i + 1;
            return world->outputs[i].record;
        }
    }
    return NULL;
}

/* How many outputs of the type there are since the last world_clear(). */
static inline size_t world_count(const struct world *world, const struct record_type *type)
{
    size_t count = 0;
    for (size_t i = world->seen; i < world->count; i++) {
        count += world->outputs[i].type == type ? 1 : 0;
    }
    return count;
}

static inline void world_clear(struct world *world)
{
    world->seen = world->count;
}

#define FIND(world, kind_field, kind_value, record_name)                                           \
    for (size_t i = (world)->seen; i < (world)->count; i++) {                                      \
        const struct record_name *record = (world)->outputs[i].record;                             \
        if ((world)->outputs[i].type == &record_##record_name &&                                   \
            record->kind_field == (kind_value)) {                                                  \
            return record;                                                                         \
        }                                                                                          \
    }                                                                                              \
    return NULL

/* The first since the last clear, of any place; NULL: none. */
static inline const struct notice_request *world_notice(const struct world *world,
                                                        enum notice_kind kind)
{
    FIND(world, kind, kind, notice_request);
}

static inline const struct review_request *world_review(const struct world *world,
                                                        enum review_action action)
{
    FIND(world, action, action, review_request);
}

static inline const struct signal *world_signal(const struct world *world, enum signal_kind kind)
{
    FIND(world, kind, kind, signal);
}

static inline const struct audit *world_audit(const struct world *world, enum audit_action action)
{
    FIND(world, action, action, audit);
}

static inline const struct restriction *world_restriction(const struct world *world,
                                                          enum restriction_op op)
{
    FIND(world, op, op, restriction);
}

/* The last state of the peer display since the last clear; -1: no record. */
static inline int world_peer(const struct world *world)
{
    int shown = -1;
    for (size_t i = world->seen; i < world->count; i++) {
        if (world->outputs[i].type == &record_peer_display) {
            shown = ((const struct peer_display *)world->outputs[i].record)->shown ? 1 : 0;
        }
    }
    return shown;
}

/* The next restriction record is this one; `end_ms` 0: no end. */
static inline const struct restriction *expect_step(struct world *world, enum restriction_op op,
                                                    enum measure measure, int32_t stage,
                                                    scope_set scopes, int64_t end_ms)
{
    const struct restriction *record = world_next(world, &record_restriction);
    assert_non_null(record);
    assert_int_equal(record->op, op);
    assert_int_equal(record->measure, measure);
    assert_int_equal(record->stage, stage);
    assert_true(record->scopes == scopes);
    assert_int_equal(record->expires_at.set, end_ms != 0);
    assert_true(record->expires_at.value == end_ms);
    return record;
}

static inline void expect_none(struct world *world)
{
    assert_null(world_next(world, &record_restriction));
}

#endif
