#include "common/calendar.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"

enum column { COLUMN_DATE, COLUMN_WORKING, COLUMN_TYPE, COLUMN_STATUS, COLUMN_COUNT };
static const char *const column_names[COLUMN_COUNT] = {"date", "is_workday", "day_type", "status"};

/* One byte a day: the type in the low bits. */
enum { TYPE_BITS = 0x07, WORKING_BIT = 0x10, OFFICIAL_BIT = 0x20 };

struct gj_calendar {
    gj_day first;
    size_t days;
    uint8_t info[];
};

struct slice {
    const char *at;
    size_t len;
};

struct reader {
    struct slice rest;
    size_t line;
    size_t columns[COLUMN_COUNT];
    struct gj_calendar_fault *fault;
};

__attribute__((format(printf, 2, 3))) static enum gj_err fail(struct reader *reader, const char *format, ...)
{
    if (reader->fault != NULL) {
        reader->fault->line = reader->line;
        va_list args;
        va_start(args, format);
        (void)vsnprintf(reader->fault->text, sizeof reader->fault->text, format, args);
        va_end(args);
    }
    return GJ_EINVAL;
}

static bool next_line(struct reader *reader, struct slice *line)
{
    if (reader->rest.len == 0) {
        return false;
    }
    const char *end = memchr(reader->rest.at, '\n', reader->rest.len);
    size_t len = end == NULL ? reader->rest.len : (size_t)(end - reader->rest.at);
    *line = (struct slice){reader->rest.at, len};
    size_t step = len + (end != NULL);
    reader->rest.at += step;
    reader->rest.len -= step;
    reader->line++;
    if (line->len > 0 && line->at[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

static size_t split(struct slice line, struct slice cells[GJ_CALENDAR_COLUMNS_MAX])
{
    size_t count = 0;
    for (;;) {
        const char *tab = line.len == 0 ? NULL : memchr(line.at, '\t', line.len);
        size_t len = tab == NULL ? line.len : (size_t)(tab - line.at);
        if (count < GJ_CALENDAR_COLUMNS_MAX) {
            cells[count] = (struct slice){line.at, len};
        }
        count++;
        if (tab == NULL) {
            return count < GJ_CALENDAR_COLUMNS_MAX ? count : GJ_CALENDAR_COLUMNS_MAX;
        }
        line.at += len + 1;
        line.len -= len + 1;
    }
}

static bool slice_is(struct slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.at, text, slice.len) == 0;
}

static enum gj_err read_header(struct reader *reader)
{
    struct slice line;
    struct slice cells[GJ_CALENDAR_COLUMNS_MAX];
    if (!next_line(reader, &line)) {
        return fail(reader, "the table is empty; a header line with %s, %s, %s, %s is needed", column_names[0],
            column_names[1], column_names[2], column_names[3]);
    }
    size_t count = split(line, cells);
    for (size_t want = 0; want < COLUMN_COUNT; want++) {
        reader->columns[want] = GJ_CALENDAR_COLUMNS_MAX;
        for (size_t i = 0; i < count; i++) {
            if (slice_is(cells[i], column_names[want])) {
                reader->columns[want] = i;
                break;
            }
        }
        if (reader->columns[want] == GJ_CALENDAR_COLUMNS_MAX) {
            return fail(reader, "the header has no column \"%s\"", column_names[want]);
        }
    }
    return GJ_OK;
}

static bool read_type(struct slice cell, enum gj_day_type *out)
{
    static const char *const words[] = {
        "workday", "weekend", "holiday_statutory", "holiday_adjusted", "holiday_weekend", "makeup_workday"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(cell, words[i])) {
            *out = (enum gj_day_type)i;
            return true;
        }
    }
    return false;
}

static enum gj_err read_row(struct reader *reader, struct slice line, gj_day *day, uint8_t *info)
{
    struct slice cells[GJ_CALENDAR_COLUMNS_MAX];
    size_t count = split(line, cells);
    struct slice want[COLUMN_COUNT];
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (reader->columns[i] >= count) {
            return fail(reader, "the line has no \"%s\"", column_names[i]);
        }
        want[i] = cells[reader->columns[i]];
    }
    struct gj_date date;
    enum gj_day_type type;
    if (!gj_date_parse(want[COLUMN_DATE].at, want[COLUMN_DATE].len, &date)) {
        return fail(reader, "\"%.*s\" is not a date such as 2026-02-14", (int)(want[COLUMN_DATE].len % 32),
            want[COLUMN_DATE].at);
    }
    bool working = slice_is(want[COLUMN_WORKING], "1");
    if (!working && !slice_is(want[COLUMN_WORKING], "0")) {
        return fail(reader, "is_workday must be 0 or 1");
    }
    if (!read_type(want[COLUMN_TYPE], &type)) {
        return fail(reader, "day_type must be workday, weekend, holiday_statutory, holiday_adjusted, holiday_weekend "
                            "or makeup_workday");
    }
    if (working != (type == GJ_DAY_WORKDAY || type == GJ_DAY_MAKEUP_WORKDAY)) {
        return fail(reader, "is_workday and day_type contradict each other");
    }
    bool official = slice_is(want[COLUMN_STATUS], "official");
    if (!official && !slice_is(want[COLUMN_STATUS], "projected")) {
        return fail(reader, "status must be official or projected");
    }
    *day = gj_day_of(date);
    *info = (uint8_t)((unsigned)type | (working ? WORKING_BIT : 0u) | (official ? OFFICIAL_BIT : 0u));
    return GJ_OK;
}

