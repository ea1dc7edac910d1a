/* Every call of the daemon, with memory refused at its first allocation, its second, and so on until it needs no more:
 * each time the answer is an error or the right one, a failure has changed nothing, an answer that was lost is given
 * when the request is sent again, and the daemon goes on. One line of the table for each call; a call without a line,
 * and without a reason why it has none, fails the test. The lines are a story: what one makes the next ones use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/work_world.h"
#include "service/table.h"
#include "store/store.h"

#define STEPS_MAX 5000

enum who { ADMIN, AGENT, LEAD, DIRECTOR, QA, QA2, AUDITOR, NEWCOMER, PEOPLE };

struct stage {
    struct world *world;
    uint64_t people[PEOPLE];
    uint64_t made; /* what the last write made or changed */
    uint64_t revision;
    uint64_t ticket, household, device;
};

/* Fields of the request by name, with a dot into a message and a bar between them; $ names something of the stage. */
struct line {
    Gj__V1__Call call;
    enum who who;
    const char *request;
};

#define CALL(name) GJ__V1__CALL__##name

static const struct line lines[] = {
    {CALL(SESSION_WHOAMI), AGENT, ""},
    {CALL(SESSION_SUBSCRIBE), AGENT, "from_now=1"},
    {CALL(SESSION_UNSUBSCRIBE), AGENT, "id=1"},
    {CALL(ADMIN_INVITE), ADMIN,
        "office=$office|device_class=desk|token=0123456789abcdef|secret=0123456789abcdef0123456789abcdef|note=n"},
    {CALL(ADMIN_USER_CREATE), ADMIN, "login=neu|name=Neu|password=first-password|office=$office"},
    {CALL(SESSION_SET_PASSWORD), NEWCOMER, "old_password=first-password|new_password=second-password"},
    {CALL(ADMIN_USER_RESET_PASSWORD), ADMIN, "user=$newcomer|new_password=third-password"},
    {CALL(ADMIN_ROLE_GRANT), ADMIN, "user=$newcomer|role=tech|office=$office|reason=r"},
    {CALL(ADMIN_ROLE_REVOKE), ADMIN, "user=$newcomer|role=tech|office=$office|reason=r"},
    {CALL(ADMIN_USER_LIST), ADMIN, "office=$office"},
    {CALL(ADMIN_DEVICE_LIST), ADMIN, ""},
    {CALL(ADMIN_DELEGATE), DIRECTOR, "to_user=$lead|role=director|office=$office|from=$now|until=$tomorrow|reason=r"},
    {CALL(ADMIN_DELEGATION_LIST), DIRECTOR, "office=$office"},
    {CALL(ADMIN_DELEGATION_END), DIRECTOR, "id=$made"},
    {CALL(ADMIN_STATUS), ADMIN, ""},
    {CALL(ADMIN_ROSTER_SET), DIRECTOR,
        "office=$office|from=$now|until=$tomorrow|lines.office=$office|lines.role=duty_director|lines.user=$lead|"
        "lines.from=$now|lines.until=$tomorrow"},
    {CALL(ADMIN_ROSTER_LIST), DIRECTOR, "office=$office|at=$now"},
    {CALL(ADMIN_ROSTER_COVER), DIRECTOR,
        "office=$office|role=duty_director|user=$agent|covers=$lead|from=$now|until=$soon"},
    {CALL(ADMIN_ROSTER_GAPS), DIRECTOR, "office=$office"},
    {CALL(ADMIN_DUTY_LIST), DIRECTOR, "office=$office|at=$now"},
    {CALL(ADMIN_ABSENCE_SET), LEAD, "user=$agent|from=$now|until=$tomorrow|reason=r"},
    {CALL(ADMIN_USER_DISABLE), ADMIN, "user=$newcomer|reason=r"},
    {CALL(ADMIN_DEVICE_REVOKE), ADMIN, "device=$device|reason=r"},
    {CALL(DIR_REGION_CREATE), ADMIN, "region.code=WEST|region.name=West"},
    {CALL(DIR_REGION_LIST), ADMIN, ""},
    {CALL(DIR_OFFICE_CREATE), ADMIN, "office.code=0077|office.name=Neu|office.region=1"},
    {CALL(DIR_OFFICE_LIST), ADMIN, ""},
    {CALL(DIR_BUILDING_CREATE), ADMIN, "building.office=$office|building.code=3|building.name=B"},
    {CALL(DIR_BUILDING_LIST), AGENT, "office=$office"},
    {CALL(DIR_HOUSEHOLD_CREATE), AGENT,
        "household.office=$office|household.room=4-1-101|household.occupancy=1|household.persons.name=N|"
        "household.persons.phones=13912345678|household.persons.relation=1"},
    {CALL(DIR_PERSON_PUT), AGENT, "household=$made|revision=$revision|person.name=M|person.relation=2"},
    {CALL(DIR_HOUSEHOLD_SHOW), AGENT, "id=$household|purpose=call"},
    {CALL(DIR_HOUSEHOLD_FIND), AGENT, "office=$office|room=4-1-101|purpose=call"},
    {CALL(DIR_CALLER_PUT), AGENT, "office=$office|name=N|phone=13912345679"},
    {CALL(DIR_ASSET_PUT), LEAD, "asset.office=$office|asset.code=P1|asset.name=Pump|asset.kind=pump"},
    {CALL(DIR_ASSET_LIST), AGENT, "office=$office"},
    {CALL(DIR_STAFF_PUT), LEAD, "staff.user=$agent|staff.office=$office|staff.name=A|staff.trades=plumber"},
    {CALL(DIR_STAFF_LIST), AGENT, "office=$office"},
    {CALL(DIR_CONTRACTOR_LIST), AGENT, ""},
    {CALL(DISPATCH_INTAKE), AGENT,
        "office=$office|channel=phone|household=$household|place=3-2-1801|contact_name=N|contact_phone=13812345678|"
        "description=the tap in the kitchen "
        "drips|category=WAT-03|area=household|priority=2|expected_response_told=1|read_back=1"},
    {CALL(RECORD_SHOW), AGENT, "id=$ticket|purpose=ticket|history=1"},
    {CALL(RECORD_LIST), AGENT, "kind=repair_ticket|office=$office"},
    {CALL(RECORD_HISTORY), AGENT, "id=$ticket"},
    {CALL(RECORD_ACTIONS), AGENT, "id=$ticket"},
    {CALL(RECORD_ACT), AGENT, "id=$ticket|revision=$revision|act=note|note=n"},
    {CALL(RECORD_AMEND), LEAD, "id=$ticket|revision=$revision|fields.key=place|fields.text=3-2-1802|reason=r"},
    {CALL(DISPATCH_BOARD), LEAD, "office=$office"},
    {CALL(DISPATCH_WHY), LEAD, "id=$ticket"},
    {CALL(ATTACHMENT_BEGIN), AGENT, "office=$office|media_type=image/jpeg|size=100"},
    {CALL(KIND_LIST), AGENT, "kind=repair_ticket"},
    {CALL(OBLIGATION_LIST), LEAD, "office=$office|from=$now|until=$tomorrow"},
    {CALL(DRAW), QA, "what=household|office=$office|count=1"},
    {CALL(INBOX_LIST), AGENT, ""},
    {CALL(POLICY_LIST), AGENT, ""},
    {CALL(POLICY_GET), QA, "name=settings.yaml"},
    {CALL(WEATHER_MODE), DIRECTOR, "office=$office|on=1|reason=r"},
    {CALL(AUDIT_ENTRIES), AUDITOR, "limit=5"},
    {CALL(AUDIT_HEAD), AUDITOR, ""},
};

