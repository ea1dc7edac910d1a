/* What the rules see of a record and of the person acting: plain data, filled by the caller from the store. */
#ifndef GJ_POLICY_VIEW_H
#define GJ_POLICY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/policy/kind.h"

/* A role held somewhere: in one office, or in one region (office 0), or in the whole group (both 0). */
struct gj_grant {
    uint8_t role; /* number */
    uint64_t office;
    uint64_t region;
    uint64_t delegated_by; /* 0: own; else whose role this is */
};

/* Who acts. `grants` is borrowed and holds only what is valid at this moment. */
struct gj_actor {
    uint64_t user; /* 0: the system, which holds GJ_ROLE_SYSTEM everywhere without a grant */
    uint64_t device;
    uint64_t device_office;
    const struct gj_grant *grants;
    size_t grant_count;
};

/* The roles held for things of this office and region; those among them held only for somebody else. */
gj_roles gj_actor_roles(const struct gj_actor *actor, uint64_t office, uint64_t region);
gj_roles gj_actor_delegated(const struct gj_actor *actor, uint64_t office, uint64_t region);
/* On whose behalf the role is held there: 0 when it is the actor's own or not held. */
uint64_t gj_actor_acts_for(const struct gj_actor *actor, uint8_t role, uint64_t office, uint64_t region);

/* A person tied to a record. */
struct gj_tie {
    enum gj_relation relation;
    uint64_t user;
};

/* A link to another record, as far as conditions look at it. */
struct gj_link_view {
    const char *link;
    const char *kind;
    const char *state; /* its state code */
    bool closed;       /* its state is closed or final */
};

/* A request that waits for consent (待审批). */
struct gj_consent {
    const char *act; /* NULL: nothing waits for consent */
    uint64_t requested_by;
    int64_t requested_at;
    uint64_t approver_office; /* whose approvers are asked */
};

/* Steps of a kind: bit n is transition n of its declaration. */
struct gj_step_set {
    uint64_t w[(GJ_LOAD_TRANSITIONS_MAX + 63) / 64];
};
static inline bool gj_step_set_has(const struct gj_step_set *set, size_t i)
{
    return (set->w[i / 64] >> (i % 64)) & 1;
}
static inline void gj_step_set_add(struct gj_step_set *set, size_t i)
{
    set->w[i / 64] |= UINT64_C(1) << (i % 64);
}

/* What somebody may do because the office has nobody left for it (代处理), and nothing else: the steps themselves, and
 * the consent to them. Found out for one person at one moment. */
struct gj_stand_in {
    uint64_t user; /* 0: nobody stands in */
    struct gj_step_set steps, consents;
};

#define GJ_NO_PRIORITY 9
/* What is shown and looked at first. What was not classified yet comes right behind P1: it may be anything. */
static inline uint32_t gj_priority_rank(uint32_t priority)
{
    return priority == GJ_NO_PRIORITY ? 3 : 2 * priority;
}

/* All pointers are borrowed. Head fields appear in `values` under their keys like any other field; the numbers
 * repeated here are those the engine itself needs. */
struct gj_view {
    uint64_t id;
    uint64_t office;
    uint64_t region;
    uint8_t state;        /* number; GJ_STATE_NONE before creation */
    uint8_t priority;     /* number, or GJ_NO_PRIORITY */
    const char *category; /* code, or NULL */
    int64_t received_at;
    int64_t closed_at;           /* 0: never closed */
    uint16_t draw;               /* 0..9999, drawn for this record when it was created: decides samples */
    uint16_t follow_up_permille; /* of the office's profile; see gj_profile_follow_up */
    const struct gj_field_value *values;
    size_t value_count;
    const struct gj_tie *ties;
    size_t tie_count;
    const struct gj_link_view *links;
    size_t link_count;
    struct gj_consent pending;
    struct gj_stand_in stand_in;
};

bool gj_view_is(const struct gj_view *view, enum gj_relation relation, uint64_t user);
/* Every relation the user has to the record; the assignee field counts as ASSIGNEE. */
gj_relations gj_view_relations(const struct gj_view *view, uint64_t user);

/* Whether the actor is one of those listed, for this record. */
bool gj_who_matches(const struct gj_who_list *list, const struct gj_view *view, const struct gj_actor *actor);

#endif
