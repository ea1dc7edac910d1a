/* The calendar against the law's vectors, against itself day by day, and against broken tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/calendar.h"
#include "common/fail.h"

static struct gj_calendar *calendar;

static int load(void **state)
{
    (void)state;
    struct gj_calendar_fault fault;
    enum gj_err err = gj_calendar_load(GJ_SOURCE_DIR "/deploy/calendars/cn.tsv", &calendar, &fault);
    if (err != GJ_OK) {
        print_error("line %zu: %s\n", fault.line, fault.text);
    }
    return err == GJ_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    gj_calendar_free(calendar);
    return 0;
}

static gj_day day_of(const char *text)
{
    struct gj_date date;
    assert_true(gj_date_parse(text, strlen(text), &date));
    return gj_day_of(date);
}

/* Start, working days to add, expected day: around every official holiday, over make-up Saturdays and Sundays. */
static const struct {
    const char *from;
    int32_t days;
    const char *due;
} vectors[] = {
    {"2026-09-30", 2, "2026-10-09"},
    {"2026-02-13", 2, "2026-02-24"},
    {"2026-02-14", 2, "2026-02-25"},
    {"2026-05-08", 2, "2026-05-11"},
    {"2026-01-01", 2, "2026-01-05"},
    {"2026-04-03", 2, "2026-04-08"},
    {"2025-09-27", 2, "2025-09-29"},
    {"2025-01-24", 2, "2025-01-27"},
    {"2026-06-01", 15, "2026-06-23"},
    {"2026-02-09", 15, "2026-03-06"},
    {"2026-09-16", 15, "2026-10-13"},
    {"2026-12-01", 15, "2026-12-22"},
};

static void vectors_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct gj_day_result found = gj_calendar_add_working(calendar, day_of(vectors[i].from), vectors[i].days);
        char text[GJ_DATE_TEXT_SIZE];
        gj_date_format(found.day, text);
        assert_string_equal(text, vectors[i].due);
        assert_false(found.provisional);
    }
}

static void years_have_their_working_days(void **state)
{
    (void)state;
    assert_int_equal(gj_calendar_count_working(calendar, day_of("2024-12-31"), day_of("2025-12-31")), 248);
    assert_int_equal(gj_calendar_count_working(calendar, day_of("2025-12-31"), day_of("2026-12-31")), 248);
    int32_t first;
    int32_t last;
    gj_calendar_years(calendar, &first, &last);
    assert_int_equal(first, 2025);
    assert_int_equal(last, 2027);
}

static void adding_and_counting_agree(void **state)
{
    (void)state;
    for (gj_day from = day_of("2025-01-01"); from <= day_of("2026-06-30"); from++) {
        for (int32_t n = 1; n <= 20; n++) {
            struct gj_day_result found = gj_calendar_add_working(calendar, from, n);
            assert_int_equal(gj_calendar_count_working(calendar, from, found.day), n);
            assert_true(gj_calendar_day(calendar, found.day).working);
        }
        struct gj_day_result before = gj_calendar_working_or_before(calendar, from);
        assert_true(before.day <= from);
        assert_int_equal(gj_calendar_count_working(calendar, before.day, from), 0);
    }
}

static void unofficial_days_make_results_provisional(void **state)
{
    (void)state;
    assert_false(gj_calendar_add_working(calendar, day_of("2026-12-30"), 1).provisional);
    assert_true(gj_calendar_add_working(calendar, day_of("2026-12-31"), 1).provisional);       /* projected 2027 */
    struct gj_day_result missing = gj_calendar_add_working(calendar, day_of("2030-03-01"), 1); /* a Friday */
    assert_true(missing.provisional);
    assert_int_equal(missing.day, day_of("2030-03-04"));
    assert_false(gj_calendar_day(calendar, day_of("2030-03-04")).listed);
    assert_true(gj_calendar_day(calendar, day_of("2027-03-05")).listed);
    assert_false(gj_calendar_day(calendar, day_of("2027-03-05")).official);
    assert_false(gj_calendar_add_working(calendar, day_of("2027-03-05"), 0).provisional);
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_true(gj_time_parse(text, strlen(text), &ms));
    return ms;
}

static void alarm_rings_from_december(void **state)
{
    (void)state;
    assert_false(gj_calendar_alarm(calendar, at("2026-11-30T23:59:59+08:00")));
    assert_true(gj_calendar_alarm(calendar, at("2026-12-01T00:00:00+08:00")));
    assert_false(gj_calendar_alarm(calendar, at("2025-12-31T12:00:00+08:00")));
    assert_true(gj_calendar_alarm(calendar, at("2027-05-01T12:00:00+08:00")));
    struct gj_calendar *empty;
    assert_int_equal(gj_calendar_empty(&empty), GJ_OK);
    assert_true(gj_calendar_alarm(empty, at("2026-05-01T12:00:00+08:00")));
    assert_true(gj_calendar_day(empty, day_of("2026-05-08")).working);
    assert_false(gj_calendar_day(empty, day_of("2026-05-09")).working); /* a make-up day it does not know */
    gj_calendar_free(empty);
}

/* libc's own arithmetic as the second opinion. */
static void dates_agree_with_libc(void **state)
{
    (void)state;
    for (gj_day day = 0; day < 100000; day += 1) {
        time_t seconds = (time_t)day * 86400;
        struct tm expected;
        assert_non_null(gmtime_r(&seconds, &expected));
        struct gj_date date = gj_date_of(day);
        assert_int_equal(date.year, expected.tm_year + 1900);
        assert_int_equal(date.month, expected.tm_mon + 1);
        assert_int_equal(date.day, expected.tm_mday);
        assert_int_equal(gj_day_of(date), day);
        assert_int_equal(gj_weekday(day), expected.tm_wday == 0 ? 7 : expected.tm_wday);
    }
}

