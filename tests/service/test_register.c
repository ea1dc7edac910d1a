/* Showing, listing, masks, and two registers that exist in YAML alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/pb.h"
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

static const Gj__V1__Record *show(struct world *w, uint64_t user, uint64_t id, const char *purpose, uint64_t *entries)
{
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    request.purpose = (char *)purpose;
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__RECORD_SHOW, &request);
    assert_ok(result);
    *entries = result->entries;
    return ((const Gj__V1__Shown *)result->body)->record;
}

static const Gj__V1__Field *field(const Gj__V1__Record *record, const char *key)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        if (strcmp(record->fields[i]->key, key) == 0) {
            return record->fields[i];
        }
    }
    return NULL;
}

/* --- masks --- */

static void a_phone_is_opened_for_a_purpose_and_on_record(void **state)
{
    struct world *w = *state;
    uint64_t entries = 0;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    const Gj__V1__Record *record = show(w, w->agent, id, "", &entries);
    assert_int_equal(entries, 0);
    assert_int_equal(field(record, "contact_phone")->value_case, GJ__V1__FIELD__VALUE_MASKED);
    assert_null(strstr(field(record, "contact_phone")->masked, "1234567"));
    assert_string_equal(field(record, "description")->text, "厨房龙头滴水");

    record = show(w, w->agent, id, "call", &entries);
    assert_int_equal(entries, 1);
    assert_string_equal(field(record, "contact_phone")->text, "13812345678");
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    struct gj_txn *txn = gj_direct_look(w->direct);
    assert_true(gj_entry_get(txn, gj_txn_events(txn) - 1, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    assert_int_equal(entry.type, GJ_ENTRY_READ);
    assert_string_equal(entry.reason.text, "call");
    assert_int_equal(entry.actor, w->agent);
    assert_int_equal(world_row(w, id)->revision, 1); /* looking changes nothing */
}

static void those_who_may_not_open_stay_with_the_mask(void **state)
{
    struct world *w = *state;
    uint64_t entries = 0;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    gj_direct_grant(w->direct, w->guard, "storekeeper", w->office, 0);
    world_bring(w, id, "DISPATCHED");
    const Gj__V1__Record *record = show(w, w->tech, id, "visit", &entries);
    assert_int_equal(field(record, "contact_phone")->value_case, GJ__V1__FIELD__VALUE_TEXT); /* own job */
    assert_ok(
        world_act(w, w->lead, id, "reassign", ref(w, "assignee", w->tech2), text(w, "reassign_reason", "换人"), NULL));
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    assert_refused(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__RECORD_SHOW, &request), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", NULL);
}

static void an_auditor_reads_for_a_purpose(void **state)
{
    struct world *w = *state;
    uint64_t entries = 0;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    assert_refused(gj_direct_call(w->direct, w->auditor, GJ__V1__CALL__RECORD_SHOW, &request), GJ__V1__STATUS__INVALID,
        "purpose_missing", "purpose");
    show(w, w->auditor, id, "audit 2026", &entries); /* free words are sealed beside the entry */
    assert_int_equal(entries, 1);
    Gj__V1__HistoryRequest history = GJ__V1__HISTORY_REQUEST__INIT;
    history.id = id;
    const struct gj_result *result = gj_direct_call(w->direct, w->auditor, GJ__V1__CALL__RECORD_HISTORY, &history);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
}

static void shown_by_its_number(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.number = (char *)"WX00122026000001";
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &request);
    assert_ok(result);
    assert_int_equal(((const Gj__V1__Shown *)result->body)->record->id, id);
    request.number = (char *)"WX00122026000002";
    assert_int_equal(
        gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &request)->status, GJ__V1__STATUS__NOT_FOUND);
}

/* --- lists --- */

static const Gj__V1__RowList *list(struct world *w, uint64_t user, Gj__V1__ListRequest *request)
{
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__RECORD_LIST, request);
    assert_ok(result);
    return (const Gj__V1__RowList *)result->body;
}

