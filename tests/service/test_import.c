/* Imports of households and staff: preview, all or nothing, repeatable, invisible before their commit. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/limits.h"
#include "core/household.h"
#include "lib/direct.h"
#include "proto/admin.pb-c.h"
#include "proto/directory.pb-c.h"
#include "service/body.pb-c.h"
#include "store/record.h"
#include "store/vault.h"

struct stage {
    struct gj_direct *direct;
    uint64_t office, other;
    uint64_t admin, agent, lead, archivist, stranger;
};

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->direct = gj_direct_open();
    uint64_t region = gj_direct_region(stage->direct, "SOUTH");
    stage->office = gj_direct_office(stage->direct, region, "0001");
    stage->other = gj_direct_office(stage->direct, region, "0002");
    stage->admin = gj_direct_user(stage->direct, "admin", "sysadmin", 0, 0);
    stage->agent = gj_direct_user(stage->direct, "agent", "cs_agent", stage->office, 0);
    stage->lead = gj_direct_user(stage->direct, "lead", "cs_lead", stage->office, 0);
    stage->archivist = gj_direct_user(stage->direct, "archivist", "archivist", stage->office, 0);
    stage->stranger = gj_direct_user(stage->direct, "stranger", "cs_lead", stage->other, 0);
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

static const struct gj_result *begin(
    struct stage *stage, uint64_t user, const char *what, uint64_t office, const char *header)
{
    Gj__V1__ImportBeginRequest request = GJ__V1__IMPORT_BEGIN_REQUEST__INIT;
    request.what = (char *)(uintptr_t)what;
    request.office = office;
    request.header = (char *)(uintptr_t)header;
    return CALL(user, DIR_IMPORT_BEGIN, &request);
}

static const struct gj_result *chunk(
    struct stage *stage, uint64_t user, uint64_t import, uint32_t number, uint64_t first_line, const char *lines)
{
    Gj__V1__ImportChunkRequest request = GJ__V1__IMPORT_CHUNK_REQUEST__INIT;
    request.import = import;
    request.chunk = number;
    request.first_line = first_line;
    request.lines = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)lines, .len = strlen(lines)};
    return CALL(user, DIR_IMPORT_CHUNK, &request);
}

static const Gj__V1__ImportReport *report(struct stage *stage, uint64_t import, uint64_t after)
{
    Gj__V1__ImportReportRequest request = GJ__V1__IMPORT_REPORT_REQUEST__INIT;
    request.import = import;
    request.after_line = after;
    const struct gj_result *result = CALL(stage->lead, DIR_IMPORT_REPORT, &request);
    assert_ok(result);
    return (const Gj__V1__ImportReport *)result->body;
}

static const struct gj_result *end_import(struct stage *stage, uint64_t user, uint64_t import, bool commit)
{
    Gj__V1__ImportCommitRequest request = GJ__V1__IMPORT_COMMIT_REQUEST__INIT;
    request.import = import;
    return gj_direct_call(
        stage->direct, user, commit ? GJ__V1__CALL__DIR_IMPORT_COMMIT : GJ__V1__CALL__DIR_IMPORT_ABANDON, &request);
}

/* What the daemon does after the end of an import, until nothing is left. Returns the number of commands. */
static unsigned settle(struct stage *stage)
{
    Gj__Service__ImportStep step = GJ__SERVICE__IMPORT_STEP__INIT;
    unsigned count = 0;
    while (gj_txn_count(gj_direct_look(stage->direct), GJ_TABLE_STAGE) > 0) {
        assert_ok(gj_direct_system(stage->direct, GJ__V1__CALL__SYSTEM_IMPORT_STEP, &step));
        assert_true(++count < 1000);
    }
    return count;
}

/* Households that are found by a room, 0 or 1; *phone gets the first number of the first person when it is not masked
 * away. */
static size_t find_room(struct stage *stage, const char *room)
{
    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = stage->office;
    request.room = (char *)(uintptr_t)room;
    request.purpose = "call";
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request);
    assert_ok(result);
    return ((const Gj__V1__HouseholdList *)result->body)->n_households;
}

