/* `sanctionctl explain DECISION`: finds the decision in the audit and tells how it came about.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/explain_text.h"
#include "sanctionctl/scan.h"

#include "base/assert.h"
#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>

enum { ID_DIGITS = 32 };

struct explain {
    struct program *program;
    char id[ID_DIGITS + 1]; /* lower case */
    enum language language;
    struct catalogue *catalogue;
    struct program_payloads *payloads;
    void *scratch;
    /* Of the record that was found. */
    bool found;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct buffer key;
    struct buffer value;
};

static enum status parse_language(struct explain *explain, struct command_call *call,
                                  const char *word)
{
    if (word == NULL || (strcmp(word, "ko") != 0 && strcmp(word, "en") != 0)) {
        return command_usage(call, "--lang needs ko or en");
    }
    explain->language = strcmp(word, "ko") == 0 ? LANGUAGE_KO : LANGUAGE_EN;
    return STATUS_OK;
}

static enum status parse(struct explain *explain, struct command_call *call)
{
    uint8_t id[ID_DIGITS / 2];
    for (size_t i = 0; i < call->word_count; i++) {
        const char *word = call->words[i];
        if (strcmp(word, "--lang") == 0) {
            i++;
            TRY(parse_language(explain, call, i < call->word_count ? call->words[i] : NULL));
        } else if (explain->id[0] != '\0') {
            return command_usage(call, "explain takes one decision id");
        } else if (strlen(word) != ID_DIGITS || !hex_parse(bytes_text(word), id, sizeof(id))) {
            problems_add(&call->program->problems, "command line", 0,
                         "'%s' is no decision id: it has %d hexadecimal digits", word, ID_DIGITS);
            return STATUS_FATAL;
        } else {
            hex_format(bytes_of(id, sizeof(id)), explain->id);
        }
    }
    return explain->id[0] == '\0' ? command_usage(call, "explain needs a decision id") : STATUS_OK;
}

static enum status on_audit(void *context, int32_t partition, int64_t start,
                            const struct stream_record *record, bool *stop_out, struct error *error)
{
    struct explain *explain = context;
    const struct record_type *type = NULL;
    (void)start;
    (void)error;
    if (record->value.data == NULL ||
        codec_decode(explain->program->codec, record->value, &type, explain->scratch) !=
            DECODE_OK ||
        type != &record_audit ||
        !bytes_is(((const struct audit *)explain->scratch)->decision_id, explain->id)) {
        return STATUS_OK;
    }
    explain->found = true;
    explain->partition = partition;
    explain->offset = record->offset;
    explain->timestamp_ms = record->timestamp_ms;
    buffer_append(&explain->key, record->key);
    buffer_append(&explain->value, record->value);
    *stop_out = true;
    return STATUS_OK;
}

static enum status find(struct explain *explain)
{
    struct program *program = explain->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    TRY(scan_topic(program, "audit", on_audit, explain));
    if (!explain->found) {
        return error_set(&program->error, STATUS_FATAL,
                         "no decision '%s' in the audit: look for it with sanctionctl tail audit "
                         "--from-beginning",
                         explain->id);
    }
    return program_payloads_open(program, &explain->payloads, &program->error);
}

/* The record's line as `sanctionctl tail` shows it. */
static void print_json(struct explain *explain)
{
    char name[512];
    struct buffer out = {0};
    struct lines_writer writer = {.codec = explain->program->codec,
                                  .prefix = explain->program->config->topics_prefix,
                                  .open = program_payload_open,
                                  .open_context = explain->payloads,
                                  .record = explain->scratch};
    lines_write(&writer, scan_topic_name(explain->program, "audit", name), explain->partition,
                explain->offset, explain->timestamp_ms, buffer_bytes(&explain->key),
                buffer_bytes(&explain->value), &out);
    fwrite(out.data, 1, out.size, stdout);
    buffer_release(&writer.text);
    buffer_release(&out);
}

static void print_text(struct explain *explain)
{
    const struct record_type *type = NULL;
    struct audit_payload *payload = memory_get(sizeof(*payload));
    const enum decode_result result = codec_decode(
        explain->program->codec, buffer_bytes(&explain->value), &type, explain->scratch);
    ASSERT(result == DECODE_OK && type == &record_audit); /* as when it was found */
    const struct audit *audit = explain->scratch;
    const bool opened = program_payload_open(explain->payloads, audit, payload);
    const struct explanation explanation = {.audit = audit,
                                            .payload = opened ? payload : NULL,
                                            .key = program_payload_key(explain->payloads, audit),
                                            .partition = explain->partition,
                                            .offset = explain->offset};
    explain_print(&explanation, explain->catalogue, explain->language);
    free(payload);
}

/* The words are read first: what is wrong with them shows before a long search. */
static enum status run(struct explain *explain)
{
    struct program *program = explain->program;
    char *folder = config_path(program->config, program->config->notices_dir);
    explain->catalogue = catalogue_read(folder, &program->problems);
    free(folder);
    if (explain->catalogue == NULL) {
        return STATUS_FATAL;
    }
    TRY(find(explain));
    if (program->json) {
        print_json(explain);
    } else {
        print_text(explain);
    }
    return STATUS_OK;
}

enum status command_explain(struct command_call *call, int *code_out)
{
    struct explain explain = {.program = call->program, .language = LANGUAGE_EN};
    TRY(parse(&explain, call));
    explain.scratch = memory_get(codec_record_size(call->program->codec));
    const enum status status = run(&explain);
    *code_out = EXIT_DONE;
    program_payloads_close(explain.payloads);
    catalogue_free(explain.catalogue);
    buffer_release(&explain.key);
    buffer_release(&explain.value);
    free(explain.scratch);
    return status;
}
