/* A policy file with some values replaced: "categories.ABUSE_SLANDER.severity=SEVERE".
 *
 * Works on the text, so that the loader sees a file as a policy owner would write it: a path names
 * a value that stands on a line of its own in block style. The result is a temporary file.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"
#include "base/time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, KEY_MAX = 64 };

bool policy_source_parse(struct arena *arena, const struct statement *statement,
                         struct policy_source *source_out, struct problems *problems)
{
    *source_out = (struct policy_source){0};
    if (statement->count < 2 || statement->count - 2 > POLICY_EDITS_MAX) {
        problems_add(problems, statement->place.file, statement->place.line,
                     "%s: write '%s default' or '%s FILE', then at most %d FIELD=VALUE",
                     statement->words[0], statement->words[0], statement->words[0],
                     POLICY_EDITS_MAX);
        return false;
    }
    if (strcmp(statement->words[1], "default") != 0) {
        source_out->file = path_beside(arena, statement->place.file, statement->words[1]);
    }
    source_out->edits = arena_get(arena, statement->count * sizeof(*source_out->edits));
    for (size_t i = 2; i < statement->count; i++) {
        struct pair *edit = &source_out->edits[source_out->edit_count++];
        if (!pair_parse(arena, statement->words[i], edit) || edit->comparison != COMPARE_EQUAL) {
            problems_add(problems, statement->place.file, statement->place.line,
                         "'%s': write FIELD=VALUE", statement->words[i]);
            return false;
        }
    }
    return true;
}

/* The keys above the line at hand. */
struct outline {
    struct {
        size_t indent;
        char key[KEY_MAX];
    } levels[DEPTH_MAX];
    size_t depth;
};

/* Enters the key of a line. False: the line has none. */
static bool enter(struct outline *outline, const char *line)
{
    const size_t indent = strspn(line, " ");
    const size_t size = strcspn(line + indent, ":#");
    if (line[indent + size] != ':' || size == 0 || size >= KEY_MAX) {
        return false;
    }
    while (outline->depth > 0 && outline->levels[outline->depth - 1].indent >= indent) {
        outline->depth--;
    }
    if (outline->depth == DEPTH_MAX) {
        return false;
    }
    outline->levels[outline->depth].indent = indent;
    snprintf(outline->levels[outline->depth].key, KEY_MAX, "%.*s", (int)size, line + indent);
    outline->depth++;
    return true;
}

static bool is_at(const struct outline *outline, const char *path)
{
    for (size_t i = 0; i < outline->depth; i++) {
        const size_t size = strlen(outline->levels[i].key);
        if (strncmp(path, outline->levels[i].key, size) != 0 ||
            path[size] != (i + 1 == outline->depth ? '\0' : '.')) {
            return false;
        }
        path += size + 1;
    }
    return outline->depth > 0;
}

/* A relative time becomes a date. */
static void write_value(const char *text, int64_t start_ms, struct buffer *out)
{
    int64_t time_ms = 0;
    char date[32];
    if ((*text == '+' || *text == '-') && moment_parse(text, start_ms, &time_ms)) {
        const time_t seconds = (time_t)(time_ms / SECOND_MS);
        struct tm calendar = {0};
        gmtime_r(&seconds, &calendar);
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &calendar);
        text = date;
    }
    buffer_append(out, bytes_text(text));
}

/* Appends the line with its value replaced; a comment after it is dropped. */
static void write_line(const char *line, const struct pair *edit, int64_t start_ms,
                       struct buffer *out)
{
    buffer_append(out, bytes_of(line, strcspn(line, ":") + 1));
    buffer_append(out, bytes_text(" "));
    write_value(edit->value, start_ms, out);
    buffer_append(out, bytes_text("\n"));
}

/* Copies `file` with the edits; the bits of those that were done. */
static uint64_t edit_lines(FILE *file, const struct policy_source *source, int64_t start_ms,
                           struct buffer *out)
{
    struct outline outline = {0};
    uint64_t done = 0;
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, file) >= 0) {
        const struct pair *edit = NULL;
        const bool has_key = enter(&outline, line);
        for (size_t i = 0; has_key && i < source->edit_count; i++) {
            if (is_at(&outline, source->edits[i].field)) {
                edit = &source->edits[i];
                done |= UINT64_C(1) << i;
            }
        }
        if (edit != NULL) {
            write_line(line, edit, start_ms, out);
        } else {
            buffer_append(out, bytes_text(line));
        }
    }
    free(line);
    return done;
}

static bool write_file(struct bytes text, char path_out[POLICY_PATH_MAX])
{
    snprintf(path_out, POLICY_PATH_MAX, "/tmp/scenario-policy.XXXXXX");
    const int descriptor = mkstemp(path_out);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "wb");
    if (file == NULL) {
        return false;
    }
    const bool written = fwrite(text.data, 1, text.size, file) == text.size;
    return fclose(file) == 0 && written;
}

bool policy_edit(const char *path, const struct policy_source *source, int64_t start_ms,
                 char path_out[POLICY_PATH_MAX], struct problems *problems)
{
    ASSERT(source->edit_count <= POLICY_EDITS_MAX);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        problems_add(problems, path, 0, "cannot be opened: %s", strerror(errno));
        return false;
    }
    const size_t before = problems->count;
    struct buffer text = {0};
    const uint64_t done = edit_lines(file, source, start_ms, &text);
    fclose(file);
    for (size_t i = 0; i < source->edit_count; i++) {
        if ((done >> i & 1) == 0) {
            problems_add(problems, path, 0, "%s: no value of this name stands on a line of its own",
                         source->edits[i].field);
        }
    }
    if (problems->count == before && !write_file(buffer_bytes(&text), path_out)) {
        problems_add(problems, path_out, 0, "cannot be written: %s", strerror(errno));
    }
    buffer_release(&text);
    return problems->count == before;
}