static void months_end_where_they_end(void **state)
{
    (void)state;
    assert_int_equal(gj_day_add_months(day_of("2026-01-31"), 1), day_of("2026-02-28"));
    assert_int_equal(gj_day_add_months(day_of("2028-01-31"), 1), day_of("2028-02-29"));
    assert_int_equal(gj_day_add_months(day_of("2026-03-31"), -1), day_of("2026-02-28"));
    assert_int_equal(gj_day_add_months(day_of("2026-12-15"), 1), day_of("2027-01-15"));
    assert_int_equal(gj_day_add_months(day_of("2026-01-15"), -13), day_of("2024-12-15"));
    assert_int_equal(gj_days_in_month(2100, 2), 28);
    assert_int_equal(gj_days_in_month(2000, 2), 29);
}

static void days_begin_at_midnight_in_china(void **state)
{
    (void)state;
    assert_int_equal(gj_cst_day(at("2026-02-13T00:00:00+08:00")), day_of("2026-02-13"));
    assert_int_equal(gj_cst_day(at("2026-02-12T23:59:59.999+08:00")), day_of("2026-02-12"));
    assert_int_equal(gj_cst_day(at("2026-02-12T16:00:00Z")), day_of("2026-02-13"));
    assert_int_equal(gj_cst_midnight(day_of("2026-02-13")), at("2026-02-12T16:00:00Z"));
    assert_int_equal(gj_cst_time_of_day(at("2026-02-13T15:00+08:00")), 15 * GJ_MS_PER_HOUR);
    char text[GJ_TIME_TEXT_SIZE];
    gj_time_format(at("2026-02-13T07:00:05Z"), text);
    assert_string_equal(text, "2026-02-13T15:00:05+08:00");
}

static void malformed_times_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "2026-02-13", "2026-02-13T15:00", "2026-02-30T15:00+08:00",
        "2026-02-13T24:00+08:00", "2026-02-13T15:60+08:00", "2026-02-13T15:00:60+08:00", "2026-02-13 15:00+08:00",
        "2026-02-13T15:00+0800", "2026-02-13T15:00+08:00x", "2026-02-13T15:00:00.+08:00", "1969-12-31T00:00Z",
        "2026-02-13T15:00:00.1234Z", "02026-02-13T15:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = 7;
        assert_false(gj_time_parse(bad[i], strlen(bad[i]), &ms));
        assert_int_equal(ms, 7);
    }
    struct gj_date date;
    assert_false(gj_date_parse("2026-2-13", 9, &date));
    assert_false(gj_date_parse("2026-02-13x", 11, &date));
    assert_false(gj_date_valid((struct gj_date){2026, 13, 1}));
}

static const char header[] = "date\tis_workday\tday_type\tstatus\n";

static void broken_tables_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line;
    } cases[] = {
        {"", 0}, {"date\tstatus\n", 1}, {"2025-01-02\t1\tworkday\tofficial\n", 2},   /* not a 1 January */
        {"2025-01-01\t2\tworkday\tofficial\n", 2},                                   /* not 0 or 1 */
        {"2025-01-01\t0\tworkday\tofficial\n", 2},                                   /* contradiction */
        {"2025-01-01\t1\tfreeday\tofficial\n", 2},                                   /* unknown type */
        {"2025-01-01\t1\tworkday\tguessed\n", 2},                                    /* unknown status */
        {"2025-13-01\t1\tworkday\tofficial\n", 2},                                   /* no such month */
        {"2025-01-01\t1\tworkday\n", 2},                                             /* a column is missing */
        {"2025-01-01\t1\tworkday\tofficial\n2025-01-03\t1\tworkday\tofficial\n", 3}, /* a gap */
        {"2025-01-01\t1\tworkday\tofficial\n", 2},                                   /* the year is not whole */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        bool whole = i < 2;
        (void)snprintf(text, sizeof text, "%s%s", whole ? "" : header, cases[i].text);
        struct gj_calendar *made = NULL;
        struct gj_calendar_fault fault;
        assert_int_equal(gj_calendar_parse(text, strlen(text), &made, &fault), GJ_EINVAL);
        assert_null(made);
        assert_int_equal(fault.line, cases[i].line);
        assert_true(strlen(fault.text) > 5);
    }
    struct gj_calendar *made = NULL;
    assert_int_equal(gj_calendar_load("/nonexistent/cn.tsv", &made, NULL), GJ_ENOTFOUND);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    uint64_t nth = 1;
    for (;; nth++) {
        gj_fail_arm(NULL, nth, false);
        struct gj_calendar *made = NULL;
        enum gj_err err = gj_calendar_load(GJ_SOURCE_DIR "/deploy/calendars/cn.tsv", &made, NULL);
        bool fired = gj_fail_disarm();
        if (!fired) {
            assert_int_equal(err, GJ_OK);
            gj_calendar_free(made);
            break;
        }
        assert_int_equal(err, GJ_ENOMEM);
        assert_null(made);
    }
    assert_true(nth > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_hold),
        cmocka_unit_test(years_have_their_working_days),
        cmocka_unit_test(adding_and_counting_agree),
        cmocka_unit_test(unofficial_days_make_results_provisional),
        cmocka_unit_test(alarm_rings_from_december),
        cmocka_unit_test(dates_agree_with_libc),
        cmocka_unit_test(months_end_where_they_end),
        cmocka_unit_test(days_begin_at_midnight_in_china),
        cmocka_unit_test(malformed_times_are_refused),
        cmocka_unit_test(broken_tables_are_refused_with_their_line),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
