/* Who takes a step when the office has nobody left for it: exactly that step, exactly as long, and on record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/policy/policy.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/stand_in.h"
#include "core/work_world.h"
#include "proto/admin.pb-c.h"
#include "store/entry.h"
#include "store/record.h"

/* The smallest office: a lead, a desk, a technician; above it a region and headquarters. */
struct small {
    struct world w;
    uint64_t head;
};

static int setup(void **state)
{
    static struct small s;
    memset(&s, 0, sizeof(s));
    s.w.direct = gj_direct_open();
    s.w.region = gj_direct_region(s.w.direct, "east");
    s.w.office = gj_direct_office(s.w.direct, s.w.region, "0012");
    s.w.other = gj_direct_office(s.w.direct, s.w.region, "0013");
    s.w.household = gj_direct_household(s.w.direct, s.w.office, "3-2-1801");
    s.w.agent = gj_direct_user(s.w.direct, "agent", "cs_agent", s.w.office, 0);
    s.w.lead = gj_direct_user(s.w.direct, "lead", "cs_lead", s.w.office, 0);
    s.w.tech = gj_direct_user(s.w.direct, "tech", "tech", s.w.office, 0);
    s.w.other_lead = gj_direct_user(s.w.direct, "other_lead", "cs_lead", s.w.other, 0);
    s.head = gj_direct_user(s.w.direct, "head", "hq_qa", 0, s.w.region);
    s.w.qa = gj_direct_user(s.w.direct, "qa", "hq_qa", 0, 0);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct small *s = *state;
    world_check_indexes(&s->w);
    gj_direct_close(s->w.direct);
    return 0;
}

static void absent(struct small *s, uint64_t user, int64_t from, int64_t until)
{
    Gj__V1__AbsenceRequest request = GJ__V1__ABSENCE_REQUEST__INIT;
    request.user = user;
    request.from = from;
    request.until = until;
    request.reason = (char *)"请假";
    assert_ok(gj_direct_call(s->w.direct, user, GJ__V1__CALL__ADMIN_ABSENCE_SET, &request));
}

static void away_for(struct small *s, uint64_t user, int64_t ms)
{
    int64_t now = gj_direct_now(s->w.direct);
    absent(s, user, now, now + ms);
}

/* What core/due.c does with the row of this call: until nothing of it is due. Returns the number of commands. */
static unsigned round_due(struct small *s)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    unsigned commands = 0;
    for (bool due = true; due;) {
        struct gj_iter iter;
        due = false;
        gj_iter_range(&iter, gj_direct_look(s->w.direct), GJ_TABLE_TIMER, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
            int64_t at = gj_key_read_i64(&reader);
            due =
                due || (gj_key_read_u16(&reader) == GJ__V1__CALL__SYSTEM_STAND_IN && at <= gj_direct_now(s->w.direct));
        }
        gj_iter_close(&iter);
        if (due) {
            assert_ok(gj_direct_system(s->w.direct, GJ__V1__CALL__SYSTEM_STAND_IN, &empty.base));
            assert_true(++commands < 100);
        }
    }
    return commands;
}

static void put_shift(struct small *s, uint64_t office, uint64_t region, const char *role, uint64_t user, int64_t hours)
{
    Gj__V1__RosterSetRequest request = GJ__V1__ROSTER_SET_REQUEST__INIT;
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    Gj__V1__RosterLine *lines[] = {&line};
    int64_t now = gj_direct_now(s->w.direct);
    request.office = office;
    request.region = region;
    request.from = now;
    request.until = now + hours * HOUR;
    request.lines = lines;
    request.n_lines = 1;
    line.role = (char *)role;
    line.user = user;
    line.from = request.from;
    line.until = request.until;
    assert_ok(gj_direct_call(s->w.direct, s->w.qa, GJ__V1__CALL__ADMIN_ROSTER_SET, &request));
}

static const Gj__V1__Asked *asked(struct small *s, uint64_t id, uint64_t user)
{
    const Gj__Stored__Record *row = world_row(&s->w, id);
    for (size_t i = 0; i < row->n_asked; i++) {
        if (row->asked[i]->user == user) {
            return row->asked[i];
        }
    }
    return NULL;
}