static size_t find_phone(struct stage *stage, const char *phone)
{
    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = stage->office;
    request.phone = (char *)(uintptr_t)phone;
    request.purpose = "call";
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_FIND, &request);
    assert_ok(result);
    return ((const Gj__V1__HouseholdList *)result->body)->n_households;
}

static const Gj__V1__Household *show_room(struct stage *stage, const char *room)
{
    Gj__V1__HouseholdShowRequest request = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    request.id = gj_household_by_room(gj_direct_look(stage->direct), stage->office, room);
    request.purpose = "call";
    request.unmask_phone = true;
    const struct gj_result *result = CALL(stage->agent, DIR_HOUSEHOLD_SHOW, &request);
    assert_ok(result);
    return (const Gj__V1__Household *)result->body;
}

/* What obligations are counted by. */
static void expect_count(struct stage *stage, uint64_t households, uint64_t vacant)
{
    Gj__Stored__Office *office = NULL;
    struct gj_key key = gj_key_of_u64(stage->office);
    assert_true(gj_record_load(gj_direct_look(stage->direct), GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor,
        gj_direct_arena(stage->direct), (void **)&office));
    assert_int_equal(office->households, households);
    assert_int_equal(office->vacant, vacant);
}

#define HEADER "房号,业主,业主电话,建筑面积,交付日期,入住状态,车牌"
#define LINES                                                                                                          \
    "1-101,王小明,13800000001,89.37,2021-06-30,自住,粤B11111\r\n"                                                \
    "1-102,\"李, 四\",13800000002;0755-81234567,101,2021/7/1,空置,\r\n"                                            \
    "1-103,欧阳修,13800000003,,2021年7月2日,出租,粤B33333、粤B33334\r\n"

static uint64_t import_three(struct stage *stage)
{
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, HEADER);
    assert_ok(result);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2, LINES));
    return import;
}

/* ---- households ---- */

static void test_all_or_nothing(void **state)
{
    struct stage *stage = *state;
    uint64_t import = import_three(stage);
    const Gj__V1__ImportReport *seen = report(stage, import, 0);
    assert_int_equal(seen->rows, 3);
    assert_int_equal(seen->added, 3);
    assert_int_equal(seen->bad, 0);
    assert_false(seen->committed);
    /* Staged rows are nobody's yet. */
    expect_count(stage, 0, 0);
    assert_int_equal(find_room(stage, "1-101"), 0);
    assert_int_equal(find_phone(stage, "13800000002"), 0);
    Gj__V1__HouseholdShowRequest show = GJ__V1__HOUSEHOLD_SHOW_REQUEST__INIT;
    show.id = gj_household_by_room(gj_direct_look(stage->direct), stage->office, "1-101");
    show.purpose = "call";
    assert_int_not_equal(show.id, 0);
    assert_refused(CALL(stage->agent, DIR_HOUSEHOLD_SHOW, &show), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
    const struct gj_result *result = end_import(stage, stage->lead, import, true);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    assert_int_equal(find_room(stage, "1-101"), 1);
    assert_int_equal(find_phone(stage, "0755 8123 4567"), 1);
    const Gj__V1__Household *household = show_room(stage, "1-102");
    assert_string_equal(household->persons[0]->name, "李, 四");
    assert_int_equal(household->persons[0]->n_phones, 2);
    assert_int_equal(household->area_cm2, 1010000);
    assert_int_equal(household->occupancy, GJ__V1__OCCUPANCY__VACANT);
    expect_count(stage, 3, 1);
    household = show_room(stage, "1-103");
    assert_int_equal(household->n_vehicles, 2);
    assert_refused(end_import(stage, stage->lead, import, true), GJ__V1__STATUS__REFUSED, "import_ended", "import");
    assert_int_equal(settle(stage), 1);
    assert_int_equal(find_room(stage, "1-101"), 1);
}

/* Who moves in or out, by file or by hand, is counted at once and once. */
static void test_vacancy_is_counted(void **state)
{
    struct stage *stage = *state;
    assert_ok(end_import(stage, stage->lead, import_three(stage), true));
    expect_count(stage, 3, 1);
    (void)settle(stage);
    expect_count(stage, 3, 1);
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, "房号,入住状态");
    assert_ok(result);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2, "1-101,空置\r\n1-103,空置\r\n1-104,空置\r\n1-105,自住\r\n"));
    expect_count(stage, 3, 1);
    assert_ok(end_import(stage, stage->lead, import, true));
    expect_count(stage, 5, 4);
    (void)settle(stage);
    expect_count(stage, 5, 4);
    Gj__V1__HouseholdPutRequest change = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    change.household = &household;
    household.id = gj_household_by_room(gj_direct_look(stage->direct), stage->office, "1-104");
    household.room = "1-104";
    household.occupancy = GJ__V1__OCCUPANCY__OCCUPIED;
    change.revision = 1;
    assert_ok(CALL(stage->agent, DIR_HOUSEHOLD_CHANGE, &change));
    expect_count(stage, 5, 3);
    household.id = 0;
    household.office = stage->office;
    household.room = "1-106";
    household.occupancy = GJ__V1__OCCUPANCY__VACANT;
    change.revision = 0;
    assert_ok(CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &change));
    expect_count(stage, 6, 4);
    result = begin(stage, stage->lead, "households", stage->office, "房号,入住状态");
    assert_ok(result);
    import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2, "1-107,空置\r\n"));
    assert_ok(end_import(stage, stage->lead, import, false));
    (void)settle(stage);
    expect_count(stage, 6, 4);
}

