#include <sodium.h>
#include <string.h>

#include "common/policy/policy.h"
#include "common/secret.h"
#include "core/apply.h"
#include "core/body.pb-c.h"
#include "core/password.h"
#include "core/policies.h"
#include "core/request.h"
#include "core/session.h"
#include "core/subject.h"
#include "proto/session.pb-c.h"
#include "service/session/session.h"
#include "store/record.h"
#include "store/store.h"

/* What the login keeps from one step to the next. */
struct login {
    uint64_t user;
    uint32_t session_epoch;
    bool must_set_password;
    int64_t expires_at_ms;
    uint64_t session;
    uint8_t secret[GJ_SESSION_SECRET_SIZE];
};

static int64_t boot_ms(const struct gj_ctx *ctx)
{
    return gj_clock_sample(ctx->core->clock).boot_ms;
}

/* ---- login ---- */

const ProtobufCMessage *gj_session_login_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__LoginRequest *request = (const Gj__V1__LoginRequest *)message;
    struct login *login = GJ_ARENA_NEW(ctx->arena, struct login);

    if (login == NULL || ctx->peer == NULL) {
        return NULL;
    }
    ctx->carry = login;
    if (!gj_session_login_valid(request->user)) {
        gj_refuse(ctx, GJ__V1__STATUS__INVALID, "login.form", "user", NULL);
        return NULL;
    }
    uint32_t wait_ms = gj_passwords_wait_ms(ctx->core->passwords, request->user, ctx->peer->device, boot_ms(ctx));
    if (wait_ms > 0) {
        gj_answer_busy(ctx, "login.slowed", wait_ms);
        return NULL;
    }
    const Gj__Stored__User *user = gj_session_user(ctx, gj_session_user_by_login(ctx, request->user));
    if (user != NULL && !user->disabled) {
        login->user = user->id;
        login->session_epoch = user->session_epoch;
        login->must_set_password = user->must_set_password;
        gj_passwords_verify(ctx, request->password, user->password.data, user->password.len);
    } else {
        /* The same work for a name that is not there: its time must not tell. */
        gj_passwords_verify(ctx, request->password, NULL, 0);
    }
    sodium_memzero(request->password, strlen(request->password));
    return NULL;
}

const ProtobufCMessage *gj_session_login_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const Gj__V1__LoginRequest *request = (const Gj__V1__LoginRequest *)message;
    const struct gj_password_job *job = result;
    struct login *login = ctx->carry;
    bool ok = job->ok && login->user != 0;

    gj_passwords_tried(ctx->core->passwords, request->user, ctx->pending->device, ok, boot_ms(ctx));
    if (!ok) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "login.wrong", NULL, NULL);
        return NULL;
    }
    if (ctx->peer != NULL && !gj_session_place_checked(ctx, login->user, ctx->peer->office)) {
        return NULL;
    }
    Gj__Body__Login *body = GJ_ARENA_NEW(ctx->arena, Gj__Body__Login);
    uint8_t *hash = gj_arena_alloc(ctx->arena, GJ_SECRET_SHA256_SIZE);
    if (body == NULL || hash == NULL) {
        return NULL;
    }
    randombytes_buf(login->secret, sizeof login->secret);
    gj_secret_sha256(login->secret, sizeof login->secret, hash);
    gj__body__login__init(body);
    body->user = login->user;
    body->session_epoch = login->session_epoch;
    body->token_hash.data = hash;
    body->token_hash.len = GJ_SECRET_SHA256_SIZE;
    return &body->base;
}

