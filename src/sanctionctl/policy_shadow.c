/* `sanctionctl policy shadow`: what the shadow version decided beside the one in force, for who
 * must say whether it may take effect: how many measures each rule of both began, and each that
 * differs.
 *
 * Compared are measures that begin, warnings and what the breaker held, of one record about one
 * subject. A shadow judges records and no timers, and never tells the end, the change or the return
 * of a measure that another version set (src/policy/shadow.c), so such decisions of the version in
 * force have no counterpart and are left out; so are those made while no shadow was in force.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/audit_report.h"
#include "sanctionctl/period.h"
#include "sanctionctl/scan.h"

#include "base/time.h"
#include "config/value.h"
#include "engine/policy_feed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_MAX = 64, SUBJECT_MAX = 96 };

/* A measure that begins. */
struct begun {
    bool shadow;
    bool paired;
    char decision[ID_MAX + 1];
    char rule[ID_MAX + 1];
    enum category category;
    enum ledger ledger;
    enum audit_action action; /* DECIDE or HOLD */
    int32_t measure;          /* -1: none */
    int32_t stage;
    int32_t version;
    uint64_t scopes;
    int64_t duration_ms; /* TIME_NEVER_MS: no end */
};

/* The record that led to decisions, and about whom. */
struct origin {
    int64_t occurred_ms;
    char trigger[SUBJECT_MAX + ID_MAX]; /* topic:partition:offset */
    char subject[SUBJECT_MAX];
};

struct figures {
    char rule[ID_MAX + 1];
    enum category category;
    int64_t shadow;
    int64_t in_force;
    int64_t differ;
};

struct survey {
    struct program *program;
    struct policy_feed *policies;
    struct program_payloads *payloads;
    struct audit_payload *payload;
    void *scratch;
    struct period period;
    struct origin origin; /* of the decisions of `begun`, which stand side by side in the topic */
    struct begun *begun;
    size_t begun_count;
    struct figures *figures;
    size_t figures_count;
    struct figures all;
    int64_t unreadable; /* whose subject was erased, or locked by another key file */
};

static struct figures *figures_of(struct survey *survey, const struct begun *begun)
{
    for (size_t i = 0; i < survey->figures_count; i++) {
        if (survey->figures[i].category == begun->category &&
            strcmp(survey->figures[i].rule, begun->rule) == 0) {
            return &survey->figures[i];
        }
    }
    survey->figures =
        memory_resize(survey->figures, (survey->figures_count + 1) * sizeof(*survey->figures));
    struct figures *made = &survey->figures[survey->figures_count++];
    *made = (struct figures){.category = begun->category};
    memcpy(made->rule, begun->rule, sizeof(made->rule));
    return made;
}

static bool same(const struct begun *one, const struct begun *other)
{
    return strcmp(one->rule, other->rule) == 0 && one->category == other->category &&
           one->ledger == other->ledger && one->action == other->action &&
           one->measure == other->measure && one->stage == other->stage &&
           one->scopes == other->scopes && one->duration_ms == other->duration_ms;
}

static bool same_measure(const struct begun *one, const struct begun *other)
{
    return one->measure == other->measure && one->ledger == other->ledger;
}

static bool same_category(const struct begun *one, const struct begun *other)
{
    return one->category == other->category;
}

static void print_text(const char *whose, const struct begun *begun)
{
    struct buffer text = {0};
    if (begun == NULL) {
        printf("  %-9s nothing\n", whose);
        return;
    }
    printf("  %-9s version %d %s %s: %s%s, stage %d", whose, begun->version,
           enum_symbol(&enum_category, (int32_t)begun->category), begun->rule,
           begun->action == AUDIT_ACTION_HOLD ? "held " : "",
           begun->measure < 0 ? "" : enum_symbol(&enum_measure, begun->measure), begun->stage);
    if (begun->duration_ms != TIME_NEVER_MS) {
        duration_format(begun->duration_ms, &text);
        printf(", %.*s", BYTES_PRINT(buffer_bytes(&text)));
    } else if (begun->scopes != 0) {
        printf(", no end");
    }
    for (int32_t i = 0; i < SCOPE_COUNT; i++) {
        if ((begun->scopes >> i & 1) != 0) {
            printf(" %s", enum_symbol(&enum_scope, i));
        }
    }
    printf("  %s\n", begun->decision);
    buffer_release(&text);
}