static void test_repeated(void **state)
{
    struct stage *stage = *state;
    assert_ok(end_import(stage, stage->lead, import_three(stage), true));
    (void)settle(stage);
    uint64_t changed = import_three(stage);
    const Gj__V1__ImportReport *seen = report(stage, changed, 0);
    assert_int_equal(seen->unchanged, 3);
    assert_int_equal(seen->added + seen->changed, 0);
    /* The same file with one other number and one new room: the preview says what, the rest is not written. */
    assert_ok(chunk(stage, stage->lead, changed, 1, 5, "1-104,赵六,13800000004,70,,,\n"));
    assert_ok(end_import(stage, stage->lead, changed, false));
    (void)settle(stage);
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, HEADER);
    assert_ok(result);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2,
        "1-101,王小明,13900000001,89.37,2021-06-30,自住,粤B11111\n1-102,,,,,,\n1-104,赵六,13800000004,70,,,\n"));
    seen = report(stage, import, 0);
    assert_int_equal(seen->changed, 1);
    assert_int_equal(seen->unchanged, 1);
    assert_int_equal(seen->added, 1);
    assert_int_equal(seen->n_changes, 1);
    assert_int_equal(seen->changes[0]->line, 2);
    assert_string_equal(seen->changes[0]->key, "1-101");
    assert_int_equal(seen->changes[0]->n_fields, 1);
    assert_string_equal(seen->changes[0]->fields[0], "owner_phone");
    /* Before the commit the old number holds, after it the new one, before and after the rows are put in order. */
    assert_int_equal(find_phone(stage, "13800000001"), 1);
    assert_int_equal(find_phone(stage, "13900000001"), 0);
    assert_ok(end_import(stage, stage->lead, import, true));
    assert_int_equal(find_phone(stage, "13800000001"), 0);
    assert_int_equal(find_phone(stage, "13900000001"), 1);
    assert_int_equal(show_room(stage, "1-101")->revision, 2);
    (void)settle(stage);
    assert_int_equal(find_phone(stage, "13800000001"), 0);
    assert_int_equal(find_phone(stage, "13900000001"), 1);
    assert_int_equal(show_room(stage, "1-101")->revision, 2);
    assert_int_equal(show_room(stage, "1-101")->delivered_at, INT64_C(1624982400000));
}

static void test_abandoned(void **state)
{
    struct stage *stage = *state;
    uint64_t import = import_three(stage);
    uint64_t id = gj_household_by_room(gj_direct_look(stage->direct), stage->office, "1-101");
    struct gj_subject subject = {.kind = 0x8004, .id = id};
    assert_true(gj_vault_has_key(gj_direct_look(stage->direct), &subject));
    assert_ok(end_import(stage, stage->lead, import, false));
    assert_int_equal(find_room(stage, "1-101"), 0);
    (void)settle(stage);
    struct gj_txn *txn = gj_direct_look(stage->direct);
    assert_int_equal(gj_household_by_room(txn, stage->office, "1-101"), 0);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_HOUSEHOLD), 0);
    assert_true(gj_vault_is_erased(txn, &subject));
    /* And again from the beginning. */
    assert_ok(end_import(stage, stage->lead, import_three(stage), true));
    assert_int_equal(find_room(stage, "1-101"), 1);
}

