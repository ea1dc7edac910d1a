/* Recurring obligations: periods without gaps, due days on working days, shares rounded up. */
#include "stage.h"

#include <string.h>

#include "common/policy/obligation.h"

static gj_day day_of(const char *text)
{
    struct gj_date date;
    assert_true(gj_date_parse(text, strlen(text), &date));
    return gj_day_of(date);
}

static void declared_ones(void **state)
{
    (void)state;
    const struct gj_obligation *visits = gj_policy_obligation(stage_policy, "household_visits");
    assert_non_null(visits);
    assert_null(gj_policy_obligation(stage_policy, "tea"));
    assert_int_equal(visits->share_permille, 70);
    struct gj_period february = gj_obligation_period(visits, stage_calendar, day_of("2026-02-13"));
    assert_int_equal(february.number, 2026002);
    assert_int_equal(february.first, day_of("2026-02-01"));
    assert_int_equal(february.last, day_of("2026-02-28"));
    stage_time_is(february.opens_at, "2026-02-01T00:00:00+08:00");
    stage_time_is(february.due_at, "2026-03-01T00:00:00+08:00");
    /* five working days before Saturday the 28th, which is worked: the festival lies between them */
    stage_time_is(february.remind_at, "2026-02-14T00:00:00+08:00");
    const struct gj_obligation *sign = gj_policy_obligation(stage_policy, "duty_log_daily_sign");
    struct gj_period today = gj_obligation_period(sign, stage_calendar, day_of("2026-03-02"));
    stage_time_is(today.due_at, "2026-03-03T12:00:00+08:00");
    assert_int_equal(today.number, 2026061);
}

static void due_days_move_to_working_days(void **state)
{
    (void)state;
    /* The 5th of the month in 2026: six of twelve fall on free days. */
    struct gj_obligation list = {.every = GJ_EVERY_MONTH,
        .opens_day = 1,
        .due_day = 5,
        .due_minute = 1440,
        .shift = GJ_SHIFT_BEFORE,
        .share_permille = 1000};
    static const char *const before[] = {"2026-01-05", "2026-02-05", "2026-03-05", "2026-04-03", "2026-04-30",
        "2026-06-05", "2026-07-03", "2026-08-05", "2026-09-04", "2026-09-30", "2026-11-05", "2026-12-04"};
    size_t moved = 0;
    for (int32_t month = 1; month <= 12; month++) {
        gj_day first = gj_day_of((struct gj_date){2026, month, 1});
        list.shift = GJ_SHIFT_BEFORE;
        struct gj_period period = gj_obligation_period(&list, stage_calendar, first);
        gj_day due = gj_cst_day(period.due_at) - 1;
        assert_int_equal(due, day_of(before[month - 1]));
        assert_true(gj_calendar_day(stage_calendar, due).working);
        moved += due != first + 4;
        assert_true(period.opens_at <= period.due_at); /* May's list opens before the holiday that swallows it */
        list.shift = GJ_SHIFT_AFTER;
        gj_day after = gj_cst_day(gj_obligation_period(&list, stage_calendar, first).due_at) - 1;
        assert_true(after >= first + 4 && gj_calendar_day(stage_calendar, after).working);
        assert_int_equal(after == first + 4, due == first + 4);
        list.shift = GJ_SHIFT_KEEP;
        assert_int_equal(gj_cst_day(gj_obligation_period(&list, stage_calendar, first).due_at) - 1, first + 4);
    }
    assert_int_equal(moved, 6);
    list.shift = GJ_SHIFT_BEFORE;
    assert_true(gj_obligation_period(&list, stage_calendar, day_of("2027-05-01")).provisional);
}

static void periods_join_without_gaps(void **state)
{
    (void)state;
    for (int every = GJ_EVERY_DAY; every <= GJ_EVERY_YEAR; every++) {
        struct gj_obligation obligation = {.every = (enum gj_every)every, .opens_day = 1, .due_minute = 1440};
        struct gj_period period = gj_obligation_period(&obligation, stage_calendar, day_of("2024-12-25"));
        for (int i = 0; i < 800; i++) {
            assert_true(period.first <= period.last);
            /* Every day of a period finds that very period. */
            struct gj_period again = gj_obligation_period(&obligation, stage_calendar, period.last);
            assert_int_equal(again.first, period.first);
            assert_int_equal(again.number, period.number);
            struct gj_period next = gj_obligation_next(&obligation, stage_calendar, &period);
            assert_int_equal(next.first, period.last + 1);
            assert_true(next.number > period.number);
            assert_true(next.due_at > period.due_at);
            period = next;
            if (gj_date_of(period.last).year > 2040) {
                break;
            }
        }
    }
}

static void shares_are_rounded_up(void **state)
{
    (void)state;
    struct gj_obligation visits = {.share_permille = 70};
    assert_int_equal(gj_obligation_owed(&visits, 2000), 140);
    assert_int_equal(gj_obligation_owed(&visits, 2001), 141);
    assert_int_equal(gj_obligation_owed(&visits, 1), 1);
    assert_int_equal(gj_obligation_owed(&visits, 0), 0);
    struct gj_obligation all = {.share_permille = 1000};
    assert_int_equal(gj_obligation_owed(&all, UINT64_C(1) << 60), UINT64_C(1) << 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_ones),
        cmocka_unit_test(due_days_move_to_working_days),
        cmocka_unit_test(periods_join_without_gaps),
        cmocka_unit_test(shares_are_rounded_up),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
