#include "core/notify_people.h"

#include <stdlib.h>
#include <string.h>

#include "common/policy/policy.h"
#include "core/actor.h"
#include "core/actor_load.h"
#include "core/core.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

struct gj_people_cache {
    struct gj_store *store;
    uint64_t version;
    uint32_t policy;
    bool filled;
    struct gj_holder *items;
    size_t count, room;
};

void gj_people_cache_free(struct gj_people_cache *cache)
{
    if (cache != NULL) {
        free(cache->items);
        free(cache);
    }
}

static bool add(struct gj_people_cache *cache, const struct gj_holder *holder)
{
    if (cache->count == cache->room) {
        size_t room = cache->room == 0 ? 256 : cache->room * 2;
        struct gj_holder *items = realloc(cache->items, room * sizeof(items[0]));
        if (items == NULL) {
            return false;
        }
        cache->items = items;
        cache->room = room;
    }
    cache->items[cache->count++] = *holder;
    return true;
}

static bool add_user(struct gj_ctx *ctx, struct gj_people_cache *cache, const Gj__Stored__User *user)
{
    for (size_t i = 0; i < user->n_grants && !user->disabled; i++) {
        const Gj__Stored__Grant *grant = user->grants[i];
        const struct gj_role *role = gj_policy_role(ctx->policy, grant->role);
        if (role == NULL || grant->pending) {
            continue;
        }
        struct gj_holder holder = {.role = role->number,
            .user = user->id,
            .office = grant->office,
            .region = grant->region,
            .until_ms = INT64_MAX};
        if (!add(cache, &holder)) {
            return false;
        }
    }
    return true;
}

static bool add_loans(struct gj_ctx *ctx, struct gj_people_cache *cache)
{
    const struct gj_actor_delegation *loan = gj_actor_delegations(ctx->txn, ctx->policy, ctx->now_ms, ctx->arena);
    for (; loan != NULL; loan = loan->next) {
        struct gj_holder holder = {.role = loan->role,
            .user = loan->to_user,
            .office = loan->office,
            .lent_by = loan->from_user,
            .from_ms = loan->from_ms,
            .until_ms = loan->until_ms};
        if (!add(cache, &holder)) {
            return false;
        }
    }
    return true;
}

static int by_user(const void *a, const void *b)
{
    const struct gj_holder *left = a;
    const struct gj_holder *right = b;
    if (left->user != right->user) {
        return left->user < right->user ? -1 : 1;
    }
    return (int)left->role - (int)right->role;
}

static bool fill(struct gj_ctx *ctx, struct gj_people_cache *cache)
{
    struct gj_iter iter;
    bool ok = true;
    /* One arena for one user at a time: a company has thousands, a command's arena two megabytes. */
    struct gj_arena arena;
    gj_arena_init(&arena, 1u << 20);
    cache->count = 0;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_USER, NULL, NULL, GJ_FORWARD);
    while (ok && gj_iter_next(&iter)) {
        Gj__Stored__User *user = NULL;
        gj_arena_reset(&arena);
        ok = gj_record_unpack(ctx->txn, &iter.value, &gj__stored__user__descriptor, &arena, (void **)&user) &&
             add_user(ctx, cache, user);
    }
    gj_iter_close(&iter);
    gj_arena_fini(&arena);
    ok = ok && add_loans(ctx, cache);
    if (ok && cache->count > 0) {
        qsort(cache->items, cache->count, sizeof(cache->items[0]), by_user);
    }
    return ok;
}

const struct gj_holder *gj_people_holders(struct gj_ctx *ctx, size_t *count)
{
    struct gj_people_cache *cache = ctx->core->people;
    *count = 0;
    if (cache == NULL) {
        cache = calloc(1, sizeof(*cache));
        ctx->core->people = cache;
    }
    uint64_t version = gj_actor_rights_version(ctx->txn);
    struct gj_store *store = gj_txn_store(ctx->txn);
    if (cache != NULL && (!cache->filled || cache->version != version || cache->policy != ctx->policy->version ||
                             cache->store != store)) {
        cache->filled = fill(ctx, cache);
        cache->version = version;
        cache->policy = ctx->policy->version;
        cache->store = store;
    }
    if (cache == NULL || !cache->filled) {
        gj_txn_fail(ctx->txn, GJ_ENOMEM);
        return NULL;
    }
    *count = cache->count;
    return cache->items;
}

bool gj_people_present(struct gj_ctx *ctx, uint64_t user)
{
    Gj__Stored__User *row = NULL;
    struct gj_key key = gj_key_of_u64(user);
    if (!gj_record_load(ctx->txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, ctx->arena, (void **)&row) ||
        row->disabled) {
        return false;
    }
    for (size_t i = 0; i < row->n_absences; i++) {
        const Gj__Stored__Absence *absence = row->absences[i];
        if (absence->from <= ctx->now_ms && (absence->until == 0 || ctx->now_ms < absence->until)) {
            return false;
        }
    }
    return true;
}

struct gj_key gj_people_roster_place(uint64_t office, uint64_t region)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u64(&key, office);
    gj_key_u64(&key, region);
    return key;
}

struct gj_key gj_people_roster_key(uint64_t office, uint64_t region, const char *role, int64_t from_ms, uint64_t user)
{
    struct gj_key key = gj_people_roster_place(office, region);
    gj_key_text(&key, role, strlen(role));
    gj_key_i64(&key, from_ms);
    gj_key_u64(&key, user);
    return key;
}
