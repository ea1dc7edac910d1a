/* Every write and every sync of a commit fails once, as a full or dying disk makes it fail: with ENOSPC, with EIO, or
 * having written only half. Acknowledged work survives, vault and main agree, and where the store does not say that it
 * must be opened again, it goes on. This program stands between LMDB and the kernel to do it. */
#include "tests/store/fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/limits.h"
#include "store/audit_tree.h"

#define KIND 0x8001

enum how { FAIL_EIO, FAIL_ENOSPC, FAIL_SHORT };

static bool armed;
static enum how how;
static unsigned countdown; /* calls until the one that fails */
static bool fired;

/* True when this call is the one that fails. */
static bool strikes(void)
{
    if (!armed || fired || --countdown > 0) {
        return false;
    }
    fired = true;
    errno = how == FAIL_ENOSPC ? ENOSPC : EIO;
    return true;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    if (strikes()) {
        return how == FAIL_SHORT ? syscall(SYS_pwrite64, fd, bytes, len / 2, at) : -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (strikes()) {
        return how == FAIL_SHORT ? syscall(SYS_writev, fd, parts, 1) : -1;
    }
    return syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    return strikes() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static size_t largest_map = SIZE_MAX;

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (len > largest_map) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}

static enum gj_err change(struct fixture *f, uint64_t number)
{
    struct gj_vault *vault = gj_store_vault(f->store);
    struct gj_subject who = {KIND, number};
    struct gj_vault_wrapped wrapped;
    uint8_t key[32];
    check_ok(gj_vault_new_key(vault, 1, key, &wrapped));
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(f->store, &txn);
    if (err != GJ_OK) {
        return err;
    }
    for (uint64_t n = 0; n < 30; n++) {
        struct gj_key row = gj_key_of_u64(number * 30 + n);
        gj_txn_put(txn, GJ_TABLE_RECORD, &row, key, sizeof key);
    }
    struct gj_entry entry = fixture_entry(1);
    gj_entry_append(txn, &entry, NULL, 0);
    gj_vault_put_key(txn, &who, 1, &wrapped);
    return gj_txn_commit(txn);
}

/* Commits 0 … n-1 are there in full, nothing else; returns n. */
static uint64_t check_whole(struct fixture *f)
{
    struct gj_fault fault;
    uint64_t bad = 0;
    check_ok(gj_store_check_files(f->store, &fault));
    struct gj_txn *txn = fixture_read(f);
    uint64_t commits = gj_txn_events(txn);
    check_ok(gj_tree_check(txn, &bad));
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), commits * 30);
    for (uint64_t number = 0; number <= commits; number++) {
        struct gj_subject who = {KIND, number};
        uint8_t key[32];
        assert_int_equal(gj_vault_has_key(txn, &who), number < commits);
        assert_int_equal(
            gj_vault_key(gj_store_vault(f->store), &who, key, NULL), number < commits ? GJ_OK : GJ_ENOTFOUND);
    }
    gj_txn_abort(txn);
    return commits;
}

static void every_call_fails_once(void **state)
{
    struct fixture *f = *state;
    struct gj_vault_wrapped office;
    check_ok(gj_vault_new_office(gj_store_vault(f->store), 1, &office));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_office(txn, 1, &office);
    fixture_commit(txn);
    uint64_t commits = 0, failures = 0, reopened = 0;
    for (unsigned kind = FAIL_EIO; kind <= FAIL_SHORT; kind++) {
        for (unsigned nth = 1;; nth++) {
            how = (enum how)kind;
            countdown = nth;
            fired = false;
            armed = true;
            enum gj_err err = change(f, commits);
            armed = false;
            if (!fired) {
                check_ok(err);
                assert_true(nth > 6); /* pages, sync and meta page of two files */
                assert_int_equal(check_whole(f), ++commits);
                break;
            }
            failures++;
            assert_int_not_equal(err, GJ_OK);
            assert_true(kind != FAIL_EIO || err == GJ_EIO);
            if (err == GJ_EIO) { /* then it is unknown whether this commit is there, and only then */
                assert_int_equal(gj_txn_begin_write(f->store, &txn), GJ_EIO);
                fixture_reopen(f);
                uint64_t found = check_whole(f);
                assert_true(found == commits || found == commits + 1);
                commits = found;
                reopened++;
            } else {
                assert_int_equal(err, GJ_ENOSPC);
                assert_int_equal(check_whole(f), commits);
            }
            check_ok(change(f, commits)); /* life goes on */
            assert_int_equal(check_whole(f), ++commits);
        }
    }
    assert_true(failures > 20);
    assert_true(reopened < failures); /* a full disk alone needs no new start */
    fixture_reopen(f);
    assert_int_equal(check_whole(f), commits);
}

/* Where the kernel grants no map of 64 GiB the store takes what it gets; below the least it says so. */
static void a_small_address_space_is_enough(void **state)
{
    struct fixture *f = *state;
    struct gj_store_info info;
    fixture_close(f);
    f->options.map_bytes = 0;
    f->options.vault_map_bytes = 0;
    fixture_open(f);
    check_ok(gj_store_info(f->store, &info));
    assert_true(info.map_bytes == GJ_STORE_MAP_BYTES);
    fixture_close(f);
    largest_map = (size_t)3 << 30;
    fixture_open(f);
    check_ok(gj_store_info(f->store, &info));
    assert_true(info.map_bytes == UINT64_C(2) << 30);
    fixture_close(f);
    largest_map = GJ_STORE_MAP_MIN_BYTES - 1;
    fixture_open_fails(f, GJ_ENOMEM, "address space is too small");
    largest_map = SIZE_MAX;
    fixture_open(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_small_address_space_is_enough, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(every_call_fails_once, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
