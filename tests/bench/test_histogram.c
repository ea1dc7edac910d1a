/* The benchmark's histogram: quantiles within its promised 3 %. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bench/histogram.h"

static void test_quantiles_lie_within_three_percent(void **state)
{
    (void)state;
    static struct gj_histogram h;
    for (uint64_t us = 1; us <= 100000; us++) {
        gj_histogram_add(&h, us);
    }
    assert_int_equal(gj_histogram_count(&h), 100000);
    const double wanted[][2] = {{0.5, 50.0}, {0.95, 95.0}, {0.99, 99.0}};
    for (size_t i = 0; i < 3; i++) {
        double got = gj_histogram_ms(&h, wanted[i][0]);
        assert_true(got >= wanted[i][1] * 0.999 && got <= wanted[i][1] * 1.032);
    }
    assert_true(gj_histogram_ms(&h, 1.0) == 100.0);
}

static void test_extremes_are_kept(void **state)
{
    (void)state;
    static struct gj_histogram h, other;
    assert_true(gj_histogram_ms(&h, 0.5) == 0.0);
    gj_histogram_add(&other, UINT64_MAX / 2);
    gj_histogram_add(&other, 0);
    gj_histogram_merge(&h, &other);
    assert_int_equal(gj_histogram_count(&h), 2);
    assert_true(gj_histogram_ms(&h, 1.0) > 1e15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_lie_within_three_percent),
        cmocka_unit_test(test_extremes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
