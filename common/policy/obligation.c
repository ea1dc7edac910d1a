#include "common/policy/obligation.h"

#include <string.h>

/* First day of the half of the year that a month lies in. */
static struct gj_date half_begin(struct gj_date date)
{
    return (struct gj_date){date.year, date.month <= 6 ? 1 : 7, 1};
}

static void bounds(enum gj_every every, gj_day day, struct gj_period *period)
{
    struct gj_date date = gj_date_of(day);
    uint32_t year = (uint32_t)date.year * 1000u;
    gj_day new_year = gj_day_of((struct gj_date){date.year, 1, 1});
    switch (every) {
    case GJ_EVERY_DAY:
        period->first = day;
        period->last = day;
        period->number = year + (uint32_t)(day - new_year) + 1;
        return;
    case GJ_EVERY_WEEK: {
        period->first = day - gj_weekday(day) + 1;
        period->last = period->first + 6;
        /* Counted by the Monday, so that a week belongs to exactly one year. */
        struct gj_date monday = gj_date_of(period->first);
        gj_day begin = gj_day_of((struct gj_date){monday.year, 1, 1});
        period->number = (uint32_t)monday.year * 1000u + (uint32_t)(period->first - begin) / 7 + 1;
        return;
    }
    case GJ_EVERY_MONTH:
        period->first = gj_day_of((struct gj_date){date.year, date.month, 1});
        period->last = gj_day_add_months(period->first, 1) - 1;
        period->number = year + (uint32_t)date.month;
        return;
    case GJ_EVERY_HALF_YEAR:
        period->first = gj_day_of(half_begin(date));
        period->last = gj_day_add_months(period->first, 6) - 1;
        period->number = year + (date.month <= 6 ? 1u : 2u);
        return;
    case GJ_EVERY_YEAR:
        period->first = new_year;
        period->last = gj_day_of((struct gj_date){date.year, 12, 31});
        period->number = year + 1;
        return;
    }
}

static struct gj_day_result shifted(
    const struct gj_obligation *obligation, const struct gj_calendar *calendar, gj_day day)
{
    switch (obligation->shift) {
    case GJ_SHIFT_KEEP:
        break;
    case GJ_SHIFT_BEFORE:
        return gj_calendar_working_or_before(calendar, day);
    case GJ_SHIFT_AFTER:
        /* The first working day after the day before it: the day itself when it is one. */
        return gj_calendar_add_working(calendar, day - 1, 1);
    }
    return (struct gj_day_result){.day = day};
}

/* The nth working day before `day`. */
static gj_day working_days_before(const struct gj_calendar *calendar, gj_day day, int32_t n)
{
    while (n-- > 0) {
        day = gj_calendar_working_or_before(calendar, day - 1).day;
    }
    return day;
}

struct gj_period gj_obligation_period(
    const struct gj_obligation *obligation, const struct gj_calendar *calendar, gj_day day)
{
    struct gj_period period = {0};
    bounds(obligation->every, day, &period);
    gj_day due_day = obligation->due_day == 0 ? period.last : period.first + obligation->due_day - 1;
    struct gj_day_result due = shifted(obligation, calendar, due_day);
    gj_day opens = period.first + obligation->opens_day - 1;
    period.provisional = due.provisional;
    period.due_at = gj_cst_midnight(due.day) + (int64_t)obligation->due_minute * GJ_MS_PER_MINUTE;
    period.opens_at = gj_cst_midnight(opens < due.day ? opens : due.day);
    if (obligation->remind_days > 0) {
        period.remind_at = gj_cst_midnight(working_days_before(calendar, due.day, obligation->remind_days));
    }
    return period;
}

struct gj_period gj_obligation_next(
    const struct gj_obligation *obligation, const struct gj_calendar *calendar, const struct gj_period *period)
{
    return gj_obligation_period(obligation, calendar, period->last + 1);
}

uint64_t gj_obligation_owed(const struct gj_obligation *obligation, uint64_t total)
{
    /* Split so that no product of large counts can overflow. */
    uint64_t share = obligation->share_permille;
    return total / 1000 * share + (total % 1000 * share + 999) / 1000;
}

const struct gj_obligation *gj_policy_obligation(const struct gj_policy *policy, const char *code)
{
    for (size_t i = 0; i < policy->obligation_count; i++) {
        if (strcmp(policy->obligations[i].code, code) == 0) {
            return &policy->obligations[i];
        }
    }
    return NULL;
}
