/* Versions of policy and calendar, limits of an office, weather mode; and the audit log for its readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/limits.h"
#include "lib/direct.h"
#include "core/subject.h"
#include "proto/admin.pb-c.h"
#include "proto/audit.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/policy.pb-c.h"
#include "store/audit_tree.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

struct stage {
    struct gj_direct *direct;
    uint64_t office, other;
    uint64_t admin, qa, qa2, director, agent, auditor;
};

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof *stage);
    stage->direct = gj_direct_open();
    uint64_t region = gj_direct_region(stage->direct, "SOUTH");
    stage->office = gj_direct_office(stage->direct, region, "0001");
    stage->other = gj_direct_office(stage->direct, region, "0002");
    stage->admin = gj_direct_user(stage->direct, "admin", "sysadmin", 0, 0);
    stage->qa = gj_direct_user(stage->direct, "qa", "hq_qa", 0, 0);
    stage->qa2 = gj_direct_user(stage->direct, "qa2", "hq_qa", 0, 0);
    stage->director = gj_direct_user(stage->direct, "director", "director", stage->office, 0);
    stage->agent = gj_direct_user(stage->direct, "agent", "cs_agent", stage->office, 0);
    stage->auditor = gj_direct_user(stage->direct, "auditor", "auditor", 0, 0);
    *state = stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;
    gj_direct_close(stage->direct);
    free(stage);
    return 0;
}

#define CALL(user, call, request) gj_direct_call(stage->direct, (user), GJ__V1__CALL__##call, (request))

/* ---- policy ---- */

/* A file of the version in force, piece by piece, on the test's arena. */
static Gj__V1__PolicyFile *get_whole(struct stage *stage, char *name, bool calendar)
{
    Gj__V1__PolicyFile *file = GJ_ARENA_NEW(gj_direct_arena(stage->direct), Gj__V1__PolicyFile);
    size_t have = 0;
    gj__v1__policy_file__init(file);
    file->name = name;
    do {
        Gj__V1__PolicyGetRequest request = GJ__V1__POLICY_GET_REQUEST__INIT;
        request.name = name;
        request.calendar = calendar;
        request.offset = (uint32_t)have;
        const struct gj_result *result = CALL(stage->qa, POLICY_GET, &request);
        assert_ok(result);
        const Gj__V1__PolicyGetReply *reply = (const Gj__V1__PolicyGetReply *)result->body;
        assert_int_equal(reply->n_files, 1);
        const ProtobufCBinaryData *piece = &reply->files[0]->content;
        assert_in_range(piece->len, 1, 60000);
        if (have == 0) {
            file->content.len = reply->size;
            file->content.data = gj_arena_alloc(gj_direct_arena(stage->direct), reply->size);
        }
        assert_int_equal(reply->size, file->content.len);
        memcpy(file->content.data + have, piece->data, piece->len);
        have += piece->len;
    } while (have < file->content.len);
    return file;
}

static Gj__V1__PolicyFile *get_file(struct stage *stage, char *name)
{
    return get_whole(stage, name, false);
}

static const struct gj_result *propose(struct stage *stage, uint64_t user, Gj__V1__PolicyFile *file)
{
    Gj__V1__PolicyProposeRequest request = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    request.files = &file;
    request.n_files = 1;
    request.reason = "按公司新规";
    return CALL(user, POLICY_PROPOSE, &request);
}

static const struct gj_result *approve(
    struct stage *stage, uint64_t user, Gj__V1__Call call, uint32_t version, bool yes)
{
    Gj__V1__PolicyApproveRequest request = GJ__V1__POLICY_APPROVE_REQUEST__INIT;
    request.version = version;
    request.approve = yes;
    request.reason = "已核对";
    return gj_direct_call(stage->direct, user, call, &request);
}

static const Gj__V1__PolicyList *list_policies(struct stage *stage)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    const struct gj_result *result = CALL(stage->agent, POLICY_LIST, &empty);
    assert_ok(result);
    return (const Gj__V1__PolicyList *)result->body;
}

static void append_text(struct stage *stage, Gj__V1__PolicyFile *file, const char *text)
{
    uint8_t *longer = gj_arena_alloc(gj_direct_arena(stage->direct), file->content.len + strlen(text));
    memcpy(longer, file->content.data, file->content.len);
    memcpy(longer + file->content.len, text, strlen(text));
    file->content = (ProtobufCBinaryData){.data = longer, .len = file->content.len + strlen(text)};
}

