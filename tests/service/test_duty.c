/* Shifts and leave through the real calls: what a roster refuses, who is there at a moment, standing in for a few
 * hours, and the gap that is told before it happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "common/calendar.h"
#include "core/work_world.h"
#include "proto/admin.pb-c.h"
#include "proto/dispatch.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "store/record.h"

#define LINES 16

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

/* A roster being drawn up: lines in hours from `base`. */
struct sheet {
    int64_t base;
    Gj__V1__RosterSetRequest request;
    Gj__V1__RosterLine lines[LINES];
    Gj__V1__RosterLine *items[LINES];
};

static void sheet_open(struct sheet *sheet, struct world *w, int64_t days)
{
    memset(sheet, 0, sizeof *sheet);
    gj__v1__roster_set_request__init(&sheet->request);
    /* From the coming midnight on, so that days are whole. */
    sheet->base = gj_cst_midnight(gj_cst_day(gj_direct_now(w->direct)) + 1);
    sheet->request.office = w->office;
    sheet->request.from = sheet->base;
    sheet->request.until = sheet->base + days * GJ_MS_PER_DAY;
    sheet->request.lines = sheet->items;
}

static Gj__V1__RosterLine *sheet_add(struct sheet *sheet, const char *role, uint64_t user, int64_t from, int64_t until)
{
    size_t at = sheet->request.n_lines++;
    Gj__V1__RosterLine *line = &sheet->lines[at];
    gj__v1__roster_line__init(line);
    line->role = (char *)(uintptr_t)role;
    line->user = user;
    line->from = sheet->base + from * GJ_MS_PER_HOUR;
    line->until = sheet->base + until * GJ_MS_PER_HOUR;
    sheet->items[at] = line;
    return line;
}

static const struct gj_result *sheet_set(struct sheet *sheet, struct world *w)
{
    return gj_direct_call(w->direct, w->lead, GJ__V1__CALL__ADMIN_ROSTER_SET, &sheet->request);
}

static const struct gj_result *cover(
    struct world *w, uint64_t user, uint64_t covers, const char *role, int64_t from, int64_t until)
{
    Gj__V1__RosterCoverRequest request = GJ__V1__ROSTER_COVER_REQUEST__INIT;
    request.office = w->office;
    request.role = (char *)(uintptr_t)role;
    request.user = user;
    request.covers = covers;
    request.from = from;
    request.until = until;
    return gj_direct_call(w->direct, w->lead, GJ__V1__CALL__ADMIN_ROSTER_COVER, &request);
}

static void away(struct world *w, uint64_t user, int64_t from, int64_t until)
{
    Gj__V1__AbsenceRequest request = GJ__V1__ABSENCE_REQUEST__INIT;
    request.user = user;
    request.from = from;
    request.until = until;
    request.reason = (char *)(uintptr_t) "年假";
    assert_ok(gj_direct_call(w->direct, w->lead, GJ__V1__CALL__ADMIN_ABSENCE_SET, &request));
}

static const Gj__V1__OnDuty *on_duty(struct world *w, uint64_t user, int64_t at_ms)
{
    Gj__V1__DutyListRequest request = GJ__V1__DUTY_LIST_REQUEST__INIT;
    request.office = w->office;
    request.at = at_ms;
    const struct gj_result *result = gj_direct_call(w->direct, w->tech, GJ__V1__CALL__ADMIN_DUTY_LIST, &request);
    assert_ok(result);
    const Gj__V1__DutyList *list = (const Gj__V1__DutyList *)result->body;
    for (size_t i = 0; i < list->n_people; i++) {
        if (list->people[i]->user == user) {
            return list->people[i];
        }
    }
    return NULL;
}

static const Gj__V1__DutyGaps *gaps(struct world *w)
{
    Gj__V1__DutyGapsRequest request = GJ__V1__DUTY_GAPS_REQUEST__INIT;
    request.office = w->office;
    const struct gj_result *result = gj_direct_call(w->direct, w->lead, GJ__V1__CALL__ADMIN_ROSTER_GAPS, &request);
    assert_ok(result);
    return (const Gj__V1__DutyGaps *)result->body;
}

static unsigned told(struct world *w, uint64_t user)
{
    return world_notices(w, user, "duty.gap") + world_notices(w, user, "duty.gap_open");
}

/* ---- drawing up ---- */

