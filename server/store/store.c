#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/checkpoint.h"
#include "store/internal.h"
#include "store/journal.h"
#include "store/store_meta.h"
#include "store/vault_internal.h"

/* Takes the lock of the directory; it falls with the process, however that ends. */
static enum gj_err take_lock(struct gj_store *store, bool create, struct gj_fault *fault)
{
    if (create && mkdir(store->dir, 0700) != 0 && errno != EEXIST) {
        return gj_fault_set(fault, gj_err_from_errno(errno), "%s cannot be made: %s", store->dir, strerror(errno));
    }
    char path[GJ_STORE_PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/lock", store->dir);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock_fd < 0) {
        enum gj_err err = gj_err_from_errno(errno);
        return gj_fault_set(fault, err, "%s cannot be opened: %s", path, strerror(errno));
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        char pid[24] = "";
        ssize_t n = pread(store->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = 0;
        pid[strspn(pid, "0123456789")] = 0;
        return gj_fault_set(fault, GJ_EBUSY, "%s is in use by another process (pid %s); stop it first", store->dir,
            pid[0] != 0 ? pid : "unknown");
    }
    char text[24];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(store->lock_fd, 0) != 0 || pwrite(store->lock_fd, text, (size_t)len, 0) != len) {
        return gj_fault_set(fault, GJ_ENOSPC, "%s cannot be written: %s", path, strerror(errno));
    }
    return GJ_OK;
}

static enum gj_err open_tables(struct gj_store *store, struct gj_fault *fault)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->main.env, NULL, 0, &txn);
    for (unsigned i = 0; rc == MDB_SUCCESS && i < GJ_TABLE_COUNT; i++) {
        rc = mdb_dbi_open(txn, gj_table_name((enum gj_table)i), MDB_CREATE, &store->dbi[i]);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(txn);
    } else if (txn != NULL) {
        mdb_txn_abort(txn);
    }
    return rc == MDB_SUCCESS ? GJ_OK : gj_store_open_fault(rc, "main", fault);
}

static enum gj_err open_all(
    struct gj_store *store, const struct gj_store_options *options, bool recover, struct gj_fault *fault)
{
    enum gj_err err = take_lock(store, options->create, fault);
    if (err != GJ_OK) {
        return err;
    }
    if (!options->create && (err = gj_checkpoint_find(store, fault)) != GJ_OK) {
        return err;
    }
    char dir[GJ_STORE_PATH_MAX + 8];
    snprintf(dir, sizeof dir, "%s/main", store->dir);
    uint64_t map = options->map_bytes != 0 ? options->map_bytes : GJ_STORE_MAP_BYTES;
    if ((err = gj_env_open(&store->main, dir, "main", map, false, options->create, fault)) != GJ_OK) {
        return err;
    }
    if (!options->create && (err = gj_meta_check_schema(store, recover, fault)) != GJ_OK) {
        return err;
    }
    if ((err = gj_checkpoint_hold(store, options->journal_segment_bytes, fault)) != GJ_OK) {
        return err;
    }
    if ((err = open_tables(store, fault)) != GJ_OK) {
        return err;
    }
    if ((err = gj_words_open(store)) != GJ_OK) {
        return gj_fault_set(fault, err, "main/data.mdb: the table of words cannot be read");
    }
    if (!options->create && (err = gj_meta_load(store, fault)) != GJ_OK) {
        return err;
    }
    if ((err = gj_vault_open(store, options, &store->vault, fault)) != GJ_OK) {
        return err;
    }
    /* The identity is written last: a store without it was never finished. */
    if (options->create && (err = gj_meta_create(store, options, fault)) != GJ_OK) {
        return err;
    }
    if (options->create && (err = gj_env_sync_dir(store->dir)) != GJ_OK) {
        return gj_fault_set(fault, err, "%s cannot be synced", store->dir);
    }
    if (recover && (err = gj_vault_recover(store, fault)) != GJ_OK) {
        return err;
    }
    store->behind = gj_journal_last(store->journal) > store->applied;
    store->whole = true;
    return GJ_OK;
}

enum gj_err gj_store_open(const struct gj_store_options *options, struct gj_store **out, struct gj_fault *fault)
{
    return gj_store_open_as(options, true, out, fault);
}

enum gj_err gj_store_open_as(
    const struct gj_store_options *options, bool recover, struct gj_store **out, struct gj_fault *fault)
{
    struct gj_store *store = gj_fail_point("store.open") ? NULL : calloc(1, sizeof *store);
    if (store == NULL) {
        return gj_fault_set(fault, GJ_ENOMEM, "out of memory");
    }
    store->lock_fd = -1;
    store->pages_every = options->pages_every;
    store->checkpoint_commands =
        options->checkpoint_commands != 0 ? options->checkpoint_commands : GJ_CHECKPOINT_COMMANDS;
    store->reserve_bytes = options->reserve_bytes != 0 ? options->reserve_bytes : GJ_STORE_RESERVE_BYTES;
    gj_buf_init(&store->packed, GJ_STORE_ROW_MAX);
    pthread_mutex_init(&store->pages_lock, NULL);
    pthread_mutex_init(&store->write_lock, NULL);
    /* Room is kept for the longest name below it. */
    if ((size_t)snprintf(store->dir, sizeof store->dir, "%s", options->dir) >= sizeof store->dir - 128) {
        gj_store_close(store);
        return gj_fault_set(fault, GJ_ETOOBIG, "the path of the data directory is too long");
    }
    enum gj_err err = open_all(store, options, recover, fault);
    if (err != GJ_OK) {
        gj_store_close(store);
        return err;
    }
    *out = store;
    return GJ_OK;
}

