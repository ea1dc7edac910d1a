#include "tests/store/fixture.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* An entry with every part set, all values different. */
static struct gj_entry full_entry(void)
{
    struct gj_entry entry = fixture_entry(0x01020304);
    entry.means = 3;
    entry.epoch = 1;
    entry.index = 900;
    entry.previous = 899;
    entry.has_stated_at = entry.has_acting_for = entry.has_second = entry.has_request_key = entry.has_text = true;
    entry.has_change = entry.has_reason = entry.has_related = entry.has_value = entry.has_object = true;
    entry.stated_at = 1767570000000;
    entry.acting_for = 0x1111;
    entry.second = 0x2222;
    memset(entry.request_key, 0x33, sizeof entry.request_key);
    memset(entry.text, 0x44, sizeof entry.text);
    memset(entry.change, 0x55, sizeof entry.change);
    check_ok(gj_entry_word(&entry.reason, "owner-absent"));
    entry.related_kind = 7;
    entry.related = 0x6666;
    entry.value = -2;
    memset(entry.object, 0x77, sizeof entry.object);
    return entry;
}

/* The bytes of the layout, written out by hand: they are in proofs and can never change. */
static void the_layout_is_frozen(void **state)
{
    (void)state;
    static const char hex[] = "01"                     /* version */
                              "03"                     /* means */
                              "0002"                   /* type */
                              "000003ff"               /* parts */
                              "0000000000000384"       /* index */
                              "0000019b8bab06fb"       /* recorded at */
                              "00000001"               /* epoch */
                              "01020304"               /* office */
                              "0000000000000005"       /* actor */
                              "0000000000000006"       /* device */
                              "000000000000004d"       /* subject */
                              "00000003"               /* revision */
                              "00000301"               /* call */
                              "00000001"               /* policy */
                              "0001"                   /* kind of the subject */
                              "0000000000000383"       /* previous */
                              "0a746563686e696369616e" /* role */
                              "06616363657074"         /* action */
                              "0861737369676e6564"     /* from */
                              "086163636570746564"     /* to */
                              "0000019b8b61c880"       /* stated at */
                              "0000000000001111"       /* acting for */
                              "0000000000002222"       /* second */
                              "33333333333333333333333333333333"
                              "4444444444444444444444444444444444444444444444444444444444444444"
                              "5555555555555555555555555555555555555555555555555555555555555555"
                              "0c6f776e65722d616273656e74" /* reason */
                              "00070000000000006666"       /* related */
                              "fffffffffffffffe"           /* value */
                              "7777777777777777777777777777777777777777777777777777777777777777";
    uint8_t expected[GJ_ENTRY_MAX], bytes[GJ_ENTRY_MAX];
    size_t expected_len = 0;
    assert_int_equal(sodium_hex2bin(expected, sizeof expected, hex, sizeof hex - 1, NULL, &expected_len, NULL), 0);
    struct gj_entry entry = full_entry();
    size_t len = gj_entry_encode(&entry, bytes);
    assert_int_equal(len, expected_len);
    assert_memory_equal(bytes, expected, len);
}

static void every_choice_of_parts_comes_back(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 1024; mask++) {
        struct gj_entry entry = full_entry();
        bool *const flags[] = {&entry.has_stated_at, &entry.has_acting_for, &entry.has_second, &entry.has_request_key,
            &entry.has_text, &entry.has_change, &entry.has_reason, &entry.has_related, &entry.has_value,
            &entry.has_object};
        for (unsigned i = 0; i < 10; i++) {
            *flags[i] = (mask >> i & 1) != 0;
        }
        uint8_t bytes[GJ_ENTRY_MAX + 5], again[GJ_ENTRY_MAX];
        size_t len = gj_entry_encode(&entry, bytes);
        memset(bytes + len, 0xaa, 5); /* the sealed text behind it */
        struct gj_entry back;
        size_t size = 0;
        check_ok(gj_entry_decode(bytes, len + 5, &back, &size));
        assert_int_equal(size, len);
        assert_int_equal(gj_entry_encode(&back, again), len);
        assert_memory_equal(again, bytes, len);
        assert_string_equal(back.to.text, "accepted");
        assert_int_equal(back.has_value, (mask >> 8 & 1) != 0);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(gj_entry_decode(bytes, cut, &back, &size), GJ_EINVAL);
        }
    }
}

