/* Random histories of one subject: reports, verdicts, lifts, reversals, time.
 *
 *   property_policy [SEED [COUNT]]
 *
 * Of each history must hold, beside what world.h checks after every event (the fold of the
 * restrictions is the standing, a restriction ends once, no event id twice):
 *   - the same events give the same bytes, also if the facts are encoded and decoded in between;
 *   - every output fits its schema, its ids included;
 *   - a step's stage is no more than the strikes that were confirmed on its own ledger;
 *   - a dated restriction has an end and is gone once time has passed it;
 *   - a decision is one audit, and every record of a decision names one that came before it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "schema/check.h"
#include "schema/codec.h"

#include <inttypes.h>
#include <time.h>

enum { EVENTS = 70 };

struct random {
    uint64_t state;
};

static uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t value = random->state;
    value = (value ^ value >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ value >> 27) * UINT64_C(0x94D049BB133111EB);
    return value ^ value >> 31;
}

static int random_below(struct random *random, int limit)
{
    return (int)(random_next(random) % (uint64_t)limit);
}

#define PICK(random, list) (list)[random_below(random, (int)COUNT_OF(list))]

static uint64_t first_seed = 1;
static int history_count = 150;

static const enum category categories[] = {
    CATEGORY_ABUSE_SLANDER,  CATEGORY_ABUSE_SLANDER,
    CATEGORY_FLOODING,       CATEGORY_HATE_SPEECH,
    CATEGORY_SPAM_AD,        CATEGORY_GAMBLING_DISTRIBUTION,
    CATEGORY_CHILD_GROOMING, CATEGORY_OTHER_THREAT,
    CATEGORY_SYSTEM_ABUSE,   CATEGORY_IMPERSONATION_PHISHING,
    CATEGORY_DEFAMATION,     CATEGORY_ELECTION_DISINFO,
};
static const enum area areas[] = {
    AREA_OPEN_CHAT_ROOM, AREA_OPEN_CHAT_ROOM, AREA_REGULAR_CHAT, AREA_GROUP_CHAT,
    AREA_TALK_PROFILE,   AREA_TALK_BOARD,     AREA_TALK_CHANNEL, AREA_OTHER_AREA,
};
static const char *const reporters[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};

static void random_report(struct world *world, struct random *random)
{
    struct report report = world_report(world, PICK(random, categories), PICK(random, areas),
                                        random_below(random, 1001), PICK(random, reporters));
    report.relation = (enum relation)random_below(random, RELATION_COUNT);
    report.sender_kind = random_below(random, 12) == 0 ? SENDER_KIND_BIZ : SENDER_KIND_PERSON;
    report.reporter_class = random_below(random, 5) == 0
                                ? (enum reporter_class)random_below(random, REPORTER_CLASS_COUNT)
                                : REPORTER_CLASS_NORMAL;
    report.good_faith = random_below(random, 20) != 0;
    report.publisher_is_press = random_below(random, 30) == 0;
    report.illegal_purpose = random_below(random, 8) == 0 ? TRI_YES : TRI_NO;
    report.target_age_band = (enum age_band)random_below(random, AGE_BAND_COUNT);
    report.act_at = world->now_ms - random_below(random, 100) * DAY_MS;
    if (random_below(random, 3) == 0) {
        report.content_ref = world_text(world, "message", random_below(random, 20));
    }
    if (random_below(random, 3) == 0) {
        report.impersonated_id = bytes_text("v");
    }
    (void)world_send(world, &report);
}

/* An open case, the first of its reports, or nothing: a verdict of its own. */
static void random_target(struct world *world, struct random *random, struct verdict *verdict)
{
    struct subject_state *facts = world->facts;
    if (facts->cases_count == 0 || random_below(random, 5) == 0) {
        return;
    }
    const struct case_fact *item = &facts->cases[random_below(random, (int)facts->cases_count)];
    char *text = arena_get(&world->arena, ID_TEXT_SIZE);
    hex_format(item->case_id, text);
    verdict->case_id = bytes_of(text, ID_TEXT_SIZE);
    if (random_below(random, 3) != 0) {
        verdict->category = item->category == CATEGORY_NONE ? CATEGORY_FLOODING : item->category;
        verdict->area = item->area;
    }
}

static void random_decision_target(struct world *world, struct random *random,
                                   struct verdict *verdict)
{
    struct subject_state *facts = world->facts;
    char *text = arena_get(&world->arena, ID_TEXT_SIZE);
    if (verdict->kind == VERDICT_KIND_LIFT && facts->restrictions_count > 0) {
        const int place = random_below(random, (int)facts->restrictions_count);
        hex_format(facts->restrictions[place].restriction_id, text);
        verdict->target_decision_id = bytes_of(text, ID_TEXT_SIZE);
    }
    for (uint32_t i = 0; verdict->kind != VERDICT_KIND_LIFT && i < facts->cases_count; i++) {
        if (facts->cases[i].held_decision_id.data != NULL) {
            hex_format(facts->cases[i].held_decision_id, text);
            verdict->target_decision_id = bytes_of(text, ID_TEXT_SIZE);
        }
    }
}

