#include "common/policy/view.h"

static bool covers(const struct gj_grant *grant, uint64_t office, uint64_t region)
{
    if (grant->office != 0) {
        return grant->office == office;
    }
    return grant->region == 0 || grant->region == region;
}

gj_roles gj_actor_roles(const struct gj_actor *actor, uint64_t office, uint64_t region)
{
    if (actor->user == 0) {
        return GJ_ROLE_BIT(GJ_ROLE_SYSTEM);
    }
    gj_roles roles = 0;
    for (size_t i = 0; i < actor->grant_count; i++) {
        if (covers(&actor->grants[i], office, region)) {
            roles |= GJ_ROLE_BIT(actor->grants[i].role);
        }
    }
    return roles & ~GJ_ROLE_BIT(GJ_ROLE_SYSTEM);
}

gj_roles gj_actor_delegated(const struct gj_actor *actor, uint64_t office, uint64_t region)
{
    gj_roles own = 0;
    gj_roles lent = 0;
    for (size_t i = 0; i < actor->grant_count; i++) {
        const struct gj_grant *grant = &actor->grants[i];
        if (covers(grant, office, region)) {
            *(grant->delegated_by == 0 ? &own : &lent) |= GJ_ROLE_BIT(grant->role);
        }
    }
    return lent & ~own;
}

uint64_t gj_actor_acts_for(const struct gj_actor *actor, uint8_t role, uint64_t office, uint64_t region)
{
    uint64_t lender = 0;
    for (size_t i = 0; i < actor->grant_count; i++) {
        const struct gj_grant *grant = &actor->grants[i];
        if (grant->role == role && covers(grant, office, region)) {
            if (grant->delegated_by == 0) {
                return 0;
            }
            lender = grant->delegated_by;
        }
    }
    return lender;
}

bool gj_view_is(const struct gj_view *view, enum gj_relation relation, uint64_t user)
{
    return (gj_view_relations(view, user) >> relation) & 1u;
}

gj_relations gj_view_relations(const struct gj_view *view, uint64_t user)
{
    gj_relations relations = 0;
    if (user == 0) {
        return 0; /* the system is nobody's assignee */
    }
    for (size_t i = 0; i < view->tie_count; i++) {
        if (view->ties[i].user == user) {
            relations |= (gj_relations)1 << view->ties[i].relation;
        }
    }
    const struct gj_field_value *assignee = gj_value_find(view->values, view->value_count, "assignee");
    if (assignee != NULL && (uint64_t)assignee->number == user) {
        relations |= (gj_relations)1 << GJ_RELATION_ASSIGNEE;
    }
    return relations;
}

bool gj_who_matches(const struct gj_who_list *list, const struct gj_view *view, const struct gj_actor *actor)
{
    gj_roles roles = gj_actor_roles(actor, view->office, view->region);
    gj_relations relations = gj_view_relations(view, actor->user);
    for (size_t i = 0; i < list->count; i++) {
        const struct gj_who *who = &list->items[i];
        bool role_fits = who->any_role ? actor->user != 0 : (roles & GJ_ROLE_BIT(who->role)) != 0;
        bool relation_fits = who->relation == GJ_RELATION_NONE || ((relations >> who->relation) & 1u) != 0;
        if (role_fits && relation_fits) {
            return true;
        }
    }
    return false;
}
