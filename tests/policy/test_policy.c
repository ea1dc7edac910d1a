/* The product's own policy: it loads, the folder and the bundle are the same, and names are found. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

static void everything_is_there(void **state)
{
    (void)state;
    assert_int_equal(stage_policy->version, 7);
    assert_int_equal(stage_policy->role_count, 19);
    assert_int_equal(stage_policy->priority_count, 5);
    assert_int_equal(stage_policy->category_count, 76);
    assert_true(stage_policy->kind_count >= 3);
    static const char *const kinds[] = {"repair_ticket", "visit", "duty_log"};
    for (uint16_t i = 0; i < 3; i++) {
        const struct gj_kind *kind = gj_policy_kind(stage_policy, kinds[i]);
        assert_non_null(kind);
        assert_int_equal(kind->number, i + 1);
        assert_ptr_equal(gj_policy_kind_by_number(stage_policy, kind->number), kind);
    }
    assert_null(gj_policy_kind(stage_policy, "complaint_of_nobody"));
    assert_null(gj_policy_kind_by_number(stage_policy, 999));
    assert_null(gj_policy_role_by_number(stage_policy, 63));
    assert_null(gj_policy_role_by_number(stage_policy, 200));
}

static void every_user_visible_name_is_in_two_languages(void **state)
{
    (void)state;
    for (size_t k = 0; k < stage_policy->kind_count; k++) {
        const struct gj_kind *kind = stage_policy->kinds[k];
        for (size_t i = 0; i < kind->field_count; i++) {
            assert_true(strlen(kind->fields[i].label.zh) > 0 && strlen(kind->fields[i].label.en) > 0);
        }
        for (size_t i = 0; i < kind->state_count; i++) {
            assert_true(strlen(kind->states[i].label.zh) > 0 && strlen(kind->states[i].label.en) > 0);
        }
        for (size_t i = 0; i < kind->act_count; i++) {
            assert_true(strlen(kind->acts[i].label.zh) > 0 && strlen(kind->acts[i].label.en) > 0);
        }
    }
    for (size_t i = 0; i < stage_policy->category_count; i++) {
        const struct gj_category *category = &stage_policy->categories[i];
        assert_ptr_equal(gj_policy_category(stage_policy, category->code), category);
        assert_true(strlen(category->label.zh) > 0 && strlen(category->label.en) > 0);
    }
}

static void bundle_and_folder_are_the_same_policy(void **state)
{
    (void)state;
    uint8_t *bytes;
    size_t len;
    assert_int_equal(gj_policy_bundle_folder(GJ_SOURCE_DIR "/deploy/policy", &bytes, &len, &stage_problems), GJ_OK);
    struct gj_policy *copy;
    assert_int_equal(gj_policy_bundle_compile(bytes, len, 8, &copy, &stage_problems), GJ_OK);
    assert_memory_equal(copy->digest, stage_policy->digest, 32);
    assert_int_equal(copy->version, 8);
    assert_int_equal(copy->category_count, stage_policy->category_count);
    gj_policy_free(copy);
    /* Every cut and every changed byte of the frame is noticed; contents may change and still compile or not. */
    for (size_t cut = 0; cut < 64; cut++) {
        assert_int_not_equal(gj_policy_bundle_compile(bytes, cut, 8, &copy, &stage_problems), GJ_OK);
        assert_null(copy);
    }
    assert_int_equal(gj_policy_bundle_compile(bytes, len - 1, 8, &copy, &stage_problems), GJ_ECORRUPT);
    bytes[3] ^= 1;
    assert_int_equal(gj_policy_bundle_compile(bytes, len, 8, &copy, &stage_problems), GJ_ECORRUPT);
    free(bytes);
    gj_problems_init(&stage_problems);
}

static void missing_folders_and_files_are_named(void **state)
{
    (void)state;
    struct gj_policy *policy;
    gj_problems_init(&stage_problems);
    assert_int_equal(gj_policy_load_folder("/nonexistent", 1, &policy, &stage_problems), GJ_ENOTFOUND);
    assert_null(policy);
    assert_int_equal(stage_problems.total, 1);
    assert_string_equal(stage_problems.items[0].file, "policy.yaml");
    gj_problems_init(&stage_problems);
}

static void words_suggest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *category;
        uint8_t raise_to;
    } cases[] = {
        {"我被关在电梯里了，九栋一单元，灯也灭了，快点", "LFT-01", 0xff},
        {"整个单元早上起来没水，是不是又停水了？", "WAT-02", 1},
        {"插座冒火花，一股塑料烧焦的味道", "ELE-06", 0},
        {"洗手盆龙头关紧了还滴答滴答", "WAT-03", 0xff},
        {"马桶堵了，自己通了两次不行，家里只有一个卫生间", "WAT-04", 0xff},
        {"你好", NULL, 0xff},
        {"", NULL, 0xff},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gj_suggestion found = gj_policy_suggest(stage_policy, cases[i].text, strlen(cases[i].text));
        assert_int_equal(found.raise_to, cases[i].raise_to);
        assert_int_equal(found.raise_by, strstr(cases[i].text, "卫生间") != NULL);
        if (cases[i].category == NULL) {
            assert_null(found.category);
        } else {
            assert_non_null(found.category);
            assert_string_equal(found.category->code, cases[i].category);
        }
    }
}

static void numbers_of_slips(void **state)
{
    (void)state;
    char out[32];
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "repair_ticket");
    assert_true(gj_series_format(&kind->series, "0012", 2026, 42, out, sizeof out));
    assert_string_equal(out, "WX00122026000042");
    assert_true(gj_series_format(&kind->series, "0012", 2026, 1234567, out, sizeof out));
    assert_string_equal(out, "WX001220261234567"); /* more than planned grows, it does not repeat */
    assert_false(gj_series_format(&kind->series, "0012", 2026, 42, out, 16));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    uint64_t nth = 1;
    for (;; nth += nth < 12 ? 1 : 29) { /* the later ones are all blocks of the same arena */
        gj_fail_arm(NULL, nth, false);
        struct gj_policy *policy = NULL;
        enum gj_err err = gj_policy_load_folder(GJ_SOURCE_DIR "/deploy/policy", 1, &policy, &stage_problems);
        bool fired = gj_fail_disarm();
        if (!fired) {
            assert_int_equal(err, GJ_OK);
            gj_policy_free(policy);
            break;
        }
        assert_int_equal(err, GJ_ENOMEM);
        assert_null(policy);
    }
    assert_true(nth > 10);
    gj_problems_init(&stage_problems);
    for (nth = 1;; nth++) {
        uint8_t *bytes = NULL;
        size_t len;
        gj_fail_arm(NULL, nth, false);
        enum gj_err err = gj_policy_bundle_folder(GJ_SOURCE_DIR "/deploy/policy", &bytes, &len, &stage_problems);
        if (!gj_fail_disarm()) {
            assert_int_equal(err, GJ_OK);
            free(bytes);
            break;
        }
        assert_int_equal(err, GJ_ENOMEM);
        assert_null(bytes);
    }
    gj_problems_init(&stage_problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there),
        cmocka_unit_test(every_user_visible_name_is_in_two_languages),
        cmocka_unit_test(bundle_and_folder_are_the_same_policy),
        cmocka_unit_test(missing_folders_and_files_are_named),
        cmocka_unit_test(words_suggest),
        cmocka_unit_test(numbers_of_slips),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
