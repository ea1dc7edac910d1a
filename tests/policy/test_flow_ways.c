/* Ways that are not the ordinary one, by the rules alone: nobody at home, a hold, a change of hands, a no-show; the two
 * working days of 便民回访; and what may wait behind what. */
#include "stage.h"

#include <string.h>

#include "common/policy/deadline.h"

#define T(key, text) stage_text(key, text)
#define YES(key) stage_int(key, 1)

static const char *code_of(const struct record *record)
{
    return gj_kind_state(record->kind, record->view.state)->code;
}

static void in_hand(struct record *record, const char *kind, const char *state)
{
    record_init(record, kind, state);
    record_set(record, stage_ref("assignee", person_id("tech")));
    if (record->kind->has_priority) {
        record_set(record, T("area", "household"));
    }
}

/* --- 未能入户 ------------------------------------------------------------------------------------------------- */

static void two_visits_in_vain_and_a_note(void **state)
{
    (void)state;
    struct record record;
    in_hand(&record, "repair_ticket", "ACCEPTED");
    struct gj_field_value again[] = {
        T("nobody_home_note", "无人"), stage_time("appointment_at", stage_at("2026-03-03T10:00+08:00"))};
    struct gj_field_value note[] = {YES("note_left"), T("nobody_home_note", "已电话并留条")};
    /* The first visit needs no appointment, and one visit is not enough, whoever says so. */
    assert_int_equal(record_act(&record, "tech", "nobody_home", again, 2), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "APPOINTED");
    assert_int_equal(record_act(&record, "cs_agent", "leave_note", note, 2), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "tech", "nobody_home", again, 2), GJ_REFUSAL_NONE);
    /* Another technician has it now, without an appointment yet: the two visits still count. */
    record_state(&record, "ACCEPTED");
    assert_int_equal(record_act(&record, "system", "close_no_entry", NULL, 0), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "cs_agent", "leave_note", note, 2), GJ_REFUSAL_NONE);
    /* Seven days are the household's: no lead shortens them. */
    assert_int_equal(record_act(&record, "cs_lead", "close_no_entry", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "system", "close_no_entry", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "NO_ENTRY");
}

static const struct gj_transition *way(const struct gj_kind *kind, const char *act, const char *from)
{
    uint8_t number = gj_kind_state_by_code(kind, from)->number;
    for (size_t i = 0; i < kind->transition_count; i++) {
        const struct gj_transition *found = &kind->transitions[i];
        if (strcmp(kind->acts[found->act_at].name, act) == 0 && ((found->from >> number) & 1u) != 0) {
            return found;
        }
    }
    fail_msg("%s from %s", act, from);
    return NULL;
}

struct clocks {
    struct record record;
    struct gj_deadline_place place;
    struct gj_timer_state states[GJ_TIMERS_MAX];
    size_t count;
};

static void step(struct clocks *clocks, const char *act, const char *from, const char *to, const char *at)
{
    const struct gj_transition *found = way(clocks->record.kind, act, from);
    record_state(&clocks->record, to);
    gj_deadline_transition(&clocks->place, &clocks->record.view, found,
        gj_kind_state_by_code(clocks->record.kind, from)->number, clocks->record.view.state, stage_at(at),
        clocks->states, &clocks->count);
}

static struct gj_timer_state clock_of(const struct clocks *clocks, const char *name)
{
    for (size_t i = 0; i < clocks->count; i++) {
        if (strcmp(clocks->record.kind->timers[clocks->states[i].timer_at].name, name) == 0) {
            return clocks->states[i];
        }
    }
    fail_msg("the clock %s does not run", name);
    return (struct gj_timer_state){0};
}

static void begin(struct clocks *clocks, const char *kind, const char *state)
{
    memset(clocks, 0, sizeof *clocks);
    in_hand(&clocks->record, kind, state);
    clocks->place =
        (struct gj_deadline_place){.policy = stage_policy, .calendar = stage_calendar, .kind = clocks->record.kind};
}

static void seven_days_from_the_note(void **state)
{
    (void)state;
    static const char *const stops[][2] = {{"appoint", "APPOINTED"}, {"arrive", "ARRIVED"}, {"hold", "ON_HOLD"},
        {"reassign", "DISPATCHED"}, {"hand_over", "DISPATCHED"}, {"recall", "TRIAGED"}};
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        static struct clocks clocks;
        begin(&clocks, "repair_ticket", "ACCEPTED");
        step(&clocks, "leave_note", "ACCEPTED", "ACCEPTED", "2026-03-02T16:00+08:00");
        stage_time_is(clock_of(&clocks, "no_entry").due_at, "2026-03-10T00:00:00+08:00");
        /* Whatever goes on with the ticket, it is not closed behind the back of those who go on with it. */
        step(&clocks, stops[i][0], "ACCEPTED", stops[i][1], "2026-03-05T09:00+08:00");
        assert_int_not_equal(clock_of(&clocks, "no_entry").stopped_at, 0);
    }
}

