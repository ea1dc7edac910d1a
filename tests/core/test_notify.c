/* Who hears of it: holders of a role, lent roles, the absent, those it is about, and the roster when nobody is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/notify.h"
#include "core/notify_people.h"
#include "core/work_world.h"
#include "store/entry.h"
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

static void put_absence(struct world *w, uint64_t user, int64_t from, int64_t until)
{
    struct gj_core *core = gj_direct_core(w->direct);
    Gj__Stored__User *row = NULL;
    Gj__Stored__Absence absence = GJ__STORED__ABSENCE__INIT;
    Gj__Stored__Absence *absences[] = {&absence};
    struct gj_key key = gj_key_of_u64(user);
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, gj_direct_arena(w->direct), (void **)&row));
    absence.from = from;
    absence.until = until;
    row->absences = absences;
    row->n_absences = 1;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row->base);
    gj_actor_rights_changed(txn);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void put_roster(struct world *w, uint64_t office, uint64_t region, const char *role, uint64_t user)
{
    struct gj_core *core = gj_direct_core(w->direct);
    Gj__Stored__Roster line = GJ__STORED__ROSTER__INIT;
    struct gj_txn *txn = NULL;
    int64_t from = gj_direct_now(w->direct) - HOUR;
    struct gj_key key = gj_people_roster_key(office, region, role, from, user);
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    line.office = office;
    line.region = region;
    line.role = (char *)role;
    line.user = user;
    line.from = from;
    line.until = from + 2 * DAY;
    gj_record_save(txn, GJ_TABLE_ROSTER, &key, &line.base);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void put_delegation(struct world *w, uint64_t from, uint64_t to, const char *role)
{
    struct gj_core *core = gj_direct_core(w->direct);
    Gj__Stored__Delegation loan = GJ__STORED__DELEGATION__INIT;
    struct gj_txn *txn = NULL;
    struct gj_key key = gj_key_of_u64(1);
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    loan.id = 1;
    loan.from_user = from;
    loan.to_user = to;
    loan.role = (char *)role;
    loan.office = w->office;
    loan.from = gj_direct_now(w->direct) - HOUR;
    loan.until = gj_direct_now(w->direct) + DAY;
    gj_record_save(txn, GJ_TABLE_DELEGATION, &key, &loan.base);
    gj_actor_rights_changed(txn);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void let_dispatch_be_escalated(struct world *w)
{
    world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 30 * MINUTE);
    world_fire(w);
}

static void the_absent_are_left_out(void **state)
{
    struct world *w = *state;
    put_absence(w, w->lead, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    let_dispatch_be_escalated(w);
    assert_int_equal(world_notices(w, w->lead, NULL), 0);
    assert_int_equal(world_notices(w, w->eng, "timer.breach"), 1);
}

static void a_lent_role_is_told(void **state)
{
    struct world *w = *state;
    put_absence(w, w->director, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    put_delegation(w, w->director, w->duty, "director");
    let_dispatch_be_escalated(w);
    assert_int_equal(world_notices(w, w->duty, "timer.escalated"), 1);
    assert_int_equal(world_notices(w, w->duty, "roster.step"), 0);
}

static void before_anybody_has_the_work_nobody_misses_him(void **state)
{
    struct world *w = *state;
    put_roster(w, w->office, 0, "duty_director", w->duty);
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 110 * MINUTE); /* past the warnings of the contact, which are for who has the work */
    world_fire(w);
    assert_true(world_timer(w, id, "contact")->stage > 0);
    assert_int_equal(world_notices(w, w->duty, "roster.step"), 0);
    assert_int_equal(world_notices(w, w->duty, NULL), 0);
}

