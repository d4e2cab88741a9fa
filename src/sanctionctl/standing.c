/* `sanctionctl standing SUBJECT`: restrictions in force, stage and active strikes per ledger, open cases,
 * next timer.
 *
 * Reads the subject's last row from the changelog, which is the state; so it works beside running workers
 * and needs no access to their disks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "engine/policy_feed.h"
#include "policy/judge.h"
#include "schema/json.h"
#include "topology/step.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct standing_view {
    struct program *program;
    const char *subject;
    struct buffer row;  /* of the subject, encoded; size 0: none */
    struct buffer meta; /* of the task, encoded */
    struct subject_state facts;
    struct policy_feed *policies;
    int64_t now_ms; /* stream time of the subject's partition */
};

static void progress(int64_t position, int64_t end)
{
    if (isatty(STDERR_FILENO) && position % 100000 == 0 && position > 0) {
        fprintf(stderr, "\rreading the changelog: %" PRId64 " of %" PRId64, position, end);
    }
}

static enum status read_changelog(struct standing_view *view, struct reader *reader)
{
    struct error *error = &view->program->error;
    int64_t start = 0;
    int64_t end = 0;
    TRY(reader->ops->bounds(reader, &start, &end, error));
    while (reader->ops->position(reader) < end && !command_stopped()) {
        struct stream_record record = {0};
        bool found = false;
        TRY(reader->ops->read(reader, 1000, &record, &found, error));
        if (!found) {
            continue;
        }
        const struct bytes key = record.key;
        if (key.size > 1 && key.data[0] == 's' &&
            bytes_is(bytes_of(key.data + 1, key.size - 1), view->subject)) {
            buffer_clear(&view->row);
            buffer_append(&view->row, record.value);
        } else if (bytes_is(key, "m")) {
            buffer_clear(&view->meta);
            buffer_append(&view->meta, record.value);
        }
        progress(record.offset, end);
        reader->ops->release(reader, &record);
    }
    return command_stopped() ? error_set(error, STATUS_FATAL, "stopped before the end of the changelog")
                             : STATUS_OK;
}

static enum status load(struct standing_view *view)
{
    struct program *program = view->program;
    struct cluster *cluster = program->cluster;
    char name[512];
    int32_t partitions = 0;
    TRY(program_partitions(program, &partitions, &program->error));
    snprintf(name, sizeof(name), "%spolicies", program->config->topics_prefix);
    TRY(policy_feed_open(cluster, name, program->config->policy_id, program->codec,
                         &view->policies, &program->error));
    TRY(policy_feed_poll(view->policies, &program->error));
    snprintf(name, sizeof(name), "%ssanctions-changelog", program->config->topics_prefix);
    struct reader *reader = NULL;
    TRY(cluster->ops->reader_open(cluster, name,
                                  stream_partition(bytes_text(view->subject), partitions), 0, true,
                                  &reader, &program->error));
    const enum status status = read_changelog(view, reader);
    reader->ops->close(reader);
    return status;
}

static enum status decode(struct standing_view *view)
{
    const struct codec *codec = view->program->codec;
    struct error *error = &view->program->error;
    const struct record_type *type = NULL;
    if (view->meta.size > 0) {
        struct task_meta *meta = memory_get(codec_record_size(codec));
        if (codec_decode(codec, buffer_bytes(&view->meta), &type, meta) == DECODE_OK) {
            view->now_ms = meta->clock;
        }
        free(meta);
    }
    if (view->row.size == 0) {
        return STATUS_OK;
    }
    const enum decode_result result = codec_decode(codec, buffer_bytes(&view->row), &type, &view->facts);
    return result == DECODE_OK && type == &record_subject_state ? STATUS_OK : step_row_failed(result, error);
}

