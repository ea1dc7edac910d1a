#include "client/cli/nouns.h"

#include "proto/dispatch.pb-c.h"
#include "proto/register.pb-c.h"

/* Repair tickets (报修单) and records of every other declared kind. `ticket` is `record` with the kind filled in. */

#define FIELDS_HELP                                                                                                    \
    N_("a declared field, see guanjia kind show; a table's row as KEY=COLUMN=VALUE,COLUMN=VALUE; the type may be "     \
       "said "                                                                                                         \
       "as KEY:n= number, :m= yuan, :b= yes/no, :t= time, :r= id, :x= attachment, :l= row")

static const struct option_row ticket_create[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"channel", "channel", OPTION_TEXT, 0, N_("how it came: phone, wechat, app, counter, patrol, email, 12345")},
    {"household", "household", OPTION_ID, 0, N_("the household")},
    {"caller", "caller", OPTION_ID, 0, N_("a caller without a household")},
    {"asset", "asset", OPTION_ID, 0, N_("the equipment or common area")},
    {"place", "place", OPTION_TEXT, 0, N_("where in the common area")},
    {"contact-name", "contact_name", OPTION_TEXT, 0, N_("whom to ask for")},
    {"contact-phone", "contact_phone", OPTION_TEXT, 0, N_("whom to call")},
    {"description", "description", OPTION_TEXT, 0, N_("the caller's words")},
    {"category", "category", OPTION_TEXT, 0, N_("code of the taxonomy, e.g. WAT-01")},
    {"area", "area", OPTION_TEXT, 0, N_("household or common")},
    {"priority", "priority", OPTION_PRIORITY, 0, N_("P0 ... P4 (default: as category and words say)")},
    {"received-at", "received_at", OPTION_TIME, 0, N_("when the call came, if not now")},
    {"late-reason", "late_reason", OPTION_TEXT, 0, N_("why it is entered more than 15 minutes late")},
    {"told-response", "expected_response_told", OPTION_FLAG, 0, N_("the caller was told when to expect somebody")},
    {"read-back", "read_back", OPTION_FLAG, 0, N_("the record was read back to the caller")},
    {"wished-from", "wished_from", OPTION_TIME, 0, N_("from when a visit suits")},
    {"wished-until", "wished_until", OPTION_TIME, 0, N_("until when a visit suits")},
    {"field", "fields", OPTION_FIELD, OPT_MANY, FIELDS_HELP},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

#define CREATE_OPTIONS                                                                                                 \
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},                  \
        {"household", "household", OPTION_ID, 0, N_("the household")}, {"unit", "unit", OPTION_ID, 0, N_("the unit")}, \
        {"asset", "asset", OPTION_ID, 0, N_("the equipment or common area")},                                          \
        {"place", "place", OPTION_TEXT, 0, N_("room or location")},                                                    \
        {"category", "category", OPTION_TEXT, 0, N_("category, where the kind has them")},                             \
        {"priority", "priority", OPTION_PRIORITY, 0, N_("P0 ... P4, where the kind has them")},                        \
        {"received-at", "received_at", OPTION_TIME, 0, N_("when it happened, if not now")},                            \
        {"late-reason", "late_reason", OPTION_TEXT, 0, N_("why it is entered more than 15 minutes late")},             \
        {"parent", "parent", OPTION_RECORD, 0, N_("the record it belongs to")},                                        \
        {"field", "fields", OPTION_FIELD, OPT_MANY, FIELDS_HELP},                                                      \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row record_create[] = {
    {"KIND", "kind", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("code of the kind, e.g. visit; see guanjia kind list")},
    CREATE_OPTIONS,
};

#define LIST_OPTIONS                                                                                                   \
    {"office", "office", OPTION_OFFICE, 0, N_("only this office")},                                                    \
        {"state", "states", OPTION_TEXT, OPT_MANY, N_("only in this state")},                                          \
        {"assignee", "assignee", OPTION_USER, 0, N_("only this person's")},                                            \
        {"mine", "mine", OPTION_FLAG, 0, N_("only mine")},                                                             \
        {"household", "household", OPTION_ID, 0, N_("only this household's")},                                         \
        {"category", "category", OPTION_TEXT, 0, N_("only this category")},                                            \
        {"breached", "breached", OPTION_FLAG, 0, N_("only what is late")},                                             \
        {"closed", "closed", OPTION_FLAG, 0, N_("closed ones too, newest first")},                                     \
        {"sort", "sort", OPTION_TEXT, 0, N_("id, due or priority")},                                                   \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

