/* `sanctionctl policy backtest OLD NEW [--input FILE]...`: who would stand elsewhere had the new policy been in force.
 *
 * The history is that of the input topics, or JSON lines such as `tail --from-beginning` writes. Both policies
 * judge all of it, whatever their dates, on the engine itself and in memory; nothing is written anywhere.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/backtest.h"
#include "sanctionctl/scan.h"

#include "base/time.h"
#include "engine/log.h"
#include "schema/json.h"
#include "topology/topics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUTS_MAX = 64 };

struct request {
    const char *policies[2]; /* old, new */
    size_t policy_count;
    const char *inputs[INPUTS_MAX];
    size_t input_count;
};

/* Where the history lies while both are tried. */
struct history {
    struct program *program;
    const char *topic; /* full name of the one being read */
    struct outputs records;
    struct lines lines; /* of --input */
};

static enum status parse(struct command_call *call, struct request *request)
{
    for (size_t i = 0; i < call->word_count; i++) {
        if (strcmp(call->words[i], "--input") == 0) {
            if (i + 1 == call->word_count || request->input_count == INPUTS_MAX) {
                return command_usage(call, "--input needs a file, 64 of them at most");
            }
            request->inputs[request->input_count++] = call->words[++i];
        } else if (request->policy_count == 2 || call->words[i][0] == '-') {
            return command_usage(call, "policy backtest needs two policy files, OLD and NEW");
        } else {
            request->policies[request->policy_count++] = call->words[i];
        }
    }
    return request->policy_count == 2
               ? STATUS_OK
               : command_usage(call, "policy backtest needs two policy files, OLD and NEW");
}

static enum status on_record(void *context, int32_t partition, int64_t start,
                             const struct stream_record *record, bool *stop_out, struct error *error)
{
    struct history *history = context;
    (void)start;
    (void)stop_out;
    (void)error;
    outputs_add(&history->records, &(struct stream_output){.topic = history->topic,
                                                           .partition = partition,
                                                           .timestamp_ms = record->timestamp_ms,
                                                           .key = record->key,
                                                           .value = record->value});
    return STATUS_OK;
}

static bool is_topic(const char *full_name, const char *topic, const struct config *config)
{
    return strcmp(full_name + strlen(config->topics_prefix), topic) == 0;
}

/* All inputs but the versions of the policy: those given are judged by instead. */
static enum status read_topics(struct history *history, struct backtest *backtest)
{
    struct program *program = history->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    TRY(program_partitions(program, &backtest->partitions, &program->error));
    for (size_t i = 0; i < topic_count; i++) {
        if (topics[i].role == TOPIC_INPUT && strcmp(topics[i].name, "policies") != 0) {
            char name[512];
            scan_topic_name(program, topics[i].name, name);
            history->topic =
                (const char *)arena_copy(&history->records.arena, bytes_of(name, strlen(name) + 1)).data;
            TRY(scan_topic(program, topics[i].name, on_record, history));
        }
    }
    backtest->records = history->records.items;
    backtest->record_count = history->records.count;
    return STATUS_OK;
}

static enum status read_inputs(struct history *history, const struct request *request,
                               struct backtest *backtest)
{
    struct program *program = history->program;
    backtest->partitions = (int32_t)program->config->topics_partitions;
    history->lines = (struct lines){.config = program->config,
                                    .codec = program->codec,
                                    .partitions = backtest->partitions,
                                    .barriers = true};
    for (size_t i = 0; i < request->input_count; i++) {
        FILE *file = fopen(request->inputs[i], "rb");
        if (file == NULL) {
            problems_add(&program->problems, request->inputs[i], 0, "cannot be opened: %s", strerror(errno));
            continue;
        }
        lines_read(&history->lines, file, request->inputs[i], &program->problems);
        fclose(file);
    }
    struct lines *lines = &history->lines;
    size_t kept = 0;
    for (size_t i = 0; i < lines->count; i++) {
        if (!is_topic(lines->outputs[i].topic, "policies", program->config)) {
            lines->outputs[kept++] = lines->outputs[i];
        }
    }
    lines->count = kept;
    backtest->records = lines->outputs;
    backtest->record_count = kept;
    return program->problems.count == 0 ? STATUS_OK : STATUS_FATAL;
}

/* --- what is told */

struct tally {
    size_t subjects; /* under either policy */
    size_t changed;
};

static void print_sentence(const char *side, const struct sentence *sentence, bool json)
{
    char decided[32];
    char until[32];
    command_time(sentence->decided_ms, decided);
    command_time(sentence->expires_ms, until);
    const char *names[] = {
        enum_symbol(&enum_ledger, sentence->ledger), enum_symbol(&enum_area, sentence->area),
        enum_symbol(&enum_category, sentence->category), enum_symbol(&enum_measure, sentence->measure)};
    if (!json) {
        printf("  %s %s %s %s %s stage %d %s until %s, rule %s\n", side, decided, names[0], names[1], names[2],
               sentence->stage, names[3], until, sentence->rule);
        return;
    }
    struct buffer out = {0};
    buffer_append(&out, bytes_text("{\"subject\":"));
    json_write_string(bytes_text(sentence->subject), &out);
    buffer_printf(&out,
                  ",\"policy\":\"%s\",\"decided_at\":%" PRId64 ",\"ledger\":\"%s\",\"area\":\"%s\","
                  "\"category\":\"%s\",\"stage\":%d,\"measure\":\"%s\",\"expires_at\":",
                  side, sentence->decided_ms, names[0], names[1], names[2], sentence->stage, names[3]);
    if (sentence->expires_ms == TIME_NEVER_MS) {
        buffer_append(&out, bytes_text("null"));
    } else {
        buffer_printf(&out, "%" PRId64, sentence->expires_ms);
    }
    buffer_append(&out, bytes_text(",\"rule\":"));
    json_write_string(bytes_text(sentence->rule), &out);
    printf("%.*s}\n", BYTES_PRINT(buffer_bytes(&out)));
    buffer_release(&out);
}

