/* Who acts with which rights at which moment: grants, lent roles, what takes them away, and the cache that must not
 * outlive them. */
#include "core/fixture.h"

#include <string.h>

#include "common/arena.h"
#include "common/policy/policy.h"
#include "core/actor.h"
#include "core/policies.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define OFFICE 7
#define ROLE "cs_lead"
#define BEGINS INT64_C(1000)
#define ENDS INT64_C(2000)

struct lent {
    uint64_t from, to;
    bool ended;
};

static void put_delegation(struct gj_txn *txn, void *owner)
{
    const struct lent *lent = owner;
    Gj__Stored__Delegation row = GJ__STORED__DELEGATION__INIT;
    struct gj_key key = gj_key_of_u64(1);

    row.id = 1;
    row.from_user = lent->from;
    row.to_user = lent->to;
    row.role = (char *)ROLE;
    row.office = OFFICE;
    row.from = BEGINS;
    row.until = ENDS;
    row.ended = lent->ended;
    gj_record_save(txn, GJ_TABLE_DELEGATION, &key, &row.base);
    gj_actor_rights_changed(txn);
}

struct change {
    uint64_t user;
    bool disabled;
    const char *role;
    bool pending;
};

static void put_user(struct gj_txn *txn, void *owner)
{
    const struct change *change = owner;
    Gj__Stored__User row = GJ__STORED__USER__INIT;
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    Gj__Stored__Grant *grants[] = {&grant};
    struct gj_key key = gj_key_of_u64(change->user);

    row.id = change->user;
    row.disabled = change->disabled;
    grant.role = (char *)change->role;
    grant.office = OFFICE;
    grant.pending = change->pending;
    row.grants = grants;
    row.n_grants = change->role != NULL;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row.base);
    gj_actor_rights_changed(txn);
}

static void revoke_device(struct gj_txn *txn, void *owner)
{
    Gj__Stored__Device row = GJ__STORED__DEVICE__INIT;
    struct gj_key key = gj_key_of_u64(*(uint64_t *)owner);

    row.id = *(uint64_t *)owner;
    row.revoked_at = 5;
    gj_record_save(txn, GJ_TABLE_DEVICE, &key, &row.base);
    gj_actor_rights_changed(txn);
}

/* Whether the user leads the office at that moment, asked through a cache that has seen other moments. */
static enum gj_err leads(
    struct fixture *fixture, struct gj_actor_cache *cache, uint64_t user, uint64_t device, int64_t now_ms, bool *out)
{
    struct gj_txn *txn = NULL;
    const struct gj_actor *actor = NULL;

    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    const struct gj_policy *policy = gj_policies_current(fixture->core.policies, txn);
    enum gj_err err = gj_actor_cache_get(cache, txn, policy, user, device, now_ms, &actor);
    if (err == GJ_OK) {
        const struct gj_role *role = gj_policy_role(policy, ROLE);

        assert_non_null(role);
        *out = (gj_actor_roles(actor, OFFICE, 0) & GJ_ROLE_BIT(role->number)) != 0;
        assert_true((gj_actor_roles(actor, OFFICE + 1, 0) & GJ_ROLE_BIT(role->number)) == 0);
    }
    gj_txn_abort(txn);
    return err;
}

static void test_a_lent_role_begins_and_ends(void **state)
{
    struct fixture *fixture = *state;
    struct gj_actor_cache *cache = NULL;
    struct lent lent = {
        .from = fixture_user(fixture, "lead", ROLE, OFFICE), .to = fixture_user(fixture, "other", NULL, 0)};
    bool yes = false;

    assert_int_equal(gj_actor_cache_new(&cache), GJ_OK);
    fixture_write(fixture, put_delegation, &lent);
    const struct {
        int64_t at_ms;
        bool leads;
    } moments[] = {{500, false}, {BEGINS - 1, false}, {BEGINS, true}, {1500, true}, {ENDS - 1, true}, {ENDS, false},
        {9999, false}};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        assert_int_equal(leads(fixture, cache, lent.to, 0, moments[i].at_ms, &yes), GJ_OK);
        assert_int_equal(yes, moments[i].leads);
        assert_int_equal(leads(fixture, cache, lent.from, 0, moments[i].at_ms, &yes), GJ_OK);
        assert_true(yes);
    }
    gj_actor_cache_free(cache);
}

static void test_what_takes_a_lent_role_away(void **state)
{
    struct fixture *fixture = *state;
    struct gj_actor_cache *cache = NULL;
    struct lent lent = {
        .from = fixture_user(fixture, "lead", ROLE, OFFICE), .to = fixture_user(fixture, "other", NULL, 0)};
    struct change gone = {.user = lent.from, .disabled = true, .role = ROLE};
    struct change waits = {.user = lent.from, .role = ROLE, .pending = true};
    struct change back = {.user = lent.from, .role = ROLE};
    bool yes = false;

    assert_int_equal(gj_actor_cache_new(&cache), GJ_OK);
    fixture_write(fixture, put_delegation, &lent);
    assert_int_equal(leads(fixture, cache, lent.to, 0, 1500, &yes), GJ_OK);
    assert_true(yes);
    fixture_write(fixture, put_user, &gone);
    assert_int_equal(leads(fixture, cache, lent.to, 0, 1500, &yes), GJ_OK);
    assert_false(yes);
    assert_int_equal(leads(fixture, cache, lent.from, 0, 1500, &yes), GJ_EDENIED);
    fixture_write(fixture, put_user, &waits);
    assert_int_equal(leads(fixture, cache, lent.to, 0, 1500, &yes), GJ_OK);
    assert_false(yes);
    fixture_write(fixture, put_user, &back);
    assert_int_equal(leads(fixture, cache, lent.to, 0, 1500, &yes), GJ_OK);
    assert_true(yes);
    lent.ended = true;
    fixture_write(fixture, put_delegation, &lent);
    assert_int_equal(leads(fixture, cache, lent.to, 0, 1500, &yes), GJ_OK);
    assert_false(yes);
    gj_actor_cache_free(cache);
}

static void test_devices_and_strangers(void **state)
{
    struct fixture *fixture = *state;
    struct gj_actor_cache *cache = NULL;
    uint64_t user = fixture_user(fixture, "lead", ROLE, OFFICE);
    uint64_t device = fixture_device(fixture, OFFICE);
    bool yes = false;

    assert_int_equal(gj_actor_cache_new(&cache), GJ_OK);
    assert_int_equal(leads(fixture, cache, user, device, 1, &yes), GJ_OK);
    assert_true(yes);
    assert_int_equal(leads(fixture, cache, user, device + 1, 1, &yes), GJ_ENOTFOUND);
    assert_int_equal(leads(fixture, cache, user + 1, device, 1, &yes), GJ_ENOTFOUND);
    fixture_write(fixture, revoke_device, &device);
    assert_int_equal(leads(fixture, cache, user, device, 1, &yes), GJ_EDENIED);
    gj_actor_cache_free(cache);
}

static void test_the_system_holds_its_role_everywhere(void **state)
{
    (void)state;
    assert_int_equal(gj_actor_system()->user, 0);
    assert_true((gj_actor_roles(gj_actor_system(), OFFICE, 3) & GJ_ROLE_BIT(GJ_ROLE_SYSTEM)) != 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_lent_role_begins_and_ends),
        TEST(test_what_takes_a_lent_role_away),
        TEST(test_devices_and_strangers),
        TEST(test_the_system_holds_its_role_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
