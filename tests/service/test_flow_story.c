/* Work that changes hands, and a leak on its way through the liable party and back: everything through the real calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/calendar.h"
#include "core/subject.h"
#include "core/work_seal.h"
#include "core/work_world.h"
#include "store/record.h"

struct story {
    struct world *w;
    uint64_t firm, firm_device; /* the contractor's person with a phone of their own */
};

static int setup(void **state)
{
    static struct story s;
    s.w = world_open();
    s.firm = gj_direct_user(s.w->direct, "firm", "contractor", s.w->office, 0);
    s.firm_device = gj_direct_device(s.w->direct, s.w->office, "mobile");
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct story *s = *state;
    world_check_indexes(s->w);
    world_close(s->w);
    return 0;
}

/* --- the order that a ticket makes --- */

static uint64_t leak(struct story *s)
{
    uint64_t id = world_ticket(s->w, "LEK-02", 3);
    assert_ok(world_act(s->w, s->w->eng, id, "to_rework", text(s->w, "warranty_decision", "contractor"),
        text(s->w, "liability_reason", "防水保修期内"), NULL));
    world_expect_state(s->w, id, "TO_REWORK");
    return id;
}

/* The newest order made by this ticket; 0: none. */
static uint64_t order_of(struct story *s, uint64_t ticket)
{
    struct gj_key prefix;
    struct gj_iter iter;
    uint64_t found = 0;
    gj_key_init(&prefix);
    gj_key_u16(&prefix, GJ_SUBJECT_PARENT);
    gj_key_u64(&prefix, ticket);
    gj_iter_prefix(&iter, gj_direct_look(s->w->direct), GJ_TABLE_BY_SUBJECT, &prefix, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        (void)gj_key_read_u16(&reader);
        (void)gj_key_read_u64(&reader);
        found = gj_key_read_u64(&reader);
    }
    gj_iter_close(&iter);
    return found;
}

static const struct gj_result *firm_acts(
    struct story *s, uint64_t id, const char *act, Gj__V1__Field **fields, size_t count)
{
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.id = id;
    request.revision = world_row(s->w, id)->revision;
    request.act = (char *)act;
    request.fields = fields;
    request.n_fields = count;
    return gj_direct_call_from(s->w->direct, s->firm, s->firm_device, GJ__V1__CALL__RECORD_ACT, &request);
}

/* A date goes over the wire as its midnight. */
static int64_t midnight(struct world *w, int days)
{
    return gj_cst_midnight(gj_cst_day(gj_direct_now(w->direct)) + days);
}

static void check_scope(struct story *s, uint64_t order)
{
    struct world *w = s->w;
    int64_t day = midnight(w, -200);
    /* The order knows what the ticket knew; what is broken is said by who looks. */
    assert_refused(world_act(w, w->eng, order, "check_scope", at(w, "delivery_date", day),
                       at(w, "completion_date", day), blob(w, order, "photos"), text(w, "part", "外墙"), NULL),
        GJ__V1__STATUS__INVALID, "field_missing", "problem");
    assert_ok(world_act(w, w->eng, order, "check_scope", at(w, "delivery_date", day), at(w, "completion_date", day),
        blob(w, order, "photos"), text(w, "part", "外墙"), text(w, "problem", "窗边渗水，墙面发霉"), NULL));
}

static void issue(struct story *s, uint64_t order)
{
    struct world *w = s->w;
    check_scope(s, order);
    assert_ok(
        world_act(w, w->lead, order, "issue", text(w, "basis", "slip"), text(w, "responsible_party", "contractor"),
            at(w, "deadline", midnight(w, 5)), ref(w, "assignee", s->firm), NULL));
    assert_int_equal(world_notices(w, s->firm, "record.issue"), 1);
}

