/* Deadlines: figures of the requirements, pauses, ladders, overrides, weather, calendar changes; due times computed
 * from events and never accumulated. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

#include "common/policy/deadline.h"

static struct gj_deadline_place place_of(const struct record *record)
{
    return (struct gj_deadline_place){.policy = stage_policy, .kind = record->kind, .calendar = stage_calendar};
}

static void ticket(struct record *record, const char *category, uint8_t priority, const char *received)
{
    record_init(record, "repair_ticket", "TRIAGED");
    record->view.category = category;
    record->view.priority = priority;
    record->view.received_at = stage_at(received);
}

static struct gj_timer_state start(
    const struct gj_deadline_place *place, const struct record *record, const char *timer, int64_t at_ms)
{
    struct gj_timer_state state;
    uint16_t at = gj_kind_timer(record->kind, timer);
    assert_int_not_equal(at, GJ_NO_INDEX);
    (void)gj_deadline_start(place, &record->view, at, at_ms, &state);
    return state;
}

/* category, priority, timer, received (Friday the 13th before the longest Spring Festival), due, warning. */
static const struct {
    const char *category;
    uint8_t priority;
    const char *timer;
    const char *due;
    const char *warn;
} table[] = {
    {"LFT-01", 0, "dispatch", "2026-02-13T15:03:00+08:00", "2026-02-13T15:02:15+08:00"},
    {"LFT-01", 0, "accept", "2026-02-13T15:03:00+08:00", "2026-02-13T15:02:15+08:00"},
    {"LFT-01", 0, "arrive", "2026-02-13T15:15:00+08:00", "2026-02-13T15:11:15+08:00"},
    {"LFT-01", 0, "contain", "2026-02-13T16:00:00+08:00", "2026-02-13T15:45:00+08:00"},
    {"LFT-01", 0, "finish", NULL, NULL},
    {"LFT-01", 0, "contact", NULL, NULL},
    {"WAT-01", 1, "dispatch", "2026-02-13T15:05:00+08:00", "2026-02-13T15:03:45+08:00"},
    {"WAT-01", 1, "accept", "2026-02-13T15:10:00+08:00", "2026-02-13T15:07:30+08:00"},
    {"WAT-01", 1, "arrive", "2026-02-13T15:30:00+08:00", "2026-02-13T15:22:30+08:00"},
    {"WAT-01", 1, "contain", "2026-02-13T17:00:00+08:00", "2026-02-13T16:30:00+08:00"},
    {"WAT-01", 1, "finish", "2026-02-14T15:00:00+08:00", "2026-02-14T09:00:00+08:00"},
    {"WAT-03", 2, "dispatch", "2026-02-13T15:20:00+08:00", "2026-02-13T15:15:00+08:00"},
    {"WAT-03", 2, "accept", "2026-02-13T15:30:00+08:00", "2026-02-13T15:22:30+08:00"},
    {"WAT-03", 2, "contact", "2026-02-13T17:00:00+08:00", "2026-02-13T16:30:00+08:00"},
    {"WAT-03", 2, "arrive", "2026-02-14T15:00:00+08:00", "2026-02-14T09:00:00+08:00"},
    {"WAT-03", 2, "finish", "2026-02-14T15:00:00+08:00", "2026-02-14T09:00:00+08:00"},
    {"CIV-01", 3, "accept", "2026-02-13T16:00:00+08:00", "2026-02-13T15:45:00+08:00"},
    {"CIV-01", 3, "survey", "2026-02-14T15:00:00+08:00", "2026-02-14T09:00:00+08:00"},
    /* three calendar days run through the holiday and end at 24:00 of the 16th */
    {"CIV-01", 3, "finish", "2026-02-17T00:00:00+08:00", "2026-02-16T03:45:00+08:00"},
    {"CIV-01", 3, "arrive", NULL, NULL},
    /* one working day: Saturday the 14th is worked; five skip the festival */
    {"GRN-02", 4, "dispatch", "2026-02-15T00:00:00+08:00", "2026-02-14T15:45:00+08:00"},
    {"GRN-02", 4, "plan", "2026-02-28T00:00:00+08:00", "2026-02-26T15:45:00+08:00"},
    {"GRN-02", 4, "finish", NULL, NULL},
    {"LEK-01", 3, "follow_up", "2026-03-16T00:00:00+08:00", NULL},
    {"CIV-01", 3, "follow_up", "2026-02-21T00:00:00+08:00", NULL},
};

