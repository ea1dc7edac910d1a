#include "tests/store/fixture.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit_tree.h"

/* The definition of RFC 6962 as it is written there: the tree of n leaves splits at the largest power of two below n.
 */
static struct gj_tree_hash naive_root(const struct gj_tree_hash *leaves, uint64_t n)
{
    if (n == 1) {
        return leaves[0];
    }
    uint64_t split = 1;
    while (split * 2 < n) {
        split *= 2;
    }
    struct gj_tree_hash left = naive_root(leaves, split);
    struct gj_tree_hash right = naive_root(leaves + split, n - split);
    return gj_tree_node(&left, &right);
}

static void expect_root(struct gj_txn *txn, const struct gj_tree_hash *leaves, uint64_t n)
{
    struct gj_tree_hash root, expected;
    check_ok(gj_tree_root(txn, &root));
    assert_int_equal(gj_tree_size(txn), n);
    if (n == 0) {
        crypto_hash_sha256(expected.bytes, NULL, 0);
    } else {
        expected = naive_root(leaves, n);
    }
    assert_memory_equal(root.bytes, expected.bytes, sizeof root);
}

static void append(struct gj_txn *txn, uint64_t index, struct gj_tree_hash *leaf)
{
    struct gj_entry entry = fixture_entry((uint32_t)(index % 9));
    entry.subject = index * 31;
    assert_int_equal(gj_entry_append(txn, &entry, "t", index % 2), index);
    uint8_t bytes[GJ_ENTRY_MAX];
    *leaf = gj_tree_leaf(bytes, gj_entry_encode(&entry, bytes));
}

/* The published vector of the empty and the one-leaf tree, and of two nodes. */
static void hashes_are_those_of_rfc_6962(void **state)
{
    (void)state;
    static const char leaf_hex[] = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"; /* leaf "" */
    char hex[65];
    struct gj_tree_hash leaf = gj_tree_leaf("", 0);
    assert_string_equal(sodium_bin2hex(hex, sizeof hex, leaf.bytes, 32), leaf_hex);
    uint8_t bytes[65] = {1};
    memcpy(bytes + 1, leaf.bytes, 32);
    memcpy(bytes + 33, leaf.bytes, 32);
    uint8_t expected[32];
    crypto_hash_sha256(expected, bytes, sizeof bytes);
    struct gj_tree_hash node = gj_tree_node(&leaf, &leaf);
    assert_memory_equal(node.bytes, expected, 32);
}

static void every_size_up_to_1100_has_the_right_root(void **state)
{
    struct fixture *f = *state;
    enum { N = 1100 };
    static struct gj_tree_hash leaves[N];
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t n = 0; n < N; n++) {
        expect_root(txn, leaves, n); /* inside the transaction that grows it */
        append(txn, n, &leaves[n]);
        if (n % 97 == 0) { /* and after commits, from the row */
            fixture_commit(txn);
            txn = fixture_read(f);
            expect_root(txn, leaves, n + 1);
            gj_txn_abort(txn);
            if (n % 2 == 0) {
                fixture_reopen(f);
            }
            txn = fixture_write(f);
        }
    }
    fixture_commit(txn);
    txn = fixture_read(f);
    for (uint64_t n = 1; n <= N; n++) { /* what the tree was at every size */
        struct gj_tree_hash then, expected = naive_root(leaves, n);
        check_ok(gj_tree_root_at(txn, n, &then));
        assert_memory_equal(then.bytes, expected.bytes, sizeof then);
    }
    struct gj_tree_hash hash;
    assert_int_equal(gj_tree_root_at(txn, N + 1, &hash), GJ_ENOTFOUND);
    assert_int_equal(gj_tree_subtree(txn, 11, 0, &hash), GJ_ENOTFOUND);
    assert_int_equal(gj_tree_subtree(txn, 64, 0, &hash), GJ_ENOTFOUND);
    gj_txn_abort(txn);
}

/* Large enough for a second level of tiles to fill: 65,536 leaves and some. */
static void tiles_of_two_levels_agree(void **state)
{
    struct fixture *f = *state;
    enum { N = 66000 };
    struct gj_tree_hash *leaves = malloc(N * sizeof *leaves);
    assert_non_null(leaves);
    for (uint64_t n = 0; n < N;) {
        struct gj_txn *txn = fixture_write(f);
        for (unsigned i = 0; i < 1000 && n < N; i++, n++) {
            append(txn, n, &leaves[n]);
        }
        fixture_commit(txn);
    }
    fixture_reopen(f);
    struct gj_txn *txn = fixture_read(f);
    expect_root(txn, leaves, N);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_TILE), 2 + 1); /* leaves have no rows */
    struct gj_tree_hash tile[GJ_TREE_TILE];
    unsigned count = 0;
    for (uint64_t number = 0; number <= N / 256; number++) {
        check_ok(gj_tree_tile(txn, 0, number, tile, &count));
        assert_int_equal(count, number < N / 256 ? 256 : N % 256);
        assert_memory_equal(tile, leaves + number * 256, count * sizeof tile[0]);
    }
    check_ok(gj_tree_tile(txn, 1, 0, tile, &count));
    assert_int_equal(count, 256);
    struct gj_tree_hash below = naive_root(leaves + 200 * 256, 256);
    assert_memory_equal(&tile[200], &below, sizeof below);
    check_ok(gj_tree_tile(txn, 1, 1, tile, &count));
    assert_int_equal(count, N / 256 - 256);
    check_ok(gj_tree_tile(txn, 2, 0, tile, &count));
    assert_int_equal(count, 1);
    below = naive_root(leaves, 65536);
    assert_memory_equal(&tile[0], &below, sizeof below);
    check_ok(gj_tree_tile(txn, 3, 0, tile, &count));
    assert_int_equal(count, 0);
    check_ok(gj_tree_tile(txn, 9, 0, tile, &count));
    assert_int_equal(count, 0);
    srand(11);
    for (unsigned round = 0; round < 40; round++) {
        uint64_t size = 1 + (uint64_t)rand() % N;
        struct gj_tree_hash then, expected = naive_root(leaves, size);
        check_ok(gj_tree_root_at(txn, size, &then));
        assert_memory_equal(then.bytes, expected.bytes, sizeof then);
    }
    for (unsigned height = 0; height <= 16; height++) {
        uint64_t index = (uint64_t)rand() % ((uint64_t)N >> height);
        struct gj_tree_hash node, expected = naive_root(leaves + (index << height), UINT64_C(1) << height);
        check_ok(gj_tree_subtree(txn, height, index, &node));
        assert_memory_equal(node.bytes, expected.bytes, sizeof node);
    }
    gj_txn_abort(txn);
    free(leaves);
}