static void random_verdict(struct world *world, struct random *random)
{
    static const enum verdict_kind kinds[] = {
        VERDICT_KIND_CONFIRM,
        VERDICT_KIND_CONFIRM,
        VERDICT_KIND_CONFIRM,
        VERDICT_KIND_DISMISS,
        VERDICT_KIND_DISMISS_GROUNDLESS,
        VERDICT_KIND_SET_PERMANENT,
        VERDICT_KIND_LIFT,
        VERDICT_KIND_RELEASE_HELD,
        VERDICT_KIND_CANCEL_HELD,
    };
    struct verdict verdict =
        world_verdict(world, PICK(random, kinds), PICK(random, categories), PICK(random, areas));
    verdict.severity = (enum severity)random_below(random, SEVERITY_COUNT);
    random_target(world, random, &verdict);
    random_decision_target(world, random, &verdict);
    if (verdict.kind == VERDICT_KIND_SET_PERMANENT && world->facts->reviews_count > 0) {
        char *text = arena_get(&world->arena, ID_TEXT_SIZE);
        hex_format(world->facts->reviews[0].case_id, text);
        verdict.case_id = bytes_of(text, ID_TEXT_SIZE);
    }
    if (random_below(random, 3) == 0) {
        verdict.act_at =
            (struct optional_long){world->now_ms - random_below(random, 100) * DAY_MS, true};
    }
    (void)world_rule(world, &verdict);
}

static void random_event(struct world *world, struct random *random)
{
    const int dice = random_below(random, 100);
    if (random_below(random, 40) == 0) {
        world->breaker.hour = world->now_ms / HOUR_MS;
        world->breaker.applied[CATEGORY_ABUSE_SLANDER] = 100; /* as if others had used it up */
    }
    if (dice < 60) {
        random_report(world, random);
    } else if (dice < 85) {
        random_verdict(world, random);
    } else if (dice < 90 && world->facts->violations_count > 0) {
        world_reverse(world, (uint32_t)random_below(random, (int)world->facts->violations_count));
    }
    const int64_t pause = random_below(random, 4) == 0 ? random_below(random, 20) * DAY_MS
                                                       : random_below(random, 100) * SECOND_MS;
    world_advance(world, world->now_ms + pause);
}

/* Facts through their encoded form, as between two commits of a worker. */
static void reload(struct world *world, const struct codec *codec, struct buffer *buffer)
{
    buffer_clear(buffer);
    codec_encode(codec, &record_subject_state, world->facts, buffer);
    const struct bytes kept = arena_copy(&world->arena, buffer_bytes(buffer));
    memset(world->facts, 0xa5, sizeof(*world->facts));
    const struct record_type *type = NULL;
    assert_int_equal(codec_decode(codec, kept, &type, world->facts), DECODE_OK);
    assert_ptr_equal(type, &record_subject_state);
}

/* What the receiver of a decision fills in. */
static void fill_audit(struct audit *audit)
{
    static const uint8_t zero[32];
    audit->prev_hash = bytes_of(zero, sizeof(zero));
    audit->payload_hash = bytes_of(zero, sizeof(zero));
    audit->dek_id = bytes_text("dek");
    audit->payload = bytes_of(zero, 1);
}

static void encode_output(const struct codec *codec, const struct output *output,
                          struct buffer *buffer)
{
    static const uint8_t salt[16];
    const void *record = output->record;
    struct audit audit;
    buffer_clear(buffer);
    if (output->payload != NULL) {
        struct audit_payload payload = *output->payload;
        audit = *(const struct audit *)output->record;
        fill_audit(&audit);
        record = &audit;
        payload.salt = bytes_of(salt, sizeof(salt));
        assert_null(check_record(&record_audit_payload, &payload));
        codec_encode_datum(codec, &record_audit_payload, &payload, buffer);
        assert_true(buffer->size <= 16384);
    }
    const struct field_type *bad = check_record(output->type, record);
    if (bad != NULL) {
        fail_msg("%s.%s is not what the schema says", output->type->name, bad->name);
    }
    codec_encode_datum(codec, output->type, record, buffer);
}

static void compare_outputs(const struct codec *codec, const struct world *left,
                            const struct world *right)
{
    struct buffer one = {0};
    struct buffer two = {0};
    assert_int_equal(left->count, right->count);
    for (size_t i = 0; i < left->count; i++) {
        assert_ptr_equal(left->outputs[i].type, right->outputs[i].type);
        encode_output(codec, &left->outputs[i], &one);
        encode_output(codec, &right->outputs[i], &two);
        assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&two)));
    }
    buffer_release(&one);
    buffer_release(&two);
}

