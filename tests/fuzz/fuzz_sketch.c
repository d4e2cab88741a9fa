/* Sketches any bytes as a text. Its sketch is the same a second time, and with every space doubled.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/buffer.h"
#include "sketch/sketch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[SKETCH_KEY_MIN] = {1, 2, 3};

/* The text with a space after each space: more of what makes no difference. */
static void space_out(struct bytes text, struct buffer *out)
{
    for (size_t i = 0; i < text.size; i++) {
        buffer_append(out, bytes_of(text.data + i, 1));
        if (text.data[i] == ' ') {
            buffer_append(out, bytes_text(" "));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes text = bytes_of(data, size);
    const struct bytes one_key = bytes_of(key, sizeof(key));
    uint8_t first[SKETCH_SIZE] = {0};
    uint8_t second[SKETCH_SIZE] = {0};
    const enum sketch_result result = sketch_make(text, one_key, first);
    ASSERT(sketch_make(text, one_key, second) == result);
    ASSERT(memcmp(first, second, sizeof(first)) == 0);
    if (size <= SKETCH_TEXT_MAX / 2) {
        struct buffer spaced = {0};
        space_out(text, &spaced);
        ASSERT(sketch_make(buffer_bytes(&spaced), one_key, second) == result);
        ASSERT(memcmp(first, second, sizeof(first)) == 0);
        buffer_release(&spaced);
    }
    return 0;
}