static void print_json(const char *whose, const struct begun *begun)
{
    if (begun == NULL) {
        printf(",\"%s\":null", whose);
        return;
    }
    const char *quote = begun->measure < 0 ? "" : "\"";
    printf(
        ",\"%s\":{\"decision_id\":\"%s\",\"policy_version\":%d,\"category\":\"%s\",\"rule\":\"%s\","
        "\"action\":\"%s\",\"measure\":%s%s%s,\"ledger\":\"%s\",\"stage\":%d",
        whose, begun->decision, begun->version,
        enum_symbol(&enum_category, (int32_t)begun->category), begun->rule,
        enum_symbol(&enum_audit_action, (int32_t)begun->action), quote,
        begun->measure < 0 ? "null" : enum_symbol(&enum_measure, begun->measure), quote,
        enum_symbol(&enum_ledger, (int32_t)begun->ledger), begun->stage);
    if (begun->duration_ms == TIME_NEVER_MS) {
        printf(",\"duration_ms\":null,\"scopes\":[");
    } else {
        printf(",\"duration_ms\":%" PRId64 ",\"scopes\":[", begun->duration_ms);
    }
    const char *between = "";
    for (int32_t i = 0; i < SCOPE_COUNT; i++) {
        if ((begun->scopes >> i & 1) != 0) {
            printf("%s\"%s\"", between, enum_symbol(&enum_scope, i));
            between = ",";
        }
    }
    printf("]}");
}

/* One of them may be NULL: only the other version decided. */
static void differ(struct survey *survey, const struct begun *in_force, const struct begun *shadow)
{
    const struct origin *origin = &survey->origin;
    char time[32];
    survey->all.differ++;
    figures_of(survey, in_force != NULL ? in_force : shadow)->differ++;
    if (survey->program->json) {
        printf("{\"occurred_at\":%" PRId64 ",\"subject\":\"%s\",\"trigger\":\"%s\"",
               origin->occurred_ms, origin->subject, origin->trigger);
        print_json("in_force", in_force);
        print_json("shadow", shadow);
        printf("}\n");
        return;
    }
    printf("%s  %s  %s\n", command_time(origin->occurred_ms, time), origin->subject,
           origin->trigger);
    print_text("in force", in_force);
    print_text("shadow", shadow);
}

/* Pairs what is alike enough and was not paired before. */
static void pair(struct survey *survey,
                 bool (*alike)(const struct begun *one, const struct begun *other))
{
    for (size_t i = 0; i < survey->begun_count; i++) {
        struct begun *in_force = &survey->begun[i];
        for (size_t k = 0; k < survey->begun_count && !in_force->shadow && !in_force->paired; k++) {
            struct begun *shadow = &survey->begun[k];
            if (!shadow->shadow || shadow->paired || !alike(in_force, shadow)) {
                continue;
            }
            in_force->paired = true;
            shadow->paired = true;
            if (!same(in_force, shadow)) {
                differ(survey, in_force, shadow);
            }
        }
    }
}

/* All decisions of one record about one subject are known. */
static void compare(struct survey *survey)
{
    pair(survey, same);
    pair(survey, same_measure);
    pair(survey, same_category);
    for (size_t i = 0; i < survey->begun_count; i++) {
        const struct begun *begun = &survey->begun[i];
        if (!begun->paired) {
            differ(survey, begun->shadow ? NULL : begun, begun->shadow ? begun : NULL);
        }
    }
    survey->begun_count = 0;
}

static void keep(struct survey *survey, const struct audit *audit, bool shadow)
{
    const struct audit_payload *payload = survey->payload;
    struct origin origin = {.occurred_ms = audit->occurred_at};
    snprintf(origin.subject, sizeof(origin.subject), "%s:%.*s",
             enum_symbol(&enum_subject_kind, (int32_t)payload->subject_kind),
             BYTES_PRINT(payload->subject_id));
    snprintf(origin.trigger, sizeof(origin.trigger), "%.*s:%d:%" PRId64,
             BYTES_PRINT(payload->trigger_topic), payload->trigger_partition,
             payload->trigger_offset);
    if (strcmp(origin.subject, survey->origin.subject) != 0 ||
        strcmp(origin.trigger, survey->origin.trigger) != 0) {
        compare(survey);
        survey->origin = origin;
    }
    survey->begun =
        memory_resize(survey->begun, (survey->begun_count + 1) * sizeof(*survey->begun));
    struct begun *begun = &survey->begun[survey->begun_count++];
    *begun = (struct begun){
        .shadow = shadow,
        .category = audit->category,
        .ledger = audit->ledger,
        .action = audit->action,
        .measure = audit->measure.set ? audit->measure.value : -1,
        .stage = audit->stage_to,
        .version = audit->policy_version,
        .scopes = payload->scopes,
        .duration_ms = payload->expires_at.set ? payload->expires_at.value - payload->decided_at
                                               : TIME_NEVER_MS,
    };
    snprintf(begun->decision, sizeof(begun->decision), "%.*s", BYTES_PRINT(audit->decision_id));
    snprintf(begun->rule, sizeof(begun->rule), "%.*s", BYTES_PRINT(audit->rule));
    struct figures *figures = figures_of(survey, begun);
    *(shadow ? &figures->shadow : &figures->in_force) += 1;
    *(shadow ? &survey->all.shadow : &survey->all.in_force) += 1;
}

static bool begins(const struct audit *audit)
{
    return audit->action == AUDIT_ACTION_HOLD || audit_begins_measure(audit);
}