static void test_policy_by_two(void **state)
{
    struct stage *stage = *state;
    Gj__V1__PolicyFile *file = get_file(stage, "settings.yaml");
    append_text(stage, file, "# agreed\n");
    assert_refused(propose(stage, stage->agent, file), GJ__V1__STATUS__DENIED, "no_right", NULL);
    const struct gj_result *result = propose(stage, stage->qa, file);
    assert_ok(result);
    assert_string_equal(result->written.state, "proposed");
    uint32_t version = (uint32_t)result->written.id;
    assert_int_equal(version, 2);
    const Gj__V1__Call call = GJ__V1__CALL__POLICY_APPROVE;
    assert_refused(
        approve(stage, stage->qa, call, version, true), GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL);
    assert_refused(approve(stage, stage->agent, call, version, true), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(
        approve(stage, stage->qa2, call, 9, true), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "version");
    assert_int_equal(list_policies(stage)->current, 1);
    assert_ok(approve(stage, stage->qa2, call, version, true));
    const Gj__V1__PolicyList *list = list_policies(stage);
    assert_int_equal(list->current, 2);
    assert_int_equal(list->n_versions, 2);
    assert_string_equal(list->versions[0]->state, "active");
    assert_string_equal(list->versions[1]->state, "replaced");
    assert_int_equal(list->versions[0]->approved_by, stage->qa2);
    assert_refused(
        approve(stage, stage->qa2, call, version, true), GJ__V1__STATUS__REFUSED, "no_approval_pending", "version");
    /* The whole policy is more than a message: its files are fetched by name. */
    Gj__V1__PolicyGetRequest get = GJ__V1__POLICY_GET_REQUEST__INIT;
    const Gj__V1__PolicyGetReply *reply = (const Gj__V1__PolicyGetReply *)CALL(stage->qa, POLICY_GET, &get)->body;
    assert_true(reply->n_files > 8);
    get.name = "missing.yaml";
    assert_refused(CALL(stage->qa, POLICY_GET, &get), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "name");
    /* A restart finds both versions. */
    gj_direct_reopen(stage->direct);
    assert_int_equal(list_policies(stage)->current, 2);
}

static const struct gj_result *stage_piece(
    struct stage *stage, uint64_t user, char *name, const uint8_t *bytes, size_t len, size_t at, bool anew)
{
    Gj__V1__PolicyStageRequest request = GJ__V1__POLICY_STAGE_REQUEST__INIT;
    request.name = name;
    request.content = (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)(bytes + at), .len = len};
    request.offset = (uint32_t)at;
    request.anew = anew;
    return CALL(user, POLICY_STAGE, &request);
}

static void stage_whole(struct stage *stage, Gj__V1__PolicyFile *file, bool anew)
{
    for (size_t at = 0; at < file->content.len; at += GJ_POLICY_PIECE_BYTES_MAX) {
        size_t left = file->content.len - at;
        assert_ok(stage_piece(stage, stage->qa, file->name, file->content.data,
            left < GJ_POLICY_PIECE_BYTES_MAX ? left : GJ_POLICY_PIECE_BYTES_MAX, at, anew && at == 0));
    }
}

/* 120 KB of remarks: more than any message holds. */
static void make_large(struct stage *stage, Gj__V1__PolicyFile *file)
{
    static char remarks[120 * 1024];
    memset(remarks, 'x', sizeof remarks - 1);
    for (size_t at = 0; at + 80 < sizeof remarks; at += 80) {
        remarks[at] = '#';
        remarks[at + 79] = '\n';
    }
    remarks[sizeof remarks - 2] = '\n';
    remarks[sizeof remarks - 82] = '\n';
    remarks[sizeof remarks - 81] = '#';
    append_text(stage, file, remarks);
}

static const struct gj_result *propose_staged(struct stage *stage, uint64_t user)
{
    Gj__V1__PolicyProposeRequest request = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    request.reason = "按公司新规";
    request.staged = true;
    return CALL(user, POLICY_PROPOSE, &request);
}

/* What is larger than a message is handed in in pieces, proposed whole, put in force by a second person and read back.
 */
