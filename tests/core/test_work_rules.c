/* What the engine refuses, and how: conflicts, people, stated times, corrections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

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

/* --- compare and set --- */

static void who_is_late_gets_the_record(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {ref(w, "assignee", w->tech), text(w, "trade", "plumber")};
    request.fields = fields;
    request.n_fields = 2;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_ACT,
                       &(Gj__V1__ActRequest){.base = request.base,
                           .id = id,
                           .act = (char *)"dispatch",
                           .state = (char *)"",
                           .note = (char *)"",
                           .late_reason = (char *)"",
                           .fields = fields,
                           .n_fields = 2}),
        GJ__V1__STATUS__INVALID, "field_missing", "revision");
    world_bring(w, id, "DISPATCHED");
    request.revision = 1;
    const struct gj_result *result = world_do(w, w->agent, id, "dispatch", &request);
    assert_refused(result, GJ__V1__STATUS__CONFLICT, "conflict", "revision");
    assert_non_null(result->body);
    const Gj__V1__Record *now = (const Gj__V1__Record *)result->body;
    assert_string_equal(now->state, "DISPATCHED");
    assert_int_equal(now->revision, 2);
}

static void the_state_seen_must_hold(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DISPATCHED");
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.state = (char *)"TRIAGED";
    assert_refused(world_do(w, w->tech, id, "accept", &request), GJ__V1__STATUS__CONFLICT, "conflict", NULL);
    request.state = (char *)"DISPATCHED";
    assert_ok(world_do(w, w->tech, id, "accept", &request));
}