static void pages_join(void **state)
{
    struct world *w = *state;
    static const char *const sorts[] = {"id", "due", "priority"};
    for (int i = 0; i < 23; i++) {
        world_ticket(w, i % 3 == 0 ? "WAT-01" : "WAT-03", -1);
        gj_direct_advance(w->direct, MINUTE);
    }
    for (size_t s = 0; s < 3; s++) {
        Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
        Gj__V1__Page page = GJ__V1__PAGE__INIT;
        uint64_t seen[64];
        size_t count = 0;
        request.office = w->office;
        request.page = &page;
        request.sort = (char *)sorts[s];
        page.limit = 5;
        for (int pages = 0; pages < 10; pages++) {
            const Gj__V1__RowList *rows = list(w, w->lead, &request);
            for (size_t i = 0; i < rows->n_rows; i++) {
                for (size_t j = 0; j < count; j++) {
                    assert_int_not_equal(seen[j], rows->rows[i]->id);
                }
                seen[count++] = rows->rows[i]->id;
                if (s == 2 && i > 0) {
                    assert_true(rows->rows[i - 1]->priority <= rows->rows[i]->priority);
                }
                if (s == 1 && i > 0) {
                    assert_true(rows->rows[i - 1]->due_at <= rows->rows[i]->due_at);
                }
            }
            if (rows->cursor.len == 0) {
                break;
            }
            page.cursor.data = gj_arena_dup(gj_direct_arena(w->direct), rows->cursor.data, rows->cursor.len);
            page.cursor.len = rows->cursor.len;
        }
        assert_int_equal(count, 23);
    }
}

static void filters(void **state)
{
    struct world *w = *state;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    uint64_t second = world_ticket(w, "ELE-03", 2);
    world_bring(w, second, "DISPATCHED");
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    request.kind = (char *)"repair_ticket";
    char *states[] = {(char *)"TRIAGED"};
    request.states = states;
    request.n_states = 1;
    assert_int_equal(list(w, w->agent, &request)->n_rows, 1);
    request.n_states = 0;
    request.assignee = w->tech;
    assert_int_equal(list(w, w->agent, &request)->rows[0]->id, second);
    request.assignee = 0;
    request.category = (char *)"WAT";
    assert_int_equal(list(w, w->agent, &request)->rows[0]->id, first);
    request.category = (char *)"";
    request.mine = true;
    assert_int_equal(list(w, w->tech, &request)->n_rows, 1);
    request.mine = false;
    assert_int_equal(list(w, w->tech, &request)->n_rows, 1); /* own ones only, asked or not */
    assert_int_equal(list(w, w->tech2, &request)->n_rows, 0);
    request.breached = true;
    assert_int_equal(list(w, w->agent, &request)->n_rows, 0);
    request.breached = false;
    request.office = w->office;
    assert_refused(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__RECORD_LIST, &request),
        GJ__V1__STATUS__DENIED, "no_right", "office");
    request.office = 0;
    assert_int_equal(list(w, w->other_lead, &request)->n_rows, 0);
    assert_int_equal(list(w, w->qa, &request)->n_rows, 2);
    request.sort = (char *)"colour";
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LIST, &request), GJ__V1__STATUS__INVALID,
        "field_choice", "sort");
}

static void closed_ones_newest_first(void **state)
{
    struct world *w = *state;
    uint64_t ids[7];
    for (int i = 0; i < 7; i++) {
        ids[i] = world_ticket(w, "WAT-03", 2);
        assert_ok(world_act(w, w->lead, ids[i], "cancel", text(w, "cancel_reason", "不用了"), NULL));
        gj_direct_advance(w->direct, DAY);
    }
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    request.kind = (char *)"repair_ticket";
    request.office = w->office;
    request.closed = true;
    request.page = &page;
    page.limit = 4;
    const Gj__V1__RowList *rows = list(w, w->lead, &request);
    assert_int_equal(rows->n_rows, 4);
    assert_int_equal(rows->rows[0]->id, ids[6]);
    page.cursor.data = gj_arena_dup(gj_direct_arena(w->direct), rows->cursor.data, rows->cursor.len);
    page.cursor.len = rows->cursor.len;
    rows = list(w, w->lead, &request);
    assert_int_equal(rows->n_rows, 3);
    assert_int_equal(rows->rows[2]->id, ids[0]);
    assert_int_equal(rows->cursor.len, 0);
}

