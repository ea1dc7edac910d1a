#include "tests/store/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "store/pages.h"

static int setup(void **state)
{
    fixture_setup_empty(state);
    struct fixture *f = *state;
    f->options.create = true;
    f->options.pages_every = 1;
    fixture_open(f);
    f->options.create = false;
    return 0;
}

static void put_row(struct gj_txn *txn, uint64_t id, size_t len)
{
    struct gj_key key = gj_key_of_u64(id);
    memset(gj_txn_reserve(txn, GJ_TABLE_RECORD, &key, len), 1, len);
}

static void fill(struct fixture *f, uint64_t rows)
{
    for (uint64_t id = 0; id < rows;) {
        struct gj_txn *txn = fixture_write(f);
        for (unsigned n = 0; n < 500 && id < rows; n++, id++) {
            put_row(txn, id, 400);
        }
        fixture_commit(txn);
    }
    gj_pages_clear(f->store);
}

static struct gj_pages after(struct fixture *f)
{
    struct gj_pages pages;
    gj_pages_get(f->store, &pages);
    gj_pages_clear(f->store);
    uint64_t sum = pages.directory + pages.freelist;
    for (unsigned t = 0; t < GJ_TABLE_COUNT; t++) {
        sum += pages.table[t];
    }
    assert_int_equal(sum, pages.total);
    return pages;
}

/* One row of a tree of three levels costs its leaf and the pages above it. */
static void one_row_costs_its_path(void **state)
{
    struct fixture *f = *state;
    fill(f, 20000);
    for (unsigned round = 0; round < 20; round++) {
        struct gj_txn *txn = fixture_write(f);
        put_row(txn, (uint64_t)rand() % 20000, 400);
        fixture_commit(txn);
        struct gj_pages pages = after(f);
        assert_int_equal(pages.txns, 1);
        assert_int_equal(pages.table[GJ_TABLE_RECORD], 3);
        assert_int_equal(pages.table[GJ_TABLE_ENTRY], 0);
        assert_true(pages.directory >= 2 && pages.directory <= 4);
    }
}

/* Rows far from each other cost a leaf each, rows side by side share theirs: nine rows of 400 bytes fill a page. */
static void rows_that_are_neighbours_share_pages(void **state)
{
    struct fixture *f = *state;
    fill(f, 20000);
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t n = 0; n < 64; n++) {
        put_row(txn, n * 300, 400);
    }
    fixture_commit(txn);
    uint64_t far = after(f).table[GJ_TABLE_RECORD];
    assert_true(far >= 64 + 1 && far <= 64 + 30);
    txn = fixture_write(f);
    for (uint64_t n = 0; n < 64; n++) {
        put_row(txn, 10000 + n, 400);
    }
    fixture_commit(txn);
    uint64_t near = after(f).table[GJ_TABLE_RECORD];
    assert_true(near >= 7 + 2 && near <= 17 + 3);
}

static void large_rows_count_their_overflow(void **state)
{
    struct fixture *f = *state;
    fill(f, 100);
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, 50, 10 * 4096); /* 16 bytes of head make it eleven pages */
    fixture_commit(txn);
    assert_int_equal(after(f).table[GJ_TABLE_RECORD], 2 + 11);
    txn = fixture_write(f);
    put_row(txn, 51, 100); /* the large row is not touched */
    fixture_commit(txn);
    assert_int_equal(after(f).table[GJ_TABLE_RECORD], 2);
}

static void nothing_is_counted_for_reads_and_aborts(void **state)
{
    struct fixture *f = *state;
    fill(f, 100);
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, 1, 10);
    gj_txn_abort(txn);
    gj_txn_abort(fixture_read(f));
    txn = fixture_write(f); /* a commit without changes writes nothing */
    fixture_commit(txn);
    assert_int_equal(after(f).total, 0);
}

static void a_tree_that_grows_or_shrinks_is_counted_in_full(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t id = 0; id < 2000; id++) {
        struct gj_key key = gj_key_of_u64(id);
        gj_txn_append(txn, GJ_TABLE_RECORD, &key, "0123456789012345678901234567890123456789", 40);
    }
    fixture_commit(txn);
    /* 58 bytes a row with its head: 70 to a leaf, 29 leaves and their root. */
    assert_int_equal(after(f).table[GJ_TABLE_RECORD], 30);
    txn = fixture_write(f);
    for (uint64_t id = 3; id < 2000; id++) {
        struct gj_key key = gj_key_of_u64(id);
        assert_true(gj_txn_del(txn, GJ_TABLE_RECORD, &key));
    }
    fixture_commit(txn);
    assert_int_equal(after(f).table[GJ_TABLE_RECORD], 1);
}

static void only_every_nth_is_counted(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    f->options.pages_every = 4;
    fixture_open(f);
    gj_pages_clear(f->store);
    for (unsigned n = 0; n < 20; n++) {
        struct gj_txn *txn = fixture_write(f);
        put_row(txn, n, 10);
        fixture_commit(txn);
    }
    assert_int_equal(after(f).txns, 5);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(one_row_costs_its_path),
        T_ROW(rows_that_are_neighbours_share_pages),
        T_ROW(large_rows_count_their_overflow),
        T_ROW(nothing_is_counted_for_reads_and_aborts),
        T_ROW(a_tree_that_grows_or_shrinks_is_counted_in_full),
        T_ROW(only_every_nth_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
