/* Recurring obligations (周期性工作): what is owed by the day, month, half-year or year, to whom, and until when.
 *
 * Declared in obligations.yaml; this computes periods and due times. Which subjects there are (offices, units, …) and
 * what was done is the caller's; a period without its record at due time counts as not done. Pure. */
#ifndef GJ_POLICY_OBLIGATION_H
#define GJ_POLICY_OBLIGATION_H

#include "common/calendar.h"
#include "common/policy/policy.h"

enum gj_every { GJ_EVERY_DAY, GJ_EVERY_WEEK, GJ_EVERY_MONTH, GJ_EVERY_HALF_YEAR, GJ_EVERY_YEAR };
enum gj_per { GJ_PER_OFFICE, GJ_PER_UNIT, GJ_PER_VACANT_UNIT, GJ_PER_HOUSEHOLD, GJ_PER_FILE, GJ_PER_RECORD };
/* What happens when the due day is not a working day. */
enum gj_shift { GJ_SHIFT_KEEP, GJ_SHIFT_BEFORE, GJ_SHIFT_AFTER };

struct gj_obligation {
    const char *code;
    struct gj_label label;
    uint16_t number; /* stable */
    enum gj_every every;
    enum gj_per per;
    uint16_t share_permille; /* of the subjects in each period (7 % visits, 20 % sample): 1000 = all */
    const char *kind;        /* the record that discharges it; NULL: a plain task */
    const char *act;         /* or this act on an existing record (sign, sample) */
    gj_roles responsible;
    int32_t opens_day;  /* day within the period on which the task appears, 1.. */
    int32_t due_day;    /* day within the period (0: the last); past its end: counted on into the next period */
    int32_t due_minute; /* of the due day; 1440 = 24:00 */
    enum gj_shift shift;
    int32_t remind_days; /* working days before due on which to remind; 0 none */
    const char *origin;
};

struct gj_period {
    gj_day first, last; /* both belong to it */
    uint32_t number;    /* year * 1000 + ordinal within the year (day of year, ISO-free week, month, half, 1) */
    int64_t opens_at;
    int64_t remind_at; /* 0 none */
    int64_t due_at;
    bool provisional;
};

/* The period that contains the day; the next one after a period. */
struct gj_period gj_obligation_period(
    const struct gj_obligation *obligation, const struct gj_calendar *calendar, gj_day day);
struct gj_period gj_obligation_next(
    const struct gj_obligation *obligation, const struct gj_calendar *calendar, const struct gj_period *period);

/* How many of `total` subjects are owed in a period: the share rounded up. */
uint64_t gj_obligation_owed(const struct gj_obligation *obligation, uint64_t total);

const struct gj_obligation *gj_policy_obligation(const struct gj_policy *policy, const char *code);

#endif
