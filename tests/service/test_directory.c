/* Offices, households, people: through the real calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/direct.h"
#include "proto/directory.pb-c.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/stored.pb-c.h"
#include "store/txn.h"

struct stage {
    struct gj_direct *direct;
    uint64_t region, office, other;
    uint64_t admin, agent, lead, tech, auditor, qa, stranger;
};

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->direct = gj_direct_open();
    stage->region = gj_direct_region(stage->direct, "SOUTH");
    stage->office = gj_direct_office(stage->direct, stage->region, "0001");
    stage->other = gj_direct_office(stage->direct, stage->region, "0002");
    stage->admin = gj_direct_user(stage->direct, "admin", "sysadmin", 0, 0);
    stage->agent = gj_direct_user(stage->direct, "agent", "cs_agent", stage->office, 0);
    stage->lead = gj_direct_user(stage->direct, "lead", "cs_lead", stage->office, 0);
    stage->tech = gj_direct_user(stage->direct, "tech", "tech", stage->office, 0);
    stage->auditor = gj_direct_user(stage->direct, "auditor", "auditor", 0, 0);
    stage->qa = gj_direct_user(stage->direct, "qa", "hq_qa", 0, 0);
    stage->stranger = gj_direct_user(stage->direct, "stranger", "cs_agent", stage->other, 0);
    *state = stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;
    gj_direct_close(stage->direct);
    free(stage);
    return 0;
}

#define CALL(user, call, request) gj_direct_call(stage->direct, (user), GJ__V1__CALL__##call, (request))

/* ---- helpers ---- */

static void person_init(Gj__V1__Person *person, char *name, char **phones, size_t n_phones)
{
    gj__v1__person__init(person);
    person->name = name;
    person->phones = phones;
    person->n_phones = n_phones;
    person->relation = GJ__V1__PERSON_RELATION__OWNER;
}

static uint64_t make_household(struct stage *stage, char *room, char *name, char *phone)
{
    Gj__V1__HouseholdPutRequest request = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    Gj__V1__Person person;
    Gj__V1__Person *persons[] = {&person};
    char *phones[] = {phone};
    person_init(&person, name, phones, 1);
    household.office = stage->office;
    household.room = room;
    household.occupancy = GJ__V1__OCCUPANCY__OCCUPIED;
    household.persons = persons;
    household.n_persons = 1;
    request.household = &household;
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request);
    assert_ok(result);
    assert_int_equal(result->written.revision, 1);
    return result->written.id;
}

static const Gj__V1__HouseholdList *find(struct stage *stage, uint64_t user, Gj__V1__HouseholdFindRequest *request)
{
    request->purpose = "call";
    const struct gj_result *result = CALL(user, DIR_HOUSEHOLD_FIND, request);
    assert_ok(result);
    return (const Gj__V1__HouseholdList *)result->body;
}

static const Gj__V1__Household *show(struct stage *stage, uint64_t id, bool unmask)
{
    Gj__V1__HouseholdShowRequest request = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = "call";
    request.unmask_phone = unmask;
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_SHOW, &request);
    assert_ok(result);
    return (const Gj__V1__Household *)result->body;
}

/* ---- offices ---- */

