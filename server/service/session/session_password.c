#include <sodium.h>
#include <string.h>

#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/password.h"
#include "core/request.h"
#include "core/session.h"
#include "core/subject.h"
#include "proto/session.pb-c.h"
#include "service/session/session.h"
#include "store/record.h"

static int64_t boot_ms(const struct gj_ctx *ctx)
{
    return gj_clock_sample(ctx->core->clock).boot_ms;
}

const ProtobufCMessage *gj_session_password_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__SetPasswordRequest *request = (const Gj__V1__SetPasswordRequest *)message;
    const Gj__Stored__User *user = gj_session_user(ctx, ctx->actor->user);
    size_t len = strlen(request->new_password);

    if (user == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL, NULL);
        return NULL;
    }
    if (len < GJ_PASSWORD_MIN || len > GJ_PASSWORD_MAX) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "password.length", "new_password", NULL);
        return NULL;
    }
    if (strcmp(request->old_password, request->new_password) == 0) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "password.same", "new_password", NULL);
        return NULL;
    }
    uint32_t wait_ms = gj_passwords_wait_ms(ctx->core->passwords, user->login, ctx->actor->device, boot_ms(ctx));
    if (wait_ms > 0) {
        gj_answer_busy(ctx, "login.slowed", wait_ms);
        return NULL;
    }
    gj_passwords_verify(ctx, request->old_password, user->password.data, user->password.len);
    sodium_memzero(request->old_password, strlen(request->old_password));
    return NULL;
}

/* Comes twice: the old password was compared, then the new one hashed. */
const ProtobufCMessage *gj_session_password_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const Gj__V1__SetPasswordRequest *request = (const Gj__V1__SetPasswordRequest *)message;
    const struct gj_password_job *job = result;
    const Gj__Stored__User *user = gj_session_user(ctx, ctx->pending->user);

    if (user == NULL) {
        return NULL;
    }
    if (job->verify) {
        gj_passwords_tried(ctx->core->passwords, user->login, ctx->pending->device, job->ok, boot_ms(ctx));
        if (!job->ok) {
            gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "password.wrong", "old_password", NULL);
            return NULL;
        }
        gj_passwords_hash(ctx, request->new_password, "new_password");
        sodium_memzero(request->new_password, strlen(request->new_password));
        return NULL;
    }
    Gj__Body__SetPassword *body = GJ_ARENA_NEW(ctx->arena, Gj__Body__SetPassword);
    if (!job->ok || body == NULL) {
        return NULL;
    }
    gj__body__set_password__init(body);
    body->user = user->id;
    body->hash = gj_arena_strdup(ctx->arena, job->hash);
    return body->hash != NULL ? &body->base : NULL;
}

void gj_session_password_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__SetPassword *body = (const Gj__Body__SetPassword *)message;
    Gj__Stored__User *user = gj_session_user(ctx, body->user);
    Gj__Stored__Session *session = NULL;
    struct gj_key user_key = gj_key_of_u64(body->user);
    struct gj_key session_key = gj_key_of_u64(ctx->command->session);

    if (user == NULL || ctx->command->user != body->user) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL, NULL);
        return;
    }
    gj_record_load(
        ctx->txn, GJ_TABLE_SESSION, &session_key, &gj__stored__session__descriptor, ctx->arena, (void **)&session);
    user->password.data = (uint8_t *)body->hash;
    user->password.len = strlen(body->hash);
    user->must_set_password = false;
    user->session_epoch++;
    user->revision++;
    gj_record_save(ctx->txn, GJ_TABLE_USER, &user_key, &user->base);
    if (session != NULL) {
        /* The session that did it goes on; all others of the user have ended. */
        session->session_epoch = user->session_epoch;
        gj_record_save(ctx->txn, GJ_TABLE_SESSION, &session_key, &session->base);
    }
    struct gj_entry entry = gj_session_entry("set_password", GJ_SUBJECT_USER, user->id, user->revision);
    entry.office = (uint32_t)user->office;
    gj_apply_entry(ctx, &entry, NULL, 0);
    ctx->apply->written.id = user->id;
    ctx->apply->written.revision = user->revision;
}

void gj_session_password_after(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__SetPassword *body = (const Gj__Body__SetPassword *)message;

    gj_sessions_end_user_but(ctx->core->sessions, body->user, ctx->peer);
    if (ctx->peer != NULL) {
        ctx->peer->must_set_password = false;
    }
}