static struct gj_entry entry_at(struct small *s, uint64_t event)
{
    struct gj_entry entry;
    struct gj_entry_row row;
    size_t size = 0;
    assert_true(gj_entry_get(gj_direct_look(s->w.direct), event, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    return entry;
}

static const struct gj_result *dispatch(struct small *s, uint64_t user, uint64_t id)
{
    struct world *w = &s->w;
    return world_act(w, user, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->tech), NULL);
}

/* --- when the last one goes ----------------------------------------------------------------------------------------
 */

static void the_last_one_goes_and_comes_back(void **state)
{
    struct small *s = *state;
    uint64_t id = world_ticket(&s->w, "WAT-03", 2);
    away_for(s, s->w.agent, 4 * HOUR);
    round_due(s);
    assert_int_equal(world_row(&s->w, id)->n_asked, 0); /* the lead is there */
    away_for(s, s->w.lead, 2 * HOUR);
    round_due(s);
    const Gj__V1__Asked *ask = asked(s, id, s->head);
    assert_non_null(ask);
    assert_string_equal(ask->role, "cs_agent");
    assert_string_equal(ask->level, "region");
    assert_string_equal(ask->why, "absent");
    assert_null(asked(s, id, s->w.qa));
    assert_int_equal(world_notices(&s->w, s->head, "stand_in.asked"), 1);
    assert_refused(dispatch(s, s->w.qa, id), GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
    gj_direct_advance(s->w.direct, 2 * HOUR);
    assert_refused(dispatch(s, s->head, id), GJ__V1__STATUS__DENIED, "act_not_yours", NULL); /* the lead is back */
    assert_true(round_due(s) > 0);
    assert_int_equal(world_row(&s->w, id)->n_asked, 0);
    assert_ok(dispatch(s, s->w.lead, id));
}

static void an_absence_announced_begins_by_itself(void **state)
{
    struct small *s = *state;
    uint64_t id = world_ticket(&s->w, "WAT-03", 2);
    int64_t now = gj_direct_now(s->w.direct);
    absent(s, s->w.agent, now + HOUR, now + 3 * HOUR);
    absent(s, s->w.lead, now + HOUR, now + 3 * HOUR);
    round_due(s);
    assert_int_equal(world_row(&s->w, id)->n_asked, 0);
    gj_direct_advance(s->w.direct, HOUR);
    round_due(s);
    assert_non_null(asked(s, id, s->head));
}

static void a_role_taken_away_and_an_account_closed(void **state)
{
    struct small *s = *state;
    uint64_t id = world_ticket(&s->w, "WAT-03", 2);
    Gj__V1__RoleRequest role = GJ__V1__ROLE_REQUEST__INIT;
    role.user = s->w.agent;
    role.role = (char *)"cs_agent";
    role.office = s->w.office;
    assert_ok(gj_direct_call(s->w.direct, s->w.qa, GJ__V1__CALL__ADMIN_ROLE_REVOKE, &role));
    round_due(s);
    assert_int_equal(world_row(&s->w, id)->n_asked, 0);
    role.user = s->w.lead;
    role.role = (char *)"cs_lead";
    assert_ok(gj_direct_call(s->w.direct, s->w.qa, GJ__V1__CALL__ADMIN_ROLE_REVOKE, &role));
    round_due(s);
    const Gj__V1__Asked *ask = asked(s, id, s->head);
    assert_non_null(ask);
    assert_string_equal(ask->why, "vacant");
}

/* The shift of the duty roster ends: the next one is asked, nobody else. */
static void the_roster_changes_over(void **state)
{
    struct small *s = *state;
    uint64_t id = world_ticket(&s->w, "WAT-03", 2);
    put_shift(s, 0, s->w.region, "cs_lead", s->w.other_lead, 2);
    away_for(s, s->w.agent, DAY);
    away_for(s, s->w.lead, DAY);
    round_due(s);
    assert_non_null(asked(s, id, s->w.other_lead));
    assert_null(asked(s, id, s->head));
    gj_direct_advance(s->w.direct, 2 * HOUR);
    assert_int_not_equal(dispatch(s, s->w.other_lead, id)->status, GJ__V1__STATUS__OK);
    round_due(s);
    assert_null(asked(s, id, s->w.other_lead));
    assert_non_null(asked(s, id, s->head));
}

/* --- the right, and what is written of it --------------------------------------------------------------------------
 */

static void the_entry_says_for_whom(void **state)
{
    struct small *s = *state;
    uint64_t id = world_ticket(&s->w, "WAT-03", 2);
    put_shift(s, 0, s->w.region, "cs_lead", s->w.other_lead, 24);
    away_for(s, s->w.agent, DAY);
    away_for(s, s->w.lead, DAY);
    round_due(s);
    const struct gj_result *taken = dispatch(s, s->w.other_lead, id);
    assert_ok(taken);
    uint64_t event = taken->written.event;
    struct gj_entry entry = entry_at(s, event);
    assert_string_equal(entry.role.text, "cs_agent");
    assert_string_equal(entry.reason.text, "roster.step");
    assert_true(entry.has_acting_for);
    assert_int_equal(entry.acting_for, s->w.agent);
    assert_int_equal(entry.value, GJ_REACH_ROSTER_REGION);
    /* The next step is the technician's: the right has gone with the one before. */
    assert_int_equal(world_row(&s->w, id)->n_asked, 0);
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    show.history = true;
    const struct gj_result *result = gj_direct_call(s->w.direct, s->w.tech, GJ__V1__CALL__RECORD_SHOW, &show);
    assert_ok(result);
    const Gj__V1__Shown *shown = (const Gj__V1__Shown *)result->body;
    bool found = false;
    for (size_t i = 0; i < shown->n_history; i++) {
        const Gj__V1__HistoryLine *line = shown->history[i];
        if (line->event->event == event) {
            found = true;
            assert_string_equal(line->acting_for, "cs_agent");
            assert_string_equal(line->level, "region");
        }
    }
    assert_true(found);
}

static void no_other_step_comes_with_it(void **state)
{
    struct small *s = *state;
    struct world *w = &s->w;
    uint64_t redone = world_ticket(w, "WAT-03", 2);
    world_bring(w, redone, "DONE");
    assert_ok(world_act(w, w->agent, redone, "owner_reject", text(w, "fail_reason", "还在滴"), NULL));
    uint64_t id = world_ticket(w, "WAT-03", 2);
    assert_ok(dispatch(s, w->lead, id));
    away_for(s, w->tech, DAY);
    round_due(s);
    /* The lead can give the work to somebody else, so nobody is asked to accept it. */
    assert_int_equal(world_row(w, id)->n_asked, 0);
    assert_refused(world_act(w, s->head, id, "accept", NULL), GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
    away_for(s, w->lead, DAY);
    round_due(s);
    /* The desk, which is there, can take it back; who does it again is a lead's decision. */
    assert_int_equal(world_row(w, id)->n_asked, 0);
    assert_non_null(asked(s, redone, s->head));
    assert_ok(world_act(w, s->head, redone, "redo", ref(w, "assignee", w->tech), NULL));
    assert_refused(world_act(w, s->head, redone, "accept", NULL), GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
    assert_ok(world_act(w, w->agent, id, "recall", text(w, "recall_reason", "师傅请假"), NULL));
    assert_refused(world_act(w, s->head, id, "dispatch", ref(w, "assignee", w->tech), NULL), GJ__V1__STATUS__DENIED,
        "act_not_yours", NULL);
}

/* Own work: the only one at the desk did it, and the lead is away. */
static void own_work_goes_up(void **state)
{
    struct small *s = *state;
    struct world *w = &s->w;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_grant(w->direct, w->tech, "cs_agent", w->office, 0);
    world_bring(w, id, "DONE");
    away_for(s, w->agent, DAY);
    away_for(s, w->lead, DAY);
    round_due(s);
    assert_ok(world_act(
        w, w->tech, id, "owner_accept", text(w, "owner_means", "signature"), blob(w, id, "owner_signature"), NULL));
    world_expect_state(w, id, "FOLLOW_UP");
    const Gj__V1__Asked *ask = asked(s, id, s->head);
    assert_non_null(ask);
    assert_string_equal(ask->why, "own_work");
    assert_string_equal(ask->role, "cs_agent");
    const struct gj_result *taken = world_act(w, s->head, id, "follow_up_ok", text(w, "follow_up_way", "phone"),
        text(w, "satisfaction", "satisfied"), number(w, "owner_confirms", 1), NULL);
    assert_ok(taken);
    assert_int_equal(entry_at(s, taken->written.event).value, GJ_REACH_ROSTER_REGION);
    assert_int_equal(world_row(w, id)->n_asked, 0);
}

/* An approval carries it too. */
static void consent_goes_up(void **state)
{
    struct small *s = *state;
    struct world *w = &s->w;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ACCEPTED");
    assert_ok(world_act(w, w->tech, id, "hold", text(w, "hold_reason", "parts"),
        at(w, "hold_until", gj_direct_now(w->direct) + DAY), number(w, "owner_told", 1), NULL));
    const Gj__V1__Asked *ask = asked(s, id, s->head); /* the office has no engineering lead */
    assert_non_null(ask);
    assert_true(ask->consent);
    assert_string_equal(ask->role, "eng_lead");
    assert_string_equal(ask->why, "vacant");
    Gj__V1__ApproveRequest approve = GJ__V1__APPROVE_REQUEST__INIT;
    approve.id = id;
    approve.approve = true;
    approve.revision = world_row(w, id)->revision;
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_APPROVE, &approve), GJ__V1__STATUS__DENIED,
        "act_not_yours", NULL);
    const struct gj_result *taken = gj_direct_call(w->direct, s->head, GJ__V1__CALL__RECORD_APPROVE, &approve);
    assert_ok(taken);
    struct gj_entry entry = entry_at(s, taken->written.event);
    assert_string_equal(entry.role.text, "eng_lead");
    assert_true(entry.has_acting_for);
    assert_int_equal(entry.acting_for, 0); /* nobody holds the role */
    assert_int_equal(entry.value, GJ_REACH_ROSTER_REGION);
    world_expect_state(w, id, "ON_HOLD");
}

/* --- every state of every flow -------------------------------------------------------------------------------------
 */

/* Puts the record into a state, with these people tied to it, as if it had come there by itself. */
static void force(struct small *s, uint64_t id, const char *state, const char *relation, uint64_t user)
{
    struct gj_core *core = gj_direct_core(s->w.direct);
    struct gj_key key = gj_key_of_u64(id);
    Gj__Stored__Record *row = NULL;
    Gj__V1__Related tie = GJ__V1__RELATED__INIT;
    Gj__V1__Related *ties[] = {&tie};
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, gj_direct_arena(s->w.direct), (void **)&row));
    row->state = (char *)state;
    tie.relation = (char *)relation;
    tie.user = user;
    row->related = ties;
    row->n_related = relation == NULL ? 0 : 1;
    row->assignee = s->w.tech;
    row->n_asked = 0;
    gj_record_save(txn, GJ_TABLE_RECORD, &key, &row->base);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static bool can_lead_out(struct small *s, uint64_t id, uint64_t user, const char *state)
{
    Gj__V1__ActionsRequest request = GJ__V1__ACTIONS_REQUEST__INIT;
    bool can = false;
    request.id = id;
    const struct gj_result *result = gj_direct_call(s->w.direct, user, GJ__V1__CALL__RECORD_ACTIONS, &request);
    const Gj__V1__ActionList *list = (const Gj__V1__ActionList *)result->body;
    for (size_t i = 0; result->status == GJ__V1__STATUS__OK && i < list->n_actions; i++) {
        const char *to = list->actions[i]->to;
        can = can || (to[0] != '\0' && strcmp(to, state) != 0); /* those that every kind has lead nowhere */
    }
    return can;
}

static void set_absent(struct small *s, uint64_t user, bool is_absent)
{
    struct gj_core *core = gj_direct_core(s->w.direct);
    Gj__Stored__User *row = NULL;
    Gj__Stored__Absence absence = GJ__STORED__ABSENCE__INIT;
    Gj__Stored__Absence *absences[] = {&absence};
    struct gj_key key = gj_key_of_u64(user);
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, gj_direct_arena(s->w.direct), (void **)&row));
    absence.from = gj_direct_now(s->w.direct) - HOUR;
    absence.until = gj_direct_now(s->w.direct) + DAY;
    row->absences = absences;
    row->n_absences = is_absent ? 1 : 0;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row->base);
    gj_actor_rights_changed(txn);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static uint64_t a_record(struct small *s, const char *kind, Gj__V1__Field **fields)
{
    struct world *w = &s->w;
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    request.kind = (char *)kind;
    request.office = w->office;
    request.priority = -1;
    request.fields = fields;
    while (fields[request.n_fields] != NULL) {
        request.n_fields++;
    }
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &request);
    assert_ok(result);
    return result->written.id;
}