static void an_outbox_names_its_own_predecessor(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    uint8_t key[16] = {0x01, 0x9b, 0x8a, 0, 0, 0, 1, 2, 3};
    int64_t ms = gj_direct_now(w->direct);
    for (int i = 0; i < 6; i++) {
        key[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    world_bring(w, id, "DISPATCHED");
    gj_direct_request_key(w->direct, key);
    assert_ok(world_act(w, w->tech, id, "accept", NULL));
    Gj__V1__ActRequest next = GJ__V1__ACT_REQUEST__INIT;
    next.after = (ProtobufCBinaryData){.data = key, .len = sizeof(key)};
    assert_ok(world_do(w, w->tech, id, "arrive", &next));
    /* Once somebody else has changed it, the chain is broken. */
    assert_refused(world_do(w, w->tech, id, "start", &next), GJ__V1__STATUS__CONFLICT, "conflict", NULL);
}

static void notes_and_photos_never_conflict(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest note = GJ__V1__ACT_REQUEST__INIT;
    ProtobufCBinaryData photo = world_attachment(w, id);
    note.note = (char *)"业主又来电";
    note.revision = 77;
    note.attachments = &photo;
    note.n_attachments = 1;
    assert_ok(world_do(w, w->agent2, id, "note", &note));
    assert_int_equal(world_row(w, id)->n_attachments, 1);
    world_expect_state(w, id, "TRIAGED");
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    show.history = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &show);
    assert_ok(result);
    const Gj__V1__Shown *shown = (const Gj__V1__Shown *)result->body;
    assert_int_equal(shown->n_history, 2);
    assert_string_equal(shown->history[1]->note, "业主又来电");
    assert_string_equal(shown->history[1]->actor_name, "agent2");
}

static void the_same_request_is_done_once(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    uint8_t key[16] = {0};
    int64_t ms = gj_direct_now(w->direct);
    for (int i = 0; i < 6; i++) {
        key[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    Gj__V1__ActRequest note = GJ__V1__ACT_REQUEST__INIT;
    note.note = (char *)"一次";
    gj_direct_request_key(w->direct, key);
    assert_ok(world_do(w, w->agent, id, "note", &note));
    uint32_t revision = world_row(w, id)->revision;
    gj_direct_request_key(w->direct, key);
    const struct gj_result *again = world_do(w, w->agent, id, "note", &note);
    assert_ok(again);
    assert_int_equal(again->entries, 0);
    assert_int_equal(again->written.revision, revision);
    assert_int_equal(world_row(w, id)->revision, revision);
}

/* --- people --- */

static void the_worker_never_accepts_for_the_owner(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DONE");
    assert_refused(
        world_act(w, w->tech, id, "owner_accept", text(w, "owner_means", "paper"), blob(w, id, "owner_paper"), NULL),
        GJ__V1__STATUS__REFUSED, "means_not_allowed", NULL);
    assert_refused(world_act(w, w->tech, id, "owner_accept", text(w, "owner_means", "signature"), NULL),
        GJ__V1__STATUS__REFUSED, "evidence_missing", NULL);
    assert_ok(world_act(
        w, w->tech, id, "owner_accept", text(w, "owner_means", "signature"), blob(w, id, "owner_signature"), NULL));
    /* Accepted through the technician: somebody asks the owner, and not the technician. */
    world_expect_state(w, id, "FOLLOW_UP");
    gj_direct_grant(w->direct, w->tech, "cs_agent", w->office, 0);
    assert_refused(world_act(w, w->tech, id, "follow_up_ok", text(w, "follow_up_way", "phone"),
                       text(w, "satisfaction", "satisfied"), number(w, "owner_confirms", 1), NULL),
        GJ__V1__STATUS__REFUSED, "act_forbidden_relation", NULL);
    assert_ok(world_act(w, w->agent2, id, "follow_up_ok", text(w, "follow_up_way", "phone"),
        text(w, "satisfaction", "satisfied"), number(w, "owner_confirms", 1), NULL));
    world_expect_state(w, id, "CLOSED");
}

static void strangers_do_not_learn_that_it_exists(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    assert_refused(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__RECORD_SHOW, &show),
        GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id");
    assert_refused(gj_direct_call(w->direct, w->tech2, GJ__V1__CALL__RECORD_SHOW, &show), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "id");
    show.id = id + 1;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &show), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "id");
}

static void nobody_without_a_role_is_given_work(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    assert_refused(
        world_act(w, w->agent, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", w->other_lead), NULL),
        GJ__V1__STATUS__REFUSED, "assignee_without_role", "assignee");
    assert_refused(
        world_act(w, w->agent, id, "dispatch", text(w, "trade", "plumber"), ref(w, "assignee", 424242), NULL),
        GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "assignee");
}

static void a_lent_role_is_on_record(void **state)
{
    struct world *w = *state;
    struct gj_core *core = gj_direct_core(w->direct);
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__Stored__Delegation loan = GJ__STORED__DELEGATION__INIT;
    struct gj_key key = gj_key_of_u64(1);
    struct gj_txn *txn = NULL;
    assert_int_not_equal(
        world_act(w, w->agent, id, "cancel", text(w, "cancel_reason", "业主取消"), NULL)->status, GJ__V1__STATUS__OK);
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    loan.id = 1;
    loan.from_user = w->lead;
    loan.to_user = w->agent;
    loan.role = (char *)"cs_lead";
    loan.office = w->office;
    loan.from = gj_direct_now(w->direct) - HOUR;
    loan.until = gj_direct_now(w->direct) + HOUR;
    gj_record_save(txn, GJ_TABLE_DELEGATION, &key, &loan.base);
    gj_actor_rights_changed(txn);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
    const struct gj_result *result = world_act(w, w->agent, id, "cancel", text(w, "cancel_reason", "业主取消"), NULL);
    assert_ok(result);
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    assert_true(gj_entry_get(gj_direct_look(w->direct), result->written.event, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    assert_true(entry.has_acting_for);
    assert_int_equal(entry.acting_for, w->lead);
    assert_string_equal(entry.role.text, "cs_lead");
}

/* --- stated times --- */

static const struct gj_result *intake_at(struct world *w, int64_t received_at, const char *late_reason)
{
    Gj__V1__IntakeRequest request = GJ__V1__INTAKE_REQUEST__INIT;
    request.office = w->office;
    request.channel = (char *)"phone";
    request.place = (char *)"大堂";
    request.description = (char *)"灯不亮";
    request.category = (char *)"ELE-05";
    request.priority = -1;
    request.received_at = received_at;
    request.late_reason = (char *)late_reason;
    return gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_INTAKE, &request);
}

static void stated_times(void **state)
{
    struct world *w = *state;
    int64_t now = gj_direct_now(w->direct);
    assert_refused(intake_at(w, now + 10 * MINUTE, ""), GJ__V1__STATUS__INVALID, "time_in_future", "received_at");
    assert_refused(intake_at(w, now - 20 * MINUTE, ""), GJ__V1__STATUS__INVALID, "late_without_reason", "late_reason");
    const struct gj_result *result = intake_at(w, now - 20 * MINUTE, "系统中断");
    assert_ok(result);
    uint64_t id = result->written.id;
    const Gj__Stored__Record *row = world_row(w, id);
    assert_int_equal(row->received_at, now - 20 * MINUTE);
    assert_int_equal(row->recorded_at, now);
    assert_int_equal(row->stated_count, 1);
    const Gj__V1__Timer *arrive = world_timer(w, id, "arrive");
    assert_int_equal(arrive->due_at, now - 20 * MINUTE + DAY);
    assert_true(arrive->stated);
    result = intake_at(w, now - 10 * MINUTE, "");
    assert_ok(result);
    assert_int_equal(world_row(w, result->written.id)->stated_count, 1);
    result = intake_at(w, 0, "");
    assert_int_equal(world_row(w, result->written.id)->stated_count, 0);
}

static void arrival_told_later_is_judged_by_receipt(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-01", 1);
    world_bring(w, id, "ACCEPTED");
    int64_t arrived = gj_direct_now(w->direct) + 10 * MINUTE;
    gj_direct_advance(w->direct, 50 * MINUTE);
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    request.stated_at = arrived;
    assert_refused(world_do(w, w->tech, id, "arrive", &request), GJ__V1__STATUS__INVALID, "late_without_reason", NULL);
    request.late_reason = (char *)"地下室无信号";
    assert_ok(world_do(w, w->tech, id, "arrive", &request));
    assert_int_equal(world_field(w, id, "arrived_at")->time, arrived);
    const Gj__V1__Timer *timer = world_timer(w, id, "arrive");
    assert_int_equal(timer->stopped_at, gj_direct_now(w->direct));
    assert_true(timer->breached); /* 30 minutes were promised; the told time annotates, it does not erase */
    assert_true(timer->stated);
    assert_int_equal(world_row(w, id)->stated_count, 1);
}

static void a_time_told_in_a_field_is_a_stated_time(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "ACCEPTED");
    gj_direct_advance(w->direct, 2 * HOUR);
    int64_t arrived = gj_direct_now(w->direct) - HOUR;
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {at(w, "arrived_at", arrived)};
    request.fields = fields;
    request.n_fields = 1;
    assert_refused(world_do(w, w->tech, id, "arrive", &request), GJ__V1__STATUS__INVALID, "late_without_reason", NULL);
    request.late_reason = (char *)"无信号";
    const struct gj_result *result = world_do(w, w->tech, id, "arrive", &request);
    assert_ok(result);
    assert_int_equal(world_field(w, id, "arrived_at")->time, arrived);
    assert_int_equal(world_row(w, id)->stated_count, 1);
    assert_true(world_timer(w, id, "arrive")->stated);
    Gj__V1__CreateRequest create = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *intake[] = {text(w, "channel", "phone"), text(w, "description", "灯不亮"),
        at(w, "received_at", gj_direct_now(w->direct) - HOUR)};
    create.kind = (char *)"repair_ticket";
    create.office = w->office;
    create.priority = -1;
    create.fields = intake;
    create.n_fields = 3;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &create), GJ__V1__STATUS__INVALID,
        "late_without_reason", NULL);
}

