#include "client/cli/nouns.h"

#include "proto/envelope.pb-c.h"
#include "proto/session.pb-c.h"

/* Who is at this end: device, profile, session. */

static const struct option_row enroll[] = {
    {"INVITATION", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL,
        N_("the invitation, GJ1-...; - reads it from standard input")},
    {"address", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("the server, HOST:PORT")},
    {"device-name", NULL, OPTION_TEXT, OPT_LOCAL, N_("what this device is called (default: the machine's name)")},
    {"user", NULL, OPTION_TEXT, OPT_LOCAL, N_("first administrator only: login name to make")},
    {"password-file", NULL, OPTION_SECRET, OPT_LOCAL,
        N_("first administrator only: file with the password, - for standard input")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row login[] = {
    {"USER", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("login name")},
    {"password-file", NULL, OPTION_SECRET, OPT_LOCAL, N_("file with the password, - for standard input")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row password[] = {
    {"old-password-file", "old_password", OPTION_SECRET, OPT_REQUIRED, N_("the present password")},
    {"new-password-file", "new_password", OPTION_SECRET, OPT_REQUIRED, N_("the new password")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row address[] = {
    {"ADDRESS", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("the server, HOST:PORT")},
    {"successor-key", NULL, OPTION_TEXT, OPT_LOCAL, N_("also trust this key of the server, 64 hexadecimal digits")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct command rows[] = {
    {"enroll", "", N_("make this profile a device of the company, once, with an invitation"), 0, NULL, NULL, enroll,
        NULL, NULL, run_enroll, 0, NULL},
    {"login", "", N_("log in at this device; the session is kept until it expires or you log out"), 0, NULL, NULL,
        login, NULL, NULL, run_login, 0, NULL},
    {"logout", "", N_("end the session"), 0, NULL, NULL, NULL, NULL, NULL, run_logout, 0, NULL},
    {"whoami", "", N_("who is logged in, with which roles"), GJ__V1__CALL__SESSION_WHOAMI, &gj__v1__empty__descriptor,
        &gj__v1__session__descriptor, NULL, NULL,
        "user name grants device expires_at must_set_password epoch event policy server_time", NULL, 0, NULL},
    {"password", "", N_("change your own password"), GJ__V1__CALL__SESSION_SET_PASSWORD,
        &gj__v1__set_password_request__descriptor, &gj__v1__written__descriptor, password, NULL, NULL, run_password, 0,
        NULL},
    {"profile", "show", N_("what this profile is"), 0, NULL, NULL, NULL, NULL, NULL, run_profile_list, COMMAND_OFFLINE,
        NULL},
    {"profile", "address", N_("the server has moved, or has announced a new key"), 0, NULL, NULL, address, NULL, NULL,
        run_profile_address, COMMAND_OFFLINE, NULL},
};
COMMAND_TABLE(commands_session, rows);
