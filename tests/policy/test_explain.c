/* Explaining: every deadline a record would get, and why. */
#include "stage.h"

#include <string.h>

#include "common/policy/explain.h"

static struct gj_explain_row rows[GJ_TIMERS_MAX];
static size_t count;
static struct gj_refusal refusal;

static bool explain(struct gj_explain_request request)
{
    return gj_explain(stage_policy, stage_calendar, &request, rows, &count, &refusal);
}

static const struct gj_explain_row *row(const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static void a_burst_pipe(void **state)
{
    (void)state;
    assert_true(explain((struct gj_explain_request){
        .kind = "repair_ticket", .category = "WAT-01", .priority = "P1", .at_ms = stage_at("2026-02-13T15:00+08:00")}));
    assert_int_equal(count, 12);
    const struct gj_explain_row *arrive = row("arrive");
    assert_string_equal(arrive->clock, "elapsed");
    assert_string_equal(arrive->limit, "30min");
    assert_string_equal(arrive->level, "company");
    assert_string_equal(arrive->starts, "create");
    assert_non_null(strstr(arrive->rule, "forms/repair.yaml:"));
    assert_non_null(strstr(arrive->rule, "(practice)"));
    stage_time_is(arrive->due_ms, "2026-02-13T15:30:00+08:00");
    stage_time_is(arrive->warn_ms, "2026-02-13T15:22:30+08:00");
    assert_false(arrive->provisional);
    assert_false(row("finish")->pausable);
    assert_null(row("hold_until")); /* not a promise */
    assert_null(row("contact"));    /* none for P1 */
}

static void the_category_knows_its_priority(void **state)
{
    (void)state;
    assert_true(explain((struct gj_explain_request){
        .kind = "repair_ticket", .category = "WAT-01", .at_ms = stage_at("2026-02-13T15:00+08:00")}));
    stage_time_is(row("arrive")->due_ms, "2026-02-13T15:30:00+08:00");
    assert_true(explain((struct gj_explain_request){.kind = "visit", .at_ms = stage_at("2026-02-13T15:00+08:00")}));
    assert_int_equal(count, 1);
    assert_string_equal(rows[0].clock, "working_day");
    stage_time_is(rows[0].due_ms, "2026-02-25T00:00:00+08:00");
    assert_true(explain((struct gj_explain_request){.kind = "visit", .at_ms = stage_at("2026-12-31T15:00+08:00")}));
    assert_true(rows[0].provisional);
}

static void the_level_that_won_is_named(void **state)
{
    (void)state;
    struct gj_explain_request request = {
        .kind = "repair_ticket", .category = "WAT-03", .at_ms = stage_at("2026-03-02T09:00+08:00")};
    request.city = "hangzhou";
    assert_true(explain(request));
    assert_string_equal(row("contact")->level, "city");
    request.profile = "premium";
    assert_true(explain(request));
    assert_string_equal(row("contact")->level, "profile");
    assert_string_equal(row("contact")->limit, "30min");
    assert_non_null(strstr(row("contact")->rule, "profiles.yaml:"));
    request.city = NULL;
    request.profile = NULL;
    request.office = "0001";
    assert_true(explain(request));
    assert_string_equal(row("contact")->level, "office");
    request.weather = "typhoon";
    assert_true(explain(request));
    assert_string_equal(row("contact")->level, "weather");
    stage_time_is(row("contact")->due_ms, "2026-03-02T11:15:00+08:00"); /* 90 min, half as long again */
    assert_string_equal(row("dispatch")->level, "company");
}

static void unknown_names_are_named(void **state)
{
    (void)state;
    struct gj_explain_request good = {.kind = "repair_ticket", .category = "WAT-03", .at_ms = 1};
    struct {
        const char *field;
        struct gj_explain_request request;
    } cases[8];
    for (size_t i = 0; i < 8; i++) {
        cases[i].request = good;
    }
    cases[0].field = "kind", cases[0].request.kind = "complaints";
    cases[1].field = "kind", cases[1].request.kind = NULL;
    cases[2].field = "category", cases[2].request.category = "WAT-99";
    cases[3].field = "priority", cases[3].request.priority = "P7";
    cases[4].field = "priority", cases[4].request.category = NULL;
    cases[5].field = "city", cases[5].request.city = "atlantis";
    cases[6].field = "profile", cases[6].request.profile = "golden";
    cases[7].field = "weather", cases[7].request.weather = "fine";
    for (size_t i = 0; i < 8; i++) {
        assert_false(explain(cases[i].request));
        assert_int_equal(refusal.code, GJ_REFUSAL_REFERENCE_UNKNOWN);
        assert_string_equal(refusal.field, cases[i].field);
        assert_int_equal(count, 0);
    }
    good.office = "9999";
    assert_false(explain(good));
    assert_string_equal(refusal.field, "office");
}

static void working_days_from_a_date(void **state)
{
    (void)state;
    struct gj_explain_workday found =
        gj_explain_workday(stage_policy, stage_calendar, gj_day_of((struct gj_date){2026, 9, 30}), 2);
    assert_int_equal(found.due, gj_day_of((struct gj_date){2026, 10, 9}));
    stage_time_is(found.due_ms, "2026-10-10T00:00:00+08:00");
    assert_false(found.provisional || found.alarm);
    found = gj_explain_workday(NULL, stage_calendar, gj_day_of((struct gj_date){2026, 12, 31}), 1);
    assert_true(found.provisional && found.alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_pipe),
        cmocka_unit_test(the_category_knows_its_priority),
        cmocka_unit_test(the_level_that_won_is_named),
        cmocka_unit_test(unknown_names_are_named),
        cmocka_unit_test(working_days_from_a_date),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
