/* Hostile policy and settings files: seeded mutations of the shipped ones never crash the loaders,
 * and what is accepted has a canonical form that gives the same policy.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "policy_text.h"

#include "base/assert.h"
#include "config/config.h"

#include <unistd.h>

#define ROUNDS 3000
#define SEED UINT64_C(0x5eed)

/* splitmix64: small, and the same on every machine. */
static uint64_t next(uint64_t *random)
{
    *random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = *random;
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static size_t below(uint64_t *random, size_t bound)
{
    return (size_t)(next(random) % bound);
}

/* Replaces `size` bytes at `place` with `piece`. */
static void splice(struct buffer *text, size_t place, size_t size, struct bytes piece)
{
    struct buffer changed = {0};
    buffer_append(&changed, bytes_of(text->data, place));
    buffer_append(&changed, piece);
    buffer_append(&changed, bytes_of(text->data + place + size, text->size - place - size));
    buffer_release(text);
    *text = changed;
}

/* What means something to YAML or to the loaders. */
static const char *const pieces[] = {
    "",
    "\n",
    " ",
    ":",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "#",
    "'",
    "\"",
    "*a",
    "&a ",
    "!!int ",
    "---\n",
    "<<: ",
    "-1",
    "0",
    "1e9",
    "9999999999999999999999",
    "0.5",
    "NONE",
    "ALL",
    "WITHDRAW",
    "true",
    "60d",
    "\xff",
    "\xef\xbb\xbf",
    "\xe2\x80\xa8",
    "\t",
    "%",
    "|\n",
    ">\n",
    "? ",
    "~",
    "[[[[[[[[[[[[[[[[[[[[",
    "steps:",
    "scopes: []",
    "PRIVATE",
    "OPEN_CHAT",
    "CRITICAL",
};

/* One mutation of the kinds that a slip, a merge or an attacker makes. */
static void mutate(struct buffer *text, uint64_t *random)
{
    const size_t place = below(random, text->size + 1);
    const size_t left = text->size - place;
    switch (below(random, 5)) {
    case 0: { /* one byte */
        const uint8_t byte = (uint8_t)next(random);
        splice(text, place, left > 0 ? 1 : 0, bytes_of(&byte, 1));
        break;
    }
    case 1: /* a piece that means something */
        splice(text, place, left > 0 ? below(random, left < 8 ? left : 8) : 0,
               bytes_text(pieces[below(random, COUNT_OF(pieces))]));
        break;
    case 2: { /* a stretch of the file itself */
        const size_t from = below(random, text->size + 1);
        const size_t size = below(random, (text->size - from < 400 ? text->size - from : 400) + 1);
        struct buffer copy = {0};
        buffer_append(&copy, bytes_of(text->data + from, size));
        splice(text, place, 0, buffer_bytes(&copy));
        buffer_release(&copy);
        break;
    }
    case 3: /* something is lost */
        splice(text, place, below(random, (left < 200 ? left : 200) + 1), bytes_text(""));
        break;
    default: /* the file ends early */
        if (below(random, 20) == 0) {
            text->size = place;
        }
        break;
    }
}

static void mutated_policies_are_refused_or_whole(void **state)
{
    (void)state;
    static struct policy again;
    char *text = default_text();
    uint64_t random = SEED;
    size_t accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct buffer mutated = {0};
        struct buffer canonical = {0};
        struct problems problems = {0};
        buffer_append(&mutated, bytes_text(text));
        for (size_t i = 1 + below(&random, 4); i > 0; i--) {
            mutate(&mutated, &random);
        }
        if (policy_parse("p.yaml", buffer_bytes(&mutated), &policy, &problems)) {
            accepted++;
            assert_true(policy_canonical(buffer_bytes(&mutated), &canonical));
            assert_true(policy_parse("c.yaml", buffer_bytes(&canonical), &again, &problems));
            assert_memory_equal(&again, &policy, sizeof(policy));
        } else {
            assert_true(problems.count > 0);
        }
        problems_release(&problems);
        buffer_release(&canonical);
        buffer_release(&mutated);
    }
    /* Both ends must be reached, or the mutations say little. */
    assert_true(accepted > ROUNDS / 50);
    assert_true(accepted < ROUNDS);
    free(text);
}

static void mutated_settings_are_refused_or_whole(void **state)
{
    (void)state;
    static const char *path = "fuzz.test.yaml";
    struct buffer shipped = {0};
    struct problems problems = {0};
    assert_true(
        file_read(SOURCE_DIR "/config/sanctiond.yaml", TREE_BYTES_MAX, &shipped, &problems));
    uint64_t random = SEED;
    for (int round = 0; round < ROUNDS / 3; round++) {
        struct buffer mutated = {0};
        struct config *config = config_new();
        buffer_append(&mutated, buffer_bytes(&shipped));
        for (size_t i = 1 + below(&random, 8); i > 0; i--) {
            mutate(&mutated, &random);
        }
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(mutated.data, 1, mutated.size, file), mutated.size);
        fclose(file);
        config_read_file(config, path, &problems);
        assert_true(config->threads >= 1 && config->threads <= 256);
        assert_true(config->topologies.count >= 1);
        config_free(config);
        problems_release(&problems);
        buffer_release(&mutated);
    }
    unlink(path);
    buffer_release(&shipped);
}

/* Many unknown names must not make guessing at the meant ones a way to keep the loader busy. */
static void a_file_of_unknown_names_is_refused_quickly(void **state)
{
    (void)state;
    struct buffer text = {0};
    for (int i = 0; i < 500; i++) {
        buffer_printf(&text, "unknown_name_%d: {", i);
        for (int j = 0; j < 60; j++) {
            buffer_printf(&text, "%sn%d: 1", j > 0 ? ", " : "", j);
        }
        buffer_printf(&text, "}\n");
    }
    struct problems problems = {0};
    assert_false(policy_parse("p.yaml", buffer_bytes(&text), &policy, &problems));
    assert_true(problems.count >= 500);
    problems_release(&problems);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_policies_are_refused_or_whole),
        cmocka_unit_test(mutated_settings_are_refused_or_whole),
        cmocka_unit_test(a_file_of_unknown_names_is_refused_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
