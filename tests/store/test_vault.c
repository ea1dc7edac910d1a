#include "tests/store/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fail.h"

#define KIND 0x8001

static atomic_ullong last_added;

static struct gj_subject subject(uint64_t id)
{
    return (struct gj_subject){KIND, id};
}

static void add_office(struct fixture *f, uint32_t office)
{
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_office(gj_store_vault(f->store), office, &wrapped));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_office(txn, office, &wrapped);
    fixture_commit(txn);
}

static struct gj_vault_token token(struct fixture *f, enum gj_blind kind, uint32_t office, const char *text)
{
    struct gj_vault_token out;
    check_ok(gj_vault_token(gj_store_vault(f->store), kind, office, text, strlen(text), &out));
    return out;
}

/* A subject with a key, a phone and a surname; key gets the data key. */
static void add_subject(struct fixture *f, uint64_t id, uint32_t office, uint8_t key[32])
{
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_key(gj_store_vault(f->store), office, key, &wrapped));
    char phone[32];
    snprintf(phone, sizeof phone, "13800000%03u", (unsigned)id);
    struct gj_subject who = subject(id);
    struct gj_vault_token by_phone = token(f, GJ_BLIND_PHONE, office, phone);
    struct gj_vault_token by_name = token(f, GJ_BLIND_SURNAME, office, "王");
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_key(txn, &who, office, &wrapped);
    gj_vault_put_token(txn, &who, &by_phone);
    gj_vault_put_token(txn, &who, &by_name);
    fixture_commit(txn);
}

static void expect_key(struct fixture *f, uint64_t id, const uint8_t expected[32])
{
    uint8_t key[32];
    uint64_t key_id = 0;
    struct gj_subject who = subject(id);
    check_ok(gj_vault_key(gj_store_vault(f->store), &who, key, &key_id));
    assert_memory_equal(key, expected, 32);
    assert_true(key_id != 0);
}

static size_t find(struct fixture *f, const struct gj_vault_token *what, uint64_t *ids, size_t max, bool *more)
{
    struct gj_subject found[64];
    size_t count = 0;
    check_ok(gj_vault_find(gj_store_vault(f->store), what, found, max, &count, more));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].kind, KIND);
        ids[i] = found[i].id;
    }
    return count;
}

static void keys_come_back(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[3][32], key[32];
    struct gj_vault_wrapped wrapped;
    assert_int_equal(gj_vault_new_key(gj_store_vault(f->store), 1, key, &wrapped), GJ_ENOTFOUND);
    add_office(f, 1);
    add_office(f, 2);
    add_subject(f, 1, 1, keys[0]);
    add_subject(f, 2, 1, keys[1]);
    add_subject(f, 3, 2, keys[2]);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 3; i++) {
            expect_key(f, i + 1, keys[i]);
        }
        struct gj_subject nobody = subject(4);
        assert_int_equal(gj_vault_key(gj_store_vault(f->store), &nobody, key, NULL), GJ_ENOTFOUND);
        fixture_reopen(f);
    }
    assert_memory_not_equal(keys[0], keys[1], 32);
    struct gj_txn *txn = fixture_read(f);
    struct gj_subject one = subject(1), nobody = subject(4);
    assert_true(gj_vault_has_key(txn, &one));
    assert_false(gj_vault_has_key(txn, &nobody));
    gj_txn_abort(txn);
}

static void a_key_is_given_once(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32], other[32];
    add_office(f, 1);
    add_subject(f, 1, 1, key);
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_key(gj_store_vault(f->store), 1, other, &wrapped));
    struct gj_txn *txn = fixture_write(f);
    struct gj_subject who = subject(1);
    gj_vault_put_key(txn, &who, 1, &wrapped);
    assert_int_equal(gj_txn_commit(txn), GJ_EEXIST);
    expect_key(f, 1, key);
}

