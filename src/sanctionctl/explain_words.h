/* Korean and English words of an explanation. What notices say too (measures, categories, areas,
 * authorities, outcomes) comes from the catalogue of config/notices; here is what only a reviewer
 * sees.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SANCTIONCTL_EXPLAIN_WORDS_H
#define SANCTIONCTL_EXPLAIN_WORDS_H

#include "record/record.h"

/* One text in both languages. */
struct words {
    const char *ko;
    const char *en;
};

/* What a symbol is called; NULL if it has no word here. */
const struct words *words_of_symbol(const struct enum_type *type, int32_t value);

/* What the threshold, the reason against a smaller scope, the rule or the template of the facts
 * with this name says; NULL for names that are not the engine's own. */
const struct words *words_of_check(struct bytes name);
const struct words *words_of_smaller_scope(struct bytes name);
const struct words *words_of_rule(struct bytes name);
const struct words *words_of_facts(struct bytes name);

#endif