static void test_bad_lines(void **state)
{
    struct stage *stage = *state;
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, HEADER);
    assert_ok(result);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2,
        "2-101,王,13800000001,1,,自住,\n"
        ",王,13800000001,1,,,\n"
        "2-103,王,tel,-3,2021-02-30,weird,\n"
        "2-101,李,,,,,\n"
        "2-105,\"open,1\n"
        "2-106,a,b,c,d,e,f,g,h\n"
        "\n"
        "2-108,,13800000009,,,,\n"));
    const Gj__V1__ImportReport *seen = report(stage, import, 0);
    static const struct {
        uint64_t line;
        const char *field, *code;
    } expected[] = {
        {3, "room", "field_missing"},
        {4, "occupancy", "field_choice"},
        {4, "delivered_at", "field_date"},
        {4, "area", "field_number"},
        {4, "owner_phone", "field_phone"},
        {5, "room", "field_twice"},
        {6, "", "csv_quote"},
        {7, "", "csv_columns"},
        {9, "owner", "field_missing"},
    };
    assert_int_equal(seen->rows, 7);
    assert_int_equal(seen->bad, 6);
    assert_int_equal(seen->n_problems, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < seen->n_problems; i++) {
        assert_int_equal(seen->problems[i]->line, expected[i].line);
        assert_string_equal(seen->problems[i]->field, expected[i].field);
        assert_string_equal(seen->problems[i]->code, expected[i].code);
        assert_int_equal(seen->problems[i]->n_params, 0);
    }
    seen = report(stage, import, 4);
    assert_int_equal(seen->problems[0]->line, 5);
    assert_refused(end_import(stage, stage->lead, import, true), GJ__V1__STATUS__REFUSED, "import_bad_lines", "import");
    assert_int_equal(find_room(stage, "2-101"), 0);
}

