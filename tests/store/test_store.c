#include "tests/store/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/internal.h"

static void put_row(struct gj_txn *txn, uint64_t id, size_t len)
{
    struct gj_key key = gj_key_of_u64(id);
    uint8_t *at = gj_txn_reserve(txn, GJ_TABLE_RECORD, &key, len);
    if (at != NULL) {
        memset(at, (int)(id % 251), len);
    }
}

/* ---- opening ---- */

static void a_new_store_knows_who_it_is(void **state)
{
    struct fixture *f = *state;
    for (unsigned round = 0; round < 2; round++) {
        uint8_t expected[GJ_STORE_CLUSTER_ID_SIZE];
        memset(expected, 9, sizeof expected);
        assert_memory_equal(gj_store_cluster_id(f->store), expected, sizeof expected);
        assert_int_equal(gj_store_epoch(f->store), 1);
        assert_false(gj_store_is_demo(f->store));
        assert_string_equal(gj_store_dir(f->store), f->dir);
        fixture_reopen(f);
    }
}

static void a_demo_store_stays_one(void **state)
{
    struct fixture *f = *state;
    f->options.create = true;
    f->options.demo = true;
    fixture_open(f);
    f->options.create = f->options.demo = false;
    fixture_reopen(f);
    assert_true(gj_store_is_demo(f->store));
}

static void what_is_not_there_is_not_opened(void **state)
{
    struct fixture *f = *state;
    fixture_open_fails(f, GJ_ENOTFOUND, "no store in this directory");
    f->options.dir = "/nonexistent/guanjia";
    fixture_open_fails(f, GJ_ENOTFOUND, "/nonexistent/guanjia");
    char deep[2000];
    memset(deep, 'x', sizeof deep);
    deep[sizeof deep - 1] = 0;
    f->options.dir = deep;
    fixture_open_fails(f, GJ_ETOOBIG, "too long");
}

static void a_store_is_not_made_over_another(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    f->options.create = true;
    fixture_open_fails(f, GJ_EEXIST, "already");
    f->options.create = false;
    fixture_open(f);
}

static void two_daemons_do_not_share_a_directory(void **state)
{
    struct fixture *f = *state;
    char words[64];
    snprintf(words, sizeof words, "in use by another process (pid %ld)", (long)getpid());
    fixture_open_fails(f, GJ_EBUSY, words);
    struct gj_txn *txn = fixture_write(f); /* the first one is not disturbed */
    put_row(txn, 1, 10);
    fixture_commit(txn);
    pid_t child = fork();
    if (child == 0) { /* only looks at the lock: it must not touch the environment it inherited */
        struct gj_store *other = NULL;
        _exit(gj_store_open(&f->options, &other, NULL) == GJ_EBUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fixture_reopen(f);
}

static void set_schema(struct fixture *f, uint64_t schema)
{
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key = gj_key_of_name("schema");
    gj_txn_put_u64(txn, GJ_TABLE_META, &key, schema);
    fixture_commit(txn);
    fixture_close(f);
}

static void a_newer_schema_is_refused_untouched(void **state)
{
    struct fixture *f = *state;
    set_schema(f, GJ_STORE_SCHEMA + 1);
    fixture_open_fails(f, GJ_EVERSION, "newer program");
}

static void a_schema_without_a_way_is_refused(void **state)
{
    struct fixture *f = *state;
    set_schema(f, 0);
    fixture_open_fails(f, GJ_EVERSION, "no way");
}

static void a_store_that_was_never_finished_is_told(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    struct gj_key key = gj_key_of_name("schema");
    assert_true(gj_txn_del(txn, GJ_TABLE_META, &key));
    fixture_commit(txn);
    fixture_close(f);
    fixture_open_fails(f, GJ_ECORRUPT, "never finished");
}

/* ---- damage ---- */

static void fill(struct fixture *f, uint64_t rows)
{
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t id = 0; id < rows; id++) {
        put_row(txn, id, 200 + id % 300);
        struct gj_entry entry = fixture_entry((uint32_t)(id % 5));
        gj_entry_append(txn, &entry, NULL, 0);
    }
    put_row(txn, rows, 9000);
    fixture_commit(txn);
}

static void a_cut_file_is_told(void **state)
{
    struct fixture *f = *state;
    char path[256];
    fixture_path(f, "main/data.mdb", path);
    fill(f, 3000);
    fixture_close(f);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    for (off_t size = st.st_size - 4096; size > 0; size = size * 2 / 3) {
        assert_int_equal(truncate(path, size), 0);
        fixture_open_fails(f, GJ_ECORRUPT, "restore the last backup");
    }
    assert_int_equal(truncate(path, 0), 0);
    fixture_open_fails(f, GJ_ECORRUPT, "restore the last backup");
    struct stat after;
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, 0); /* it did not become a new, empty store */
}

