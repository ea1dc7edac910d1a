/* The whole life of a repair ticket through the real calls, and every way out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/work_world.h"

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

static void whole_life(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", -1);
    assert_int_equal(world_row(w, id)->priority, 2);
    assert_string_equal(world_row(w, id)->number, "WX00122026000001");
    world_bring(w, id, "OWNER_ACCEPTED");
    const Gj__Stored__Record *row = world_row(w, id);
    /* Sampled or not was decided by the draw: one of the two. */
    if (strcmp(row->state, "FOLLOW_UP") == 0) {
        assert_ok(world_act(w, w->agent, id, "follow_up_ok", text(w, "follow_up_way", "phone"),
            text(w, "satisfaction", "satisfied"), number(w, "owner_confirms", 1), NULL));
    }
    world_expect_state(w, id, "CLOSED");
    row = world_row(w, id);
    assert_false(row->open);
    assert_int_equal(row->next_fire_at, 0);
    assert_true(row->closed_at > 0);
    for (size_t i = 0; i < row->n_timers; i++) {
        assert_true(row->timers[i]->stopped_at != 0);
    }
}

static void incomplete_intake_waits_as_new(void **state)
{
    struct world *w = *state;
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.description = (char *)"楼下有水";
    request.priority = -1;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    assert_ok(result);
    assert_string_equal(result->written.state, "NEW");
    uint64_t id = result->written.id;
    assert_refused(world_act(w, w->agent, id, "triage", NULL), GJ__V1__STATUS__INVALID, "field_missing", NULL);
    assert_ok(world_act(w, w->agent, id, "triage", text(w, "category", "WAT-03"), text(w, "area", "common"),
        text(w, "priority", "P2"), text(w, "place", "大堂"), text(w, "contact_name", "李"),
        text(w, "contact_phone", "13900000000"), number(w, "expected_response_told", 1), NULL));
    world_expect_state(w, id, "TRIAGED");
    assert_int_equal(world_row(w, id)->priority, 2);
}

static void hold_needs_the_lead_and_ends_by_itself(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    int64_t until = gj_direct_now(w->direct) + 5 * HOUR;
    int64_t due = world_timer(w, id, "finish")->due_at;
    assert_ok(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"), at(w, "hold_until", until),
        number(w, "owner_told", 1), NULL));
    world_expect_state(w, id, "WORKING");
    assert_string_equal(world_row(w, id)->pending_act, "hold");
    assert_int_equal(world_notices(w, w->eng, "consent.asked"), 1);

    Gj__V1__ApproveRequest approve = GJ__V1__APPROVE_REQUEST__INIT;
    approve.id = id;
    approve.revision = world_row(w, id)->revision;
    approve.approve = true;
    /* The lead sees what is asked for, and by whom. */
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    const struct gj_result *seen = gj_direct_call(w->direct, w->eng, GJ__V1__CALL__RECORD_SHOW, &show);
    assert_ok(seen);
    const Gj__V1__Record *record = ((const Gj__V1__Shown *)seen->body)->record;
    assert_int_equal(record->pending_by, w->tech);
    assert_string_equal(record->pending[0]->key, "hold_reason");
    assert_string_equal(record->pending[0]->text, "parts");

    /* Whoever asked does not consent; nor does a colleague without the role. */
    assert_refused(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__RECORD_APPROVE, &approve), GJ__V1__STATUS__REFUSED,
        "approver_is_requester", NULL);
    assert_int_not_equal(
        gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_APPROVE, &approve)->status, GJ__V1__STATUS__OK);
    assert_ok(gj_direct_call(w->direct, w->eng, GJ__V1__CALL__RECORD_APPROVE, &approve));
    world_expect_state(w, id, "ON_HOLD");
    assert_string_equal(world_row(w, id)->pending_act, "");
    assert_int_equal(world_notices(w, w->tech, "consent.given"), 1);
    assert_true(world_timer(w, id, "finish")->paused_at != 0);

    gj_direct_advance(w->direct, 5 * HOUR + MINUTE);
    assert_true(world_fire(w) > 0);
    world_expect_state(w, id, "WORKING");
    assert_int_equal(world_timer(w, id, "finish")->due_at, due + 5 * HOUR + MINUTE);
}

