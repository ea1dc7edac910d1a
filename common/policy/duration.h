/* Lengths of time as the policy writes them: a number, a unit, and the clock that the unit implies. */
#ifndef GJ_POLICY_DURATION_H
#define GJ_POLICY_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/calendar.h"
#include "common/limits.h"

/* The clocks (时钟). Elapsed runs day and night; days end at 24:00 CST of the last day (or the closing time the
 * policy sets); the day of the event is day 0. */
enum gj_run { GJ_RUN_ELAPSED, GJ_RUN_CALENDAR_DAY, GJ_RUN_WORKING_DAY, GJ_RUN_CALENDAR_MONTH };

/* X(NAME, "word", "plural", clock, milliseconds per unit for elapsed) */
#define GJ_UNIT_LIST(X)                                                                                                \
    X(MINUTE, "min", "minutes", GJ_RUN_ELAPSED, GJ_MS_PER_MINUTE)                                                      \
    X(HOUR, "h", "hours", GJ_RUN_ELAPSED, GJ_MS_PER_HOUR)                                                              \
    X(CALENDAR_DAY, "calendar_day", "calendar_days", GJ_RUN_CALENDAR_DAY, 0)                                           \
    X(WORKING_DAY, "working_day", "working_days", GJ_RUN_WORKING_DAY, 0)                                               \
    X(MONTH, "month", "months", GJ_RUN_CALENDAR_MONTH, 0)

enum gj_unit {
    GJ_UNIT_NONE,
#define GJ_UNIT_ENUM(name, word, plural, run, ms) GJ_UNIT_##name,
    GJ_UNIT_LIST(GJ_UNIT_ENUM)
#undef GJ_UNIT_ENUM
};

struct gj_duration {
    int32_t n; /* 0..GJ_DURATION_MAX */
    enum gj_unit unit;
};

/* Reads "2h", "90 min", "3 calendar_days", "2 working_days", "1 month"; false when it is none of these. */
bool gj_duration_parse(const char *text, size_t len, struct gj_duration *out);

/* Writes the canonical short form, e.g. "2h" or "3 calendar_days"; always ends with NUL. */
#define GJ_DURATION_TEXT_SIZE 32
void gj_duration_format(struct gj_duration duration, char out[GJ_DURATION_TEXT_SIZE]);

enum gj_run gj_duration_run(struct gj_duration duration);
const char *gj_run_name(enum gj_run run); /* elapsed, calendar_day, working_day, calendar_month */

#endif
