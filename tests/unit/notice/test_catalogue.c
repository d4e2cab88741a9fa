/* The catalogue: the shipped one, and every kind of problem with its line.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "notice/catalogue.h"

#include "base/buffer.h"
#include "notice/kind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SHIPPED SOURCE_DIR "/config/notices"

/* A folder with copies of the shipped files, to be spoilt. */
struct folder {
    char path[64];
    struct problems problems;
};

static struct buffer file_get(const char *path)
{
    struct buffer text = {0};
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    for (size_t size = 1; size > 0;) {
        uint8_t *place = buffer_reserve(&text, 4096);
        size = fread(place, 1, 4096, file);
        text.size += size;
    }
    fclose(file);
    return text;
}

static void file_put(const char *folder, const char *name, struct bytes text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
}

static void file_remove(const char *folder, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    unlink(path);
}

static const uint8_t *find(struct bytes text, const char *wanted)
{
    const size_t size = strlen(wanted);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.data + i, wanted, size) == 0) {
            return text.data + i;
        }
    }
    return NULL;
}

static void folder_begin(struct folder *folder)
{
    *folder = (struct folder){.path = "/tmp/notice-catalogue-XXXXXX"};
    assert_non_null(mkdtemp(folder->path));
    static const char *const names[] = {"ko.yaml", "en.yaml"};
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", SHIPPED, names[i]);
        struct buffer text = file_get(path);
        file_put(folder->path, names[i], buffer_bytes(&text));
        buffer_release(&text);
    }
}

static void folder_end(struct folder *folder)
{
    file_remove(folder->path, "ko.yaml");
    file_remove(folder->path, "en.yaml");
    rmdir(folder->path);
    problems_release(&folder->problems);
}

/* Replaces the first `old` in the file; returns its line. */
static size_t spoil(const struct folder *folder, const char *name, const char *old,
                    const char *replacement)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder->path, name);
    struct buffer text = file_get(path);
    const uint8_t *place = find(buffer_bytes(&text), old);
    assert_non_null(place);
    const size_t before = (size_t)(place - text.data);
    size_t line = 1;
    for (size_t i = 0; i < before; i++) {
        line += text.data[i] == '\n';
    }
    struct buffer made = {0};
    buffer_append(&made, bytes_of(text.data, before));
    buffer_append(&made, bytes_text(replacement));
    const size_t after = before + strlen(old);
    buffer_append(&made, bytes_of(text.data + after, text.size - after));
    file_put(folder->path, name, buffer_bytes(&made));
    buffer_release(&made);
    buffer_release(&text);
    return line;
}

static void read_refused(struct folder *folder)
{
    assert_null(catalogue_read(folder->path, &folder->problems));
    assert_true(folder->problems.count > 0);
}

/* The problem is listed for that line (0: any) of the file. */
static void assert_listed(const struct folder *folder, const char *name, size_t line,
                          const char *problem)
{
    char wanted[512];
    if (line > 0) {
        snprintf(wanted, sizeof(wanted), "%s/%s:%zu: %s", folder->path, name, line, problem);
    } else {
        snprintf(wanted, sizeof(wanted), "%s/%s: %s", folder->path, name, problem);
    }
    if (find(buffer_bytes(&folder->problems.text), wanted) == NULL) {
        print_error("wanted: %s\nlisted:\n%.*s", wanted,
                    BYTES_PRINT(buffer_bytes(&folder->problems.text)));
        fail();
    }
}

/* One spoilt place, one problem at the line `offset` below it. */
static void assert_one(const char *name, const char *old, const char *replacement, size_t offset,
                       const char *problem)
{
    struct folder folder;
    folder_begin(&folder);
    const size_t line = spoil(&folder, name, old, replacement);
    read_refused(&folder);
    assert_listed(&folder, name, line + offset, problem);
    if (folder.problems.count != 1) {
        print_error("%.*s", BYTES_PRINT(buffer_bytes(&folder.problems.text)));
    }
    assert_int_equal(folder.problems.count, 1);
    folder_end(&folder);
}

