/* Clocks that run out: warnings, breaches, the ladder, whose limits count, and that nothing fires twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/body.pb-c.h"
#include "core/work.pb-c.h"
#include "core/work_world.h"
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

static unsigned duty_lines(struct world *w)
{
    unsigned lines = 0;
    struct gj_iter iter;
    struct gj_txn *txn = gj_direct_look(w->direct);
    gj_iter_range(&iter, txn, GJ_TABLE_RECORD, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Record *row = NULL;
        assert_true(gj_record_unpack(
            txn, &iter.value, &gj__stored__record__descriptor, gj_direct_arena(w->direct), (void **)&row));
        lines += row->kind == 3 ? 1 : 0;
    }
    gj_iter_close(&iter);
    return lines;
}

static void the_ladder_in_order(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DISPATCHED");
    const Gj__V1__Timer *accept = world_timer(w, id, "accept");
    assert_int_equal(accept->due_at, gj_direct_now(w->direct) + 30 * MINUTE);
    gj_direct_advance(w->direct, 22 * MINUTE);
    world_fire(w); /* its row was set for the dispatch, which is done: nothing comes of it but the next time */
    assert_int_equal(world_notices(w, w->tech, "timer.warning"), 0);
    assert_int_equal(world_row(w, id)->next_fire_at, accept->started_at + 22 * MINUTE + 30000);
    gj_direct_advance(w->direct, MINUTE);
    assert_int_equal(world_fire(w), 1);
    assert_int_equal(world_notices(w, w->tech, "timer.warning"), 1);
    assert_int_equal(world_notices(w, w->lead, NULL), 0);
    assert_int_equal(world_fire(w), 0); /* once */

    gj_direct_advance(w->direct, 8 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), 1);
    assert_int_equal(world_notices(w, w->eng, "timer.breach"), 1);
    assert_int_equal(duty_lines(w), 1);
    assert_true(world_timer(w, id, "accept")->breached);
    assert_int_equal(world_notices(w, w->director, NULL), 0);

    gj_direct_advance(w->direct, 15 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->director, "timer.escalated"), 1);
    gj_direct_advance(w->direct, 46 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->qa, "timer.headquarters"), 1);
    assert_int_equal(duty_lines(w), 1);
    assert_int_equal(world_timer(w, id, "accept")->stage, 4);
    gj_direct_advance(w->direct, 10 * MINUTE);
    unsigned before = world_notices(w, w->qa, NULL);
    world_fire(w);
    assert_int_equal(world_notices(w, w->qa, NULL), before);
}

/* Nobody has said yet how urgent it is: what runs is the time to say it, not the limits of the most urgent. */
static void unclassified_work_has_one_clock(void **state)
{
    struct world *w = *state;
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.description = (char *)"楼下有水";
    request.priority = -1;
    int64_t received = gj_direct_now(w->direct);
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
    assert_ok(result);
    uint64_t id = result->written.id;
    world_expect_state(w, id, "NEW");
    for (size_t i = 0; i < world_row(w, id)->n_timers; i++) {
        const Gj__V1__Timer *timer = world_row(w, id)->timers[i];
        assert_int_equal(timer->due_at, strcmp(timer->name, "triage") == 0 ? received + 20 * MINUTE : 0);
    }
    assert_non_null(world_timer(w, id, "triage"));
    gj_direct_advance(w->direct, 16 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "timer.warning"), 1);
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), 0);
    assert_ok(world_act(w, w->agent, id, "triage", text(w, "category", "WAT-03"), text(w, "area", "common"),
        text(w, "priority", "P2"), text(w, "place", "大堂"), text(w, "contact_name", "李"),
        text(w, "contact_phone", "13900000000"), number(w, "expected_response_told", 1), NULL));
    assert_true(world_timer(w, id, "triage")->met);
    assert_int_equal(world_timer(w, id, "dispatch")->due_at, received + 20 * MINUTE);
    assert_int_equal(world_timer(w, id, "contact")->due_at, received + 120 * MINUTE);
    /* Complete at the end of the call: there was nothing to wait for. */
    assert_null(world_timer(w, world_ticket(w, "WAT-03", 2), "triage"));
}

static void a_stopped_clock_does_not_fire(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ACCEPTED");
    gj_direct_advance(w->direct, 45 * MINUTE);
    world_fire(w);
    assert_int_equal(world_timer(w, id, "accept")->stage, 0);
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), 0);
}

