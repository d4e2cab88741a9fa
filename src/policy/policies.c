/* Which version of a policy judges an act.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy/judge_internal.h"

const struct policy *policies_at(const struct policies *policies, int64_t act_at_ms)
{
    const struct policy *first = NULL;
    /* From the newest, which is the one most acts want. */
    for (uint32_t i = policies->count; i > 0; i--) {
        const struct policy *policy = policies->versions[i - 1];
        if (policy->shadow) {
            continue;
        }
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
        if (policies->versions[i]->version == version && !policies->versions[i]->shadow) {
            return policies->versions[i];
        }
    }
    return policies_at(policies, act_at_ms);
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

int64_t policies_proof_wait(const struct policies *policies)
{
    int64_t longest = 0;
    for (uint32_t i = 0; i < policies->count; i++) {
        longest = later(longest, policies->versions[i]->proof_wait_ms);
    }
    return longest;
}
