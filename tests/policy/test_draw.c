/* Draws: repeatable, uniform, without replacement, the same everywhere. */
#include "stage.h"

#include <string.h>

#include "common/policy/draw.h"

static const uint8_t seed[GJ_DRAW_SEED_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void the_same_seed_draws_the_same(void **state)
{
    (void)state;
    uint64_t first[50];
    uint64_t second[50];
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, "sample 2026-02");
    gj_draw_sample(&draw, 1000, 50, first);
    gj_draw_begin(&draw, seed, "sample 2026-02");
    gj_draw_sample(&draw, 1000, 50, second);
    assert_memory_equal(first, second, sizeof first);
    gj_draw_begin(&draw, seed, "sample 2026-03");
    gj_draw_sample(&draw, 1000, 50, second);
    assert_memory_not_equal(first, second, sizeof first);
    uint8_t other[GJ_DRAW_SEED_SIZE];
    memcpy(other, seed, sizeof other);
    other[31] ^= 1;
    gj_draw_begin(&draw, other, "sample 2026-02");
    gj_draw_sample(&draw, 1000, 50, second);
    assert_memory_not_equal(first, second, sizeof first);
}

/* Written down once: a change of the function would change every sample that was ever announced. */
static void a_drawn_sample_stays_drawn(void **state)
{
    (void)state;
    static const uint64_t expected[] = {3, 6, 14, 19, 50};
    uint64_t out[5];
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, "fixed");
    gj_draw_sample(&draw, 100, 5, out);
    assert_memory_equal(out, expected, sizeof expected);
    assert_int_equal(gj_draw_one(seed, "fixed", 7), 9402);
}

static void samples_are_distinct_and_ascending(void **state)
{
    (void)state;
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, "distinct");
    for (uint64_t n = 0; n <= 40; n++) {
        for (uint64_t k = 0; k <= n; k++) {
            uint64_t out[41];
            gj_draw_sample(&draw, n, k, out);
            for (uint64_t i = 0; i < k; i++) {
                assert_true(out[i] < n);
                assert_true(i == 0 || out[i] > out[i - 1]);
            }
        }
    }
}

/* Pearson's chi-squared with 99 degrees of freedom stays below 170 with overwhelming probability; a biased draw does
 * not. */
static void nothing_is_likelier_than_anything_else(void **state)
{
    (void)state;
    uint32_t hits[100] = {0};
    struct gj_draw draw;
    gj_draw_begin(&draw, seed, "uniform");
    for (int round = 0; round < 10000; round++) {
        uint64_t out[10];
        gj_draw_sample(&draw, 100, 10, out);
        for (int i = 0; i < 10; i++) {
            hits[out[i]]++;
        }
    }
    double chi = 0;
    for (int i = 0; i < 100; i++) {
        double off = (double)hits[i] - 1000;
        chi += off * off / 1000;
    }
    assert_true(chi > 30 && chi < 170);
    uint32_t small[3] = {0};
    for (int i = 0; i < 30000; i++) {
        small[gj_draw_below(&draw, 3)]++;
    }
    for (int i = 0; i < 3; i++) {
        assert_true(small[i] > 9700 && small[i] < 10300);
    }
    assert_true(gj_draw_below(&draw, 1) == 0);
    (void)gj_draw_below(&draw, UINT64_MAX);
}

static void single_draws_belong_to_their_id(void **state)
{
    (void)state;
    uint32_t below = 0;
    for (uint64_t id = 1; id <= 20000; id++) {
        uint16_t drawn = gj_draw_one(seed, "follow_up", id);
        assert_true(drawn < 10000);
        assert_int_equal(drawn, gj_draw_one(seed, "follow_up", id));
        below += drawn < 3000;
    }
    assert_true(below > 5700 && below < 6300); /* thirty per cent */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_draws_the_same),
        cmocka_unit_test(a_drawn_sample_stays_drawn),
        cmocka_unit_test(samples_are_distinct_and_ascending),
        cmocka_unit_test(nothing_is_likelier_than_anything_else),
        cmocka_unit_test(single_draws_belong_to_their_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
