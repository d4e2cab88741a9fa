/* What a notice says: lines, words, times; every kind fits its budget in both languages.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "addressee.h"

static void text_leaves_out_lines_without_their_value(void **unused)
{
    (void)unused;
    struct addressee u;
    setup(&u);
    struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
    record.language = LANGUAGE_EN;
    assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
    disclose(&u);
    struct notice_request request =
        request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "RESTRICT_TEMP");
    param_add(&request, PARAM_NAME_CATEGORY, "SPAM_AD");
    param_add(&request, PARAM_NAME_AREA, "OPEN_CHAT_ROOM");
    param_add(&request, PARAM_NAME_STAGE, "3");
    param_add(&request, PARAM_NAME_EXPIRES_AT, "1795505400000");
    param_add(&request, PARAM_NAME_ITEM_PAGE, "item.spam");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: restriction of use\n"
                "Reason: commercial advertising\n"
                "Area: open chat room\n"
                "Stage: 3\n"
                "Until: 24 November 2026, 16:30 KST\n"
                "The criteria are on this page: item.spam");
    request = request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "WARNING");
    param_add(&request, PARAM_NAME_STAGE, "0");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: warning\n"
                "Nothing is restricted now, but further breaches may lead to a restriction.");
    request = request_of(&u, NOTICE_KIND_RESTRICTION_APPLIED, "restriction_applied");
    param_add(&request, PARAM_NAME_MEASURE, "RESTRICT_PERM_ALL");
    assert_int_equal(request_take(&u, &request), NOTICE_DONE);
    assert_text(&u.notices[0],
                "[Restriction] Under the operation policy, the following measure has been taken.\n"
                "Measure: permanent restriction of the whole KakaoTalk service\n"
                "No end is set for this measure.");
    teardown(&u);
}

static void times_are_shown_as_in_korea(void **unused)
{
    (void)unused;
    static const struct {
        const char *value;
        const char *text;
    } cases[] = {
        {"1795505400000", "시작: 2026년 11월 24일 16:30(한국 시간)"},
        {"1795505405999", "시작: 2026년 11월 24일 16:30:05(한국 시간)"},
        {"0", "시작: 1970년 1월 1일 09:00(한국 시간)"},
        {"951750000000", "시작: 2000년 2월 29일 00:00(한국 시간)"},
        {"4107510000000", "시작: 2100년 3월 1일 00:00(한국 시간)"},
        {"1798729200000", "시작: 2027년 1월 1일 00:00(한국 시간)"},
        {"1798729199999", "시작: 2026년 12월 31일 23:59:59(한국 시간)"},
        {"253402300799999", "시작: 10000년 1월 1일 08:59:59(한국 시간)"},
    };
    struct addressee u;
    setup(&u);
    disclose(&u);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct notice_request request =
            request_of(&u, NOTICE_KIND_RESTRICTION_CHANGED, "restriction_changed");
        param_add(&request, PARAM_NAME_STARTS_AT, cases[i].value);
        assert_int_equal(request_take(&u, &request), NOTICE_DONE);
        struct buffer text = {0};
        assert_true(notice_render(catalogue, &u.notices[0], &text));
        buffer_append(&text, bytes_of("", 1));
        assert_non_null(strstr((const char *)text.data, cases[i].text));
        buffer_release(&text);
    }
    teardown(&u);
}

static void render_refuses_what_the_catalogue_does_not_know(void **unused)
{
    (void)unused;
    struct buffer text = {0};
    struct notice notice = {.language = LANGUAGE_KO, .template = bytes_text("nothing")};
    assert_false(notice_render(catalogue, &notice, &text));
    notice.template = bytes_text(".short");
    assert_false(notice_render(catalogue, &notice, &text));
    notice.template = bytes_text("restriction_applied");
    notice.params_count = 1;
    notice.params[0] = (struct param){.name = PARAM_NAME_MEASURE, .value = bytes_text("MUTE")};
    assert_false(notice_render(catalogue, &notice, &text));
    assert_int_equal(text.size, 0);
    buffer_release(&text);
}

/* The largest values of every parameter that the kind may hold, in two rounds: 16 fit a request. */
static void largest_take(struct addressee *addressee, enum notice_kind kind, const char *template,
                         uint32_t from)
{
    struct notice_request request = request_of(addressee, kind, template);
    for (uint32_t i = 0; i < PARAM_NAME_COUNT && request.params_count < 16; i++) {
        const enum param_name name = (enum param_name)((from + i) % PARAM_NAME_COUNT);
        if (kind_may_hold(kind, name)) {
            param_add(&request, name, value_for(name));
        }
    }
    assert_int_equal(request_take(addressee, &request), NOTICE_DONE);
    assert_int_equal(addressee->count, 1);
    const struct notice *notice = &addressee->notices[0];
    assert_true(notice->rendered_bytes <= 2048);
    assert_true(bytes_is(notice->template, template)); /* the full text, not the short one */
    struct buffer text = {0};
    assert_true(notice_render(catalogue, notice, &text));
    assert_int_equal(text.size, notice->rendered_bytes);
    assert_null(memchr(text.data, '{', text.size));
    buffer_release(&text);
}

static void every_kind_renders_in_both_languages_within_the_budget(void **unused)
{
    (void)unused;
    static const enum language languages[] = {LANGUAGE_KO, LANGUAGE_EN};
    for (size_t i = 0; i < 2; i++) {
        struct addressee u;
        setup(&u);
        struct account_change record = change_of(&u, ACCOUNT_CHANGE_KIND_REGISTERED);
        record.language = languages[i];
        assert_int_equal(take(&u, &record_account_change, &record), NOTICE_DONE);
        disclose(&u);
        for (uint32_t kind = 0; kind < NOTICE_KIND_COUNT; kind++) {
            char template[64] = {0};
            for (size_t j = 0; enum_notice_kind.symbols[kind][j] != 0; j++) {
                const char letter = enum_notice_kind.symbols[kind][j];
                template[j] = letter == '_' ? '_' : (char)(letter + ('a' - 'A'));
            }
            if (kind == NOTICE_KIND_NOTICE_DISCLOSURE) {
                continue; /* has the first notice's budget; its short form is measured below */
            }
            for (uint32_t from = 0; from < PARAM_NAME_COUNT; from++) {
                largest_take(&u, (enum notice_kind)kind, template, from);
                assert_int_equal(u.notices[0].language, languages[i]);
            }
        }
        largest_take(&u, NOTICE_KIND_RESTRICTION_APPLIED, "statement", 0);
        largest_take(&u, NOTICE_KIND_RESTRICTION_APPLIED, "statement_none", 0);
        /* Sent again later, the disclosure too keeps to 2 048 bytes. */
        assert_int_equal(ask(&u, NOTICE_KIND_NOTICE_DISCLOSURE, "notice_disclosure"), NOTICE_DONE);
        assert_true(u.notices[0].rendered_bytes <= 2048);
        teardown(&u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_leaves_out_lines_without_their_value),
        cmocka_unit_test(times_are_shown_as_in_korea),
        cmocka_unit_test(render_refuses_what_the_catalogue_does_not_know),
        cmocka_unit_test(every_kind_renders_in_both_languages_within_the_budget),
    };
    return cmocka_run_group_tests(tests, group_begin, group_end);
}