/* Without an office: all that one may see, by date over all of them, a page at a time without a gap. */
static void closed_ones_of_all_offices(void **state)
{
    struct world *w = *state;
    uint64_t ids[9];
    Gj__V1__CreateRequest visit = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "purpose", "routine"), ref(w, "household", w->household)};
    visit.kind = (char *)"visit";
    visit.office = w->office;
    visit.priority = -1;
    visit.fields = fields;
    visit.n_fields = 2;
    uint64_t home = w->office;
    uint64_t other_agent = gj_direct_user(w->direct, "other_agent", "cs_agent", w->other, 0);
    uint64_t other_household = gj_direct_household(w->direct, w->other, "1-1-101");
    for (int i = 0; i < 9; i++) {
        bool elsewhere = i % 3 == 1;
        if (i % 3 == 2) {
            const struct gj_result *made = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &visit);
            assert_ok(made);
            ids[i] = made->written.id;
        } else {
            uint64_t agent = w->agent;
            uint64_t household = w->household;
            w->office = elsewhere ? w->other : home;
            w->agent = elsewhere ? other_agent : agent;
            w->household = elsewhere ? other_household : household;
            ids[i] = world_ticket(w, "WAT-03", 2);
            w->office = home;
            w->agent = agent;
            w->household = household;
        }
        uint64_t lead = elsewhere ? w->other_lead : w->lead;
        assert_ok(world_act(w, lead, ids[i], "cancel", text(w, "cancel_reason", "不用了"), NULL));
        gj_direct_advance(w->direct, i % 2 == 0 ? 0 : DAY);
    }
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    request.closed = true;
    request.page = &page;
    page.limit = 2;
    int left = 9;
    do {
        const Gj__V1__RowList *rows = list(w, w->qa, &request);
        for (size_t i = 0; i < rows->n_rows; i++) {
            assert_int_equal(rows->rows[i]->id, ids[--left]);
        }
        page.cursor.data = gj_arena_dup(gj_direct_arena(w->direct), rows->cursor.data, rows->cursor.len);
        page.cursor.len = rows->cursor.len;
    } while (page.cursor.len > 0 && left > 0);
    assert_int_equal(left, 0);
    page.cursor.len = 0;
    page.limit = 50;
    assert_int_equal(list(w, w->other_lead, &request)->n_rows, 3);
    request.kind = (char *)"visit";
    assert_int_equal(list(w, w->lead, &request)->n_rows, 3);
    request.office = w->other;
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_LIST, &request), GJ__V1__STATUS__DENIED,
        "no_right", "office");
}

static void what_concerns_a_household(void **state)
{
    struct world *w = *state;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    assert_ok(world_act(w, w->lead, first, "cancel", text(w, "cancel_reason", "不用了"), NULL));
    uint64_t second = world_ticket(w, "WAT-03", 2);
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    request.household = w->household;
    const Gj__V1__RowList *rows = list(w, w->agent, &request);
    assert_int_equal(rows->n_rows, 2);
    assert_int_equal(rows->rows[0]->id, second);
    assert_int_equal(list(w, w->other_lead, &request)->n_rows, 0);
}

static void a_forged_cursor_is_refused(void **state)
{
    struct world *w = *state;
    Gj__V1__ListRequest request = GJ__V1__LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    request.page = &page;
    page.cursor = (ProtobufCBinaryData){.data = (uint8_t *)"nonsense", .len = 8};
    assert_refused(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_LIST, &request), GJ__V1__STATUS__INVALID,
        "cursor", "page");
}

static void actions_fit_the_person(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActionsRequest request = GJ__V1__ACTIONS_REQUEST__INIT;
    request.id = id;
    const Gj__V1__ActionList *actions =
        (const Gj__V1__ActionList *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_ACTIONS, &request)->body;
    bool may_dispatch = false;
    for (size_t i = 0; i < actions->n_actions; i++) {
        may_dispatch = may_dispatch || strcmp(actions->actions[i]->act, "dispatch") == 0;
        assert_string_not_equal(actions->actions[i]->act, "cancel");
        assert_string_not_equal(actions->actions[i]->act, "finish");
    }
    assert_true(may_dispatch);
    assert_int_equal(actions->revision, 1);
}

/* --- registers without a line of C --- */

