/* The decision core alone: judge, derive and diff of one subject that is already decoded.
 *
 *   bench_core [EVENTS [SENT]]    SENT: reports that the busiest subject is sent, 0: no such subject
 *
 * Prints events a CPU second and the allocations made while judging, which must be none.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "default_policy.h"
#include "policy/judge.h"
#include "schema/codec.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void ignore_record(struct outbox *outbox, const struct record_type *type, const void *record)
{
    (void)outbox;
    (void)type;
    (void)record;
}

static void ignore_decision(struct outbox *outbox, const struct audit *audit,
                            const struct audit_payload *payload)
{
    (void)outbox;
    (void)audit;
    (void)payload;
}

/* CPU time, not wall time: the machine may have other work. */
static int64_t cpu_ms(void)
{
    return (int64_t)clock() / (CLOCKS_PER_SEC / 1000);
}

struct bench {
    struct outbox outbox;
    struct policy policy;
    struct policies policies;
    struct breaker breaker;
    struct arena arena;
    struct subject_state *facts;
    int64_t now_ms;
};

static void bench_init(struct bench *bench)
{
    bench->outbox = (struct outbox){.emit = ignore_record, .decide = ignore_decision};
    default_policy(&bench->policy);
    bench->policies = (struct policies){.count = 1, .versions = {&bench->policy}};
    bench->facts = memory_get(sizeof(*bench->facts));
    bench->now_ms = INT64_C(1767225600000);
}

static struct report make_report(const struct bench *bench, int64_t number, char text[3][24],
                                 enum area area, int32_t score)
{
    (void)snprintf(text[0], 24, "report%" PRId64, number);
    (void)snprintf(text[1], 24, "reporter%" PRId64, number);
    (void)snprintf(text[2], 24, "message%" PRId64, number);
    struct report report = {
        .event_id = bytes_text(text[0]),
        .subject_kind = SUBJECT_KIND_USER,
        .subject_id = bytes_text("subject"),
        .source_kind = SOURCE_KIND_USER_REPORT_POLICY,
        .reporter_id = bytes_text(text[1]),
        .good_faith = true,
        .content_ref = bytes_text(text[2]),
        .area = area,
        .act_at = bench->now_ms - 1000,
        .relation = RELATION_NON_FRIEND,
        .category = CATEGORY_ABUSE_SLANDER,
        .labels_count = 1,
        .labels = {{.category = CATEGORY_ABUSE_SLANDER, .score = score}},
    };
    return report;
}

/* A LOW reporter counts toward nothing, so no threshold is met however many there are. */
static enum judge_result judge(struct bench *bench, int64_t number, enum area area, int32_t score)
{
    char text[3][24];
    struct report report = make_report(bench, number, text, area, score);
    report.reporter_class = score < 500 ? REPORTER_CLASS_LOW : REPORTER_CLASS_NORMAL;
    const struct trigger trigger = {.topic = bytes_text("reports"), .offset = number};
    struct court court = {.policies = &bench->policies,
                          .trigger = &trigger,
                          .now_ms = bench->now_ms,
                          .decided_ms = bench->now_ms,
                          .breaker = &bench->breaker,
                          .outbox = &bench->outbox,
                          .arena = &bench->arena};
    enum dead_reason reason;
    return judge_record(&court, bench->facts, &record_report, &report, &reason);
}

/* A report that joins an open case whose thresholds it does not meet, on a subject with `open`
 * reports. What it changed is taken back (counts only), so that every event meets the same state.
 */
static void run_join(struct bench *bench, int64_t events, int open, bool reviewed)
{
    judge_init(bench->facts, SUBJECT_KIND_USER, bytes_text("subject"));
    for (int i = 0; i < open; i++) {
        (void)judge(bench, i, AREA_REGULAR_CHAT, 100);
        bench->now_ms += 100 * SECOND_MS;
    }
    const uint32_t ids = bench->facts->event_ids_count;
    const uint32_t reports = bench->facts->reports_count;
    char text[3][24];
    struct report report = make_report(bench, 1000000, text, AREA_REGULAR_CHAT, 100);
    report.reporter_class = REPORTER_CLASS_LOW;
    if (reviewed) {
        bench->facts->cases[0].review = (struct optional_int){REVIEW_KIND_CONTENT, true};
    }
    struct trigger trigger = {.topic = bytes_text("reports")};
    struct court court = {.policies = &bench->policies,
                          .trigger = &trigger,
                          .now_ms = bench->now_ms,
                          .decided_ms = bench->now_ms,
                          .breaker = &bench->breaker,
                          .outbox = &bench->outbox,
                          .arena = &bench->arena};
    const struct mallinfo2 before = mallinfo2();
    const int64_t start = cpu_ms();
    int64_t next = 0;
    for (int64_t i = 0; i < events; i++) {
        enum dead_reason reason;
        trigger.offset = i;
        (void)judge_record(&court, bench->facts, &record_report, &report, &reason);
        next ^= judge_next_timer(&bench->policies, bench->facts);
        bench->facts->event_ids_count = ids;
        bench->facts->reports_count = reports;
        arena_clear(&bench->arena);
    }
    const int64_t elapsed = cpu_ms() - start;
    const struct mallinfo2 after = mallinfo2();
    printf("join with %3d reports, %s: %6.2f M events/s, %zu bytes allocated (%d)\n", open,
           reviewed ? "review updated" : "threshold not met",
           (double)events / (double)(elapsed > 0 ? elapsed : 1) / 1000.0,
           after.uordblks - before.uordblks, (int)(next & 1));
}