/* --- corrections --- */

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

static void amended_with_the_old_value_beside_it(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    assert_refused(
        amend(w, w->agent, id, text(w, "description", "水管"), ""), GJ__V1__STATUS__INVALID, "field_missing", "reason");
    assert_ok(amend(w, w->agent, id, text(w, "description", "卫生间水管漏水"), "听错了"));
    Gj__V1__ShowRequest show = GJ__V1__SHOW_REQUEST__INIT;
    show.id = id;
    show.history = true;
    const Gj__V1__Shown *shown =
        (const Gj__V1__Shown *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &show)->body;
    const Gj__V1__HistoryLine *line = shown->history[shown->n_history - 1];
    assert_string_equal(line->event->act, "amend");
    assert_string_equal(line->reason, "听错了");
    assert_int_equal(line->n_old, 1);
    assert_string_equal(line->old[0]->text, "厨房龙头滴水");
    for (size_t i = 0; i < shown->record->n_fields; i++) {
        if (strcmp(shown->record->fields[i]->key, "description") == 0) {
            assert_string_equal(shown->record->fields[i]->text, "卫生间水管漏水");
        }
    }
}

static void a_lead_lowers_a_priority(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-01", 1);
    int64_t due = world_timer(w, id, "finish")->due_at;
    assert_refused(amend(w, w->agent, id, text(w, "priority", "P2"), "不急"), GJ__V1__STATUS__REFUSED,
        "priority_lowered", "priority");
    assert_ok(amend(w, w->lead, id, text(w, "priority", "P3"), "不急"));
    const Gj__V1__Timer *finish = world_timer(w, id, "finish");
    assert_int_not_equal(finish->due_at, due);
    assert_int_equal(finish->old_due_at, due);
    assert_int_equal(world_row(w, id)->priority, 3);
    assert_ok(amend(w, w->agent, id, text(w, "priority", "P1"), "又急了")); /* raising is everybody's */
}

