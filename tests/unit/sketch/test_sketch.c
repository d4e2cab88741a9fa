/* What of a text its sketch depends on, and what it does not.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "sketch/sketch.h"

#include "base/buffer.h"
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define AD "무직자도 당일 대출 가능합니다 신용 조회 없이 최대 오천만원까지 바로 입금해 드려요"

static const uint8_t key[SKETCH_KEY_MIN] = "sixteen bytes or";

static int32_t equal_under(struct bytes one_key, const char *left, const char *right)
{
    uint8_t sketches[2][SKETCH_SIZE];
    assert_int_equal(sketch_make(bytes_text(left), one_key, sketches[0]), SKETCH_MADE);
    assert_int_equal(sketch_make(bytes_text(right), one_key, sketches[1]), SKETCH_MADE);
    return sketch_equal(sketches[0], sketches[1]);
}

static int32_t equal(const char *left, const char *right)
{
    return equal_under(bytes_of(key, sizeof(key)), left, right);
}

static void the_same_text_and_key_give_the_same_bytes_for_ever(void **state)
{
    (void)state;
    uint8_t sketch[SKETCH_SIZE];
    char text[SKETCH_SIZE * 2 + 1] = {0};
    assert_int_equal(sketch_make(bytes_text(AD), bytes_of(key, sizeof(key)), sketch), SKETCH_MADE);
    hex_format(bytes_of(sketch, sizeof(sketch)), text);
    /* Sketches are kept for weeks and compared with new ones: another build must make the same. */
    assert_string_equal(text, "8c4f99f27684369a14fc45df0742958a8dda916c7f4a92be6c7a0d9a242536d5");
}

static void spaces_emoji_and_marks_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(equal(AD, "무직자도당일대출가능합니다신용조회없이최대오천만원까지바로입금해드려요"),
                     SKETCH_VALUES);
    assert_int_equal(equal("당일 대출 가능합니다", "당.일 🔥 대-출!! 가능 합 니 다 👍🏻~~"), SKETCH_VALUES);
    assert_int_equal(equal("당일 대출 가능합니다", "ㅋㅋㅋ당일 대출 ㅠㅠ 가능합니다ㅎㅎ"), SKETCH_VALUES);
    assert_int_equal(equal("진짜 대박이다", "진짜 대애애애박이다"), SKETCH_VALUES);
}

static void numbers_are_all_alike(void **state)
{
    (void)state;
    assert_int_equal(equal("문의 010-1234-5678 입니다", "문의 01099998888 입니다"), SKETCH_VALUES);
    assert_int_equal(equal("현금 300만원 지급", "현금 ④⑤0만원 지급"), SKETCH_VALUES);
    assert_int_equal(equal("현금 100만원 지급", "현금 1OO만원 지급"), SKETCH_VALUES);
}

static void particles_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(equal("회원을 모집합니다 한도는 상담에", "회원이 모집합니다 한도가 상담은"), SKETCH_VALUES);
}

static void forms_of_one_letter_are_one(void **state)
{
    (void)state;
    /* Full width, upper case, decomposed, enclosed. */
    assert_int_equal(equal("telegram 방 참여", "ＴＥＬＥＧＲＡＭ 방 참여"), SKETCH_VALUES);
    assert_int_equal(equal("카지노 회원", "\u110F\u1161\u110C\u1175\u1102\u1169 회원"), SKETCH_VALUES);
    assert_int_equal(equal("casino club", "ⓒⓐⓢⓘⓝⓞ club"), SKETCH_VALUES);
    assert_int_equal(equal("casino club", "🅲🅰🆂🅸🅽🅾 club"), SKETCH_VALUES);
    assert_int_equal(equal("casino club", "cásínô club"), SKETCH_VALUES);
}

static void look_alikes_are_what_they_look_like(void **state)
{
    (void)state;
    assert_int_equal(equal("카지노 회원", "ㅋr지노 회원"), SKETCH_VALUES);
    assert_int_equal(equal("카지노 회원", "ㅋㅏㅈㅣ노 회원"), SKETCH_VALUES);
    assert_int_equal(equal("카지노 회원", "ㅋㅏㅈl노 회원"), SKETCH_VALUES);
    assert_int_equal(equal("casino club", "c4s1no c|ub"), SKETCH_VALUES);
    assert_int_equal(equal("casino club", "саsіnо club"), SKETCH_VALUES); /* four Cyrillic letters */
}

static void laughter_before_a_number_is_no_vowel(void **state)
{
    (void)state;
    assert_int_equal(equal("우리 팀 일등 ㅋㅋㅋ 1등", "우리 팀 일등 ㅋㅋㅋ1등"), SKETCH_VALUES);
}

static void respelling_by_ear_changes_little(void **state)
{
    (void)state;
    assert_int_equal(equal("되게 예쁜 개", "돼게 얘쁜 게"), SKETCH_VALUES);
    assert_int_equal(equal("머거 바써", "먹어 봤어"), SKETCH_VALUES);
    assert_int_equal(equal("싸게 꼬꼬", "사게 고고"), SKETCH_VALUES);
}