/* Free pages at the end of the file may never have been written: that file is whole, and is opened. */
static void a_file_without_its_free_tail_is_whole(void **state)
{
    struct fixture *f = *state;
    char path[256];
    fixture_path(f, "main/data.mdb", path);
    fill(f, 50);
    struct gj_txn *txn = fixture_write(f);
    for (uint64_t id = 1000; id < 1400; id++) {
        put_row(txn, id, 8000);
    }
    fixture_commit(txn);
    txn = fixture_write(f);
    for (uint64_t id = 1000; id < 1400; id++) {
        struct gj_key key = gj_key_of_u64(id);
        gj_txn_del(txn, GJ_TABLE_RECORD, &key);
    }
    fixture_commit(txn);
    for (unsigned round = 0; round < 4; round++) { /* what is in use moves to pages freed at the front */
        txn = fixture_write(f);
        for (uint64_t id = 0; id <= 50; id++) {
            put_row(txn, id, 200 + id + round);
        }
        struct gj_entry entry = fixture_entry(1);
        gj_entry_append(txn, &entry, NULL, 0);
        fixture_commit(txn);
    }
    fixture_close(f);
    struct stat st, after;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 100 * 4096), 0);
    fixture_open(f);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_size, st.st_size); /* so that reading there can never be SIGBUS */
    txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), 51);
    gj_txn_abort(txn);
}

static void overwrite(const char *path, off_t at, size_t len, unsigned seed)
{
    uint8_t noise[4096];
    srand(seed);
    for (size_t i = 0; i < len; i++) {
        noise[i] = (uint8_t)rand();
    }
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, noise, len, at), len);
    close(fd);
}

static void noise_in_the_file_is_told_and_crashes_nothing(void **state)
{
    struct fixture *f = *state;
    char dir[256], copy[256], path[256], good[256];
    fixture_path(f, "main", dir);
    fixture_path(f, "main.good", copy);
    fixture_path(f, "main/data.mdb", path);
    fixture_path(f, "main.good/data.mdb", good);
    fill(f, 2000);
    fixture_close(f);
    fixture_copy_tree(dir, copy);
    struct gj_fault fault;
    check_ok(gj_check_file(path, "main", true, &fault));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    unsigned told = 0;
    srand(99);
    for (unsigned round = 0; round < 300; round++) {
        fixture_copy_tree(copy, dir);
        off_t page = (off_t)((unsigned)rand() % (unsigned)(st.st_size / 4096));
        overwrite(path, page * 4096, round % 2 == 0 ? 16 : 4096, round + 1);
        enum gj_err err = gj_check_file(path, "main", true, &fault);
        assert_true(err == GJ_OK || err == GJ_ECORRUPT || err == GJ_EVERSION);
        told += err != GJ_OK;
    }
    assert_true(told > 200); /* the rest hit pages that are free */
    fixture_copy_tree(copy, dir);
    overwrite(path, 0, 4096, 1);
    overwrite(path, 4096, 4096, 2);
    fixture_open(f); /* the checkpoint has them */
    check_ok(gj_store_check_files(f->store, &fault));
    fixture_close(f);
    for (off_t page = 0; page < st.st_size / 4096; page++) {
        overwrite(path, page * 4096, 4096, (unsigned)page + 3);
    }
    fixture_open_fails(f, GJ_ECORRUPT, "main/data.mdb is damaged");
    fixture_copy_tree(copy, dir);
    fixture_open(f);
}

/* Damage in the middle of a table is not seen at opening; the administrator's check finds it. */
static void a_full_check_of_the_files_finds_damage_inside(void **state)
{
    struct fixture *f = *state;
    struct gj_fault fault;
    char path[256];
    fixture_path(f, "main/data.mdb", path);
    fill(f, 3000);
    check_ok(gj_store_check_files(f->store, &fault));
    unsigned told = 0;
    for (off_t page = 60; page < 70; page++) {
        uint8_t good[16];
        int fd = open(path, O_RDWR);
        assert_int_equal(pread(fd, good, sizeof good, page * 4096), sizeof good);
        overwrite(path, page * 4096, sizeof good, (unsigned)page);
        enum gj_err err = gj_store_check_files(f->store, &fault);
        if (err != GJ_OK) {
            assert_int_equal(err, GJ_ECORRUPT);
            assert_non_null(strstr(fault.text, "main/data.mdb is damaged"));
            told++;
        }
        assert_int_equal(pwrite(fd, good, sizeof good, page * 4096), sizeof good);
        close(fd);
    }
    assert_true(told >= 8);
    check_ok(gj_store_check_files(f->store, &fault));
}

