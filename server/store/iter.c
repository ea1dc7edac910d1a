#include "store/txn.h"

#include <string.h>

#include "store/internal.h"

static int compare(const MDB_val *a, const struct gj_key *b)
{
    size_t common = a->mv_size < b->len ? a->mv_size : b->len;
    int order = memcmp(a->mv_data, b->bytes, common);
    return order != 0 ? order : (a->mv_size > b->len) - (a->mv_size < b->len);
}

void gj_iter_range(struct gj_iter *iter, struct gj_txn *txn, enum gj_table table, const struct gj_key *low,
    const struct gj_key *high, enum gj_direction direction)
{
    iter->key = iter->value = (struct gj_value){NULL, 0};
    iter->txn = txn;
    iter->cursor = NULL;
    iter->table = table;
    iter->direction = direction;
    iter->started = false;
    iter->bounded = high != NULL;
    gj_key_init(&iter->low);
    gj_key_init(&iter->high);
    if (low != NULL) {
        iter->low = *low;
    }
    if (high != NULL) {
        iter->high = *high;
    }
    if (iter->low.bad || iter->high.bad) {
        gj_txn_fail(txn, GJ_EINVAL);
    }
    if (txn->err == GJ_OK) {
        MDB_cursor *cursor = NULL;
        gj_txn_check(txn, mdb_cursor_open(txn->mdb, txn->store->dbi[table], &cursor));
        iter->cursor = cursor;
    }
}

void gj_iter_prefix(struct gj_iter *iter, struct gj_txn *txn, enum gj_table table, const struct gj_key *prefix,
    enum gj_direction direction)
{
    struct gj_key high = *prefix;
    bool bounded = gj_key_after_prefix(&high);
    gj_iter_range(iter, txn, table, prefix, bounded ? &high : NULL, direction);
}

/* Puts the cursor on the first row of what is left. */
static int seek(struct gj_iter *iter, MDB_val *key, MDB_val *value)
{
    MDB_cursor *cursor = iter->cursor;
    const struct gj_key *from = iter->direction == GJ_FORWARD ? &iter->low : &iter->high;
    *key = (MDB_val){.mv_size = from->len, .mv_data = (void *)(uintptr_t)from->bytes};
    if (iter->direction == GJ_FORWARD) {
        return mdb_cursor_get(cursor, key, value, from->len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    }
    if (!iter->bounded) {
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    }
    if (from->len == 0) {
        return MDB_NOTFOUND; /* nothing is below the empty key */
    }
    int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    return mdb_cursor_get(cursor, key, value, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

/* In a write transaction what is left begins behind the row just given, so that the walk can start anew there. */
static void shrink(struct gj_iter *iter, const MDB_val *key)
{
    if (iter->direction == GJ_FORWARD) {
        iter->low = gj_key_of_bytes(key->mv_data, key->mv_size);
        gj_key_after(&iter->low);
    } else {
        iter->high = gj_key_of_bytes(key->mv_data, key->mv_size);
        iter->bounded = true;
    }
}

bool gj_iter_next(struct gj_iter *iter)
{
    struct gj_txn *txn = iter->txn;
    iter->key = iter->value = (struct gj_value){NULL, 0};
    if (txn->err != GJ_OK || iter->cursor == NULL) {
        return false;
    }
    MDB_val key, value;
    int rc;
    if (!iter->started || (txn->write && iter->writes != txn->writes)) {
        rc = seek(iter, &key, &value);
    } else {
        rc = mdb_cursor_get(iter->cursor, &key, &value, iter->direction == GJ_FORWARD ? MDB_NEXT : MDB_PREV);
    }
    iter->started = true;
    iter->writes = txn->writes;
    bool inside = rc == MDB_SUCCESS && (iter->direction == GJ_FORWARD ? !iter->bounded || compare(&key, &iter->high) < 0
                                                                      : compare(&key, &iter->low) >= 0);
    if (!inside) {
        gj_txn_check(txn, rc == MDB_NOTFOUND ? MDB_SUCCESS : rc);
        gj_iter_close(iter);
        return false;
    }
    iter->key = (struct gj_value){key.mv_data, key.mv_size};
    iter->value = (struct gj_value){value.mv_data, value.mv_size};
    if (txn->write) {
        shrink(iter, &key);
    }
    return true;
}

void gj_iter_close(struct gj_iter *iter)
{
    if (iter->cursor != NULL) {
        mdb_cursor_close(iter->cursor);
        iter->cursor = NULL;
    }
}
