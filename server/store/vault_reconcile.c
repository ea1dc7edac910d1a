/* Comparing every row of vault and main: after a restore, whose two files may be of different moments. */
#include "store/vault.h"

#include <string.h>

#include "store/vault_internal.h"

struct reconcile {
    struct gj_txn *txn;
    struct gj_vault *vault;
    MDB_txn *mdb;
    struct gj_vault_report *report;
};

/* Removes a key that main does not know as living. */
static int judge_key(struct reconcile *rec, const struct gj_subject *subject, bool *removed)
{
    uint32_t office = 0;
    enum gj_subject_state state = gj_vault_subject_state(rec->txn, subject, &office);
    *removed = state != GJ_SUBJECT_LIVING && gj_txn_error(rec->txn) == GJ_OK;
    if (!*removed) {
        rec->report->keys++;
        return MDB_SUCCESS;
    }
    if (state == GJ_SUBJECT_ERASED) {
        rec->report->finished++;
    } else {
        rec->report->orphans++;
    }
    return gj_vault_destroy(rec->vault, rec->mdb, subject);
}

/* Every row of a table of the vault that begins with a subject. Starts anew behind the last one after a removal. */
static int judge_table(struct reconcile *rec, enum gj_vault_table table)
{
    struct gj_key next;
    gj_key_init(&next);
    gj_key_u16(&next, 0);
    int rc = MDB_SUCCESS;
    while (rc == MDB_SUCCESS) {
        MDB_cursor *cursor = NULL;
        if ((rc = mdb_cursor_open(rec->mdb, rec->vault->dbi[table], &cursor)) != MDB_SUCCESS) {
            return rc;
        }
        MDB_val key = gj_vault_val(&next);
        MDB_val value;
        bool removed = false;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        while (rc == MDB_SUCCESS && !removed) {
            struct gj_key_reader reader = gj_key_read(key.mv_data, key.mv_size);
            struct gj_subject subject = {.kind = gj_key_read_u16(&reader)};
            subject.id = gj_key_read_u64(&reader);
            next = gj_key_of_bytes(key.mv_data, key.mv_size);
            gj_key_after(&next);
            rc = reader.bad ? MDB_CORRUPTED : judge_key(rec, &subject, &removed);
            if (rc == MDB_SUCCESS && !removed) {
                rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
            }
        }
        mdb_cursor_close(cursor);
    }
    return rc == MDB_NOTFOUND ? MDB_SUCCESS : rc;
}

/* Subjects that main calls living and whose key is not there. */
static int count_missing(struct reconcile *rec)
{
    struct gj_iter iter;
    struct gj_key all;
    gj_key_init(&all);
    gj_iter_prefix(&iter, rec->txn, GJ_TABLE_SUBJECT, &all, GJ_FORWARD);
    int rc = MDB_SUCCESS;
    while (rc == MDB_SUCCESS && gj_iter_next(&iter)) {
        if (iter.value.len != 5 || iter.value.data[4] != GJ_SUBJECT_LIVING) {
            continue;
        }
        MDB_val key = {iter.key.len, (void *)(uintptr_t)iter.key.data};
        MDB_val value;
        rc = mdb_get(rec->mdb, rec->vault->dbi[GJ_VAULT_KEY], &key, &value);
        if (rc == MDB_NOTFOUND) {
            rec->report->missing++;
            rc = MDB_SUCCESS;
        }
    }
    gj_iter_close(&iter);
    return rc;
}

static int compare(struct reconcile *rec)
{
    int rc = judge_table(rec, GJ_VAULT_KEY);
    uint64_t keys = rec->report->keys;
    uint64_t orphans = rec->report->orphans;
    uint64_t finished = rec->report->finished;
    if (rc == MDB_SUCCESS) {
        rc = judge_table(rec, GJ_VAULT_BY_SUBJECT); /* tokens whose key had gone already */
    }
    bool changed = rec->report->orphans + rec->report->finished > 0;
    rec->report->keys = keys;
    rec->report->orphans = orphans;
    rec->report->finished = finished;
    if (rc == MDB_SUCCESS) {
        rc = count_missing(rec);
    }
    if (rc == MDB_SUCCESS && changed) {
        rc = mdb_drop(rec->mdb, rec->vault->dbi[GJ_VAULT_PENDING], 0);
    }
    return rc;
}

enum gj_err gj_vault_reconcile(struct gj_store *store, struct gj_vault_report *out)
{
    memset(out, 0, sizeof *out);
    struct reconcile rec = {.vault = store->vault, .report = out};
    enum gj_err err = gj_txn_begin_write(store, &rec.txn);
    if (err != GJ_OK) {
        return err;
    }
    uint64_t sequence = gj_vault_main_sequence(rec.txn);
    int rc = mdb_txn_begin(store->vault->env.env, NULL, 0, &rec.mdb);
    if (rc == MDB_SUCCESS) {
        rc = compare(&rec);
    }
    if (rc == MDB_SUCCESS) {
        rc = gj_vault_put_sequence(store->vault, rec.mdb, sequence);
    }
    err = rc != MDB_SUCCESS ? gj_store_err(rc) : gj_txn_error(rec.txn);
    if (err == GJ_OK) {
        err = gj_store_err(mdb_txn_commit(rec.mdb));
    } else if (rec.mdb != NULL) {
        mdb_txn_abort(rec.mdb);
    }
    gj_vault_forget_all(store->vault);
    gj_txn_abort(rec.txn);
    if (err == GJ_OK && out->orphans + out->finished > 0) {
        err = gj_vault_rewrite(store);
    }
    return err;
}