static void a_damaged_root_is_told_at_opening(void **state)
{
    struct fixture *f = *state;
    char path[256];
    fixture_path(f, "vault/data.mdb", path);
    struct gj_vault_wrapped wrapped;
    check_ok(gj_vault_new_office(gj_store_vault(f->store), 1, &wrapped));
    struct gj_txn *txn = fixture_write(f);
    gj_vault_put_office(txn, 1, &wrapped);
    fixture_commit(txn);
    fixture_close(f);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    for (off_t at = 2 * 4096; at < st.st_size; at += 4096) {
        overwrite(path, at, 64, (unsigned)at);
    }
    fixture_open_fails(f, GJ_ECORRUPT, "vault/data.mdb is damaged");
}

/* ---- full ---- */

static void a_full_map_loses_nothing(void **state)
{
    struct fixture *f = *state;
    f->options.create = true;
    f->options.map_bytes = 4u << 20;
    fixture_open(f);
    f->options.create = false;
    uint64_t acknowledged = 0;
    enum gj_err err = GJ_OK;
    while (err == GJ_OK) {
        struct gj_txn *txn = fixture_write(f);
        for (uint64_t n = 0; n < 50; n++) {
            put_row(txn, acknowledged + n, 700);
            struct gj_entry entry = fixture_entry(1);
            gj_entry_append(txn, &entry, NULL, 0);
        }
        err = gj_txn_commit(txn);
        acknowledged += err == GJ_OK ? 50 : 0;
        assert_true(acknowledged < 100000);
    }
    assert_int_equal(err, GJ_EFULL);
    assert_true(acknowledged > 1000);
    for (unsigned round = 0; round < 2; round++) { /* before and after reopening with a larger map */
        struct gj_txn *txn = fixture_read(f);
        assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), acknowledged);
        assert_int_equal(gj_txn_events(txn), acknowledged);
        gj_txn_abort(txn);
        f->options.map_bytes = 64u << 20;
        fixture_reopen(f);
    }
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, acknowledged, 700);
    fixture_commit(txn);
}

static void a_low_disk_refuses_writes_and_lets_read(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, 1, 10);
    fixture_commit(txn);
    f->options.reserve_bytes = UINT64_MAX; /* more than any disk has */
    fixture_reopen(f);
    assert_int_equal(gj_txn_begin_write(f->store, &txn), GJ_ENOSPC);
    assert_int_equal(gj_store_check_space(f->store), GJ_ENOSPC);
    txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), 1);
    gj_txn_abort(txn);
    f->options.reserve_bytes = 1;
    fixture_reopen(f);
    check_ok(gj_store_check_space(f->store));
    txn = fixture_write(f);
    gj_txn_abort(txn);
}

/* The kernel refuses to let the file grow, in the middle of a commit: what a full disk does. A child does it, since the
 * limit is the process's; it reports how many rows were acknowledged. */
static void fill_until_refused(struct fixture *f, int report)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {3u << 20, 3u << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    f->store = NULL;
    uint64_t acknowledged = 0;
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_store_open(&f->options, &f->store, NULL);
    while (err == GJ_OK && (err = gj_txn_begin_write(f->store, &txn)) == GJ_OK) {
        for (uint64_t n = 0; n < 20; n++) {
            put_row(txn, acknowledged + n, 900);
        }
        err = gj_txn_commit(txn);
        acknowledged += err == GJ_OK ? 20 : 0;
    }
    bool readable = false;
    if (gj_txn_begin_read(f->store, &txn) == GJ_OK) {
        readable = gj_txn_count(txn, GJ_TABLE_RECORD) == acknowledged;
        gj_txn_abort(txn);
    }
    gj_store_close(f->store);
    (void)!write(report, &acknowledged, sizeof acknowledged);
    _exit(readable && (err == GJ_ENOSPC || err == GJ_EIO) ? 0 : 1);
}

static void a_full_disk_loses_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        fill_until_refused(f, pipe_fds[1]);
    }
    uint64_t acknowledged = 0;
    assert_int_equal(read(pipe_fds[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(acknowledged > 500);
    fixture_open(f);
    struct gj_txn *txn = fixture_write(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), acknowledged);
    put_row(txn, acknowledged, 900);
    fixture_commit(txn);
}

static void after_a_dead_disk_only_reopening_helps(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, 1, 10);
    gj_fail_arm("txn.sync", 1, false);
    assert_int_equal(gj_txn_commit(txn), GJ_EIO);
    assert_true(gj_fail_disarm());
    assert_int_equal(gj_txn_begin_write(f->store, &txn), GJ_EIO);
    txn = fixture_read(f);
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_RECORD), 0);
    gj_txn_abort(txn);
    fixture_reopen(f);
    txn = fixture_write(f);
    put_row(txn, 1, 10);
    fixture_commit(txn);
}

/* ---- readers ---- */