static void test_offices(void **state)
{
    struct stage *stage = *state;
    Gj__V1__OfficeCreateRequest create = GJ__V1__OFFICE_CREATE_REQUEST__INIT;
    Gj__V1__OfficeChangeRequest change = GJ__V1__OFFICE_CHANGE_REQUEST__INIT;
    Gj__V1__OfficeListRequest list = GJ__V1__OFFICE_LIST_REQUEST__INIT;
    Gj__V1__Office office = GJ__V1__OFFICE__INIT;
    create.office = change.office = &office;
    office.code = "0003";
    office.name = "翠湖花园管理处";
    office.region = stage->region;
    assert_refused(CALL(stage->agent, DIR_OFFICE_CREATE, &create), GJ__V1__STATUS__DENIED, "no_right", NULL);
    const struct gj_result *result = CALL(stage->admin, DIR_OFFICE_CREATE, &create);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    uint64_t id = result->written.id;
    assert_refused(CALL(stage->admin, DIR_OFFICE_CREATE, &create), GJ__V1__STATUS__REFUSED, "already_exists", "code");
    office.code = "x";
    assert_refused(CALL(stage->admin, DIR_OFFICE_CREATE, &create), GJ__V1__STATUS__INVALID, "field_text", "code");
    office.code = "0004";
    office.region = 99;
    assert_refused(
        CALL(stage->admin, DIR_OFFICE_CREATE, &create), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "region");
    office.region = 0;
    office.city = "atlantis";
    assert_refused(
        CALL(stage->admin, DIR_OFFICE_CREATE, &create), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "city");
    office.city = "";
    office.id = id;
    office.code = "0003";
    office.name = "翠湖花园";
    change.revision = 7;
    assert_refused(CALL(stage->admin, DIR_OFFICE_CHANGE, &change), GJ__V1__STATUS__CONFLICT, "conflict", "revision");
    change.revision = 1;
    assert_ok(CALL(stage->admin, DIR_OFFICE_CHANGE, &change));
    change.revision = 2;
    office.code = "0009";
    assert_refused(CALL(stage->admin, DIR_OFFICE_CHANGE, &change), GJ__V1__STATUS__INVALID, "field_read_only", "code");

    const Gj__V1__OfficeList *offices = (const Gj__V1__OfficeList *)CALL(stage->admin, DIR_OFFICE_LIST, &list)->body;
    assert_int_equal(offices->n_offices, 3);
    assert_string_equal(offices->offices[2]->name, "翠湖花园");
    offices = (const Gj__V1__OfficeList *)CALL(stage->agent, DIR_OFFICE_LIST, &list)->body;
    assert_int_equal(offices->n_offices, 1);
    assert_int_equal(offices->offices[0]->id, stage->office);
    list.code = (char *)"0003";
    offices = (const Gj__V1__OfficeList *)CALL(stage->agent, DIR_OFFICE_LIST, &list)->body;
    assert_int_equal(offices->n_offices, 1); /* named, to hand something over to it */
    assert_int_equal(offices->offices[0]->id, id);
    list.code = (char *)protobuf_c_empty_string;
    /* A page of one, then the next by its cursor. */
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    page.limit = 1;
    list.page = &page;
    offices = (const Gj__V1__OfficeList *)CALL(stage->admin, DIR_OFFICE_LIST, &list)->body;
    assert_int_equal(offices->n_offices, 1);
    uint8_t cursor[8];
    assert_int_equal(offices->cursor.len, sizeof cursor);
    memcpy(cursor, offices->cursor.data, sizeof cursor);
    page.cursor = (ProtobufCBinaryData){.data = cursor, .len = sizeof cursor};
    offices = (const Gj__V1__OfficeList *)CALL(stage->admin, DIR_OFFICE_LIST, &list)->body;
    assert_int_equal(offices->offices[0]->id, stage->other);
    page.cursor.len = 3;
    assert_refused(CALL(stage->admin, DIR_OFFICE_LIST, &list), GJ__V1__STATUS__INVALID, "cursor", "page");
}

