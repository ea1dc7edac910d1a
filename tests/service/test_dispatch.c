/* Intake and the dispatcher's board; what the caller's words suggest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/policies.h"
#include "core/work_world.h"
#include "service/dispatch/dispatch_rules.h"
#include "store/record.h"

static int setup(void **state)
{
    *state = world_open();
    return 0;
}

static int teardown(void **state)
{
    world_check_indexes(*state);
    world_close(*state);
    return 0;
}

static struct gj_dispatch_proposal propose(
    struct world *w, const char *description, const char *category, bool vulnerable)
{
    const struct gj_policy *policy =
        gj_policies_current(gj_direct_core(w->direct)->policies, gj_direct_look(w->direct));
    struct gj_dispatch_facts facts = {.description = description,
        .category = category,
        .priority = -1,
        .area = "",
        .household = true,
        .vulnerable = vulnerable};
    return gj_dispatch_propose(policy, &facts);
}

static void words_suggest(void **state)
{
    struct world *w = *state;
    struct gj_dispatch_proposal plain = propose(w, "厨房水龙头滴水", "WAT-03", false);
    assert_int_equal(plain.priority, 2);
    assert_false(plain.raised);
    struct gj_dispatch_proposal urgent = propose(w, "家里没水了", "WAT-03", false);
    assert_int_equal(urgent.priority, 1);
    assert_true(urgent.raised);
    struct gj_dispatch_proposal danger = propose(w, "插座冒火花", "ELE-03", false);
    assert_int_equal(danger.priority, 0);
    struct gj_dispatch_proposal old = propose(w, "厨房水龙头滴水", "WAT-03", true);
    assert_int_equal(old.priority, 1);
    struct gj_dispatch_proposal nothing = propose(w, "请问物业费怎么交", "", false);
    assert_true(nothing.category[0] == '\0' || nothing.priority <= 4);
}

static void a_person_decides(void **state)
{
    struct world *w = *state;
    const struct gj_policy *policy =
        gj_policies_current(gj_direct_core(w->direct)->policies, gj_direct_look(w->direct));
    struct gj_dispatch_facts facts = {
        .description = "插座冒火花", .category = "ELE-03", .priority = 2, .area = "common", .vulnerable = true};
    struct gj_dispatch_proposal proposal = gj_dispatch_propose(policy, &facts);
    assert_int_equal(proposal.priority, 2);
    assert_string_equal(proposal.area, "common");
    assert_false(proposal.raised);
}

static void intake_takes_the_suggestion(void **state)
{
    struct world *w = *state;
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.household = w->household;
    request.contact_name = (char *)"张";
    request.contact_phone = (char *)"13800138000";
    request.description = (char *)"水管爆了一直喷水，家里进水了";
    request.category = (char *)"WAT-01";
    request.priority = -1;
    request.expected_response_told = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    assert_ok(result);
    const Gj__Stored__Record *row = world_row(w, result->written.id);
    assert_int_equal(row->priority, 1);
    assert_string_equal(row->place, "3-2-1801"); /* the room of the household */
    assert_string_equal(row->state, "TRIAGED");
    assert_int_equal(row->household, w->household);
}

static void intake_refusals(void **state)
{
    struct world *w = *state;
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.priority = -1;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request),
        GJ__V1__STATUS__INVALID, "field_missing", "description");
    request.description = (char *)"门坏了";
    request.priority = 7;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request),
        GJ__V1__STATUS__INVALID, "field_choice", "priority");
    request.priority = -1;
    request.household = 4711;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request),
        GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "household");
    request.household = 0;
    request.channel = (char *)"pigeon";
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request),
        GJ__V1__STATUS__INVALID, "field_choice", "channel");
    request.channel = (char *)"phone";
    request.office = w->other;
    assert_int_equal(
        gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request)->status, GJ__V1__STATUS__DENIED);
    assert_int_equal(world_count(w, GJ_TABLE_RECORD), 0);
}

static void the_board(void **state)
{
    struct world *w = *state;
    uint64_t waiting = world_ticket(w, "WAT-03", 2);
    uint64_t under_way = world_ticket(w, "WAT-03", 2);
    world_bring(w, under_way, "DISPATCHED");
    Gj__V1__BoardRequest request = GJ__V1__BOARD_REQUEST__INIT;
    request.office = w->office;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_BOARD, &request);
    assert_ok(result);
    const Gj__V1__Board *board = (const Gj__V1__Board *)result->body;
    assert_int_equal(board->n_unassigned, 1);
    assert_int_equal(board->n_assigned, 1);
    assert_int_equal(board->unassigned[0]->id, waiting);
    assert_int_equal(board->assigned[0]->assignee, w->tech);
    assert_refused(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__DISPATCH_BOARD, &request), GJ__V1__STATUS__DENIED,
        "no_right", NULL);
}

static const Gj__V1__Board *board_of(struct world *w)
{
    Gj__V1__BoardRequest request = GJ__V1__BOARD_REQUEST__INIT;
    request.office = w->office;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_BOARD, &request);
    assert_ok(result);
    return (const Gj__V1__Board *)result->body;
}

/* Nothing urgent waits behind what is not, however late that is, and however much of it there is. */
static void priority_comes_first_on_the_board(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 4; i++) {
        (void)world_ticket(w, "CIV-02", 3);
    }
    gj_direct_advance(w->direct, 5 * DAY); /* all of them are late by now */
    uint64_t lift = world_ticket(w, "LFT-04", 2);
    uint64_t power = world_ticket(w, "ELE-01", 1);
    uint64_t older = world_ticket(w, "WAT-03", 2);
    const Gj__V1__Board *board = board_of(w);
    assert_int_equal(board->n_unassigned, 7);
    assert_int_equal(board->unassigned[0]->id, power);
    assert_int_equal(board->unassigned[1]->id, lift);
    assert_int_equal(board->unassigned[2]->id, older);
    for (size_t i = 3; i < 7; i++) {
        assert_int_equal(board->unassigned[i]->priority, 3);
    }
    for (int i = 0; i < 300; i++) {
        (void)world_ticket(w, "CIV-02", 3);
    }
    uint64_t last = world_ticket(w, "WAT-01", 1);
    board = board_of(w);
    assert_int_equal(board->n_unassigned, 300);
    assert_int_equal(board->unassigned[1]->id, last);
    /* The queue sorted by priority says the same. */
    Gj__V1__ListRequest list = GJ__V1__LIST_REQUEST__INIT;
    list.kind = (char *)"repair_ticket";
    list.office = w->office;
    list.sort = (char *)"priority";
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LIST, &list);
    assert_ok(result);
    const Gj__V1__RowList *rows = (const Gj__V1__RowList *)result->body;
    assert_int_equal(rows->rows[0]->id, power);
    assert_int_equal(rows->rows[1]->id, last);
    assert_int_equal(rows->rows[4]->priority, 3);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(words_suggest),
        STORY(a_person_decides),
        STORY(intake_takes_the_suggestion),
        STORY(intake_refusals),
        STORY(the_board),
        STORY(priority_comes_first_on_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
