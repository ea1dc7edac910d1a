/* Who acts: a user on a device, with the roles held at that moment, own and delegated. */
#ifndef GJ_CORE_ACTOR_H
#define GJ_CORE_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "common/err.h"
#include "common/policy/view.h"
#include "store/txn.h"

/* struct gj_actor is defined in common/policy/view.h, because the rules of access are pure and shared: user, device,
 * device office, and an array of grants {role, office, region, delegated_by}. */

struct gj_policy;
struct gj_arena;

/* The daemon itself: timers, follow-on commands. Holds the role `system` everywhere. */
const struct gj_actor *gj_actor_system(void);

/* Loads the user's roles valid at now_ms (delegations included) into the arena. GJ_ENOTFOUND if the user or device is
 * gone, GJ_EDENIED if disabled or revoked. device 0 is not looked up. *changes_at (may be NULL): when a delegation
 * begins or ends next, INT64_MAX for never. Absence does not take rights away: it steers notices (core/notify.h). */
enum gj_err gj_actor_load(struct gj_txn *txn, const struct gj_policy *policy, uint64_t user, uint64_t device,
    int64_t now_ms, struct gj_arena *arena, const struct gj_actor **out, int64_t *changes_at);

/* Counter that every change of rights raises (users, devices, roles, delegations, offices' regions): caches are tagged
 * with it. */
uint64_t gj_actor_rights_version(struct gj_txn *txn);
void gj_actor_rights_changed(struct gj_txn *txn);

/* Actors loaded before, for one thread. An entry is good while rights version, policy and the time until its next
 * change hold. */
struct gj_actor_cache;
enum gj_err gj_actor_cache_new(struct gj_actor_cache **out);
void gj_actor_cache_free(struct gj_actor_cache *cache);
/* After a transaction was given up: what was read in it may never have become true, and its version may come again. */
void gj_actor_cache_forget(struct gj_actor_cache *cache);
/* As gj_actor_load; *out is valid until the next call on the cache. */
enum gj_err gj_actor_cache_get(struct gj_actor_cache *cache, struct gj_txn *txn, const struct gj_policy *policy,
    uint64_t user, uint64_t device, int64_t now_ms, const struct gj_actor **out);

#endif