/* Both are in order, so one walk finds what only one of them has. */
static void print_changes(const struct trial trials[2], bool json, struct tally *tally)
{
    const struct trial *old = &trials[0];
    const struct trial *new = &trials[1];
    const char *subject = "";
    bool told = false;
    for (size_t i = 0, j = 0; i < old->count || j < new->count;) {
        const int order = i == old->count   ? 1
                          : j == new->count ? -1
                                            : sentence_compare(&old->sentences[i], &new->sentences[j]);
        const struct sentence *next = order > 0 ? &new->sentences[j] : &old->sentences[i];
        if (strcmp(subject, next->subject) != 0) {
            subject = next->subject;
            told = false;
            tally->subjects++;
        }
        if (order != 0 && !told) {
            told = true;
            tally->changed++;
            if (!json) {
                printf("%s\n", subject);
            }
        }
        if (order != 0) {
            print_sentence(order > 0 ? "new" : "old", next, json);
        }
        i += order <= 0;
        j += order >= 0;
    }
}

struct rule_row {
    const char *rule;
    size_t counts[2];
};

static struct rule_row *rule_row(struct rule_row **rows, size_t *count, const char *rule)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*rows)[i].rule, rule) == 0) {
            return &(*rows)[i];
        }
    }
    *rows = memory_resize(*rows, (*count + 1) * sizeof(**rows));
    (*rows)[*count] = (struct rule_row){.rule = rule};
    return &(*rows)[(*count)++];
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct rule_row *)left)->rule, ((const struct rule_row *)right)->rule);
}

static void print_rules(const struct trial trials[2], bool json)
{
    struct rule_row *rows = NULL;
    size_t count = 0;
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < trials[side].count; i++) {
            rule_row(&rows, &count, trials[side].sentences[i].rule)->counts[side]++;
        }
    }
    if (count > 0) {
        qsort(rows, count, sizeof(*rows), by_name);
    }
    for (size_t i = 0; i < count; i++) {
        printf(json ? "{\"rule\":\"%s\",\"old\":%zu,\"new\":%zu}\n" : "rule %-32s old %8zu  new %8zu\n",
               rows[i].rule, rows[i].counts[0], rows[i].counts[1]);
    }
    free(rows);
}

static void print_heading(const struct backtest *backtest, const struct trial trials[2])
{
    for (size_t side = 0; side < 2; side++) {
        char hash[2 * DIGEST_SIZE + 1] = {0};
        hex_format(bytes_of(trials[side].policy->hash, DIGEST_SIZE), hash);
        printf("%s: policy %s version %d, hash %s\n", side == 0 ? "old" : "new", trials[side].policy->id,
               trials[side].policy->version, hash);
    }
    int64_t from_ms = INT64_MAX;
    int64_t to_ms = INT64_MIN;
    size_t appeals = 0;
    for (size_t i = 0; i < backtest->record_count; i++) {
        const int64_t time_ms = backtest->records[i].timestamp_ms;
        appeals += is_topic(backtest->records[i].topic, "appeals", backtest->program->config);
        from_ms = time_ms < from_ms ? time_ms : from_ms;
        to_ms = time_ms > to_ms ? time_ms : to_ms;
    }
    char from[32];
    char to[32];
    if (backtest->record_count > 0) {
        printf("history: %zu records from %s to %s\n", backtest->record_count, command_time(from_ms, from),
               command_time(to_ms, to));
    } else {
        printf("history: no records\n");
    }
    if (appeals > 0) {
        printf("note: %zu records of 'appeals' may name decisions by their ids, which hash the policy: those are "
               "unknown to both policies here and change nothing\n", appeals);
    }
}

static void print(const struct backtest *backtest, const struct trial trials[2], int *code_out)
{
    const bool json = backtest->program->json;
    struct tally tally = {0};
    if (!json) {
        print_heading(backtest, trials);
    }
    print_changes(trials, json, &tally);
    print_rules(trials, json);
    printf(json ? "{\"subjects\":%zu,\"changed\":%zu}\n"
                : "%zu subjects with a measure under either policy, %zu of them would stand elsewhere\n",
           tally.subjects, tally.changed);
    *code_out = tally.changed > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static enum status run(struct history *history, const struct request *request, struct backtest *backtest,
                       int *code_out)
{
    TRY(request->input_count > 0 ? read_inputs(history, request, backtest) : read_topics(history, backtest));
    struct trial trials[2] = {0};
    bool good = true;
    for (size_t side = 0; side < 2 && good; side++) {
        good = trial_run(&trials[side], backtest, request->policies[side]);
    }
    if (good) {
        print(backtest, trials, code_out);
    }
    trial_release(&trials[0]);
    trial_release(&trials[1]);
    return good ? STATUS_OK : STATUS_FATAL;
}

enum status command_policy_backtest(struct command_call *call, int *code_out)
{
    struct request request = {0};
    TRY(parse(call, &request));
    log_from(LOG_ALARM);
    struct backtest backtest = {.program = call->program};
    struct history history = {.program = call->program};
    struct catalogue *catalogue = NULL;
    struct topology *topologies = NULL;
    const bool good = program_read_settings(call->program, &catalogue, &topologies);
    backtest.catalogue = catalogue;
    backtest.topologies = topologies;
    backtest.topology_count = call->program->config->topologies.count;
    const enum status status = good ? run(&history, &request, &backtest, code_out) : STATUS_FATAL;
    outputs_release(&history.records);
    lines_release(&history.lines);
    catalogue_free(catalogue);
    free(topologies);
    return status;
}
