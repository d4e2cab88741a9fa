/* `sanctionctl audit report`: whose lift, notice or answer to an appeal came late and by how much, for each
 * incident and each day (S4:12, S4:18). A decision knows no wall clock, so lateness stands in no record: it is
 * the time at which the log took a record less the time at which it was due. A lift is due at its `due_at`, a
 * notice with the decision that it tells of, and not before its own `deliver_after`. Incidents are those that
 * HarmReports name; `--from` and `--to` serve before there are any.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/audit_report.h"
#include "sanctionctl/period.h"
#include "sanctionctl/scan.h"

#include "base/table.h"
#include "base/time.h"
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ID_MAX = 64, SUBJECT_MAX = 96 };

struct incident {
    char ref[ID_MAX + 1];
    struct period window;
};

struct late {
    char subject[SUBJECT_MAX]; /* "-": erased, or locked by another key file */
    char decision[ID_MAX + 1];
    const char *effect; /* LIFT, NOTICE, APPEAL_ANSWER */
    const char *notice; /* its kind; NULL: a lift */
    int64_t due_ms;
    int64_t late_ms;
};

/* When what follows from a decision is due. */
struct due {
    char decision[ID_MAX + 1];
    int64_t at_ms;
};

struct survey {
    struct program *program;
    struct program_payloads *payloads;
    void *scratch;
    struct period period; /* of what was due */
    int64_t least_ms;     /* what is later than this is late */
    struct incident *incidents;
    size_t incident_count;
    struct late *late;
    size_t late_count;
    struct table dues; /* decision -> struct due, owned */
};

struct sum {
    int64_t users;
    int64_t effects;
    int64_t worst_ms;
};

static void text_of(struct bytes value, char *text, size_t size)
{
    snprintf(text, size, "%.*s", BYTES_PRINT(value));
}

static void keep_incident(struct survey *survey, const struct harm_report *harm)
{
    for (size_t i = 0; i < survey->incident_count; i++) {
        if (bytes_is(harm->incident_ref, survey->incidents[i].ref)) {
            struct period *window = &survey->incidents[i].window; /* the longest that was told */
            window->from_ms = harm->window_from < window->from_ms ? harm->window_from : window->from_ms;
            window->to_ms = harm->window_to > window->to_ms ? harm->window_to : window->to_ms;
            return;
        }
    }
    survey->incidents = memory_resize(survey->incidents,
                                      (survey->incident_count + 1) * sizeof(*survey->incidents));
    struct incident *incident = &survey->incidents[survey->incident_count++];
    text_of(harm->incident_ref, incident->ref, sizeof(incident->ref));
    incident->window = (struct period){harm->window_from, harm->window_to};
}

static void keep_late(struct survey *survey, const struct late *late)
{
    if (late->late_ms > survey->least_ms && period_has(&survey->period, late->due_ms)) {
        survey->late =
            memory_resize(survey->late, (survey->late_count + 1) * sizeof(*survey->late));
        survey->late[survey->late_count++] = *late;
    }
}

static void keep_due(struct survey *survey, const struct audit *audit)
{
    const int64_t due_ms = audit->due_at.set ? audit->due_at.value : audit->occurred_at;
    if (!period_has(&survey->period, due_ms) ||
        table_find(&survey->dues, audit->decision_id) != NULL) {
        return;
    }
    struct due *due = memory_get(sizeof(*due));
    text_of(audit->decision_id, due->decision, sizeof(due->decision));
    due->at_ms = due_ms;
    table_add(&survey->dues, bytes_text(due->decision), due);
}

static void look_at_audit(struct survey *survey, const struct audit *audit, int64_t appeared_ms)
{
    keep_due(survey, audit);
    if (!audit->due_at.set || !audit->op.set || audit->op.value != RESTRICTION_OP_LIFT) {
        return;
    }
    struct late late = {.subject = "-",
                        .effect = "LIFT",
                        .due_ms = audit->due_at.value,
                        .late_ms = appeared_ms - audit->due_at.value};
    text_of(audit->decision_id, late.decision, sizeof(late.decision));
    struct audit_payload *payload = memory_get(sizeof(*payload));
    if (program_payload_open(survey->payloads, audit, payload)) {
        snprintf(late.subject, sizeof(late.subject), "%s:%.*s",
                 enum_symbol(&enum_subject_kind, (int32_t)payload->subject_kind),
                 BYTES_PRINT(payload->subject_id));
    }
    free(payload);
    keep_late(survey, &late);
}

