/* `sanctionctl policy show`: a policy file as people read it, above all which category may lead to which
 * measures ("what restrictions may apply if you do any things", S0:25). Made from the policy itself, so
 * that the published table and what the engine does cannot drift.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "base/digest.h"
#include "base/time.h"
#include "config/policy_file.h"
#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>

/* A duration as policy files write it, in `out`, which the next call overwrites. */
static const char *duration(int64_t value_ms, struct buffer *out)
{
    buffer_clear(out);
    duration_format(value_ms, out);
    buffer_append(out, bytes_of("", 1));
    return (const char *)buffer_bytes(out).data;
}

static void print_time(const char *says, int64_t time_ms)
{
    char text[32];
    printf("%s%s", says, command_time(time_ms, text));
}

static void print_scopes(scope_set scopes)
{
    const char *between = "";
    for (int32_t i = 0; i < SCOPE_COUNT; i++) {
        if ((scopes >> i & 1) != 0) {
            printf("%s%s", between, enum_symbol(&enum_scope, i));
            between = " ";
        }
    }
}

static void print_head(const struct policy *policy)
{
    char hash[2 * DIGEST_SIZE + 1] = {0};
    hex_format(bytes_of(policy->hash, DIGEST_SIZE), hash);
    printf("policy %s version %d%s%s", policy->id, policy->version,
           policy->genesis ? ", genesis" : "", policy->shadow ? ", shadow: without effect" : "");
    print_time(", announced ", policy->announced_at_ms);
    print_time(", in force from ", policy->effective_at_ms);
    printf("\nhash %s\n", hash);
    printf("switches: network_act_duties %s, late_lift_credit %s, temporary measures end in %s, "
           "appeals suspend",
           policy->network_act_duties ? "on" : "off", policy->late_lift_credit ? "on" : "off",
           policy->temporary_measure_removes ? "removal" : "restoration");
    for (int32_t i = 0; i < MEASURE_COUNT; i++) {
        if ((policy->appeal_suspends >> i & 1) != 0) {
            printf(" %s", enum_symbol(&enum_measure, i));
        }
    }
    printf("%s\n", policy->appeal_suspends == 0 ? " nothing" : "");
}

static void print_ladder(const struct policy *policy, int32_t ledger, struct buffer *text)
{
    const struct policy_ladder *ladder = &policy->ladders[ledger];
    if (ladder->step_count == 0) {
        return;
    }
    printf("  %s", enum_symbol(&enum_ledger, ledger));
    if (ladder->fixed_weight > 0) {
        printf(" (each strike %d, for %s)", ladder->fixed_weight,
               duration(ladder->fixed_window_ms, text));
    }
    printf("\n");
    for (uint32_t i = 0; i < ladder->step_count; i++) {
        const struct policy_step *step = &ladder->steps[i];
        printf("    %u  %-24s %-5s ", i + 1, enum_symbol(&enum_measure, (int32_t)step->measure),
               step->duration_ms > 0 ? duration(step->duration_ms, text) : "");
        print_scopes(step->scopes);
        printf("%s%s\n", step->review ? " + review " : "",
               step->review ? enum_symbol(&enum_review_kind, (int32_t)step->review_kind) : "");
    }
}

static void print_ladders(const struct policy *policy, struct buffer *text)
{
    printf("\nstrikes: a stage is the sum of the weights that count on the ledger\n");
    for (int32_t i = 0; i < SEVERITY_COUNT; i++) {
        if (policy->severities[i].weight > 0) {
            printf("  %-8s weight %d, counts for %s\n", enum_symbol(&enum_severity, i),
                   policy->severities[i].weight, duration(policy->severities[i].window_ms, text));
        }
    }
    printf("\nladders: stage, measure, duration, what is restricted\n");
    for (int32_t i = 0; i < LEDGER_COUNT; i++) {
        print_ladder(policy, i, text);
    }
}

static void print_limit(const char *says, int64_t private_value, int64_t public_value)
{
    printf("  %-58s %7lld %7lld\n", says, (long long)private_value, (long long)public_value);
}