/* Calls that are tried elsewhere, or that this stage cannot make. */
static const struct {
    Gj__V1__Call call;
    const char *why;
} left_out[] = {
    {CALL(SESSION_LOGIN), "the newcomer has no role where the stage's desk stands; SESSION_SET_PASSWORD defers alike"},
    {CALL(SESSION_RESUME), "needs the token of a login"},
    {CALL(SESSION_LOGOUT), "ends the session that the stage binds by hand"},
    {CALL(SESSION_ENROL), "on an enrolling channel only: tests/net/test_session.c"},
    {CALL(ADMIN_ROLE_APPROVE), "test_admin.c fails every step of role changes"},
    {CALL(ADMIN_BACKUP), "needs the daemon's backups: tests/store/test_backup.c fails each of their steps"},
    {CALL(ADMIN_CLOCK_CONFIRM), "needs a held clock: tests/core/test_health.c"},
    {CALL(DIR_OFFICE_CHANGE), "the same prepare as DIR_OFFICE_CREATE"},
    {CALL(DIR_HOUSEHOLD_CHANGE), "the same prepare and apply as DIR_HOUSEHOLD_CREATE and DIR_PERSON_PUT"},
    {CALL(DIR_VEHICLE_PUT), "the same prepare and apply as DIR_PERSON_PUT"},
    {CALL(DIR_CONTRACTOR_PUT), "the same apply as DIR_STAFF_PUT"},
    {CALL(DIR_IMPORT_BEGIN), "imports have a test of their own: test_import.c"},
    {CALL(DIR_IMPORT_CHUNK), "test_import.c"},
    {CALL(DIR_IMPORT_REPORT), "test_import.c"},
    {CALL(DIR_IMPORT_COMMIT), "test_import.c"},
    {CALL(DIR_IMPORT_ABANDON), "test_import.c"},
    {CALL(RECORD_CREATE), "the same engine as DISPATCH_INTAKE"},
    {CALL(RECORD_LINK), "the same engine as RECORD_AMEND"},
    {CALL(RECORD_ADDENDUM), "needs a closed record; the same engine as RECORD_AMEND"},
    {CALL(RECORD_APPROVE), "needs a waiting act; the same engine as RECORD_ACT"},
    {CALL(RECORD_IMPORT), "the same engine as DISPATCH_INTAKE"},
    {CALL(RECORD_IMPORT_CHECK), "the same prepare as RECORD_IMPORT"},
    {CALL(ATTACHMENT_CHUNK), "needs an upload under way: tests/store/test_blob.c fails each of its steps"},
    {CALL(ATTACHMENT_COMMIT), "tests/store/test_blob.c"},
    {CALL(ATTACHMENT_READ), "tests/store/test_blob.c"},
    {CALL(OWNER_CODE), "needs a ticket whose work is done; the same engine as RECORD_ACT"},
    {CALL(INBOX_ACK), "needs a notice; one row is rewritten"},
    {CALL(POLICY_PROPOSE), "tests/policy/test_memory.c refuses every allocation of reading a policy"},
    {CALL(POLICY_STAGE), "a piece is kept as it is"},
    {CALL(POLICY_APPROVE), "tests/policy/test_memory.c"},
    {CALL(CALENDAR_PROPOSE), "tests/common/test_calendar.c"},
    {CALL(CALENDAR_APPROVE), "tests/common/test_calendar.c"},
    {CALL(LIMIT_PROPOSE), "a row of the policy's limits; test_policy_calls.c"},
    {CALL(LIMIT_APPROVE), "test_policy_calls.c"},
};

