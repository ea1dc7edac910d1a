/* Rosters: presence at a moment, gaps found before they happen, and what may be added; the gaps also against a count
 * minute by minute. */
#include "stage.h"

#include "common/policy/draw.h"
#include "common/policy/roster.h"

#define DESK 3
#define TECH 4
#define HOUR INT64_C(3600000)

static struct gj_roster_span duty(uint64_t user, int64_t from, int64_t until)
{
    return (struct gj_roster_span){
        .user = user, .role = DESK, .kind = GJ_ROSTER_DUTY, .from = from * HOUR, .until = until * HOUR};
}

static struct gj_roster_span cover(uint64_t user, uint64_t covers, int64_t from, int64_t until)
{
    struct gj_roster_span span = duty(user, from, until);
    span.kind = GJ_ROSTER_COVER;
    span.covers = covers;
    return span;
}

static void spans_are_half_open(void **state)
{
    (void)state;
    struct gj_roster_span span = duty(1, 8, 20);
    struct gj_roster roster = {.spans = &span, .span_count = 1};
    assert_int_equal(gj_roster_presence(&roster, 1, DESK, 8 * HOUR - 1), GJ_PRESENCE_OFF);
    assert_int_equal(gj_roster_presence(&roster, 1, DESK, 8 * HOUR), GJ_PRESENCE_DUTY);
    assert_int_equal(gj_roster_presence(&roster, 1, 0, 20 * HOUR - 1), GJ_PRESENCE_DUTY);
    assert_int_equal(gj_roster_presence(&roster, 1, DESK, 20 * HOUR), GJ_PRESENCE_OFF);
    assert_int_equal(gj_roster_presence(&roster, 1, TECH, 9 * HOUR), GJ_PRESENCE_OFF);
    assert_int_equal(gj_roster_presence(&roster, 2, 0, 9 * HOUR), GJ_PRESENCE_OFF);
}

static void leave_wins_and_a_stand_in_takes_the_duty_over(void **state)
{
    (void)state;
    struct gj_roster_span spans[] = {duty(1, 8, 20), cover(2, 1, 10, 12), duty(3, 8, 20)};
    spans[2].kind = GJ_ROSTER_STANDBY;
    struct gj_roster_leave leaves[] = {{2, 11 * HOUR, 12 * HOUR}, {3, 9 * HOUR, 10 * HOUR}};
    struct gj_roster roster = {spans, 3, leaves, 2};
    assert_int_equal(gj_roster_presence(&roster, 3, DESK, 8 * HOUR), GJ_PRESENCE_STANDBY);
    assert_int_equal(gj_roster_presence(&roster, 3, DESK, 9 * HOUR), GJ_PRESENCE_LEAVE);
    assert_int_equal(gj_roster_presence(&roster, 1, DESK, 10 * HOUR), GJ_PRESENCE_OFF); /* covered */
    assert_int_equal(gj_roster_presence(&roster, 2, DESK, 10 * HOUR), GJ_PRESENCE_DUTY);
    assert_int_equal(gj_roster_presence(&roster, 2, DESK, 11 * HOUR), GJ_PRESENCE_LEAVE);
    /* The stand-in did not come: the duty falls back on whose it is. */
    assert_int_equal(gj_roster_presence(&roster, 1, DESK, 11 * HOUR), GJ_PRESENCE_DUTY);
    for (int64_t hour = 8; hour < 20; hour++) {
        assert_int_equal(gj_roster_on_duty(&roster, DESK, hour * HOUR), 1);
    }
}

static void a_gap_is_found_with_both_its_ends(void **state)
{
    (void)state;
    struct gj_roster_span spans[] = {duty(1, 0, 8), duty(2, 8, 16), duty(3, 18, 24)};
    struct gj_roster_leave leave = {2, 14 * HOUR, 30 * HOUR};
    struct gj_roster roster = {spans, 3, &leave, 1};
    struct gj_roster_gap gap;
    assert_true(gj_roster_gap(&roster, DESK, 1, 0, 24 * HOUR, &gap));
    assert_int_equal(gap.from, 14 * HOUR);
    assert_int_equal(gap.until, 18 * HOUR); /* leave and the missing hours are one gap */
    assert_int_equal(gap.present, 0);
    assert_false(gj_roster_gap(&roster, DESK, 1, gap.until, 24 * HOUR, &gap));
    assert_true(gj_roster_gap(&roster, DESK, 1, 20 * HOUR, 26 * HOUR, &gap));
    assert_int_equal(gap.from, 24 * HOUR);
    assert_int_equal(gap.until, 26 * HOUR);
    assert_true(gj_roster_gap(&roster, DESK, 2, 0, 24 * HOUR, &gap));
    assert_int_equal(gap.from, 0);
    assert_int_equal(gap.until, 24 * HOUR);
    assert_int_equal(gap.present, 0);
    assert_false(gj_roster_gap(&roster, DESK, 0, 0, 24 * HOUR, &gap));
    assert_false(gj_roster_gap(&roster, DESK, 1, 5, 5, &gap));
}

