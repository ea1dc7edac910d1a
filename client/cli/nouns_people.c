#include "client/cli/nouns.h"

#include "proto/admin.pb-c.h"

/* Devices, users, roles, delegation, duty roster and absence. */

#define WRITTEN &gj__v1__written__descriptor
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row device_invite[] = {
    {"office", NULL, OPTION_OFFICE, OPT_LOCAL, N_("the device's office; - is headquarters (default: this device's)")},
    {"class", NULL, OPTION_TEXT, OPT_LOCAL, N_("desk, phone, gateway or headquarters (default: desk)")},
    {"note", NULL, OPTION_TEXT, OPT_LOCAL, N_("for whom it is")},
    {"no-qr", NULL, OPTION_FLAG, OPT_LOCAL, N_("no QR code, only the text")},
    END,
};
static const struct option_row device_list[] = {
    {"office", "office", OPTION_OFFICE, 0, N_("only this office")},
    END,
};
static const struct option_row device_revoke[] = {
    {"DEVICE", "device", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which device")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("why")},
    END,
};
static const struct option_row user_create[] = {
    {"LOGIN", "login", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("login name, a-z 0-9 . _ -")},
    {"name", "name", OPTION_TEXT, OPT_REQUIRED, N_("as colleagues know the person")},
    {"office", "office", OPTION_OFFICE, 0, N_("home office; without it headquarters")},
    {"role", "grants", OPTION_GRANT, OPT_MANY, N_("a role, in an office")},
    {"new-password-file", "password", OPTION_SECRET, OPT_REQUIRED, N_("first password of the user")},
    END,
};
static const struct option_row user_list[] = {
    {"office", "office", OPTION_OFFICE, 0, N_("only this office")},
    {"role", "role", OPTION_TEXT, 0, N_("only with this role")},
    END,
};
static const struct option_row user_disable[] = {
    {"USER", "user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("which user")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("why")},
    END,
};
static const struct option_row reset_password[] = {
    {"USER", "user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("which user")},
    {"new-password-file", "new_password", OPTION_SECRET, OPT_REQUIRED, N_("new password of the user")},
    END,
};
static const struct option_row role[] = {
    {"USER", "user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("which user")},
    {"ROLE", "role", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("which role")},
    {"office", "office", OPTION_OFFICE, 0, N_("in this office")},
    {"region", "region", OPTION_ID, 0, N_("in this region; with neither, in the whole company")},
    {"reason", "reason", OPTION_TEXT, 0, N_("why")},
    END,
};
static const struct option_row delegate_create[] = {
    {"USER", "to_user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("to whom")},
    {"role", "role", OPTION_TEXT, OPT_REQUIRED, N_("your role that is lent")},
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("in which office (default: this device's)")},
    {"from", "from", OPTION_TIME, 0, N_("from when (default: now)")},
    {"until", "until", OPTION_TIME, OPT_REQUIRED, N_("until when, at most 31 days later")},
    {"reason", "reason", OPTION_TEXT, 0, N_("why")},
    END,
};
static const struct option_row id_only[] = {
    {"ID", "id", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which one")},
    END,
};
static const struct option_row of_office[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    END,
};
static const struct option_row roster_set[] = {
    {"LINE", NULL, OPTION_TEXT, OPT_ARG | OPT_MANY | OPT_LOCAL, N_("ROLE,USER,FROM,UNTIL[,KIND[,COVERS]]")},
    {"csv", NULL, OPTION_TEXT, OPT_LOCAL, N_("a table: a line a shift, or a line a person and a column a day")},
    {"month", NULL, OPTION_TEXT, OPT_LOCAL, N_("the whole month, like 2026-12")},
    {"office", "office", OPTION_OFFICE, 0, N_("of this office")},
    {"region", "region", OPTION_ID, 0, N_("of this region; with neither, of headquarters")},
    {"from", "from", OPTION_TIME, 0, N_("the lines replace what the roster says from ...")},
    {"until", "until", OPTION_TIME, 0, N_("... until")},
    END,
};
static const struct option_row roster_list[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"at", "at", OPTION_TIME, 0, N_("who is on duty at this moment")},
    {"month", NULL, OPTION_TEXT, OPT_LOCAL, N_("the whole month, like 2026-12")},
    {"from", "from", OPTION_TIME, 0, N_("from when")},
    {"until", "until", OPTION_TIME, 0, N_("until when")},
    END,
};
static const struct option_row duty_list[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"at", "at", OPTION_TIME, 0, N_("at this moment (default: now)")},
    END,
};
static const struct option_row duty_cover[] = {
    {"USER", "user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("who stands in")},
    {"FOR", "covers", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("whose duty it is")},
    {"role", "role", OPTION_TEXT, OPT_REQUIRED, N_("as what")},
    {"from", "from", OPTION_TIME, 0, N_("from when (default: now)")},
    {"until", "until", OPTION_TIME, OPT_REQUIRED, N_("until when, at most four hours later")},
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"region", "region", OPTION_ID, 0, N_("of this region's roster")},
    END,
};
static const struct option_row absence[] = {
    {"USER", "user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("who; me")},
    {"from", "from", OPTION_TIME, OPT_REQUIRED, N_("from when")},
    {"until", "until", OPTION_TIME, OPT_REQUIRED, N_("until when")},
    {"reason", "reason", OPTION_TEXT, 0, N_("why")},
    END,
};

static const struct command rows[] = {
    {"device", "invite", N_("an invitation for a new device, as text and QR code"), GJ__V1__CALL__ADMIN_INVITE, NULL,
        NULL, device_invite, NULL, NULL, run_invite, 0, NULL},
    {"device", "list", N_("the enrolled devices"), GJ__V1__CALL__ADMIN_DEVICE_LIST,
        &gj__v1__device_list_request__descriptor, &gj__v1__device_list__descriptor, device_list, "devices",
        "id office device_class name enrolled_at last_seen_at online revoked_at", NULL, 0, NULL},
    {"device", "revoke", N_("shut a device out, at once"), GJ__V1__CALL__ADMIN_DEVICE_REVOKE,
        &gj__v1__device_revoke_request__descriptor, WRITTEN, device_revoke, NULL, NULL, NULL, 0, NULL},
    {"user", "create", N_("a new user"), GJ__V1__CALL__ADMIN_USER_CREATE, &gj__v1__user_create_request__descriptor,
        WRITTEN, user_create, NULL, NULL, NULL, 0, NULL},
    {"user", "list", N_("the users"), GJ__V1__CALL__ADMIN_USER_LIST, &gj__v1__user_list_request__descriptor,
        &gj__v1__user_list__descriptor, user_list, "users", "id login name office disabled absent grants", NULL, 0,
        NULL},
    {"user", "disable", N_("shut a user out, at once"), GJ__V1__CALL__ADMIN_USER_DISABLE,
        &gj__v1__user_disable_request__descriptor, WRITTEN, user_disable, NULL, NULL, NULL, 0, NULL},
    {"user", "enable", N_("let a disabled user in again"), GJ__V1__CALL__ADMIN_USER_DISABLE,
        &gj__v1__user_disable_request__descriptor, WRITTEN, user_disable, NULL, NULL, NULL, 0, "enable=1"},
    {"user", "reset-password", N_("a new password for somebody who forgot it"), GJ__V1__CALL__ADMIN_USER_RESET_PASSWORD,
        &gj__v1__reset_password_request__descriptor, WRITTEN, reset_password, NULL, NULL, NULL, 0, NULL},
    {"role", "list", N_("the roles that the policy knows"), GJ__V1__CALL__KIND_LIST, NULL, NULL, NULL, NULL, NULL,
        run_role_list, 0, NULL},
    {"role", "grant", N_("propose a role for a user"), GJ__V1__CALL__ADMIN_ROLE_GRANT,
        &gj__v1__role_request__descriptor, WRITTEN, role, NULL, NULL, NULL, 0, NULL},
    {"role", "approve", N_("be the second person of a grant"), GJ__V1__CALL__ADMIN_ROLE_APPROVE,
        &gj__v1__role_request__descriptor, WRITTEN, role, NULL, NULL, NULL, 0, NULL},
    {"role", "revoke", N_("take a role away, at once"), GJ__V1__CALL__ADMIN_ROLE_REVOKE,
        &gj__v1__role_request__descriptor, WRITTEN, role, NULL, NULL, NULL, 0, NULL},
    {"delegate", "create", N_("lend your role to a colleague for a time"), GJ__V1__CALL__ADMIN_DELEGATE,
        &gj__v1__delegate_request__descriptor, WRITTEN, delegate_create, NULL, NULL, NULL, 0, NULL},
    {"delegate", "end", N_("end a delegation before its time"), GJ__V1__CALL__ADMIN_DELEGATION_END,
        &gj__v1__delegation_end_request__descriptor, WRITTEN, id_only, NULL, NULL, NULL, 0, NULL},
    {"delegate", "list", N_("an office's delegations"), GJ__V1__CALL__ADMIN_DELEGATION_LIST,
        &gj__v1__delegation_list_request__descriptor, &gj__v1__delegation_list__descriptor, of_office, "delegations",
        "id from_user to_user role office from until ended", NULL, 0, NULL},
    {"roster", "set", N_("who is on duty when"), GJ__V1__CALL__ADMIN_ROSTER_SET,
        &gj__v1__roster_set_request__descriptor, WRITTEN, roster_set, NULL, NULL, run_roster_set, 0, NULL},
    {"roster", "list", N_("the duty roster"), GJ__V1__CALL__ADMIN_ROSTER_LIST, &gj__v1__roster_list_request__descriptor,
        &gj__v1__roster_list__descriptor, roster_list, "lines", "office region role user from until kind covers",
        run_roster_list, 0, NULL},
    {"roster", "gaps", N_("hours ahead without enough people on duty"), GJ__V1__CALL__ADMIN_ROSTER_GAPS,
        &gj__v1__duty_gaps_request__descriptor, &gj__v1__duty_gaps__descriptor, of_office, "gaps",
        "role from until present wanted open", NULL, 0, NULL},
    {"duty", "list", N_("who is there: on duty, on standby, on leave, covered"), GJ__V1__CALL__ADMIN_DUTY_LIST,
        &gj__v1__duty_list_request__descriptor, &gj__v1__duty_list__descriptor, duty_list, "people",
        "role user name presence from until covers covered_by level", NULL, 0, NULL},
    {"duty", "cover", N_("somebody stands in for a colleague on duty"), GJ__V1__CALL__ADMIN_ROSTER_COVER,
        &gj__v1__roster_cover_request__descriptor, WRITTEN, duty_cover, NULL, NULL, NULL, 0, NULL},
    {"absence", "set", N_("somebody is away: work goes to others"), GJ__V1__CALL__ADMIN_ABSENCE_SET,
        &gj__v1__absence_request__descriptor, WRITTEN, absence, NULL, NULL, NULL, 0, NULL},
};
COMMAND_TABLE(commands_people, rows);
