#include "tests/common/check.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fail.h"

static void allocations_are_apart_aligned_and_kept(void **state)
{
    (void)state;
    struct gj_arena arena;
    uint8_t *all[500];
    gj_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 500; i++) {
        all[i] = gj_arena_alloc(&arena, i);
        assert_non_null(all[i]);
        assert_int_equal((uintptr_t)all[i] % alignof(max_align_t), 0);
        memset(all[i], (int)i, i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t at = 0; at < i; at++) {
            assert_int_equal(all[i][at], (uint8_t)i);
        }
        assert_true(i == 0 || all[i] != all[i - 1]);
    }
    gj_arena_fini(&arena);
}

static void the_cap_refuses_and_says_so(void **state)
{
    (void)state;
    struct gj_arena arena;
    gj_arena_init(&arena, 1000);
    check_ok(gj_arena_why(&arena));
    assert_null(gj_arena_alloc(&arena, 1001));
    check_err(gj_arena_why(&arena), GJ_ETOOBIG);
    assert_null(gj_arena_alloc(&arena, SIZE_MAX));
    assert_null(gj_arena_calloc(&arena, SIZE_MAX / 2, 4));
    assert_null(gj_arena_strndup(&arena, "", SIZE_MAX));
    assert_non_null(gj_arena_alloc(&arena, 900));
    assert_null(gj_arena_alloc(&arena, 200));
    gj_arena_reset(&arena);
    check_ok(gj_arena_why(&arena));
    assert_non_null(gj_arena_alloc(&arena, 900));
    gj_arena_fini(&arena);
}

static void a_small_request_stays_in_the_first_block(void **state)
{
    (void)state;
    alignas(max_align_t) uint8_t first[256];
    struct gj_arena arena;
    gj_arena_init_with(&arena, 100000, first, sizeof first);
    uint8_t *a = gj_arena_alloc(&arena, 100);
    uint8_t *b = gj_arena_alloc(&arena, 100);
    assert_true(a >= first && b + 100 <= first + sizeof first);
    assert_null(arena.block);
    uint8_t *c = gj_arena_alloc(&arena, 1000);
    assert_non_null(c);
    assert_non_null(arena.block);
    gj_arena_reset(&arena);
    assert_ptr_equal(gj_arena_alloc(&arena, 1), first);
    gj_arena_fini(&arena);
}

static void reset_keeps_one_block_and_frees_the_large(void **state)
{
    (void)state;
    struct gj_arena arena;
    gj_arena_init(&arena, 10 << 20);
    void *small = gj_arena_alloc(&arena, 10);
    gj_arena_reset(&arena);
    assert_non_null(arena.spare);
    assert_ptr_equal(gj_arena_alloc(&arena, 10), small);
    assert_non_null(gj_arena_alloc(&arena, 5 << 20));
    gj_arena_reset(&arena);
    assert_ptr_equal(gj_arena_alloc(&arena, 10), small); /* not the large one */
    assert_null(arena.spare);
    gj_arena_fini(&arena);
    gj_arena_fini(&arena);
}

static void texts_and_copies(void **state)
{
    (void)state;
    struct gj_arena arena;
    gj_arena_init(&arena, 1 << 20);
    assert_string_equal(gj_arena_strdup(&arena, "管家"), "管家");
    assert_string_equal(gj_arena_strndup(&arena, "guanjia", 4), "guan");
    assert_string_equal(gj_arena_strndup(&arena, NULL, 0), "");
    assert_memory_equal(gj_arena_dup(&arena, "\0x", 2), "\0x", 2);
    assert_string_equal(gj_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    char *wide = gj_arena_printf(&arena, "%0*d", 1000, 5);
    assert_int_equal(strlen(wide), 1000);
    assert_int_equal(wide[999], '5');
    uint64_t *zeros = GJ_ARENA_ARRAY(&arena, 100, uint64_t);
    for (size_t i = 0; i < 100; i++) {
        assert_true(zeros[i] == 0);
    }
    gj_arena_fini(&arena);
}

static void a_move_hands_everything_over(void **state)
{
    (void)state;
    struct gj_arena from;
    struct gj_arena to;
    gj_arena_init(&from, 5000);
    gj_arena_init(&to, 1);
    char *text = gj_arena_strdup(&from, "moved");
    gj_arena_move(&to, &from);
    assert_int_equal(from.used, 0);
    assert_null(from.block);
    gj_arena_fini(&from);
    assert_string_equal(text, "moved");
    assert_int_equal(to.max, 5000);
    gj_arena_fini(&to);
}

static void the_heap_refuses_and_nothing_leaks(void **state)
{
    (void)state;
#ifdef GJ_FAULTS
    for (uint64_t nth = 1;; nth++) {
        struct gj_arena arena;
        gj_arena_init(&arena, 1 << 20);
        gj_fail_arm("arena.", nth, false);
        unsigned missing = 0;
        for (size_t i = 0; i < 10; i++) {
            missing += gj_arena_alloc(&arena, 1000) == NULL;
        }
        bool fired = gj_fail_disarm();
        assert_int_equal(missing, fired ? 1 : 0);
        check_err(gj_arena_why(&arena), fired ? GJ_ENOMEM : GJ_OK);
        gj_arena_fini(&arena);
        if (!fired) {
            assert_int_equal(nth, 11);
            break;
        }
    }
#else
    skip();
#endif
}

static void protobuf_c_allocates_from_it(void **state)
{
    (void)state;
    struct gj_arena arena;
    gj_arena_init(&arena, 100);
    ProtobufCAllocator allocator = gj_arena_pb(&arena);
    void *at = allocator.alloc(allocator.allocator_data, 50);
    assert_non_null(at);
    allocator.free(allocator.allocator_data, at);
    assert_null(allocator.alloc(allocator.allocator_data, 80)); /* freeing gives nothing back before reset */
    gj_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_apart_aligned_and_kept),
        cmocka_unit_test(the_cap_refuses_and_says_so),
        cmocka_unit_test(a_small_request_stays_in_the_first_block),
        cmocka_unit_test(reset_keeps_one_block_and_frees_the_large),
        cmocka_unit_test(texts_and_copies),
        cmocka_unit_test(a_move_hands_everything_over),
        cmocka_unit_test(the_heap_refuses_and_nothing_leaks),
        cmocka_unit_test(protobuf_c_allocates_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
