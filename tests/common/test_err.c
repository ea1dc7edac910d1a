#include "tests/common/check.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

static void every_error_has_a_name_and_a_text(void **state)
{
    (void)state;
#define CHECK(name, value, text)                                                                                       \
    assert_int_equal(name, value);                                                                                     \
    assert_string_equal(gj_err_name(name), #name);                                                                     \
    assert_true(strlen(gj_err_text(name)) > 0);
    GJ_ERR_TABLE(CHECK)
#undef CHECK
    assert_string_equal(gj_err_name((enum gj_err)999), "GJ_UNKNOWN");
    assert_string_equal(gj_err_text((enum gj_err)999), "unknown error");
}

static void errno_becomes_a_family_member(void **state)
{
    (void)state;
    check_err(gj_err_from_errno(0), GJ_OK);
    check_err(gj_err_from_errno(ENOENT), GJ_ENOTFOUND);
    check_err(gj_err_from_errno(ENOSPC), GJ_ENOSPC);
    check_err(gj_err_from_errno(EDQUOT), GJ_ENOSPC);
    check_err(gj_err_from_errno(EIO), GJ_EIO);
    check_err(gj_err_from_errno(ENOMEM), GJ_ENOMEM);
    check_err(gj_err_from_errno(EACCES), GJ_EDENIED);
    check_err(gj_err_from_errno(EEXIST), GJ_EEXIST);
    check_err(gj_err_from_errno(EMFILE), GJ_ESYS);
}

static void a_fault_is_filled_and_its_error_returned(void **state)
{
    (void)state;
    struct gj_fault fault = {0};
    check_err(gj_fault_set(&fault, GJ_EINVAL, "%s:%d: wrong", "a.conf", 7), GJ_EINVAL);
    check_err(fault.err, GJ_EINVAL);
    assert_string_equal(fault.text, "a.conf:7: wrong");
    check_err(gj_fault_set(NULL, GJ_EIO, "nobody reads this"), GJ_EIO);
}

static void a_long_fault_ends_at_a_whole_character(void **state)
{
    (void)state;
    char text[400];
    size_t cuts[3] = {0};
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'a', lead);
        for (size_t at = lead; at + 3 < sizeof text; at += 3) {
            memcpy(text + at, "管", 4);
        }
        struct gj_fault fault = {0};
        gj_fault_set(&fault, GJ_EINVAL, "%s", text);
        size_t len = strlen(fault.text);
        assert_true(gj_text_valid(fault.text, len));
        assert_true(len > GJ_FAULT_TEXT_MAX - 4 && len < GJ_FAULT_TEXT_MAX);
        cuts[lead] = len;
    }
    assert_true(cuts[0] != cuts[1] || cuts[1] != cuts[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_and_a_text),
        cmocka_unit_test(errno_becomes_a_family_member),
        cmocka_unit_test(a_fault_is_filled_and_its_error_returned),
        cmocka_unit_test(a_long_fault_ends_at_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
