/* Lives of repair tickets. Who may do what from where stands in test_flow_tables.c. */
#include "stage.h"

#include <stdio.h>
#include <string.h>

static size_t all_given(const struct gj_kind *kind, struct gj_field_value *given)
{
    size_t count = 0;
    for (size_t i = 0; i < kind->field_count; i++) {
        if (!kind->fields[i].computed) {
            given[count++] = stage_any(&kind->fields[i]);
        }
    }
    return count;
}

/* --- Lives ---------------------------------------------------------------------------------------------------- */

#define T(key, text) stage_text(key, text)
#define YES(key) stage_int(key, 1)

static void take_in(struct record *record, const char *area)
{
    record_init(record, "repair_ticket", "");
    assert_int_equal(
        ACT(record, "cs_agent", "create", T("channel", "phone"), T("category", "WAT-03"), T("area", area),
            T("priority", "P2"), T("place", "3-2-1801"), T("contact_name", "王敏"), T("contact_phone", "19900001234"),
            T("description", "龙头滴水"), YES("expected_response_told")),
        GJ_REFUSAL_NONE);
    record->view.priority = 2;
    record->view.category = "WAT-03";
}

static void bring_to_done(struct record *record, const char *area)
{
    take_in(record, area);
    uint64_t tech = person_id("tech");
    assert_int_equal(
        ACT(record, "cs_agent", "dispatch", T("trade", "plumber"), stage_ref("assignee", tech)), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(record, "tech", "accept", NULL, 0), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(record, "tech", "appoint", stage_time("appointment_at", stage_at("2026-03-02T14:00+08:00")),
                         YES("confirmed_with_owner")),
        GJ_REFUSAL_NONE);
    assert_int_equal(record_act(record, "tech", "arrive", NULL, 0), GJ_REFUSAL_NONE);
    assert_int_equal(ACT(record, "tech", "start", T("cause", "磨损"), T("plan", "换芯"), T("liability", "property"),
                         T("plan_consent", "spoken")),
        GJ_REFUSAL_NONE);
    struct gj_field_value photo = {.key = "photos_before_after", .shape = GJ_SHAPE_BLOB, .number = 2};
    assert_int_equal(ACT(record, "tech", "finish", T("work_done", "换阀芯"), photo, T("usage_advice", "勿用力")),
        GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(ACT(record, "tech", "finish", T("work_done", "换阀芯"), photo, T("usage_advice", "勿用力"),
                         YES("no_materials")),
        GJ_REFUSAL_NONE);
    assert_string_equal(gj_kind_state(record->kind, record->view.state)->code, "DONE");
    assert_true(gj_view_is(&record->view, GJ_RELATION_WORKER, tech));
}

static struct gj_field_value blob(const char *key)
{
    return (struct gj_field_value){.key = key, .shape = GJ_SHAPE_BLOB, .number = 1};
}

static const char *code_of(const struct record *record)
{
    return gj_kind_state(record->kind, record->view.state)->code;
}

static void take_automatic(struct record *record)
{
    const struct gj_transition *transition = gj_flow_automatic(record->kind, &record->view);
    assert_non_null(transition);
    record->view.state = transition->to;
    assert_null(gj_flow_automatic(record->kind, &record->view));
}

static void an_incomplete_call_waits_as_new(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "");
    assert_int_equal(
        ACT(&record, "guard", "create", T("channel", "patrol"), T("description", "灯不亮")), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "NEW");
    assert_int_equal(record_act(&record, "cs_agent", "triage", NULL, 0), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(ACT(&record, "cs_agent", "triage", YES("expected_response_told")), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(stage_refusal.field, "place");
}

static void the_technician_hands_over_the_owners_word(void **state)
{
    (void)state;
    struct record record;
    bring_to_done(&record, "household");
    /* Not on paper, not by a call of his own, not without evidence, and never as the desk. */
    assert_int_equal(ACT(&record, "tech", "owner_accept", T("owner_means", "paper"), blob("owner_paper")),
        GJ_REFUSAL_MEANS_NOT_ALLOWED);
    assert_int_equal(ACT(&record, "tech", "owner_accept", T("owner_means", "call"), blob("owner_call")),
        GJ_REFUSAL_MEANS_NOT_ALLOWED);
    assert_int_equal(ACT(&record, "tech", "owner_accept", T("owner_means", "signature")), GJ_REFUSAL_EVIDENCE_MISSING);
    assert_string_equal(stage_refusal.field, "owner_signature");
    assert_int_equal(record_act(&record, "tech", "owner_accept", NULL, 0), GJ_REFUSAL_FIELD_MISSING);
    assert_int_equal(
        ACT(&record, "tech", "owner_accept", T("owner_means", "code"), T("owner_code", "4711")), GJ_REFUSAL_NONE);
    assert_true(gj_view_is(&record.view, GJ_RELATION_SUBMITTER, person_id("tech")));
    /* What a technician submitted is always called back about. */
    record.view.draw = 9999;
    take_automatic(&record);
    assert_string_equal(code_of(&record), "FOLLOW_UP");
}

static void the_desk_may_use_every_means_but_not_for_its_own_work(void **state)
{
    (void)state;
    static const char *const means[][2] = {
        {"signature", "owner_signature"}, {"call", "owner_call"}, {"paper", "owner_paper"}};
    for (size_t i = 0; i < 3; i++) {
        struct record record;
        bring_to_done(&record, "household");
        record_tie(&record, GJ_RELATION_WORKER, person_id("cs_lead"));
        assert_int_equal(ACT(&record, "cs_lead", "owner_accept", T("owner_means", means[i][0]), blob(means[i][1])),
            GJ_REFUSAL_ACT_FORBIDDEN_RELATION);
        assert_string_equal(stage_refusal.params[0].value, "worker");
        assert_int_equal(ACT(&record, "cs_agent", "owner_accept", T("owner_means", means[i][0]), blob(means[i][1])),
            GJ_REFUSAL_NONE);
        record.view.follow_up_permille = 300;
        record.view.draw = 3000;
        take_automatic(&record);
        assert_string_equal(code_of(&record), "CLOSED"); /* not in the sample of 30 % */
    }
}

static void samples_and_urgent_cases_are_followed_up(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "OWNER_ACCEPTED");
    record.view.follow_up_permille = 300;
    for (int draw = 0; draw < 10000; draw += 7) {
        record.view.draw = (uint16_t)draw;
        record.view.priority = 2;
        assert_string_equal(gj_kind_state(record.kind, gj_flow_automatic(record.kind, &record.view)->to)->code,
            draw < 3000 ? "FOLLOW_UP" : "CLOSED");
        record.view.priority = 1;
        assert_string_equal(
            gj_kind_state(record.kind, gj_flow_automatic(record.kind, &record.view)->to)->code, "FOLLOW_UP");
    }
    record.view.priority = 3;
    record.view.draw = 9999;
    record.view.category = "LEK-01";
    assert_string_equal(
        gj_kind_state(record.kind, gj_flow_automatic(record.kind, &record.view)->to)->code, "FOLLOW_UP");
}

static void silence_takes_two_calls_and_a_lead(void **state)
{
    (void)state;
    struct record record;
    bring_to_done(&record, "household");
    struct gj_field_value why = T("not_confirmed_reason", "两次致电无答复");
    assert_int_equal(record_act(&record, "cs_lead", "close_not_confirmed", &why, 1), GJ_REFUSAL_ACT_CONDITION);
    assert_string_equal(stage_refusal.field, "owner_calls");
    assert_int_equal(ACT(&record, "cs_agent", "call_owner", T("call_result", "no_answer")), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "cs_lead", "close_not_confirmed", &why, 1), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(ACT(&record, "cs_agent", "call_owner", T("call_result", "no_answer")), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "cs_agent", "close_not_confirmed", &why, 1), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "tech", "close_not_confirmed", &why, 1), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "cs_lead", "close_not_confirmed", &why, 1), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "NOT_CONFIRMED"); /* counted apart from CLOSED */
}

