/* `sanctionctl audit verify`: walks every hash chain of the audit from its beginning
 * (engine/audit_chain.h).
 *
 * The state's own note of each chain's last hash (in the changelog) is read first, so that a chain
 * whose end was cut off is found too; workers may go on meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/scan.h"

#include "base/assert.h"
#include "engine/audit_chain.h"
#include "topology/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct verify {
    struct program *program;
    struct program_payloads *payloads;
    struct audit_verifier *verifier;
    void *scratch;
    int64_t locked; /* payloads that another key file opens */
    /* Where it broke. */
    enum audit_fault fault;
    int32_t partition;
    int64_t offset;
};

static enum audit_opened open_payload(void *context, const struct audit *audit,
                                      struct bytes *plain_out)
{
    struct verify *verify = context;
    verify->locked += program_payload_key(verify->payloads, audit) == PAYLOAD_KEY_LOCKED;
    return program_payload_plain(verify->payloads, audit, plain_out);
}

/* The newest meta row of a task says which record of the chain was its last. */
static enum status on_changelog(void *context, int32_t partition, int64_t start,
                                const struct stream_record *record, bool *stop_out,
                                struct error *error)
{
    struct verify *verify = context;
    const struct record_type *type = NULL;
    (void)start;
    (void)stop_out;
    (void)error;
    if (record->key.data != NULL && bytes_is(record->key, "m") && record->value.data != NULL &&
        codec_decode(verify->program->codec, record->value, &type, verify->scratch) == DECODE_OK &&
        type == &record_task_meta) {
        const struct task_meta *meta = verify->scratch;
        char key[128];
        const int size =
            snprintf(key, sizeof(key), "%.*s:%d", BYTES_PRINT(meta->topology), partition);
        ASSERT(size > 0 && (size_t)size < sizeof(key));
        audit_verifier_expect(verify->verifier, bytes_of(key, (size_t)size), partition,
                              meta->audit_hash);
    }
    return STATUS_OK;
}

static enum status read_changelogs(struct verify *verify)
{
    struct program *program = verify->program;
    for (size_t i = 0; i < topic_count; i++) {
        char name[512];
        struct topic_facts facts = {0};
        if (topics[i].role != TOPIC_CHANGELOG) {
            continue;
        }
        scan_topic_name(program, topics[i].name, name);
        TRY(program->cluster->ops->describe(program->cluster, name, &facts, &program->error));
        if (facts.exists) {
            TRY(scan_topic(program, topics[i].name, on_changelog, verify));
        }
    }
    return STATUS_OK;
}

static enum status on_audit(void *context, int32_t partition, int64_t start,
                            const struct stream_record *record, bool *stop_out, struct error *error)
{
    struct verify *verify = context;
    (void)error;
    verify->fault =
        audit_verifier_add(verify->verifier, partition, start > 0, record->key, record->value);
    verify->partition = partition;
    verify->offset = record->offset;
    *stop_out = verify->fault != AUDIT_SOUND;
    return STATUS_OK;
}

static enum status walk(struct verify *verify)
{
    struct program *program = verify->program;
    if (!program_connect(program, NULL, NULL)) {
        return STATUS_FATAL;
    }
    verify->verifier = audit_verifier_new(program->codec, open_payload, verify);
    TRY(read_changelogs(verify));
    TRY(program_payloads_open(program, &verify->payloads, &program->error));
    TRY(scan_topic(program, "audit", on_audit, verify));
    const struct audit_chain *cut = audit_verifier_cut(verify->verifier);
    if (verify->fault == AUDIT_SOUND && cut != NULL) {
        verify->fault = AUDIT_CUT;
        verify->partition = cut->partition;
        verify->offset = -1;
    }
    return STATUS_OK;
}

static void print_text(const struct verify *verify)
{
    int64_t records = 0;
    int64_t closed = 0;
    for (size_t i = 0; i < audit_verifier_count(verify->verifier); i++) {
        const struct audit_chain *chain = audit_verifier_chain(verify->verifier, i);
        char head[2 * DIGEST_SIZE + 1] = {0};
        hex_format(bytes_of(chain->head, DIGEST_SIZE), head);
        records += chain->records;
        closed += chain->closed;
        if (chain->records > 0) {
            printf("partition %d chain %s: %" PRId64 " records, %" PRId64
                   " without key, head %s%s\n",
                   chain->partition, chain->key, chain->records, chain->closed, head,
                   chain->begun_late ? ", its first records are gone" : "");
        }
    }
    if (verify->fault == AUDIT_SOUND) {
        printf("sound: %" PRId64 " records, %" PRId64 " payloads checked, %" PRId64
               " erased, %" PRId64 " that another key file opens\n",
               records, records - closed, closed - verify->locked, verify->locked);
    }
}

static void print_json(const struct verify *verify)
{
    const char *comma = "";
    fputs("{\"chains\":[", stdout);
    for (size_t i = 0; i < audit_verifier_count(verify->verifier); i++) {
        const struct audit_chain *chain = audit_verifier_chain(verify->verifier, i);
        char head[2 * DIGEST_SIZE + 1] = {0};
        hex_format(bytes_of(chain->head, DIGEST_SIZE), head);
        if (chain->records > 0) {
            printf("%s{\"partition\":%d,\"chain\":\"%s\",\"records\":%" PRId64
                   ",\"without_key\":%" PRId64
                   ",\"head\":\"%s\",\"from_beginning\":%s,\"reaches_state\":%s}",
                   comma, chain->partition, chain->key, chain->records, chain->closed, head,
                   chain->begun_late ? "false" : "true",
                   !chain->expects  ? "null"
                   : chain->reached ? "true"
                                    : "false");
            comma = ",";
        }
    }
    printf("],\"locked\":%" PRId64 ",\"break\":", verify->locked);
    if (verify->fault == AUDIT_SOUND) {
        fputs("null}\n", stdout);
    } else if (verify->offset < 0) {
        printf("{\"partition\":%d,\"offset\":null,\"reason\":\"%s\"}}\n", verify->partition,
               audit_fault_text(verify->fault));
    } else {
        printf("{\"partition\":%d,\"offset\":%" PRId64 ",\"reason\":\"%s\"}}\n", verify->partition,
               verify->offset, audit_fault_text(verify->fault));
    }
}

static enum status conclude(const struct verify *verify)
{
    struct error *error = &verify->program->error;
    if (verify->program->json) {
        print_json(verify);
    } else {
        print_text(verify);
    }
    fflush(stdout);
    if (verify->fault == AUDIT_SOUND) {
        return STATUS_OK;
    }
    if (verify->offset < 0) {
        return error_set(error, STATUS_FATAL, "audit broken in partition %d at its end: %s",
                         verify->partition, audit_fault_text(verify->fault));
    }
    return error_set(error, STATUS_FATAL, "audit broken in partition %d at offset %" PRId64 ": %s",
                     verify->partition, verify->offset, audit_fault_text(verify->fault));
}

enum status command_audit_verify(struct command_call *call, int *code_out)
{
    if (call->word_count != 0) {
        return command_usage(call, "audit verify takes no argument");
    }
    struct verify verify = {.program = call->program,
                            .scratch = memory_get(codec_record_size(call->program->codec))};
    enum status status = walk(&verify);
    status = status == STATUS_OK ? conclude(&verify) : status;
    *code_out = EXIT_DONE;
    audit_verifier_free(verify.verifier);
    program_payloads_close(verify.payloads);
    free(verify.scratch);
    return status;
}