static void what_may_be_added(void **state)
{
    (void)state;
    struct gj_roster_span spans[] = {duty(1, 8, 12), duty(1, 12, 20), duty(5, 0, 8)};
    spans[2].kind = GJ_ROSTER_STANDBY;
    struct gj_roster_leave leave = {4, 10 * HOUR, 11 * HOUR};
    struct gj_roster roster = {spans, 3, &leave, 1};
    struct {
        struct gj_roster_span span;
        enum gj_roster_fault fault;
    } cases[] = {
        {duty(2, 8, 20), GJ_ROSTER_FAULT_NONE},
        {duty(2, 8, 8), GJ_ROSTER_FAULT_EMPTY},
        {duty(2, 0, 24), GJ_ROSTER_FAULT_NONE},
        {duty(2, 0, 25), GJ_ROSTER_FAULT_LONG},
        {duty(1, 19, 21), GJ_ROSTER_FAULT_OVERLAP},
        {duty(1, 20, 21), GJ_ROSTER_FAULT_NONE},
        {duty(5, 0, 8), GJ_ROSTER_FAULT_NONE}, /* called out of standby is no second duty */
        {duty(4, 9, 12), GJ_ROSTER_FAULT_LEAVE},
        {duty(4, 11, 12), GJ_ROSTER_FAULT_NONE},
        {cover(2, 1, 10, 14), GJ_ROSTER_FAULT_NONE}, /* across two shifts without a hole */
        {cover(2, 1, 10, 15), GJ_ROSTER_FAULT_LONG},
        {cover(2, 1, 18, 21), GJ_ROSTER_FAULT_NOTHING},
        {cover(2, 3, 10, 12), GJ_ROSTER_FAULT_NOTHING},
        {cover(1, 1, 10, 12), GJ_ROSTER_FAULT_SELF},
        {cover(4, 1, 10, 12), GJ_ROSTER_FAULT_LEAVE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(gj_roster_check(&roster, &cases[i].span, 4 * HOUR), cases[i].fault);
    }
    struct gj_roster_span twice = spans[2];
    assert_int_equal(gj_roster_check(&roster, &twice, 4 * HOUR), GJ_ROSTER_FAULT_OVERLAP);
    assert_string_equal(gj_roster_fault_word(GJ_ROSTER_FAULT_NOTHING), "nothing");
    assert_string_equal(gj_roster_kind_word(GJ_ROSTER_COVER), "cover");
}

/* Random rosters on a grid of hours; the slow count asks at every hour. */
static void gaps_agree_with_a_count_hour_by_hour(void **state)
{
    (void)state;
    static const uint8_t seed[GJ_DRAW_SEED_SIZE] = {7};
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, "rosters");
    for (unsigned round = 0; round < 2000; round++) {
        struct gj_roster_span spans[12];
        struct gj_roster_leave leaves[3];
        struct gj_roster roster = {spans, gj_draw_below(&draw, 13), leaves, gj_draw_below(&draw, 4)};
        for (size_t i = 0; i < roster.span_count; i++) {
            int64_t from = (int64_t)gj_draw_below(&draw, 40);
            spans[i] = duty(1 + gj_draw_below(&draw, 4), from, from + 1 + (int64_t)gj_draw_below(&draw, 12));
            spans[i].kind = (enum gj_roster_kind)(1 + gj_draw_below(&draw, 3));
            spans[i].covers = 1 + gj_draw_below(&draw, 4);
        }
        for (size_t i = 0; i < roster.leave_count; i++) {
            int64_t from = (int64_t)gj_draw_below(&draw, 40) * HOUR;
            leaves[i] = (struct gj_roster_leave){
                1 + gj_draw_below(&draw, 4), from, from + HOUR * (1 + (int64_t)gj_draw_below(&draw, 9))};
        }
        uint32_t wanted = 1 + (uint32_t)gj_draw_below(&draw, 2);
        bool short_of[48] = {false};
        for (int64_t at = 0; at < 48 * HOUR;) {
            struct gj_roster_gap gap;
            if (!gj_roster_gap(&roster, DESK, wanted, at, 48 * HOUR, &gap)) {
                break;
            }
            assert_true(gap.from >= at && gap.until > gap.from && gap.present < wanted);
            for (int64_t hour = gap.from / HOUR; hour < gap.until / HOUR; hour++) {
                short_of[hour] = true;
            }
            at = gap.until;
        }
        for (int64_t hour = 0; hour < 48; hour++) {
            uint32_t present = 0;
            for (uint64_t user = 1; user <= 4; user++) {
                present += gj_roster_presence(&roster, user, DESK, hour * HOUR + HOUR / 2) == GJ_PRESENCE_DUTY;
            }
            assert_int_equal(present, gj_roster_on_duty(&roster, DESK, hour * HOUR));
            assert_int_equal(short_of[hour], present < wanted);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_half_open),
        cmocka_unit_test(leave_wins_and_a_stand_in_takes_the_duty_over),
        cmocka_unit_test(a_gap_is_found_with_both_its_ends),
        cmocka_unit_test(what_may_be_added),
        cmocka_unit_test(gaps_agree_with_a_count_hour_by_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