static void test_regions_and_buildings(void **state)
{
    struct stage *stage = *state;
    Gj__V1__RegionCreateRequest region_create = GJ__V1__REGION_CREATE_REQUEST__INIT;
    Gj__V1__Region region = GJ__V1__REGION__INIT;
    Gj__V1__BuildingCreateRequest create = GJ__V1__BUILDING_CREATE_REQUEST__INIT;
    Gj__V1__Building building = GJ__V1__BUILDING__INIT;
    Gj__V1__BuildingListRequest list = GJ__V1__BUILDING_LIST_REQUEST__INIT;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    region_create.region = &region;
    region.code = "NORTH";
    region.name = "北区";
    assert_ok(CALL(stage->qa, DIR_REGION_CREATE, &region_create));
    assert_refused(
        CALL(stage->qa, DIR_REGION_CREATE, &region_create), GJ__V1__STATUS__REFUSED, "already_exists", "code");
    assert_refused(CALL(stage->agent, DIR_REGION_CREATE, &region_create), GJ__V1__STATUS__DENIED, "no_right", NULL);
    const Gj__V1__RegionList *regions = (const Gj__V1__RegionList *)CALL(stage->agent, DIR_REGION_LIST, &empty)->body;
    assert_int_equal(regions->n_regions, 2);

    create.building = &building;
    building.office = stage->office;
    building.name = "三栋";
    assert_refused(CALL(stage->admin, DIR_BUILDING_CREATE, &create), GJ__V1__STATUS__INVALID, "field_missing", "code");
    building.code = "3";
    assert_ok(CALL(stage->admin, DIR_BUILDING_CREATE, &create));
    building.code = "1";
    assert_ok(CALL(stage->admin, DIR_BUILDING_CREATE, &create));
    list.office = stage->office;
    const Gj__V1__BuildingList *buildings =
        (const Gj__V1__BuildingList *)CALL(stage->agent, DIR_BUILDING_LIST, &list)->body;
    assert_int_equal(buildings->n_buildings, 2);
    assert_string_equal(buildings->buildings[0]->code, "1");
    assert_refused(CALL(stage->stranger, DIR_BUILDING_LIST, &list), GJ__V1__STATUS__DENIED, "other_office", NULL);
}

/* ---- households ---- */

static void test_household_life(void **state)
{
    struct stage *stage = *state;
    uint64_t id = make_household(stage, "3-2-1801", "王小明", "138 0013 8000");
    const Gj__V1__Household *shown = show(stage, id, false);
    assert_string_equal(shown->room, "3-2-1801");
    assert_string_equal(shown->persons[0]->name, "王小明");
    assert_string_equal(shown->persons[0]->phones[0], "138****8000");
    assert_true(shown->persons[0]->masked);
    shown = show(stage, id, true);
    assert_string_equal(shown->persons[0]->phones[0], "13800138000");

    Gj__V1__HouseholdPutRequest change = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    change.household = &household;
    change.revision = 1;
    household.id = id;
    household.room = "3-2-1802";
    household.area_cm2 = 893700;
    household.name = "王府";
    assert_ok(CALL(stage->agent, DIR_HOUSEHOLD_CHANGE, &change));
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_CHANGE, &change), GJ__V1__STATUS__CONFLICT, "conflict", "revision");
    shown = show(stage, id, false);
    assert_string_equal(shown->room, "3-2-1802");
    assert_string_equal(shown->name, "王府");
    assert_int_equal(shown->n_persons, 1);
    assert_int_equal(shown->revision, 2);

    /* The old room is free again, the new one is taken. */
    uint64_t second = make_household(stage, "3-2-1801", "李四", "13900000001");
    assert_int_not_equal(second, id);
    change.revision = 1;
    household.id = second;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CHANGE, &change), GJ__V1__STATUS__REFUSED, "already_exists", "room");
    assert_refused(CALL(stage->stranger, DIR_HOUSEHOLD_CHANGE, &change), GJ__V1__STATUS__DENIED, "other_office", NULL);
}

