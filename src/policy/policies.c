/* Which version of a policy judges an act.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

const struct policy *policies_at(const struct policies *policies, int64_t act_at_ms)
{
    const struct policy *first = NULL;
    if (policies->instead != NULL) {
        return policies->instead;
    }
    /* From the newest, which is the one most acts want. */
    for (uint32_t i = policies->count; i > 0; i--) {
        const struct policy *policy = policies->versions[i - 1];
        if (policy->effective_at_ms <= act_at_ms) {
            return policy;
        }
        first = policy;
    }
    ASSERT(first != NULL);
    return first;
}

const struct policy *policy_version(const struct policies *policies, int32_t version,
                                    int64_t act_at_ms)
{
    for (uint32_t i = 0; i < policies->count; i++) {
        if (policies->versions[i]->version == version) {
            return policies->versions[i];
        }
    }
    return policies_at(policies, act_at_ms);
}

const struct policy *policies_shadow(const struct policies *policies, int64_t now_ms)
{
    for (uint32_t i = policies->shadow_count; i > 0; i--) {
        if (policies->shadows[i - 1]->effective_at_ms <= now_ms) {
            return policies->shadows[i - 1];
        }
    }
    return NULL;
}

static int64_t later(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

int64_t policies_horizon(const struct policies *policies)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < policies->count; i++) {
        const struct policy *policy = policies->versions[i];
        longest = later(longest, policy->duplicate_horizon_ms);
        longest = later(longest, policy->burst_window_ms);
        longest = later(longest, policy->protection.trip_window_ms);
    }
    return longest;
}

int64_t policies_request_window(const struct policies *policies)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < policies->count; i++) {
        longest = later(longest, policies->versions[i]->room_request_window_ms);
    }
    return longest;
}

int64_t policies_proof_wait(const struct policies *policies)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < policies->count; i++) {
        longest = later(longest, policies->versions[i]->proof_wait_ms);
    }
    return longest;
}