static void shipped_catalogue_has_no_problem(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct catalogue *catalogue = catalogue_read(SHIPPED, &problems);
    assert_non_null(catalogue);
    assert_int_equal(problems.count, 0);
    assert_true(bytes_is(catalogue_disclosure(catalogue), "disclosure-2026-11"));
    catalogue_free(catalogue);
    problems_release(&problems);
}

static void freeing_no_catalogue_is_allowed(void **state)
{
    (void)state;
    catalogue_free(NULL);
}

static void hash_changes_with_any_text_and_any_word(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"language: KO\n", "language: KO\n"},
        {"disclosure-2026-11", "disclosure-2026-12"},
        {"종료: {EXPIRES_AT}", "끝: {EXPIRES_AT}"},
        {"WARNING: 경고", "WARNING: 주의"},
        {"(광고)", "(광 고)"},
    };
    uint8_t hashes[5][DIGEST_SIZE];
    for (size_t i = 0; i < 5; i++) {
        struct folder folder;
        folder_begin(&folder);
        spoil(&folder, "ko.yaml", changes[i][0], changes[i][1]);
        if (i == 1) {
            spoil(&folder, "en.yaml", changes[i][0], changes[i][1]);
        }
        OWNED(catalogue) catalogue = catalogue_read(folder.path, &folder.problems);
        assert_non_null(catalogue);
        memcpy(hashes[i], catalogue_hash(catalogue), DIGEST_SIZE);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(hashes[i], hashes[j], DIGEST_SIZE);
        }
        folder_end(&folder);
    }
}

static void missing_file_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    file_remove(folder.path, "en.yaml");
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", 0, "cannot open: No such file");
    assert_int_equal(folder.problems.count, 1);
    folder_end(&folder);
}

static void syntax_error_names_its_line(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    file_put(folder.path, "ko.yaml", bytes_text("language: KO\nwords: [\n"));
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", 3, "no YAML: ");
    folder_end(&folder);
}

static void empty_file_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    file_put(folder.path, "en.yaml", bytes_text("# nothing\n"));
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", 0, "is empty");
    folder_end(&folder);
}

static void file_that_is_no_mapping_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    file_put(folder.path, "en.yaml", bytes_text("- a\n- b\n"));
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", 1, "keys and values are needed in 'the file'");
    folder_end(&folder);
}

static void unknown_placeholder_is_a_problem(void **state)
{
    (void)state;
    assert_one("ko.yaml", "접수 번호: {CASE}", "접수 번호: {CASES}", 0,
               "template 'report_receipt': unknown placeholder 'CASES'");
}

static void placeholder_of_a_third_party_is_unknown(void **state)
{
    (void)state;
    assert_one("en.yaml", "Receipt number: {CASE}", "Reporter: {REPORTER}", 0,
               "template 'report_receipt': unknown placeholder 'REPORTER'");
}

static void braces_must_match(void **state)
{
    (void)state;
    assert_one("en.yaml", "Receipt number: {CASE}", "Receipt number: {CASE", 0,
               "template 'report_receipt': no '}' after '{CASE'");
    assert_one("en.yaml", "Receipt number: {CASE}", "Receipt number: CASE}", 0,
               "template 'report_receipt': no '{' before '}' in 'Receipt number: CASE}'");
    assert_one("en.yaml", "{?MEASURE=WARNING}", "{?MEASURE=WARNING", 0,
               "template 'restriction_applied': no '}' after '{?MEASURE=WARNING");
}