static void hold_can_be_refused(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    assert_ok(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"),
        at(w, "hold_until", gj_direct_now(w->direct) + HOUR), number(w, "owner_told", 1), NULL));
    Gj__V1__ApproveRequest reject = GJ__V1__APPROVE_REQUEST__INIT;
    reject.id = id;
    reject.revision = world_row(w, id)->revision;
    reject.note = (char *)"零件有货";
    assert_ok(gj_direct_call(w->direct, w->eng, GJ__V1__CALL__RECORD_APPROVE, &reject));
    world_expect_state(w, id, "WORKING");
    assert_null(world_field(w, id, "hold_reason"));
    assert_int_equal(world_notices(w, w->tech, "consent.refused"), 1);
    assert_refused(gj_direct_call(w->direct, w->eng, GJ__V1__CALL__RECORD_APPROVE, &reject), GJ__V1__STATUS__REFUSED,
        "no_approval_pending", NULL);
}

static void consent_may_come_as_an_act(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    assert_ok(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"),
        at(w, "hold_until", gj_direct_now(w->direct) + HOUR), number(w, "owner_told", 1), NULL));
    assert_refused(world_act(w, w->tech, id, "amend", NULL), GJ__V1__STATUS__INVALID, "act_unknown", "act");
    assert_ok(world_act(w, w->eng, id, "approve", NULL));
    world_expect_state(w, id, "ON_HOLD");
    assert_string_equal(world_field(w, id, "hold_reason")->text, "parts");
    assert_ok(world_act(w, w->tech, id, "resume", NULL));
    assert_ok(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"),
        at(w, "hold_until", gj_direct_now(w->direct) + HOUR), number(w, "owner_told", 1), NULL));
    Gj__V1__ActRequest withdraw = GJ__V1__ACT_REQUEST__INIT;
    withdraw.note = (char *)"不用等了";
    assert_ok(world_do(w, w->tech, id, "withdraw", &withdraw));
    assert_string_equal(world_row(w, id)->pending_act, "");
}

static void hold_is_not_for_emergencies(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-01", 1);
    world_bring(w, id, "WORKING");
    assert_refused(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"),
                       at(w, "hold_until", gj_direct_now(w->direct) + HOUR), number(w, "owner_told", 1), NULL),
        GJ__V1__STATUS__REFUSED, "act_forbidden_priority", NULL);
}

static void not_accepted_is_redone(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    assert_ok(world_act(w, w->agent, id, "owner_reject", text(w, "fail_reason", "还在滴"), NULL));
    world_expect_state(w, id, "REDO");
    assert_ok(world_act(w, w->eng, id, "redo", ref(w, "assignee", w->tech2), NULL));
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_field(w, id, "redo_no")->number, 1);
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    assert_int_equal(world_notices(w, w->tech2, "record.redo"), 1);
    assert_refused(world_act(w, w->tech, id, "accept", NULL), GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
}

