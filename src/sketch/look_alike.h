/* Letters that stand for other letters they look like. Private to sketch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SKETCH_LOOK_ALIKE_H
#define SKETCH_LOOK_ALIKE_H

#include "base/bytes.h"

/* Puts in place what is meant: Latin letters and digits beside a lone consonant of Hangul become
 * the vowel or consonant they look like, digits inside a Latin word its letters, o and l inside a
 * number its digits. */
void look_alikes_fold(uint32_t *points, size_t count);

/* Greek, Cyrillic and enclosed letters that look like a small Latin one, and l, which looks like i; else the
 * letter itself. */
uint32_t look_alike_latin(uint32_t point);

#endif
