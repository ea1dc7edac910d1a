/* Clocks that run out: in time, once, in groups, after a restart, and not while the clock is held. */
#include "core/fixture.h"

#include <stdio.h>

#include "core/commit.h"
#include "core/due.h"
#include "core/health.h"

struct row {
    int64_t at_ms;
    uint64_t id;
    uint16_t call; /* not 0: a row of TIMER */
};

static void put_row(struct gj_txn *txn, void *owner)
{
    const struct row *row = owner;
    struct gj_key key;

    gj_key_init(&key);
    gj_key_i64(&key, row->at_ms);
    if (row->call != 0) {
        gj_key_u16(&key, row->call);
        gj_txn_put(txn, GJ_TABLE_TIMER, &key, "", 0);
    } else {
        gj_key_u64(&key, row->id);
        gj_txn_put(txn, GJ_TABLE_DUE, &key, "", 0);
    }
}

static void add(struct fixture *fixture, int64_t in_ms, uint64_t id)
{
    struct row row = {.at_ms = gj_clock_now_ms(&fixture->clock) + in_ms, .id = id};

    fixture_write(fixture, put_row, &row);
}

static uint64_t fired(struct fixture *fixture, uint64_t id)
{
    char name[32];

    snprintf(name, sizeof name, "fired.%llu", (unsigned long long)id);
    return fixture_number(fixture, name);
}

static void start(struct fixture *fixture)
{
    assert_int_equal(gj_due_open(&fixture->core, &fixture->core.due), GJ_OK);
}

static void test_what_is_due_fires_once(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, -5, 1);
    add(fixture, 0, 2);
    add(fixture, 60000, 3);
    start(fixture);
    fixture_run(fixture, 600);
    assert_int_equal(fired(fixture, 1), 1);
    assert_int_equal(fired(fixture, 2), 1);
    assert_int_equal(fired(fixture, 3), 0);
    gj_clock_advance(&fixture->clock, 60000);
    gj_due_clock(fixture->core.due);
    fixture_run(fixture, 600);
    assert_int_equal(fired(fixture, 1), 1);
    assert_int_equal(fired(fixture, 3), 1);
}

static void test_many_fire_in_groups(void **state)
{
    struct fixture *fixture = *state;
    struct gj_commit_figures figures;

    for (uint64_t id = 1; id <= 3 * GJ_DUE_GROUP_MAX; id++) {
        add(fixture, -1, id);
    }
    start(fixture);
    fixture_run(fixture, 400);
    for (uint64_t id = 1; id <= 3 * GJ_DUE_GROUP_MAX; id++) {
        assert_int_equal(fired(fixture, id), 1);
    }
    gj_commit_figures(fixture->core.commit, &figures);
    assert_int_equal(figures.commands, 3);
}

static void test_a_restart_loses_and_repeats_nothing(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, -5, 1);
    start(fixture);
    fixture_run(fixture, 600);
    add(fixture, 1000, 2);
    fixture_restart(fixture);
    gj_clock_advance(&fixture->clock, 5000);
    start(fixture);
    fixture_run(fixture, 600);
    assert_int_equal(fired(fixture, 1), 1);
    assert_int_equal(fired(fixture, 2), 1);
}

static void test_a_held_clock_holds_timers(void **state)
{
    struct fixture *fixture = *state;

    gj_clock_jump_wall(&fixture->clock, INT64_C(3600000));
    add(fixture, -60000, 1);
    start(fixture);
    fixture_run(fixture, 600);
    assert_true(fixture->core.watch.held);
    assert_int_equal(fired(fixture, 1), 0);
    assert_int_equal(fixture_number(fixture, "clock.held"), 1);
    gj_core_trust_clock(&fixture->core);
    fixture_run(fixture, 600);
    assert_false(fixture->core.watch.held);
    assert_int_equal(fixture_number(fixture, "clock.trusted"), 1);
    assert_int_equal(fired(fixture, 1), 1);
}

static void test_other_timers_name_their_call(void **state)
{
    struct fixture *fixture = *state;
    struct row row = {.at_ms = gj_clock_now_ms(&fixture->clock) - 1, .call = CALL_TICK};

    fixture_write(fixture, put_row, &row);
    start(fixture);
    fixture_run(fixture, 600);
    assert_int_equal(fixture_number(fixture, "tick"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_due_fires_once),
        TEST(test_many_fire_in_groups),
        TEST(test_a_restart_loses_and_repeats_nothing),
        TEST(test_a_held_clock_holds_timers),
        TEST(test_other_timers_name_their_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
