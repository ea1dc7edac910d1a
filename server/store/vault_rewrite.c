/* Rewriting the vault, and comparing it with main.
 *
 * LMDB leaves the bytes of removed rows in its pages, and copying pages would copy them. So the new file is built row
 * by row: what is not a living row cannot be in it. */
#include "store/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fail.h"
#include "store/vault_internal.h"

#define ROWS_PER_COMMIT 50000 /* keeps the dirty pages of the copy small */
#define SWAP_WAIT_S 5

/* ---- copying row by row ---- */

struct copy {
    struct gj_vault *from;
    size_t of_txn;      /* the vault's transaction that was copied */
    struct gj_vault to; /* only its environment and tables */
    MDB_txn *read;
    MDB_txn *write;
    unsigned rows;
};

static int copy_row(struct copy *copy, unsigned table, MDB_val *key, MDB_val *value)
{
    int rc = gj_fail_point("vault.copy") ? MDB_MAP_FULL : MDB_SUCCESS;
    if (rc == MDB_SUCCESS && ++copy->rows % ROWS_PER_COMMIT == 0) {
        rc = mdb_txn_commit(copy->write);
        copy->write = NULL;
        if (rc == MDB_SUCCESS) {
            rc = mdb_txn_begin(copy->to.env.env, NULL, 0, &copy->write);
        }
    }
    return rc != MDB_SUCCESS ? rc : mdb_put(copy->write, copy->to.dbi[table], key, value, MDB_APPEND);
}

static int copy_table(struct copy *copy, unsigned table)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(copy->read, copy->from->dbi[table], &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    MDB_val key, value;
    while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
        if ((rc = copy_row(copy, table, &key, &value)) != MDB_SUCCESS) {
            break;
        }
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

static int copy_tables(struct copy *copy)
{
    int rc = mdb_txn_begin(copy->from->env.env, NULL, MDB_RDONLY, &copy->read);
    if (rc == MDB_SUCCESS) {
        copy->of_txn = mdb_txn_id(copy->read);
        rc = mdb_txn_begin(copy->to.env.env, NULL, 0, &copy->write);
    }
    for (unsigned i = 0; rc == MDB_SUCCESS && i < GJ_VAULT_TABLE_COUNT; i++) {
        rc = copy_table(copy, i);
    }
    if (copy->write != NULL) {
        if (rc == MDB_SUCCESS) {
            rc = mdb_txn_commit(copy->write);
        } else {
            mdb_txn_abort(copy->write);
        }
    }
    if (copy->read != NULL) {
        mdb_txn_abort(copy->read);
    }
    return rc;
}

static void remove_copy(const char *dir)
{
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    char path[GJ_STORE_PATH_MAX + 32];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

/* Makes <vault>/new/data.mdb; *of_txn says of which moment. */
static enum gj_err make_copy(struct gj_vault *vault, const char *dir, size_t *of_txn)
{
    struct copy copy = {.from = vault};
    remove_copy(dir);
    enum gj_err err = gj_env_open(&copy.to.env, dir, "vault/new", vault->env.map_bytes, true, true, NULL);
    if (err == GJ_OK) {
        err = gj_vault_open_tables(&copy.to);
    }
    if (err == GJ_OK) {
        err = gj_store_err(copy_tables(&copy));
    }
    if (err == GJ_OK) {
        err = gj_store_err(mdb_env_sync(copy.to.env.env, 1));
    }
    gj_env_close(&copy.to.env);
    *of_txn = copy.of_txn;
    return err;
}

/* Puts the copy in the place of the file. Readers wait; a backup that is copying the vault is not waited for. */
static enum gj_err swap(struct gj_vault *vault, const char *dir)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += SWAP_WAIT_S;
    if (pthread_rwlock_timedwrlock(&vault->swap, &until) != 0) {
        return GJ_EBUSY;
    }
    char from[GJ_STORE_PATH_MAX + 32], to[GJ_STORE_PATH_MAX + 32], home[GJ_STORE_PATH_MAX];
    snprintf(from, sizeof from, "%s/data.mdb", dir);
    snprintf(to, sizeof to, "%s/data.mdb", vault->env.dir);
    snprintf(home, sizeof home, "%s", vault->env.dir);
    uint64_t map_bytes = vault->env.map_bytes;
    gj_env_close(&vault->env);
    enum gj_err err = GJ_OK;
    if (gj_fail_point("vault.swap") || rename(from, to) != 0) {
        err = GJ_ESYS;
    } else {
        err = gj_env_sync_dir(home);
    }
    enum gj_err open_err = gj_env_open(&vault->env, home, "vault", map_bytes, true, false, NULL);
    if (open_err == GJ_OK) {
        open_err = gj_vault_open_tables(vault);
    }
    pthread_rwlock_unlock(&vault->swap);
    /* Without its vault the store cannot go on: the daemon exits and opens again. */
    return open_err != GJ_OK ? GJ_EIO : err;
}

/* ---- erasures that are still outstanding ---- */

static int destroy_erased(struct gj_txn *txn, struct gj_vault *vault, MDB_txn *mdb)
{
    struct gj_iter iter;
    struct gj_key all;
    gj_key_init(&all);
    gj_iter_prefix(&iter, txn, GJ_TABLE_ERASING, &all, GJ_FORWARD);
    int rc = MDB_SUCCESS;
    while (rc == MDB_SUCCESS && gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        struct gj_subject subject = {.kind = gj_key_read_u16(&reader)};
        subject.id = gj_key_read_u64(&reader);
        rc = gj_key_read_done(&reader) ? gj_vault_destroy(vault, mdb, &subject) : MDB_CORRUPTED;
    }
    gj_iter_close(&iter);
    return rc;
}

static enum gj_err finish_erasures(struct gj_txn *txn, struct gj_vault *vault)
{
    if (gj_txn_count(txn, GJ_TABLE_ERASING) == 0) {
        return gj_txn_error(txn);
    }
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, 0, &mdb);
    if (rc != MDB_SUCCESS) {
        return gj_store_err(rc);
    }
    rc = destroy_erased(txn, vault, mdb);
    if (rc == MDB_SUCCESS) {
        rc = mdb_drop(mdb, vault->dbi[GJ_VAULT_PENDING], 0);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(mdb);
        return gj_store_err(rc);
    }
    rc = mdb_txn_commit(mdb);
    gj_vault_forget_all(vault);
    return gj_store_err(rc);
}

