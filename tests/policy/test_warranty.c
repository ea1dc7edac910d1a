/* Warranty: the two clocks on the product's own terms, day by day around each end; seasons; what a missing date does.
 */
#include "stage.h"

#include <string.h>

#include "common/policy/warranty.h"

static gj_day day(const char *text)
{
    struct gj_date date;
    assert_true(gj_date_parse(text, strlen(text), &date));
    return gj_day_of(date);
}

static struct gj_warranty_question question_of(const char *warranty)
{
    return (struct gj_warranty_question){.warranty = warranty,
        .completed = day("2020-06-30"),
        .delivered = day("2021-03-31"),
        .reported = day("2022-01-01")};
}

static struct gj_warranty_answer ask(const struct gj_warranty_question *question)
{
    struct gj_warranty_answer answer;
    assert_non_null(stage_policy->warranty);
    assert_true(gj_warranty_ask(stage_policy->warranty, question, &answer));
    return answer;
}

static void bearer_on(struct gj_warranty_question question, const char *reported, enum gj_bearer expected)
{
    question.reported = day(reported);
    assert_int_equal(ask(&question).bearer, expected);
}

static void every_class_of_the_policy_has_a_term(void **state)
{
    (void)state;
    for (size_t i = 0; i < stage_policy->warranties.count; i++) {
        struct gj_warranty_question question = question_of(stage_policy->warranties.items[i].code);
        struct gj_warranty_answer answer;
        assert_true(gj_warranty_ask(stage_policy->warranty, &question, &answer));
    }
    struct gj_warranty_question none = question_of("W_UNKNOWN");
    struct gj_warranty_answer answer;
    assert_false(gj_warranty_ask(stage_policy->warranty, &none, &answer));
    assert_int_equal(answer.bearer, GJ_BEARER_UNKNOWN);
}

static void three_times_follow_each_other(void **state)
{
    (void)state;
    /* Lamps: two years from completion for the contractor; half a year from handover for the owner ends before that. */
    struct gj_warranty_question lamps = question_of("W_1998_6M");
    assert_int_equal(ask(&lamps).contractor_until, day("2022-06-30"));
    assert_int_equal(ask(&lamps).owner_until, day("2022-06-30"));
    bearer_on(lamps, "2022-06-30", GJ_BEARER_CONTRACTOR);
    bearer_on(lamps, "2022-07-01", GJ_BEARER_OWNER);
    /* Handed over late: the owner still has the half year, which the developer bears. */
    lamps.delivered = day("2022-05-31");
    assert_int_equal(ask(&lamps).owner_until, day("2022-11-30"));
    bearer_on(lamps, "2022-06-30", GJ_BEARER_CONTRACTOR);
    bearer_on(lamps, "2022-07-01", GJ_BEARER_DEVELOPER);
    bearer_on(lamps, "2022-11-30", GJ_BEARER_DEVELOPER);
    bearer_on(lamps, "2022-12-01", GJ_BEARER_OWNER);
    lamps.common = true;
    bearer_on(lamps, "2022-12-01", GJ_BEARER_COMMON_FUND);
    /* The contract may promise more. */
    lamps.contract_until = day("2023-05-31");
    bearer_on(lamps, "2023-05-31", GJ_BEARER_DEVELOPER);
    bearer_on(lamps, "2023-06-01", GJ_BEARER_COMMON_FUND);
}

static void a_part_has_its_own_term(void **state)
{
    (void)state;
    struct gj_warranty_question leak = question_of("W_WATERPROOF");
    leak.delivered = day("2024-01-31");
    assert_int_equal(ask(&leak).contractor_until, day("2025-06-30"));
    assert_int_equal(ask(&leak).owner_until, day("2025-06-30"));
    leak.part = "roof";
    assert_int_equal(ask(&leak).owner_until, day("2027-01-31"));
    leak.part = "a part nobody wrote down";
    assert_int_equal(ask(&leak).owner_until, day("2025-06-30"));
}

static void a_city_may_give_more(void **state)
{
    (void)state;
    struct gj_warranty_question door = question_of("W_1998_1Y");
    door.delivered = day("2022-01-31");
    assert_int_equal(ask(&door).owner_until, day("2023-01-31"));
    door.city = "shanghai";
    assert_int_equal(ask(&door).owner_until, day("2024-01-31"));
    door.city = "nanjing";
    assert_int_equal(ask(&door).owner_until, day("2023-01-31"));
}