static void test_persons_and_vehicles(void **state)
{
    struct stage *stage = *state;
    uint64_t id = make_household(stage, "1-101", "张三", "13700000001");
    Gj__V1__PersonPutRequest put = GJ__V1__PERSON_PUT_REQUEST__INIT;
    Gj__V1__Person person;
    char *phones[] = {"0755-8123 4567", "13700000002"};
    person_init(&person, "欧阳修", phones, 2);
    person.relation = GJ__V1__PERSON_RELATION__TENANT;
    put.household = id;
    put.revision = 1;
    put.person = &person;
    person.vulnerable_consent = true;
    person.vulnerable = "爱抱怨";
    assert_refused(CALL(stage->agent, DIR_PERSON_PUT, &put), GJ__V1__STATUS__INVALID, "field_choice", "vulnerable");
    person.vulnerable_consent = false;
    person.vulnerable = "独居老人";
    assert_refused(
        CALL(stage->agent, DIR_PERSON_PUT, &put), GJ__V1__STATUS__INVALID, "consent_missing", "vulnerable_consent");
    person.vulnerable_consent = true;
    const struct gj_result *result = CALL(stage->agent, DIR_PERSON_PUT, &put);
    assert_ok(result);
    person.id = result->written.id;
    assert_int_equal(result->written.revision, 2);

    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = stage->office;
    request.surname = "欧阳";
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 1);
    request.surname = "";
    request.phone = "+86 0755 81234567";
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 1);

    /* Changed: found by the new number alone. */
    char *changed[] = {"13700000003"};
    person.phones = changed;
    person.n_phones = 1;
    put.revision = 2;
    assert_ok(CALL(stage->agent, DIR_PERSON_PUT, &put));
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 0);
    request.phone = "13700000003";
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 1);
    put.revision = 3;
    put.remove = true;
    assert_ok(CALL(stage->agent, DIR_PERSON_PUT, &put));
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 0);
    put.revision = 4;
    assert_refused(CALL(stage->agent, DIR_PERSON_PUT, &put), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");

    Gj__V1__VehiclePutRequest car = GJ__V1__VEHICLE_PUT_REQUEST__INIT;
    Gj__V1__Vehicle vehicle = GJ__V1__VEHICLE__INIT;
    car.household = id;
    car.revision = 4;
    car.vehicle = &vehicle;
    vehicle.plate = "粤";
    assert_refused(CALL(stage->agent, DIR_VEHICLE_PUT, &car), GJ__V1__STATUS__INVALID, "field_length", "plate");
    vehicle.plate = "粤B12345";
    assert_ok(CALL(stage->agent, DIR_VEHICLE_PUT, &car));
    const Gj__V1__Household *shown = show(stage, id, false);
    assert_int_equal(shown->n_vehicles, 1);
    assert_string_equal(shown->vehicles[0]->plate, "粤B12345");
}

static void test_find(void **state)
{
    struct stage *stage = *state;
    (void)make_household(stage, "A-1", "王一", "13811112222");
    (void)make_household(stage, "A-2", "王二", "13811113333");
    (void)make_household(stage, "A-3", "李三", "13911112222");
    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = stage->office;
    request.last4 = "2222";
    const Gj__V1__HouseholdList *list = find(stage, stage->agent, &request);
    assert_int_equal(list->n_households, 2);
    assert_string_equal(list->households[0]->persons[0]->name, "王**");
    assert_string_equal(list->households[0]->persons[0]->phones[0], "138****2222");
    request.last4 = "";
    request.surname = "王";
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 2);
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    page.limit = 1;
    request.page = &page;
    list = find(stage, stage->agent, &request);
    assert_int_equal(list->n_households, 1);
    assert_int_equal(list->cursor.len, 8);
    request.page = NULL;
    request.surname = "";
    request.initials = "We";
    (void)make_household(stage, "A-4", "王二", "13811114444");
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 2);
    (void)make_household(stage, "A-5", "曾一", "13811115555");
    request.initials = "zy";
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 1);
    request.initials = "cy"; /* the same character's other reading */
    assert_int_equal(find(stage, stage->agent, &request)->n_households, 1);
    request.initials = "w";
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__INVALID, "field_text", "initials");
    request.initials = "";
    request.room = "ａ－2";
    list = find(stage, stage->agent, &request);
    assert_int_equal(list->n_households, 1);
    assert_string_equal(list->households[0]->room, "A-2");
    request.room = "";
    /* A whole company is searched by a full number, and by headquarters alone. */
    request.office = 0;
    request.phone = "13811113333";
    assert_int_equal(find(stage, stage->qa, &request)->n_households, 1);
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__DENIED, "other_office", NULL);
    /* Incomplete or doubled tokens, no purpose. */
    request.phone = "138";
    assert_refused(CALL(stage->qa, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__INVALID, "field_phone", "phone");
    request.office = stage->office;
    request.phone = "13811113333";
    request.surname = "王";
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__INVALID, "field_twice", "surname");
    request.surname = "";
    request.purpose = "";
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__INVALID, "purpose_missing", "purpose");
    request.purpose = "call";
    assert_refused(CALL(stage->tech, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__DENIED, "not_related", NULL);
    /* A complete query is recorded once. */
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
}