static void test_a_policy_larger_than_a_message(void **state)
{
    struct stage *stage = *state;
    Gj__V1__PolicyFile *file = get_file(stage, "settings.yaml");
    Gj__V1__PolicyFile *other = get_file(stage, "weather.yaml");
    assert_refused(propose_staged(stage, stage->qa), GJ__V1__STATUS__INVALID, "field_missing", "staged");
    append_text(stage, other, "# left over from another day\n");
    stage_whole(stage, other, true);
    make_large(stage, file);
    stage_whole(stage, file, true);
    const struct gj_result *result = propose_staged(stage, stage->qa);
    assert_ok(result);
    uint32_t version = (uint32_t)result->written.id;
    assert_refused(propose_staged(stage, stage->qa), GJ__V1__STATUS__INVALID, "field_missing", "staged");
    assert_ok(approve(stage, stage->qa2, GJ__V1__CALL__POLICY_APPROVE, version, true));
    assert_int_equal(list_policies(stage)->current, version);
    const Gj__V1__PolicyFile *again = get_file(stage, "settings.yaml");
    assert_int_equal(again->content.len, file->content.len);
    assert_memory_equal(again->content.data, file->content.data, file->content.len);
    other = get_file(stage, "weather.yaml");
    assert_null(memmem(other->content.data, other->content.len, "left over", 9));
}

static void test_pieces_that_are_refused(void **state)
{
    static uint8_t bytes[GJ_POLICY_PIECE_BYTES_MAX + 1];
    struct stage *stage = *state;
    memset(bytes, '#', sizeof bytes);
    assert_refused(stage_piece(stage, stage->agent, "settings.yaml", bytes, 1, 0, false), GJ__V1__STATUS__DENIED,
        "no_right", NULL);
    assert_refused(stage_piece(stage, stage->qa, "../settings.yaml", bytes, 1, 0, false), GJ__V1__STATUS__INVALID,
        "field_text", "name");
    assert_refused(stage_piece(stage, stage->qa, "settings.yaml", bytes, 0, 0, false), GJ__V1__STATUS__INVALID,
        "field_missing", "content");
    assert_refused(stage_piece(stage, stage->qa, "settings.yaml", bytes, sizeof bytes, 0, false),
        GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "content");
    assert_refused(stage_piece(stage, stage->qa, "settings.yaml", bytes, 1, 1, false), GJ__V1__STATUS__CONFLICT,
        "policy_piece_gap", "offset");
    assert_ok(stage_piece(stage, stage->qa, "settings.yaml", bytes, 7, 0, false));
    const struct gj_result *result = stage_piece(stage, stage->qa, "settings.yaml", bytes, 7, 0, false);
    assert_refused(result, GJ__V1__STATUS__CONFLICT, "policy_piece_gap", "offset");
    assert_string_equal(result->params[0], "7");
    /* One person's heap is no other's, and has an end. */
    assert_refused(propose_staged(stage, stage->qa2), GJ__V1__STATUS__INVALID, "field_missing", "staged");
    size_t at = 7;
    while (at + GJ_POLICY_PIECE_BYTES_MAX <= GJ_POLICY_PROPOSE_BYTES_MAX) {
        Gj__V1__PolicyStageRequest request = GJ__V1__POLICY_STAGE_REQUEST__INIT;
        request.name = "settings.yaml";
        request.offset = (uint32_t)at;
        request.content = (ProtobufCBinaryData){.data = bytes, .len = GJ_POLICY_PIECE_BYTES_MAX};
        assert_ok(CALL(stage->qa, POLICY_STAGE, &request));
        at += GJ_POLICY_PIECE_BYTES_MAX;
    }
    Gj__V1__PolicyStageRequest last = GJ__V1__POLICY_STAGE_REQUEST__INIT;
    last.name = "settings.yaml";
    last.offset = (uint32_t)at;
    last.content = (ProtobufCBinaryData){.data = bytes, .len = GJ_POLICY_PIECE_BYTES_MAX};
    assert_refused(CALL(stage->qa, POLICY_STAGE, &last), GJ__V1__STATUS__TOO_LARGE, "policy_too_large", "content");
}

/* Whoever follows one thing through the log goes from entry to entry: kind of the subject, and how many there must be.
 */
static void check_links(struct stage *stage, uint16_t kind, uint64_t subject, unsigned expected)
{
    struct gj_txn *txn = gj_direct_look(stage->direct);
    uint64_t last = GJ_ENTRY_NONE;
    unsigned found = 0;
    for (uint64_t i = 0; i < gj_txn_events(txn); i++) {
        struct gj_entry_row row;
        struct gj_entry entry;
        size_t size = 0;
        assert_true(gj_entry_get(txn, i, &row));
        assert_int_equal(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size), GJ_OK);
        if (entry.subject_kind == kind && entry.subject == subject) {
            assert_true(entry.previous == last);
            last = i;
            found++;
        }
    }
    assert_int_equal(found, expected);
}

