/* client/lib/range.c and backoff.c: pure decisions. */
#include "client/lib/backoff.h"
#include "client/lib/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_ranges_that_join(void **state)
{
    (void)state;
    struct range range = {.epoch = 1, .reached = 10};
    uint64_t skip = 0;
    assert_int_equal(range_take(&range, 1, 10, 15, &skip), RANGE_JOINS);
    assert_int_equal(skip, 10);
    assert_int_equal(range.reached, 15);
    /* An empty range above what is known moves nothing backwards. */
    assert_int_equal(range_take(&range, 1, 15, 15, &skip), RANGE_OLD);
    assert_int_equal(range.reached, 15);
}

static void test_overlap_gives_only_the_new(void **state)
{
    (void)state;
    struct range range = {.epoch = 1, .reached = 10};
    uint64_t skip = 0;
    assert_int_equal(range_take(&range, 1, 5, 12, &skip), RANGE_JOINS);
    assert_int_equal(skip, 10);
    assert_int_equal(range.reached, 12);
    assert_int_equal(range_take(&range, 1, 2, 12, &skip), RANGE_OLD);
    assert_int_equal(range_take(&range, 1, 2, 7, &skip), RANGE_OLD);
    assert_int_equal(range.reached, 12);
}

static void test_a_gap_is_seen_once(void **state)
{
    (void)state;
    struct range range = {.epoch = 1, .reached = 10};
    uint64_t skip = 0;
    assert_int_equal(range_take(&range, 1, 11, 12, &skip), RANGE_GAP);
    assert_int_equal(range.reached, 12);
    assert_int_equal(range_take(&range, 1, 12, 13, &skip), RANGE_JOINS);
}

static void test_another_epoch_starts_anew(void **state)
{
    (void)state;
    struct range range = {.epoch = 1, .reached = 1000};
    uint64_t skip = 0;
    assert_int_equal(range_take(&range, 2, 40, 45, &skip), RANGE_EPOCH);
    assert_int_equal(skip, 40);
    assert_int_equal(range.reached, 45);
    assert_int_equal(range.epoch, 2);
    assert_int_equal(range_take(&range, 2, 45, 46, NULL), RANGE_JOINS);
}

static void test_nonsense_changes_nothing(void **state)
{
    (void)state;
    struct range range = {.epoch = 1, .reached = 10};
    assert_int_equal(range_take(&range, 1, 12, 11, NULL), RANGE_BAD);
    assert_int_equal(range_take(&range, 2, 12, 11, NULL), RANGE_BAD);
    assert_int_equal(range.reached, 10);
    assert_int_equal(range.epoch, 1);
    range_reach(&range, 9);
    assert_int_equal(range.reached, 10);
    range_reach(&range, 11);
    assert_int_equal(range.reached, 11);
}

static void test_pauses_grow_to_the_top(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t failures = 1; failures < 40; failures++) {
        uint32_t least = backoff_ms(failures, 500, 60000, 0);
        uint32_t most = backoff_ms(failures, 500, 60000, UINT32_MAX);
        assert_in_range(least, 250, 30000);
        assert_in_range(most, 500, 60000);
        assert_true(least >= before / 2 && most >= least);
        assert_int_equal(least, most / 2);
        before = least;
    }
    assert_int_equal(backoff_ms(39, 500, 60000, UINT32_MAX), 60000);
    assert_int_equal(backoff_ms(UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX), UINT32_MAX);
}

static void test_between_reaches_both_ends(void **state)
{
    (void)state;
    assert_int_equal(backoff_between(20, 28, 0), 20);
    assert_int_equal(backoff_between(20, 28, UINT32_MAX), 28);
    assert_int_equal(backoff_between(20, 20, 12345), 20);
    assert_int_equal(backoff_between(30, 20, 12345), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_that_join),
        cmocka_unit_test(test_overlap_gives_only_the_new),
        cmocka_unit_test(test_a_gap_is_seen_once),
        cmocka_unit_test(test_another_epoch_starts_anew),
        cmocka_unit_test(test_nonsense_changes_nothing),
        cmocka_unit_test(test_pauses_grow_to_the_top),
        cmocka_unit_test(test_between_reaches_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
