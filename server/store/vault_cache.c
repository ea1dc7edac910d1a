#include "store/vault_internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct slot {
    struct gj_subject subject;
    uint64_t key_id;
    uint32_t newer, older; /* order of use */
    uint32_t next;         /* in the bucket, or in the free list */
    uint8_t key[GJ_VAULT_KEY_SIZE];
};

struct gj_vault_cache {
    struct slot *slots; /* memory that is locked and surrounded by guard pages */
    uint32_t *buckets;
    uint32_t mask;
    uint32_t capacity;
    uint32_t used; /* slots ever used; further ones are free */
    uint32_t free; /* head of the free list */
    uint32_t newest, oldest;
};

struct gj_vault_cache *gj_vault_cache_new(unsigned keys)
{
    struct gj_vault_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL) {
        return NULL;
    }
    uint32_t buckets = 16;
    while (buckets < keys && buckets < UINT32_C(1) << 30) {
        buckets *= 2;
    }
    cache->capacity = keys;
    cache->mask = buckets - 1;
    cache->slots = sodium_allocarray(keys, sizeof *cache->slots);
    cache->buckets = malloc(buckets * sizeof *cache->buckets);
    if (cache->slots == NULL || cache->buckets == NULL) {
        gj_vault_cache_free(cache);
        return NULL;
    }
    memset(cache->buckets, 0xff, buckets * sizeof *cache->buckets);
    cache->free = cache->newest = cache->oldest = NONE;
    return cache;
}

void gj_vault_cache_free(struct gj_vault_cache *cache)
{
    if (cache != NULL) {
        sodium_free(cache->slots); /* wipes */
        free(cache->buckets);
        free(cache);
    }
}

static uint32_t *bucket(struct gj_vault_cache *cache, const struct gj_subject *subject)
{
    uint64_t mixed = (subject->id ^ (uint64_t)subject->kind << 48) * UINT64_C(0x9E3779B97F4A7C15);
    return &cache->buckets[(uint32_t)(mixed >> 32) & cache->mask];
}

static bool same(const struct gj_subject *a, const struct gj_subject *b)
{
    return a->kind == b->kind && a->id == b->id;
}

static uint32_t find(struct gj_vault_cache *cache, const struct gj_subject *subject)
{
    uint32_t at = *bucket(cache, subject);
    while (at != NONE && !same(&cache->slots[at].subject, subject)) {
        at = cache->slots[at].next;
    }
    return at;
}

static void unlink_use(struct gj_vault_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    *(slot->newer == NONE ? &cache->newest : &cache->slots[slot->newer].older) = slot->older;
    *(slot->older == NONE ? &cache->oldest : &cache->slots[slot->older].newer) = slot->newer;
}

static void link_newest(struct gj_vault_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    slot->newer = NONE;
    slot->older = cache->newest;
    *(cache->newest == NONE ? &cache->oldest : &cache->slots[cache->newest].newer) = at;
    cache->newest = at;
}

const uint8_t *gj_vault_cache_get(struct gj_vault_cache *cache, const struct gj_subject *subject, uint64_t *key_id)
{
    uint32_t at = find(cache, subject);
    if (at == NONE) {
        return NULL;
    }
    if (at != cache->newest) {
        unlink_use(cache, at);
        link_newest(cache, at);
    }
    *key_id = cache->slots[at].key_id;
    return cache->slots[at].key;
}

static void drop_slot(struct gj_vault_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    uint32_t *link = bucket(cache, &slot->subject);
    while (*link != at) {
        link = &cache->slots[*link].next;
    }
    *link = slot->next;
    unlink_use(cache, at);
    sodium_memzero(slot, sizeof *slot);
    slot->next = cache->free;
    cache->free = at;
}

void gj_vault_cache_drop(struct gj_vault_cache *cache, const struct gj_subject *subject)
{
    uint32_t at = find(cache, subject);
    if (at != NONE) {
        drop_slot(cache, at);
    }
}

void gj_vault_cache_clear(struct gj_vault_cache *cache)
{
    while (cache->oldest != NONE) {
        drop_slot(cache, cache->oldest);
    }
}

void gj_vault_cache_put(struct gj_vault_cache *cache, const struct gj_subject *subject, uint64_t key_id,
    const uint8_t key[GJ_VAULT_KEY_SIZE])
{
    gj_vault_cache_drop(cache, subject);
    if (cache->free == NONE && cache->used == cache->capacity) {
        drop_slot(cache, cache->oldest);
    }
    uint32_t at = cache->free;
    if (at != NONE) {
        cache->free = cache->slots[at].next;
    } else {
        at = cache->used++;
    }
    struct slot *slot = &cache->slots[at];
    slot->subject = *subject;
    slot->key_id = key_id;
    memcpy(slot->key, key, GJ_VAULT_KEY_SIZE);
    uint32_t *head = bucket(cache, subject);
    slot->next = *head;
    *head = at;
    link_newest(cache, at);
}