static void print_evidence(const struct policy *policy)
{
    const struct policy_evidence *here = &policy->evidence[AREA_CLASS_PRIVATE];
    const struct policy_evidence *open = &policy->evidence[AREA_CLASS_PUBLIC];
    printf("\nthresholds %58s %7s\n", "PRIVATE", "PUBLIC");
    print_limit("ladder, confirmed without a person: score", here->confirm_score,
                open->confirm_score);
    print_limit("  and reporters", here->confirm_reporters, open->confirm_reporters);
    print_limit("one strike, proof: held for a person: score", here->hold_score, open->hold_score);
    print_limit("a person is asked: score", here->ask_score, open->ask_score);
    print_limit("  or reporters", here->ask_reporters, open->ask_reporters);
    print_limit("near-duplicates: rooms", here->multiroom_rooms, open->multiroom_rooms);
    print_limit("  and reporters", here->multiroom_reporters, open->multiroom_reporters);
    print_limit("bursts: targets", here->burst_targets, open->burst_targets);
    print_limit("  and reporters", here->burst_reporters, open->burst_reporters);
    print_limit("accumulated reports: reporters", here->accumulation_reporters,
                open->accumulation_reporters);
}

static void print_clocks(const struct policy *policy, struct buffer *text)
{
    const struct {
        const char *says;
        int64_t value_ms;
    } clocks[] = {
        {"a case waits", policy->case_wait_ms},
        {"a proof, or a report that needs one, waits", policy->proof_wait_ms},
        {"a hold", policy->hold_ms},
        {"a temporary measure on content", policy->temporary_measure_ms},
        {"reports accumulate over", policy->accumulation_window_ms},
        {"duplicates are known for", policy->duplicate_horizon_ms},
        {"near-duplicates are sought over", policy->multiroom_window_ms},
        {"bursts are counted over", policy->burst_window_ms},
        {"an appeal is possible for", policy->appeal_window_ms},
        {"an objection to an order is possible for", policy->authority_objection_ms},
        {"an order not executed is reported after", policy->authority_execution_ms},
        {"a protection of a user", policy->protection.duration_ms},
        {"a protection of a minor", policy->minor_protection_ms},
        {"a ban survives a withdrawal for", policy->tombstone_permanent_ms},
    };
    printf("\nclocks\n");
    for (size_t i = 0; i < COUNT_OF(clocks); i++) {
        printf("  %-44s %s\n", clocks[i].says, duration(clocks[i].value_ms, text));
    }
}

static uint64_t bit(enum measure measure)
{
    return UINT64_C(1) << (uint32_t)measure;
}

/* Every measure of the ladders from `first` to `last`. */
static uint64_t ladder_measures(const struct policy *policy, int32_t first, int32_t last)
{
    uint64_t found = 0;
    for (int32_t i = first; i <= last; i++) {
        for (uint32_t k = 0; k < policy->ladders[i].step_count; k++) {
            found |= bit(policy->ladders[i].steps[k].measure);
            /* A review at the end of a ladder lets a person take the end away. */
            found |= policy->ladders[i].steps[k].review && i < LEDGER_ROOM
                         ? bit(MEASURE_RESTRICT_PERM_AREA)
                         : 0;
        }
    }
    return found;
}

