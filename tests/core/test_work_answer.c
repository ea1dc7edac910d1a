/* What a caller is told of a record: the answer to a write, and the revision that people compare with. */
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

static void use_key(struct world *w, uint8_t last, uint8_t key[16])
{
    int64_t ms = gj_direct_now(w->direct);
    memset(key, 0, 16);
    for (int i = 0; i < 6; i++) {
        key[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    key[6] = 0xee; /* none that the calls count by themselves */
    key[15] = last;
    gj_direct_request_key(w->direct, key);
}

static const struct gj_result *accept_by_signature(struct world *w, uint64_t id)
{
    return world_act(
        w, w->tech, id, "owner_accept", text(w, "owner_means", "signature"), blob(w, id, "owner_signature"), NULL);
}

/* What the technician hands in is followed up at once: the answer says so, and so does the kept one. */
static void the_answer_tells_where_the_record_ended(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    uint8_t key[16];
    world_bring(w, id, "DONE");
    uint32_t before = world_row(w, id)->revision;
    use_key(w, 1, key);
    const struct gj_result *result = accept_by_signature(w, id);
    assert_ok(result);
    uint64_t event = result->written.event;
    assert_string_equal(result->written.state, "FOLLOW_UP");
    assert_int_equal(result->written.revision, before + 2);
    assert_int_equal(result->written.revision, world_row(w, id)->revision);
    use_key(w, 1, key);
    result = accept_by_signature(w, id);
    assert_ok(result);
    assert_int_equal(result->entries, 0);
    assert_int_equal(result->written.event, event);
    assert_string_equal(result->written.state, "FOLLOW_UP");
    assert_int_equal(result->written.revision, before + 2);
    assert_string_equal(result->written.number, world_row(w, id)->number);
}

/* An outbox goes on after its own step, although the daemon took another in the same breath. */
static void an_automatic_step_is_part_of_the_change_it_follows(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    uint8_t first[16], second[16];
    world_bring(w, id, "DONE");
    use_key(w, 1, first);
    assert_ok(accept_by_signature(w, id));
    world_expect_state(w, id, "FOLLOW_UP");
    Gj__V1__ActRequest next = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "call_result", "no_answer")};
    next.after = (ProtobufCBinaryData){.data = first, .len = sizeof(first)};
    next.fields = fields;
    next.n_fields = 1;
    use_key(w, 2, second);
    assert_ok(world_do(w, w->agent, id, "follow_up_attempt", &next));
}

static void a_reminder_does_not_make_anybody_late(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    uint8_t key[16], other[16];
    world_bring(w, id, "DISPATCHED");
    use_key(w, 1, key);
    Gj__V1__ActRequest note = GJ__V1__ACT_REQUEST__INIT;
    note.note = (char *)"已电话联系";
    assert_ok(world_do(w, w->tech, id, "note", &note));
    uint32_t seen = world_row(w, id)->revision;
    uint32_t entries = world_row(w, id)->entry_count;
    gj_direct_advance(w->direct, 31 * MINUTE);
    assert_true(world_fire(w) > 0);
    assert_true(world_row(w, id)->entry_count > entries); /* warned and breached, on record */
    assert_int_equal(world_row(w, id)->revision, seen);
    /* Whoever saw the record before the reminder may act, by revision or by the own change before. */
    Gj__V1__ActRequest accept = GJ__V1__ACT_REQUEST__INIT;
    accept.after = (ProtobufCBinaryData){.data = key, .len = sizeof(key)};
    use_key(w, 2, other);
    assert_ok(world_do(w, w->tech, id, "accept", &accept));
    Gj__V1__ActRequest arrive = GJ__V1__ACT_REQUEST__INIT;
    arrive.revision = seen + 1;
    gj_direct_advance(w->direct, 3 * HOUR);
    assert_true(world_fire(w) > 0);
    assert_ok(world_do(w, w->tech, id, "arrive", &arrive));
}

/* A clock that does something itself is an act like any other. */
static void an_act_of_a_clock_is_seen(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    assert_ok(world_act(w, w->eng, id, "hold", text(w, "hold_reason", "parts"),
        at(w, "hold_until", gj_direct_now(w->direct) + HOUR), number(w, "owner_told", 1), NULL));
    world_expect_state(w, id, "ON_HOLD");
    uint32_t seen = world_row(w, id)->revision;
    gj_direct_advance(w->direct, 2 * HOUR);
    assert_true(world_fire(w) > 0);
    world_expect_state(w, id, "WORKING");
    assert_int_equal(world_row(w, id)->revision, seen + 1);
    Gj__V1__ActRequest late = GJ__V1__ACT_REQUEST__INIT;
    late.revision = seen;
    assert_refused(world_do(w, w->tech, id, "resume", &late), GJ__V1__STATUS__CONFLICT, "conflict", "revision");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_answer_tells_where_the_record_ended),
        STORY(an_automatic_step_is_part_of_the_change_it_follows),
        STORY(a_reminder_does_not_make_anybody_late),
        STORY(an_act_of_a_clock_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