void gj_session_login_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Login *body = (const Gj__Body__Login *)message;
    Gj__Stored__Session row = GJ__STORED__SESSION__INIT;
    const Gj__Stored__User *user = gj_session_user(ctx, body->user);
    Gj__Stored__Device *device = NULL;
    struct gj_key device_key = gj_key_of_u64(ctx->command->device);

    gj_record_load(
        ctx->txn, GJ_TABLE_DEVICE, &device_key, &gj__stored__device__descriptor, ctx->arena, (void **)&device);
    /* Between the password's check and now the user may have been disabled, the password changed or the device revoked.
     */
    if (user == NULL || user->disabled || user->session_epoch != body->session_epoch || device == NULL ||
        device->revoked_at != 0) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "login.wrong", NULL, NULL);
        return;
    }
    if (!gj_session_place(ctx, user->id, device->office)) {
        gj_refuse(ctx, GJ__V1__STATUS__DENIED, "login.elsewhere", NULL, NULL);
        return;
    }
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_SESSION);
    row.token_hash = body->token_hash;
    row.user = body->user;
    row.device = ctx->command->device;
    row.opened_at = ctx->now_ms;
    row.expires_at = ctx->now_ms + GJ_SESSION_MS;
    row.session_epoch = body->session_epoch;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_append(ctx->txn, GJ_TABLE_SESSION, &key, &row.base);

    struct gj_entry entry = gj_session_entry("login", GJ_SUBJECT_SESSION, row.id, 1);
    entry.actor = body->user;
    entry.office = (uint32_t)device->office;
    gj_apply_entry(ctx, &entry, NULL, 0);
    ctx->apply->written.id = row.id;
    ctx->apply->written.revision = 1;
}

void gj_session_login_after(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    struct login *login = ctx->carry;

    (void)message;
    login->session = ctx->pending->item.applied.written.id;
    login->expires_at_ms = ctx->pending->item.command.at_ms + GJ_SESSION_MS;
    if (ctx->peer != NULL) {
        gj_sessions_bind(ctx->core->sessions, ctx->peer, login->session, login->user, login->expires_at_ms);
        ctx->peer->must_set_password = login->must_set_password;
    }
}

/* ---- what a session is told about itself ---- */

static bool add_grant(struct gj_ctx *ctx, Gj__V1__Session *reply, const Gj__V1__Grant *grant)
{
    Gj__V1__Grant *copy = gj_arena_dup(ctx->arena, grant, sizeof *grant);

    if (copy != NULL) {
        reply->grants[reply->n_grants++] = copy;
    }
    return copy != NULL;
}

static bool add_grants(struct gj_ctx *ctx, const Gj__Stored__User *user, Gj__V1__Session *reply)
{
    const struct gj_actor *actor = NULL;
    bool ok = true;

    if (ctx->policy == NULL ||
        gj_actor_load(ctx->txn, ctx->policy, user->id, 0, ctx->now_ms, ctx->arena, &actor, NULL) != GJ_OK) {
        return false;
    }
    reply->grants = GJ_ARENA_ARRAY(ctx->arena, user->n_grants + actor->grant_count + 1, Gj__V1__Grant *);
    if (reply->grants == NULL) {
        return false;
    }
    for (size_t i = 0; ok && i < user->n_grants; i++) {
        Gj__V1__Grant grant = GJ__V1__GRANT__INIT;

        grant.role = user->grants[i]->role;
        grant.office = user->grants[i]->office;
        grant.region = user->grants[i]->region;
        grant.pending = user->grants[i]->pending;
        ok = add_grant(ctx, reply, &grant);
    }
    for (size_t i = 0; ok && i < actor->grant_count; i++) {
        Gj__V1__Grant grant = GJ__V1__GRANT__INIT;
        const struct gj_role *role = gj_policy_role_by_number(ctx->policy, actor->grants[i].role);

        if (actor->grants[i].delegated_by == 0 || role == NULL) {
            continue;
        }
        grant.role = (char *)role->code;
        grant.office = actor->grants[i].office;
        grant.region = actor->grants[i].region;
        grant.delegated_by = actor->grants[i].delegated_by;
        ok = add_grant(ctx, reply, &grant);
    }
    return ok;
}

/* Answers with the session; token NULL: the client has it. */
static void describe(struct gj_ctx *ctx, uint64_t user_id, uint64_t device, int64_t expires_at_ms, const uint8_t *token)
{
    const Gj__Stored__User *user = gj_session_user(ctx, user_id);
    Gj__V1__Session *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__Session);

    if (reply == NULL) {
        gj_txn_fail(ctx->txn, GJ_ENOMEM); /* nobody is logged out for want of memory */
        return;
    }
    if (user == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL, NULL);
        return;
    }
    gj__v1__session__init(reply);
    if (token != NULL) {
        reply->token.data = gj_arena_dup(ctx->arena, token, GJ_SESSION_TOKEN_SIZE);
        reply->token.len = reply->token.data != NULL ? GJ_SESSION_TOKEN_SIZE : 0;
    }
    reply->user = user->id;
    reply->name = user->name;
    reply->device = device;
    reply->expires_at = expires_at_ms;
    reply->must_set_password = user->must_set_password;
    reply->epoch = gj_store_epoch(ctx->core->store);
    reply->event = gj_txn_events(ctx->txn) - 1;
    reply->policy = gj_policies_current_version(ctx->txn);
    reply->server_time = ctx->now_ms;
    reply->server_key = (ProtobufCBinaryData){.data = ctx->core->server_key, .len = sizeof ctx->core->server_key};
    if (!sodium_is_zero(ctx->core->successor_key, sizeof ctx->core->successor_key)) {
        reply->successor_key =
            (ProtobufCBinaryData){.data = ctx->core->successor_key, .len = sizeof ctx->core->successor_key};
    }
    if (add_grants(ctx, user, reply)) {
        gj_answer_ok(ctx, &reply->base);
    }
}

