#include "tests/common/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/fail.h"

static void bytes_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct gj_buf buf;
    gj_buf_init(&buf, 100);
    assert_null(gj_buf_bytes(&buf));
    check_ok(gj_buf_append(&buf, "guan", 4));
    check_ok(gj_buf_append(&buf, "jia", 3));
    check_ok(gj_buf_append(&buf, NULL, 0));
    assert_int_equal(buf.len, 7);
    assert_memory_equal(gj_buf_bytes(&buf), "guanjia", 7);
    gj_buf_drop(&buf, 4);
    assert_memory_equal(gj_buf_bytes(&buf), "jia", 3);
    gj_buf_truncate(&buf, 1);
    assert_int_equal(buf.len, 1);
    assert_memory_equal(gj_buf_bytes(&buf), "j", 1);
    gj_buf_fini(&buf);
}

static void the_cap_is_exact_and_refusal_changes_nothing(void **state)
{
    (void)state;
    struct gj_buf buf;
    uint8_t bytes[64] = {1, 2, 3};
    uint8_t *room = NULL;
    gj_buf_init(&buf, 64);
    check_ok(gj_buf_append(&buf, bytes, 60));
    check_err(gj_buf_append(&buf, bytes, 5), GJ_ETOOBIG);
    check_err(gj_buf_reserve(&buf, SIZE_MAX, &room), GJ_ETOOBIG);
    assert_int_equal(buf.len, 60);
    check_ok(gj_buf_append(&buf, bytes, 4));
    assert_int_equal(buf.len, 64);
    check_err(gj_buf_append(&buf, bytes, 1), GJ_ETOOBIG);
    gj_buf_drop(&buf, 64);
    check_ok(gj_buf_append(&buf, bytes, 64));
    assert_true(buf.cap <= 64);
    gj_buf_fini(&buf);
}

/* The same operations on a plain array must always agree. */
static void a_long_random_life_equals_a_plain_array(void **state)
{
    (void)state;
    enum { MAX = 3000 };
    static uint8_t model[MAX];
    size_t model_len = 0;
    struct gj_buf buf;
    gj_buf_init(&buf, MAX);
    uint32_t seed = 12345;
    for (unsigned step = 0; step < 20000; step++) {
        seed = seed * 1664525u + 1013904223u;
        size_t amount = (seed >> 8) % 700;
        switch (seed >> 29) {
        case 0:
        case 1:
        case 2:
        case 3: {
            uint8_t bytes[700];
            memset(bytes, (int)(seed >> 16), amount);
            enum gj_err err = gj_buf_append(&buf, bytes, amount);
            if (model_len + amount > MAX) {
                check_err(err, GJ_ETOOBIG);
            } else {
                check_ok(err);
                memcpy(model + model_len, bytes, amount);
                model_len += amount;
            }
            break;
        }
        case 4:
            gj_buf_release(&buf);
            assert_int_equal(buf.cap == 0, model_len == 0);
            break;
        default: {
            size_t drop = amount < model_len ? amount : model_len;
            gj_buf_drop(&buf, drop);
            memmove(model, model + drop, model_len - drop);
            model_len -= drop;
        }
        }
        assert_int_equal(buf.len, model_len);
        assert_true(buf.cap <= MAX);
        if (model_len > 0) {
            assert_memory_equal(gj_buf_bytes(&buf), model, model_len);
        }
    }
    gj_buf_fini(&buf);
}

static void an_idle_buffer_owns_no_memory(void **state)
{
    (void)state;
    struct gj_buf buf;
    gj_buf_init(&buf, 1000);
    check_ok(gj_buf_append(&buf, "x", 1));
    gj_buf_release(&buf);
    assert_non_null(buf.data);
    gj_buf_drop(&buf, 1);
    gj_buf_release(&buf);
    assert_null(buf.data);
    check_ok(gj_buf_append(&buf, "y", 1));
    gj_buf_wipe(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
}

static void the_nth_allocation_fails_and_nothing_changes(void **state)
{
    (void)state;
#ifdef GJ_FAULTS
    struct gj_buf buf;
    uint8_t bytes[300] = {9};
    gj_buf_init(&buf, 100000);
    check_ok(gj_buf_append(&buf, bytes, 200));
    gj_fail_arm("buf.", 1, true);
    check_err(gj_buf_append(&buf, bytes, 300), GJ_ENOMEM);
    assert_true(gj_fail_disarm());
    assert_int_equal(buf.len, 200);
    assert_memory_equal(gj_buf_bytes(&buf), bytes, 200);
    check_ok(gj_buf_append(&buf, bytes, 300));
    gj_buf_fini(&buf);
#else
    skip();
#endif
}

static void the_nth_question_is_counted_by_prefix(void **state)
{
    (void)state;
#ifdef GJ_FAULTS
    gj_fail_arm("a.", 2, false);
    assert_false(gj_fail_point("a.one"));
    assert_false(gj_fail_point("b.one"));
    assert_true(gj_fail_point("a.two"));
    assert_false(gj_fail_point("a.three"));
    assert_int_equal(gj_fail_count(), 3);
    assert_true(gj_fail_disarm());
    assert_false(gj_fail_point("a.one"));
    gj_fail_arm(NULL, 1, true);
    assert_true(gj_fail_point("x"));
    assert_true(gj_fail_point("y"));
    assert_true(gj_fail_disarm());
    gj_fail_arm(NULL, 3, false);
    assert_false(gj_fail_point("x"));
    assert_false(gj_fail_disarm());
#else
    assert_false(gj_fail_point("never"));
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_out_as_they_went_in),
        cmocka_unit_test(the_cap_is_exact_and_refusal_changes_nothing),
        cmocka_unit_test(a_long_random_life_equals_a_plain_array),
        cmocka_unit_test(an_idle_buffer_owns_no_memory),
        cmocka_unit_test(the_nth_allocation_fails_and_nothing_changes),
        cmocka_unit_test(the_nth_question_is_counted_by_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
