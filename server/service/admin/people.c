/* Rows of users, and who may change whom. */
#include "service/admin/admin.h"

#include "core/actor.h"
#include "core/stand_in.h"
#include "service/admin/admin_rules.h"
#include "store/record.h"

Gj__Stored__User *gj_admin_user(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    (void)gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row);
    return row;
}

void gj_admin_user_save(struct gj_ctx *ctx, Gj__Stored__User *user)
{
    struct gj_key key = gj_key_of_u64(user->id);
    user->revision++;
    gj_record_save(ctx->txn, GJ_TABLE_USER, &key, &user->base);
    gj_actor_rights_changed(ctx->txn);
    gj_stand_in_person(ctx, user->id);
}

uint64_t gj_admin_user_by_login(struct gj_ctx *ctx, const char *login)
{
    struct gj_key key = gj_key_of_name(login);
    return gj_txn_get_u64(ctx->txn, GJ_TABLE_USER_NAME, &key);
}

/* Rights over rights that the person's account would bring and the actor does not have. */
static bool would_gain(struct gj_ctx *ctx, const Gj__Stored__User *user)
{
    const struct gj_guarded *users = gj_policy_subject(ctx->policy, GJ_DOOR_USERS);
    gj_roles theirs = gj_admin_rules_roles(ctx->policy, user);
    const unsigned over_rights = GJ_LETTER_CREATE | GJ_LETTER_UPDATE | GJ_LETTER_APPROVE;
    unsigned mine = 0, gained = 0;
    for (size_t i = 0; i < ctx->actor->grant_count; i++) {
        mine |= users->rights.letters[ctx->actor->grants[i].role & 63];
    }
    for (unsigned role = 0; role < 64; role++) {
        gained |= (theirs >> role & 1) != 0 ? users->rights.letters[role] : 0u;
    }
    return (gained & over_rights & ~mine) != 0;
}

bool gj_admin_may_change(struct gj_ctx *ctx, const Gj__Stored__User *user, struct gj_access_answer *right)
{
    bool everywhere = gj_door_may(ctx, GJ_DOOR_USERS, GJ_ACCESS_UPDATE, user->office) ||
                      gj_door_may(ctx, GJ_DOOR_USERS, GJ_ACCESS_APPROVE, user->office);
    if (!gj_door_check(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_UPDATE, user->office, right)) {
        return false;
    }
    if (gj_policy_subject(ctx->policy, GJ_DOOR_USERS) == NULL || would_gain(ctx, user)) {
        return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "role_above", "user", NULL);
    }
    if (everywhere) {
        return true;
    }
    gj_roles held = gj_actor_roles(ctx->actor, user->office, gj_door_region(ctx, user->office));
    struct gj_admin_fault fault = gj_admin_rules_own_staff(ctx->policy, held, user->office, user);
    return fault.code == NULL || gj_refuse(ctx, GJ__V1__STATUS__DENIED, fault.code, fault.field, NULL);
}

bool gj_admin_may_grant(struct gj_ctx *ctx, const char *role, uint64_t office, uint64_t region, bool *pending,
    struct gj_access_answer *right)
{
    gj_roles held = gj_actor_roles(ctx->actor, office, gj_door_region(ctx, office));
    struct gj_key key = gj_key_of_u64(region);
    if (!gj_door_office(ctx, office, "office")) {
        return false;
    }
    if (region != 0 && !gj_txn_exists(ctx->txn, GJ_TABLE_REGION, &key)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "region", NULL);
    }
    *pending = !gj_admin_rules_may_grant_alone(ctx->policy, held, role, office);
    return *pending ? gj_door_check(ctx, GJ_DOOR_USERS, GJ_ACCESS_UPDATE, office, right)
                    : gj_door_check(ctx, GJ_DOOR_OWN_PEOPLE, GJ_ACCESS_UPDATE, office, right);
}

struct gj_entry gj_admin_entry(struct gj_ctx *ctx, const char *action, uint16_t kind, uint64_t subject, uint64_t office,
    const struct gj_access_answer *right)
{
    return gj_door_entry(ctx, GJ_ENTRY_ACCESS, action, kind, subject, office, right);
}