static void conditions_are_checked(void **state)
{
    (void)state;
    assert_one("en.yaml", "{?MEASURE=WARNING}", "{?MEASURE=WARN}", 0,
               "template 'restriction_applied': impossible value in the condition 'MEASURE=WARN'");
    assert_one("en.yaml", "{?MEASURE=WARNING}", "{?EXPIRES_AT=0}", 0,
               "template 'restriction_applied': impossible value in the condition 'EXPIRES_AT=0'");
    assert_one("en.yaml", "{?MEASURE=WARNING}", "{?MEASURE}", 0,
               "template 'restriction_applied': a condition needs '=VALUE': 'MEASURE'");
    assert_one("en.yaml", "{?MEASURE=WARNING}", "{!RULE}{!RULE}{!RULE}{!RULE}{!RULE}", 0,
               "template 'restriction_applied': too many conditions in '{!RULE}");
}

static void reporter_text_may_not_show_the_measure(void **state)
{
    (void)state;
    assert_one("ko.yaml", "결과: {OUTCOME}.", "조치: {MEASURE}.", 0,
               "template 'report_outcome': its kind may not hold the placeholder 'MEASURE'");
}

static void protection_text_may_not_show_the_end(void **state)
{
    (void)state;
    assert_one("en.yaml", "This is no sanction", "Until {EXPIRES_AT}. This is no sanction", 0,
               "template 'protection_applied': its kind may not hold the placeholder 'EXPIRES_AT'");
}

static void disclosure_may_hold_no_parameter(void **state)
{
    (void)state;
    assert_one("en.yaml", "[About these notices]", "[About {CASE}]", 0,
               "template 'notice_disclosure': its kind may not hold the placeholder 'CASE'");
}

static void text_may_hold_no_link(void **state)
{
    (void)state;
    assert_one("en.yaml", "Thank you for your report.", "See https://example.invalid now.", 0,
               "template 'report_receipt': a text may hold no link, but has '://'");
    assert_one("en.yaml", "Thank you for your report.", "See www.example now.", 0,
               "template 'report_receipt': a text may hold no link, but has 'www.'");
}

static void unknown_kind_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t line = spoil(&folder, "ko.yaml", "kind: REPORT_OUTCOME", "kind: REPORT_RESULT");
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", line, "unknown NoticeKind 'REPORT_RESULT'");
    assert_int_equal(folder.problems.count, 1);
    folder_end(&folder);
}

static void kind_without_template_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    spoil(&folder, "ko.yaml", "kind: PEER_DISPLAY", "kind: REPORT_RECEIPT");
    spoil(&folder, "en.yaml", "kind: PEER_DISPLAY", "kind: REPORT_RECEIPT");
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", 0, "no template of kind 'PEER_DISPLAY'");
    assert_int_equal(folder.problems.count, 1);
    folder_end(&folder);
}

static void second_disclosure_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    spoil(&folder, "ko.yaml", "kind: PEER_DISPLAY", "kind: NOTICE_DISCLOSURE");
    spoil(&folder, "en.yaml", "kind: PEER_DISPLAY", "kind: NOTICE_DISCLOSURE");
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", 0, "2 templates of kind 'NOTICE_DISCLOSURE'");
    folder_end(&folder);
}

static void kinds_must_agree_between_languages(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t line =
        spoil(&folder, "en.yaml", "kind: RESTRICTION_LIFTED", "kind: RESTRICTION_CHANGED") - 1;
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", line,
                  "template 'restriction_lifted' is of kind 'RESTRICTION_CHANGED' here and of kind "
                  "'RESTRICTION_LIFTED' in '");
    folder_end(&folder);
}

static void template_missing_in_a_language_is_a_problem(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t english = spoil(&folder, "en.yaml", "  statement_none:", "  statement_nothing:");
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", english, "template 'statement_nothing' is missing in '");
    assert_non_null(
        find(buffer_bytes(&folder.problems.text), "template 'statement_none' is missing in '"));
    assert_int_equal(folder.problems.count, 2);
    folder_end(&folder);
}

static void short_form_is_needed(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t line = spoil(&folder, "en.yaml", "  peer_display:\n    kind: PEER_DISPLAY\n",
                              "  peer_display:\n    kind: PEER_DISPLAY\n    long: x\n");
    spoil(&folder, "en.yaml", "    short: |\n      You cannot chat with this person.\n", "");
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", line, "template 'peer_display' has no 'short'");
    assert_listed(&folder, "en.yaml", line + 2, "unknown key 'long'");
    folder_end(&folder);
}

