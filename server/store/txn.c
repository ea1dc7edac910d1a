#include "store/txn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fail.h"
#include "store/checkpoint.h"
#include "store/group.h"
#include "store/internal.h"
#include "store/journal.h"
#include "store/store_meta.h"

/* ---- begin and end ---- */

enum gj_err gj_txn_begin_read(struct gj_store *store, struct gj_txn **out)
{
    struct gj_txn *txn = gj_fail_point("txn.alloc") ? NULL : calloc(1, sizeof *txn);
    if (txn == NULL) {
        return GJ_ENOMEM;
    }
    assert(!store->behind || store->replaying);
    txn->store = store;
    int rc = mdb_txn_begin(store->main.env, NULL, MDB_RDONLY, &txn->mdb);
    if (rc != MDB_SUCCESS) {
        free(txn);
        return gj_store_err(rc);
    }
    txn->live = true;
    *out = txn;
    return GJ_OK;
}

void gj_txn_reset(struct gj_txn *txn)
{
    assert(!txn->write);
    if (txn->live) {
        mdb_txn_reset(txn->mdb);
        txn->live = false;
    }
}

enum gj_err gj_txn_renew(struct gj_txn *txn)
{
    assert(!txn->write);
    gj_txn_reset(txn);
    int rc = mdb_txn_renew(txn->mdb);
    txn->live = rc == MDB_SUCCESS;
    txn->err = gj_store_err(rc);
    return txn->err;
}

/* The writer's handle is kept in the store, as its working state of the log is: both serve every batch. */
static struct gj_txn *take_writer(struct gj_store *store)
{
    if (store->writer == NULL) {
        store->writer = gj_fail_point("txn.alloc") ? NULL : calloc(1, sizeof *store->writer);
    }
    struct gj_txn *txn = store->writer;
    if (txn != NULL) {
        txn->store = store;
        txn->mdb = NULL;
        txn->err = GJ_OK;
        txn->write = true;
        txn->live = false;
        txn->writes = 0;
        txn->log = &store->working;
        txn->log_loaded = false;
        txn->log_changed = false;
        txn->vault = NULL;
        txn->before = NULL;
    }
    return txn;
}

enum gj_err gj_txn_begin_write(struct gj_store *store, struct gj_txn **out)
{
    assert(!store->behind || store->replaying);
    if (atomic_load(&store->dead)) {
        return GJ_EIO;
    }
    /* What was acknowledged is applied again even on a full disk. */
    enum gj_err err = store->behind ? GJ_OK : gj_store_space(store);
    if (err != GJ_OK) {
        return err;
    }
    pthread_mutex_lock(&store->write_lock);
    struct gj_txn *txn = take_writer(store);
    int rc = txn == NULL || gj_fail_point("txn.begin") ? ENOMEM : mdb_txn_begin(store->main.env, NULL, 0, &txn->mdb);
    if (rc != MDB_SUCCESS) {
        if (rc == MDB_PANIC) {
            atomic_store(&store->dead, true);
        }
        pthread_mutex_unlock(&store->write_lock);
        return gj_store_err(rc);
    }
    txn->live = true;
    if (store->pages_every != 0 && ++store->pages_skipped >= store->pages_every) {
        store->pages_skipped = 0;
        txn->before = gj_pages_begin(store);
    }
    *out = txn;
    return GJ_OK;
}

static void end_write(struct gj_txn *txn)
{
    struct gj_store *store = txn->store;
    gj_vault_txn_free(txn);
    gj_words_drop(store);
    gj_pages_drop(txn->before);
    txn->before = NULL;
    txn->live = false;
    pthread_mutex_unlock(&store->write_lock);
}

void gj_txn_abort(struct gj_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    if (txn->mdb != NULL) {
        mdb_txn_abort(txn->mdb);
        txn->mdb = NULL;
    }
    if (txn->write) {
        end_write(txn);
    } else {
        free(txn);
    }
}

/* Commits main. LMDB frees its transaction whatever the result, so it is forgotten first. */
static enum gj_err commit_main(struct gj_txn *txn)
{
    MDB_txn *mdb = txn->mdb;
    txn->mdb = NULL;
    if (gj_fail_point("txn.commit")) {
        mdb_txn_abort(mdb);
        return GJ_EFULL;
    }
    if (gj_fail_point("txn.sync")) {
        mdb_txn_abort(mdb);
        return GJ_EIO;
    }
    return gj_store_err(mdb_txn_commit(mdb));
}

/* Vault, then main: both show the transaction, or neither does; GJ_EIO: unknown. */
static enum gj_err show(struct gj_txn *txn)
{
    struct gj_store *store = txn->store;
    enum gj_err err = gj_vault_txn_commit_puts(txn);
    if (err != GJ_OK) {
        mdb_txn_abort(txn->mdb);
        txn->mdb = NULL;
        return err;
    }
    gj_words_show(store);
    err = commit_main(txn);
    if (err == GJ_OK) {
        if (txn->log_loaded) {
            store->log = *txn->log;
            store->log_loaded = true;
        }
        gj_words_keep(store);
        gj_pages_end(store, txn->before);
        txn->before = NULL;
    } else if (!gj_env_undone(&store->main, err) || gj_vault_txn_undo(txn) != GJ_OK) {
        err = GJ_EIO; /* the vault keeps its undo rows: opening compares both sides */
    }
    return err;
}