static void a_subject_moves_with_its_key(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32];
    add_office(f, 1);
    add_office(f, 2);
    add_subject(f, 1, 1, key);
    struct gj_subject who = subject(1);
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_wrap_for(gj_store_vault(f->store), &who, 2, &wrapped));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_rewrap(txn, &who, 2, &wrapped);
    fixture_commit(txn);
    fixture_reopen(f);
    expect_key(f, 1, key);
    txn = fixture_write(f);
    struct gj_subject nobody = subject(9);
    gj_vault_rewrap(txn, &nobody, 2, &wrapped);
    assert_int_equal(gj_txn_commit(txn), GJ_ENOTFOUND);
}

static void tokens_find_their_subjects(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32];
    uint64_t ids[64];
    bool more = false;
    add_office(f, 1);
    add_office(f, 2);
    for (uint64_t id = 1; id <= 20; id++) {
        add_subject(f, id, 1 + id % 2, key);
    }
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 77, "13800000007"); /* one salt for the company */
    assert_int_equal(find(f, &phone, ids, 64, &more), 1);
    assert_int_equal(ids[0], 7);
    struct gj_vault_token wang = token(f, GJ_BLIND_SURNAME, 1, "王");
    assert_int_equal(find(f, &wang, ids, 64, &more), 10);
    assert_int_equal(ids[0], 2);
    assert_int_equal(ids[9], 20);
    assert_false(more);
    assert_int_equal(find(f, &wang, ids, 4, &more), 4);
    assert_true(more);
    struct gj_vault_token elsewhere = token(f, GJ_BLIND_SURNAME, 2, "王");
    assert_memory_not_equal(wang.bytes, elsewhere.bytes, sizeof wang.bytes);
    struct gj_vault_token last = token(f, GJ_BLIND_PHONE_LAST, 1, "王");
    assert_memory_not_equal(wang.bytes, last.bytes, sizeof wang.bytes);
    struct gj_vault_token nobody = token(f, GJ_BLIND_PHONE, 1, "13900000000");
    assert_int_equal(find(f, &nobody, ids, 64, &more), 0);
    struct gj_vault_token out;
    assert_int_equal(gj_vault_token(gj_store_vault(f->store), (enum gj_blind)99, 1, "x", 1, &out), GJ_EINVAL);

    struct gj_txn *txn = fixture_write(f);
    struct gj_subject seven = subject(7);
    gj_vault_del_token(txn, &seven, &phone);
    gj_vault_del_token(txn, &seven, &phone);
    fixture_commit(txn);
    assert_int_equal(find(f, &phone, ids, 64, &more), 0);
    fixture_reopen(f);
    struct gj_vault_token again = token(f, GJ_BLIND_SURNAME, 1, "王");
    assert_memory_equal(again.bytes, wang.bytes, sizeof again.bytes); /* the index key is kept */
}

static void another_master_key_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    f->options.master_key[0] ^= 1;
    fixture_open_fails(f, GJ_ECRYPTO, "master key");
    f->options.master_key[0] ^= 1;
    fixture_open(f);
    uint8_t a[8], b[8], other[32] = {1};
    gj_vault_fingerprint(f->options.master_key, a);
    gj_vault_fingerprint(other, b);
    assert_memory_not_equal(a, b, 8);
}

static void the_cache_is_bounded_and_right(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[40][32];
    fixture_close(f);
    f->options.cache_keys = 7; /* office keys take room in it too */
    fixture_open(f);
    add_office(f, 1);
    for (uint64_t id = 0; id < 40; id++) {
        add_subject(f, id, 1, keys[id]);
    }
    srand(3);
    for (unsigned round = 0; round < 2000; round++) {
        unsigned id = (unsigned)rand() % (round % 3 == 0 ? 40 : 5);
        expect_key(f, id, keys[id]);
    }
}

/* ---- the two commits ---- */

static bool file_holds(const char *path, const uint8_t *needle, size_t len)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *bytes = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    bool found = memmem(bytes, (size_t)st.st_size, needle, len) != NULL;
    free(bytes);
    return found;
}