static void figures_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct record record;
        ticket(&record, table[i].category, table[i].priority, "2026-02-13T15:00+08:00");
        struct gj_deadline_place place = place_of(&record);
        struct gj_timer_state timer = start(&place, &record, table[i].timer, record.view.received_at);
        assert_false(timer.provisional);
        if (table[i].due == NULL) {
            assert_int_equal(timer.due_at, 0);
            assert_int_equal(gj_deadline_next(&place, &record.view, &timer), INT64_MAX);
            continue;
        }
        stage_time_is(timer.due_at, table[i].due);
        if (table[i].warn != NULL) {
            stage_time_is(timer.warn_at, table[i].warn);
            assert_int_equal(gj_deadline_next(&place, &record.view, &timer), timer.warn_at);
        }
    }
}

static void limits_run_from_when_it_was_received(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state late = start(&place, &record, "finish", stage_at("2026-03-02T11:00+08:00"));
    stage_time_is(late.due_at, "2026-03-03T09:00:00+08:00");
    struct gj_timer_state accept = start(&place, &record, "accept", stage_at("2026-03-02T11:00+08:00"));
    stage_time_is(accept.due_at, "2026-03-02T11:30:00+08:00");
}

static void fields_give_limits(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state arrive = start(&place, &record, "arrive", record.view.received_at);
    stage_time_is(arrive.due_at, "2026-03-03T09:00:00+08:00");
    record_set(&record, stage_time("appointment_at", stage_at("2026-03-05T14:00+08:00")));
    assert_true(gj_deadline_recompute(&place, &record.view, &arrive));
    stage_time_is(arrive.due_at, "2026-03-05T14:00:00+08:00");
    stage_time_is(arrive.old_due_at, "2026-03-03T09:00:00+08:00");
    assert_false(gj_deadline_recompute(&place, &record.view, &arrive));
    struct gj_timer_state finish = start(&place, &record, "finish", record.view.received_at);
    stage_time_is(finish.due_at, "2026-03-03T09:00:00+08:00");
    record_set(&record, stage_int("complex", 1));
    assert_true(gj_deadline_recompute(&place, &record.view, &finish));
    stage_time_is(finish.due_at, "2026-03-04T09:00:00+08:00");
    record_set(&record, stage_time("agreed_finish", stage_at("2026-03-09T00:00+08:00")));
    assert_true(gj_deadline_recompute(&place, &record.view, &finish));
    stage_time_is(finish.due_at, "2026-03-10T00:00:00+08:00"); /* a date means its end */
}

static void a_raised_priority_tightens_what_runs(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state contain = start(&place, &record, "contain", record.view.received_at);
    assert_int_equal(contain.due_at, 0); /* kept without a promise, so that it can be given one */
    struct gj_timer_state dispatch = start(&place, &record, "dispatch", record.view.received_at);
    gj_deadline_stop(&place, &record.view, stage_at("2026-03-02T09:10+08:00"), &dispatch);
    record.view.priority = 1;
    assert_true(gj_deadline_recompute(&place, &record.view, &contain));
    stage_time_is(contain.due_at, "2026-03-02T11:00:00+08:00");
    assert_false(gj_deadline_recompute(&place, &record.view, &dispatch)); /* what is over keeps its result */
    assert_false(dispatch.breached);
}