static void a_line_that_cannot_be_is_refused_by_its_number(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    sheet_open(&sheet, w, 7);
    sheet_add(&sheet, "tech", w->tech, 8, 16);
    Gj__V1__RosterLine *line = sheet_add(&sheet, "tech", w->tech, 15, 20);
    const struct gj_result *result = sheet_set(&sheet, w);
    assert_refused(result, GJ__V1__STATUS__REFUSED, "roster_overlap", "lines");
    assert_string_equal(result->params[0], "2");
    line->from = line->until;
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_empty", "lines");
    line->from = sheet.base + 16 * GJ_MS_PER_HOUR;
    line->until = line->from + 25 * GJ_MS_PER_HOUR;
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_long", "lines");
    line->until = line->from + 4 * GJ_MS_PER_HOUR;
    away(w, w->tech, line->from, line->until);
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_leave", "lines");
    line->user = w->tech2;
    line->kind = (char *)(uintptr_t) "night";
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__INVALID, "field_choice", "kind");
    line->kind = (char *)(uintptr_t) "cover";
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__INVALID, "field_missing", "covers");
    line->covers = w->tech;
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_nothing", "lines");
    line->from = sheet.base + 9 * GJ_MS_PER_HOUR;
    line->until = sheet.base + 14 * GJ_MS_PER_HOUR;
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_long", "lines");
    line->until = sheet.base + 13 * GJ_MS_PER_HOUR;
    line->user = w->tech;
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__REFUSED, "roster_self", "lines");
    line->user = w->tech2;
    line->kind = (char *)(uintptr_t) "standby";
    assert_refused(sheet_set(&sheet, w), GJ__V1__STATUS__INVALID, "field_not_here", "covers");
    assert_null(on_duty(w, w->tech, sheet.base + 9 * GJ_MS_PER_HOUR));
    line->kind = (char *)(uintptr_t) "cover";
    assert_ok(sheet_set(&sheet, w));
    assert_string_equal(on_duty(w, w->tech, sheet.base + 9 * GJ_MS_PER_HOUR)->presence, "covered");
}

/* What began before the period stays, and counts. */
static void the_period_before_counts(void **state)
{
    struct world *w = *state;
    struct sheet first;
    struct sheet second;
    sheet_open(&first, w, 2);
    sheet_add(&first, "tech", w->tech, 20, 32);
    assert_ok(sheet_set(&first, w));
    sheet_open(&second, w, 7);
    second.request.from += GJ_MS_PER_DAY;
    sheet_add(&second, "tech", w->tech, 31, 40);
    assert_refused(sheet_set(&second, w), GJ__V1__STATUS__REFUSED, "roster_overlap", "lines");
    second.lines[0].from += GJ_MS_PER_HOUR;
    assert_ok(sheet_set(&second, w));
    assert_non_null(on_duty(w, w->tech, first.base + 21 * GJ_MS_PER_HOUR));
    assert_non_null(on_duty(w, w->tech, first.base + 39 * GJ_MS_PER_HOUR));
}

/* A night shift ends behind the month; what begins there stays and counts. */
static void the_night_at_the_end_of_a_period(void **state)
{
    struct world *w = *state;
    struct sheet first;
    struct sheet second;
    sheet_open(&second, w, 2);
    second.request.from += GJ_MS_PER_DAY;
    sheet_add(&second, "tech", w->tech, 24 + 7, 24 + 15);
    assert_ok(sheet_set(&second, w));
    sheet_open(&first, w, 1);
    sheet_add(&first, "tech", w->tech, 20, 24 + 8);
    assert_refused(sheet_set(&first, w), GJ__V1__STATUS__REFUSED, "roster_overlap", "lines");
    first.lines[0].until -= GJ_MS_PER_HOUR;
    assert_ok(sheet_set(&first, w));
    assert_non_null(on_duty(w, w->tech, first.base + 30 * GJ_MS_PER_HOUR));
    assert_non_null(on_duty(w, w->tech, first.base + 31 * GJ_MS_PER_HOUR));
}

/* ---- a moment ---- */

static void everybody_is_shown_as_what_he_is(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    sheet_open(&sheet, w, 7);
    sheet_add(&sheet, "tech", w->tech, 8, 16);
    sheet_add(&sheet, "tech", w->tech2, 16, 24);
    sheet_add(&sheet, "tech", w->tech2, 8, 16)->kind = (char *)(uintptr_t) "standby";
    sheet_add(&sheet, "cs_agent", w->agent, 8, 20);
    assert_ok(sheet_set(&sheet, w));
    int64_t ten = sheet.base + 10 * GJ_MS_PER_HOUR;
    assert_string_equal(on_duty(w, w->tech, ten)->presence, "duty");
    assert_string_equal(on_duty(w, w->tech, ten)->level, "office");
    assert_string_equal(on_duty(w, w->tech2, ten)->presence, "standby");
    assert_null(on_duty(w, w->tech, ten + 6 * GJ_MS_PER_HOUR));
    assert_string_equal(on_duty(w, w->tech2, ten + 6 * GJ_MS_PER_HOUR)->presence, "duty");
    away(w, w->agent, ten, ten + GJ_MS_PER_HOUR);
    assert_string_equal(on_duty(w, w->agent, ten)->presence, "leave");
    assert_string_equal(on_duty(w, w->agent, ten + GJ_MS_PER_HOUR)->presence, "duty");
}