static void the_order_carries_the_matter(void **state)
{
    struct story *s = *state;
    uint64_t ticket = leak(s);
    uint64_t order = order_of(s, ticket);
    assert_int_not_equal(order, 0);
    const Gj__Stored__Record *row = world_row(s->w, order);
    assert_string_equal(row->state, "RECEIVED");
    assert_int_equal(row->office, s->w->office);
    assert_int_equal(row->household, s->w->household);
    assert_string_equal(row->place, "3-2-1801");
    assert_string_equal(row->category, "LEK-02");
    assert_int_equal(row->parent, ticket);
    assert_int_equal(row->n_links, 1);
    assert_int_equal(row->links[0]->id, ticket);
    assert_string_equal(row->links[0]->link, "repair");
    /* What is written about the household is sealed with the household's key. */
    assert_int_equal(row->subject, gj_seal_pack(GJ_SUBJECT_HOUSEHOLD, s->w->household));
    assert_int_equal(world_notices(s->w, s->w->lead, "record.create"), 1);
}

static void a_leak_through_the_liable_party(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t ticket = leak(s);
    uint64_t order = order_of(s, ticket);
    issue(s, order);
    /* Countersigned on the contractor's own phone; nobody else of theirs sees the order. */
    Gj__V1__Field *copy[] = {number(w, "copy_received", 1)};
    assert_ok(firm_acts(s, order, "countersign", copy, 1));
    world_expect_state(w, order, "COUNTERSIGNED");
    uint64_t other = gj_direct_user(w->direct, "other_firm", "contractor", w->office, 0);
    Gj__V1__ShowRequest look = GJ__V1__SHOW_REQUEST__INIT;
    look.id = order;
    assert_int_not_equal(
        gj_direct_call(w->direct, other, GJ__V1__CALL__RECORD_SHOW, &look)->status, GJ__V1__STATUS__OK);
    Gj__V1__Field *survey[] = {text(w, "cause", "窗框密封胶老化"), text(w, "liability", "contractor")};
    assert_ok(firm_acts(s, order, "survey", survey, 2));
    /* Nothing is planned against the owner's will. */
    assert_refused(
        world_act(w, w->agent, order, "agree_plan", text(w, "plan", "铲除旧胶重打"), number(w, "owner_consent", 0),
            at(w, "start_on", midnight(w, 0)), at(w, "finish_on", midnight(w, 2)), NULL),
        GJ__V1__STATUS__REFUSED, "act_condition", "owner_consent");
    assert_ok(world_act(w, w->agent, order, "agree_plan", text(w, "plan", "铲除旧胶重打"),
        number(w, "owner_consent", 1), at(w, "start_on", midnight(w, 0)), at(w, "finish_on", midnight(w, 2)), NULL));
    Gj__V1__Field *entry[] = {text(w, "entry", "owner_present")};
    assert_ok(firm_acts(s, order, "start", entry, 1));
    gj_direct_advance(w->direct, 6 * HOUR);
    Gj__V1__Field *done[] = {text(w, "work_record", "重新打胶，淋水两小时"), blob(w, order, "work_photos")};
    assert_ok(firm_acts(s, order, "report_done", done, 2));
    assert_refused(firm_acts(s, order, "confirm_site", (Gj__V1__Field *[]){text(w, "site_result", "合格")}, 1),
        GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
    assert_ok(world_act(w, w->eng, order, "confirm_site", text(w, "site_result", "淋水无渗漏"), NULL));
    assert_ok(world_act(
        w, w->agent, order, "owner_confirm", text(w, "owner_means", "paper"), blob(w, order, "owner_paper"), NULL));
    /* A leak is dry after the first rain and not before; the ticket waits as long. */
    world_expect_state(w, order, "OBSERVATION");
    world_expect_state(w, ticket, "TO_REWORK");
    gj_direct_advance(w->direct, 9 * DAY);
    assert_ok(world_act(
        w, w->lead, order, "pass_observation", text(w, "rain_test", "first_rain"), number(w, "observed_dry", 1), NULL));
    world_expect_state(w, order, "CLOSED");
    world_expect_state(w, ticket, "FOLLOW_UP");
    assert_string_equal(world_field(w, ticket, "accepted_through")->text, "rework");
    assert_ok(world_act(w, w->agent2, ticket, "follow_up_ok", text(w, "follow_up_way", "phone"),
        text(w, "satisfaction", "satisfied"), number(w, "owner_confirms", 1), NULL));
    world_expect_state(w, ticket, "CLOSED");
}

/* Rework is followed up whatever the sample says and whatever it was about. */
static void rework_is_always_followed_up(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    for (int i = 0; i < 12; i++) {
        uint64_t id = world_ticket(w, "CIV-02", 3);
        assert_ok(world_act(w, w->lead, id, "to_rework", text(w, "warranty_decision", "developer"),
            text(w, "liability_reason", "保修期内"), NULL));
        assert_ok(world_act(
            w, w->lead, id, "rework_done", text(w, "rework_result", "已修"), blob(w, id, "owner_paper"), NULL));
        world_expect_state(w, id, "FOLLOW_UP");
    }
}

static void out_of_scope_brings_the_ticket_back(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t ticket = leak(s);
    uint64_t order = order_of(s, ticket);
    check_scope(s, order);
    assert_ok(world_act(w, w->eng, order, "out_of_scope", text(w, "scope_reason", "业主自行开孔"),
        blob(w, order, "owner_notice"), NULL));
    world_expect_state(w, ticket, "TO_REWORK"); /* the customer service lead has not consented yet */
    Gj__V1__ApproveRequest consent = GJ__V1__APPROVE_REQUEST__INIT;
    consent.id = order;
    consent.revision = world_row(w, order)->revision;
    consent.approve = true;
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_APPROVE, &consent));
    world_expect_state(w, order, "OUT_OF_SCOPE");
    world_expect_state(w, ticket, "TRIAGED");
    assert_non_null(world_timer(w, ticket, "redispatch"));
    assert_int_equal(world_timer(w, ticket, "redispatch")->stopped_at, 0);
    /* The order that is over has no say in the next one. */
    assert_ok(world_act(w, w->lead, ticket, "to_rework", text(w, "warranty_decision", "developer"),
        text(w, "liability_reason", "复核后仍属保修"), NULL));
    world_expect_state(w, ticket, "TO_REWORK");
    assert_int_not_equal(order_of(s, ticket), order);
}

