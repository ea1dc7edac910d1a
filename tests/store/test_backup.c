#include "tests/store/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/limits.h"
#include "store/backup.h"
#include "store/blob.h"

#define KIND 0x8001
#define AT 1767574800000

static void put_row(struct gj_txn *txn, uint64_t id, size_t len)
{
    struct gj_key key = gj_key_of_u64(id);
    uint8_t *row = gj_txn_reserve(txn, GJ_TABLE_RECORD, &key, len);
    if (row != NULL) {
        memset(row, (int)id, len);
    }
}

static void add_rows(struct fixture *f, uint64_t first, uint64_t count)
{
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t id = first; id < first + count; id++) {
        put_row(txn, id, 500);
        struct gj_entry entry = fixture_entry(1);
        gj_entry_append(txn, &entry, NULL, 0);
    }
    fixture_commit(txn);
}

static void add_subject(struct fixture *f, uint64_t id, uint8_t key[32])
{
    struct gj_vault *vault = gj_store_vault(f->store);
    struct gj_subject who = {KIND, id};
    struct gj_vault_wrapped office, wrapped;
    struct gj_txn *txn;
    if (gj_vault_new_key(vault, 1, key, &wrapped) != GJ_OK) {
        check_ok(gj_vault_new_office(vault, 1, &office));
        txn = fixture_write(f);
        gj_vault_put_office(txn, 1, &office);
        fixture_commit(txn);
        check_ok(gj_vault_new_key(vault, 1, key, &wrapped));
    }
    txn = fixture_write(f);
    gj_vault_put_key(txn, &who, 1, &wrapped);
    fixture_commit(txn);
}

static struct gj_blob_name add_blob(struct fixture *f)
{
    struct gj_blob *blob = NULL;
    uint8_t data[100] = {1, 2, 3};
    check_ok(gj_blob_open(f->store, &blob, NULL));
    struct gj_blob_job job = {.op = GJ_BLOB_BEGIN, .size_bytes = sizeof data, .data = data, .len = sizeof data};
    check_ok(gj_blob_run(blob, &job));
    job.op = GJ_BLOB_WRITE;
    check_ok(gj_blob_run(blob, &job));
    job.op = GJ_BLOB_FINISH;
    check_ok(gj_blob_run(blob, &job));
    gj_blob_close(blob);
    return job.name;
}

static void on_done(void *owner)
{
    atomic_store((atomic_bool *)owner, true);
}

static enum gj_err back_up(
    struct fixture *f, int64_t at, unsigned keep, struct gj_backup_manifest *manifest, char path[300])
{
    char target[256];
    fixture_path(f, "backups", target);
    mkdir(target, 0700);
    struct gj_backup_options options = {
        .target = target, .now_ms = at, .keep = keep, .vault_keep = 2, .bytes_per_second = UINT64_C(1) << 40};
    struct gj_backup *backup = NULL;
    atomic_bool done = false;
    enum gj_err err = gj_backup_start(f->store, &options, on_done, &done, &backup);
    if (err != GJ_OK) {
        return err;
    }
    struct gj_fault fault = {.text = ""};
    err = gj_backup_end(backup, manifest, path, 300, &fault);
    assert_true(atomic_load(&done));
    assert_int_equal(err == GJ_OK, fault.text[0] == 0);
    return err;
}

static void restore_options(struct fixture *f, struct gj_store_options *options, char dir[256])
{
    fixture_path(f, "restored", dir);
    *options = f->options;
    options->dir = dir;
}

