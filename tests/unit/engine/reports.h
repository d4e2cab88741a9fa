/* An input for tests of the engine: two reports on each subject, enough to confirm, and later a record that
 * makes the lift of each due.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_ENGINE_REPORTS_H
#define TESTS_ENGINE_REPORTS_H

#include "base/time.h"

#include <stdio.h>

static inline void reports_write(const char *path, int subjects)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 2 * subjects; i++) {
        const long long time_ms = 1772355600000 + 1000LL * i;
        fprintf(file,
                "{\"topic\":\"reports\",\"type\":\"Report\",\"timestamp\":%lld,\"value\":{"
                "\"event_id\":\"r%d\",\"occurred_at\":%lld,\"subject_kind\":\"USER\","
                "\"subject_id\":\"u%d\",\"source_kind\":\"USER_REPORT_POLICY\","
                "\"report_kind\":\"BREACH\",\"reporter_id\":\"a%d\",\"reporter_class\":\"NORMAL\","
                "\"good_faith\":true,\"target_kind\":\"USER\",\"content_ref\":\"c%d\","
                "\"area\":\"OPEN_CHAT_ROOM\",\"act_at\":%lld,\"relation\":\"NON_FRIEND\","
                "\"sender_kind\":\"PERSON\",\"category\":\"ABUSE_SLANDER\",\"labels\":[{"
                "\"category\":\"ABUSE_SLANDER\",\"score\":950,\"labeller\":\"m1\"}],"
                "\"publisher_is_press\":false}}\n",
                time_ms, i, time_ms, i % subjects, i, i % subjects, time_ms - 1000);
    }
    for (int i = 0; i < subjects; i++) { /* a day and more later: lifts are due */
        const long long time_ms = 1772355600000 + 3 * DAY_MS + i;
        fprintf(file,
                "{\"topic\":\"accounts\",\"type\":\"AccountChange\",\"timestamp\":%lld,\"value\":{"
                "\"event_id\":\"x%d\",\"occurred_at\":%lld,\"subject_kind\":\"USER\","
                "\"subject_id\":\"u%d\",\"kind\":\"DEVICE\",\"erase_consent\":false,"
                "\"requested_by\":\"SELF\"}}\n",
                time_ms, i, time_ms, i);
    }
    fclose(file);
}

#endif