/* Whatever is accepted must be canonical; flips of single bits show both sides. */
static void what_is_accepted_is_canonical(void **state)
{
    (void)state;
    struct gj_entry entry = full_entry();
    uint8_t good[GJ_ENTRY_MAX];
    size_t len = gj_entry_encode(&entry, good);
    unsigned refused = 0, accepted = 0;
    for (size_t bit = 0; bit < len * 8; bit++) {
        uint8_t bytes[GJ_ENTRY_MAX], again[GJ_ENTRY_MAX];
        memcpy(bytes, good, len);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        struct gj_entry back;
        size_t size = 0;
        if (gj_entry_decode(bytes, len, &back, &size) != GJ_OK) {
            refused++;
            continue;
        }
        accepted++;
        assert_int_equal(gj_entry_encode(&back, again), size);
        assert_memory_equal(again, bytes, size);
    }
    assert_true(refused > 100);
    assert_true(accepted > 500);
}

static void wrong_entries_are_refused(void **state)
{
    (void)state;
    struct gj_entry entry = full_entry(), back;
    uint8_t bytes[GJ_ENTRY_MAX];
    size_t size = 0;
    size_t len = gj_entry_encode(&entry, bytes);
    bytes[0] = 2;
    assert_int_equal(gj_entry_decode(bytes, len, &back, &size), GJ_EINVAL); /* another version */
    bytes[0] = 1;
    bytes[6] = 0x04 | bytes[6];
    assert_int_equal(gj_entry_decode(bytes, len, &back, &size), GJ_EINVAL); /* a part nobody knows */
    entry.previous = entry.index;
    len = gj_entry_encode(&entry, bytes);
    assert_int_equal(gj_entry_decode(bytes, len, &back, &size), GJ_EINVAL); /* linked to itself */
    entry.previous = GJ_ENTRY_NONE;
    strcpy(entry.to.text, "a b");
    len = gj_entry_encode(&entry, bytes);
    assert_int_equal(gj_entry_decode(bytes, len, &back, &size), GJ_EINVAL); /* a space in a word */
}

static void words_hold_codes_only(void **state)
{
    (void)state;
    struct gj_entry_word word;
    check_ok(gj_entry_word(&word, "WAT-01.b_c:d+e"));
    check_ok(gj_entry_word(&word, ""));
    check_ok(gj_entry_word(&word, "12345678901234567890123456789012"));
    assert_int_equal(gj_entry_word(&word, "123456789012345678901234567890123"), GJ_EINVAL);
    assert_int_equal(gj_entry_word(&word, "王先生"), GJ_EINVAL);
    assert_int_equal(gj_entry_word(&word, "two words"), GJ_EINVAL);
    assert_int_equal(strlen(word.text), 32);
}

static void the_digest_of_a_change_is_as_written(void **state)
{
    (void)state;
    struct gj_entry entry = fixture_entry(1);
    struct gj_entry_change change;
    gj_entry_change_init(&change);
    gj_entry_change_final(&change, &entry);
    assert_false(entry.has_change);
    gj_entry_change_init(&change);
    gj_entry_change_add(&change, "place", "3-201", 5);
    gj_entry_change_add(&change, "x", NULL, 0);
    gj_entry_change_final(&change, &entry);
    assert_true(entry.has_change);
    static const uint8_t bytes[] = "\0\5place\0\0\0\0053-201\0\1x\0\0\0\0";
    uint8_t hash[32];
    crypto_hash_sha256(hash, bytes, sizeof bytes - 1);
    assert_memory_equal(entry.change, hash, 32);
}

