/* Labelled lines of an explanation, in the reader's language. Every symbol stands beside its word.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_EXPLAIN_LINES_H
#define SANCTIONCTL_EXPLAIN_LINES_H

#include "notice/catalogue.h"
#include "sanctionctl/explain_words.h"

struct teller {
    const struct audit *audit;
    const struct audit_payload *payload; /* NULL: not to be had */
    const struct catalogue *catalogue;
    enum language language; /* KO or EN */
};

const char *teller_say(const struct teller *teller, const char *ko, const char *en);
const char *teller_word(const struct teller *teller, const struct words *words);
/* An empty line and a title; the beginning of a line with its label. */
void teller_section(const struct teller *teller, const char *ko, const char *en);
void teller_label(const struct teller *teller, const char *ko, const char *en);

void teller_print_time(const struct teller *teller, int64_t time_ms);
void teller_print_symbol(const struct teller *teller, const struct enum_type *type, int32_t value);
/* A word that notices use too. */
void teller_print_term(const struct teller *teller, enum param_name name,
                       const struct enum_type *type, int32_t value);

/* Whole lines: label and value. */
void teller_line_symbol(const struct teller *teller, const char *ko, const char *en,
                        const struct enum_type *type, int32_t value);
void teller_line_term(const struct teller *teller, const char *ko, const char *en,
                      enum param_name name, const struct enum_type *type, int32_t value);
void teller_line_time(const struct teller *teller, const char *ko, const char *en, int64_t time_ms);
/* Nothing if the id is absent. */
void teller_line_id(const struct teller *teller, const char *ko, const char *en, struct bytes id);
void teller_line_ids(const struct teller *teller, const char *ko, const char *en,
                     const struct bytes *ids, uint32_t count);

#endif