/* --- A hold --------------------------------------------------------------------------------------------------- */

static void a_hold_is_no_way_round(void **state)
{
    (void)state;
    struct gj_field_value hold[] = {T("hold_reason", "owner_time"),
        stage_time("hold_until", stage_at("2026-03-04T09:00+08:00")), YES("owner_told")};
    struct record record;
    in_hand(&record, "repair_ticket", "ACCEPTED");
    assert_int_equal(record_act(&record, "eng_lead", "hold", hold, 3), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "system", "resume", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "ACCEPTED"); /* nobody has been there yet */
    assert_int_equal(record_act(&record, "tech", "arrive", NULL, 0), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "eng_lead", "hold", hold, 3), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "tech", "resume", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "ARRIVED"); /* and the owner has agreed to nothing */
    struct gj_field_value plan[] = {
        T("cause", "磨损"), T("plan", "换芯"), T("liability", "property"), T("plan_consent", "phone")};
    assert_int_equal(record_act(&record, "tech", "start", plan, 3), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(stage_refusal.field, "plan_consent");
    assert_int_equal(record_act(&record, "tech", "start", plan, 4), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "eng_lead", "hold", hold, 3), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "tech", "resume", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "WORKING");
}

/* --- Changing hands ------------------------------------------------------------------------------------------- */

/* Whoever takes it over begins at the beginning: on the way, at the door, with the owner's word. */
static void who_takes_over_begins_anew(void **state)
{
    (void)state;
    static const char *const states[] = {"ARRIVED", "QUOTED", "WORKING", "ON_HOLD"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct record record;
        in_hand(&record, "repair_ticket", states[i]);
        record_set(&record, T("work_stage", "begun"));
        record_set(&record, stage_any(&record.kind->fields[gj_kind_field(record.kind, "price_items")]));
        struct gj_field_value to[] = {stage_ref("assignee", 777), T("hand_over_reason", "换班")};
        assert_int_equal(record_act(&record, "tech", "hand_over", to, 2), GJ_REFUSAL_NONE);
        assert_string_equal(code_of(&record), states[i]);
        assert_int_equal(record_act(&record, "tech", "approve", to, 2), GJ_REFUSAL_APPROVER_IS_REQUESTER);
        assert_int_equal(record_act(&record, "cs_lead", "approve", to, 2), GJ_REFUSAL_NONE);
        assert_string_equal(code_of(&record), "DISPATCHED");
        assert_int_equal(gj_value_find(record.values, record.view.value_count, "assignee")->number, 777);
        assert_null(gj_value_find(record.values, record.view.value_count, "work_stage"));
        assert_non_null(gj_value_find(record.values, record.view.value_count, "price_items"));
    }
}

/* What the owner has agreed to pay is not asked again of the next one; a new price is. */
static void a_quote_agreed_to_stands(void **state)
{
    (void)state;
    struct record record;
    in_hand(&record, "repair_ticket", "ARRIVED");
    struct gj_field_value items = stage_any(&record.kind->fields[gj_kind_field(record.kind, "price_items")]);
    struct gj_field_value plan[] = {
        T("cause", "老化"), T("plan", "换"), T("liability", "owner_paid"), T("plan_consent", "written")};
    struct gj_field_value signature = {.key = "owner_signature", .shape = GJ_SHAPE_BLOB, .number = 1};
    assert_int_equal(ACT(&record, "tech", "quote", items, T("liability", "owner_paid")), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(&record, "tech", "agree_quote", T("owner_means", "signature"), signature), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(&record, "cs_agent", "recall", T("recall_reason", "急修")), GJ_REFUSAL_NONE);
    assert_null(gj_value_find(record.values, record.view.value_count, "assignee"));
    record_state(&record, "ARRIVED");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    struct record dearer = record;
    dearer.view.values = dearer.values;
    dearer.view.ties = dearer.ties;
    assert_int_equal(record_act(&record, "tech", "start", plan, 4), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(&dearer, "tech", "quote", items, T("liability", "owner_paid")), GJ_REFUSAL_NONE);
    record_state(&dearer, "ARRIVED");
    assert_int_equal(record_act(&dearer, "tech", "start", plan, 4), GJ_REFUSAL_ACT_CONDITION);
}