static void a_closed_record_gets_an_addendum(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__AddendumRequest addendum = GJ__V1__ADDENDUM_REQUEST__INIT;
    addendum.id = id;
    addendum.text = (char *)"补充";
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_ADDENDUM, &addendum),
        GJ__V1__STATUS__REFUSED, "record_open", NULL);
    assert_ok(world_act(w, w->lead, id, "cancel", text(w, "cancel_reason", "重复"), NULL));
    assert_refused(
        amend(w, w->lead, id, text(w, "description", "改一改"), "改"), GJ__V1__STATUS__REFUSED, "record_closed", NULL);
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_ADDENDUM, &addendum));
    world_expect_state(w, id, "CANCELLED");
}

static void links_name_records_and_paper(void **state)
{
    struct world *w = *state;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    uint64_t second = world_ticket(w, "WAT-03", 2);
    Gj__V1__Link link = GJ__V1__LINK__INIT;
    Gj__V1__LinkRequest request = GJ__V1__LINK_REQUEST__INIT;
    request.id = second;
    request.link = &link;
    link.kind = (char *)"repair_ticket";
    link.link = (char *)"earlier";
    link.number = (char *)"WX00122026000001";
    request.revision = world_row(w, second)->revision;
    assert_ok(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LINK, &request));
    assert_int_equal(world_row(w, second)->links[0]->id, first);
    link.kind = (char *)"complaint";
    link.link = (char *)"";
    link.number = (char *)"TS-2026-17";
    request.revision = world_row(w, second)->revision;
    assert_ok(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LINK, &request));
    assert_int_equal(world_row(w, second)->links[1]->id, 0);
    request.revision = world_row(w, second)->revision;
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LINK, &request), GJ__V1__STATUS__REFUSED,
        "already_exists", "link");
    link.kind = (char *)"key_loan";
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LINK, &request), GJ__V1__STATUS__REFUSED,
        "link_not_allowed", "link");
    link.kind = (char *)"complaint";
    request.remove = true;
    assert_ok(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LINK, &request));
    assert_int_equal(world_row(w, second)->n_links, 1);
}

/* --- nothing personal in plain --- */

static bool holds(const struct gj_value *value, const char *word)
{
    return memmem(value->data, value->len, word, strlen(word)) != NULL;
}

static void nothing_personal_lies_in_the_store(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest note = GJ__V1__ACT_REQUEST__INIT;
    note.note = (char *)"王小明说下午在家";
    assert_ok(world_do(w, w->agent, id, "note", &note));
    assert_ok(amend(w, w->agent, id, text(w, "contact_phone", "13812345679"), "王小明换号"));
    for (int table = 0; table < GJ_TABLE_COUNT; table++) {
        struct gj_iter iter;
        gj_iter_range(&iter, gj_direct_look(w->direct), (enum gj_table)table, NULL, NULL, GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            assert_false(holds(&iter.value, "王小明"));
            assert_false(holds(&iter.value, "1381234567"));
            assert_false(holds(&iter.value, "厨房龙头"));
        }
        gj_iter_close(&iter);
    }
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(who_is_late_gets_the_record),
        STORY(the_state_seen_must_hold),
        STORY(an_outbox_names_its_own_predecessor),
        STORY(notes_and_photos_never_conflict),
        STORY(the_same_request_is_done_once),
        STORY(the_worker_never_accepts_for_the_owner),
        STORY(strangers_do_not_learn_that_it_exists),
        STORY(nobody_without_a_role_is_given_work),
        STORY(a_lent_role_is_on_record),
        STORY(stated_times),
        STORY(arrival_told_later_is_judged_by_receipt),
        STORY(a_time_told_in_a_field_is_a_stated_time),
        STORY(amended_with_the_old_value_beside_it),
        STORY(a_lead_lowers_a_priority),
        STORY(a_closed_record_gets_an_addendum),
        STORY(links_name_records_and_paper),
        STORY(nothing_personal_lies_in_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