static void clear_erasing(struct gj_txn *txn)
{
    struct gj_iter iter;
    struct gj_key all;
    gj_key_init(&all);
    gj_iter_prefix(&iter, txn, GJ_TABLE_ERASING, &all, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        struct gj_key key = gj_key_of_bytes(iter.key.data, iter.key.len);
        gj_txn_del(txn, GJ_TABLE_ERASING, &key);
    }
    gj_iter_close(&iter);
}

/* With the writer's place in main, which keeps the vault still: it changes in no other way. */
static enum gj_err replace(struct gj_txn *txn, struct gj_vault *vault, const char *dir, bool copied, size_t of_txn)
{
    MDB_envinfo info;
    mdb_env_info(vault->env.env, &info);
    enum gj_err err = GJ_OK;
    if (!copied || info.me_last_txnid != of_txn) {
        err = finish_erasures(txn, vault);
        if (err == GJ_OK) {
            err = make_copy(vault, dir, &of_txn);
        }
    }
    if (err == GJ_OK) {
        err = swap(vault, dir);
    }
    if (err == GJ_OK) {
        clear_erasing(txn);
        return gj_txn_commit(txn);
    }
    if (err == GJ_EIO) {
        atomic_store(&vault->store->dead, true);
    }
    gj_txn_abort(txn);
    return err;
}

/* The copy, which takes a second for 400,000 households, is made while commands go on; only when the vault changed
 * meanwhile is it made again with the commands waiting. */
static enum gj_err rewrite(struct gj_store *store, const char *dir)
{
    struct gj_vault *vault = store->vault;
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(store, &txn);
    if (err != GJ_OK) {
        return err;
    }
    uint64_t erasing = gj_txn_count(txn, GJ_TABLE_ERASING);
    err = finish_erasures(txn, vault);
    gj_txn_abort(txn);
    size_t of_txn = 0;
    if (err == GJ_OK) {
        err = make_copy(vault, dir, &of_txn);
    }
    if (err == GJ_OK) {
        err = gj_txn_begin_write(store, &txn);
    }
    return err == GJ_OK ? replace(txn, vault, dir, gj_txn_count(txn, GJ_TABLE_ERASING) == erasing, of_txn) : err;
}

enum gj_err gj_vault_rewrite(struct gj_store *store)
{
    char dir[GJ_STORE_PATH_MAX + 8];
    snprintf(dir, sizeof dir, "%s/new", store->vault->env.dir);
    pthread_mutex_lock(&store->vault->rewriting);
    enum gj_err err = rewrite(store, dir);
    remove_copy(dir);
    pthread_mutex_unlock(&store->vault->rewriting);
    return err;
}
