#include "service/admin/admin_rules.h"

#include <string.h>

#include "common/calendar.h"
#include "common/limits.h"

static const struct gj_admin_fault nothing = {NULL, NULL};

static struct gj_admin_fault wrong(const char *code, const char *field)
{
    return (struct gj_admin_fault){code, field};
}

bool gj_admin_rules_login(const char *login)
{
    size_t len = strlen(login);
    bool begins = len > 0 && strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789") > 0;
    return begins && len >= 2 && len <= GJ_TEXT_CODE_MAX &&
           strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

struct gj_admin_fault gj_admin_rules_device(const char *device_class, uint64_t office)
{
    static const char *const classes[] = {"desk", "phone", "gateway", "headquarters"};
    size_t i = 0;
    while (i < sizeof classes / sizeof classes[0] && strcmp(classes[i], device_class) != 0) {
        i++;
    }
    if (i == sizeof classes / sizeof classes[0]) {
        return wrong(device_class[0] == '\0' ? "field_missing" : "field_choice", "device_class");
    }
    return i == 3 && office != 0 ? wrong("field_range", "office") : nothing;
}

struct gj_admin_fault gj_admin_rules_grant(
    const struct gj_policy *policy, const char *role, uint64_t office, uint64_t region)
{
    const struct gj_role *found = gj_policy_role(policy, role);
    if (found == NULL || found->number == GJ_ROLE_SYSTEM) {
        return wrong(role[0] == '\0' ? "field_missing" : "field_choice", "role");
    }
    if (office != 0 && region != 0) {
        return wrong("field_twice", "region");
    }
    if (office == 0 && region == 0 && found->reach != GJ_REACH_GROUP) {
        return wrong("field_missing", found->reach == GJ_REACH_REGION ? "region" : "office");
    }
    if (region != 0 && found->reach != GJ_REACH_GROUP && found->reach != GJ_REACH_REGION) {
        return wrong("field_range", "region");
    }
    return nothing;
}

gj_roles gj_admin_rules_roles(const struct gj_policy *policy, const Gj__Stored__User *user)
{
    gj_roles roles = 0;
    for (size_t i = 0; i < user->n_grants; i++) {
        const struct gj_role *role = gj_policy_role(policy, user->grants[i]->role);
        if (role != NULL && !user->grants[i]->pending) {
            roles |= GJ_ROLE_BIT(role->number);
        }
    }
    return roles;
}

size_t gj_admin_rules_find(const Gj__Stored__User *user, const char *role, uint64_t office, uint64_t region)
{
    size_t i = 0;
    while (i < user->n_grants && (strcmp(user->grants[i]->role, role) != 0 || user->grants[i]->office != office ||
                                     user->grants[i]->region != region)) {
        i++;
    }
    return i;
}

/* Every role that one of the held ones may grant. */
static gj_roles grantable(const struct gj_policy *policy, gj_roles held)
{
    gj_roles roles = 0;
    for (size_t i = 0; i < policy->role_count; i++) {
        if ((held & GJ_ROLE_BIT(policy->roles[i].number)) != 0) {
            roles |= policy->roles[i].grants;
        }
    }
    return roles;
}

bool gj_admin_rules_may_grant_alone(const struct gj_policy *policy, gj_roles held, const char *role, uint64_t office)
{
    const struct gj_role *found = gj_policy_role(policy, role);
    return found != NULL && office != 0 && (grantable(policy, held) & GJ_ROLE_BIT(found->number)) != 0;
}

struct gj_admin_fault gj_admin_rules_approve(const Gj__Stored__Grant *grant, uint64_t user, uint64_t approver)
{
    if (!grant->pending) {
        return wrong("no_approval_pending", "role");
    }
    if (grant->granted_by == approver || user == approver) {
        return wrong("approver_is_requester", NULL);
    }
    return nothing;
}

struct gj_admin_fault gj_admin_rules_own_staff(
    const struct gj_policy *policy, gj_roles held, uint64_t office, const Gj__Stored__User *user)
{
    gj_roles may = grantable(policy, held);
    if (office == 0 || user->office != office) {
        return wrong("other_office", "user");
    }
    for (size_t i = 0; i < user->n_grants; i++) {
        const struct gj_role *role = gj_policy_role(policy, user->grants[i]->role);
        if (user->grants[i]->office != office) {
            return wrong("other_office", "user");
        }
        if (role != NULL && (may & GJ_ROLE_BIT(role->number)) == 0) {
            return wrong("role_above", "user");
        }
    }
    return nothing;
}

/* The longest a role may be lent: the policy's period, 31 days where it says nothing. */
static int64_t period_ms(const struct gj_policy *policy)
{
    struct gj_duration period = policy->settings.delegation_max;
    switch (period.unit) {
    case GJ_UNIT_MINUTE:
        return period.n * GJ_MS_PER_MINUTE;
    case GJ_UNIT_HOUR:
        return period.n * GJ_MS_PER_HOUR;
    case GJ_UNIT_CALENDAR_DAY:
    case GJ_UNIT_WORKING_DAY:
        return period.n * GJ_MS_PER_DAY;
    case GJ_UNIT_NONE:
    case GJ_UNIT_MONTH:
        break;
    }
    return 31 * GJ_MS_PER_DAY;
}

static bool holds_own(const struct gj_actor *actor, uint8_t role, uint64_t office)
{
    for (size_t i = 0; i < actor->grant_count; i++) {
        const struct gj_grant *grant = &actor->grants[i];
        if (grant->role == role && grant->delegated_by == 0 && grant->office == office) {
            return true;
        }
    }
    return false;
}

struct gj_admin_fault gj_admin_rules_delegate(const struct gj_policy *policy, const struct gj_actor *actor,
    const Gj__Stored__User *to, const char *role, uint64_t office, int64_t from, int64_t until, int64_t now_ms)
{
    const struct gj_role *found = gj_policy_role(policy, role);
    if (found == NULL || found->number == GJ_ROLE_SYSTEM) {
        return wrong(role[0] == '\0' ? "field_missing" : "field_choice", "role");
    }
    if (!holds_own(actor, found->number, office)) {
        return wrong("role_not_held", "role");
    }
    if (!found->delegable) {
        return wrong("role_not_delegable", "role");
    }
    if (to->id == actor->user) {
        return wrong("field_range", "to_user");
    }
    if (to->disabled) {
        return wrong("reference_inactive", "to_user");
    }
    if (from < now_ms - GJ_MS_PER_MINUTE) {
        return wrong("field_range", "from");
    }
    if (until <= from || until - from > period_ms(policy)) {
        return wrong("field_range", "until");
    }
    return nothing;
}

struct gj_admin_fault gj_admin_rules_absence(int64_t from, int64_t until, int64_t now_ms)
{
    if (from <= 0) {
        return wrong("field_missing", "from");
    }
    if (until <= from || until <= now_ms || until - from > 366 * GJ_MS_PER_DAY) {
        return wrong("field_range", "until");
    }
    return nothing;
}
