/* The act behind a confirmed case. Private to policy.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_CONFIRM_INTERNAL_H
#define POLICY_CONFIRM_INTERNAL_H

#include "policy/judge_internal.h"

struct act {
    const struct policy *policy; /* in force at the act */
    enum severity severity;
    enum lane lane; /* ONE_STRIKE, LADDER, or NONE: no strike */
    int32_t weight;
    int64_t window_ms;
    int64_t at_ms;
    enum area area;
    enum role role;
    enum source_kind source_kind;
    struct bytes content_ref;
    struct bytes room_id;
    struct bytes author_id;
    const char *why_not; /* NULL: a strike or a ban; else why it is none */
};

/* True if the act is a strike or a ban; else `act_out` is the earliest act and why it is neither.
 */
bool act_choose(const struct judgement *judgement, const struct case_fact *item,
                const struct verdict *verdict, struct act *act_out);

#endif
