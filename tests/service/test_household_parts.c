/* Who sees which part of a household's file: the policy's table of permissions, role by role, through the real calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/direct.h"
#include "proto/directory.pb-c.h"
#include "store/stored.pb-c.h"

struct stage {
    struct gj_direct *direct;
    uint64_t office, agent;
};

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->direct = gj_direct_open();
    stage->office = gj_direct_office(stage->direct, gj_direct_region(stage->direct, "SOUTH"), "0001");
    stage->agent = gj_direct_user(stage->direct, "agent", "cs_agent", stage->office, 0);
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

static const Gj__V1__HouseholdList *find(struct stage *stage, uint64_t user, Gj__V1__HouseholdFindRequest *request)
{
    request->purpose = "call";
    const struct gj_result *result = CALL(user, DIR_HOUSEHOLD_FIND, request);
    assert_ok(result);
    return (const Gj__V1__HouseholdList *)result->body;
}

enum { NAME = 1, PHONE = 2, CONTACT = 4, PERSONS = 8, VULNERABLE = 16, VEHICLES = 32, BILLING = 64 };
#define EVERYTHING 127

/* The parts that a reader was given. */
static unsigned parts_of(const Gj__V1__Household *shown)
{
    const Gj__V1__Person *person = shown->n_persons > 0 ? shown->persons[0] : NULL;
    unsigned parts = 0;
    parts |= person != NULL && person->name[0] != '\0' && shown->name[0] != '\0' ? NAME : 0;
    parts |= person != NULL && person->n_phones > 0 ? PHONE : 0;
    parts |= person != NULL && person->preferred_hours[0] != '\0' ? CONTACT : 0;
    parts |= person != NULL && person->relation != GJ__V1__PERSON_RELATION__RELATION_UNKNOWN ? PERSONS : 0;
    parts |= person != NULL && person->vulnerable[0] != '\0' ? VULNERABLE : 0;
    parts |= shown->n_vehicles > 0 ? VEHICLES : 0;
    parts |= shown->area_cm2 != 0 && shown->occupancy != 0 ? BILLING : 0;
    return parts;
}

static uint64_t make_full_household(struct stage *stage)
{
    Gj__V1__HouseholdPutRequest request = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    Gj__V1__Person person;
    Gj__V1__Person *persons[] = {&person};
    Gj__V1__VehiclePutRequest car = GJ__V1__VEHICLE_PUT_REQUEST__INIT;
    Gj__V1__Vehicle vehicle = GJ__V1__VEHICLE__INIT;
    char *phones[] = {"13812340000"};
    gj__v1__person__init(&person);
    person.name = "孙八";
    person.phones = phones;
    person.n_phones = 1;
    person.relation = GJ__V1__PERSON_RELATION__OWNER;
    person.preferred_hours = "18:00-20:00";
    person.vulnerable = "独居老人";
    person.vulnerable_consent = true;
    household.office = stage->office;
    household.room = "C-1";
    household.name = "孙八";
    household.occupancy = GJ__V1__OCCUPANCY__OCCUPIED;
    household.area_cm2 = 893700;
    household.persons = persons;
    household.n_persons = 1;
    request.household = &household;
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &request);
    assert_ok(result);
    car.household = result->written.id;
    car.revision = 1;
    car.vehicle = &vehicle;
    vehicle.plate = "粤B88888";
    assert_ok(CALL(stage->agent, DIR_VEHICLE_PUT, &car));
    return car.household;
}

/* An open record about the household, so that there is work to show, and somebody whose job it is. */
static void put_job(struct stage *stage, uint64_t id, uint64_t household, uint64_t assignee)
{
    Gj__Stored__Record record = GJ__STORED__RECORD__INIT;
    record.id = id;
    record.office = stage->office;
    record.household = household;
    record.assignee = assignee;
    record.open = true;
    gj_direct_put(stage->direct, GJ_TABLE_RECORD, record.id, &record);
}

struct reader {
    const char *role;
    bool tied; /* sees a file by the work in hand alone */
    unsigned parts;
};

static void check_show(struct stage *stage, const struct reader *reader, uint64_t user, uint64_t id, uint64_t job)
{
    Gj__V1__HouseholdShowRequest request = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = "visit";
    request.record = reader->tied ? job : 0;
    const struct gj_result *result = CALL(user, DIR_HOUSEHOLD_SHOW, &request);
    assert_ok(result);
    const Gj__V1__Household *shown = (const Gj__V1__Household *)result->body;
    assert_int_equal(parts_of(shown), reader->parts);
    assert_string_equal(shown->room, "C-1");
    bool phones = (reader->parts & PHONE) != 0;
    if (phones) {
        assert_string_equal(shown->persons[0]->phones[0], reader->tied ? "13812340000" : "138****0000");
    }
    request.unmask_phone = true;
    if (!phones) {
        assert_refused(CALL(user, DIR_HOUSEHOLD_SHOW, &request), GJ__V1__STATUS__DENIED, "no_right", "unmask_phone");
        return;
    }
    result = CALL(user, DIR_HOUSEHOLD_SHOW, &request);
    assert_ok(result);
    shown = (const Gj__V1__Household *)result->body;
    assert_string_equal(shown->persons[0]->phones[0], "13812340000");
}

static void check_find(struct stage *stage, const struct reader *reader, uint64_t user)
{
    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = stage->office;
    request.room = "C-1";
    const Gj__V1__HouseholdList *list = find(stage, user, &request);
    assert_int_equal(list->n_households, 1);
    assert_int_equal(parts_of(list->households[0]), reader->parts & ~(unsigned)VULNERABLE);
    request.room = "";
    request.initials = "sb";
    assert_int_equal(find(stage, user, &request)->n_households, 1);
    request.initials = "";
    request.last4 = "0000";
    if ((reader->parts & PHONE) != 0) {
        assert_int_equal(find(stage, user, &request)->n_households, 1);
    } else {
        assert_refused(CALL(user, DIR_HOUSEHOLD_FIND, &request), GJ__V1__STATUS__DENIED, "no_right", "last4");
    }
}

/* The table of permissions names parts for some roles: each sees those and nothing else, and finds by them alone. */
static void test_parts_by_role(void **state)
{
    static const struct reader readers[] = {
        {"director", false, EVERYTHING},
        {"cs_lead", false, EVERYTHING},
        {"cs_agent", false, EVERYTHING},
        {"archivist", false, EVERYTHING},
        {"hq_qa", false, EVERYTHING},
        {"auditor", false, EVERYTHING},
        {"duty_director", false, NAME | PHONE | CONTACT},
        {"eng_lead", true, NAME | PHONE | CONTACT},
        {"tech", true, NAME | PHONE | CONTACT},
        {"cashier", false, NAME | BILLING},
        {"finance", false, NAME | BILLING},
        {"guard", false, NAME | VEHICLES},
    };
    struct stage *stage = *state;
    uint64_t id = make_full_household(stage);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        const struct reader *reader = &readers[i];
        bool company = strcmp(reader->role, "hq_qa") == 0 || strcmp(reader->role, "auditor") == 0;
        char login[32];
        (void)snprintf(login, sizeof login, "part%zu", i);
        uint64_t user = gj_direct_user(stage->direct, login, reader->role, company ? 0 : stage->office, 0);
        put_job(stage, 5000 + i, id, user);
        check_show(stage, reader, user, id, 5000 + i);
        if (!reader->tied) {
            check_find(stage, reader, user);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts_by_role, open_stage, close_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