static int32_t weight_of(const struct audit *audit)
{
    const bool strike = audit->action == AUDIT_ACTION_DECIDE && audit->outcome.set &&
                        audit->outcome.value == OUTCOME_CONFIRMED && audit->ledger < LEDGER_NONE;
    return !strike ? 0 : audit->severity == SEVERITY_SEVERE ? 2 : 1;
}

/* Nothing but the strikes of a ledger moves that ledger. */
static void check_ledgers(const struct world *world)
{
    int32_t weights[LEDGER_COUNT] = {0};
    struct bytes decision = {0};
    for (size_t i = 0; i < world->count; i++) {
        const struct output *output = &world->outputs[i];
        if (output->type == &record_audit) {
            const struct audit *audit = output->record;
            assert_false(bytes_equal(decision, audit->decision_id));
            decision = audit->decision_id;
            weights[audit->ledger] += weight_of(audit);
        } else if (output->type == &record_restriction) {
            const struct restriction *record = output->record;
            assert_true(record->stage <= weights[record->ledger]);
            assert_true(record->stage == 0 || record->ledger < LEDGER_NONE);
            const bool endless = record->measure == MEASURE_RESTRICT_PERM_ALL ||
                                 record->measure == MEASURE_RESTRICT_PERM_AREA;
            assert_int_equal(record->expires_at.set, !endless);
            assert_true(!record->expires_at.set ||
                        record->expires_at.value <= record->starts_at + 60 * DAY_MS ||
                        record->op != RESTRICTION_OP_APPLY || record->supersedes.data != NULL);
        } else if (output->type == &record_notice_request) {
            const struct notice_request *notice = output->record;
            assert_true(notice->kind != NOTICE_KIND_REPORT_OUTCOME || notice->params_count <= 6);
        }
    }
}

static void check_end(struct world *world)
{
    world_advance(world, world->now_ms + 400 * DAY_MS);
    for (uint32_t i = 0; i < world->facts->restrictions_count; i++) {
        assert_false(world->facts->restrictions[i].expires_at.set);
    }
    assert_int_equal(world->facts->event_ids_count > 0 && world->facts->cases_count == 0, 0);
}

static void run_history(const struct codec *codec, uint64_t seed)
{
    struct world *plain = world_new(SUBJECT_KIND_USER, "p");
    struct world *stored = world_new(SUBJECT_KIND_USER, "p");
    struct random left = {seed};
    struct random right = {seed};
    struct buffer buffer = {0};
    for (int i = 0; i < EVENTS; i++) {
        random_event(plain, &left);
        random_event(stored, &right);
        reload(stored, codec, &buffer);
    }
    check_end(plain);
    check_end(stored);
    compare_outputs(codec, plain, stored);
    check_ledgers(plain);
    buffer_release(&buffer);
    world_free(plain);
    world_free(stored);
}

static void random_histories_hold_the_invariants(void **state)
{
    (void)state;
    const struct record_type *types[] = {
        &record_subject_state,  &record_restriction,    &record_standing,
        &record_peer_display,   &record_review_request, &record_authority_report,
        &record_notice_request, &record_signal,         &record_audit,
        &record_audit_payload,
    };
    struct codec *codec = NULL;
    struct error error = {0};
    assert_int_equal(codec_new(types, COUNT_OF(types), &codec, &error), STATUS_OK);
    for (int i = 0; i < history_count; i++) {
        const uint64_t seed = first_seed + (uint64_t)i;
        printf("seed %" PRIu64 "\n", seed);
        run_history(codec, seed);
    }
    codec_free(codec);
}

/* A waiting case with one report is small in the store. */
static void waiting_case_with_one_report_is_under_250_bytes(void **state)
{
    (void)state;
    const struct record_type *types[] = {&record_subject_state};
    struct codec *codec = NULL;
    struct error error = {0};
    assert_int_equal(codec_new(types, 1, &codec, &error), STATUS_OK);
    struct world *world = world_new(SUBJECT_KIND_USER, "u0123456789");
    const struct report report =
        world_report(world, CATEGORY_FLOODING, AREA_OPEN_CHAT_ROOM, 100, "r0123456789");
    (void)world_send(world, &report);
    struct buffer buffer = {0};
    codec_encode(codec, &record_subject_state, world->facts, &buffer);
    printf("one waiting case with one report: %zu bytes\n", buffer.size);
    assert_true(buffer.size < 250);
    buffer_release(&buffer);
    world_free(world);
    codec_free(codec);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        first_seed = strtoull(argv[1], NULL, 10);
    }
    if (argc > 2) {
        history_count = atoi(argv[2]);
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_case_with_one_report_is_under_250_bytes),
        cmocka_unit_test(random_histories_hold_the_invariants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