static void an_order_made_in_error_lets_the_ticket_go(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t ticket = leak(s);
    uint64_t order = order_of(s, ticket);
    assert_ok(world_act(w, w->lead, order, "cancel", text(w, "cancel_reason", "判定有误"), NULL));
    world_expect_state(w, ticket, "TRIAGED");
    assert_ok(
        world_act(w, w->agent, ticket, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->tech), NULL));
}

/* --- work that changes hands --- */

static void a_technician_hands_it_to_a_colleague(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    Gj__V1__ApproveRequest consent = GJ__V1__APPROVE_REQUEST__INIT;
    assert_ok(world_act(
        w, w->tech, id, "hand_over", ref(w, "assignee", w->tech2), text(w, "hand_over_reason", "需要吊绳作业"), NULL));
    world_expect_state(w, id, "WORKING");
    assert_int_equal(world_row(w, id)->assignee, w->tech);
    assert_int_equal(world_notices(w, w->eng, "consent.asked"), 1);
    consent.id = id;
    consent.revision = world_row(w, id)->revision;
    consent.approve = true;
    assert_int_not_equal(
        gj_direct_call(w->direct, w->tech2, GJ__V1__CALL__RECORD_APPROVE, &consent)->status, GJ__V1__STATUS__OK);
    assert_ok(gj_direct_call(w->direct, w->eng, GJ__V1__CALL__RECORD_APPROVE, &consent));
    world_expect_state(w, id, "DISPATCHED");
    assert_int_equal(world_row(w, id)->assignee, w->tech2);
    assert_int_equal(world_notices(w, w->tech2, "record.hand_over"), 1);
    assert_int_equal(world_timer(w, id, "accept")->stopped_at, 0);
    assert_ok(world_act(w, w->tech2, id, "accept", NULL));
    assert_refused(world_act(w, w->tech, id, "arrive", NULL), GJ__V1__STATUS__DENIED, "act_not_yours", NULL);
}

