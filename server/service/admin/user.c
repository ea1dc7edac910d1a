/* Users: making, disabling, a new password. Passwords are hashed in the queue of their own; the command carries the
 * hash. */
#include <string.h>

#include <sodium.h>

#include "common/limits.h"
#include "core/core.h"
#include "core/duty_gaps.h"
#include "core/password.h"
#include "core/session.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/admin/admin_rules.h"
#include "service/sealing.h"
#include "store/record.h"

/* ---- create ---- */

/* Users are made by administrators, and by a director for the own office; each role is given as the grantor may give
 * it. */
static bool create_allowed(struct gj_ctx *ctx, uint64_t office, struct gj_access_answer *right)
{
    const char *subject =
        gj_door_may(ctx, GJ_DOOR_USERS, GJ_ACCESS_CREATE, office) ? GJ_DOOR_USERS : GJ_DOOR_OWN_PEOPLE;
    return gj_door_office(ctx, office, "office") && gj_door_check(ctx, subject, GJ_ACCESS_CREATE, office, right);
}

static bool new_user_checked(struct gj_ctx *ctx, const char *login, const char *name)
{
    if (!gj_admin_rules_login(login)) {
        return gj_door_invalid(ctx, login[0] == '\0' ? "field_missing" : "field_text", "login");
    }
    if (name[0] == '\0' || strlen(name) > GJ_TEXT_NAME_MAX) {
        return gj_door_invalid(ctx, name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    return gj_admin_user_by_login(ctx, login) == 0 ||
           gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "login", NULL);
}

/* Fills pending and granted_by of each. */
static bool grants_checked(struct gj_ctx *ctx, Gj__Stored__Grant **grants, size_t count)
{
    struct gj_access_answer right;
    if (count > GJ_USER_GRANTS_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "grants", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        Gj__Stored__Grant *grant = grants[i];
        struct gj_admin_fault fault = gj_admin_rules_grant(ctx->policy, grant->role, grant->office, grant->region);
        bool pending = false;
        if (fault.code != NULL) {
            return gj_door_invalid(ctx, fault.code, fault.field);
        }
        if (!gj_admin_may_grant(ctx, grant->role, grant->office, grant->region, &pending, &right)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(grants[k]->role, grant->role) == 0 && grants[k]->office == grant->office &&
                grants[k]->region == grant->region) {
                return gj_door_invalid(ctx, "field_twice", "grants");
            }
        }
        grant->pending = pending;
        grant->granted_by = ctx->actor->user;
    }
    return true;
}

static Gj__Service__UserCreate *create_body(struct gj_ctx *ctx, const Gj__V1__UserCreateRequest *request)
{
    Gj__Service__UserCreate *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__UserCreate);
    Gj__Stored__Grant **grants = GJ_ARENA_ARRAY(ctx->arena, request->n_grants + 1, Gj__Stored__Grant *);
    Gj__Stored__Grant *rows = GJ_ARENA_ARRAY(ctx->arena, request->n_grants + 1, Gj__Stored__Grant);
    if (body == NULL || grants == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__user_create__init(body);
    body->login = request->login;
    body->name = request->name;
    body->office = request->office;
    body->grants = grants;
    body->n_grants = request->n_grants;
    for (size_t i = 0; i < request->n_grants; i++) {
        gj__stored__grant__init(&rows[i]);
        rows[i].role = request->grants[i]->role;
        rows[i].office = request->grants[i]->office;
        rows[i].region = request->grants[i]->region;
        grants[i] = &rows[i];
    }
    return body;
}

const ProtobufCMessage *gj_admin_user_create_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__UserCreateRequest *request = (const Gj__V1__UserCreateRequest *)message;
    struct gj_access_answer right;
    if (!new_user_checked(ctx, request->login, request->name) || !create_allowed(ctx, request->office, &right)) {
        return NULL;
    }
    Gj__Service__UserCreate *body = create_body(ctx, request);
    if (body != NULL && grants_checked(ctx, body->grants, body->n_grants)) {
        (void)gj_passwords_hash(ctx, request->password, "password");
        sodium_memzero(request->password, strlen(request->password));
    }
    return NULL;
}

static bool take_hash(struct gj_ctx *ctx, const struct gj_password_job *job, ProtobufCBinaryData *out)
{
    if (!job->ok) {
        return gj_door_failed(ctx, GJ_ENOMEM);
    }
    size_t len = strlen(job->hash);
    uint8_t *copy = gj_arena_dup(ctx->arena, job->hash, len);
    *out = (ProtobufCBinaryData){.data = copy, .len = len};
    return copy != NULL || gj_door_failed(ctx, gj_arena_why(ctx->arena));
}

