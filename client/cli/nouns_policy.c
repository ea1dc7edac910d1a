#include "client/cli/nouns.h"

#include "proto/audit.pb-c.h"
#include "proto/envelope.pb-c.h"
#include "proto/policy.pb-c.h"

/* Policy, calendar, limits, and the audit log over everything. */

#define WRITTEN &gj__v1__written__descriptor
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row check[] = {
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL,
        N_("a policy's folder, or its policy.yaml, or a calendar table (.tsv)")},
    END,
};
static const struct option_row explain[] = {
    {"kind", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("kind of record, e.g. repair")},
    {"category", NULL, OPTION_TEXT, OPT_LOCAL, N_("category, e.g. WAT-01")},
    {"priority", NULL, OPTION_TEXT, OPT_LOCAL, N_("P0 ... P4 (default: the category's own)")},
    {"at", NULL, OPTION_TIME, OPT_LOCAL, N_("when it is received (default: now)")},
    {"office", NULL, OPTION_TEXT, OPT_LOCAL, N_("code of an office with limits of its own")},
    {"profile", NULL, OPTION_TEXT, OPT_LOCAL, N_("service profile")},
    {"city", NULL, OPTION_TEXT, OPT_LOCAL, N_("city table")},
    {"weather", NULL, OPTION_TEXT, OPT_LOCAL, N_("weather mode in force")},
    {"policy", NULL, OPTION_TEXT, OPT_LOCAL, N_("the policy's folder (default: the one installed)")},
    {"calendar", NULL, OPTION_TEXT, OPT_LOCAL, N_("the calendar table (default: the one installed)")},
    END,
};
static const struct option_row workday[] = {
    {"from", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("the day of the event, YYYY-MM-DD")},
    {"days", NULL, OPTION_NUMBER, OPT_REQUIRED | OPT_LOCAL, N_("how many working days after it")},
    {"policy", NULL, OPTION_TEXT, OPT_LOCAL, N_("the policy's folder (default: the one installed)")},
    {"calendar", NULL, OPTION_TEXT, OPT_LOCAL, N_("the calendar table (default: the one installed)")},
    END,
};
static const struct option_row propose[] = {
    {"FOLDER", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("the policy's folder")},
    {"reason", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("what changes and why")},
    END,
};
static const struct option_row approve[] = {
    {"VERSION", "version", OPTION_NUMBER, OPT_ARG | OPT_REQUIRED, N_("which version")},
    {"reason", "reason", OPTION_TEXT, 0, N_("why")},
    END,
};
static const struct option_row get[] = {
    {"VERSION", NULL, OPTION_NUMBER, OPT_ARG | OPT_LOCAL, N_("which version (default: the current one)")},
    {"name", NULL, OPTION_TEXT, OPT_LOCAL, N_("only this file, to standard output")},
    {"calendar", NULL, OPTION_FLAG, OPT_LOCAL, N_("the calendar instead of the policy")},
    {"to", NULL, OPTION_TEXT, OPT_LOCAL, N_("folder to write the files into")},
    END,
};
static const struct option_row calendar_propose[] = {
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("the table, .tsv")},
    {"notice", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("the official notice it comes from")},
    END,
};
static const struct option_row limit_propose[] = {
    {"KIND", "kind", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("kind of record")},
    {"TIMER", "timer", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("which clock")},
    {"LIMIT", "limit", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("as the policy writes it, e.g. 4h or 2 working_days")},
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"priority", "priority", OPTION_TEXT, 0, N_("only for this priority")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("why")},
    END,
};
static const struct option_row limit_approve[] = {
    {"ID", "id", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which proposal")},
    END,
};
static const struct option_row weather[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("why")},
    END,
};
static const struct option_row entries[] = {
    {"after", "after", OPTION_NUMBER, 0, N_("entries after this number")},
    {"count", "limit", OPTION_NUMBER, 0, N_("how many at most")},
    {"office", "office", OPTION_OFFICE, 0, N_("only this office's")},
    {"record", "record", OPTION_RECORD, 0, N_("only this record's")},
    END,
};

#define APPROVE_COMMANDS(noun, number)                                                                                 \
    {noun, "approve", N_("be the second person: the version becomes the current one"), number,                         \
        &gj__v1__policy_approve_request__descriptor, WRITTEN, approve, NULL, NULL, NULL, 0, "approve=1"},              \
    {                                                                                                                  \
        noun, "refuse", N_("be the second person and say no"), number, &gj__v1__policy_approve_request__descriptor,    \
            WRITTEN, approve, NULL, NULL, NULL, 0, NULL                                                                \
    }