static void common_areas_are_accepted_by_those_in_charge(void **state)
{
    (void)state;
    struct record record;
    bring_to_done(&record, "common");
    assert_int_equal(ACT(&record, "cs_agent", "owner_accept", T("owner_means", "paper"), blob("owner_paper")),
        GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "cs_agent", "accept_common", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "tech", "accept_common", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    record_tie(&record, GJ_RELATION_WORKER, person_id("duty_director"));
    assert_int_equal(record_act(&record, "duty_director", "accept_common", NULL, 0), GJ_REFUSAL_ACT_FORBIDDEN_RELATION);
    assert_int_equal(record_act(&record, "cs_lead", "accept_common", NULL, 0), GJ_REFUSAL_NONE);
}

static void follow_up_is_somebody_elses(void **state)
{
    (void)state;
    static const enum gj_relation barred[] = {GJ_RELATION_WORKER, GJ_RELATION_SUBMITTER, GJ_RELATION_ASSIGNEE};
    for (size_t i = 0; i < 3; i++) {
        struct record record;
        record_init(&record, "repair_ticket", "FOLLOW_UP");
        record_tie(&record, barred[i], person_id("cs_agent"));
        struct gj_field_value given[] = {
            T("follow_up_way", "phone"), T("satisfaction", "satisfied"), YES("owner_confirms")};
        assert_int_equal(record_act(&record, "cs_agent", "follow_up_ok", given, 3), GJ_REFUSAL_ACT_FORBIDDEN_RELATION);
        assert_int_equal(record_act(&record, "cs_lead", "follow_up_ok", given, 3), GJ_REFUSAL_NONE);
    }
    struct record record;
    record_init(&record, "repair_ticket", "FOLLOW_UP");
    struct gj_field_value unhappy[] = {
        T("follow_up_way", "phone"), T("satisfaction", "dissatisfied"), YES("owner_confirms")};
    assert_int_equal(record_act(&record, "cs_lead", "follow_up_ok", unhappy, 3), GJ_REFUSAL_ACT_CONDITION);
    unhappy[1] = T("satisfaction", "satisfied");
    unhappy[2] = stage_int("owner_confirms", 0); /* what the technician handed in is not what the owner says */
    assert_int_equal(record_act(&record, "cs_lead", "follow_up_ok", unhappy, 3), GJ_REFUSAL_ACT_CONDITION);
}

static void a_second_refusal_goes_to_the_lead(void **state)
{
    (void)state;
    struct record record;
    take_in(&record, "household");
    struct gj_field_value order[] = {T("trade", "plumber"), stage_ref("assignee", person_id("tech"))};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(record_act(&record, "cs_agent", "dispatch", order, 2), GJ_REFUSAL_NONE);
        assert_int_equal(ACT(&record, "tech", "decline", T("decline_reason", "不会修")), GJ_REFUSAL_NONE);
        assert_null(gj_value_find(record.values, record.view.value_count, "assignee"));
    }
    assert_int_equal(record_act(&record, "cs_agent", "dispatch", order, 2), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "eng_lead", "dispatch", order, 2), GJ_REFUSAL_NONE);
}

