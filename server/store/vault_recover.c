#include "store/vault.h"

#include <string.h>

#include "common/cursor.h"
#include "store/vault_internal.h"

#define META_SEQUENCE "sequence"

/* ---- rows ---- */

int gj_vault_get_sequence(struct gj_vault *vault, MDB_txn *mdb, uint64_t *sequence)
{
    MDB_val key = {sizeof META_SEQUENCE - 1, META_SEQUENCE};
    MDB_val value;
    *sequence = 0;
    int rc = mdb_get(mdb, vault->dbi[GJ_VAULT_META], &key, &value);
    if (rc == MDB_SUCCESS) {
        struct gj_key_reader reader = gj_key_read(value.mv_data, value.mv_size);
        *sequence = gj_key_read_u64(&reader);
        return gj_key_read_done(&reader) ? MDB_SUCCESS : MDB_CORRUPTED;
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

int gj_vault_put_sequence(struct gj_vault *vault, MDB_txn *mdb, uint64_t sequence)
{
    MDB_val key = {sizeof META_SEQUENCE - 1, META_SEQUENCE};
    struct gj_key bytes = gj_key_of_u64(sequence);
    MDB_val value = gj_vault_val(&bytes);
    return mdb_put(mdb, vault->dbi[GJ_VAULT_META], &key, &value, 0);
}

static int undo_row(struct gj_vault *vault, MDB_txn *mdb, const MDB_val *row)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, row->mv_data, row->mv_size);
    uint8_t table = gj_cursor_u8(&cur);
    bool had = gj_cursor_u8(&cur) != 0;
    uint16_t key_len = gj_cursor_u16(&cur);
    const uint8_t *key_bytes = gj_cursor_bytes(&cur, key_len);
    size_t len = 0;
    const uint8_t *old = gj_cursor_rest(&cur, &len);
    if (gj_cursor_done(&cur) != GJ_OK || table >= GJ_VAULT_TABLE_COUNT || len > GJ_VAULT_WRAPPED_SIZE) {
        return MDB_CORRUPTED;
    }
    /* Copied: writing may move the row that is being read. */
    struct gj_key key = gj_key_of_bytes(key_bytes, key_len);
    uint8_t bytes[GJ_VAULT_WRAPPED_SIZE];
    if (len > 0) {
        memcpy(bytes, old, len);
    }
    MDB_val mdb_key = gj_vault_val(&key);
    MDB_val value = {len, bytes};
    if (had) {
        return mdb_put(mdb, vault->dbi[table], &mdb_key, &value, 0);
    }
    int rc = mdb_del(mdb, vault->dbi[table], &mdb_key, NULL);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

int gj_vault_undo(struct gj_vault *vault, MDB_txn *mdb)
{
    uint64_t sequence = 0;
    int rc = gj_vault_get_sequence(vault, mdb, &sequence);
    while (rc == MDB_SUCCESS) {
        MDB_cursor *cursor = NULL;
        MDB_val key, row;
        rc = mdb_cursor_open(mdb, vault->dbi[GJ_VAULT_PENDING], &cursor);
        if (rc != MDB_SUCCESS) {
            return rc;
        }
        rc = mdb_cursor_get(cursor, &key, &row, MDB_LAST); /* newest change first */
        if (rc == MDB_SUCCESS) {
            rc = undo_row(vault, mdb, &row);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_cursor_get(cursor, &key, &row, MDB_LAST);
        }
        if (rc == MDB_SUCCESS) {
            rc = mdb_cursor_del(cursor, 0);
        }
        mdb_cursor_close(cursor);
    }
    if (rc != MDB_NOTFOUND) {
        return rc;
    }
    return gj_vault_put_sequence(vault, mdb, sequence - 1);
}

/* The first row of by_subject of this subject: its token. MDB_NOTFOUND: none is left. */
static int first_token(
    struct gj_vault *vault, MDB_txn *mdb, const struct gj_subject *subject, struct gj_vault_token *token)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(mdb, vault->dbi[GJ_VAULT_BY_SUBJECT], &cursor);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    struct gj_key prefix = gj_vault_subject_key(subject);
    MDB_val key = gj_vault_val(&prefix);
    MDB_val value;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    if (rc == MDB_SUCCESS &&
        (key.mv_size != prefix.len + sizeof token->bytes || memcmp(key.mv_data, prefix.bytes, prefix.len) != 0)) {
        rc = MDB_NOTFOUND;
    }
    if (rc == MDB_SUCCESS) {
        memcpy(token->bytes, (const uint8_t *)key.mv_data + prefix.len, sizeof token->bytes);
    }
    mdb_cursor_close(cursor);
    return rc;
}