/* ---- requests ---- */

static uint64_t value_of(struct stage *stage, const char *text)
{
    struct world *w = stage->world;
    const struct {
        const char *name;
        uint64_t value;
    } names[] = {{"$office", w->office}, {"$household", stage->household}, {"$ticket", stage->ticket},
        {"$made", stage->made}, {"$revision", stage->revision}, {"$device", stage->device},
        {"$agent", stage->people[AGENT]}, {"$lead", stage->people[LEAD]}, {"$newcomer", stage->people[NEWCOMER]},
        {"$soon", (uint64_t)(gj_direct_now(w->direct) + DAY / 24)}, {"$now", (uint64_t)gj_direct_now(w->direct)},
        {"$tomorrow", (uint64_t)(gj_direct_now(w->direct) + DAY)}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, text) == 0) {
            return names[i].value;
        }
    }
    return strtoull(text, NULL, 10);
}

/* Room for a value: the field itself, or the only element of a list. */
static void *place_of(
    struct stage *stage, ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t size)
{
    uint8_t *base = (uint8_t *)message;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
            *(uint32_t *)(void *)(base + field->quantifier_offset) = field->id;
        }
        return base + field->offset;
    }
    void **list = (void **)(void *)(base + field->offset);
    if (*list == NULL) {
        *list = gj_arena_calloc(gj_direct_arena(stage->world->direct), 1, size);
        *(size_t *)(void *)(base + field->quantifier_offset) = 1;
    }
    return *list;
}