static void info_counts_snapshots_and_their_age(void **state)
{
    struct fixture *f = *state;
    struct gj_store_info info;
    struct gj_txn *reader = fixture_read(f);
    for (uint64_t id = 0; id < 5; id++) {
        struct gj_txn *txn = fixture_write(f);
        put_row(txn, id, 10);
        fixture_commit(txn);
    }
    check_ok(gj_store_info(f->store, &info));
    assert_int_equal(info.readers, 1);
    assert_int_equal(info.oldest_lag, 5);
    assert_true(info.used_bytes > 0 && info.used_bytes < info.map_bytes);
    assert_true(info.disk_free_bytes > 0);
    assert_true(info.vault_used_bytes > 0);
    gj_txn_reset(reader); /* a handle without a snapshot holds nothing up */
    check_ok(gj_store_info(f->store, &info));
    assert_int_equal(info.readers, 0);
    assert_int_equal(info.oldest_lag, 0);
    assert_true(info.free_bytes > 0);
    gj_txn_abort(reader);
}

static void *leave_a_reader(void *arg)
{
    struct fixture *f = arg;
    return fixture_read(f);
}

/* A thread that ends with an open snapshot keeps its slot until the transaction ends: slots belong to transactions. */
static void snapshots_are_not_bound_to_threads(void **state)
{
    struct fixture *f = *state;
    pthread_t thread;
    void *reader = NULL;
    assert_int_equal(pthread_create(&thread, NULL, leave_a_reader, f), 0);
    pthread_join(thread, &reader);
    struct gj_txn *txn = fixture_write(f);
    put_row(txn, 1, 10);
    fixture_commit(txn);
    assert_int_equal(gj_txn_count(reader, GJ_TABLE_RECORD), 0);
    check_ok(gj_txn_renew(reader));
    assert_int_equal(gj_txn_count(reader, GJ_TABLE_RECORD), 1);
    gj_txn_abort(reader);
}

/* A process that died with a snapshot would make the file grow for ever: its slot is found and freed. */
static void slots_of_the_dead_are_freed(void **state)
{
    struct fixture *f = *state;
    char dir[256];
    fixture_path(f, "main", dir);
    pid_t child = fork();
    if (child == 0) { /* opens the environment beside the daemon, as a tool might, and dies reading */
        MDB_env *env = NULL;
        MDB_txn *txn = NULL;
        bool reading = mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 80) == 0 &&
                       mdb_env_open(env, dir, MDB_RDONLY | MDB_NOTLS, 0600) == 0 &&
                       mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0;
        _exit(reading ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct gj_store_info info;
    check_ok(gj_store_info(f->store, &info));
    assert_int_equal(info.readers, 1);
    assert_int_equal(gj_store_check_readers(f->store), 1);
    check_ok(gj_store_info(f->store, &info));
    assert_int_equal(info.readers, 0);
    assert_int_equal(gj_store_check_readers(f->store), 0);
}

static void more_snapshots_than_slots_are_busy(void **state)
{
    struct fixture *f = *state;
    struct gj_txn *readers[GJ_STORE_READERS + 1];
    unsigned n = 0;
    enum gj_err err = GJ_OK;
    while (n <= GJ_STORE_READERS && (err = gj_txn_begin_read(f->store, &readers[n])) == GJ_OK) {
        n++;
    }
    assert_int_equal(err, GJ_EBUSY);
    assert_int_equal(n, GJ_STORE_READERS);
    while (n > 0) {
        gj_txn_abort(readers[--n]);
    }
    gj_txn_abort(fixture_read(f));
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define T_EMPTY(name) cmocka_unit_test_setup_teardown(name, fixture_setup_empty, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(a_new_store_knows_who_it_is),
        T_EMPTY(a_demo_store_stays_one),
        T_EMPTY(what_is_not_there_is_not_opened),
        T_ROW(a_store_is_not_made_over_another),
        T_ROW(two_daemons_do_not_share_a_directory),
        T_ROW(a_newer_schema_is_refused_untouched),
        T_ROW(a_schema_without_a_way_is_refused),
        T_ROW(a_store_that_was_never_finished_is_told),
        T_ROW(a_cut_file_is_told),
        T_ROW(a_file_without_its_free_tail_is_whole),
        T_ROW(noise_in_the_file_is_told_and_crashes_nothing),
        T_ROW(a_full_check_of_the_files_finds_damage_inside),
        T_ROW(a_damaged_root_is_told_at_opening),
        T_EMPTY(a_full_map_loses_nothing),
        T_ROW(a_low_disk_refuses_writes_and_lets_read),
        T_ROW(a_full_disk_loses_nothing),
        T_ROW(after_a_dead_disk_only_reopening_helps),
        T_ROW(info_counts_snapshots_and_their_age),
        T_ROW(snapshots_are_not_bound_to_threads),
        T_ROW(slots_of_the_dead_are_freed),
        T_ROW(more_snapshots_than_slots_are_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
