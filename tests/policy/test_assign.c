/* Assignment: rule by rule, and against a second, plain statement of the rules on a hundred thousand random offices. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "common/policy/assign.h"
#include "common/policy/draw.h"

#define PLUMBER 0
#define ELECTRICIAN 1

/* ---- a small office ---- */

static struct gj_candidate plumber(uint64_t user)
{
    return (struct gj_candidate){
        .user = user, .office = STAGE_OFFICE, .trades = 1U << PLUMBER, .certified = 1U << PLUMBER, .on_duty = true};
}

static struct gj_assign_job job_of(uint8_t priority)
{
    return (struct gj_assign_job){
        .id = 1, .office = STAGE_OFFICE, .trade = PLUMBER, .priority = priority, .mode = GJ_ASSIGN_AUTOMATIC};
}

static enum gj_assign_bar bar_for(const struct gj_assign_job *job, struct gj_candidate person)
{
    struct gj_verdict verdict;
    struct gj_assignment answer = gj_assign(job, &person, 1, &verdict);

    assert_int_equal(answer.able, verdict.bar == GJ_ASSIGN_BAR_NONE);
    assert_int_equal(answer.nearest, verdict.bar);
    return verdict.bar;
}

static void every_bar_keeps_its_person_out(void **state)
{
    (void)state;
    struct gj_assign_job job = job_of(2);
    struct gj_candidate person = plumber(7);
    uint64_t seven = 7;

    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_NONE);
    person.office++;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_OFFICE);
    person = plumber(7);
    job.mode = GJ_ASSIGN_CONTRACTOR;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_SIDE);
    person.contractor = true;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_NONE);
    job = job_of(2);
    job.trade = ELECTRICIAN;
    person = plumber(7);
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_TRADE);
    person.trades |= 1U << ELECTRICIAN;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_CERTIFICATE);
    person.certified |= 1U << ELECTRICIAN;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_NONE);
    job.excluded = &seven;
    job.excluded_count = 1;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_EXCLUDED);
    job = job_of(2);
    job.declined = &seven;
    job.declined_count = 1;
    assert_int_equal(bar_for(&job, plumber(7)), GJ_ASSIGN_BAR_DECLINED);
    assert_int_equal(bar_for(&job, plumber(8)), GJ_ASSIGN_BAR_NONE);
    job = job_of(2);
    person = plumber(7);
    person.on_leave = true;
    assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_LEAVE);
}

static void off_duty_only_an_emergency_calls_out(void **state)
{
    (void)state;
    struct gj_candidate person = plumber(7);
    person.on_duty = false;
    for (uint8_t priority = 0; priority <= 4; priority++) {
        struct gj_assign_job job = job_of(priority);
        person.on_call = false;
        assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_SHIFT);
        person.on_call = true;
        assert_int_equal(bar_for(&job, person), priority <= 1 ? GJ_ASSIGN_BAR_NONE : GJ_ASSIGN_BAR_SHIFT);
    }
}

static void a_full_person_still_goes_to_an_emergency(void **state)
{
    (void)state;
    struct gj_candidate person = plumber(7);
    person.open = 8;
    for (uint8_t priority = 0; priority <= 4; priority++) {
        struct gj_assign_job job = job_of(priority);
        job.load_max = 8;
        assert_int_equal(bar_for(&job, person), priority <= 1 ? GJ_ASSIGN_BAR_NONE : GJ_ASSIGN_BAR_LOAD);
        job.load_max = 9;
        assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_NONE);
        job.load_max = 0;
        assert_int_equal(bar_for(&job, person), GJ_ASSIGN_BAR_NONE);
    }
}

static void a_lapsed_certificate_does_not_count(void **state)
{
    (void)state;
    struct gj_certificate_view held[] = {{"高处作业证", 0, 0}, {"低压电工作业证", 2000, 1000}};
    assert_true(gj_assign_certified(NULL, NULL, 0, 0));
    assert_true(gj_assign_certified("高处作业证", held, 2, 5000));
    assert_true(gj_assign_certified("低压电工作业证", held, 2, 999));
    assert_false(gj_assign_certified("低压电工作业证", held, 2, 1000)); /* its review is overdue */
    held[1].review_at = 0;
    assert_true(gj_assign_certified("低压电工作业证", held, 2, 1999));
    assert_false(gj_assign_certified("低压电工作业证", held, 2, 2000));
    assert_false(gj_assign_certified("焊接与热切割作业证", held, 2, 0));
}