static void test_bad_calls(void **state)
{
    struct stage *stage = *state;
    assert_refused(
        begin(stage, stage->lead, "pets", stage->office, HEADER), GJ__V1__STATUS__INVALID, "field_choice", "what");
    assert_refused(
        begin(stage, stage->lead, "households", stage->office, ""), GJ__V1__STATUS__INVALID, "field_missing", "header");
    assert_refused(begin(stage, stage->lead, "households", stage->office, "房号,血型"), GJ__V1__STATUS__INVALID,
        "column_unknown", "header");
    assert_refused(begin(stage, stage->lead, "households", stage->office, "业主"), GJ__V1__STATUS__INVALID,
        "column_missing", "header");
    assert_refused(begin(stage, stage->lead, "households", stage->office, "room,房号"), GJ__V1__STATUS__INVALID,
        "column_twice", "header");
    assert_refused(
        begin(stage, stage->admin, "households", 0, HEADER), GJ__V1__STATUS__INVALID, "column_missing", "header");
    assert_refused(
        begin(stage, stage->agent, "households", stage->office, HEADER), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(begin(stage, stage->stranger, "households", stage->office, HEADER), GJ__V1__STATUS__DENIED,
        "other_office", NULL);
    uint64_t import = import_three(stage);
    assert_refused(begin(stage, stage->lead, "households", stage->office, HEADER), GJ__V1__STATUS__REFUSED,
        "import_running", "what");
    /* Another office's import does not wait for it. */
    assert_ok(begin(stage, stage->stranger, "households", stage->other, HEADER));
    assert_refused(chunk(stage, stage->lead, import, 2, 9, "x"), GJ__V1__STATUS__CONFLICT, "import_chunk_gap", "chunk");
    assert_refused(chunk(stage, stage->stranger, import, 1, 9, "x"), GJ__V1__STATUS__DENIED, "other_office", NULL);
    assert_refused(chunk(stage, stage->lead, 99, 0, 9, "x"), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "import");
    assert_refused(chunk(stage, stage->lead, import, 1, 9, "\xff\xfe"), GJ__V1__STATUS__INVALID, "field_text", "lines");
    /* A chunk sent twice is taken once; another one under its number is not taken. */
    const struct gj_result *result = chunk(stage, stage->lead, import, 0, 2, LINES);
    assert_ok(result);
    assert_int_equal(result->entries, 0);
    assert_refused(
        chunk(stage, stage->lead, import, 0, 2, "other"), GJ__V1__STATUS__CONFLICT, "import_chunk_differs", "chunk");
    char *many = calloc(1, (size_t)(GJ_IMPORT_CHUNK_ROWS_MAX + 1) * 8 + 1);
    for (int i = 0; i <= GJ_IMPORT_CHUNK_ROWS_MAX; i++) {
        (void)sprintf(many + strlen(many), "9-%d\n", i);
    }
    assert_refused(
        chunk(stage, stage->lead, import, 1, 9, many), GJ__V1__STATUS__TOO_LARGE, "import_chunk_rows", "lines");
    free(many);
    /* What lies about for a day no longer stands in the way. */
    gj_direct_advance(stage->direct, GJ_IMPORT_IDLE_MS + 1);
    assert_ok(begin(stage, stage->lead, "households", stage->office, HEADER));
    assert_refused(end_import(stage, stage->lead, import, true), GJ__V1__STATUS__REFUSED, "import_ended", "import");
}

/* Somebody changes by hand what the import would change: the import's preview no longer holds. */
static void test_stale(void **state)
{
    struct stage *stage = *state;
    assert_ok(end_import(stage, stage->lead, import_three(stage), true));
    (void)settle(stage);
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, HEADER);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2, "1-101,王大明,,,,,\n3-301,新人,,,,,\n"));
    Gj__V1__HouseholdPutRequest put = GJ__V1__HOUSEHOLD_PUT_REQUEST__INIT;
    Gj__V1__Household household = GJ__V1__HOUSEHOLD__INIT;
    put.household = &household;
    put.revision = 1;
    household.id = gj_household_by_room(gj_direct_look(stage->direct), stage->office, "1-101");
    household.room = "1-101";
    household.name = "王宅";
    assert_ok(CALL(stage->agent, DIR_HOUSEHOLD_CHANGE, &put));
    household.id = 0;
    household.office = stage->office;
    household.room = "3-301";
    assert_ok(CALL(stage->agent, DIR_HOUSEHOLD_CREATE, &put));
    result = end_import(stage, stage->lead, import, true);
    assert_refused(result, GJ__V1__STATUS__REFUSED, "import_stale", "import");
    assert_string_equal(result->params[0], "2");
    assert_string_equal(show_room(stage, "1-101")->persons[0]->name, "王小明");
    assert_ok(end_import(stage, stage->lead, import, false));
    (void)settle(stage);
    assert_string_equal(show_room(stage, "1-101")->name, "王宅");
    assert_int_equal(find_room(stage, "3-301"), 1);
}

static void test_survives_restart(void **state)
{
    struct stage *stage = *state;
    uint64_t import = import_three(stage);
    gj_direct_reopen(stage->direct);
    assert_int_equal(find_room(stage, "1-101"), 0);
    assert_ok(chunk(stage, stage->lead, import, 1, 5, "1-104,赵六,,,,,\n"));
    assert_ok(end_import(stage, stage->lead, import, true));
    gj_direct_reopen(stage->direct);
    assert_int_equal(find_room(stage, "1-104"), 1);
    assert_int_equal(find_phone(stage, "13800000001"), 1);
    assert_int_equal(settle(stage), 2);
    assert_int_equal(find_room(stage, "1-104"), 1);
}