void gj_session_login_read(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const struct login *login = ctx->carry;
    uint8_t token[GJ_SESSION_TOKEN_SIZE];

    (void)message;
    for (unsigned i = 0; i < 8; i++) {
        token[i] = (uint8_t)(login->session >> (56 - 8 * i));
    }
    memcpy(token + 8, login->secret, sizeof login->secret);
    describe(ctx, login->user, ctx->pending->device, login->expires_at_ms, token);
    sodium_memzero(token, sizeof token);
}

void gj_session_whoami_read(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    describe(ctx, ctx->actor->user, ctx->actor->device, ctx->peer->expires_at_ms, NULL);
}

/* ---- resume ---- */

static bool token_fits(struct gj_ctx *ctx, const Gj__Stored__Session *row, const uint8_t *token)
{
    uint8_t hash[GJ_SECRET_SHA256_SIZE];

    gj_secret_sha256(token + 8, GJ_SESSION_SECRET_SIZE, hash);
    return row->token_hash.len == sizeof hash && sodium_memcmp(hash, row->token_hash.data, sizeof hash) == 0 &&
           row->device == ctx->peer->device && row->ended_at == 0 && row->expires_at > ctx->now_ms;
}

void gj_session_resume_read(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ResumeRequest *request = (const Gj__V1__ResumeRequest *)message;
    Gj__Stored__Session *row = NULL;
    const Gj__Stored__User *user = NULL;

    if (request->token.len == GJ_SESSION_TOKEN_SIZE) {
        struct gj_key key = gj_key_of_bytes(request->token.data, 8);

        gj_record_load(ctx->txn, GJ_TABLE_SESSION, &key, &gj__stored__session__descriptor, ctx->arena, (void **)&row);
    }
    if (row != NULL && token_fits(ctx, row, request->token.data)) {
        user = gj_session_user(ctx, row->user);
    }
    if (user == NULL || user->disabled || user->session_epoch != row->session_epoch) {
        gj_refuse(ctx, GJ__V1__STATUS__UNAUTHENTICATED, "session.ended", NULL, NULL);
        return;
    }
    if (!gj_session_place_checked(ctx, row->user, ctx->peer->office)) {
        return;
    }
    gj_sessions_bind(ctx->core->sessions, ctx->peer, row->id, row->user, row->expires_at);
    ctx->peer->must_set_password = user->must_set_password;
    describe(ctx, row->user, row->device, row->expires_at, request->token.data);
}

/* ---- logout ---- */

void gj_session_logout_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__Session *row = NULL;
    struct gj_key key = gj_key_of_u64(ctx->command->session);

    (void)message;
    if (!gj_record_load(
            ctx->txn, GJ_TABLE_SESSION, &key, &gj__stored__session__descriptor, ctx->arena, (void **)&row) ||
        row->ended_at != 0) {
        gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "session.ended", NULL, NULL);
        return;
    }
    row->ended_at = ctx->now_ms;
    gj_record_save(ctx->txn, GJ_TABLE_SESSION, &key, &row->base);
    struct gj_entry entry = gj_session_entry("logout", GJ_SUBJECT_SESSION, row->id, 2);
    entry.office = (uint32_t)ctx->actor->device_office;
    gj_apply_entry(ctx, &entry, NULL, 0);
    ctx->apply->written.id = row->id;
    ctx->apply->written.revision = 2;
}

void gj_session_logout_after(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    if (ctx->peer != NULL && ctx->peer->session == ctx->pending->item.command.session) {
        gj_sessions_unbind(ctx->core->sessions, ctx->peer);
    }
}
