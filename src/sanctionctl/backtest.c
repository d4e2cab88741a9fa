/* One policy over a history.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/backtest.h"

#include "base/assert.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "engine/engine.h"
#include "sanctionctl/audit_report.h"
#include "topology/topics.h"

#include <stdio.h>
#include <stdlib.h>

/* While the engine runs. */
struct hearing {
    struct trial *trial;
    struct program program; /* the caller's with a log of its own */
    struct config config;
    struct key_ring *keys;
    struct audit_opener opener;
    struct audit *audit;
    struct audit_payload *payload;
};

static const char *keep_text(struct arena *arena, struct bytes text)
{
    char *kept = arena_get(arena, text.size + 1);
    memcpy(kept, text.data, text.size);
    kept[text.size] = '\0';
    return kept;
}

static const char *keep_subject(struct arena *arena, const struct audit_payload *payload)
{
    struct buffer text = {0};
    buffer_printf(&text, "%s:%.*s", enum_symbol(&enum_subject_kind, (int32_t)payload->subject_kind),
                  BYTES_PRINT(payload->subject_id));
    const char *kept = keep_text(arena, buffer_bytes(&text));
    buffer_release(&text);
    return kept;
}

/* A tap of the log. An audit whose subject has been erased since, key and all, was told before. */
static void on_committed(void *context, const char *topic, int32_t partition, int64_t offset,
                         const struct stream_output *record)
{
    struct hearing *hearing = context;
    struct trial *trial = hearing->trial;
    const struct audit *audit = hearing->audit;
    const struct record_type *type = NULL;
    (void)partition;
    (void)offset;
    if (strcmp(topic + strlen(hearing->config.topics_prefix), "audit") != 0 ||
        codec_decode(hearing->program.codec, record->value, &type, hearing->audit) != DECODE_OK ||
        type != &record_audit || !audit_begins_measure(audit) || !audit->measure.set ||
        !audit_opener_open(&hearing->opener, audit, hearing->payload)) {
        return;
    }
    if (trial->count == trial->capacity) {
        trial->capacity = trial->capacity == 0 ? 256 : 2 * trial->capacity;
        trial->sentences = memory_resize(trial->sentences, trial->capacity * sizeof(*trial->sentences));
    }
    const struct audit_payload *payload = hearing->payload;
    trial->sentences[trial->count++] = (struct sentence){
        .subject = keep_subject(&trial->arena, payload),
        .rule = keep_text(&trial->arena, audit->rule),
        .measure = (int32_t)audit->measure.value,
        .ledger = (int32_t)audit->ledger,
        .area = (int32_t)audit->area,
        .category = (int32_t)audit->category,
        .stage = audit->stage_to,
        .decided_ms = payload->decided_at,
        .expires_ms = payload->expires_at.set ? payload->expires_at.value : TIME_NEVER_MS};
}

/* The canonical form puts each key of the head on a line of its own. */
static void always_in_force(struct bytes canonical, struct buffer *out)
{
    static const char *const replaced[] = {"genesis:", "shadow:", "announced_at:", "effective_at:"};
    buffer_append(out, bytes_text("genesis: true\nshadow: false\n"
                                  "announced_at: 2000-01-01\neffective_at: 2000-01-01\n"));
    for (size_t at = 0; at < canonical.size;) {
        const uint8_t *line = canonical.data + at;
        const uint8_t *end = memchr(line, '\n', canonical.size - at);
        const size_t size = end == NULL ? canonical.size - at : (size_t)(end - line) + 1;
        bool kept = true;
        for (size_t i = 0; i < COUNT_OF(replaced); i++) {
            const size_t length = strlen(replaced[i]);
            kept = kept && (size < length || memcmp(line, replaced[i], length) != 0);
        }
        buffer_append(out, kept ? bytes_of(line, size) : bytes_of("", 0));
        at += size;
    }
}

