#ifndef GJ_STORE_PAGES_H
#define GJ_STORE_PAGES_H

#include <stdint.h>

#include "common/err.h"
#include "store/store.h"

/* Pages a write transaction dirtied, counted exactly: LMDB never changes a page in place, so a page of a table's new
 * tree that is not in its old tree was written by the transaction between. Both trees are walked side by side, going
 * down only where they differ. For benchmarks and tests: options.pages_every of the store turns it on. */

struct gj_pages {
    uint64_t txns;  /* transactions counted */
    uint64_t keys;  /* requests they answered: rows added to SEEN */
    uint64_t total; /* pages, all of the below */
    uint64_t table[GJ_TABLE_COUNT];
    uint64_t directory; /* roots of the tables (LMDB's main tree) */
    uint64_t freelist;  /* LMDB's own list of free pages */
};

/* Sum since the store was opened or gj_pages_clear; all zero when not turned on. Any thread. */
void gj_pages_get(struct gj_store *store, struct gj_pages *out);
void gj_pages_clear(struct gj_store *store);

#endif
