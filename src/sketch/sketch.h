/* sketch: the text of one reported message -> 16 keyed values by which near-duplicates are found.
 *
 * For the intake service: text never enters the engine, only `Report.sketch` does. Two texts are
 * alike if enough of their values are equal (policy data: cases.sketch_equal_min); what a sender
 * changes to look different (spacing, emoji, particles, spelling, look-alike letters, numbers)
 * changes few values or none. Values made under different keys never match, and without the key
 * nobody can try texts against a sketch.
 *
 * Pure: no I/O, clock or state; allocates and frees while it works. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SKETCH_SKETCH_H
#define SKETCH_SKETCH_H

#include "base/bytes.h"

#define SKETCH_VALUES 16 /* of 16 bits each, big-endian, in Report.sketch */
#define SKETCH_SIZE (SKETCH_VALUES * 2)
#define SKETCH_TEXT_MAX 65536 /* bytes; a message of the messenger is far below it */
#define SKETCH_KEY_MIN 16     /* bytes */
#define SKETCH_KEY_MAX 1024
#define SKETCH_KEY_ID_SIZE 16 /* letters */

enum sketch_result {
    SKETCH_MADE,
    SKETCH_NO_LETTERS, /* only spaces, emoji and the like: nothing to compare, no sketch */
    SKETCH_NOT_UTF8,
    SKETCH_TOO_LONG,
};

/* The sketch of `text` under `key` (SKETCH_KEY_MIN to SKETCH_KEY_MAX bytes); written only if made. */
enum sketch_result sketch_make(struct bytes text, struct bytes key, uint8_t sketch_out[SKETCH_SIZE]);

/* Equal values of two sketches made under one key, 0 to SKETCH_VALUES. */
int32_t sketch_equal(const uint8_t left[SKETCH_SIZE], const uint8_t right[SKETCH_SIZE]);

/* The name of a key for Report.sketch_key: lower-case hex digits that follow from the key, so that
 * two keys never share a name by mistake. No terminator. */
void sketch_key_id(struct bytes key, char id_out[SKETCH_KEY_ID_SIZE]);

#endif
