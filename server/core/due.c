#include "core/due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"
#include "common/log.h"
#include "core/body.pb-c.h"
#include "core/calendar_alarm.h"
#include "core/commit.h"
#include "core/core.h"
#include "core/health.h"
#include "core/policies.h"
#include "core/seen.h"
#include "store/key.h"
#include "store/store.h"

/* The loop wakes at least this often in real time even when the story runs fast. */
#define SLEEP_MIN_MS 1
/* Kept replies are swept, readers checked and the calendar looked at this often. */
#define UPKEEP_MS 60000
/* A command that failed in the machinery is tried again after this. */
#define RETRY_MS 2000

struct gj_due {
    struct gj_core *core;
    struct gj_txn *txn;
    uv_timer_t timer;
    bool waiting;        /* a command is under way: its rows are still in the index */
    bool held_known;     /* the holding of the clock has been put on record */
    uint64_t upkeep_at;  /* uv_now */
    uint64_t not_before; /* uv_now: after a failure */
};

static void wake_in(struct gj_due *due, uint64_t wait_ms);

static void on_fired(struct gj_request *request)
{
    struct gj_due *due = request->owner;

    due->waiting = false;
    if (request->item.err != GJ_OK || request->item.applied.answer.status != GJ__V1__STATUS__OK) {
        gj_log(GJ_LOG_ERROR, "due.failed", GJ_LOG_U64("call", request->item.command.call),
            GJ_LOG_ERR(request->item.err), GJ_LOG_CODE("code", request->item.applied.answer.code));
        due->not_before = uv_now(due->core->loop) + RETRY_MS;
    }
    wake_in(due, 0);
}

static bool fire(struct gj_due *due, uint16_t call, const ProtobufCMessage *body)
{
    if (gj_core_call(due->core, call) == NULL) {
        return false; /* a daemon without that service has no such rows either */
    }
    enum gj_err err = gj_commit_system(due->core, call, body, on_fired, due);
    due->waiting = err == GJ_OK;
    if (err != GJ_OK && err != GJ_ECLOSED) {
        due->not_before = uv_now(due->core->loop) + RETRY_MS;
    }
    return err == GJ_OK;
}

/* Records whose time has come, oldest first. *next_ms: when the next one comes, INT64_MAX for none. */
static bool fire_records(struct gj_due *due, int64_t now_ms, int64_t *next_ms)
{
    Gj__Body__Timer body = GJ__BODY__TIMER__INIT;
    uint64_t records[GJ_DUE_GROUP_MAX];
    struct gj_iter iter;

    gj_iter_range(&iter, due->txn, GJ_TABLE_DUE, NULL, NULL, GJ_FORWARD);
    while (body.n_records < GJ_DUE_GROUP_MAX && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        int64_t fire_at_ms = gj_key_read_i64(&reader);

        if (fire_at_ms > now_ms) {
            *next_ms = fire_at_ms;
            break;
        }
        records[body.n_records++] = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    if (body.n_records == 0) {
        return false;
    }
    body.records = records;
    body.upto = now_ms;
    return fire(due, GJ__V1__CALL__SYSTEM_TIMER, &body.base);
}

/* Rows of the table TIMER: the call they name gets an empty body, removes the row and puts the next one. */
static bool fire_other(struct gj_due *due, int64_t now_ms, int64_t *next_ms)
{
    struct gj_value key;
    struct gj_value value;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;

    if (!gj_txn_first(due->txn, GJ_TABLE_TIMER, &key, &value)) {
        return false;
    }
    struct gj_key_reader reader = gj_key_read(key.data, key.len);
    int64_t fire_at_ms = gj_key_read_i64(&reader);
    uint16_t call = gj_key_read_u16(&reader);
    if (fire_at_ms > now_ms) {
        *next_ms = fire_at_ms < *next_ms ? fire_at_ms : *next_ms;
        return false;
    }
    return fire(due, call, &empty.base);
}

/* An office must not learn in January that nobody knows the working days of the year. */
static void check_calendar(struct gj_due *due, int64_t now_ms)
{
    const struct gj_calendar *calendar = gj_policies_calendar(due->core->policies, due->txn);
    int32_t year = gj_date_of(gj_cst_day(now_ms)).year;
    char code[GJ_ALARM_TEXT_MAX + 1];

    for (int32_t of = year; calendar != NULL && of <= year + 1; of++) {
        snprintf(code, sizeof code, "calendar.missing:%d", of);
        if (gj_calendar_alarm(calendar, now_ms) && !gj_calendar_year_official(calendar, of)) {
            gj_health_raise(due->core->health, code);
        } else {
            gj_health_clear(due->core->health, code);
        }
    }
}

/* The inboxes of those who can bring the table; health says it to whoever looks there. */
static void tell_calendar(struct gj_due *due, int64_t now_ms)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;

    if (!due->waiting && !due->core->watch.held &&
        gj_calendar_alarm_due(due->txn, gj_policies_calendar(due->core->policies, due->txn), now_ms)) {
        (void)fire(due, GJ__V1__CALL__SYSTEM_CALENDAR, &empty.base);
    }
}