static void somebody_stands_in_for_at_most_four_hours(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    sheet_open(&sheet, w, 7);
    sheet_add(&sheet, "cs_agent", w->agent, 8, 20);
    assert_ok(sheet_set(&sheet, w));
    int64_t ten = sheet.base + 10 * GJ_MS_PER_HOUR;
    gj_direct_advance(w->direct, ten - gj_direct_now(w->direct));
    assert_refused(cover(w, w->agent2, w->agent, "cs_agent", 0, ten + 4 * GJ_MS_PER_HOUR + 1), GJ__V1__STATUS__REFUSED,
        "roster_long", "until");
    assert_refused(cover(w, w->agent2, w->agent, "cs_agent", ten + 9 * GJ_MS_PER_HOUR, ten + 11 * GJ_MS_PER_HOUR),
        GJ__V1__STATUS__REFUSED, "roster_nothing", "user");
    away(w, w->agent2, ten + 3 * GJ_MS_PER_HOUR, ten + 5 * GJ_MS_PER_HOUR);
    assert_refused(cover(w, w->agent2, w->agent, "cs_agent", 0, ten + 4 * GJ_MS_PER_HOUR), GJ__V1__STATUS__REFUSED,
        "roster_leave", "user");
    assert_refused(cover(w, w->agent2, w->agent, "wizard", 0, ten + GJ_MS_PER_HOUR), GJ__V1__STATUS__INVALID,
        "field_choice", "role");
    assert_ok(cover(w, w->agent2, w->agent, "cs_agent", 0, ten + 2 * GJ_MS_PER_HOUR));
    assert_string_equal(on_duty(w, w->agent, 0)->presence, "covered");
    assert_int_equal(on_duty(w, w->agent, 0)->covered_by, w->agent2);
    assert_string_equal(on_duty(w, w->agent2, 0)->presence, "duty");
    assert_int_equal(on_duty(w, w->agent2, 0)->covers, w->agent);
    assert_string_equal(on_duty(w, w->agent, ten + 2 * GJ_MS_PER_HOUR)->presence, "duty");
    assert_refused(cover(w, w->agent2, w->agent, "cs_agent", ten + GJ_MS_PER_HOUR, ten + 3 * GJ_MS_PER_HOUR),
        GJ__V1__STATUS__REFUSED, "roster_overlap", "user");
    Gj__V1__RosterCoverRequest own = GJ__V1__ROSTER_COVER_REQUEST__INIT;
    own.office = w->office;
    assert_refused(gj_direct_call(w->direct, w->tech, GJ__V1__CALL__ADMIN_ROSTER_COVER, &own), GJ__V1__STATUS__DENIED,
        "no_right", NULL);
}

/* ---- day and night ---- */

/* Two people at the desk, in turn, for five days. */
static void whole_days(struct sheet *sheet, struct world *w)
{
    sheet_open(sheet, w, 5);
    for (int64_t day = 0; day < 5; day++) {
        sheet_add(sheet, "cs_agent", w->agent, day * 24, day * 24 + 12);
        sheet_add(sheet, "cs_agent", w->agent2, day * 24 + 12, day * 24 + 24);
    }
}

static void an_office_without_a_roster_has_no_gaps(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    assert_int_equal(gaps(w)->n_gaps, 0);
    sheet_open(&sheet, w, 5);
    sheet_add(&sheet, "tech", w->tech, 8, 16); /* nobody asks for technicians at every hour */
    assert_ok(sheet_set(&sheet, w));
    assert_int_equal(gaps(w)->n_gaps, 0);
    whole_days(&sheet, w);
    assert_ok(sheet_set(&sheet, w));
    assert_int_equal(gaps(w)->n_gaps, 0);
    assert_int_equal(told(w, w->lead), 0);
}