static void pauses_move_the_due_time(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state finish = start(&place, &record, "finish", record.view.received_at);
    gj_deadline_pause(&place, &record.view, stage_at("2026-03-02T12:00+08:00"), &finish);
    assert_int_equal(gj_deadline_next(&place, &record.view, &finish), INT64_MAX);
    gj_deadline_pause(&place, &record.view, stage_at("2026-03-02T13:00+08:00"), &finish); /* twice is once */
    gj_deadline_resume(&place, &record.view, stage_at("2026-03-03T12:00+08:00"), &finish);
    stage_time_is(finish.due_at, "2026-03-04T09:00:00+08:00");
    assert_int_equal(finish.paused_ms, 24 * GJ_MS_PER_HOUR);
    stage_time_is(finish.warn_at, "2026-03-04T03:00:00+08:00"); /* 75 % of what is not paused */
    gj_deadline_pause(&place, &record.view, stage_at("2026-03-03T13:00+08:00"), &finish);
    gj_deadline_stop(&place, &record.view, stage_at("2026-03-03T15:00+08:00"), &finish);
    assert_int_equal(finish.paused_ms, 26 * GJ_MS_PER_HOUR);
    assert_false(finish.breached);
    gj_deadline_resume(&place, &record.view, stage_at("2026-03-09T15:00+08:00"), &finish);
    assert_int_equal(finish.paused_ms, 26 * GJ_MS_PER_HOUR);
    /* Urgent work cannot be paused. */
    ticket(&record, "WAT-01", 1, "2026-03-02T09:00+08:00");
    struct gj_timer_state urgent = start(&place, &record, "finish", record.view.received_at);
    gj_deadline_pause(&place, &record.view, stage_at("2026-03-02T12:00+08:00"), &urgent);
    assert_int_equal(urgent.paused_at, 0);
}

/* However a wait is cut into pauses, the due time is the same: nothing is accumulated by rounding. */
static void many_short_pauses_equal_one_long_one(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    int64_t begin = record.view.received_at;
    for (int64_t pieces = 1; pieces <= 60; pieces++) {
        struct gj_timer_state finish = start(&place, &record, "finish", begin);
        for (int64_t i = 0; i < pieces; i++) {
            int64_t from = begin + 3600000 + i * 3600000 / pieces;
            gj_deadline_pause(&place, &record.view, from, &finish);
            gj_deadline_resume(&place, &record.view, begin + 3600000 + (i + 1) * 3600000 / pieces, &finish);
        }
        stage_time_is(finish.due_at, "2026-03-03T10:00:00+08:00");
    }
}

static void ladders_climb_once(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state finish = start(&place, &record, "finish", record.view.received_at);
    static const struct {
        const char *at;
        const char *name;
    } rungs[] = {
        {"2026-03-03T03:00:00+08:00", "warning"}, {"2026-03-03T09:00:00+08:00", "breach"},
        {"2026-03-03T13:00:00+08:00", "escalated"},    /* 150 % would be 21:00; +4 h comes first */
        {"2026-03-04T09:00:00+08:00", "headquarters"}, /* 300 % would be the 5th; +24 h comes first */
    };
    for (size_t i = 0; i < 4; i++) {
        int64_t next = gj_deadline_next(&place, &record.view, &finish);
        stage_time_is(next, rungs[i].at);
        assert_null(gj_deadline_fire(&place, &record.view, next - 1, &finish));
        const struct gj_step *step = gj_deadline_fire(&place, &record.view, next, &finish);
        assert_non_null(step);
        assert_string_equal(step->name, rungs[i].name);
        assert_int_equal(finish.breached, i >= 1);
    }
    assert_int_equal(gj_deadline_next(&place, &record.view, &finish), INT64_MAX);
    assert_null(gj_deadline_fire(&place, &record.view, INT64_MAX - 1, &finish));
    /* Short limits climb by their share: 150 % of five minutes is before +4 h. */
    ticket(&record, "WAT-01", 1, "2026-03-02T09:00+08:00");
    struct gj_timer_state dispatch = start(&place, &record, "dispatch", record.view.received_at);
    dispatch.stage = 2;
    stage_time_is(gj_deadline_next(&place, &record.view, &dispatch), "2026-03-02T09:07:30+08:00");
}