static bool is_offered(const struct record *record, const char *role, const char *act)
{
    struct gj_flow_offer offers[GJ_FLOW_OFFERS_MAX];
    struct person person;
    person_init(&person, role);
    size_t count =
        gj_flow_offers(gj_policy_kind(stage_policy, "repair_ticket"), &record->view, &person.actor, 1, offers);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(offers[i].act, act) == 0) {
            return true;
        }
    }
    return false;
}

static void a_hold_needs_the_leads_consent(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "WORKING");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    struct gj_field_value given[] = {
        T("hold_reason", "parts"), stage_time("hold_until", stage_at("2026-03-04T09:00+08:00")), YES("owner_told")};
    assert_int_equal(record_act(&record, "tech", "hold", given, 2), GJ_REFUSAL_ACT_CONDITION); /* owner not told */
    assert_int_equal(record_act(&record, "tech", "hold", given, 3), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "WORKING");
    assert_string_equal(record.view.pending.act, "hold");
    /* Who is asked sees that yes and no can be said, though the request's fields are not handed in again. */
    assert_true(is_offered(&record, "eng_lead", "approve") && is_offered(&record, "eng_lead", "reject"));
    assert_false(is_offered(&record, "tech", "approve") || is_offered(&record, "cs_lead", "approve"));
    assert_int_equal(record_act(&record, "tech", "hold", given, 3), GJ_REFUSAL_APPROVAL_PENDING);
    assert_int_equal(record_act(&record, "tech", "approve", given, 3), GJ_REFUSAL_APPROVER_IS_REQUESTER);
    assert_int_equal(record_act(&record, "cs_lead", "approve", given, 3), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "eng_lead", "withdraw", NULL, 0), GJ_REFUSAL_ACT_NOT_YOURS);
    struct record other = record;
    other.view.values = other.values;
    assert_int_equal(record_act(&other, "eng_lead", "reject", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&other), "WORKING");
    assert_null(other.view.pending.act);
    assert_int_equal(record_act(&record, "eng_lead", "approve", given, 3), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "ON_HOLD");
    assert_int_equal(record_act(&record, "eng_lead", "approve", given, 3), GJ_REFUSAL_NO_APPROVAL_PENDING);
    assert_int_equal(record_act(&record, "system", "resume", NULL, 0), GJ_REFUSAL_NONE);
    /* A lead who asks needs nobody else; urgent work is never put on hold. */
    assert_int_equal(record_act(&record, "eng_lead", "hold", given, 3), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "ON_HOLD");
    record_state(&record, "WORKING");
    record.view.priority = 1;
    assert_int_equal(record_act(&record, "eng_lead", "hold", given, 3), GJ_REFUSAL_ACT_FORBIDDEN_PRIORITY);
}