/* What a crash between the vault's commit and main's leaves: files of both moments. */
static void a_vault_that_ran_ahead_is_taken_back(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[2][32], key[32];
    uint64_t ids[64];
    bool more = false;
    char main_dir[256], main_old[256], journal_dir[256], journal_old[256];
    fixture_path(f, "main", main_dir);
    fixture_path(f, "main.old", main_old);
    fixture_path(f, "journal", journal_dir);
    fixture_path(f, "journal.old", journal_old);
    add_office(f, 1);
    add_office(f, 2);
    add_subject(f, 1, 1, keys[0]);
    fixture_close(f);
    fixture_copy_tree(main_dir, main_old);
    fixture_copy_tree(journal_dir, journal_old);
    fixture_open(f);
    /* One transaction that adds, replaces and removes. */
    struct gj_subject one = subject(1), two = subject(2);
    struct gj_vault_wrapped moved, fresh;
    check_ok(gj_vault_wrap_for(gj_store_vault(f->store), &one, 2, &moved));
    check_ok(gj_vault_new_key(gj_store_vault(f->store), 1, keys[1], &fresh));
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 1, "13800000001");
    struct gj_vault_token added = token(f, GJ_BLIND_PHONE, 1, "13811111111");
    struct gj_txn *txn = fixture_write(f);
    gj_vault_rewrap(txn, &one, 2, &moved);
    gj_vault_del_token(txn, &one, &phone);
    gj_vault_put_key(txn, &two, 1, &fresh);
    gj_vault_put_token(txn, &two, &added);
    gj_vault_put_token(txn, &one, &added);
    gj_vault_put_token(txn, &one, &added);
    fixture_commit(txn);
    assert_int_equal(find(f, &phone, ids, 64, &more), 0);
    assert_int_equal(find(f, &added, ids, 64, &more), 2);
    fixture_close(f);
    fixture_remove_tree(main_dir);
    fixture_remove_tree(journal_dir);
    assert_int_equal(rename(main_old, main_dir), 0);
    assert_int_equal(rename(journal_old, journal_dir), 0);
    fixture_open(f);
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &two, key, NULL), GJ_ENOTFOUND);
    expect_key(f, 1, keys[0]);
    assert_int_equal(find(f, &added, ids, 64, &more), 0);
    assert_int_equal(find(f, &phone, ids, 64, &more), 1);
    add_subject(f, 2, 1, keys[1]); /* and life goes on */
    fixture_reopen(f);
    expect_key(f, 2, keys[1]);
}

static void files_of_different_days_are_refused(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32];
    char main_dir[256], main_old[256], journal_dir[256], journal_old[256];
    fixture_path(f, "main", main_dir);
    fixture_path(f, "main.old", main_old);
    fixture_path(f, "journal", journal_dir);
    fixture_path(f, "journal.old", journal_old);
    add_office(f, 1);
    fixture_close(f);
    fixture_copy_tree(main_dir, main_old);
    fixture_copy_tree(journal_dir, journal_old);
    fixture_open(f);
    add_subject(f, 1, 1, key);
    add_subject(f, 2, 1, key);
    fixture_close(f);
    fixture_remove_tree(main_dir);
    assert_int_equal(rename(main_old, main_dir), 0);
    fixture_open_fails(f, GJ_ECORRUPT, "main/data.mdb is older than its journal");
    fixture_remove_tree(journal_dir);
    assert_int_equal(rename(journal_old, journal_dir), 0);
    fixture_open_fails(f, GJ_ECORRUPT, "not of the same moment");
}

static void a_failed_commit_of_main_takes_the_vault_back(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32], other[32];
    uint64_t ids[4];
    bool more = false;
    add_office(f, 1);
    add_subject(f, 1, 1, key);
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_key(gj_store_vault(f->store), 1, other, &wrapped));
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 1, "13822222222");
    struct gj_subject two = subject(2);
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_key(txn, &two, 1, &wrapped);
    gj_vault_put_token(txn, &two, &phone);
    gj_fail_arm("txn.commit", 1, false);
    assert_int_equal(gj_txn_commit(txn), GJ_EFULL);
    assert_true(gj_fail_disarm());
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &two, other, NULL), GJ_ENOTFOUND);
    assert_int_equal(find(f, &phone, ids, 4, &more), 0);
    add_subject(f, 2, 1, other);
    fixture_reopen(f);
    expect_key(f, 1, key);
    expect_key(f, 2, other);
}

