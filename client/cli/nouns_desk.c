#include "client/cli/nouns.h"

#include "proto/admin.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/register.pb-c.h"

/* What comes to a person's desk, and the health of the server. */

#define WRITTEN &gj__v1__written__descriptor
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row inbox_list[] = {
    {"acked", "acked", OPTION_FLAG, 0, N_("acknowledged ones too")},
    {"office", "office", OPTION_OFFICE, 0, N_("only about this office")},
    END,
};
static const struct option_row inbox_ack[] = {
    {"ID", "ids", OPTION_ID, OPT_ARG | OPT_REQUIRED | OPT_MANY, N_("which notices")},
    END,
};
static const struct option_row obligation_list[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"from", "from", OPTION_TIME, 0, N_("due from")},
    {"until", "until", OPTION_TIME, 0, N_("due until")},
    {"missed", "missed", OPTION_FLAG, 0, N_("only what was not done in time")},
    END,
};
static const struct option_row draw[] = {
    {"WHAT", "what", OPTION_TEXT, OPT_ARG | OPT_REQUIRED,
        N_("code of the kind whose closed records are drawn, e.g. duty_log; or household")},
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"count", "count", OPTION_NUMBER, OPT_REQUIRED, N_("how many, at most 200")},
    {"from", "from", OPTION_TIME, 0, N_("of the period from ...")},
    {"until", "until", OPTION_TIME, 0, N_("... until")},
    END,
};
static const struct option_row backup[] = {
    {"wait", "wait", OPTION_FLAG, 0, N_("answer when it is finished")},
    END,
};
static const struct option_row clock_confirm[] = {
    {"accept-wall", "accept_wall", OPTION_FLAG, 0, N_("the wall clock is right")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("how you know")},
    END,
};

static const struct command rows[] = {
    {"inbox", "list", N_("warnings, breaches and work that reached you"), GJ__V1__CALL__INBOX_LIST,
        &gj__v1__inbox_list_request__descriptor, &gj__v1__inbox_list__descriptor, inbox_list, "notices",
        "id at number timer stage due_at count acked_at", run_inbox_list, 0, NULL},
    {"inbox", "ack", N_("say that you have seen them"), GJ__V1__CALL__INBOX_ACK, &gj__v1__inbox_ack_request__descriptor,
        WRITTEN, inbox_ack, NULL, NULL, NULL, 0, NULL},
    {"obligation", "list", N_("recurring duties: open, done, missed"), GJ__V1__CALL__OBLIGATION_LIST,
        &gj__v1__obligation_list_request__descriptor, &gj__v1__obligation_list__descriptor, obligation_list, "tasks",
        "code office subject opens_at due_at done_at role missed record", NULL, 0, NULL},
    {"draw", "", N_("draw a sample; its seed is in the audit log before"), GJ__V1__CALL__DRAW,
        &gj__v1__draw_request__descriptor, &gj__v1__row_list__descriptor, draw, "rows",
        "id number state priority category place assignee received_at revision", cli_run_generic, 0, NULL},
    {"admin", "status", N_("the server's health"), GJ__V1__CALL__ADMIN_STATUS, &gj__v1__empty__descriptor,
        &gj__v1__health__descriptor, NULL, NULL, NULL, NULL, 0, NULL},
    {"admin", "backup", N_("make a backup now"), GJ__V1__CALL__ADMIN_BACKUP, &gj__v1__backup_request__descriptor,
        WRITTEN, backup, NULL, NULL, NULL, 0, NULL},
    {"admin", "clock-confirm", N_("let a held clock go on"), GJ__V1__CALL__ADMIN_CLOCK_CONFIRM,
        &gj__v1__clock_confirm_request__descriptor, WRITTEN, clock_confirm, NULL, NULL, NULL, 0, NULL},
};
COMMAND_TABLE(commands_desk, rows);
