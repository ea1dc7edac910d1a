/* Initials of names: readings of surnames, double surnames, Latin words, characters nobody knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/pinyin.h"

static void check(const char *name, const char *plain, const char *as_surname)
{
    char out[GJ_PINYIN_MAX + 1];

    assert_int_equal(gj_pinyin_initials(name, strlen(name), false, out), strlen(plain));
    assert_string_equal(out, plain);
    assert_int_equal(gj_pinyin_initials(name, strlen(name), true, out), strlen(as_surname));
    assert_string_equal(out, as_surname);
}

static void test_names(void **state)
{
    (void)state;
    check("王小明", "wxm", "wxm");
    check("欧阳娜娜", "oynn", "oynn");
    check("曾国藩", "cgf", "zgf");
    check("单于婷", "dyt", "syt");
    check("李·明", "lm", "lm");
    check("王小单", "wxd", "wxd");
    check("", "", "");
}

static void test_latin_words(void **state)
{
    (void)state;
    check("John Smith", "js", "js");
    check("王 Anna 李", "wal", "wal");
    check("O'Neill 3", "on", "on");
}

static void test_what_is_not_known_gives_nothing(void **state)
{
    char out[GJ_PINYIN_MAX + 1];
    const char *longest = "王王王王王王王王王王王王王王王王王王";

    (void)state;
    check("\xe9\xbf\xbf明", "", ""); /* U+9FFF is no character with a reading */
    assert_int_equal(gj_pinyin_initials(longest, strlen(longest), true, out), GJ_PINYIN_MAX);
    assert_int_equal(strlen(out), GJ_PINYIN_MAX);
}

static void test_what_is_typed(void **state)
{
    char out[GJ_PINYIN_MAX + 1];

    (void)state;
    assert_true(gj_pinyin_typed("WXm", 3, out));
    assert_string_equal(out, "wxm");
    assert_false(gj_pinyin_typed("w", 1, out));
    assert_false(gj_pinyin_typed("w m", 3, out));
    assert_false(gj_pinyin_typed("王", 3, out));
    assert_false(gj_pinyin_typed("abcdefghijklmnopq", 17, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_latin_words),
        cmocka_unit_test(test_what_is_not_known_gives_nothing),
        cmocka_unit_test(test_what_is_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
