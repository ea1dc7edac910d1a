#include "service/system/system.h"

#include <string.h>

#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/calendar_alarm.h"
#include "core/health.h"
#include "core/obligations.h"
#include "core/seen.h"
#include "core/stand_in.h"
#include "core/subject.h"
#include "core/timer.h"
#include "core/work_code.h"
#include "core/work.pb-c.h"

/* Kept replies that the window has left behind: nothing that anybody can ask for, so no entry is due. */
static void sweep(struct gj_ctx *ctx, const ProtobufCMessage *body)
{
    (void)body;
    gj_seen_sweep(ctx->txn, ctx->now_ms);
}

static void alarm_entry(struct gj_ctx *ctx, const char *action, int64_t value, const ProtobufCBinaryData *object)
{
    struct gj_entry entry = {
        .type = GJ_ENTRY_ALARM, .subject_kind = GJ_SUBJECT_STORE, .has_value = true, .value = value};

    (void)!gj_entry_word(&entry.action, action);
    if (object != NULL && object->len == sizeof entry.object) {
        entry.has_object = true;
        memcpy(entry.object, object->data, sizeof entry.object);
    }
    gj_apply_entry(ctx, &entry, NULL, 0);
}

static void clock_held(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Clock *body = (const Gj__Body__Clock *)message;

    alarm_entry(ctx, body->held ? "clock_held" : "clock_trusted", body->drift_ms, NULL);
}

static void backup_done(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__BackupDone *body = (const Gj__Body__BackupDone *)message;

    gj_health_keep_backup(ctx->txn, ctx->arena, body->made_at, body->ok ? NULL : body->error);
    alarm_entry(ctx, body->ok ? "backup_done" : "backup_failed", (int64_t)body->entries, &body->root);
}

static const struct gj_call calls[] = {
    {.number = GJ__V1__CALL__SYSTEM_TIMER,
        .name = "system.timer",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__timer__descriptor,
        .apply = gj_timer_apply},
    {.number = GJ__V1__CALL__SYSTEM_SWEEP,
        .name = "system.sweep",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__sweep__descriptor,
        .apply = sweep},
    {.number = GJ__V1__CALL__SYSTEM_RECOMPUTE,
        .name = "system.recompute",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__work__recompute__descriptor,
        .apply = gj_timer_recompute},
    {.number = GJ__V1__CALL__SYSTEM_OBLIGATION,
        .name = "system.obligation",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__work__owed__descriptor,
        .apply = gj_obligations_apply},
    {.number = GJ__V1__CALL__SYSTEM_STAND_IN,
        .name = "system.stand_in",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__work__round__descriptor,
        .apply = gj_stand_in_apply},
    {.number = GJ__V1__CALL__SYSTEM_WEATHER,
        .name = "system.weather",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__work__round__descriptor,
        .apply = gj_timer_weather},
    {.number = GJ__V1__CALL__SYSTEM_CALENDAR,
        .name = "system.calendar",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__v1__empty__descriptor,
        .apply = gj_calendar_alarm_apply},
    {.number = GJ__V1__CALL__SYSTEM_CLOCK_HELD,
        .name = "system.clock_held",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__clock__descriptor,
        .apply = clock_held},
    {.number = GJ__V1__CALL__SYSTEM_BACKUP_DONE,
        .name = "system.backup_done",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__backup_done__descriptor,
        .apply = backup_done},
    {.number = GJ__V1__CALL__SYSTEM_CODE_MISSED,
        .name = "system.code_missed",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__work__code_missed__descriptor,
        .apply = gj_code_apply_missed},
    {.number = GJ__V1__CALL__SYSTEM_INIT,
        .name = "system.init",
        .flags = GJ_CALL_SYSTEM,
        .body = &gj__body__init__descriptor,
        .apply = gj_system_init_apply},
};

const struct gj_service gj_system_service = {
    .number = 255, .name = "system", .calls = calls, .n_calls = sizeof calls / sizeof calls[0]};
