/* What a decision with action ERASE does to the subject's audit key.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

/* A record of `type` with every needed field filled by something that encodes. */
static void fill(const struct record_type *type, void *record)
{
    static const uint8_t zero[64] = {0};
    memset(record, 0, type->size);
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct field_type *field = &type->fields[i];
        struct bytes value = {0};
        if (field->nullable) {
            continue;
        }
        if (field->kind == FIELD_STRING) {
            value = bytes_text("x");
        } else if (field->kind == FIELD_BYTES) {
            value = bytes_of(zero, 0);
        } else if (field->kind == FIELD_FIXED) {
            value = bytes_of(zero, field->size);
        } else {
            continue;
        }
        memcpy((uint8_t *)record + field->offset, &value, sizeof(value));
    }
}

static void decide(const struct step_call *call, const struct report *report,
                   enum audit_action action, const char *decision)
{
    struct audit audit;
    struct audit_payload *payload = memory_get(sizeof(*payload));
    fill(&record_audit, &audit);
    fill(&record_audit_payload, payload);
    audit.decision_id = bytes_text(decision);
    audit.action = action;
    payload->subject_kind = report->subject_kind;
    payload->subject_id = report->subject_id;
    call->io->decide(call->io_context, &audit, payload);
    free(payload);
}

/* Decides on every report; the third of a subject is its last. */
static enum status on_record(void *scratch, const struct step_call *call,
                             const struct record_type *type, const void *record,
                             enum step_result *result_out, enum dead_reason *reason_out,
                             struct error *error)
{
    (void)scratch;
    (void)reason_out;
    (void)error;
    *result_out = STEP_DONE;
    if (type == &record_report) {
        const struct report *report = record;
        const bool last = bytes_is(report->event_id, "r3");
        char decision[40];
        snprintf(decision, sizeof(decision), "decision-%.*s", BYTES_PRINT(report->event_id));
        decide(call, report, AUDIT_ACTION_DECIDE, decision);
        if (last) {
            snprintf(decision, sizeof(decision), "erase-%.*s", BYTES_PRINT(report->event_id));
            decide(call, report, AUDIT_ACTION_ERASE, decision);
        }
    }
    return STATUS_OK;
}

static void *open_nothing(const struct codec *codec)
{
    (void)codec;
    return memory_get(1);
}

static void write_reports(const char *path)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 1; i <= 4; i++) {
        const long long time_ms = 1772355600000 + i;
        fprintf(file,
                "{\"topic\":\"reports\",\"type\":\"Report\",\"timestamp\":%lld,\"value\":{"
                "\"event_id\":\"r%d\",\"occurred_at\":%lld,\"subject_kind\":\"USER\","
                "\"subject_id\":\"u1\",\"source_kind\":\"USER_REPORT_POLICY\","
                "\"reporter_id\":\"a\",\"good_faith\":true,\"target_kind\":\"USER\","
                "\"area\":\"OPEN_CHAT_ROOM\",\"act_at\":%lld,\"relation\":\"NON_FRIEND\","
                "\"sender_kind\":\"PERSON\",\"category\":\"ABUSE_SLANDER\","
                "\"publisher_is_press\":false}}\n",
                time_ms, i, time_ms, time_ms);
    }
    fclose(file);
}

/* Lines of the output about audit-keys, up to `wanted_out`. */
static size_t key_lines(struct bench *bench, char **wanted_out, size_t wanted_max)
{
    size_t count = 0;
    buffer_append(&bench->output, bytes_of("", 1));
    for (char *line = (char *)bench->output.data; *line != '\0';) {
        char *end = strchr(line, '\n');
        *end = '\0';
        if (strncmp(line, "{\"topic\":\"audit-keys\"", 21) == 0 && count < wanted_max) {
            wanted_out[count++] = line;
        }
        line = end + 1;
    }
    return count;
}

/* Erasing a subject destroys its key; what is decided later has a new one. Nothing did. */
static void an_erase_decision_destroys_the_key(void **state)
{
    (void)state;
    const struct step eraser = {.name = "eraser",
                                .state = &record_subject_state,
                                .open = open_nothing,
                                .close = free,
                                .record = on_record};
    char path[] = "/tmp/sanctiond-erase-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    fclose(fdopen(file, "w"));
    write_reports(path);
    struct bench bench;
    struct error error = {0};
    bench_open(&bench, path);
    bench.topologies[0].step = &eraser;
    assert_int_equal(bench_run(&bench, &error), STATUS_OK);
    char *lines[8] = {NULL};
    assert_int_equal(key_lines(&bench, lines, 8), 3);
    assert_non_null(strstr(lines[0], "\"wrapped_key\":"));
    assert_non_null(strstr(lines[1], "\"value\":null"));
    assert_non_null(strstr(lines[1], "\"key\":\"USER:u1\""));
    assert_non_null(strstr(lines[2], "\"wrapped_key\":"));
    bench_close(&bench);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_erase_decision_destroys_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
