/* The bucket of one channel: its burst, its refill, and a clock that stands still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/limits.h"
#include "core/rate.h"

static void use_up(struct gj_rate *rate, uint64_t now_ms, unsigned tokens)
{
    for (unsigned i = 0; i < tokens; i++) {
        assert_int_equal(gj_rate_take(rate, now_ms), 0);
    }
}

static void test_a_burst_and_then_the_rate(void **state)
{
    struct gj_rate rate = {0};
    uint64_t now_ms = 5;

    (void)state;
    use_up(&rate, now_ms, GJ_PEER_RATE_BURST);
    assert_int_equal(gj_rate_take(&rate, now_ms), 1);
    assert_int_equal(gj_rate_take(&rate, now_ms), 1); /* a refusal costs nothing */
    unsigned taken = 0;
    for (unsigned i = 0; i < 2000; i++, now_ms++) {
        while (gj_rate_take(&rate, now_ms) == 0) {
            taken++;
        }
    }
    assert_in_range(taken, 2 * GJ_PEER_RATE_PER_S - 2, 2 * GJ_PEER_RATE_PER_S);
}

static void test_whoever_waits_as_told_is_taken(void **state)
{
    struct gj_rate rate = {0};
    uint64_t now_ms = 1;

    (void)state;
    use_up(&rate, now_ms, GJ_PEER_RATE_BURST);
    for (unsigned i = 0; i < 100; i++) {
        uint32_t wait_ms = gj_rate_take(&rate, now_ms);

        if (wait_ms > 0) {
            now_ms += wait_ms;
            assert_int_equal(gj_rate_take(&rate, now_ms), 0);
        }
    }
}

static void test_rest_fills_the_bucket_but_not_beyond(void **state)
{
    struct gj_rate rate = {0};

    (void)state;
    use_up(&rate, 1, GJ_PEER_RATE_BURST);
    use_up(&rate, UINT64_C(1) << 40, GJ_PEER_RATE_BURST);
    assert_true(gj_rate_take(&rate, UINT64_C(1) << 40) > 0);
    assert_true(gj_rate_take(&rate, 7) > 0); /* a clock that goes back gives nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_burst_and_then_the_rate),
        cmocka_unit_test(test_whoever_waits_as_told_is_taken),
        cmocka_unit_test(test_rest_fills_the_bucket_but_not_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
