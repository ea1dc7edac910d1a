#include "core/actor.h"

#include <string.h>

#include "common/arena.h"
#include "common/policy/policy.h"
#include "core/actor_load.h"
#include "store/record.h"

/* Row of the table SETTING. */
#define RIGHTS_VERSION "rights.version"

static const struct gj_actor system_actor = {0};

const struct gj_actor *gj_actor_system(void)
{
    return &system_actor;
}

uint64_t gj_actor_rights_version(struct gj_txn *txn)
{
    struct gj_key key = gj_key_of_name(RIGHTS_VERSION);

    return gj_txn_get_u64(txn, GJ_TABLE_SETTING, &key);
}

void gj_actor_rights_changed(struct gj_txn *txn)
{
    struct gj_key key = gj_key_of_name(RIGHTS_VERSION);

    gj_txn_put_u64(txn, GJ_TABLE_SETTING, &key, gj_txn_get_u64(txn, GJ_TABLE_SETTING, &key) + 1);
}

struct gj_actor_delegation *gj_actor_delegations(
    struct gj_txn *txn, const struct gj_policy *policy, int64_t now_ms, struct gj_arena *arena)
{
    struct gj_iter iter;
    struct gj_actor_delegation *first = NULL;

    gj_iter_range(&iter, txn, GJ_TABLE_DELEGATION, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Delegation *row = NULL;

        if (!gj_record_unpack(txn, &iter.value, &gj__stored__delegation__descriptor, arena, (void **)&row)) {
            break;
        }
        const struct gj_role *role = gj_policy_role(policy, row->role);
        if (row->ended || row->until <= now_ms || role == NULL) {
            continue;
        }
        struct gj_actor_delegation *item = GJ_ARENA_NEW(arena, struct gj_actor_delegation);
        if (item == NULL) {
            gj_txn_fail(txn, gj_arena_why(arena));
            break;
        }
        *item = (struct gj_actor_delegation){
            .from_user = row->from_user,
            .to_user = row->to_user,
            .office = row->office,
            .from_ms = row->from,
            .until_ms = row->until,
            .role = role->number,
            .next = first,
        };
        first = item;
    }
    gj_iter_close(&iter);
    return first;
}

bool gj_actor_still_lent(
    struct gj_txn *txn, const struct gj_policy *policy, const struct gj_actor_delegation *lent, struct gj_arena *arena)
{
    Gj__Stored__User *user = NULL;
    struct gj_key key = gj_key_of_u64(lent->from_user);

    if (!gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, arena, (void **)&user) ||
        user->disabled) {
        return false;
    }
    for (size_t i = 0; i < user->n_grants; i++) {
        const Gj__Stored__Grant *grant = user->grants[i];
        const struct gj_role *role = gj_policy_role(policy, grant->role);

        /* Regions are not compared here: whoever holds a role for a region may lend it for an office of that region,
         * and the service that records the delegation has looked at that. */
        if (role != NULL && role->number == lent->role && !grant->pending &&
            (grant->office == lent->office || grant->office == 0)) {
            return true;
        }
    }
    return false;
}

static enum gj_err load_device(struct gj_txn *txn, uint64_t device, struct gj_arena *arena, struct gj_actor *actor)
{
    Gj__Stored__Device *row = NULL;
    struct gj_key key = gj_key_of_u64(device);

    if (device == 0) {
        return GJ_OK;
    }
    if (!gj_record_load(txn, GJ_TABLE_DEVICE, &key, &gj__stored__device__descriptor, arena, (void **)&row)) {
        return gj_txn_error(txn) != GJ_OK ? gj_txn_error(txn) : GJ_ENOTFOUND;
    }
    actor->device = device;
    actor->device_office = row->office;
    return row->revoked_at != 0 ? GJ_EDENIED : GJ_OK;
}

enum gj_err gj_actor_load_with(struct gj_txn *txn, const struct gj_policy *policy, uint64_t user, uint64_t device,
    int64_t now_ms, const struct gj_actor_delegation *delegations, struct gj_arena *arena, struct gj_actor **out,
    int64_t *changes_at)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    struct gj_actor *actor = GJ_ARENA_NEW(arena, struct gj_actor);
    size_t lent = 0;

    if (actor == NULL) {
        return gj_arena_why(arena);
    }
    enum gj_err err = load_device(txn, device, arena, actor);
    if (err != GJ_OK) {
        return err;
    }
    if (!gj_record_load(txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, arena, (void **)&row)) {
        return gj_txn_error(txn) != GJ_OK ? gj_txn_error(txn) : GJ_ENOTFOUND;
    }
    if (row->disabled) {
        return GJ_EDENIED;
    }
    for (const struct gj_actor_delegation *item = delegations; item != NULL; item = item->next) {
        lent += item->to_user == user;
    }
    struct gj_grant *grants = GJ_ARENA_ARRAY(arena, row->n_grants + lent + 1, struct gj_grant);
    if (grants == NULL) {
        return gj_arena_why(arena);
    }
    actor->user = user;
    actor->grants = grants;
    for (size_t i = 0; i < row->n_grants; i++) {
        const struct gj_role *role = gj_policy_role(policy, row->grants[i]->role);

        /* A role that the policy in force does not know gives no right. */
        if (role != NULL && !row->grants[i]->pending) {
            grants[actor->grant_count++] = (struct gj_grant){
                .role = role->number, .office = row->grants[i]->office, .region = row->grants[i]->region};
        }
    }
    *changes_at = INT64_MAX;
    for (const struct gj_actor_delegation *item = delegations; item != NULL; item = item->next) {
        if (item->to_user != user) {
            continue;
        }
        int64_t change = item->from_ms > now_ms ? item->from_ms : item->until_ms;
        if (change > now_ms && change < *changes_at) {
            *changes_at = change;
        }
        if (item->from_ms <= now_ms && item->until_ms > now_ms && gj_actor_still_lent(txn, policy, item, arena)) {
            grants[actor->grant_count++] =
                (struct gj_grant){.role = item->role, .office = item->office, .delegated_by = item->from_user};
        }
    }
    *out = actor;
    return gj_txn_error(txn);
}

enum gj_err gj_actor_load(struct gj_txn *txn, const struct gj_policy *policy, uint64_t user, uint64_t device,
    int64_t now_ms, struct gj_arena *arena, const struct gj_actor **out, int64_t *changes_at)
{
    int64_t ignored = 0;
    struct gj_actor *actor = NULL;
    const struct gj_actor_delegation *delegations = gj_actor_delegations(txn, policy, now_ms, arena);

    enum gj_err err = gj_actor_load_with(
        txn, policy, user, device, now_ms, delegations, arena, &actor, changes_at != NULL ? changes_at : &ignored);
    if (err == GJ_OK) {
        *out = actor;
    }
    return err;
}
