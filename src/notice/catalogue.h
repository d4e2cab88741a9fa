/* The template catalogue: the words of every notice, one YAML file a language in config/notices/.
 *
 * Each language file holds `language`, `disclosure` (id of the disclosure text, the same in all),
 * `advert` (label and refusal line that the law wants around advertising), `words` (what a symbol
 * of MEASURE, CATEGORY, AREA, AUTHORITY and OUTCOME is called) and `templates`: name -> kind, text,
 * short. In a text
 *   {NAME}            is the value of a parameter; a line without a value for it is left out
 *   {!NAME}           at the start of a line: only if the parameter was not given
 *   {?NAME=VALUE}     ... only if it was given as VALUE
 *   {!NAME=VALUE}     ... only if it was not; a line may start with up to four of these
 *
 * A catalogue that was read knows every template, with its short form, and every word in both
 * languages; no text has a link in it or a parameter that its kind may not hold (notice/kind.h).
 * Immutable once read; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_CATALOGUE_H
#define NOTICE_CATALOGUE_H

#include "base/digest.h"
#include "base/problems.h"
#include "base/status.h"
#include "record/record.h"

struct catalogue;

/* Reads every language file of the folder; NULL if there are problems, each with file and line. */
struct catalogue *catalogue_read(const char *folder, struct problems *problems);
void catalogue_free(struct catalogue *catalogue);
DEFINE_CLEANUP(catalogue)

/* Version of the disclosure text; lives as long as the catalogue. */
struct bytes catalogue_disclosure(const struct catalogue *catalogue);

/* What a symbol of one of the enums above is called; empty if it has no word. `name` is
 * PARAM_NAME_MEASURE, _CATEGORY, _AREA, _AUTHORITY or _OUTCOME; `language` KO or EN. */
struct bytes catalogue_word(const struct catalogue *catalogue, enum language language,
                            enum param_name name, int32_t symbol);

/* SHA-256 over all templates and words: two workers with the same value write the same notices. */
const uint8_t *catalogue_hash(const struct catalogue *catalogue);

#endif
