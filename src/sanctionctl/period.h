/* What the subcommands that look back share: a period of the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_PERIOD_H
#define SANCTIONCTL_PERIOD_H

#include "sanctionctl/command.h"

/* from_ms <= t < to_ms, ms UTC. */
struct period {
    int64_t from_ms;
    int64_t to_ms;
};

#define PERIOD_ALL ((struct period){INT64_MIN, INT64_MAX})

static inline bool period_has(const struct period *period, int64_t time_ms)
{
    return period->from_ms <= time_ms && time_ms < period->to_ms;
}

/* Takes `--from TIME` or `--to TIME` at call->words[*index]; *index is then that of its argument. *taken_out
 * false: another word. STATUS_FATAL: no time; the problem was added. */
MUST_CHECK enum status period_option(struct command_call *call, size_t *index,
                                     struct period *period, bool *taken_out);

#endif
