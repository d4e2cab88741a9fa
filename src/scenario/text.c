/* A scenario file as statements: words, comments, includes, macros, repetition.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "scenario/scenario_internal.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 8, WORDS_MAX = 256, REPEAT_MAX = 100000 };

struct macro {
    const char *name;
    const char **words;
    size_t count;
};

struct text_reader {
    struct arena *arena;
    struct list *statements;
    struct list macros; /* struct macro; a later one of the same name hides the earlier */
    struct problems *problems;
    int depth;
};

static void read_file(struct text_reader *reader, const char *path);

bool statements_read(struct arena *arena, const char *path, struct list *statements,
                     struct problems *problems)
{
    const size_t before = problems->count;
    struct text_reader reader = {.arena = arena, .statements = statements, .problems = problems};
    read_file(&reader, path);
    list_release(&reader.macros);
    return problems->count == before;
}

const char *text_copy(struct arena *arena, const char *text, size_t size)
{
    char *copy = arena_get(arena, size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

const char *path_beside(struct arena *arena, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (path[0] == '/' || slash == NULL) {
        return text_copy(arena, path, strlen(path));
    }
    const size_t folder = (size_t)(slash - file) + 1;
    char *full = arena_get(arena, folder + strlen(path) + 1);
    memcpy(full, file, folder);
    memcpy(full + folder, path, strlen(path) + 1);
    return full;
}

static const struct macro *macro_find(const struct text_reader *reader, const char *name)
{
    const struct macro *macros = reader->macros.items;
    for (size_t i = reader->macros.count; i > 0; i--) {
        if (strcmp(macros[i - 1].name, name) == 0) {
            return &macros[i - 1];
        }
    }
    return NULL;
}

static void add_word(struct text_reader *reader, struct statement *statement, const char *word)
{
    if (statement->count == WORDS_MAX) {
        problems_add(reader->problems, statement->place.file, statement->place.line,
                     "more than %d words", WORDS_MAX);
        return;
    }
    if (statement->count < WORDS_MAX) {
        statement->words[statement->count++] = word;
    }
}

static void add_words(struct text_reader *reader, struct statement *statement, const char *word)
{
    if (word[0] != '$') {
        add_word(reader, statement, word);
        return;
    }
    const struct macro *macro = macro_find(reader, word + 1);
    if (macro == NULL) {
        problems_add(reader->problems, statement->place.file, statement->place.line,
                     "'%s' is not defined: write 'let %s = WORDS' before", word, word + 1);
        return;
    }
    for (size_t i = 0; i < macro->count; i++) {
        add_word(reader, statement, macro->words[i]);
    }
}

/* Splits the line; words that start with $ are replaced. */
static void split(struct text_reader *reader, struct statement *statement, const char *line)
{
    static const char blanks[] = " \t\r\n";
    statement->words = arena_get(reader->arena, WORDS_MAX * sizeof(*statement->words));
    line += strspn(line, blanks);
    while (*line != '\0' && *line != '#') {
        const size_t size = strcspn(line, blanks);
        if (statement->count == 0) {
            const char *rest = line + size + strspn(line + size, blanks);
            statement->rest = text_copy(reader->arena, rest, strcspn(rest, "\r\n"));
        }
        add_words(reader, statement, text_copy(reader->arena, line, size));
        line += size;
        line += strspn(line, blanks);
    }
}

static void define(struct text_reader *reader, const struct statement *statement)
{
    if (statement->count < 3 || strcmp(statement->words[2], "=") != 0) {
        problems_add(reader->problems, statement->place.file, statement->place.line,
                     "let: write 'let NAME = WORDS'");
        return;
    }
    struct macro *macro = list_push(&reader->macros, sizeof(*macro));
    macro->name = statement->words[1];
    macro->words = statement->words + 3;
    macro->count = statement->count - 3;
}

/* `word` with each # replaced by the number. */
static const char *with_number(struct text_reader *reader, const char *word, long number)
{
    if (strchr(word, '#') == NULL) {
        return word;
    }
    struct buffer out = {0};
    for (; *word != '\0'; word++) {
        if (*word == '#') {
            buffer_printf(&out, "%ld", number);
        } else {
            buffer_append(&out, bytes_of(word, 1));
        }
    }
    const char *copy = text_copy(reader->arena, (const char *)out.data, out.size);
    buffer_release(&out);
    return copy;
}

/* A word +1h before the line's own first word. */
static void take_offset(struct statement *statement)
{
    int64_t offset = 0;
    if (statement->count > 1 && (*statement->words[0] == '+' || *statement->words[0] == '-') &&
        delay_parse(statement->words[0], &offset)) {
        statement->offset_ms += offset;
        statement->words++;
        statement->count--;
    }
}

static void repeat(struct text_reader *reader, const struct statement *statement)
{
    long first = 0;
    long last = 0;
    int used = 0;
    int64_t every_ms = 0;
    size_t head = 2;
    bool good = statement->count > 2 &&
                sscanf(statement->words[1], "%ld..%ld%n", &first, &last, &used) == 2 &&
                statement->words[1][used] == '\0' && first <= last && last - first < REPEAT_MAX;
    if (good && strcmp(statement->words[2], "every") == 0) {
        head = 4;
        good = statement->count > 4 && delay_parse(statement->words[3], &every_ms);
    }
    if (!good) {
        problems_add(reader->problems, statement->place.file, statement->place.line,
                     "repeat: write 'repeat 1..9 LINE' or 'repeat 1..9 every 1h LINE'");
        return;
    }
    for (long number = first; number <= last; number++) {
        struct statement *copy = list_push(reader->statements, sizeof(*copy));
        *copy = *statement;
        copy->offset_ms = statement->offset_ms + every_ms * (number - first);
        copy->count = statement->count - head;
        copy->words = arena_get(reader->arena, copy->count * sizeof(*copy->words));
        for (size_t i = 0; i < copy->count; i++) {
            copy->words[i] = with_number(reader, statement->words[head + i], number);
        }
        take_offset(copy);
    }
}

static void add_statement(struct text_reader *reader, struct statement *statement)
{
    take_offset(statement);
    const char *word = statement->words[0];
    if (strcmp(word, "let") == 0) {
        define(reader, statement);
    } else if (strcmp(word, "repeat") == 0) {
        repeat(reader, statement);
    } else if (strcmp(word, "include") == 0) {
        if (statement->count != 2) {
            problems_add(reader->problems, statement->place.file, statement->place.line,
                         "include: write 'include FILE'");
            return;
        }
        read_file(reader, path_beside(reader->arena, statement->place.file, statement->words[1]));
    } else {
        *(struct statement *)list_push(reader->statements, sizeof(*statement)) = *statement;
    }
}

static void read_lines(struct text_reader *reader, FILE *file, const char *path)
{
    char *text = NULL;
    size_t capacity = 0;
    size_t number = 0;
    while (getline(&text, &capacity, file) >= 0) {
        struct statement statement = {.place = {path, ++number}};
        split(reader, &statement, text);
        if (statement.count > 0) {
            add_statement(reader, &statement);
        }
    }
    free(text);
}

static void read_file(struct text_reader *reader, const char *path)
{
    path = text_copy(reader->arena, path, strlen(path));
    FILE *file = fopen(path, "rb");
    if (file == NULL || reader->depth == DEPTH_MAX) {
        problems_add(reader->problems, path, 0, "cannot be read: %s",
                     file == NULL ? strerror(errno) : "includes itself");
    } else {
        reader->depth++;
        read_lines(reader, file, path);
        reader->depth--;
    }
    if (file != NULL) {
        fclose(file);
    }
}
