/* Texts of settings and policy files -> numbers, times and sets, and back.
 *
 * Forms: whole numbers in decimal; true, false; durations "100ms", "10s", "5m", "72h", "14d", a
 * unit is needed (0 alone is the same in each); sizes "512", "64KiB", "16MiB", "1GiB", a plain
 * number is bytes; times "2000-01-01" or "2000-01-01T00:00:00Z", UTC; a time of day "21:30", UTC.
 * Nothing is rounded.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buffer.h"

/* False if `text` is no such value or does not fit; the output is written only on success. */
bool number_parse(const char *text, int64_t *value_out);
bool flag_parse(const char *text, bool *value_out);
bool duration_parse(const char *text, int64_t *value_ms_out);
bool size_parse(const char *text, int64_t *bytes_out);
bool time_parse(const char *text, int64_t *time_ms_out);
bool time_of_day_parse(const char *text, int64_t *value_ms_out);

/* In the largest unit that divides the value. */
void duration_format(int64_t value_ms, struct buffer *out);
void size_format(int64_t bytes, struct buffer *out);

/* 1 to 64 bytes [A-Za-z0-9._-]. */
bool id_is_valid(const char *text);

/* The one of `names` that `text` was probably meant to be, or NULL if none is near. */
struct nearest {
    const char *text;
    const char *best;
    size_t distance;
};
void nearest_offer(struct nearest *nearest, const char *name);

#endif
