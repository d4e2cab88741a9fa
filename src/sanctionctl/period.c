/* Periods and times of the command line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/period.h"

#include "base/time.h"
#include "config/value.h"

#include <time.h>

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

const char *period_time(int64_t time_ms, char text[32])
{
    const time_t seconds = (time_t)(time_ms / SECOND_MS);
    struct tm calendar;
    gmtime_r(&seconds, &calendar);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &calendar);
    return text;
}
