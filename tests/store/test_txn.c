#include "tests/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T GJ_TABLE_RECORD

static void put_text(struct gj_txn *txn, uint64_t id, const char *text)
{
    struct gj_key key = gj_key_of_u64(id);
    gj_txn_put(txn, T, &key, text, strlen(text));
}

static void expect_text(struct gj_txn *txn, uint64_t id, const char *text)
{
    struct gj_key key = gj_key_of_u64(id);
    struct gj_value value;
    assert_true(gj_txn_get(txn, T, &key, &value));
    assert_int_equal(value.len, strlen(text));
    assert_memory_equal(value.data, text, value.len);
}

static void rows_survive_commit_and_reopening(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    assert_true(gj_txn_is_write(txn));
    put_text(txn, 1, "one");
    put_text(txn, 2, "two");
    put_text(txn, 1, "first");
    assert_int_equal(gj_txn_writes(txn), 3);
    fixture_commit(txn);
    fixture_reopen(f);
    txn = fixture_read(f);
    expect_text(txn, 1, "first");
    expect_text(txn, 2, "two");
    assert_int_equal(gj_txn_count(txn, T), 2);
    struct gj_value key, value;
    assert_true(gj_txn_last(txn, T, &key, &value));
    assert_memory_equal(value.data, "two", 3);
    assert_true(gj_txn_first(txn, T, &key, &value));
    assert_memory_equal(value.data, "first", 5);
    assert_false(gj_txn_last(txn, GJ_TABLE_DUE, &key, &value));
    check_ok(gj_txn_commit(txn));
}

static void an_aborted_transaction_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t before[32], after[32];
    fixture_digest(f, before);
    struct gj_txn *txn = fixture_write(f);
    put_text(txn, 1, "gone");
    struct gj_entry entry = fixture_entry(1);
    gj_entry_append(txn, &entry, "text", 4);
    gj_txn_abort(txn);
    fixture_digest(f, after);
    assert_memory_equal(before, after, 32);
    gj_txn_abort(NULL);
}

static void the_first_error_sticks(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    put_text(txn, 5, "five");
    struct gj_key low = gj_key_of_u64(4);
    gj_txn_append(txn, T, &low, "below", 5);
    assert_int_equal(gj_txn_error(txn), GJ_EEXIST);
    uint64_t writes = gj_txn_writes(txn);
    put_text(txn, 6, "ignored");
    gj_txn_fail(txn, GJ_EIO);
    assert_int_equal(gj_txn_error(txn), GJ_EEXIST);
    assert_int_equal(gj_txn_writes(txn), writes);
    struct gj_value value;
    struct gj_key five = gj_key_of_u64(5);
    assert_false(gj_txn_get(txn, T, &five, &value));
    assert_null(value.data);
    assert_false(gj_txn_del(txn, T, &five));
    assert_null(gj_txn_reserve(txn, T, &five, 4));
    struct gj_iter iter;
    gj_iter_range(&iter, txn, T, NULL, NULL, GJ_FORWARD);
    assert_false(gj_iter_next(&iter));
    gj_iter_close(&iter);
    assert_int_equal(gj_txn_commit(txn), GJ_EEXIST);
    txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, T), 0);
    gj_txn_abort(txn);
}

static void a_bad_key_fails_the_transaction(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key;
    gj_key_init(&key);
    gj_key_text(&key, "a\0b", 3);
    gj_txn_put(txn, T, &key, "x", 1);
    assert_int_equal(gj_txn_error(txn), GJ_EINVAL);
    gj_txn_abort(txn);
    txn = fixture_read(f);
    gj_key_init(&key);
    assert_false(gj_txn_exists(txn, T, &key)); /* an empty key is of no row */
    assert_int_equal(gj_txn_error(txn), GJ_EINVAL);
    check_ok(gj_txn_renew(txn)); /* renewing clears the error */
    check_ok(gj_txn_error(txn));
    gj_txn_abort(txn);
}

static void a_snapshot_stays_until_it_is_renewed(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *reader = fixture_read(f);
    struct gj_txn *txn = fixture_write(f);
    put_text(txn, 1, "one");
    fixture_commit(txn);
    assert_int_equal(gj_txn_count(reader, T), 0);
    gj_txn_reset(reader);
    check_ok(gj_txn_renew(reader));
    expect_text(reader, 1, "one");
    check_ok(gj_txn_renew(reader)); /* without a reset before */
    expect_text(reader, 1, "one");
    gj_txn_abort(reader);
}