static void test_every_step_fails(void **state)
{
    static const char *const prefixes[] = {
        "txn.put", "txn.del", "vault.put", "vault.commit", "txn.commit", "arena.alloc"};
    struct stage *stage = *state;
    uint8_t before[32], after[32];
    assert_ok(end_import(stage, stage->lead, import_three(stage), true));
    (void)settle(stage);
    const struct gj_result *result = begin(stage, stage->lead, "households", stage->office, HEADER);
    uint64_t import = result->written.id;
    uint32_t number = 0;
    for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
        char lines[128];
        (void)snprintf(lines, sizeof lines, "1-10%zu,,1370000000%zu,,,,\n5-%zu,钱,13600000000,,,,\n", p % 3 + 1, p, p);
        for (uint64_t nth = 1; nth < 400; nth++) {
            gj_direct_digest(stage->direct, before);
            gj_direct_fail(stage->direct, prefixes[p], nth);
            result = chunk(stage, stage->lead, import, number, 2 + number * 2, lines);
            if (!gj_direct_failed(stage->direct)) {
                assert_ok(result);
                break;
            }
            assert_int_not_equal(result->status, GJ__V1__STATUS__OK);
            gj_direct_digest(stage->direct, after);
            if (memcmp(before, after, sizeof before) != 0) {
                /* Only the answer was lost, for want of memory: sent again, the write is known. */
                assert_string_equal(prefixes[p], "arena.alloc");
                gj_direct_same_key(stage->direct);
                result = chunk(stage, stage->lead, import, number, 2 + number * 2, lines);
                assert_ok(result);
                assert_true(result->written.repeated);
                assert_int_equal(result->entries, 0);
                break;
            }
        }
        number++;
    }
}

/* ---- staff ---- */

#define STAFF_HEADER "账号,姓名,岗位,工种,电话,证书,证书编号,有效期"

static void test_staff(void **state)
{
    struct stage *stage = *state;
    uint64_t chen = gj_direct_user(stage->direct, "chen", "tech", stage->office, 0);
    const struct gj_result *result = begin(stage, stage->lead, "staff", stage->office, STAFF_HEADER);
    assert_ok(result);
    uint64_t import = result->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2,
        "chen,陈师傅,电工班长,electrician;plumber,13600000001,低压电工作业证;高处作业证,D-1;G-2,2027-01-01;2028-01-01\n"
        "liu,刘师傅,水工,plumber,,,,\n"));
    assert_ok(chunk(stage, stage->lead, import, 1, 4, "Bad Login,x,,,,,,\nliu,again,,,,,,\nwu,吴,,wizard,,,,\n"));
    const Gj__V1__ImportReport *seen = report(stage, import, 0);
    assert_int_equal(seen->bad, 3);
    assert_string_equal(seen->problems[0]->code, "field_text");
    assert_string_equal(seen->problems[1]->code, "field_twice");
    assert_string_equal(seen->problems[2]->code, "field_choice");
    assert_ok(end_import(stage, stage->lead, import, false));
    (void)settle(stage);

    import = begin(stage, stage->lead, "staff", stage->office, STAFF_HEADER)->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2,
        "chen,陈师傅,电工班长,electrician;plumber,13600000001,低压电工作业证;高处作业证,D-1;G-2,2027-01-01;2028-01-01\n"
        "liu,刘师傅,水工,plumber,,,,\n"));
    Gj__V1__StaffListRequest list = GJ__V1__STAFF_LIST_REQUEST__INIT;
    list.office = stage->office;
    assert_int_equal(((const Gj__V1__StaffList *)CALL(stage->agent, DIR_STAFF_LIST, &list)->body)->n_staff, 0);
    assert_ok(end_import(stage, stage->lead, import, true));
    const Gj__V1__StaffList *staff = (const Gj__V1__StaffList *)CALL(stage->agent, DIR_STAFF_LIST, &list)->body;
    assert_int_equal(staff->n_staff, 2);
    assert_int_equal(staff->staff[0]->user, chen);
    assert_string_equal(staff->staff[0]->phone, "13600000001");
    assert_int_equal(staff->staff[0]->n_certificates, 2);
    assert_string_equal(staff->staff[0]->certificates[1]->number, "G-2");
    /* The new one has a login, and neither password nor role. */
    Gj__V1__UserListRequest users = GJ__V1__USER_LIST_REQUEST__INIT;
    users.office = stage->office;
    const Gj__V1__UserList *found = (const Gj__V1__UserList *)CALL(stage->lead, ADMIN_USER_LIST, &users)->body;
    const Gj__V1__User *last = found->users[found->n_users - 1];
    assert_string_equal(last->login, "liu");
    assert_int_equal(last->n_grants, 0);
    (void)settle(stage);
    /* Once more: nothing to do; another post: one change. */
    import = begin(stage, stage->lead, "staff", stage->office, "login,name,post")->written.id;
    assert_ok(chunk(stage, stage->lead, import, 0, 2, "chen,陈师傅,电工班长\nliu,刘师傅,水工班长\n"));
    seen = report(stage, import, 0);
    assert_int_equal(seen->unchanged, 1);
    assert_int_equal(seen->changed, 1);
    assert_string_equal(seen->changes[0]->fields[0], "post");
    assert_ok(end_import(stage, stage->lead, import, true));
    staff = (const Gj__V1__StaffList *)CALL(stage->agent, DIR_STAFF_LIST, &list)->body;
    assert_string_equal(staff->staff[1]->post, "水工班长");
    assert_int_equal(staff->staff[0]->n_certificates, 2);
}

