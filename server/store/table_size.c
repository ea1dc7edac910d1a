#include "store/table_size.h"

#include <string.h>

#include "store/internal.h"

void gj_table_measure(struct gj_txn *txn, enum gj_table table, struct gj_table_size *out)
{
    MDB_stat stat = {0};
    struct gj_iter iter;
    memset(out, 0, sizeof *out);
    if (txn->err == GJ_OK) {
        gj_txn_check(txn, mdb_stat(txn->mdb, txn->store->dbi[table], &stat));
    }
    gj_iter_range(&iter, txn, table, NULL, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        out->rows++;
        out->key_bytes += iter.key.len;
        out->value_bytes += iter.value.len;
    }
    gj_iter_close(&iter);
    out->leaf_pages = stat.ms_leaf_pages;
    out->branch_pages = stat.ms_branch_pages;
    out->overflow_pages = stat.ms_overflow_pages;
    out->page_bytes = stat.ms_psize;
}
