/* The YAML subset: what is read, what is refused, and that printing is a fixed point.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "config/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

/* Needs those above. */
#include <cmocka.h>

/* The problems of `text`, to be freed; "" if it is read. */
static char *problems_of(struct bytes text)
{
    struct tree tree = {0};
    struct problems problems = {0};
    const bool good = tree_parse("f.yaml", text, &tree, &problems);
    assert_int_equal(good, problems.count == 0);
    buffer_append(&problems.text, bytes_of("", 1));
    char *found = memory_text((const char *)problems.text.data);
    problems_release(&problems);
    tree_release(&tree);
    return found;
}

static void assert_refused(const char *text, const char *expected)
{
    char *found = problems_of(bytes_text(text));
    assert_string_equal(found, expected);
    free(found);
}

static void nodes_know_their_lines_and_kinds(void **state)
{
    (void)state;
    struct tree tree = {0};
    struct problems problems = {0};
    const char *text = "# comment\na: 1\nb:\n  - x\n  - {c: d}\ne:\nf: \"\"\n";
    assert_true(tree_parse("f.yaml", bytes_text(text), &tree, &problems));
    const struct node *a = node_find(tree.root, "a");
    assert_int_equal(a->line, 2);
    assert_string_equal(a->text, "1");
    const struct node *b = node_find(tree.root, "b");
    assert_int_equal(b->kind, NODE_LIST);
    assert_int_equal(b->count, 2);
    assert_int_equal(b->first->next->line, 5);
    assert_string_equal(node_find(b->first->next, "c")->text, "d");
    assert_true(node_find(tree.root, "e")->empty);
    assert_false(node_find(tree.root, "f")->empty);
    assert_null(node_find(tree.root, "g"));
    tree_release(&tree);
    problems_release(&problems);
}

static void hidden_meaning_is_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 1\n", "f.yaml:1: an anchor (&) is refused, write the value out\n");
    assert_refused("a: 1\nb: *x\n", "f.yaml:2: an alias (*) is refused, write the value out\n");
    assert_refused("a: !!str 1\n", "f.yaml:1: a tag (!) is refused\n");
    assert_refused("<<: {a: 1}\n", "f.yaml:1: a merge key (<<) is refused, write the keys out\n");
    assert_refused("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins, only one is read\n");
    assert_refused("? [a]\n: 1\n", "f.yaml:1: a key must be a text\n");
    assert_refused("a: \"x\\ny\"\n", "f.yaml:1: a text holds a control character\n");
    assert_refused("a: \"x\\0y\"\n", "f.yaml:1: a text holds a control character\n");
    assert_refused("a: \"x\\Ly\"\n", "f.yaml:1: a text holds a control character\n");
}

static void every_duplicate_key_is_listed(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: 2\na: 3\nb: 4\n",
                   "f.yaml:3: key 'a' stands a second time, the first is in line 1\n"
                   "f.yaml:4: key 'b' stands a second time, the first is in line 2\n");
}

static void a_file_is_a_map(void **state)
{
    (void)state;
    assert_refused("", "f.yaml: the file is empty\n");
    assert_refused("# only a comment\n", "f.yaml: the file is empty\n");
    assert_refused("\n- a\n", "f.yaml:2: the file is a list, it must be a map of keys\n");
    assert_refused("a", "f.yaml:1: the file is a text, it must be a map of keys\n");
}

static void broken_yaml_names_its_line(void **state)
{
    (void)state;
    char *found = problems_of(bytes_text("a: 1\nb: [1, 2\nc: 3\n"));
    assert_non_null(strstr(found, "f.yaml:3: not YAML: "));
    free(found);
    found = problems_of(bytes_of("a: \xff\xfe\n", 6));
    assert_non_null(strstr(found, "not YAML: "));
    free(found);
}

static void depth_width_and_size_are_bounded(void **state)
{
    (void)state;
    struct buffer text = {0};
    buffer_printf(&text, "a: ");
    for (int i = 0; i < 100000; i++) {
        buffer_printf(&text, "[");
    }
    char *found = problems_of(buffer_bytes(&text));
    assert_string_equal(found, "f.yaml:1: nested too deeply\n");
    free(found);
    buffer_clear(&text);
    buffer_printf(&text, "a:\n");
    for (int i = 0; i < TREE_WIDTH_MAX + 1; i++) {
        buffer_printf(&text, "- x\n");
    }
    found = problems_of(buffer_bytes(&text));
    assert_string_equal(found, "f.yaml:514: too many entries\n");
    free(found);
    buffer_clear(&text);
    while (text.size <= TREE_BYTES_MAX) {
        buffer_printf(&text, "# a line that says nothing\n");
    }
    found = problems_of(buffer_bytes(&text));
    assert_non_null(strstr(found, "at most 1048576 are read"));
    free(found);
    buffer_release(&text);
}

static void a_missing_file_is_a_problem(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct problems problems = {0};
    assert_false(file_read("/nowhere/x.yaml", 10, &text, &problems));
    assert_int_equal(problems.count, 1);
    assert_false(file_read(SOURCE_DIR, 10, &text, &problems));
    assert_int_equal(problems.count, 2);
    assert_false(file_read(SOURCE_DIR "/CMakeLists.txt", 10, &text, &problems));
    assert_int_equal(problems.count, 3);
    assert_true(file_read(SOURCE_DIR "/CMakeLists.txt", 1 << 20, &text, &problems));
    assert_int_equal(problems.count, 3);
    buffer_release(&text);
    problems_release(&problems);
}

static void print(const char *text, struct buffer *out)
{
    struct tree tree = {0};
    struct problems problems = {0};
    assert_true(tree_parse("f.yaml", bytes_text(text), &tree, &problems));
    tree_print(tree.root, out);
    buffer_append(out, bytes_of("", 1));
    tree_release(&tree);
}

static void printing_has_one_layout_and_is_a_fixed_point(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"a: {b: [1, \"2\"], c: {}}\nd: []\n", "a:\n  b:\n    - 1\n    - 2\n  c: {}\nd: []\n"},
        {"a: # c\n- {x: 1, y: 2}\n- [1, 2]\n- z\n",
         "a:\n  - x: 1\n    y: 2\n  - - 1\n    - 2\n  - z\n"},
        {"a: 'it''s # no \"comment\" \\ '\nb:\nc: ' '\n",
         "a: \"it's # no \\\"comment\\\" \\\\ \"\nb: \"\"\nc: \" \"\n"},
        {"'a: b': '- c'\n'{': '*x'\n", "\"a: b\": \"- c\"\n\"{\": \"*x\"\n"},
        {"한국어: 'x: 한국'\n", "\"한국어\": \"x: 한국\"\n"},
        {"{}", "{}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct buffer once = {0};
        struct buffer twice = {0};
        print(texts[i][0], &once);
        assert_string_equal((const char *)once.data, texts[i][1]);
        print((const char *)once.data, &twice);
        assert_string_equal((const char *)twice.data, (const char *)once.data);
        buffer_release(&once);
        buffer_release(&twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_lines_and_kinds),
        cmocka_unit_test(hidden_meaning_is_refused),
        cmocka_unit_test(every_duplicate_key_is_listed),
        cmocka_unit_test(a_file_is_a_map),
        cmocka_unit_test(broken_yaml_names_its_line),
        cmocka_unit_test(depth_width_and_size_are_bounded),
        cmocka_unit_test(a_missing_file_is_a_problem),
        cmocka_unit_test(printing_has_one_layout_and_is_a_fixed_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
