/* Notices: one's own, newest first, acknowledged once. */
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
    world_close(*state);
    return 0;
}

static const Gj__V1__InboxList *inbox(struct world *w, uint64_t user, Gj__V1__InboxListRequest *request)
{
    const struct gj_result *result = gj_direct_call(w->direct, user, GJ__V1__CALL__INBOX_LIST, request);
    assert_ok(result);
    return (const Gj__V1__InboxList *)result->body;
}

static void listed_and_acknowledged(void **state)
{
    struct world *w = *state;
    uint64_t ids[3];
    for (int i = 0; i < 3; i++) {
        ids[i] = world_ticket(w, "WAT-03", 2);
        world_bring(w, ids[i], "DISPATCHED");
    }
    Gj__V1__InboxListRequest request = GJ__V1__INBOX_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    request.page = &page;
    page.limit = 2;
    const Gj__V1__InboxList *list = inbox(w, w->tech, &request);
    assert_int_equal(list->n_notices, 2);
    assert_int_equal(list->unread, 3);
    assert_int_equal(list->notices[0]->record, ids[2]);
    assert_string_equal(list->notices[0]->code, "record.dispatch");
    assert_string_equal(list->notices[0]->number, "WX00122026000003");
    uint64_t newest = list->notices[0]->id;
    page.cursor.data = gj_arena_dup(gj_direct_arena(w->direct), list->cursor.data, list->cursor.len);
    page.cursor.len = list->cursor.len;
    list = inbox(w, w->tech, &request);
    assert_int_equal(list->n_notices, 1);
    assert_int_equal(list->notices[0]->record, ids[0]);

    Gj__V1__InboxAckRequest ack = GJ__V1__INBOX_ACK_REQUEST__INIT;
    ack.ids = &newest;
    ack.n_ids = 1;
    assert_refused(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__INBOX_ACK, &ack), GJ__V1__STATUS__NOT_FOUND,
        "reference_unknown", "ids");
    assert_ok(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__INBOX_ACK, &ack));
    page.cursor = (ProtobufCBinaryData){0};
    assert_int_equal(inbox(w, w->tech, &request)->n_notices, 2);
    request.acked = true;
    page.limit = 10;
    list = inbox(w, w->tech, &request);
    assert_int_equal(list->n_notices, 3);
    assert_int_equal(list->unread, 2);
    int64_t acked_at = list->notices[0]->acked_at;
    gj_direct_advance(w->direct, HOUR);
    assert_ok(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__INBOX_ACK, &ack));
    assert_int_equal(inbox(w, w->tech, &request)->notices[0]->acked_at, acked_at);
}

static void nobody_sees_anothers(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    world_bring(w, id, "DISPATCHED");
    Gj__V1__InboxListRequest request = GJ__V1__INBOX_LIST_REQUEST__INIT;
    assert_int_equal(inbox(w, w->tech2, &request)->n_notices, 0);
    assert_int_equal(inbox(w, w->agent, &request)->n_notices, 0); /* the one who did it is not told */
    Gj__V1__InboxAckRequest none = GJ__V1__INBOX_ACK_REQUEST__INIT;
    assert_int_equal(
        gj_direct_call(w->direct, w->tech, GJ__V1__CALL__INBOX_ACK, &none)->status, GJ__V1__STATUS__INVALID);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {STORY(listed_and_acknowledged), STORY(nobody_sees_anothers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