static const struct option_row ticket_list[] = {LIST_OPTIONS};
static const struct option_row record_list[] = {
    {"KIND", "kind", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("code of the kind")},
    LIST_OPTIONS,
};

#define ENTRIES_HELP N_("with the bytes of each audit entry, to be compared with an exported log")

static const struct option_row show[] = {
    {"ID", NULL, OPTION_RECORD, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("id or number")},
    {"history", "history", OPTION_FLAG, 0, N_("with its history")},
    {"entries", "entries", OPTION_FLAG, 0, ENTRIES_HELP},
    {"purpose", "purpose", OPTION_TEXT, 0, N_("why it is looked at, where that is recorded")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row act[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"ACT", "act", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("what is done, e.g. accept; see `actions`")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen (default: the present one)")},
    {"if-state", "state", OPTION_TEXT, 0, N_("only if it is still in this state")},
    {"follows", "after", OPTION_HEX, 0, N_("instead of --revision: key of the own change it follows")},
    {"assignee", "assignee", OPTION_USER, 0, N_("who shall do it")},
    {"note", "note", OPTION_TEXT, 0, N_("a remark for the history")},
    {"at", "stated_at", OPTION_TIME, 0, N_("when it happened, if not now")},
    {"late-reason", "late_reason", OPTION_TEXT, 0, N_("why it is entered more than 15 minutes late")},
    {"field", "fields", OPTION_FIELD, OPT_MANY, FIELDS_HELP},
    {"owner-means", "owner.means", OPTION_TEXT, 0, N_("owner's step: signature, code, call, paper or app")},
    {"owner-evidence", "owner.evidence", OPTION_HEX, 0, N_("owner's step: attachment that proves it")},
    {"owner-code", NULL, OPTION_TEXT, OPT_LOCAL, N_("owner's step: the one-time code that the owner told")},
    {"owner-person", "owner.person", OPTION_ID, 0, N_("owner's step: which person")},
    {"attachment", "attachments", OPTION_HEX, OPT_MANY, N_("address of an attachment")},
    {"office", "office", OPTION_OFFICE, 0, N_("transfer: to this office")},
    {"into", "parent", OPTION_RECORD, 0, N_("merge: into this record")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row amend[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen (default: the present one)")},
    {"field", "fields", OPTION_FIELD, OPT_MANY | OPT_REQUIRED,
        N_("the new value; also priority, category, place, received_at:t, household:r")},
    {"reason", "reason", OPTION_TEXT, OPT_REQUIRED, N_("why it is corrected")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row id_only[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row history[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"entries", "entries", OPTION_FLAG, 0, ENTRIES_HELP},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row addendum[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"text", "text", OPTION_TEXT, OPT_REQUIRED, N_("what is added to the closed record")},
    {"attachment", "attachments", OPTION_HEX, OPT_MANY, N_("address of an attachment")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row link[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen (default: the present one)")},
    {"kind", "link.kind", OPTION_TEXT, OPT_REQUIRED, N_("kind of what it points to; may be a paper register")},
    {"number", "link.number", OPTION_TEXT, OPT_REQUIRED, N_("number of what it points to")},
    {"target", "link.id", OPTION_RECORD, 0, N_("the record it points to, if it is in the system")},
    {"remove", "remove", OPTION_FLAG, 0, N_("take the link away")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row code[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"anew", "anew", OPTION_FLAG, 0, N_("issue another code; the one before is worth nothing from then on")},
    {"way", "way", OPTION_TEXT, 0, N_("how the owner gets it: phone (default) or slip")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row approve[] = {
    {"ID", "id", OPTION_RECORD, OPT_ARG | OPT_REQUIRED, N_("id or number")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen (default: the present one)")},
    {"refuse", NULL, OPTION_FLAG, OPT_LOCAL, N_("say no")},
    {"note", "note", OPTION_TEXT, 0, N_("a remark for the history")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row watch[] = {
    {"office", NULL, OPTION_OFFICE, OPT_MANY | OPT_LOCAL, N_("only these offices")},
    {"kind-number", NULL, OPTION_NUMBER, OPT_MANY | OPT_LOCAL,
        N_("only these kinds, by number; see guanjia kind list")},
    {"assignee", NULL, OPTION_USER, OPT_LOCAL, N_("only this person's")},
    {"role", NULL, OPTION_TEXT, OPT_LOCAL, N_("only what a holder of this role has to act on")},
    {"since", NULL, OPTION_NUMBER, OPT_LOCAL, N_("first everything after this event number")},
    {"epoch", NULL, OPTION_NUMBER, OPT_LOCAL, N_("of the event number given with --since")},
    {"count", NULL, OPTION_NUMBER, OPT_LOCAL, N_("end after so many events")},
    {"for", NULL, OPTION_NUMBER, OPT_LOCAL, N_("end after so many seconds")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row attach[] = {
    {"ID", NULL, OPTION_RECORD, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("id or number of the record")},
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("the photo or paper")},
    {"media-type", NULL, OPTION_TEXT, OPT_LOCAL, N_("e.g. image/jpeg (default: from the file's name)")},
    {"in-home", NULL, OPTION_FLAG, OPT_LOCAL, N_("it shows the inside of a home")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row fetch[] = {
    {"ID", NULL, OPTION_RECORD, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("id or number of the record")},
    {"ADDRESS", NULL, OPTION_HEX, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("address of the attachment")},
    {"to", NULL, OPTION_TEXT, OPT_REQUIRED | OPT_LOCAL, N_("file to write, - for standard output")},
    {"purpose", NULL, OPTION_TEXT, OPT_LOCAL, N_("why it is looked at")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row import[] = {
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL,
        N_("CSV in UTF-8, - for standard input; the first line names the columns, see below")},
    {"office", NULL, OPTION_OFFICE, OPT_OWN_OFFICE | OPT_LOCAL, N_("which office (default: this device's)")},
    {"kind", NULL, OPTION_TEXT, OPT_LOCAL, N_("kind of the cases (default: repair_ticket)")},
    {"in-state", NULL, OPTION_TEXT, OPT_LOCAL, N_("the state they are in (default: TRIAGED)")},
    {"preview", NULL, OPTION_FLAG, OPT_LOCAL, N_("only show what would change")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

#define COLUMNS "id number state priority category place assignee received_at due_at breached revision"
#define HISTORY_COLUMNS "event.at event.act event.from_state event.to_state actor_name note reason old stated_at"
#define WRITTEN &gj__v1__written__descriptor

/* The verbs that tickets and other records share. */
#define SHARED(noun)                                                                                                   \
    {noun, "show", N_("one record with its clocks and fields"), GJ__V1__CALL__RECORD_SHOW,                             \
        &gj__v1__show_request__descriptor, &gj__v1__shown__descriptor, show, NULL, NULL, run_show, 0, NULL},           \
        {noun, "act", N_("one step of its flow: assign, accept, arrive, done ..."), GJ__V1__CALL__RECORD_ACT,          \
            &gj__v1__act_request__descriptor, WRITTEN, act, NULL, NULL, run_act, 0, NULL},                             \
        {noun, "amend", N_("correct a field of an open record, with a reason"), GJ__V1__CALL__RECORD_AMEND,            \
            &gj__v1__amend_request__descriptor, WRITTEN, amend, NULL, NULL, run_act, 0, NULL},                         \
        {noun, "actions", N_("what you may do with it now"), GJ__V1__CALL__RECORD_ACTIONS,                             \
            &gj__v1__actions_request__descriptor, &gj__v1__action_list__descriptor, id_only, "actions",                \
            "act to need optional on_behalf approve", run_actions, 0, NULL},                                           \
        {noun, "history", N_("everything that happened to it"), GJ__V1__CALL__RECORD_HISTORY,                          \
            &gj__v1__history_request__descriptor, &gj__v1__history__descriptor, history, "lines", HISTORY_COLUMNS,     \
            NULL, 0, NULL},                                                                                            \
        {noun, "addendum", N_("add a text to a closed record"), GJ__V1__CALL__RECORD_ADDENDUM,                         \
            &gj__v1__addendum_request__descriptor, WRITTEN, addendum, NULL, NULL, NULL, 0, NULL},                      \
        {noun, "link", N_("point to another record or to a paper register"), GJ__V1__CALL__RECORD_LINK,                \
            &gj__v1__link_request__descriptor, WRITTEN, link, NULL, NULL, run_act, 0, NULL},                           \
        {noun, "approve", N_("be the second person of an act that needs one"), GJ__V1__CALL__RECORD_APPROVE,           \
            &gj__v1__approve_request__descriptor, WRITTEN, approve, NULL, NULL, run_approve, 0, NULL},                 \
        {noun, "code", N_("the owner's one-time code, to read out to the owner; recorded"), GJ__V1__CALL__OWNER_CODE,  \
            &gj__v1__owner_code_request__descriptor, &gj__v1__owner_code__descriptor, code, NULL,                      \
            "number state code until tries", NULL, 0, NULL},                                                           \
        {noun, "attach", N_("send a photo or paper for it"), GJ__V1__CALL__ATTACHMENT_BEGIN, NULL, NULL, attach, NULL, \
            NULL, run_attach, 0, NULL},                                                                                \
        {noun, "fetch", N_("get an attachment"), GJ__V1__CALL__ATTACHMENT_READ, NULL, NULL, fetch, NULL, NULL,         \
            run_fetch, 0, NULL},                                                                                       \
        {noun, "watch", N_("print what happens, as it happens; goes on through restarts of the server"),               \
            GJ__V1__CALL__SESSION_SUBSCRIBE, NULL, NULL, watch, NULL, NULL, run_watch, 0, NULL},                       \
    {                                                                                                                  \
        noun, "import", N_("open cases with their original times, for the day an office goes live"),                   \
            GJ__V1__CALL__RECORD_IMPORT, NULL, NULL, import, NULL, NULL, run_import_cases, 0, NULL                     \
    }

static const struct option_row kind_show[] = {
    {"KIND", NULL, OPTION_TEXT, OPT_ARG | OPT_REQUIRED | OPT_LOCAL, N_("code of the kind")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct option_row board[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct command rows[] = {
    {"ticket", "create", N_("take in a repair request"), GJ__V1__CALL__DISPATCH_INTAKE,
        &gj__v1__intake_request__descriptor, WRITTEN, ticket_create, NULL, NULL, NULL, 0, "priority=-1"},
    {"ticket", "list", N_("open repair tickets, the most urgent first"), GJ__V1__CALL__RECORD_LIST,
        &gj__v1__list_request__descriptor, &gj__v1__row_list__descriptor, ticket_list, "rows", COLUMNS, NULL, 0,
        "kind=repair_ticket sort=priority"},
    {"ticket", "board", N_("an office's open work and its technicians"), GJ__V1__CALL__DISPATCH_BOARD,
        &gj__v1__board_request__descriptor, &gj__v1__board__descriptor, board, NULL, NULL, run_board, 0, NULL},
    {"ticket", "why", N_("why somebody has it, and who could have it now"), GJ__V1__CALL__DISPATCH_WHY,
        &gj__v1__why_request__descriptor, &gj__v1__why__descriptor, id_only, NULL, NULL, run_why, 0, NULL},
    SHARED("ticket"),
    {"record", "create", N_("a new record of any declared kind"), GJ__V1__CALL__RECORD_CREATE,
        &gj__v1__create_request__descriptor, WRITTEN, record_create, NULL, NULL, NULL, 0, "priority=-1"},
    {"record", "list", N_("open records of a kind"), GJ__V1__CALL__RECORD_LIST, &gj__v1__list_request__descriptor,
        &gj__v1__row_list__descriptor, record_list, "rows", COLUMNS, run_record_list, 0, NULL},
    SHARED("record"),
    {"kind", "list", N_("the declared kinds of records"), GJ__V1__CALL__KIND_LIST, &gj__v1__empty__descriptor,
        &gj__v1__kind_list__descriptor, NULL, "kinds", "kind code title_zh title_en", NULL, 0, NULL},
    {"kind", "show", N_("a kind's fields with their types and choices, its states and acts"), GJ__V1__CALL__KIND_LIST,
        NULL, NULL, kind_show, NULL, NULL, run_kind_show, 0, NULL},
};
COMMAND_TABLE(commands_record, rows);
