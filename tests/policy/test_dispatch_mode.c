/* Which mode of dispatch a ticket has: the first fitting rule, and people's choice where none fits. */
#include "stage.h"

#include "common/policy/dispatch_mode.h"

static void as_shipped_people_choose(void **state)
{
    (void)state;
    const struct gj_dispatch_rules *rules = stage_policy->dispatch;
    assert_non_null(rules);
    assert_true(rules->load_max > 0);
    for (uint8_t priority = 0; priority <= GJ_NO_PRIORITY; priority++) {
        assert_int_equal(gj_dispatch_mode_for(rules, "HZ01", priority, "LFT-01").mode, GJ_ASSIGN_MANUAL);
    }
    assert_int_equal(gj_dispatch_mode_for(NULL, "HZ01", 0, NULL).mode, GJ_ASSIGN_MANUAL);
}

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    static const char *const two[] = {"HZ01", "HZ02"};
    static const struct gj_dispatch_rule items[] = {
        {.offices = two, .office_count = 2, .priorities = 1U << 2, .category = "WAT", .mode = GJ_ASSIGN_ROUND_ROBIN},
        {.offices = two, .office_count = 2, .mode = GJ_ASSIGN_AUTOMATIC, .skill = 3},
        {.category = "WAT-0", .mode = GJ_ASSIGN_OFFER, .offer_max = 4},
    };
    struct gj_dispatch_rules rules = {.items = items, .count = 3, .load_max = 8};
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ02", 2, "WAT-03").mode, GJ_ASSIGN_ROUND_ROBIN);
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ02", 3, "WAT-03").mode, GJ_ASSIGN_AUTOMATIC);
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ02", 3, "WAT-03").skill, 3);
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ0", 2, "WAT-03").mode, GJ_ASSIGN_OFFER);
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ03", 2, "WAT-03").offer_max, 4);
    assert_int_equal(gj_dispatch_mode_for(&rules, "HZ03", 2, "WAT").mode, GJ_ASSIGN_MANUAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_shipped_people_choose),
        cmocka_unit_test(the_first_rule_that_fits_decides),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
