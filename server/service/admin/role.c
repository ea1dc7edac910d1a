/* Roles: a grant by an administrator waits for headquarters' consent (two people), a director or lead gives the roles
 * his own may give at once, in the own office alone. */
#include <string.h>

#include "common/limits.h"
#include "core/stand_in.h"
#include "proto/admin.pb-c.h"
#include "service/admin/admin.h"
#include "service/admin/admin_rules.h"
#include "service/sealing.h"

const ProtobufCMessage *gj_admin_role_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__RoleRequest *request = (const Gj__V1__RoleRequest *)message;
    struct gj_admin_fault fault = gj_admin_rules_grant(ctx->policy, request->role, request->office, request->region);
    if (fault.code != NULL) {
        (void)gj_door_invalid(ctx, fault.code, fault.field);
        return NULL;
    }
    if (!gj_door_office(ctx, request->office, "office")) {
        return NULL;
    }
    Gj__Service__Role *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__Role);
    if (body == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__role__init(body);
    body->user = request->user;
    body->role = request->role;
    body->office = request->office;
    body->region = request->region;
    return gj_sealing_text(ctx, request->office, request->reason, "reason", &body->reason) ? &body->base : NULL;
}

static Gj__Stored__User *user_of(struct gj_ctx *ctx, const Gj__Service__Role *body)
{
    Gj__Stored__User *user = gj_admin_user(ctx, body->user);
    if (user == NULL) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "user", NULL);
    }
    return user;
}

static void append(struct gj_ctx *ctx, const Gj__Service__Role *body, const Gj__Stored__User *user, const char *action,
    const char *to, uint64_t second, const struct gj_access_answer *right)
{
    struct gj_entry entry = gj_admin_entry(ctx, action, GJ_SUBJECT_USER, user->id, body->office, right);
    entry.revision = user->revision;
    (void)gj_entry_word(&entry.reason, body->role);
    entry.has_reason = true;
    (void)gj_entry_word(&entry.to, to);
    entry.second = second;
    entry.has_second = second != 0;
    (void)gj_door_append(ctx, &entry, body->reason);
    ctx->apply->written.state = (char *)(uintptr_t)to;
}

void gj_admin_role_grant(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Role *body = (const Gj__Service__Role *)message;
    Gj__Stored__User *user = user_of(ctx, body);
    struct gj_access_answer right;
    bool pending = true;
    if (user == NULL || !gj_admin_may_grant(ctx, body->role, body->office, body->region, &pending, &right)) {
        return;
    }
    if (user->id == ctx->actor->user) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "not_oneself", "user", NULL);
        return;
    }
    if (user->disabled) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "reference_inactive", "user", NULL);
        return;
    }
    if (gj_admin_rules_find(user, body->role, body->office, body->region) < user->n_grants) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "role", NULL);
        return;
    }
    if (user->n_grants >= GJ_USER_GRANTS_MAX) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "role", NULL);
        return;
    }
    Gj__Stored__Grant **grants = GJ_ARENA_ARRAY(ctx->arena, user->n_grants + 1, Gj__Stored__Grant *);
    Gj__Stored__Grant grant = GJ__STORED__GRANT__INIT;
    if (grants == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    for (size_t i = 0; i < user->n_grants; i++) {
        grants[i] = user->grants[i];
    }
    grant.role = body->role;
    grant.office = body->office;
    grant.region = body->region;
    grant.pending = pending;
    grant.granted_by = ctx->actor->user;
    grants[user->n_grants++] = &grant;
    user->grants = grants;
    gj_admin_user_save(ctx, user);
    append(ctx, body, user, "role_grant", pending ? "pending" : "active", 0, &right);
}

void gj_admin_role_revoke(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Role *body = (const Gj__Service__Role *)message;
    Gj__Stored__User *user = user_of(ctx, body);
    struct gj_access_answer right;
    bool needs_second = true;
    if (user == NULL) {
        return;
    }
    size_t at = gj_admin_rules_find(user, body->role, body->office, body->region);
    if (at == user->n_grants) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "role", NULL);
        return;
    }
    /* Taking a role away needs one person: whoever may give it, and headquarters, who may also turn a request down. */
    bool headquarters = gj_door_may(ctx, GJ_DOOR_USERS, GJ_ACCESS_APPROVE, body->office);
    bool allowed = headquarters
                       ? gj_door_check(ctx, GJ_DOOR_USERS, GJ_ACCESS_APPROVE, body->office, &right)
                       : gj_admin_may_grant(ctx, body->role, body->office, body->region, &needs_second, &right);
    if (!allowed) {
        return;
    }
    for (size_t i = at; i + 1 < user->n_grants; i++) {
        user->grants[i] = user->grants[i + 1];
    }
    user->n_grants--;
    gj_admin_user_save(ctx, user);
    gj_stand_in_office(ctx, body->office, ctx->now_ms);
    append(ctx, body, user, "role_revoke", "ended", 0, &right);
}

void gj_admin_role_approve(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__Role *body = (const Gj__Service__Role *)message;
    Gj__Stored__User *user = user_of(ctx, body);
    struct gj_access_answer right;
    if (user == NULL || !gj_door_check(ctx, GJ_DOOR_USERS, GJ_ACCESS_APPROVE, body->office, &right)) {
        return;
    }
    size_t at = gj_admin_rules_find(user, body->role, body->office, body->region);
    if (at == user->n_grants) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "role", NULL);
        return;
    }
    Gj__Stored__Grant *grant = user->grants[at];
    struct gj_admin_fault fault = gj_admin_rules_approve(grant, user->id, ctx->actor->user);
    if (fault.code != NULL) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__REFUSED, fault.code, fault.field, NULL);
        return;
    }
    grant->pending = false;
    grant->approved_by = ctx->actor->user;
    gj_admin_user_save(ctx, user);
    append(ctx, body, user, "role_approve", "active", grant->granted_by, &right);
}
