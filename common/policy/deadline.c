#include "common/policy/deadline.h"

#include <string.h>

/* Percent positions on the working-day clock are walked day by day; further off than this they are where they are. */
#define WALK_DAYS_MAX 4000

struct gj_due gj_deadline_after(const struct gj_policy_settings *settings, const struct gj_calendar *calendar,
    int64_t base_ms, struct gj_duration duration)
{
    int64_t closing = (int64_t)settings->office_closing_minute * GJ_MS_PER_MINUTE;
    gj_day day = gj_cst_day(base_ms);
    switch (duration.unit) {
    case GJ_UNIT_NONE:
        return (struct gj_due){0};
    case GJ_UNIT_MINUTE:
        return (struct gj_due){.at_ms = base_ms + duration.n * GJ_MS_PER_MINUTE};
    case GJ_UNIT_HOUR:
        return (struct gj_due){.at_ms = base_ms + duration.n * GJ_MS_PER_HOUR};
    case GJ_UNIT_CALENDAR_DAY:
        return (struct gj_due){.at_ms = gj_cst_midnight(day + duration.n) + closing};
    case GJ_UNIT_WORKING_DAY: {
        int32_t n = duration.n > GJ_WORKING_DAYS_MAX ? GJ_WORKING_DAYS_MAX : duration.n;
        struct gj_day_result last = gj_calendar_add_working(calendar, day, n);
        return (struct gj_due){.at_ms = gj_cst_midnight(last.day) + closing, .provisional = last.provisional};
    }
    case GJ_UNIT_MONTH:
        return (struct gj_due){.at_ms = gj_cst_midnight(gj_day_add_months(day, duration.n)) + closing};
    }
    return (struct gj_due){0};
}

static const struct gj_timer *timer_of(const struct gj_deadline_place *place, const struct gj_timer_state *state)
{
    return &place->kind->timers[state->timer_at];
}

/* --- Where a timer's due time and rungs lie -------------------------------------------------------------------- */

static struct gj_duration chosen(
    const struct gj_deadline_place *place, const struct gj_limit *limit, const struct gj_view *view)
{
    if (limit->if_field_at != GJ_NO_INDEX) {
        const char *key = place->kind->fields[limit->if_field_at].key;
        const struct gj_field_value *value = gj_value_find(view->values, view->value_count, key);
        if (value != NULL && value->number != 0) {
            return limit->if_duration;
        }
    }
    return limit->duration;
}

static struct gj_duration stretch(struct gj_duration duration, uint32_t permille)
{
    int64_t scaled = (int64_t)duration.n * permille;
    if (gj_duration_run(duration) == GJ_RUN_ELAPSED && duration.unit == GJ_UNIT_HOUR) {
        return (struct gj_duration){(int32_t)(scaled * 60 / 1000), GJ_UNIT_MINUTE};
    }
    return (struct gj_duration){(int32_t)((scaled + 999) / 1000), duration.unit};
}

static uint32_t weather_permille(
    const struct gj_deadline_place *place, const struct gj_timer *timer, const struct gj_view *view)
{
    if (!timer->weather || place->weather == NULL || view->priority >= GJ_PRIORITIES_MAX) {
        return 1000;
    }
    const struct gj_weather *mode = gj_policy_weather(place->policy, place->weather);
    bool stretched = mode != NULL && ((mode->priorities >> view->priority) & 1u) != 0;
    return stretched ? mode->factor_permille : 1000;
}

struct span {
    struct gj_due due; /* at_ms 0: no promise */
    struct gj_duration duration;
    struct gj_deadline_rule rule;
};

/* A date as a limit means the end of that day; an appointment is what it is, pauses do not move it. */
static bool field_due(
    const struct gj_deadline_place *place, const struct gj_limit *limit, const struct gj_view *view, struct gj_due *due)
{
    if (limit->op != GJ_LIMIT_FIELD) {
        return false;
    }
    const struct gj_field *field = &place->kind->fields[limit->field_at];
    const struct gj_field_value *value = gj_value_find(view->values, view->value_count, field->key);
    if (value == NULL || value->shape != GJ_SHAPE_TIME) {
        return false;
    }
    due->at_ms = value->number;
    if (field->type == GJ_FIELD_DATE) {
        due->at_ms = gj_cst_midnight(gj_cst_day(value->number)) +
                     (int64_t)place->policy->settings.office_closing_minute * GJ_MS_PER_MINUTE;
    }
    return true;
}

