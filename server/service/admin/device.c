/* Devices and invitations (邀请): the client makes token and secret, the store keeps them sealed, once used they open
 * nothing. */
#include <string.h>

#include "common/limits.h"
#include "core/actor.h"
#include "core/core.h"
#include "core/invitation.h"
#include "core/session.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/admin/admin_rules.h"
#include "service/page.h"
#include "service/sealing.h"
#include "store/record.h"

/* ---- invite ---- */

/* A gateway carries everybody's bytes and a headquarters device sees every office: those are an administrator's to
 * invite. */
static bool invite_allowed(
    struct gj_ctx *ctx, uint64_t office, const char *device_class, struct gj_access_answer *right)
{
    struct gj_admin_fault fault = gj_admin_rules_device(device_class, office);
    bool ordinary = strcmp(device_class, "desk") == 0 || strcmp(device_class, "phone") == 0;
    if (fault.code != NULL) {
        return gj_door_invalid(ctx, fault.code, fault.field);
    }
    return gj_door_office(ctx, office, "office") &&
           gj_door_check(ctx, ordinary ? GJ_DOOR_OWN_PEOPLE : GJ_DOOR_USERS, GJ_ACCESS_UPDATE, office, right);
}

const ProtobufCMessage *gj_admin_invite_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__InviteRequest *request = (const Gj__V1__InviteRequest *)message;
    struct gj_access_answer right;
    if (request->token.len != GJ_TOKEN_ID_SIZE || request->secret.len != GJ_NOISE_KEY_SIZE) {
        (void)gj_door_invalid(ctx, "field_length", request->token.len != GJ_TOKEN_ID_SIZE ? "token" : "secret");
        return NULL;
    }
    if (strlen(request->note) > 200) {
        (void)gj_door_invalid(ctx, "field_length", "note");
        return NULL;
    }
    if (!invite_allowed(ctx, request->office, request->device_class, &right)) {
        return NULL;
    }
    Gj__Service__Invite *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Invite);
    uint8_t *sealed = gj_arena_alloc(ctx->arena, GJ_INVITATION_SEALED_SIZE);
    if (body == NULL || sealed == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__invite__init(body);
    gj_invitation_seal(ctx->core->invitation_key, request->token.data, request->secret.data, sealed);
    gj_secret_wipe(request->secret.data, request->secret.len);
    body->token = request->token;
    body->secret = (ProtobufCBinaryData){.data = sealed, .len = GJ_INVITATION_SEALED_SIZE};
    body->office = request->office;
    body->device_class = request->device_class;
    return gj_sealing_text(ctx, request->office, request->note, "note", &body->note) ? &body->base : NULL;
}

void gj_admin_invite(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Invite *body = (const Gj__Service__Invite *)message;
    struct gj_access_answer right;
    struct gj_key key = gj_key_of_bytes(body->token.data, body->token.len);
    if (!invite_allowed(ctx, body->office, body->device_class, &right)) {
        return;
    }
    if (body->token.len != GJ_TOKEN_ID_SIZE || gj_txn_exists(ctx->txn, GJ_TABLE_INVITATION, &key)) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "token", NULL);
        return;
    }
    Gj__Stored__Invitation row = GJ__STORED__INVITATION__INIT;
    row.token = body->token;
    row.secret = body->secret;
    row.office = body->office;
    row.device_class = body->device_class;
    row.expires_at = ctx->now_ms + GJ_INVITATION_LIFE_MS;
    row.made_by = ctx->actor->user;
    gj_record_save(ctx->txn, GJ_TABLE_INVITATION, &key, &row.base);
    uint64_t id = gj_counter_next(ctx->txn, GJ_COUNTER_INVITATION);
    struct gj_entry entry = gj_admin_entry(ctx, "invite", GJ_SUBJECT_INVITATION, id, body->office, &right);
    entry.revision = 1;
    (void)gj_door_append(ctx, &entry, body->note);
}

/* ---- revoke ---- */

static bool revoke_allowed(
    struct gj_ctx *ctx, uint64_t device, Gj__Stored__Device **row, struct gj_access_answer *right)
{
    struct gj_key key = gj_key_of_u64(device);
    if (!gj_record_load(ctx->txn, GJ_TABLE_DEVICE, &key, &gj__stored__device__descriptor, ctx->arena, (void **)row)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "device", NULL);
    }
    return gj_door_check(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_UPDATE, (*row)->office, right);
}

