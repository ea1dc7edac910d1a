#include "store/entry.h"

#include "store/internal.h"

/* Where the walk goes on when the block of index does not hold the office: the next block's first entry. */
static bool block_has(struct gj_txn *txn, uint64_t block, uint32_t office)
{
    struct gj_key key = gj_key_of_u64(block);
    struct gj_value row;
    if (!gj_txn_get(txn, GJ_TABLE_ENTRY_BLOCK, &key, &row)) {
        return true; /* the open block has no row yet: its entries are looked at one by one */
    }
    struct gj_key_reader reader = gj_key_read(row.data, row.len);
    while (reader.left > 0) {
        uint32_t here = gj_key_read_u32(&reader);
        if (here >= office) {
            return here == office;
        }
    }
    return false;
}

static void stop_iter(struct gj_entry_walk *walk)
{
    if (walk->iterating) {
        gj_iter_close(&walk->iter);
        walk->iterating = false;
    }
}

void gj_entry_walk_open(
    struct gj_entry_walk *walk, struct gj_txn *txn, uint32_t office, bool from_start, uint64_t after, uint64_t upto)
{
    uint64_t size = gj_txn_events(txn);
    walk->txn = txn;
    walk->office = office;
    walk->next = from_start ? 0 : after < UINT64_MAX ? after + 1 : UINT64_MAX;
    walk->upto = size == 0 ? 0 : upto < size - 1 ? upto : size - 1;
    walk->iterating = false;
    walk->visited = 0;
    if (size == 0) {
        walk->next = UINT64_MAX;
    }
}

/* Brings the walk to the next block that may hold an entry of the office; false: there is none up to the end. */
static bool enter_block(struct gj_entry_walk *walk, uint64_t *budget)
{
    struct gj_txn *txn = walk->txn;
    for (; walk->next <= walk->upto && *budget > 0; --*budget, walk->visited++) {
        uint64_t block = walk->next / GJ_TREE_TILE;
        walk->block_end = (block + 1) * GJ_TREE_TILE;
        if (walk->office == GJ_ENTRY_EVERY_OFFICE || block_has(txn, block, walk->office)) {
            uint64_t end = walk->block_end <= walk->upto ? walk->block_end : walk->upto + 1;
            struct gj_key low = gj_key_of_u64(walk->next);
            struct gj_key high = gj_key_of_u64(end);
            gj_iter_range(&walk->iter, txn, GJ_TABLE_ENTRY, &low, &high, GJ_FORWARD);
            walk->iterating = true;
            walk->block_end = end;
            return txn->err == GJ_OK;
        }
        walk->next = walk->block_end;
    }
    return false;
}

bool gj_entry_walk_next(struct gj_entry_walk *walk, uint64_t *budget)
{
    struct gj_txn *txn = walk->txn;
    while (txn->err == GJ_OK && *budget > 0 && walk->next <= walk->upto) {
        if (!walk->iterating && !enter_block(walk, budget)) {
            return false;
        }
        if (!gj_iter_next(&walk->iter)) {
            stop_iter(walk);
            if (walk->next != walk->block_end) {
                gj_txn_fail(txn, GJ_ECORRUPT); /* nor does it end too early */
            }
            continue;
        }
        --*budget;
        walk->visited++;
        uint64_t index = walk->next++;
        struct gj_key_reader key = gj_key_read(walk->iter.key.data, walk->iter.key.len);
        if (gj_key_read_u64(&key) != index) {
            gj_txn_fail(txn, GJ_ECORRUPT); /* the log has no holes */
            return false;
        }
        uint32_t office = 0;
        bool readable = gj_entry_office(&walk->iter.value, &office);
        if (readable && walk->office != GJ_ENTRY_EVERY_OFFICE && office != walk->office) {
            continue;
        }
        return gj_entry_split(txn, index, &walk->iter.value, &walk->row);
    }
    return false;
}

void gj_entry_walk_close(struct gj_entry_walk *walk)
{
    stop_iter(walk);
}