/* The technician on the way sees name, room and number of the own job while it is open, and nothing else of the file.
 */
static void test_own_job(void **state)
{
    struct stage *stage = *state;
    uint64_t id = make_household(stage, "B-1", "孙八", "13812340000");
    Gj__V1__VehiclePutRequest car = GJ__V1__VEHICLE_PUT_REQUEST__INIT;
    Gj__V1__Vehicle vehicle = GJ__V1__VEHICLE__INIT;
    car.household = id;
    car.revision = 1;
    car.vehicle = &vehicle;
    vehicle.plate = "粤B88888";
    assert_ok(CALL(stage->agent, DIR_VEHICLE_PUT, &car));
    Gj__Stored__Record record = GJ__STORED__RECORD__INIT;
    record.id = 4711;
    record.office = stage->office;
    record.household = id;
    record.assignee = stage->tech;
    record.open = true;
    gj_direct_put(stage->direct, GJ_TABLE_RECORD, record.id, &record);
    Gj__V1__HouseholdShowRequest request = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = "visit";
    assert_refused(CALL(stage->tech, DIR_HOUSEHOLD_SHOW, &request), GJ__V1__STATUS__DENIED, "not_related", NULL);
    request.purpose = "";
    request.record = record.id;
    const struct gj_result *result = CALL(stage->tech, DIR_HOUSEHOLD_SHOW, &request);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    const Gj__V1__Household *shown = (const Gj__V1__Household *)result->body;
    assert_string_equal(shown->persons[0]->phones[0], "13812340000");
    assert_int_equal(shown->n_vehicles, 0);
    uint64_t other = make_household(stage, "B-2", "周九", "13812340001");
    request.id = other;
    assert_refused(
        CALL(stage->tech, DIR_HOUSEHOLD_SHOW, &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "record");
    request.id = id;
    record.open = false;
    gj_direct_put(stage->direct, GJ_TABLE_RECORD, record.id, &record);
    assert_refused(CALL(stage->tech, DIR_HOUSEHOLD_SHOW, &request), GJ__V1__STATUS__DENIED, "not_related", NULL);
}

/* Whoever uses a borrowed role does so on record. */
static void test_borrowed_role(void **state)
{
    struct stage *stage = *state;
    Gj__Stored__Delegation lent = GJ__STORED__DELEGATION__INIT;
    Gj__V1__AssetPutRequest put = GJ__V1__ASSET_PUT_REQUEST__INIT;
    Gj__V1__Asset asset = GJ__V1__ASSET__INIT;
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    lent.id = 1;
    lent.from_user = stage->lead;
    lent.to_user = stage->agent;
    lent.role = "cs_lead";
    lent.office = stage->office;
    lent.from = gj_direct_now(stage->direct) - 1;
    lent.until = gj_direct_now(stage->direct) + 1000000;
    gj_direct_put(stage->direct, GJ_TABLE_DELEGATION, lent.id, &lent);
    put.asset = &asset;
    asset.office = stage->office;
    asset.code = "GATE";
    asset.name = "东门";
    const struct gj_result *result = CALL(stage->agent, DIR_ASSET_PUT, &put);
    assert_ok(result);
    assert_true(gj_entry_get(gj_direct_look(stage->direct), result->written.event, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    assert_true(entry.has_acting_for);
    assert_int_equal(entry.acting_for, stage->lead);
    assert_int_equal(entry.actor, stage->agent);
    assert_string_equal(entry.role.text, "cs_lead");
}

static void test_bad_households(void **state)
{
    struct stage *stage = *state;
    Gj__V1__HouseholdPutRequest request = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    Gj__V1__Person person;
    Gj__V1__Person *persons[] = {&person};
    char *phones[] = {"not a number"};
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__INVALID, "field_missing", "household");
    request.household = &household;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__INVALID, "field_missing", "office");
    household.office = stage->office;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__INVALID, "field_missing", "room");
    household.room = "1-1";
    household.completed_at = INT64_MAX;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__INVALID, "field_range", "completed_at");
    household.completed_at = 0;
    household.building = 44;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "building");
    household.building = 0;
    person_init(&person, "王", phones, 1);
    household.persons = persons;
    household.n_persons = 1;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__INVALID, "field_phone", "phones");
    person.n_phones = 0;
    household.office = stage->other;
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__DENIED, "other_office", NULL);
    household.office = 77;
    assert_refused(
        CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office");
}