/* What a confirmed case of the category, or what precedes its confirmation, may lead to. */
static uint64_t possible_measures(const struct policy *policy, int32_t number)
{
    const struct policy_category *category = &policy->categories[number];
    const uint64_t content =
        bit(MEASURE_TEMPORARY_MEASURE) | bit(MEASURE_CONTENT_REMOVE) | bit(MEASURE_CONTENT_DEMOTE);
    const uint64_t rooms = bit(MEASURE_ROOM_BLOCK) | bit(MEASURE_OPEN_PROFILE_BLOCK);
    const uint64_t ladder = ladder_measures(policy, LEDGER_CHAT, LEDGER_CHANNEL);
    const uint64_t ban = bit(MEASURE_PROVISIONAL_HOLD) | bit(MEASURE_RESTRICT_PERM_ALL);
    uint64_t found = 0;
    switch (category->lane) {
    case LANE_ONE_STRIKE:
        found = ban | content;
        break;
    case LANE_PROOF:
        found = category->severity == SEVERITY_CRITICAL ? ban | content
                                                        : bit(MEASURE_PROVISIONAL_HOLD);
        break;
    case LANE_LADDER:
        found = number == CATEGORY_REPORT_ABUSE
                    ? ladder_measures(policy, LEDGER_REPORTER, LEDGER_REPORTER)
                : number == CATEGORY_REPORT_ACCUMULATION ? bit(MEASURE_RESTRICT_TEMP)
                                                         : ladder | content;
        break;
    case LANE_HUMAN:
        found = ladder | bit(MEASURE_RESTRICT_PERM_ALL) | content;
        break;
    case LANE_AUTHORITY:
        found = bit(MEASURE_AUTHORITY_ACTION) | content;
        break;
    case LANE_CONTENT_FIRST:
        found = content;
        break;
    case LANE_PROTECTION:
        found = bit(MEASURE_USER_PROTECTION);
        break;
    case LANE_NONE:
        break;
    }
    found |= category->severity_by_verdict ? bit(MEASURE_RESTRICT_PERM_ALL) : 0;
    if (category->room_subject || category->staff_ad) {
        found |= rooms | bit(MEASURE_OWNER_RESTRICT);
    }
    return found;
}

static void print_measures(uint64_t measures, const char *quote, const char *separator)
{
    const char *between = "";
    for (int32_t i = 0; i < MEASURE_COUNT; i++) {
        if ((measures >> i & 1) != 0) {
            printf("%s%s%s%s", between, quote, enum_symbol(&enum_measure, i), quote);
            between = separator;
        }
    }
}

static void print_category(const struct policy *policy, int32_t number, bool json)
{
    const struct policy_category *category = &policy->categories[number];
    const char *name = enum_symbol(&enum_category, number);
    const char *lane = enum_symbol(&enum_lane, (int32_t)category->lane);
    const char *severity = enum_symbol(&enum_severity, (int32_t)category->severity);
    const uint64_t measures = possible_measures(policy, number);
    if (json) {
        printf("{\"category\": \"%s\", \"lane\": \"%s\", \"severity\": \"%s\", \"person\": %s, "
               "\"rule\": \"%s\", \"item_page\": \"%s\", \"measures\": [",
               name, lane, severity, category->human_confirm ? "true" : "false", category->rule,
               category->item_page);
        print_measures(measures, "\"", ", ");
        printf("]}\n");
        return;
    }
    printf("  %-28s %-13s %-8s ", name, lane, severity);
    print_measures(measures, "", " ");
    printf("%s\n", category->human_confirm ? " (by a person)" : "");
}

static void print_policy(const struct policy *policy, bool json)
{
    struct buffer text = {0};
    if (!json) {
        print_head(policy);
        print_ladders(policy, &text);
        print_evidence(policy);
        print_clocks(policy, &text);
        printf("\ncategories: lane, severity, possible measures\n");
    }
    for (int32_t i = 0; i < CATEGORY_NONE; i++) {
        print_category(policy, i, json);
    }
    buffer_release(&text);
}

enum status command_policy_show(struct command_call *call, int *code_out)
{
    struct program *program = call->program;
    if (call->word_count != 1) {
        return command_usage(call, "policy show needs one file");
    }
    struct policy *policy = memory_get(sizeof(*policy));
    struct buffer canonical = {0};
    if (policy_read(call->words[0], policy, &canonical, &program->problems)) {
        print_policy(policy, program->json);
    }
    buffer_release(&canonical);
    free(policy);
    *code_out = EXIT_DONE;
    return program->problems.count > 0 ? STATUS_FATAL : STATUS_OK;
}
