/* What is left of a text once everything is gone that changes without changing the message.
 * Private to sketch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SKETCH_LETTERS_H
#define SKETCH_LETTERS_H

#include "base/bytes.h"

/* Symbols in the order of the text: Latin and other letters in lower case, consonants and vowels of
 * Hangul, 0 for any number. Owned. */
struct letters {
    uint32_t *items;
    size_t count;
};

void letters_release(struct letters *letters);

/* False: the text is not UTF-8. */
bool letters_read(struct bytes text, struct letters *letters_out);

#endif