static void test_entries_name_the_one_before(void **state)
{
    struct stage *stage = *state;
    Gj__V1__PolicyFile *file = get_file(stage, "settings.yaml");
    append_text(stage, file, "# agreed\n");
    const struct gj_result *result = propose(stage, stage->qa, file);
    assert_ok(result);
    assert_ok(approve(stage, stage->qa2, GJ__V1__CALL__POLICY_APPROVE, (uint32_t)result->written.id, false));
    check_links(stage, GJ_SUBJECT_POLICY, 2, 2);
    Gj__V1__RoleRequest role = GJ__V1__ROLE_REQUEST__INIT;
    role.user = stage->agent;
    role.role = "guard";
    role.office = stage->office;
    role.reason = "夜班";
    assert_ok(CALL(stage->director, ADMIN_ROLE_GRANT, &role));
    assert_ok(CALL(stage->director, ADMIN_ROLE_REVOKE, &role));
    check_links(stage, GJ_SUBJECT_USER, stage->agent, 2);
}

static void test_bad_policies(void **state)
{
    struct stage *stage = *state;
    Gj__V1__PolicyFile *file = get_file(stage, "settings.yaml");
    append_text(stage, file, "no_such_word: 7\n");
    const struct gj_result *result = propose(stage, stage->qa, file);
    assert_refused(result, GJ__V1__STATUS__INVALID, "policy_invalid", "files");
    assert_non_null(strstr(result->params[0], "settings.yaml:"));
    file->name = "../settings.yaml";
    assert_refused(propose(stage, stage->qa, file), GJ__V1__STATUS__INVALID, "field_text", "files");
    Gj__V1__PolicyProposeRequest empty = GJ__V1__POLICY_PROPOSE_REQUEST__INIT;
    assert_refused(CALL(stage->qa, POLICY_PROPOSE, &empty), GJ__V1__STATUS__INVALID, "field_missing", "files");
    /* A role may not lose its number: what the store keeps would change its meaning. */
    file = get_file(stage, "company.yaml");
    char *at = memmem(file->content.data, file->content.len, "number: 19", 10);
    assert_non_null(at);
    memcpy(at, "number: 29", 10);
    assert_refused(propose(stage, stage->qa, file), GJ__V1__STATUS__INVALID, "policy_invalid", "files");
    file = get_file(stage, "settings.yaml");
    append_text(stage, file, "# no\n");
    uint32_t version = (uint32_t)propose(stage, stage->qa, file)->written.id;
    result = approve(stage, stage->qa2, GJ__V1__CALL__POLICY_APPROVE, version, false);
    assert_ok(result);
    assert_string_equal(result->written.state, "rejected");
    assert_int_equal(list_policies(stage)->current, 1);
}

static void test_calendar(void **state)
{
    struct stage *stage = *state;
    Gj__V1__CalendarProposeRequest request = GJ__V1__CALENDAR_PROPOSE_REQUEST__INIT;
    char bad[] = "date\tis_workday\tday_type\tstatus\n2026-01-01\tmaybe\n";
    /* Itself more than a message. */
    request.notice = "国务院办公厅通知";
    request.tsv = get_whole(stage, "calendar.tsv", true)->content;
    assert_true(request.tsv.len > 60000);
    const struct gj_result *result = CALL(stage->qa, CALENDAR_PROPOSE, &request);
    assert_ok(result);
    uint32_t version = (uint32_t)result->written.id;
    const Gj__V1__Call call = GJ__V1__CALL__CALENDAR_APPROVE;
    assert_refused(
        approve(stage, stage->qa, call, version, true), GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL);
    assert_ok(approve(stage, stage->qa2, call, version, true));
    assert_int_equal(list_policies(stage)->current_calendar, 2);
    /* Open due times are computed anew by the daemon. */
    assert_true(gj_txn_count(gj_direct_look(stage->direct), GJ_TABLE_TIMER) > 0);
    request.tsv = (ProtobufCBinaryData){.data = (uint8_t *)bad, .len = strlen(bad)};
    assert_refused(CALL(stage->qa, CALENDAR_PROPOSE, &request), GJ__V1__STATUS__INVALID, "calendar_invalid", "tsv");
}