static struct span measure(const struct gj_deadline_place *place, const struct gj_timer *timer,
    const struct gj_view *view, int64_t base_at, int64_t paused_ms)
{
    struct span span = {.rule = gj_deadline_resolve(place, timer, view)};
    if (span.rule.limit.op == GJ_LIMIT_NONE || field_due(place, &span.rule.limit, view, &span.due)) {
        return span;
    }
    span.duration = chosen(place, &span.rule.limit, view);
    if (span.duration.unit == GJ_UNIT_NONE) {
        return span;
    }
    if (span.rule.stretched) {
        span.duration = stretch(span.duration, weather_permille(place, timer, view));
    }
    /* A pause moves the beginning: the days that were waited away are not counted. */
    span.due = gj_deadline_after(&place->policy->settings, place->calendar, base_at + paused_ms, span.duration);
    return span;
}

/* The part of working days lying in (from, to]. */
static int64_t counted_ms(const struct gj_calendar *calendar, int64_t from, int64_t to)
{
    int64_t sum = 0;
    gj_day last = gj_cst_day(to);
    for (gj_day day = gj_cst_day(from); day <= last && day - gj_cst_day(from) < WALK_DAYS_MAX; day++) {
        int64_t begin = gj_cst_midnight(day) > from ? gj_cst_midnight(day) : from;
        int64_t end = gj_cst_midnight(day + 1) < to ? gj_cst_midnight(day + 1) : to;
        if (gj_calendar_day(calendar, day).working && end > begin) {
            sum += end - begin;
        }
    }
    return sum;
}

static int64_t walk_counted(const struct gj_calendar *calendar, int64_t from, int64_t wanted)
{
    gj_day day = gj_cst_day(from);
    for (int32_t i = 0; i < WALK_DAYS_MAX; i++, day++) {
        if (!gj_calendar_day(calendar, day).working) {
            continue;
        }
        int64_t begin = gj_cst_midnight(day) > from ? gj_cst_midnight(day) : from;
        int64_t left = gj_cst_midnight(day + 1) - begin;
        if (wanted <= left) {
            return begin + wanted;
        }
        wanted -= left;
    }
    return gj_cst_midnight(day) + wanted;
}

/* Where a share of the limit lies. On the working-day clock only working days count, so that no warning falls into a
 * holiday. */
static int64_t at_percent(
    const struct gj_deadline_place *place, const struct gj_timer_state *state, bool working, int64_t percent)
{
    int64_t begin = state->base_at + state->paused_ms;
    if (percent == 100 || state->due_at <= begin) {
        return state->due_at;
    }
    if (!working) {
        return begin + (state->due_at - begin) * percent / 100;
    }
    int64_t whole = counted_ms(place->calendar, begin, state->due_at);
    return walk_counted(place->calendar, begin, whole * percent / 100);
}

static int64_t step_at(
    const struct gj_deadline_place *place, const struct gj_timer_state *state, bool working, const struct gj_step *step)
{
    int64_t at = INT64_MAX;
    if (step->percent != 0) {
        at = at_percent(place, state, working, step->percent);
    }
    if (step->after.unit != GJ_UNIT_NONE) {
        int64_t past = gj_deadline_after(&place->policy->settings, place->calendar, state->due_at, step->after).at_ms;
        at = past < at ? past : at;
    }
    return at;
}

static bool is_working(struct gj_duration duration)
{
    return duration.unit == GJ_UNIT_WORKING_DAY;
}

