/* The language files put together: checks that need both, lookup.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/catalogue_internal.h"

#include "base/assert.h"
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    enum language language;
    const char *name;
} language_files[LANGUAGE_FILES] = {
    {LANGUAGE_KO, "ko.yaml"},
    {LANGUAGE_EN, "en.yaml"},
};

static void files_compare(const struct language_file *left, const struct language_file *right,
                          struct problems *problems);
static void kinds_check(const struct language_file *file, struct problems *problems);
static void hash_all(struct catalogue *catalogue);

struct catalogue *catalogue_read(const char *folder, struct problems *problems)
{
    ASSERT(folder != NULL);
    struct catalogue *catalogue = memory_get(sizeof(*catalogue));
    memset(catalogue, 0, sizeof(*catalogue));
    const size_t before = problems->count;
    for (size_t i = 0; i < LANGUAGE_FILES; i++) {
        struct language_file *file = &catalogue->files[i];
        file->language = language_files[i].language;
        const size_t size = strlen(folder) + strlen(language_files[i].name) + 2;
        file->path = memory_get(size);
        snprintf(file->path, size, "%s/%s", folder, language_files[i].name);
        language_file_read(file, &catalogue->arena, problems);
    }
    /* Of a file that could not be read at all, everything would be missing. */
    if (catalogue->files[0].template_count > 0 && catalogue->files[1].template_count > 0) {
        files_compare(&catalogue->files[0], &catalogue->files[1], problems);
        kinds_check(&catalogue->files[0], problems);
    }
    if (problems->count > before) {
        catalogue_free(catalogue);
        return NULL;
    }
    hash_all(catalogue);
    return catalogue;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (catalogue == NULL) {
        return;
    }
    for (size_t i = 0; i < LANGUAGE_FILES; i++) {
        free(catalogue->files[i].path);
    }
    arena_release(&catalogue->arena);
    free(catalogue);
}

struct bytes catalogue_disclosure(const struct catalogue *catalogue)
{
    return catalogue->files[0].disclosure;
}

struct bytes catalogue_word(const struct catalogue *catalogue, enum language language,
                            enum param_name name, int32_t symbol)
{
    const struct bytes *words = catalogue_file(catalogue, language)->words.of[name];
    if (words == NULL || symbol < 0 || (uint32_t)symbol >= value_enum(name)->count) {
        return bytes_text("");
    }
    return words[symbol];
}

const uint8_t *catalogue_hash(const struct catalogue *catalogue)
{
    return catalogue->hash;
}

/* Somebody of a third language is more likely to read English than Korean. */
const struct language_file *catalogue_file(const struct catalogue *catalogue,
                                           enum language language)
{
    return &catalogue->files[language == LANGUAGE_EN || language == LANGUAGE_OTHER ? 1 : 0];
}

const struct notice_template *catalogue_find(const struct language_file *file, struct bytes name)
{
    size_t from = 0;
    size_t to = file->template_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        const int order = bytes_compare(name, file->templates[middle].name);
        if (order == 0) {
            return &file->templates[middle];
        }
        if (order < 0) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return NULL;
}

const struct notice_template *catalogue_disclosure_template(const struct language_file *file)
{
    for (size_t i = 0; i < file->template_count; i++) {
        if (file->templates[i].kind == NOTICE_KIND_NOTICE_DISCLOSURE) {
            return &file->templates[i];
        }
    }
    ASSERT(false); /* kinds_check() */
    return NULL;
}

size_t catalogue_render(const struct language_file *file, const struct text *text, bool advert,
                        const struct values *values, struct buffer *out)
{
    size_t size = 0;
    if (advert) {
        size += file->advert_label.size + 1;
        if (out != NULL) {
            buffer_append(out, file->advert_label);
            buffer_append(out, bytes_text(" "));
        }
    }
    size += text_render(text, file->language, &file->words, values, out);
    if (advert) {
        size += file->advert_refusal.size + 1;
        if (out != NULL) {
            buffer_append(out, bytes_text("\n"));
            buffer_append(out, file->advert_refusal);
        }
    }
    return size;
}