static bool publish(struct hearing *hearing, const char *path)
{
    struct program *program = &hearing->program;
    struct buffer canonical = {0};
    struct buffer document = {0};
    struct policy *policy = memory_get(sizeof(*policy));
    struct lines lines = {.config = program->config, .codec = program->codec, .partitions = 1};
    bool good = policy_read(path, hearing->trial->policy, &canonical, &program->problems);
    if (good) {
        always_in_force(buffer_bytes(&canonical), &document);
        good = policy_parse(path, buffer_bytes(&document), policy, &program->problems);
    }
    if (good) {
        lines_add_policy_version(&lines, policy, buffer_bytes(&document), -1);
        good = program->cluster->ops->append(program->cluster, lines.outputs, lines.count,
                                             &program->error) == STATUS_OK;
    }
    lines_release(&lines);
    free(policy);
    buffer_release(&document);
    buffer_release(&canonical);
    return good;
}

static enum status hear(struct hearing *hearing, const struct backtest *backtest)
{
    struct program *program = &hearing->program;
    TRY(program->cluster->ops->append(program->cluster, backtest->records, backtest->record_count,
                                      &program->error));
    const struct engine_options options = {.config = &hearing->config,
                                           .cluster = program->cluster,
                                           .codec = program->codec,
                                           .catalogue = backtest->catalogue,
                                           .topologies = backtest->topologies,
                                           .topology_count = backtest->topology_count,
                                           .keys = hearing->keys,
                                           .causal = true,
                                           .drain = true,
                                           .stop = command_stop()};
    TRY(engine_run(&options, &program->error));
    return command_stopped() ? error_set(&program->error, STATUS_FATAL, "stopped before the end of the history")
                             : STATUS_OK;
}

static enum status open_log(struct hearing *hearing)
{
    struct program *program = &hearing->program;
    const struct log_options options = {.tap = on_committed, .tap_context = hearing};
    TRY(log_open(&options, &program->cluster, &program->error));
    return program_create_topics(program, &program->error);
}

int sentence_compare(const struct sentence *left, const struct sentence *right)
{
    const int subject = strcmp(left->subject, right->subject);
    if (subject != 0) {
        return subject;
    }
    const int64_t pairs[][2] = {
        {left->decided_ms, right->decided_ms}, {left->ledger, right->ledger},
        {left->area, right->area},             {left->category, right->category},
        {left->measure, right->measure},       {left->stage, right->stage},
        {left->expires_ms, right->expires_ms},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (pairs[i][0] != pairs[i][1]) {
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    return sentence_compare(left, right);
}

bool trial_run(struct trial *trial, const struct backtest *backtest, const char *path)
{
    struct program *caller = backtest->program;
    struct hearing hearing = {.trial = trial, .program = *caller, .config = *caller->config};
    hearing.config.topics_partitions = backtest->partitions;
    hearing.program.config = &hearing.config;
    hearing.program.cluster = NULL;
    hearing.keys = key_ring_seeded(hearing.config.audit_seed);
    hearing.opener = (struct audit_opener){.codec = caller->codec, .keys = hearing.keys};
    hearing.audit = memory_get(codec_record_size(caller->codec));
    hearing.payload = memory_get(sizeof(*hearing.payload));
    trial->policy = memory_get(sizeof(*trial->policy));
    const bool good = open_log(&hearing) == STATUS_OK && publish(&hearing, path) &&
                      hear(&hearing, backtest) == STATUS_OK;
    if (hearing.program.cluster != NULL) {
        hearing.program.cluster->ops->close(hearing.program.cluster);
    }
    caller->problems = hearing.program.problems;
    caller->error = hearing.program.error;
    key_ring_free(hearing.keys);
    audit_opener_release(&hearing.opener);
    free(hearing.payload);
    free(hearing.audit);
    if (good && trial->count > 0) {
        qsort(trial->sentences, trial->count, sizeof(*trial->sentences), compare);
    }
    return good;
}

void trial_release(struct trial *trial)
{
    free(trial->policy);
    free(trial->sentences);
    arena_release(&trial->arena);
}
