/* The vault's part of a write transaction of the store.
 *
 *     first change      a transaction of the vault begins; the undo rows of the sequence number before are dropped
 *     each change       writes an undo row beside it
 *     commit            1 vault   2 main, whose row carries the same sequence number   3 erasures in the vault
 *
 * A crash between 1 and 2 leaves the vault one number ahead: its undo rows take it back when the store is opened. */
#include "store/vault.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cursor.h"
#include "common/fail.h"
#include "store/vault_internal.h"

#define SEQUENCE_ROW "vault"

struct gj_vault_txn {
    MDB_txn *mdb; /* NULL: nothing but erasures, or committed */
    bool wrote;   /* this transaction has a sequence number of the vault */
    bool committed;
    uint32_t undo_rows;
    unsigned n_erase;
    struct gj_subject erase[GJ_VAULT_ERASE_MAX];
};

uint64_t gj_vault_main_sequence(struct gj_txn *txn)
{
    struct gj_key key = gj_key_of_name(SEQUENCE_ROW);
    return gj_txn_get_u64(txn, GJ_TABLE_HOT, &key);
}

void gj_vault_put_main_sequence(struct gj_txn *txn, uint64_t sequence)
{
    struct gj_key key = gj_key_of_name(SEQUENCE_ROW);
    gj_txn_put_u64(txn, GJ_TABLE_HOT, &key, sequence);
}

static struct gj_vault_txn *part(struct gj_txn *txn)
{
    assert(txn->write);
    if (txn->vault == NULL && txn->err == GJ_OK) {
        txn->vault = gj_fail_point("vault.alloc") ? NULL : calloc(1, sizeof *txn->vault);
        if (txn->vault == NULL) {
            gj_txn_fail(txn, GJ_ENOMEM);
        }
    }
    return txn->err == GJ_OK ? txn->vault : NULL;
}

/* The vault's transaction, begun when this is the first change. NULL after an error. */
static struct gj_vault_txn *writing(struct gj_txn *txn)
{
    struct gj_vault_txn *v = part(txn);
    if (v == NULL || v->mdb != NULL) {
        return v;
    }
    struct gj_vault *vault = txn->store->vault;
    uint64_t sequence = gj_vault_main_sequence(txn) + 1;
    int rc = gj_fail_point("vault.begin") ? ENOMEM : mdb_txn_begin(vault->env.env, NULL, 0, &v->mdb);
    if (rc == MDB_SUCCESS) {
        v->wrote = true;
        rc = mdb_drop(v->mdb, vault->dbi[GJ_VAULT_PENDING], 0);
    }
    if (rc == MDB_SUCCESS) {
        rc = gj_vault_put_sequence(vault, v->mdb, sequence);
    }
    gj_txn_check(txn, rc);
    gj_vault_put_main_sequence(txn, sequence);
    return txn->err == GJ_OK ? v : NULL;
}

/* How to undo a change: table, key, and the row as it was (none: it was not there). */
static int put_undo(
    struct gj_vault_txn *v, struct gj_vault *vault, enum gj_vault_table table, const MDB_val *key, const MDB_val *old)
{
    uint8_t row[2 + 2 + GJ_KEY_MAX + GJ_VAULT_WRAPPED_SIZE];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, row, sizeof row);
    gj_writer_u8(&wr, (uint8_t)table);
    gj_writer_u8(&wr, old != NULL ? 1 : 0);
    gj_writer_u16(&wr, (uint16_t)key->mv_size);
    gj_writer_bytes(&wr, key->mv_data, key->mv_size);
    if (old != NULL) {
        gj_writer_bytes(&wr, old->mv_data, old->mv_size);
    }
    if (gj_writer_done(&wr) != GJ_OK) {
        return MDB_CORRUPTED;
    }
    struct gj_key number;
    gj_key_init(&number);
    gj_key_u32(&number, ++v->undo_rows);
    MDB_val undo_key = gj_vault_val(&number);
    MDB_val undo = {wr.len, row};
    return mdb_put(v->mdb, vault->dbi[GJ_VAULT_PENDING], &undo_key, &undo, MDB_APPEND);
}

