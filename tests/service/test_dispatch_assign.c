/* Dispatch by the system through the real calls: who is chosen, what happens when nobody takes it, who is told why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/work_world.h"
#include "proto/admin.pb-c.h"
#include "proto/policy.pb-c.h"
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

static void skilled(struct world *w, uint64_t user, const char *trade)
{
    Gj__Stored__Staff staff = GJ__STORED__STAFF__INIT;
    char *trades[] = {(char *)trade};
    staff.user = user;
    staff.office = w->office;
    staff.name = (char *)"师傅";
    staff.trades = trades;
    staff.n_trades = 1;
    gj_direct_put(w->direct, GJ_TABLE_STAFF, user, &staff);
}

/* The company's two headquarters people make `rules` the rules of dispatch. */
static void dispatch_by(struct world *w, const char *rules)
{
    uint64_t second = gj_direct_user(w->direct, "qa2", "hq_qa", 0, 0);
    Gj__V1__PolicyFile file = GJ__V1__POLICY_FILE__INIT;
    Gj__V1__PolicyFile *files[] = {&file};
    char text[400];
    file.name = (char *)"dispatch.yaml";
    file.content.len = (size_t)snprintf(text, sizeof text, "load_max: 8\nrules: [%s]\n", rules);
    file.content.data = (uint8_t *)text;
    Gj__V1__PolicyProposeRequest propose = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    propose.files = files;
    propose.n_files = 1;
    propose.reason = (char *)"试行自动派单";
    const struct gj_result *result = gj_direct_call(w->direct, w->qa, GJ__V1__CALL__POLICY_PROPOSE, &propose);
    assert_ok(result);
    Gj__V1__PolicyApproveRequest approve = GJ__V1__POLICY_APPROVE_REQUEST__INIT;
    approve.version = (uint32_t)result->written.id;
    approve.approve = true;
    approve.reason = (char *)"同意";
    assert_ok(gj_direct_call(w->direct, second, GJ__V1__CALL__POLICY_APPROVE, &approve));
}

/* A complete intake; what the system does with it follows by itself. */
static uint64_t reported(struct world *w, const char *category, int32_t priority)
{
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.household = w->household;
    request.contact_name = (char *)"张";
    request.contact_phone = (char *)"13800138000";
    request.description = (char *)"厨房漏水";
    request.category = (char *)category;
    request.area = (char *)"household";
    request.priority = priority;
    request.expected_response_told = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    assert_ok(result);
    return result->written.id;
}

static const Gj__V1__Why *why(struct world *w, uint64_t user, uint64_t id)
{
    Gj__V1__WhyRequest request = GJ__V1__WHY_REQUEST__INIT;
    request.id = id;
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__DISPATCH_WHY, &request);
    assert_ok(result);
    return (const Gj__V1__Why *)result->body;
}

static bool tied(struct world *w, uint64_t id, enum gj_relation relation, uint64_t user)
{
    const Gj__Stored__Record *row = world_row(w, id);
    for (size_t i = 0; i < row->n_related; i++) {
        if (row->related[i]->user == user && strcmp(row->related[i]->relation, gj_relation_word(relation)) == 0) {
            return true;
        }
    }
    return false;
}

static void people_choose_and_the_order_is_a_suggestion(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "electrician");
    uint64_t id = reported(w, "WAT-03", 2);
    world_expect_state(w, id, "TRIAGED");
    const Gj__V1__Why *answer = why(w, w->agent, id);
    assert_string_equal(answer->now->mode, "manual");
    assert_string_equal(answer->now->trade, "plumber");
    assert_int_equal(answer->n_past, 0);
    assert_int_equal(answer->now->n_candidates, 2);
    assert_int_equal(answer->now->candidates[0]->user, w->tech);
    assert_string_equal(answer->now->candidates[0]->bar, "none");
    assert_string_equal(answer->now->candidates[0]->rule, "only");
    assert_string_equal(answer->now->candidates[1]->bar, "trade");
    Gj__V1__WhyRequest request = GJ__V1__WHY_REQUEST__INIT;
    request.id = id;
    assert_int_equal(
        gj_direct_call(w->direct, w->tech, GJ__V1__CALL__DISPATCH_WHY, &request)->status == GJ__V1__STATUS__OK, false);
    request.id = 4711;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_WHY, &request), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "id");
}