static int del(struct gj_vault *vault, MDB_txn *mdb, enum gj_vault_table table, const struct gj_key *key)
{
    MDB_val mdb_key = gj_vault_val(key);
    int rc = mdb_del(mdb, vault->dbi[table], &mdb_key, NULL);
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

int gj_vault_destroy(struct gj_vault *vault, MDB_txn *mdb, const struct gj_subject *subject)
{
    struct gj_key key = gj_vault_subject_key(subject);
    int rc = del(vault, mdb, GJ_VAULT_KEY, &key);
    struct gj_vault_token token;
    while (rc == MDB_SUCCESS && (rc = first_token(vault, mdb, subject, &token)) == MDB_SUCCESS) {
        struct gj_key forward = gj_vault_token_key(&token, subject);
        struct gj_key back = gj_vault_by_subject_key(subject, &token);
        rc = del(vault, mdb, GJ_VAULT_TOKEN, &forward);
        if (rc == MDB_SUCCESS) {
            rc = del(vault, mdb, GJ_VAULT_BY_SUBJECT, &back);
        }
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

/* ---- at opening ---- */

/* Where both sides stand. */
static enum gj_err read_sequences(struct gj_store *store, uint64_t *in_main, uint64_t *in_vault, uint64_t *erasing)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_read(store, &txn);
    if (err != GJ_OK) {
        return err;
    }
    *in_main = gj_vault_main_sequence(txn);
    *erasing = gj_txn_count(txn, GJ_TABLE_ERASING);
    err = gj_txn_commit(txn);
    MDB_txn *mdb = NULL;
    int rc = err != GJ_OK ? MDB_SUCCESS : mdb_txn_begin(store->vault->env.env, NULL, MDB_RDONLY, &mdb);
    if (mdb != NULL) {
        rc = gj_vault_get_sequence(store->vault, mdb, in_vault);
        mdb_txn_abort(mdb);
    }
    return err != GJ_OK ? err : gj_store_err(rc);
}

static enum gj_err undo_last(struct gj_vault *vault)
{
    MDB_txn *mdb = NULL;
    int rc = mdb_txn_begin(vault->env.env, NULL, 0, &mdb);
    if (rc == MDB_SUCCESS && (rc = gj_vault_undo(vault, mdb)) != MDB_SUCCESS) {
        mdb_txn_abort(mdb);
    } else if (rc == MDB_SUCCESS) {
        rc = mdb_txn_commit(mdb);
    }
    return gj_store_err(rc);
}

enum gj_err gj_vault_recover(struct gj_store *store, struct gj_fault *fault)
{
    uint64_t in_main = 0, in_vault = 0, erasing = 0;
    enum gj_err err = read_sequences(store, &in_main, &in_vault, &erasing);
    if (err == GJ_OK && in_vault == in_main + 1) {
        err = undo_last(store->vault);
    } else if (err == GJ_OK && in_vault != in_main) {
        return gj_fault_set(fault, GJ_ECORRUPT,
            "vault and main are not of the same moment (%llu and %llu); restore both from one backup",
            (unsigned long long)in_vault, (unsigned long long)in_main);
    }
    if (err == GJ_OK && erasing > 0) {
        err = gj_vault_rewrite(store);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the vault cannot be made whole: %s", gj_err_text(err));
}