/* As many people as one import may bring, all at once; one more is too many. */
static void test_many_staff(void **state)
{
    struct stage *stage = *state;
    uint64_t import = begin(stage, stage->lead, "staff", stage->office, STAFF_HEADER)->written.id;
    char *lines = calloc(GJ_IMPORT_CHUNK_ROWS_MAX, 160);
    unsigned done = 0;
    for (uint32_t number = 0; done < GJ_IMPORT_STAFF_ROWS_MAX; number++) {
        lines[0] = '\0';
        for (unsigned i = 0; i < GJ_IMPORT_CHUNK_ROWS_MAX && done < GJ_IMPORT_STAFF_ROWS_MAX; i++, done++) {
            (void)sprintf(lines + strlen(lines), "staff%u,员工%u,水工,plumber,1360%07u,高处作业证,G-%u,2028-01-01\n",
                done, done, done, done);
        }
        assert_ok(chunk(stage, stage->lead, import, number, 2, lines));
    }
    const Gj__V1__ImportReport *seen = report(stage, import, 0);
    assert_int_equal(seen->added, GJ_IMPORT_STAFF_ROWS_MAX);
    assert_int_equal(seen->bad, 0);
    uint32_t next = (GJ_IMPORT_STAFF_ROWS_MAX + GJ_IMPORT_CHUNK_ROWS_MAX - 1) / GJ_IMPORT_CHUNK_ROWS_MAX;
    assert_refused(chunk(stage, stage->lead, import, next, 2, "onemore,x,,,,,,\n"), GJ__V1__STATUS__REFUSED,
        "limit_reached", "lines");
    const struct gj_result *result = end_import(stage, stage->lead, import, true);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    assert_int_equal(gj_txn_count(gj_direct_look(stage->direct), GJ_TABLE_STAFF), GJ_IMPORT_STAFF_ROWS_MAX);
    free(lines);
    /* A list looks at a bounded number of rows for one page; the cursor goes on where it stopped. */
    Gj__V1__UserListRequest users = GJ__V1__USER_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    uint8_t cursor[8];
    unsigned pages = 0;
    users.role = "archivist";
    users.page = &page;
    for (size_t found = 0; found == 0; pages++) {
        result = CALL(stage->lead, ADMIN_USER_LIST, &users);
        assert_ok(result);
        const Gj__V1__UserList *list = (const Gj__V1__UserList *)result->body;
        found = list->n_users;
        assert_true(list->cursor.len == sizeof cursor || found == 1);
        memcpy(cursor, list->cursor.data, list->cursor.len);
        page.cursor = (ProtobufCBinaryData){.data = cursor, .len = list->cursor.len};
        assert_true(pages < 3);
    }
    users.role = "nobody";
    page.cursor.len = 0;
    result = CALL(stage->lead, ADMIN_USER_LIST, &users);
    assert_ok(result);
    assert_int_equal(((const Gj__V1__UserList *)result->body)->n_users, 0);
    assert_int_equal(((const Gj__V1__UserList *)result->body)->cursor.len, sizeof cursor);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_all_or_nothing),
        TEST(test_vacancy_is_counted),
        TEST(test_repeated),
        TEST(test_abandoned),
        TEST(test_bad_lines),
        TEST(test_bad_calls),
        TEST(test_stale),
        TEST(test_survives_restart),
        TEST(test_every_step_fails),
        TEST(test_staff),
        TEST(test_many_staff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