static void the_system_assigns_and_says_why(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: automatic}");
    uint64_t first = reported(w, "WAT-03", 2);
    world_expect_state(w, first, "DISPATCHED");
    assert_int_equal(world_row(w, first)->assignee, w->tech);
    assert_int_equal(world_notices(w, w->tech, NULL), 1);
    /* The next one goes to whoever has less. */
    uint64_t second = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, second)->assignee, w->tech2);
    const Gj__V1__Why *answer = why(w, w->lead, second);
    assert_int_equal(answer->n_past, 1);
    assert_string_equal(answer->past[0]->mode, "automatic");
    assert_int_equal(answer->past[0]->candidates[0]->user, w->tech2);
    assert_true(answer->past[0]->candidates[0]->chosen);
    assert_string_equal(answer->past[0]->candidates[0]->rule, "load");
    assert_false(answer->past[0]->candidates[1]->chosen);
    assert_false(answer->past[0]->taken);
    assert_ok(world_act(w, w->tech2, second, "accept", NULL));
    assert_true(why(w, w->lead, second)->past[0]->taken);
}

static void who_declines_is_not_asked_again_and_the_second_time_people_decide(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: automatic}");
    uint64_t id = reported(w, "WAT-03", 2);
    assert_ok(world_act(w, w->tech, id, "decline", text(w, "decline_reason", "手头有急修"), NULL));
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    assert_ok(world_act(w, w->tech2, id, "decline", text(w, "decline_reason", "缺配件"), NULL));
    world_expect_state(w, id, "TRIAGED");
    assert_int_equal(world_row(w, id)->assignee, 0);
    assert_true(world_notices(w, w->eng, NULL) > 0);
    const Gj__V1__Why *answer = why(w, w->lead, id);
    assert_int_equal(answer->n_past, 2);
    assert_string_equal(answer->now->candidates[0]->bar, "declined");
    /* Only a lead may dispatch it now, to whom he likes. */
    assert_ok(world_act(w, w->eng, id, "dispatch", ref(w, "assignee", w->tech), text(w, "trade", "plumber"), NULL));
}

static void what_is_offered_goes_to_the_first_who_accepts(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: offer}");
    uint64_t id = reported(w, "WAT-01", 1);
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_row(w, id)->assignee, 0);
    assert_true(tied(w, id, GJ_RELATION_OFFERED, w->tech));
    assert_true(tied(w, id, GJ_RELATION_OFFERED, w->tech2));
    assert_true(world_notices(w, w->tech, NULL) > 0 && world_notices(w, w->tech2, NULL) > 0);
    /* Both saw the same revision; the second is late. */
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.id = id;
    request.revision = world_row(w, id)->revision;
    request.act = (char *)"accept";
    assert_ok(gj_direct_call(w->direct, w->tech2, GJ__V1__CALL__RECORD_ACT, &request));
    assert_int_not_equal(
        gj_direct_call(w->direct, w->tech, GJ__V1__CALL__RECORD_ACT, &request)->status, GJ__V1__STATUS__OK);
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    world_expect_state(w, id, "ACCEPTED");
    assert_false(tied(w, id, GJ_RELATION_OFFERED, w->tech));
    assert_true(why(w, w->lead, id)->past[0]->taken);
}

static void what_nobody_takes_comes_back_and_goes_on(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: automatic}");
    uint64_t id = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, id)->assignee, w->tech);
    gj_direct_advance(w->direct, 31 * MINUTE);
    (void)world_fire(w);
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    gj_direct_advance(w->direct, 31 * MINUTE);
    (void)world_fire(w);
    world_expect_state(w, id, "TRIAGED");
    assert_int_equal(world_row(w, id)->assignee, 0);
    assert_int_equal(why(w, w->lead, id)->n_past, 2);
}

