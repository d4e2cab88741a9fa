/* `sanctionctl fingerprint KEY_FILE [--lines]`: the sketch of a message on standard input, for the
 * intake service. Nothing is sent, stored or printed but the sketch.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sanctionctl/command.h"

#include "base/assert.h"
#include "base/digest.h"
#include "sketch/sketch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_NAME "standard input"

struct fingerprint {
    struct program *program;
    const char *key_file;
    bool lines; /* each line is a message */
    struct buffer key;
    struct buffer text;
    char key_id[SKETCH_KEY_ID_SIZE];
};

static bool parse(struct fingerprint *fingerprint, struct command_call *call)
{
    for (size_t i = 0; i < call->word_count; i++) {
        if (strcmp(call->words[i], "--lines") == 0) {
            fingerprint->lines = true;
        } else if (fingerprint->key_file == NULL && call->words[i][0] != '-') {
            fingerprint->key_file = call->words[i];
        } else {
            fingerprint->key_file = NULL;
            break;
        }
    }
    return fingerprint->key_file != NULL;
}

/* All of a file, as far as `size_max` bytes and one more. */
static bool read_all(FILE *file, size_t size_max, struct buffer *out)
{
    while (out->size <= size_max) {
        uint8_t *place = buffer_reserve(out, 4096);
        const size_t size = fread(place, 1, 4096, file);
        out->size += size;
        if (size == 0) {
            break;
        }
    }
    return ferror(file) == 0;
}

static bool read_key(struct fingerprint *fingerprint)
{
    struct problems *problems = &fingerprint->program->problems;
    FILE *file = fopen(fingerprint->key_file, "rb");
    if (file == NULL) {
        problems_add(problems, fingerprint->key_file, 0, "cannot open: %s", strerror(errno));
        return false;
    }
    const bool good = read_all(file, SKETCH_KEY_MAX, &fingerprint->key);
    fclose(file);
    if (!good) {
        problems_add(problems, fingerprint->key_file, 0, "cannot read");
    } else if (fingerprint->key.size < SKETCH_KEY_MIN || fingerprint->key.size > SKETCH_KEY_MAX) {
        problems_add(problems, fingerprint->key_file, 0,
                     "a key of sketches has %d to %d secret bytes, this has %zu", SKETCH_KEY_MIN,
                     SKETCH_KEY_MAX, fingerprint->key.size);
    } else {
        sketch_key_id(buffer_bytes(&fingerprint->key), fingerprint->key_id);
        return true;
    }
    return false;
}

static void print(const struct fingerprint *fingerprint, bool made, const uint8_t *sketch)
{
    char text[SKETCH_SIZE * 2];
    hex_format(bytes_of(sketch, SKETCH_SIZE), text);
    const int size = made ? (int)sizeof(text) : 4;
    const char *shown = made ? text : "null";
    const char *quote = made ? "\"" : "";
    if (fingerprint->program->json) {
        printf("{\"sketch\":%s%.*s%s,\"sketch_key\":%s%.*s%s}\n", quote, size, shown, quote, quote,
               made ? SKETCH_KEY_ID_SIZE : 4, made ? fingerprint->key_id : "null", quote);
    } else {
        printf("%.*s\n", size, shown);
    }
}

/* False: the message at this line is none. */
static bool sketch_one(struct fingerprint *fingerprint, struct bytes text, size_t line)
{
    struct problems *problems = &fingerprint->program->problems;
    uint8_t sketch[SKETCH_SIZE] = {0};
    switch (sketch_make(text, buffer_bytes(&fingerprint->key), sketch)) {
    case SKETCH_MADE:
        print(fingerprint, true, sketch);
        return true;
    case SKETCH_NO_LETTERS:
        print(fingerprint, false, sketch);
        return true;
    case SKETCH_NOT_UTF8:
        problems_add(problems, INPUT_NAME, line, "is not UTF-8");
        break;
    case SKETCH_TOO_LONG:
        problems_add(problems, INPUT_NAME, line, "is longer than %d bytes", SKETCH_TEXT_MAX);
        break;
    }
    return false;
}

static void sketch_lines(struct fingerprint *fingerprint)
{
    char *line = NULL;
    size_t capacity = 0;
    size_t number = 0;
    ssize_t size = 0;
    while (!command_stopped() && (size = getline(&line, &capacity, stdin)) >= 0) {
        const size_t length = size > 0 && line[size - 1] == '\n' ? (size_t)size - 1 : (size_t)size;
        if (!sketch_one(fingerprint, bytes_of(line, length), ++number)) {
            break;
        }
    }
    free(line);
}

enum status command_fingerprint(struct command_call *call, int *code_out)
{
    struct fingerprint fingerprint = {.program = call->program};
    if (!parse(&fingerprint, call)) {
        return command_usage(call, "fingerprint needs one file with the key, and maybe --lines");
    }
    bool good = read_key(&fingerprint);
    if (good && fingerprint.lines) {
        sketch_lines(&fingerprint);
    } else if (good && !read_all(stdin, SKETCH_TEXT_MAX, &fingerprint.text)) {
        problems_add(&call->program->problems, INPUT_NAME, 0, "cannot read");
    } else if (good) {
        sketch_one(&fingerprint, buffer_bytes(&fingerprint.text), 0);
    }
    fflush(stdout);
    buffer_release(&fingerprint.key);
    buffer_release(&fingerprint.text);
    *code_out = EXIT_DONE;
    return call->program->problems.count == 0 ? STATUS_OK : STATUS_FATAL;
}
