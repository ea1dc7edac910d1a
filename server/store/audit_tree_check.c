#include "store/audit_tree.h"

#include <string.h>

#include "store/internal.h"

/* Folds a full tile to its root. */
static struct gj_tree_hash tile_root(struct gj_tree_hash tile[GJ_TREE_TILE])
{
    for (unsigned n = GJ_TREE_TILE; n > 1; n /= 2) {
        for (unsigned i = 0; i < n / 2; i++) {
            tile[i] = gj_tree_node(&tile[2 * i], &tile[2 * i + 1]);
        }
    }
    return tile[0];
}

/* Every hash of a higher level against the tile below it. */
static enum gj_err check_level(struct gj_txn *txn, unsigned level, uint64_t hashes, uint64_t *bad)
{
    struct gj_tree_hash tile[GJ_TREE_TILE], below[GJ_TREE_TILE];
    unsigned count = 0;
    for (uint64_t index = 0; index < hashes; index++) {
        *bad = index << (8 * level);
        enum gj_err err = GJ_OK;
        if (index % GJ_TREE_TILE == 0) {
            err = gj_tree_tile(txn, level, index / GJ_TREE_TILE, tile, &count);
        }
        unsigned full = 0;
        if (err == GJ_OK) {
            err = gj_tree_tile(txn, level - 1, index, below, &full);
        }
        if (err != GJ_OK || full != GJ_TREE_TILE) {
            return GJ_ECORRUPT;
        }
        struct gj_tree_hash root = tile_root(below);
        if (memcmp(&root, &tile[index % GJ_TREE_TILE], sizeof root) != 0) {
            return GJ_ECORRUPT;
        }
    }
    return GJ_OK;
}

enum gj_err gj_tree_check(struct gj_txn *txn, uint64_t *bad)
{
    uint64_t size = gj_tree_size(txn);
    *bad = 0;
    enum gj_err err = GJ_OK;
    for (unsigned level = 1; err == GJ_OK && level < 8 && size >> (8 * level) > 0; level++) {
        err = check_level(txn, level, size >> (8 * level), bad);
    }
    struct gj_tree_hash kept, computed;
    if (err == GJ_OK) {
        *bad = size;
        bool agrees = gj_tree_root(txn, &kept) == GJ_OK && gj_tree_root_at(txn, size, &computed) == GJ_OK &&
                      memcmp(&kept, &computed, sizeof kept) == 0 && gj_txn_count(txn, GJ_TABLE_ENTRY) == size;
        err = agrees ? GJ_OK : GJ_ECORRUPT;
    }
    return err;
}
