#include "store/store_meta.h"

#include <string.h>

#define META_SCHEMA "schema"
#define META_CLUSTER "cluster"
#define META_DEMO "demo"
#define META_EPOCH "epoch"
#define META_CREATED "created"

#define SCHEMA_JOURNAL 3 /* from here on main is whole only together with its journal */

/* The journal comes into being when a store is opened; no row changes. The number keeps programs away that would not
 * look into it. */
static void add_journal(struct gj_txn *txn)
{
    (void)txn;
}

/* Steps from one schema to the next, each in one transaction with the raised version. */
struct upgrade {
    uint64_t from;
    void (*run)(struct gj_txn *txn);
};

static const struct upgrade upgrades[] = {
    {SCHEMA_JOURNAL - 1, add_journal}, {0, NULL}, /* end */
};

static const struct upgrade *find_upgrade(uint64_t from)
{
    for (const struct upgrade *up = upgrades; up->run != NULL; up++) {
        if (up->from == from) {
            return up;
        }
    }
    return NULL;
}

static bool read_u64(const MDB_val *value, uint64_t *out)
{
    struct gj_key_reader reader = gj_key_read(value->mv_data, value->mv_size);
    *out = gj_key_read_u64(&reader);
    return gj_key_read_done(&reader);
}

/* Reads without opening tables for writing: a newer program's file must not be changed at all. */
static int read_schema(MDB_txn *txn, uint64_t *schema)
{
    MDB_dbi dbi;
    int rc = mdb_dbi_open(txn, gj_table_name(GJ_TABLE_META), 0, &dbi);
    MDB_val key = {sizeof META_SCHEMA - 1, META_SCHEMA};
    MDB_val value;
    if (rc == MDB_SUCCESS) {
        rc = mdb_get(txn, dbi, &key, &value);
    }
    if (rc == MDB_SUCCESS && !read_u64(&value, schema)) {
        rc = MDB_CORRUPTED;
    }
    return rc;
}

enum gj_err gj_meta_check_schema(struct gj_store *store, bool with_journal, struct gj_fault *fault)
{
    MDB_txn *txn = NULL;
    uint64_t schema = 0;
    int rc = mdb_txn_begin(store->main.env, NULL, MDB_RDONLY, &txn);
    if (rc == MDB_SUCCESS) {
        rc = read_schema(txn, &schema);
        mdb_txn_abort(txn);
    }
    if (rc == MDB_NOTFOUND) {
        return gj_fault_set(fault, GJ_ECORRUPT, "the store was never finished: empty the directory and make it again");
    }
    if (rc != MDB_SUCCESS) {
        return gj_store_open_fault(rc, "main", fault);
    }
    if (with_journal && schema >= SCHEMA_JOURNAL && store->checkpointer == NULL) {
        return gj_fault_set(
            fault, GJ_ECORRUPT, "journal/checkpoint is missing; put it back or restore the last backup");
    }
    if (schema > GJ_STORE_SCHEMA) {
        return gj_fault_set(fault, GJ_EVERSION,
            "the store has schema %llu, this program knows %d: use the newer program that wrote it",
            (unsigned long long)schema, GJ_STORE_SCHEMA);
    }
    for (uint64_t v = schema; v < GJ_STORE_SCHEMA; v++) {
        if (find_upgrade(v) == NULL) {
            return gj_fault_set(fault, GJ_EVERSION, "the store has schema %llu, from which this program has no way",
                (unsigned long long)schema);
        }
    }
    return GJ_OK;
}

static uint64_t get_meta_u64(struct gj_txn *txn, const char *name)
{
    struct gj_key key = gj_key_of_name(name);
    return gj_txn_get_u64(txn, GJ_TABLE_META, &key);
}

static void put_meta_u64(struct gj_txn *txn, const char *name, uint64_t value)
{
    struct gj_key key = gj_key_of_name(name);
    gj_txn_put_u64(txn, GJ_TABLE_META, &key, value);
}

static enum gj_err run_upgrades(struct gj_store *store, uint64_t schema)
{
    enum gj_err err = GJ_OK;
    for (uint64_t v = schema; err == GJ_OK && v < GJ_STORE_SCHEMA; v++) {
        const struct upgrade *up = find_upgrade(v);
        struct gj_txn *txn = NULL;
        if ((err = gj_txn_begin_write(store, &txn)) == GJ_OK) {
            up->run(txn);
            put_meta_u64(txn, META_SCHEMA, v + 1);
            err = gj_txn_commit(txn);
        }
    }
    return err;
}

enum gj_err gj_meta_load(struct gj_store *store, struct gj_fault *fault)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_read(store, &txn);
    if (err != GJ_OK) {
        return gj_fault_set(fault, err, "the store cannot be read");
    }
    uint64_t schema = get_meta_u64(txn, META_SCHEMA);
    store->epoch = (uint32_t)get_meta_u64(txn, META_EPOCH);
    store->demo = get_meta_u64(txn, META_DEMO) != 0;
    struct gj_key key = gj_key_of_name(META_CLUSTER);
    struct gj_value id;
    bool found = gj_txn_get(txn, GJ_TABLE_META, &key, &id) && id.len == sizeof store->cluster_id;
    if (found) {
        memcpy(store->cluster_id, id.data, id.len);
    }
    err = gj_txn_error(txn);
    gj_txn_abort(txn);
    if (err == GJ_OK && !found) {
        err = GJ_ECORRUPT;
    }
    if (err == GJ_OK) {
        err = run_upgrades(store, schema);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the store's identity cannot be read: %s", gj_err_text(err));
}

enum gj_err gj_meta_create(struct gj_store *store, const struct gj_store_options *options, struct gj_fault *fault)
{
    memcpy(store->cluster_id, options->cluster_id, sizeof store->cluster_id);
    store->demo = options->demo;
    store->epoch = 1;
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(store, &txn);
    if (err == GJ_OK) {
        put_meta_u64(txn, META_SCHEMA, GJ_STORE_SCHEMA);
        put_meta_u64(txn, META_DEMO, options->demo ? 1 : 0);
        put_meta_u64(txn, META_EPOCH, store->epoch);
        put_meta_u64(txn, META_CREATED, (uint64_t)options->created_at_ms);
        struct gj_key key = gj_key_of_name(META_CLUSTER);
        gj_txn_put(txn, GJ_TABLE_META, &key, store->cluster_id, sizeof store->cluster_id);
        err = gj_txn_commit(txn);
    }
    return err == GJ_OK ? err : gj_fault_set(fault, err, "the store cannot be written: %s", gj_err_text(err));
}

enum gj_err gj_meta_set_epoch(struct gj_store *store, uint32_t epoch)
{
    struct gj_txn *txn = NULL;
    enum gj_err err = gj_txn_begin_write(store, &txn);
    if (err == GJ_OK) {
        put_meta_u64(txn, META_EPOCH, epoch);
        err = gj_txn_commit(txn);
    }
    if (err == GJ_OK) {
        store->epoch = epoch;
    }
    return err;
}