/* What a storm has given is not taken back when it is over. */
static struct gj_deadline_place under_weather(
    const struct gj_deadline_place *place, const struct gj_view *view, const struct gj_timer_state *state)
{
    struct gj_deadline_place here = *place;
    bool given = state->level == GJ_LEVEL_WEATHER && here.weather == NULL && view->priority < GJ_PRIORITIES_MAX;
    for (size_t i = 0; given && here.weather == NULL && i < here.policy->weather_count; i++) {
        const struct gj_weather *mode = &here.policy->weather[i];
        here.weather = ((mode->priorities >> view->priority) & 1u) != 0 ? mode->code : NULL;
    }
    return here;
}

/* Sets due_at, warn_at and what goes with them. */
static void settle(const struct gj_deadline_place *place, const struct gj_view *view, struct gj_timer_state *state)
{
    const struct gj_timer *timer = timer_of(place, state);
    struct gj_deadline_place here = under_weather(place, view, state);
    struct span span = measure(&here, timer, view, state->base_at, state->paused_ms);
    state->due_at = span.due.at_ms;
    state->provisional = span.due.provisional;
    state->level = (uint8_t)span.rule.level;
    state->warn_at = 0;
    if (state->due_at != 0 && timer->step_count > 0 && timer->steps[0].percent != 0 && timer->steps[0].percent < 100) {
        state->warn_at = step_at(place, state, is_working(span.duration), &timer->steps[0]);
    }
}

/* --- Life of a timer ------------------------------------------------------------------------------------------ */

bool gj_deadline_start(const struct gj_deadline_place *place, const struct gj_view *view, uint16_t timer_at,
    int64_t at_ms, struct gj_timer_state *state)
{
    const struct gj_timer *timer = &place->kind->timers[timer_at];
    *state = (struct gj_timer_state){.timer_at = timer_at,
        .started_at = at_ms,
        .base_at = timer->from_received && view->received_at != 0 ? view->received_at : at_ms};
    settle(place, view, state);
    return state->due_at != 0;
}

static bool may_pause(const struct gj_timer *timer, const struct gj_view *view)
{
    uint8_t number = view->priority < GJ_PRIORITIES_MAX ? view->priority : 0;
    return ((timer->pausable >> number) & 1u) != 0;
}

void gj_deadline_pause(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state)
{
    if (state->stopped_at == 0 && state->paused_at == 0 && may_pause(timer_of(place, state), view)) {
        state->paused_at = at_ms;
    }
}

void gj_deadline_resume(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state)
{
    if (state->stopped_at != 0 || state->paused_at == 0) {
        return;
    }
    state->paused_ms += at_ms > state->paused_at ? at_ms - state->paused_at : 0;
    state->paused_at = 0;
    settle(place, view, state);
}

void gj_deadline_stop(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t at_ms, struct gj_timer_state *state)
{
    if (state->stopped_at != 0) {
        return;
    }
    gj_deadline_resume(place, view, at_ms, state);
    state->stopped_at = at_ms;
    state->breached = state->breached || (state->due_at != 0 && at_ms > state->due_at);
}

bool gj_deadline_recompute(
    const struct gj_deadline_place *place, const struct gj_view *view, struct gj_timer_state *state)
{
    if (state->stopped_at != 0) {
        return false;
    }
    int64_t before = state->due_at;
    if (timer_of(place, state)->from_received && view->received_at != 0) {
        state->base_at = view->received_at;
    }
    settle(place, view, state);
    if (state->due_at == before) {
        return false;
    }
    state->old_due_at = before;
    return true;
}

bool gj_deadline_weather(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t now_ms, struct gj_timer_state *state)
{
    struct gj_timer_state before = *state;
    bool stretched = state->level == GJ_LEVEL_WEATHER;
    if (!timer_of(place, state)->weather || state->stopped_at != 0 || state->due_at <= now_ms ||
        stretched == (place->weather != NULL)) {
        return false;
    }
    state->level = GJ_LEVEL_COMPANY; /* nothing is given yet, or no longer */
    settle(place, view, state);
    if (state->due_at <= now_ms || state->due_at == before.due_at) {
        *state = before;
        return false;
    }
    state->old_due_at = before.due_at;
    return true;
}

/* --- Ladders -------------------------------------------------------------------------------------------------- */

