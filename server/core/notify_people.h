/* Who holds which role and who is there, kept between commands by each of the two threads that ask (the applying one,
 * and the loop for what it shows) and tagged with the version of rights it was read at. */
#ifndef GJ_CORE_NOTIFY_PEOPLE_H
#define GJ_CORE_NOTIFY_PEOPLE_H

#include "common/policy/roster.h"
#include "core/call.h"

struct gj_holder {
    uint8_t role;
    uint64_t user, office, region;
    uint64_t lent_by;          /* 0: the role is the user's own */
    int64_t from_ms, until_ms; /* of a loan; 0, INT64_MAX otherwise */
};

struct gj_people_cache;
void gj_people_cache_free(struct gj_people_cache *cache);

/* The holders of a role for exactly this office; office 0: for a region or everywhere. As ctx->txn sees them, ordered
 * by user; *count of them. Valid until the next call. NULL with *count 0: none, or memory ran out and the transaction
 * has failed. */
const struct gj_holder *gj_people_of(struct gj_ctx *ctx, uint8_t role, uint64_t office, size_t *count);

/* Who has a letter (GJ_LETTER_...) on a guarded subject of the policy for the whole group, there or not: each once, at
 * most max into users. For what a second person of headquarters has to hear of. Returns how many. */
size_t gj_people_entitled(struct gj_ctx *ctx, const char *subject, uint16_t letter, uint64_t *users, size_t max);

/* Whether the person can be reached now: there, not disabled, not absent. */
bool gj_people_present(struct gj_ctx *ctx, uint64_t user);

/* When the person is on leave (请假), at most max of it: for ever when nobody who may log in has that number. */
size_t gj_people_leaves(struct gj_ctx *ctx, uint64_t user, struct gj_roster_leave *out, size_t max);

/* When somebody next comes or goes: an absence or a loan that begins or ends after now_ms. INT64_MAX: never. offices
 * (room for max, may be NULL): where those people hold roles; a single 0 when it is more than that, or everywhere. */
int64_t gj_people_next_change(struct gj_ctx *ctx, uint64_t *offices, size_t max, size_t *count);

/* Key of a line of the duty roster (值班表): office u64, region u64, role text, from i64, user u64. A prefix of the
 * first two is the roster of one place. */
struct gj_key gj_people_roster_key(uint64_t office, uint64_t region, const char *role, int64_t from_ms, uint64_t user);
struct gj_key gj_people_roster_place(uint64_t office, uint64_t region);

#endif