static void disclosure_version_is_needed_and_the_same(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    spoil(&folder, "ko.yaml", "disclosure: disclosure-2026-11\n", "");
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", 0, "'disclosure' is missing");
    folder_end(&folder);
    struct folder other;
    folder_begin(&other);
    const size_t line = spoil(&other, "en.yaml", "disclosure: disclosure-2026-11",
                              "disclosure: disclosure-2026-10");
    read_refused(&other);
    assert_listed(&other, "en.yaml", line,
                  "disclosure 'disclosure-2026-10' differs from 'disclosure-2026-11' in '");
    folder_end(&other);
    struct folder third;
    folder_begin(&third);
    spoil(&third, "en.yaml", "disclosure: disclosure-2026-11", "disclosure: of today");
    read_refused(&third);
    assert_listed(&third, "en.yaml", line, "disclosure is no id: 'of today'");
    folder_end(&third);
}

static void words_must_be_whole(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t line = spoil(&folder, "ko.yaml", "    WARNING: 경고\n", "") - 1;
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", line, "no word for 'WARNING' of enum Measure");
    assert_int_equal(folder.problems.count, 1);
    folder_end(&folder);
    assert_one("ko.yaml", "    WARNING: 경고", "    WARNUNG: 경고", 0,
               "enum Measure has no symbol 'WARNUNG'");
    assert_one("ko.yaml", "    WARNING: 경고", "    WARNING: ''", 0,
               "a text is needed for 'WARNING'");
    assert_one("ko.yaml", "    WARNING: 경고", "    WARNING: 경고\n    WARNING: 주의", 1,
               "comes a second time: 'WARNING'");
    assert_one("ko.yaml", "  OUTCOME:", "  RULE: {a: b}\n  OUTCOME:", 0,
               "no parameter with words: 'RULE'");
}

static void advert_needs_label_and_refusal(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    spoil(&folder, "en.yaml", "  label: \"(Ad)\"\n", "");
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", 0, "'advert' needs a 'label' and a 'refusal'");
    folder_end(&folder);
}

static void language_must_be_that_of_the_file(void **state)
{
    (void)state;
    assert_one("en.yaml", "language: EN", "language: KO", 0,
               "language must be 'EN' in a file of this name");
}

static void names_must_leave_room_for_the_short_form(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t dotted = spoil(&folder, "en.yaml", "  statement:", "  statement.short:");
    const size_t spaced = spoil(&folder, "en.yaml", "  education_tip:", "  education tip:");
    read_refused(&folder);
    assert_listed(&folder, "en.yaml", dotted, "a template's name is 1 to 58 of");
    assert_listed(&folder, "en.yaml", spaced, "a template's name is 1 to 58 of");
    folder_end(&folder);
}

static void all_problems_are_listed_at_once(void **state)
{
    (void)state;
    struct folder folder;
    folder_begin(&folder);
    const size_t word = spoil(&folder, "ko.yaml", "    COURT: 법원", "    COURTS: 법원");
    const size_t placeholder = spoil(&folder, "ko.yaml", "{POLICY_VERSION}", "{VERSION}");
    const size_t key = spoil(&folder, "en.yaml", "templates:", "purpose: none\ntemplates:");
    const size_t link = spoil(&folder, "en.yaml", "You cannot chat", "http: You cannot chat");
    read_refused(&folder);
    assert_listed(&folder, "ko.yaml", word, "enum Authority has no symbol 'COURTS'");
    assert_listed(&folder, "ko.yaml", placeholder, "template 'policy_change': unknown placeholder");
    assert_listed(&folder, "en.yaml", key, "unknown key 'purpose'");
    assert_listed(&folder, "en.yaml", link, "template 'peer_display': a text may hold no link");
    assert_int_equal(folder.problems.count, 4);
    folder_end(&folder);
}

