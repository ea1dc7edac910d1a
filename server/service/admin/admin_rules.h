/* Decisions about people and rights that need no store. */
#ifndef GJ_SERVICE_ADMIN_RULES_H
#define GJ_SERVICE_ADMIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/policy/policy.h"
#include "common/policy/view.h"
#include "store/stored.pb-c.h"

/* A refusal: code and field; code NULL: nothing is wrong. Static texts. */
struct gj_admin_fault {
    const char *code;
    const char *field;
};

/* A login name: 2 to 64 of [a-z0-9._-], beginning with a letter or digit. */
bool gj_admin_rules_login(const char *login);
/* desk, phone, gateway or headquarters; the last one belongs to office 0. */
struct gj_admin_fault gj_admin_rules_device(const char *device_class, uint64_t office);

/* Where a role is granted must fit the role's reach: a role of an office in one office, of a region in one region, of
 * the company nowhere special. */
struct gj_admin_fault gj_admin_rules_grant(
    const struct gj_policy *policy, const char *role, uint64_t office, uint64_t region);

/* The roles (as bits) that the user holds, those waiting for consent left out. */
gj_roles gj_admin_rules_roles(const struct gj_policy *policy, const Gj__Stored__User *user);
/* Position of a grant among the user's, or n_grants. */
size_t gj_admin_rules_find(const Gj__Stored__User *user, const char *role, uint64_t office, uint64_t region);

/* Whether a grantor who holds `held` in that very office may give the role there alone, without a second person: leads
 * and directors, staff of the own office, only roles their own role may grant. */
bool gj_admin_rules_may_grant_alone(const struct gj_policy *policy, gj_roles held, const char *role, uint64_t office);

/* Consent to a grant that waits: another person than who asked for it, and not the one who gains. */
struct gj_admin_fault gj_admin_rules_approve(const Gj__Stored__Grant *grant, uint64_t user, uint64_t approver);

/* Who may be given a new password (or be disabled) by a director or lead of `office`: staff of that office whose roles
 * are all of that office and all such as the actor may grant. So nobody gains by another's account what he may not
 * give. */
struct gj_admin_fault gj_admin_rules_own_staff(
    const struct gj_policy *policy, gj_roles held, uint64_t office, const Gj__Stored__User *user);

/* Lending the own role (委托): held by oneself and not lent itself, delegable, to somebody else who is not disabled,
 * beginning not before now (a minute's grace), ending after it begins and at most the policy's period later. */
struct gj_admin_fault gj_admin_rules_delegate(const struct gj_policy *policy, const struct gj_actor *actor,
    const Gj__Stored__User *to, const char *role, uint64_t office, int64_t from, int64_t until, int64_t now_ms);

/* An absence: at most a year long, not over yet. */
struct gj_admin_fault gj_admin_rules_absence(int64_t from, int64_t until, int64_t now_ms);

#endif
