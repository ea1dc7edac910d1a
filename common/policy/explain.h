/* Explaining (说明): every deadline a record would get, and why, as data for whoever prints it. Pure. */
#ifndef GJ_POLICY_EXPLAIN_H
#define GJ_POLICY_EXPLAIN_H

#include "common/calendar.h"
#include "common/policy/policy.h"
#include "common/policy/refusal.h"

/* Codes may be NULL where the kind does without. at_ms is the moment received and, for timers that start at a later
 * act, the moment of that act as well. */
struct gj_explain_request {
    const char *kind;
    const char *category;
    const char *priority; /* NULL: the category's own */
    int64_t at_ms;
    const char *city, *profile, *office, *weather;
};

struct gj_explain_row {
    const char *name; /* the timer's */
    struct gj_label label;
    const char *clock; /* elapsed, calendar_day, working_day, calendar_month; "field" when a field gives the time */
    char limit[160];   /* "24h", "appointment_at else 24h" */
    int64_t due_ms;    /* 0: depends on a field that has no value yet */
    int64_t warn_ms;   /* 0: none */
    const char *level; /* company, city, profile, office, weather: the level that won */
    char rule[128];    /* "forms/repair.yaml:120 (seed S1)" */
    bool provisional;
    bool pausable;
    const char *starts; /* the act that starts it */
    bool from_received; /* it runs from the moment received, not from that act */
};

/* Fills at most GJ_TIMERS_MAX rows in the order of declaration, only timers that have a promise. False: *refusal says
 * which name is unknown (REFERENCE_UNKNOWN with field kind, category, priority, city, profile, office or weather). */
bool gj_explain(const struct gj_policy *policy, const struct gj_calendar *calendar,
    const struct gj_explain_request *request, struct gj_explain_row rows[GJ_TIMERS_MAX], size_t *count,
    struct gj_refusal *refusal);

/* The working day reached from a date (`guanjia policy workday`). days is 0..GJ_WORKING_DAYS_MAX. */
struct gj_explain_workday {
    gj_day from, due;
    int64_t due_ms; /* 24:00 of the day, or the policy's closing time; policy may be NULL */
    bool provisional;
    bool alarm; /* the table of a year that was touched is missing or projected */
};
struct gj_explain_workday gj_explain_workday(
    const struct gj_policy *policy, const struct gj_calendar *calendar, gj_day from, int32_t days);

#endif