static void a_move_makes_a_pending_request_void(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "WORKING");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    struct gj_field_value given[] = {
        T("hold_reason", "parts"), stage_time("hold_until", stage_at("2026-03-04T09:00+08:00")), YES("owner_told")};
    assert_int_equal(record_act(&record, "tech", "hold", given, 3), GJ_REFUSAL_NONE);
    assert_int_equal(
        ACT(&record, "eng_lead", "to_rework", T("warranty_decision", "developer"), T("liability_reason", "保修")),
        GJ_REFUSAL_NONE);
    assert_null(record.view.pending.act);
    assert_int_equal(record_act(&record, "eng_lead", "approve", given, 3), GJ_REFUSAL_NO_APPROVAL_PENDING);
}

static void another_office_must_take_a_transfer(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "DISPATCHED");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    struct gj_field_value given[] = {stage_ref("office", 11), T("transfer_reason", "属相邻小区")};
    assert_int_equal(record_act(&record, "cs_agent", "transfer", given, 2), GJ_REFUSAL_ACT_NOT_YOURS);
    assert_int_equal(record_act(&record, "cs_lead", "transfer", given, 2), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "DISPATCHED");
    assert_int_equal(record.view.pending.approver_office, 11);
    assert_int_equal(
        record_act(&record, "duty_director", "approve", given, 2), GJ_REFUSAL_ACT_NOT_YOURS); /* own office */
    struct gj_grant there = {.role = gj_policy_role(stage_policy, "cs_lead")->number, .office = 11};
    struct gj_actor lead_there = {.user = 555, .grants = &there, .grant_count = 1};
    int64_t now_ms = stage_at("2026-03-02T10:05+08:00");
    assert_int_equal(record_act_as(&record, &lead_there, "approve", given, 2, now_ms), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "TRIAGED");
    assert_null(gj_value_find(record.values, record.view.value_count, "assignee"));
    assert_int_equal(gj_value_find(record.values, record.view.value_count, "office")->number, 11);
}