static enum gj_err read_rows(struct reader *reader, struct gj_calendar *calendar, size_t capacity)
{
    struct slice line;
    while (next_line(reader, &line)) {
        if (line.len == 0 && reader->rest.len == 0) {
            break;
        }
        gj_day day = 0;
        uint8_t info = 0;
        enum gj_err err = read_row(reader, line, &day, &info);
        if (err != GJ_OK) {
            return err;
        }
        if (calendar->days == 0) {
            calendar->first = day;
            struct gj_date date = gj_date_of(day);
            if (date.month != 1 || date.day != 1) {
                return fail(reader, "the first day must be a 1 January");
            }
        }
        char expected[GJ_DATE_TEXT_SIZE];
        gj_date_format(calendar->first + (gj_day)calendar->days, expected);
        if (day != calendar->first + (gj_day)calendar->days) {
            return fail(reader, "days must follow each other: %s is expected here", expected);
        }
        if (calendar->days == capacity) {
            return GJ_ETOOBIG;
        }
        calendar->info[calendar->days++] = info;
    }
    if (calendar->days > 0) {
        struct gj_date last = gj_date_of(calendar->first + (gj_day)calendar->days - 1);
        if (last.month != 12 || last.day != 31) {
            return fail(reader, "the last day must be a 31 December");
        }
    }
    return GJ_OK;
}

static enum gj_err make(size_t capacity, struct gj_calendar **out)
{
    struct gj_calendar *calendar = gj_fail_point("calendar.alloc") ? NULL : calloc(1, sizeof *calendar + capacity);
    if (calendar == NULL) {
        return GJ_ENOMEM;
    }
    *out = calendar;
    return GJ_OK;
}

enum gj_err gj_calendar_parse(const char *bytes, size_t len, struct gj_calendar **out, struct gj_calendar_fault *fault)
{
    if (fault != NULL) {
        *fault = (struct gj_calendar_fault){0};
    }
    if (len > GJ_CALENDAR_BYTES_MAX) {
        return GJ_ETOOBIG;
    }
    struct reader reader = {.rest = {bytes, len}, .fault = fault};
    enum gj_err err = read_header(&reader);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_calendar *calendar;
    size_t capacity = GJ_CALENDAR_YEARS_MAX * 366;
    err = make(capacity, &calendar);
    if (err != GJ_OK) {
        return err;
    }
    err = read_rows(&reader, calendar, capacity);
    if (err != GJ_OK) {
        gj_calendar_free(calendar);
        return err;
    }
    *out = calendar;
    return GJ_OK;
}

