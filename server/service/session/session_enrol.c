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

#define DEVICE_NAME_MAX 64

static Gj__Stored__Invitation *load_invitation(struct gj_ctx *ctx, const void *token, size_t len)
{
    Gj__Stored__Invitation *row = NULL;
    struct gj_key key = gj_key_of_bytes(token, len);

    gj_record_load(ctx->txn, GJ_TABLE_INVITATION, &key, &gj__stored__invitation__descriptor, ctx->arena, (void **)&row);
    return row;
}

static bool same_key(const Gj__Stored__Invitation *row, const uint8_t *key)
{
    return row->public_key.len == GJ_NOISE_KEY_SIZE && memcmp(row->public_key.data, key, GJ_NOISE_KEY_SIZE) == 0;
}

static void answer_enrolled(struct gj_ctx *ctx, const Gj__Stored__Invitation *row)
{
    Gj__V1__Enrolled *reply = GJ_ARENA_NEW(ctx->arena, Gj__V1__Enrolled);

    if (reply == NULL) {
        return;
    }
    gj__v1__enrolled__init(reply);
    reply->device = row->used_by;
    reply->office = row->office;
    reply->device_class = row->device_class;
    reply->user = row->user;
    gj_answer_ok(ctx, &reply->base);
}

static bool check_request(struct gj_ctx *ctx, const Gj__V1__EnrolRequest *request, const Gj__Stored__Invitation *row)
{
    size_t len = strlen(request->device_name);

    if (len == 0 || len > DEVICE_NAME_MAX) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "device.name", "device_name", NULL);
    }
    if (row->role[0] == '\0') {
        return true;
    }
    if (!gj_session_login_valid(request->user_name)) {
        return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "login.form", "user_name", NULL);
    }
    if (gj_session_user_by_login(ctx, request->user_name) != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "login.taken", "user_name", NULL);
    }
    return true;
}

static Gj__Body__Enrol *make_body(struct gj_ctx *ctx, const Gj__V1__EnrolRequest *request)
{
    Gj__Body__Enrol *body = GJ_ARENA_NEW(ctx->arena, Gj__Body__Enrol);

    if (body == NULL || ctx->peer == NULL) {
        return NULL;
    }
    gj__body__enrol__init(body);
    body->token.data = gj_arena_dup(ctx->arena, ctx->peer->token, sizeof ctx->peer->token);
    body->token.len = sizeof ctx->peer->token;
    body->public_key.data = gj_arena_dup(ctx->arena, ctx->peer->public_key, sizeof ctx->peer->public_key);
    body->public_key.len = sizeof ctx->peer->public_key;
    body->device_name = request->device_name;
    return body->token.data != NULL && body->public_key.data != NULL ? body : NULL;
}

const ProtobufCMessage *gj_session_enrol_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__EnrolRequest *request = (const Gj__V1__EnrolRequest *)message;
    const Gj__Stored__Invitation *row = load_invitation(ctx, ctx->peer->token, sizeof ctx->peer->token);

    if (row == NULL || (row->used_by != 0 && !same_key(row, ctx->peer->public_key))) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "invitation.used", NULL, NULL);
        return NULL;
    }
    if (row->used_by != 0) {
        answer_enrolled(ctx, row); /* the first reply was lost on its way */
        return NULL;
    }
    if (!check_request(ctx, request, row)) {
        return NULL;
    }
    if (row->role[0] != '\0') {
        gj_passwords_hash(ctx, request->password, "password");
        sodium_memzero(request->password, strlen(request->password));
        return NULL;
    }
    Gj__Body__Enrol *body = make_body(ctx, request);
    return body != NULL ? &body->base : NULL;
}

const ProtobufCMessage *gj_session_enrol_resume(struct gj_ctx *ctx, const ProtobufCMessage *message, void *result)
{
    const Gj__V1__EnrolRequest *request = (const Gj__V1__EnrolRequest *)message;
    const struct gj_password_job *job = result;
    Gj__Body__Enrol *body = job->ok ? make_body(ctx, request) : NULL;

    if (body == NULL) {
        return NULL;
    }
    body->login = request->user_name;
    body->hash = gj_arena_strdup(ctx->arena, job->hash);
    return body->hash != NULL ? &body->base : NULL;
}

/* ---- apply ---- */