/* Who comes next is asked only where the lead is away, or somebody may not judge their own work: whichever other one of
 * the three is away, the office goes on by itself. */
static bool is_for_those_above(unsigned away, const char *relation)
{
    return (away & 1u) != 0 || relation[0] != '\0';
}

/* In every open state, whoever of the three is away and whatever one of them is to the record, somebody has a way out:
 * of the office, or who comes next. */
static void every_state(struct small *s, const char *code, uint64_t id)
{
    static const char *const relations[] = {NULL, "creator", "worker", "complained_of", "submitter", "handler"};
    const struct gj_policy *policy =
        gj_policies_current(gj_direct_core(s->w.direct)->policies, gj_direct_look(s->w.direct));
    const struct gj_kind *kind = gj_policy_kind(policy, code);
    uint64_t people[] = {s->w.lead, s->w.agent, s->w.tech};
    static const unsigned aways[] = {0, 1, 2, 4, 7}; /* nobody, each of them, all */
    for (size_t i = 0; i < kind->state_count * 5; i++) {
        const struct gj_state *in = &kind->states[i / 5];
        unsigned away = aways[i % 5];
        for (size_t k = 0; k < 3; k++) {
            set_absent(s, people[k], (away >> k & 1u) != 0);
        }
        for (size_t r = 2; in->class == GJ_STATE_OPEN && r < sizeof(relations) / sizeof(relations[0]) * 3; r++) {
            bool found = false;
            force(s, id, in->code, relations[r / 3], people[r % 3]);
            for (size_t k = 0; k < 3 && !found; k++) {
                found = (away >> k & 1u) == 0 && can_lead_out(s, id, people[k], in->code);
            }
            const char *relation = relations[r / 3] == NULL ? "" : relations[r / 3];
            if (!found && (!is_for_those_above(away, relation) || !can_lead_out(s, id, s->head, in->code))) {
                fail_msg("%s %s: away %u, somebody is %s: nobody", code, in->code, away, relation);
            }
        }
    }
}