static const struct command rows[] = {
    {"policy", "check", N_("is a policy free of mistakes? works without a server"), 0, NULL, NULL, check, NULL, NULL,
        run_policy_check, COMMAND_OFFLINE, NULL},
    {"policy", "explain", N_("every deadline a record would get, and why; works without a server"), 0, NULL, NULL,
        explain, NULL, NULL, run_policy_explain, COMMAND_OFFLINE, NULL},
    {"policy", "workday", N_("the working day reached from a date; works without a server"), 0, NULL, NULL, workday,
        NULL, NULL, run_policy_workday, COMMAND_OFFLINE, NULL},
    {"policy", "propose", N_("send a new version, to be approved by a second person"), GJ__V1__CALL__POLICY_PROPOSE,
        NULL, NULL, propose, NULL, NULL, run_policy_propose, 0, NULL},
    APPROVE_COMMANDS("policy", GJ__V1__CALL__POLICY_APPROVE),
    {"policy", "activate", N_("the same as approve"), GJ__V1__CALL__POLICY_APPROVE,
        &gj__v1__policy_approve_request__descriptor, WRITTEN, approve, NULL, NULL, NULL, COMMAND_HIDDEN, "approve=1"},
    {"policy", "list", N_("the versions there are"), GJ__V1__CALL__POLICY_LIST, &gj__v1__empty__descriptor,
        &gj__v1__policy_list__descriptor, NULL, "versions",
        "version state proposed_at proposed_by activated_at approved_by reason", NULL, 0, NULL},
    {"policy", "get", N_("the files of a version"), GJ__V1__CALL__POLICY_GET, NULL, NULL, get, NULL, NULL,
        run_policy_get, 0, NULL},
    {"calendar", "propose", N_("send a new working-day table"), GJ__V1__CALL__CALENDAR_PROPOSE, NULL, NULL,
        calendar_propose, NULL, NULL, run_calendar_propose, 0, NULL},
    APPROVE_COMMANDS("calendar", GJ__V1__CALL__CALENDAR_APPROVE),
    {"calendar", "list", N_("the tables there are"), GJ__V1__CALL__POLICY_LIST, &gj__v1__empty__descriptor,
        &gj__v1__policy_list__descriptor, NULL, "calendars",
        "version state proposed_at proposed_by activated_at approved_by reason", NULL, 0, NULL},
    {"limit", "propose", N_("an office's own limit; a looser one needs a second person"), GJ__V1__CALL__LIMIT_PROPOSE,
        &gj__v1__limit_request__descriptor, WRITTEN, limit_propose, NULL, NULL, NULL, 0, NULL},
    {"limit", "approve", N_("be the second person of a looser limit"), GJ__V1__CALL__LIMIT_APPROVE,
        &gj__v1__limit_approve_request__descriptor, WRITTEN, limit_approve, NULL, NULL, NULL, 0, "approve=1"},
    {"limit", "refuse", N_("say no to a looser limit"), GJ__V1__CALL__LIMIT_APPROVE,
        &gj__v1__limit_approve_request__descriptor, WRITTEN, limit_approve, NULL, NULL, NULL, 0, NULL},
    {"weather", "on", N_("bad weather: longer limits where the policy says so"), GJ__V1__CALL__WEATHER_MODE,
        &gj__v1__weather_request__descriptor, WRITTEN, weather, NULL, NULL, NULL, 0, "on=1"},
    {"weather", "off", N_("the bad weather is over"), GJ__V1__CALL__WEATHER_MODE, &gj__v1__weather_request__descriptor,
        WRITTEN, weather, NULL, NULL, NULL, 0, NULL},
    {"audit", "entries", N_("entries of the audit log, their hashes computed anew"), GJ__V1__CALL__AUDIT_ENTRIES,
        &gj__v1__audit_entries_request__descriptor, &gj__v1__audit_entries__descriptor, entries, NULL, NULL,
        run_audit_entries, 0, NULL},
    {"audit", "head", N_("size and root of the audit log"), GJ__V1__CALL__AUDIT_HEAD, &gj__v1__empty__descriptor,
        &gj__v1__audit_head__descriptor, NULL, NULL, NULL, NULL, 0, NULL},
};
COMMAND_TABLE(commands_policy, rows);
