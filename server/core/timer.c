#include "core/timer.h"

#include <string.h>

#include "core/body.pb-c.h"
#include "core/core.h"
#include "core/notify.h"
#include "core/round.h"
#include "core/work.h"
#include "core/work_clock.h"
#include "store/record.h"

struct firing {
    struct gj_ctx *ctx;
    struct gj_work *work;
    struct gj_notify_fold *fold;
    int64_t fire_at_ms; /* when the record's row was to fire */
    unsigned acts;
};

static void system_act(struct firing *firing, const char *act)
{
    Gj__Work__Act *body = GJ_ARENA_NEW(firing->ctx->arena, Gj__Work__Act);
    if (body == NULL) {
        gj_txn_fail(firing->ctx->txn, gj_arena_why(firing->ctx->arena));
        return;
    }
    gj__work__act__init(body);
    body->id = firing->work->row->id;
    body->act = (char *)act;
    gj_apply_follow(firing->ctx, GJ__V1__CALL__RECORD_ACT, &body->base);
    firing->acts++;
}

static void fire_rung(struct firing *firing, const struct gj_timer_state *state, const struct gj_step *step)
{
    struct gj_ctx *ctx = firing->ctx;
    struct gj_work *work = firing->work;
    const struct gj_timer *timer = &work->kind->timers[state->timer_at];
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER,
        .aside = true,
        .action = timer->name,
        .reason = step->name,
        .has_value = true,
        .value = state->stage};
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
    bool late = ctx->now_ms - firing->fire_at_ms > GJ_TIMER_FOLD_MS;
    struct gj_notify_rung rung = {.timer = timer,
        .step = step,
        .stage = state->stage,
        .due_at_ms = state->due_at,
        .fold = late && firing->fold->count < GJ_NOTIFY_FOLD_MAX ? firing->fold : NULL};
    gj_notify_rung(ctx, work, &rung);
    gj_work_follow(ctx, work, step->follow, step->follow_count, timer->name, step->name);
    if (step->act != NULL) {
        system_act(firing, step->act);
    }
}

static bool fire_record(struct firing *firing)
{
    struct gj_ctx *ctx = firing->ctx;
    struct gj_work *work = firing->work;
    bool fired = false;
    for (size_t i = 0; i < work->timer_count; i++) {
        struct gj_deadline_place place = gj_work_place(ctx, work);
        const struct gj_step *step = NULL;
        while ((step = gj_deadline_fire(&place, &work->view, ctx->now_ms, &work->timers[i])) != NULL) {
            fire_rung(firing, &work->timers[i], step);
            fired = true;
        }
    }
    return fired;
}

void gj_timer_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Timer *body = (const Gj__Body__Timer *)message;
    struct gj_notify_fold *fold = GJ_ARENA_NEW(ctx->arena, struct gj_notify_fold);
    struct firing firing = {.ctx = ctx, .fold = fold};
    if (fold == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < body->n_records && firing.acts < GJ_TIMER_ACTS_MAX && !gj_work_enough(ctx); i++) {
        struct gj_work work;
        if (!gj_work_load(ctx, body->records[i], &work) || work.row->next_fire_at == 0 ||
            work.row->next_fire_at > body->upto) {
            continue;
        }
        firing.work = &work;
        firing.fire_at_ms = work.row->next_fire_at;
        work.fires = true;
        if (!fire_record(&firing)) {
            gj_work_save(ctx, &work); /* what it was set for had been done: it gets its next time */
        }
    }
    gj_notify_folded(ctx, fold);
}

/* --- a new calendar --- */

static bool recompute_record(struct gj_ctx *ctx, struct gj_work *work)
{
    struct gj_deadline_place place = gj_work_place(ctx, work);
    bool changed = false;
    for (size_t i = 0; i < work->timer_count; i++) {
        changed = gj_deadline_recompute(&place, &work->view, &work->timers[i]) || changed;
    }
    if (!changed) {
        return false;
    }
    work->fires = true;
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER, .aside = true, .action = "recompute", .reason = "calendar"};
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
    return true;
}