static void visits_from_yaml_alone(void **state)
{
    struct world *w = *state;
    uint64_t entries = 0;
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "purpose", "routine"), at(w, "visited_at", gj_direct_now(w->direct) - HOUR),
        text(w, "subjects", "门禁、绿化"), text(w, "result", "answered"), number(w, "consent", 1),
        text(w, "opinions", "希望增加车位")};
    request.kind = (char *)"visit";
    request.office = w->office;
    request.household = w->household;
    request.priority = -1;
    request.fields = fields;
    request.n_fields = 6;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &request);
    assert_ok(result);
    assert_string_equal(result->written.number, "ZF00122026000001");
    assert_string_equal(result->written.state, "VISITED");
    uint64_t id = result->written.id;
    assert_int_not_equal(world_act(w, w->agent, id, "close", NULL)->status, GJ__V1__STATUS__OK); /* the lead files it */
    const Gj__V1__Record *record = show(w, w->lead, id, "", &entries);
    assert_string_equal(field(record, "opinions")->text, "希望增加车位");
    assert_string_equal(record->kind_code, "visit");
    assert_ok(world_act(w, w->lead, id, "close", text(w, "review_note", "已阅"), NULL));
    Gj__V1__ListRequest closed = GJ__V1__LIST_REQUEST__INIT;
    closed.kind = (char *)"visit";
    closed.office = w->office;
    closed.closed = true;
    assert_int_equal(list(w, w->lead, &closed)->n_rows, 1);
}

/* What a list shows of a kind, and how its fields are written, comes from the declaration. */
static void lists_show_the_declared_columns(void **state)
{
    struct world *w = *state;
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "purpose", "routine"), at(w, "visited_at", gj_direct_now(w->direct) - HOUR),
        text(w, "subjects", "门禁、绿化"), text(w, "result", "answered"), number(w, "consent", 1)};
    request.kind = (char *)"visit";
    request.office = w->office;
    request.household = w->household;
    request.priority = -1;
    request.fields = fields;
    request.n_fields = 5;
    assert_ok(gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &request));
    Gj__V1__ListRequest queue = GJ__V1__LIST_REQUEST__INIT;
    queue.kind = (char *)"visit";
    const Gj__V1__RowList *rows = list(w, w->lead, &queue);
    assert_int_equal(rows->n_rows, 1);
    assert_int_equal(rows->rows[0]->n_columns, 0); /* a queue is one scan unless more is asked for */
    queue.columns = true;
    rows = list(w, w->lead, &queue);
    const Gj__V1__Row *row = rows->rows[0];
    assert_int_equal(row->n_columns, 4);
    assert_string_equal(row->columns[0]->key, "household");
    assert_int_equal(row->columns[0]->ref, w->household);
    assert_string_equal(row->columns[1]->text, "routine");
    assert_string_equal(row->columns[2]->key, "visited_at");
    assert_string_equal(row->columns[3]->text, "answered");
    Gj__V1__KindListRequest one = GJ__V1__KIND_LIST_REQUEST__INIT;
    one.kind = (char *)"visit";
    const Gj__V1__KindList *kinds =
        (const Gj__V1__KindList *)gj_direct_call(w->direct, w->guard, GJ__V1__CALL__KIND_LIST, &one)->body;
    assert_int_equal(kinds->n_kinds, 1);
    assert_string_equal(kinds->kinds[0]->fields[0]->key, "household");
    assert_string_equal(kinds->kinds[0]->fields[0]->type, "household");
    one.kind = (char *)"visits";
    assert_refused(gj_direct_call(w->direct, w->guard, GJ__V1__CALL__KIND_LIST, &one), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "kind");
}

static void the_duty_log_from_yaml_alone(void **state)
{
    struct world *w = *state;
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "line_type", "event"), text(w, "line", "地下车库有积水，已通知工程")};
    request.kind = (char *)"duty_log";
    request.office = w->office;
    request.priority = -1;
    request.fields = fields;
    request.n_fields = 2;
    const struct gj_result *result = gj_direct_call(w->direct, w->guard, GJ__V1__CALL__RECORD_CREATE, &request);
    assert_ok(result);
    assert_string_equal(result->written.number, "RZ00122026"
                                                "0000001");
    uint64_t id = result->written.id;
    assert_ok(world_act(w, w->lead, id, "sign", text(w, "sign_note", "已阅"), NULL));
    assert_int_equal(world_field(w, id, "signed_by")->ref, w->lead);
    assert_ok(world_act(w, w->director, id, "sample", NULL));
    world_expect_state(w, id, "SAMPLED");
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    const Gj__V1__KindList *kinds =
        (const Gj__V1__KindList *)gj_direct_call(w->direct, w->guard, GJ__V1__CALL__KIND_LIST, &empty)->body;
    assert_int_equal(kinds->n_kinds, 6);
}

/* --- open cases of the first day --- */