/* The first report of a new subject, which opens a case: one SHA-256 for its id. */
static void run_first(struct bench *bench, int64_t events)
{
    const int64_t start = cpu_ms();
    for (int64_t i = 0; i < events; i++) {
        judge_init(bench->facts, SUBJECT_KIND_USER, bytes_text("subject"));
        (void)judge(bench, i, AREA_REGULAR_CHAT, 100);
        arena_clear(&bench->arena);
    }
    const int64_t elapsed = cpu_ms() - start;
    printf("first report of a subject: %6.2f M events/s\n",
           (double)events / (double)(elapsed > 0 ? elapsed : 1) / 1000.0);
}

/* Two reports that confirm a case: strike, restriction, standing, notices, audit. */
static void run_confirm(struct bench *bench, int64_t events)
{
    const int64_t start = cpu_ms();
    for (int64_t i = 0; i < events; i++) {
        judge_init(bench->facts, SUBJECT_KIND_USER, bytes_text("subject"));
        bench->breaker = (struct breaker){0};
        (void)judge(bench, 2 * i, AREA_OPEN_CHAT_ROOM, 950);
        (void)judge(bench, 2 * i + 1, AREA_OPEN_CHAT_ROOM, 950);
        arena_clear(&bench->arena);
    }
    const int64_t elapsed = cpu_ms() - start;
    printf("two reports to a restriction: %6.3f M restrictions/s\n",
           (double)events / (double)(elapsed > 0 ? elapsed : 1) / 1000.0);
}

/* Sends a new subject `sent` reports, then `measured` more, whose CPU time it returns in us. Each as the engine
 * takes it: the row decoded, judged, encoded. */
static int64_t send_all(struct bench *bench, const struct codec *codec, int64_t sent,
                        int64_t measured, struct buffer rows[2])
{
    clock_t start = 0;
    for (int64_t i = 0; i < sent + measured; i++) {
        const struct record_type *type = NULL;
        start = i == sent ? clock() : start;
        arena_clear(&bench->arena);
        if (i == 0) {
            judge_init(bench->facts, SUBJECT_KIND_USER, bytes_text("subject"));
        } else if (codec_decode(codec, buffer_bytes(&rows[0]), &type, bench->facts) != DECODE_OK) {
            abort();
        }
        bench->now_ms += 100;
        (void)judge(bench, i, AREA_REGULAR_CHAT, 100);
        buffer_clear(&rows[1]);
        codec_encode(codec, &record_subject_state, bench->facts, &rows[1]);
        const struct buffer row = rows[0];
        rows[0] = rows[1];
        rows[1] = row;
    }
    return (int64_t)(clock() - start) / (CLOCKS_PER_SEC / 1000000);
}

/* What a report costs once its subject was sent so many: beyond the caps they are answered and not kept. */
static void run_sent(struct bench *bench, int64_t sent, int64_t measured, int rounds)
{
    const struct record_type *const types[] = {&record_subject_state};
    struct codec *codec = NULL;
    struct error error = {0};
    struct buffer rows[2] = {{0}};
    int64_t elapsed = 0;
    if (codec_new(types, 1, &codec, &error) != STATUS_OK) {
        abort();
    }
    for (int i = 0; i < rounds; i++) {
        elapsed += send_all(bench, codec, sent, measured, rows);
    }
    printf("a report to a subject sent %7" PRId64 ": %6.2f us, row of %zu bytes, %u reports kept\n",
           sent, (double)elapsed / (double)(measured * rounds), rows[0].size,
           bench->facts->reports_count);
    codec_free(codec);
    buffer_release(&rows[0]);
    buffer_release(&rows[1]);
}

int main(int argc, char **argv)
{
    const int64_t events = argc > 1 ? atoll(argv[1]) : 2000000;
    static struct bench bench;
    bench_init(&bench);
    run_join(&bench, events, 1, false);
    run_join(&bench, events, 10, false);
    run_join(&bench, events, 100, false);
    run_join(&bench, events / 4, 10, true);
    run_first(&bench, events / 4);
    run_confirm(&bench, events / 20);
    const int64_t most = argc > 2 ? atoll(argv[2]) : 1000000;
    if (most > 0) {
        run_sent(&bench, 10, 10, 1000);
        run_sent(&bench, 128, 10, 1000);
        run_sent(&bench, 1000, 20000, 1);
        run_sent(&bench, most, 20000, 1);
    }
    arena_release(&bench.arena);
    free(bench.facts);
    return 0;
}