static void seasons_count_when_they_lie_wholly_after(void **state)
{
    (void)state;
    struct gj_season heating = {11, 15, 3, 15};
    assert_int_equal(gj_season_end(&heating, day("2020-11-15"), 1), day("2021-03-15"));
    assert_int_equal(gj_season_end(&heating, day("2020-11-16"), 1), day("2022-03-15"));
    assert_int_equal(gj_season_end(&heating, day("2020-02-01"), 2), day("2022-03-15"));
    struct gj_season cooling = {6, 1, 8, 31};
    assert_int_equal(gj_season_end(&cooling, day("2020-06-01"), 1), day("2020-08-31"));
    assert_int_equal(gj_season_end(&cooling, day("2020-06-02"), 2), day("2022-08-31"));

    struct gj_warranty_question radiator = question_of("W_HEAT");
    radiator.city = "beijing";
    assert_int_equal(ask(&radiator).contractor_until, day("2022-03-15"));
    radiator.cooling = true;
    assert_int_equal(ask(&radiator).contractor_until, day("2022-08-31"));
    /* A city whose season nobody entered: nobody is turned away. */
    radiator.city = "shanghai";
    radiator.cooling = false;
    radiator.reported = day("2030-01-01");
    assert_int_equal(ask(&radiator).bearer, GJ_BEARER_UNKNOWN);
    assert_int_equal(ask(&radiator).missing, GJ_MISSING_SEASON);
}

static void a_missing_date_is_named_and_turns_nobody_away(void **state)
{
    (void)state;
    struct gj_warranty_question pipe = question_of("W_MEP");
    pipe.part = "pipe_leak";
    pipe.completed = 0;
    pipe.reported = day("2022-03-31");
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_UNKNOWN); /* the contractor's or the developer's: warranty anyhow */
    assert_int_equal(ask(&pipe).missing, GJ_MISSING_COMPLETED);
    assert_int_equal(ask(&pipe).owner_until, day("2022-03-31"));
    pipe.completed = day("2019-01-01");
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_DEVELOPER);
    pipe.delivered = 0;
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_UNKNOWN);
    assert_int_equal(ask(&pipe).missing, GJ_MISSING_DELIVERED);
    /* The contractor's clock alone is enough while it runs. */
    pipe.completed = day("2020-06-30");
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_CONTRACTOR);
    struct gj_warranty_question decor = question_of("W_DECOR");
    decor.reported = day("2024-01-01");
    assert_int_equal(ask(&decor).bearer, GJ_BEARER_UNKNOWN);
    assert_int_equal(ask(&decor).missing, GJ_MISSING_CONTRACT);
}

static void who_caused_it_bears_it(void **state)
{
    (void)state;
    struct gj_warranty_question pipe = question_of("W_MEP");
    pipe.exclusion = GJ_EXCLUSION_MISUSE;
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_CAUSER);
    pipe.exclusion = GJ_EXCLUSION_THIRD_PARTY;
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_CAUSER);
    pipe.exclusion = GJ_EXCLUSION_FORCE_MAJEURE;
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_OWNER);
    pipe.common = true;
    assert_int_equal(ask(&pipe).bearer, GJ_BEARER_COMMON_FUND);
    struct gj_warranty_question gate = question_of("W_NONE");
    assert_int_equal(ask(&gate).bearer, GJ_BEARER_OWNER);
    gate.common = true;
    assert_int_equal(ask(&gate).bearer, GJ_BEARER_PROPERTY);
    gate.exclusion = GJ_EXCLUSION_THIRD_PARTY;
    assert_int_equal(ask(&gate).bearer, GJ_BEARER_CAUSER);
}

static void terms_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        struct gj_term term;
    } cases[] = {{"24 months", true, {GJ_TERM_MONTHS, 24}}, {"1 month", true, {GJ_TERM_MONTHS, 1}},
        {"5 years", true, {GJ_TERM_MONTHS, 60}}, {"1 year", true, {GJ_TERM_MONTHS, 12}},
        {"2 seasons", true, {GJ_TERM_SEASONS, 2}}, {"design_life", true, {GJ_TERM_DESIGN_LIFE, 0}},
        {"contract", true, {GJ_TERM_CONTRACT, 0}}, {"none", true, {GJ_TERM_NONE, 0}}, {"0 years", false, {0, 0}},
        {"1 years", false, {0, 0}}, {"2 year", false, {0, 0}}, {"2years", false, {0, 0}}, {"101 years", false, {0, 0}},
        {"-1 years", false, {0, 0}}, {"2 days", false, {0, 0}}, {"", false, {0, 0}},
        {"99999999999999999999 years", false, {0, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct gj_term term = {0};
        assert_int_equal(gj_term_parse(cases[i].text, &term), cases[i].good);
        if (cases[i].good) {
            assert_int_equal(term.kind, cases[i].term.kind);
            assert_int_equal(term.n, cases[i].term.n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_of_the_policy_has_a_term),
        cmocka_unit_test(three_times_follow_each_other),
        cmocka_unit_test(a_part_has_its_own_term),
        cmocka_unit_test(a_city_may_give_more),
        cmocka_unit_test(seasons_count_when_they_lie_wholly_after),
        cmocka_unit_test(a_missing_date_is_named_and_turns_nobody_away),
        cmocka_unit_test(who_caused_it_bears_it),
        cmocka_unit_test(terms_are_read_strictly),
    };
    return cmocka_run_group_tests(tests, stage_load, stage_unload);
}
