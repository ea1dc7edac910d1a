/* A year without its working-day table is told to those who can bring one: once, again after a month, until it is
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/calendar.h"
#include "core/calendar_alarm.h"
#include "core/core.h"
#include "core/policies.h"
#include "core/work_world.h"
#include "store/record.h"

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

static bool due(struct world *w)
{
    struct gj_core *core = gj_direct_core(w->direct);
    struct gj_txn *txn = gj_direct_look(w->direct);
    return gj_calendar_alarm_due(txn, gj_policies_calendar(core->policies, txn), gj_direct_now(w->direct));
}

/* What core/due.c does every minute. */
static void upkeep(struct world *w)
{
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    if (due(w)) {
        assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_CALENDAR, &empty.base));
    }
    assert_false(due(w));
}

static int64_t at_day(int year, int month, int day)
{
    return gj_cst_midnight(gj_day_of((struct gj_date){year, month, day})) + 9 * HOUR;
}

static void go_to(struct world *w, int64_t at_ms)
{
    gj_direct_advance(w->direct, at_ms - gj_direct_now(w->direct));
}

/* The table of the store, with every year said to be official, becomes the one in force. */
static void bring_the_year(struct world *w)
{
    struct gj_core *core = gj_direct_core(w->direct);
    Gj__Stored__Policy *row = NULL;
    struct gj_txn *txn = NULL;
    assert_int_equal(gj_txn_begin_write(core->store, &txn), GJ_OK);
    uint32_t version = gj_policies_calendar_version(txn);
    struct gj_key key = gj_key_of_u64(version);
    assert_true(gj_record_load(
        txn, GJ_TABLE_CALENDAR, &key, &gj__stored__policy__descriptor, gj_direct_arena(w->direct), (void **)&row));
    ProtobufCBinaryData *content = &row->files[0]->content;
    char *text = gj_arena_calloc(gj_direct_arena(w->direct), 1, content->len + 1);
    size_t len = 0;
    for (size_t i = 0; i < content->len;) {
        bool projected = content->len - i >= 9 && memcmp(content->data + i, "projected", 9) == 0;
        memcpy(text + len, projected ? "official" : (const char *)content->data + i, projected ? 8 : 1);
        len += projected ? 8 : 1;
        i += projected ? 9 : 1;
    }
    content->data = (uint8_t *)text;
    content->len = len;
    row->version = version + 1;
    key = gj_key_of_u64(version + 1);
    gj_record_save(txn, GJ_TABLE_CALENDAR, &key, &row->base);
    gj_policies_activate_calendar(txn, version + 1);
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void told_once_then_monthly_then_gone(void **state)
{
    struct world *w = *state;
    uint64_t admin = gj_direct_user(w->direct, "sysadmin", "sysadmin", 0, 0);
    upkeep(w);
    assert_int_equal(world_notices(w, admin, "calendar.missing"), 0);
    go_to(w, at_day(2026, 12, 1));
    upkeep(w);
    upkeep(w);
    assert_int_equal(world_notices(w, admin, "calendar.missing"), 1);
    assert_int_equal(world_notices(w, w->qa, "calendar.missing"), 1);
    assert_int_equal(world_notices(w, w->director, "calendar.missing"), 0);
    assert_int_equal(world_notices(w, w->auditor, "calendar.missing"), 0);
    go_to(w, at_day(2026, 12, 30));
    assert_false(due(w));
    go_to(w, at_day(2026, 12, 31));
    assert_true(due(w));
    upkeep(w);
    assert_int_equal(world_notices(w, admin, "calendar.missing"), 1); /* the new one instead of the old */
    bring_the_year(w);
    assert_true(due(w));
    upkeep(w);
    assert_int_equal(world_notices(w, admin, "calendar.missing"), 0);
    assert_int_equal(world_notices(w, w->qa, "calendar.missing"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(told_once_then_monthly_then_gone, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
