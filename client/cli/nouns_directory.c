#include "client/cli/nouns.h"

#include "proto/directory.pb-c.h"

/* The company's directory: regions, offices, buildings, households and the people in them, equipment, staff,
 * contractors. */

#define WRITTEN &gj__v1__written__descriptor
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, OPTION_TEXT, 0, NULL                                                                               \
    }

#define CLEAR_HELP N_("field to be emptied; what is not given stays as it is")

static const struct option_row region_create[] = {
    {"CODE", "region.code", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("short code")},
    {"NAME", "region.name", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("name")},
    {"city", "region.city", OPTION_TEXT, 0, N_("city table of the policy")},
    END,
};

#define OFFICE_OPTIONS                                                                                                 \
    {"region", "office.region", OPTION_ID, 0, N_("region")},                                                           \
        {"service-profile", "office.profile", OPTION_TEXT, 0, N_("service profile of the policy")},                    \
    {                                                                                                                  \
        "city", "office.city", OPTION_TEXT, 0, N_("city table of the policy")                                          \
    }

static const struct option_row office_create[] = {
    {"CODE", "office.code", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("3 to 6 characters, in every number")},
    {"NAME", "office.name", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("name")},
    OFFICE_OPTIONS,
    END,
};
static const struct option_row office_change[] = {
    {"OFFICE", "office.id", OPTION_OFFICE, OPT_ARG | OPT_REQUIRED, N_("which office")},
    {"revision", "revision", OPTION_NUMBER, OPT_REQUIRED, N_("the revision you have seen")},
    {"code", "office.code", OPTION_TEXT, 0, N_("3 to 6 characters, in every number")},
    {"name", "office.name", OPTION_TEXT, 0, N_("name")},
    OFFICE_OPTIONS,
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};
static const struct option_row office_list[] = {
    {"region", "region", OPTION_ID, 0, N_("only this region")},
    END,
};

