#include "tests/store/fixture.h"

#include <string.h>

#include "common/arena.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

static void save_office(struct gj_txn *txn, uint64_t id, const char *name)
{
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    office.id = id;
    office.name = (char *)(uintptr_t)name;
    office.households = 1999;
    struct gj_key key = gj_key_of_u64(id);
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &office.base);
}

static void a_message_comes_back_and_outlives_its_row(void **state)
{
    struct fixture *f = *state;
    struct gj_arena arena;
    gj_arena_init(&arena, 1 << 16);
    struct gj_txn *txn = fixture_write(f);
    save_office(txn, 3, "翠湖管理处");
    fixture_commit(txn);
    txn = fixture_read(f);
    struct gj_key key = gj_key_of_u64(3), none = gj_key_of_u64(4);
    Gj__Stored__Office *office = NULL;
    assert_true(gj_record_load(txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, &arena, (void **)&office));
    void *nothing = office;
    assert_false(gj_record_load(txn, GJ_TABLE_OFFICE, &none, &gj__stored__office__descriptor, &arena, &nothing));
    assert_null(nothing);
    check_ok(gj_txn_error(txn));
    gj_txn_abort(txn);
    assert_string_equal(office->name, "翠湖管理处");
    assert_int_equal(office->households, 1999);
    gj_arena_fini(&arena);
}

static void appended_and_walked(void **state)
{
    struct fixture *f = *state;
    struct gj_arena arena;
    gj_arena_init(&arena, 1 << 16);
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t id = 1; id <= 20; id++) {
        Gj__Stored__Region region = GJ__STORED__REGION__INIT;
        region.id = id;
        struct gj_key key = gj_key_of_u64(id);
        gj_record_append(txn, GJ_TABLE_REGION, &key, &region.base);
    }
    fixture_commit(txn);
    txn = fixture_read(f);
    struct gj_iter iter;
    uint64_t count = 0;
    gj_iter_range(&iter, txn, GJ_TABLE_REGION, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        Gj__Stored__Region *region = NULL;
        assert_true(gj_record_unpack(txn, &iter.value, &gj__stored__region__descriptor, &arena, (void **)&region));
        assert_int_equal(region->id, ++count);
    }
    assert_int_equal(count, 20);
    gj_txn_abort(txn);
    gj_arena_fini(&arena);
}

static void broken_bytes_are_an_error_of_the_transaction(void **state)
{
    struct fixture *f = *state;
    struct gj_arena arena;
    gj_arena_init(&arena, 1 << 16);
    struct gj_key key = gj_key_of_u64(1);
    struct gj_txn *txn = fixture_write(f);
    gj_txn_put(txn, GJ_TABLE_OFFICE, &key, "\xff\xff\xff", 3);
    fixture_commit(txn);
    txn = fixture_read(f);
    void *office = NULL;
    assert_false(gj_record_load(txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, &arena, &office));
    assert_null(office);
    assert_int_equal(gj_txn_error(txn), GJ_ECORRUPT);
    gj_txn_abort(txn);
    gj_arena_fini(&arena);
}

static void counters_give_each_number_once(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    assert_int_equal(gj_counter_last(txn, GJ_COUNTER_RECORD), 0);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_RECORD), 1);
    assert_int_equal(gj_counter_take(txn, GJ_COUNTER_RECORD, 100), 2);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_RECORD), 102);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_USER), 1);
    fixture_commit(txn);
    txn = fixture_write(f);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_RECORD), 103);
    gj_txn_abort(txn);
    fixture_reopen(f);
    txn = fixture_write(f);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_RECORD), 103);
    gj_txn_fail(txn, GJ_ENOMEM);
    assert_int_equal(gj_counter_next(txn, GJ_COUNTER_RECORD), 0);
    gj_txn_abort(txn);
}

/* A number is gone only with its record: what was aborted is given again. */
static void series_have_no_gaps(void **state)
{
    struct fixture *f = *state;
    uint64_t expected = 0;
    for (unsigned round = 0; round < 50; round++) {
        struct gj_txn *txn = fixture_write(f);
        uint64_t number = gj_series_next(txn, 7, 1, 2026);
        assert_int_equal(number, expected + 1);
        uint64_t other = gj_series_next(txn, 8, 1, 2026);
        assert_int_equal(gj_series_last(txn, 8, 1, 2026), other);
        if (round % 3 == 0) {
            gj_txn_abort(txn);
        } else {
            fixture_commit(txn);
            expected = number;
        }
    }
    struct gj_txn *txn = fixture_write(f);
    assert_int_equal(gj_series_last(txn, 7, 1, 2026), expected);
    assert_int_equal(gj_series_next(txn, 7, 2, 2026), 1);
    assert_int_equal(gj_series_next(txn, 7, 1, 2027), 1);
    gj_txn_fail(txn, GJ_EIO);
    assert_int_equal(gj_series_next(txn, 7, 1, 2027), 0);
    gj_txn_abort(txn);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(a_message_comes_back_and_outlives_its_row),
        T_ROW(appended_and_walked),
        T_ROW(broken_bytes_are_an_error_of_the_transaction),
        T_ROW(counters_give_each_number_once),
        T_ROW(series_have_no_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