static void a_backup_holds_what_was_committed(void **state)
{
    struct fixture *f = *state;
    uint8_t key[32], found[32];
    struct gj_backup_manifest manifest, again;
    char path[300], dir[256];
    struct gj_fault fault = {.text = ""};
    add_rows(f, 0, 2000);
    add_subject(f, 7, key);
    struct gj_blob_name blob = add_blob(f);
    check_ok(back_up(f, AT, 0, &manifest, path));
    assert_int_equal(manifest.entries, 2000);
    assert_int_equal(manifest.blobs, 1);
    assert_int_equal(manifest.epoch, 1);
    add_rows(f, 2000, 100); /* after it */
    check_ok(gj_backup_verify(path, true, &again, &fault));
    assert_memory_equal(&manifest, &again, sizeof manifest);

    struct gj_store_options options;
    struct gj_restore_result result;
    restore_options(f, &options, dir);
    check_ok(gj_backup_restore(path, &options, NULL, &result, &fault));
    assert_int_equal(result.epoch, 2);
    assert_int_equal(result.keys, 1);
    assert_int_equal(result.orphans + result.finished + result.missing, 0);
    fixture_close(f);
    f->options.dir = dir;
    fixture_open(f);
    assert_int_equal(gj_store_epoch(f->store), 2);
    struct gj_txn *txn = fixture_read(f);
    assert_int_equal(gj_txn_events(txn), 2000);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), 2000);
    struct gj_tree_hash root;
    check_ok(gj_tree_root(txn, &root));
    assert_memory_equal(&root, &manifest.root, sizeof root);
    gj_txn_abort(txn);
    struct gj_subject who = {KIND, 7};
    check_ok(gj_vault_key(gj_store_vault(f->store), &who, found, NULL));
    assert_memory_equal(found, key, 32);
    char relative[80], file[400];
    gj_blob_path(&blob, relative);
    snprintf(file, sizeof file, "%s/%s", dir, relative);
    assert_int_equal(access(file, F_OK), 0);
    add_rows(f, 2000, 1); /* and entries of the new epoch follow */
    txn = fixture_read(f);
    struct gj_entry_row row;
    struct gj_entry entry;
    size_t size = 0;
    assert_true(gj_entry_get(txn, 2000, &row));
    check_ok(gj_entry_decode(row.bytes.data, row.bytes.len, &entry, &size));
    assert_int_equal(entry.epoch, 2);
    gj_txn_abort(txn);
    fixture_close(f);
    assert_int_equal(gj_backup_restore(path, &f->options, NULL, &result, &fault), GJ_EEXIST);
    assert_non_null(strstr(fault.text, "not empty"));
}

static void the_epoch_rises_above_every_known_one(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    struct gj_restore_result result;
    struct gj_store_options options;
    const struct gj_restore_options above = {.above_epoch = 41};
    char path[300], dir[256];
    check_ok(back_up(f, AT, 0, &manifest, path));
    restore_options(f, &options, dir);
    check_ok(gj_backup_restore(path, &options, &above, &result, NULL));
    assert_int_equal(result.epoch, 42);
}

static enum gj_err refuse_to_declare(
    void *owner, struct gj_store *store, const struct gj_restore_result *result, struct gj_fault *fault)
{
    *(bool *)owner = gj_store_epoch(store) == result->epoch;
    return gj_fault_set(fault, GJ_ENOTFOUND, "nobody of that name");
}

/* A restore that cannot be put on record leaves nothing that a daemon could start. */
static void what_is_not_declared_is_not_restored(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    struct gj_restore_result result;
    struct gj_store_options options;
    struct gj_fault fault = {.text = ""};
    bool in_the_new_epoch = false;
    const struct gj_restore_options restore = {.declare = refuse_to_declare, .owner = &in_the_new_epoch};
    char path[300], dir[256];
    check_ok(back_up(f, AT, 0, &manifest, path));
    restore_options(f, &options, dir);
    assert_int_equal(gj_backup_restore(path, &options, &restore, &result, &fault), GJ_ENOTFOUND);
    assert_string_equal(fault.text, "nobody of that name");
    assert_true(in_the_new_epoch);
    assert_int_equal(access(dir, F_OK), -1);
    check_ok(gj_backup_restore(path, &options, NULL, &result, &fault));
}

static atomic_bool writing;

static void *write_on(void *arg)
{
    struct fixture *f = arg;
    uint64_t id = 100000;
    while (atomic_load(&writing)) {
        struct gj_txn *txn = NULL;
        if (gj_txn_begin_write(f->store, &txn) != GJ_OK) {
            return (void *)1;
        }
        for (unsigned n = 0; n < 20; n++) {
            put_row(txn, id++, 300);
            struct gj_entry entry = {.type = GJ_ENTRY_ACTION, .previous = GJ_ENTRY_NONE};
            gj_entry_append(txn, &entry, NULL, 0);
        }
        if (gj_txn_commit(txn) != GJ_OK) {
            return (void *)1;
        }
    }
    return NULL;
}

