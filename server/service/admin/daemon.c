/* The daemon itself: its health, a backup now, the confirmation of a clock that was held. */
#include <string.h>

#include "core/backups.h"
#include "core/core.h"
#include "core/health.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/sealing.h"

void gj_admin_status(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    Gj__V1__Health *health = GJ_ARENA_NEW(ctx->arena, Gj__V1__Health);
    if (health == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    if (!gj_door_check(ctx, GJ_DOOR_DAEMON, GJ_ACCESS_READ, 0, NULL)) {
        return;
    }
    gj__v1__health__init(health);
    if (ctx->core->health != NULL) {
        gj_health_fill(ctx->core->health, ctx, health);
    }
    gj_answer_ok(ctx, &health->base);
}

/* ---- backup ---- */

const ProtobufCMessage *gj_admin_backup_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    if (!gj_door_check(ctx, GJ_DOOR_DAEMON, GJ_ACCESS_UPDATE, 0, NULL)) {
        return NULL;
    }
    if (ctx->core->backups == NULL || ctx->core->backup_dir == NULL) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "backup_not_configured", NULL, NULL);
        return NULL;
    }
    return message;
}

void gj_admin_backup(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct gj_access_answer right;
    (void)message;
    if (!gj_door_check(ctx, GJ_DOOR_DAEMON, GJ_ACCESS_UPDATE, 0, &right)) {
        return;
    }
    struct gj_entry entry = gj_admin_entry(ctx, "backup_begin", GJ_SUBJECT_STORE, 0, 0, &right);
    (void)gj_door_append(ctx, &entry, NULL);
}

static void answer_backup(struct gj_ctx *ctx, const char *state)
{
    Gj__V1__Written *written = GJ_ARENA_NEW(ctx->arena, Gj__V1__Written);
    if (written == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__written__init(written);
    written->state = (char *)(uintptr_t)state;
    gj_answer_ok(ctx, &written->base);
}

static void on_backup(void *owner, const struct gj_backups_result *result)
{
    enum gj_err err = result->err;
    gj_call_resume(owner, &err);
}

void gj_admin_backup_read(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    bool wait = ((const Gj__V1__BackupRequest *)message)->wait;
    /* on_backup comes on a later turn of the loop, so the call may be deferred after the start. */
    enum gj_err err = gj_backups_start(ctx->core->backups, NULL, wait ? on_backup : NULL, ctx->pending);
    if (err != GJ_OK) {
        gj_admin_backup_done(ctx, message, &err);
    } else if (wait) {
        (void)gj_call_defer(ctx);
    } else {
        answer_backup(ctx, "started");
    }
}

void gj_admin_backup_done(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    enum gj_err err = *(const enum gj_err *)result;
    (void)message;
    if (err == GJ_OK) {
        answer_backup(ctx, "done");
    } else if (err == GJ_EBUSY) {
        (void)gj_answer_busy(ctx, "backup_running", 10000);
    } else {
        (void)gj_refuse(ctx, GJ__V1__STATUS__UNAVAILABLE, "backup_failed", NULL, gj_err_name(err), NULL);
    }
}

/* ---- the clock ---- */

const ProtobufCMessage *gj_admin_clock_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ClockConfirmRequest *request = (const Gj__V1__ClockConfirmRequest *)message;
    if (!gj_door_check(ctx, GJ_DOOR_DAEMON, GJ_ACCESS_APPROVE, 0, NULL)) {
        return NULL;
    }
    if (!ctx->core->watch.held) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "nothing_to_change", NULL, NULL);
        return NULL;
    }
    Gj__Service__ClockConfirm *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__ClockConfirm);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__clock_confirm__init(body);
    body->accept_wall = request->accept_wall;
    return gj_sealing_text(ctx, 0, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_admin_clock(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__ClockConfirm *body = (const Gj__Service__ClockConfirm *)message;
    struct gj_access_answer right;
    if (!gj_door_check(ctx, GJ_DOOR_DAEMON, GJ_ACCESS_APPROVE, 0, &right)) {
        return;
    }
    struct gj_entry entry =
        gj_admin_entry(ctx, body->accept_wall ? "clock_accept" : "clock_refuse", GJ_SUBJECT_STORE, 0, 0, &right);
    (void)gj_door_append(ctx, &entry, body->reason);
}

/* From here on the wall clock is believed and timers run; what fell due meanwhile fires once, folded per person. */
void gj_admin_clock_accepted(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    if (((const Gj__Service__ClockConfirm *)message)->accept_wall) {
        gj_core_trust_clock(ctx->core);
    }
}