/* ---- erasure ---- */

static void an_erased_key_is_in_no_byte_of_the_vault(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[30][32], key[32];
    uint64_t ids[64];
    bool more = false;
    char path[256];
    add_office(f, 1);
    for (uint64_t id = 0; id < 30; id++) {
        add_subject(f, id, 1, keys[id]);
    }
    fixture_path(f, "vault/data.mdb", path);
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 1, "13800000013");
    struct gj_vault_token wang = token(f, GJ_BLIND_SURNAME, 1, "王");
    assert_true(file_holds(path, phone.bytes, sizeof phone.bytes));
    struct gj_subject who = subject(13);
    struct gj_txn *txn = fixture_write(f);
    assert_false(gj_vault_is_erased(txn, &who));
    gj_vault_erase(txn, &who);
    gj_vault_erase(txn, &who); /* twice is no error */
    assert_true(gj_vault_is_erased(txn, &who));
    fixture_commit(txn);
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &who, key, NULL), GJ_ENOTFOUND);
    assert_int_equal(find(f, &phone, ids, 64, &more), 0);
    assert_int_equal(find(f, &wang, ids, 64, &more), 29);
    check_ok(gj_vault_rewrite(f->store));
    assert_false(file_holds(path, phone.bytes, sizeof phone.bytes));
    for (uint64_t id = 0; id < 30; id++) {
        if (id != 13) {
            expect_key(f, id, keys[id]);
        }
    }
    txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_ERASING), 0);
    gj_txn_abort(txn);
    fixture_reopen(f);
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &who, key, NULL), GJ_ENOTFOUND);
    expect_key(f, 14, keys[14]);
    txn = fixture_write(f); /* the dead do not come back */
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_key(gj_store_vault(f->store), 1, key, &wrapped));
    gj_vault_put_key(txn, &who, 1, &wrapped);
    assert_int_equal(gj_txn_commit(txn), GJ_EEXIST);
}

static void opening_finishes_an_erasure(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[3][32], key[32];
    char path[256];
    add_office(f, 1);
    for (uint64_t id = 0; id < 3; id++) {
        add_subject(f, id, 1, keys[id]);
    }
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 1, "13800000001");
    struct gj_subject who = subject(1);
    struct gj_txn *txn = fixture_write(f);
    gj_vault_erase(txn, &who);
    gj_fail_arm("vault.erase", 1, false); /* the crash comes right after main's commit */
    fixture_commit(txn);
    assert_true(gj_fail_disarm());
    fixture_path(f, "vault/data.mdb", path);
    assert_true(file_holds(path, phone.bytes, sizeof phone.bytes));
    fixture_reopen(f);
    assert_false(file_holds(path, phone.bytes, sizeof phone.bytes));
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &who, key, NULL), GJ_ENOTFOUND);
    expect_key(f, 0, keys[0]);
    expect_key(f, 2, keys[2]);
}

static void a_failed_rewrite_changes_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[3][32];
    add_office(f, 1);
    for (uint64_t id = 0; id < 3; id++) {
        add_subject(f, id, 1, keys[id]);
    }
    static const char *const points[] = {"vault.copy", "vault.swap", "txn.commit"};
    for (unsigned i = 0; i < 3; i++) {
        for (uint64_t nth = 1;; nth++) {
            gj_fail_arm(points[i], nth, false);
            enum gj_err err = gj_vault_rewrite(f->store);
            bool fired = gj_fail_disarm();
            assert_int_equal(err != GJ_OK, fired);
            expect_key(f, 0, keys[0]);
            fixture_reopen(f);
            expect_key(f, 2, keys[2]);
            if (!fired) {
                break;
            }
        }
    }
}

static atomic_bool adding;

static void *add_on(void *arg)
{
    struct fixture *f = arg;
    uint8_t key[32];
    for (uint64_t id = 1000; atomic_load(&adding); id++) {
        add_subject(f, id, 1, key);
        if (id % 3 == 0) {
            struct gj_subject who = subject(id);
            struct gj_txn *txn = fixture_write(f);
            gj_vault_erase(txn, &who);
            fixture_commit(txn);
        }
        atomic_store(&last_added, id);
    }
    return NULL;
}

