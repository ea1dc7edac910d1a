/* Times that are told, against what lies around them: what is agreed lies ahead, nobody arrives before the call. */
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

static const struct gj_result *amend(struct world *w, uint64_t user, uint64_t id, Gj__V1__Field *field, const char *why)
{
    Gj__V1__AmendRequest request = GJ__V1__AMEND_REQUEST__INIT;
    request.id = id;
    request.revision = world_row(w, id)->revision;
    request.fields = &field;
    request.n_fields = 1;
    request.reason = (char *)why;
    return gj_direct_call(w->direct, user, GJ__V1__CALL__RECORD_AMEND, &request);
}

/* 预约、挂起: what is agreed lies ahead of the moment it is agreed, told or measured. */
static void what_is_agreed_lies_ahead(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ACCEPTED");
    gj_direct_advance(w->direct, HOUR);
    int64_t now = gj_direct_now(w->direct);
    assert_refused(
        world_act(w, w->tech, id, "appoint", at(w, "appointment_at", now), number(w, "confirmed_with_owner", 1), NULL),
        GJ__V1__STATUS__INVALID, "time_in_past", "appointment_at");
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {at(w, "appointment_at", now - 10 * MINUTE), number(w, "confirmed_with_owner", 1)};
    request.fields = fields;
    request.n_fields = 2;
    request.stated_at = now - 14 * MINUTE; /* agreed underground, sent on coming up */
    assert_ok(world_do(w, w->tech, id, "appoint", &request));
    assert_ok(world_act(w, w->tech, id, "arrive", NULL));
    Gj__V1__Field *told = number(w, "owner_told", 1);
    assert_refused(
        world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"), at(w, "hold_until", now - HOUR), told, NULL),
        GJ__V1__STATUS__INVALID, "time_in_past", "hold_until");
    assert_ok(amend(w, w->agent, id, at(w, "appointment_at", now - 20 * MINUTE), "记错时间"));
}

static void nobody_arrives_before_the_call(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ACCEPTED");
    int64_t received = world_row(w, id)->received_at;
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.stated_at = received - HOUR;
    request.late_reason = (char *)"地下室无信号";
    assert_refused(
        world_do(w, w->tech, id, "arrive", &request), GJ__V1__STATUS__INVALID, "time_before_receipt", "arrived_at");
    Gj__V1__Field *fields[] = {at(w, "arrived_at", received - HOUR)};
    request.stated_at = 0;
    request.fields = fields;
    request.n_fields = 1;
    assert_refused(
        world_do(w, w->tech, id, "arrive", &request), GJ__V1__STATUS__INVALID, "time_before_receipt", "arrived_at");
    fields[0] = at(w, "arrived_at", received);
    assert_ok(world_do(w, w->tech, id, "arrive", &request));
    assert_refused(amend(w, w->agent, id, at(w, "arrived_at", received - HOUR), "记错"), GJ__V1__STATUS__INVALID,
        "time_before_receipt", "arrived_at");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_agreed_lies_ahead),
        STORY(nobody_arrives_before_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
