/* Clocks: scaled and manual ones, and when a wall clock is not believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/clock.h"

#define MINUTE INT64_C(60000)
#define DAY INT64_C(86400000)

static struct gj_sample sample(int64_t wall_ms, int64_t boot_ms)
{
    return (struct gj_sample){wall_ms, boot_ms};
}

static void real_clock_runs(void **state)
{
    (void)state;
    struct gj_clock clock;
    gj_clock_init_real(&clock);
    struct gj_sample first = gj_clock_sample(&clock);
    struct gj_sample second = gj_clock_sample(&clock);
    assert_true(first.wall_ms > INT64_C(1700000000000));
    assert_true(second.boot_ms >= first.boot_ms);
    assert_int_equal(gj_clock_real_wait_ms(&clock, 500), 500);
}

static void scaled_clock_tells_a_story(void **state)
{
    (void)state;
    struct gj_clock clock;
    gj_clock_init_scaled(&clock, 1000000, 600);
    clock.origin.boot_ms -= 1000; /* as if it had been started a second ago */
    int64_t now_ms = gj_clock_now_ms(&clock);
    assert_true(now_ms >= 1000000 + 600000);
    assert_true(now_ms < 1000000 + 600000 + 600 * 5000);
    assert_int_equal(gj_clock_real_wait_ms(&clock, 600000), 1000);
    assert_int_equal(gj_clock_real_wait_ms(&clock, 1), 1);
    assert_int_equal(gj_clock_real_wait_ms(&clock, 0), 0);
}

static void manual_clock_obeys(void **state)
{
    (void)state;
    struct gj_clock clock;
    gj_clock_init_manual(&clock, 5000, 100);
    gj_clock_advance(&clock, 50);
    gj_clock_jump_wall(&clock, -1000);
    struct gj_sample now = gj_clock_sample(&clock);
    assert_int_equal(now.wall_ms, 4050);
    assert_int_equal(now.boot_ms, 150);
}

static void small_drift_is_followed(void **state)
{
    (void)state;
    struct gj_watch watch;
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
    int64_t wall = 1000 * DAY;
    for (int64_t i = 1; i <= 100; i++) {
        wall += MINUTE + 10000; /* ten seconds a minute: never a whole minute between two samples */
        assert_int_equal(gj_watch_stamp(&watch, sample(wall, i * MINUTE)), wall);
        assert_false(watch.held);
    }
}

static void a_jump_holds_timers_and_stamps_follow_boot_time(void **state)
{
    (void)state;
    for (int64_t jump = -3 * DAY; jump <= 3 * DAY; jump += 6 * DAY) {
        struct gj_watch watch;
        gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
        assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 1000 + jump, 1000)), 1000 * DAY + 1000);
        assert_true(watch.held);
        assert_int_equal(gj_watch_drift_ms(&watch, sample(1000 * DAY + 2000 + jump, 2000)), jump);
        assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 2000 + jump, 2000)), 1000 * DAY + 2000);
        /* Setting the wall clock right again does not release it by itself: a person looks. */
        assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 3000, 3000)), 1000 * DAY + 3000);
        assert_true(watch.held);
        gj_watch_accept(&watch, sample(1000 * DAY + 4000, 4000));
        assert_false(watch.held);
        assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 5000, 5000)), 1000 * DAY + 5000);
    }
}

static void the_limit_is_one_minute(void **state)
{
    (void)state;
    struct gj_watch watch;
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
    (void)gj_watch_stamp(&watch, sample(1000 * DAY + MINUTE, 0));
    assert_false(watch.held);
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
    (void)gj_watch_stamp(&watch, sample(1000 * DAY + MINUTE + 1, 0));
    assert_true(watch.held);
}

static void stamps_never_run_backwards(void **state)
{
    (void)state;
    struct gj_watch watch;
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
    assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 30000, 100)), 1000 * DAY + 30000);
    assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 1000, 200)), 1000 * DAY + 30000);
    assert_false(watch.held);
    gj_watch_accept(&watch, sample(900 * DAY, 300));
    assert_int_equal(gj_watch_stamp(&watch, sample(900 * DAY, 300)), 1000 * DAY + 30000);
}

static void a_start_is_judged_by_the_last_stamp(void **state)
{
    (void)state;
    struct gj_watch watch;
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 0);
    assert_false(watch.held); /* a new store */
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 1000 * DAY - GJ_CLOCK_GAP_MAX_MS);
    assert_false(watch.held);
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 1000 * DAY - GJ_CLOCK_GAP_MAX_MS - 1);
    assert_true(watch.held);
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 1000 * DAY + MINUTE);
    assert_false(watch.held);
    assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 10, 10)), 1000 * DAY + MINUTE);
    gj_watch_begin(&watch, sample(1000 * DAY, 0), 1000 * DAY + MINUTE + 1);
    assert_true(watch.held);
    assert_int_equal(gj_watch_stamp(&watch, sample(1000 * DAY + 10, 10)), 1000 * DAY + MINUTE + 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_clock_runs),
        cmocka_unit_test(scaled_clock_tells_a_story),
        cmocka_unit_test(manual_clock_obeys),
        cmocka_unit_test(small_drift_is_followed),
        cmocka_unit_test(a_jump_holds_timers_and_stamps_follow_boot_time),
        cmocka_unit_test(the_limit_is_one_minute),
        cmocka_unit_test(stamps_never_run_backwards),
        cmocka_unit_test(a_start_is_judged_by_the_last_stamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