/* Rows and log grow twenty at a time: a copy that mixed two moments would show other numbers. */
static void a_backup_is_of_one_moment_while_writes_go_on(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest, again;
    char path[300];
    add_rows(f, 0, 5000);
    pthread_t thread;
    atomic_store(&writing, true);
    assert_int_equal(pthread_create(&thread, NULL, write_on, f), 0);
    for (unsigned round = 0; round < 3; round++) {
        check_ok(back_up(f, AT + round, 0, &manifest, path));
        assert_int_equal(manifest.entries % 20, 0);
        check_ok(gj_backup_verify(path, true, &again, NULL));
        struct gj_store_options options;
        struct gj_restore_result result;
        char dir[256];
        restore_options(f, &options, dir);
        check_ok(gj_backup_restore(path, &options, NULL, &result, NULL));
        struct gj_store *store = NULL;
        struct gj_txn *txn = NULL;
        check_ok(gj_store_open(&options, &store, NULL));
        check_ok(gj_txn_begin_read(store, &txn));
        assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), manifest.entries);
        assert_int_equal(gj_txn_count(txn, GJ_TABLE_ENTRY), manifest.entries);
        gj_txn_abort(txn);
        gj_store_close(store);
        fixture_remove_tree(dir);
    }
    atomic_store(&writing, false);
    void *failed = NULL;
    pthread_join(thread, &failed);
    assert_null(failed);
}

