#include "core/work_clock.h"

#include <string.h>

#include "core/core.h"

static uint8_t level_by_name(const char *name)
{
    for (uint8_t level = GJ_LEVEL_COMPANY; level <= GJ_LEVEL_WEATHER; level++) {
        if (strcmp(gj_level_name((enum gj_level)level), name) == 0) {
            return level;
        }
    }
    return 0;
}

void gj_work_timers_load(struct gj_work *work)
{
    const Gj__Stored__Record *row = work->row;
    work->timer_count = 0;
    for (size_t i = 0; i < row->n_timers && work->timer_count < GJ_TIMERS_MAX; i++) {
        const Gj__V1__Timer *timer = row->timers[i];
        uint16_t at = gj_kind_timer(work->kind, timer->name);
        if (at == GJ_NO_INDEX) {
            continue;
        }
        work->timers[work->timer_count++] = (struct gj_timer_state){.timer_at = at,
            .base_at = work->kind->timers[at].from_received ? row->received_at : timer->started_at,
            .started_at = timer->started_at,
            .due_at = timer->due_at,
            .warn_at = timer->warn_at,
            .stopped_at = timer->stopped_at,
            .paused_at = timer->paused_at,
            .paused_ms = timer->paused_ms,
            .stage = timer->stage,
            .provisional = timer->provisional,
            .breached = timer->breached,
            .old_due_at = timer->old_due_at,
            .level = level_by_name(timer->level)};
    }
}

static bool was_stated(const Gj__Stored__Record *row, const char *name)
{
    for (size_t i = 0; i < row->n_timers; i++) {
        if (strcmp(row->timers[i]->name, name) == 0) {
            return row->timers[i]->stated;
        }
    }
    return false;
}

static void store_one(struct gj_work *work, const struct gj_timer_state *state, Gj__V1__Timer *timer)
{
    const struct gj_timer *declared = &work->kind->timers[state->timer_at];
    const Gj__Stored__Record *row = work->row;
    bool told = declared->from_received && row->recorded_at != row->received_at;
    gj__v1__timer__init(timer);
    timer->name = (char *)declared->name;
    timer->started_at = state->started_at;
    timer->due_at = state->due_at;
    timer->warn_at = state->warn_at;
    timer->stopped_at = state->stopped_at;
    timer->paused_at = state->paused_at;
    timer->paused_ms = state->paused_ms;
    timer->stage = state->stage;
    timer->provisional = state->provisional;
    timer->stated = told || (work->told >> state->timer_at & 1u) != 0 || was_stated(row, declared->name);
    timer->level =
        state->level == 0 ? (char *)protobuf_c_empty_string : (char *)gj_level_name((enum gj_level)state->level);
    timer->old_due_at = state->old_due_at;
    timer->breached = state->breached;
    timer->met = state->stopped_at != 0 && !state->breached;
}

void gj_work_timers_store(struct gj_ctx *ctx, struct gj_work *work)
{
    Gj__V1__Timer **timers = GJ_ARENA_ARRAY(ctx->arena, work->timer_count, Gj__V1__Timer *);
    Gj__V1__Timer *each = GJ_ARENA_ARRAY(ctx->arena, work->timer_count, Gj__V1__Timer);
    if (timers == NULL || each == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < work->timer_count; i++) {
        store_one(work, &work->timers[i], &each[i]);
        timers[i] = &each[i];
    }
    work->row->timers = timers;
    work->row->n_timers = work->timer_count;
}

int64_t gj_work_next_fire(struct gj_ctx *ctx, const struct gj_work *work)
{
    struct gj_deadline_place place = gj_work_place(ctx, work);
    int64_t at = gj_deadline_next_of(&place, &work->view, work->timers, work->timer_count);
    return at == INT64_MAX ? 0 : at;
}

int64_t gj_work_due_at(const struct gj_work *work)
{
    int64_t due_at = 0;
    for (size_t i = 0; i < work->timer_count; i++) {
        const struct gj_timer_state *state = &work->timers[i];
        bool promise = work->kind->timers[state->timer_at].promise;
        if (promise && state->stopped_at == 0 && state->due_at != 0 && (due_at == 0 || state->due_at < due_at)) {
            due_at = state->due_at;
        }
    }
    return due_at;
}

bool gj_work_breached(const struct gj_work *work)
{
    for (size_t i = 0; i < work->timer_count; i++) {
        if (work->timers[i].breached && work->kind->timers[work->timers[i].timer_at].promise) {
            return true;
        }
    }
    return false;
}

/* The office's own limits as the rules take them. */
static struct gj_override_set *own_limits(struct gj_ctx *ctx, const struct gj_work *work)
{
    const Gj__Stored__Office *office = work->office;
    struct gj_override_set *set = GJ_ARENA_NEW(ctx->arena, struct gj_override_set);
    struct gj_override *items = GJ_ARENA_ARRAY(ctx->arena, office->n_limits, struct gj_override);
    if (set == NULL || items == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return NULL;
    }
    for (size_t i = 0; i < office->n_limits; i++) {
        const Gj__Stored__Limit *limit = office->limits[i];
        struct gj_duration duration;
        const struct gj_priority *priority = gj_policy_priority(work->policy, limit->priority);
        if (!gj_duration_parse(limit->limit, strlen(limit->limit), &duration)) {
            continue; /* checked when it was set; one this version cannot read is as if not given */
        }
        items[set->count++] = (struct gj_override){.kind = limit->kind,
            .timer = limit->timer,
            .priorities = priority == NULL ? 0 : UINT32_C(1) << priority->number,
            .limit = duration,
            .looser_approved = limit->approved_looser,
            .file = "office"};
    }
    set->code = office->code;
    set->items = items;
    set->follow_up_permille = UINT16_MAX;
    return set;
}

struct gj_deadline_place gj_work_place(struct gj_ctx *ctx, const struct gj_work *work)
{
    struct gj_deadline_place place = {.policy = work->policy,
        .kind = work->kind,
        .calendar = ctx->calendar,
        .city = work->row->city,
        .profile = work->row->profile};
    if (work->office->n_limits > 0) {
        place.office = own_limits(ctx, work);
    }
    if (work->office->weather_mode && work->policy->weather_count > 0) {
        place.weather = work->policy->weather[0].code;
    }
    return place;
}
