/* The blast-radius breaker of one task: APPLY decisions per category in the current clock hour
 * (I.25).
 *
 * Kept in the task's meta, so a restart or takeover does not reset it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef POLICY_BREAKER_H
#define POLICY_BREAKER_H

#include "record/record.h"

struct breaker {
    int64_t hour; /* hours since the epoch, UTC, of stream time */
    int32_t applied[CATEGORY_COUNT];
    int32_t applied_all[CATEGORY_COUNT]; /* of these with scope ALL */
};

#endif
