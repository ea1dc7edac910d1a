#include "service/admin/admin.h"

#include "proto/admin.pb-c.h"
#include "service/body.pb-c.h"

#define REQUEST(name) .request = &gj__v1__##name##__descriptor
#define BODY(name) .body = &gj__service__##name##__descriptor

static const struct gj_call calls[] = {
    {GJ__V1__CALL__ADMIN_INVITE, 0, "invite", REQUEST(invite_request), BODY(invite), .prepare = gj_admin_invite_prepare,
        .apply = gj_admin_invite},
    {GJ__V1__CALL__ADMIN_DEVICE_LIST, 0, "device_list", REQUEST(device_list_request), .read = gj_admin_device_list},
    {GJ__V1__CALL__ADMIN_DEVICE_REVOKE, 0, "device_revoke", REQUEST(device_revoke_request), BODY(device_revoke),
        .prepare = gj_admin_device_revoke_prepare, .apply = gj_admin_device_revoke, .after = gj_admin_device_revoked},
    {GJ__V1__CALL__ADMIN_USER_CREATE, 0, "user_create", REQUEST(user_create_request), BODY(user_create),
        .prepare = gj_admin_user_create_prepare, .resume = gj_admin_user_create_resume, .apply = gj_admin_user_create},
    {GJ__V1__CALL__ADMIN_USER_LIST, 0, "user_list", REQUEST(user_list_request), .read = gj_admin_user_list},
    {GJ__V1__CALL__ADMIN_USER_DISABLE, 0, "user_disable", REQUEST(user_disable_request), BODY(user_disable),
        .prepare = gj_admin_user_disable_prepare, .apply = gj_admin_user_disable, .after = gj_admin_user_disabled},
    {GJ__V1__CALL__ADMIN_USER_RESET_PASSWORD, 0, "reset_password", REQUEST(reset_password_request),
        BODY(reset_password), .prepare = gj_admin_reset_prepare, .resume = gj_admin_reset_resume,
        .apply = gj_admin_reset, .after = gj_admin_reset_done},
    {GJ__V1__CALL__ADMIN_ROLE_GRANT, 0, "role_grant", REQUEST(role_request), BODY(role),
        .prepare = gj_admin_role_prepare, .apply = gj_admin_role_grant},
    {GJ__V1__CALL__ADMIN_ROLE_REVOKE, 0, "role_revoke", REQUEST(role_request), BODY(role),
        .prepare = gj_admin_role_prepare, .apply = gj_admin_role_revoke},
    {GJ__V1__CALL__ADMIN_ROLE_APPROVE, 0, "role_approve", REQUEST(role_request), BODY(role),
        .prepare = gj_admin_role_prepare, .apply = gj_admin_role_approve},
    {GJ__V1__CALL__ADMIN_DELEGATE, 0, "delegate", REQUEST(delegate_request), BODY(delegate),
        .prepare = gj_admin_delegate_prepare, .apply = gj_admin_delegate},
    {GJ__V1__CALL__ADMIN_DELEGATION_END, 0, "delegation_end", REQUEST(delegation_end_request),
        .apply = gj_admin_delegation_end},
    {GJ__V1__CALL__ADMIN_DELEGATION_LIST, 0, "delegation_list", REQUEST(delegation_list_request),
        .read = gj_admin_delegation_list},
    {GJ__V1__CALL__ADMIN_STATUS, 0, "status", REQUEST(empty), .read = gj_admin_status},
    {GJ__V1__CALL__ADMIN_BACKUP, 0, "backup", REQUEST(backup_request), .prepare = gj_admin_backup_prepare,
        .apply = gj_admin_backup, .read = gj_admin_backup_read, .read_resume = gj_admin_backup_done},
    {GJ__V1__CALL__ADMIN_CLOCK_CONFIRM, 0, "clock_confirm", REQUEST(clock_confirm_request), BODY(clock_confirm),
        .prepare = gj_admin_clock_prepare, .apply = gj_admin_clock, .after = gj_admin_clock_accepted},
    {GJ__V1__CALL__ADMIN_ROSTER_SET, 0, "roster_set", REQUEST(roster_set_request), .apply = gj_admin_roster_set},
    {GJ__V1__CALL__ADMIN_ROSTER_LIST, 0, "roster_list", REQUEST(roster_list_request), .read = gj_admin_roster_list},
    {GJ__V1__CALL__ADMIN_ROSTER_COVER, 0, "roster_cover", REQUEST(roster_cover_request),
        .apply = gj_admin_roster_cover},
    {GJ__V1__CALL__ADMIN_ROSTER_GAPS, 0, "roster_gaps", REQUEST(duty_gaps_request), .read = gj_admin_roster_gaps},
    {GJ__V1__CALL__ADMIN_DUTY_LIST, 0, "duty_list", REQUEST(duty_list_request), .read = gj_admin_duty_list},
    {GJ__V1__CALL__ADMIN_ABSENCE_SET, 0, "absence_set", REQUEST(absence_request), BODY(absence),
        .prepare = gj_admin_absence_prepare, .apply = gj_admin_absence},
};

const struct gj_service gj_admin_service = {
    .number = GJ__V1__CALL__ADMIN_INVITE >> 8,
    .name = "admin",
    .calls = calls,
    .n_calls = sizeof calls / sizeof calls[0],
};