void gj_store_close(struct gj_store *store)
{
    if (store == NULL) {
        return;
    }
    assert(store->writer == NULL || !store->writer->live);
    free(store->writer);
    gj_checkpoint_close(store, store->whole && !store->behind);
    gj_journal_close(store->journal);
    gj_vault_close(store->vault);
    gj_words_close(store);
    gj_buf_fini(&store->packed);
    gj_env_close(&store->main);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    pthread_mutex_destroy(&store->pages_lock);
    pthread_mutex_destroy(&store->write_lock);
    free(store);
}

const uint8_t *gj_store_cluster_id(const struct gj_store *store)
{
    return store->cluster_id;
}

bool gj_store_is_demo(const struct gj_store *store)
{
    return store->demo;
}

uint32_t gj_store_epoch(const struct gj_store *store)
{
    return store->epoch;
}

const char *gj_store_dir(const struct gj_store *store)
{
    return store->dir;
}

struct gj_vault *gj_store_vault(struct gj_store *store)
{
    return store->vault;
}

enum gj_err gj_store_disk_free(const char *dir, uint64_t *out)
{
    struct statvfs fs;
    if (statvfs(dir, &fs) != 0) {
        return gj_err_from_errno(errno);
    }
    *out = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
    return GJ_OK;
}

static long long monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum gj_err gj_store_check_space(struct gj_store *store)
{
    uint64_t free_bytes = 0;
    enum gj_err err = gj_store_disk_free(store->dir, &free_bytes);
    if (err != GJ_OK) {
        return err;
    }
    bool is_short = gj_fail_point("store.space") || free_bytes < store->reserve_bytes;
    atomic_store(&store->space_short, is_short);
    atomic_store(&store->space_checked_ms, monotonic_ms());
    return is_short ? GJ_ENOSPC : GJ_OK;
}

enum gj_err gj_store_space(struct gj_store *store)
{
    long long checked = atomic_load(&store->space_checked_ms);
    if (checked == 0 || monotonic_ms() - checked >= GJ_STORE_RESERVE_CHECK_MS) {
        return gj_store_check_space(store);
    }
    return atomic_load(&store->space_short) ? GJ_ENOSPC : GJ_OK;
}

unsigned gj_store_check_readers(struct gj_store *store)
{
    int dead = 0;
    mdb_reader_check(store->main.env, &dead);
    return (unsigned)dead;
}

enum gj_err gj_store_check_files(struct gj_store *store, struct gj_fault *fault)
{
    struct gj_txn *txn = NULL; /* the writer's place: nothing changes meanwhile, the vault neither */
    enum gj_err err = gj_txn_begin_write(store, &txn);
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "the store cannot be held still: %s", gj_err_text(err));
    }
    static const char *const names[] = {"main", "vault"};
    for (unsigned i = 0; err == GJ_OK && i < 2; i++) {
        char path[GJ_STORE_PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/%s/data.mdb", store->dir, names[i]);
        err = gj_check_file(path, names[i], true, fault);
    }
    gj_txn_abort(txn);
    return err;
}

/* The list of free pages is LMDB's table 0: transaction number -> count, page numbers. */
static int count_free(MDB_txn *txn, uint64_t *pages)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn, 0, &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    MDB_val key, value;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        size_t count = 0;
        if (value.mv_size >= sizeof count) {
            memcpy(&count, value.mv_data, sizeof count);
        }
        *pages += count;
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

struct count_readers {
    struct gj_store_info *info;
    uint64_t held[GJ_STORE_HELD];
};

static int count_readers(const char *line, void *ctx)
{
    struct count_readers *count = ctx;
    struct gj_store_info *info = count->info;
    long pid = 0;
    unsigned long thread = 0;
    unsigned long long txn = 0;
    if (sscanf(line, "%ld %lx %llu", &pid, &thread, &txn) == 3) {
        for (unsigned i = 0; i < GJ_STORE_HELD; i++) {
            if (count->held[i] == txn && txn != 0) {
                count->held[i] = 0; /* a checkpoint's own */
                return 0;
            }
        }
        info->readers++;
        uint64_t lag = info->last_txn - txn;
        info->oldest_lag = lag > info->oldest_lag ? lag : info->oldest_lag;
    }
    return 0;
}

enum gj_err gj_store_info(struct gj_store *store, struct gj_store_info *out)
{
    memset(out, 0, sizeof *out);
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(store->main.env, &info);
    mdb_env_stat(store->main.env, &stat);
    out->map_bytes = info.me_mapsize;
    out->used_bytes = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
    out->last_txn = info.me_last_txnid;
    out->vault_used_bytes = gj_vault_used_bytes(store->vault);
    struct gj_checkpoint_figures figures;
    gj_checkpoint_figures(store, &figures);
    out->journal_bytes = figures.journal_bytes;
    out->checkpoint_age_ms = figures.age_ms;
    struct count_readers count = {.info = out, .held = {figures.held_txns[0], figures.held_txns[1]}};
    mdb_reader_list(store->main.env, count_readers, &count);
    enum gj_err err = gj_store_disk_free(store->dir, &out->disk_free_bytes);
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->main.env, NULL, MDB_RDONLY, &txn);
    if (rc == MDB_SUCCESS) {
        uint64_t pages = 0;
        rc = count_free(txn, &pages);
        mdb_txn_abort(txn);
        out->free_bytes = pages * stat.ms_psize;
    }
    return err != GJ_OK ? err : gj_store_err(rc);
}