static void set(struct stage *stage, ProtobufCMessage *message, char *path, char *text)
{
    struct gj_arena *arena = gj_direct_arena(stage->world->direct);
    char *rest = strchr(path, '.');
    if (rest != NULL) {
        *rest++ = '\0';
    }
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, path);
    if (field == NULL) {
        fail_msg("%s has no %s", message->descriptor->name, path);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage **inner = place_of(stage, message, field, sizeof *inner);
        if (*inner == NULL) {
            const ProtobufCMessageDescriptor *type = field->descriptor;
            *inner = gj_arena_calloc(arena, 1, type->sizeof_message);
            protobuf_c_message_init(type, *inner);
        }
        set(stage, *inner, rest, text);
        return;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)place_of(stage, message, field, sizeof(char *)) = text;
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)place_of(stage, message, field, sizeof(ProtobufCBinaryData)) =
            (ProtobufCBinaryData){.data = (uint8_t *)text, .len = strlen(text)};
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        *(uint64_t *)place_of(stage, message, field, 8) = value_of(stage, text);
        break;
    default:
        *(uint32_t *)place_of(stage, message, field, 4) = (uint32_t)value_of(stage, text);
        break;
    }
}

static ProtobufCMessage *request_of(struct stage *stage, const struct line *line)
{
    struct gj_arena *arena = gj_direct_arena(stage->world->direct);
    const struct gj_call *call = gj_core_call(gj_direct_core(stage->world->direct), (uint16_t)line->call);
    assert_non_null(call);
    ProtobufCMessage *message = gj_arena_calloc(arena, 1, call->request->sizeof_message);
    protobuf_c_message_init(call->request, message);
    char *rest = gj_arena_strdup(arena, line->request);
    for (char *pair = strtok_r(rest, "|", &rest); pair != NULL; pair = strtok_r(NULL, "|", &rest)) {
        char *text = strchr(pair, '=');
        assert_non_null(text);
        *text++ = '\0';
        set(stage, message, pair, text);
    }
    return message;
}

/* ---- one call ---- */

static uint64_t last_commit(struct stage *stage)
{
    struct gj_store_info info;
    assert_int_equal(gj_store_info(gj_direct_core(stage->world->direct)->store, &info), GJ_OK);
    return info.last_txn;
}

static void wrong(const struct line *line, uint64_t nth, const struct gj_result *result)
{
    fail_msg("call %#x with allocation %llu refused: status %d, %s (%s) %s", (unsigned)line->call,
        (unsigned long long)nth, (int)result->status, result->code, result->field,
        result->n_params > 0 ? result->params[0] : "");
}

static bool is_failure(const struct gj_result *result)
{
    return result->status == GJ__V1__STATUS__INTERNAL || result->status == GJ__V1__STATUS__UNAVAILABLE ||
           result->status == GJ__V1__STATUS__BUSY || result->status == GJ__V1__STATUS__TOO_LARGE;
}

static void keep(struct stage *stage, const struct line *line, const struct gj_result *result)
{
    if (result->written.id != 0) {
        stage->made = result->written.id;
        stage->revision = result->written.revision;
    }
    if (line->call == CALL(ADMIN_USER_CREATE)) {
        stage->people[NEWCOMER] = stage->made;
    } else if (line->call == CALL(DISPATCH_INTAKE)) {
        stage->ticket = stage->made;
    }
}

