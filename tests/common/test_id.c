#include "tests/common/check.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "common/noise.h"

static void ids_print_and_parse(void **state)
{
    (void)state;
    char text[GJ_ID_TEXT_SIZE];
    uint64_t ids[] = {1, 9, 10, 794, 10452, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        uint64_t got = 0;
        gj_id_format(ids[i], 'T', text);
        assert_int_equal(text[0], 'T');
        check_ok(gj_id_parse(text, 'T', &got));
        assert_true(got == ids[i]);
        check_ok(gj_id_parse(text + 1, 'T', &got)); /* without the letter */
        gj_id_format(ids[i], 0, text);
        check_ok(gj_id_parse(text, 0, &got));
        assert_true(got == ids[i]);
    }
    /* The example of ISO 7064 for MOD 11,10: 0794 has check digit 5. */
    assert_int_equal(gj_id_check_digit("0794", 4), 5);
}

static void what_people_type_is_understood(void **state)
{
    (void)state;
    char text[GJ_ID_TEXT_SIZE];
    gj_id_format(10452, 'T', text);
    char check = text[7];
    const char *forms[] = {"T10452-%c", "t10452-%c", "10452-%c", "10452%c", "  T10452-%c \n", "Ｔ１０４５２－%c",
        "T10452\xe2\x80\x93%c", "　t10452%c　"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char typed[64];
        uint64_t got = 0;
        char *hole = strstr(strcpy(typed, forms[i]), "%c");
        *hole = check;
        memmove(hole + 1, hole + 2, strlen(hole + 2) + 1);
        check_ok(gj_id_parse(typed, 'T', &got));
        assert_true(got == 10452);
        got = 0;
        check_ok(gj_id_parse(typed, 0, &got));
    }
}

static void every_wrong_digit_and_most_swaps_are_found(void **state)
{
    (void)state;
    unsigned swaps = 0;
    unsigned missed = 0;
    for (uint64_t id = 1000; id < 3000; id++) {
        char text[GJ_ID_TEXT_SIZE];
        uint64_t got = 0;
        gj_id_format(id, 0, text);
        for (size_t at = 0; text[at] != '\0'; at++) {
            char kept = text[at];
            for (char digit = '0'; kept != '-' && digit <= '9'; digit++) {
                text[at] = digit;
                check_err(gj_id_parse(text, 0, &got), digit == kept ? GJ_OK : GJ_ECORRUPT);
            }
            text[at] = kept;
            char next = text[at + 1];
            if (kept != '-' && next >= '0' && next != kept) {
                text[at] = next;
                text[at + 1] = kept;
                swaps++;
                missed += gj_id_parse(text, 0, &got) == GJ_OK;
                text[at] = kept;
                text[at + 1] = next;
            }
        }
    }
    assert_true(swaps > 4000);
    assert_true(missed * 20 < swaps);
}

static void wrong_forms_are_refused(void **state)
{
    (void)state;
    const char *wrong[] = {"", " ", "T", "-", "5", "T-5", "T1-", "1--0", "TT1-0", "1T-0", "T10452-77", "T10452 7",
        "0-2", "1.5", "99999999999999999999999-1", "18446744073709551616-1", "184467440737095516150-1", "12a4-5",
        "\xff", "管1-0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t got = 77;
        check_err(gj_id_parse(wrong[i], 'T', &got), GJ_EINVAL);
        assert_int_equal(got, 77);
    }
    char text[GJ_ID_TEXT_SIZE];
    uint64_t got = 0;
    gj_id_format(5, 'H', text);
    check_err(gj_id_parse(text, 'T', &got), GJ_EINVAL); /* a household's id where a ticket's belongs */
    check_ok(gj_id_parse(text, 0, &got));
}

static void request_keys_sort_by_time(void **state)
{
    (void)state;
    struct gj_request_key a;
    struct gj_request_key b;
    struct gj_request_key zero = {{0}};
    gj_id_request_key(&a, 1770000000000);
    gj_id_request_key(&b, 1770000000001);
    assert_true(gj_id_request_key_ms(&a) == 1770000000000);
    assert_true(gj_id_request_key_cmp(&a, &b) < 0);
    assert_int_equal(gj_id_request_key_cmp(&a, &a), 0);
    gj_id_request_key(&b, 1770000000000);
    assert_int_not_equal(gj_id_request_key_cmp(&a, &b), 0);
    assert_true(gj_id_request_key_is_zero(&zero));
    assert_false(gj_id_request_key_is_zero(&a));
    gj_id_request_key(&a, ((int64_t)1 << 48) - 1);
    assert_true(gj_id_request_key_ms(&a) == ((int64_t)1 << 48) - 1);
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0x00, 0x9f, 0xAb, 0xff};
    uint8_t got[4] = {0};
    char text[9];
    gj_id_hex(bytes, 4, text);
    assert_string_equal(text, "009fabff");
    check_ok(gj_id_unhex("009FabFF", 8, got, 4));
    assert_memory_equal(got, bytes, 4);
    check_err(gj_id_unhex("009fabf", 7, got, 4), GJ_EINVAL);
    check_err(gj_id_unhex("009fabfg", 8, got, 4), GJ_EINVAL);
    check_err(gj_id_unhex("009fab@f", 8, got, 4), GJ_EINVAL);
    uint8_t random[32] = {0};
    uint8_t other[32] = {0};
    gj_id_random(random, sizeof random);
    gj_id_random(other, sizeof other);
    assert_memory_not_equal(random, other, sizeof random);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_print_and_parse),
        cmocka_unit_test(what_people_type_is_understood),
        cmocka_unit_test(every_wrong_digit_and_most_swaps_are_found),
        cmocka_unit_test(wrong_forms_are_refused),
        cmocka_unit_test(request_keys_sort_by_time),
        cmocka_unit_test(hex_goes_both_ways),
    };
    check_ok(gj_noise_start());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