/* A file cut anywhere is refused, never half taken; under the sanitizers, never read past its end.
 */
static void cut_file_is_refused(void **state)
{
    (void)state;
    struct buffer text = file_get(SHIPPED "/ko.yaml");
    for (size_t size = 0; size + 200 < text.size; size += 509) {
        struct folder folder;
        folder_begin(&folder);
        file_put(folder.path, "ko.yaml", bytes_of(text.data, size));
        read_refused(&folder);
        folder_end(&folder);
    }
    buffer_release(&text);
}

static void only_tips_can_be_refused(void **state)
{
    (void)state;
    for (uint32_t kind = 0; kind < NOTICE_KIND_COUNT; kind++) {
        assert_int_equal(kind_is_mandatory((enum notice_kind)kind),
                         kind != NOTICE_KIND_EDUCATION_TIP);
    }
}

static void bystanders_hold_only_what_the_domain_lists(void **state)
{
    (void)state;
    static const enum notice_kind kinds[] = {
        NOTICE_KIND_REPORT_RECEIPT,      NOTICE_KIND_REPORT_OUTCOME,
        NOTICE_KIND_REPORT_INADMISSIBLE, NOTICE_KIND_PEER_DISPLAY,
        NOTICE_KIND_THIRD_PARTY_REFUSED, NOTICE_KIND_REPORTER_WARNING,
        NOTICE_KIND_REPORTER_SUSPENDED,
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (uint32_t name = 0; name < PARAM_NAME_COUNT; name++) {
            const bool listed = name == PARAM_NAME_CASE || name == PARAM_NAME_OUTCOME ||
                                name == PARAM_NAME_ITEM_PAGE ||
                                name == PARAM_NAME_APPEAL_DEADLINE ||
                                name == PARAM_NAME_APPEAL_PAGE || name == PARAM_NAME_CS_CATEGORY;
            assert_int_equal(kind_may_hold(kinds[i], (enum param_name)name), listed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_catalogue_has_no_problem),
        cmocka_unit_test(freeing_no_catalogue_is_allowed),
        cmocka_unit_test(hash_changes_with_any_text_and_any_word),
        cmocka_unit_test(missing_file_is_a_problem),
        cmocka_unit_test(syntax_error_names_its_line),
        cmocka_unit_test(empty_file_is_a_problem),
        cmocka_unit_test(file_that_is_no_mapping_is_a_problem),
        cmocka_unit_test(unknown_placeholder_is_a_problem),
        cmocka_unit_test(placeholder_of_a_third_party_is_unknown),
        cmocka_unit_test(braces_must_match),
        cmocka_unit_test(conditions_are_checked),
        cmocka_unit_test(reporter_text_may_not_show_the_measure),
        cmocka_unit_test(protection_text_may_not_show_the_end),
        cmocka_unit_test(disclosure_may_hold_no_parameter),
        cmocka_unit_test(text_may_hold_no_link),
        cmocka_unit_test(unknown_kind_is_a_problem),
        cmocka_unit_test(kind_without_template_is_a_problem),
        cmocka_unit_test(second_disclosure_is_a_problem),
        cmocka_unit_test(kinds_must_agree_between_languages),
        cmocka_unit_test(template_missing_in_a_language_is_a_problem),
        cmocka_unit_test(short_form_is_needed),
        cmocka_unit_test(disclosure_version_is_needed_and_the_same),
        cmocka_unit_test(words_must_be_whole),
        cmocka_unit_test(advert_needs_label_and_refusal),
        cmocka_unit_test(language_must_be_that_of_the_file),
        cmocka_unit_test(names_must_leave_room_for_the_short_form),
        cmocka_unit_test(all_problems_are_listed_at_once),
        cmocka_unit_test(cut_file_is_refused),
        cmocka_unit_test(only_tips_can_be_refused),
        cmocka_unit_test(bystanders_hold_only_what_the_domain_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
