#include "common/policy/explain.h"

#include <stdio.h>
#include <string.h>

#include "common/policy/deadline.h"

static bool unknown(struct gj_refusal *refusal, const char *field, const char *found)
{
    (void)gj_refusal_set(refusal, GJ_REFUSAL_REFERENCE_UNKNOWN, field);
    gj_refusal_param(refusal, "found", found);
    return false;
}

/* Turns the names of the request into a place and a record as it would be; false with the name that is unknown. */
static bool prepare(const struct gj_policy *policy, const struct gj_explain_request *request,
    struct gj_deadline_place *place, struct gj_view *view, struct gj_refusal *refusal)
{
    place->kind = gj_policy_kind(policy, request->kind == NULL ? "" : request->kind);
    if (place->kind == NULL) {
        return unknown(refusal, "kind", request->kind == NULL ? "" : request->kind);
    }
    *view = (struct gj_view){.priority = GJ_NO_PRIORITY, .received_at = request->at_ms};
    if (request->category != NULL) {
        const struct gj_category *category = gj_policy_category(policy, request->category);
        if (category == NULL) {
            return unknown(refusal, "category", request->category);
        }
        view->category = category->code;
        view->priority = place->kind->has_priority ? category->priority : GJ_NO_PRIORITY;
    }
    if (request->priority != NULL) {
        const struct gj_priority *priority = gj_policy_priority(policy, request->priority);
        if (priority == NULL || !place->kind->has_priority) {
            return unknown(refusal, "priority", request->priority);
        }
        view->priority = priority->number;
    } else if (place->kind->has_priority && view->priority == GJ_NO_PRIORITY) {
        return unknown(refusal, "priority", "");
    }
    if (request->city != NULL && gj_policy_city(policy, request->city) == NULL) {
        return unknown(refusal, "city", request->city);
    }
    if (request->profile != NULL && gj_policy_profile(policy, request->profile) == NULL) {
        return unknown(refusal, "profile", request->profile);
    }
    if (request->office != NULL && gj_policy_office(policy, request->office) == NULL) {
        return unknown(refusal, "office", request->office);
    }
    if (request->weather != NULL && gj_policy_weather(policy, request->weather) == NULL) {
        return unknown(refusal, "weather", request->weather);
    }
    place->city = request->city;
    place->profile = request->profile;
    place->weather = request->weather;
    place->office = request->office == NULL ? NULL : gj_policy_office(policy, request->office);
    return true;
}

static const char *starting_act(const struct gj_kind *kind, uint16_t timer_at)
{
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *transition = &kind->transitions[i];
        for (size_t j = 0; j < transition->timer_count; j++) {
            if (transition->timers[j].timer_at == timer_at && transition->timers[j].op == GJ_TIMER_START) {
                return kind->acts[transition->act_at].name;
            }
        }
    }
    return "";
}

static void describe_limit(const struct gj_kind *kind, const struct gj_limit *limit, char *out, size_t size)
{
    char duration[GJ_DURATION_TEXT_SIZE];
    char other[GJ_DURATION_TEXT_SIZE];
    gj_duration_format(limit->duration, duration);
    if (limit->op == GJ_LIMIT_FIELD) {
        bool falls_back = limit->duration.unit != GJ_UNIT_NONE;
        (void)snprintf(out, size, "%s%s%s", kind->fields[limit->field_at].key, falls_back ? " else " : "", duration);
    } else if (limit->if_field_at != GJ_NO_INDEX) {
        gj_duration_format(limit->if_duration, other);
        (void)snprintf(out, size, "%s, %s if %s", duration, other, kind->fields[limit->if_field_at].key);
    } else {
        (void)snprintf(out, size, "%s", duration);
    }
}

static bool fill_row(
    const struct gj_deadline_place *place, const struct gj_view *view, uint16_t timer_at, struct gj_explain_row *row)
{
    const struct gj_timer *timer = &place->kind->timers[timer_at];
    struct gj_deadline_rule rule = gj_deadline_resolve(place, timer, view);
    if (!timer->promise || rule.limit.op == GJ_LIMIT_NONE) {
        return false;
    }
    struct gj_timer_state state;
    (void)gj_deadline_start(place, view, timer_at, view->received_at, &state);
    uint8_t number = view->priority < GJ_PRIORITIES_MAX ? view->priority : 0;
    *row = (struct gj_explain_row){
        .name = timer->name,
        .label = timer->label,
        .due_ms = state.due_at,
        .warn_ms = state.warn_at,
        .level = gj_level_name(rule.level),
        .provisional = state.provisional,
        .pausable = ((timer->pausable >> number) & 1u) != 0,
        .starts = starting_act(place->kind, timer_at),
        .from_received = timer->from_received,
        .clock = rule.limit.duration.unit == GJ_UNIT_NONE ? "field" : gj_run_name(gj_duration_run(rule.limit.duration)),
    };
    describe_limit(place->kind, &rule.limit, row->limit, sizeof row->limit);
    (void)snprintf(row->rule, sizeof row->rule, "%s:%u (%s)", rule.file, rule.line,
        rule.limit.origin == NULL ? "" : rule.limit.origin);
    return true;
}

bool gj_explain(const struct gj_policy *policy, const struct gj_calendar *calendar,
    const struct gj_explain_request *request, struct gj_explain_row rows[GJ_TIMERS_MAX], size_t *count,
    struct gj_refusal *refusal)
{
    struct gj_deadline_place place = {.policy = policy, .calendar = calendar};
    struct gj_view view;
    *count = 0;
    if (!prepare(policy, request, &place, &view, refusal)) {
        return false;
    }
    for (size_t i = 0; i < place.kind->timer_count; i++) {
        if (place.kind->has_priority && place.kind->timers[i].runs_in != 0) {
            continue; /* it waits for the classification that the question gives */
        }
        *count += fill_row(&place, &view, (uint16_t)i, &rows[*count]);
    }
    return true;
}

struct gj_explain_workday gj_explain_workday(
    const struct gj_policy *policy, const struct gj_calendar *calendar, gj_day from, int32_t days)
{
    struct gj_day_result due = gj_calendar_add_working(calendar, from, days);
    int64_t closing = policy == NULL ? GJ_MS_PER_DAY : policy->settings.office_closing_minute * GJ_MS_PER_MINUTE;
    struct gj_explain_workday result = {
        .from = from, .due = due.day, .due_ms = gj_cst_midnight(due.day) + closing, .provisional = due.provisional};
    result.alarm = !gj_calendar_year_official(calendar, gj_date_of(from).year) ||
                   !gj_calendar_year_official(calendar, gj_date_of(due.day).year);
    return result;
}