static void reserved_room_and_numbers(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key = gj_key_of_u64(3);
    memcpy(gj_txn_reserve(txn, T, &key, 4), "four", 4);
    struct gj_key next = gj_key_of_u64(4);
    memcpy(gj_txn_reserve_append(txn, T, &next, 4), "next", 4);
    struct gj_key name = gj_key_of_name("number");
    assert_int_equal(gj_txn_get_u64(txn, GJ_TABLE_SETTING, &name), 0);
    gj_txn_put_u64(txn, GJ_TABLE_SETTING, &name, UINT64_MAX - 1);
    assert_true(gj_txn_get_u64(txn, GJ_TABLE_SETTING, &name) == UINT64_MAX - 1);
    expect_text(txn, 3, "four");
    assert_true(gj_txn_del(txn, T, &next));
    assert_false(gj_txn_del(txn, T, &next));
    fixture_commit(txn);
    txn = fixture_read(f);
    assert_true(gj_txn_exists(txn, T, &key));
    assert_false(gj_txn_exists(txn, T, &next));
    assert_int_equal(gj_txn_get_u64(txn, T, &key), 0);
    assert_int_equal(gj_txn_error(txn), GJ_ECORRUPT); /* four bytes are no number */
    gj_txn_abort(txn);
}

/* ---- iterators ---- */

static struct gj_key pair(uint32_t office, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, office);
    gj_key_u64(&key, id);
    return key;
}

static void fill(struct fixture *f)
{
    struct gj_txn *txn = fixture_write(f);
    for (uint32_t office = 1; office <= 3; office++) {
        for (uint64_t id = 1; id <= 50; id++) {
            struct gj_key key = pair(office, id * 10);
            gj_txn_put(txn, GJ_TABLE_WORK, &key, &id, sizeof id);
        }
    }
    fixture_commit(txn);
}

static uint64_t id_of(const struct gj_iter *iter)
{
    struct gj_key_reader reader = gj_key_read(iter->key.data, iter->key.len);
    (void)gj_key_read_u32(&reader);
    uint64_t id = gj_key_read_u64(&reader);
    assert_true(gj_key_read_done(&reader));
    return id;
}

static void a_prefix_gives_its_rows_both_ways(void **state)
{
    struct fixture *f = *state;
    fill(f);
    for (int write = 0; write < 2; write++) {
        struct gj_txn *txn = write ? fixture_write(f) : fixture_read(f);
        for (uint32_t office = 0; office <= 4; office++) {
            struct gj_key prefix;
            gj_key_init(&prefix);
            gj_key_u32(&prefix, office);
            uint64_t expected = office >= 1 && office <= 3 ? 50 : 0;
            for (int back = 0; back < 2; back++) {
                struct gj_iter iter;
                uint64_t count = 0;
                gj_iter_prefix(&iter, txn, GJ_TABLE_WORK, &prefix, back ? GJ_BACKWARD : GJ_FORWARD);
                while (gj_iter_next(&iter)) {
                    count++;
                    assert_int_equal(id_of(&iter), back ? (51 - count) * 10 : count * 10);
                }
                assert_false(gj_iter_next(&iter));
                gj_iter_close(&iter);
                gj_iter_close(&iter);
                assert_int_equal(count, expected);
            }
        }
        check_ok(gj_txn_error(txn));
        gj_txn_abort(txn);
    }
}

static uint64_t count_range(
    struct gj_txn *txn, const struct gj_key *low, const struct gj_key *high, enum gj_direction direction)
{
    struct gj_iter iter;
    uint64_t count = 0;
    gj_iter_range(&iter, txn, GJ_TABLE_WORK, low, high, direction);
    while (gj_iter_next(&iter)) {
        count++;
    }
    gj_iter_close(&iter);
    return count;
}

static void ranges_take_low_and_leave_high(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct gj_txn *txn = fixture_read(f);
    struct gj_key low = pair(1, 100), high = pair(1, 200), after = low, above = pair(9, 9), zero;
    gj_key_after(&after);
    gj_key_init(&zero);
    for (int back = 0; back < 2; back++) {
        enum gj_direction way = back ? GJ_BACKWARD : GJ_FORWARD;
        assert_int_equal(count_range(txn, &low, &high, way), 10);
        assert_int_equal(count_range(txn, &after, &high, way), 9);
        assert_int_equal(count_range(txn, &low, NULL, way), 141);
        assert_int_equal(count_range(txn, NULL, &high, way), 19);
        assert_int_equal(count_range(txn, NULL, NULL, way), 150);
        assert_int_equal(count_range(txn, NULL, &above, way), 150);
        assert_int_equal(count_range(txn, &above, NULL, way), 0);
        assert_int_equal(count_range(txn, &high, &low, way), 0);
        assert_int_equal(count_range(txn, NULL, &zero, way), 0);
    }
    gj_txn_abort(txn);
}