static void firing_twice_does_nothing(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 21 * MINUTE);
    Gj__Body__Timer body = GJ__BODY__TIMER__INIT;
    uint64_t records[] = {id, id, 987654};
    body.records = records;
    body.n_records = 3;
    body.upto = gj_direct_now(w->direct);
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_TIMER, &body.base));
    unsigned notices = world_notices(w, w->lead, "timer.breach");
    uint32_t revision = world_row(w, id)->revision;
    assert_int_equal(notices, 1);
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_TIMER, &body.base));
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), notices);
    assert_int_equal(world_row(w, id)->revision, revision);
}

static void nothing_is_lost_over_a_restart(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 10 * MINUTE);
    gj_direct_reopen(w->direct);
    gj_direct_advance(w->direct, 11 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), 1);
    assert_true(world_timer(w, id, "dispatch")->breached);
}

static void after_a_hold_one_notice_a_person(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++) {
        world_ticket(w, "WAT-03", 2);
    }
    gj_direct_advance(w->direct, 2 * HOUR);
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "timer.breach"), 0);
    assert_int_equal(world_notices(w, w->lead, "timer.folded"), 1);
    assert_int_equal(duty_lines(w), 20 + 20); /* dispatch and contact are both over */
}

static void a_late_entry_is_no_hold(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 12 * MINUTE);
    Gj__V1__AmendRequest amend = GJ__V1__AMEND_REQUEST__INIT;
    Gj__V1__Field *fields[] = {at(w, "received_at", gj_direct_now(w->direct) - 2 * HOUR)};
    amend.id = id;
    amend.revision = world_row(w, id)->revision;
    amend.fields = fields;
    amend.n_fields = 1;
    amend.reason = (char *)"was on a slip of paper";
    assert_ok(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_AMEND, &amend));
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "timer.folded"), 0);
    assert_true(world_notices(w, w->lead, "timer.breach") > 0);
    assert_int_equal(world_fire(w), 0);
}

/* A typhoon's worth of tickets runs out at once: more than one command of the daemon may hold. */
static void many_at_once(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 150; i++) {
        world_ticket(w, "WAT-03", 2);
    }
    gj_direct_advance(w->direct, 5 * HOUR);
    assert_true(world_fire(w) > 2);
    assert_int_equal(duty_lines(w), 2 * 150);
    assert_int_equal(world_fire(w), 0);
}

/* --- whose limits --- */

static void change_office(struct world *w, const char *timer, const char *limit, bool weather)
{
    Gj__Stored__Office *row = NULL;
    Gj__Stored__Limit own = GJ__STORED__LIMIT__INIT;
    Gj__Stored__Limit *limits[] = {&own};
    struct gj_key key = gj_key_of_u64(w->office);
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(gj_direct_core(w->direct)->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, gj_direct_arena(w->direct), (void **)&row));
    own.kind = (char *)"repair_ticket";
    own.timer = (char *)timer;
    own.priority = (char *)"P2";
    own.limit = (char *)limit;
    row->limits = limits;
    row->n_limits = timer == NULL ? 0 : 1;
    row->weather_mode = weather;
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &row->base);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void an_office_is_stricter_never_looser(void **state)
{
    struct world *w = *state;
    int64_t now = gj_direct_now(w->direct);
    uint64_t plain = world_ticket(w, "WAT-03", 2);
    assert_int_equal(world_timer(w, plain, "finish")->due_at, now + DAY);
    assert_string_equal(world_timer(w, plain, "finish")->level, "company");
    change_office(w, "finish", "8h", false);
    uint64_t strict = world_ticket(w, "WAT-03", 2);
    assert_int_equal(world_timer(w, strict, "finish")->due_at, now + 8 * HOUR);
    assert_string_equal(world_timer(w, strict, "finish")->level, "office");
    change_office(w, "finish", "72h", false);
    uint64_t loose = world_ticket(w, "WAT-03", 2);
    assert_int_equal(world_timer(w, loose, "finish")->due_at, now + DAY);
}

static void a_typhoon_stretches_what_may_wait(void **state)
{
    struct world *w = *state;
    int64_t now = gj_direct_now(w->direct);
    change_office(w, NULL, NULL, true);
    uint64_t routine = world_ticket(w, "WAT-03", 2);
    uint64_t urgent = world_ticket(w, "WAT-01", 1);
    assert_int_equal(world_timer(w, routine, "finish")->due_at, now + 36 * HOUR);
    assert_int_equal(world_timer(w, urgent, "finish")->due_at, now + DAY);
}