/* Two people alike but for one thing: the first of them wins, and the verdict says by which rule. */
static void wins(
    const struct gj_assign_job *job, struct gj_candidate winner, struct gj_candidate loser, enum gj_assign_rule rule)
{
    winner.user = 2;
    loser.user = rule == GJ_ASSIGN_RULE_NUMBER ? 3 : 1; /* the number would speak for the loser */
    for (int turn = 0; turn < 2; turn++) {
        struct gj_candidate pair[2] = {turn == 0 ? winner : loser, turn == 0 ? loser : winner};
        struct gj_verdict verdicts[2];
        struct gj_assignment answer = gj_assign(job, pair, 2, verdicts);
        assert_int_equal(answer.able, 2);
        assert_int_equal(answer.chosen, 1);
        assert_int_equal(pair[verdicts[0].at].user, 2);
        assert_int_equal(verdicts[0].rule, rule);
    }
}

static void each_rule_can_decide(void **state)
{
    (void)state;
    struct gj_assign_job usual = job_of(2);
    struct gj_assign_job urgent = job_of(0);
    usual.building = urgent.building = 5;
    usual.skill = urgent.skill = 2;
    struct gj_candidate same = plumber(1);
    same.skill = 2;

    struct gj_candidate other = same;
    other.on_duty = false;
    other.on_call = true;
    wins(&urgent, same, other, GJ_ASSIGN_RULE_DUTY);
    other = same;
    other.urgent = 1;
    wins(&usual, same, other, GJ_ASSIGN_RULE_URGENT);
    other = same;
    other.building = 5;
    wins(&usual, other, same, GJ_ASSIGN_RULE_DISTANCE);
    other = same;
    other.open = 1;
    wins(&usual, same, other, GJ_ASSIGN_RULE_LOAD);
    other = same;
    other.skill = 3; /* too good for it */
    wins(&usual, same, other, GJ_ASSIGN_RULE_SKILL);
    other.skill = 1; /* not good enough, though nearer than 5 would be */
    same.skill = 5;
    wins(&usual, same, other, GJ_ASSIGN_RULE_SKILL);
    same.skill = 2;
    other = same;
    other.last_given_at = 10;
    wins(&usual, same, other, GJ_ASSIGN_RULE_RESTED);
    wins(&usual, same, same, GJ_ASSIGN_RULE_NUMBER);
}

static void an_emergency_asks_for_the_near_one_other_work_for_the_free_one(void **state)
{
    (void)state;
    struct gj_candidate near_but_busy = plumber(1);
    near_but_busy.building = 5;
    near_but_busy.open = 3;
    struct gj_candidate far_but_free = plumber(2);
    struct gj_assign_job job = job_of(1);
    job.building = 5;
    wins(&job, near_but_busy, far_but_free, GJ_ASSIGN_RULE_DISTANCE);
    job.priority = 2;
    wins(&job, far_but_free, near_but_busy, GJ_ASSIGN_RULE_LOAD);
    job.mode = GJ_ASSIGN_ROUND_ROBIN;
    far_but_free.last_given_at = 10;
    wins(&job, near_but_busy, far_but_free, GJ_ASSIGN_RULE_RESTED);
}