/* Nothing personal may be left in plain in the main store. */
static void test_nothing_in_plain(void **state)
{
    static const char *const secrets[] = {"王小明", "13800138000", "粤B99999", "8000"};
    struct stage *stage = *state;
    (void)make_household(stage, "9-909", "王小明", "13800138000");
    struct gj_txn *txn = gj_direct_look(stage->direct);
    for (unsigned table = 0; table < GJ_TABLE_COUNT; table++) {
        struct gj_iter iter;
        gj_iter_range(&iter, txn, (enum gj_table)table, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            for (size_t i = 0; i < sizeof secrets / sizeof secrets[0] - 1; i++) {
                assert_null(memmem(iter.value.data, iter.value.len, secrets[i], strlen(secrets[i])));
            }
        }
        gj_iter_close(&iter);
    }
}

/* The nth step fails in the machinery: the store is as before, and the same request goes through afterwards. */
static void test_every_step_fails(void **state)
{
    static const char *const prefixes[] = {
        "txn.put", "vault.put", "vault.commit", "txn.commit", "arena.alloc", "vault.alloc"};
    static char rooms[][8] = {"7-8", "7-9", "7-10", "7-11", "7-12", "7-13"};
    struct stage *stage = *state;
    Gj__V1__HouseholdPutRequest request = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    Gj__V1__Person person;
    Gj__V1__Person *persons[] = {&person};
    char *phones[] = {"13500000000"};
    uint8_t before[32], after[32];
    person_init(&person, "赵六", phones, 1);
    household.office = stage->office;
    household.room = "7-7";
    household.persons = persons;
    household.n_persons = 1;
    request.household = &household;
    (void)make_household(stage, "7-6", "钱七", "13500000001");
    for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
        for (uint64_t nth = 1; nth < 200; nth++) {
            gj_direct_digest(stage->direct, before);
            gj_direct_fail(stage->direct, prefixes[p], nth);
            const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request);
            if (!gj_direct_failed(stage->direct)) {
                assert_ok(result);
                household.room = rooms[p];
                break;
            }
            assert_int_not_equal(result->status, GJ__V1__STATUS__OK);
            gj_direct_digest(stage->direct, after);
            if (memcmp(before, after, sizeof before) != 0) {
                /* Only the answer was lost, for want of memory: sent again, the write is known. */
                assert_string_equal(prefixes[p], "arena.alloc");
                gj_direct_same_key(stage->direct);
                result = CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request);
                assert_ok(result);
                assert_true(result->written.repeated);
                assert_int_equal(result->entries, 0);
                household.room = rooms[p];
                break;
            }
        }
    }
}

/* ---- assets, staff, contractors, callers ---- */

/* A change that does not name the building keeps it; it goes when it is said to go. */
static void what_is_not_said_stays(struct stage *stage)
{
    Gj__V1__BuildingCreateRequest create = GJ__V1__BUILDING_CREATE_REQUEST__INIT;
    Gj__V1__Building building = GJ__V1__BUILDING__INIT;
    create.building = &building;
    building.office = stage->office;
    building.code = "K9";
    building.name = "水泵房";
    const struct gj_result *result = CALL(stage->admin, DIR_BUILDING_CREATE, &create);
    assert_ok(result);
    Gj__V1__AssetPutRequest put = GJ__V1__ASSET_PUT_REQUEST__INIT;
    Gj__V1__Asset asset = GJ__V1__ASSET__INIT;
    put.asset = &asset;
    asset.office = stage->office;
    asset.building = result->written.id;
    asset.code = "PUMP-1";
    asset.name = "水泵";
    asset.kind = "pump";
    result = CALL(stage->lead, DIR_ASSET_PUT, &put);
    assert_ok(result);
    Gj__V1__Asset change = GJ__V1__ASSET__INIT;
    put.asset = &change;
    put.revision = 1;
    change.id = result->written.id;
    change.office = stage->office;
    change.name = "生活水泵";
    assert_ok(CALL(stage->lead, DIR_ASSET_PUT, &put));
    Gj__Stored__Asset *row = NULL;
    struct gj_key key = gj_key_of_u64(change.id);
    assert_true(gj_record_load(gj_direct_look(stage->direct), GJ_TABLE_ASSET, &key, &gj__stored__asset__descriptor,
        gj_direct_arena(stage->direct), (void **)&row));
    assert_int_equal(row->building, asset.building);
    assert_string_equal(row->code, "PUMP-1");
    char *clear[] = {"building"};
    put.clear = clear;
    put.n_clear = 1;
    put.revision = 2;
    assert_ok(CALL(stage->lead, DIR_ASSET_PUT, &put));
    clear[0] = "no_such_field";
    put.revision = 3;
    assert_refused(CALL(stage->lead, DIR_ASSET_PUT, &put), GJ__V1__STATUS__INVALID, "field_unknown", "clear");
}

