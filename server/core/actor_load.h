/* The parts of loading an actor that its cache uses too. */
#ifndef GJ_CORE_ACTOR_LOAD_H
#define GJ_CORE_ACTOR_LOAD_H

#include "core/actor.h"
#include "store/stored.pb-c.h"

/* Delegations that may still matter at or after now_ms: not ended, not over. */
struct gj_actor_delegation {
    uint64_t from_user, to_user, office;
    int64_t from_ms, until_ms;
    uint8_t role;
    struct gj_actor_delegation *next;
};

/* Reads the table once; errors stick in txn. */
struct gj_actor_delegation *gj_actor_delegations(
    struct gj_txn *txn, const struct gj_policy *policy, int64_t now_ms, struct gj_arena *arena);

/* What is lent must still be held by who lent it. */
bool gj_actor_still_lent(
    struct gj_txn *txn, const struct gj_policy *policy, const struct gj_actor_delegation *lent, struct gj_arena *arena);

/* As gj_actor_load with the delegations already read. */
enum gj_err gj_actor_load_with(struct gj_txn *txn, const struct gj_policy *policy, uint64_t user, uint64_t device,
    int64_t now_ms, const struct gj_actor_delegation *delegations, struct gj_arena *arena, struct gj_actor **out,
    int64_t *changes_at);

#endif
