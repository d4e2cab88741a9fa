/* Periods of the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/period.h"

#include "config/value.h"

enum status period_option(struct command_call *call, size_t *index, struct period *period,
                          bool *taken_out)
{
    const char *word = call->words[*index];
    const bool from = strcmp(word, "--from") == 0;
    *taken_out = from || strcmp(word, "--to") == 0;
    if (!*taken_out) {
        return STATUS_OK;
    }
    const char *time = *index + 1 < call->word_count ? call->words[++*index] : "";
    if (!time_parse(time, from ? &period->from_ms : &period->to_ms)) {
        problems_add(&call->program->problems, "command line", 0,
                     "%s needs a time in UTC, such as 2026-03-02 or 2026-03-02T06:00:00Z", word);
        return STATUS_FATAL;
    }
    return STATUS_OK;
}