static void test_assets(void **state)
{
    struct stage *stage = *state;
    Gj__V1__AssetPutRequest put = GJ__V1__ASSET_PUT_REQUEST__INIT;
    Gj__V1__Asset asset = GJ__V1__ASSET__INIT;
    Gj__V1__AssetListRequest list = GJ__V1__ASSET_LIST_REQUEST__INIT;
    put.asset = &asset;
    asset.office = stage->office;
    asset.code = "LIFT-3-1";
    asset.name = "三栋一号梯";
    asset.kind = "lift";
    const struct gj_result *result = CALL(stage->lead, DIR_ASSET_PUT, &put);
    assert_ok(result);
    asset.id = result->written.id;
    put.revision = 1;
    asset.code = "LIFT-3-2";
    assert_ok(CALL(stage->lead, DIR_ASSET_PUT, &put));
    assert_refused(CALL(stage->lead, DIR_ASSET_PUT, &put), GJ__V1__STATUS__CONFLICT, "conflict", "revision");
    asset.id = 0;
    assert_refused(CALL(stage->lead, DIR_ASSET_PUT, &put), GJ__V1__STATUS__REFUSED, "already_exists", "code");
    asset.code = "LIFT-3-1";
    assert_ok(CALL(stage->lead, DIR_ASSET_PUT, &put));
    assert_refused(CALL(stage->tech, DIR_ASSET_PUT, &put), GJ__V1__STATUS__DENIED, "no_right", NULL);
    what_is_not_said_stays(stage);
    list.office = stage->office;
    const Gj__V1__AssetList *assets = (const Gj__V1__AssetList *)CALL(stage->tech, DIR_ASSET_LIST, &list)->body;
    assert_int_equal(assets->n_assets, 3);
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(assets->assets[i]->code, "PUMP-1") == 0) {
            assert_string_equal(assets->assets[i]->name, "生活水泵");
            assert_int_equal(assets->assets[i]->building, 0);
            assert_string_equal(assets->assets[i]->kind, "pump");
        }
    }
}