static enum gj_err read_file(const char *path, char **out, size_t *out_len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        return errno == ENOENT ? GJ_ENOTFOUND : GJ_EIO;
    }
    enum gj_err err = GJ_OK;
    size_t capacity = GJ_CALENDAR_BYTES_MAX + 1;
    char *bytes = gj_fail_point("calendar.read") ? NULL : malloc(capacity);
    if (bytes == NULL) {
        err = GJ_ENOMEM;
    } else {
        *out_len = fread(bytes, 1, capacity, file);
        err = ferror(file) ? GJ_EIO : *out_len == capacity ? GJ_ETOOBIG : GJ_OK;
    }
    (void)fclose(file);
    if (err != GJ_OK) {
        free(bytes);
        return err;
    }
    *out = bytes;
    return GJ_OK;
}

enum gj_err gj_calendar_load(const char *path, struct gj_calendar **out, struct gj_calendar_fault *fault)
{
    if (fault != NULL) {
        *fault = (struct gj_calendar_fault){0};
    }
    char *bytes;
    size_t len;
    enum gj_err err = read_file(path, &bytes, &len);
    if (err != GJ_OK) {
        return err;
    }
    err = gj_calendar_parse(bytes, len, out, fault);
    free(bytes);
    return err;
}

enum gj_err gj_calendar_empty(struct gj_calendar **out)
{
    return make(0, out);
}

void gj_calendar_free(struct gj_calendar *calendar)
{
    free(calendar);
}

void gj_calendar_years(const struct gj_calendar *calendar, int32_t *first, int32_t *last)
{
    *first = calendar->days == 0 ? 0 : gj_date_of(calendar->first).year;
    *last = calendar->days == 0 ? 0 : gj_date_of(calendar->first + (gj_day)calendar->days - 1).year;
}

bool gj_calendar_year_official(const struct gj_calendar *calendar, int32_t year)
{
    gj_day day = gj_day_of((struct gj_date){year, 1, 1});
    gj_day end = gj_day_of((struct gj_date){year, 12, 31});
    for (; day <= end; day++) {
        if (!gj_calendar_day(calendar, day).official) {
            return false;
        }
    }
    return true;
}

bool gj_calendar_alarm(const struct gj_calendar *calendar, int64_t now_ms)
{
    struct gj_date today = gj_date_of(gj_cst_day(now_ms));
    if (!gj_calendar_year_official(calendar, today.year)) {
        return true;
    }
    return today.month == 12 && !gj_calendar_year_official(calendar, today.year + 1);
}

struct gj_day_info gj_calendar_day(const struct gj_calendar *calendar, gj_day day)
{
    int64_t at = (int64_t)day - calendar->first;
    if (at < 0 || at >= (int64_t)calendar->days) {
        bool working = gj_weekday(day) <= 5;
        return (struct gj_day_info){.working = working, .type = working ? GJ_DAY_WORKDAY : GJ_DAY_WEEKEND};
    }
    uint8_t info = calendar->info[at];
    return (struct gj_day_info){
        .working = (info & WORKING_BIT) != 0,
        .official = (info & OFFICIAL_BIT) != 0,
        .listed = true,
        .type = (enum gj_day_type)(info & TYPE_BITS),
    };
}

struct gj_day_result gj_calendar_add_working(const struct gj_calendar *calendar, gj_day from, int32_t n)
{
    assert(n >= 0 && n <= GJ_WORKING_DAYS_MAX);
    struct gj_day_result result = {.day = from};
    while (n > 0) {
        result.day++;
        struct gj_day_info info = gj_calendar_day(calendar, result.day);
        n -= info.working;
        result.provisional |= !info.official;
    }
    return result;
}

struct gj_day_result gj_calendar_working_or_before(const struct gj_calendar *calendar, gj_day day)
{
    struct gj_day_result result = {.day = day};
    for (;;) {
        struct gj_day_info info = gj_calendar_day(calendar, result.day);
        result.provisional |= !info.official;
        if (info.working) {
            return result;
        }
        result.day--;
    }
}

int32_t gj_calendar_count_working(const struct gj_calendar *calendar, gj_day from, gj_day to)
{
    int32_t count = 0;
    for (gj_day day = from + 1; day <= to; day++) {
        count += gj_calendar_day(calendar, day).working;
    }
    return count;
}