static void flip_byte(const char *dir, const char *name, off_t at)
{
    char path[600];
    uint8_t byte = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void every_change_of_a_backup_is_told(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    struct gj_fault fault;
    char path[300], file[600], relative[80];
    uint8_t key[32];
    add_rows(f, 0, 500);
    add_subject(f, 1, key);
    struct gj_blob_name blob = add_blob(f);
    check_ok(back_up(f, AT, 0, &manifest, path));
    gj_blob_path(&blob, relative);
    const struct {
        const char *name;
        off_t at;
        const char *words;
    } changes[] = {
        {"manifest", 40, "manifest is damaged"},
        {"manifest", 300, "manifest is damaged"},
        {"main.mdb", 3 * 4096 + 77, "main.mdb"},
        {"vault.mdb", 2 * 4096 + 30, "vault.mdb"},
        {relative, 50, "attachments"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        flip_byte(path, changes[i].name, changes[i].at);
        fault.text[0] = 0;
        assert_int_equal(gj_backup_verify(path, true, &manifest, &fault), GJ_ECORRUPT);
        assert_non_null(strstr(fault.text, changes[i].words));
        flip_byte(path, changes[i].name, changes[i].at);
        check_ok(gj_backup_verify(path, true, &manifest, &fault));
    }
    snprintf(file, sizeof file, "%s/main.mdb", path);
    assert_int_equal(truncate(file, 4096 * 5), 0);
    assert_int_equal(gj_backup_verify(path, false, &manifest, &fault), GJ_ECORRUPT);
    struct gj_store_options options;
    struct gj_restore_result result;
    char dir[256];
    restore_options(f, &options, dir);
    assert_int_equal(gj_backup_restore(path, &options, NULL, &result, &fault), GJ_ECORRUPT);
    assert_int_equal(access(dir, F_OK), -1); /* nothing was begun */
    assert_int_equal(gj_backup_verify("/nonexistent", true, &manifest, &fault), GJ_ENOTFOUND);
}

static void old_backups_go_and_vaults_before_them(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    char path[300], target[256], vault[400];
    uint8_t key[32], found[32];
    add_subject(f, 1, key);
    for (int64_t n = 0; n < 6; n++) {
        check_ok(back_up(f, AT + n, 4, &manifest, path));
    }
    int64_t times[10];
    fixture_path(f, "backups", target);
    assert_int_equal(gj_backup_list(target, times, 10), 4);
    assert_true(times[0] == AT + 2 && times[3] == AT + 5);
    for (int64_t n = 2; n < 6; n++) {
        snprintf(vault, sizeof vault, "%s/guanjia-%lld/vault.mdb", target, (long long)(AT + n));
        assert_int_equal(access(vault, F_OK) == 0, n >= 4);
    }
    snprintf(path, sizeof path, "%s/guanjia-%lld", target, (long long)(AT + 2));
    check_ok(gj_backup_verify(path, true, &manifest, NULL));
    struct gj_store_options options; /* restored with the vault of the newest one */
    struct gj_restore_result result;
    char dir[256];
    restore_options(f, &options, dir);
    check_ok(gj_backup_restore(path, &options, NULL, &result, NULL));
    assert_int_equal(result.keys, 1);
    fixture_close(f);
    f->options.dir = dir;
    fixture_open(f);
    struct gj_subject who = {KIND, 1};
    check_ok(gj_vault_key(gj_store_vault(f->store), &who, found, NULL));
    assert_memory_equal(key, found, 32);
}

/* The same on a machine that only holds copies: nothing is made there, old ones are let go by a command. */
/* What a crash leaves of a backup that was being made or removed bears no backup's name, and goes with the next one. */
static void half_ones_go(void **state)
{
    struct fixture *f = *state;
    static const char *const half[] = {"guanjia-5.making", "guanjia-6.removing"};
    struct gj_backup_manifest manifest;
    char path[300], target[256], inner[400];
    int64_t times[4];
    check_ok(back_up(f, AT, 0, &manifest, path));
    fixture_path(f, "backups", target);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(inner, sizeof inner, "%s/%s", target, half[i]);
        assert_int_equal(mkdir(inner, 0700), 0);
        snprintf(inner, sizeof inner, "%s/%s/vault.mdb", target, half[i]);
        int fd = open(inner, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(gj_backup_list(target, times, 4), 1);
    check_ok(back_up(f, AT + 1, 0, &manifest, path));
    for (unsigned i = 0; i < 2; i++) {
        snprintf(inner, sizeof inner, "%s/%s", target, half[i]);
        assert_int_equal(access(inner, F_OK), -1);
    }
    assert_int_equal(gj_backup_list(target, times, 4), 2);
}

static void copies_are_pruned_by_themselves(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    char path[300], target[256], vault[400];
    size_t removed = 0;
    for (int64_t n = 0; n < 2; n++) {
        check_ok(back_up(f, AT + n, 0, &manifest, path));
    }
    fixture_path(f, "backups", target);
    check_ok(gj_backup_prune(target, 0, 0, &removed));
    assert_int_equal(removed, 0);
    check_ok(gj_backup_prune(target, 2, 1, &removed));
    assert_int_equal(removed, 0);
    snprintf(vault, sizeof vault, "%s/guanjia-%lld/vault.mdb", target, (long long)AT);
    assert_int_equal(access(vault, F_OK), -1);
    check_ok(gj_backup_prune(target, 1, 1, &removed));
    assert_int_equal(removed, 1);
    int64_t times[2];
    assert_int_equal(gj_backup_list(target, times, 2), 1);
    assert_true(times[0] == AT + 1);
    assert_int_equal(gj_backup_prune("/nonexistent", 1, 1, &removed), GJ_ENOTFOUND);
}

/* Main from before an erasure, vault from after it: the household stays erased. */
static void an_erasure_survives_a_restore(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    char old_path[300], new_path[300], dir[256], from[400], to[400];
    uint8_t key[32];
    add_subject(f, 1, key);
    add_subject(f, 2, key);
    check_ok(back_up(f, AT, 0, &manifest, old_path));
    struct gj_subject one = {KIND, 1}, two = {KIND, 2};
    struct gj_txn *txn = fixture_write(f);
    gj_vault_erase(txn, &one);
    fixture_commit(txn);
    check_ok(gj_vault_rewrite(f->store));
    check_ok(back_up(f, AT + 1, 0, &manifest, new_path));
    struct gj_store_options options;
    struct gj_restore_result result;
    restore_options(f, &options, dir);
    snprintf(from, sizeof from, "%s/vault.mdb", old_path);
    assert_int_equal(unlink(from), 0);
    check_ok(gj_backup_restore(old_path, &options, NULL, &result, NULL));
    assert_int_equal(result.keys, 1);
    assert_int_equal(result.missing, 1);
    fixture_remove_tree(dir);
    /* And the other way round: main knows of the erasure, an older vault still has the key. */
    check_ok(back_up(f, AT + 2, 0, &manifest, old_path));
    fixture_close(f);
    snprintf(to, sizeof to, "%s/vault.mdb", new_path);
    assert_int_equal(access(to, F_OK), 0);
    check_ok(gj_backup_restore(new_path, &options, NULL, &result, NULL));
    f->options.dir = dir;
    fixture_open(f);
    assert_int_equal(gj_vault_key(gj_store_vault(f->store), &one, key, NULL), GJ_ENOTFOUND);
    check_ok(gj_vault_key(gj_store_vault(f->store), &two, key, NULL));
}

static void a_cancelled_backup_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char target[256];
    add_rows(f, 0, 20000);
    fixture_path(f, "backups", target);
    assert_int_equal(mkdir(target, 0700), 0);
    struct gj_backup_options options = {.target = target, .now_ms = AT, .bytes_per_second = 1 << 20};
    struct gj_backup *backup = NULL;
    struct gj_backup_manifest manifest;
    struct gj_fault fault;
    atomic_bool done = false;
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    check_ok(gj_backup_start(f->store, &options, on_done, &done, &backup));
    struct timespec wait = {0, 300 * 1000000};
    nanosleep(&wait, NULL);
    assert_false(atomic_load(&done)); /* 10 MB at 1 MB/s: the pace holds */
    gj_backup_cancel(backup);
    assert_int_equal(gj_backup_end(backup, &manifest, NULL, 0, &fault), GJ_ECLOSED);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - begun.tv_sec < 5);
    int64_t at = 0;
    assert_int_equal(gj_backup_list(target, &at, 1), 0);
    assert_int_equal(rmdir(target), 0); /* empty */
    add_rows(f, 50000, 1);
}

static void a_backup_stops_at_the_disk_reserve(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    char path[300], target[256];
    add_rows(f, 0, 10);
    f->options.reserve_bytes = UINT64_MAX;
    fixture_reopen(f);
    assert_int_equal(back_up(f, AT, 0, &manifest, path), GJ_ENOSPC);
    fixture_path(f, "backups", target);
    assert_int_equal(rmdir(target), 0);
}

static void each_step_fails_once(void **state)
{
    struct fixture *f = *state;
    struct gj_backup_manifest manifest;
    char path[300], target[256];
    int64_t at = 0;
    add_rows(f, 0, 300);
    fixture_path(f, "backups", target);
    for (uint64_t nth = 1;; nth++) {
        gj_fail_arm("backup.", nth, false);
        enum gj_err err = back_up(f, AT, 0, &manifest, path);
        bool fired = gj_fail_disarm();
        assert_int_equal(err != GJ_OK, fired);
        assert_int_equal(gj_backup_list(target, &at, 1), fired ? 0 : 1);
        if (!fired) {
            assert_true(nth > 4);
            break;
        }
        assert_int_equal(rmdir(target), 0);
    }
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(a_backup_holds_what_was_committed),
        T_ROW(the_epoch_rises_above_every_known_one),
        T_ROW(what_is_not_declared_is_not_restored),
        T_ROW(a_backup_is_of_one_moment_while_writes_go_on),
        T_ROW(every_change_of_a_backup_is_told),
        T_ROW(old_backups_go_and_vaults_before_them),
        T_ROW(half_ones_go),
        T_ROW(copies_are_pruned_by_themselves),
        T_ROW(an_erasure_survives_a_restore),
        T_ROW(a_cancelled_backup_leaves_nothing),
        T_ROW(a_backup_stops_at_the_disk_reserve),
        T_ROW(each_step_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