static void after_a_long_absence_each_rung_fires_once(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state finish = start(&place, &record, "finish", record.view.received_at);
    size_t fired = 0;
    while (gj_deadline_fire(&place, &record.view, stage_at("2026-06-01T09:00+08:00"), &finish) != NULL) {
        fired++;
    }
    assert_int_equal(fired, 4);
    assert_int_equal(finish.stage, 4);
}

static void warnings_of_working_days_fall_on_working_days(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "visit", "VISITED");
    struct gj_deadline_place place = place_of(&record);
    for (int64_t at = stage_at("2026-01-05T10:00+08:00"); at < stage_at("2026-12-15T00:00+08:00");
         at += 7 * GJ_MS_PER_HOUR) {
        record.view.received_at = at;
        struct gj_timer_state review = start(&place, &record, "review", at);
        struct gj_day_result due = gj_calendar_add_working(stage_calendar, gj_cst_day(at), 2);
        assert_int_equal(review.due_at, gj_cst_midnight(due.day + 1));
        assert_true(review.warn_at > at && review.warn_at < review.due_at);
        assert_true(gj_calendar_day(stage_calendar, gj_cst_day(review.warn_at)).working);
    }
}

static void years_without_an_official_table_are_provisional(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "GRN-02", 4, "2026-12-31T15:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    assert_true(start(&place, &record, "dispatch", record.view.received_at).provisional);
    record.view.priority = 3;
    assert_false(
        start(&place, &record, "finish", record.view.received_at).provisional); /* calendar days need no table */
}

static void a_changed_calendar_recomputes_what_is_open(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "GRN-02", 4, "2026-02-13T15:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    struct gj_timer_state plan = start(&place, &record, "plan", record.view.received_at);
    struct gj_timer_state closed = plan;
    gj_deadline_stop(&place, &record.view, stage_at("2026-02-14T15:00+08:00"), &closed);
    struct gj_calendar *weekdays;
    assert_int_equal(gj_calendar_empty(&weekdays), GJ_OK);
    place.calendar = weekdays;
    assert_true(gj_deadline_recompute(&place, &record.view, &plan));
    stage_time_is(plan.due_at, "2026-02-21T00:00:00+08:00");
    stage_time_is(plan.old_due_at, "2026-02-28T00:00:00+08:00");
    assert_true(plan.provisional);
    assert_false(gj_deadline_recompute(&place, &record.view, &closed));
    gj_calendar_free(weekdays);
}

static void only_ever_tighter(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    uint16_t arrive = gj_kind_timer(record.kind, "arrive");
    const struct gj_timer *timer = &record.kind->timers[arrive];
    assert_int_equal(gj_deadline_resolve(&place, timer, &record.view).level, GJ_LEVEL_COMPANY);
    place.city = "shanghai"; /* 12 h */
    assert_int_equal(gj_deadline_resolve(&place, timer, &record.view).level, GJ_LEVEL_CITY);
    place.profile = "premium"; /* 4 h */
    struct gj_deadline_rule rule = gj_deadline_resolve(&place, timer, &record.view);
    assert_int_equal(rule.level, GJ_LEVEL_PROFILE);
    assert_int_equal(rule.limit.duration.n, 4);
    /* An office's own figure: looser is ignored, looser with two people's word counts, tighter always counts. */
    struct gj_refusal refusal;
    struct gj_override item;
    struct gj_override_set office = {.code = "x", .items = &item, .count = 1};
    place.office = &office;
    assert_true(gj_override_parse(stage_policy, "repair_ticket", "arrive", "P2", "8h", false, &item, &refusal));
    assert_int_equal(gj_deadline_resolve(&place, timer, &record.view).level, GJ_LEVEL_PROFILE);
    item.looser_approved = true;
    rule = gj_deadline_resolve(&place, timer, &record.view);
    assert_int_equal(rule.level, GJ_LEVEL_OFFICE);
    assert_int_equal(rule.limit.duration.n, 8);
    assert_true(gj_override_parse(stage_policy, "repair_ticket", "arrive", "", "90min", false, &item, &refusal));
    rule = gj_deadline_resolve(&place, timer, &record.view);
    assert_int_equal(rule.level, GJ_LEVEL_OFFICE);
    assert_int_equal(rule.limit.duration.n, 90);
    assert_false(gj_override_parse(stage_policy, "repair_ticket", "arrive", "P9", "90min", false, &item, &refusal));
    assert_string_equal(refusal.field, "priority");
    assert_false(gj_override_parse(stage_policy, "repair_ticket", "fly", "P1", "90min", false, &item, &refusal));
    assert_false(gj_override_parse(stage_policy, "nothing", "arrive", "P1", "90min", false, &item, &refusal));
    assert_false(gj_override_parse(stage_policy, "repair_ticket", "arrive", "P1", "soon", false, &item, &refusal));
    assert_int_equal(refusal.code, GJ_REFUSAL_FIELD_TEXT);
}