/* Polite formulas stand in every message: without them strangers are not alike, and other ones hide
 * nothing. What is little else keeps them. */
static void formulas_change_nothing_where_there_is_more(void **state)
{
    (void)state;
    assert_int_equal(equal("소액 급전 당일 상담 바로 도와 드립니다 연락 주세요",
                           "소액 급전 당일 상담 바로 도와 드려요 연락 주십시오"),
                     SKETCH_VALUES);
    assert_int_equal(equal("소액 급전 당일 상담 바로 도와 드 립 니 다!",
                           "소액 급전 당일 상담 바로 도와 드립니다"),
                     SKETCH_VALUES);
    assert_true(equal("연 금리 한도는 알려 드립니다", "담배 액상 싸게 드립니다") < 8);
    assert_true(equal("네 부탁드립니다", "참 좋습니다") < 8);
    assert_true(equal("부탁드립니다", "주십시오") < 3);
}

static void one_word_of_a_message_may_change(void **state)
{
    (void)state;
    assert_true(equal(AD, "무직자도 즉시 대출 가능합니다 신용 조회 없이 최대 오천만원까지 바로 입금해 드려요") >= 8);
    assert_true(equal(AD, "무직자도 당일 대출 가능합니다 신용 조회 없이 최대 오천만원까지 바로 송금해 드려요") >= 8);
}

static void another_message_does_not_match(void **state)
{
    (void)state;
    assert_true(equal(AD, "이번 주 토요일 등산 모임은 비가 와서 다음 주로 미루기로 했으니 참고해 주세요") < 3);
}

static void another_key_makes_another_sketch(void **state)
{
    (void)state;
    const uint8_t other[SKETCH_KEY_MIN] = "sixteen bytes OR";
    uint8_t left[SKETCH_SIZE];
    uint8_t right[SKETCH_SIZE];
    char names[2][SKETCH_KEY_ID_SIZE];
    assert_int_equal(sketch_make(bytes_text(AD), bytes_of(key, sizeof(key)), left), SKETCH_MADE);
    assert_int_equal(sketch_make(bytes_text(AD), bytes_of(other, sizeof(other)), right), SKETCH_MADE);
    assert_true(sketch_equal(left, right) < 3);
    sketch_key_id(bytes_of(key, sizeof(key)), names[0]);
    sketch_key_id(bytes_of(other, sizeof(other)), names[1]);
    assert_memory_not_equal(names[0], names[1], sizeof(names[0]));
}

static void short_texts_have_a_sketch_and_empty_ones_none(void **state)
{
    (void)state;
    uint8_t sketch[SKETCH_SIZE] = {0};
    const struct bytes one_key = bytes_of(key, sizeof(key));
    assert_int_equal(equal("a", "A"), SKETCH_VALUES);
    assert_true(equal("ab", "ba") < 3);
    assert_int_equal(sketch_make(bytes_text(""), one_key, sketch), SKETCH_NO_LETTERS);
    assert_int_equal(sketch_make(bytes_text(" 🔥!! ㅋㅋㅋ "), one_key, sketch), SKETCH_NO_LETTERS);
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    const struct bytes one_key = bytes_of(key, sizeof(key));
    static const char *const broken[] = {"\xff", "abc\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"};
    uint8_t sketch[SKETCH_SIZE] = {7};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_int_equal(sketch_make(bytes_text(broken[i]), one_key, sketch), SKETCH_NOT_UTF8);
    }
    uint8_t *longest = memory_get(SKETCH_TEXT_MAX + 1);
    memset(longest, 'a', SKETCH_TEXT_MAX + 1);
    assert_int_equal(sketch_make(bytes_of(longest, SKETCH_TEXT_MAX + 1), one_key, sketch),
                     SKETCH_TOO_LONG);
    assert_int_equal(sketch[0], 7); /* written only if made */
    assert_int_equal(sketch_make(bytes_of(longest, SKETCH_TEXT_MAX), one_key, sketch), SKETCH_MADE);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_and_key_give_the_same_bytes_for_ever),
        cmocka_unit_test(spaces_emoji_and_marks_change_nothing),
        cmocka_unit_test(numbers_are_all_alike),
        cmocka_unit_test(particles_change_nothing),
        cmocka_unit_test(formulas_change_nothing_where_there_is_more),
        cmocka_unit_test(forms_of_one_letter_are_one),
        cmocka_unit_test(look_alikes_are_what_they_look_like),
        cmocka_unit_test(laughter_before_a_number_is_no_vowel),
        cmocka_unit_test(respelling_by_ear_changes_little),
        cmocka_unit_test(one_word_of_a_message_may_change),
        cmocka_unit_test(another_message_does_not_match),
        cmocka_unit_test(another_key_makes_another_sketch),
        cmocka_unit_test(short_texts_have_a_sketch_and_empty_ones_none),
        cmocka_unit_test(what_is_no_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