static bool answers_appeal(enum notice_kind kind)
{
    return kind == NOTICE_KIND_APPEAL_RECEIPT || kind == NOTICE_KIND_APPEAL_RESULT ||
           kind == NOTICE_KIND_DISPUTE_STATUS;
}

static void look_at_notice(struct survey *survey, const struct notice *notice, int64_t appeared_ms)
{
    const struct due *due = table_find(&survey->dues, notice->decision_id);
    int64_t due_ms = due != NULL ? due->at_ms : notice->occurred_at;
    if (notice->deliver_after.set && notice->deliver_after.value > due_ms) {
        due_ms = notice->deliver_after.value;
    }
    struct late late = {.effect = answers_appeal(notice->kind) ? "APPEAL_ANSWER" : "NOTICE",
                        .notice = enum_symbol(&enum_notice_kind, (int32_t)notice->kind),
                        .due_ms = due_ms,
                        .late_ms = appeared_ms - due_ms};
    text_of(notice->decision_id, late.decision, sizeof(late.decision));
    snprintf(late.subject, sizeof(late.subject), "%s:%.*s",
             enum_symbol(&enum_subject_kind, (int32_t)notice->subject_kind),
             BYTES_PRINT(notice->subject_id));
    keep_late(survey, &late);
}

/* Every topic that is read holds other types. */
static enum status on_record(void *context, int32_t partition, int64_t start,
                             const struct stream_record *record, bool *stop_out,
                             struct error *error)
{
    struct survey *survey = context;
    const struct record_type *type = NULL;
    (void)partition;
    (void)start;
    (void)stop_out;
    (void)error;
    if (record->value.data == NULL ||
        codec_decode(survey->program->codec, record->value, &type, survey->scratch) != DECODE_OK) {
        return STATUS_OK; /* `audit verify` and the dead letters tell of it */
    }
    if (type == &record_harm_report) {
        keep_incident(survey, survey->scratch);
    } else if (type == &record_audit) {
        look_at_audit(survey, survey->scratch, record->timestamp_ms);
    } else if (type == &record_notice) {
        look_at_notice(survey, survey->scratch, record->timestamp_ms);
    }
    return STATUS_OK;
}

static int by_due(const void *left, const void *right)
{
    const struct late *one = left;
    const struct late *other = right;
    if (one->due_ms != other->due_ms) {
        return one->due_ms < other->due_ms ? -1 : 1;
    }
    const int order = strcmp(one->subject, other->subject);
    return order != 0 ? order : strcmp(one->decision, other->decision);
}

static enum status look(struct survey *survey)
{
    struct program *program = survey->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    TRY(program_payloads_open(program, &survey->payloads, &program->error));
    TRY(scan_topic(program, "appeals", on_record, survey));
    TRY(scan_topic(program, "audit", on_record, survey));
    TRY(scan_topic(program, "notices", on_record, survey));
    if (survey->late_count > 0) {
        qsort(survey->late, survey->late_count, sizeof(*survey->late), by_due);
    }
    return STATUS_OK;
}

static struct sum sum_up(const struct survey *survey, const struct period *window)
{
    struct sum sum = {0};
    struct table users = {0};
    for (size_t i = 0; i < survey->late_count; i++) {
        struct late *late = &survey->late[i];
        if (!period_has(window, late->due_ms)) {
            continue;
        }
        sum.effects++;
        sum.worst_ms = late->late_ms > sum.worst_ms ? late->late_ms : sum.worst_ms;
        if (table_find(&users, bytes_text(late->subject)) == NULL) {
            table_add(&users, bytes_text(late->subject), late);
            sum.users++;
        }
    }
    table_release(&users);
    return sum;
}

static void print_sum(const struct survey *survey, const char *word, const char *label,
                      const struct period *window)
{
    const struct sum sum = sum_up(survey, window);
    printf(survey->program->json
               ? "{\"%s\":\"%s\",\"users\":%" PRId64 ",\"effects\":%" PRId64
                 ",\"late_ms_max\":%" PRId64 "}\n"
               : "%s %s: %" PRId64 " users, %" PRId64 " late, at most %" PRId64 " min\n",
           word, label, sum.users, sum.effects,
           survey->program->json ? sum.worst_ms : sum.worst_ms / MINUTE_MS);
}

