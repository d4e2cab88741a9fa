/* `sanctionctl audit export`: the decisions of a period as JSON lines, for the tools of a data team or an
 * authority. References into other systems (evidence, documents, reviewers) stay here: what was kept for
 * judging is not for searching (S2:10). With --notices the notices of one kind instead, each with the version
 * of the disclosure that its addressee has had: the proof that nobody was sent messages without being told
 * what they are and cost (S2:19, S2:27).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/period.h"
#include "sanctionctl/scan.h"

#include "topology/topics.h"

#include <stdio.h>
#include <stdlib.h>

struct export {
    struct program *program;
    struct period period;
    int32_t notice_kind; /* -1: decisions */
    struct lines_writer writer;
    struct program_payloads *payloads;
    struct buffer out;
};

static enum status parse_kind(struct export *export, struct command_call *call, const char *word)
{
    for (int32_t i = 0; word != NULL && i < NOTICE_KIND_COUNT; i++) {
        if (strcmp(word, enum_symbol(&enum_notice_kind, i)) == 0) {
            export->notice_kind = i;
        }
    }
    return export->notice_kind < 0 ? command_usage(call, "--notices needs a kind of notice")
                                   : STATUS_OK;
}

static enum status parse(struct export *export, struct command_call *call)
{
    for (size_t i = 0; i < call->word_count; i++) {
        bool taken = false;
        TRY(period_option(call, &i, &export->period, &taken));
        if (taken) {
            continue;
        }
        if (strcmp(call->words[i], "--notices") != 0) {
            return command_usage(call, "audit export takes --from, --to and --notices KIND");
        }
        i++;
        TRY(parse_kind(export, call, i < call->word_count ? call->words[i] : NULL));
    }
    return STATUS_OK;
}

static bool open_payload(void *context, const struct audit *audit, struct audit_payload *payload)
{
    if (!program_payload_open(context, audit, payload)) {
        return false;
    }
    payload->evidence_refs_count = 0;
    payload->reviewer_ref = (struct bytes){0};
    payload->document_ref = (struct bytes){0};
    return true;
}

static bool is_wanted(const struct export *export, const struct stream_record *record)
{
    const struct record_type *type = NULL;
    void *value = export->writer.record;
    if (record->value.data == NULL ||
        codec_decode(export->program->codec, record->value, &type, value) != DECODE_OK) {
        return false;
    }
    if (export->notice_kind < 0) {
        return type == &record_audit &&
               period_has(&export->period, ((const struct audit *)value)->occurred_at);
    }
    const struct notice *notice = value;
    return type == &record_notice && (int32_t)notice->kind == export->notice_kind &&
           period_has(&export->period, notice->occurred_at);
}

static enum status on_record(void *context, int32_t partition, int64_t start,
                             const struct stream_record *record, bool *stop_out,
                             struct error *error)
{
    struct export *export = context;
    char name[512];
    (void)start;
    (void)stop_out;
    if (!is_wanted(export, record)) {
        return STATUS_OK;
    }
    buffer_clear(&export->out);
    scan_topic_name(export->program, export->notice_kind < 0 ? "audit" : "notices", name);
    lines_write(&export->writer, name, partition, record->offset, record->timestamp_ms, record->key,
                record->value, &export->out);
    return fwrite(export->out.data, 1, export->out.size, stdout) == export->out.size
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "cannot write output");
}

static enum status run(struct export *export)
{
    struct program *program = export->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    TRY(program_payloads_open(program, &export->payloads, &program->error));
    export->writer = (struct lines_writer){.codec = program->codec,
                                           .prefix = program->config->topics_prefix,
                                           .open = open_payload,
                                           .open_context = export->payloads,
                                           .record = memory_get(codec_record_size(program->codec))};
    return scan_topic(program, export->notice_kind < 0 ? "audit" : "notices", on_record, export);
}

enum status command_audit_export(struct command_call *call, int *code_out)
{
    struct export export = {.program = call->program, .period = PERIOD_ALL, .notice_kind = -1};
    TRY(parse(&export, call));
    const enum status status = run(&export);
    *code_out = EXIT_DONE;
    program_payloads_close(export.payloads);
    free(export.writer.record);
    buffer_release(&export.writer.text);
    buffer_release(&export.out);
    return status;
}