static void the_mode_says_how_many_get_it(void **state)
{
    (void)state;
    struct gj_candidate people[3] = {plumber(3), plumber(1), plumber(2)};
    struct gj_verdict verdicts[3];
    struct gj_assign_job job = job_of(2);
    static const struct {
        enum gj_assign_mode mode;
        uint32_t offer_max, chosen;
    } cases[] = {{GJ_ASSIGN_MANUAL, 0, 0}, {GJ_ASSIGN_AUTOMATIC, 0, 1}, {GJ_ASSIGN_OFFER, 0, 3},
        {GJ_ASSIGN_OFFER, 2, 2}, {GJ_ASSIGN_OFFER, 5, 3}, {GJ_ASSIGN_ROUND_ROBIN, 0, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        job.mode = cases[i].mode;
        job.offer_max = cases[i].offer_max;
        struct gj_assignment answer = gj_assign(&job, people, 3, verdicts);
        assert_int_equal(answer.able, 3);
        assert_int_equal(answer.chosen, cases[i].chosen);
    }
    struct gj_assignment nobody = gj_assign(&job, people, 0, verdicts);
    assert_int_equal(nobody.able + nobody.chosen, 0);
    assert_int_equal(nobody.nearest, GJ_ASSIGN_BAR_NONE);
}

static void words_are_read_back(void **state)
{
    (void)state;
    enum gj_assign_mode mode;
    assert_true(gj_assign_mode_parse("round_robin", 11, &mode));
    assert_int_equal(mode, GJ_ASSIGN_ROUND_ROBIN);
    assert_false(gj_assign_mode_parse("round", 5, &mode));
    assert_string_equal(gj_assign_bar_word(GJ_ASSIGN_BAR_CERTIFICATE), "certificate");
    assert_string_equal(gj_assign_rule_word(GJ_ASSIGN_RULE_RESTED), "rested");
}

/* ---- plans ---- */

static void a_plan_gives_the_urgent_first_and_counts_what_it_gave(void **state)
{
    (void)state;
    struct gj_assign_job jobs[4] = {job_of(3), job_of(2), job_of(2), job_of(0)};
    jobs[0].due_at = 1;
    jobs[1].due_at = 0; /* none: behind the one with a time */
    jobs[2].due_at = 900;
    for (size_t i = 0; i < 4; i++) {
        jobs[i].id = 10 + i;
        jobs[i].load_max = 2;
    }
    struct gj_candidate people[2] = {plumber(1), plumber(2)};
    people[1].open = 2;
    uint32_t order[4], chosen[4];
    gj_assign_plan(jobs, 4, people, 2, 5000, order, chosen);
    static const uint32_t expected_order[] = {3, 2, 1, 0};
    static const uint32_t expected_chosen[] = {0, 0, GJ_ASSIGN_NOBODY, GJ_ASSIGN_NOBODY};
    assert_memory_equal(order, expected_order, sizeof order);
    assert_memory_equal(chosen, expected_chosen, sizeof chosen);
    assert_int_equal(people[0].open, 2);
    assert_int_equal(people[0].urgent, 1);
    assert_int_equal(people[0].last_given_at, 5000);
}

/* ---- the property ---- */

#define PEOPLE_MAX 24
#define OFFICES 100000

struct office {
    struct gj_assign_job job;
    struct gj_candidate people[PEOPLE_MAX];
    size_t count;
    uint64_t declined[3], excluded[2];
};

static uint64_t pick(struct gj_draw *draw, uint64_t bound)
{
    return gj_draw_below(draw, bound);
}

static void random_office(struct gj_draw *draw, struct office *office)
{
    static const enum gj_assign_mode modes[] = {
        GJ_ASSIGN_MANUAL, GJ_ASSIGN_AUTOMATIC, GJ_ASSIGN_OFFER, GJ_ASSIGN_ROUND_ROBIN, GJ_ASSIGN_CONTRACTOR};
    office->count = pick(draw, PEOPLE_MAX + 1);
    for (size_t i = 0; i < office->count; i++) {
        uint64_t bits = pick(draw, 1U << 16);
        office->people[i] = (struct gj_candidate){
            .user = 1 + i,
            .office = (bits & 15) == 0 ? STAGE_OFFICE + 1 : STAGE_OFFICE,
            .contractor = (bits >> 4 & 3) == 0,
            .trades = bits >> 6 & 7,
            .certified = bits >> 9 & 7,
            .on_duty = (bits >> 12 & 1) != 0,
            .on_call = (bits >> 13 & 1) != 0,
            .on_leave = (bits >> 14 & 3) == 0,
            .skill = (uint8_t)pick(draw, 4),
            .open = (uint32_t)pick(draw, 4),
            .urgent = (uint32_t)pick(draw, 2),
            .building = pick(draw, 3),
            .last_given_at = (int64_t)pick(draw, 3),
        };
    }
    for (size_t i = 0; i < 3; i++) {
        office->declined[i] = 1 + pick(draw, PEOPLE_MAX);
    }
    for (size_t i = 0; i < 2; i++) {
        office->excluded[i] = 1 + pick(draw, PEOPLE_MAX);
    }
    office->job = (struct gj_assign_job){
        .id = 1,
        .office = STAGE_OFFICE,
        .building = pick(draw, 3),
        .trade = (uint8_t)pick(draw, 3),
        .priority = (uint8_t)(pick(draw, 6) % 5),
        .skill = (uint8_t)pick(draw, 4),
        .mode = modes[pick(draw, 5)],
        .load_max = (uint32_t)pick(draw, 4),
        .offer_max = (uint32_t)pick(draw, 4),
        .declined = office->declined,
        .declined_count = pick(draw, 4),
        .excluded = office->excluded,
        .excluded_count = pick(draw, 3),
    };
}

/* The rules once more, said the other way round: may this person have this job? */
static bool may_have(const struct office *office, const struct gj_candidate *person)
{
    const struct gj_assign_job *job = &office->job;
    bool emergency = job->priority < 2;
    for (size_t i = 0; i < job->declined_count; i++) {
        if (job->declined[i] == person->user) {
            return false;
        }
    }
    for (size_t i = 0; i < job->excluded_count; i++) {
        if (job->excluded[i] == person->user) {
            return false;
        }
    }
    return person->office == job->office && (person->trades >> job->trade & 1) &&
           (person->certified >> job->trade & 1) && !person->on_leave &&
           (person->on_duty || (emergency && person->on_call)) &&
           (job->mode != GJ_ASSIGN_CONTRACTOR || person->contractor) &&
           (emergency || job->load_max == 0 || person->open < job->load_max);
}

static void check_office(struct gj_draw *draw, struct office *office)
{
    struct gj_verdict verdicts[PEOPLE_MAX];
    struct gj_assignment answer = gj_assign(&office->job, office->people, office->count, verdicts);
    uint32_t able = 0;
    uint32_t seen = 0;

    for (size_t i = 0; i < office->count; i++) {
        able += may_have(office, &office->people[i]);
    }
    assert_int_equal(answer.able, able);
    /* Nobody is lost: each stands there once, those who may before those who may not. */
    for (uint32_t i = 0; i < office->count; i++) {
        assert_false(seen >> verdicts[i].at & 1);
        seen |= 1U << verdicts[i].at;
        assert_int_equal(may_have(office, &office->people[verdicts[i].at]), i < able);
        assert_int_equal(verdicts[i].bar == GJ_ASSIGN_BAR_NONE, i < able);
        assert_int_equal(verdicts[i].rule == GJ_ASSIGN_RULE_ONLY, i >= able || able == 1);
    }
    uint32_t wanted = able > 0;
    if (office->job.mode == GJ_ASSIGN_MANUAL) {
        wanted = 0;
    } else if (office->job.mode == GJ_ASSIGN_OFFER) {
        wanted = office->job.offer_max != 0 && office->job.offer_max < able ? office->job.offer_max : able;
    }
    assert_int_equal(answer.chosen, wanted);
    if (able == 0) {
        assert_int_equal(answer.nearest == GJ_ASSIGN_BAR_NONE, office->count == 0);
    }

    /* The order of the question does not matter: the people shuffled give the same people in the same order. */
    struct office shuffled = *office;
    shuffled.job.declined = shuffled.declined;
    shuffled.job.excluded = shuffled.excluded;
    for (size_t i = office->count; i > 1; i--) {
        size_t j = pick(draw, i);
        struct gj_candidate swapped = shuffled.people[i - 1];
        shuffled.people[i - 1] = shuffled.people[j];
        shuffled.people[j] = swapped;
    }
    struct gj_verdict again[PEOPLE_MAX];
    struct gj_assignment same = gj_assign(&shuffled.job, shuffled.people, shuffled.count, again);
    assert_memory_equal(&answer, &same, sizeof answer);
    for (uint32_t i = 0; i < office->count; i++) {
        assert_int_equal(office->people[verdicts[i].at].user, shuffled.people[again[i].at].user);
        assert_int_equal(verdicts[i].bar, again[i].bar);
        assert_int_equal(verdicts[i].rule, again[i].rule);
    }

    /* A plan of this one job names the same person, whoever chooses in the end. */
    uint32_t order, chosen;
    struct gj_candidate people[PEOPLE_MAX];
    memcpy(people, office->people, sizeof people);
    gj_assign_plan(&office->job, 1, people, office->count, 7, &order, &chosen);
    assert_int_equal(chosen, able == 0 ? GJ_ASSIGN_NOBODY : verdicts[0].at);
}

static void a_hundred_thousand_random_offices(void **state)
{
    (void)state;
    static const uint8_t seed[GJ_DRAW_SEED_SIZE] = {20, 26};
    struct gj_draw draw;
    struct office office = {0};
    gj_draw_begin(&draw, seed, "assignment");
    for (unsigned i = 0; i < OFFICES; i++) {
        random_office(&draw, &office);
        check_office(&draw, &office);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bar_keeps_its_person_out),
        cmocka_unit_test(off_duty_only_an_emergency_calls_out),
        cmocka_unit_test(a_full_person_still_goes_to_an_emergency),
        cmocka_unit_test(a_lapsed_certificate_does_not_count),
        cmocka_unit_test(each_rule_can_decide),
        cmocka_unit_test(an_emergency_asks_for_the_near_one_other_work_for_the_free_one),
        cmocka_unit_test(the_mode_says_how_many_get_it),
        cmocka_unit_test(words_are_read_back),
        cmocka_unit_test(a_plan_gives_the_urgent_first_and_counts_what_it_gave),
        cmocka_unit_test(a_hundred_thousand_random_offices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