static void check_store(struct gj_core *core)
{
    struct gj_store_info info;

    if (gj_store_check_space(core->store) == GJ_OK) {
        gj_health_clear(core->health, "disk.reserve");
    } else {
        gj_health_raise(core->health, "disk.reserve");
    }
    if (gj_store_info(core->store, &info) == GJ_OK &&
        info.used_bytes - info.free_bytes < info.map_bytes - info.map_bytes / 64) {
        gj_health_clear(core->health, "store.full");
    }
}

static void upkeep(struct gj_due *due, int64_t now_ms)
{
    struct gj_core *core = due->core;
    Gj__Body__Sweep sweep = GJ__BODY__SWEEP__INIT;
    struct gj_value key;
    struct gj_value value;

    due->upkeep_at = uv_now(core->loop) + UPKEEP_MS;
    gj_store_check_readers(core->store);
    check_calendar(due, now_ms);
    check_store(core);
    if (gj_txn_first(due->txn, GJ_TABLE_SEEN, &key, &value) && key.len >= GJ_REQUEST_KEY_BYTES &&
        gj_seen_age(key.data, now_ms) == GJ_SEEN_EXPIRED) {
        (void)fire(due, GJ__V1__CALL__SYSTEM_SWEEP, &sweep.base);
    }
    tell_calendar(due, now_ms);
}

/* A clock that cannot be believed is put on record once, and once more when it can be again. */
static bool record_clock(struct gj_due *due)
{
    struct gj_core *core = due->core;
    Gj__Body__Clock body = GJ__BODY__CLOCK__INIT;

    if (core->watch.held == due->held_known) {
        return false;
    }
    body.held = core->watch.held;
    body.drift_ms = gj_watch_drift_ms(&core->watch, gj_clock_sample(core->clock));
    due->held_known = core->watch.held;
    if (core->watch.held) {
        gj_health_raise(core->health, "clock.held");
    } else {
        gj_health_clear(core->health, "clock.held");
    }
    return fire(due, GJ__V1__CALL__SYSTEM_CLOCK_HELD, &body.base);
}

static void look(struct gj_due *due)
{
    struct gj_core *core = due->core;
    int64_t next_ms = INT64_MAX;
    int64_t now_ms = gj_core_now(core);

    if (record_clock(due)) {
        return;
    }
    if (uv_now(core->loop) >= due->upkeep_at) {
        upkeep(due, now_ms);
    }
    if (due->waiting) {
        return;
    }
    /* While the clock is held no deadline is judged; stamps go on. */
    if (core->watch.held) {
        wake_in(due, GJ_DUE_SLEEP_MAX_MS);
        return;
    }
    if (fire_records(due, now_ms, &next_ms) || fire_other(due, now_ms, &next_ms)) {
        return;
    }
    int64_t wait_ms = GJ_DUE_SLEEP_MAX_MS;
    if (next_ms != INT64_MAX) {
        int64_t story_ms = next_ms > now_ms ? next_ms - now_ms : 0;
        int64_t real_ms = gj_clock_real_wait_ms(core->clock, story_ms);

        wait_ms = real_ms < wait_ms ? real_ms : wait_ms;
    }
    wake_in(due, wait_ms < SLEEP_MIN_MS ? SLEEP_MIN_MS : (uint64_t)wait_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct gj_due *due = timer->data;

    if (due->waiting) {
        return;
    }
    if (uv_now(due->core->loop) < due->not_before) {
        wake_in(due, due->not_before - uv_now(due->core->loop));
        return;
    }
    if (gj_txn_renew(due->txn) != GJ_OK) {
        wake_in(due, RETRY_MS);
        return;
    }
    look(due);
    gj_txn_reset(due->txn);
}

static void wake_in(struct gj_due *due, uint64_t wait_ms)
{
    if (!uv_is_closing((uv_handle_t *)&due->timer)) {
        uv_timer_start(&due->timer, on_timer, wait_ms, 0);
    }
}

enum gj_err gj_due_open(struct gj_core *core, struct gj_due **out)
{
    struct gj_due *due = calloc(1, sizeof *due);

    if (due == NULL) {
        return GJ_ENOMEM;
    }
    enum gj_err err = gj_txn_begin_read(core->store, &due->txn);
    if (err != GJ_OK) {
        free(due);
        return err;
    }
    gj_txn_reset(due->txn);
    due->core = core;
    uv_timer_init(core->loop, &due->timer);
    due->timer.data = due;
    wake_in(due, 0);
    *out = due;
    return GJ_OK;
}

void gj_due_batch(struct gj_due *due)
{
    /* A batch may have brought an earlier row; looking costs two reads. Under load that is once per few milliseconds.
     */
    if (!due->waiting && uv_timer_get_due_in(&due->timer) > SLEEP_MIN_MS) {
        wake_in(due, SLEEP_MIN_MS);
    }
}

void gj_due_clock(struct gj_due *due)
{
    wake_in(due, 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gj_due_close(struct gj_due *due)
{
    if (due == NULL) {
        return;
    }
    gj_txn_abort(due->txn);
    due->txn = NULL;
    uv_close((uv_handle_t *)&due->timer, on_closed);
}
