/* Closed work by its day, newest first, over every office and kind that was asked for. */
#include "common/policy/policy.h"
#include "core/core.h"
#include "service/register/listing.h"
#include "store/record.h"

/* A place in which closed work lies, with the newest that was not taken yet. */
struct pile {
    uint64_t office;
    uint32_t kind;
    uint32_t day;
    uint64_t id; /* 0: nothing left */
};

/* The newest of a pile before (day, id); day UINT32_MAX: the newest of all. */
static void look_into(struct gj_ctx *ctx, struct pile *pile, uint32_t day, uint64_t id)
{
    struct gj_key low = gj_listing_queue_key(pile->office, pile->kind);
    struct gj_key high = low;
    struct gj_iter iter;
    gj_key_u32(&high, day);
    gj_key_u64(&high, id);
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_BY_DATE, &low, &high, GJ_BACKWARD);
    pile->id = 0;
    if (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u32(&reader);
        (void)gj_key_read_u16(&reader);
        pile->day = gj_key_read_u32(&reader);
        pile->id = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
}

/* Every office and kind asked for that the actor may see. False: refused or failed. */
static bool find_piles(struct listing *listing, struct pile *piles, size_t *count)
{
    struct gj_ctx *ctx = listing->ctx;
    uint64_t only = listing->request->office;
    struct gj_key low = gj_key_of_u64(only);
    struct gj_iter iter;
    bool room = true;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_OFFICE, &low, NULL, GJ_FORWARD);
    while (room && gj_iter_next(&iter)) {
        Gj__Stored__Office *office = NULL;
        gj_arena_reset(&listing->scratch);
        if (!gj_record_unpack(
                ctx->txn, &iter.value, &gj__stored__office__descriptor, &listing->scratch, (void **)&office) ||
            (only != 0 && office->id != only)) {
            break;
        }
        for (size_t i = 0; room && i < ctx->policy->kind_count; i++) {
            const struct gj_kind *kind = ctx->policy->kinds[i];
            if (!gj_listing_kind_wanted(listing, kind) ||
                !gj_listing_may_list(ctx, kind, office->id, office->region, &listing->own_only)) {
                continue;
            }
            room = *count < GJ_REGISTER_PILES_MAX;
            if (room) {
                piles[(*count)++] = (struct pile){.office = office->id, .kind = kind->number};
            }
        }
    }
    gj_iter_close(&iter);
    listing->own_only = false; /* asked of each record, like everything about rights */
    if (!room) {
        return gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "limit_reached", "kind", NULL);
    }
    if (*count == 0 && only != 0) {
        return gj_refuse(ctx, GJ__V1__STATUS__DENIED, "no_right", "office", NULL);
    }
    return gj_txn_error(ctx->txn) == GJ_OK;
}

/* By day and then by id, newest first, over all piles at once: each gives its newest in turn. */
void gj_listing_closed(struct listing *listing)
{
    struct gj_ctx *ctx = listing->ctx;
    struct pile *piles = GJ_ARENA_ARRAY(ctx->arena, GJ_REGISTER_PILES_MAX, struct pile);
    size_t count = 0;
    bool go_on = true;
    if (piles == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (!find_piles(listing, piles, &count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool started = listing->from.started;
        look_into(ctx, &piles[i], started ? (uint32_t)listing->from.value : UINT32_MAX,
            started ? listing->from.id : UINT64_MAX);
    }
    while (go_on) {
        struct pile *newest = NULL;
        for (size_t i = 0; i < count; i++) {
            bool newer = newest == NULL || piles[i].day > newest->day ||
                         (piles[i].day == newest->day && piles[i].id > newest->id);
            newest = piles[i].id != 0 && newer ? &piles[i] : newest;
        }
        go_on = newest != NULL && gj_listing_take_record(listing, newest->id, (int64_t)newest->day);
        if (go_on) {
            look_into(ctx, newest, newest->day, newest->id);
        }
    }
}