/* ---- limits, weather ---- */

static const Gj__Stored__Office *look_office(struct stage *stage)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(stage->office);
    assert_true(gj_record_load(gj_direct_look(stage->direct), GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor,
        gj_direct_arena(stage->direct), (void **)&row));
    return row;
}

static const struct gj_result *limit(struct stage *stage, uint64_t user, char *timer, char *priority, char *text)
{
    Gj__V1__LimitRequest request = GJ__V1__LIMIT_REQUEST__INIT;
    request.office = stage->office;
    request.kind = "repair_ticket";
    request.timer = timer;
    request.priority = priority;
    request.limit = text;
    request.reason = "业委会要求";
    return CALL(user, LIMIT_PROPOSE, &request);
}

static void test_limits(void **state)
{
    struct stage *stage = *state;
    const struct gj_result *result = limit(stage, stage->director, "arrive", "P1", "10 min");
    assert_ok(result);
    assert_string_equal(result->written.state, "active");
    assert_int_equal(look_office(stage)->n_limits, 1);
    result = limit(stage, stage->director, "arrive", "P1", "10 h");
    assert_ok(result);
    assert_string_equal(result->written.state, "pending");
    assert_string_equal(look_office(stage)->limits[0]->limit, "10 min");
    Gj__V1__LimitApproveRequest consent = GJ__V1__LIMIT_APPROVE_REQUEST__INIT;
    consent.id = result->written.id;
    consent.approve = true;
    /* Whoever may consent hears of it. */
    Gj__V1__InboxListRequest inbox = GJ__V1__INBOX_LIST_REQUEST__INIT;
    const Gj__V1__InboxList *asked = (const Gj__V1__InboxList *)CALL(stage->qa2, INBOX_LIST, &inbox)->body;
    assert_int_equal(asked->n_notices, 1);
    assert_string_equal(asked->notices[0]->code, "limit.asked");
    assert_string_equal(asked->notices[0]->timer, "arrive");
    assert_string_equal(asked->notices[0]->params[1], "10 h");
    assert_refused(CALL(stage->director, LIMIT_APPROVE, &consent), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_ok(CALL(stage->qa, LIMIT_APPROVE, &consent));
    assert_int_equal(look_office(stage)->n_limits, 1);
    assert_string_equal(look_office(stage)->limits[0]->limit, "10 h");
    assert_true(look_office(stage)->limits[0]->approved_looser);
    assert_refused(CALL(stage->qa2, LIMIT_APPROVE, &consent), GJ__V1__STATUS__REFUSED, "no_approval_pending", "id");
    result = limit(stage, stage->qa, "arrive", "P2", "20 working_days");
    assert_ok(result);
    uint64_t second = result->written.id;
    asked = (const Gj__V1__InboxList *)CALL(stage->qa, INBOX_LIST, &inbox)->body;
    assert_int_equal(asked->n_notices, 1); /* not of the own proposal */
    consent.id = second;
    assert_refused(CALL(stage->qa, LIMIT_APPROVE, &consent), GJ__V1__STATUS__REFUSED, "approver_is_requester", NULL);
    consent.approve = false;
    assert_ok(CALL(stage->qa2, LIMIT_APPROVE, &consent));
    assert_int_equal(look_office(stage)->n_limits, 1);
    assert_int_equal(limit(stage, stage->director, "no_such", "P1", "1h")->status, GJ__V1__STATUS__NOT_FOUND);
    assert_int_equal(limit(stage, stage->director, "arrive", "P1", "soon")->status, GJ__V1__STATUS__INVALID);
    assert_refused(limit(stage, stage->agent, "arrive", "P1", "1h"), GJ__V1__STATUS__DENIED, "no_right", NULL);
}

static void test_weather(void **state)
{
    struct stage *stage = *state;
    Gj__V1__WeatherRequest request = GJ__V1__WEATHER_REQUEST__INIT;
    request.office = stage->office;
    request.on = true;
    assert_refused(CALL(stage->director, WEATHER_MODE, &request), GJ__V1__STATUS__INVALID, "field_missing", "reason");
    request.reason = "台风红色预警";
    assert_refused(CALL(stage->agent, WEATHER_MODE, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    const struct gj_result *result = CALL(stage->director, WEATHER_MODE, &request);
    assert_ok(result);
    assert_string_equal(result->written.state, "on");
    assert_true(look_office(stage)->weather_mode);
    assert_refused(CALL(stage->director, WEATHER_MODE, &request), GJ__V1__STATUS__REFUSED, "nothing_to_change", "on");
    request.office = stage->other;
    assert_refused(CALL(stage->director, WEATHER_MODE, &request), GJ__V1__STATUS__DENIED, "other_office", NULL);
}

/* ---- audit ---- */

static void test_audit(void **state)
{
    struct stage *stage = *state;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    Gj__V1__AuditEntriesRequest request = GJ__V1__AUDIT_ENTRIES_REQUEST__INIT;
    struct gj_tree_hash edge[64];
    assert_ok(limit(stage, stage->director, "arrive", "P1", "9 min"));
    assert_ok(limit(stage, stage->director, "arrive", "P1", "8 min"));
    const struct gj_result *result = CALL(stage->auditor, AUDIT_ENTRIES, &request);
    assert_ok(result);
    const Gj__V1__AuditEntries *entries = (const Gj__V1__AuditEntries *)result->body;
    assert_int_equal(entries->size, entries->n_entries);
    assert_true(entries->n_entries <= 64);
    for (size_t i = 0; i < entries->n_entries; i++) {
        struct gj_entry entry;
        size_t size = 0;
        assert_int_equal(entries->entries[i]->index, i);
        assert_int_equal(
            gj_entry_decode(entries->entries[i]->entry.data, entries->entries[i]->entry.len, &entry, &size), GJ_OK);
        assert_int_equal(size, entries->entries[i]->entry.len);
        edge[i] = gj_tree_leaf(entries->entries[i]->entry.data, entries->entries[i]->entry.len);
        assert_memory_equal(edge[i].bytes, entries->entries[i]->leaf_hash.data, sizeof edge[i].bytes);
    }
    /* The root of these leaves is the head everybody may keep. */
    uint64_t count = entries->n_entries;
    while (count > 1) {
        uint64_t next = 0;
        for (uint64_t i = 0; i + 1 < count; i += 2) {
            edge[next++] = gj_tree_node(&edge[i], &edge[i + 1]);
        }
        if (count % 2 == 1) {
            edge[next++] = edge[count - 1];
        }
        count = next;
    }
    result = CALL(stage->agent, AUDIT_HEAD, &empty);
    assert_ok(result);
    const Gj__V1__AuditHead *head = (const Gj__V1__AuditHead *)result->body;
    assert_memory_equal(head->root.data, edge[0].bytes, sizeof edge[0].bytes);
    uint64_t size = head->size;
    /* After a number, of one office, so many. */
    request.after = size - 2;
    result = CALL(stage->qa, AUDIT_ENTRIES, &request);
    assert_int_equal(((const Gj__V1__AuditEntries *)result->body)->n_entries, 1);
    request.after = 0;
    request.office = stage->office;
    result = CALL(stage->qa, AUDIT_ENTRIES, &request);
    assert_int_equal(((const Gj__V1__AuditEntries *)result->body)->n_entries, 2);
    assert_int_equal(((const Gj__V1__AuditEntries *)result->body)->next, 0);
    request.limit = 1;
    result = CALL(stage->qa, AUDIT_ENTRIES, &request);
    assert_int_equal(((const Gj__V1__AuditEntries *)result->body)->n_entries, 1);
    request.after = ((const Gj__V1__AuditEntries *)result->body)->next;
    assert_int_equal(request.after, ((const Gj__V1__AuditEntries *)result->body)->entries[0]->index);
    result = CALL(stage->qa, AUDIT_ENTRIES, &request);
    assert_int_equal(((const Gj__V1__AuditEntries *)result->body)->entries[0]->index, size - 1);
    assert_refused(CALL(stage->director, AUDIT_ENTRIES, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    assert_refused(CALL(stage->admin, AUDIT_ENTRIES, &request), GJ__V1__STATUS__DENIED, "no_right", NULL);
    request.office = 77;
    assert_refused(CALL(stage->qa, AUDIT_ENTRIES, &request), GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "office");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
    const struct CMUnitTest tests[] = {
        TEST(test_policy_by_two),
        TEST(test_bad_policies),
        TEST(test_entries_name_the_one_before),
        TEST(test_a_policy_larger_than_a_message),
        TEST(test_pieces_that_are_refused),
        TEST(test_calendar),
        TEST(test_limits),
        TEST(test_weather),
        TEST(test_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