/* Gives how many refusals it took. A write is done once its commit was reached, with its answer or without. */
static uint64_t refuse_one_by_one(struct stage *stage, const struct line *line)
{
    struct gj_direct *direct = stage->world->direct;
    const ProtobufCMessage *request = request_of(stage, line);
    const struct gj_call *call = gj_core_call(gj_direct_core(direct), (uint16_t)line->call);
    for (uint64_t nth = 1; nth < STEPS_MAX; nth++) {
        uint64_t before = last_commit(stage);
        gj_direct_fail(direct, "arena.alloc", nth);
        const struct gj_result *result = gj_direct_call(direct, stage->people[line->who], line->call, request);
        bool refused = gj_direct_failed(direct);
        bool failed = result->status != GJ__V1__STATUS__OK;
        if (failed && !(refused && is_failure(result))) {
            wrong(line, nth, result);
        }
        if (failed && call->apply != NULL && call->read == NULL && last_commit(stage) != before) {
            /* Only the answer was lost, for want of memory: sent again, the write is known. */
            gj_direct_same_key(direct);
            result = gj_direct_call(direct, stage->people[line->who], line->call, request);
            if (result->status != GJ__V1__STATUS__OK || !result->written.repeated) {
                wrong(line, nth, result);
            }
            failed = false;
        }
        bool write = call->apply != NULL && call->read == NULL;
        if (!failed && (write || !refused)) {
            keep(stage, line, result);
            return nth;
        }
    }
    fail_msg("call %#x never needs less than %d allocations", (unsigned)line->call, STEPS_MAX);
    return 0;
}

static void each_allocation_fails_once(void **state)
{
    struct stage *stage = *state;
    uint64_t refusals = 0;
    const Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    assert_ok(gj_direct_call(stage->world->direct, stage->people[AGENT], CALL(SESSION_WHOAMI), &empty));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        refusals += refuse_one_by_one(stage, &lines[i]);
    }
    assert_true(refusals > 10 * sizeof lines / sizeof lines[0]);
    world_check_indexes(stage->world);
    gj_direct_reopen(stage->world->direct);
    world_check_indexes(stage->world);
}

/* Nobody has asked for the policy in force since it was made: it is read and compiled now, or else nothing is done. */
static void a_policy_without_room_is_tried_again(void **state)
{
    struct stage *stage = *state;
    const struct line line = {CALL(SESSION_WHOAMI), AGENT, ""};
    const ProtobufCMessage *request = request_of(stage, &line);
    unsigned refused = 0;
    for (uint64_t nth = 1; nth < 4000; nth = nth * 3 + 1) {
        gj_direct_fail(stage->world->direct, "arena.alloc", nth);
        const struct gj_result *result = gj_direct_call(stage->world->direct, stage->people[AGENT], line.call, request);
        if (gj_direct_failed(stage->world->direct)) {
            assert_true(is_failure(result));
            refused++;
        }
    }
    assert_true(refused > 3);
    assert_ok(gj_direct_call(stage->world->direct, stage->people[AGENT], line.call, request));
}

static void every_call_has_a_line_or_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; gj_service_table[i] != NULL; i++) {
        for (size_t k = 0; k < gj_service_table[i]->n_calls; k++) {
            const struct gj_call *call = &gj_service_table[i]->calls[k];
            unsigned found = (call->flags & GJ_CALL_SYSTEM) != 0;
            for (size_t n = 0; n < sizeof lines / sizeof lines[0]; n++) {
                found += lines[n].call == (Gj__V1__Call)call->number;
            }
            for (size_t n = 0; n < sizeof left_out / sizeof left_out[0]; n++) {
                found += left_out[n].call == (Gj__V1__Call)call->number && left_out[n].why[0] != '\0';
            }
            if (found == 0) {
                fail_msg("call %s is not tried", call->name);
            }
        }
    }
}

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    struct world *w = stage->world = world_open();
    stage->people[ADMIN] = gj_direct_user(w->direct, "admin", "sysadmin", 0, 0);
    stage->people[AGENT] = w->agent;
    stage->people[LEAD] = w->lead;
    stage->people[DIRECTOR] = w->director;
    stage->people[QA] = w->qa;
    stage->people[AUDITOR] = w->auditor;
    stage->household = w->household;
    stage->device = gj_direct_device(w->direct, w->office, "desk");
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;
    world_close(stage->world);
    free(stage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_policy_without_room_is_tried_again, setup, teardown),
        cmocka_unit_test_setup_teardown(each_allocation_fails_once, setup, teardown),
        cmocka_unit_test(every_call_has_a_line_or_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