/* Runs what the switch has asked for to its end. Returns the number of commands. */
static unsigned weather_round(struct world *w)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    unsigned commands = 0;
    bool waits = true;
    while (waits) {
        struct gj_iter iter;
        waits = false;
        gj_iter_range(&iter, gj_direct_look(w->direct), GJ_TABLE_TIMER, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
            (void)gj_key_read_i64(&reader);
            waits = waits || gj_key_read_u16(&reader) == GJ__V1__CALL__SYSTEM_WEATHER;
        }
        gj_iter_close(&iter);
        if (waits) {
            assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_WEATHER, &empty.base));
            assert_true(++commands < 20);
        }
    }
    return commands;
}

static unsigned switch_weather(struct world *w, bool on)
{
    Gj__V1__WeatherRequest request = GJ__V1__WEATHER_REQUEST__INIT;
    request.office = w->office;
    request.on = on;
    request.reason = (char *)"台风";
    assert_ok(gj_direct_call(w->direct, w->director, GJ__V1__CALL__WEATHER_MODE, &request));
    return weather_round(w);
}

/* Tickets already open are stretched too, in bounded steps, visibly, and go back when the storm is over. */
static void a_storm_reaches_what_is_open_and_goes_again(void **state)
{
    struct world *w = *state;
    int64_t now = gj_direct_now(w->direct);
    uint64_t early = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 12 * HOUR);
    uint64_t late = world_ticket(w, "WAT-03", 2);
    uint64_t urgent = world_ticket(w, "WAT-01", 1);
    for (int i = 0; i < 70; i++) {
        world_ticket(w, "WAT-03", 2);
    }
    assert_true(switch_weather(w, true) > 1);
    const Gj__V1__Timer *timer = world_timer(w, early, "finish");
    assert_int_equal(timer->due_at, now + 36 * HOUR);
    assert_int_equal(timer->old_due_at, now + DAY);
    assert_string_equal(timer->level, "weather");
    assert_int_equal(world_timer(w, urgent, "finish")->due_at, now + 36 * HOUR);
    assert_int_equal(world_timer(w, urgent, "finish")->old_due_at, 0);
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = early;
    show.history = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &show);
    assert_ok(result);
    const Gj__V1__Shown *shown = (const Gj__V1__Shown *)result->body;
    assert_string_equal(shown->history[shown->n_history - 1]->event->act, "recompute");

    /* 25 hours on: the ordinary limit of the first is over, those of the others lie ahead. */
    gj_direct_advance(w->direct, 13 * HOUR);
    assert_true(switch_weather(w, false) > 1);
    assert_int_equal(world_timer(w, early, "finish")->due_at, now + 36 * HOUR);
    timer = world_timer(w, late, "finish");
    assert_int_equal(timer->due_at, now + 36 * HOUR);
    assert_int_equal(timer->old_due_at, now + 48 * HOUR);
    assert_string_equal(timer->level, "company");
}

/* --- a new calendar --- */

static void recomputing_visits_every_open_record(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 70; i++) {
        world_ticket(w, "GRN-02", 4); /* planned work: its clocks count working days */
    }
    Gj__Work__Recompute body = GJ__WORK__RECOMPUTE__INIT;
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_RECOMPUTE, &body.base));
    assert_int_equal(world_count(w, GJ_TABLE_TIMER), 2); /* it asks to go on, beside the round of obligations */
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_RECOMPUTE, &body.base));
    assert_int_equal(world_count(w, GJ_TABLE_TIMER), 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_ladder_in_order),
        STORY(unclassified_work_has_one_clock),
        STORY(a_stopped_clock_does_not_fire),
        STORY(firing_twice_does_nothing),
        STORY(nothing_is_lost_over_a_restart),
        STORY(after_a_hold_one_notice_a_person),
        STORY(many_at_once),
        STORY(a_late_entry_is_no_hold),
        STORY(an_office_is_stricter_never_looser),
        STORY(a_typhoon_stretches_what_may_wait),
        STORY(a_storm_reaches_what_is_open_and_goes_again),
        STORY(recomputing_visits_every_open_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