static void cancel_is_the_leads(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DISPATCHED");
    assert_refused(world_act(w, w->agent, id, "cancel", text(w, "cancel_reason", "业主取消"), NULL),
        GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
    assert_ok(world_act(w, w->lead, id, "cancel", text(w, "cancel_reason", "业主取消"), NULL));
    world_expect_state(w, id, "CANCELLED");
    assert_refused(world_act(w, w->lead, id, "dispatch", ref(w, "assignee", w->tech), NULL), GJ__V1__STATUS__REFUSED,
        "act_not_now", NULL);
}

static void merged_into_another(void **state)
{
    struct world *w = *state;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    uint64_t second = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.parent = 999999;
    assert_refused(
        world_do(w, w->agent, second, "merge", &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "parent");
    request.parent = second;
    assert_refused(
        world_do(w, w->agent, second, "merge", &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "parent");
    /* Not into one where nobody will look for it any more. */
    uint64_t done = world_ticket(w, "WAT-03", 2);
    assert_ok(world_act(w, w->lead, done, "cancel", text(w, "cancel_reason", "业主取消"), NULL));
    request.parent = done;
    assert_refused(
        world_do(w, w->agent, second, "merge", &request), GJ__V1__STATUS__REFUSED, "reference_inactive", "parent");
    request.parent = first;
    assert_int_equal(world_notices(w, w->tech, "record.child"), 0);
    world_bring(w, first, "ACCEPTED");
    assert_ok(world_do(w, w->agent, second, "merge", &request));
    world_expect_state(w, second, "MERGED");
    assert_int_equal(world_row(w, second)->parent, first);
    /* Whoever works on the first hears of it. */
    assert_int_equal(world_notices(w, w->tech, "record.child"), 1);
}

static void second_decline_goes_to_the_lead(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    for (int i = 0; i < 2; i++) {
        world_bring(w, id, "DISPATCHED");
        assert_ok(world_act(w, w->tech, id, "decline", text(w, "decline_reason", "不是我的活"), NULL));
        world_expect_state(w, id, "TRIAGED");
        assert_int_equal(world_row(w, id)->assignee, 0);
    }
    assert_int_equal(world_field(w, id, "declines")->number, 2);
    assert_int_equal(world_notices(w, w->eng, "record.decline"), 2);
    assert_int_not_equal(
        world_act(w, w->agent, id, "dispatch", ref(w, "assignee", w->tech2), NULL)->status, GJ__V1__STATUS__OK);
    assert_ok(world_act(w, w->eng, id, "dispatch", ref(w, "assignee", w->tech2), NULL));
}

static void nobody_home_closes_after_a_week(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "APPOINTED");
    for (int i = 0; i < 2; i++) {
        assert_refused(world_act(w, w->agent, id, "leave_note", number(w, "note_left", 1),
                           text(w, "nobody_home_note", "无人"), NULL),
            GJ__V1__STATUS__REFUSED, "act_condition", NULL);
        assert_ok(world_act(w, w->tech, id, "nobody_home", text(w, "nobody_home_note", "无人应门"),
            at(w, "appointment_at", gj_direct_now(w->direct) + DAY), NULL));
    }
    assert_ok(world_act(
        w, w->agent, id, "leave_note", number(w, "note_left", 1), text(w, "nobody_home_note", "已留条"), NULL));
    gj_direct_advance(w->direct, 6 * DAY);
    world_fire(w);
    world_expect_state(w, id, "APPOINTED");
    gj_direct_advance(w->direct, 3 * DAY);
    world_fire(w);
    world_expect_state(w, id, "NO_ENTRY");
}

static void owner_does_not_react(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    for (int i = 0; i < 2; i++) {
        assert_refused(
            world_act(w, w->lead, id, "close_not_confirmed", text(w, "not_confirmed_reason", "联系不上"), NULL),
            GJ__V1__STATUS__REFUSED, "act_condition", NULL);
        assert_ok(world_act(w, w->agent, id, "call_owner", text(w, "call_result", "no_answer"), NULL));
    }
    assert_int_not_equal(
        world_act(w, w->agent, id, "close_not_confirmed", text(w, "not_confirmed_reason", "联系不上"), NULL)->status,
        GJ__V1__STATUS__OK);
    assert_ok(world_act(w, w->lead, id, "close_not_confirmed", text(w, "not_confirmed_reason", "联系不上"), NULL));
    world_expect_state(w, id, "NOT_CONFIRMED");
}

static void transfer_needs_the_other_office(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "transfer_reason", "属邻处")};
    request.office = w->other;
    request.fields = fields;
    request.n_fields = 1;
    assert_refused(world_act(w, w->other_lead, id, "note", NULL), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
    assert_ok(world_do(w, w->lead, id, "transfer", &request));
    assert_int_equal(world_row(w, id)->office, w->office);
    assert_int_equal(world_row(w, id)->awaiting_office, w->other);
    assert_int_equal(world_notices(w, w->other_lead, "consent.asked"), 1);
    Gj__V1__ApproveRequest approve = GJ__V1__APPROVE_REQUEST__INIT;
    approve.id = id;
    approve.revision = world_row(w, id)->revision;
    approve.approve = true;
    assert_int_not_equal(
        gj_direct_call(w->direct, w->director, GJ__V1__CALL__RECORD_APPROVE, &approve)->status, GJ__V1__STATUS__OK);
    assert_ok(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__RECORD_APPROVE, &approve));
    assert_int_equal(world_row(w, id)->office, w->other);
    assert_int_equal(world_row(w, id)->awaiting_office, 0);
    assert_string_equal(world_row(w, id)->number, "WX00122026000001");
    assert_refused(world_act(w, w->lead, id, "note", NULL), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
}

static void quoted_work(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ARRIVED");
    Gj__V1__Cell item = GJ__V1__CELL__INIT;
    Gj__V1__Cell quantity = GJ__V1__CELL__INIT;
    Gj__V1__Cell price = GJ__V1__CELL__INIT;
    Gj__V1__Cell *cells[] = {&item, &quantity, &price};
    Gj__V1__Line line = GJ__V1__LINE__INIT;
    Gj__V1__Line *rows[] = {&line};
    Gj__V1__Lines lines = GJ__V1__LINES__INIT;
    Gj__V1__Field *items = ref(w, "price_items", 0);
    item.key = (char *)"item";
    item.value_case = GJ__V1__CELL__VALUE_TEXT;
    item.text = (char *)"龙头";
    quantity.key = (char *)"quantity";
    quantity.value_case = GJ__V1__CELL__VALUE_NUMBER;
    quantity.number = 1000;
    price.key = (char *)"price";
    price.value_case = GJ__V1__CELL__VALUE_MONEY;
    price.money = 8800;
    line.cells = cells;
    line.n_cells = 3;
    lines.rows = rows;
    lines.n_rows = 1;
    items->value_case = GJ__V1__FIELD__VALUE_LINES;
    items->lines = &lines;
    assert_ok(world_act(w, w->tech, id, "quote", items, text(w, "liability", "owner_paid"), NULL));
    world_expect_state(w, id, "QUOTED");
    Gj__V1__ActRequest agree = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__OwnerStep owner = GJ__V1__OWNER_STEP__INIT;
    agree.owner = &owner;
    owner.means = (char *)"call";
    owner.evidence = world_attachment(w, id);
    assert_int_not_equal(world_do(w, w->tech, id, "agree_quote", &agree)->status, GJ__V1__STATUS__OK);
    owner.means = (char *)"signature";
    owner.evidence = world_attachment(w, id);
    assert_ok(world_do(w, w->tech, id, "agree_quote", &agree));
    world_expect_state(w, id, "WORKING");
    assert_int_equal(world_field(w, id, "price_items")->lines->rows[0]->cells[2]->money, 8800);
    assert_int_equal(world_field(w, id, "owner_signature")->value_case, GJ__V1__FIELD__VALUE_SEALED);
}

static uint64_t closed_unconfirmed(struct world *w)
{
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    for (int i = 0; i < 2; i++) {
        assert_ok(world_act(w, w->agent, id, "call_owner", text(w, "call_result", "no_answer"), NULL));
    }
    assert_ok(world_act(w, w->lead, id, "close_not_confirmed", text(w, "not_confirmed_reason", "无"), NULL));
    return id;
}

static void reopened_within_thirty_days(void **state)
{
    struct world *w = *state;
    uint64_t early = closed_unconfirmed(w);
    uint64_t late = closed_unconfirmed(w);
    gj_direct_advance(w->direct, 29 * DAY);
    assert_ok(world_act(w, w->lead, early, "reopen", text(w, "reopen_reason", "又漏"), NULL));
    world_expect_state(w, early, "REDO");
    assert_true(world_row(w, early)->open);
    gj_direct_advance(w->direct, 3 * DAY);
    assert_refused(world_act(w, w->lead, late, "reopen", text(w, "reopen_reason", "又漏"), NULL),
        GJ__V1__STATUS__REFUSED, "act_too_late", NULL);
}

static void warranty_goes_to_rework(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "LEK-02", 3);
    assert_ok(world_act(w, w->eng, id, "to_rework", text(w, "warranty_decision", "contractor"),
        text(w, "liability_reason", "保修期内"), NULL));
    world_expect_state(w, id, "TO_REWORK");
    assert_ok(world_act(w, w->lead, id, "rework_out_of_scope", text(w, "out_of_scope_reason", "使用不当"),
        number(w, "owner_told", 1), NULL));
    world_expect_state(w, id, "TRIAGED");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(whole_life),
        STORY(incomplete_intake_waits_as_new),
        STORY(hold_needs_the_lead_and_ends_by_itself),
        STORY(hold_can_be_refused),
        STORY(consent_may_come_as_an_act),
        STORY(hold_is_not_for_emergencies),
        STORY(not_accepted_is_redone),
        STORY(cancel_is_the_leads),
        STORY(merged_into_another),
        STORY(second_decline_goes_to_the_lead),
        STORY(nobody_home_closes_after_a_week),
        STORY(owner_does_not_react),
        STORY(transfer_needs_the_other_office),
        STORY(quoted_work),
        STORY(reopened_within_thirty_days),
        STORY(warranty_goes_to_rework),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
