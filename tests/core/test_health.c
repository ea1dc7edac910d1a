/* Alarms, versions of the policy, invitations' secrets: small parts that others lean on. */
#include "core/fixture.h"

#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "core/health.h"
#include "core/invitation.h"
#include "core/policies.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

static size_t alarms(struct fixture *fixture, const char *first)
{
    struct gj_arena arena;
    Gj__V1__Health health;
    struct gj_ctx ctx = {.core = &fixture->core, .arena = &arena};

    gj_arena_init(&arena, 1 << 20);
    assert_int_equal(gj_txn_begin_read(fixture->core.store, &ctx.txn), GJ_OK);
    gj_health_fill(fixture->core.health, &ctx, &health);
    assert_int_equal(health.policy, 1);
    assert_int_equal(health.events, 1);
    assert_int_equal(health.root.len, 32);
    size_t count = health.n_alarms;
    if (first != NULL) {
        assert_string_equal(health.alarms[0], first);
    }
    gj_txn_abort(ctx.txn);
    gj_arena_fini(&arena);
    return count;
}

static void test_alarms_are_raised_once_and_cleared(void **state)
{
    struct fixture *fixture = *state;
    char code[32];

    assert_int_equal(alarms(fixture, NULL), 0);
    gj_health_raise(fixture->core.health, "a");
    gj_health_raise(fixture->core.health, "a");
    gj_health_raise(fixture->core.health, "b");
    assert_int_equal(alarms(fixture, "a"), 2);
    gj_health_clear(fixture->core.health, "a");
    gj_health_clear(fixture->core.health, "unknown");
    assert_int_equal(alarms(fixture, "b"), 1);
    for (unsigned i = 0; i < 3 * GJ_ALARMS_MAX; i++) {
        snprintf(code, sizeof code, "many.%u", i);
        gj_health_raise(fixture->core.health, code);
    }
    assert_int_equal(alarms(fixture, "b"), GJ_ALARMS_MAX);
}

static void test_a_failed_backup_is_an_alarm_until_one_succeeds(void **state)
{
    struct fixture *fixture = *state;

    gj_health_backup(fixture->core.health, 5, "GJ_ENOSPC");
    assert_int_equal(alarms(fixture, "backup.failed"), 1);
    gj_health_backup(fixture->core.health, 6, NULL);
    assert_int_equal(alarms(fixture, NULL), 0);
}

/* The second version is the first one's files under another number. */
static void add_version(struct gj_txn *txn, void *owner)
{
    struct gj_arena *arena = owner;
    Gj__Stored__Policy *row = NULL;
    struct gj_key first = gj_key_of_u64(1);
    struct gj_key second = gj_key_of_u64(2);

    assert_true(gj_record_load(txn, GJ_TABLE_POLICY, &first, &gj__stored__policy__descriptor, arena, (void **)&row));
    row->version = 2;
    gj_record_save(txn, GJ_TABLE_POLICY, &second, &row->base);
    gj_policies_activate(txn, 2);
}

static void test_each_snapshot_sees_its_own_policy(void **state)
{
    struct fixture *fixture = *state;
    struct gj_policies *policies = fixture->core.policies;
    struct gj_arena arena;
    struct gj_txn *before = NULL;
    struct gj_txn *after = NULL;

    gj_arena_init(&arena, 8 << 20);
    assert_int_equal(gj_txn_begin_read(fixture->core.store, &before), GJ_OK);
    fixture_write(fixture, add_version, &arena);
    assert_int_equal(gj_txn_begin_read(fixture->core.store, &after), GJ_OK);
    assert_int_equal(gj_policies_current(policies, before)->version, 1);
    assert_int_equal(gj_policies_current(policies, after)->version, 2);
    assert_ptr_equal(gj_policies_at(policies, after, 1), gj_policies_current(policies, before));
    assert_null(gj_policies_at(policies, after, 3));
    assert_null(gj_policies_at(policies, after, 0));
    assert_int_equal(gj_policies_load(policies, after, NULL), GJ_OK);
    gj_txn_abort(before);
    gj_txn_abort(after);
    gj_arena_fini(&arena);
}

static void test_an_invitation_opens_with_its_own_token_alone(void **state)
{
    uint8_t master[32] = {1};
    uint8_t key[GJ_SECRET_KEY_SIZE];
    uint8_t other_key[GJ_SECRET_KEY_SIZE];
    uint8_t token[GJ_TOKEN_ID_SIZE] = {2};
    uint8_t secret[GJ_NOISE_KEY_SIZE] = {3};
    uint8_t sealed[GJ_INVITATION_SEALED_SIZE];
    uint8_t opened[GJ_NOISE_KEY_SIZE];

    (void)state;
    gj_invitation_key(master, key);
    master[0] = 9;
    gj_invitation_key(master, other_key);
    gj_invitation_seal(key, token, secret, sealed);
    assert_int_equal(gj_invitation_open(key, token, sealed, sizeof sealed, opened), GJ_OK);
    assert_memory_equal(opened, secret, sizeof secret);
    assert_int_equal(gj_invitation_open(other_key, token, sealed, sizeof sealed, opened), GJ_ECRYPTO);
    token[0] ^= 1;
    assert_int_equal(gj_invitation_open(key, token, sealed, sizeof sealed, opened), GJ_ECRYPTO);
    token[0] ^= 1;
    assert_int_equal(gj_invitation_open(key, token, sealed, sizeof sealed - 1, opened), GJ_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_alarms_are_raised_once_and_cleared),
        TEST(test_a_failed_backup_is_an_alarm_until_one_succeeds),
        TEST(test_each_snapshot_sees_its_own_policy),
        TEST(test_an_invitation_opens_with_its_own_token_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