/* --- 便民服务 ------------------------------------------------------------------------------------------------- */

static void miss(struct record *record, const char *side)
{
    record_state(record, "DISPATCHED");
    assert_int_equal(ACT(record, "tech", "no_show", T("which_side", side)), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(record), "NO_SHOW");
}

static void the_second_time_the_household_is_away(void **state)
{
    (void)state;
    struct record record;
    in_hand(&record, "convenience", "DISPATCHED");
    miss(&record, "household");
    assert_null(gj_flow_automatic(record.kind, &record.view));
    /* The worker's own absence is never the household's fault, however often. */
    for (int i = 0; i < 3; i++) {
        record_set(&record, stage_ref("assignee", person_id("tech")));
        miss(&record, "worker");
        assert_null(gj_flow_automatic(record.kind, &record.view));
    }
    record_set(&record, stage_ref("assignee", person_id("tech")));
    miss(&record, "household");
    const struct gj_transition *off = gj_flow_automatic(record.kind, &record.view);
    assert_non_null(off);
    assert_string_equal(gj_kind_state(record.kind, off->to)->code, "CANCELLED");
    assert_int_equal(gj_value_find(record.values, record.view.value_count, "no_shows")->number, 5);
}

/* Two working days from DONE, by the vectors of the calendar (chapter 8); when it is paid makes no difference. */
static void two_working_days_from_done(void **state)
{
    (void)state;
    static const struct {
        const char *done, *paid, *due;
    } vectors[] = {
        {"2026-09-30T16:00+08:00", "2026-10-08T10:00+08:00", "2026-10-10T00:00:00+08:00"},
        {"2026-02-13T09:00+08:00", "2026-02-14T09:00+08:00", "2026-02-25T00:00:00+08:00"},
        {"2026-05-08T18:00+08:00", "2026-05-11T08:00+08:00", "2026-05-12T00:00:00+08:00"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        static struct clocks clocks;
        begin(&clocks, "convenience", "IN_SERVICE");
        step(&clocks, "finish", "IN_SERVICE", "DONE", vectors[i].done);
        stage_time_is(clock_of(&clocks, "follow_up").due_at, vectors[i].due);
        step(&clocks, "settle", "DONE", "SETTLED", vectors[i].paid);
        step(&clocks, "begin_follow_up", "SETTLED", "FOLLOW_UP", vectors[i].paid);
        stage_time_is(clock_of(&clocks, "follow_up").due_at, vectors[i].due);
        assert_int_equal(clock_of(&clocks, "follow_up").stopped_at, 0);
        step(&clocks, "follow_up_attempt", "FOLLOW_UP", "FOLLOW_UP", vectors[i].paid);
        assert_int_equal(clock_of(&clocks, "follow_up").stopped_at, 0); /* an attempt is not yet a follow-up */
        step(&clocks, "follow_up_ok", "FOLLOW_UP", "CLOSED", vectors[i].paid);
        assert_int_not_equal(clock_of(&clocks, "follow_up").stopped_at, 0);
    }
}

/* --- 随报随修 ------------------------------------------------------------------------------------------------- */

/* Water, electricity and lifts are repaired as they are reported: nothing of theirs is P3 or later. */
static void water_electricity_and_lifts_come_first(void **state)
{
    (void)state;
    static const char *const trades[] = {"plumber", "electrician", "elv", "lift_contractor"};
    size_t seen = 0;
    for (size_t i = 0; i < stage_policy->category_count; i++) {
        const struct gj_category *category = &stage_policy->categories[i];
        bool concerned = strncmp(category->code, "WAT", 3) == 0 || strncmp(category->code, "ELE", 3) == 0 ||
                         strncmp(category->code, "LFT", 3) == 0;
        for (size_t t = 0; t < sizeof trades / sizeof trades[0]; t++) {
            concerned = concerned || strcmp(category->trade, trades[t]) == 0;
        }
        if (concerned && category->priority >= 3) {
            fail_msg("%s is P%u", category->code, category->priority);
        }
        seen += concerned;
    }
    assert_true(seen > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_visits_in_vain_and_a_note),
        cmocka_unit_test(seven_days_from_the_note),
        cmocka_unit_test(a_hold_is_no_way_round),
        cmocka_unit_test(who_takes_over_begins_anew),
        cmocka_unit_test(a_quote_agreed_to_stands),
        cmocka_unit_test(the_second_time_the_household_is_away),
        cmocka_unit_test(two_working_days_from_done),
        cmocka_unit_test(water_electricity_and_lifts_come_first),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