int64_t gj_deadline_next(
    const struct gj_deadline_place *place, const struct gj_view *view, const struct gj_timer_state *state)
{
    const struct gj_timer *timer = timer_of(place, state);
    if (state->stopped_at != 0 || state->paused_at != 0 || state->due_at == 0 || state->stage >= timer->step_count) {
        return INT64_MAX;
    }
    struct gj_deadline_rule rule = gj_deadline_resolve(place, timer, view);
    struct gj_due ignored;
    bool by_field = field_due(place, &rule.limit, view, &ignored);
    bool working = !by_field && is_working(chosen(place, &rule.limit, view));
    return step_at(place, state, working, &timer->steps[state->stage]);
}

int64_t gj_deadline_next_of(const struct gj_deadline_place *place, const struct gj_view *view,
    const struct gj_timer_state *states, size_t count)
{
    int64_t earliest = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        int64_t next = gj_deadline_next(place, view, &states[i]);
        earliest = next < earliest ? next : earliest;
    }
    return earliest;
}

const struct gj_step *gj_deadline_fire(
    const struct gj_deadline_place *place, const struct gj_view *view, int64_t now_ms, struct gj_timer_state *state)
{
    if (gj_deadline_next(place, view, state) > now_ms) {
        return NULL;
    }
    const struct gj_step *step = &timer_of(place, state)->steps[state->stage++];
    state->breached = state->breached || step->breach;
    return step;
}

/* --- Transitions ---------------------------------------------------------------------------------------------- */

static struct gj_timer_state *find(struct gj_timer_state *states, size_t count, uint16_t timer_at)
{
    for (size_t i = 0; i < count; i++) {
        if (states[i].timer_at == timer_at) {
            return &states[i];
        }
    }
    return NULL;
}

static bool holds(gj_states set, uint8_t state)
{
    return ((set >> state) & 1u) != 0;
}

static void start_one(const struct gj_deadline_place *place, const struct gj_view *view, uint16_t timer_at,
    int64_t at_ms, struct gj_timer_state *states, size_t *count)
{
    struct gj_timer_state *state = find(states, *count, timer_at);
    if (state != NULL && state->stopped_at == 0) {
        return; /* already running: a second start does not give more time */
    }
    if (state == NULL) {
        if (*count == GJ_TIMERS_MAX) {
            return; /* a kind declares at most as many */
        }
        state = &states[(*count)++];
    }
    (void)gj_deadline_start(place, view, timer_at, at_ms, state);
}

static bool runs_here(const struct gj_timer *timer, uint8_t state)
{
    return timer->runs_in == 0 || holds(timer->runs_in, state);
}

void gj_deadline_transition(const struct gj_deadline_place *place, const struct gj_view *view,
    const struct gj_transition *transition, uint8_t from_state, uint8_t to_state, int64_t at_ms,
    struct gj_timer_state states[GJ_TIMERS_MAX], size_t *count)
{
    const struct gj_kind *kind = place->kind;
    bool ends = !holds(kind->open_states, to_state);
    for (size_t i = 0; i < transition->timer_count; i++) {
        struct gj_timer_state *state = find(states, *count, transition->timers[i].timer_at);
        if (state != NULL && transition->timers[i].op == GJ_TIMER_STOP) {
            gj_deadline_stop(place, view, at_ms, state);
        }
    }
    for (size_t i = 0; i < *count; i++) {
        gj_states paused_in = kind->timers[states[i].timer_at].paused_in;
        if (ends || !runs_here(&kind->timers[states[i].timer_at], to_state)) {
            gj_deadline_stop(place, view, at_ms, &states[i]);
        } else if (holds(paused_in, to_state)) {
            gj_deadline_pause(place, view, at_ms, &states[i]);
        } else if (holds(paused_in, from_state)) {
            gj_deadline_resume(place, view, at_ms, &states[i]);
        }
    }
    for (size_t i = 0; i < transition->timer_count; i++) {
        const struct gj_timer_change *change = &transition->timers[i];
        if (change->op == GJ_TIMER_START && runs_here(&kind->timers[change->timer_at], to_state)) {
            start_one(place, view, change->timer_at, at_ms, states, count);
        }
    }
}
