/* Names of the planted bugs, and the one that is on.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "planted.h"

#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum planted planted_bug = PLANTED_NONE;

static const char *const names[] = {
    [PLANTED_NONE] = "none",
    [PLANTED_ROTATION_OFF] = "rotation_off",
    [PLANTED_APPLY_BEFORE_COMMIT] = "apply_before_commit",
    [PLANTED_DROP_ON_UNKNOWN] = "drop_on_unknown",
    [PLANTED_APPLY_ON_UNKNOWN] = "apply_on_unknown",
    [PLANTED_OFFSETS_OUTSIDE] = "offsets_outside",
    [PLANTED_OFFSET_MINUS_ONE] = "offset_minus_one",
    [PLANTED_OFFSET_PLUS_ONE] = "offset_plus_one",
    [PLANTED_OFFSETS_OF_ONE_TASK] = "offsets_of_one_task",
    [PLANTED_REWIND_SKIPPED] = "rewind_skipped",
    [PLANTED_OVERLAY_KEPT] = "overlay_kept",
    [PLANTED_TIMERS_KEPT] = "timers_kept",
    [PLANTED_AUDIT_HEAD_KEPT] = "audit_head_kept",
    [PLANTED_REVOKE_UNCOMMITTED] = "revoke_uncommitted",
    [PLANTED_FENCE_IGNORED] = "fence_ignored",
    [PLANTED_RESTORE_TO_LSO] = "restore_to_lso",
    [PLANTED_RESTORE_SKIPPED] = "restore_skipped",
    [PLANTED_EMPTY_START] = "empty_start",
    [PLANTED_TIMERS_FORGOTTEN] = "timers_forgotten",
    [PLANTED_TIMERS_DOUBLED] = "timers_doubled",
    [PLANTED_CLOCK_FORGOTTEN] = "clock_forgotten",
    [PLANTED_BREAKER_FORGOTTEN] = "breaker_forgotten",
    [PLANTED_STORE_ERROR_IGNORED] = "store_error_ignored",
    [PLANTED_CHECKPOINT_ERROR_IGNORED] = "checkpoint_error_ignored",
    [PLANTED_META_FIRST] = "meta_first",
    [PLANTED_OVERLAY_SPILLED] = "overlay_spilled",
    [PLANTED_TIMER_LEFT] = "timer_left",
    [PLANTED_TIMER_LATE] = "timer_late",
    [PLANTED_TICK_SKIPPED] = "tick_skipped",
    [PLANTED_WALL_CLOCK] = "wall_clock",
    [PLANTED_DEAD_LETTER_DROPPED] = "dead_letter_dropped",
    [PLANTED_RECEIPT_UNCHAINED] = "receipt_unchained",
    [PLANTED_RECEIPT_GAP] = "receipt_gap",
    [PLANTED_AUDIT_UNCHAINED] = "audit_unchained",
};
_Static_assert(COUNT_OF(names) == PLANTED_COUNT, "every bug has a name");

const char *planted_name(enum planted bug)
{
    return names[bug];
}

bool planted_find(const char *name, enum planted *bug_out)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], name) == 0) {
            *bug_out = (enum planted)i;
            return true;
        }
    }
    return false;
}

/* Before main(): the programs themselves know nothing of bugs. */
__attribute__((constructor)) static void planted_choose(void)
{
    const char *name = getenv("SANCTIOND_PLANTED");
    if (name != NULL && !planted_find(name, &planted_bug)) {
        fprintf(stderr, "SANCTIOND_PLANTED: no bug is called '%s'\n", name);
        exit(2);
    }
}