/* Rewriting again and again while subjects come and go: none is lost, none comes back, no tombstone is left over. */
static void a_rewrite_while_the_vault_changes_loses_nothing(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32];
    add_office(f, 1);
    pthread_t thread;
    atomic_store(&adding, true);
    assert_int_equal(pthread_create(&thread, NULL, add_on, f), 0);
    for (unsigned round = 0; round < 30; round++) {
        check_ok(gj_vault_rewrite(f->store));
    }
    atomic_store(&adding, false);
    pthread_join(thread, NULL);
    check_ok(gj_vault_rewrite(f->store));
    struct gj_txn *txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_ERASING), 0);
    gj_txn_abort(txn);
    fixture_reopen(f);
    uint64_t last = atomic_load(&last_added);
    assert_true(last > 1002);
    for (uint64_t id = 1000; id <= last; id++) {
        struct gj_subject who = subject(id);
        enum gj_err err = gj_vault_key(gj_store_vault(f->store), &who, key, NULL);
        assert_int_equal(err, id % 3 == 0 ? GJ_ENOTFOUND : GJ_OK);
    }
}

static void comparing_finds_what_does_not_belong(void **state)
{
    struct fixture *f = *state;
    uint8_t keys[6][32], key[32];
    add_office(f, 1);
    for (uint64_t id = 0; id < 3; id++) {
        add_subject(f, id, 1, keys[id]);
    }
    struct gj_vault_report report;
    check_ok(gj_vault_reconcile(f->store, &report));
    assert_int_equal(report.keys, 3);
    assert_int_equal(report.orphans + report.finished + report.missing, 0);
    /* A subject whose row in main is lost is an orphan of the vault. */
    struct gj_txn *txn = fixture_write(f);
    struct gj_key row;
    gj_key_init(&row);
    gj_key_u16(&row, KIND);
    gj_key_u64(&row, 2);
    assert_true(gj_txn_del(txn, GJ_TABLE_SUBJECT, &row));
    gj_key_init(&row); /* and one that main has and the vault does not */
    gj_key_u16(&row, KIND);
    gj_key_u64(&row, 55);
    static const uint8_t living[] = {0, 0, 0, 1, 1};
    gj_txn_put(txn, GJ_TABLE_SUBJECT, &row, living, sizeof living);
    fixture_commit(txn);
    struct gj_vault_token phone = token(f, GJ_BLIND_PHONE, 1, "13800000002");
    check_ok(gj_vault_reconcile(f->store, &report));
    assert_int_equal(report.keys, 2);
    assert_int_equal(report.orphans, 1);
    assert_int_equal(report.missing, 1);
    struct gj_subject two = subject(2);
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &two, key, NULL), GJ_ENOTFOUND);
    uint64_t ids[4];
    bool more = false;
    assert_int_equal(find(f, &phone, ids, 4, &more), 0);
    char path[256];
    fixture_path(f, "vault/data.mdb", path);
    assert_false(file_holds(path, phone.bytes, sizeof phone.bytes));
    expect_key(f, 1, keys[1]);
    fixture_reopen(f);
    expect_key(f, 1, keys[1]);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(keys_come_back),
        T_ROW(a_key_is_given_once),
        T_ROW(a_subject_moves_with_its_key),
        T_ROW(tokens_find_their_subjects),
        T_ROW(another_master_key_is_refused),
        T_ROW(the_cache_is_bounded_and_right),
        T_ROW(a_vault_that_ran_ahead_is_taken_back),
        T_ROW(files_of_different_days_are_refused),
        T_ROW(a_failed_commit_of_main_takes_the_vault_back),
        T_ROW(an_erased_key_is_in_no_byte_of_the_vault),
        T_ROW(opening_finishes_an_erasure),
        T_ROW(a_failed_rewrite_changes_nothing),
        T_ROW(a_rewrite_while_the_vault_changes_loses_nothing),
        T_ROW(comparing_finds_what_does_not_belong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
