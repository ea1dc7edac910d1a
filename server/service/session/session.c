#include "service/session/session.h"

#include <string.h>

#include "core/body.pb-c.h"
#include "core/push.h"
#include "core/session.h"
#include "proto/session.pb-c.h"
#include "store/record.h"
#include "store/store.h"

#define LOGIN_MIN 2
#define LOGIN_MAX 64

Gj__Stored__User *gj_session_user(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);

    gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row);
    return row;
}

uint64_t gj_session_user_by_login(struct gj_ctx *ctx, const char *login)
{
    struct gj_key key = gj_key_of_name(login);

    return gj_txn_get_u64(ctx->txn, GJ_TABLE_USER_NAME, &key);
}

bool gj_session_login_valid(const char *login)
{
    size_t len = strlen(login);

    return len >= LOGIN_MIN && len <= LOGIN_MAX && strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

struct gj_entry gj_session_entry(const char *action, uint16_t subject_kind, uint64_t subject, uint32_t revision)
{
    struct gj_entry entry = {
        .type = GJ_ENTRY_ACCESS, .subject_kind = subject_kind, .subject = subject, .revision = revision};

    (void)!gj_entry_word(&entry.action, action);
    return entry;
}

static void subscribe(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__SubscribeRequest *request = (const Gj__V1__SubscribeRequest *)message;
    Gj__V1__Subscription *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__Subscription);

    if (reply == NULL) {
        return;
    }
    gj__v1__subscription__init(reply);
    if (!gj_push_subscribe(ctx->core->push, ctx, request, &reply->id)) {
        return;
    }
    reply->event = gj_txn_events(ctx->txn) - 1;
    reply->epoch = gj_store_epoch(ctx->core->store);
    gj_answer_ok(ctx, &reply->base);
}

static void unsubscribe(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__UnsubscribeRequest *request = (const Gj__V1__UnsubscribeRequest *)message;

    if (!gj_push_unsubscribe(ctx->core->push, ctx->peer, request->id)) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "subscription.unknown", "id", NULL);
        return;
    }
    gj_answer_ok(ctx, NULL);
}

static const struct gj_call calls[] = {
    {.number = GJ__V1__CALL__SESSION_LOGIN,
        .name = "session.login",
        .flags = GJ_CALL_NO_SESSION | GJ_CALL_NO_KEY,
        .request = &gj__v1__login_request__descriptor,
        .body = &gj__body__login__descriptor,
        .prepare = gj_session_login_prepare,
        .resume = gj_session_login_resume,
        .apply = gj_session_login_apply,
        .after = gj_session_login_after,
        .read = gj_session_login_read},
    {.number = GJ__V1__CALL__SESSION_RESUME,
        .name = "session.resume",
        .flags = GJ_CALL_NO_SESSION,
        .request = &gj__v1__resume_request__descriptor,
        .read = gj_session_resume_read},
    {.number = GJ__V1__CALL__SESSION_LOGOUT,
        .name = "session.logout",
        .flags = GJ_CALL_NO_KEY,
        .request = &gj__v1__empty__descriptor,
        .apply = gj_session_logout_apply,
        .after = gj_session_logout_after},
    {.number = GJ__V1__CALL__SESSION_WHOAMI,
        .name = "session.whoami",
        .request = &gj__v1__empty__descriptor,
        .read = gj_session_whoami_read},
    {.number = GJ__V1__CALL__SESSION_SET_PASSWORD,
        .name = "session.set_password",
        .flags = GJ_CALL_NO_KEY,
        .request = &gj__v1__set_password_request__descriptor,
        .body = &gj__body__set_password__descriptor,
        .prepare = gj_session_password_prepare,
        .resume = gj_session_password_resume,
        .apply = gj_session_password_apply,
        .after = gj_session_password_after},
    {.number = GJ__V1__CALL__SESSION_SUBSCRIBE,
        .name = "session.subscribe",
        .request = &gj__v1__subscribe_request__descriptor,
        .read = subscribe},
    {.number = GJ__V1__CALL__SESSION_UNSUBSCRIBE,
        .name = "session.unsubscribe",
        .request = &gj__v1__unsubscribe_request__descriptor,
        .read = unsubscribe},
    {.number = GJ__V1__CALL__SESSION_ENROL,
        .name = "session.enrol",
        .flags = GJ_CALL_ENROL | GJ_CALL_NO_KEY,
        .request = &gj__v1__enrol_request__descriptor,
        .body = &gj__body__enrol__descriptor,
        .prepare = gj_session_enrol_prepare,
        .resume = gj_session_enrol_resume,
        .apply = gj_session_enrol_apply,
        .read = gj_session_enrol_read},
};

const struct gj_service gj_session_service = {
    .number = 1, .name = "session", .calls = calls, .n_calls = sizeof calls / sizeof calls[0]};