static void test_staff(void **state)
{
    struct stage *stage = *state;
    Gj__V1__StaffPutRequest put = GJ__V1__STAFF_PUT_REQUEST__INIT;
    Gj__V1__Staff staff = GJ__V1__STAFF__INIT;
    Gj__V1__Certificate certificate = GJ__V1__CERTIFICATE__INIT;
    Gj__V1__Certificate *certificates[] = {&certificate};
    char *trades[] = {"electrician"};
    Gj__V1__StaffListRequest list = GJ__V1__STAFF_LIST_REQUEST__INIT;
    put.staff = &staff;
    staff.user = stage->tech;
    staff.office = stage->office;
    staff.name = "陈师傅";
    staff.phone = "13612345678";
    staff.trades = trades;
    staff.n_trades = 1;
    certificate.name = "低压电工作业证";
    certificate.valid_until = GJ_DIRECT_START_MS;
    staff.certificates = certificates;
    staff.n_certificates = 1;
    assert_ok(CALL(stage->lead, DIR_STAFF_PUT, &put));
    put.revision = 1;
    Gj__V1__Staff promoted = GJ__V1__STAFF__INIT;
    promoted.user = stage->tech;
    promoted.office = stage->office;
    promoted.post = "班长"; /* the rest stays, the sealed number too */
    put.staff = &promoted;
    assert_ok(CALL(stage->lead, DIR_STAFF_PUT, &put));
    put.staff = &staff;
    assert_refused(CALL(stage->lead, DIR_STAFF_PUT, &put), GJ__V1__STATUS__CONFLICT, "conflict", "revision");
    trades[0] = "wizard";
    put.revision = 2;
    assert_refused(CALL(stage->lead, DIR_STAFF_PUT, &put), GJ__V1__STATUS__INVALID, "field_choice", "trades");
    list.office = stage->office;
    list.trade = "electrician";
    const Gj__V1__StaffList *found = (const Gj__V1__StaffList *)CALL(stage->agent, DIR_STAFF_LIST, &list)->body;
    assert_int_equal(found->n_staff, 1);
    assert_string_equal(found->staff[0]->phone, "13612345678");
    assert_string_equal(found->staff[0]->post, "班长");
    /* Whose reading must be recorded sees no numbers in a list that is not. */
    found = (const Gj__V1__StaffList *)CALL(stage->auditor, DIR_STAFF_LIST, &list)->body;
    assert_string_equal(found->staff[0]->phone, "");
    list.trade = "plumber";
    found = (const Gj__V1__StaffList *)CALL(stage->agent, DIR_STAFF_LIST, &list)->body;
    assert_int_equal(found->n_staff, 0);
}

static void test_contractors_and_callers(void **state)
{
    struct stage *stage = *state;
    Gj__V1__ContractorPutRequest put = GJ__V1__CONTRACTOR_PUT_REQUEST__INIT;
    Gj__V1__Contractor contractor = GJ__V1__CONTRACTOR__INIT;
    Gj__V1__ContractorListRequest list = GJ__V1__CONTRACTOR_LIST_REQUEST__INIT;
    put.contractor = &contractor;
    assert_refused(CALL(stage->lead, DIR_CONTRACTOR_PUT, &put), GJ__V1__STATUS__INVALID, "field_missing", "name");
    contractor.name = "安达电梯";
    contractor.phone = "400-800-1234";
    const struct gj_result *result = CALL(stage->lead, DIR_CONTRACTOR_PUT, &put);
    assert_ok(result);
    contractor.id = result->written.id;
    put.revision = 1;
    assert_ok(CALL(stage->lead, DIR_CONTRACTOR_PUT, &put));
    assert_refused(CALL(stage->tech, DIR_CONTRACTOR_PUT, &put), GJ__V1__STATUS__DENIED, "no_right", NULL);
    const Gj__V1__ContractorList *found =
        (const Gj__V1__ContractorList *)CALL(stage->lead, DIR_CONTRACTOR_LIST, &list)->body;
    assert_int_equal(found->n_contractors, 1);

    Gj__V1__CallerPutRequest caller = GJ__V1__CALLER_PUT_REQUEST__INIT;
    caller.office = stage->office;
    caller.name = "路人甲";
    assert_refused(CALL(stage->agent, DIR_CALLER_PUT, &caller), GJ__V1__STATUS__INVALID, "field_missing", "phone");
    caller.phone = "13400000000";
    result = CALL(stage->agent, DIR_CALLER_PUT, &caller);
    assert_ok(result);
    uint64_t id = result->written.id;
    /* The same number in the same office is the same caller. */
    caller.name = "路人乙";
    result = CALL(stage->agent, DIR_CALLER_PUT, &caller);
    assert_ok(result);
    assert_int_equal(result->written.id, id);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_offices),
        TEST(test_regions_and_buildings),
        TEST(test_household_life),
        TEST(test_persons_and_vehicles),
        TEST(test_find),
        TEST(test_own_job),
        TEST(test_borrowed_role),
        TEST(test_bad_households),
        TEST(test_nothing_in_plain),
        TEST(test_every_step_fails),
        TEST(test_assets),
        TEST(test_staff),
        TEST(test_contractors_and_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