static void print_incidents_of(const struct survey *survey, const struct late *late)
{
    const char *between = survey->program->json ? "" : "  incident ";
    const char *quote = survey->program->json ? "\"" : "";
    for (size_t i = 0; i < survey->incident_count; i++) {
        if (period_has(&survey->incidents[i].window, late->due_ms)) {
            printf("%s%s%s%s", between, quote, survey->incidents[i].ref, quote);
            between = survey->program->json ? "," : " ";
        }
    }
}

static void print_late(const struct survey *survey, const struct late *late)
{
    char time[32];
    if (!survey->program->json) {
        printf("%s  %-24s %-13s %6" PRId64 " min  %s%s%s", command_time(late->due_ms, time),
               late->subject, late->effect, late->late_ms / MINUTE_MS, late->decision,
               late->notice == NULL ? "" : "  ", late->notice == NULL ? "" : late->notice);
        print_incidents_of(survey, late);
        printf("\n");
        return;
    }
    printf("{\"subject\":\"%s\",\"effect\":\"%s\",\"notice\":%s%s%s,\"decision_id\":\"%s\","
           "\"due_at\":%" PRId64 ",\"late_ms\":%" PRId64 ",\"incidents\":[",
           late->subject, late->effect, late->notice == NULL ? "" : "\"",
           late->notice == NULL ? "null" : late->notice, late->notice == NULL ? "" : "\"",
           late->decision, late->due_ms, late->late_ms);
    print_incidents_of(survey, late);
    printf("]}\n");
}

static void print_days(const struct survey *survey)
{
    for (size_t i = 0; i < survey->late_count;) {
        char day[32];
        const int64_t from_ms = survey->late[i].due_ms - survey->late[i].due_ms % DAY_MS;
        const struct period window = {from_ms, from_ms + DAY_MS};
        command_time(from_ms, day);
        day[10] = '\0';
        print_sum(survey, "day", day, &window);
        while (i < survey->late_count && period_has(&window, survey->late[i].due_ms)) {
            i++;
        }
    }
}

static void print(const struct survey *survey)
{
    for (size_t i = 0; i < survey->late_count; i++) {
        print_late(survey, &survey->late[i]);
    }
    for (size_t i = 0; i < survey->incident_count; i++) {
        print_sum(survey, "incident", survey->incidents[i].ref, &survey->incidents[i].window);
    }
    print_days(survey);
    print_sum(survey, "in", "all", &PERIOD_ALL);
}

static enum status parse(struct survey *survey, struct command_call *call, bool *weekly_out)
{
    for (size_t i = 0; i < call->word_count; i++) {
        bool taken = false;
        TRY(period_option(call, &i, &survey->period, &taken));
        if (taken) {
            continue;
        }
        if (strcmp(call->words[i], "--late") == 0) {
            i++;
            if (i == call->word_count || !duration_parse(call->words[i], &survey->least_ms)) {
                return command_usage(call, "--late needs a duration, such as 5m");
            }
        } else if (strcmp(call->words[i], "--weekly") == 0) {
            *weekly_out = true;
        } else {
            return command_usage(call, "audit report takes --from, --to, --late and --weekly");
        }
    }
    return STATUS_OK;
}

enum status command_audit_report(struct command_call *call, int *code_out)
{
    struct survey survey = {
        .program = call->program, .period = PERIOD_ALL, .least_ms = MINUTE_MS};
    bool weekly = false;
    TRY(parse(&survey, call, &weekly));
    *code_out = EXIT_DONE;
    if (weekly) {
        return audit_weekly(call->program, &survey.period);
    }
    survey.scratch = memory_get(codec_record_size(call->program->codec));
    const enum status status = look(&survey);
    if (status == STATUS_OK) {
        print(&survey);
    }
    for (size_t i = 0; i < survey.dues.count; i++) {
        free(survey.dues.entries[i].value);
    }
    table_release(&survey.dues);
    free(survey.incidents);
    free(survey.late);
    free(survey.scratch);
    program_payloads_close(survey.payloads);
    return status;
}
