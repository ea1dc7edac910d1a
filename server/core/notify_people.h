/* Who holds which role, kept between commands by the applying thread and tagged with the version of rights it was read
 * at. */
#ifndef GJ_CORE_NOTIFY_PEOPLE_H
#define GJ_CORE_NOTIFY_PEOPLE_H

#include "core/call.h"

struct gj_holder {
    uint8_t role;
    uint64_t user, office, region;
    uint64_t lent_by;          /* 0: the role is the user's own */
    int64_t from_ms, until_ms; /* of a loan; 0, INT64_MAX otherwise */
};

struct gj_people_cache;
void gj_people_cache_free(struct gj_people_cache *cache);

/* All holders as ctx->txn sees them, ordered by user; *count of them. Valid until the next call. NULL with *count 0
 * when memory ran out: the transaction has failed. */
const struct gj_holder *gj_people_holders(struct gj_ctx *ctx, size_t *count);

/* Whether the person can be reached now: there, not disabled, not absent. */
bool gj_people_present(struct gj_ctx *ctx, uint64_t user);

/* Key of a line of the duty roster (值班表): office u64, region u64, role text, from i64, user u64. A prefix of the
 * first two is the roster of one place. */
struct gj_key gj_people_roster_key(uint64_t office, uint64_t region, const char *role, int64_t from_ms, uint64_t user);
struct gj_key gj_people_roster_place(uint64_t office, uint64_t region);

#endif