/* ---- the log ---- */

static uint64_t append(struct fixture *f, uint32_t office, const char *text)
{
    struct gj_txn *txn = fixture_write(f);
    struct gj_entry entry = fixture_entry(office);
    uint64_t index = gj_entry_append(txn, &entry, text, strlen(text));
    assert_int_equal(entry.index, index);
    assert_int_equal(entry.epoch, 1);
    fixture_commit(txn);
    return index;
}

static void entries_get_ascending_numbers(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(append(f, 1, "sealed"), 0);
    fixture_reopen(f);
    assert_int_equal(append(f, 2, ""), 1);
    struct gj_txn *txn = fixture_read(f);
    assert_int_equal(gj_txn_events(txn), 2);
    struct gj_entry_row row;
    assert_true(gj_entry_get(txn, 0, &row));
    assert_int_equal(row.text.len, 6);
    assert_memory_equal(row.text.data, "sealed", 6);
    struct gj_entry entry;
    size_t size = 0;
    check_ok(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size));
    assert_int_equal(size, row.bytes.len);
    assert_int_equal(entry.office, 1);
    assert_true(gj_entry_get(txn, 1, &row));
    assert_int_equal(row.text.len, 0);
    assert_false(gj_entry_get(txn, 2, &row));
    check_ok(gj_txn_commit(txn));
}

static void an_entry_that_breaks_the_rules_fails_the_transaction(void **state)
{
    struct fixture *f = *state;
    struct gj_entry wrong[3] = {fixture_entry(1), fixture_entry(1), fixture_entry(1)};
    wrong[0].previous = 0; /* the first entry has none before it */
    wrong[1].type = 0;
    memcpy(wrong[2].action.text, "A B", 4);
    for (unsigned i = 0; i < 3; i++) {
        struct gj_txn *txn = fixture_write(f);
        gj_entry_append(txn, &wrong[i], NULL, 0);
        assert_int_equal(gj_txn_commit(txn), GJ_EINVAL);
    }
    assert_int_equal(append(f, 1, ""), 0);
}

/* 5,000 entries of 40 offices of which each block of 256 holds only some. */
static uint32_t office_of(uint64_t index)
{
    return (uint32_t)(index / 500 * 4 + index % 4);
}

static void fill_log(struct fixture *f, uint64_t count)
{
    for (uint64_t done = 0; done < count;) {
        struct gj_txn *txn = fixture_write(f);
        for (unsigned n = 0; n < 73 && done < count; n++, done++) {
            struct gj_entry entry = fixture_entry(office_of(done));
            gj_entry_append(txn, &entry, NULL, 0);
        }
        fixture_commit(txn);
    }
}

static void check_walk(struct gj_txn *txn, uint32_t office, uint64_t after, uint64_t upto, uint64_t count)
{
    struct gj_entry_walk walk;
    uint64_t budget = UINT64_MAX;
    uint64_t index = after + 1;
    gj_entry_walk_open(&walk, txn, office, false, after, upto);
    for (;; index++) {
        while (index <= upto && index < count && office != GJ_ENTRY_EVERY_OFFICE && office_of(index) != office) {
            index++;
        }
        if (index > upto || index >= count) {
            break;
        }
        assert_true(gj_entry_walk_next(&walk, &budget));
        assert_int_equal(walk.row.index, index);
    }
    assert_false(gj_entry_walk_next(&walk, &budget));
    gj_entry_walk_close(&walk);
    check_ok(gj_txn_error(txn));
}

static void a_walk_finds_exactly_the_entries_of_its_office(void **state)
{
    struct fixture *f = *state;
    const uint64_t count = 5000;
    fill_log(f, count);
    fixture_reopen(f);
    struct gj_txn *txn = fixture_read(f);
    srand(7);
    for (unsigned round = 0; round < 200; round++) {
        uint64_t after = (uint64_t)rand() % (count + 5);
        uint64_t upto = (uint64_t)rand() % (count + 300);
        check_walk(txn, (uint32_t)(rand() % 45), after, upto, count);
    }
    check_walk(txn, GJ_ENTRY_EVERY_OFFICE, 10, 4999, count);
    check_walk(txn, 3, UINT64_MAX - 1, UINT64_MAX, count);
    gj_txn_abort(txn);
}

