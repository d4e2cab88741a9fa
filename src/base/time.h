/* Time: milliseconds since the epoch, UTC, always an argument.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* Bounds of a record's timestamp: 2000-01-01 <= t < 2100-01-01 UTC (domain.md I.3). */
#define TIME_MIN_MS INT64_C(946684800000)
#define TIME_MAX_MS INT64_C(4102444800000)
/* Later than every time: "no end", "no timer". */
#define TIME_NEVER_MS INT64_MAX

/* The two clocks of the machine, for the engine and the programs only: a decision knows neither. */
int64_t clock_wall_ms(void);
int64_t clock_monotonic_ms(void);

#endif
