/* Pure decisions about people and rights, against the product's own roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/calendar.h"
#include "service/admin/admin_rules.h"

static struct gj_policy *policy;

static int load_policy(void **state)
{
    struct gj_problems *problems = calloc(1, sizeof *problems);
    (void)state;
    gj_problems_init(problems);
    enum gj_err err = gj_policy_load_folder(GJ_SOURCE_DIR "/deploy/policy", 1, &policy, problems);
    free(problems);
    return err == GJ_OK ? 0 : -1;
}

static int free_policy(void **state)
{
    (void)state;
    gj_policy_free(policy);
    return 0;
}

static void assert_fault(struct gj_admin_fault fault, const char *code)
{
    if (code == NULL) {
        assert_null(fault.code);
    } else {
        assert_non_null(fault.code);
        assert_string_equal(fault.code, code);
    }
}

static gj_roles bit(const char *role)
{
    return GJ_ROLE_BIT(gj_policy_role(policy, role)->number);
}

static void test_logins(void **state)
{
    static const char *const good[] = {"ab", "zhang.san", "0001-desk_2"};
    static const char *const bad[] = {
        "", "a", "Zhang", ".ab", "张三", "a b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(gj_admin_rules_login(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(gj_admin_rules_login(bad[i]));
    }
}

static void test_devices(void **state)
{
    (void)state;
    assert_fault(gj_admin_rules_device("desk", 1), NULL);
    assert_fault(gj_admin_rules_device("headquarters", 0), NULL);
    assert_fault(gj_admin_rules_device("headquarters", 1), "field_range");
    assert_fault(gj_admin_rules_device("", 1), "field_missing");
    assert_fault(gj_admin_rules_device("fridge", 1), "field_choice");
}

static void test_where_a_role_is_held(void **state)
{
    (void)state;
    assert_fault(gj_admin_rules_grant(policy, "tech", 1, 0), NULL);
    assert_fault(gj_admin_rules_grant(policy, "tech", 0, 0), "field_missing");
    assert_fault(gj_admin_rules_grant(policy, "tech", 0, 1), "field_range");
    assert_fault(gj_admin_rules_grant(policy, "finance", 0, 1), NULL);
    assert_fault(gj_admin_rules_grant(policy, "hq_qa", 0, 0), NULL);
    assert_fault(gj_admin_rules_grant(policy, "hq_qa", 0, 1), NULL);
    assert_fault(gj_admin_rules_grant(policy, "hq_qa", 1, 1), "field_twice");
    assert_fault(gj_admin_rules_grant(policy, "", 1, 0), "field_missing");
    assert_fault(gj_admin_rules_grant(policy, "emperor", 1, 0), "field_choice");
}

/* Every role against every role: alone only what the policy lists, and never outside an office. */
static void test_who_gives_what_alone(void **state)
{
    (void)state;
    for (size_t giver = 0; giver < policy->role_count; giver++) {
        for (size_t given = 0; given < policy->role_count; given++) {
            const struct gj_role *from = &policy->roles[giver];
            const struct gj_role *to = &policy->roles[given];
            bool listed = (from->grants & GJ_ROLE_BIT(to->number)) != 0;
            gj_roles held = GJ_ROLE_BIT(from->number);
            assert_int_equal(gj_admin_rules_may_grant_alone(policy, held, to->code, 1), listed);
            assert_false(gj_admin_rules_may_grant_alone(policy, held, to->code, 0));
        }
    }
    assert_true(gj_admin_rules_may_grant_alone(policy, bit("director"), "tech", 1));
    assert_false(gj_admin_rules_may_grant_alone(policy, bit("sysadmin"), "tech", 1));
}

static void test_consent(void **state)
{
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    (void)state;
    grant.pending = true;
    grant.granted_by = 5;
    assert_fault(gj_admin_rules_approve(&grant, 7, 6), NULL);
    assert_fault(gj_admin_rules_approve(&grant, 7, 5), "approver_is_requester");
    assert_fault(gj_admin_rules_approve(&grant, 7, 7), "approver_is_requester");
    grant.pending = false;
    assert_fault(gj_admin_rules_approve(&grant, 7, 6), "no_approval_pending");
}

static void test_own_staff(void **state)
{
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    Gj__Stored__Grant *grants[] = {&grant};
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    (void)state;
    user.office = 1;
    user.grants = grants;
    user.n_grants = 1;
    grant.role = "tech";
    grant.office = 1;
    assert_fault(gj_admin_rules_own_staff(policy, bit("eng_lead"), 1, &user), NULL);
    assert_fault(gj_admin_rules_own_staff(policy, bit("cs_lead"), 1, &user), "role_above");
    assert_fault(gj_admin_rules_own_staff(policy, bit("director"), 2, &user), "other_office");
    grant.office = 2;
    assert_fault(gj_admin_rules_own_staff(policy, bit("director"), 1, &user), "other_office");
    grant.office = 1;
    grant.role = "director";
    assert_fault(gj_admin_rules_own_staff(policy, bit("director"), 1, &user), "role_above");
    /* A role that waits for consent counts as held: the account may have it tomorrow. */
    grant.pending = true;
    assert_fault(gj_admin_rules_own_staff(policy, bit("director"), 1, &user), "role_above");
    user.n_grants = 0;
    assert_fault(gj_admin_rules_own_staff(policy, bit("cs_lead"), 1, &user), NULL);
}

static void test_delegation(void **state)
{
    const int64_t now = INT64_C(1767574800000);
    struct gj_grant grants[] = {{.role = gj_policy_role(policy, "cs_lead")->number, .office = 1},
        {.role = gj_policy_role(policy, "eng_lead")->number, .office = 1, .delegated_by = 8},
        {.role = gj_policy_role(policy, "tech")->number, .office = 1}};
    struct gj_actor actor = {.user = 3, .grants = grants, .grant_count = 3};
    Gj__Stored__User to = GJ__STORED__USER__INIT;
    (void)state;
    to.id = 4;
#define LEND(role, office, from, until)                                                                                \
    gj_admin_rules_delegate(policy, &actor, &to, (role), (office), (from), (until), now)
    assert_fault(LEND("cs_lead", 1, now, now + GJ_MS_PER_DAY), NULL);
    assert_fault(LEND("cs_lead", 1, now, now + 31 * GJ_MS_PER_DAY), NULL);
    assert_fault(LEND("cs_lead", 1, now, now + 31 * GJ_MS_PER_DAY + 1), "field_range");
    assert_fault(LEND("cs_lead", 2, now, now + GJ_MS_PER_DAY), "role_not_held");
    assert_fault(LEND("eng_lead", 1, now, now + GJ_MS_PER_DAY), "role_not_held");
    assert_fault(LEND("tech", 1, now, now + GJ_MS_PER_DAY), "role_not_delegable");
    assert_fault(LEND("cs_lead", 1, now - GJ_MS_PER_HOUR, now + GJ_MS_PER_DAY), "field_range");
    assert_fault(LEND("cs_lead", 1, now, now), "field_range");
    to.disabled = true;
    assert_fault(LEND("cs_lead", 1, now, now + GJ_MS_PER_DAY), "reference_inactive");
    to.disabled = false;
    to.id = 3;
    assert_fault(LEND("cs_lead", 1, now, now + GJ_MS_PER_DAY), "field_range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_where_a_role_is_held),
        cmocka_unit_test(test_who_gives_what_alone),
        cmocka_unit_test(test_consent),
        cmocka_unit_test(test_own_staff),
        cmocka_unit_test(test_delegation),
    };
    return cmocka_run_group_tests(tests, load_policy, free_policy);
}