static const struct option_row building_create[] = {
    {"CODE", "building.code", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("short code, e.g. 3")},
    {"NAME", "building.name", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("name")},
    {"office", "building.office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"completed-at", "building.completed_at", OPTION_TIME, 0, N_("date of completion")},
    END,
};
static const struct option_row of_office[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    END,
};

#define HOUSEHOLD_OPTIONS                                                                                              \
    {"building", "household.building", OPTION_ID, 0, N_("building")},                                                  \
        {"name", "household.name", OPTION_TEXT, 0, N_("name of the file")},                                            \
        {"occupancy", "household.occupancy", OPTION_NUMBER, 0, N_("occupied, vacant or let")},                         \
        {"delivered-at", "household.delivered_at", OPTION_TIME, 0, N_("date of handover")},                            \
        {"completed-at", "household.completed_at", OPTION_TIME, 0, N_("date of completion")},                          \
    {                                                                                                                  \
        "area", "household.area_cm2", OPTION_AREA, 0, N_("floor area")                                                 \
    }

static const struct option_row household_create[] = {
    {"ROOM", "household.room", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("room, e.g. 3-2-1801")},
    {"office", "household.office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    HOUSEHOLD_OPTIONS,
    END,
};
static const struct option_row household_change[] = {
    {"ID", "household.id", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which household")},
    {"revision", "revision", OPTION_NUMBER, OPT_REQUIRED, N_("the revision you have seen")},
    {"room", "household.room", OPTION_TEXT, 0, N_("room, e.g. 3-2-1801")},
    HOUSEHOLD_OPTIONS,
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};
static const struct option_row household_show[] = {
    {"ID", "id", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which household")},
    {"purpose", "purpose", OPTION_TEXT, 0, N_("why: call, ticket, visit ...; recorded")},
    {"record", "record", OPTION_RECORD, 0, N_("the work in hand")},
    {"unmask-phone", "unmask_phone", OPTION_FLAG, 0, N_("show the whole numbers; recorded apart")},
    END,
};
static const struct option_row household_find[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office; - is the whole company, by phone only")},
    {"phone", "phone", OPTION_TEXT, 0, N_("the full number")},
    {"room", "room", OPTION_TEXT, 0, N_("the room")},
    {"last4", "last4", OPTION_TEXT, 0, N_("the last four digits of a number")},
    {"surname", "surname", OPTION_TEXT, 0, N_("the surname")},
    {"initials", "initials", OPTION_TEXT, 0, N_("the initials of a whole name, e.g. wxm")},
    {"purpose", "purpose", OPTION_TEXT, 0, N_("why; recorded")},
    END,
};
static const struct option_row household_person[] = {
    {"HOUSEHOLD", "household", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which household")},
    {"revision", "revision", OPTION_NUMBER, OPT_REQUIRED, N_("the revision you have seen")},
    {"person", "person.id", OPTION_ID, 0, N_("an existing person, to change or remove")},
    {"name", "person.name", OPTION_TEXT, 0, N_("name")},
    {"phone", "person.phones", OPTION_TEXT, OPT_MANY, N_("phone number")},
    {"relation", "person.relation", OPTION_NUMBER, 0, N_("owner, tenant, family or agent")},
    {"from", "person.from", OPTION_TIME, 0, N_("since when")},
    {"until", "person.until", OPTION_TIME, 0, N_("until when")},
    {"prefers", "person.preferred_contact", OPTION_TEXT, 0, N_("phone, wechat, sms or none")},
    {"hours", "person.preferred_hours", OPTION_TEXT, 0, N_("when a call suits")},
    {"vulnerable", "person.vulnerable", OPTION_TEXT, 0, N_("choice of the policy; only with --consent")},
    {"consent", "person.vulnerable_consent", OPTION_FLAG, 0, N_("the person agreed that this is kept")},
    {"remove", "remove", OPTION_FLAG, 0, N_("take the person out")},
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};
static const struct option_row household_vehicle[] = {
    {"HOUSEHOLD", "household", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which household")},
    {"revision", "revision", OPTION_NUMBER, OPT_REQUIRED, N_("the revision you have seen")},
    {"vehicle", "vehicle.id", OPTION_ID, 0, N_("an existing vehicle, to change or remove")},
    {"plate", "vehicle.plate", OPTION_TEXT, 0, N_("number plate")},
    {"type", "vehicle.type", OPTION_TEXT, 0, N_("type")},
    {"colour", "vehicle.colour", OPTION_TEXT, 0, N_("colour")},
    {"space", "vehicle.space", OPTION_TEXT, 0, N_("parking space")},
    {"remove", "remove", OPTION_FLAG, 0, N_("take the vehicle out")},
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};
static const struct option_row caller_put[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"name", "name", OPTION_TEXT, OPT_REQUIRED, N_("name")},
    {"phone", "phone", OPTION_TEXT, OPT_REQUIRED, N_("phone number")},
    END,
};
static const struct option_row import[] = {
    {"FILE", NULL, OPTION_FILE, OPT_ARG | OPT_REQUIRED | OPT_LOCAL,
        N_("CSV in UTF-8, the first line names the columns")},
    {"office", NULL, OPTION_OFFICE, OPT_LOCAL, N_("the office; without it the file names it on each line")},
    {"preview", NULL, OPTION_FLAG, OPT_LOCAL, N_("only show what would change")},
    END,
};

static const struct option_row abandon[] = {
    {"ID", "import", OPTION_ID, OPT_ARG | OPT_REQUIRED, N_("which import, as the refusal names it")},
    END,
};

static const struct option_row asset_put[] = {
    {"CODE", "asset.code", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("code, e.g. LIFT-3-1")},
    {"NAME", "asset.name", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("name")},
    {"office", "asset.office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"building", "asset.building", OPTION_ID, 0, N_("building")},
    {"kind", "asset.kind", OPTION_TEXT, 0, N_("what it is")},
    {"id", "asset.id", OPTION_ID, 0, N_("an existing one, to change")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen")},
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};

static const struct option_row staff_put[] = {
    {"USER", "staff.user", OPTION_USER, OPT_ARG | OPT_REQUIRED, N_("login of the person")},
    {"office", "staff.office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"name", "staff.name", OPTION_TEXT, 0, N_("name")},
    {"trade", "staff.trades", OPTION_TEXT, OPT_MANY, N_("trade")},
    {"certificate", "staff.certificates", OPTION_CERT, OPT_MANY, N_("certificate with its expiry")},
    {"contractor", "staff.contractor", OPTION_ID, 0, N_("works for this contractor")},
    {"phone", "staff.phone", OPTION_TEXT, 0, N_("phone number")},
    {"post", "staff.post", OPTION_TEXT, 0, N_("post")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen")},
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};
static const struct option_row staff_list[] = {
    {"office", "office", OPTION_OFFICE, OPT_OWN_OFFICE, N_("which office (default: this device's)")},
    {"trade", "trade", OPTION_TEXT, 0, N_("only this trade")},
    END,
};

static const struct option_row contractor_put[] = {
    {"NAME", "contractor.name", OPTION_TEXT, OPT_ARG | OPT_REQUIRED, N_("name")},
    {"trade", "contractor.trades", OPTION_TEXT, OPT_MANY, N_("trade")},
    {"certificate", "contractor.certificates", OPTION_CERT, OPT_MANY, N_("certificate with its expiry")},
    {"phone", "contractor.phone", OPTION_TEXT, 0, N_("phone number")},
    {"id", "contractor.id", OPTION_ID, 0, N_("an existing one, to change")},
    {"revision", "revision", OPTION_NUMBER, 0, N_("the revision you have seen")},
    {"clear", "clear", OPTION_TEXT, OPT_MANY, CLEAR_HELP},
    END,
};

static const struct command rows[] = {
    {"region", "create", N_("a new region"), GJ__V1__CALL__DIR_REGION_CREATE,
        &gj__v1__region_create_request__descriptor, WRITTEN, region_create, NULL, NULL, NULL, 0, NULL},
    {"region", "list", N_("the regions"), GJ__V1__CALL__DIR_REGION_LIST, &gj__v1__empty__descriptor,
        &gj__v1__region_list__descriptor, NULL, "regions", "id code name city", NULL, 0, NULL},
    {"office", "create", N_("a new management office"), GJ__V1__CALL__DIR_OFFICE_CREATE,
        &gj__v1__office_create_request__descriptor, WRITTEN, office_create, NULL, NULL, NULL, 0, NULL},
    {"office", "change", N_("change an office"), GJ__V1__CALL__DIR_OFFICE_CHANGE,
        &gj__v1__office_change_request__descriptor, WRITTEN, office_change, NULL, NULL, NULL, 0, NULL},
    {"office", "list", N_("the offices"), GJ__V1__CALL__DIR_OFFICE_LIST, &gj__v1__office_list_request__descriptor,
        &gj__v1__office_list__descriptor, office_list, "offices",
        "id code name region city profile weather_mode revision", NULL, 0, NULL},
    {"building", "create", N_("a new building"), GJ__V1__CALL__DIR_BUILDING_CREATE,
        &gj__v1__building_create_request__descriptor, WRITTEN, building_create, NULL, NULL, NULL, 0, NULL},
    {"building", "list", N_("an office's buildings"), GJ__V1__CALL__DIR_BUILDING_LIST,
        &gj__v1__building_list_request__descriptor, &gj__v1__building_list__descriptor, of_office, "buildings",
        "id code name completed_at", NULL, 0, NULL},
    {"household", "create", N_("a new household"), GJ__V1__CALL__DIR_HOUSEHOLD_CREATE,
        &gj__v1__household_put_request__descriptor, WRITTEN, household_create, NULL, NULL, NULL, 0, NULL},
    {"household", "change", N_("change a household"), GJ__V1__CALL__DIR_HOUSEHOLD_CHANGE,
        &gj__v1__household_put_request__descriptor, WRITTEN, household_change, NULL, NULL, NULL, 0, NULL},
    {"household", "show", N_("a household's file; the reading is recorded"), GJ__V1__CALL__DIR_HOUSEHOLD_SHOW,
        &gj__v1__household_show_request__descriptor, &gj__v1__household__descriptor, household_show, NULL, NULL, NULL,
        0, NULL},
    {"household", "find", N_("find by phone, room, last four digits, surname or initials; recorded"),
        GJ__V1__CALL__DIR_HOUSEHOLD_FIND, &gj__v1__household_find_request__descriptor,
        &gj__v1__household_list__descriptor, household_find, "households",
        "id room name occupancy persons open_records", NULL, 0, NULL},
    {"household", "person", N_("add, change or remove a person of a household"), GJ__V1__CALL__DIR_PERSON_PUT,
        &gj__v1__person_put_request__descriptor, WRITTEN, household_person, NULL, NULL, NULL, 0, NULL},
    {"household", "vehicle", N_("add, change or remove a vehicle of a household"), GJ__V1__CALL__DIR_VEHICLE_PUT,
        &gj__v1__vehicle_put_request__descriptor, WRITTEN, household_vehicle, NULL, NULL, NULL, 0, NULL},
    {"household", "caller", N_("somebody who calls and belongs to no household"), GJ__V1__CALL__DIR_CALLER_PUT,
        &gj__v1__caller_put_request__descriptor, WRITTEN, caller_put, NULL, NULL, NULL, 0, NULL},
    {"household", "import", N_("households from a file, all or nothing"), GJ__V1__CALL__DIR_IMPORT_BEGIN, NULL, NULL,
        import, NULL, NULL, run_import_households, 0, NULL},
    {"import", "abandon", N_("give up an unfinished import that stands in the way"), GJ__V1__CALL__DIR_IMPORT_ABANDON,
        &gj__v1__import_commit_request__descriptor, WRITTEN, abandon, NULL, NULL, NULL, 0, NULL},
    {"asset", "put", N_("a new or changed common area or piece of equipment"), GJ__V1__CALL__DIR_ASSET_PUT,
        &gj__v1__asset_put_request__descriptor, WRITTEN, asset_put, NULL, NULL, NULL, 0, NULL},
    {"asset", "list", N_("common areas and equipment"), GJ__V1__CALL__DIR_ASSET_LIST,
        &gj__v1__asset_list_request__descriptor, &gj__v1__asset_list__descriptor, of_office, "assets",
        "id code name kind building revision", NULL, 0, NULL},
    {"staff", "put", N_("a person's trades and certificates"), GJ__V1__CALL__DIR_STAFF_PUT,
        &gj__v1__staff_put_request__descriptor, WRITTEN, staff_put, NULL, NULL, NULL, 0, NULL},
    {"staff", "list", N_("an office's staff"), GJ__V1__CALL__DIR_STAFF_LIST, &gj__v1__staff_list_request__descriptor,
        &gj__v1__staff_list__descriptor, staff_list, "staff", "user name post trades certificates contractor revision",
        NULL, 0, NULL},
    {"staff", "import", N_("staff from a file, all or nothing"), GJ__V1__CALL__DIR_IMPORT_BEGIN, NULL, NULL, import,
        NULL, NULL, run_import_staff, 0, NULL},
    {"contractor", "put", N_("a new or changed contractor"), GJ__V1__CALL__DIR_CONTRACTOR_PUT,
        &gj__v1__contractor_put_request__descriptor, WRITTEN, contractor_put, NULL, NULL, NULL, 0, NULL},
    {"contractor", "list", N_("the contractors"), GJ__V1__CALL__DIR_CONTRACTOR_LIST,
        &gj__v1__contractor_list_request__descriptor, &gj__v1__contractor_list__descriptor, NULL, "contractors",
        "id name trades certificates phone revision", NULL, 0, NULL},
};
COMMAND_TABLE(commands_directory, rows);
