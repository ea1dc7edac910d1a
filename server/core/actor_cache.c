#include "core/actor.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/policy/policy.h"
#include "core/actor_load.h"

/* Enough for every device of a group of 200 offices; when it is full it starts anew, which costs some microseconds per
 * actor. */
#define ENTRIES_MAX 16384
#define BUCKETS 4096
/* One actor with the rows it is made of. */
#define LOAD_ARENA_MAX (512 * 1024)
/* All living delegations of the company. */
#define DELEGATION_ARENA_MAX (16 * 1024 * 1024)

struct entry {
    struct entry *next;
    int64_t changes_at_ms;
    int64_t loaded_at_ms;
    struct gj_actor actor;
    struct gj_grant grants[];
};

struct gj_actor_cache {
    uint64_t snapshot; /* in which the version was last looked at; 0: none */
    uint64_t rights_version;
    const struct gj_policy *policy;
    bool filled; /* version, policy and delegations are those of some transaction */
    unsigned count;
    struct gj_actor_delegation *delegations;
    struct gj_arena delegation_arena;
    struct gj_arena load_arena;
    struct entry *buckets[BUCKETS];
};

enum gj_err gj_actor_cache_new(struct gj_actor_cache **out)
{
    struct gj_actor_cache *cache = calloc(1, sizeof *cache);

    if (cache == NULL) {
        return GJ_ENOMEM;
    }
    gj_arena_init(&cache->delegation_arena, DELEGATION_ARENA_MAX);
    gj_arena_init(&cache->load_arena, LOAD_ARENA_MAX);
    *out = cache;
    return GJ_OK;
}

static void clear(struct gj_actor_cache *cache)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct entry *entry = cache->buckets[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            free(entry);
        }
        cache->buckets[i] = NULL;
    }
    cache->count = 0;
}

void gj_actor_cache_forget(struct gj_actor_cache *cache)
{
    cache->filled = false;
}

void gj_actor_cache_free(struct gj_actor_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    clear(cache);
    gj_arena_fini(&cache->delegation_arena);
    gj_arena_fini(&cache->load_arena);
    free(cache);
}

static struct entry **bucket_of(struct gj_actor_cache *cache, uint64_t user, uint64_t device)
{
    uint64_t hash = (user * UINT64_C(0x9E3779B97F4A7C15)) ^ (device * UINT64_C(0xC2B2AE3D27D4EB4F));

    return &cache->buckets[(hash >> 40) % BUCKETS];
}

/* Another transaction may see other rights: everything kept is then void. */
static enum gj_err refresh(
    struct gj_actor_cache *cache, struct gj_txn *txn, const struct gj_policy *policy, int64_t now_ms)
{
    uint64_t snapshot = gj_txn_snapshot(txn);

    if (cache->filled && cache->policy == policy && snapshot != 0 && snapshot == cache->snapshot) {
        return GJ_OK;
    }
    uint64_t version = gj_actor_rights_version(txn);
    cache->snapshot = 0;
    if (cache->filled && cache->rights_version == version && cache->policy == policy) {
        cache->snapshot = gj_txn_error(txn) == GJ_OK ? snapshot : 0;
        return gj_txn_error(txn);
    }
    clear(cache);
    gj_arena_reset(&cache->delegation_arena);
    cache->filled = false;
    cache->delegations = gj_actor_delegations(txn, policy, now_ms, &cache->delegation_arena);
    if (gj_txn_error(txn) != GJ_OK) {
        return gj_txn_error(txn);
    }
    cache->rights_version = version;
    cache->policy = policy;
    cache->snapshot = snapshot;
    cache->filled = true;
    return GJ_OK;
}

static struct entry *lookup(struct entry **bucket, uint64_t user, uint64_t device, int64_t now_ms)
{
    for (struct entry **at = bucket; *at != NULL; at = &(*at)->next) {
        struct entry *entry = *at;

        if (entry->actor.user != user || entry->actor.device != device) {
            continue;
        }
        if (now_ms >= entry->loaded_at_ms && now_ms < entry->changes_at_ms) {
            return entry;
        }
        *at = entry->next; /* a delegation has begun or ended meanwhile */
        free(entry);
        return NULL;
    }
    return NULL;
}

enum gj_err gj_actor_cache_get(struct gj_actor_cache *cache, struct gj_txn *txn, const struct gj_policy *policy,
    uint64_t user, uint64_t device, int64_t now_ms, const struct gj_actor **out)
{
    struct gj_actor *loaded = NULL;
    int64_t changes_at_ms = INT64_MAX;
    enum gj_err err = refresh(cache, txn, policy, now_ms);

    if (err != GJ_OK) {
        return err;
    }
    struct entry **bucket = bucket_of(cache, user, device);
    struct entry *entry = lookup(bucket, user, device, now_ms);
    if (entry != NULL) {
        *out = &entry->actor;
        return GJ_OK;
    }
    gj_arena_reset(&cache->load_arena);
    err = gj_actor_load_with(
        txn, policy, user, device, now_ms, cache->delegations, &cache->load_arena, &loaded, &changes_at_ms);
    if (err != GJ_OK) {
        return err;
    }
    if (cache->count >= ENTRIES_MAX) {
        clear(cache);
    }
    entry = malloc(sizeof *entry + loaded->grant_count * sizeof entry->grants[0]);
    if (entry == NULL) {
        return GJ_ENOMEM;
    }
    entry->changes_at_ms = changes_at_ms;
    entry->loaded_at_ms = now_ms;
    entry->actor = *loaded;
    if (loaded->grant_count > 0) {
        memcpy(entry->grants, loaded->grants, loaded->grant_count * sizeof entry->grants[0]);
    }
    entry->actor.grants = entry->grants;
    entry->next = *bucket;
    *bucket = entry;
    cache->count++;
    *out = &entry->actor;
    return GJ_OK;
}