/* What another version had set is in force again: a step after the reversal of a later one (it
 * names the decision before it), or the ban of a person who comes back. */
static bool comes_back(const struct audit *audit, const struct audit_payload *payload)
{
    bool found = bytes_is(audit->rule, "f3.rejoin");
    for (uint32_t i = 0; i < payload->facts_params_count; i++) {
        found = found || payload->facts_params[i].name == PARAM_NAME_DECISION;
    }
    return found;
}

static void look_at(struct survey *survey, const struct audit *audit)
{
    const bool shadow = audit->state == DECISION_STATE_SHADOW;
    if (!begins(audit) || audit->actor_kind == ACTOR_KIND_TIMER ||
        !period_has(&survey->period, audit->occurred_at) ||
        (!shadow &&
         policies_shadow(policy_feed_versions(survey->policies), audit->occurred_at) == NULL)) {
        return;
    }
    if (!program_payload_open(survey->payloads, audit, survey->payload)) {
        survey->unreadable++;
    } else if (!comes_back(audit, survey->payload)) {
        keep(survey, audit, shadow);
    }
}

static enum status on_audit(void *context, int32_t partition, int64_t start,
                            const struct stream_record *record, bool *stop_out, struct error *error)
{
    struct survey *survey = context;
    const struct record_type *type = NULL;
    (void)partition;
    (void)start;
    (void)stop_out;
    (void)error;
    if (record->value.data != NULL &&
        codec_decode(survey->program->codec, record->value, &type, survey->scratch) == DECODE_OK &&
        type == &record_audit) {
        look_at(survey, survey->scratch);
    }
    return STATUS_OK;
}

static enum status look(struct survey *survey)
{
    struct program *program = survey->program;
    char name[512];
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    TRY(policy_feed_open(program->cluster, scan_topic_name(program, "policies", name),
                         program->config->policy_id, program->codec, &survey->policies,
                         &program->error));
    TRY(policy_feed_poll(survey->policies, &program->error));
    TRY(program_payloads_open(program, &survey->payloads, &program->error));
    survey->payload = memory_get(sizeof(*survey->payload));
    survey->scratch = memory_get(codec_record_size(program->codec));
    TRY(scan_topic(program, "audit", on_audit, survey));
    compare(survey);
    return STATUS_OK;
}

static int by_category(const void *left, const void *right)
{
    const struct figures *one = left;
    const struct figures *other = right;
    return one->category != other->category ? (one->category < other->category ? -1 : 1)
                                            : strcmp(one->rule, other->rule);
}

static void print_sums(const struct survey *survey)
{
    const bool json = survey->program->json;
    for (size_t i = 0; i < survey->figures_count; i++) {
        const struct figures *figures = &survey->figures[i];
        printf(json ? "{\"category\":\"%s\",\"rule\":\"%s\",\"in_force_count\":%" PRId64
                      ",\"shadow_count\":%" PRId64 ",\"differ_count\":%" PRId64 "}\n"
                    : "%-28s %-20s %6" PRId64 " in force %6" PRId64 " shadow %6" PRId64 " differ\n",
               enum_symbol(&enum_category, (int32_t)figures->category), figures->rule,
               figures->in_force, figures->shadow, figures->differ);
    }
    printf(json ? "{\"in\":\"all\",\"in_force_count\":%" PRId64 ",\"shadow_count\":%" PRId64
                  ",\"differ_count\":%" PRId64 ",\"unreadable_count\":%" PRId64 "}\n"
                : "in all: %" PRId64 " in force, %" PRId64 " shadow, %" PRId64 " differ, %" PRId64
                  " not to be read (erased, or another key file)\n",
           survey->all.in_force, survey->all.shadow, survey->all.differ, survey->unreadable);
}

static void print(struct survey *survey)
{
    if (survey->figures_count > 0) {
        qsort(survey->figures, survey->figures_count, sizeof(*survey->figures), by_category);
    }
    if (!survey->program->json && survey->all.shadow == 0) {
        printf("no shadow decision: %s\n",
               policy_feed_versions(survey->policies)->shadow_count == 0
                   ? "no version of the policy is a shadow"
               : survey->unreadable > 0 ? "none that can be read"
                                        : "the shadow version began no measure in this time");
    }
    print_sums(survey);
}

enum status command_policy_shadow(struct command_call *call, int *code_out)
{
    struct survey survey = {.program = call->program, .period = PERIOD_ALL};
    for (size_t i = 0; i < call->word_count; i++) {
        bool taken = false;
        TRY(period_option(call, &i, &survey.period, &taken));
        if (!taken) {
            return command_usage(call, "policy shadow takes --from and --to");
        }
    }
    const enum status status = look(&survey);
    if (status == STATUS_OK) {
        print(&survey);
    }
    *code_out = EXIT_DONE;
    policy_feed_close(survey.policies);
    program_payloads_close(survey.payloads);
    free(survey.payload);
    free(survey.scratch);
    free(survey.begun);
    free(survey.figures);
    return status;
}