/* Writes a row of the vault (data NULL and len 0: an empty one), or removes it. */
static void change(
    struct gj_txn *txn, enum gj_vault_table table, const struct gj_key *key, const void *data, size_t len, bool remove)
{
    struct gj_vault_txn *v = writing(txn);
    if (v == NULL) {
        return;
    }
    struct gj_vault *vault = txn->store->vault;
    MDB_val mdb_key = gj_vault_val(key);
    MDB_val old;
    int rc = mdb_get(v->mdb, vault->dbi[table], &mdb_key, &old);
    bool there = rc == MDB_SUCCESS;
    if (rc == MDB_NOTFOUND && remove) {
        return;
    }
    if (rc == MDB_SUCCESS || rc == MDB_NOTFOUND) {
        rc = put_undo(v, vault, table, &mdb_key, there ? &old : NULL);
    }
    if (rc == MDB_SUCCESS && gj_fail_point("vault.put")) {
        rc = MDB_MAP_FULL;
    }
    if (rc == MDB_SUCCESS) {
        MDB_val value = {len, (void *)(uintptr_t)data};
        rc = remove ? mdb_del(v->mdb, vault->dbi[table], &mdb_key, NULL)
                    : mdb_put(v->mdb, vault->dbi[table], &mdb_key, &value, 0);
    }
    txn->writes++;
    gj_txn_check(txn, rc);
}

/* ---- what apply calls ---- */

enum gj_subject_state gj_vault_subject_state(struct gj_txn *txn, const struct gj_subject *subject, uint32_t *office)
{
    struct gj_key key = gj_vault_subject_key(subject);
    struct gj_value row;
    if (!gj_txn_get(txn, GJ_TABLE_SUBJECT, &key, &row)) {
        return GJ_SUBJECT_NONE;
    }
    struct gj_key_reader reader = gj_key_read(row.data, row.len);
    *office = gj_key_read_u32(&reader);
    uint8_t state = gj_key_read_u8(&reader);
    if (!gj_key_read_done(&reader) || (state != GJ_SUBJECT_LIVING && state != GJ_SUBJECT_ERASED)) {
        gj_txn_fail(txn, GJ_ECORRUPT);
        return GJ_SUBJECT_NONE;
    }
    return (enum gj_subject_state)state;
}

static void put_subject(
    struct gj_txn *txn, const struct gj_subject *subject, uint32_t office, enum gj_subject_state state)
{
    struct gj_key key = gj_vault_subject_key(subject);
    struct gj_key row;
    gj_key_init(&row);
    gj_key_u32(&row, office);
    gj_key_u8(&row, (uint8_t)state);
    gj_txn_put(txn, GJ_TABLE_SUBJECT, &key, row.bytes, row.len);
}

void gj_vault_put_office(struct gj_txn *txn, uint32_t office, const struct gj_vault_wrapped *wrapped)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, office);
    change(txn, GJ_VAULT_OFFICE, &key, wrapped->bytes, sizeof wrapped->bytes, false);
}

void gj_vault_put_key(
    struct gj_txn *txn, const struct gj_subject *subject, uint32_t office, const struct gj_vault_wrapped *wrapped)
{
    uint32_t old_office = 0;
    if (gj_vault_subject_state(txn, subject, &old_office) != GJ_SUBJECT_NONE) {
        gj_txn_fail(txn, GJ_EEXIST);
        return;
    }
    struct gj_key key = gj_vault_subject_key(subject);
    put_subject(txn, subject, office, GJ_SUBJECT_LIVING);
    change(txn, GJ_VAULT_KEY, &key, wrapped->bytes, sizeof wrapped->bytes, false);
}

void gj_vault_rewrap(
    struct gj_txn *txn, const struct gj_subject *subject, uint32_t office, const struct gj_vault_wrapped *wrapped)
{
    uint32_t old_office = 0;
    if (gj_vault_subject_state(txn, subject, &old_office) != GJ_SUBJECT_LIVING) {
        gj_txn_fail(txn, GJ_ENOTFOUND);
        return;
    }
    struct gj_key key = gj_vault_subject_key(subject);
    put_subject(txn, subject, office, GJ_SUBJECT_LIVING);
    change(txn, GJ_VAULT_KEY, &key, wrapped->bytes, sizeof wrapped->bytes, false);
}

void gj_vault_put_token(struct gj_txn *txn, const struct gj_subject *subject, const struct gj_vault_token *token)
{
    struct gj_key key = gj_vault_token_key(token, subject);
    struct gj_key back = gj_vault_by_subject_key(subject, token);
    change(txn, GJ_VAULT_TOKEN, &key, NULL, 0, false);
    change(txn, GJ_VAULT_BY_SUBJECT, &back, NULL, 0, false);
}

void gj_vault_del_token(struct gj_txn *txn, const struct gj_subject *subject, const struct gj_vault_token *token)
{
    struct gj_key key = gj_vault_token_key(token, subject);
    struct gj_key back = gj_vault_by_subject_key(subject, token);
    change(txn, GJ_VAULT_TOKEN, &key, NULL, 0, true);
    change(txn, GJ_VAULT_BY_SUBJECT, &back, NULL, 0, true);
}