static void an_aborted_batch_leaves_the_tree(void **state)
{
    struct fixture *f = *state;
    static struct gj_tree_hash leaves[600];
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t n = 0; n < 250; n++) {
        append(txn, n, &leaves[n]);
    }
    fixture_commit(txn);
    for (unsigned round = 0; round < 3; round++) {
        txn = fixture_write(f); /* crosses the border of a tile, then fails */
        for (uint64_t n = 250; n < 520; n++) {
            append(txn, n, &leaves[n]);
        }
        expect_root(txn, leaves, 520);
        if (round == 1) {
            gj_txn_fail(txn, GJ_EFULL);
            assert_int_equal(gj_txn_commit(txn), GJ_EFULL);
        } else {
            gj_txn_abort(txn);
        }
        txn = fixture_read(f);
        expect_root(txn, leaves, 250);
        assert_int_equal(gj_txn_count(txn, GJ_TABLE_TILE), 0);
        assert_int_equal(gj_txn_count(txn, GJ_TABLE_ENTRY_BLOCK), 0);
        gj_txn_abort(txn);
    }
    txn = fixture_write(f);
    for (uint64_t n = 250; n < 600; n++) {
        append(txn, n, &leaves[n]);
    }
    fixture_commit(txn);
    txn = fixture_read(f);
    expect_root(txn, leaves, 600);
    gj_txn_abort(txn);
}

static void a_lost_tile_is_told(void **state)
{
    struct fixture *f = *state;
    static struct gj_tree_hash leaves[300];
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t n = 0; n < 300; n++) {
        append(txn, n, &leaves[n]);
    }
    struct gj_value key, value;
    assert_true(gj_txn_first(txn, GJ_TABLE_TILE, &key, &value));
    struct gj_key tile_key = gj_key_of_bytes(key.data, key.len);
    assert_true(gj_txn_del(txn, GJ_TABLE_TILE, &tile_key));
    fixture_commit(txn);
    txn = fixture_read(f);
    struct gj_tree_hash hash;
    assert_int_equal(gj_tree_root_at(txn, 256, &hash), GJ_ECORRUPT);
    gj_txn_abort(txn);
}

/* Any row of log or tree changed behind our back is found by computing everything anew. */
static void a_full_check_finds_every_change(void **state)
{
    struct fixture *f = *state;
    enum { N = 1400 };
    static struct gj_tree_hash leaves[N];
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t n = 0; n < N; n++) {
        append(txn, n, &leaves[n]);
    }
    fixture_commit(txn);
    uint64_t bad = 0;
    txn = fixture_read(f);
    check_ok(gj_tree_check(txn, &bad));
    gj_txn_abort(txn);
    struct gj_key tile1 = gj_key_of_bytes("\1\0\0\0\0\0\0\0\0", 9);
    struct gj_key entry = gj_key_of_u64(700), edge = gj_key_of_name("tree"), last = gj_key_of_u64(N - 1);
    const struct {
        enum gj_table table;
        const struct gj_key *key;
        size_t at;
        uint64_t bad;
    } changes[] = {
        {GJ_TABLE_TILE, &tile1, 32 * 2, 2 * 256},
        {GJ_TABLE_ENTRY, &entry, 5, 2 * 256},
        {GJ_TABLE_HOT, &edge, 20, N},
        {GJ_TABLE_ENTRY, &last, 5, N},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        txn = fixture_write(f);
        struct gj_value row;
        assert_true(gj_txn_get(txn, changes[i].table, changes[i].key, &row));
        uint8_t *bytes = malloc(row.len);
        size_t len = row.len;
        memcpy(bytes, row.data, len);
        bytes[changes[i].at] ^= 1;
        gj_txn_put(txn, changes[i].table, changes[i].key, bytes, len);
        assert_int_equal(gj_tree_check(txn, &bad), GJ_ECORRUPT);
        assert_int_equal(bad, changes[i].bad);
        free(bytes);
        gj_txn_abort(txn);
    }
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_rfc_6962),
        T_ROW(every_size_up_to_1100_has_the_right_root),
        T_ROW(tiles_of_two_levels_agree),
        T_ROW(an_aborted_batch_leaves_the_tree),
        T_ROW(a_lost_tile_is_told),
        T_ROW(a_full_check_finds_every_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
