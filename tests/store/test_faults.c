/* Every step of a change fails once: the store is as it was, nothing leaks, and the next change works. */
#include "tests/store/fixture.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/fail.h"
#include "store/audit_tree.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define KIND 0x8001

/* What the request side made beforehand. */
struct prepared {
    struct gj_vault_wrapped wrapped;
    struct gj_vault_token phone;
    struct gj_subject subject;
};

static struct prepared prepare(struct fixture *f, uint64_t id)
{
    struct prepared p = {.subject = {KIND, id}};
    uint8_t key[32];
    check_ok(gj_vault_new_key(gj_store_vault(f->store), 1, key, &p.wrapped));
    check_ok(gj_vault_token(gj_store_vault(f->store), GJ_BLIND_PHONE, 1, &id, sizeof id, &p.phone));
    return p;
}

/* A change that touches every part: record, indexes, counters, series, log, vault. */
static enum gj_err change(struct fixture *f, const struct prepared *p)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(f->store, &txn);
    if (err != GJ_OK) {
        return err;
    }
    uint64_t id = gj_counter_next(txn, GJ_COUNTER_RECORD);
    gj_series_next(txn, 1, 1, 2026);
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    office.id = id;
    struct gj_key key = gj_key_of_u64(id != 0 ? id : 1);
    gj_record_append(txn, GJ_TABLE_OFFICE, &key, &office.base);
    gj_txn_put(txn, GJ_TABLE_WORK, &key, "row", 3);
    gj_txn_del(txn, GJ_TABLE_WORK, &key);
    gj_vault_put_key(txn, &p->subject, 1, &p->wrapped);
    gj_vault_put_token(txn, &p->subject, &p->phone);
    for (unsigned n = 0; n < 300; n++) { /* over the border of a tile and a block */
        struct gj_entry entry = fixture_entry(n % 3);
        gj_entry_append(txn, &entry, "sealed", 6);
    }
    return gj_txn_commit(txn);
}

static void add_office(struct fixture *f)
{
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_office(gj_store_vault(f->store), 1, &wrapped));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_office(txn, 1, &wrapped);
    fixture_commit(txn);
}

static void check_key(struct fixture *f, const struct prepared *p, bool there)
{
    uint8_t key[32];
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &p->subject, key, NULL), there ? GJ_OK : GJ_ENOTFOUND);
    struct gj_subject found;
    size_t count = 0;
    bool more = false;
    check_ok(gj_vault_find(gj_store_vault(f->store), &p->phone, &found, 1, &count, &more));
    assert_int_equal(count, there);
}

static void fail_every(struct fixture *f, const char *points, bool reopen)
{
    add_office(f);
    uint64_t fired = 0;
    for (uint64_t nth = 1;; nth++) {
        struct prepared p = prepare(f, nth);
        uint8_t before[32], after[32];
        fixture_digest(f, before);
        gj_fail_arm(points, nth, false);
        enum gj_err err = change(f, &p);
        if (!gj_fail_disarm()) {
            check_ok(err);
            check_key(f, &p, true);
            break;
        }
        fired++;
        assert_int_not_equal(err, GJ_OK);
        if (reopen || err == GJ_EIO) {
            fixture_reopen(f);
        }
        fixture_digest(f, after);
        assert_memory_equal(before, after, 32);
        check_key(f, &p, false);
    }
    assert_true(fired > 0);
    fixture_reopen(f);
    struct prepared next = prepare(f, 1000000);
    check_ok(change(f, &next));
    struct gj_txn *txn = fixture_read(f);
    assert_int_equal(gj_txn_events(txn), 600);
    struct gj_tree_hash hash, then;
    check_ok(gj_tree_root(txn, &hash));
    check_ok(gj_tree_root_at(txn, 600, &then));
    assert_memory_equal(&hash, &then, sizeof hash);
    gj_txn_abort(txn);
}

static void each_write_fails_once(void **state)
{
    fail_every(*state, "txn.put", false);
}

static void each_removal_fails_once(void **state)
{
    fail_every(*state, "txn.del", false);
}

static void each_commit_fails_once(void **state)
{
    fail_every(*state, "txn.commit", false);
}

static void each_sync_fails_once(void **state)
{
    fail_every(*state, "txn.sync", true);
}

static void each_begin_fails_once(void **state)
{
    fail_every(*state, "txn.begin", false);
}

static void each_step_of_the_vault_fails_once(void **state)
{
    fail_every(*state, "vault.", true);
}

static void each_allocation_of_a_handle_fails_once(void **state)
{
    struct fixture *f = *state;
    fixture_reopen(f);
    struct gj_txn *txn = NULL;
    gj_fail_arm("txn.alloc", 1, false);
    assert_int_equal(gj_txn_begin_read(f->store, &txn), GJ_ENOMEM);
    assert_true(gj_fail_disarm());
    gj_txn_abort(fixture_read(f));
}

/* Reading into an arena: whatever allocation fails, the transaction says so and nothing is half there. */
static void each_allocation_of_a_load_fails_once(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    Gj__Stored__Office office = GJ__STORED__OFFICE__INIT;
    office.name = (char *)(uintptr_t) "翠湖";
    office.code = (char *)(uintptr_t) "CH";
    struct gj_key key = gj_key_of_u64(1);
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &office.base);
    fixture_commit(txn);
    for (uint64_t nth = 1;; nth++) {
        struct gj_arena arena;
        gj_arena_init(&arena, 1 << 16);
        txn = fixture_read(f);
        void *out = NULL;
        gj_fail_arm("arena.", nth, false);
        bool loaded = gj_record_load(txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, &arena, &out);
        bool fired = gj_fail_disarm();
        assert_int_equal(loaded, !fired);
        assert_int_equal(gj_txn_error(txn) == GJ_OK, !fired);
        assert_int_equal(out == NULL, fired);
        gj_txn_abort(txn);
        gj_arena_fini(&arena);
        if (!fired) {
            assert_true(nth > 1);
            break;
        }
    }
}

/* Opening and making a store fail at each of their own steps, and the directory is then in order or says what it is. */
static void each_step_of_opening_fails_once(void **state)
{
    struct fixture *f = *state;
    add_office(f);
    struct prepared p = prepare(f, 1);
    check_ok(change(f, &p));
    for (uint64_t nth = 1;; nth++) {
        fixture_close(f);
        gj_fail_arm(NULL, nth, false);
        struct gj_fault fault = {.text = ""};
        enum gj_err err = gj_store_open(&f->options, &f->store, &fault);
        bool fired = gj_fail_disarm();
        assert_int_equal(err == GJ_OK, !fired);
        if (!fired) {
            assert_true(nth > 2);
            break;
        }
        assert_string_not_equal(fault.text, "");
        fixture_open(f);
        check_key(f, &p, true);
    }
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(each_write_fails_once),
        T_ROW(each_removal_fails_once),
        T_ROW(each_commit_fails_once),
        T_ROW(each_sync_fails_once),
        T_ROW(each_begin_fails_once),
        T_ROW(each_step_of_the_vault_fails_once),
        T_ROW(each_allocation_of_a_handle_fails_once),
        T_ROW(each_allocation_of_a_load_fails_once),
        T_ROW(each_step_of_opening_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