void gj_vault_erase(struct gj_txn *txn, const struct gj_subject *subject)
{
    uint32_t office = 0;
    enum gj_subject_state state = gj_vault_subject_state(txn, subject, &office);
    struct gj_vault_txn *v = part(txn);
    if (v == NULL || state == GJ_SUBJECT_ERASED) {
        return;
    }
    if (state == GJ_SUBJECT_NONE || v->n_erase == GJ_VAULT_ERASE_MAX) {
        gj_txn_fail(txn, state == GJ_SUBJECT_NONE ? GJ_ENOTFOUND : GJ_ETOOBIG);
        return;
    }
    struct gj_key key = gj_vault_subject_key(subject);
    put_subject(txn, subject, office, GJ_SUBJECT_ERASED);
    gj_txn_put(txn, GJ_TABLE_ERASING, &key, NULL, 0);
    v->erase[v->n_erase++] = *subject;
}

bool gj_vault_is_erased(struct gj_txn *txn, const struct gj_subject *subject)
{
    uint32_t office = 0;
    return gj_vault_subject_state(txn, subject, &office) == GJ_SUBJECT_ERASED;
}

bool gj_vault_has_key(struct gj_txn *txn, const struct gj_subject *subject)
{
    uint32_t office = 0;
    return gj_vault_subject_state(txn, subject, &office) == GJ_SUBJECT_LIVING;
}

/* ---- what gj_txn_commit calls ---- */

enum gj_err gj_vault_txn_commit_puts(struct gj_txn *txn)
{
    struct gj_vault_txn *v = txn->vault;
    if (v == NULL || v->mdb == NULL) {
        return GJ_OK;
    }
    MDB_txn *mdb = v->mdb;
    v->mdb = NULL;
    if (gj_fail_point("vault.commit")) {
        mdb_txn_abort(mdb);
        return GJ_EFULL;
    }
    enum gj_err err = gj_store_err(mdb_txn_commit(mdb));
    v->committed = err == GJ_OK;
    return err == GJ_OK || gj_env_undone(&txn->store->vault->env, err) ? err : GJ_EIO;
}

enum gj_err gj_vault_txn_undo(struct gj_txn *txn)
{
    struct gj_vault_txn *v = txn->vault;
    if (v == NULL || !v->committed) {
        return GJ_OK;
    }
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(txn->store->vault->env.env, NULL, 0, &mdb);
    if (rc != MDB_SUCCESS) {
        return gj_store_err(rc);
    }
    rc = gj_vault_undo(txn->store->vault, mdb);
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(mdb);
    } else {
        mdb_txn_abort(mdb);
    }
    gj_vault_forget_all(txn->store->vault); /* a reader may have met a key that never was */
    return gj_store_err(rc);
}

/* Destroys the keys of subjects whose tombstone is durable now. A failure is not the command's: the rows in `erasing`
 * remain, and gj_vault_rewrite or the next opening finishes. Only a dying disk is told. */
enum gj_err gj_vault_txn_finish(struct gj_txn *txn)
{
    struct gj_vault_txn *v = txn->vault;
    if (v == NULL || v->n_erase == 0) {
        return GJ_OK;
    }
    struct gj_vault *vault = txn->store->vault;
    MDB_txn *mdb = NULL;
    int rc = gj_fail_point("vault.erase") ? ENOMEM : mdb_txn_begin(vault->env.env, NULL, 0, &mdb);
    for (unsigned i = 0; rc == MDB_SUCCESS && i < v->n_erase; i++) {
        rc = gj_vault_destroy(vault, mdb, &v->erase[i]);
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_drop(mdb, vault->dbi[GJ_VAULT_PENDING], 0); /* undo rows may hold an older wrapping */
    }
    if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(mdb);
    } else if (mdb != NULL) {
        mdb_txn_abort(mdb);
    }
    /* Only now: a reader that still finds the row would put the key back into the cache. */
    for (unsigned i = 0; i < v->n_erase; i++) {
        gj_vault_forget(vault, &v->erase[i]);
    }
    return gj_store_err(rc) == GJ_EIO ? GJ_EIO : GJ_OK;
}

void gj_vault_txn_free(struct gj_txn *txn)
{
    struct gj_vault_txn *v = txn->vault;
    if (v != NULL) {
        if (v->mdb != NULL) {
            mdb_txn_abort(v->mdb);
        }
        free(v);
        txn->vault = NULL;
    }
}