const ProtobufCMessage *gj_admin_user_create_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    Gj__Service__UserCreate *body = create_body(ctx, (const Gj__V1__UserCreateRequest *)message);
    return body != NULL && take_hash(ctx, result, &body->password) ? &body->base : NULL;
}

void gj_admin_user_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__UserCreate *body = (const Gj__Service__UserCreate *)message;
    struct gj_access_answer right;
    if (!new_user_checked(ctx, body->login, body->name) || !create_allowed(ctx, body->office, &right) ||
        !grants_checked(ctx, body->grants, body->n_grants)) {
        return;
    }
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    user.id = gj_counter_next(ctx->txn, GJ_COUNTER_USER);
    user.login = body->login;
    user.name = body->name;
    user.office = body->office;
    user.password = body->password;
    user.must_set_password = true;
    user.grants = body->grants;
    user.n_grants = body->n_grants;
    struct gj_key name = gj_key_of_name(user.login);
    gj_admin_user_save(ctx, &user);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_USER_NAME, &name, user.id);
    struct gj_entry entry = gj_admin_entry(ctx, "user_create", GJ_SUBJECT_USER, user.id, user.office, &right);
    entry.revision = user.revision;
    entry.value = (int64_t)body->n_grants;
    entry.has_value = true;
    (void)gj_door_append(ctx, &entry, NULL);
}

/* ---- disable, enable ---- */

static bool changeable(struct gj_ctx *ctx, uint64_t id, Gj__Stored__User **user, struct gj_access_answer *right)
{
    *user = gj_admin_user(ctx, id);
    if (*user == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user", NULL);
    }
    if (id == ctx->actor->user) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "not_oneself", "user", NULL);
    }
    return gj_admin_may_change(ctx, *user, right);
}

const ProtobufCMessage *gj_admin_user_disable_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__UserDisableRequest *request = (const Gj__V1__UserDisableRequest *)message;
    Gj__Stored__User *user = NULL;
    struct gj_access_answer right;
    if (!changeable(ctx, request->user, &user, &right)) {
        return NULL;
    }
    Gj__Service__UserDisable *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__UserDisable);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__user_disable__init(body);
    body->user = request->user;
    body->enable = request->enable;
    return gj_sealing_text(ctx, user->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_admin_user_disable(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__UserDisable *body = (const Gj__Service__UserDisable *)message;
    Gj__Stored__User *user = NULL;
    struct gj_access_answer right;
    if (!changeable(ctx, body->user, &user, &right)) {
        return;
    }
    if (user->disabled != body->enable) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "nothing_to_change", "user", NULL);
        return;
    }
    user->disabled = !body->enable;
    user->session_epoch++;
    gj_admin_user_save(ctx, user);
    struct gj_entry entry = gj_admin_entry(
        ctx, body->enable ? "user_enable" : "user_disable", GJ_SUBJECT_USER, user->id, user->office, &right);
    entry.revision = user->revision;
    (void)gj_door_append(ctx, &entry, body->reason);
    gj_duty_gaps_person(ctx, user);
}

static void end_sessions(struct gj_ctx *ctx, uint64_t user)
{
    if (ctx->core->sessions != NULL) {
        gj_sessions_end_user(ctx->core->sessions, user);
    }
}

void gj_admin_user_disabled(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    end_sessions(ctx, ((const Gj__Service__UserDisable *)message)->user);
}

/* ---- a new password ---- */

const ProtobufCMessage *gj_admin_reset_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ResetPasswordRequest *request = (const Gj__V1__ResetPasswordRequest *)message;
    Gj__Stored__User *user = NULL;
    struct gj_access_answer right;
    if (changeable(ctx, request->user, &user, &right)) {
        (void)gj_passwords_hash(ctx, request->new_password, "new_password");
    }
    sodium_memzero(request->new_password, strlen(request->new_password));
    return NULL;
}

const ProtobufCMessage *gj_admin_reset_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    Gj__Service__ResetPassword *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__ResetPassword);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__reset_password__init(body);
    body->user = ((const Gj__V1__ResetPasswordRequest *)message)->user;
    return take_hash(ctx, result, &body->password) ? &body->base : NULL;
}

void gj_admin_reset(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__ResetPassword *body = (const Gj__Service__ResetPassword *)message;
    Gj__Stored__User *user = NULL;
    struct gj_access_answer right;
    if (!changeable(ctx, body->user, &user, &right)) {
        return;
    }
    user->password = body->password;
    user->must_set_password = true;
    user->session_epoch++;
    gj_admin_user_save(ctx, user);
    struct gj_entry entry = gj_admin_entry(ctx, "password_reset", GJ_SUBJECT_USER, user->id, user->office, &right);
    entry.revision = user->revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_admin_reset_done(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    end_sessions(ctx, ((const Gj__Service__ResetPassword *)message)->user);
}
