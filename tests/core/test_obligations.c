/* Recurring obligations: opened, reminded of, counted, missed; each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/obligations.h"
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

static void round_now(struct world *w)
{
    Gj__Work__Owed body = GJ__WORK__OWED__INIT;
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_OBLIGATION, &body.base));
}

static const Gj__V1__ObligationTask *task(struct world *w, const char *code, bool missed)
{
    Gj__V1__ObligationListRequest request = GJ__V1__OBLIGATION_LIST_REQUEST__INIT;
    request.office = w->office;
    request.missed = missed;
    const struct gj_result *result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__OBLIGATION_LIST, &request);
    assert_ok(result);
    const Gj__V1__ObligationList *list = (const Gj__V1__ObligationList *)result->body;
    for (size_t i = 0; i < list->n_tasks; i++) {
        if (strcmp(list->tasks[i]->code, code) == 0) {
            return list->tasks[i];
        }
    }
    return NULL;
}

static unsigned count_missed(struct world *w, const char *code)
{
    Gj__V1__ObligationListRequest request = GJ__V1__OBLIGATION_LIST_REQUEST__INIT;
    request.office = w->office;
    request.missed = true;
    const struct gj_result *result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__OBLIGATION_LIST, &request);
    assert_ok(result);
    const Gj__V1__ObligationList *list = (const Gj__V1__ObligationList *)result->body;
    unsigned count = 0;
    for (size_t i = 0; i < list->n_tasks; i++) {
        count += strcmp(list->tasks[i]->code, code) == 0 ? 1 : 0;
    }
    return count;
}

static uint64_t visit(struct world *w, uint64_t household)
{
    Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
    Gj__V1__Field *fields[] = {text(w, "purpose", "routine"), at(w, "visited_at", gj_direct_now(w->direct) - HOUR),
        text(w, "subjects", "走访"), text(w, "result", "no_matter"), number(w, "consent", 1)};
    request.kind = (char *)"visit";
    request.office = w->office;
    request.household = household;
    request.priority = -1;
    request.fields = fields;
    request.n_fields = 5;
    const struct gj_result *result = gj_direct_call(w->direct, w->agent, GJ__V1__CALL__RECORD_CREATE, &request);
    assert_ok(result);
    return result->written.id;
}

static void visits_are_counted_once_a_household(void **state)
{
    struct world *w = *state;
    round_now(w);
    const Gj__V1__ObligationTask *owed = task(w, "household_visits", false);
    assert_non_null(owed);
    assert_int_equal(owed->owed, 7); /* 7 % of 100 */
    assert_int_equal(owed->done, 0);
    visit(w, w->household);
    visit(w, w->household);
    assert_int_equal(task(w, "household_visits", false)->done, 1);
    for (int i = 0; i < 6; i++) {
        visit(w, gj_direct_household(w->direct, w->office, "9-9-90x"));
    }
    owed = task(w, "household_visits", false);
    assert_int_equal(owed->done, 7);
    assert_true(owed->done_at > 0);
}

static void what_was_not_done_is_counted_once(void **state)
{
    struct world *w = *state;
    round_now(w);
    assert_null(task(w, "household_visits", true));
    gj_direct_advance(w->direct, 30 * DAY);
    round_now(w);
    const Gj__V1__ObligationTask *missed = task(w, "household_visits", true);
    assert_non_null(missed);
    unsigned notices = world_notices(w, w->lead, "obligation.missed");
    assert_true(notices > 0);
    round_now(w);
    assert_int_equal(world_notices(w, w->lead, "obligation.missed"), notices);
}

/* What fell due while the daemon was away was not done either, and is counted; nothing is counted twice. */
static void days_without_the_daemon_are_counted(void **state)
{
    struct world *w = *state;
    round_now(w);
    gj_direct_advance(w->direct, 6 * DAY);
    round_now(w);
    assert_int_equal(count_missed(w, "duty_log_daily_sign"), 5); /* the sixth and seventh are still to be signed */
    round_now(w);
    assert_int_equal(count_missed(w, "duty_log_daily_sign"), 5);
}

