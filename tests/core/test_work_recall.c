/* What the loop remembers between readings never shows what is no longer so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/limits.h"
#include "core/actor.h"
#include "core/core.h"
#include "core/recall.h"
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

static const char *name_of(struct world *w, uint64_t user)
{
    return gj_recall_name(
        gj_direct_core(w->direct)->recall, gj_direct_look(w->direct), user, gj_direct_arena(w->direct));
}

static void rename_user(struct world *w, uint64_t user, const char *name, bool told)
{
    struct gj_txn *txn = NULL;
    struct gj_key key = gj_key_of_u64(user);
    Gj__Stored__User *row = NULL;
    assert_int_equal(gj_txn_begin_write(gj_direct_core(w->direct)->store, &txn), GJ_OK);
    assert_true(gj_record_load(
        txn, GJ_TABLE_USER, &key, &gj__stored__user__descriptor, gj_direct_arena(w->direct), (void **)&row));
    row->name = (char *)name;
    gj_record_save(txn, GJ_TABLE_USER, &key, &row->base);
    if (told) {
        gj_actor_rights_changed(txn);
    }
    assert_int_equal(gj_txn_commit(txn), GJ_OK);
}

static void names_follow_the_users(void **state)
{
    struct world *w = *state;
    rename_user(w, w->agent, "王前台", true);
    assert_string_equal(name_of(w, w->agent), "王前台");
    assert_string_equal(name_of(w, w->agent), "王前台");
    rename_user(w, w->agent, "unseen", false); /* kept: nobody said that anything had changed */
    assert_string_equal(name_of(w, w->agent), "王前台");
    rename_user(w, w->agent, "李前台", true);
    assert_string_equal(name_of(w, w->agent), "李前台");
    assert_string_equal(name_of(w, 0), "");
    assert_string_equal(name_of(w, 1u << 30), ""); /* nobody has this number */
    const char *agent = name_of(w, w->agent);
    (void)name_of(w, w->agent + GJ_RECALL_NAMES); /* falls on the same place */
    assert_string_equal(agent, "李前台");
    assert_string_equal(name_of(w, w->agent), "李前台");
}

static void a_text_is_known_by_its_entry_and_its_tag(void **state)
{
    struct world *w = *state;
    struct gj_recall *recall = gj_direct_core(w->direct)->recall;
    uint8_t one[80] = {1}, other[80] = {1};
    other[79] = 7;
    assert_false(gj_recall_text(recall, 0, one, sizeof one)); /* an empty place is not entry 0 */
    gj_recall_text_found(recall, 0, one, sizeof one);
    gj_recall_text_found(recall, 5, one, sizeof one);
    assert_true(gj_recall_text(recall, 0, one, sizeof one));
    assert_true(gj_recall_text(recall, 5, one, sizeof one));
    assert_false(gj_recall_text(recall, 5, other, sizeof other));
    assert_false(gj_recall_text(recall, 6, one, sizeof one));
    gj_recall_text_found(recall, 5 + GJ_RECALL_TEXTS, one, sizeof one);
    assert_false(gj_recall_text(recall, 5, one, sizeof one));
    assert_false(gj_recall_text(NULL, 5, one, sizeof one));
    gj_recall_text_found(NULL, 5, one, sizeof one);
}

static const Gj__V1__Shown *show(struct world *w, uint64_t id, bool entries)
{
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    request.id = id;
    request.history = true;
    request.entries = entries;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_SHOW, &request);
    assert_ok(result);
    return (const Gj__V1__Shown *)result->body;
}

static void a_history_reads_the_same_again(void **state)
{
    struct world *w = *state;
    uint64_t id = world_ticket(w, "WAT-03", 2);
    Gj__V1__ActRequest request = GJ__V1__ACT_REQUEST__INIT;
    Gj__V1__Field *fields[] = {ref(w, "assignee", w->tech), text(w, "trade", "plumber")};
    request.fields = fields;
    request.n_fields = 2;
    request.revision = 1;
    request.note = (char *)"带好角阀";
    assert_ok(world_do(w, w->agent, id, "dispatch", &request));
    for (int round = 0; round < 3; round++) {
        const Gj__V1__Shown *shown = show(w, id, round == 2);
        assert_int_equal(shown->n_history, 2);
        assert_string_equal(shown->history[1]->note, "带好角阀");
        assert_int_equal(shown->history[1]->event->actor, w->agent);
        assert_true((shown->history[1]->entry.len > 0) == (round == 2)); /* only who asks gets the canonical bytes */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_follow_the_users, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_is_known_by_its_entry_and_its_tag, setup, teardown),
        cmocka_unit_test_setup_teardown(a_history_reads_the_same_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