static void a_walk_skips_blocks_and_keeps_its_budget(void **state)
{
    struct fixture *f = *state;
    fill_log(f, 5000);
    struct gj_txn *txn = fixture_read(f);
    struct gj_entry_walk walk;
    uint64_t budget = UINT64_MAX, found = 0;
    gj_entry_walk_open(&walk, txn, 0, true, 0, UINT64_MAX); /* office 0 is in entries 0 … 499 only */
    while (gj_entry_walk_next(&walk, &budget)) {
        found++;
    }
    assert_int_equal(found, 125);
    assert_true(walk.visited < 512 + 18 + 136); /* two blocks, the others once, the open one in full */
    gj_entry_walk_close(&walk);

    found = 0;
    uint64_t rounds = 0;
    gj_entry_walk_open(&walk, txn, 0, true, 0, UINT64_MAX);
    for (bool more = true; more; rounds++) {
        budget = 10;
        while (gj_entry_walk_next(&walk, &budget)) {
            found++;
        }
        more = walk.next <= walk.upto;
    }
    assert_int_equal(found, 125);
    assert_true(rounds > 50);
    gj_entry_walk_close(&walk);
    gj_txn_abort(txn);
}

static void a_changed_row_is_told(void **state)
{
    struct fixture *f = *state;
    fill_log(f, 300);
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key = gj_key_of_u64(299);
    struct gj_value row;
    assert_true(gj_txn_get(txn, GJ_TABLE_ENTRY, &key, &row));
    uint8_t bytes[GJ_ENTRY_MAX];
    size_t len = row.len;
    memcpy(bytes, row.data, len);
    bytes[6] ^= 1; /* the last entry becomes one of another time */
    gj_txn_put(txn, GJ_TABLE_ENTRY, &key, bytes, len);
    fixture_commit(txn);
    fixture_reopen(f);
    txn = fixture_write(f);
    struct gj_entry entry = fixture_entry(1);
    gj_entry_append(txn, &entry, NULL, 0);
    assert_int_equal(gj_txn_commit(txn), GJ_ECORRUPT);
}

static void a_hole_in_the_log_is_told(void **state)
{
    struct fixture *f = *state;
    fill_log(f, 300);
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key = gj_key_of_u64(20);
    assert_true(gj_txn_del(txn, GJ_TABLE_ENTRY, &key));
    fixture_commit(txn);
    txn = fixture_read(f);
    struct gj_entry_walk walk;
    uint64_t budget = 1000;
    gj_entry_walk_open(&walk, txn, GJ_ENTRY_EVERY_OFFICE, true, 0, 299);
    while (gj_entry_walk_next(&walk, &budget)) {
        assert_true(walk.row.index < 20);
    }
    assert_int_equal(gj_txn_error(txn), GJ_ECORRUPT);
    gj_entry_walk_close(&walk);
    gj_txn_abort(txn);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_frozen),
        cmocka_unit_test(every_choice_of_parts_comes_back),
        cmocka_unit_test(what_is_accepted_is_canonical),
        cmocka_unit_test(wrong_entries_are_refused),
        cmocka_unit_test(words_hold_codes_only),
        cmocka_unit_test(the_digest_of_a_change_is_as_written),
        T_ROW(entries_get_ascending_numbers),
        T_ROW(an_entry_that_breaks_the_rules_fails_the_transaction),
        T_ROW(a_walk_finds_exactly_the_entries_of_its_office),
        T_ROW(a_walk_skips_blocks_and_keeps_its_budget),
        T_ROW(a_changed_row_is_told),
        T_ROW(a_hole_in_the_log_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