static bool decide(struct gj_ctx *ctx, const Gj__Body__Enrol *body, const Gj__Stored__Invitation *row)
{
    struct gj_key by_key = gj_key_of_bytes(body->public_key.data, body->public_key.len);

    if (row == NULL || row->used_by != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "invitation.used", NULL, NULL);
    }
    if (row->expires_at <= ctx->now_ms) {
        return gj_refuse(ctx, GJ__V1__STATUS__EXPIRED, "invitation.expired", NULL, NULL);
    }
    if (gj_txn_exists(ctx->txn, GJ_TABLE_DEVICE_KEY, &by_key)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "device.known", NULL, NULL);
    }
    if (row->role[0] != '\0' && (body->login[0] == '\0' || gj_session_user_by_login(ctx, body->login) != 0)) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "login.taken", "user_name", NULL);
    }
    return true;
}

static uint64_t add_device(struct gj_ctx *ctx, const Gj__Body__Enrol *body, const Gj__Stored__Invitation *row)
{
    Gj__Stored__Device device = GJ__STORED__DEVICE__INIT;
    struct gj_key by_key = gj_key_of_bytes(body->public_key.data, body->public_key.len);

    device.id = gj_counter_next(ctx->txn, GJ_COUNTER_DEVICE);
    device.office = row->office;
    device.device_class = row->device_class;
    device.name = body->device_name;
    device.public_key = body->public_key;
    device.enrolled_at = ctx->now_ms;
    device.token = body->token;
    struct gj_key by_id = gj_key_of_u64(device.id);
    gj_record_append(ctx->txn, GJ_TABLE_DEVICE, &by_id, &device.base);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_DEVICE_KEY, &by_key, device.id);
    return device.id;
}

static uint64_t add_user(struct gj_ctx *ctx, const Gj__Body__Enrol *body, const Gj__Stored__Invitation *row)
{
    Gj__Stored__User user = GJ__STORED__USER__INIT;
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    Gj__Stored__Grant *grants[] = {&grant};
    struct gj_key by_name = gj_key_of_name(body->login);

    grant.role = row->role;
    user.id = gj_counter_next(ctx->txn, GJ_COUNTER_USER);
    user.login = body->login;
    user.name = body->login;
    user.password.data = (uint8_t *)body->hash;
    user.password.len = strlen(body->hash);
    user.grants = grants;
    user.n_grants = 1;
    user.revision = 1;
    struct gj_key by_id = gj_key_of_u64(user.id);
    gj_record_append(ctx->txn, GJ_TABLE_USER, &by_id, &user.base);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_USER_NAME, &by_name, user.id);
    gj_actor_rights_changed(ctx->txn);
    return user.id;
}

/* Token burnt and key stored in one transaction: the invitation opens nothing for anybody else from here on. */
void gj_session_enrol_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Body__Enrol *body = (const Gj__Body__Enrol *)message;
    Gj__Stored__Invitation *row = load_invitation(ctx, body->token.data, body->token.len);

    if (!decide(ctx, body, row)) {
        return;
    }
    uint64_t device = add_device(ctx, body, row);
    row->used_by = device;
    row->public_key = body->public_key;
    if (row->role[0] != '\0') {
        row->user = add_user(ctx, body, row);
    }
    struct gj_key key = gj_key_of_bytes(body->token.data, body->token.len);
    gj_record_save(ctx->txn, GJ_TABLE_INVITATION, &key, &row->base);

    struct gj_entry entry = gj_session_entry("enrol", GJ_SUBJECT_DEVICE, device, 1);
    entry.office = (uint32_t)row->office;
    entry.device = device;
    entry.actor = row->user;
    gj_apply_entry(ctx, &entry, NULL, 0);
    if (row->user != 0) {
        struct gj_entry made = gj_session_entry("user_create", GJ_SUBJECT_USER, row->user, 1);

        made.device = device;
        (void)!gj_entry_word(&made.reason, row->role);
        made.has_reason = true;
        gj_apply_entry(ctx, &made, NULL, 0);
    }
    ctx->apply->written.id = device;
    ctx->apply->written.revision = 1;
}

void gj_session_enrol_read(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Stored__Invitation *row = NULL;

    (void)message;
    if (ctx->peer != NULL) {
        row = load_invitation(ctx, ctx->peer->token, sizeof ctx->peer->token);
    }
    if (row == NULL) {
        gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "invitation.used", NULL, NULL);
        return;
    }
    answer_enrolled(ctx, row);
}