static void pages_join_without_gap_or_repeat(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct gj_txn *txn = fixture_read(f);
    struct gj_key low;
    gj_key_init(&low);
    uint64_t seen = 0;
    for (bool more = true; more;) {
        struct gj_iter iter;
        gj_iter_range(&iter, txn, GJ_TABLE_WORK, &low, NULL, GJ_FORWARD);
        more = false;
        for (unsigned n = 0; n < 7 && (more = gj_iter_next(&iter)); n++) {
            seen++;
            low = gj_key_of_bytes(iter.key.data, iter.key.len);
        }
        gj_key_after(&low);
        gj_iter_close(&iter);
    }
    assert_int_equal(seen, 150);
    gj_txn_abort(txn);
}

static void a_walk_may_change_what_it_walks(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct gj_txn *txn = fixture_write(f);
    struct gj_key prefix;
    gj_key_init(&prefix);
    gj_key_u32(&prefix, 2);
    for (int back = 0; back < 2; back++) {
        struct gj_iter iter;
        uint64_t count = 0;
        gj_iter_prefix(&iter, txn, GJ_TABLE_WORK, &prefix, back ? GJ_BACKWARD : GJ_FORWARD);
        while (gj_iter_next(&iter)) {
            uint64_t id = id_of(&iter);
            count++;
            if (!back) { /* every row goes, and one beside it comes that must not be met */
                struct gj_key old = pair(2, id), fresh = pair(2, id - 5);
                assert_true(gj_txn_del(txn, GJ_TABLE_WORK, &old));
                gj_txn_put(txn, GJ_TABLE_WORK, &fresh, "new", 3);
            } else {
                assert_int_equal(id % 10, 5);
                struct gj_key old = pair(2, id);
                assert_true(gj_txn_del(txn, GJ_TABLE_WORK, &old));
            }
        }
        gj_iter_close(&iter);
        assert_int_equal(count, 50);
    }
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_WORK), 100);
    fixture_commit(txn);
}

/* A model of a table beside the table: the same random changes must give the same rows. */
static void random_changes_agree_with_a_model(void **state)
{
    struct fixture *f = *state;
    enum { ROWS = 512 };
    static uint8_t model[ROWS];
    memset(model, 0, sizeof model);
    srand(20260105);
    for (unsigned batch = 0; batch < 40; batch++) {
        uint8_t tried[ROWS];
        memcpy(tried, model, sizeof tried);
        struct gj_txn *txn = fixture_write(f);
        for (unsigned n = 0; n < 60; n++) {
            unsigned id = (unsigned)rand() % ROWS;
            struct gj_key key = gj_key_of_u64(id);
            if (rand() % 3 == 0) {
                assert_int_equal(gj_txn_del(txn, T, &key), tried[id] != 0);
                tried[id] = 0;
            } else {
                tried[id] = (uint8_t)(1 + rand() % 255);
                memset(gj_txn_reserve(txn, T, &key, tried[id] * 9u), tried[id], tried[id] * 9u);
            }
        }
        if (rand() % 4 == 0) {
            gj_txn_abort(txn);
        } else {
            fixture_commit(txn);
            memcpy(model, tried, sizeof model);
        }
        txn = fixture_read(f);
        for (unsigned id = 0; id < ROWS; id++) {
            struct gj_key key = gj_key_of_u64(id);
            struct gj_value value;
            assert_int_equal(gj_txn_get(txn, T, &key, &value), model[id] != 0);
            assert_int_equal(value.len, model[id] * 9u);
            assert_true(value.len == 0 || value.data[value.len - 1] == model[id]);
        }
        gj_txn_abort(txn);
    }
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(rows_survive_commit_and_reopening),
        T_ROW(an_aborted_transaction_leaves_nothing),
        T_ROW(the_first_error_sticks),
        T_ROW(a_bad_key_fails_the_transaction),
        T_ROW(a_snapshot_stays_until_it_is_renewed),
        T_ROW(reserved_room_and_numbers),
        T_ROW(a_prefix_gives_its_rows_both_ways),
        T_ROW(ranges_take_low_and_leave_high),
        T_ROW(pages_join_without_gap_or_repeat),
        T_ROW(a_walk_may_change_what_it_walks),
        T_ROW(random_changes_agree_with_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