static void open_cases_are_imported_with_their_times(void **state)
{
    struct world *w = *state;
    int64_t long_ago = gj_direct_now(w->direct) - 3 * DAY;
    Gj__V1__CreateRequest cases[2] = {GJ__V1__CREATE_REQUEST__INIT, GJ__V1__CREATE_REQUEST__INIT};
    Gj__V1__CreateRequest *list_of[] = {&cases[0], &cases[1]};
    Gj__V1__Field *fields[] = {
        text(w, "paper_number", "纸-17"), text(w, "description", "外墙渗水"), text(w, "area", "household")};
    Gj__V1__Field *others[] = {
        text(w, "paper_number", "纸-18"), text(w, "description", "外墙渗水"), text(w, "area", "household")};
    Gj__V1__ImportCasesRequest request = GJ__V1__IMPORT_CASES_REQUEST__INIT;
    for (int i = 0; i < 2; i++) {
        cases[i].kind = (char *)"repair_ticket";
        cases[i].category = (char *)"LEK-02";
        cases[i].priority = 3;
        cases[i].household = w->household;
        cases[i].received_at = long_ago;
        cases[i].fields = i == 0 ? fields : others;
        cases[i].n_fields = 3;
    }
    request.office = w->office;
    request.cases = list_of;
    request.n_cases = 2;
    request.state = (char *)"TRIAGED";
    assert_int_not_equal(
        gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_IMPORT, &request)->status, GJ__V1__STATUS__OK);
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT, &request));
    assert_int_equal(world_count(w, GJ_TABLE_RECORD), 2);
    const Gj__Stored__Record *row = world_row(w, 1);
    assert_string_equal(row->state, "TRIAGED");
    assert_int_equal(row->received_at, long_ago);
    assert_true(row->imported);
    assert_string_equal(row->paper_number, "纸-17");
    assert_true(world_timer(w, 1, "finish")->due_at > long_ago);
    world_bring(w, 1, "DISPATCHED");
    /* The same file again makes nothing: by the number on paper, whatever else has been written on the line since. */
    cases[0].place = (char *)"3-2-1801";
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT, &request), GJ__V1__STATUS__REFUSED,
        "nothing_to_change", "cases");
    others[0] = text(w, "paper_number", "纸-19");
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT, &request));
    assert_int_equal(world_count(w, GJ_TABLE_RECORD), 3);
    cases[1].category = (char *)"NO-SUCH";
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT, &request), GJ__V1__STATUS__INVALID,
        "field_choice", "category");
    assert_int_equal(world_count(w, GJ_TABLE_RECORD), 3);
}

/* The check says of each case what would become of it, and writes nothing. */
static void an_import_is_checked_beforehand(void **state)
{
    struct world *w = *state;
    Gj__V1__CreateRequest cases[3] = {
        GJ__V1__CREATE_REQUEST__INIT, GJ__V1__CREATE_REQUEST__INIT, GJ__V1__CREATE_REQUEST__INIT};
    Gj__V1__CreateRequest *list_of[] = {&cases[0], &cases[1], &cases[2]};
    Gj__V1__Field *fields[] = {text(w, "description", "外墙渗水"), text(w, "area", "household")};
    Gj__V1__ImportCasesRequest request = GJ__V1__IMPORT_CASES_REQUEST__INIT;
    for (int i = 0; i < 3; i++) {
        cases[i].kind = (char *)"repair_ticket";
        cases[i].category = (char *)(i == 1 ? "NO-SUCH" : "LEK-02");
        cases[i].priority = 3;
        cases[i].received_at = gj_direct_now(w->direct) - (3 + i) * DAY;
        cases[i].fields = fields;
        cases[i].n_fields = 2;
    }
    request.office = w->office;
    request.cases = list_of;
    request.n_cases = 1;
    request.state = (char *)"TRIAGED";
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT, &request));
    request.n_cases = 3;
    const struct gj_result *result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__RECORD_IMPORT_CHECK, &request);
    assert_ok(result);
    const Gj__V1__ImportChecked *checked = (const Gj__V1__ImportChecked *)result->body;
    assert_int_equal(result->status, GJ__V1__STATUS__OK);
    assert_int_equal(checked->n_cases, 3);
    assert_int_equal(checked->cases[0]->known, 1);
    assert_string_equal(checked->cases[0]->number, world_row(w, 1)->number);
    assert_string_equal(checked->cases[1]->code, "field_choice");
    assert_string_equal(checked->cases[1]->field, "category");
    assert_int_equal(checked->cases[2]->known, 0);
    assert_string_equal(checked->cases[2]->code, "");
    assert_int_equal(checked->cases[2]->key.len, checked->cases[0]->key.len);
    assert_memory_not_equal(checked->cases[2]->key.data, checked->cases[0]->key.data, checked->cases[0]->key.len);
    assert_int_equal(world_count(w, GJ_TABLE_RECORD), 1);
    /* Who may not import sees it at every line. */
    result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_IMPORT_CHECK, &request);
    assert_int_equal(result->status, GJ__V1__STATUS__OK);
    checked = (const Gj__V1__ImportChecked *)result->body;
    assert_string_not_equal(checked->cases[2]->code, "");
}