static void the_round_asks_for_the_next(void **state)
{
    struct world *w = *state;
    round_now(w);
    round_now(w);
    assert_int_equal(world_count(w, GJ_TABLE_TIMER), 1);
}

static void a_fifth_of_the_log_is_sampled(void **state)
{
    struct world *w = *state;
    round_now(w);
    for (int i = 0; i < 10; i++) {
        Gj__V1__CreateRequest request = GJ__V1__CREATE_REQUEST__INIT;
        Gj__V1__Field *fields[] = {text(w, "line", "交接班正常")};
        request.kind = (char *)"duty_log";
        request.office = w->office;
        request.priority = -1;
        request.fields = fields;
        request.n_fields = 1;
        const struct gj_result *result = gj_direct_call(w->direct, w->guard, GJ__V1__CALL__RECORD_CREATE, &request);
        assert_ok(result);
        uint64_t id = result->written.id;
        assert_ok(world_act(w, w->lead, id, "sign", NULL));
        if (i == 0) {
            assert_ok(world_act(w, w->director, id, "sample", NULL));
        }
    }
    const Gj__V1__ObligationTask *sample = task(w, "duty_log_monthly_sample", false);
    assert_int_equal(sample->owed, 2);
    assert_int_equal(sample->done, 1);
    assert_true(task(w, "duty_log_daily_sign", false)->done_at > 0);
}

static void only_staff_of_the_office_see_it(void **state)
{
    struct world *w = *state;
    Gj__V1__ObligationListRequest request = GJ__V1__OBLIGATION_LIST_REQUEST__INIT;
    request.office = w->office;
    assert_refused(gj_direct_call(w->direct, w->other_lead, GJ__V1__CALL__OBLIGATION_LIST, &request),
        GJ__V1__STATUS__DENIED, "no_right", "office");
}

/* What is owed per vacant unit is by the vacant ones alone. */
static void vacant_units_are_counted_apart(void **state)
{
    (void)state;
    struct gj_obligation obligation = {.per = GJ_PER_VACANT_UNIT, .share_permille = 1000};
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    office.households = 2000;
    office.vacant = 37;
    assert_int_equal(gj_obligations_subjects(&obligation, &office), 37);
    obligation.per = GJ_PER_UNIT;
    assert_int_equal(gj_obligations_subjects(&obligation, &office), 2000);
    obligation.per = GJ_PER_RECORD;
    assert_int_equal(gj_obligations_subjects(&obligation, &office), 0);
}

/* Households come and go: what is owed follows until it is due, and not afterwards. */
static void what_is_owed_follows_the_households(void **state)
{
    struct world *w = *state;
    Gj__Stored__Office *office = NULL;
    struct gj_key key = gj_key_of_u64(w->office);
    round_now(w);
    assert_int_equal(task(w, "household_visits", false)->owed, 7);
    assert_true(gj_record_load(gj_direct_look(w->direct), GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor,
        gj_direct_arena(w->direct), (void **)&office));
    office->households = 1000;
    gj_direct_put(w->direct, GJ_TABLE_OFFICE, w->office, office);
    gj_direct_advance(w->direct, HOUR);
    round_now(w);
    assert_int_equal(task(w, "household_visits", false)->owed, 70);
    gj_direct_advance(w->direct, 30 * DAY);
    round_now(w);
    office->households = 2000;
    gj_direct_put(w->direct, GJ_TABLE_OFFICE, w->office, office);
    round_now(w);
    assert_int_equal(task(w, "household_visits", true)->owed, 70);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {STORY(visits_are_counted_once_a_household),
        STORY(what_was_not_done_is_counted_once), STORY(days_without_the_daemon_are_counted),
        STORY(the_round_asks_for_the_next), STORY(a_fifth_of_the_log_is_sampled),
        STORY(only_staff_of_the_office_see_it), STORY(vacant_units_are_counted_apart),
        STORY(what_is_owed_follows_the_households)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