/* Open records in the order of the queue: office, kind, id. The cursor is the last row looked at. */
void gj_timer_recompute(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_RECOMPUTE, &gj__work__recompute__descriptor, &message);
    const Gj__Work__Recompute *body = (const Gj__Work__Recompute *)message;
    struct gj_key low = gj_key_of_bytes(body->after.data, body->after.len);
    struct gj_key keys[GJ_TIMER_RECOMPUTE_MAX];
    size_t count = 0;
    if (body->after.len > 0) {
        gj_key_after(&low);
    }
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_WORK, &low, NULL, GJ_FORWARD);
    while (count < GJ_TIMER_RECOMPUTE_MAX && gj_iter_next(&iter)) {
        keys[count++] = gj_key_of_bytes(iter.key.data, iter.key.len);
    }
    gj_iter_close(&iter);
    size_t done = 0;
    for (; done < count && !gj_work_enough(ctx); done++) {
        struct gj_key_reader reader = gj_key_read(keys[done].bytes, keys[done].len);
        struct gj_work work;
        (void)gj_key_read_u32(&reader);
        (void)gj_key_read_u16(&reader);
        if (gj_work_load(ctx, gj_key_read_u64(&reader), &work)) {
            (void)recompute_record(ctx, &work);
        }
    }
    if (done > 0 && (done == GJ_TIMER_RECOMPUTE_MAX || done < count)) {
        Gj__Work__Recompute next = GJ__WORK__RECOMPUTE__INIT;
        next.after = (ProtobufCBinaryData){.data = keys[done - 1].bytes, .len = keys[done - 1].len};
        gj_timer_ask(ctx, ctx->now_ms, GJ__V1__CALL__SYSTEM_RECOMPUTE, &next.base);
    }
}

/* --- weather --- */

static void weather_record(struct gj_ctx *ctx, struct gj_work *work)
{
    struct gj_deadline_place place = gj_work_place(ctx, work);
    int64_t changed = 0;
    for (size_t i = 0; i < work->timer_count; i++) {
        changed += gj_deadline_weather(&place, &work->view, ctx->now_ms, &work->timers[i]) ? 1 : 0;
    }
    if (changed == 0) {
        return;
    }
    work->fires = true;
    struct gj_work_note note = {.type = GJ_ENTRY_TIMER,
        .action = "recompute",
        .reason = place.weather != NULL ? "weather_on" : "weather_off",
        .has_value = true,
        .value = changed};
    (void)gj_work_entry(ctx, work, &note);
    gj_work_save(ctx, work);
}

void gj_timer_weather(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Work__Round round;
    (void)gj_round_apply(ctx, GJ__V1__CALL__SYSTEM_WEATHER, message, weather_record, &round);
}

void gj_timer_weather_switched(struct gj_ctx *ctx, uint64_t office)
{
    gj_round_ask(ctx, GJ__V1__CALL__SYSTEM_WEATHER, office, ctx->now_ms);
}

/* --- timers of things that are no records --- */

static struct gj_key timer_key(int64_t at_ms, uint16_t call)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_i64(&key, at_ms);
    gj_key_u16(&key, call);
    return key;
}

/* The row of a call; there is at most one, and few calls have any. */
static bool find_timer(struct gj_ctx *ctx, uint16_t call, int64_t *at_ms)
{
    struct gj_iter iter;
    bool found = false;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_TIMER, NULL, NULL, GJ_FORWARD);
    while (!found && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        *at_ms = gj_key_read_i64(&reader);
        found = gj_key_read_u16(&reader) == call;
    }
    gj_iter_close(&iter);
    return found;
}

bool gj_timer_look(struct gj_ctx *ctx, uint16_t call, const ProtobufCMessageDescriptor *descriptor, int64_t *at_ms,
    const ProtobufCMessage **out)
{
    if (!find_timer(ctx, call, at_ms)) {
        return false;
    }
    struct gj_key key = timer_key(*at_ms, call);
    void *message = NULL;
    if (gj_record_load(ctx->txn, GJ_TABLE_TIMER, &key, descriptor, ctx->arena, &message)) {
        *out = message;
    }
    return true;
}

bool gj_timer_take(
    struct gj_ctx *ctx, uint16_t call, const ProtobufCMessageDescriptor *descriptor, const ProtobufCMessage **out)
{
    int64_t at_ms = 0;
    if (!gj_timer_look(ctx, call, descriptor, &at_ms, out)) {
        return false;
    }
    struct gj_key key = timer_key(at_ms, call);
    return gj_txn_del(ctx->txn, GJ_TABLE_TIMER, &key);
}

void gj_timer_ask(struct gj_ctx *ctx, int64_t at_ms, uint16_t call, const ProtobufCMessage *body)
{
    int64_t asked_ms = 0;
    if (find_timer(ctx, call, &asked_ms)) {
        if (asked_ms <= at_ms) {
            return;
        }
        struct gj_key old = timer_key(asked_ms, call);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_TIMER, &old);
    }
    struct gj_key key = timer_key(at_ms, call);
    gj_record_save(ctx->txn, GJ_TABLE_TIMER, &key, body);
}