static void a_hole_is_told_once_and_goes_when_it_is_filled(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    whole_days(&sheet, w);
    sheet.lines[2].from += 2 * GJ_MS_PER_HOUR; /* the second day begins at two */
    assert_ok(sheet_set(&sheet, w));
    const Gj__V1__DutyGaps *found = gaps(w);
    assert_int_equal(found->n_gaps, 1);
    assert_string_equal(found->gaps[0]->role, "cs_agent");
    assert_int_equal(found->gaps[0]->from, sheet.base + GJ_MS_PER_DAY);
    assert_int_equal(found->gaps[0]->until, sheet.base + GJ_MS_PER_DAY + 2 * GJ_MS_PER_HOUR);
    assert_int_equal(found->gaps[0]->present, 0);
    assert_int_equal(found->gaps[0]->wanted, 1);
    assert_false(found->gaps[0]->open);
    assert_int_equal(told(w, w->lead), 1);
    assert_int_equal(told(w, w->director), 1);
    assert_int_equal(told(w, w->agent), 0);
    Gj__V1__BoardRequest board = GJ__V1__BOARD_REQUEST__INIT;
    board.office = w->office;
    assert_int_equal(
        ((const Gj__V1__Board *)gj_direct_call(w->direct, w->agent, GJ__V1__CALL__DISPATCH_BOARD, &board)->body)
            ->duty_gaps,
        1);
    /* Looked at again, by the hour and by the same roster: still told once. */
    gj_direct_advance(w->direct, GJ_MS_PER_HOUR);
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_OBLIGATION, &empty.base));
    assert_ok(sheet_set(&sheet, w));
    assert_int_equal(told(w, w->lead), 1);
    sheet.lines[2].from -= 2 * GJ_MS_PER_HOUR;
    assert_ok(sheet_set(&sheet, w));
    assert_int_equal(gaps(w)->n_gaps, 0);
    assert_int_equal(told(w, w->lead), 0);
    assert_int_equal(told(w, w->director), 0);
}

/* The month ends and nobody went on: told three days ahead by the hourly round, once, however the days pass. */
static void the_end_of_the_roster_is_told_ahead(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    Gj__V1__Empty empty = GJ__V1__EMPTY__INIT;
    whole_days(&sheet, w);
    assert_ok(sheet_set(&sheet, w));
    assert_int_equal(told(w, w->lead), 0);
    gj_direct_advance(w->direct, sheet.base + GJ_MS_PER_DAY - gj_direct_now(w->direct));
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_OBLIGATION, &empty.base));
    assert_int_equal(told(w, w->lead), 0);
    gj_direct_advance(w->direct, GJ_MS_PER_DAY);
    assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_OBLIGATION, &empty.base));
    assert_int_equal(world_notices(w, w->lead, "duty.gap_open"), 1);
    assert_true(gaps(w)->gaps[0]->open);
    for (int day = 0; day < 5; day++) {
        gj_direct_advance(w->direct, GJ_MS_PER_DAY);
        assert_ok(gj_direct_system(w->direct, GJ__V1__CALL__SYSTEM_OBLIGATION, &empty.base));
        assert_int_equal(told(w, w->lead), 1);
    }
}

static void leave_and_a_disabled_account_leave_gaps(void **state)
{
    struct world *w = *state;
    struct sheet sheet;
    whole_days(&sheet, w);
    assert_ok(sheet_set(&sheet, w));
    int64_t ten = sheet.base + 10 * GJ_MS_PER_HOUR;
    away(w, w->agent, ten, ten + 5 * GJ_MS_PER_HOUR);
    assert_int_equal(told(w, w->lead), 1);
    assert_int_equal(gaps(w)->gaps[0]->from, ten);
    assert_int_equal(gaps(w)->gaps[0]->until, sheet.base + 12 * GJ_MS_PER_HOUR);
    /* Somebody stands in: filled. */
    assert_ok(cover(w, w->lead, w->agent, "cs_agent", ten, ten + 2 * GJ_MS_PER_HOUR));
    assert_int_equal(gaps(w)->n_gaps, 0);
    assert_int_equal(told(w, w->lead), 0);
    Gj__V1__UserDisableRequest disable = GJ__V1__USER_DISABLE_REQUEST__INIT;
    disable.user = w->agent2;
    disable.reason = (char *)(uintptr_t) "离职";
    assert_ok(gj_direct_call(w->direct, w->director, GJ__V1__CALL__ADMIN_USER_DISABLE, &disable));
    assert_true(told(w, w->director) > 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_line_that_cannot_be_is_refused_by_its_number),
        STORY(the_period_before_counts),
        STORY(the_night_at_the_end_of_a_period),
        STORY(everybody_is_shown_as_what_he_is),
        STORY(somebody_stands_in_for_at_most_four_hours),
        STORY(an_office_without_a_roster_has_no_gaps),
        STORY(a_hole_is_told_once_and_goes_when_it_is_filled),
        STORY(the_end_of_the_roster_is_told_ahead),
        STORY(leave_and_a_disabled_account_leave_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