/* The journal's side of a group: durable before anything shows it. */
static enum gj_err journal_group(struct gj_txn *txn, struct gj_buf *record, unsigned commands)
{
    struct gj_store *store = txn->store;
    struct gj_journal_record head = {.type = GJ_JOURNAL_GROUP, .commands = commands, .entries = gj_txn_events(txn)};
    enum gj_err err = gj_tree_root(txn, &head.root);
    if (err == GJ_OK) {
        err = gj_journal_append(store->journal, &head, record);
    }
    if (err == GJ_EBUSY && (err = gj_checkpoint_now(store)) == GJ_OK) {
        err = gj_journal_append(store->journal, &head, record);
    }
    return err;
}

/* Main could not show what the journal has: the journal learns that it must not be applied again either. */
static enum gj_err take_back(struct gj_store *store, enum gj_err why)
{
    if (why == GJ_EIO || gj_journal_void(store->journal) != GJ_OK) {
        return GJ_EIO;
    }
    store->applied = gj_journal_last(store->journal);
    return why;
}

/* What a transaction without a group needs, and one that changed the vault: the vault must never be more than one
 * transaction ahead of what opening goes back to. */
static enum gj_err commit_write(struct gj_txn *txn, struct gj_buf *record, unsigned commands, uint64_t replayed)
{
    struct gj_store *store = txn->store;
    gj_log_flush(txn);
    enum gj_err err = txn->err;
    if (err == GJ_OK && record != NULL) {
        err = journal_group(txn, record, commands);
    }
    if (err != GJ_OK) {
        atomic_store(&store->dead, atomic_load(&store->dead) || err == GJ_EIO);
        gj_txn_abort(txn);
        return err;
    }
    err = show(txn);
    if (err != GJ_OK && record != NULL) {
        err = take_back(store, err);
    } else if (err == GJ_OK && (record != NULL || replayed != 0)) {
        store->applied = record != NULL ? gj_journal_last(store->journal) : replayed;
    }
    if (err == GJ_OK && (txn->vault != NULL || (record == NULL && replayed == 0))) {
        err = gj_checkpoint_now(store);
    } else if (err == GJ_OK && record != NULL) {
        gj_checkpoint_after(store, commands);
    }
    if (err == GJ_OK) {
        err = gj_vault_txn_finish(txn);
    }
    if (err == GJ_EIO) {
        atomic_store(&store->dead, true);
    }
    end_write(txn);
    return err;
}

enum gj_err gj_txn_commit(struct gj_txn *txn)
{
    if (!txn->write) {
        enum gj_err err = txn->err;
        gj_txn_abort(txn);
        return err;
    }
    return commit_write(txn, NULL, 0, 0);
}

enum gj_err gj_txn_commit_group(struct gj_txn *txn, struct gj_buf *record, unsigned commands)
{
    return commit_write(txn, record, commands, 0);
}

enum gj_err gj_txn_commit_replayed(struct gj_txn *txn, uint64_t sequence)
{
    return commit_write(txn, NULL, 0, sequence);
}

/* ---- errors and facts ---- */

enum gj_err gj_txn_error(const struct gj_txn *txn)
{
    return txn->err;
}

void gj_txn_fail(struct gj_txn *txn, enum gj_err err)
{
    if (txn->err == GJ_OK) {
        txn->err = err;
    }
}

void gj_txn_check(struct gj_txn *txn, int rc)
{
    if (rc != MDB_SUCCESS) {
        gj_txn_fail(txn, gj_store_err(rc));
    }
}

uint64_t gj_txn_snapshot(const struct gj_txn *txn)
{
    return txn->write ? 0 : mdb_txn_id(txn->mdb);
}

bool gj_txn_is_write(const struct gj_txn *txn)
{
    return txn->write;
}

struct gj_store *gj_txn_store(const struct gj_txn *txn)
{
    return txn->store;
}

uint64_t gj_txn_writes(const struct gj_txn *txn)
{
    return txn->writes;
}

/* True when the transaction can go on and the key can be one of a row. A byte is kept free for gj_key_after. */
static bool usable(struct gj_txn *txn, const struct gj_key *key)
{
    assert(txn->live);
    if (txn->err == GJ_OK && (key->bad || key->len == 0 || key->len >= GJ_KEY_MAX)) {
        txn->err = GJ_EINVAL;
    }
    return txn->err == GJ_OK;
}

static MDB_val key_val(const struct gj_key *key)
{
    return (MDB_val){.mv_size = key->len, .mv_data = (void *)(uintptr_t)key->bytes};
}