static void print_restrictions(const struct standing_view *view)
{
    const struct subject_state *facts = &view->facts;
    char text[32];
    printf("restrictions in force: %u\n", facts->restrictions_count);
    for (uint32_t i = 0; i < facts->restrictions_count; i++) {
        const struct restriction_fact *item = &facts->restrictions[i];
        printf("  %s ledger %s area %s stage %d until %s\n   ",
               enum_symbol(&enum_measure, (int32_t)item->measure),
               enum_symbol(&enum_ledger, (int32_t)item->ledger),
               enum_symbol(&enum_area, (int32_t)item->area), item->stage,
               command_time(item->expires_at.set ? item->expires_at.value : TIME_NEVER_MS, text));
        for (uint32_t scope = 0; scope < enum_scope.count; scope++) {
            if ((item->scopes >> scope & 1) != 0) {
                printf(" %s", enum_scope.symbols[scope]);
            }
        }
        putchar('\n');
    }
}

static void print_strikes(const struct standing_view *view)
{
    const struct subject_state *facts = &view->facts;
    char text[32];
    for (uint32_t ledger = 0; ledger < enum_ledger.count; ledger++) {
        int32_t weight = 0;
        for (uint32_t i = 0; i < facts->violations_count; i++) {
            const struct violation_fact *strike = &facts->violations[i];
            if ((uint32_t)strike->ledger == ledger && strike->weight > 0 &&
                view->now_ms < strike->expires_at) {
                weight += strike->weight;
                printf("  strike %s weight %d counts until %s\n",
                       enum_symbol(&enum_category, (int32_t)strike->category), strike->weight,
                       command_time(strike->expires_at, text));
            }
        }
        if (weight > 0) {
            printf("  ledger %s: active weight %d\n", enum_ledger.symbols[ledger], weight);
        }
    }
}

static void print_cases(const struct standing_view *view)
{
    const struct subject_state *facts = &view->facts;
    char text[32];
    for (uint32_t i = 0; i < facts->cases_count; i++) {
        const struct case_fact *item = &facts->cases[i];
        if (!item->outcome.set) {
            char id[33] = {0};
            hex_format(item->case_id, id);
            printf("  case %s %s %s since %s, best label %d%s\n", id,
                   enum_symbol(&enum_category, (int32_t)item->category),
                   enum_symbol(&enum_ledger, (int32_t)item->ledger), command_time(item->opened_at, text),
                   item->best_score, item->review.set ? ", before a person" : "");
        }
    }
}

static void print_text(const struct standing_view *view)
{
    char text[32];
    printf("%s at %s\n", view->subject, command_time(view->now_ms, text));
    print_restrictions(view);
    printf("strikes:\n");
    print_strikes(view);
    printf("open cases:\n");
    print_cases(view);
    const int64_t due = judge_next_timer(policy_feed_versions(view->policies), &view->facts);
    printf("next timer: %s\n", due == TIME_NEVER_MS ? "none" : command_time(due, text));
}

static void print_json(const struct standing_view *view)
{
    struct buffer out = {0};
    if (view->row.size == 0) {
        buffer_append(&out, bytes_text("null"));
    } else {
        json_write_record(&record_subject_state, &view->facts, &out);
    }
    printf("{\"subject\":\"%s\",\"stream_time\":%" PRId64 ",\"state\":%.*s}\n", view->subject,
           view->now_ms, BYTES_PRINT(buffer_bytes(&out)));
    buffer_release(&out);
}

enum status command_standing(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count != 1 || strchr(call->words[0], ':') == NULL) {
        return command_usage(call, "standing needs one subject such as USER:u1");
    }
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    struct standing_view *view = memory_get(sizeof(*view));
    memset(view, 0, sizeof(*view));
    view->program = program;
    view->subject = call->words[0];
    enum status status = load(view);
    status = status == STATUS_OK ? decode(view) : status;
    if (status == STATUS_OK && program->json) {
        print_json(view);
    } else if (status == STATUS_OK && view->row.size == 0) {
        printf("%s: nothing is known\n", view->subject);
    } else if (status == STATUS_OK) {
        print_text(view);
    }
    *code_out = EXIT_DONE;
    policy_feed_close(view->policies);
    buffer_release(&view->row);
    buffer_release(&view->meta);
    free(view);
    return status;
}