static void somebody_is_there_for_every_state(void **state)
{
    struct small *s = *state;
    struct world *w = &s->w;
    uint64_t ticket = world_ticket(w, "WAT-03", 2);
    uint64_t visit = a_record(
        s, "visit", (Gj__V1__Field *[]){text(w, "purpose", "routine"), ref(w, "household", w->household), NULL});
    uint64_t line = a_record(s, "duty_log", (Gj__V1__Field *[]){text(w, "line", "大堂灯坏"), NULL});
    uint64_t order =
        a_record(s, "rework_order", (Gj__V1__Field *[]){text(w, "part", "外墙"), text(w, "problem", "窗边渗水"), NULL});
    uint64_t service = a_record(s, "convenience",
        (Gj__V1__Field *[]){
            text(w, "channel", "phone"), text(w, "service", "cleaning"), text(w, "request", "擦窗"), NULL});
    uint64_t enquiry = a_record(s, "enquiry",
        (Gj__V1__Field *[]){text(w, "channel", "phone"), text(w, "matter", "suggestion"), text(w, "subject", "parking"),
            text(w, "question", "增设充电桩"), NULL});
    every_state(s, "repair_ticket", ticket);
    every_state(s, "visit", visit);
    every_state(s, "duty_log", line);
    every_state(s, "rework_order", order);
    every_state(s, "convenience", service);
    every_state(s, "enquiry", enquiry);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_last_one_goes_and_comes_back),
        STORY(an_absence_announced_begins_by_itself),
        STORY(a_role_taken_away_and_an_account_closed),
        STORY(the_roster_changes_over),
        STORY(the_entry_says_for_whom),
        STORY(no_other_step_comes_with_it),
        STORY(own_work_goes_up),
        STORY(consent_goes_up),
        STORY(somebody_is_there_for_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