/* Words for every code of a kind, and the clocks that run from the receipt. */
static void a_kind_comes_with_its_words(void **state)
{
    struct world *w = *state;
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    request.kind = (char *)"repair_ticket";
    const Gj__V1__KindList *list =
        (const Gj__V1__KindList *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__KIND_LIST, &request)->body;
    assert_int_equal(list->n_kinds, 1);
    const Gj__V1__KindInfo *kind = list->kinds[0];
    assert_string_equal(kind->states[0]->code, "NEW");
    assert_string_equal(kind->states[0]->zh, "已受理");
    assert_true(kind->n_acts > 10 && kind->n_timers > 10);
    size_t choices = 0;
    for (size_t i = 0; i < kind->n_fields; i++) {
        choices += strcmp(kind->fields[i]->key, "category") == 0 || strcmp(kind->fields[i]->key, "priority") == 0
                       ? kind->fields[i]->n_choices
                       : 0;
    }
    assert_true(choices > 20);
    bool arrive = false, accept = false;
    for (size_t i = 0; i < kind->n_from_received; i++) {
        arrive = arrive || strcmp(kind->from_received[i], "arrive") == 0;
        accept = accept || strcmp(kind->from_received[i], "accept") == 0;
    }
    assert_true(arrive && !accept);
    request.kind = (char *)"";
    list = (const Gj__V1__KindList *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__KIND_LIST, &request)->body;
    assert_true(list->n_roles > 5 && list->n_obligations > 0);
}

/* Both are children: one merged, one made for it. */
static void a_record_shows_what_belongs_to_it(void **state)
{
    struct world *w = *state;
    uint64_t first = world_ticket(w, "WAT-03", 2);
    uint64_t second = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest merge = GJ__V1__ACT_REQUEST__INIT;
    merge.parent = first;
    assert_ok(world_do(w, w->agent, second, "merge", &merge));
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = first;
    request.children = true;
    const Gj__V1__Shown *shown =
        (const Gj__V1__Shown *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &request)->body;
    assert_int_equal(shown->n_children, 1);
    assert_int_equal(shown->children[0]->id, second);
    assert_string_equal(shown->children[0]->state, "MERGED");
    request.id = second;
    shown = (const Gj__V1__Shown *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &request)->body;
    assert_int_equal(shown->n_children, 0);
    assert_int_equal(shown->record->parent, first);
}

/* --- draws --- */

static void a_draw_logs_its_seed_first(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 10; i++) {
        uint64_t id = world_ticket(w, "WAT-03", 2);
        assert_ok(world_act(w, w->lead, id, "cancel", text(w, "cancel_reason", "不用了"), NULL));
    }
    Gj__V1__DrawRequest request = GJ__V1__DRAW_REQUEST__INIT;
    request.what = (char *)"repair_ticket";
    request.office = w->office;
    request.count = 3;
    request.from = gj_direct_now(w->direct) - DAY;
    request.until = gj_direct_now(w->direct) + DAY;
    const struct gj_result *result = gj_direct_call(w->direct, w->director, GJ__V1__CALL__DRAW, &request);
    assert_ok(result);
    assert_int_equal(result->entries, 1);
    assert_int_equal(((const Gj__V1__RowList *)result->body)->n_rows, 3);
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    struct gj_txn *txn = gj_direct_look(w->direct);
    assert_true(gj_entry_get(txn, gj_txn_events(txn) - 1, &row));
    assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
    assert_int_equal(entry.type, GJ_ENTRY_DRAW);
    assert_true(entry.has_object);
    assert_int_equal(entry.value, 3);
}