static void a_contained_emergency_goes_on_lower_with_two_leads(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "WORKING");
    record.view.priority = 1;
    record_set(&record, T("area", "household"));
    struct gj_field_value given[] = {T("priority", "P2"), T("convert_reason", "待配件"),
        stage_time("agreed_finish", stage_at("2026-03-09T00:00+08:00")), YES("owner_told")};
    assert_int_equal(record_act(&record, "eng_lead", "convert", given, 4), GJ_REFUSAL_ACT_CONDITION); /* not yet safe */
    record_set(&record, stage_time("contained_at", stage_at("2026-03-02T09:40+08:00")));
    assert_int_equal(record_act(&record, "eng_lead", "convert", given, 4), GJ_REFUSAL_NONE);
    assert_int_equal(record.view.priority, 1);
    assert_int_equal(record_act(&record, "cs_lead", "approve", given, 4), GJ_REFUSAL_NONE);
    assert_int_equal(record.view.priority, 2);
    given[0] = T("priority", "P3");
    record.view.priority = 1;
    assert_int_equal(record_act(&record, "eng_lead", "convert", given, 4), GJ_REFUSAL_ACT_CONDITION);
}

static void reopening_ends_after_thirty_days(void **state)
{
    (void)state;
    struct record record;
    struct person lead;
    person_init(&lead, "cs_lead");
    struct gj_field_value why = T("reopen_reason", "又漏了");
    record_init(&record, "repair_ticket", "CLOSED");
    record.view.closed_at = stage_at("2026-03-02T10:00+08:00");
    assert_int_equal(
        record_act_as(&record, &lead.actor, "reopen", &why, 1, stage_at("2026-04-01T23:59:59+08:00")), GJ_REFUSAL_NONE);
    record_state(&record, "CLOSED");
    assert_int_equal(record_act_as(&record, &lead.actor, "reopen", &why, 1, stage_at("2026-04-02T00:00+08:00")),
        GJ_REFUSAL_ACT_TOO_LATE);
}

static void amending_needs_a_reason_and_sometimes_a_lead(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "TRIAGED");
    assert_int_equal(ACT(&record, "cs_agent", "amend", T("place", "3-2-1802")), GJ_REFUSAL_FIELD_MISSING);
    assert_string_equal(stage_refusal.field, "amend_reason");
    assert_int_equal(
        ACT(&record, "cs_agent", "amend", T("place", "3-2-1802"), T("amend_reason", "听错")), GJ_REFUSAL_NONE);
    assert_int_equal(
        ACT(&record, "cs_agent", "amend", T("priority", "P1"), T("amend_reason", "独居老人")), GJ_REFUSAL_NONE);
    assert_int_equal(
        ACT(&record, "cs_agent", "amend", T("priority", "P3"), T("amend_reason", "不急")), GJ_REFUSAL_PRIORITY_LOWERED);
    assert_int_equal(
        ACT(&record, "eng_lead", "amend", T("priority", "P3"), T("amend_reason", "不急")), GJ_REFUSAL_NONE);
    assert_int_equal(
        ACT(&record, "cs_lead", "amend", stage_int("redo_no", 0), T("amend_reason", "x")), GJ_REFUSAL_FIELD_READ_ONLY);
    assert_int_equal(
        ACT(&record, "cs_lead", "amend", stage_ref("office", 11), T("amend_reason", "x")), GJ_REFUSAL_FIELD_READ_ONLY);
    assert_int_equal(record_act(&record, "cs_lead", "addendum", NULL, 0), GJ_REFUSAL_RECORD_OPEN);
    record_state(&record, "CLOSED");
    assert_int_equal(
        ACT(&record, "cs_lead", "amend", T("place", "x"), T("amend_reason", "x")), GJ_REFUSAL_RECORD_CLOSED);
    assert_int_equal(record_act(&record, "cs_lead", "addendum", NULL, 0), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "cs_lead", "note", NULL, 0), GJ_REFUSAL_RECORD_CLOSED);
}

