/* Who acts: a user on a device, with the roles held at that moment, own and delegated. */
#ifndef GJ_CORE_ACTOR_H
#define GJ_CORE_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "common/err.h"
#include "common/policy/access.h"
#include "store/txn.h"

/* struct gj_actor is defined in common/policy/access.h, because the rules of access are pure and shared: user, device, device office, and
 * an array of grants {role, office, region, delegated_by}. */

struct gj_policy;
struct gj_arena;

/* The daemon itself: timers, follow-on commands. Holds the role `system` everywhere. */
const struct gj_actor *gj_actor_system(void);

/* Loads the user's roles valid at now_ms (delegations included) into the arena. GJ_ENOTFOUND if the user or device is gone, GJ_EDENIED if
 * disabled or revoked. */
enum gj_err gj_actor_load(struct gj_txn *txn, const struct gj_policy *policy, uint64_t user, uint64_t device, int64_t now_ms,
    struct gj_arena *arena, const struct gj_actor **out);

/* Counter in `meta` that every change of rights raises: caches of actors are tagged with it. */
uint64_t gj_actor_rights_version(struct gj_txn *txn);
void gj_actor_rights_changed(struct gj_txn *txn);

#endif
