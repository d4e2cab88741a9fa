/* The catalogue in memory: per language its words and its templates, sorted by name.
 *
 * Once read without problems, both languages hold the same names in the same places.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef NOTICE_CATALOGUE_INTERNAL_H
#define NOTICE_CATALOGUE_INTERNAL_H

#include "notice/catalogue.h"
#include "notice/text_internal.h"

enum {
    TEXT_FULL,
    TEXT_SHORT,
    TEXT_COUNT,
};

#define SHORT_SUFFIX ".short"

struct notice_template {
    struct bytes name;
    struct bytes short_name; /* with SHORT_SUFFIX */
    enum notice_kind kind;
    size_t line;        /* in its file */
    bool kind_is_known; /* always, in a catalogue without problems */
    struct text texts[TEXT_COUNT];
};

struct language_file {
    enum language language;
    char *path;
    struct bytes disclosure;
    size_t disclosure_line;
    struct bytes advert_label;
    struct bytes advert_refusal;
    struct words words;
    struct notice_template *templates;
    size_t template_count;
};

/* What there is a file of; the first is the one for those whose language is not known. */
#define LANGUAGE_FILES 2

struct catalogue {
    struct language_file files[LANGUAGE_FILES];
    uint8_t hash[DIGEST_SIZE];
    struct arena arena; /* all that the files' texts point into */
};

/* Fills `file`, whose language and path are set; problems are added. */
void language_file_read(struct language_file *file, struct arena *arena, struct problems *problems);

/* The file in which somebody of this language is told; never NULL. */
const struct language_file *catalogue_file(const struct catalogue *catalogue,
                                           enum language language);

/* NULL if there is no such template. The name is without SHORT_SUFFIX. */
const struct notice_template *catalogue_find(const struct language_file *file, struct bytes name);

/* The one template of kind NOTICE_DISCLOSURE. */
const struct notice_template *catalogue_disclosure_template(const struct language_file *file);

/* Size of the text, advert label and refusal included; appends it to `out` unless that is NULL. */
size_t catalogue_render(const struct language_file *file, const struct text *text, bool advert,
                        const struct values *values, struct buffer *out);

#endif