static void nobody_home_twice_and_a_note(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "APPOINTED");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    struct gj_field_value note[] = {YES("note_left"), T("nobody_home_note", "敲门无人")};
    struct gj_field_value again[] = {
        T("nobody_home_note", "无人"), stage_time("appointment_at", stage_at("2026-03-03T10:00+08:00"))};
    assert_int_equal(record_act(&record, "tech", "nobody_home", again, 2), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "cs_agent", "leave_note", note, 2), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "tech", "nobody_home", again, 2), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "system", "close_no_entry", NULL, 0), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(record_act(&record, "cs_agent", "leave_note", note, 2), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "system", "close_no_entry", NULL, 0), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "NO_ENTRY");
}

static void paid_work_waits_for_the_owners_word(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "ARRIVED");
    record_set(&record, stage_ref("assignee", person_id("tech")));
    assert_int_equal(ACT(&record, "tech", "start", T("cause", "老化"), T("plan", "换"), T("liability", "owner_paid")),
        GJ_REFUSAL_ACT_CONDITION);
    struct gj_field_value items = stage_any(&record.kind->fields[gj_kind_field(record.kind, "price_items")]);
    assert_int_equal(ACT(&record, "tech", "quote", items, T("liability", "property")), GJ_REFUSAL_ACT_CONDITION);
    assert_int_equal(ACT(&record, "tech", "quote", items, T("liability", "owner_paid")), GJ_REFUSAL_NONE);
    assert_int_equal(record_act(&record, "tech", "start", NULL, 0), GJ_REFUSAL_ACT_NOT_NOW);
    assert_int_equal(
        ACT(&record, "tech", "agree_quote", T("owner_means", "signature"), blob("owner_signature")), GJ_REFUSAL_NONE);
    assert_string_equal(code_of(&record), "WORKING");
}

static void roles_of_other_offices_do_not_count(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, "repair_ticket", "TRIAGED");
    struct gj_field_value why = T("cancel_reason", "业主取消");
    const uint8_t lead = gj_policy_role(stage_policy, "cs_lead")->number;
    const struct {
        struct gj_grant grant;
        bool allowed;
    } cases[] = {
        {{.role = lead, .office = STAGE_OFFICE}, true},
        {{.role = lead, .office = STAGE_OFFICE, .delegated_by = 77}, true},
        {{.role = lead, .office = 11}, false},
        {{.role = lead, .region = STAGE_REGION}, true},
        {{.role = lead, .region = 4}, false},
        {{.role = lead}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gj_actor actor = {.user = 9, .grants = &cases[i].grant, .grant_count = 1};
        record_state(&record, "TRIAGED");
        enum gj_refusal_code code = record_act_as(&record, &actor, "cancel", &why, 1, 1);
        assert_int_equal(code, cases[i].allowed ? GJ_REFUSAL_NONE : GJ_REFUSAL_ACT_NOT_YOURS);
    }
    struct gj_actor actor = {.user = 9, .grants = &cases[1].grant, .grant_count = 1};
    assert_int_equal(gj_actor_delegated(&actor, STAGE_OFFICE, STAGE_REGION), GJ_ROLE_BIT(lead));
    assert_int_equal(gj_actor_acts_for(&actor, lead, STAGE_OFFICE, STAGE_REGION), 77);
}