static void weather_stretches_the_ordinary_only(void **state)
{
    (void)state;
    struct record record;
    for (uint8_t priority = 0; priority <= 4; priority++) {
        ticket(&record, "CIV-01", priority, "2026-03-02T09:00+08:00");
        struct gj_deadline_place place = place_of(&record);
        struct gj_timer_state calm = start(&place, &record, "finish", record.view.received_at);
        place.weather = "typhoon";
        struct gj_timer_state storm = start(&place, &record, "finish", record.view.received_at);
        if (priority <= 1 || priority == 4) { /* urgent is never stretched; an agreed day is what was agreed */
            assert_int_equal(storm.due_at, calm.due_at);
        } else if (priority == 2) {
            stage_time_is(storm.due_at, "2026-03-03T21:00:00+08:00");
            assert_int_equal(storm.level, GJ_LEVEL_WEATHER);
        } else {
            stage_time_is(storm.due_at, "2026-03-08T00:00:00+08:00"); /* 4.5 days are five */
        }
        struct gj_timer_state accept = start(&place, &record, "accept", record.view.received_at);
        place.weather = NULL;
        assert_int_equal(accept.due_at, start(&place, &record, "accept", record.view.received_at).due_at);
    }
}

static void a_storm_that_is_over_takes_nothing_back(void **state)
{
    (void)state;
    struct record record;
    ticket(&record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    struct gj_deadline_place place = place_of(&record);
    place.weather = "red_alert";
    struct gj_timer_state finish = start(&place, &record, "finish", record.view.received_at);
    stage_time_is(finish.due_at, "2026-03-03T21:00:00+08:00");
    place.weather = NULL;
    assert_false(gj_deadline_recompute(&place, &record.view, &finish));
    record.view.priority = 1; /* urgent work is not stretched, whatever was */
    assert_true(gj_deadline_recompute(&place, &record.view, &finish));
    stage_time_is(finish.due_at, "2026-03-03T09:00:00+08:00");
    record.view.priority = 2;
    assert_false(gj_deadline_recompute(&place, &record.view, &finish));
}

static const struct gj_transition *transition(const struct record *record, const char *act, const char *from)
{
    uint8_t number = from[0] == '\0' ? GJ_STATE_NONE : gj_kind_state_by_code(record->kind, from)->number;
    for (size_t i = 0; i < record->kind->transition_count; i++) {
        const struct gj_transition *found = &record->kind->transitions[i];
        if (strcmp(record->kind->acts[found->act_at].name, act) == 0 && ((found->from >> number) & 1u) != 0) {
            return found;
        }
    }
    fail();
    return NULL;
}

struct life {
    struct record record;
    struct gj_deadline_place place;
    struct gj_timer_state states[GJ_TIMERS_MAX];
    size_t count;
};

static void step(struct life *life, const char *act, const char *from, const char *to, const char *at)
{
    const struct gj_transition *found = transition(&life->record, act, from);
    uint8_t before = from[0] == '\0' ? GJ_STATE_NONE : gj_kind_state_by_code(life->record.kind, from)->number;
    uint8_t after = gj_kind_state_by_code(life->record.kind, to)->number;
    life->record.view.state = after;
    gj_deadline_transition(
        &life->place, &life->record.view, found, before, after, stage_at(at), life->states, &life->count);
}

static const struct gj_timer_state *timer_of(const struct life *life, const char *name)
{
    for (size_t i = 0; i < life->count; i++) {
        if (strcmp(life->record.kind->timers[life->states[i].timer_at].name, name) == 0) {
            return &life->states[i];
        }
    }
    return NULL;
}

static void transitions_start_pause_and_stop(void **state)
{
    (void)state;
    static struct life life;
    memset(&life, 0, sizeof life);
    ticket(&life.record, "WAT-03", 2, "2026-03-02T09:00+08:00");
    life.place = place_of(&life.record);
    step(&life, "create", "", "TRIAGED", "2026-03-02T09:01+08:00");
    assert_non_null(timer_of(&life, "dispatch"));
    stage_time_is(
        gj_deadline_next_of(&life.place, &life.record.view, life.states, life.count), "2026-03-02T09:15:00+08:00");
    step(&life, "dispatch", "TRIAGED", "DISPATCHED", "2026-03-02T09:10+08:00");
    assert_int_not_equal(timer_of(&life, "dispatch")->stopped_at, 0);
    stage_time_is(timer_of(&life, "accept")->due_at, "2026-03-02T09:40:00+08:00");
    step(&life, "decline", "DISPATCHED", "TRIAGED", "2026-03-02T09:20+08:00");
    assert_int_not_equal(timer_of(&life, "accept")->stopped_at, 0);
    step(&life, "dispatch", "TRIAGED", "DISPATCHED", "2026-03-02T09:30+08:00");
    stage_time_is(timer_of(&life, "accept")->due_at, "2026-03-02T10:00:00+08:00"); /* a new round, in its old place */
    assert_int_equal(timer_of(&life, "accept")->stopped_at, 0);
    step(&life, "accept", "DISPATCHED", "ACCEPTED", "2026-03-02T10:30+08:00");
    assert_true(timer_of(&life, "accept")->breached);
    step(&life, "arrive", "ACCEPTED", "ARRIVED", "2026-03-02T11:00+08:00");
    step(&life, "start", "ARRIVED", "WORKING", "2026-03-02T11:05+08:00");
    life.record.values[life.record.view.value_count++] = stage_time("hold_until", stage_at("2026-03-04T09:00+08:00"));
    step(&life, "hold", "WORKING", "ON_HOLD", "2026-03-02T12:00+08:00");
    assert_int_not_equal(timer_of(&life, "finish")->paused_at, 0);
    stage_time_is(gj_deadline_next_of(&life.place, &life.record.view, life.states, life.count),
        "2026-03-04T09:00:00+08:00"); /* only the end of the hold is left to wait for */
    step(&life, "resume", "ON_HOLD", "WORKING", "2026-03-03T12:00+08:00");
    stage_time_is(timer_of(&life, "finish")->due_at, "2026-03-04T09:00:00+08:00");
    step(&life, "finish", "WORKING", "DONE", "2026-03-03T15:00+08:00");
    assert_false(timer_of(&life, "finish")->breached);
    stage_time_is(timer_of(&life, "acceptance")->due_at, "2026-03-04T15:00:00+08:00");
    step(&life, "owner_accept", "DONE", "OWNER_ACCEPTED", "2026-03-03T16:00+08:00");
    step(&life, "close", "OWNER_ACCEPTED", "CLOSED", "2026-03-03T16:00+08:00");
    for (size_t i = 0; i < life.count; i++) {
        assert_int_not_equal(life.states[i].stopped_at, 0);
    }
    assert_int_equal(gj_deadline_next_of(&life.place, &life.record.view, life.states, life.count), INT64_MAX);
    step(&life, "reopen", "CLOSED", "REDO", "2026-03-05T16:00+08:00");
    stage_time_is(timer_of(&life, "redo_dispatch")->due_at, "2026-03-06T16:00:00+08:00");
    assert_true(life.count <= life.record.kind->timer_count);
}

static void every_duration_ends_where_it_should(void **state)
{
    (void)state;
    static const struct {
        const char *duration;
        const char *due;
    } cases[] = {
        {"15min", "2026-01-31T22:15:00+08:00"},
        {"2h", "2026-02-01T00:00:00+08:00"},
        {"0 calendar_days", "2026-02-01T00:00:00+08:00"},
        {"1 calendar_day", "2026-02-02T00:00:00+08:00"},
        {"1 working_day", "2026-02-03T00:00:00+08:00"},
        {"1 month", "2026-03-01T00:00:00+08:00"},
        {"2 months", "2026-04-01T00:00:00+08:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gj_duration duration;
        assert_true(gj_duration_parse(cases[i].duration, strlen(cases[i].duration), &duration));
        struct gj_due due =
            gj_deadline_after(&stage_policy->settings, stage_calendar, stage_at("2026-01-31T22:00+08:00"), duration);
        stage_time_is(due.at_ms, cases[i].due);
        char text[GJ_DURATION_TEXT_SIZE];
        gj_duration_format(duration, text);
        assert_string_equal(text, cases[i].duration);
    }
    struct gj_policy_settings closing = stage_policy->settings;
    closing.office_closing_minute = 18 * 60;
    struct gj_duration two = {2, GJ_UNIT_WORKING_DAY};
    stage_time_is(gj_deadline_after(&closing, stage_calendar, stage_at("2026-02-13T15:00+08:00"), two).at_ms,
        "2026-02-24T18:00:00+08:00");
    static const char *const bad[] = {"", "2", "h", "2 weeks", "-1h", "2hh", "1.5h", "999999h", "2 working days"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct gj_duration duration;
        assert_false(gj_duration_parse(bad[i], strlen(bad[i]), &duration));
    }
}

static void profiles_say_how_many_are_called_back(void **state)
{
    (void)state;
    assert_int_equal(gj_profile_follow_up(stage_policy, "premium"), 1000);
    assert_int_equal(gj_profile_follow_up(stage_policy, "enhanced"), 600);
    assert_int_equal(gj_profile_follow_up(stage_policy, NULL), 300);
    assert_int_equal(gj_profile_follow_up(stage_policy, "unheard_of"), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_hold),
        cmocka_unit_test(limits_run_from_when_it_was_received),
        cmocka_unit_test(fields_give_limits),
        cmocka_unit_test(a_raised_priority_tightens_what_runs),
        cmocka_unit_test(pauses_move_the_due_time),
        cmocka_unit_test(many_short_pauses_equal_one_long_one),
        cmocka_unit_test(ladders_climb_once),
        cmocka_unit_test(after_a_long_absence_each_rung_fires_once),
        cmocka_unit_test(warnings_of_working_days_fall_on_working_days),
        cmocka_unit_test(years_without_an_official_table_are_provisional),
        cmocka_unit_test(a_changed_calendar_recomputes_what_is_open),
        cmocka_unit_test(only_ever_tighter),
        cmocka_unit_test(weather_stretches_the_ordinary_only),
        cmocka_unit_test(a_storm_that_is_over_takes_nothing_back),
        cmocka_unit_test(transitions_start_pause_and_stop),
        cmocka_unit_test(every_duration_ends_where_it_should),
        cmocka_unit_test(profiles_say_how_many_are_called_back),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
