#include "core/notify_people.h"

#include <stdlib.h>
#include <string.h>

#include "common/policy/policy.h"
#include "core/actor.h"
#include "core/actor_load.h"
#include "core/core.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

/* Somebody who is not disabled; the spans of absence are those from `first` on. */
struct person {
    uint64_t user;
    size_t first, count;
};

struct span {
    int64_t from_ms, until_ms; /* until 0: open end */
};

/* An array that grows. */
struct row {
    void *items;
    size_t count, room;
};

struct gj_people_cache {
    struct gj_store *store;
    uint64_t version;
    uint32_t policy;
    bool filled;
    struct row holders; /* struct gj_holder by role, office, user */
    struct row persons; /* struct person by user */
    struct row spans;   /* struct span */
};

void gj_people_cache_free(struct gj_people_cache *cache)
{
    if (cache != NULL) {
        free(cache->holders.items);
        free(cache->persons.items);
        free(cache->spans.items);
        free(cache);
    }
}

static bool add(struct row *row, const void *item, size_t size)
{
    if (row->count == row->room) {
        size_t room = row->room == 0 ? 256 : row->room * 2;
        void *items = realloc(row->items, room * size);
        if (items == NULL) {
            return false;
        }
        row->items = items;
        row->room = room;
    }
    memcpy((char *)row->items + row->count * size, item, size);
    row->count++;
    return true;
}

static bool add_person(struct gj_people_cache *cache, const Gj__Stored__User *user)
{
    struct person person = {.user = user->id, .first = cache->spans.count, .count = user->n_absences};
    for (size_t i = 0; i < user->n_absences; i++) {
        struct span span = {.from_ms = user->absences[i]->from, .until_ms = user->absences[i]->until};
        if (!add(&cache->spans, &span, sizeof(span))) {
            return false;
        }
    }
    return add(&cache->persons, &person, sizeof(person));
}

static bool add_user(struct gj_ctx *ctx, struct gj_people_cache *cache, const Gj__Stored__User *user)
{
    if (!user->disabled && !add_person(cache, user)) {
        return false;
    }
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
        if (!add(&cache->holders, &holder, sizeof(holder))) {
            return false;
        }
    }
    return true;
}

static bool add_loans(struct gj_ctx *ctx, struct gj_people_cache *cache)
{
    const struct gj_actor_delegation *loan = gj_actor_delegations(ctx->txn, ctx->policy, ctx->now_ms, ctx->arena);
    for (; loan != NULL; loan = loan->next) {
        if (!gj_actor_still_lent(ctx->txn, ctx->policy, loan, ctx->arena)) {
            continue;
        }
        struct gj_holder holder = {.role = loan->role,
            .user = loan->to_user,
            .office = loan->office,
            .lent_by = loan->from_user,
            .from_ms = loan->from_ms,
            .until_ms = loan->until_ms};
        if (!add(&cache->holders, &holder, sizeof(holder))) {
            return false;
        }
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct gj_holder *left = a;
    const struct gj_holder *right = b;
    if (left->role != right->role) {
        return (int)left->role - (int)right->role;
    }
    if (left->office != right->office) {
        return left->office < right->office ? -1 : 1;
    }
    if (left->user != right->user) {
        return left->user < right->user ? -1 : 1;
    }
    return left->from_ms < right->from_ms ? -1 : left->from_ms > right->from_ms;
}

static bool fill(struct gj_ctx *ctx, struct gj_people_cache *cache)
{
    struct gj_iter iter;
    bool ok = true;
    /* One arena for one user at a time: a company has thousands, a command's arena two megabytes. */
    struct gj_arena arena;
    gj_arena_init(&arena, 1u << 20);
    cache->holders.count = 0;
    cache->persons.count = 0;
    cache->spans.count = 0;
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
    if (ok && cache->holders.count > 0) {
        qsort(cache->holders.items, cache->holders.count, sizeof(struct gj_holder), by_place);
    }
    return ok;
}

/* Applying has its own, since it runs on a thread of its own and sees what is not committed yet. */
static struct gj_people_cache *cache_of(struct gj_ctx *ctx)
{
    struct gj_people_cache **place = ctx->apply != NULL ? &ctx->core->people : &ctx->core->people_shown;
    struct gj_people_cache *cache = *place;
    if (cache == NULL) {
        cache = calloc(1, sizeof(*cache));
        *place = cache;
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
    return cache;
}

const struct gj_holder *gj_people_of(struct gj_ctx *ctx, uint8_t role, uint64_t office, size_t *count)
{
    const struct gj_people_cache *cache = cache_of(ctx);
    *count = 0;
    if (cache == NULL || cache->holders.count == 0) {
        return NULL;
    }
    const struct gj_holder *items = cache->holders.items;
    size_t low = 0;
    size_t high = cache->holders.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        bool before = items[mid].role != role ? items[mid].role < role : items[mid].office < office;
        *(before ? &low : &high) = before ? mid + 1 : mid;
    }
    while (low + *count < cache->holders.count && items[low + *count].role == role &&
           items[low + *count].office == office) {
        (*count)++;
    }
    return &items[low];
}

static bool away(const struct gj_people_cache *cache, const struct person *person, int64_t now_ms)
{
    const struct span *spans = cache->spans.items;
    for (size_t i = person->first; i < person->first + person->count; i++) {
        if (spans[i].from_ms <= now_ms && (spans[i].until_ms == 0 || now_ms < spans[i].until_ms)) {
            return true;
        }
    }
    return false;
}

size_t gj_people_entitled(struct gj_ctx *ctx, const char *subject, uint16_t letter, uint64_t *users, size_t max)
{
    const struct gj_guarded *guarded = gj_policy_subject(ctx->policy, subject);
    size_t count = 0;
    for (uint8_t number = 1; guarded != NULL && number < 64; number++) {
        const struct gj_role *role = gj_policy_role_by_number(ctx->policy, number);
        if (role == NULL || role->reach != GJ_REACH_GROUP || (guarded->rights.letters[number] & letter) == 0) {
            continue;
        }
        size_t holders = 0;
        const struct gj_holder *items = gj_people_of(ctx, number, 0, &holders);
        for (size_t i = 0; i < holders && count < max; i++) {
            bool known = false;
            for (size_t j = 0; j < count; j++) {
                known = known || users[j] == items[i].user;
            }
            users[count] = items[i].user;
            count += known ? 0 : 1;
        }
    }
    return count;
}

/* NULL: nobody who may log in has that number. */
static const struct person *person_of(const struct gj_people_cache *cache, uint64_t user)
{
    const struct person *persons = cache->persons.items;
    size_t low = 0;
    size_t high = cache->persons.count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (persons[mid].user == user) {
            return &persons[mid];
        }
        *(persons[mid].user < user ? &low : &high) = persons[mid].user < user ? mid + 1 : mid;
    }
    return NULL;
}