/* What is offered can be done once its fields are handed in; what is not offered cannot be done whatever is. */
static void offers_tell_the_truth(void **state)
{
    (void)state;
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "repair_ticket");
    size_t seen = 0;
    for (size_t s = 0; s < kind->state_count; s++) {
        for (size_t r = 0; r < stage_policy->role_count; r++) {
            struct record record;
            struct gj_flow_offer offers[GJ_FLOW_OFFERS_MAX];
            struct person person;
            record_init(&record, "repair_ticket", kind->states[s].code);
            record_set(&record, T("area", "household"));
            record_set(&record, YES("note_left"));
            record_set(&record, stage_ref("assignee", person_id("tech")));
            person_init(&person, stage_policy->roles[r].code);
            size_t count = gj_flow_offers(kind, &record.view, &person.actor, 1, offers);
            struct gj_field_value given[STAGE_VALUES_MAX];
            size_t given_count = all_given(kind, given);
            for (size_t a = 0; a < kind->act_count; a++) {
                bool offered = false;
                for (size_t o = 0; o < count; o++) {
                    offered = offered || strcmp(offers[o].act, kind->acts[a].name) == 0;
                }
                struct record copy = record;
                copy.view.values = copy.values;
                copy.view.ties = copy.ties;
                enum gj_refusal_code code =
                    record_act_as(&copy, &person.actor, kind->acts[a].name, given, given_count, 1);
                if (code == GJ_REFUSAL_NONE && !offered) {
                    print_error("%s in %s by %s is possible but not offered\n", kind->acts[a].name,
                        kind->states[s].code, stage_policy->roles[r].code);
                    fail();
                }
                if (offered) {
                    assert_true(code == GJ_REFUSAL_NONE || code == GJ_REFUSAL_ACT_CONDITION ||
                                code == GJ_REFUSAL_MEANS_NOT_ALLOWED);
                    seen++;
                }
            }
        }
    }
    assert_true(seen > 80);
}

static void verbs_and_numbers(void **state)
{
    (void)state;
    const struct gj_kind *kind = gj_policy_kind(stage_policy, "repair_ticket");
    assert_int_equal(gj_flow_act_number(kind, "create"), 1);
    assert_int_equal(gj_flow_act_number(kind, "approve"), GJ_FLOW_APPROVE);
    assert_int_equal(gj_flow_act_number(kind, "fly"), 0);
    assert_string_equal(gj_flow_act_verb(kind, 18), "resume");
    assert_string_equal(gj_flow_act_verb(kind, GJ_FLOW_ADDENDUM), "addendum");
    assert_null(gj_flow_act_verb(kind, 59999));
    struct record record;
    record_init(&record, "repair_ticket", "NEW");
    assert_int_equal(record_act(&record, "cs_lead", "fly", NULL, 0), GJ_REFUSAL_ACT_UNKNOWN);
    record_init(&record, "repair_ticket", "");
    assert_int_equal(record_act(&record, "cs_lead", "note", NULL, 0), GJ_REFUSAL_ACT_NOT_NOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incomplete_call_waits_as_new),
        cmocka_unit_test(the_technician_hands_over_the_owners_word),
        cmocka_unit_test(the_desk_may_use_every_means_but_not_for_its_own_work),
        cmocka_unit_test(samples_and_urgent_cases_are_followed_up),
        cmocka_unit_test(silence_takes_two_calls_and_a_lead),
        cmocka_unit_test(common_areas_are_accepted_by_those_in_charge),
        cmocka_unit_test(follow_up_is_somebody_elses),
        cmocka_unit_test(a_second_refusal_goes_to_the_lead),
        cmocka_unit_test(a_hold_needs_the_leads_consent),
        cmocka_unit_test(a_move_makes_a_pending_request_void),
        cmocka_unit_test(another_office_must_take_a_transfer),
        cmocka_unit_test(a_contained_emergency_goes_on_lower_with_two_leads),
        cmocka_unit_test(reopening_ends_after_thirty_days),
        cmocka_unit_test(amending_needs_a_reason_and_sometimes_a_lead),
        cmocka_unit_test(nobody_home_twice_and_a_note),
        cmocka_unit_test(paid_work_waits_for_the_owners_word),
        cmocka_unit_test(roles_of_other_offices_do_not_count),
        cmocka_unit_test(offers_tell_the_truth),
        cmocka_unit_test(verbs_and_numbers),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