static void nobody_left_climbs_the_roster(void **state)
{
    struct world *w = *state;
    put_absence(w, w->director, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    put_roster(w, w->office, 0, "duty_director", w->duty);
    let_dispatch_be_escalated(w);
    assert_int_equal(world_notices(w, w->duty, "timer.escalated"), 1);
    assert_int_equal(world_notices(w, w->duty, "roster.step"), 1);
    assert_int_equal(world_notices(w, w->qa, "timer.escalated"), 0);
}

static void then_the_region_then_headquarters(void **state)
{
    struct world *w = *state;
    int64_t now = gj_direct_now(w->direct);
    uint64_t head = gj_direct_user(w->direct, "region_head", "hq_qa", 0, w->region);
    put_absence(w, w->director, now - HOUR, now + DAY);
    let_dispatch_be_escalated(w);
    assert_int_equal(world_notices(w, head, "timer.escalated"), 1);
    assert_int_equal(world_notices(w, head, "roster.step"), 1);
    assert_int_equal(world_notices(w, w->qa, "roster.step"), 0);
    put_absence(w, head, now - HOUR, now + DAY);
    let_dispatch_be_escalated(w);
    assert_int_equal(world_notices(w, w->qa, "timer.escalated"), 1);
    assert_int_equal(world_notices(w, w->qa, "roster.step"), 1);
    assert_int_equal(world_notices(w, w->auditor, NULL), 0); /* looks at everything, is asked for nothing */
}

static void the_step_up_is_on_record(void **state)
{
    struct world *w = *state;
    put_absence(w, w->director, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    put_roster(w, w->office, 0, "duty_director", w->duty);
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_advance(w->direct, 30 * MINUTE);
    world_fire(w);
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    show.history = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &show);
    assert_ok(result);
    const Gj__V1__Shown *shown = (const Gj__V1__Shown *)result->body;
    unsigned steps = 0;
    for (size_t i = 0; i < shown->n_history; i++) {
        steps += strcmp(shown->history[i]->event->act, "roster.step") == 0 ? 1 : 0;
    }
    assert_int_equal(steps, 1);
}

static const char *reason_of(struct world *w, uint64_t event)
{
    static struct gj_entry entry;
    struct gj_entry_row row;
    size_t size = 0;
    assert_true(gj_entry_get(gj_direct_look(w->direct), event, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    return entry.reason.text;
}

/* Whoever holds the role acts by it, asked or not. */
static void a_role_of_ones_own_is_no_stand_in(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    put_absence(w, w->director, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    put_roster(w, w->office, 0, "duty_director", w->lead);
    gj_direct_advance(w->direct, 30 * MINUTE);
    world_fire(w);
    assert_int_equal(world_notices(w, w->lead, "roster.step"), 1);
    const struct gj_result *taken =
        world_act(w, w->lead, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->tech), NULL);
    assert_ok(taken);
    assert_string_equal(reason_of(w, taken->written.event), "");
}

/* News that goes up gives no right: the office still has people for the step. */
static void who_only_hears_of_it_may_not_act(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    put_absence(w, w->director, gj_direct_now(w->direct) - HOUR, gj_direct_now(w->direct) + DAY);
    gj_direct_advance(w->direct, 30 * MINUTE);
    world_fire(w);
    assert_true(world_notices(w, w->qa, "roster.step") > 0);
    assert_refused(world_act(w, w->qa, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->tech), NULL),
        GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
}

static void who_may_not_act_is_not_asked(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    /* The technician is a desk agent too. Calling back about the own work is nothing for whoever did it. */
    gj_direct_grant(w->direct, w->tech, "cs_agent", w->office, 0);
    world_bring(w, id, "DONE");
    assert_ok(world_act(
        w, w->tech, id, "owner_accept", text(w, "owner_means", "signature"), blob(w, id, "owner_signature"), NULL));
    world_expect_state(w, id, "FOLLOW_UP");
    unsigned before = world_notices(w, w->tech, "timer.warning");
    gj_direct_advance(w->direct, 7 * DAY);
    world_fire(w);
    assert_int_equal(world_notices(w, w->tech, "timer.warning") - before, 0);
    assert_true(world_notices(w, w->agent, NULL) > 0);
}

static void who_did_it_is_not_told(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DISPATCHED");
    assert_int_equal(world_notices(w, w->tech, "record.dispatch"), 1);
    assert_int_equal(world_notices(w, w->agent, NULL), 0);
    assert_ok(world_act(w, w->tech, id, "decline", text(w, "decline_reason", "去不了"), NULL));
    assert_int_equal(world_notices(w, w->agent, "record.decline"), 1); /* who took the call */
    assert_int_equal(world_notices(w, w->tech, "record.decline"), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_absent_are_left_out),
        STORY(before_anybody_has_the_work_nobody_misses_him),
        STORY(a_lent_role_is_told),
        STORY(nobody_left_climbs_the_roster),
        STORY(then_the_region_then_headquarters),
        STORY(the_step_up_is_on_record),
        STORY(who_only_hears_of_it_may_not_act),
        STORY(a_role_of_ones_own_is_no_stand_in),
        STORY(who_may_not_act_is_not_asked),
        STORY(who_did_it_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
