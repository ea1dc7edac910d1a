#ifndef GJ_STORE_TABLE_SIZE_H
#define GJ_STORE_TABLE_SIZE_H

#include <stdint.h>

#include "store/txn.h"

/* What a table takes on disk, for benchmarks and for whoever wonders where a disk went. */

struct gj_table_size {
    uint64_t rows;
    uint64_t key_bytes;
    uint64_t value_bytes;
    uint64_t leaf_pages;
    uint64_t branch_pages;
    uint64_t overflow_pages; /* of rows that are larger than half a page */
    uint64_t page_bytes;     /* of one page */
};

/* Reads every row of the table; errors stick in txn. */
void gj_table_measure(struct gj_txn *txn, enum gj_table table, struct gj_table_size *out);

#endif
