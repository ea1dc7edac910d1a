/* Dates and times in China Standard Time, without libc's time zones: UTC+8 all year. */
#include "common/calendar.h"

#include <assert.h>
#include <stdio.h>

static int64_t floor_div(int64_t value, int64_t by)
{
    int64_t quotient = value / by;
    return value % by < 0 ? quotient - 1 : quotient;
}

gj_day gj_cst_day(int64_t at_ms)
{
    return (gj_day)floor_div(at_ms + GJ_CST_OFFSET_MS, GJ_MS_PER_DAY);
}

int64_t gj_cst_midnight(gj_day day)
{
    return (int64_t)day * GJ_MS_PER_DAY - GJ_CST_OFFSET_MS;
}

int64_t gj_cst_time_of_day(int64_t at_ms)
{
    return at_ms - gj_cst_midnight(gj_cst_day(at_ms));
}

/* Counts in years that begin on 1 March, so that the leap day is the last day of a year and every month before it
 * starts at a fixed offset; four centuries have 146,097 days. */
struct gj_date gj_date_of(gj_day day)
{
    int64_t shifted = (int64_t)day + 719468; /* days since 0000-03-01 */
    int64_t era = floor_div(shifted, 146097);
    int64_t in_era = shifted - era * 146097;
    int64_t year_of_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * in_year + 2) / 153;
    struct gj_date date = {
        .year = (int32_t)(year_of_era + era * 400 + (march_month >= 10)),
        .month = (int32_t)(march_month < 10 ? march_month + 3 : march_month - 9),
        .day = (int32_t)(in_year - (153 * march_month + 2) / 5 + 1),
    };
    return date;
}

gj_day gj_day_of(struct gj_date date)
{
    assert(gj_date_valid(date));
    int64_t year = date.year - (date.month <= 2);
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t march_month = (date.month + 9) % 12;
    int64_t in_year = (153 * march_month + 2) / 5 + date.day - 1;
    int64_t in_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + in_year;
    return (gj_day)(era * 146097 + in_era - 719468);
}

bool gj_date_valid(struct gj_date date)
{
    return date.year >= 1970 && date.year <= 9999 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= gj_days_in_month(date.year, date.month);
}

int32_t gj_weekday(gj_day day)
{
    int64_t since_monday = ((int64_t)day + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int32_t)(since_monday < 0 ? since_monday + 8 : since_monday + 1);
}

int32_t gj_days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

gj_day gj_day_add_months(gj_day day, int32_t n)
{
    struct gj_date date = gj_date_of(day);
    int64_t months = (int64_t)date.year * 12 + (date.month - 1) + n;
    date.year = (int32_t)floor_div(months, 12);
    date.month = (int32_t)(months - (int64_t)date.year * 12) + 1;
    int32_t last = gj_days_in_month(date.year, date.month);
    date.day = date.day < last ? date.day : last;
    return gj_day_of(date);
}

/* Reads exactly `digits` decimal digits. */
static bool read_number(const char **at, const char *end, int32_t digits, int32_t *out)
{
    if (end - *at < digits) {
        return false;
    }
    int32_t value = 0;
    for (int32_t i = 0; i < digits; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *at += digits;
    *out = value;
    return true;
}

static bool read_char(const char **at, const char *end, char wanted)
{
    if (*at == end || **at != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool read_date(const char **at, const char *end, struct gj_date *out)
{
    return read_number(at, end, 4, &out->year) && read_char(at, end, '-') && read_number(at, end, 2, &out->month) &&
           read_char(at, end, '-') && read_number(at, end, 2, &out->day) && gj_date_valid(*out);
}

bool gj_date_parse(const char *text, size_t len, struct gj_date *out)
{
    const char *at = text;
    const char *end = text + len;
    struct gj_date date;
    if (!read_date(&at, end, &date) || at != end) {
        return false;
    }
    *out = date;
    return true;
}

/* The part after the minutes: seconds and up to three decimals. */
static bool read_seconds(const char **at, const char *end, int64_t *ms)
{
    *ms = 0;
    if (!read_char(at, end, ':')) {
        return true;
    }
    int32_t seconds;
    if (!read_number(at, end, 2, &seconds) || seconds > 59) {
        return false;
    }
    *ms = seconds * GJ_MS_PER_SECOND;
    if (!read_char(at, end, '.')) {
        return true;
    }
    int64_t weight = 100;
    int32_t digit;
    int32_t digits = 0;
    while (digits < 3 && read_number(at, end, 1, &digit)) {
        *ms += digit * weight;
        weight /= 10;
        digits++;
    }
    return digits > 0;
}

static bool read_offset(const char **at, const char *end, int64_t *ms)
{
    if (read_char(at, end, 'Z')) {
        *ms = 0;
        return true;
    }
    int64_t sign = 1;
    if (read_char(at, end, '-')) {
        sign = -1;
    } else if (!read_char(at, end, '+')) {
        return false;
    }
    int32_t hours;
    int32_t minutes;
    if (!read_number(at, end, 2, &hours) || !read_char(at, end, ':') || !read_number(at, end, 2, &minutes) ||
        hours > 23 || minutes > 59) {
        return false;
    }
    *ms = sign * (hours * GJ_MS_PER_HOUR + minutes * GJ_MS_PER_MINUTE);
    return true;
}

bool gj_time_parse(const char *text, size_t len, int64_t *out_ms)
{
    const char *at = text;
    const char *end = text + len;
    struct gj_date date;
    int32_t hours;
    int32_t minutes;
    int64_t seconds_ms;
    int64_t offset_ms;
    if (!read_date(&at, end, &date) || !read_char(&at, end, 'T') || !read_number(&at, end, 2, &hours) ||
        !read_char(&at, end, ':') || !read_number(&at, end, 2, &minutes) || hours > 23 || minutes > 59 ||
        !read_seconds(&at, end, &seconds_ms) || !read_offset(&at, end, &offset_ms) || at != end) {
        return false;
    }
    int64_t ms = (int64_t)gj_day_of(date) * GJ_MS_PER_DAY + hours * GJ_MS_PER_HOUR + minutes * GJ_MS_PER_MINUTE +
                 seconds_ms - offset_ms;
    if (ms < 0 || gj_cst_day(ms) > gj_day_of((struct gj_date){9999, 12, 31})) {
        return false; /* an offset may carry it over the edge of what can be written */
    }
    *out_ms = ms;
    return true;
}

void gj_date_format(gj_day day, char out[GJ_DATE_TEXT_SIZE])
{
    struct gj_date date = gj_date_of(day);
    unsigned year = (unsigned)(date.year < 0 ? 0 : date.year) % 10000;
    (void)snprintf(
        out, GJ_DATE_TEXT_SIZE, "%04u-%02u-%02u", year, (unsigned)date.month % 100u, (unsigned)date.day % 100u);
}

void gj_time_format(int64_t at_ms, char out[GJ_TIME_TEXT_SIZE])
{
    char date[GJ_DATE_TEXT_SIZE];
    gj_date_format(gj_cst_day(at_ms), date);
    unsigned seconds = (unsigned)(gj_cst_time_of_day(at_ms) / GJ_MS_PER_SECOND);
    (void)snprintf(
        out, GJ_TIME_TEXT_SIZE, "%sT%02u:%02u:%02u+08:00", date, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}
