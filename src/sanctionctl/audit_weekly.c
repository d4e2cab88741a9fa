/* `sanctionctl audit report --weekly`: for the owner of the policy, what each rule did in each week, and how
 * often it was appealed and overturned (S0:21). From the clear part of the audit alone, so that figures of
 * erased subjects stay in.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/audit_report.h"
#include "sanctionctl/scan.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* 1970-01-05 was a Monday. */
#define WEEK_MS (7 * DAY_MS)
#define MONDAY_MS (4 * DAY_MS)

struct figures {
    int64_t decided;
    int64_t appealed;
    int64_t overturned;
};

struct week {
    int64_t from_ms;
    struct figures of[CATEGORY_COUNT];
};

struct weekly {
    struct program *program;
    struct period period;
    void *scratch;
    struct week *weeks; /* in order of time */
    size_t count;
};

static struct week *week_at(struct weekly *weekly, int64_t time_ms)
{
    const int64_t from_ms = time_ms - (time_ms - MONDAY_MS) % WEEK_MS;
    size_t place = weekly->count;
    while (place > 0 && weekly->weeks[place - 1].from_ms >= from_ms) {
        place--;
        if (weekly->weeks[place].from_ms == from_ms) {
            return &weekly->weeks[place];
        }
    }
    weekly->weeks =
        memory_resize(weekly->weeks, (weekly->count + 1) * sizeof(*weekly->weeks));
    memmove(&weekly->weeks[place + 1], &weekly->weeks[place],
            (weekly->count - place) * sizeof(*weekly->weeks));
    weekly->count++;
    weekly->weeks[place] = (struct week){.from_ms = from_ms};
    return &weekly->weeks[place];
}

bool audit_begins_measure(const struct audit *audit)
{
    return audit->action == AUDIT_ACTION_DECIDE &&
           ((audit->op.set && audit->op.value == RESTRICTION_OP_APPLY) ||
            (audit->measure.set && audit->measure.value == MEASURE_WARNING));
}

static void count(struct figures *figures, const struct audit *audit)
{
    figures->decided += audit_begins_measure(audit) && audit->state != DECISION_STATE_SHADOW;
    if (audit->action == AUDIT_ACTION_APPEAL) {
        figures->appealed += bytes_is(audit->rule, "i.16");
        figures->overturned += bytes_is(audit->rule, "appeal.overturn");
    }
}

static enum status on_audit(void *context, int32_t partition, int64_t start,
                            const struct stream_record *record, bool *stop_out,
                            struct error *error)
{
    struct weekly *weekly = context;
    const struct record_type *type = NULL;
    const struct audit *audit = weekly->scratch;
    (void)partition;
    (void)start;
    (void)stop_out;
    (void)error;
    if (record->value.data != NULL &&
        codec_decode(weekly->program->codec, record->value, &type, weekly->scratch) == DECODE_OK &&
        type == &record_audit && period_has(&weekly->period, audit->occurred_at)) {
        count(&week_at(weekly, audit->occurred_at)->of[audit->category], audit);
    }
    return STATUS_OK;
}

static void print_row(bool json, const char *week, const char *category,
                      const struct figures *figures)
{
    const int64_t decided = figures->decided > 0 ? figures->decided : 1;
    printf(json ? "{\"week\":\"%s\",\"category\":\"%s\",\"decided\":%" PRId64 ",\"appealed\":%" PRId64
                  ",\"overturned\":%" PRId64 ",\"appealed_permille\":%" PRId64
                  ",\"overturned_permille\":%" PRId64 "}\n"
                : "%s  %-28s %8" PRId64 " decided %6" PRId64 " appealed %6" PRId64
                  " overturned, %" PRId64 " and %" PRId64 " of 1000\n",
           week, category, figures->decided, figures->appealed, figures->overturned,
           figures->appealed * 1000 / decided, figures->overturned * 1000 / decided);
}

static void print(const struct weekly *weekly)
{
    for (size_t i = 0; i < weekly->count; i++) {
        char week[32];
        command_time(weekly->weeks[i].from_ms, week);
        week[10] = '\0';
        for (int32_t category = 0; category < CATEGORY_COUNT; category++) {
            const struct figures *figures = &weekly->weeks[i].of[category];
            if (figures->decided + figures->appealed + figures->overturned > 0) {
                print_row(weekly->program->json, week, enum_symbol(&enum_category, category),
                          figures);
            }
        }
    }
}

enum status audit_weekly(struct program *program, const struct period *period)
{
    struct weekly weekly = {.program = program, .period = *period};
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    weekly.scratch = memory_get(codec_record_size(program->codec));
    const enum status status = scan_topic(program, "audit", on_audit, &weekly);
    if (status == STATUS_OK) {
        print(&weekly);
    }
    free(weekly.scratch);
    free(weekly.weeks);
    return status;
}