static void a_ticket_given_by_a_person_is_never_taken_back(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    uint64_t id = reported(w, "WAT-03", 2);
    assert_ok(world_act(w, w->lead, id, "dispatch", ref(w, "assignee", w->tech), text(w, "trade", "plumber"), NULL));
    gj_direct_advance(w->direct, 31 * MINUTE);
    (void)world_fire(w);
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_row(w, id)->assignee, w->tech);
}

static void an_absence_and_the_roster_count(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: automatic}");
    Gj__V1__RosterSetRequest roster = GJ__V1__ROSTER_SET_REQUEST__INIT;
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    Gj__V1__RosterLine *lines[] = {&line};
    line.role = (char *)"tech";
    line.user = w->tech2;
    line.from = gj_direct_now(w->direct) - HOUR;
    line.until = gj_direct_now(w->direct) + 8 * HOUR;
    roster.office = w->office;
    roster.from = line.from;
    roster.until = line.until;
    roster.lines = lines;
    roster.n_lines = 1;
    assert_ok(gj_direct_call(w->direct, w->director, GJ__V1__CALL__ADMIN_ROSTER_SET, &roster));
    uint64_t id = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    const Gj__V1__Why *answer = why(w, w->lead, id);
    assert_string_equal(answer->past[0]->candidates[1]->bar, "shift");
}

static void duty_line(
    struct world *w, Gj__V1__RosterLine *line, uint64_t user, const char *kind, uint64_t covers, int64_t hours)
{
    gj__v1__roster_line__init(line);
    line->role = (char *)"tech";
    line->user = user;
    line->kind = (char *)(uintptr_t)kind;
    line->covers = covers;
    line->from = gj_direct_now(w->direct) - HOUR;
    line->until = line->from + hours * HOUR;
}

/* Standby is for emergencies, whoever is covered is off, and who covers is on duty. */
static void standby_is_called_out_and_the_covered_are_left_alone(void **state)
{
    struct world *w = *state;
    skilled(w, w->tech, "plumber");
    skilled(w, w->tech2, "plumber");
    dispatch_by(w, "{mode: automatic}");
    Gj__V1__RosterSetRequest roster = GJ__V1__ROSTER_SET_REQUEST__INIT;
    Gj__V1__RosterLine first, second;
    Gj__V1__RosterLine *lines[] = {&first, &second};
    duty_line(w, &first, w->tech, "standby", 0, 3);
    roster.office = w->office;
    roster.from = first.from;
    roster.until = roster.from + 12 * HOUR;
    roster.lines = lines;
    roster.n_lines = 1;
    assert_ok(gj_direct_call(w->direct, w->director, GJ__V1__CALL__ADMIN_ROSTER_SET, &roster));
    uint64_t usual = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, usual)->assignee, 0);
    assert_string_equal(why(w, w->lead, usual)->now->candidates[0]->bar, "shift");
    uint64_t urgent = reported(w, "WAT-01", 1);
    assert_int_equal(world_row(w, urgent)->assignee, w->tech);

    duty_line(w, &first, w->tech, "duty", 0, 12);
    duty_line(w, &second, w->tech2, "cover", w->tech, 3);
    roster.n_lines = 2;
    assert_ok(gj_direct_call(w->direct, w->director, GJ__V1__CALL__ADMIN_ROSTER_SET, &roster));
    uint64_t covered = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, covered)->assignee, w->tech2);
    gj_direct_advance(w->direct, 3 * HOUR);
    uint64_t back = reported(w, "WAT-03", 2);
    assert_int_equal(world_row(w, back)->assignee, w->tech);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(people_choose_and_the_order_is_a_suggestion),
        STORY(the_system_assigns_and_says_why),
        STORY(who_declines_is_not_asked_again_and_the_second_time_people_decide),
        STORY(what_is_offered_goes_to_the_first_who_accepts),
        STORY(what_nobody_takes_comes_back_and_goes_on),
        STORY(a_ticket_given_by_a_person_is_never_taken_back),
        STORY(an_absence_and_the_roster_count),
        STORY(standby_is_called_out_and_the_covered_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
