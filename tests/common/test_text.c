#include "tests/common/check.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "common/text.h"

#define VALID(text) gj_text_valid(text, sizeof(text) - 1)

static void utf8_is_checked(void **state)
{
    (void)state;
    assert_true(VALID(""));
    assert_true(VALID("plain"));
    assert_true(VALID("管家 é 🏠"));
    assert_true(VALID("\xf4\x8f\xbf\xbf"));
    assert_false(VALID("a\0b"));
    assert_false(VALID("\x80"));
    assert_false(VALID("\xc0\x80"));         /* overlong */
    assert_false(VALID("\xc1\xbf"));         /* overlong */
    assert_false(VALID("\xe0\x9f\xbf"));     /* overlong */
    assert_false(VALID("\xf0\x8f\xbf\xbf")); /* overlong */
    assert_false(VALID("\xed\xa0\x80"));     /* surrogate */
    assert_false(VALID("\xf4\x90\x80\x80")); /* above U+10FFFF */
    assert_false(VALID("\xf5\x80\x80\x80"));
    assert_false(VALID("\xe7\xae")); /* cut */
    assert_false(VALID("\xe7\xae"
                       "a"));
    assert_false(VALID("ok\xff"));
}

/* Every code point encodes to something valid, except surrogates. */
static void every_code_point(void **state)
{
    (void)state;
    for (uint32_t rune = 1; rune <= 0x110000; rune++) {
        char text[4];
        size_t len;
        if (rune < 0x80) {
            text[0] = (char)rune;
            len = 1;
        } else if (rune < 0x800) {
            text[0] = (char)(0xC0 | rune >> 6);
            text[1] = (char)(0x80 | (rune & 63));
            len = 2;
        } else if (rune < 0x10000) {
            text[0] = (char)(0xE0 | rune >> 12);
            text[1] = (char)(0x80 | (rune >> 6 & 63));
            text[2] = (char)(0x80 | (rune & 63));
            len = 3;
        } else {
            text[0] = (char)(0xF0 | rune >> 18);
            text[1] = (char)(0x80 | (rune >> 12 & 63));
            text[2] = (char)(0x80 | (rune >> 6 & 63));
            text[3] = (char)(0x80 | (rune & 63));
            len = 4;
        }
        bool wanted = rune < 0x110000 && (rune < 0xD800 || rune > 0xDFFF);
        if (gj_text_valid(text, len) != wanted) {
            fail_msg("U+%04X", rune);
        }
        const char *at = text;
        if (wanted && (gj_text_next(&at, text + len) != rune || at != text + len)) {
            fail_msg("U+%04X decodes to another", rune);
        }
    }
}

static void columns_of_chinese_line_up(void **state)
{
    (void)state;
    assert_int_equal(gj_text_width("abc", 3), 3);
    assert_int_equal(gj_text_width("管家", 6), 4);
    assert_int_equal(gj_text_width("（一）", 9), 6);
    assert_int_equal(gj_text_width("e\xcc\x81", 3), 1); /* combining acute */
    assert_int_equal(gj_text_width("é", 2), 1);
    assert_int_equal(gj_text_width("𠮷", 4), 2);
    size_t used = 9;
    assert_int_equal(gj_text_fit("管家a", 7, 3, &used), 3);
    assert_int_equal(used, 2);
    assert_int_equal(gj_text_fit("管家a", 7, 5, &used), 7);
    assert_int_equal(used, 5);
    assert_int_equal(gj_text_fit("管", 3, 1, &used), 0);
    assert_int_equal(used, 0);
    /* The C library's table is the judge where both must agree: all common Chinese. */
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    for (wchar_t rune = 0x3041; rune < 0xFF61; rune++) {
        bool cjk = (rune >= 0x4E00 && rune <= 0x9FA5) || (rune >= 0x3041 && rune <= 0x3096) || rune >= 0xFF01;
        char text[8];
        int width = wcwidth(rune);
        if (cjk && width > 0) {
            int len = snprintf(text, sizeof text, "%lc", (wint_t)rune);
            assert_true(len > 0);
            assert_int_equal(gj_text_width(text, (size_t)len), width);
        }
    }
}

static void texts_are_cut_and_counted_by_characters(void **state)
{
    (void)state;
    assert_int_equal(gj_text_cut("管家", 6, 5), 3);
    assert_int_equal(gj_text_cut("管家", 6, 6), 6);
    assert_int_equal(gj_text_cut("管家", 6, 2), 0);
    assert_int_equal(gj_text_cut("管家", 5, 100), 3); /* the text itself was cut */
    assert_int_equal(gj_text_chars("管家 ok", 9), 5);
}

static void check_trim(const char *text, const char *wanted)
{
    size_t len = 99;
    const char *at = gj_text_trim(text, strlen(text), &len);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(at, wanted, len);
}

static void white_space_at_both_ends_goes(void **state)
{
    (void)state;
    check_trim("", "");
    check_trim("  \t\n", "");
    check_trim("a", "a");
    check_trim(" a b ", "a b");
    check_trim("　管 家　\r\n", "管 家");
}

static void check_phone(const char *typed, const char *wanted)
{
    char out[GJ_TEXT_PHONE_SIZE] = "untouched";
    enum gj_err err = gj_text_phone(typed, strlen(typed), out);
    if (wanted == NULL) {
        check_err(err, GJ_EINVAL);
        assert_string_equal(out, "untouched");
    } else {
        check_ok(err);
        assert_string_equal(out, wanted);
    }
}

static void phones_have_one_form(void **state)
{
    (void)state;
    check_phone("13800138000", "13800138000");
    check_phone(" 138-0013-8000 ", "13800138000");
    check_phone("+86 138 0013 8000", "13800138000");
    check_phone("+8613800138000", "13800138000");
    check_phone("0086-13800138000", "13800138000");
    check_phone("8613800138000", "13800138000");
    check_phone("１３８００１３８０００", "13800138000");
    check_phone("＋８６　138 0013 8000", "13800138000");
    check_phone("+86 0086 138 0013 8000", "13800138000");
    check_phone("010-62345678", "01062345678");
    check_phone("+86 10 6234 5678", "01062345678");
    check_phone("+86 (0)10 6234 5678", "01062345678");
    check_phone("(0755) 2345 6789", "075523456789");
    check_phone("62345678", "62345678");
    check_phone("400-123-4567", "4001234567");
    check_phone("+86 400 123 4567", "4001234567");
    check_phone("95588", "95588");
    check_phone("110", "110");
    check_phone("+852 2345 6789", "+85223456789");
    check_phone("010-62345678转801", "01062345678#801");
    check_phone("62345678 x 12", "62345678#12");
    check_phone("62345678#12", "62345678#12");
    check_phone("11", NULL);
    check_phone("", NULL);
    check_phone("张三", NULL);
    check_phone("138abc", NULL);
    check_phone("138+0013", NULL);
    check_phone("++86138", NULL);
    check_phone("62345678转", NULL);
    check_phone("转801", NULL);
    check_phone("1#2#3", NULL);
    check_phone("12345678901234567890", "12345678901234567890");
    check_phone("123456789012345678901", NULL);
    check_phone("1234567890123456789012345678901234567890", NULL);
    check_phone("12345678901234567890#1", NULL);
    check_phone("\xff\xff\xff", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(columns_of_chinese_line_up),
        cmocka_unit_test(texts_are_cut_and_counted_by_characters),
        cmocka_unit_test(white_space_at_both_ends_goes),
        cmocka_unit_test(phones_have_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