static size_t drawn(const struct gj_result *result, uint64_t ids[10])
{
    assert_ok(result);
    const Gj__V1__RowList *list = (const Gj__V1__RowList *)result->body;
    assert_true(list->n_rows <= 10);
    for (size_t i = 0; i < list->n_rows; i++) {
        ids[i] = list->rows[i]->id;
    }
    return list->n_rows;
}

/* An answer that was lost: the request sent again gives the very sample, and no second seed. */
static void a_draw_sent_again_gives_the_same_rows(void **state)
{
    struct world *w = *state;
    uint64_t first[10];
    uint64_t again[10];
    for (int i = 0; i < 20; i++) {
        uint64_t id = world_ticket(w, "WAT-03", 2);
        assert_ok(world_act(w, w->lead, id, "cancel", text(w, "cancel_reason", "不用了"), NULL));
    }
    Gj__V1__DrawRequest request = GJ__V1__DRAW_REQUEST__INIT;
    request.what = (char *)"repair_ticket";
    request.office = w->office;
    request.count = 5;
    request.from = gj_direct_now(w->direct) - DAY;
    request.until = gj_direct_now(w->direct) + DAY;
    assert_int_equal(drawn(gj_direct_call(w->direct, w->director, GJ__V1__CALL__DRAW, &request), first), 5);
    gj_direct_same_key(w->direct);
    const struct gj_result *result = gj_direct_call(w->direct, w->director, GJ__V1__CALL__DRAW, &request);
    assert_int_equal(result->entries, 0);
    assert_int_equal(drawn(result, again), 5);
    assert_memory_equal(first, again, 5 * sizeof(first[0]));
    gj_direct_same_key(w->direct);
    request.what = (char *)"visit";
    assert_refused(gj_direct_call(w->direct, w->director, GJ__V1__CALL__DRAW, &request), GJ__V1__STATUS__INVALID,
        "field_choice", "what");
}

/* The month's visits are drawn among the households of the office. */
static void households_are_drawn_too(void **state)
{
    struct world *w = *state;
    uint64_t first[10];
    uint64_t again[10];
    char room[16];
    for (int i = 0; i < 30; i++) {
        (void)snprintf(room, sizeof(room), "5-%d", i);
        (void)gj_direct_household(w->direct, w->office, room);
        (void)gj_direct_household(w->direct, w->other, room);
    }
    Gj__V1__DrawRequest request = GJ__V1__DRAW_REQUEST__INIT;
    request.what = (char *)"household";
    request.office = w->office;
    request.count = 10;
    const struct gj_result *result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__DRAW, &request);
    assert_int_equal(result->entries, 1);
    const Gj__V1__RowList *list = (const Gj__V1__RowList *)result->body;
    assert_int_equal(list->rows[0]->office, w->office);
    assert_true(list->rows[0]->place[0] != '\0');
    assert_int_equal(drawn(result, first), 10);
    for (size_t i = 0; i < 10; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(first[i], first[j]);
        }
    }
    gj_direct_same_key(w->direct);
    assert_int_equal(drawn(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__DRAW, &request), again), 10);
    assert_memory_equal(first, again, sizeof(first));
    assert_refused(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__DRAW, &request), GJ__V1__STATUS__DENIED,
        "other_office", NULL);
    request.count = 1;
    request.office = w->office;
    assert_refused(
        gj_direct_call(w->direct, w->tech2, GJ__V1__CALL__DRAW, &request), GJ__V1__STATUS__DENIED, "no_right", "what");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_phone_is_opened_for_a_purpose_and_on_record),
        STORY(those_who_may_not_open_stay_with_the_mask),
        STORY(an_auditor_reads_for_a_purpose),
        STORY(shown_by_its_number),
        STORY(pages_join),
        STORY(filters),
        STORY(closed_ones_newest_first),
        STORY(closed_ones_of_all_offices),
        STORY(what_concerns_a_household),
        STORY(a_forged_cursor_is_refused),
        STORY(actions_fit_the_person),
        STORY(visits_from_yaml_alone),
        STORY(lists_show_the_declared_columns),
        STORY(the_duty_log_from_yaml_alone),
        STORY(open_cases_are_imported_with_their_times),
        STORY(an_import_is_checked_beforehand),
        STORY(a_kind_comes_with_its_words),
        STORY(a_record_shows_what_belongs_to_it),
        STORY(a_draw_logs_its_seed_first),
        STORY(a_draw_sent_again_gives_the_same_rows),
        STORY(households_are_drawn_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
