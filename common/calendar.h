/* The Chinese working-day calendar (工作日历) and date arithmetic in China Standard Time.
 *
 * China has one zone, UTC+8, without summer time: a day here is always 24 hours. Working days do not follow the
 * week: every autumn the State Council publishes which week days are free and which Saturdays and Sundays are worked
 * instead (调休上班). The table is data; a year without an official table is computed as Monday to Friday, and
 * every result that touched such a day says so.
 *
 * A calendar is immutable once loaded and may be read from any thread. No function here reads the clock. */
#ifndef GJ_COMMON_CALENDAR_H
#define GJ_COMMON_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/limits.h"

#define GJ_MS_PER_SECOND INT64_C(1000)
#define GJ_MS_PER_MINUTE INT64_C(60000)
#define GJ_MS_PER_HOUR INT64_C(3600000)
#define GJ_MS_PER_DAY INT64_C(86400000)
#define GJ_CST_OFFSET_MS (8 * GJ_MS_PER_HOUR)

/* Days since 1970-01-01 in CST. The range of dates understood is 1970-01-01 to 9999-12-31. */
typedef int32_t gj_day;

struct gj_date {
    int32_t year;
    int32_t month; /* 1..12 */
    int32_t day;   /* 1..31 */
};

enum gj_day_type {
    GJ_DAY_WORKDAY,
    GJ_DAY_WEEKEND,
    GJ_DAY_HOLIDAY_STATUTORY,
    GJ_DAY_HOLIDAY_ADJUSTED, /* a week day made free by exchange */
    GJ_DAY_HOLIDAY_WEEKEND,  /* a weekend day inside a holiday */
    GJ_DAY_MAKEUP_WORKDAY,   /* 调休上班 */
};

/* One day as the calendar knows it. */
struct gj_day_info {
    bool working;
    bool official; /* false: projected or missing, never to be trusted for a due date */
    bool listed;   /* false: the year is missing from the table */
    enum gj_day_type type;
};

struct gj_calendar;

/* Where reading a table failed: line is 1-based, 0 when the failure is not about a line. */
struct gj_calendar_fault {
    size_t line;
    char text[160];
};

/* Builds a calendar from a table of tab-separated columns with a header line naming at least date, is_workday,
 * day_type and status (official or projected); further columns are ignored. Years must be whole and without gaps
 * inside. The bytes are not kept. Gives *out, to be freed with gj_calendar_free.
 * GJ_EINVAL (with fault filled), GJ_ETOOBIG, GJ_ENOMEM. */
enum gj_err gj_calendar_parse(const char *bytes, size_t len, struct gj_calendar **out, struct gj_calendar_fault *fault);

/* The same from a file; GJ_ENOTFOUND or GJ_EIO when it cannot be read. */
enum gj_err gj_calendar_load(const char *path, struct gj_calendar **out, struct gj_calendar_fault *fault);

/* A calendar without any listed year: everything is Monday to Friday and provisional. */
enum gj_err gj_calendar_empty(struct gj_calendar **out);
void gj_calendar_free(struct gj_calendar *calendar);

/* First and last listed year; both 0 when the calendar is empty. */
void gj_calendar_years(const struct gj_calendar *calendar, int32_t *first, int32_t *last);

/* True when every day of the year is listed and official. */
bool gj_calendar_year_official(const struct gj_calendar *calendar, int32_t year);

/* True from 1 December (CST) on while the following year has no official table: the alarm 日历缺失. Also true when
 * the current year has none. */
bool gj_calendar_alarm(const struct gj_calendar *calendar, int64_t now_ms);

struct gj_day_info gj_calendar_day(const struct gj_calendar *calendar, gj_day day);

/* A day reached by counting. */
struct gj_day_result {
    gj_day day;
    bool provisional; /* a day that is not official was counted or skipped on the way */
};

/* The nth working day after `from`: the day after is the first that can count, so n = 1 is the next working day.
 * n = 0 gives `from` itself. n is 0..GJ_WORKING_DAYS_MAX (asserted). */
struct gj_day_result gj_calendar_add_working(const struct gj_calendar *calendar, gj_day from, int32_t n);

/* `day` itself when it is a working day, else the last one before it: reminders for the 5th fall there. */
struct gj_day_result gj_calendar_working_or_before(const struct gj_calendar *calendar, gj_day day);

/* Working days in (from, to]; 0 when to <= from. */
int32_t gj_calendar_count_working(const struct gj_calendar *calendar, gj_day from, gj_day to);

/* The CST day an instant falls on, and the instant a CST day begins (00:00). */
gj_day gj_cst_day(int64_t at_ms);
int64_t gj_cst_midnight(gj_day day);
/* Milliseconds since CST midnight, 0..86,399,999. */
int64_t gj_cst_time_of_day(int64_t at_ms);

struct gj_date gj_date_of(gj_day day);
/* The date must be valid (asserted): check untrusted ones with gj_date_valid. */
gj_day gj_day_of(struct gj_date date);
bool gj_date_valid(struct gj_date date);
/* ISO week day: 1 Monday .. 7 Sunday. */
int32_t gj_weekday(gj_day day);
int32_t gj_days_in_month(int32_t year, int32_t month);
/* The same day of the month n months on (n may be negative); a day the month does not have becomes its last. */
gj_day gj_day_add_months(gj_day day, int32_t n);

/* "2026-02-13" to a date; false when it is not exactly that or no such day exists. */
bool gj_date_parse(const char *text, size_t len, struct gj_date *out);
/* RFC 3339 with a mandatory offset ("2026-02-13T15:00+08:00", seconds and up to three decimals optional, Z allowed)
 * to milliseconds UTC; false when malformed or outside 1970..9999. */
bool gj_time_parse(const char *text, size_t len, int64_t *out_ms);

#define GJ_DATE_TEXT_SIZE 11
#define GJ_TIME_TEXT_SIZE 26
/* Writes "2026-02-13" and "2026-02-13T15:00:00+08:00", both with the closing NUL. */
void gj_date_format(gj_day day, char out[GJ_DATE_TEXT_SIZE]);
void gj_time_format(int64_t at_ms, char out[GJ_TIME_TEXT_SIZE]);

#endif
