/* Service 2: people, devices and rights; duty roster and absence; the daemon itself. */
#ifndef GJ_SERVICE_ADMIN_ADMIN_H
#define GJ_SERVICE_ADMIN_ADMIN_H

#include "common/policy/roster.h"
#include "core/call.h"
#include "proto/admin.pb-c.h"
#include "service/door.h"
#include "store/stored.pb-c.h"

extern const struct gj_service gj_admin_service;

/* people.c: rows; NULL: none, or the transaction has failed. */
Gj__Stored__User *gj_admin_user(struct gj_ctx *ctx, uint64_t user);
void gj_admin_user_save(struct gj_ctx *ctx, Gj__Stored__User *user);
uint64_t gj_admin_user_by_login(struct gj_ctx *ctx, const char *login);
/* Whether the actor may change the person's account: administrators in the whole company, directors and leads for staff
 * of their own office within the roles they may grant; nobody by whose account he would gain a right over others'
 * rights. Refuses. */
bool gj_admin_may_change(struct gj_ctx *ctx, const Gj__Stored__User *user, struct gj_access_answer *right);
/* How a role may be given there: at once, or waiting for a second person. false: not at all, refused. */
bool gj_admin_may_grant(struct gj_ctx *ctx, const char *role, uint64_t office, uint64_t region, bool *pending,
    struct gj_access_answer *right);
/* Begins an ACCESS entry. */
struct gj_entry gj_admin_entry(struct gj_ctx *ctx, const char *action, uint16_t kind, uint64_t subject, uint64_t office,
    const struct gj_access_answer *right);

/* device.c */
gj_prepare_fn gj_admin_invite_prepare, gj_admin_device_revoke_prepare;
gj_apply_fn gj_admin_invite, gj_admin_device_revoke;
gj_after_fn gj_admin_device_revoked;
gj_read_fn gj_admin_device_list;

/* user.c */
gj_prepare_fn gj_admin_user_create_prepare, gj_admin_user_disable_prepare, gj_admin_reset_prepare;
gj_resume_fn gj_admin_user_create_resume, gj_admin_reset_resume;
gj_apply_fn gj_admin_user_create, gj_admin_user_disable, gj_admin_reset;
gj_after_fn gj_admin_user_disabled, gj_admin_reset_done;
/* user_list.c */
gj_read_fn gj_admin_user_list;

/* role.c */
gj_prepare_fn gj_admin_role_prepare;
gj_apply_fn gj_admin_role_grant, gj_admin_role_revoke, gj_admin_role_approve;

/* delegation.c */
gj_prepare_fn gj_admin_delegate_prepare, gj_admin_absence_prepare;
gj_apply_fn gj_admin_delegate, gj_admin_delegation_end, gj_admin_absence;
gj_read_fn gj_admin_delegation_list;

/* roster.c */
gj_apply_fn gj_admin_roster_set;
gj_read_fn gj_admin_roster_list;
/* May the actor do this to the roster of an office, a region or (both 0) headquarters? False: refused. */
bool gj_admin_roster_allowed(
    struct gj_ctx *ctx, uint64_t office, uint64_t region, enum gj_access_action action, struct gj_access_answer *right);
/* A line as the rules read it: its role, its kind and its people are known. False: refused. */
bool gj_admin_roster_span(struct gj_ctx *ctx, const Gj__V1__RosterLine *line, struct gj_roster_span *out);
/* Refuses with "roster_<fault>"; false. What: the number of the line, or the role. */
bool gj_admin_roster_refuse(struct gj_ctx *ctx, enum gj_roster_fault fault, const char *field, const char *what);
/* The longest time one person may stand in for another. */
int64_t gj_admin_roster_cover_ms(const struct gj_ctx *ctx);
void gj_admin_roster_save(struct gj_ctx *ctx, const Gj__V1__RosterLine *line);

/* duty.c */
gj_apply_fn gj_admin_roster_cover;
gj_read_fn gj_admin_duty_list, gj_admin_roster_gaps;

/* daemon.c */
gj_read_fn gj_admin_status, gj_admin_backup_read;
gj_read_resume_fn gj_admin_backup_done;
gj_prepare_fn gj_admin_backup_prepare, gj_admin_clock_prepare;
gj_apply_fn gj_admin_backup, gj_admin_clock;
gj_after_fn gj_admin_clock_accepted;

#endif