/* ---- reading ---- */

bool gj_txn_get(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, struct gj_value *out)
{
    *out = (struct gj_value){NULL, 0};
    if (!usable(txn, key)) {
        return false;
    }
    MDB_val mdb_key = key_val(key);
    MDB_val value;
    int rc = mdb_get(txn->mdb, txn->store->dbi[table], &mdb_key, &value);
    if (rc != MDB_SUCCESS) {
        gj_txn_check(txn, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
        return false;
    }
    *out = (struct gj_value){value.mv_data, value.mv_size};
    return true;
}

bool gj_txn_exists(struct gj_txn *txn, enum gj_table table, const struct gj_key *key)
{
    struct gj_value value;
    return gj_txn_get(txn, table, key, &value);
}

uint64_t gj_txn_count(struct gj_txn *txn, enum gj_table table)
{
    MDB_stat stat = {0};
    if (txn->err == GJ_OK) {
        gj_txn_check(txn, mdb_stat(txn->mdb, txn->store->dbi[table], &stat));
    }
    return stat.ms_entries;
}

static bool edge_row(
    struct gj_txn *txn, enum gj_table table, MDB_cursor_op op, struct gj_value *key, struct gj_value *value)
{
    *key = *value = (struct gj_value){NULL, 0};
    MDB_cursor *cursor = NULL;
    if (txn->err == GJ_OK) {
        gj_txn_check(txn, mdb_cursor_open(txn->mdb, txn->store->dbi[table], &cursor));
    }
    if (txn->err != GJ_OK) {
        return false;
    }
    MDB_val mdb_key, mdb_value;
    int rc = mdb_cursor_get(cursor, &mdb_key, &mdb_value, op);
    mdb_cursor_close(cursor);
    if (rc == MDB_SUCCESS) {
        *key = (struct gj_value){mdb_key.mv_data, mdb_key.mv_size};
        *value = (struct gj_value){mdb_value.mv_data, mdb_value.mv_size};
    } else if (rc != MDB_NOTFOUND) {
        gj_txn_check(txn, rc);
    }
    return rc == MDB_SUCCESS;
}

bool gj_txn_first(struct gj_txn *txn, enum gj_table table, struct gj_value *key, struct gj_value *value)
{
    return edge_row(txn, table, MDB_FIRST, key, value);
}

bool gj_txn_last(struct gj_txn *txn, enum gj_table table, struct gj_value *key, struct gj_value *value)
{
    return edge_row(txn, table, MDB_LAST, key, value);
}

uint64_t gj_txn_get_u64(struct gj_txn *txn, enum gj_table table, const struct gj_key *key)
{
    struct gj_value value;
    if (!gj_txn_get(txn, table, key, &value)) {
        return 0;
    }
    struct gj_key_reader reader = gj_key_read(value.data, value.len);
    uint64_t number = gj_key_read_u64(&reader);
    if (!gj_key_read_done(&reader)) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return 0;
    }
    return number;
}

/* ---- writing ---- */

static void *write_row(
    struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const void *data, size_t len, unsigned flags)
{
    assert(txn->write);
    if (!usable(txn, key)) {
        return NULL;
    }
    txn->writes++;
    MDB_val mdb_key = key_val(key);
    MDB_val value = {.mv_size = len, .mv_data = (void *)(uintptr_t)data};
    int rc =
        gj_fail_point("txn.put") ? MDB_MAP_FULL : mdb_put(txn->mdb, txn->store->dbi[table], &mdb_key, &value, flags);
    gj_txn_check(txn, rc);
    return rc == MDB_SUCCESS ? value.mv_data : NULL;
}

void gj_txn_put(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const void *data, size_t len)
{
    write_row(txn, table, key, data, len, 0);
}

void gj_txn_append(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const void *data, size_t len)
{
    write_row(txn, table, key, data, len, MDB_APPEND);
}

void *gj_txn_reserve(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, size_t len)
{
    return write_row(txn, table, key, NULL, len, MDB_RESERVE);
}

void *gj_txn_reserve_append(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, size_t len)
{
    return write_row(txn, table, key, NULL, len, MDB_RESERVE | MDB_APPEND);
}

void gj_txn_put_u64(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, uint64_t value)
{
    struct gj_key bytes = gj_key_of_u64(value);
    gj_txn_put(txn, table, key, bytes.bytes, bytes.len);
}

bool gj_txn_del(struct gj_txn *txn, enum gj_table table, const struct gj_key *key)
{
    assert(txn->write);
    if (!usable(txn, key)) {
        return false;
    }
    MDB_val mdb_key = key_val(key);
    int rc = gj_fail_point("txn.del") ? MDB_MAP_FULL : mdb_del(txn->mdb, txn->store->dbi[table], &mdb_key, NULL);
    if (rc == MDB_NOTFOUND) {
        return false;
    }
    txn->writes++;
    gj_txn_check(txn, rc);
    return rc == MDB_SUCCESS;
}
