/* `sanctionctl policy check` and `policy publish`, which also announces the change to everybody.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/digest.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "schema/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void print_policy(const char *path, const struct policy *policy, bool json)
{
    char hash[2 * DIGEST_SIZE + 1] = {0};
    hex_format(bytes_of(policy->hash, DIGEST_SIZE), hash);
    if (!json) {
        printf("%s: policy '%s' version %d is well, hash %s\n", path, policy->id, policy->version, hash);
        return;
    }
    struct buffer out = {0};
    json_write_string(bytes_text(path), &out);
    printf("{\"file\":%.*s,\"policy\":\"%s\",\"version\":%d,\"hash\":\"%s\"}\n",
           BYTES_PRINT(buffer_bytes(&out)), policy->id, policy->version, hash);
    buffer_release(&out);
}

enum status command_policy_check(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count == 0) {
        return command_usage(call, "policy check needs a file");
    }
    struct policy *policy = memory_get(sizeof(*policy));
    for (size_t i = 0; i < call->word_count; i++) {
        struct buffer canonical = {0};
        if (policy_read(call->words[i], policy, &canonical, &program->problems)) {
            print_policy(call->words[i], policy, program->json);
        }
        buffer_release(&canonical);
    }
    free(policy);
    *code_out = EXIT_DONE;
    return program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}

/* A version other than the genesis must reach workers seven days before it is in force (rule 25); the
 * broker's append time or ours now decides, so a late one is refused here and not only by the workers. */
static bool early_enough(struct command_call *call, const char *path, struct policy *policy)
{
    struct program *program = call->program;
    struct buffer canonical = {0};
    bool good = policy_read(path, policy, &canonical, &program->problems);
    if (good && !policy->genesis && program->embedded == NULL &&
        policy->effective_at_ms - clock_wall_ms() < POLICY_NOTICE_MS) {
        problems_add(&program->problems, path, 0,
                     "effective_at is less than seven days away: modifications are notified no "
                     "less than seven days before");
        good = false;
    }
    if (good) {
        print_policy(path, policy, program->json);
    }
    buffer_release(&canonical);
    return good;
}

/* One attempt. STATUS_RETRY: nothing is published, or another attempt sees that it is. */
static enum status publish_once(struct command_call *call, const struct policy *policy, int64_t time_ms)
{
    struct program *program = call->program;
    struct lines lines = {.config = program->config, .codec = program->codec, .partitions = 1};
    enum status status = STATUS_FATAL;
    if (lines_add_policy(&lines, call->words[0], time_ms, &program->problems)) {
        struct cluster *cluster = program->cluster;
        status = lines_drop_known(&lines, cluster, &program->error);
        if (status == STATUS_OK && lines.count == 0) {
            printf(program->json ? "{\"published\":false}\n" : "this version is published already\n");
        } else if (status == STATUS_OK) {
            if (!policy->genesis && !policy->shadow) {
                lines_add_policy_notice(&lines, policy, time_ms);
            }
            status =
                cluster->ops->append(cluster, lines.outputs, lines.count, &program->error);
            if (status == STATUS_OK) {
                printf(program->json ? "{\"published\":true}\n" : "published\n");
            }
        }
    }
    lines_release(&lines);
    return status;
}

/* How long brokers that have just started may take; the first transaction of a cluster makes a topic. */
#define PATIENCE_MS (60 * SECOND_MS)
#define PAUSE_NS 500000000L

static enum status publish(struct command_call *call, const struct policy *policy)
{
    struct program *program = call->program;
    const int64_t time_ms = program->embedded == NULL ? clock_wall_ms() : -1;
    const int64_t begun_ms = clock_monotonic_ms();
    for (;;) {
        const enum status status = publish_once(call, policy, time_ms);
        const int64_t took_ms = clock_monotonic_ms() - begun_ms;
        if (status != STATUS_RETRY || command_stopped()) {
            return status;
        }
        if (took_ms >= PATIENCE_MS) {
            const struct error last = program->error;
            return error_set(&program->error, STATUS_FATAL, "not published, gave up after %lld s: %s",
                             (long long)(took_ms / SECOND_MS), last.text);
        }
        fprintf(stderr, "waiting (%lld of %lld s): %s\n", (long long)(took_ms / SECOND_MS),
                (long long)(PATIENCE_MS / SECOND_MS), program->error.text);
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
    }
}

enum status command_policy_publish(struct command_call *call, int *code_out)
{
    if (call->word_count != 1) {
        return command_usage(call, "policy publish needs one file");
    }
    struct policy *policy = memory_get(sizeof(*policy));
    enum status status = STATUS_FATAL;
    if (early_enough(call, call->words[0], policy) && program_connect(call->program, NULL, NULL)) {
        status = publish(call, policy);
    }
    free(policy);
    *code_out = EXIT_DONE;
    return status;
}
