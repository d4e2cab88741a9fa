/* Labelled lines of an explanation.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/explain_lines.h"

#include "base/assert.h"
#include "base/time.h"

#include <stdio.h>
#include <time.h>

const char *teller_say(const struct teller *teller, const char *ko, const char *en)
{
    return teller->language == LANGUAGE_KO ? ko : en;
}

const char *teller_word(const struct teller *teller, const struct words *words)
{
    return teller_say(teller, words->ko, words->en);
}

void teller_section(const struct teller *teller, const char *ko, const char *en)
{
    printf("\n%s\n", teller_say(teller, ko, en));
}

void teller_label(const struct teller *teller, const char *ko, const char *en)
{
    printf("  %s: ", teller_say(teller, ko, en));
}

/* Korea has no summer time. */
void teller_print_time(const struct teller *teller, int64_t time_ms)
{
    const bool korean = teller->language == LANGUAGE_KO;
    const time_t seconds = (time_t)((time_ms + (korean ? 9 * HOUR_MS : 0)) / SECOND_MS);
    struct tm calendar = {0};
    char text[32];
    gmtime_r(&seconds, &calendar);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &calendar);
    printf("%s %s", text, korean ? "KST" : "UTC");
}

void teller_print_symbol(const struct teller *teller, const struct enum_type *type, int32_t value)
{
    const char *symbol = enum_symbol(type, value);
    const struct words *words = words_of_symbol(type, value);
    if (words == NULL) {
        fputs(symbol, stdout);
    } else {
        printf("%s (%s)", teller_word(teller, words), symbol);
    }
}

void teller_print_term(const struct teller *teller, enum param_name name,
                       const struct enum_type *type, int32_t value)
{
    const struct bytes words = catalogue_word(teller->catalogue, teller->language, name, value);
    if (words.size == 0) {
        fputs(enum_symbol(type, value), stdout);
    } else {
        printf("%.*s (%s)", BYTES_PRINT(words), enum_symbol(type, value));
    }
}

void teller_line_symbol(const struct teller *teller, const char *ko, const char *en,
                        const struct enum_type *type, int32_t value)
{
    teller_label(teller, ko, en);
    teller_print_symbol(teller, type, value);
    putchar('\n');
}

void teller_line_term(const struct teller *teller, const char *ko, const char *en,
                      enum param_name name, const struct enum_type *type, int32_t value)
{
    teller_label(teller, ko, en);
    teller_print_term(teller, name, type, value);
    putchar('\n');
}

void teller_line_time(const struct teller *teller, const char *ko, const char *en, int64_t time_ms)
{
    teller_label(teller, ko, en);
    teller_print_time(teller, time_ms);
    putchar('\n');
}

void teller_line_id(const struct teller *teller, const char *ko, const char *en, struct bytes id)
{
    if (id.data != NULL) {
        teller_label(teller, ko, en);
        printf("%.*s\n", BYTES_PRINT(id));
    }
}

void teller_line_ids(const struct teller *teller, const char *ko, const char *en,
                     const struct bytes *ids, uint32_t count)
{
    teller_label(teller, ko, en);
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%.*s", i > 0 ? ", " : "", BYTES_PRINT(ids[i]));
    }
    puts(count == 0 ? teller_say(teller, "없음", "none") : "");
}
