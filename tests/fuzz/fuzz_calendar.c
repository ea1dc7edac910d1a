/* Reaches gj_calendar_parse, gj_date_parse, gj_time_parse and gj_duration_parse: refused with a line, or a calendar
 * that answers for any day. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/calendar.h"
#include "common/policy/duration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = size == 0 ? "" : (const char *)data;
    struct gj_calendar *calendar = NULL;
    struct gj_calendar_fault fault;
    enum gj_err err = gj_calendar_parse(text, size, &calendar, &fault);
    if (err == GJ_OK) {
        int32_t first;
        int32_t last;
        gj_calendar_years(calendar, &first, &last);
        require(first <= last);
        gj_day begin = first == 0 ? 0 : gj_day_of((struct gj_date){first, 1, 1});
        require(gj_calendar_working_or_before(calendar, begin).day <= begin);
        require(gj_calendar_add_working(calendar, begin, 5).day >= begin + 5);
        gj_calendar_free(calendar);
    } else {
        require(calendar == NULL && (err != GJ_EINVAL || fault.text[0] != '\0'));
    }
    struct gj_date date;
    if (gj_date_parse(text, size, &date)) {
        char again[GJ_DATE_TEXT_SIZE];
        gj_date_format(gj_day_of(date), again);
        require(size == 10 && memcmp(again, text, 10) == 0);
    }
    int64_t ms;
    if (gj_time_parse(text, size, &ms)) {
        char again[GJ_TIME_TEXT_SIZE];
        int64_t back;
        gj_time_format(ms, again);
        require(gj_time_parse(again, strlen(again), &back) && back == ms - ms % 1000);
    }
    struct gj_duration duration;
    if (gj_duration_parse(text, size, &duration)) {
        char again[GJ_DURATION_TEXT_SIZE];
        struct gj_duration back;
        gj_duration_format(duration, again);
        require(gj_duration_parse(again, strlen(again), &back) && back.n == duration.n && back.unit == duration.unit);
    }
    return 0;
}