const ProtobufCMessage *gj_admin_device_revoke_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DeviceRevokeRequest *request = (const Gj__V1__DeviceRevokeRequest *)message;
    Gj__Stored__Device *row = NULL;
    struct gj_access_answer right;
    if (!revoke_allowed(ctx, request->device, &row, &right)) {
        return NULL;
    }
    Gj__Service__DeviceRevoke *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__DeviceRevoke);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__device_revoke__init(body);
    body->device = request->device;
    return gj_sealing_text(ctx, row->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

void gj_admin_device_revoke(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__DeviceRevoke *body = (const Gj__Service__DeviceRevoke *)message;
    Gj__Stored__Device *row = NULL;
    struct gj_access_answer right;
    if (!revoke_allowed(ctx, body->device, &row, &right)) {
        return;
    }
    if (row->revoked_at != 0) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", "device", NULL);
        return;
    }
    row->revoked_at = ctx->now_ms;
    struct gj_key key = gj_key_of_u64(row->id);
    gj_record_save(ctx->txn, GJ_TABLE_DEVICE, &key, &row->base);
    gj_actor_rights_changed(ctx->txn);
    struct gj_entry entry = gj_admin_entry(ctx, "device_revoke", GJ_SUBJECT_DEVICE, row->id, row->office, &right);
    entry.revision = 2;
    (void)gj_door_append(ctx, &entry, body->reason);
}

/* The lost phone is cut off now, not when it speaks next. */
void gj_admin_device_revoked(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__DeviceRevoke *body = (const Gj__Service__DeviceRevoke *)message;
    if (ctx->core->sessions != NULL) {
        gj_sessions_close_device(ctx->core->sessions, body->device);
    }
}

/* ---- list ---- */

static bool shows_device(struct gj_ctx *ctx, const struct gj_value *value, const void *filter)
{
    const Gj__V1__DeviceListRequest *request = filter;
    Gj__Stored__Device *stored = NULL;
    return gj_record_unpack(ctx->txn, value, &gj__stored__device__descriptor, ctx->arena, (void **)&stored) &&
           (request->office == 0 || stored->office == request->office) &&
           gj_door_may(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_LIST, stored->office);
}

static bool add_device(struct gj_ctx *ctx, const struct gj_value *value, Gj__V1__DeviceList *list)
{
    Gj__Stored__Device *stored = NULL;
    if (!gj_record_unpack(ctx->txn, value, &gj__stored__device__descriptor, ctx->arena, (void **)&stored)) {
        return false;
    }
    Gj__V1__Device *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Device);
    if (row == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj__v1__device__init(row);
    row->id = stored->id;
    row->office = stored->office;
    row->device_class = stored->device_class;
    row->name = stored->name;
    row->enrolled_at = stored->enrolled_at;
    row->revoked_at = stored->revoked_at;
    row->online = ctx->core->sessions != NULL && gj_sessions_device_online(ctx->core->sessions, stored->id);
    row->last_seen_at = row->online ? ctx->now_ms : 0;
    list->devices[list->n_devices++] = row;
    return true;
}

void gj_admin_device_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__DeviceListRequest *request = (const Gj__V1__DeviceListRequest *)message;
    Gj__V1__DeviceList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__DeviceList);
    struct gj_page page;
    if (!gj_page_read(ctx, request->page, &page) ||
        !gj_door_check_anywhere(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    Gj__V1__Device **devices = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Device *);
    if (list == NULL || devices == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__device_list__init(list);
    list->devices = devices;
    struct gj_key low = gj_key_of_u64(page.after + 1);
    struct gj_page_sieve sieve;
    struct gj_iter iter;
    gj_page_sieve_init(&sieve, shows_device, request);
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_DEVICE, &low, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        if (list->n_devices == page.rows || page.looked == GJ_PAGE_LOOK_MAX) {
            (void)gj_page_cursor(ctx, page.last, &list->cursor);
            break;
        }
        gj_page_look(&page, &iter.key);
        if (gj_page_sieve_shows(&sieve, ctx, &iter.value) && !add_device(ctx, &iter.value, list)) {
            break;
        }
    }
    gj_iter_close(&iter);
    gj_page_sieve_fini(&sieve);
    gj_answer_ok(ctx, &list->base);
}