static void missing(const struct notice_template *template, const struct language_file *here,
                    const struct language_file *there, struct problems *problems)
{
    problems_add(problems, here->path, template->line,
                 "template '%.*s' is missing in '%s': every language needs it",
                 BYTES_PRINT(template->name), there->path);
}

static void files_compare(const struct language_file *left, const struct language_file *right,
                          struct problems *problems)
{
    size_t i = 0;
    size_t j = 0;
    while (i < left->template_count || j < right->template_count) {
        const struct notice_template *a = i < left->template_count ? &left->templates[i] : NULL;
        const struct notice_template *b = j < right->template_count ? &right->templates[j] : NULL;
        const int order = a == NULL ? 1 : b == NULL ? -1 : bytes_compare(a->name, b->name);
        if (order < 0) {
            missing(a, left, right, problems);
        } else if (order > 0) {
            missing(b, right, left, problems);
        } else if (a->kind != b->kind && a->kind_is_known && b->kind_is_known) {
            problems_add(problems, right->path, b->line,
                         "template '%.*s' is of kind '%s' here and of kind '%s' in '%s'",
                         BYTES_PRINT(b->name), enum_notice_kind.symbols[b->kind],
                         enum_notice_kind.symbols[a->kind], left->path);
        }
        i += order <= 0;
        j += order >= 0;
    }
    if (left->disclosure.size > 0 && right->disclosure.size > 0 &&
        !bytes_equal(left->disclosure, right->disclosure)) {
        problems_add(problems, right->path, right->disclosure_line,
                     "disclosure '%.*s' differs from '%.*s' in '%s': one version names both texts",
                     BYTES_PRINT(right->disclosure), BYTES_PRINT(left->disclosure), left->path);
    }
}

static void kinds_check(const struct language_file *file, struct problems *problems)
{
    size_t counts[NOTICE_KIND_COUNT] = {0};
    for (size_t i = 0; i < file->template_count; i++) {
        if (!file->templates[i].kind_is_known) {
            return; /* likely the one that would be missed */
        }
        counts[file->templates[i].kind]++;
    }
    for (uint32_t kind = 0; kind < NOTICE_KIND_COUNT; kind++) {
        if (counts[kind] == 0) {
            problems_add(problems, file->path, 0, "no template of kind '%s'",
                         enum_notice_kind.symbols[kind]);
        }
    }
    if (counts[NOTICE_KIND_NOTICE_DISCLOSURE] > 1) {
        problems_add(problems, file->path, 0,
                     "%zu templates of kind 'NOTICE_DISCLOSURE': there is one disclosure",
                     counts[NOTICE_KIND_NOTICE_DISCLOSURE]);
    }
}

/* Folds one more part into the hash; its size goes first, so that parts cannot run together. */
static void hash_add(uint8_t hash[DIGEST_SIZE], struct bytes part)
{
    uint8_t size[8];
    be64_put(size, part.size);
    const struct bytes parts[] = {bytes_of(hash, DIGEST_SIZE), bytes_of(size, sizeof(size)), part};
    digest_sha256(parts, COUNT_OF(parts), hash);
}

static void hash_all(struct catalogue *catalogue)
{
    for (size_t i = 0; i < LANGUAGE_FILES; i++) {
        const struct language_file *file = &catalogue->files[i];
        hash_add(catalogue->hash, file->disclosure);
        hash_add(catalogue->hash, file->advert_label);
        hash_add(catalogue->hash, file->advert_refusal);
        for (uint32_t name = 0; name < PARAM_NAME_COUNT; name++) {
            if (value_form((enum param_name)name) != VALUE_WORD) {
                continue;
            }
            for (uint32_t j = 0; j < value_enum((enum param_name)name)->count; j++) {
                hash_add(catalogue->hash, file->words.of[name][j]);
            }
        }
        for (size_t j = 0; j < file->template_count; j++) {
            const struct text *texts = file->templates[j].texts;
            hash_add(catalogue->hash, bytes_of(texts[TEXT_FULL].hash, DIGEST_SIZE));
            hash_add(catalogue->hash, bytes_of(texts[TEXT_SHORT].hash, DIGEST_SIZE));
        }
    }
}