bool gj_people_present(struct gj_ctx *ctx, uint64_t user)
{
    const struct gj_people_cache *cache = cache_of(ctx);
    const struct person *person = cache == NULL ? NULL : person_of(cache, user);
    return person != NULL && !away(cache, person, ctx->now_ms);
}

size_t gj_people_leaves(struct gj_ctx *ctx, uint64_t user, struct gj_roster_leave *out, size_t max)
{
    const struct gj_people_cache *cache = cache_of(ctx);
    const struct person *person = cache == NULL ? NULL : person_of(cache, user);
    size_t count = 0;
    if (person == NULL && max > 0) {
        out[count++] = (struct gj_roster_leave){.user = user, .from = INT64_MIN, .until = INT64_MAX};
    }
    for (size_t i = 0; person != NULL && i < person->count && count < max; i++) {
        const struct span *span = (const struct span *)cache->spans.items + person->first + i;
        out[count++] = (struct gj_roster_leave){
            .user = user, .from = span->from_ms, .until = span->until_ms == 0 ? INT64_MAX : span->until_ms};
    }
    return count;
}

static void earlier(int64_t *next_ms, int64_t now_ms, int64_t at_ms)
{
    *next_ms = at_ms > now_ms && at_ms < *next_ms ? at_ms : *next_ms;
}

static bool moves_at(const struct gj_people_cache *cache, uint64_t user, int64_t at_ms)
{
    const struct person *persons = cache->persons.items;
    const struct span *spans = cache->spans.items;
    for (size_t i = 0; i < cache->persons.count; i++) {
        for (size_t j = persons[i].first; persons[i].user == user && j < persons[i].first + persons[i].count; j++) {
            if (spans[j].from_ms == at_ms || spans[j].until_ms == at_ms) {
                return true;
            }
        }
    }
    return false;
}

static void add_office(uint64_t office, uint64_t *offices, size_t max, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (offices[i] == office || offices[i] == 0) {
            return;
        }
    }
    if (office == 0 || *count == max) {
        offices[0] = 0;
        *count = 1;
        return;
    }
    offices[(*count)++] = office;
}

int64_t gj_people_next_change(struct gj_ctx *ctx, uint64_t *offices, size_t max, size_t *count)
{
    const struct gj_people_cache *cache = cache_of(ctx);
    int64_t next_ms = INT64_MAX;
    if (cache == NULL) {
        return next_ms;
    }
    const struct span *spans = cache->spans.items;
    for (size_t i = 0; i < cache->spans.count; i++) {
        earlier(&next_ms, ctx->now_ms, spans[i].from_ms);
        earlier(&next_ms, ctx->now_ms, spans[i].until_ms);
    }
    const struct gj_holder *holders = cache->holders.items;
    for (size_t i = 0; i < cache->holders.count; i++) {
        earlier(&next_ms, ctx->now_ms, holders[i].from_ms);
        earlier(&next_ms, ctx->now_ms, holders[i].until_ms);
    }
    for (size_t i = 0; offices != NULL && next_ms != INT64_MAX && i < cache->holders.count; i++) {
        bool moves = holders[i].from_ms == next_ms || holders[i].until_ms == next_ms ||
                     moves_at(cache, holders[i].user, next_ms);
        if (moves) {
            add_office(holders[i].office, offices, max, count);
        }
    }
    return next_ms;
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