static void the_desk_takes_it_back(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    static const char *const states[] = {"DISPATCHED", "ACCEPTED", "APPOINTED", "ARRIVED", "WORKING"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        uint64_t id = world_ticket(w, "WAT-03", 2);
        world_bring(w, id, states[i]);
        assert_refused(
            world_act(w, w->agent, id, "recall", NULL), GJ__V1__STATUS__INVALID, "field_missing", "recall_reason");
        assert_ok(world_act(w, w->agent, id, "recall", text(w, "recall_reason", "师傅被派去急修"), NULL));
        world_expect_state(w, id, "TRIAGED");
        assert_int_equal(world_row(w, id)->assignee, 0);
        /* Whoever had it hears that it is gone. */
        assert_int_equal(world_notices(w, w->tech, "record.recall"), i + 1);
        assert_int_equal(world_timer(w, id, "redispatch")->stopped_at, 0);
        assert_int_not_equal(world_timer(w, id, "accept")->stopped_at, 0);
    }
}

static void work_begun_is_cancelled_with_what_it_took(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "WORKING");
    assert_refused(world_act(w, w->tech, id, "call_off", text(w, "cancel_reason", "业主改主意"),
                       text(w, "owner_means", "signature"), NULL),
        GJ__V1__STATUS__REFUSED, "evidence_missing", "owner_signature");
    assert_ok(world_act(w, w->tech, id, "call_off", text(w, "cancel_reason", "业主改主意"),
        text(w, "work_done", "已关阀拆旧"), text(w, "owner_means", "signature"), blob(w, id, "owner_signature"),
        number(w, "no_materials", 1), NULL));
    world_expect_state(w, id, "CANCELLED");
    assert_non_null(world_field(w, id, "work_done"));
    assert_non_null(world_field(w, id, "cause"));
    assert_int_equal(world_notices(w, w->agent, "record.call_off"), 1);
    id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ARRIVED");
    assert_refused(world_act(w, w->agent, id, "cancel", text(w, "cancel_reason", "重复"), NULL), GJ__V1__STATUS__DENIED,
        "act_not_yours", NULL);
    assert_ok(world_act(w, w->lead, id, "cancel", text(w, "cancel_reason", "重复"), NULL));
}

static void a_report_under_way_is_merged(void **state)
{
    struct story *s = *state;
    struct world *w = s->w;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    uint64_t second = world_ticket(w, "WAT-03", 2);
    world_bring(w, second, "WORKING");
    uint32_t before = world_row(w, second)->revision;
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.parent = first;
    assert_ok(world_do(w, w->agent, second, "merge", &request));
    world_expect_state(w, second, "MERGED");
    assert_int_equal(world_notices(w, w->tech, "record.merge"), 1);
    /* It keeps its own history. */
    assert_int_equal(world_row(w, second)->revision, before + 1);
    assert_non_null(world_field(w, second, "cause"));
    uint64_t done = world_ticket(w, "WAT-03", 2);
    world_bring(w, done, "DONE");
    request = (Gj__V1__ActRequest)GJ__V1__ACT_REQUEST__INIT;
    request.parent = first;
    assert_refused(world_do(w, w->agent, done, "merge", &request), GJ__V1__STATUS__REFUSED, "act_not_now", NULL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_order_carries_the_matter),
        STORY(a_leak_through_the_liable_party),
        STORY(rework_is_always_followed_up),
        STORY(out_of_scope_brings_the_ticket_back),
        STORY(an_order_made_in_error_lets_the_ticket_go),
        STORY(a_technician_hands_it_to_a_colleague),
        STORY(the_desk_takes_it_back),
        STORY(work_begun_is_cancelled_with_what_it_took),
        STORY(a_report_under_way_is_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
